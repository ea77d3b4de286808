# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 07b Attention: local, soft and hard
#
# 07a looked at every source word, for every word written. Must it? And is where it looks where the meaning comes from? Here
# attention gets a window, makes hard choices, and is checked against the truth.
#
# - You can write local attention, monotonic and predictive, and say what its Gaussian is for.
# - You can train a choice that has no derivative, with REINFORCE and a baseline, and show what the baseline saves.
# - You can measure attention against a gold alignment, and say where the two part.
#
# About 110 minutes to work through, 85 as a lecture, 77 without the cells tagged *extra*, which can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import re

import torch
import torch.nn.functional as F

from coursekit import ledger, load, predict, result, show
from coursekit.data.scenes import Scenes
from coursekit.models import Seq2Seq, Seq2SeqConfig
from coursekit.nn.hard_attention import drawn_position, log_prob, reinforce
from coursekit.nn.local_attention import LocalAttention
from coursekit.text import Vocab
from coursekit.train import fit, next_word_loss, pair_batches, taught

show.use_style()


def seeded(n):
    return torch.Generator().manual_seed(n)


# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Remember
#
# 1. Whose state is the query in a translator's attention, and whose states are the keys?
# 2. Why does padding get its low score *before* the softmax?
# 3. Beam search finds an output of higher probability than greedy search. Is its BLEU higher, too?
# 4. What is lost when a whole sentence goes through one fixed vector, and which sentences show it?
# 5. What does clipping a gradient by its norm keep?
#
# <details><summary>Answers</summary>
#
# 1. The decoder's; the encoder's.
# 2. So that the weights of the real words sum to 1. Set to zero afterwards, they would sum to less.
# 3. Not always: model score and BLEU rank outputs differently (06b).
# 4. What stood where; the long ones.
# 5. Its direction.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Why
#
# Global attention computes a score for each pair of a target and a source word: $S \cdot T$ of them. To read a chapter of 5,000 words and
# write 5,000 takes 25 million. Yet most words are rendered by a word near the same place.
#
# How near? The gold alignments know. For each link from source place $s$ to target place $t$ take the distance $|s - t|$, in sentences
# of one to three clauses, English to French. What share of the links lies within 3 words? (The second curve takes the distance from the
# same *share* of the sentence, $|s - t\, T / S|$.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("within_3")
far = load("pairs", n=4_000, languages=("en", "fr"))["test"]
away = {"same place": [], "same share of the sentence": []}
for row in far:
    share = len(row["en"].split()) / len(row["fr"].split())
    for s, t in row["alignment"]["fr"]:
        away["same place"].append(abs(s - t))
        away["same share of the sentence"].append(abs(s - t * share))
RANGE = range(11)
within = {n: [sum(d <= D for d in ds) / len(ds) for D in RANGE] for n, ds in away.items()}
curves = {name: (RANGE, shares) for name, shares in within.items()}
display(show.lines(curves, x="D (words)", y="share of links within D", limits=(0, 1)))
result(rtol=1e-9, within_3=within["same place"][3], within_10=within["same place"][10])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## The idea: a window
#
# 0.94 of the links lie within 3 words, nearly all within 10. So look at a **window** of $D$ words on each side of a centre $p_t$ only
# (Luong, Pham and Manning 2015). Where is the centre? Positions count from 0, $T$ is the source's length:
#
# $$\text{local-m:}\; p_t = t \qquad\qquad \text{local-p:}\; p_t = T \cdot \sigma\!\big(v^\top \tanh(W q_t)\big)$$
#
# **Monotonic** goes along; **predictive** asks the query: a real number between 0 and $T$. Inside the window, $|s - p_t| \le D$, the
# scores go through a softmax, $\mathrm{align}(s)$; outside the weight is 0. Local-p then fades with distance:
#
# $$a_t(s) = \mathrm{align}(s) \cdot \exp\!\Big(-\frac{(s - p_t)^2}{2 \sigma^2}\Big), \qquad \sigma = D / 2$$
#
# A whole centre has $2D + 1$ positions in its window. The product is *not* normalised again. How much of a weight is left at the window's
# edge? And what becomes of $p_t$'s gradient if the Gaussian is left out?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Move the window
#
# All scores are equal here, so that only the window shows. Twenty source words.
#
# - Move `p` by tenths, without the Gaussian: when does anything change? With it?
# - Move `p` to the beginning of the sentence. How many words are left, and what do the weights sum to?


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
def window(p, D, gaussian=True, T=20):
    """Weights of local attention around p, where all scores are equal."""
    away = torch.arange(T) - p
    align = (away.abs() <= D) / (away.abs() <= D).sum()
    return align * torch.exp(-(away**2) / (2 * (D / 2) ** 2)) if gaussian else align


