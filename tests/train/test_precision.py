"""Short floats, parts of a batch and the compiler: the same training, cheaper, and the promises of `fit` still hold."""

import math

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from coursekit.errors import CourseError
from coursekit.models import RNNLM, RNNLMConfig, Seq2Seq, Seq2SeqConfig
from coursekit.train import Carried, fit, next_word_loss, pair_batches, streams
from coursekit.train.compiling import Fallback
from coursekit.train.precision import Precision
from coursekit.train.splitting import parts

ROWS = [[4 + (i * k) % 8 for k in range(i % 8 + 1)] for i in range(40)]  # 1 to 8 words


def translator(dtype=torch.float32):
    return Seq2Seq(Seq2SeqConfig(12, 12, width=8, hidden=16), torch.Generator().manual_seed(0)).to(dtype)


def trained(model, batch=None, **options):
    given = {"steps": 20, "lr": 5e-3, **options}
    return fit(model, batch or pair_batches(ROWS, ROWS, 7), next_word_loss(), **given)


@pytest.mark.parametrize("number", [2, 3, 7, 50])
def test_a_batch_in_parts_is_the_batch(number):
    """The parts hold unequally many words, and 50 of them are more than there are rows."""
    whole, taken = translator(torch.float64), translator(torch.float64)
    first, second = trained(whole), trained(taken, accumulate=number)
    for name in ("loss", "norm"):
        assert getattr(second, name) == pytest.approx(getattr(first, name), rel=1e-12)
    torch.testing.assert_close(taken.state_dict(), whole.state_dict(), rtol=1e-10, atol=1e-12)


def test_a_batch_in_parts_is_the_batch_in_float32_too():
    whole, taken = translator(), translator()
    first, second = trained(whole), trained(taken, accumulate=3)
    assert second.loss == pytest.approx(first.loss, rel=1e-6)
    torch.testing.assert_close(taken.state_dict(), whole.state_dict(), rtol=1e-5, atol=1e-6)


def test_without_a_count_the_rows_are_what_counts():
    def once(accumulate):
        model = nn.Linear(3, 1)
        nn.init.ones_(model.weight)
        data = {"x": torch.arange(15.0).view(5, 3), "scale": torch.tensor(0.1), "name": "all"}
        fit(
            model,
            lambda step: data,
            lambda m, b: (m(b["x"]) * b["scale"]).square().mean(),
            steps=3,
            accumulate=accumulate,
        )
        return model.weight

    torch.testing.assert_close(once(2), once(1))


def test_the_shares_add_up_and_processes_and_parts_split_alike():
    loss, data = next_word_loss(), pair_batches(ROWS, ROWS, 7)(0)
    for processes, number in [(1, 3), (2, 2), (3, 1), (9, 2)]:
        found = [parts(data, number, loss, (rank, processes)) for rank in range(processes)]
        assert sum(share for some in found for _, share in some) == pytest.approx(1)
        real = torch.cat([piece.source for some in found for piece, share in some if share])
        assert torch.equal(real, data.source)
        assert all(some for some in found)  # a process without rows still takes part


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ((torch.ones(4), torch.ones(3)), r"batch\.0 4, batch\.1 3"),
        ({"a": 1}, "without a tensor"),
        (torch.tensor(1.0), "without a tensor"),
    ],
)
def test_a_batch_that_has_no_parts_is_one_sentence(data, says):
    with pytest.raises(ValueError, match=says):
        parts(data, 2, lambda model, batch: torch.ones(()))


