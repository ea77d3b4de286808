"""The three files of a new chapter's exercises, with one question that already passes its gates."""

from pathlib import Path

from coursekit.errors import CourseError

EXERCISE = '''# # {name}: exercises
#
# Each answer stands in one cell; running the cell checks it.

# %% [markdown] ask="q1" kind="function" points=1 minutes=5 difficulty=1 see="{number}a, Build it" uses=[]
# ## Mean
# Write `mean(numbers)`: a list of at least one number in, their mean (a number) out.


# %% answer="q1"
def mean(numbers):
    """The mean of a list of numbers."""
    ### BEGIN SOLUTION
    return sum(numbers) / len(numbers)
    ### END SOLUTION
'''

CASES = '''"""Cases of the exercises: one generator a question, and what else the checker must know."""

from random import Random

#: per question: rtol, atol, properties (see coursekit.check.compare.PROPERTIES), keep_input, seconds, grid
SETTINGS = {{"q1": {{"keep_input": True}}}}


def q1(random: Random):
    yield ([4],)
    for length in (2, 5, 9):
        yield ([random.randint(-9, 9) + 0.5 for _ in range(length)],)
'''

WRONG = '''"""Other right answers, and the well-known mistakes: (hint, one writing, another writing)."""

import statistics

RIGHT = {{"q1": [statistics.fmean, lambda numbers: sum(x / len(numbers) for x in numbers)]}}

WRONG = {{
    "q1": [
        ("Which count of numbers do you divide by?",
         lambda numbers: sum(numbers) / (len(numbers) + 1),
         lambda numbers: sum(x / (1 + len(numbers)) for x in numbers)),
        ("A mean is not a sum.", sum, lambda numbers: statistics.fmean(numbers) * len(numbers)),
    ],
}}
'''


def skeleton(name: str, folder: Path | None = None) -> list[Path]:
    """Write the master of a new chapter, such as "02_tokens". Raises CourseError if there is one already."""
    home = (folder or Path(__file__).parents[2] / "solutions") / name
    number, _, topic = name.partition("_")
    if not (number.isdigit() and topic.isidentifier()):
        raise CourseError(f"A chapter's name is like 02_tokens, and {name!r} is not.")
    if home.exists():
        raise CourseError(f"There is already a folder {home}: nothing was written.")
    home.mkdir(parents=True)
    texts = {"exercise.py": "# %% [markdown]\n" + EXERCISE, "cases.py": CASES, "wrong.py": WRONG}
    for file, text in texts.items():
        (home / file).write_text(text.format(name=name, number=number), encoding="utf-8")
    return [home / file for file in texts]
