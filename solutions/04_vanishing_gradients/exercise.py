# %% [markdown]
# # 04 Vanishing and exploding gradients: exercises
#
# Eleven questions, 30 points, about 95 minutes: four on what happens to a gradient on its way back (part 04a), seven on
# what can be done about it (part 04b). Each answer stands in one cell, where `...` waits for you. Running that cell
# checks the answer: a first miss names what is broken, a second one names the mistake if it is a well-known one, a
# third one says where to read again. A gradient is a row of H numbers, $J_n = dh_n/dh_{n-1}$ a matrix (H, H) whose rows
# belong to the new state, and $\sigma$ in the gates is the logistic function $1/(1 + e^{-z})$.

# %%
import math

import numpy as np

# %% [markdown] ask="q1" kind="order" points=2 minutes=6 difficulty=1 see="04a, Build it" uses=["numpy"]
# ## How much is left, step by step
# Put the lines in order so that they make `norms`, which follows a gradient back through the steps of a recurrent
# network. Some lines do not belong to it.
#
# - In: `gradient`, a numpy array (H), is $d\ell_N/dh_N$; `jacobians`, an array (N, H, H), holds $J_1$ to $J_N$.
# - Out: a list of N + 1 numbers: the norm of $d\ell_N/dh_{N-k}$ for the distances k = 0, 1, ..., N.
# - Answer: the letters in order, such as `"CAB"`.


# %% lines="q1"
def norms(gradient, jacobians):
    import numpy as np

    found = [np.linalg.norm(gradient)]
    backwards = jacobians[::-1]
    for J in backwards:
        gradient = gradient @ J
        found.append(np.linalg.norm(gradient))
    return found


### DISTRACTORS
#     found = []
#     backwards = jacobians
#         gradient = J @ gradient
#         found.append(found[-1] * np.linalg.norm(J, 2))

# %% [markdown] ask="q2" kind="number" points=1 minutes=4 difficulty=1 see="04a, The idea"
# ## At most
# The units of a network are logistic: $h_n = \sigma(V_x x_n + V_h h_{n-1} + c)$. The largest singular value of $V_h$ is
# 1.2. The gradient of the loss has the norm 8 at the last state.
#
# How large can it be, at most, four steps earlier, as far as these numbers tell? Answer with a number, to three
# decimals or more.

# %% answer="q2"
q2 = 8 * (1.2 / 4) ** 4  ### SOLUTION

# %% [markdown] ask="q3" points=2 minutes=6 difficulty=2 see="04a, The idea" uses=["numpy"]
# ## The Jacobian of one step
# Fill the two lines of `jacobian`.
#
# - In: `h`, a numpy array (H): the state $h_n = \tanh(V_x x_n + V_h h_{n-1} + c)$ *after* the step; `V_h`, (H, H).
# - Out: $dh_n/dh_{n-1}$, an array (H, H): row i, column j says how unit i of the new state follows unit j of the old.


# %% answer="q3"
def jacobian(h, V_h):
    """dh_n / dh_{n-1} of a tanh network, from the state after the step."""
    slope = 1 - h**2  ### SOLUTION
    return slope[:, None] * V_h  ### SOLUTION


# %% [markdown] ask="q4" kind="counterexample" points=3 minutes=10 difficulty=3 see="04a, Where it breaks"
# ## It vanishes, they said
# "All eigenvalues of the Jacobian are smaller than 1, so the gradient shrinks on its way back." Prove that this is
# wrong, with a constant Jacobian of two units and a gradient at the end.
#
# - Answer: a pair of a matrix and a row, such as `([[0.5, 0.1], [0.0, 0.5]], [1, 1])`. No entry of the matrix is larger
#   than 2, or smaller than -2, and the absolute values of both eigenvalues are below 0.95.
# - `judge` below says what your example shows; you are to make it say `"grows first"`.


