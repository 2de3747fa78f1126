"""How well prose is marked, against the fair marks of the labelled answers in ``tests/prose``.

    python benchmarks/prose.py [--disagreements build]

For the half to build with and the half that is only measured, by question and in all:

- agreement: share of marks, provisional ones as they stand, that are the fair ones;
- kappa: quadratic weighted kappa of an answer's points, in twentieths of what its question's concepts are worth;
- review: share of answers with a mark that waits for a person, and of marks;
- sure: marks with a confidence of 0.9 or more, and the share of them that are the fair ones;
- given wrongly, withheld wrongly: sure marks that give points to what a fair teacher gives none, or take them away.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sklearn.metrics import cohen_kappa_score

from grader.rubric import load_rubric

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from labelled_answers import FOLDER, Marked, judge_labelled  # noqa: E402

SURE = 0.9
STEPS = 20
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
    sure = [one for one in marked if one.judgement.confidence >= SURE]
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


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


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
        for written in sorted({one.round for one in marked}) if arguments.rounds else ():
            part = [one for one in marked if one.round == written]
            table.add_row(f"round {written}", *row(part, rubric.review_below))
        table.add_row("all", *row(marked, rubric.review_below))
        console.print(table)
    for one in everything:
        if one.split == arguments.disagreements and not one.agrees:
            judgement = one.judgement
            given = f"given {judgement.share:g} ({judgement.confidence:g}), fair {one.mark:g}"
            console.print(f"{one.question} {one.concept}: {given}: {one.answer}", highlight=False, markup=False)


if __name__ == "__main__":
    main()
