# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 01a What is a language model?
#
# A language model gives every text a probability. This part builds the oldest kind, by counting, and measures how far each
# way of counting stays behind the best model that can exist.
#
# - You can work out a sentence's probability word by word, and say why every sentence needs an end.
# - You can write an n-gram model, smooth it in three ways, and choose between them by measurement.
# - You can read cross-entropy, perplexity and bits per character, and say when they may be compared.
#
# About 110 minutes to work through, 72 as a lecture. Cells tagged *extra* can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import gzip
import lzma
import math
import random
from collections import Counter, defaultdict
from itertools import pairwise

from coursekit import load, predict, result, show
from coursekit.metrics import bits_per_character, cross_entropy, gap, perplexity
from coursekit.models import AddK, Interpolated, KneserNey
from coursekit.text import Vocab

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Remember
#
# Answer each aloud before you open it. If one is new to you, chapter 00 has it.
#
# 1. A die shows an even number. How probable is it that it shows a six?
# 2. Why do programs add logarithms instead of multiplying many probabilities?
# 3. A coin is thrown until it shows heads. Can it go on for ever?
#
# <details><summary>Answers</summary>
#
# 1. One third: p(six | even) = p(six and even) / p(even) = (1/6) / (1/2).
# 2. A product of many small numbers becomes 0 in a computer; the sum of their logarithms does not.
# 3. It can, but with probability 0: the chance that it still goes on after n throws is (1/2)^n.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Why
#
# You hear a sentence over a bad line. Which one was said?
#
# | | |
# |---|---|
# | *Tom ate pears.* | *Pears ate Tom.* |
# | *Tom ate pears.* | *Tom ate bears.* |
#
# The first pair differs in the order of the words, the second in the choice of one. Whoever knows how **probable** each
# sentence is can choose. Dictation, translation, spelling correction and chat come down to this, made again and again:
# *which word comes next?* A model that answers it after every beginning of a text is a language model.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ## The idea: one word at a time
#
# A text of $N$ words $x_1, x_2, \dots, x_N$ has the probability
#
# $$p(x_1, \dots, x_N) = \prod_{n=1}^{N} p(x_n \mid x_1, \dots, x_{n-1})$$
#
# Each factor answers one question: after what stands here, how probable is this word? This **chain rule** holds for every
# distribution over texts. Below stands a whole language as a table: after each word, the probability of the next. `<bos>`
# marks the beginning of a sentence, `<eos>` its end. Multiply along *tom ate pears* by hand, then run the cell.

# %% slideshow={"slide_type": "-"} tags=["core"]
NEXT = {
    "<bos>": {"tom": 0.5, "anna": 0.4, "pears": 0.1},
    "tom": {"ate": 0.6, "saw": 0.3, "<eos>": 0.1},
    "anna": {"ate": 0.5, "saw": 0.5},
    "ate": {"pears": 0.7, "bears": 0.1, "tom": 0.1, "<eos>": 0.1},
    "saw": {"bears": 0.6, "pears": 0.2, "tom": 0.2},
    "pears": {"ate": 0.1, "<eos>": 0.9},
    "bears": {"ate": 0.1, "<eos>": 0.9},
}


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
def probability(sentence):
    """The product of p(word | word before), the end included."""
    words = ["<bos>", *sentence.split(), "<eos>"]
    return math.prod(NEXT[h].get(w, 0.0) for h, w in pairwise(words))


for sentence in ("tom ate pears", "pears ate tom", "tom ate bears", "tom saw bears"):
    print(f"{probability(sentence):.4f}  {sentence}")
