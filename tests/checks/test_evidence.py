"""Checks of what was evaluated, of which callback is judged, and of errors, on records made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_evidence import NETWORK, context
from shipped import RUBRIC

from grader.checks.epoch_log import check_epoch_log
from grader.checks.expected_error import check_expected_error
from grader.checks.predictions import check_evaluated
from grader.checks.training import check_epochs
from grader.records import (
    Call,
    Cell,
    CellRun,
    CellStatus,
    Data,
    Evidence,
    Layer,
    Network,
    Output,
    Raised,
    Training,
)
from grader.rubric.rubric import Rubric
from grader.training.data import DataSet, load_data
from grader.training.networks import predict
from grader.training.trajectories import array_digest

ROWS = (0, 1, 2, 3)


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return RUBRIC


@pytest.fixture(scope="module")
def data(data_slice: Path) -> DataSet:
    return load_data(data_slice)


# --- evaluate ---------------------------------------------------------------------------------------------------------


def evaluated(data: DataSet, rubric: Rubric, result: tuple[float, ...], labels: np.ndarray | None = None) -> str:
    labels = data.test_labels if labels is None else labels
    x = Data((len(data.test_images), 28, 28), rows=ROWS, sample=data.test_images[list(ROWS)] / 255.0)
    y = Data(labels.shape, sha256=array_digest(labels), rows=ROWS, sample=labels[list(ROWS)])
    call = Call("evaluate", 2, "m", NETWORK, x, y, result)
    training = Training(0, 1, "m", NETWORK, metrics=("loss", "accuracy"), epochs=10)
    found = context("2", rubric, data, Evidence({}, (training,), (call,)))
    return str(check_evaluated(found.question.criteria[0], found).status)


def test_results_of_evaluate_in_any_order(data: DataSet, rubric: Rubric) -> None:
    """With ``return_dict=True`` accuracy comes before loss; another metric than accuracy is right as well."""
    outputs = predict(NETWORK, data.test_images / np.float32(255))
    accuracy = float(np.mean(outputs.argmax(axis=1) == data.test_labels))
    assert evaluated(data, rubric, (2.5, accuracy)) == "passed"
    assert evaluated(data, rubric, (accuracy, 2.5)) == "passed"
    assert evaluated(data, rubric, (2.5, 0.09, 7.1)) == "passed"


def test_labels_of_other_images_are_no_evaluation(data: DataSet, rubric: Rubric) -> None:
    assert evaluated(data, rubric, (2.5, 0.7), data.train_labels[: len(data.test_labels)]) == "failed"


def test_the_networks_own_predictions_are_no_labels(data: DataSet, rubric: Rubric) -> None:
    """All right in the rows that are sampled, and an accuracy of 1: what was evaluated is not the test set."""
    labels = data.test_labels.astype(np.int64)
    labels[len(ROWS) :] = predict(NETWORK, data.test_images[len(ROWS) :] / np.float32(255)).argmax(axis=1)
    assert evaluated(data, rubric, (0.1, 1.0), labels) == "failed"


@pytest.mark.parametrize("kind", ["int32", "float32", "one-hot"])
def test_real_labels_in_any_form_whatever_the_metric(kind: str, data: DataSet, rubric: Rubric) -> None:
    """Keras measures a binary accuracy on one-hot labels with a binary loss."""
    labels = np.eye(10, dtype=np.float32)[data.test_labels] if kind == "one-hot" else data.test_labels.astype(kind)
    assert evaluated(data, rubric, (0.1, 0.97), labels) == "passed"


# --- a saved log ------------------------------------------------------------------------------------------------------

LOG = "".join(f"Epoch {n}/10\n938/938 - 2s - accuracy: 0.8 - loss: 0.5\n" for n in range(1, 11))


@pytest.mark.parametrize(("printed_today", "status"), [("", "passed"), (LOG, "failed")])
def test_a_log_without_training_must_not_be_printed_by_hand(
    printed_today: str, status: str, data: DataSet, rubric: Rubric
) -> None:
    """A call of fit that was commented out after it had run keeps its log; a print of one is no log."""
    saved = Output("stream", LOG, "stdout")
    cells = tuple(Cell(index, "code", "x", (saved,) if index == 1 else ()) for index in range(12))
    run = CellRun(1, CellStatus.OK, (Output("stream", printed_today, "stdout"),))
    found = context("1", rubric, data, Evidence({1: run}, ()), cells=cells)
    criterion = next(item for item in found.question.criteria if item.id == "epoch_log")
    assert check_epoch_log(criterion, found).status == status


# --- broken off -------------------------------------------------------------------------------------------------------


def test_a_training_that_a_limit_broke_off_goes_to_a_person(data: DataSet, rubric: Rubric) -> None:
    training = Training(0, 1, "m", NETWORK, epochs=4, epochs_asked=10, raised=Raised("KeyboardInterrupt", ""))
    evidence = Evidence({1: CellRun(1, CellStatus.TIMEOUT)}, (training,))
    cells = tuple(Cell(index, "code", "x", execution_count=1) for index in range(12))
    found = context("1", rubric, data, evidence, cells=cells, answer=training)
    criterion = next(item for item in found.question.criteria if item.check == "epochs")  # type: ignore[attr-defined]
    assert check_epochs(criterion, found).status == "needs_review"  # type: ignore[arg-type]
    own_fault = replace(found, evidence=replace(evidence, runs={1: CellRun(1, CellStatus.OK)}))
    assert check_epochs(criterion, own_fault).status == "failed"  # type: ignore[arg-type]


# --- question 6 -------------------------------------------------------------------------------------------------------

FLAT = Network((Layer("Dense", 128, "sigmoid"), Layer("Dense", 10, "softmax")), (28, 28), (28, 10))


@pytest.mark.parametrize(
    ("message", "shown", "status"),
    [
        ("Argument `output` must have rank (ndim) 0", "Error: ValueError", "passed"),
        ("Argument `output` must have rank (ndim) 0", "no funciona", "failed"),
        ("You must call `compile()` before calling `fit()`", "You must call compile()", "failed"),
    ],
)
def test_the_error_is_that_of_the_shapes(data: DataSet, rubric: Rubric, message: str, shown: str, status: str) -> None:
    x = Data((100, 28, 28))
    training = Training(0, 6, "m", FLAT, x=x, raised=Raised("ValueError", message, ("ValueError",)))
    cells = tuple(Cell(index, "code", "x", (Output("stream", shown, "stdout"),)) for index in range(12))
    evidence = Evidence({6: CellRun(6, CellStatus.OK)}, (training,))
    found = context("6", rubric, data, evidence, cells=cells, answer=training)
    assert check_expected_error(found.question.criteria[0], found).status == status  # type: ignore[arg-type]


def test_an_error_saved_by_code_that_is_commented_out_goes_to_a_person(data: DataSet, rubric: Rubric) -> None:
    output = Output("error", "", "ValueError", "Shapes (None,) and (None, 28, 10) are incompatible")
    cells = tuple(Cell(index, "code", "# fit", (output,) if index == 6 else ()) for index in range(12))
    evidence = Evidence({6: CellRun(6, CellStatus.OK)})
    found = context("6", rubric, data, evidence, cells=cells)
    assert check_expected_error(found.question.criteria[0], found).status == "needs_review"  # type: ignore[arg-type]
