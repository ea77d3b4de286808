"""Training: `fit`, its history and schedules, losses and batches, the device and the preset."""

from typing import TYPE_CHECKING

from coursekit.lazy import lazy

if TYPE_CHECKING:
    from coursekit.train.batching import bucketed as bucketed
    from coursekit.train.batching import bucketed_pairs as bucketed_pairs
    from coursekit.train.batching import bucketed_texts as bucketed_texts
    from coursekit.train.batching import summaries as summaries
    from coursekit.train.batching import weighted as weighted
    from coursekit.train.clipping import clip_by_norm as clip_by_norm
    from coursekit.train.clipping import clip_by_value as clip_by_value
    from coursekit.train.device import pick_device as pick_device
    from coursekit.train.device import self_check as self_check
    from coursekit.train.fitting import fit as fit
    from coursekit.train.history import History as History
    from coursekit.train.objectives import Mean as Mean
    from coursekit.train.objectives import Weighted as Weighted
    from coursekit.train.objectives import cross_entropy as cross_entropy
    from coursekit.train.objectives import weighted_loss as weighted_loss
    from coursekit.train.presets import preset as preset
    from coursekit.train.schedule import vaswani_peak as vaswani_peak
    from coursekit.train.schedule import warmup_constant as warmup_constant
    from coursekit.train.schedule import warmup_cosine as warmup_cosine
    from coursekit.train.schedule import warmup_inverse_root as warmup_inverse_root
    from coursekit.train.schedule import warmup_linear as warmup_linear
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
    "Mean": "objectives",
    "Taught": "teaching",
    "Weighted": "objectives",
    "bucketed": "batching",
    "bucketed_pairs": "batching",
    "bucketed_texts": "batching",
    "clip_by_norm": "clipping",
    "clip_by_value": "clipping",
    "cross_entropy": "objectives",
    "fit": "fitting",
    "next_word_loss": "teaching",
    "pair_batches": "teaching",
    "pick_device": "device",
    "preset": "presets",
    "self_check": "device",
    "streams": "truncation",
    "summaries": "batching",
    "taught": "teaching",
    "vaswani_peak": "schedule",
    "warmup_constant": "schedule",
    "warmup_cosine": "schedule",
    "warmup_inverse_root": "schedule",
    "warmup_linear": "schedule",
    "weighted": "batching",
    "weighted_loss": "objectives",
}

__getattr__, __dir__ = lazy(__name__, _HOME)
