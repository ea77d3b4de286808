# %% [markdown]
# # 01 Language models: exercises
#
# Nine questions, 26 points, about 90 minutes, from ordering lines to carrying the idea to something new. Each answer
# stands in one cell, where `...` waits for you. Running that cell checks the answer: a first miss names what is
# broken, a second one names the mistake if it is a well-known one, a third one says where to read again. Words are
# text, a sentence is a list of words, and logarithms are natural unless a question says otherwise.

# %%
import math

# %% [markdown] ask="q1" kind="order" points=2 minutes=6 difficulty=1 see="01a, Ten lines of counting"
# ## Count the pairs
# Put the lines in order so that they make `count_bigrams`. Some lines do not belong to it.
#
# - In: `sentences`, a list of sentences, such as `[["tea", "is", "hot"], ["tea"]]`.
# - Out: a pair `(counts, words)`. `counts[first][second]` says how often `second` followed `first`, where each
#   sentence is begun by `"<bos>"` and closed by `"<eos>"`. `words` is the number of predictions that the sentences
#   ask for.
# - Answer: the letters in order, such as `"CAB"`.


# %% lines="q1"
def count_bigrams(sentences):
    counts = {}
    words = 0
    for sentence in sentences:
        tokens = ["<bos>", *sentence, "<eos>"]
        words += len(sentence) + 1
        for first, second in zip(tokens, tokens[1:]):  # noqa: B905, RUF007
            row = counts.setdefault(first, {})
            row[second] = row.get(second, 0) + 1
    return counts, words


### DISTRACTORS
#         tokens = ["<bos>", *sentence]
#         counts = {}
#             row[second] = 1

# %% [markdown] ask="q2" kind="choice" points=1 minutes=4 difficulty=1 see="01a, All texts together" options="ABCD"
# ## Without an end
# A model has no end token: after every prefix it gives each word of its vocabulary a probability, and these sum to 1.
# Add up the probabilities of *all* texts of one word, of two words, of three words, and so on. What is the total?
#
# - **A.** 1, because the chain rule multiplies distributions that each sum to 1.
# - **B.** More than any number: the texts of each length sum to 1 already.
# - **C.** 0, because the probability of a text shrinks towards 0 as it grows.
# - **D.** Less than 1: the rest belongs to words that the model has never seen.
#
# Answer with a letter, such as `"A"`.

# %% answer="q2"
q2 = "B"  ### SOLUTION

# %% [markdown] ask="q3" kind="number" points=2 minutes=8 difficulty=2 see="01a, Ten lines of counting"
# ## Half a count for everyone
# The training text is three sentences: *tea is hot*, *tea is good*, *ice is cold*. A bigram model begins each with
# `<bos>` and closes it with `<eos>`, and smooths by adding k = 0.5 to each count. It can predict every word of the
# text and the end.
#
# What is the probability of *hot* after *is*? Work it out by hand; answer with a number, to three decimals or more.

# %% answer="q3"
q3 = (1 + 0.5) / (3 + 0.5 * 7)  ### SOLUTION

# %% [markdown] ask="q4" points=2 minutes=8 difficulty=2 see="01a, Ten lines of counting"
# ## Two lines of smoothing
# Fill the two lines of `add_k`.
#
# - In: `counts`, a dict of dicts as `count_bigrams` makes it; two words `previous` and `word`; `vocabulary`, a list
#   of all words that can be predicted (`"<eos>"` among them); `k`, a number above 0.
# - Out: the probability of `word` after `previous`, a number. It must also be right after a word that was never seen.


# %% answer="q4"
def add_k(counts, previous, word, vocabulary, k):
    """Add-k probability of `word` after `previous`."""
    row = counts.get(previous, {})
    above = row.get(word, 0) + k  ### SOLUTION
    below = sum(row.values()) + k * len(vocabulary)  ### SOLUTION
    return above / below


# %% [markdown] ask="q5" points=3 minutes=12 difficulty=3 see="01a, Measure it" uses=["numpy"]
# ## Perplexity of a whole text
# Write `perplexity(log_probs)`.
#
# - In: a list of sentences; each sentence is a list of floats, the natural logarithm of each word's probability (its
#   end token counted as a word). There is at least one word. A word held to be impossible has `-math.inf`.
# - Out: the perplexity of the whole text per word, a float; `math.inf` if some word was held to be impossible.
# - It must work for a text of a thousand words too.


# %% answer="q5"
def perplexity(log_probs):
    """Perplexity per word of a text that is given sentence by sentence."""
    ### BEGIN SOLUTION
    total = sum(sum(sentence) for sentence in log_probs)
    count = sum(len(sentence) for sentence in log_probs)
    return math.exp(-total / count)
    ### END SOLUTION


