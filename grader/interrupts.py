"""Ctrl-C and SIGTERM where an exception would be lost: raised inside a callback of some library, it is swallowed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Remembers interrupts while its context lasts. Outside the main thread, which hears them all, it hears none."""

    def __init__(self, act: Callable[[], object] | None = None) -> None:
        """Args: act: what an interrupt does; None for what it did before the context."""
        self._act = act
        self._come = False
        self._before: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in NUMBERS:
                before = signal.getsignal(number)
                if callable(before):
                    self._before[number] = before
                    signal.signal(number, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def check(self) -> None:
        """Raise KeyboardInterrupt if an interrupt came."""
        if self._come:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._come = True
        if self._act is None:
            self._before[number](number, frame)
        else:
            self._act()
