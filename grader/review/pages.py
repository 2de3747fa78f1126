"""What a page of the desk shows, as plain values for its template."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from grader.records import Finding, HumanMark, Message, Status, say
from grader.reports.pages import Sign, render, sign_of
from grader.reports.text import Piece, mark_words, shown
from grader.reports.translation import Translator
from grader.review.calls import COMMENT_ALONE
from grader.review.cells import CellView, cell_view, cell_views
from grader.review.classroom import WHOLE_FILE, Classroom
from grader.review.grouping import Group
from grader.review.looking import Inconsistency
from grader.review.marking import Key, Reviewer, key_of
from grader.review.second_opinion import SecondOpinion
from grader.rubric.criteria import Concept, Criterion

TEMPLATES = Path(__file__).parent / "templates"
CARDS_ON_A_PAGE = 40
GROUPS_ON_A_PAGE = 60

_LONGEST_ANSWER = 6_000
_LONGEST_PREVIEW = 180
_LONGEST_REASON = 400
_MOST_EVIDENCE = 600


@dataclass(frozen=True, slots=True)
class Choice:
    """One button that gives points."""

    key: str
    """The key on the keyboard."""
    value: float
    text: str
    proposed: bool
    given: bool


@dataclass(frozen=True, slots=True)
class Past:
    """One entry of a finding's history."""

    points: str
    """What was given; of an undo, what it made count again."""
    who: str
    when: str
    comment: str


@dataclass(frozen=True, slots=True)
class Row:
    """One criterion of one submission, to be marked."""

    id: str
    code: str
    question: str
    check: str
    group: str
    title: str
    sign: Sign
    open: bool
    marked: bool
    by: str
    outdated: bool
    """The mark was given for an earlier version of the file."""
    points: str
    max_points: str
    reason: str
    expected: str
    choices: tuple[Choice, ...]
    now: str
    """The points given, as a form sends them where only a comment is saved; empty where a person has given none."""
    comment: str
    history: tuple[Past, ...]
    automatic: str
    seen: int
    like_others: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One submission's answer to one question."""

    id: str
    code: str
    name: str
    question: str
    question_title: str
    pieces: tuple[Piece, ...]
    evidence: str
    rows: tuple[Row, ...]
    prose: bool
    answered: bool
    cells: tuple[CellView, ...]
    """What the findings that wait rest on."""
    outdated: str
    """Why what is shown is not what holds now; empty where it is."""
    group: str
    """Link to the group; empty where it stands alone."""
    group_id: str
    alike: str
    """What is in the group."""


