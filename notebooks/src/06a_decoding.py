# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# # 06a Decoding
#
# A model gives every next word a probability. Somebody still has to choose. This part writes the choosers, and measures what each of
# them makes of one and the same model.
#
# - You can draw from a model, and shape what is drawn by temperature, top-k and nucleus.
# - You can write beam search, and say what its width buys, what it costs, and what it ruins.
# - You can pick a decoder for a task, and defend the choice with numbers.
#
# About 75 minutes to work through, 42 as a lecture. Cells tagged *extra* can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import math
from itertools import chain

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence

from coursekit import ledger, load, predict, result, show
from coursekit.data import World
from coursekit.decode import beam_search, beam_trace, best, filtered, greedy, mbr, sample
from coursekit.metrics import bleu, sentence_bleu
from coursekit.models import KneserNey, Seq2Seq, Seq2SeqConfig
from coursekit.text import Vocab
from coursekit.train import fit

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Remember
#
# 1. A decoder is trained with teacher forcing. What does it read at each step then, and what does it read in use?
# 2. Why does a fixed context lose on long sentences?
# 3. A recurrent model has read 10 words, or 100. How large is its state?
# 4. A tokeniser cuts a word into four pieces. How many steps does it take to write the word?
# 5. Why does a language model need an end token?
#
# <details><summary>Answers</summary>
#
# 1. The right word before, whatever it said itself; in use its own word, right or wrong.
# 2. All of the source must fit into one vector of fixed size.
# 3. Equally large: $H$ numbers a layer.
# 4. Four: one token a step.
# 5. Without it no finite text has a probability of its own; with it the model says where to stop.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Why
#
# Chapter 05 left a model that knows $p(y_j \mid y_{<j}, x)$: after the source $x$ and the words so far, the next word. With 900
# words to choose from there are $900^{10} \approx 3.5 \cdot 10^{29}$ outputs of 10 words. Nobody can look at all.
#
# And which one do we want?
#
# - Of a translation: the **best** one. That is a search.
# - Of a story: one of **many** good ones, a new one each time. That is a draw.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## The idea: reshape, then draw
#
# A model scores the $V$ words with logits $z_1, \dots, z_V$. **Ancestral sampling** draws word after word from
#
# $$p_i = \frac{e^{z_i / T}}{\sum_j e^{z_j / T}}, \qquad T > 0$$
#
# with the **temperature** $T = 1$. A smaller $T$ sharpens, a larger one flattens; the limit $T \to 0$ is **greedy**: always the most
# probable word. Two filters cut the tail, where a model is least to be trusted:
#
# - **top-k** keeps the $k$ most probable words,
# - the **nucleus** keeps the smallest set of the most probable words that has probability $p$ or more together.
#
# What is left is divided by its sum. Which of the two keeps few words where the model is sure, and many where it is not?

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Below, a Kneser-Ney trigram of chapter 01 has read *alice went to the beach . there she built a*. The small world says which words can
# follow; the trigram sees *built a* only and believes in many that cannot. The last row adds up the words that are impossible here.
# Before you move anything: how much of the trigram's probability lies on them? Then find a setting that removes them all. What else
# does it remove? (The largest k is the whole vocabulary: it removes nothing.)

# %% slideshow={"slide_type": "skip"} tags=["core", "world"]
predict("impossible")
stories = load("stories", n=5000)
vocab = Vocab.build(stories["train"]["tokens"])
V = len(vocab)
trigram = KneserNey(3, V).fit([vocab.encode(t) for t in stories["train"]["tokens"]])
told = ["alice", "went", "to", "the", "beach", ".", "there", "she", "built", "a"]
exact = World().distribution(told, date=70)
model_p = torch.tensor(trigram.distribution(vocab.encode(told)))  # V
possible = torch.tensor([word in exact for word in vocab.words])  # V
result(rtol=1e-9, impossible=model_p[~possible].sum(), possible_words=len(exact))

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
likely = model_p.argsort(descending=True).tolist()
SHOWN = [vocab.words[i] for i in likely if possible[i]][:4]
SHOWN += [vocab.words[i] for i in likely if not possible[i]][:2]
REST = "all that are impossible"


