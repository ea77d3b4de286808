"""Other right answers, and the well-known mistakes: (hint, one writing, another writing)."""

import math
from collections import Counter, defaultdict
from fractions import Fraction
from itertools import pairwise

import numpy as np

# q1: programs out of the lines that students get


def program(start="    counts = {}\n    words = 0", tokens='["<bos>", *sentence, "<eos>"]', reset="", late=False,
            step="row[second] = row.get(second, 0) + 1"):
    add = "        words += len(sentence) + 1\n"
    return (
        f"def count_bigrams(sentences):\n{start}\n    for sentence in sentences:\n{reset}"
        + ("" if late else add)
        + f"        tokens = {tokens}\n"
        + "        for first, second in zip(tokens, tokens[1:]):\n"
        + "            row = counts.setdefault(first, {})\n"
        + f"            {step}\n"
        + (add if late else "")
        + "    return counts, words\n"
    )


SWAPPED = "    words = 0\n    counts = {}"
RESET = "        counts = {}\n"

# q4


def q4_two_counts(counts, previous, word, vocabulary, k):
    seen = defaultdict(int, counts.get(previous, {}))
    return (seen[word] + k) / sum(seen[w] + k for w in vocabulary)


def q4_mixture(counts, previous, word, vocabulary, k):
    row = counts.get(previous, {})
    n, v = sum(row.values()), len(vocabulary)
    share = n / (n + k * v)
    return share * (row.get(word, 0) / n if n else 0) + (1 - share) / v


def q4_once(counts, previous, word, vocabulary, k):
    row = counts.get(previous, {})
    return (row.get(word, 0) + k) / (sum(row.values()) + k)


def q4_once_again(counts, previous, word, vocabulary, k):
    total = k
    for n in counts.get(previous, {}).values():
        total += n
    return (counts.get(previous, {}).get(word, 0) + k) / total


def q4_unsmoothed_above(counts, previous, word, vocabulary, k):
    row = counts.get(previous, {})
    return row.get(word, 0) / (sum(row.values()) + k * len(vocabulary))


def q4_unsmoothed_above_again(counts, previous, word, vocabulary, k):
    row = Counter(counts.get(previous, {}))
    return row[word] / sum(row[w] + k for w in vocabulary)


def q4_followers(counts, previous, word, vocabulary, k):
    row = counts.get(previous, {})
    below = sum(row.values()) + k * len(row)
    return (row.get(word, 0) + k) / below


def q4_followers_again(counts, previous, word, vocabulary, k):
    row = Counter(counts.get(previous, {}))
    return (row[word] + k) / sum(n + k for n in row.values()) if row else 1 / 0


def q4_all_pairs(counts, previous, word, vocabulary, k):
    total = sum(sum(row.values()) for row in counts.values())
    return (counts.get(previous, {}).get(word, 0) + k) / (total + k * len(vocabulary))


def q4_all_pairs_again(counts, previous, word, vocabulary, k):
    everything = [n for row in counts.values() for n in row.values()]
    return (Counter(counts.get(previous))[word] + k) / (sum(everything) + len(vocabulary) * k)


def q4_kinds(counts, previous, word, vocabulary, k):
    row = counts.get(previous, {})
    return (row.get(word, 0) + k) / (len(row) + k * len(vocabulary))


def q4_kinds_again(counts, previous, word, vocabulary, k):
    seen = {w for w in vocabulary if w in counts.get(previous, {})}
    return (Counter(counts.get(previous))[word] + k) / (len(seen) + sum(k for _ in vocabulary))


def q4_whole_below(counts, previous, word, vocabulary, k):
    row = counts.get(previous, {})
    return (row.get(word, 0) + k) / (sum(row.values()) + len(vocabulary))


def q4_whole_below_again(counts, previous, word, vocabulary, k):
    row = Counter(counts.get(previous))
    return (row[word] + k) / sum(row[w] + 1 for w in vocabulary)


# q5


def flat(log_probs):
    return [x for sentence in log_probs for x in sentence]


