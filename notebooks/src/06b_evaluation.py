# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# # 06b Evaluation
#
# Two systems translate the same thousand sentences. Which one is better? This part builds the scores that decide it, from counting
# words to BLEU, ROUGE and chrF, and then asks of each score what it does not see.
#
# - You can compute clipped precision, BLEU, ROUGE and F1 by hand, and write each in ten lines.
# - You can say which changes of a sentence a score punishes, and which it does not notice.
# - You can say whether a difference between two systems is more than luck.
#
# About 60 minutes to work through, 34 as a lecture. Cells tagged *extra* can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import math
import random
from collections import Counter
from functools import reduce
from operator import or_

import numpy as np

from coursekit import ledger, load, predict, result, show
from coursekit.data.pairs import PairConfig, Pairs
from coursekit.metrics import bleu, brevity_penalty, chrf, corpus_rouge, ngram_precision, rouge
from coursekit.metrics.answers import answer_f1, exact_match
from coursekit.metrics.bleu import sentence_bleu
from coursekit.metrics.chrf import sentence_chrf

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Remember
#
# 1. A plain beam search gets a wider beam. What happens to the probability of its outputs, and what to their length?
# 2. What does minimum Bayes risk ask of a candidate?
# 3. A translator reads its own words instead of the right ones. What can go wrong that its training never showed?
# 4. Two subword vocabularies cut the same text into 100 and into 150 tokens. May their perplexities per token be compared?
# 5. A model has a cross-entropy of 2 nats a word. What is its perplexity?
#
# <details><summary>Answers</summary>
#
# 1. More probable, and shorter, unless the score is divided by the length.
# 2. That it agrees with the other candidates, on average.
# 3. One error leads it to places that it never saw, and errors compound.
# 4. No; per character they may.
# 5. $e^2$, about 7.4.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Why
#
# A French guest explains herself. Two references, by two people, and three candidates, by three systems:
#
# | | |
# |---|---|
# | reference | *mother said we are late* |
# | reference | *she said we are late* |
# | A | *we we are we* |
# | B | *mother says that we are behind time* |
# | C | *she said we are not late* |
#
# You see in a second that B is right, C is wrong, and A is nothing. But nobody reads 2,000 sentences after every change of a
# model. So let a program compare **candidates** with **references**. What can it count?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## The idea: count what is confirmed
#
# **Precision**: the share of the candidate's words that stand in a reference. For A all four do. **Clipped**, a word counts at most as often as it
# stands in the one reference that has it most often: *we* once, *are* once. The same for $n$-grams, runs of $n$ words:
#
# $$p_n = \frac{\sum_g \min(\#(g),\, \max_k \#_k(g))}{\sum_g \#(g)}$$
#
# $\#(g)$: how often the $n$-gram $g$ stands in the candidate; $\#_k(g)$: in reference $k$. Nothing in it asks whether something is **missing**.
# Hence the **brevity penalty**, from the length $c$ of the candidate and the length $r$ of the reference that is closest to it in length (of two
# equally close ones the shorter):
#
# $$BP = \min(1,\; e^{1 - r/c})$$
#
# BLEU-1 is $BP \cdot p_1$. Work out all four numbers for A before you run the cell.

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=1
A, KNOWN = "we we are we", ["mother said we are late", "she said we are late"]
result(rtol=1e-9, precision=ngram_precision(A, KNOWN, clipped=False))
result(rtol=1e-9, clipped=ngram_precision(A, KNOWN), penalty=brevity_penalty(4, 5))
result(rtol=1e-9, BLEU_1=sentence_bleu(A, KNOWN, n=1).score / 100)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### From one word to four, from one sentence to a corpus
#
# Plain precision says 1, clipped 0.5, and BLEU-1 0.389: the clipped precision alone is not yet BLEU. The usual **BLEU** takes the geometric mean of
# the precisions for $n = 1$ to 4 (Papineni and others 2002):
#
# $$\mathrm{BLEU} = BP \cdot \exp\!\Big(\frac{1}{4} \sum_{n=1}^{4} \log p_n\Big)$$
#
# Long $n$-grams are confirmed only where the *order* is right. But one sentence often has no 4-gram in common with its reference, and then BLEU
# is 0. So numerators, denominators and lengths are **summed over the whole corpus** before anything is divided. Is that the same as the
# mean of the sentences' BLEU?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Build it: BLEU
#
# The candidates and the references are split into words at spaces. `Counter` has the two operations that we need: `|` keeps the
# larger count of two, `&` the smaller one. The ten lines must give the same score as `coursekit.metrics.bleu`, here on 200 test sentences of the small world, whose
# candidates are the references after an accident: every word is lost with probability 1/10. (BLEU is written from 0 to 100.)


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=1
def ngrams(words, n):
    """All runs of n words."""
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def our_bleu(candidates, references, N=4):
    """BLEU of a corpus, without smoothing."""
    found, total, c, r = np.zeros(N), np.zeros(N), 0, 0
    for line, known in zip(candidates, references, strict=True):
        words, *others = (text.split() for text in [line, *known])
        c, r = c + len(words), r + min(map(len, others), key=lambda m: (abs(m - len(words)), m))
        for n in range(1, N + 1):
            own, *theirs = (Counter(ngrams(text, n)) for text in [words, *others])
            most = reduce(or_, theirs)
            found[n - 1] += (own & most).total()
            total[n - 1] += own.total()
    return 100 * min(1, math.exp(1 - r / c)) * math.exp(np.log(found / total).mean())


