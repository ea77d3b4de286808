# %% [markdown]
# # 00 Toolbox: exercises
#
# Ten questions, 20 points, about an hour: one for each item of the placement quiz, so do those that the quiz sends you
# to. Each answer stands in one cell, where `...` waits for you. Running that cell checks the answer: a first miss names
# what is broken, a second one names the mistake if it is a well-known one, a third one says where to read again.
# Logarithms are natural, and vectors are lists of floats unless a question says otherwise.

# %%
import math

import numpy as np
import torch

# %% [markdown] ask="q1" kind="choice" points=1 minutes=3 difficulty=1 see="00a, The idea" options="ABCD"
# ## Eight predictions
# A model's predictions are a tensor `p` of shape `(8, 1)`, the targets a tensor `t` of shape `(8,)`. The loss is
# `((p - t) ** 2).mean()`. Of how many squared differences is it the mean?
#
# - **A.** 8: prediction number 1 meets target number 1, and so on.
# - **B.** 64: each prediction meets each target.
# - **C.** None: two tensors with a different number of axes cannot be subtracted, so the line raises an error.
# - **D.** 1: the second axis of `p` has length 1, and the mean is taken along it.
#
# Answer with a letter, such as `"A"`.

# %% answer="q1"
q1 = "B"  ### SOLUTION

# %% [markdown] ask="q2" points=2 minutes=7 difficulty=2 see="00a, Build it" uses=["numpy", "torch"]
# ## A softmax that survives
# Write `log_softmax(scores)`.
#
# - In: a list of N floats, N at least 1. They may be as large as 1000 or as small as -2000, and some of them (not all)
#   may be `-math.inf`, as a mask makes them.
# - Out: a list of N floats, the natural logarithm of each score's softmax probability. Where the score is `-math.inf`,
#   so is the result, and nowhere else.


# %% answer="q2"
def log_softmax(scores):
    """Logarithm of the softmax of a list of scores."""
    ### BEGIN SOLUTION
    top = max(scores)
    log_sum = top + math.log(sum(math.exp(score - top) for score in scores))
    return [score - log_sum for score in scores]
    ### END SOLUTION


# %% [markdown] ask="q3" kind="number" points=2 minutes=4 difficulty=2 see="00a, Measure it"
# ## The price of a wrong forecast
# Tomorrow is sunny with probability 1/2, cloudy with 1/4, rainy with 1/4. A model believes 1/8, 1/8 and 3/4. On average
# over many such days its surprise is larger than that of a forecaster who knows the true probabilities. By how much, in
# nats a day?
#
# Work it out by hand or in the cell; answer with a number, to three decimals or more.

# %% answer="q3"
q3 = math.log(4) / 2 + math.log(2) / 4 + math.log(1 / 3) / 4  ### SOLUTION

# %% [markdown] ask="q4" kind="counterexample" points=2 minutes=5 difficulty=2 see="00a, Where it breaks"
# ## The same numbers, another sum
# On paper a sum does not depend on the order. In a computer it does, which is one reason why two devices give two
# losses for one model. Find three numbers whose float32 sum from left to right is not the one from right to left.
#
# - Answer: a list of three numbers, such as `[1.0, 2.0, 3.0]`.
# - `verdict` below says what your numbers show; you are to make it say `"the order matters"`.


# %% given="q4"
def add_up(numbers):
    """The sum from left to right, where each step is rounded to float32."""
    total = np.float32(0)
    with np.errstate(all="ignore"):
        for number in numbers:
            total = total + np.float32(number)
    return float(total)


def verdict(numbers):
    """What three numbers show about float32 sums."""
    if len(numbers) != 3:
        return "these are not three numbers"
    right, left = add_up(numbers), add_up(numbers[::-1])
    if not math.isfinite(right) or not math.isfinite(left):
        return "a sum is not finite"
    if right != left:
        return "the order matters"
    exact = math.fsum(float(np.float32(number)) for number in numbers)
    return "the two sums agree, and nothing was rounded" if right == exact else "the two sums agree, rounded alike"


# %% answer="q4"
q4 = [1e8, -1e8, 1.0]  ### SOLUTION

# %% [markdown] ask="q5" points=2 minutes=7 difficulty=3 see="00b, The idea" uses=["numpy", "torch"]
# ## Two Jacobians in a row
# The chain is $y = Wx$, $z = \tanh(y)$, $f = v \cdot z$. Write `gradient(W, x, v)`, the gradient of $f$ with respect to
# $x$. Multiply the Jacobians yourself; autograd may tell you whether you are right.
#
# - In: three float64 tensors: `W` of shape `(M, N)`, `x` of shape `(N,)`, `v` of shape `(M,)`.
# - Out: a tensor of shape `(N,)`.
# - To remember: the derivative of tanh at y is 1 - tanh(y)².


# %% answer="q5"
def gradient(W, x, v):
    """Gradient of v · tanh(W x) with respect to x."""
    ### BEGIN SOLUTION
    z = torch.tanh(W @ x)
    return W.T @ (v * (1 - z**2))
    ### END SOLUTION


# %% [markdown] ask="q6" kind="order" points=2 minutes=8 difficulty=3 see="00b, Build it"
# ## Autograd in a dozen lines
# Put the lines in order so that they make `gradients`: it runs a small program forward, then backward. Some lines do
# not belong to it.
#
# - In: `inputs`, a list of floats, and `steps`, a list such as `[("mul", 0, 1), ("add", 2, 0)]`. Numbers name nodes:
#   the inputs are nodes 0, 1, ..., and each step makes the next node from two that are there already. With two inputs
#   the example computes `x0 * x1 + x0`.
# - Out: a list with the derivative of the last node with respect to each input.
# - Answer: the letters in order, such as `"CAB"`.


