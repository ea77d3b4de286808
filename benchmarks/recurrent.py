"""A training step through one recurrent layer: coursekit's readable loop, and its kernels, against torch.nn.

Forward and backward with the same weights over 32 sequences of 35 steps, input as wide as the state; the outputs and
the gradients are checked equal. A ratio of 1 is torch.nn's speed; the loop is not expected to reach it everywhere: its
bars say how little the readable form may cost. The last rows make one step of a decoder, without gradients.
Run: python benchmarks/recurrent.py
"""

import sys
from collections.abc import Callable

import torch
from _compare import Comparison, arguments, compare, header, report
from torch import Tensor, nn

from coursekit.nn import GRU, LSTM, RNN

B, T = 32, 35
LAYERS = {"RNN": (RNN, nn.RNN), "GRU": (GRU, nn.GRU), "LSTM": (LSTM, nn.LSTM)}
BARS = {
    "train LSTM 256, loop": 0.65,
    "train LSTM 650, loop": 0.95,
    "train GRU 256, loop": 0.9,
    "train LSTM 256, kernels": 0.95,
    "train GRU 256, kernels": 0.95,
    "step LSTM 256": 0.9,
    "step GRU 256": 0.9,
}


def pair(kind: str, hidden: int, fused: bool) -> tuple[nn.Module, nn.Module]:
    ours, theirs = LAYERS[kind]
    mine, peer = ours(hidden, hidden, fused=fused), theirs(hidden, hidden, batch_first=True)
    peer.load_state_dict(mine.state_dict())
    return mine, peer


def training_step(layer: nn.Module, x: Tensor) -> Callable[[], list[Tensor]]:
    def run() -> list[Tensor]:
        layer.zero_grad()
        out, _ = layer(x)
        out.square().mean().backward()
        return [out.detach(), *(p.grad for p in layer.parameters())]

    return run


def decoding_steps(step: Callable[..., tuple[Tensor, Tensor]], x: Tensor) -> Callable[[], list[Tensor]]:
    @torch.inference_mode()
    def run() -> list[Tensor]:
        state = None
        for _ in range(T):
            out, state = step(x, state)
        return [out]

    return run


def equal(ours: list[Tensor], theirs: list[Tensor]) -> None:
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a.view_as(b), b, rtol=1e-3, atol=1e-6)


def train(kind: str, hidden: int, fused: bool, rounds: int) -> Comparison:
    mine, peer = pair(kind, hidden, fused)
    x = torch.randn(B, T, hidden, generator=torch.Generator().manual_seed(0))
    name = f"train {kind} {hidden}, {'kernels' if fused else 'loop'}"
    steps = training_step(mine, x), training_step(peer, x)
    return compare(
        name, f"torch.nn.{kind}", f"{B} x {T} steps, {torch.get_num_threads()} threads", *steps, equal, rounds
    )


def decode(kind: str, hidden: int, rounds: int) -> Comparison:
    mine, peer = pair(kind, hidden, fused=True)
    x = torch.randn(1, hidden, generator=torch.Generator().manual_seed(0))
    steps = decoding_steps(mine.step, x), decoding_steps(lambda x, state: peer(x[:, None], state), x)
    return compare(
        f"step {kind} {hidden}",
        f"torch.nn.{kind}",
        f"1 x {T} steps, {torch.get_num_threads()} threads",
        *steps,
        equal,
        rounds,
    )


def main() -> int:
    options = arguments(__doc__ or "")
    print(f"{options.rounds} rounds")
    header()
    done = [
        train(kind, hidden, fused, options.rounds)
        for fused in (False, True)
        for kind, hidden in [("RNN", 256), ("GRU", 256), ("GRU", 650), ("LSTM", 256), ("LSTM", 650)]
    ]
    done += [decode(kind, 256, options.rounds) for kind in ("GRU", "LSTM")]
    return report("recurrent", done, BARS)


if __name__ == "__main__":
    sys.exit(main())
