"""`grader rubric`: what is asked and what it is worth."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, cast

import typer

from grader.cli.exit_codes import OK
from grader.cli.options import RUBRIC_HELP, LanguageName
from grader.library import copy_rubric, find_rubric, rubric_names, rubrics_folder
from grader.rubric.language import Language

CHECK_EXAMPLE = "grader rubric check rubrics/fashion_mnist.yaml"
COPY_EXAMPLE = "grader rubric copy fashion_mnist --out my_course"
LIST_EXAMPLE = "grader rubric list"


def check_rubric(
    rubric: Annotated[Path, typer.Argument(parser=find_rubric, metavar="RUBRIC", help=RUBRIC_HELP)],
    language: LanguageName = None,
) -> int:
    """Say what a rubric contains, or name each line that breaks a rule."""
    from rich.console import Console

    from grader.reports.translation import Translator
    from grader.rubric.loading import doubtful, load_rubric
    from grader.terminal import print_rubric

    loaded = load_rubric(rubric)
    translator = Translator(cast(Language, language or loaded.language))
    for doubt in doubtful(rubric):
        print(translator.say("warning: {doubt}", doubt=doubt), file=sys.stderr)
    print_rubric(Console(), loaded, translator)
    return OK


def list_rubrics() -> int:
    """Name the rubrics that the grader brings along, each with its file."""
    for name in rubric_names():
        print(f"{name}  {rubrics_folder() / name}.yaml")
    return OK


def copy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One that `grader rubric list` names.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FOLDER",
            show_default=False,
            help="Where the copy goes. A folder of that name if not given.",
        ),
    ] = None,
) -> int:
    """Copy a rubric that comes along, with its assignment and marked answers, to edit it. Nothing is overwritten."""
    rubric, *_ = copies = copy_rubric(name, out or Path(name))
    for file in copies:
        print(file)
    from grader.reports.translation import Translator
    from grader.rubric.loading import load_rubric

    told = Translator(load_rubric(rubric).language).say(
        "Edit it, then: {command}", command=f"grader rubric check {shlex.quote(str(rubric))}"
    )
    print(told)
    return OK
