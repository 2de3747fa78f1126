"""Rows of fragments in an answer: terms and directions, and no sentence that a student stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from grader.checks.prose.language import ARTICLES
from grader.checks.prose.reading import Reading, Token

_LONGEST_FRAGMENT = 2
"""Words of a fragment, articles aside."""
_FEWEST = 5
"""Fragments of a row: three or four may be a short answer ("sube la accuracy, baja la loss, tarda más")."""
_STROKE = re.compile(r"[/|\\]")
_APART = re.compile(r"[\s,;.·•*()/|\\\-–—]+(?:(?:y|e|o|and|or)\s+)?")
"""What stands between the fragments of a row: they are enumerated, and nothing is said of one by another."""


def rows_of_fragments(reading: Reading) -> list[str]:
    """The words of each five or more fragments in a row ("mejora, sube accuracy, tarda más, lento, memoria").

    Whoever enumerates so much may only have gathered what an answer could hold. Values and shapes are no fragments.
    """
    return [reading.words_between(row[0][0].start, row[-1][-1].end) for row in _rows(reading) if len(row) >= _FEWEST]


def _rows(reading: Reading) -> Iterator[list[list[Token]]]:
    row: list[list[Token]] = []
    for piece in _pieces(reading):
        apart = not row or _APART.fullmatch(_between(reading, row[-1][-1], piece[0])) is not None
        if row and not (_is_fragment(piece) and apart):
            yield row
            row = []
        if _is_fragment(piece):
            row.append(piece)
    yield row


def _pieces(reading: Reading) -> Iterator[list[Token]]:
    """The clauses, cut at strokes as well."""
    piece: list[Token] = []
    for token in reading.tokens:
        if piece and (token.clause != piece[-1].clause or _STROKE.search(_between(reading, piece[-1], token))):
            yield piece
            piece = []
        piece.append(token)
    if piece:
        yield piece


def _between(reading: Reading, one: Token, other: Token) -> str:
    return reading.text[one.end : other.start]


def _is_fragment(clause: Sequence[Token]) -> bool:
    words = [token.word for token in clause if token.word not in ARTICLES]
    named = any(len(word) > 1 and word.isalpha() for word in words)
    return named and len(words) <= _LONGEST_FRAGMENT and all(word.isalpha() or word.isdecimal() for word in words)
