"""What every check is given, and how a check says what it found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from grader.checks.attribution import Attribution
from grader.checks.today import breaks_today, is_blocked, ran_when_saved
from grader.records import (
    Basis,
    Cell,
    CellStatus,
    Evidence,
    Finding,
    Message,
    Place,
    Status,
    Submission,
    Training,
    say,
)
from grader.rubric.criteria import Criterion
from grader.rubric.rubric import Question, Rubric
from grader.training.data import DataSet
from grader.training.service import Trainings

MOST_PLACES = 3
"""Cells that are named where nothing was found."""
CAUSE = "cause"
"""In a finding's evidence: the cell that is to blame for it. What one cell is to blame for is decided at once."""


@dataclass(frozen=True)
class Context:
    """One criterion's view of one submission."""

    submission: Submission
    evidence: Evidence
    rubric: Rubric
    data: DataSet
    answers: Mapping[str, Attribution]
    """Which training answers which question."""
    question: Question
    trainings: Trainings | None = None
    """What the trusted trainer has and does; None where it is not at hand."""
    doubts: Mapping[str, Message] = field(default_factory=dict)
    """By question, why a person looks at what its prose earns."""

    @cached_property
    def place(self) -> Place:
        """Where this question is answered."""
        return self.submission.place(self.question.id)

    def training(self, question: str | None = None) -> Training | None:
        """The training that answers a question (this one by default), None if there is none."""
        found = self.answers.get(question or self.question.id)
        return None if found is None else found.training

    def parts_in_place(self, training: Training | None) -> list[Training]:
        """The calls of ``fit`` by which the same model was trained in the question's place, up to this one."""
        if training is None:
            return []
        return [
            other
            for other in self.evidence.trainings
            if other.model == training.model and other.cell in self.place.cells and other.id <= training.id
        ]

    def epochs_in_place(self, training: Training | None) -> int:
        """Epochs of `parts_in_place` taken together."""
        return sum(part.epochs for part in self.parts_in_place(training))

    # --- findings ---------------------------------------------------------------------------------------------------

    def passed(self, criterion: Criterion, message: Message, basis: Basis, **more: Any) -> Finding:
        """All points."""
        return self.finding(criterion, Status.PASSED, criterion.points, message, basis, **more)

    def failed(self, criterion: Criterion, message: Message, basis: Basis, **more: Any) -> Finding:
        """No points."""
        return self.finding(criterion, Status.FAILED, 0.0, message, basis, **more)

    def review(self, criterion: Criterion, message: Message, basis: Basis, points: float = 0.0, **more: Any) -> Finding:
        """A person decides; until then, `points`."""
        return self.finding(criterion, Status.NEEDS_REVIEW, points, message, basis, **more)

    def finding(
        self,
        criterion: Criterion,
        status: Status,
        points: float,
        message: Message,
        basis: Basis,
        cells: Iterable[int] = (),
        evidence: Mapping[str, Any] | None = None,
    ) -> Finding:
        """A finding of this question."""
        return Finding(
            question=self.question.id,
            check=criterion.id,
            status=status,
            points=points,
            max_points=criterion.points,
            message=message,
            basis=basis,
            cells=tuple(cells),
            evidence=evidence or {},
        )

    def missing(self, criterion: Criterion, message: Message, cells: Iterable[int] | None = None) -> Finding:
        """What a criterion needs is not there: the student's omission, unless the run shows another reason.

        Cells that a limit kept from running block the criterion; cells that plainly ran when the notebook was saved,
        and raise today, send it to a person.
        """
        wanted = tuple(cells) if cells is not None else self._relevant_cells()
        blocked = [index for index in wanted if self.blocked(index)]
        if blocked:
            reason = say("Not judged: cell {cell} was cut short or did not run.", cell=blocked[0] + 1)
            if any(ran_when_saved(self.submission.cells[index]) for index in blocked):
                return self.review(criterion, reason, "static", cells=blocked)
            return self.finding(criterion, Status.SKIPPED, 0.0, reason, "static", cells=blocked)
        broken = [index for index in wanted if self.breaks_today(index)]
        if broken:
            saved = saved_text(self.submission.cells[broken[0]])[:2000]
            reason = self._why_broken(broken[0])
            evidence = {"saved_output": saved, CAUSE: self.evidence.cause_of(broken[0])}
            return self.review(criterion, reason, "static", cells=broken, evidence=evidence)
        return self.failed(criterion, message, "static", cells=self._looked_in())

    def _looked_in(self) -> tuple[int, ...]:
        """Where the question's answer was looked for, so that it can be told: the student's code there, the cells that
        raised first, or else what the student wrote there; where nothing is, the place itself."""
        own = [index for index in self.place.cells if not self.submission.cells[index].given]
        code = [index for index in own if self.submission.cells[index].kind == "code"]
        runs = self.evidence.runs
        code.sort(key=lambda index: index not in runs or runs[index].status is not CellStatus.ERROR)
        return tuple((code or own or self.place.cells)[:MOST_PLACES])

    def _why_broken(self, index: int) -> Message:
        """Why a cell raises today, by its first cause."""
        cause = self.evidence.cause_of(index)
        run = self.evidence.runs[cause]
        error = "" if run.raised is None else f"{run.raised.name}: {run.raised.message[:200]}"
        if cause == index:
            return say(
                "Cell {cell} ran when the notebook was saved, but raises {error} today; "
                "a person looks at its saved outputs.",
                cell=index + 1,
                error=error,
            )
        return say(
            "Cell {cell} ran when the notebook was saved, but lacks today what cell {cause} would have made, which "
            "stopped at “{line}”: {error}; a person looks at its saved outputs.",
            cell=index + 1,
            cause=cause + 1,
            line=next((failure.line for failure in run.failures), "") or "…",
            error=error,
        )

    def _relevant_cells(self) -> tuple[int, ...]:
        """The question's code cells; the whole notebook's where the question has none of its own."""
        own = tuple(
            index
            for index in self.place.cells
            if self.submission.cells[index].kind == "code" and not self.submission.cells[index].given
        )
        return own or tuple(cell.index for cell in self.submission.cells if cell.kind == "code" and not cell.given)

    @cached_property
    def unread(self) -> Cell | None:
        """A cell that is too long to be looked at, and may hold what the question asks for."""
        left_out = [cell for cell in self.submission.cells if cell.left_out]
        here = [cell for cell in left_out if cell.index in self.place.cells or not self.place.cells]
        return here[0] if here else None

    def blocked(self, index: int) -> bool:
        """True for a cell that was cut short or kept from running, or that lacks what such a cell would have made."""
        return is_blocked(index, self.evidence)

    def breaks_today(self, index: int) -> bool:
        """True for a cell that raises today and did not when it was saved."""
        return breaks_today(self.submission.cells[index], self.evidence)


def saved_text(cell: Cell) -> str:
    """All text of a cell's saved outputs, streams joined in order."""
    return "".join(output.text for output in cell.outputs if output.kind != "error")
