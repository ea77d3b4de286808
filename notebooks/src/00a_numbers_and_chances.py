# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 00a Numbers and chances
#
# Every model of this course ends in a row of scores, which become chances, which become a price for being wrong. This part has
# what you need on that way; part 00b turns the price into better weights.
#
# - You can predict the shape of a tensor before you run the line.
# - You can turn scores into chances without overflow, and draw from them so that others get your draw.
# - You can price a wrong belief: entropy, cross-entropy, KL divergence. You can say what a number type loses.
#
# About 100 minutes to work through, 65 as a lecture. The test below tells you what to leave out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import math

import numpy as np
import torch

from coursekit import load, predict, result, show
from coursekit.data import World
from coursekit.metrics import bits_per_character, cross_entropy, perplexity
from coursekit.models import AddK
from coursekit.text import Vocab
from coursekit.train import pick_device, self_check

show.use_style()

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Remember: a placement test
#
# Ten questions, one for each tool. Choose aloud before you open an answer, and note the numbers that you missed. Guessing
# spoils it: "I don't know" is a fine answer, and the table after the test says where to go.
#
# All ten right, with reasons? Then go to [chapter 01](01a_what_is_a_language_model.ipynb).

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# quiz: shapes softmax entropy seeds jacobians autograd momentum adamw schedule splits

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ### What you missed, and where it stands
#
# | missed | the tool | read | then |
# |---|---|---|---|
# | 1 | shapes and broadcasting | 00a, *Why* and *The idea* | q1 |
# | 2 | softmax and log-sum-exp | 00a, *Build it* and *Look inside* | q2 |
# | 3 | entropy, cross-entropy, KL | 00a, *Measure it* | q3 |
# | 4 | seeds, number types, devices | 00a, *Use it* and *Where it breaks* | q4 |
# | 5 | chain rule with Jacobians | 00b, *The idea* | q5 |
# | 6 | autograd | 00b, *Build it* | q6 |
# | 7 | gradient descent, momentum | 00b, *Use it* and *Look inside* | q7 |
# | 8 | AdamW | 00b, *Use it* | q8 |
# | 9 | warm-up and cosine | 00b, *Use it* | q9 |
# | 10 | splits and overfitting | 00b, *Measure it* and *Where it breaks* | q10 |
#
# q1 to q10 are the [exercises](../exercises/00_toolbox.ipynb), 3 to 8 minutes each. Part [00b](00b_learning_from_error.ipynb).

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Why
#
# A model gives four predictions, and **each is exactly right**. The mean of $(\text{prediction} - \text{target})^2$ must be 0.
#
# The predictions came out of a layer as four rows of one number, shape `(4, 1)`. The targets came from a file, shape `(4,)`.
# What does the line for the loss say: 0, an error message, or something else?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
targets = torch.tensor([0.1, 0.9, 0.4, 0.7], dtype=torch.float64)  # 4
predictions = targets[:, None]  # 4, 1: the same numbers, as a column
difference = predictions - targets
print("shape of the difference:", tuple(difference.shape))
result(rtol=1e-9, loss=(difference**2).mean(), right=((predictions[:, 0] - targets) ** 2).mean())

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## The idea: boxes of numbers
#
# The loss of a perfect model was 0.18, and nothing complained: each of four predictions was held against each of four targets.
# Training on that loss would pull every prediction to the mean of the targets. So shapes are the first tool.
#
# A **tensor** is a box of numbers with a shape, one length for each axis. Where two boxes meet in `+`, `-`, `*` or `/`, they
# are **broadcast** to one shape:
#
# 1. Write the shapes one below the other, **aligned at the right**.
# 2. In each column the lengths are equal, or one of them is 1 or missing. That one is repeated. Anything else is an error.
#
# What is `(3, 1) + (3,)`? Draw it before you run the cell. (In the picture white cells are copies; no memory is spent on them.)


