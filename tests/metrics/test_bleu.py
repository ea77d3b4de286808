"""BLEU equals sacrebleu's on real translations and on made-up edge cases; the worked numbers come out."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_texts import CORPORA, LINES, REFERENCES, streams

from coursekit.metrics.bleu import SMOOTHINGS, bleu, closest, sentence_bleu
from coursekit.metrics.tokenise import TOKENISERS

sacrebleu = pytest.importorskip("sacrebleu")
from sacrebleu.metrics import BLEU  # noqa: E402

HUNGRY = ["Younes said I am hungry", "He said I am hungry"]


def options(max_n=4):
    """(arguments of ours, the same for sacrebleu)."""
    value = st.sampled_from([None, 0.5, 2])
    drawn = st.tuples(
        st.integers(1, max_n),
        st.sampled_from(list(TOKENISERS)),
        st.booleans(),
        st.sampled_from(list(SMOOTHINGS)),
        value,
        st.booleans(),
    )

    def both(settings):
        n, tokeniser, lowercase, smoothing, value, effective = settings
        value = value if smoothing in ("floor", "add-k") else None
        ours = {"n": n, "tokeniser": tokeniser, "lowercase": lowercase, "smoothing": smoothing}
        theirs = {"max_ngram_order": n, "tokenize": tokeniser, "lowercase": lowercase, "smooth_method": smoothing}
        same = {"effective_order": effective}
        return ours | same | {"smoothing_value": value}, theirs | same | {"smooth_value": value}

    return drawn.map(both)


def assert_equal(ours, theirs, add_k=False):
    assert ours.score == pytest.approx(theirs.score, abs=1e-9)
    assert ours.precisions == pytest.approx(theirs.precisions, abs=1e-9)
    assert ours.brevity_penalty == pytest.approx(theirs.bp, abs=1e-12)
    assert (ours.length, ours.reference_length) == (theirs.sys_len, theirs.ref_len)
    if not add_k:  # sacrebleu adds k to the counts that it gives back
        assert (list(ours.counts), list(ours.totals)) == (theirs.counts, theirs.totals)


@settings(deadline=None, max_examples=200)
@given(CORPORA, options())
def test_equals_sacrebleu_on_edge_cases(corpus, both):
    candidates, references = corpus
    ours, theirs = both
    peer = BLEU(force=True, **theirs).corpus_score(candidates, streams(references))
    assert_equal(bleu(candidates, references, **ours), peer, ours["smoothing"] == "add-k")


@settings(deadline=None, max_examples=100)
@given(LINES, REFERENCES)
def test_a_sentence_equals_sacrebleu(candidate, references):
    peer = sacrebleu.sentence_bleu(candidate, references, use_effective_order=True)
    assert_equal(sentence_bleu(candidate, references), peer)


@pytest.mark.parametrize("tokeniser", TOKENISERS)
@pytest.mark.parametrize("lowercase", [False, True])
def test_equals_sacrebleu_on_captions(captions, tokeniser, lowercase):
    candidates, references = captions
    peer = BLEU(force=True, tokenize=tokeniser, lowercase=lowercase).corpus_score(candidates, streams(references))
    assert peer.score > 10
    assert_equal(bleu(candidates, references, tokeniser=tokeniser, lowercase=lowercase), peer)
    for candidate, known in zip(candidates, references, strict=True):
        one = BLEU(tokenize=tokeniser, lowercase=lowercase, effective_order=True).sentence_score(candidate, known)
        assert_equal(sentence_bleu(candidate, known, tokeniser=tokeniser, lowercase=lowercase), one)


def test_equals_sacrebleu_on_wmt17(wmt17):
    systems, references = wmt17
    for lines in list(systems.values())[:1]:
        assert_equal(bleu(lines, references), sacrebleu.corpus_bleu(lines, streams(references)))


@pytest.mark.full
@pytest.mark.parametrize("tokeniser", TOKENISERS)
def test_equals_sacrebleu_on_every_system_of_wmt17(wmt17, tokeniser):
    systems, references = wmt17
    for lines in systems.values():
        assert_equal(
            bleu(lines, references, tokeniser=tokeniser),
            sacrebleu.corpus_bleu(lines, streams(references), tokenize=tokeniser, force=True),
        )


def test_equals_torchmetrics(captions):
    from torchmetrics.functional.text import sacre_bleu_score

    candidates, references = captions
    for n in (1, 4):  # computed in float32
        peer = float(sacre_bleu_score(candidates, references, n_gram=n))
        assert bleu(candidates, references, n=n, smoothing="none").score / 100 == pytest.approx(peer, rel=1e-6)


def test_one_repeated_word_by_hand():
    """Clipped precision 2/4; five words in each reference, so that the brevity penalty is exp(1 - 5/4)."""
    score = sentence_bleu("I I am I", HUNGRY, n=1)
    assert (score.counts, score.totals, score.length, score.reference_length) == ((2,), (4,), 4, 5)
    assert score.precisions == (50,)
    assert score.score == pytest.approx(50 * math.exp(-1 / 4))
    assert round(score.score, 1) == 38.9


def test_the_right_words_in_the_wrong_order_by_hand():
    candidate, reference = "Ate I was hungry because!", "I ate because I was hungry!"
    one, four = (
        sentence_bleu(candidate, [reference], n, lowercase=True, smoothing="none", effective_order=False)
        for n in (1, 4)
    )
    assert one.precisions == (100,)
    assert round(one.score, 1) == 84.6 and one.score == pytest.approx(100 * math.exp(1 - 7 / 6))
    assert four.counts == (6, 2, 1, 0) and four.score == 0


def test_a_geometric_mean_by_hand():
    """3/4 and 1/3, as long as the reference."""
    assert bleu(["a b x c"], [["a b c d"]], n=2).score == pytest.approx(100 * math.sqrt(3 / 4 * 1 / 3))


def test_smoothing_by_hand():
    """Counts 2, 0, 0 of 3, 2, 1."""

    def score(**options):
        return bleu(["a x b"], [["a b c"]], n=3, **options).precisions

    third = 200 / 3
    assert score(smoothing="none") == pytest.approx((third, 0, 0))
    assert score(smoothing="exp") == pytest.approx((third, 100 / 4, 100 / 4))  # 1/2 of 2, then 1/4 of 1
    assert score(smoothing="floor") == pytest.approx((third, 5, 10))
    assert score(smoothing="add-k") == pytest.approx((third, 100 / 3, 100 / 2))


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("effective", [False, True])
@pytest.mark.parametrize("candidate", ["a", "a b", "a x b", "a b c x e"])
def test_short_sentences_equal_sacrebleu(smoothing, effective, candidate):
    options = {"effective_order": effective}
    peer = BLEU(smooth_method=smoothing, **options).corpus_score([candidate], [["a b c d"]])
    assert_equal(bleu([candidate], [["a b c d"]], smoothing=smoothing, **options), peer, smoothing == "add-k")


def test_a_corpus_is_not_the_mean_of_its_sentences():
    candidates, references = ["a b c d", "x y"], [["a b c d"], ["x z"]]
    whole = bleu(candidates, references, n=2, smoothing="none")
    assert whole.counts == (5, 3) and whole.totals == (6, 4)
    each = [bleu([c], [r], n=2, smoothing="none").score for c, r in zip(candidates, references, strict=True)]
    assert each == pytest.approx([100, 0])
    assert whole.score == pytest.approx(100 * math.sqrt(5 / 6 * 3 / 4))


@given(st.lists(st.sampled_from(["the", "cat", "sat", "."]), min_size=4, max_size=12).map(" ".join))
def test_the_reference_itself_scores_100(line):
    assert sentence_bleu(line, ["", line]).score == pytest.approx(100)


def test_the_shorter_of_two_equally_close_lengths():
    assert [closest(5, [8, 6, 4]), closest(5, [9]), closest(0, [3, 0])] == [4, 9, 0]
    assert bleu(["a b c d e"], [["a b c d e f", "a b c d"]]).brevity_penalty == 1


def test_prints_what_it_is_made_of():
    text = "BLEU 38.94: precisions 50.0, brevity penalty 0.779, length 4 against 5"
    assert str(sentence_bleu("I I am I", HUNGRY, n=1)) == text


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: bleu([], []), "candidates is empty"),
        (lambda: bleu("a b", [["a b"]]), "candidates is one string"),
        (lambda: bleu(["a b"], "a b"), "a list of references for each line"),
        (lambda: bleu(["a b"], ["a b"]), r"references\[0\] is one string"),
        (lambda: bleu(["a", "b"], [["a", "b"]]), "2 candidates, but references for 1 lines"),
        (lambda: bleu(["a", "b"], [["a"], []]), r"references\[1\] is missing"),
        (lambda: sentence_bleu("a", []), "references is empty"),
        (lambda: sentence_bleu("a", "a"), "references is one string"),
        (lambda: bleu(["a"], [["a"]], n=0), "n = 0"),
        (lambda: bleu(["a"], [["a"]], n=2.0), "n = 2.0: .*whole number"),
        (lambda: bleu(["a"], [["a"]], n="4"), "n = '4'"),
        (lambda: bleu(["a"], [["a"]], smoothing="floor", smoothing_value="1"), "smoothing_value = '1'"),
        (lambda: bleu(["a"], [["a"]], tokeniser="14a"), "no tokeniser '14a': take one of 'none', '13a', 'char'"),
        (lambda: bleu(["a"], [["a"]], smoothing="some"), "no smoothing 'some'"),
        (lambda: bleu(["a"], [["a"]], smoothing_value=1), "'exp' takes no smoothing_value"),
        (lambda: bleu(["a"], [["a"]], smoothing="add-k", smoothing_value=0), "above 0"),
        (lambda: bleu(["a"], [["a"]], smoothing="floor", smoothing_value=math.nan), "above 0"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
