"""What somebody probably meant who wrote a name that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like the one given, whatever its case; empty where none is."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(known)}
    found = get_close_matches(name[:100].casefold(), by_folded, 1)
    return by_folded[found[0]] if found else ""