def reshaped(T, k, p):
    """The trigram's distribution before and after the filters, beside the exact one."""
    after = filtered(model_p.log(), T, k, p).softmax(-1)
    tables = {"exact": exact}
    for name, p_of in {"trigram": model_p, f"T {T:g}, k {k}, p {p:g}": after}.items():
        tables[name] = dict(zip(vocab.words, p_of.tolist(), strict=True))
        tables[name][REST] = float(p_of[~possible].sum())
    return show.next_word(tables, words=[*SHOWN, REST], upto=1, context="there she built a")


ranges = {"T": [0.25, 0.5, 1, 1.5, 3], "k": [1, 2, 5, 20, V], "p": [0.5, 0.8, 0.9, 0.98, 1]}
show.slider(reshaped, **ranges, start={"T": "1", "k": str(V), "p": "0.8"})
result(before_the_first_impossible=[bool(possible[i]) for i in likely].index(False))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ### The idea: keep the best few
#
# More than a third of the probability lay on what cannot be. A filter cuts from the end, and only three words stand before *hut*, the first
# impossible one. So to be rid of all that is impossible costs 20 of the 23 possible words.
#
# Now the search. Greedy takes the most probable *word*, again and again. **Beam search** keeps the $B$ most probable *beginnings* of one length,
# extends each by every word, and keeps the best $B$ of what it gets. $B = 1$ is greedy. What ends in `<eos>` among the best $B$ leaves the
# beam, finished.

# %% [markdown] slideshow={"slide_type": "subslide"} tags=["core"] minutes=1
# A model of three words and an end token; each row holds the probabilities of what comes next:
#
# | after | we | are | late | `<eos>` |
# |---|---|---|---|---|
# | (nothing) | .5 | .4 | .05 | .05 |
# | we | .1 | .5 | .3 | .1 |
# | are | .7 | .05 | .2 | .05 |
# | we are | .05 | .05 | .6 | .3 |
# | are we | .2 | .1 | .5 | .2 |
# | we are late | .04 | .03 | .03 | .9 |
# | are we late | .08 | .06 | .06 | .8 |
#
# Greedy says *we*, then *are*. Is that the most probable beginning of two words? Do two steps with $B = 2$ by hand: which two survive, and with
# which probabilities?
#
# The course's decoders ask only two things of a model, `step` and `select`. The next cell has both for such a table; rows that are not
# given are uniform.


# %% slideshow={"slide_type": "skip"} tags=["core", "toy"]
class Table:
    """Looks the next word up by all words read so far, which are its state."""

    def __init__(self, distribution):
        self.distribution = distribution

    def step(self, ids, state):  # reads a word in each row: logits of the next one, new state
        new = ids[:, None]
        read = new if state is None else torch.cat([state, new], 1)  # B, words read
        rows = np.array([self.distribution(row) for row in read.tolist()])  # B, V
        return torch.from_numpy(rows).log(), read

    def select(self, state, rows):  # one beginning may live on in two continuations, or in none
        return state[rows]


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=1
WORDS, P = ["<bos>", "<eos>", "we", "are", "late"], {"": [0, 0.05, 0.5, 0.4, 0.05]}
P |= {"we": [0, 0.1, 0.1, 0.5, 0.3], "are": [0, 0.05, 0.7, 0.05, 0.2]}
P |= {"we are": [0, 0.3, 0.05, 0.05, 0.6], "are we": [0, 0.2, 0.2, 0.1, 0.5]}
P |= {"we are late": [0, 0.9, 0.04, 0.03, 0.03], "are we late": [0, 0.8, 0.08, 0.06, 0.06]}


def spell(ids):
    return " ".join(WORDS[i] for i in ids)


table = Table(lambda read: P.get(spell(read[1:]), [0, 0.25, 0.25, 0.25, 0.25]))
ends = {"bos": 0, "eos": 1, "max_length": 4}
[steps] = beam_trace(table, None, **ends, width=2, length_penalty=0)
text = {0: ""}
for number, step in enumerate(steps[:3], start=1):
    text |= {c.node: f"{text[c.parent]} {WORDS[c.token]}".strip() for c in step}
    print(number, {text[c.node]: round(math.exp(c.log_prob), 4) for c in step if c.kept})
