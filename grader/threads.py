"""Calls in threads of their own, for what may hang: who waits for one may stop waiting.

A thread cannot be ended. What is still under way when nobody waits for it any more makes the process one to be
replaced, see `left_behind`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_begun: list[threading.Thread] = []


def begin(function: Callable[..., T], *arguments: Any) -> Future[T]:
    """Begin a call in a thread of its own, which does not keep the process from ending."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(function(*arguments))
        except BaseException as error:  # whatever it is, it is for whoever asks for the result
            future.set_exception(error)

    thread = threading.Thread(target=run, daemon=True, name=getattr(function, "__name__", "call"))
    _begun[:] = [*(other for other in _begun if other.is_alive()), thread]
    thread.start()
    return future


def left_behind(seconds: float = 0.0) -> bool:
    """True if a call that was begun is still under way after so many seconds."""
    deadline = time.monotonic() + seconds
    for thread in _begun:
        thread.join(max(0.0, deadline - time.monotonic()))
    return any(thread.is_alive() for thread in _begun)
