"""`grader kit`: what students need to check their own notebooks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.exit_codes import OK
from grader.cli.options import RUBRIC_HELP, LanguageName
from grader.library import find_rubric

EXAMPLE = "grader kit fashion_mnist --out kit"


def kit(
    rubric: Annotated[Path, typer.Argument(parser=find_rubric, metavar="RUBRIC", help=RUBRIC_HELP)],
    out: Annotated[
        Path, typer.Option("--out", metavar="KIT", help="A folder that is new or empty.", show_default=False)
    ],
    package: Annotated[
        str,
        typer.Option(
            "--package",
            metavar="WHERE",
            help="What students install the grader by: a wheel, which is copied into the kit without the rubrics in "
            "it, or the https:// or git+https:// address of one. Without it, the instructions leave a place for what "
            "you give them.",
            show_default=False,
        ),
    ] = "",
    language: LanguageName = None,
) -> int:
    """Make a folder for students: the rubric without answers, the assignment, and how to check a notebook."""
    from grader.kit import is_address, write_kit
    from grader.reports.translation import Translator
    from grader.rubric.loading import load_rubric
    from grader.rubric.public import disclosed

    loaded = load_rubric(rubric)
    translator = Translator(language or loaded.language)
    for file in write_kit(loaded, out, package):
        print(file)
    lines = [
        translator.say(
            "question {question} tells {key}: {value}, because of “{because}”",
            question=told.question,
            key=told.key,
            value=str(told.value),
            because=told.because,
        )
        for told in disclosed(loaded)
    ]
    print(*dict.fromkeys(lines), sep="\n")
    if not package:
        needed = translator.say(
            "Students need the grader: give them its wheel or an address, or make the kit with --package WHERE. "
            "The kit's instructions leave a place for it."
        )
        print(needed, file=sys.stderr)
    if is_address(package):
        warned = translator.say(
            "Students who install from {package} also get the rubrics that the grader brings along, with their "
            "answers, unless a kit's copy stands there: --package FILE puts one without them into the kit.",
            package=package,
        )
        print(warned, file=sys.stderr)
    return OK
