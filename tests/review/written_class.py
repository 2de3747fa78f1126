"""A class for the desk: submissions made of the labelled answers, their prose really judged, in a real gradebook."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from labelled_answers import documents

from grader.checks.prose import check_concept
from grader.gradebook import Gradebook
from grader.publishing import keep_how_graded
from grader.records import Finding, Outcome, Passage, Place, Result, Status, Submission, TrainingSummary, say
from grader.rubric.criteria import Concept
from grader.rubric.rubric import Question, Rubric
from grader.scoring import add_up

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Written:
    """One labelled answer."""

    text: str
    shares: Mapping[str, float]
    """By concept, the share of its points that a fair teacher gives."""


def written(split: str = "measure") -> dict[str, list[Written]]:
    """The labelled answers by question."""
    return {
        document["question"]: [
            Written(entry["answer"], entry["marks"]) for entry in document["answers"] if entry["split"] == split
        ]
        for document in documents()
    }


def names() -> Iterator[str]:
    """Invented names of submissions, without end."""
    first = ("alba", "bruno", "carla", "dario", "elena", "fermin", "gala", "hugo", "ines", "jaime", "kira", "leo")
    second = ("roble", "olmo", "pino", "haya", "sauce", "tejo", "cedro", "fresno", "abeto", "acebo", "tilo", "encina")
    for number in itertools.count():
        for one, two in itertools.product(second, first):
            yield f"{two}_{one}" + (f"_{number}" if number else "")


def make_results(
    rubric: Rubric, answers: Mapping[str, Sequence[Written]], count: int, *, start: int = 0, judged: bool = True
) -> Iterator[Result]:
    """Results of so many submissions: at each question the next answer, all other criteria by a fixed pattern.

    Args:
        judged: False to take the labels for the prose's findings, where only how many there are matters.
    """
    for number, name in enumerate(itertools.islice(names(), start, start + count), start):
        findings: list[Finding] = []
        passages: dict[str, tuple[Passage, ...]] = {}
        for question in rubric.questions:
            known = answers.get(question.id, ())
            text = known[number % len(known)].text if known else ""
            if known:
                passages[question.id] = (Passage(20, text, "markdown"),)
                entry = known[number % len(known)]
                findings += _judge_prose(rubric, question, text) if judged else _as_labelled(question, entry)
            findings += _other_findings(question, number)
        yield Result(
            submission=name,
            path=f"class/{name}.ipynb",
            sha256=hashlib.sha256(f"{name} 1".encode()).hexdigest(),
            rubric_sha256=rubric.sha256,
            status=Outcome.GRADED,
            reason=None,
            score=add_up(findings, rubric),
            trainings=(TrainingSummary("1", 11, 10, "trained", ("Dense 128 sigmoid",), ({"loss": 0.4},)),),
            passages=passages,
            seconds={"total": 12.0},
            versions={"grader": "test"},
        )


_KNOWN: dict[tuple[str, str, str], tuple[Finding, ...]] = {}
"""Prose that was judged before: it takes a while, and many tests read the same answers."""


def _judge_prose(rubric: Rubric, question: Question, text: str) -> tuple[Finding, ...]:
    key = (rubric.sha256, question.id, text)
    if key not in _KNOWN:
        _KNOWN[key] = tuple(_judge(rubric, question, text))
    return _KNOWN[key]


def _as_labelled(question: Question, answer: Written) -> Iterator[Finding]:
    for criterion in question.criteria:
        if isinstance(criterion, Concept):
            share = answer.shares.get(criterion.id, 0.0)
            status = Status.PASSED if share == 1 else Status.FAILED
            message = say("The answer does not say this.")
            yield Finding(
                question.id, criterion.id, status, criterion.points * share, criterion.points, message,
                evidence={"confidence": 0.9, "words": []},
            )  # fmt: skip


def _judge(rubric: Rubric, question: Question, text: str) -> Iterator[Finding]:
    place = Place(question.id, (20,), (Passage(20, text, "markdown"),), "heading")
    submission = Submission("anyone", "anyone.ipynb", "", (), {question.id: place}, {})
    for criterion in question.criteria:
        if isinstance(criterion, Concept):
            yield check_concept(
                criterion,
                question,
                submission,
                review_below=rubric.review_below,
                examples=rubric.examples(question.id, criterion.id),
            )


def _other_findings(question: Question, number: int) -> Iterator[Finding]:
    for place, criterion in enumerate(question.criteria):
        if isinstance(criterion, Concept):
            continue
        draw = (number * 7 + place * 3 + len(question.id)) % 41
        status, share = Status.PASSED, 1.0
        if draw in (1, 2):
            status, share = Status.FAILED, 0.0
        if draw == 3:
            status, share = Status.NEEDS_REVIEW, 0.5
        yield Finding(
            question.id,
            criterion.id,
            status,
            criterion.points * share,
            criterion.points,
            say("Found {units} units in cell {cell}.", units=128 if share else 64, cell=12),
            "recomputed",
            (11,),
        )


def unreadable(result: Result, rubric: Rubric) -> Result:
    """The result of the same submission if its file were no notebook."""
    reason = say("The file could not be read as a notebook. {problem}", problem="line 3")
    findings = [
        replace(finding, status=Status.NEEDS_REVIEW, points=0.0, message=reason, basis="static", evidence={})
        for score in result.score.questions
        for finding in score.findings
    ]
    return replace(result, status=Outcome.FAILED, reason=reason, score=add_up(findings, rubric), passages={})


def make_class(out: Path, results: Sequence[Result], rubric: Rubric, url: str = "", language: str = "es") -> Gradebook:
    """A gradebook as `grader grade` leaves it, with these results."""
    out.mkdir(parents=True, exist_ok=True)
    book = Gradebook(url or f"sqlite:///{out / 'gradebook.db'}")
    keep_how_graded(book, rubric, language)  # type: ignore[arg-type]
    for result in results:
        book.record(result, "identity")
    book.set_folder([result.submission for result in results])
    return book
