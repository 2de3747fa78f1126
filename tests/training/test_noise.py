"""Dropout and noise of the trainer do what Keras's do."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from grader.training.noise import noisy_layers

ONES = np.ones((400, 500), np.float32)


def drawn(name: str, **settings: Any) -> list[np.ndarray[Any, Any]]:
    """What a layer makes of ones in two steps of training."""
    layer = noisy_layers()[name](seed=1, **settings)
    return [np.asarray(layer(ONES, training=True)) for _ in range(2)]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_leaves_its_share_and_scales_it(rate: float) -> None:
    first, second = drawn("Dropout", rate=rate)
    assert np.unique(first) == pytest.approx([0, 1 / (1 - rate)])
    assert (first > 0).mean() == pytest.approx(1 - rate, abs=0.01)
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] == pytest.approx(0, abs=0.01)
    neighbours = np.corrcoef(first[:, 1:].ravel(), first[:, :-1].ravel())[0, 1]
    assert neighbours == pytest.approx(0, abs=0.01)


def test_dropout_of_whole_columns_is_keras_own() -> None:
    (first, _) = drawn("Dropout", rate=0.5, noise_shape=(1, 500))
    assert (first == first[0]).all()


@pytest.mark.parametrize("spread", [0.1, 1.0])
def test_noise_is_added(spread: float) -> None:
    first, second = (value - 1 for value in drawn("GaussianNoise", stddev=spread))
    assert first.mean() == pytest.approx(0, abs=0.02 * spread)
    assert first.std() == pytest.approx(spread, rel=0.01)
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(("name", "settings"), [("Dropout", {"rate": 0.0}), ("GaussianNoise", {"stddev": 0.0})])
def test_none_is_none(name: str, settings: dict[str, float]) -> None:
    assert (drawn(name, **settings)[0] == 1).all()


@pytest.mark.parametrize(("name", "settings"), [("Dropout", {"rate": 0.5}), ("GaussianNoise", {"stddev": 0.5})])
def test_nothing_is_drawn_but_in_training(name: str, settings: dict[str, float]) -> None:
    layer = noisy_layers()[name](**settings)
    assert (np.asarray(layer(ONES)) == 1).all()
    assert {**layer.get_config(), "name": ""} == {**getattr(keras.layers, name)(**settings).get_config(), "name": ""}