survive = {text[c.node]: math.exp(c.log_prob) for c in chain(*steps[1:3]) if c.kept}
result(rtol=1e-9, survive=survive, greedy=spell(best(greedy(table, None, **ends))[0]))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Build it: a temperature and a nucleus
#
# *are we* with 0.28 beats *we are* with 0.25: the best beginning of two words does not start with the best word, and greedy never sees it.
# One step later *we are late* leads again, 0.15 to 0.14. A beam of two keeps both in the race.
#
# Now code. The logits of one step are $z$, a vector of $V$ numbers. To draw, line the probabilities up on a stretch of length 1 and throw a
# point $u$ onto it, uniform between 0 and 1: the word that it hits is drawn. For the nucleus, a word stays if those before it, the
# most probable first, have less than $p$ together:
#
# $$N_p = \Big\{\, i : \sum_{j:\, p_j > p_i} p_j < p \,\Big\}$$
#
# Why "less than $p$ *before* it", and not "at most $p$ *with* it"? Think of one word with probability .95, and $p = .9$.


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=1
def nucleus(z, T, p):
    """The probabilities (V) after temperature T and nucleus p, from logits z (V)."""
    q, order = (z / T).softmax(0).sort(descending=True, stable=True)
    q[q.cumsum(0) - q >= p] = 0.0  # those before it have p already
    return torch.zeros_like(q).scatter(0, order, q / q.sum())  # back to the order of the words


z = model_p.log()
settings = [(T, p) for T in (0.5, 1, 2) for p in (0.5, 0.9, 0.99)]
pairs = [(nucleus(z, T, p), filtered(z, T, None, p).softmax(0)) for T, p in settings]
same = all(torch.allclose(ours, theirs, atol=1e-12) for ours, theirs in pairs)
q, dice = nucleus(z, 1, 0.9), torch.Generator().manual_seed(1)
u = torch.rand(2000, generator=dice, dtype=torch.float64)  # 2,000 points on the stretch
share = (torch.searchsorted(q.cumsum(0), u, right=True) == likely[0]).double().mean()
result(rtol=1e-9, equals_the_package=same, kept=(q > 0).sum(), mass=model_p[q > 0].sum())
result(rtol=1e-9, likeliest=vocab.words[likely[0]], drawn=share, should=q[likely[0]])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Beam search in ten lines
#
# A word of .95 has nothing before it, so it stays; by "at most .9 *with* it" even this word would go, and nothing would be left. Our nucleus of .9
# keeps 26 words, which have 0.9008 together. Of 2,000 points 0.1245 hit *sandcastle*, whose stretch is 0.1303 long.
#
# Probabilities are multiplied, so logarithms are added; a hypothesis $y$ of words $y_1 \dots y_m$, the end among them, has
#
# $$\log p(y) = \sum_{j=1}^{m} \log p(y_j \mid y_{<j}), \qquad \mathrm{score}(y) = \frac{\log p(y)}{m^{\alpha}}$$
#
# $\alpha$ is the **length penalty**: 0 ranks finished outputs by probability alone, 1 by the mean over their words. Each hypothesis is a
# pair (words, log-probability); `live` holds the beam, `finished` what has ended. With $\alpha = 0$ our ten lines must give the same outputs with the
# same scores as the package's `beam_search`, which does it for many sentences and any model at once.


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def beam(model, width, limit, bos=0, eos=1):
    """The finished outputs, best first: pairs of log-probability and ids."""
    live, finished = [(0.0, [bos])], []
    for _ in range(limit):
        longer = []
        for log_p, ids in live:
            q = model.distribution(ids)
            longer += [(log_p + math.log(q[w]), [*ids, w]) for w in range(len(q)) if q[w] > 0]
        longer.sort(reverse=True)
        finished += [h for h in longer[:width] if h[1][-1] == eos]
        live = [h for h in longer if h[1][-1] != eos][:width]
    return sorted(finished, reverse=True)[:width]


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=1
ours = {spell(ids[1:-1]): score for score, ids in beam(table, width=3, limit=4)}
plain = {"width": 3, "length_penalty": 0, "early_stopping": "never", "n_best": 3}
[theirs] = beam_search(table, None, **ends, **plain)
for h in theirs:
    print(f"{math.exp(h.score):.4f}  {spell(h.ids) or '(nothing)'}")
