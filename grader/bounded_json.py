"""How many values there are in JSON that nobody has read yet: each takes up to a hundred bytes, of one or two."""

from __future__ import annotations

import json
import re
from typing import Any

_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)


def count_values(raw: bytes, most: int) -> int:
    """How many numbers, texts, lists and objects some JSON holds, about.

    Args:
        most: a number up to which too many may be counted: signs inside texts are told from others only beyond it, and
            of so many texts, since more are too many values themselves.
    """
    values = 1 + _separators(raw)
    if values > most:
        values = 1 + _separators(_TEXT.sub(b"", raw, count=max(most, 0) + 1))
    return values


def _separators(raw: bytes) -> int:
    """How many signs there are behind which JSON can have a value."""
    return sum(raw.count(sign) for sign in (b",", b"[", b"{", b":"))


def read_json(raw: bytes, most: int) -> Any:
    """JSON in UTF-8 with no more than `most` values; bytes that are no text are replaced.

    Raises:
        ValueError: it is no JSON, has more values, or is nested too deeply.
    """
    values = count_values(raw, most)
    if values > most:
        raise ValueError(f"JSON must have at most {most} values. Received: about {values}")
    try:
        return json.loads(raw.decode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("JSON must not be nested so deeply. Received: too many levels") from None
