"""Other right answers, and the well-known mistakes: (hint, one writing, another writing)."""

import codecs
import math
import re
from collections import Counter, defaultdict
from fractions import Fraction
from itertools import pairwise

import numpy as np
import torch

# q1: programs out of the lines that students get


def program(first=True, test="if pieces[place : place + 2] == [left, right]:", join="left + right", skip="place += 1\n",
            early=False):  # fmt: skip
    """`merged` and `place` may start in either order, and the step over the right piece may come before the append."""
    heads = ["    merged = []\n", "    place = 0\n"]
    inside = [f"            merged.append({join})\n", f"            {skip}" if skip else ""]
    return (
        "def merge(pieces, left, right):\n"
        + "".join(heads if first else heads[::-1])
        + "    while place < len(pieces):\n"
        + f"        {test}\n"
        + "".join(inside[::-1] if early else inside)
        + "        else:\n            merged.append(pieces[place])\n        place += 1\n    return merged\n"
    )


def twice(**changes):
    """One mistake in two programs."""
    return program(**changes), program(first=False, early=True, **changes)


# q3


def pair_counts(words, weight=lambda times: times):
    counts = defaultdict(int)
    for word, times in words.items():
        for pair in pairwise(word.split()):
            counts[pair] += weight(times)
    return counts


def q3_sorted(words):
    counts = Counter(pair for word, times in words.items() for pair in list(pairwise(word.split())) * times)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[0][0]


def q3_scan(words):
    counts = pair_counts(words)
    most = max(counts.values())
    return min(pair for pair, n in counts.items() if n == most)


def q3_kinds(words):
    counts = pair_counts(words, lambda times: 1)
    return min(counts, key=lambda pair: (-counts[pair], pair))


def q3_kinds_again(words):
    counts = Counter(pair for word in words for pair in pairwise(word.split()))
    return max(sorted(counts), key=counts.get)


def q3_overwrites(words):
    counts = {pair: times for word, times in words.items() for pair in pairwise(word.split())}
    return min(counts, key=lambda pair: (-counts[pair], pair))


def q3_overwrites_again(words):
    counts = {}
    for word, times in words.items():
        for pair in pairwise(word.split()):
            counts[pair] = times
    return max(sorted(counts), key=counts.get)


def q3_first_met(words):
    counts = pair_counts(words)
    return max(counts, key=counts.get)


def q3_first_met_again(words):
    return Counter(pair_counts(words)).most_common(1)[0][0]


def q3_last(words):
    counts = pair_counts(words)
    return max(counts, key=lambda pair: (counts[pair], pair))


def q3_last_again(words):
    return sorted((times, pair) for pair, times in pair_counts(words).items())[-1][1]


def q3_rarest(words):
    counts = pair_counts(words)
    return min(counts, key=lambda pair: (counts[pair], pair))


def q3_rarest_again(words):
    return sorted((times, pair) for pair, times in pair_counts(words).items())[0][1]


def q3_across(words):
    pieces = [piece for word, times in words.items() for piece in word.split() * times]
    counts = Counter(pairwise(pieces))
    return min(counts, key=lambda pair: (-counts[pair], pair))


def q3_across_again(words):
    text = " ".join(" ".join([word] * times) for word, times in words.items()).split(" ")
    counts = {}
    for pair in zip(text, text[1:]):
        counts[pair] = counts.get(pair, 0) + 1
    return max(sorted(counts), key=counts.get)


# q5

SPECIAL = {"[CLS]", "[SEP]"}


def q5_loop(texts, tokens):
    words = pieces = 0
    for text, row in zip(texts, tokens):
        words += len(re.findall(r"\S+", text))
        pieces += len(row) - 2
    return pieces / words


def q5_numpy(texts, tokens):
    return np.mean([len([t for t in row if t not in SPECIAL]) for row in tokens]) / np.mean([len(t.split()) for t in texts])


def ratio(above, below):
    """Fertility from a count of tokens and a count of words, each of one text."""
    return lambda texts, tokens: sum(map(above, tokens)) / sum(map(below, texts))


def inner(row):
    return len(row) - 2


def spoken(text):
    return len(text.split())


def q5_starts(texts, tokens):
    flat = [t for row in tokens for t in row if t not in SPECIAL]
    return len(flat) / sum(not t.startswith("##") for t in flat)


def q5_starts_again(texts, tokens):
    starts = pieces = 0
    for row in tokens:
        pieces += len(row[1:-1])
        starts += len([t for t in row[1:-1] if t[:2] != "##"])
    return pieces / starts


# q6


def q6_stream(tokens):
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return "".join(decoder.decode(bytes(t)) for t in tokens) + decoder.decode(b"", final=True)


def q6_bytearray(tokens):
    data = bytearray()
    for token in tokens:
        data.extend(token)
    return str(data, "utf-8", "replace")


def joined(tokens):
    return bytes(byte for token in tokens for byte in token)


# q7


def neighbours(pieces):
    return list(zip(pieces, pieces[1:]))