# %% given="q4"
def judge(example):
    """What a matrix and a row say about the first five steps back."""
    J, row = np.array(example[0], dtype=float), np.array(example[1], dtype=float)
    if J.shape != (2, 2) or row.shape != (2,) or not row.any():
        return "this is not a 2 x 2 matrix and a row of two numbers that are not both 0"
    if abs(J).max() > 2:
        return "an entry of the matrix is larger than 2"
    if abs(np.linalg.eigvals(J)).max() >= 0.95:
        return "an eigenvalue is not below 0.95"
    grown = [np.linalg.norm(row @ np.linalg.matrix_power(J, k)) / np.linalg.norm(row) for k in range(1, 6)]
    if max(grown) > 1.5:
        return "grows first"
    if np.linalg.norm(J, 2) > 1.5:
        return "this row does not grow to 1.5 times its length, but another one would"
    return "one step of this matrix makes no row 1.5 times as long"


# %% answer="q4"
q4 = ([[0.5, 2.0], [0.0, 0.5]], [1, 0])  ### SOLUTION

# %% [markdown] ask="q5" points=3 minutes=9 difficulty=3 see="04b, The idea" uses=["numpy", "torch"]
# ## A shorter step the same way
# Write `clip(gradients, most)`: gradient clipping by the joint norm of all gradients.
#
# - In: `gradients`, a list of numpy arrays of any shapes, one for each parameter of a model; `most`, a number above 0.
# - Out: a new list of arrays. All their entries together form one long vector. If it is longer than `most`, it gets the
#   length `most` and keeps its direction; otherwise it stays as it is. All gradients may be 0.
# - Five digits count: the tiny number that some libraries add to the norm does no harm.


# %% answer="q5"
def clip(gradients, most):
    """Gradients whose joint norm is at most `most`."""
    ### BEGIN SOLUTION
    norm = math.sqrt(sum((g**2).sum() for g in gradients))
    factor = most / norm if norm > most else 1.0
    return [g * factor for g in gradients]
    ### END SOLUTION


# %% [markdown] ask="q6" kind="number" points=1 minutes=5 difficulty=3 see="04b, Where it breaks"
# ## Who remembers nothing
# In the adding problem a network reads many numbers, drawn evenly from 0 to 1 and independently. Two of them are
# marked, and at the end it must say their sum. The loss is the mean squared error.
#
# A network that remembers nothing can still give the best constant answer. Which loss does it have in the long run?
# Answer with a number, to three decimals or more.

# %% answer="q6"
q6 = 2 / 12  ### SOLUTION

# %% [markdown] ask="q7" points=3 minutes=9 difficulty=3 see="04b, Use it" uses=["numpy", "torch"]
# ## Neither longer nor shorter
# An orthogonal matrix leaves the length of every row as it is: good first weights for $V_h$. It comes from random
# numbers: write `orthogonal(draws)`.
#
# - In: `draws`, a numpy array (H, H), invertible.
# - Out: the orthogonal array Q (H, H) for which `draws` = Q R, where R is zero below its diagonal and has *positive*
#   numbers on it. There is exactly one. (`np.linalg.qr` does not care for the signs: from normal numbers, its Q would
#   not be equally likely to be any orthogonal matrix.)


# %% answer="q7"
def orthogonal(draws):
    """The orthogonal factor of a matrix, its signs fixed."""
    ### BEGIN SOLUTION
    q, r = np.linalg.qr(draws)
    return q * np.sign(np.diag(r))
    ### END SOLUTION


# %% [markdown] ask="q8" points=4 minutes=12 difficulty=3 see="04b, Build it" uses=["numpy", "torch"]
# ## A cell with a memory
# Write `lstm_step(x, h, c, W_x, W_h, b)`, one step of an LSTM:
#
# $$c' = f \odot c + i \odot g, \qquad h' = o \odot \tanh(c')$$
#
# with three gates $i$, $f$, $o$, each $\sigma$ of a sum, and the candidate $g$, tanh of a sum.
#
# - In: numpy arrays `x` (D), `h` and `c` (H); `W_x` (4H, D), `W_h` (4H, H) and `b` (4H) in torch's layout: the first H
#   rows belong to the input gate i, the next to the forget gate f, then come the candidate g and the output gate o.
# - Out: a pair of arrays `(h', c')`, (H) each.


# %% answer="q8"
def lstm_step(x, h, c, W_x, W_h, b):
    """One step of an LSTM: the new h and the new c."""
    ### BEGIN SOLUTION
    i, f, g, o = np.split(W_x @ x + W_h @ h + b, 4)
    i, f, o = (1 / (1 + np.exp(-z)) for z in (i, f, o))
    c = f * c + i * np.tanh(g)
    return o * np.tanh(c), c
    ### END SOLUTION


