"""Lines and references of the wrong kind are refused with a sentence that says which."""

import pytest

from coursekit.metrics.lines import check_corpus, check_pair, check_strings


def test_right_input_passes():
    check_corpus(["", "b"], [[""], ("b", "c")])
    check_corpus(("a",), list(zip(["x"], ["y"], strict=True)))
    check_pair("", [""])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: check_strings("texts", "a"), r"texts is one string: give a list of strings, such as \[texts\]"),
        (lambda: check_strings("texts", []), "texts is empty"),
        (lambda: check_strings("texts", iter(["a"])), "texts is of type list_iterator"),
        (lambda: check_strings("texts", None), "texts is of type NoneType"),
        (lambda: check_strings("texts", {"a", "b"}), "texts is of type set: give a list"),  # in no order
        (lambda: check_strings("texts", {"a": "b"}), "texts is of type dict: give a list"),
        (lambda: check_strings("texts", b"ab"), "texts is of type bytes: give a list"),
        (lambda: check_strings("texts", ["a", None]), r"texts\[1\] is of type NoneType"),
        (lambda: check_strings("texts", [["a"]]), r"texts\[0\] is of type list"),
        (lambda: check_pair(["a"], ["a"]), "the candidate is of type list"),
        (lambda: check_pair("a", [b"a"]), r"references\[0\] is of type bytes"),
        (lambda: check_corpus(["a"], None), "references is of type NoneType"),
        (lambda: check_corpus(["a"], [None]), r"references\[0\] is missing"),
        (lambda: check_corpus(["a"], [3]), r"references\[0\] is of type int"),
        (lambda: check_corpus(["a"], [iter("a")]), r"references\[0\] is of type str_\w*iterator"),
        (lambda: check_corpus(["a"], [["a"], ["b"]], "answers"), r"1 answers.*the references of answers\[i\]"),
        (lambda: check_corpus(["a"], [["a", 3]]), r"references\[0\]\[1\] is of type int"),
        (lambda: check_corpus(["a"], [["a"], ["b"]]), "1 candidates, but references for 2 lines"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
