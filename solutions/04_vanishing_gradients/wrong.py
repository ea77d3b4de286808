"""Other right answers, and the well-known mistakes: (hint, one writing, another writing)."""

import functools
import math
from fractions import Fraction

import numpy as np
import torch

# q1: programs out of the lines that students get


def program(late=False, other_start=False, found="found = [np.linalg.norm(gradient)]", backwards="backwards = jacobians[::-1]",
            step="gradient = gradient @ J", add="found.append(np.linalg.norm(gradient))", early=False):  # fmt: skip
    """The import may come between the two, and `found` and `backwards` stand in either order."""
    brought = "    import numpy as np\n"
    heads = [f"    {found}\n", f"    {backwards}\n"]
    body = [f"        {step}\n" if step else "", f"        {add}\n"]
    heads = heads[::-1] if other_start else heads
    heads.insert(1 if late else 0, brought)
    return (
        "def norms(gradient, jacobians):\n"
        + "".join(heads)
        + "    for J in backwards:\n"
        + "".join(body[::-1] if early else body)
        + "    return found\n"
    )


def twice(**changes):
    """One mistake in two programs."""
    return program(**changes), program(other_start=True, **changes)


# q3


def q3_diag(h, V_h):
    return np.diag(1 - h * h) @ V_h


def q3_loop(h, V_h):
    return np.array([[(1 - a) * (1 + a) * v for v in row] for a, row in zip(h, V_h)])


def entries(change):
    """Another writing of a mistake: entry by entry, from the states and the matrix."""
    return lambda h, V: np.array([[change(h, V, i, j) for j in range(len(h))] for i in range(len(h))])


# q5


def joint(gradients):
    return np.linalg.norm(np.concatenate([g.ravel() for g in gradients]))


def q5_flat(gradients, most):
    return [g * min(1.0, most / max(joint(gradients), 1e-30)) for g in gradients]


def q5_torch(gradients, most):
    parameters = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in gradients]
    for p, g in zip(parameters, gradients):
        p.grad = torch.from_numpy(g.copy())
    torch.nn.utils.clip_grad_norm_(parameters, most)
    return [p.grad.numpy() for p in parameters]


def scaled(size):
    """Another writing with another size in the norm's place: multiply by most / max(size, most)."""
    return lambda gradients, most: [np.asarray(g * (most / max(size(gradients), most))) for g in gradients]


def if_longer(size):
    """One writing: divide only if that size is above the limit."""

    def clip(gradients, most):
        found = size(gradients)
        return [most * g / found for g in gradients] if found > most else [1.0 * g for g in gradients]

    return clip


def quiet(function):
    def call(*args):
        with np.errstate(all="ignore"):
            return function(*args)

    return call


def squares(gradients):
    return sum(float(np.vdot(g, g)) for g in gradients)


# q7


def q7_gram(draws):
    columns = []
    for a in draws.T:
        for q in columns:
            a = a - (q @ a) * q
        columns.append(a / np.linalg.norm(a))
    return np.stack(columns, axis=1)


def q7_cholesky(draws):
    return np.linalg.solve(np.linalg.cholesky(draws.T @ draws), draws.T).T


def q7_torch(draws):
    q, r = torch.linalg.qr(torch.from_numpy(draws.copy()))
    return (q @ torch.diag(r.diagonal().sign())).numpy()


def polar(draws):
    size, turn = np.linalg.eigh(draws.T @ draws)
    return draws @ (turn / np.sqrt(size)) @ turn.T


# q8 and q10


def s(z):
    return 1 / (1 + np.exp(-z))


def lstm(order="ifgo", squash=np.tanh, cell=lambda i, f, g, c: f * c + i * g, out=lambda o, c, old: o * np.tanh(c), use_h=True,
         pair=lambda h, c: (h, c)):  # fmt: skip
    """All units at once, with places for the mistakes."""

    def lstm_step(x, h, c, W_x, W_h, b):
        parts = dict(zip(order, (W_x @ x + (W_h @ h if use_h else 0) + b).reshape(4, -1)))
        new = cell(s(parts["i"]), s(parts["f"]), squash(parts["g"]), c)
        return pair(out(s(parts["o"]), new, c), new)

    return lstm_step


