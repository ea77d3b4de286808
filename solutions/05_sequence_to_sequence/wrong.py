"""Other right answers, and the well-known mistakes: (hint, one writing, another writing)."""

import math
from fractions import Fraction
from itertools import zip_longest

import numpy as np
import torch
from torch.nn import functional as F

# q1: programs out of the lines that students get


def program(late=False, total_first=True, begin="    previous = 0.0\n", loop="    for y in ys:\n", read="previous",
            after="        previous = y\n", early=False, late_move=False, inside=False):  # fmt: skip
    """The import may come late, and `total` and `previous` may start in either order."""
    brought, first = "    from math import tanh\n", "    state = 0.0\n"
    start = ["    total = 0.0\n", begin]
    move = [f"        state = tanh({read} + w * state)\n", "        total += (state - y) ** 2\n"]
    body = ["".join(move[::-1] if late_move else move), after]
    return (
        "def loss(xs, ys, v, w):\n"
        + (first + brought if late else brought + first)
        + "    for x in xs:\n        state = tanh(x + v * state)\n"
        + "".join(start if total_first else start[::-1])
        + loop
        + "".join(body[::-1] if early else body)
        + ("        return total / len(ys)\n" if inside else "    return total / len(ys)\n")
    )


def twice(**changes):
    """One mistake in two programs."""
    return program(**changes), program(late=True, total_first=False, **changes)


# q4


def rows(make):
    """A pair of rows for each sentence: make(words, how much padding, bos, eos, pad)."""

    def shifted(sentences, bos, eos, pad):
        longest = max(len(words) for words in sentences)
        pairs = [make(list(words), longest - len(words), bos, eos, pad) for words in sentences]
        return [a for a, _ in pairs], [b for _, b in pairs]

    return shifted


def columns(read, said, side="end", full=True, cut=0, short_end=False):
    """The same from ragged rows: read(words, bos, eos) and said(words, bos, eos) without padding."""

    def fill(ragged, size, pad):
        if not full:
            return ragged
        return [([pad] * (size - len(r)) + r if side == "front" else r + [pad] * (size - len(r)))[:size] for r in ragged]

    def shifted(sentences, bos, eos, pad):
        size = max(map(len, sentences)) + 1 - cut
        first = [read(list(w), bos, eos) + [eos] * (short_end and len(w) + 1 < size) for w in sentences]
        return fill(first, size, pad), fill([said(list(w), bos, eos) for w in sentences], size, pad)

    return shifted


def q4_zip(sentences, bos, eos, pad):
    def square(ragged):
        return [list(row) for row in zip(*zip_longest(*ragged, fillvalue=pad))]

    return square([(bos, *w) for w in sentences]), square([(*w, eos) for w in sentences])


def reads(words, bos, eos):
    return [bos, *words]


def says(words, bos, eos):
    return [*words, eos]


def bare(words, bos, eos):
    return words


def end_behind(sentences, bos, eos, pad):
    inputs, targets = q4_zip(sentences, bos, eos, pad)
    return inputs, [[y for y in row if y not in (eos, pad)] + [pad] * (row.count(pad)) + [eos] for row in targets]


# q5


def q5_index(ids, lengths):
    place, size = torch.arange(ids.size(1)), torch.tensor(lengths)[:, None]
    return ids.gather(1, torch.where(place < size, size - 1 - place, place))


def q5_lists(ids, lengths):
    return torch.tensor([row[:n][::-1] + row[n:] for row, n in zip(ids.tolist(), lengths)])


def by_place(place):
    """place(t, length, size): which word of its row comes to place t."""
    return lambda ids, lengths: torch.stack(
        [torch.stack([row[place(t, n, len(row))] for t in range(len(row))]) for row, n in zip(ids, lengths)]
    )


# q6


def minus_log(logits, targets):
    return F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")  # B, S


def softmax(z):
    return [math.exp(a) / sum(map(math.exp, z)) for a in z]


def by_row(price=lambda z, y: -math.log(softmax(z)[y]), join=lambda rows: sum(map(sum, rows)) / sum(map(len, rows)),
           keep=lambda y, pad: y != pad):  # fmt: skip
    """Word by word: what a word costs, how the rows' costs become one number, which words count."""

    def mean_loss(logits, targets, pad):
        rows = [[price(z, y) for z, y in zip(*row) if keep(y, pad)] for row in zip(logits.tolist(), targets.tolist())]
        return join(rows)

    return mean_loss


def plain(loss):
    """A number instead of a tensor of one number."""
    return lambda *args: float(loss(*args))


def everything(y, pad):
    return True


