# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 08b The transformer: blocks and positions
#
# Attention alone knows no order, and cannot leave the span of its inputs. This part puts it into a block that can be stacked, and tells
# each word where it stands.
#
# - You can write a transformer's block, pre-norm and post-norm, and count its weights.
# - You can say what a code for positions must give, and check that the sinusoidal one gives it.
# - You can compare position schemes beyond the trained length, and the cost of attention with that of an RNN and a CNN.
#
# About 120 minutes to work through, LECTURE as a lecture, CORE without the cells tagged *extra*, which can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import re
import time

import torch
import torch.nn.functional as F
from torch import nn

from coursekit import ledger, load, predict, result, show
from coursekit.data import World
from coursekit.nn import masks
from coursekit.nn.drawing import drawn, linear
from coursekit.nn.norm import layer_norm
from coursekit.nn.position import RelativeBias, alibi, relative_buckets, rotary, rotate
from coursekit.nn.position import shift, sinusoidal
from coursekit.nn.transformer import BlockConfig, DecoderBlock, EncoderBlock, SelfAttention
from coursekit.text import Vocab
from coursekit.train import fit

show.use_style()


def seeded(n):
    return torch.Generator().manual_seed(n)


def normal(n, *shape):
    return torch.randn(shape, generator=seeded(n), dtype=torch.float64)


# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Remember
#
# 1. Scores are divided by $\sqrt d$. What would happen without, for large $d$?
# 2. Which fields of a causal mask are open for the first word, and which for the last?
# 3. Eight heads instead of one: how many times as many weights?
# 4. Why does a gradient reach the first step of a residual network more easily than that of a plain one?
# 5. What does the perplexity of a model say?
#
# <details><summary>Answers</summary>
#
# 1. The scores would spread like $\sqrt d$, the softmax would saturate, and its gradient vanish.
# 2. For the first word only itself; for the last all.
# 3. As many as before: each head has $D / H$ numbers.
# 4. The Jacobian of $x + f(x)$ is $I + J_f$: there is a path on which nothing is multiplied.
# 5. Between how many equally likely words it hesitates, on (geometric) average.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Why
#
# > *The food was bad, not good at all!*
#
# > *The food was good, not bad at all!*
#
# The same words, two opposite opinions. Attention compares words with words, and nothing in $Q K^\top$ says where a word stands. If the input
# rows are shuffled, so are the outputs, and each output is the same as before: attention is **permutation equivariant**. Whoever adds up the
# outputs to judge the sentence gets the same sum.
#
# Here are both sentences in two blocks with random weights, without positions and with. How far apart will the means over
# the words be without?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
predict("without_positions")
texts = ["the food was bad , not good at all !", "the food was good , not bad at all !"]
words = Vocab.build(text.split() for text in texts)
ids = torch.tensor([words.encode(text.split()) for text in texts])  # B 2, T 10
table, draw = normal(0, len(words), 16), seeded(1)
blocks = nn.Sequential(*(EncoderBlock(BlockConfig(16, 2, 64), draw) for _ in range(2))).double()
x = table[ids]  # B T D
places = sinusoidal(torch.arange(10), 16, dtype=torch.float64)
apart = {}
for name, given in (("without_positions", x), ("with_positions", x + places)):
    sentence = blocks(given).mean(1)  # B D
    apart[name] = (sentence[0] - sentence[1]).norm().item()
order = torch.randperm(10, generator=seeded(2))
result(equivariant=torch.allclose(blocks(x[:, order]), blocks(x)[:, order]))
result(rtol=1e-6, atol=1e-12, **apart)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ## The idea: a block
#
# Nothing but rounding apart without positions. We come back to them; first the block. It does two things in turn, each with a
# **residual** and a **norm**: *attention* moves things between places, the *feed-forward layer* $f(x) = W_2\,\sigma(W_1 x)$ works at each place by
# itself. The norm keeps the numbers in one range:
#
# $$\mathrm{LN}(x) = g \odot \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + b$$
#
# $x$: the $D$ numbers of **one word**. $\mu$, $\sigma^2$: their mean and variance (divided by $D$, not $D - 1$). $g$, $b$: learnt, $D$ numbers each.
#
# **Batch norm** takes mean and variance of each *feature* over all words of the batch instead. Sentences have different lengths. What
# happens to the first sentence if its neighbour in the batch is longer?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
first, longer = normal(3, 1, 4, 8), normal(4, 1, 9, 8)  # B T D: 4 words, and 9


