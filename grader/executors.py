"""Runs a function over many jobs in local worker processes, and tells what happens as it happens.

Each worker is a process pool of one, so that a worker which dies takes nothing along but its own job. That job is tried
once more; after a second death it is reported as lost, and the others never notice.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from types import FrameType
from typing import Generic, TypeVar

import psutil

J = TypeVar("J")
R = TypeVar("R")

TRIES = 2
"""How often a job is begun before it is given up."""
LOOK_EVERY = 1.0
"""Seconds between two looks at the clock while no job ends."""


@dataclass(frozen=True, slots=True)
class Started(Generic[J]):
    """A worker has begun a job."""

    job: J


@dataclass(frozen=True, slots=True)
class Finished(Generic[J, R]):
    """A job gave a value."""

    job: J
    value: R


@dataclass(frozen=True, slots=True)
class Lost(Generic[J]):
    """A job gave no value: its workers died, its time ran out, or the function raised."""

    job: J
    reason: str


def run_jobs(
    function: Callable[[J], R], jobs: Sequence[J], *, workers: int, seconds: float | None = None
) -> Generator[Started[J] | Finished[J, R] | Lost[J]]:
    """Run `function` over `jobs` in `workers` processes. Every job ends in one `Finished` or `Lost`, as it is done.

    Args:
        function: importable by name, since workers are spawned, not forked.
        jobs: values that can be pickled.
        workers: processes at one time, at least 1.
        seconds: wall time after which a job is ended and reported as lost; None for no limit.

    Closing the iterator, or an interrupt while it waits, ends all workers and whatever they have started.
    """
    waiting = deque((job, 1) for job in jobs)
    idle = [_Worker() for _ in range(min(workers, len(waiting)))]
    busy: dict[Future[R], _Task[J]] = {}
    interrupts = _Interrupts()
    try:
        while waiting or busy:
            interrupts.check()
            while waiting and idle:
                task = _Task(*waiting.popleft(), idle.pop())
                busy[task.worker.submit(function, task.job)] = task
                yield Started(task.job)
            done, _ = wait(busy, timeout=LOOK_EVERY, return_when=FIRST_COMPLETED)
            late = {future for future, task in busy.items() if seconds is not None and task.age > seconds}
            for future in done | late:
                task = busy.pop(future)
                ending = _ending(future, task, seconds)
                idle.append(task.worker if future in done and task.worker.alive else task.worker.replaced())
                if ending is None:
                    waiting.append((task.job, task.attempt + 1))
                else:
                    yield ending
    finally:
        interrupts.end()
        for worker in [*idle, *(task.worker for task in busy.values())]:
            worker.end()


class _Interrupts:
    """Remembers Ctrl-C: raised inside a callback of some library, the exception would be swallowed and forgotten."""

    def __init__(self) -> None:
        self._come = False
        self._before = signal.getsignal(signal.SIGINT)
        self._ours = threading.current_thread() is threading.main_thread() and callable(self._before)
        if self._ours:
            signal.signal(signal.SIGINT, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._come = True
        if callable(self._before):
            self._before(number, frame)

    def check(self) -> None:
        """Raise the interrupt that came, if it was swallowed."""
        if self._come:
            raise KeyboardInterrupt

    def end(self) -> None:
        """Give interrupts back to whoever had them."""
        if self._ours:
            signal.signal(signal.SIGINT, self._before)


class _Worker:
    """One process that runs one job after the other; started when it gets the first."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_leave_interrupts_to_the_parent)
        self._pid: Future[int] | None = None
        self.alive = True

    def submit(self, function: Callable[[J], R], job: J) -> Future[R]:
        """Hand over a job; a worker that died while idle is noticed here and counts as the job's death."""
        future: Future[R] = Future()
        try:
            self._pid = self._pid or self._pool.submit(os.getpid)
            future = self._pool.submit(function, job)
        except BrokenProcessPool as error:
            future.set_exception(error)
        future.add_done_callback(self._notice_death)
        return future

    def _notice_death(self, future: Future[R]) -> None:
        if not future.cancelled() and isinstance(future.exception(), BrokenProcessPool):
            self.alive = False

    def replaced(self) -> _Worker:
        """End this one and give a fresh one in its place."""
        self.end()
        return _Worker()

    def end(self) -> None:
        """End the process and all that it started."""
        if self._pid is not None and self._pid.done() and self._pid.exception() is None:
            _end_process_tree(self._pid.result())
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Task(Generic[J]):
    """A job on a worker."""

    def __init__(self, job: J, attempt: int, worker: _Worker) -> None:
        self.job, self.attempt, self.worker = job, attempt, worker
        self._begun = time.monotonic()

    @property
    def age(self) -> float:
        return time.monotonic() - self._begun


def _ending(future: Future[R], task: _Task[J], seconds: float | None) -> Finished[J, R] | Lost[J] | None:
    """What a job came to; None where it is to be tried again."""
    if not future.done():
        return Lost(task.job, f"It took more than {seconds:g} seconds and was ended.")
    error = future.exception()
    if error is None:
        return Finished(task.job, future.result())
    if not isinstance(error, BrokenProcessPool):
        return Lost(task.job, "".join(traceback.format_exception(error)))
    if task.attempt < TRIES:
        return None
    return Lost(task.job, f"The worker process died on it {task.attempt} times, perhaps for lack of memory.")


def _leave_interrupts_to_the_parent() -> None:
    """Ctrl-C reaches the whole terminal group; only the parent may decide what it means.

    A handler, and not ``SIG_IGN``, which kernels would inherit: a cell over its time could not be interrupted.
    """
    signal.signal(signal.SIGINT, lambda *_: None)


def _end_process_tree(pid: int) -> None:
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
