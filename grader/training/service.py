"""Starts the trusted trainer, and brings store and trainer together: what was trained is read, what was not is ordered.

`Trainings` is what the rest of the grader sees. It never trains itself: a missing epoch is trained by the trainer's
process while this one holds the trajectory's lock, so that among many workers one trains and the others wait.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from grader.errors import NotTrainable, TrainerError
from grader.records import Array
from grader.training.orders import Look, Order, Part, Point, metrics_key
from grader.training.trajectories import Trajectories, unpack, unseal

START_SECONDS = 60.0
STATE_EVERY = 10
"""Epochs between two states that are kept beyond those at which trainings end."""


class TrainerProcess:
    """The trainer's process; ends with this object, or with the process that made it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="t-"))
        self.socket = self._folder / "s"
        self._process = subprocess.Popen(
            [*_isolation(self._folder), sys.executable, "-m", "grader.training.trainer", str(self.socket)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "log").open("wb"),
            start_new_session=True,
        )

    def wait(self) -> None:
        """Until it listens. Raises TrainerError if it does not."""
        deadline = time.monotonic() + START_SECONDS
        while not self.socket.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise TrainerError(f"the trainer must start. Received: {self._log()}")
            time.sleep(0.02)

    def _log(self) -> str:
        lines = (self._folder / "log").read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else f"exit code {self._process.poll()}"

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _isolation(folder: Path) -> list[str]:
    """No network, nothing to write to but its own folder; without bubblewrap the trainer runs as it is."""
    if shutil.which("bwrap") is None:
        return []
    command = ["bwrap", "--unshare-net", "--unshare-ipc", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev"]
    return [*command, "--bind", str(folder), str(folder), "--setenv", "TMPDIR", str(folder)]


@cache
def open_trainings(url: str, max_bytes: int, trainer: str = "") -> Trainings:
    """The store at a URL, with the trainer that listens on a socket, or with one of this process's own.

    Raises:
        TrainerError: no trainer can be started.
    """
    store = Trajectories(url, max_bytes)
    if trainer and Path(trainer).exists():
        return Trainings(store, Path(trainer))
    process = TrainerProcess()
    atexit.register(process.close)
    process.wait()
    return Trainings(store, process.socket)


class Trainings:
    """Trained networks by order and epoch, from the store or, where it lacks them, from the trainer."""

    def __init__(self, store: Trajectories, trainer: Path) -> None:
        """Args: trainer: the socket of a trainer's process."""
        self._store = store
        self._trainer = trainer
        self.trained = 0
        """Epochs that had to be trained."""

    @property
    def store(self) -> Trajectories:
        """Where everything is kept."""
        return self._store

    def epoch(
        self, order: Order, epoch: int, metrics: tuple[Part, ...], ahead: int = 0
    ) -> tuple[tuple[Array, ...], dict[str, float]]:
        """Weights and logs at the end of an epoch.

        Args:
            ahead: the epoch up to which training will surely go on, so that it is trained in one go.

        Raises:
            NotTrainable: Keras refuses this training.
            TrainerError: the trainer failed.
        """
        point, measured = Point(order.key, epoch), metrics_key(metrics)
        found = self._read(point, measured)
        if found is None:
            with self._store.lock(order.key):
                if not self._store.has_epoch(point, measured):
                    to = max(epoch, ahead)
                    self._order(order, to, metrics, frozenset({to}), measured)
            found = self._read(point, measured)
        if found is None:
            raise TrainerError(f"epoch {epoch} must be in the store after it was trained. Received: nothing")
        return found

    def state(self, order: Order, epoch: int, metrics: tuple[Part, ...]) -> tuple[Array, ...]:
        """The optimizer's arrays at the end of an epoch. Raises as `epoch` does."""
        point = Point(order.key, epoch)
        found = self._store.state(point)
        if found is None:
            with self._store.lock(order.key):
                self._order(order, epoch, metrics, frozenset({epoch}), metrics_key(metrics), again=True)
            found = self._store.state(point)
        if found is None:
            raise TrainerError(f"a state must be in the store after it was trained. Received: nothing at {epoch}")
        return found

    def look(self, look: Look, order: Order, metrics: tuple[Part, ...]) -> bytes:
        """What an evaluation (JSON) or prediction (packed array) gives, at a point of an order's trajectory.

        Raises as `epoch` does.
        """
        found = self._store.look(look.key)
        if found is None:
            self.epoch(order, look.at.epoch, metrics)
            with self._scratch() as folder:
                weights = self._local(look.at, "weights", folder)
                digests = [digest for digest in (look.x, look.y, look.sample_weight) if digest is not None]
                request = {"op": "look", "look": asdict(look), "weights": weights, "folder": str(folder)}
                self._ask({**request, "files": self._files(digests, folder)})
                found = unseal((folder / "look").read_bytes())
            if found is None:
                raise TrainerError("a look must come back whole. Received: a damaged file")
            self._store.put_look(look.key, found)
        return found

    def prediction(self, look: Look, order: Order, metrics: tuple[Part, ...]) -> Array:
        """What `look` gives for a prediction, shape (n, outputs...)."""
        return unpack(self.look(look, order, metrics))[0]

    # --- parts ------------------------------------------------------------------------------------------------------

    def _read(self, point: Point, measured: str) -> tuple[tuple[Array, ...], dict[str, float]] | None:
        logs = self._store.logs(point, measured)
        weights = None if logs is None else self._store.weights(point)
        return None if logs is None or weights is None else (weights, logs)

    def _order(
        self,
        order: Order,
        to: int,
        metrics: tuple[Part, ...],
        keep_state: frozenset[int],
        measured: str,
        again: bool = False,
    ) -> None:
        """Have epochs trained, from the nearest moment that the store can go on from."""
        start = next(
            (
                epoch
                for epoch in range(to - 1, 0, -1)
                if self._store.has_state(Point(order.key, epoch))
                and (again or self._has_logs(order.key, epoch, measured))
            ),
            0,
        )
        kept = sorted({*keep_state, *range(STATE_EVERY, to + 1, STATE_EVERY)})
        with self._scratch() as folder:
            begin = self._begin(order, start, folder)
            digests = [digest for digest in (order.x, order.y, order.sample_weight) if digest is not None]
            request = {"op": "train", "order": asdict(order), "metrics": [asdict(metric) for metric in metrics]}
            reply = self._ask(
                {
                    **request,
                    "from": begin,
                    "to": to,
                    "keep_state": kept,
                    "folder": str(folder),
                    "files": self._files(digests, folder),
                }
            )
            for epoch, part in reply["written"]:
                file = folder / f"{int(epoch):05d}.{part}"
                self._store.put_sealed(Point(order.key, int(epoch)), str(part), file.read_bytes())
                self.trained += part == "weights"

    def _has_logs(self, key: str, epoch: int, measured: str) -> bool:
        """True if the next epoch to be trained is the first whose logs are missing."""
        return all(self._store.has_epoch(Point(key, earlier), measured) for earlier in range(1, epoch + 1))

    def _begin(self, order: Order, start: int, folder: Path) -> dict[str, Any]:
        """Files to begin from: the trajectory's own at `start`, or those that the order begins with."""
        if start:
            point = Point(order.key, start)
            return {
                "epoch": start,
                "weights": self._local(point, "weights", folder),
                "state": self._local(point, "state", folder),
            }
        return {
            "epoch": 0,
            "weights": None if order.weights is None else self._local(order.weights, "weights", folder),
            "state": None if order.optimizer_state is None else self._local(order.optimizer_state, "state", folder),
        }

    def _local(self, point: Point, part: str, folder: Path) -> str:
        """A file of the store, where the trainer can read it."""
        content = self._store.sealed(point, part)
        if content is None:
            raise TrainerError(f"{part} of epoch {point.epoch} must be in the store. Received: nothing")
        target = folder / f"from-{point.key[:16]}-{point.epoch}.{part}"
        target.write_bytes(content)
        return str(target)

    def _files(self, digests: list[str], folder: Path) -> dict[str, str]:
        """Data as files that the trainer can read: the store's own, or copies of a store elsewhere."""
        files = {}
        for digest in digests:
            path = self._store.data_file(digest, folder)
            if path is None:
                raise TrainerError(f"data must be in the store before training. Received: {digest[:12]}, not there")
            files[digest] = str(path)
        return files

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        """A folder that the trainer, too, may write to."""
        if not self._trainer.parent.is_dir():
            self._replace_trainer()
        folder = Path(tempfile.mkdtemp(prefix="w-", dir=self._trainer.parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _replace_trainer(self) -> None:
        """A trainer that died answers no more: from here on this process has one of its own."""
        process = TrainerProcess()
        atexit.register(process.close)
        process.wait()
        self._trainer = process.socket

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.connect(str(self._trainer))
                connection.sendall(json.dumps(request).encode() + b"\n")
                line = connection.makefile("rb").readline()
            reply = json.loads(line)
        except (OSError, ValueError) as error:
            self._replace_trainer()
            raise TrainerError(f"the trainer must answer. Received: {type(error).__name__}: {error}") from error
        if "raised" in reply:
            raised = reply["raised"]
            raise NotTrainable(f"Keras must take the training. Received: {raised['name']}: {raised['message']}")
        return dict(reply)
