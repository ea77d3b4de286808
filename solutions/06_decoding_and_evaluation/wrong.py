"""Other right answers, and the well-known mistakes: (hint, one writing, another writing)."""

import math
import re
import string
from collections import Counter
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

import numpy as np

# q1: programs out of the lines that students get

BEST = "        last = max(table[last], key=table[last].get)\n"
WHILE = "    while len(words) < limit:\n"


def program(order=(0, 1, 2), best=BEST, loop=WHILE, early=False, never=False, inside=False):
    """The three lines before the loop may stand in any order."""
    first = ["    words = []\n", '    last = "<bos>"\n', '    end = "<eos>"\n']
    stop, keep = "        if last == end:\n            break\n", "        words.append(last)\n"
    return (
        "def greedy(table, limit):\n"
        + "".join(first[i] for i in order)
        + loop
        + best
        + (keep + stop if early else keep if never else stop + keep)
        + ("        return words\n" if inside else "    return words\n")
    )


def twice(**changes):
    """One mistake in two programs."""
    return program(**changes), program(order=(2, 1, 0), **changes)


# q4


def by_numpy(scale=lambda z, T: z / T, cold=lambda z: z == z.max()):
    def with_temperature(logits, T):
        z = np.array(logits)
        if T == 0:
            return (np.array(cold(z), dtype=float) / np.sum(cold(z))).tolist()
        e = np.exp(scale(z, T))
        return (e / e.sum()).tolist()

    return with_temperature


def by_powers(power=lambda p, T: p ** (1 / T), cold=lambda p: [float(q == max(p)) for q in p]):
    """Not of the logits but of the probabilities."""

    def with_temperature(logits, T):
        p = [math.exp(z) / sum(map(math.exp, logits)) for z in logits]
        p = [power(q, T) for q in p] if T else cold(p)
        return [q / sum(p) for q in p]

    return with_temperature


# q5


def masked(top=True, nucleus=True, size=lambda cumulated, p: int(np.sum(cumulated < p - 1e-12)) + 1, whole=True,
           divide=True, sort=False):  # fmt: skip
    """With numpy: `size` says how many words the nucleus has, given the cumulated probabilities."""

    def shortlist(probabilities, k, p):
        q = np.array(probabilities)
        order = np.argsort(-q)
        kept = order[: k if top else None]
        cumulated = np.cumsum(q[kept]) / (q[kept].sum() if whole else 1)
        kept = kept[: size(cumulated, p)] if nucleus else kept
        out = np.zeros(len(q))
        out[kept] = q[kept] / (q[kept].sum() if divide else 1)
        return (out[order] if sort else out).tolist()

    return shortlist


def stepwise(top=True, nucleus=True, fits=False, empty=False, more=0, whole=True, divide=True,
             sort=False):  # fmt: skip
    """Word by word, the most probable first. `fits`: a word enters if the mass with it suits p; `more`: words too many."""

    def shortlist(probabilities, k, p):
        ranked = sorted(probabilities, reverse=True)
        if top:
            ranked = ranked[:k]
        total, mass, kept = sum(ranked) if whole else 1.0, 0.0, []
        for q in ranked:
            if nucleus and (kept or empty) and (mass + q / total > p + 1e-12 if fits else mass > p - 1e-12):
                break
            kept.append(q)
            mass += q / total
        if nucleus:
            kept = ranked[: len(kept) + more]
        scale = sum(kept) if divide else 1.0
        out = [q / scale if q in kept else 0 for q in probabilities]
        return sorted(out, reverse=True) if sort else out

    return shortlist


# q7


def grams(words, n):
    return [tuple(words[i:][:n]) for i in range(len(words)) if len(words[i:]) >= n]


def counted(limit=lambda g, known: max(k.count(g) for k in known), size=lambda own, known: len(own), kinds=False):
    """By counting in lists."""

    def clipped_precision(candidate, references, n):
        own, known = grams(candidate, n), [grams(r, n) for r in references]
        if not own:
            return 0
        hits = sum(min(1 if kinds else own.count(g), limit(g, known)) for g in set(own))
        return hits / size(own, known)

    return clipped_precision


