"""How a class did in each criterion: who met it, and what most of the others did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from grader.records import Finding, Result, Status
from grader.reports.pages import anchor, is_one_case
from grader.reports.text import shown
from grader.reports.translation import Translator
from grader.rubric.rubric import Rubric

LinkTo = Callable[[str, str], str]
"""From a submission and an anchor (or nothing) to the link."""

_LONGEST_MESSAGE = 300
_MOST_FAULTS = 15
_FEWEST_STUDENTS = 2
_DIFFERENCE = 1e-9


@dataclass(frozen=True, slots=True)
class CriterionRate:
    """How many met one criterion."""

    title: str
    met: int
    """Submissions with all of its points."""
    decided: int
    """Submissions graded, but for those in which a person still has to decide it."""
    share: float
    kind: str


@dataclass(frozen=True, slots=True)
class QuestionRates:
    """The criteria of one question."""

    id: str
    title: str
    criteria: tuple[CriterionRate, ...]


@dataclass(frozen=True, slots=True)
class Student:
    """Where a fault stands in one submission's report."""

    name: str
    link: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What several submissions lost the same points for."""

    question: str
    title: str
    message: str
    students: tuple[Student, ...]


def kind_of_share(share: float) -> str:
    """Colour of a share, as it is shown in whole percent."""
    return "good" if round(share, 2) >= 0.8 else "part" if round(share, 2) >= 0.5 else "bad"


def criterion_rates(results: Sequence[Result], rubric: Rubric, translator: Translator) -> list[QuestionRates]:
    """For each criterion, the share of submissions that met it in full."""
    met: dict[tuple[str, str], int] = defaultdict(int)
    decided: dict[tuple[str, str], int] = defaultdict(int)
    for finding in _findings(results):
        if finding.status not in (Status.NEEDS_REVIEW, Status.ERROR):
            key = (finding.question, finding.check)
            decided[key] += 1
            met[key] += finding.points >= finding.max_points - _DIFFERENCE

    def rate(question: str, criterion: str, title: str) -> CriterionRate:
        key = (question, criterion)
        share = met[key] / decided[key] if decided[key] else 0.0
        kind = kind_of_share(share) if decided[key] else "none"
        return CriterionRate(title or criterion, met[key], decided[key], share, kind)

    return [
        QuestionRates(
            question.id,
            translator.pick(question.title),
            tuple(rate(question.id, item.id, translator.pick(item.title)) for item in question.criteria),
        )
        for question in rubric.questions
    ]


def frequent_faults(results: Sequence[Result], link_to: LinkTo, rubric: Rubric, translator: Translator) -> list[Fault]:
    """What most submissions lost points for, the most frequent first; what only one did is left out.

    Sentences that differ in their numbers only are one fault, told as most of the submissions have it.
    """
    titles = {
        (question.id, item.id): translator.pick(item.title) or item.id
        for question in rubric.questions
        for item in question.criteria
    }
    groups: dict[tuple[str, str, str], list[tuple[Result, str]]] = defaultdict(list)
    for result in results:
        for finding in _findings([result]):
            if finding.status is Status.FAILED and finding.points < finding.max_points - _DIFFERENCE:
                key = (finding.question, finding.check, finding.message.text)
                groups[key].append((result, translator.text(finding.message)))
    frequent = sorted(groups.items(), key=lambda group: -len(group[1]))[:_MOST_FAULTS]
    return [
        Fault(
            question=question,
            title=titles.get((question, check), check),
            message=shown(_most_common([message for _, message in cases]), _LONGEST_MESSAGE),
            students=tuple(
                Student(result.name, link_to(result.submission, anchor(question, check))) for result, _ in cases
            ),
        )
        for (question, check, _), cases in frequent
        if len(cases) >= _FEWEST_STUDENTS
    ]


def _findings(results: Sequence[Result]) -> Iterator[Finding]:
    """What was judged one by one."""
    for result in results:
        if not is_one_case(result):
            for question in result.score.questions:
                yield from question.findings


def _most_common(messages: Sequence[str]) -> str:
    return max(dict.fromkeys(messages), key=messages.count)
