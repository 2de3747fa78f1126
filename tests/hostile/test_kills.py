"""`kill -9` at any moment loses nothing: the gradebook opens, the same command finishes the rest and repeats nothing."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from course import QUIET, RUBRIC, Class
from forked import Forked, Forks, command_of, family, forks, runs
from student import SETUP, fit, network
from waiting import read_line, wait_until

from grader.reports.files import write_bytes

ROOT = Path(__file__).parents[2]
GRADER, WORKER, TRAINER, GROUP = "grader", "worker", "trainer", "process group"


def target(grader: Forked, kind: str) -> psutil.Process | None:
    """A process of a kind that belongs to a grader, if there is one now."""
    if kind in (GRADER, GROUP):
        return grader.process
    part = "grader.executors.child" if kind == WORKER else "grader.training.trainer"
    found = [child for child in family(grader.process) if part in command_of(child)]
    return random.choice(found) if found else None


def kill(grader: Forked, kind: str) -> bool:
    """Kill a process of a kind. False where there is none."""
    chosen = target(grader, kind)
    if chosen is None or not grader.runs:
        return False
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        if kind == GROUP:
            os.killpg(chosen.pid, signal.SIGKILL)
        else:
            chosen.kill()
    return True


def finished(out: Path) -> dict[str, str]:
    """When each submission was graded that needs not be graded again. The gradebook must open and be sound."""
    if not (out / "gradebook.db").exists():
        return {}
    with contextlib.closing(sqlite3.connect(out / "gradebook.db")) as book:
        assert book.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not book.execute("SELECT 1 FROM sqlite_master WHERE name = 'submissions'").fetchone():
            return {}
        return dict(book.execute("SELECT submission, graded_at FROM submissions WHERE identity != ''"))


def outcome(out: Path) -> dict[str, Any]:
    """All that grading a class comes to, but for times, what was trained by whom, and logs that tell of the kills."""
    results = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in out.glob("*/result.json")}
    for result in results.values():
        for part in ("seconds", "versions", "trainings", "peak_memory_mb"):
            result.pop(part, None)
    files = sorted(
        str(path.relative_to(out)) for path in out.rglob("*") if path.suffix not in (".db-wal", ".db-shm", ".log")
    )
    return {"marks": (out / "grades.csv").read_text(encoding="utf-8"), "results": results, "files": files}


class Campaign:
    """Grades a class again and again, and kills at random, until it has killed often enough."""

    def __init__(self, graders: Forks, words: Sequence[str], root: Path, seed: int) -> None:
        self._graders, self._words, self._root = graders, words, root
        self._random = random.Random(seed)
        self._rounds = 0
        self.killed: Counter[str] = Counter()
        self.calm = self._new_out()
        assert self._start(self.calm, "--workers", "1").end(600) == 0
        self.wanted = outcome(self.calm)

    def _new_out(self) -> Path:
        self._rounds += 1
        return self._root / f"out-{self._rounds}"

    def _start(self, out: Path, *more: str) -> Forked:
        return self._graders.start([*self._words, "--out", str(out), *more])

    def run(self, times: int, kinds: Sequence[str], longest: float) -> None:
        out, known = self._new_out(), dict[str, str]()
        while self.killed.total() < times or set(kinds) - self.killed.keys():
            self._one_life(self._start(out), out, kinds, longest)
            known = self._check_nothing_repeated(out, known)
            if len(known) == len(self.wanted["results"]):
                self._finish(out, known)
                out, known = self._new_out(), {}
        self._finish(out, known)

    def _one_life(self, grader: Forked, out: Path, kinds: Sequence[str], longest: float) -> None:
        """Kill what belongs to a grader, until it is killed itself or has ended."""
        while grader.runs:
            if self._random.random() < 0.5:
                _wait_for_news(grader, out, longest)
                time.sleep(self._random.uniform(0, 0.2))
            else:
                time.sleep(self._random.uniform(0, longest))
            kind = self._random.choice(kinds)
            relatives = family(grader.process)
            if not kill(grader, kind):
                continue
            self.killed[kind] += 1
            if kind in (GRADER, GROUP):
                psutil.wait_procs([grader.process], timeout=10)
                assert all_end(relatives), [command_of(process) for process in relatives if runs(process)]
                return

    def _check_nothing_repeated(self, out: Path, known: dict[str, str]) -> dict[str, str]:
        now = finished(out)
        assert {name: now.get(name) for name in known} == known
        return now

    def _finish(self, out: Path, known: dict[str, str]) -> None:
        assert self._start(out).end(600) == 0
        self._check_nothing_repeated(out, known)
        assert outcome(out) == self.wanted


def _wait_for_news(grader: Forked, out: Path, longest: float) -> None:
    """Until a result is being written."""
    before, deadline = len(list(out.glob("*/*"))), time.monotonic() + 2 * longest
    while grader.runs and time.monotonic() < deadline and len(list(out.glob("*/*"))) == before:
        time.sleep(0.01)


def all_end(processes: Sequence[psutil.Process]) -> bool:
    deadline = time.monotonic() + 30
    while any(runs(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def graders(tmp_path: Path) -> Iterator[Forks]:
    with forks(tmp_path) as made:
        yield made


@pytest.fixture
def quick_class(tmp_path: Path) -> Class:
    """Files of which most are no notebooks: what is killed is mostly the keeping and publishing of results."""
    course = Class(tmp_path, lambda *words: None)  # type: ignore[arg-type]
    for number in range(14):
        (course.folder / f"words {number:02}.ipynb").write_text(f"words {number}")
    course.hand_in("ana", QUIET)
    course.hand_in("words 05a", QUIET)
    return course


@pytest.fixture
def training_class(tmp_path: Path) -> Class:
    """Four notebooks, two of which train the same; all of it takes some seconds."""
    course = Class(tmp_path, lambda *words: None)  # type: ignore[arg-type]
    (course.root / "rubric.yaml").write_text(RUBRIC)
    short = SETUP + "training_images, training_labels = training_images[:640], training_labels[:640]\n"
    for name, units in (("ana", 128), ("bea", 64), ("cal", 128)):
        course.hand_in(name, [short, network(units), fit(epochs=2)])
    course.hand_in("dan", QUIET)
    return course


def words_of(course: Class, *more: str) -> list[str]:
    at = course.command.index("--out")
    return [*course.command[:at], *course.command[at + 2 :], "--workers", "2", *more]


def test_killing_graders_and_workers_loses_and_repeats_nothing(graders: Forks, quick_class: Class) -> None:
    words = words_of(quick_class, "--no-replay", "--sandbox", "none")
    campaign = Campaign(graders, words, quick_class.root, seed=1)
    campaign.run(8, (GRADER, GRADER, GROUP, WORKER), longest=1.2)
    assert campaign.killed.total() >= 8
    assert list(graders.temporary.iterdir()) == []


def test_killing_the_trainer_and_all_others_loses_and_repeats_nothing(
    graders: Forks, training_class: Class, data_slice: Path
) -> None:
    store = training_class.root / "store"
    words = words_of(training_class, "--data", str(data_slice), "--store", str(store))
    campaign = Campaign(graders, words, training_class.root, seed=2)
    shutil.rmtree(store)
    campaign.run(3, (TRAINER, TRAINER, WORKER, GRADER), longest=3.0)
    assert campaign.killed[TRAINER]
    assert list(graders.temporary.iterdir()) == []


# --- full disks -------------------------------------------------------------------------------------------------------

FULL_OUT = """
mkdir -p "$OUT" && mount -t tmpfs -o size=300k tmpfs "$OUT"
"$@"; echo $? > code-1
mkdir early && cp "$OUT"/gradebook.db* early
mount -o remount,size=100m tmpfs "$OUT"  # an ordinary user must name all of it
"$@"; echo $? > code-2
cp -r "$OUT" kept
"""
FULL_STORE = """
mkdir -p store && mount -t tmpfs -o size=400k tmpfs store
"$@"; echo $? > code-1
ls -R store > store-1
"""


def run_in_own_mounts(script: str, course: Class, *more: str) -> str:
    """Run a script that may mount, with the grader's command as its words; what was shown."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    words = [sys.executable, "-m", "grader", *course.command, *more]
    done = subprocess.run(
        [*unshare, "sh", "-c", script, "sh", *words],
        cwd=course.root,
        env={**os.environ, "OUT": str(course.out), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return done.stdout + done.stderr


def test_a_full_disk_loses_nothing_and_is_named(quick_class: Class) -> None:
    for number in range(14, 40):
        (quick_class.folder / f"words {number:02}.ipynb").write_text(f"words {number}")
    shown = run_in_own_mounts(FULL_OUT, quick_class, "--no-replay", "--sandbox", "none", "--workers", "1")
    codes = [(quick_class.root / f"code-{run}").read_text().strip() for run in (1, 2)]
    assert codes == ["1", "0"], shown
    assert "Traceback" not in shown, shown
    assert "disk is full" in shown or "No space left on device" in shown
    early, late = quick_class.root / "early", quick_class.root / "kept"
    before, after = finished(early), finished(late)
    assert 0 < len(before) < 42
    assert len(after) == 42
    assert {name: after[name] for name in before} == before
    assert len(outcome(late)["results"]) == 42


def test_a_gradebook_that_cannot_be_begun_is_wrong_usage(quick_class: Class) -> None:
    script = 'mkdir -p "$OUT" && mount -t tmpfs -o size=4k tmpfs "$OUT"; "$@"; echo $? > code-1'
    shown = run_in_own_mounts(script, quick_class, "--no-replay", "--sandbox", "none")
    assert (quick_class.root / "code-1").read_text() == "2\n", shown
    assert "disk is full" in shown
    assert "Traceback" not in shown


def test_a_full_store_costs_no_marks(training_class: Class, data_slice: Path) -> None:
    shown = run_in_own_mounts(
        FULL_STORE, training_class, "--data", str(data_slice), "--store", "store", "--workers", "1"
    )
    assert (training_class.root / "code-1").read_text() == "0\n", shown
    assert {name: row["score"] for name, row in training_class.marks().items()} == {
        "ana": "2", "bea": "0", "cal": "2", "dan": "0",
    }  # fmt: skip
    assert "a store must take what was trained. Received: No space left on device" in (
        training_class.out / "ana" / "grader.log"
    ).read_text(encoding="utf-8")
    assert ".part" not in (training_class.root / "store-1").read_text()


# --- files written whole ----------------------------------------------------------------------------------------------


def test_a_file_is_the_old_or_the_new_one_however_its_writer_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    code = (
        "import sys; from pathlib import Path; from grader.reports.files import write_bytes; path = Path(sys.argv[1])\n"
        "print('begun', flush=True)\n"
        "while True:\n"
        "    for letter in b'ab': write_bytes(path, bytes([letter]) * 3_000_000)\n"
    )
    for delay in (0.05, 0.1, 0.15, 0.2, 0.25):
        writer = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
        read_line(writer)
        wait_until(path.exists)
        time.sleep(delay)
        writer.kill()
        writer.wait(10)
        content = path.read_bytes()
        assert content in (b"a" * 3_000_000, b"b" * 3_000_000)
    write_bytes(path, b"after")
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"], "no draft of a killed writer is left"
