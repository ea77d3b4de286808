# %% [markdown]
# # 09 GPT: exercises
#
# Eleven questions, 24 points, about 99 minutes: seven on a model that goes on writing (part 09a), four on prompts,
# sizes and what they cost (part 09b). Each answer stands in one cell, where `...` waits for you. Running that cell
# checks the answer: a first miss names what is broken, a second one names the mistake if it is a well-known one, a
# third one says where to read again. B is the batch, T the number of words, D the width, losses are in nats, and
# positions count from 0.

# %%
import math
import re

import numpy as np
import torch

# %% [markdown] ask="q1" kind="order" points=2 minutes=7 difficulty=1 see="09a, Build it"
# ## Read once, write on
# Put the lines in order so that they make `generate`: sampling with a cache, for a language model in its smallest form.
# Some lines do not belong to it.
#
# - The model is a table of numbers above 0. Each word that it reads, `last`, multiplies the weight of every word by
#   `table[last][word]`, and the next word is drawn in proportion to these weights. The cache of this model holds the
#   weights, so that *no word is read twice*.
# - In: `prompt`, a list of words; `table`, which knows all words and `"<eos>"`; `limit`, the most words that the text
#   may have, prompt and `"<eos>"` included; `seed` of the draws, an integer.
# - Out: the text, a list of words: the prompt, and what was drawn. It ends with the `limit` or with `"<eos>"`.
# - Answer: the letters in order, such as `"CAB"`.


# %% lines="q1"
def generate(prompt, table, limit, seed):
    from random import Random

    draw = Random(seed)
    text = list(prompt)
    cache = {word: 1.0 for word in sorted(table)}
    new = prompt
    while len(text) < limit:
        for last in new:
            cache = {word: cache[word] * table[last][word] for word in cache}
        word = draw.choices(list(cache), cache.values())[0]
        text.append(word)
        if word == "<eos>":
            break
        new = [word]
    return text


### DISTRACTORS
#         new = list(text)
#         new = prompt
#         cache = {word: 1.0 for word in sorted(table)}
#         word = max(cache, key=cache.get)
#         draw = Random(seed)
#         return text

# %% [markdown] ask="q2" points=2 minutes=8 difficulty=2 see="09a, The idea" uses=["torch"]
# ## A padding that is also a word
# Fill the two lines of `shifted`, which makes inputs and targets of texts. GPT-2's vocabulary has no word for padding,
# and so the end of a text, `END`, serves for it, too.
#
# - In: `ids`, an integer tensor (B, T): a text in each row, ended by `END`, and behind this more of `END` as padding. A
#   text may consist of several documents, and then `END` stands between them, too. `lengths`, an integer tensor (B) of
#   numbers from 2 to T: the words of each text, with its end and without its padding.
# - Out: a pair of tensors (B, T - 1): the inputs, and for each of them as a target the word that comes next, or -100
#   where that is padding. The end of a text is a word like others: a model must learn it.

# %%
END = 0


# %% answer="q2"
def shifted(ids, lengths):
    """What the model reads, and what it is to say."""
    inputs, following = ids[:, :-1], ids[:, 1:]
    real = torch.arange(1, ids.size(1)) < lengths[:, None]  ### SOLUTION
    targets = following.masked_fill(~real, -100)  ### SOLUTION
    return inputs, targets


# %% [markdown] ask="q3" points=1 minutes=5 difficulty=2 see="09a, Measure it"
# ## Short ones and long ones
# Write `perplexity(losses)`, that of a model on a collection of documents.
#
# - In: `losses`, a list of documents, each a list of the losses $-\log p$ of its words in nats, at least one.
# - Out: the perplexity of the collection, a float. Every *word* counts alike.


# %% answer="q3"
def perplexity(losses):
    """Perplexity of a collection of documents."""
    ### BEGIN SOLUTION
    words = [loss for document in losses for loss in document]
    return math.exp(sum(words) / len(words))
    ### END SOLUTION


# %% [markdown] ask="q4" points=3 minutes=10 difficulty=2 see="09a, Measure it"
# ## What a summariser is paid for
# A language model learns to summarise from texts like ARTICLE `<eos>` SUMMARY `<eos>` `<pad>` ... The weights say which
# words count as *targets*: the model is to learn the summary and where it ends, but not the article. Write
# `weighted(article, summary, room)`.
#
# - In: `article` and `summary`, lists of words, each of at least one; `room`, how long the row is to be: an integer, at
#   least 3 more than the words of the summary.
# - If all of it does not fit into the row, the article loses words at its end; the summary stays whole.
# - Out: a pair `(words, weights)` of lists of length `room`: the words, padded at the end with `"<pad>"`, and the
#   weight of each of these words as a target, 1 or 0.


