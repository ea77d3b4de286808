"""Lines that hypothesis makes up, and the two shapes in which references are given."""

from itertools import zip_longest

from hypothesis import strategies as st

# Few words, so that n-grams repeat and match; punctuation, digits, entities, accents, other scripts, odd spaces.
WORDS = ["the", "a", "cat", "cats", "Cat", "sat", ".", ",", "...", "3.5", "1,000", "it's", "well-known", "5-", "&amp;"]
WORDS += ["&quot;", "<skipped>", "(x)", "naïve", "猫", "É", "\n", "-\n", "\t", "\u00a0", "e.g.", "$5", "running", "!?"]
LINES = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join) | st.text(max_size=12) | st.just("")
FEW = st.lists(st.sampled_from("abc"), max_size=8).map(" ".join)  # long matches
REFERENCES = st.lists(LINES, min_size=1, max_size=3)
PAIRS = st.tuples(LINES, REFERENCES) | st.tuples(FEW, st.lists(FEW, min_size=1, max_size=3))
CORPORA = st.lists(PAIRS, min_size=1, max_size=4).map(lambda lines: tuple(zip(*lines, strict=True)))


def streams(references):
    """sacrebleu's form: the first reference of every line, the second of every line ...; None where there is none."""
    return [list(stream) for stream in zip_longest(*references)]