def crossed(known=lambda lists: lists, size=lambda own, known: len(own), clip=True):
    """By crossing out: every n-gram of the candidate uses up one of a reference's."""

    def clipped_precision(candidate, references, n):
        own = grams(candidate, n)
        lists = known([grams(r, n) for r in references])
        hits = 0
        for gram in dict.fromkeys(own):
            most = 0
            for other in lists:
                left, found = list(other), 0
                for _ in range(own.count(gram)):
                    if gram in left:
                        found += 1
                        if clip:
                            left.remove(gram)
                most = max(most, found)
            hits += most
        return hits / size(own, [grams(r, n) for r in references]) if own else 0.0

    return clipped_precision


def q7_or(candidate, references, n):
    own, known = Counter(grams(candidate, n)), Counter()
    for reference in references:
        known |= Counter(grams(reference, n))
    return sum((own & known).values()) / max(len(candidate) - n + 1, 1)


def one_judge(precision):
    """The best that a single reference says."""
    return lambda c, r, n: max(precision(c, [known], n) for known in r)


def common(lists):
    """What all references have."""
    found = Counter(lists[0])
    for other in lists[1:]:
        found &= Counter(other)
    return found


def all_orders(precision):
    """The geometric mean over 1 ... n, as BLEU takes it."""
    return lambda c, r, n: math.prod(precision(c, r, m) for m in range(1, n + 1)) ** (1 / n)


def all_orders_logs(precision):
    def mean(c, r, n):
        found = [precision(c, r, m) for m in range(1, n + 1)]
        return math.exp(np.mean(np.log(found))) if all(found) else 0.0

    return mean


# q8


def plain(text, lower=True, punctuation="", articles=True):
    text = text.lower() if lower else text
    if punctuation is not None:
        text = re.sub("[" + re.escape(string.punctuation) + "]", punctuation, text)
    return [word for word in text.split() if not (articles and word.lower() in ("a", "an", "the"))]


def pairs(make=plain, score=None, match=lambda a, b: a == b, join=max, only=None):
    """By lists: how a text is made plain, what a pair of lists scores, how references are joined."""

    def marks(answer, references):
        words, known = make(answer), [make(r) for r in references[:only]]
        f1 = join([(score or f_score)(words, other) for other in known])
        return float(any(match(words, other) for other in known)), f1

    return marks


def f_score(words, other):
    left, hits = list(other), 0
    for word in words:
        if word in left:
            left.remove(word)
            hits += 1
    precision, recall = hits / len(words), hits / len(other)
    return 2 * precision * recall / (precision + recall) if hits else 0.0


def counters(lower=True, translate=None, article=r"\b(?:a|an|the)\b", measure=None, equal=lambda a, b: a == b,
             average=False, first=False):  # fmt: skip
    """By Counters and regular expressions."""
    table = {ord(c): translate for c in string.punctuation} if translate != "keep" else {}

    def make(text):
        text = (text.lower() if lower else text).translate(table)
        return " ".join(re.sub(article, " " if "b" in article else "", text, flags=re.IGNORECASE).split())

    def shared(a, b):
        common = sum((Counter(a) & Counter(b)).values())
        return measure(common, a, b) if measure else 2 * common / (len(a) + len(b))

    def marks(answer, references):
        a, known = make(answer), list(map(make, references))
        known = known[:1] if first else known
        f1 = [shared(a.split(), r.split()) for r in known]
        return 1.0 * any(equal(a, r) for r in known), sum(f1) / len(f1) if average else max(f1)

    return marks


def by_sets(a, b):
    common = len(set(a) & set(b))
    return 2 * common / (len(set(a)) + len(set(b)))


def everywhere(text):
    text = re.sub("[" + re.escape(string.punctuation) + "]", "", text.lower())
    for article in ("the", "an", "a"):
        text = text.replace(article, "")
    return text.split()


# q9


def closest_low(n, known):
    return sorted(known, key=lambda m: (abs(n - m), m))[0]


def closest_high(n, known):
    return sorted(known, key=lambda m: (abs(n - m), -m))[0]


def summed(choose=closest_low, price=lambda c, r: 1.0 if c >= r else math.exp(1 - r / c)):
    return lambda lengths, references: price(sum(lengths), sum(choose(n, k) for n, k in zip(lengths, references)))


def looped(key=lambda n, m: (abs(n - m), m), price=lambda c, r: math.exp(min(0, 1 - r / c))):
    def brevity_penalty(lengths, references):
        r = 0
        for n, known in zip(lengths, references):
            best = known[0]
            for m in known[1:]:
                if key(n, m) < key(n, best):
                    best = m
            r += best
        return price(sum(lengths), r)

    return brevity_penalty