def q5_loop(log_probs):
    total, count = 0.0, 0
    for sentence in log_probs:
        for x in sentence:
            total, count = total - x, count + 1
    return math.e ** (total / count)


def q5_product(log_probs):
    p = math.prod(math.exp(x) for x in flat(log_probs))
    return p ** (-1 / len(flat(log_probs))) if p or -math.inf not in flat(log_probs) else math.inf


def q5_product_again(log_probs):
    p, words = 1.0, flat(log_probs)
    for x in words:
        p *= math.exp(x)
    if -math.inf in words:
        return math.inf
    return 1 / p ** (1 / len(words))


def q5_mean_of_sentences_again(log_probs):
    total = 0.0
    for sentence in log_probs:
        total += np.exp(-np.mean(sentence))
    return total / len(log_probs)


def q5_mean_of_means(log_probs):
    means = [sum(sentence) / len(sentence) for sentence in log_probs]
    return math.exp(-sum(means) / len(means))


# q7


class Base:
    """A right model with places where the mistakes go in."""

    def __init__(self, vocabulary, k):
        self.vocabulary, self.k = list(vocabulary), k
        self.pairs, self.before = Counter(), Counter()

    def path(self, sentence):
        return ["<bos>", *sentence, "<eos>"]

    def fit(self, sentences):
        for sentence in sentences:
            self.pairs.update(pairwise(self.path(sentence)))
            self.before.update(self.path(sentence)[:-1])

    def prob(self, word, previous):
        return (self.pairs[previous, word] + self.k) / (self.before[previous] + self.k * len(self.vocabulary))

    def log_prob(self, sentence):
        total = 0.0
        for previous, word in pairwise(self.path(sentence)):
            total += math.log(self.prob(word, previous))
        return total


class Table:
    """Another right model: a matrix of counts."""

    def __init__(self, vocabulary, k):
        self.column = {w: i for i, w in enumerate(vocabulary)}
        self.row = {w: i for i, w in enumerate(["<bos>", *(w for w in vocabulary if w != "<eos>")])}
        self.n, self.k = np.zeros((len(self.row), len(self.column))), k

    def fit(self, sentences):
        for s in sentences:
            for a, b in zip(["<bos>", *s], [*s, "<eos>"]):
                self.n[self.row[a], self.column[b]] += 1
        return self

    def p(self):
        smooth = self.n + self.k
        return smooth / smooth.sum(1, keepdims=True)

    def prob(self, word, previous):
        return self.p()[self.row[previous], self.column[word]]

    def log_prob(self, sentence):
        rows, columns = [self.row[w] for w in ["<bos>", *sentence]], [self.column[w] for w in [*sentence, "<eos>"]]
        return np.log(self.p()[rows, columns]).sum()


class NoEnd(Base):
    def log_prob(self, sentence):
        return sum(math.log(self.prob(word, previous)) for previous, word in pairwise(["<bos>", *sentence]))


class NoEndAgain(Table):
    def log_prob(self, sentence):
        return float(sum(np.log(self.prob(w, p)) for p, w in zip(["<bos>", *sentence], sentence)))


class NoStart(Base):
    def log_prob(self, sentence):
        return sum(math.log(self.prob(word, previous)) for previous, word in pairwise([*sentence, "<eos>"]))


class NoStartAgain(Table):
    def log_prob(self, sentence):
        words = [*sentence, "<eos>"]
        return float(sum(np.log(self.prob(words[i], words[i - 1])) for i in range(1, len(words))))


class EndNotCounted(Base):
    def fit(self, sentences):
        for sentence in sentences:
            self.pairs.update(pairwise(["<bos>", *sentence]))
            self.before.update(["<bos>", *sentence][:-1])


class EndNotCountedAgain(Table):
    def fit(self, sentences):
        for s in sentences:
            for a, b in zip(["<bos>", *s[:-1]], s):
                self.n[self.row[a], self.column[b]] += 1


class LastWordTwice(Base):
    def fit(self, sentences):
        for sentence in sentences:
            self.pairs.update(pairwise(["<bos>", *sentence]))
            self.before.update(["<bos>", *sentence])