# %% lines="q6"
def gradients(inputs, steps):
    values = list(inputs)
    first = len(inputs)
    for op, i, j in steps:
        values.append(values[i] + values[j] if op == "add" else values[i] * values[j])
    slopes = [0.0] * len(values)
    slopes[-1] = 1.0
    for node in reversed(range(first, len(values))):
        op, i, j = steps[node - first]
        slopes[i] += slopes[node] * (1.0 if op == "add" else values[j])
        slopes[j] += slopes[node] * (1.0 if op == "add" else values[i])
    return slopes[:first]


### DISTRACTORS
#     for node in range(first, len(values)):
#         slopes[i] = slopes[node] * (1.0 if op == "add" else values[j])
#         slopes[j] = slopes[node] * (1.0 if op == "add" else values[i])
#         slopes[i] += slopes[node] * (1.0 if op == "add" else values[i])
#         slopes[j] += slopes[node] * (1.0 if op == "add" else values[j])

# %% [markdown] ask="q7" kind="class" points=2 minutes=6 difficulty=3 see="00b, Use it" uses=["numpy", "torch"]
# ## A ball that rolls
# Write the class `Momentum`, gradient descent with a velocity u of the weights w:
# $u \leftarrow \beta u + g$, then $w \leftarrow w - \eta u$. The velocity starts at 0.
#
# - `Momentum(lr, beta)`: the learning rate $\eta$, and $\beta$ between 0 and 1.
# - `step(weights, gradient)`: two lists of D floats; returns the new weights, a list of D floats. The optimiser
#   remembers its velocity from step to step.


# %% answer="q7"
class Momentum:
    """Gradient descent with momentum over a list of weights."""

    ### BEGIN SOLUTION
    def __init__(self, lr, beta):
        self.lr, self.beta, self.velocity = lr, beta, None

    def step(self, weights, gradient):
        old = self.velocity or [0.0] * len(weights)
        self.velocity = [self.beta * u + g for u, g in zip(old, gradient)]  # noqa: B905
        return [w - self.lr * u for w, u in zip(weights, self.velocity)]  # noqa: B905

    ### END SOLUTION


# %% [markdown] ask="q8" points=3 minutes=8 difficulty=3 see="00b, Use it" uses=["numpy", "torch"]
# ## One step of AdamW
# Write `adamw(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay)`: one step of AdamW for one weight.
#
# - In: ten numbers. `weight` and its `gradient`; `mean` and `square`, the running means of the gradient and of its
#   square as they were before this step; `step`, the number of this step, 1 for the first; the learning rate `lr`; the
#   two betas; `eps`, which is added to the root; `decay`, the weight decay, decoupled from the gradient and scaled by
#   `lr`.
# - Out: a tuple of three floats: the new weight, and the two running means that the next step starts from.


# %% answer="q8"
def adamw(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
    """One AdamW step of one weight: (weight, mean, square)."""
    ### BEGIN SOLUTION
    mean = beta1 * mean + (1 - beta1) * gradient
    square = beta2 * square + (1 - beta2) * gradient**2
    mean_hat = mean / (1 - beta1**step)
    square_hat = square / (1 - beta2**step)
    change = mean_hat / (math.sqrt(square_hat) + eps) + decay * weight
    return weight - lr * change, mean, square
    ### END SOLUTION


# %% [markdown] ask="q9" points=2 minutes=6 difficulty=3 see="00b, Use it" uses=["numpy", "torch"]
# ## Warm up, then cool down
# Write `learning_rate(step, steps, warmup, peak)`.
#
# - In: `step`, the number of a step, from 0; `steps`, how many the training has; `warmup`, how many of them warm up (0
#   or more, less than `steps`); `peak`, the highest learning rate.
# - Out: the learning rate of this step, a float. In the warm-up it rises in a line: step 0 has `peak / (warmup + 1)`,
#   and step number `warmup` is the first that has the whole `peak`. From there it falls along half a cosine, which
#   reaches 0 at step number `steps`, and there it stays, should training go on.


# %% answer="q9"
def learning_rate(step, steps, warmup, peak):
    """Linear warm-up, then half a cosine down to 0."""
    ### BEGIN SOLUTION
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    done = (min(step, steps) - warmup) / (steps - warmup)
    return peak * (1 + math.cos(math.pi * done)) / 2
    ### END SOLUTION


# %% [markdown] ask="q10" points=2 minutes=6 difficulty=3 see="00b, Measure it" uses=["numpy", "torch"]
# ## The number that you may report
# You trained a few models and kept their losses after each epoch. Choose the model and the epoch, and report one honest
# test loss. Write `report(runs)`.
#
# - In: a list of runs. Each is a dict with the keys `"train"`, `"valid"` and `"test"`, and under each a list of floats,
#   the loss on that split after each epoch (at least one). Runs may differ in length. No two losses are equal.
# - Out: a tuple `(run, epoch, loss)`: the position of the chosen run, the position of the chosen epoch, both from 0,
#   and the loss on the test split that you report.
# - The reported loss must stay an unbiased estimate: nothing may be chosen by the test split.


# %% answer="q10"
def report(runs):
    """(run, epoch, test loss) of the model that may be chosen without the test split."""
    ### BEGIN SOLUTION
    candidates = [(loss, r, e) for r, run in enumerate(runs) for e, loss in enumerate(run["valid"])]
    _, best_run, best_epoch = min(candidates)
    return best_run, best_epoch, runs[best_run]["test"][best_epoch]
    ### END SOLUTION
