# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# # 09a GPT: a small one, from the inside
#
# A transformer that only looks back, trained to say the next word, and nothing else: that is a GPT. This part builds one, opens one that
# has read a hundred thousand stories, and teaches it a trade.
#
# - You can write the forward pass, the loss and the sampling loop of GPT-2, and count its weights.
# - You can tell how far a language model is from the best possible one, and on which words.
# - You can turn a language model into a summariser by the weights of its loss, and read and write GPT-2's published files.
#
# About 100 minutes to work through, 73 as a lecture. Cells tagged *extra* can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import json
import tempfile
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open

from coursekit import ledger, load, predict, result, show
from coursekit.data import World
from coursekit.data.summaries import articles
from coursekit.decode import greedy, sample
from coursekit.errors import CourseError
from coursekit.models import GPT, GPTConfig, from_pretrained, save_pretrained, with_vocabulary
from coursekit.text import Vocab
from coursekit.train import fit, summaries, weighted, weighted_loss

# %% slideshow={"slide_type": "skip"} tags=["core"]
show.use_style()
from coursekit.models.checkpoint import folder_of


def seeded(n):
    return torch.Generator().manual_seed(n)


# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Remember
#
# 1. Which words may word 3 look at under a causal mask?
# 2. What does a key-value cache keep, and why does it change no result?
# 3. A nucleus of $0.9$: which words stay?
# 4. What is a beam of 4, beside the number of steps, more expensive in?
# 5. A model pays $1.5$ nats a word where the floor is $1.4$. What does the difference of $0.1$ mean?
#
# <details><summary>Answers</summary>
#
# 1. Words 1, 2 and 3.
# 2. The keys and values of the words read so far. Later words do not change them: nothing before a word looks at it.
# 3. The smallest set of the most probable words that has 0.9 together.
# 4. Memory: four rows of state, four rows in every step.
# 5. What a better model could still save. It is the divergence of the model from the process, per word.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Why
#
# Chapter 08 had an encoder and a decoder, for pairs of texts. Pairs are dear: somebody has to translate. Plain text is everywhere.
#
# A language model needs nothing else. Throw the encoder away, and with it the cross-attention. What is left reads text and predicts each next
# word from those before it. Text labels itself: **self-supervised** learning.
#
# What could such a model do, beside going on with a story? Whatever can be written as "text so far, and then":
#
# - *article, then its summary*, this part;
# - *question, then its answer*, and examples of a task, then one more: part 09b.
#
# But first: how much of a text does the *last* word of a sentence see, and how much the first?

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## The idea: shift by one, and look back only
#
# A text $x_1, \dots, x_T$ gives $T$ lessons at once. Put `<bos>` in front; the model reads $x_0, \dots, x_{T-1}$ and is asked for
# $x_1, \dots, x_T$, the same words one place further on. $h^0$ is the word's embedding plus its place's, $L$ blocks follow, and the embeddings serve once more as
# output:
#
# $$h^0_t = E_{x_t} + P_t, \qquad h^l = \mathrm{block}(h^{l-1}), \qquad p(x_{t+1} \mid x_1, \dots, x_t) = \mathrm{softmax}(E\, h^L_t)$$
#
# Without a mask, place $t$ would see the word that it is asked for. The **causal mask** lets place $t$ look at places up to $t$. So one pass
# over the text asks $T$ questions honestly.
#
# Each row of the picture is a place: the word that it reads, the word that it is asked for, and in grey what it may look at. Which place has the hardest task, and which the easiest?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
world = World()
story = world.sample(1, seed=5)[0]
words = ["<bos>", *story.tokens[:8]]
sees = torch.ones(8, 8).tril()
alt = "A lower triangle: place t looks at places up to t. Left: the word read, the word asked for."
picture, ax = show.canvas(alt, width=6.4, height=3.9)
ax.imshow(1 - 0.5 * sees, cmap="gray", vmin=0, vmax=1)
ax.set_xticks(range(8), words[:8], rotation=35, ha="right")
ax.set_yticks(range(8), [f"{words[t]} → {words[t + 1]}" for t in range(8)])
ax.set(xlabel="may look at", ylabel="reads → is asked for")
ax.grid(False)
display(picture)
result(seen_by_the_last=int(sees[-1].sum()), lessons=8, questions_seen=int(sees.sum()))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Build it: GPT-2 in a dozen lines
#
# The first place sees `<bos>` alone and has to guess how a story begins; the last of the eight sees them all. To see more never makes it harder, but the word itself
# may: behind *drove* hardly anything but *to* can stand, behind *the* many words. 36 looks are allowed, of 64.
#
# Pre-norm blocks, as in 08b; one packed matrix for queries, keys and values. $x$ is $T \times D$ for one text. The first version of GPT (2018)
# put the norms behind the sums; GPT-2 (2019) put them before, added a last one, and changed little else.
#
# The weights are borrowed from a small model of the course with random weights. Line by line it is the equation above: embeddings; per block
# attention, then the feed-forward layer; the output. Will the hidden part, `softmax` over $-\infty$, ever give a row without any weight?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
def gpt2(model, ids):
    """The logits (T V) after each of the ids (T)."""
    T, H = len(ids), model.config.heads
    later = torch.ones(T, T).triu(1).bool()
    x = model.embed.weight[ids] + model.position.weight[:T]  # T, D
    for block in model.blocks:
        qkv = block.attention.qkv(block.attention_norm(x))
        q, k, v = qkv.view(T, 3, H, -1).permute(1, 2, 0, 3)  # H, T, d each
        scores = (q @ k.mT / k.size(-1) ** 0.5).masked_fill(later, -torch.inf)
        x = x + block.attention.out((scores.softmax(-1) @ v).transpose(0, 1).flatten(1))
        x = x + block.feed.down(F.gelu(block.feed.up(block.feed_norm(x)), approximate="tanh"))
    return model.norm(x) @ model.embed.weight.T