# %% answer="q4"
def weighted(article, summary, room):
    """A row for the summariser, with the weights of its words."""
    ### BEGIN SOLUTION
    kept = article[: room - len(summary) - 2]
    words = [*kept, "<eos>", *summary, "<eos>"]
    weights = [0] * (len(kept) + 1) + [1] * (len(summary) + 1)
    free = room - len(words)
    return words + ["<pad>"] * free, weights + [0] * free
    ### END SOLUTION


# %% [markdown] ask="q5" points=2 minutes=9 difficulty=2 see="09a, Build it"
# ## All of its weights
# Write `parameters(V, C, D, L)`, the number of parameters of a GPT-2.
#
# - In: integers: `V` words in the vocabulary, `C` positions, the width `D`, `L` blocks.
# - It has an embedding for each word and one for each position. A block has two layer norms (gain and bias), an
#   attention (one matrix makes queries, keys and values of all heads, one is for the output) and a feed-forward layer
#   whose inner width is 4 D. All these matrices have biases. After the blocks comes a last layer norm; the output uses
#   the words' embeddings again.
# - Out: an integer. For V = 50,257, C = 1,024, D = 768 and L = 12 it is the number that everybody calls 124 million.


# %% answer="q5"
def parameters(V, C, D, L):
    """The number of parameters of a GPT-2."""
    ### BEGIN SOLUTION
    attention = (D + 1) * 3 * D + (D + 1) * D
    feed = (D + 1) * 4 * D + (4 * D + 1) * D
    norm = 2 * D
    return (V + C) * D + L * (2 * norm + attention + feed) + norm
    ### END SOLUTION


# %% [markdown] ask="q6" kind="number" points=1 minutes=6 difficulty=2 see="09b, Measure it"
# ## What it costs to remember
# Mistral's model of 7 billion weights has 32 layers, the width 4,096, and 32 heads for queries in each layer. Groups of
# 4 of these heads share the keys and values of one. All numbers take 16 bits. A card has 24 GiB left for the cache (1
# GiB is $2^{30}$ bytes). How many texts of 4,096 words can it write at once? Answer with a number.

