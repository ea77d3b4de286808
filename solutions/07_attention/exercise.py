# %% [markdown]
# # 07 Attention: exercises
#
# Twelve questions, 30 points, about 115 minutes: eight on scores and weights (part 07a), three on alignments, windows
# and draws (part 07b), one on encoders in layers (part 07c). Each answer stands in one cell, where `...` waits for
# you. Running that cell checks the answer: a first miss names what is broken, a second one names the mistake if it is
# a well-known one, a third one says where to read again. Tensors and arrays are of type float64. B is the batch, S
# the number of queries, T that of keys, and positions count from 0.

# %%
import math

import numpy as np
import torch

# %% [markdown] ask="q1" kind="choice" points=1 minutes=4 difficulty=1 see="07a, The idea" options="ABCD"
# ## Who asks whom?
# A translator with attention reads five source words and writes four. The softmax that gives the weights for its
# *second* word is taken of a row of scores. Between what are these scores?
#
# - **A.** Between query 2 and key 2: each word looks at its own place in the source.
# - **B.** Between query 2 and each of the five keys.
# - **C.** Between each of the four queries and key 2.
# - **D.** Between the queries 1 and 2, which are known by then, and each of the five keys.
#
# Answer with a letter, such as `"A"`.

# %% answer="q1"
q1 = "B"  ### SOLUTION

# %% [markdown] ask="q2" kind="order" points=2 minutes=7 difficulty=1 see="07a, Before the step"
# ## Look first, then move
# Put the lines in order so that they make `step`, one step of Bahdanau's decoder in its smallest form: every vector is
# a single number. Some lines do not belong to it.
#
# - In: `y`, the word before; `s`, the decoder's state before this step; `hs`, the list of the encoder's states; `w`, a
#   weight. All numbers are floats.
# - The score of `s` and an encoder's state h is $\tanh(s + h)$. A softmax makes weights of the scores, the weights make
#   a context c of the encoder's states, and the new state is $\tanh(y + c + w\,s)$.
# - Out: a pair: the new state and the list of the weights.
# - Answer: the letters in order, such as `"CAB"`.


# %% lines="q2"
def step(y, s, hs, w):
    from math import exp, tanh

    kept = w * s
    scores = [tanh(s + h) for h in hs]
    parts = [exp(score) for score in scores]
    weights = [part / sum(parts) for part in parts]
    context = sum(weight * h for weight, h in zip(weights, hs))  # noqa: B905
    state = tanh(y + context + kept)
    return state, weights


### DISTRACTORS
#     scores = [tanh(y + h) for h in hs]
#     scores = [tanh(state + h) for h in hs]
#     weights = [score / sum(scores) for score in scores]
#     weights = [part / max(parts) for part in parts]
#     context = hs[weights.index(max(weights))]
#     context = sum(hs) / len(hs)
#     state = tanh(y + kept)

# %% [markdown] ask="q3" points=2 minutes=7 difficulty=2 see="07a, Six ways to score" uses=["torch"]
# ## A matrix in between
# Fill the two lines of `general_scores`: Luong's score $q^\top W h$ of a query q and a key h.
#
# - In: tensors `queries` (B, Q), one for each sentence; `keys` (B, T, K), those of the same sentences; `W` (Q, K).
# - Out: the scores, a tensor (B, T).


# %% answer="q3"
def general_scores(queries, keys, W):
    """Luong's general score."""
    prepared = keys @ W.T  ### SOLUTION
    return (prepared * queries[:, None]).sum(-1)  ### SOLUTION


# %% [markdown] ask="q4" points=2 minutes=8 difficulty=2 see="07a, Build it" uses=["torch"]
# ## A small network that compares
# Write `additive_scores(queries, keys, W_q, W_h, v)`: Bahdanau's score $v^\top \tanh(W_q q + W_h h)$.
#
# - In: tensors `queries` (B, Q), one for each sentence; `keys` (B, T, K); `W_q` (A, Q), `W_h` (A, K) and `v` (A).
# - Out: the scores, a tensor (B, T).


# %% answer="q4"
def additive_scores(queries, keys, W_q, W_h, v):
    """Bahdanau's additive score."""
    ### BEGIN SOLUTION
    asked = (queries @ W_q.T)[:, None]  # B, 1, A
    return torch.tanh(asked + keys @ W_h.T) @ v
    ### END SOLUTION


