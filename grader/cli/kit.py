"""`grader kit`: what students need to check their own notebooks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.exit_codes import OK
from grader.cli.options import RUBRIC_HELP
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
            help="What students install the grader by: a wheel, which is copied into the kit, or the https:// or "
            "git+https:// address of one. Without it, the instructions leave a place for what you give them.",
            show_default=False,
        ),
    ] = "",
) -> int:
    """Make a folder for students: the rubric without answers, the assignment, and how to check a notebook."""
    from grader.kit import write_kit
    from grader.rubric.loading import load_rubric
    from grader.rubric.public import disclosed

    loaded = load_rubric(rubric)
    for file in write_kit(loaded, out, package):
        print(file)
    lines = [
        f"question {told.question} tells {told.key}: {told.value}, because of “{told.because}”"
        for told in disclosed(loaded)
    ]
    print(*dict.fromkeys(lines), sep="\n")
    if not package:
        print(
            "Students need the grader: give them its wheel or an address, or make the kit with --package WHERE. "
            "The kit's instructions leave a place for it.",
            file=sys.stderr,
        )
    return OK
