"""A student's own check: whatever a check says, and wherever it is shown, no answer comes out."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from report_pages import parse
from rich.console import Console
from secretive import SECRETIVE, told, write_secretive

from grader.checks.prose.findings import as_judged
from grader.checks.prose.judging import judge_concept
from grader.records import CellError, Finding, Outcome, Result, Status, say
from grader.reports.result_json import write_result_json
from grader.reports.student import write_student_report
from grader.reports.translation import Translator
from grader.rubric.criteria import Concept
from grader.rubric.loading import load_rubric
from grader.rubric.rubric import Rubric
from grader.scoring import add_up
from grader.self_check import SelfCheck, print_self_check, remarks, self_check

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
    write_student_report(check.result, check.rubric, "en", folder / "page.html", remarks(check, Translator("en")))
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
    assert (check.result.score.max_score, check.result.score.may_be_added, check.hidden_points) == (6.5, 6.5, 1.5)
    text = shown(check, tmp_path)
    assert "Provisional mark: 0 of 6.5 points" in text
    assert "So far nothing is wrong: the other 6.5 points are decided after you hand it in." in text
    assert '"may_be_added": 6.5' in text
    assert "1.5 more points are looked at only after you hand it in." in text
    assert "1,5 puntos más se miran solo después de la entrega." in text


# --- the same numbers and words on the terminal and on the page ---


def both(result: Result, rubric: Rubric, folder: Path) -> tuple[str, str]:
    """A check in Spanish as the terminal tells it, and as the page does."""
    check, translator, terminal = self_check(result, rubric, LINES), Translator("es"), io.StringIO()
    print_self_check(Console(file=terminal, width=200), check, translator)
    write_student_report(check.result, check.rubric, "es", folder / "page.html", remarks(check, translator))
    page = parse((folder / "page.html").read_text(encoding="utf-8"))
    return " ".join(terminal.getvalue().split()), " ".join(next(page.all("header")).text.split())


@pytest.mark.parametrize(
    ("status", "mark", "sign"),
    [
        pytest.param(Status.NEEDS_REVIEW, "Nota provisional: 2 de 6,5 puntos", "? Nota provisional", id="waits"),
        pytest.param(Status.FAILED, "En total: 2 de 6,5 puntos", "✓ Comprobado", id="decided"),
    ],
)
def test_a_check_says_the_same_wherever_it_is_read(
    rubric: Rubric, status: Status, mark: str, sign: str, tmp_path: Path
) -> None:
    found = [finding for score in result_of(rubric, status).score.questions for finding in score.findings]
    findings = [*(replace(finding, points=0.5) for finding in found[:4]), *found[4:]]
    terminal, page = both(replace(result_of(rubric, status), score=add_up(findings, rubric)), rubric, tmp_path)
    assert mark in terminal
    assert mark.partition(": ")[2] in page
    assert sign in page
    assert "Corregido" not in page
    hidden = "1,5 puntos más se miran solo después de la entrega."
    provisional = "De momento no hay nada mal: los otros 4,5 puntos se deciden después de la entrega."
    assert (hidden in terminal, hidden in page) == (True, True)
    assert (provisional in terminal, provisional in page) == (status is Status.NEEDS_REVIEW,) * 2
    assert "Una persona todavía tiene que mirar" not in page


def test_what_is_proposed_already_is_not_counted_again_as_what_may_come(rubric: Rubric, tmp_path: Path) -> None:
    first, second, *rest = [f for score in result_of(rubric, Status.PASSED).score.questions for f in score.findings]
    waits = replace(first, status=Status.NEEDS_REVIEW, points=0.25)
    lost = replace(second, status=Status.FAILED, points=0.0)
    others = [replace(finding, points=finding.max_points) for finding in rest]
    score = add_up([waits, lost, *others], rubric)
    terminal, page = both(replace(result_of(rubric, Status.PASSED), score=score), rubric, tmp_path)
    most, to_come = 6.5 - second.max_points - first.max_points + 0.25, first.max_points - 0.25
    number = Translator("es").number
    assert f"Nota provisional: {number(most)} de 6,5 puntos Hasta {number(to_come)} puntos más se deciden" in terminal
    assert f"Hasta {number(to_come)} puntos más se deciden después de la entrega." in page


def test_a_cell_that_can_still_be_mended_waits_for_the_student_and_for_no_person(
    rubric: Rubric, tmp_path: Path
) -> None:
    waiting = result_of(rubric, Status.NEEDS_REVIEW)
    error = CellError(1, "model.fit(x, y)", "NameError: name 'modle' is not defined")
    blamed = [
        replace(f, evidence={"cause": 1}, message=say("a person looks at it"))
        for score in waiting.score.questions
        for f in score.findings
    ]
    terminal, page = both(replace(waiting, score=add_up(blamed, rubric), errors=(error,)), rubric, tmp_path)
    for told_of in (terminal, page):
        assert "persona" not in told_of
        assert "se deciden después" not in told_of
    assert "La celda 2 se detuvo con un error, como se explica arriba: arréglala y vuelve a comprobar." in terminal


def test_points_that_a_mistyped_name_puts_at_risk_are_told_in_the_total(rubric: Rubric, tmp_path: Path) -> None:
    result = result_of(rubric, Status.NEEDS_REVIEW)
    findings = [
        replace(finding, evidence={"cause": 1}) if finding.question == "1" else replace(finding, cells=())
        for score in result.score.questions
        for finding in score.findings
    ]
    error = CellError(1, "model.fit(x, y)", "NameError: name 'modle' is not defined", then=(2,))
    terminal, page = both(replace(result, score=add_up(findings, rubric), errors=(error,)), rubric, tmp_path)
    told = "Hasta 4,5 de los puntos dependen de una celda que se detuvo con un error: la 2. Arréglala primero."
    assert told in terminal
    assert told in page
    assert "Puntos que dependen de esto: hasta 4,5 (pregunta 1)." in terminal


def test_no_hint_stands_beside_what_a_cell_that_stopped_has_cost(rubric: Rubric, tmp_path: Path) -> None:
    """`Read again.` is the rubric's hint at an activation, which a name that is not defined has nothing to do with."""
    result = result_of(rubric, Status.FAILED)
    assert "Read again." in both(result, rubric, tmp_path)[0]
    error = CellError(1, "model.fit(x, y)", "NameError: name 'modle' is not defined")
    stopped, _ = both(replace(result, errors=(error,)), rubric, tmp_path)
    assert "Read again." not in stopped
    assert "la celda 2 se detuvo con un error" in stopped
