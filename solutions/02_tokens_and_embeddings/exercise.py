# %% [markdown]
# # 02 Tokens and embeddings: exercises
#
# Twelve questions, 29 points, about 110 minutes: eight on cutting text into tokens (part 02a), four on vectors for
# words (part 02b). Each answer stands in one cell, where `...` waits for you. Running that cell checks the answer: a
# first miss names what is broken, a second one names the mistake if it is a well-known one, a third one says where to
# read again. A word is a text, its *pieces* are a list of shorter texts, and logarithms are natural.

# %%
import re

import numpy as np

# %% [markdown] ask="q1" kind="order" points=2 minutes=6 difficulty=1 see="02a, Build it"
# ## Merge a pair
# Put the lines in order so that they make `merge`, the step that byte-pair encoding repeats. Some lines do not belong
# to it.
#
# - In: `pieces`, a word as a list of its pieces, such as `["c", "o", "o", "k"]`; `left` and `right`, two pieces.
# - Out: the list in which each `left` that is followed by `right` is one piece with it. Three in a row, such as
#   `["o", "o", "o"]` with the pair `"o"`, `"o"`, are merged from the left: `["oo", "o"]`.
# - Answer: the letters in order, such as `"CAB"`.


# %% lines="q1"
def merge(pieces, left, right):
    merged = []
    place = 0
    while place < len(pieces):
        if pieces[place : place + 2] == [left, right]:
            merged.append(left + right)
            place += 1
        else:
            merged.append(pieces[place])
        place += 1
    return merged


### DISTRACTORS
#             place += 2
#         if pieces[place] == left:
#             merged.append(right)
#             merged.append(right + left)

# %% [markdown] ask="q2" kind="number" points=1 minutes=4 difficulty=1 see="02a, Build it"
# ## Five forms of one word
# A text holds the words *cook*, *cooks*, *cooked*, *cooking* and *cooker*, each of them once, and nothing else.
# Byte-pair encoding starts from single letters, without a mark for the end of a word, and makes three merges; each time
# it takes a pair that is most frequent.
#
# Of how many pieces do the five words then consist together? Answer with a number.

# %% answer="q2"
q2 = 1 + 2 + 3 + 4 + 3  ### SOLUTION

# %% [markdown] ask="q3" points=2 minutes=7 difficulty=2 see="02a, Build it"
# ## The pair to merge next
# Fill the two lines of `best_pair`.
#
# - In: `words`, a dict. Each key is a word, its pieces separated by single spaces; the value says how often the word
#   stands in the text: `{"h o t": 3, "t o": 1}`. At least one word has two pieces.
# - Out: the pair of neighbours that is most frequent in the text, as a tuple of two pieces. Every two neighbours count,
#   overlapping ones too; never the end of one word with the beginning of the next. Of equally frequent pairs it is the
#   one that comes first in sorted order. (`coursekit` takes the one of the older pieces; as long as all pieces are
#   single letters, that is the same.)


# %% answer="q3"
def best_pair(words):
    """The most frequent pair of neighbouring pieces."""
    counts = {}
    for word, times in words.items():
        pieces = word.split(" ")
        for pair in zip(pieces, pieces[1:]):  # noqa: B905, RUF007
            counts[pair] = counts.get(pair, 0) + times  ### SOLUTION
    return min(counts, key=lambda pair: (-counts[pair], pair))  ### SOLUTION


# %% [markdown] ask="q4" kind="counterexample" points=2 minutes=7 difficulty=2 see="02a, Build it"
# ## Catch the short cut
# Merging a pair takes ten lines in question 1. The author of `careless` needs one: write the pieces with spaces between
# them and replace text. Prove that this goes wrong.
#
# - Answer: a tuple of the pieces of a word and the pair to merge, such as `(["c", "o", "o", "k"], ("o", "k"))`.
# - `verdict` below says what your example shows; you are to make it say `"careless is wrong"`.


# %% given="q4"
def careless(pieces, left, right):
    """Merge a pair by replacing text."""
    return " ".join(pieces).replace(f"{left} {right}", f"{left}{right}").split(" ")


def careful(pieces, left, right):
    """Merge a pair where whole pieces match."""
    pattern = rf"(?<!\S){re.escape(left)} {re.escape(right)}(?!\S)"
    return re.sub(pattern, lambda _: left + right, " ".join(pieces)).split(" ")


def verdict(example):
    """What an example shows about `careless`."""
    pieces, (left, right) = list(example[0]), example[1]
    if not all(re.fullmatch(r"\S+", piece) for piece in [*pieces, left, right]):
        return "a piece is empty or holds a space"
    if careless(pieces, left, right) != careful(pieces, left, right):
        return "careless is wrong"
    return "both leave the word as it is" if careful(pieces, left, right) == pieces else "both merge alike"


