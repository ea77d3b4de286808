"""Unigram: its sums and best cuts equal enumeration, EM climbs, models survive saving, wrong input is one sentence."""

import json
import math
import os
import pickle
import struct
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import combinations, pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.text import Unigram
from coursekit.text.lattice import backward, build, forward, prefixes, sample, viterbi
from coursekit.text.normalise import mark_spaces
from coursekit.text.sentencepiece_files import _varint, float32
from coursekit.text.unigram import expected_counts, maximise, prune, seed_pieces
from coursekit.text.vocab import SPECIALS

MODELS = Path(__file__).resolve().parents[2] / "../shared/data/sentencepiece"
needs_models = pytest.mark.skipif(not MODELS.exists(), reason=f"needs the shared data {MODELS}")
TEXT = "the cook cooks, the cooks cooked; cooking cookers cook the cooked cookies " * 3

# Every single character of "abc" and some longer pieces, with any probabilities.
PIECES = st.sets(st.text(alphabet="abc", min_size=2, max_size=4), max_size=8).flatmap(
    lambda longer: st.fixed_dictionaries(dict.fromkeys([*"abc", *sorted(longer)], st.floats(-9, -0.1)))
)
WORD = st.text(alphabet="abc", min_size=1, max_size=8)


def cuts(word):
    """All 2^(n-1) ways to cut a word."""
    for n in range(len(word)):
        for inner in combinations(range(1, len(word)), n):
            yield [word[a:b] for a, b in pairwise([0, *inner, len(word)])]


def weighed(word, scores):
    """Every cut into known pieces, and its log p."""
    return [(cut, sum(scores[p] for p in cut)) for cut in cuts(word) if all(p in scores for p in cut)]


def pieces(cut):
    return [piece for _, piece, _ in cut]


@given(PIECES, WORD)
def test_viterbi_equals_brute_force(scores, word):
    found = viterbi(build(word, prefixes(scores)))
    every = weighed(word, scores)
    best = max(score for _, score in every)
    assert "".join(pieces(found)) == word
    assert sum(score for _, _, score in found) == pytest.approx(best, abs=1e-12)
    assert len(every) == 1 or pieces(found) in [cut for cut, score in every if score > best - 1e-12]


@given(PIECES, WORD, st.floats(0.2, 5))
def test_forward_and_backward_sums_equal_brute_force(scores, word, temperature):
    lattice = build(word, prefixes(scores))
    total = math.log(sum(math.exp(score) for _, score in weighed(word, scores)))
    assert forward(lattice)[-1] == pytest.approx(total, abs=1e-12)
    assert backward(lattice)[0] == pytest.approx(total, abs=1e-12)
    tempered = math.log(sum(math.exp(score / temperature) for _, score in weighed(word, scores)))
    assert forward(lattice, temperature)[-1] == pytest.approx(tempered, abs=1e-10)


@given(PIECES, st.dictionaries(WORD, st.integers(1, 5), min_size=1, max_size=3))
def test_expected_counts_equal_brute_force(scores, words):
    expected, log_likelihood = expected_counts(words, scores)
    by_hand, likelihood = defaultdict(float), 0.0
    for word, n in words.items():
        every = weighed(word, scores)
        total = math.log(sum(math.exp(score) for _, score in every))
        likelihood += n * total
        for cut, score in every:
            for piece in cut:
                by_hand[piece] += n * math.exp(score - total)
    assert log_likelihood == pytest.approx(likelihood, rel=1e-12)
    assert expected == pytest.approx({piece: by_hand[piece] for piece in scores}, rel=1e-9, abs=1e-12)
    spelt = sum(n * len(piece) for piece, n in expected.items())  # every character is used once
    assert spelt == pytest.approx(sum(n * len(word) for word, n in words.items()))


