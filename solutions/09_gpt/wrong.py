"""Other right answers, and the well-known mistakes: (hint, one writing, another writing)."""

import math
import re

import numpy as np
import torch

# q1: programs out of the lines that students get

DRAW = "    draw = Random(seed)\n"
CACHE = "    cache = {word: 1.0 for word in sorted(table)}\n"
WHILE = "    while len(text) < limit:\n"
READ = ["        for last in new:\n", "            cache = {word: cache[word] * table[last][word] for word in cache}\n"]
WORD = "        word = draw.choices(list(cache), cache.values())[0]\n"
ADD = "        text.append(word)\n"
STOP = ['        if word == "<eos>":\n', "            break\n"]
NEXT = "        new = [word]\n"


def program(order=(0, 1, 2, 3), again=(), word=WORD, tail=(ADD, *STOP, NEXT), draw=DRAW, read=READ):
    """The four lines before the loop may come in any order; `again`: what is done in each round before the reading."""
    first = [draw, "    text = list(prompt)\n", CACHE, "    new = prompt\n"]
    head = ["def generate(prompt, table, limit, seed):\n", "    from random import Random\n"]
    return "".join([*head, *(first[i] for i in order), WHILE, *again, *read, word, *tail, "    return text\n"])


def twice(**changes):
    """One mistake in two programs."""
    return program(**changes), program(order=(3, 2, 1, 0), **changes)


# q2


def filled(first=lambda ids: ids[:, :-1], next_=lambda ids: ids[:, 1:], less=0, hide="length"):
    def shifted(ids, lengths):
        targets = next_(ids).clone()
        if hide == "length":
            targets[torch.arange(1, ids.size(1))[None] + less >= lengths[:, None]] = -100
        elif hide == "word":
            targets[targets == 0] = -100
        return first(ids), targets

    return shifted


def by_row(first=lambda row: row[:-1], next_=lambda row: row[1:], less=0, hide="length"):
    def shifted(ids, lengths):
        one, two = [], []
        for row, n in zip(ids.tolist(), lengths.tolist()):
            one.append(first(row))
            said = next_(row)
            if hide == "length":
                said = [word if k < n - 1 - less else -100 for k, word in enumerate(said)]
            elif hide == "word":
                said = [word or -100 for word in said]
            two.append(said)
        return torch.tensor(one), torch.tensor(two)

    return shifted


# q4


def row(cut=lambda article, n: article[:n], separator=0, end=1, pad=0, article_=0, shift=0, whole=False, between=True):
    def weighted(article, summary, room):
        between_ = ["<eos>"] if between else []
        kept = cut(article, room - len(summary) - 1 - len(between_))
        words = kept + between_ + summary + ["<eos>"]
        weights = [article_] * len(kept) + [separator] * len(between_) + [1] * len(summary) + [end]
        if whole:
            words, weights = (x[:room] for x in (words, weights))
        weights += [pad] * (room - len(words))
        words += ["<pad>"] * (room - len(words))
        return words, weights[shift:] + [0] * shift

    return weighted


def one_by_one(first=0, last=0, start=0, limit=True, pad=0, gap=1):
    """A loop over the places of the row: those with weight begin `first` after the separator."""

    def weighted(article, summary, room):
        n = min(len(article), room - len(summary) - 1 - gap) if limit else len(article)
        begin = len(article) - n if start else 0
        text = list(article)[begin : begin + n] + ["<eos>"] * gap + list(summary) + ["<eos>"]
        words, weights = [], []
        for place in range(room):
            words.append(text[place] if place < len(text) else "<pad>")
            counts = n + gap + first <= place < len(text) + last
            weights.append(1 if counts or (pad and place >= len(text)) else 0)
        return words, weights

    return weighted


def too_long(article, summary, room):
    text = [*article[: room - len(summary)], "<eos>", *summary, "<eos>"]
    text = text + ["<pad>"] * (room - len(text))
    begin = text.index("<eos>") + 1
    return text, [int(begin <= i < begin + len(summary) + 1) for i in range(len(text))]


def one_by_one_uncut(article, summary, room):
    needed = len(article) + len(summary) + 2
    return one_by_one(limit=False)(article, summary, max(room, needed))


def all_words(article, summary, room):
    words, _ = one_by_one()(article, summary, room)
    return words, [int(word != "<pad>") for word in words]


def cut_anywhere(article, summary, room):
    words = [*article, "<eos>", *summary, "<eos>"][:room]
    weights = [int(i > len(article)) for i in range(len(words))]
    free = room - len(words)
    return words + ["<pad>"] * free, weights + [0] * free