# %% answer="q4"
q4 = (["t", "h", "er", "th", "er"], ("h", "er"))  ### SOLUTION

# %% [markdown] ask="q5" points=2 minutes=7 difficulty=2 see="02a, Measure it" uses=["numpy"]
# ## Tokens per word
# The fertility of a tokeniser is the number of tokens that it makes of a word, on average over a whole text. Write
# `fertility(texts, tokens)`.
#
# - In: `texts`, a list of strings, whose words are separated by white space (punctuation belongs to the word that it is
#   written to); `tokens`, a list as long, with the tokens of each text as a list of strings, as BERT's tokeniser makes
#   them: `["[CLS]", "he", "cook", "##s", ".", "[SEP]"]` for `"He cooks."`. There is at least one word.
# - Out: the fertility on all texts together, a float. `[CLS]` and `[SEP]` belong to no word and do not count; `[UNK]`
#   stands for a word and does.


# %% answer="q5"
def fertility(texts, tokens):
    """Tokens per word over all texts."""
    ### BEGIN SOLUTION
    pieces = sum(token not in ("[CLS]", "[SEP]") for row in tokens for token in row)
    return pieces / sum(len(text.split()) for text in texts)
    ### END SOLUTION


# %% [markdown] ask="q6" points=2 minutes=8 difficulty=3 see="02a, Use it"
# ## Back to text
# A tokeniser over bytes knows no unknown character: each text is a sequence of bytes in UTF-8, and each token a few of
# them. Write `decode(tokens)`.
#
# - In: a list of tokens (there may be none); each token is a list of integers from 0 to 255.
# - Out: the text that they spell, a string. Bytes that are not UTF-8, which a model is free to generate, become the
#   character U+FFFD, as `bytes.decode` makes it of them with `errors="replace"`.


# %% answer="q6"
def decode(tokens):
    """The text of a list of tokens made of bytes."""
    ### BEGIN SOLUTION
    return b"".join(bytes(token) for token in tokens).decode("utf-8", errors="replace")
    ### END SOLUTION


# %% [markdown] ask="q7" points=3 minutes=14 difficulty=3 see="02a, Build it"
# ## Cut a new word
# Training left a list of merges; now a word comes that it never saw. Write `segment(word, merges)`.
#
# - In: `word`, a string of at least one character; `merges`, a list of pairs `(left, right)` in the order in which they
#   were learnt.
# - Out: the pieces of the word, a list of strings. The word starts as single characters. As long as some pair of
#   neighbours stands in the list of merges, the pair that was learnt *earliest* is merged, wherever it occurs in the
#   word, from left to right.


# %% answer="q7"
def segment(word, merges):
    """The pieces of a word by byte-pair encoding."""
    ### BEGIN SOLUTION
    rank = {tuple(pair): i for i, pair in enumerate(merges)}
    pieces = list(word)
    while True:
        known = [(rank[pair], i) for i, pair in enumerate(zip(pieces, pieces[1:])) if pair in rank]  # noqa: B905, RUF007
        if not known:
            return pieces
        _, i = min(known)
        pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
    ### END SOLUTION


# %% [markdown] ask="q8" points=3 minutes=12 difficulty=3 see="02a, Use it"
# ## As BERT cuts it
# WordPiece uses no merges, only a vocabulary. Write `wordpiece(word, vocabulary)`.
#
# - In: `word`, a string of at least one character; `vocabulary`, a list of pieces, without `"[UNK]"`. A piece that
#   continues a word is written with `##` before it: `"ing"` begins a word, `"##ing"` continues one.
# - Out: the pieces, a list of strings, `##` included. From the beginning of the word the longest piece is taken that
#   fits, then from there the longest that continues it, and so on. What is taken stays taken: if no piece fits any
#   more, the whole word is `["[UNK]"]`.


# %% answer="q8"
def wordpiece(word, vocabulary):
    """The pieces of a word by greedy longest match."""
    ### BEGIN SOLUTION
    known, pieces, start = set(vocabulary), [], 0
    while start < len(word):
        mark = "##" if start else ""
        fits = [end for end in range(start + 1, len(word) + 1) if mark + word[start:end] in known]
        if not fits:
            return ["[UNK]"]
        pieces.append(mark + word[start : fits[-1]])
        start = fits[-1]
    return pieces
    ### END SOLUTION


