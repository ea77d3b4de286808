# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 05a Encoder and decoder
#
# A language model goes on with a text. This part gives it something to say: one network reads a sentence into a vector, a second
# one writes another sentence from that vector, in other words and of another length.
#
# - You can write an encoder-decoder, its padded batch and its masked loss, and name three places to use the context.
# - You can train one on translation, and read what it gets right and what it makes up.
# - You can show by measurement what a vector of fixed size costs, and for which sentences.
#
# About 90 minutes to work through, 71 as a lecture. Cells tagged *extra* can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import math
import re
from functools import partial

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence

from coursekit import ledger, load, predict, result, show
from coursekit.decode import best, greedy
from coursekit.models import Seq2Seq, Seq2SeqConfig
from coursekit.text import Vocab
from coursekit.train import fit

show.use_style()
pad, bos, eos = Vocab.pad, Vocab.bos, Vocab.eos
print({"pad": pad, "bos": bos, "eos": eos})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Remember
#
# 1. A GRU reads 20 words. What shape has its last state, and what if it reads 40?
# 2. Which gate of a GRU decides how much of the old state stays, and why does that help a gradient?
# 3. In truncated backpropagation through time, what is carried over the border, and what is cut?
# 4. What does `<unk>` stand for, and when does it appear?
# 5. A language model gives the four words of a sentence 0.5, 0.1, 0.2 and 0.1. What is its probability?
#
# <details><summary>Answers</summary>
#
# 1. $H$ numbers a sentence, however long the sentence is.
# 2. The update gate. Where it is open to the old state, the Jacobian is near the identity: the gradient passes.
# 3. The state is carried, the gradient is cut.
# 4. Any word that is not in the vocabulary. If the vocabulary holds all training words, it appears in new text only.
# 5. Their product, $0.5 \cdot 0.1 \cdot 0.2 \cdot 0.1 = 0.001$.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Why
#
# Translation, chat, completion, a question and its answer, code in one language and code in another, a word and its right spelling:
# a sequence goes in, another one comes out.
#
# Word by word, with a dictionary? Look at the pairs below. How often has the translation as many words as the sentence? How often do
# words change their order?

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# `load("pairs")` gives sentences of the small world in two languages, with gold links between the places of their words (we need
# them in chapter 07; here they only tell whether the order changes). These are the world's easier pairs: one main clause each, the
# commoner words, one usual wording. The order has changed where two links cross: the earlier of two English words is the later in
# French.

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=3
easy = {"n": 8_000, "clauses": 1, "zipf": 3.0, "variety": 0.0, "languages": ("en", "fr")}
pairs = {split: list(rows) for split, rows in load("pairs", **easy).items()}
train, test = pairs["train"], pairs["validation"]
for row in train[:6]:
    print(f"{row['en']:42} {row['fr']}")
same = [len(row["en"].split()) == len(row["fr"].split()) for row in train]
links = [[tuple(link) for link in row["alignment"]["fr"]] for row in train]
moved = [sorted(a) != sorted(a, key=lambda link: link[::-1]) for a in links]
result(rtol=1e-9, same_length=sum(same) / len(same), words_move=sum(moved) / len(moved))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## The idea: read everything, then write
#
# Not a word for a word: 0.38 of the pairs have as many words on both sides, and in 0.49 words change their order.
#
# A recurrent **encoder** reads the source $x_1, \dots, x_T$. Its last state is the **context** $c = h_T$: $H$ numbers, whatever $T$ is.
# A recurrent **decoder** is a language model of the target $y_1, \dots, y_S$ that also knows $c$:
#
# $$h_t = f(x_t, h_{t-1}), \qquad c = h_T, \qquad p(y_1, \dots, y_S \mid x) = \prod_{j=1}^{S} p(y_j \mid y_1, \dots, y_{j-1}, c)$$
#
# It reads `<bos>` to begin, and it may stop: `<eos>` is one of the words that it can write, and the last of them, $y_S$. So $S$ need
# not be known before.

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only"] minutes=2
alt = "Boxes h1 to h3 read anna sees her; c leads to s1 to s4, which write anna la voit <eos>."
picture, ax = show.canvas(alt, height=2.6)
style = {"ha": "center", "va": "center"}
reads = ["anna", "sees", "her", "<bos>", "anna", "la", "voit"]
writes = ["", "", "", "anna", "la", "voit", "<eos>"]
for i, (below, above) in enumerate(zip(reads, writes, strict=True)):
    name, hue = (f"$h_{i + 1}$", "#cfe3f5") if i < 3 else (f"$s_{i - 2}$", "#fbdcc0")
    ax.text(i, 0, name, **style, bbox={"boxstyle": "round,pad=0.5", "facecolor": hue})
    ax.text(i, -1, below + "\n", va="top", ha="center")
    ax.text(i, 1, above, **style, fontweight="bold")
    for x, y, up in [(i, -0.9, 1)] + [(i, 0.3, 1)] * (i > 2) + [(i - 0.72, 0, 0)] * (i > 0):
        ax.arrow(x, y, 0.4 * (1 - up), 0.4 * up, head_width=0.09, color="black")
