"""The loop and the kernels agree; padding, cutting and stepping change nothing; the first weights are known."""

import copy
import os
import pickle
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.nn import GRU, LSTM, RNN

KINDS = {
    "RNN tanh": (RNN, {}),
    "RNN relu": (RNN, {"nonlinearity": "relu"}),
    "GRU": (GRU, {}),
    "LSTM": (LSTM, {"forget_bias": 1}),
    "RNN logistic": (RNN, {"nonlinearity": "logistic"}),
    "GRU Cho": (GRU, {"reset": "before"}),
}
WITH_KERNEL = ["RNN tanh", "RNN relu", "GRU", "LSTM"]
EXACT = {"rtol": 1e-12, "atol": 1e-12}
every_kind = pytest.mark.parametrize("kind", KINDS)
every_way = pytest.mark.parametrize(
    ("kind", "fused"), [(kind, True) for kind in WITH_KERNEL] + [(kind, False) for kind in KINDS]
)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def layer(kind, *sizes, **options):
    cls, extra = KINDS[kind]
    return cls(*(sizes or (3, 4)), **extra, **options).double()


def tensors(state):
    return state if isinstance(state, tuple) else (state,)


def rows(state, index):
    """The state of some rows of a batch."""
    picked = tuple(s[:, index] for s in tensors(state))
    return picked if isinstance(state, tuple) else picked[0]


# Two ways agree.


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_the_loop_equals_the_kernels(data):
    """Whatever the sizes, lengths and directions: outputs, states and gradients."""
    batch, steps, width, hidden, layers = (data.draw(st.integers(1, n)) for n in (4, 5, 4, 4, 3))
    mine = layer(data.draw(st.sampled_from(WITH_KERNEL)), width, hidden, layers, bidirectional=data.draw(st.booleans()))
    lengths = data.draw(st.none() | st.lists(st.integers(1, steps), min_size=batch, max_size=batch).map(torch.tensor))
    x, results = normal(batch, steps, width).requires_grad_(), []
    for mine.fused in (True, False):
        out, last = mine(x, lengths=lengths)
        loss = sum((r * normal(*r.shape, seed=i)).sum() for i, r in enumerate([out, *tensors(last)]))
        results.append([out, *tensors(last), *torch.autograd.grad(loss, [x, *mine.parameters()])])
    torch.testing.assert_close(results[0], results[1], **EXACT)


@every_kind
def test_step_by_step_equals_the_whole(kind):
    mine = layer(kind, 3, 4, 2)
    x = normal(2, 5, 3)
    whole, last = mine(x)
    state, outputs = None, []
    for t in range(5):
        out, state = mine.step(x[:, t], state)
        outputs.append(out)
    torch.testing.assert_close(torch.stack(outputs, 1), whole, **EXACT)
    torch.testing.assert_close(state, last, **EXACT)


@every_way
def test_a_state_carries_on_where_a_sequence_was_cut(kind, fused):
    mine, x = layer(kind, 3, 4, 2, fused=fused), normal(2, 6, 3)
    whole, last = mine(x)
    first, state = mine(x[:, :2])
    second, state = mine(x[:, 2:], state)
    torch.testing.assert_close((torch.cat([first, second], 1), state), (whole, last), **EXACT)


@every_way
def test_the_backward_direction_reads_the_reversed_row(kind, fused):
    """From the row's own last step to its first."""
    both, one = layer(kind, bidirectional=True, fused=fused), layer(kind, fused=fused)
    weights = {name: value for name, value in both.state_dict().items() if name.endswith("_reverse")}
    one.load_state_dict({name.removesuffix("_reverse"): value for name, value in weights.items()})
    x, lengths = normal(3, 5, 3), [3, 5, 1]
    out, last = both(x, lengths=torch.tensor(lengths))
    for row, length in enumerate(lengths):
        reversed_out, state = one(x[row : row + 1, :length].flip(1))
        torch.testing.assert_close(out[row, :length, 4:], reversed_out[0].flip(0), **EXACT)
        torch.testing.assert_close(tensors(rows(last, row))[0][1], tensors(state)[0][0, 0], **EXACT)


