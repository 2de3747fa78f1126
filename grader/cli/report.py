"""`grader report`: the pages of a class, written anew."""

from __future__ import annotations

import sys
from typing import cast

from grader.cli.exit_codes import FAULT, OK
from grader.cli.options import CsvStyleName, GradebookUrl, GradedLanguage, GradedOut
from grader.rubric.language import Language
from grader.settings import CsvStyle

EXAMPLE = "grader report out/class"


def report(
    out: GradedOut, language: GradedLanguage = None, gradebook: GradebookUrl = "", csv_style: CsvStyleName = None
) -> int:
    """Write reports, class page and grades.csv anew, with every mark given since; nothing is graded."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    from grader.publishing import report_class
    from grader.reports.translation import Translator
    from grader.terminal import fault_lines, reported_lines

    console = Console()
    with Progress(
        *Progress.get_default_columns(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        written = report_class(
            out,
            gradebook,
            cast(Language | None, language),
            cast(CsvStyle | None, csv_style),
            lambda submissions: progress.track(submissions, description="grader report"),
        )
    translator = Translator(written.language)
    for line in fault_lines(written.faults, translator):
        print(line, file=sys.stderr)
    for line in reported_lines(written.results, written.missing, out / "index.html", translator):
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    return FAULT if written.faults else OK