ax.text(2.5, 0.18, "c", ha="center", fontsize=15, color="#b03030")
ax.set(xlim=(-0.6, 6.6), ylim=(-1.3, 1.2)), ax.axis("off")
display(picture)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### A batch of sentences
#
# Sentences of different lengths share a tensor: shorter ones are filled up with `<pad>`, whose id is 0.
#
# - The encoder gets `lengths`, so that $c$ is the state after the last *word*, not after the padding.
# - The decoder reads `<bos>` and the right words: `target_in`. It is to write the same words one step earlier, then `<eos>`:
#   `target_out`. To hand it the right words in training is called **teacher forcing**.
#
# Two vocabularies, one for each language. `coded` makes the four tensors of a batch from rows of the data. Compare the two targets
# below: row by row, `target_out` is `target_in` moved by one place. How many of the eighteen cells of `target_out` are padding, and
# should a model be rewarded for predicting them?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=3
words = {side: Vocab.build(row[side].split() for row in train) for side in ("en", "fr")}


def coded(rows, words=words):
    """Source B T, its lengths B; the target as it is read and as it is to be written, B S."""
    x = [words["en"].encode(row["en"].split()) for row in rows]
    y = [words["fr"].encode(row["fr"].split()) for row in rows]
    rows = x, [[bos, *ids] for ids in y], [[*ids, eos] for ids in y]
    source, read, write = (pad_sequence(list(map(torch.tensor, r)), batch_first=True) for r in rows)
    return source, torch.tensor(list(map(len, x))), read, write


names = ["source", "lengths", "target_in", "target_out"]
found = {row["en"]: row for row in train}
three = [found[line] for line in ("i sleep .", "i saw you .", "i see ben .")]
print([row["fr"] for row in three])
for name, tensor in zip(names, coded(three), strict=True):
    print(name, tuple(tensor.shape), tensor.tolist())

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Build it: one step of the decoder, three ways to use $c$
#
# $$s_0 = c, \qquad s_j = \mathrm{GRU}(u_j, s_{j-1}), \qquad p(y_j \mid \dots) = \mathrm{softmax}(W o_j + b)$$
#
# | `context` | the step reads $u_j$ | the output layer reads $o_j$ | |
# |---|---|---|---|
# | `"state"` | $E y_{j-1}$ | $s_j$ | Sutskever 2014: $c$ only starts the decoder |
# | `"step"` | $[E y_{j-1}; c]$ | $s_j$ | $c$ is told again at each step |
# | `"output"` | $[E y_{j-1}; c]$ | $[s_j; E y_{j-1}; c]$ | Cho 2014: and to the output layer, too |

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# $E$ holds the target's embeddings ($V \times D$), $s_j$ and $c$ have $H$ numbers, $[a; b]$ puts vectors side by side. The function is
# the equations for a batch, with the weights of the course's class; it must give the same scores in all three cases. (Here the
# encoder reads forwards only. One that reads both ways ends in two states, which a *bridge*, $\tanh(W[a; r])$, makes into one.)


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=4
def scores(model, source, lengths, target_in):
    """Scores of every next word, B S V: read the source, then write word by word."""
    kind, E = model.config.context, model.target_embed.weight
    cell = [*model.decoder.parameters()]  # input and recurrent weights of the GRU, and their biases
    _, last = model.encoder(model.source_embed(source), None, lengths)
    s = c = last[0]  # B, H: all that the decoder will ever know of the source
    rows = []
    for y in target_in.T:
        u = E[y] if kind == "state" else torch.cat([E[y], c], 1)
        s = torch.gru_cell(u, s, *cell)
        rows.append(model.output(torch.cat([s, u], 1) if kind == "output" else s))
    return torch.stack(rows, 1)


