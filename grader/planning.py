"""In which order a class is graded, and how long that will take: what is cheap and shared comes first, and what is long
begins in time to end with the rest.

What submissions will cost is foreseen from their code (`submission/workload.py`), less what others before them have
trained. That is rough: the time left is told once it has been compared with what the first submissions really took.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from grader.submission.workload import Foreseen, Workload

WINDOW = 100
"""Submissions that are looked at together: more would have to be read before the first one is begun."""
PLAIN_SECONDS = 5.0
"""What a submission takes beyond its trainings, as long as none was measured."""
LITTLE = 2.0
"""Seconds of training that tell nothing of how fast training is."""
GUESSED_SECONDS = 10.0
"""Of training: so much of it has to be measured before it counts as much as what was foreseen."""
FEWEST_RESULTS = 3
"""Results before the time left is told."""
LATE_SECONDS, LATE_SHARE = 15.0, 0.25
"""A submission may take so much longer than was foreseen, or such a share of it; beyond that nobody knows."""


# --- order ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cost:
    """What trainings take, in seconds as foreseen."""

    trainer: float = 0.0
    kernel: float = 0.0

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.trainer + self.kernel


def cost_of(work: Workload, trained: Workload) -> Cost:
    """What trainings will take, apart from epochs that the trainer has trained before."""
    trainer = kernel = 0.0
    for training, epochs in work.items():
        if training.in_kernel:
            kernel += training.epoch_seconds * epochs
        else:
            trainer += training.epoch_seconds * max(0, epochs - trained.get(training, 0))
    return Cost(trainer, kernel)


def together(works: Sequence[Workload]) -> Workload:
    """What several submissions train: epochs are a prefix, so that the longest training of a kind is all of them."""
    found: dict[Foreseen, int] = {}
    for work in works:
        for training, epochs in work.items():
            before = found.get(training, 0)
            found[training] = before + epochs if training.in_kernel else max(before, epochs)
    return found


def next_one(waiting: Sequence[Workload], trained: Workload, being_trained: Workload, workers: int) -> int:
    """The position of the submission to begin next.

    The cheapest one comes first, with two exceptions: one that would otherwise outlast all others is begun at once, and
    while somebody trains what others need too, those who would only wait for it let one with trainings of its own pass.
    """
    costs = [PLAIN_SECONDS + cost_of(work, trained).seconds for work in waiting]
    dearest = max(range(len(costs)), key=costs.__getitem__)
    everything = PLAIN_SECONDS * len(costs) + cost_of(together(waiting), trained).seconds
    if costs[dearest] * workers > everything:
        return dearest
    free = [position for position, work in enumerate(waiting) if not work.keys() & being_trained.keys()]
    return min(free or range(len(costs)), key=costs.__getitem__)


def _new(work: Workload, trained: Workload) -> Workload:
    """What the trainer has to train for a submission."""
    return {
        training: epochs
        for training, epochs in work.items()
        if not training.in_kernel and epochs > trained.get(training, 0)
    }


# --- time left --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A submission that was begun."""

    began: float
    """On some clock, in seconds."""
    cost: Cost


@dataclass(frozen=True, slots=True)
class Done:
    """A submission that has a result."""

    cost: Cost
    """As it was foreseen when it began."""
    took: float
    """Seconds, in all."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Submissions that were not begun."""

    count: int = 0
    cost: Cost = Cost()
    """All together."""
    longest: Cost = Cost()
    """Of one of them."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the class is graded."""

    plain: float
    """Seconds that a submission takes beyond its trainings."""
    trainer: float
    """Seconds that pass for one that was foreseen."""
    kernel: float

    def seconds(self, cost: Cost, submissions: int = 1) -> float:
        """What so many submissions with trainings of this cost will take."""
        return self.plain * submissions + self.trainer * cost.trainer + self.kernel * cost.kernel