same = {spell(h.ids): h.score for h in theirs if h.finished}
close = all(math.isclose(score, ours.get(text, 0.0)) for text, score in same.items())
result(equals_the_package=ours.keys() == same.keys() and close)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Use it: a small translator
#
# Of whole outputs *we are late* is the most probable after all, 0.135. This time greedy was right, but it could not know.
#
# Now chapter 05's encoder-decoder with attention (chapter 07 will open it; here it only has to translate), English to French, on pairs of one or
# two clauses from the small world. 300 steps are far too few for it to be good: the decoders will have its mistakes to cope with.
#
# `decode` runs any decoder on any sentences: `model.start` reads the sources, and the state that it gives goes to the decoder. Below, one test
# sentence under six decoders, each with the model's own $\log p$ of what it says. Which of the six will be the most probable, and which
# may say something else tomorrow?

# %% slideshow={"slide_type": "skip"} tags=["core", "world"]
pairs = load("pairs", n=4000, languages=("en", "fr"), clauses=(1, 2))
train, test = pairs["train"], pairs["test"][:150]
en, fr = (Vocab.build(line.split() for line in train[name]) for name in ("en", "fr"))
source = [torch.tensor(en.encode(line.split())) for line in train["en"]]
target = [torch.tensor([*fr.encode(line.split()), fr.eos]) for line in train["fr"]]


def batch(step):  # sources, their lengths, targets with -100 behind them
    draw = torch.Generator().manual_seed(step)
    chosen = torch.randint(len(source), (32,), generator=draw).tolist()
    x, y = ([side[i] for i in chosen] for side in (source, target))
    return pad_sequence(x, True), torch.tensor([*map(len, x)]), pad_sequence(y, True, -100)


def loss(model, data):
    given = F.pad(data[2][:, :-1], (1, 0), value=fr.bos).clamp(min=0)  # <bos> y_1 .. y_{S-1}
    return F.cross_entropy(model(data[0], given, data[1]).flatten(0, 1), data[2].flatten())


# %% slideshow={"slide_type": "skip"} tags=["core", "world"]
model = Seq2Seq(Seq2SeqConfig(len(en), len(fr), width=32, hidden=64, attention="luong"))
history = fit(model, batch, loss, steps=300, lr=1e-2)
result(sources=len(en), targets=len(fr), weights=sum(p.numel() for p in model.parameters()))


def decode(sentences, decoder, **options):
    """For each sentence the decoder's hypotheses, best first."""
    x = [torch.tensor(en.encode(line.split())) for line in sentences]
    with torch.inference_mode():
        state = model.start(pad_sequence(x, True), torch.tensor([*map(len, x)]))
    ends = {"bos": fr.bos, "eos": fr.eos, "max_length": 40, "batch": len(x)}
    return decoder(model, state, **ends, **options)


def say(ids):
    return " ".join(fr.decode(ids))


# %% slideshow={"slide_type": "subslide"} tags=["core", "world", "unstored"] minutes=1
WAYS = {"greedy": (greedy, {}), "sampling": (sample, {})}
WAYS |= {"T = 0.5": (sample, {"temperature": 0.5}), "nucleus 0.8": (sample, {"top_p": 0.8})}
WAYS["beam 4"] = beam_search, {"width": 4}
WAYS["beam 32, plain"] = beam_search, {"width": 32, "length_penalty": 0}
print(f"{'':14}       {test['en'][0]}\n{'reference':14}       {test['fr'][0]}")
for name, (decoder, options) in WAYS.items():
    dice = {"generator": torch.Generator().manual_seed(2)} if decoder is sample else {}
    [[h]] = decode(test["en"][:1], decoder, **options, **dice)
    print(f"{name:14} {h.log_prob:6.1f} {say(h.ids)}")

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Minimum Bayes risk: ask the samples
#
# The three that draw may say something else tomorrow. As a rule the wide plain beam is the most probable of the six, and it leaves things out. The
# most probable output is one point; the model's belief is spread over many. So draw $N$ samples and take the one that **agrees** best with the
# others:
#
# $$y^* = \arg\max_{c} \; \frac{1}{N - 1} \sum_{r \ne c} u(c, r)$$
#
# $u(c, r)$, the **utility**, says how good candidate $c$ would be if $r$ were the truth; here BLEU of one sentence (06b takes it apart). What each
# sample gets wrong by chance, the others do not repeat. Will the choice be the most probable of the samples?