def not_zero(y, pad):
    return y != 0


def q6_axis(logits, targets, pad):
    p = np.exp(logits.numpy())
    p = p / p.sum(1, keepdims=True)
    return by_row(price=lambda z, y: -math.log(z[y]))(torch.from_numpy(p), targets, pad)


# q7


def joined(order="cy", tanh=torch.tanh, turn=lambda V: V.T, from_context=False, bias=1, past=1, out="new c"):
    """As the equations stand, with places for the mistakes."""

    def step(y, s, c, V_x, V_h, b, W):
        x = torch.cat([c, y] if order == "cy" else [y, c], dim=-1)
        new = tanh(x @ V_x.T + past * ((c if from_context else s) @ turn(V_h)) + bias * b)
        seen = {"new": new, "old": s, "c": c}
        return new, torch.cat([seen[name] for name in out.split()], dim=-1) @ W.T

    return step


def row_by_row(order="cy", tanh=np.tanh, turn=lambda V: V, from_context=False, bias=1, past=1, out="new c"):
    """Row by row and by numpy, the matrices cut into their two parts."""

    def step(y, s, c, V_x, V_h, b, W):
        news, scores = [], []
        for y_, s_, c_ in zip(y.numpy(), s.numpy(), c.numpy()):
            first, second = (c_, y_) if order == "cy" else (y_, c_)
            V, U, H = V_x.numpy(), turn(V_h.numpy()), W.size(1) // 2
            z = V[:, : len(first)].dot(first) + V[:, len(first) :].dot(second)
            new = tanh(z + past * U.dot(c_ if from_context else s_) + bias * b.numpy())
            one, two = ({"new": new, "old": s_, "c": c_}[name] for name in out.split())
            news.append(new)
            scores.append(W.numpy()[:, :H].dot(one) + W.numpy()[:, H:].dot(two))
        return torch.tensor(np.array(news)), torch.tensor(np.array(scores))

    return step


def same(z):
    return z


def as_shares(step):
    """Probabilities in the scores' place."""

    def made(*args):
        new, scores = step(*args)
        return new, scores.softmax(-1)

    return made


# q8


def loop(coin=lambda draw, own: draw < own, draw_at=lambda j: j, word_at=lambda j: j - 1, first=False, source="read"):
    """Step by step; `source`: after which words the model guesses: those read, the right ones, its own, or words[j]."""

    def inputs(words, best, own, draws, bos):
        right, alone, read = [bos, *words], [bos], [bos]
        for _ in words:
            alone.append(best[alone[-1]])
        if first and coin(draws[0], own):
            read = [best[bos]]
        for j in range(1, len(words)):
            before = {"read": read, "right": right, "alone": alone, "replaced": words}[source][j - 1]
            read.append(best[before] if coin(draws[draw_at(j)], own) else words[word_at(j)])
        return read

    return inputs


def descent(coin=lambda draw, own: own > draw, draw_at=lambda j: j, word_at=lambda j: j - 1, first=False, source="read"):
    """The same from the last step back to the first, by recursion."""

    def inputs(words, best, own, draws, bos):
        def written(j):
            return best[written(j - 1)] if j else bos

        def read(j):
            if j == 0:
                return best[bos] if first and coin(draws[0], own) else bos
            if not coin(draws[draw_at(j)], own):
                return words[word_at(j)]
            if source == "alone":
                return written(j)
            return best[read(j - 1) if source == "read" else (words if source == "replaced" else [bos] + words)[j - 1]]

        return [read(j) for j in range(len(words))]

    return inputs


# q10


def gathered(a=lambda n, T: n - 1, r=lambda n, T: 0, tanh=torch.tanh, flip=False):
    """All rows at once; a and r say which place of a row of n words among T is taken."""

    def first_state(ahead, back, lengths, W):
        T, B = ahead.size(1), torch.arange(ahead.size(0))
        ends = ahead[B, [a(n, T) for n in lengths]]
        starts = back[B, [r(n, T) for n in lengths]]
        return tanh(torch.cat([starts, ends] if flip else [ends, starts], dim=1) @ W.T)

    return first_state


def halves(a=lambda n, T: n - 1, r=lambda n, T: 0, tanh=np.tanh, flip=False):
    """Row by row, with the matrix cut into its two halves."""

    def first_state(ahead, back, lengths, W):
        rows, (left, right) = [], W.numpy().reshape(len(W), 2, -1).transpose(1, 0, 2)
        for b, n in enumerate(lengths):
            x, y = ahead[b, a(n, ahead.shape[1])].numpy(), back[b, r(n, back.shape[1])].numpy()
            rows.append(tanh(left @ (y if flip else x) + right @ (x if flip else y)))
        return torch.from_numpy(np.stack(rows))

    return first_state


