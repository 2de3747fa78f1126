"""How much a network takes, worked out from its description: nothing is built, and no memory taken.

What is beyond a bound trains in the student's kernel, under the limits of that kernel. The bounds are ten times and
more what networks for small images take in batches: two convolutions of 32 and 64 filters on 28x28 pixels give 60,000
numbers a row, which is 15 million in a batch of 256.

With all 60,000 rows in one batch, two dense layers of 1024 units are still within them (171 million, for which the
trainer takes 3.7 GB), three are not. Ten times as much would be 30 GB, which no kernel may use either: what is between
trains in the kernel, whose own limit decides (three take 2.5 GB of 6), with the same marks.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_BATCH_NUMBERS = 200_000_000
"""Outputs of all layers for one batch. Training holds each, and its gradient, in 4 bytes: 2 GB."""
MAX_REACH = 32
"""Pixels that a window, or the step between two, may always reach over; beyond that it must be within the input."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that a network may take."""

    weights: int
    widest: int
    products: int


ORDER = Bounds(weights=50_000_000, widest=500_000, products=200_000_000)
"""Of one order, as is `allowed.MAX_UNITS`: about 200 MB, and 3 minutes an epoch of 60,000 rows."""
LAYER = Bounds(weights=50_000_000, widest=5_000_000, products=2_000_000_000)
"""Of a layer that is computed here once, with the weights of a kernel."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a network takes for one row."""

    weights: int
    widest: int
    """The most numbers of one layer's outputs, or of its padded inputs."""
    outputs: int
    """Numbers of all layers' outputs and padded inputs."""
    products: int
    shape: tuple[int, ...]
    """Of the last layer's output, without the batch axis."""


def size_of(layers: Iterable[Any], input_shape: Sequence[int], bounds: Bounds = ORDER) -> Size:
    """The size of layers of Keras's own, none of which was built before; they are of no use afterwards.

    Raises:
        ValueError: it is larger than the bounds, or Keras refuses the layers.
    """
    shape: Sequence[Any] = (None, *input_shape)
    weights, widest, outputs, products = 0, 1, 0, 0
    with without_values():
        for layer in layers:
            padded = _padded(layer, shape)
            layer.build(shape)
            own = sum(math.prod(variable.shape) for variable in layer.weights)
            shape = layer.compute_output_shape(shape)
            given = max(padded, math.prod(shape[1:]))
            weights, widest, outputs = weights + own, max(widest, given), outputs + given
            products += own * math.prod(shape[1:-1])
            if weights > bounds.weights or widest > bounds.widest or products > bounds.products:
                raise ValueError(
                    f"a network must have at most {bounds.weights} weights, {bounds.widest} outputs of a layer for a "
                    f"row, and {bounds.products} products for a row. Received: {weights}, {widest} and {products}"
                )
    return Size(weights, widest, outputs, products, tuple(int(side) for side in shape[1:]))


def compared(outputs: Sequence[int], labels: Sequence[int]) -> int:
    """Numbers that a loss may hold for one row: it takes each label with each output that it fits.

    Args:
        outputs, labels: shapes without the batch axis; those that do not fit are for Keras to refuse.
    """
    try:
        return math.prod(np.broadcast_shapes(tuple(outputs), tuple(labels)))
    except ValueError:
        return 0


def check_batch(size: Size, rows: int, labels: Sequence[int]) -> int:
    """Numbers that a batch takes.

    Args:
        rows: of a batch.
        labels: their shape without the batch axis.

    Raises:
        ValueError: it takes more memory than an order may.
    """
    numbers = (size.outputs + compared(size.shape, labels)) * rows
    if numbers > MAX_BATCH_NUMBERS:
        raise ValueError(f"a batch must take at most {MAX_BATCH_NUMBERS} outputs of all layers. Received: {numbers}")
    return numbers


def _padded(layer: Any, shape: Sequence[int | None]) -> int:
    """Numbers of a layer's inputs for one row once they are padded for its windows; 0 for a layer without windows.

    Raises ValueError where a window, or the step between two, reaches further than the input.
    """
    windows = getattr(layer, "pool_size", None) or getattr(layer, "kernel_size", None)
    if windows is None:
        return 0
    first = 2 if layer.data_format == "channels_first" else 1
    sides = [int(side or 0) for side in shape[first : first + len(windows)]]
    dilations = getattr(layer, "dilation_rate", None) or (1,) * len(windows)
    reaches: list[int] = [(window - 1) * dilation + 1 for window, dilation in zip(windows, dilations, strict=True)]
    for reach, step, side in zip(reaches, layer.strides, sides, strict=True):
        if max(reach, step) > max(side, MAX_REACH):
            raise ValueError(
                f"a window must reach over at most {max(side, MAX_REACH)} pixels. Received: {max(reach, step)}"
            )
    if layer.padding == "valid":
        return 0
    others = math.prod(int(side or 1) for side in shape[1:]) // max(1, math.prod(sides))
    return others * math.prod(side + reach for side, reach in zip(sides, reaches, strict=True))


@contextlib.contextmanager
def without_values() -> Iterator[None]:
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
