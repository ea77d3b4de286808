"""What a notebook says (`result`, `predict`, `ledger`) and what builds and verifies it.

Light to import: no torch, no pytest, no pyplot. The builder, the verification and the canary load where they are used.
"""

from coursekit.notebook.record import ledger
from coursekit.notebook.results import predict, result

__all__ = ["ledger", "predict", "result"]