# %% slideshow={"slide_type": "fragment"} tags=["core", "world"]
source, lengths, target_in, target_out = coded(train[:5])
sizes = {"source_size": len(words["en"]), "target_size": len(words["fr"]), "bidirectional": False}
kinds = ("state", "step", "output")
models = {kind: Seq2Seq(Seq2SeqConfig(**sizes, context=kind, hidden=128)) for kind in kinds}
same, weights = {}, {}
for kind, model in models.items():
    both = scores(model, source, lengths, target_in), model(source, target_in, lengths)
    same[kind] = torch.allclose(*both, atol=1e-5)
    weights[kind] = sum(p.numel() for p in model.parameters())
result(equals_the_package=same, weights=weights, scores=list(both[0].shape))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### The loss: padding has no price
#
# Maximise $\sum_j \log p(y_j \mid y_{<j}, c)$: cross-entropy, averaged over the **real** words of the batch.
#
# $$L = -\frac{\sum_{b,j} m_{bj} \log p(y_{bj})}{\sum_{b,j} m_{bj}}, \qquad m_{bj} = 1 \text{ for a word or } \langle eos \rangle, \; 0 \text{ for padding}$$
#
# If the padding counted in training and in the loss, would the loss look better than it is, or worse?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2


def loss(model, batch):
    source, lengths, target_in, target_out = batch
    logits = model(source, target_in, lengths)  # B, S, V
    return F.cross_entropy(logits.flatten(0, 1), target_out.flatten(), ignore_index=pad)


some = coded(test[:64])
logits, real = models["state"](some[0], some[2], some[1]), some[3] != pad  # the mask m, B S
nats = -logits.log_softmax(-1).gather(-1, some[3][..., None])[..., 0]
by_hand, ours = (nats * real).sum() / real.sum(), loss(models["state"], some)
result(equal=torch.allclose(by_hand, ours), padding=f"{(~real).sum()} of {real.numel()} places")
result(rtol=1e-5, untrained=ours, knows_nothing=math.log(len(words["fr"])))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Use it: train one, live
#
# Three of the eighteen cells were padding, and 611 of the 1,344 places of the last batch. It would make the loss look better: behind `<eos>`
# stands nothing but padding, which is soon learnt. So it stays out.
#
# The third kind, $H = 128$, 300 steps of 32 pairs: some seconds. Batches hold sentences of like length, so they need little padding.
#
# An untrained model has a loss of about $\ln V$. What will this one have on sentences that it never saw, and what share of them will
# it translate right *to the last word*?


# %% slideshow={"slide_type": "subslide"} tags=["core"] minutes=1
by_length = sorted(train, key=lambda row: len(row["en"].split()))


def batch(step, rows=by_length, words=words):
    """32 neighbours in the order of length: a pure function of the step."""
    draw = torch.Generator().manual_seed(step)
    at = int(torch.randint(len(rows) - 32, (), generator=draw))
    return coded(rows[at : at + 32], words)


def translated(model, rows, state=None, words=words):
    """The most probable word each time, until <eos>: chapter 06 knows better ways."""
    state = model.start(*coded(rows, words)[:2]) if state is None else state
    found = greedy(model, state, bos=bos, eos=eos, max_length=30, batch=len(rows))
    return [" ".join(words["fr"].decode(ids)) for ids in best(found)]


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("exact")
model, known = models["output"], {row["en"] for row in train}
unseen = [row for row in test if row["en"] not in known]
held_out = coded(unseen)
history = fit(model, batch, loss, steps=300, lr=5e-3)
said = translated(model.eval(), unseen)
for row, line in list(zip(unseen, said, strict=True))[:8]:
    print(f"{row['en']:34} {line:38} {'' if line in row['references']['fr'] else row['fr']}")
