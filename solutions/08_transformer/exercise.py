# %% [markdown]
# # 08 The transformer: exercises
#
# Twelve questions, 30 points, about 115 minutes: four on attention (part 08a), five on blocks and positions (part 08b),
# three on training and on the cache (part 08c). Each answer stands in one cell, where `...` waits for you. Running that
# cell checks the answer: a first miss names what is broken, a second one names the mistake if it is a well-known one, a
# third one says where to read again. Tensors are of type float64, and masks are boolean, True where a query may look. B
# is the batch, S the number of queries, T that of keys, D the width, H the number of heads, and positions count from 0.

# %%
import math

import numpy as np
import torch

# %% [markdown] ask="q1" kind="number" points=1 minutes=4 difficulty=1 see="08a, The idea"
# ## How far do scores spread?
# A query and a key have 48 numbers each, all of them independent. Those of the query have the mean 0 and the variance
# 3, those of the key the mean 0 and the variance 1. What is the standard deviation of their dot product, *before*
# anything is divided? Answer with a number.

# %% answer="q1"
q1 = math.sqrt(48 * 3 * 1)  ### SOLUTION

# %% [markdown] ask="q2" kind="order" points=2 minutes=7 difficulty=1 see="08b, The idea" uses=["torch"]
# ## Normalise first
# Put the lines in order so that they make `block`, one block of a *pre-norm* encoder: $x + f(\mathrm{LN}(x))$ with
# attention for $f$, and then the same with the feed-forward layer. Some lines do not belong to it.
#
# - In: `x`, a tensor (T, D), the words of a sentence; `A` and `W`, tensors (D, D).
# - The attention has one head; queries, keys and values are all the normalised words themselves, and `A` is its output
#   matrix. The feed-forward layer has one matrix, `W`, and a ReLU. Layer norm has neither gain nor bias.
# - Out: a tensor (T, D).
# - Answer: the letters in order, such as `"CAB"`.


# %% lines="q2"
def block(x, A, W):
    from torch.nn.functional import layer_norm

    size = x.shape[-1:]
    scale = x.size(-1) ** -0.5
    first = layer_norm(x, size)
    looked = (first @ first.mT * scale).softmax(-1) @ first @ A
    x = x + looked
    second = layer_norm(x, size)
    x = x + (second @ W).relu()
    return x


### DISTRACTORS
#     looked = (x @ x.mT * scale).softmax(-1) @ x @ A
#     x = first + looked
#     x = looked
#     x = layer_norm(x + looked, size)
#     x = second + (second @ W).relu()
#     x = layer_norm(x + (x @ W).relu(), size)
#     first = layer_norm(x.mT, x.shape[:1]).mT

# %% [markdown] ask="q3" points=2 minutes=9 difficulty=2 see="08a, Build it" uses=["torch"]
# ## Into heads, and back
# Fill the two lines of `multi_head`: the first one splits each of the three tensors into heads, the last one puts the
# heads together again. Head h has the features h d to h d + d - 1 of each word, d = D / H, at the beginning and at the
# end.
#
# - In: tensors `q`, `k` and `v` (B, T, D), queries, keys and values of all heads side by side; `H`, which divides D.
# - Out: the contexts of all heads side by side, a tensor (B, T, D).


