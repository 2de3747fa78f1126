"""Which submissions a person means who names some."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from grader.errors import UsageError
from grader.rubric.nearest import nearest


def choose(wanted: Sequence[str], names: Mapping[str, str]) -> frozenset[str]:
    """The ids of the submissions that are named.

    Args:
        wanted: Each an id, or a name as it is shown; accents and capitals matter only where several would do otherwise.
        names: As they are shown, by id.

    Raises:
        UsageError: one names none, or several.
    """
    return frozenset(_one(name, names) for name in wanted)


def _one(wanted: str, names: Mapping[str, str]) -> str:
    if wanted in names:
        return wanted
    for alike in (str, _folded):
        found = [one for one, name in names.items() if alike(wanted) in (alike(name), alike(one))]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"--only must name one submission. Received: {wanted!r}, which is {', '.join(found)}")
    near = nearest(wanted, {*names, *names.values()})
    meant = f" (did you mean {near!r}?)" if near else ""
    raise UsageError(f"--only must name a submission of the folder. Received: {wanted!r}{meant}")


def _folded(name: str) -> str:
    """Without accents, capitals and the notebook's ending."""
    parts = unicodedata.normalize("NFKD", name.removesuffix(".ipynb"))
    return "".join(part for part in parts if not unicodedata.combining(part)).casefold()
