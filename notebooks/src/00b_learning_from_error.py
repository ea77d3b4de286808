# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 00b Learning from error
#
# Part 00a ended with a price for being wrong. This part turns the price into better weights: which way to turn each weight, how
# far, and when to stop.
#
# - You can multiply Jacobians in the right order, and say why everybody goes backwards.
# - You can write autograd, momentum and AdamW, and say what each line is for.
# - You can tell underfitting from overfitting, and report a test loss that deserves the name.
#
# About 110 minutes to work through, 70 as a lecture. The placement test at the start of [00a](00a_numbers_and_chances.ipynb)
# says what you can leave out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import copy
import math

import torch
import torch.nn.functional as F

from coursekit import load, predict, result, show
from coursekit.metrics import cross_entropy
from coursekit.models import WindowLM, WindowLMConfig
from coursekit.text import Vocab
from coursekit.train import fit, warmup_cosine

show.use_style()

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Remember
#
# 1. `a` has the shape `(8, 1)`, `b` the shape `(8,)`. Which shape has `a - b`?
# 2. One word's score is larger than another's by $\ln 3$. What does softmax make of that?
# 3. What does a model pay above the entropy, and when is that 0?
#
# <details><summary>Answers</summary>
#
# 1. `(8, 8)`: aligned at the right, 1 meets 8, and nothing meets 8.
# 2. Three times the probability, whatever the other scores are.
# 3. The KL from the truth to its belief. It is 0 only if the belief is the truth.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Why
#
# A model is wrong, and its loss says how much. It does not say **which weight** is to blame.
#
# One could move each weight by a little $h$ up and down, and look at what the loss $L$ does: $(L(w + h) - L(w - h)) / 2h$ is its
# **slope**. That works for the three weights below. How many runs of the model would one step take for a model of chapter 01,
# which has 129,496 weights?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def loss_of(w):
    """A network of one hidden unit, on one example: input 2, target 1."""
    return (w[2] * torch.tanh(w[0] * 2 + w[1]) - 1) ** 2


w, h = torch.tensor([0.3, -0.1, 0.5], dtype=torch.float64, requires_grad=True), 1e-5
wiggled = [(loss_of(w + h * e) - loss_of(w - h * e)).item() / (2 * h) for e in torch.eye(3)]
loss_of(w).backward()
print("wiggled: ", [round(slope, 6) for slope in wiggled])
print("autograd:", [round(slope, 6) for slope in w.grad.tolist()])
model = WindowLM(WindowLMConfig(vocab_size=600, context=8, width=32, hidden=128))
weights = sum(p.numel() for p in model.parameters())
result(rtol=1e-6, slopes=w.grad)
result(weights=weights, runs=2 * weights)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## The idea: the chain rule with Jacobians
#
# Two runs a weight: 258,992 for one step, and training takes hundreds of steps or more. **Autograd** (torch's automatic gradient) gave
# the same slopes for the price of a few runs, however many weights there are: three is the rule of thumb. Its whole secret is the
# order of a product.
#
# A step $y = f(x)$ from $n$ numbers to $m$ has $m \times n$ slopes, its **Jacobian** $J_{ij} = \partial y_i / \partial x_j$. Of steps
# one after the other the Jacobians are multiplied, the last one on the left. Three steps, from 200 numbers to one loss:
#
# $$\frac{\partial L}{\partial x} = J_3 \, J_2 \, J_1, \qquad (1 \times 50)\,(50 \times 100)\,(100 \times 200)$$
#
# Begin at the loss, on the left, or at the input, on the right? Guess how many times as many multiplications the second takes.

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
predict("times_dearer")
shapes, left = [(1, 50), (50, 100), (100, 200)], 0
picture, ax = show.canvas(
    "Three rectangles side by side: a thin row 1 x 50, then 50 x 100 and 100 x 200.", height=2.6
)
for (rows, columns), colour in zip(shapes, ["#D55E00", "#56B4E9", "#a9d1ee"], strict=True):
    ax.barh(0, columns, height=rows, left=left, color=colour)
    ax.text(left + columns / 2, 56, f"{rows} x {columns}", ha="center")
    left += columns + 20
