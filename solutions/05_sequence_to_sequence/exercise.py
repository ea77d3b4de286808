# %% [markdown]
# # 05 Sequence to sequence: exercises
#
# Ten questions, 25 points, about 90 minutes: seven on an encoder, a decoder and what lies between them (part 05a),
# three on exposure bias and on pictures (part 05b). Each answer stands in one cell, where `...` waits for you. Running
# that cell checks the answer: a first miss names what is broken, a second one names the mistake if it is a well-known
# one, a third one says where to read again. Words are integers, their *ids*. `bos`, `eos` and `pad` are the ids of the
# beginning, of the end and of padding; B rows are one batch. Logarithms are natural.

# %%
import torch

# %% [markdown] ask="q1" kind="order" points=2 minutes=7 difficulty=1 see="05a, Build it"
# ## Read, then write
# Put the lines in order so that they make `loss`, teacher-forced training of the smallest encoder-decoder: its words
# are numbers, its state is a single number. Some lines do not belong to it.
#
# - In: `xs`, the source, and `ys`, the target: lists of floats. `v` and `w`, the weights of encoder and decoder.
# - The encoder: $h_n = \tanh(x_n + v\,h_{n-1})$, $h_0 = 0$. Its last state is the decoder's first one.
# - The decoder: at step j it reads the target's word before, $y_{j-1}$, and its state
#   $s_j = \tanh(y_{j-1} + w\,s_{j-1})$ is its guess at $y_j$. The beginning of the target is marked by $y_0 = 0$.
# - Out: the mean of the squared errors $(s_j - y_j)^2$.
# - Answer: the letters in order, such as `"CAB"`.


# %% lines="q1"
def loss(xs, ys, v, w):
    from math import tanh

    state = 0.0
    for x in xs:
        state = tanh(x + v * state)
    total = 0.0
    previous = 0.0
    for y in ys:
        state = tanh(previous + w * state)
        total += (state - y) ** 2
        previous = y
    return total / len(ys)


### DISTRACTORS
#     previous = xs[-1]
#     state, previous = 0.0, 0.0
#     for y in ys[1:]:
#         state = tanh(y + w * state)
#         previous = state
#         return total / len(ys)

# %% [markdown] ask="q2" kind="number" points=1 minutes=4 difficulty=1 see="05a, Where it breaks"
# ## How wide is the neck?
# An encoder is a network of two LSTM layers with 400 units each, and reads from left to right. Words have embeddings of
# 300 numbers. The decoder is built the same way: each of its layers starts from the last state of the encoder's layer.
# There is no attention.
#
# How many numbers does the decoder receive about a source of 25 words? Answer with a number.

# %% answer="q2"
q2 = 2 * 2 * 400  ### SOLUTION

# %% [markdown] ask="q3" kind="choice" points=1 minutes=4 difficulty=2 see="05b, Where it breaks" options="ABCD"
# ## A picture in pieces
# A captioner without attention: a convolutional encoder turns a picture into a grid of 8 x 8 positions with 64 features
# each, and the decoder gets the *mean* of these 64 vectors as its context. Behind the encoder, before the mean,
# somebody shuffles the positions of the grid. How do the captions change?
#
# - **A.** Only words such as *left* and *above* change: the positions said where things are.
# - **B.** They become nonsense: the decoder never met such a picture in training.
# - **C.** They do not change at all.
# - **D.** They change until the decoder has been trained again on shuffled grids.
#
# Answer with a letter, such as `"A"`.

# %% answer="q3"
q3 = "C"  ### SOLUTION

# %% [markdown] ask="q4" points=2 minutes=7 difficulty=2 see="05a, Build it"
# ## One step apart
# Under teacher forcing the decoder reads `<bos>` and the target's words, and predicts the words and `<eos>`. Fill the
# two lines of `shifted`.
#
# - In: `sentences`, a list of B lists of ids, at least one, of any lengths (a sentence may be empty); three ids `bos`,
#   `eos` and `pad`.
# - Out: a pair `(inputs, targets)` of lists of B rows. All rows have the same length: the longest sentence and one
#   more. Entry j of a row of `targets` is what comes after entry j of `inputs`. Shorter rows are filled up with `pad`
#   at their end, and `<eos>` is never read.


