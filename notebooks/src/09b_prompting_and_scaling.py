# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# # 09b GPT: prompts and scale
#
# The first GPT was trained anew for each task. The third was only asked. This part measures what a prompt can teach a model whose weights
# stay as they are, and what more weights and more text buy.
#
# - You can say what the best possible reader makes of a few examples, and hold a model against it.
# - You can predict a power law, fit it, and report it when the fit fails.
# - You can count the bytes of a key-value cache, and place the published models by their sizes and their data.
#
# About 110 minutes to work through, 78 as a lecture. Cells tagged *extra* can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import math
from collections import Counter
from itertools import pairwise

import torch

from coursekit import ledger, load, predict, result, show
from coursekit.data.facts import Facts, slope
from coursekit.data.prompts import FAMILIES, Prompts
from coursekit.models import GPT, GPTConfig, KneserNey, Llama, LlamaConfig
from coursekit.text import Vocab
from coursekit.train import fit, weighted, weighted_loss

show.use_style()
book = ledger("09_gpt")


def seeded(n):
    return torch.Generator().manual_seed(n)


# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Remember
#
# 1. A GPT reads a text of 50 words. How many next-word questions does one pass answer?
# 2. In *article, end, summary, end*: which targets have the weight 0?
# 3. What does a causal mask forbid, and why would training be pointless without it?
# 4. What is teacher forcing?
# 5. What is the floor of a loss, and who reaches it?
#
# <details><summary>Answers</summary>
#
# 1. 50, one at each place.
# 2. The article's words and the end behind it, and the padding.
# 3. To look at later places: the word that is asked for would be among them.
# 4. In training each step reads the right words before, not the model's own.
# 5. The entropy of the process. Who knows the process reaches it, and nobody comes below but by luck.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Why
#
# Read this and go on:
#
#     dog apple saw -> dog ; fox cake key -> fox ; lemon spade owl ->
#
# Is it *owl*, the animal, or *lemon*, the first word? You have never seen this task. Nobody trained you on it. Two examples, and you had the idea, or rather two ideas.
#
# A language model that can do this needs no labels and no new weights for a new task: the **prompt** is the training set. **Zero-shot**: the
# task is only told, in words. **Few-shot**: examples stand before the question. What is learnt is gone with the prompt; hence **in-context learning**.
#
# How good can it be at best? Here that is known exactly.

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
for prompt in Prompts("train", examples=2, seed=5).take(4):
    print(" ".join(prompt.tokens), "?", prompt.answers, "- rule:", prompt.rule)
told = Prompts("train", examples=0, told=1.0, seed=7).take(2)
for prompt in told:
    print(" ".join(prompt.tokens), "?", prompt.answer)
rules = {name: [len(f.known("train")), len(f.known("test"))] for name, f in FAMILIES.items()}
result(rules_in_training_and_held_out=rules)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## The idea: what the examples leave open
#
# Four families of rules: *pick* one of three words (and perhaps its plural, French or German), the day so many days *later*, *sort* kinds
# into yes and no, and *code*, four invented words that mean four others. Each prompt draws a rule $r$, all equally likely. The examples, inputs $x_i$ with their answers $y_i$, rule out
# what does not fit; the rest stays equally likely. So for an answer $y$ to the query $x$:
#
# $$p(y \mid x, \text{examples}) = \frac{\#\{r : r \text{ fits all examples},\ r(x) = y\}}{\#\{r : r \text{ fits all examples}\}}$$
#
# No reader, however large, answers better on average: this is Bayes' rule with an even prior. So a few-shot curve has a *ceiling*, and we can draw it.
#
# Which family is clear after one example? Which needs the most?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Build it: the best reader in five lines
#
# A rule has `answer`, a function of the input. The examples are pairs of an input and its answer. Count those rules that fit, and what they say to the query.
#
# Our five lines against the package's `answers`, on 200 prompts; then the package's exact average over all that can be asked, family by family.


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
def best_reader(rules, examples, query):
    """p(answer): the shares of the rules that fit."""
    fits = [r for r in rules if all(r.answer(x) == y for x, y in examples)]
    votes = Counter(r.answer(query) for r in fits)
    return {answer: n / len(fits) for answer, n in votes.items()}


some, same = Prompts("train", examples=(0, 8), seed=1).take(200), []
for prompt in some:
    rules = FAMILIES[prompt.family].known("train")
    same.append(best_reader(rules, prompt.examples, prompt.query) == prompt.answers)