result(rtol=1e-9, tom_ate_pears=probability("tom ate pears"), order=probability("pears ate tom"))

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# *Tom ate pears* has 0.5 x 0.6 x 0.7 x 0.9 = 0.189. The other order of the same three words has 0.0001, so the order is
# decided at odds of 1890 to 1. The choice of the last word is decided at 7 to 1 after *ate*; after *saw* it turns round, and
# bears are three times as likely as pears. The words before decide, not the word alone.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ### All texts together: is it 1?
#
# Probabilities must sum to 1, here over *all* texts of any length. Let $s_n$ be the probability that a text which has
# reached its $n$-th word boundary ends there:
#
# $$\sum_{\text{texts of at most } n \text{ words}} p(\text{text}) = 1 - \prod_{m=1}^{n} (1 - s_m)$$
#
# The sum reaches 1 exactly if the end is reached **with probability 1**. Three rules for ending: one time in five; at the
# $n$-th boundary with $1/(n+1)^2$, so ever more rarely; never. What will the second curve tend to: 1, less, or 0?


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
def ended(stop, longest=40):
    """Probability of all texts of at most n words, for n = 1 .. longest."""
    going, mass = 1.0, []
    for n in range(1, longest + 1):
        going *= 1 - stop(n)
        mass.append(1 - going)
    return mass


masses = {
    "1/5 each time": ended(lambda n: 1 / 5),
    "1/(n+1)²": ended(lambda n: 1 / (n + 1) ** 2),
    "never": ended(lambda n: 0),
}
labels = {"x": "longest text counted (words)", "y": "probability of all texts so far"}
display(show.learning_curve(masses, **labels))
result(rtol=1e-9, mass_after_40=[mass[-1] for mass in masses.values()])

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The first rule has 0.9999 of its probability in texts of up to 40 words, and tends to 1. The second stands at 0.488 and
# tends to one half: half of its texts never end, although each could end at every word. The third has no finite text at all;
# its beginnings of one word sum to 1, those of two words to 1 again, and a model without an end token gives just these. A smoothed
# model, whose end always keeps more than some fixed probability, cannot run away like this.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Build it: a world to learn from
#
# The course brings a small world with it: 20,000 short stories, written by a known process.
#
# - Each word comes with its **exact** probability, given all words before it.
# - Topics drift with time, and the splits follow time: train on the past, test on the future.
# - So we will know not only how good a model is, but how good one *can* be.
#
# Read a story, and look where the process is sure (probability 1) and where it is free. The vocabulary gives each word of
# the training stories a number; a word that it lacks becomes `<unk>`, unknown.

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
stories = load("stories")
vocab = Vocab.build(stories["train"]["tokens"])
train, test = ([vocab.encode(t) for t in stories[split]["tokens"]] for split in ("train", "test"))
first = stories["train"][0]
print(first["text"])
for n in range(8):
    print(f"{first['tokens'][n]:10} {math.exp(first['logprob'][n]):.3f}  {first['kind'][n]}")
result(stories=len(train), words=sum(map(len, train)), vocabulary=len(vocab))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### Ten lines of counting
#
# A **bigram** model lets a word $w$ depend on the one word $h$ before it. It counts pairs, and adds $k$ to every count:
#
# $$p(w \mid h) = \frac{c(h\,w) + k}{c(h\,\cdot) + k V}$$
#
# $c(h\,w)$: how often $w$ followed $h$. $\;c(h\,\cdot)$: how often anything followed $h$. $\;V$: words in the vocabulary.
# With $k = 0$ a pair that never occurred has probability 0, and makes its whole story impossible; $k > 0$ avoids that.
# Words are ids here; `vocab.bos` stands before the first. The course's class, `AddK`, must give the same numbers.

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
pairs = defaultdict(Counter)
for story in train:
    for h, w in pairwise([vocab.bos, *story]):
        pairs[h][w] += 1


def bigram(w, h, k):
    """p(w | h) with add-k smoothing."""
    return (pairs[h][w] + k) / (pairs[h].total() + k * len(vocab))


two, h = AddK(order=2, vocab_size=len(vocab), k=0.1).fit(train), vocab.encode(["she"])[0]
ours = [bigram(w, h, k=0.1) for w in range(len(vocab))]
largest = max(abs(a - b) for a, b in zip(ours, two.distribution([h]), strict=True))
result(equals_the_package=bool(largest < 1e-12), sums_to_one=bool(abs(sum(ours) - 1) < 1e-12))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Use it: let it speak
#
# Draw the next word from $p(w \mid h)$, make it the new $h$, and go on until `<eos>`.
#
# What will a model say that knows its last word only?

