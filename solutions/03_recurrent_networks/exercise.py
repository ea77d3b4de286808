# %% [markdown]
# # 03 Recurrent networks: exercises
#
# Nine questions, 26 points, about 90 minutes: five on networks with a state (part 03a), four on how they learn (part
# 03b). Each answer stands in one cell, where `...` waits for you. Running that cell checks the answer: a first miss
# names what is broken, a second one names the mistake if it is a well-known one, a third one says where to read again.
# Steps are counted from 1 in the text and from 0 in Python, and $h_0$ is the state before the first step: zeros, unless
# a question says otherwise.

# %%
import math

import numpy as np
import torch

# %% [markdown] ask="q1" kind="order" points=2 minutes=6 difficulty=1 see="03a, The idea"
# ## A loop with a memory
# Put the lines in order so that they make `states`, a recurrent network of a single unit. Some lines do not belong to
# it.
#
# - In: `xs`, a list of floats, the inputs; three floats `v_x`, `v_h` and `c`.
# - Out: the list of the states $h_1, h_2, \dots$ with $h_n = \tanh(v_x x_n + v_h h_{n-1} + c)$ and $h_0 = 0$.
# - Answer: the letters in order, such as `"CAB"`.


# %% lines="q1"
def states(xs, v_x, v_h, c):
    from math import tanh

    h = 0.0
    seen = []
    for x in xs:
        h = tanh(v_x * x + v_h * h + c)
        seen.append(h)
    return seen


### DISTRACTORS
#         h = 0.0
#     for x in reversed(xs):
#         h = tanh(v_h * x + v_x * h + c)
#         return seen
#         h = v_x * x + v_h * h + c

# %% [markdown] ask="q2" kind="number" points=1 minutes=4 difficulty=1 see="03a, Why"
# ## Count the weights
# A recurrent language model has a vocabulary of 50 words, embeddings of 8 numbers and 16 hidden units. A word's
# embedding is the input of $h_n = \tanh(V_x x_n + V_h h_{n-1} + c)$, and $y_n = W h_n + b$ gives a score to each word.
# No matrix does two jobs. It is trained on texts of 20 words.
#
# How many trainable numbers does the model have? Answer with a number.

# %% answer="q2"
q2 = 50 * 8 + 16 * 8 + 16 * 16 + 16 + 50 * 16 + 50  ### SOLUTION

# %% [markdown] ask="q3" points=2 minutes=6 difficulty=2 see="03a, Build it" uses=["torch"]
# ## One step of a batch
# Fill the two lines of `step`, which reads one word in each of B texts: $h_n = \tanh(V_x x_n + V_h h_{n-1} + c)$ for
# each of them.
#
# - In: tensors `x` (B, D) and `h` (B, H), one row for each text; `V_x` (H, D), `V_h` (H, H) and `c` (H).
# - Out: the new states, a tensor (B, H).


# %% answer="q3"
def step(x, h, V_x, V_h, c):
    """The state after one more word, for each row of a batch."""
    z = x @ V_x.T + h @ V_h.T + c  ### SOLUTION
    return torch.tanh(z)  ### SOLUTION


# %% [markdown] ask="q4" points=4 minutes=14 difficulty=3 see="03a, Build it" uses=["torch"]
# ## Stop at the end of the text
# Texts of different lengths stand in one batch, the shorter ones filled up with padding, which must leave no trace.
# Write `read(x, lengths, V_x, V_h, c)`.
#
# - In: `x`, a tensor (B, T, D), in which the padding may hold any numbers; `lengths`, a list of B integers from 1 to T:
#   how many steps of each row are text; the weights as in question 3.
# - Out: a pair `(out, last)`. `out` is a tensor (B, T, H) with the state after each step, and zeros where a row's text
#   is over; `last`, a tensor (B, H), holds each row's state after the last step of its own text.
# - All tensors are of type float64.


# %% answer="q4"
def read(x, lengths, V_x, V_h, c):
    """The states of padded texts, and the last state of each."""
    ### BEGIN SOLUTION
    h, out = x.new_zeros(len(x), len(c)), []
    for n in range(x.size(1)):
        inside = (torch.tensor(lengths) > n)[:, None]  # B, 1
        h = torch.where(inside, torch.tanh(x[:, n] @ V_x.T + h @ V_h.T + c), h)
        out.append(torch.where(inside, h, 0.0))
    return torch.stack(out, 1), h
    ### END SOLUTION


# %% [markdown] ask="q5" points=3 minutes=9 difficulty=3 see="03a, Build it"
# ## From both ends
# A tagger may read the whole text before it answers. Write `both_directions(xs, ahead, back)`: one unit reads from the
# left, another one from the right, each with weights of its own.
#
# - In: `xs`, a list of floats; `ahead` and `back`, the weights `(v_x, v_h, c)` of the two units, as in question 1. Each
#   unit begins with the state 0.
# - Out: a list with a pair `[left, right]` for each step n. `left` is the state of `ahead` after reading $x_1$ up to
#   $x_n$; `right` is the state of `back` after reading from the last input down to $x_n$.


# %% answer="q5"
def both_directions(xs, ahead, back):
    """The states of two units, one for each direction, side by side."""

    ### BEGIN SOLUTION
    def run(inputs, v_x, v_h, c):
        h, found = 0.0, []
        for x in inputs:
            h = math.tanh(v_x * x + v_h * h + c)
            found.append(h)
        return found

    left, right = run(xs, *ahead), run(xs[::-1], *back)[::-1]
    return [list(pair) for pair in zip(left, right)]  # noqa: B905
    ### END SOLUTION


