"""Layers, readable and equal to torch.nn on the same weights. Nothing is imported before it is asked for."""

from typing import TYPE_CHECKING

from coursekit.lazy import lazy

if TYPE_CHECKING:
    from coursekit.nn.attention import Attention as Attention
    from coursekit.nn.attention import Memory as Memory
    from coursekit.nn.attention import masked_softmax as masked_softmax
    from coursekit.nn.attention import self_attention as self_attention
    from coursekit.nn.local_attention import LocalAttention as LocalAttention
    from coursekit.nn.pyramid import Pyramid as Pyramid
    from coursekit.nn.rnn import GRU as GRU
    from coursekit.nn.rnn import LSTM as LSTM
    from coursekit.nn.rnn import RNN as RNN

_HOME = {
    "Attention": "attention",
    "GRU": "rnn",
    "LSTM": "rnn",
    "LocalAttention": "local_attention",
    "Memory": "attention",
    "Pyramid": "pyramid",
    "RNN": "rnn",
    "masked_softmax": "attention",
    "self_attention": "attention",
}

__getattr__, __dir__ = lazy(__name__, _HOME)
