"""Values on the command line, and the options that several commands share."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from inspect import Parameter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args, get_type_hints

import typer

from grader.errors import Phrase, UsageError
from grader.library import find_rubric
from grader.rubric.language import Language
from grader.settings import DEFAULT_STORE_BYTES, CsvStyle, Sandbox, Store, default_store

if TYPE_CHECKING:
    from grader.rubric.rubric import Limits, Rubric

# --- values -----------------------------------------------------------------------------------------------------------


class BadValue(typer.BadParameter):
    """A value that an option does not take.

    Args:
        text: what is said, as a `Phrase` takes it.
    """

    def __init__(self, text: str, /, **values: Any) -> None:
        self.phrase = Phrase.of(text, values)
        super().__init__(str(self.phrase))


def one_of(kind: Any) -> Callable[[str], str]:
    """A parser that takes the values of a `Literal`."""
    choices = get_args(kind)

    def parse(value: str) -> str:
        if value not in choices:
            raise BadValue("must be one of {choices}. Received: {value}", choices=", ".join(choices), value=repr(value))
        return value

    return parse


def whole_number(value: str) -> int:
    """A parser of whole numbers above 0."""
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise BadValue("must be a whole number > 0. Received: {value}", value=repr(value))
    return int(value)


def number(value: str) -> float:
    """A parser of numbers above 0."""
    parsed = _float(value)
    if not 0 < parsed < float("inf"):
        raise BadValue("must be a number > 0. Received: {value}", value=repr(value))
    return parsed


def share(value: str) -> float:
    """A parser of shares."""
    parsed = _float(value)
    if not 0 <= parsed <= 1:
        raise BadValue("must be a share from 0 to 1. Received: {value}", value=repr(value))
    return parsed


def _float(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return -1.0


# --- single options ---------------------------------------------------------------------------------------------------


def _language(default: str) -> Any:
    return typer.Option(
        "--language", parser=one_of(Language), metavar="es|en", show_default=False,
        help=f"Language of reports and messages. {default} if not given.",
    )  # fmt: skip


LanguageName = Annotated[str | None, _language("The rubric's")]
SystemLanguage = Annotated[str | None, _language("That of the system")]
GradedLanguage = Annotated[str | None, _language("That of the grading")]


def system_language() -> Language:
    """The language that the system is set to, where the grader speaks it; else English."""
    set_to = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return cast(Language, set_to[:2].casefold()) if set_to[:2].casefold() in get_args(Language) else "en"


DataFolder = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="FOLDER", show_default=False,
        help="The data set's four files, or its .npz. Looked for beside the rubric, in Keras's cache and where "
        "Debian's package puts it if not given.",
    ),
]  # fmt: skip
GradebookUrl = Annotated[
    str,
    typer.Option(
        "--gradebook", metavar="URL", envvar="GRADER_GRADEBOOK", show_default=False,
        help="A database. gradebook.db in OUT if not given.",
    ),
]  # fmt: skip
CsvStyleName = Annotated[
    str | None,
    typer.Option(
        "--csv-style", parser=one_of(CsvStyle), metavar="plain|excel-es", show_default=False,
        help="excel-es writes grades.csv for a Spanish spreadsheet (; between columns, decimal comma). "
        "As it was written last, or plain, if not given.",
    ),
]  # fmt: skip
GradedOut = Annotated[Path, typer.Argument(metavar="OUT", help="The folder that --out of grade named.")]


def data_folder(given: Path | None, beside: Path | None = None) -> Path:
    """Where the data set's files stand. Raises DataError where they are not to be found."""
    from grader.training.data import find_data

    return find_data(given, beside)


RUBRIC_HELP = "A rubric's YAML file, or the name of one that `grader rubric list` names."

# --- options of the commands that run notebooks -----------------------------------------------------------------------


