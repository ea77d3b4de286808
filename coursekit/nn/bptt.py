"""Backpropagation through time, written out: there is no autograd in this file.

A loss L = l_1 + ... + l_T reads the states h_1 .. h_T of a recurrent layer. Its gradient reaches h_t in two ways,

    dL/dh_t = dl_t/dh_t + dL/dh_{t+1} dh_{t+1}/dh_t        (direct + recurrent)

so it is collected from the last step to the first, and each step adds its share to the weights, which all steps have
in common (Rumelhart, Hinton & Williams 1986; Werbos 1990). `direct` below is dl_t/dh_t for every t: what the layers
above send back. `window` cuts the recurrent part in front of the steps window, 2 window ... (counted from 0), as a
state does that is detached there (truncated backpropagation through time; Williams & Peng 1990).

The parameters have torch.nn's names and layout, and so have their gradients: a layer's state dict can be passed as it
is, with its biases or without.

    weight_ih_l0, bias_ih_l0    G H, I and G H    from the input x_t        (chapter 03: V_x, c)
    weight_hh_l0, bias_hh_l0    G H, H and G H    from the state h_{t-1}    (chapter 03: V_h)

Letters: B batch, T steps, I input width, H hidden units, G gates (RNN 1; GRU 3: r z n; LSTM 4: i f g o),
N the step of a loss and M the step that it is traced back to, V vocabulary.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

Weights: TypeAlias = Mapping[str, Tensor]
States: TypeAlias = Float[Tensor, "B T H"]
State: TypeAlias = Float[Tensor, "B H"]

#: Each nonlinearity, and its slope written with its own output h = sigma(z).
NONLINEARITIES: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "tanh": (torch.tanh, lambda h: 1 - h * h),
    "logistic": (torch.sigmoid, lambda h: h * (1 - h)),
}


class Gradients(NamedTuple):
    """dL with respect to the parameters (by torch.nn's names), the inputs and the initial state (LSTM: both parts)."""

    weights: dict[str, Tensor]
    x: Float[Tensor, "B T I"]
    h0: State
    c0: State | None = None


class RNNTrace(NamedTuple):
    """What the way back needs of the way forward."""

    x: Float[Tensor, "B T I"]
    h0: State
    h: States
    slope: States  # sigma'(z_t)


class GRUTrace(NamedTuple):
    """What the way back needs of the way forward; q_t is what the reset gate lets through or not."""

    x: Float[Tensor, "B T I"]
    h0: State
    h: States
    r: States
    z: States
    n: States
    q: States  # W_hn h_{t-1} + b_hn


class LSTMTrace(NamedTuple):
    """What the way back needs of the way forward."""

    x: Float[Tensor, "B T I"]
    h0: State
    c0: State
    h: States
    c: States
    i: States
    f: States
    g: States
    o: States


# ------------------------------------------------------------------------------------------------ Elman's network


@torch.no_grad()
def rnn_forward(x: Float[Tensor, "B T I"], h0: State, weights: Weights, nonlinearity: str = "tanh") -> RNNTrace:
    """h_t = sigma(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), sigma "tanh" or "logistic". Elman 1990.

    Raises ValueError for an empty sequence, weights or a state that do not fit and an unknown nonlinearity.
    """
    _check(x, [h0], weights, gates=1)
    if nonlinearity not in NONLINEARITIES:
        raise ValueError(f"the nonlinearity {nonlinearity!r} is not written out here: take 'tanh' or 'logistic'.")
    sigma, slope = NONLINEARITIES[nonlinearity]
    fed, h, states = _affine(x, weights, "ih"), h0, []
    for t in range(x.size(1)):
        h = sigma(fed[:, t] + _affine(h, weights, "hh"))  # B, H
        states.append(h)
    out = torch.stack(states, 1)  # B, T, H
    return RNNTrace(x, h0, out, slope(out))


@torch.no_grad()
def rnn_backward(
    direct: States, trace: RNNTrace, weights: Weights, *, last: State | None = None, window: int | None = None
) -> Gradients:
    """The gradients from `direct` = dl_t/dh_t and, where the last state is used further on, `last` = dL/dh_T."""
    linked = _linked(trace.h.size(1), window)
    _check_back(direct, trace.h, () if last is None else (last,))
    w, dz = weights["weight_hh_l0"], torch.empty_like(trace.h)
    recurrent = torch.zeros_like(trace.h0) if last is None else last
    for t in reversed(range(trace.h.size(1))):
        dh = direct[:, t] + recurrent  # dL/dh_t
        dz[:, t] = dh * trace.slope[:, t]  # dL/dz_t = dL/dh_t sigma'(z_t)
        recurrent = dz[:, t] @ w if linked[t] else torch.zeros_like(dh)  # dL/dz_t dz_t/dh_{t-1}
    return Gradients(_shared(dz, dz, trace, weights), dz @ weights["weight_ih_l0"], recurrent)


@torch.no_grad()
def rnn_paths(direct: States, trace: RNNTrace, weights: Weights) -> Float[Tensor, "N M B H"]:
    """dl_n/dz_m of each pair (n, m): what the loss at step n sends back to step m; 0 where m lies after n.

    In an Elman network one way leads from n back to m, h_n <- h_{n-1} <- ... <- h_m, so that

        dl_n/dz_m = dl_n/dh_n diag(sigma'_n) W_hh diag(sigma'_{n-1}) W_hh ... diag(sigma'_m)

    The sum over n is the dL/dz_m of `rnn_backward`, where these products are shared: T steps instead of T^2 / 2.
    """
    _check_back(direct, trace.h)
    b, steps, h = trace.h.shape
    w, paths = weights["weight_hh_l0"], direct.new_zeros(steps, steps, b, h)
    for m in reversed(range(steps)):
        paths[m, m] = direct[:, m] * trace.slope[:, m]  # the loss at m itself
        if m > 0:  # this loss and every later one, a step further back
            paths[m:, m - 1] = (paths[m:, m] @ w) * trace.slope[:, m - 1]
    return paths


@torch.no_grad()
def gradient_of_paths(
    paths: Float[Tensor, "N M B H"], trace: RNNTrace, weights: Weights, keep: Bool[Tensor, "N M"] | None = None
) -> Gradients:
    """The gradients summed over the pairs (n, m) in `keep` alone (None: all), from `rnn_paths`.

    `same_window` keeps what `rnn_backward(window=...)` keeps; n - m < K keeps K steps back from every single loss.
    """
    kept = paths if keep is None else paths * keep[:, :, None, None]
    dz = kept.sum(0).transpose(0, 1).contiguous()  # B, T, H
    return Gradients(_shared(dz, dz, trace, weights), dz @ weights["weight_ih_l0"], dz[:, 0] @ weights["weight_hh_l0"])


def same_window(steps: int, window: int) -> Bool[Tensor, "N M"]:
    """The pairs (n, m) that truncation after every `window` steps leaves: those within one window, m not after n."""
    _linked(steps, window)  # refuses what is no window
    step = torch.arange(steps)
    n, m = step[:, None], step[None, :]
    return (n // window == m // window) & (m <= n)


# ------------------------------------------------------------------------------------------------ GRU


@torch.no_grad()
def gru_forward(x: Float[Tensor, "B T I"], h0: State, weights: Weights) -> GRUTrace:
    """Cho et al. 2014, with the reset gate after the matrix product, as torch.nn.GRU has it.

        r = logistic(W_ir x + b_ir + W_hr h + b_hr)
        z = logistic(W_iz x + b_iz + W_hz h + b_hz)
        n = tanh(W_in x + b_in + r q),   q = W_hn h + b_hn
        h' = (1 - z) n + z h

    Raises ValueError for an empty sequence and for weights that do not fit.
    """
    _check(x, [h0], weights, gates=3)
    fed, h, kept = _affine(x, weights, "ih"), h0, []
    for t in range(x.size(1)):
        xr, xz, xn = fed[:, t].chunk(3, -1)  # B, H each
        hr, hz, q = _affine(h, weights, "hh").chunk(3, -1)
        r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
        n = torch.tanh(xn + r * q)
        h = (1 - z) * n + z * h
        kept.append((h, r, z, n, q))
    return GRUTrace(x, h0, *(torch.stack(steps, 1) for steps in zip(*kept, strict=True)))


@torch.no_grad()
def gru_backward(
    direct: States, trace: GRUTrace, weights: Weights, *, last: State | None = None, window: int | None = None
) -> Gradients:
    """The gradients from `direct` = dl_t/dh_t and, where the last state is used further on, `last` = dL/dh_T."""
    linked, before = _linked(trace.h.size(1), window), _before(trace.h0, trace.h)
    _check_back(direct, trace.h, () if last is None else (last,))
    w, fed, held = weights["weight_hh_l0"], [], []  # dL with respect to the input's and to the state's share of a gate
    recurrent = torch.zeros_like(trace.h0) if last is None else last
    for t in reversed(range(trace.h.size(1))):
        r, z, n, q, h = (s[:, t] for s in (trace.r, trace.z, trace.n, trace.q, before))
        dh = direct[:, t] + recurrent  # dL/dh_t
        dn = dh * (1 - z) * (1 - n * n)  # through tanh
        dz = dh * (h - n) * z * (1 - z)  # through the update gate's logistic
        dr = dn * q * r * (1 - r)  # through the reset gate's logistic
        fed.append(torch.cat([dr, dz, dn], -1))  # B, 3H
        held.append(torch.cat([dr, dz, dn * r], -1))  # B, 3H
        recurrent = dh * z + held[-1] @ w if linked[t] else torch.zeros_like(dh)  # past the gates, and through them
    d_fed, d_held = (torch.stack(steps[::-1], 1) for steps in (fed, held))  # B, T, 3H
    return Gradients(_shared(d_fed, d_held, trace, weights), d_fed @ weights["weight_ih_l0"], recurrent)


# ------------------------------------------------------------------------------------------------ LSTM


@torch.no_grad()
def lstm_forward(x: Float[Tensor, "B T I"], h0: State, c0: State, weights: Weights) -> LSTMTrace:
    """Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000, as torch.nn.LSTM.

        i, f, o = logistic(W_i. x + b_i. + W_h. h + b_h.),   g = tanh(W_ig x + b_ig + W_hg h + b_hg)
        c' = f c + i g
        h' = o tanh(c')

    Raises ValueError for an empty sequence and for weights that do not fit.
    """
    _check(x, [h0, c0], weights, gates=4)
    fed, h, c, kept = _affine(x, weights, "ih"), h0, c0, []
    for t in range(x.size(1)):
        i, f, g, o = (fed[:, t] + _affine(h, weights, "hh")).chunk(4, -1)  # B, H each
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        c = f * c + i * g
        h = o * torch.tanh(c)
        kept.append((h, c, i, f, g, o))
    return LSTMTrace(x, h0, c0, *(torch.stack(steps, 1) for steps in zip(*kept, strict=True)))


@torch.no_grad()
def lstm_backward(
    direct: States,
    trace: LSTMTrace,
    weights: Weights,
    *,
    last: tuple[State, State] | None = None,
    window: int | None = None,
) -> Gradients:
    """The gradients from `direct` = dl_t/dh_t and, if the last state is used further on, `last` = (dL/dh_T, dL/dc_T).

    Two things flow back: dL/dh through the gates, and dL/dc along the cell, where each step multiplies by f alone.
    """
    linked, before = _linked(trace.h.size(1), window), _before(trace.c0, trace.c)
    _check_back(direct, trace.h, last or ())
    w, gates = weights["weight_hh_l0"], []
    zero = torch.zeros_like(trace.h0)
    recurrent, carried = last or (zero, zero)
    for t in reversed(range(trace.h.size(1))):
        i, f, g, o, c = (s[:, t] for s in (trace.i, trace.f, trace.g, trace.o, before))
        tanh_c = torch.tanh(trace.c[:, t])
        dh = direct[:, t] + recurrent  # dL/dh_t
        dc = carried + dh * o * (1 - tanh_c * tanh_c)  # dL/dc_t: along the cell, and through h_t
        di, df = dc * g * i * (1 - i), dc * c * f * (1 - f)
        dg, do = dc * i * (1 - g * g), dh * tanh_c * o * (1 - o)
        gates.append(torch.cat([di, df, dg, do], -1))  # B, 4H
        recurrent, carried = (gates[-1] @ w, dc * f) if linked[t] else (zero, zero)
    d_gates = torch.stack(gates[::-1], 1)  # B, T, 4H
    return Gradients(_shared(d_gates, d_gates, trace, weights), d_gates @ weights["weight_ih_l0"], recurrent, carried)


# ------------------------------------------------------------------------------------------------ the loss above


class Readout(NamedTuple):
    """The loss of a language model, and its gradients; `h` is the `direct` of the functions above."""

    loss: Float[Tensor, ""]
    weight: Float[Tensor, "V H"]
    bias: Float[Tensor, " V"]
    h: States


@torch.no_grad()
def readout(h: States, target: Int[Tensor, "B T"], weight: Float[Tensor, "V H"], bias: Float[Tensor, " V"]) -> Readout:
    """y_t = W h_t + b, L = the mean of -log softmax(y_t)[target_t] (nats), and dL/dW, dL/db, dL/dh_t.

    dL/dy_t = (p_t - one-hot(target_t)) / (B T): each score is pushed by how far its probability is off.
    Raises ValueError for a target outside the vocabulary.
    """
    wrong = target[(target < 0) | (target >= len(weight))]
    if wrong.numel():
        raise ValueError(f"target holds {wrong[0].item()}, but the vocabulary's ids are 0 to {len(weight) - 1}.")
    y = h @ weight.t() + bias  # B, T, V
    log_p = torch.log_softmax(y, -1)
    loss = -log_p.gather(-1, target[..., None]).mean()
    dy = log_p.exp().scatter_add(-1, target[..., None], -torch.ones_like(target[..., None], dtype=y.dtype))
    dy /= target.numel()
    return Readout(loss, torch.einsum("btv,bth->vh", dy, h), dy.sum((0, 1)), dy @ weight)


# ------------------------------------------------------------------------------------------------ shared by all


def _affine(v: Tensor, weights: Weights, kind: str) -> Tensor:
    """W v + b of the input ("ih") or of the state ("hh"); without a bias, W v."""
    out = v @ weights[f"weight_{kind}_l0"].t()
    bias = weights.get(f"bias_{kind}_l0")
    return out if bias is None else out + bias


def _before(first: Tensor, states: Tensor) -> Tensor:
    """The state in front of each step: s_0 .. s_{T-1}."""
    return torch.cat([first[:, None], states[:, :-1]], 1)


def _shared(fed: Tensor, held: Tensor, trace: RNNTrace | GRUTrace | LSTMTrace, weights: Weights) -> dict[str, Tensor]:
    """Gradients of the parameters that all steps share: a sum over the steps (and the batch).

    dL/dW_ih = sum_t fed_t x_t', dL/dW_hh = sum_t held_t h_{t-1}', with dL/d(W_ih x_t + b_ih) and
    dL/d(W_hh h_{t-1} + b_hh) in `fed` and `held`.
    """
    found = {
        "weight_ih_l0": torch.einsum("btg,bti->gi", fed, trace.x),
        "weight_hh_l0": torch.einsum("btg,bth->gh", held, _before(trace.h0, trace.h)),
        "bias_ih_l0": fed.sum((0, 1)),
        "bias_hh_l0": held.sum((0, 1)),
    }
    return {name: gradient for name, gradient in found.items() if name in weights}


def _linked(steps: int, window: int | None) -> list[bool]:
    """Whether the gradient passes from step t back to the state before it: not where a later window begins."""
    if window is not None and window < 1:
        raise ValueError(
            f"window = {window} leaves no step to go back: take 1 or more, or None for the whole sequence."
        )
    return [window is None or t == 0 or t % window > 0 for t in range(steps)]


def _check(x: Tensor, states: list[Tensor], weights: Weights, gates: int) -> None:
    """Refuse what has no steps, states of other rows, and weights of another layer."""
    if x.ndim != 3 or any(s.ndim != 2 or s.shape != (len(x), states[0].size(-1)) for s in states):
        given = f"{tuple(x.shape)} and {', '.join(str(tuple(s.shape)) for s in states)}"
        raise ValueError(f"x must have the shape B T I and each state the shape B H, a row for each of x; got {given}.")
    if not x.size(1):
        raise ValueError("the sequence is empty: give at least one step.")
    rows, width = gates * states[0].size(-1), states[0].size(-1)
    fits = {"weight_ih_l0": (rows, x.size(-1)), "weight_hh_l0": (rows, width)}
    biases = {"bias_ih_l0": (rows,), "bias_hh_l0": (rows,)}
    for name, shape in (fits | {n: s for n, s in biases.items() if n in weights}).items():
        found = tuple(weights[name].shape) if name in weights else "missing"
        if found != shape:
            raise ValueError(f"{name} must have the shape {shape} for this input and state, but is {found}.")
    for name in weights:
        if name not in fits and name not in biases:
            raise ValueError(
                f"{name} is of another layer or direction: one layer is read here, forwards, named ..._l0."
            )


def _check_back(direct: Tensor, h: Tensor, last: tuple[Tensor, ...] = ()) -> None:
    """Refuse gradients that would be broadcast, or left out at the end."""
    for name, given, shape in [("direct", direct, h.shape), *(("last", s, h[:, -1].shape) for s in last)]:
        if given.shape != shape:
            found = tuple(given.shape)
            raise ValueError(
                f"{name} must have the shape of the states that it reaches, {tuple(shape)}, but is {found}."
            )
