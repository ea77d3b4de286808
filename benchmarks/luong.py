"""Training with Luong's attention: ours against the loop over target steps that is usually written.

The decoder alone, forward and backward with the same weights over 32 sentences of 35 source and 35 target words, 256
units: LSTM, general attention, tanh(W_c [c; s]), output layer. Ours reads all target words in one call of the fused
layer and attends once for all; the loops take torch.nn.LSTMCell step by step and project the keys at every step or
once. Logits and gradients are checked equal. The last rows are whole models, the encoder included.
Run: python benchmarks/luong.py
"""

import sys
from collections.abc import Callable

import torch
from _compare import Comparison, arguments, compare, header, report
from torch import Tensor, nn

from coursekit.models.seq2seq import Seq2Seq, Seq2SeqConfig, Seq2SeqState

B, T, S, H, V = 32, 35, 35, 256, 512
BARS = {"keys at each step": 4.0, "keys once": 2.2}


class Loop(nn.Module):
    """A decoder as tutorials write it, on the weights of `model`: step after step, one query at a time."""

    def __init__(self, model: Seq2Seq, once: bool) -> None:
        super().__init__()
        self.once, self.cell = once, nn.LSTMCell(H, H)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            setattr(self.cell, name, getattr(model.decoder, f"{name}_l0"))
        self.keys = nn.Linear(H, H, bias=False)
        self.keys.weight = model.attention.score.weight
        self.embed, self.combine, self.output = model.target_embed, model.combine, model.output

    def forward(self, target: Tensor, values: Tensor, state: tuple[Tensor, Tensor]) -> Tensor:
        keys = self.keys(values) if self.once else None  # B, T, H
        h, c = state
        logits = []
        for t in range(target.size(1)):
            h, c = self.cell(self.embed(target[:, t]), (h, c))
            scores = torch.bmm(self.keys(values) if keys is None else keys, h[:, :, None])  # B, T, 1
            weights = torch.softmax(scores, 1)
            context = torch.bmm(weights.transpose(1, 2), values)[:, 0]
            logits.append(self.output(torch.tanh(self.combine(torch.cat([context, h], 1)))))
        return torch.stack(logits, 1)


def built() -> tuple[Seq2Seq, Tensor, Tensor]:
    config = Seq2SeqConfig(V, V, cell="lstm", width=H, hidden=H, bidirectional=False, attention="luong")
    g = torch.Generator().manual_seed(0)
    return Seq2Seq(config), torch.randint(V, (B, T), generator=g), torch.randint(V, (B, S), generator=g)


def training_step(model: nn.Module, logits: Callable[[], Tensor], target: Tensor) -> Callable[[], list[Tensor]]:
    parameters = [p for p in model.parameters() if p.requires_grad]

    def run() -> list[Tensor]:
        for p in parameters:
            p.grad = None
        y = logits()
        nn.functional.cross_entropy(y.flatten(0, 1), target.flatten()).backward()
        return [y.detach(), *(p.grad for p in parameters if p.grad is not None)]

    return run


def equal(ours: list[Tensor], theirs: list[Tensor]) -> None:
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


def decoder(once: bool, rounds: int) -> Comparison:
    model, source, target = built()
    with torch.no_grad():
        state = model.start(source)
    values, loop = state.memory.values.clone().requires_grad_(), Loop(model, once)

    def ours() -> Tensor:
        return model.advance(target, read(model, values, state))[0]

    def theirs() -> Tensor:
        return loop(target, values, (state.hidden[0], state.cell[0]))

    name = "keys once" if once else "keys at each step"
    steps = training_step(model, ours, target), training_step(model, theirs, target)
    return compare(name, "loop, LSTMCell", f"{B} x {T} x {S}, H {H}", *steps, equal, rounds)


def read(model: Seq2Seq, values: Tensor, state: Seq2SeqState) -> Seq2SeqState:
    """The state whose memory is `values`, its keys projected with a gradient."""
    assert model.attention is not None
    return state._replace(memory=model.attention.prepare(values))


def whole(once: bool, rounds: int) -> Comparison:
    model, source, target = built()
    loop = Loop(model, once)

    def theirs() -> Tensor:
        h, state = model.encoder(model.source_embed(source))
        return loop(target, h, (state[0][0], state[1][0]))

    steps = training_step(model, lambda: model(source, target), target), training_step(model, theirs, target)
    name = "whole, keys once" if once else "whole, keys at each step"
    return compare(name, "loop, LSTMCell", f"{B} x {T} x {S}, H {H}", *steps, equal, rounds)


def main() -> int:
    options = arguments(__doc__ or "")
    print(f"{options.rounds} rounds, {torch.get_num_threads()} threads")
    header()
    done = [kind(once, options.rounds) for kind in (decoder, whole) for once in (False, True)]
    return report("luong", done, BARS)


if __name__ == "__main__":
    sys.exit(main())
