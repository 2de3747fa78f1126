"""How much memory this process has, and a watch that acts where it is more than it may be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psutil

LOOK_SECONDS = 0.1
"""Seconds between two looks: memory is filled at 1 to 2 GB/s a core."""


def resident() -> int:
    """Bytes of this process's memory that are in use."""
    return int(psutil.Process().memory_info().rss)


def watch(most: int, act: Callable[[int], None]) -> None:
    """Look at this process's memory from now on.

    Args:
        most: bytes that it may have.
        act: is called, with the bytes that it has, in a thread of the watch's own, as often as that is more.
    """

    def look() -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            found = resident()
            if found > most:
                act(found)

    threading.Thread(target=look, daemon=True, name="memory").start()