# %% [markdown] ask="q6" kind="counterexample" points=3 minutes=10 difficulty=3 see="01b, Where it breaks"
# ## Catch the leak
# A language model may use the words before a position, never those after it. The author of `cache_scores` claims that
# each score depends on the past alone. Prove the author wrong: give two texts that begin alike, and on whose common
# beginning the scores differ.
#
# - Answer: a pair of lists of words, such as `(["tea", "is"], ["tea", "was"])`.
# - `verdict` below says what your pair shows; you are to make it say `"leak"`.


# %% given="q6"
def cache_scores(words):
    """Probability of each word: how often it stood before, and a little for words that did not stand there yet."""
    kinds = len(set(words))
    return [(words[:i].count(word) + 1) / (i + kinds) for i, word in enumerate(words)]


def verdict(pair):
    """What a pair of texts shows about `cache_scores`."""
    first, second = pair
    common = 0
    while common < min(len(first), len(second)) and first[common] == second[common]:
        common += 1
    if list(first) == list(second):
        return "the two texts are the same"
    if common == 0:
        return "the two texts have no common beginning"
    if cache_scores(first)[:common] == cache_scores(second)[:common]:
        return "the scores on the common beginning are the same"
    return "leak"


# %% answer="q6"
q6 = (["tea", "is"], ["tea", "tea"])  ### SOLUTION

# %% [markdown] ask="q7" kind="class" points=5 minutes=20 difficulty=4 see="01a, Ten lines of counting"
# ## A language model of your own
# Write the class `Bigram`, an add-k bigram model.
#
# - `Bigram(vocabulary, k)`: a list of all words that can be predicted (`"<eos>"` among them, `"<bos>"` not), and `k`,
#   a number above 0.
# - `fit(sentences)`: counts a list of sentences, each a list of words without `"<bos>"` and `"<eos>"`: adding those
#   is your task. What it returns does not matter.
# - `prob(word, previous)`: the probability of `word` after `previous`, a float.
# - `log_prob(sentence)`: the natural logarithm of the probability that the model says this sentence and then stops, a
#   float. The empty sentence is a sentence too.


# %% answer="q7"
class Bigram:
    """Add-k bigram language model over sentences with a beginning and an end."""

    ### BEGIN SOLUTION
    def __init__(self, vocabulary, k):
        self.size, self.k, self.counts = len(vocabulary), k, {}

    def fit(self, sentences):
        for sentence in sentences:
            path = ["<bos>", *sentence, "<eos>"]
            for previous, word in zip(path, path[1:]):  # noqa: B905, RUF007
                followers = self.counts.setdefault(previous, {})
                followers[word] = followers.get(word, 0) + 1
        return self

    def prob(self, word, previous):
        followers = self.counts.get(previous, {})
        return (followers.get(word, 0) + self.k) / (sum(followers.values()) + self.k * self.size)

    def log_prob(self, sentence):
        path = ["<bos>", *sentence, "<eos>"]
        return sum(math.log(self.prob(word, previous)) for previous, word in zip(path, path[1:]))  # noqa: B905, RUF007

    ### END SOLUTION


# %% [markdown] ask="q8" points=4 minutes=10 difficulty=4 see="01a, Measure it" uses=["numpy"]
# ## Compare what cannot be compared
# One model reads words, another reads pieces of words: their perplexities per token say nothing about each other.
# Bits per character do. Write `bits_per_character(log_probs, text)`.
#
# - In: `log_probs`, a list of floats, the natural logarithm of each token's probability (the end token's among them);
#   `text`, the text that the tokens spell, as a Python string of at least one character.
# - Out: a float, the bits that the model needs per character of the text.


# %% answer="q8"
def bits_per_character(log_probs, text):
    """Bits per character of a text from its tokens' natural log-probabilities."""
    ### BEGIN SOLUTION
    return -sum(log_probs) / math.log(2) / len(text)
    ### END SOLUTION


# %% [markdown] ask="q9" points=4 minutes=14 difficulty=4 see="01b, Where it breaks"
# ## Test on the future
# A fair test holds only stories from after the training time. Write `time_split(dates, size)`.
#
# - In: `dates`, a list of integers, the day of each story, in any order and with repeats; `size`, the least number of
#   stories that the test set must hold, from 1 to `len(dates)`.
# - Out: a pair `(train, test)` of lists of positions in `dates`, each in increasing order. Test holds the newest
#   stories: as few as possible, but at least `size`, and never only some of the stories of one day.


# %% answer="q9"
def time_split(dates, size):
    """Positions of the training and of the test stories; every test story is newer than every training story."""
    ### BEGIN SOLUTION
    first_day = sorted(dates)[-size]
    train = [i for i, day in enumerate(dates) if day < first_day]
    test = [i for i, day in enumerate(dates) if day >= first_day]
    return train, test
    ### END SOLUTION