# Padding.


@every_way
def test_each_row_of_a_padded_batch_is_as_if_alone(kind, fused):
    mine = layer(kind, 3, 4, 2, bidirectional=True, fused=fused)
    x, lengths = normal(3, 5, 3), [3, 5, 1]
    out, last = mine(x, lengths=torch.tensor(lengths))
    for row, length in enumerate(lengths):
        alone, state = mine(x[row : row + 1, :length])
        torch.testing.assert_close(out[row, :length], alone[0], **EXACT)
        torch.testing.assert_close(rows(last, slice(row, row + 1)), state, **EXACT)
        assert not out[row, length:].any()


@every_way
def test_nothing_that_stands_in_the_padding_reaches_anything(kind, fused):
    """Not even as 0 times NaN in a gradient."""
    mine, results = layer(kind, 3, 4, 2, bidirectional=True, fused=fused), []
    for filler in (0.0, torch.nan):
        x = normal(2, 4, 3)
        x[0, 2:] = filler
        x.requires_grad_()
        out, last = mine(x, lengths=torch.tensor([2, 4]))
        loss = out.square().sum() + sum(s.sum() for s in tensors(last))
        results.append([out, last, *torch.autograd.grad(loss, [x, *mine.parameters()])])
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)
    assert not results[1][2][0, 2:].any()


# Gradients.


@every_way
def test_gradients_equal_numerical_ones(kind, fused):
    """With the weights replaced from outside, as torch.func does: both ways read them where they are."""
    mine = layer(kind, 2, 2, bidirectional=True, fused=fused)
    names, values = zip(*mine.named_parameters(), strict=True)

    def run(x, *weights):
        parameters = dict(zip(names, weights, strict=True))
        out, last = torch.func.functional_call(mine, parameters, (x,), {"lengths": torch.tensor([3, 1])})
        return out, *tensors(last)

    assert torch.autograd.gradcheck(run, (normal(2, 3, 2).requires_grad_(), *values))


@every_kind
def test_the_loop_has_second_derivatives(kind):
    mine, x = layer(kind, 2, 2, fused=False), normal(1, 3, 2).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: mine(x)[0], x)


@every_kind
def test_the_jacobian_of_a_step_by_torch_func(kind):
    mine, x = layer(kind), normal(1, 3)
    state = tuple(normal(1, 1, 4, seed=1 + i) for i in range(mine.states))
    func = torch.func.jacrev(lambda *s: mine.step(x, s if len(s) > 1 else s[0])[0], tuple(range(len(state))))(*state)
    autograd = torch.autograd.functional.jacobian(lambda *s: mine.step(x, s if len(s) > 1 else s[0])[0], state)
    torch.testing.assert_close(func, autograd, **EXACT)


# Dropout.


def test_dropout_falls_between_the_layers_while_training_only():
    """Half of what the second layer reads is zero, the rest doubled; what the last layer says is whole."""
    mine = layer("RNN relu", 1, 1000, 2, dropout=0.5, fused=False)
    with torch.no_grad():
        for p in mine.parameters():
            p.zero_()
        mine.weight_ih_l0.fill_(1)
        mine.weight_ih_l1.copy_(torch.eye(1000))
    x = torch.ones(1, 1, 1, dtype=torch.float64)
    for out in (mine(x)[0], mine.step(x[0])[0]):
        assert set(out.unique().tolist()) == {0, 2}
        assert 400 < (out == 0).sum() < 600
    mine.eval()
    assert mine(x)[0].unique().tolist() == mine.step(x[0])[0].unique().tolist() == [1]


# The first weights.