def draw(p, D, gaussian):
    a = window(p, D, gaussian)
    alt = f"Weights over 20 places: {int((a > 0).sum())} are not zero; they sum to {a.sum():.2f}."
    picture, ax = show.canvas(alt, height=2.6)
    ax.bar(range(20), a, color=show.colour("window"))
    ax.axvline(p, color=show.colour("transformer"))
    ax.set(ylim=(0, 0.36), xlabel="source position", xticks=range(0, 20, 2))
    ax.set_title(f"{int((a > 0).sum())} words, weights sum to {a.sum():.2f}")
    return picture


# %% slideshow={"slide_type": "fragment"} tags=["core", "output-only", "toy"]
show.slider(draw, p=(0.0, 19.0, 0.1), D=(1, 6), gaussian=True, start={"p": 8.0, "D": 4})
edge, middle = window(8.0, 4)[[12, 8]]
result(places=int((window(8.0, 4) > 0).sum()))
result(rtol=1e-5, edge_over_middle=edge / middle, sums_to=window(8.0, 4).sum())
result(rtol=1e-5, sums_to_at_the_beginning=window(0.0, 4).sum())

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Build it: local-p in ten lines
#
# At the edge, two $\sigma$ away, 0.135 of the middle is left: $e^{-2}$. Without the Gaussian nothing changes until a word enters or leaves:
# $p_t$ has no gradient, and could not be learnt. With it the weights of equal scores sum to 0.54, not to 1; at the sentence's beginning
# five words are left, and sum to 0.59.
#
# $q$: $B \times S \times Q$. $h$: $B \times T \times K$. $W$: $A \times Q$, $v$: $A$ numbers, $W_a$: $Q \times K$, the general score. The
# course's layer computes all $T$ scores and masks those outside: one product for all windows, and sentences are short. It must give the same weights. And will the gradient of $v$ be zero where the Gaussian is left out?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
def local_p(q, h, W_a, W, v, D, gaussian=True):
    """Weights of predictive local attention, all of the source real."""
    p = h.size(1) * torch.sigmoid(torch.tanh(q @ W.T) @ v)  # B, S
    away = torch.arange(h.size(1)) - p[..., None]  # B, S, T
    e = (q @ W_a @ h.mT).masked_fill(away.abs() > D, -torch.inf)
    align = e.softmax(-1)
    return align * torch.exp(-(away**2) / (2 * (D / 2) ** 2)) if gaussian else align


# %% slideshow={"slide_type": "fragment"} tags=["core", "toy"]
q, h = torch.rand(2, 3, 4, generator=seeded(0)), torch.rand(2, 12, 4, generator=seeded(1))
same, moves = {}, {}
for gaussian in (True, False):
    layer = LocalAttention("general", 4, 4, window=3, gaussian=gaussian)
    weights = [layer.score.weight, layer.hidden, layer.centre]
    a = local_p(q, h, *weights, D=3, gaussian=gaussian)
    same[f"gaussian {gaussian}"] = torch.allclose(a, layer(q, layer.prepare(h))[1], atol=1e-6)
    (slope,) = torch.autograd.grad((a @ h).square().sum(), layer.centre, allow_unused=True)
    moves[f"gaussian {gaussian}"] = slope is not None and bool(slope.abs().max() > 0)
