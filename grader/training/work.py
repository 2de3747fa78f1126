"""How much work an order is, worked out from its description: the same whether it is trained or replayed.

A piece of work is a product of two numbers and its sum, as in a dense layer's matrix; what else takes time counts for
as many of them as take as long. A core does some 80,000 million in a second. Nothing is built here, and Keras is not
needed: a worker is light.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.errors import NotTrainable, TooMuch
from grader.rubric.rubric import Limits
from grader.training.orders import Order, Part, Point
from grader.training.pipelines import extent_of

WORK_A_SECOND = 20_000_000_000
"""What a submission may ask for, for each second that it may take itself: 72 million million in an hour.

The most demanding of the samples in `submissions` asks for 5.4 million million, most of them for 76 epochs of 60,000
images: an hour is enough for thirteen times as much. A notebook that asks for all has a core for 15 minutes.
"""
LEAST_WORK = 12_000_000_000_000
"""What any submission may ask for, however short its time: twice what the most demanding sample does.

Otherwise a lower limit would take the trainer from a right notebook whose trainings are known already.
"""
MAX_EPOCH = 5_000_000_000_000
"""Of one epoch: a minute of a core. An epoch of 60,000 images in two dense layers of 512 units is a fortieth."""
AT_ONCE = 1_000_000_000_000
"""What is trained ahead before the next question: a quarter of a minute."""

QUESTION_WORK = 100_000_000
"""Any question."""
BUILD = 10_000_000_000
"""To build and compile, for each layer."""
STEP = 1_000_000
"""Any batch."""
BACK_AND_FORTH = 3
"""Training, for each product forward: the gradients of weights and of inputs have as many."""
ELEMENT = 10
"""A number that a layer gives: an exponential function may be in it."""
UPDATE = 10
"""A weight that an optimizer changes."""
METRIC = 200
"""A number that a metric compares: it may have so many thresholds, and Keras's default is that."""
NUMBER = 100
"""A number of an answer, or a byte of data, that is read, written and handed over."""

Shape = tuple[int, ...]


