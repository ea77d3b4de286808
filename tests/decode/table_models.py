"""Models without weights, for the tests of the decoders: the next word is looked up by all words before it."""

import itertools

import numpy as np
import torch


class Table:
    """p(next | words before) from a function; words that `limit` steps have gone by may be anything.

    The state is the words read so far, one row each.
    """

    def __init__(self, logits):
        self.logits, self.steps, self.rows = logits, 0, []

    def step(self, ids, state):
        read = ids[:, None] if state is None else torch.cat([state, ids[:, None]], 1)
        self.steps += 1
        self.rows.append(len(ids))
        return torch.stack([torch.as_tensor(self.logits(tuple(row))) for row in read.tolist()]), read

    def select(self, state, rows):
        return state[rows]


def random_table(seed, vocabulary, ties=False):
    """Logits drawn anew for each prefix; with `ties`, of three values only."""
    known = {}

    def logits(prefix):
        if prefix not in known:
            rng = np.random.default_rng([seed, *prefix])
            known[prefix] = rng.integers(0, 3, vocabulary).astype(float) if ties else rng.normal(0, 1.5, vocabulary)
        return known[prefix]

    return Table(logits)


def outputs(table, bos, eos, vocabulary, max_length):
    """(words, log p of each, finished) of every output that is possible within `max_length`, by plain recursion."""

    def log_p(prefix):
        return torch.log_softmax(torch.as_tensor(table.logits((bos, *prefix))).double(), -1).tolist()

    words = [w for w in range(vocabulary) if w != eos]
    for length in range(max_length + 1):
        for prefix in itertools.product(words, repeat=length):
            scores = [log_p(prefix[:i])[w] for i, w in enumerate(prefix)]
            if length < max_length:
                yield list(prefix), [*scores, log_p(prefix)[eos]], True
            else:
                yield list(prefix), scores, False
