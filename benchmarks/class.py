"""A class: what grading it costs with this grader, plainly with nbclient, and with `nbgrader autograde`.

    python benchmarks/class.py [--submissions 40] [--growth 10] [--sample 2] [--rounds 1] [--workers 2]

Makes a class of distinct notebooks (see `student_class`) and grades it with `grader grade`: first with an empty store,
so that every distinct training is done once, and then `--rounds` times again with `--regrade`, so that everything is
replayed. With `--growth 10,40` the class grows as they hand in: the first 10 are graded, then the 30 that join them,
then the rest, and all that are there are graded again after each step; what an empty store costs is the sum of the
steps so far. A sample of the same notebooks, spread evenly over the class, is run plainly with nbclient and graded with
`nbgrader autograde` (see `nbgrader_course`), one after the other, as these do. `--sample 0` leaves both out.

All sides run in turn, alone, on the full data set. Lines are printed as soon as they are measured. Seconds are wall
time from the start of a command to its end, divided by the submissions; those of single submissions are from
`result.json`. Memory is proportional set size, so that pages shared by forked processes count once, looked at up to
twice a second: of a worker with its kernel, and of all that a side starts. Of several rounds the medians count.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from measure import BUILD, ROOT, Measure, folder_mb, heading, measured, measured_command, row, run_plainly
from nbgrader_course import autograde, environment
from student_class import Made, make_class

DECILES = 10


@dataclass(frozen=True)
class Graded:
    """Runs of `grader grade` over a class: one, or the steps in which it was handed in."""

    measures: list[Measure]
    results: dict[str, Any]
    """What result.json says, by submission."""

    @property
    def seconds(self) -> float:
        """Wall time of all runs."""
        return sum(measure.seconds for measure in self.measures)

    @property
    def seconds_each(self) -> float:
        """Wall time of all runs, divided by the submissions."""
        return self.seconds / len(self.results)

    def totals(self, submissions: Sequence[str]) -> list[float]:
        """Each one's own wall time, from reading to judgement."""
        return [self.results[name]["seconds"].get("total", 0.0) for name in submissions]

    def sources(self) -> Counter[str]:
        """Trainings by how they were done."""
        return Counter(item["source"] for result in self.results.values() for item in result["trainings"])

    def scores(self) -> dict[str, float]:
        """Marks by submission."""
        return {name: result["score"] for name, result in self.results.items()}

    def joined_by(self, later: Graded) -> Graded:
        """With those that were handed in later."""
        return Graded([*self.measures, *later.measures], {**later.results, **self.results})


@dataclass(frozen=True)
class ClassRun:
    """A class graded with an empty store, and again."""

    made: list[Made]
    cold: Graded
    replayed: list[Graded]
    store_mb: float

    @property
    def replayed_each(self) -> float:
        """Seconds a submission, median of the rounds."""
        return statistics.median(graded.seconds_each for graded in self.replayed)


def grade_growing(sizes: Sequence[int], options: argparse.Namespace) -> Iterator[ClassRun]:
    """Grade a class as it grows to each of these sizes, with an empty store at its beginning."""
    work = BUILD / "class"
    shutil.rmtree(work, ignore_errors=True)
    cold = Graded([], {})
    for size in sizes:
        made = make_class(work / "submissions", size, options.seed, options.own)
        say(f"grading {size - len(cold.results)} submissions for the first time")
        cold = cold.joined_by(grade(work, options.workers))
        replayed = []
        for number in range(options.rounds):
            say(f"grading {size} submissions, replayed, round {number + 1}")
            replayed.append(grade(work, options.workers, "--regrade"))
        yield ClassRun(made, cold, replayed, folder_mb(work / "store"))


def grade(work: Path, workers: int, *more: str) -> Graded:
    """Grade the class in a folder, in a process of its own."""
    out = work / "out"
    command = [sys.executable, "-m", "grader", "grade", str(work / "submissions"), "--out", str(out)]
    command += ["--rubric", str(ROOT / "rubrics" / "fashion_mnist.yaml"), "--store", str(work / "store")]
    measure = measured_command([*command, "--workers", str(workers), *more], work / "grade.log")
    results = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(out.glob("*/result.json")))
    return Graded([measure], {result["submission"]: result for result in results})


def say(text: str) -> None:
    """Progress, apart from the tables."""
    print(text, file=sys.stderr, flush=True)


# --- tables -----------------------------------------------------------------------------------------------------------


def print_single(run: ClassRun) -> None:
    """Single submissions: those that keep to the assignment, and the others."""
    keeping = [made.path.stem for made in run.made if not made.deviations]
    others = [made.path.stem for made in run.made if made.deviations]
    columns = ("submissions", "median s", "slowest tenth s", "to run, median s", "to judge, median s")
    print(f"\n{heading('one submission, wall time', *columns)}")
    for name, graded in (("empty store", run.cold), ("replayed", run.replayed[-1])):
        for kind, submissions in (("within the assignment", keeping), ("own settings", others)):
            if submissions:
                print(row(f"{kind}, {name}", str(len(submissions)), *single(graded, submissions)))


