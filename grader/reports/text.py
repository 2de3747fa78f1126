"""Text that strangers wrote, made fit to be shown: no invisible characters, no endless lengths, words marked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_APART = re.compile(r"[\s_.,-]+")
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
"""Control characters, and those which make text read in another order than it is written."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, marked or not."""

    text: str
    marked: bool = False


def shown(text: str, limit: int) -> str:
    """Text without invisible characters, cut after `limit` characters with an ellipsis."""
    start = text[: limit * 2 + 1000].replace("\r\n", "\n").replace("\r", "\n")
    clean = _INVISIBLE.sub("", start).encode("utf-8", errors="replace").decode("utf-8")
    return clean if len(clean) <= limit else clean[:limit].rstrip() + "…"


def mark_words(text: str, words: Sequence[str]) -> tuple[Piece, ...]:
    """Cut `text` so that every whole word or phrase of `words` is marked; accents and case do not matter."""
    folded, origin = _fold(text)
    spans: list[tuple[int, int]] = []
    for word in words:
        wanted = _fold(word)[0].strip()
        if wanted:
            pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, wanted.split())) + r"(?!\w)"
            spans += [(origin[hit.start()], origin[hit.end() - 1] + 1) for hit in re.finditer(pattern, folded)]
    return tuple(_pieces(text, _merged(spans)))


def mark_line(text: str, line: str) -> tuple[Piece, ...]:
    """The text, cut so that the first of its lines that begins with `line` is marked; indentation does not matter."""
    place = 0
    for each in text.split("\n"):
        if line and each.strip().startswith(line.strip()):
            start, end = place + len(each) - len(each.lstrip()), place + len(each)
            pieces = (Piece(text[:start]), Piece(text[start:end], marked=True), Piece(text[end:]))
            return tuple(piece for piece in pieces if piece.text)
        place += len(each) + 1
    return (Piece(text),)


@lru_cache(maxsize=20_000)
def folded(text: str) -> str:
    """Small letters without accents, single blanks: how texts and names are compared."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(part for part in parts if not unicodedata.combining(part)).split())


@lru_cache(maxsize=20_000)
def name_order(name: str) -> tuple[tuple[str, int], ...]:
    """How a person sorts names: without accents and capitals, ñ after n, numbers by what they count."""
    letters = unicodedata.normalize("NFC", name.casefold()).replace("ñ", "n~")  # "~" is behind all letters
    words = re.findall(r"\d+|\D+", _APART.sub(" ", folded(letters)))
    return tuple((" ", int(word[:30])) if word.isdecimal() else (word.strip(), 0) for word in words)


def _fold(text: str) -> tuple[str, list[int]]:
    """The text without accents and case, and for each of its characters the place it came from."""
    letters: list[str] = []
    origin: list[int] = []
    for place, letter in enumerate(text):
        for part in unicodedata.normalize("NFKD", letter).casefold():
            if not unicodedata.combining(part):
                letters.append(part)
                origin.append(place)
    return "".join(letters), origin


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _pieces(text: str, spans: Iterable[tuple[int, int]]) -> Iterable[Piece]:
    done = 0
    for start, end in spans:
        if start > done:
            yield Piece(text[done:start])
        yield Piece(text[start:end], marked=True)
        done = end
    if done < len(text):
        yield Piece(text[done:])
