"""All commands, and how what they raise becomes one line and an exit code."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from typer.exceptions import TyperException

from grader.cli import check, doctor, exit_codes, grade, kit, report, review, rubric
from grader.cli.wording import told
from grader.errors import GraderError, RubricError
from grader.settings import versions

app = typer.Typer(
    help="Grade deep-learning notebooks by what their models do.",
    epilog=exit_codes.EXPLAINED,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog=f"Example: {grade.EXAMPLE}")(grade.grade)
app.command(epilog=f"Example: {check.EXAMPLE}")(check.check)
app.command(epilog=f"Example: {kit.EXAMPLE}")(kit.kit)
app.command(epilog=f"Example: {doctor.EXAMPLE}")(doctor.doctor)
app.command(epilog=f"Example: {review.EXAMPLE}")(review.review)
app.command(epilog=f"Example: {report.EXAMPLE}")(report.report)

rubric_app = typer.Typer(help="Work with rubrics.")
rubric_app.command("check", epilog=f"Example: {rubric.CHECK_EXAMPLE}")(rubric.check_rubric)
rubric_app.command("copy", epilog=f"Example: {rubric.COPY_EXAMPLE}")(rubric.copy)
rubric_app.command("list", epilog=f"Example: {rubric.LIST_EXAMPLE}")(rubric.list_rubrics)
app.add_typer(rubric_app, name="rubric")


def _show_version(asked: bool) -> None:
    if asked:
        found = versions()
        rests_on = ", ".join(f"{name} {number}" for name, number in found.items() if name != "grader")
        print(f"grader {found['grader']} ({rests_on})")
        raise typer.Exit


@app.callback()
def begin(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Say which version this is, and what it rests on."
        ),
    ] = False,
) -> None:
    """Options of the grader itself."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. What is wrong is said in one line on stderr, without a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        with _sigterm_as_interrupt():
            return int(app(args=given or ["--help"], prog_name="grader", standalone_mode=False) or exit_codes.OK)
    except RubricError as error:  # with the lines that it is about
        print(f"error: {error}", file=sys.stderr)
        return exit_codes.WRONG_USAGE
    except (GraderError, TyperException) as error:
        return _refuse(told(error, given))
    except (KeyboardInterrupt, typer.Abort):
        return exit_codes.INTERRUPTED


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """While a command runs, what ends it politely from outside does what Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _refuse(problem: str) -> int:
    print(f"error: {' '.join(problem.split())}", file=sys.stderr)
    return exit_codes.WRONG_USAGE
