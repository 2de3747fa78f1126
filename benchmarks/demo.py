"""The demo: the samples graded with an empty store, as `make demo` does it on a machine that has never graded.

    python benchmarks/demo.py [--submissions submissions] [--before COMMIT] [--rounds 1] [--workers 2] [--results]

Prints the seconds from the start of the command until grading begins, until the class page and the first report stand
on the disk, and until all do; the CPU seconds of each role, looked at twice a second; peak memory and the store's size;
and how far the time left that was shown was from the time that was left. `--before` grades the same folder with
another commit of this project too, in turn, and prints ratios. `--results` adds a line for each submission. Everything
happens in a folder of its own, which is removed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from measure import BUILD, GRADER_ROLES, ROOT, end, family, folder_mb, heading, row, watching

LOOK_EVERY = 0.5
RESULT = re.compile(r"^\[(?P<done>\d+)/\d+\]\s+(?P<submission>.*?)  (?:graded|partial|failed)  ")
LEFT = re.compile(r"about (?P<number>[\d.]+) (?P<unit>s|min|h) left")
UNIT_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Line:
    """A result as it was shown."""

    seconds: float
    """Since the command was started."""
    submission: str
    left: float | None
    """Seconds that were said to be left; None where nothing was said."""


@dataclass(frozen=True)
class Run:
    """One run of the demo. Seconds count from the start of the command."""

    began: float
    """Until the plan was shown."""
    class_page: float
    first_report: float
    seconds: float
    lines: tuple[Line, ...]
    cpu: Counter[str]
    """CPU seconds by role."""
    peak_mb: float
    store_mb: float


class CpuWatch(threading.Thread):
    """CPU seconds of a process and its descendants, by role. Misses what a process did after it was last looked at."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._seconds: dict[tuple[int, float], tuple[str, float]] = {}
        self._end = threading.Event()

    def run(self) -> None:
        """Look until told to end."""
        while not self._end.wait(LOOK_EVERY):
            with contextlib.suppress(psutil.Error):
                self._note("grader", [self._process])
                for child in self._process.children():
                    self._look(child)

    def _look(self, child: psutil.Process) -> None:
        role = next((role for word, role in GRADER_ROLES.items() if word in " ".join(child.cmdline())), "other")
        below = family(child)[1:]
        self._note(role, [child])
        self._note("kernels" if role == "worker" else role, below)

    def _note(self, role: str, processes: Sequence[psutil.Process]) -> None:
        for process in processes:
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                self._seconds[process.pid, process.create_time()] = role, times.user + times.system

    def end(self) -> Counter[str]:
        """Stop looking; gives the seconds."""
        self._end.set()
        self.join()
        total: Counter[str] = Counter()
        for role, seconds in self._seconds.values():
            total[role] += seconds  # type: ignore[assignment]  # Counter is typed for whole numbers
        return total


class Files(threading.Thread):
    """When the class page and the first report were there."""

    def __init__(self, out: Path, began: float) -> None:
        super().__init__(daemon=True)
        self.seen: dict[str, float] = {}
        self._out = out
        self._began = began
        self._end = threading.Event()

    def run(self) -> None:
        """Look until both are there, or until told to end."""
        while len(self.seen) < 2 and not self._end.wait(0.1):
            for name, pattern in (("page", "index.html"), ("report", "*/report.html")):
                if name not in self.seen and next(self._out.glob(pattern), None):
                    self.seen[name] = time.perf_counter() - self._began

    def end(self) -> None:
        """Stop looking."""
        self._end.set()
        self.join()


def grade(checkout: Path, submissions: Path, workers: int, scratch: Path) -> Run:
    """Grade a folder with an empty store and the code of a checkout, in a process of its own.

    Raises:
        SystemExit: the command failed.
    """
    out, store = scratch / "out", scratch / "store"
    command = [sys.executable, "-m", "grader", "grade", str(submissions), "--out", str(out), "--workers", str(workers)]
    command += ["--rubric", str(checkout / "rubrics" / "fashion_mnist.yaml"), "--store", str(store)]
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout), "PYTHONUNBUFFERED": "1"},
        text=True,
    )
    cpu, files = CpuWatch(psutil.Process(process.pid)), Files(out, began)
    try:
        with watching(psutil.Process(process.pid), GRADER_ROLES) as memory:
            cpu.start()
            files.start()
            assert process.stdout is not None
            printed = [(time.perf_counter() - began, line.rstrip()) for line in process.stdout]
            code = process.wait()
            seconds = time.perf_counter() - began
    finally:
        end(process)
        files.end()
        spent = cpu.end()
    if code:
        text = "\n".join(line for _, line in printed[-20:])
        raise SystemExit(f"{' '.join(command)} must succeed. Received: exit code {code}\n{text}")
    return Run(
        began=next((at for at, line in printed if " to grade" in line), 0.0),
        class_page=files.seen.get("page", seconds),
        first_report=files.seen.get("report", seconds),
        seconds=seconds,
        lines=tuple(_results(printed)),
        cpu=spent,
        peak_mb=memory.peak_mb.get("all", 0.0),
        store_mb=folder_mb(store),
    )


