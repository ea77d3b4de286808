# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# # 02a Tokens
#
# A model reads numbers. This part asks what a number should stand for: a letter, a word, or something between, and builds the three
# ways of finding pieces that BERT, GPT-2 and T5 use.
#
# - You can train byte-pair encoding by hand, and say why no text is unknown to its byte-level form.
# - You can cut a word as WordPiece and Unigram do, and name what each of them looks for.
# - You can measure what a vocabulary costs: tokens per word, unknown words, and bits per character.
#
# About 100 minutes to work through, 79 as a lecture. Cells tagged *extra* can be left out.

# %% tags=["bootstrap", "core"] slideshow={"slide_type": "skip"}

# %% slideshow={"slide_type": "skip"} tags=["core"]
import math
from collections import Counter
from itertools import pairwise

import torch

from coursekit import load, predict, result, show
from coursekit.models import KneserNey
from coursekit.text import BPE, Unigram, Vocab, WordBPE, WordPiece, trace
from coursekit.text.merging import join

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Remember
#
# 1. In chapter 01, what did the vocabulary do with a word that the training text does not hold?
# 2. Replacing rare words by `<unk>` makes the perplexity fall. Why is that no progress?
# 3. Two models use different tokens. In which unit can you compare them?
# 4. What is the cross-entropy of a model that is always right and always sure?
# 5. What shape has `(B, T, V)` scores' `.argmax(-1)`?
#
# <details><summary>Answers</summary>
#
# 1. It became `<unk>`: all unknown words are one and the same.
# 2. The task became easier: "one of many words" costs less than to say which.
# 3. Bits per character, as long as both can spell the whole text.
# 4. Zero: $-\ln 1$.
# 5. `(B, T)`: one word for each place.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Why
#
# The small world of chapter 01 changes with time: new names, new things. The model was trained on the past. What does it *read* when
# the future says this?
#
# > yuki went to the park . there she found a robot .
#
# And what if somebody types *sandcastel*?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
stories = load("stories")
past, future = (stories[split]["tokens"] for split in ("train", "test"))
vocab = Vocab.build(past)
story = "yuki went to the park . there she found a robot and a sandcastel ."
print(" ".join(vocab.decode(vocab.encode(story.split()))))
unknown = {word for tokens in future for word in tokens if word not in vocab}
share = sum(word not in vocab for tokens in future for word in tokens)
result(rtol=1e-9, new_words=len(unknown), unknown_share=share / sum(map(len, future)))

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# The name, the thing and the slip of the pen have become one token, `<unk>`. The stories of the test hold 12 words that the
# training text lacks, four tokens in a thousand. A larger vocabulary only moves the line: in real text about half of all different
# words occur once, so every text brings new ones.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## The idea: pieces between letters and words
#
# A **tokeniser** cuts a text into **tokens** and gives each a number, its **id**, by a table: word to index. $V$ is the length of the table, and the
# **fertility** is the mean number of tokens for a word.
#
# - By **character**: $V$ is tiny, nothing is unknown, and sequences are long.
# - By **word**: sequences are short, $V$ is huge, and new words are unknown.
# - By **piece**: frequent words stay whole, rare ones are spelt with what they share with others.
#
# What do the first two cost on the same stories?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
text = [" ".join(tokens[:-1]) for tokens in past]  # one string a story, without <eos>
test = [" ".join(tokens[:-1]) for tokens in future][:400]
words = sum(len(line.split()) for line in test)
letters = Vocab.build(text)  # a string counts as its characters
by_character = sum(len(letters.encode(line)) for line in test) / words
print("the first story:", text[0][:60], "...")
print("the table:", *(f"{i} {word}" for i, word in enumerate(vocab.words[:9])), "...")
result(characters=len(letters), words=len(vocab))
result(rtol=1e-9, tokens_per_word_by_character=by_character)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# By character a table of 32 entries is enough and a word costs 4.7 tokens, its space included. By word the table has 602
# entries and a word costs one token. A model's time grows with the number of tokens, its memory with the number of entries.
# Pieces choose a point between. The question is only: which pieces?
#
# In both tables ids 0 to 3 are **special tokens**, which no text spells: padding, the unknown, the beginning and the end of a text.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=4
# ## Build it: byte-pair encoding
#
# Begin with letters. Count each pair of neighbours inside words. Join the most frequent pair everywhere, and again. The list of **merges** is
# the tokeniser.
#
# 1. Pairs are counted *within* words: no merge crosses a word's border.
# 2. A word that occurs seven times counts seven times.
# 3. Among equally frequent pairs the older symbols win, so everybody learns the same merges.
#
# Five forms of one verb: *paint, paints, painted, painting, painter*. Which piece will they share, and after how many merges?
#
# *a timid tiger tickled a tired tinker*: which three pairs are joined? (*a* and *t* are neighbours twice, too.)


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=3
def learn(counts, merges):
    """The first `merges` merges of the words in `counts` (word -> how often)."""
    split, learnt = {word: tuple(word) for word in counts}, []
    age = {s: i for i, s in enumerate(sorted({c for word in counts for c in word}))}
    for _ in range(merges):
        pairs = Counter()
        for word, symbols in split.items():
            for pair in pairwise(symbols):
                pairs[pair] += counts[word]
        best = min(pairs, key=lambda p: (-pairs[p], age[p[0]], age[p[1]]))
        age.setdefault("".join(best), len(age))
        split = {word: join(symbols, best) for word, symbols in split.items()}
        learnt.append(best)
    return learnt, split


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def draw_boxes(ax, rows, hues=("#a9d1ee", "#f6d7a7", "#c9e4c5", "#e5c8e0", "#dddddd")):
    """Each row of tokens as coloured boxes; equal tokens have equal colours."""
    for y, tokens in enumerate(rows):
        x = 0.0
        for token in tokens:
            box = {"boxstyle": "round,pad=0.25", "fc": hues[sum(token.encode()) % 5]}
            ax.text(x, -y, token, bbox=box, fontsize=11, family="monospace")
            x += 0.3 + 0.17 * len(token)
    ax.set(xlim=(-0.2, 6), ylim=(0.6 - len(rows), 0.6), frame_on=False, xticks=[], yticks=[])


