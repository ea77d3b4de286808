"""Other right answers, and the well-known mistakes: (hint, one writing, another writing)."""

import math
from fractions import Fraction

import numpy as np
import torch

# q2: Python raises where numpy returns nan or infinity, so each overflow is known in both


def q2_numpy(scores):
    x = np.array(scores)
    x = x - x.max()
    return x - np.log(np.exp(x).sum())


def q2_torch(scores):
    return torch.log_softmax(torch.tensor(scores, dtype=torch.float64), 0).tolist()


def q2_pairwise(scores):
    total = scores[0]
    for score in scores[1:]:
        low, high = sorted((total, score))
        total = high + math.log1p(math.exp(low - high)) if high > -math.inf else high
    return [score - total for score in scores]


def quiet(function):
    def call(*args):
        with np.errstate(all="ignore"):
            return function(*args)

    return call


def shifted(scores):
    return [math.exp(score - max(scores)) for score in scores]


def lse(scores):
    return max(scores) + math.log(sum(shifted(scores)))


def q2_quotient(scores):
    total = sum(math.exp(score) for score in scores)
    return [math.log(math.exp(score) / total) for score in scores]


def q2_quotient_again(scores):
    powers = [math.e**score for score in scores]
    return [math.log(power / sum(powers)) for power in powers]


def q2_sum(scores):
    total = sum(math.exp(score) for score in scores)
    return [score - math.log(total) for score in scores]


def q2_sum_again(scores):
    log_sum = math.log(math.fsum(map(math.exp, scores)))
    return [score - log_sum for score in scores]


def q2_late_log(scores):
    powers = shifted(scores)
    return [math.log(power / sum(powers)) for power in powers]


def q2_late_log_again(scores):
    out, below = [], sum(shifted(scores))
    for score in scores:
        out.append(math.log(math.exp(score - max(scores)) / below))
    return out


# q5


def q5_autograd(W, x, v):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(v @ torch.tanh(W @ x), x)[0]


def q5_jacobians(W, x, v):
    inner = torch.diag(1 / torch.cosh(W @ x) ** 2)
    return torch.einsum("m,mk,kn->n", v, inner, W)


def z(W, x):
    return torch.tanh(W @ x)


# q6: programs out of the lines that students get

LEFT = '        slopes[i] += slopes[node] * (1.0 if op == "add" else values[j])\n'
RIGHT_LINE = '        slopes[j] += slopes[node] * (1.0 if op == "add" else values[i])\n'
LEFT_OWN = '        slopes[i] += slopes[node] * (1.0 if op == "add" else values[i])\n'
RIGHT_OWN = '        slopes[j] += slopes[node] * (1.0 if op == "add" else values[j])\n'


def program(first=True, one="    slopes[-1] = 1.0\n", order="reversed(range(first, len(values)))", back=LEFT + RIGHT_LINE):
    """`first` and what follows it may stand in either order."""
    heads = ["    values = list(inputs)\n", "    first = len(inputs)\n"]
    return (
        "def gradients(inputs, steps):\n"
        + "".join(heads if first else heads[::-1])
        + "    for op, i, j in steps:\n"
        + '        values.append(values[i] + values[j] if op == "add" else values[i] * values[j])\n'
        + "    slopes = [0.0] * len(values)\n"
        + one
        + f"    for node in {order}:\n"
        + "        op, i, j = steps[node - first]\n"
        + back
        + "    return slopes[:first]\n"
    )


def twice(**changes):
    """One mistake in two programs."""
    return program(**changes), program(first=False, **changes)


# q7


class Rolling:
    """A right optimiser with a place where the mistakes go in."""

    def __init__(self, lr, beta):
        self.lr, self.beta, self.u = lr, beta, None

    def step(self, weights, gradient):
        self.u = self.u or [0.0 for _ in weights]
        return [self.one(i, w, g) for i, (w, g) in enumerate(zip(weights, gradient))]

    def one(self, i, w, g):
        self.u[i] = self.beta * self.u[i] + g
        return w - self.lr * self.u[i]


class Arrays:
    """Another right optimiser: arrays, and the learning rate inside the velocity."""

    def __init__(self, lr, beta):
        self.lr, self.beta, self.u = lr, beta, 0

    def step(self, weights, gradient):
        return self.move(np.array(weights), np.array(gradient)).tolist()

    def move(self, w, g):
        self.u = self.beta * self.u - self.lr * g
        return w + self.u


class Past:
    """A third one: it keeps all gradients and weighs them anew."""

    def __init__(self, lr, beta):
        self.lr, self.beta, self.past = lr, beta, []

    def step(self, weights, gradient):
        self.past.insert(0, gradient)
        return [w - self.lr * sum(self.beta**age * g[i] for age, g in enumerate(self.past)) for i, w in enumerate(weights)]


class NoMemory(Rolling):
    def one(self, i, w, g):
        return w - self.lr * g


class NoMemoryAgain(Arrays):
    def move(self, w, g):
        return w - self.lr * (self.beta * 0 + g)


