"""Other right answers, and the well-known mistakes: (hint, one writing, another writing)."""

import math

import numpy as np
import torch

# q2: programs out of the lines that students get

SCORES = "    scores = [tanh(s + h) for h in hs]\n"
PARTS = "    parts = [exp(score) for score in scores]\n"
WEIGHTS = "    weights = [part / sum(parts) for part in parts]\n"
CONTEXT = "    context = sum(weight * h for weight, h in zip(weights, hs))\n"
STATE = "    state = tanh(y + context + kept)\n"


def program(place=0, scores=SCORES, parts=PARTS, weights=WEIGHTS, context=CONTEXT, state=STATE, first=False):
    """`kept` may be computed at many places; `first`: the state comes before the look."""
    body = [scores, parts, weights, context]
    body = [state, *body] if first else [*body, state]
    body.insert(0 if first else place, "    kept = w * s\n")
    lines = ["def step(y, s, hs, w):\n", "    from math import exp, tanh\n", *body, "    return state, weights\n"]
    return "".join(lines)


def twice(**changes):
    """One mistake in two programs."""
    return program(**changes), program(place=2, **changes)


# q3


def general(turn=lambda W: W, norm=False, scale=1, add=True):
    """The query goes through the matrix."""

    def general_scores(queries, keys, W):
        products = (queries @ turn(W))[:, None] * keys / scale
        scores = products.sum(-1) if add else products
        return scores.softmax(-1) if norm else scores

    return general_scores


def general_loops(turn=lambda W: W, norm=False, scale=1, add=True):
    """Key by key; the matrix goes to the key."""

    def general_scores(queries, keys, W):
        M, rows = turn(W), []
        for q, hs in zip(queries, keys):
            row = torch.stack([q.dot(M.mv(h)) if add else q @ M * h for h in hs]) / scale
            rows.append(row.exp() / row.exp().sum() if norm else row)
        return torch.stack(rows)

    return general_scores


def transposed(W):
    return W.T


def identity(W):
    return torch.eye(len(W), dtype=W.dtype)


def q3_bmm(queries, keys, W):
    return torch.bmm(keys, (queries @ W)[..., None])[..., 0]


# q4


def additive(tanh=torch.tanh, join=lambda a, b: a + b, v_used=True, swap=False, norm=False, outside=False):
    def additive_scores(queries, keys, W_q, W_h, v):
        if swap:
            W_q, W_h = W_h, W_q
        a, b = (queries @ W_q.T).unsqueeze(1), keys @ W_h.T
        hidden = tanh(a) + tanh(b) if outside else tanh(join(a, b))
        scores = hidden @ (v if v_used else torch.ones_like(v))
        return scores.softmax(1) if norm else scores

    return additive_scores


def additive_loops(tanh=np.tanh, join=lambda a, b: a + b, v_used=True, swap=False, norm=False, outside=False):
    def additive_scores(queries, keys, W_q, W_h, v):
        first, second = (W_h, W_q) if swap else (W_q, W_h)
        out = []
        for q, hs in zip(queries.numpy(), keys.numpy()):
            row = []
            for h in hs:
                a, b = first.numpy() @ q, second.numpy() @ h
                z = tanh(a) + tanh(b) if outside else tanh(join(a, b))
                row.append((z * v.numpy() if v_used else z).sum())
            e = np.exp(row)
            out.append(e / e.sum() if norm else row)
        return torch.tensor(np.array(out))

    return additive_scores


def same(z):
    return z


# q5


def filled(value=-math.inf, clean=True, flip=False, axis=-1):
    """The padding's scores are replaced before the softmax."""

    def masked_softmax(scores, mask):
        mask = ~mask if flip else mask
        weights = torch.where(mask, scores, torch.full_like(scores, value)).softmax(axis)
        return torch.where(mask, weights, 0.0) if clean else weights

    return masked_softmax


def counted(empty="zeros", flip=False, along="row", safe=True):
    """Row by row from those that may be seen."""

    def masked_softmax(scores, mask):
        mask = ~mask if flip else mask
        if along == "column":
            return counted(empty)(scores.T, mask.T).T
        out = torch.zeros_like(scores)
        for row, score, seen in zip(out, scores, mask):
            if seen.any():
                z = score[seen]
                e = torch.exp(z - z.max() if safe else z)
                row[seen] = e / e.sum()
            elif empty != "zeros":
                row[:] = {"nan": math.nan, "mean": 1 / len(row)}[empty]
        return out

    return masked_softmax