@given(PIECES, st.dictionaries(WORD, st.integers(1, 5), min_size=1, max_size=4))
def test_each_em_step_raises_the_likelihood(scores, words):
    scores, before = maximise({piece: math.exp(score) for piece, score in scores.items()}), -math.inf
    for _ in range(6):
        expected, log_likelihood = expected_counts(words, scores)
        assert log_likelihood >= before - 1e-9 * abs(before)
        scores, before = maximise(expected), log_likelihood
        assert sum(map(math.exp, scores.values())) == pytest.approx(1)


def test_em_on_a_case_solved_by_hand():
    """ "ab" n times, with pieces a, b, ab: P = p_ab + p_a p_b is highest (1) with p_ab = 1."""
    scores = maximise({"a": 1.0, "b": 1.0, "ab": 1.0})
    for _ in range(60):
        expected, log_likelihood = expected_counts({"ab": 3}, scores)
        scores = maximise(expected)
    assert log_likelihood == pytest.approx(0, abs=1e-9)
    assert math.exp(scores["ab"]) == pytest.approx(1)


def test_a_first_e_step_by_hand():
    """p = 1/3 each: "ab" is one piece with 1/3 against 1/9, so 3/4 of the time."""
    expected, log_likelihood = expected_counts({"ab": 4}, maximise({"a": 1.0, "b": 1.0, "ab": 1.0}))
    assert expected == pytest.approx({"a": 1, "b": 1, "ab": 3})
    assert log_likelihood == pytest.approx(4 * math.log(4 / 9))


@settings(max_examples=20, deadline=None)
@given(PIECES, st.text(alphabet="abc", min_size=2, max_size=5), st.sampled_from([0.5, 1, 2.0]), st.integers(0, 99))
def test_cuts_are_drawn_as_often_as_their_probability_says(scores, word, temperature, seed):
    """2,000 draws: no cut is off by more than five standard deviations."""
    lattice, generator, n = build(word, prefixes(scores)), Random(seed), 2_000
    drawn = Counter(tuple(pieces(sample(lattice, generator, temperature))) for _ in range(n))
    every = {tuple(cut): score / temperature for cut, score in weighed(word, scores)}
    total = sum(map(math.exp, every.values()))
    assert set(drawn) <= set(every)
    for cut, score in every.items():
        p = math.exp(score) / total
        assert abs(drawn[cut] - n * p) <= 5 * math.sqrt(n * p * (1 - p)) + 3


def test_temperature_goes_from_the_best_cut_to_all_cuts_alike():
    lattice = build("abab", prefixes({"a": -2.0, "b": -2.0, "ab": -2.5}))
    cold = {tuple(pieces(sample(lattice, Random(i), 0.01))) for i in range(50)}
    assert cold == {("ab", "ab")}
    hot = Counter(tuple(pieces(sample(lattice, Random(i), 1e6))) for i in range(4_000))
    assert len(hot) == 4
    assert min(hot.values()) > 880  # 1,000 each on average
    with pytest.raises(ValueError, match="temperature = 0 must be above 0"):
        sample(lattice, Random(0), 0)


@given(PIECES, WORD)
def test_the_dictionary_of_prefixes_finds_every_piece(scores, word):
    arcs = {(start, end) for end, found in enumerate(build(word, prefixes(scores))) for start, _, _ in found}
    ends = range(len(word) + 1)
    assert arcs == {(s, e) for s in ends for e in ends if s < e and word[s:e] in scores}


def test_seeds_are_the_characters_and_the_commonest_substrings():
    seeds = seed_pieces({"▁abab": 2, "▁c": 1}, most=3, longest=2)
    assert list(seeds) == ["a", "b", "c", "▁", "ab", "ba", "▁a"]
    assert seeds["ab"] == 4
    assert "abcd" in seed_pieces({"abcd": 2, "xy": 3}, most=1, longest=4)  # 2 times 4 characters before 3 times 2
    assert "▁c" not in seed_pieces({"▁abab": 2, "▁c": 1}, most=99, longest=4)  # occurs once
    assert "▁abab" not in seed_pieces({"▁abab": 2}, most=99, longest=4)