def padding_counts(article, summary, room):
    words, weights = row()(article, summary, room)
    return words, [1 if word == "<pad>" else w for word, w in zip(words, weights)]


# q5


def counted(heads=0, places=1, bias=1, last=1, norms=2, gain=2, inner=4, qkv=3, out=1):
    def parameters(V, C, D, L):
        def matrix(a, b):
            return a * b + bias * b

        attention = matrix(D, qkv * D) + out * matrix(D, D)
        feed = matrix(D, inner * D) + matrix(inner * D, D)
        return V * D * (1 + heads) + places * C * D + L * (attention + feed + norms * gain * D) + last * gain * D

    return parameters


def polynomial(heads=0, places=1, squares=12, rows=13, last=2):
    return lambda V, C, D, L: D * (V * (1 + heads) + places * C + L * (squares * D + rows) + last)


# q8


def built(fair=lambda e, q: e[0] != q, first=True, take=lambda pairs, n: pairs[:n], arrow=" ->", end="", join=None,
          turn=False):  # fmt: skip
    def few_shot(examples, query, shots):
        pairs = [e for e in (examples if first else take(examples, shots)) if fair(e, query)]
        pairs = take(pairs, shots) if first else pairs
        pairs = pairs[::-1] if turn else pairs
        lines = [f"{a} -> {b}" for a, b in pairs]
        text = " ; ".join([*lines, query + arrow]) if join is None else join(lines, query + arrow)
        return text + end

    return few_shot


def written(skip=lambda e, q, examples: e[0] == q, last=False, late=False, end=" ->", sep=" ; ", front=False):
    """Example by example."""

    def few_shot(examples, query, shots):
        text, n = "", 0
        for e in examples[-shots:] if last and shots else examples:
            if n == shots:
                break
            if skip(e, query, examples):
                n += late
                continue
            one = e[0] + " -> " + e[1] + sep
            text, n = (one + text if front else text + one), n + 1
        return text + query + end

    return few_shot


def last_fair(pairs, n):
    return pairs[-n:] if n else []


def last_fair_loop(examples, query, shots):
    text, left = query + " ->", shots
    for one, other in reversed(examples):
        if one != query and left:
            text, left = f"{one} -> {other} ; {text}", left - 1
    return text


def written_all(examples, query, shots):
    return written()(examples, query, len(examples))


def answers_of(query, examples):
    return [b for a, b in examples if a == query]


# q9


def fitted(level=lambda y, floor: y - floor, x=np.log, y=np.log, sign=-1, through=False):
    def exponent(sizes, losses, floor):
        a, b = x(np.array(sizes, dtype=float)), y(level(np.array(losses), floor))
        if through:
            return float(sign * (a @ b) / (a @ a))
        return float(sign * np.polyfit(a, b, 1)[0])

    return exponent


def summed(level=lambda y, floor: y - floor, x=math.log, y=math.log, sign=-1, through=False, other=False):
    def exponent(sizes, losses, floor):
        a, b, n = [x(s) for s in sizes], [y(level(v, floor)) for v in losses], len(sizes)
        p, q = (0, 0) if through else (sum(a) / n, sum(b) / n)
        up = sum((s - p) * (t - q) for s, t in zip(a, b))
        if other:
            return sign * sum((t - q) ** 2 for t in b) / up
        return sign * up / sum((s - p) ** 2 for s in a)

    return exponent


def other_way(sizes, losses, floor):
    return float(-1 / np.polyfit(np.log(np.array(losses) - floor), np.log(sizes), 1)[0])


def ends(sizes, losses, floor):
    points = sorted(zip(sizes, losses))
    (s, y), (t, z) = points[0], points[-1]
    return -math.log((z - floor) / (y - floor)) / math.log(t / s)


def ends_numpy(sizes, losses, floor):
    order = np.argsort(sizes)[[0, -1]]
    x, y = np.log(np.array(sizes)[order]), np.log(np.array(losses)[order] - floor)
    return float(-np.diff(y)[0] / np.diff(x)[0])


def same(z):
    return z


# q11

TABLE = {"wte": "embed", "wpe": "position", "ln_f": "norm", "ln_1": "attention_norm", "ln_2": "feed_norm",
         "attn.c_attn": "attention.qkv", "attn.c_proj": "attention.out", "mlp.c_fc": "feed.up", "mlp.c_proj": "feed.down"}  # fmt: skip
SWAPPED = TABLE | {"ln_1": "feed_norm", "ln_2": "attention_norm"}


