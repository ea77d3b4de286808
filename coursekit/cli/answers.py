"""`coursekit check NN`: a student's answers, or an author's questions against the gates."""

from pathlib import Path

import typer

from coursekit.errors import CourseError


def check_answers(chapter: str, notebook: Path | None) -> int:
    """Run the exercise notebook's answers against their checks; 0 if all pass."""
    from coursekit.check import check_notebook

    path = notebook or own_notebook(chapter)
    results = check_notebook(path)
    for verdict in results.values():
        typer.echo(f"{verdict.title}: {verdict.message}")
        if verdict.hint:
            typer.echo(f"    hint: {verdict.hint}")
    earned, possible = (sum(getattr(v, name) for v in results.values()) for name in ("points", "possible"))
    typer.echo(f"{earned} of {possible} points")
    return 0 if all(verdict.passed for verdict in results.values()) else 1


def own_notebook(chapter: str) -> Path:
    """The student's copy in work/exercises, which JupyterLab's folder holds."""
    found = sorted(path for path in Path("work/exercises").glob(f"{chapter}*.ipynb") if ".new-" not in path.name)
    if not found:
        raise CourseError(f"There is no exercise notebook for {chapter} in work/exercises: name it after the chapter.")
    return found[0]


def check_gates(chapter: str) -> int:
    from coursekit.check.gates import gates

    problems = gates(chapter)
    for problem in problems:
        typer.echo(problem)
    typer.echo(f"{len(problems)} problems" if problems else "all gates pass")
    return 1 if problems else 0