# %% [markdown] ask="q5" points=3 minutes=10 difficulty=3 see="07a, Build it" uses=["torch"]
# ## Nothing for the padding
# Write `masked_softmax(scores, mask)`.
#
# - In: `scores`, a tensor (B, T), with numbers up to 1000; `mask`, a boolean tensor (B, T), True where the query may
#   look.
# - Out: the weights, a tensor (B, T). Where the mask is False the weight is exactly 0, and the others of its row are a
#   softmax of their scores. A row without any True has only zeros.


# %% answer="q5"
def masked_softmax(scores, mask):
    """Attention weights, with nothing on padding."""
    ### BEGIN SOLUTION
    weights = scores.masked_fill(~mask, -math.inf).softmax(-1)
    return weights.masked_fill(~mask, 0.0)
    ### END SOLUTION


# %% [markdown] ask="q6" points=3 minutes=10 difficulty=3 see="07a, Before the step" uses=["torch"]
# ## Look, and say it
# In Luong's decoder all steps can look at once. Write `attentional(states, values, weights, W)`.
#
# - In: tensors `states` (B, S, H), the decoder's states, which have asked; `values` (B, T, K), the encoder's states;
#   `weights` (B, S, T), row j for state j; `W` (A, K + H).
# - Out: a pair of tensors: the contexts $c_j = \sum_t a_j(t)\,h_t$, (B, S, K), and the attentional states
#   $\tanh(W [c_j; s_j])$, (B, S, A). The semicolon puts two vectors into one, in this order.


# %% answer="q6"
def attentional(states, values, weights, W):
    """Contexts and attentional states of all steps."""
    ### BEGIN SOLUTION
    contexts = weights @ values
    return contexts, torch.tanh(torch.cat([contexts, states], -1) @ W.T)
    ### END SOLUTION


# %% [markdown] ask="q7" points=2 minutes=8 difficulty=3 see="07b, Measure it"
# ## Sure and possible links
# Write `error_rate(links, sure, possible)`, the alignment error rate of one sentence pair.
#
# - In: three lists of links, pairs `(source, target)` of positions: those that a system found (A), those that an
#   annotator is sure of, and those that the annotator calls merely possible. A link may stand in a list more than once
#   and counts once. There is at least one found and one sure link.
# - Out: a float, $1 - (|A \cap S| + |A \cap P|) / (|A| + |S|)$. S holds the sure links. P holds the possible ones, and
#   a sure link is possible, too.


# %% answer="q7"
def error_rate(links, sure, possible):
    """Alignment error rate of a sentence pair."""
    ### BEGIN SOLUTION
    A, S = ({tuple(link) for link in some} for some in (links, sure))
    P = S | {tuple(link) for link in possible}
    return 1 - (len(A & S) + len(A & P)) / (len(A) + len(S))
    ### END SOLUTION


# %% [markdown] ask="q8" points=2 minutes=8 difficulty=3 see="07a, No parameter at all" uses=["numpy"]
# ## A sentence that looks at itself
# Write `self_attention(X)`, self-attention without a single weight: $Y = \mathrm{softmax}(X X^\top)\,X$.
#
# - In: `X`, a numpy array (T, D), a word's vector in each row. Its numbers may be as large as 40.
# - Out: an array (T, D). Row i of $Y$ is a mean of all rows of `X`, weighted by a softmax of their dot products with
#   row i.


# %% answer="q8"
def self_attention(X):
    """Each word as a mixture of all words."""
    ### BEGIN SOLUTION
    scores = X @ X.T
    weights = np.exp(scores - scores.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True) @ X
    ### END SOLUTION


# %% [markdown] ask="q9" kind="counterexample" points=3 minutes=12 difficulty=3 see="07a, The idea"
# ## The bug that the test let through
# In `weigh` below, the softmax runs along the wrong axis. Its author had a test: *the weights of each query sum to 1*.
# Mostly this test fails. Find scores for which it passes, although the weights are wrong.
#
# - Answer: a list of rows of numbers from -9 to 9, such as `[[1, 2], [3, 4]]`. Each row holds the scores of one query.
# - `judge` below says what your example shows; you are to make it say `"it slips through"`.


