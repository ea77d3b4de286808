"""Our own GPT: the folder says what is in it, the recipe makes it again, and the wheel carries it."""

import hashlib
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from coursekit.errors import CourseError
from coursekit.models.checkpoint import SHIPPED, WEIGHTS, shipped
from coursekit.models.vocabulary import FILE, check_vocabulary, with_vocabulary
from coursekit.text.vocab import Vocab
from coursekit.train import pretraining
from coursekit.train.pretraining import HELD_OUT, RECIPES, RUN, Fresh, Recipe, Stories, pretrain, the_world

TINY = SHIPPED / "tiny-gpt"
CARD = json.loads((TINY / "card.json").read_text())


@pytest.fixture(scope="module")
def world():
    return the_world()[0]


@pytest.fixture
def small(monkeypatch):
    """A recipe of seconds."""
    recipe = Recipe(steps=4, batch=2, lr=1e-3, width=8, layers=1, heads=2)
    monkeypatch.setitem(RECIPES, "tiny", recipe)
    monkeypatch.setattr(pretraining, "STORIES", 20)
    return recipe


# -- what is shipped


def test_the_card_is_of_this_file():
    assert shipped() == ["tiny-gpt"]
    assert CARD["sha256"] == hashlib.sha256((TINY / WEIGHTS).read_bytes()).hexdigest()
    assert CARD["sha256"] in (TINY / "card.md").read_text()
    assert (TINY / WEIGHTS).stat().st_size <= 4_000_000
    assert not (TINY / RUN).exists()


def test_loss_on_new_text_is_the_cards_and_near_the_floor(world):
    """On stories of another seed: within 1 % of the card, and within the bar of 0.05 nats a word."""
    model, vocab = with_vocabulary("tiny-gpt")
    assert sum(p.numel() for p in model.parameters()) == CARD["parameters"]
    new = Stories(world, seed=HELD_OUT + 1, n=300)
    gap = new.loss(model, vocab) - new.floor
    assert 0 < gap < 0.05 and 0 < CARD["gap"] < 0.05
    assert CARD["floor"] + gap == pytest.approx(CARD["loss"], rel=0.01)


@pytest.mark.full
def test_the_card_to_the_last_digit(world):
    model, vocab = with_vocabulary("tiny-gpt")
    same = Stories(world, seed=HELD_OUT, n=CARD["stories"])
    assert same.floor == pytest.approx(CARD["floor"], abs=1e-5)
    assert same.loss(model, vocab) == pytest.approx(CARD["loss"], abs=2e-5)


def test_the_vocabulary_is_all_that_the_world_says(world):
    _, vocab = with_vocabulary("tiny-gpt")
    assert vocab.words == the_world()[1].words
    said = {word for story in world.sample(3_000, seed=3) for word in story.tokens}
    assert all(word in vocab for word in said) and len(said) > 0.9 * len(vocab)


def test_transformers_reads_it(world):
    transformers = pytest.importorskip("transformers")
    model, vocab = with_vocabulary("tiny-gpt")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(TINY).eval()
    ids = torch.tensor([[vocab.bos, *vocab.encode(world.sample(1, seed=1)[0].tokens)]])
    with torch.no_grad():
        torch.testing.assert_close(model(ids), theirs(ids).logits, atol=3e-5, rtol=0)


@pytest.mark.full
def test_the_wheel_carries_it(tmp_path):
    root = Path(__file__).resolve().parents[2]
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(root)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    if done.returncode and "hatchling" in done.stderr:
        pytest.skip("no network to fetch hatchling, which builds the wheel")
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for file in ("config.json", WEIGHTS, FILE, "card.json", "card.md"):
        assert f"coursekit/models/shipped/tiny-gpt/{file}" in names


# -- the recipe


def test_a_small_run_writes_a_folder_that_loads(small, tmp_path, world):
    seen = []
    card = pretrain("gpt", tmp_path / "out", progress=lambda step, loss: seen.append(step))
    assert seen == [1, 2, 3, 4] and card.read == 8 and card.recipe["width"] == 8
    model, vocab = with_vocabulary(tmp_path / "out")
    held_out = Stories(world, seed=HELD_OUT, n=card.stories)
    assert held_out.loss(model, vocab) == pytest.approx(card.loss, abs=1e-4)
    assert card.gap == pytest.approx(card.loss - card.floor, abs=2e-5)
    assert json.loads((tmp_path / "out" / "card.json").read_text())["sha256"] == card.sha256
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        ["card.json", "card.md", "config.json", WEIGHTS, FILE]
    )