def test_nan_in_a_part_stops_and_saves_the_whole_batch(tmp_path):
    def broken(step):
        x = torch.ones(5, 2)
        x[4] = math.nan if step == 3 else 1
        return x

    with pytest.raises(CourseError, match=r"step 3: the loss is nan .*saved in"):
        fit(nn.Linear(2, 1), broken, lambda m, x: m(x).mean(), steps=9, accumulate=2, checkpoint=tmp_path / "run")
    assert load_file(tmp_path / "run.nan-batch.safetensors")["batch"].shape == (5, 2)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_short_floats_train_alike_and_the_weights_stay_long(precision):
    model = translator()
    history = trained(model, steps=60, precision=precision)
    reference = trained(translator(), steps=60)
    assert history.loss != reference.loss
    assert history.loss == pytest.approx(reference.loss, rel=0.03)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_resumed_run_in_short_floats_ends_with_the_same_bits(tmp_path, precision, accumulate):
    def run(name, stop=None):
        model, batch = translator(), pair_batches(ROWS, ROWS, 7)

        def given(step):
            if step == stop:
                raise InterruptedError
            return batch(step)

        options = {"precision": precision, "accumulate": accumulate, "checkpoint": tmp_path / name, "save_every": 5}
        return trained(model, given, **options), model.state_dict()

    history, weights = run("unbroken")
    with pytest.raises(InterruptedError):
        run("broken", stop=12)
    again, same = run("broken")
    assert again == history
    torch.testing.assert_close(same, weights, rtol=0, atol=0)


