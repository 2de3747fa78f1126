"""What all executors have in common: the loop that runs a function over many jobs and tells what happens as it happens.

Every job ends in one `Finished` or `Lost`. A worker that dies takes nothing along but its own job, which is tried once
more; after a second death it is reported as lost, and the others never notice.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from grader.executors.child import Answered, CallEnd, Died, Late, pack_call, unpack_answer
from grader.interrupts import Interrupts

J = TypeVar("J")
R = TypeVar("R")

TRIES = 2
"""How often a job is begun before it is given up."""
LOOK_EVERY = 1.0
"""Seconds between two looks around while no job ends."""


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


class Executor(ABC):
    """Runs jobs on workers. An executor says where a job can be begun and what became of it; the loop is here."""

    same_machine: bool
    """True if the workers are processes of this machine, which can share what runs here with them."""

    @abstractmethod
    def check(self, look: Callable[[], None]) -> None:
        """See that jobs can be run wherever they are going to be run.

        Args:
            look: raises a `GraderError` where they cannot. Importable by name, or a partial of such a function.

        Raises:
            GraderError: what `look` raised, with the name of the machine if it is not this one.
        """

    @abstractmethod
    def prepare(self, function: Callable[[Any], object], argument: Any, jobs: int) -> None:
        """Have workers that this executor starts run a function before their first job, beside whatever follows here.

        Args:
            function: importable by name. What it gives or raises is told to nobody: a job that needs what it was to
                prepare will say so.
            jobs: how many there will be: no more workers than that are started.
        """

    def run(
        self, function: Callable[[J], R], jobs: Iterable[J], *, seconds: float | None = None
    ) -> Generator[Started[J] | Finished[J, R] | Lost[J]]:
        """Run `function` over `jobs`. Every job ends in one `Finished` or `Lost`, as it is done.

        Args:
            function: importable by name, since it is run in another process.
            jobs: values that can be pickled; each is asked for when there is a place for it.
            seconds: wall time after which a job is ended and reported as lost; None for no limit.

        Closing the iterator, or an interrupt while it waits, ends all jobs and whatever they have started.
        """
        waiting = _Waiting(jobs)
        under_way: dict[Any, tuple[J, int]] = {}
        with Interrupts() as interrupts:
            try:
                while under_way or waiting:
                    interrupts.check()
                    places = () if waiting.exhausted else self._free()
                    for place, (job, attempt) in zip(places, waiting, strict=False):
                        under_way[self._begin(place, pack_call(function, job), seconds)] = job, attempt
                        yield Started(job)
                    for run, end in self._ended(LOOK_EVERY):
                        job, attempt = under_way.pop(run)
                        if isinstance(end, Died) and attempt < TRIES:
                            waiting.again(job, attempt + 1)
                        else:
                            yield _ending(job, end, seconds)
                    if reason := self._gone():
                        left = [*under_way.values(), *waiting]
                        under_way.clear()
                        yield from (Lost(job, reason) for job, _ in left)
            finally:
                self._stop()

    @abstractmethod
    def close(self) -> None:
        """End all workers that this executor has started."""

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def _free(self) -> Sequence[Any]:
        """Places that can take a job now, one for each job."""

    @abstractmethod
    def _begin(self, place: Any, call: bytes, seconds: float | None) -> Any:
        """Begin a packed call at a place; what is returned names this run."""

    @abstractmethod
    def _ended(self, seconds: float) -> Sequence[tuple[Any, CallEnd]]:
        """Runs that came to an end, each told once. Waits for the first, for so many seconds at most."""

    @abstractmethod
    def _stop(self) -> None:
        """End every run that is under way."""

    def _gone(self) -> str:
        """Why no job can be run any more; empty while some can."""
        return ""


class _Waiting(Generic[J]):
    """Jobs to begin, each with the number of the attempt; those to be tried again come last."""

    def __init__(self, jobs: Iterable[J]) -> None:
        self._jobs = iter(jobs)
        self._next: deque[tuple[J, int]] = deque()
        self._again: deque[tuple[J, int]] = deque()
        self._ended = False

    @property
    def exhausted(self) -> bool:
        """True once it is known that nothing waits; no job is asked for to find out."""
        return self._ended and not self._next and not self._again

    def again(self, job: J, attempt: int) -> None:
        self._again.append((job, attempt))

    def __bool__(self) -> bool:
        if not self._next and not self._ended:
            self._next.extend((job, 1) for job in islice(self._jobs, 1))
            self._ended = not self._next
        return bool(self._next or self._again)

    def __iter__(self) -> _Waiting[J]:
        return self

    def __next__(self) -> tuple[J, int]:
        if not self:
            raise StopIteration
        return (self._next or self._again).popleft()


def _ending(job: J, end: CallEnd, seconds: float | None) -> Finished[J, Any] | Lost[J]:
    match end:
        case Answered():
            succeeded, value = unpack_answer(end.content)
            return Finished(job, value) if succeeded else Lost(job, value)
        case Late():
            return Lost(job, f"It took more than {seconds:g} seconds and was ended.")
        case Died():
            return Lost(job, f"The worker process died on it {TRIES} times, perhaps for lack of memory.")