# %% slideshow={"slide_type": "skip"} tags=["core", "world"]
made = Pairs(PairConfig(), 0, "test", languages=("en", "fr"), references=4).take(2000)
references = [pair.references["fr"] for pair in made[:200]]


def lossy(line, share, seed=0):
    """The words of a line, each lost with this probability."""
    dice = random.Random(f"{line}{seed}")
    return " ".join(word for word in line.split() if dice.random() >= share)


candidates = [lossy(known[0], 0.1) for known in references]
theirs = bleu(candidates, references, tokeniser="none")
print(f"{references[0][0]}\n{candidates[0]}\n{theirs}")
result(equals_the_package=abs(our_bleu(candidates, references) - theirs.score) < 1e-9)
mean = sum(our_bleu([c], [k], 1) for c, k in zip(candidates, references, strict=True)) / 200
result(rtol=1e-9, BLEU=theirs.score, mean_of_BLEU_1=mean)
result(rtol=1e-9, BLEU_1=our_bleu(candidates, references, 1))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### ROUGE: what of the reference is there?
#
# The ten lines agree with the package. All words that are left are right, so $p_1$ is 1, and the penalty 0.924 is what BLEU-1 loses: 92.4 over the
# corpus. The mean of the sentences' BLEU-1 is 91.9: not the same.
#
# Of a summary one asks the other question: how much of the *reference* has arrived? **ROUGE-N** recall divides the same clipped count by the
# reference's $n$-grams. **ROUGE-L** counts the longest common subsequence: words in the same order, gaps allowed. Its length $L_{ij}$
# for the first $i$ words of one text and the first $j$ of the other:
#
# $$L_{ij} = \begin{cases} L_{i-1,j-1} + 1 & \text{if the words } i \text{ and } j \text{ are equal} \\ \max(L_{i-1,j},\, L_{i,j-1}) & \text{else} \end{cases}$$
#
# with $L_{i0} = L_{0j} = 0$; and $F_1 = 2PR / (P + R)$ weighs precision and recall alike. By ROUGE-1 A has precision 2/4 and recall 2/5. What is its $F_1$? And which
# of A, B (right) and C (wrong) will ROUGE-L like best?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=1
def rouge_l(candidate, reference):
    """F1 of the longest common subsequence of two lists of words."""
    L = np.zeros((len(candidate) + 1, len(reference) + 1), dtype=int)
    for i, a in enumerate(candidate, start=1):
        for j, b in enumerate(reference, start=1):
            L[i, j] = L[i - 1, j - 1] + 1 if a == b else max(L[i - 1, j], L[i, j - 1])
    return 2 * L[-1, -1] / (len(candidate) + len(reference))