def merge_all(pieces, pair, backwards=False, once=False):
    """Merge a pair where it occurs: from the left, from the right, or only the first time."""
    pieces, i = list(pieces), len(pieces) - 2 if backwards else 0
    while 0 <= i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) == tuple(pair):
            pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
            if once:
                break
        i += -1 if backwards else 1
    return pieces


def q7_one_pass(word, merges):
    pieces = list(word)
    for pair in merges:
        pieces = merge_all(pieces, pair)
    return pieces


def q7_text(word, merges):
    text = " ".join(word)
    for left, right in merges:
        text = re.sub(rf"(?<!\S){re.escape(left)} {re.escape(right)}(?!\S)", left + right, text)
    return text.split()


def q7_replace(word, merges):
    text = " ".join(word)
    for left, right in merges:
        text = text.replace(left + " " + right, left + right)
    return text.split(" ")


def q7_replace_again(word, merges):
    text = " ".join(word)
    for left, right in merges:
        text = re.sub(f"{re.escape(left)} {re.escape(right)}", left + right, text)
    return re.findall(r"\S+", text)


def q7_by(choose):
    """Byte-pair encoding that merges one pair at a time, the place chosen from those whose pair is known."""

    def cut(word, merges):
        pieces, rank = list(word), {tuple(pair): i for i, pair in enumerate(merges)}
        while found := [(rank[pair], i) for i, pair in enumerate(neighbours(pieces)) if pair in rank]:
            i = choose(found)
            pieces = [*pieces[:i], pieces[i] + pieces[i + 1], *pieces[i + 2 :]]
        return pieces

    return cut


def q7_leftmost(word, merges):
    known, pieces, i = {tuple(pair) for pair in merges}, list(word), 0
    while i < len(pieces) - 1:
        if (pieces[i], pieces[i + 1]) in known:
            pieces[i] += pieces.pop(i + 1)
            i = 0
        else:
            i += 1
    return pieces


def q7_latest(word, merges):
    pieces, order = list(word), [tuple(pair) for pair in merges]
    while hits := [pair for pair in order if pair in neighbours(pieces)]:
        pieces = merge_all(pieces, hits[-1], once=True)
    return pieces


def q7_once(word, merges):
    pieces = list(word)
    for pair in merges:
        pieces = merge_all(pieces, pair, once=True)
    return pieces


def q7_once_again(word, merges):
    pieces = list(word)
    for left, right in merges:
        if (left, right) in neighbours(pieces):
            i = neighbours(pieces).index((left, right))
            pieces = pieces[:i] + [left + right] + pieces[i + 2 :]
    return pieces


def q7_longest(word, merges):
    known, pieces = {left + right for left, right in merges}, []
    while word:
        end = next(n for n in range(len(word), 0, -1) if n == 1 or word[:n] in known)
        pieces.append(word[:end])
        word = word[end:]
    return pieces


def q7_longest_again(word, merges):
    choices = sorted((left + right for left, right in merges), key=len, reverse=True)
    return re.findall("|".join([*map(re.escape, choices), "."]), word)


def q7_backwards(word, merges):
    pieces = list(word)
    for pair in merges:
        pieces = merge_all(pieces, pair, backwards=True)
    return pieces


def q7_one_merge(word, merges):
    pieces = list(word)
    for pair in merges:
        if tuple(pair) in neighbours(pieces):
            return merge_all(pieces, pair)
    return pieces


def q7_one_merge_again(word, merges):
    pieces, order = list(word), [tuple(pair) for pair in merges]
    ranks = [order.index(pair) for pair in neighbours(pieces) if pair in order]
    return merge_all(pieces, order[min(ranks)]) if ranks else pieces


def q7_sweep(word, merges):
    known, out = {tuple(pair) for pair in merges}, [word[0]]
    for letter in word[1:]:
        if (out[-1], letter) in known:
            out[-1] += letter
        else:
            out.append(letter)
    return out


def q7_sweep_again(word, merges):
    pieces, start, known = [], 0, [tuple(pair) for pair in merges]
    for end in range(1, len(word) + 1):
        if end == len(word) or (word[start:end], word[end]) not in known:
            pieces.append(word[start:end])
            start = end
    return pieces


# q8


def greedy(word, vocabulary, look="##", write="##", order=lambda ends: ends[::-1], lost=lambda pieces, rest: ["[UNK]"]):
    """WordPiece with places where the mistakes go in."""
    pieces, start = [], 0
    while start < len(word):
        marks = (look, write) if start else ("", "")
        ends = [e for e in order(range(start + 1, len(word) + 1)) if marks[0] + word[start:e] in vocabulary]
        if not ends:
            return lost(pieces, word[start:])
        pieces.append(marks[1] + word[start : ends[0]])
        start = ends[0]
    return pieces


def q8_recursive(word, vocabulary, mark=""):
    if not word:
        return []
    for end in range(len(word), 0, -1):
        if mark + word[:end] in vocabulary:
            rest = q8_recursive(word[end:], vocabulary, "##")
            return ["[UNK]"] if rest == ["[UNK]"] else [mark + word[:end], *rest]
    return ["[UNK]"]


