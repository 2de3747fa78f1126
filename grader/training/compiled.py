"""Networks compiled to train: Keras's own steps in one loop an epoch, for every training of one form.

To compile takes as long as many epochs on a slice, so that a compiled network serves each order that differs from the
first in data, seeds, first weights or learning rate only. Seeds come from the order's key and the epoch: every way to
an epoch gives the same bits, whichever orders the network served before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

import numpy as np

from grader.records import Array
from grader.training.building import build, build_loss, build_metrics, build_optimizer, size
from grader.training.orders import Order, Part
from grader.training.pipelines import Extent, epochs_of, extent_of, fixed_name, runs_of
from grader.training.sizes import check_batch

CHECKED_NUMBERS = 5_000_000
"""Outputs that are held at once while labels are checked."""
LARGE_BATCH, LARGE_BYTES = 50_000_000, 150_000_000
"""Outputs of all layers for one batch, and bytes of variables, beyond which a network takes 1 GB and more to train."""

Train = Callable[[Sequence[Array], "Data"], None]


@dataclass(frozen=True, slots=True)
class Data:
    """What a network is trained on: tensors of shape (n, ...)."""

    x: Any
    y: Any
    weight: Any
    """None where each row counts alike."""

    @property
    def arrays(self) -> tuple[Any, Any, Any]:
        """As Keras takes them."""
        return self.x, self.y, self.weight

    def part(self, rows: slice) -> tuple[Any, Any, Any]:
        """Some of the rows."""
        return self.x[rows], self.y[rows], None if self.weight is None else self.weight[rows]


@dataclass(frozen=True, slots=True)
class Start:
    """Where a training is taken up."""

    epoch: int = 0
    weights: Sequence[Array] | None = None
    """The network's arrays; None for fresh ones."""
    state: Sequence[Array] | None = None
    """The optimizer's arrays; None for fresh ones."""


def seed_of(key: str, epoch: int) -> int:
    """The seed of an epoch's order and noise; epoch 0 is that of the first weights."""
    return int.from_bytes(hashlib.sha256(f"{key} {epoch}".encode()).digest()[:4], "big")


def form_of(order: Order, metrics: tuple[Part, ...], data: Data) -> str:
    """What the orders that one compiled network can serve have in common."""
    shapes = [None if array is None else [array.dtype.name, *array.shape] for array in data.arrays]
    optimizer = dict(order.optimizer.config)
    if "learning_rate" in optimizer:
        optimizer["learning_rate"] = None
    parts = [asdict(part) for part in (*order.layers, Part(order.optimizer.name, optimizer), order.loss, *metrics)]
    extent = asdict(_extent(order, len(data.x)))
    return json.dumps([len(metrics), parts, order.input_shape, order.batch_size, extent, shapes], sort_keys=True)


class Compiled:
    """A network with its optimizer and its compiled epoch. It serves one training at a time."""

    def __init__(self, order: Order, metrics: tuple[Part, ...], data: Data) -> None:
        """Compile for all orders of one form. Raises Exception: whatever Keras raises."""
        extent = _extent(order, len(data.x))
        rows = order.batch_size if extent.whole else extent.partial
        self._batch_numbers = check_batch(size(order.layers, order.input_shape), rows, data.y.shape[1:])
        self._model = model = build(order.layers, order.input_shape)
        model.compile(
            optimizer=build_optimizer(order.optimizer), loss=build_loss(order.loss), metrics=build_metrics(metrics)
        )
        model._symbolic_build(data_batch=data.part(slice(1)))
        model.optimizer.build(model.trainable_variables)
        self._variables = (*model.variables, *model.optimizer.variables)
        self._first = _values(self._variables)
        self._train: Train | None = None
        self._checked: set[tuple[Any, ...]] = set()
        self.form = form_of(order, metrics, data)
        self.epoch = 0
        """Epochs trained of the order that `begin` was given."""

    @property
    def size(self) -> int:
        """Bytes of its variables."""
        return sum(value.nbytes for value in self._first)

    @property
    def is_large(self) -> bool:
        """True where its training takes much memory."""
        return self._batch_numbers > LARGE_BATCH or self.size > LARGE_BYTES

    @property
    def weights(self) -> list[Array]:
        """The network's arrays, in Keras's order."""
        return list(self._model.get_weights())

    @property
    def state(self) -> list[Array]:
        """The optimizer's arrays, in Keras's order."""
        return _values(self._model.optimizer.variables)

    def begin(self, order: Order, start: Start, data: Data) -> None:
        """Take up a training of this form. Raises Exception: whatever Keras raises; the network is of no use then.

        What plain Keras would refuse of the data is found by `check`.
        """
        model, learning_rate = self._model, order.optimizer.config.get("learning_rate")
        self._set(self._first)
        model.set_weights(_first_weights(order) if start.weights is None else start.weights)
        for variable, value in zip(model.optimizer.variables, start.state or (), strict=start.state is not None):
            variable.assign(value)
        if learning_rate is not None:
            model.optimizer.learning_rate = learning_rate
        self._train = self._train or _compiled_epoch(model, order.batch_size, _extent(order, len(data.x)), data)
        self._order, self.epoch = order, start.epoch
        self._runs = _runs(order, len(data.x), start.epoch + 1)

    def train(self, data: Data) -> dict[str, float]:
        """Train the next epoch on the order's data, and give its logs in the order of their names."""
        assert self._train is not None, "a training must begin first"
        seed = seed_of(self._order.key, self.epoch + 1)
        for position, layer in enumerate(self._model.layers):
            generator = getattr(layer, "seed_generator", None)
            if generator is not None:
                generator.state.assign(np.array([seed, position], generator.state.dtype))
        self._model.reset_metrics()
        self._train(next(self._runs), data)
        self.epoch += 1
        results = self._model.get_metrics_result()
        return {name: float(np.float32(results[name])) for name in sorted(results)}

    def _set(self, values: Sequence[Array]) -> None:
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)

    def check(self, data: Data) -> None:
        """Make plain Keras's errors, once for the same data. Variables are left as they were.

        Raises:
            Exception: whatever Keras raises; the network is of no use then.
        """
        order = self._order
        name = (order.x, order.y, order.sample_weight, order.class_weight)
        if name not in self._checked:
            before = _values(self._variables)
            _raise_plain_errors(self._model, order.batch_size, data)
            self._set(before)
            self._checked.add(name)


