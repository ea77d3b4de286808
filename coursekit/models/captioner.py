"""The captioner: a convolutional network reads a picture, a recurrent one tells it, looking where it needs to.

Xu et al. 2015, "Show, attend and tell: neural image caption generation with visual attention", arXiv:1502.03044. The
encoder turns the picture into annotation vectors a_1 .. a_T, one for each cell of a grid; step j of the decoder is

    e_ji = f_att(a_i, [h_{j-1}; E y_{j-1}]),   alpha_j = softmax(e_j)                 eq. 4, 5
    h_j  = cell([E y_{j-1}; z_j], h_{j-1})                                            eq. 1 to 3
    p(y_j | y_<j, a) = softmax(L_o (E y_{j-1} + L_h h_j + L_z z_j))                   eq. 7

where z_j is what is seen:

    attention    z_j
    None         the mean of all a_i: the picture is one vector, the same for every word
    "soft"       sum_i alpha_ji a_i
    "hard"       one a_i: drawn from alpha_j in training, that of the largest alpha_ji otherwise

The paper asks with h_{j-1} alone, which has not read y_{j-1} yet: so what the word "red" says can steer the look from
the second word after it. `reads=False` is the paper's way; by default the question holds y_{j-1}.

A decoder that remembers what it saw need not look again, and a cell beside a thing sees its outline too. Two options,
not the paper's, leave less room for that. `remembers=False`: the decoder's state holds words alone (h_0 = 0 and no z_j
in the cell, whose h_j asks in place of h_{j-1}), so each word is told from its own look; z_j enters the output only, as
in Lu et al. 2017, "Knowing when to look", arXiv:1612.01887. `own_keys=True`: what f_att reads of a cell is its own
pixels and its place, not its field of vision, which a_i still describes.

    the paper   here                   shape
    E           embed.weight           V, D
    f_init      first                  H, Z each            h_0 (and c_0) = tanh(f_init(mean of all a_i))
    f_att       attention              coursekit.nn.attention; "additive" as in the paper
    f_beta      gate                   1, H                 if gate=True, z_j is multiplied by logistic(f_beta(h_{j-1}))
    L_h, L_z    hidden_out, seen_out   D, H and D, Z
    L_o         output                 V, D

Here the pictures are small, so the encoder is small and trained along (the paper's is a VGG net, trained before).
Letters: B batch, T = grid x grid positions, S words, V vocabulary, D width of an embedding, H hidden units, Z channels
of an annotation vector.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from coursekit.models.inputs import check_ids, check_sizes, embedded, embedding, one_of
from coursekit.models.seq2seq import CELLS
from coursekit.nn.attention import SCORES, Attention, Memory
from coursekit.nn.drawing import linear
from coursekit.nn.hard_attention import Baseline, bound, drawn_position, earned, largest, others
from coursekit.nn.picture_grid import GRIDS, SIDE, PictureGrid, as_floats, grid_boxes

Choose: TypeAlias = Callable[[Tensor], Tensor]  # weights B S T to the weights under which the values are mixed


@dataclass(frozen=True)
class CaptionerConfig:
    """`attention` None, "soft" or "hard" over `grid` x `grid` positions; the rest as at the top of this file."""

    vocab_size: int
    attention: str | None = "soft"
    score: str = "additive"
    reads: bool = True
    gate: bool = False
    grid: int = 8
    channels: int = 32
    cell: str = "lstm"
    width: int = 32
    hidden: int = 64
    max_length: int = 50
    remembers: bool = True
    own_keys: bool = False

    def __post_init__(self) -> None:
        check_sizes(self, "vocab_size", "channels", "width", "hidden", "max_length")
        one_of("attention", self.attention, (None, "soft", "hard"))
        one_of("score", self.score, SCORES)
        one_of("cell", self.cell, tuple(CELLS))
        if self.grid not in GRIDS:
            raise ValueError(f"grid = {self.grid} does not come of halving {SIDE} pixels: take 16, 8 or 4.")


class CaptionerState(NamedTuple):
    """Where a decoder stands, row by row: all that `step` needs to go on.

    hidden, cell    the decoder's state, 1 B H each (a GRU's cell: 0 B H)
    memory          the annotation vectors and what attention prepared of them
    weights         alpha of the last step, B T
    """

    hidden: Tensor
    cell: Tensor
    memory: Memory
    weights: Tensor


class Captioner(nn.Module):
    """Describes a picture of 32 x 32 pixels in words."""

    def __init__(self, config: CaptionerConfig, generator: torch.Generator | None = None) -> None:
        """`generator` draws the first weights (on the CPU, the same on every CPU); without it the seed is 0."""
        super().__init__()
        self.config = c = config
        generator = generator or torch.Generator().manual_seed(0)
        self.encoder = PictureGrid(c.grid, c.channels, c.own_keys, generator)
        self.embed = embedding("caption", c.vocab_size, c.width, None, False, generator)
        self.decoder = CELLS[c.cell](c.width + (c.channels if c.remembers else 0), c.hidden, generator=generator)
        firsts = self.decoder.states if c.remembers else 0
        self.first = nn.ModuleList(linear(c.channels, c.hidden, generator) for _ in range(firsts))
        asks = c.hidden + (c.width if c.reads else 0)
        options: dict[str, Any] = {"units": c.width, "max_length": c.grid**2, "generator": generator}
        self.attention = Attention(c.score, asks, c.channels + 2 * c.own_keys, **options) if c.attention else None
        self.gate = linear(c.hidden, 1, generator) if c.gate else None
        self.hidden_out = linear(c.hidden, c.width, generator, bias=False)
        self.seen_out = linear(c.channels, c.width, generator, bias=False)
        self.output = linear(c.width, c.vocab_size, generator)
        self.baseline = Baseline(c.max_length) if c.attention == "hard" else None

    def start(self, pictures: Shaped[Tensor, "B 3 32 32"]) -> CaptionerState:
        """Look at `pictures`, floating point from 0 to 1 or uint8; write nothing yet.

        Raises ValueError for another size or kind.
        """
        values, keys = self.encoder(as_floats(pictures, self.output.weight))  # B, T, Z each
        mask = values.new_ones(values.shape[:2], dtype=torch.bool)
        memory = Memory(values, values, mask) if self.attention is None else self.attention.prepare(keys)
        first = [torch.tanh(layer(values.mean(1)))[None] for layer in self.first]  # 1, B, H each
        hidden, *cell = first or [values.new_zeros(1, len(values), self.config.hidden)] * self.decoder.states
        memory, weights = memory._replace(values=values), values.new_zeros(values.shape[:2])
        return CaptionerState(hidden, cell[0] if cell else hidden[:0], memory, weights)

    def forward(
        self,
        pictures: Shaped[Tensor, "B 3 32 32"],
        target_in: Int[Tensor, "B S"],
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "B S V"]:
        """The logits of the word after each of `target_in`, which begins with <bos>: teacher forcing.

        Hard attention looks at the largest weight; with `generator`, on the CPU, at a position drawn from the weights.
        """
        return self.with_weights(pictures, target_in, generator)[0]

    def with_weights(
        self,
        pictures: Shaped[Tensor, "B 3 32 32"],
        target_in: Int[Tensor, "B S"],
        generator: torch.Generator | None = None,
    ) -> tuple[Float[Tensor, "B S V"], Float[Tensor, "B S T"]]:
        """`forward`, and alpha: row j is what was looked at to predict the word after target_in[j].

        Without attention alpha is 1 / T everywhere: the mean.
        """
        if generator is not None and self.config.attention != "hard":
            raise ValueError("only hard attention draws: leave the generator out, or take attention='hard'.")
        choose = None if generator is None else partial(drawn_position, generator=generator)
        return self.told(pictures, target_in, choose)[:2]

    def told(
        self,
        pictures: Shaped[Tensor, "B 3 32 32"],
        target_in: Int[Tensor, "B S"],
        choose: Choose | None = None,
        times: int = 1,
    ) -> tuple[Float[Tensor, "N S V"], Float[Tensor, "N S T"], Float[Tensor, "N S T"]]:
        """Logits, alpha, and the weights under which the values were mixed: `choose` makes the latter from alpha.

        If None: alpha itself, or of hard attention the choice of the largest. Each caption is told `times` times, one
        below the other: N = times x B.
        """
        check_ids(target_in, "caption")
        if target_in.size(1) > self.config.max_length:
            raise ValueError(
                f"the caption has {target_in.size(1)} words, the limit of this model is "
                f"max_length = {self.config.max_length}: shorten it, or build the model with a larger one."
            )
        state = self.start(pictures)
        if len(target_in) != len(pictures):
            raise ValueError(f"there are {len(pictures)} pictures and {len(target_in)} captions: give one for each.")
        rows = torch.arange(len(pictures), device=target_in.device).repeat_interleave(times)
        return self.advance(target_in[rows], self.select(state, rows) if times > 1 else state, choose)[:3]

    def step(self, ids: Int[Tensor, " B"], state: CaptionerState) -> tuple[Float[Tensor, "B V"], CaptionerState]:
        """One word further: the logits of the next word and the new state. `forward` is this, word by word."""
        logits, _, _, state = self.advance(ids[:, None], state)
        return logits[:, 0], state

    def select(self, state: CaptionerState, rows: Int[Tensor, " N"]) -> CaptionerState:
        """The state whose row i is row `rows[i]` of `state`: rows reordered, repeated or left out, as beams need it."""
        hidden, cell = state.hidden.index_select(1, rows), state.cell.index_select(1, rows)
        return CaptionerState(hidden, cell, state.memory.select(rows), state.weights.index_select(0, rows))

    def advance(
        self, ids: Int[Tensor, "B S"], state: CaptionerState, choose: Choose | None = None
    ) -> tuple[Float[Tensor, "B S V"], Float[Tensor, "B S T"], Float[Tensor, "B S T"], CaptionerState]:
        """S words further: what `told` gives, and the state after them."""
        if not ids.numel():
            raise ValueError("there is no word of a caption to read: begin the caption with <bos>.")
        if choose is None:
            choose = largest if self.config.attention == "hard" else identity
        words, last = embedded(self.embed, ids, "caption"), self._cell_state(state)  # B, S, D
        if self.config.remembers:
            h, rows = state.hidden[-1], list[tuple[Tensor, ...]]()
            for word in words.unbind(1):
                seen, alpha, mix = self._look(h[:, None], word[:, None], state.memory, choose)  # B, 1, Z and B, 1, T
                h, last = self.decoder.step(torch.cat([word, seen[:, 0]], -1), last)
                rows.append((h[:, None], seen, alpha, mix))
            out, seen, alpha, mix = (torch.cat(column, 1) for column in zip(*rows, strict=True))
        else:  # no state hangs on a look: all words at once
            out, last = self.decoder(words, last)
            seen, alpha, mix = self._look(out, words, state.memory, choose)
        logits = self.output(words + self.hidden_out(out) + self.seen_out(seen))  # B, S, V
        hidden, cell = last if isinstance(last, tuple) else (last, state.cell)
        return logits, alpha, mix, CaptionerState(hidden, cell, state.memory, alpha[:, -1])

    def _look(self, h: Tensor, words: Tensor, memory: Memory, choose: Choose) -> tuple[Tensor, Tensor, Tensor]:
        """z, alpha and the weights of the mixture, of states h, B S H, and the words just read, B S D."""
        if self.attention is None:
            alpha = h.new_full((*h.shape[:2], memory.mask.size(1)), 1 / memory.mask.size(1))
        else:
            asks = torch.cat([h, words], -1) if self.config.reads else h
            alpha = self.attention.weigh(asks, memory, None)  # B, S, T
        mix = choose(alpha)
        seen = mix @ memory.values
        return seen if self.gate is None else torch.sigmoid(self.gate(h)) * seen, alpha, mix

    def _cell_state(self, state: CaptionerState) -> Tensor | tuple[Tensor, Tensor]:
        return (state.hidden, state.cell) if self.config.cell == "lstm" else state.hidden


class CaptionBatch(NamedTuple):
    """`pictures` B 3 32 32, `target_in` and `target_out` B S, and the `seed` of what hard attention draws: the step."""

    pictures: Tensor
    target_in: Tensor
    target_out: Tensor
    seed: int


def caption_loss(
    pad: int = 0,
    *,
    credit: str = "caption",
    lambda_r: float | int = 1.0,
    lambda_e: float | int = 0.02,
    expected: float | int = 0.5,
    coverage: float | int = 0.0,
    draws: int = 1,
) -> Callable[[Captioner, CaptionBatch], Float[Tensor, ""]]:
    """A loss for `coursekit.train.fit`, in nats a word, for any of the three attentions.

    None, "soft": the cross-entropy, and `coverage` times the mean over the pictures of sum_i (1 - sum_j alpha_ji)^2,
    which makes the captions look at everything equally (eq. 14). "hard": minus
    `coursekit.nn.hard_attention.bound`, whose options the others are; `expected` is the share of captions in which
    alpha itself takes the place of a draw (the paper: 0.5; with 1 all training is that of soft attention). What a batch
    draws hangs on its seed alone, and the baseline is saved with the model: a resumed training ends as an unbroken one.

    `draws` is how often each caption is told; with 2 or more the others' mean is the baseline of each, in place of the
    paper's moving average. Looks drawn from weights that know nothing yet teach little. A curriculum, which is not the
    paper's, points better: `fit` with expected=1 and lambda_e=0 first (soft attention, free to settle), then anew with
    expected=0 and several draws.
    """
    one_of("credit", credit, ("caption", "rest"))
    if not (lambda_r >= 0 and lambda_e >= 0 and coverage >= 0 and 0 <= expected <= 1):
        raise ValueError("lambda_r, lambda_e and coverage must be 0 or more, and expected a share from 0 to 1.")
    if draws < 1:
        raise ValueError(f"draws = {draws}: tell each caption once or more often.")

    def loss(model: Captioner, batch: CaptionBatch) -> Tensor:
        if batch.target_out.shape != batch.target_in.shape:
            shapes = f"{tuple(batch.target_in.shape)} and {tuple(batch.target_out.shape)}"
            raise ValueError(f"target_in and target_out are one caption a word apart, of one shape; got {shapes}.")
        hard, generator = model.config.attention == "hard", torch.Generator().manual_seed(batch.seed)
        times = draws if hard else 1
        target_out = batch.target_out.repeat_interleave(times, 0)
        mask = target_out != pad  # B, S
        if not mask.any():
            raise ValueError(f"no caption has a word: every id of target_out is the padding, {pad}.")
        by_draw = torch.rand(len(mask), 1, generator=generator, dtype=torch.float64) >= expected  # B, 1
        by_draw = by_draw.to(mask.device)

        def choose(alpha: Tensor) -> Tensor:
            return torch.where(by_draw[:, None], drawn_position(alpha, generator), alpha)

        logits, alpha, mixes = model.told(batch.pictures, batch.target_in, choose if hard else None, times)
        log_p = -F.cross_entropy(logits.mT, target_out, reduction="none") * mask  # B, S
        if not hard:
            unseen = 1 - (alpha * mask[..., None]).sum(1)  # B, T
            return -log_p.sum() / mask.sum() + coverage * unseen.square().sum(1).mean()
        assert model.baseline is not None
        reward = earned(log_p.detach(), credit)  # B, 1 or B, S
        baseline = model.baseline(reward.size(1)) if draws == 1 else others(reward, draws)
        gain = bound(log_p, alpha, mixes, mask, by_draw, reward, baseline, lambda_r, lambda_e)
        model.baseline.update(reward, (mask & by_draw)[:, : reward.size(1)])
        return -gain.sum() / mask.sum()

    return loss


def points_at(alpha: Float[Tensor, "B S T"], boxes: Int[Tensor, "B S 4"]) -> Bool[Tensor, "B S"]:
    """Whether the position with the largest weight overlaps the box (left, top, right, bottom) of each word's thing."""
    cell = grid_boxes(round(alpha.size(-1) ** 0.5)).to(alpha.device)[alpha.argmax(-1)]  # B, S, 4
    return ((cell[..., :2] < boxes[..., 2:]) & (boxes[..., :2] < cell[..., 2:])).all(-1)


def identity(alpha: Tensor) -> Tensor:
    return alpha
