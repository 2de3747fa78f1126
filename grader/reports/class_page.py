"""The class page: everyone's marks, their distribution, and what needs a person."""

from __future__ import annotations

import base64
import hashlib
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from markupsafe import Markup

from grader.records import Finding, LeftOut, Message, Outcome, Reason, Result, SharedText, Status, say, say_number
from grader.reports.class_criteria import LinkTo, criterion_rates, frequent_faults, kind_of_share
from grader.reports.files import EXECUTED, write_text
from grader.reports.handed_in import (
    SHARED_ASKED,
    SHARED_OPTIONS,
    about_shared,
    by_name,
    doubts,
    in_order_of_need,
    told_gone,
    told_withheld,
)
from grader.reports.pages import (
    OUTCOMES,
    TEMPLATES,
    Sign,
    anchor,
    file_link,
    is_one_case,
    kind_of_question,
    kind_of_score,
    render,
    report_link,
    sign_of,
)
from grader.reports.text import shown
from grader.reports.translation import Translator
from grader.rubric.public import is_without_answers
from grader.rubric.rubric import Rubric

_OUR_FAULT = Sign("wait", "!", say("Fault of the grader"))
_BINS = 10
_LONGEST_REASON = 300
_MOST_FLAGS = 30
_MOST_LEFT_OUT = 300
_MOST_NAMES = 300
_LONGEST_SHARED = 1_000


@dataclass(frozen=True, slots=True)
class Mark:
    """Points of one question in one row, as the table shows them."""

    text: str
    kind: str
    waits: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One submission in the table."""

    submission: str
    name: str
    find: str
    """What a search looks in."""
    link: str
    outcome: Sign
    outcome_word: str
    score: str
    sort: float
    kind: str
    provisional: bool
    marks: tuple[Mark, ...]
    executed: str
    """Link to the notebook with the outputs of the grader's own run; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Bin:
    """One column of the histogram."""

    label: str
    count: int
    share: float
    """Of the tallest column."""


@dataclass(frozen=True, slots=True)
class QuestionMean:
    """How well the class did in one question."""

    id: str
    title: str
    share: float
    kind: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of one submission a person has to decide for one reason."""

    name: str
    link: str
    title: str
    sign: Sign
    points: str
    message: str
    answer: str
    """The beginning of the student's answer, so that many can be decided at a glance."""


@dataclass(frozen=True, slots=True)
class WaitingGroup:
    """All that waits in one question: an instructor decides like cases together."""

    id: str
    title: str
    items: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A submission that failed, was cut short, or may be another file than was meant."""

    name: str
    link: str
    outcome: Sign
    reason: str


@dataclass(frozen=True, slots=True)
class Flagged:
    """A submission in which facts do not fit together."""

    name: str
    link: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InCommon:
    """A text that most submissions share."""

    count: str
    """In how many of how many."""
    source: str
    is_code: bool


@dataclass(frozen=True, slots=True)
class NotGraded:
    """A file or folder that was handed in and is not graded."""

    path: str
    name: str
    """The student's, where nothing of theirs is graded."""
    why: str