right = [line in row["references"]["fr"] for row, line in zip(unseen, said, strict=True)]
small = [len(row["en"].split()) <= 8 for row in unseen]
few, many = ([hit for hit, s in zip(right, small, strict=True) if s is a] for a in (True, False))
twice = sum(few) / len(few) > 2 * sum(many) / len(many)
result(atol=0.02, exact=sum(right) / len(right))
result(rtol=1e-3, loss=loss(model, held_out))
result(up_to_8_words_right_twice_as_often=twice)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# From $\ln V = 6.40$ nats down to 0.83, and 0.21 of the unseen sentences are right to the last word: those of up to eight words more than
# twice as often as longer ones. Where it is wrong, look at *how* it is wrong (the right translation stands in the third column). Most of it
# is French, with agreement and word order in place, and it speaks of something else: *a tall man who draws the green ball often sees me*
# came out as a boy who sees a ball.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Look inside: squeeze the context
#
# $c$ has 128 numbers. How many does the model really use? Take the contexts of 1,000 training sentences, find the directions in which they
# differ most (principal components), and keep only the first $k$ of them:
#
# $$c_k = \bar c + V_k V_k^\top (c - \bar c), \qquad V_k: H \times k$$
#
# Move $k$ down and watch: which words go first, and does what comes out still look like French? Below the slider the loss over all unseen
# sentences, on the twenty commonest words of the target (little words and marks, but *balle*, *chien* and *tom*, too) and on all others.

# %% slideshow={"slide_type": "subslide"} tags=["core"] minutes=1
with torch.no_grad():
    contexts = model.start(*coded(train[:1000])[:2]).context  # 1000, H
mean = contexts.mean(0)
V = torch.linalg.svd(contexts - mean, full_matrices=False).Vh.T  # H, H: a direction in each column


def squeezed(rows, k):
    """The decoder's start from the first k directions of the context."""
    state = model.start(*coded(rows)[:2])
    c = mean + (state.context - mean) @ V[:, :k] @ V[:, :k].T
    return state._replace(hidden=c[None], context=c)


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only"] minutes=3
@torch.no_grad()
def at(sentence, k):
    """How probable each right word is after the right words, and what is written."""
    row = unseen[sentence]
    _, _, read, write = coded([row])
    logits = model.advance(read, squeezed([row], k))[0]  # 1, S, V
    p = logits.softmax(-1)[0].gather(-1, write[0][:, None])[:, 0].tolist()
    line = translated(model, [row], squeezed([row], k))[0]
    picture, ax = show.canvas(f"Bars: the probability of each right word; it writes: {line}")
    ax.bar(range(len(p)), p, color=show.colour("seq2seq"))
    ax.set_xticks(range(len(p)), [*row["fr"].split(), "<eos>"], rotation=35, ha="right")
    ax.set(ylim=(0, 1), ylabel="p of the right word")
    ax.set_title(f"{row['en']}\n{k} numbers: {line}", fontsize=12)
    return picture


show.slider(at, sentence=(0, 30), k=(1, 128), start={"sentence": 4, "k": 8})

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
WIDTHS, write = [1, 2, 4, 8, 16, 32, 64, 128], held_out[3]
common = write < 24  # ids are in the order of frequency, after four special ones
cost = {"20 commonest words": [], "all others": []}
for k in WIDTHS:
    with torch.no_grad():
        logits = model.advance(held_out[2], squeezed(unseen, k))[0]
    nats = F.cross_entropy(logits.mT, write, reduction="none", ignore_index=pad)
    for name, chosen in zip(cost, (common & (write != pad), ~common), strict=True):
        cost[name].append(nats[chosen].mean().item())
