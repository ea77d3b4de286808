"""Where a gradient goes in a recurrent network: the Jacobians of its steps, their product, and what it does to norms.

A network is a step function h_t = step(x_t, h_{t-1}) on vectors, one sequence at a time. For an LSTM the state is the
concatenation of its two, h and c: what flows back flows through both (`step_of` makes such a function of a layer).

    J_t = dh_t / dh_{t-1}                              T H H   `jacobians`; diag(1 - h_t^2) V_h for tanh(V_x x + V_h h)
    dh_N / dh_{N-k} = J_N J_{N-1} ... J_{N-k+1}       T+1 H H  `jacobian_products`, by distance k = 0 ... T
    |dl/dh_{N-k}| = |(dl/dh_N)' J_N ... J_{N-k+1}|     T+1     `predicted_norms`; `gradient_norms` measures the same

What bounds and what decides. Each step stretches by at most the largest singular value of its Jacobian, so the product
does by at most the product of these; if all stay below a bound under 1 the gradient vanishes, but one above 1 proves
nothing. In the
limit a constant Jacobian grows as its spectral radius to the power k; one that changes from step to step, as behind any
nonlinearity, grows as e^(lambda k), with lambda the largest Lyapunov exponent of the product, and no eigenvalue of V_h
need tell it.
Sources: Hochreiter 1991; Bengio, Simard & Frasconi 1994, "Learning long-term dependencies with gradient descent is
difficult"; Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks"; for the
exponents Benettin, Galgani, Giorgilli & Strelcyn 1980, and of recurrent networks Engelken, Wolf & Abbott 2023.

Letters: T steps, I width of an input, H width of a state, k distance from the end.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

#: (x " I", h " H") -> the next state " H"
Step = Callable[[Tensor, Tensor], Tensor]


def step_of(layer: Any) -> Step:
    """The step function of one recurrent layer of `coursekit.nn`; an LSTM's state is h and c, concatenated."""
    one = getattr(layer, "num_layers", None) == 1 and not getattr(layer, "bidirectional", False)
    if not one or not hasattr(layer, "step"):
        raise ValueError(
            "a step needs one recurrent layer in one direction: an RNN, GRU or LSTM of coursekit.nn with num_layers=1, "
            "not bidirectional."
        )
    lstm = layer.weight_hh_l0.size(0) == 4 * layer.hidden_size  # four gates
    size = (2 if lstm else 1) * layer.hidden_size

    def step(x: Tensor, h: Tensor) -> Tensor:
        if h.numel() != size:
            holds = f"{size} numbers{', those of h, then c' if lstm else ''}; it has {h.numel()}"
            raise ValueError(f"this {type(layer).__name__}'s state must hold {holds}.")
        state = h.view(-1, 1, 1, layer.hidden_size)  # h, or h and c; one layer, one sequence
        _, after = layer.step(x[None], (state[0], state[1]) if lstm else state[0])
        return torch.cat(after).flatten() if lstm else after.flatten()

    return step


@torch.no_grad()
def states(step: Step, inputs: Float[Tensor, "T I"], h0: Float[Tensor, " H"]) -> Float[Tensor, "T+1 H"]:
    """h_0, h_1 ... h_T."""
    return torch.stack(_run(step, inputs, h0))


def jacobians(step: Step, inputs: Float[Tensor, "T I"], h0: Float[Tensor, " H"]) -> Float[Tensor, "T H H"]:
    """J_t = dh_t / dh_{t-1} for each step, row = entry of h_t; none of them is multiplied yet."""
    before = states(step, inputs, h0)[:-1]  # T, H
    one = torch.func.jacrev(step, argnums=1)
    return torch.func.vmap(one)(inputs, before).detach()


@torch.no_grad()
def jacobian_products(jacobians: Float[Tensor, "T H H"]) -> Float[Tensor, "T+1 H H"]:
    """dh_N / dh_{N-k} by distance: the identity at k = 0, J_N at 1, J_N J_{N-1} at 2 ..."""
    _finite(jacobians)
    product = torch.eye(jacobians.size(-1), dtype=jacobians.dtype, device=jacobians.device)
    products = [product]
    for jacobian in jacobians.flip(0):  # from the last step back
        product = product @ jacobian
        products.append(product)
    return torch.stack(products)


@torch.no_grad()
def singular_values(matrices: Float[Tensor, "*N H H"]) -> Float[Tensor, "*N H"]:
    """Singular values of each matrix, the largest first: by how much it can stretch, and by how little."""
    _finite(matrices)
    return torch.linalg.svdvals(matrices)


@torch.no_grad()
def spectral_radius(matrices: Float[Tensor, "*N H H"]) -> Float[Tensor, "*N"]:
    """Largest absolute value of an eigenvalue of each matrix: what its powers grow by, in the limit.

    Of an eigenvalue that m vectors share in one Jordan block, rounding leaves eps^(1/m): .03 for 0 with m = 10.
    """
    _finite(matrices)
    return torch.linalg.eigvals(matrices).abs().amax(-1)


