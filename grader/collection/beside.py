"""Which files of a folder are one student's beside the notebook that is graded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from grader.collection.grouping import Student
from grader.collection.left_out import why_left_out
from grader.collection.listing import Entry, Kind
from grader.errors import SubmissionError
from grader.execution.beside import LARGEST_FILE, why_not, within_bounds
from grader.records import Message, Reason, say
from grader.rubric.rubric import Rubric
from grader.submission.notebook import read_bytes

LONGEST_TEXT = 5_000_000
"""Bytes of a notebook or module that are looked through for names of files."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The files beside a notebook."""

    files: tuple[PurePosixPath, ...] = ()
    """Those that come into its sandbox, from the listed folder on."""
    refused: Mapping[PurePosixPath, Message] = field(default_factory=dict)
    """Those that do not, and why."""


def files_beside(
    notebook: PurePosixPath,
    student: Student,
    entries: Sequence[Entry],
    students: Sequence[Student],
    folder: Path,
    rubric: Rubric,
) -> Beside:
    """The files in the notebook's folder and below it; none where that folder is not this student's alone.

    Args:
        folder: the one that was listed.
        rubric: it and what it names may stand there, too.
    """
    home = notebook.parent
    inside = [entry for entry in entries if entry.path.is_relative_to(home) and entry.kind is Kind.FILE]
    own = {entry.path for entry in student.notebooks}
    others = [place for other in students if other is not student for place in other.places]
    if any(entry.is_notebook and entry.path not in own for entry in inside) or any(
        place.is_relative_to(home) for place in others
    ):
        return Beside()
    wanted = _wanted([entry for entry in inside if not _is_of_course(folder / entry.path, rubric)], notebook, folder)
    refused = {path: why for path in wanted if (why := why_not(path.relative_to(home))) is not None}
    sizes = [(path, _size(folder / path)) for path in wanted if path not in refused]
    kept = within_bounds(sizes)
    too_large = say("It does not come into the notebook's sandbox: the files there are too large, or too many.")
    refused |= {path: too_large for path, _ in sizes if path not in kept}
    return Beside(tuple(kept), refused)


def _is_of_course(file: Path, rubric: Rubric) -> bool:
    """True for rubrics and what they name, which no notebook is to see."""
    path, home = file.resolve(), Path(rubric.folder).resolve()
    named = [item.resolve() for item in rubric.files if item.resolve() != home]
    is_rubric = path.parent == home and path.suffix.casefold() in (".yaml", ".yml")
    return is_rubric or any(path == item or path.is_relative_to(item) for item in named)


def _wanted(entries: Sequence[Entry], notebook: PurePosixPath, folder: Path) -> list[PurePosixPath]:
    """Data and pictures of a student's own folder, and whatever else the notebook, or a module that it names, names.

    What nobody names may be another work, or somebody else's: an archive, a script, anything in a class's own folder.
    """
    home = notebook.parent
    files = [entry for entry in entries if ".ipynb" not in entry.path.name.casefold()]
    found = [entry.path for entry in files if home.parts and why_left_out(entry)[0] is Reason.OTHER_FILE]
    texts = [_text(folder / notebook)]
    while texts:
        text = texts.pop()
        named = [
            entry.path for entry in files if entry.path not in found and _names(text, entry.path.relative_to(home))
        ]
        found += named
        texts += [_text(folder / path) for path in named if path.suffix == ".py"]
    return found


def _names(text: str, path: PurePosixPath) -> bool:
    """True if code imports a module or the package that it is in, or names a file or the folder that it is in."""
    top = re.escape(path.parts[0].removesuffix(".py"))
    forms = [rf"(?:from|import)[^\n\"\\]*(?<![\w.]){top}(?!\w)"]
    if len(path.parts) > 1:
        forms.append(rf"(?<!\w){top}(?:/|\\?[\"'])")
    if path.suffix:
        forms.append(rf"(?<!\w){re.escape(path.name)}(?!\w)")
    return any(re.search(form, text) for form in forms)


def _text(path: Path) -> str:
    try:
        return read_bytes(path)[:LONGEST_TEXT].decode("utf-8", "replace")
    except SubmissionError:
        return ""


def _size(path: Path) -> int:
    """In bytes; of what cannot be looked at, more than any file may have."""
    try:
        return path.stat(follow_symlinks=False).st_size
    except OSError:
        return LARGEST_FILE + 1


def read_beside(folder: Path, notebook: str, files: Sequence[str]) -> dict[str, bytes]:
    """The contents of files beside a notebook, by their path from its folder on; of those that can still be read.

    Args:
        folder: of the submissions.
        notebook: the one that is graded, and `files`: from there on.
    """
    home = PurePosixPath(notebook).parent
    found: dict[str, bytes] = {}
    for file in files:
        with suppress(SubmissionError):
            found[str(PurePosixPath(file).relative_to(home))] = read_bytes(folder / file)
    return found
