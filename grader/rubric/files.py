"""The files that a rubric names: they are opened before anything runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grader.rubric.nearest import nearest
from grader.rubric.source import Fault

LARGEST_ASSIGNMENT = 200_000_000
"""Bytes of an assignment's notebook, as of any notebook that is handed in."""


def broken_files(document: Mapping[str, Any], folder: Path) -> Iterator[Fault]:
    """What is named and is not there, or is not what it should be.

    Args:
        folder: Where the rubric stands; the paths begin there.
    """
    assignment, answers = document.get("assignment"), document.get("marked_answers")
    named = assignment if isinstance(assignment, list) else [assignment]
    for position, path in enumerate(named):
        if isinstance(path, str) and not _is_notebook(folder / path):
            rule = "'assignment' must be the path of a notebook, from the rubric's folder"
            yield Fault(("assignment", position), rule, repr(path), meant=_beside(folder, path, "*.ipynb"))
    if isinstance(answers, str) and not _has_yaml(folder / answers):
        rule = "'marked_answers' must name a folder with YAML files"
        yield Fault(("marked_answers",), rule, repr(answers), meant=_beside(folder, answers, "*/"))


def _has_yaml(folder: Path) -> bool:
    try:
        return any(folder.glob("*.yaml"))
    except (OSError, ValueError):
        return False


def _is_notebook(path: Path) -> bool:
    try:
        if path.stat().st_size > LARGEST_ASSIGNMENT:
            return False
        notebook = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(notebook, dict) and isinstance(notebook.get("cells", notebook.get("worksheets")), list)


def _beside(folder: Path, named: str, pattern: str) -> str:
    """What stands where the path points to, and is called almost like it."""
    parent = Path(named).parent
    try:
        return nearest(named, [str(parent / file.name) for file in (folder / parent).glob(pattern)])
    except (OSError, ValueError):
        return ""
