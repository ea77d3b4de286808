"""Attention: scores between queries and keys, a softmax over the keys that may be seen, a weighted mean of the values.

    a(s) = softmax over s of score(q, h_s),    c = sum over s of a(s) h_s

    attention = Attention("general", query_size, key_size)
    memory = attention.prepare(values, mask)            once per sentence: this projects the keys
    context, weights = attention(queries, memory)       as often as there are queries, one step or all at once

The six scores of a query q and a key h are the classes below, each with its equation and its source. `mask` is boolean,
True where a query may look; masked weights are exactly 0 in every dtype. A row whose keys are all masked gets weights
and context of zeros, not the mean over its padding and not NaN.

Letters: B batch, S queries, T keys (source positions), Q size of a query, K size of a value, A size of a prepared key.
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from coursekit.nn.drawing import drawn


class Memory(NamedTuple):
    """What attention looks at: `values` B T K, prepared `keys` B T A, and `mask` B T, True where it may look."""

    values: Tensor
    keys: Tensor
    mask: Tensor

    def select(self, rows: Int[Tensor, " N"]) -> "Memory":
        """The memory whose row i is row `rows[i]` of this one."""
        return Memory(*(part.index_select(0, rows) for part in self))


class Dot(nn.Module):
    """q'h. Luong, Pham & Manning 2015, "Effective approaches to attention-based neural machine translation", sec. 3.1.

    Needs Q = K. Adds no parameter.
    """

    def prepare(self, values: Float[Tensor, "B T K"]) -> Float[Tensor, "B T A"]:
        """What of the score depends on the keys alone."""
        return values

    def forward(self, queries: Float[Tensor, "B S Q"], keys: Float[Tensor, "B T A"]) -> Float[Tensor, "B S T"]:
        return queries @ keys.mT


class ScaledDot(Dot):
    """q'h / sqrt(K): the root of the dimension, not the norm of the key. Vaswani et al. 2017, section 3.2.1."""

    def prepare(self, values: Float[Tensor, "B T K"]) -> Float[Tensor, "B T A"]:
        return values * values.size(-1) ** -0.5  # before the product, which could overflow in float16


