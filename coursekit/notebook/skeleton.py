"""`coursekit new NN_topic`: a chapter that builds, verifies and says what to write where."""

import re
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.notebook.places import checkout

_SOURCE = """\
# %% [markdown] slideshow={{"slide_type": "slide"}}
# # {number} {title}
# Minutes, what it needs, and what the reader can do at the end.

# %% tags=["bootstrap"]

# %% [markdown] slideshow={{"slide_type": "notes"}}
# What the lecturer says here, with minutes.

# %% [markdown]
# ## Remember
# Five questions: two from the last chapter, two from two to four back, one older.

# %% [markdown] tags=["quiz"]
# quiz: remember1

# %% [markdown] slideshow={{"slide_type": "slide"}}
# ## Why
# The question that this chapter answers, and why anybody asks it.

# %% [markdown] slideshow={{"slide_type": "slide"}}
# ## The idea
# In words and one picture, before any formula.

# %% [markdown] slideshow={{"slide_type": "slide"}}
# ## Build it
# The equation, its ten lines, and the check that they equal the package.

# %%
import math

from coursekit.notebook import predict, result

surprise = [-math.log(p) for p in (0.5, 0.25, 0.25)]
result(surprise=surprise, rtol=1e-12)

# %% [markdown]
# ## Use it
# Train it on the small world.

# %% [markdown]
# ## Look inside
# The explorable: `coursekit.show.slider`.

# %% [markdown] slideshow={{"slide_type": "slide"}}
# ## Measure it
# First the reader's guess, then the result against the floor and the alternatives.

# %%
predict("perplexity")

# %%
result(perplexity=math.exp(sum(surprise) / len(surprise)), rtol=1e-12)

# %% [markdown]
# ## Where it breaks
# The case that it cannot do, run.

# %% [markdown]
# ## On real data
# The same code on text that nobody generated.

# %% [markdown]
# ## Check yourself

# %% [markdown] tags=["quiz"]
# quiz: check1

# %% [markdown]
# ## Further reading
# The papers, each with the one thing to read it for.
"""

_QUIZ = """\
# One question a name; each wrong option names the misconception behind it.
questions:
  remember1:
    text: What does a probability of 1/4 cost in nats?
    options:
      - {text: "ln 4 = 1.39", right: true, why: The surprise of an outcome is minus the logarithm of its probability.}
      - {text: "1/4", misconception: taking the probability itself for its cost, why: A rarer outcome costs more.}
  check1:
    text: What is the perplexity of a fair coin?
    options:
      - {text: "2", right: true, why: It is as uncertain as a choice among two equal outcomes.}
      - {text: "0.69", misconception: taking the entropy for the perplexity, why: Perplexity is its exponential.}
"""

_EXPERIMENTS = '''\
"""What chapter {number} measures over several seeds or in long training, run by `coursekit experiment {number}`."""

import random

SEEDS = (0, 1, 2)


def coin(preset: str, seed: int) -> dict[str, float]:
    """The share of heads among fair tosses: replace it by what the chapter measures."""
    draw = random.Random(seed)
    tosses = {{"tiny": 1000, "colab": 10_000, "full": 100_000}}[preset]
    return {{"heads": sum(draw.random() < 0.5 for _ in range(tosses)) / tosses}}


EXPERIMENTS = {{"coin": coin}}
'''


def new_chapter(name: str, root: Path | None = None) -> list[Path]:
    """Write a chapter's skeleton: source, quiz, experiments and exercise set; returns the files.

    Raises CourseError for a name that is not NN_topic and for a number that is taken: nothing is overwritten.
    """
    match = re.fullmatch(r"(\d\d)_([a-z0-9]+(?:_[a-z0-9]+)*)", name)
    if not match:
        raise CourseError(f"A chapter is called NN_topic in small letters, as in 02_tokens, and {name!r} is not")
    root = root or checkout()
    number, topic = match.groups()
    notebooks = root / "notebooks"
    files = {
        notebooks / "src" / f"{number}a_{topic}.py": _SOURCE,
        notebooks / "quiz" / f"{name}.yaml": _QUIZ,
        notebooks / "experiments" / f"{name}.py": _EXPERIMENTS,
    }
    for folder in [*{path.parent for path in files}, root / "solutions"]:
        for taken in sorted(folder.glob(f"{number}[a-z_]*")):
            raise CourseError(f"Chapter {number} has begun already: {taken.relative_to(root)} is there")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = {"number": number, "title": topic.replace("_", " ").capitalize()}
        path.write_text(text if text is _QUIZ else text.format(**fields), encoding="utf-8")
    return [*files, *_exercises(name, root)]


def _exercises(name: str, root: Path) -> list[Path]:
    """The exercise set's own skeleton; its format belongs to coursekit.check."""
    from coursekit.check.master import skeleton

    return list(skeleton(name, root / "solutions"))