def each(penalty):
    """The mean of the sentences' penalties."""
    return lambda lengths, references: sum(penalty([n], [k]) for n, k in zip(lengths, references)) / len(lengths)


# q10


def q10_numpy(utility):
    u = np.array(utility)
    means = (u.sum(1) - np.diag(u)) / (len(u) - 1)
    return int(means.argmax()), means.max()


def q10_loop(utility):
    best = None
    for i, row in enumerate(utility):
        others = [u for j, u in enumerate(row) if j != i]
        if best is None or sum(others) / len(others) > best[1]:
            best = (i, sum(others) / len(others))
    return best


def ranked(others=lambda u, i: [u[i][j] for j in range(len(u)) if j != i], value=np.mean, pick=max):
    """Which numbers belong to candidate i, what is made of them, who wins."""

    def least_risk(utility):
        values = [float(value(others(utility, i))) for i in range(len(utility))]
        return values.index(pick(values)), pick(values)

    return least_risk


def negated(choose):
    """The smallest mean by way of the largest."""

    def least_risk(utility):
        i, value = choose([[-u for u in row] for row in utility])
        return i, -value

    return least_risk


def turned(utility):
    return [list(column) for column in zip(*utility)]


# q11


def lcs(a, b):
    @lru_cache(None)
    def longest(i, j):
        if i == len(a) or j == len(b):
            return 0
        if a[i] == b[j]:
            return 1 + longest(i + 1, j + 1)
        return max(longest(i + 1, j), longest(i, j + 1))

    return longest(0, 0)


def lcs_by_trying(a, b):
    """From all words down to one: does the subsequence stand in the other sentence?"""
    for size in range(len(a), 0, -1):
        for words in combinations(a, size):
            rest = iter(b)
            if all(word in rest for word in words):
                return size
    return 0


def scored(common=lcs, share=lambda m, a, b: 2 * m / (len(a) + len(b))):
    return lambda candidate, reference: share(common(tuple(candidate), tuple(reference)), candidate, reference)


def substring(a, b):
    return max((n for i in range(len(a)) for n in range(1, len(a) - i + 1) for j in range(len(b)) if a[i : i + n] == b[j : j + n]), default=0)


def substring_table(a, b):
    best, row = 0, [0] * (len(b) + 1)
    for x in a:
        row = [0] + [row[j] + 1 if x == y else 0 for j, y in enumerate(b)]
        best = max(best, *row)
    return best


def bag(a, b):
    return sum((Counter(a) & Counter(b)).values())


def bag_crossed(a, b):
    left = list(b)
    return sum(1 for x in a if x in left and not left.remove(x))


def greedy_match(a, b):
    start, hits = 0, 0
    for x in a:
        if x in b[start:]:
            start, hits = b.index(x, start) + 1, hits + 1
    return hits


def greedy_iter(a, b):
    hits, rest = 0, list(b)
    for x in a:
        if x in rest:
            while rest.pop(0) != x:
                pass
            hits += 1
    return hits


def table_min(a, b):
    """Each word of a may meet the same word of b again."""
    row = [0] * (len(b) + 1)
    for x in a:
        for j, y in enumerate(b):
            row[j + 1] = row[j] + 1 if x == y else max(row[j], row[j + 1])
    return row[-1]


def table_again(a, b):
    best = np.zeros((len(a) + 1, len(b) + 1), int)
    for i, x in enumerate(a, 1):
        for j, y in enumerate(b, 1):
            best[i, j] = best[i, j - 1] + 1 if x == y else max(best[i, j - 1], best[i - 1, j])
    return int(best[-1, -1])


def f1(m, a, b):
    p, r = m / len(a), m / len(b)
    return 2 * p * r / (p + r) if m else 0.0


# q12


def sorted_all(join=lambda p, q: p * q, end="best", live="refill", up=False, each=None):
    """All extensions in one list. `end`: which ends are finished; `live`: which go on; `each`: extensions a hypothesis."""

    def beam_step(live_ones, table, width):
        longer = []
        for words, p in live_ones:
            row = sorted(table[words[-1]].items(), key=lambda item: -item[1])
            longer += [(list(words) + [w], join(p, q)) for w, q in row[: {"one": 1, "width": width}.get(each)]]
        longer = sorted(longer, key=lambda h: h[1], reverse=not up)
        ends = [h for h in (longer[:width] if end == "best" else longer) if h[0][-1] == "<eos>"]
        if live == "refill":
            return [h for h in longer if h[0][-1] != "<eos>"][: None if each == "width" else width], ends
        if live == "top":
            return [h for h in longer[:width] if h[0][-1] != "<eos>"], ends
        return longer[:width], ends

    return beam_step


