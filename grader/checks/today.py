"""What runs today and what ran when the notebook was saved."""

from __future__ import annotations

from grader.records import Cell, CellStatus, Evidence, Submission


def ran_when_saved(cell: Cell) -> bool:
    """True for a cell that was run before the notebook was saved, and raised nothing."""
    if any(output.kind == "error" for output in cell.outputs):
        return False
    return bool(cell.outputs) or cell.execution_count is not None


def is_blocked(index: int, evidence: Evidence) -> bool:
    """True for a cell that was cut short or kept from running, or that lacks what such a cell would have made."""
    run = evidence.runs.get(index)
    if run is None:
        return False
    if run.raised is not None and run.raised.name == "NameError":
        return evidence.first_cut_short is not None and evidence.first_cut_short < index
    return run.status is CellStatus.NOT_RUN or run.cut_short


def breaks_today(cell: Cell, evidence: Evidence) -> bool:
    """True for a cell that raises today and did not when it was saved."""
    run = evidence.runs.get(cell.index)
    return run is not None and run.status is CellStatus.ERROR and ran_when_saved(cell)


def failing_cell(question: str, submission: Submission, evidence: Evidence) -> int | None:
    """The first of the student's cells in a question's place that cannot be run today."""
    cells = (submission.cells[index] for index in submission.place(question).cells)
    own = (cell.index for cell in cells if cell.kind == "code" and not cell.given)
    return next((index for index in own if _fails(index, evidence)), None)


def _fails(index: int, evidence: Evidence) -> bool:
    run = evidence.runs.get(index)
    return run is not None and (run.status is CellStatus.ERROR or is_blocked(index, evidence))