def _limit(parser: Callable[[str], float], unit: str, meaning: str) -> Any:
    text = f"{meaning} The rubric's if not given."
    return typer.Option(parser=parser, metavar=unit, help=text, rich_help_panel="Limits", show_default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOptions:
    """The rubric's `Limits`, each as an option of the same name."""

    seconds_per_cell: Annotated[float | None, _limit(number, "SECONDS", "Wall time of one cell.")] = None
    seconds_per_submission: Annotated[float | None, _limit(number, "SECONDS", "Wall time of one notebook.")] = None
    memory_mb: Annotated[int | None, _limit(whole_number, "MB", "Memory of the kernel and all its children.")] = None
    output_mb: Annotated[float | None, _limit(number, "MB", "What all cells together may print or show.")] = None
    files_mb: Annotated[int | None, _limit(whole_number, "MB", "What may be written to disk.")] = None
    processes: Annotated[int | None, _limit(whole_number, "NUMBER", "Processes at one time.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions(LimitOptions):
    """What decides how notebooks are run."""

    rubric: Annotated[Path, typer.Option("--rubric", parser=find_rubric, metavar="RUBRIC", help=RUBRIC_HELP)]
    language: LanguageName = None
    sandbox: Annotated[
        str,
        typer.Option(
            "--sandbox", parser=one_of(Sandbox), metavar="bwrap|none",
            help="bwrap isolates each notebook; none runs it as you, which is for notebooks you trust.",
        ),
    ] = "bwrap"  # fmt: skip
    data: DataFolder = None
    store: Annotated[
        str,
        typer.Option(
            "--store", metavar="URL", show_default=False,
            help="Where trainings are kept: a folder, or a URL of any file system that fsspec knows. "
            "A folder in your cache if not given.",
        ),
    ] = ""  # fmt: skip
    store_gb: Annotated[
        float,
        typer.Option("--store-gb", parser=number, metavar="GB", help="What was not used for longest goes beyond it."),
    ] = DEFAULT_STORE_BYTES / 1e9
    no_replay: Annotated[bool, typer.Option("--no-replay", help="Train everything in the students' kernels.")] = False
    with_files: Annotated[
        list[Path] | None,
        typer.Option(
            "--with", metavar="FILE", show_default=False,
            help="A module, data or picture that every notebook finds beside it. May be given several times. "
            "What stands in a folder of one student alone comes along by itself.",
        ),
    ] = None  # fmt: skip

    def limits_for(self, rubric: Rubric) -> Limits:
        """The rubric's limits, but for those that were given."""
        from grader.rubric.rubric import Limits

        given = {field.name: getattr(self, field.name) for field in fields(LimitOptions)}
        return Limits(
            **rubric.limits.model_dump() | {name: value for name, value in given.items() if value is not None}
        )

    def language_for(self, rubric: Rubric) -> Language:
        """The language that was given, or the rubric's."""
        return cast(Language, self.language or rubric.language)

    def files_beside(self) -> tuple[Path, ...]:
        """The files of ``--with``. Raises UsageError for one that may not come into a sandbox."""
        from grader.execution.beside import LARGEST_FILE, why_not

        files = tuple(path.resolve() for path in self.with_files or ())
        for path in files:
            if not path.is_file() or path.stat().st_size > LARGEST_FILE:
                most = f"{LARGEST_FILE / 1e6:.0f} MB"
                raise UsageError(
                    "--with must name a readable file of at most {most}. Received: {path}", most=most, path=path
                )
            problem = why_not(PurePosixPath(path.name))
            if problem is not None:
                raise UsageError(
                    "--with must name a file that may come along. Received: {path}. {problem}",
                    path=path,
                    problem=problem,
                )
        return files

    def sandbox_kind(self) -> Sandbox:
        """How notebooks are isolated."""
        return cast(Sandbox, self.sandbox)

    def training_store(self) -> Store | None:
        """Where trainings are kept; None to train everything in the kernels."""
        url = self.store if "://" in self.store else str(Path(self.store or default_store()).absolute())
        return None if self.no_replay else Store(url, int(self.store_gb * 1e9))


def with_run_options(command: Callable[..., int]) -> Callable[..., int]:
    """The command, with an option for each field of `RunOptions` in the place of its parameter `run`."""
    hints = get_type_hints(RunOptions, include_extras=True)
    shared = [
        Parameter(
            field.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(RunOptions)
    ]
    parameters: list[Parameter] = []
    for item in inspect.signature(command, eval_str=True).parameters.values():
        parameters += shared if item.name == "run" else [item.replace(kind=Parameter.KEYWORD_ONLY)]

    def spread(**given: Any) -> int:
        run = RunOptions(**{item.name: given.pop(item.name) for item in shared})
        return command(**given, run=run)

    spread.__name__, spread.__doc__ = command.__name__, command.__doc__
    spread.__annotations__ = {item.name: item.annotation for item in parameters}
    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return spread