forms = {"paint": 2, "paints": 1, "painted": 1, "painting": 1, "painter": 1}
learnt, split = learn(forms, 4)
same = [(m.pair, m.words) for m in trace(forms, 4)][-1] == (learnt[-1], split)
tiger, _ = learn(Counter(["a", "timid", "tiger", "tickled", "a", "tired", "tinker"]), 3)
print(*(" ".join(pieces) for pieces in split.values()), sep="  |  ")
result(merges=[*map("".join, learnt)], sentence=[*map("".join, tiger)], equals_coursekit=same)

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# Four merges, *in*, *ain*, *pain*, *paint*, and the five forms share one token: whatever a model learns about *paint* in one form helps in the
# others. Nobody told it what a stem is. (*in* came first, since *painting* has it twice; then all pairs inside *paint* occur
# six times, and the tie-break decided. `join` goes from left to right: *aaa* becomes *aa a*.) The package finds the same merges, and counts anew only what a merge changed.
#
# In the sentence *ti* comes first, five times, then *ed* and *er*, twice each. *a* and *t* meet twice as well, but across a word's border: not counted.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ## Use it: the four tokenisers
#
# **How is a new word cut?** The merges are replayed on its letters: of all that are possible the one that was learnt first, until none is left. By
# the four merges above *pained* is *pain e d*.
#
# **Where does a word end?** Cut at spaces and put a mark `</w>` after each word (Sennrich and others 2016): then *ing* inside a word and *ing*
# at its end are different pieces, and the text can be put together again.
#
# **Which letters are there?** GPT-2 starts from the 256 **bytes** of UTF-8 instead of letters: every text is made of them, so nothing is
# ever unknown, and keeps the space with the word that follows it.

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
marked, bytewise = WordBPE.train(text, 400), BPE.train(text, 400)
for line in ("there she found a sandcastle .", "yuki found a robot .", "Zoë found 雪 ☕ !"):
    print(" ".join(p for word in line.split() for p in marked.segment(word)))
    print(" ".join(bytewise.tokens(line)).replace("\\", ""))
