"""Which of a student's notebooks is graded: the latest of those that are this assignment's, begun, and can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.collection.listing import Entry
from grader.collection.names import Turn, stem, turn
from grader.collection.written import readable
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
    chosen, earlier = _latest(begun or list(candidates), numbers_count=numbers_count)
    reasons = {}
    for candidate in candidates:
        if candidate is not chosen:
            is_unfit = bool(begun) and candidate not in begun
            reasons[candidate] = _reason(candidate, chosen, is_unfit=is_unfit, is_earlier=candidate in earlier)
    return chosen, reasons


def _latest(candidates: Sequence[Candidate], *, numbers_count: bool) -> tuple[Candidate, frozenset[Candidate]]:
    """The latest, and those that are earlier by the names alone.

    Drafts and backups come before all others; of attempts that a platform dates the last one counts, then of those with
    numbers; then it is decided by when they were saved, by whether they are called final, and by how much of the
    student's own they hold.
    """
    turns = _turns(candidates)
    left = [one for one in candidates if not turns[one].is_early] or list(candidates)
    taken_last = max(turns[one].sent for one in left)
    left = [one for one in left if turns[one].sent == taken_last]
    if numbers_count:
        last = {turns[one].stage: (0, 0) for one in left}
        for one in left:
            last[turns[one].stage] = max(last[turns[one].stage], turns[one].numbers)
        left = [one for one in left if turns[one].numbers == last[turns[one].stage]]
    newest = max(one.entry.modified for one in left)
    newest_ones = [one for one in left if newest - one.entry.modified <= SAME_TIME]
    stage = max(turns[one].stage for one in newest_ones)
    chosen = min((one for one in newest_ones if turns[one].stage == stage), key=_rank)
    by_name = {one for one in candidates if one not in left}
    return chosen, frozenset(by_name | {one for one in newest_ones if turns[one].stage < stage})


def _turns(candidates: Sequence[Candidate]) -> dict[Candidate, Turn]:
    """What the names say, from the folder on that holds them all."""
    folders = [one.entry.path.parent.parts for one in candidates]
    shared = 0
    while all(len(parts) > shared and parts[shared] == folders[0][shared] for parts in folders):
        shared += 1
    return {one: turn((*one.entry.path.parent.parts[shared:], stem(one.entry.path.name))) for one in candidates}


def _rank(candidate: Candidate) -> tuple[int, int, int, int, str]:
    fit = candidate.fit or Fit(-1, -1)
    path = candidate.entry.path
    return -fit.questions, -fit.own, len(path.parts), len(path.name), str(path)


def _reason(candidate: Candidate, chosen: Candidate, *, is_unfit: bool, is_earlier: bool) -> Message:
    file = readable(str(chosen.entry.path))
    if candidate.fit is None:
        return say("It cannot be read as a notebook; “{file}” of the same student was graded.", file=file)
    if is_unfit:
        return say("“{file}” of the same student fits this assignment better, and was graded.", file=file)
    if is_earlier:
        return say("By the names, it is an earlier attempt; “{file}” of the same student was graded.", file=file)
    if chosen.entry.modified - candidate.entry.modified > SAME_TIME:
        return say("“{file}” of the same student is later, and was graded.", file=file)
    return say("“{file}” of the same student was graded; nothing tells which of the two is later.", file=file)