# %% answer="q4"
def shifted(sentences, bos, eos, pad):
    """What a decoder reads, and what it is to predict."""
    inputs, targets = [], []
    for words in sentences:
        padding = [pad] * (max(map(len, sentences)) - len(words))
        inputs += [[bos, *words, *padding]]  ### SOLUTION
        targets += [[*words, eos, *padding]]  ### SOLUTION
    return inputs, targets


# %% [markdown] ask="q5" points=2 minutes=8 difficulty=2 see="05a, Measure it" uses=["torch"]
# ## Last word first
# An encoder that reads the source backwards meets its first words last, close to the decoder's first words. Write
# `backwards(ids, lengths)`.
#
# - In: `ids`, an integer tensor (B, T), rows filled up with padding at their end; `lengths`, a list of B integers from
#   1 to T: how many words of each row are text.
# - Out: an integer tensor (B, T): in each row the words in the opposite order, and the padding where it was. `ids`
#   itself stays as it is.


# %% answer="q5"
def backwards(ids, lengths):
    """Padded rows with their words in the opposite order."""
    ### BEGIN SOLUTION
    turned = ids.clone()
    for row, length in zip(turned, lengths):  # noqa: B905
        row[:length] = row[:length].flip(0)
    return turned
    ### END SOLUTION


# %% [markdown] ask="q6" points=3 minutes=10 difficulty=3 see="05a, Build it" uses=["torch"]
# ## Padding has no price
# Write `mean_loss(logits, targets, pad)`, the loss of a padded batch.
#
# - In: `logits`, a float tensor (B, S, V), the scores of the V words at each step; `targets`, an integer tensor (B, S),
#   filled up with the id `pad` at the end of each row. Each row has at least one word.
# - Out: a number: the mean of $-\log p(y)$ over all words of the batch that are not padding. Each word counts the same,
#   in whatever row it stands.


# %% answer="q6"
def mean_loss(logits, targets, pad):
    """Cross-entropy per real word."""
    ### BEGIN SOLUTION
    chosen = logits.log_softmax(-1).gather(-1, targets[..., None]).squeeze(-1)  # B, S
    return -chosen[targets != pad].mean().item()
    ### END SOLUTION


# %% [markdown] ask="q7" points=3 minutes=10 difficulty=3 see="05a, Build it" uses=["torch"]
# ## The source, told again at each step
# A decoder may forget its first state. So give it the context c at *every* step, once in front of the word that it
# reads, and once more for the output. Write `step(y, s, c, V_x, V_h, b, W)`.
#
# - In: tensors with one row for each sentence: `y` (B, D), the embedding of the word before; `s` (B, H), the state
#   before; `c` (B, H), the context. `V_x` (H, H + D), `V_h` (H, H), `b` (H) and `W` (V, H + H).
# - Out: a pair `(new, scores)` of tensors (B, H) and (B, V), with $s' = \tanh(V_x [c; y] + V_h s + b)$ and the scores
#   $W [s'; c]$. The semicolon puts two vectors into one, in this order.


# %% answer="q7"
def step(y, s, c, V_x, V_h, b, W):
    """One step of a decoder that reads the context again and again."""
    ### BEGIN SOLUTION
    new = torch.tanh(torch.cat([c, y], 1) @ V_x.T + s @ V_h.T + b)
    return new, torch.cat([new, c], 1) @ W.T
    ### END SOLUTION