class LastWordTwiceAgain(Table):
    def fit(self, sentences):
        self.total = np.zeros(len(self.row))
        for s in sentences:
            for a, b in zip(["<bos>", *s[:-1]], s):
                self.n[self.row[a], self.column[b]] += 1
            for a in ["<bos>", *s]:
                self.total[self.row[a]] += 1

    def p(self):
        return (self.n + self.k) / (self.total[:, None] + self.k * len(self.column))


class Bits(Base):
    def log_prob(self, sentence):
        return super().log_prob(sentence) / math.log(2)


class BitsAgain(Table):
    def log_prob(self, sentence):
        return float(sum(np.log2(self.prob(w, p)) for p, w in zip(["<bos>", *sentence], [*sentence, "<eos>"])))


class Product(Base):
    def log_prob(self, sentence):
        return math.exp(super().log_prob(sentence))


class ProductAgain(Table):
    def log_prob(self, sentence):
        return math.prod(self.prob(w, p) for p, w in zip(["<bos>", *sentence], [*sentence, "<eos>"]))


class Swapped(Base):
    def prob(self, previous, word):
        return Base.prob(self, word, previous)

    def log_prob(self, sentence):
        return sum(math.log(self.prob(previous, word)) for previous, word in pairwise(self.path(sentence)))


class SwappedAgain:
    def __init__(self, words, k):
        self.words, self.k, self.seen = words, k, []

    def fit(self, sentences):
        for s in sentences:
            self.seen += zip(["<bos>", *s], [*s, "<eos>"])

    def prob(self, a, b):
        after_a = [w for h, w in self.seen if h == a]
        return (after_a.count(b) + self.k) / (len(after_a) + self.k * len(self.words))

    def log_prob(self, s):
        return math.log(math.prod(self.prob(a, b) for a, b in zip(["<bos>", *s], [*s, "<eos>"])))


class BeginningInVocabulary(Base):
    def __init__(self, vocabulary, k):
        super().__init__([*vocabulary, "<bos>"], k)


class BeginningInVocabularyAgain(Table):
    def p(self):
        return (self.n + self.k) / (self.n.sum(1, keepdims=True) + self.k * (len(self.column) + 1))


class NoEndAtAll(EndNotCounted):
    def log_prob(self, sentence):
        return sum(math.log(self.prob(word, previous)) for previous, word in pairwise(["<bos>", *sentence]))


class NoEndAtAllAgain(EndNotCountedAgain):
    def log_prob(self, sentence):
        return float(sum(np.log(self.prob(w, p)) for p, w in zip(["<bos>", *sentence], sentence)))


class StartNotCounted(Base):
    def fit(self, sentences):
        for sentence in sentences:
            self.pairs.update(pairwise([*sentence, "<eos>"]))
            self.before.update(sentence)


class StartNotCountedAgain(Table):
    def fit(self, sentences):
        for s in sentences:
            for a, b in zip(s, [*s[1:], "<eos>"]):
                self.n[self.row[a], self.column[b]] += 1


class NoStartAtAll(StartNotCounted):
    def log_prob(self, sentence):
        return sum(math.log(self.prob(word, previous)) for previous, word in pairwise([*sentence, "<eos>"]))


class NoStartAtAllAgain(StartNotCountedAgain):
    def log_prob(self, sentence):
        words = [*sentence, "<eos>"]
        return float(sum(np.log(self.prob(words[i], words[i - 1])) for i in range(1, len(words))))


class WholeBelow(Base):
    def prob(self, word, previous):
        return (self.pairs[previous, word] + self.k) / (self.before[previous] + len(self.vocabulary))


class WholeBelowAgain(Table):
    def p(self):
        return (self.n + self.k) / (self.n + 1).sum(1, keepdims=True)


class OnceBelow(Base):
    def prob(self, word, previous):
        return (self.pairs[previous, word] + self.k) / (self.before[previous] + self.k)


class OnceBelowAgain(Table):
    def p(self):
        return (self.n + self.k) / (self.n.sum(1, keepdims=True) + self.k)