class Mean(Rolling):
    def one(self, i, w, g):
        self.u[i] = self.beta * self.u[i] + (1 - self.beta) * g
        return w - self.lr * self.u[i]


class MeanAgain(Arrays):
    def move(self, w, g):
        self.u = self.u + (1 - self.beta) * (g - self.u)
        return w - self.lr * self.u


class Uphill(Rolling):
    def one(self, i, w, g):
        self.u[i] = self.beta * self.u[i] + g
        return w + self.lr * self.u[i]


class UphillAgain(Arrays):
    def move(self, w, g):
        self.u = self.beta * self.u + self.lr * g
        return w + self.u


class Late(Rolling):
    def one(self, i, w, g):
        new = w - self.lr * self.u[i]
        self.u[i] = self.beta * self.u[i] + g
        return new


class LateAgain(Arrays):
    def move(self, w, g):
        old, self.u = self.u, self.beta * self.u + g
        return w - self.lr * old


class Nesterov(Rolling):
    def one(self, i, w, g):
        self.u[i] = self.beta * self.u[i] + g
        return w - self.lr * (g + self.beta * self.u[i])


class NesterovAgain(Arrays):
    def move(self, w, g):
        self.u = self.beta * self.u - self.lr * g
        return w + self.beta * self.u - self.lr * g


class RateTwice(Rolling):
    def one(self, i, w, g):
        self.u[i] = self.beta * self.u[i] + self.lr * g
        return w - self.lr * self.u[i]


class RateTwiceAgain(Arrays):
    def move(self, w, g):
        self.u = self.beta * self.u - self.lr * g
        return w + self.lr * self.u


class BetaOnGradient(Rolling):
    def one(self, i, w, g):
        self.u[i] = self.u[i] + self.beta * g
        return w - self.lr * self.u[i]


class BetaOnGradientAgain(Arrays):
    def move(self, w, g):
        self.u = self.u - self.lr * self.beta * g
        return w + self.u


class NoFriction(Rolling):
    def one(self, i, w, g):
        self.u[i] += g
        return w - self.lr * self.u[i]


class NoFrictionAgain(Arrays):
    def move(self, w, g):
        self.u = self.u - self.lr * g
        return w + self.u


class ReturnsVelocity(Rolling):
    def one(self, i, w, g):
        self.u[i] = self.beta * self.u[i] + g
        return self.u[i]


class ReturnsVelocityAgain(Arrays):
    def move(self, w, g):
        self.u = self.beta * self.u + g
        return self.u


# q8


