"""Of which trainings it is believed what they show: those on the assignment's images, from fresh weights on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_evidence import NETWORK, context
from shipped import RUBRIC

from grader.checks.standing import doubt_of
from grader.records import Evidence, Finding, Status, Training, say
from grader.training.data import DataSet, load_data
from grader.training.likeness import spread

WHOLE = 4000
"""Images of the slice."""


@pytest.fixture(scope="module")
def data(data_slice: Path) -> DataSet:
    return load_data(data_slice)


def trained(**changes: Any) -> Training:
    return replace(Training(0, 1, "m", NETWORK, epochs=10, rows=WHOLE, steps=63), **changes)


def stands(data: DataSet, *trainings: Training, check: str = "epochs", status: Status = Status.PASSED) -> str:
    """``sure``, ``stands`` until a person decides, or ``nothing`` until then; of the last training."""
    numbered = tuple(replace(one, id=place) for place, one in enumerate(trainings))
    at = context("1", RUBRIC, data, Evidence({}, numbered), answer=numbered[-1])
    criterion = next(item for item in at.question.criteria if item.id == check)
    doubt = doubt_of(Finding("1", check, status, 1, 1, say("found"), cells=(1,)), criterion, at)
    return "sure" if doubt is None else "stands" if doubt.counts else "nothing"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (WHOLE, "sure"),
        (2 * WHOLE, "sure"),
        (int(0.9 * WHOLE), "sure"),
        (int(0.8 * WHOLE), "sure"),
        (WHOLE // 2, "stands"),
        (64, "nothing"),
        (1, "nothing"),
        (None, "sure"),
    ],
)
def test_a_training_saw_all_images_but_some_for_validation(rows: int | None, found: str, data: DataSet) -> None:
    assert stands(data, trained(rows=rows)) == found
    assert stands(data, trained(rows=rows), check="epoch_log") == found
    assert stands(data, trained(rows=rows), check="hidden_layers") == "sure"
    assert stands(data, trained(rows=rows), status=Status.FAILED) == "sure"
    waiting = stands(data, trained(rows=rows), status=Status.NEEDS_REVIEW)
    assert waiting == ("nothing" if found == "nothing" else "sure"), "a person is asked already"


ORIGINS: dict[str, tuple[list[Training], str]] = {
    "fresh": ([trained()], "sure"),
    "further": ([trained(), trained(start="training", goes_on_from=0)], "sure"),
    "from elsewhere": ([trained(start="other")], "stands"),
    "further, from elsewhere": ([trained(start="other"), trained(start="training", goes_on_from=0)], "stands"),
    "set by a callback": ([trained(set_otherwise=True)], "stands"),
    "a loop": ([trained(epochs=0, steps=500)], "stands"),
    "further than a loop": ([trained(epochs=0, steps=500), trained(start="training", goes_on_from=0)], "stands"),
    "loaded": ([trained(epochs=0, steps=500, loaded=True)], "stands"),
    "nothing learned": ([trained(changed=False)], "nothing"),
    "as it went on from itself": ([trained(start="training", goes_on_from=0)], "sure"),
}


@pytest.mark.parametrize(("trainings", "found"), ORIGINS.values(), ids=ORIGINS)
def test_weights_are_followed_back_to_fresh_ones(trainings: list[Training], found: str, data: DataSet) -> None:
    assert stands(data, *trainings) == found
    assert stands(data, *trainings, check="test_accuracy") == found
    assert stands(data, *trainings, check="epoch_log") == "sure"


def test_images_of_the_test_set_are_told_in_a_training_that_another_goes_on_from(data: DataSet) -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, data.test_images.shape)
    tested = trained(taught=spread(data.test_images / 255.0 + noise))
    assert stands(data, tested) == "stands"
    honest = trained(taught=spread(data.train_images / 255.0))
    assert stands(data, honest) == "sure"
    assert stands(data, tested, replace(honest, start="training", goes_on_from=0)) == "stands"
    assert stands(data, replace(honest, taught=np.random.default_rng(0).random((64, 784)))) == "stands"