def _results(printed: Sequence[tuple[float, str]]) -> Iterator[Line]:
    for seconds, text in printed:
        if match := RESULT.match(text):
            left = LEFT.search(text)
            said = None if left is None else float(left["number"]) * UNIT_SECONDS[left["unit"]]
            yield Line(seconds, match["submission"], said)


def error_of_time_left(lines: Sequence[Line]) -> list[float]:
    """How many times too long or too short each time left was that was said after the first quarter, at least 1."""
    ended = lines[-1].seconds if lines else 0.0
    said = [(line.left, ended - line.seconds) for line in lines[len(lines) // 4 :] if line.left is not None]
    return [max(left / real, real / left) for left, real in said if left and real]


@contextlib.contextmanager
def checkout_of(commit: str) -> Iterator[Path]:
    """The project as it was at a commit."""
    folder = BUILD / f"commit-{commit.replace('/', '-')}"
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--force", "--detach", str(folder), commit], check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True, capture_output=True)


def print_table(sides: dict[str, list[Run]]) -> None:
    """One column a side, medians of its runs."""
    print(heading("the demo", *sides))
    facts = {
        "until grading begins, s": lambda run: run.began,
        "from there: class page, s": lambda run: run.class_page - run.began,
        "first report, s": lambda run: run.first_report - run.began,
        "half of the results, s": lambda run: run.lines[len(run.lines) // 2 - 1].seconds - run.began,
        "all results, s": lambda run: run.lines[-1].seconds - run.began,
        "the whole command, s": lambda run: run.seconds,
        "CPU of the trainer, s": lambda run: run.cpu["trainer"],
        "CPU of the kernels, s": lambda run: run.cpu["kernels"],
        "CPU of the workers, s": lambda run: run.cpu["worker"],
        "CPU of the command itself, s": lambda run: run.cpu["grader"],
        "cores busy, of the whole time": lambda run: run.cpu.total() / run.seconds,
        "time left, times wrong, median": lambda run: statistics.median(error_of_time_left(run.lines) or [0.0]),
        "time left, times wrong, worst": lambda run: max(error_of_time_left(run.lines), default=0.0),
        "peak MB in all": lambda run: run.peak_mb,
        "store MB": lambda run: run.store_mb,
    }
    for name, fact in facts.items():
        print(row(name, *(f"{statistics.median(map(fact, runs)):.1f}" for runs in sides.values())))


def print_results(sides: dict[str, list[Run]]) -> None:
    """When each result of the last run came, and how long was said to be left then, and was."""
    for name, runs in sides.items():
        run = runs[-1]
        print(f"\n{heading(name, 'submission', 'at, s', 'left, said', 'left')}")
        for number, line in enumerate(run.lines, 1):
            said = "" if line.left is None else f"{line.left:.0f}"
            left = run.lines[-1].seconds - line.seconds
            print(row(str(number), line.submission, f"{line.seconds - run.began:.1f}", said, f"{left:.0f}"))


def main() -> None:
    """Run all sides in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=Path, default=ROOT / "submissions")
    parser.add_argument("--before", metavar="COMMIT")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--results", action="store_true")
    options = parser.parse_args()
    sides: dict[str, list[Run]] = {}
    with contextlib.ExitStack() as ends:
        checkouts = {"after": ROOT}
        if options.before:
            checkouts = {"before": ends.enter_context(checkout_of(options.before)), **checkouts}
        for _ in range(options.rounds):
            for name, checkout in checkouts.items():
                with tempfile.TemporaryDirectory(prefix="demo-") as scratch:
                    run = grade(checkout, options.submissions.absolute(), options.workers, Path(scratch))
                sides.setdefault(name, []).append(run)
                print(f"{name}: {run.seconds:.0f} s", file=sys.stderr, flush=True)
    print_table(sides)
    if options.results:
        print_results(sides)
    if options.before:
        before, after = (statistics.median(run.seconds for run in sides[name]) for name in ("before", "after"))
        print(f"\nThe whole command takes {after / before:.2f} of the time that it took at {options.before}.")


if __name__ == "__main__":
    main()
