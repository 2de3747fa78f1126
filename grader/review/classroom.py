"""A class as reviewers see it: what was found, what people marked, what is proposed, and what is left to decide.

Everything that people decide is in the gradebook and nowhere else; this is a view of it that is brought up to date at
each request, so that several reviewers, at one desk or at several, see each other's marks.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from grader.checks.context import CAUSE
from grader.checks.prose import Marked, answer_text, marked_answers
from grader.collection.shared_prose import with_shared_prose
from grader.gradebook import Gradebook
from grader.publishing import ClassBook, make_refiner
from grader.records import Finding, HumanMark, Result, SettledTexts, SharedText, Status, say
from grader.reports.pages import is_one_case
from grader.reports.text import name_order
from grader.review.grouping import Group, Grouping, group_question, load_libraries
from grader.review.marking import Action, Key, Proposal, Reviewer, Saved, key_of, restored, says_the_same
from grader.rubric.rubric import Rubric
from grader.scoring import OPEN, is_outdated

_MOST_COMMENTS = 5
_LEARN_SECONDS = 120.0
"""How long one concept of a class may take to be judged anew."""
_SECRET = "desk secret"
_DECIDED = 2.0
"""Surer than any confidence: what a person has decided comes last."""


WHOLE_FILE = -1
"""In place of a cell in `Classroom.causes`; pages send none."""


class Classroom:
    """The class of one gradebook; safe to be used by several threads.

    Args:
        blind: hides names and shuffles the order in a way that stays the same.
    """

    def __init__(self, graded: ClassBook, *, blind: bool = False) -> None:
        self.rubric: Rubric = graded.rubric
        self.blind = blind
        self.lock = threading.RLock()
        self.results: dict[str, Result] = {}
        self.shared: tuple[SharedText, ...] = ()
        self.history: dict[Key, list[HumanMark]] = {}
        self.marks: dict[Key, HumanMark] = {}
        self.newest = 0
        self._book: Gradebook = graded.book
        self._editions: dict[str, datetime] = {}
        self._groupings: dict[str, Grouping] = {}
        self._group_of: dict[Key, Group] = {}
        self._found: dict[Key, Finding] = {}
        self._refined: dict[Key, Finding] = {}
        self._open: frozenset[Key] | None = None
        self._whole: list[str] = []
        self._refiner = make_refiner(graded.rubric)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="refine")
        self._refining: dict[tuple[str, str], Future[None]] = {}
        self._secret = graded.book.note(_SECRET) or secrets.token_hex(16)
        self._book.keep_note(_SECRET, self._secret)
        self._codes: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._closing = threading.Event()
        self._thread.submit(self._group_ahead)
        self.refresh()

    # --- what there is ---

    def refresh(self) -> None:
        """Take in what was graded and marked since the last time."""
        with self.lock:
            editions = self._book.editions()
            if editions != self._editions:
                self._take_in(editions)
            self._take_marks(self._book.history_since(self.newest))

    def _take_in(self, editions: Mapping[str, datetime]) -> None:
        collection = self._book.collection()
        self.shared = collection.shared
        results = []
        for submission, at in editions.items():
            result = self.results.get(submission)
            if result is None or result.outdated is not None or self._editions.get(submission) != at:
                result = self._book.result(submission)
                if result is None or not self._is_by_this_rubric(result):
                    continue
                result = with_shared_prose(result, collection.shared, self.rubric)
            results.append(result)
        handed_in = {one.submission: one for one in collection.submissions}
        self.results = {result.submission: result for result in self._book.as_handed_in(results, handed_in)}
        self._editions = dict(editions)
        self._found = {
            (name, finding.question, finding.check): finding
            for name, result in self.results.items()
            for score in result.score.questions
            for finding in score.findings
        }
        self._groupings.clear()
        self._group_of.clear()
        self._refined.clear()
        self._open = None
        codes = {submission: self._code(submission) for submission in self.results}
        self._codes = {code: submission for submission, code in codes.items()}
        self._numbers = {self._codes[code]: number for number, code in enumerate(sorted(self._codes), 1)}
        self._whole = self.ordered(name for name, result in self.results.items() if is_one_case(result))
        self._refine_later({key[1:] for key in self.marks})

    def _is_by_this_rubric(self, result: Result) -> bool:
        """False for one whose marks nobody can give any more: of criteria that are not asked for now."""
        asked = {(question.id, criterion.id) for question in self.rubric.questions for criterion in question.criteria}
        return all((each.question, each.check) in asked for score in result.score.questions for each in score.findings)

    def settle_shared(self, *, given: bool) -> None:
        """Keep whose the texts are that most submissions share; answers that only waited for that wait no more."""
        with self.lock:
            settled = self._book.settled()
            self._book.settle(SettledTexts(given, (*settled.texts, *self.shared)))
            self._book.keep_collection(replace(self._book.collection(), shared=()))
            self._editions = {}
            self.refresh()

    def _code(self, submission: str) -> str:
        return hashlib.sha256(f"{self._secret} {submission}".encode("utf-8", "replace")).hexdigest()[:12]

    def code(self, submission: str) -> str:
        """How pages name a submission: it tells nothing of whose it is."""
        return self._code(submission)

    def submission(self, code: str) -> str:
        """The submission of a code. Raises KeyError for an unknown one."""
        return self._codes[code]

    def number(self, submission: str) -> int:
        """Its place in the shuffled order, from 1."""
        return self._numbers[submission]

    def ordered(self, submissions: Iterable[str]) -> list[str]:
        """By name, or shuffled where the desk is blind; always in the same way."""
        return sorted(submissions, key=self.number if self.blind else self._name_order)

    def _name_order(self, submission: str) -> tuple[tuple[tuple[str, int], ...], str]:
        return name_order(self.results[submission].name), submission

    def is_whole(self, submission: str) -> bool:
        """True for a submission of which nothing could be judged, for one reason."""
        return submission in self._whole

    def whole_cases(self) -> list[str]:
        """Submissions of which nothing could be judged, for one reason: the grader's own faults first."""
        return sorted(self._whole, key=lambda name: not any(map(self.is_open, self.keys_of(name))))

    def findings_of(self, submission: str) -> Iterator[Finding]:
        """Every finding of a submission, as proposed now."""
        for score in self.results[submission].score.questions:
            for finding in score.findings:
                yield self._refined.get((submission, finding.question, finding.check), finding)

    def keys_of(self, submission: str) -> list[Key]:
        """The keys of all its findings."""
        return [(submission, finding.question, finding.check) for finding in self.findings_of(submission)]

    def finding(self, key: Key) -> Finding:
        """The automatic finding, refined by what people marked. Raises KeyError where there is none."""
        return self._refined.get(key) or self._found[key]

    def answer(self, submission: str, question: str) -> str:
        """A submission's prose at a question."""
        return answer_text(self.results[submission].passages.get(question, ()), with_statement=True)

    def is_open(self, key: Key) -> bool:
        """True while a person has to decide it and nobody has."""
        return key in self.open_keys()

    def open_keys(self) -> frozenset[Key]:
        """All that a person has to decide and nobody has."""
        if self._open is None:
            self._open = frozenset(key for key in self._found if self._waits(key))
        return self._open

    def _waits(self, key: Key) -> bool:
        return self.is_outdated(key) if key in self.marks else self.finding(key).status in OPEN

    def is_outdated(self, key: Key) -> bool:
        """True if a person's mark was given to an earlier file, and may be wrong for this one."""
        mark = self.marks.get(key)
        return mark is not None and is_outdated(mark, self.finding(key), self.results[key[0]].sha256)

    def causes(self, submission: str) -> dict[int, list[Key]]:
        """Cells of a submission, each with what a person has to decide on its account, where that is more than one.

        `WHOLE_FILE` stands for the cell where the file itself could not be read.
        """
        found: dict[int, list[Key]] = {}
        whole = is_one_case(self.results[submission])
        for finding in self.findings_of(submission):
            cause = WHOLE_FILE if whole else finding.evidence.get(CAUSE)
            key = (submission, finding.question, finding.check)
            if isinstance(cause, int) and self.is_open(key):
                found.setdefault(cause, []).append(key)
        return {cause: keys for cause, keys in sorted(found.items()) if len(keys) > 1}

    def points(self, key: Key) -> float:
        """What counts now: a person's mark, or else the automatic one."""
        points = self.marks[key].points if key in self.marks else None
        return self.finding(key).points if points is None else points

    # --- groups ---

    def grouping(self, question: str) -> Grouping:
        """The groups of a question; they stay as they are while marks are given."""
        with self.lock:
            if question not in self._groupings:
                results = [self.results[name] for name in self.ordered(self.results.keys() - set(self._whole))]
                self._groupings[question] = group_question(self.rubric.question(question), results)
                for group in self._groupings[question].groups:
                    self._group_of.update(dict.fromkeys(self.keys(group), group))
            return self._groupings[question]

    def _group_ahead(self) -> None:
        """Group what will be asked for next, so that nobody waits for it."""
        load_libraries()
        for question in self.rubric.questions:
            if not self._closing.is_set():
                self.grouping(question.id)

    def groups(self, question: str) -> list[Group]:
        """The groups of a question: the grader's own errors first, then what is to decide, then what is least sure."""

        open_keys = self.open_keys()

        def rank(group: Group) -> tuple[int, int, float, int]:
            unmarked = [(key, self.finding(key)) for key in self.keys(group) if key not in self.marks]
            waiting = [finding for key, finding in unmarked if key in open_keys]
            errors = sum(finding.status is Status.ERROR for finding in waiting)
            least_sure = min((_confidence(finding) for _, finding in unmarked), default=_DECIDED)
            return -errors, -len(waiting), least_sure, -len(group.members)

        return sorted(self.grouping(question).groups, key=rank)

    def group(self, question: str, group_id: str) -> Group:
        """One group. Raises KeyError where there is none (any more)."""
        for group in self.grouping(question).groups:
            if group.id == group_id:
                return group
        raise KeyError(group_id)

    def group_of(self, key: Key) -> Group | None:
        """The group that a finding is marked with; None for whole cases."""
        self.grouping(key[1])
        return self._group_of.get(key)

    def keys(self, group: Group) -> list[Key]:
        """All that is marked with a group, submission by submission."""
        return [(submission, group.question, check) for submission in group.members for check in group.checks]

    def next_question(self, question: str = "", *, after: bool = False) -> str:
        """The next question with something to decide in a group; empty where there is none.

        Args:
            question: where to begin; the questions before it come last.
            after: begin behind it, and leave it out.
        """
        ids = [entry.id for entry in self.rubric.questions]
        start = ids.index(question) if question in ids else 0
        waiting = {key[1] for key in self.open_keys() if key[0] not in self._whole}
        order = ids[start:] + ids[:start]
        return next((entry for entry in order[after:] if entry in waiting), "")

    def proposal(self, key: Key, group: Group | None = None) -> Proposal:
        """What is proposed: as a person marked the same in this group, where that is one mark, or as it was found."""
        finding = self.finding(key)
        if group is not None and key not in self.marks:
            given = {
                round(mark.points, 6)
                for member in group.members
                if (mark := self.marks.get((member, *key[1:]))) is not None and mark.points is not None
            }
            if len(given) == 1:
                points = min(given.pop(), finding.max_points)
                return Proposal(points, say("As a person marked another answer of this group."), like_others=True)
        return Proposal(finding.points, finding.message)

    # --- progress ---

    def left(self, question: str | None = None) -> tuple[int, int]:
        """How many findings a person has to decide, of how many that a person had or has to decide."""
        still_open = self.open_keys()
        waiting = sum(question in (None, key[1]) for key in still_open)
        decided = sum(question in (None, key[1]) for key in self.marks.keys() & self._found.keys() - still_open)
        return waiting, waiting + decided

    # --- marks ---

    def give(
        self,
        reviewer: Reviewer,
        points: Mapping[Key, float],
        *,
        comment: str = "",
        seen: int | None = None,
        where: str = "",
    ) -> Saved:
        """Write a reviewer's marks into the gradebook, all at once, to be undone at once; the same again adds nothing.

        Args:
            seen: number of the newest mark that the reviewer's page showed; what someone marked since is refused.
        """
        with self.lock:
            marks = [
                HumanMark(*key, value, reviewer.who, comment, self.results[key[0]].sha256)
                for key, value in points.items()
            ]
            return self._add(reviewer, marks, seen=self.newest if seen is None else seen, where=where)

    def take_back(self, reviewer: Reviewer, key: Key, *, seen: int, where: str = "") -> Saved:
        """Take a person's mark back, so that the automatic one counts again; the history keeps both."""
        with self.lock:
            mark = HumanMark(*key, None, reviewer.who, "", self.results[key[0]].sha256)
            return self._add(reviewer, [mark], seen=seen, where=where)

    def _add(self, reviewer: Reviewer, marks: Sequence[HumanMark], *, seen: int, where: str) -> Saved:
        before = {key: self.marks[key] for key in map(key_of, marks) if key in self.marks}
        news = [mark for mark in marks if not says_the_same(before.get(key_of(mark)), mark)]
        given = self._book.add_marks(news, seen=seen) if news else ()
        reviewer.note(Action(given, before, where))
        return self._saved(marks, given)

    def undo(self, reviewer: Reviewer) -> tuple[Action, Saved] | None:
        """Take back what this reviewer did last, unless someone has marked the same since; None if nothing is left."""
        with self.lock:
            if not reviewer.done:
                return None
            self._take_marks(self._book.history_since(self.newest))
            action = reviewer.done.pop()
            marks = [restored(key_of(mark), action, reviewer.who) for mark in action.given]
            own = [m for m in marks if self.history[key_of(m)][-1].number == reviewer.latest.get(key_of(m))]
            given = self._book.add_marks(own, seen=self.newest)
            reviewer.latest.update({key_of(mark): mark.number for mark in given})
            return action, self._saved(marks, given)

    def _saved(self, asked: Iterable[HumanMark], given: Sequence[HumanMark]) -> Saved:
        """What became of marks: those that would have added nothing count as given, if what they say still stands."""
        self._take_marks(self._book.history_since(self.newest))
        added = set(map(key_of, given))
        refused = [
            key for mark in asked if (key := key_of(mark)) not in added and not says_the_same(self.marks.get(key), mark)
        ]
        return Saved(tuple(added), tuple(refused))

    def _take_marks(self, marks: Sequence[HumanMark]) -> None:
        if marks:
            self._open = None
        for mark in marks:
            key = key_of(mark)
            self.history.setdefault(key, []).append(mark)
            self.newest = max(self.newest, mark.number)
            if mark.points is None:
                self.marks.pop(key, None)
            else:
                self.marks[key] = mark
        self._refine_later({(mark.question, mark.check) for mark in marks})

    def comments(self, question: str, check: str) -> list[str]:
        """What people wrote before about this criterion, most often used first."""
        with self.lock:
            found = Counter(
                mark.comment
                for key, marks in self.history.items()
                if key[1:] == (question, check)
                for mark in marks
                if mark.comment
            )
        return [comment for comment, _ in found.most_common(_MOST_COMMENTS)]

    # --- learning ---

    def _refine_later(self, concepts: Iterable[tuple[str, str]]) -> None:
        """In the background, judge the rest of the class anew with what people marked."""
        for question, check in concepts:
            if (question, check) in self._refining:
                self._refining[question, check].cancel()
            self._refining[question, check] = self._thread.submit(self._refine, question, check)

    def _refine(self, question: str, check: str) -> None:
        with self.lock:
            marks = [mark for key, mark in self.marks.items() if key[1:] == (question, check)]
            learned: Marked = marked_answers(self.results, marks, self.rubric)
            cases = [
                (self.results[key[0]], finding)
                for key, finding in self._found.items()
                if key[1:] == (question, check) and key not in self.marks
            ]
        refined = self._refiner.refined(cases, learned)
        with self.lock:
            self._open = None
            for (result, finding), new in zip(cases, refined, strict=True):
                key = (result.submission, question, check)
                if new is finding:
                    self._refined.pop(key, None)
                elif self.results.get(result.submission) is result:
                    self._refined[key] = new

    def wait_for_learning(self) -> None:
        """Wait until what people marked has been learned. Raises TimeoutError."""
        for waiting in list(self._refining.values()):
            if not waiting.cancelled():
                waiting.result(_LEARN_SECONDS)

    def close(self) -> None:
        """End the background's work and let go of the gradebook."""
        self._closing.set()
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._book.close()


def _confidence(finding: Finding) -> float:
    found = finding.evidence.get("confidence", 1.0)
    return float(found) if isinstance(found, int | float) else 1.0
