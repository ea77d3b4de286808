"""A linear layer for few rows is F.linear."""

import pytest
import torch
import torch.nn.functional as F

from coursekit.nn.few_rows import MOST, few_rows


@pytest.mark.parametrize("rows", [1, 2, 3, MOST, MOST + 1])
@pytest.mark.parametrize("outputs", [1, 2, 7, 12])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_it_is_the_linear_layer(rows, outputs, bias, dtype):
    g = torch.Generator().manual_seed(rows)
    x, weight, b = (torch.randn(*shape, generator=g).to(dtype) for shape in ((rows, 5), (outputs, 5), (outputs,)))
    y = few_rows(x, weight, b if bias else None)
    tolerance = {torch.float64: 1e-13, torch.float32: 1e-5, torch.bfloat16: 0}[dtype]  # the last is F.linear itself
    torch.testing.assert_close(y, F.linear(x, weight, b if bias else None), rtol=tolerance, atol=tolerance)
    assert y.is_contiguous()  # the attention behind it would else take its slow way


def test_neither_side_need_be_contiguous_and_there_may_be_no_row():
    x, weight = torch.randn(5, 3).t(), torch.randn(4, 5)
    torch.testing.assert_close(few_rows(x, weight), F.linear(x, weight))
    assert few_rows(x[:0], weight).shape == (0, 4)
    turned = torch.randn(5, 4).t()  # weights may lie the other way in memory
    torch.testing.assert_close(few_rows(x, turned), F.linear(x, turned))