# %% answer="q6"
q6 = 24 * 2**30 / (2 * 32 * (32 // 4) * (4096 // 32) * 2 * 4096)  ### SOLUTION

# %% [markdown] ask="q7" kind="number" points=1 minutes=6 difficulty=2 see="09b, Measure it"
# ## How much to read
# A training costs about 6 N M operations for N weights and M words of text. The makers of Chinchilla found that a given
# sum of operations is spent best if the model reads about 20 words for each of its weights. You can pay for
# $1.2 \cdot 10^{22}$ operations. How many *words* should your model read? Answer with a number, in billions
# ($10^9$).

# %% answer="q7"
q7 = 20 * math.sqrt(1.2e22 / (6 * 20)) / 1e9  ### SOLUTION

# %% [markdown] ask="q8" points=2 minutes=9 difficulty=2 see="09b, The idea"
# ## Show it, and ask
# Write `few_shot(examples, query, shots)`, a prompt that shows a task by examples.
#
# - In: `examples`, a list of pairs `(input, answer)` of strings; `query`, the input that is asked for; `shots`, an
#   integer from 0: how many examples are shown.
# - Shown are the first `shots` of those that do not give the answer away: an example whose input is the query is not
#   used. If there are fewer, all of them are shown. Their order stays.
# - Out: a string. An example reads `"dog -> chien ; "`, and the query at the end `"cat ->"`. Behind the last arrow
#   comes nothing, no space either: it belongs to the word that the model is to say.


# %% answer="q8"
def few_shot(examples, query, shots):
    """A prompt of examples and a question."""
    ### BEGIN SOLUTION
    fair = [pair for pair in examples if pair[0] != query][:shots]
    return "".join(f"{one} -> {other} ; " for one, other in fair) + f"{query} ->"
    ### END SOLUTION


# %% [markdown] ask="q9" points=3 minutes=11 difficulty=3 see="09b, Measure it" uses=["numpy"]
# ## A line through losses
# Larger models have smaller losses, but none falls below the floor F. A scaling law says $L(N) = F + b\,N^{-a}$ for the
# loss of a model with N weights. Write `exponent(sizes, losses, floor)`.
#
# - In: `sizes`, a list of at least two numbers, all different; `losses`, a list of as many losses, measured and so not
#   quite on the curve, all above `floor`; `floor`, F, a float from 0.
# - Out: a float, a. Written with logarithms the law is a line: take the one with the least sum of squared errors in the
#   logarithm of what lies above the floor.


# %% answer="q9"
def exponent(sizes, losses, floor):
    """The exponent of a scaling law, by least squares."""
    ### BEGIN SOLUTION
    x, y = np.log(sizes), np.log(np.array(losses) - floor)
    x = x - x.mean()
    return float(-(x * y).sum() / (x * x).sum())
    ### END SOLUTION


# %% [markdown] ask="q10" kind="counterexample" points=2 minutes=8 difficulty=3 see="09a, On real data"
# ## It fits, so it must be right
# The published files of GPT-2 keep the matrix of a layer as (in, out), torch's layers want it as (out, in). `load`
# below knows nothing of files: it turns a matrix if its shape does not fit, and else takes it as it is. Its author says
# that a wrongly turned matrix would raise an error. Find a matrix of a file for which none is raised, and the layer
# computes something wrong.
#
# - Answer: a list of rows of numbers, the matrix as the file has it, such as `[[1, 2, 3], [4, 5, 6]]`: as many rows as
#   the layer has inputs, as many columns as it has outputs.
# - `judge` below loads it and tries the layer. You are to make it say `"nobody noticed"`.


# %% given="q10"
def load(stored, outputs, inputs):
    """The weight of a layer, (out, in), from a file."""
    weight = stored if stored.shape == (outputs, inputs) else stored.T
    if weight.shape != (outputs, inputs):
        raise ValueError(f"a weight of shape {stored.shape} does not belong here")
    return weight


def judge(example):
    """What becomes of a layer whose matrix is loaded from a file."""
    rows = [list(map(float, row)) for row in example]
    if not rows or not rows[0] or len({len(row) for row in rows}) != 1:
        return "these rows are no matrix"
    stored = np.array(rows)  # in, out
    inputs, outputs = stored.shape
    weight = load(stored, outputs, inputs)
    trials = np.eye(inputs)
    if np.abs(trials @ weight.T - trials @ stored).max() > 1e-6:
        return "nobody noticed"
    return "turned, as it should be" if inputs != outputs else "not turned, and right by chance"


# %% answer="q10"
q10 = [[1, 2], [3, 4]]  ### SOLUTION

# %% [markdown] ask="q11" points=5 minutes=20 difficulty=4 see="09a, On real data" uses=["torch"]
# ## Published weights (transfer)
# Write `translate(theirs)`: the weights of a file of GPT-2 under the names, and in the shapes, of our models.
#
# | theirs | ours | | theirs | ours |
# |---|---|---|---|---|
# | `wte` | `embed` | | `h.7.attn.c_attn` | `blocks.7.attention.qkv` |
# | `wpe` | `position` | | `h.7.attn.c_proj` | `blocks.7.attention.out` |
# | `h.7.ln_1` | `blocks.7.attention_norm` | | `h.7.mlp.c_fc` | `blocks.7.feed.up` |
# | `h.7.ln_2` | `blocks.7.feed_norm` | | `h.7.mlp.c_proj` | `blocks.7.feed.down` |
# | `ln_f` | `norm` | | | |
#
# - After each of these stands `.weight` or `.bias`, in their names and in ours. The number of a block may be any. Some
#   files write `transformer.` before all names; ours never have it.
# - Layers whose name begins with `c_` keep their matrix as (in, out), ours as (out, in). Everything else is as in ours.
# - Older files also have `h.7.attn.bias` and `h.7.attn.masked_bias`: masks, no weights, and they are left out.
# - In: `theirs`, a dict from names to tensors, with all or some of the weights of a model. Out: such a dict with our
#   names.


# %% answer="q11"
def translate(theirs):
    """Weights of a GPT-2 file, as ours."""
    ### BEGIN SOLUTION
    table = {"wte": "embed", "wpe": "position", "ln_f": "norm", "ln_1": "attention_norm", "ln_2": "feed_norm"}
    table |= {"attn.c_attn": "attention.qkv", "attn.c_proj": "attention.out"}
    table |= {"mlp.c_fc": "feed.up", "mlp.c_proj": "feed.down"}
    ours = {}
    for name, tensor in theirs.items():
        block, layer, kind = re.fullmatch(r"(?:transformer\.)?(h\.\d+\.)?(.*)\.(\w+)|.*", name).groups()
        if layer not in table:
            continue
        turned = layer.split(".")[-1].startswith("c_") and kind == "weight"
        ours[(block or "").replace("h.", "blocks.") + f"{table[layer]}.{kind}"] = tensor.T if turned else tensor
    return ours
    ### END SOLUTION
