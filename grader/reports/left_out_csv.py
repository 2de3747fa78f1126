"""The table of all that was handed in and is not graded."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from grader.records import LeftOut
from grader.reports.files import write_text
from grader.reports.grades_csv import STYLES, plain_cell
from grader.reports.translation import Translator

COLUMNS = ("path", "reason", "why", "name", "submission")
"""``reason`` is a word for programs, ``why`` a sentence in the reader's language; ``name`` and ``submission`` are empty
where nobody knows whose it is, or where nothing of the same student is graded.
"""


def write_left_out_csv(left_out: Iterable[LeftOut], language: str, path: Path, style: str = "plain") -> None:
    """Write one line for each file or folder that is not graded, after `COLUMNS`; `style` is as of grades.csv."""
    translator = Translator(language)
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=STYLES[style].separator)
    writer.writerow(COLUMNS)
    for entry in left_out:
        cells = (entry.path, entry.reason.value, translator.text(entry.why), entry.name, entry.submission)
        writer.writerow(map(plain_cell, cells))
    write_text(path, STYLES[style].encoding_mark + buffer.getvalue())
