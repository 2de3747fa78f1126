"""Which questions were begun, and whether the file is the one that was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from shipped import RUBRIC
from submission_notebooks import EVALUATE, answer, given_cells, h, md, net, py, read

from grader.checks.begun import doubt_file, not_begun
from grader.records import Finding, Status, Submission, say

ALL = tuple(question.id for question in RUBRIC.questions)


def nothing_found(submission: Submission) -> list[Finding]:
    """Every criterion lost, as for a notebook that shows nothing."""
    return [
        Finding(
            question.id,
            criterion.id,
            Status.FAILED,
            0.0,
            criterion.points,
            say("No."),
            cells=submission.place(question.id).cells[:3],
        )
        for question in RUBRIC.questions
        for criterion in question.criteria
    ]


def begun(submission: Submission) -> set[str]:
    return set(ALL) - set(not_begun(submission, nothing_found(submission), RUBRIC))


def doubt(submission: Submission, findings: list[Finding] | None = None) -> str:
    findings = nothing_found(submission) if findings is None else findings
    found = doubt_file(submission, findings, RUBRIC, not_begun(submission, findings, RUBRIC))
    return "" if found is None else found.text


def filled(question: str, *cells: Any) -> list[Any]:
    """The assignment with cells of the student's own after a question's heading."""
    given = given_cells()
    place = given.index(h(question)) + 1
    return [*given[:place], *cells, *given[place:]]


def test_nothing_is_begun_in_the_assignment_itself(tmp_path: Path) -> None:
    assert begun(read(tmp_path, *given_cells())) == set()


@pytest.mark.parametrize(
    ("question", "cell"),
    [
        pytest.param("1", py(net()), id="code"),
        pytest.param("2", py(EVALUATE), id="one-line-of-code"),
        pytest.param("7.1", md("Porque hay diez clases."), id="prose"),
    ],
)
def test_what_is_the_students_own_begins_a_question(question: str, cell: Any, tmp_path: Path) -> None:
    assert begun(read(tmp_path, *filled(question, cell))) == {question}


@pytest.mark.parametrize("cell", [py(""), py("# "), md(" ")], ids=["no-code", "empty-comment", "no-text"])
def test_an_empty_cell_begins_nothing(cell: Any, tmp_path: Path) -> None:
    assert begun(read(tmp_path, *filled("1", cell))) == set()


@pytest.mark.parametrize(
    ("status", "points"),
    [
        pytest.param(Status.PASSED, 0.5, id="earned-elsewhere"),
        pytest.param(Status.NEEDS_REVIEW, 0.0, id="a-person-looks"),
        pytest.param(Status.ERROR, 0.0, id="fault-of-the-grader"),
    ],
)
def test_a_question_of_which_something_came_was_begun(status: Status, points: float, tmp_path: Path) -> None:
    submission = read(tmp_path, *given_cells())
    findings = [finding for finding in nothing_found(submission) if finding.question != "2"]
    findings.append(Finding("2", "evaluated", status, points, 0.5, say("Seen.")))
    assert "2" not in not_begun(submission, findings, RUBRIC)


def test_a_blank_assignment_is_doubted(tmp_path: Path) -> None:
    assert "No question was begun" in doubt(read(tmp_path, md("Ana López"), *given_cells()))


def test_another_assignments_file_is_doubted(tmp_path: Path) -> None:
    other = [md("# Práctica de SQL"), *(py(f"tabla_{n} = consulta('select {n}')") for n in range(9))]
    assert "Hardly anything of this assignment" in doubt(read(tmp_path, *other))


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(filled("1", py(net())), id="one-question-answered"),
        pytest.param([h("1"), py(net()), h("7.1"), answer("7.1", "Hay diez clases."), h("2"), py(EVALUATE), h("4.1"), py(net(512)), h("4.2"), py(net(1024))], id="own-notebook-with-headings"),
    ],
)  # fmt: skip
def test_an_honest_file_is_not_doubted(cells: list[Any], tmp_path: Path) -> None:
    assert doubt(read(tmp_path, *cells)) == ""


def test_who_took_out_every_heading_and_did_the_work_is_not_doubted(tmp_path: Path) -> None:
    submission = read(tmp_path, py("import keras"), py("modelo_a_mi_manera()"))
    earned = [Finding("1", "hidden_layers", Status.PASSED, 3.5, 3.5, say("Seen."))]
    assert doubt(submission, earned) == ""
