"""A student's own check: whatever a check says, and wherever it is shown, no answer comes out."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from secretive import SECRETIVE, told, write_secretive

from grader.checks.prose.findings import as_judged
from grader.checks.prose.judging import judge_concept
from grader.records import Finding, Outcome, Result, Status, say
from grader.reports.result_json import write_result_json
from grader.reports.student import write_student_report
from grader.reports.translation import Translator
from grader.rubric.criteria import Concept
from grader.rubric.loading import load_rubric
from grader.rubric.rubric import Rubric
from grader.scoring import add_up
from grader.self_check import SelfCheck, print_self_check, self_check

LINES = {0: "import keras", 1: "model.fit(x, y)"}


def result_of(rubric: Rubric, status: Status) -> Result:
    """A result in which every check but those of prose blabs out all that is secret, wherever it can."""
    secret = " ".join(SECRETIVE.split())
    message, own = say("It is not {wanted}.", wanted=secret), say("The answer does not say this.")
    findings = [
        Finding(
            question.id,
            criterion.id,
            status,
            criterion.points if status is Status.PASSED else 0.0,
            criterion.points,
            own if criterion.check == "concept" else message,
            cells=(1,),
            evidence={"expected": secret, "expected_model": [{"layer": "Dense", "units": 137}], "words": [secret]},
        )
        for question in rubric.questions
        for criterion in question.criteria
    ]
    flags, audit = (say("A fact: {fact}", fact=secret),), (message,)
    return Result(
        "ana", "/ana.ipynb", "", "", Outcome.GRADED, None, add_up(findings, rubric), flags=flags, audit=audit
    )  # fmt: skip


def shown(check: SelfCheck, folder: Path) -> str:
    """All that is shown of a check: on the terminal, as a page, and as JSON."""
    terminal = io.StringIO()
    for language in ("en", "es"):
        print_self_check(Console(file=terminal, width=200), check, Translator(language))
    write_student_report(check.result, check.rubric, "en", folder / "page.html")
    write_result_json(check.result, check.rubric, "en", folder / "result.json")
    page = (folder / "page.html").read_text().partition("</style>")[2]  # colours and sizes are numbers, too
    return terminal.getvalue() + page + (folder / "result.json").read_text()


@pytest.fixture
def rubric(tmp_path: Path) -> Rubric:
    return load_rubric(write_secretive(tmp_path / "rubric")).model_copy()


@pytest.mark.parametrize("status", list(Status), ids=lambda status: status.value)
def test_no_expected_value_is_shown(rubric: Rubric, status: Status, tmp_path: Path) -> None:
    stated = rubric.questions[0].criteria[1]
    result = result_of(rubric, status)
    blabbing = [finding for score in result.score.questions for finding in score.findings]
    findings = [
        replace(finding, message=say("It is relu, and not selu.")) if finding.check == stated.id else finding
        for finding in blabbing
    ]
    text = shown(self_check(replace(result, score=add_up(findings, rubric)), rubric, LINES), tmp_path)
    assert told(text) == []
    assert "Words" in text
    if status is Status.FAILED:
        assert "It is relu, and not selu." in text
        assert "Your answer does not say all that the question asks for here." in text
        assert "This is not what the question asks for." in text
        assert "Cell 2: model.fit(x, y)" in text


ANSWERS = (
    "underfitting",
    "It is called underfitting, I am sure.",
    "It is not overfitting.",
    "The network is overtrained and underfitting.",
    "overfitting, underfitting, digits, rote",
    "It is called too keen.",
    "The network generalises.",
    "Is it called overfitting?",
    "My friend says that it is overfitting, but it is not.",
    "It memorises things, the rote way; it is about digits that somebody saw once upon a time.",
    "It has overfittting in it.",
)
"""Wrong answers and doubtful ones, by words that the rubric knows."""


@pytest.mark.parametrize("answer", [*ANSWERS, "It is called a banana.", ""])
def test_what_decided_about_an_answer_is_not_told(answer: str, rubric: Rubric, tmp_path: Path) -> None:
    """The students' own answer may be shown whole: no word of it is picked out, and no contrary named."""
    question = rubric.question("2")
    concept = question.criteria[0]
    assert isinstance(concept, Concept)
    blank = Finding("2", concept.id, Status.FAILED, 0.0, concept.points, say(""), evidence={"answer": answer})
    finding = as_judged(blank, judge_concept(answer, concept, question_prompt=question.prompt), 0.7)
    findings = [
        finding
        if (other.question, other.check) == ("2", concept.id)
        else replace(other, message=say("It was not found."))
        for score in result_of(rubric, Status.SKIPPED).score.questions
        for other in score.findings
    ]
    result = replace(result_of(rubric, Status.SKIPPED), score=add_up(findings, rubric))
    text = shown(self_check(result, rubric, LINES), tmp_path)
    if answer:
        text = text.replace(answer, "")
    assert told(text) == []
    assert "contrary" not in text
    told_of_it = self_check(result, rubric, LINES).result.score.questions[1].findings[0].message.text
    if finding.status is Status.FAILED:
        assert (told_of_it == "No answer was found.") is (answer == "")
        assert not finding.points
    assert told_of_it in {
        "No answer was found.",
        "Your answer does not say all that the question asks for here.",
        "A person will review this",
        "{near}",
    } or (finding.status is Status.PASSED and told_of_it == "This is what the question asks for.")


def test_a_fault_of_the_grader_tells_nothing_either(rubric: Rubric, tmp_path: Path) -> None:
    result = result_of(rubric, Status.ERROR)
    reason = say("The grader itself failed: {problem}", problem=SECRETIVE)
    findings = [
        replace(finding, message=reason) for score in result.score.questions for finding in score.findings
    ]  # fmt: skip
    result = replace(result, status=Outcome.FAILED, reason=reason, score=add_up(findings, rubric))
    text = shown(self_check(result, rubric, LINES), tmp_path)
    assert told(text) == []
    assert "that is no fault of yours" in text


def test_totals_are_of_what_is_shown(rubric: Rubric, tmp_path: Path) -> None:
    check = self_check(result_of(rubric, Status.NEEDS_REVIEW), rubric, LINES)
    assert (check.result.score.max_score, check.open_points, check.hidden_points) == (6.5, 6.5, 1.5)
    text = shown(check, tmp_path)
    assert "So far: 0 of 0 points" in text
    assert "Provisional: 6.5 points are decided after you hand it in." in text
    assert "1.5 more points are looked at only after you hand it in." in text
    assert "1,5 puntos más se miran solo después de la entrega." in text
