"""`grader rubric`: what is asked and what it is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from grader.cli.exit_codes import OK
from grader.cli.options import LanguageName
from grader.rubric.language import Language

CHECK_EXAMPLE = "grader rubric check rubrics/fashion_mnist.yaml"


def check_rubric(
    rubric: Annotated[Path, typer.Argument(metavar="RUBRIC", help="The rubric, in YAML.")],
    language: LanguageName = None,
) -> int:
    """Say what a rubric contains, or name the first line that breaks a rule."""
    from rich.console import Console

    from grader.reports import Translator
    from grader.rubric.loading import load_rubric
    from grader.terminal import print_rubric

    loaded = load_rubric(rubric)
    print_rubric(Console(), loaded, Translator(cast(Language, language or loaded.language)))
    return OK