ax.set(ylim=(-55, 75))
ax.axis("off")
display(picture)
from_loss = 1 * 50 * 100 + 1 * 100 * 200  # a row stays a row
from_input = 50 * 100 * 200 + 1 * 50 * 200  # a matrix times a matrix first
result(from_loss=from_loss, from_input=from_input, times_dearer=from_input / from_loss, rtol=1e-9)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### The Jacobian that you meet every day
#
# A row times a matrix is a row: from the loss backwards costs 25,000 multiplications, from the input 40 times as many.
#
# Softmax takes $V$ scores to $V$ probabilities. More score for one word takes probability from all others:
#
# $$\frac{\partial p_i}{\partial s_j} = p_i\,([i = j] - p_j), \qquad J = \mathrm{diag}(p) - p\,p^{\mathsf T}$$
#
# $[i = j]$ is 1 where $i = j$, else 0; $\mathrm{diag}(p)$ has $p$ on its diagonal and zeros elsewhere.
#
# The loss is $L = -\ln p_y$ for the right word $y$: a row with $-1/p_y$ at $y$ and zeros elsewhere. What is that row times $J$?
# Two lines on paper.

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
names, y = ["pear", "bear", "chair", "pearl"], 0  # the right word is the first
s = torch.tensor([1.0, 2.0, 0.0, 1.0], dtype=torch.float64)
p = torch.softmax(s, dim=-1)  # V
J = p.diag() - torch.outer(p, p)  # V, V
row = torch.zeros(4, dtype=torch.float64)
row[y] = -1 / p[y]
labels = {"x": "score of", "y": "probability of", "label": "slope", "values": True}
display(show.heatmap(J, rows=names, columns=names, **labels))
same = torch.allclose(J, torch.autograd.functional.jacobian(lambda s: s.softmax(-1), s), atol=1e-12)
result(equals_autograd=same, rtol=1e-9, chances=p, slope_of_the_loss=row @ J)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The product is $p - [i = y]$: the probabilities, less 1 at the right word. Here 0.197 - 1 = -0.803 for *pear*, and 0.534 for *bear*, which
# takes most of the blame. **The error itself is the gradient.** It is 0 only when the model is right and sure. And each row of $J$
# sums to 0, since a number added to all scores changes nothing.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Build it: autograd in fifteen lines
#
# Nobody writes Jacobians down for a whole network. Each **operation** knows its own slopes; each number remembers from which numbers it
# was made. Going backwards, a node hands its slope to its parents, times the slope of the one step between:
#
# $$\frac{\partial L}{\partial\,\text{parent}} \mathrel{+}= \frac{\partial L}{\partial\,\text{node}} \cdot
# \frac{\partial\,\text{node}}{\partial\,\text{parent}}$$
#
# A sum has the slope 1 for both parents, a product the *other* factor, $\tanh z$ has $1 - \tanh^2 z$. Why `+=` and not `=`?


