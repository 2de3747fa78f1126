"""The command line: grade a class, check one's own notebook, check a rubric."""

from __future__ import annotations

import getpass
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer
from rich.console import Console
from typer.exceptions import TyperException

from grader.errors import GraderError, UsageError
from grader.execution import check_sandbox, gaps, protections
from grader.executors import Finished, LocalExecutor
from grader.jobs import Job, fault, is_faulty, read_file
from grader.pipeline import SECONDS_TO_JUDGE, grade_class, grade_one
from grader.publishing import open_class, report_class
from grader.reports import Translator
from grader.review import serve_desk
from grader.rubric.base import Language
from grader.rubric.loading import load_rubric
from grader.rubric.rubric import Limits, Rubric
from grader.settings import Executor, Sandbox, Settings, Store, default_store
from grader.submission import read_assignment
from grader.terminal import (
    ClassProgress,
    audit_lines,
    gaps_line,
    marks_table,
    print_rubric,
    print_self_check,
    protections_table,
)
from grader.training.data import DEFAULT_FOLDER, load_data
from grader.training.trajectories import DEFAULT_MAX_BYTES

OK, FAULT, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: a fault is the grader's own; a student's bad notebook is none."""
DEFAULT_STORE_GB = DEFAULT_MAX_BYTES / 1e9

app = typer.Typer(
    help="Grade deep-learning notebooks by what their models do.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
rubric_app = typer.Typer(help="Work with rubrics.")
app.add_typer(rubric_app, name="rubric")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. What is wrong is said in one line on stderr, without a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        return int(app(args=given or ["--help"], prog_name="grader", standalone_mode=False) or OK)
    except TyperException as error:
        problem = error.format_message().rstrip(".")
        return _refuse(problem if "Received: " in problem else f"{problem}. Received: {' '.join(given)}")
    except GraderError as error:
        return _refuse(str(error))
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED


def _refuse(problem: str) -> int:
    print(f"error: {' '.join(problem.split())}", file=sys.stderr)
    return WRONG_USAGE


# --- values on the command line ---------------------------------------------------------------------------------------


def _one_of(kind: Any) -> Callable[[str], str]:
    choices = get_args(kind)

    def parse(value: str) -> str:
        if value not in choices:
            raise typer.BadParameter(f"must be one of {', '.join(choices)}. Received: {value!r}")
        return value

    return parse


def _whole_number(value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise typer.BadParameter(f"must be a whole number > 0. Received: {value!r}")
    return int(value)


def _number(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise typer.BadParameter(f"must be a number > 0. Received: {value!r}")
    return number


def _limit(name: str, parser: Callable[[str], float], unit: str) -> Any:
    field = Limits.model_fields[name]
    option = f"--{name.replace('_', '-')}"
    text = f"{field.description} The rubric's if not given."
    return typer.Option(option, parser=parser, metavar=unit, help=text, rich_help_panel="Limits", show_default=False)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


RubricFile = Annotated[Path, typer.Option("--rubric", metavar="FILE", help="The rubric, in YAML.", show_default=False)]
LanguageName = Annotated[
    str | None,
    typer.Option(
        "--language", parser=_one_of(Language), metavar="es|en", show_default=False,
        help="Language of reports and messages. The rubric's if not given.",
    ),
]  # fmt: skip
SandboxName = Annotated[
    str,
    typer.Option(
        "--sandbox", parser=_one_of(Sandbox), metavar="bwrap|none",
        help="bwrap isolates each notebook; none runs it as you, which is for notebooks you trust.",
    ),
]  # fmt: skip
DataFolder = Annotated[Path, typer.Option("--data", metavar="FOLDER", help="The data set's four files.")]
SecondsPerCell = Annotated[float | None, _limit("seconds_per_cell", _number, "SECONDS")]
SecondsPerSubmission = Annotated[float | None, _limit("seconds_per_submission", _number, "SECONDS")]
MemoryMb = Annotated[int | None, _limit("memory_mb", _whole_number, "MB")]
OutputMb = Annotated[float | None, _limit("output_mb", _number, "MB")]
FilesMb = Annotated[int | None, _limit("files_mb", _whole_number, "MB")]
Processes = Annotated[int | None, _limit("processes", _whole_number, "NUMBER")]


GradebookUrl = Annotated[
    str,
    typer.Option(
        "--gradebook", metavar="URL", help="A database. gradebook.db in OUT if not given.", show_default=False
    ),
]
GradedOut = Annotated[Path, typer.Argument(metavar="OUT", help="The folder that --out of grade named.")]
StoreUrl = Annotated[
    str,
    typer.Option(
        "--store", metavar="URL", show_default=False,
        help="Where trainings are kept: a folder, or a URL of any file system that fsspec knows. "
        "A folder in your cache if not given.",
    ),
]  # fmt: skip
StoreGb = Annotated[
    float,
    typer.Option("--store-gb", parser=_number, metavar="GB", help="What was not used for longest goes beyond it."),
]
NoReplay = Annotated[bool, typer.Option("--no-replay", help="Train everything in the students' kernels.")]


def _store(url: str, gigabytes: float, no_replay: bool) -> Store | None:
    if "://" not in url:
        url = str(Path(url or default_store()).absolute())
    return None if no_replay else Store(url, int(gigabytes * 1e9))


def _check_executor(executor: str, scheduler: str, workers: int | None, store: str, no_replay: bool) -> None:
    """Raises UsageError where options do not go together."""
    if executor == "local":
        if scheduler:
            raise UsageError(f"--scheduler is for --executor dask. Received: {scheduler}")
        return
    if not scheduler:
        raise UsageError("--executor dask needs the address of a scheduler. Received: no --scheduler")
    if workers is not None:
        raise UsageError(f"--workers is for --executor local: a Dask cluster has its own. Received: {workers}")
    if not store and not no_replay:
        raise UsageError(
            "--executor dask needs a store that all workers share, or --no-replay. Received: neither --store nor that"
        )


def _share(value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise typer.BadParameter(f"must be a share from 0 to 1. Received: {value!r}")
    return share


def _limits(rubric: Rubric, **given: float | None) -> Limits:
    return Limits(**rubric.limits.model_dump() | {name: value for name, value in given.items() if value is not None})


# --- commands ---------------------------------------------------------------------------------------------------------


@app.command(epilog="Example: grader grade submissions --rubric rubrics/fashion_mnist.yaml --out out/class")
def grade(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder with the submitted notebooks.")],
    rubric: RubricFile,
    out: Annotated[Path, typer.Option("--out", metavar="OUT", help="Where marks and pages go.", show_default=False)],
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            parser=_whole_number,
            metavar="NUMBER",
            show_default=False,
            help="Submissions graded at one time. As many as there are cores if not given.",
        ),
    ] = None,
    executor: Annotated[
        str,
        typer.Option(
            "--executor",
            parser=_one_of(Executor),
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
    language: LanguageName = None,
    sandbox: SandboxName = "bwrap",
    data: DataFolder = DEFAULT_FOLDER,
    regrade: Annotated[bool, typer.Option("--regrade", help="Grade also what has not changed.")] = False,
    gradebook: GradebookUrl = "",
    store: StoreUrl = "",
    store_gb: StoreGb = DEFAULT_STORE_GB,
    no_replay: NoReplay = False,
    audit: Annotated[
        float,
        typer.Option(
            "--audit", parser=_share, metavar="SHARE", help="Grade this share once more without replay, and compare."
        ),
    ] = 0.0,
    seconds_per_cell: SecondsPerCell = None,
    seconds_per_submission: SecondsPerSubmission = None,
    memory_mb: MemoryMb = None,
    output_mb: OutputMb = None,
    files_mb: FilesMb = None,
    processes: Processes = None,
) -> int:
    """Grade a folder of notebooks: marks, feedback for each student, and a page for the class.

    Grading again does only what is new or changed, and keeps every mark that a person gave.
    """  # fmt: skip
    _check_executor(executor, scheduler, workers, store, no_replay)
    loaded = load_rubric(rubric)
    limits = _limits(
        loaded,
        seconds_per_cell=seconds_per_cell,
        seconds_per_submission=seconds_per_submission,
        memory_mb=memory_mb,
        output_mb=output_mb,
        files_mb=files_mb,
        processes=processes,
    )
    settings = Settings(
        out=out,
        language=cast(Language, language or loaded.language),
        sandbox=cast(Sandbox, sandbox),
        limits=limits,
        data=data.absolute(),
        workers=workers or _cores(),
        regrade=regrade,
        gradebook=gradebook,
        store=_store(store, store_gb, no_replay),
        audit=audit,
        executor=cast(Executor, executor),
        scheduler=scheduler,
    )
    return _grade(folder, loaded, settings)


def _grade(folder: Path, rubric: Rubric, settings: Settings) -> int:
    console, translator = Console(), Translator(settings.language)
    progress = ClassProgress(console, translator)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if settings.executor == "local" and (found := gaps(settings.sandbox)):
        console.print(gaps_line(found), highlight=False, soft_wrap=True, markup=False)
    with progress.screen():
        report = grade_class(folder, rubric, settings, progress)
    console.print(marks_table(report.results, translator))
    for line in audit_lines(report.results, translator):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    for problem in report.faults:
        print(f"fault: {problem}", file=sys.stderr)
    if report.missing:
        console.print(f"Not graded: {report.missing}. The same command goes on where this one ended.", highlight=False)
    console.print(f"Class page: {settings.out / 'index.html'}", highlight=False, soft_wrap=True, markup=False)
    if report.interrupted:
        return INTERRUPTED
    return FAULT if report.faults or report.missing else OK


@app.command(epilog="Example: grader check my_notebook.ipynb --rubric rubrics/fashion_mnist.yaml --sandbox none")
def check(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="Your notebook.")],
    rubric: RubricFile,
    language: LanguageName = None,
    sandbox: SandboxName = "bwrap",
    data: DataFolder = DEFAULT_FOLDER,
    store: StoreUrl = "",
    store_gb: StoreGb = DEFAULT_STORE_GB,
    no_replay: NoReplay = False,
    seconds_per_cell: SecondsPerCell = None,
    seconds_per_submission: SecondsPerSubmission = None,
    memory_mb: MemoryMb = None,
    output_mb: OutputMb = None,
    files_mb: FilesMb = None,
    processes: Processes = None,
) -> int:
    """Check your own notebook before you hand it in: what the rubric shows students, with hints."""
    loaded = load_rubric(rubric)
    if not notebook.is_file():
        raise UsageError(f"NOTEBOOK must be a file. Received: {notebook}")
    check_sandbox(cast(Sandbox, sandbox))
    load_data(data)
    job = Job(
        submission="notebook",
        path=notebook,
        file=read_file(notebook),
        rubric=loaded,
        assignment=read_assignment(loaded.assignment_path),
        sandbox=cast(Sandbox, sandbox),
        limits=_limits(
            loaded,
            seconds_per_cell=seconds_per_cell,
            seconds_per_submission=seconds_per_submission,
            memory_mb=memory_mb,
            output_mb=output_mb,
            files_mb=files_mb,
            processes=processes,
        ),
        data=data,
        store=_store(store, store_gb, no_replay),
    )
    console, translator = Console(), Translator(language or loaded.language)
    with console.status("Running and checking the notebook; this takes as long as running it."):
        seconds = job.limits.seconds_per_submission + SECONDS_TO_JUDGE
        with LocalExecutor(1) as executor:
            ending = list(executor.run(grade_one, [job], seconds=seconds))[-1]
    result = ending.value if isinstance(ending, Finished) else fault(job, getattr(ending, "reason", ""))
    print_self_check(console, result, loaded, translator)
    return FAULT if is_faulty(result) else OK


@app.command(epilog="Example: grader doctor")
def doctor(data: DataFolder = DEFAULT_FOLDER) -> int:
    """Try what this machine can do to hold a hostile notebook, and say what to do where that is less than all."""
    load_data(data)
    console = Console()
    with console.status("Trying the sandbox."):
        found = protections(data.absolute(), Limits())
    console.print(protections_table(found))
    return OK if all(protection.held == "full" for protection in found) else FAULT


@app.command(epilog="Example: grader review out/class --who ana --blind")
def review(
    out: GradedOut,
    who: Annotated[
        str, typer.Option("--who", metavar="NAME", help="Who marks. Your login name if not given.", show_default=False)
    ] = "",
    port: Annotated[
        int | None,
        typer.Option(
            "--port", parser=_whole_number, metavar="NUMBER", help="A free one if not given.", show_default=False
        ),
    ] = None,
    blind: Annotated[bool, typer.Option("--blind", help="Hide names, and shuffle the order.")] = False,
    model_url: Annotated[
        str,
        typer.Option(
            "--model-url",
            metavar="URL",
            show_default=False,
            help="An OpenAI-compatible service that gives a second opinion where you ask for it. It is sent answers, "
            "and no names. Its key, if it asks for one, stands in GRADER_MODEL_KEY.",
        ),
    ] = "",
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help="The model of that service.", show_default=False)
    ] = "",
    language: LanguageName = None,
    gradebook: GradebookUrl = "",
) -> int:
    """Decide at a page in your browser what the grader leaves to a person; any other mark can be changed there, too."""
    if bool(model_url) != bool(model):
        raise UsageError(f"--model-url and --model go together. Received: {model_url or model}")
    if model_url and not model_url.startswith(("http://", "https://")):
        raise UsageError(f"--model-url must start with http:// or https://. Received: {model_url}")
    console = Console()

    def announce(address: str) -> None:
        console.print(f"Review desk: {address}", highlight=False, soft_wrap=True, markup=False)
        console.print(f"End it with Ctrl-C; then 'grader report {out}' writes the reports anew.", highlight=False)

    serve_desk(
        open_class(out, gradebook, cast(Language | None, language)),
        out,
        announce,
        who=" ".join((who or getpass.getuser()).split())[:80],
        port=port or 0,
        blind=blind,
        model_url=model_url,
        model_name=model,
    )
    return OK


@app.command(epilog="Example: grader report out/class")
def report(out: GradedOut, language: LanguageName = None, gradebook: GradebookUrl = "") -> int:
    """Write reports, class page and grades.csv anew, with every mark given since; nothing is graded."""
    results, faults = report_class(out, gradebook, cast(Language | None, language))
    for problem in faults:
        print(f"fault: {problem}", file=sys.stderr)
    console = Console()
    waiting = sum(result.score.provisional for result in results)
    console.print(f"{len(results)} submissions, {waiting} with a provisional mark.", highlight=False)
    console.print(f"Class page: {out / 'index.html'}", highlight=False, soft_wrap=True, markup=False)
    return FAULT if faults else OK


@rubric_app.command("check", epilog="Example: grader rubric check rubrics/fashion_mnist.yaml")
def check_rubric(
    rubric: Annotated[Path, typer.Argument(metavar="RUBRIC", help="The rubric, in YAML.")],
    language: LanguageName = None,
) -> int:
    """Say what a rubric contains, or name the first line that breaks a rule."""
    loaded = load_rubric(rubric)
    print_rubric(Console(), loaded, Translator(language or loaded.language))
    return OK