def q8_prefixes(word, vocabulary):
    pieces, rest = [], word
    while rest:
        fits = [p for p in vocabulary if p.startswith("##") == bool(pieces) and rest.startswith(p.removeprefix("##"))]
        if not fits:
            return ["[UNK]"]
        pieces.append(max(fits, key=len))
        rest = rest[len(pieces[-1].removeprefix("##")) :]
    return pieces


def q8_cut(word, vocabulary, mark="##", found=max):
    """Another writing: shrink the end until the piece is known; None in place of what nothing continues."""
    pieces, rest = [], word
    while rest:
        sizes = [n for n in range(1, len(rest) + 1) if (mark if pieces else "") + rest[:n] in vocabulary]
        if not sizes:
            return [*pieces, None]
        pieces.append(("##" if pieces else "") + rest[: found(sizes)])
        rest = rest[found(sizes) :]
    return pieces


def unknown(pieces):
    return ["[UNK]"] if None in pieces else pieces


def plain(pieces):
    return [p if p == "[UNK]" else p.removeprefix("##") for p in pieces]


def q8_back(word, vocabulary, mark=""):
    for end in range(len(word), 0, -1):
        if mark + word[:end] in vocabulary:
            rest = q8_back(word[end:], vocabulary, "##") if word[end:] else []
            if rest != ["[UNK]"]:
                return [mark + word[:end], *rest]
    return ["[UNK]"]


