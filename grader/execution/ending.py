"""Runs a session in a thread of its own: what it showed is known as soon as its cells are through, however it closes.

A kernel that holds its sockets open, and writes to them what it likes, must neither keep its worker for ever nor cost
the submission its marks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from grader.errors import DeadlineError
from grader.execution.session import GRACE_SECONDS, STARTUP_SECONDS, Session
from grader.execution.warm import FORK_SECONDS, WARM_UP_SECONDS
from grader.records import Evidence
from grader.threads import begin

MORE_SECONDS = 300.0
"""What reading and asking may take beside the cells, over all of a session."""
LEAVE_SECONDS = 30.0
"""How long a session may take to close. Its kernel has ended then; the worker that waits for it is replaced."""
LOOK_SECONDS = 1.0


def run_session(session: Session) -> Evidence:
    """What a session shows.

    Raises:
        SandboxError: it does not start.
        DeadlineError: it comes to no end.
        Exception: what else the run raises; an interrupt closes the session first.
    """
    shown: Future[Evidence] = Future()
    running = begin(_run, session, shown)
    try:
        _wait_until_shown(session, shown, running)
    except BaseException:
        session.break_off()
        wait({running}, LEAVE_SECONDS)
        raise
    if wait({running}, LEAVE_SECONDS).not_done:
        session.watchdog.kill()
        _log_that(f"a session must close within {LEAVE_SECONDS:g} seconds. Received: none, and its worker is replaced")
    elif (error := running.exception()) is not None:
        if not shown.done():
            raise error
        _log_that(f"a session must close. Received: {type(error).__name__}: {error}")
    return shown.result()


def longest_seconds(session: Session) -> float:
    """Seconds that a session may take until it has shown what it can, as far as that is known by now."""
    cells = session.limits.seconds_per_submission - session.used_before + session.waited
    return cells + WARM_UP_SECONDS + FORK_SECONDS + STARTUP_SECONDS + GRACE_SECONDS + MORE_SECONDS


def _run(session: Session, shown: Future[Evidence]) -> None:
    asyncio.run(session.run(shown))


def _wait_until_shown(session: Session, shown: Future[Evidence], running: Future[None]) -> None:
    began = time.monotonic()
    either: set[Future[Any]] = {shown, running}
    while not wait(either, LOOK_SECONDS, FIRST_COMPLETED).done:
        if time.monotonic() - began > longest_seconds(session):
            session.watchdog.kill()
            raise DeadlineError(f"a session must end in {longest_seconds(session):g} seconds. Received: none")


def _log_that(fault: str) -> None:
    logging.getLogger(__name__).warning("%s", fault)
