"""The trusted trainer: a process of its own, without network, that trains what it is ordered to.

``python -m grader.training.trainer SOCKET`` answers requests on a Unix socket, one line of JSON each way. Inputs are
sealed files that the request names; what was trained goes as sealed files into a folder that the request names. The
mathematics is Keras's own: ``train_step``, its losses, metrics and optimizers, compiled into one loop an epoch. Seeds
come from the order's key and the epoch, so that every way to an epoch gives the same bits.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import socket
import socketserver
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from grader.records import Array
from grader.training.building import build, build_loss, build_metrics, build_optimizer, widest
from grader.training.orders import Look, Order, Part, look_of, metrics_key, order_of
from grader.training.pipelines import Extent, epochs_of, extent_of, fixed_name, runs_of
from grader.training.trajectories import pack, seal, unpack, unseal

MAX_LINE = 1_000_000
LIVE_MODELS = 6
"""Networks kept ready to go on with: to build and compile one anew takes as long as some epochs."""
LOOKERS = 12
"""Networks kept ready to evaluate or predict with: a notebook looks at each of its own many times."""
MAX_HELD_BYTES = 700_000_000
"""Data kept ready."""
LOOK_BATCH = 2000
LOOK_NUMBERS = 50_000_000
"""Numbers that the widest layer may give for the rows of one such batch."""
CHECKED_NUMBERS = 5_000_000
"""Outputs that are held at once while labels are checked."""
MAX_RESIDENT_BYTES = 2_500_000_000
"""What TensorFlow compiles it never gives back, some 10 MB a network: above this the process begins anew."""


def seed_of(key: str, epoch: int) -> int:
    """The seed of an epoch's order and noise; epoch 0 is that of the first weights."""
    return int.from_bytes(hashlib.sha256(f"{key} {epoch}".encode()).digest()[:4], "big")


class Damaged(Exception):
    """A sealed file that does not match its checksum; its path is the message."""


@dataclass(slots=True)
class Live:
    """A network in training."""

    model: Any
    epoch: int
    train: Callable[[Sequence[Array]], None]
    """Runs one epoch over batches of the data, as `runs_of` gives them."""
    runs: Iterator[list[Array]]
    """Of the next epoch, and of each after it."""


@dataclass(frozen=True, slots=True)
class Looker:
    """A network to evaluate and predict with, whatever its weights."""

    model: Any
    evaluate: Any
    """Adds a batch ``(x, y, weight)`` to the metrics."""
    predict: Any
    """Outputs for a batch."""