def q8_back_again(word, vocabulary):
    stack = [([], 0)]
    while stack:
        pieces, start = stack.pop()
        if start == len(word):
            return pieces
        for end in range(start + 1, len(word) + 1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                stack.append(([*pieces, piece], end))
    return ["[UNK]"]


def q8_skips(word, vocabulary):
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            if ("##" if start else "") + word[start:end] in vocabulary:
                pieces.append(("##" if start else "") + word[start:end])
                start = end
                break
        else:
            pieces.append("[UNK]")
            start += 1
    return pieces


def q8_skips_again(word, vocabulary, start=0):
    if start >= len(word):
        return []
    sizes = [n for n in range(len(word) - start, 0, -1) if "##" * bool(start) + word[start : start + n] in vocabulary]
    if not sizes:
        return ["[UNK]", *q8_skips_again(word, vocabulary, start + 1)]
    return ["##" * bool(start) + word[start : start + sizes[0]], *q8_skips_again(word, vocabulary, start + sizes[0])]


def q8_from_end(word, vocabulary):
    pieces, end = [], len(word)
    while end:
        start = next((s for s in range(end) if ("##" if s else "") + word[s:end] in vocabulary), None)
        if start is None:
            return ["[UNK]"]
        pieces.insert(0, ("##" if start else "") + word[start:end])
        end = start
    return pieces


def q8_from_end_again(word, vocabulary):
    found, rest = [], word
    while rest:
        tails = [rest[n:] for n in range(len(rest))]
        fits = [t for t in tails if (t if t == rest else "##" + t) in vocabulary]
        if not fits:
            return ["[UNK]"]
        found.append(fits[0] if fits[0] == rest else "##" + fits[0])
        rest = rest[: len(rest) - len(fits[0])]
    return found[::-1]


# q10


def places(words, window):
    return [(i, j) for i in range(len(words)) for j in range(len(words)) if 0 < abs(i - j) <= window]


def q10_slices(sentences, window):
    out = []
    for words in sentences:
        for i in range(len(words)):
            around = words[max(i - window, 0) : i] + words[i + 1 : i + 1 + window]
            out += [(words[i], other) for other in around]
    return out


def q10_by(keep, window_of=lambda w: w, pair=lambda centre, context: (centre, context)):
    """All pairs of places in a sentence that are kept."""

    def pairs(sentences, window):
        w = window_of(window)
        return [pair(s[i], s[j]) for s in sentences for i in range(len(s)) for j in range(len(s)) if keep(s, i, j, w)]

    return pairs


def near(s, i, j, w):
    return 0 < abs(i - j) <= w


def q10_loop(start, stop, keep=lambda words, i, j: i != j, pair=lambda centre, context: (centre, context)):
    """Another writing: a range of places around each centre."""

    def pairs(sentences, window):
        out = []
        for words in sentences:
            for i in range(len(words)):
                for j in range(max(0, start(i, window)), min(len(words), stop(i, window))):
                    if keep(words, i, j):
                        out.append(pair(words[i], words[j]))
        return out

    return pairs


def below(i, w):
    return i - w


def above(i, w):
    return i + w + 1


def q10_across(sentences, window):
    return q10_slices([[word for words in sentences for word in words]], window)


def q10_across_again(sentences, window):
    text = sum(sentences, [])
    return [(text[i], text[j]) for i, j in places(text, window)]


def q10_wraps(sentences, window):
    out = []
    for words in sentences:
        for i, centre in enumerate(words):
            for d in range(-window, window + 1):
                if d and i + d < len(words):
                    out.append((centre, words[i + d]))
    return out


def q10_wraps_again(sentences, window):
    steps = [*range(-window, 0), *range(1, window + 1)]
    return [(s[i], s[i + d]) for s in sentences for i in range(len(s)) for d in steps if not i + d >= len(s)]


def q10_empty_slice(sentences, window):
    out = []
    for words in sentences:
        for i, centre in enumerate(words):
            out += [(centre, w) for w in words[i - window : i] + words[i + 1 : i + window + 1]]
    return out


def q10_empty_slice_again(sentences, window):
    return [
        (s[i], context)
        for s in sentences
        for i in range(len(s))
        for context in [*s[slice(i - window, i)], *s[slice(i + 1, i + window + 1)]]
    ]


def q10_kinds(sentences, window):
    return list(dict.fromkeys(q10_slices(sentences, window)))


def q10_kinds_again(sentences, window):
    out = []
    for pair in q10_slices(sentences, window):
        if pair not in out:
            out.append(pair)
    return out


def q10_nearest_first(sentences, window):
    return [
        (s[i], s[j])
        for s in sentences
        for i in range(len(s))
        for d in range(1, window + 1)
        for j in (i - d, i + d)
        if 0 <= j < len(s)
    ]


def q10_nearest_first_again(sentences, window):
    out = []
    for s in sentences:
        for i in range(len(s)):
            around = sorted((j for a, j in places(s, window) if a == i), key=lambda j: (abs(i - j), j))
            out += [(s[i], s[j]) for j in around]
    return out


# q11


def softplus(x):
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def dot(u, v):
    return sum(a * b for a, b in zip(u, v))


def q11_plain(centre, context, negatives):
    return softplus(-dot(context, centre)) + sum(softplus(dot(u, centre)) for u in negatives)


def tensors(centre, context, negatives):
    v, u, noise = (torch.tensor(x, dtype=torch.float64) for x in (centre, context, negatives))
    return u @ v, noise @ v


def q11_torch(*args):
    true, false = tensors(*args)
    return -torch.nn.functional.logsigmoid(true) - torch.nn.functional.logsigmoid(-false).sum()


def q11_entropy(*args):
    true, false = tensors(*args)
    scores = torch.cat([true[None], false])
    labels = torch.zeros_like(scores)
    labels[0] = 1
    return torch.nn.functional.binary_cross_entropy_with_logits(scores, labels, reduction="sum").item()


def sp(x):
    return torch.nn.functional.softplus(x)


def both(change):
    """Another writing of a mistake in `change(true scores, false scores)`, over tensors."""
    return lambda *args: float(change(*tensors(*args)))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def q11_overflow(centre, context, negatives):
    return -math.log(sigmoid(dot(context, centre))) - sum(math.log(sigmoid(-dot(u, centre))) for u in negatives)


def q11_overflow_again(centre, context, negatives):
    loss = math.log(1 + math.exp(-dot(context, centre)))
    for u in negatives:
        loss += math.log(1 + math.exp(dot(u, centre)))
    return loss


def q11_one_minus(centre, context, negatives):
    return -math.log(sigmoid(dot(context, centre))) - sum(math.log(1 - sigmoid(dot(u, centre))) for u in negatives)


def q11_one_minus_again(centre, context, negatives):
    loss = -math.log(1 / (1 + math.exp(-dot(context, centre))))
    for u in negatives:
        loss -= math.log(1 - 1 / (1 + math.exp(-dot(u, centre))))
    return loss


def quiet(function):
    def call(*args):
        with np.errstate(all="ignore"):
            return function(*args)

    return call


@quiet
def q11_log_of_zero(centre, context, negatives):
    true = 1 / (1 + np.exp(-np.dot(context, centre)))
    return -math.log(true) - sum(math.log(1 - 1 / (1 + np.exp(-np.dot(u, centre)))) for u in negatives)


def q11_log_of_zero_again(centre, context, negatives):
    def chance(x):
        return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))

    return -sum(map(math.log, [chance(dot(context, centre)), *(chance(-dot(u, centre)) for u in negatives)]))


@quiet
def q11_infinite(centre, context, negatives):
    true = 1 / (1 + np.exp(-np.dot(context, centre)))
    false = 1 / (1 + np.exp(np.dot(negatives, centre)))
    return float(-np.log(true) - np.log(false).sum())


# q12


def unit(vectors):
    return {word: np.array(v) / np.sqrt(np.dot(v, v)) for word, v in vectors.items()}


def best(scores, without=()):
    return max((word for word in scores if word not in without), key=scores.get)


def q12_matrix(vectors, a, b, c):
    words = list(vectors)
    table = np.array([vectors[word] for word in words])
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    row = {word: i for i, word in enumerate(words)}
    scores = table @ (table[row[b]] - table[row[a]] + table[row[c]])
    scores[[row[a], row[b], row[c]]] = -np.inf
    return words[int(scores.argmax())]


def q12_sum(vectors, a, b, c):
    u = unit(vectors)
    return best({d: u[d] @ u[b] - u[d] @ u[a] + u[d] @ u[c] for d in vectors}, (a, b, c))


