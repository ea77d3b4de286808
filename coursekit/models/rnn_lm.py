"""The recurrent language model.

Mikolov, Karafiat, Burget, Cernocky & Khudanpur 2010, "Recurrent neural network based language model", with the cells
and the regularisation of Zaremba, Sutskever & Vinyals 2014, arXiv:1409.2329:

    h_n = cell(E x_n, h_{n-1}),    y_n = W h_n + b,    p(x_{n+1} | x_1 .. x_n) = softmax(y_n)

    the equation   here             shape
    E              embed.weight     V, D
    cell           rnn              torch.nn's names: weight_ih_l0 (G H, D), weight_hh_l0 (G H, H) ...
    W, b           output           V, H and V; with `tied=True` W is E itself (Press & Wolf 2017; Inan et al. 2017)

A text of T words is read as <bos> x_1 .. x_{T-1} and predicts x_1 .. x_T. Letters: B batch, T steps, V vocabulary,
D width of an embedding, H hidden units, L layers, G gates.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.models.counts import Tokens, flatten
from coursekit.models.inputs import embedded
from coursekit.nn import GRU, LSTM, RNN

State: TypeAlias = Float[Tensor, "L B H"] | tuple[Float[Tensor, "L B H"], Float[Tensor, "L B H"]]
Selected: TypeAlias = Float[Tensor, "L N H"] | tuple[Float[Tensor, "L N H"], Float[Tensor, "L N H"]]
CELLS: dict[str, Any] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


@dataclass(frozen=True)
class RNNLMConfig:
    """`cell` "rnn", "gru" or "lstm"; `bos` stands before the first word; `init` and `fused` as in coursekit.nn."""

    vocab_size: int
    cell: str = "lstm"
    width: int = 64
    hidden: int = 128
    layers: int = 1
    tied: bool = False
    dropout: float | int = 0.0
    bos: int = 2
    init: str = "torch"
    fused: bool = True

    def __post_init__(self) -> None:
        if self.vocab_size < 2:
            raise ValueError(f"a vocabulary of {self.vocab_size} leaves nothing to predict: it needs at least 2 words.")
        if self.cell not in CELLS:
            raise ValueError(f"there is no cell {self.cell!r}: take one of {', '.join(CELLS)}.")
        if min(self.width, self.hidden, self.layers) < 1:
            raise ValueError(f"width, hidden and layers must be 1 or more; got {self}.")
        if self.tied and self.width != self.hidden:
            raise ValueError(
                f"tied weights serve as embeddings of width {self.width} and as output of {self.hidden} hidden units: "
                "make width and hidden equal, or take tied=False."
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout = {self.dropout} is no share of the units: take 0 or more, and less than 1.")
        if not 0 <= self.bos < self.vocab_size:
            raise ValueError(f"bos = {self.bos} needs an embedding: its id must be below vocab_size {self.vocab_size}.")


class RNNLM(nn.Module):
    """Predicts the next word from all words before it, which it keeps in a state of fixed size."""

    def __init__(self, config: RNNLMConfig, generator: torch.Generator | None = None) -> None:
        """`generator` draws the first weights (on the CPU, the same on every CPU); without it the seed is 0."""
        super().__init__()
        self.config = c = config
        generator = generator or torch.Generator().manual_seed(0)
        self.embed = nn.Embedding(c.vocab_size, c.width)
        self.rnn = CELLS[c.cell](
            c.width,
            c.hidden,
            c.layers,
            dropout=c.dropout if c.layers > 1 else 0.0,  # between layers
            fused=c.fused,
            init=c.init,
            generator=generator,
        )
        self.output = nn.Linear(c.hidden, c.vocab_size)
        self.drop = nn.Dropout(c.dropout)  # before and after the layers; never on the way from step to step
        self.initialise(generator)
        if c.tied:
            self.output.weight = self.embed.weight

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Embeddings of variance 1, output weights of variance 1 / H (tied: one matrix, 1 / H), a zero output bias.

        Drawn in float64 and then rounded: float32 draws differ in the last bit between CPUs. The cell draws its own.
        """
        small = self.config.hidden**-0.5
        for p, std in ((self.embed.weight, small if self.config.tied else 1.0), (self.output.weight, small)):
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) * std)
        self.output.bias.zero_()

    def initial_state(self, batch: int) -> State:
        """Zeros, the state before the first word: "L B H", for an LSTM a pair (hidden, cell)."""
        c = self.config
        zero = self.output.bias.new_zeros(c.layers, batch, c.hidden)
        return (zero, zero.clone()) if c.cell == "lstm" else zero

    def forward(
        self, ids: Int[Tensor, "B T"], state: State | None = None, lengths: Int[Tensor, " B"] | None = None
    ) -> tuple[Float[Tensor, "B T V"], State]:
        """The logits of the word after each of `ids`, and the state after the last one (of each row's `lengths`).

        Raises ValueError for an empty sequence, an id outside the vocabulary and lengths that are not 1 to T.
        """
        out, state = self.rnn(self.drop(self._embedded(ids, "B T")), state, lengths)  # B, T, H
        return self.output(self.drop(out)), state

    def step(self, ids: Int[Tensor, " B"], state: State | None = None) -> tuple[Float[Tensor, "B V"], State]:
        """One word further: the logits of the next word and the new state. `forward` is this, word by word."""
        x = self.drop(self._embedded(ids, "B"))  # B, D
        out, state = self.rnn.step(x, self.initial_state(len(ids)) if state is None else state)
        return self.output(self.drop(out)), state

    def select(self, state: State, rows: Int[Tensor, " N"]) -> Selected:
        """The state whose row i is row `rows[i]` of `state`: rows reordered, repeated or left out, as beams need it."""
        if isinstance(state, tuple):
            h, c = state
            return h.index_select(1, rows), c.index_select(1, rows)
        return state.index_select(1, rows)

    def log_prob(self, sequence: Tokens) -> Float[np.ndarray, " T"]:
        """log p(x_n | x_1 .. x_{n-1}) in nats for each word of one sequence, as the n-grams give it."""
        return self.log_probs([sequence])[0]

    @torch.inference_mode()
    def log_probs(self, sequences: Iterable[Tokens], batch_size: int = 4096) -> list[Float[np.ndarray, " _"]]:
        """`log_prob` of many sequences, at most `batch_size` words at a time; without dropout, in any mode.

        Sequences of like length share a batch. What fills the shorter ones stands behind them, where no word of
        theirs can see it, and is cut off; a sequence longer than `batch_size` is read in pieces, its state carried.
        """
        tokens, lengths = flatten(sequences, self.config.vocab_size)
        rows = np.split(tokens, np.cumsum(lengths)[:-1]) if lengths.size else []
        scores: list[Float[np.ndarray, " _"]] = [np.empty(0) for _ in rows]
        with evaluating(self):
            for group in _groups(lengths, batch_size):
                found = self._scored([rows[i] for i in group], batch_size)
                for i, row in zip(group, found, strict=True):
                    scores[i] = row[: lengths[i]]
        return scores

    @torch.inference_mode()
    def distribution(self, context: Tokens) -> Float[np.ndarray, " V"]:
        """p(. | context) over the vocabulary, in float64."""
        before, _ = flatten([context], self.config.vocab_size)
        ids = torch.tensor([[self.config.bos, *before.tolist()]], device=self.output.bias.device)
        with evaluating(self):
            out, _ = self.rnn(self._embedded(ids, "B T"))
            return torch.softmax(self.output(out[:, -1]).double(), -1)[0].cpu().numpy()

    def _embedded(self, ids: Tensor, axes: str) -> Tensor:
        if not isinstance(ids, Tensor):
            raise ValueError(f"ids must be a tensor, but are a {type(ids).__name__}: write torch.tensor(ids).")
        if ids.ndim != len(axes.split()) or ids.dtype not in (torch.int64, torch.int32):
            got = f"{str(ids.dtype).removeprefix('torch.')} of shape {tuple(ids.shape)}"
            raise ValueError(f"ids must be whole numbers of shape {axes}, but are {got} (int64 and int32 will do).")
        if not ids.numel():
            raise ValueError("there is no word to read: begin the sequence with <bos>.")
        return embedded(self.embed, ids)

    def _scored(self, rows: list[np.ndarray], batch_size: int) -> Float[np.ndarray, "B T"]:
        """log p of every word of one batch, meaningless behind the end of a row."""
        device = self.output.bias.device
        read = torch.full((len(rows), max(map(len, rows)) + 1), self.config.bos, device=device)
        for line, row in zip(read, rows, strict=True):
            line[1 : len(row) + 1] = torch.as_tensor(row, device=device)
        steps, state, scores = max(1, batch_size // len(rows)), None, []
        for ids, word in zip(read[:, :-1].split(steps, 1), read[:, 1:].split(steps, 1), strict=True):
            logits, state = self(ids, state)
            scores.append(torch.log_softmax(logits.double(), -1).gather(-1, word[..., None])[..., 0])
        return torch.cat(scores, 1).cpu().numpy()


def _groups(lengths: np.ndarray, batch_size: int) -> Iterator[list[int]]:
    """Positions of the sequences that hold a word, the shortest first, in groups of at most `batch_size` words.

    Padding counts too; a group has one sequence at least.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size = {batch_size} scores nothing: take 1 or more.")
    group: list[int] = []
    for i in np.argsort(lengths, kind="stable").tolist():
        if group and (len(group) + 1) * lengths[i] > batch_size:
            yield group
            group = []
        if lengths[i]:
            group.append(i)
    if group:
        yield group


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """`model` without dropout, then every part of it in the mode in which it came."""
    before = {part: part.training for part in model.modules()}
    try:
        model.eval()
        yield
    finally:
        for part, training in before.items():
            part.training = training
