"""How well prose is marked, against the fair marks of the labelled answers in ``rubrics/answers/fashion_mnist``.

    python benchmarks/prose.py [--disagreements build]

For the half to build with and the half that is only measured, by question and in all:

- agreement: share of marks, provisional ones as they stand, that are the fair ones;
- kappa: quadratic weighted kappa of an answer's points, in twentieths of what its question's concepts are worth;
- review: share of answers with a mark that waits for a person, and of marks;
- sure: marks that no person is asked about, and the share of them that are the fair ones;
- given wrongly, withheld wrongly: sure marks that give more than a fair teacher does, or less.

An answer to learn from is judged without those of its own writer. The reliability table says of each bin of confidence
how many marks are the fair ones: it is calibrated where that share is the confidence.

Then the same halves as classes at the review desk: a tenth of each question's answers get their fair marks there, in
the order in which the desk shows them, and the kappa is that of all marks afterwards, those of the other answers as
the desk has refined them. The marked answers that ship are the half to build with, so that each third of it is a class
of its own there, graded with the other two.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sklearn.metrics import cohen_kappa_score

from grader.rubric.loading import load_rubric
from grader.rubric.rubric import Rubric

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

sys.path.insert(0, str(ROOT / "tests" / "review"))

from labelled_answers import FOLDER, Marked, judge_labelled  # noqa: E402
from written_class import Written, make_class, make_results, written  # noqa: E402

from grader.publishing import open_class  # noqa: E402
from grader.review.classroom import Classroom  # noqa: E402
from grader.review.marking import Key, Reviewer  # noqa: E402

BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Edges of the bins of confidence; a bin holds its upper edge."""
STEPS = 20
MARKED = 0.1
"""Share of a question's answers that are marked at the desk."""
THIRDS = 3
Levels = list[tuple[int, int]]
"""For each answer the points given and the fair ones, in twentieths."""
COLUMNS = (
    "answers", "marks", "agreement", "kappa", "review (answers)", "review (marks)", "sure", "sure and fair",
    "given wrongly", "withheld wrongly",
)  # fmt: skip


def by_answer(marked: Iterable[Marked]) -> list[list[Marked]]:
    """The marks of each answer together."""
    return [list(group) for _, group in itertools.groupby(marked, key=lambda one: (one.question, one.answer))]


def kappa(answers: Sequence[Sequence[Marked]]) -> float:
    """Quadratic weighted kappa of the answers' points, given and fair."""
    given, fair = ([_level(answer, attribute) for answer in answers] for attribute in ("given", "fair"))
    return float(cohen_kappa_score(given, fair, weights="quadratic", labels=range(STEPS + 1)))


def _level(answer: Sequence[Marked], which: str) -> int:
    shares = (one.points * (one.judgement.share if which == "given" else one.mark) for one in answer)
    return round(STEPS * sum(shares) / sum(one.points for one in answer))


def row(marked: Sequence[Marked], review_below: float) -> list[str]:
    """The figures of `COLUMNS`."""
    answers = by_answer(marked)
    sure = [one for one in marked if one.judgement.confidence >= review_below]
    waiting = [one for one in marked if one.judgement.confidence < review_below]
    waiting_answers = sum(any(one.judgement.confidence < review_below for one in answer) for answer in answers)
    return [
        str(len(answers)),
        str(len(marked)),
        _share(sum(one.agrees for one in marked), len(marked)),
        f"{kappa(answers):.3f}",
        _share(waiting_answers, len(answers)),
        _share(len(waiting), len(marked)),
        _share(len(sure), len(marked)),
        _share(sum(one.agrees for one in sure), len(sure)),
        str(sum(one.judgement.share > one.mark and not one.agrees for one in sure)),
        str(sum(one.judgement.share < one.mark and not one.agrees for one in sure)),
    ]


def reliability(marked: Sequence[Marked], title: str) -> Table:
    """For each bin of confidence: how many marks, their mean confidence, and the share that are the fair ones."""
    table = Table("confidence", "marks", "mean confidence", "right", title=f"reliability: {title}")
    for low, high in itertools.pairwise(BINS):
        inside = [one for one in marked if low < one.judgement.confidence <= high]
        mean = sum(one.judgement.confidence for one in inside) / len(inside) if inside else 0.0
        right = _share(sum(one.agrees for one in inside), len(inside))
        table.add_row(f"{low:g} to {high:g}", str(len(inside)), f"{mean:.3f}" if inside else "-", right)
    return table


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


# --- at the desk ------------------------------------------------------------------------------------------------------


