"""Grading on a Dask cluster: a real scheduler and real workers, on the loopback interface.

What every executor keeps to is tested in test_executors; here is what only a cluster can do wrong.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from course import QUIET, RUBRIC, SLEEPS, Class, Run, hear_interrupts
from dask_cluster import Cluster
from distributed.utils import LoopRunner
from executor_fixtures import cluster, executor  # noqa: F401
from student import SETUP, fit, network
from test_executors import ends, gone
from waiting import wait_until
from worker_jobs import dask_worker, kill_the_dask_worker_on_two, nap, refuse_where_it_is_empty

from grader.errors import UsageError
from grader.executors import Executor, Finished, Lost, Started, open_executor
from grader.executors.child import Died, pack_call
from grader.executors.dask import kill_children, run_in_child

TRAINS = [SETUP, network() + fit(epochs=2)]
MEASURED = """\
      - check: test_accuracy
        points: 1
        above: 0.3
"""
"""One more criterion of the question: the grader's own measurement."""


def ongoing(enough: Callable[[], bool], seconds: float = 120) -> Iterator[int]:
    """Jobs until there have been enough, and ten more."""
    deadline = time.monotonic() + seconds
    while not enough() and time.monotonic() < deadline:
        yield 0
    yield from range(10)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of this test's own, for its workers to die; none is there yet."""
    (tmp_path / "cluster").mkdir()
    cluster = Cluster(tmp_path / "cluster")
    yield cluster
    cluster.close()


def joined(cluster: Cluster, workers: int) -> Executor:
    """An executor on a cluster, when so many workers are there."""
    cluster.wait_for(workers)
    return open_executor("dask", workers=0, scheduler=cluster.address)


# --- workers that die, leave and join ---


def test_a_job_that_kills_its_dask_worker_is_tried_on_another_and_then_given_up(mortal: Cluster) -> None:
    for _ in range(3):
        mortal.start_worker("--no-nanny")
    with joined(mortal, 3) as executor:
        events = list(executor.run(kill_the_dask_worker_on_two, [1, 2, 3, 4, 5]))
    assert sorted(event.value for event in ends(events, Finished)) == [1, 3, 4, 5]
    (lost,) = ends(events, Lost)
    assert lost.job == 2
    assert "died on it 2 times" in lost.reason
    assert Counter(event.job for event in ends(events, Started))[2] == 2


