"""The class that a student names, against what the student's network predicts, on records made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_evidence import cells, context, images, says
from shipped import RUBRIC
from small_trainings import ACCURACY, small_order

from grader.checks.context import CAUSE
from grader.checks.predictions import check_predicted_class
from grader.records import (
    Call,
    CellRun,
    CellStatus,
    Evidence,
    Finding,
    Output,
    Passage,
    Place,
    Raised,
    Status,
    Training,
)
from grader.training import allowed
from grader.training.data import DataSet, load_data
from grader.training.service import Trainings
from grader.training.starts import OTHER_STARTS, outputs_of_other_starts, plain_form

CODE = 3
"""The cell of question 3's code."""
ANSWERED = Place("3.2", (CODE, 4))


@pytest.fixture(scope="module")
def data(data_slice: Path) -> DataSet:
    return load_data(data_slice)


@pytest.fixture(scope="module")
def weak(data: DataSet, trainings: Trainings) -> Training:
    """A network that predicts class 0 here; trained alike, it learns nothing, and any start gives another class."""
    slow = allowed.optimizer("Adam", {"learning_rate": 1e-9})
    ordered = plain_form(small_order(trainings.store, optimizer=slow), 1, ACCURACY)
    return Training(0, 1, "m", says(0), epochs=1, x=images(data, 640), ordered=ordered, source="trained")


@pytest.fixture(scope="module")
def others(weak: Training, data: DataSet, trainings: Trainings) -> list[int]:
    """What the other starts give, in order."""
    assert weak.ordered is not None
    image = (data.test_images[:1] / 255.0).astype(np.float32)
    return [int(outputs[0].argmax()) for outputs in outputs_of_other_starts(weak.ordered, image, trainings)]


def judged(
    answer: str,
    training: Training | None,
    data: DataSet,
    trainings: Trainings | None,
    *calls: Call,
    saved: str = "",
) -> Finding:
    passages = (Passage(4, answer, "markdown"),)
    shown = {CODE: Output("stream", saved, "stdout")} if saved else {}
    evidence = Evidence({}, () if training is None else (training,), calls)
    at = context(
        "3.2",
        RUBRIC,
        data,
        evidence,
        cells=cells(shown),
        answers={} if training is None else {"1": training},
        places={"3.2": replace(ANSWERED, passages=passages)},
        trainings=trainings,
    )
    return check_predicted_class(at.question.criteria[0], at)  # type: ignore[arg-type]


def never(others: list[int]) -> int:
    """A class that no start gives."""
    return next(label for label in range(1, 10) if label not in others)


def vector(label: int) -> str:
    """A saved vector of probabilities, as NumPy prints it over two lines."""
    numbers = [f"{0.9 if number == label else 0.01:.7e}" for number in range(10)]
    return f"[{' '.join(numbers[:6])}\n {' '.join(numbers[6:])}]\n"


# --- another random start ---------------------------------------------------------------------------------------------


def test_starts_are_few_and_differ(others: list[int]) -> None:
    assert len(others) == OTHER_STARTS
    assert len(set(others)) > 1


def test_a_class_that_another_start_gives_is_right(
    weak: Training, others: list[int], data: DataSet, trainings: Trainings
) -> None:
    for label in set(others) - {0}:
        found = judged(f"Es la clase {label}.", weak, data, trainings)
        assert (found.status, found.points) == ("passed", 0.25), found.message
        assert "another random start" in str(found.message)


def test_a_class_that_no_start_gives_is_wrong(
    weak: Training, others: list[int], data: DataSet, trainings: Trainings
) -> None:
    assert judged(f"Es la clase {never(others)}.", weak, data, trainings).status == "failed"


