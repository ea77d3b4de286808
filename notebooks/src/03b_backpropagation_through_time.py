# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 03b Backpropagation through time
#
# A recurrent network uses the same weights at every step, so every step has a say in how they should change. This part collects
# what they say: first on paper, one term a line; then in ten lines of code; then cut short, as long texts demand.
#
# - You can derive the gradient of a recurrent network as a sum over paths, and check it against autograd.
# - You can write backpropagation through time without autograd, and say why it runs backwards.
# - You can train on windows of a long text with the state carried, and measure what the cut costs.
#
# About 90 minutes to work through, 62 as a lecture. Cells tagged *extra* can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
from itertools import chain

import torch
import torch.nn.functional as F

from coursekit import ledger, load, predict, result, show
from coursekit.metrics import bits_per_character, cross_entropy
from coursekit.models import RNNLM, RNNLMConfig
from coursekit.nn import bptt
from coursekit.text import Vocab
from coursekit.train import Carried, fit, streams

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Remember
#
# 1. Unrolled over 50 words, how many matrices $V_h$ has a recurrent network?
# 2. Why may a language model not read from both ends?
# 3. Skip-gram and CBOW: which of them predicts the neighbours from the word?
# 4. What is the floor of a test set, and may a loss be below it?
# 5. $y = f(g(x))$. What is $dy/dx$?
#
# <details><summary>Answers</summary>
#
# 1. One, used again at every step.
# 2. Its state would have seen the word that it must predict.
# 3. Skip-gram; CBOW predicts the word from its neighbours.
# 4. The mean of $-\log p$ under the process that wrote it; below it only by luck, or because the answer was in the input.
# 5. $f'(g(x))\, g'(x)$: along a path, slopes are multiplied. Where several paths lead from $x$ to $y$, they are added.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Why
#
# To train, we need to know for each weight: if it grew a little, would the loss grow or fall?
#
# One could try: nudge a weight, run the text again, compare. For the model of 03a, with its 141,018 weights, that is 141,018 runs
# for *one* step of training. Below, a single weight of $V_h$ is nudged so. Then one run backwards gives the same number, and those
# of all other weights with it. How can that be?

# %% slideshow={"slide_type": "skip"} tags=["core", "world"]
stories = load("stories")
vocab = Vocab.build(stories["train"]["tokens"])
coded = [[vocab.encode(t) for t in rows["tokens"]] for rows in stories.values()]
train, valid, test = coded
floor = cross_entropy(stories["test"]["logprob"])
story = torch.tensor([[vocab.bos, *test[0]]])  # 1, T + 1
inputs, targets = story[:, :-1], story[:, 1:]
result(words=targets.numel(), rtol=1e-9, floor=floor)

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=1
fresh = RNNLM(RNNLMConfig(len(vocab), cell="rnn", width=64, hidden=128)).double()


def nats():
    """The mean loss of the story, and all that autograd needs for the way back."""
    return F.cross_entropy(fresh(inputs)[0][0], targets[0])


V_h, step = fresh.rnn.weight_hh_l0, 1e-6
nats().backward()
before = nats().item()
with torch.no_grad():
    V_h[0, 1] += step
nudged = (nats().item() - before) / step
with torch.no_grad():
    V_h[0, 1] -= step
result(weights=sum(p.numel() for p in fresh.parameters()))
result(rtol=1e-2, by_nudging=nudged, by_one_run_back=V_h.grad[0, 1].item())

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ## The idea: a sum over paths
#
# $$L = -\frac{1}{N} \sum_{n=1}^{N} \log p_n = \sum_n \ell_n, \qquad h_n = \tanh(z_n), \qquad z_n = V_x x_n + V_h h_{n-1} + c$$
#
# $p_n$: the probability given to the right word after step $n$; $\ell_n = -\frac{1}{N} \log p_n$. It depends on $V_h$ through the step
# that made $h_n$, through the step that made $h_{n-1}$, and so on. Take one unit ($V_h = v$), three steps, and let
# $e_n = d\ell_n/dh_n$ and $s_n = \tanh'(z_n) = 1 - h_n^2$. One term a line:
#
# $$\begin{aligned} dL/dv &= e_1\, s_1\, h_0 \\ &+ e_2\, s_2\, h_1 \\ &+ e_2\, s_2\; v s_1\, h_0 \\ &+ e_3\, s_3\, h_2 \\
# &+ e_3\, s_3\; v s_2\, h_1 \\ &+ e_3\, s_3\; v s_2\; v s_1\, h_0 \end{aligned}$$

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Read the last line from the left: the loss at 3 feels $h_3$ ($e_3$), $h_3$ feels $z_3$ ($s_3$), $z_3$ feels $h_2$ ($v$), $h_2$ feels
# $z_2$ ($s_2$), and so on to $z_1$, where $v$ was multiplied by $h_0$. A pair $(n, m)$ names each term: the loss at $n$, the use
# of $v$ at $m$. The cell gives each letter a number: $v = 0.8$, a first state $h_0 = 0.6$ (with zero the first column would vanish),
# and losses $\ell_n = (h_n - t_n)^2 / 2$ with targets $t_n$, so that $e_n = h_n - t_n$. Which term will be smallest?

