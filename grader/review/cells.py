"""The cells of a notebook that a reviewer has to see in order to decide: their code, what raised, what was saved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grader.checks.context import CAUSE
from grader.records import Finding, Result, Status
from grader.reports.text import Piece, mark_line, shown

_LONGEST_SOURCE = 8_100
_LONGEST_SAVED = 20_100
_LONGEST_ERROR = 400


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell of a notebook, as it was handed in."""

    number: int
    """Counted from 1."""
    source: tuple[Piece, ...]
    """The line that raised is marked."""
    error: str
    """What raised in the grader's run; empty where nothing did."""
    saved: str
    """The text of its saved outputs."""


def cell_views(result: Result, findings: Iterable[Finding]) -> tuple[CellView, ...]:
    """The cells on which findings rest that wait, the one to blame first."""
    wanted: dict[int, None] = {}
    for finding in findings:
        if finding.status is Status.NEEDS_REVIEW:
            wanted |= dict.fromkeys((finding.evidence.get(CAUSE, -1), *finding.cells))
    return tuple(view for cell in wanted for view in cell_view(result, cell))


def cell_view(result: Result, cell: int) -> tuple[CellView, ...]:
    """One cell; none where it was not kept for anybody to look at."""
    looked_at = result.looked_at.get(cell)
    if looked_at is None:
        return ()
    errors = [error for error in result.errors if error.cell == cell]
    line = next((error.stopped_at or error.first_line for error in errors), "")
    return (
        CellView(
            number=cell + 1,
            source=mark_line(shown(looked_at.source, _LONGEST_SOURCE), line.removesuffix("…")),
            error=shown(" · ".join(error.error for error in errors), _LONGEST_ERROR),
            saved=shown(looked_at.saved, _LONGEST_SAVED),
        ),
    )