# %% [markdown] ask="q9" kind="counterexample" points=2 minutes=6 difficulty=3 see="02b, Where it breaks"
# ## Twins
# CBOW guesses a word from the two words before it and the two after it. Find two sentences in which it must make the
# same guess although another word is right: in the middle of both it sees the same, and the difference lies outside.
#
# - Answer: a tuple of two sentences, each a list of words, and a place that counts from 0: `(first, second, place)`.
#   The place is the same in both, and two words stand on either side of it.
# - At the place stand two different words, and the reason must be in the text: somewhere outside the window the two
#   sentences differ as well.
# - `judge` below says what your example shows; you are to make it say `"twins"`.


# %% given="q9"
def seen(words, place):
    """What CBOW sees of a word's surroundings in a window of two words to each side."""
    return [*words[place - 2 : place], *words[place + 1 : place + 3]]


def judge(example):
    """What two sentences and a place in them show."""
    first, second, place = list(example[0]), list(example[1]), example[2]
    if place < 2 or min(len(first), len(second)) < place + 3:
        return "the window is cut off by an end of a sentence"
    if seen(first, place) != seen(second, place):
        return "the windows differ"
    if first[place] == second[place]:
        return "the same word is right in both"
    if (first[: place - 2], first[place + 3 :]) == (second[: place - 2], second[place + 3 :]):
        return "nothing outside the window differs"
    return "twins"


# %% answer="q9"
q9 = (["snow", "he", "had", "hot", "tea", "now"], ["sun", "he", "had", "iced", "tea", "now"], 3)  ### SOLUTION

# %% [markdown] ask="q10" points=3 minutes=10 difficulty=3 see="02b, Build it"
# ## What skip-gram trains on
# Skip-gram learns from pairs: a word and one of the words around it. Write `skip_gram_pairs(sentences, window)`.
#
# - In: `sentences`, a list of sentences, each a list of words; `window`, how many words count on *each*
#   side, 1 or more.
# - Out: a list of tuples `(centre, context)` in reading order: sentence by sentence, centre by centre, and for each
#   centre its context words from left to right. A word is never paired with itself at the same place, and never with a
#   word of another sentence.


# %% answer="q10"
def skip_gram_pairs(sentences, window):
    """The training pairs of skip-gram."""
    ### BEGIN SOLUTION
    pairs = []
    for words in sentences:
        for i, centre in enumerate(words):
            for j in range(max(0, i - window), min(len(words), i + window + 1)):
                if j != i:
                    pairs.append((centre, words[j]))
    return pairs
    ### END SOLUTION


# %% [markdown] ask="q11" points=3 minutes=12 difficulty=4 see="02b, Build it" uses=["numpy", "torch"]
# ## One true neighbour, K false ones
# Write `negative_sampling_loss(centre, context, negatives)`, the loss of one pair in skip-gram with negative sampling:
# minus the logarithm of the probability that the true neighbour is taken for true and each of the K noise words for
# false. A neighbour u of the centre v is taken for true with probability $\sigma(u \cdot v) = 1/(1 + e^{-u \cdot v})$.
#
# - In: `centre` and `context`, two lists of D floats; `negatives`, a list of K lists of D floats, K at least 1.
# - Out: the loss, a float. It must also be right where a dot product is as large as 1000, or as small as -1000.


# %% answer="q11"
def negative_sampling_loss(centre, context, negatives):
    """Loss of one skip-gram pair with its noise words."""
    ### BEGIN SOLUTION
    margins = np.array([context, *(-np.array(u) for u in negatives)]) @ np.array(centre)  # (1 + K,)
    return float(np.logaddexp(0, -margins).sum())
    ### END SOLUTION


# %% [markdown] ask="q12" points=4 minutes=14 difficulty=4 see="02b, Measure it" uses=["numpy", "torch"]
# ## France is to Paris as Italy is to ...
# Write `analogy(vectors, a, b, c)`, which answers "a is to b as c is to ?".
#
# - In: `vectors`, a dict from words to lists of D floats, none of them all zeros; three of its words.
# - Out: a word. Scale every vector to length 1 first. The answer is the word whose vector has the largest cosine with
#   v(b) - v(a) + v(c), where a, b and c themselves do not count.


# %% answer="q12"
def analogy(vectors, a, b, c):
    """The answer to "a is to b as c is to ?"."""
    ### BEGIN SOLUTION
    unit = {word: np.array(v) / np.linalg.norm(v) for word, v in vectors.items()}
    target = unit[b] - unit[a] + unit[c]
    return max(unit.keys() - {a, b, c}, key=lambda word: unit[word] @ target)
    ### END SOLUTION
