"""Which submissions a person means who names some."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from grader.errors import UsageError
from grader.records import HandedIn
from grader.rubric.nearest import nearest


def choose(wanted: Sequence[str], submissions: Sequence[HandedIn]) -> frozenset[str]:
    """The ids of the submissions that are named.

    Args:
        wanted: Each an id, a name, or what the pages call a submission; accents and capitals matter only where several
            would do otherwise.

    Raises:
        UsageError: one names none, or several.
    """
    return frozenset(_one(name, submissions).submission for name in wanted)


def _one(wanted: str, submissions: Sequence[HandedIn]) -> HandedIn:
    for form in (_composed, _folded):
        found = _meant(wanted, submissions, form)
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(_unmistakable(one, submissions) for one in found)
            raise UsageError(f"--only must name one submission. Received: {wanted!r}, which is {listed}")
    near = nearest(wanted, {word for one in submissions for word in _words(one)})
    meant = f" (did you mean {near!r}?)" if near else ""
    raise UsageError(f"--only must name a submission of the folder. Received: {wanted!r}{meant}")


def _meant(wanted: str, submissions: Sequence[HandedIn], form: Callable[[str], str]) -> list[HandedIn]:
    """An id that is a namesake's name, too, means both."""
    return [one for one in submissions if form(wanted) in {form(word) for word in _words(one)}]


def _words(one: HandedIn) -> tuple[str, str, str]:
    return one.submission, one.called, one.name


def _unmistakable(one: HandedIn, submissions: Sequence[HandedIn]) -> str:
    """What names this submission and no other, where there is such a word."""
    words = (word for word in _words(one) if len(_meant(word, submissions, _composed)) == 1)
    return next(words, one.submission)


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _folded(name: str) -> str:
    """Without accents, capitals and the notebook's ending."""
    parts = unicodedata.normalize("NFKD", name.removesuffix(".ipynb"))
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold()
