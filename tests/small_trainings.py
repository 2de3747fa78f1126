"""A small training on real images, as an order: what tests of store, trainer and service share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from grader.records import Array
from grader.training import allowed
from grader.training.data import DEFAULT_FOLDER, load_data
from grader.training.orders import Order, Part
from grader.training.trajectories import Trajectories

IMAGES = 640
ACCURACY = (Part("accuracy"),)
DENSE_16 = (Part("Flatten"), Part("Dense", {"units": 16, "activation": "sigmoid"}))


@lru_cache(maxsize=1)
def images() -> tuple[Array, Array]:
    """Inputs of shape (640, 28, 28), float32 from 0 to 1, and labels of shape (640,), uint8."""
    real = load_data(DEFAULT_FOLDER)
    return (real.train_images[:IMAGES] / 255.0).astype(np.float32), real.train_labels[:IMAGES].copy()


def small_order(store: Trajectories, **changes: Any) -> Order:
    """A network of 16 hidden units on the images, with changes; `x`, `y` and `sample_weight` may be arrays."""
    x, y = images()
    order = Order(
        layers=(*DENSE_16, Part("Dense", {"units": 10, "activation": "softmax"})),
        input_shape=(28, 28),
        optimizer=allowed.optimizer("Adam", {"learning_rate": 0.001}),
        loss=Part("SparseCategoricalCrossentropy"),
        x="",
        y="",
        batch_size=64,
    )
    given: Mapping[str, Any] = {"x": x, "y": y, **changes}
    return replace(
        order,
        **{name: store.put_data(value) if isinstance(value, np.ndarray) else value for name, value in given.items()},
    )
