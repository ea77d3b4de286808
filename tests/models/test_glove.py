"""GloVe's counts, weights, loss and optimum; PPMI and its factors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.models import GloVe
from coursekit.models.glove import cells, cooccurrence, ppmi, svd_vectors
from coursekit.train import fit

V = 6
CORPUS = st.lists(st.lists(st.integers(0, V - 1), max_size=9), min_size=1, max_size=5)


def seed(n):
    return torch.Generator().manual_seed(n)


@pytest.mark.parametrize("by_distance", [True, False])
@settings(deadline=None, max_examples=50)
@given(CORPUS, st.integers(1, 4))
def test_counts_equal_the_written_out_loops(by_distance, sequences, window):
    expected = np.zeros((V, V))
    for row in sequences:
        for t, word in enumerate(row):
            for s in range(max(0, t - window), min(len(row), t + window + 1)):
                if s != t:
                    expected[word, row[s]] += 1 / abs(s - t) if by_distance else 1
    if not expected.any():
        with pytest.raises(CourseError, match="no word has a neighbour"):
            cooccurrence(sequences, window, V)
        return
    X = cooccurrence(sequences, window, V, by_distance)
    assert X.is_sparse and X.dtype == torch.float64 and X._nnz() == np.count_nonzero(expected)
    np.testing.assert_allclose(X.to_dense().numpy(), expected, rtol=1e-12)


def example():
    X = torch.randint(0, 40, (V, V), generator=seed(0)).double()
    X[X < 8] = 0  # some words never meet
    return X


def minimise(model, batch, steps=300):
    """To the very optimum: L-BFGS, in double precision."""
    optimiser = torch.optim.LBFGS(model.parameters(), max_iter=steps, line_search_fn="strong_wolfe", tolerance_change=0)

    def closure():
        optimiser.zero_grad()
        loss = model.loss(*batch)
        loss.backward()
        return loss

    optimiser.step(closure)


def test_the_loss_equals_the_formula_cell_by_cell():
    X, model = example(), GloVe(V, 3, x_max=25, generator=seed(1)).double()
    with torch.no_grad():
        for n, p in enumerate(model.parameters()):
            p.copy_(torch.randn(p.shape, generator=seed(n), dtype=torch.float64))
    w, context, b, bias = (p.detach().numpy() for p in model.parameters())
    J, met = 0.0, 0
    for i in range(V):
        for j in range(V):
            x = X[i, j].item()
            if x > 0:
                f = (x / 25) ** 0.75 if x < 25 else 1
                J += f * (w[i] @ context[j] + b[i, 0] + bias[j, 0] - math.log(x)) ** 2
                met += 1
    assert 0 < met < V * V
    assert model.loss(*cells(X)(0)).item() == pytest.approx(J / met, rel=1e-12)


def test_weights_rise_to_one_and_stay():
    f = GloVe(V, x_max=100).weight(torch.tensor([1.0, 50.0, 100.0, 1e6]))
    torch.testing.assert_close(f, torch.tensor([100**-0.75, 0.5**0.75, 1, 1]))


def test_trained_on_a_full_rank_model_the_scores_are_the_logarithms():
    X = example().clamp(min=1)
    model = GloVe(V, V, generator=seed(1)).double()
    fit(model, cells(X), lambda m, b: m.loss(*b), steps=1500, lr=0.1, clip=None)
    i, j, x = cells(X)(0)
    torch.testing.assert_close(model(i, j).detach(), x.log(), atol=5e-3, rtol=0)


def test_a_narrow_model_ends_at_the_weighted_least_squares_optimum():
    """With all else fixed, each word's vector and bias solve a weighted linear regression: computed here by numpy."""
    X, model = example(), GloVe(V, 1, x_max=25, generator=seed(1)).double()
    minimise(model, cells(X)(0))
    w, context, b, bias = (p.detach().numpy() for p in model.parameters())
    best = 0.0
    for i in range(V):
        j = np.flatnonzero(X[i].numpy())
        x = X[i, j].numpy()
        root = np.sqrt(np.minimum(1, (x / 25) ** 0.75))
        inputs = np.c_[context[j], np.ones(len(j))]
        solved, *_ = np.linalg.lstsq(inputs * root[:, None], (np.log(x) - bias[j, 0]) * root, rcond=None)
        np.testing.assert_allclose([w[i, 0], b[i, 0]], solved, atol=1e-4)
        best += np.sum((root * (inputs @ solved + bias[j, 0] - np.log(x))) ** 2)
    assert best > 0.01  # the model is too narrow to reach 0, so the weights decide
    assert model.loss(*cells(X)(0)).item() == pytest.approx(best / X.count_nonzero().item(), rel=1e-6)


