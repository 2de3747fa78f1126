"""Whether a question was begun at all, and whether the file is the one that was meant."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from grader.records import Finding, Message, Status, Submission, say
from grader.rubric.rubric import Rubric

FEW = 0.25
"""From this share down, hardly anything of an assignment is there."""
FEW_POINTS = 0.1
"""Share of all points below which a notebook shows hardly any of the work."""


def not_begun(submission: Submission, findings: Sequence[Finding], rubric: Rubric) -> tuple[str, ...]:
    """Ids of the questions at which nothing is the student's own, and nothing of use was found elsewhere."""
    return tuple(
        question.id
        for question in rubric.questions
        if not _has_work(submission, question.id)
        and not any(_shows_work(finding, submission) for finding in findings if finding.question == question.id)
    )


def _has_work(submission: Submission, question: str) -> bool:
    """True if words of the student's own stand at a question, or code does."""
    place = submission.place(question)
    own_code = (cell for index in place.cells if (cell := submission.cells[index]).kind == "code" and not cell.given)
    return bool(place.own or place.pictures) or any(own_code)


def _shows_work(finding: Finding, submission: Submission) -> bool:
    """True for a finding that earned something, that a person looks at, or that rests on a cell of the student's."""
    if finding.points > 0 or finding.status in (Status.PASSED, Status.NEEDS_REVIEW, Status.ERROR):
        return True
    cells = [submission.cells[index] for index in finding.cells]
    return any(cell.kind == "code" and not cell.given for cell in cells)


def doubt_file(
    submission: Submission, findings: Sequence[Finding], rubric: Rubric, blank: Collection[str]
) -> Message | None:
    """Why this may be another file than the student meant to hand in; None where it plainly is the assignment's.

    Args:
        blank: ids of the questions that were not begun.
    """
    if len(blank) == len(rubric.questions) and any(cell.given and cell.source.strip() for cell in submission.cells):
        return say("No question was begun in this notebook. Is this the right file, and was it saved at the end?")
    earned = sum(finding.points for finding in findings)
    found = sum(submission.place(question.id).found_by != "none" for question in rubric.questions)
    written = [cell for cell in submission.cells if cell.source.strip()]
    given = sum(cell.given for cell in written)
    strange = found <= FEW * len(rubric.questions) and given <= FEW * len(written)
    if strange and earned < FEW_POINTS * rubric.points:
        return say("Hardly anything of this assignment was found in this notebook. Is this the right file?")
    return None