def split_names(turn=lambda layer, t: "c_" in layer and t.dim() == 2, table=TABLE, masks=False, prefix=True,
                drop=lambda name: False):  # fmt: skip
    """By the parts of a name."""

    def translate(theirs):
        ours = {}
        for name, t in theirs.items():
            parts, front = name.split("."), []
            if parts[0] == "transformer":
                front, parts = ([] if prefix else ["transformer"]), parts[1:]
            if parts[0] == "h":
                front, parts = [*front, "blocks", parts[1]], parts[2:]
            layer, kind = ".".join(parts[:-1]), parts[-1]
            if drop(name) or (layer not in table and not masks):
                continue
            ours[".".join([*front, table.get(layer, layer), kind])] = t.t() if turn(layer, t) else t
        return ours

    return translate


def replaced(turn=lambda name, t: t.T if re.search(r"c_\w+\.weight", name) else t, table=TABLE, prefix=True,
             mask=lambda name: re.search(r"\.attn\.(masked_)?bias$", name)):  # fmt: skip
    """By replacing in the text."""

    def translate(theirs):
        out = {}
        for name in theirs:
            if mask(name):
                continue
            new = re.sub(r"^transformer\.", "", name) if prefix else name
            new = re.sub(r"(^|\.)h\.(\d+)", r"\1blocks.\2", new)
            for old in table:
                if f".{old}." in f".{new}" and f"{old}." in name:
                    new = f".{new}".replace(f".{old}.", f".{table[old]}.")[1:]
                    break
            out[new] = turn(name, theirs[name])
        return out

    return translate


def every_matrix(layer, t):
    return t.dim() == 2 and layer in TABLE


def oblong(layer, t):
    return "c_" in layer and t.dim() == 2 and t.size(0) != t.size(1)


def first_number(name):
    """Numbers of one digit only."""
    return re.sub(r"h\.(\d)\d*", r"h.\1", name)


RIGHT = {
    "q1": [program(order=(1, 0, 2, 3)), program(order=(3, 2, 1, 0))],
    "q2": [filled(), by_row()],
    "q3": [
        lambda losses: float(np.exp(np.concatenate([np.array(d) for d in losses]).mean())),
        lambda losses: math.prod(math.exp(x) for d in losses for x in d) ** (1 / sum(map(len, losses))),
    ],
    "q4": [row(), one_by_one()],
    "q5": [counted(), polynomial()],
    "q6": [48, 48.0],
    "q7": [200, 200.0],
    "q8": [built(), written()],
    "q9": [fitted(), summed(), fitted(x=np.log2, y=np.log2)],
    "q10": [[[0, 1], [0, 0]], ((1, 2, 3), (4, 5, 6), (7, 8, 9))],
    "q11": [split_names(), replaced()],
}

