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
# About 130 minutes to work through, 108 as a lecture, 107 without the cells tagged *extra*, which can be left out. For two lectures: the
# block takes the first 43 minutes, the positions and the price of length the rest.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import time

import torch
import torch.nn.functional as F
from torch import nn

from coursekit import data, ledger, load, predict, result, show, text
from coursekit.nn import masks, norm, position
from coursekit.nn.drawing import drawn, linear
from coursekit.nn.position import alibi, rotary, rotate, shift, sinusoidal
from coursekit.nn.transformer import BlockConfig, DecoderBlock, EncoderBlock, SelfAttention
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
words = text.Vocab.build(line.split() for line in texts)
ids = torch.tensor([words.encode(line.split()) for line in texts])  # B 2, T 10
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
# **residual** and a **norm**: *attention* moves things between places, the *feed-forward layer* $f(x) = W_2\,\varphi(W_1 x)$ works at each place by
# itself. The norm keeps the numbers in one range:
#
# $$\mathrm{LN}(x) = g \odot \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + b$$
#
# $x$: the $D$ numbers of **one word**. $\mu$, $\sigma^2$: their mean and variance (divided by $D$, not $D - 1$). $g$, $b$: learnt, $D$ numbers each.
# $\epsilon$: a small number, lest one divides by 0.
#
# **Batch norm** takes mean and variance of each *feature* over all words of the batch instead, and in use those that it *kept* from training.
# Sentences have different lengths. What happens to the first sentence if its neighbour in the batch is longer?
#
# Then the ledger: 08a's reader of *it* with batch norm in its blocks, used with the kept statistics, with those of 50 sentences at a time, and
# with those of each sentence by itself. With layer norm all three are one, and 0.90 are right. Your guess for sentence by sentence?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
first, longer = normal(3, 1, 4, 8), normal(4, 1, 9, 8)  # B T D: 4 words, and 9


def over_batch(x):
    """Batch norm in training: each feature over all words."""
    return F.batch_norm(x.flatten(0, 1), None, None, training=True).view(x.shape)


def over_features(x):
    return norm.layer_norm(x, torch.ones(8).double(), torch.zeros(8).double())


batch = torch.cat([F.pad(first, (0, 0, 0, 5)), longer])  # five places of padding
moved = {}
for name, f in (("layer norm", over_features), ("batch norm", over_batch)):
    moved[name] = (f(batch)[:1, :4] - f(first)).abs().max().item()
same = torch.allclose(over_features(batch), F.layer_norm(batch, (8,)))
result(equals_torch=same)
result(rtol=1e-6, atol=1e-12, first_sentence_moves_by=moved)

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
predict("sentence_by_sentence")
book, NORM = ledger("08_transformer"), "it, 4 heads, batch norm"
ways = {"kept": "right", "of_50": "right, batches of 50 by themselves"}
ways["sentence_by_sentence"] = "right, one by one"
found = {way: book.mean(NORM, key) for way, key in ways.items()}
found["layer_norm"] = book.mean("it, 4 heads", "right")
always = book.mean(NORM, "masculine")
result(rtol=1e-9, **found, always_masculine=always)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ### Before or after
#
# Layer norm leaves the first sentence as it was; batch norm moves it by up to 1.6, because of its neighbour and the padding that comes with it. In the ledger batch norm does as well as
# layer norm with statistics of many sentences, kept or fresh (0.90), and worse with those of one sentence (0.86). Layer norm has nothing to keep, and
# no such difference between training and use.
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

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
flow = {}
for pre in (False, True):
    gradients = torch.zeros(12, dtype=torch.float64)
    for seed in range(5):
        config, draw = BlockConfig(32, 4, 128, pre=pre), seeded(seed)
        blocks = nn.Sequential(*(EncoderBlock(config, draw) for _ in range(12))).double()
        x = blocks(normal(seed, 8, 10, 32))
        (F.layer_norm(x, (32,)) * normal(9, 8, 10, 32)).mean().backward()
        gradients += torch.stack([block.feed.up.weight.grad.norm() for block in blocks]) / 5
    flow["pre-norm" if pre else "post-norm"] = gradients.tolist()
