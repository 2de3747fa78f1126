"""What a training is, in full: everything that determines its weights, and nothing else.

Two trainings with equal orders are one training. Names, metrics, validation data, verbosity, callbacks and the number
of epochs are not part of an order: epochs are a prefix, and the rest only looks on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from grader.training.pipelines import Pipeline, pipeline_of

TRAINER_VERSION = 4
"""Part of every key; to be raised when the trainer's mathematics or seeds change."""


@dataclass(frozen=True, slots=True)
class Part:
    """A layer, optimizer, loss or metric of Keras: its class and configuration, plain values only."""

    name: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """A moment in a trajectory: the end of an epoch."""

    key: str
    epoch: int
    """Epochs trained, from 1."""


@dataclass(frozen=True, slots=True)
class Order:
    """One training, of any number of epochs."""

    layers: tuple[Part, ...]
    """From input to output, without the input layer."""
    input_shape: tuple[int, ...]
    """Without the batch axis."""
    optimizer: Part
    loss: Part
    x: str
    """Digest of the inputs, shape (n, ...)."""
    y: str
    """Digest of the labels, shape (n, ...)."""
    batch_size: int
    shuffle: bool = True
    sample_weight: str | None = None
    """Digest, shape (n,)."""
    class_weight: tuple[tuple[int, float], ...] = ()
    weights: Point | None = None
    """Where the weights come from; None for fresh ones."""
    optimizer_state: Point | None = None
    """Where the optimizer's state comes from; None for a fresh one."""
    pipeline: Pipeline | None = None
    """How rows become batches; None where Keras makes them of arrays, by `batch_size` and `shuffle`."""
    start: int = 0
    """Which of several random starts, all as good: first weights, order of rows and noise are drawn by the key."""

    @property
    def key(self) -> str:
        """sha256 of the order in canonical JSON: the name of its trajectory."""
        settings = asdict(self)
        if self.pipeline is None:
            del settings["pipeline"]
        if not self.start:
            del settings["start"]
        return _digest({"trainer": TRAINER_VERSION, **settings})

    @property
    def begins_anew(self) -> bool:
        """True if another call of `fit` is no further epoch of this training: it begins with other rows."""
        return self.pipeline is not None and self.pipeline.steps is not None


@dataclass(frozen=True, slots=True)
class Look:
    """An evaluation or prediction with the weights of one moment."""

    at: Point
    layers: tuple[Part, ...]
    input_shape: tuple[int, ...]
    x: str
    y: str | None = None
    """Digest of the labels; None for a prediction."""
    loss: Part | None = None
    metrics: tuple[Part, ...] = ()
    sample_weight: str | None = None

    @property
    def key(self) -> str:
        """sha256 of the look in canonical JSON."""
        return _digest({"trainer": TRAINER_VERSION, **asdict(self)})


def metrics_key(metrics: tuple[Part, ...]) -> str:
    """A short name for a list of metrics: logs of one trajectory are kept apart by it."""
    return _digest([asdict(metric) for metric in metrics])[:16]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, allow_nan=False).encode()).hexdigest()


def order_of(value: Mapping[str, Any]) -> Order:
    """An order from its plain form (`dataclasses.asdict` and JSON)."""
    return Order(
        layers=tuple(Part(**part) for part in value["layers"]),
        input_shape=tuple(value["input_shape"]),
        optimizer=Part(**value["optimizer"]),
        loss=Part(**value["loss"]),
        x=value["x"],
        y=value["y"],
        batch_size=value["batch_size"],
        shuffle=value["shuffle"],
        sample_weight=value["sample_weight"],
        class_weight=tuple((int(label), float(weight)) for label, weight in value["class_weight"]),
        weights=None if value["weights"] is None else Point(**value["weights"]),
        optimizer_state=None if value["optimizer_state"] is None else Point(**value["optimizer_state"]),
        pipeline=None if value["pipeline"] is None else pipeline_of(value["pipeline"]),
        start=int(value["start"]),
    )


def look_of(value: Mapping[str, Any]) -> Look:
    """A look from its plain form."""
    return Look(
        at=Point(**value["at"]),
        layers=tuple(Part(**part) for part in value["layers"]),
        input_shape=tuple(value["input_shape"]),
        x=value["x"],
        y=value["y"],
        loss=None if value["loss"] is None else Part(**value["loss"]),
        metrics=tuple(Part(**part) for part in value["metrics"]),
        sample_weight=value["sample_weight"],
    )
