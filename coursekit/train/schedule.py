"""Learning-rate schedules: step in, factor out."""

import math


def warmup_cosine(step: int, steps: int, warmup: int) -> float:
    """Factor of the learning rate at `step` of `steps`: up in a line for `warmup` steps, then down half a cosine to 0.

    The first step has 1 / (warmup + 1), so that no step is wasted on a rate of zero, and step `warmup` has 1; from
    `steps` on it is 0.
    Sources: Goyal et al. 2017 (warm-up), Loshchilov & Hutter 2017 (cosine).
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (min(step, steps) - warmup) / max(steps - warmup, 1)))
