"""Grading one notebook against running it plainly with nbclient, in one run on the same machine.

    python benchmarks/one_submission.py [--notebook reference/solution.ipynb] [--rounds 1]

Prints wall time (median of the rounds) and peak resident memory of the kernel's process tree for both, and their
ratio. Both sides run alone, in turn, on the full data set.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

from grader.checks import judge
from grader.execution import run_submission
from grader.rubric import load_rubric
from grader.scoring import add_up
from grader.submission import read_assignment, read_submission
from grader.training.data import DEFAULT_FOLDER

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Measure:
    """One round."""

    seconds: float
    peak_mb: float


class MemoryWatch(threading.Thread):
    """The largest resident memory of this process's children, looked at five times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0.0
        self._end = threading.Event()

    def run(self) -> None:
        """Look until told to end."""
        while not self._end.wait(0.2):
            total = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    continue
            self.peak_mb = max(self.peak_mb, total / 1e6)

    def end(self) -> None:
        """Stop looking."""
        self._end.set()
        self.join()


def measured(action: Callable[[], None]) -> Measure:
    """Time an action, and watch the memory of what it starts."""
    watch = MemoryWatch()
    watch.start()
    began = time.perf_counter()
    action()
    seconds = time.perf_counter() - began
    watch.end()
    return Measure(seconds, watch.peak_mb)


def run_plainly(notebook: Path) -> None:
    """Execute the notebook as `jupyter nbconvert --execute --allow-errors` would."""
    home = Path(tempfile.mkdtemp())
    try:
        data = home / "datasets" / "fashion-mnist"
        data.mkdir(parents=True)
        for file in DEFAULT_FOLDER.glob("*.gz"):
            shutil.copyfile(file, data / file.name)
        content = nbformat.read(notebook, as_version=4)
        client = NotebookClient(
            content, allow_errors=True, kernel_name="python3", resources={"metadata": {"path": str(home)}}
        )
        client.execute(env={**os.environ, "KERAS_HOME": str(home)})
    finally:
        shutil.rmtree(home, ignore_errors=True)


def grade(notebook: Path) -> None:
    """Read, run in the sandbox, judge, and add up."""
    rubric = load_rubric(ROOT / "rubrics" / "fashion_mnist.yaml")
    submission = read_submission(notebook, notebook.stem, rubric, read_assignment(rubric.assignment_path))
    evidence = run_submission(submission, rubric, sandbox="bwrap", limits=rubric.limits, data=DEFAULT_FOLDER)
    score = add_up(judge(submission, evidence, rubric, DEFAULT_FOLDER).findings, rubric)
    print(f"  graded: {score.score:g} of {score.max_score:g}")


def main() -> None:
    """Run both sides in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notebook", type=Path, default=ROOT / "reference" / "solution.ipynb")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    sides: dict[str, list[Measure]] = {"plain nbclient": [], "grader": []}
    for _ in range(options.rounds):
        sides["plain nbclient"].append(measured(lambda: run_plainly(options.notebook)))
        sides["grader"].append(measured(lambda: grade(options.notebook)))
    print(f"{'':16}{'seconds':>10}{'peak MB':>10}")
    for name, rounds in sides.items():
        seconds = statistics.median(item.seconds for item in rounds)
        print(f"{name:16}{seconds:10.1f}{max(item.peak_mb for item in rounds):10.0f}")
    medians = [statistics.median(item.seconds for item in rounds) for rounds in sides.values()]
    print(f"ratio, grader to plain: {medians[1] / medians[0]:.2f}")


if __name__ == "__main__":
    main()
