# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 01b How far back can it look?
#
# An n-gram model sees the last few words and nothing else. This part measures what the words further back are worth, trains the
# first neural language model, and finds the line beyond which it is blind.
#
# - You can say what more context buys the exact model, and what it buys a learnt one.
# - You can build and train a fixed-window neural language model, and say what its embeddings share.
# - You can split data by time, and show what a random split hides.
#
# About 90 minutes to work through, 61 as a lecture. Cells tagged *extra* can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import gzip
import math
from collections import Counter
from functools import partial

import torch
import torch.nn.functional as F

from coursekit import ledger, load, predict, result, show
from coursekit.data import World
from coursekit.metrics import bits_per_character, cross_entropy, gap
from coursekit.models import KneserNey, WindowLM, WindowLMConfig
from coursekit.text import Vocab
from coursekit.train import fit

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Remember
#
# 1. A trigram model has just read *there she built a*. Which of these words does it use?
# 2. What is the floor of the stories, and what does a gap of 0.4 nats mean?
# 3. What does the matrix product of $1 \times 128$ and $128 \times 600$ give?
#
# <details><summary>Answers</summary>
#
# 1. The last two, *built a*.
# 2. The cross-entropy of the process that wrote them; the model's perplexity is $e^{0.4} \approx 1.5$ times the best possible.
# 3. $1 \times 600$: one number for each word of a vocabulary of 600, say.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Why
#
# > Alice went to the beach. There she built a ...
#
# > Alice went to the mountain. There she built a ...
#
# The last four words are the same. The word that decides stands before them. How much does a model lose that cannot see it?

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The small world can answer exactly: `World().distribution` gives the probability of each next word after all words so far, on a
# date. To hide the place, average over all places, each weighted by the probability that the story went there *and* went on
# like this (Bayes' rule). How probable is *sandcastle* with the beach known, and how probable without?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
world, opening, stem = World(), ["alice", "went", "to", "the"], [".", "there", "she", "built", "a"]
after = partial(world.distribution, date=50)  # p(next word | all words so far) on day 50
places = [w for w in after(opening) if "." in after([*opening, w])]
begun = [[*opening, w, *stem] for w in places if "built" in after([*opening, w, *stem[:3]])]
weight = [math.exp(sum(world.score(story, date=50))) for story in begun]
known, hidden = after([*opening, "beach", *stem]), Counter()
for story, share in zip(begun, weight, strict=True):
    for word, p in after(story).items():
        hidden[word] += p * share / sum(weight)
bars = {"exact, beach known": known, "place hidden": hidden}
display(show.next_word(bars, context="There she built a"))
result(rtol=1e-9, known=known["sandcastle"], hidden=hidden["sandcastle"], places=len(begun))

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# With the beach known *sandcastle* has probability 0.43; with the place hidden 0.10, spread over 13 places where one can build.
# Nothing in *there she built a* tells them apart. Whoever sees only these four words pays ln(0.43 / 0.10) = 1.4 nats more for
# this one word, however much was learnt.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## The idea: a window of $N$ words
#
# $$p(x_n \mid x_1, \dots, x_{n-1}) \approx p(x_n \mid x_{n-N}, \dots, x_{n-1})$$
#
# An $n$-gram has $N = n - 1$. The best model with such a window has a floor of its own: above the floor of the process, by
# what the hidden words would have told.

