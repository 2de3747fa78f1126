"""Networks to evaluate and predict with, part of the rows by part, so that others compute in between."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.records import Array
from grader.training.building import build, build_loss, build_metrics, size
from grader.training.compiled import check_lengths
from grader.training.orders import Look, Point
from grader.training.sizes import compared
from grader.training.trajectories import pack

LOOK_BATCH = 2000
LOOK_NUMBERS = 50_000_000
"""Numbers that the widest layer may give for the rows of one such batch."""
MAX_PREDICTED = 100_000_000
"""Numbers of one prediction, of which there are four copies for a moment: twice the pixels of 60,000 images."""
MANY_PREDICTED = 5_000_000
"""A prediction of more is not made beside another such one."""

Turn = Callable[[], AbstractContextManager[None]]
"""Gives a place to compute a part."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What is looked at: tensors of shape (n, ...)."""

    x: Any
    y: Any
    """None for a prediction."""
    weight: Any
    """None where each row counts alike."""
    outputs: tuple[int, ...]
    """Shape of the network's outputs for one row."""
    at_once: int
    """Rows of a part."""

    @property
    def predicted(self) -> int:
        """Numbers that a prediction gives; 0 for an evaluation."""
        return 0 if self.y is not None else len(self.x) * math.prod(self.outputs)

    def parts(self) -> Iterator[tuple[Any, Any, Any]]:
        """Inputs, labels and weights of each part."""
        return map(self._part, range(0, len(self.x), self.at_once))

    def samples(self) -> Iterator[tuple[Any, Any, Any]]:
        """A part of each length: the first, and the last."""
        return map(self._part, {0, (len(self.x) - 1) // self.at_once * self.at_once})

    def _part(self, start: int) -> tuple[Any, Any, Any]:
        part = slice(start, start + self.at_once)
        return (
            self.x[part],
            None if self.y is None else self.y[part],
            None if self.weight is None else self.weight[part],
        )

    def check(self) -> None:
        """Raise ValueError for what cannot be computed, or takes too much memory."""
        if self.predicted > MAX_PREDICTED:
            raise ValueError(f"a prediction must give at most {MAX_PREDICTED} numbers. Received: {self.predicted}")
        if self.y is not None:
            check_lengths(self.x, self.y, self.weight)


def rows_of(look: Look, x: Any, y: Any, weight: Any) -> Rows:
    """The rows of a look, in parts that memory is enough for. Raises ValueError where there are none."""
    taken = size(look.layers, look.input_shape)
    widest = max(taken.widest, 0 if y is None else compared(taken.shape, y.shape[1:]))
    if widest > LOOK_NUMBERS:
        raise ValueError(f"a row must take at most {LOOK_NUMBERS} numbers. Received: {widest}")
    rows = Rows(x, y, weight, taken.shape, max(1, min(LOOK_BATCH, LOOK_NUMBERS // widest)))
    rows.check()
    return rows


def kind_of(look: Look) -> str:
    """What looks have in common that one `Looker` serves."""
    return Look(Point("", 0), look.layers, look.input_shape, "", "", look.loss, look.metrics).key


class Looker:
    """A network to evaluate and predict with, whatever its weights. It serves one look at a time."""

    def __init__(self, look: Look) -> None:
        """Build it. Raises Exception: whatever Keras raises."""
        import tensorflow as tf

        self.model = model = build(look.layers, look.input_shape)
        loss = None if look.loss is None else build_loss(look.loss)
        model.compile(optimizer="sgd", loss=loss, metrics=build_metrics(look.metrics))
        # Keras's own steps, compiled once: its `evaluate` and `predict` make a pipeline of the data in every call
        self._evaluate = tf.function(lambda x, y, weight: model.test_step((x, y, weight)), autograph=False)
        self._predict = tf.function(lambda x: model.predict_step((x,)), autograph=False)

    def prepare(self, rows: Rows) -> None:
        """Trace what these rows need: it is built, and nothing must be built meanwhile."""
        for x, y, weight in rows.samples():
            if y is None:
                self._predict.get_concrete_function(x)
            else:
                self._evaluate.get_concrete_function(x, y, weight)

    def predict(self, weights: Sequence[Array], rows: Rows, turn: Turn) -> bytes:
        """A prediction, packed: an array of shape (n, outputs...)."""
        import tensorflow as tf

        self.model.set_weights(weights)
        found = []
        for x, _, _ in rows.parts():
            with turn():
                found.append(self._predict(x))
        return pack([np.asarray(tf.concat(found, 0))])

    def evaluate(self, weights: Sequence[Array], rows: Rows, turn: Turn) -> bytes:
        """Loss and metrics, as JSON."""
        self.model.set_weights(weights)
        self.model.reset_metrics()
        for part in rows.parts():
            with turn():
                self._evaluate(*part)
        logs = self.model.get_metrics_result()
        return json.dumps({name: float(logs[name]) for name in sorted(logs)}).encode()