spelt = {c: list(c.encode()) for c in ("e", "ë", "雪")}
result(bytes_of=spelt, known_to_marked="雪" in marked.vocab, unknown_id=marked.encode("雪")[0])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=2
# ### A promise: decode(encode(text)) is the text
#
# Above, *ë* is two bytes and *雪* three: a token such as `xe9` is one byte. The word-level form has never seen *雪* and must say `<unk>`, id 1;
# the byte-level form spells it. So can it give back every text, in every script, with every number of spaces?
#
# The next cell tries strings that break careless tokenisers, and then 2,000 random strings
# of characters from the whole of Unicode. (Half of a surrogate pair is no character: UTF-8 cannot write it, and
# `encode` says so in one sentence.)

# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
hard = ["", " ", "  two  spaces ", "tab\tand\r\n", "e\u0301 is not é", "👩‍🚀", "\x00", "שלום"]
draw = torch.Generator().manual_seed(0)
codes = torch.randint(0x110000 - 2048, (2000, 12), generator=draw).tolist()
anything = ["".join(chr(c if c < 0xD800 else c + 2048) for c in row) for row in codes]
result(back=all(bytewise.decode(bytewise.encode(s)) == s for s in [*hard, *anything]))
try:
    bytewise.encode("half of a pair: \ud83d")
except ValueError as error:
    print(error)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### WordPiece: the longest piece that fits
#
# BERT's tokeniser does not replay merges. It takes the longest piece of its table that begins the word, then the longest that goes on, marked
# `##`, until the word is used up. If nothing fits, the *whole* word is `[UNK]`.
#
# *Training* joins the pair with the largest count(ab) / (count(a) count(b)): not the most frequent pair, but the one whose halves are seldom
# seen apart.
#
# The table holds *un*, *unt*, *##ie*, *##tie*, *##d*. How is *untied* cut? And *under*?


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def longest_match(word, pieces):
    """WordPiece's cut of one word."""
    cut, start = [], 0
    while start < len(word):
        mark = "##" if start else ""
        fits = [end for end in range(start + 1, len(word) + 1) if mark + word[start:end] in pieces]
        if not fits:
            return ["[UNK]"]
        cut.append(mark + word[start : fits[-1]])
        start = fits[-1]
    return cut


table = ["[UNK]", "un", "unt", "##ie", "##tie", "##d"]
ours = {word: longest_match(word, table) for word in ("untied", "under")}
result(**ours, equals_coursekit=all(WordPiece(table).split(w) == cut for w, cut in ours.items()))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### Unigram: the most probable cut
#
# WordPiece cut *unt ##ie ##d*, though *un ##tie ##d* reads better: it never goes back. And *under* is unknown as a whole, though *un* fits. (So a table should
# hold every letter, bare and with `##`.)
#
# T5's tokeniser gives each piece $x_i$ a probability and takes, of *all* cuts of a word, the one whose product is largest; in logarithms, for a cut of $M$ pieces:
#
# $$\hat x = \arg\max_{x_1 \dots x_M} \sum_{i=1}^{M} \log p(x_i)$$
#
# A word of $n$ letters has $2^{n-1}$ cuts, but the best cut that ends at letter $t$ needs only the best cuts that end before: dynamic
# programming, the Viterbi algorithm. The mark `▁` stands for the space before a word.


# %% slideshow={"slide_type": "subslide"} tags=["core", "toy"] minutes=2
def best_cut(word, log_p):
    """The cut of `word` with the largest sum of log p, and that sum."""
    best = [(0.0, [])]  # best[t]: of the first t letters
    for t in range(1, len(word) + 1):
        ends = [(s, word[s:t]) for s in range(t) if word[s:t] in log_p]
        best.append(max((best[s][0] + log_p[piece], [*best[s][1], piece]) for s, piece in ends))
    return best[-1]


