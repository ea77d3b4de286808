"""Prompts: answers are right, and the best reader's belief is that of every rule and input written out."""

import math
from collections import Counter
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.data.prompts import FAMILIES, Family, Prompts, Rule, make_prompt
from coursekit.errors import CourseError

SMALL = ("later", "sort", "code")
splits = st.sampled_from(["train", "validation", "test"])
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ANIMALS = {"dog", "cat", "bird", "horse", "rabbit", "donkey", "fox", "owl"}
FRENCH = {"dog": "chien", "key": "clé", "apple": "pomme", "orange": "orange", "knife": "couteau", "fox": "renard"}
GERMAN = {"dog": "hund", "key": "schlüssel", "apple": "apfel", "orange": "orange", "knife": "messer", "fox": "fuchs"}
PLURAL = {"dog": "dogs", "key": "keys", "knife": "knives", "tomato": "tomatoes", "fox": "foxes", "spade": "spades"}


@given(splits, st.integers(0, 10**6))
def test_a_prompt_reads_back_as_its_examples(split, seed):
    for told in (0, 1):
        prompt = Prompts(split, (0, 5), told, seed=seed).prompt()
        words = " ".join(prompt.tokens)
        if told:
            rule, _, words = words.partition(" : ")
            assert rule == prompt.rule
        *shown, query = [part.split(" ->") for part in words.split(" ; ")]
        assert [(tuple(x.split()), y.strip()) for x, y in shown] == prompt.examples
        assert tuple(query[0].split()) == prompt.query
        assert query[1] == ""
        assert prompt.sequence == [*prompt.tokens, prompt.answer, "<eos>"]
        answers = [*(y for _, y in prompt.examples), prompt.answer]
        assert [prompt.sequence[at] for at in prompt.places] == answers
        assert len(prompt.logprob) == len(answers)


def test_answers_are_right():
    """Rules, by what they say, read by someone else."""
    checked = Counter()
    for prompt in Prompts("train", 6, seed=3).take(1500) + Prompts("test", 6, seed=3).take(1500):
        for x, y in [*prompt.examples, (prompt.query, prompt.answer)]:
            right = by_hand(prompt.rule, x)
            if right is not None:
                assert right == y, (prompt.rule, x)
                checked[prompt.family] += 1
    assert min(checked[name] for name in FAMILIES) > 1000


def by_hand(rule, x):
    words = rule.split()
    if words[-1] == "later":
        return DAYS[(DAYS.index(x[0]) + ["", "one", "two", "three", "four", "five", "six"].index(words[0])) % 7]
    if " is " in rule:
        return rule.split(f"{x[0]} is ")[1].split()[0]
    if words[0] == "yes":
        return ("yes" if "animal" in words else "no") if x[0] in ANIMALS else None
    if words[1] in ("food", "tool"):
        return None
    word = (
        next(w for w in x if w in ANIMALS) if words[1] == "animal" else x[["first", "second", "third"].index(words[1])]
    )
    form = {"plural": PLURAL, "french": FRENCH, "german": GERMAN}.get(words[-1])
    return word if form is None else form.get(word)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_rule_is_another_and_the_inputs_tell_the_family(name):
    family = FAMILIES[name]
    assert len({tuple(rule.answer(x) for x in family.inputs) for rule in family.rules}) == len(family.rules)
    assert len({rule.says for rule in family.rules}) == len(family.rules)
    others = {x for other in FAMILIES.values() if other is not family for x in other.inputs}
    assert not others & set(family.inputs)
    assert len(set(family.inputs)) == len(family.inputs)


def test_held_out_rules_are_new_combinations_of_known_parts():
    for family in FAMILIES.values():
        train, test = ({rule.says for rule in family.known(split)} for split in ("train", "test"))
        assert train and test and not train & test
        assert len(train | test) == len(family.rules) == len(family.known("all"))
        assert train == {rule.says for rule in family.known("validation")}
    picked = [rule.says.partition(" in ") for rule in FAMILIES["pick"].known("train")]
    wanted = [rule.says.partition(" in ") for rule in FAMILIES["pick"].known("test")]
    assert {w[0] for w in wanted} <= {p[0] for p in picked}
    assert {w[2] for w in wanted} <= {p[2] for p in picked}
    seen = {p.rule for p in Prompts("train").take(2000)}, {p.rule for p in Prompts("test").take(1000)}
    assert seen[0] == {r.says for f in FAMILIES.values() for r in f.known("train")}
    assert seen[1] == {r.says for f in FAMILIES.values() for r in f.known("test")}


