"""The one form of trainings that are the same: students write them in many ways, and the trainer trains them once.

Every rule keeps the mathematics, and the arrays of weights with their shapes and their order, so that weights and
optimizer state of the one form are those of the other:

- an activation that is a layer of its own belongs to the layer before it;
- what gives vectors of the images, at the beginning of a network, may as well be done to the data;
- one-hot labels under categorical cross-entropy are numbers of classes under the sparse one, where the output is a
  softmax or logits: of other outputs Keras cuts off the smallest before scaling them in the one, after it in the other;
- accuracy is one metric under all its names, and is computed also where nobody asked for a metric.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from grader.records import Array
from grader.training.orders import Part

_TAKES_ACTIVATION = frozenset({"Dense", "Conv1D", "Conv2D"})
_PLAIN_RELU = {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}
_KEEPS_VECTORS = frozenset(
    {
        "Dense",
        "Activation",
        "ReLU",
        "LeakyReLU",
        "ELU",
        "PReLU",
        "Softmax",
        "Dropout",
        "GaussianNoise",
        "Rescaling",
        "BatchNormalization",
        "LayerNormalization",
    }
)
"""Layers that give a vector for a vector."""
_GIVES_VECTORS = frozenset({"Flatten", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling2D"})
SPARSE, ONE_HOT = "SparseCategoricalCrossentropy", "CategoricalCrossentropy"
ACCURACY = Part("accuracy")
"""The share of rows in which the largest output stands for the label, whatever the labels look like."""
_WORDS_FOR_ACCURACY: Mapping[str, frozenset[str]] = {
    SPARSE: frozenset({"accuracy", "acc", "sparse_categorical_accuracy", "SparseCategoricalAccuracy"}),
    ONE_HOT: frozenset({"accuracy", "acc", "categorical_accuracy", "CategoricalAccuracy"}),
}
"""Metrics that are accuracy under a loss: Keras takes 'accuracy' for the one that goes with the labels."""


@dataclass(frozen=True, slots=True)
class DataForm:
    """What is done to data, shape (n, ...), before they are trained on."""

    kind: Literal["whole", "vectors", "labels", "one-hot"]
    classes: int = 0
    """Of labels."""

    @property
    def name(self) -> str:
        """A word for it that can stand in a file's name."""
        return f"{self.kind}-{self.classes}" if self.classes else self.kind

    def apply(self, array: Array) -> Array:
        """The data in this form; those that cannot have it stay as they are."""
        if self.kind == "vectors":
            return array.reshape(len(array), -1)
        if self.kind == "labels":
            return _numbers(array, self.classes)
        return _from_one_hot(array, self.classes) if self.kind == "one-hot" else array


WHOLE = DataForm("whole")


def canonical_layers(
    layers: Sequence[Part], input_shape: tuple[int, ...]
) -> tuple[tuple[Part, ...], tuple[int, ...], DataForm]:
    """Layers in their one form, the shape of their inputs, and the form in which they want the data."""
    kept = _joined(layers)
    if len(kept) > 1 and _makes_vectors(kept[0], input_shape):
        return kept[1:], (math.prod(input_shape),), DataForm("vectors") if len(input_shape) != 1 else WHOLE
    return kept, input_shape, WHOLE


def label_form(
    layers: Sequence[Part], input_shape: tuple[int, ...], loss: Part | None, metrics: Sequence[Part]
) -> DataForm:
    """The form in which a network of `canonical_layers` wants its labels."""
    classes = _classes(layers, input_shape)
    if classes < 2 or loss is None or loss.config.keys() - {"from_logits"}:
        return WHOLE
    if any(not _is_accuracy(metric, loss) for metric in metrics):
        return WHOLE
    if loss.name == ONE_HOT and (loss.config.get("from_logits") or layers[-1].config.get("activation") == "softmax"):
        return DataForm("one-hot", classes)
    return DataForm("labels", classes) if loss.name == SPARSE else WHOLE


def canonical_metrics(metrics: Sequence[Part], form: DataForm) -> tuple[Part, ...]:
    """What is measured for these metrics with labels of a `label_form`."""
    return tuple(metrics) if form == WHOLE else (ACCURACY,)


