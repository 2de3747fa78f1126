"""Names as people read them: without what cannot be seen, and equal where they look the same."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"
"""They decide how letters of some scripts, and emojis, are drawn."""


def readable(name: str) -> str:
    """A name or path without characters that are not drawn or turn the order of others round.

    Bytes that are no UTF-8 are read as Western European Windows writes them.
    """
    parts = map(_decoded, name.split("/"))
    return "/".join("".join(_drawn(char) for char in part) for part in parts)


def looks(name: str) -> str:
    """What all names have in common that look the same, capitals aside."""
    plain = unicodedata.normalize("NFC", readable(name)).casefold()
    return " ".join("".join(char for char in plain if char not in _JOINERS).split())


def _drawn(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category == "Cf" and char not in _JOINERS else char


def _decoded(part: str) -> str:
    """The system gives bytes that are no UTF-8 as lone surrogates."""
    if not any("\ud800" <= char <= "\udfff" for char in part):
        return part
    try:
        raw = part.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return part.encode("utf-8", "replace").decode("utf-8")
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