@given(splits, st.integers(0, 10**6))
def test_each_belief_is_the_share_of_the_rules_that_fit(split, seed):
    for prompt in Prompts(split, (0, 6), seed=seed).take(5):
        family = FAMILIES[prompt.family]
        assert prompt.answers == family.answers(prompt.examples, prompt.query, split)
        assert sum(prompt.answers.values()) == pytest.approx(1)
        pairs = [*prompt.examples, (prompt.query, prompt.answer)]
        for k, (x, y) in enumerate(pairs):
            fits = [r for r in family.known(split) if all(r.answer(a) == b for a, b in pairs[:k])]
            right = sum(r.answer(x) == y for r in fits) / len(fits)
            assert prompt.logprob[k] == pytest.approx(math.log(right))


def written_out(family, examples, split):
    """Accuracy and nats over every rule and every row of inputs, one by one."""
    rules, accuracy, nats, n = family.known(split), 0.0, 0.0, 0
    for *shown, query in product(family.inputs, repeat=examples + 1):
        for rule in rules:
            answers = family.answers([(x, rule.answer(x)) for x in shown], query, split)
            best = [a for a, p in answers.items() if p == max(answers.values())]
            accuracy += (rule.answer(query) in best) / len(best)  # any of the best is as good
            nats -= math.log(answers[rule.answer(query)])
            n += 1
    return accuracy / n, nats / n


@pytest.mark.parametrize(
    ("name", "examples", "split"),
    [
        ("later", 0, "all"), ("later", 1, "all"), ("code", 0, "train"), ("code", 2, "train"), ("code", 2, "test"),
        ("sort", 0, "all"), ("sort", 1, "test"), ("sort", 1, "train"), ("pick", 0, "test"),
    ],
)  # fmt: skip
def test_what_the_best_reader_reaches_is_the_mean_over_everything(name, examples, split):
    family = FAMILIES[name]
    assert family.learning(examples, split) == pytest.approx(written_out(family, examples, split), abs=1e-9)


def test_closed_forms():
    assert FAMILIES["later"].chance() == pytest.approx(1 / 6)
    assert FAMILIES["later"].learning(0).nats == pytest.approx(math.log(6))
    assert FAMILIES["later"].learning(1) == pytest.approx((1, 0))  # one example tells all
    assert FAMILIES["sort"].chance() == pytest.approx(1 / 2)
    code = FAMILIES["code"]
    distinct = {0: 1.0}  # of four words drawn again and again, how many have been seen
    for examples in range(6):
        seen = sum(p * d / 4 for d, p in distinct.items())
        guess = sum(p * (4 - d) / 4 / max(1, 4 - d) for d, p in distinct.items())
        nats = sum(p * (4 - d) / 4 * math.log(max(1, 4 - d)) for d, p in distinct.items())
        assert code.learning(examples) == pytest.approx((seen + guess, nats))
        distinct = {d: distinct.get(d, 0) * d / 4 + distinct.get(d - 1, 0) * (5 - d) / 4 for d in range(5)}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("split", ["train", "test"])
def test_examples_never_hurt(name, split):
    curve = [FAMILIES[name].learning(k, split) for k in range(9)]
    assert all(b.accuracy >= a.accuracy - 1e-12 and b.nats <= a.nats + 1e-12 for a, b in pairwise(curve))
    assert curve[0].accuracy == FAMILIES[name].chance(split)
    assert curve[8].accuracy > 0.95


@pytest.mark.parametrize(("split", "examples"), [("train", 0), ("train", 1), ("test", 1), ("train", 3)])
def test_many_prompts_agree_with_what_is_expected(split, examples):
    """The best reader, run: as often right as it believes, and as the sum over all prompts says."""
    n = 4000
    prompts = Prompts(split, examples, families=["pick", "sort"], seed=9).take(n)
    expected = [FAMILIES[name].learning(examples, split) for name in ("pick", "sort")]
    right = sum(max(p.answers, key=p.answers.get) == p.answer for p in prompts) / n
    believed = sum(max(p.answers.values()) for p in prompts) / n
    nats = -sum(p.logprob[-1] for p in prompts) / n
    assert right == pytest.approx((expected[0].accuracy + expected[1].accuracy) / 2, abs=4 * 0.5 / math.sqrt(n))
    assert believed == pytest.approx((expected[0].accuracy + expected[1].accuracy) / 2, abs=4 * 0.5 / math.sqrt(n))
    assert nats == pytest.approx((expected[0].nats + expected[1].nats) / 2, abs=4 / math.sqrt(n))