def single(graded: Graded, submissions: Sequence[str]) -> list[str]:
    """Seconds of single submissions, as a table shows them."""
    totals = sorted(graded.totals(submissions))
    slowest = totals[-max(1, len(totals) // DECILES)]
    parts = [
        statistics.median(graded.results[name]["seconds"].get(part, 0.0) for name in submissions)
        for part in ("run", "judge")
    ]
    return [f"{seconds:.2f}" for seconds in (statistics.median(totals), slowest, *parts)]


def print_trainings(run: ClassRun) -> None:
    """How trainings were done, and whether the marks depend on it."""
    print(f"\n{heading('trainings', 'all', 'trained', 'replayed', 'in the kernel')}")
    for name, graded in (("empty store", run.cold), ("replayed", run.replayed[-1])):
        sources = graded.sources()
        total = sum(sources.values())
        shares = (
            f"{sources[source]} ({sources[source] / max(total, 1):.0%})" for source in ("trained", "replayed", "kernel")
        )
        print(row(name, str(total), *shares))
    print()
    status = Counter(result["status"] for result in run.cold.results.values())
    print(f"Status: {', '.join(f'{count} {name}' for name, count in status.items())}. ", end="")
    first, again = run.cold.scores(), run.replayed[-1].scores()
    differing = [name for name in first if first[name] != again[name]]
    print(f"Median mark {statistics.median(first.values()):g}; marks that differ when replayed: {len(differing)}.")


def print_growth(runs: Iterator[ClassRun]) -> ClassRun:
    """How cost grows with the class; gives the last run."""
    columns = ("empty store, s", "s each", "replayed, s", "s each", "peak MB a worker", "peak MB in all", "store MB")
    print(heading("submissions", *columns), flush=True)
    for run in runs:
        seconds = run.cold.seconds, run.cold.seconds_each, run.replayed_each * len(run.made), run.replayed_each
        peaks = [f"{peak(role, run.cold, *run.replayed):.0f}" for role in ("worker", "all")]
        print(
            row(str(len(run.made)), *(f"{value:.1f}" for value in seconds), *peaks, f"{run.store_mb:.0f}"), flush=True
        )
    return run


def peak(role: str, *graded: Graded) -> float:
    """The largest memory of a role, in MB."""
    return max(measure.peak_mb.get(role, 0.0) for item in graded for measure in item.measures)


def print_comparison(run: ClassRun, plain: Sequence[Measure], graded_by_nbgrader: Measure, sample: int) -> None:
    """This grader and the others, a submission."""
    cold, replayed = run.cold.seconds_each, run.replayed_each
    columns = (
        "submissions",
        "s each",
        "an hour",
        "times the grader, empty store",
        "times replayed",
        "peak MB a worker",
    )
    print(f"\n{heading('', *columns, 'peak MB in all')}")

    def line(name: str, count: int, seconds: float, peaks: Sequence[Measure]) -> None:
        worker, whole = (max(item.peak_mb.get(role, 0.0) for item in peaks) for role in ("worker", "all"))
        cells = [
            str(count),
            f"{seconds:.2f}",
            f"{3600 / seconds:.0f}",
            f"{seconds / cold:.1f}",
            f"{seconds / replayed:.1f}",
        ]
        print(row(name, *cells, f"{worker or whole:.0f}", f"{whole:.0f}"))

    line("grader, empty store", len(run.made), cold, run.cold.measures)
    line("grader, replayed", len(run.made), replayed, [measure for item in run.replayed for measure in item.measures])
    line("plain nbclient", sample, statistics.mean(item.seconds for item in plain), plain)
    line("nbgrader autograde", sample, graded_by_nbgrader.seconds / sample, [graded_by_nbgrader])


# --- the whole --------------------------------------------------------------------------------------------------------


def numbers(text: str) -> list[int]:
    """Numbers with commas between them."""
    return [int(word) for word in text.split(",") if word]


def main() -> None:
    """Make the class, run every side, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--sample", type=int, default=2, help="notebooks for nbclient and nbgrader")
    parser.add_argument("--rounds", type=int, default=1, help="replayed runs over the class")
    parser.add_argument("--growth", type=numbers, default=[], help="sizes before the last, with commas")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--own", type=float, default=0.2, help="share of students with settings of their own")
    options = parser.parse_args()
    sizes = [*(size for size in sorted(options.growth) if size < options.submissions), options.submissions]
    made = make_class(BUILD / "sample", sizes[-1], options.seed, options.own)
    sample = [made[position * len(made) // options.sample].path for position in range(min(options.sample, len(made)))]
    others = run_others(sample) if sample else None
    print(f"A class of {options.submissions}, {options.workers} workers\n")
    run = print_growth(grade_growing(sizes, options))
    print_single(run)
    print_trainings(run)
    if others is not None:
        print_comparison(run, *others, len(sample))


def run_others(notebooks: Sequence[Path]) -> tuple[list[Measure], Measure]:
    """Plain nbclient, notebook by notebook, and nbgrader over all of them."""
    environment()  # made before anything is measured
    plain = []
    for notebook in notebooks:
        say(f"plain nbclient: {notebook.name}")
        plain.append(measured(partial(run_plainly, notebook)))
        say(f"{plain[-1].seconds:.1f} s")
    say(f"nbgrader autograde: {', '.join(notebook.name for notebook in notebooks)}")
    graded = autograde(notebooks)
    scores = ", ".join(f"{name} {score:g}" for name, score in sorted(graded.scores.items()))
    say(f"{graded.measure.seconds:.1f} s; {scores} points by nbgrader's own test cells")
    return plain, graded.measure


if __name__ == "__main__":
    main()
