"""Learning-rate schedules: step in, factor of the largest rate out.

All rise in a line for `warmup` steps: the first step has 1 / (warmup + 1), so that no step is wasted on a rate of zero,
and step `warmup` has 1. Then they part:

    cosine         half a cosine to 0 at `steps`             Loshchilov & Hutter 2017
    linear         a line to 0 at `steps`                    Devlin et al. 2019, appendix A.2
    inverse_root   sqrt((warmup + 1) / (step + 1)), no end   Vaswani et al. 2017, equation 3
    constant       1, no end
"""

import math
from collections.abc import Callable

Schedule = Callable[[int, int, int], float | int]


def warmup_cosine(step: int, steps: int, warmup: int) -> float:
    """Factor of the learning rate at `step` of `steps`: up in a line for `warmup` steps, then down half a cosine to 0.

    The first step has 1 / (warmup + 1), so that no step is wasted on a rate of zero, and step `warmup` has 1; from
    `steps` on it is 0.
    Sources: Goyal et al. 2017 (warm-up), Loshchilov & Hutter 2017 (cosine).
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (min(step, steps) - warmup) / max(steps - warmup, 1)))


def warmup_linear(step: int, steps: int, warmup: int) -> float:
    """Up in a line for `warmup` steps, then down in a line; 0 from `steps` on."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return (steps - min(step, steps)) / max(steps - warmup, 1)


def warmup_inverse_root(step: int, steps: int, warmup: int) -> float:
    """Up in a line for `warmup` steps, then with 1 / sqrt(step); it does not depend on `steps`, and never ends at 0."""
    return min((step + 1) / (warmup + 1), math.sqrt((warmup + 1) / (step + 1)))


def warmup_constant(step: int, steps: int, warmup: int) -> float:
    """Up in a line for `warmup` steps, then 1."""
    return min((step + 1) / (warmup + 1), 1.0)


def vaswani_peak(width: int, warmup: int) -> float:
    """The largest rate of Vaswani et al. 2017, equation 3: D^-0.5 min(n^-0.5, n (warmup + 1)^-1.5) with n = step + 1.

    fit(lr=vaswani_peak(D, warmup), warmup=warmup, schedule="inverse_root") follows it.
    """
    return (width * (warmup + 1)) ** -0.5


SCHEDULES: dict[str, Schedule] = {
    "cosine": warmup_cosine,
    "linear": warmup_linear,
    "inverse_root": warmup_inverse_root,
    "constant": warmup_constant,
}


def named_schedule(schedule: str | Schedule) -> tuple[str, Schedule]:
    """The schedule's name, which a checkpoint keeps, and the function. Raises ValueError for an unknown name."""
    if callable(schedule):
        known = {function: name for name, function in SCHEDULES.items()}
        return known.get(schedule, getattr(schedule, "__qualname__", type(schedule).__name__)), schedule
    if schedule not in SCHEDULES:
        raise ValueError(
            f"there is no schedule {schedule!r}: choose one of {', '.join(SCHEDULES)}, "
            "or give a function of (step, steps, warmup)."
        )
    return schedule, SCHEDULES[schedule]
