"""No stage between reading and writing goes on for ever: what hangs ends by a deadline, and costs nobody a point."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from kernel_questions import EPOCH, ask, fit_on
from small_trainings import ACCURACY, small_order
from waiting import wait_until

from grader.errors import DeadlineError, TrainerError
from grader.execution import attempts, desk, ending
from grader.execution.asking import Questions
from grader.execution.attempts import Runner
from grader.execution.desk import TrainingDesk
from grader.execution.session import Session
from grader.records import Evidence, Submission, say
from grader.rubric.rubric import Limits, Rubric
from grader.threads import begin, left_behind
from grader.training import patience
from grader.training.data import DEFAULT_FOLDER
from grader.training.service import Trainings
from grader.training.trajectories import Trajectories

SOON = 20.0
"""Seconds within which what has a deadline of a moment has ended on a busy machine."""
SHOWN = Evidence(runs={})


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Ends what a test has left hanging."""
    event = threading.Event()
    yield event
    event.set()
    assert not left_behind(SOON)


# --- a session ------------------------------------------------------------------------------------------------------


class StuckSession:
    """A session whose event loop is kept by a kernel: before it has shown anything, or in closing."""

    def __init__(self, release: threading.Event, *, shows: bool) -> None:
        self.release, self.shows = release, shows
        self.killed = self.broken_off = False
        self.limits, self.used_before, self.waited = Limits(), 0.0, 0.0
        self.watchdog = SimpleNamespace(kill=lambda: setattr(self, "killed", True))

    async def run(self, shown: Future[Evidence]) -> None:
        if self.shows:
            shown.set_result(SHOWN)
        self.release.wait()

    def break_off(self) -> None:
        self.broken_off = True


def run(session: StuckSession) -> Evidence:
    return ending.run_session(cast(Session, session))


def test_what_ran_counts_though_a_session_never_closes(
    release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "LEAVE_SECONDS", 0.2)
    session, began = StuckSession(release, shows=True), time.monotonic()
    assert run(session) is SHOWN
    assert time.monotonic() - began < SOON
    assert session.killed
    assert left_behind(), "its worker is to be replaced"


def test_a_session_that_comes_to_no_end_is_our_error(release: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "LEAVE_SECONDS", 0.2)
    monkeypatch.setattr(ending, "longest_seconds", lambda _session: 0.1)
    session = StuckSession(release, shows=False)
    with pytest.raises(DeadlineError, match="a session must end"):
        run(session)
    assert session.killed
    assert session.broken_off


def test_a_session_that_fails_to_close_has_shown_what_it_has_shown() -> None:
    class Failing(StuckSession):
        async def run(self, shown: Future[Evidence]) -> None:
            await super().run(shown)
            raise OSError("a socket")

    ends = threading.Event()
    ends.set()
    assert run(Failing(ends, shows=True)) is SHOWN
    with pytest.raises(OSError, match="a socket"):
        run(Failing(ends, shows=False))


# --- questions to a kernel ------------------------------------------------------------------------------------------


class SilentKernel:
    """Takes questions, and answers none."""

    flooded = False

    def __init__(self) -> None:
        self.asked, self.interrupted, self.kc = 0, 0, self

    def execute(self, *_: object, **__: object) -> str:
        self.asked += 1
        return "message"

    async def get_shell_msg(self, timeout: float) -> None:
        await asyncio.sleep(timeout)
        raise TimeoutError

    async def is_alive(self) -> bool:
        return True

    def interrupt(self) -> None:
        self.interrupted += 1


@pytest.mark.parametrize(("left", "asked"), [(1_000.0, 1), (-29.9, 1), (-30.0, 0)], ids=["in time", "spare", "late"])
def test_a_question_to_a_kernel_has_a_deadline(left: float, asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.execution.asking.ASK_SECONDS", 0.2)
    monkeypatch.setattr("grader.execution.asking.GRACE_SECONDS", 0.1)
    kernel = SilentKernel()
    questions = Questions(cast(Any, kernel), cast(Any, kernel), lambda: left)
    began = time.monotonic()
    assert asyncio.run(questions.ask("simulate")) is None
    assert time.monotonic() - began < SOON
    assert (kernel.asked, kernel.interrupted) == (asked, asked)


# --- orders to the trainer ------------------------------------------------------------------------------------------


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Path]:
    """The socket of a trainer that takes every request and answers none."""
    path = tmp_path / "t" / "s"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        yield path