def write_class_page(
    results: Iterable[Result],
    rubric: Rubric,
    language: str,
    path: Path,
    *,
    folder_of: Callable[[str], str] = str,
    missing: Sequence[str] = (),
    desk: str = "",
    left_out: Sequence[LeftOut] = (),
    gone: Sequence[str] = (),
    shared: Sequence[SharedText] = (),
) -> None:
    """Write ``index.html``, which links to each submission's ``report.html`` beside it.

    Means and distribution leave out submissions that could not be graded at all.

    Args:
        folder_of: The name of a submission's folder beside the page, where it is not the submission's own.
        missing: Names of those who handed in a notebook and have no result.
        desk: The command that opens the review desk.
        left_out: What was handed in and is not graded.
        gone: Ids of those that were graded before and are in the folder no longer.
        shared: What most submissions have in common, as far as nobody has said whose it is.
    """

    def link_to(submission: str, fragment: str = "") -> str:
        return report_link(folder_of(submission), fragment)

    def executed(submission: str) -> str:
        folder = folder_of(submission)
        return file_link(folder, EXECUTED) if (path.parent / folder / EXECUTED).exists() else ""

    translator = Translator(language)
    ordered = by_name(results)
    counted = [result for result in ordered if result.status is not Outcome.FAILED and not is_one_case(result)]
    script = (TEMPLATES / "class.js").read_text(encoding="utf-8")
    not_graded = [_not_graded(entry, translator) for entry in in_order_of_need(left_out)]
    waiting = list(_waiting(ordered, link_to, rubric, translator))
    values = {
        "rubric_title": translator.pick(rubric.title),
        "questions": rubric.questions,
        "pick": translator.pick,
        "rows": [_row(result, link_to, executed(result.submission), rubric, translator) for result in ordered],
        "counts": [_counted(outcome, _count(ordered, outcome)) for outcome in Outcome],
        "missing": len(missing),
        "missing_names": missing[:_MOST_NAMES],
        "gone": translator.text(told_gone(gone)) if gone else "",
        "withheld": translator.text(told_withheld(rubric)) if is_without_answers(rubric) else "",
        "outdated": _count(ordered, Outcome.OUTDATED),
        "desk": desk,
        "provisional": sum(result.score.provisional for result in ordered),
        "figures": _figures(counted, translator),
        "max_score": rubric.points,
        "bins": _histogram(counted, rubric.points, translator),
        "not_counted": len(ordered) - len(counted),
        "left_out": not_graded[:_MOST_LEFT_OUT],
        "left_out_count": len(not_graded),
        "without_any": len({entry.name for entry in left_out if _handed_in(entry) and not entry.submission}),
        "by_programs": len(left_out) - len(not_graded),
        "about_shared": [translator.text(told) for told in about_shared(shared)] if shared else [],
        "shared_asked": SHARED_ASKED,
        "shared_options": SHARED_OPTIONS,
        "shared": [_in_common(text) for text in shared],
        "means": [_mean(number, counted, rubric, translator) for number in range(len(rubric.questions))],
        "rates": criterion_rates(counted, rubric, translator),
        "faults": frequent_faults(counted, link_to, rubric, translator),
        "waiting": waiting,
        "waiting_count": sum(len(group.items) for group in waiting),
        "troubles": [
            _trouble(result, link_to, translator)
            for result in ordered
            if result.status is not Outcome.GRADED or result.file_doubt is not None
        ],
        "flagged": [_flagged(result, link_to, translator) for result in ordered if _facts(result)],
        "provisional_word": translator.say("Provisional mark"),
        "review_word": translator.say("A person will review this"),
        "script": Markup(script),
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "say": translator.text,
    }
    write_text(path, render("class.html", translator, values))


def _counted(outcome: Outcome, count: int) -> tuple[Sign, int]:
    """The sign of an outcome with a word that goes with the number of submissions, and that number."""
    word = {
        Outcome.GRADED: say_number("graded", "graded", count),
        Outcome.PARTIAL: say_number("graded in part", "graded in part", count),
        Outcome.FAILED: say_number("could not be graded", "could not be graded", count),
        Outcome.OUTDATED: say_number("outdated", "outdated", count),
    }[outcome]
    return replace(OUTCOMES[outcome], word=word), count


def _count(results: Iterable[Result], outcome: Outcome) -> int:
    return sum(result.status is outcome for result in results)


def _row(result: Result, link_to: LinkTo, executed: str, rubric: Rubric, translator: Translator) -> Row:
    scores = {score.question: score for score in result.score.questions}
    marks = []
    for question in rubric.questions:
        score = scores.get(question.id)
        if score is None:
            marks.append(Mark("–", "none", waits=False))
            continue
        waits = any(_waits(finding) for finding in score.findings)
        marks.append(Mark(_points(score.score, translator), kind_of_question(score), waits))
    return Row(
        submission=result.submission,
        name=result.name,
        find=_find(result),
        link=link_to(result.submission, ""),
        outcome=OUTCOMES[result.status],
        outcome_word=translator.text(OUTCOMES[result.status].word),
        score=_points(result.score.score, translator),
        sort=round(result.score.score, 4),
        kind=kind_of_score(result.score.score, result.score.max_score),
        provisional=result.score.provisional,
        marks=tuple(marks),
        executed=executed,
    )


def _points(value: float, translator: Translator) -> str:
    return translator.number(round(value, 3))


def _waits(finding: Finding) -> bool:
    return finding.status in (Status.NEEDS_REVIEW, Status.ERROR)


def _figures(results: Sequence[Result], translator: Translator) -> tuple[str, str] | None:
    """Mean and median."""
    scores = [result.score.score for result in results]
    if not scores:
        return None
    mean, median = statistics.fmean(scores), statistics.median(scores)
    return translator.number(mean, 2), translator.number(median, 2)


def _histogram(results: Sequence[Result], most: float, translator: Translator) -> list[Bin]:
    counts = [0] * _BINS
    for result in results:
        place = int(result.score.score / most * _BINS + 1e-9)
        counts[min(max(place, 0), _BINS - 1)] += 1
    tallest = max(counts) or 1
    edges = [translator.number(round(most * edge / _BINS, 2)) for edge in range(_BINS + 1)]
    return [Bin(f"{edges[bin]}–{edges[bin + 1]}", count, count / tallest) for bin, count in enumerate(counts)]