p = {"▁": 0.1, "u": 0.05, "n": 0.05, "t": 0.1, "i": 0.05, "e": 0.1, "d": 0.1}
p |= {"▁un": 0.1, "▁unt": 0.01, "tie": 0.1, "ie": 0.04, "ed": 0.2}
log_p = {piece: math.log(x) for piece, x in p.items()}
model = Unigram(["<pad>", "<unk>", "<bos>", "<eos>", *p], [0.0] * 4 + list(log_p.values()))
score, cut = best_cut("▁untied", log_p)
result(rtol=1e-9, cut=cut, log_p=score, equals_coursekit=model.tokens("untied") == cut)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=4
# ### Box: expectation and maximisation
#
# Where do the probabilities come from? If we knew the cuts, we would count pieces. If we knew the probabilities, we would know the cuts. **EM** goes
# round:
#
# 1. **E**: with the present $p$, every cut of a word has a probability; count each piece by the probability of the cuts that use it.
# 2. **M**: $p(\text{piece})$ = its expected count / all expected counts.
#
# Such a step can only raise the probability of the text (Dempster and others 1977). Now and then the pieces that help least are thrown away, until
# $V$ are left; then the text gets *less* probable, with fewer pieces. Do the measured numbers obey?

# %% slideshow={"slide_type": "subslide"} tags=["extra", "output-only", "world"] minutes=2
seen = []
unigram = Unigram.train(
    text[:2000], 400, steps=3, watch=lambda pieces, ll: seen.append((pieces, ll))
)
likelihood = [ll / 1000 for _, ll in seen]
label = {"x": "EM step", "y": "log-likelihood of the words (1,000 nats)"}
display(show.lines({"pieces thrown away after every third": likelihood}, **label))
rounds = [likelihood[i : i + 3] for i in range(0, len(likelihood), 3)]
rises = all(a <= b + 1e-6 for row in rounds for a, b in pairwise(row))
result(pieces=[seen[0][0], seen[-1][0]], rises_within_each_round=rises)
result(rtol=1e-6, first=likelihood[0], best=max(likelihood), last=likelihood[-1])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### Padding and masks
#
# (In the box the line rises in every round of three steps, to -425 thousand nats, and ends at -467 with a tenth of the pieces.)
#
# A batch is a rectangle, and sentences are not equally long. So shorter rows are filled up with a special token, the **padding**, and a **mask**
# remembers which places are real: 1 a token, 0 padding. Other special tokens begin a text, end it, or stand between two texts; BERT's
# are `[CLS]` and `[SEP]`, and a segment number says which of two texts a token belongs to.
#
# None of these may ever be cut, merged, or predicted by mistake. Of the 32 places below, how many are real?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
wordpiece = WordPiece.train(text, 400)
pairs = [("she met a dog .", "it was shy ."), ("rain !", None)]
batch = [wordpiece.inputs(first, second, length=16) for first, second in pairs]
ids = torch.tensor([row.ids for row in batch])  # B, T
for row in batch:
    print(" ".join(wordpiece.pieces[i] for i in row.ids))
    print("segments", *row.segments, "  mask", *row.mask)
result(shape=ids.shape, real=sum(sum(row.mask) for row in batch))

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Look inside: merge by merge
#
# (23 places were real. `!` never stood in the stories, so it became `[UNK]`.)
#
# Move `done`, the number of merges. Each box is one token, and equal tokens have equal colours.
#
# - Which pieces appear first: beginnings, endings, or the middle of words?
# - After how many merges is *the* one token? When does *sandcastle* stop being spelt?
# - *sandcastel* was never seen. Which pieces of *sandcastle* does it keep?

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
SHOWN = ["the", "there", "sandcastle", "sandcastel", "painting", "robot"]
merges = WordBPE.train(text, 600).merges