# %% [markdown] ask="q6" points=2 minutes=7 difficulty=3 see="03b, Look inside"
# ## What a cut leaves
# The gradient of $V_h$ is a sum over pairs (n, m): the loss at step n, traced back to the use of $V_h$ at step m. Over
# 3 steps these are 6 pairs: (1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3).
#
# Truncated backpropagation cuts the text into windows, from the start on; the last window may be shorter. A pair counts
# only if both its steps lie in one window. Write `kept(steps, window)`.
#
# - In: two integers, 1 or more: the steps of the text, and those of a full window.
# - Out: the number of pairs that are left, an integer.


# %% answer="q6"
def kept(steps, window):
    """How many pairs of a loss and a use truncated backpropagation counts."""
    ### BEGIN SOLUTION
    full, rest = divmod(steps, window)
    return full * window * (window + 1) // 2 + rest * (rest + 1) // 2
    ### END SOLUTION


# %% [markdown] ask="q7" points=5 minutes=16 difficulty=4 see="03b, Build it" uses=["numpy"]
# ## Back through time
# Write `backward(direct, h0, h, V_h)`, which finds the gradient of $L = \ell_1 + \dots + \ell_N$ in a network
# $h_n = \tanh(V_x x_n + V_h h_{n-1} + c)$. There is no autograd here.
#
# - In: numpy arrays. `direct` (N, H): row n holds $d\ell_n/dh_n$, what the loss at step n alone says of its state.
#   `h0` (H): the state before the first step, which need not be zeros. `h` (N, H): the states $h_1$ to $h_N$.
#   `V_h` (H, H).
# - Out: a pair of arrays: $dL/dV_h$, of the shape of `V_h`, and $dL/dh_0$, of the shape of `h0`.


# %% answer="q7"
def backward(direct, h0, h, V_h):
    """dL/dV_h and dL/dh_0 of an Elman network."""
    ### BEGIN SOLUTION
    before, total = np.vstack([h0[None], h[:-1]]), np.zeros_like(V_h)
    arriving = np.zeros_like(h0)  # what later losses send to h_n
    for n in range(len(h) - 1, -1, -1):
        at_z = (direct[n] + arriving) * (1 - h[n] ** 2)
        total += np.outer(at_z, before[n])
        arriving = at_z @ V_h
    return total, arriving
    ### END SOLUTION


# %% [markdown] ask="q8" points=4 minutes=16 difficulty=4 see="03b, Where it breaks" uses=["numpy", "torch"]
# ## Carry the state, cut the gradient
# A training loop carries its state from window to window, and its gradients are wrong. Nobody finds the bug, so write
# the function anew: `gradients(v, xs, ts, window)`.
#
# The network has one unit, $h_n = \tanh(x_n + v\,h_{n-1})$, $h_0 = 0$, and each step's loss is
# $\ell_n = (h_n - t_n)^2 / 2$. The text is read window by window. The state goes on from one window to the next, and
# no gradient does: the state that a window receives counts as a constant.
#
# - In: `v`, a float; `xs` and `ts`, two lists of N floats; `window`, the steps of a window (the last one may be
#   shorter).
# - Out: a list of floats, one for each window: the derivative by $v$ of the *sum* of that window's losses. $v$ is the
#   same in all of them.


# %% answer="q8"
def gradients(v, xs, ts, window):
    """The truncated gradient of each window."""
    ### BEGIN SOLUTION
    weight = torch.tensor(v, dtype=torch.float64, requires_grad=True)
    h, found = torch.zeros((), dtype=torch.float64), []
    for start in range(0, len(xs), window):
        h, loss = h.detach(), 0.0
        for n in range(start, min(start + window, len(xs))):
            h = torch.tanh(xs[n] + weight * h)
            loss = loss + (h - ts[n]) ** 2 / 2
        found.append(torch.autograd.grad(loss, weight)[0].item())
    return found
    ### END SOLUTION


# %% [markdown] ask="q9" kind="counterexample" points=3 minutes=12 difficulty=4 see="03b, Look inside"
# ## Uphill
# "A cut gradient is shorter, but it points the right way." Prove that this is wrong. The network has one unit,
# $h_n = \tanh(x_n + v\,h_{n-1})$, $h_0 = 0$, and the loss is its last state. Find a weight and inputs for which the
# gradient that is cut after every step has the other sign than the whole one: training would go uphill.
#
# - Answer: a pair of $v$ and a list of inputs, such as `(0.5, [1.0, 0.2])`, all numbers between -2 and 2.
# - `judge` below says what your example shows; you are to make it say `"uphill"`.


# %% given="q9"
def slopes(v, xs):
    """dh_N/dv over all paths, and over the shortest one alone."""
    h, whole, cut = 0.0, 0.0, 0.0
    for x in xs:
        h, last = math.tanh(x + v * h), h
        whole, cut = (1 - h * h) * (last + v * whole), (1 - h * h) * last
    return whole, cut


def judge(example):
    """What a weight and inputs show about the cut gradient."""
    v, xs = float(example[0]), [float(x) for x in example[1]]
    if not all(-2 <= number <= 2 for number in [v, *xs]):
        return "a number is not between -2 and 2"
    whole, cut = slopes(v, xs)
    if abs(whole - cut) < 1e-9:
        return "the two gradients are the same"
    if min(abs(whole), abs(cut)) < 0.01:
        return "one of the gradients is nearly 0"
    return "uphill" if whole * cut < 0 else "the two gradients have the same sign"


# %% answer="q9"
q9 = (1.0, [-1.0, 0.9, 0.0])  ### SOLUTION
