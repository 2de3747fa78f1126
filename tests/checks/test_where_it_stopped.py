"""A question whose own cell stopped is told so, and not what another question's cells did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_evidence import NETWORK
from shipped import RUBRIC

from grader.checks import judge
from grader.records import (
    Call,
    Cell,
    CellRun,
    CellStatus,
    Data,
    Evidence,
    Finding,
    Layer,
    Network,
    Place,
    Raised,
    Submission,
    Training,
)
from grader.reports.criteria import criterion_view
from grader.reports.translation import Translator
from grader.rubric.rubric import Rubric
from grader.training.data import load_data

OWN, ANOTHERS = 2, 8
STOPPED = CellRun(OWN, CellStatus.ERROR, raised=Raised("NameError", "name 'modelo' is not defined"))


def asking(*questions: str) -> Rubric:
    return RUBRIC.model_copy(update={"questions": [RUBRIC.question(name) for name in questions]})


def found(question: str, evidence: Evidence, data: Path) -> list[Finding]:
    cells = tuple(Cell(index, "code", "x") for index in range(ANOTHERS + 1))
    places = {question: Place(question, (OWN,)), "8.1": Place("8.1", (ANOTHERS,))}
    submission = Submission("a", "a.ipynb", "", cells, places, {})
    findings = judge(submission, evidence, asking(question, "8.1"), data).findings
    return [finding for finding in findings if finding.question == question]


@pytest.mark.parametrize("stops", [True, False], ids=["its own cell stopped", "its own cell did not evaluate"])
def test_another_model_that_was_evaluated_elsewhere_is_no_reason_where_the_own_cell_stopped(
    stops: bool, data_slice: Path
) -> None:
    images = load_data(data_slice).test_images
    tested = Data((len(images), 28, 28), rows=(0, 1, 2), sample=images[:3] / 255.0)
    elsewhere = Call("evaluate", ANOTHERS, "m9", Network((Layer("Dense", 10, "softmax"),)), tested, result=(0.5, 0.9))
    runs = {OWN: STOPPED} if stops else {}
    [finding] = found("2", Evidence(runs, (), calls=(elsewhere,)), data_slice)
    assert finding.points == 0
    assert finding.cells == ((OWN,) if stops else (ANOTHERS,))
    assert ("stopped with an error" in finding.message.text) is stops


def test_where_nothing_was_found_the_students_code_is_named_and_not_the_question(data_slice: Path) -> None:
    """And the first of it is the cell that stopped: the report then says that nothing was seen on its account."""
    kinds = ("markdown", "code", "markdown", "code", "code", "code", "code")
    cells = tuple(Cell(index, kind, "x", given=index < 3) for index, kind in enumerate(kinds))  # type: ignore[arg-type]
    submission = Submission("a", "a.ipynb", "", cells, {"9": Place("9", tuple(range(7)))}, {})
    evidence = Evidence({3: CellRun(3, CellStatus.OK), 6: replace(STOPPED, cell=6)}, ())
    findings = judge(submission, evidence, asking("9"), data_slice).findings
    lost = [finding for finding in findings if finding.basis == "static"]
    assert {finding.cells for finding in lost} == {(6, 3, 4)}
    errors = {6: 6}
    views = [criterion_view(finding, RUBRIC.question("9"), Translator("es"), errors) for finding in lost]
    assert {view.message for view in views} == {
        "No se pudo ver nada de esto: la celda 7 se detuvo con un error, como se explica arriba."
    }


def test_where_nothing_of_the_students_stands_the_place_is_named(data_slice: Path) -> None:
    cells = tuple(Cell(index, "markdown", "x", given=True) for index in range(5))
    submission = Submission("a", "a.ipynb", "", cells, {"9": Place("9", tuple(range(5)))}, {})
    findings = judge(submission, Evidence({}), asking("9"), data_slice).findings
    assert {finding.cells for finding in findings} == {(0, 1, 2)}


def test_what_its_own_cell_trained_before_it_stopped_is_still_told(data_slice: Path) -> None:
    here = Training(0, OWN, "m0", NETWORK, ("SGD",), epochs=3, epochs_asked=3, batch_size=8)
    findings = found("1", Evidence({OWN: STOPPED}, (here,)), data_slice)
    told = {finding.check: finding for finding in findings}
    assert told["epochs"].cells == (OWN,)
    assert "stopped with an error" not in told["epochs"].message.text