def test_the_vectors_are_the_sum_of_both_tables():
    model = GloVe(V, 4, generator=seed(1))
    torch.testing.assert_close(model.vectors, model.centre.weight + model.context.weight)
    assert model.centre.weight.any() and model.context.weight.any()
    assert not model.centre_bias.weight.any()


def test_cells_hold_what_is_there_and_depend_on_the_step_alone():
    X = example()
    i, j, x = cells(X, size=400, seed=3)(5)
    assert torch.equal(X[i, j], x) and (x > 0).all()
    assert len(set(zip(i.tolist(), j.tolist(), strict=True))) == X.count_nonzero()
    assert torch.equal(cells(X, 400, 3)(5)[0], i) and not torch.equal(cells(X, 400, 3)(6)[0], i)
    assert len(cells(X.to_sparse())(0)[0]) == X.count_nonzero()


@pytest.mark.parametrize("smooth", [1.0, 0.75])
def test_ppmi_equals_its_definition(smooth):
    X = example()
    X[2] = X[:, 2] = 0  # a word that never occurs
    p_row, p_column = (X.sum(1) / X.sum()).tolist(), (X.sum(0) ** smooth / (X.sum(0) ** smooth).sum()).tolist()
    M = ppmi(X.to_sparse(), smooth, shift=2)
    for i in range(V):
        for j in range(V):
            x = X[i, j].item()
            pmi = math.log(x / X.sum().item() / (p_row[i] * p_column[j])) - math.log(2) if x else 0
            assert M[i, j].item() == pytest.approx(max(0, pmi), abs=1e-12)


def test_svd_gives_the_best_approximation_of_its_rank():
    M = ppmi(example())
    M = M @ M.T  # symmetric and positive: then U sqrt(S) alone rebuilds it
    S = torch.linalg.svdvals(M)
    for width in (2, V):
        W = svd_vectors(M, width).double()
        assert torch.linalg.matrix_norm(M - W @ W.T).item() == pytest.approx(S[width:].norm().item(), abs=1e-4)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: cooccurrence([[1, 2]], 0, V), ValueError, "window of 0 words"),
        (lambda: cooccurrence([], 1, V), CourseError, "no word has a neighbour"),
        (lambda: cooccurrence([[V]], 1, V), ValueError, "lies outside"),
        (lambda: cells(torch.tensor([[1.0, -2], [0, 1]])), ValueError, "words 0 and 1 have the count -2"),
        (lambda: cells(torch.zeros(2, 2)), CourseError, "counts are all 0"),
        (lambda: ppmi(torch.tensor([[1.0, -2], [0, 1]])), ValueError, "words 0 and 1 have the count -2"),
        (lambda: cells(torch.tensor([[1.0, math.nan], [2, 1]])), ValueError, "words 0 and 1 have the count nan"),
        (lambda: cells(torch.tensor([[1.0, 2], [math.inf, 1]])), ValueError, "words 1 and 0 have the count inf"),
        (lambda: cells(torch.eye(2), 0), ValueError, "size = 0"),
        (lambda: ppmi(torch.tensor([[1.0, math.nan], [0, 1]])), ValueError, "words 0 and 1 have the count nan"),
        (lambda: ppmi(torch.tensor([[1.0, 0], [0, math.inf]])), ValueError, "words 1 and 1 have the count inf"),
        (lambda: ppmi(torch.eye(2), shift=0), ValueError, "shift = 0"),
        (lambda: ppmi(torch.eye(2), smooth=math.nan), ValueError, "smooth = nan"),
        (lambda: svd_vectors(torch.full((2, 2), math.nan), 1), ValueError, "not finite"),
        (lambda: svd_vectors(torch.eye(3), 4), ValueError, "1 to 3 numbers"),
        (lambda: GloVe(1), ValueError, "vocabulary of 1"),
        (lambda: GloVe(V, 0), ValueError, "width = 0"),
        (lambda: GloVe(V, x_max=0), ValueError, "x_max and alpha"),
    ],
)
def test_wrong_input_is_one_sentence(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_a_window_wider_than_every_sequence_costs_nothing():
    X = cooccurrence([[0, 1, 2], [3]], 10**9, V)
    assert torch.equal(X.to_dense(), cooccurrence([[0, 1, 2], [3]], 2, V).to_dense())
