"""Scores, from log-probabilities to text; import the file that you need or the names below."""

from coursekit.metrics.perplexity import bits_per_character as bits_per_character
from coursekit.metrics.perplexity import bits_per_token as bits_per_token
from coursekit.metrics.perplexity import cross_entropy as cross_entropy
from coursekit.metrics.perplexity import gap as gap
from coursekit.metrics.perplexity import perplexity as perplexity

__all__ = ["bits_per_character", "bits_per_token", "cross_entropy", "gap", "perplexity"]
