# %% [markdown]
# # 06 Decoding and evaluation: exercises
#
# Thirteen questions, 31 points, about 115 minutes: eight on how a text is made of a model's probabilities (part 06a),
# five on how good that text is (part 06b). Each answer stands in one cell, where `...` waits for you. Running that cell
# checks the answer: a first miss names what is broken, a second one names the mistake if it is a well-known one, a
# third one says where to read again. A sentence is a list of words, unless a question says otherwise, logarithms are
# natural, and scores lie between 0 and 1.
#
# The model of several questions is a *table*, a dict of dicts: `table["tea"]["is"]` is the probability that *is* comes
# after *tea*, whatever stands before. It has a row for `"<bos>"` and for each word, and none for `"<eos>"`.

# %%
import math
import re
import string
from collections import Counter

# %% [markdown] ask="q1" kind="order" points=2 minutes=6 difficulty=1 see="06a, The idea"
# ## The most probable word, again and again
# Put the lines in order so that they make `greedy`. Some lines do not belong to it.
#
# - In: `table`, a model as described above; `limit`, the largest number of words, 1 or more.
# - Out: the sentence of greedy decoding, a list of words without `"<bos>"` and `"<eos>"`.
# - Answer: the letters in order, such as `"CAB"`.


# %% lines="q1"
def greedy(table, limit):
    words = []
    last = "<bos>"
    end = "<eos>"
    while len(words) < limit:
        last = max(table[last], key=table[last].get)
        if last == end:
            break
        words.append(last)
    return words


### DISTRACTORS
#         last = max(table[last])
#         last = max(table["<bos>"], key=table["<bos>"].get)
#         last = min(table[last], key=table[last].get)
#     while len(words) < limit - 1:
#         return words

# %% [markdown] ask="q2" kind="choice" points=1 minutes=3 difficulty=1 see="06a, The idea" options="ABCD"
# ## Warmer
# A model gives *tea* the probability .6, *ice* .3 and *hot* .1. You draw words with the temperature T = 2. What becomes
# of the probabilities?
#
# - **A.** *tea* becomes less probable and *hot* more, but no word overtakes another.
# - **B.** Nothing: T divides all scores alike, and the softmax takes that out again.
# - **C.** They are halved, and what is left over goes to all words of the vocabulary in equal parts.
# - **D.** At such a temperature *hot* may become more probable than *tea*.
#
# Answer with a letter, such as `"A"`.

# %% answer="q2"
q2 = "A"  ### SOLUTION

# %% [markdown] ask="q3" kind="number" points=1 minutes=5 difficulty=2 see="06a, The idea"
# ## Two are kept
# A model begins with *tea* (.5), *we* (.4) or *no* (.1). After *tea* comes *is* (.34), *was* (.33) or *has* (.33).
# After *we* comes *drink* (.55) or *like* (.45), after *no* always *thanks*. Beam search with the width 2 has made two
# steps and keeps two hypotheses of two words.
#
# What is the sum of their two probabilities? Answer with a number, to three decimals or more.

# %% answer="q3"
q3 = 0.4 * 0.55 + 0.4 * 0.45  ### SOLUTION

# %% [markdown] ask="q4" points=2 minutes=6 difficulty=2 see="06a, Build it"
# ## Any temperature, and none
# Fill the two lines of `with_temperature`.
#
# - In: `logits`, a list of floats, of which only one is the largest; `T`, a float, 0 or more.
# - Out: a list of floats that sum to 1: the probabilities proportional to $e^{z/T}$ for a logit z. T = 0 is the limit
#   for smaller and smaller T: greedy decoding.


# %% answer="q4"
def with_temperature(logits, T):
    """The probabilities at a temperature."""
    best = max(logits)
    if T == 0:
        return [float(z == best) for z in logits]  ### SOLUTION
    weights = [math.exp((z - best) / T) for z in logits]  ### SOLUTION
    return [weight / sum(weights) for weight in weights]


# %% [markdown] ask="q5" points=3 minutes=12 difficulty=3 see="06a, Build it"
# ## The short list
# Sampling from all words now and then draws a silly one. Write `shortlist(probabilities, k, p)`, two filters in a row.
#
# - In: `probabilities`, a list of floats above 0 that sum to 1, no two of them equal; `k`, an integer, 1 or more (it
#   may be larger than the number of words); `p`, a float above 0, 1 at most.
# - First only the k most probable words stay, and their probabilities are divided by their sum. Then, of these, only
#   the nucleus stays: the *smallest* number of the most probable words that together have p or more.
# - Out: a list as long as `probabilities`: each word's probability after both filters at its own place, 0 for words
#   that are left out. It sums to 1.


# %% answer="q5"
def shortlist(probabilities, k, p):
    """Top-k, then the nucleus of what is left."""
    ### BEGIN SOLUTION
    order = sorted(range(len(probabilities)), key=lambda i: -probabilities[i])[:k]
    whole, nucleus, mass = sum(probabilities[i] for i in order), [], 0.0
    for i in order:
        if mass >= p:
            break
        nucleus.append(i)
        mass += probabilities[i] / whole
    total = sum(probabilities[i] for i in nucleus)
    return [q / total if i in nucleus else 0.0 for i, q in enumerate(probabilities)]
    ### END SOLUTION