def _mean(number: int, results: Sequence[Result], rubric: Rubric, translator: Translator) -> QuestionMean:
    question = rubric.questions[number]
    shares = [
        score.score / score.max_score
        for result in results
        for score in result.score.questions
        if score.question == question.id and score.max_score > 0
    ]
    share = min(1.0, max(0.0, statistics.fmean(shares))) if shares else 0.0
    return QuestionMean(question.id, translator.pick(question.title), share, kind_of_share(share))


def _waiting(
    results: Sequence[Result], link_to: LinkTo, rubric: Rubric, translator: Translator
) -> Iterator[WaitingGroup]:
    """Whole submissions first, then by question in the rubric's order."""
    found: dict[str, list[Waiting]] = {key: [] for key in ("", *(question.id for question in rubric.questions))}
    titles = {question.id: translator.pick(question.title) for question in rubric.questions}
    criteria = {
        (question.id, criterion.id): translator.pick(criterion.title)
        for question in rubric.questions
        for criterion in question.criteria
    }
    for result in results:
        if is_one_case(result):
            first = result.score.questions[0].findings[:1]
            found[""] += [_case(result, link_to, [finding], [], translator) for finding in first if _waits(finding)]
            continue
        for score in result.score.questions:
            for findings in _alike(filter(_waits, score.findings), translator):
                names = [criteria.get((each.question, each.check)) or each.check for each in findings]
                found.setdefault(score.question, []).append(_case(result, link_to, findings, names, translator))
    for question, items in found.items():
        if items:
            yield WaitingGroup(question, titles.get(question, ""), tuple(items))


def _alike(findings: Iterable[Finding], translator: Translator) -> list[list[Finding]]:
    """Findings of one question, those together that wait for one reason and have no answers of their own."""
    together: dict[str, list[Finding]] = {}
    for finding in findings:
        alone = finding.check if "answer" in finding.evidence else ""
        why = f"{alone} {finding.status} {translator.text(finding.message)}"
        together.setdefault(why, []).append(finding)
    return [*together.values()]


def _case(
    result: Result, link_to: LinkTo, findings: Sequence[Finding], titles: Sequence[str], translator: Translator
) -> Waiting:
    """What waits for one reason; without a title, the whole submission does."""
    finding = findings[0]
    answer = finding.evidence.get("answer")
    points, most = (sum(getattr(each, name) for each in findings) for name in ("points", "max_points"))
    return Waiting(
        name=result.name,
        link=link_to(result.submission, anchor(finding.question, finding.check) if titles else ""),
        title=" · ".join(titles),
        sign=_OUR_FAULT if finding.status is Status.ERROR else sign_of(finding),
        points=f"{_points(points, translator)} / {_points(most, translator)}",
        message=shown(translator.text(finding.message), _LONGEST_REASON),
        answer=shown(answer, _LONGEST_REASON) if isinstance(answer, str) else "",
    )


def _trouble(result: Result, link_to: LinkTo, translator: Translator) -> Trouble:
    told = [translator.text(message) for message in (*result.reasons, *filter(None, [result.file_doubt]))]
    reason = shown(" ".join(told), _LONGEST_REASON)
    return Trouble(result.name, link_to(result.submission, ""), OUTCOMES[result.status], reason)


def _find(result: Result) -> str:
    one = result.handed_in
    return " ".join((result.name, result.submission, *(() if one is None else (one.file, *one.others))))


def _facts(result: Result) -> tuple[Message, ...]:
    """What does not fit together, in the notebook and in how it was handed in."""
    return (*doubts(result.handed_in), *result.flags) if result.handed_in else result.flags


def _handed_in(entry: LeftOut) -> bool:
    """True where somebody handed something in, which an empty folder is not."""
    return bool(entry.name) and entry.reason not in (Reason.EMPTY_FOLDER, Reason.SYSTEM)


def _not_graded(entry: LeftOut, translator: Translator) -> NotGraded:
    name = "" if entry.submission else entry.name
    return NotGraded(shown(entry.path, _LONGEST_REASON), name, translator.text(entry.why))


def _in_common(text: SharedText) -> InCommon:
    return InCommon(f"{text.count} / {text.of}", shown(text.source, _LONGEST_SHARED), text.kind == "code")


def _flagged(result: Result, link_to: LinkTo, translator: Translator) -> Flagged:
    facts = tuple(shown(translator.text(fact), _LONGEST_REASON) for fact in _facts(result)[:_MOST_FLAGS])
    return Flagged(result.name, link_to(result.submission, ""), facts)