X = np.zeros((8, 4), np.float32)
Y = np.zeros(8, np.uint8)
FIT = fit_on(X, Y, units=2, batch_size=4)


def desk_at(trainer: Path, folder: Path) -> TrainingDesk:
    """A desk with a training that was taken and is to be done by a trainer."""
    trainings = Trainings(Trajectories(str(folder / "store")), trainer)
    for array in (X, Y):
        trainings.store.put_data(array)
    made = TrainingDesk(folder, trainings)
    assert ask(made, FIT) == {"training": 0}
    return made


def test_a_trainer_that_is_silent_is_given_up_in_time(
    silent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "ANSWER_SECONDS", 0.5)
    store = Trajectories(str(tmp_path / "store"))
    began = time.monotonic()
    with pytest.raises(DeadlineError, match=r"must answer in 0\.5 seconds"):
        Trainings(store, silent).epoch(small_order(store), 1, ACCURACY)
    assert time.monotonic() - began < SOON


def test_others_who_train_the_same_are_not_waited_for_for_ever(
    silent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Trajectories(str(tmp_path / "store"))
    order = small_order(store)
    with store.lock(order.key):
        monkeypatch.setattr(patience, "ANSWER_SECONDS", 0.5)
        with pytest.raises(DeadlineError):
            Trainings(store, silent).epoch(order, 1, ACCURACY)


def test_after_a_late_answer_the_kernel_trains_without_another_wait(
    silent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "ANSWER_SECONDS", 0.5)
    made = desk_at(silent, tmp_path)
    assert "seconds" in ask(made, EPOCH)["kernel"]
    began = time.monotonic()
    assert "kernel" in ask(made, EPOCH)
    assert time.monotonic() - began < 0.4
    assert made.failure


def test_a_desk_that_hangs_answers_all_the_same(
    silent: Path, tmp_path: Path, release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "LATE_SECONDS", 0.2)
    made = desk_at(silent, tmp_path)
    monkeypatch.setattr(made, "answer", lambda _line: release.wait())

    async def asked() -> bytes:
        await made.open()
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / desk.SOCKET))
        writer.write(json.dumps(EPOCH).encode() + b"\n")
        answer = await asyncio.wait_for(reader.readline(), SOON)
        writer.close()
        await made.close()
        return answer

    assert b'"kernel"' in asyncio.run(asked())
    assert made.failure


def test_nobody_waits_for_the_order_of_a_kernel_that_has_ended(silent: Path, tmp_path: Path) -> None:
    made = desk_at(silent, tmp_path)
    answer = begin(ask, made, EPOCH)
    wait_until(lambda: any((tmp_path / "t").glob("w-*")))
    asyncio.run(made.close())
    assert "kernel" in answer.result(SOON)
    assert not made.failure, "it is nobody's fault"


@pytest.mark.parametrize("fails", [True, False], ids=["the trainer failed", "the trainer answered"])
@pytest.mark.parametrize("cut", [True, False], ids=["cut short", "to its end"])
def test_a_limit_does_not_hold_for_what_the_trainer_did_not_do(
    fails: bool, cut: bool, tmp_path: Path, slice_rubric: Rubric, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = Evidence(runs={}, cut_short=say("Cell {cell} took longer than ...", cell=1) if cut else None)

    def ended(session: Session) -> Evidence:
        assert session.desk is not None
        session.desk.failure = "a trainer must answer" if fails else ""
        return evidence

    monkeypatch.setattr(attempts, "run_session", ended)
    runner = Runner(
        Submission("s", "", "", (), {}, {"cells": []}),
        slice_rubric,
        "none",
        Limits(),
        DEFAULT_FOLDER,
        Trainings(Trajectories(str(tmp_path)), None),
    )
    attempt: Callable[[], Any] = lambda: runner.attempt({}, 0.0)  # noqa: E731
    if fails and cut:
        with pytest.raises(DeadlineError, match="a trainer must answer"):
            attempt()
    else:
        assert attempt().evidence is evidence


def test_a_wait_is_over_for_a_reason() -> None:
    over = threading.Event()
    patience.Patience(over, 60).check()
    with pytest.raises(DeadlineError):
        patience.Patience(over, -1).check()
    over.set()
    with pytest.raises(TrainerError):
        patience.Patience(over, 60).check()
