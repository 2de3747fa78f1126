"""How long the pages of a class take to be written anew.

    python benchmarks/report.py [--submissions 300] [--marks 200] [--profile FILE]

Makes a class of the labelled answers of ``rubrics/answers/fashion_mnist``, really judged but run in no kernel, with the
trainings of a whole assignment, different ones for each submission, and marks of a person on some of its prose. Then
runs ``grader report`` on it twice in a process of its own: with no page there, and with all of them there. Printed is
the wall time of each.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "review"), str(ROOT / "tests" / "reports")]

from report_samples import TRAININGS  # noqa: E402
from shipped import RUBRIC  # noqa: E402
from written_class import make_class, make_results, written  # noqa: E402

from grader.records import HumanMark, TrainingSummary  # noqa: E402

MARKED = ("8.3", "overfitting")
"""A question and a concept that the person marks."""


def make(out: Path, submissions: int, marks: int) -> None:
    """A gradebook as `grader grade` leaves it, and a person's marks."""
    rubric = RUBRIC
    build, measure = written("build"), written("measure")
    answers = {question: measure[question] + build[question] for question in build}
    results = [
        replace(result, trainings=trainings(number))
        for number, result in enumerate(make_results(rubric, answers, submissions))
    ]
    book = make_class(out, results, rubric)
    question, concept = MARKED
    worth = next(item.points for item in rubric.question(question).criteria if item.id == concept)
    given = [
        HumanMark(result.submission, question, concept, worth * (number % 2), "ana", "", result.sha256)
        for number, result in enumerate(results[:marks])
    ]
    book.add_marks(given)
    book.close()


def trainings(number: int) -> tuple[TrainingSummary, ...]:
    """The trainings of an assignment as this submission ran them: no figure of one page is that of another."""
    factor = 1 + number / 10_000
    return tuple(
        replace(training, logs=tuple({name: value * factor for name, value in log.items()} for log in training.logs))
        for training in TRAININGS
    )


def seconds_to_report(out: Path, *options: str) -> float:
    """Wall time of `grader report`."""
    began = time.monotonic()
    subprocess.run(
        [sys.executable, *options, "-m", "grader", "report", str(out)], check=True, stdout=subprocess.DEVNULL
    )
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=300)
    parser.add_argument("--marks", type=int, default=200)
    parser.add_argument("--profile", metavar="FILE", help="Keep a profile of the first run, as cProfile writes it.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        make(out, arguments.submissions, arguments.marks)
        options = ("-m", "cProfile", "-o", arguments.profile) if arguments.profile else ()
        print(f"{arguments.submissions} submissions, {arguments.marks} marks of a person")
        print(f"no page there:      {seconds_to_report(out, *options):.1f} s")
        print(f"all pages there:    {seconds_to_report(out):.1f} s")


if __name__ == "__main__":
    main()
