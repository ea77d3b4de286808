"""The fixed-window neural language model.

Bengio, Ducharme, Vincent & Jauvin 2003, "A neural probabilistic language model", JMLR 3, section 2:

    y = b + W x + U tanh(d + H x),    p(w_t = i | w_{t-N} .. w_{t-1}) = softmax(y)_i

where x is the concatenation of the embeddings C(w) of the N words before.

    the paper   here                shape
    C           embed.weight        V, D
    H, d        hidden.weight, bias h, N D
    U, b        output.weight, bias V, h
    W           direct.weight       V, N D    (only with `direct=True`; the paper sets it to 0 otherwise)
    n - 1       context             N

The paper lines up x from the newest word to the oldest; here it stands in reading order, which permutes the columns
of H and W. Letters: B batch, N words of context, D width of an embedding, h hidden units, V vocabulary, T tokens.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.models.counts import Tokens, windows


@dataclass(frozen=True)
class WindowLMConfig:
    """`context` words are seen, each as a vector of `width`; `bos` stands before the first word of a text."""

    vocab_size: int
    context: int = 4
    width: int = 32
    hidden: int = 128
    direct: bool = False
    bos: int = 2

    def __post_init__(self) -> None:
        if self.vocab_size < 2:
            raise ValueError(f"a vocabulary of {self.vocab_size} leaves nothing to predict: it needs at least 2 words.")
        if min(self.context, self.width, self.hidden) < 1:
            raise ValueError(f"context, width and hidden must be 1 or more; got {self}.")
        if not 0 <= self.bos < self.vocab_size:
            raise ValueError(f"bos = {self.bos} needs an embedding: its id must be below vocab_size {self.vocab_size}.")


class WindowLM(nn.Module):
    """Predicts the next word from the last `context` words alone."""

    def __init__(self, config: WindowLMConfig, generator: torch.Generator | None = None) -> None:
        """`generator` draws the first weights (on the CPU, the same on every CPU); without it the seed is 0."""
        super().__init__()
        self.config = c = config
        self.embed = nn.Embedding(c.vocab_size, c.width)
        self.hidden = nn.Linear(c.context * c.width, c.hidden)
        self.output = nn.Linear(c.hidden, c.vocab_size)
        self.direct = nn.Linear(c.context * c.width, c.vocab_size, bias=False) if c.direct else None
        self.initialise(generator or torch.Generator().manual_seed(0))

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Normal weights of variance 1 / fan-in (embeddings: 1), zero biases and zero direct connections.

        Drawn in float64 and then rounded: float32 draws differ in the last bit between CPUs.
        """
        for name, p in self.named_parameters():
            if name.endswith("bias") or name.startswith("direct"):
                p.zero_()
            else:
                std = 1.0 if name.startswith("embed") else p.size(1) ** -0.5
                p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) * std)

    def forward(self, context: Int[Tensor, "B N"]) -> Float[Tensor, "B V"]:
        """The logits y of the next word."""
        x = self.embed(context).flatten(1)  # B, N D
        y = self.output(torch.tanh(self.hidden(x)))  # B, V
        return y if self.direct is None else y + self.direct(x)

    def log_prob(self, sequence: Tokens) -> Float[np.ndarray, " T"]:
        """log p(w_t | w_{t-N} .. w_{t-1}) in nats for each word of one sequence, as the n-grams give it."""
        return self.log_probs([sequence])[0]

    @torch.inference_mode()
    def log_probs(self, sequences: Iterable[Tokens], batch_size: int = 4096) -> list[Float[np.ndarray, " _"]]:
        """`log_prob` of many sequences, `batch_size` words at a time."""
        rows = list(sequences)
        context, word = self.windows(rows)
        scores = [
            torch.log_softmax(self(c).double(), -1).gather(1, w[:, None])[:, 0]  # batch
            for c, w in zip(context.split(batch_size), word.split(batch_size), strict=True)
        ]
        flat = torch.cat(scores).cpu().numpy()
        return np.split(flat, np.cumsum([len(row) for row in rows])[:-1]) if rows else []

    @torch.inference_mode()
    def distribution(self, context: Tokens) -> Float[np.ndarray, " V"]:
        """p(. | context) over the vocabulary, in float64; only the last N words of `context` count."""
        before, _ = self.windows([[*context, 0]])
        return torch.softmax(self(before[-1:]).double(), -1)[0].cpu().numpy()

    def windows(self, sequences: Iterable[Tokens]) -> tuple[Int[Tensor, "T N"], Int[Tensor, " T"]]:
        """Every word of `sequences` and the N words before it, ready to train on (on the model's device)."""
        c, device = self.config, self.output.bias.device
        before, word = windows(sequences, c.context, c.vocab_size, c.bos)
        return torch.tensor(before, device=device), torch.tensor(word, device=device)