# %% slideshow={"slide_type": "subslide"} tags=["core"] minutes=3
class Node:
    """A number that remembers its parents, each with the slope of the step from it."""

    def __init__(self, value, *parents):
        self.value, self.parents, self.grad = value, parents, 0.0

    def __add__(self, other):
        return Node(self.value + other.value, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        return Node(self.value * other.value, (self, other.value), (other, self.value))

    def tanh(self):
        return Node(math.tanh(self.value), (self, 1 - math.tanh(self.value) ** 2))

    def backward(self, slope=1.0):
        self.grad += slope
        for parent, local in self.parents:
            parent.backward(slope * local)


# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The same network as in *Why*, one operation at a time: `t` is the target, `d` the error, `d d` the loss. The last operation
# multiplies `d` by itself, so `d` has two ways to the loss, and gets a slope along each. In the picture: name, value, and slope of the loss. Check one of them by hand: the
# slope at `h` is the slope at `v h`, times `v`.

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
given = {"w": 0.3, "x": 2.0, "b": -0.1, "v": 0.5, "-t": -1.0}
n = {name: Node(value) for name, value in given.items()}
n["w x"] = n["w"] * n["x"]
n["z"] = n["w x"] + n["b"]
n["h"] = n["z"].tanh()
n["v h"] = n["v"] * n["h"]
n["d"] = n["v h"] + n["-t"]
n["d d"] = n["d"] * n["d"]
n["d d"].backward()
PLACES = {"x": (0, 0), "w": (1, 1), "b": (2, 1), "w x": (1, 0), "v": (4, 1), "-t": (5, 1)}
PLACES |= {"z": (2, 0), "h": (3, 0), "v h": (4, 0), "d": (5, 0), "d d": (6, 0)}
ARROW = {"arrowstyle": "->", "shrinkA": 25, "shrinkB": 25, "color": "#555555"}
ours = [n[name].grad for name in ("w", "b", "v")]
result(equals_torch=torch.allclose(torch.tensor(ours, dtype=torch.float64), w.grad, atol=1e-12))
result(rtol=1e-9, loss=n["d d"].value, slopes={name: node.grad for name, node in n.items()})

# %% slideshow={"slide_type": "fragment"} tags=["core", "output-only"]
words = "; ".join(f"{name}: {node.value:.2f}, slope {node.grad:.2f}" for name, node in n.items())
alt = f"A graph from left to right, each node with value and slope. {words}."
picture, ax = show.canvas(alt, height=2.6)
called = {id(node): name for name, node in n.items()}
for name, node in n.items():
    for bend, (parent, _) in zip((0.4, -0.4), node.parents, strict=False):
        start = PLACES[called[id(parent)]]
        arc = f"arc3,rad={bend * (name == 'd d')}"  # two arrows, both from d
        ax.annotate("", PLACES[name], start, arrowprops=ARROW | {"connectionstyle": arc})
    box = {"boxstyle": "round", "fc": "#a9d1ee" if node.parents else "#f3e3b3", "ec": "white"}
    label = f"{name}\n{node.value:.2f}\n{node.grad:.2f}"
    ax.text(*PLACES[name], label, ha="center", va="center", bbox=box, fontsize=11.5)
ax.set(xlim=(-0.5, 6.5), ylim=(-0.6, 1.6), title="Each box: name, value, slope of the loss")
ax.axis("off")
display(picture)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# `d` has the slope -1.538, twice its value: it came along two ways with -0.769 each, and `+=` added them. `=` would have lost one. At `h`
# stands -1.538 x 0.5 = -0.769. The three slopes equal torch's.
#
# Our `backward` runs along every path, and paths multiply: 20 doublings in a row, `y = y + y`, have $2^{20}$ of them, over a million. torch puts the
# nodes in order instead, and leaves each of them once, after its last slope has come in. Tensors, and more operations, are all
# else that is missing here.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Use it: walk downhill
#
# The **gradient** $g$, all slopes together, points uphill, so one steps against it. $\eta$ is the **learning rate**. **Momentum** keeps a share $\beta$ of
# the velocity $u$ that it had: steps that agree add up, steps that contradict each other cancel.
#
# $$\text{plain:}\quad w \leftarrow w - \eta\, g \qquad\qquad \text{momentum:}\quad u \leftarrow \beta\, u + g, \quad w \leftarrow w - \eta\, u$$
#
# Our valley: $L = \frac12 (w_1^2 + 25\, w_2^2)$, flat along the first axis, steep along the second. Each plain step multiplies
# $w_2$ by $1 - 25\,\eta$. From which learning rate on does it run away?


# %% slideshow={"slide_type": "subslide"} tags=["core"] minutes=1
CURVATURE, START = torch.tensor([[1.0, 25.0], [10.0, 1.0]], dtype=torch.float64)


def valley(w):
    """The loss, for one pair of weights or for many."""
    return 0.5 * (CURVATURE * w**2).sum(dim=-1)


def uphill(w):
    """The gradient of the valley."""
    return CURVATURE * w


def descend(lr, beta=0.0, steps=50):
    """The way down, from START: steps + 1, 2."""
    w, u, way = START, torch.zeros_like(START), [START]
    for _ in range(steps):
        u = beta * u + uphill(w)
        w = w - lr * u
        way.append(w)
    return torch.stack(way)


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
WAYS = {"plain, 0.02": (0.02, 0), "plain, 0.075": (0.075, 0), "momentum, 0.075": (0.075, 0.44)}
WAYS["plain, 0.082"] = (0.082, 0)
losses = {name: valley(descend(*how)) for name, how in WAYS.items()}
curves = {name: (range(51), loss) for name, loss in losses.items()}
display(show.lines(curves, x="step", y="loss", logy=True))
result(rtol=1e-6, after_50_steps={name: loss[-1] for name, loss in losses.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### AdamW: a step size for each weight
#
# After 50 steps the loss is 6.6 at the small rate, 0.021 at a larger one, 0.000003 with momentum ($\beta = 0.44$); 0.082 runs away, for the limit is
# $2 / 25 = 0.08$. The steep axis sets the limit, and the flat one pays for it.
#
# AdamW keeps two running means for each weight, of its gradient and of its square, and divides:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad s \leftarrow \beta_2 s + (1 - \beta_2)\, g^2, \qquad
# w \leftarrow w - \eta \left( \frac{m / (1 - \beta_1^t)}{\sqrt{s / (1 - \beta_2^t)} + \epsilon} + \lambda\, w \right)$$
#
# Both means begin at 0, hence too small; $1 - \beta^t$ corrects that at step $t = 1, 2, \ldots$ The tiny $\epsilon$ guards against a
# division by 0. The **weight decay** $\lambda$ pulls each weight towards 0, outside the division: that is the W. What becomes of the first step if the loss is multiplied by 1000?


# %% slideshow={"slide_type": "subslide"} tags=["core"] minutes=2
def adamw(w, gradient, steps, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.01):
    """AdamW (Loshchilov and Hutter 2019, algorithm 2; the decay is times lr, as in torch)."""
    mean, square = torch.zeros_like(w), torch.zeros_like(w)
    for t in range(1, steps + 1):
        g = gradient(w)
        mean = beta1 * mean + (1 - beta1) * g
        square = beta2 * square + (1 - beta2) * g**2
        size = (square / (1 - beta2**t)).sqrt() + eps
        w = w - lr * (mean / (1 - beta1**t) / size + decay * w)
    return w


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
theirs = torch.nn.Parameter(START.clone())
optimizer = torch.optim.AdamW([theirs], lr=0.3, weight_decay=0.01)
for _ in range(50):
    optimizer.zero_grad()  # backward adds up, so clear first
    valley(theirs).backward()
    optimizer.step()
same = torch.allclose(adamw(START, uphill, 50, lr=0.3), theirs.detach(), atol=1e-9)
result(equals_torch=same)
for scale in (1, 1000):
    plain = START - 0.03 * scale * uphill(START)
    first = adamw(START, lambda w, scale=scale: scale * uphill(w), 1, lr=0.3, decay=0)
    print(f"loss x {scale:4}: plain to {plain.numpy().round(3)}, AdamW to {first.numpy().round(3)}")
result(rtol=1e-6, plain_at_1000=plain, adamw_at_1000=first)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### A schedule: warm up, then come to rest
#
# With 1000 times the loss the plain step throws the weights from (10, 1) to (-290, -749). AdamW goes where it went before: its first
# step is as long as the learning rate in *every* weight, whether or not the gradient deserves trust. So one **warms up**.
#
# And each batch gives a gradient with noise, which keeps the weights trembling, the more the longer the steps. So the rate goes to 0 at
# the end, along half a **cosine**: `coursekit.train.warmup_cosine`, which `fit` uses.
#
# Our valley, every gradient with noise, 300 plain steps. How many times lower does the cosine end than a constant rate?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only"] minutes=1
factor = [warmup_cosine(step, steps=300, warmup=30) for step in range(301)]
curves = {"constant": (range(301), [1.0] * 301), "warm-up, then cosine": (range(301), factor)}
display(show.lines(curves, x="step", y="share of the highest learning rate"))

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
predict("cosine_gain")
draw = torch.Generator().manual_seed(0)
noise = 5 * torch.randn(300, 200, 2, generator=draw, dtype=torch.float64)  # steps, runs, weights


def noisy(schedule, lr=0.04):
    """Mean loss of 200 noisy runs after each step."""
    w, losses = START.expand(200, 2), []
    for step in range(300):
        w = w - lr * schedule[step] * (uphill(w) + noise[step])
        losses.append(valley(w).mean().item())
    return losses


ends = {name: noisy(schedule) for name, (_, schedule) in curves.items()}
display(show.lines(ends, x="step", y="loss, mean of 200 runs", logy=True))
last = {name: losses[-1] for name, losses in ends.items()}
result(rtol=1e-6, end=last, cosine_gain=last["constant"] / last["warm-up, then cosine"])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Look inside: a ball in a valley
#
# The constant rate trembles at 0.84. The cosine was behind at first and ends at 0.09, which is 9.3 times lower.
#
# Without noise, here is the way down seen from above; rings are points of equal loss, the cross is the aim.
#
# - Without momentum: raise `lr` to 0.08 and beyond.
# - At `lr` 0.04: which `beta` ends nearest to the middle? What does 0.9 do?
#
# <details><summary>What there is to find</summary>
#
# At 0.08 the ball jumps from side to side for ever, at 0.09 ever farther. At 0.04 the best `beta` is 0.7; with 0.9 the ball rolls past the
# middle and back again, like a pendulum. (A `beta` of 0.2 or more keeps it in the valley even at 0.09.)
#
# </details>


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only"] minutes=3
def ball(lr, beta):
    """Thirty steps on the map of the valley."""
    way = descend(lr, beta, steps=30)
    end = f"after 30 steps the loss is {valley(way[-1]):.3g}"
    picture, ax = show.canvas(f"A path on the map of a valley; {end}.", height=3.2)
    x, y = torch.meshgrid(torch.linspace(-11, 11, 80), torch.linspace(-2, 2, 80), indexing="xy")
    height = valley(torch.stack([x, y], dim=-1))  # 80, 80
    ax.contour(x, y, height, levels=[1, 5, 15, 30, 60], colors="#999999", linewidths=1)
    ax.plot(*way.T, marker="o", markersize=5, color="#0072B2")
    ax.plot(0, 0, marker="+", markersize=16, color="#D55E00", markeredgewidth=3)
    ax.set(xlim=(-11, 11), ylim=(-2, 2), title=end, xlabel="w1 (flat); upwards: w2 (steep)")
    return picture


show.slider(ball, lr=(0.01, 0.09, 0.01), beta=(0.0, 0.9, 0.1), start={"lr": 0.07})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Measure it: learnt, or learnt by heart?
#
# A low loss on what was seen is worth nothing by itself. So data are split in three:
#
# - **train**: the weights are fitted to it;
# - **validation**: everything else is chosen by it (the model, the learning rate, when to stop);
# - **test**: used once, for the number that is reported.
#
# The window model of chapter 01 (a network that sees the last 4 words), trained on 100 stories, then on 1,600: `fit` is AdamW with the schedule above. The floor is
# the entropy of the process that wrote the stories, per word: the lowest mean loss on new ones. Sketch the four curves: training and
# validation loss over the steps, for both. And guess what `early_saves`: by how many nats the model with the best validation loss
# beats the last one on the *test* stories, trained on 100.


# %% slideshow={"slide_type": "skip"} tags=["core", "world"]
def batches(model, texts):
    """256 random windows a step: the same at the same step, so that a run can be repeated."""
    before, word = model.windows(texts)

    def batch(step):
        chosen = torch.randint(len(word), (256,), generator=torch.Generator().manual_seed(step))
        return before[chosen], word[chosen]

    return batch


stories = load("stories", n=2000)
vocab = Vocab.build(stories["train"]["tokens"])
train, valid, test = ([vocab.encode(t) for t in rows["tokens"]] for rows in stories.values())
floor = cross_entropy(list(stories["validation"]["logprob"]))
result(rtol=1e-9, floor=floor, stories=[len(train), len(valid), len(test)], vocabulary=len(vocab))


# %% slideshow={"slide_type": "skip"} tags=["core"]
def trained(train, valid, vocab_size):
    """The model after 300 steps, the best on the way (by validation), and the history."""
    model, kept = WindowLM(WindowLMConfig(vocab_size, context=4, width=32, hidden=128)), {}

    def loss(model, data):
        return F.cross_entropy(model(data[0]), data[1])

    def evaluate(model):
        seen, new = (cross_entropy(model.log_probs(texts[:100])) for texts in (train, valid))
        kept[new] = copy.deepcopy(model)
        return {"training": seen, "validation": new}

    told = {"evaluate": evaluate, "every": 20}
    history = fit(model, batches(model, train), loss, steps=300, lr=1e-2, **told)
    return model, kept[min(kept)], history


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("early_saves")
runs = {n: trained(train[:n], valid, len(vocab)) for n in (100, 1600)}
curves = {
    f"{split}, {n}": history.curve(split)
    for n, (_, _, history) in runs.items()
    for split in ("training", "validation")
}
labels = {"x": "step", "y": "loss (nats per word)"}
display(show.lines(curves, **labels, levels={"floor": floor}))
steps, by_step = runs[100][2].curve("validation")
last, best = (cross_entropy(model.log_probs(test)) for model in runs[100][:2])
result(best_step=steps[by_step.index(min(by_step))])
result(rtol=1e-3, test_last=last, test_best=best, early_saves=last - best)
result(rtol=1e-3, end={name: losses[-1] for name, (_, losses) in curves.items()})

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# On 100 stories the training loss falls to 0.55, far below the floor of 1.38: nobody can predict new stories so well, so these were learnt by
# heart. The validation loss turned up after step 80, which the training loss does not show: **overfitting**. On the test stories the model of step
# 80 has 2.94, the last one 3.20: stopping early saves 0.26. At the left end all curves are high: **underfitting**.
#
# With 16 times the stories training ends at 1.73 and validation at 1.90, and nothing turns up: more data was the better cure.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Where it breaks: the best of many
#
# "I tried a hundred settings, and report the best test accuracy." Nobody trained on the test split. Is anything wrong?
#
# Take models that have learnt **nothing**: each answers 50 yes-or-no questions by tossing a coin. The true accuracy of each is one half.
# What accuracy has the best of 100 of them on the 50 questions? And on 50 new ones?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
predict("best_of_100")
size = {
    "size": (400, 1000, 50),
    "generator": torch.Generator().manual_seed(0),
}  # repeats, models, questions
right = torch.randint(2, **size, dtype=torch.uint8).sum(dim=-1)  # repeats, models
seen = right.cummax(dim=1).values.double().mean(dim=0) / 50  # models: the best so far
again = torch.randint(2, **size, dtype=torch.uint8).sum(dim=-1).double().mean(dim=0) / 50
tried = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
curves = {"on the questions it was chosen by": (tried, [seen[k - 1].item() for k in tried])}
curves["on new questions"] = (tried, [again[k - 1].item() for k in tried])
display(show.lines(curves, x="models tried", y="accuracy of the best (mean of 400)", logx=True))
result(rtol=1e-6, best_of_10=seen[9], best_of_100=seen[99], best_of_1000=seen[999], new=again[99])

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The best of 10 tossers has 0.61, of 100 has 0.67, of 1000 has 0.72; on new questions 0.50. A hundred tries have bought 17 points that do not exist.
# (Real models resemble each other, so they gain less; small test sets make it worse.) So choose by the validation split, as often as you like, and
# use the test split once, for the one model that was chosen.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## On real data
#
# The same function, another source: the reference manual that comes with Python, by characters. First 3,000 characters of it for training,
# then 100,000; validation on 5,000 that come later.
#
# Versions of Python differ, so only claims are stored. Which of the two runs overfits, and how can you tell? `print(ends)` shows
# what your Python measured: the gap between the two losses at the end, and how far validation has turned up.

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = {split: "".join(rows["text"]) for split, rows in load("text", source="pydoc").items()}
letters = Vocab.build([manual["train"]])
past, future = (letters.encode(manual[split]) for split in ("train", "validation"))
ends = {}
for n in (3000, 100_000):
    _, _, history = trained([past[:n]], [future[:5000]], len(letters))
    seen, new = history.curve("training")[1], history.curve("validation")[1]
    ends[n] = {"gap": new[-1] - seen[-1], "turned_up": new[-1] - min(new)}
few, many = ends.values()
result(few_overfit=few["gap"] > 1 and few["turned_up"] > 0.2)
result(many_do_not=many["gap"] < 0.5 and many["turned_up"] < 0.05)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: cheaper decay early repair

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Rumelhart, Hinton and Williams 1986, *Learning representations by back-propagating errors*; Baydin and others 2018, *Automatic
#   differentiation in machine learning: a survey*, for forward and reverse order.
# - Polyak 1964, *Some methods of speeding up the convergence of iteration methods*: momentum, and how much it can gain.
# - Kingma and Ba 2015, *Adam*; Loshchilov and Hutter 2019, *Decoupled weight decay regularization*; 2017, *SGDR* (the cosine).
# - Goyal and others 2017, *Accurate, large minibatch SGD*: warm-up.
# - Cawley and Talbot 2010, *On over-fitting in model selection*: the best of many, at length.
#
# On the manual 3,000 characters were learnt by heart, and validation turned up; with 100,000 it did neither. Next: questions q5 to q10 of the [exercises](../exercises/00_toolbox.ipynb), then chapter 01.