def one_by_one(join=lambda p, q: q * p, end="best", live="refill", up=False, each=None):
    """The best that is left is taken out, again and again."""

    def beam_step(live_ones, table, width):
        left, going, finished, place = [], [], [], 0
        for words, p in live_ones:
            row = dict(table[words[-1]])
            for _ in range({"one": 1, "width": width}.get(each, len(row))):
                if row:
                    word = max(row, key=row.get)
                    left.append(([*words, word], join(p, row.pop(word))))
        while left:
            best = (min if up else max)(left, key=lambda h: h[1])
            left.remove(best)
            place += 1
            over = best[0][-1] == "<eos>"
            if over and (end == "all" or place <= width):
                finished.append(best)
            if live == "with ends":
                going += [best] * (place <= width)
            elif not over and (place <= width if live == "top" else len(going) < width or each == "width"):
                going.append(best)
        return going, finished

    return beam_step


def grouped(step):
    """The hypotheses stay in the order of their parents."""

    def beam_step(live, table, width):
        going, finished = step(live, table, width)
        place = {tuple(words): i for i, (words, _) in enumerate(live)}
        return [sorted(hs, key=lambda h: place[tuple(h[0][:-1])]) for hs in (going, finished)]

    return beam_step


RIGHT = {
    "q1": [program(order=(2, 1, 0)), program(order=(1, 0, 2))],
    "q2": ["a", ["A"]],
    "q3": [0.4, Fraction(2, 5)],
    "q4": [by_numpy(), by_powers()],
    "q5": [masked(), stepwise()],
    "q6": [([0.5, 0.6, 0.9, 0.9], [0.5, 0.6]), [[0.3], [0.5, 0.5]]],
    "q7": [counted(), crossed(), q7_or],
    "q8": [pairs(), counters()],
    "q9": [summed(), looped()],
    "q10": [q10_numpy, q10_loop, ranked()],
    "q11": [scored(), scored(lcs_by_trying, f1)],
    "q12": [sorted_all(), one_by_one()],
    "q13": [(("It rains again", "nonsense"), ("dry", "we stay at home and drink a cup of tea with lemon")),
            [["it rains again", "we stay and drink"], ["sun", "we stay at home and drink a cup of tea with lemon"]]],
}  # fmt: skip