# %% answer="q3"
def multi_head(q, k, v, H):
    """Attention of many heads, without its matrices."""
    B, T, D = q.shape
    q, k, v = (x.view(B, T, H, D // H).transpose(1, 2) for x in (q, k, v))  ### SOLUTION
    weights = (q @ k.mT / math.sqrt(D // H)).softmax(-1)
    heads = weights @ v
    return heads.transpose(1, 2).reshape(B, T, D)  ### SOLUTION


# %% [markdown] ask="q4" points=3 minutes=10 difficulty=3 see="08a, Build it" uses=["torch"]
# ## The equation, and a row without words
# Write `attention(q, k, v, mask)`: $\mathrm{softmax}(Q K^\top / \sqrt d)\,V$ under a mask.
#
# - In: tensors `q` (B, S, d), `k` (B, T, d) and `v` (B, T, E); `mask`, a boolean tensor (B, S, T).
# - Out: the contexts, a tensor (B, S, E). What the mask hides has the weight 0, and the other weights of a query sum to
#   1. A query that may look nowhere gets zeros.


# %% answer="q4"
def attention(q, k, v, mask):
    """Scaled dot-product attention under a mask."""
    ### BEGIN SOLUTION
    scores = (q @ k.mT / math.sqrt(q.size(-1))).masked_fill(~mask, -math.inf)
    return scores.softmax(-1).masked_fill(~mask, 0.0) @ v
    ### END SOLUTION


# %% [markdown] ask="q5" points=3 minutes=10 difficulty=3 see="08a, Build it" uses=["torch"]
# ## Not the padding, and not the future
# A batch goes on writing. Its rows have different lengths, and so that all end at the same place the padding stands
# *before* their words. Keys and values of the words so far are in a cache. Write `decoder_mask(lengths, T, S)`.
#
# - In: `lengths`, a list of B integers from 1 to T, the words in each row; `T`, the positions in all; `S`, an integer
#   from 1 to T: the queries are the *last* S of these positions.
# - Out: a boolean tensor (B, S, T), True where the query may look: at words of its row, itself and those before it.


# %% answer="q5"
def decoder_mask(lengths, T, S):
    """Causal mask and padding mask in one."""
    ### BEGIN SOLUTION
    keys = torch.arange(T)
    queries = keys[T - S :]
    words = keys >= T - torch.tensor(lengths)[:, None]  # B, T
    return (keys <= queries[:, None]) & words[:, None]
    ### END SOLUTION


# %% [markdown] ask="q6" points=2 minutes=8 difficulty=3 see="08b, The idea" uses=["torch"]
# ## One word, one scale
# Write `layer_norm(x, gain, bias, eps)` yourself, without torch's own: each word's vector is brought to the mean 0 and
# (but for `eps`) the variance 1, $(x - \mu) / \sqrt{\sigma^2 + \epsilon}$, then multiplied by `gain`, and `bias` is
# added. Do it as the paper and torch do.
#
# - In: `x`, a tensor (B, T, D); `gain` and `bias`, tensors (D); `eps`, a float above 0, not always a small one.
# - Out: a tensor (B, T, D).


# %% answer="q6"
def layer_norm(x, gain, bias, eps):
    """Layer norm over the features."""
    ### BEGIN SOLUTION
    centred = x - x.mean(-1, keepdim=True)
    return centred / torch.sqrt((centred**2).mean(-1, keepdim=True) + eps) * gain + bias
    ### END SOLUTION


# %% [markdown] ask="q7" kind="counterexample" points=2 minutes=8 difficulty=3 see="08b, Build it"
# ## "The mask tells it the order"
# A colleague builds a language model of one layer and leaves the positions out: "The causal mask tells each word what
# stands before it, so the model knows the order anyway." Find two sentences of the same words in different orders, for
# which that model's last state, from which the next word is predicted, is the same.
#
# - Answer: a pair of lists of words, such as `(["we", "like", "tea"], ["tea", "like", "we"])`. Any words will do.
# - `judge` below runs the model. You are to make it say `"one layer sees no difference, two layers do"`.


# %% given="q7"
def vector(word):
    """A word's embedding: some fixed numbers made of its letters."""
    seed = sum(ord(letter) * 31**i for i, letter in enumerate(word)) % 2**32
    return np.random.RandomState(seed).uniform(-1, 1, 6)


def last_state(words, layers):
    """The last word's state after some layers of causal attention (with residual), without positions."""
    x = np.array([vector(word) for word in words])
    for _ in range(layers):
        scores = np.where(np.tri(len(x)) > 0, x @ x.T, -np.inf)
        weights = np.exp(scores - scores.max(1, keepdims=True))
        x = x + weights / weights.sum(1, keepdims=True) @ x
    return x[-1]


def judge(example):
    """What two sentences show about a model without positions."""
    one, two = (list(map(str, sentence)) for sentence in example)
    if not one or sorted(one) != sorted(two):
        return "the two sentences do not consist of the same words"
    if one == two:
        return "this is the same sentence twice"
    same = [bool(np.abs(last_state(one, n) - last_state(two, n)).max() < 1e-9) for n in (1, 2)]
    return "one layer sees no difference, two layers do" if same == [True, False] else "one layer sees the difference"


# %% answer="q7"
q7 = (["dogs", "chase", "cats", "there"], ["cats", "chase", "dogs", "there"])  ### SOLUTION

# %% [markdown] ask="q8" points=3 minutes=10 difficulty=3 see="08b, Build it" uses=["torch", "numpy"]
# ## Hands of many clocks
# Write `sinusoidal(T, D)`, the positions of the paper: for i from 0 to D/2 - 1
#
# $$P(t)_{2i} = \sin\frac{t}{10000^{2i/D}}, \qquad P(t)_{2i+1} = \cos\frac{t}{10000^{2i/D}}.$$
#
# - In: `T`, the number of positions; `D`, an even number.
# - Out: a tensor (T, D) of float64, with a row for each position.


# %% answer="q8"
def sinusoidal(T, D):
    """Sinusoidal positions, sine and cosine in turn."""
    ### BEGIN SOLUTION
    speed = 10_000.0 ** (-torch.arange(0, D, 2, dtype=torch.float64) / D)
    angle = torch.arange(T)[:, None] * speed
    return torch.stack([angle.sin(), angle.cos()], -1).reshape(T, D)
    ### END SOLUTION


# %% [markdown] ask="q9" points=2 minutes=9 difficulty=3 see="08c, Build it" uses=["torch"]
# ## Never be quite sure
# Write `smoothed_loss(logits, targets, s)`, the cross-entropy with label smoothing. The right answer is not a single
# word any more, but a distribution: s of it is spread evenly over the *whole* vocabulary (of V words), and the rest
# lies on the target.
#
# - In: `logits`, a tensor (N, V); `targets`, an integer tensor (N), in which -100 marks padding; at least one is none;
#   `s`, a float from 0, below 1.
# - Out: a tensor with a single number: the mean of the loss over the targets that are no padding, in nats.


# %% answer="q9"
def smoothed_loss(logits, targets, s):
    """Label-smoothed cross-entropy, padding left out."""
    ### BEGIN SOLUTION
    words = targets != -100
    logp, right = logits[words].log_softmax(-1), targets[words]
    return -((1 - s) * logp[range(len(right)), right] + s * logp.mean(-1)).mean()
    ### END SOLUTION


# %% [markdown] ask="q10" points=2 minutes=7 difficulty=3 see="08c, Build it"
# ## Up, and slowly down
# Write `rate(step, D, warmup)`, the learning rate of the paper: $D^{-1/2} \min(n^{-1/2},\ n\, w^{-3/2})$ for the n-th
# update. It grows in a line for w updates, reaches its peak there, and falls with the inverse root.
#
# - In: `step`, an integer from 0: how many updates have been made *already*; `D`, the width; `warmup`, w, 1 or more.
# - Out: the rate of the update that is made now, a float. The very first one is not wasted: its rate is above 0.


# %% answer="q10"
def rate(step, D, warmup):
    """Warm-up and inverse square root."""
    ### BEGIN SOLUTION
    n = step + 1
    return D**-0.5 * min(n**-0.5, n * warmup**-1.5)
    ### END SOLUTION


# %% [markdown] ask="q11" points=3 minutes=13 difficulty=4 see="08b, Build it" uses=["torch"]
# ## Turn the hands (transfer)
# Rotary positions turn what sinusoidal ones add. Write `rotate(x, positions)` in the layout of halves: number i of a
# vector makes a pair with number i + d/2, and at the position t this pair (a, b) is turned by the angle
# $t \cdot 10000^{-2i/d}$ against the clock, as a point of the plane is.
#
# - In: `x`, a tensor (B, H, T, d), d even: the queries or keys of each head; `positions`, an integer tensor (B, T):
#   where the words of each row stand. (With padding in front, or a cache, these are not always 0, 1, 2 ...)
# - Out: a tensor (B, H, T, d). The dot product of a query and a key that were turned depends on nothing but the two
#   vectors and their distance, and no vector changes its length.


# %% answer="q11"
def rotate(x, positions):
    """Rotary positions."""
    ### BEGIN SOLUTION
    half = x.size(-1) // 2
    speed = 10_000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    angle = (positions[..., None] * speed)[:, None]  # B, 1, T, d/2
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1)
    ### END SOLUTION


# %% [markdown] ask="q12" kind="class" points=5 minutes=20 difficulty=4 see="08c, Use it" uses=["torch"]
# ## Remember what was read
# Write a class `Reader`: causal self-attention that reads a sentence piece by piece and computes nothing twice.
#
# - `Reader(W)`: `W`, a tensor (3 d, D): a word's vector x gives its query, key and value as the parts of $W x$, in this
#   order, each with d numbers.
# - `.read(x)`: `x`, a tensor (n, D), the next n words of the sentence, n from 1. Returns their contexts, a tensor
#   (n, d): $\mathrm{softmax}(q\,k^\top / \sqrt d)\,v$ over all words read so far and the new ones, but never over a
#   word that comes later.
# - `.back(n)`: forget the last n words, as if they had not been read (n from 0; a beam search that takes back a guess
#   does so). What it returns does not matter.


# %% answer="q12"
class Reader:
    """Causal self-attention with a cache of keys and values."""

    ### BEGIN SOLUTION
    def __init__(self, W):
        self.W = W
        self.keys = self.values = W.new_zeros(0, len(W) // 3)

    def read(self, x):
        q, k, v = (x @ self.W.T).chunk(3, -1)
        self.keys, self.values = torch.cat([self.keys, k]), torch.cat([self.values, v])
        T, n = len(self.keys), len(x)
        later = torch.arange(T) > torch.arange(T - n, T)[:, None]
        scores = (q @ self.keys.T / math.sqrt(k.size(-1))).masked_fill(later, -math.inf)
        return scores.softmax(-1) @ self.values

    def back(self, n):
        kept = len(self.keys) - n
        self.keys, self.values = self.keys[:kept], self.values[:kept]

    ### END SOLUTION