def test_the_first_weights_are_uniform_and_drawn_in_double_precision():
    def seed(n):
        return torch.Generator().manual_seed(n)

    drawn = (2 * torch.rand(12, 3, generator=seed(5), dtype=torch.float64) - 1) * 4**-0.5
    before = torch.get_rng_state()
    assert torch.equal(GRU(3, 4, generator=seed(5)).weight_ih_l0, drawn.float())
    assert torch.equal(torch.get_rng_state(), before)  # nobody else's chance is touched
    assert torch.equal(LSTM(3, 4).weight_hh_l0, LSTM(3, 4, generator=seed(0)).weight_hh_l0)
    wide = torch.cat([p.flatten() for p in LSTM(64, 64).parameters()])
    assert wide.abs().max() < 1 / 8
    assert wide.std().item() == pytest.approx(1 / 8 / 3**0.5, rel=0.01)


@pytest.mark.parametrize(("cls", "gates"), [(RNN, 1), (GRU, 3), (LSTM, 4)])
def test_orthogonal_recurrent_weights_gate_by_gate(cls, gates):
    mine = cls(5, 7, 2, bidirectional=True, init="orthogonal")
    matrices = [p.detach() for name, p in mine.named_parameters() if name.startswith("weight_hh")]
    assert len(matrices) == 4
    for gate in torch.cat(matrices).split(7):
        torch.testing.assert_close(gate @ gate.T, torch.eye(7), rtol=0, atol=1e-6)
    assert len({gate[0, 0].item() for gate in torch.cat(matrices).split(7)}) == 4 * gates
    assert mine.weight_ih_l0.abs().max() <= 7**-0.5  # the others as ever


def test_orthogonal_matrices_lean_to_no_side():
    """QR alone gives Q a diagonal of one sign; the correction makes both equally likely."""
    diagonals = torch.stack(
        [
            RNN(1, 8, init="orthogonal", generator=torch.Generator().manual_seed(seed)).weight_hh_l0.diagonal()
            for seed in range(100)
        ]
    )
    assert abs((diagonals > 0).double().mean() - 0.5) < 0.08


def test_identity_recurrent_weights():
    """With nothing to read the state stays as it is: the IRNN's point."""
    mine = RNN(200, 100, nonlinearity="relu", init="identity")
    assert torch.equal(mine.weight_hh_l0, torch.eye(100))
    assert not mine.bias_ih_l0.any() and not mine.bias_hh_l0.any()
    assert mine.weight_ih_l0.std().item() == pytest.approx(0.001, rel=0.03)
    state = torch.rand(1, 2, 100, generator=torch.Generator().manual_seed(0))
    assert torch.equal(mine(torch.zeros(2, 500, 200), state)[1], state)


def test_the_forget_gate_starts_more_open():
    plain, open_ = LSTM(3, 4, 2, bidirectional=True), LSTM(3, 4, 2, bidirectional=True, forget_bias=1)
    for (name, a), b in zip(plain.named_parameters(), open_.parameters(), strict=True):
        more = torch.zeros_like(a)
        if name.startswith("bias_ih"):
            more[4:8] = 1  # gates i, f, g, o
        assert torch.equal(b, a + more), name


# Being a module.


@every_kind
def test_copies_and_pickles_compute_the_same(kind):
    mine, x = layer(kind), normal(2, 3, 3)
    for copied in (copy.deepcopy(mine), pickle.loads(pickle.dumps(mine))):
        assert torch.equal(copied(x)[0], mine(x)[0])


def test_repr_says_what_differs_from_the_usual():
    assert repr(LSTM(3, 4)) == "LSTM(3, 4)"
    assert repr(GRU(3, 4, 2, fused=False, dropout=0.5)) == "GRU(3, 4, num_layers=2, dropout=0.5, fused=False)"
    assert repr(GRU(3, 4, reset="before")) == "GRU(3, 4, reset='before')"
    assert repr(RNN(3, 4, nonlinearity="relu", bias=False)) == "RNN(3, 4, bias=False, nonlinearity='relu')"
    assert repr(LSTM(3, 4, forget_bias=1)) == "LSTM(3, 4, forget_bias=1)"