@dataclass(frozen=True, slots=True)
class Last:
    """What a reviewer did last, to be undone."""

    number: int
    """Of the newest mark that it gave."""
    name: str
    """Whose answer was marked, or how many."""
    what: str


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group in the list of a question."""

    link: str
    size: int
    left: int
    decided: int
    total: int
    preview: str
    title: str
    points: str
    sign: Sign


class Views:
    """Makes what templates show, in one language, for one classroom."""

    def __init__(self, room: Classroom, translator: Translator, *, has_model: bool) -> None:
        self._room = room
        self._translator = translator
        self._has_model = has_model

    def page(self, template: str, reviewer: Reviewer, **values: Any) -> str:
        """A whole page, or a part of one."""
        left, total = self._room.left()
        common = {
            "say": self._translator.text,
            "rubric_title": self._translator.pick(self._room.rubric.title),
            "who": reviewer.who,
            "secret": reviewer.csrf,
            "left": left,
            "total": total,
            "decided": total - left,
            "latest": self._latest(reviewer),
            "blind": self._room.blind,
            "has_model": self._has_model,
            "part": False,
            "comment_alone": COMMENT_ALONE,
        }
        return render(template, self._translator, common | values, TEMPLATES)

    def _latest(self, reviewer: Reviewer) -> Last | None:
        """What a reviewer did last, as long as the submissions are there."""
        given = reviewer.done[-1].given if reviewer.done else ()
        if not given or given[0].submission not in self._room.results:
            return None
        number = max(mark.number for mark in given)
        if len(given) > 1:
            return self._latest_of_many(number, given)
        (mark,) = given
        points = self._translator.say("taken back") if mark.points is None else self._number(mark.points)
        what = f"{mark.question} · {self._criterion_title(self._room.finding(key_of(mark)))}: {points}"
        return Last(number, self.name(mark.submission), what)

    def _latest_of_many(self, number: int, given: Sequence[HumanMark]) -> Last:
        criteria = self._translator.say_number("{count} criterion", "{count} criteria", len(given), count=len(given))
        if len({mark.submission for mark in given}) == 1:
            return Last(number, self.name(given[0].submission), criteria)
        questions = sorted({mark.question for mark in given})
        return Last(number, criteria, self._translator.say("Question {id}", id=", ".join(questions)))

    def name(self, submission: str) -> str:
        """What a submission is called on the page."""
        if self._room.blind:
            return self._translator.say("Submission {number}", number=self._room.number(submission))
        return shown(self._room.results[submission].name, 120)

    def questions(self) -> list[dict[str, Any]]:
        """The questions with what is left in each."""
        lines = []
        for question in self._room.rubric.questions:
            left, total = self._room.left(question.id)
            lines.append(
                {
                    "id": question.id,
                    "title": self._translator.pick(question.title),
                    "link": question_link(question.id),
                    "left": left,
                    "total": total,
                }
            )
        return lines

    def title(self, question_id: str) -> str:
        """A question's title."""
        return self._translator.pick(self._room.rubric.question(question_id).title)

    def alike(self, group: Group) -> str:
        """How much is in a group."""
        criteria, answers, say_number = len(self._room.keys(group)), len(group.members), self._translator.say_number
        return self._translator.say(
            "{criteria} in {answers}",
            criteria=say_number("{count} criterion", "{count} criteria", criteria, count=criteria),
            answers=say_number("{count} answer alike", "{count} answers alike", answers, count=answers),
        )

    def group_line(self, group: Group) -> GroupLine:
        """A group in the list of its question."""
        keys = self._room.keys(group)
        first = [(group.members[0], group.question, check) for check in group.checks]
        findings = [self._room.finding(key) for key in first]
        points = sum(self._room.points(key) for key in first)
        answer = self._room.answer(group.members[0], group.question) if group.prose else ""
        preview = answer or self._translator.text(findings[0].message)
        most = sum(finding.max_points for finding in findings)
        open_ones = [finding for key, finding in zip(first, findings, strict=True) if self._room.is_open(key)]
        whole = replace(findings[0], points=points, max_points=most)
        if whole.status in (Status.PASSED, Status.FAILED):
            whole = replace(whole, status=Status.PASSED if points >= most - 1e-9 else Status.FAILED)
        left = len(self._room.open_keys().intersection(keys))
        return GroupLine(
            link=group_link(group),
            size=len(group.members),
            left=left,
            decided=sum(key in self._room.marks for key in keys),
            total=len(keys),
            preview=" ".join(shown(preview, _LONGEST_PREVIEW).split()),
            title="" if group.prose else self._criterion_title(findings[0]),
            points=f"{self._number(points)} / {self._number(most)}",
            sign=self._sign(first[0], open_ones[0]) if open_ones else sign_of(whole),
        )

    def card(
        self,
        submission: str,
        question_id: str,
        checks: Iterable[str],
        group: Group | None,
        *,
        told: Collection[int] = (),
    ) -> Card:
        """An answer with the criteria that are to be marked.

        Args:
            told: cells that the page shows elsewhere.
        """
        question = self._room.rubric.question(question_id)
        keys = [(submission, question_id, check) for check in checks]
        findings = [self._room.finding(key) for key in keys]
        whole = self._room.is_whole(submission)
        shown_or_done = [finding for finding in findings if not isinstance(self._criterion(finding), Concept)]
        prose = len(shown_or_done) < len(findings) and not whole
        answer = shown(self._room.answer(submission, question_id), _LONGEST_ANSWER) if prose else ""
        words = [word for finding in findings for word in _strings(finding.evidence.get("words"))]
        cells = cell_views(self._room.results[submission], shown_or_done)
        code = self._room.code(submission)
        return Card(
            id=f"a-{code}-{_position(self._room, question_id)}",
            code=code,
            name=self.name(submission),
            question=question_id,
            question_title=self._translator.pick(question.title),
            pieces=mark_words(answer, words),
            evidence=self._evidence(shown_or_done[0], cells) if shown_or_done else "",
            rows=tuple(self.row(key, group) for key in keys),
            prose=prose,
            answered=bool(answer.strip()),
            cells=tuple(cell for cell in cells if cell.number - 1 not in told),
            outdated=self._translator.text(outdated) if (outdated := self._room.results[submission].outdated) else "",
            group=group_link(group) if group and len(group.members) > 1 else "",
            group_id=group.id if group else "",
            alike=self.alike(group) if group else "",
        )

    def cause(self, submission: str, cell: int, keys: Sequence[Key]) -> dict[str, Any]:
        """What one cell of a submission is to blame for, to be decided at once."""
        errors = (error for error in self._room.results[submission].errors if error.cell == cell)
        error = next(errors, None)
        return {
            "code": self._room.code(submission),
            "cell": cell,
            "where": "" if cell == WHOLE_FILE else self._translator.say("Cell {cell}", cell=cell + 1),
            "line": "" if error is None else shown(error.stopped_at or error.first_line, _LONGEST_ANSWER),
            "error": "" if error is None else shown(error.error, _LONGEST_ANSWER),
            "cells": cell_view(self._room.results[submission], cell),
            "count": len(keys),
            "questions": ", ".join(dict.fromkeys(key[1] for key in keys)),
        }

    def row(self, key: Key, group: Group | None) -> Row:
        """One criterion of one submission."""
        room, finding, mark = self._room, self._room.finding(key), self._room.marks.get(key)
        criterion, proposal = self._criterion(finding), self._room.proposal(key, group)
        code, position = room.code(key[0]), _position(room, key[1])
        return Row(
            id=f"r-{code}-{position}-{_check_position(room, key)}",
            code=code,
            question=key[1],
            check=key[2],
            group=group.id if group else "",
            title=self._criterion_title(finding),
            sign=self._sign(key, finding),
            open=room.is_open(key),
            marked=mark is not None,
            by=self._by(mark) if mark else "",
            outdated=room.is_outdated(key),
            points=self._number(room.points(key) if mark else proposal.points),
            max_points=self._number(finding.max_points),
            reason=mark.comment if mark and mark.comment else self._reason_beside(key, proposal.reason),
            expected=self._translator.pick(criterion.expected) if criterion else "",
            choices=self._choices(finding.max_points, proposal.points, mark),
            now="" if mark is None or mark.points is None else repr(mark.points),
            comment=mark.comment if mark else "",
            history=tuple(self._past(entry) for entry in room.history.get(key, ())),
            automatic=f"{self._number(finding.points)}: {self._reason(finding.message)}",
            seen=room.newest,
            like_others=proposal.like_others,
        )

    def _reason_beside(self, key: Key, message: Message) -> str:
        """The reason; empty where it is that of the whole submission, which the page tells once."""
        whole = self._room.is_whole(key[0]) and message == self._room.results[key[0]].reason
        return "" if whole else self._reason(message)

    def _reason(self, message: Message) -> str:
        return shown(self._translator.text(message), _LONGEST_REASON)

    def _choices(self, most: float, proposed: float, mark: HumanMark | None) -> tuple[Choice, ...]:
        """None, half and all of the points, on the keys 0, 1 and 2; and what is proposed or given, if it is another."""
        given = mark.points if mark is not None else None
        values = {0.0: "0", round(most / 2, 6): "1", most: "2"}
        for other in (proposed, given):
            if other is not None and not any(_same(other, value) for value in values):
                values[other] = ""
        return tuple(
            Choice(
                key=key,
                value=value,
                text=self._number(value),
                proposed=given is None and _same(value, proposed),
                given=given is not None and _same(value, given),
            )
            for value, key in sorted(values.items())
        )

    def _sign(self, key: Key, finding: Finding) -> Sign:
        if key in self._room.marks:
            return Sign("good", "✓", say("Decided by a person"))
        if finding.status in (Status.NEEDS_REVIEW, Status.ERROR):
            return _TO_DECIDE if finding.status is Status.NEEDS_REVIEW else _OUR_FAULT
        return sign_of(finding)

    def _by(self, mark: HumanMark) -> str:
        return self._translator.say("{who}, {when}", who=mark.who, when=_when(mark))

    def _past(self, mark: HumanMark) -> Past:
        points = "" if mark.points is None else self._number(mark.points)
        if mark.undo:
            points = (
                self._translator.say("undone, {points} again", points=points)
                if points
                else self._translator.say("undone")
            )
        return Past(
            points or self._translator.say("taken back"), shown(mark.who, 80), _when(mark), shown(mark.comment, 500)
        )

    def _number(self, value: float) -> str:
        return self._translator.number(round(value, 3))

    def _evidence(self, finding: Finding, cells: Sequence[CellView]) -> str:
        if cells and "error" not in finding.evidence:
            return ""
        found = finding.evidence.get("error") or finding.evidence.get("saved_output")
        return shown(found, _MOST_EVIDENCE) if isinstance(found, str) else ""

    def _criterion(self, finding: Finding) -> Criterion | None:
        criteria = self._room.rubric.question(finding.question).criteria
        return next((criterion for criterion in criteria if criterion.id == finding.check), None)

    def _criterion_title(self, finding: Finding) -> str:
        criterion = self._criterion(finding)
        return (self._translator.pick(criterion.title) if criterion else "") or finding.check

    def inconsistency(self, case: Inconsistency) -> dict[str, Any]:
        """Answers that differ only in their points, one of each side by side."""
        finding = self._room.finding((case.variants[0][1][0], case.question, case.check))
        return {
            "question": case.question,
            "question_title": self.title(case.question),
            "title": self._criterion_title(finding),
            "variants": [
                {
                    "points": self._number(points),
                    "count": len(members),
                    "card": self.card(_marked_first(self._room, members, case)[0], case.question, [case.check], None),
                }
                for points, members in case.variants
            ],
        }

    def opinions(self, opinion: SecondOpinion, question: str) -> dict[str, Any]:
        """A language model's views beside the titles of the ideas."""
        criteria = {criterion.id: criterion for criterion in self._room.rubric.question(question).criteria}
        return {
            "problem": self._translator.text(opinion.problem) if opinion.problem else "",
            "views": [
                {
                    "title": self._translator.pick(criteria[check].title),
                    "sign": _VIEWS[view.share],
                    "reason": shown(view.reason, _LONGEST_REASON),
                }
                for check, view in opinion.views.items()
            ],
        }

    def text(self, message: Message) -> str:
        """A sentence in the reviewer's language."""
        return self._translator.text(message)