curves = {name: (WIDTHS, losses) for name, losses in cost.items()}
display(show.lines(curves, x="numbers kept of the context, k", y="loss (nats per word)", logx=True))
result(rtol=1e-3, whole={name: losses[-1] for name, losses in cost.items()})
result(rtol=5e-3, squeezed_to_8={name: losses[3] for name, losses in cost.items()})

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Some sixty numbers do almost as well as 128. At 8 numbers the commonest words cost 0.6 nats instead of 0.3, all others 2.4 instead of
# 1.3: a full nat more. What is left sounds like French and says what is said most often: dogs, balls, gardens. Grammar and the common
# words the decoder knows as a language model; a rarer word can come from nowhere but the context.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Measure it: length
#
# Now sentences of one and two clauses, 3 to 30 words, 800 steps, 3 seeds; 100 test sentences a bin. The score is **BLEU**: 0 to 100, the
# overlap of runs of one to four words with the references (chapter 06 counts it by hand).
#
# The first kind, `"state"`: a context of 128 numbers for 5 words and for 25. Beside it, as a promise: the same model with *attention*,
# which may look at every $h_t$ again (chapter 07). What will sentences of more than 20 words score without attention?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("longest")
book, middle = ledger("05_sequence_to_sequence"), [4.5, 8, 11, 14, 18, 25.5]
BINS = ["3 to 6", "7 to 9", "10 to 12", "13 to 15", "16 to 20", "21 to 30"]
MODELS = {"state": "fixed context", "attention": "attention (chapter 07)"}
scored = {n: [book.mean(f"length, {n}", f"bleu, {b}") for b in BINS] for n in MODELS}
curves = {MODELS[name]: (middle, values) for name, values in scored.items()}
display(show.lines(curves, x="words of the source", y="BLEU", limits=(0, 100)))
result(rtol=1e-6, longest=scored["state"][-1], scored=scored)
result(rtol=1e-6, kept={n: values[-1] / values[0] for n, values in scored.items()})
short, long = (("length, state", f"bleu, {b}") for b in (BINS[0], BINS[-1]))
falls = book.claim(long, short, margin=10)
above = book.claim(short, ("length, attention", long[1]), margin=10)
result(fixed_falls_by_10=falls, attention_on_long_beats_fixed_on_short=above)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The fixed context falls from 41 to 20 and keeps 0.49 of its score; attention goes from 83 to 71 and keeps 0.85. On every seed attention
# does better on the longest sentences than the fixed context on the shortest. Attention loses, too, but far less; chapter 07 finds the same
# on pairs of up to three clauses. Nor are the long ones strangers: about one training sentence in nine has more than 20 words.
#
# Two suspects are left. Did the encoder not get the sentence into $c$, or does the decoder, which was told $c$ once, forget it on the way?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Does it help to tell $c$ again?
#
# If the decoder forgets its first state on the way, tell it at every step (`"step"`), or to the output layer as well (`"output"`).
#
# Which part of the loss with length can that win back: what the *decoder* forgets, or what never fitted into $c$?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
told = {n: [book.mean(f"length, {n}", f"bleu, {b}") for b in BINS] for n in kinds}
curves = {f'context "{name}"': (middle, values) for name, values in told.items()}
display(show.lines(curves, x="words of the source", y="BLEU", limits=(0, 100)))
result(rtol=1e-6, all_lengths={n: book.mean(f"length, {n}", "bleu") for n in kinds})
result(rtol=1e-6, ends={n: [values[0], values[-1]] for n, values in told.items()})
result(rtol=1e-6, kept={n: values[-1] / values[0] for n, values in told.items()})
short, long = (("length, output", f"bleu, {b}") for b in (BINS[0], BINS[-1]))
behind = book.claim(long, ("length, attention", long[1]), margin=20)
result(output_falls_by_30=book.claim(long, short, margin=30), attention_ahead_by_20=behind)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Last word first
#
# Told once, 800 steps bring 26.7 BLEU over all lengths; told at each step 46.6; told to the output layer as well 52.3. A decoder that need not
# carry $c$ along is far better: up to 6 words it does as well as attention (87 and 83; the seeds overlap). And yet it falls to 37 on the
# longest, where attention has 71. Telling $c$ again mends what the decoder forgot. It cannot tell what is not in $c$.
#
# Sutskever, Vinyals and Le (2014) read the source **backwards**: then its first word is read last, just before the decoder has to write the
# target's first word. The sum of all distances between a word and its translation stays the same.
#
# What will it change for the first three words of a translation, and what for the last three? (Loss in nats per word, the right words
# being read.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
predict("first_words_won")
WAYS = {"forwards": "length, state", "backwards": "length, state, source reversed"}
ends = {w: [book.mean(n, f"{e} three") for e in ("first", "last")] for w, n in WAYS.items()}
curves = {w: (middle, [book.mean(n, f"bleu, {b}") for b in BINS]) for w, n in WAYS.items()}
display(show.lines(curves, x="words of the source", y="BLEU", limits=(0, 100)))
result(rtol=1e-6, first_and_last=ends, bleu={w: book.mean(n, "bleu") for w, n in WAYS.items()})
result(rtol=1e-6, first_words_won=ends["forwards"][0] - ends["backwards"][0])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Where it breaks: what was read first
#
# Backwards the score rises from 26.7 to 32.7. The first three words cost 0.38 nats instead of 0.60; the last three, whose sources are now the
# farthest, 0.58 instead of 0.59, which is no difference between three seeds. A good beginning helps everything behind it, which reads it.
#
# How wide is the neck? The decoder receives one state for each layer, $H$ numbers each; an LSTM hands over its cell, too: twice as many.
# A longer source has more to say, and the same numbers to say it with.
#
# Take sentences of eight words, and put another word in one place. By what share of its length does $c$ move? Is it the same for the
# first word read and the last?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("first_word")
eight = [row for row in train if len(row["en"].split()) == 8][:300]
source, lengths, *_ = coded(eight)
swap = torch.randperm(len(eight), generator=torch.Generator().manual_seed(0))
shift = []
with torch.no_grad():
    c = model.start(source, lengths).context
    for place in range(7):  # the eighth is the full stop
        other = source.clone()
        other[:, place] = source[swap, place]  # the word at this place of another sentence
        moved = (model.start(other, lengths).context - c).norm(dim=1) / c.norm(dim=1)
        shift.append(moved[other[:, place] != source[:, place]].mean().item())