class Mean(Base):
    def log_prob(self, sentence):
        return super().log_prob(sentence) / (len(sentence) + 1)


class MeanAgain(Table):
    def log_prob(self, sentence):
        return np.mean([np.log(self.prob(w, p)) for p, w in zip(["<bos>", *sentence], [*sentence, "<eos>"])])


class Surprise(Base):
    def log_prob(self, sentence):
        return -super().log_prob(sentence)


class SurpriseAgain(Table):
    def log_prob(self, sentence):
        return sum(np.log(1 / self.prob(w, p)) for p, w in zip(["<bos>", *sentence], [*sentence, "<eos>"]))


# q8


def q8_numpy(log_probs, text):
    return -np.sum(np.array(log_probs) / np.log(2.0)) / len(text)


def q8_log2(log_probs, text):
    return sum(-math.log2(math.exp(x)) for x in log_probs) / len(list(text))


# q9


def q9_days(dates, size):
    test = []
    for day in sorted(set(dates), reverse=True):
        if len(test) >= size:
            break
        test += [i for i, d in enumerate(dates) if d == day]
    return [i for i in range(len(dates)) if i not in test], sorted(test)


def q9_walk(dates, size):
    order = sorted(range(len(dates)), key=dates.__getitem__)
    cut = len(order) - size
    while cut > 0 and dates[order[cut - 1]] == dates[order[cut]]:
        cut -= 1
    return sorted(order[:cut]), sorted(order[cut:])


def q9_unsorted(dates, size):
    n = len(dates) - size
    return list(range(n)), list(range(n, len(dates)))


def q9_unsorted_again(dates, size):
    places = [i for i, _ in enumerate(dates)]
    return places[:-size], places[-size:]


def q9_splits_a_day(dates, size):
    order = sorted(range(len(dates)), key=lambda i: dates[i])
    return sorted(order[:-size]), sorted(order[-size:])


def q9_splits_a_day_again(dates, size):
    order = np.argsort(np.array(dates), kind="stable")
    train = sorted(order[: len(dates) - size].tolist())
    return train, [i for i in range(len(dates)) if i not in train]


def q9_past(dates, size):
    last = sorted(dates)[size - 1]
    return [i for i, d in enumerate(dates) if d > last], [i for i, d in enumerate(dates) if d <= last]


def q9_past_again(dates, size):
    test, days = [], sorted(set(dates))
    while len(test) < size:
        day = days.pop(0)
        test.extend(i for i, d in enumerate(dates) if d == day)
    return [i for i, d in enumerate(dates) if d in days], sorted(test)


def q9_too_few(dates, size):
    day = sorted(dates)[-size]
    test = [i for i, d in enumerate(dates) if d > day]
    return [i for i in range(len(dates)) if i not in test], test


def q9_too_few_again(dates, size):
    edge = sorted(dates, reverse=True)[size - 1]
    return [i for i, d in enumerate(dates) if d <= edge], [i for i, d in enumerate(dates) if d > edge]


def q9_dates(dates, size):
    edge = sorted(dates)[-size]
    return [d for d in dates if d < edge], [d for d in dates if d >= edge]


def q9_dates_again(dates, size):
    train, test = q9_walk(dates, size)
    return [dates[i] for i in train], [dates[i] for i in test]


def q9_by_date(dates, size):
    edge = sorted(dates)[-size]
    order = sorted(range(len(dates)), key=dates.__getitem__)
    return [i for i in order if dates[i] < edge], [i for i in order if dates[i] >= edge]


def q9_by_date_again(dates, size):
    order = np.argsort(np.array(dates), kind="stable").tolist()
    cut = len(dates) - size
    while cut > 0 and dates[order[cut - 1]] == dates[order[cut]]:
        cut -= 1
    return order[:cut], order[cut:]


def q9_counts_days(dates, size):
    edge = sorted(set(dates))[-size]
    return [i for i, d in enumerate(dates) if d < edge], [i for i, d in enumerate(dates) if d >= edge]


def q9_counts_days_again(dates, size):
    newest = sorted(set(dates), reverse=True)
    late = set(newest[: newest.index(newest[size - 1]) + 1])
    return [i for i, d in enumerate(dates) if d not in late], [i for i, d in enumerate(dates) if d in late]