@pytest.mark.parametrize("ordered", [True, False], ids=["another start does not give it", "no other start is known"])
def test_saved_outputs_alone_are_a_persons_to_judge(
    ordered: bool, weak: Training, others: list[int], data: DataSet, trainings: Trainings
) -> None:
    label = never(others)
    training = weak if ordered else replace(weak, ordered=None)
    for saved in (vector(label), f"Clase más probable: {label}\n"):
        found = judged(f"Es la clase {label}.", training, data, trainings, saved=saved)
        assert (found.status, found.points) == ("needs_review", 0), saved
    for saved in (vector(0), "Epoch 1/10\n"):
        assert judged(f"Es la clase {label}.", training, data, trainings, saved=saved).status == "failed", saved


def test_several_classes_are_no_guess_at_a_start(
    weak: Training, others: list[int], data: DataSet, trainings: Trainings
) -> None:
    named = " o la ".join(str(label) for label in range(1, 10))
    assert judged(f"Es la clase {named}.", weak, data, trainings).points == 0


def test_a_class_taken_from_evaluate_stays_wrong(
    weak: Training, others: list[int], data: DataSet, trainings: Trainings
) -> None:
    """Though a start gives it, and the saved output shows it: the question's cell never predicts."""
    label = next(label for label in others if label)
    evaluated = Call("evaluate", CODE, "m", weak.network, images(data, 1000), result=(0.4, 0.8))
    found = judged(f"Es la clase {label}.", weak, data, trainings, evaluated, saved=f"Clase: {label}\n")
    assert (found.status, found.points) == ("failed", 0)


def test_what_the_network_predicts_needs_no_other_start(weak: Training, data: DataSet) -> None:
    assert judged("Es la clase 0.", weak, data, None).status == "passed"


# --- never trained ----------------------------------------------------------------------------------------------------

UNTRAINED = {
    "its fit raised": {"epochs": 0, "raised": Raised("FileNotFoundError", "train.csv")},
    "it was only built": {"epochs": 0, "built_only": True},
    "no epoch ran": {"epochs": 0},
}


@pytest.mark.parametrize("changes", UNTRAINED.values(), ids=UNTRAINED)
@pytest.mark.parametrize("label", [0, 9], ids=["what it says untrained", "another class"])
def test_a_network_that_never_trained_predicts_nothing(
    changes: dict[str, object], label: int, weak: Training, data: DataSet
) -> None:
    """It is neither held against the answer nor taken for a proof of it."""
    untrained = replace(weak, **changes)  # type: ignore[arg-type]
    asked = Call("predict", CODE, "m", untrained.network, images(data, len(data.test_images)))
    found = judged(f"Es la clase {label}.", untrained, data, None, asked)
    assert (found.status, found.points) == ("needs_review", 0)


def test_a_prediction_before_the_training_is_none_of_its(weak: Training, data: DataSet) -> None:
    test = replace(images(data, len(data.test_images)), sample=data.test_images[:4] / 255.0)
    early = Call("predict", 0, "m", says(5), test)
    assert judged("Es la clase 5.", weak, data, None, early).status == "failed"
    assert judged("Es la clase 5.", weak, data, None, replace(early, cell=CODE)).status == "passed"


def test_without_any_network_there_is_nothing_to_ask_about(data: DataSet) -> None:
    assert judged("Es la clase 9.", None, data, None).status == "failed"


@pytest.mark.parametrize("stops", [True, False])
def test_a_class_waits_on_account_of_the_cell_that_kept_its_model_from_training(stops: bool, data: DataSet) -> None:
    stopped = CellRun(1, CellStatus.ERROR, raised=Raised("NameError", "name 'x_trian' is not defined"))
    untrained = Training(0, 1, "m", says(0), built_only=True)
    at = context(
        "3.2",
        RUBRIC,
        data,
        Evidence({1: stopped} if stops else {}, (untrained,)),
        cells=cells({}),
        answers={"1": untrained},
        places={"1": Place("1", (1,)), "3.2": replace(ANSWERED, passages=(Passage(4, "La clase 9.", "markdown"),))},
    )
    finding = check_predicted_class(at.question.criteria[0], at)  # type: ignore[arg-type]
    assert finding.status is Status.NEEDS_REVIEW
    assert finding.evidence.get(CAUSE) == (1 if stops else None)