def at_desk(rubric: Rubric, split: str) -> Table:
    """Kappa of each question before and after a tenth of its answers were marked at the desk."""
    table = Table("", "answers", "marked", "kappa before", "kappa after", title=f"at the desk: {split}")
    everything: list[Levels] = [[], []]
    all_marked = 0
    for question, labelled in written(split).items():
        both: list[Levels] = [[], []]
        marked = 0
        for part in range(THIRDS) if split == "build" else [None]:
            learning, labelled_part = (rubric, labelled) if part is None else _third(rubric, labelled, part)
            before, after, count = _class_at_desk(learning, question, labelled_part)
            both, marked = [both[0] + before, both[1] + after], marked + count
        table.add_row(question, str(len(labelled)), str(marked), *(f"{_kappa(levels):.3f}" for levels in both))
        everything = [all_of + levels for all_of, levels in zip(everything, both, strict=True)]
        all_marked += marked
    table.add_section()
    table.add_row("all", str(len(everything[1])), str(all_marked), *(f"{_kappa(levels):.3f}" for levels in everything))
    return table


def _third(rubric: Rubric, labelled: Sequence[Written], part: int) -> tuple[Rubric, list[Written]]:
    """A third of the answers, and the rubric without them among its marked answers."""
    chosen = list(labelled[part::THIRDS])
    texts = {one.text for one in chosen}
    files = tuple(
        file.model_copy(update={"answers": [one for one in file.answers if one.answer not in texts]})
        for file in rubric.learned_from
    )
    return rubric.model_copy(update={"learned_from": files, "sha256": f"{rubric.sha256} {part}"}), chosen


def _class_at_desk(rubric: Rubric, question: str, labelled: Sequence[Written]) -> tuple[Levels, Levels, int]:
    """Levels before and after a tenth was marked, and how many answers that was."""
    with tempfile.TemporaryDirectory() as folder:
        results = list(make_results(rubric, {question: labelled}, len(labelled)))
        make_class(Path(folder), results, rubric).close()
        room = Classroom(open_class(Path(folder)))
        fair = {result.submission: one for result, one in zip(results, labelled, strict=True)}
        before = _levels(room, question, fair)
        marked = _mark(room, question, fair)
        room.settle()
        after = _levels(room, question, fair)
        room.close()
    return before, after, marked


def _mark(room: Classroom, question: str, fair: dict[str, Written]) -> int:
    """Give fair marks to a tenth of the answers, what the desk shows first; returns how many."""
    shown = [name for group in room.groups(question) if group.prose for name in group.members]
    chosen = shown[: math.ceil(MARKED * len(fair))]
    points: dict[Key, float] = {}
    for name in chosen:
        for check, share in fair[name].shares.items():
            key = (name, question, check)
            points[key] = share * room.finding(key).max_points
    room.give(Reviewer("teacher"), points)
    return len(chosen)


def _levels(room: Classroom, question: str, fair: dict[str, Written]) -> Levels:
    """For each answer the points given and the fair ones, in twentieths of what its concepts are worth."""
    levels: Levels = []
    for name, one in fair.items():
        keys = [(name, question, check) for check in one.shares]
        most = sum(room.finding(key).max_points for key in keys)
        given = sum(room.points(key) for key in keys)
        right = sum(one.shares[key[2]] * room.finding(key).max_points for key in keys)
        levels.append((round(STEPS * given / most), round(STEPS * right / most)))
    return levels


def _kappa(levels: Sequence[tuple[int, int]]) -> float:
    given, fair = zip(*levels, strict=True)
    return float(cohen_kappa_score(given, fair, weights="quadratic", labels=range(STEPS + 1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rubric", type=Path, default=ROOT / "rubrics" / "fashion_mnist.yaml")
    parser.add_argument("--answers", type=Path, default=FOLDER, help="folder of labelled answers")
    parser.add_argument("--rounds", action="store_true", help="a row for each round of writing as well")
    parser.add_argument("--disagreements", choices=["build"], help="list the marks that differ from the fair ones")
    arguments = parser.parse_args()
    rubric = load_rubric(arguments.rubric)
    everything = judge_labelled(rubric, arguments.answers)
    console = Console(width=160)
    for split in sorted({one.split for one in everything}):
        marked = [one for one in everything if one.split == split]
        table = Table("", *COLUMNS, title=f"split: {split}")
        for question in sorted({one.question for one in marked}):
            table.add_row(question, *row([one for one in marked if one.question == question], rubric.review_below))
        table.add_section()
        for number in sorted({one.round for one in marked}) if arguments.rounds else ():
            part = [one for one in marked if one.round == number]
            table.add_row(f"round {number}", *row(part, rubric.review_below))
        table.add_row("all", *row(marked, rubric.review_below))
        console.print(table)
        console.print(reliability(marked, split))
        if arguments.rounds:
            for number in sorted({one.round for one in marked}):
                console.print(reliability([one for one in marked if one.round == number], f"{split}, round {number}"))
        console.print(at_desk(rubric, split))
    for one in everything:
        if one.split == arguments.disagreements and not one.agrees:
            judgement = one.judgement
            given = f"given {judgement.share:g} ({judgement.confidence:g}), fair {one.mark:g}"
            console.print(f"{one.question} {one.concept}: {given}: {one.answer}", highlight=False, markup=False)


if __name__ == "__main__":
    main()
