"""Training: `fit`, its history and schedule, the device and the preset."""

from typing import TYPE_CHECKING

from coursekit.lazy import lazy

if TYPE_CHECKING:
    from coursekit.train.clipping import clip_by_norm as clip_by_norm
    from coursekit.train.clipping import clip_by_value as clip_by_value
    from coursekit.train.device import pick_device as pick_device
    from coursekit.train.device import self_check as self_check
    from coursekit.train.fitting import fit as fit
    from coursekit.train.history import History as History
    from coursekit.train.presets import preset as preset
    from coursekit.train.schedule import warmup_cosine as warmup_cosine
    from coursekit.train.teaching import Taught as Taught
    from coursekit.train.teaching import next_word_loss as next_word_loss
    from coursekit.train.teaching import pair_batches as pair_batches
    from coursekit.train.teaching import taught as taught
    from coursekit.train.truncation import Carried as Carried
    from coursekit.train.truncation import streams as streams

# Only what is asked for is imported: the preset needs no torch. No file is called as the function in it, for then
# importing the one would hide the other.
_HOME = {
    "Carried": "truncation",
    "History": "history",
    "Taught": "teaching",
    "clip_by_norm": "clipping",
    "clip_by_value": "clipping",
    "fit": "fitting",
    "next_word_loss": "teaching",
    "pair_batches": "teaching",
    "pick_device": "device",
    "preset": "presets",
    "self_check": "device",
    "streams": "truncation",
    "taught": "teaching",
    "warmup_cosine": "schedule",
}

__getattr__, __dir__ = lazy(__name__, _HOME)