def over_batch(x):
    """Batch norm in training: each feature over all words."""
    return F.batch_norm(x.flatten(0, 1), None, None, training=True).view(x.shape)


def over_features(x):
    return layer_norm(x, torch.ones(8).double(), torch.zeros(8).double())


batch = torch.cat([F.pad(first, (0, 0, 0, 5)), longer])  # five places of padding
moved = {}
for name, norm in (("layer norm", over_features), ("batch norm", over_batch)):
    moved[name] = (norm(batch)[:1, :4] - norm(first)).abs().max().item()
same = torch.allclose(over_features(batch), F.layer_norm(batch, (8,)))
result(equals_torch=same)
result(rtol=1e-6, atol=1e-12, first_sentence_moves_by=moved)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### Batch norm, trained
#
# TEXT

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
book = ledger("08_transformer")
NORM = "it, 4 heads, batch norm"

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ### Before or after
#
# Where does the norm stand? The paper of 2017 put it behind the sum, most models since then in front of the layer:
#
# $$\text{post-norm:}\quad x \leftarrow \mathrm{LN}(x + f(x)) \qquad\qquad \text{pre-norm:}\quad x \leftarrow x + f(\mathrm{LN}(x))$$
#
# In post-norm every signal passes every norm. In pre-norm the residual path is free from bottom to top; one last norm stands behind
# the last block.
#
# Twelve blocks with fresh weights, one backward pass. In which of the two will the gradients of the first and of the last block differ
# most? (08c trains both, with warm-up and without.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
DEPTH, flow = 12, {}
for pre in (False, True):
    norms = torch.zeros(DEPTH, dtype=torch.float64)
    for seed in range(5):
        draw = seeded(seed)
        config = BlockConfig(32, 4, 128, pre=pre)
        blocks = nn.ModuleList(EncoderBlock(config, draw) for _ in range(DEPTH)).double()
        x = normal(seed, 8, 10, 32)
        for block in blocks:
            x = block(x)
        (F.layer_norm(x, (32,)) * normal(9, 8, 10, 32)).mean().backward()
        norms += torch.stack([block.feed.up.weight.grad.norm() for block in blocks]) / 5
    flow["pre-norm" if pre else "post-norm"] = norms.tolist()
display(show.lines(flow, x="block", y="norm of the gradient", logy=True))
ratio = {name: norms[-1] / norms[0] for name, norms in flow.items()}
last = flow["post-norm"][-1] / flow["pre-norm"][-1]
result(rtol=1e-6, last_block_over_first=ratio, post_over_pre_in_the_last=last)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Build it: a block in ten lines
#
# $W_1$: $F \times D$ with $F = 4D$, then a bend $\sigma$ (ReLU in the paper, GELU in GPT and BERT), then $W_2$: $D \times F$. Pre-norm:
#
# $$x' = x + \mathrm{Attention}(\mathrm{LN}_1(x)), \qquad y = x' + W_2\, \sigma(W_1\, \mathrm{LN}_2(x') + b_1) + b_2$$
#
# Below for all words of a batch at once. The check compares it with the package's block, which draws its own weights, and also tries
# post-norm. Dropout, where it is used, falls in three places: on the attention weights, on what either layer adds, on the embeddings.


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
def block_by_hand(x, w, pre):
    """x: B T D; w: the package's block, for its weights."""

    def feed(x):
        return F.gelu(x @ w.feed.up.weight.T + w.feed.up.bias, approximate="tanh") @ (
            w.feed.down.weight.T
        ) + w.feed.down.bias

    def around(x, f, norm):
        return x + f(norm(x)) if pre else norm(x + f(x))

    return around(around(x, w.attention, w.attention_norm), feed, w.feed_norm)


same = {}
for pre in (True, False):
    w, x = EncoderBlock(BlockConfig(16, 4, 64, pre=pre)).double(), normal(5, 2, 6, 16)
    same["pre" if pre else "post"] = torch.allclose(block_by_hand(x, w, pre), w(x))
alone = torch.cat([w.feed(x[:, t : t + 1]) for t in range(6)], 1)  # place by place
result(equals_the_package=same, feed_forward_is_at_each_place=torch.allclose(alone, w.feed(x)))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### Counting the base model
#
# Attention has four matrices of $D \times D$: $4 D^2$ weights. The feed-forward layer has two of $4D \times D$: $8 D^2$, twice as many.
# Two thirds of a block do not look at any other word.
#
# The base model of 2017: 6 encoder blocks, 6 decoder blocks with a second attention (to the encoder), $D = 512$, 8 heads of 64, $F = 2048$,
# and one embedding matrix for about 37,000 tokens. The paper says 65 million. Work it out roughly before you run. The second line does the same for
# two GPTs, whose sizes are known exactly.

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
predict("base_model")


