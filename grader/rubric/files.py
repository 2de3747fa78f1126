"""The files that a rubric names: they are opened before anything runs."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grader.rubric.nearest import nearest
from grader.rubric.source import Fault

LARGEST_ASSIGNMENT = 200_000_000
"""Bytes of an assignment's notebook, as of any notebook that is handed in."""
MISSING = ", which is not there"


def broken_files(document: Mapping[str, Any], folder: Path) -> Iterator[Fault]:
    """What is named and is not there, or is not what it should be.

    Args:
        folder: Where the rubric stands; the paths begin there.
    """
    assignment, answers = document.get("assignment"), document.get("marked_answers")
    named = assignment if isinstance(assignment, list) else [assignment]
    for position, path in enumerate(named):
        if isinstance(path, str) and (problem := _no_notebook(folder / path)):
            rule = "'assignment' must be the path of a notebook, from the rubric's folder"
            near = _beside(folder, path, "*.ipynb") if problem == MISSING else ""
            yield Fault(("assignment", position), rule, f"{path!r}{problem}", meant=near if near != path else "")
    if isinstance(answers, str) and not _has_yaml(folder / answers):
        rule = "'marked_answers' must name a folder with YAML files"
        there = _exists(folder / answers)
        near = "" if there else _beside(folder, answers, "*/")
        yield Fault(("marked_answers",), rule, f"{answers!r}{', which has none' if there else MISSING}", meant=near)


def _has_yaml(folder: Path) -> bool:
    try:
        return any(folder.glob("*.yaml"))
    except (OSError, ValueError):
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _no_notebook(path: Path) -> str:
    """What a path leads to instead of a notebook with cells; empty for one. Only regular files are opened."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            return ", which is a folder"
        if not stat.S_ISREG(found.st_mode):
            return ", which is no regular file"
        if found.st_size > LARGEST_ASSIGNMENT:
            return f", which has more than {LARGEST_ASSIGNMENT} bytes"
        notebook = json.loads(path.read_bytes())
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        return f" ({error.strerror})"
    except (ValueError, RecursionError):
        return MISSING if "\0" in str(path) else ", which is there and is no notebook"
    sheets = notebook.get("worksheets") if isinstance(notebook, dict) else None
    cells = notebook.get("cells", sheets) if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return ", which is there and is no notebook"
    return "" if cells else ", a notebook without a cell"


def _beside(folder: Path, named: str, pattern: str) -> str:
    """What stands where the path points to, and is called almost like it."""
    parent = Path(named).parent
    try:
        return nearest(named, [str(parent / file.name) for file in (folder / parent).glob(pattern)])
    except (OSError, ValueError):
        return ""