WRONG = {
    "q1": [
        ("In each round your model reads all of the text, but what it has read before is in its cache: how often does each word count?",
         *twice(tail=(ADD, *STOP, "        new = list(text)\n"))),
        ("Your model reads the prompt again and again, and never what it has said itself.", *twice(tail=(ADD, *STOP, "        new = prompt\n"))),
        ("The cache is emptied in each round: what does the model know of the prompt then?", *twice(again=(CACHE.replace("    c", "        c"),))),
        ("This is greedy decoding: nothing is drawn.", *twice(word="        word = max(cache, key=cache.get)\n")),
        ("The generator starts anew with each word, and so all draws of a text are the same number.",
         program(draw="", again=("        draw = Random(seed)\n",)), program(order=(2, 0, 3, 1), draw="", again=("        draw = Random(seed)\n",))),
        ("It stops after a single word.", *twice(tail=(ADD, *STOP, NEXT, "        return text\n"))),
        ("The end belongs to the text, too.", *twice(tail=(*STOP, ADD, NEXT))),
    ],
    "q2": [
        ("The model never learns to end a text: padding is told by its place here, not by its number.", filled(hide="word"), by_row(hide="word")),
        ("The model is asked for the word that it is given: which one comes next?", filled(next_=lambda ids: ids[:, :-1]), by_row(next_=lambda r: r[:-1])),
        ("A word of padding is learnt in each row. How many targets has a text of n words?", filled(less=-1), by_row(less=-1)),
        ("One target is missing in each row: the text's own end.", filled(less=1), by_row(less=1)),
        ("The padding is learnt as well.", filled(hide=""), by_row(hide="")),
        ("Inputs and targets have changed places.", lambda ids, n: filled()(ids, n)[::-1], lambda ids, n: by_row()(ids, n)[::-1]),
    ],
    "q3": [
        ("A word of a short document weighs more than one of a long document here.", lambda losses: math.exp(sum(sum(d) / len(d) for d in losses) / len(losses)),
         lambda losses: float(np.exp(np.mean([np.mean(d) for d in losses])))),
        ("This is a mean of perplexities: the mean is taken first, the exponential afterwards.", lambda losses: sum(math.exp(sum(d) / len(d)) for d in losses) / len(losses),
         lambda losses: float(np.mean([np.exp(np.mean(d)) for d in losses]))),
        ("You take the exponential of each word's loss, and then the mean: which of the two comes first?", lambda losses: sum(math.exp(x) for d in losses for x in d) / sum(map(len, losses)),
         lambda losses: float(np.exp(np.concatenate([np.array(d) for d in losses])).mean())),
        ("Losses in nats belong to another base than 2.", lambda losses: 2 ** (sum(map(sum, losses)) / sum(map(len, losses))),
         lambda losses: float(np.exp2(np.concatenate([np.array(d) for d in losses]).mean()))),
        ("This is the loss: the exponential is missing.", lambda losses: sum(map(sum, losses)) / sum(map(len, losses)),
         lambda losses: float(np.concatenate([np.array(d) for d in losses]).mean())),
        ("By how many is the sum of all losses divided: by words or by documents?", lambda losses: math.exp(sum(map(sum, losses)) / len(losses)),
         lambda losses: float(np.exp(np.sum([np.sum(d) for d in losses]) / len(losses)))),
    ],
    "q4": [
        ("The model is paid for ending the article, too: which of the two ends is part of the summary?", row(separator=1), one_by_one(first=-1)),
        ("The model is not paid for ending its summary, and will go on for ever.", row(end=0), one_by_one(last=-1)),
        ("Padding has a weight.", row(pad=1), padding_counts),
        ("These are the weights of *inputs*, one place too early: a weight belongs to the word that is to be said.", row(shift=1), one_by_one(first=-1, last=-1)),
        ("The article is learnt, too.", row(article_=1, separator=1), all_words),
        ("What is too much was cut off at the end of the row, and that is the summary.", row(cut=lambda a, n: a, whole=True), cut_anywhere),
        ("The row becomes too long: two ends need room as well.", row(cut=lambda a, n: a[: n + 2]), too_long),
        ("The row is longer than its room: which of the two texts gives way?", row(cut=lambda a, n: a), one_by_one_uncut),
        ("The article loses its beginning; it is to lose its end.", row(cut=lambda a, n: a[-n:]), one_by_one(start=1)),
        ("How is the model to know where the article ends and the summary begins?", row(between=False), one_by_one(gap=0)),
    ],
    "q5": [
        ("The output uses the words' embeddings again: you have counted them twice.", counted(heads=1), polynomial(heads=1)),
        ("Each position has an embedding, too.", counted(places=0), polynomial(places=0)),
        ("The matrices have biases.", counted(bias=0), polynomial(rows=4)),
        ("A norm stands behind the last block.", counted(last=0), polynomial(last=0)),
        ("The norms inside the blocks are missing.", counted(norms=0), polynomial(rows=9)),
        ("How many norms has a block?", counted(norms=1), polynomial(rows=11)),
        ("A layer norm has a gain and a bias.", counted(gain=1), polynomial(rows=11, last=1)),
        ("The feed-forward layer is wider inside.", counted(inner=1), polynomial(squares=6, rows=10)),
        ("What has been found by all heads goes through one more matrix.", counted(out=0), polynomial(squares=11, rows=12)),
        ("The large matrices and tables are all here. What else has a block that is trained?", counted(bias=0, norms=0), polynomial(rows=0)),
        ("Tables and $12 L D^2$: a good rule of thumb. The exact number has biases and norms, too.", counted(bias=0, norms=0, last=0), polynomial(rows=0, last=0)),
        ("The norms are missing, all of them.", counted(norms=0, last=0), polynomial(rows=9, last=0)),
    ],
    "q6": [
        ("This many would fit if each head had keys of its own: how many different keys are there, if groups share them?", 12, 12.0),
        ("Half of it is missing, so twice as many seem to fit: what is kept of each word, in how many bytes, and by how many heads?", 96, 96.0),
        ("Yours would be right for numbers of 32 bits.", 24, 24.0),
        ("A GiB is a little more than a billion bytes.", 24e9 / 2**29, 44.7),
        ("Each layer has keys and values of its own.", 48 * 32, 1536.0),
        ("A head has a part of the width only.", 1.5, 48 / 32),
        ("This is how many GiB a text takes; how many of them fit?", 0.5, 1 / 2),
    ],
    "q7": [
        ("This is the number of weights; how much do they read?", 10, 10.0),
        ("Each weight costs more than one operation for a word.", math.sqrt(20 * 1.2e22) / 1e9, 489.9),
        ("That is right without a backward pass: a training costs three times as much.", math.sqrt(20 * 1.2e22 / 2) / 1e9, 346.41),
        ("As many words as weights are too few.", math.sqrt(1.2e22 / 6) / 1e9, 44.72),
        ("The number is right, but it counts single words: it is asked for in billions.", 2e11, 200_000_000_000),
        ("These are trillions ($10^{12}$).", 0.2, 0.2000),
    ],
    "q8": [
        ("The prompt gives its own answer away.", built(fair=lambda e, q: True), written(skip=lambda e, q, examples: False)),
        ("What is left out is missing: another example takes its place.", built(first=False), written(late=True)),
        ("Something stands behind the last arrow.", built(end=" "), written(end=" -> ")),
        ("All examples are shown: how many are asked for?", built(take=lambda pairs, n: pairs), written_all),
        ("The order of the examples has changed.", built(turn=True), written(front=True)),
        ("The *first* examples are taken.", built(take=last_fair), last_fair_loop),
        ("The last example runs into the question: what stands between them?", built(join=lambda lines, q: " ; ".join(lines) + (" " if lines else "") + q),
         lambda examples, query, shots: built()(examples, query, shots).replace(f" ; {query} ->", f" {query} ->")),
        ("There may be another example with the same answer: it gives nothing away.", lambda examples, query, shots: built(fair=lambda e, q: e[1] not in answers_of(query, examples))(examples, query, shots),
         written(skip=lambda e, q, examples: e[1] in {b for a, b in examples if a == q})),
        ("How is the model to know that it is asked? An arrow is missing.", built(arrow=""), written(end="")),
    ],
    "q9": [
        ("You have drawn your line through losses that never come down to 0: what lies above the floor?", fitted(lambda y, floor: y), summed(lambda y, floor: y)),
        ("In the law stands $N^{-a}$: which sign has a, if losses fall?", fitted(sign=1), summed(sign=1)),
        ("The smallest and the largest model alone decide: what about the others?", ends, ends_numpy),
        ("Two kinds of logarithm meet in your line.", fitted(x=np.log10), summed(x=math.log10)),
        ("The sizes have no logarithm: that is a law of exponential decay.", fitted(x=same), summed(x=same)),
        ("The losses have no logarithm.", fitted(y=same), summed(y=same)),
        ("Your line must go through the origin, and that one need not: where is b?", fitted(through=True), summed(through=True)),
        ("The errors are those of the losses, not those of the sizes: which of the two is predicted from the other?", other_way, summed(other=True)),
    ],
    "q10": [
        ("It does not fit as it is, so it is turned. Which shapes fit both ways?", [[1, 2, 3], [4, 5, 6]], [[1], [2]]),
        ("It is not turned, and nobody would know the difference. Can the matrix be less symmetric?", [[1, 2], [2, 1]], [[5]]),
        ("Rows of equal lengths, please.", [[1, 2], [3]], [[]]),
    ],
    "q11": [
        ("The names are right. Layers whose name begins with `c_` keep their matrix the other way round.", split_names(lambda layer, t: False), replaced(lambda name, t: t)),
        ("Not every matrix is the other way round: an embedding has a row for each word, in theirs and in ours.", split_names(every_matrix), replaced(lambda name, t: t.T if t.dim() == 2 else t)),
        ("A square matrix fits either way, and so nobody complains: is it turned?", split_names(oblong),
         replaced(lambda name, t: t.T if re.search(r"c_\w+\.weight", name) and len(set(t.shape)) > 1 else t)),
        ("There are masks among your weights.", split_names(masks=True), replaced(mask=lambda name: False)),
        ("`c_attn.bias` ends like the name of a mask, and it is a bias.", split_names(drop=lambda name: name.endswith("attn.bias")), replaced(mask=lambda name: name.endswith(("attn.bias", ".masked_bias")))),
        ("Some files write `transformer.` before all names, and ours never have it.", split_names(prefix=False), replaced(prefix=False)),
        ("A block has two norms: which of them stands before the attention?", split_names(table=SWAPPED), replaced(table=SWAPPED)),
        ("Blocks have numbers of more than one digit.", lambda theirs: split_names()({first_number(k): v for k, v in theirs.items()}), lambda theirs: replaced()({first_number(k): v for k, v in theirs.items()})),
    ],
}
