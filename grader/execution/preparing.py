"""What the recorder is told of a cell before it runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from grader.execution.old_code import refused_in
from grader.records import Cell, Output

NOTHING: dict[str, Any] = {"off": [], "saved": []}
MOST_LINES = 500
"""Lines of a cell's saved output that are looked at for answers."""
LONGEST_LINE = 500
"""Characters; a longer line than any answer is none."""
_ASKS = re.compile(r"\b(?:input|getpass)\b")


def asks(cell: Cell) -> bool:
    """True if a cell's code may ask whoever sits before it."""
    return cell.kind == "code" and _ASKS.search(cell.source) is not None


def prepare(cell: Cell, *, asks: bool) -> dict[str, Any]:
    """The arguments of the recorder's command: what of old code means nothing in a cell, and what it showed.

    Args:
        asks: some cell of the notebook asks for input; without one the recorder needs no lines.
    """
    return {"off": sorted(refused_in(cell.outputs)), "saved": _lines_shown(cell.outputs) if asks else []}


def _lines_shown(outputs: Sequence[Output]) -> list[str]:
    text = "".join(output.text for output in outputs if output.kind == "stream" and output.name == "stdout")
    return [line for line in text.splitlines()[:MOST_LINES] if line.strip() and len(line) <= LONGEST_LINE]