# %% given="q9"
def weigh(scores, axis=0):
    """Attention weights of the queries (rows) over the keys (columns)."""
    powers = np.exp(scores)
    return powers / powers.sum(axis, keepdims=True)


def judge(example):
    """What some scores show about the bug."""
    rows = [list(map(float, row)) for row in example]
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        return "the rows must be equally long, with a number at least"
    scores = np.array(rows)
    if not (np.abs(scores) <= 9).all():
        return "a number is not between -9 and 9"
    found, right = weigh(scores), weigh(scores, axis=1)
    if np.abs(found.sum(1) - 1).max() > 1e-6:
        return "the test sees it"
    return "here the weights are right" if np.abs(found - right).max() < 0.01 else "it slips through"


# %% answer="q9"
q9 = [[2, 0], [1, 1]]  ### SOLUTION

# %% [markdown] ask="q10" points=3 minutes=12 difficulty=4 see="07b, Build it" uses=["numpy"]
# ## Look around here
# Write `local_weights(scores, p, D)`: Luong's local attention with a predicted centre (local-p).
#
# - In: `scores`, a numpy array (T), the scores of one query; `p`, the centre: a real number between 0 and T - 1; `D`,
#   an integer from 1.
# - The window holds the positions s with $|s - p| \le D$. The weight of such a position is a softmax of the scores *in
#   the window*, times $e^{-(s - p)^2 / (2\sigma^2)}$ with $\sigma = D/2$. All other weights are 0.
# - Out: the weights, an array (T). As in the paper they are not divided by their sum.


# %% answer="q10"
def local_weights(scores, p, D):
    """Weights of local-p attention."""
    ### BEGIN SOLUTION
    distance = np.arange(len(scores)) - p
    inside = np.abs(distance) <= D
    align = np.exp(scores - scores[inside].max()) * inside
    return align / align.sum() * np.exp(-2 * (distance / D) ** 2)
    ### END SOLUTION


# %% [markdown] ask="q11" points=3 minutes=12 difficulty=4 see="07c, Half, and half again" uses=["torch"]
# ## One floor of the pyramid
# An encoder of speech halves the number of its steps from layer to layer. Write `halve(x, lengths)`.
#
# - In: `x`, a tensor (B, T, D); `lengths`, a list of B integers from 1 to T, how many steps of each row count. What
#   stands behind them may be any numbers.
# - Out: a pair `(y, halved)`. Step k of `y`, a tensor (B, T', 2 D), holds the steps 2 k and 2 k + 1 of `x`, one after
#   the other in one vector; T' is T / 2, rounded up. Where one of the two steps, or both, are not there or do not
#   count, `y` holds zeros. `halved` is the list of the new lengths: the old ones divided by 2 and rounded up.


# %% answer="q11"
def halve(x, lengths):
    """Join each two neighbouring steps."""
    ### BEGIN SOLUTION
    B, T, D = x.shape
    y = x.new_zeros(B, (T + 1) // 2 * 2, D)
    for row, length in enumerate(lengths):
        y[row, :length] = x[row, :length]
    return y.reshape(B, -1, 2 * D), [(length + 1) // 2 for length in lengths]
    ### END SOLUTION


# %% [markdown] ask="q12" points=4 minutes=15 difficulty=4 see="07b, Soft and hard" uses=["numpy"]
# ## Learning from a draw
# Hard attention draws one position, and no gradient goes through a draw. REINFORCE estimates it from samples. Write
# `gradient(p, choices, rewards, baseline)`.
#
# - In: `p`, a list of K probabilities, the softmax of K scores $z$; `choices`, N positions drawn from p, integers from
#   0; `rewards`, N floats $r_n$, what each of them brought; `baseline`, a float b.
# - Out: a list of K floats, the estimate of $d\,\mathrm{E}[r] / dz$ from these samples: the mean over n of
#   $(r_n - b)\, d\log p(\text{choice } n) / dz$. Work out what this derivative is for a softmax: it has one formula for
#   the position that was chosen, and another one for all others.


# %% answer="q12"
def gradient(p, choices, rewards, baseline):
    """REINFORCE's estimate of the gradient of the expected reward by the scores."""
    ### BEGIN SOLUTION
    chosen = np.eye(len(p))[choices]  # N, K
    gain = np.array(rewards) - baseline  # N
    return (gain[:, None] * (chosen - np.array(p))).mean(0).tolist()
    ### END SOLUTION
