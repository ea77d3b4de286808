# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 07a Attention: scores and the global kind
#
# Until now a decoder got one vector, and had to translate from memory. This part lets it look back at every word of the source,
# and choose where to look for each word that it writes.
#
# - You can write attention as a soft look-up, with six ways to compare a question and a key.
# - You can say what Bahdanau's and Luong's decoders do differently, and why one of them trains in fewer calls.
# - You can train a translator with attention, and measure what looking back buys on long sentences.
#
# About 110 minutes to work through, 89 as a lecture, 78 without the cells tagged *extra*, which can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import math
import re
import time

import torch

from coursekit import ledger, load, predict, result, show
from coursekit.models import Seq2Seq, Seq2SeqConfig
from coursekit.nn.attention import SCORES, Attention, self_attention
from coursekit.text import Vocab
from coursekit.train import fit, next_word_loss, pair_batches

show.use_style()


def seeded(n):
    return torch.Generator().manual_seed(n)


# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Remember
#
# 1. Beam search of width 4: how many hypotheses does it keep after ten words, and how long are they?
# 2. A candidate of four words repeats one word of the reference four times. What is its clipped unigram precision?
# 3. What does teacher forcing feed the decoder, and what does the decoder read when it translates?
# 4. Why do far steps of a plain recurrent network learn so slowly?
# 5. Two words have the same neighbours in every text. What do their word vectors look like?
#
# <details><summary>Answers</summary>
#
# 1. Four of them, each ten words long (finished ones are set aside).
# 2. One quarter, if the word stands once in the reference: each word counts at most as often as there.
# 3. The right words before, then its own.
# 4. Each step multiplies the gradient by a Jacobian; if its singular values are below 1, little arrives.
# 5. Nearly alike: they were trained to predict the same neighbours.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Why
#
# Cover this sentence after one reading, and translate it:
#
# > *mum , in spring anna wants to hear you and i can invite the sailors in front of the tower at noon .*
#
# Nobody works like that. A translator reads, writes a word, and **looks back** at the words that it needs next. The
# encoder-decoder of chapter 05 may not: all that it keeps of a sentence is one vector, as long for thirty words as for three.
#
# It was trained on sentences of one to three clauses. What will the translations of the longest quarter, 24 words and more, score with
# that one vector? BLEU, in per cent, from the ledger, three seeds; 100 would be a reference word by word.

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("fixed_longest")
book, BINS = ledger("07_attention"), ["4 to 10", "11 to 16", "17 to 23", "24 and more"]
bleu = {
    name: [book.mean(f"translation, {name}", f"bleu/{b}") for b in BINS]
    for name in ("fixed", "Luong general")
}
labels = {"x": "words of the source (middle of four bins)", "y": "BLEU", "limits": (0, 100)}
MIDDLE = (7, 13.5, 20, 29)
display(show.lines({"one fixed vector": (MIDDLE, bleu["fixed"])}, **labels))
result(rtol=1e-9, fixed_shortest=bleu["fixed"][0], fixed_longest=bleu["fixed"][-1])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## The idea: a soft look-up
#
# A Python dictionary answers a question if the key is there, letter by letter, and raises an error otherwise. A **soft** one
# compares the question with *every* key, turns the scores into weights that sum to 1, and mixes the values:
#
# $$e_s = \mathrm{score}(q, k_s), \qquad a_s = \frac{\exp e_s}{\sum_r \exp e_r}, \qquad c = \sum_s a_s\, v_s$$
#
# $q$: the **query**. $k_s$, $v_s$: the **key** and the **value** at place $s$ of $T$. $e$: the scores, $T$ numbers. $a$: the
# **weights**, $T$ numbers. $c$: the **context**, as long as a value. Nothing in it is a yes or a no, so a gradient flows through all.
#
# Temperatures were read every three hours. A key is the hour's point on a clock face of 24 hours, a value the temperature; the score is
# $\beta\, q \cdot k_s$, and $\beta$ is called `sharpness` below.
# What does the table say at ten o'clock, for a small $\beta$, and for a very large one?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def clock(hours):
    """Points on a circle, N 2."""
    angle = torch.as_tensor(hours, dtype=torch.float64) * (2 * math.pi / 24)
    return torch.stack([angle.cos(), angle.sin()], -1)