result(equals_the_package=same, centre_has_a_gradient=moves)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=3
# ### What a window saves
#
# Scores to compute for a text of $n$ words, translated into as many: $n^2$ for global attention, $n (2D + 1)$ for local, or $n^2$ where the
# text is shorter than the window. With $D = 10$, from which length on is the window cheaper, and how many times at 5,000 words?
#
# (Cheaper to count is not yet quicker to run: windows have to be cut out, one for each word written.)

# %% slideshow={"slide_type": "subslide"} tags=["extra", "output-only", "toy"] minutes=2
lengths = [5, 10, 21, 50, 100, 500, 1000, 5000]
scores = {"global": [n * n for n in lengths]}
scores["local, D = 10"] = [n * min(n, 21) for n in lengths]
curves = {name: (lengths, counts) for name, counts in scores.items()}
labels = {"x": "words in source and target", "y": "scores to compute"}
display(show.lines(curves, **labels, logx=True, logy=True))
times = {n: a / b for n, a, b in zip(lengths, *scores.values(), strict=True)}
result(rtol=1e-9, times_cheaper={str(n): times[n] for n in (10, 21, 100, 5000)})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### Soft and hard
#
# A window of 21 words is cheaper from 22 words on, and 238 times at 5,000. What is the smallest window? **One** position: **hard**
# attention. It *chooses* a place $s$ with probability $a(s)$, and hands on that one value, not a mean of all. (All before was **soft**.)
#
# A choice has no derivative. But the *average* of what it earns has one. With the **reward** $r(s)$ of choice $s$:
#
# $$J = \sum_s a(s)\, r(s), \qquad \nabla J = \sum_s r(s)\, \nabla a(s) = \mathbb{E}_{s \sim a}\big[\, (r(s) - b)\, \nabla \log a(s) \,\big]$$
#
# **REINFORCE** (Williams 1992): draw $s$; if it earned more than the **baseline** $b$, make it likelier, otherwise less likely. $b$ may
# be any number that does not depend on $s$: the mean stays, for $\mathbb{E}[\nabla \log a(s)] = \sum_s \nabla a(s) = \nabla 1 = 0$.
#
# Five places, rewards between -3 and -1 (log-probabilities are negative). How many times does $b$, the mean reward, shrink the spread (the
# standard deviation) of the estimates?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
predict("spread_shrinks")
theta = torch.tensor([0.3, -0.2, 0.5, 0.0, 0.1], dtype=torch.float64, requires_grad=True)
r = torch.tensor([-3.0, -2.5, -1.0, -2.0, -2.8], dtype=torch.float64)
a = theta.softmax(0)
(exact,) = torch.autograd.grad(a @ r, theta)
score = torch.eye(5) - a.detach()  # row s: the gradient of log a(s) with respect to theta
drawn = drawn_position(a.detach().expand(20_000, 5), seeded(0)).argmax(-1)
mean, spread = {}, {}
for name, b in (("no baseline", 0.0), ("mean reward", (a @ r).item())):
    estimates = (r[drawn] - b)[:, None] * score[drawn]  # 20,000, 5
    mean[name] = (estimates.mean(0) - exact).abs().max().item()
    spread[name] = estimates.std(0).norm().item()
result(rtol=1e-6, exact=exact, off_by=mean, spread=spread)
result(rtol=1e-6, spread_shrinks=spread["no baseline"] / spread["mean reward"])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Use it: learn where to look
#
# Both means of 20,000 draws are right to about a hundredth. The baseline makes the spread 3.8 times smaller: one draw does the work of
# some fourteen, the square of it.
#
# A task: sixteen places, one of them **marked**. At each lies a number from 0 to 3; say the marked one's. A scoring vector finds
# the place, a matrix reads the number. Three ways to train them, on the same batches: soft attention by backpropagation; hard, with the
# moving mean of the reward as baseline; hard, without. Which wins, and what will the last one do?


# %% slideshow={"slide_type": "skip"} tags=["core"]
def marked(step, B=64, T=16):
    """Places B T 5 (a mark, and a number as one-hot), the marked number, the seed."""
    draw = seeded(step)
    number, where = torch.randint(4, (B, T), generator=draw), torch.randint(T, (B,), generator=draw)
    mark = F.one_hot(where, T).float()
    return (
        torch.cat([mark[..., None], F.one_hot(number, 4).float()], -1),
        number[range(B), where],
        step,
    )