class Steep(nn.Module):
    """A loss whose gradient, times 2^16, overflows in float16."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)
        nn.init.constant_(self.layer.weight, 0.1)
        nn.init.zeros_(self.layer.bias)

    def forward(self, x):
        return self.layer(x).float().sum() * 100


def test_where_fp16_overflows_the_step_is_left_out_and_the_scale_falls(tmp_path):
    model, path = Steep(), tmp_path / "run"
    before = model.layer.weight.clone()
    weights = []
    options = {"steps": 12, "lr": 1e-4, "precision": "fp16", "checkpoint": path}
    history = fit(
        model, lambda step: torch.ones(4, 8), lambda m, x: m(x), **options,
        progress=lambda done, loss: weights.append(model.layer.weight.clone()),
    )  # fmt: skip
    skipped = sum(map(math.isinf, history.norm))
    assert 1 <= skipped < 12 and all(map(math.isfinite, history.norm[skipped:]))
    assert all(torch.equal(w, before) for w in weights[:skipped]) and not torch.equal(weights[-1], before)
    assert load_file(path)["precision.scale"].item() == 2.0 ** (16 - skipped)
    assert fit(Steep(), lambda step: None, lambda m, x: m(x), **options) == history  # "inf" is read back


def test_a_resumed_run_keeps_the_scale_that_it_has_found(tmp_path):
    def run(name, stop=None):
        def given(step):
            if step == stop:
                raise InterruptedError
            return torch.ones(4, 8)

        options = {"steps": 12, "lr": 1e-4, "precision": "fp16", "checkpoint": tmp_path / name, "save_every": 4}
        return fit(Steep(), given, lambda m, x: m(x), **options)

    with pytest.raises(InterruptedError):
        run("broken", stop=9)
    assert run("broken") == run("unbroken")


def test_fp16_stops_when_no_scale_helps(tmp_path):
    def rooted(m, x):  # the root's slope at 0 is infinite
        return m(x).square().mean() + (m.weight.sum() * 0).abs().sqrt() * 0

    options = {"steps": 40, "lr": 1e-3, "precision": "fp16", "checkpoint": tmp_path / "run"}
    with pytest.raises(CourseError, match=r"step 16: the gradient is not finite"):
        fit(nn.Linear(2, 1), lambda step: torch.ones(2, 2), rooted, **options)


def test_the_precision_is_in_the_checkpoint(tmp_path):
    trained(translator(), steps=2, precision="bf16", checkpoint=tmp_path / "run")
    with pytest.raises(CourseError, match="was made with precision = bf16: use that"):
        trained(translator(), steps=2, checkpoint=tmp_path / "run")


def test_a_carried_state_trains_in_short_floats():
    carried = Carried(RNNLM(RNNLMConfig(12, width=8, hidden=16)), 4)
    ids = torch.arange(400) % 8 + 4
    history = fit(carried, streams(ids, 4, 8), lambda m, w: m(w), steps=30, lr=2e-2, precision="bf16")
    assert history.loss[-1] < history.loss[0] / 2 and carried.get_buffer("h").dtype == torch.float32


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"precision": "int8"}, "precision = 'int8' is none: choose one of fp32, bf16, fp16"),
        ({"accumulate": 0}, "accumulate = 0 takes a batch in no part"),
    ],
)
def test_wrong_ways_are_one_sentence(options, says):
    with pytest.raises(ValueError, match=says):
        trained(translator(), **options)
    with pytest.raises(ValueError, match=r"wants weights in float32, and these are in float64: call model\.float"):
        trained(translator(torch.float64), precision="bf16")


def test_a_gpu_without_bf16_is_told(monkeypatch):
    model = nn.Linear(1, 1)
    monkeypatch.setattr(nn.Module, "parameters", lambda self: iter([Elsewhere()]))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla T4")
    with pytest.raises(CourseError, match=r"Tesla T4 does not compute in bf16: take precision='fp16'"):
        Precision("bf16", model)


class Elsewhere:
    dtype, device = torch.float32, torch.device("cuda")


def compiled_by(monkeypatch, backend):
    plain = torch.compile
    monkeypatch.setattr(
        torch, "compile", lambda function, **options: plain(function, **{**options, "backend": backend})
    )


def regression(**options):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.3), nn.Tanh(), nn.Linear(8, 1))

    def batch(step):
        return torch.randn(16, 4, generator=torch.Generator().manual_seed(step), dtype=torch.float64).float()

    return fit(model, batch, lambda m, x: ((m(x)[:, 0] - x.sum(1)) ** 2).mean(), steps=6, lr=1e-2, **options)


def test_what_does_not_compile_trains_all_the_same_with_one_warning(monkeypatch):
    def backend(graph, inputs):
        raise RuntimeError("no compiler here")

    compiled_by(monkeypatch, backend)
    with pytest.warns(UserWarning, match=r"torch\.compile failed \(.*\); training goes on without it") as caught:
        history = regression(compile=True)
    assert len([w for w in caught if "torch.compile failed" in str(w.message)]) == 1
    assert history == regression()  # the dropout too


def test_what_was_drawn_before_the_compiler_failed_is_drawn_again():
    objective = nn.Linear(1, 1)
    attempt, drawn = Fallback(objective, True), []

    def function():
        drawn.append(torch.rand(1).item())
        if len(drawn) == 1:
            raise RuntimeError("half-way")

    with pytest.warns(UserWarning, match="half-way"):
        attempt(function)
    assert drawn[0] == drawn[1] and objective._compiled_call_impl is None


def test_where_there_is_no_compiler_at_all_there_is_a_warning_too(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("not on this Python\nno")))
    with pytest.warns(UserWarning, match=r"torch\.compile failed \(not on this Python\); training goes on"):
        assert regression(compile=True) == regression()


def test_an_error_of_the_models_own_is_not_the_compilers(monkeypatch, recwarn):
    compiled_by(monkeypatch, "eager")
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        fit(nn.Linear(3, 1), lambda step: torch.ones(2, 4), lambda m, x: m(x).mean(), steps=2, compile=True)
    assert not [w for w in recwarn if "torch.compile failed" in str(w.message)]


def test_compiled_is_eager_and_the_model_is_left_as_it_was(monkeypatch):
    seen = []
    compiled_by(monkeypatch, lambda graph, inputs: seen.append(1) or graph.forward)
    assert regression(compile=True).loss == pytest.approx(regression().loss, rel=1e-6)
    assert seen
    model = nn.Linear(1, 1)
    Fallback(nn.Sequential(model), True)
    assert model._compiled_call_impl is None


@pytest.mark.full
@pytest.mark.usefixtures("unchecked")  # the compiler cannot read the checks, and `fit` would go on without it
def test_inductor_trains_as_eager_does(recwarn):
    assert regression(compile=True).loss[0] == pytest.approx(regression().loss[0], rel=0.2)  # its own dropout
    options = {"steps": 8}
    compiled, eager = trained(translator(), compile=True, **options), trained(translator(), **options)
    assert compiled.loss == pytest.approx(eager.loss, rel=1e-4)
    assert not [w for w in recwarn if "torch.compile failed" in str(w.message)]