# %% slideshow={"slide_type": "skip"} tags=["core", "world"]
stories = load("stories")
vocab = Vocab.build(stories["train"]["tokens"])
coded = {split: [vocab.encode(t) for t in rows["tokens"]] for split, rows in stories.items()}
train, valid, test = coded.values()
words, truth, kinds = (list(stories["test"][c]) for c in ("tokens", "logprob", "kind"))
floor = cross_entropy(truth)
pairs = (zip(*row, strict=True) for row in zip(words, kinds, strict=True))
named = [[kind if word in vocab else "new word" for word, kind in row] for row in pairs]
result(rtol=1e-9, floor=floor, vocabulary=len(vocab))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### What more context buys
#
# Three lines: the best possible model that sees $N$ words, and two that had to learn from 16,000 stories.
#
# Which of them goes on falling with $N$, which turns up again, and why?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
book, seen = ledger("01_language_models"), [1, 2, 4, 8, 16, 32]
WINDOWS = ["window 4", "window 8", "window 16"]
best = [book.mean("context", f"{n} words") for n in seen]
counted = [floor + book.mean("counting", f"Kneser-Ney {n + 1}-gram/all") for n in range(1, 6)]
neural = [floor + book.mean("windows", f"{name}/all") for name in WINDOWS]
curves = {"exact, N words": (seen, best), "Kneser-Ney": (range(1, 6), counted)}
curves["window"] = ([4, 8, 16], neural)
labels = {"x": "N, words of context", "y": "cross-entropy (nats per word)"}
display(show.learning_curve(curves, floor=floor, **labels))
result(
    rtol=1e-9, exact=dict(zip(map(str, seen), best, strict=True)), counted=counted, window=neural
)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The exact line only falls: to know more never hurts whoever knows the probabilities. Four words leave 1.57 nats at best, sixteen
# 1.42. Kneser-Ney turns up after three words, because longer windows were mostly never seen. The window model takes more from
# eight words, 1.62, and nothing from sixteen: what it wins on pronouns it loses on things, moods and the number of verbs, for
# each position has weights of its own to learn. (All from the ledger, the
# course's record of longer runs: means of 3 seeds, window models after 1,000 steps. The exact line is an estimate, with a
# standard error below 0.02, for one day of the test time, which it knows.)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Build it: the fixed-window neural language model
#
# Bengio and others, 2003. Each word becomes a learnt vector; the $N$ vectors side by side go through one hidden layer:
#
# $$x = [C(w_{t-N}); \dots; C(w_{t-1})], \qquad y = b + U \tanh(d + H x), \qquad p = \mathrm{softmax}(y)$$
#
# Words used alike can get vectors alike, so what is learnt about one helps the others. A count has no such neighbours.

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# $C$ holds one embedding of width $D$ for each of the $V$ words; $x$ has $N D$ numbers; $H$ and $d$ lead to $h$ hidden
# units, $U$ and $b$ to one score for each word. (The paper may also lead straight from $x$ to the scores, $W x$; we leave
# that out, as it does with $W = 0$.) The function below is these equations for a batch of $B$ windows. It borrows
# the weights of the course's class, whose attributes have the field's names, and must give the same scores.


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
def scores(context, C, H, d, U, b):
    """Scores of every next word from the ids of the last N words."""
    x = C[context].flatten(1)  # B, N D: the N embeddings side by side
    hidden = torch.tanh(d + x @ H.T)  # B, h
    return b + hidden @ U.T  # B, V


model = WindowLM(WindowLMConfig(vocab_size=len(vocab), context=8, width=32, hidden=128))
before, word = model.windows(train)  # every word, and the 8 before it
NAMES = ["C", "H", "d", "U", "b", "context", "y"]
weights = [model.embed.weight, model.hidden.weight, model.hidden.bias]
weights += [model.output.weight, model.output.bias]
same = torch.allclose(scores(before[:5], *weights), model(before[:5]), atol=1e-5)
for name, tensor in zip(NAMES, [*weights, before[:5], model(before[:5])], strict=True):
    print(f"{name:8} {tuple(tensor.shape)}")
result(equals_the_package=same, weights=sum(p.numel() for p in weights), windows=len(word))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Use it: train it, live
#
# 300 steps of 512 random windows: AdamW, a linear warm-up, then a cosine to zero. A few seconds.
#
# A Kneser-Ney 4-gram has counted all windows, once each. Will 300 steps be enough to pass it?


