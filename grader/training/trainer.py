"""The trusted trainer: a process of its own, without network, that trains what it is ordered to.

``python -m grader.training.trainer SOCKET`` answers requests on a Unix socket, one line of JSON each way. Inputs are
sealed files that the request names; what was trained goes as sealed files into a folder that the request names. The
mathematics is Keras's own, compiled (`compiled`).
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import socket
import socketserver
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from grader.training.building import build, build_loss, build_metrics, size
from grader.training.compiled import Compiled, Data, Start, check_lengths, form_of
from grader.training.orders import Look, Order, Part, look_of, metrics_key, order_of
from grader.training.sizes import compared
from grader.training.trajectories import pack, seal, unpack, unseal

MAX_LINE = 1_000_000
IDLE_NETWORKS = 32
"""Compiled networks kept ready, to go on with or for another order of their form."""
MAX_IDLE_BYTES = 500_000_000
"""Variables of those."""
LOOKERS = 12
"""Networks kept ready to evaluate or predict with: a notebook looks at each of its own many times."""
MAX_HELD_BYTES = 700_000_000
"""Data kept ready."""
LOOK_BATCH = 2000
LOOK_NUMBERS = 50_000_000
"""Numbers that the widest layer may give for the rows of one such batch."""
MAX_PREDICTED = 100_000_000
"""Numbers of one prediction, of which there are four copies for a moment: twice the pixels of 60,000 images."""
MAX_RESIDENT_BYTES = 2_500_000_000
"""What TensorFlow compiles it never gives back, some 10 MB a network: above this the process begins anew."""


class Damaged(Exception):
    """A sealed file that does not match its checksum; its path is the message."""


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
        self._idle: OrderedDict[tuple[str, str], Compiled] = OrderedDict()
        self._lookers: OrderedDict[str, Looker] = OrderedDict()
        self._held: OrderedDict[str, Any] = OrderedDict()

    @property
    def idle(self) -> tuple[tuple[str, str], ...]:
        """Names of the networks that are kept, by order and metrics; the one used last is last."""
        return tuple(self._idle)

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
            data = self._data(order, request["files"])
            network = self._ready(name, order, metrics, data, request["from"])
        written = []
        for epoch in range(network.epoch + 1, request["to"] + 1):
            with self._cores:
                logs = network.train(data)
            files = {"weights": pack(network.weights), f"{measured}.logs": json.dumps(logs).encode()}
            if epoch in request["keep_state"]:
                files["state"] = pack(network.state)
            for part, content in files.items():
                (folder / f"{epoch:05d}.{part}").write_bytes(seal(content))
                written.append([epoch, part])
        with self._lock:
            self._keep(name, network)
        return {"written": written}

    def _ready(
        self, name: tuple[str, str], order: Order, metrics: tuple[Part, ...], data: Data, begin: Mapping[str, Any]
    ) -> Compiled:
        """A network at the epoch from which a request goes on; nobody else's until its training has ended well."""
        network = self._idle.pop(name, None)
        if network is None or network.epoch != begin["epoch"]:
            network = network or self._idle_of(form_of(order, metrics, data)) or Compiled(order, metrics, data)
            weights, state = (begin[part] and unpack(_content(begin[part])) for part in ("weights", "state"))
            network.begin(order, Start(begin["epoch"], weights, state), data)
        return network

    def _idle_of(self, form: str) -> Compiled | None:
        """The network of a form that has been idle longest."""
        name = next((name for name, network in self._idle.items() if network.form == form), None)
        return None if name is None else self._idle.pop(name)

    def _keep(self, name: tuple[str, str], network: Compiled) -> None:
        self._idle[name] = network
        while len(self._idle) > IDLE_NETWORKS or sum(idle.size for idle in self._idle.values()) > MAX_IDLE_BYTES:
            self._idle.popitem(last=False)

    def _data(self, order: Order, files: Mapping[str, str]) -> Data:
        import tensorflow as tf

        x, y = self._array(order.x, files), self._array(order.y, files)
        weight = None if order.sample_weight is None else self._array(order.sample_weight, files)
        if order.class_weight:
            from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

            weight = tf.cast(class_weight_to_sample_weights(y, dict(order.class_weight)), "float32")
        return Data(x, y, weight)

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
        taken = size(look.layers, look.input_shape)
        if look.y is None and len(x) * math.prod(taken.shape) > MAX_PREDICTED:
            raise ValueError(f"a prediction must give at most {MAX_PREDICTED} numbers. Received: more")
        y = None if look.y is None else self._array(look.y, request["files"])
        widest = max(taken.widest, 0 if y is None else compared(taken.shape, y.shape[1:]))
        if widest > LOOK_NUMBERS:
            raise ValueError(f"a row must take at most {LOOK_NUMBERS} numbers. Received: {widest}")
        rows = max(1, min(LOOK_BATCH, LOOK_NUMBERS // widest))
        parts = [slice(start, start + rows) for start in range(0, len(x), rows)]
        looker = self._looker(look)
        looker.model.set_weights(unpack(_content(request["weights"])))
        if y is None:
            return pack([np.asarray(tf.concat([looker.predict(x[part]) for part in parts], 0))])
        weight = None if look.sample_weight is None else self._array(look.sample_weight, request["files"])
        check_lengths(x, y, weight)
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


def _looker_for(look: Look) -> Looker:
    """Keras's own steps, compiled once: its `evaluate` and `predict` make a pipeline of the data in every call."""
    import tensorflow as tf

    model = build(look.layers, look.input_shape)
    loss = None if look.loss is None else build_loss(look.loss)
    model.compile(optimizer="sgd", loss=loss, metrics=build_metrics(look.metrics))
    evaluate = tf.function(lambda x, y, weight: model.test_step((x, y, weight)), autograph=False)
    return Looker(model, evaluate, tf.function(lambda x: model.predict_step((x,)), autograph=False))


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