labels = {"x": "place of the exchanged word", "y": "how far c moves (share of its length)"}
display(show.lines({"encoder": shift}, **labels, limits=(0, 0.8)))
result(atol=0.02, first_word=shift[0], seventh_word=shift[-1], by_place=shift)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## On real data
#
# The first word has not faded: it moves $c$ by 0.50 of its length, the words behind it hardly more or less; only the last before the
# full stop stands out, with 0.66. So at eight words the encoder does not *forget*. But every word pushes the same 128 numbers, and from
# where $c$ ends up it must be told who pushed. More units cost weights that grow with their square. Chapter 07 takes another way out:
# keep all $h_t$, and let the decoder look.
#
# Now real text, and letters for words: read a word of the manual that comes with Python, and write it again. Copying needs no knowledge
# but *which letters stood there*: all of it must pass through $c$. Every tenth word is kept for testing. Versions of Python differ, so
# only claims are stored.
#
# Will a word of 3 to 5 letters come back more often than one of 9 to 12?

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
text = " ".join(load("text", source="pydoc")["train"]["text"]).lower()
real = sorted({w for w in re.findall("[a-z]+", text) if 3 <= len(w) <= 12}, key=len)
both = dict.fromkeys(["en", "fr"], Vocab.build(real))
rows = [{"en": " ".join(word), "fr": " ".join(word)} for word in real]
asked, kept = rows[::10], [row for i, row in enumerate(rows) if i % 10]
copier = Seq2Seq(
    Seq2SeqConfig(len(both["en"]), len(both["fr"]), width=32, hidden=64, bidirectional=False)
)
fit(copier, partial(batch, rows=kept, words=both), loss, steps=400, lr=1e-2)
back = {"short": [], "long": []}
for row, line in zip(asked, translated(copier.eval(), asked, words=both), strict=True):
    if (size := len(row["en"].split())) < 6 or size > 8:
        back["short" if size < 6 else "long"].append(line == row["fr"])
short, long = (sum(hits) / len(hits) for hits in back.values())
result(short_words_come_back=short > long + 0.2, long_words_lost=long < 0.5)

# %% slideshow={"slide_type": "skip"} tags=["extra"]
ONLINE = False  # True: 29,000 captions of photographs in two languages, same columns (5 MB)
if ONLINE:
    multi30k = load("pairs", source="hub", languages=("en", "de"))
    for row in list(multi30k["train"])[:3]:
        print(row["en"], "|", row["de"])

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: context padding shift bottleneck reversed

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Sutskever, Vinyals and Le 2014, *Sequence to sequence learning with neural networks*: the context as first state, the source reversed.
# - Cho and others 2014, *Learning phrase representations using RNN encoder-decoder for statistical machine translation*: the GRU, and the
#   context at every step and in the output layer.
# - Cho, van Merriënboer, Bahdanau and Bengio 2014, *On the properties of neural machine translation: encoder-decoder approaches*: the fall
#   with length, measured.
# - Kalchbrenner and Blunsom 2013, *Recurrent continuous translation models*: a convolutional encoder and a recurrent decoder.
#
# Next: 05b, in which the teacher leaves, and a picture takes the place of the sentence.