WRONG = {
    "q1": [
        ("The end of the sentence is no word of it.", *twice(early=True)),
        ("A dict compares its keys, here by the alphabet; what should be compared?", *twice(best="        last = max(table[last])\n")),
        ("Your model forgets what it has just said: which row of the table does it look into?",
         *twice(best='        last = max(table["<bos>"], key=table["<bos>"].get)\n')),
        ("This takes the word that is least likely.", *twice(best="        last = min(table[last], key=table[last].get)\n")),
        ("How many words may there be at most?", *twice(loop="    while len(words) < limit - 1:\n")),
        ("What should happen after the end?", *twice(never=True)),
        ("It stops after the first word.", *twice(inside=True)),
    ],
    "q2": [
        ("A softmax takes out what is *added* to all scores; what does dividing do to their differences?", "B", "b"),
        ("Whatever the temperature, the probabilities sum to 1, and a word's share depends on its own score: nothing is handed out in equal parts.",
         "C", ["c"]),
        ("Half of a larger score is still larger than half of a smaller one.", "D", "d"),
    ],
    "q3": [
        ("You kept the best continuation of each hypothesis. Do both survivors need different parents?", 0.39, Fraction(39, 100)),
        ("This is greedy decoding: how many hypotheses are kept after the first step?", 0.17, 0.1701),
        ("Two hypotheses are kept, and you took one of them.", 0.22, Fraction(11, 50)),
        ("A hypothesis has the probability of *both* its words.", 1, 1.0),
        ("These are the hypotheses after the first step.", 0.9, Fraction(9, 10)),
        ("Both of yours begin with the word that seemed best at first: what is the other one worth?", 0.335, Fraction(67, 200)),
    ],
    "q4": [
        ("A high temperature should make the distribution flatter: yours becomes steeper.", by_numpy(scale=lambda z, T: z * T), by_powers(power=lambda p, T: p**T)),
        ("Your probabilities are the same at every T above 0: what is divided by T, the score or its exponential?",
         by_numpy(scale=lambda z, T: z - np.log(T)), by_powers(power=lambda p, T: p / T)),
        ("T > 0 is right. As T gets smaller, what happens to the distance between the best word and the second?",
         by_numpy(cold=np.ones_like), by_powers(cold=lambda p: [1.0] * len(p))),
        ("T = 0 is not the same as no temperature: that one is T = 1.", by_numpy(cold=lambda z: np.exp(z)), by_powers(cold=lambda p: p)),
        ("At T = 0 the *least* probable word is left.", by_numpy(cold=lambda z: z == z.min()), by_powers(cold=lambda p: [float(q == min(p)) for q in p])),
        ("How many times does T enter?", by_numpy(scale=lambda z, T: z / T**2), by_powers(power=lambda p, T: p ** (T**-2))),
    ],
    "q5": [
        ("Together your words have less than p: the word that takes the sum to p or beyond belongs to the nucleus.",
         masked(size=lambda c, p: max(1, int(np.sum(c <= p + 1e-12)))), stepwise(fits=True)),
        ("Your nucleus has less than p, and with a small p it is empty: which word takes the sum to p or beyond?",
         masked(size=lambda c, p: int(np.sum(c <= p + 1e-12))), stepwise(fits=True, empty=True)),
        ("Your nucleus has one word too many: it should be the smallest number that has p.",
         masked(size=lambda c, p: int(np.sum(c < p - 1e-12)) + 2), stepwise(more=1)),
        ("What top-k leaves sums to 1 again *before* the nucleus is taken of it.", masked(whole=False), stepwise(whole=False)),
        ("These probabilities do not sum to 1 any more.", masked(divide=False), stepwise(divide=False)),
        ("p changes nothing in your answer.", masked(nucleus=False), stepwise(nucleus=False)),
        ("k changes nothing in your answer.", masked(top=False), stepwise(top=False)),
        ("Each word keeps its own place in the list.", masked(sort=True), stepwise(sort=True)),
    ],
    "q6": [
        ("Sentences of one length are divided by the same number.", ([0.9, 0.8], [0.5, 0.5]), ([0.2], [0.7])),
        ("The shorter one is better even word for word: make its words less sure than those of the longer one.",
         ([0.9, 0.8], [0.5, 0.5, 0.5]), ([0.4, 0.4, 0.4], [0.8])),
        ("The longer one wins without any help. Each word more costs something; let there be more of them.",
         ([0.2, 0.2], [0.9, 0.9, 0.9]), ([0.9, 0.8, 0.8], [0.1])),
        ("These are probabilities of words: neither 0 nor 1, and no logarithms.", ([1.0, 0.5], [0.5]), ([-0.5, -0.6], [-0.4, -0.4, -0.4])),
        ("Even an empty sentence has a word here: its end.", ([], [0.5]), ([0.4, 0.5], [])),
        ("For one of the rules this is a draw.", ([0.5], [0.5, 0.5]), ([0.25], [0.5, 0.5])),
    ],
    "q7": [
        ("Nothing is clipped: how often may a word be confirmed that a reference has once?",
         counted(limit=lambda g, known: 99 * any(g in k for k in known)), crossed(clip=False)),
        ("You add up what all references have; what counts is the one that has the n-gram most often.",
         counted(limit=lambda g, known: sum(k.count(g) for k in known)), crossed(known=lambda lists: [sum(lists, [])])),
        ("Each kind of n-gram is confirmed once at most in your count, but a reference may have it several times.",
         counted(kinds=True), crossed(known=lambda lists: [list(set(k)) for k in lists])),
        ("All references count, not only the first one.", counted(limit=lambda g, known: known[0].count(g)), crossed(known=lambda lists: lists[:1])),
        ("How many n-grams has the candidate, those that repeat included?", counted(size=lambda own, known: len(set(own))),
         crossed(size=lambda own, known: len(set(own)))),
        ("Divided by what a reference has it would be a recall; precision asks about the candidate.",
         counted(size=lambda own, known: max(map(len, known)) or 1), crossed(size=lambda own, known: max([1, *map(len, known)]))),
        ("Only the n-grams of the one length n are asked for: the mean over the lengths comes later.", all_orders(counted()), all_orders_logs(crossed())),
        ("An n-gram must be confirmed by one reference, not by all of them.", counted(limit=lambda g, known: min(k.count(g) for k in known)),
         crossed(known=lambda lists: [list(common(lists).elements())])),
        ("Each n-gram looks for the reference that has *it* most often: with you one reference judges all of them.",
         one_judge(counted()), one_judge(crossed())),
        ("You divide by the number of words. How many n-grams do they make?", counted(size=lambda own, known: len(own) + len(own[0]) - 1),
         crossed(size=lambda own, known: sum(1 for _ in own) + len(own[-1]) - 1)),
    ],
    "q8": [
        ("Capital letters still make a difference.", pairs(lambda t: plain(t, lower=False)), counters(lower=False)),
        ("Punctuation still makes a difference.", pairs(lambda t: plain(t, punctuation=None)), counters(translate="keep")),
        ("What becomes of the dots in U.S.? They are deleted, and nothing is put in their place.", pairs(lambda t: plain(t, punctuation=" ")),
         counters(translate=" ")),
        ("Articles still make a difference.", pairs(lambda t: plain(t, articles=False)), counters(article=r"\bnone\b(?!)")),
        ("You take the articles out of the middle of words as well.", pairs(everywhere), counters(article="the|an|a")),
        ("A word counts as often as both have it: sets do not know how often.", pairs(score=by_sets),
         counters(measure=lambda m, a, b: 2 * len({*a} & {*b}) / (len({*a}) + len({*b})))),
        ("There may be more than one right answer: you look at the first.", pairs(only=1), counters(first=True)),
        ("The best reference counts, not the mean of all.", pairs(join=np.mean), counters(average=True)),
        ("`match` asks for all words of a reference and no others, in its order: part of it is not enough.",
         pairs(match=lambda a, b: " ".join(a) in " ".join(b)), counters(equal=lambda a, b: a in b)),
        ("An exact match has its words in the order of the reference.", pairs(match=lambda a, b: sorted(a) == sorted(b)),
         counters(equal=lambda a, b: Counter(a.split()) == Counter(b.split()))),
        ("Your F1 does not ask how much of the reference was said.", pairs(score=lambda a, b: bag(a, b) / len(a)), counters(measure=lambda m, a, b: m / len(a))),
        ("Your F1 does not mind words that are too many.", pairs(score=lambda a, b: bag(a, b) / len(b)), counters(measure=lambda m, a, b: m / len(b))),
        ("A harmonic mean is no arithmetic one.", pairs(score=lambda a, b: bag(a, b) * (1 / len(a) + 1 / len(b)) / 2),
         counters(measure=lambda m, a, b: (m / len(a) + m / len(b)) / 2)),
    ],
    "q9": [
        ("You compare with the shortest reference.", summed(choose=lambda n, k: min(k)), looped(key=lambda n, m: m)),
        ("You compare with the longest reference.", summed(choose=lambda n, k: max(k)), looped(key=lambda n, m: -m)),
        ("Two references are equally close: which one counts?", summed(choose=closest_high), looped(key=lambda n, m: (abs(n - m), -m))),
        ("Two references are equally close, and you take the one that stands first.", summed(choose=lambda n, k: min(k, key=lambda m: abs(m - n))),
         looped(key=lambda n, m: abs(n - m))),
        ("One reference's length counts for each candidate, not the mean of them.", summed(choose=lambda n, k: sum(k) / len(k)),
         lambda lengths, references: looped()(lengths, [[sum(k) / len(k)] for k in references])),
        ("A long candidate makes up for a short one: add up the lengths of the corpus first.", each(summed()), each(looped())),
        ("Nobody earns more than 1 for being long.", summed(price=lambda c, r: math.exp(1 - r / c)), looped(price=lambda c, r: math.e ** (1 - r / c))),
        ("In the exponent, which length is divided by which?", summed(price=lambda c, r: math.exp(min(0, 1 - c / r))),
         looped(price=lambda c, r: math.exp(1 - c / r) if c > r else 1)),
        ("Yours is above 1 for what is too short, a reward: which length is divided by which?",
         summed(price=lambda c, r: 1.0 if c >= r else math.exp(1 - c / r)), looped(price=lambda c, r: math.exp(max(0, 1 - c / r)))),
        ("The penalty is exponential.", summed(price=lambda c, r: min(1, c / r)), looped(price=lambda c, r: c / max(c, r))),
    ],
    "q10": [
        ("No candidate is its own witness.", ranked(others=lambda u, i: u[i]), lambda u: ranked(others=lambda v, i: list(v[i]))(np.array(u).tolist())),
        ("In a row the candidate stays and the truth changes; you go down a column.", lambda u: q10_numpy(turned(u)),
         ranked(others=lambda u, i: [row[i] for j, row in enumerate(u) if j != i])),
        ("One other candidate that agrees is not enough: take the mean.", ranked(value=max),
         lambda u: ranked(others=lambda v, i: [max(v[i][:i] + v[i][i + 1 :])])(u)),
        ("Larger is better.", ranked(pick=min), negated(q10_numpy)),
        ("The choice is right; its value should be a mean, not a sum.", ranked(value=sum), lambda u: (q10_loop(u)[0], q10_loop(u)[1] * (len(u) - 1))),
        ("The choice is right. Its value is a mean over how many others?", lambda u: (q10_loop(u)[0], q10_loop(u)[1] * (len(u) - 1) / len(u)),
         ranked(others=lambda u, i: [0 if i == j else u[i][j] for j in range(len(u))])),
    ],
    "q11": [
        ("Other words may stand in between.", scored(substring), scored(substring_table, f1)),
        ("The words must stand in the same order: yours may stand anywhere.", scored(bag), scored(bag_crossed, f1)),
        ("You take the first chance to match a word, and it may cost you many later ones.", scored(greedy_match), scored(greedy_iter, f1)),
        ("A single word of the candidate is used for several words of the reference.", scored(table_min), scored(table_again, f1)),
        ("Words that are too many do not matter to you.", scored(share=lambda m, a, b: m / len(b)), scored(lcs_by_trying, lambda m, a, b: m / len(b))),
        ("What is missing of the reference does not matter to you.", scored(share=lambda m, a, b: m / len(a)),
         scored(lcs_by_trying, lambda m, a, b: m / len(a))),
        ("A harmonic mean is no arithmetic one.", scored(share=lambda m, a, b: (m / len(a) + m / len(b)) / 2),
         scored(lcs_by_trying, lambda m, a, b: m * (len(a) + len(b)) / len(a) / len(b) / 2)),
    ],
    "q12": [
        ("An end takes the place of a hypothesis in your beam: `going_on` should be filled up.", sorted_all(live="top"), one_by_one(live="top")),
        ("Every end is finished with you, however improbable: it must be among the best of all.", sorted_all(end="all"), one_by_one(end="all")),
        ("Nothing comes after an end: such a hypothesis does not go on.", sorted_all(live="with ends"), one_by_one(live="with ends")),
        ("One hypothesis may have several of the best extensions: yours has one each.", sorted_all(each="one"), one_by_one(each="one")),
        ("The beam grows: `width` hypotheses go on in all, not `width` of each.", sorted_all(each="width"), one_by_one(each="width")),
        ("Your ranking knows only the last word's probability.", sorted_all(join=lambda p, q: q), one_by_one(join=lambda p, q: q)),
        ("Probabilities of a sequence are not added.", sorted_all(join=lambda p, q: p + q), one_by_one(join=lambda p, q: q + p)),
        ("First come those that go on, then the finished ones.", lambda *given: sorted_all()(*given)[::-1],
         lambda *given: tuple(reversed(one_by_one()(*given)))),
        ("You keep the least probable ones.", sorted_all(up=True), one_by_one(up=True)),
    ],
    "q13": [
        ("Both rules say the first. A corpus adds up counts: which of the two sentences has more to count?",
         (("it rains again", "we stay at home"), ("it rains", "we stay")), (("it rains again", "we stay at home and drink"), ("no", "we stay"))),
        ("Both rules say the second. By the mean, both sentences weigh the same: let the first system shine in the short one.",
         (("it rains", "we stay"), ("it rains again", "we stay at home")), (("no", "no"), ("it rains again", "we stay at home and drink"))),
        ("They disagree, but the wrong way round.",
         (("dry", "we stay at home and drink a cup of hot tea"), ("it rains again", "nonsense")),
         (("sun", "we stay at home and drink a cup of tea with lemon"), ("it rains again", "we stay and drink"))),
        ("For one of the rules your systems are as good as equal.", (("it rains again", "tea"), ("it rains again", "tea")), (("no", "no"), ("dry", "dry"))),
    ],
}