def units(order="ifgo", squash=math.tanh, cell=None, out=None, use_h=True, pair=None):
    """Unit by unit, with the same places."""

    def gate(z):
        return (1 + math.tanh(z / 2)) / 2

    def lstm_step(x, h, c, W_x, W_h, b):
        H, states, cells = len(c), [], []
        for k in range(H):
            z = {}
            for place, name in enumerate(order):
                row = place * H + k
                z[name] = float(np.dot(W_x[row], x)) + b[row] + (float(np.dot(W_h[row], h)) if use_h else 0.0)
            i, f, g, o = gate(z["i"]), gate(z["f"]), squash(z["g"]), gate(z["o"])
            new = cell(i, f, g, c[k]) if cell else i * g + f * c[k]
            cells.append(new)
            states.append(out(o, new, c[k]) if out else math.tanh(new) * o)
        made = np.array(states), np.array(cells)
        return pair(*made) if pair else made

    return lstm_step


def lstm_torch(x, h, c, W_x, W_h, b):
    cell = torch.nn.LSTMCell(len(x), len(h), dtype=torch.float64)
    arrays = {"weight_ih": W_x, "weight_hh": W_h, "bias_ih": b, "bias_hh": 0 * b}
    cell.load_state_dict({name: torch.tensor(a) for name, a in arrays.items()})
    with torch.no_grad():
        new = cell(torch.tensor(x)[None], (torch.tensor(h)[None], torch.tensor(c)[None]))
    return tuple(part[0].numpy() for part in new)


def gru(order="rzn", squash=np.tanh, new=lambda a, r, u, V, h, b: a + r * u, mix=lambda z, n, h: (1 - z) * n + z * h):
    """All units at once: `new` has the parts of the candidate and what it is made of."""

    def gru_step(x, h, W_x, W_h, b_x, b_h):
        H = len(h)
        a = dict(zip(order, np.split(W_x @ x + b_x, 3)))
        u = dict(zip(order, np.split(W_h @ h + b_h, 3)))
        r, z = s(a["r"] + u["r"]), s(a["z"] + u["z"])
        return mix(z, squash(new(a["n"], r, u["n"], W_h[2 * H :], h, b_h[2 * H :])), h)

    return gru_step


def gru_units(order="rzn", squash=math.tanh, new=None, mix=None):
    """Unit by unit, with the same places; the gates of all units are known first."""

    def gru_step(x, h, W_x, W_h, b_x, b_h):
        H = len(h)
        rows = {name: range(place * H, place * H + H) for place, name in enumerate(order)}

        def total(row):
            return sum(w * v for w, v in zip(W_x[row], x)) + b_x[row] + sum(w * v for w, v in zip(W_h[row], h)) + b_h[row]

        r = np.array([0.5 + 0.5 * math.tanh(total(row) / 2) for row in rows["r"]])
        z = [0.5 + 0.5 * math.tanh(total(row) / 2) for row in rows["z"]]
        out = []
        for k, row in enumerate(rows["n"]):
            a, held = sum(W_x[row] * x) + b_x[row], sum(W_h[row] * h)
            n = squash(new(a, r, k, held, b_h[row], W_h[row], h) if new else a + r[k] * (held + b_h[row]))
            out.append(mix(z[k], n, h[k]) if mix else n + z[k] * (h[k] - n))
        return np.array(out)

    return gru_step


def gru_torch(x, h, W_x, W_h, b_x, b_h):
    cell = torch.nn.GRUCell(len(x), len(h)).double()
    arrays = {"weight_ih": W_x, "weight_hh": W_h, "bias_ih": b_x, "bias_hh": b_h}
    cell.load_state_dict({name: torch.tensor(a) for name, a in arrays.items()})
    return cell(torch.tensor(x)[None], torch.tensor(h)[None])[0].detach().numpy()


def raw(z):
    return z


def slow(z):
    return 1 / (1 + math.exp(-z))


