"""The same training from other random starts: few, kept in the store, and at an end where the trainer has one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainings import ACCURACY, images, small_order

from grader.errors import TrainerError
from grader.records import Array
from grader.training import starts
from grader.training.orders import Order, Part, Point, order_of
from grader.training.service import Trainings
from grader.training.trajectories import Trajectories
from grader.training.work import QUESTION_WORK, Budget


@pytest.fixture
def order(trainings: Trainings) -> Order:
    return small_order(trainings.store)


def outputs(order: Order, trainings: Trainings, epochs: int = 1) -> list[Array]:
    ordered = starts.plain_form(order, epochs, ACCURACY)
    assert ordered is not None
    return list(starts.outputs_of_other_starts(ordered, images()[0][:3], trainings))


def test_each_start_is_a_training_of_its_own_and_is_kept(order: Order, trainings: Trainings) -> None:
    found = outputs(order, trainings)
    assert [each.shape for each in found] == [(3, 10)] * starts.OTHER_STARTS
    assert len({each.tobytes() for each in found}) == starts.OTHER_STARTS
    before = trainings.trained
    assert all(map(np.array_equal, outputs(order, trainings), found))
    assert trainings.trained == before


def test_the_first_start_has_the_name_that_the_order_always_had(order: Order) -> None:
    keys = {replace(order, start=start).key for start in range(3)}
    assert len(keys) == 3
    ordered = starts.plain_form(order, 1, ACCURACY)
    assert ordered is not None
    assert order_of(ordered["order"]).key == order.key


@pytest.mark.parametrize("name", ["weights", "optimizer_state"])
def test_a_training_that_goes_on_from_another_has_no_other_start(name: str, order: Order) -> None:
    assert starts.plain_form(replace(order, **{name: Point("0" * 64, 3)}), 1, ACCURACY) is None


BROKEN: dict[str, dict[str, Any]] = {
    "Keras refuses it": {"layers": (Part("Dense", {"units": 10}), Part("Reshape", {"target_shape": [7]}))},
    "the images do not fit": {"input_shape": (5, 5)},
}


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN)
def test_where_it_cannot_be_trained_there_is_none(changes: dict[str, Any], order: Order, trainings: Trainings) -> None:
    assert outputs(replace(order, **changes), trainings) == []


def test_what_is_more_than_a_submission_may_ask_for_is_not_trained(order: Order, trainings: Trainings) -> None:
    little = trainings.for_submission("little", Budget(QUESTION_WORK))
    assert outputs(order, little, epochs=2) == []
    assert little.trained == 0


def test_a_trainer_that_fails_is_no_answer_of_the_students(order: Order, tmp_path: Path) -> None:
    nobody = Trainings(Trajectories(str(tmp_path)), None)
    with pytest.raises(TrainerError):
        outputs(order, nobody)
