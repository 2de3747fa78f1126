"""Findings to points: plain arithmetic, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grader.records import Finding, HumanMark, Message, QuestionScore, Result, Score, Status, say
from grader.rubric.rubric import Rubric

OPEN = (Status.NEEDS_REVIEW, Status.ERROR)
"""What keeps a score provisional."""


def add_up(findings: Sequence[Finding], rubric: Rubric) -> Score:
    """Points by question and in all. A finding never counts for less than 0 or more than its criterion."""
    return _score(
        [
            _question_score(question.id, question.points, [f for f in findings if f.question == question.id])
            for question in rubric.questions
        ]
    )


def with_human_marks(result: Result, marks: Sequence[HumanMark]) -> Result:
    """The result with people's decisions in place of the findings they are about; the last one of each counts.

    One that was given to an earlier version of the file is asked for again, unless this one's sure mark is the same.
    """
    if not marks:
        return result
    last = {(mark.question, mark.check): mark for mark in marks}
    questions = [
        _question_score(
            question.question,
            question.max_score,
            [
                _marked(finding, last.get((finding.question, finding.check)), result.sha256)
                for finding in question.findings
            ],
        )
        for question in result.score.questions
    ]
    return replace(result, score=_score(questions))


def is_outdated(mark: HumanMark, finding: Finding, sha256: str) -> bool:
    """Whether a mark was given to another file than that with this digest, and may be wrong for this one."""
    if mark.points is None or not mark.sha256 or mark.sha256 == sha256:
        return False
    return finding.status in OPEN or abs(mark.points - finding.points) > 1e-9


def _question_score(question: str, max_score: float, findings: Sequence[Finding]) -> QuestionScore:
    points = sum(min(max(finding.points, 0.0), finding.max_points) for finding in findings)
    return QuestionScore(question, _rounded(points), max_score, tuple(findings))


def _score(questions: Sequence[QuestionScore]) -> Score:
    return Score(
        score=_rounded(sum(question.score for question in questions)),
        max_score=_rounded(sum(question.max_score for question in questions)),
        provisional=any(finding.status in OPEN for question in questions for finding in question.findings),
        questions=tuple(questions),
    )


def _marked(finding: Finding, mark: HumanMark | None, sha256: str) -> Finding:
    if mark is None or mark.points is None:
        return finding
    if is_outdated(mark, finding, sha256):
        message = say(
            "A person gave {points:g} of {most:g} points to an earlier file; this one is still to be seen.",
            points=mark.points,
            most=finding.max_points,
        )
        # What is sure of this file counts more than what was seen in another.
        points = mark.points if finding.status in OPEN else finding.points
        return replace(finding, status=Status.NEEDS_REVIEW, points=points, message=message)
    status = Status.PASSED if mark.points >= finding.max_points else Status.FAILED
    automatic = {"automatic_points": finding.points, "automatic_status": finding.status.value, "by": mark.who}
    message = _decided(finding, mark)
    return replace(
        finding,
        status=status,
        points=mark.points,
        message=message,
        basis="human",
        evidence={**finding.evidence, **automatic},
    )


def _decided(finding: Finding, mark: HumanMark) -> Message:
    """What a person said; where nothing, and the points are those proposed, the reason that they were proposed for."""
    if mark.comment:
        return say("Marked by a person: {comment}", comment=mark.comment)
    if abs((mark.points or 0.0) - finding.points) < 1e-9 and finding.status is not Status.ERROR:
        return say("Confirmed by a person. {reason}", reason=finding.message)
    return say("Marked by a person.")


def _rounded(points: float) -> float:
    """Free of binary noise: 0.1 + 0.2 is 0.3."""
    return round(points, 6)
