"""Three synthetic tasks whose answer depends on what stood long before: how far back can a network remember?

Each comes as a `Task`: inputs ready for a recurrent layer, targets, and a mask of the positions where an answer is
asked. Each has a baseline in closed form, the loss of the best answer that remembers nothing, so that "it learns" has a
meaning: a loss below the baseline is memory, and nothing else. All draws are from the given generator, on the CPU.

    copy_memory     Arjovsky, Shah & Bengio 2016, "Unitary evolution recurrent neural networks", section 5.1,
                    after Hochreiter & Schmidhuber 1997
    adding          Hochreiter & Schmidhuber 1997, "Long short-term memory", experiment 4, as Arjovsky et al. have it
    temporal_order  Hochreiter & Schmidhuber 1997, experiment 6a, stretched to any length as Pascanu, Mikolov & Bengio
                    2013, "On the difficulty of training recurrent neural networks", section 4.1, do

Letters: B sequences, T steps, I width of an input, K symbols to copy.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

#: Mean squared error of always answering 1 in `adding`: the variance of a sum of two uniform numbers, 2 / 12.
ADDING_BASELINE = 1 / 6
#: Cross-entropy (nats) of answering each of the four classes of `temporal_order` with probability 1/4.
ORDER_BASELINE = math.log(4)


class Task(NamedTuple):
    """`n` sequences of one task, batch first."""

    inputs: Float[Tensor, "B T I"]
    targets: Int[Tensor, "B T"] | Float[Tensor, " B"] | Int[Tensor, " B"]  # of copy_memory, adding, temporal_order
    mask: Bool[Tensor, "B T"]  # the steps at which the answer is asked


def copy_memory(n: int, lag: int, generator: torch.Generator, symbols: int = 8, length: int = 10) -> Task:
    """Remember `length` symbols over `lag` steps, then repeat them; inputs are one-hot, `symbols` + 2 wide.

        inputs   x_1 ... x_length  blank * (lag - 1)  go  blank * length
        targets  blank * (length + lag)                   x_1 ... x_length

    The blank is the symbol number `symbols`, "go" the one after. A symbol comes out `length` + `lag` steps after it
    went in. The mask holds the last `length` steps; the paper's loss is the mean over all steps (`copy_baseline`).
    """
    _at_least(1, n=n, lag=lag, length=length)
    _at_least(2, symbols=symbols)
    blank, go = symbols, symbols + 1
    word = torch.randint(symbols, (n, length), generator=generator)  # B, K
    inputs = torch.full((n, lag + 2 * length), blank)  # B, T
    targets = inputs.clone()
    inputs[:, :length], inputs[:, length + lag - 1], targets[:, -length:] = word, go, word
    mask = torch.zeros(inputs.shape, dtype=torch.bool)
    mask[:, -length:] = True
    return Task(F.one_hot(inputs, symbols + 2).float(), targets, mask)


def copy_baseline(lag: int, symbols: int = 8, length: int = 10) -> float:
    """Cross-entropy (nats, mean over all steps) of who knows the blanks and guesses the symbols; log(symbols) a symbol.

    length log(symbols) / (lag + 2 length): Arjovsky et al. 2016, section 5.1. At the masked steps it is log(symbols).
    """
    _at_least(1, lag=lag, length=length)
    _at_least(2, symbols=symbols)
    return length * math.log(symbols) / (lag + 2 * length)


def adding(n: int, length: int, generator: torch.Generator) -> Task:
    """Add the two marked numbers: at each step a number uniform in [0, 1] and a marker, which is 1 at two steps only.

    One marker falls in the first half of the `length` steps, one in the second. The answer, asked at the last step, is
    the sum. (In the first paper the numbers are in [-1, 1] and the answer is .5 + sum / 4: the same task, scaled.)
    """
    _at_least(1, n=n)
    _at_least(2, length=length)
    numbers = torch.rand(n, length, generator=generator, dtype=torch.float64).float()  # B, T
    first = torch.randint(length // 2, (n, 1), generator=generator)
    second = torch.randint(length // 2, length, (n, 1), generator=generator)
    marked = torch.cat([first, second], 1)  # B, 2
    markers = torch.zeros(n, length).scatter_(1, marked, 1.0)
    return Task(torch.stack([numbers, markers], -1), numbers.gather(1, marked).sum(1), _last(n, length))


def temporal_order(n: int, length: int, generator: torch.Generator) -> Task:
    """In which order did two signals come? Inputs are one-hot over two signals (0 and 1) and four distractors (2 to 5).

    The first signal stands at a step in [T/10, 2T/10], the second in [4T/10, 5T/10] (counted from 0), T = `length`; all
    other steps are random distractors. The answer, asked at the last step, is 2 first + second: one of four classes.
    So the nearer signal must be kept for about half of the steps or more, the farther for about eight tenths or more.
    """
    _at_least(1, n=n)
    _at_least(10, length=length)
    inputs = torch.randint(2, 6, (n, length), generator=generator)  # B, T
    signals = torch.randint(2, (n, 2), generator=generator)
    for i, (low, high) in enumerate([(length // 10, 2 * length // 10), (4 * length // 10, 5 * length // 10)]):
        at = torch.randint(low, high + 1, (n, 1), generator=generator)
        inputs.scatter_(1, at, signals[:, i : i + 1])
    return Task(F.one_hot(inputs, 6).float(), 2 * signals[:, 0] + signals[:, 1], _last(n, length))


def _last(n: int, length: int) -> Bool[Tensor, "B T"]:
    """The answer is asked at the last step alone."""
    mask = torch.zeros(n, length, dtype=torch.bool)
    mask[:, -1] = True
    return mask


def _at_least(least: int, **sizes: int) -> None:
    for name, size in sizes.items():
        if size < least:
            raise ValueError(f"{name} = {size} makes no task: take {least} or more.")
