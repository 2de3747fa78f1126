"""Workers that are processes of this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from typing import Any

from grader.executors.child import Answered, CallEnd, Child, pack_call
from grader.executors.executor import Executor


class LocalExecutor(Executor):
    """So many child processes, each started when it gets its first job or is prepared, and used again for the next."""

    same_machine = True

    def __init__(self, workers: int) -> None:
        """Args: workers: processes at one time, at least 1."""
        self._workers = workers
        self._idle: list[Child] = []
        self._busy: list[Child] = []

    def check(self, look: Callable[[], None]) -> None:
        """Raises what `look` raises."""
        look()

    def prepare(self, function: Callable[[Any], object], argument: Any, jobs: int) -> None:
        """Start as many processes as there will be work for, and have each run the function before its first job."""
        call = pack_call(function, argument)
        while len(self._idle) + len(self._busy) < min(self._workers, jobs):
            self._idle.append(Child())
        for child in self._idle:
            child.prepare(call)

    def close(self) -> None:
        """End the processes."""
        for child in self._idle:
            child.dismiss()
        while self._idle:
            self._idle.pop().end()

    def _free(self) -> Sequence[None]:
        return [None] * (self._workers - len(self._busy))

    def _begin(self, place: None, call: bytes, seconds: float | None) -> Child:  # noqa: ARG002
        child = self._idle.pop() if self._idle else Child()
        child.begin(call, seconds)
        self._busy.append(child)
        return child

    def _ended(self, seconds: float) -> Sequence[tuple[Child, CallEnd]]:
        wait([child.connection for child in self._busy], seconds)
        ends = [(child, end) for child in self._busy if (end := child.ended()) is not None]
        for child, end in ends:
            self._busy.remove(child)
            if isinstance(end, Answered) and not end.spent:
                self._idle.append(child)
            else:
                child.end()
        return ends

    def _stop(self) -> None:
        for child in self._busy:
            child.kill()
        while self._busy:
            self._busy.pop().end()
