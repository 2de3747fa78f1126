"""What stopped the cells of a notebook, for whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from grader.records import Cell, CellError, CellStatus, Evidence, Raised, Submission
from grader.rubric.criteria import ExpectedError, is_prose
from grader.rubric.rubric import Question, Rubric
from grader.submission.slips import defined, missing_name, slip

MOST_ERRORS = 20
LONGEST_LINE = 120
LONGEST_ERROR = 300
_IN_FILE = re.compile(r" \((?:<[^<>]*>|[\w.-]+\.py), line (\d+)\)$")
"""A syntax error names a file that no student has seen."""


def cell_errors(submission: Submission, evidence: Evidence, rubric: Rubric) -> tuple[CellError, ...]:
    """The exceptions that ended cells, each cause once, in the order of the cells.

    An error that a question asks for is none of these. A cell that lacks what an earlier one would have defined stands
    with that one.
    """
    meant = _asked_for(submission, evidence, rubric)
    raised = [
        (run.cell, run.raised)
        for run in sorted(evidence.runs.values(), key=lambda run: run.cell)
        if run.status is CellStatus.ERROR and run.raised is not None and run.cell not in meant
    ]
    causes: dict[int, list[int]] = {}
    for index, error in raised:
        causes.setdefault(_cause(index, error, submission.cells, causes), []).append(index)
    errors = dict(raised)
    return tuple(
        _cell_error(
            submission.cells[cause], errors[cause], submission, errors, [index for index in then if index != cause]
        )
        for cause, then in list(causes.items())[:MOST_ERRORS]
    )


def _cell_error(
    cell: Cell, raised: Raised, submission: Submission, failed: Iterable[int], then: Sequence[int]
) -> CellError:
    return CellError(
        cell=cell.index,
        first_line=first_line(cell),
        error=_short(raised),
        ran_when_saved=_ran_when_saved(cell),
        slip=slip(cell.index, raised, submission.cells, failed),
        then=tuple(then),
    )


def _cause(index: int, raised: Raised, cells: Sequence[Cell], causes: Iterable[int]) -> int:
    """The first earlier cell that failed before it could define the name that this one lacks; else the cell itself."""
    name = missing_name(raised)
    return next((cause for cause in causes if name and name in defined(cells[cause].source)), index)


def first_line(cell: Cell) -> str:
    """The first line of a cell that is more than a comment, cut where it is long."""
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith("#")] if cell.kind == "code" else lines
    line = next(iter(telling or lines), "")
    return line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE].rstrip() + "…"


def _short(raised: Raised) -> str:
    message = " ".join(_IN_FILE.sub(r" (line \1)", raised.message.strip().partition("\n")[0]).split())
    text = f"{raised.name}: {message}" if message else raised.name
    return text if len(text) <= LONGEST_ERROR else text[:LONGEST_ERROR].rstrip() + "…"


def _ran_when_saved(cell: Cell) -> bool:
    if any(output.kind == "error" for output in cell.outputs):
        return False
    return bool(cell.outputs) or cell.execution_count is not None


def _asked_for(submission: Submission, evidence: Evidence, rubric: Rubric) -> frozenset[int]:
    """Cells whose training raised at a question that asks to see what happens, not for a training that works."""
    trying = [submission.place(question.id).cells for question in rubric.questions if _may_fail(question)]
    failed = {training.cell for training in evidence.trainings if training.raised is not None}
    return frozenset(cell for cell in failed if any(cell in cells for cells in trying))


def _may_fail(question: Question) -> bool:
    return all(isinstance(criterion, ExpectedError) or is_prose(criterion) for criterion in question.criteria)
