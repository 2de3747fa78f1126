"""The trusted trainer: a process of its own, without network, that trains what it is ordered to.

``python -m grader.training.trainer SOCKET`` answers requests on a Unix socket, one line of JSON each way. Inputs are
sealed files that the request names; what was trained goes as sealed files into a folder that the request names. The
mathematics is Keras's own, compiled (`compiled`).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import socketserver
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from grader import memory
from grader.training.compiled import Compiled, Data, Start, form_of
from grader.training.looking import MANY_PREDICTED, Looker, kind_of, rows_of
from grader.training.orders import Order, Part, look_of, metrics_key, order_of
from grader.training.trajectories import pack, seal, unpack, unseal
from grader.training.turns import Client, HungUp, Turns

MAX_LINE = 1_000_000
IDLE_NETWORKS = 32
"""Compiled networks kept ready, to go on with or for another order of their form."""
MAX_IDLE_BYTES = 500_000_000
"""Variables of those."""
LOOKERS = 12
"""Networks kept ready to evaluate or predict with: a notebook looks at each of its own many times."""
MAX_HELD_BYTES = 700_000_000
"""Data kept ready."""
MAX_WRITTEN = 1_000_000_000
"""Bytes after which a request has got enough epochs, and has to be made again for more."""
MAX_RESIDENT_BYTES = 2_500_000_000
"""What TensorFlow compiles it never gives back, some 10 MB a network: above this an idle process begins anew."""
MOST_RESIDENT_BYTES = 6_000_000_000
"""Above this it begins anew at once, whatever it does."""


ANYBODY = Client()


class Damaged(Exception):
    """A sealed file that does not match its checksum; its path is the message."""


class Trainer:
    """Trains and evaluates. Keras builds one thing at a time; what is built computes beside others, a core each.

    Submissions take turns, an epoch or a part of an evaluation each.
    """

    def __init__(self) -> None:
        self._building = Turns(1)
        self._cores = Turns(len(os.sched_getaffinity(0)))
        self._large = Turns(1)
        """For batches and predictions that take much memory."""
        self._idle: OrderedDict[tuple[str, str], Compiled] = OrderedDict()
        self._lookers: OrderedDict[str, Looker] = OrderedDict()
        self._held: OrderedDict[str, Any] = OrderedDict()

    @property
    def idle(self) -> tuple[tuple[str, str], ...]:
        """Names of the networks that are kept, by order and metrics; the one used last is last."""
        return tuple(self._idle)

    def answer(self, request: Mapping[str, Any], client: Client = ANYBODY) -> dict[str, Any]:
        """Do what a request asks. What Keras refuses comes back as ``raised``, a damaged file as ``damaged``.

        To a client that hung up nothing is answered.
        """
        try:
            return (self._train if request["op"] == "train" else self._look)(request, client)
        except HungUp:
            return {}
        except Damaged as error:
            return {"damaged": str(error)}
        except Exception as error:
            return {"raised": {"name": type(error).__name__, "message": str(error)[:4000]}}

    # --- training ---------------------------------------------------------------------------------------------------

    def _train(self, request: Mapping[str, Any], client: Client) -> dict[str, Any]:
        order, metrics = order_of(request["order"]), tuple(Part(**part) for part in request["metrics"])
        folder, measured = Path(request["folder"]), metrics_key(metrics)
        name = (order.key, measured)
        with self._building.turn(client):
            data = self._data(order, request["files"])
            network = self._ready(name, order, metrics, data, request["from"])
        with self._cores.turn(client):
            network.check(data)
        written: list[list[Any]] = []
        size = 0
        for epoch in range(network.epoch + 1, request["to"] + 1):
            if size >= MAX_WRITTEN:
                break
            with self._alone(client, network.is_large):
                with self._cores.turn(client):
                    client.check()
                    logs = network.train(data)
                files = {"weights": pack(network.weights), f"{measured}.logs": json.dumps(logs).encode()}
                size += sum(map(len, files.values()))
                if epoch in request["keep_state"] or size >= MAX_WRITTEN:
                    files["state"] = pack(network.state)
                for part, content in files.items():
                    (folder / f"{epoch:05d}.{part}").write_bytes(seal(content))
                    written.append([epoch, part])
        with self._building.turn(client):
            self._keep(name, network)
        return {"written": written}

    def _alone(self, client: Client, large: bool) -> contextlib.AbstractContextManager[None]:
        """While work is done that takes much memory, no other such work is."""
        return self._large.turn(client) if large else contextlib.nullcontext()

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

    def _look(self, request: Mapping[str, Any], client: Client) -> dict[str, Any]:
        look = look_of(request["look"])
        with self._building.turn(client):
            arrays = (look.x, look.y, look.sample_weight)
            rows = rows_of(look, *(digest and self._array(digest, request["files"]) for digest in arrays))
            looker = self._lookers.pop(kind_of(look), None) or Looker(look)
            looker.prepare(rows)
        weights, turn = unpack(_content(request["weights"])), partial(self._cores.turn, client)
        with self._alone(client, rows.predicted > MANY_PREDICTED):
            content = (looker.predict if look.y is None else looker.evaluate)(weights, rows, turn)
            (Path(request["folder"]) / "look").write_bytes(seal(content))
        with self._building.turn(client):
            self._lookers[kind_of(look)] = looker
            while len(self._lookers) > LOOKERS:
                self._lookers.popitem(last=False)
        return {"written": [[0, "look"]]}


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
            request = json.loads(line)
            client = Client(request["submission"], self._is_gone)
            server: _Server = self.server  # type: ignore[assignment]
            with server.serving(self.connection):
                reply = server.trainer.answer(request, client)
            self.wfile.write(json.dumps(reply).encode() + b"\n")

    def _is_gone(self) -> bool:
        """True once the other side has hung up: until it is answered it says nothing."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True


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
        self._served: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for each client."""
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._under_way.append(thread)
        thread.start()

    def service_actions(self) -> None:
        """Begin anew while nobody is served: who connects meanwhile waits at the socket, which stays."""
        self._under_way = [thread for thread in self._under_way if thread.is_alive()]
        if not self._under_way and memory.resident() > MAX_RESIDENT_BYTES:
            self._begin_anew()

    @contextlib.contextmanager
    def serving(self, connection: socket.socket) -> Iterator[None]:
        """While a request is under way."""
        self._served.add(connection)
        try:
            yield
        finally:
            self._served.discard(connection)

    def give_up(self, used: int) -> None:
        """Begin anew in the middle of everything, since it takes too much memory: who is served is told so."""
        for connection in list(self._served):
            with contextlib.suppress(OSError):
                connection.sendall(json.dumps({"memory": used}).encode() + b"\n")
        self._begin_anew()

    def _begin_anew(self) -> None:
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
    memory.watch(MOST_RESIDENT_BYTES, server.give_up)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with contextlib.suppress(OSError):
        sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