def test_the_piece_that_is_missed_least_goes_first():
    """Each use of "cd" saves more, since c and d are rare; but "ab" is used 50 times and saves more in all."""
    kept = prune({"a": 30.0, "b": 30.0, "c": 1.0, "d": 1.0, "ab": 50.0, "cd": 2.0}, keep=5)
    assert set(kept) == {"a", "b", "c", "d", "ab"}
    assert set(prune(kept, keep=0)) == set("abcd")


# A model of our own


@pytest.fixture(scope="module")
def model():
    return Unigram.train(TEXT, 32)


def test_training_gives_the_size_and_keeps_every_character(model):
    assert len(model) == 32
    assert {"▁", *TEXT} - {" "} <= set(model.pieces)
    assert model.pieces[:4] == ["<pad>", "<unk>", "<bos>", "<eos>"]
    assert model.special == {"pad": 0, "unk": 1, "bos": 2, "eos": 3}
    probabilities = [math.exp(score) for score in model._model.scores[4:]]
    assert sum(probabilities) == pytest.approx(1)
    assert probabilities == sorted(probabilities, reverse=True)


def test_the_likelihood_never_falls_between_two_prunings():
    seen = []
    Unigram.train(TEXT, 32, steps=4, watch=lambda n, value: seen.append((n, value)))
    assert len({n for n, _ in seen}) > 2
    assert all(after >= before - 1e-9 for (n, before), (m, after) in pairwise(seen) if n == m)
    assert sum(n == m for (n, _), (m, _) in pairwise(seen)) == len(seen) * 3 / 4


def test_a_stem_becomes_a_piece(model):
    for word in ("cook", "cooks", "cooked", "cooker", "cookery"):
        assert model.tokens(word)[0].startswith("▁cook")
    assert model.tokens("thecook")[0] == "▁the"


def test_the_best_cut_is_the_best_of_all_cuts_of_the_text(model):
    scores = {piece: model.log_prob([piece]) for piece in model.pieces if piece in model}
    for text in ("cooker", "the cooks", "he so rs"):
        every = weighed(mark_spaces(text), scores)
        assert model.log_prob(model.tokens(text)) == pytest.approx(max(score for _, score in every))
        assert model.log_likelihood(text) == pytest.approx(math.log(sum(math.exp(score) for _, score in every)))


def test_training_does_not_depend_on_lines_or_hashes(model):
    code = "from coursekit.text import Unigram; import sys, json; m = Unigram.train(sys.argv[1], 32);"
    code += "print(json.dumps([m.pieces, m._model.scores]))"
    environment = os.environ | {"JAXTYPING_DISABLE": "1"}
    for seed in "12":
        done = subprocess.run(
            [sys.executable, "-c", code, TEXT],
            env=environment | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout) == [model.pieces, model._model.scores]
    by_line = Unigram.train(TEXT.split(";"), 32)
    assert by_line.pieces == Unigram.train(TEXT.replace(";", " "), 32).pieces


@given(st.text(alphabet="thecooks ▁\n", max_size=20))
def test_text_of_known_characters_comes_back_with_its_spaces_in_order(text):
    model = _trained()
    assert model.decode(model.encode(text)) == " ".join(text.replace("▁", " ").split())
    assert "".join(model.tokens(text)) == mark_spaces(text)


_kept = []


def _trained():
    _kept[:] = _kept or [Unigram.train(TEXT, 32)]
    return _kept[0]


def test_text_is_made_compatible_first(model):
    assert model.tokens("ｃｏｏｋ") == model.tokens("\tcook\u3000") == ["▁cook"]
    assert mark_spaces(" two \n words\u00a0") == "▁two▁words"


def test_unknown_characters(model):
    """Neighbours that are unknown make one token, which scores as so many characters, and one id."""
    assert model.tokens("cook 中文 cook") == ["▁cook", "▁", "中文", "▁cook"]
    ids = model.encode("cook 中文")
    assert ids[-1] == model.special["unk"]
    assert model.decode(ids) == "cook  ⁇ "
    rarest = min(model._model.scores[4:])
    assert model.log_prob(["中文"]) == pytest.approx(2 * (rarest - 10))
    assert model.encode("<unk><pad>").count(0) == 0  # what looks special is text