# %% slideshow={"slide_type": "subslide"} tags=["core", "world", "unstored"] minutes=1
def utility(candidate, truth):
    return sentence_bleu(candidate, [truth], tokeniser="none").score


MANY = {"n": 16, "generator": torch.Generator().manual_seed(0)}
places = []
for row in decode(test["en"][:20], sample, **MANY):
    choice = mbr([say(h.ids) for h in row], utility)
    order = sorted(range(16), key=lambda i: -row[i].log_prob)
    places.append(order.index(choice.index) + 1)
print(f"last sentence: {choice.candidate}\nmean BLEU with the others {choice.expected.max():.0f}")
print("its place among the 16 by probability, for 20 sentences:", sorted(places))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Look inside: the tree of a search
#
# As the places show, the choice is mostly not the most probable of the samples.
#
# Now the tree of a beam search. One column is one step, best candidate on top, with the logarithm of its probability so far. Boxes live on, blue ones are finished,
# grey words were dropped; the bold way leads to the output.
#
# - At which width does a better output than greedy's turn up, and where had greedy lost it?
# - Set `alpha` to 0, then to 2: when does another finished hypothesis win?


# %% slideshow={"slide_type": "skip"} tags=["core"]
def tree(steps, ids, word, alt):
    """A search, step by step; `ids` of the output, whose way is drawn bold."""
    picture, ax = show.canvas(alt, width=1.1 * len(steps) + 0.6, height=4.6)
    at, beginning = {0: (0, 0)}, {0: ()}
    for c in chain(*steps):
        at[c.node], beginning[c.node] = (c.step, -c.rank), (*beginning[c.parent], c.token)
        bold = tuple(ids[: c.step]) == beginning[c.node]
        line = {"color": DARK, "lw": 4 if bold else 0.8 * (c.fate != "dropped"), "zorder": 0}
        ax.plot(*zip(at[c.parent], at[c.node], strict=True), **line)
        box = {"boxstyle": "round", "fc": FILL[c.fate], "ec": DARK if line["lw"] else "white"}
        look = {"color": DARK if line["lw"] else PALE, "bbox": box, "ha": "center", "va": "center"}
        ax.text(*at[c.node], f"{word(c.token)}\n{c.log_prob:.1f}", fontsize=11, **look)
    ax.margins(0.07)
    ax.axis("off")
    return picture


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
DARK, PALE = "#333333", "#999999"
FILL = {"kept": "#eeeeee", "finished": "#9fcbe8", "cut": "#eeeeee", "dropped": "white"}
SHORT = sorted(test["en"], key=lambda line: (len(line.split()), line))[:4]


def searched(sentence, width, alpha):
    """The tree of the search for one sentence."""
    options = {"width": width, "length_penalty": alpha}
    [steps] = decode([sentence], beam_trace, **options)
    [[h]] = decode([sentence], beam_search, **options)
    alt = f"Search tree for {sentence!r}, width {width}: {say(h.ids)!r}, score {h.score:.2f}"
    return tree(steps, [*h.ids, fr.eos], lambda i: fr.words[i], alt)


