"""Which of a student's notebooks is graded: the latest of those that are this assignment's, begun, and can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.collection.listing import Entry
from grader.collection.names import attempt, stem
from grader.records import Message, say

SAME_TIME = 2.0
"""Seconds: archives keep times to two of them, and a copy of a folder gives all its files about the same."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a notebook fits the assignment."""

    questions: int
    """Questions of the rubric that have a place in it."""
    own: int
    """Cells that the student wrote."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of a student's notebooks."""

    entry: Entry
    fit: Fit | None
    """None where it cannot be read as a notebook."""


def choose(candidates: Sequence[Candidate], *, numbers_count: bool) -> tuple[Candidate, dict[Candidate, Message]]:
    """The notebook to grade, and of each other one why it is not.

    What answers less than half of the questions that another one answers, or has less than a quarter of its cells of
    the student's own, is another file or an unfinished one, whenever it was saved.

    Args:
        candidates: at least one.
        numbers_count: ``x (1)`` came after ``x``.
    """
    readable = [(candidate, candidate.fit) for candidate in candidates if candidate.fit is not None]
    questions = max((fit.questions for _, fit in readable), default=0)
    apt = [(candidate, fit) for candidate, fit in readable if fit.questions * 2 >= questions]
    own = max((fit.own for _, fit in apt), default=0)
    begun = [candidate for candidate, fit in apt if fit.own * 4 >= own]
    chosen = _latest(begun or list(candidates), numbers_count=numbers_count)
    reasons = {}
    for candidate in candidates:
        if candidate is not chosen:
            reasons[candidate] = _reason(candidate, chosen, begun, numbers_count=numbers_count)
    return chosen, reasons


def _latest(candidates: Sequence[Candidate], *, numbers_count: bool) -> Candidate:
    """By the numbers of attempts, else by when they were saved, else the one that has most of the student's own."""
    if numbers_count:
        last = max(map(_number, candidates))
        candidates = [candidate for candidate in candidates if _number(candidate) == last]
    newest = max(candidate.entry.modified for candidate in candidates)
    return min((one for one in candidates if newest - one.entry.modified <= SAME_TIME), key=_rank)


def _number(candidate: Candidate) -> int:
    return attempt(stem(candidate.entry.path.name)).number


def _rank(candidate: Candidate) -> tuple[int, int, int, int, str]:
    fit = candidate.fit or Fit(-1, -1)
    path = candidate.entry.path
    return -fit.questions, -fit.own, len(path.parts), len(path.name), str(path)


def _reason(candidate: Candidate, chosen: Candidate, begun: Sequence[Candidate], *, numbers_count: bool) -> Message:
    file = str(chosen.entry.path)
    if candidate.fit is None:
        return say("It cannot be read as a notebook; “{file}” of the same student was graded.", file=file)
    if begun and candidate not in begun:
        return say("“{file}” of the same student fits this assignment better, and was graded.", file=file)
    is_earlier = chosen.entry.modified - candidate.entry.modified > SAME_TIME
    if not is_earlier and not (numbers_count and _number(candidate) < _number(chosen)):
        return say("“{file}” of the same student was graded; nothing tells which of the two is later.", file=file)
    return say("“{file}” of the same student is later, and was graded.", file=file)