def count(module):
    return sum(p.numel() for p in module.parameters())


base = BlockConfig(512, 8, 2048, pre=False)
encoder, decoder = EncoderBlock(base), DecoderBlock(base, cross=True)
parts = {"attention": count(encoder.attention), "feed-forward": count(encoder.feed)}
stack = 6 * count(encoder) + 6 * count(decoder)
block = count(EncoderBlock(BlockConfig(768, 12, 4 * 768)))
gpt1 = 40_478 * 768 + 512 * 768 + 12 * block  # words, places, blocks
gpt2 = 50_257 * 768 + 1_024 * 768 + 12 * block + 2 * 768  # and the last norm
result(of_an_encoder_block=parts, base_blocks=stack, base_model=stack + 37_000 * 512)
result(gpt1=gpt1, gpt2=gpt2)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### Where a word stands: what a code must give
#
# 63 million, where the paper rounds to 65 (its vocabulary is given as "about"). Now the positions. A code $P(t)$ of $D$ numbers is added to the word at place
# $t$. (One could append it; adding keeps the width.) What must it give?
#
# - another vector for each place, and no return to an earlier one;
# - bounded numbers, of the size of an embedding, at any length;
# - one map for each distance: $P(t + k) = M^k P(t)$ at *every* $t$, and $M^k$ keeps the length, so that "three words back" means the same everywhere.
#
# Candidates: the number $t$ itself; $1.1^t$; $t / T$, the share of the text; the $t$-th point on *one* circle of 10 places. Which of the demands
# does each of them fail?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
t = torch.arange(512, dtype=torch.float64)
circle = torch.stack([(2 * torch.pi * t / 10).sin(), (2 * torch.pi * t / 10).cos()], -1)
codes = {
    "t": t[:, None],
    "1.1^t": 1.1 ** t[:, None],
    "one circle": circle,
    "sinusoidal": sinusoidal(torch.arange(512), 64, dtype=torch.float64),
}
table = {}
for name, P in codes.items():
    nearest = torch.cdist(P, P).fill_diagonal_(torch.inf).min().item()
    length = P.norm(dim=-1)
    table[name] = {"unique": nearest > 1e-6, "largest": length.max().item()}
