"""Ids of submissions: safe as names of files and folders, and unique whatever the case."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

LONGEST_ID = 80
OWN_FILES = ("grades.csv", "left_out.csv", "index.html", "gradebook.db", "gradebook.db-wal", "gradebook.db-shm")
"""Names in OUT that no submission's folder may take."""
_DEVICE = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever follows behind a dot."""


def make_ids(names: Sequence[str], earlier: Sequence[Sequence[str]], known: Collection[str]) -> list[str]:
    """An id for each submission, from the name that it should be made of.

    Args:
        earlier: by submission, names that earlier versions of the grader would have made its id of.
        known: ids that the gradebook has. One of a submission's earlier ids stays its id.
    """
    wanted = [_DEVICE.sub(r"\1_", _safe(name)) for name in names]
    kept = _kept(wanted, [[_safe(name) for name in candidates] for candidates in earlier], known)
    taken = {name.casefold() for name in kept.values()}
    found = dict(kept)
    for number in sorted(range(len(names)), key=lambda number: (names[number].casefold(), names[number])):
        if number not in kept:
            found[number] = _unique(wanted[number], names[number], taken)
    return [found[number] for number in range(len(names))]


def _kept(wanted: Sequence[str], earlier: Sequence[Sequence[str]], known: Collection[str]) -> Mapping[int, str]:
    """The ids from before, by the submission's number: only where nobody else could have had it."""
    claims = Counter(name for candidates in earlier for name in {*candidates})
    made = {name.casefold() for name in wanted}
    return {
        number: claimed[0]
        for number, candidates in enumerate(earlier)
        if wanted[number] not in known
        and (
            claimed := [
                name for name in candidates if name in known and claims[name] == 1 and name.casefold() not in made
            ]
        )
    }


def _safe(name: str) -> str:
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", plain)
    plain = re.sub(r"\.{2,}", ".", plain).lstrip(".-").rstrip("._-" if plain.strip("._-") else "")
    if not plain.strip("._-"):
        return f"submission-{_digest(name)}"
    return plain if len(plain) <= LONGEST_ID else f"{plain[: LONGEST_ID - 7]}-{_digest(name)}"


def _unique(wanted: str, name: str, taken: set[str]) -> str:
    """Add a digest of the name where another submission's id differs in nothing but case or folded signs."""
    found, turn = f"{wanted}_" if wanted.casefold() in OWN_FILES else wanted, 1
    while found.casefold() in taken:
        found = f"{wanted[: LONGEST_ID - 12]}-{_digest(name if turn == 1 else f'{name}/{turn}')}"
        turn += 1
    taken.add(found.casefold())
    return found


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]
