"""Other right answers, and the well-known mistakes: (hint, one writing, another writing)."""

import math
from fractions import Fraction
from itertools import accumulate

import numpy as np
import torch

# q1: programs out of the lines that students get


def program(late=False, other_start=False, loop="for x in xs:", update="h = tanh(v_x * x + v_h * h + c)", reset="",
            early=False, inside=False):  # fmt: skip
    """The import may come late, and `h` and `seen` may start in either order."""
    heads = [] if reset else ["    h = 0.0\n"]
    heads += ["    seen = []\n"]
    body = [f"        {update}\n", "        seen.append(h)\n"]
    brought = "    from math import tanh\n"
    return (
        "def states(xs, v_x, v_h, c):\n"
        + ("" if late else brought)
        + "".join(heads[::-1] if other_start else heads)
        + (brought if late else "")
        + f"    {loop}\n{reset}"
        + "".join(body[::-1] if early else body)
        + ("        return seen\n" if inside else "    return seen\n")
    )


def twice(**changes):
    """One mistake in two programs."""
    return program(**changes), program(late=True, other_start=True, **changes)


# q3


def q3_stacked(x, h, V_x, V_h, c):
    return torch.cat([x, h], 1).matmul(torch.cat([V_x, V_h], 1).T).add(c).tanh()


def q3_rows(x, h, V_x, V_h, c):
    return torch.stack([torch.tanh(V_x @ x[b] + V_h @ h[b] + c) for b in range(len(x))])


def each(change):
    """Another writing of a mistake, row by row."""
    return lambda x, h, V_x, V_h, c: torch.stack([change(V_x.mv(x[b]), h[b], V_h, c) for b in range(len(x))])


# q4


def scan(count=0, freeze=True, clear=True, blank=False, take_out=False):
    """Step by step, for the whole batch. `count`: steps too many; `blank`: padding becomes zeros; `take_out`: last = out."""

    def read(x, lengths, V_x, V_h, c):
        sizes = torch.tensor(lengths)[:, None] + count
        h, out = torch.zeros(x.shape[0], V_h.shape[0], dtype=torch.float64), []
        for n in range(x.shape[1]):
            on = (n < sizes).double()
            new = torch.tanh((x[:, n] * on if blank else x[:, n]) @ V_x.T + h @ V_h.T + c)
            h = on * new + (1 - on) * h if freeze else new
            out.append(on * h if clear else h)
        out = torch.stack(out, dim=1)
        return out, out[:, -1] if take_out else h

    return read


def row_by_row(text=lambda x, n: x[:n], shown=lambda states, n: states[:n], last=lambda states, n: states[-1]):
    """Each row for itself: what of it is read, which states are shown, which one is the last."""

    def read(x, lengths, V_x, V_h, c):
        out, ends = torch.zeros(len(x), x.size(1), len(c), dtype=x.dtype), []
        for b, n in enumerate(lengths):
            states = run(text(x[b], n), V_x, V_h, c)
            seen = shown(states, n)
            out[b, : len(seen)] = seen
            ends.append(last(states, n))
        return out, torch.stack(ends)

    return read


def run(x, V_x, V_h, c):
    states = [torch.zeros_like(c)]
    for word in x:
        states.append(torch.tanh(V_x @ word + V_h @ states[-1] + c))
    return torch.stack(states[1:]) if len(x) else torch.zeros(1, len(c), dtype=c.dtype)


def whole(x, n):
    return x


def blanked(x, n):
    return torch.cat([x[:n], torch.zeros_like(x[n:])])


def repeated(states, n):
    return states


def q4_repeats(x, lengths, V_x, V_h, c):
    out, last = row_by_row()(x, lengths, V_x, V_h, c)
    for b, n in enumerate(lengths):
        out[b, n:] = last[b]
    return out, last


def q4_gather(x, lengths, V_x, V_h, c):
    out, _ = scan(freeze=False, clear=False)(x, lengths, V_x, V_h, c)
    sizes = torch.tensor(lengths)
    last = out[torch.arange(len(x)), sizes - 1]
    return out.masked_fill((torch.arange(x.size(1)) >= sizes[:, None])[:, :, None], 0.0), last