def _first_weights(order: Order) -> list[Array]:
    import keras  # the process is light until it has something to train

    keras.utils.set_random_seed(seed_of(order.key, 0))
    return list(build(order.layers, order.input_shape).get_weights())


def _values(variables: Sequence[Any]) -> list[Array]:
    return [np.asarray(variable).copy() for variable in variables]


# --- one epoch, compiled ----------------------------------------------------------------------------------------------


def _compiled_epoch(model: Any, batch_size: int, extent: Extent, data: Data) -> Train:
    """A function that trains one epoch: whole batches in one compiled loop, others one by one."""
    import tensorflow as tf

    @tf.function(jit_compile=True, autograph=False)
    def batches(x: Any, y: Any, weight: Any, order: Any, steps: Any) -> None:
        def body(step: Any) -> tuple[Any]:
            rows = tf.slice(order, [step * batch_size], [batch_size])
            model.train_step(_rows(tf.gather, rows, x, y, weight))
            return (step + 1,)

        tf.while_loop(lambda step: step < steps, body, (tf.constant(0),), parallel_iterations=1)

    @tf.function(autograph=False)  # once an epoch: compiling it for XLA as well would cost more than it spares
    def last(x: Any, y: Any, weight: Any, rows: Any) -> None:
        model.train_step(_rows(tf.gather, rows, x, y, weight))

    def epoch(runs: Sequence[Array], data: Data) -> None:
        for rows in runs:
            if len(rows) % batch_size:
                last(*data.arrays, tf.constant(rows, tf.int32))
            else:  # of one length, or XLA would compile the loop anew
                order = np.resize(rows, extent.whole)
                batches(*data.arrays, tf.constant(order, tf.int32), tf.constant(len(rows) // batch_size))

    if extent.whole:
        order, steps = tf.TensorSpec((extent.whole,), tf.int32), tf.TensorSpec((), tf.int32)
        batches.get_concrete_function(*data.arrays, order, steps)
    if extent.partial:
        last.get_concrete_function(*data.arrays, tf.TensorSpec((extent.partial,), tf.int32))
    return epoch


def _rows(gather: Any, rows: Any, *arrays: Any) -> tuple[Any, ...]:
    return tuple(None if array is None else gather(array, rows) for array in arrays)


def _extent(order: Order, rows: int) -> Extent:
    if order.pipeline is None:
        return Extent(rows // order.batch_size * order.batch_size, rows % order.batch_size)
    return extent_of(order.pipeline, rows)


def _runs(order: Order, rows: int, first: int) -> Iterator[list[Array]]:
    """The batches of each epoch from `first` on, as indices of rows in the form of `runs_of`."""
    if order.pipeline is None:
        return (_runs_of_arrays(order, rows, epoch) for epoch in count(first))
    fixed = seed_of(fixed_name(order.x, order.pipeline), 0)
    epochs = epochs_of(order.pipeline, rows, seed_of(order.key, 0), fixed, first)
    return (runs_of(batches, order.batch_size) for batches in epochs)


def _runs_of_arrays(order: Order, rows: int, epoch: int) -> list[Array]:
    indices, whole = np.arange(rows, dtype=np.int32), rows // order.batch_size * order.batch_size
    if order.shuffle:
        np.random.default_rng(seed_of(order.key, epoch)).shuffle(indices)
    return [run for run in (indices[:whole], indices[whole:]) if len(run)]


# --- errors -----------------------------------------------------------------------------------------------------------


def _raise_plain_errors(model: Any, batch_size: int, data: Data) -> None:
    """Make plain Keras's errors: code compiled by XLA computes what plain operations refuse, and goes on with NaN.

    One step is run operation by operation, for what layers and gradients refuse, and loss and metrics are run so over
    all labels, for what they refuse of data.

    Raises:
        Exception: whatever Keras raises.
    """
    import tensorflow as tf

    check_lengths(*data.arrays)
    model.train_step(data.part(slice(batch_size)))
    output = model(data.x[:1], training=False)
    rows = max(1, CHECKED_NUMBERS // max(1, int(np.prod(output.shape))))
    for start in range(0, len(data.y), rows):
        x, labels, weights = data.part(slice(start, start + rows))
        predicted = tf.repeat(output, len(labels), axis=0)
        model._compute_loss(x, labels, predicted, sample_weight=weights, training=False)
        model.compute_metrics(x, labels, predicted, sample_weight=weights)


def check_lengths(*arrays: Any) -> None:
    """Raise ValueError unless arrays are of one length; None is none."""
    sizes = [len(array) for array in arrays if array is not None]
    if len({*sizes}) > 1:
        raise ValueError(f"inputs, labels and weights must be of one number. Received: {sizes}")
