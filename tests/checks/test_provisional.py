"""What a failed cell makes uncertain is left to a person, by its first cause."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from shipped import RUBRIC

from grader.checks import judge
from grader.checks.context import CAUSE
from grader.records import (
    Cell,
    CellRun,
    CellStatus,
    Evidence,
    Failure,
    Finding,
    Layer,
    Network,
    Output,
    Place,
    Raised,
    Status,
    Submission,
    Training,
    say,
)
from grader.submission import Assignment, parse_submission

WHY = say("Cell {cell} failed.", cell=2)


def findings(evidence: Evidence, data: Path) -> Sequence[Finding]:
    """Of question 1, which is answered in the second cell; both ran when they were saved."""
    cells = tuple(
        Cell(index, "code", f"x = {index}", (Output("stream", "Epoch 1/10"),), index + 1) for index in range(3)
    )
    submission = Submission("a", "a.ipynb", "", cells, {"1": Place("1", (1,))}, {})
    return [finding for finding in judge(submission, evidence, RUBRIC, data).findings if finding.question == "1"]


def trained(units: int, activation: str, optimizer: str) -> Training:
    layers = (Layer("Flatten"), Layer("Dense", units, activation), Layer("Dense", 10, "softmax"))
    return Training(0, 1, "m", Network(layers), (optimizer,), epochs=10, epochs_asked=10, provisional=WHY, cause=1)


@pytest.mark.parametrize(
    ("training", "share"),
    [
        pytest.param(trained(128, "sigmoid", "Adam"), 1.0, id="right"),
        pytest.param(trained(64, "relu", "SGD"), 0.0, id="wrong"),
    ],
)
def test_what_was_trained_after_a_failure_neither_earns_nor_costs_for_sure(
    training: Training, share: float, data_slice: Path
) -> None:
    runs = {1: CellRun(1, CellStatus.ERROR, raised=Raised("ValueError", ""))}
    about = [item for item in findings(Evidence(runs, (training,)), data_slice) if item.message == WHY]
    assert len(about) >= 4
    assert {(item.status, item.cells, item.evidence[CAUSE]) for item in about} == {(Status.NEEDS_REVIEW, (1,), 1)}
    certain = replace(training, provisional=None, cause=None)
    before = {item.check: item for item in findings(Evidence(runs, (certain,)), data_slice)}
    assert all(item.points == before[item.check].points for item in about), "until then the points stand"
    assert {before[item.check].status for item in about} <= {Status.PASSED, Status.FAILED}
    assert any(item.points == share * item.max_points for item in about)


def test_a_question_whose_cell_was_left_out_waits_for_a_person(data_slice: Path) -> None:
    cells = (Cell(0, "code", "x = 1"), Cell(1, "code", "", left_out=25_000_000))
    submission = Submission("a", "a.ipynb", "", cells, {"1": Place("1", (1,)), "2": Place("2", (0,))}, {})
    found = judge(submission, Evidence({}), RUBRIC, data_slice)
    by_question = {name: {item.status for item in found.findings if item.question == name} for name in ("1", "2")}
    assert by_question == {"1": {Status.NEEDS_REVIEW}, "2": {Status.FAILED}}
    assert "Cell 2 was left out" in str(found.notes[0])


IDLE = "El perro come pan y la casa es grande. " * 400
TOLD = "Se llama sobreajuste: la red memoriza los datos de entrenamiento y deja de generalizar. "


@pytest.mark.parametrize(
    ("texts", "status"),
    [
        pytest.param([IDLE * 50 + TOLD], Status.NEEDS_REVIEW, id="at the end of a cell"),
        pytest.param([*[IDLE] * 50, TOLD], Status.NEEDS_REVIEW, id="in the last of many cells"),
        pytest.param([TOLD + IDLE, *[IDLE] * 50], Status.PASSED, id="at the beginning"),
    ],
)
def test_of_a_very_long_answer_the_beginning_counts_and_the_rest_is_a_persons(
    texts: list[str], status: Status, data_slice: Path
) -> None:
    cells = [{"cell_type": "markdown", "source": part} for part in ("## Pregunta 8.3 (0.6 puntos)", *texts)]
    submission = parse_submission(json.dumps({"cells": cells}).encode(), Path("a"), "a", RUBRIC, Assignment())
    began = time.process_time()
    found = judge(submission, Evidence({}), RUBRIC, data_slice).findings
    assert time.process_time() - began < 60
    assert {item.status for item in found if item.question == "8.3"} == {status}


def test_the_first_cause_is_quoted_and_not_what_followed_from_it(data_slice: Path) -> None:
    no_gpu, missing = Raised("AssertionError", "no GPU"), Raised("NameError", "name 'tf' is not defined")
    runs = {
        0: CellRun(0, CellStatus.ERROR, raised=no_gpu, failures=(Failure(no_gpu, "assert gpus", ("tf",)),)),
        1: CellRun(
            1, CellStatus.ERROR, raised=missing, failures=(Failure(missing, "tf.keras.Sequential()", ("model",)),)
        ),
    }
    waiting = [item for item in findings(Evidence(runs), data_slice) if item.status is Status.NEEDS_REVIEW]
    assert waiting
    for finding in waiting:
        assert "cell 1" in str(finding.message)
        assert "assert gpus" in str(finding.message)
        assert "NameError" not in str(finding.message)
        assert finding.evidence[CAUSE] == 0
