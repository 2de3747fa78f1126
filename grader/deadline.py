"""An end to work that takes too long, in seconds of this process's own: no load of the machine makes them shorter."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

AGAIN_SECONDS = 5.0
"""Where the end was overheard, it comes again."""


class OutOfTimeError(BaseException):
    """The work has taken too long. It is no `Exception`: what catches those goes on with the work."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `OutOfTimeError` once this process has worked for so long while the context lasts.

    Only a process's main thread can be stopped, and not on Windows; elsewhere there is no limit.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGPROF, _stop)
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN_SECONDS)
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _stop(*_signal: object) -> None:
    raise OutOfTimeError
