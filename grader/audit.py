"""Grading some submissions once more without replay: which, and whether anything came out otherwise."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from grader.records import Finding, Message, say


def chosen_for_audit(submissions: Sequence[str], share: float) -> frozenset[str]:
    """A share of the submissions, at least one if it is more than 0; the same ones for the same class."""
    count = math.ceil(len(submissions) * share)
    return frozenset(sorted(submissions, key=lambda name: hashlib.sha256(name.encode()).digest())[:count])


def differences(replayed: Sequence[Finding], trained: Sequence[Finding]) -> tuple[Message, ...]:
    """The criteria that have another status or other points, in a sentence each."""
    others = {(item.question, item.check): item for item in trained}
    return tuple(
        say(
            "Question {question}, {check}: {status} with {points} points with replay, {other} with {others} without.",
            question=item.question,
            check=item.check,
            status=str(item.status),
            points=item.points,
            other=str(others[item.question, item.check].status),
            others=others[item.question, item.check].points,
        )
        for item in replayed
        if (item.status, item.points)
        != (others[item.question, item.check].status, others[item.question, item.check].points)
    )