def after(scores, mask):
    return scores.softmax(-1) * mask


def after_rows(scores, mask):
    e = np.exp(scores.numpy() - scores.numpy().max(1, keepdims=True))
    return torch.from_numpy(np.where(mask.numpy(), e / e.sum(1, keepdims=True), 0))


def with_zeros(scores, mask):
    return (scores * mask).softmax(-1)


def with_zeros_filled(scores, mask):
    return filled(value=0.0, clean=False)(scores, mask)


def unsafe(scores, mask):
    e = scores.exp() * mask
    return torch.where(mask.any(1, keepdim=True), e / e.sum(1, keepdim=True), 0.0)


def unsafe_numpy(scores, mask):
    seen = mask.numpy()
    with np.errstate(all="ignore"):
        e = np.exp(scores.numpy())
        e = np.where(seen, e, 0 * e)
        total = np.where(seen.any(1, keepdims=True), e.sum(1, keepdims=True), 1)
        return torch.from_numpy(np.where(seen.any(1, keepdims=True), e / total, 0.0))


def quotient(scores, mask):
    with np.errstate(all="ignore"):
        e = np.exp(scores.numpy()) * mask.numpy()
        return torch.from_numpy(np.stack([row / row.sum() for row in e]))


def q5_where(scores, mask):
    top = torch.where(mask, scores, torch.full_like(scores, -1e300)).amax(1, keepdim=True)
    e = torch.exp(torch.where(mask, scores - top, torch.zeros_like(scores))) * mask
    return e / e.sum(1, keepdim=True).clamp(min=1e-300)


# q6


def batched(order="cs", tanh=torch.tanh, weights_of=lambda a: a, who="s"):
    def attentional(states, values, weights, W):
        c = torch.einsum("bst,btk->bsk", weights_of(weights), values)
        first, second = {"cs": (c, states), "sc": (states, c)}[order] if who == "s" else (c, c)
        return c, tanh(torch.cat((first, second), 2) @ W.T)

    return attentional


def looped(order="cs", tanh=np.tanh, weights_of=lambda a: a, who="s"):
    def attentional(states, values, weights, W):
        B, S, K = *states.shape[:2], values.size(2)
        c, out = np.zeros((B, S, K)), np.zeros((B, S, len(W)))
        a, h, s, V = weights_of(weights).numpy(), values.numpy(), states.numpy(), W.numpy()
        for b in range(B):
            for j in range(S):
                c[b, j] = sum(a[b, j, t] * h[b, t] for t in range(h.shape[1]))
                one, two = (c[b, j], s[b, j] if who == "s" else c[b, j])
                one, two = (two, one) if order == "sc" else (one, two)
                out[b, j] = tanh(V[:, : len(one)] @ one + V[:, len(one) :] @ two)
        return torch.from_numpy(c), torch.from_numpy(out)

    return attentional


def hard(a):
    return torch.eye(a.size(-1), dtype=a.dtype)[a.argmax(-1)]


def again(a):
    return a.softmax(-1)


def flat(a):
    return torch.full_like(a, 1 / a.size(-1))


def first_query(a):
    return a[:, :1].expand_as(a)


# q7


def sets(error=lambda A, S, P: 1 - (len(A & S) + len(A & P)) / (len(A) + len(S)), include=True, sort=False):
    def error_rate(links, sure, possible):
        A, S, P = ({tuple(sorted(link) if sort else link) for link in some} for some in (links, sure, possible))
        return error(A, S, P | S if include else P)

    return error_rate


def listed(error=lambda both, can, a, s, p: 1 - (both + can) / (a + s), include=True, once=True, sort=False):
    """By counting in lists."""

    def error_rate(links, sure, possible):
        A, S, P = ([list(sorted(x) if sort else x) for x in some] for some in (links, sure, possible))
        if once:
            A, S, P = ([x for i, x in enumerate(some) if x not in some[:i]] for some in (A, S, P))
        P = P + [x for x in S if x not in P] if include else P
        return error(sum(x in S for x in A), sum(x in P for x in A), len(A), len(S), len(P))

    return error_rate