# %% slideshow={"slide_type": "skip"} tags=["core", "toy"]
v = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
x, t, h = [0.5, -1.0, 0.3], [1.0, 0.0, 0.5], [torch.tensor(0.6, dtype=torch.float64)]
for n in range(3):
    h.append(torch.tanh(x[n] + v * h[n]))  # h_0 .. h_3
sum((h[n + 1] - t[n]) ** 2 / 2 for n in range(3)).backward()
states = [s.item() for s in h]
print("states", [round(s, 3) for s in states], "dL/dv by autograd", round(v.grad.item(), 4))

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
terms = torch.zeros(3, 3, dtype=torch.float64)
for n in range(1, 4):
    path = (states[n] - t[n - 1]) * (1 - states[n] ** 2)  # e_n s_n
    for m in range(n, 0, -1):  # the use of v at step m
        terms[n - 1, m - 1] = path * states[m - 1]
        path *= 0.8 * (1 - states[m - 1] ** 2)  # one step further back: v s
pairs = {"rows": [1, 2, 3], "columns": [1, 2, 3], "x": "use of v at step m", "y": "loss at step n"}
display(show.heatmap(terms, **pairs, label="term of dL/dv", values=True))
result(rtol=1e-9, terms=terms, total=terms.sum())
result(equals_autograd=abs(terms.sum() - v.grad).item() < 1e-10)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### With matrices
#
# The smallest term was the first, -0.06. The longest path, (3, 1), gave -0.07: two factors $v s$ shrink it, but $e_3$ is large.
#
# With $H$ units $v s_k$ becomes $V_h\, \mathrm{diag}(s_k)$, where $\mathrm{diag}(s)$ is the matrix with $s$ on its diagonal and zeros
# elsewhere. Derivatives by a state are rows, $1 \times H$:
#
# $$\frac{d\ell_n}{dz_m} = \frac{d\ell_n}{dh_n}\,\mathrm{diag}(s_n)\, V_h\, \mathrm{diag}(s_{n-1})\, V_h \cdots \mathrm{diag}(s_m),
# \qquad \frac{dL}{dV_h} = \sum_{n} \sum_{m \le n} \Big(\frac{d\ell_n}{dz_m}\Big)^{\!\top} h_{m-1}^\top$$
#
# For $N$ steps these are $N(N+1)/2$ pairs, each a long product. But the paths of all losses share their tails. Let $g_m$, a row, be
# all that reaches $z_m$, from its own loss and all later ones:
#
# $$g_m = \Big(\frac{d\ell_m}{dh_m} + g_{m+1} V_h\Big)\,\mathrm{diag}(s_m), \qquad \frac{dL}{dV_h} = \sum_m g_m^\top h_{m-1}^\top$$
#
# Once $g_{m+1}$ is known, $g_m$ costs one product: $N$ in place of $N(N+1)/2$. That is why it runs **backwards**.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Build it: ten lines back
#
# `direct` holds $d\ell_n/dh_n$ for every step: $B \times N \times H$, what the output layer sends down. From softmax and
# cross-entropy it is $\frac{1}{N} (q_n - o_n)\, W$, which `bptt.readout` computes: $q_n$ are the probabilities of all $V$ words, $o_n$ is
# the right word's one-hot vector. Each score is pushed by how far its probability is off.
#
# The function needs no autograd. The course's own, `bptt.rnn_backward`, must agree, and so must autograd, all in float64 on a
# whole story. By how much may they differ?


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=3
def backward(direct, x, h, V_h):
    """dL/dV_x, dL/dV_h and dL/dc from what each state's own loss sends back; h_0 is zeros."""
    g, later = torch.zeros_like(h), 0.0
    for m in reversed(range(h.size(1))):
        g[:, m] = (direct[:, m] + later) * (1 - h[:, m] ** 2)  # B, H
        later = g[:, m] @ V_h
    past = F.pad(h[:, :-1], (0, 0, 1, 0))  # B, N, H: h_0 .. h_{N-1}
    # sums over the batch b and the steps n
    return torch.einsum("bnh,bnd->hd", g, x), torch.einsum("bnh,bnk->hk", g, past), g.sum((0, 1))


