"""What comes before the first cell: the help, and the check of one notebook whose trainings are all in the store.

    python benchmarks/start.py [--notebook reference/solution.ipynb] [--rounds 3] [--against REF]

Each round runs, in turn and alone, `grader --help` and `grader check`. With ``--against`` the same is run at another
commit, in a work tree of its own, side by side, so that ratios are of one run on one machine. A side's first check
fills its store and its caches and is not counted. Prints medians of wall time and of processor time of the whole
family of processes.

Then one more check is watched: `start_watch/sitecustomize.py` notes in every process of the grader when what began and
ended, and the table "start" shows it, with the share of the whole time that each phase would be if nothing ran beside
it. Nothing in the grader knows of this.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "benchmarks"
HELP, CHECK = "grader --help", "grader check, full store"
SHORTEST = 0.05
"""Seconds: what takes less has no line of its own in the table."""


@dataclass(frozen=True)
class Side:
    """A checkout that is measured."""

    name: str
    root: Path

    @property
    def store(self) -> Path:
        """Trainings, and whatever else this side keeps between runs."""
        return BUILD / "start" / self.name.replace("/", "-")

    def run(self, *words: str, **environment: str) -> tuple[float, float]:
        """Wall seconds and processor seconds of a command. Raises SystemExit where it fails."""
        log = self.store / "last.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        own = {"PYTHONPATH": str(self.root), "XDG_CACHE_HOME": str(self.store / "cache")}
        before, began = _cpu_of_children(), time.perf_counter()
        with log.open("wb") as output:
            done = subprocess.run(
                [sys.executable, "-m", "grader", *words],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.root,
                env={**os.environ, **own, **environment},
                check=False,
            )
        seconds = time.perf_counter() - began
        if done.returncode:
            raise SystemExit(f"{' '.join(words)} must succeed. Received: exit code {done.returncode}; see {log}")
        return seconds, _cpu_of_children() - before

    def check(self, notebook: Path, **environment: str) -> tuple[float, float]:
        """Check the notebook with this side's store."""
        rubric = self.root / "rubrics" / "fashion_mnist.yaml"
        words = ("check", str(notebook), "--rubric", str(rubric), "--store", str(self.store / "trainings"))
        return self.run(*words, **environment)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def checkout(reference: str) -> Iterator[Side]:
    """Another commit in a work tree of its own, while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="against-", dir="/var/tmp") as folder:
        tree = Path(folder) / "tree"
        git = ("git", "-C", str(ROOT), "worktree")
        subprocess.run([*git, "add", "--detach", "--quiet", str(tree), reference], check=True)
        try:
            yield Side(reference, tree)
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def measure(sides: Sequence[Side], notebook: Path, rounds: int) -> None:
    """Run all sides in turn and print their medians."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for side in sides:
        side.run("--help")
        side.check(notebook)
    for _ in range(rounds):
        for side in sides:
            found.setdefault((HELP, side.name), []).append(side.run("--help"))
            found.setdefault((CHECK, side.name), []).append(side.check(notebook))
    print("| | seconds | processor seconds | spread | times faster |\n| --- | ---: | ---: | ---: | ---: |")
    for (what, name), measured in sorted(found.items()):
        wall, cpu = (statistics.median(column) for column in zip(*measured, strict=True))
        spread = f"{min(measured)[0]:.2f} to {max(measured)[0]:.2f}"
        slowest = max(statistics.median(w for w, _ in found[what, side.name]) for side in sides)
        print(f"| {what}: {name} | {wall:.2f} | {cpu:.2f} | {spread} | {slowest / wall:.1f} |")


# --- phases -----------------------------------------------------------------------------------------------------------


def watch(side: Side, notebook: Path) -> None:
    """Watch one check, and print when what ran in which process."""
    log = side.store / "phases.jsonl"
    log.unlink(missing_ok=True)
    watcher = Path(__file__).parent / "start_watch"
    began = time.time()
    seconds, _ = side.check(notebook, PYTHONPATH=f"{watcher}:{side.root}", GRADER_START_LOG=str(log))
    phases = [json.loads(line) for line in log.read_text().splitlines()]
    print(f"\nOne check under watch, {seconds:.2f} s\n")
    print("| process | phase | from s | to s | seconds | of the whole |\n| --- | --- | ---: | ---: | ---: | ---: |")
    for phase in sorted(phases, key=lambda phase: float(phase["from"])):
        print(_line(phase, began, seconds), end="")


def _line(phase: Mapping[str, object], began: float, whole: float) -> str:
    start, end = (float(str(phase[key])) - began for key in ("from", "to"))
    if end - start < SHORTEST:
        return ""
    numbers = f"{start:.2f} | {end:.2f} | {end - start:.2f} | {(end - start) / whole:.0%}"
    return f"| {phase['process']} | {phase['phase']} | {numbers} |\n"


def main() -> None:
    """Measure, then watch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notebook", type=Path, default=ROOT / "reference" / "solution.ipynb")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", metavar="REF", help="another commit to measure beside this checkout")
    options = parser.parse_args()
    here, notebook = Side("this checkout", ROOT), options.notebook.resolve()
    with contextlib.ExitStack() as ends:
        sides = [here]
        if options.against:
            sides.append(ends.enter_context(checkout(options.against)))
        measure(sides, notebook, options.rounds)
    watch(here, notebook)


if __name__ == "__main__":
    main()