def q7_lists(links, sure, possible):
    A, S, P = [list(map(tuple, some)) for some in (links, sure, possible)]
    hits = len([a for a in A if a in S]) + len([a for a in A if a in S or a in P])
    return 1 - hits / (len(A) + len(S))


# q8


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def looked(scores=lambda X: X @ X.T, axis=1, weigh=softmax, out=lambda a, X: a @ X):
    return lambda X: out(weigh(scores(X), axis), X)


def looked_rows(change=lambda row, i, X: row, weigh=lambda row: softmax(row), only_weights=False):
    """Word by word."""

    def self_attention(X):
        out = []
        for i, x in enumerate(X):
            a = weigh(change(np.array([float(x @ other) for other in X]), i, X))
            out.append(a if only_weights else sum(w * other for w, other in zip(a, X)))
        return np.array(out)

    return self_attention


def columns(X):
    scores = X @ X.T
    a = np.array([softmax(column) for column in scores.T]).T
    return a @ X


def naive(z, axis=-1):
    with np.errstate(all="ignore"):
        return np.exp(z) / np.exp(z).sum(axis, keepdims=True)


def without_self(X):
    return X @ X.T - 1e9 * np.eye(len(X)) if len(X) > 1 else X @ X.T


def drop_self(row, i, X):
    row = row.copy()
    if len(row) > 1:
        row[i] = -np.inf
    return row


def whole_top(z, axis=-1):
    """The largest score of the whole table is taken off: in a row far below it nothing is left."""
    with np.errstate(all="ignore"):
        e = np.exp(z - z.max())
        return e / e.sum(axis, keepdims=True)


def whole_top_rows(X):
    top = (X @ X.T).max()
    with np.errstate(all="ignore"):
        return looked_rows(weigh=lambda row: np.exp(row - top) / np.exp(row - top).sum())(X)


def sums_across(z, axis=-1):
    """keepdims is forgotten: the sum of row j divides column j."""
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1)


def sums_across_rows(X):
    e = np.array([np.exp(row - row.max()) for row in X @ X.T])
    sums = [row.sum() for row in e]
    return np.array([[number / total for number, total in zip(row, sums)] for row in e]) @ X


def by_feature(X):
    return X @ softmax(X.T @ X, 1)


def by_feature_rows(X):
    a = np.array([softmax(X.T @ column) for column in X.T])
    return np.einsum("td,de->te", X, a)


# q10


def vector(centre=lambda p: p, window=lambda p: p, edge=np.less_equal, support="window", sigma=0.5, two=2, gauss=True,
           norm=False, reach=1):  # fmt: skip
    def local_weights(scores, p, D):
        s = np.arange(scores.size)
        inside = edge(np.abs(s - window(p)), reach * D)
        e = np.where(inside if support == "window" else True, np.exp(scores), 0)
        a = np.where(inside, e / e.sum(), 0)
        a = a * np.exp(-((s - centre(p)) ** 2) / (two * (sigma * D) ** 2)) if gauss else a
        return a / a.sum() if norm else a

    return local_weights


def zeros_outside(scores, p, D):
    """Scores outside the window are set to 0 before the softmax, and so keep a share."""
    s = np.arange(len(scores))
    inside = np.abs(s - p) <= D
    return softmax(np.where(inside, scores, 0.0)) * np.exp(-2 * ((s - p) / D) ** 2) * inside


def zeros_outside_loop(scores, p, D):
    outside = sum(abs(s - p) > D for s in range(len(scores)))
    right = single()(scores, p, D)
    total = sum(math.exp(z) for s, z in enumerate(scores) if abs(s - p) <= D)
    return right * total / (total + outside)