# %% slideshow={"slide_type": "-"} tags=["core"]
draw = random.Random(1)
for _ in range(3):
    said = [vocab.bos]
    while said[-1] != vocab.eos:
        row = pairs[said[-1]]
        said += draw.choices(list(row), weights=row.values())
    print("-", " ".join(vocab.decode(said[1:-1])))

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Any two neighbouring words go together, but no sentence keeps to its subject and no story to its topic. Now let the same
# model compare phrases, as in *Why*: an order, and three choices of one word. In the last two pairs the bigram has only *a*
# to go by. Will it believe in the pear or in the bear, and would a **trigram**, which sees two words, agree?

# %% slideshow={"slide_type": "subslide"} tags=["core"] minutes=3
three = AddK(order=3, vocab_size=len(vocab), k=0.1).fit(train)


def odds(model, right, wrong):
    """How much likelier the model finds one phrase than the other."""
    a, b = (model.log_prob(vocab.encode(phrase.split())).sum() for phrase in (right, wrong))
    return f"{math.exp(a - b):.3g} to 1"


print("the rain fell, or felt:", odds(two, "the rain fell", "the rain felt"))
for verb in ("ate", "saw"):
    a, b = (odds(model, f"{verb} a pear", f"{verb} a bear") for model in (two, three))
    print(f"{verb} a pear, or {verb} a bear: bigram {a}, trigram {b}")

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### Two better ways to smooth
#
# The bigram prefers the pear at the same odds after *ate* and after *saw*: pears follow *a* more often. The trigram sees the
# verb; but longer histories are seen less, so smoothing matters more.
#
# **Interpolation** mixes each order with the next shorter one ($h'$ is $h$ without its first word):
#
# $$p(w \mid h) = a\,\frac{c(h\,w)}{c(h\,\cdot)} + (1-a)\,p(w \mid h')$$
#
# **Kneser-Ney** takes $D$ from every count and gives what that frees to the shorter order:
#
# $$p(w \mid h) = \frac{\max(c(h\,w) - D, 0)}{c(h\,\cdot)} + \frac{D\,N(h\,\cdot)}{c(h\,\cdot)}\,p(w \mid h')$$
#
# $N(h\,\cdot)$: how many *different* words followed $h$. In the shorter orders $c$ counts the different words *before*. Below a
# single word both have $1/V$.

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Why does Kneser-Ney count different words? *home* is frequent here, and only ever follows *went*: should it be likely after a
# word that was never seen? ($a$ follows Witten and Bell, $c(h\,\cdot) / (c(h\,\cdot) + N(h\,\cdot))$, so a history with many
# different followers is trusted less. $D = n_1 / (n_1 + 2 n_2)$, where $n_1$ and $n_2$ pairs were seen once and twice. A history
# that was never seen leaves the word to the shorter order.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
home = vocab.encode(["home"])[0]
before_home = {h for h in pairs if pairs[h][home]}
mixed = Interpolated(order=2, vocab_size=len(vocab)).fit(train)
kneser_ney = KneserNey(order=2, vocab_size=len(vocab)).fit(train)
p_mixed, p_kn = (model.distribution([vocab.unk])[home] for model in (mixed, kneser_ney))
result(home=sum(pairs[h][home] for h in pairs), after_different_words=len(before_home))
result(rtol=1e-9, interpolated=p_mixed, kneser_ney=p_kn, ratio=p_mixed / p_kn)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Look inside
#
# *home* stood 7,956 times, always after *went*; after an unknown word Kneser-Ney finds it 88 times less likely than
# interpolation does. Now the same two words before, three models: move `k` from a thousandth to 10.
#
# - Where do the bars of add-k fall to the level of chance, and why sooner after a rare pair?
# - *built an* never occurred. Which models still prefer one word to another, and from where?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only"] minutes=2
AFTER = ["ate an", "ate a", "drew a", "three friendly", "shy donkeys", "built an"]
rivals = {"interpolated": Interpolated(3, len(vocab)), "Kneser-Ney": KneserNey(3, len(vocab))}
rivals = {name: model.fit(train) for name, model in rivals.items()}


