"""How quick the review desk is with a large class.

    python benchmarks/review.py [--submissions 300] [--rounds 7]

Makes a class of the labelled answers of ``rubrics/answers/fashion_mnist``, really judged but run in no kernel, and
serves it. Printed are the CPU time of grouping 200 submissions' answers, and of each page the median and the slowest
server time, from the request's arrival to the first byte of the answer, as the desk itself tells it in
``Server-Timing``. The first round is left out: it may wait for the groups, which are made in the background when the
desk opens.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import requests
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "review")]

from desks import Browser, served  # noqa: E402
from shipped import RUBRIC  # noqa: E402
from written_class import make_class, make_results, written  # noqa: E402

from grader.records import Result  # noqa: E402
from grader.review.grouping import group_question  # noqa: E402

GROUPED = 200


def seconds_to_group(results: list[Result]) -> float:
    began = time.process_time()
    for question in RUBRIC.questions:
        group_question(question, results)
    return time.process_time() - began


def milliseconds(answer: requests.Response) -> float:
    answer.raise_for_status()
    found = re.search(r"dur=([\d.]+)", answer.headers["Server-Timing"])
    assert found is not None
    return float(found[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    build, measure = written("build"), written("measure")
    answers = {question: measure[question] + build[question] for question in build}
    results = list(make_results(RUBRIC, answers, arguments.submissions))
    console = Console()
    console.print(f"{GROUPED} submissions grouped in {seconds_to_group(results[:GROUPED]):.1f} s of CPU time")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        make_class(out, results, RUBRIC).close()
        with served(out) as desk:
            room, browser = desk.room, desk.browser()
            code = room.code(sorted(room.results)[0])
            group = max(room.grouping("8.3").groups, key=lambda group: len(group.members))
            large = max(room.grouping("1").groups, key=lambda group: len(group.members))
            requests_of: dict[str, Callable[[Browser], requests.Response]] = {
                "overview": lambda browser: browser.get("/"),
                "a question's groups": lambda browser: browser.get("/question?q=8.3"),
                "a question with ten criteria": lambda browser: browser.get("/question?q=1"),
                "all that is left of a question": lambda browser: browser.get("/open?q=8.3"),
                "a group of answers": lambda browser: browser.get(f"/group?q=8.3&g={group.id}"),
                f"a group of {len(large.members)}": lambda browser: browser.get(f"/group?q=1&g={large.id}"),
                "a submission": lambda browser: browser.get(f"/submission?s={code}"),
                "consistency": lambda browser: browser.get("/consistency"),
                "search": lambda browser: browser.get("/search?words=red"),
                "a mark": lambda browser: browser.post(
                    "/mark",
                    {"s": code, "q": "8.3", "c": "overfitting", "points": "0.3", "seen": 10**9, "g": ""},
                    "/open?q=8.3",
                ),
                "undo": lambda browser: browser.post("/undo", {}),
            }
            times: dict[str, list[float]] = {name: [] for name in requests_of}
            for number in range(arguments.rounds + 1):
                for name, ask in requests_of.items():
                    taken = milliseconds(ask(browser))
                    if number:
                        times[name].append(taken)
    table = Table("", "median ms", "slowest ms", title=f"{arguments.submissions} submissions")
    for name, taken_each in times.items():
        table.add_row(name, f"{statistics.median(taken_each):.0f}", f"{max(taken_each):.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