# q11


def q11_reduce(jacobians):
    return functools.reduce(lambda product, J: (np.eye(len(J)) + J) @ product, jacobians, np.eye(jacobians.shape[1]))


def q11_back(jacobians):
    rows = np.identity(jacobians.shape[2])
    for J in jacobians[::-1]:
        rows = rows + rows @ J
    return rows


def q11_multi(factors):
    """Another writing: the product of these factors, written from the last to the first."""

    def through(jacobians):
        product = np.eye(jacobians.shape[1])
        for factor in factors(jacobians):
            product = np.einsum("ij,jk->ik", product, factor)
        return product

    return through


def one(J):
    return np.eye(J.shape[-1])


RIGHT = {
    "q1": [program(late=True, other_start=True), program(other_start=True)],
    "q2": [0.0648, Fraction(648, 10_000)],
    "q3": [q3_diag, q3_loop],
    "q4": [([[0.0, 2.0], [0.0, 0.0]], [1, 0]), [[[0.5, 0.0], [-2.0, 0.5]], (0.1, 3.0)]],
    "q5": [q5_flat, q5_torch, if_longer(joint)],
    "q6": [Fraction(1, 6), 0.1667],
    "q7": [q7_gram, q7_cholesky, q7_torch],
    "q8": [lstm(), units(), lstm_torch],
    "q9": [[[-4, 4, 0, 1], -0.7], ((-9.0, 9.0, -3.0, 2.0), 1.0)],
    "q10": [gru(), gru_units(), gru_torch],
    "q11": [q11_reduce, q11_back],
}