@torch.no_grad()
def lyapunov_exponents(jacobians: Float[Tensor, "T H H"]) -> Float[Tensor, " H"]:
    """Growth rates of the product, in nats a step, the largest first: log |J_T ... J_1 q| / T in H directions.

    Benettin et al. 1980: an orthogonal frame is carried along, and straightened by QR after each step, since all its
    vectors would turn to the fastest direction otherwise; the diagonal of R is what each has grown by. A direction that
    a Jacobian flattens to nothing has the exponent -inf, or one below -30 where rounding leaves a rest of it. They are
    the limits for many steps: the frame has first to find its directions, an error of the order 1 / T.
    """
    _finite(jacobians)
    frame = torch.eye(jacobians.size(-1), dtype=jacobians.dtype, device=jacobians.device)
    total = frame.new_zeros(jacobians.size(-1))
    for jacobian in jacobians:
        frame, r = torch.linalg.qr(jacobian @ frame)
        total += r.diagonal().abs().log()
    return (total / len(jacobians)).sort(descending=True).values


@torch.enable_grad()
def gradient_norms(
    step: Step,
    inputs: Float[Tensor, "T I"],
    h0: Float[Tensor, " H"],
    loss: Callable[[Tensor], Tensor],
) -> Float[Tensor, " T+1"]:
    """|dl / dh_{N-k}| by distance k, as one backward pass of autograd through all the steps gives it.

    loss   (h_N " H") -> a scalar. It sees the last state alone, so what reaches an earlier one came through the steps
           between. The gradients of the parameters are neither used nor changed.
    """
    visited = _run(step, inputs, h0.detach().clone().requires_grad_())
    value = loss(visited[-1])
    if not isinstance(value, Tensor) or value.numel() != 1 or not value.requires_grad:
        raise ValueError("loss must make one number of the last state, and nothing on its way may be detached.")
    gradients = torch.autograd.grad(value, visited[::-1], allow_unused=True, materialize_grads=True)
    return torch.stack([_norm(gradient) for gradient in gradients])


@torch.no_grad()
def predicted_norms(grad_at_end: Float[Tensor, " H"], jacobians: Float[Tensor, "T H H"]) -> Float[Tensor, " T+1"]:
    """|dl / dh_{N-k}| by distance k, from the gradient dl/dh_N at the end and the Jacobians alone."""
    _finite(jacobians)
    _fits(grad_at_end, jacobians)
    gradient, norms = grad_at_end, [_norm(grad_at_end)]
    for jacobian in jacobians.flip(0):  # from the last step back
        gradient = gradient @ jacobian
        norms.append(_norm(gradient))
    return torch.stack(norms)


def _run(step: Step, inputs: Tensor, h: Tensor) -> list[Tensor]:
    """Every state, from h_0 on."""
    if inputs.ndim != 2 or h.ndim != 1:
        given = f"{list(inputs.shape)} and {list(h.shape)}"
        raise ValueError(f"one sequence at a time: inputs (T, I) and a state (H); the shapes are {given}.")
    if not len(inputs):
        raise ValueError("there are no inputs: a gradient flows over one step or more.")
    visited = [h]
    for x in inputs:
        visited.append(step(x, visited[-1]))
        if visited[-1].shape != h.shape:
            was, now = list(h.shape), list(visited[-1].shape)
            raise ValueError(f"the step made a state of shape {now} from one of {was}: it must keep the shape.")
    return visited


def _norm(vector: Tensor) -> Tensor:
    """The length, as far as the numbers themselves reach: in float32 their squares are 0 below 1e-23, inf above 1e19.

    So the vector is first divided by a power of two near its largest entry, which rounds nothing.
    """
    scale = math.ldexp(1.0, math.frexp(vector.abs().amax().item())[1] - 1)
    return (vector / scale).norm() * scale


def _finite(matrices: Tensor) -> None:
    """Square matrices of numbers, one at least: LAPACK's own complaint about a NaN is no help."""
    if matrices.ndim < 2 or matrices.size(-1) != matrices.size(-2) or not matrices.numel():
        raise ValueError(f"square matrices are needed, one at least; the shape is {list(matrices.shape)}.")
    if not matrices.is_floating_point():
        kind = str(matrices.dtype).removeprefix("torch.")
        raise ValueError(f"the matrices hold {kind}: make them decimal numbers first, by .double().")
    if not matrices.isfinite().all():
        raise ValueError("the matrices hold numbers that are not finite: the states or the weights have overflowed.")


def _fits(gradient: Tensor, jacobians: Tensor) -> None:
    if gradient.shape != jacobians.shape[-1:]:
        size, given = jacobians.size(-1), list(gradient.shape)
        raise ValueError(f"the gradient at the end must have the shape [{size}] of a state; it has {given}.")
