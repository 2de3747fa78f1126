"""The table of marks for spreadsheets and scripts."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.records import Result
from grader.reports.files import write_text
from grader.rubric.rubric import Rubric

COLUMNS = ("submission", "status", "score", "max_score", "provisional")
"""The columns before the questions'; scripts rely on them."""
NAME = "name"
"""The last column: the student's name, as it was written."""


@dataclass(frozen=True, slots=True)
class _Style:
    """What a spreadsheet expects in a CSV file."""

    separator: str
    decimal: str
    encoding_mark: str
    question: str = ""
    """Stands before a question's id in its column's head."""
    words: Mapping[str, str] = field(default_factory=dict)
    """What stands for the words of `status` and `provisional`, where that is not themselves."""
    guesses: bool = False
    """The spreadsheet takes ``0012`` for a number and ``3.1`` for a date, where nothing tells it otherwise."""


_SPANISH = {
    "graded": "corregida",
    "partial": "corregida en parte",
    "failed": "no se pudo corregir",
    "outdated": "desactualizada",
    "true": "sí",
    "false": "no",
}
STYLES: Mapping[str, _Style] = {
    "plain": _Style(",", ".", ""),  # RFC 4180
    "excel-es": _Style(";", ",", "\ufeff", question="Pregunta ", words=_SPANISH, guesses=True),
}
"""``plain`` is for scripts, and for spreadsheets that are set to English; ``excel-es`` opens in a Spanish one.

A Spanish spreadsheet reads the head ``3.1`` as the third of January, so that ``excel-es`` calls it ``Pregunta 3.1``."""

_MONTH = r"(?:ene|feb|mar|abr|may|jun|jul|ago|sep|set|oct|nov|dic|jan|apr|aug|dec)[a-z]*"
_READ_AS_VALUE = re.compile(
    rf"\s*(?:[\d\s.,:/%€$-]*\d[\d\s.,:/%€$-]*|[\d.,]+e\d+|\d*[\s./-]*{_MONTH}[\s./-]*\d*)\s*", re.IGNORECASE
)
"""Text that a spreadsheet takes for a number, a date or a time."""

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_grades_csv(results: Iterable[Result], rubric: Rubric, path: Path, style: str = "plain") -> None:
    """Write one line a submission: `COLUMNS`, the points of each question, empty where it was not scored, and `NAME`.

    Args:
        style: One of `STYLES`.

    Example:
        >>> write_grades_csv(results, rubric, Path("out/grades.csv"))  # doctest: +SKIP
        submission,status,score,max_score,provisional,1,2,name
        ana_nunez,graded,3.75,4,false,3.5,0.25,Ana Núñez
    """
    questions = [question.id for question in rubric.questions]
    buffer = io.StringIO()
    chosen = STYLES[style]
    writer = csv.writer(buffer, delimiter=chosen.separator)  # double quotes, CRLF
    writer.writerow([*COLUMNS, *(plain_cell(chosen.question + question) for question in questions), NAME])
    writer.writerows(_row(result, questions, chosen) for result in results)
    write_text(path, chosen.encoding_mark + buffer.getvalue())


def _row(result: Result, questions: list[str], style: _Style) -> list[str]:
    score, decimal = result.score, style.decimal
    provisional = "true" if score.provisional else "false"
    marks = {question.question: question.score for question in score.questions}
    return [
        _text_cell(result.submission, style),
        style.words.get(result.status, result.status.value),
        _number(score.score, decimal),
        _number(score.max_score, decimal),
        style.words.get(provisional, provisional),
        *(_number(marks[question], decimal) if question in marks else "" for question in questions),
        _text_cell(result.submission if result.handed_in is None else result.handed_in.name, style),
    ]


def _text_cell(text: str, style: _Style) -> str:
    """Text that stays as it is: ``="0012"`` where the spreadsheet would guess, and elsewhere the plain cell."""
    if style.guesses and _READ_AS_VALUE.fullmatch(text):
        return f'="{text}"'
    return plain_cell(text)


def plain_cell(text: str) -> str:
    """Text that a spreadsheet will not run: whoever names a file ``=HYPERLINK(…)`` gets an apostrophe in front."""
    clean = text.replace("\0", "")
    return f"'{clean}" if clean.lstrip(" ").startswith(_STARTS_A_FORMULA) else clean


def _number(value: float, decimal: str) -> str:
    """A number without float noise: 0.30000000000000004 is 0.3, or 0,3."""
    if not math.isfinite(value):
        return ""
    return f"{round(value, 4) + 0.0:.4f}".rstrip("0").rstrip(".").replace(".", decimal)