def q8_decay_first(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
    weight *= 1 - lr * decay
    mean += (1 - beta1) * (gradient - mean)
    square += (1 - beta2) * (gradient * gradient - square)
    weight -= lr * (mean / (1 - beta1**step)) / ((square / (1 - beta2**step)) ** 0.5 + eps)
    return weight, mean, square


def q8_one_rate(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
    m, s = np.array([beta1, beta2]) * [mean, square] + np.array([1 - beta1, 1 - beta2]) * [gradient, gradient**2]
    root = np.sqrt(1 - beta2**step)
    rate = lr * root / (1 - beta1**step)
    return weight - rate * m / (np.sqrt(s) + eps * root) - lr * decay * weight, m, s


def adamw_like(coupled=False, shift=0, corrected=(True, True), inside=False, root=True, own_rate=False, keep_hats=False,
               squared=True, late=False, betas=1, sign=1, power=True, decays=True, old_mean=False, turned=False, of_mean=False):  # fmt: skip
    """An AdamW with places where the mistakes go in."""

    def step_of(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
        if coupled:
            gradient, decay = gradient + decay * weight, 0
        if betas < 0:
            beta1, beta2 = beta2, beta1
        before, t = mean, step + shift
        keep1, keep2 = (1 - beta1, 1 - beta2) if turned else (beta1, beta2)
        mean = keep1 * mean + (1 - keep1) * gradient
        square = keep2 * square + (1 - keep2) * (mean**2 if of_mean else gradient**2 if squared else gradient)
        m = (before if old_mean else mean) / ((1 - (beta1**t if power else beta1)) if corrected[0] else 1)
        s = square / ((1 - (beta2**t if power else beta2)) if corrected[1] else 1)
        below = math.sqrt(s + eps) if inside else (math.sqrt(s) if root else s) + eps
        new = weight - lr * m / below
        if decays:
            new -= sign * (1 if own_rate else lr) * decay * (new if late else weight)
        return (new, m, s) if keep_hats else (new, mean, square)

    return step_of


def q8_coupled(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
    gradient += decay * weight
    return q8_one_rate(weight, gradient, mean, square, step, lr, beta1, beta2, eps, 0)


def q8_no_correction(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
    m = beta1 * mean + (1 - beta1) * gradient
    s = beta2 * square + (1 - beta2) * gradient**2
    return weight * (1 - lr * decay) - lr * m / (s**0.5 + eps), m, s


def q8_from_zero(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
    m = beta1 * mean + (1 - beta1) * gradient
    s = beta2 * square + (1 - beta2) * gradient**2
    m_hat, s_hat = m / (1 - math.pow(beta1, step - 1)), s / (1 - math.pow(beta2, step - 1))
    return weight - lr * (m_hat / (s_hat**0.5 + eps) + decay * weight), m, s


def q8_later(change):
    """Another writing: a right step, changed afterwards."""

    def step_of(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
        m = mean - (1 - beta1) * (mean - gradient)
        s = square - (1 - beta2) * (square - gradient * gradient)
        m_hat, s_hat = m / (1 - beta1**step), s / (1 - beta2**step)
        return change(weight, m, s, m_hat, s_hat, lr, eps, decay)

    return step_of


def q8_next_step(weight, gradient, mean, square, step, *rest):
    """The means are right, the corrections are those of the next step."""
    lr, beta1, beta2, eps, decay = rest
    m, s = beta1 * mean + (1 - beta1) * gradient, beta2 * square + (1 - beta2) * gradient**2
    m_hat, s_hat = (x / (1 - b ** (step + 1)) for x, b in ((m, beta1), (s, beta2)))
    return (1 - lr * decay) * weight - lr * m_hat / (s_hat**0.5 + eps), m, s


def q8_swapped(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
    return q8_decay_first(weight, gradient, mean, square, step, lr, beta2, beta1, eps, decay)


def q8_half_corrected(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
    m, s = beta1 * mean + (1 - beta1) * gradient, beta2 * square + (1 - beta2) * gradient**2
    return weight * (1 - lr * decay) - lr / (1 - beta1**step) * m / (s**0.5 + eps), m, s


def q8_no_power(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
    m, s = beta1 * mean + (1 - beta1) * gradient, beta2 * square + (1 - beta2) * gradient**2
    m_hat, s_hat = m / (1 - beta1), s / (1 - beta2)
    return weight * (1 - lr * decay) - lr * m_hat / (s_hat**0.5 + eps), m, s


def q8_turned(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
    m, s = mean + beta1 * (gradient - mean), square + beta2 * (gradient**2 - square)
    m_hat, s_hat = m / (1 - beta1**step), s / (1 - beta2**step)
    return weight * (1 - lr * decay) - lr * m_hat / (s_hat**0.5 + eps), m, s


def q8_of_mean(weight, gradient, mean, square, step, lr, beta1, beta2, eps, decay):
    m = mean + (1 - beta1) * (gradient - mean)
    s = square + (1 - beta2) * (m * m - square)
    m_hat, s_hat = m / (1 - beta1**step), s / (1 - beta2**step)
    return weight * (1 - lr * decay) - lr * m_hat / (s_hat**0.5 + eps), m, s


# q9


def q9_half_angle(step, steps, warmup, peak):
    if step <= warmup:
        return peak * (1 + step) / (1 + warmup)
    if step >= steps:
        return 0
    return peak * math.cos(math.pi / 2 * (step - warmup) / (steps - warmup)) ** 2


def q9_table(step, steps, warmup, peak):
    rise = [(s + 1) / (warmup + 1) for s in range(warmup)]
    fall = [0.5 * (1 + np.cos(np.pi * k / (steps - warmup))) for k in range(steps - warmup)]
    return peak * [*rise, *fall, *[0.0] * (step + 1)][step]


def schedule(rise=lambda s, w: (s + 1) / (w + 1), done=lambda s, n, w: (min(s, n) - w) / (n - w),
             fall=lambda x: (1 + math.cos(math.pi * x)) / 2, until=0):  # fmt: skip
    """A schedule with places where the mistakes go in."""

    def rate(step, steps, warmup, peak):
        if step < warmup + until:
            return peak * rise(step, warmup)
        return peak * fall(done(step, steps, warmup))

    return rate


def q9_from_zero(step, steps, warmup, peak):
    return peak * step / warmup if step < warmup else q9_half_angle(step, steps, warmup, peak)


def q9_too_early(step, steps, warmup, peak):
    return peak / warmup * (step + 1) if step < warmup else q9_table(step, steps, warmup, peak)


def q9_no_shift(step, steps, warmup, peak):
    if step < warmup:
        return q9_table(step, steps, warmup, peak)
    return peak * 0.5 * (1 + np.cos(np.pi * np.minimum(1, step / steps)))


def q9_no_shift_above(step, steps, warmup, peak):
    if step < warmup:
        return q9_table(step, steps, warmup, peak)
    return peak * math.cos(math.pi / 2 * (min(step, steps) - warmup) / steps) ** 2


def q9_linear(step, steps, warmup, peak):
    return min(peak * (step + 1) / (warmup + 1), peak * max(0, steps - step) / (steps - warmup))


def q9_again(change):
    """Another writing: a right warm-up, then `change(done share, peak)`."""

    def rate(step, steps, warmup, peak):
        if step < warmup:
            return q9_table(step, steps, warmup, peak)
        return change(np.clip((step - warmup) / (steps - warmup), 0, 1), peak)

    return rate


def q9_back_up(step, steps, warmup, peak):
    if step < warmup:
        return q9_table(step, steps, warmup, peak)
    return peak * math.cos(math.pi / 2 * (step - warmup) / (steps - warmup)) ** 2


def q9_one_short(step, steps, warmup, peak):
    return q9_half_angle(step, steps - 1, warmup, peak) if step >= warmup else q9_half_angle(step, steps, warmup, peak)


def q9_divides(step, steps, warmup, peak):
    return peak * step / warmup if step <= warmup else q9_half_angle(step, steps, warmup, peak)


def q9_divides_again(step, steps, warmup, peak):
    slope = peak / warmup
    return slope * step if step < warmup else q9_table(step, steps, warmup, peak)


# q10


def q10_loops(runs):
    best = (math.inf, 0, 0)
    for r, run in enumerate(runs):
        for e in range(len(run["valid"])):
            if run["valid"][e] < best[0]:
                best = (run["valid"][e], r, e)
    return best[1], best[2], runs[best[1]]["test"][best[2]]


def q10_numpy(runs):
    epochs = [int(np.argmin(run["valid"])) for run in runs]
    chosen = int(np.argmin([run["valid"][e] for run, e in zip(runs, epochs)]))
    return [chosen, epochs[chosen], np.array(runs[chosen]["test"])[epochs[chosen]]]


def chosen_by(split, worst=False):
    """(run, epoch) of the lowest loss on a split."""

    def choose(runs):
        places = [(r, e) for r, run in enumerate(runs) for e in range(len(run[split]))]
        return (max if worst else min)(places, key=lambda place: runs[place[0]][split][place[1]])

    return choose


def reports(choose, split="test", start=0):
    def answer(runs):
        r, e = choose(runs)
        return r, e + start, runs[r][split][e]

    return answer


def by(split, found=min):
    """Another writing: the (run, epoch) by sorting out each run first."""

    def answer(runs):
        r = found(range(len(runs)), key=lambda r: found(runs[r][split]))
        e = runs[r][split].index(found(runs[r][split]))
        return r, e, runs[r]["test"][e]

    return answer


def q10_last(runs):
    r = min(range(len(runs)), key=lambda r: runs[r]["valid"][-1])
    return r, len(runs[r]["valid"]) - 1, runs[r]["test"][-1]


def q10_last_again(runs):
    _, r, e, loss = min((run["valid"][-1], r, len(run["test"]) - 1, run["test"][-1]) for r, run in enumerate(runs))
    return r, e, loss


def q10_test_between_runs(runs):
    epochs = [run["valid"].index(min(run["valid"])) for run in runs]
    r = min(range(len(runs)), key=lambda r: runs[r]["test"][epochs[r]])
    return r, epochs[r], runs[r]["test"][epochs[r]]


def q10_test_between_runs_again(runs):
    found = []
    for r, run in enumerate(runs):
        e = int(np.argmin(run["valid"]))
        found.append((run["test"][e], r, e))
    loss, r, e = min(found)
    return r, e, loss


def q10_test_between_epochs(runs):
    r = min(range(len(runs)), key=lambda r: min(runs[r]["valid"]))
    e = runs[r]["test"].index(min(runs[r]["test"]))
    return r, e, runs[r]["test"][e]


def q10_test_between_epochs_again(runs):
    r = int(np.argmin([np.min(run["valid"]) for run in runs]))
    return r, int(np.argmin(runs[r]["test"])), float(np.min(runs[r]["test"]))


def q10_lowest_of_run(runs):
    r, e = chosen_by("valid")(runs)
    return r, e, min(runs[r]["test"])


def q10_lowest_of_run_again(runs):
    r, e, _ = q10_numpy(runs)
    return r, e, float(np.min(runs[r]["test"]))


def q10_last_of_run(runs):
    r, e = chosen_by("valid")(runs)
    return r, e, runs[r]["test"][-1]


def q10_last_of_run_again(runs):
    r, e, _ = q10_numpy(runs)
    return r, e, runs[r]["test"][len(runs[r]["test"]) - 1]


def q10_run_then_last(runs):
    r, _, _ = q10_loops(runs)
    return r, len(runs[r]["valid"]) - 1, runs[r]["test"][-1]


def q10_run_then_last_again(runs):
    _, r = min((min(run["valid"]), r) for r, run in enumerate(runs))
    e = len(runs[r]["train"]) - 1
    return r, e, runs[r]["test"][e]


def q10_test_run(runs):
    r = min(range(len(runs)), key=lambda r: min(runs[r]["test"]))
    e = runs[r]["valid"].index(min(runs[r]["valid"]))
    return r, e, runs[r]["test"][e]


def q10_test_run_again(runs):
    r = int(np.argmin([np.min(run["test"]) for run in runs]))
    e = int(np.argmin(runs[r]["valid"]))
    return r, e, runs[r]["test"][e]


def q10_runs_by_last(runs):
    r = min(range(len(runs)), key=lambda r: runs[r]["valid"][-1])
    e = runs[r]["valid"].index(min(runs[r]["valid"]))
    return r, e, runs[r]["test"][e]


def q10_runs_by_last_again(runs):
    best = min(runs, key=lambda run: run["valid"][-1])
    e = int(np.argmin(best["valid"]))
    return runs.index(best), e, best["test"][e]


RIGHT = {
    "q1": ["b", ["B"]],
    "q2": [q2_numpy, q2_torch, q2_pairwise],
    "q3": [0.5918, Fraction(592, 1000)],
    "q4": [[1.0, -1e8, 1e8], (np.float32(2**24), 1, 1)],
    "q5": [q5_autograd, q5_jacobians],
    "q6": [program(first=False), program(back=RIGHT_LINE + LEFT)],
    "q7": [Rolling, Arrays, Past],
    "q8": [q8_decay_first, q8_one_rate, adamw_like()],
    "q9": [q9_half_angle, q9_table],
    "q10": [q10_loops, q10_numpy],
}

WRONG = {
    "q1": [
        ("Broadcasting aligns shapes from the right. Write the two below each other, fill up the shorter one with 1: which "
         "shape has the difference?", "A", "a"),
        ("A missing axis on the left is filled up with a 1, and an axis of length 1 is stretched: no error, and that is the "
         "trouble.", "C", ["c"]),
        ("A mean without an axis runs over all numbers of the difference. Which shape does the difference have?", "D", "d)"),
    ],
    "q2": [
        ("exp(1000) is larger than any float, and exp(-1000) is 0. Which number may be subtracted from all scores without "
         "changing the softmax?", q2_quotient, q2_quotient_again),
        ("exp(1000) is infinite and exp(-1000) is 0 in floating point, so your quotient is nan. Which number may be subtracted "
         "from all scores without changing the softmax?",
         quiet(lambda scores: np.log(np.exp(scores) / np.exp(scores).sum()).tolist()),
         quiet(lambda scores: torch.log(torch.exp(x := torch.tensor(scores).double()) / torch.exp(x).sum()).tolist())),
        ("The sum of exponentials overflows, or is 0, before you take its logarithm. Make its largest term 1 first.", q2_sum, q2_sum_again),
        ("The sum of exponentials becomes infinite, or 0, before its logarithm is taken. Make its largest term 1 first.",
         quiet(lambda scores: (np.array(scores) - np.log(np.exp(scores).sum())).tolist()),
         quiet(lambda scores: [float(s - np.log(sum(np.exp(t) for t in scores))) for s in scores])),
        ("The largest score is taken off, good; but a probability of exp(-2000) is 0, and log(0) is an error. Is the way "
         "through the probability needed at all?", q2_late_log, q2_late_log_again),
        ("The largest score is taken off, good; but exp(-2000) is 0 in floating point, and its logarithm is lost. Is the way "
         "through the probability needed at all?",
         lambda scores: torch.softmax(torch.tensor(scores).double(), 0).log().tolist(),
         quiet(lambda scores: np.log(np.exp(np.array(scores) - max(scores)) / np.exp(np.array(scores) - max(scores)).sum()))),
        ("These are probabilities: their logarithms are asked for.",
         lambda scores: [p / sum(shifted(scores)) for p in shifted(scores)],
         lambda scores: torch.softmax(torch.tensor(scores).double(), 0).tolist()),
        ("The largest score was taken off inside the sum, but not given back: score and sum are shifted by different amounts.",
         lambda scores: [s - math.log(sum(shifted(scores))) for s in scores],
         quiet(lambda scores: np.array(scores) - np.log(np.exp(np.array(scores) - max(scores)).sum()))),
        ("That is the log-sum-exp, one number for all scores; the softmax has one for each.",
         lse, lambda scores: float(torch.logsumexp(torch.tensor(scores).double(), 0))),
        ("The logarithm of a probability is never above 0: which sign has yours?",
         lambda scores: [lse(scores) - s for s in scores],
         lambda scores: (-torch.log_softmax(torch.tensor(scores).double(), 0)).tolist()),
        ("Natural logarithms are asked for: yours have the base 2.",
         lambda scores: [(s - lse(scores)) / math.log(2) for s in scores],
         lambda scores: (torch.log_softmax(torch.tensor(scores).double(), 0) * math.log2(math.e)).tolist()),
        ("The largest score was taken off outside, but not inside the sum: score and sum are shifted by different amounts.",
         quiet(lambda scores: (np.array(scores) - max(scores) - np.log(np.exp(scores).sum())).tolist()),
         quiet(lambda scores: [float(s - np.log(sum(np.exp(t) for t in scores)) - max(scores)) for s in scores])),
    ],
    "q3": [
        ("That is the surprise of the one who knows the probabilities. How much larger is the model's?", 1.0397, 1.5 * math.log(2)),
        ("That is the model's whole surprise. A part of it no forecaster could avoid.", 1.6315, Fraction(16315, 10000)),
        ("Which of the two decides how often each weather happens, the world or the model? Its probabilities are the weights.",
         0.564, 0.5640),
        ("Both are averages over the days as the world makes them: the entropy of the model's own belief is not asked for.",
         0.7356, Fraction(7356, 10000)),
        ("That many bits: how many nats is one bit?", 0.8538, Fraction(8538, 10000)),
        ("A wrong belief never lowers the mean surprise: which sign has your difference?", -0.5918, Fraction(-592, 1000)),
        ("Surprise is a logarithm, and the model's is averaged with the true probabilities as weights; yours is averaged with the "
         "model's.", 1.2997, Fraction(12997, 10000)),
        ("You subtract the entropies of the two forecasts. The model's surprise is met as often as the world says, not as "
         "often as the model believes.", 0.3041, -0.3041 + 0.6082),
        ("You subtract the entropies of the two forecasts, and the difference is below 0. The model's surprise is met as often as the "
         "world says, not as often as the model believes.", -0.3041, Fraction(-3041, 10000)),
        ("From the model's surprise you take off the surprise that it expects. What would the best forecaster pay?",
         0.8959, Fraction(8959, 10000)),
    ],
    "q4": [
        ("Whole numbers of this size, and fractions such as 0.5, are exact in float32, and so are their sums. Rounding needs "
         "numbers of very different size.", [1.0, 2.0, 3.0], (0.5, 0.25, 4)),
        ("A sum was rounded, but equally in both orders. What if two of the three cancel, early in one order and late in the other?",
         [1e8, 1.0, -1e8], (1e8, 1, 1e8)),
        ("Infinity is not what is meant: float32 ends near 3e38.", [1e39, -1e39, 1.0], (3e38, 3e38, -3e38)),
        ("Three numbers, please: neither fewer nor more.", [1e8, 1.0], [1e8, -1e8, 1.0, 1.0]),
    ],
    "q5": [
        ("The last factor is missing: y moves with x by W.", lambda W, x, v: v * (1 - z(W, x) ** 2),
         lambda W, x, v: v / torch.cosh(W @ x) ** 2),
        ("tanh is left out of the chain: its Jacobian stands between the two others.", lambda W, x, v: W.T @ v,
         lambda W, x, v: torch.einsum("mn,m->n", W, v)),
        ("The first factor is missing: f weighs the parts of z by v.", lambda W, x, v: W.T @ (1 - z(W, x) ** 2),
         lambda W, x, v: (1 - torch.tanh(x @ W.T) ** 2) @ W),
        ("A gradient goes back from M numbers to N: does W, as it stands, map in this direction?",
         lambda W, x, v: W @ (v * (1 - z(W, x) ** 2)), lambda W, x, v: (v * (1 - z(W, x) ** 2)) @ W.T),
        ("Something in 1 - tanh² is not squared.", lambda W, x, v: W.T @ (v * (1 - z(W, x))),
         lambda W, x, v: (v - v * z(W, x)) @ W),
        ("The square is that of tanh(y), not that of y.", lambda W, x, v: W.T @ (v * (1 - (W @ x) ** 2)),
         lambda W, x, v: (v - v * (x @ W.T) ** 2) @ W),
        ("That is tanh itself where its derivative belongs.", lambda W, x, v: W.T @ (v * z(W, x)),
         lambda W, x, v: torch.einsum("mn,m,m->n", W, v, z(W, x))),
        ("z(1 - z) is the derivative of the logistic function, not of tanh.",
         lambda W, x, v: W.T @ (v * z(W, x) * (1 - z(W, x))), lambda W, x, v: (v * (z(W, x) - z(W, x) ** 2)) @ W),
        ("The derivative is taken at tanh(y): at which point was tanh evaluated?",
         lambda W, x, v: W.T @ (v * (1 - torch.tanh(z(W, x)) ** 2)), lambda W, x, v: (v / torch.cosh(z(W, x)) ** 2) @ W),
        ("That is the gradient with respect to W: the one with respect to x has the shape of x.",
         lambda W, x, v: torch.outer(v * (1 - z(W, x) ** 2), x),
         lambda W, x, v: torch.autograd.grad(v @ torch.tanh(w @ x), w)[0] if (w := W.clone().requires_grad_()) is not None else 0),
        ("A matrix: the product with v sums over the M parts of z.",
         lambda W, x, v: (v * (1 - z(W, x) ** 2))[:, None] * W,
         lambda W, x, v: torch.diag(v) @ torch.autograd.functional.jacobian(lambda t: torch.tanh(W @ t), x)),
        ("That is the Jacobian of z: one product with v is still missing.",
         lambda W, x, v: (1 - z(W, x) ** 2)[:, None] * W,
         lambda W, x, v: torch.autograd.functional.jacobian(lambda t: torch.tanh(W @ t), x)),
    ],
    "q6": [
        ("A node that is used twice gets slope from two sides: does the second one wipe out the first?",
         *twice(back=LEFT.replace("+=", "=") + RIGHT_LINE.replace("+=", "="))),
        ("The first of the two inputs of a step forgets the slope that it had already.", *twice(back=LEFT.replace("+=", "=") + RIGHT_LINE)),
        ("The second of the two inputs of a step forgets the slope that it had already.", *twice(back=LEFT + RIGHT_LINE.replace("+=", "="))),
        ("A node's slope must be complete before it is handed on: which nodes know theirs first?",
         *twice(order="range(first, len(values))")),
        ("Nothing but zeros: where does the backward pass start, and with which slope?", *twice(one="")),
        ("The derivative of a product with respect to one factor is the other factor, on both sides.",
         *twice(back=LEFT_OWN + RIGHT_OWN)),
        ("One of the two factors of a product gets its own value as the slope: the first.", *twice(back=LEFT_OWN + RIGHT_LINE)),
        ("One of the two factors of a product gets its own value as the slope: the second.", *twice(back=LEFT + RIGHT_OWN)),
        ("Each step has two inputs: only the first gets its share.", *twice(back=LEFT)),
        ("Each step has two inputs: only the second gets its share.", *twice(back=RIGHT_LINE)),
        ("Going back, op, i and j are still those of the last step: which line looks up the step of each node?",
         *(right.replace("        op, i, j = steps[node - first]\n", "") for right in twice())),
    ],
    "q7": [
        ("That is plain gradient descent: nothing is remembered from one step to the next.", NoMemory, NoMemoryAgain),
        ("Here the whole gradient is added to the velocity. A share of 1 - β makes it a running mean, which is another method.",
         Mean, MeanAgain),
        ("The loss rises along the gradient: in which direction do your weights go?", Uphill, UphillAgain),
        ("The weights move by the velocity of the step before: update it first.", Late, LateAgain),
        ("That is Nesterov's momentum, which looks ahead; the plain one is asked for.", Nesterov, NesterovAgain),
        ("The learning rate counts twice: once in the velocity, once in the step.", RateTwice, RateTwiceAgain),
        ("β multiplies the old velocity, not the new gradient.", BetaOnGradient, BetaOnGradientAgain),
        ("Your velocity never slows down: what multiplies the old one?", NoFriction, NoFrictionAgain),
        ("The new weights are asked for, not the velocity.", ReturnsVelocity, ReturnsVelocityAgain),
    ],
    "q8": [
        ("Your decay goes through the running means, as an L2 penalty does: what does the W of AdamW decouple?",
         adamw_like(coupled=True), q8_coupled),
        ("The running means start at 0, so the first ones are too small: what sets that right?",
         adamw_like(corrected=(False, False)), q8_no_correction),
        ("Of the two running means only that of the gradient is corrected for its start at 0.",
         adamw_like(corrected=(True, False)), q8_half_corrected),
        ("The first step has number 1 here: with 0 you divide by 1 - β⁰.", adamw_like(shift=-1), q8_from_zero),
        ("The first step has number 1 already: do you add one more?", adamw_like(shift=1), q8_next_step),
        ("eps is added to the root, not under it.", adamw_like(inside=True),
         q8_later(lambda w, m, s, mh, sh, lr, eps, d: (w - lr * (mh * (sh + eps) ** -0.5 + d * w), m, s))),
        ("The mean of the squares is a square: what has the unit of the gradient?", adamw_like(root=False),
         q8_later(lambda w, m, s, mh, sh, lr, eps, d: (w - lr * (mh / (sh + eps) + d * w), m, s))),
        ("The decay is scaled by the learning rate, too.", adamw_like(own_rate=True),
         q8_later(lambda w, m, s, mh, sh, lr, eps, d: (w * (1 - d) - lr * mh / (sh**0.5 + eps), m, s))),
        ("The next step starts from the running means themselves: the corrections serve this step only.",
         adamw_like(keep_hats=True),
         q8_later(lambda w, m, s, mh, sh, lr, eps, d: (w - lr * (mh / (sh**0.5 + eps) + d * w), mh, sh))),
        ("Which of the two betas belongs to the squares?", adamw_like(betas=-1), q8_swapped),
        ("The decay takes its share of the weight as it was before this step.", adamw_like(late=True),
         q8_later(lambda w, m, s, mh, sh, lr, eps, d: ((w - lr * mh / (sh**0.5 + eps)) * (1 - lr * d), m, s))),
        ("Decay pulls a weight towards 0: which sign has yours?", adamw_like(sign=-1),
         q8_later(lambda w, m, s, mh, sh, lr, eps, d: (w - lr * (mh / (sh**0.5 + eps) - d * w), m, s))),
        ("The corrections fade with the number of the step: yours stay what they were in the first.",
         adamw_like(power=False), q8_no_power),
        ("That is Adam: the decay is nowhere.", adamw_like(decays=False),
         q8_later(lambda w, m, s, mh, sh, lr, eps, d: (w - lr * mh / (sh**0.5 + eps), m, s))),
        ("β is the share of the old mean that is kept: yours is the share of what is new.",
         adamw_like(turned=True), q8_turned),
        ("The running mean of the squares takes the square of the gradient, not that of its running mean.",
         adamw_like(of_mean=True), q8_of_mean),
        ("Three numbers are asked for: the new weight, and the two running means.",
         lambda *given: q8_decay_first(*given)[0], lambda *given: q8_one_rate(*given)[0]),
    ],
    "q9": [
        ("At step 0 your rate is 0, so the step is wasted.",
         schedule(rise=lambda s, w: s / w), q9_from_zero),
        ("Your warm-up reaches the peak one step early.", schedule(rise=lambda s, w: (s + 1) / w), q9_too_early),
        ("The cosine starts at step 0: what is the share of the way from the peak to the end?",
         schedule(done=lambda s, n, w: min(s, n) / n), q9_no_shift),
        ("The warm-up is taken off above the fraction; how many steps does the whole descent have?",
         schedule(done=lambda s, n, w: (min(s, n) - w) / n), q9_no_shift_above),
        ("A straight line down: half a cosine is asked for.", schedule(fall=lambda x: 1 - x), q9_linear),
        ("A rate below 0 climbs: a cosine goes from 1 to -1, and the rate should go from 1 to 0.",
         schedule(fall=lambda x: math.cos(math.pi * x)), q9_again(lambda x, peak: peak * np.cos(np.pi * x))),
        ("A quarter of a cosine: yours is steepest where it ends.", schedule(fall=lambda x: math.cos(math.pi * x / 2)),
         q9_again(lambda x, peak: peak * np.sin(np.pi / 2 * (1 - x)))),
        ("A whole cosine: your rate is back at the peak at the end.", schedule(fall=lambda x: (1 + math.cos(2 * math.pi * x)) / 2),
         q9_again(lambda x, peak: peak * np.cos(np.pi * x) ** 2)),
        ("After the end your rate rises again.", schedule(done=lambda s, n, w: (s - w) / (n - w)), q9_back_up),
        ("Two things: at step 0 your rate is 0, and after the end it rises again.",
         schedule(rise=lambda s, w: s / w, done=lambda s, n, w: (s - w) / (n - w)),
         lambda step, steps, warmup, peak: peak * step / warmup if step < warmup else q9_back_up(step, steps, warmup, peak)),
        ("Two things: the cosine should start where the warm-up ends, and after the end your rate rises again.",
         schedule(done=lambda s, n, w: s / n),
         lambda step, steps, warmup, peak: q9_table(step, steps, warmup, peak) if step < warmup
         else peak * math.cos(math.pi / 2 * step / steps) ** 2),
        ("Your cosine reaches 0 one step early: at which step should it?",
         schedule(done=lambda s, n, w: (min(s, n - 1) - w) / (n - 1 - w)), q9_one_short),
        ("Your cosine goes up: it starts at 0 and ends at the peak.", schedule(fall=lambda x: (1 - math.cos(math.pi * x)) / 2),
         q9_again(lambda x, peak: peak * np.sin(np.pi / 2 * x) ** 2)),
        ("The peak is left out: a share of it is not a learning rate yet.",
         lambda step, steps, warmup, peak: q9_half_angle(step, steps, warmup, 1), lambda step, steps, warmup, peak: q9_table(step, steps, warmup, 1)),
        ("Two things: at step 0 your rate is 0, and without a warm-up you divide by 0.", q9_divides, q9_divides_again),
    ],
    "q10": [
        ("What the test split chose it can no longer judge: the reported loss is too good.", reports(chosen_by("test")), by("test")),
        ("The training loss of an overfitted model is the lowest of all.", reports(chosen_by("train")), by("train")),
        ("The last epoch need not be the best one: the validation loss says when to stop.", q10_last, q10_last_again),
        ("The validation split chose, and so its own loss is too good to be reported.",
         reports(chosen_by("valid"), "valid"), lambda runs: (*q10_numpy(runs)[:2], min(min(run["valid"]) for run in runs))),
        ("The epochs are chosen without the test split, but the run is not.", q10_test_between_runs, q10_test_between_runs_again),
        ("The run is chosen without the test split, but the epoch is not.", q10_test_between_epochs, q10_test_between_epochs_again),
        ("Run and epoch are right; the loss you report is that of another epoch, one that the test split likes.",
         q10_lowest_of_run, q10_lowest_of_run_again),
        ("Run and epoch are right; the loss you report is that of the last epoch.", q10_last_of_run, q10_last_of_run_again),
        ("Positions count from 0.", reports(chosen_by("valid"), start=1),
         lambda runs: (q10_loops(runs)[0], q10_loops(runs)[1] + 1, q10_loops(runs)[2])),
        ("A lower loss is a better one.", reports(chosen_by("valid", worst=True)), by("valid", max)),
        ("The run is right; the epoch is its last one. When would the validation loss have stopped it?", q10_run_then_last,
         q10_run_then_last_again),
        ("The epoch is chosen without the test split, but the run is the one that the test split likes best.", q10_test_run,
         q10_test_run_again),
        ("You compare the runs by their last epochs, and report an earlier one: each run stands for its best epoch.",
         q10_runs_by_last, q10_runs_by_last_again),
        ("First the run, then the epoch: you return them the other way round.",
         lambda runs: tuple(q10_loops(runs)[place] for place in (1, 0, 2)),
         lambda runs: [*q10_numpy(runs)[1::-1], q10_numpy(runs)[2]]),
        ("Three things are asked for: the run, the epoch, and the loss.",
         lambda runs: q10_loops(runs)[2], lambda runs: float(q10_numpy(runs)[2])),
    ],
}
