"""Recurrent layers: RNN, GRU and LSTM, equal to torch.nn's on the same weights, forward and backward.

    layer = LSTM(input_size, hidden_size)           torch's kernels
    layer = LSTM(input_size, hidden_size, fused=False)      the loop over the cells of `coursekit.nn.cells`

Given `x` (B, T, I), a layer returns the outputs of its last layer, (B, T, K), and the state after the last step,
(L, B, H); an LSTM's state is the pair h, c. `lengths` names how many steps of each row count: outputs beyond are 0, the
state is that of the row's own last step, and the backward direction begins there. `step` advances by one input.

Common arguments: `num_layers` layers, each reading the outputs of the one below; `bidirectional` reads the sequence
from its end as well (Schuster & Paliwal 1997); `dropout` zeroes that share of the outputs between layers (none after
the last) in training; `init` and `generator` draw the first weights (see `Recurrent.initialise`; without a generator
the seed is 0). Letters as in `coursekit.nn.recurrent`.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.nn.cells import NONLINEARITIES, gru_cell, gru_cell_reset_before, lstm_cell, rnn_cell
from coursekit.nn.recurrent import Recurrent, States


class OneState(Recurrent):
    """What one calls on the layers whose state is h alone."""

    def forward(
        self,
        x: Float[Tensor, "B T I"],
        state: Float[Tensor, "L B H"] | None = None,
        lengths: Int[Tensor, " B"] | None = None,
    ) -> tuple[Float[Tensor, "B T K"], Float[Tensor, "L B H"]]:
        """Outputs of every step, and the last state; `state` None is zeros."""
        out, (h,) = self.run(x, None if state is None else (state,), lengths)
        return out, h

    def step(
        self, x: Float[Tensor, "B I"], state: Float[Tensor, "L B H"] | None = None
    ) -> tuple[Float[Tensor, "B H"], Float[Tensor, "L B H"]]:
        """One step: the output and the new state."""
        out, (h,) = self.advance(x, None if state is None else (state,))
        return out, h


class RNN(OneState):
    """The simple recurrent network, h_n = f(V_x x_n + V_h h_{n-1} + c). Elman 1990.

    `nonlinearity` f is "tanh", "relu" or "logistic"; torch has no kernel for the last, which always takes the loop.
    `init="identity"` with "relu" is the IRNN of Le, Jaitly & Hinton 2015.
    """

    gates, torch_layer = 1, nn.RNN
    inits = ("torch", "orthogonal", "identity")
    usual = Recurrent.usual | {"nonlinearity": "tanh"}

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        nonlinearity: str = "tanh",
        bias: bool = True,
        bidirectional: bool = False,
        dropout: float | int = 0.0,
        fused: bool = True,
        init: str = "torch",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, bidirectional, dropout, fused, init)
        if nonlinearity not in NONLINEARITIES:
            raise ValueError(f"nonlinearity = {nonlinearity!r} is unknown: take one of {tuple(NONLINEARITIES)}.")
        self.nonlinearity = nonlinearity
        self.initialise(generator)

    def cell(self, a: Tensor, state: States, weight: Tensor, bias: Tensor | None) -> States:
        return (rnn_cell(a, state[0], weight, self.nonlinearity),)

    def kernel(self) -> Callable[..., Any] | None:
        return {"tanh": torch.rnn_tanh, "relu": torch.rnn_relu}.get(self.nonlinearity)


class GRU(OneState):
    """The gated recurrent unit of Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder".

    `reset` says where the reset gate acts: "after" the matrix product, as in torch and cuDNN, or "before" it, as the
    paper has it: n = tanh(W x + U (r h)). torch has no kernel for the latter, which always takes the loop. A state
    dict does not say which of the two it was trained with.
    """

    gates, torch_layer = 3, nn.GRU
    usual = Recurrent.usual | {"reset": "after"}

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        reset: str = "after",
        bias: bool = True,
        bidirectional: bool = False,
        dropout: float | int = 0.0,
        fused: bool = True,
        init: str = "torch",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, bidirectional, dropout, fused, init)
        if reset not in ("after", "before"):
            raise ValueError(f"reset = {reset!r} is unknown: take 'after' (torch) or 'before' (the paper).")
        self.reset = reset
        self.initialise(generator)

    def cell(self, a: Tensor, state: States, weight: Tensor, bias: Tensor | None) -> States:
        if self.reset == "before":
            return (gru_cell_reset_before(a, state[0], weight),)
        return (gru_cell(a, state[0], weight, bias),)

    def kernel(self) -> Callable[..., Any] | None:
        return torch.gru if self.reset == "after" else None

    def adds_bias_late(self) -> bool:
        return self.reset == "after"  # the gate multiplies it


class LSTM(Recurrent):
    """Long short-term memory: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.

    `forget_bias` is added to the forget gate's first bias; Jozefowicz, Zaremba & Sutskever 2015 advise 1.
    """

    gates, states, torch_layer = 4, 2, nn.LSTM
    usual = Recurrent.usual | {"forget_bias": 0}

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        bidirectional: bool = False,
        dropout: float | int = 0.0,
        fused: bool = True,
        init: str = "torch",
        forget_bias: float | int = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, bidirectional, dropout, fused, init)
        if forget_bias and not bias:
            raise ValueError(f"forget_bias = {forget_bias} needs a bias to be added to: leave bias=True.")
        self.forget_bias = forget_bias
        self.initialise(generator)

    @torch.no_grad()
    def initialise(self, generator: torch.Generator | None) -> None:
        """As every layer; then the forget gates, the second of four, start `forget_bias` further open."""
        super().initialise(generator)
        for name, p in self.named_parameters():
            if name.startswith("bias_ih"):
                p[self.hidden_size : 2 * self.hidden_size] += self.forget_bias

    def forward(
        self,
        x: Float[Tensor, "B T I"],
        state: tuple[Float[Tensor, "L B H"], Float[Tensor, "L B H"]] | None = None,
        lengths: Int[Tensor, " B"] | None = None,
    ) -> tuple[Float[Tensor, "B T K"], tuple[Float[Tensor, "L B H"], Float[Tensor, "L B H"]]]:
        """Outputs of every step, and the last state h, c; `state` None is zeros."""
        out, (h, c) = self.run(x, state, lengths)
        return out, (h, c)

    def step(
        self, x: Float[Tensor, "B I"], state: tuple[Float[Tensor, "L B H"], Float[Tensor, "L B H"]] | None = None
    ) -> tuple[Float[Tensor, "B H"], tuple[Float[Tensor, "L B H"], Float[Tensor, "L B H"]]]:
        """One step: the output and the new state h, c."""
        out, (h, c) = self.advance(x, state)
        return out, (h, c)

    def cell(self, a: Tensor, state: States, weight: Tensor, bias: Tensor | None) -> States:
        h, c = state
        return lstm_cell(a, h, c, weight)

    def kernel(self) -> Callable[..., Any] | None:
        return torch.lstm