def boxes(done):
    """The words as boxes, one a token, after this many merges."""
    tokeniser = WordBPE(merges[:done], characters=letters.words[4:])
    cut = [[t.replace("</w>", "_") for t in tokeniser.segment(word)] for word in SHOWN]
    told = "; ".join(map(" ".join, cut))
    picture, ax = show.canvas(f"After {done} merges: {told}.", width=7, height=3)
    draw_boxes(ax, cut)
    ax.set_title("last merge: " + " + ".join(merges[done - 1] if done else ["none yet"]))
    return picture


show.slider(boxes, done=(0, 600), start={"done": 40})
result(tokens=[len(WordBPE(merges[:n]).segment("sandcastle")) for n in (50, 200, 400, 600)])

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Measure it
#
# (*the* is one token from merge 8 on, *sandcastle* from 557; short words and endings come first. After all 600 merges *sandcastel* has *sand*, too,
# and its rest is *ca st el _*.)
#
# How many tokens does a word cost, at each size of the table, on stories that the tokenisers have not seen? Byte-pair encoding with 600 entries: the
# stories have 598 different words. Say a number before you look: 1.0 would mean that each word is one token.

# %% slideshow={"slide_type": "skip"} tags=["core", "world"]
SIZES = [300, 400, 600, 900, 1200]
train = text[:4000]
makers = {
    "BPE, bytes": lambda size: BPE.train(train, size - 256),
    "BPE, characters": lambda size: WordBPE.train(train, size - len(letters)),
    "WordPiece": lambda size: WordPiece.train(train, size),
    "Unigram": lambda size: Unigram.train(train, size),
}
made = {name: [make(size) for size in SIZES] for name, make in makers.items()}
coded = {name: [[t.encode(line) for line in test] for t in row] for name, row in made.items()}
fertility = {name: [sum(map(len, c)) / words for c in row] for name, row in coded.items()}

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("bytes_600")
labels = {"x": "V, entries of the table", "y": "tokens per word"}
curves = {name: (SIZES, row) for name, row in fertility.items()}
display(show.lines(curves, levels={"by word": 1.0}, **labels))
result(
    rtol=1e-9, bytes_600=fertility["BPE, bytes"][2], at_300={n: r[0] for n, r in fertility.items()}
)
result(rtol=1e-9, at_1200={name: row[-1] for name, row in fertility.items()})

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ### Are fewer tokens better?
#
# Byte-level BPE costs 1.50 tokens a word with 600 entries: 256 of them are bytes, most of which no story needs. Unigram is nearly at 1 by then. WordPiece pays 3.41
# with 300 entries and 1.96 with 1,200: its rule joins letters that are seldom seen apart, not frequent ones.
#
# Fewer tokens mean fewer predictions, each of them harder. So per token nothing can be compared, but per character it can. One model for all: a Kneser-Ney
# 5-gram over the ids of byte-level BPE, scored on the same stories. It sees four *tokens* back, whatever a token is.
#
# With more merges, will its bits per character fall, rise, or stay? Say at which of the five sizes $V$ they are fewest (`fewest_at`).

# %% slideshow={"slide_type": "subslide"} tags=["core", "output-only", "world"] minutes=3
predict("fewest_at")
bits, length = [], sum(map(len, test)) + len(test)  # each story is closed by a line end
for tokeniser in made["BPE, bytes"]:
    ids = [tokeniser.encode(line + "\n") for line in train]
    scored = KneserNey(5, len(tokeniser)).fit(ids)
    surprise = -sum(scored.log_prob(tokeniser.encode(line + "\n")).sum() for line in test)
    bits.append(surprise / math.log(2) / length)
known = -sum(sum(row) for row in stories["test"]["logprob"][:400]) / math.log(2) / length
floor = {"floor": known}
display(
    show.lines(
        {"5-gram on BPE": (SIZES, bits)}, levels=floor, x=labels["x"], y="bits per character"
    )
)
result(rtol=1e-6, bits=bits, floor=known, fewest_at=SIZES[bits.index(min(bits))])

