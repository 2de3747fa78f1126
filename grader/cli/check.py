"""`grader check`: a student's own notebook, before it is handed in."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.exit_codes import FAULT, OK
from grader.cli.options import RunOptions, data_folder, with_run_options
from grader.errors import DataError, SubmissionError, UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from grader.executors import Executor
    from grader.jobs import Job
    from grader.records import Cell, Result
    from grader.reports.translation import Translator

GLANCE_BYTES = 1_000
LOOK_SECONDS = 0.2
"""How often the running cell is looked at."""
EXAMPLE = "grader check my_notebook.ipynb --rubric rubrics/fashion_mnist.yaml --sandbox none"


@with_run_options
def check(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="Your notebook.")],
    run: RunOptions,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", show_default=False, help="Write the same as a page, too.")
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", show_default=False, help="Write the same for programs, too."),
    ] = None,
) -> int:
    """Check your own notebook before you hand it in: what the rubric shows students, with hints, and no answers."""
    from grader.executors import own_executor
    from grader.head_start import give_head_start

    if not notebook.is_file():
        raise UsageError("NOTEBOOK must be a file. Received: {notebook}", notebook=notebook)
    notebook = notebook.resolve()
    if not _may_be_a_notebook(notebook):
        _cells(notebook)
    if not run.rubric.is_file():
        raise UsageError("a rubric must be a readable file. Received: {rubric}", rubric=run.rubric)
    _refuse_no_place_to_write(html=html, json=json)
    data = data_folder(run.data, run.rubric.resolve().parent)
    with own_executor() as executor:
        give_head_start(executor, run.sandbox_kind(), data, jobs=1)
        return _check(notebook, run, data, executor, html, json)


def _check(
    notebook: Path, run: RunOptions, data: Path, executor: Executor, html: Path | None, json: Path | None
) -> int:
    from rich.console import Console

    from grader.execution.sandbox import check_sandbox, check_unseen
    from grader.jobs import LOG, Job, is_faulty, read_file
    from grader.processes import folder_for_now, is_linux
    from grader.reports.result_json import write_result_json
    from grader.reports.translation import Translator
    from grader.rubric.loading import load_rubric
    from grader.self_check import print_self_check, remarks, self_check
    from grader.submission.assignment import read_assignment
    from grader.submission.stopped import first_line

    rubric = load_rubric(run.rubric)
    check_sandbox(run.sandbox_kind())
    check_unseen(run.sandbox_kind(), (notebook, *rubric.files))
    cells = _cells(notebook)
    language = run.language_for(rubric)
    translator, console = Translator(language), Console()
    lines = {cell.index: first_line(cell) for cell in cells}
    with folder_for_now("c-") as folder:
        job = Job(
            submission=notebook.stem,
            path=notebook,
            file=read_file(notebook),
            rubric=rubric,
            assignment=read_assignment(rubric.assignment_paths),
            sandbox=run.sandbox_kind(),
            limits=run.limits_for(rubric),
            data=data,
            folder=folder / "log",
            store=run.training_store() if is_linux() else None,
            progress=folder / "cell",
            beside={path.name: path.read_bytes() for path in run.files_beside()},
        )
        with _progress(console, folder / "cell", lines, translator):
            result = _graded(job, executor)
        log = _kept_log(folder / "log" / LOG) if is_faulty(result) else None
    checked = self_check(result, rubric, lines)
    print_self_check(console, checked, translator)
    if log is not None:
        console.print(translator.say("Please send this file to whoever marks your work: {file}", file=str(log)))
    if html is not None:
        from grader.reports.student import write_student_report  # takes a moment

        write_student_report(checked.result, checked.rubric, language, html, remarks(checked, translator))
    if json is not None:
        write_result_json(checked.result, checked.rubric, language, json)
    return FAULT if is_faulty(result) else OK


@contextlib.contextmanager
def _progress(console: Console, file: Path, lines: Mapping[int, str], translator: Translator) -> Iterator[None]:
    """Show which cell runs: in one changing line on a terminal, in a line a cell elsewhere."""
    ended = threading.Event()
    console.print(translator.say("Running and checking the notebook; this takes as long as running it."))
    with console.status("") as status:
        watch = threading.Thread(target=_watch, args=(console, status, file, lines, translator, ended), daemon=True)
        watch.start()
        try:
            yield
        finally:
            ended.set()
            watch.join()


def _watch(
    console: Console,
    status: Status,
    file: Path,
    lines: Mapping[int, str],
    translator: Translator,
    ended: threading.Event,
) -> None:
    from rich.markup import escape

    from grader.records import printable

    seen = ""
    while not ended.wait(LOOK_SECONDS):
        with contextlib.suppress(OSError):
            number = file.read_text(encoding="ascii")
            if number and number != seen:
                seen, cell = number, int(number)
                where = translator.say("Cell {cell} of {cells}", cell=cell + 1, cells=len(lines))
                line = printable(f"{where}: {lines.get(cell, '')}")
                if console.is_terminal:
                    status.update(escape(line))
                else:
                    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _kept_log(log: Path) -> Path | None:
    """What the grader failed at, where it is not shown to students; None where nothing was logged."""
    from grader.cache import user_cache
    from grader.reports.files import write_bytes

    kept = user_cache() / "check.log"
    try:
        write_bytes(kept, log.read_bytes())
    except OSError:
        return None
    return kept


def _may_be_a_notebook(file: Path) -> bool:
    """False where the first glance at a file shows that it is none, before anything is imported or started for it."""
    try:
        with file.open("rb") as opened:
            return opened.read(GLANCE_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    except OSError:
        return False


def _cells(file: Path) -> tuple[Cell, ...]:
    """The notebook's cells. Raises UsageError for anything but a notebook."""
    from grader.submission.notebook import parse_notebook, read_bytes

    try:
        return parse_notebook(read_bytes(file), file.name)
    except SubmissionError as error:
        raise UsageError("NOTEBOOK must be one that Jupyter can open. {reason}", reason=error.message) from error


def _refuse_no_place_to_write(**files: Path | None) -> None:
    """Raises UsageError for a file that could not be written, before anything runs."""
    for option, file in files.items():
        if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
            raise UsageError(
                "--{option} must name a file in a folder that exists. Received: {file}", option=option, file=file
            )


def _graded(job: Job, executor: Executor) -> Result:
    """The job's result. Raises DataError where the data set is missing or damaged."""
    from grader.executors import Finished
    from grader.jobs import LOG, fault, longest_seconds

    ending = list(executor.run(_grade, [job], seconds=longest_seconds(job.limits)))[-1]
    if isinstance(ending, Finished):
        if isinstance(ending.value, DataError):
            raise ending.value
        return ending.value
    reason = getattr(ending, "reason", "")
    if job.folder is not None:
        job.folder.mkdir(exist_ok=True)
        (job.folder / LOG).write_text(reason, encoding="utf-8")
    return fault(job, reason)


def _grade(job: Job) -> Result | DataError:
    """`grade_one`, which the worker alone has to import, as it alone has to read the data set."""
    from grader.pipeline import grade_one
    from grader.training.data import load_data

    try:
        load_data(job.data)
    except DataError as error:
        return error
    return grade_one(job)
