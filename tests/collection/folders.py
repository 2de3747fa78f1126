"""Folders of submissions for tests, made of the paths in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from course import RUBRIC
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.collection import collect
from grader.records import Collection, HandedIn, LeftOut
from grader.rubric.loading import load_rubric
from grader.submission import Assignment

HEADING = "## Pregunta 1 (2 puntos)"


def notebook(*cells: str, heading: str = HEADING) -> str:
    return json.dumps(new_notebook(cells=[new_markdown_cell(heading), *map(new_code_cell, cells)]))


def make(folder: Path, *paths: str) -> Path:
    """Write files, each of its own content, and folders, whose paths end in a slash."""
    for path in paths:
        file = folder / path
        if path.endswith("/"):
            file.mkdir(parents=True, exist_ok=True)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(notebook(f"print({path!r})") if path.casefold().endswith(".ipynb") else "x", encoding="utf-8")
    return folder


def collected(folder: Path, *, known: Sequence[str] = (), skip: Sequence[Path] = ()) -> Collection:
    rubric = folder.parent / "rubric.yaml"
    rubric.write_text(RUBRIC, encoding="utf-8")
    return collect(folder, load_rubric(rubric), Assignment(), known=known, skip=skip)


def students(found: Collection) -> dict[str, tuple[str, set[str]]]:
    """By the graded file: the name, and the student's other notebooks."""
    return {one.file: (one.name, {*one.others}) for one in found.submissions}


def ids(found: Collection) -> dict[str, str]:
    return {one.file: one.submission for one in found.submissions}


def by_file(found: Collection) -> dict[str, HandedIn]:
    return {one.file: one for one in found.submissions}


def by_path(found: Collection) -> dict[str, LeftOut]:
    return {entry.path: entry for entry in found.left_out}
