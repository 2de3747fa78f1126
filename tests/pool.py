"""Workers that grade for one test after the other: each begins with seconds of imports and a fork server of its own.

So does the trainer. What it has trained for a test is in that test's store only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from grader.execution import session
from grader.executors import Executor, LocalExecutor, open_executor
from grader.executors.child import Child
from grader.training.service import TrainerProcess


def set_patience(seconds: float) -> None:
    """For the process that runs it."""
    session.GRACE_SECONDS = seconds


class Lent(LocalExecutor):
    """An executor with workers that stay when it is closed."""

    def __init__(self, workers: int, pool: list[Child]) -> None:
        super().__init__(workers)
        self._idle = pool

    def close(self) -> None:
        """Give the workers back."""


class LentTrainer(TrainerProcess):
    """A trainer that stays when a command closes it."""

    lent = True

    def close(self) -> None:
        """Stay, unless it is taken back."""
        if not self.lent:
            super().close()


class Pool:
    """The workers and the trainer of one test process."""

    def __init__(self) -> None:
        self._idle: list[Child] = []
        self._trainer: LentTrainer | None = None

    def open_executor(self, kind: Any, *, workers: int, scheduler: str = "") -> Executor:
        """As the grader's own function, with local workers from the pool."""
        return (
            Lent(workers, self._idle) if kind == "local" else open_executor(kind, workers=workers, scheduler=scheduler)
        )

    def start_trainer(self) -> TrainerProcess:
        """As the grader's own function; the trainer has its imports behind it, but for the first time."""
        if self._trainer is None or not self._trainer.alive:
            self._trainer = LentTrainer()
            self._trainer.wait()
        return self._trainer

    @contextmanager
    def lent(self) -> Iterator[None]:
        """While the context lasts, commands in this process grade with these workers and this trainer."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("grader.pipeline.open_executor", self.open_executor)
            patch.setattr("grader.pipeline.start_trainer", self.start_trainer)
            yield

    @contextmanager
    def impatient(self, workers: int) -> Iterator[None]:
        """While the context lasts, so many workers do not wait as long as else for cells that take no interrupt."""
        usual = session.GRACE_SECONDS
        lent = Lent(workers, self._idle)
        lent.prepare(set_patience, 4.0, workers)
        try:
            yield
        finally:
            lent.prepare(set_patience, usual, 0)

    def close(self) -> None:
        """End them."""
        if self._trainer is not None:
            self._trainer.lent = False
            self._trainer.close()
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