def under_their_names(logs: Mapping[str, float], asked: Sequence[Part], measured: Sequence[Part]) -> dict[str, float]:
    """Logs of `canonical_metrics`, in Keras's order, under the names of the metrics that were asked for."""
    if tuple(asked) == tuple(measured):
        return dict(logs)
    accuracy = {str(metric.config.get("name", metric.name)): logs[ACCURACY.name] for metric in asked}
    return dict(sorted({**accuracy, "loss": logs["loss"]}.items()))


def canonical_loss(loss: Part | None, form: DataForm, changed: bool) -> Part | None:
    """The loss that goes with labels in their form.

    Args:
        changed: False if the labels could not have it.
    """
    return Part(SPARSE, loss.config) if loss is not None and form.kind == "one-hot" and changed else loss


def _is_accuracy(metric: Part, loss: Part) -> bool:
    """True for accuracy under a loss, with no setting but a name that no other value of the logs has."""
    known = metric.name in _WORDS_FOR_ACCURACY.get(loss.name, ())
    return known and metric.config.keys() <= {"name"} and metric.config.get("name") != "loss"


def _joined(layers: Sequence[Part]) -> tuple[Part, ...]:
    """Activations joined to the layers before them; those that change nothing are left out."""
    kept: list[Part] = []
    for layer in layers:
        activation = _activation(layer)
        if activation is None:
            kept.append(layer)
        elif kept and kept[-1].name in _TAKES_ACTIVATION and kept[-1].config.get("activation", "linear") == "linear":
            kept[-1] = Part(kept[-1].name, {**kept[-1].config, "activation": activation})
        elif activation != "linear":
            kept.append(layer)
    return tuple(kept) or tuple(layers)


def _activation(layer: Part) -> str | None:
    """The word for a layer that is nothing but an activation; None for another."""
    if layer.name == "Activation":
        return str(layer.config.get("activation", "linear"))
    if layer.name == "ReLU" and {**_PLAIN_RELU, **layer.config} == _PLAIN_RELU:
        return "relu"
    if layer.name == "Softmax" and layer.config.get("axis", -1) == -1:
        return "softmax"
    return None


def _makes_vectors(layer: Part, input_shape: tuple[int, ...]) -> bool:
    """True if a first layer only lays each row of the data out as a vector."""
    if layer.name == "Flatten":
        return layer.config.get("data_format") in (None, "channels_last")
    target: Any = layer.config.get("target_shape") if layer.name == "Reshape" else None
    return target is not None and list(target) in ([-1], [math.prod(input_shape)])


def _classes(layers: Sequence[Part], input_shape: tuple[int, ...]) -> int:
    """How many numbers a network gives for a row where it ends with a vector of a Dense layer; else 0."""
    vectors = len(input_shape) == 1
    for layer in layers:
        vectors = layer.name in _GIVES_VECTORS or (vectors and layer.name in _KEEPS_VECTORS)
    last = next((layer for layer in reversed(layers) if _activation(layer) is None), None)
    return int(last.config.get("units", 0)) if vectors and last is not None and last.name == "Dense" else 0


def _numbers(labels: Array, classes: int) -> Array:
    """Numbers of classes, shape (n,), whatever their type was; other labels as they are."""
    flat = labels.reshape(-1)
    if labels.shape not in ((len(labels),), (len(labels), 1)) or not _all_within(flat, classes):
        return labels
    return flat.astype(np.int32)


def _from_one_hot(labels: Array, classes: int) -> Array:
    """Numbers of classes, shape (n,), of rows with a single 1; other labels as they are."""
    if labels.ndim != 2 or labels.shape[1] != classes:
        return labels
    ones = labels == 1
    if not (ones.sum(axis=1) == 1).all() or np.count_nonzero(labels) != len(labels):
        return labels
    return np.asarray(ones.argmax(axis=1), np.int32)


def _all_within(labels: Array, classes: int) -> bool:
    return bool(np.all((labels >= 0) & (labels < classes) & (labels == np.floor(labels))))
