"""Local attention equals its equations, window by window; its edges; its centres learn."""

import math

import pytest
import torch
from torch.nn import functional as F

from coursekit.nn.attention import SCORES, Attention
from coursekit.nn.local_attention import LocalAttention

B, S, T, D = 3, 4, 9, 6  # D: size of query and key
MASK = torch.arange(T) < torch.tensor([9, 6, 1])[:, None]
KINDS = pytest.mark.parametrize(
    ("predictive", "gaussian"), [(True, True), (True, False), (False, True), (False, False)]
)


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def small(predictive=True, gaussian=None, score="general", window=2):
    return LocalAttention(
        score, D, D, window=window, predictive=predictive, gaussian=gaussian, units=3, max_length=T,
        generator=torch.Generator().manual_seed(0),
    ).double()  # fmt: skip


def written_out(attention, queries, values, mask, first, gaussian):
    """Position after position, as the paper writes it: rows of weights B S T."""
    scores = attention.score(queries, attention.score.prepare(values))
    rows = torch.zeros(scores.shape, dtype=torch.float64).tolist()
    for b in range(len(queries)):
        length, window = int(mask[b].sum()), attention.window
        for j in range(queries.size(1)):
            p: torch.Tensor | int = int(first[b]) + j
            if attention.predictive:
                p = length / (1 + torch.exp(-(attention.centre @ torch.tanh(attention.hidden @ queries[b, j]))))
            inside = [s for s in range(length) if p - window <= s <= p + window]
            total = sum(torch.exp(scores[b, j, s]) for s in inside)
            for s in range(length):
                a = torch.exp(scores[b, j, s]) / total if s in inside else torch.zeros((), dtype=torch.float64)
                factor = (
                    torch.as_tensor(-((s - p) ** 2) / (2 * (window / 2) ** 2), dtype=torch.float64).exp()
                    if gaussian
                    else 1
                )
                rows[b][j][s] = a * factor
            for s in range(length, mask.size(1)):
                rows[b][j][s] = torch.zeros((), dtype=torch.float64)
    return torch.stack([torch.stack([torch.stack(row) for row in rows_]) for rows_ in rows])


@KINDS
@pytest.mark.parametrize("window", [1, 2, 20])
def test_equals_the_equation_and_so_do_the_gradients(predictive, gaussian, window):
    attention = small(predictive, gaussian, window=window)
    queries, values = draw(B, S, D, seed=1).requires_grad_(), draw(B, T, D, seed=2).requires_grad_()
    first = torch.tensor([0, 2, 6])
    context, weights = attention(queries, attention.prepare(values, MASK), first)
    expected = written_out(attention, queries, values, MASK, first, gaussian)
    torch.testing.assert_close(weights, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(context, expected @ values, rtol=1e-10, atol=1e-12)
    leaves, toward = [queries, values, *attention.parameters()], draw(B, S, D, seed=3)
    ours, theirs = (
        torch.autograd.grad((c * toward).sum(), leaves, allow_unused=True) for c in (context, expected @ values)
    )
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_a_window_over_everything_is_global_attention(score):
    """The same weights, whatever the score, but for the Gaussian."""
    attention = small(True, False, score, window=100)
    everything = Attention(score, D, D, units=3, max_length=T).double()
    everything.score = attention.score
    queries, values = draw(B, S, D, seed=1), draw(B, T, D, seed=2)
    ours, theirs = (a(queries, a.prepare(values, MASK)) for a in (attention, everything))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-13)


def test_a_whole_centre_has_2d_plus_1_positions_and_e_to_the_minus_2_at_the_edge():
    query, values = torch.zeros(1, 1, D, dtype=torch.float64), draw(1, T, D)
    for window in (1, 2, 3):
        attention = small(False, True, window=window)
        weights = attention(query, attention.prepare(values), torch.tensor([4]))[1].flatten()
        assert weights.nonzero().flatten().tolist() == list(range(4 - window, 4 + window + 1))
        even = 1 / (2 * window + 1)  # all scores are 0
        assert weights[4].item() == pytest.approx(even)
        assert weights[4 + window].item() == weights[4 - window].item() == pytest.approx(even * math.exp(-2))


def test_a_real_centre_has_its_gaussian_there_and_not_at_the_whole_number():
    attention = small(window=2)
    torch.nn.init.zeros_(attention.centre)  # sigmoid(0): p_t = T / 2 = 4.5
    values = draw(1, T, D)
    memory, query = attention.prepare(values), torch.zeros(1, 1, D, dtype=torch.float64)
    assert attention.centres(query, memory).item() == 4.5
    weights = attention(query, memory)[1].flatten()
    assert weights.nonzero().flatten().tolist() == [3, 4, 5, 6]
    assert weights[4:6].tolist() == pytest.approx([math.exp(-(0.5**2) / 2) / 4] * 2)