W = {name: p.detach() for name, p in fresh.rnn.named_parameters()}
x, h0 = fresh.embed(inputs).detach(), torch.zeros(1, 128, dtype=torch.float64)
trace = bptt.rnn_forward(x, h0, W)  # all states, and the slopes
top = bptt.readout(trace.h, targets, fresh.output.weight, fresh.output.bias)
ours = backward(top.h, x, trace.h, W["weight_hh_l0"])

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core"]
# `top.h` is `direct`. Beside the ten lines stand the package's loop, autograd's gradients of the whole model (they are still
# there from *Why*), and the sum over all pairs, written out as the double sum above: `rnn_paths` gives $d\ell_n/dz_m$ for each
# pair. The story has some forty words, so how many pairs are these?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0"]
paths = bptt.rnn_paths(top.h, trace, W)  # N, M, B, H
rivals = {
    "the package": bptt.rnn_backward(top.h, trace, W).weights,
    "autograd": {name: fresh.rnn.get_parameter(name).grad for name in names},
    "sum over paths": bptt.gradient_of_paths(paths, trace, W).weights,
}
for rival, theirs in rivals.items():
    off = max((a - theirs[k]).abs().max().item() for a, k in zip(ours, names, strict=True))
    print(f"{rival}: off by less than 1e-12, {off < 1e-12}")
    result(**{rival.replace(" ", "_") + "_within_1e_10": off < 1e-10})