# %% [markdown] slideshow={"slide_type": "notes"} tags=["core"]
# It falls from 0.655 to 0.633 at 900 entries, and rises again. Two forces would explain it: with longer tokens the same four reach further back, but each token has been
# seen less often. All that is a fiftieth of a bit; to the floor, 0.43, it is nearly ten times as far. None of the five tables makes up for a model that looks
# four tokens back.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=3
# ## Where it breaks
#
# - **A space changes everything.** *found* at the start of a line and *found* after a space are two tokens that share nothing.
# - **A slip of the pen** turns one token into several that mean something else.
# - **A special token in a stranger's text.** If `<|endoftext|>` in a comment becomes *the* end token, a stranger can end your document. `encode`
#   spells it out unless you ask otherwise.
# - **A cut in the middle of a word**: a prompt that ends in *sand* has chosen tokens that the training text never put before *castle*.
#
# Which of these four can you see in the tokens below?

# %% slideshow={"slide_type": "subslide"} tags=["core", "world"] minutes=2
gpt = BPE.train(train, 600, specials=["<|endoftext|>"])
for phrase in ("found", " found", " sandcastle", " sandcastel", " sand", "<|endoftext|>"):
    print(f"{phrase!r:18} {' '.join(gpt.tokens(phrase))}")
plain, special = (len(gpt.encode("<|endoftext|>", special=s)) for s in (False, True))
apart = set(gpt.encode("found")).isdisjoint(gpt.encode(" found"))
result(plain=plain, special=special, space_changes_all=apart)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["core"] minutes=1
# ## On real data
#
# (All four: *found* has one token after a space and three at the start; *sandcastel* is five pieces; the special text is spelt with ten; and *sand* is *sa nd*,
# which begins no *sandcastle*, one token.)
#
# The same functions, another text: the manual that every Python carries. Its Zipf tail is long: after 800 merges a word costs more than in our world of 600
# words after 944.
# (Versions of Python differ, so only claims are stored.)
#
# Published tables work as well: `BPE.load(folder)` reads GPT-2's `encoder.json` and `vocab.bpe` or a `tokenizer.json`, `WordPiece.load` BERT's `vocab.txt`,
# `Unigram.load` a SentencePiece file; their ids are those of the published tokenisers. Each has a `save` as well.

# %% slideshow={"slide_type": "subslide"} tags=["core", "real"] minutes=1
manual = {split: "".join(rows["text"]) for split, rows in load("text", source="pydoc").items()}
later = manual["test"][:20_000]
real = {n: BPE.train(manual["train"][:150_000], n) for n in (100, 800, 3000)}
per_word = [len(tokeniser.encode(later)) / len(later.split()) for tokeniser in real.values()]
fewer = all(a > b for a, b in pairwise(per_word))
result(
    fewer_with_more_merges=fewer, still_above_the_world=per_word[1] > fertility["BPE, bytes"][-1]
)
result(round_trip=real[800].decode(real[800].encode(later)) == later)

# %% [markdown] slideshow={"slide_type": "skip"} tags=["core", "quiz"]
# ## Check yourself
#
# quiz: border rank greedy bytes compare unk

# %% [markdown] slideshow={"slide_type": "slide"} tags=["extra"] minutes=1
# ## Further reading
#
# - Sennrich, Haddow and Birch 2016, *Neural machine translation of rare words with subword units*: byte-pair encoding for words.
# - Radford and others 2019, *Language models are unsupervised multitask learners*: bytes.
# - Wu and others 2016, *Google's neural machine translation system*; Devlin and others 2019, *BERT*: WordPiece.
# - Kudo 2018, *Subword regularization*: Unigram, and cuts that are drawn at random while training.
# - Dempster, Laird and Rubin 1977, *Maximum likelihood from incomplete data via the EM algorithm*.
#
# Next: questions q1 to q8 of the [exercises](../exercises/02_tokens_and_embeddings.ipynb), then part
# [02b](02b_embeddings.ipynb), where each token becomes a vector.
