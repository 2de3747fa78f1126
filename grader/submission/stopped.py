"""What stopped the cells of a notebook, for whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from grader.records import Cell, CellError, CellRun, CellStatus, Evidence, Failure, Raised, Submission
from grader.rubric.criteria import ExpectedError, Withheld, is_prose
from grader.rubric.rubric import Question, Rubric
from grader.submission.slips import slip

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
    failed = [
        cell
        for cell, run in sorted(evidence.runs.items())
        if run.status is CellStatus.ERROR and run.raised is not None and cell not in meant
    ]
    causes: dict[int, list[int]] = {}
    for cell in failed:
        causes.setdefault(evidence.cause_of(cell), []).append(cell)
    errors = (
        _cell_error(submission.cells[cause], failure, submission, failed, then if first else ())
        for cause, blamed in sorted(causes.items())
        for then in [tuple(cell for cell in blamed if cell != cause)]
        for first, failure in _failures(evidence.runs[cause])
    )
    return tuple(islice(errors, MOST_ERRORS))


def _failures(run: CellRun) -> Iterator[tuple[bool, Failure]]:
    """What failed in a cell, the first marked; of a cell whose statements are not known, the error that ended it."""
    for position, failure in enumerate(run.failures):
        yield position == 0, failure
    if not run.failures and run.raised is not None:
        yield True, Failure(run.raised)


def _cell_error(
    cell: Cell, failure: Failure, submission: Submission, failed: Iterable[int], then: Sequence[int]
) -> CellError:
    first = first_line(cell)
    return CellError(
        cell=cell.index,
        first_line=first,
        error=_short(failure.raised),
        ran_when_saved=_ran_when_saved(cell),
        slip=slip(cell.index, failure.raised, submission.cells, failed),
        then=tuple(then),
        stopped_at="" if failure.line == first else _cut(failure.line),
        went_on=failure.went_on,
        questions=tuple(place.question for place in submission.places.values() if {cell.index, *then} & {*place.cells}),
    )


def first_line(cell: Cell) -> str:
    """The first line of a cell that is more than a comment, cut where it is long."""
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith("#")] if cell.kind == "code" else lines
    return _cut(next(iter(telling or lines), ""))


def _cut(line: str) -> str:
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
    """Also where a rubric for students withholds what is looked at."""
    return all(
        isinstance(criterion, ExpectedError | Withheld) or is_prose(criterion) for criterion in question.criteria
    )
