"""A wheel of the grader as students may have it: without the rubrics that come along, which hold the answers."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path, PurePosixPath

from grader.errors import UsageError
from grader.library import PACKAGE, SHIPPED

_SECRET = PurePosixPath(PACKAGE.name, SHIPPED.name)
"""The folder of rubrics, marked answers and assignment, in a wheel."""


def wheel_for_students(path: Path) -> bytes:
    """A copy of a wheel without what the grader brings along for instructors; pip installs it as it does the wheel.

    Raises:
        UsageError: the file cannot be read as a wheel.
    """
    copy = io.BytesIO()
    try:
        with zipfile.ZipFile(path) as wheel, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as written:
            for entry in wheel.infolist():
                if not _is_secret(entry.filename):
                    content = wheel.read(entry)
                    written.writestr(entry, _public(content) if _is_record(entry.filename) else content)
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError) as error:
        raise UsageError(
            "--package must be a wheel that can be read. Received: {path} ({reason})", path=path, reason=str(error)
        ) from error
    return copy.getvalue()


def _is_secret(name: str) -> bool:
    """Also for a name in other capitals, and for what a wheel's ``.data`` folders would install at the same place."""
    parts = [part.casefold() for part in PurePosixPath(name).parts if part != "."]
    inside = parts[2:] if parts[0].endswith(".data") else parts
    return tuple(inside[: len(_SECRET.parts)]) == _SECRET.parts


def _is_record(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return file == "RECORD" and folder.endswith(".dist-info")


def _public(record: bytes) -> bytes:
    """The list of a wheel's files, without those that are left out."""
    rows = [row for row in csv.reader(io.StringIO(record.decode())) if row and not _is_secret(row[0])]
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue().encode()
