"""Starts the trusted trainer, and brings store and trainer together: what was trained is read, what was not is ordered.

`Trainings` is what the rest of the grader sees. It never trains itself: a missing epoch is trained by the trainer's
process while this one holds the trajectory's lock, so that among many workers one trains and the others wait.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import psutil

from grader.errors import DeadlineError, NotTrainable, TooMuch, TrainerError
from grader.processes import OwnedProcess, make_folder
from grader.records import Array
from grader.training.orders import Look, Order, Part, Point, metrics_key
from grader.training.patience import Patience
from grader.training.trajectories import Trajectories, unpack, unseal
from grader.training.work import Budget

T = TypeVar("T")

START_SECONDS = 60.0
HAND_OVER_SECONDS = 30.0
"""How long a trainer may take to read a request."""
LOOK_SECONDS = 0.2
"""How often somebody who waits looks whether the wait is over."""
STATE_EVERY = 10
"""Epochs between two states that are kept beyond those at which trainings end."""


class TrainerProcess(OwnedProcess):
    """The trainer's process."""

    def __init__(self) -> None:
        folder = make_folder("t-")
        self.socket = folder / "s"
        with (folder / "log").open("wb") as log:
            super().__init__(
                folder,
                [*_isolation(folder), sys.executable, "-m", "grader.training.trainer", str(self.socket)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Until it listens. Raises TrainerError if it does not; it is closed then."""
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            if not self.alive or time.monotonic() > deadline:
                said = self._log()
                self.close()
                raise TrainerError(f"the trainer must start. Received: {said}")
            time.sleep(0.02)

    def _listens(self) -> bool:
        """True once a connection is taken: the socket's file is there a moment earlier."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            return connection.connect_ex(str(self.socket)) == 0

    def _log(self) -> str:
        lines = (self._folder / "log").read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else f"exit code {self.exit_code}"


def _isolation(folder: Path) -> list[str]:
    """No network, nothing to write to but its own folder; without bubblewrap the trainer runs as it is."""
    if shutil.which("bwrap") is None:
        return []
    command = ["bwrap", "--unshare-net", "--unshare-ipc", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev"]
    command += ["--ro-bind-try", "/dev/shm", "/dev/shm"]  # the grader may be installed there
    return [*command, "--bind", str(folder), str(folder), "--setenv", "TMPDIR", str(folder)]


@cache
def open_trainings(url: str, max_bytes: int, trainer: str = "") -> Trainings:
    """The store at a URL, with the trainer that listens on a socket, or with one of this process's own."""
    return Trainings(Trajectories(url, max_bytes), Path(trainer) if trainer else None)


@dataclass(slots=True)
class Address:
    """Where a trainer listens; None as long as this process has none."""

    socket: Path | None


class Trainings:
    """Trained networks by order and epoch, from the store or, where it lacks them, from the trainer.

    Each answer comes within `patience.ANSWER_SECONDS`, or there is a DeadlineError.
    """

    def __init__(self, store: Trajectories, trainer: Path | None) -> None:
        """Args: trainer: socket of a trainer's process; None for one of this process's own, once it is needed."""
        self._store = store
        self._trainer = Address(trainer)
        self.budget = Budget()
        """Taken from by whoever asks for a submission."""
        self._submission = ""
        self._too_large = False
        """What was ordered by whom this is for did not fit into a trainer of its own."""
        self._over = threading.Event()
        self.trained = 0
        """Epochs that had to be trained."""

    def for_submission(self, submission: str, budget: Budget | None = None) -> Trainings:
        """The same store and trainer for one submission, which may stop waiting, and takes turns with others.

        Args:
            budget: what it may ask for; None for the same one.
        """
        other = copy.copy(self)
        other._submission, other._over, other._too_large, other.trained = submission, threading.Event(), False, 0
        other.budget = budget or self.budget
        return other

    def abandon(self) -> None:
        """Nobody waits any more: what is under way ends in a TrainerError, and the trainer lets go of it."""
        self._over.set()

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
            DeadlineError: it did not answer in time.
        """
        point, measured = Point(order.key, epoch), metrics_key(metrics)
        return self._had(
            point,
            lambda: self._read(point, measured),
            lambda patience: self._go_to(order, epoch, ahead, metrics, patience),
        )

    def logs(self, order: Order, epoch: int, metrics: tuple[Part, ...], ahead: int = 0) -> dict[str, float]:
        """As `epoch`, where nobody wants the weights: they are in the store."""
        point, measured = Point(order.key, epoch), metrics_key(metrics)
        return self._had(
            point,
            lambda: self._read_logs(point, measured),
            lambda patience: self._go_to(order, epoch, ahead, metrics, patience),
        )

    def state(self, order: Order, epoch: int, metrics: tuple[Part, ...]) -> tuple[Array, ...]:
        """The optimizer's arrays at the end of an epoch. Raises as `epoch` does."""
        point = Point(order.key, epoch)
        return self._had(
            point,
            lambda: self._store.state(point),
            lambda patience: self._order(order, epoch, epoch, metrics, patience, again=True),
        )

    def look(self, look: Look, order: Order, metrics: tuple[Part, ...]) -> bytes:
        """What an evaluation (JSON) or prediction (packed array) gives, at a point of an order's trajectory.

        Raises as `epoch` does.
        """
        found = self._store.look(look.key)
        if found is None:
            self.epoch(order, look.at.epoch, metrics)
            digests = [digest for digest in (look.x, look.y, look.sample_weight) if digest is not None]

            def request(folder: Path) -> dict[str, Any]:
                weights = self._local(look.at, "weights", folder)
                asked = {"op": "look", "look": asdict(look), "weights": weights}
                return {**asked, "files": self._files(digests, folder)}

            patience = Patience(self._over)
            found = unseal(self._ordered(request, lambda folder, _reply: (folder / "look").read_bytes(), patience))
            if found is None:
                raise TrainerError("a look must come back whole. Received: a damaged file")
            self._store.put_look(look.key, found)
        return found

    def prediction(self, look: Look, order: Order, metrics: tuple[Part, ...]) -> Array:
        """What `look` gives for a prediction, shape (n, outputs...)."""
        return unpack(self.look(look, order, metrics))[0]

    # --- parts ------------------------------------------------------------------------------------------------------

    def _had(self, point: Point, read: Callable[[], T | None], train: Callable[[Patience], None]) -> T:
        """What is read of a point, once it was trained if the store lacks it; one trains, the others wait for it."""
        found = read()
        if found is None:
            patience = Patience(self._over)
            with self._store.lock(point.key, patience):
                found = read()
                if found is None:
                    train(patience)
                    found = read()
        if found is None:
            raise TrainerError(f"epoch {point.epoch} must be in the store after it was trained. Received: nothing")
        return found

    def _go_to(self, order: Order, epoch: int, ahead: int, metrics: tuple[Part, ...], patience: Patience) -> None:
        self._order(order, epoch, max(epoch, ahead), metrics, patience)

    def _read_logs(self, point: Point, measured: str) -> dict[str, float] | None:
        return self._store.logs(point, measured) if self._store.has_epoch(point, measured) else None

    def _read(self, point: Point, measured: str) -> tuple[tuple[Array, ...], dict[str, float]] | None:
        logs = self._store.logs(point, measured)
        weights = None if logs is None else self._store.weights(point)
        return None if logs is None or weights is None else (weights, logs)

    def _order(
        self,
        order: Order,
        first: int,
        to: int,
        metrics: tuple[Part, ...],
        patience: Patience,
        again: bool = False,
    ) -> None:
        """Have epochs trained, from the nearest moment before `first` that the store can go on from, at least to there.

        Args:
            again: True if the logs of earlier epochs are not asked for.
        """
        kept = sorted({to, *range(STATE_EVERY, to + 1, STATE_EVERY)})
        digests = [digest for digest in (order.x, order.y, order.sample_weight) if digest is not None]

        def request(folder: Path) -> dict[str, Any]:
            return {
                "op": "train",
                "order": asdict(order),
                "metrics": [asdict(metric) for metric in metrics],
                "from": self._begin(order, first, None if again else metrics_key(metrics), folder),
                "to": to,
                "keep_state": kept,
                "files": self._files(digests, folder),
            }

        def take(folder: Path, reply: Mapping[str, Any]) -> int:
            for epoch, part in reply["written"]:
                file = folder / f"{int(epoch):05d}.{part}"
                self._store.put_sealed(Point(order.key, int(epoch)), str(part), file.read_bytes())
                file.unlink()
                self.trained += part == "weights"
            return max((int(epoch) for epoch, _ in reply["written"]), default=0)

        reached = 0
        while reached < first:  # the trainer writes so much at a time
            before, reached = reached, self._ordered(request, take, patience)
            if reached <= before:
                raise TrainerError(f"a training must go on. Received: epoch {reached} after epoch {before}")

    def _has_logs(self, key: str, epoch: int, measured: str) -> bool:
        """True if the next epoch to be trained is the first whose logs are missing."""
        return all(self._store.has_epoch(Point(key, earlier), measured) for earlier in range(1, epoch + 1))

    def _begin(self, order: Order, first: int, measured: str | None, folder: Path) -> dict[str, Any]:
        """Files to begin from: the trajectory's own of an epoch before `first`, or those that the order begins with.

        A moment of which a file is damaged is none to begin from.
        """
        for epoch in range(first - 1, 0, -1):
            point = Point(order.key, epoch)
            if self._store.has_state(point) and (measured is None or self._has_logs(order.key, epoch, measured)):
                with contextlib.suppress(TrainerError):
                    weights, state = (self._local(point, part, folder) for part in ("weights", "state"))
                    return {"epoch": epoch, "weights": weights, "state": state}
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

    def _ordered(
        self,
        request: Callable[[Path], Mapping[str, Any]],
        take: Callable[[Path, Mapping[str, Any]], T],
        patience: Patience,
    ) -> T:
        """Ask the trainer, and take what it wrote; where there is none, or it died, one of this process's own is asked.

        Raises:
            NotTrainable: Keras refuses the work, or it takes too much memory.
            TrainerError: no trainer answers.
            DeadlineError: it does not answer in time.
        """
        too_large = self._too_large
        for _ in range(0 if too_large else 2):
            with self._listening(alone=too_large) as trainer, _scratch(trainer.parent) as folder:
                asked = {**request(folder), "submission": self._submission, "folder": str(folder)}
                reply = self._asked(trainer, asked, patience)
                if reply is not None and "memory" not in reply:
                    return take(folder, self._checked(reply, asked["files"]))
            if reply is None and not too_large:
                self._trainer.socket = None
            too_large = reply is not None
        if too_large:
            self._too_large = True
            raise TooMuch("what is trained must fit into the trainer's memory. Received: more")
        raise TrainerError("the trainer must answer. Received: nothing, twice")

    def _asked(self, trainer: Path, request: Mapping[str, Any], patience: Patience) -> dict[str, Any] | None:
        """As `_ask`; a trainer that is late is given up, as one that is gone."""
        try:
            return _ask(trainer, request, patience)
        except DeadlineError:
            self._trainer.socket = None
            raise

    @contextlib.contextmanager
    def _listening(self, *, alone: bool) -> Iterator[Path]:
        """Socket of the trainer, started where there is none. Raises TrainerError.

        Args:
            alone: of one that does nothing else, and ends with the context.
        """
        found = self._trainer.socket
        if alone or found is None or not found.parent.is_dir():
            own = TrainerProcess()
            own.wait()
            if alone:
                with contextlib.closing(own):
                    yield own.socket
                return
            self._trainer.socket = found = own.socket
        yield found

    def _checked(self, reply: Mapping[str, Any], files: Mapping[str, str]) -> Mapping[str, Any]:
        if "damaged" in reply:
            for digest in (digest for digest, path in files.items() if path == reply["damaged"]):
                self._store.data(digest)  # found damaged, it is removed, and will be handed over anew
            raise TrainerError(f"data must be whole. Received: {reply['damaged']}, which is damaged")
        if "raised" in reply:
            raised = reply["raised"]
            raise NotTrainable(f"Keras must take the training. Received: {raised['name']}: {raised['message']}")
        return reply


@contextlib.contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """A folder that the trainer, too, may write to. Those of processes that were killed go with the next one."""
    for left in parent.glob("w-*"):
        if not psutil.pid_exists(int(left.name.split("-")[1])):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"w-{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ask(trainer: Path, request: Mapping[str, Any], patience: Patience) -> dict[str, Any] | None:
    """The reply of the trainer at a socket; None where it is gone. Who stops waiting hangs up, which the trainer sees.

    Raises:
        DeadlineError, TrainerError: the wait is over.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(HAND_OVER_SECONDS)
            connection.connect(str(trainer))
            connection.sendall(json.dumps(request).encode() + b"\n")
            connection.settimeout(LOOK_SECONDS)
            return dict(json.loads(_read_line(connection, patience)))
    except (OSError, ValueError):
        return None


def _read_line(connection: socket.socket, patience: Patience) -> bytes:
    """All until the end of a line. Raises as `Patience.check`, and OSError where the other side is gone."""
    received = bytearray()
    while not received.endswith(b"\n"):
        patience.check()
        with contextlib.suppress(TimeoutError):
            part = connection.recv(65_536)
            if not part:
                raise ConnectionError
            received += part
    return bytes(received)
