"""What students write in many ways is one training; what only looks like it is another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainings import ACCURACY, images, small_order

from grader.execution.intake import Intake
from grader.records import Array
from grader.training import allowed
from grader.training.allowance import StoreAllowance
from grader.training.building import build, build_loss
from grader.training.canonical import canonical_layers, label_form, under_their_names
from grader.training.orders import Order, Part
from grader.training.trajectories import Trajectories, array_digest

X, LABELS = images()
ONE_HOT = np.eye(10, dtype=np.float32)[LABELS]
CROSSENTROPY = Part("CategoricalCrossentropy")


def dense(units: int, activation: str = "linear") -> Part:
    return allowed.layer("Dense", {"units": units, "activation": activation})


FLATTEN, SIGMOID, SOFTMAX = Part("Flatten"), Part("Activation", {"activation": "sigmoid"}), Part("Softmax")
LAYERS = (FLATTEN, dense(16, "sigmoid"), dense(10, "softmax"))

SAME: dict[str, dict[str, Any]] = {
    "as it is asked for": {},
    "activations of their own": {
        "layers": (FLATTEN, dense(16), SIGMOID, dense(10), Part("Activation", {"activation": "softmax"}))
    },
    "a layer of softmax": {"layers": (FLATTEN, dense(16, "sigmoid"), dense(10), SOFTMAX)},
    "Reshape for Flatten": {"layers": (Part("Reshape", {"target_shape": [784]}), *LAYERS[1:])},
    "Reshape to what is left": {"layers": (Part("Reshape", {"target_shape": [-1]}), *LAYERS[1:])},
    "images with a channel": {"x": X[..., None], "input_shape": (28, 28, 1)},
    "images flattened before": {"x": X.reshape(len(X), -1), "input_shape": (784,), "layers": LAYERS[1:]},
    "flattened twice": {"x": X.reshape(len(X), -1), "input_shape": (784,)},
    "an activation that changes nothing": {
        "layers": (*LAYERS[:2], Part("Activation", {"activation": "linear"}), LAYERS[2])
    },
    "one-hot labels": {"y": ONE_HOT, "loss": CROSSENTROPY},
    "one-hot labels of whole numbers": {"y": ONE_HOT.astype(np.int64), "loss": CROSSENTROPY},
    "labels of 64 bits": {"y": LABELS.astype(np.int64)},
    "labels as real numbers": {"y": LABELS.astype(np.float32)},
    "labels in a column": {"y": LABELS[:, None]},
}

OTHERS: dict[str, dict[str, Any]] = {
    "other units": {"layers": (FLATTEN, dense(17, "sigmoid"), dense(10, "softmax"))},
    "another activation": {"layers": (FLATTEN, dense(16, "relu"), dense(10, "softmax"))},
    "two activations": {"layers": (FLATTEN, dense(16, "sigmoid"), SIGMOID, dense(10, "softmax"))},
    "a dropout between": {"layers": (*LAYERS[:2], Part("Dropout", {"rate": 0.5}), LAYERS[2])},
    "a leak": {"layers": (FLATTEN, dense(16), Part("LeakyReLU", {"negative_slope": 0.3}), dense(10, "softmax"))},
    "images turned": {"x": X.transpose(0, 2, 1)},
    "channels first": {"layers": (Part("Flatten", {"data_format": "channels_first"}), *LAYERS[1:])},
    "labels under one-hot's loss": {"loss": CROSSENTROPY},
    "one-hot labels under the sparse loss": {"y": ONE_HOT},
    "labels smoothed by hand": {"y": ONE_HOT * 0.9 + 0.01, "loss": CROSSENTROPY},
    "labels smoothed by the loss": {"y": ONE_HOT, "loss": Part("CategoricalCrossentropy", {"label_smoothing": 0.1})},
    "eleven classes": {"y": np.eye(11, dtype=np.float32)[LABELS], "loss": CROSSENTROPY},
    "a label too many": {"y": np.where(np.arange(len(LABELS)) == 5, 10, LABELS)},
    "labels between classes": {"y": LABELS + np.float32(0.5)},
    "another metric": {"y": ONE_HOT, "loss": CROSSENTROPY, "metrics": (Part("mse"),)},
    "sigmoid for softmax": {
        "layers": (FLATTEN, dense(16, "sigmoid"), dense(10, "sigmoid")),
        "y": ONE_HOT,
        "loss": CROSSENTROPY,
    },
}


@pytest.fixture
def store(tmp_path: Path) -> Trajectories:
    return Trajectories(str(tmp_path / "store"))


def intake_of(folder: Path, store: Trajectories) -> Intake:
    return Intake(folder, store, StoreAllowance(store.max_bytes))


def shared(tmp_path: Path, store: Trajectories, changes: dict[str, Any]) -> Order:
    """A training as all write it who mean it."""
    metrics = changes.get("metrics", ACCURACY)
    written = {"layers": LAYERS, **{name: value for name, value in changes.items() if name != "metrics"}}
    order, _, need = intake_of(tmp_path, store).shared(small_order(store, **written), metrics)
    assert need == []
    return order


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
def test_one_training_in_many_ways(tmp_path: Path, store: Trajectories, changes: dict[str, Any]) -> None:
    assert shared(tmp_path, store, changes).key == shared(tmp_path, store, {}).key


@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS)
def test_trainings_that_differ(tmp_path: Path, store: Trajectories, changes: dict[str, Any]) -> None:
    assert shared(tmp_path, store, changes).key != shared(tmp_path, store, {}).key


@pytest.mark.parametrize("changes", [*SAME.values(), *OTHERS.values()], ids=[*SAME, *OTHERS])
def test_the_one_form_computes_what_was_written(tmp_path: Path, store: Trajectories, changes: dict[str, Any]) -> None:
    """Outputs and gradients of both, with the same weights, or Keras's refusal of both."""
    written = small_order(store, **{"layers": LAYERS, **{k: v for k, v in changes.items() if k != "metrics"}})
    form = shared(tmp_path, store, changes)
    left, right = computed(store, written, None), computed(store, form, weights_of(written))
    assert [value.shape for value in left] == [value.shape for value in right]
    for ours, theirs in zip(left, right, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def weights_of(order: Order) -> list[Array]:
    return fresh(order).get_weights()  # type: ignore[no-any-return]


def fresh(order: Order) -> Any:
    import keras

    keras.utils.set_random_seed(7)
    return build(order.layers, order.input_shape)


def computed(store: Trajectories, order: Order, weights: list[Array] | None) -> list[Array]:
    """Outputs, loss and gradients of a network on the first images; nothing where Keras refuses them."""
    import tensorflow as tf

    model = fresh(order)
    if weights is not None:
        model.set_weights(weights)
    x, y = (store.data(digest) for digest in (order.x, order.y))
    assert x is not None
    assert y is not None
    try:
        with tf.GradientTape() as tape:
            output = model(x[:64], training=False)
            loss = build_loss(order.loss)(y[:64], output)
        gradients = tape.gradient(loss, model.trainable_variables)
    except (ValueError, tf.errors.InvalidArgumentError):
        return []
    return [np.asarray(value) for value in (output, loss, *gradients)]


def test_data_are_kept_in_the_shared_form_only(tmp_path: Path, store: Trajectories) -> None:
    order = small_order(store, layers=LAYERS)
    bare = Trajectories(str(tmp_path / "bare"))
    intake = intake_of(tmp_path, bare)
    assert intake.shared(order, ACCURACY)[2] == [order.x, order.y]
    for array in (X, LABELS):
        np.save(tmp_path / f"{array_digest(array)}.npy", array)
    form, _, need = intake.shared(order, ACCURACY)
    assert need == []
    assert [bare.has_data(digest) for digest in (order.x, order.y, form.x, form.y)] == [False, False, True, True]
    assert not list(tmp_path.glob("*.npy"))
    assert intake.shared(order, ACCURACY) == (form, ACCURACY, [])


def test_data_kept_in_one_form_are_asked_for_where_another_needs_them(tmp_path: Path, store: Trajectories) -> None:
    order = small_order(store, layers=LAYERS)
    bare = Trajectories(str(tmp_path / "bare"))
    intake = intake_of(tmp_path, bare)
    for array in (X, LABELS):
        np.save(tmp_path / f"{array_digest(array)}.npy", array)
    intake.shared(order, ACCURACY)
    convolution = allowed.layer("Conv1D", {"filters": 2, "kernel_size": [3], "activation": "linear"})
    turned = replace(order, layers=(convolution, *LAYERS))
    assert intake.shared(turned, ACCURACY) == (turned, ACCURACY, [order.x])


def test_what_ends_otherwise_keeps_its_labels() -> None:
    """Without Flatten a network gives a vector for each of an image's rows: what Keras makes of that is its own."""
    layers, shape, form = canonical_layers(LAYERS[1:], (28, 28))
    assert (layers, shape, form.kind) == (LAYERS[1:], (28, 28), "whole")
    assert label_form(layers, shape, Part("SparseCategoricalCrossentropy"), ACCURACY).kind == "whole"


MEASURED_ALIKE: dict[str, tuple[Part, ...]] = {
    "a short word": (Part("acc"),),
    "a long word": (Part("sparse_categorical_accuracy"),),
    "an object": (Part("SparseCategoricalAccuracy", {"name": "aciertos"}),),
    "two words": (Part("acc"), Part("accuracy")),
    "no metric": (),
}


@pytest.mark.parametrize("metrics", MEASURED_ALIKE.values(), ids=MEASURED_ALIKE)
def test_accuracy_is_measured_once_under_all_its_names(
    tmp_path: Path, store: Trajectories, metrics: tuple[Part, ...]
) -> None:
    order = small_order(store, layers=LAYERS)
    assert intake_of(tmp_path, store).shared(order, metrics)[1] == ACCURACY


MEASURED_OTHERWISE: dict[str, tuple[Part, ...]] = {
    "another metric": (Part("mse"),),
    "another metric beside it": (Part("accuracy"), Part("mse")),
    "accuracy of one-hot labels": (Part("categorical_accuracy"),),
    "a metric under the name of the loss": (Part("SparseCategoricalAccuracy", {"name": "loss"}),),
}


@pytest.mark.parametrize("metrics", MEASURED_OTHERWISE.values(), ids=MEASURED_OTHERWISE)
def test_metrics_that_are_not_accuracy_stay(tmp_path: Path, store: Trajectories, metrics: tuple[Part, ...]) -> None:
    order = small_order(store, layers=LAYERS)
    assert intake_of(tmp_path, store).shared(order, metrics)[1] == metrics


def test_one_hot_labels_have_an_accuracy_of_their_own(tmp_path: Path, store: Trajectories) -> None:
    order = small_order(store, layers=LAYERS, y=ONE_HOT, loss=CROSSENTROPY)
    asked = (Part("CategoricalAccuracy", {"name": "categorical_accuracy"}),)
    form, measured, _ = intake_of(tmp_path, store).shared(order, asked)
    assert (form.loss.name, measured) == ("SparseCategoricalCrossentropy", ACCURACY)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        pytest.param((Part("acc"),), ["acc", "loss"], id="a word"),
        pytest.param((Part("SparseCategoricalAccuracy", {"name": "sca"}),), ["loss", "sca"], id="an object"),
        pytest.param((Part("accuracy"), Part("acc")), ["acc", "accuracy", "loss"], id="two"),
        pytest.param((), ["loss"], id="none"),
        pytest.param(ACCURACY, ["accuracy", "loss"], id="its own"),
    ],
)
def test_logs_are_told_under_the_names_asked_for(asked: tuple[Part, ...], names: list[str]) -> None:
    told = under_their_names({"accuracy": 0.5, "loss": 2.0}, asked, ACCURACY)
    assert list(told) == names
    assert told == {name: 2.0 if name == "loss" else 0.5 for name in names}
