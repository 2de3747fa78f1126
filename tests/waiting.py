"""Waiting with a deadline."""

from __future__ import annotations

import select
import subprocess
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

SECONDS = 120.0
"""Longer than anything takes on a busy machine, and shorter than a test may take."""


def wait_until(condition: Callable[[], T], seconds: float = SECONDS) -> T:
    """What a condition gives as soon as it holds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"it took more than {seconds:g} seconds"
        time.sleep(0.02)
    return found


def read_line(process: subprocess.Popen[Any], seconds: float = SECONDS) -> str:
    """The next line that a process prints as text; empty at its end."""
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], seconds)[0], f"it printed nothing for {seconds:g} seconds"
    return str(process.stdout.readline())