def epoch_of(order: Order, rows: int, metrics: int) -> tuple[Effort, int]:
    """What an order's network takes, and the work of one epoch.

    Args:
        rows: of its data.
        metrics: how many there are.

    Raises:
        NotTrainable: its layers do not fit one another.
    """
    effort = effort_of(order.layers, order.input_shape)
    if order.pipeline is not None:
        extent = extent_of(order.pipeline, rows)
        rows = extent.whole + extent.partial
    return effort, effort.epoch(rows, -(-rows // order.batch_size), metrics)


@dataclass(frozen=True, slots=True)
class Effort:
    """What a network takes for one row."""

    products: int
    outputs: int
    """Numbers of all layers' outputs."""
    weights: int
    last: int
    """Numbers of the last layer's outputs."""
    layers: int

    def forward(self, rows: int, metrics: int) -> int:
        """Work of an evaluation or prediction, without building it."""
        return rows * (self.products + ELEMENT * self.outputs + METRIC * metrics * self.last)

    def epoch(self, rows: int, steps: int, metrics: int) -> int:
        """Work of a training's epoch."""
        through = rows * (BACK_AND_FORTH * (self.products + ELEMENT * self.outputs) + METRIC * metrics * self.last)
        return through + steps * (STEP + UPDATE * self.weights)

    @property
    def build(self) -> int:
        """Work of building and compiling it."""
        return BUILD * (2 + self.layers) + UPDATE * self.weights


def effort_of(layers: Iterable[Part], input_shape: Sequence[int]) -> Effort:
    """What layers of `allowed.LAYERS` take. Raises NotTrainable where they do not fit one another."""
    shape: Shape = tuple(input_shape)
    products, outputs, weights, count = 0, 0, 0, 0
    for layer in layers:
        count += 1
        own, more, shape = _layer(layer, shape)
        products, weights, outputs = products + more, weights + own, outputs + math.prod(shape)
    return Effort(products, outputs, weights, math.prod(shape), count)


# --- a submission's budget --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Budget:
    """What one submission, in all its kernels and in judging it, may ask of the trusted side."""

    most: float = math.inf
    used: float = 0.0
    over: bool = False
    """Something was refused for want of it."""
    _reached: dict[tuple[str, str], int] = field(default_factory=dict)
    """By trajectory and metrics, the epochs that were paid for."""
    _looks: set[str] = field(default_factory=set)

    def take(self, work: float) -> None:
        """Take some of it. Raises NotTrainable where that is more than is left, and from then on always."""
        if self.over or self.used + work > self.most:
            self.over = True
            raise TooMuch(
                f"a submission may ask for {self.most:.3g} products. Received: {self.used + work:.3g} with this one"
            )
        self.used += work

    def take_epochs(self, point: Point, metrics: str, effort: Effort, epoch: int, ahead: int) -> int:
        """Take what epochs are, those that were not taken before: what was asked for once is had again for nothing.

        Args:
            point: the epoch that is needed.
            metrics: name of the metrics.
            epoch: work of one.
            ahead: an epoch up to which it may be trained at once.

        Returns:
            The epoch up to which it is to be trained.

        Raises:
            NotTrainable: the budget is not enough for those that are needed, or one epoch is too much.
        """
        if epoch > MAX_EPOCH:
            raise TooMuch(f"an epoch must be at most {MAX_EPOCH:.3g} products. Received: {epoch:.3g}")
        name = (point.key, metrics)
        reached = self._reached.get(name, 0)
        if point.epoch <= reached:
            self.take(0)
            return max(point.epoch, min(ahead, reached))
        affordable = min(AT_ONCE, self.most - self.used) // max(1, epoch)
        to = max(point.epoch, min(ahead, reached + int(min(affordable, 1e6))))
        self.take((to - reached) * epoch + (0 if reached else effort.build))
        self._reached[name] = to
        return to

    def take_look(self, key: str, work: int) -> None:
        """Take what an evaluation or prediction is, if it was not taken before. Raises NotTrainable."""
        if key not in self._looks:
            self.take(work)
            self._looks.add(key)


def budget_for(limits: Limits) -> Budget:
    """Of a submission with these limits."""
    return Budget(max(LEAST_WORK, WORK_A_SECOND * limits.seconds_per_submission))


# --- layers -----------------------------------------------------------------------------------------------------------

Taken = tuple[int, int, Shape]
"""Weights, products for a row, and the shape of what a layer gives."""


def _layer(layer: Part, shape: Shape) -> Taken:
    rule = _RULES.get(layer.name)
    try:
        return (0, 0, shape) if rule is None else rule(layer.config, shape)
    except (IndexError, KeyError, TypeError, ValueError, ZeroDivisionError):
        raise NotTrainable(f"layers must fit one another. Received: a {layer.name} that does not") from None


def _dense(config: Mapping[str, Any], shape: Shape) -> Taken:
    weights = shape[-1] * config["units"]
    return weights, weights * math.prod(shape[:-1]), (*shape[:-1], config["units"])


def _normalization(_config: Mapping[str, Any], shape: Shape) -> Taken:
    return 4 * math.prod(shape[-1:]), 0, shape


def _weight_each(_config: Mapping[str, Any], shape: Shape) -> Taken:
    return math.prod(shape), 0, shape


def _flatten(_config: Mapping[str, Any], shape: Shape) -> Taken:
    return 0, 0, (math.prod(shape),)


def _reshape(config: Mapping[str, Any], shape: Shape) -> Taken:
    target = tuple(config["target_shape"])
    known = math.prod(side for side in target if side != -1)
    return 0, 0, tuple(math.prod(shape) // known if side == -1 else side for side in target)


def _permute(config: Mapping[str, Any], shape: Shape) -> Taken:
    return 0, 0, tuple(shape[axis - 1] for axis in config["dims"])


def _convolution(config: Mapping[str, Any], shape: Shape) -> Taken:
    sides, channels = _apart(config, shape)
    windows = _each(config["kernel_size"], sides)
    found = _windows(config, sides, windows, _each(config.get("strides") or 1, sides))
    weights = math.prod(windows) * channels * config["filters"] // (config.get("groups") or 1)
    return weights, weights * math.prod(found), _together(config, found, config["filters"])


def _pooling(config: Mapping[str, Any], shape: Shape) -> Taken:
    sides, channels = _apart(config, shape)
    windows = _each(config.get("pool_size") or 2, sides)
    found = _windows(config, sides, windows, _each(config.get("strides") or windows, sides))
    return 0, math.prod(found) * channels * math.prod(windows), _together(config, found, channels)


def _global_pooling(config: Mapping[str, Any], shape: Shape) -> Taken:
    sides, channels = _apart(config, shape)
    left = tuple(1 for _ in sides) if config.get("keepdims") else ()
    return 0, math.prod(shape), _together(config, left, channels)


def _border(config: Mapping[str, Any], shape: Shape) -> Taken:
    sides, channels = _apart(config, shape)
    borders = [sum(_each(border, (0, 0))) for border in _each(config.get("padding", 1), sides)]
    return 0, 0, _together(config, tuple(side + border for side, border in zip(sides, borders, strict=True)), channels)


def _windows(config: Mapping[str, Any], sides: Shape, windows: Sequence[int], strides: Sequence[int]) -> Shape:
    """How many windows fit along each side."""
    if str(config.get("padding") or "valid").lower() != "valid":
        return tuple(-(-side // stride) for side, stride in zip(sides, strides, strict=True))
    dilations = _each(config.get("dilation_rate") or 1, sides)
    reaches = [(window - 1) * dilation + 1 for window, dilation in zip(windows, dilations, strict=True)]
    return tuple(
        max(0, (side - reach) // stride + 1) for side, reach, stride in zip(sides, reaches, strides, strict=True)
    )


def _is_channels_first(config: Mapping[str, Any]) -> bool:
    return str(config.get("data_format")).lower() == "channels_first"


def _apart(config: Mapping[str, Any], shape: Shape) -> tuple[Shape, int]:
    """Sides and channels."""
    return (shape[1:], shape[0]) if _is_channels_first(config) else (shape[:-1], shape[-1])


def _together(config: Mapping[str, Any], sides: Shape, channels: int) -> Shape:
    return (channels, *sides) if _is_channels_first(config) else (*sides, channels)


def _each(value: Any, sides: Sequence[int]) -> tuple[Any, ...]:
    """A setting for each side, where one number stands for all."""
    return tuple(value) if isinstance(value, list | tuple) else (value,) * len(sides)


_RULES: Mapping[str, Callable[[Mapping[str, Any], Shape], Taken]] = {
    "Dense": _dense,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "MaxPooling1D": _pooling,
    "MaxPooling2D": _pooling,
    "AveragePooling2D": _pooling,
    "GlobalAveragePooling1D": _global_pooling,
    "GlobalAveragePooling2D": _global_pooling,
    "GlobalMaxPooling2D": _global_pooling,
    "ZeroPadding2D": _border,
    "BatchNormalization": _normalization,
    "LayerNormalization": _normalization,
    "PReLU": _weight_each,
}
"""By layer; the others give what they get."""
