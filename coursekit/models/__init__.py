"""One file a model; import the file that you need."""

from typing import TYPE_CHECKING

from coursekit.lazy import lazy

if TYPE_CHECKING:
    from coursekit.models.captioner import Captioner as Captioner
    from coursekit.models.captioner import CaptionerConfig as CaptionerConfig
    from coursekit.models.checkpoint import from_pretrained as from_pretrained
    from coursekit.models.checkpoint import save_pretrained as save_pretrained
    from coursekit.models.glove import GloVe as GloVe
    from coursekit.models.gpt import GPT as GPT
    from coursekit.models.gpt import GPTConfig as GPTConfig
    from coursekit.models.hierarchical import Hierarchical as Hierarchical
    from coursekit.models.hierarchical import HierarchicalConfig as HierarchicalConfig
    from coursekit.models.llama import Llama as Llama
    from coursekit.models.llama import LlamaConfig as LlamaConfig
    from coursekit.models.ngram import AddK as AddK
    from coursekit.models.ngram import Interpolated as Interpolated
    from coursekit.models.ngram import KneserNey as KneserNey
    from coursekit.models.rnn_lm import RNNLM as RNNLM
    from coursekit.models.rnn_lm import RNNLMConfig as RNNLMConfig
    from coursekit.models.seq2seq import Seq2Seq as Seq2Seq
    from coursekit.models.seq2seq import Seq2SeqConfig as Seq2SeqConfig
    from coursekit.models.seq2seq import Seq2SeqState as Seq2SeqState
    from coursekit.models.vocabulary import check_vocabulary as check_vocabulary
    from coursekit.models.vocabulary import with_vocabulary as with_vocabulary
    from coursekit.models.window_lm import WindowLM as WindowLM
    from coursekit.models.window_lm import WindowLMConfig as WindowLMConfig
    from coursekit.models.word2vec import CBOW as CBOW
    from coursekit.models.word2vec import SkipGram as SkipGram
    from coursekit.models.word_vectors import WordVectors as WordVectors

# The n-grams need no torch, so nothing is imported before it is asked for.
_HOME = {
    "AddK": "ngram",
    "CBOW": "word2vec",
    "Captioner": "captioner",
    "CaptionerConfig": "captioner",
    "GPT": "gpt",
    "GPTConfig": "gpt",
    "GloVe": "glove",
    "Hierarchical": "hierarchical",
    "HierarchicalConfig": "hierarchical",
    "Interpolated": "ngram",
    "KneserNey": "ngram",
    "Llama": "llama",
    "LlamaConfig": "llama",
    "RNNLM": "rnn_lm",
    "RNNLMConfig": "rnn_lm",
    "Seq2Seq": "seq2seq",
    "Seq2SeqConfig": "seq2seq",
    "Seq2SeqState": "seq2seq",
    "SkipGram": "word2vec",
    "WindowLM": "window_lm",
    "WindowLMConfig": "window_lm",
    "WordVectors": "word_vectors",
    "check_vocabulary": "vocabulary",
    "from_pretrained": "checkpoint",
    "save_pretrained": "checkpoint",
    "with_vocabulary": "vocabulary",
}

__getattr__, __dir__ = lazy(__name__, _HOME)