small = GPT(GPTConfig(50, context=32, width=24, layers=2, heads=3, dropout=0.0), seeded(0))
ids = torch.randint(50, (9,), generator=seeded(1))
result(equals_the_package=torch.allclose(gpt2(small, ids), small(ids[None])[0], atol=1e-5))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### How many weights?
#
# No row is without weight: place $t$ always sees itself. Now count. A block of width $D$ has
#
# $$\underbrace{4D^2 + 4D}_{\text{attention}} + \underbrace{8D^2 + 5D}_{\text{feed-forward}} + \underbrace{4D}_{\text{two norms}} = 12D^2 + 13D$$
#
# and around the $L$ blocks stand $V$ word vectors and $C$ place vectors of $D$ numbers; GPT-2 has one norm more, $2D$. The output costs nothing: it is $E$
# again. The published GPT had $V = 40478$ and $C = 512$; GPT-2, in its smallest size, $V = 50257$ and $C = 1024$. Both have $D = 768$ and
# $L = 12$.
#
# What share of GPT-2's weights lies in the table of words? Say a number, then look.


# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=2
def count(V, C, D, L, last_norm):
    return (V + C) * D + L * (12 * D**2 + 13 * D) + 2 * D * last_norm


predict("words_share")
sizes = {"gpt": (40_478, 512), "gpt2": (50_257, 1_024)}
with torch.device("meta"):  # shapes only: no memory is taken
    built = {kind: GPT(GPTConfig(V, context=C, kind=kind)) for kind, (V, C) in sizes.items()}
real = {kind: sum(p.numel() for p in model.parameters()) for kind, model in built.items()}
mine = {kind: count(*sizes[kind], 768, 12, kind == "gpt2") for kind in sizes}
result(weights=real, formula_agrees=mine == real)
result(rtol=1e-9, words_share=50_257 * 768 / real["gpt2"])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### The loop that writes
#
# Nearly a third of GPT-2, 0.31, is its table of words. Now let it write.
#
# Training asks all places at once. Writing goes word by word: the next word needs the one before. The naive loop reads the whole text again for each
# word: for $n$ words $1 + 2 + \dots + n$ places. But what stands before a word never looks at it, so nothing there changes. Keep its keys and
# values, the **cache** of 08c, and each step reads one place only.
#
# Both loops below draw from the same dice. `start` reads the prompt up to its last word;
# `step` is the model with its cache: one more id in, logits and the new state out.
#
# With the same dice, will both say the same words? And the package's `sample`?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
def drawn(logits, dice):  # one point on the stretch of 06a
    u = torch.rand(1, 1, generator=dice, dtype=torch.float64)
    return int(torch.searchsorted(logits.double().softmax(-1).cumsum(-1), u, right=True))


