"""Keras's own layers, run on the trusted side from an allow-list: no code, path or function of the student's is
loaded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from grader.records import Array, Layer
from grader.training.sizes import LAYER, size_of

KERAS_LAYERS: dict[str, frozenset[str]] = {
    "Conv1D": frozenset({"filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "use_bias"}),
    "Conv2D": frozenset({"filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "use_bias"}),
    "DepthwiseConv2D": frozenset({"kernel_size", "strides", "padding", "depth_multiplier", "use_bias"}),
    "MaxPooling1D": frozenset({"pool_size", "strides", "padding"}),
    "MaxPooling2D": frozenset({"pool_size", "strides", "padding"}),
    "AveragePooling2D": frozenset({"pool_size", "strides", "padding"}),
    "GlobalAveragePooling1D": frozenset(),
    "GlobalMaxPooling2D": frozenset({"keepdims"}),
    "GlobalAveragePooling2D": frozenset({"keepdims"}),
    "BatchNormalization": frozenset({"axis", "momentum", "epsilon", "center", "scale"}),
    "LayerNormalization": frozenset({"axis", "epsilon", "center", "scale"}),
    "ZeroPadding2D": frozenset({"padding"}),
    "Cropping2D": frozenset({"cropping"}),
    "UpSampling2D": frozenset({"size"}),
    "Permute": frozenset({"dims"}),
    "Normalization": frozenset({"axis"}),
    "PReLU": frozenset({"shared_axes"}),
    "LeakyReLU": frozenset({"negative_slope"}),
    "ELU": frozenset({"alpha"}),
}
"""Class name to the configuration keys that are taken over; everything else is left at Keras's default."""

MAX_NUMBER = 4096
"""The largest number that a configuration may hold."""
MAX_NUMBERS = 200_000_000
"""Outputs, or padded inputs, of one call; `networks.predict` asks for a quarter."""


def run_keras_layer(layer: Layer, values: Array) -> Array:
    """A layer's outputs at inference.

    Raises:
        ValueError: the class is not on the list, a value is out of bounds, or weights and shapes do not fit.
    """
    import keras  # costs seconds, and most networks do not need it

    allowed = KERAS_LAYERS.get(layer.class_name)
    if allowed is None:
        raise ValueError(f"a layer must be on the list of those computed here. Received: {layer.class_name}")
    config = {key: _bounded(value) for key, value in layer.config.items() if key in allowed}
    if layer.class_name.startswith(("Conv", "Depthwise")) and layer.activation not in (None, "unknown"):
        config["activation"] = layer.activation
    make = getattr(keras.layers, layer.class_name)
    size = size_of([make(**config)], values.shape[1:], LAYER)
    if size.widest * len(values) > MAX_NUMBERS or size.weights != sum(array.size for array in layer.weights):
        raise ValueError(f"a layer must give at most {MAX_NUMBERS} numbers, with its own weights. Received: another")
    built = make(**config)
    built.build(values.shape)
    built.set_weights(list(layer.weights))
    return np.asarray(built(values.astype(np.float32), training=False))


def _bounded(value: Any) -> Any:
    numbers = value if isinstance(value, (list, tuple)) else [value]
    for number in numbers:
        if isinstance(number, (int, float)) and not -MAX_NUMBER <= number <= MAX_NUMBER:
            raise ValueError(f"a layer's setting must be within {MAX_NUMBER}. Received: {number}")
    return value
