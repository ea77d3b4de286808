"""Pictures: the thing is where its box says, in its colour; captions say what is there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.data.scenes import COLOURS, RADIUS, SHAPES, SIDE, Box, Scenes, Thing, draw, inside, relation
from coursekit.errors import CourseError

seeds = st.integers(0, 10**6)


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 4))
def test_each_thing_fills_its_box_in_its_colour_and_nothing_else_is_coloured(seed, n):
    scene = Scenes(seed, objects=n).scene()
    assert scene.image.shape == (SIDE, SIDE, 3)
    assert scene.image.dtype == np.uint8
    assert len(scene.objects) == n
    rest = np.ones((SIDE, SIDE), dtype=bool)
    for thing in scene.objects:
        left, top, right, bottom = thing.box
        assert 0 <= left < right <= SIDE
        assert 0 <= top < bottom <= SIDE
        patch = (scene.image[top:bottom, left:right] == COLOURS[thing.colour]).all(-1)
        assert (patch == inside(thing.shape, RADIUS[thing.size])).all()
        assert rest[top:bottom, left:right].all()  # no two boxes share a pixel
        rest[top:bottom, left:right] = False
    grey = scene.image[rest]
    assert (grey == grey[:, :1]).all()
    assert grey.min() > 60
    assert grey.max() < 200


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_captions_name_things_that_are_there_and_words_point_at_them(seed):
    scene = Scenes(seed).scene()
    assert len(scene.captions) == len(scene.words) == 5
    for caption, words in zip(scene.captions, scene.words, strict=True):
        tokens = caption.split()
        assert len(tokens) == len(words)
        for token, index in zip(tokens, words, strict=True):
            if index >= 0:
                assert token in scene.objects[index][:3]
            elif token in SHAPES or token in RADIUS or token in COLOURS:
                pytest.fail(f"{token!r} of {caption!r} points at nothing")
        named = [i for i in words if i >= 0]
        assert named
        for index in set(named):  # what is said of a thing fits no other
            said = {t for t, i in zip(tokens, words, strict=True) if i == index}
            assert sum(said <= set(t[:3]) for t in scene.objects) == 1, caption


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_relations_and_places_are_true(seed):
    scene = Scenes(seed, objects=(2, 4)).scene()
    for caption, words in zip(scene.captions, scene.words, strict=True):
        named = list(dict.fromkeys(i for i in words if i >= 0))
        for phrase, axis, sign in (("left of", 0, -1), ("right of", 0, 1), ("above", 1, -1), ("below", 1, 1)):
            if f" {phrase} " in caption:
                one, other = (scene.objects[i].box.centre for i in named)
                assert (one[axis] - other[axis]) * sign >= 3
        if " at the top" in caption and len(named) == 1:
            assert scene.objects[named[0]].box.centre[1] < SIDE / 3


def test_a_relation_and_its_opposite():
    one, other = (Thing("ball", "red", "small", Box(x, 5, x + 7, 12)) for x in (0, 20))
    assert (relation(one, other), relation(other, one)) == ("left of", "right of")
    lower = one._replace(box=Box(0, 20, 7, 27))
    assert (relation(one, lower), relation(lower, one)) == ("above", "below")
    assert relation(one, one._replace(box=Box(20, 25, 27, 32))) == ""
    assert (one.place, other.place, lower.place) == ("top left", "top right", "bottom left")
    assert Thing("ball", "red", "small", Box(13, 13, 20, 20)).place == "middle"


def test_shapes_of_one_size_differ():
    masks = [inside(shape, 3).tobytes() for shape in SHAPES] + [inside(shape, 5).tobytes() for shape in SHAPES]
    assert len(set(masks)) == 12
    assert all(inside(s, r).any(0)[r] and inside(s, r).any(1).all() for s in SHAPES for r in (3, 5))


def test_a_picture_can_be_drawn_by_hand():
    box = Thing("box", "red", "small", Box(4, 6, 11, 13))
    image = draw([box], (100, 100), bytes(SIDE * SIDE))
    assert (image[6:13, 4:11] == COLOURS["red"]).all()
    assert image[5, 4].tolist() == image[13, 10].tolist() == [95, 95, 95]


def test_the_same_seed_gives_the_same_pictures():
    one, two = (Scenes(4).take(5) for _ in range(2))
    assert all(
        (a.image == b.image).all() and a.captions == b.captions and a.objects == b.objects
        for a, b in zip(one, two, strict=True)
    )
    assert not (Scenes(5).scene().image == one[0].image).all()


def test_the_number_of_objects_and_captions_is_a_switch():
    assert {len(s.objects) for s in Scenes(0, objects=3).take(20)} == {3}
    assert {len(s.objects) for s in Scenes(0, objects=(1, 2)).take(60)} == {1, 2}
    assert {len(s.captions) for s in Scenes(0, captions=2).take(5)} == {2}
    several = Scenes(0, objects=(2, 4)).take(50)
    assert sum(len(set(s.captions)) == 5 for s in several) > 45  # seldom the same twice


@pytest.mark.parametrize("objects", [0, 5, (2, 1), (1, 2, 3), True, 1.5, (1, "2")])
def test_a_wrong_number_of_objects_gets_one_sentence(objects):
    with pytest.raises(CourseError, match="is not possible: give 1 to 4, or a pair"):
        Scenes(0, objects=objects)


@pytest.mark.parametrize("captions", [0, 11, True, 2.0])
def test_a_wrong_number_of_captions_gets_one_sentence(captions):
    with pytest.raises(CourseError, match="give a whole number from 1 to 10"):
        Scenes(0, captions=captions)