def test_marks_are_added_on_request(model):
    assert model.encode("cook", bos=True, eos=True) == [2, *model.encode("cook"), 3]
    assert model.decode(model.encode("cook", bos=True, eos=True)) == "cook"


def test_an_empty_text(model):
    assert model.tokens("") == model.encode(" \n") == model.tokens("", Random(0)) == []
    assert model.log_likelihood("") == model.log_prob([]) == 0
    assert model.decode([]) == ""


def test_drawn_cuts_spell_the_same_text(model):
    drawn = {tuple(model.tokens("the cooked cookers", Random(seed), temperature=3)) for seed in range(30)}
    assert len(drawn) > 5
    assert {"".join(cut) for cut in drawn} == {"▁the▁cooked▁cookers"}
    assert model.encode("cookers", generator=Random(1)) == model.encode("cookers", generator=Random(1))


def test_a_long_text_is_no_trouble(model):
    assert "".join(model.tokens("cook" * 20_000)) == "▁" + "cook" * 20_000
    assert math.isfinite(model.log_likelihood("cook" * 2_000))


def test_save_and_load(tmp_path, model):
    model.save(tmp_path / "model.json")
    again = Unigram.load(tmp_path / "model.json")
    assert (again.pieces, again.special) == (model.pieces, model.special)
    assert again._model == model._model
    assert again.encode("the unknown cook 中") == model.encode("the unknown cook 中")
    assert pickle.loads(pickle.dumps(model)).tokens("cooks") == model.tokens("cooks")


# Loaded models


@needs_models
def test_a_loaded_model_knows_its_own_special_ids_and_is_saved_as_it_was(tmp_path):
    model = Unigram.load(MODELS / "test_model.model")
    assert model.special == {"unk": 0, "bos": 1, "eos": 2}
    with pytest.raises(ValueError, match="has no pad, only unk, bos, eos"):
        model._need("pad")
    model.save(tmp_path / "copy.model")
    assert (tmp_path / "copy.model").read_bytes() == (MODELS / "test_model.model").read_bytes()
    assert pickle.loads(pickle.dumps(model)).encode("A cook.") == model.encode("A cook.")


@needs_models
def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(CourseError, match=r'pip install "sequence-course\[sentencepiece\]"'):
        Unigram.load(MODELS / "test_model.model")


@needs_models
def test_another_kind_of_model_is_named():
    with pytest.raises(CourseError, match="of the BPE kind, not Unigram"):
        Unigram.load(MODELS / "hf_test_sentencepiece_bpe.model")


@needs_models
@pytest.mark.parametrize("share", [0.001, 0.01, 0.3, 0.7, 0.999])
def test_a_file_cut_short_is_one_sentence(tmp_path, share):
    data = (MODELS / "test_model.model").read_bytes()
    (tmp_path / "cut.model").write_bytes(data[: int(share * len(data))])
    with pytest.raises(CourseError, match=r"cut\.model is no whole Unigram model \(it is damaged"):
        Unigram.load(tmp_path / "cut.model")


@needs_models
def test_a_file_with_wrong_bytes_is_one_sentence_or_still_a_model(tmp_path):
    """Damage in text and numbers cannot be seen; damage in the structure is."""
    pytest.importorskip("sentencepiece")
    data, generator, refused = (MODELS / "test_model.model").read_bytes(), Random(0), 0
    for _ in range(60):
        at = generator.choice([generator.randrange(15_000), len(data) - 1 - generator.randrange(40)])
        damaged = data[:at] + bytes([generator.randrange(256)]) + data[at + 1 :]
        (tmp_path / "d.model").write_bytes(damaged)
        try:
            assert isinstance(Unigram.load(tmp_path / "d.model").encode("a cook"), list)
        except CourseError:
            refused += 1
    assert refused > 10


# Wrong input


