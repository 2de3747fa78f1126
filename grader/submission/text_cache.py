"""Keeps what was found out about texts, as long as they are not too long together."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

T = TypeVar("T")

FOR_EACH = 100
"""Characters that a text counts for beside its own: there is more to keep of it."""


def cached_up_to(characters: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Keep what a function gave for texts. What was not asked for longest goes first.

    Args:
        characters: of all texts together; what is kept of them may be hundreds of times longer.
    """

    def cached(function: Callable[[str], T]) -> Callable[[str], T]:
        kept: OrderedDict[str, T] = OrderedDict()
        lock, length = threading.Lock(), 0

        @wraps(function)
        def known(text: str) -> T:
            nonlocal length
            with lock:
                if text in kept:
                    kept.move_to_end(text)
                    return kept[text]
            value = function(text)
            with lock:
                if text not in kept:
                    length += len(text) + FOR_EACH
                kept[text] = value
                while length > characters:
                    length -= len(kept.popitem(last=False)[0]) + FOR_EACH
            return value

        return known

    return cached
