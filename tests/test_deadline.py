"""Judging comes to an end: what was found until then holds, and the rest is the grader's own failure."""

from __future__ import annotations

import contextlib
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shipped import RUBRIC

from grader import deadline
from grader.checks import judge
from grader.deadline import OutOfTimeError, limited
from grader.records import Cell, Evidence, Place, Status, Submission

JUDGE = sys.modules["grader.checks.judge"]
"""The module, whose name is its function's, too."""


def spin(*_any: Any) -> Any:
    while True:
        pass


def spin_over_all_errors(*_any: Any) -> Any:
    while True:
        with contextlib.suppress(Exception):
            spin()


def overhear_once(*_any: Any) -> Any:
    try:
        spin()
    except BaseException:
        spin()


def match_for_ever(*_any: Any) -> Any:
    re.match(r"(a+)+b", "a" * 60)


HANGS: dict[str, Callable[..., Any]] = {
    "a loop": spin,
    "a loop that no error ends": spin_over_all_errors,
    "a loop after the end": overhear_once,
    "a pattern": match_for_ever,
}


@pytest.mark.parametrize("hang", HANGS.values(), ids=HANGS)
def test_work_ends(hang: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "AGAIN_SECONDS", 0.1)
    before = signal.getsignal(signal.SIGPROF)
    with pytest.raises(OutOfTimeError), limited(0.1):
        hang()
    assert signal.getsignal(signal.SIGPROF) is before
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_waiting_is_no_work() -> None:
    with limited(0.5):
        time.sleep(0.8)


def test_what_other_threads_do_is_no_work_of_this_one() -> None:
    """The kernel's timer counts all threads: learning in the background, or a library's own, must end nobody's judging."""
    busy = threading.Event()

    def other() -> None:
        while not busy.is_set():
            pass

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    try:
        with limited(0.3):
            thread.join(1.0)
        with pytest.raises(OutOfTimeError), limited(0.3):
            spin()
    finally:
        busy.set()
        thread.join()


def test_in_another_thread_there_is_no_end() -> None:
    done = []

    def work() -> None:
        with limited(0.01):
            end = time.thread_time() + 0.1
            while time.thread_time() < end:
                pass
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def judged(data: Path) -> dict[tuple[str, str], Status]:
    cells = tuple(Cell(index, "code", f"x = {index}") for index in range(12))
    places = {question.id: Place(question.id, (at % 12,)) for at, question in enumerate(RUBRIC.questions)}
    judgement = judge(Submission("a", "a.ipynb", "", cells, places, {}), Evidence({}, ()), RUBRIC, data)
    return {(finding.question, finding.check): finding.status for finding in judgement.findings}


def test_what_was_found_before_the_end_holds_and_the_rest_is_no_zero(
    data_slice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = judged(data_slice)
    monkeypatch.setattr(JUDGE, "JUDGING_SECONDS", 1.0)
    monkeypatch.setitem(JUDGE.CHECKS, "callback_used", spin)
    cut = judged(data_slice)
    assert list(cut) == list(whole)
    first = next(at for at, (_, check) in enumerate(cut) if check == "callback_used")
    assert list(cut.values())[:first] == list(whole.values())[:first]
    assert set(list(cut.values())[first:]) == {Status.ERROR}


def test_where_nothing_was_found_in_time_nothing_is_a_zero(data_slice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JUDGE, "JUDGING_SECONDS", 0.1)
    monkeypatch.setattr(JUDGE, "attribute", spin_over_all_errors)
    assert set(judged(data_slice).values()) == {Status.ERROR}