def test_who_knows_only_the_rules_of_training_is_at_a_loss_in_the_test():
    none = sum(not FAMILIES[p.family].answers(p.examples, p.query, "train") for p in Prompts("test", 6).take(400))
    assert none > 300


def test_who_is_told_the_rule_needs_no_examples():
    for prompt in Prompts("test", 0, told=1).take(50):
        assert prompt.answers == {prompt.answer: 1.0}
        assert prompt.logprob == [0.0]
        assert prompt.tokens == [*prompt.rule.split(), ":", *prompt.query, "->"]
    share = sum(p.told for p in Prompts(told=0.3).take(2000)) / 2000
    assert share == pytest.approx(0.3, abs=0.05)


def test_the_mixture_is_even_and_lengths_are_all_used():
    prompts = Prompts(examples=(1, 4), seed=2).take(4000)
    assert all(abs(n - 1000) < 150 for n in Counter(p.family for p in prompts).values())
    assert set(Counter(len(p.examples) for p in prompts)) == {1, 2, 3, 4}
    assert {p.family for p in Prompts(families=["code"]).take(20)} == {"code"}


def test_two_readings_of_one_prompt():
    """The animal, or the first word: the example at the top of the module, to who knows all rules."""
    shown = [(("dog", "apple", "saw"), "dog"), (("fox", "cake", "key"), "fox")]
    assert FAMILIES["pick"].answers(shown, ("lemon", "spade", "owl")) == {"lemon": 0.5, "owl": 0.5}
    assert FAMILIES["pick"].answers(shown, ("owl", "lemon", "spade")) == {"owl": 1.0}
    assert FAMILIES["pick"].answers(shown, ("lemon", "spade", "owl"), "train") == {"lemon": 1.0}
    assert FAMILIES["pick"].answers([(shown[0][0], "moon")], ("lemon", "spade", "owl")) == {}


def test_a_family_of_ones_own():
    """Is it the word or its first letter? Only a longer word tells."""
    rules = [Rule("the word", lambda x: x[0], False), Rule("its first letter", lambda x: x[0][0], False)]
    family = Family("own", [("a",), ("bc",)], rules)
    assert family.learning(0) == pytest.approx((0.75, math.log(2) / 2))
    assert family.learning(1) == pytest.approx((0.875, math.log(2) / 4))
    prompt = make_prompt(family, rules[1], [("a",), ("bc",)])
    assert prompt.answers == {"bc": 0.5, "b": 0.5}
    assert prompt.logprob == pytest.approx([0, math.log(0.5)])


def test_the_same_seed_gives_the_same_prompts():
    assert Prompts(seed=4).take(20) == Prompts(seed=4).take(20) != Prompts(seed=5).take(20)
    assert Prompts("validation", seed=4).take(20) != Prompts("train", seed=4).take(20)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"split": "dev"}, "split='dev' is not possible: give 'train', 'validation', 'test'"),
        ({"examples": -1}, "examples=-1 is not possible: give 0 to 64"),
        ({"examples": (3, 1)}, r"examples=\(3, 1\) is not possible"),
        ({"examples": 1.5}, r"examples=1\.5 is not possible"),
        ({"told": 2}, "told=2 is not possible: give a share from 0 to 1"),
        ({"told": "yes"}, "told='yes' is not possible"),
        ({"families": "pick"}, "families='pick' is not possible: give some of pick, later, sort, code"),
        ({"families": ["moon"]}, r"families=\['moon'\] is not possible"),
        ({"families": [["pick"]]}, "is not possible: give some of"),
        ({"families": []}, r"families=\[\] is not possible"),
    ],
)
def test_wrong_options_get_one_sentence(options, sentence):
    with pytest.raises(CourseError, match=sentence):
        Prompts(**options)
