"""Unigram gives SentencePiece's ids and texts: its published test models, and models that it trains here."""

import gzip
import io
from functools import cache
from pathlib import Path
from random import Random

import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coursekit.text import Unigram

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
BOTCHAN = DATA / "sentencepiece/botchan.txt"
NAMES = ["test_model", "hf_test_sentencepiece", "hf_spiece"]

pytestmark = pytest.mark.skipif(not BOTCHAN.exists(), reason=f"needs the shared data {BOTCHAN}")

# What sentencepiece's trainer is asked for: each changes the file in a way that the ids or the text depend on.
TRAINED = {
    "bytes": {"byte_fallback": True},
    "user": {"user_defined_symbols": ["<sep>", "foo", "▁th", "中"], "byte_fallback": True},
    "t5": {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1, "unk_surface": "?", "control_symbols": ["<x>"]},
    "suffix": {"treat_whitespace_as_suffix": True},
    "plain": {"normalization_rule_name": "identity", "add_dummy_prefix": False, "remove_extra_whitespaces": False},
    "spaces": {"remove_extra_whitespaces": False},
    "crossing": {"split_by_whitespace": False},
}
TEXT = st.lists(
    st.one_of(
        st.sampled_from(["the ", "......", "foo", "<sep>", "<unk>", "<s>", "<0xE4>", "▁", "  ", "中文", "ing", "aaaa"]),
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("abcdefghijklmnopqrstuvwxyz .,'\t\n\u00a0\u200bé\u0301ﬁ①한"),
    ),
    max_size=25,
).map("".join)


@cache
def both(name, folder=None):
    path = DATA / f"sentencepiece/{name}.model"
    if name in TRAINED:
        path = folder / f"{name}.model"
        lines = BOTCHAN.read_text(encoding="utf-8").splitlines()[:1200]
        path.write_bytes(trained(lines, vocab_size=400, **TRAINED[name]))
    return Unigram.load(path), sentencepiece.SentencePieceProcessor(model_file=str(path))


def trained(lines, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, model_type="unigram", num_threads=1, minloglevel=2, **options
    )
    return model.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("trained")


def samples():
    lines = BOTCHAN.read_text(encoding="utf-8").splitlines()
    for language in ("en", "de", "fr"):
        with gzip.open(DATA / f"multi30k/raw/val.{language}.gz", "rt", encoding="utf-8") as file:
            lines += file.read().splitlines()
    return lines


def assert_equal(ours, theirs, text):
    ids = theirs.encode(text)
    assert ours.encode(text) == ids
    assert ours.tokens(text) == theirs.encode(text, out_type=str)
    assert ours.decode(ids) == theirs.decode(ids)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step", [20, pytest.param(1, marks=pytest.mark.full)])
def test_ids_on_a_novel_and_on_captions_in_three_languages(name, step):
    ours, theirs = both(name)
    lines = samples()[::step]
    ids = theirs.encode(lines)
    assert [ours.encode(line) for line in lines] == ids
    assert [ours.decode(row) for row in ids] == theirs.decode(ids)


@pytest.mark.parametrize("name", [*NAMES, *TRAINED])
@settings(deadline=None, max_examples=50)
@given(text=TEXT)
@example(text="")
@example(text=" ")
@example(text="中国 and 中")
@example(text="......." * 3)
@example(text="foo<sep>food the\u2581th")
def test_any_text(name, folder, text):
    assert_equal(*both(name, folder), text)


@pytest.mark.parametrize("name", [*NAMES, *TRAINED])
@settings(deadline=None, max_examples=50)
@given(st.data())
def test_any_ids_decode_to_the_same_text(name, folder, data):
    """Marks, unknown pieces, spaces and broken bytes in any order."""
    ours, theirs = both(name, folder)
    spaces = [i for i, piece in enumerate(ours.pieces) if "▁" in piece][:20]
    some = st.integers(0, len(ours) - 1) | st.integers(0, min(len(ours), 262) - 1) | st.sampled_from(spaces)
    ids = data.draw(st.lists(some, max_size=12))
    assert ours.decode(ids) == theirs.decode(ids)


@pytest.mark.parametrize("name", [*NAMES, *TRAINED])
def test_special_ids(name, folder):
    ours, theirs = both(name, folder)
    named = {"pad": theirs.pad_id(), "unk": theirs.unk_id(), "bos": theirs.bos_id(), "eos": theirs.eos_id()}
    assert {key: ours.special.get(key, -1) for key in named} == named
    if "bos" in ours.special and "eos" in ours.special:
        assert ours.encode("the cook", bos=True, eos=True) == theirs.encode("the cook", add_bos=True, add_eos=True)
    if name == "hf_spiece":
        with pytest.raises(ValueError, match="has no eos, only pad, unk"):
            ours.encode("a", eos=True)
        assert {key: i for key, i in ours.special.items() if key not in named} == {"[CLS]": 2, "[SEP]": 3, "[MASK]": 4}
    assert ours.pieces == [theirs.id_to_piece(i) for i in range(len(theirs))]


@pytest.mark.parametrize("name", ["test_model", "bytes"])
def test_drawn_cuts_are_cuts_that_the_library_draws(name, folder):
    """Over 2,000 draws each, the frequencies of all cuts differ by less than chance would ever let them."""
    ours, theirs = both(name, folder)
    sentencepiece.set_random_generator_seed(0)
    generator, n, text = Random(0), 2_000, "the cat"
    a = [tuple(ours.encode(text, generator=generator, temperature=2)) for _ in range(n)]
    b = [tuple(theirs.encode(text, enable_sampling=True, nbest_size=-1, alpha=0.5)) for _ in range(n)]
    for cut in set(a) | set(b):
        p = (a.count(cut) + b.count(cut)) / (2 * n)
        assert abs(a.count(cut) - b.count(cut)) <= 5 * (2 * n * p * (1 - p)) ** 0.5 + 3


def test_our_training_reaches_the_library_s_likelihood():
    """The same text and size, each model's sum over all cuts: ours maximises it, the library's M step adds a prior."""
    lines = BOTCHAN.read_text(encoding="utf-8").splitlines()[:200]
    theirs = Unigram._from_sentencepiece(trained(lines, vocab_size=250, character_coverage=1.0))
    ours = Unigram.train(lines, 250)
    assert len(ours) == len(theirs) == 250
    likelihood = [sum(model.log_likelihood(line) for line in lines) for model in (ours, theirs)]
    used = [sum(len(model.encode(line)) for line in lines) for model in (ours, theirs)]
    assert 0.9 < likelihood[0] / likelihood[1] < 1  # both are negative
    assert used[0] == pytest.approx(used[1], rel=0.05)
