"""Our perplexity equals torchmetrics' on the same logits."""

import pytest
import torch

from coursekit.metrics import perplexity


@pytest.mark.parametrize("shape", [(1, 1, 2), (3, 7, 11)])
def test_equals_torchmetrics(shape):
    from torchmetrics.text import Perplexity

    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(shape, generator=draw, dtype=torch.float64)
    target = torch.randint(shape[-1], shape[:-1], generator=draw)
    log_p = torch.log_softmax(logits, -1).gather(-1, target[..., None])[..., 0]
    assert perplexity(log_p.numpy()) == pytest.approx(float(Perplexity()(logits, target)), rel=1e-6)