share = [1 / (n - 1) for n in (10, 500)]  # t / T: the step from one word to the next
result(rtol=1e-9, codes=table, step_of_t_over_T=share)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ### Many clocks at once
#
# $t$ and $1.1^t$ grow without bound (at 511 the second has 22 digits), one circle returns after ten words, and $t / T$ takes another
# step in each text. The sinusoidal code passes: it is many circles, from fast to slow, like the hands of a clock:
#
# $$P(t)_{2i} = \sin\!\left(\frac{t}{10000^{2i/D}}\right), \qquad P(t)_{2i+1} = \cos\!\left(\frac{t}{10000^{2i/D}}\right)$$
#
# $i = 0 \dots D/2 - 1$ numbers the pairs. Sines and cosines here alternate (*interleaved*); some code has all sines first, then all cosines
# (*halves*): a fixed permutation apart. Look at the picture: which columns tell place 3 from place 4, and which place 3 from place 60?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
D = 32
P = sinusoidal(torch.arange(64), D, dtype=torch.float64)  # T D
labels = {"x": "number of the code", "y": "place", "label": "value", "limits": (-1, 1)}
display(show.heatmap(P, rows=range(64), columns=range(D), **labels))
i = torch.arange(D // 2, dtype=torch.float64)
angle = torch.arange(64)[:, None] / 10000 ** (2 * i / D)  # T D/2
by_hand = torch.stack([angle.sin(), angle.cos()], -1).flatten(1)
halves = sinusoidal(torch.arange(64), D, "halves", dtype=torch.float64)
permuted = torch.cat([by_hand[:, ::2], by_hand[:, 1::2]], -1)
result(equals_the_package=torch.allclose(by_hand, P), halves_is=torch.allclose(permuted, halves))
result(rtol=1e-9, every_length=P.norm(dim=-1).unique().mean() ** 2)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### Three words back is one matrix
#
# Every code has the length $\sqrt{D/2} = 4$, for $\sin^2 + \cos^2 = 1$ in each pair. And shifting by $k$ turns each pair by a fixed angle,
# whatever $t$ is:
#
# $$\begin{pmatrix} \sin(a + b) \\ \cos(a + b) \end{pmatrix} = \begin{pmatrix} \cos b & \sin b \\ -\sin b & \cos b \end{pmatrix}
# \begin{pmatrix} \sin a \\ \cos a \end{pmatrix}$$
#
# So $W_Q$ or $W_K$ can learn "three words back" as one matrix. And since rotations keep products, $P(t) \cdot P(t + k)$ depends on $k$ alone. Will it
# fall with the distance?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
M = shift(3, D)  # D D
moved = P[:-3] @ M.T
products = {k: (P[:-k] * P[k:]).sum(-1) if k else P.square().sum(-1) for k in range(33)}
flat = max((row.max() - row.min()).item() for row in products.values())
curve = ([*products], [row[0].item() for row in products.values()])
display(show.lines({"P(t)·P(t+k)": curve}, x="distance k", y="product"))
result(three_on_at_every_place=torch.allclose(moved, P[3:]), turns=torch.allclose(M @ M.T, shift(0, D)))
result(only_the_distance_counts=flat < 1e-9)
result(rtol=1e-9, product_at=[curve[1][k] for k in (0, 1, 8, 32)])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ### Learnt, turned, added to the scores
#
# 16 at the place itself, less further off, though not at every step. Other schemes:
#
# | scheme | what it does | from |
# |---|---|---|
# | learned | a table, one vector a place | GPT, BERT |
# | rotary | turns each pair of $q$ and $k$ by the angle of its place, so $q \cdot k$ knows the distance | RoFormer, LLaMA |
# | T5 relative | adds a learnt number to the score, one a head and *bucket* of distances | T5 |
# | ALiBi | takes a slope times the distance from the score, one slope a head | Press 2022 |
# | none | only the causal mask | |
#
# Rotary promises that a query and a key, moved together, keep their product. Let $q$ stand at 5 and $k$ at 2, then at 105 and 102. And how
# large is T5's bucket for a word 100 back?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
q, k = normal(6, 2, 1, 16)


def turned(x, place):
    return rotate(x, *rotary(torch.tensor([place]), 16, dtype=torch.float64))


together = {m: (turned(q, 5 + m) * turned(k, 2 + m)).sum().item() for m in (0, 100)}
apart = (turned(q, 5) * turned(k, 4)).sum().item()
buckets = relative_buckets(128, both=False)[-1]  # of the last query: the distances 127 ... 0
by_bucket = {b: int((buckets == b).sum()) for b in (0, 15, 16, 24, 31)}
print("ALiBi, head 1 of 2, last query:", alibi(2, 6)[0, -1].tolist())
result(rtol=1e-9, rotary_at_5_and_2=together[0], at_105_and_102=together[100], at_5_and_4=apart)
result(distances_in_a_bucket=by_bucket, bucket_of_100=int(buckets[-101]))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Use it: short texts, long texts
#
# A causal language model of two blocks reads the world's stories, one after the other, in pieces of **32 words**. Then it reads
# pieces of 128. Its weights know nothing of any length; only the positions do.
#
# The live model has ALiBi: nothing is added to the words, and each score loses a slope times the distance. Scores at
# distances never seen are only lower. The world says for each word the exact $-\log p$; what the model loses beyond that is the **gap**.
#
# Its gap in the second half of 32 words will be some number. In words 33 to 128: larger, equal, or smaller?


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=3
class Story(nn.Module):
    def __init__(self, vocab, width=64, heads=4):
        super().__init__()
        draw, config = seeded(0), BlockConfig(width, heads, 4 * width)
        self.embed = nn.Embedding.from_pretrained(drawn(draw, vocab, width), freeze=False)
        self.blocks = nn.ModuleList(EncoderBlock(config, draw) for _ in range(2))
        self.norm = nn.LayerNorm(width)

    def forward(self, ids):
        """Logits B T V; the embeddings are the output layer, too."""
        x, bias = self.embed(ids) * 8, alibi(4, ids.size(1))
        for block in self.blocks:
            x = block(x, causal=True, bias=bias)
        return self.norm(x) @ self.embed.weight.T


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=3
world = World()
stories, held = world.sample(4_000, 0, dates=0), world.sample(500, 1, dates=0)
vocab = Vocab.build(story.tokens for story in stories)
read, unread = (
    torch.tensor([i for story in some for i in vocab.encode([*story.tokens])])
    for some in (stories, held)
)
exact = torch.tensor([-p for story in held for p in story.logprob])


def pieces(step, text=read, length=32, size=24):
    starts = torch.randint(len(text) - length - 1, (size,), generator=seeded(step))
    return starts[:, None] + torch.arange(length + 1)  # places in the text


def loss(model, places):
    ids = read[places]
    return F.cross_entropy(model(ids[:, :-1]).mT, ids[:, 1:])


# %% slideshow={"slide_type": "fragment"} tags=["core", "world"]
model = Story(len(vocab))
history = fit(model, pieces, loss, steps=200, lr=4e-3)
places = pieces(0, unread, 128, 60)
with torch.no_grad():
    ids = unread[places]
    gap = F.cross_entropy(model(ids[:, :-1]).mT, ids[:, 1:], reduction="none") - exact[places[:, 1:]]
gap = gap.mean(0)  # 128
inside, beyond = gap[16:32].mean().item(), gap[32:].mean().item()
display(show.lines({"transformer": history.loss}, x="step", y="training loss (nats a word)"))
print(f"gap: {inside:.2f} inside, {beyond:.2f} beyond")
result(beyond_costs_less_than_a_quarter=beyond - inside < 0.25)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Look inside: six schemes, eight times as far
#
# TEXT
#
# Left: the score of two equal words, by where they stand (row: query). Right: the gap of the ledger's models, mean over three seeds, trained on
# 32 words (dashed line) and read up to 256.
#
# - Which left pictures are made of stripes along the diagonal, so that only the distance counts?
# - Which right curves break at the dashed line, and which do not notice it?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=1
def scores(scheme):
    """What a scheme makes of equal words at 64 places, T T; tables as they are drawn."""
    t, one = torch.arange(64), torch.ones(1, 16) / 4
    if scheme in ("sinusoidal", "learned"):
        P = sinusoidal(t, 64) if scheme == "sinusoidal" else drawn(seeded(0), 64, 64) * 8
        return P @ P.T / 8
    if scheme == "rotary":
        q = rotate(one.expand(64, 16), *rotary(t, 16))
        return q @ q.T / 4
    if scheme == "T5 relative":
        return RelativeBias(4, both=False)(64)[0].detach()
    return alibi(4, 64)[0] if scheme == "ALiBi" else torch.zeros(64, 64)


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
SCHEMES = ["none", "sinusoidal", "learned", "rotary", "T5 relative", "ALiBi"]
PARTS = [k for k in book.entry("positions, none", 0)["values"] if k.startswith("gap/")]
PARTS.sort(key=lambda part: int(part[4:].split()[0]))
MIDDLE = [sum(map(int, part[4:].split(" to "))) / 2 for part in PARTS]
gaps = {s: [book.mean(f"positions, {s}", part) for part in PARTS] for s in SCHEMES}


def far(scheme):
    alt = f"{scheme}: gap {gaps[scheme][3]:.2f} at the end of 32 words, {gaps[scheme][-1]:.2f} at 256."
    picture, (left, right) = show.canvas(alt, width=8.4, height=3.6, columns=2)
    left.imshow(scores(scheme).masked_fill(~masks.causal(64), torch.nan), zorder=3)
    left.set(title="score of equal words", xlabel="key", ylabel="query")
    right.plot(MIDDLE, gaps[scheme], "o-", color=show.colour("transformer"))
    right.axvline(32, color="black", linestyle="--")
    right.set(ylim=(0, TOP), xlabel="place", title="gap (nats a word)")
    return picture


TOP = 1.1 * max(max(row) for row in gaps.values())
show.slider(far, scheme=SCHEMES, start={"scheme": "sinusoidal"})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Measure it: who can read further
#
# TEXT

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("sinusoidal_loses")
lost = {s: book.mean(f"positions, {s}", "lost") for s in SCHEMES}
inside = {s: book.mean(f"positions, {s}", "inside") for s in SCHEMES}
curves = {s: (MIDDLE, gaps[s]) for s in SCHEMES}
display(show.lines(curves, x="place (trained up to 32)", y="gap (nats a word)"))
result(rtol=1e-9, inside=inside)
result(rtol=1e-9, lost_beyond=lost, sinusoidal_loses=lost["sinusoidal"])
print({s: book.values(f"positions, {s}", "lost") for s in SCHEMES})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ## Where it breaks: the square of the length
#
# TEXT
#
# Three layers of width $D$ read $T$ words. Multiplications, steps that must wait for each other, and the way from the first word to
# the last:
#
# | layer | multiplications | steps in a row | longest way |
# |---|---|---|---|
# | LSTM | $8 T D^2$ | $T$ | $T$ |
# | CNN, kernel $k$ | $k T D^2$ | 1 | $T / (k - 1)$ layers; $\log_k T$ with dilation |
# | self-attention | $4 T D^2 + 2 T^2 D$ | 1 | 1 |
#
# At which length does attention cost more than the LSTM? Move the width, and see the crossing move.


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
def products(T, D, k=3):
    return {"LSTM": 8 * T * D**2, "CNN": k * T * D**2, "attention": 4 * T * D**2 + 2 * T**2 * D}


def cost(width, kernel):
    curves = {name: [products(T, width, kernel)[name] for T in LENGTHS] for name in products(1, 1)}
    axes = {"x": "words T", "y": "multiplications", "logx": True, "logy": True}
    return show.lines({n: (LENGTHS, row) for n, row in curves.items()}, **axes, limits=(1e4, 1e13))


LENGTHS = [2**n for n in range(3, 16)]
show.slider(cost, width=[64, 256, 1024], kernel=(3, 7, 2), start={"width": "256"})
crossing = {D: next(T for T in range(1, 10_000) if products(T, D)["attention"] > products(T, D)["LSTM"]) for D in (64, 256)}
steps = {"LSTM": 1_000, "CNN": 1, "attention": 1}
result(dearer_than_the_lstm_from=crossing)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### And on the clock
#
# TEXT

# %% slideshow={"slide_type": "subslide"} tags=["core", "unstored", "toy"] minutes=2
lstm, layer = nn.LSTM(128, 128, batch_first=True), SelfAttention(BlockConfig(128, 4, 512))
for T in (16, 64, 256, 1024):
    x, took = normal(T, 4, T, 128).float(), []
    for module in (lstm, layer):
        module(x)
        start = time.perf_counter()
        for _ in range(3):
            module(x)
        took.append((time.perf_counter() - start) / 3 * 1000)
    print(f"{T:>5} words: LSTM {took[0]:7.2f} ms, attention {took[1]:7.2f} ms, {took[0] / took[1]:.1f}")

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## On real data
#
# TEXT


# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
class Way(nn.Module):
    def __init__(self, letters, positions):
        super().__init__()
        draw, self.positions = seeded(0), positions
        self.embed = nn.Embedding.from_pretrained(drawn(draw, letters, 32), freeze=False)
        self.block, self.out = EncoderBlock(BlockConfig(32, 4, 128), draw), linear(32, 2, draw)

    def forward(self, ids):
        x, mask = self.embed(ids) * 32**0.5, ids > 0  # B T D, B T
        if self.positions:
            x = x + sinusoidal(torch.arange(ids.size(1)), 32)
        x = self.block(x, mask[:, None, None]) * mask[..., None]
        return self.out(x.sum(1) / mask.sum(1, keepdim=True))  # the mean over the letters


# %% slideshow={"slide_type": "fragment"} tags=["core", "real"]
manual = "".join(load("text", source="pydoc")["train"]["text"]).lower()
spelt = sorted({w for w in re.findall(r"\b[a-z]{6,9}\b", manual) if w != w[::-1]})
letters = Vocab.build([*spelt])
rows = [[letters.encode(w), letters.encode(w[::-1])] for w in spelt]
both = torch.tensor([[row + [0] * (9 - len(row)) for row in pair] for pair in rows])  # N 2 T
new, old = both[::10], both[torch.arange(len(both)) % 10 > 0]
way, share = torch.tensor([0, 1]), {}


def word_loss(model, step):
    ids = old[torch.randint(len(old), (24,), generator=seeded(step))].flatten(0, 1)
    return F.cross_entropy(model(ids), way.repeat(24))


for positions in (False, True):
    model = Way(len(letters), positions)
    fit(model, lambda step: step, word_loss, steps=200, lr=4e-3)
    share[positions] = (model(new.flatten(0, 1)).argmax(-1) == way.repeat(len(new))).double().mean()
print(share)
result(without_is_a_coin=bool(abs(share[False] - 0.5) < 0.02), with_positions=bool(share[True] > 0.8))

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: norm order