class Cosine(Dot):
    """beta q'h / (|q| |h|). Graves, Wayne & Danihelka 2014, "Neural Turing machines", eq. 5 and 6.

    A cosine lies in [-1, 1], so beta = 1 leaves two weights at most a factor e^2 apart. Here log beta is a parameter
    that starts at 0 (in the paper the controller emits beta). A vector of zeros has cosine 0 with everything.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_beta = nn.Parameter(torch.zeros(()))

    def prepare(self, values: Float[Tensor, "B T K"]) -> Float[Tensor, "B T A"]:
        return self.log_beta.exp() * nn.functional.normalize(values, dim=-1, eps=tiny(values))

    def forward(self, queries: Float[Tensor, "B S Q"], keys: Float[Tensor, "B T A"]) -> Float[Tensor, "B S T"]:
        return super().forward(nn.functional.normalize(queries, dim=-1, eps=tiny(queries)), keys)


class General(Dot):
    """q'W h. Luong, Pham & Manning 2015, section 3.1. The prepared key is W h."""

    def __init__(self, query_size: int, key_size: int, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(drawn(generator, query_size, key_size))

    def prepare(self, values: Float[Tensor, "B T K"]) -> Float[Tensor, "B T A"]:
        return values @ self.weight.t()


class Additive(nn.Module):
    """v' tanh(W [q; h]) = v' tanh(W_q q + W_h h). Bahdanau, Cho & Bengio 2015, appendix A.1.2; Luong's "concat".

    The prepared key is W_h h. Holds B S T A numbers at a time.
    """

    def __init__(self, query_size: int, key_size: int, units: int, generator: torch.Generator) -> None:
        super().__init__()
        self.query = nn.Parameter(drawn(generator, units, query_size))  # A, Q
        self.key = nn.Parameter(drawn(generator, units, key_size))  # A, K
        self.v = nn.Parameter(drawn(generator, units))  # A

    def prepare(self, values: Float[Tensor, "B T K"]) -> Float[Tensor, "B T A"]:
        return values @ self.key.t()

    def forward(self, queries: Float[Tensor, "B S Q"], keys: Float[Tensor, "B T A"]) -> Float[Tensor, "B S T"]:
        q = queries @ self.query.t()  # B, S, A
        return torch.tanh(q[:, :, None] + keys[:, None]) @ self.v


class Location(nn.Module):
    """(W q)_s: the score looks at the position s, not at the key. Luong, Pham & Manning 2015, eq. 8.

    W has a row for each of `max_length` positions, counted from 0; a shorter source uses the first T of them.
    """

    def __init__(self, query_size: int, max_length: int, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(drawn(generator, max_length, query_size))

    def prepare(self, values: Float[Tensor, "B T K"]) -> Float[Tensor, "B T A"]:
        if values.size(1) > len(self.weight):
            raise ValueError(
                f"the source has {values.size(1)} positions, but the location score knows {len(self.weight)}: "
                "shorten the source, or take a larger max_length."
            )
        return values

    def forward(self, queries: Float[Tensor, "B S Q"], keys: Float[Tensor, "B T A"]) -> Float[Tensor, "B S T"]:
        return queries @ self.weight[: keys.size(1)].t()


SCORES = ("dot", "scaled_dot", "general", "additive", "location", "cosine")


class Attention(nn.Module):
    """Global soft attention with one of `SCORES`: every unmasked key has a weight, and the weights sum to 1."""

    def __init__(
        self,
        score: str,
        query_size: int,
        key_size: int,
        *,
        units: int | None = None,
        max_length: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        """`units` is the size A of the additive score (`query_size` if None), `max_length` the location score's limit.

        `generator` draws the weights (on the CPU, the same on every CPU); without it the seed is 0.
        """
        super().__init__()
        units = query_size if units is None else units
        if min(query_size, key_size, units) < 1:
            raise ValueError(
                f"query_size, key_size and units must be 1 or more; got {query_size}, {key_size}, {units}."
            )
        self.query_size, self.key_size, self.kind = query_size, key_size, score
        generator = generator or torch.Generator().manual_seed(0)
        self.score = _score(score, query_size, key_size, units, max_length, generator)

    def prepare(self, values: Float[Tensor, "B T K"], mask: Bool[Tensor, "B T"] | None = None) -> Memory:
        """The memory to look at. What stands in masked values, NaN included, reaches nothing."""
        check_vectors("values", "B T K", values, "key_size", self.key_size)
        if 0 in values.shape:
            raise ValueError(f"there is nothing to look at: the values have the shape B T K {tuple(values.shape)}.")
        if mask is not None and (mask.dtype != torch.bool or mask.shape != values.shape[:2]):
            raise ValueError(
                f"the mask must be boolean, True where a query may look, of shape B T {tuple(values.shape[:2])}; "
                f"got {str(mask.dtype).removeprefix('torch.')} of shape {tuple(mask.shape)}."
            )
        if mask is None:
            return Memory(values, self.score.prepare(values), values.new_ones(values.shape[:2], dtype=torch.bool))
        values = values.masked_fill(~mask[:, :, None], 0)
        return Memory(values, self.score.prepare(values), mask)

    def forward(
        self, queries: Float[Tensor, "B S Q"], memory: Memory, first: Int[Tensor, " B"] | None = None
    ) -> tuple[Float[Tensor, "B S K"], Float[Tensor, "B S T"]]:
        """Context and weights of each query. `first`, the target position of query 0, matters to local attention only.

        Raises ValueError if the queries have another size, or come from another number of sentences, than expected.
        """
        check_vectors("queries", "B S Q", queries, "query_size", self.query_size)
        if len(queries) != len(memory.mask):
            raise ValueError(
                f"there are queries of {len(queries)} sentences, but the memory holds {len(memory.mask)}: "
                "select its rows first."
            )
        weights = self.weigh(queries, memory, first)
        return weights @ memory.values, weights

    def weigh(
        self, queries: Float[Tensor, "B S Q"], memory: Memory, first: Int[Tensor, " B"] | None
    ) -> Float[Tensor, "B S T"]:
        """The weights a_t(s)."""
        return masked_softmax(self.score(queries, memory.keys), memory.mask[:, None])

    def extra_repr(self) -> str:
        return f"{self.kind!r}, {self.query_size}, {self.key_size}"


def masked_softmax(scores: Float[Tensor, "B S T"], mask: Bool[Tensor, "B #S T"]) -> Float[Tensor, "B S T"]:
    """Softmax over the keys where `mask` is True; the others, and a row that has none, get 0 and pass no gradient."""
    lowest = torch.finfo(scores.dtype).min  # of any dtype: -1e9 does not exist in float16, and -inf makes a row NaN
    return scores.masked_fill(~mask, lowest).softmax(-1) * mask


def self_attention(
    x: Float[Tensor, "B T D"], mask: Bool[Tensor, "B T"] | None = None
) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B T T"]]:
    """Y = softmax(X X') X and its weights: attention of a text to itself, without a parameter.

    Row n of the weights belongs to query n, column m to key m. Masked words are not seen; their own rows are no use.
    """
    attention = Attention("dot", x.size(-1), x.size(-1))
    return attention(x if mask is None else x.masked_fill(~mask[:, :, None], 0), attention.prepare(x, mask))


def check_vectors(what: str, axes: str, x: Tensor, name: str, size: int) -> None:
    if x.dim() != 3:
        hint = "; one query a sentence is queries[:, None]" if what == "queries" and x.dim() == 2 else ""
        raise ValueError(f"the {what} must have the shape {axes}, but have {tuple(x.shape)}{hint}.")
    if x.size(-1) != size:
        raise ValueError(f"the {what} have {x.size(-1)} numbers each, but this attention's {name} is {size}.")


def tiny(x: Tensor) -> float:
    """The smallest norm to divide by."""
    return torch.finfo(x.dtype).tiny


def _score(
    name: str, query_size: int, key_size: int, units: int, max_length: int | None, generator: torch.Generator
) -> Any:
    if name in ("dot", "scaled_dot", "cosine") and query_size != key_size:
        raise ValueError(
            f"the score {name!r} multiplies queries of {query_size} numbers with keys of {key_size}: "
            "make them equal, or take 'general' or 'additive'."
        )
    if name == "location" and (max_length is None or max_length < 1):
        raise ValueError(
            f"the location score has a weight for each position: max_length must be 1 or more, not {max_length}."
        )
    match name:
        case "dot":
            return Dot()
        case "scaled_dot":
            return ScaledDot()
        case "cosine":
            return Cosine()
        case "general":
            return General(query_size, key_size, generator)
        case "additive":
            return Additive(query_size, key_size, units, generator)
        case "location":
            return Location(query_size, max_length or 1, generator)
    raise ValueError(f"there is no score {name!r}: take one of {', '.join(SCORES)}.")