def q12_torch(vectors, a, b, c):
    v = {word: torch.nn.functional.normalize(torch.tensor(x).double(), dim=0) for word, x in vectors.items()}
    target = v[b] - v[a] + v[c]
    return best({d: float(torch.cosine_similarity(v[d], target, dim=0)) for d in v}, (a, b, c))


def solve(target, without="abc", scaled=True, score=lambda x, t: x @ t / np.linalg.norm(x)):
    """An analogy with places where the mistakes go in: the target, who is left out, how vectors are compared."""

    def answer(vectors, a, b, c):
        v = unit(vectors) if scaled else {word: np.array(x) for word, x in vectors.items()}
        out = [word for name, word in zip("abc", (a, b, c)) if name in without]
        return best({d: score(v[d], target(v[a], v[b], v[c])) for d in v}, out)

    return answer


def offset(a, b, c):
    return b - a + c


def ordered(target, without=3, normal=True, found=np.argmax, compare=lambda table, t: table @ t):
    """Another writing, over a matrix of vectors: `target` of the rows of (a, b, c), the first of which are left out."""

    def answer(vectors, a, b, c):
        words, table = list(vectors), np.array(list(vectors.values()))
        if normal:
            table = table / np.linalg.norm(table, axis=1)[:, None]
        row = [words.index(word) for word in (a, b, c)]
        scores = compare(table, target(*table[row]))
        if without:
            scores[row[-without:]] = -np.inf if found is np.argmax else np.inf
        return words[int(found(scores))]

    return answer


def cosine(table, t):
    return table @ t / np.linalg.norm(table, axis=1)


RIGHT = {
    "q1": [program(first=False), program(early=True)],
    "q2": [13.0, Fraction(13)],
    "q3": [q3_sorted, q3_scan],
    "q4": [[["a", "bb"], ["a", "b"]], (("xa", "b"), ("a", "b"))],
    "q5": [q5_loop, q5_numpy],
    "q6": [q6_stream, q6_bytearray],
    "q7": [q7_one_pass, q7_text, q7_by(lambda found: min(found)[1])],
    "q8": [q8_recursive, q8_prefixes, greedy],
    "q9": [[["a", "x", "x", "b", "x", "x"], ["c", "x", "x", "d", "x", "x"], 3],
           ("w x x tea y y".split(), "v x x ice y y z".split(), 3)],
    "q10": [q10_slices, q10_by(near)],
    "q11": [q11_plain, q11_torch, q11_entropy],
    "q12": [q12_matrix, q12_sum, q12_torch],
}