@torch.no_grad()
def write(model, ids, n, dice, cached):
    state, last = model.start(torch.tensor([ids]))
    for _ in range(n):
        if cached:
            logits, state = model.step(last, state)
        else:
            logits = model(torch.tensor([ids]))[:, -1]
        ids = [*ids, drawn(logits, dice)]
        last = torch.tensor(ids[-1:])
    return ids


# %% slideshow={"slide_type": "fragment"} tags=["core", "toy"]
texts = [write(small, [2, 7], 20, seeded(3), cached) for cached in (True, False)]
state, last = small.start(torch.tensor([[2, 7]]))
ends = {"eos": None, "max_length": 20}
[[theirs]] = sample(small, state, bos=last, **ends, generator=seeded(3))
result(cached_is_naive=texts[0] == texts[1], equals_the_package=texts[0][2:] == theirs.ids)
result(places_read_naively=sum(range(2, 22)), places_read_with_cache=1 + 20)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Use it: a GPT that has read
#
# The same 20 words, by 230 places read ($2 + 3 + \dots + 21$: the prompt has two words) or by 21, and the package says them, too.
#
# The course carries a GPT-2 of its own, trained by `coursekit pretrain gpt` in a few minutes. Every one of its stories was new: the world has no end of them, so
# nothing could be learnt by heart, and there is no second epoch. Its **card** says what it is. `<bos>` goes in, a story comes out.
#
# The best possible reader, who knows the process, pays the *floor*. In 01b a trigram by Kneser and Ney stood some three tenths of a nat above it. How far above will
# this model be, after 96,000 stories? And will you find a mistake in the three stories below?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=3
tiny, vocab = with_vocabulary("tiny-gpt")
bos, eos = vocab.bos, vocab.eos
card = json.loads((folder_of("tiny-gpt") / "card.json").read_text())
print({key: card[key] for key in ("parameters", "read", "loss", "floor", "gap")})
for seed in range(3):
    state, last = tiny.start(torch.tensor([[bos]]))
    [[h]] = sample(tiny, state, bos=last, eos=eos, max_length=110, generator=seeded(seed))
    print("-", " ".join(vocab.decode(h.ids)))
result(weights=card["parameters"], stories_read=card["read"])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Look inside: the next word, live
#
# 0.0227 nats above the floor, the card says. Of the three stories the second has a hole, *a small with their sister*: no thing was found. The others could be the world's.
#
# Below, the model writes a story, `words` of it so far, and shows what it expects next, beside what the world says on one date, exactly. `T`, `k` and `p` reshape what it draws
# from (06a); `dice` throws anew.
#
# - Walk through a story. Where are both sure, where are both open, and where do they differ?
# - Set `T` to 2. How soon does the text leave the world? (The world's bars are empty from there on.)
# - `T` at 0.25, and other `dice`: how many different beginnings are there now?


# %% slideshow={"slide_type": "skip"} tags=["core"]
@torch.no_grad()
def told(n, dice, T=1.0, k=None, p=1.0):
    """The first n words of a story, and the model's next-word probabilities."""
    state, last = tiny.start(torch.tensor([[bos]]))
    ids = []
    if n:
        options = {"temperature": T, "top_k": k, "top_p": p, "generator": seeded(dice)}
        [[h]] = sample(tiny, state, bos=last, eos=eos, max_length=n, **options)
        ids = h.ids
    after = tiny(torch.tensor([[bos, *ids]]))[0, -1].softmax(-1)
    return vocab.decode(ids), dict(zip(vocab.words, after.tolist(), strict=True))


# %% slideshow={"slide_type": "skip"} tags=["core"]
def exact(words):
    """The world's next word; nothing where no story begins like this."""
    try:
        return world.distribution(words, date=50) or {"<eos>": 1.0}
    except CourseError:
        return {"(impossible)": 1.0}


# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
def live(words, T, k, p, dice):
    text, after = told(words, dice, T, k, p)
    truth = exact(text)
    likely = sorted(after, key=after.get, reverse=True)[:7]
    context = " ".join(text[-9:]) or "<bos>"
    tables = {"tiny GPT": after, "world": truth}
    return show.next_word(tables, words=likely, upto=1, context=context)