# %% slideshow={"slide_type": "skip"} tags=["core"]
def grid(ax, table, own, title):
    """Draw a table of numbers; cells beyond the shape `own` are copies, and white."""
    for (i, j), number in np.ndenumerate(table.numpy()):
        face = "#a9d1ee" if i < own[0] and j < own[1] else "white"
        box = {"boxstyle": "square,pad=0.45", "facecolor": face, "edgecolor": "#888888"}
        ax.text(j, i, f"{number:2}", bbox=box, fontsize=15, ha="center")
    ax.set(xlim=(-0.6, 2.6), ylim=(2.5, -0.6), title=title)
    ax.axis("off")


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
a, b = torch.tensor([[0], [10], [20]]), torch.tensor([1, 2, 3])  # 3, 1 and 3
words = (
    "Three grids: the column 0, 10, 20 repeated across; the row 1, 2, 3 repeated down; the sums."
)
picture, (left, middle, right) = show.canvas(words, height=2.1, columns=3)
grid(left, a.expand(3, 3), (3, 1), "(3, 1)")
grid(middle, b.expand(3, 3), (1, 3), "+ (3,)")
grid(right, a + b, (3, 3), "= (3, 3)")
display(picture)
result(sums=a + b)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### Shapes of a language model
#
# The course has one letter for each length: **B** texts in a batch, **T** words in each, **D** numbers for a word, **V** words in the
# vocabulary. A trailing comment says what each line makes, as in `# B, T, V`.
#
# `@` multiplies along the last axis of the left and the last but one of the right: `(B, T, D) @ (D, V)` is `(B, T, V)`. A sum
# removes its axis, unless `keepdim=True` leaves a 1 there, for broadcasting. `transpose` exchanges two axes, `flatten` makes
# neighbours one, an index takes its axis away, and -1 is the last. Say each shape before you run the cell.

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
B, T, D, V = 2, 5, 3, 4
hidden, weight, bias = torch.zeros(B, T, D), torch.zeros(D, V), torch.zeros(V)
scores = hidden @ weight + bias  # B, T, V
shapes = {
    "hidden @ weight + bias": scores,
    "scores.sum(dim=-1)": scores.sum(dim=-1),
    "scores.sum(dim=-1, keepdim=True)": scores.sum(dim=-1, keepdim=True),
    "scores.transpose(1, 2)": scores.transpose(1, 2),
    "scores.flatten(0, 1)": scores.flatten(0, 1),
    "scores[:, -1]": scores[:, -1],
}
for line, tensor in shapes.items():
    print(f"{line:34} {tuple(tensor.shape)}")
