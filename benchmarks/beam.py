"""Beam search over 16 sentences at once against the same search sentence by sentence, with an attentional GRU.

The outputs are checked equal; encoding the sources is part of both sides.
Run: python benchmarks/beam.py
"""

import sys

import numpy as np
import torch
from _compare import Comparison, arguments, compare, header, report

from coursekit.decode import Hypothesis, beam_search
from coursekit.models.seq2seq import Seq2Seq, Seq2SeqConfig

SENTENCES, WORDS, VOCABULARY, MAX_LENGTH = 16, 20, 1000, 30
BOS, EOS = 2, 3
BARS = {"beam 4, batched": 2.5, "beam 1, batched": 2.5}


def model_and_sources(hidden: int) -> tuple[Seq2Seq, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    config = Seq2SeqConfig(VOCABULARY, VOCABULARY, width=hidden, hidden=hidden, attention="luong", max_length=50)
    model = Seq2Seq(config, generator).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.startswith("output"):
                p.mul_(4)  # an untrained model is unsure of everything: its beams would hang on the last bit
        model.output.bias[EOS] = 2.0  # so that the outputs have 2 to 30 words
    source = torch.randint(4, VOCABULARY, (SENTENCES, WORDS), generator=generator)
    lengths = torch.randint(WORDS // 2, WORDS + 1, (SENTENCES,), generator=generator)
    lengths[0] = WORDS
    return model, source, lengths


def same(ours: list[list[Hypothesis]], theirs: list[list[Hypothesis]]) -> None:
    assert [row[0].ids for row in ours] == [row[0].ids for row in theirs]
    np.testing.assert_allclose([row[0].score for row in ours], [row[0].score for row in theirs], rtol=1e-4)


def row(width: int, hidden: int, rounds: int) -> Comparison:
    model, source, lengths = model_and_sources(hidden)
    how = {"bos": BOS, "eos": EOS, "max_length": MAX_LENGTH, "width": width}

    def decode(some: torch.Tensor, length: torch.Tensor) -> list[list[Hypothesis]]:
        with torch.inference_mode():
            state = model.start(some[:, : int(length.max())], length)
        return beam_search(model, state, batch=len(some), **how)

    def loop() -> list[list[Hypothesis]]:
        pairs = zip(source.split(1), lengths.split(1), strict=True)
        return [decode(some, length)[0] for some, length in pairs]

    size = f"{SENTENCES} sentences, H {hidden}, V {VOCABULARY}"
    return compare(f"beam {width}, batched", "one by one", size, lambda: decode(source, lengths), loop, same, rounds)


def main() -> int:
    options = arguments(__doc__ or "")
    print(f"{torch.get_num_threads()} threads, {options.rounds} rounds")
    header()
    rows = [row(width, 256, options.rounds) for width in ((1, 4, 10) if options.full else (1, 4))]
    return report("beam", rows, BARS)


if __name__ == "__main__":
    sys.exit(main())