def _saved(pieces, scores, name="coursekit unigram 1"):
    return json.dumps({"format": name, "pieces": pieces, "scores": scores}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        b"hello, world",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"{",
        b"{}",
        _saved(["a"], [0], "coursekit unigram 2"),
        _saved(["a"], [0]),
        b'{"format": "coursekit unigram 1"}',
        _saved([*SPECIALS, "a"], [0] * 4),
        _saved(SPECIALS, [0] * 4),
        _saved([*SPECIALS, 5], [0] * 5),
        _saved([*SPECIALS, "a"], [0, 0, 0, 0, "x"]),
        _saved([*SPECIALS, "a", "b"], [0, 0, 0, 0, -1, math.nan]),
        _saved([*SPECIALS, "a", "b"], [0, 0, 0, 0, -1, -math.inf]),
        _saved([*SPECIALS, "a", "a"], [0, 0, 0, 0, -1, -2]),
        pytest.param(b'{"a":' * 200_000, id="nested"),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path, content):
    (tmp_path / "m.model").write_bytes(content)
    with pytest.raises(CourseError, match=r"m\.model is no whole Unigram model"):
        Unigram.load(tmp_path / "m.model")


def test_a_missing_file_and_a_folder_that_cannot_be_written(tmp_path, model):
    with pytest.raises(CourseError, match="check the path"):
        Unigram.load(tmp_path / "none.model")
    with pytest.raises(CourseError, match="may write"):
        model.save("/proc/none/m.json")


@pytest.mark.parametrize("wrong", [-1, 32])
def test_decode_names_the_id_that_it_does_not_hold(model, wrong):
    with pytest.raises(ValueError, match=f"id {wrong} lies outside"):
        model.decode([4, wrong])


def test_half_a_character_is_refused(model):
    with pytest.raises(ValueError, match="lone surrogate"):
        model.encode("cook\ud83d")
    with pytest.raises(ValueError, match="lone surrogate"):
        Unigram.train(["cook", "\udc00"], 32)


@pytest.mark.parametrize(
    ("text", "size", "says"),
    [
        ("", 50, "text is empty"),
        (" \n▁", 50, "text is empty"),
        ([], 50, "text is empty"),
        ("abc", 7, "too small: 4 characters and 4 special pieces"),
        ("abc", 9, "gives 8 pieces and no more"),
    ],
)
def test_text_that_cannot_give_the_model_is_refused(text, size, says):
    with pytest.raises(CourseError, match=says):
        Unigram.train(text, size)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"longest": 0}, {"shrink": 1.0}, {"shrink": 0.0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}={next(iter(wrong.values()))}"):
        Unigram.train(TEXT, 32, **wrong)


def test_the_smallest_model_has_the_characters_alone():
    smallest = Unigram.train("abab", 7)
    assert sorted(smallest.pieces[4:]) == ["a", "b", "▁"]
    assert smallest.tokens("ba") == ["▁", "b", "a"]


def test_an_endless_number_is_given_up_at_once():
    """Ten bytes hold every integer of the format; without that limit the time grows with the square of the file."""
    with pytest.raises(ValueError, match="damaged"):
        _varint(b"\xff" * 11 + b"\x01", 0)
    assert _varint(b"\xff" * 9 + b"\x01", 0) == (2**64 - 1, 10)


def test_scores_that_no_float32_can_add_do_not_stop_the_search():
    """As after a flipped bit in an exponent."""
    assert float32(-3e38 - 3e38) == -math.inf
    assert float32(0.1) == struct.unpack("f", struct.pack("f", 0.1))[0]


def test_a_run_of_unknown_characters_is_one_piece(model):
    assert model.tokens("cook" + "中" * 1000 + " cook 中") == ["▁cook", "中" * 1000, "▁cook", "▁", "中"]
    assert model.tokens("cook中", Random(0), temperature=0.01) == ["▁cook", "中"]
    with pytest.raises(ValueError, match="temperature = nan"):
        model.tokens("cook", Random(0), temperature=math.nan)


def test_bytes_are_refused():
    with pytest.raises(ValueError, match="reads text, not bytes"):
        Unigram.train(iter([b"cook"]), 32)