result(shapes={line: list(tensor.shape) for line, tensor in shapes.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Build it: from scores to chances
#
# Scores $s_1 \ldots s_V$ are any numbers; chances (probabilities) are positive and sum to 1. **Softmax** makes chances of scores, and
# the logarithm of its denominator is the **log-sum-exp**, LSE:
#
# $$p_i = \frac{e^{s_i}}{\sum_j e^{s_j}}, \qquad \ln p_i = s_i - \underbrace{\ln \sum_j e^{s_j}}_{\mathrm{LSE}(s)},
# \qquad \mathrm{LSE}(s) = m + \ln \sum_j e^{s_j - m}$$
#
# The last equation holds for every $m$; a factor $e^m$ was taken out of the sum. With $m = \max_j s_j$ the largest power is
# $e^0 = 1$, so nothing overflows. What does each way, the first equation and the last, make of the scores 1000, 1001, 1002?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def log_softmax(scores):
    """Logarithms of the chances, along the last axis."""
    m = scores.max(dim=-1, keepdim=True).values  # ..., 1
    lse = m + (scores - m).exp().sum(dim=-1, keepdim=True).log()  # ..., 1
    return scores - lse  # ..., V


draw = torch.Generator().manual_seed(0)
scores = 10 * torch.randn(B, T, V, generator=draw, dtype=torch.float64)
same = torch.allclose(log_softmax(scores), torch.log_softmax(scores, dim=-1), atol=1e-12)
big = torch.tensor([1000.0, 1001.0, 1002.0], dtype=torch.float64)
print("as written:", (big.exp() / big.exp().sum()).tolist())
print("shifted:   ", [round(p, 3) for p in log_softmax(big).exp().tolist()])
result(equals_torch=same, rtol=1e-9, chances=log_softmax(big).exp())

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### A maximum without a corner
#
# As written, $e^{1000}$ is infinite, and infinity over infinity is `nan`, not a number. Shifted, 1000, 1001, 1002 have the chances
# of 0, 1, 2: 0.09, 0.245 and 0.665. Only **differences** of scores count.
#
# Where does the name come from? Take two scores, $x$ and 0. Their maximum has a corner at 0; LSE goes round it. Its slope is
# the softmax of $x$. Where is the gap between the two curves largest, and how large is it there?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
x = torch.linspace(-6, 6, 121, dtype=torch.float64)
pairs = torch.stack([x, torch.zeros_like(x)], dim=-1)  # 121, 2
lse, top = pairs.logsumexp(dim=-1), pairs.max(dim=-1).values  # 121 each
softmax = log_softmax(pairs)[:, 0].exp()  # 121: the chance of the first
curves = {"LSE(x, 0)": (x, lse), "max(x, 0)": (x, top), "slope: softmax": (x, softmax)}
display(show.lines(curves, x="x, the first score (the second is 0)", y="value"))
gap = lse - top
result(
    rtol=1e-9, largest_gap=gap.max(), where_the_scores_are_equal=bool(x[gap.argmax()].abs() < 1e-9)
)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Use it: draw a word, with a seed
#
# The gap is largest where both scores are equal: ln 2 = 0.693.
#
# Now real chances. The course's small **world** is a program that writes short stories, each on some day; it knows the exact
# probability of every next word, such as the one after *Alice*. One draws by a **generator**, a sequence of numbers that only looks
# random: the **seed** says where it begins. The same seed gives the same words again; another seed gives others, equally right.
#
# *and* has the probability 0.4. How far from that can the share of *and* be after 100 draws? And after 10,000?

# %% slideshow={"slide_type": "-"} tags=["core"]
exact = World().distribution(["alice"], date=50)  # what comes next, on day 50
words = sorted(exact, key=exact.get, reverse=True)
p = torch.tensor([exact[word] for word in words], dtype=torch.float64)  # V


def drawn(n, seed):
    """Ids of n words drawn from p: the same ids whenever the seed is the same."""
    return torch.multinomial(p, n, replacement=True, generator=torch.Generator().manual_seed(seed))


for seed in (0, 0, 1):
    print(f"seed {seed}: alice", " | alice ".join(words[i] for i in drawn(6, seed)))

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
n = torch.arange(1, 10_001)
shares = {f"seed {seed}": (drawn(10_000, seed) == 0).cumsum(0) / n for seed in range(3)}
late = {name: (n[9:], share[9:]) for name, share in shares.items()}
level = {"exact": p[0]}
display(show.lines(late, x="words drawn", y="share of 'and' among them", logx=True, levels=level))
hundred = [(drawn(100, seed) == 0).double().mean().item() for seed in range(20)]
result(rtol=1e-6, exact=p[0], after_100=[min(hundred), max(hundred)])
result(rtol=1e-6, after_10_000=[share[-1].item() for share in shares.values()])

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Six draws of seed 0 held no *and*, six of seed 1 held five. After 100 draws the shares of 20 seeds lie between 0.33 and 0.46; after
# 10,000 three seeds have 0.398, 0.401 and 0.403. The usual error is $\sqrt{p(1-p)/n}$, which is $0.049$ and $0.0049$: a hundred
# times as many draws for one more digit. A result that rests on one seed is an anecdote, so the long experiments of the course have three or more.
#
# (We draw from a generator of our own, on the CPU and in float64: the global seed moves whenever anybody draws, and torch's
# float32 normal numbers differ in the last bit between processors.)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Look inside: the temperature
#
# A model may be surer or less sure than it should be. Divide all scores (here $\ln p$) by a **temperature** $T$ before the softmax.
# (This $T$ is no length.)
#
# The **price** of a word is its surprise, $-\ln q(\text{word})$ **nats**: small if the model $q$ expected it. The title shows the
# mean price when the words come from the exact chances $p$.
#
# Move $T$: where is the mean price smallest? Then add a number to all scores. What changes?
#
# <details><summary>What there is to find</summary>
#
# It is smallest at $T = 1$, 2.05 nats; below 1 it climbs faster than above (4.56 at 0.25, 2.35 at 4), since rare words become very
# dear. A number added to all scores changes nothing at any $T$.
#
# </details>


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only"] minutes=3
def tempered(T, add):
    """Chances at a temperature, and what words drawn from the exact chances cost at them."""
    q = torch.softmax((p.log() + add) / T, dim=-1)  # V
    price = -(p * q.log()).sum()
    both = {"exact": p, f"at T = {T:g}": q}
    rows = {name: dict(zip(words, row.tolist(), strict=True)) for name, row in both.items()}
    picture = show.next_word(rows, words=words[:7], upto=1, context="Alice")
    picture.axes[0].set_title(f"Alice ...   mean price {price:.2f} nats")
    picture.alt += f" Mean price: {price:.2f} nats."
    return picture


show.slider(tempered, T=[0.25, 0.5, 1, 2, 4], add=[0, 10, 1000], start={"T": "0.5"})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Measure it: the price of a wrong belief
#
# Words come with chances $p$; the model believes $q$. In nats (natural logarithms; 1 nat is $1 / \ln 2 \approx 1.44$ bits), with
# KL the **Kullback-Leibler divergence** from $p$ to $q$:
#
# $$\underbrace{-\sum_i p_i \ln q_i}_{\substack{\text{cross-entropy } H(p, q): \\ \text{what you pay}}} \;=\;
# \underbrace{-\sum_i p_i \ln p_i}_{\substack{\text{entropy } H(p): \\ \text{nobody pays less}}} \;+\;
# \underbrace{\sum_i p_i \ln \frac{p_i}{q_i}}_{\substack{\mathrm{KL}(p \,\|\, q): \\ \text{what your error costs}}}$$
#
# KL is never negative, and 0 only for $q = p$: so the best temperature was 1. Training can lower only the KL, never the entropy.
#
# Three beliefs after *Alice*: all 13 words alike; counted from 50 draws (half a count added to each, so that none is impossible);
# too sharp, $T = 0.5$. Which costs the most?


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
def counted(n, seed):
    """Chances from counting n draws, half a count added to each word."""
    counts = torch.bincount(drawn(n, seed), minlength=len(p)).double()  # V
    return (counts + 0.5) / (n + 0.5 * len(p))


beliefs = {"all alike": torch.full_like(p, 1 / len(p)), "50 draws": counted(50, seed=0)}
beliefs["T = 0.5"] = torch.softmax(p.log() / 0.5, dim=-1)
entropy = -(p * p.log()).sum().item()
kl = {name: round((p * (p / q).log()).sum().item(), 4) for name, q in beliefs.items()}
alt = f"Bars: an entropy of {entropy:.2f} nats, and on top the KL: {str(kl)[1:-1]}."
picture, ax = show.canvas(alt, height=2.4)
ax.barh([*kl], entropy, color="#222222", label=f"entropy {entropy:.2f}", height=0.6)
ax.barh([*kl], [*kl.values()], left=entropy, color="#E69F00", hatch="//", label="KL", height=0.6)
ax.set(xlabel="cross-entropy (nats per word)")
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
display(picture)

# %% slideshow={"slide_type": "skip"} tags=["core", "world"]
test = drawn(10_000, seed=1)
paid = {name: q.log()[test].tolist() for name, q in beliefs.items()}
for name, log_probs in paid.items():
    print(f"{name:10} {cross_entropy(log_probs):.3f} nats, perplexity {perplexity(log_probs):5.2f}")
result(rtol=1e-6, entropy=entropy, kl=kl)
result(rtol=1e-6, paid={name: cross_entropy(log_probs) for name, log_probs in paid.items()})
back = {name: (q * (q / p).log()).sum().item() for name, q in beliefs.items()}
result(rtol=1e-6, kl_the_other_way=back)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Ignorance costs the most: to hold all 13 words alike costs 0.51 nats; to be too sharp 0.46, although it prefers the right words;
# 50 draws have brought the cost down to 0.04. On 10,000 fresh words the three paid 2.565, 2.504 and 2.090, entropy plus KL but
# for the luck of the draw. Perplexity is $e$ to the power of what was paid: 8.08 is as hard as guessing among eight equally
# likely words.
#
# The last line exchanges the roles (the words come from $q$, and $p$ is believed): in the same order $\mathrm{KL}(q \,\|\, p)$ is 0.43,
# 0.35 and 0.04. It is not the same number, so KL is no distance; say who draws and who pays.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### How much does one have to see?
#
# A belief counted from $n$ draws has an error, and the error has a price. For large $n$ it is, on average, about
#
# $$\mathrm{KL}(p \,\|\, \text{counted}) \approx \frac{V - 1}{2 n} \text{ nats}$$
#
# one half for each free number that was estimated. Here $V = 13$. Say before you run: what does the belief from 100 draws cost
# on average, and how many draws bring it below a hundredth of a nat?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
predict("kl_100")
sizes = [10, 30, 100, 300, 1000, 3000, 10_000]
costs = {n: [(p * (p / counted(n, seed)).log()).sum().item() for seed in range(50)] for n in sizes}
mean = [sum(costs[n]) / len(costs[n]) for n in sizes]
law = [(len(p) - 1) / (2 * n) for n in sizes]
curves = {"mean of 50 seeds": (sizes, mean), "(V - 1) / 2n": (sizes, law)}
curves["seed 0"] = (sizes, [costs[n][0] for n in sizes])
display(show.lines(curves, x="draws n", y="KL (nats per word)", logx=True, logy=True))
result(rtol=1e-6, kl_10=mean[0], law_10=law[0])
result(rtol=1e-6, kl_100=mean[2], law_100=law[2], seeds_100=[min(costs[100]), max(costs[100])])
result(enough=next(n for n, kl in zip(sizes, mean, strict=True) if kl < 0.01))

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# 100 draws leave 0.062 nats on average, where the law says 0.060; single seeds run from 0.02 to 0.15. Of the sizes tried, 1000 draws
# are the first to cost less than a hundredth of a nat (the law says 600). The law is one for large $n$: at 10 draws it says 0.60,
# and 0.18 was measured. There the half counts, 13 halves beside 10 draws, hold the belief near *all alike*, which is no disaster.
#
# Keep the law in mind for chapter 01: a model that counts what follows each *pair* of words has as many such tables as there
# are pairs, and most of them see few draws.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Where it breaks: numbers with an end
#
# A computer's numbers have gaps between them, wider the larger the number, and an end. **float32** is what we train in;
# **float64** checks; **float16** and **bfloat16** take 2 bytes instead of float32's 4, and are faster on GPUs.
#
# Count up in steps of 1. Sooner or later $n + 1$ falls into a gap and is rounded back to $n$. How far does bfloat16 count?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def counts_to(dtype):
    """The first power of two at which n + 1 is n again."""
    n, one = torch.ones((), dtype=dtype), torch.ones((), dtype=dtype)
    while n + one != n:
        n = 2 * n
    return int(n)


predict("bfloat16_counts_to")
TYPES = [torch.bfloat16, torch.float16, torch.float32, torch.float64]
for dtype in TYPES:
    most = torch.finfo(dtype).max
    name = str(dtype).removeprefix("torch.")
    print(f"{name:9} counts to {counts_to(dtype):16}, exp overflows above {math.log(most):.1f}")
result(bfloat16_counts_to=counts_to(torch.bfloat16), float32_counts_to=counts_to(torch.float32))
result(exp_12_in_float16=bool(torch.tensor(12.0, dtype=torch.float16).exp().isinf()))


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
def gaps(dtype):
    """Numbers of a type, and the distance from each to the next larger one."""
    kind = torch.finfo(dtype)
    powers = [2.0**e for e in range(-30, 31, 3) if 2.0**e < kind.max]
    return powers, [kind.eps * max(number, kind.tiny) for number in powers]


curves = {str(dtype).removeprefix("torch."): gaps(dtype) for dtype in TYPES}
labels = {"x": "number", "y": "distance to the next number"}
display(show.lines(curves, **labels, logx=True, logy=True))
result(rtol=1e-9, relative={name: gap[10] for name, (_, gap) in curves.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Devices: the same sum in another order
#
# bfloat16 counts to 256, float16 to 2048, float32 to 16,777,216. bfloat16 reaches as far as float32 with gaps of 0.008 of the
# number. float16 has finer ones, 0.001, and ends on both sides: above 65,504, so that $e^{12}$ is infinite, and where its curve
# is flat: numbers below half that gap become 0.
#
# Every sum is rounded at each step, so its **order** shows in the last digits. A GPU adds in another order than a CPU,
# and one CPU in another than the next. Equal seeds give equal draws, not equal bits. `pick_device()` takes the fastest device that
# passes a test: a small network, forward and back, must agree with the CPU's.

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=1
device = pick_device()  # cuda, mps or cpu
numbers = torch.randn(100_000, generator=draw.manual_seed(1), dtype=torch.float64)
numbers = numbers.float().numpy()
orders = {"as drawn": numbers, "backwards": numbers[::-1], "sorted": np.sort(numbers)}
sums = {name: float(np.cumsum(order)[-1]) for name, order in orders.items()}  # one by one
for name, total in sums.items():
    print(f"{name:9} {total:.4f}")
print(f"exactly   {math.fsum(numbers.tolist()):.4f}")
result(rtol=1e-6, sums=sums)
result(device_agrees=self_check(device.type) is None)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The last digits differ, and the sorted order is off by more than half: 368.29 instead of 368.92. There the negative numbers come first, so the
# running sum goes down to about -40,000, where the gaps between float32 numbers are wide, before it comes back.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## On real data
#
# The manual that every Python carries, letter by letter. Nobody knows its entropy; but each belief gives a price, and the lowest
# price is the best bound that we have.
#
# Four beliefs: all characters alike; the shares in the first 80 % of the text; the chances given one character before; given three. How
# much does each save on the last 10 %? (`AddK` counts, and adds a little to each count; chapter 01 builds it.) `print(bits)` shows the
# numbers of your Python.
#
# <details><summary>What Python 3.11 shows</summary>
#
# 6.74 bits a character for all alike, 4.68 for the shares, 3.37 after one character, 2.23 after three. Where this would end
# nobody knows: the entropy of English is no known number.
#
# </details>

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = load("text", source="pydoc")
past, future = ("".join(manual[split]["text"]) for split in ("train", "test"))
table = Vocab.build([past])
bits = {"all alike": math.log2(len(table))}
for before in (0, 1, 3):
    model = AddK(order=before + 1, vocab_size=len(table), k=0.01).fit([table.encode(past)])
    log_probs = model.log_probs([table.encode(future)])
    bits[f"{before} before"] = bits_per_character(log_probs, len(future))
price = list(bits.values())
result(order=sorted(bits, key=bits.get, reverse=True))
result(shares_save_a_bit=price[1] < price[0] - 1, three_halve_it=price[3] < price[0] / 2)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: axis shift backwards counter

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Harris and others 2020, *Array programming with NumPy*: arrays, shapes and broadcasting in one figure.
# - Blanchard, Higham and Higham 2021, *Accurately computing the log-sum-exp and softmax functions*: how exact the shifted form is.
# - Shannon 1948, *A mathematical theory of communication*; Kullback and Leibler 1951, *On information and sufficiency*.
# - Krichevsky and Trofimov 1981, *The performance of universal encoding*: why half a count.
# - Goldberg 1991, *What every computer scientist should know about floating-point arithmetic*; Micikevicius and others 2018,
#   *Mixed precision training*: float16 in practice.
#
# Next: questions q1 to q4 of the [exercises](../exercises/00_toolbox.ipynb), then part
# [00b](00b_learning_from_error.ipynb), which lowers the price.