ranges = {"words": (0, 60), "T": [0.25, 0.5, 1, 1.5, 2], "k": [1, 5, 20, len(vocab)]}
ranges |= {"p": [0.5, 0.9, 1], "dice": (0, 9)}
start = {"words": 13, "T": "1", "k": str(len(vocab)), "p": "1", "dice": 2}
show.slider(live, **ranges, start=start)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Measure it: how far from the floor?
#
# Both agree nearly everywhere, also where many words are possible. In the first picture they know the same four things of a beach; which of them is in fashion depends on the date, and the model is not told. At `T` = 2 each of the ten
# texts leaves the world within twenty words, seven of them within eight; at `T` = 0.25 the first name is *tom* or *alice* in all ten.
#
# One picture is one word. Now all words of 500 new stories, three times, against two Kneser-Ney models (chapter 01) that have counted 20,000 stories of the same
# process. The gap is $\log p_{\text{world}} - \log p_{\text{model}}$, the mean over the words of a kind: what the model pays for not knowing.
#
# The date moves topics, and the model is not told the date; a reader without it pays about a hundredth of a nat more than the floor. So a perfect
# model would stand at a hundredth, not at zero. Which kind of word costs the counting models most: the *pronoun*, the *thing*, or the *mood*? And how many nats does a word of that kind cost the trigram more than the floor?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("trigrams_worst")
book = ledger("09_gpt")
KINDS = ["all", "pronoun", "thing", "mood", "object", "being", "place", "name", "verb"]
NAMES = ["tiny GPT", "Kneser-Ney 3-gram", "Kneser-Ney 5-gram"]
gaps = {n: {k: book.mean("stories", f"{n}/{k}") for k in KINDS} for n in NAMES}
display(show.gap_by_kind(gaps))
result(rtol=1e-9, trigrams_worst=max(gaps[NAMES[1]].values()), gaps=gaps)
pairs = [("tiny GPT/all", f"Kneser-Ney {n}-gram/all") for n in (3, 5)]
ahead = [book.claim(("stories", a), ("stories", b), margin=0.1) for a, b in pairs]
largest = max(book.values("stories", "tiny GPT/all"))
result(ahead_of_both_by_a_tenth=all(ahead), within_a_twentieth=largest < 0.05)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### A trade: summarising
#
# Over all words 0.023 nats, as the card said, where the counting models pay 0.36 and 0.34. What they lack most is the thing that fits the place (2.5 nats), then the pronoun (1.1) and the mood: what decides stands too far back to be
# counted. Where the word before decides, as for the *object* (*had broken a cup*), counting does as well. The GPT has the pronoun and the mood, 0.02 each. Its largest gaps are the thing, 0.25, and the place, 0.22. Part of that nobody could save who is not told the date: it moves the topics, and with them places and things.
#
# Now a task. The world has articles with one right summary each: who did what where, then the mood. As one text:
#
# $$\text{ARTICLE}\; \langle eos \rangle \; \text{SUMMARY}\; \langle eos \rangle \; \langle pad \rangle \dots$$
#
# The article is *given*; nobody wants it predicted. So each **target** has a weight in the loss: 0 on the article and on the $\langle eos \rangle$ behind it, which only
# separates, 1 on the summary and on its own $\langle eos \rangle$, 0 on padding:
#
# $$J = -\frac{\sum_t w_t \sum_{v} [x_t = v] \log p_v(x_{<t})}{\sum_t w_t}$$
#
# $w_t$ is the weight of word $x_t$ as a target, $p_v(x_{<t})$ the probability of $v$ behind the words before it. The inner sum runs over the vocabulary, and picks the one word
# that stands there. Why must the last $\langle eos \rangle$ have weight 1?


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
def sides(rows):
    return [
        [vocab.encode(getattr(row, f"{side}_tokens")) for row in rows]
        for side in ("article", "highlight")
    ]


lessons, new = (articles(world, n, seed=n, stories=1) for n in (1_600, 40))
short = sorted(lessons, key=lambda row: len(row.article_tokens))[:2]
ids, weights = summaries(*sides(short))
row = zip(vocab.decode(ids[0].tolist()), weights[0].tolist(), strict=True)
print(" ".join(f"{word}:{w:g}" for word, w in row))
counted = {"article": len(short[0].article_tokens), "summary": len(short[0].highlight_tokens)}
result(of_weight_one=int(weights[0].sum()), **counted)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### Teach it, ask it
#
# Without it the model would never learn to stop. (No `<bos>` stands in front: the article's first word is never asked for.) The tiny GPT goes on from its own weights: 100 steps of 16 articles each. Then it reads *article* `<eos>` for articles
# that are new, and writes greedily until it says `<eos>` itself.
#
# Before you run it: what will it have learnt after 100 steps, the *form* of a summary, or also *who* did *what*?


# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=3
def taught(model, steps):
    def batch(step):
        return summaries(*sides(lessons[step::steps]))  # 16 articles, from all dates

    fit(model, batch, weighted_loss(), steps=steps, lr=3e-3)
    return model.eval()


@torch.no_grad()
def summed_up(model, rows):
    """What the model writes after each article, and whether it stopped by itself."""
    given = [torch.tensor([*ids, eos]) for ids in sides(rows)[0]]
    lengths = torch.tensor([*map(len, given)])
    state, last = model.start(torch.nn.utils.rnn.pad_sequence(given, True), lengths)
    said = greedy(model, state, bos=last, eos=eos, max_length=30)
    return [(" ".join(vocab.decode(row[0].ids)), row[0].finished) for row in said]


# %% slideshow={"slide_type": "fragment"} tags=["core", "world", "unstored"]
pupil = taught(with_vocabulary("tiny-gpt")[0], steps=100)
for row, (text, _) in zip(new[:3], summed_up(pupil, new[:3]), strict=True):
    print(f"{row.article}\n   right: {' '.join(row.highlight_tokens)}\n   said:  {text}\n")

# %% slideshow={"slide_type": "-"} tags=["core", "world"]
stopped = [finished for _, finished in summed_up(pupil, new)]
result(nine_in_ten_stop_by_themselves=sum(stopped) > 0.9 * len(stopped))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### What pre-training and weights are worth
#
# The form is there: a name, a verb, a thing, a place, the end. The thing is often the article's; names, moods and causes are often another story's. To *copy* is harder than to sound like a summary.
#
# The ledger: 200 steps, three seeds, 200 new articles. Three ways: from the tiny GPT with the weights above; from the tiny GPT with weight 1 on
# every word, the article too; from random weights. *right*: share of summaries right to the last word; ROUGE-L (06b): order and overlap; nats: what a word of the right summary costs.
#
# Who will copy? And will the weights matter as much as the start?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=2
predict("nats_from_tiny")
WAYS = ["tiny GPT, summary", "tiny GPT, all words", "from scratch, summary"]
right, overlap, nats = (
    {way: book.mean("summaries", f"{way}/{key}") for way in WAYS}
    for key in ("right", "rouge", "loss")
)
for way in WAYS:
    print(f"{way:22} right {right[way]:.3f}  ROUGE-L {overlap[way]:.3f}  nats {nats[way]:.3f}")
result(rtol=1e-9, nats_from_tiny=nats[WAYS[0]], right=right, rouge=overlap, nats=nats)
sides_of = [("summaries", f"{way}/loss") for way in WAYS]
result(pre_training_helps=book.claim(sides_of[0], sides_of[2], margin=0.3))
result(weights_help=book.claim(sides_of[0], sides_of[1], margin=0.05))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Where it breaks: beyond what it has read
#
# A word of the right summary costs 0.79 nats after pre-training, 1.51 from random weights: grammar, and who does what where, was in the stories. (The floor is 0: an article has one right summary.) The weights matter less than the start: with all words
# counted, about three of four targets are words of the article, and a word of the summary costs 0.93. Right to the last word is hardly one (a share of 0.005): 200 steps do not make a summariser, and ROUGE-L of 0.70 sounds better than it is.
#
# A GPT has one vector for each place, and ours has 128 of them. But the world's stories have 45 words on average, and hardly one is longer than 94. And it has always read *one* story.
# Let it read two stories in a row, a `<bos>` before each, and score only the second one. It is a story like any other, only further on.
#
# How many nats a word will the second story cost more than alone: a hundredth, a tenth, a whole one?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=3
predict("dearer_further_on")
rows = [[bos, *vocab.encode(s.tokens)] for s in world.sample(400, seed=2**61)]  # not its seeds
rows = [row for row in rows if 40 <= len(row) <= 60]


@torch.no_grad()
def paid(before, row):  # nats a word of `row`, read behind `before`
    ids = torch.tensor([[*before, *row]])
    log_p = tiny(ids[:, :-1])[0].log_softmax(-1)[len(before) :]
    return -log_p.gather(1, torch.tensor(row[1:])[:, None]).mean()