def last_word(n, T):
    return n - 1


def end_of_batch(n, T):
    return T - 1


def averaged(ahead, back, lengths, W):
    a, r = (torch.stack([x[b, :n].mean(0) for b, n in enumerate(lengths)]) for x in (ahead, back))
    return torch.tanh(torch.cat([a, r], 1) @ W.T)


def averaged_by_mask(ahead, back, lengths, W):
    mask = (torch.arange(ahead.size(1)) < torch.tensor(lengths)[:, None]).double()
    both = torch.cat([ahead, back], -1)
    return ((both * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)).matmul(W.T).tanh()


RIGHT = {
    "q1": [program(late=True), program(total_first=False)],
    "q2": [1600.0, Fraction(1600)],
    "q3": ["c", ["C"]],
    "q4": [q4_zip, columns(reads, says), rows(lambda w, n, bos, eos, pad: ([bos] + w + [pad] * n, w + [eos] + [pad] * n))],
    "q5": [q5_index, q5_lists],
    "q6": [lambda z, y, pad: F.cross_entropy(z.flatten(0, 1), y.flatten(), ignore_index=pad), by_row()],
    "q7": [joined(), row_by_row()],
    "q8": [loop(), descent()],
    "q9": [{"<bos>": "home", "we": "walk", "walk": "home", "home": "in", "in": "the", "the": "rain"},
           {"<bos>": "and", "and": "and", "we": "walk", "walk": "home", "home": "in", "in": "the", "the": "rain"}],
    "q10": [gathered(), halves()],
}  # fmt: skip

TAUGHT = {"we": "walk", "walk": "home", "home": "in", "in": "the", "the": "rain"}

