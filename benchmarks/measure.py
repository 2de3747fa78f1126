"""What the benchmarks share: wall time, memory of process trees, and notebooks run plainly with nbclient."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

from grader.training.data import DEFAULT_FOLDER

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "benchmarks"
"""Stores, classes and environments that benchmarks make; may be deleted at any time."""
LOOK_EVERY = 0.5
"""Seconds between two looks at memory, or more where looking would take over `LOOK_SHARE` of a core."""
LOOK_SHARE = 0.04

Roles = Mapping[str, str]
"""A role's name by a word of its command line, for the direct children of the process that is watched."""
GRADER_ROLES: Roles = {"grader.executors.child": "worker", "grader.training.trainer": "trainer"}


@dataclass(frozen=True)
class Measure:
    """One round."""

    seconds: float
    peak_mb: Mapping[str, float] = field(default_factory=dict)
    """The largest memory of one process of a role, with all its descendants; ``all`` is the whole tree's."""


class MemoryWatch(threading.Thread):
    """The largest memory of a process's children and their descendants.

    It counts proportional set sizes: a page that forked processes share is counted once in all. Where the system does
    not tell them, resident set sizes stand in, which count such pages several times.
    """

    def __init__(self, process: psutil.Process, roles: Roles) -> None:
        super().__init__(daemon=True)
        self.peak_mb: dict[str, float] = {}
        self._process = process
        self._roles = roles
        self._end = threading.Event()

    def run(self) -> None:
        """Look until told to end."""
        pause = LOOK_EVERY
        while not self._end.wait(pause):
            began = time.thread_time()
            with contextlib.suppress(psutil.Error):
                self._look()
            pause = max(LOOK_EVERY, (time.thread_time() - began) / LOOK_SHARE)

    def _look(self) -> None:
        total = 0.0
        for child in self._process.children():
            memory = sum(map(proportional_mb, family(child)))
            total += memory
            self._note(self._role(child), memory)
        self._note("all", total)

    def _note(self, role: str, memory: float) -> None:
        self.peak_mb[role] = max(self.peak_mb.get(role, 0.0), memory)

    def _role(self, process: psutil.Process) -> str:
        try:
            words = " ".join(process.cmdline())
        except psutil.Error:
            return "other"
        return next((role for word, role in self._roles.items() if word in words), "other")

    def end(self) -> None:
        """Stop looking."""
        self._end.set()
        self.join()


def family(process: psutil.Process) -> list[psutil.Process]:
    """A process with all its descendants."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def proportional_mb(process: psutil.Process) -> float:
    """Proportional set size of a process; 0 for one that is gone."""
    try:
        return float(process.memory_full_info().pss) / 1e6
    except psutil.AccessDenied:
        with contextlib.suppress(psutil.Error):
            return float(process.memory_info().rss) / 1e6
    except psutil.Error:
        pass
    return 0.0


@contextlib.contextmanager
def watching(process: psutil.Process, roles: Roles) -> Iterator[MemoryWatch]:
    """Watch a process's descendants while a block runs."""
    watch = MemoryWatch(process, roles)
    watch.start()
    try:
        yield watch
    finally:
        watch.end()


def measured(action: Callable[[], None], roles: Roles | None = None) -> Measure:
    """Time an action, and watch the memory of what it starts."""
    with watching(psutil.Process(), roles or {}) as watch:
        began = time.perf_counter()
        action()
        seconds = time.perf_counter() - began
    return Measure(seconds, watch.peak_mb)


def measured_command(
    command: Sequence[str], log: Path, *, environment: Mapping[str, str] | None = None, folder: Path = ROOT
) -> Measure:
    """Time a command, and watch the memory of what it starts; what it prints goes to a file.

    Raises:
        SystemExit: the command failed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, **(environment or {})}
        )
        try:
            with watching(psutil.Process(process.pid), GRADER_ROLES) as watch:
                code = process.wait()
                seconds = time.perf_counter() - began
        finally:
            end(process)
    if code:
        raise SystemExit(f"{' '.join(command)} must succeed. Received: exit code {code}; its output is in {log}")
    return Measure(seconds, watch.peak_mb)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a command that was interrupted, with all that it started."""
    if process.poll() is None:
        for member in family(psutil.Process(process.pid)):
            with contextlib.suppress(psutil.Error):
                member.kill()


@contextlib.contextmanager
def home_with_data() -> Iterator[Path]:
    """A folder that Keras takes for its own, with the data set where it looks for it."""
    home = Path(tempfile.mkdtemp())
    try:
        data = home / "datasets" / "fashion-mnist"
        data.mkdir(parents=True)
        for file in DEFAULT_FOLDER.glob("*.gz"):
            shutil.copyfile(file, data / file.name)
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run_plainly(notebook: Path) -> None:
    """Execute the notebook as `jupyter nbconvert --execute --allow-errors` would."""
    with home_with_data() as home:
        content = nbformat.read(notebook, as_version=4)
        client = NotebookClient(
            content, allow_errors=True, kernel_name="python3", resources={"metadata": {"path": str(home)}}
        )
        client.execute(env={**os.environ, "KERAS_HOME": str(home)})


def folder_mb(folder: Path) -> float:
    """What the files in a folder hold."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def row(name: str, *cells: str) -> str:
    """A line of a table in Markdown."""
    return f"| {name} | {' | '.join(cells)} |"


def heading(name: str, *columns: str) -> str:
    """The first two lines of a table in Markdown, numbers to the right."""
    return f"{row(name, *columns)}\n{row('---', *('---:' for _ in columns))}"
