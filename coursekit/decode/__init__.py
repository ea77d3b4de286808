"""From a model's next-word distribution to an output: greedy, sampling, beam search, minimum Bayes risk.

Every decoder takes any model that has `step` and `select` (interface.py), many rows at once, and gives `Hypothesis`es.
"""

from typing import TYPE_CHECKING

from coursekit.lazy import lazy

if TYPE_CHECKING:
    from coursekit.decode.bayes_risk import Choice as Choice
    from coursekit.decode.bayes_risk import expected_utility as expected_utility
    from coursekit.decode.bayes_risk import mbr as mbr
    from coursekit.decode.bayes_risk import utility_matrix as utility_matrix
    from coursekit.decode.beam import Candidate as Candidate
    from coursekit.decode.beam import beam_search as beam_search
    from coursekit.decode.beam import beam_trace as beam_trace
    from coursekit.decode.filters import filtered as filtered
    from coursekit.decode.filters import top_k as top_k
    from coursekit.decode.filters import top_p as top_p
    from coursekit.decode.filters import with_temperature as with_temperature
    from coursekit.decode.interface import Hypothesis as Hypothesis
    from coursekit.decode.interface import Stepper as Stepper
    from coursekit.decode.interface import best as best
    from coursekit.decode.sampling import draw as draw
    from coursekit.decode.sampling import greedy as greedy
    from coursekit.decode.sampling import sample as sample

# Minimum Bayes risk needs no torch, so nothing is imported before it is asked for.
_HOME = {
    "Candidate": "beam",
    "Choice": "bayes_risk",
    "Hypothesis": "interface",
    "Stepper": "interface",
    "beam_search": "beam",
    "beam_trace": "beam",
    "best": "interface",
    "draw": "sampling",
    "expected_utility": "bayes_risk",
    "filtered": "filters",
    "greedy": "sampling",
    "mbr": "bayes_risk",
    "sample": "sampling",
    "top_k": "filters",
    "top_p": "filters",
    "utility_matrix": "bayes_risk",
    "with_temperature": "filters",
}

__getattr__, __dir__ = lazy(__name__, _HOME)
