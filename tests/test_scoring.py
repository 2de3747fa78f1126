"""Adding up: plain arithmetic."""

from __future__ import annotations

import pytest
from shipped import RUBRIC

from grader.records import Finding, HumanMark, Outcome, Result, Status, say
from grader.scoring import add_up, with_human_marks


def findings(status: Status = Status.PASSED, share: float = 1.0) -> list[Finding]:
    return [
        Finding(question.id, criterion.id, status, criterion.points * share, criterion.points, say("ok"))
        for question in RUBRIC.questions
        for criterion in question.criteria
    ]


def test_all_passed_is_full_marks_without_binary_noise() -> None:
    score = add_up(findings(), RUBRIC)
    assert (score.score, score.max_score, score.provisional) == (10.0, 10.0, False)


@pytest.mark.parametrize("status", [Status.NEEDS_REVIEW, Status.ERROR])
def test_what_waits_for_a_person_keeps_the_score_provisional(status: Status) -> None:
    first, *rest = findings()
    open_finding = Finding(first.question, first.check, status, 0.0, first.max_points, say("?"))
    assert add_up([open_finding, *rest], RUBRIC).provisional


@pytest.mark.parametrize("share", [5.0, -3.0])
def test_a_finding_never_counts_beyond_its_criterion(share: float) -> None:
    assert add_up(findings(share=share), RUBRIC).score == (10.0 if share > 0 else 0.0)


def test_a_persons_mark_takes_the_automatic_ones_place_and_keeps_it_in_evidence() -> None:
    score = add_up(findings(Status.FAILED, 0.0), RUBRIC)
    result = Result("a", "a.ipynb", "", "", Outcome.GRADED, None, score)
    marked = with_human_marks(result, [HumanMark("a", "4.3", "cost", 0.25, "ayudante", "bien visto")])
    finding = next(f for q in marked.score.questions for f in q.findings if f.question == "4.3" and f.check == "cost")
    assert (finding.points, finding.basis, finding.status) == (0.25, "human", Status.PASSED)
    assert finding.evidence["automatic_points"] == 0.0
    assert marked.score.score == 0.25


@pytest.mark.parametrize(
    ("points", "comment", "told"),
    [
        pytest.param(0.0, "", "Confirmed by a person. {reason}", id="as proposed"),
        pytest.param(0.25, "", "Marked by a person.", id="otherwise"),
        pytest.param(0.0, "mira la celda 3", "Marked by a person: {comment}", id="with a comment"),
    ],
)
def test_a_proposal_that_a_person_takes_keeps_its_reason(points: float, comment: str, told: str) -> None:
    score = add_up(findings(Status.NEEDS_REVIEW, 0.0), RUBRIC)
    result = Result("a", "a.ipynb", "", "", Outcome.GRADED, None, score)
    marked = with_human_marks(result, [HumanMark("a", "4.3", "cost", points, "ayudante", comment)])
    finding = next(f for q in marked.score.questions for f in q.findings if f.question == "4.3" and f.check == "cost")
    assert finding.message.text == told


@pytest.mark.parametrize(
    ("status", "found", "given", "seen", "wanted"),
    [
        pytest.param(Status.NEEDS_REVIEW, 0.0, 0.1, "file 2", (0.1, Status.FAILED), id="this file was seen"),
        pytest.param(Status.NEEDS_REVIEW, 0.0, 0.1, "", (0.1, Status.FAILED), id="nobody knows which"),
        pytest.param(Status.NEEDS_REVIEW, 0.0, 0.1, "file 1", (0.1, Status.NEEDS_REVIEW), id="what waits in another"),
        pytest.param(Status.PASSED, 0.25, 0.1, "file 1", (0.25, Status.NEEDS_REVIEW), id="sure of this file, and more"),
        pytest.param(Status.FAILED, 0.0, 0.1, "file 1", (0.0, Status.NEEDS_REVIEW), id="sure of this file, and less"),
        pytest.param(Status.PASSED, 0.25, 0.25, "file 1", (0.25, Status.PASSED), id="sure of this file, and the same"),
    ],
)
def test_a_mark_for_an_earlier_file_is_asked_for_again(
    status: Status, found: float, given: float, seen: str, wanted: tuple[float, Status]
) -> None:
    score = add_up(findings(status, found / 0.25), RUBRIC)
    result = Result("a", "a.ipynb", "file 2", "", Outcome.GRADED, None, score)
    marked = with_human_marks(result, [HumanMark("a", "4.3", "cost", given, "ayudante", sha256=seen)])
    finding = next(f for q in marked.score.questions for f in q.findings if f.question == "4.3" and f.check == "cost")
    assert (finding.points, finding.status) == wanted
    assert marked.score.provisional or finding.status is not Status.NEEDS_REVIEW
