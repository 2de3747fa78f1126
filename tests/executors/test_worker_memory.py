"""A worker whose memory a job swells ends with it, and no other job notices."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from waiting import wait_until

from grader.executors import Executor, Finished, LocalExecutor, Lost, Started
from grader.executors.child import Child

LIMIT = 600_000_000
"""Bytes; a worker begins with about 100 MB."""

_kept: list[bytearray] = []


def filled(megabytes: int) -> bytearray:
    """Memory of which every page is in use."""
    return bytearray(os.urandom(1_000_000)) * megabytes


def swell_on_two(job: tuple[int, str]) -> int:
    """Start a process, then take more and more memory."""
    if job[0] == 2:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(job[1]).write_text(str(child.pid))
        while True:
            _kept.append(filled(50))
            time.sleep(0.01)
    return job[0]


def keep_megabytes(megabytes: int) -> int:
    _kept.append(filled(megabytes))
    return os.getpid()


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Executor]:
    monkeypatch.setattr("grader.executors.local.Child", partial(Child, LIMIT))
    with LocalExecutor(1) as made:
        yield made


def test_a_job_that_takes_too_much_memory_costs_itself_alone(executor: Executor, tmp_path: Path) -> None:
    jobs = [(number, str(tmp_path / "pid")) for number in (1, 2, 3)]
    events = [event for event in executor.run(swell_on_two, jobs) if not isinstance(event, Started)]
    assert [type(event) for event in events] == [Finished, Lost, Finished]
    assert isinstance(events[1], Lost)
    assert events[1].job == jobs[1]
    assert "a worker's memory must be enough for a submission" in events[1].reason
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize(("megabytes", "workers"), [(1, 1), (300, 3)], ids=["a little", "much"])
def test_a_worker_that_has_kept_much_takes_no_other_job(executor: Executor, megabytes: int, workers: int) -> None:
    events = list(executor.run(keep_megabytes, [megabytes] * 3))
    pids = [event.value for event in events if isinstance(event, Finished)]
    assert len(pids) == 3
    assert len(set(pids)) == workers
