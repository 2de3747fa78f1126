"""What reviewers do: marks that are given and taken back, by whom, and what became of them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.records import HumanMark, Message

Key = tuple[str, str, str]
"""Submission, question and check: what one mark is about."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a person may accept: points for one finding, and why."""

    points: float
    reason: Message
    like_others: bool = False
    """Taken from what a person marked in the same group."""


@dataclass(frozen=True, slots=True)
class Action:
    """Marks that were given in one step, and what stood before, to be undone in one step."""

    given: tuple[HumanMark, ...]
    before: Mapping[Key, HumanMark]
    where: str
    """The page it was done on."""


@dataclass
class Reviewer:
    """One browser at the desk."""

    who: str
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    done: list[Action] = field(default_factory=list)
    latest: dict[Key, int] = field(default_factory=dict)
    """Number of the last mark this reviewer gave to each finding: what was marked after it is someone else's."""

    def note(self, action: Action) -> None:
        """Remember what was done, if anything was."""
        if action.given:
            self.done.append(action)
            self.latest.update({key_of(mark): mark.number for mark in action.given})


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of marks."""

    given: tuple[Key, ...]
    refused: tuple[Key, ...] = ()
    """Marked by someone else in the meantime, which the reviewer had not seen."""


def key_of(mark: HumanMark) -> Key:
    """What a mark is about."""
    return mark.submission, mark.question, mark.check


def restored(key: Key, action: Action, who: str) -> HumanMark:
    """A mark that makes what stood before an action count again."""
    earlier = action.before.get(key)
    if earlier is None:
        return HumanMark(*key, None, who, undo=True)
    return HumanMark(*key, earlier.points, who, earlier.comment, earlier.sha256, undo=True)


def says_the_same(standing: HumanMark | None, mark: HumanMark) -> bool:
    """True where a mark would add nothing to the one that stands: the same person gave the same for the same file."""
    if standing is None or standing.points is None or mark.points is None:
        return standing is None and mark.points is None
    told = [(one.who, one.comment, one.sha256) for one in (standing, mark)]
    return told[0] == told[1] and abs(standing.points - mark.points) < 1e-9