def single(centre=lambda p: p, window=lambda p: p, strict=False, support="window", sigma=0.5, two=2, gauss=True,
           norm=False, reach=1):  # fmt: skip
    def local_weights(scores, p, D):
        out, places = [0.0] * len(scores), []
        for s in range(len(scores)):
            far = abs(s - window(p))
            if far < reach * D or (far == reach * D and not strict):
                places.append(s)
        total = sum(math.exp(scores[s]) for s in (places if support == "window" else range(len(scores))))
        for s in places:
            g = math.exp(-((s - centre(p)) ** 2) / two / (sigma * D) ** 2) if gauss else 1
            out[s] = math.exp(scores[s]) / total * g
        return np.array(out) / (sum(out) if norm else 1)

    return local_weights


# q11


def padded(keep=False, up=True, sizes=None, pair=lambda a, b: torch.cat([a, b], -1), fill=None):
    """Even and odd steps, side by side."""

    def halve(x, lengths):
        seen = (torch.arange(x.size(1)) < torch.tensor(lengths)[:, None])[..., None]
        x = x if keep else torch.where(seen, x, 0.0)
        even, odd = x[:, ::2], x[:, 1::2]
        if up:
            odd = torch.cat([odd, torch.zeros_like(x[:, :1])], 1)[:, : even.size(1)]
        else:
            even = even[:, : odd.size(1)]
        return pair(even, odd), [(sizes or (lambda n: -(-n // 2)))(n) for n in lengths]

    return halve


def pairwise(keep=False, up=True, sizes=None, join=lambda a, b: torch.cat([a, b]), again=False):
    """Step by step."""

    def halve(x, lengths):
        rows, T = [], x.size(1)
        for row, n in zip(x, lengths):
            row = row.clone()
            if not keep:
                row[n:] = 0
            steps = []
            for k in range(0, T if up else T - 1, 2):
                other = row[k + 1] if k + 1 < T else torch.zeros_like(row[0])
                steps.append(join(row[k], row[k] if again and k + 1 == n else other))
            rows.append(torch.stack(steps))
        return torch.stack(rows), [(sizes or (lambda n: n // 2 + n % 2))(n) for n in lengths]

    return halve


def repeated(x, lengths):
    longer = torch.cat([x, x[:, -1:]], 1)
    for b, n in enumerate(lengths):
        longer[b, n:] = 0
        if n % 2:
            longer[b, n] = x[b, n - 1]
    return padded(keep=True)(longer[:, : -(-x.size(1) // 2) * 2], lengths)


def halves(x, lengths):
    """The first half beside the second."""
    y, sizes = padded()(x, lengths)
    x = torch.cat([y[..., : x.size(2)], y[..., x.size(2) :]], 2).reshape(len(x), -1, x.size(2))
    return torch.cat(x.chunk(2, dim=1), 2), sizes


def halves_loop(x, lengths):
    T = -(-x.size(1) // 2)
    y = torch.zeros(len(x), T, 2 * x.size(2), dtype=x.dtype)
    for b, n in enumerate(lengths):
        for t in range(n):
            y[b, t % T, (t // T) * x.size(2) : (t // T + 1) * x.size(2)] = x[b, t]
    return y, [-(-n // 2) for n in lengths]


def down(n):
    return n // 2


# q12


def summed(slope=lambda k, c, p: (k == c) - p[k], gain=lambda r, b: r - b, over=len):
    def gradient(p, choices, rewards, baseline):
        out = [0.0] * len(p)
        for c, r in zip(choices, rewards):
            for k in range(len(p)):
                out[k] += gain(r, baseline) * slope(k, c, p) / over(choices)
        return out

    return gradient


def arrays(slope=lambda E, p: E - p, gain=lambda r, b: r - b, total=np.mean):
    def gradient(p, choices, rewards, baseline):
        E = np.stack([np.arange(len(p)) == c for c in choices]).astype(float)
        return total(gain(np.array(rewards), baseline)[:, None] * slope(E, np.array(p)), axis=0).tolist()

    return gradient


RIGHT = {
    "q1": ["b", ["B"]],
    "q2": [program(place=2), program(place=4)],
    "q3": [general(), q3_bmm, general_loops()],
    "q4": [additive(), additive_loops()],
    "q5": [filled(), counted(), q5_where],
    "q6": [batched(), looped()],
    "q7": [sets(), listed()],
    "q8": [looked(), looked_rows()],
    "q9": [[[0, 2], [1, 1]], ((3.0, -1.0), (1.0, 1.0))],
    "q10": [vector(), single()],
    "q11": [padded(), pairwise()],
    "q12": [summed(), arrays()],
}

WRONG = {
    "q1": [
        ("The second word of a translation need not belong to the second word of the source: what is there to choose from?", "A", "a"),
        ("A softmax over these would say which output looks at a word, and all outputs would have to share it.", "C", ["c"]),
        ("An output is made with its own query; what the earlier ones found has gone into the state already.", "D", "d"),
    ],
    "q2": [
        ("You ask with the word before; Bahdanau's decoder asks with its state.", *twice(scores="    scores = [tanh(y + h) for h in hs]\n")),
        ("This one moves first and then looks, and what it has seen comes too late for its state.",
         program(scores="    scores = [tanh(state + h) for h in hs]\n", state="    state = tanh(y + kept)\n", first=True),
         program(scores="    scores = [tanh(state + h) for h in hs]\n", state="    state = tanh(y + kept)\n", first=True, context="")),
        ("The weights are right, and the state makes nothing of what was seen.", *twice(state="    state = tanh(y + kept)\n")),
        ("Weights of a softmax are positive: the exponential is missing.", *twice(weights="    weights = [score / sum(scores) for score in scores]\n")),
        ("These weights do not sum to 1.", *twice(weights="    weights = [part / max(parts) for part in parts]\n")),
        ("This context is a single word of the source: that is hard attention.", *twice(context="    context = hs[weights.index(max(weights))]\n")),
        ("This context is the same whatever is asked.", *twice(context="    context = sum(hs) / len(hs)\n")),
    ],
    "q3": [
        ("Which side of W belongs to the query, and which to the key?", general(turn=transposed), general_loops(turn=transposed)),
        ("Your score does not use the matrix.", lambda q, h, W: (q[:, None] * h).sum(-1), general_loops(turn=identity)),
        ("A score is a single number for each key: what is still to be done with the products?", general(add=False), general_loops(add=False)),
        ("These are weights already; only their scores are asked for.", general(norm=True), general_loops(norm=True)),
        ("The scores are right, and wrapped in an axis too many: a sentence has a single query here.",
         lambda q, h, W: (q @ W)[:, None] @ h.mT, lambda q, h, W: general_loops()(q, h, W)[:, None]),
        ("Each query meets the keys of its own sentence, not those of the whole batch.",
         lambda q, h, W: (q @ W) @ h.mT, lambda q, h, W: torch.stack([torch.stack([h[b] @ (W.T @ a) for a in q]) for b in range(len(h))])),
    ],
    "q4": [
        ("Without the hyperbolic tangent the query adds the same to every score, and changes no weight.", additive(tanh=same), additive_loops(tanh=same)),
        ("The hyperbolic tangent is taken of the sum: taken of each part, the query and the key would never meet.",
         additive(outside=True), additive_loops(outside=True)),
        ("Where is v?", additive(v_used=False), additive_loops(v_used=False)),
        ("Which of the two matrices belongs to the query?", additive(swap=True), additive_loops(swap=True)),
        ("These are weights already; only their scores are asked for.", additive(norm=True), additive_loops(norm=True)),
        ("An additive score adds: you multiply query and key.", additive(join=lambda a, b: a * b), additive_loops(join=lambda a, b: a * b)),
    ],
    "q5": [
        ("A row without anything to see is 0 divided by 0 in your answer.", filled(clean=False), counted(empty="nan")),
        ("A row without anything to see looks at its padding, everywhere alike.", filled(value=-1e9, clean=False), counted(empty="mean")),
        ("The padding has taken its share before you took it away: do the rest of the weights sum to 1?", after, after_rows),
        ("A score of 0 is not a weight of 0: what is $e^0$?", with_zeros, with_zeros_filled),
        ("True is where the query *may* look.", filled(flip=True), counted(flip=True)),
        ("You hide what may be seen; and where nothing is left, the weights are spread over all alike.", filled(value=-1e9, clean=False, flip=True), counted(flip=True, empty="mean")),
        ("You hide what may be seen; and where nothing is left, you divide 0 by 0.", filled(flip=True, clean=False), counted(flip=True, empty="nan")),
        ("Which axis holds the keys of one query?", lambda s, m: filled(axis=0)(s, m), counted(along="column")),
        ("$e^{1000}$ is larger than any float: what may be taken from all scores without changing the weights?", unsafe, unsafe_numpy),
        ("Two things go wrong: $e^{1000}$ is larger than any float, and a row without anything to see is 0 divided by 0.",
         lambda s, m: s.exp() * m / (s.exp() * m).sum(1, keepdim=True), quotient),
    ],
    "q6": [
        ("The contexts are right. In $[c; s]$, which of the two comes first?", batched(order="sc"), looped(order="sc")),
        ("The contexts are right. Something keeps the attentional states between -1 and 1.", batched(tanh=same), looped(tanh=same)),
        ("The contexts are right. What else does the attentional state know of?", batched(who="c"), looped(who="c")),
        ("Your contexts take the best word alone: this attention is soft.", batched(weights_of=hard), looped(weights_of=hard)),
        ("The weights have been through a softmax already.", batched(weights_of=again), looped(weights_of=again)),
        ("Your contexts are plain means: the weights change nothing.", batched(weights_of=flat), looped(weights_of=flat)),
        ("Each state has a row of weights of its own; all of yours look where the first one looks.", batched(weights_of=first_query), looped(weights_of=first_query)),
    ],
    "q7": [
        ("A sure link is possible, too, whether or not the second list says so.", sets(include=False), listed(include=False)),
        ("High is good in your answer, but this is a rate of errors.", sets(lambda A, S, P: (len(A & S) + len(A & P)) / (len(A) + len(S))),
         listed(lambda both, can, a, s, p: (both + can) / (a + s))),
        ("A link that stands twice in a list counts once.", q7_lists, listed(once=False)),
        ("Links that are merely possible need not be found: what is it that you divide by?",
         sets(lambda A, S, P: 1 - (len(A & S) + len(A & P)) / (len(A) + len(P))), listed(lambda both, can, a, s, p: 1 - (both + can) / (a + p))),
        ("A possible link that was found is no error.", sets(lambda A, S, P: 1 - 2 * len(A & S) / (len(A) + len(S))),
         listed(lambda both, can, a, s, p: 1 - 2 * both / (a + s))),
        ("Sure links that were missed cost nothing in your answer.", sets(lambda A, S, P: 1 - len(A & P) / len(A)), listed(lambda both, can, a, s, p: 1 - can / a)),
        ("Source and target are two sentences: (1, 0) is not (0, 1).", sets(sort=True), listed(sort=True)),
    ],
    "q8": [
        ("The weights of a *row* sum to 1: which axis is the softmax taken along?", looked(axis=0), columns),
        ("Nothing is divided here: the scaled product comes later.", looked(scores=lambda X: X @ X.T / math.sqrt(X.shape[1])),
         looked_rows(change=lambda row, i, X: row * X.shape[1] ** -0.5)),
        ("A word may look at itself as well.", looked(scores=without_self), looked_rows(change=drop_self)),
        ("There is no softmax in it.", looked(weigh=lambda z, axis: z), looked_rows(weigh=lambda row: row)),
        ("$e^{1600}$ is larger than any float: what may be taken from all scores of a row without changing the weights?", looked(weigh=naive), looked_rows(weigh=naive)),
        ("You take the largest score of the whole table from all: what becomes of a row whose scores are far below it?", looked(weigh=whole_top), whole_top_rows),
        ("A row of sums, laid over a table, divides its *columns*: is the sum of each row under its own row?", looked(weigh=sums_across), sums_across_rows),
        ("These are the weights; each row of `Y` is a mean of vectors.", looked(out=lambda a, X: a), looked_rows(only_weights=True)),
        ("Your features look at one another, not your words: which of the two products has a row for each word?", by_feature, by_feature_rows),
    ],
    "q9": [
        ("The sums give this one away. Write down, for two queries and two keys, when both rows of `weigh` sum to 1.", [[1, 2], [3, 4]], [[5, 1, 0], [0, 0, 2]]),
        ("The test passes because nothing is wrong: both axes lead to the same weights here. Can the table be less symmetric?",
         [[0, 0], [0, 0]], [[3, 1], [1, 3]]),
        ("Each query needs a score for each key.", [[1, 2], [3]], [[], []]),
        ("Smaller numbers will do.", [[20, 0], [10, 10]], [[0, 0], [0, -30]]),
    ],
    "q10": [
        ("These weights sum to 1; those of the paper do not.", vector(norm=True), single(norm=True)),
        ("The softmax is taken in the window alone: scores outside have no share in it.", vector(support="all"), single(support="all")),
        ("A score of 0 is not a weight of 0: the positions outside still have a share in your softmax.", zeros_outside, zeros_outside_loop),
        ("The centre is a real number: your bell stands on a whole one.", vector(centre=np.round), single(centre=round)),
        ("The bell is right, but its window reaches to both sides of a whole number, not of p.", vector(window=np.round), single(window=round)),
        ("The bell is right, but its window reaches to both sides of p rounded down.", vector(window=np.floor), single(window=int)),
        ("The bell is missing.", vector(gauss=False), single(gauss=False)),
        ("Your bell is too wide: what is $\\sigma$?", vector(sigma=1), single(sigma=1)),
        ("A factor is missing in the bell's exponent.", vector(two=1), single(two=1)),
        ("The edges of the window belong to it.", vector(edge=np.less), single(strict=True)),
        ("With the bell alone the far positions keep a little weight, and there is no window.", vector(reach=1e9), single(reach=math.inf)),
    ],
    "q11": [
        ("An odd number of steps: what becomes of the last one?", padded(up=False, sizes=down), pairwise(up=False, sizes=down)),
        ("Two questions: what becomes of the last of an odd number of steps, and what of numbers that do not count?",
         padded(keep=True, up=False, sizes=down), pairwise(keep=True, up=False, sizes=down)),
        ("The steps are right. How many of them count in a row of odd length?", padded(sizes=down), pairwise(sizes=down)),
        ("Numbers that do not count have come into your steps.", padded(keep=True), pairwise(keep=True)),
        ("In each of your steps the later one comes first.", padded(pair=lambda a, b: torch.cat([b, a], -1)), pairwise(join=lambda a, b: torch.cat([b, a]))),
        ("Two steps are laid side by side, not mixed into one of the old size.", padded(pair=lambda a, b: (a + b) / 2), pairwise(join=lambda a, b: (a + b) / 2)),
        ("The last step of an odd row has no partner: it is not its own.", repeated, pairwise(again=True)),
        ("You join the beginning with the middle: neighbours belong together.", halves, halves_loop),
    ],
    "q12": [
        ("What does the baseline change in your answer?", summed(gain=lambda r, b: r), arrays(gain=lambda r, b: r)),
        ("A position that was *not* chosen learns, too: a softmax gives to one what it takes from the others.",
         summed(slope=lambda k, c, p: float(k == c)), arrays(slope=lambda E, p: E)),
        ("The chosen position is right. Those that were *not* chosen have a derivative, too: what does a softmax take from them?",
         summed(slope=lambda k, c, p: (k == c) * (1 - p[k])), arrays(slope=lambda E, p: E * (1 - p))),
        ("This is the derivative by the probabilities; the scores lie one softmax further back.",
         summed(slope=lambda k, c, p: (k == c) / p[k]), arrays(slope=lambda E, p: E / p)),
        ("A mean over the draws is asked for.", summed(over=lambda choices: 1), arrays(total=np.sum)),
        ("This would make the reward smaller.", summed(slope=lambda k, c, p: p[k] - (k == c)), arrays(slope=lambda E, p: p - E)),
        ("A draw is good if it brings more than the baseline: is the baseline added?", summed(gain=lambda r, b: r + b), arrays(gain=lambda r, b: r + b)),
        ("This derivative is that of p itself; that of its logarithm is simpler.",
         summed(slope=lambda k, c, p: p[c] * ((k == c) - p[k])), arrays(slope=lambda E, p: (E @ p)[:, None] * (E - p))),
        ("Not the best of the rewards, nor their mean: the baseline is given.", lambda p, c, r, b: summed()(p, c, r, sum(r) / len(r)),
         arrays(gain=lambda r, b: r - r.mean())),
    ],
}
