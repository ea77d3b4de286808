"""Scores: from log-probabilities, and from texts against references. Import the file that you need or these names."""

from coursekit.metrics.alignment import alignment_error_rate as alignment_error_rate
from coursekit.metrics.alignment import alignment_scores as alignment_scores
from coursekit.metrics.answers import answer_f1 as answer_f1
from coursekit.metrics.answers import exact_match as exact_match
from coursekit.metrics.answers import squad as squad
from coursekit.metrics.bleu import bleu as bleu
from coursekit.metrics.bleu import brevity_penalty as brevity_penalty
from coursekit.metrics.bleu import sentence_bleu as sentence_bleu
from coursekit.metrics.chrf import chrf as chrf
from coursekit.metrics.chrf import sentence_chrf as sentence_chrf
from coursekit.metrics.ngrams import distinct_n as distinct_n
from coursekit.metrics.ngrams import ngram_precision as ngram_precision
from coursekit.metrics.perplexity import bits_per_character as bits_per_character
from coursekit.metrics.perplexity import bits_per_token as bits_per_token
from coursekit.metrics.perplexity import cross_entropy as cross_entropy
from coursekit.metrics.perplexity import gap as gap
from coursekit.metrics.perplexity import perplexity as perplexity
from coursekit.metrics.rouge import corpus_rouge as corpus_rouge
from coursekit.metrics.rouge import diversity as diversity
from coursekit.metrics.rouge import rouge as rouge
from coursekit.metrics.rouge import rouge_matrix as rouge_matrix
