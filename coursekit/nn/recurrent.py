"""What the RNN, the GRU and the LSTM share: their parameters, the loop over the steps, and torch's kernels.

Two ways to compute one thing. `written_out` is the loop that the equations describe; `kernels` hands the same weights
to the fused functions that torch.nn calls too. The parameters have torch.nn's names and shapes, so a state dict of
torch.nn.RNN, GRU or LSTM loads here, and one from here loads there:

    weight_ih_l0   W_x of the first layer    G, I        weight_ih_l0_reverse   the same, of the backward direction
    weight_hh_l0   W_h                       G, H        weight_ih_l1           W_x of the second layer   G, K
    bias_ih_l0, bias_hh_l0                   G           (both are added; torch keeps two because cuDNN does)

Letters: B batch, T steps, I input size, H hidden size, G = H times the number of gates, K = H times directions,
L = layers times directions (the forward direction of a layer before its backward one).
"""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

States = tuple[Tensor, ...]  # (h,) or (h, c)
Weights = tuple[Tensor, Tensor, Tensor | None, Tensor | None]  # W_x, W_h, b_x, b_h


class Recurrent(nn.Module):
    """The base of RNN, GRU and LSTM, which say how many gates and states there are and what one step computes."""

    weight_ih_l0: Tensor
    gates: int
    states = 1  # h; an LSTM has c too
    torch_layer: type[Any]  # of torch.nn
    inits: tuple[str, ...] = ("torch", "orthogonal")
    usual: ClassVar[dict[str, Any]] = {  # what a printed layer need not say
        "num_layers": 1,
        "bias": True,
        "bidirectional": False,
        "dropout": 0,
        "fused": True,
        "init": "torch",
    }

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        bidirectional: bool,
        dropout: float | int,
        fused: bool,
        init: str,
    ) -> None:
        super().__init__()
        if min(input_size, hidden_size, num_layers) < 1:
            sizes = f"{input_size}, {hidden_size} and {num_layers}"
            raise ValueError(f"input_size, hidden_size and num_layers must be 1 or more; got {sizes}.")
        if not 0 <= dropout <= 1:
            raise ValueError(f"dropout is the share of units that is dropped, between 0 and 1; got {dropout}.")
        if init not in self.inits:
            raise ValueError(f"init = {init!r} is unknown to {type(self).__name__}: take one of {self.inits}.")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.bidirectional, self.dropout = bias, bidirectional, dropout
        self.fused, self.init = fused, init
        self.suffixes = ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            for suffix in self.suffixes:
                self.add_weights(f"_l{layer}{suffix}", hidden_size * len(self.suffixes) if layer else input_size)

    def add_weights(self, suffix: str, inputs: int) -> None:
        G, H = self.gates * self.hidden_size, self.hidden_size
        for name, shape in {"weight_ih": (G, inputs), "weight_hh": (G, H), "bias_ih": (G,), "bias_hh": (G,)}.items():
            if self.bias or name.startswith("weight"):
                self.register_parameter(name + suffix, nn.Parameter(torch.empty(shape)))

    @torch.no_grad()
    def initialise(self, generator: torch.Generator | None) -> None:
        """Draw the first weights in float64 and round them: float32 draws differ in the last bit between CPUs.

        "torch": all uniform in +-1/sqrt(H), as in torch.nn. "orthogonal": the same, but each gate's recurrent matrix
        a random orthogonal one (Saxe, McClelland & Ganguli 2014). "identity": Le, Jaitly & Hinton 2015, section 4:
        recurrent matrices the identity, biases 0, the other weights normal with standard deviation 0.001.
        """
        generator = generator or torch.Generator().manual_seed(0)
        for name, p in self.named_parameters():
            if self.init == "identity":
                p.copy_(identity_init(name, p, generator))
            elif self.init == "orthogonal" and name.startswith("weight_hh"):
                p.copy_(torch.cat([orthogonal(self.hidden_size, generator) for _ in range(self.gates)]))
            else:
                uniform = torch.rand(p.shape, generator=generator, dtype=torch.float64)
                p.copy_((2 * uniform - 1) * self.hidden_size**-0.5)

    def weights(self, layer: int, suffix: str) -> Weights:
        """W_x, W_h and, where there are biases, b_x and b_h of one direction of one layer."""
        w_x, w_h = (getattr(self, f"{name}_l{layer}{suffix}") for name in ("weight_ih", "weight_hh"))
        b_x, b_h = (getattr(self, f"{name}_l{layer}{suffix}", None) for name in ("bias_ih", "bias_hh"))
        return w_x, w_h, b_x, b_h

    def cell_weights(self, layer: int, suffix: str) -> Weights:
        """The same, with b_h already added to b_x where the cell does not need it by itself."""
        w_x, w_h, b_x, b_h = self.weights(layer, suffix)
        if b_x is None or b_h is None or self.adds_bias_late():
            return w_x, w_h, b_x, b_h
        return w_x, w_h, b_x + b_h, None

    # What a kind of cell adds.

    def cell(self, a: Tensor, state: States, weight: Tensor, bias: Tensor | None) -> States:
        """One step: the new state from the input's part `a`, the state before, and the recurrent weights."""
        raise NotImplementedError

    def kernel(self) -> Callable[..., Any] | None:
        """torch's fused function for this cell, or None where torch has none."""
        raise NotImplementedError

    def adds_bias_late(self) -> bool:
        """Whether the cell needs b_h by itself; else it is added to the input's part of all steps at once."""
        return False

    # The two ways.

    def run(self, x: Tensor, state: States | None, lengths: Tensor | None) -> tuple[Tensor, States]:
        """Outputs B T K and the last state, L B H each, after a look at what was handed in."""
        check_input(x, self.input_size, "B T I")
        check_kind(x, "x", self.weight_ih_l0)
        state = self.start(x, state)
        if lengths is not None:
            check_lengths(lengths, x.size(0), x.size(1))
        if self.fused and self.kernel() is not None:
            return self.kernels(x, state, lengths)
        return self.written_out(x, state, lengths)

    def start(self, x: Tensor, state: States | None) -> States:
        """The state before the first step: zeros where none is given."""
        shape = (self.num_layers * len(self.suffixes), x.size(0), self.hidden_size)
        if state is None:
            return (x.new_zeros(shape),) * self.states
        check_state(state, self.states, shape)
        for part in state:
            check_kind(part, "the state", self.weight_ih_l0)
        return state

    def advance(self, x: Tensor, state: States | None) -> tuple[Tensor, States]:
        """One step, B I to B H, through the cells of all layers, where torch's kernels gain nothing."""
        if self.bidirectional:
            raise ValueError("step goes forward through a text that is still being written: take bidirectional=False.")
        check_input(x, self.input_size, "B I")
        check_kind(x, "x", self.weight_ih_l0)
        state, last = self.start(x, state), list[States]()
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = F.dropout(x, self.dropout, self.training)
            w_x, w_h, b_x, b_h = self.cell_weights(layer, "")
            last.append(self.cell(F.linear(x, w_x, b_x), tuple(s[layer] for s in state), w_h.t(), b_h))
            x = last[-1][0]  # B, H
        return x, tuple(torch.stack(s) for s in zip(*last, strict=True))

    def written_out(self, x: Tensor, state: States, lengths: Tensor | None) -> tuple[Tensor, States]:
        """Layer after layer, step after step; inside, time comes first: the rows of one step lie together."""
        x, over = x.transpose(0, 1), None  # T, B, I
        if lengths is not None:
            over = torch.arange(len(x), device=x.device)[:, None] >= lengths.to(x.device)  # T, B
            over = over[:, :, None]  # T, B, 1
            x = x.masked_fill(over, 0)  # whatever stands in the padding, NaN included, reaches nothing
        last: list[States] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = F.dropout(x, self.dropout, self.training)
            outputs = []
            for suffix in self.suffixes:
                before = tuple(s[len(last)] for s in state)  # B, H
                out, after = self.scan(x, before, self.cell_weights(layer, suffix), over, backward=suffix != "")
                outputs.append(out)
                last.append(after)
            x = torch.cat(outputs, 2)  # T, B, K
        if over is not None:
            x = x.masked_fill(over, 0)
        return x.transpose(0, 1), tuple(torch.stack(s) for s in zip(*last, strict=True))

    def scan(
        self, x: Tensor, state: States, weights: Weights, over: Tensor | None, backward: bool
    ) -> tuple[Tensor, States]:
        """One direction of one layer: outputs T B H and the state after each row's own last step.

        Where a row is over, it keeps the state it has. So the forward direction ends with the state of the row's last
        step, and the backward direction, which meets the padding first, begins at that step.
        """
        w_x, w_h, b_x, b_h = weights
        a, w_h = F.linear(x, w_x, b_x).unbind(0), w_h.t()  # T times B, G (a slice's gradient would fill T, B, G); H, G
        outputs = []
        for t in reversed(range(len(a))) if backward else range(len(a)):
            new = self.cell(a[t], state, w_h, b_h)
            if over is not None:
                new = tuple(torch.where(over[t], old, s) for old, s in zip(state, new, strict=True))
            state = new
            outputs.append(state[0])
        return torch.stack(outputs[::-1] if backward else outputs), state

    def kernels(self, x: Tensor, state: States, lengths: Tensor | None) -> tuple[Tensor, States]:
        """The same by torch's kernels; rows of different lengths are packed, so that no time goes into padding."""
        kernel = self.kernel()
        assert kernel is not None
        rows = [self.weights(layer, suffix) for layer in range(self.num_layers) for suffix in self.suffixes]
        weights = [w for row in rows for w in row if w is not None]
        options = weights, self.bias, self.num_layers, float(self.dropout), self.training, self.bidirectional
        if lengths is None:
            out, *last = kernel(x, one_or_pair(state), *options, True)  # True: batch first
            return out, tuple(last)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)  # longest row first
        order, back = packed.sorted_indices, packed.unsorted_indices
        assert order is not None and back is not None
        state = tuple(s.index_select(1, order) for s in state)
        data, *last = kernel(packed.data, packed.batch_sizes, one_or_pair(state), *options)
        outputs = PackedSequence(data, packed.batch_sizes, order, back)
        out, _ = pad_packed_sequence(outputs, batch_first=True, total_length=x.size(1))
        return out, tuple(s.index_select(1, back) for s in last)

    # Where the weights lie.

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Recurrent":
        super()._apply(fn, recurse)  # .to, .cuda, .half ...
        self.flatten_parameters()
        return self

    def flatten_parameters(self) -> None:
        """Lay the weights in one piece of memory on a GPU, as cuDNN wants them; nothing happens elsewhere.

        torch.nn's layer does the work: it borrows our parameters for a moment. Without this cuDNN copies them in
        every call and warns. Weights that are computed from others (torch.nn.utils.parametrize) stay where they are.
        """
        if self.kernel() is None or self.weight_hh_l0.device.type == "cpu":
            return
        sizes = self.input_size, self.hidden_size, self.num_layers
        theirs = self.torch_layer(*sizes, bias=self.bias, bidirectional=self.bidirectional, device="meta")
        ours = dict(self.named_parameters())
        if ours.keys() == theirs.state_dict().keys():
            for name, parameter in ours.items():
                setattr(theirs, name, parameter)
            theirs.flatten_parameters()

    def extra_repr(self) -> str:
        said = [f"{name}={getattr(self, name)!r}" for name, usual in self.usual.items() if getattr(self, name) != usual]
        return ", ".join([str(self.input_size), str(self.hidden_size), *said])