# %% [markdown] ask="q9" kind="counterexample" points=3 minutes=10 difficulty=3 see="04b, Build it"
# ## Told to keep
# `suspect` below is one unit of an LSTM, by an author who read weights in torch's layout: its first argument holds the
# sums of i, f, g and o, in this order. It learns short tasks well enough. Prove that it is wrong: tell it by its gates
# to keep what it has in c, and show that it does not.
#
# - Answer: a pair of the four sums and c, such as `((0.0, 0.0, 1.0, 0.0), 0.9)`: the sums between -9 and 9, and c
#   between -1 and 1, but at least 0.5 away from 0.
# - `verdict` below says what your example shows; you are to make it say `"it forgets"`.


# %% given="q9"
def logistic(z):
    return 1 / (1 + math.exp(-z))


def suspect(sums, c):
    """The state c of an LSTM's unit after one step."""
    keep, let_in, candidate = sums[0], sums[1], sums[2]
    return logistic(keep) * c + logistic(let_in) * math.tanh(candidate)


def verdict(example):
    """What four sums and a state show about `suspect`."""
    (i, f, g, o), c = [float(z) for z in example[0]], float(example[1])
    if max(abs(z) for z in (i, f, g, o)) > 9 or not 0.5 <= abs(c) <= 1:
        return "a sum is not between -9 and 9, or c is too small or too large"
    if logistic(f) < 0.95 or logistic(i) > 0.05:
        return "its gates do not tell it to keep c and to let nothing in"
    return "it forgets" if abs(suspect((i, f, g, o), c) - c) > 0.3 else "it keeps c, or something near it"


# %% answer="q9"
q9 = ((-6.0, 6.0, 0.0, 0.0), 0.9)  ### SOLUTION

# %% [markdown] ask="q10" points=4 minutes=14 difficulty=4 see="04b, Build it" uses=["numpy", "torch"]
# ## Two gates do it, too
# Write `gru_step(x, h, W_x, W_h, b_x, b_h)`, one step of a GRU as torch computes it:
#
# $$h' = (1 - z) \odot n + z \odot h, \qquad n = \tanh\big(a_n + r \odot u_n\big)$$
#
# Here $a$ = `W_x x + b_x` and $u$ = `W_h h + b_h`, cut into three parts each, in the order r, z, n; the gates are
# $r = \sigma(a_r + u_r)$ and $z = \sigma(a_z + u_z)$.
#
# - In: numpy arrays `x` (D), `h` (H), `W_x` (3H, D), `W_h` (3H, H), `b_x` and `b_h` (3H).
# - Out: the new state, an array (H).


# %% answer="q10"
def gru_step(x, h, W_x, W_h, b_x, b_h):
    """One step of a GRU whose reset gate acts after the matrix product."""
    ### BEGIN SOLUTION
    (a_r, a_z, a_n), (u_r, u_z, u_n) = np.split(W_x @ x + b_x, 3), np.split(W_h @ h + b_h, 3)
    r, z = 1 / (1 + np.exp(-a_r - u_r)), 1 / (1 + np.exp(-a_z - u_z))
    n = np.tanh(a_n + r * u_n)
    return (1 - z) * n + z * h
    ### END SOLUTION


# %% [markdown] ask="q11" points=4 minutes=10 difficulty=4 see="04b, Use it" uses=["numpy"]
# ## A path beside the path
# In a residual network each layer *adds* something to its input: $h_n = h_{n-1} + f_n(h_{n-1})$. Write
# `through(jacobians)`, which says what N such layers do to a gradient.
#
# - In: `jacobians`, a numpy array (N, H, H): entry n holds $df_n/dh_{n-1}$, of the added part alone, from the first
#   layer to the last. N is 1 or more.
# - Out: $dh_N/dh_0$, an array (H, H), whose rows belong to $h_N$.


# %% answer="q11"
def through(jacobians):
    """dh_N / dh_0 through N residual layers."""
    ### BEGIN SOLUTION
    product = np.eye(jacobians.shape[-1])
    for J in jacobians:
        product = product + J @ product
    return product
    ### END SOLUTION