# %% slideshow={"slide_type": "-"} tags=["core"]
def batch(step):
    """512 windows, the same whenever this step comes: so a run can be resumed and repeated."""
    chosen = torch.randint(len(word), (512,), generator=torch.Generator().manual_seed(step))
    return before[chosen], word[chosen]


def loss(model, data):
    return F.cross_entropy(model(data[0]), data[1])


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
predict("window_loss")
valid_loss = {"evaluate": lambda m: {"valid": cross_entropy(m.log_probs(valid[:400]))}, "every": 30}
history = fit(model, batch, loss, steps=300, lr=1e-2, **valid_loss)
counting = KneserNey(4, len(vocab)).fit(train)
rows = {"Kneser-Ney 4-gram": counting.log_probs(test), "window 8": model.log_probs(test)}
display(show.learning_curve({"window 8": history.curve("valid")}, floor=floor))
result(rtol=1e-3, window_loss=cross_entropy(rows["window 8"]))
result(rtol=1e-9, kneser_ney_loss=cross_entropy(rows["Kneser-Ney 4-gram"]))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Look inside: which words has it put together?
#
# 300 steps bring the window model to 1.71 nats, below the 4-gram's 1.77. What has it learnt about words?
#
# It holds two vectors for each: its row of $C$, read when the word stands *before*, and its row of $U$, compared when it
# may come *next*. Neighbours: the rows with the largest cosine.
#
# Nobody told it what a weekday, a name or a place is. What will it have found after 300 steps, and in which of the two?


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
def neighbours(word, rows, count=3):
    """The words whose rows point most nearly the same way."""
    unit = F.normalize(rows, dim=1)  # V, width: rows of length 1, so that a product is a cosine
    cosine = unit @ unit[vocab.encode([word])[0]]  # V
    return vocab.decode(cosine.topk(count + 1).indices[1:])


C, U = model.embed.weight.detach(), model.output.weight.detach()
for probe in ("she", "sunday", "alice", "beach", "was", "quietly"):
    print(f"{probe:8} C: {', '.join(neighbours(probe, C)):32} U: {', '.join(neighbours(probe, U))}")
start = WindowLM(model.config).requires_grad_(False)  # what training began with
began = {"C": (C, start.embed.weight), "U": (U, start.output.weight)}
result(
    atol=0.02, moved={k: float((new - old).norm() / old.norm()) for k, (new, old) in began.items()}
)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# In $U$ weekdays stand by weekdays and names by names; in $C$ the neighbours are a lottery. The result tells why: 300 steps moved
# the rows of $C$ by 0.23 of the length with which they were drawn, and those of $U$, drawn shorter, by 1.34 of theirs. The
# model works with both. A picture of $C$ would have shown the dice, not the language.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Look inside: one story, word by word
#
# Move through a story of the test set. Bars: the exact process, which sees everything; Kneser-Ney, which sees `N` words;
# the window model, which sees eight.
#
# Find a place where all agree, and one where only the process knows. (It knows the date, too: late in time *kite* has come
# into fashion at the beach.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only"] minutes=2
told = next(story for story in stories["test"] if {"beach", "built"} <= set(story["tokens"]))
grams = {n: KneserNey(n + 1, len(vocab)).fit(train[:8000]) for n in range(1, 6)}


def at(position, N):
    """The next word at a position: exact, counted from N words, and from the window of eight."""
    so_far, tail = (
        told["tokens"][:position],
        " ".join(told["tokens"][max(0, position - 4) : position]),
    )
    tables = {"exact": world.distribution(so_far, told["date"])}
    for name, m in ((f"Kneser-Ney, {N} words", grams[N]), ("window, 8 words", model)):
        tables[name] = dict(zip(vocab.words, m.distribution(vocab.encode(so_far)), strict=True))
    return show.next_word(tables, context=f"... {tail}", upto=1)