# %% [markdown] ask="q6" kind="counterexample" points=2 minutes=7 difficulty=3 see="06a, Where it breaks"
# ## Too short
# Two sentences are finished, and beam search must choose one. By plain probability it takes one, by the mean of the
# words' log-probabilities the other. Find two such sentences.
#
# - Answer: a pair of lists, the probability of each word of a sentence (the last one is that of `<eos>`), such as
#   `([0.9, 0.8], [0.5, 0.5, 0.5])`. Each number lies above 0, and below 1.
# - `judge` below says what your example shows; you are to make it say `"length decides"`.


# %% given="q6"
def judge(example):
    """What two sentences show about normalising by length."""
    first, second = (list(map(float, sentence)) for sentence in example)
    if not all(0 < p < 1 for p in [*first, *second]):
        return "a number is not between 0 and 1"
    if not first or not second:
        return "a sentence is empty"
    if len(first) == len(second):
        return "both have the same length"
    short, long = sorted([first, second], key=len)
    plain = math.prod(short) - math.prod(long)
    mean = math.prod(short) ** (1 / len(short)) - math.prod(long) ** (1 / len(long))
    if min(abs(plain), abs(mean)) < 1e-6:
        return "one of the two rules cannot decide"
    if plain * mean > 0:
        return f"both rules take the {'shorter' if plain > 0 else 'longer'} one"
    return "length decides"


# %% answer="q6"
q6 = ([0.6, 0.5], [0.6, 0.6, 0.6, 0.6])  ### SOLUTION

# %% [markdown] ask="q7" points=3 minutes=11 difficulty=3 see="06b, Build it"
# ## Clip, then count
# Write `clipped_precision(candidate, references, n)`, the heart of BLEU.
#
# - In: `candidate`, a list of words; `references`, a list of at least one list of words; `n`, 1 or more.
# - Out: the share of the candidate's n-grams that the references confirm, a float. An n-gram that stands several times
#   in the candidate is confirmed at most as often as it stands in that *one* reference which has it most often. A
#   candidate without n-grams has the precision 0.


# %% answer="q7"
def clipped_precision(candidate, references, n):
    """The clipped n-gram precision of a sentence."""

    ### BEGIN SOLUTION
    def count(words):
        return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))

    own, known = count(candidate), [count(words) for words in references]
    confirmed = sum(min(times, max(c[gram] for c in known)) for gram, times in own.items())
    return confirmed / max(own.total(), 1)
    ### END SOLUTION


# %% [markdown] ask="q8" points=3 minutes=12 difficulty=3 see="06b, Use it"
# ## The marks of an answer
# Write `marks(answer, references)`, exact match and F1 of an answer as SQuAD counts them.
#
# - In: `answer`, a string; `references`, a list of at least one string, the right answers.
# - First every string is made plain: lower case; then all characters of `string.punctuation` are deleted; then the
#   words *a*, *an* and *the*; what is left is a list of words, at least one.
# - Out: a pair `(match, f1)` of floats. `match` is 1 if the answer has exactly the words of some reference, in its
#   order, else 0. `f1` is that of the best reference: the harmonic mean of precision and recall of the words, where a
#   word counts as often as both have it.


# %% answer="q8"
def marks(answer, references):
    """Exact match and F1 with the best reference."""

    ### BEGIN SOLUTION
    def plain(text):
        kept = "".join(c for c in text.lower() if c not in string.punctuation)
        return re.sub(r"\b(a|an|the)\b", " ", kept).split()

    words, known = plain(answer), [plain(text) for text in references]
    shared = [(Counter(words) & Counter(other)).total() for other in known]
    f1 = max(2 * s / (len(words) + len(other)) for s, other in zip(shared, known))  # noqa: B905
    return float(words in known), f1
    ### END SOLUTION


# %% [markdown] ask="q9" points=2 minutes=8 difficulty=3 see="06b, The idea"
# ## The price of brevity
# Write `brevity_penalty(lengths, references)`, by which BLEU punishes a corpus of candidates that are too short.
#
# - In: `lengths`, the number of words of each candidate, integers from 1; `references`, for each candidate a list of
#   the lengths of its references, one or more.
# - Out: a float. c is the length of all candidates together. r adds up one length for each candidate: that of the
#   reference which is *closest* in length, the shorter one if two are equally close. The penalty is 1 if c is at least
#   r, and else $e^{1 - r/c}$.


# %% answer="q9"
def brevity_penalty(lengths, references):
    """BLEU's brevity penalty of a corpus."""
    ### BEGIN SOLUTION
    pairs = zip(lengths, references)  # noqa: B905
    r, c = sum(min(known, key=lambda m: (abs(m - n), m)) for n, known in pairs), sum(lengths)
    return math.exp(min(0.0, 1 - r / c))
    ### END SOLUTION


