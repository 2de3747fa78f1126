"""What a rubric for students leaves to the one who marks."""

from __future__ import annotations

from grader.checks.context import Context
from grader.records import Finding, say
from grader.rubric.criteria import Withheld


def check_withheld(criterion: Withheld, context: Context) -> Finding:
    """Marked later, where there is something to mark."""
    cells = [context.submission.cells[index] for index in context.place.cells]
    own_code = any(cell.kind == "code" and not cell.given for cell in cells)
    if context.place.passages or context.place.pictures or (own_code and not criterion.prose):
        return context.review(criterion, say("This is marked after you have handed it in."), "static")
    return context.missing(criterion, say("No answer was found."))