thing = told["kind"].index("thing")
show.slider(at, position=(1, len(told["tokens"]) - 1), N=(1, 5), start={"position": thing, "N": 3})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Measure it
#
# By kind of word: where did the window model gain on counting, and where is it as blind?
#
# A pronoun must agree with a name, a mood with its cause, a thing with its place: each may stand sentences back.

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
predict("pronoun_gap_window")
SHOWN = ["pronoun", "thing", "mood", "number", "place", "being", "adjective"]
gaps = {name: gap(log_probs, truth, named) for name, log_probs in rows.items()}
display(
    show.gap_by_kind({name: {kind: table[kind] for kind in SHOWN} for name, table in gaps.items()})
)
counted, ours = gaps["Kneser-Ney 4-gram"], gaps["window 8"]
result(rtol=1e-9, pronoun_gap_counted=counted["pronoun"])
result(atol=0.02, pronoun_gap_window=ours["pronoun"])
for kind in ("thing", "adjective"):
    print(f"{kind}: counted {counted[kind]:.1f}, window {ours[kind]:.1f}")

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Eight words often reach back to the name: the gap on pronouns is halved, from 1.10 to 0.56. On things nothing is won, 3.2 against
# 3.0, for their places stand further back. On adjectives the window model is behind, 0.3 against 0.1: neighbours are what
# counting does best, and 300 steps have not learnt them all. Which of the two would you take if you had 500 stories only?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
sizes, rivals = [500, 2000, 8000, 16000], ["Kneser-Ney 3-gram", "window 8"]
curves = {name: (sizes, [book.mean("size", f"{name}/{n}") for n in sizes]) for name in rivals}
labels = {"x": "training stories", "y": "gap to the floor (nats per word)"}
display(show.learning_curve(curves, **labels))
few, many = ([("size", f"{name}/{n}") for name in rivals] for n in (500, 16000))
result(rtol=1e-9, counting=curves[rivals[0]][1], window=curves[rivals[1]][1])
result(few_counting=book.claim(*few, margin=0.3), many_window=book.claim(*many[::-1], margin=0.1))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### The edge of the window
#
# On 500 stories counting is far ahead, 0.79 against 1.39; on 16,000 the window model, 0.25 against 0.43. But how far does it see?
#
# Take each story's first pronoun: *she*, *he* or *they*, as the name demands. The model chooses rightly if it gives the right one
# the most of the three.
#
# At distances of 8, 12, 16 ... words from the name: what will the lines look like for windows of 4, 8 and 16 words?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
ends, five = [8, 12, 16, 20, 24], "Kneser-Ney 5-gram"
lines = {n: {e: book.mean("windows", f"{n}/distance {e}") for e in ends} for n in WINDOWS}
lines[five] = {e: book.mean("distance", f"{five}/distance {e}") for e in ends}
labels = {"x": "words back to the name (up to)", "y": "share of right pronouns"}
display(show.by_distance(lines, **labels, chance=1 / 3))
inside, outside = ("windows", "window 8/distance 8"), ("windows", "window 8/distance 12")
counted = ("distance", f"{five}/distance 8")
for name in ("window 8", "window 16"):
    result(rtol=1e-9, **{name.replace(" ", "_"): {str(e): lines[name][e] for e in ends}})