_TO_DECIDE = Sign("wait", "?", say("To decide"))
_OUR_FAULT = Sign("wait", "!", say("Fault of the grader"))
_VIEWS: Mapping[float, Sign] = {
    1.0: Sign("good", "✓", say("says so")),
    0.5: Sign("part", "◐", say("says part of it")),
    0.0: Sign("bad", "✗", say("does not say so")),
}


def question_link(question: str) -> str:
    """The page of a question."""
    return "/question?" + urlencode({"q": question})


def open_link(question: str) -> str:
    """The page of all that is left to decide in a question."""
    return "/open?" + urlencode({"q": question})


def group_link(group: Group, start: int = 0) -> str:
    """The page of a group."""
    return "/group?" + urlencode({"q": group.question, "g": group.id} | ({"from": start} if start else {}))


def submission_link(code: str) -> str:
    """The page of a submission."""
    return "/submission?" + urlencode({"s": code})


def _marked_first(room: Classroom, members: Sequence[str], case: Inconsistency) -> list[str]:
    return sorted(members, key=lambda name: (name, case.question, case.check) not in room.marks)


def _position(room: Classroom, question_id: str) -> int:
    return next(place for place, question in enumerate(room.rubric.questions) if question.id == question_id)


def _check_position(room: Classroom, key: Key) -> int:
    criteria = room.rubric.question(key[1]).criteria
    return next((place for place, criterion in enumerate(criteria) if criterion.id == key[2]), 0)


def _same(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6


def _when(mark: HumanMark) -> str:
    return mark.at.astimezone().strftime("%Y-%m-%d %H:%M") if mark.at else ""


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []
