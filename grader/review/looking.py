"""Looks through a class: answers that hold some words, and like answers with different points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.reports.text import folded
from grader.review.classroom import Classroom

_LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """Answers of almost the same words with different points for one criterion."""

    question: str
    check: str
    variants: tuple[tuple[float, tuple[str, ...]], ...]
    """Points, and the submissions that have them."""


def search(room: Classroom, words: str) -> list[tuple[str, str]]:
    """Submissions and questions whose answer holds these words; accents and case do not matter."""
    wanted = folded(words)[:_LONGEST_SEARCH]
    if not wanted:
        return []
    return [
        (submission, question.id)
        for submission in room.ordered(room.results)
        for question in room.rubric.questions
        if wanted in folded(room.answer(submission, question.id))
    ]


def search_names(room: Classroom, words: str) -> list[str]:
    """Submissions whose name or id holds these words, accents and case aside; none where the desk is blind."""
    wanted = folded(words)
    if room.blind or not wanted:
        return []
    return [
        submission
        for submission in room.ordered(room.results)
        if wanted in folded(room.results[submission].name) or wanted in folded(submission)
    ]


def inconsistencies(room: Classroom) -> list[Inconsistency]:
    """Answers of almost the same words that have different points, those that people marked first."""
    found = []
    for question in room.rubric.questions:
        for members in room.grouping(question.id).near_identical:
            found += list(_differences(room, question.id, members))
    return sorted(found, key=lambda case: not _is_marked(room, case))


def _is_marked(room: Classroom, case: Inconsistency) -> bool:
    members = [name for _, names in case.variants for name in names]
    return any((name, case.question, case.check) in room.marks for name in members)


def _differences(room: Classroom, question: str, members: Sequence[str]) -> Iterator[Inconsistency]:
    checks = next((group.checks for group in room.grouping(question).groups if group.prose), ())
    for check in checks:
        by_points: dict[float, list[str]] = {}
        for name in members:
            by_points.setdefault(round(room.points((name, question, check)), 6), []).append(name)
        if len(by_points) > 1:
            variants = sorted(by_points.items(), key=lambda variant: (-len(variant[1]), -variant[0]))
            yield Inconsistency(question, check, tuple((points, tuple(names)) for points, names in variants))