hours = torch.arange(0, 24, 3)
keys, values = clock(hours), torch.tensor([9.0, 7, 6, 11, 17, 21, 18, 12]).double()


def soft_lookup(query, sharpness):
    weights = (sharpness * query @ keys.T).softmax(-1)
    return weights @ values, weights


answers = {b: soft_lookup(clock([10.0]), b)[0].item() for b in (0, 1, 10, 1000)}
print("weights at 10, sharpness 10:", soft_lookup(clock(10.0), 10)[1].round(decimals=2).tolist())
result(rtol=1e-9, at_ten_o_clock={str(b): answer for b, answer in answers.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### From a mean to a choice
#
# With $\beta = 0$ every key weighs the same: 12.6 degrees, the mean of the day. With 1,000 only the nearest key is left, nine
# o'clock with its 11. With 10 the two neighbours share: 0.73 of nine o'clock's 11, 0.27 of noon's 17. (That this, too, makes 12.6
# is chance.)
#
# Move the hour along the day, then `sharpness`. Where does the curve of answers become a staircase, and what would the gradient of a
# staircase be?


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "toy"] minutes=2
def day(hour, sharpness):
    answer, weights = soft_lookup(clock(hour), sharpness)
    alt = f"At {hour:g} h the answer is {answer:.1f} degrees."
    picture, (left, right) = show.canvas(alt, width=7.6, columns=2)
    left.bar(hours, weights, width=2, color=show.colour("window"))
    left.set(ylim=(0, 1), xlabel="hour of the key", title="weights")
    right.plot(DAY, soft_lookup(clock(DAY), sharpness)[0], color=show.colour("seq2seq"))
    right.plot(hours, values, "s", color=show.colour("window"))
    right.plot(hour, answer, "o", markersize=11, color=show.colour("transformer"))
    right.set(xlabel="hour of the query", title="degrees", xticks=range(0, 25, 6))
    return picture


BETA, DAY = [0, 1, 10, 1000], torch.linspace(0, 24, 200)
show.slider(day, hour=(0.0, 24.0, 0.5), sharpness=BETA, start={"hour": 10.0, "sharpness": "10"})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### Six ways to score
#
# A staircase is flat, and its gradient zero: nothing would be learnt. Soft weights are what makes the look-up trainable. What remains to
# choose is the score. In translation the keys and values are the encoder's states $h_s$ ($K$ numbers each), the query $q$ is the
# decoder's state ($Q$ numbers). $A$: hidden units of the additive score's small network.
#
# | name | score | weights | from |
# |---|---|---|---|
# | dot | $q^\top h_s$, needs $Q = K$ | none | Luong 2015 |
# | scaled dot | $q^\top h_s / \sqrt{K}$ | none | Vaswani 2017 |
# | general | $q^\top W h_s$ | $Q K$ | Luong 2015 |
# | additive | $v^\top \tanh(W [q; h_s])$ | $A (Q + K + 1)$ | Bahdanau 2015 |
# | location | $(W q)_s$ | $Q$ for each place | Luong 2015 |
# | cosine | $\beta\, q^\top h_s / (\lvert q \rvert \lvert h_s \rvert)$ | one, $\beta$ | Graves 2014 |
#
# The scaled one divides by the root of the **dimension** $K$, not by the length of the key. Now write the six source words in reverse
# order. With five of the scores the weights come in reverse order, too. With which one do they not?

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
q, H = torch.rand(2, 3, 4, generator=seeded(0)), torch.rand(2, 6, 4, generator=seeded(1))
follow, sizes = {}, {}
for name in SCORES:
    attention = Attention(name, 4, 4, max_length=6)
    context, a = attention(q, attention.prepare(H))  # B, S, K and B, S, T
    turned = attention(q, attention.prepare(H.flip(1)))[1].flip(2)
    follow[name] = torch.allclose(turned, a, atol=1e-6)
    sizes[name] = sum(p.numel() for p in attention.parameters())
print("queries", tuple(q.shape), "keys", tuple(H.shape), "weights", tuple(a.shape))
print("first row of the last weights:", [round(w, 3) for w in a[0, 0].tolist()])
result(weights_follow_the_words=follow, parameters=sizes)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ### No parameter at all: a text that looks at itself
#
# The location score never looks at a key: its weights stay where they were. Now the dot product, with nothing to learn, and one text as
# query, key and value: $X$ has a row for each word, and
#
# $$Y = \mathrm{softmax}(X X^\top)\, X$$
#
# Row $n$ of the weights belongs to **query** $n$: each word becomes a mix of all words, most of those like itself. Queries and keys from
# one text: **self**-attention. From two texts: **cross**-attention.
#
# *bank* is money or a river's edge. Its vector stands half way: two numbers, (water, money), set by hand. After one round of
# self-attention, to which side will it have moved beside *river*, and beside *cash*?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
MEANING = {"bank": (1.0, 1.0), "river": (2.0, 0.0), "boat": (1.5, 0.0), "cash": (0.0, 2.0)}
SENTENCES = ["the bank by the river", "cash from the bank", "the boat has cash for the bank"]


def vectors(words):
    return torch.tensor([MEANING.get(word, (0.0, 0.0)) for word in words])


moved = {}
for sentence in SENTENCES:
    words = sentence.split()
    y, a = self_attention(vectors(words)[None])  # 1, T, 2 and 1, T, T
    moved[sentence] = y[0, words.index("bank")].tolist()
X = vectors(SENTENCES[0].split())
same = torch.allclose(self_attention(X[None])[0][0], (X @ X.T).softmax(-1) @ X, atol=1e-6)
result(rtol=1e-5, bank_becomes=moved)
result(equals_the_package=same)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=3
# ### Look at the bank
#
# Beside *river* the bank has more water than money, beside *cash* more money than water. The little words, all zeros, only pull the
# mix towards zero.
#
# Choose a sentence, and a factor on all scores. What does the factor 0 make of *bank*, and what does 5? In the third sentence, which
# side wins, and why is it not a draw?
#
# <details><summary>Answers</summary>
#
# - 0: the plain mean of all words. 5: half *bank* and half *river* (or *cash*), for both have the dot product 2 with *bank*.
# - Money. *cash* is the longer vector: its dot product with *bank* is 2, that of *boat* 1.5. Their cosines are the same.
#
# </details>


# %% slideshow={"slide_type": "subslide"} tags=["extra", "output-only", "toy"] minutes=2
def bank(sentence, factor):
    X = vectors(words := sentence.split())
    a = (factor * X @ X.T).softmax(-1)
    before, after = torch.stack([X, a @ X])[:, words.index("bank")]
    alt = f"Heat map of weights; bank moves from (1, 1) to ({after[0]:.2f}, {after[1]:.2f})."
    picture, (left, right) = show.canvas(alt, 8.4, 3.8, columns=2)
    left.imshow(a, vmin=0, vmax=1, zorder=3)  # above the grid
    left.set_xticks(range(len(words)), words, rotation=90)
    left.set(yticks=range(len(words)), yticklabels=words, title="weights (row: query)")
    for word in {*words} & {*MEANING}:
        right.annotate(word, MEANING[word], ha="center", bbox={"fc": "#e8eef7", "ec": "#555555"})
    right.annotate("", after, before, arrowprops={"arrowstyle": "-|>", "lw": 2.5})
    right.set(xlim=(-0.2, 2.6), ylim=(-0.2, 2.6), xlabel="water", title="money")
    return picture


show.slider(bank, sentence=SENTENCES, factor=[0, 0.5, 1, 2, 5], start={"factor": "1"})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Build it: ten lines
#
# Additive attention, the first one that translated (Bahdanau, Cho and Bengio 2015). $W [q; h] = W_q q + W_h h$, so the part of the
# keys, $W_h h_s$, is worked out **once** for a sentence, not once for each word written:
#
# $$e_{ts} = v^\top \tanh(W_q q_t + W_h h_s), \qquad a_t = \mathrm{softmax}_s(e_t), \qquad c_t = \sum_s a_{ts} h_s$$
#
# $q$: $B \times S \times Q$, the $S$ queries of each of $B$ sentences. $h$: $B \times T \times K$. $e$ and $a$: $B \times S \times T$. Padding must weigh
# nothing: its score is set to the lowest number *before* the softmax. In a row of padding alone all scores are equally low; what would a
# softmax make of it, and what should the context be?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def look(q, h, mask, W_q, W_h, v):
    """Contexts and weights of additive attention."""
    prepared = h @ W_h.T  # B, T, A: once for a sentence
    e = torch.tanh((q @ W_q.T)[:, :, None] + prepared[:, None]) @ v  # B, S, T
    e = e.masked_fill(~mask[:, None], torch.finfo(e.dtype).min)
    a = e.softmax(-1) * mask[:, None]  # a row of padding alone: 1/T each, so zeros are put in
    return a @ h, a


attention = Attention("additive", 4, 4)
mask = torch.tensor([[True] * 4 + [False] * 2, [False] * 6])  # the second row is padding alone
ours = look(q, H, mask, *attention.score.parameters())
theirs = attention(q, attention.prepare(H, mask))
same = all(torch.allclose(a, b, atol=1e-6) for a, b in zip(ours, theirs, strict=True))
result(rtol=1e-5, weights_of_query_0=ours[1][0, 0])
result(equals_the_package=same, padding_row_gives_zeros=bool((ours[0][1] == 0).all()))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=5
# ### Before the step, or after it
#
# Two decoders, one question: which state asks? $y_{t-1}$ is the word just written, $E$ the embedding, $s_t$ the state.
#
# | | Bahdanau: look, then step | Luong: step, then look |
# |---|---|---|
# | query | $s_{t-1}$ | $s_t$ |
# | state | $s_t = \mathrm{GRU}([E y_{t-1}; c_t],\; s_{t-1})$ | $s_t = \mathrm{GRU}(E y_{t-1},\; s_{t-1})$ |
# | attentional state | | $\tilde s_t = \tanh(W_c [c_t; s_t])$ |
# | next word | $\mathrm{softmax}(W [s_t; E y_{t-1}; c_t])$ | $\mathrm{softmax}(W_s \tilde s_t)$ |
#
# The decoder gives the queries, the encoder the keys and values. For output 2 one uses query 2 and *all* keys.
#
# One decoder asks before it has read $y_{t-1}$, the other after. In which of the two can all queries of a known sentence be worked out
# before any attention is?

# %% slideshow={"slide_type": "subslide"} tags=["extra", "toy"] minutes=3
small = {"source_size": 9, "target_size": 8, "width": 4, "hidden": 4}
early = Seq2Seq(Seq2SeqConfig(**small, context="output", attention="bahdanau", score="additive"))
late = Seq2Seq(Seq2SeqConfig(**small, attention="luong"))
source, word, same = torch.tensor([[4, 5, 6, 7]]), torch.tensor([2]), {}

old = early.start(source)
c, a = early.attention(old.hidden[-1][:, None], old.memory)  # the old state asks
fed = torch.cat([early.target_embed(word), c[:, 0]], -1)
s, _ = early.decoder.step(fed, old.hidden)
same["Bahdanau"] = torch.allclose(early.output(torch.cat([s, fed], -1)), early.step(word, old)[0])
old = late.start(source)
s, _ = late.decoder.step(late.target_embed(word), old.hidden)
c, a = late.attention(s[:, None], old.memory)  # the new state asks
mixed = torch.tanh(late.combine(torch.cat([c[:, 0], s], -1)))
same["Luong"] = torch.allclose(late.output(mixed), late.step(word, old)[0])
result(equals_the_package=same)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### All words in one call
#
# In Luong's decoder no state waits for a context. Under teacher forcing, where the target is known, the recurrent layer makes all $S$
# states in one call, and one batched product makes all contexts: the **pre-attention decoder**. In Bahdanau's, state $t$ needs context
# $t$, which needs state $t - 1$. (Luong's paper also describes input feeding, which hands $\tilde s_{t-1}$ to the next step: then the
# steps wait again.)
#
# 32 sentences of 30 words, forward and backward. Which way is quicker, and about how many times? (Times differ from machine to machine,
# so only the claim is stored; `print(took)` shows your seconds.)

# %% slideshow={"slide_type": "subslide"} tags=["extra", "toy"] minutes=2
sizes = {"source_size": 500, "target_size": 500, "width": 32, "hidden": 64}
model = Seq2Seq(Seq2SeqConfig(**sizes, attention="luong"))
ids = torch.arange(960).view(32, 30) % 500


def one_call():
    return model(ids, ids)


def word_by_word():
    state, rows = model.start(ids), []
    for t in range(ids.size(1)):
        logits, state = model.step(ids[:, t], state)
        rows.append(logits)
    return torch.stack(rows, 1)


def seconds(way):
    began = time.perf_counter()
    way().logsumexp(-1).mean().backward()
    return time.perf_counter() - began


# %% slideshow={"slide_type": "fragment"} tags=["extra", "toy"]
same = torch.allclose(one_call(), word_by_word(), atol=1e-4)
took = {way.__name__: min(seconds(way) for _ in range(4)) for way in (one_call, word_by_word)}
result(same_logits=same, one_call_faster=took["one_call"] < took["word_by_word"])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Use it: a translator that looks back
#
# English to French. To train in seconds we take the world's easier pairs: one clause, the commoner words. Each pair comes with its
# **gold alignment**: which source words each target word renders, known because both sentences were written from one meaning.
#
# A batch holds 32 pairs, with their sources' lengths. The decoder reads `<bos>` (2) and the target, and must write the target and
# `<eos>` (3); 0 is padding.

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
EASY = {"languages": ("en", "fr"), "zipf": 1.5, "variety": 0.0}
pairs = load("pairs", n=6_000, clauses=1, **EASY)
words = [[row["en"].split(), row["fr"].split()] for row in pairs["train"]]
en, fr = (Vocab.build(side) for side in zip(*words, strict=True))
sources, targets = [en.encode(x) for x, _ in words], [fr.encode(y) for _, y in words]
batch = pair_batches(sources, targets, 32)
names = ("source", "lengths", "target_in", "target_out")
for name, part in zip(names, batch(0), strict=True):
    print(f"{name:10} {tuple(part.shape)}", part[0].tolist())
first = pairs["test"][0]
print(first["en"], "|", first["fr"], "|", first["alignment"]["fr"])
result(pairs=len(sources), english_words=len(en), french_words=len(fr))


# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Train it, live
#
# 300 steps of 32 sentences: Luong's decoder with the general score, 96 units. Nobody shows it the alignment: it is told the
# right next word, and nothing else.
#
# Afterwards, on sentences it has not seen, and with the right words before: how often will its next word be right?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
predict("right_words")
config = Seq2SeqConfig(len(en), len(fr), width=48, hidden=96, attention="luong", score="general")
model = Seq2Seq(config, seeded(0))
history = fit(model, batch, next_word_loss(), steps=300, lr=6e-3)
model.eval()


def right(row):
    """Whether each next word of a pair is predicted, with the right words before it."""
    source, target = en.encode(row["en"].split()), fr.encode(row["fr"].split())
    logits = model(torch.tensor([source]), torch.tensor([[fr.bos, *target[:-1]]]))
    return (logits[0].argmax(-1) == torch.tensor(target)).float()


test = [*pairs["test"]]
display(show.lines({"Luong, general": history.loss}, x="step", y="training loss (nats per word)"))
result(atol=0.01, right_words=torch.cat([*map(right, test)]).mean())

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Look inside: where it looked
#
# 0.79 of the next words are right after 300 steps. Rows are the French words, columns the English ones; a row shows where the
# model looked to write that word, and sums to 1. Orange frames are the gold alignment, which the model never saw.
#
# - Find a row whose brightest cell lies in the frame, and one where it does not. Is the frame's neighbour bright instead?
# - Take a sentence with a negation, one with a pronoun before the verb, one whose adjective moves. Does the light follow?
# - Where does the last row, the full stop, look?


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
def looked(row):
    """A test sentence's attention weights, and its gold alignment in frames."""
    x, y = row["en"].split(), row["fr"].split()
    ids = torch.tensor([en.encode(x)]), torch.tensor([[fr.bos, *fr.encode(y[:-1])]])
    with torch.no_grad():
        a = model.with_weights(*ids)[1][0]  # S, T: row j is what was looked at to write y[j]
    labels = {"x": "English", "y": "French (gold links in frames)", "label": "weight"}
    picture = show.heatmap(a, rows=y, columns=x, limits=(0, 1), **labels)
    for s, t in row["alignment"]["fr"]:
        frame = {"color": "#D55E00", "linewidth": 3}
        picture.axes[0].plot([s + dx for dx in ACROSS], [t + dy for dy in DOWN], **frame)
    return picture


# %% slideshow={"slide_type": "fragment"} tags=["core", "output-only", "world"]
ACROSS, DOWN = (-0.44, 0.44, 0.44, -0.44, -0.44), (-0.44, -0.44, 0.44, 0.44, -0.44)
KINDS = ["adjective", "negation", "clitic", "reordered", "perfect", "question", "ambiguous"]
short = [row for row in test if len(row["en"]) < 60]
chosen = [next(row for row in short if kind in row["kinds"]) for kind in KINDS]
show.slider(looked, row={f"{k}: {r['en']}": r for k, r in zip(KINDS, chosen, strict=True)})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Measure it: by length, with and without
#
# The light follows, mostly, and sometimes it lies one word beside the frame. 07b counts how often.
#
# Now the question of *Why*. The ledger's second model was trained exactly as the fixed vector was, on one to three clauses: Luong's
# decoder with the general score. (07b brings Bahdanau's, and a local one.) The fixed vector scored 40.6 on the shortest quarter and
# 14.1 on the longest. What will attention score on the longest?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("luong_longest")
bleu = {"one fixed vector": bleu["fixed"], "Luong, general score": bleu["Luong general"]}
display(show.lines({name: (MIDDLE, row) for name, row in bleu.items()}, **labels))
result(rtol=1e-9, luong_longest=bleu["Luong, general score"][-1])
result(rtol=1e-9, lost_from_shortest_to_longest={n: row[0] - row[-1] for n, row in bleu.items()})
longest = [("translation, " + n, "bleu/24 and more") for n in ("fixed", "Luong general")]
shortest = [("translation, " + n, "bleu/4 to 10") for n in ("fixed", "Luong general")]
result(attention_wins_on_the_longest=book.claim(*longest, margin=40))
result(fixed_loses_with_length=book.claim(longest[0], shortest[0], margin=15))
drops = [a - b for a, b in zip(*(book.values(*s) for s in (shortest[1], longest[1])), strict=True)]
result(attention_loses_less_than_10=max(drops) < 10, seeds=len(drops))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Where it breaks: longer than ever seen
#
# On the longest quarter Luong's decoder has 71.9 BLEU, the fixed vector 14.1. From the shortest quarter to the longest the fixed
# vector loses 26.5 points, two thirds of what it had; Luong's loses 6.2. Each word gets a context of its own, so a longer sentence needs no
# longer memory. That is what Bahdanau and others saw on real English and French in 2015. (Both had the same training, 700 steps; 05 found
# such a loss of the fixed vector, too, after 800 steps on shorter sentences.)
#
# The ledger's models were *trained* on long sentences, too. Our live model knows one clause only. Nothing in its attention has a fixed
# length: any number of keys will do. So will it translate two clauses, and three?
#
# Same kind of words, the right words before, 100 sentences each: what share of its next words will be right with three clauses?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("three_clauses")
longer = {n: [*load("pairs", n=2_000, seed=1, clauses=n, **EASY)["test"]] for n in (1, 2, 3)}
share = {n: torch.cat([*map(right, rows)]).mean().item() for n, rows in longer.items()}
places = range(0, 20, 4)
rows = [right(row) for row in longer[3]]
by_place = [torch.cat([r[p : p + 4] for r in rows]).mean().item() for p in places]
curve = {"three clauses": ([p + 1 for p in places], by_place)}
axes = {"x": "first of four target words", "y": "share of right next words"}
display(show.lines(curve, **axes, limits=(0, 1)))
result(atol=0.015, one_clause=share[1], two_clauses=share[2], three_clauses=share[3])
result(worse_with_each_clause=share[1] > share[2] + 0.05 and share[2] > share[3] + 0.02)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## On real data
#
# No: 0.80 of the next words are right with one clause, 0.55 with two, 0.43 with three; and in three the share falls from place to place,
# as the curve shows. The look-up takes any number of keys; the states that are compared were made by recurrent layers, which
# never ran so far in training. What holds beyond the lengths of training has to be measured, always; 08 comes back to it.
#
# A task whose right alignment everybody knows: spell a word **backwards**. The words are those of the manual that comes with Python,
# 4 to 10 letters. To write letter $j$ of $n$ one must look at letter $n + 1 - j$: the looks should walk backwards. Versions of Python
# differ, so only claims are stored.
#
# After 250 steps: in what share of the letters of new words will the largest weight lie on the right letter, or
# on its neighbour? (`print(sum(on_gold) / len(on_gold))` shows it.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = "".join(load("text", source="pydoc")["train"]["text"]).lower()
spelt = sorted({*re.findall(r"\b[a-z]{4,10}\b", manual)}, key=lambda w: (len(w), w))
letters = Vocab.build([*spelt])
held, rest = spelt[::10], [w for i, w in enumerate(spelt) if i % 10]
batch = pair_batches(*([letters.encode(w[::way]) for w in rest] for way in (1, -1)), 32)
config = Seq2SeqConfig(len(letters), len(letters), width=32, hidden=64, attention="luong")
speller = Seq2Seq(config, seeded(0))
fit(speller, batch, next_word_loss(), steps=250, lr=8e-3)
on_gold = []
for w in held[::5]:
    read = [letters.bos, *letters.encode(w[:0:-1])]
    ids = torch.tensor([letters.encode(w)]), torch.tensor([read])
    top = speller.with_weights(*ids)[1][0].argmax(-1)  # S
    on_gold += [abs(len(w) - 1 - j - int(s)) <= 1 for j, s in enumerate(top)]
result(nine_in_ten_look_at_the_letter_or_beside=sum(on_gold) > 0.9 * len(on_gold))

# %% slideshow={"slide_type": "skip"} tags=["extra"]
ONLINE = False  # True: real sentences come by one argument (Multi30k, about 5 MB)
if ONLINE:
    real = load("pairs", source="hub", languages=("en", "de"))
    print(real["train"][0])

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: query cross scaled before location padding

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Bahdanau, Cho and Bengio 2015, *Neural machine translation by jointly learning to align and translate*: the first, section 3.
# - Luong, Pham and Manning 2015, *Effective approaches to attention-based neural machine translation*: the scores, global and local.
# - Graves, Wayne and Danihelka 2014, *Neural Turing machines*: the look-up with a sharpened cosine, section 3.3.
# - Cho and others 2014, *On the properties of neural machine translation*: the fixed vector fails with length.
# - Britz and others 2017, *Massive exploration of neural machine translation architectures*: which score matters, and how little.
#
# On the manual more than nine in ten looks fell on the right letter or beside it. Next: 07b looks at a window only, checks the weights against the gold alignment, and makes hard choices.