class Trainer:
    """Trains and evaluates. Keras builds one thing at a time; what is built trains beside others, a core each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cores = threading.Semaphore(len(os.sched_getaffinity(0)))
        self._live: OrderedDict[tuple[str, str], Live] = OrderedDict()
        self._lookers: OrderedDict[str, Looker] = OrderedDict()
        self._held: OrderedDict[str, Any] = OrderedDict()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a request asks. What Keras refuses comes back as ``raised``, a damaged file as ``damaged``."""
        try:
            return self._train(request) if request["op"] == "train" else self._look(request)
        except Damaged as error:
            return {"damaged": str(error)}
        except Exception as error:
            return {"raised": {"name": type(error).__name__, "message": str(error)[:4000]}}

    # --- training ---------------------------------------------------------------------------------------------------

    def _train(self, request: Mapping[str, Any]) -> dict[str, Any]:
        order, metrics = order_of(request["order"]), tuple(Part(**part) for part in request["metrics"])
        folder, measured = Path(request["folder"]), metrics_key(metrics)
        name = (order.key, measured)
        with self._lock:
            x, y, weight = self._data(order, request["files"])
            live = self._ready(name, order, metrics, request, x, y, weight)
        written = []
        for epoch in range(live.epoch + 1, request["to"] + 1):
            with self._cores:
                logs = _one_epoch(live, order, epoch)
            files = {"weights": pack(live.model.get_weights()), f"{measured}.logs": json.dumps(logs).encode()}
            if epoch in request["keep_state"]:
                files["state"] = pack([np.asarray(variable) for variable in live.model.optimizer.variables])
            for part, content in files.items():
                (folder / f"{epoch:05d}.{part}").write_bytes(seal(content))
                written.append([epoch, part])
        with self._lock:
            self._live[name] = live
            while len(self._live) > LIVE_MODELS:
                self._live.popitem(last=False)
        return {"written": written}

    def _ready(
        self,
        name: tuple[str, str],
        order: Order,
        metrics: tuple[Part, ...],
        request: Mapping[str, Any],
        x: Any,
        y: Any,
        weight: Any,
    ) -> Live:
        """A network at the epoch from which the request goes on; nobody else's until its training has ended well."""
        live, start = self._live.pop(name, None), request["from"]
        if live is None or live.epoch != start["epoch"]:
            live = self._built(order, metrics, start, x, y, weight)
        return live

    def _built(
        self, order: Order, metrics: tuple[Part, ...], start: Mapping[str, Any], x: Any, y: Any, weight: Any
    ) -> Live:
        import keras  # the process is light until it has something to train

        keras.utils.set_random_seed(seed_of(order.key, 0))
        model = build(order.layers, order.input_shape)
        model.compile(
            optimizer=build_optimizer(order.optimizer), loss=build_loss(order.loss), metrics=build_metrics(metrics)
        )
        model._symbolic_build(data_batch=(x[:1], y[:1], None if weight is None else weight[:1]))
        model.optimizer.build(model.trainable_variables)
        with _unchanged((*model.variables, *model.optimizer.variables)):
            _check(model, order, x, y, weight)
        if start["weights"] is not None:
            model.set_weights(unpack(_content(start["weights"])))
        if start["state"] is not None:
            for variable, value in zip(model.optimizer.variables, unpack(_content(start["state"])), strict=True):
                variable.assign(value)
            model.optimizer.learning_rate = order.optimizer.config["learning_rate"]
        train = compiled_epoch(model, order.batch_size, _extent(order, len(x)), x, y, weight)
        return Live(model, start["epoch"], train, _runs(order, len(x), start["epoch"] + 1))

    def _data(self, order: Order, files: Mapping[str, str]) -> tuple[Any, Any, Any]:
        import tensorflow as tf

        x, y = self._array(order.x, files), self._array(order.y, files)
        weight = None if order.sample_weight is None else self._array(order.sample_weight, files)
        if order.class_weight:
            from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

            weight = tf.cast(class_weight_to_sample_weights(y, dict(order.class_weight)), "float32")
        return x, y, weight

    def _array(self, digest: str, files: Mapping[str, str]) -> Any:
        """Data as a tensor, kept while there is room."""
        import tensorflow as tf

        if digest not in self._held:
            self._held[digest] = tf.constant(np.load(io.BytesIO(_content(files[digest])), allow_pickle=False))
        self._held.move_to_end(digest)
        while len(self._held) > 4 and sum(_bytes(held) for held in self._held.values()) > MAX_HELD_BYTES:
            self._held.popitem(last=False)
        return self._held[digest]

    # --- evaluating and predicting ----------------------------------------------------------------------------------

    def _look(self, request: Mapping[str, Any]) -> dict[str, Any]:
        look = look_of(request["look"])
        target = Path(request["folder"]) / "look"
        with self._lock:
            target.write_bytes(seal(self._looked(look, request)))
        return {"written": [[0, "look"]]}

    def _looked(self, look: Look, request: Mapping[str, Any]) -> bytes:
        import tensorflow as tf

        x = self._array(look.x, request["files"])
        looker = self._looker(look)
        looker.model.set_weights(unpack(_content(request["weights"])))
        rows = max(1, min(LOOK_BATCH, LOOK_NUMBERS // widest(look.layers, look.input_shape)))
        parts = [slice(start, start + rows) for start in range(0, len(x), rows)]
        if look.y is None:
            return pack([np.asarray(tf.concat([looker.predict(x[part]) for part in parts], 0))])
        y = self._array(look.y, request["files"])
        weight = None if look.sample_weight is None else self._array(look.sample_weight, request["files"])
        _check_lengths(x, y, weight)
        looker.model.reset_metrics()
        for part in parts:
            looker.evaluate(x[part], y[part], None if weight is None else weight[part])
        logs = looker.model.get_metrics_result()
        return json.dumps({name: float(logs[name]) for name in sorted(logs)}).encode()

    def _looker(self, look: Look) -> Looker:
        name = Look(look.at.__class__("", 0), look.layers, look.input_shape, "", "", look.loss, look.metrics).key
        if name not in self._lookers:
            self._lookers[name] = _looker_for(look)
        self._lookers.move_to_end(name)
        while len(self._lookers) > LOOKERS:
            self._lookers.popitem(last=False)
        return self._lookers[name]


# --- one epoch, compiled ----------------------------------------------------------------------------------------------


def compiled_epoch(
    model: Any, batch_size: int, extent: Extent, x: Any, y: Any, weight: Any
) -> Callable[[Sequence[Array]], None]:
    """A function ``(runs)`` that trains one epoch on some data: whole batches in one compiled loop, others one by one.

    Args:
        x, y, weight: tensors of shape (n, ...); `weight` may be None.
    """
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

    def epoch(runs: Sequence[Array]) -> None:
        for rows in runs:
            if len(rows) % batch_size:
                last(x, y, weight, tf.constant(rows, tf.int32))
            else:  # of one length, or XLA would compile the loop anew
                order = np.resize(rows, extent.whole)
                batches(x, y, weight, tf.constant(order, tf.int32), tf.constant(len(rows) // batch_size))

    if extent.whole:
        order, steps = tf.TensorSpec((extent.whole,), tf.int32), tf.TensorSpec((), tf.int32)
        batches.get_concrete_function(x, y, weight, order, steps)
    if extent.partial:
        last.get_concrete_function(x, y, weight, tf.TensorSpec((extent.partial,), tf.int32))
    return epoch


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


def _looker_for(look: Look) -> Looker:
    """Keras's own steps, compiled once: its `evaluate` and `predict` make a pipeline of the data in every call."""
    import tensorflow as tf

    model = build(look.layers, look.input_shape)
    loss = None if look.loss is None else build_loss(look.loss)
    model.compile(optimizer="sgd", loss=loss, metrics=build_metrics(look.metrics))
    evaluate = tf.function(lambda x, y, weight: model.test_step((x, y, weight)), autograph=False)
    return Looker(model, evaluate, tf.function(lambda x: model.predict_step((x,)), autograph=False))


def _rows(gather: Any, rows: Any, *arrays: Any) -> tuple[Any, ...]:
    return tuple(None if array is None else gather(array, rows) for array in arrays)


def _one_epoch(live: Live, order: Order, epoch: int) -> dict[str, float]:
    """Train one epoch, with seeds of its own, and give its logs in Keras's order of names."""
    seed = seed_of(order.key, epoch)
    for position, layer in enumerate(live.model.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(np.array([seed, position], generator.state.dtype))
    live.model.reset_metrics()
    live.train(next(live.runs))
    live.epoch = epoch
    results = live.model.get_metrics_result()
    return {name: float(np.float32(results[name])) for name in sorted(results)}


def _check(model: Any, order: Order, x: Any, y: Any, weight: Any) -> None:
    """Make plain Keras's errors: code compiled by XLA computes what plain operations refuse, and goes on with NaN.

    One step is run operation by operation, for what layers and gradients refuse, and loss and metrics are run so over
    all labels, for what they refuse of data.

    Raises:
        Exception: whatever Keras raises.
    """
    import tensorflow as tf

    _check_lengths(x, y, weight)
    model.train_step(tuple(None if array is None else array[: order.batch_size] for array in (x, y, weight)))
    output = model(x[:1], training=False)
    rows = max(1, CHECKED_NUMBERS // max(1, int(np.prod(output.shape))))
    for start in range(0, len(y), rows):
        part = slice(start, start + rows)
        labels, weights = y[part], None if weight is None else weight[part]
        predicted = tf.repeat(output, len(labels), axis=0)
        model._compute_loss(x[part], labels, predicted, sample_weight=weights, training=False)
        model.compute_metrics(x[part], labels, predicted, sample_weight=weights)


def _check_lengths(*arrays: Any) -> None:
    sizes = [len(array) for array in arrays if array is not None]
    if len({*sizes}) > 1:
        raise ValueError(f"inputs, labels and weights must be of one number. Received: {sizes}")


@contextlib.contextmanager
def _unchanged(variables: tuple[Any, ...]) -> Iterator[None]:
    """Give variables their values back."""
    before = [variable.numpy().copy() for variable in variables]
    yield
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)


def _content(path: str) -> bytes:
    content = unseal(Path(path).read_bytes())
    if content is None:
        raise Damaged(path)
    return content


def _bytes(tensor: Any) -> int:
    return int(np.prod(tensor.shape, dtype=np.int64)) * int(tensor.dtype.size)


# --- the process ------------------------------------------------------------------------------------------------------


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in iter(lambda: self.rfile.readline(MAX_LINE), b""):
            reply = self.server.trainer.answer(json.loads(line))  # type: ignore[attr-defined]
            self.wfile.write(json.dumps(reply).encode() + b"\n")


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: str, listening: int | None) -> None:
        """Args: listening: descriptor of the socket, where a process before this one listens at the path already."""
        super().__init__(path, _Handler, bind_and_activate=listening is None)
        if listening is not None:
            self.socket.close()
            self.socket = socket.socket(fileno=listening)
        self.trainer = Trainer()
        self._under_way: list[threading.Thread] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for each client."""
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._under_way.append(thread)
        thread.start()

    def service_actions(self) -> None:
        """Begin anew while nobody is served: who connects meanwhile waits at the socket, which stays."""
        self._under_way = [thread for thread in self._under_way if thread.is_alive()]
        if not self._under_way and psutil.Process().memory_info().rss > MAX_RESIDENT_BYTES:
            os.set_inheritable(self.fileno(), True)
            words = [sys.executable, "-m", "grader.training.trainer", str(self.server_address), str(self.fileno())]
            os.execv(sys.executable, words)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no fault."""


def main() -> None:
    """Serve until the process that started this one is gone: it holds the other end of standard input."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    server = _Server(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with contextlib.suppress(OSError):
        sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
