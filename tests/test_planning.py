"""The order in which a class is graded, and how long that is said to take."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.planning import Ahead, Cost, Done, Schedule, UnderWay, cost_of, next_one, seconds_left, together
from grader.submission.workload import Foreseen, Workload

SMALL, LARGE = Foreseen(("128",), 64), Foreseen(("1024",), 64)
OTHER = Foreseen(("512", "relu"), 64)
SLOW = Foreseen(("512",), 64, in_kernel=True)

USUAL: Workload = {SMALL: 10, LARGE: 10}
CHEAP: Workload = {SMALL: 10}
OWN: Workload = {SMALL: 10, OTHER: 10}
ENDLESS: Workload = {SLOW: 300}


def test_epochs_are_a_prefix_for_the_trainer_and_none_for_a_kernel() -> None:
    assert cost_of({SMALL: 30}, {SMALL: 10}) == Cost(trainer=pytest.approx(20 * SMALL.epoch_seconds))
    assert cost_of({SMALL: 10}, {SMALL: 30}) == Cost()
    assert cost_of({SLOW: 10}, {SLOW: 30}) == Cost(kernel=pytest.approx(10 * SLOW.epoch_seconds))
    assert together([{SMALL: 10, SLOW: 2}, {SMALL: 30, SLOW: 3}]) == {SMALL: 30, SLOW: 5}


ORDERS: Mapping[str, tuple[Sequence[Workload], Workload, Workload, int]] = {
    "the cheapest comes first": ([USUAL, CHEAP] * 4, {}, {}, 1),
    "what others have trained costs nothing": ([CHEAP, USUAL], {LARGE: 10}, {}, 0),
    "one that would outlast all others cannot wait": ([CHEAP, USUAL, ENDLESS], {}, {}, 2),
    "one with trainings of its own passes those who would wait": ([USUAL, CHEAP, {OTHER: 10}] * 4, {}, USUAL, 2),
    "where all would wait the cheapest waits": ([USUAL, CHEAP] * 4, {}, CHEAP, 1),
}


@pytest.mark.parametrize(("waiting", "trained", "being_trained", "chosen"), ORDERS.values(), ids=ORDERS)
def test_who_is_next(waiting: Sequence[Workload], trained: Workload, being_trained: Workload, chosen: int) -> None:
    assert next_one(waiting, trained, being_trained, workers=2) == chosen


def schedule(works: Mapping[str, Workload], workers: int = 2) -> Schedule:
    return Schedule([(name, Path(name)) for name in works], lambda path: works[path.name], workers, lambda: 0.0)


def test_everybody_has_a_turn_whatever_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.planning.WINDOW", 3)
    works = {f"s{number}": [USUAL, OWN, ENDLESS, CHEAP][number % 4] for number in range(25)}
    assert sorted(name for name, _ in schedule(works)) == sorted(works)


def test_files_are_read_as_they_come_into_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.planning.WINDOW", 3)
    read: list[Path] = []

    def foresee(path: Path) -> Workload:
        read.append(path)
        return CHEAP

    turns = iter(Schedule([(str(number), Path(str(number))) for number in range(10)], foresee, 2, lambda: 0.0))
    next(turns)
    assert len(read) == 3
    next(turns)
    assert len(read) == 4


# --- time left --------------------------------------------------------------------------------------------------------

QUICK = Done(Cost(), took=5.0)
"""As fast as it is usual."""


def test_nothing_is_said_before_enough_is_known() -> None:
    assert seconds_left(0.0, [QUICK] * 2, [], Ahead(10), 2) is None
    assert seconds_left(0.0, [QUICK] * 3, [], Ahead(10), 2) == pytest.approx(25)


@pytest.mark.parametrize("cost", [Cost(trainer=100.0), Cost(kernel=100.0)], ids=["trainer", "kernel"])
def test_the_pace_of_trainings_is_measured(cost: Cost) -> None:
    """Twice as slow as was foreseen, apart from what each takes anyway."""
    done = [QUICK] * 3 + [Done(cost, took=205.0)] * 3
    assert seconds_left(0.0, done, [], Ahead(1, cost, cost), 1) == pytest.approx(205, rel=0.05)


def test_a_slow_machine_is_slow_at_what_was_not_measured_yet() -> None:
    slow = Done(Cost(), took=20.0)
    left = seconds_left(0.0, [slow] * 30, [], Ahead(1, Cost(trainer=100.0), Cost(trainer=100.0)), 1)
    assert left == pytest.approx(20 + 200, rel=0.1)


def test_a_full_store_trains_nothing() -> None:
    replayed = Done(Cost(trainer=40.0), took=5.0)
    left = seconds_left(0.0, [replayed] * 5, [], Ahead(10, Cost(trainer=400.0), Cost(trainer=40.0)), 2)
    assert left == pytest.approx(35, rel=0.3)


def test_the_last_one_cannot_be_shared_out() -> None:
    left = seconds_left(0.0, [QUICK] * 3, [UnderWay(0.0, Cost(trainer=300.0))], Ahead(1), 4)
    assert left == pytest.approx(305)


def test_time_runs_between_results() -> None:
    under_way = [UnderWay(0.0, Cost(kernel=100.0))]
    left = [seconds_left(now, [QUICK] * 3, under_way, Ahead(), 2) for now in (0.0, 40.0, 90.0)]
    assert left == pytest.approx([105, 65, 15])


def test_what_outlasts_its_estimate_is_never_about_to_end() -> None:
    under_way = [UnderWay(0.0, Cost(kernel=95.0))]
    late = [seconds_left(now, [QUICK] * 3, under_way, Ahead(), 2) for now in (110.0, 120.0, 130.0)]
    assert late == [pytest.approx(10), pytest.approx(20), None], "in the end nobody knows"


TRACES = Path(__file__).with_name("traces")
ROUGHLY = 2.0
"""Times too long or too short that an estimate may be, and still be honest."""
SECONDS = 20.0
"""That nobody minds."""


@dataclass(frozen=True)
class Row:
    """A submission of a class that was graded once: what it foresaw, and when it began and ended, in seconds."""

    submission: str
    began: float
    ended: float
    trainer: float
    kernel: float

    @property
    def cost(self) -> Cost:
        return Cost(self.trainer, self.kernel)


def told(rows: Sequence[Row], now: float) -> float | None:
    """What was left at some moment, as it would have been told."""
    waiting = [row.cost for row in rows if row.began > now]
    return seconds_left(
        now,
        [Done(row.cost, row.ended - row.began) for row in rows if row.ended <= now],
        [UnderWay(row.began, row.cost) for row in rows if row.began <= now < row.ended],
        Ahead(
            len(waiting),
            Cost(sum(cost.trainer for cost in waiting), sum(cost.kernel for cost in waiting)),
            max(waiting, key=lambda cost: cost.seconds, default=Cost()),
        ),
        workers=2,
    )


@pytest.mark.parametrize("trace", sorted(path.stem for path in TRACES.glob("*.json")))
def test_the_time_left_is_honest(trace: str) -> None:
    """After the first quarter of the results it is about right whenever it is told, and it is told more often than not."""
    rows = [Row(**row) for row in json.loads((TRACES / f"{trace}.json").read_text(encoding="utf-8"))]
    ends = sorted(row.ended for row in rows)
    moments = range(int(ends[len(ends) // 4]), int(ends[-1]))
    said = {now: left for now in moments if (left := told(rows, now)) is not None}
    assert len(said) > len(moments) / 2
    wrong = {
        now: (round(left), ends[-1] - now)
        for now, left in said.items()
        if not (ends[-1] - now) / ROUGHLY - SECONDS <= left <= (ends[-1] - now) * ROUGHLY + SECONDS
    }
    assert not wrong
