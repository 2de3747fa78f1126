"""Keras's objects from plain parts. The parts were looked up in `allowed` before they come here."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

from grader.training.noise import noisy_layers
from grader.training.orders import Part

MAX_WEIGHTS = 50_000_000
MAX_OUTPUTS = 500_000
MAX_PRODUCTS = 200_000_000
"""Bounds of what one order may take, as is `allowed.MAX_UNITS`: about 200 MB, and 3 minutes an epoch of 60,000 rows."""


def build(layers: tuple[Part, ...], input_shape: tuple[int, ...]) -> Any:
    """A network of Keras's own layers.

    Raises:
        ValueError: it is larger than one order may be, or Keras refuses it.
    """
    import keras

    widest(layers, input_shape)
    model = keras.Sequential([keras.layers.Input(input_shape)])
    for part in layers:
        model.add(build_layer(part))
    return model


def build_layer(part: Part) -> Any:
    """A layer of Keras's own, or what draws its noise faster."""
    import keras

    return (noisy_layers().get(part.name) or getattr(keras.layers, part.name))(**part.config)


def widest(layers: tuple[Part, ...], input_shape: tuple[int, ...]) -> int:
    """The most numbers that a layer gives for one row, worked out without taking memory. Raises as `build` does."""
    shape, weights, most, work = (None, *input_shape), 0, 1, 0
    with _without_values():
        for part in layers:
            layer = build_layer(part)
            layer.build(shape)
            own = sum(math.prod(variable.shape) for variable in layer.weights)
            shape = layer.compute_output_shape(shape)
            weights, most, work = weights + own, max(most, math.prod(shape[1:])), work + own * math.prod(shape[1:-1])
            if weights > MAX_WEIGHTS or most > MAX_OUTPUTS or work > MAX_PRODUCTS:
                raise ValueError(
                    f"a network must have at most {MAX_WEIGHTS} weights, {MAX_OUTPUTS} outputs of a layer for a row, "
                    f"and {MAX_PRODUCTS} products for a row. Received: {weights}, {most} and {work}"
                )
    return most


@contextlib.contextmanager
def _without_values() -> Iterator[None]:
    """Layers that are built in here have shapes only.

    Keras remembers their variables, and would give them values at the end of the next scope of this kind: gigabytes,
    for a network that was refused.
    """
    import keras
    from keras.src.backend.common import global_state

    waiting = list(global_state.get_global_attribute("uninitialized_variables", []))
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute("uninitialized_variables", waiting)


def build_optimizer(part: Part) -> Any:
    """An optimizer of Keras's own."""
    import keras

    return getattr(keras.optimizers, part.name)(**part.config)


def build_loss(part: Part) -> Any:
    """A loss of Keras's own."""
    import keras

    return getattr(keras.losses, part.name)(**part.config)


def build_metrics(parts: tuple[Part, ...]) -> list[Any]:
    """Metrics by the word that names them, or as objects."""
    import keras

    return [getattr(keras.metrics, part.name)(**part.config) if part.config else part.name for part in parts]
