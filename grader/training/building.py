"""Keras's objects from plain parts. The parts were looked up in `allowed` before they come here."""

from __future__ import annotations

from typing import Any

from grader.training.noise import noisy_layers
from grader.training.orders import Part
from grader.training.sizes import Size, size_of


def build(layers: tuple[Part, ...], input_shape: tuple[int, ...]) -> Any:
    """A network of Keras's own layers.

    Raises:
        ValueError: it is larger than one order may be, or Keras refuses it.
    """
    import keras

    size(layers, input_shape)
    model = keras.Sequential([keras.layers.Input(input_shape)])
    for part in layers:
        model.add(build_layer(part))
    return model


def build_layer(part: Part) -> Any:
    """A layer of Keras's own, or what draws its noise faster."""
    import keras

    return (noisy_layers().get(part.name) or getattr(keras.layers, part.name))(**part.config)


def size(layers: tuple[Part, ...], input_shape: tuple[int, ...]) -> Size:
    """What a network takes for one row, worked out without taking memory. Raises as `build` does."""
    return size_of((build_layer(part) for part in layers), input_shape)


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