# q5


def unit(inputs, weights, h=0.0):
    states = []
    for x in inputs:
        h = math.tanh(weights[0] * x + weights[1] * h + weights[2])
        states.append(h)
    return states


def q5_zip(xs, ahead, back):
    right = unit(reversed(xs), back)
    right.reverse()
    return list(zip(unit(xs, ahead), right))


def q5_index(xs, ahead, back):
    N, left, right = len(xs), 0.0, 0.0
    out = [[0.0, 0.0] for _ in xs]
    for n in range(N):
        left = math.tanh(ahead[0] * xs[n] + ahead[1] * left + ahead[2])
        right = math.tanh(back[0] * xs[N - 1 - n] + back[1] * right + back[2])
        out[n][0], out[N - 1 - n][1] = left, right
    return out


def loops(xs, ahead, back, flip=True, backwards=True, start=None, join=lambda a, b: [a, b]):
    """Another writing with places for the mistakes."""
    place = (lambda n: len(xs) - 1 - n) if flip else (lambda n: n)
    left, right, h = [], {}, 0.0
    for x in xs:
        h = math.tanh(ahead[0] * x + ahead[1] * h + ahead[2])
        left.append(h)
    h = start(left) if start else 0.0
    for n in range(len(xs)):
        h = math.tanh(back[0] * xs[-1 - n if backwards else n] + back[1] * h + back[2])
        right[place(n)] = h
    return [join(left[n], right[n]) for n in range(len(xs))]


# q6


def q6_sum(steps, window):
    return sum(n % window + 1 for n in range(steps))