start = {"sentence": SHORT[1], "width": 2, "alpha": "0"}
show.slider(searched, sentence=SHORT, width=(1, 4), alpha=[0, 0.5, 1, 2], start=start)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## Measure it: one model, every decoder
#
# A wider beam keeps what greedy drops too early; a larger `alpha` helps the longer one of two finished hypotheses.
#
# The ledger's translators learnt twice as long from twice as many pairs: three seeds, 200 test sentences each. BLEU is that of the corpus, from 0 to 100,
# against all wordings that the world licenses. The **model score** is the mean of $\log p(y \mid x)$ over the outputs.
#
# *best of 16* takes the most probable of 16 samples, *MBR 16* the one that agrees best with the others. By how many points of BLEU will a beam of 4 beat greedy? And which decoders
# will stand in another place by BLEU than by model score?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
predict("beam_gains")
book = ledger("06_decoding_and_evaluation")
NAMES = ["greedy", "beam 4", "sampling", "temperature 0.5", "nucleus 0.9", "top-k 5"]
NAMES += ["MBR 16", "best of 16"]
score = {n: book.mean("decoders", f"{n}/log p") for n in NAMES}
quality = {n: book.mean("decoders", f"{n}/BLEU") for n in NAMES}
points, labels = {"decoders": (score.values(), quality.values())}, {"decoders": NAMES}
display(show.scatter(points, labels, x="model score (nats)", y="BLEU"))
gains = quality["beam 4"] - quality["greedy"]
result(rtol=1e-9, beam_gains=gains, BLEU=quality, model_score=score)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ### What else they differ in
#
# A beam of 4 gains 4.8 points of BLEU over greedy. Most decoders keep their place, for this model is fairly good. One does not: *best of 16* is third by
# model score, but with 52.2 only fifth by BLEU. MBR, less probable by three nats, has 58.7. (Compare the lengths of the two below.)
#
# A decoder is also judged by how much its outputs for one sentence differ (**diversity**: 1 minus the mean share of words that two of
# four outputs have in common), by the length of what it says against the references', and by its time and memory.
#
# For a beam of width $B$ each row of the state is repeated $B$ times; the number of steps stays. Greedy has only one output. Of the others, whose four will differ least?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=1
print(f"{'':16} diversity  length")
for name in NAMES:  # the last two give one output a sentence
    d = f"{book.mean('decoders', f'{name}/diversity'):.2f}" if name in NAMES[:6] else "-"
    print(f"{name:16} {d:>9} {book.mean('decoders', f'{name}/length'):7.2f}")
result(mbr_beats_best=book.claim(("decoders", "best of 16/BLEU"), ("decoders", "MBR 16/BLEU")))
order = [("decoders", f"{name}/seconds") for name in ("greedy", "beam 4", "MBR 16")]
result(greedy_faster_than_beam_faster_than_mbr=book.claim(*order[:2]) and book.claim(*order[1:]))
[first] = [torch.tensor([en.encode(test["en"][0].split())])]
with torch.inference_mode():
    state = model.start(first)
for B in (1, 4, 32):
    wide = model.select(state, torch.zeros(B, dtype=torch.long))
    numbers = sum(t.numel() for t in (wide.hidden, wide.context, wide.weights, *wide.memory))
    print(f"beam of {B:2}: a state of {numbers:,} numbers")
result(beam_32=numbers)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Where it breaks: the wider, the worse
#
# The most probable of 16 samples is often a short one: those outputs have 0.85 of the references' length, MBR's 0.97. The four best of a beam hardly
# differ, 0.18; four samples share half of their words. The numbers of a state grow 32-fold with a beam of 32; so does the
# work of each step, though not the number of steps.
#
# A wider beam finds more probable outputs. So should BLEU not rise with the width? Every further word multiplies by a probability below 1, so $\log p$ can only
# fall as an output grows, and a search that finds *everything* may prefer to stop early.
#
# The small translator from above, on 100 test sentences, with finished outputs ranked by plain probability ($\alpha = 0$) or by the mean over
# their words ($\alpha = 1$). *length* is the number of words said, as a share of the references'. Will a plain beam of 32 say less than seven tenths?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=1
predict("said_less_than_seven_tenths")
BEAMS, table = [1, 4, 16, 32], {}
known = [row["fr"] for row in test["references"]][:100]
for name, alpha in {"plain": 0, "by mean": 1}.items():
    for B in BEAMS:
        options = {"width": B, "length_penalty": alpha}
        rows = [row[0] for row in decode(test["en"][:100], beam_search, **options)]
        score = bleu([say(h.ids) for h in rows], known, tokeniser="none")
        log_p = sum(h.log_prob for h in rows) / 100
        table[name, B] = {"length": score.length / score.reference_length, "BLEU": score.score}
        table[name, B]["log p"] = log_p