def test_the_paper_has_a_gaussian_for_local_p_only():
    assert small(True).gaussian and not small(False).gaussian
    queries, values = draw(B, S, D, seed=1), draw(B, T, D, seed=2)
    m, p = ((a := small(kind))(queries, a.prepare(values, MASK))[1].sum(-1) for kind in (False, True))
    torch.testing.assert_close(m[:2], torch.ones(2, S, dtype=torch.float64))
    assert (p < 1).all()  # not renormalised


def test_each_row_has_its_own_length_and_padding_changes_nothing():
    attention, queries, values = small(), draw(B, S, D, seed=1), draw(B, T, D, seed=2)
    together = attention.prepare(values, MASK)
    context, weights = attention(queries, together)
    for b, n in enumerate([9, 6, 1]):
        row = slice(b, b + 1)
        alone = attention.prepare(values[row, :n])
        torch.testing.assert_close(attention.centres(queries, together)[row], attention.centres(queries[row], alone))
        for a, all_of_them in zip(attention(queries[row], alone), (context, weights), strict=True):
            a = F.pad(a, (0, all_of_them.size(-1) - a.size(-1)))
            torch.testing.assert_close(a, all_of_them[row], rtol=1e-12, atol=1e-13)
    holes = MASK.clone()
    holes[0, 3] = False  # a word that may not be seen shortens no sentence
    assert torch.equal(
        attention.centres(queries, attention.prepare(values, holes)), attention.centres(queries, together)
    )


@KINDS
def test_step_by_step_is_all_at_once(predictive, gaussian):
    attention, queries, values = small(predictive, gaussian), draw(B, S, D, seed=1), draw(B, T, D, seed=2)
    memory, first = attention.prepare(values, MASK), torch.tensor([1, 0, 2])
    whole = attention(queries, memory, first)
    for s in range(S):
        one = attention(queries[:, s : s + 1], memory, first + s)
        for a, b in zip(one, whole, strict=True):
            torch.testing.assert_close(a, b[:, s : s + 1], rtol=1e-12, atol=1e-13)


@KINDS
def test_outside_the_source_there_is_nothing(predictive, gaussian):
    """A target that has run past the window's last position; a row of padding alone."""
    attention = small(predictive, gaussian)
    queries, values = draw(B, 1, D, seed=1).requires_grad_(), draw(B, T, D, seed=2)
    memory = attention.prepare(values, MASK & torch.tensor([[True], [True], [False]]))
    context, weights = attention(queries, memory, torch.tensor([11, 8, 0]))
    assert not weights[2].any() and not context[2].any()
    if not predictive:  # t = 11 is three positions behind the last, 8; t = 8 three behind 5
        assert not weights.any()
    (gradient,) = torch.autograd.grad(context.sum() + weights.square().sum(), queries)
    assert gradient.isfinite().all()


def test_in_half_precision_centres_stay_exact():
    attention = small(False).half()
    values = torch.zeros(1, 3000, D, dtype=torch.float16)
    weights = attention(torch.zeros(1, 1, D, dtype=torch.float16), attention.prepare(values), torch.tensor([2501]))[1]
    assert weights.dtype == torch.float16
    assert weights[0, 0].nonzero().flatten().tolist() == [2499, 2500, 2501, 2502, 2503]


def test_the_centre_learns_through_the_gaussian():
    """Told to look at position 6 of 9, p_t goes there from where it began, away from the edges of the window."""
    attention = small(window=4)
    query, values = draw(1, 1, D, seed=1), draw(1, T, D, seed=2)
    memory = attention.requires_grad_(False).prepare(values)
    before = attention.centres(query, memory).item()
    predictor = [attention.centre.requires_grad_(), attention.hidden.requires_grad_()]
    optimizer = torch.optim.Adam(predictor, 0.02)
    for _ in range(100):
        optimizer.zero_grad()
        (-attention(query, memory)[1][0, 0, 6].log()).backward()
        optimizer.step()
    assert abs(before - 6) > 0.5
    assert attention.centres(query, memory).item() == pytest.approx(6, abs=0.1)


def test_a_window_of_nothing_is_refused():
    with pytest.raises(ValueError, match="window = 0 is no window"):
        small(window=0)
