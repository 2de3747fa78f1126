"""What every executor keeps to. Processes that die, hang and raise are real ones here, and so is the Dask cluster."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from executor_fixtures import cluster, executor  # noqa: F401
from worker_jobs import (
    die,
    die_once,
    double,
    exit_one_on_two,
    exit_zero_on_two,
    interrupt_a_child,
    interrupt_oneself,
    killed_on_two,
    leave_a_sign,
    leave_a_thread_hanging,
    look_and_be_content,
    look_and_refuse,
    nap,
    pid_of_worker,
    raise_on_two,
    return_what_cannot_be_sent,
    same,
    signs_left,
    start_a_child_and_hang,
)

from grader.errors import GraderError
from grader.executors import Executor, Finished, LocalExecutor, Lost, Started


def ends(events: list[Any], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_workers_of_this_machine_are_prepared_before_their_first_job(tmp_path: Path) -> None:
    with LocalExecutor(2) as executor:
        executor.prepare(leave_a_sign, str(tmp_path), jobs=4)
        executor.prepare(raise_on_two, 2, jobs=4)
        found = [event.value for event in ends(list(executor.run(signs_left, [str(tmp_path)] * 4)), Finished)]
        assert len(found) == 4
        assert all(worker in left for worker, *left in found)
        assert len(list(tmp_path.iterdir())) == 2


def test_a_worker_that_dies_of_its_preparation_costs_no_job() -> None:
    with LocalExecutor(1) as executor:
        executor.prepare(die, None, jobs=2)
        assert {event.value for event in ends(list(executor.run(double, [1, 2])), Finished)} == {2, 4}


def test_workers_that_get_no_job_end_in_the_middle_of_their_preparation() -> None:
    executor, before = LocalExecutor(5), psutil.Process().children()
    executor.prepare(nap, 600, jobs=2)
    workers = [process for process in psutil.Process().children() if process not in before]
    assert len(workers) == 2
    began = time.monotonic()
    executor.close()
    assert time.monotonic() - began < 60
    assert not any(worker.is_running() for worker in workers)


def test_every_job_is_started_and_finished_once(executor: Executor) -> None:
    events = list(executor.run(double, [1, 2, 3, 4, 5]))
    assert sorted(event.job for event in ends(events, Started)) == [1, 2, 3, 4, 5]
    assert sorted(event.value for event in ends(events, Finished)) == [2, 4, 6, 8, 10]
    assert not ends(events, Lost)


@pytest.mark.parametrize("workers", [1, 5])
def test_any_number_of_local_workers_will_do(workers: int) -> None:
    with LocalExecutor(workers) as executor:
        events = list(executor.run(double, [1, 2, 3]))
    assert sorted(event.value for event in ends(events, Finished)) == [2, 4, 6]


def test_no_jobs_are_done_at_once(executor: Executor) -> None:
    assert list(executor.run(double, [])) == []


def test_a_worker_is_used_again(executor: Executor) -> None:
    assert len({event.value for event in ends(list(executor.run(pid_of_worker, range(6))), Finished)}) <= 2


def test_a_worker_in_which_something_hangs_is_replaced(executor: Executor) -> None:
    events = ends(list(executor.run(leave_a_thread_hanging, range(3))), Finished)
    assert len({event.value for event in events}) == 3


def test_a_job_is_asked_for_when_there_is_a_place_for_it(executor: Executor) -> None:
    asked: list[int] = []
    events = executor.run(nap, (asked.append(number) or 30.0 for number in range(10)))
    next(events)
    events.close()
    assert len(asked) <= 3


def test_a_slow_job_does_not_hold_up_the_others(executor: Executor) -> None:
    list(executor.run(nap, [0.5, 0.5]))  # both processes have started
    events = list(executor.run(nap, [2.0, 0.01, 0.02, 0.03]))
    assert [event.job for event in ends(events, Finished)][-1] == 2.0


def test_results_come_one_by_one(executor: Executor) -> None:
    jobs = executor.run(nap, [0.0, 30.0])
    first = next(event for event in jobs if isinstance(event, Finished))
    jobs.close()
    assert first.job == 0.0


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(killed_on_two, id="killed as for lack of memory"),
        pytest.param(exit_one_on_two, id="os._exit(1)"),
        pytest.param(exit_zero_on_two, id="os._exit(0)"),
    ],
)
def test_a_dying_process_costs_only_the_job_it_was_on(executor: Executor, function: Callable[[int], int]) -> None:
    events = list(executor.run(function, [1, 2, 3, 4, 5]))
    assert sorted(event.value for event in ends(events, Finished)) == [1, 3, 4, 5]
    (lost,) = ends(events, Lost)
    assert lost.job == 2
    assert "died on it 2 times" in lost.reason


def test_a_job_whose_process_died_is_tried_once_more(executor: Executor, tmp_path: Path) -> None:
    events = list(executor.run(die_once, ["", str(tmp_path / "seen")]))
    assert sorted(event.job for event in ends(events, Finished)) == ["", str(tmp_path / "seen")]
    assert len(ends(events, Started)) == 3


def test_an_exception_is_reported_with_its_traceback_and_not_tried_again(executor: Executor) -> None:
    events = list(executor.run(raise_on_two, [1, 2, 3]))
    (lost,) = ends(events, Lost)
    assert lost.job == 2
    assert "two is not liked" in lost.reason
    assert "raise_on_two" in lost.reason
    assert len(ends(events, Started)) == 3


def test_a_value_that_cannot_be_sent_is_reported(executor: Executor) -> None:
    events = list(executor.run(return_what_cannot_be_sent, [1, 2, 3]))
    assert [event.job for event in ends(events, Lost)] == [2]
    assert sorted(event.job for event in ends(events, Finished)) == [1, 3]


def test_large_jobs_and_values_travel_whole(executor: Executor) -> None:
    jobs = [bytes([number]) * 8_000_000 for number in range(3)]
    assert {event.value == event.job for event in ends(list(executor.run(same, jobs)), Finished)} == {True}


def test_a_job_over_its_time_is_ended_with_all_that_it_started(executor: Executor, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    (lost,) = ends(list(executor.run(start_a_child_and_hang, [str(pid_file)], seconds=3)), Lost)
    assert "more than 3 seconds" in lost.reason
    assert gone(int(pid_file.read_text()))


def test_closing_ends_the_jobs_and_all_that_they_started(executor: Executor, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    jobs = executor.run(start_a_child_and_hang, [str(pid_file)])
    next(jobs)
    wait_for(pid_file)
    jobs.close()
    assert gone(int(pid_file.read_text()))


def test_a_process_does_not_outlive_what_started_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; from worker_jobs import *; from grader.executors import LocalExecutor; "
        f"list(LocalExecutor(1).run(start_a_child_and_hang, [{str(pid_file)!r}]))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    wait_for(pid_file)
    children = psutil.Process(parent.pid).children(recursive=True)
    parent.kill()
    parent.wait(10)
    assert len(children) == 2
    assert all(gone(child.pid) for child in children)


def test_interrupts_are_left_to_the_parent_but_reach_what_a_worker_starts(executor: Executor) -> None:
    assert [event.value for event in ends(list(executor.run(interrupt_oneself, [1])), Finished)] == [1]
    assert [event.value for event in ends(list(executor.run(interrupt_a_child, [1])), Finished)] != [0]


def test_every_machine_is_looked_at(executor: Executor) -> None:
    executor.check(look_and_be_content)
    with pytest.raises(GraderError, match="a machine must be liked") as caught:
        executor.check(look_and_refuse)
    assert str(caught.value).startswith("worker tcp://127.0.0.1:") is not executor.same_machine


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 30
    while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False
