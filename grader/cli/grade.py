"""`grader grade`: a class."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from grader.cli.exit_codes import FAULT, INTERRUPTED, OK
from grader.cli.options import (
    CsvStyleName,
    GradebookUrl,
    RunOptions,
    data_folder,
    one_of,
    share,
    whole_number,
    with_run_options,
)
from grader.errors import UsageError
from grader.settings import CsvStyle, Executor, Settings, SharedAs

if TYPE_CHECKING:
    from grader.rubric.rubric import Rubric

EXAMPLE = "grader grade submissions --rubric rubrics/fashion_mnist.yaml --out out/class"


@with_run_options
def grade(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder with the submitted notebooks.")],
    run: RunOptions,
    out: Annotated[Path, typer.Option("--out", metavar="OUT", help="Where marks and pages go.", show_default=False)],
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            parser=whole_number,
            metavar="NUMBER",
            show_default=False,
            help="Submissions graded at one time. As many as there are cores if not given.",
        ),
    ] = None,
    executor: Annotated[
        str,
        typer.Option(
            "--executor",
            parser=one_of(Executor),
            metavar="local|dask",
            help="local grades in processes of this machine, dask on the workers of a Dask cluster.",
        ),
    ] = "local",
    scheduler: Annotated[
        str,
        typer.Option(
            "--scheduler", metavar="ADDRESS", show_default=False, help="Dask's scheduler: tcp://10.0.0.1:8786, say."
        ),
    ] = "",
    regrade: Annotated[bool, typer.Option("--regrade", help="Grade also what has not changed.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="NAME",
            show_default=False,
            help="Grade or regrade this submission alone, named as the pages name it. May be given several times.",
        ),
    ] = None,
    shared: Annotated[
        str | None,
        typer.Option(
            "--shared",
            parser=one_of(SharedAs),
            metavar="given|own",
            show_default=False,
            help="Whose the texts are that most submissions share: given to students, or their own.",
        ),
    ] = None,
    gradebook: GradebookUrl = "",
    csv_style: CsvStyleName = None,
    audit: Annotated[
        float,
        typer.Option(
            "--audit", parser=share, metavar="SHARE", help="Grade this share once more without replay, and compare."
        ),
    ] = 0.0,
) -> int:
    """Grade a folder of notebooks: marks, feedback for each student, and a page for the class.

    Grading again does only what is new or changed, and keeps every mark that a person gave.
    """  # fmt: skip
    from grader.rubric.loading import load_rubric

    _check_executor(executor, scheduler, workers, run)
    rubric = load_rubric(run.rubric)
    settings = Settings(
        out=out,
        language=run.language_for(rubric),
        sandbox=run.sandbox_kind(),
        limits=run.limits_for(rubric),
        data=data_folder(run.data, Path(rubric.folder)),
        workers=workers or _cores(),
        regrade=regrade,
        beside=run.files_beside(),
        only=tuple(only or ()),
        gradebook=gradebook,
        shared=cast(SharedAs | None, shared),
        csv_style=cast(CsvStyle | None, csv_style),
        store=run.training_store(),
        audit=audit,
        executor=cast(Executor, executor),
        scheduler=scheduler,
    )
    return _grade(folder, rubric, settings)


def _check_executor(executor: str, scheduler: str, workers: int | None, run: RunOptions) -> None:
    """Raises UsageError where options do not go together."""
    if executor == "local":
        if scheduler:
            raise UsageError("--scheduler is for --executor dask. Received: {scheduler}", scheduler=scheduler)
        return
    if not scheduler:
        raise UsageError("--executor dask needs the address of a scheduler. Received: no --scheduler")
    if workers is not None:
        raise UsageError(
            "--workers is for --executor local: a Dask cluster has its own. Received: {workers}", workers=workers
        )
    if not run.store and not run.no_replay:
        raise UsageError(
            "--executor dask needs a store that all workers share, or --no-replay. Received: neither --store nor that"
        )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _grade(folder: Path, rubric: Rubric, settings: Settings) -> int:
    from rich.console import Console

    from grader.execution.protection import gaps
    from grader.pipeline import grade_class
    from grader.publishing import desk_command
    from grader.reports.translation import Translator
    from grader.terminal import (
        ClassProgress,
        audit_lines,
        ending_lines,
        fault_lines,
        gaps_line,
        handed_in_lines,
        marks_table,
        withheld_lines,
    )

    console, translator = Console(), Translator(settings.language)
    progress = ClassProgress(console, translator)
    if settings.executor == "local" and (found := gaps(settings.sandbox)):
        console.print(gaps_line(found, translator), highlight=False, soft_wrap=True, markup=False)
    for line in withheld_lines(rubric, translator):
        print(line, file=sys.stderr)
    with progress.screen():
        report = grade_class(folder, rubric, settings, progress)
    console.print(marks_table(report.results, translator))
    told = handed_in_lines(report.results, report.left_out, translator)
    for line in (*told, *audit_lines(report.results, translator)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    for line in fault_lines(report.faults, translator):
        print(line, file=sys.stderr)
    desk = desk_command(settings.out, settings.gradebook)
    for line in ending_lines(report, bool(settings.only), settings.out / "index.html", translator, desk):
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    if report.interrupted:
        return INTERRUPTED
    return FAULT if report.faults or (report.missing and not settings.only) else OK