def q9_test_first(dates, size):
    return q9_days(dates, size)[::-1]


def q9_test_first_again(dates, size):
    train, test = q9_walk(dates, size)
    return test, train


def q9_both(dates, size):
    edge = sorted(dates)[-size]
    return [i for i, d in enumerate(dates) if d <= edge], [i for i, d in enumerate(dates) if d >= edge]


def q9_both_again(dates, size):
    test = q9_days(dates, size)[1]
    first = min(dates[i] for i in test)
    return [i for i in range(len(dates)) if dates[i] <= first], test


RIGHT = {
    "q1": [program(start=SWAPPED), program(late=True)],
    "q2": ["b", ["B"]],
    "q3": [0.231, Fraction(3, 13)],
    "q4": [q4_two_counts, q4_mixture],
    "q5": [q5_loop, lambda log_probs: np.exp(-np.mean(flat(log_probs)))],
    "q6": [(["a", "b"], ["a", "b", "c"]), [["x", "y", "x"], ["x", "y", "z"]]],
    "q7": [Base, Table],
    "q8": [q8_numpy, q8_log2],
    "q9": [q9_days, q9_walk],
}

WRONG = {
    "q1": [
        ("Your function never counts that a sentence stops: which token says so?",
         program(tokens='["<bos>", *sentence]'), program(tokens='["<bos>", *sentence]', start=SWAPPED)),
        ("After two sentences only the last one is remembered: which line forgets the others?",
         program(start="    words = 0", reset=RESET), program(start="    words = 0", reset=RESET, late=True)),
        ("A pair that comes twice is worth as much as one that comes once: which line counts?",
         program(step="row[second] = 1"), program(step="row[second] = 1", start=SWAPPED, late=True)),
    ],
    "q2": [
        ("Each step's distribution sums to 1 over the next *word*. Over what set of texts does the product then sum to 1: all, "
         "or those of one length?", "A", "a"),
        ("One long text is improbable, but how many texts of that length are there?", "C", ["c"]),
        ("Each distribution here sums to 1 over the vocabulary, so nothing is kept back. Sum the texts of one word first, then "
         "those of two.", "D", "d)"),
    ],
    "q3": [
        ("Is `<bos>` ever predicted? Count the words that can come next.", 1.5 / 7, 0.214),
        ("Something else than a word can come next, too: a sentence may end.", 1.5 / 6, Fraction(1, 4)),
        ("Each word that can come next gets half a count, and all of those go into the sum below.", 1.5 / 3.5, 0.429),
        ("That is the share without smoothing, or with k for those words only that did follow *is*: who else can come next?",
         1 / 3, 0.333),
        ("Above stands half a count for one word; what does each word add below?", 1.5 / 10, 0.15),
        ("What was added below for every word is missing above.", 1 / 6.5, 0.154),
        ("Each count grew by 1: how large is k here?", 2 / 10, Fraction(1, 5)),
        ("The share is taken among what follows *is*, not among all words of the text.", 1.5 / 15.5, 0.097),
    ],
    "q4": [
        ("Sum your probabilities over the vocabulary: each word got k above; how many k belong below?",
         q4_once, q4_once_again),
        ("A word that never followed gets probability 0: was that not what smoothing is for?",
         q4_unsmoothed_above, q4_unsmoothed_above_again),
        ("Words that never followed get k above as well: how many words get it in all?", q4_followers, q4_followers_again),
        ("Below stands how often *this* previous word was followed by anything, not the size of the whole text.",
         q4_all_pairs, q4_all_pairs_again),
        ("How often was the previous word followed by anything? How many *different* words followed is another number.",
         q4_kinds, q4_kinds_again),
        ("Above a word gets k; below each word gets 1. Do your probabilities sum to 1?", q4_whole_below, q4_whole_below_again),
    ],
    "q5": [
        ("You average the sentences' perplexities: average over words, not over sentences, and before the exponential.",
         lambda log_probs: sum(math.exp(-sum(s) / len(s)) for s in log_probs) / len(log_probs), q5_mean_of_sentences_again),
        ("You average the sentences' means, so a word in a short sentence weighs more than one in a long sentence.",
         q5_mean_of_means, lambda log_probs: np.exp(-np.mean([np.mean(s) for s in log_probs]))),
        ("That is the probability of the whole text: it shrinks with every word, and perplexity is per word.",
         lambda log_probs: math.exp(sum(flat(log_probs))),
         lambda log_probs: math.prod(math.exp(x) for x in flat(log_probs))),
        ("The logarithms are natural: which base undoes them?",
         lambda log_probs: 2 ** (-sum(flat(log_probs)) / len(flat(log_probs))),
         lambda log_probs: np.exp2(-np.mean(flat(log_probs)))),
        ("Perplexity is per word: by what do you divide?",
         lambda log_probs: np.exp(np.float64(-sum(flat(log_probs)) / len(log_probs))),
         lambda log_probs: np.exp(-np.mean([np.sum(s) for s in log_probs]))),
        ("A surprising word must raise perplexity, not lower it: look at the sign.",
         lambda log_probs: math.exp(sum(flat(log_probs)) / len(flat(log_probs))),
         lambda log_probs: np.exp(np.mean(flat(log_probs)))),
        ("That is the cross-entropy in nats; one step is still missing.",
         lambda log_probs: -sum(flat(log_probs)) / len(flat(log_probs)), lambda log_probs: -np.mean(flat(log_probs))),
        ("The product of many probabilities becomes 0 in floating point: stay with the logarithms and add.",
         q5_product, q5_product_again),
        ("The product of many probabilities becomes 0 in floating point, and 0 has no negative power: stay with the logarithms.",
         lambda log_probs: math.prod(math.exp(x) for x in flat(log_probs)) ** (-1 / len(flat(log_probs))),
         lambda log_probs: 1 / math.prod(math.exp(x) for x in flat(log_probs)) ** (1 / len(flat(log_probs)))),
        ("Each end token has its logarithm in the list already: do you count it once more?",
         lambda log_probs: math.exp(-sum(flat(log_probs)) / (len(flat(log_probs)) + len(log_probs))),
         lambda log_probs: np.exp(-np.sum(flat(log_probs)) / sum(len(s) + 1 for s in log_probs))),
        ("Your number grows with the length of the text: perplexity is per word.",
         lambda log_probs: math.exp(-sum(flat(log_probs))), lambda log_probs: math.e ** -math.fsum(flat(log_probs))),
    ],
    "q6": [
        ("Take two texts that differ after the common beginning.", (["a", "b"], ["a", "b"]), (["tea"], ["tea"])),
        ("When the first words differ, the pasts differ: let the texts begin alike and differ later.",
         (["a", "b"], ["b", "b"]), (["x"], ["y", "x", "x"])),
        ("The futures differ, and the scores do not notice. Which line looks at the whole text, and what does it keep of it?",
         (["a", "b"], ["a", "c"]), (["tea", "tea"], ["tea", "tea", "tea"])),
    ],
    "q7": [
        ("The sentence must also stop: log_prob leaves out one prediction.", NoEnd, NoEndAgain),
        ("The first word is predicted too: from what?", NoStart, NoStartAgain),
        ("Your counts never saw a sentence end.", EndNotCounted, EndNotCountedAgain),
        ("The last word of each sentence counts as a context, but what followed it does not: the probabilities after it do "
         "not sum to 1.", LastWordTwice, LastWordTwiceAgain),
        ("The natural logarithm is asked for, not bits.", Bits, BitsAgain),
        ("log_prob gives a probability: it vanishes for long sentences.", Product, ProductAgain),
        ("Look at the order of prob's arguments: the word that is predicted comes first.", Swapped, SwappedAgain),
        ("`<bos>` is never predicted, so it gets no share of k.", BeginningInVocabulary, BeginningInVocabularyAgain),
        ("`<eos>` is nowhere: neither your counts nor log_prob let a sentence end.", NoEndAtAll, NoEndAtAllAgain),
        ("Your counts never saw a sentence begin.", StartNotCounted, StartNotCountedAgain),
        ("`<bos>` is nowhere: neither your counts nor log_prob know a first word.", NoStartAtAll, NoStartAtAllAgain),
        ("Above a word gets k; below each word gets 1. Do your probabilities sum to 1?", WholeBelow, WholeBelowAgain),
        ("Sum your probabilities over the vocabulary: each word got k above; how many k belong below?",
         OnceBelow, OnceBelowAgain),
        ("The whole sentence is asked for, not the mean per word.", Mean, MeanAgain),
        ("The logarithm of a probability is never above 0: which sign has yours?", Surprise, SurpriseAgain),
    ],
    "q8": [
        ("You divide by the number of tokens: the two models have different tokens, but the same characters.",
         lambda log_probs, text: -sum(log_probs) / math.log(2) / len(log_probs),
         lambda log_probs, text: -np.mean(log_probs) / np.log(2)),
        ("Per character is asked for, not per word.",
         lambda log_probs, text: -sum(log_probs) / math.log(2) / len(text.split()),
         lambda log_probs, text: -np.sum(log_probs) / np.log(2) / (len(text.split(" ")) + text.count("\n"))),
        ("These are nats: how many bits is one nat?",
         lambda log_probs, text: -sum(log_probs) / len(text), lambda log_probs, text: -np.sum(log_probs) / len(text)),
        ("A probability of 1/2 costs one bit, and ln(1/2) is -0.69: do you multiply or divide by ln 2?",
         lambda log_probs, text: -sum(log_probs) * math.log(2) / len(text),
         lambda log_probs, text: np.sum(log_probs) * np.log(0.5) / len(text)),
        ("You count bytes: a letter with an accent is one character.",
         lambda log_probs, text: -sum(log_probs) / math.log(2) / len(text.encode()),
         lambda log_probs, text: -np.sum(log_probs) / np.log(2) / len(bytes(text, "utf-8"))),
        ("Surprise is the *negative* logarithm.",
         lambda log_probs, text: sum(log_probs) / math.log(2) / len(text),
         lambda log_probs, text: np.sum(log_probs) / np.log(2) / len(text)),
        ("These are the bits of the whole text: how many does a character cost?",
         lambda log_probs, text: -sum(log_probs) / math.log(2), lambda log_probs, text: -np.sum(log_probs) / np.log(2)),
        ("You divide twice, by the tokens and by the characters: whose bits do you then share out?",
         lambda log_probs, text: -sum(log_probs) / len(log_probs) / math.log(2) / len(text),
         lambda log_probs, text: -np.mean(log_probs) / np.log(2) / len(text)),
        ("The end token costs bits, but it is no character of the text.",
         lambda log_probs, text: -sum(log_probs) / math.log(2) / (len(text) + 1),
         lambda log_probs, text: -np.sum(log_probs) / np.log(2) / len(text + " ")),
        ("Spaces and line ends are characters, too.",
         lambda log_probs, text: -sum(log_probs) / math.log(2) / len("".join(text.split())),
         lambda log_probs, text: -np.sum(log_probs) / np.log(2) / sum(not c.isspace() for c in text)),
    ],
    "q9": [
        ("The list is not in order of time: the last entries need not be the newest.", q9_unsorted, q9_unsorted_again),
        ("A day is on both sides: the model trains on news of the day that it is tested on.",
         q9_splits_a_day, q9_splits_a_day_again),
        ("You test on the past and train on the future.", q9_past, q9_past_again),
        ("Test may be too small: where do the stories of the day at the edge go?", q9_too_few, q9_too_few_again),
        ("Positions are asked for, not dates.", q9_dates, q9_dates_again),
        ("The right stories, but each list should hold its positions in increasing order.", q9_by_date, q9_by_date_again),
        ("`size` counts stories, not days.", q9_counts_days, q9_counts_days_again),
        ("Which of the two halves does the pair name first?", q9_test_first, q9_test_first_again),
        ("Some stories stand on both sides.", q9_both, q9_both_again),
    ],
}
