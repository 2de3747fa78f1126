"""What the trainer takes: Keras's own parts with plain settings, each by name from a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil
import pytest

from grader.errors import NotTrainable
from grader.training import allowed
from grader.training.building import build, build_loss, build_metrics, build_optimizer
from grader.training.orders import Part

keras = pytest.importorskip("keras")

POLICY = {"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}
OWN = {"class_name": "Mine", "config": {}}

SETTINGS: dict[str, dict[str, Any]] = {
    "Dense": {"units": 4, "activation": "gelu", "kernel_regularizer": "l2"},
    "Conv1D": {"filters": 2, "kernel_size": 3, "padding": "same"},
    "Conv2D": {"filters": 2, "kernel_size": (3, 3), "activation": "relu", "strides": 2},
    "Reshape": {"target_shape": (14, 56)},
    "Permute": {"dims": (2, 1)},
    "Activation": {"activation": "tanh"},
    "Dropout": {"rate": 0.5, "seed": 3},
    "GaussianNoise": {"stddev": 0.1},
    "Rescaling": {"scale": 1 / 255},
    "MaxPooling2D": {"pool_size": 3},
    "AveragePooling2D": {"pool_size": 2},
    "ZeroPadding2D": {"padding": 1},
}
"""Settings of layers that have to be given some."""


@pytest.mark.parametrize("name", sorted(allowed.LAYERS))
def test_a_layer_comes_out_as_it_went_in(name: str) -> None:
    """Whatever Keras says of a layer is kept, left out as meaningless, or refused: never lost."""
    theirs = getattr(keras.layers, name)(**SETTINGS.get(name, {}))
    part = allowed.layer(name, theirs.get_config())
    ours = getattr(keras.layers, name)(**part.config).get_config()
    meaningless = {"name", "seed"}
    expected = {key: value for key, value in theirs.get_config().items() if key not in meaningless}
    assert {key: value for key, value in ours.items() if key not in meaningless} == expected


@pytest.mark.parametrize("name", sorted(allowed.OPTIMIZERS))
def test_an_optimizer_comes_out_as_it_went_in(name: str) -> None:
    theirs = getattr(keras.optimizers, name)(learning_rate=0.125, clipnorm=2.0)
    part = allowed.optimizer(name, theirs.get_config())
    assert allowed.OPTIMIZERS[name] <= set(theirs.get_config())
    assert {**build_optimizer(part).get_config(), "name": theirs.name} == theirs.get_config()


@pytest.mark.parametrize("name", sorted(allowed.LOSSES))
def test_a_loss_comes_out_as_it_went_in(name: str) -> None:
    theirs = getattr(keras.losses, name)()
    assert build_loss(allowed.loss(name, theirs.get_config())).get_config() == theirs.get_config()


@pytest.mark.parametrize("name", sorted(allowed.METRICS))
def test_a_metric_comes_out_as_it_went_in(name: str) -> None:
    theirs = getattr(keras.metrics, name)(name="mine")
    (ours,) = build_metrics((allowed.metric(name, theirs.get_config()),))
    assert ours.get_config() == theirs.get_config()


@pytest.mark.parametrize("word", sorted(allowed.METRIC_NAMES))
def test_a_metric_by_its_word_is_logged_under_it(word: str) -> None:
    assert allowed.metric(word, {}) == Part(word)
    assert build_metrics((Part(word),)) == [word]


def test_a_word_and_an_object_are_the_same_loss() -> None:
    word = allowed.loss("SparseCategoricalCrossentropy", {})
    assert word == allowed.loss(
        "SparseCategoricalCrossentropy", keras.losses.SparseCategoricalCrossentropy().get_config()
    )
    assert word != allowed.loss(
        "SparseCategoricalCrossentropy", keras.losses.SparseCategoricalCrossentropy(from_logits=True).get_config()
    )


def test_names_and_seeds_of_noise_make_no_other_training() -> None:
    one = allowed.layer("Dropout", keras.layers.Dropout(0.5, name="a", seed=1).get_config())
    assert one == allowed.layer("Dropout", keras.layers.Dropout(0.5, name="b").get_config())
    assert one != allowed.layer("Dropout", keras.layers.Dropout(0.4).get_config())


def test_seeds_of_initializers_make_another_training() -> None:
    configs = [
        keras.layers.Dense(4, kernel_initializer=keras.initializers.GlorotUniform(seed=seed)).get_config()
        for seed in (None, 1, 2)
    ]
    assert len({str(allowed.layer("Dense", config)) for config in configs}) == 3


REFUSED: dict[str, Callable[[], Part]] = {
    "a layer of the student's own": lambda: allowed.layer("Mine", {}),
    "a Lambda layer": lambda: allowed.layer("Lambda", {"function": "x"}),
    "a module's name": lambda: allowed.layer("models", {}),
    "a frozen layer": lambda: allowed.layer("Dense", {"units": 4, "trainable": False}),
    "half precision": lambda: allowed.layer("Dense", {"units": 4, "dtype": "float16"}),
    "mixed precision": lambda: allowed.layer("Dense", {"units": 4, "dtype": POLICY}),
    "a precision of no meaning": lambda: allowed.layer("Dense", {"units": 4, "dtype": ["float32"]}),
    "an activation of one's own": lambda: allowed.layer("Dense", {"units": 4, "activation": "mine"}),
    "an activation as an object": lambda: allowed.layer("Dense", {"units": 4, "activation": {"class_name": "relu"}}),
    "an initializer of one's own": lambda: allowed.layer("Dense", {"units": 4, "kernel_initializer": OWN}),
    "an initializer by a word": lambda: allowed.layer("Dense", {"units": 4, "kernel_initializer": "zeros"}),
    "an initializer registered under Keras's name": lambda: allowed.layer(
        "Dense",
        {"units": 4, "kernel_initializer": {"class_name": "Zeros", "config": {}, "registered_name": "mine>Zeros"}},
    ),
    "an initializer with a seed that is an object": lambda: allowed.layer(
        "Dense", {"units": 4, "kernel_initializer": {"class_name": "HeNormal", "config": {"seed": OWN}}}
    ),
    "a regularizer of one's own": lambda: allowed.layer("Dense", {"units": 4, "bias_regularizer": OWN}),
    "a constraint": lambda: allowed.layer("Dense", {"units": 4, "kernel_constraint": OWN}),
    "an activity regularizer": lambda: allowed.layer("Dense", {"units": 4, "activity_regularizer": OWN}),
    "no units": lambda: allowed.layer("Dense", {"units": 0}),
    "units beyond measure": lambda: allowed.layer("Dense", {"units": 10**9}),
    "units as a word": lambda: allowed.layer("Dense", {"units": "4"}),
    "units as a bool": lambda: allowed.layer("Dense", {"units": True}),
    "units in a layer without": lambda: allowed.layer("Flatten", {"units": 4}),
    "a rate that is no number": lambda: allowed.layer("Dropout", {"rate": float("nan")}),
    "a rate that is endless": lambda: allowed.layer("Dropout", {"rate": float("inf")}),
    "a shape of many numbers": lambda: allowed.layer("Reshape", {"target_shape": [1] * 50}),
    "a shape beyond measure": lambda: allowed.layer("Reshape", {"target_shape": [10**12]}),
    "a word beyond measure": lambda: allowed.layer("MaxPooling2D", {"padding": "x" * 1000}),
    "an optimizer of one's own": lambda: allowed.optimizer("Mine", {}),
    "a schedule": lambda: allowed.optimizer("Adam", {"learning_rate": OWN}),
    "an average of weights": lambda: allowed.optimizer("Adam", {"use_ema": True}),
    "gradients gathered over steps": lambda: allowed.optimizer("Adam", {"gradient_accumulation_steps": 4}),
    "a loss scaled": lambda: allowed.optimizer("Adam", {"loss_scale_factor": 2.0}),
    "a loss of one's own": lambda: allowed.loss("Mine", {}),
    "a loss with another function": lambda: allowed.loss("MeanSquaredError", {"fn": OWN}),
    "a metric of one's own": lambda: allowed.metric("Mine", {}),
    "a metric without a name": lambda: allowed.metric("AUC", {}),
    "a metric with a long name": lambda: allowed.metric("AUC", {"name": "x" * 1000}),
}


@pytest.mark.parametrize("ask", REFUSED.values(), ids=REFUSED)
def test_what_is_on_no_list_is_refused(ask: Callable[[], Part]) -> None:
    with pytest.raises(NotTrainable, match="Received"):
        ask()


HUGE = {
    "units upon units": ((784,), [Part("Dense", {"units": 20_000}), Part("Dense", {"units": 20_000})]),
    "filters upon pixels": ((28, 28, 1), [Part("Conv2D", {"filters": 20_000, "kernel_size": 3})]),
    "a kernel beyond measure": (
        (28, 28, 1),
        [Part("Conv2D", {"filters": 20_000, "kernel_size": 28}), Part("Flatten"), Part("Dense", {"units": 20_000})],
    ),
    "padding beyond measure": ((28, 28, 1), [Part("ZeroPadding2D", {"padding": 10_000})]),
    "work beyond measure": (
        (28, 28, 1),
        [Part("Conv2D", {"filters": 512, "kernel_size": 3, "padding": "same"}) for _ in range(2)],
    ),
    "outputs of a small network": ((28, 28), [Part("Dense", {"units": 20_000})]),
}


@pytest.mark.parametrize(("shape", "layers"), HUGE.values(), ids=HUGE)
def test_a_network_beyond_measure_is_refused_before_it_takes_memory(shape: tuple[int, ...], layers: list[Part]) -> None:
    before = psutil.Process().memory_info().rss
    with pytest.raises(ValueError, match="at most"):
        build(tuple(layers), shape)
    with keras.StatelessScope():
        pass  # where Keras gives values to all variables that still wait for theirs
    assert psutil.Process().memory_info().rss < before + 50e6


def test_networks_of_common_size_are_built() -> None:
    build(
        (Part("Flatten"), *(Part("Dense", {"units": 2048}) for _ in range(3)), Part("Dense", {"units": 10})), (28, 28)
    )
    build(
        (
            Part("Reshape", {"target_shape": [28, 28, 1]}),
            Part("Conv2D", {"filters": 64, "kernel_size": 3, "padding": "same"}),
            Part("Conv2D", {"filters": 128, "kernel_size": 3}),
            Part("GlobalAveragePooling2D"),
        ),
        (28, 28),
    )