def row(k, after):
    """The likeliest next words after two words, by counts smoothed in three ways."""
    three.k, ids = k, vocab.encode(after.split())
    rows = {name: m.distribution(ids) for name, m in {f"add-k, k = {k:g}": three, **rivals}.items()}
    tables = {name: dict(zip(vocab.words, p, strict=True)) for name, p in rows.items()}
    likely = sorted(vocab.words, key=tables["Kneser-Ney"].get, reverse=True)[:7]
    return show.next_word(tables, words=likely, upto=0.5, context=after)


ids = {phrase: vocab.encode(phrase.split()) for phrase in AFTER}
labels = {f"{phrase} ({pairs[a][b]} times)": phrase for phrase, (a, b) in ids.items()}
show.slider(row, k=[0.001, 0.01, 0.1, 1, 10], after=labels, start={"k": "0.1"})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Measure it
#
# **Cross-entropy**: the mean surprise per word, in nats (natural logarithms), on text the model has not seen:
#
# $$H = -\frac{1}{N} \sum_{n=1}^{N} \ln p(x_n \mid x_1, \dots, x_{n-1})$$
#
# **Perplexity** $e^{H}$: as hard as guessing among that many equally likely words. **Bits per character**:
# $N H / \ln 2$ over the number of characters, which also compares models that cut a text differently. **Floor**: the
# cross-entropy of the process itself, which nobody can beat but by luck.
#
# Guessing blindly among all words, the perplexity is the size of the vocabulary. Where will the Kneser-Ney trigram lie? Write
# two bounds into `predict`.

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
predict("trigram_perplexity")
truth, three.k = stories["test"]["logprob"], 0.1
models = {"add-k bigram": two, "add-k trigram": three, "Kneser-Ney trigram": rivals["Kneser-Ney"]}
scores = {"uniform": [[-math.log(len(vocab))] * len(story) for story in test]}
scores |= {name: model.log_probs(test) for name, model in models.items()}
for name, log_probs in {**scores, "the process itself": truth}.items():
    print(f"{name:20} {cross_entropy(log_probs):.3f} nats, perplexity {perplexity(log_probs):6.2f}")
result(rtol=1e-9, floor=cross_entropy(truth))
result(rtol=1e-9, trigram_perplexity=perplexity(scores["Kneser-Ney trigram"]))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ### How many words back?
#
# Blind guessing has perplexity 602, the bigram 9.5, Kneser-Ney's trigram 6.1, the process itself 4.0. Better smoothing of the
# same trigram was worth 1.9. Some of that was a poor $k$, so add-k gets a smaller one now, 0.01.
#
# Longer n-grams know more of the past, but each is seen more seldom. At which order will add-k turn worse, and Kneser-Ney?

