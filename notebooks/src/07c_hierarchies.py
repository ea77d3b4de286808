# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 07c Attention: hierarchies
#
# A document has sentences, a sentence has words; a second of speech has a hundred frames, and far fewer sounds. This part builds
# attention in levels, so that long inputs become short ones.
#
# - You can write a hierarchical attention network, and read from it which sentence and which word decided.
# - You can build a pyramidal encoder, count what it saves, and measure what it is worth beyond that.
# - You can say which ideas look at few places of a large input: glimpses, and trees with a logarithmic search.
#
# About 80 minutes to work through, 63 as a lecture. Cells tagged *extra* can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import math

import torch
import torch.nn.functional as F
from torch import nn

from coursekit import load, predict, result, show
from coursekit.data.words import MOODS
from coursekit.models.hierarchical import Hierarchical, HierarchicalConfig
from coursekit.nn import GRU
from coursekit.nn.attention import Attention, drawn
from coursekit.nn.pyramid import Pyramid, halved
from coursekit.text import Vocab
from coursekit.train import fit

show.use_style()


def seeded(n):
    return torch.Generator().manual_seed(n)


# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Remember
#
# 1. Local-p attention: what does the Gaussian let the model learn?
# 2. Why does a baseline not change what REINFORCE learns on average?
# 3. Which part of the additive score is worked out once for a source sentence?
# 4. Greedy search and beam search of width 1: what is the difference?
# 5. A bidirectional layer reads a text. Which words does its state at word 3 know?
#
# <details><summary>Answers</summary>
#
# 1. The centre of the window: it moves smoothly, while the window's edges jump from word to word.
# 2. The expected gradient of log p(choice) is zero, so any constant times it is, too.
# 3. $W_h h_s$, the projected keys.
# 4. None.
# 5. All of them: those before from one direction, those after from the other.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Why
#
# How does the person in this story feel in the end? The last sentence, which says it, was taken away.
#
# Somewhere stands a **cause**: someone who has torn a coat is angry, mostly. All other sentences say nothing about the mood. A reader would
# first find the *sentence*, then the *word*. The world knows where the cause stands, so we can check whether a model does the same.
#
# Five moods. How often would you be right if you always said the commonest? And what would you guess for someone who knows the cause?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=3
stories = load("stories", n=8_000)
FAMILY = {word: mood for mood, words in MOODS.items() for word in words}


def document(row):
    """Sentences before the mood, the mood's family, and the sentence that holds its cause."""
    sentences, cause = [[]], None
    for word, kind in zip(row["tokens"], row["kind"], strict=True):
        if kind == "mood":
            return [s for s in sentences if s[-1:] == ["."]], FAMILY[word], cause
        cause = len(sentences) - 1 if kind == "cause" else cause
        sentences[-1].append(word)
        sentences += [[]] if word == "." else []
    return [], None, None


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
train, test = (
    [d for d in map(document, stories[split]) if d[2] is not None] for split in ("train", "test")
)
for sentence in train[0][0]:
    print("   ", " ".join(sentence))
print("mood:", train[0][1], "| cause in sentence", train[0][2])
moods = sorted(MOODS)
counts = {mood: sum(d[1] == mood for d in test) for mood in moods}
result(documents=len(train), test_documents=len(test), moods=counts)
result(rtol=1e-9, commonest=max(counts.values()) / len(test))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## The idea: two levels of the same thing
#
# Always the commonest mood would be right in 0.235 of the stories. The **hierarchical attention network** (Yang and others 2016) reads
# twice. Words to a sentence: a bidirectional GRU gives states $h_{it}$ (sentence $i$, word $t$), attention makes their mean; then the same
# over sentences:
#
# $$u_{it} = \tanh(W h_{it} + b), \qquad a_{it} = \mathrm{softmax}_t(u_{it}^\top u_w), \qquad s_i = \sum_t a_{it} h_{it}$$
#
# $u_w$ is the query: learnt, and the same for every sentence. It asks *which word matters?* On the upper level $s_i$ take the
# words' place, with weights and a query $u_s$ of their own; the document's vector goes to a softmax over the classes.
#
# How much does a word of weight 0.4 weigh in the document if its sentence weighs 0.5? What do these products sum to over all words?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Build it: one level, ten lines
#
# $h$: $N \times T \times H$, $N$ sentences of up to $T$ words. $W$: $A \times H$, $b$ and $u$: $A$ numbers each. $a$: $N \times T$,
# $s$: $N \times H$. Padding gets the lowest score before the softmax, as in 07a.
#
# The weights are borrowed from the course's model, a small one with random weights; the documents are random words, three sentences in
# the first, one in the second. Both levels are this function. The products of the weights should sum to 1 in each document.


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def pooled(h, lengths, W, b, u):
    """Sequences to one vector each, and the weights."""
    scores = torch.tanh(h @ W.T + b) @ u  # N, T
    real = torch.arange(h.size(1)) < lengths[:, None]
    a = scores.masked_fill(~real, torch.finfo(scores.dtype).min).softmax(-1)
    return (a[:, None] @ h)[:, 0], a