alone = torch.stack([paid([], row) for row in rows[:-1]]).mean()
behind = torch.stack([paid(a, b) for a, b in pairwise(rows)]).mean()
try:
    tiny(torch.zeros(1, 129, dtype=torch.long))
except ValueError as error:
    print(error)
result(rtol=1e-4, alone=alone, dearer_further_on=behind - alone)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## On real data: the published files
#
# More than three whole nats: 1.38 alone, and 3.40 on top of that behind another story. The model has never read a word behind a whole story, nor a second `<bos>`; its vectors for late places have hardly been trained; and beyond place 128 there
# are none, so a longer text is refused. Being good *on average over what it has read* says nothing about what it has not.
#
# A checkpoint on the Hub is a folder: `config.json`, the sizes in the makers' words, and `model.safetensors`, the weights under the makers' names. GPT-2's files keep the weights of a layer as
# (in, out), the transpose of ours. `save_pretrained` writes such a folder, which the library *transformers* loads as it is; `from_pretrained` reads it back, and refuses what does not fit: nothing is guessed.
#
# Below, our model goes out and comes back. Which of our names is `h.0.attn.c_attn.weight`? What shape will it have in the file, if $D = 96$?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
place = Path(tempfile.mkdtemp()) / "mine"
save_pretrained(tiny, place)
told_sizes = json.loads((place / "config.json").read_text())
print({key: told_sizes[key] for key in ("model_type", "vocab_size", "n_embd", "n_layer", "n_head")})
with safe_open(place / "model.safetensors", framework="pt") as file:
    shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
for name in [name for name in shapes if ".h.0." in name or ".w" in name][:8]:
    print(f"{name:36} {shapes[name]}")
again = from_pretrained(place)
same = all(torch.equal(a, b) for a, b in zip(tiny.parameters(), again.parameters(), strict=True))
result(tensors=len(shapes), same_weights=same)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ### The real one, and real text
#
# It is `blocks.0.attention.qkv.weight`: (288, 96) with us, [96, 288] in the file. What went out came back.
#
# With a network one line loads OpenAI's GPT-2, 124,439,808 weights, into the very class that you have read (half a gigabyte). Without one there is real English on every
# computer: Python's manual. A GPT of two layers reads it letter by letter for 100 steps. Versions differ, so only claims are stored.
#
# A uniform guess pays $\log V$ a letter; knowing how frequent each letter is, some 3 nats. How far will 100 steps get? (`print(nats)` shows it.)

# %% slideshow={"slide_type": "-"} tags=["core", "real"]
ONLINE = False  # True: OpenAI's GPT-2 from the Hub (548 MB), once
if ONLINE:
    real = from_pretrained("openai-community/gpt2")
    print(sum(p.numel() for p in real.parameters()))

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = "".join(load("text", source="pydoc")["train"]["text"])[:200_000]
letters = Vocab.build([list(manual)])
text = torch.tensor(letters.encode(manual))
sizes = {"context": 64, "width": 64, "layers": 2, "heads": 4, "dropout": 0.0}
reader = GPT(GPTConfig(len(letters), **sizes), seeded(0))


def pieces(step, last=190_000):  # 16 rows of 64 letters
    at = torch.randint(last - 64, (16,), generator=seeded(step))
    return weighted([text[i : i + 64].tolist() for i in at])


fit(reader, pieces, weighted_loss(), steps=100, lr=5e-3)
share = torch.bincount(text[:190_000], minlength=len(letters)).double().clamp(min=1) / 190_000
held = weighted([text[i : i + 64].tolist() for i in range(190_000, 199_000, 64)])
with torch.no_grad():
    nats = float(weighted_loss()(reader.eval(), held))
unigram = float(-share.log()[held.ids[:, 1:]].mean())
result(below_the_letters_frequencies=nats < unigram - 0.3, above_one_nat=nats > 1)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: shift parallel cache weights separator output

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Radford, Narasimhan, Salimans and Sutskever 2018, *Improving language understanding by generative pre-training*: GPT.
# - Radford, Wu, Child, Luan, Amodei and Sutskever 2019, *Language models are unsupervised multitask learners*: GPT-2.
# - Liu and others 2018, *Generating Wikipedia by summarizing long sequences*: a decoder alone, article and summary in one text.
# - Press and Wolf 2017, *Using the output embedding to improve language models*: one table for input and output.
#
# Next: 09b. No further training: tasks are told, or shown, in the prompt; and what more weights and more text buy.