display(show.lines(flow, x="block", y="norm of the gradient", logy=True))
ratio = {name: row[-1] / row[0] for name, row in flow.items()}
last = flow["post-norm"][-1] / flow["pre-norm"][-1]
grown = x.square().mean().sqrt().item()  # pre-norm: size of the sum; 1 before the first block
result(rtol=1e-6, last_block_over_first=ratio, post_over_pre_in_the_last=last, sum_grows_to=grown)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Build it: a block in ten lines
#
# In pre-norm the first blocks get about three times the gradient of the last: what they add reaches the output through every later block, too.
# Yet even so it stays small: the sum $x$ has grown to 3.3 times its size, and the last norm divides by that. In post-norm all blocks get about as
# much, and the last one 2.8 times as much as in pre-norm. Large steps near the output, from the
# first moment on: that is where warm-up will help.
#
# The feed-forward layer: $W_1$: $F \times D$ with $F = 4D$, then a bend $\varphi$ (ReLU in the paper, GELU in GPT and BERT), then $W_2$: $D \times F$. $b_1$, $b_2$: $F$ and $D$ numbers. Pre-norm:
#
# $$x' = x + \mathrm{Attention}(\mathrm{LN}_1(x)), \qquad y = x' + W_2\, \varphi(W_1\, \mathrm{LN}_2(x') + b_1) + b_2$$
#
# Below for all words of a batch at once. The check compares it with the package's block, which draws its own weights, and also tries
# post-norm. Dropout, where it is used, falls in three places: on the attention weights, on what either layer adds, on the embeddings.


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
def block_by_hand(x, w, pre):
    """x: B T D; w: the package's block, for its weights."""

    def feed(x):
        inner = F.gelu(x @ w.feed.up.weight.T + w.feed.up.bias, approximate="tanh")
        return inner @ w.feed.down.weight.T + w.feed.down.bias

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
# 63 million, where the paper says 65 (its vocabulary is given as "about" 37,000); the two GPTs come out exactly. Now the positions. A code $P(t)$ of
# $D$ numbers is added to the word at place $t$. (One could append it; adding keeps the width.) What must it give?
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
# step in each text. The sinusoidal code passes so far (the third demand comes next): it is many circles, from fast to slow, like the hands of a clock:
#
# $$P(t)_{2i} = \sin\!\left(\frac{t}{10000^{2i/D}}\right), \qquad P(t)_{2i+1} = \cos\!\left(\frac{t}{10000^{2i/D}}\right)$$
#
# $i = 0 \dots D/2 - 1$ numbers the pairs. Sines and cosines here alternate (*interleaved*); some code has all sines first, then all cosines
# (*halves*): a fixed permutation apart. Look at the picture: which columns tell place 3 from place 4, and which place 3 from place 60?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
D = 32
P = sinusoidal(torch.arange(64), D, dtype=torch.float64)  # T D
picture, axes = show.canvas("64 codes in rows: fast waves left, slow ones right.", 6, 4)
picture.colorbar(axes.imshow(P, aspect="auto", vmin=-1, vmax=1), ax=axes, label="value")
axes.set(xlabel="column: number of the code", ylabel="place")
axes.grid(False)
display(picture)
i = torch.arange(D // 2, dtype=torch.float64)
angle = torch.arange(64)[:, None] / 10000 ** (2 * i / D)  # T D/2
by_hand = torch.stack([angle.sin(), angle.cos()], -1).flatten(1)
halves = sinusoidal(torch.arange(64), D, "halves", dtype=torch.float64)
permuted = torch.cat([by_hand[:, ::2], by_hand[:, 1::2]], -1)
result(equals_the_package=torch.allclose(by_hand, P), halves_is=torch.allclose(permuted, halves))
result(rtol=1e-9, every_length=P.norm(dim=-1).mean())

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### Three words back is one matrix
#
# The fast columns on the left tell neighbours apart, slower ones places far apart; the last ones hardly move within 64 places. Every code
# has the length $\sqrt{D/2} = 4$, for $\sin^2 + \cos^2 = 1$ in each pair. And shifting by $k$ turns each pair by a fixed angle,
# whatever $t$ is:
#
# $$\begin{pmatrix} \sin(a + b) \\ \cos(a + b) \end{pmatrix} = \begin{pmatrix} \cos b & \sin b \\ -\sin b & \cos b \end{pmatrix}
# \begin{pmatrix} \sin a \\ \cos a \end{pmatrix}$$
#
# So $W_Q$ or $W_K$ can learn "three words back" as one matrix. And since rotations keep products, $P(t) \cdot P(t + k)$ depends on $k$ alone. Will it
# fall with the distance?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
M = shift(3, D)  # D D
moved = P[:-3] @ M.T
products = {k: (P[:-k] * P[k:]).sum(-1) if k else P.square().sum(-1) for k in range(33)}
flat = max((row.max() - row.min()).item() for row in products.values())
curve = ([*products], [row[0].item() for row in products.values()])
display(show.lines({"P(t)·P(t+k)": curve}, x="distance k", y="product"))
result(
    three_on_at_every_place=torch.allclose(moved, P[3:]),
    keeps_lengths=torch.allclose(M @ M.T, shift(0, D)),
)
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
# Rotary promises that a query and a key, moved together, keep their product. Let $q$ stand at 5 and $k$ at 2, then at 105 and 102. And in
# T5's 32 buckets: which one holds a word 100 back, and how many of 128 distances share the last?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
q, k = normal(6, 2, 1, 16)


def turned(x, place):
    return rotate(x, *rotary(torch.tensor([place]), 16, dtype=torch.float64))


together = {m: (turned(q, 5 + m) * turned(k, 2 + m)).sum().item() for m in (0, 100)}
apart = (turned(q, 5) * turned(k, 4)).sum().item()
# Of the last query: the distances 127 ... 0.
buckets = position.relative_buckets(128, both=False)[-1]
by_bucket = {b: int((buckets == b).sum()) for b in (0, 15, 16, 24, 31)}
print("ALiBi, head 1 of 2, last query:", alibi(2, 6)[0, -1].tolist())
result(rtol=1e-9, rotary_at_5_and_2=together[0], at_105_and_102=together[100], at_5_and_4=apart)
result(distances_in_a_bucket=by_bucket, bucket_of_100=int(buckets[-101]))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Use it: short texts, long texts
#
# Rotary: the same product at 5 and 2 as at 105 and 102. T5: all 15 distances from 113 on share the last bucket; 100 falls into the one before.
#
# A causal language model of two blocks reads the world's stories, one after the other, in pieces of **32 words**. Then it reads
# pieces of 128. Its weights know nothing of any length; only the positions do.
#
# The live model has ALiBi: nothing is added to the words, and each score loses a slope times the distance. Scores at
# distances never seen are only lower. The world says for each word the exact $-\log p$; what the model loses beyond that is the **gap**.
#
# Compare its gap in words 17 to 32 with that in words 33 to 128: larger there, equal, or smaller?


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
world = data.World()
stories, held = world.sample(4_000, 0, dates=0), world.sample(500, 1, dates=0)
vocab = text.Vocab.build(story.tokens for story in stories)
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


# %% slideshow={"slide_type": "fragment"} tags=["core", "output-only", "world"]
model = Story(len(vocab))
history = fit(model, pieces, loss, steps=200, lr=4e-3)
places = pieces(0, unread, 128, 60)
with torch.no_grad():
    ids = unread[places]
    gap = (
        F.cross_entropy(model(ids[:, :-1]).mT, ids[:, 1:], reduction="none") - exact[places[:, 1:]]
    )
gap = gap.mean(0)  # 128
inside, beyond = gap[16:32].mean().item(), gap[32:].mean().item()
display(show.lines({"transformer": history.loss}, x="step", y="training loss (nats a word)"))
print(f"gap: {inside:.2f} inside, {beyond:.2f} beyond")
result(beyond_costs_less_than_a_quarter=beyond - inside < 0.25)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Look inside: six schemes, eight times as far
#
# Its gap grows a little: 0.35 in words 17 to 32, 0.44 in the 96 words that follow. It still reads. Do all schemes?
#
# Left: the score of two equal words, by where they stand (row: query). Right: the gap of the ledger's models, mean over three seeds, trained on
# 32 words (dashed line) and read up to 256. (All begin high: a piece begins amid a story, and only the world knows what came before.)
#
# - Which left pictures are made of stripes along the diagonal, so that only the distance counts?
# - Which right curves break at the dashed line, and which do not notice it?


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=1
t, P = torch.arange(64), sinusoidal(torch.arange(64), 64)  # D 64, heads of 16
fresh, q = drawn(seeded(0), 64, 64) * 8, rotate(torch.ones(64, 16) / 4, *rotary(t, 16))
SCORES = {
    "none": torch.zeros(64, 64),
    "sinusoidal": P @ P.T / 8,
    "learned": fresh @ fresh.T / 8,
    "rotary": q @ q.T / 4,
    "T5 relative": position.RelativeBias(4, both=False)(64)[0].detach(),
    "ALiBi": alibi(4, 64)[0],
}
parts = [k for k in book.entry("positions, none", 0)["values"] if k.startswith("gap/")]
parts.sort(key=lambda part: int(part[4:].split()[0]))
MIDDLE = [sum(map(int, part[4:].split(" to "))) / 2 for part in parts]
gaps = {s: [book.mean(f"positions, {s}", part) for part in parts] for s in SCORES}


# %% slideshow={"slide_type": "fragment"} tags=["core", "output-only", "world"]
def far(scheme):
    alt = f"{scheme}: gap {gaps[scheme][3]:.2f} up to 32 words, {gaps[scheme][-1]:.2f} at 256."
    picture, (left, right) = show.canvas(alt, width=8.4, height=3.6, columns=2)
    left.imshow(SCORES[scheme].masked_fill(~masks.causal(64), torch.nan), zorder=3)
    left.set(title="score of equal words", xlabel="key", ylabel="query")
    right.plot(MIDDLE, gaps[scheme], "o-", color=show.colour("transformer"))
    right.axvline(32, color="black", linestyle="--")
    right.set(ylim=(0, TOP), xlabel="place", title="gap (nats a word)")
    return picture


TOP = 1.1 * max(max(row) for row in gaps.values())
show.slider(far, scheme=[*SCORES], start={"scheme": "sinusoidal"})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Measure it: who can read further
#
# Sinusoidal, rotary, T5 and ALiBi have stripes; a learned table, fresh, is noise off the diagonal. A stripe is a promise that distances mean
# the same everywhere. It is no promise about distances that were never seen.
#
# Sinusoidal has stripes, and it was made with longer texts in mind: its authors hoped that it may read further than it was trained. How many nats
# a word will it lose in words 33 to 256, compared with words 17 to 32?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("sinusoidal_loses")
lost = {s: book.mean(f"positions, {s}", "lost") for s in SCORES}
within = {s: book.mean(f"positions, {s}", "inside") for s in SCORES}
curves = {s: (MIDDLE, gaps[s]) for s in SCORES}
display(show.lines(curves, x="place (trained on 1 to 32)", y="gap (nats a word)"))
result(rtol=1e-9, gap_in_17_to_32=within)
result(rtol=1e-9, lost_beyond=lost, sinusoidal_loses=lost["sinusoidal"])
ROWS = {s: (f"positions, {s}", "lost") for s in SCORES}
result(
    alibi_loses_least=all(book.claim(ROWS["ALiBi"], ROWS[s], 0.2) for s in SCORES if s != "ALiBi")
)
result(rotary_before_sinusoidal=book.claim(ROWS["rotary"], ROWS["sinusoidal"], 0.3))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ## Where it breaks: the square of the length
#
# Beyond 32 words sinusoidal loses 1.14 nats a word, not much less than a table with rows that were never trained, 1.25. No positions at
# all lose 0.66, T5 0.56 (its far buckets never had a gradient), rotary 0.52 (its slow pairs reach angles never seen), ALiBi 0.09. Within,
# they are close: 0.18 to 0.27. Press and others, with large models and no learned table, also
# found sinusoidal worst and ALiBi best.
#
# But length has a price that no scheme lowers: every word looks at every other. Three kinds of layer, of width $D$, read $T$ words.
# Multiplications, steps that must wait for each other, and the way from the first word to the last:
#
# | layer | multiplications | steps in a row | longest way |
# |---|---|---|---|
# | LSTM | $8 T D^2$ | $T$ | $T$ |
# | CNN, kernel $k$ | $k T D^2$ | 1 | $T / (k - 1)$ layers; $\log_k T$ with dilation |
# | self-attention | $4 T D^2 + 2 T^2 D$ | 1 | 1 |
#
# At which length does attention cost more than the LSTM? Move the width, and see the crossing move. Then the clock: layers of width 128, four
# texts at a time, milliseconds (not stored, for machines differ). By counting they meet at 256 words. Where does your processor see it?


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
def products(T, D, k=3):
    return {"LSTM": 8 * T * D**2, "CNN": k * T * D**2, "attention": 4 * T * D**2 + 2 * T**2 * D}


def cost(width, kernel):
    curves = {name: [products(T, width, kernel)[name] for T in LENGTHS] for name in products(1, 1)}
    axes = {"x": "words T", "y": "multiplications", "logx": True, "logy": True}
    return show.lines({n: (LENGTHS, row) for n, row in curves.items()}, **axes, limits=(1e4, 1e13))


LENGTHS = [2**n for n in range(3, 16)]
show.slider(cost, width=[64, 256, 1024], kernel=(3, 7, 2), start={"width": "256"})
dearer = {}
for D in (64, 256):
    dearer[D] = next(
        T for T in range(1, 9_999) if products(T, D)["attention"] > products(T, D)["LSTM"]
    )
result(dearer_than_the_lstm_from=dearer)

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
    print(f"{T:>5} words: LSTM {took[0]:7.2f}, attention {took[1]:7.2f} milliseconds")


# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## On real data
#
# With $D = 64$ attention is dearer than an LSTM from 129 words on, with $D = 256$ from 513: twice the width. Short of that it is cheaper, and it
# never waits: for 1,000 words the LSTM has 1,000 steps in a row, attention one. The clock counts the waiting, too; where it sees the crossing depends on
# the machine, and a GPU hates to wait. On texts long enough attention is the dearer one on any machine. And the way from the first word to the last is one step: what 04
# was about.
#
# Now words from the manual that comes with Python, 6 to 9 letters. Each is shown **forwards and backwards**, and a model of one block says which
# of the two it reads, from the mean over its letters. *desserts* and *stressed* have the same letters. Versions of Python differ, so
# only claims are stored.
#
# What share of new words will it get right without positions? And with?


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


# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = "".join(load("text", source="pydoc")["train"]["text"]).lower()
spelt = {w for w in manual.split() if w.isascii() and w.isalpha() and 6 <= len(w) <= 9}
letters = text.Vocab.build([*spelt])
rows = [[letters.encode(w[::way]) + [0] * (9 - len(w)) for way in (1, -1)] for w in sorted(spelt)]
new, old = torch.tensor(rows[::10]), torch.tensor(rows[1::5] + rows[3::5])
share, ways = {}, torch.arange(2)  # forwards 0, backwards 1


def way_loss(model, step):
    ids = old[torch.randint(len(old), (24,), generator=seeded(step))].flatten(0, 1)
    return F.cross_entropy(model(ids), ways.repeat(24))


for positions in (False, True):
    fit(model := Way(len(letters), positions), lambda n: n, way_loss, steps=200, lr=4e-3)
    right = model(new.flatten(0, 1)).argmax(-1) == ways.repeat(len(new))
    share[positions] = right.double().mean().item()
result(without_is_a_coin=abs(share[False] - 0.5) < 0.02, with_positions=share[True] > 0.75)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: layernorm prenorm sinusoid shuffle beyond

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Vaswani and others 2017, *Attention is all you need*: section 3 for the block, table 1 for the costs.
# - Ba, Kiros and Hinton 2016, *Layer normalization*; Xiong and others 2020, *On layer normalization in the transformer architecture*.
# - Su and others 2021, *RoFormer*; Raffel and others 2020, *Exploring the limits of transfer learning*, section 2 (T5's buckets).
# - Press, Smith and Lewis 2022, *Train short, test long*: ALiBi, and what the others lose.
# - Haviv and others 2022, *Transformer language models without positional encodings still learn positional information*.
# - Shen and others 2020, *PowerNorm: rethinking batch normalization in transformers*: why batch norm does badly on text.
#
# Without positions every word and its mirror image get the same answer, so exactly one of the two is right: a coin. With positions more than three
# quarters were right. Next: 08c puts blocks into an encoder and a decoder, and trains them.