# %% [markdown] ask="q8" points=3 minutes=12 difficulty=3 see="05b, Build it"
# ## The teacher lets go
# Scheduled sampling tosses a coin before each step: does the decoder read the right word, or its own? Write
# `inputs(words, best, own, draws, bos)`. Here the model is a dict: after reading the id w, its most probable next word
# is `best[w]`, whatever came before.
#
# - In: `words`, a list of S ids, the target $y_1$ to $y_S$; `best`, which has an entry for every id; `own`, the
#   probability of an own word; `draws`, S floats from 0 to below 1, one for each step; the id `bos`.
# - Out: a list of S ids, what the decoder reads at each step. Step 1 reads `bos`, whatever its draw. If the draw of a
#   later step j is below `own`, that step reads the word which the model finds most probable after what it read at step
#   j - 1; else it reads the right word $y_{j-1}$.


# %% answer="q8"
def inputs(words, best, own, draws, bos):
    """What a decoder reads under scheduled sampling."""
    ### BEGIN SOLUTION
    read = [bos]
    for word, draw in zip(words, draws[1:]):  # noqa: B905
        read.append(best[read[-1]] if draw < own else word)
    return read
    ### END SOLUTION


# %% [markdown] ask="q9" kind="counterexample" points=3 minutes=10 difficulty=4 see="05b, Where it breaks"
# ## A single slip
# "Of six words the model gets five right, so what it writes is almost right." Prove that this is wrong. A model is a
# dict again: after a word it says `model[word]`. Find one that makes a single mistake as long as the teacher hands it
# the right words, and of whose own text *not one* word stands right.
#
# - Answer: a dict from words to words, such as `{"<bos>": "we", "we": "walk"}`. Where it has no entry, it says
#   `"<eos>"`.
# - `judge` below says what your example shows; you are to make it say `"lost"`.


# %% given="q9"
RIGHT = ["we", "walk", "home", "in", "the", "rain"]


def judge(model):
    """What a model does with the teacher and without."""
    model = dict(model)
    taught = [model.get(word, "<eos>") for word in ["<bos>", *RIGHT[:-1]]]
    alone = ["<bos>"]
    for _ in RIGHT:
        alone.append(model.get(alone[-1], "<eos>"))
    slips = sum(a != b for a, b in zip(taught, RIGHT))  # noqa: B905
    hits = sum(a == b for a, b in zip(alone[1:], RIGHT))  # noqa: B905
    if slips == 0:
        return "with the teacher it makes no mistake"
    if slips > 1:
        return "with the teacher it makes more than one mistake"
    return "lost" if hits == 0 else "before its slip it is right" if alone[1] == RIGHT[0] else "it finds its way back"


# %% answer="q9"
q9 = {"<bos>": "rain", "we": "walk", "walk": "home", "home": "in", "in": "the", "the": "rain"}  ### SOLUTION

# %% [markdown] ask="q10" points=5 minutes=18 difficulty=4 see="05a, Build it" uses=["torch"]
# ## Build the bridge
# A bidirectional encoder ends in two places, and the decoder needs one state to start from. Write
# `first_state(ahead, back, lengths, W)`.
#
# - In: `ahead` and `back`, tensors (B, T, H). `ahead[:, n]` is the state after reading from the first word to word n,
#   `back[:, n]` the state after reading from the last word of the row down to word n; words count from 0. Where a row
#   is padding, both may hold any numbers. `lengths`, a list of B integers from 1 to T; `W` (H, 2 H).
# - Out: a tensor (B, H), $\tanh(W [a; r])$ for each row, where a is the state of `ahead` and r that of `back` which has
#   read the *whole* row, and nothing but it.


# %% answer="q10"
def first_state(ahead, back, lengths, W):
    """The decoder's first state from a bidirectional encoder."""
    ### BEGIN SOLUTION
    rows = torch.arange(len(ahead))
    a = ahead[rows, torch.tensor(lengths) - 1]
    return torch.tanh(torch.cat([a, back[:, 0]], -1) @ W.T)
    ### END SOLUTION