one = [rouge(A, [known]) for known in KNOWN]
result(rtol=1e-9, rouge_1_recall=[score.recall for score in one], rouge_1_F1=one[0].f1)
by_name = {"A": A, "B": "mother says that we are behind time", "C": "she said we are not late"}
pairs = [(text, known) for text in by_name.values() for known in KNOWN]
same = [abs(rouge_l(a.split(), b.split()) - rouge(a, [b], "rougeL").f1) < 1e-12 for a, b in pairs]
result(equals_the_package=all(same))
best = {name: max(rouge(text, [k], "rougeL").f1 for k in KNOWN) for name, text in by_name.items()}
result(rtol=1e-9, ROUGE_L=best)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Use it: short answers, and endings
#
# ROUGE-1 recall is 0.4 with either reference, and $F_1$ is 4/9. By ROUGE-L the wrong C has 0.91, the right B 0.50, hardly more than the nonsense A,
# 0.44. *Measure it* will ask whether that is an accident. First two more scores, for other tasks:
#
# - A short answer, as in **SQuAD**: lower case, no punctuation, no *a, an, the*; then **exact match**, 0 or 1, and the $F_1$ of the words. Of several
#   references the best counts.
# - **chrF**: runs of 1 to 6 *letters* in place of words, precision and recall averaged over the six, then
#   $(1 + \beta^2) P R / (\beta^2 P + R)$ with $\beta = 2$: recall counts more. A wrong ending costs a little, not a whole word.
#
# Which of the answers below match exactly? And which score gives *late boat* something for *lately boating*?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=1
RIGHT = ["the red boat", "a boat"]
answers = ["The red boat!", "boat", "red", "the boat is red", "two boats"]
for answer in answers:
    print(f"{answer:16} match {exact_match(answer, RIGHT):.0f}  F1 {answer_f1(answer, RIGHT):.3f}")
result(rtol=1e-9, F1={answer: answer_f1(answer, RIGHT) for answer in answers})
a, b = "late boat", "lately boating"
result(rtol=1e-9, BLEU_1=sentence_bleu(a, [b], n=1).score, chrF=sentence_chrf(a, [b]).score)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Look inside: change a word and watch
#
# *The red boat!* and *boat* match: case, sign and article do not count. *late boat* shares no whole word with *lately boating*, so BLEU-1 is 0;
# chrF says 30.6.
#
# Five places, one word or nothing in each; the references are still *mother said we are late* and *she said we are late*.
#
# - From *we we are we* on: which two changes lift BLEU-4 above 0? Why is one not enough?
# - Find a candidate with clipped precision 1 and BLEU-4 0.
# - Say the opposite of the references with all bars as long as you can. What does that tell about the scores?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
CHOICES = {"-": ""} | {word: word for word in (*KNOWN[0].split(), "she", "not", "behind")}


def scores(**places):
    """All scores of the sentence that the five places make, from 0 to 1."""
    text = " ".join(word for word in places.values() if word)
    table = {"precision": ngram_precision(text, KNOWN, clipped=False)}
    table["clipped precision"] = ngram_precision(text, KNOWN)
    strict = {"smoothing": "none", "effective_order": False}  # BLEU as the formula has it
    for n in (1, 2, 4):
        table[f"BLEU-{n}"] = sentence_bleu(text, KNOWN, n, **strict).score / 100
    table |= {f"ROUGE-{k} F1": rouge(text, KNOWN, f"rouge{k}").f1 for k in (1, 2, "L")}
    table |= {"chrF": sentence_chrf(text, KNOWN).score / 100, "answer F1": answer_f1(text, KNOWN)}
    words = {"words": list(table), "upto": 1, "x": f"scores of: {text or '(nothing)'}"}
    return show.next_word({"candidate": table}, **words)


first = dict(zip(["one", "two", "three", "four", "five"], [*A.split(), "-"], strict=True))
show.slider(scores, **dict.fromkeys(first, CHOICES), start=first)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Measure it: what a score punishes
#
# (*said we are late* is the nearest way to a 4-gram that both have.)
#
# In the small world we know which other sentences mean the same, because one grammar made them all. 100 French sentences with a negation and a
# name; the reference is one wording. Five candidates, of which only the first is right:
#
# - **other words**: another wording of the same meaning,
# - **no negation**: the reference without *n'*, *ne*, *pas* and their like, so that it says the opposite,
# - **another person**: *tom* becomes *peter* and so on,
# - **neighbours swapped**: two words change places, **half of it**: the second half is missing.
#
# A good score would put the first above all others. What BLEU will the right sentence have, and what the one that says the opposite?

