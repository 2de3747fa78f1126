"""`grader check`: a student's own notebook, before it is handed in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.exit_codes import FAULT, OK
from grader.cli.options import RunOptions, data_folder, with_run_options
from grader.errors import SubmissionError, UsageError

if TYPE_CHECKING:
    from grader.executors import Executor
    from grader.jobs import Job
    from grader.records import Result

GLANCE_BYTES = 1_000
EXAMPLE = "grader check my_notebook.ipynb --rubric rubrics/fashion_mnist.yaml --sandbox none"


@with_run_options
def check(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="Your notebook.")],
    run: RunOptions,
) -> int:
    """Check your own notebook before you hand it in: what the rubric shows students, with hints."""
    from grader.executors import LocalExecutor
    from grader.head_start import give_head_start

    if not notebook.is_file():
        raise UsageError(f"NOTEBOOK must be a file. Received: {notebook}")
    notebook = notebook.resolve()
    if not _may_be_a_notebook(notebook):
        _refuse_what_is_no_notebook(notebook)
    if not run.rubric.is_file():
        raise UsageError(f"a rubric must be a readable file. Received: {run.rubric}")
    data = data_folder(run.data, run.rubric.resolve().parent)
    with LocalExecutor(1) as executor:
        give_head_start(executor, run.sandbox_kind(), data, jobs=1)
        return _check(notebook, run, data, executor)


def _check(notebook: Path, run: RunOptions, data: Path, executor: Executor) -> int:
    from rich.console import Console

    from grader.execution.sandbox import check_sandbox, check_unseen
    from grader.jobs import Job, is_faulty, read_file
    from grader.reports.translation import Translator
    from grader.rubric.loading import load_rubric
    from grader.self_check import print_self_check
    from grader.submission.assignment import read_assignment

    rubric = load_rubric(run.rubric)
    check_sandbox(run.sandbox_kind())
    check_unseen(run.sandbox_kind(), (notebook, *rubric.files))
    _refuse_what_is_no_notebook(notebook)
    job = Job(
        submission="notebook",
        path=notebook,
        file=read_file(notebook),
        rubric=rubric,
        assignment=read_assignment(rubric.assignment_path),
        sandbox=run.sandbox_kind(),
        limits=run.limits_for(rubric),
        data=data,
        store=run.training_store(),
    )
    console = Console()
    with console.status("Running and checking the notebook; this takes as long as running it."):
        result = _graded(job, executor)
    print_self_check(console, result, rubric, Translator(run.language_for(rubric)))
    return FAULT if is_faulty(result) else OK


def _may_be_a_notebook(file: Path) -> bool:
    """False where the first glance at a file shows that it is none, before anything is imported or started for it."""
    try:
        with file.open("rb") as opened:
            return opened.read(GLANCE_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    except OSError:
        return False


def _refuse_what_is_no_notebook(file: Path) -> None:
    """Raises UsageError for anything but a notebook."""
    from grader.submission.notebook import parse_notebook, read_bytes

    try:
        parse_notebook(read_bytes(file), file.name)
    except SubmissionError as error:
        raise UsageError(f"NOTEBOOK must be one that Jupyter can open. {error}") from error


def _graded(job: Job, executor: Executor) -> Result:
    from grader.executors import Finished
    from grader.jobs import fault, longest_seconds

    ending = list(executor.run(_grade, [job], seconds=longest_seconds(job.limits)))[-1]
    return ending.value if isinstance(ending, Finished) else fault(job, getattr(ending, "reason", ""))


def _grade(job: Job) -> Result:
    """`grade_one`, which the worker alone has to import."""
    from grader.pipeline import grade_one

    return grade_one(job)