def test_a_worker_that_joins_later_is_used_if_it_passes_the_look(mortal: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "needed"
    folder.mkdir()
    (folder / "file").touch()
    first = mortal.start_worker("--no-nanny")
    with joined(mortal, 1) as executor:
        executor.check(partial(refuse_where_it_is_empty, folder))
        used: set[int] = set()
        later: list[psutil.Process] = []
        for event in executor.run(dask_worker, ongoing(lambda: bool(later) and later[0].pid in used)):
            if isinstance(event, Finished):
                used.add(event.value)
                if not later:
                    later.append(mortal.start_worker("--no-nanny"))
                    later.append(mortal.start_worker("--no-nanny", hidden=folder))
                    mortal.wait_for(3)
    assert used == {first.pid, later[0].pid}
    assert later[1].is_running()


def test_a_run_that_is_ended_before_it_has_begun_does_not_run() -> None:
    name = f"ended-{time.time_ns()}"
    kill_children([name])
    assert run_in_child(name, pack_call(nap, 600.0), None) == Died()


def test_without_its_scheduler_a_run_comes_to_an_end(mortal: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.executors.dask.CONNECT_SECONDS", 4.0)  # also for coming back to it
    mortal.start_worker("--no-nanny")
    events: list[Any] = []
    with joined(mortal, 1) as executor:
        for event in executor.run(nap, [0.0, 60.0, 60.0]):
            events.append(event)
            if isinstance(event, Finished):
                mortal.kill_scheduler()
    assert sorted(event.job for event in events if not isinstance(event, Started)) == [0.0, 60.0, 60.0]
    assert {event.reason for event in ends(events, Lost)} == {
        f"The scheduler at {mortal.address} could no longer be reached."
    }


# --- grading ---


def test_a_class_gets_every_result_once_with_the_local_marks_though_a_worker_is_killed(
    course: Class, mortal: Cluster, data_slice: Path
) -> None:
    (course.root / "rubric.yaml").write_text(RUBRIC.replace("points: 2\n", "points: 3\n") + MEASURED)
    for number in range(3):
        course.hand_in(f"quiet-{number}", [*QUIET, f"import time; time.sleep(1); print({number})"])
    course.hand_in("trains", TRAINS, "**Pregunta 1**")
    course.hand_in("trains-too", [*TRAINS, "print('mine')"], "**Pregunta 1**")
    (course.folder / "words.ipynb").write_text("# only words")
    options = ["--data", str(data_slice), "--store", str(course.root / "store")]
    victim, other = (mortal.start_worker("--no-nanny") for _ in range(2))
    mortal.wait_for(2)

    with grading(course, *on(mortal), *options) as process:
        family = wait_until(lambda: with_kernel(victim) if any(course.out.glob("*/report.html")) else [])
        victim.kill()
        out, err = process.communicate(timeout=600)

    assert (process.returncode, err) == (0, "")
    told = [line.split()[1] for line in out.splitlines() if line.startswith("[")]
    assert sorted(told) == [*(f"quiet-{number}" for number in range(3)), "trains", "trains-too", "words"]
    assert all(gone(member.pid) for member in family)
    assert other.is_running()
    assert (course.out / "trains" / "executed.ipynb").stat().st_size > 0
    assert {training["source"] for training in course.result("trains-too")["trainings"]} <= {"trained", "replayed"}
    marks, found = course.marks(), {name: findings(course, name) for name in told}
    assert course.grade(*options, "--regrade").code == 0
    assert course.marks() == marks
    assert {name: findings(course, name) for name in told} == found
    assert {training["source"] for training in course.result("trains")["trainings"]} == {"replayed"}
    assert marks["trains"]["score"] == "3"


def test_an_interrupt_keeps_what_is_done_and_ends_the_kernels_on_the_workers(course: Class, mortal: Cluster) -> None:
    asleep = course.root / "asleep"
    course.hand_in("ana", QUIET)
    course.hand_in("luz", [f"open({str(asleep)!r}, 'w').close()", *SLEEPS])
    worker = mortal.start_worker("--no-nanny")
    mortal.wait_for(1)
    with grading(course, *on(mortal), "--no-replay", "--sandbox", "none") as process:
        wait_until(lambda: asleep.exists() and (course.out / "index.html").exists())
        family = worker.children(recursive=True)
        assert any("_kernel_recorder" in member.cmdline() for member in family)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert "Not graded: 1 (" in out
    assert list(course.marks()) == ["ana"]
    wait_until(lambda: all(gone(member.pid) for member in family))  # a worker elsewhere hears of it a moment later
    assert worker.is_running()


@pytest.mark.parametrize("address", ["nonsense://x", "tcp://"])
def test_a_client_that_cannot_connect_leaves_nothing_to_the_garbage_collector(address: str) -> None:
    before = threading.active_count(), len(LoopRunner._all_loops)
    with pytest.raises(UsageError, match="must be the address of a Dask scheduler"):
        open_executor("dask", workers=0, scheduler=address)
    assert (threading.active_count(), len(LoopRunner._all_loops)) == before


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """With schedulers that do not answer."""
    monkeypatch.setattr("grader.executors.dask.CONNECT_SECONDS", 2.0)


@pytest.mark.usefixtures("no_patience")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--executor", "dask"], "needs the address of a scheduler", id="no scheduler"),
        pytest.param(["--scheduler", "tcp://127.0.0.1:1"], "is for --executor dask", id="a scheduler for local"),
        pytest.param(
            ["--executor", "dask", "--scheduler", "tcp://127.0.0.1:1"], "needs a store that all workers share",
            id="no store",
        ),
        pytest.param(
            ["--executor", "dask", "--scheduler", "tcp://127.0.0.1:1", "--no-replay", "--workers", "2"],
            "a Dask cluster has its own", id="a number of workers",
        ),
        pytest.param(
            ["--executor", "dask", "--scheduler", "tcp://127.0.0.1:1", "--no-replay"],
            "must be the address of a Dask scheduler", id="a scheduler that does not answer",
        ),
        pytest.param(
            ["--executor", "dask", "--scheduler", "nonsense://x", "--no-replay"],
            "must be the address of a Dask scheduler", id="no address",
        ),
        pytest.param(["--executor", "bogus"], "must be one of local, dask", id="an unknown executor"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_one_line(course: Class, options: Sequence[str], message: str) -> None:
    course.hand_in("ana", QUIET)
    refused(course, course.grade(*options), message)


@pytest.mark.usefixtures("no_patience")
def test_a_scheduler_without_workers_is_refused(course: Class, mortal: Cluster) -> None:
    course.hand_in("ana", QUIET)
    refused(course, course.grade(*on(mortal), "--no-replay"), "the Dask scheduler must have workers")


def test_without_dask_its_executor_is_refused(course: Class) -> None:
    course.hand_in("ana", QUIET)
    code = (
        "import sys; from grader import requirements; from grader.cli import main; "
        "requirements._is_installed = lambda name: name != 'distributed'; sys.exit(main())"
    )
    words = [*course.command, "--executor", "dask", "--scheduler", "tcp://127.0.0.1:1", "--no-replay"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False, timeout=120
    )
    refused(
        course,
        Run(done.returncode, done.stdout, done.stderr),
        "--executor dask needs more packages (pip install distributed). Received: no distributed",
    )


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        pytest.param("data", "the data set's file must be readable", id="the data set"),
        pytest.param("store", "must be a URL that all machines share", id="the store"),
    ],
)
def test_a_worker_that_lacks_something_is_named(
    course: Class, mortal: Cluster, data_slice: Path, missing: str, message: str
) -> None:
    course.hand_in("ana", QUIET)
    store = course.root / "store"
    store.mkdir()
    mortal.start_worker("--no-nanny", hidden={"data": data_slice, "store": store}[missing])
    mortal.wait_for(1)
    done = course.grade(*on(mortal), "--data", str(data_slice), "--store", str(store))
    refused(course, done, message)
    assert done.err.startswith("error: worker tcp://127.0.0.1:")


@contextmanager
def grading(course: Class, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, which does not outlive the test."""
    words = [sys.executable, "-m", "grader", *course.command, *options]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, text=True, preexec_fn=hear_interrupts, **streams) as process:
        try:
            yield process
        finally:
            process.kill()


def findings(course: Class, submission: str) -> list[tuple[Any, ...]]:
    """What was found, and how it is known."""
    return [
        (finding["check"], finding["status"], finding["points"], finding["basis"])
        for question in course.result(submission)["questions"]
        for finding in question["findings"]
    ]


def on(cluster: Cluster) -> list[str]:
    return ["--executor", "dask", "--scheduler", cluster.address]


def refused(course: Class, done: Run, message: str) -> None:
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert message in done.err
    assert "Received: " in done.err
    assert done.err.count("\n") == 1
    assert not course.out.exists()


def with_kernel(worker: psutil.Process) -> list[psutil.Process]:
    """All processes below a worker, as soon as a kernel is among them."""
    family = worker.children(recursive=True)
    return family if any(member.name() == "bwrap" for member in family) else []