WRONG = {
    "q1": [
        ("After a merge the right piece stands there a second time: which line steps over it?", *twice(skip="")),
        ("After a merge a piece is lost: count how far `place` moves in that round.", *twice(skip="place += 2\n")),
        ("Not each `left` is merged, only one that `right` follows.", *twice(test="if pieces[place] == left:")),
        ("The merged piece is spelt in the wrong order.", *twice(join="right + left")),
        ("The left half of each merged pair is lost.", *twice(join="right")),
    ],
    "q2": [
        ("A merge is made wherever the pair occurs in the text, not in one place only.", 25, 25.0),
        ("A merge is made in each of the five words. Are all three made there, and did you count a mark for a word's end?", 18, 18.0),
        ("That is before the first merge: how many pieces vanish with each?", 28, Fraction(28)),
        ("Those are the *kinds* of pieces: count each piece as often as it stands in the five words.", 8, 8.0),
        ("Words are no pieces: what remains of *cooking* after three merges?", 5, Fraction(5)),
        ("That is per word: how many are there together?", 2.6, Fraction(13, 5)),
        ("The same pair is merged in all five words at once: the three merges are three different pairs.", 23, 23.0),
    ],
    "q3": [
        ("A word that stands there three times brings its pairs three times.", q3_kinds, q3_kinds_again),
        ("A pair that stands in two words keeps only the count of the last one.", q3_overwrites, q3_overwrites_again),
        ("Of equally frequent pairs you take the one that was met first; asked for is an order that does not depend on the text's.",
         q3_first_met, q3_first_met_again),
        ("Of equally frequent pairs you take the one that is last in sorted order.", q3_last, q3_last_again),
        ("The most frequent pair is asked for, and this is the rarest.", q3_rarest, q3_rarest_again),
        ("A merge never crosses the end of a word, and a pair that does must not be counted.", q3_across, q3_across_again),
    ],
    "q4": [
        ("Here both find the pair as two whole pieces. What else can text replacement find, in pieces that are longer than a letter?",
         (list("cook"), ("o", "k")), (["t", "h", "e"], ("t", "h"))),
        ("Nothing to merge, for either. Let the text, but not the pieces, hold the left one, a space and the right one.",
         (["tea"], ("t", "e")), (["a", "b"], ("b", "a"))),
        ("Spaces only separate pieces, and no piece is empty: the fault shows with ordinary pieces.",
         (["a b", "c"], ("b", "c")), (["", "a"], ("a", "b"))),
    ],
    "q5": [
        ("Your mean over texts lets a short text weigh as much as a long one.",
         lambda texts, tokens: sum(inner(r) / spoken(t) for t, r in zip(texts, tokens)) / len(texts),
         lambda texts, tokens: np.mean([len(r[1:-1]) / len(t.split()) for t, r in zip(texts, tokens)])),
        ("`[CLS]` and `[SEP]` spell no word.", ratio(len, spoken),
         lambda texts, tokens: len(sum(tokens, [])) / len(" ".join(texts).split())),
        ("An unknown word is a word, and its token counts.", ratio(lambda row: sum(t[0] != "[" for t in row), spoken),
         lambda texts, tokens: sum(t not in {"[CLS]", "[SEP]", "[UNK]"} for row in tokens for t in row) / len(" ".join(texts).split())),
        ("Which of the two counts is divided by which?", lambda texts, tokens: sum(map(spoken, texts)) / sum(map(inner, tokens)),
         lambda texts, tokens: 1 / q5_loop(texts, tokens)),
        ("You count the words by the tokens that do not continue one; a full stop is such a token, and no word.",
         q5_starts, q5_starts_again),
        ("Two spaces make no empty word between them, and a line end separates words as well.",
         ratio(inner, lambda text: len(text.split(" "))), ratio(inner, lambda text: 1 + text.count(" "))),
        ("Tokens per word are asked for, not per character.", ratio(inner, len),
         lambda texts, tokens: q5_loop(texts, tokens) * spoken(" ".join(texts)) / len("".join(texts))),
        ("Each token counts as often as it stands there: yours are counted by kinds.",
         lambda texts, tokens: len({t for row in tokens for t in row} - SPECIAL) / sum(map(spoken, texts)),
         lambda texts, tokens: len(Counter(t for row in tokens for t in row[1:-1])) / len(" ".join(texts).split())),
    ],
    "q6": [
        ("A character may be cut between two tokens: what can you not decode one by one?",
         lambda tokens: "".join(bytes(t).decode("utf-8", "replace") for t in tokens),
         lambda tokens: "".join(str(bytearray(t), "utf8", errors="replace") for t in tokens)),
        ("A token need not be UTF-8 on its own: decoding it alone raises an error.",
         lambda tokens: "".join(bytes(t).decode() for t in tokens),
         lambda tokens: "".join([str(bytes(t), "utf-8") for t in tokens])),
        ("A token alone need not be UTF-8, and what you ignore there is half of a character.",
         lambda tokens: "".join(bytes(t).decode("utf-8", "ignore") for t in tokens),
         lambda tokens: "".join(str(bytes(t), "utf-8", errors="ignore") for t in tokens)),
        ("A byte is not a character: é is one character and two bytes.",
         lambda tokens: "".join(chr(b) for t in tokens for b in t), lambda tokens: joined(tokens).decode("latin-1")),
        ("Bytes that are not UTF-8 vanish: the reader should see that something was there.",
         lambda tokens: joined(tokens).decode("utf-8", "ignore"),
         lambda tokens: q6_bytearray(tokens).replace("\ufffd", "")),
        ("A model may generate bytes that are not UTF-8: that must not raise an error.",
         lambda tokens: joined(tokens).decode(), lambda tokens: str(bytearray(joined(tokens)), "utf-8")),
        ("A space between tokens was never written: the tokens hold their own.",
         lambda tokens: " ".join(bytes(t).decode("utf-8", "replace") for t in tokens),
         lambda tokens: " ".join([str(bytes(t), "utf-8", "replace") for t in tokens])),
    ],
    "q7": [
        ("You merge the leftmost pair that is known: which of the known pairs goes first?",
         q7_by(lambda found: min(found, key=lambda hit: hit[1])[1]), q7_leftmost),
        ("You merge the pair that was learnt last; the earliest goes first.",
         q7_by(lambda found: min(found, key=lambda hit: (-hit[0], hit[1]))[1]), q7_latest),
        ("A merge may be possible in more than one place of the word.", q7_once, q7_once_again),
        ("The longest known piece is WordPiece's rule: byte-pair encoding replays its merges.", q7_longest, q7_longest_again),
        ("Pairs that overlap are merged from the left.", q7_backwards, q7_by(lambda found: min(found, key=lambda hit: (hit[0], -hit[1]))[1])),
        ("After one merge others become possible.", q7_one_merge, q7_one_merge_again),
        ("You go through the word once, from left to right, and only ever add a letter: two longer pieces can be merged as well, "
         "and the earliest merge goes first.", q7_sweep, q7_sweep_again),
        ("Replacing text merges what is no pair of whole pieces: see question 4.", q7_replace, q7_replace_again),
        ("The pieces are asked for as a list.", lambda word, merges: " ".join(q7_one_pass(word, merges)), lambda word, merges: " ".join(q7_text(word, merges))),
    ],
    "q8": [
        ("Only the rest is lost in your answer: a word with a part that nothing fits is unknown as a whole.",
         lambda word, vocabulary: greedy(word, vocabulary, lost=lambda pieces, rest: [*pieces, "[UNK]"]),
         lambda word, vocabulary: [p or "[UNK]" for p in q8_cut(word, vocabulary)]),
        ("You write `##` but look the piece up without it: `ing` may begin a word where `##ing` is not known.",
         lambda word, vocabulary: greedy(word, vocabulary, look=""), lambda word, vocabulary: unknown(q8_cut(word, vocabulary, mark=""))),
        ("Pieces that continue a word are another entry in the vocabulary than those that begin one: where is their `##`?",
         lambda word, vocabulary: greedy(word, vocabulary, look="", write=""),
         lambda word, vocabulary: plain(unknown(q8_cut(word, vocabulary, mark="")))),
        ("You look up the right pieces; the answer should keep their `##`.",
         lambda word, vocabulary: greedy(word, vocabulary, write=""), lambda word, vocabulary: plain(q8_prefixes(word, vocabulary))),
        ("The longest piece that fits is asked for, and you take the shortest.",
         lambda word, vocabulary: greedy(word, vocabulary, order=list), lambda word, vocabulary: unknown(q8_cut(word, vocabulary, found=min))),
        ("You take back a piece when the rest does not fit; a greedy cut never does.", q8_back, q8_back_again),
        ("You skip what does not fit and go on: then the whole word is unknown.", q8_skips, q8_skips_again),
        ("What does not fit is missing in your answer without a word.",
         lambda word, vocabulary: greedy(word, vocabulary, lost=lambda pieces, rest: pieces),
         lambda word, vocabulary: [p for p in q8_cut(word, vocabulary) if p]),
        ("You cut from the end of the word: the longest *beginning* comes first.", q8_from_end, q8_from_end_again),
        ("An unknown word has a list of one piece, too.", lambda word, vocabulary: greedy(word, vocabulary, lost=lambda pieces, rest: "[UNK]"),
         lambda word, vocabulary: "[UNK]" if None in q8_cut(word, vocabulary) else q8_prefixes(word, vocabulary)),
    ],
    "q9": [
        ("Two words are needed on either side of the place: count from 0.", (["a", "b"], ["a", "c"], 1), ("a b c d".split(), "a b x d".split(), 2)),
        ("CBOW sees a difference between your sentences: compare the two words before the place and the two after it.",
         ("hot tea is a good drink".split(), "iced tea is a good idea".split(), 2),
         ("a b c d e f".split(), "a x c d e f".split(), 2)),
        ("The window is the same, but so is the right word: what is CBOW to get wrong?",
         ("a x x b x x".split(), "c x x b x x".split(), 3), ("a b c d e".split(), "a b c d e".split(), 2)),
        ("Nothing tells which of the two words is right, to no reader: put the reason outside the window.",
         ("a b c d e".split(), "a b x d e".split(), 2), ("w a b c d e".split(), "w a b x d e".split(), 3)),
    ],
    "q10": [
        ("A word does not predict itself: which pair comes from the distance 0?", q10_by(lambda s, i, j, w: abs(i - j) <= w),
         q10_loop(below, above, keep=lambda words, i, j: True)),
        ("The words before the centre are context, too.", q10_by(lambda s, i, j, w: 0 < j - i <= w), q10_loop(lambda i, w: i + 1, above)),
        ("The words after the centre are context, too.", q10_by(lambda s, i, j, w: 0 < i - j <= w), q10_loop(below, lambda i, w: i)),
        ("Your window reaches into the next sentence.", q10_across, q10_across_again),
        ("At a sentence's beginning your index is negative: from where does Python count then?", q10_wraps, q10_wraps_again),
        ("At a sentence's beginning your slice starts at a negative index, and comes out empty or wrong.",
         q10_empty_slice, q10_empty_slice_again),
        ("`window` counts the words to each side, not to both together.", q10_by(near, window_of=lambda w: w // 2),
         q10_loop(lambda i, w: i - w // 2, lambda i, w: i + w // 2 + 1)),
        ("Which of the two words does the pair name first?", q10_by(near, pair=lambda a, b: (b, a)),
         q10_loop(below, above, pair=lambda a, b: (b, a))),
        ("A word that comes again nearby is context as well: compare places, not words.",
         q10_by(lambda s, i, j, w: near(s, i, j, w) and s[i] != s[j]), q10_loop(below, above, keep=lambda words, i, j: words[i] != words[j])),
        ("The last word of each window is missing: where does `range` stop?", q10_by(lambda s, i, j, w: near(s, i, j, w) and j - i < w),
         q10_loop(below, lambda i, w: i + w)),
        ("The first word of each window is missing.", q10_by(lambda s, i, j, w: near(s, i, j, w) and i - j < w),
         q10_loop(lambda i, w: i - w + 1, above)),
        ("A pair counts as often as the text shows it.", q10_kinds, q10_kinds_again),
        ("The right pairs, but the context goes from left to right.", q10_nearest_first, q10_nearest_first_again),
    ],
    "q11": [
        ("The noise words should be taken for false, and you reward the opposite.",
         lambda v, u, noise: softplus(-dot(u, v)) + sum(softplus(-dot(n, v)) for n in noise), both(lambda t, f: sp(-t) + sp(-f).sum())),
        ("The true neighbour's sign is wrong: you push it away.",
         lambda v, u, noise: softplus(dot(u, v)) + sum(softplus(dot(n, v)) for n in noise), both(lambda t, f: sp(t) + sp(f).sum())),
        ("Both signs are wrong: the loss falls where the true neighbour looks false and the noise true.",
         lambda v, u, noise: softplus(dot(u, v)) + sum(softplus(-dot(n, v)) for n in noise), both(lambda t, f: sp(t) + sp(-f).sum())),
        ("The noise words' terms are added, not averaged.",
         lambda v, u, noise: softplus(-dot(u, v)) + sum(softplus(dot(n, v)) for n in noise) / len(noise), both(lambda t, f: sp(-t) + sp(f).mean())),
        ("All K + 1 terms are added, not averaged.",
         lambda v, u, noise: q11_plain(v, u, noise) / (1 + len(noise)), both(lambda t, f: torch.cat([sp(-t)[None], sp(f)]).mean())),
        ("Where is the term of the true neighbour?", lambda v, u, noise: sum(softplus(dot(n, v)) for n in noise), both(lambda t, f: sp(f).sum())),
        ("Where are the terms of the noise words?", lambda v, u, noise: softplus(-dot(u, v)), both(lambda t, f: sp(-t))),
        ("A loss is *minus* a logarithm.", lambda v, u, noise: -q11_plain(v, u, noise), both(lambda t, f: -sp(-t) - sp(f).sum())),
        ("Natural logarithms are asked for: yours have the base 2.",
         lambda v, u, noise: q11_plain(v, u, noise) / math.log(2), both(lambda t, f: (sp(-t) + sp(f).sum()) * math.log2(math.e))),
        ("That is the cross-entropy of a softmax over K + 1 words; here each word is judged on its own.",
         both(lambda t, f: torch.logsumexp(torch.cat([t[None], f]), 0) - t),
         lambda v, u, noise: float(np.logaddexp.reduce([dot(w, v) for w in [u, *noise]]) - dot(u, v))),
        ("exp(1000) overflows. How else can log(1 + exp(x)) be written where x is large?", q11_overflow, q11_overflow_again),
        ("exp(1000) overflows, and 1 minus a probability that rounds to 1 is 0. Which identity does the logistic function have for -x?",
         q11_one_minus, q11_one_minus_again),
        ("The probability is 0 in floating point, and log(0) is an error: do not go through it.", q11_log_of_zero, q11_log_of_zero_again),
        ("The probability is 0 in floating point, so its logarithm is infinite: do not go through it.",
         q11_infinite, both(lambda t, f: -torch.log(torch.sigmoid(t)) - torch.log(torch.sigmoid(-f)).sum())),
    ],
    "q12": [
        ("The three words of the question are the nearest of all: they do not count as answers.", solve(offset, without=""), ordered(offset, without=0)),
        ("c is left out, but a and b do not count as answers either.", solve(offset, without="c"), ordered(offset, without=1)),
        ("The step leads from a to b: yours leads from b to a.", solve(lambda a, b, c: a - b + c), ordered(lambda a, b, c: c - (b - a))),
        ("What b and a have in common should cancel: where is a?", solve(lambda a, b, c: b + c), ordered(lambda a, b, c: c + b)),
        ("The vectors of the question are added before they are scaled to length 1.", solve(offset, scaled=False),
         ordered(offset, normal=False, compare=cosine)),
        ("A long vector has a large product with anything: what makes a product a cosine?",
         solve(offset, scaled=False, score=lambda x, t: x @ t), ordered(offset, normal=False)),
        ("The question is scaled, the candidates are not: a long vector has a large product with anything.",
         lambda vectors, a, b, c: best({d: np.dot(x, offset(*(unit(vectors)[w] for w in (a, b, c)))) for d, x in vectors.items()}, (a, b, c)),
         lambda vectors, a, b, c: max(vectors.keys() - {a, b, c}, key=lambda d: float(
             torch.tensor(vectors[d]).double() @ sum(s * torch.nn.functional.normalize(torch.tensor(vectors[w]).double(), dim=0)
                                                     for s, w in ((-1, a), (1, b), (1, c)))))),
        ("That is the smallest cosine of all.", solve(offset, score=lambda x, t: -x @ t), ordered(offset, found=np.argmin)),
        ("That is c's nearest neighbour: a and b have no say in it.", solve(lambda a, b, c: c), ordered(lambda a, b, c: 2 * c)),
        ("Distances between vectors of different length are no cosines.", solve(offset, scaled=False, score=lambda x, t: -np.linalg.norm(x - t)),
         ordered(offset, normal=False, found=np.argmin, compare=lambda table, t: ((table - t) ** 2).sum(1))),
    ],
}