# %% slideshow={"slide_type": "fragment"} tags=["core", "toy"]
small = Hierarchical(HierarchicalConfig(vocab_size=20, classes=5, width=4, hidden=6, units=3))
documents = torch.randint(1, 20, (2, 3, 4), generator=seeded(0))
lengths = torch.tensor([[4, 2, 3], [4, 0, 0]])  # words in each sentence; 0: no such sentence
level = small.words
h, _ = level.encoder(small.embed(documents[0]), None, lengths[0])
s, a = pooled(h, lengths[0], level.keys.weight, level.keys.bias, level.question)
logits, over_sentences, over_words = small.with_weights(documents, lengths)
whole = (over_sentences[..., None] * over_words).sum((1, 2))
print("h", tuple(h.shape), "s", tuple(s.shape), "words", tuple(over_words.shape))
result(equals_the_package=torch.allclose(a, over_words[0], atol=1e-6), rtol=1e-5, sums=whole)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### Half, and half again
#
# Speech is the other long input: a hundred frames a second. *Listen, attend and spell* (Chan and others 2016) puts layer upon layer, and
# between two layers lays neighbours side by side:
#
# $$h^{j}_i = \mathrm{BiGRU}\big(h^{j}_{i-1},\; [h^{j-1}_{2i};\, h^{j-1}_{2i+1}]\big)$$
#
# Each layer has half as many steps as the one below; a step at the top has read $2^n$ frames. A sequence of odd length gets a vector of
# zeros as its last neighbour. The lowest layer reads every frame: nothing is thrown away before it was seen.
#
# 100 frames, three halvings: how many places are left? And 99? And one?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def neighbours(x):
    """x_0 beside x_1, x_2 beside x_3 ...: half the steps, twice the size."""
    if x.size(1) % 2:
        x = torch.cat([x, torch.zeros_like(x[:, :1])], 1)
    return torch.cat([x[:, 0::2], x[:, 1::2]], -1)


