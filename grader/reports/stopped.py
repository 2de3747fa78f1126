"""What stopped a notebook and what of it was never begun, as every reader is told: on the page and on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from grader.records import CellError, Finding, Result, Status
from grader.reports.text import shown
from grader.reports.translation import Translator

_LONGEST = 500


@dataclass(frozen=True, slots=True)
class StoppedCell:
    """One cell that raised."""

    cell: int
    """Counted from 1."""
    first_line: str
    error: str
    """As Python says it."""
    remarks: tuple[str, ...]
    """The likely slip, and what came of it, in the reader's language."""
    stopped_at: str = ""
    """The statement that raised, where it is not the cell's first line."""


def raised_cells(result: Result, translator: Translator) -> tuple[StoppedCell, ...]:
    """The cells that raised when the grader ran the notebook, in order, each cause once."""
    return tuple(
        StoppedCell(
            cell=error.cell + 1,
            first_line=shown(error.first_line, _LONGEST),
            error=shown(error.error, _LONGEST),
            remarks=tuple(shown(remark, _LONGEST) for remark in _remarks(error, result, translator)),
            stopped_at=shown(error.stopped_at, _LONGEST),
        )
        for error in sorted(result.errors, key=lambda error: error.cell)
    )


def stopped_cells(result: Result, translator: Translator) -> tuple[StoppedCell, ...]:
    """Those of `raised_cells` that cost points, or may: what was asked for, or harmed nothing, stopped nobody."""
    costly = {error.cell + 1 for error in result.errors if _at_risk(error, result) or _may_be_missed(error, result)}
    return tuple(cell for cell in raised_cells(result, translator) if cell.cell in costly)


def points_at_risk(result: Result) -> tuple[float, tuple[int, ...]]:
    """How many points depend on cells that stopped with an error, and on which, counted from 1."""
    found = {error.cell + 1: _at_risk(error, result) for error in result.errors}
    findings = {(finding.question, finding.check): finding for risk in found.values() for finding in risk}
    cells = tuple(sorted(cell for cell, risk in found.items() if risk))
    return _points(findings.values()), cells


def _at_risk(error: CellError, result: Result) -> tuple[Finding, ...]:
    """What was lost, or waits for a person, on account of a cell that raised."""
    findings = (finding for score in result.score.questions for finding in score.findings)
    return tuple(finding for finding in findings if _is_on_account_of(error, finding, result))


def _may_be_missed(error: CellError, result: Result) -> bool:
    """Whether a cell that is no question's may have held what was found nowhere."""
    findings = (finding for score in result.score.questions for finding in score.findings)
    return not error.questions and any(
        finding.status is Status.FAILED and not finding.cells and _is_unseen(finding) for finding in findings
    )


def _is_on_account_of(error: CellError, finding: Finding, result: Result) -> bool:
    if finding.status not in (Status.FAILED, Status.SKIPPED, Status.NEEDS_REVIEW):
        return False
    if finding.evidence.get("cause") == error.cell or blamed_cell(finding, causes(result)) == error.cell:
        return True
    # What waits names its own reason, and may wait for another.
    return finding.question in error.questions and finding.status is not Status.NEEDS_REVIEW and _is_unseen(finding)


def blamed_cell(finding: Finding, stopped: Mapping[int, int]) -> int | None:
    """The cell that raised, where that is why nothing of a criterion was seen.

    Args:
        stopped: the cell that is to blame, for each cell that raised.
    """
    if not _is_unseen(finding) or finding.status not in (Status.FAILED, Status.NEEDS_REVIEW):
        return None
    return next((stopped[cell] for cell in sorted(finding.cells) if cell in stopped), None)


def _is_unseen(finding: Finding) -> bool:
    return finding.basis == "static" and not finding.points and "answer" not in finding.evidence


def _points(findings: Iterable[Finding]) -> float:
    """That may be lost: of what waits, all of them."""
    return round(
        sum(
            finding.max_points - (0.0 if finding.status is Status.NEEDS_REVIEW else finding.points)
            for finding in findings
        ),
        6,
    )


def _remarks(error: CellError, result: Result, translator: Translator) -> Iterator[str]:
    if error.slip is not None:
        yield translator.text(error.slip)
    if error.went_on:
        yield translator.say("That line did not stop the rest: what does not depend on it was run all the same.")
    elif error.ran_when_saved:
        yield translator.say("It ran when you saved the notebook, but not when all cells are run from the top.")
    if error.then:
        yield translator.say_number(
            "For want of it, cell {cells} failed as well.",
            "For want of it, cells {cells} failed as well.",
            len(error.then),
            cells=[cell + 1 for cell in sorted(error.then)],
        )
    if risk := _at_risk(error, result):
        questions = [*dict.fromkeys(finding.question for finding in risk)]
        yield translator.say_number(
            "Points that depend on this: up to {points} (question {questions}).",
            "Points that depend on this: up to {points} (questions {questions}).",
            len(questions),
            points=_points(risk),
            questions=questions,
        )


def causes(result: Result) -> dict[int, int]:
    """For each cell that raised, the cell that is to blame: itself, or the one whose names it lacks."""
    return {cell: error.cell for error in result.errors for cell in (error.cell, *error.then)}


def not_begun(result: Result) -> tuple[str, ...]:
    """Ids of the questions that were not begun; one that a person has marked counts as begun."""
    by_hand = {
        score.question
        for score in result.score.questions
        if any(finding.basis == "human" for finding in score.findings)
    }
    return tuple(question for question in result.not_begun if question not in by_hand)