result(
    inside_right=book.claim(outside, inside, 0.3), counting_blind=book.claim(counted, inside, 0.3)
)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# A window of 8 chooses rightly in 0.91 of the stories whose name stands at most 8 words back, and in 0.34 where it stands 9 to 12
# words back: it guesses. A window of 16 still has 0.68 at 13 to 16, less than nearer by: it sees those words, but has learnt less
# about them. No line reaches 1: some names are new in the test stories. The 5-gram guesses everywhere: the first
# pronoun never stands within four words of a name.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Where it breaks: a test that knows the future
#
# Text has dates. Topics rise and fall, names and things appear. A language model is a **time-series model**: it will be
# used on text written *after* its training.
#
# One model, two tests: stories drawn **at random** from the whole time, or the stories **after** the training time.
# Which gap will be larger, and on which kinds of word?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
KINDS = ["all", "place", "thing", "name"]
splits = ["random", "time"]
leaks = {split: {kind: book.mean("leak", f"{split}/{kind}") for kind in KINDS} for split in splits}
display(show.gap_by_kind({f"{split} split": table for split, table in leaks.items()}))
result(rtol=1e-9, random_split=leaks["random"], time_split=leaks["time"])
flattered = book.claim(("leak", "random/all"), ("leak", "time/all"), margin=0.05)
things_worse = book.claim(("leak", "random/thing"), ("leak", "time/thing"), margin=0.6)
result(flattered=flattered, things_worse=things_worse, seeds=len(book.values("leak", "time/all")))

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The random split promises a gap of 0.32 nats; the future costs 0.39. Things lose most, from 2.56 to 3.53; names go from 0.27
# to 0.79, places from 0.26 to 0.66. On the random split the fashions and the newcomers of the test days stood in training
# already. (Not one story was copied.) In use a model always meets the future, so a split that does not is a leak.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## On real data
#
# The same code by character, on the manual that comes with Python; splits by position, since a manual has an order, too.
# Nearly half a million characters, windows of 8, 300 steps. Versions differ, so only claims are stored.
#
# Who needs fewer bits: counting, the window model after 300 steps, or gzip? (`print(bits)` shows the numbers of your Python.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = {split: "".join(rows["text"]) for split, rows in load("text", source="pydoc").items()}
letters = Vocab.build([manual["train"]])
ids = {split: [letters.encode(text)] for split, text in manual.items()}
small = WindowLM(WindowLMConfig(len(letters), context=8, width=16, hidden=128))
before, word = small.windows(ids["train"])  # from now on batch() draws from these
fit(small, batch, loss, steps=300, lr=1e-2)
models = {"Kneser-Ney 6-gram": KneserNey(6, len(letters)).fit(ids["train"]), "window 8": small}
past, future = manual["train"], manual["test"]
bits = {n: bits_per_character(m.log_probs(ids["test"]), len(future)) for n, m in models.items()}
packed, known = (len(gzip.compress(text.encode())) for text in (past + future, past))
bits["gzip"] = 8 * (packed - known) / len(future)  # what the test adds to the packed past
result(
    counting_first=min(bits, key=bits.get) == "Kneser-Ney 6-gram",
    window_behind_gzip=bits["window 8"] > bits["gzip"] + 0.2,
)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Your own text, and the Hub
#
# Counting won, and the window model was behind even gzip: its 300 steps saw fewer windows than the manual holds.
#
# One argument changes the source: `load("text", source="my.txt")`, or `load("wikitext", source="hub")`, which fetches
# WikiText-2 (about 5 MB) once and keeps it. Set `ONLINE` to try it; nothing of this cell is stored.

# %% slideshow={"slide_type": "-"} tags=["extra", "unstored"]
ONLINE = False
data = load("wikitext", source="hub") if ONLINE else load("text", source="pydoc")
lines = {split: [[*line.split(), "<eos>"] for line in rows["text"]] for split, rows in data.items()}
table = Vocab.build(lines["train"], min_count=2)
past, future = ([table.encode(line) for line in lines[split]] for split in ("train", "test"))
nats = cross_entropy(KneserNey(4, len(table)).fit(past).log_probs(future))
print(f"{len(table)} words, perplexity {math.exp(nats):.0f} on the test split")

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: window sharing floor split

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Bengio, Ducharme, Vincent and Jauvin 2003, *A neural probabilistic language model*: the model of this part, section 2.
# - Goodman 2001, *A bit of progress in language modeling*: how far counting can be pushed.
# - Mikolov and others 2010, *Recurrent neural network based language model*: the way out of the window (chapter 03).
# - Khandelwal and others 2018, *Sharp nearby, fuzzy far away*: what a neural model does with distant words.
# - Lazaridou and others 2021, *Mind the gap: assessing temporal generalization in neural language models*: the time split on news.
#
# Next: the exercises of chapter 01; then chapter 02, in which words get better vectors and text is cut into better pieces.
