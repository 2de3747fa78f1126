"""Workers that grade for one test after the other: each begins with seconds of imports and a fork server of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from grader.executors import Executor, LocalExecutor, open_executor
from grader.executors.child import Child


class Lent(LocalExecutor):
    """An executor with workers that stay when it is closed."""

    def __init__(self, workers: int, pool: list[Child]) -> None:
        super().__init__(workers)
        self._idle = pool

    def close(self) -> None:
        """Give the workers back."""


class Pool:
    """The workers of one test process."""

    def __init__(self) -> None:
        self._idle: list[Child] = []

    def open_executor(self, kind: Any, *, workers: int, scheduler: str = "") -> Executor:
        """As the grader's own function, with local workers from the pool."""
        return (
            Lent(workers, self._idle) if kind == "local" else open_executor(kind, workers=workers, scheduler=scheduler)
        )

    @contextmanager
    def lent(self) -> Iterator[None]:
        """While the context lasts, commands in this process grade with these workers."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("grader.pipeline.open_executor", self.open_executor)
            yield

    def close(self) -> None:
        """End the workers."""
        with LocalExecutor(len(self._idle)) as last:
            last._idle = self._idle


@contextmanager
def pool_of_workers() -> Iterator[Pool]:
    """A pool while the context lasts."""
    pool = Pool()
    try:
        yield pool
    finally:
        pool.close()