# %% [markdown] ask="q10" points=2 minutes=8 difficulty=3 see="06a, Use it"
# ## The one that most agree with
# Write `least_risk(utility)`: minimum Bayes risk among samples of a model.
#
# - In: `utility`, a list of N lists of N floats, N at least 2: entry j of row i says how good candidate i would be if
#   candidate j were the truth. It need not be symmetric. Larger is better.
# - Out: a pair `(i, value)`: the candidate (from 0) with the highest mean utility over all *other* candidates, each as
#   probable as the next, and this mean. No two are equally good.


# %% answer="q10"
def least_risk(utility):
    """The choice of minimum Bayes risk, and its expected utility."""
    ### BEGIN SOLUTION
    means = [(sum(row) - row[i]) / (len(row) - 1) for i, row in enumerate(utility)]
    return means.index(max(means)), max(means)
    ### END SOLUTION


# %% [markdown] ask="q11" points=3 minutes=12 difficulty=4 see="06b, Build it"
# ## In this order, with gaps
# Write `rouge_l(candidate, reference)`. A *common subsequence* of two sentences consists of words that stand in both of
# them in the same order; other words may stand in between.
#
# - In: two lists of words, each of at least one.
# - Out: a float, the F1 of ROUGE-L: let m be the length of a longest common subsequence; precision is m over the length
#   of the candidate, recall m over that of the reference, and F1 their harmonic mean (0 if m is 0).


# %% answer="q11"
def rouge_l(candidate, reference):
    """F1 of the longest common subsequence."""
    ### BEGIN SOLUTION
    best = [0] * (len(reference) + 1)  # of the words so far, and the first j of the reference
    for word in candidate:
        before = best.copy()
        for j, other in enumerate(reference):
            best[j + 1] = before[j] + 1 if word == other else max(before[j + 1], best[j])
    return 2 * best[-1] / (len(candidate) + len(reference))
    ### END SOLUTION


# %% [markdown] ask="q12" points=4 minutes=15 difficulty=4 see="06a, Build it"
# ## One step of a beam
# Write `beam_step(live, table, width)`.
#
# - In: `live`, a list of hypotheses, each a pair `(words, probability)`; `words` begins with `"<bos>"` and goes on with
#   the words so far; `table`, a model as described at the top; `width`, an integer from 1.
# - Each hypothesis is extended by every word that the table has after its last one, `"<eos>"` included. Its
#   probability is then that of the whole sequence. No two are equally probable.
# - Out: a pair `(going_on, finished)` of lists of hypotheses, the most probable first. `finished` holds the extensions
#   that end with `"<eos>"` *and* are among the `width` most probable of all. `going_on` holds the `width` most probable
#   ones that do not end with `"<eos>"` (all, if there are fewer).


# %% answer="q12"
def beam_step(live, table, width):
    """Extend the hypotheses, keep the best, set aside what is finished."""
    ### BEGIN SOLUTION
    longer = [([*words, word], p * q) for words, p in live for word, q in table[words[-1]].items()]
    longer.sort(key=lambda hypothesis: -hypothesis[1])
    finished = [h for h in longer[:width] if h[0][-1] == "<eos>"]
    return [h for h in longer if h[0][-1] != "<eos>"][:width], finished
    ### END SOLUTION


# %% [markdown] ask="q13" kind="counterexample" points=3 minutes=10 difficulty=4 see="06b, The idea"
# ## Which system is better?
# "The BLEU of a corpus is the mean of its sentences' BLEU." Prove that this is wrong, and that it matters: translate
# the two sentences of `REFERENCES` twice, so that the first system is better by the mean, the second one by the BLEU of
# the corpus.
#
# - Answer: a pair of systems, each a pair of strings: its words for the first sentence, and for the second.
# - `score` below is BLEU with n = 1 and 2, and without smoothing. `verdict` says what your example shows; you are to
#   make it say `"they disagree"`.


# %% given="q13"
from coursekit.metrics.bleu import bleu

REFERENCES = ["it rains again", "we stay at home and drink a cup of hot tea with lemon"]


def score(candidates, references):
    """BLEU of a corpus with one reference each, n = 1 and 2, without smoothing."""
    known = [[reference] for reference in references]
    return bleu(candidates, known, n=2, tokeniser="none", lowercase=True, smoothing="none").score / 100


def verdict(example):
    """What two systems show about the mean of BLEU."""
    systems = [list(system) for system in example]
    if [len(system) for system in systems] != [2, 2] or not all(isinstance(t, str) for s in systems for t in s):
        return "two systems with two strings each are asked for"
    one, two = [sum(score([t], [r]) for t, r in zip(system, REFERENCES)) / 2 for system in systems]  # noqa: B905
    first, second = [score(system, REFERENCES) for system in systems]
    if min(abs(one - two), abs(first - second)) < 0.01:
        return "one of the two rules hardly sees a difference"
    if (one > two) == (first > second):
        return f"both prefer the {'first' if one > two else 'second'} system"
    return "they disagree" if one > two else "they disagree, the other way round"


# %% answer="q13"
q13 = (("it rains again", "they stay at work"), ("raining", "we stay at home and drink a cup of hot tea"))  ### SOLUTION