def one_or_pair(state: States) -> Tensor | States:
    """As torch's kernels take it: h alone, or the pair h, c."""
    return state if len(state) > 1 else state[0]


def orthogonal(size: int, generator: torch.Generator) -> Tensor:
    """A square orthogonal matrix, every one as likely, in float64: Q of a normal matrix, signs as in Mezzadri 2007."""
    q, r = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))
    return q * r.diagonal().sign()


def identity_init(name: str, p: Tensor, generator: torch.Generator) -> Tensor:
    if name.startswith("weight_hh"):
        return torch.eye(len(p))
    if name.startswith("bias"):
        return torch.zeros(p.shape)
    return 0.001 * torch.randn(p.shape, generator=generator, dtype=torch.float64)


def kind(x: Tensor) -> str:
    return str(x.dtype).removeprefix("torch.")


def check_input(x: Tensor, input_size: int, axes: str) -> None:
    if not isinstance(x, Tensor):
        hint = ": hand in the padded sequences and their lengths" if isinstance(x, PackedSequence) else ""
        raise ValueError(f"x must be a tensor of shape {axes}, but is a {type(x).__name__}{hint}.")
    shape = tuple(x.shape)
    if len(shape) != len(axes.split()) or not x.is_floating_point():
        got = f"{kind(x)} of shape {shape}"
        raise ValueError(f"x must hold vectors, of shape {axes}, but is {got}; ids need an embedding first.")
    if shape[-1] != input_size:
        raise ValueError(
            f"the vectors of x have {shape[-1]} numbers each, but this layer's input_size is {input_size}."
        )
    if 0 in shape:
        raise ValueError(f"x is empty: its shape {axes} is {shape}, and each must be 1 or more.")