AXES = {"x": "width of the beam", "logx": True}
curves = {n: (BEAMS, [table[n, B]["length"] for B in BEAMS]) for n in ("plain", "by mean")}
display(show.lines(curves, y="length (share of the references')", **AXES))

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=1
curves = {n: (BEAMS, [table[n, B]["BLEU"] for B in BEAMS]) for n in ("plain", "by mean")}
display(show.lines(curves, y="BLEU", **AXES))
greedy_, plain, by_mean = table["plain", 1], table["plain", 32], table["by mean", 32]
result(said_less_than_seven_tenths=plain["length"] < 0.7)
result(more_probable_by_3_nats=plain["log p"] > greedy_["log p"] + 3)
result(worse_than_greedy_by_3_points=plain["BLEU"] + 3 < greedy_["BLEU"])
result(mean_keeps_length=by_mean["length"] > 0.85, mean_helps=by_mean["BLEU"] > plain["BLEU"] + 5)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ### Likely is not the same as good
#
# The plain beam of 32 finds outputs that are more probable by more than three nats, and worse than greedy's, because it leaves out what would cost
# probability. The mean over the words keeps the length, and with it BLEU. Even so a wider beam stops helping soon.
#
# And a story? Nobody wants the most probable one. A recurrent language model reads the first ten words of 300 test stories and tells the rest. The
# world judges: which share of the endings is **possible**, every word of it and the end as well? And which share of all runs of four words are
# **different** ones? Where will greedy stand, where a beam of 16, and where sampling with a cut tail?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
TELLERS = ["greedy", "beam 16", "sampling", "nucleus 0.5", "nucleus 0.9", "top-k 5"]
TELLERS += ["temperature 0.5", "temperature 1.5"]
both = [
    {n: book.mean("stories", f"{n}/{key}") for n in [*TELLERS, "the world"]}
    for key in ("distinct-4", "possible")
]
fresh, can = both
points = {"decoders": tuple([table[n] for n in TELLERS] for table in both)}
labels = {"x": "different runs of four words (share)", "y": "possible endings (share)"}
display(show.scatter(points, {"decoders": TELLERS}, **labels))
result(rtol=1e-9, possible=can, different=fresh)
tail, same = [("sampling", "nucleus 0.9"), "possible"], [("beam 16", "sampling"), "distinct-4"]
says = [book.claim(*(("stories", f"{n}/{key}") for n in names)) for names, key in (tail, same)]
result(a_cut_tail_helps=says[0], beams_repeat=says[1])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## On real data
#
# Greedy and the beam repeat themselves: only 0.05 and 0.09 of their runs are different, and just 0.07 and 0.05 of their endings possible. Plain
# sampling is as varied as the world, 0.67 against 0.64, but strays: 0.13 possible. With the tail cut at 0.9 it is 0.22, at hardly less variety.
#
# Is that only so in our world? `pydoc`, the manual that comes with every Python, letter by letter, under a Kneser-Ney model of six letters.
# Greedy and a nucleus write 400 letters each. Versions of Python differ, so only claims are stored (`print(said)` shows the texts). Which share of the runs of eight letters
# will be different under greedy?

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = "".join(load("text", source="pydoc")["train"]["text"])[:150_000]
letters = Vocab.build([list(manual)])
counted = KneserNey(6, len(letters)).fit([letters.encode(manual)])
writer = Table(lambda read: counted.distribution(read[-5:]))
options = {"bos": letters.encode("T")[0], "eos": None, "max_length": 400}
draw = {"generator": torch.Generator().manual_seed(0), "top_p": 0.9}
said = {"greedy": greedy(writer, None, **options)}
said["nucleus 0.9"] = sample(writer, None, **options, **draw)
said = {name: "".join(letters.decode(best(rows)[0])) for name, rows in said.items()}
runs = {name: [text[i : i + 8] for i in range(393)] for name, text in said.items()}
different = {name: len(set(row)) / len(row) for name, row in runs.items()}
result(greedy_goes_in_circles=different["greedy"] < 0.5)
result(sampling_does_not=different["nucleus 0.9"] > 0.7)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: width temperature nucleus penalty risk task

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Graves 2012, *Sequence transduction with recurrent neural networks*; Sutskever, Vinyals and Le 2014: beam search with neural models.
# - Wu and others 2016, *Google's neural machine translation system*, section 7: length normalisation with a power.
# - Stahlberg and Byrne 2019, *On NMT search errors and model errors: cat got your tongue?*: the most probable output, searched
#   exactly, is often empty.
# - Fan, Lewis and Dauphin 2018 (top-k); Holtzman and others 2020, *The curious case of neural text degeneration* (nucleus).
# - Eikema and Aziz 2020, *Is MAP decoding all you need?*: minimum Bayes risk for neural models.
#
# On the manual greedy ran into a circle and stayed there; the nucleus did not. Next: 06b, which takes the numbers apart that this part compared its decoders by.
