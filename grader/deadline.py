"""An end to work that takes too long, in seconds of the thread that does it.

No load of the machine, and no other thread of the process, makes them shorter.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

AGAIN_SECONDS = 5.0
"""Where the end was overheard, it comes again."""

LEAST_WAIT_SECONDS = 0.01
"""The kernel's timer counts in ticks of 4 ms; a shorter wait would be none."""


class OutOfTimeError(BaseException):
    """The work has taken too long. It is no `Exception`: what catches those goes on with the work."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `OutOfTimeError` once this thread has worked for so long while the context lasts.

    Only a process's main thread can be stopped, and not on Windows; elsewhere there is no limit.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    end = time.thread_time() + seconds

    def stop(*_signal: object) -> None:
        """End the work, unless it was other threads that the timer counted: then wait for the rest."""
        left = end - time.thread_time()
        if left <= 0:
            raise OutOfTimeError
        signal.setitimer(signal.ITIMER_PROF, max(left, LEAST_WAIT_SECONDS), AGAIN_SECONDS)

    before = signal.signal(signal.SIGPROF, stop)
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN_SECONDS)
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