WRONG = {
    "q1": [
        ("The way back begins with the last step.", *twice(backwards="backwards = jacobians")),
        ("A gradient is a row: on which side of the matrix does it stand?", *twice(step="gradient = J @ gradient")),
        ("At the distance 0 nothing has been lost yet, and that number belongs to the list as well.", *twice(found="found = []")),
        ("One norm stands there twice, and the farthest is missing: what comes first, the step or its norm?", *twice(early=True)),
        ("That is a bound: every step stretches by its largest singular value. What does it do to *this* gradient?",
         *twice(step="", add="found.append(found[-1] * np.linalg.norm(J, 2))")),
    ],
    "q2": [
        ("How steep is a logistic unit, at its steepest?", 8 * 1.2**4, 16.589),
        ("Where is the matrix?", 8 / 4**4, 0.031),
        ("Each step has a factor of its own: how do factors of several steps go together?", 8 * 1.2, 9.6),
        ("That is one step back.", 8 * 0.3, 2.4),
        ("By what share the norm shrinks is one thing; how large was it?", 0.3**4, 0.008),
        ("Four steps lie between the two states.", 8 * 0.3**3, 0.216),
        ("Four steps, not five.", 8 * 0.3**5, 0.0194),
        ("The slope stands in each step, and so does the matrix.", 8 * 1.2**4 / 4, 4.147),
        ("The matrix stands in each step, and so does the slope.", 8 * 1.2 / 4**4, 0.0375),
    ],
    "q3": [
        ("The slope of a unit of the *new* state: does it scale a row or a column?", lambda h, V: V * (1 - h**2),
         entries(lambda h, V, i, j: V[i, j] * (1 - h[j] ** 2))),
        ("Rows belong to the new state, columns to the old one.", lambda h, V: ((1 - h**2)[:, None] * V).T,
         entries(lambda h, V, i, j: V[j, i] * (1 - h[j] ** 2))),
        ("Is it the matrix or its transpose that leads from the old state to the new one?", lambda h, V: (1 - h**2)[:, None] * V.T,
         entries(lambda h, V, i, j: V[j, i] * (1 - h[i] ** 2))),
        ("The slope of tanh, written with its output, has a square in it.", lambda h, V: (1 - h)[:, None] * V,
         entries(lambda h, V, i, j: V[i, j] - h[i] * V[i, j])),
        ("`h` has been through tanh already.", lambda h, V: (1 - np.tanh(h) ** 2)[:, None] * V,
         entries(lambda h, V, i, j: V[i, j] / math.cosh(h[i]) ** 2)),
        ("That is the slope of the logistic function.", lambda h, V: (h * (1 - h))[:, None] * V,
         entries(lambda h, V, i, j: V[i, j] * (h[i] - h[i] ** 2))),
        ("That is $dh_n/dz_n$: how does $z_n$ follow the old state?", lambda h, V: np.diag(1 - h**2),
         entries(lambda h, V, i, j: (1 - h[i] ** 2) * (i == j))),
        ("Between the sum and the state lies a function, which has a slope.", lambda h, V: 1 * V, entries(lambda h, V, i, j: V[i, j])),
    ],
    "q4": [
        ("With such an eigenvalue it may grow for ever. The claim is about matrices whose eigenvalues are all small.",
         ([[1.5, 0.0], [0.0, 0.5]], [1, 0]), ([[1.0, 1.0], [1.0, 1.0]], [1, 1])),
        ("Eigenvalues and singular values agree for such a matrix, or nearly. How could they lie far apart?",
         ([[0.9, 0.0], [0.0, 0.9]], [1, 1]), ([[0.5, 0.3], [0.3, 0.5]], [1, 2])),
        ("The matrix is a good one. The gradient is a row: which unit hears from the other one on the way back?",
         ([[0.5, 2.0], [0.0, 0.5]], [0, 1]), ([[0.1, 0.0], [2.0, 0.1]], [1, 0])),
        ("It can be done with entries between -2 and 2.", ([[0.5, 10.0], [0.0, 0.5]], [1, 0]), ([[0.0, 0.0], [3.0, 0.0]], [0, 1])),
    ],
    "q5": [
        ("Each of your gradients is clipped by its own norm: then the direction of the whole changes.",
         lambda gradients, most: [if_longer(joint)([g], most)[0] for g in gradients],
         lambda gradients, most: [g * min(1.0, most / (np.sqrt((g * g).sum()) or 1.0)) for g in gradients]),
        ("Each of your entries is cut for itself: then the direction changes.", lambda gradients, most: [np.clip(g, -most, most) for g in gradients],
         lambda gradients, most: [np.minimum(np.maximum(g, -float(most)), float(most)) for g in gradients]),
        ("A gradient that is short enough should stay as it is.", quiet(lambda gradients, most: [g * (most / joint(gradients)) for g in gradients]),
         quiet(lambda gradients, most: [most * g / np.float64(squares(gradients)) ** 0.5 for g in gradients])),
        ("The norm of all entries is not the sum of the norms: the squares add.", if_longer(lambda gs: sum(np.linalg.norm(g) for g in gs)),
         scaled(lambda gs: sum(squares([g]) ** 0.5 for g in gs))),
        ("What you compare with the limit is the square of a norm.", if_longer(squares), scaled(lambda gs: joint(gs) ** 2)),
        ("The largest entry is not the norm.", if_longer(lambda gs: max(abs(g).max() for g in gs)),
         scaled(lambda gs: max(abs(float(e)) for g in gs for e in g.ravel()))),
        ("The largest of the norms is not the norm of all.", if_longer(lambda gs: max(np.linalg.norm(g) for g in gs)),
         scaled(lambda gs: max(squares([g]) for g in gs) ** 0.5)),
        ("The norm has no mean in it.", if_longer(lambda gs: np.sqrt(np.mean(np.concatenate([g.ravel() for g in gs]) ** 2))),
         scaled(lambda gs: (squares(gs) / sum(g.size for g in gs)) ** 0.5)),
        ("You divide by the norm; what length has the result, and which one is asked for?",
         lambda gs, most: [g / joint(gs) if joint(gs) > most else 1.0 * g for g in gs],
         lambda gs, most: [g * (1 if joint(gs) <= most else squares(gs) ** -0.5) for g in gs]),
        ("Your factor makes a long gradient longer.", lambda gs, most: [g * max(1.0, joint(gs) / most) for g in gs],
         lambda gs, most: [g / most * max(squares(gs) ** 0.5, most) for g in gs]),
    ],
    "q6": [
        ("That is the variance of one number: two are added.", 1 / 12, 0.083),
        ("That is the root of the mean square.", (1 / 6) ** 0.5, 0.408),
        ("That is the mean distance: the errors are squared first.", 1 / 3, Fraction(1, 3)),
        ("You guess 0: there is a better constant.", 7 / 6, 1.1667),
        ("The mean of one number is a half; what is the mean of the sum?", 1 / 6 + 1 / 4, 0.4167),
    ],
    "q7": [
        ("Some numbers on the diagonal of your R are negative: what changes in Q when you turn the sign of a row of R?",
         lambda A: np.linalg.qr(A)[0], lambda A: torch.linalg.qr(torch.from_numpy(A.copy()), mode="complete")[0].numpy()),
        ("A sign in R belongs to a column of Q, not to a row.", lambda A: np.sign(np.diag(np.linalg.qr(A)[1]))[:, None] * np.linalg.qr(A)[0],
         lambda A: np.diag(np.sign(np.linalg.qr(A)[1].diagonal())) @ np.linalg.qr(A)[0]),
        ("That is the other factor.", lambda A: np.linalg.cholesky(A.T @ A).T, lambda A: q7_gram(A).T @ A),
        ("The columns have length 1; are they orthogonal, too?", lambda A: A / np.linalg.norm(A, axis=0),
         lambda A: np.stack([a / math.sqrt(a @ a) for a in A.T], axis=1)),
        ("Your matrix is orthogonal, the nearest one to the draws. Another one is asked for: is R zero below its diagonal?",
         lambda A: np.linalg.svd(A)[0] @ np.linalg.svd(A)[2], polar),
        ("You make the rows orthogonal, one after the other; the columns are asked for.", lambda A: q7_gram(A.T).T,
         lambda A: np.linalg.solve(np.linalg.cholesky(A @ A.T), A)),
        ("The transpose of what is asked for.", lambda A: q7_gram(A).T, lambda A: q7_cholesky(A).T),
    ],
    "q8": [
        ("In which order does torch keep the candidate and the output gate?", lstm("ifog"), units("ifog")),
        ("Which of the first two parts opens the cell, and which one keeps it?", lstm("figo"), units("figo")),
        ("What stands in the cell is not bounded; what leaves it should be.", lstm(out=lambda o, c, old: o * c), units(out=lambda o, c, old: c * o)),
        ("The candidate is no gate: it can be negative.", lstm(squash=s), units(squash=slow)),
        ("Nothing keeps your candidate between -1 and 1.", lstm(squash=raw), units(squash=raw)),
        ("The input gate is a gate of its own, not what the forget gate leaves.", lstm(cell=lambda i, f, g, c: f * c + (1 - f) * g),
         units(cell=lambda i, f, g, c: g + f * (c - g))),
        ("The output reads the cell before the step.", lstm(out=lambda o, c, old: o * np.tanh(old)), units(out=lambda o, c, old: o * math.tanh(old))),
        ("Every candidate enters your cell in full.", lstm(cell=lambda i, f, g, c: f * c + g), units(cell=lambda i, f, g, c: g + c * f)),
        ("Your cell never forgets.", lstm(cell=lambda i, f, g, c: c + i * g), units(cell=lambda i, f, g, c: i * g + c)),
        ("The gates should know the old h as well.", lstm(use_h=False), units(use_h=False)),
        ("What is `b` for?", lambda *given: lstm()(*given[:5], 0 * given[5]), lambda *given: units()(*given[:5], np.zeros(len(given[5])))),
        ("Only what leaves the cell is squashed; your cell is squashed at every step.",
         lstm(cell=lambda i, f, g, c: np.tanh(f * c + i * g), out=lambda o, c, old: o * c),
         units(cell=lambda i, f, g, c: math.tanh(g * i + c * f), out=lambda o, c, old: c * o)),
        ("In which order are the two new states asked for?", lstm(pair=lambda h, c: (c, h)), units(pair=lambda h, c: (c, h))),
    ],
    "q9": [
        ("Keeping takes two gates: one wide open, one shut. Which sums do that?", ((0.0, 0.0, 1.0, 0.0), 0.9), ((6.0, -6.0, 0.0, 0.0), 0.9)),
        ("It lost what it had, but what it took in looks the same. What should it find instead?",
         ((-6.0, 6.0, 1.4, 0.0), 0.9), ((-5.0, 5.0, -1.0, 0.0), -0.76)),
        ("Its limits are meant to keep the example simple: large sums are not needed, but something worth keeping is.",
         ((-6.0, 6.0, 0.0, 0.0), 0.1), ((-20.0, 20.0, 0.0, 0.0), 0.9)),
    ],
    "q10": [
        ("Where z is 1, which of the two should remain: the old state or the candidate?", gru(mix=lambda z, n, h: (1 - z) * h + z * n),
         gru_units(mix=lambda z, n, h: h + z * (n - h))),
        ("You reset h before the matrix meets it, as the first paper did; torch resets the product.",
         gru(new=lambda a, r, u, V, h, b: a + V @ (r * h) + b), gru_units(new=lambda a, r, k, held, b, V, h: a + sum(V * r * h) + b)),
        ("Which gate comes first in the weights?", gru("zrn"), gru_units("zrn")),
        ("The reset gate acts on all of $u_n$, its bias included.", gru(new=lambda a, r, u, V, h, b: a + r * (u - b) + b),
         gru_units(new=lambda a, r, k, held, b, V, h: a + b + held * r[k])),
        ("The reset gate has no say in your candidate.", gru(new=lambda a, r, u, V, h, b: a + u),
         gru_units(new=lambda a, r, k, held, b, V, h: a + held + b)),
        ("The reset gate shuts off the past, not the input.", gru(new=lambda a, r, u, V, h, b: r * (a + u)),
         gru_units(new=lambda a, r, k, held, b, V, h: (a + held + b) * r[k])),
        ("The candidate is no gate: it can be negative.", gru(squash=s), gru_units(squash=slow)),
        ("Nothing keeps your candidate between -1 and 1.", gru(squash=raw), gru_units(squash=raw)),
        ("There are two biases, and each belongs to all three parts.", lambda *given: gru()(*given[:5], 0 * given[5]),
         lambda *given: gru_units()(*given[:5], np.zeros(len(given[5])))),
        ("Old state and candidate share one whole: what the one gets, the other does not.", gru(mix=lambda z, n, h: n + z * h),
         gru_units(mix=lambda z, n, h: z * h + n)),
    ],
    "q11": [
        ("Where is the path on which a layer's input passes by unchanged?", lambda J: functools.reduce(lambda p, j: j @ p, J),
         q11_multi(lambda J: J[::-1])),
        ("There is a path past *each* layer, not one past all of them together.", lambda J: one(J) + functools.reduce(lambda p, j: j @ p, J),
         lambda J: q11_multi(lambda K: K[::-1])(J) + one(J)),
        ("The order of the factors matters: which layer does $h_N$ come from?", lambda J: functools.reduce(lambda p, j: p @ (one(J) + j), J, one(J)),
         q11_multi(lambda J: J + one(J))),
        ("Those are the paths through one layer at most. Which paths are missing?", lambda J: one(J) + J.sum(0), lambda J: one(J) + sum(list(J))),
        ("Those are the paths through exactly one layer.", lambda J: J.sum(0), lambda J: sum(list(J), np.zeros(J.shape[1:]))),
        ("A number that numpy adds to a matrix goes to each entry. Which matrix leaves a row as it is?",
         lambda J: functools.reduce(lambda p, j: (1 + j) @ p, J, one(J)), q11_multi(lambda J: J[::-1] + 1)),
        ("The rows belong to $h_N$.", lambda J: q11_back(J).T, lambda J: q11_reduce(J).T),
        ("Each layer adds; you subtract.", lambda J: q11_reduce(-J), q11_multi(lambda J: one(J) - J[::-1])),
    ],
}