x = torch.rand(2, 7, 3, generator=seeded(1))
theirs, left = halved(x, torch.tensor([7, 4]))
print("x", tuple(x.shape), "-> ", tuple(theirs.shape), "lengths [7, 4] ->", left.tolist())
result(equals_the_package=torch.equal(neighbours(x), theirs))
pyramid = Pyramid(3, 4, halvings=3, cell="gru")
places = {n: pyramid(torch.zeros(1, n, 3))[0].size(1) for n in (100, 99, 1)}
result(places_after_three_halvings={str(n): k for n, k in places.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Use it: find the cause
#
# 13 places are left of 100 and of 99, and 1 of 1. Back to the stories. A batch is $B \times S \times W$: documents, sentences, words, with
# a length for each sentence.
#
# The model is told the mood of each training story, never the cause. Test stories are later in time. After 150 steps: how often will it
# name the mood, and in what share of the stories will the sentence with the *cause* have the largest weight? (One sentence drawn by chance
# is the right one in about one story of six.)

# %% slideshow={"slide_type": "skip"} tags=["core"]
vocab = Vocab.build(sentence for sentences, _, _ in train for sentence in sentences)


def coded(documents):
    """Ids B S W, words in each sentence B S, moods B."""
    S = max(len(d[0]) for d in documents)
    W = max(len(sentence) for d in documents for sentence in d[0])
    ids, lengths = torch.zeros(len(documents), S, W).long(), torch.zeros(len(documents), S).long()
    for i, (sentences, _, _) in enumerate(documents):
        for j, sentence in enumerate(sentences):
            ids[i, j, : len(sentence)] = torch.tensor(vocab.encode(sentence))
            lengths[i, j] = len(sentence)
    return ids, lengths, torch.tensor([moods.index(mood) for _, mood, _ in documents])


everything = coded(train)


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=3
def batch(step):
    rows = torch.randint(len(train), (32,), generator=seeded(step))
    return [part[rows] for part in everything]


predict("cause_found")
config = HierarchicalConfig(len(vocab), classes=5, width=24, hidden=32, units=16)
reader = Hierarchical(config, seeded(0))
fit(reader, batch, lambda m, d: F.cross_entropy(m(d[0], d[1]), d[2]), steps=150, lr=1e-2)
ids, lengths, answer = coded(test)
with torch.no_grad():
    logits, over_sentences, over_words = reader.with_weights(ids, lengths)
cause = torch.tensor([d[2] for d in test])
result(atol=0.02, right_moods=(logits.argmax(-1) == answer).float().mean())
result(atol=0.02, cause_found=(over_sentences.argmax(-1) == cause).float().mean())

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Look inside: which sentence, which word
#
# The mood is right in 0.86 of the test stories, and the heaviest sentence is that of the cause in all but one of 234: nobody asked for it.
# (The mood cannot always be right: the cause leaves it open, now and then.)
#
# A test story below: each row a sentence, its weight as a bar in front; the bluer a word's box, the more it weighs in its sentence.
#
# - Go through the stories. Which words carry the weight in the sentence of the cause? The verb, or its object?
# - What do the words of the *other* sentences look like? Does it matter?


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
def story(number):
    sentences, mood, _ = test[number]
    weights, words = over_sentences[number], over_words[number]
    said, top = moods[logits[number].argmax()], int(weights.argmax())
    alt = f"Heaviest sentence: {' '.join(sentences[top])} Said: {said}, right: {mood}."
    picture, ax = show.canvas(alt, width=8.4, height=0.7 + 0.42 * len(sentences))
    for i, sentence in enumerate(sentences):
        ax.barh(i, weights[i], left=-1.1, height=0.7, color=show.colour("window"))
        for j, word in enumerate(sentence):
            w, x = float(words[i, j]), sum(0.35 + 0.13 * len(word) for word in sentence[:j])
            box = {"fc": (1 - 0.7 * w, 1 - 0.3 * w, 1), "ec": "none", "pad": 2}
            ax.text(x, i, word, fontsize=9, va="center", bbox=box)
    ax.set(ylim=(len(sentences) - 0.5, -0.5), xlim=(-1.2, 15), title=f"said {said}, was {mood}")
    ax.axis("off")
    return picture


# %% slideshow={"slide_type": "fragment"} tags=["core", "output-only", "world"]
show.slider(story, number=(0, 19), start={"number": 0})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Measure it: listen
#
# In the story above *won* and *a* carry the weight, not *medal*: the state at *a* has read the verb beside it. In every other sentence,
# too, some words must have it, since a sentence's weights sum to 1; the sentence's own weight leaves nothing of them.
#
# Now made-up speech: three digits, spelt letter by letter. A letter is a pattern of 8 numbers that lasts 3 to 7 frames, with noise on top.
# A listener must write the digits. One has a pyramid, four layers with three halvings between them, which leave some eight keys to look
# at. The other has four layers and no halving: each query meets some 60 keys that look like their neighbours. The decoder (Luong's general
# score) and the batches are the same. After 80 steps, which one writes more digits rightly, and what share will it be?

# %% slideshow={"slide_type": "skip"} tags=["core"]
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
LETTERS = sorted({*"".join(DIGITS)})
SOUND = torch.randn(len(LETTERS), 8, generator=seeded(99), dtype=torch.float64).float()


# %% slideshow={"slide_type": "skip"} tags=["core"]
def spoken(step, B=12, digits=3):
    """Frames B T 8, their lengths, what the decoder reads and must write (10: begin, end)."""
    draw = seeded(step)
    said, rows = torch.randint(10, (B, digits), generator=draw), []
    for row in said.tolist():
        letters = [LETTERS.index(letter) for digit in row for letter in DIGITS[digit]]
        lasting = torch.randint(3, 8, (len(letters),), generator=draw)  # frames of each letter
        rows.append(SOUND[torch.tensor(letters).repeat_interleave(lasting)])
    lengths, x = torch.tensor([*map(len, rows)]), nn.utils.rnn.pad_sequence(rows, True)
    x = x + 0.3 * torch.randn(x.shape, generator=draw, dtype=torch.float64).float()
    return x, lengths, F.pad(said, (1, 0), value=10), F.pad(said, (0, 1), value=10)


# %% slideshow={"slide_type": "skip"} tags=["core"]
class Flat(GRU):
    """Layers on layers, and no halving: every frame stays a place."""

    def forward(self, x, lengths):
        return super().forward(x, None, lengths)[0], lengths


def encoder(halvings, layers=4):
    """64 numbers a place, from both directions."""
    if halvings:
        return Pyramid(8, 64, halvings, cell="gru", generator=seeded(0))
    return Flat(8, 32, layers, bidirectional=True, generator=seeded(0))


# %% slideshow={"slide_type": "skip"} tags=["core"]
class Listener(nn.Module):
    """An encoder listens, a GRU with attention writes."""

    def __init__(self, halvings):
        super().__init__()
        self.encoder = encoder(halvings)
        self.decoder, self.attention = GRU(12, 64), Attention("general", 64, 64)
        self.embed = nn.Parameter(drawn(seeded(3), 11, 12) * 12**0.5)
        self.output = nn.Parameter(drawn(seeded(4), 11, 128))

    def forward(self, x, lengths, read):
        h, left = self.encoder(x, lengths)  # B, U, 64
        mask = torch.arange(h.size(1)) < left[:, None]
        states, _ = self.decoder(self.embed[read])
        contexts, a = self.attention(states, self.attention.prepare(h, mask))
        return torch.cat([contexts, states], -1) @ self.output.T, a  # B, S, 11 and B, S, U


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=3
predict("right_with_three")


def wrong(model, data):
    x, lengths, read, write = data
    return F.cross_entropy(model(x, lengths, read)[0].flatten(0, 1), write.flatten())


heard, curves, right = spoken(1_000_000, B=200), {}, {}
listeners = {n: Listener(n) for n in (3, 0)}
for n, listener in listeners.items():
    history = fit(listener, spoken, wrong, steps=80, lr=8e-3)
    curves[f"{n} halvings"] = history.loss
    right[n] = (listener(*heard[:3])[0].argmax(-1) == heard[3])[:, :3].float().mean().item()
display(show.lines(curves, x="step", y="training loss (nats per digit)"))
result(atol=0.02, right_with_three=right[3])
result(pyramid_is_ahead=right[3] > right[0] + 0.02)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### Where the listener looked
#
# With three halvings 0.94 of the digits of new utterances are right after 80 steps; without any, fewer. The layers are as many, so
# it is the halving that helps: the search among few keys is easier to learn, not only cheaper.
#
# Below, one utterance: the weights of each digit over the pyramid's places, laid out over the frames, and over the flat encoder's. Does a
# digit look at its letters? And how wide is what it looks at?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
alone = [part[:1] for part in heard[:3]]
frames = int(alone[1])
digits = [DIGITS[d] for d in heard[3][0, :3]]
alt = f"Attention over {frames} frames while {', '.join(digits)} are written."
picture, axes = show.canvas(alt, 8.4, 2.6, columns=2)
for ax, (n, listener) in zip(axes, listeners.items(), strict=True):
    with torch.no_grad():
        a = listener(alone[0][:, :frames], *alone[1:])[1][0, :3].repeat_interleave(2**n, 1)
    ax.imshow(a[:, :frames] / a.max(), aspect="auto")
    ax.set(yticks=range(3), yticklabels=digits, xlabel="frame", title=f"{n} halvings")
    ax.grid(False)
display(picture)
cost = {n: 4 * math.ceil(frames / 2**n) for n in listeners}
result(scores_computed={str(n): k for n, k in cost.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Where it breaks: too steep
#
# In the picture *one* and *two* look into their own part of the utterance: at one place of eight frames with the pyramid, at a smear of ten
# frames or so without. *Zero* looks at its beginning, and with the pyramid as much at a place of *one*: every place has read its neighbours. This utterance has four outputs, three digits and the end, for each of which every place is scored:
# 28 scores at the top of the pyramid, 200 without.
#
# Three halvings leave a place for every eight frames, about one and a half letters. Halve on: with 5 a place has read 32 frames, more than
# a whole digit; with 7 the whole utterance is **one** place, and attention has nothing to choose from.
#
# The same 80 steps with 7 halvings. A bidirectional layer has read everything, so the one vector could hold all three digits. Will it?
# (Eight layers are harder to train than four, too. How much of the loss is theirs? Put `listener.encoder = encoder(0, layers=8)` before
# `fit`: no halving, as many layers.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
predict("right_with_seven")
listener = Listener(7)
fit(listener, spoken, wrong, steps=80, lr=8e-3)
logits_7, a = listener(*heard[:3])
right[7] = (logits_7.argmax(-1) == heard[3])[:, :3].float().mean().item()
print("places:", a.size(2))
result(too_steep=right[7] < right[3] - 0.2)
result(atol=0.02, right_with_seven=right[7])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=3
# ### Box: looking at few places of many
#
# A pyramid reads every frame, and then looks at few places. Two further ideas save some of the reading, or of the looking.
#
# **Glimpses** (Mnih and others 2014). A recurrent network sees a small, sharp patch of a large picture, and decides where to look next. The
# place is a hard choice, trained by REINFORCE (07b): six glimpses of 8 x 8 pixels cost 384 pixels, however large the picture.
#
# **Hierarchical attentive memory** (Andrychowicz and Kurach 2016). The memory is the leaves of a binary tree; each inner node sums up
# its two children. A look-up walks down from the root, and at each node *chooses* left or right: $\log_2 n$ choices instead of $n$ scores.
#
# For a memory of a million places ($2^{20}$), how many?

# %% slideshow={"slide_type": "-"} tags=["extra", "toy"]
sizes = [16, 1024, 2**20]
result(flat=sizes, tree=[int(math.log2(n)) for n in sizes])
result(glimpse_pixels=6 * 8 * 8, picture_pixels=224 * 224)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## On real data
#
# With one place 0.22 of the digits are right; one in ten would be chance.
#
# Python's manual once more. A document is four of its lines; half of the documents hold the word *not*, in one line. The model is
# told yes or no, never where. Every second document is held back. Here, too, the truth is known: we can read where the word stands.
# Versions of Python differ, so only claims are stored.
#
# Chance is one half. After 150 steps, will the heaviest line be the one with the word?

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
text = "".join(load("text", source="pydoc")["train"]["text"]).lower().split("\n")
lines = [words[:16] for line in text if len(words := line.split()) > 3]
pages = [lines[i : i + 4] for i in range(0, len(lines) - 3, 4)]
places = [[i for i, line in enumerate(page) if "not" in line] for page in pages]
yes = [(p, moods[1], at[0]) for p, at in zip(pages, places, strict=True) if len(at) == 1]
no = [(p, moods[0], -1) for p, at in zip(pages, places, strict=True) if not at][: len(yes)]
train, held = yes[::2] + no[::2], yes[1::2] + no[1::2]
vocab = Vocab.build((line for page, _, _ in train for line in page), min_count=2)
everything, new = coded(train), coded(held)
second = Hierarchical(HierarchicalConfig(len(vocab), 2, width=24, hidden=32, units=16), seeded(0))
fit(second, batch, lambda m, d: F.cross_entropy(m(d[0], d[1]), d[2]), steps=150, lr=1e-2)
logits, on_lines, _ = second.with_weights(*new[:2])
found = on_lines.argmax(-1)[: len(yes[1::2])] == torch.tensor([at for *_, at in yes[1::2]])
hits = (logits.argmax(-1) == new[2]).float().mean()
result(nine_in_ten_right=bool(hits > 0.9), nine_in_ten_found=bool(found.float().mean() > 0.9))

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: pyramid levels

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Yang and others 2016, *Hierarchical attention networks for document classification*: the model of this part.
# - Chan, Jaitly, Le and Vinyals 2016, *Listen, attend and spell*: the pyramid, section 3.1.
# - Mnih, Heess, Graves and Kavukcuoglu 2014, *Recurrent models of visual attention*: glimpses.
# - Andrychowicz and Kurach 2016, *Learning efficient algorithms with hierarchical attentive memory*: the tree.
#
# On the manual both were above nine in ten, the answers and the lines found. Next: the exercises of chapter 07; then chapter 08, which leaves the recurrent network away and keeps the attention.