result(equals_the_package=all(same))

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=1
predict("code_after_two")
SHOTS = [0, 1, 2, 4, 8]
ceiling = {n: [f.learning(k, "train").accuracy for k in SHOTS] for n, f in FAMILIES.items()}
display(show.lines({n: (SHOTS, c) for n, c in ceiling.items()}, x="examples", y="best accuracy"))
result(rtol=1e-9, code_after_two=ceiling["code"][2], best={n: c for n, c in ceiling.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Use it: teach a GPT to learn
#
# *later* is settled after one example. *code* and *sort* are the slowest: after two examples even the best reader is right in 0.77 and 0.78 of the cases only; after eight, *sort* is last, at 0.98.
#
# Can a GPT become such a reader? It reads prompts, thousands of them, each with a rule of its own, and is asked for every *answer* in them (a weight of 1, as the summary's in
# 09a). So the first answer of a prompt is asked for without an example, the ninth after eight. No rule is ever named to it.
#
# Live: *later* with its two held-out rules only, *three later* and *five later*, so that a prompt's first answer is open and all others are
# settled. Half of the prompts begin with the rule in words, *three later :*, which settles the first answer, too. Two layers, 500 steps. Then new prompts, answered after 0 to 4 examples
# (few-shot), or after the words alone (zero-shot). How near will it come to the ceiling after one example? And after the words?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
TASK = {"families": ["later"]}
vocab = Vocab.build(prompt.sequence for prompt in Prompts("test", told=0.5, **TASK).take(500))


def batch(step):
    prompts = Prompts("test", examples=4, told=0.5, **TASK, seed=f"live {step}").take(32)
    asked = [[float(i in p.places) for i in range(len(p.sequence))] for p in prompts]
    return weighted([vocab.encode(p.sequence) for p in prompts], asked)


sizes = {"context": 40, "width": 48, "layers": 2, "heads": 4, "dropout": 0.0}
model = GPT(GPTConfig(len(vocab), **sizes), seeded(0))
history = fit(model, batch, weighted_loss(), steps=500, lr=5e-3)
model.eval()
exact = FAMILIES["later"]
floor = 0.5 * sum(exact.learning(k, "test").nats for k in range(5)) / 5  # told: nothing is open
display(show.learning_curve({"transformer": history.loss}, floor, y="loss (nats an answer)"))


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
@torch.no_grad()
def said(prompt):
    """The model's probabilities after the prompt."""
    p = model(torch.tensor([vocab.encode(prompt.tokens)]))[0, -1].softmax(-1)
    return dict(zip(vocab.words, p.tolist(), strict=True))


# %% slideshow={"slide_type": "fragment"} tags=["core", "output-only", "world"]
reached = []
for k in range(5):
    prompts = Prompts("test", examples=k, **TASK, seed="new").take(150)
    answers = [max(table, key=table.get) for table in map(said, prompts)]
    hits = [answer == prompt.answer for answer, prompt in zip(answers, prompts, strict=True)]
    reached.append(sum(hits) / 150)
top = [exact.learning(k, "test").accuracy for k in range(5)]
curves = {"GPT": (range(5), reached), "best reader": (range(5), top)}
picture = show.lines(curves, x="examples", y="right answers (share)")
picture.axes[0].set_xticks(range(5))
display(picture)
words = Prompts("test", examples=0, told=1.0, **TASK, seed="told").take(150)
zero_shot = sum(max(t := said(p), key=t.get) == p.answer for p in words) / 150
result(guesses_without_examples=reached[0] < 0.65, four_in_five_after_one=reached[1] > 0.8)
result(four_in_five_after_the_words=zero_shot > 0.8)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Look inside: the model and the ceiling, prompt by prompt
#
# Half right without anything, as anyone; mostly right after one example, or after two words. The weights are the same in both cases: what the model learnt in between stands in its
# hidden states, and is gone with the prompt.
#
# Below, one prompt: what the model believes, and what is left open exactly. `shots` sets the number of examples, `prompt` draws another.
#
# - Without examples, how sure is the model of which days? Do its two bars add up to 1?
# - Are four examples any better than one? Should they be?


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def opened(shots, prompt):
    p = Prompts("test", examples=shots, **TASK, seed=f"look {prompt}").take(1)[0]
    shown = " ".join([f"{x[0][:3]}>{y[:3]}" for x, y in p.examples] + [f"{p.query[0]}>"])
    tables = {"GPT": said(p), "best reader": {day: p.answers.get(day, 0.0) for day in DAYS}}
    return show.next_word(tables, words=DAYS, upto=1, context=shown)


show.slider(opened, shots=(0, 4), prompt=(0, 9), start={"shots": 0, "prompt": 2})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Measure it: other families, and rules never seen
#
# Without an example the bars of the two possible days are nearly equal, and together they have nearly all. One example settles it; more add nothing, and should not.
#
# Is it always so easy? The ledger: a model for each of three families (*later* now with four rules), two layers of width 48 as above, 1,000 steps of 32 prompts, three seeds. They are asked about
#
# - *known* rules in new prompts,
# - *held-out* rules of the same family, which no training prompt followed.
#
# The ceiling in the picture is that of a reader who knows the rules of training, asked about these. Which of the three will be learnt? What share will be right in *later*, known rules, after four examples? And what will a model make of a rule that it has never met, with examples before its eyes?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("later_known")
LAST, share = {"later": 4, "sort": 8, "code": 8}, {}
alt = "Right answers (share) by examples, three families: known and held-out rules, the ceiling."
picture, axes = show.canvas(alt, 9, 3.2, columns=3)
for ax, (family, most) in zip(axes, LAST.items(), strict=True):
    xs = range(most + 1)
    for rules, style in {"known": "o-", "held out": "s--"}.items():
        ys = [book.mean("few_shot", f"{family}/{rules}/{k} shots") for k in xs]
        share[f"{family}, {rules}"] = [ys[0], ys[1], ys[-1]]
        ax.plot(xs, ys, style, label=rules)
    top = [FAMILIES[family].learning(k, "train").accuracy for k in xs]
    ax.plot(xs, top, ":", color="black", label="ceiling, known")
    ax.set(title=family, xlabel="examples", ylim=(0, 1.04))
axes[2].legend(fontsize=9)
display(picture)

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
STEPS, NAMES = range(0, 1_000, 100), [*LAST, "later, 2 rules"]
curves = {n: [book.mean("few_shot", f"{n}/loss {k}") for k in STEPS] for n in NAMES}
display(show.lines({n: (STEPS, c) for n, c in curves.items()}, x="training step", y="loss (nats)"))
keys = [("few_shot", f"later/{rules}/4 shots") for rules in ("held out", "known")]
result(rtol=1e-9, later_known=share["later, known"][-1], none_one_most=share)
result(only_what_it_knows=book.claim(*keys, margin=0.5))
result(rtol=1e-9, last_losses={n: c[-1] for n, c in curves.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ### What was learnt
#
# *later*: 0.997 on known rules, and 0.02 on the held-out ones: with four examples before its eyes it hardly ever says the right day. It has not learnt to *learn rules*; it has learnt to *choose* among the four that it knows. With two rules the
# loss is down by step 300, with four only by step 800.
#
# In *sort* 0.70 after eight examples, far below the ceiling of 0.98. *code*, 0.26, has learnt nothing from its examples: it would have to look up what stood behind an earlier word. Such *induction heads* come late in training, and then
# suddenly (Olsson and others 2022); our 1,000 steps saw none. Whether more steps would do, these runs do not say.
#
# So a prompt teaches a model what training has prepared it to be taught. Large models have seen very much.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Scale: predict, then fit
#
# The other lesson of GPT-3: more is better, *lawfully*. Published losses fall in straight lines on logarithmic paper, $L - L_0 \propto N^{-\alpha}$: $L$ the loss, $L_0$ its floor, $N$ how many weights, $\alpha$ the *exponent*. Why should they? One idea: knowledge
# comes in *facts* (*jane hill from the forest carries the* asks, *crate* answers), some asked for often, most hardly ever. Fact $i$ is asked for with probability $p_i = C / i^a$ ($C$ makes the sum 1; *Zipf's law*). Who knows it pays nothing, who does not guesses among $A$ answers and pays $\log A$.
#
# - Room for the $N$ most frequent facts: what is lost is the tail, $\sum_{i > N} p_i \approx \frac{C}{a - 1} N^{-(a - 1)}$.
# - All room, but only $n$ facts read: fact $i$ was not met with probability $(1 - p_i)^n$, and the sum of $p_i (1 - p_i)^n$ falls as $n^{-(1 - 1/a)}$.
# - Room and reading at once, $N n$ = compute, shared in the best way: the loss falls as $(\text{compute})^{-(a - 1)/(a + 1)}$.
#
# With $a = 1.5$ the exponents are 1/2, 1/3 and 1/5. The sums can be done exactly. Do straight lines through them give these numbers?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
facts = Facts(n=100_000, exponent=1.5, answers=16)
print(" ".join(facts.sample(1, seed=1)[0].tokens), "|", " ".join(facts.sample(1, seed=2)[0].tokens))
GRID = [10, 30, 100, 300, 1_000]
lost = {"size": [facts.excess(stored=n) for n in GRID]}
lost["data"] = [facts.excess(read=n) for n in GRID]
lost["compute"] = [facts.best_split(n)[2] for n in GRID]
LOG = {"logx": True, "logy": True}
display(show.lines({k: (GRID, v) for k, v in lost.items()}, x="how much", y="loss (nats)", **LOG))
fitted = {name: slope(GRID, values).exponent for name, values in lost.items()}
expected = {name: getattr(facts.exponents, name) for name in lost}
result(rtol=1e-9, fitted=fitted, expected=expected)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### Does a GPT follow?
#
# The exact sums do: 0.515, 0.333 and 0.187, not quite, as the sizes are small. A GPT is no table: a fact may cost it few weights or many, and what it has not read it may guess wrongly *and surely*.
#
# The ledger: 4,000 facts, one layer, widths 4 to 24, new draws at every step (size); width 32 and a fixed number of draws read again and again, stopped where the loss over all facts is least (data). Beside it stands a *table*,
# which knows by heart what it has read, and guesses the rest. The prediction takes the number of facts known to be proportional to the number of weights. Both were written down before the runs: 0.5 and 0.333.
#
# The test: does the prediction lie within two standard errors of the fitted line, over the seeds' means? If not, the fit has *failed*, and we say so. Which of the two will hold?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("size_exponent")
WIDTHS, READ = (4, 6, 10, 16, 24), (250, 1_000, 4_000, 16_000)
weights = [book.mean("size", f"width {w}/parameters") for w in WIDTHS]
by_size = [book.mean("size", f"width {w}/loss") for w in WIDTHS]
by_data = {k: [book.mean("data", f"{n}/{k}") for n in READ] for k in ("least", "last", "table")}
expected = [by_size[0] * (w / weights[0]) ** -0.5 for w in weights]
curves = {"GPT": (weights, by_size), "predicted": (weights, expected)}
display(show.lines(curves, x="weights", y="loss on an answer (nats)", **LOG))

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=1
first = by_data["table"][0]
called = {"least": "GPT, stopped in time", "last": "GPT, never stopped", "table": "table"}
curves = {called[name]: (READ, ys) for name, ys in by_data.items()}
curves["predicted"] = READ, [first * (n / READ[0]) ** (-1 / 3) for n in READ]
display(show.lines(curves, x="facts read", y="loss on an answer (nats)", **LOG))

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
fits = {"size": slope(weights, by_size), "data": slope(READ, by_data["least"])}
fits["table"] = slope(READ, by_data["table"])
for name, fit_ in fits.items():
    expected = facts.exponents.size if name == "size" else facts.exponents.data
    off = abs(fit_.exponent - expected) / fit_.error
    verdict = "holds" if off <= 2 else f"FAILED, off by {off:.1f} standard errors"
    print(f"{name:6} {fit_.exponent:.3f} +- {fit_.error:.3f}, predicted {expected:.3f}: {verdict}")
numbers = {name: [f.exponent, f.error] for name, f in fits.items()}
exact = {}
for n, world in {"4,000": Facts(n=4_000, exponent=1.5, answers=16), "100,000": facts}.items():
    exact[n] = slope(READ, [world.excess(read=k) for k in READ]).exponent
result(rtol=1e-9, size_exponent=fits["size"].exponent, fits=numbers, by_data=by_data, exact=exact)
last_word = [("data", f"250/{k}") for k in ("table", "last")]
result(surely_wrong=book.claim(*last_word, margin=0.3))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ### One held, one failed
#
# Size: 0.537, the prediction of 0.5 lies within the error. But look at the points: steep at first, flat at the end. A straight line through a bend has a slope, too.
#
# Data: 0.397 against 0.333, a **failed** prediction. And the table, which learns by heart, fails in the same way: 0.407. So it is not the GPT that breaks the law. The line `exact` holds the sums for these amounts, 250 to 16,000 facts read:
# of 4,000 facts they fall with 0.406, of 100,000 with 0.345. One third is the exponent of an endless tail, and ours has an end. (*Where it breaks* takes this up.)
#
# The GPT falls like the table, at three times the loss: it needs to meet a fact more than once, and read again and again without a stop, 250 facts leave it at 1.62 nats against the table's 0.38: surely wrong.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### The published ones
#
# Below: weights and training tokens as their makers published them. On the line stand 20 tokens a weight: Hoffmann and others (2022) held model sizes against data at equal compute, about $6 N n$ operations, and found that
# both should grow alike; their Chinchilla, a quarter of Gopher's size but with nearly five times its text, was the better model. GPT-1 and GPT-2 are missing: their papers do not say how many tokens they read. Of many models since, not even the size was published.
#
# Which models lie above the line, and what do they gain from it? (Think of who pays: for training once, or for every answer.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=3
B = 1e9
PUBLISHED = {  # weights, tokens; the paper
    "T5 11B": (11 * B, 1_000 * B),  # Raffel and others 2020
    "GPT-3": (175 * B, 300 * B),  # Brown and others 2020; of a mix of 499
    "Gopher": (280 * B, 300 * B),  # Rae and others 2021
    "PaLM": (540 * B, 780 * B),  # Chowdhery and others 2022
    "Chinchilla": (70 * B, 1_400 * B),  # Hoffmann and others 2022
    "BLOOM": (176 * B, 366 * B),  # Le Scao and others 2022
    "LLaMA 7B": (6.7 * B, 1_000 * B),  # Touvron and others 2023 a
    "LLaMA 65B": (65 * B, 1_400 * B),
    "Llama 2 70B": (70 * B, 2_000 * B),  # Touvron and others 2023 b
}
result(tokens_a_weight={n: round(t / w) for n, (w, t) in PUBLISHED.items()})

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "real"] minutes=2
alt = "Published models by weights and tokens, logarithmic. Above 20 tokens a weight: T5, LLaMA."
picture, ax = show.canvas(alt, width=6.8, height=4.4)
for name, (w, t) in PUBLISHED.items():
    ax.loglog(w, t, "o", color="#0b6fb8")
    left = name in ("LLaMA 65B", "Llama 2 70B", "GPT-3")
    lower = name in ("T5 11B", "Chinchilla", "Gopher")
    at = (-6 if left else 6, -15 if lower else 5)
    ax.annotate(name, (w, t), at, textcoords="offset points", ha="right" if left else "left")
ends = [4 * B, 800 * B]
ax.loglog(ends, [20 * w for w in ends], "--", color="#555555", label="20 tokens a weight")
ax.set(xlabel="weights", ylabel="training tokens", xlim=(3 * B, 3_000 * B))
ax.legend(loc="lower right")
display(picture)
operations = {n: 6 * w * t for n, (w, t) in PUBLISHED.items()}
result(rtol=1e-9, gopher_over_chinchilla=operations["Gopher"] / operations["Chinchilla"])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### What LLaMA changed, in bytes
#
# Above the line lie T5, the three LLaMAs and, just on it, Chinchilla. Gopher and Chinchilla cost about the same to train, a ratio of 0.86; GPT-3 read two tokens for each of its weights, the smallest LLaMA 149. Who answers many questions wants a small model that has read long.
#
# LLaMA's blocks differ from GPT-2's in five places: rotary positions instead of a table, RMS norm, a gated feed-forward layer, no biases anywhere, and, in the larger ones of Llama 2, **grouped queries**: $G$ heads of keys and
# values for $H$ heads of queries. That one is about memory. The cache of $T$ words holds, for each of $L$ layers, keys and values, $d$ numbers a head:
#
# $$\text{bytes} = 2 \cdot L \cdot G \cdot d \cdot T \cdot \text{bytes a number}$$
#
# (GPT-3's weights alone are 175 billion numbers of 2 bytes.) The published Llama 2 of 70 B has $L = 80$, $H = 64$, $G = 8$, $d = 128$, $T = 4096$, and 2 bytes a number. How many gigabytes does one conversation take, and how many without grouping?


# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=3
def cache_bytes(L, G, d, T, each=2):
    return 2 * L * G * d * T * each


predict("grouped_gigabytes")
small = {"context": 16, "width": 48, "layers": 2, "heads": 6, "inner": 64}
for G in (6, 2, 1):
    llama = Llama(LlamaConfig(50, **small, kv_heads=G), seeded(0))
    state, _ = llama.start(torch.tensor([[2, 5, 7]]), room=10)  # two places read, ten to come
    held = state.cache.block.numbers
    ours = cache_bytes(2, G, 8, held.size(4), held.element_size())
    print(f"G {G}: {held.nbytes:,} bytes for {held.size(4)} places, by the formula {ours:,}")
    assert held.nbytes == ours
llama_2 = {G: cache_bytes(80, G, 128, 4_096) / 1e9 for G in (64, 8)}
result(gigabytes_of_gpt_3s_weights=175 * 2)
result(rtol=1e-9, grouped_gigabytes=llama_2[8], without_grouping=llama_2[64])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=2
# ### Box: longer than the context, and a dated line
#
# The context is still the limit. **Transformer-XL** (Dai and others 2019) cuts a text into segments and keeps the last segment's hidden states of every layer as a memory: the next
# segment looks at them, no gradient goes back. So each layer reaches one segment further, as a recurrent network's state does; for a state that is reused, places must be counted from the reader, hence *relative* positions.
#
# | year | model | what was new |
# |---|---|---|
# | 2017 | transformer | attention alone (Vaswani and others) |
# | 2018 | GPT, 117 M weights | pre-train on books, then fine-tune (Radford and others) |
# | 2019 | GPT-2, up to 1,500 M; Transformer-XL | tasks without training; recurrence of segments |
# | 2020 | GPT-3, 175,000 M | few-shot prompts (Brown and others) |
# | 2021 | GPT-Neo; Gopher | open weights; 280,000 M |
# | 2022 | Chinchilla, PaLM, BLOOM; `GPT-3.5` and ChatGPT | data for size; instructions and human feedback (Ouyang and others) |
# | 2023 | LLaMA, Llama 2 | small models that read long, with open weights |
#
# Sizes that makers did not publish are not repeated here.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Where it breaks: laws end
#
# With groups 1.34 gigabytes for one conversation, without 10.7.
#
# A power law is a statement about a *tail*. Our first world of facts had 100,000 of them, and we fitted far from its end. What if the world is finite, and we come near the end?
#
# 1,000 facts only. The exact loss by room for 10 to 900 of them, fitted piece by piece: two neighbouring sizes give one exponent. It should be 0.5 everywhere, if the law held. What will the last piece say?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
predict("last_piece")
few = Facts(n=1_000, exponent=1.5, answers=16)
ROOM = [10, 30, 100, 300, 600, 900]
losses = [few.excess(stored=n) for n in ROOM]
pieces = []
for (n, m), (a, b) in zip(pairwise(ROOM), pairwise(losses), strict=True):
    pieces.append(math.log(a / b) / math.log(m / n))
middle = [math.sqrt(n * m) for n, m in pairwise(ROOM)]
curves = {"exact": (middle, pieces)}
labels = {"x": "facts stored", "y": "exponent of the piece", "logx": True}
display(show.lines(curves, **labels, levels={"predicted": 0.5}))
result(rtol=1e-9, first_piece=pieces[0], last_piece=pieces[-1])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## On real data
#
# Already the first piece is too steep, 0.56, and the last one is far off, 4.1: near the end of what there is to know, loss falls faster than the law says. A finite grammar, such as our stories' world, promises no power law at all.
#
# Real text has a long tail. Kneser-Ney models of six letters read more and more of Python's manual; each is tested on the last part of it. Versions of Python differ, so only claims are stored.
#
# Four times the text, each time: will the loss fall each time? By as much each time? (`print(falls)` shows it.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=2
manual = "".join(load("text", source="pydoc")["train"]["text"])[:200_000]
letters = Vocab.build([list(manual)])
text = letters.encode(manual)
held, AMOUNTS = text[-10_000:], [2_500, 10_000, 40_000, 160_000]
nats = []
for n in AMOUNTS:
    counted = KneserNey(6, len(letters)).fit([text[:n]])
    nats.append(-counted.log_probs([held])[0].mean())
falls = [a - b for a, b in pairwise(nats)]
result(more_is_better=all(fall > 0 for fall in falls))

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: context ceiling exponent chinchilla grouped

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Brown and others 2020, *Language models are few-shot learners*: GPT-3.
# - Xie, Raghunathan, Liang and Ma 2022, *An explanation of in-context learning as implicit Bayesian inference*; Olsson and others 2022, *In-context learning and induction heads*.
# - Kaplan and others 2020, *Scaling laws for neural language models*; Hoffmann and others 2022, *Training compute-optimal large language models*.
# - Hutter 2021, *Learning curve theory*; Michaud, Liu, Girit and Tegmark 2023, *The quantization model of neural scaling*.
# - Dai and others 2019, *Transformer-XL*; Touvron and others 2023, *LLaMA*; Ainslie and others 2023, *GQA*.
#
# Next: chapter 10, models that read in both directions.