# %% slideshow={"slide_type": "skip"} tags=["core", "world"]
PEOPLE = ["tom", "peter", "ben", "john", "leo", "alice", "anna", "emma", "lucy", "clara", "kate"]
OTHER = dict(zip(PEOPLE, [*PEOPLE[1:], PEOPLE[0]], strict=True))
rows = [p for p in made if "negation" in p.kinds and len(p.references["fr"]) > 1]
rows = [p for p in rows if OTHER.keys() & p.text["fr"].split()][:100]
one, NO = [[pair.text["fr"]] for pair in rows], {"n'", "ne", "pas", "jamais", "plus", "rien"}


def damaged(line):
    """The line after each accident."""
    words, dice = line.split(), random.Random(line)
    new = {"no negation": [w for w in words if w not in NO]}
    new["another person"] = [OTHER.get(w, w) for w in words]
    at = dice.randrange(len(words) - 2)
    new["neighbours swapped"] = [*words[:at], words[at + 1], words[at], *words[at + 2 :]]
    new["half of it"] = words[: len(words) // 2]
    return {name: " ".join(said) for name, said in new.items()}


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=1
predict("right_in_other_words")
said = {"other words": [pair.references["fr"][1] for pair in rows]}
wrong = [damaged(known[0]) for known in one]
said |= {name: [row[name] for row in wrong] for name in wrong[0]}
at = min(range(len(one)), key=lambda i: len(one[i][0]))  # the shortest for an example
for name, line in {"reference": one[at][0], **{n: lines[at] for n, lines in said.items()}}.items():
    print(f"{name:18}  {line}")

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=1
table = {name: [bleu(lines, one, tokeniser="none").score] for name, lines in said.items()}
for name, lines in said.items():
    table[name] += [100 * corpus_rouge(lines, one, "rougeL").f1, chrf(lines, one).score]
labels = {"columns": ["BLEU", "ROUGE-L", "chrF"], "x": "metric", "y": "candidate"}
display(show.heatmap([*table.values()], rows=[*table], **labels, label="score", values=True))
result(rtol=1e-9, right_in_other_words=table["other words"][0], sentences=len(rows))
by = {m: {n: row[i] for n, row in table.items()} for i, m in enumerate(("BLEU", "ROUGE_L", "chrF"))}
result(rtol=1e-9, **by)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ### More references
#
# The right sentence has BLEU 86.4. The same sentence with two neighbours swapped has 87.2, with another person 90.3; chrF puts them in the same order. To say
# the opposite costs 8 points of BLEU more than other words do; by ROUGE-L it is even the better one, 94.4 to 91.5. Only what lacks half is far off. Scores count words;
# what a word *does* they do not know.
#
# BLEU can be told that there is more than one right wording: give it more references. The same right sentences in other words, against one, two
# and three references, none of them equal to the candidate. Only sentences for which the world has three others take part. How much of what a right
# sentence loses comes back?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=1
rich = [pair.references["fr"] for pair in made if len(pair.references["fr"]) == 4]
right = [known[1] for known in rich]
broken = [damaged(known[0])["neighbours swapped"] for known in rich]
curves = {"right, other words": right, "wrong, neighbours swapped": broken}
counts = [1, 2, 3]


def against(lines, k):
    """BLEU against the first wording and k - 1 more, never the second."""
    return bleu(lines, [[r[0], *r[2 : k + 1]] for r in rich], tokeniser="none").score


curves = {name: (counts, [against(lines, k) for k in counts]) for name, lines in curves.items()}
display(show.learning_curve(curves, x="references", y="BLEU"))
result(rtol=1e-9, BLEU={name: ys for name, (_, ys) in curves.items()}, sentences=len(rich))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ### Perplexity beside it
#
# Right sentences rise from 85.0 to 91.4 with three references; the damaged ones stay at 85.5 to 85.6. (A second reference often
# differs from the first in a place that was not the candidate's.) More references do not make the score understand, but they make it fairer.
#
# The other number of a translator is its **perplexity**: $e$ to the mean of $-\log p$ per word of the *reference*, given the source and the right words before. It needs no
# decoder. But nobody who uses the system ever sees it: one wrong turn, and greedy's words are elsewhere.
#
# The ledger's translators of 06a, looked at every 50 of 600 steps on 200 validation sentences, three seeds. At which perplexity will BLEU pass 25?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
predict("perplexity_at_BLEU_25")
book, STEPS = ledger("06_decoding_and_evaluation"), range(50, 601, 50)
hard = [math.exp(book.mean("learning", f"nats at {step}")) for step in STEPS]
good = [book.mean("learning", f"BLEU at {step}") for step in STEPS]
labels = {"x": "perplexity of the reference (per word)", "y": "BLEU of greedy"}
display(show.lines({"every 50 steps": (hard, good)}, **labels, logx=True))
result(rtol=1e-9, perplexity_at_BLEU_25=next(h for h, g in zip(hard, good, strict=True) if g > 25))
result(rtol=1e-9, perplexity=hard, BLEU=good)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ### Better, or lucky?
#
# BLEU passes 25 at perplexity 5.9. On the way there from 89 it won 23 points, on the last stretch from 5.9 down to 2.1 another 39: runs of four words are
# right only when *each* word is. So the two go together, but a small step in perplexity may be a large one in BLEU, and which of two models is better is not
# settled by either alone.
#
# Two systems differ by a point of BLEU on a test set. Would they on another one? **Paired bootstrap** (Koehn 2004): draw as many test sentences
# with replacement as there are, the same for both, 1,000 times, and count how often the better one wins. Below 95 % it is no finding.
#
# We know the truth here: both systems say the reference and lose words, X 10 in a hundred, Y 9. Y *is* better. How many sentences will it take to see that?

# %% slideshow={"slide_type": "skip"} tags=["core", "world"]
known = [[pair.text["fr"]] for pair in made[:1600]]


def parts(lines):
    """What BLEU adds up over a corpus, a row a sentence: found, total (n = 1 to 4), lengths."""
    rows = [bleu([line], [k], tokeniser="none") for line, k in zip(lines, known, strict=True)]
    return np.array([[*s.counts, *s.totals, s.length, s.reference_length] for s in rows])


def corpus(s):
    """BLEU from the sums of parts."""
    return np.log(s[:, :4] / s[:, 4:8]).mean(1) + np.minimum(0, 1 - s[:, 9] / s[:, 8])


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=1
predict("enough")
X, Y = (parts([lossy(k[0], *how) for k in known]) for how in ((0.1, 3), (0.09, 4)))
wins, rng = {}, np.random.default_rng(0)
for size in (50, 100, 200, 400, 800, 1600):
    drawn = rng.integers(size, size=(1000, size))  # from the first `size` sentences
    wins[size] = float((corpus(Y[drawn].sum(1)) > corpus(X[drawn].sum(1))).mean())
curve = {"Y beats X": (list(wins), list(wins.values()))}
scale = {"logx": True, "levels": {"threshold": 0.95}}
display(show.lines(curve, x="test sentences", y="share of draws", **scale))
whole = [100 * math.exp(corpus(rows.sum(0)[None])[0]) for rows in (X, Y)]
result(rtol=1e-9, BLEU_of_X=whole[0], BLEU_of_Y=whole[1])
enough = min(n for n in wins if wins[n] > 0.95)
result(wins={str(n): share for n, share in wins.items()}, enough=enough)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Where it breaks: all the words, none of the sense
#
# Over 1,600 sentences X has 77.2 and Y 79.6. But with the first 100 sentences alone Y wins only 316 of 1,000 draws: one would have
# taken the worse system. 400 are enough, for a difference of more than two points; a smaller one takes more of them.
#
# The smallest example of what a count of words misses. The reference is *We left because we were late!*, the candidate *Left we were late
# because!*; both lower-cased, the sign a word of its own. Every word of the candidate is confirmed. What do unigram precision, BLEU-1 and BLEU-4 say?
# And what does BLEU-4 say of one *right* short answer, *yes, we do* against *yes we do*?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=1
jumbled, straight = "Left we were late because!", ["We left because we were late!"]
options = {"lowercase": True, "smoothing": "none", "effective_order": False}
one_two_four = [sentence_bleu(jumbled, straight, n, **options).score / 100 for n in (1, 2, 4)]
result(precision=ngram_precision(jumbled, straight, tokeniser="13a", lowercase=True))
result(rtol=1e-9, BLEU_1=one_two_four[0], BLEU_2=one_two_four[1], BLEU_4=one_two_four[2])
by_rouge = {kind: rouge(jumbled, straight, kind).f1 for kind in ("rouge1", "rougeL")}
result(rtol=1e-9, **by_rouge)
result(rtol=1e-9, chrF=sentence_chrf(jumbled, straight, lowercase=True).score / 100)
result(right_but_short=sentence_bleu("yes , we do", ["yes we do"], 4, **options).score)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Unigram precision 1, BLEU-1 0.846 (the penalty: six words against seven), and BLEU-4 0, because no four words of it stand side by side in the reference. So BLEU-4 does see the
# order, yet at 0 it says nothing about *how* wrong a single sentence is; ROUGE-L gives 0.727. And the right short answer has
# BLEU-4 0 as well: a reference of three words has no 4-gram that could confirm it. BLEU is a score for corpora; for single sentences it needs smoothing, or chrF.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## On real data
#
# `pydoc`, the manual that comes with every Python: real sentences with capitals, brackets and commas. The candidate is the reference without capitals, and
# one word in twenty is lost. One corpus, four ways to count: split at spaces; with punctuation apart (`13a`, the convention of the translation
# conferences); the same without capitals; letter by letter. Versions of Python differ, so only claims are stored (`print(bleus)` shows the numbers). By how many points will
# the four differ?

# %% slideshow={"slide_type": "-"} tags=["core", "real"]
manual = "".join(load("text", source="pydoc")["test"]["text"])
sentences = [" ".join(part.split()) for part in manual.split(".\n") if 8 <= len(part.split()) <= 40]
sentences = [sentence + "." for sentence in sentences][:300]
candidates = [lossy(sentence.lower(), 0.05) for sentence in sentences]
one = [[sentence] for sentence in sentences]
WAYS = {"spaces": ("none", False), "13a": ("13a", False)}
WAYS |= {"13a, no capitals": ("13a", True), "letters": ("char", False)}
bleus = {name: bleu(candidates, one, 4, *way).score for name, way in WAYS.items()}
low, middle, high, letters = bleus.values()
result(in_order=low < middle < high, letters_above_13a=middle < letters)
result(ten_points_apart=max(bleus.values()) - min(bleus.values()) > 10)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ### Your own references, and the Hub
#
# More than ten points, and the system was the same all the time. So a BLEU without its tokeniser, its case and its number of references is no number: say them, and compare only what was counted alike
# (Post 2018). The course's `bleu` equals the field's `sacrebleu` by default. The cell below fetches real captions in two languages; a translator's outputs for
# `pairs["test"]` can be scored as above.

# %% slideshow={"slide_type": "skip"} tags=["extra"]
# A file of your own with two columns: load("pairs", source="my.tsv", languages=("en", "fr"))
ONLINE = False  # True: 30,000 captions in English and German, fetched once (5 MB) and kept
if ONLINE:
    pairs = load("pairs", source="hub", languages=("en", "de"))
    print(bleu(list(pairs["test"]["en"]), [[line] for line in pairs["test"]["de"]]))

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: clipping brevity corpus recall order blind luck

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Papineni, Roukos, Ward and Zhu 2002, *BLEU*; Lin 2004, *ROUGE*; Popović 2015, *chrF*: short papers, and the source of every formula above.
# - Post 2018, *A call for clarity in reporting BLEU scores*: tokenisers, and sacrebleu.
# - Koehn 2004, *Statistical significance tests for machine translation evaluation*: the paired bootstrap.
# - Callison-Burch, Osborne and Koehn 2006, *Re-evaluating the role of BLEU in machine translation research*: what it cannot see.
# - Rajpurkar and others 2016, *SQuAD*: exact match and F1. Freitag and others 2022, *Results of WMT22 metrics shared task*: learnt
#   metrics agree with people better than counts of words do.
#
# Next: the exercises of chapter 06; then chapter 07, which opens the part of the translator that this chapter only used: attention.