def q6_pairs(steps, window):
    return count(steps, lambda n, m: m <= n and n // window == m // window)


def count(steps, keep):
    return sum(1 for n in range(steps) for m in range(steps) if keep(n, m))


# q7


def back(linked=True, slope=lambda h: 1 - h * h, turn=lambda V: V.T, own=False, outer=np.outer, only_last=False,
         late_slope=True, early_slope=True, forward=False, end=True):  # fmt: skip
    """From the last step to the first, with places for the mistakes."""

    def backward(direct, h0, h, V_h):
        N, total, later = len(h), 0.0, 0.0 * h0
        for n in range(N) if forward else range(N)[::-1]:
            mine = direct[n] * (not only_last or n == N - 1)
            s = slope(h[n])
            g = mine * (s if early_slope else 1) + later * (s if late_slope else 1)
            total = total + outer(g, h[n] if own else h[n - 1] if n else h0)
            later = turn(V_h) @ g if linked or n == 0 else 0.0 * h0
        return total, later if end else g

    return backward


def paths(linked=True, slope=lambda h: 1 - np.square(h), turn=lambda V: V.T, own=False, swap=False, only_last=False,
          late_slope=True, early_slope=True, forward=False, end=True):  # fmt: skip
    """The sum over all pairs (n, m), with the same places."""

    def backward(direct, h0, h, V_h):
        N, states = len(h), [h0, *h]
        dV, dh0 = np.zeros(V_h.shape), np.zeros(h0.shape)
        for n in [N - 1] if only_last else range(N):
            g = direct[n] * (slope(h[n]) if early_slope else 1)
            for m in range(n, N) if forward else range(n, -1, -1):
                if m != n:
                    g = g * (slope(h[m]) if late_slope else 1)
                used = states[m + 1] if own else states[m]
                dV += used[:, None] * g if swap else g[:, None] * used
                if not end and m == 0:
                    dh0 += g
                g = turn(V_h) @ g
                if not linked and m > 0:
                    break
                if end and m == (N - 1 if forward else 0):
                    dh0 += g
        return dV, dh0

    return backward


def from_zeros(backward):
    return lambda direct, h0, h, V_h: backward(direct, np.zeros_like(h0), h, V_h)


def flat(V):
    return V


def of_state(h):
    return 1 - np.tanh(h) ** 2


def one(h):
    return np.ones_like(h)


# q8


def auto(carry=True, detach=True, every=False, cumulative=False, mean=False, full=False, half=0.5):
    """Torch's gradient, with places for the mistakes."""

    def gradients(v, xs, ts, window):
        w = torch.tensor(float(v), dtype=torch.float64).requires_grad_()
        h, out, total = torch.tensor(0.0).double(), [], 0.0
        for i in range(0, len(xs) - (window - 1) * full, window):
            h = h.detach() if detach else h
            h = h if carry else 0 * h.detach()
            losses = []
            for x, t in zip(xs[i : i + window], ts[i : i + window]):
                h = torch.tanh(x + w * (h.detach() if every else h))
                losses.append(half * (h - t) ** 2)
            loss = sum(losses) / (len(losses) if mean else 1)
            total = total + loss if cumulative else loss
            (g,) = torch.autograd.grad(total, [w], retain_graph=True)
            out.append(float(g))
        return out

    return gradients


def tangent(carry=True, cut=True, every=False, mean=False, full=False, half=1):
    """dh/dv carried forwards beside h, without autograd, with the same places."""

    def gradients(v, xs, ts, window):
        h = d = 0.0
        out, sizes = [], []
        for n, (x, t) in enumerate(zip(xs, ts)):
            if n % window == 0:
                out.append(0.0)
                sizes.append(0)
                h, d = h if carry else 0.0, 0.0 if cut else d
            new = np.tanh(x + v * h)
            d = (1 - new**2) * (h + v * (0.0 if every else d))
            h = new
            out[-1] += (h - t) * d * half
            sizes[-1] += 1
        if full and sizes[-1] < window:
            out, sizes = out[:-1], sizes[:-1]
        return [g / n for g, n in zip(out, sizes)] if mean else out

    return gradients


RIGHT = {
    "q1": [program(late=True), program(other_start=True)],
    "q2": [1650.0, Fraction(1650)],
    "q3": [q3_stacked, q3_rows],
    "q4": [row_by_row(), q4_gather, scan()],
    "q5": [q5_zip, q5_index],
    "q6": [q6_sum, q6_pairs],
    "q7": [back(), paths()],
    "q8": [auto(), tangent()],
    "q9": [(1.5, [1.0, -1.5, 0.0]), [0.9, [-1.5, 1.0, 0.2]]],
}

WRONG = {
    "q1": [
        ("Each input finds an empty memory: where does the state begin, and how often?", *twice(reset="        h = 0.0\n")),
        ("Your first state was there before the first input: when is a state stored?", *twice(early=True)),
        ("Which weight belongs to the input, which to the state?", *twice(update="h = tanh(v_h * x + v_x * h + c)")),
        ("This network reads from the right.", *twice(loop="for x in reversed(xs):")),
        ("It stops after the first input.", *twice(inside=True)),
        ("Nothing keeps these states between -1 and 1.", *twice(update="h = v_x * x + v_h * h + c")),
    ],
    "q2": [
        ("The words' embeddings are trained, too.", 1250, 1250.0),
        ("The equations have one vector c and one b: torch's layer would add a second one beside c.", 1666, Fraction(1666)),
        ("Something is missing that is no matrix.", 1584, 1584.0),
        ("The scores of the words have a bias of their own.", 1600, Fraction(1600)),
        ("The state has a bias of its own.", 1634, 1634.0),
        ("Which matrix leads from one state to the next?", 1394, Fraction(1394)),
        ("How many different matrices lead from state to state, however long the text is?", 1650 + 19 * 256, 6514.0),
        ("All steps share their weights: the length of the text does not count.", 1250 + 400 * 20, 1250 + 19 * 400 + 400.0),
        ("What $V_x$ reads is an embedding: how wide is that?", 400 + 16 * 50 + 256 + 16 + 850, 2322.0),
        ("The output layer is missing.", 800, Fraction(800)),
    ],
    "q3": [
        ("A state meets $V_h$ as a row: which way must the matrix lie?",
         lambda x, h, V_x, V_h, c: torch.tanh(x @ V_x.T + h @ V_h + c), each(lambda a, h, V, c: (a + V.T @ h + c).tanh())),
        ("Nothing keeps the state between -1 and 1.",
         lambda x, h, V_x, V_h, c: x @ V_x.T + h @ V_h.T + c, each(lambda a, h, V, c: a + V @ h + c)),
        ("Where is c?", lambda x, h, V_x, V_h, c: torch.tanh(x @ V_x.T + h @ V_h.T), each(lambda a, h, V, c: (a + V @ h).tanh())),
        ("The old state has no say in the new one.",
         lambda x, h, V_x, V_h, c: torch.tanh(x @ V_x.T + c), each(lambda a, h, V, c: (a + c).tanh())),
        ("The old state passes by its matrix.",
         lambda x, h, V_x, V_h, c: torch.tanh(x @ V_x.T + h + c), each(lambda a, h, V, c: (a + h + c).tanh())),
        ("That function keeps the state between 0 and 1.",
         lambda x, h, V_x, V_h, c: torch.sigmoid(x @ V_x.T + h @ V_h.T + c), each(lambda a, h, V, c: 1 / (1 + torch.exp(-a - V @ h - c)))),
        ("The hyperbolic tangent is taken of the whole sum, not of a part of it.",
         lambda x, h, V_x, V_h, c: torch.tanh(x @ V_x.T) + h @ V_h.T + c, each(lambda a, h, V, c: a.tanh() + V @ h + c)),
    ],
    "q4": [
        ("`lengths` changes nothing in your answer: the padding is read as if it were text.", scan(freeze=False, clear=False),
         row_by_row(text=whole, shown=repeated)),
        ("The last states are right; what should `out` hold where the text is over?", scan(clear=False), q4_repeats),
        ("`out` is right, but at the last step of the batch a short text is over: its last state stands elsewhere.", scan(take_out=True),
         lambda x, lengths, *w: (row_by_row()(x, lengths, *w)[0], row_by_row()(x, lengths, *w)[0][:, x.size(1) - 1])),
        ("The outputs after the end are cleared, and yet the state itself reads on: the last states are those of longer texts.",
         scan(freeze=False), row_by_row(text=whole)),
        ("The last states are right, but `out` holds states that were made from padding.",
         lambda x, lengths, *w: (scan(freeze=False, clear=False)(x, lengths, *w)[0], scan()(x, lengths, *w)[1]),
         row_by_row(text=whole, shown=repeated, last=lambda states, n: states[n - 1])),
        ("Every text loses its last word.", scan(count=-1), row_by_row(text=lambda x, n: x[: n - 1], shown=lambda s, n: s[: n - 1])),
        ("One word of padding is read after each text.", scan(count=1), row_by_row(text=lambda x, n: x[: n + 1], shown=lambda s, n: s[: n + 1])),
        ("You replace the padding by zeros, but a zero is an input as well: the state goes on changing.", scan(freeze=False, blank=True),
         row_by_row(text=blanked)),
    ],
    "q5": [
        ("Your second unit reads from the right, and its states stand where the first step comes last.",
         lambda xs, ahead, back: list(zip(unit(xs, ahead), unit(xs[::-1], back))), lambda *args: loops(*args, flip=False)),
        ("Both of your units read from the left.", lambda xs, ahead, back: list(zip(unit(xs, ahead), unit(xs, back))),
         lambda *args: loops(*args, flip=False, backwards=False)),
        ("The second unit has weights of its own.", lambda xs, ahead, back: q5_zip(xs, ahead, ahead),
         lambda xs, ahead, back: loops(xs, ahead, ahead)),
        ("The second unit begins with an empty state: it knows nothing of what the first one has read.",
         lambda xs, ahead, back: list(zip(unit(xs, ahead), unit(xs[::-1], back, unit(xs, ahead)[-1])[::-1])),
         lambda *args: loops(*args, start=lambda left: left[-1])),
        ("The two states stand side by side; added, nobody can tell them apart.", lambda *args: [a + b for a, b in q5_zip(*args)],
         lambda *args: loops(*args, join=lambda a, b: a + b)),
        ("Which of the two stands first in a pair?", lambda *args: [[b, a] for a, b in q5_zip(*args)],
         lambda *args: loops(*args, join=lambda a, b: [b, a])),
    ],
    "q6": [
        ("These are all pairs: nothing is cut.", lambda N, k: N * (N + 1) // 2, lambda N, k: count(N, lambda n, m: m <= n)),
        ("You let each loss look back over `window` steps; but at a border between windows even one step back is cut.",
         lambda N, k: sum(min(n, k) for n in range(1, N + 1)), lambda N, k: count(N, lambda n, m: 0 <= n - m < k)),
        ("You count the last window as a full one.", lambda N, k: -(-N // k) * k * (k + 1) // 2,
         lambda N, k: sum(m for _ in range(0, N, k) for m in range(1, k + 1))),
        ("The steps after the last full window have losses as well.", lambda N, k: N // k * k * (k + 1) // 2,
         lambda N, k: count(N, lambda n, m: m <= n and n // k == m // k and n < N - N % k)),
        ("Some of your pairs trace a loss to a later step.", lambda N, k: N // k * k * k + (N % k) ** 2,
         lambda N, k: count(N, lambda n, m: n // k == m // k)),
        ("The loss at a step also counts the use of the weight at that very step.", lambda N, k: sum(n % k for n in range(N)),
         lambda N, k: count(N, lambda n, m: m < n and n // k == m // k)),
    ],
    "q7": [
        ("A state also acts on later losses, through the next state: yours hears from its own loss only.", back(linked=False), paths(linked=False)),
        ("On the way from a state to the sum inside tanh lies a slope.", back(slope=one), paths(slope=one)),
        ("Going back, the matrix is used the other way round than going forward.", back(turn=flat), paths(turn=flat)),
        ("Which state is it that $V_h$ multiplies at step n?", back(own=True), paths(own=True)),
        ("The state before the first step need not be zeros here, and $V_h$ multiplies it.", from_zeros(back()), from_zeros(paths())),
        ("Which index of $dL/dV_h$ belongs to the new state, and which to the old one?", back(outer=lambda g, h: np.outer(h, g)), paths(swap=True)),
        ("You go from the first step to the last; what a state causes lies later, so what must be known first?", back(forward=True), paths(forward=True)),
        ("What comes from later steps passes through this step's tanh, too.", back(late_slope=False), paths(late_slope=False)),
        ("What a step's own loss says of its state passes through that step's tanh, too.", back(early_slope=False), paths(early_slope=False)),
        ("Every step has a loss, not only the last one.", back(only_last=True), paths(only_last=True)),
        ("`h` has been through tanh already: how is the slope written with the output?", back(slope=of_state), paths(slope=of_state)),
        ("$dL/dV_h$ is right. For $h_0$ one more step back is missing: what lies between $h_0$ and the sum inside the first tanh?",
         back(end=False), paths(end=False)),
    ],
    "q8": [
        ("Each of your windows begins with an empty memory: the state should go on.", auto(carry=False), tangent(carry=False)),
        ("The gradient of a window reaches back into the windows before it: what should be a constant there?", auto(detach=False), tangent(cut=False)),
        ("You cut after every step; within a window the paths stay whole.", auto(every=True), tangent(every=True)),
        ("Your numbers add up from window to window: whose losses does each of them count?", auto(cumulative=True),
         lambda *args: list(accumulate(tangent()(*args)))),
        ("The losses of a window are added, not averaged.", auto(mean=True), tangent(mean=True)),
        ("The text ends with a shorter window: it has losses, too.", auto(full=True), tangent(full=True)),
        ("The loss of a step has a factor of a half.", auto(half=1), tangent(half=2)),
        ("One number for each window is asked for.", lambda *args: sum(auto()(*args)), lambda *args: sum(tangent()(*args))),
    ],
    "q9": [
        ("In your example nothing is cut. The first weight meets $h_0 = 0$: how many steps does it take until a path can be lost?",
         (0.5, [1.0, 0.2]), (1.0, [2.0])),
        ("The lost paths help the one that is kept. It ends with the last state but one: what must the states before that be like?",
         (0.5, [1.0, 0.2, 0.1]), (1.0, [1.0, 1.0, 1.0])),
        ("One of the two hardly says anything: move the states away from 0, and from -1 and 1.", (1.0, [1.0, -0.7616, 0.0]), (2.0, [2.0, 2.0, 2.0])),
        ("The signs can differ with smaller numbers as well.", (5.0, [-1.0, 4.0, 0.0]), (1.0, [-3.0, 2.5, 0.0])),
    ],
}