def check_kind(given: Tensor, name: str, weight: Tensor) -> None:
    """Refuse another precision than the weights'; under autocast torch brings both to one."""
    if given.dtype != weight.dtype and not torch.is_autocast_enabled(given.device.type):
        says = f"{name} is {kind(given)}, but this layer's weights are {kind(weight)}"
        raise ValueError(f"{says}: bring both to one kind, by .to({weight.dtype}) for example.")


def check_state(state: States, states: int, shape: tuple[int, int, int]) -> None:
    given = state if isinstance(state, tuple) else (state,)  # a stranger's LSTM may get h alone
    if len(given) != states or not all(isinstance(s, Tensor) and s.shape == shape for s in given):
        what = "a pair h, c, both" if states == 2 else "one tensor h"
        got = ", ".join(str(tuple(s.shape)) if isinstance(s, Tensor) else type(s).__name__ for s in given)
        raise ValueError(f"the state must be {what} of shape {shape} (layers times directions, B, H); got {got}.")


def check_lengths(lengths: Tensor, batch: int, steps: int) -> None:
    if not isinstance(lengths, Tensor):
        raise ValueError(f"lengths must be a tensor of whole numbers; got {type(lengths).__name__}.")
    if lengths.shape != (batch,) or lengths.is_floating_point() or lengths.dtype == torch.bool:
        got = f"{kind(lengths)} of shape {tuple(lengths.shape)}"
        raise ValueError(f"lengths must hold one whole number for each of the {batch} sequences; got {got}.")
    shortest, longest = int(lengths.min()), int(lengths.max())
    if shortest < 1:
        raise ValueError(f"lengths holds {shortest}: a sequence has at least one step; leave the empty ones out of x.")
    if longest > steps:
        raise ValueError(f"lengths holds {longest}, but x has only {steps} steps.")
