"""What stopped a notebook and what of it was never begun, as every reader is told: on the page and on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grader.records import CellError, Result
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


def stopped_cells(result: Result, translator: Translator) -> tuple[StoppedCell, ...]:
    """The cells that raised when the grader ran the notebook, in order, each cause once."""
    return tuple(
        StoppedCell(
            cell=error.cell + 1,
            first_line=shown(error.first_line, _LONGEST),
            error=shown(error.error, _LONGEST),
            remarks=tuple(shown(remark, _LONGEST) for remark in _remarks(error, translator)),
            stopped_at=shown(error.stopped_at, _LONGEST),
        )
        for error in sorted(result.errors, key=lambda error: error.cell)
    )


def _remarks(error: CellError, translator: Translator) -> Iterator[str]:
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
