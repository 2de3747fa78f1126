"""What an order is reckoned at: Keras's own shapes, known before anything is built; and what a submission may ask for."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from grader.errors import NotTrainable
from grader.rubric.rubric import Limits
from grader.training import allowed, work
from grader.training.building import build_layer
from grader.training.orders import Part, Point
from grader.training.sizes import size_of
from grader.training.work import AT_ONCE, MAX_EPOCH, Budget, Effort, budget_for, effort_of

pytest.importorskip("keras")


def part(name: str, /, **config: object) -> Part:
    return Part(name, config)


IMAGES, FIRST, ROWS = (28, 28, 3), (3, 28, 28), (50, 6)
LAYERS: dict[str, tuple[tuple[int, ...], Part]] = {
    "dense": ((784,), part("Dense", units=512)),
    "dense on each row": ((28, 28), part("Dense", units=16)),
    "flat": (IMAGES, part("Flatten")),
    "another shape": (IMAGES, part("Reshape", target_shape=[7, -1, 3])),
    "other axes": (IMAGES, part("Permute", dims=[3, 1, 2])),
    "an activation": (IMAGES, part("Activation", activation="relu")),
    "ReLU": (IMAGES, part("ReLU")),
    "LeakyReLU": (IMAGES, part("LeakyReLU")),
    "ELU": (IMAGES, part("ELU")),
    "PReLU": (IMAGES, part("PReLU")),
    "Softmax": ((10,), part("Softmax")),
    "dropout": (IMAGES, part("Dropout", rate=0.5)),
    "noise": (IMAGES, part("GaussianNoise", stddev=0.5)),
    "rescaling": (IMAGES, part("Rescaling", scale=2.0)),
    "batch normalization": (IMAGES, part("BatchNormalization")),
    "layer normalization": (IMAGES, part("LayerNormalization")),
    "windows over a row": (ROWS, part("Conv1D", filters=8, kernel_size=3, dilation_rate=2)),
    "causal windows": (ROWS, part("Conv1D", filters=8, kernel_size=[5], padding="causal")),
    "windows": (IMAGES, part("Conv2D", filters=8, kernel_size=3)),
    "windows in steps": (IMAGES, part("Conv2D", filters=8, kernel_size=[5, 3], strides=[2, 3], padding="same")),
    "windows in groups": (IMAGES, part("Conv2D", filters=9, kernel_size=3, groups=3)),
    "windows, channels first": (FIRST, part("Conv2D", filters=8, kernel_size=3, data_format="channels_first")),
    "maxima of a row": (ROWS, part("MaxPooling1D", pool_size=3)),
    "maxima": (IMAGES, part("MaxPooling2D")),
    "maxima in steps": (IMAGES, part("MaxPooling2D", pool_size=3, strides=2, padding="same")),
    "means": (IMAGES, part("AveragePooling2D", pool_size=[2, 5])),
    "the mean of a row": (ROWS, part("GlobalAveragePooling1D")),
    "the mean": (IMAGES, part("GlobalAveragePooling2D", keepdims=True)),
    "the maximum": (FIRST, part("GlobalMaxPooling2D", data_format="channels_first")),
    "a border": (IMAGES, part("ZeroPadding2D", padding=2)),
    "borders": (IMAGES, part("ZeroPadding2D", padding=[[1, 2], [3, 4]])),
    "a border all around": (IMAGES, part("ZeroPadding2D", padding=[1, 2])),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_reckoned_as_keras_has_it(name: str) -> None:
    shape, layer = LAYERS[name]
    keras_layer = build_layer(layer)
    found = size_of([keras_layer], shape)
    effort = effort_of([layer], shape)
    assert effort.outputs == math.prod(found.shape)
    assert 0.9 * found.weights - 10 <= effort.weights <= 2 * found.weights
    if "kernel_size" in layer.config or "units" in layer.config:
        positions = math.prod(found.shape) // int(layer.config.get("filters") or layer.config["units"])
        assert effort.products == effort.weights * positions


def test_every_layer_that_the_trainer_takes_is_reckoned() -> None:
    assert {layer.name for _, layer in LAYERS.values()} == {*allowed.LAYERS}


def test_the_first_of_a_pools_windows_count() -> None:
    shape = (100, 100, 1)
    small, large = (
        effort_of([part("MaxPooling2D", pool_size=side, strides=1, padding="same")], shape) for side in (1, 30)
    )
    assert large.products == 900 * small.products


@pytest.mark.parametrize(
    "layers",
    [
        [part("Dense", units=3), part("Reshape", target_shape=[0, -1])],
        [part("Permute", dims=[7])],
        [part("Conv2D", filters=3, kernel_size=[1])],
        [part("Conv2D", filters=3, kernel_size="3")],
    ],
)
def test_layers_that_do_not_fit_are_for_keras_to_refuse(layers: list[Part]) -> None:
    with pytest.raises(NotTrainable, match="must fit"):
        effort_of(layers, IMAGES)


TWO_LAYERS = effort_of([part("Flatten"), *[part("Dense", units=units) for units in (512, 512, 10)]], (28, 28))
EPOCH = TWO_LAYERS.epoch(60_000, 938, 1)
POINT = Point("order", 1)


def test_an_epoch_of_images_is_far_from_what_one_may_be() -> None:
    assert 30 * EPOCH < MAX_EPOCH < 50 * EPOCH
    assert EPOCH < AT_ONCE / 5


def test_small_batches_cost_more() -> None:
    assert TWO_LAYERS.epoch(60_000, 60_000, 1) > 1.5 * EPOCH


def take(budget: Budget, epoch: int, ahead: int = 0, *, work: int = EPOCH, metrics: str = "m") -> int:
    return budget.take_epochs(replace(POINT, epoch=epoch), metrics, TWO_LAYERS, work, ahead)


def test_an_epoch_is_paid_for_once() -> None:
    budget = Budget()
    assert take(budget, 1, 5) == 5
    used = budget.used
    for epoch in range(1, 6):
        take(budget, epoch)
    assert budget.used == used == 5 * EPOCH + TWO_LAYERS.build
    take(budget, 6)
    assert budget.used == used + EPOCH
    take(budget, 1, metrics="others")
    assert budget.used > used + EPOCH, "other metrics are another training"


def test_as_much_is_trained_ahead_as_takes_a_while() -> None:
    budget = Budget()
    to = take(budget, 1, 1_000)
    assert (to + 1) * EPOCH > AT_ONCE >= to * EPOCH
    assert take(budget, 2, 1_000) == to
    assert take(budget, to + 1, 1_000) == 2 * to
    assert take(budget, 1, 30, work=MAX_EPOCH, metrics="one epoch takes that long") == 1


def test_beyond_the_budget_nothing_is_done() -> None:
    budget = Budget(3.5 * EPOCH + TWO_LAYERS.build)
    assert take(budget, 1, 30) == 3
    assert not budget.over
    for epoch in (4, 2):
        with pytest.raises(NotTrainable, match="a submission may ask for"):
            take(budget, epoch, 30)
        assert budget.over


def test_one_epoch_is_bounded() -> None:
    with pytest.raises(NotTrainable, match="an epoch must be at most"):
        take(Budget(), 1, work=MAX_EPOCH + 1)


def test_a_look_is_paid_for_once() -> None:
    budget = Budget(10)
    for _ in range(3):
        budget.take_look("a", 6)
    with pytest.raises(NotTrainable):
        budget.take_look("b", 6)


def test_the_budget_goes_with_the_time_that_a_submission_has() -> None:
    assert budget_for(Limits(seconds_per_submission=3600)).most == 3600 * work.WORK_A_SECOND


def test_a_short_time_is_enough_for_what_was_asked() -> None:
    """A right notebook asks for 5.4 million million, in little time where its trainings are known."""
    assert budget_for(Limits(seconds_per_submission=20)).most == work.LEAST_WORK > 2 * 5.4e12


def test_an_empty_network_is_little() -> None:
    assert effort_of([], (28, 28)) == Effort(0, 0, 0, 784, 0)
