"""Ways of saying an idea: phrases such as ``LOSS & TEST & sube|aumenta``, read and checked."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo
from pydantic_core import PydanticCustomError

MOST_SEQUENCES = 20_000
"""Sequences of words that one alternative of a way may stand for, its names in capitals replaced."""


def parse_way(way: str, words: Mapping[str, list[str]]) -> tuple[tuple[tuple[tuple[str, ...], ...], ...], ...]:
    """A way as clauses of parts of alternatives of words, with the names in capitals replaced by their words."""
    return tuple(tuple(_alternatives(part, words) for part in clause.split("&")) for clause in way.split("+"))


def _alternatives(part: str, words: Mapping[str, list[str]]) -> tuple[tuple[str, ...], ...]:
    """The word sequences that a part stands for; a name may stand inside one, as in ``no STOP``."""
    found: list[tuple[str, ...]] = []
    for alternative in part.split("|"):
        choices = [[tuple(choice.split()) for choice in words.get(word, [word])] for word in alternative.split()]
        found.extend(tuple(word for piece in pieces for word in piece) for pieces in itertools.product(*choices))
    return tuple(found)


def _problems_of_way(way: str, words: Mapping[str, list[str]]) -> Iterator[str]:
    for alternative in re.split(r"[+&|]", way):
        if math.prod(len(words.get(word, [word])) for word in alternative.split()) > MOST_SEQUENCES:
            yield f"one alternative of a way may stand for at most {MOST_SEQUENCES} sequences of words"
        if not alternative.strip():
            yield "a way must have a word on both sides of '|', '&' and '+'"
        for word in alternative.split():
            if re.fullmatch(r"[A-Z_]{2,}", word) and word not in words:
                yield f"a name in capitals must stand in 'words', {word} does not"
            elif not re.fullmatch(r"[A-Z_]{2,}|[\w%-]+|\d+(?:[.,]\d+)+%?", word):
                yield f"a way must be made of words, '|', '&' and '+', not {word!r}"


def _check_way(way: str, info: ValidationInfo) -> str:
    """Refuse a way that cannot be read, with the rule it breaks."""
    words = info.data.get("words", {})
    problem = next(_problems_of_way(way, words if isinstance(words, dict) else {}), None)
    if problem is not None:
        raise PydanticCustomError("way", "{rule}", {"rule": problem})
    return way


def check_words(words: dict[str, list[str]]) -> dict[str, list[str]]:
    """Refuse names or words that no way could use. Raises PydanticCustomError."""
    for name, alternatives in words.items():
        if not re.fullmatch(r"[A-Z][A-Z_]+", name):
            raise PydanticCustomError("word_name", "a name in 'words' must be two or more capital letters")
        if not alternatives or any(not word.strip() or re.search(r"[|&+*]|[A-Z]{2}", word) for word in alternatives):
            raise PydanticCustomError("word_list", "each name in 'words' must list plain words in small letters")
    return words


Way = Annotated[str, AfterValidator(_check_way)]