def test_a_broken_run_goes_on_and_ends_with_the_same_weights(small, tmp_path, monkeypatch):
    whole = pretrain("gpt", tmp_path / "whole")

    def stop(step, loss):
        if step == 3:
            raise KeyboardInterrupt

    real = pretraining.fit
    monkeypatch.setattr(pretraining, "fit", lambda *given, **named: real(*given, **(named | {"save_every": 2})))
    with pytest.raises(KeyboardInterrupt):
        pretrain("gpt", tmp_path / "broken", progress=stop)
    assert (tmp_path / "broken" / RUN).exists()
    seen = []
    again = pretrain("gpt", tmp_path / "broken", progress=lambda step, loss: seen.append(step))
    assert seen == [3, 4] and again.sha256 == whole.sha256


def test_a_seed_changes_stories_and_weights(small, tmp_path):
    cards = [pretrain("gpt", tmp_path / str(seed), seed=seed, steps=1) for seed in (0, 0, 1)]
    assert cards[0].sha256 == pretrain("gpt", tmp_path / "0", steps=1).sha256
    assert cards[0].sha256 != cards[2].sha256


def test_no_story_comes_twice_and_batches_are_of_like_length(world):
    recipe = Recipe(steps=1, batch=8, lr=1e-3, width=8, layers=1, heads=2)
    vocab = the_world()[1]
    fresh = Fresh(world, vocab, recipe)
    first = [fresh(step) for step in range(64)]
    rows = [tuple(row[row > 0].tolist()) for ids, _ in first for row in ids]
    assert len(set(rows)) > 0.99 * len(rows) == 0.99 * 512
    assert all(
        torch.equal(a.ids, b.ids) for a, b in zip(first, map(Fresh(world, vocab, recipe), range(64)), strict=True)
    )
    kept = sum(float(weights.sum()) for _, weights in first) / sum(weights.numel() for _, weights in first)
    assert kept > 0.9
    assert all(bool((ids[:, 0] == vocab.bos).all()) and vocab.unk not in ids for ids, _ in first)


@pytest.mark.full
def test_the_recipe_makes_it_again(tmp_path):
    """Some ten minutes."""
    recipe = CARD["recipe"]
    assert {k: recipe[k] for k in vars(RECIPES["tiny"])} == vars(RECIPES["tiny"])
    card = pretrain("gpt", tmp_path, preset="tiny")
    assert card.loss == pytest.approx(CARD["loss"], rel=0.01)


def test_bad_input_is_one_sentence(small, tmp_path):
    with pytest.raises(CourseError, match="no recipe for 'bert': coursekit pre-trains gpt"):
        pretrain("bert", tmp_path)
    with pytest.raises(CourseError, match="the preset is 'huge'"):
        pretrain("gpt", tmp_path, preset="huge")
    with pytest.raises(ValueError, match="steps, every and save_every must be 1 or more"):
        pretrain("gpt", tmp_path, steps=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="cannot write"):
        pretrain("gpt", tmp_path / "file")
    pretrain("gpt", tmp_path / "there", steps=1)


# -- words and weights belong together


def test_a_vocabulary_of_another_model_is_refused(small, tmp_path):
    pretrain("gpt", tmp_path)
    model, vocab = with_vocabulary(tmp_path)
    check_vocabulary(model, vocab)
    n = len(vocab)
    for words in (vocab.words[:-1], [*vocab.words, "more"]):
        Vocab(words).save(tmp_path / FILE)
        with pytest.raises(CourseError, match=f"the vocabulary has {len(words)} words and the model {n}: they do not"):
            with_vocabulary(tmp_path)
    (tmp_path / FILE).unlink()
    with pytest.raises(CourseError, match=r"has no vocabulary\.json"):
        with_vocabulary(tmp_path)
    with pytest.raises(CourseError, match=r"or one of the course's own models \(tiny-gpt\)"):
        with_vocabulary("huge-gpt")
    assert replace(small, seed=1) != small