n = targets.numel()
result(steps=n, pairs=n * (n + 1) // 2)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Use it: windows of a long text
#
# Four ways, one gradient, equal to rounding. But the way back needs the states of all steps. For a book that is too much.
#
# **Truncated** backpropagation: cut the text into windows; hand the *state* from each window to the next, but not its history
# (`detach`). So the network may remember across the border; it is not told what it should have remembered.
#
# To fill a batch, the text is cut into $B$ streams of equal length, read side by side. Nine letters, two streams, windows of two:

# %% slideshow={"slide_type": "-"} tags=["core", "toy"]
letters = "abcdefghi"
for window in map(streams([*range(9)], batch=2, window=2), range(2)):
    read, wanted = ([[letters[i] for i in row] for row in part] for part in window[:2])
    print("reads", read, "predicts", wanted, "new state" if window.first else "state carried")

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Train it, live
#
# All stories in one row, `<bos>` before each; 64 streams, windows of 16 words, 300 steps. That is 1,024 words a step; a batch of 32
# whole stories in 03a had 1,400, on average. `Carried` keeps the state between windows.
#
# A window of 16 words is about a third of a story. Will the cut show, beside the whole stories of 03a?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
predict("truncated_loss")
text = [*chain.from_iterable([vocab.bos, *row] for row in train)]
held_out = [*chain.from_iterable([vocab.bos, *row] for row in valid[:400])]
model = RNNLM(RNNLMConfig(len(vocab), cell="rnn", width=64, hidden=128))
watch = {"evaluate": lambda m: {"valid": m.cross_entropy(streams(held_out, 64, 16))}, "every": 30}
carried = Carried(model, batch=64)
history = fit(carried, streams(text, 64, 16), lambda m, w: m(w), steps=300, lr=1e-2, **watch)
display(show.learning_curve({"RNN, windows of 16": history.curve("valid")}))
result(rtol=1e-3, truncated_loss=cross_entropy(model.log_probs(test)))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Look inside: what is cut
#
# 1.70 nats on the test stories: about a hundredth more than whole stories gave in 03a, from fewer words. (The curve lies lower: its
# text holds each `<bos>`, too, which is easy to predict.) So what was lost?
#
# Below: the first 32 words of a test story. Each square is a pair, the loss at $n$ traced back to step $m$; its colour is the size of
# $d\ell_n/dz_m$, as a power of ten. Dark pairs are cut, or lie in the future.
#
# Move the **window** and read the title: how nearly does the cut gradient of $V_h$ point the same way as the whole one (cosine; 1 is
# the same)? Then change the **weights**: before training, and after. Where do far pairs matter more?


# %% slideshow={"slide_type": "skip"} tags=["core"]
def traced(m, words=32):
    """Paths, trace and weights of a model on the story's first words, in float64."""
    exact = RNNLM(m.config).double().requires_grad_(False)
    exact.load_state_dict(m.state_dict())
    w, x = dict(exact.rnn.named_parameters()), exact.embed(inputs[:, :words])
    trace = bptt.rnn_forward(x, h0, w)
    top = bptt.readout(trace.h, targets[:, :words], exact.output.weight, exact.output.bias)
    return bptt.rnn_paths(top.h, trace, w), trace, w


known = {"first weights": traced(fresh), "trained": traced(model)}


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
def cosine(parts, window):  # of the gradient of V_h, cut after every `window` steps, with the whole
    keep = bptt.same_window(len(parts[0]), window)
    cut, whole = (bptt.gradient_of_paths(*parts, k).weights["weight_hh_l0"] for k in (keep, None))
    return F.cosine_similarity(cut.flatten(), whole.flatten(), dim=0).item(), keep


def draw(window, weights):
    (agreement, keep), steps = cosine(weights, window), range(1, 33)
    size = weights[0].norm(dim=3)[:, :, 0].clamp(min=1e-9).log10().masked_fill(~keep, -9)
    labels = {"x": "reached step m", "y": "loss at step n", "label": "power of ten"}
    labels["title"] = f"{keep.sum()} of 528 pairs kept, cosine {agreement:.2f}"
    picture = show.heatmap(size, rows=steps, columns=steps, **labels, limits=(-9, -1))
    picture.set_figheight(5)  # low enough for a slide
    return picture


show.slider(draw, window=(1, 32), weights=known, start={"window": 8, "weights": "trained"})
result(rtol=1e-2, cosines={str(w): cosine(known["trained"], w)[0] for w in (1, 8, 16)})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Measure it: the bias
#
# Terms that are cut are missing every time; more data does not bring them back. That is **bias**, not noise.
#
# From the ledger: networks before training and after 1,000 steps on whole stories. On 64 streams of 256 words of held-out stories the
# gradient of $V_h$ is cut after every 1, 2, 4 ... 64 steps, and compared with the whole; three seeds. The distance is the length of
# their difference over the length of the whole gradient. How far off is a window of 8 after training?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
predict("off_at_8")
book, WINDOWS = ledger("03_recurrent_networks"), [1, 2, 4, 8, 16, 32, 64]
cells = {"RNN": "rnn", "LSTM": "lstm"}
off = {
    f"{name}, {when}": [
        book.mean("bias", f"{cell}, {when}, window {w}/recurrent, error") for w in WINDOWS
    ]
    for name, cell in cells.items()
    for when in ("first weights", "trained")
}
labels = {"x": "window (steps)", "y": "distance to the whole gradient", "logx": True}
display(show.lines({name: (WINDOWS, ys) for name, ys in off.items()}, **labels))
result(rtol=1e-9, off_at_8=off["RNN, trained"][3], distances=off)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Before training a window of 8 misses 0.09 of the recurrent gradient's length; after training 0.43, and in an LSTM (a network with
# a longer memory: chapter 04) 0.53; there even windows of 64 words still miss 0.28. The more a network remembers, the more there is to
# cut. But a gradient that is off may still lead downhill. Networks were trained for 400 steps with windows of 1, 4, 16 and 64
# words. Which kinds of word will pay for a window of 1, where no gradient ever crosses from one word to the one before?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("gap_of_window_1")
kinds, TRAINED = ["all", "pronoun", "mood", "number"], [1, 4, 16, 64]
table = {k: [book.mean("truncation", f"window {w}/{k}") for w in TRAINED] for k in kinds}
labels = {"x": "window (steps)", "y": "gap to the floor (nats per word)", "logx": True}
display(show.lines({k: (TRAINED, ys) for k, ys in table.items()}, **labels))
result(rtol=1e-9, gap_of_window_1=table["all"][0], gaps=table)
cheaper = [
    book.claim(*[("truncation", f"window {w}/{k}") for w in (16, 1)], margin=m)
    for k, m in (("all", 0.02), ("number", 0.05))
]
result(
    longer_is_better=cheaper[0],
    number_pays=cheaper[1],
    seeds=len(book.values("truncation", "window 1/all")),
)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### What it saves: memory
#
# Windows of 1 end 0.33 nats above the floor, windows of 16 at 0.30. The verb's number pays most: 0.37 against 0.23. Pronouns stay
# above 1 with every window: in 400 steps no network has learnt them; 1,000 steps on whole stories were enough (03a). And 64 is no
# better than 16, perhaps because its 1,024 words a step come from 16 streams in place of 64.
#
# The price that truncation avoids: what autograd keeps for the way back, for texts of 16 to 256 words, 32 of them side by side. One
# line for the whole text, one for windows of 16. What will their shapes be? (For each state its numbers are kept, and for each word
# the scores of the whole vocabulary.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=1
predict("megabytes_256_words")
LENGTHS = [16, 32, 64, 128, 256]
kept = {
    f"{name}, {said}": [book.mean("memory", f"{cell}/{n} steps, {way}") for n in LENGTHS]
    for name, cell in cells.items()
    for said, way in {"whole": "whole", "cut at 16": "window 16"}.items()
}
labels = {"x": "length of the text (words)", "y": "kept for the way back (MB)"}
display(show.lines({name: (LENGTHS, ys) for name, ys in kept.items()}, **labels))
result(rtol=1e-9, megabytes_256_words=kept["RNN, whole"][-1], cut_at_16=kept["RNN, cut at 16"][-1])
result(rtol=1e-9, lstm=kept["LSTM, whole"][-1], per_step=kept["RNN, whole"][-1] / 256)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Where it breaks
#
# 256 words keep 30 MB as a whole, 2 MB cut at 16: the whole text costs as much again for each word, windows no more than their first
# 16. Two things go wrong in practice.
#
# **The state's history is not cut.** The second window's way back then leads into the first, whose states are gone. **The state is
# not carried**: every window begins with zeros, in the middle of a story. What will torch say to the first? What will the second
# cost the model trained above, in nats?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
parts, state = [*map(streams(held_out, 64, 16), range(12))], None
try:
    for window in parts[:2]:
        logits, state = model(window.inputs, state)  # forgot: state.detach()
        F.cross_entropy(logits.flatten(0, 1), window.targets.flatten()).backward()
except RuntimeError as error:
    print(str(error).split(". ")[0].split(" (")[0])
    result(refused="second time" in str(error))


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=1
@torch.no_grad()
def mean_nats(carry):
    total, state = 0.0, None
    for window in parts:
        logits, state = model(window.inputs, state if carry else None)
        total += F.cross_entropy(logits.flatten(0, 1), window.targets.flatten()).item() / 12
    return total


result(rtol=1e-3, carried=mean_nats(True), empty=mean_nats(False))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## On real data
#
# torch refuses: what the first window kept is gone once its own way back is done. With an empty state at each border the loss is 1.80
# nats, with the state carried 1.64: the first words of each window know nothing of their story.
#
# A manual has no stories to cut it into: it *is* one long text. Characters again, 32 streams, windows of 64, 200 steps; once with the
# state carried, once with an empty one at each window. Then both read the rest of the manual in one go. Which will need
# fewer bits per character, and by how much? Versions differ, so only claims are stored.

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = {split: "".join(part["text"]) for split, part in load("text", source="pydoc").items()}
letters = Vocab.build([manual["train"]])
ids = {split: letters.encode(part) for split, part in manual.items()}
pieces, bits = streams(ids["train"], 32, 64), {}
ways = {"carried": pieces, "empty": lambda step: pieces(step)._replace(first=True)}
for name, batch in ways.items():
    speller = Carried(RNNLM(RNNLMConfig(len(letters), cell="rnn", width=32, hidden=128)), 32)
    fit(speller, batch, lambda m, w: m(w), steps=200, lr=1e-2)
    bits[name] = bits_per_character(speller.model.log_probs([ids["test"]]), len(ids["test"]))
result(little_between=abs(bits["carried"] - bits["empty"]) < 0.1)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Less than 0.1 bits lie between them (`bits` shows how much with your Python). Most likely 200 steps taught no more than spelling, for
# which the last few characters do: what stood further back is worth nothing to a network that cannot use it. On the stories, where
# words agree across the border, the state was worth much. The Hub: one argument changes the text.

# %% slideshow={"slide_type": "skip"} tags=["extra", "unstored"]
ONLINE = False  # True: WikiText-2 from the Hub (about 5 MB), fetched once and kept
data = load("wikitext", source="hub") if ONLINE else load("text", source="pydoc")
lines = [[*line.split(), "<eos>"] for line in data["train"]["text"]]
words = Vocab.build(lines, min_count=3)
long_text = streams(words.encode(chain.from_iterable(lines)), batch=32, window=35)
print(f"{len(words)} words, {len(long_text)} windows in a pass;", bits)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: paths backward cut window bias memory

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Rumelhart, Hinton and Williams 1986, *Learning representations by back-propagating errors*: unrolled networks, near the end.
# - Werbos 1990, *Backpropagation through time: what it does and how to do it*.
# - Williams and Peng 1990, *An efficient gradient-based algorithm for on-line training of recurrent network trajectories*:
#   truncation.
# - Tallec and Ollivier 2017, *Unbiasing truncated backpropagation through time*: random borders, and what removes the bias.
# - Gruslys and others 2016, *Memory-efficient backpropagation through time*: keep fewer states, compute some twice.
#
# Next: the exercises of chapter 03; then chapter 04, why the far pairs are so dark, and what helps.
