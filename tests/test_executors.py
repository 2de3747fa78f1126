"""Worker processes that die, hang and raise are real ones here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from grader.executors import Finished, Lost, Started, run_jobs


def double(number: int) -> int:
    return 2 * number


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def raise_on_two(number: int) -> int:
    if number == 2:
        raise ValueError("two is not liked")
    return number


def return_what_cannot_be_sent(number: int) -> Any:
    return (lambda: None) if number == 2 else number


def killed_on_two(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def exit_zero_on_two(number: int) -> int:
    if number == 2:
        os._exit(0)
    return number


def exit_one_on_two(number: int) -> int:
    if number == 2:
        os._exit(1)
    return number


def die_once(marker: str) -> str:
    if marker and not Path(marker).exists():
        Path(marker).touch()
        os._exit(137)
    return marker


def start_a_child_and_hang(pid_file: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(pid_file).write_text(str(child.pid))
    time.sleep(600)


def pid_of_worker(_: int) -> int:
    return os.getpid()


def interrupt_a_child(_: int) -> int:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    return child.wait()


def interrupt_oneself(number: int) -> int:
    os.kill(os.getpid(), signal.SIGINT)
    return number


def ends(events: list[Any], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_job_is_started_and_finished_once(workers: int) -> None:
    events = list(run_jobs(double, [1, 2, 3, 4], workers=workers))
    assert sorted(event.job for event in ends(events, Started)) == [1, 2, 3, 4]
    assert sorted(event.value for event in ends(events, Finished)) == [2, 4, 6, 8]
    assert not ends(events, Lost)


def test_no_jobs_need_no_workers() -> None:
    assert list(run_jobs(double, [], workers=4)) == []


def test_a_worker_is_used_again() -> None:
    assert len({event.value for event in ends(list(run_jobs(pid_of_worker, range(4), workers=1)), Finished)}) == 1


def test_a_slow_job_does_not_hold_up_the_others() -> None:
    events = list(run_jobs(nap, [3.0, 0.01, 0.02, 0.03], workers=2))
    assert [event.job for event in ends(events, Finished)][-1] == 3.0


def test_results_come_one_by_one() -> None:
    jobs = run_jobs(nap, [0.0, 30.0], workers=2)
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
@pytest.mark.parametrize("workers", [1, 3])
def test_a_dying_worker_costs_only_the_job_it_was_on(function: Callable[[int], int], workers: int) -> None:
    events = list(run_jobs(function, [1, 2, 3, 4, 5], workers=workers))
    assert sorted(event.value for event in ends(events, Finished)) == [1, 3, 4, 5]
    (lost,) = ends(events, Lost)
    assert lost.job == 2
    assert "died on it 2 times" in lost.reason


def test_a_job_whose_worker_died_is_tried_once_more(tmp_path: Path) -> None:
    events = list(run_jobs(die_once, ["", str(tmp_path / "seen")], workers=1))
    assert [event.job for event in ends(events, Finished)] == ["", str(tmp_path / "seen")]
    assert len(ends(events, Started)) == 3


def test_an_exception_is_reported_with_its_traceback_and_not_tried_again() -> None:
    events = list(run_jobs(raise_on_two, [1, 2, 3], workers=1))
    (lost,) = ends(events, Lost)
    assert lost.job == 2
    assert "two is not liked" in lost.reason
    assert "raise_on_two" in lost.reason
    assert len(ends(events, Started)) == 3


def test_a_value_that_cannot_be_sent_is_reported() -> None:
    events = list(run_jobs(return_what_cannot_be_sent, [1, 2, 3], workers=1))
    assert [event.job for event in ends(events, Lost)] == [2]
    assert sorted(event.job for event in ends(events, Finished)) == [1, 3]


def test_a_job_over_its_time_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    (lost,) = ends(list(run_jobs(start_a_child_and_hang, [str(pid_file)], workers=1, seconds=4)), Lost)
    assert "more than 4 seconds" in lost.reason
    assert gone(int(pid_file.read_text()))


def test_closing_ends_the_workers_and_all_that_they_started(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    jobs = run_jobs(start_a_child_and_hang, [str(pid_file)], workers=1)
    next(jobs)
    deadline = time.monotonic() + 30
    while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    jobs.close()
    assert gone(int(pid_file.read_text()))


def test_interrupts_are_left_to_the_parent_but_reach_what_a_worker_starts() -> None:
    assert [event.value for event in ends(list(run_jobs(interrupt_oneself, [1], workers=1)), Finished)] == [1]
    assert [event.value for event in ends(list(run_jobs(interrupt_a_child, [1], workers=1)), Finished)] != [0]


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False
