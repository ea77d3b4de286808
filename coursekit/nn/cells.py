"""One step of a recurrent network, for each kind of cell: the equations and nothing else.

All of a step that depends on the input alone is computed for every step at once, so a cell starts from

    a = W_x x + b                       (the part of the input, for all gates side by side)

and adds what the state before gives. The recurrent matrix comes transposed, as one row of a batch meets it: h W'.
With nothing before a sequence, h and c are zeros.

Letters: B batch, H hidden units, G = H times the number of gates (1 RNN, 3 GRU, 4 LSTM).
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

NONLINEARITIES: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "logistic": torch.sigmoid,
}


def rnn_cell(
    a: Float[Tensor, "B H"], h: Float[Tensor, "B H"], weight: Float[Tensor, "H H"], nonlinearity: str = "tanh"
) -> Float[Tensor, "B H"]:
    """h' = f(a + V_h h): the simple recurrent network of Elman 1990, "Finding structure in time"."""
    return NONLINEARITIES[nonlinearity](torch.addmm(a, h, weight))


def lstm_cell(
    a: Float[Tensor, "B G"], h: Float[Tensor, "B H"], c: Float[Tensor, "B H"], weight: Float[Tensor, "H G"]
) -> tuple[Float[Tensor, "B H"], Float[Tensor, "B H"]]:
    """h' and c' of a long short-term memory; `a` and `weight` hold the gates in the order i, f, g, o.

    Hochreiter & Schmidhuber 1997 with the forget gate of Gers, Schmidhuber & Cummins 2000:
    c' = f c + i g,   h' = o tanh(c').
    """
    i, f, g, o = torch.addmm(a, h, weight).chunk(4, 1)  # each B, H
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def gru_cell(
    a: Float[Tensor, "B G"],
    h: Float[Tensor, "B H"],
    weight: Float[Tensor, "H G"],
    bias: Float[Tensor, " G"] | None = None,
) -> Float[Tensor, "B H"]:
    """h' of a gated recurrent unit whose reset gate acts *after* the matrix product, as in torch and cuDNN.

    h' = (1 - z) n + z h with n = tanh(a_n + r (U_n h + b_n)); the gates stand in the order r, z, n.
    `bias` is b, which r multiplies too and which can therefore not be part of `a`. Cho et al. 2014, first version.
    """
    ar, az, an = a.chunk(3, 1)
    ur, uz, un = (h @ weight if bias is None else torch.addmm(bias, h, weight)).chunk(3, 1)
    r, z = (ar + ur).sigmoid(), (az + uz).sigmoid()
    n = (an + r * un).tanh()
    return n + z * (h - n)


def gru_cell_reset_before(
    a: Float[Tensor, "B G"], h: Float[Tensor, "B H"], weight: Float[Tensor, "H G"]
) -> Float[Tensor, "B H"]:
    """h' of a gated recurrent unit whose reset gate acts *before* the matrix product: Cho et al. 2014, eq. 5 to 8.

    h' = (1 - z) n + z h with n = tanh(a_n + U_n (r h)): a second product, which has to wait for r.
    """
    H = h.size(1)
    r, z = torch.addmm(a[:, : 2 * H], h, weight[:, : 2 * H]).sigmoid().chunk(2, 1)
    n = torch.addmm(a[:, 2 * H :], r * h, weight[:, 2 * H :]).tanh()
    return n + z * (h - n)