# %% slideshow={"slide_type": "subslide"} tags=["core"] minutes=2
MAKERS = {
    "add-k": lambda n: AddK(n, len(vocab), k=0.01),
    "interpolated": lambda n: Interpolated(n, len(vocab)),
    "Kneser-Ney": lambda n: KneserNey(n, len(vocab)),
}
orders = range(2, 6)
scored = {
    way: {n: make(n).fit(train).log_probs(test) for n in orders} for way, make in MAKERS.items()
}
losses = {way: [cross_entropy(lp) for lp in by_order.values()] for way, by_order in scored.items()}

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
curves = {way: (orders, loss) for way, loss in losses.items()}
labels = {"x": "order n (words in the longest n-gram)", "y": "test cross-entropy (nats per word)"}
display(show.learning_curve(curves, floor=cross_entropy(truth), **labels))
result(rtol=1e-9, best={way: min(loss) for way, loss in losses.items()})
result(best_order={way: orders[loss.index(min(loss))] for way, loss in losses.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### What is missing, word by word
#
# Kneser-Ney is best at order 4, with 1.77 nats; add-k turns up after order 3 already, where the smaller $k$ brought it from
# 2.08 to 1.91. The floor is 1.38.
#
# The **gap** to the floor is the mean of $\ln p_{\text{process}} - \ln p_{\text{model}}$, in nats. It splits by kind of word:
# *thing* (kite, lemon: what fits the place), *number* (was or were), *mood* (angry, calm: what fits the cause) ... On which
# kinds will all three be far off, because the word that decides stands far back?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
rows = zip(stories["test"]["tokens"], stories["test"]["kind"], strict=True)
kinds = [
    [kind if w in vocab else "new word" for w, kind in zip(ws, ks, strict=True)] for ws, ks in rows
]
SHOWN = ["pronoun", "thing", "mood", "number", "place", "adjective", "punctuation"]
gaps = {f"{way} 4-gram": gap(by_order[4], truth, kinds) for way, by_order in scored.items()}
display(
    show.gap_by_kind({name: {kind: table[kind] for kind in SHOWN} for name, table in gaps.items()})
)
ours = gaps["Kneser-Ney 4-gram"]
result(rtol=1e-9, gap={kind: ours[kind] for kind in ["all", *SHOWN, "new word"]})

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Kneser-Ney's gap is 0.39 nats. Grammar is learnt: 0.05 on punctuation, 0.09 on adjectives. A pronoun costs 1.10, which is
# ln 3, as if it drew blindly among *she*, *he* and *they*; a thing costs 3.0, since its place stands sentences back. A word
# that appeared after training costs 10.8 nats more than it need; only 0.4 % of the words are such, and they make a tenth of the gap.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Where it breaks: a better score for a worse model
#
# Let the vocabulary keep only words that occur often enough in training. All others become `<unk>`.
#
# The same model, trained on the same stories. What happens to the perplexity (last column) as the vocabulary shrinks?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
for least in (1, 1000, 5000):
    small = Vocab.build(stories["train"]["tokens"], min_count=least)
    seen, unseen = (
        [small.encode(t) for t in stories[name]["tokens"]] for name in ("train", "test")
    )
    score = perplexity(KneserNey(3, len(small)).fit(seen).log_probs(unseen))
    unknown = sum(story.count(small.unk) for story in unseen) / sum(map(len, unseen))
    print(f"{least:4} times or more: {len(small)} words, {unknown:.2%} unknown, {score:.2f}")
result(rtol=1e-9, smallest_vocabulary=score, unknown=unknown)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The perplexity fell from 6.1 to 2.8, and nothing was learnt: 43 % of the words are now the one word `<unk>`, which is easy to
# guess. A perplexity says something only beside its tokens, its vocabulary and its text. Compare models on the same tokens; where
# the tokens differ, let each model spell out the whole text, unknown words too, and compare bits per character.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## On real data
#
# The same code, another source: `pydoc`, the reference manual that every Python carries, nearly half a million characters. It
# differs between versions of Python, so only claims are stored, and there is no floor: nobody knows the process behind it.
# Characters are the tokens now. Two well-known compressors take part; theirs are the bytes that the future adds to the packed
# past. Who needs the fewest bits? (`print(bits)` shows the numbers of your Python.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = load("text", source="pydoc")
past, future = ("".join(manual[split]["text"]) for split in ("train", "test"))
table, bits = Vocab.build([past]), {}
for name, packed in {"gzip": gzip.compress, "xz": lzma.compress}.items():
    added = len(packed((past + future).encode())) - len(packed(past.encode()))
    bits[name] = 8 * added / len(future)
models = {"add-k": AddK(6, len(table), k=0.01), "Kneser-Ney": KneserNey(6, len(table))}
for name, model in models.items():
    log_probs = model.fit([table.encode(past)]).log_probs([table.encode(future)])
    bits[name] = bits_per_character(log_probs, len(future))
result(order=sorted(bits, key=bits.get))

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: chain end smoothing perplexity vocabulary

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Shannon 1948, *A mathematical theory of communication*: n-grams of English, entropy. Shannon 1951, *Prediction and entropy
#   of printed English*: people as language models, about one bit per letter.
# - Jelinek and Mercer 1980 (interpolation); Katz 1987 (backing off); Witten and Bell 1991; Ney, Essen and Kneser 1994
#   (taking a fixed discount); Kneser and Ney 1995, *Improved backing-off for m-gram language modeling*.
# - Chen and Goodman 1999, *An empirical study of smoothing techniques for language modeling*: the comparison to read.
# - Booth and Thompson 1973, *Applying probability measures to abstract languages*: when all finite texts sum to 1.
#
# On the manual xz needed the fewest bits: it copies any passage that stood before, however far back. Kneser-Ney came second; it
# sees five characters. Next: the exercises of chapter 01, and part 01b, which asks how far back a model has to look.
