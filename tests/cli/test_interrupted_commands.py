"""Ctrl-C and SIGTERM end every command alike: with exit code 130, and nothing left running."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest
import requests
from course import QUIET, SLEEPS, Class, hear_interrupts
from waiting import wait_until

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
HANGS = """
import sys, time
from grader.cli import main
import grader.{module} as module
def hang(*_, **__):
    print("begun", flush=True)
    time.sleep(600)
module.{function} = hang
sys.exit(main(sys.argv[1:]))
"""


def start(*command: str) -> subprocess.Popen[str]:
    """A process that hears signals and writes what it prints at once."""
    return subprocess.Popen(
        [sys.executable, "-u", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )


def interrupt(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Send the signal, see that the whole family ends, and return what was printed until then."""
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    wait_until(lambda: not any(_runs(member) for member in family))
    return out


def _answers(address: str) -> bool:
    return requests.get(address, timeout=30).ok


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def descendants(process: subprocess.Popen[str]) -> str:
    """The command lines of all that a process has started."""
    found = []
    for member in psutil.Process(process.pid).children(recursive=True):
        try:
            found.append(" ".join(member.cmdline()))
        except psutil.Error:
            continue
    return "\n".join(found)


@BOTH
def test_grade_keeps_what_is_done(course: Class, number: signal.Signals) -> None:
    course.hand_in("ana", QUIET)
    course.hand_in("luz", SLEEPS)
    process = start("-m", "grader", *course.command, "--workers", "2", "--sandbox", "none", "--no-replay")
    wait_until(lambda: (course.out / "index.html").exists())
    out = interrupt(process, number)
    assert list(course.marks()) == ["ana"]
    assert "Interrupted. Not graded: 1 (luz)." in out
    page = (course.out / "index.html").read_text(encoding="utf-8")
    assert "Grading was interrupted, or still goes on: 1 without a result." in page
    assert "every mark is final" not in page
    assert "Not graded: 1 (luz). grader grade goes on" in course.run("report", str(course.out)).out
    assert "every mark is final" not in (course.out / "index.html").read_text(encoding="utf-8")


@BOTH
def test_check_ends_worker_and_kernel(course: Class, number: signal.Signals) -> None:
    course.hand_in("luz", SLEEPS)
    words = ["check", str(course.folder / "luz.ipynb"), "--rubric", str(course.root / "rubric.yaml")]
    process = start("-m", "grader", *words, "--sandbox", "none", "--no-replay")
    wait_until(lambda: "_kernel_recorder" in descendants(process))
    interrupt(process, number)


@BOTH
@pytest.mark.parametrize("served", [True, False], ids=["while it serves", "once its address is shown"])
def test_review_ends(course: Class, number: signal.Signals, served: bool) -> None:
    course.hand_in("ana", QUIET)
    course.grade("--sandbox", "none")
    for _ in range(1 if served else 2):
        process = start("-m", "grader", "review", str(course.out))
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("Review desk: ").strip()
        if served:
            wait_until(partial(_answers, address))
        interrupt(process, number)


@BOTH
@pytest.mark.parametrize(
    ("module", "function", "words"),
    [
        pytest.param("publishing", "report_class", lambda root: ["report", str(root)], id="report"),
        pytest.param("execution.protection", "protections", lambda _: ["doctor"], id="doctor"),
    ],
)
def test_a_command_that_takes_long_ends(
    tmp_path: Path, number: signal.Signals, module: str, function: str, words: Callable[[Path], list[str]]
) -> None:
    process = start("-c", HANGS.format(module=module, function=function), *words(tmp_path))
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    assert any("begun" in line for line in lines)
    interrupt(process, number)
