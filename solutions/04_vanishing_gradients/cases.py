"""Cases of chapter 04's exercises: one generator a question, and what else the checker must know."""

from random import Random

import numpy as np

from coursekit.check.master import case

SETTINGS = {
    "q1": {"seconds": 2.0, "keep_input": True},
    "q3": {"keep_input": True},
    "q5": {"keep_input": True, "rtol": 1e-5, "atol": 1e-7},
    "q7": {"keep_input": True, "atol": 1e-7},
    "q8": {"keep_input": True},
    "q10": {"keep_input": True},
    "q11": {"keep_input": True},
}


def array(random: Random, *shape: int, size: float = 1) -> np.ndarray:
    flat = [round(random.uniform(-size, size), 2) for _ in range(int(np.prod(shape)))]
    return np.array(flat).reshape(shape)


def q1(random: Random):
    shear = np.array([[0.5, 2.0], [0.0, 0.5]])
    yield case(np.array([1.0, 0.0]), np.stack([shear, shear, shear]), about="the same Jacobian three times")
    for steps, hidden in ((1, 2), (2, 2), (4, 3)):
        yield case(array(random, hidden), array(random, steps, hidden, hidden))


def q3(random: Random):
    yield case(np.array([0.0, 0.99]), np.array([[0.5, 1.0], [2.0, -1.0]]), about="a unit at rest and a saturated one")
    yield case(np.array([0.5]), np.array([[2.0]]), about="a single unit")
    for hidden in (2, 3, 4):
        yield case(array(random, hidden, size=0.95), array(random, hidden, hidden, size=2))


def q5(random: Random):
    yield case([np.array([3.0, 0.0]), np.array([[4.0]])], 1, about="the joint norm is 5")
    yield case([np.array([0.3, -0.4]), np.array([[0.5, 0.1]])], 1, about="a norm below the limit")
    yield case([np.array([0.6, -0.4]), np.array([0.6, 0.5])], 1, about="each norm below the limit, not the joint one")
    yield case([np.zeros(2), np.zeros((1, 2))], 0.5, about="all gradients are 0")
    yield case([np.array([0.5, -2.0])], 1.5, about="a single parameter")
    for most in (0.5, 2.0):
        yield case([array(random, 2, 2, size=3), 1 + array(random, 3), array(random, 1)], most)


def q7(random: Random):
    yield case(np.array([[-2.0, 1.0], [0.0, 3.0]]), about="a matrix that is zero below its diagonal")
    for hidden in (2, 3, 3, 4):
        draws = array(random, hidden, hidden, size=2)
        while abs(np.linalg.det(draws)) < 0.3:
            draws = array(random, hidden, hidden, size=2)
        yield case(draws)


def gated(random: Random, gates: int, width: int, hidden: int) -> tuple[np.ndarray, ...]:
    rows = gates * hidden
    return array(random, rows, width), array(random, rows, hidden, size=2), array(random, rows)


def q8(random: Random):
    for width, hidden in ((1, 1), (2, 2), (3, 2)):
        x, h, c = array(random, width), array(random, hidden), array(random, hidden, size=2)
        yield case(x, h, c, *gated(random, 4, width, hidden), about="a single unit" * (hidden == 1))


def q10(random: Random):
    for width, hidden in ((1, 1), (2, 2), (3, 2)):
        x, h = array(random, width), array(random, hidden)
        about = "a single unit" * (hidden == 1)
        yield case(x, h, *gated(random, 3, width, hidden), array(random, 3 * hidden), about=about)


def q11(random: Random):
    yield case(np.array([[[0.5, 1.0], [0.0, -0.5]]]), about="one layer")
    yield case(np.zeros((3, 2, 2)), about="layers that add nothing")
    for layers, hidden in ((2, 2), (3, 2), (4, 3)):
        yield case(array(random, layers, hidden, hidden))