# %% slideshow={"slide_type": "skip"} tags=["core"]
class Finder(torch.nn.Module):
    """A scoring vector finds a place, a matrix reads the number there."""

    def __init__(self, way):
        super().__init__()
        self.way, self.baseline, self.right = way, 0.0, []
        self.w = torch.nn.Parameter(torch.zeros(5))
        self.U = torch.nn.Parameter(torch.zeros(5, 4))

    def forward(self, x, seed):
        a = (x @ self.w).softmax(-1)  # B, T
        choice = a if self.way == "soft" else drawn_position(a, seeded(seed))
        return (choice[:, None] @ x)[:, 0] @ self.U, log_prob(a, choice)


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def gain(model, data):
    """What is to shrink: minus the reward, and for hard attention REINFORCE's term."""
    x, answer, seed = data
    logits, log_p = model(x, seed)
    reward = -F.cross_entropy(logits, answer, reduction="none")  # B
    total = reward
    if model.way != "soft":
        total = total + reinforce(log_p[:, None], reward[:, None], model.baseline)[:, 0]
    if model.way == "hard, baseline":
        model.baseline = 0.9 * model.baseline + 0.1 * reward.mean().item()
    model.right.append((logits.argmax(-1) == answer).float().mean().item())
    return -total.mean()


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
smooth = {}
for way in ("soft", "hard, baseline", "hard, no baseline"):
    model = Finder(way)
    fit(model, marked, gain, steps=400, lr=0.05)
    smooth[way] = (range(20, 401, 20), torch.tensor(model.right).view(-1, 20).mean(1))
labels = {"x": "step", "y": "share of right answers"}
display(show.lines(smooth, **labels, levels={"chance": 0.25}))
first = {}
for way, (steps, shares) in smooth.items():
    first[way] = next(n for n, share in zip(steps, shares, strict=True) if share > 0.9)
print("first 20 steps with nine in ten right end at", first)
soft, with_baseline, without_one = first.values()
result(soft_is_first=soft < with_baseline, baseline_helps=with_baseline < without_one)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Look inside: what a window would cut off
#
# All three find the place in the end. Soft attention is there first, after some 80 steps: it gets a gradient for all sixteen places from
# each example, REINFORCE for one draw. Hard attention needs 120 with the baseline, 160 without.
#
# Back to sentences. Frames are gold links (white: cut off), the yellow band is the window of local-m around $t$, or around the same share
# of the sentence. Of each kind you see the sentence whose words move farthest. Make `D` as small as you can with all frames inside.
#
# <details><summary>Answer</summary>
#
# Around $t$: 5 for the question, 4, 3 and 2 for the others. Around $t\, T / S$: 3, 2, 3 and 2. Where one word is rendered by two or
# three (*did*: *est-ce que*, *ago*: *il y a*), all that follow are pushed away from their place; the share of the sentence makes up for
# some of it.
#
# </details>


# %% slideshow={"slide_type": "subslide"} tags=["extra", "output-only", "world"] minutes=2
def band(row, D, centre):
    """Which source words a window lets each target word see, and the gold links in frames."""
    x, y = row["en"].split(), row["fr"].split()
    step = 1 if centre == "t" else len(x) / len(y)
    seen = [[float(abs(s - t * step) <= D) for s in range(len(x))] for t in range(len(y))]
    labels = {"x": "English", "y": "French (gold links in frames)", "label": "in the window"}
    picture = show.heatmap(seen, rows=y, columns=x, limits=(-0.5, 1), **labels)
    picture.axes[1].set(ylim=(0, 1), yticks=[0, 1], yticklabels=["no", "yes"])
    cut = sum(not seen[t][s] for s, t in row["alignment"]["fr"])
    picture.alt += f" {cut} of {len(row['alignment']['fr'])} gold links lie outside."
    for s, t in row["alignment"]["fr"]:
        mark = {"mfc": "none", "mec": "#D55E00" if seen[t][s] else "#FFFFFF", "mew": 3}
        picture.axes[0].plot(s, t, "s", markersize=13, **mark)
    return picture


