"""Layers, readable and equal to torch.nn on the same weights. Nothing is imported before it is asked for."""

from typing import TYPE_CHECKING

from coursekit.lazy import lazy

if TYPE_CHECKING:
    from coursekit.nn.attention import Attention as Attention
    from coursekit.nn.attention import Memory as Memory
    from coursekit.nn.attention import masked_softmax as masked_softmax
    from coursekit.nn.attention import self_attention as self_attention
    from coursekit.nn.cache import KeyValues as KeyValues
    from coursekit.nn.local_attention import LocalAttention as LocalAttention
    from coursekit.nn.masks import causal as causal
    from coursekit.nn.masks import padding as padding
    from coursekit.nn.masks import prefix as prefix
    from coursekit.nn.masks import sliding as sliding
    from coursekit.nn.norm import RMSNorm as RMSNorm
    from coursekit.nn.norm import layer_norm as layer_norm
    from coursekit.nn.norm import rms_norm as rms_norm
    from coursekit.nn.position import RelativeBias as RelativeBias
    from coursekit.nn.position import alibi as alibi
    from coursekit.nn.position import relative_buckets as relative_buckets
    from coursekit.nn.position import rotary as rotary
    from coursekit.nn.position import rotate as rotate
    from coursekit.nn.position import shift as shift
    from coursekit.nn.position import sinusoidal as sinusoidal
    from coursekit.nn.pyramid import Pyramid as Pyramid
    from coursekit.nn.rnn import GRU as GRU
    from coursekit.nn.rnn import LSTM as LSTM
    from coursekit.nn.rnn import RNN as RNN
    from coursekit.nn.scaled_dot import attend as attend
    from coursekit.nn.scaled_dot import written_out as written_out
    from coursekit.nn.transformer import BlockConfig as BlockConfig
    from coursekit.nn.transformer import CrossAttention as CrossAttention
    from coursekit.nn.transformer import DecoderBlock as DecoderBlock
    from coursekit.nn.transformer import EncoderBlock as EncoderBlock
    from coursekit.nn.transformer import FeedForward as FeedForward
    from coursekit.nn.transformer import SelfAttention as SelfAttention

_HOME = {
    "Attention": "attention",
    "BlockConfig": "transformer",
    "CrossAttention": "transformer",
    "DecoderBlock": "transformer",
    "EncoderBlock": "transformer",
    "FeedForward": "transformer",
    "GRU": "rnn",
    "KeyValues": "cache",
    "LSTM": "rnn",
    "LocalAttention": "local_attention",
    "Memory": "attention",
    "Pyramid": "pyramid",
    "RMSNorm": "norm",
    "RNN": "rnn",
    "RelativeBias": "position",
    "SelfAttention": "transformer",
    "alibi": "position",
    "attend": "scaled_dot",
    "causal": "masks",
    "layer_norm": "norm",
    "masked_softmax": "attention",
    "padding": "masks",
    "prefix": "masks",
    "relative_buckets": "position",
    "rms_norm": "norm",
    "rotary": "position",
    "rotate": "position",
    "self_attention": "attention",
    "shift": "position",
    "sinusoidal": "position",
    "sliding": "masks",
    "written_out": "scaled_dot",
}

__getattr__, __dir__ = lazy(__name__, _HOME)
