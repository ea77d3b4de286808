"""The commands. Each one calls a function of the package and says in one sentence what went wrong."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from coursekit.errors import CourseError

app = typer.Typer(help="A course on sequence models.", add_completion=False, rich_markup_mode=None)
Chapter = Annotated[str, typer.Argument(metavar="NN", help="a chapter's number or name, such as 01")]
Chapters = Annotated[str | None, typer.Argument(metavar="[NN]", help="such as 01 or 01a; all if left out")]


@app.command()
def lab(
    folder: Annotated[Path, typer.Option(help="where your own copies live")] = Path("work"),
    port: Annotated[int, typer.Option(help="the port to use; 0 takes a free one", min=0, max=65535)] = 0,
    browser: Annotated[bool, typer.Option(help="open a browser window")] = True,
    copy_only: Annotated[bool, typer.Option(help="copy the notebooks and stop")] = False,
) -> int:
    """Copy the notebooks into your own folder, without touching what you wrote there, and open JupyterLab."""
    from coursekit.cli import copies, server

    for line in copies.update(folder):
        typer.echo(line)
    return 0 if copy_only else server.serve(folder, port, browser)


@app.command()
def build(
    chapter: Chapters = None,
    check: Annotated[bool, typer.Option(help="build aside and say whether the result is the committed one")] = False,
) -> int:
    """Execute the notebooks' sources and write the notebooks, exercises, solutions and their check data."""
    from coursekit.notebook.build import build
    from coursekit.notebook.exercises import build_exercises

    # Exercises first: a notebook's metadata carries the digest of its exercise set.
    apart = build_exercises(chapter, check=check)
    return max(apart, build(chapter, check=check))


@app.command()
def verify(
    chapter: Chapters = None,
    canary: Annotated[bool, typer.Option(help="under three processor settings instead of one")] = False,
) -> int:
    """Run the notebooks again and compare every stored result."""
    from coursekit.notebook import canary as settings
    from coursekit.notebook.build import verify

    return settings.run(chapter) if canary else verify(chapter)


@app.command()
def check(
    chapter: Chapter,
    notebook: Annotated[Path | None, typer.Argument(help="your exercise notebook; by default the one in work/")] = None,
    gates: Annotated[bool, typer.Option(help="for authors: hold the chapter's questions against the gates")] = False,
) -> int:
    """Check your answers to a chapter's exercises."""
    from coursekit.cli.answers import check_answers, check_gates

    return check_gates(chapter) if gates else check_answers(chapter, notebook)


@app.command()
def experiment(
    chapter: Chapter,
    only: Annotated[list[str] | None, typer.Option(help="the name of one entry; may be given again")] = None,
    preset: Annotated[str | None, typer.Option(help="tiny, colab or full; else COURSEKIT_PRESET, else tiny")] = None,
    again: Annotated[bool, typer.Option(help="run also what the ledger already holds")] = False,
) -> int:
    """Run a chapter's longer experiments over their seeds and keep the values in its ledger."""
    from coursekit.notebook.experiments import run_experiments
    from coursekit.train.presets import preset as checked

    run_experiments(chapter, only=only, preset=checked(preset), again=again)
    return 0


@app.command()
def pretrain(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="what to pre-train: gpt")],
    out: Annotated[Path, typer.Option(help="the folder to write; a run that was broken off there goes on")],
    preset: Annotated[str | None, typer.Option(help="tiny, colab or full; else COURSEKIT_PRESET, else tiny")] = None,
    steps: Annotated[int | None, typer.Option(help="steps of training; else the preset's", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="of the stories and the first weights; else 0", min=0)] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps; else the fastest that computes rightly")] = None,
) -> int:
    """Pre-train a small language model on the world, and write it with its card in the published format."""
    from coursekit.train.device import pick_device, self_check
    from coursekit.train.pretraining import pretrain

    if device and (trouble := self_check(device)):
        raise CourseError(f"{trouble.split(' (')[0]}: choose cpu, or leave --device out.")

    def progress(step: int, loss: float) -> None:
        if step % 100 == 0:
            typer.echo(f"step {step:,}: {loss:.3f} nats a word")

    card = pretrain(model, out, preset=preset, steps=steps, seed=seed, device=pick_device(device), progress=progress)
    typer.echo(f"{out}: {card.gap:.4f} nats a word above the floor of {card.floor:.4f}")
    return 0


@app.command()
def doctor() -> int:
    """Show versions and device, and check that the device computes what the processor computes."""
    from coursekit.cli.doctor import report

    lines, healthy = report()
    typer.echo("\n".join(lines))
    return 0 if healthy else 1


@app.command()
def new(name: Annotated[str, typer.Argument(metavar="NN_topic", help="such as 16_state_spaces")]) -> int:
    """Write the skeleton of a new chapter: notebook source, quiz, experiments, exercises."""
    from coursekit.notebook.skeleton import new_chapter

    for path in new_chapter(name):
        typer.echo(path)
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run one command; an error is one sentence on stderr and a non-zero exit, never a traceback."""
    try:
        code = app(arguments, prog_name="coursekit", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except (typer.Exit, typer.Abort) as stop:
        return getattr(stop, "exit_code", 1)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("COURSEKIT_DEBUG"):
            raise
        print(f"coursekit: {sentence(error)}", file=sys.stderr)
        return getattr(error, "exit_code", 1)


def sentence(error: Any) -> str:
    """What a user reads: our own errors and wrong usage as they are, anything else with the way to see more."""
    if hasattr(error, "format_message"):
        return f"{error.format_message()} (coursekit --help lists the commands)"
    if isinstance(error, CourseError):
        return str(error)
    first = next(iter(str(error).splitlines()), "") or "no further word"
    return f"{type(error).__name__}: {first} (COURSEKIT_DEBUG=1 shows where)"