WRONG = {
    "q1": [
        ("Your decoder goes on from its own numbers: what does it read while the teacher is there?", *twice(after="        previous = state\n")),
        ("Your decoder reads the very number that it is to predict.", program(read="y"), program(early=True, late=True)),
        ("Your decoder knows nothing of the source: what is its first state?", *twice(begin="    state, previous = 0.0, 0.0\n")),
        ("The target begins with a mark of its own, not with the end of the source.", *twice(begin="    previous = xs[-1]\n")),
        ("The first word of the target has to be predicted as well.", *twice(loop="    for y in ys[1:]:\n")),
        ("The mark of the beginning is all that your decoder ever reads.", *twice(after="")),
        ("Your guess is compared before the decoder has read: which word does it belong to?", *twice(late_move=True)),
        ("It stops after the first word.", *twice(inside=True)),
    ],
    "q2": [
        ("Something doubles twice here, and you doubled it once: what does an LSTM layer hand on, and how many layers are there?",
         800, 800.0),
        ("This is a single vector. What else does an LSTM hand on, and how many layers do so?", 400, 400.0),
        ("Is there a state for each word that the decoder could look at? Without attention, what remains of the length?",
         400 * 25, 10000.0),
        ("What is handed on is made once, at the end of the source, however long it is.", 1600 * 25, 40000.0),
        ("These are the numbers that the encoder reads, not those that it hands on.", 300 * 25, 7500.0),
        ("Nobody reads this source from right to left.", 3200, 3200.0),
    ],
    "q3": [
        ("How would the decoder learn of a position? Write down the mean of three vectors, and then of the same three in another order.",
         "A", "a"),
        ("Nonsense comes from a context that the decoder has never met: is this one new?", "B", ["b"]),
        ("Training changes weights: is there anything for them to get used to?", "D", "d"),
    ],
    "q4": [
        ("In the shorter rows your decoder reads the end of the sentence: what would it have to predict after that?",
         rows(lambda w, n, bos, eos, pad: (([bos, *w, eos] + [pad] * n)[:-1], [*w, eos] + [pad] * n)),
         columns(reads, says, short_end=True)),
        ("Your decoder reads the very word that it is to predict.",
         rows(lambda w, n, bos, eos, pad: ([*w, eos] + [pad] * n, [*w, eos] + [pad] * n)), columns(says, says)),
        ("The mark of the beginning is given: nobody has to predict it.",
         rows(lambda w, n, bos, eos, pad: ([bos, *w] + [pad] * n, [bos, *w] + [pad] * n)), columns(reads, reads)),
        ("How does the decoder learn to stop?",
         rows(lambda w, n, bos, eos, pad: ([bos, *w] + [pad] * n, w + [pad] * (n + 1))), columns(reads, bare)),
        ("What does the decoder read before there is a first word?",
         rows(lambda w, n, bos, eos, pad: (w + [pad] * (n + 1), [*w, eos] + [pad] * n)), columns(bare, says)),
        ("Your model predicts the word before, not the one after.",
         rows(lambda w, n, bos, eos, pad: ([*w, eos] + [pad] * n, [bos, *w] + [pad] * n)), columns(says, reads)),
        ("The padding stands at the other end.",
         rows(lambda w, n, bos, eos, pad: ([pad] * n + [bos, *w], [pad] * n + [*w, eos])), columns(reads, says, side="front")),
        ("In the shorter rows the end of the sentence stands behind the padding.",
         rows(lambda w, n, bos, eos, pad: ([bos, *w] + [pad] * n, w + [pad] * n + [eos])), end_behind),
        ("A batch is a rectangle: these rows have different lengths.",
         rows(lambda w, n, bos, eos, pad: ([bos, *w], [*w, eos])), columns(reads, says, full=False)),
        ("The longest sentence loses its end: how much longer does the mark make it?",
         rows(lambda w, n, bos, eos, pad: (([bos, *w] + [pad] * n)[:-1], ([*w, eos] + [pad] * n)[:-1])), columns(reads, says, cut=1)),
    ],
    "q5": [
        ("Now the shorter rows begin with padding, and the encoder would read it first.", lambda ids, lengths: ids.flip(1),
         by_place(lambda t, n, size: size - 1 - t)),
        ("Each row has a length of its own.", lambda ids, lengths: q5_index(ids, [lengths[0]] * len(ids)),
         lambda ids, lengths: by_place(lambda t, n, size: lengths[0] - 1 - t if t < lengths[0] else t)(ids, lengths)),
        ("The last word of each row stays where it was.", lambda ids, lengths: q5_index(ids, [n - 1 for n in lengths]),
         by_place(lambda t, n, size: n - 2 - t if t < n - 1 else t)),
        ("The first word of each row stays where it was.",
         lambda ids, lengths: torch.cat([ids[:, :1], q5_index(ids[:, 1:], [n - 1 for n in lengths])], 1),
         by_place(lambda t, n, size: n - t if 0 < t < n else t)),
        ("The sentences changed places, not the words.", lambda ids, lengths: ids.flip(0),
         lambda ids, lengths: torch.stack(list(ids)[::-1])),
    ],
    "q6": [
        ("The padding is predicted and paid for, too.", plain(lambda z, y, pad: minus_log(z, y).mean()), by_row(keep=everything)),
        ("Not everybody fills up with 0: the padding has the id that you are given.",
         plain(lambda z, y, pad: minus_log(z, y)[y != 0].mean()), by_row(keep=not_zero)),
        ("The padding costs nothing any more, and yet it counts in what you divide by.",
         plain(lambda z, y, pad: (minus_log(z, y) * (y != pad)).mean()),
         lambda z, y, pad: by_row(join=lambda rows: sum(map(sum, rows)))(z, y, pad) / y.numel()),
        ("The words of a short row count more than those of a long one: what is each of your means taken over?",
         plain(lambda z, y, pad: ((minus_log(z, y) * (y != pad)).sum(1) / (y != pad).sum(1)).mean()),
         by_row(join=lambda rows: np.mean([np.mean(row) for row in rows]))),
        ("A mean is asked for, not a sum.", plain(lambda z, y, pad: minus_log(z, y)[y != pad].sum()), by_row(join=lambda rows: sum(map(sum, rows)))),
        ("You divide by the number of sentences.", plain(lambda z, y, pad: minus_log(z, y)[y != pad].sum() / len(y)),
         by_row(join=lambda rows: sum(map(sum, rows)) / len(rows))),
        ("A loss is small where the probability is large: which sign is missing?",
         plain(lambda z, y, pad: -minus_log(z, y)[y != pad].mean()), by_row(price=lambda z, y: math.log(softmax(z)[y]))),
        ("These are scores yet, not logarithms of probabilities.",
         plain(lambda z, y, pad: -z.gather(2, y[..., None])[..., 0][y != pad].mean()), by_row(price=lambda z, y: -z[y])),
        ("Over which axis do the probabilities have to sum to 1?",
         plain(lambda z, y, pad: -z.log_softmax(1).gather(2, y[..., None])[..., 0][y != pad].mean()), q6_axis),
        ("The logarithm is missing.",
         plain(lambda z, y, pad: z.softmax(2).gather(2, y[..., None])[..., 0][y != pad].mean()), by_row(price=lambda z, y: softmax(z)[y])),
    ],
    "q7": [
        ("In $[c; y]$, which of the two comes first?", joined(order="yc"), row_by_row(order="yc")),
        ("The new state is right. Which of your two vectors comes first for the scores?", joined(out="c new"), row_by_row(out="c new")),
        ("The new state is right, but the scores are made with the one before it.", joined(out="old c"), row_by_row(out="old c")),
        ("The new state is right, but the scores do not meet the context.", joined(out="new new"), row_by_row(out="new new")),
        ("The new state is right. Scores are asked for: what did you make of them?", *(as_shares(f) for f in (joined(), row_by_row()))),
        ("Nothing keeps the state between -1 and 1.", joined(tanh=same), row_by_row(tanh=same)),
        ("A state meets $V_h$ as a row: which way must the matrix lie?", joined(turn=same), row_by_row(turn=np.transpose)),
        ("The state before has no say in the new one.", joined(past=0), row_by_row(past=0)),
        ("What does $V_h$ multiply: the context, or the state?", joined(from_context=True), row_by_row(from_context=True)),
        ("Where is b?", joined(bias=0), row_by_row(bias=0)),
    ],
    "q8": [
        ("With `own` = 1 your decoder should never hear its teacher again.", loop(coin=lambda draw, own: draw >= own),
         descent(coin=lambda draw, own: not draw < own)),
        ("A draw may be 0: with `own` = 0 the decoder must still not read its own word.", loop(coin=lambda draw, own: draw <= own),
         descent(coin=lambda draw, own: not own < draw)),
        ("Each step has a draw of its own; that of the first is not needed.", loop(draw_at=lambda j: j - 1), descent(draw_at=lambda j: j - 1)),
        ("One coin for the whole sentence? Each step tosses its own.", loop(draw_at=lambda j: 0), descent(draw_at=lambda j: 0)),
        ("Your model answers what it should have read; ask it about what it *did* read.", loop(source="right"), descent(source="right")),
        ("After which word must the model be asked for its own? You asked it about the one that its own is to replace.",
         loop(source="replaced"), descent(source="replaced")),
        ("Your own words come from a text that the model wrote all alone; in between, though, it has read the teacher's words.",
         loop(source="alone"), descent(source="alone")),
        ("Where the teacher helps, your decoder reads the very word that it is to predict.", loop(word_at=lambda j: j), descent(word_at=lambda j: j)),
        ("The first step has no coin: it reads the mark of the beginning.", loop(first=True), descent(first=True)),
    ],
    "q9": [
        ("Nothing can go wrong in this one: a slip must come from somewhere.", {"<bos>": "we", **TAUGHT}, {"<bos>": "we", **TAUGHT, "rain": "we"}),
        ("The teacher sees more than one mistake: which entries does it use, and which does it never ask for?",
         {"<bos>": "they"}, {"<bos>": "rain", **TAUGHT, "the": "sun"}),
        ("Until the slip comes, its own text is right: when must it slip?", {"<bos>": "we", **TAUGHT, "walk": "to"}, {"<bos>": "we", **TAUGHT, "the": "sun"}),
        ("It slips, and then it comes back to the right text: what should follow a wrong word?",
         {"<bos>": "they", "they": "walk", **TAUGHT}, {"<bos>": "and", **TAUGHT, "and": "then", "then": "home"}),
    ],
    "q10": [
        ("At the last word of a row, how much of it has `back` read?", gathered(r=last_word), halves(r=last_word)),
        ("What `back` says at the last place of the batch was made before it had read anything; and for `ahead` the row may be over there.",
         lambda ahead, back, lengths, W: torch.cat([ahead[:, -1], back[:, -1]], 1).matmul(W.T).tanh(), halves(a=end_of_batch, r=end_of_batch)),
        ("The state of `back` is right. In a short row, what stands at the last place of `ahead`?", gathered(a=end_of_batch), halves(a=end_of_batch)),
        ("The state of `ahead` is right. Where does `back` begin to read, and where is it through?", gathered(r=end_of_batch), halves(r=end_of_batch)),
        ("The first half of W belongs to the other one of the two.", gathered(flip=True), halves(flip=True)),
        ("The hyperbolic tangent is missing.", gathered(tanh=same), halves(tanh=same)),
        ("A mean over all words mixes states that have read different parts of the row: one state has read all of it.", averaged, averaged_by_mask),
        ("At the first word of a row, how much of it has `ahead` read?", gathered(a=lambda n, T: 0), halves(a=lambda n, T: 0)),
    ],
}
