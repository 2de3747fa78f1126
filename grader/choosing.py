"""Which submissions a person means who names some."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from rapidfuzz import fuzz

from grader.errors import Phrase, UsageError
from grader.records import HandedIn, LeftOut

LEAST_LIKENESS = 65.0
"""Of a name that somebody may have meant, from 0 to 100: one wrong letter of three."""
MOST_NEAR = 5
SHORTEST_PART = 3


MOST_NAMED = 8


def choose(wanted: Sequence[str], submissions: Sequence[HandedIn], left_out: Sequence[LeftOut] = ()) -> frozenset[str]:
    """The ids of the submissions that are named.

    Args:
        wanted: Each an id, a name, or what the pages call a submission; accents and capitals matter only where several
            would do otherwise.
        left_out: What was handed in and is not graded, to say why nothing is of somebody who is named.

    Raises:
        UsageError: one names none, or several.
    """
    return frozenset(_one(name, submissions, left_out).submission for name in wanted)


def _one(wanted: str, submissions: Sequence[HandedIn], left_out: Sequence[LeftOut]) -> HandedIn:
    for form in (_composed, _folded):
        found = _meant(wanted, submissions, form)
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(_unmistakable(one, submissions) for one in found)
            raise UsageError(
                "--only must name one submission. Received: {wanted}, which is {listed}",
                wanted=repr(wanted),
                listed=listed,
            )
    for entry in left_out:
        if entry.name and not entry.submission and _folded(wanted) == _folded(entry.name):
            raise UsageError(
                "--only must name a submission of the folder. Received: {wanted}, of whom nothing can be graded: "
                "{path}. {why}",
                wanted=repr(wanted),
                path=entry.path,
                why=entry.why,
            )
    near = ", ".join(repr(_unmistakable(one, submissions, *_words(one)[::-1])) for one in _near(wanted, submissions))
    meant = Phrase(" (did you mean {near}?)", near=near) if near else _there_are(submissions)
    raise UsageError(
        "--only must name a submission of the folder. Received: {wanted}{meant}", wanted=repr(wanted), meant=meant
    )


def _there_are(submissions: Sequence[HandedIn]) -> Phrase:
    """The first names of those that could have been meant."""
    names = [_unmistakable(one, submissions, *_words(one)[::-1]) for one in submissions[:MOST_NAMED]]
    more = ", …" if len(submissions) > MOST_NAMED else ""
    return Phrase(" (there are: {names})", names=", ".join(map(repr, names)) + more)


def _near(wanted: str, submissions: Sequence[HandedIn]) -> list[HandedIn]:
    """Whom a mistyped name or a part of one may mean, the likeliest first; accents and capitals do not matter."""
    likeness = {one: max(_likeness(_folded(wanted), _folded(word)) for word in _words(one)) for one in submissions}
    near = [one for one in submissions if likeness[one] >= LEAST_LIKENESS]
    return sorted(near, key=lambda one: -likeness[one])[:MOST_NEAR]


def _likeness(wanted: str, word: str) -> float:
    """From 0 to 100; a part of a name is like it, but two letters are a part of too many."""
    return float(
        fuzz.WRatio(wanted, word) if min(len(wanted), len(word)) >= SHORTEST_PART else fuzz.ratio(wanted, word)
    )


def _meant(wanted: str, submissions: Sequence[HandedIn], form: Callable[[str], str]) -> list[HandedIn]:
    """An id that is a namesake's name, too, means both."""
    return [one for one in submissions if form(wanted) in {form(word) for word in _words(one)}]


def _words(one: HandedIn) -> tuple[str, str, str]:
    return one.submission, one.called, one.name


def _unmistakable(one: HandedIn, submissions: Sequence[HandedIn], *named: str) -> str:
    """What names this submission and no other, where there is such a word; the first of `named` that does."""
    words = (word for word in named or _words(one) if len(_meant(word, submissions, _composed)) == 1)
    return next(words, one.submission)


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _folded(name: str) -> str:
    """Without accents, capitals and the notebook's ending."""
    parts = unicodedata.normalize("NFKD", name.removesuffix(".ipynb"))
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold()