# %% slideshow={"slide_type": "fragment"} tags=["extra", "output-only", "world"]
def farthest(row):
    return max(abs(s - t) for s, t in row["alignment"]["fr"])


short = [row for row in far if 8 <= len(row["en"].split()) <= 14]
KINDS = ["question", "negation", "clitic", "modal"]
rows = {k: max((row for row in short if k in row["kinds"]), key=farthest) for k in KINDS}
result(farthest={k: farthest(row) for k, row in rows.items()})
rows = {f"{k}: {row['en']}": row for k, row in rows.items()}
show.slider(band, row=rows, D=(0, 8), centre=["t", "t T / S"], start={"D": 2})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Measure it: is attention an alignment?
#
# From the ledger, on sentences of one to three clauses that no model saw: for each target word, the source word of the largest weight.
# Against the gold links $G$, all of them sure, the links $A$ of a model have
#
# $$\text{precision} = \frac{|A \cap G|}{|A|}, \quad \text{recall} = \frac{|A \cap G|}{|G|}, \quad
# \mathrm{AER} = 1 - \frac{2\, |A \cap G|}{|A| + |G|}$$
#
# the **alignment error rate** (Och and Ney 2003). One link a word cannot find all: some words have two. And who knows nothing could take
# the diagonal. Order the three: Bahdanau, Luong global (general), Luong local-p. How low is the best?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("best_aer")
book, MODELS = ledger("07_attention"), ["Luong general", "Luong local-p", "Bahdanau"]
runs = {name: f"translation, {name}" for name in MODELS}
aer = {name: book.values(run, "aer") for name, run in runs.items()}
aer["diagonal, no model"] = book.values(runs["Luong general"], "aer of the diagonal")
one_each = book.values(runs["Luong general"], "aer of gold with one link a word")
aer["best with one link a word"] = one_each
display(show.gap_to_floor(aer, x="alignment error rate (dots: seeds)"))
means = {name: sum(values) / len(values) for name, values in aer.items()}
result(rtol=1e-9, error_rates=means, best_aer=min(means[name] for name in MODELS))
result(best_at_most_a_fifth=min(means[name] for name in MODELS) <= 0.2)
result(rtol=1e-9, bleu={name: book.mean(run, "bleu/all") for name, run in runs.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### Where they part
#
# The best, Luong's global attention, has an error rate of 0.176; local-p 0.209, Bahdanau 0.307, the diagonal 0.426; one link a word
# could reach 0.024. Yet Bahdanau's *translations* are nearly as good as Luong's, BLEU 74.5 against 75.6, and local-p's are worse (62.2):
# a better alignment need not be a better translation. (Bahdanau's query has not read the last word yet: it asks before it knows.)
#
# Attention was trained to say the next word, never to align. So let us look at the words whose largest weight misses the gold:
#
# - **moved**: words whose gold place does not follow on the one before: how many of them are hit, and how many of the others?
# - **beside**: what share of the misses lies exactly one word beside the gold?
# - **said right**: in what share of the misses is the next word predicted rightly all the same?
#
# For a miss, is the right word said more often than not?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
KEYS = ["hit/still", "hit/moved", "beside", "right word"]
table = {name: [book.mean(run, key) for key in KEYS] for name, run in runs.items()}
names = ["hit, if in order", "hit, if moved", "misses: beside", "misses: said right"]
labels = {"x": "decoder (general, local-p: Luong's)", "y": "of all words, or of the misses"}
turned, columns = [*zip(*table.values(), strict=True)], [n.removeprefix("Luong ") for n in MODELS]
display(show.heatmap(turned, rows=names, columns=columns, **labels, label="share", values=True))
result(rtol=1e-9, luong_general=dict(zip(names, table["Luong general"], strict=True)))
sides = {n: ((run, "hit/moved"), (run, "hit/still")) for n, run in runs.items()}
result(moved_words_are_harder={n: book.claim(*pair, margin=0.02) for n, pair in sides.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Where it breaks: light is not proof
#
# Luong's attention hits 0.88 of the words in order and 0.74 of the moved ones. Of its misses 0.63 lie exactly one word beside the gold, and 0.57
# of the missed words are said rightly; of Bahdanau's misses 0.77. Looking beside, it often says the right word. How?
#
# A test that takes no weight on trust: **intervene**. Train a small model as in 07a. Take the words that it says rightly while it
# looks one word beside the gold. Replace the *looked-at* source word by `<unk>`, then the *gold* one instead. Which of the two takes away
# more of the right word's log-probability? And a word two places away, on the other side? Two numbers above 0.6 nats would mean: both
# matter.


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
near = load("pairs", n=6_000, clauses=1, languages=("en", "fr"), zipf=1.5, variety=0.0)
words = [[row["en"].split(), row["fr"].split()] for row in near["train"]]
en, fr = (Vocab.build(side) for side in zip(*words, strict=True))
coded = [en.encode(x) for x, _ in words], [fr.encode(y) for _, y in words]
config = Seq2SeqConfig(len(en), len(fr), width=48, hidden=96, attention="luong", score="general")
model = Seq2Seq(config, seeded(0))
history = fit(model, pair_batches(*coded, 32), next_word_loss(), steps=300, lr=6e-3)
model.eval()
result(learnt=sum(history.loss[-50:]) / 50 < 0.9)  # its digits differ between CPUs


# %% slideshow={"slide_type": "skip"} tags=["core"]
def read(row, hidden=None):
    """Log-probabilities of the right words, places looked at, words said, right words."""
    x, y = en.encode(row["en"].split()), fr.encode(row["fr"].split())
    if hidden is not None:
        x[hidden] = en.unk
    with torch.no_grad():
        logits, a = model.with_weights(torch.tensor([x]), torch.tensor([[fr.bos, *y[:-1]]]))
    log_p = logits[0].log_softmax(-1)
    return log_p[range(len(y)), y], a[0].argmax(-1).tolist(), log_p.argmax(-1).tolist(), y


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("both_matter")  # True or False
lost = {"looked-at word": [], "gold word": [], "a word two away": []}
for row in [*near["test"]][:150]:
    log_p, looked, said, y = read(row)
    gold = {t: s for s, t in row["alignment"]["fr"]}
    for t, s in enumerate(looked):
        beside = t in gold and abs(gold[t] - s) == 1 and said[t] == y[t]
        if beside and 0 <= (other := s + 2 * (s - gold[t])) < len(row["en"].split()):
            for name, place in zip(lost, (s, gold[t], other), strict=True):
                lost[name].append((log_p[t] - read(row, place)[0][t]).item())
mean = {name: sum(values) / len(values) for name, values in lost.items()}
display(show.gap_to_floor(mean, x="nats lost when the word is hidden"))
result(both_matter=sorted(mean.values())[1] > 0.6, third_does_not=min(mean.values()) < 0.25)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### Hard attention on pictures
#
# Hiding the word that was looked at costs about as much as hiding the gold one, and a third word next to nothing. The model looks *beside*
# the word that it renders, yet needs it: the state there has read both. A heat map shows where the model looked, not what it used.
#
# In pictures, too, the truth can be seen. The captioner (Xu and others 2015) cuts a picture of 32 x 32 pixels into 8 x 8 cells, and for each
# word takes the vector of **one** of them. Two things are not the paper's, so that it cannot read beside: a cell is found by its own
# pixels alone, and the decoder's state holds words, not what was seen. It was trained as soft attention first (700 steps), then by
# REINFORCE (300). Nobody told it where the objects are; the scenes know.
#
# The white frame below is round the *moon*, which the caption's first noun names; the grid lines bound the cells. In 200 new
# pictures: at what share of the nouns will the largest weight lie on a cell that touches the named thing?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("hard_points_at_noun")
scene = Scenes("test", (1, 2), 1).take(1)[0]
shares = {"a cell by chance": book.mean("pointing", "hard/chance")}
for way in ("soft", "hard"):
    shares[f"{way} attention"] = book.mean("pointing", f"{way}/nouns")
alt = f"{scene.captions[0]} The moon is framed. " + str({n: round(v, 2) for n, v in shares.items()})
picture, (left, right) = show.canvas(alt, 8.4, 3.2, columns=2)
left.imshow(scene.image, extent=(0, 32, 32, 0))  # pixel n from n to n + 1
x0, y0, x1, y1 = scene.objects[0].box
left.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color="white", linewidth=3)
left.set(xticks=range(0, 33, 4), yticks=range(0, 33, 4))
left.set_title(scene.captions[0].removesuffix(" ."), fontsize=11)
right.bar_label(right.barh([*shares], [*shares.values()]), fmt=" %.2f")
right.set(xlim=(0, 1.1), title="share of nouns")
display(picture)

# %% slideshow={"slide_type": "fragment"} tags=["core", "world"]
by_things = {n: book.mean("pointing", f"hard/nouns, {n} in the picture") for n in (1, 2, 3, 4)}
result(rtol=1e-9, hard_points_at_noun=shares["hard attention"], by_things=by_things)
result(rtol=1e-9, soft_points=shares["soft attention"], chance=shares["a cell by chance"])
result(rtol=1e-9, hard_by_seed=book.values("pointing", "hard/nouns"))
result(at_least_four_fifths_on_each_seed=min(book.values("pointing", "hard/nouns")) >= 0.8)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## On real data
#
# Hard attention touches the named thing at 0.88 of the nouns, with each of three seeds; a cell by chance at 0.13. With one thing in the
# picture it is 1.00, with two 0.91, with four 0.81. But the same model hit 0.88 *before* the hard steps, too: it was soft attention that
# learnt where to look, from a gradient for all cells at once. The hard steps kept the looks, and trained the decoder on what hard
# attention gives it: one cell in place of a mean.
#
# The words of Python's manual once more, to be spelt **backwards**, as in 07a: letter $t$ of $n$ needs letter $n - 1 - t$. One model looks
# everywhere, one is local-m with $D = 2$, whose window walks *forwards*. Versions of Python differ, so only claims are stored.
#
# Which letters can local-m still look at? And will it fail, or find a way round?

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = "".join(load("text", source="pydoc")["train"]["text"]).lower()
spelt = sorted({*re.findall(r"\b[a-z]{4,10}\b", manual)}, key=lambda w: (len(w), w))
letters = Vocab.build([*spelt])
held, rest = spelt[::10], [w for i, w in enumerate(spelt) if i % 10]
batch = pair_batches(*([letters.encode(w[::way]) for w in rest] for way in (1, -1)), 32)
new, right = taught(*([letters.encode(w[::way]) for w in held] for way in (1, -1))), {}
for span in ("global", "local-m"):
    sizes = {"width": 32, "hidden": 64, "attention": "luong", "span": span, "window": 2}
    speller = Seq2Seq(Seq2SeqConfig(len(letters), len(letters), **sizes), seeded(0))
    fit(speller, batch, next_word_loss(), steps=250, lr=8e-3)
    said = speller(new.source, new.target_in, new.lengths).argmax(-1)
    right[span] = (said == new.target_out)[new.target_out > 0].float().mean().item()
better = right["global"] - right["local-m"]
result(global_spells=right["global"] > 0.9, window_is_worse=better > 0.05)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: window gaussian aligned hard baseline

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Luong, Pham and Manning 2015, *Effective approaches to attention-based neural machine translation*: section 3.2, local attention.
# - Xu and others 2015, *Show, attend and tell*: soft and hard attention on pictures, section 4.
# - Williams 1992, *Simple statistical gradient-following algorithms for connectionist reinforcement learning*: REINFORCE.
# - Koehn and Knowles 2017, *Six challenges for neural machine translation*: the fifth, attention that is no alignment.
# - Jain and Wallace 2019, *Attention is not explanation*, and Wiegreffe and Pinter 2019, *Attention is not not explanation*.
# - Och and Ney 2003, *A systematic comparison of various statistical alignment models*: the error rate.
#
# On the manual the window cost more than one letter in twenty: at both ends of a word the letter needed lies outside it. Next: 07c builds attention in levels: words in sentences, and frames that are halved and halved again.