@every_kind
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_near(kind, dtype):
    mine, x = layer(kind, 8, 8, 2, bidirectional=True), normal(2, 6, 8)
    out = mine(x)[0]
    for mine.fused in (True, False):
        half = copy.deepcopy(mine).to(dtype)(x.to(dtype), lengths=torch.tensor([6, 6]))[0]
        assert half.dtype == dtype
        assert (half.double() - out).abs().max() < 0.05


@every_kind
def test_automatic_mixed_precision(kind):
    mine, x = layer(kind).float(), normal(2, 6, 3).float()
    out = mine(x)[0]
    for mine.fused in (True, False):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed, _ = mine(x, lengths=torch.tensor([6, 6]))
            mixed.sum().backward()
        assert (mixed - out).abs().max() < 0.05


def test_a_wrong_shape_in_a_signature_is_noticed():
    with pytest.raises(Exception, match="forward"):
        LSTM(3, 4)(torch.zeros(2, 5, 3), lengths=torch.tensor([1, 2, 3]))


@pytest.mark.full
def test_compiled_it_computes_the_same():
    """The loop without a break; both ways with lengths. Traced in full, and by Inductor where the graph is small."""
    code = """
import torch
from coursekit.nn import GRU, LSTM, RNN
x, lengths = torch.rand(2, 3, 3), torch.tensor([1, 3])
for kind in (RNN, GRU, LSTM):
    for fused in (True, False):
        layer = kind(3, 4, bidirectional=True, fused=fused)
        torch.testing.assert_close(torch.compile(layer, backend="aot_eager")(x, None, lengths), layer(x, None, lengths))
    torch.testing.assert_close(torch.compile(layer, backend="aot_eager", fullgraph=True)(x), layer(x))
layer, x = LSTM(3, 4, fused=False), x[:, :2]
torch.testing.assert_close(torch.compile(layer, fullgraph=True)(x), layer(x))
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300, env=os.environ | {"JAXTYPING_DISABLE": "1"})


@pytest.mark.parametrize("kind", WITH_KERNEL)
def test_moved_off_the_cpu_the_weights_are_laid_out_by_torch(kind, monkeypatch):
    """What cuDNN needs, seen without a GPU: torch.nn is handed our very parameters, in its own order."""
    seen = []
    monkeypatch.setattr(torch.nn.RNNBase, "flatten_parameters", lambda self: seen.append(self._flat_weights))
    mine = layer(kind, 3, 4, 2, bidirectional=True)
    assert not seen
    mine.to("meta")
    assert [id(p) for p in seen[-1]] == [id(p) for p in mine.parameters()]


@pytest.mark.parametrize("kind", WITH_KERNEL)
def test_weights_may_be_computed_from_others(kind):
    mine, x = layer(kind), normal(2, 3, 3)
    torch.nn.utils.parametrizations.weight_norm(mine, "weight_hh_l0")
    with torch.no_grad():
        mine.parametrizations.weight_hh_l0.original0 *= 2  # the norms
    outputs = []
    for mine.fused in (True, False):
        outputs.append(mine(x)[0])
    torch.testing.assert_close(outputs[0], outputs[1], **EXACT)
    assert not torch.allclose(outputs[0], layer(kind)(x)[0])
    mine.to("meta")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@every_way
def test_on_a_gpu_it_computes_the_same(kind, fused, recwarn):
    """In float64; and the weights lie as cuDNN wants them, or it would warn."""
    mine, x, lengths = layer(kind, 3, 4, 2, bidirectional=True, fused=fused), normal(2, 5, 3), torch.tensor([2, 5])
    there = copy.deepcopy(mine).cuda()
    for count in (None, lengths):
        here = mine(x, lengths=count)
        out, last = there(x.cuda(), lengths=count)
        torch.testing.assert_close(out.cpu(), here[0], rtol=1e-9, atol=1e-9)
        for a, b in zip(tensors(last), tensors(here[1]), strict=True):
            torch.testing.assert_close(a.cpu(), b, rtol=1e-9, atol=1e-9)
    F.mse_loss(out, torch.zeros_like(out)).backward()
    assert not [w for w in recwarn if "contiguous chunk" in str(w.message)]