def pace_of(done: Sequence[Done]) -> Pace:
    """The pace so far. As long as little was trained, it is half known from all else: the root of how slow that is."""
    plain = statistics.median([PLAIN_SECONDS, *(one.took for one in done if one.cost.seconds < LITTLE)])
    usual = GUESSED_SECONDS * math.sqrt(plain / PLAIN_SECONDS)
    light = [one for one in done if one.cost.trainer >= LITTLE and not one.cost.kernel]
    trainer = (usual + sum(max(0.0, one.took - plain) for one in light)) / (
        GUESSED_SECONDS + sum(one.cost.trainer for one in light)
    )
    own = [one for one in done if one.cost.kernel]
    kernel = (usual + sum(max(0.0, one.took - plain - trainer * one.cost.trainer) for one in own)) / (
        GUESSED_SECONDS + sum(one.cost.kernel for one in own)
    )
    return Pace(plain, trainer, kernel)


def seconds_left(
    now: float, done: Sequence[Done], under_way: Sequence[UnderWay], ahead: Ahead, workers: int
) -> float | None:
    """Seconds until the last result; None as long as that cannot be told."""
    if len(done) < FEWEST_RESULTS:
        return None
    pace = pace_of(done)
    rest = []
    for one in under_way:
        expected, taken = pace.seconds(one.cost), now - one.began
        if taken - expected > max(LATE_SECONDS, LATE_SHARE * expected):
            return None
        rest.append(abs(expected - taken))  # what is late will be so as long again, for all one knows
    total = sum(rest) + pace.seconds(ahead.cost, ahead.count)
    free = min(rest, default=0.0) if len(rest) >= workers else 0.0
    last = free + pace.seconds(ahead.longest) if ahead.count else 0.0
    return max(total / workers, last, *rest)


# --- a class ----------------------------------------------------------------------------------------------------------


class Schedule:
    """The submissions of a class: which is the next, and how long all will take."""

    def __init__(
        self,
        submissions: Sequence[tuple[str, Path]],
        read: Callable[[Path], Workload],
        workers: int,
        clock: Callable[[], float],
    ) -> None:
        """Args:
        submissions: names and files.
        read: what a file's notebook trains; asked when the submission comes into the window.
        workers: how many are graded at one time, at first; from then on, the most that were seen under way.
        clock: gives seconds.
        """
        self._coming = iter(submissions)
        self._unread = len(submissions)
        self._read = read
        self._workers = workers
        self._clock = clock
        self._waiting: dict[str, tuple[Path, Workload]] = {}
        self._begun: dict[str, tuple[Workload, Cost]] = {}
        self._under_way: dict[str, UnderWay] = {}
        self._done: list[Done] = []
        self._trained: Workload = {}

    def __iter__(self) -> Iterator[tuple[str, Path]]:
        """Name and file of each, chosen when it is asked for."""
        while self._filled():
            position = next_one(
                [work for _, work in self._waiting.values()], self._trained, self._being_trained(), self._workers
            )
            submission = list(self._waiting)[position]
            path, work = self._waiting.pop(submission)
            self._begun[submission] = _new(work, self._trained), cost_of(work, self._trained)
            self._trained = together([self._trained, work])
            yield submission, path

    def begin(self, submission: str) -> None:
        """A worker has begun it, for the first time or once more."""
        self._under_way[submission] = UnderWay(self._clock(), self._begun[submission][1])
        self._workers = max(self._workers, len(self._under_way))

    def end(self, submission: str) -> None:
        """It has a result."""
        one = self._under_way.pop(submission, None)
        if one is not None:
            self._done.append(Done(one.cost, self._clock() - one.began))

    def seconds_left(self) -> float | None:
        """As the function."""
        return seconds_left(self._clock(), self._done, [*self._under_way.values()], self._ahead(), self._workers)

    def _filled(self) -> bool:
        """Fill the window; False where nothing waits any more."""
        for submission, path in islice(self._coming, WINDOW - len(self._waiting)):
            self._waiting[submission] = path, self._read(path)
            self._unread -= 1
        return bool(self._waiting)

    def _being_trained(self) -> Workload:
        """What submissions under way were the first to need."""
        return together([self._begun[submission][0] for submission in self._under_way])

    def _ahead(self) -> Ahead:
        works = [work for _, work in self._waiting.values()]
        cost, count = cost_of(together(works), self._trained), len(works) + self._unread
        share = count / max(1, len(works))
        single = (cost_of(work, self._trained) for work in works)
        return Ahead(
            count,
            Cost(cost.trainer * share, cost.kernel * share),
            max(single, key=lambda cost: cost.seconds, default=Cost()),
        )
