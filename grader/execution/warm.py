"""Warm kernels: forked from a nursery, a sandboxed process of this worker's that has imported TensorFlow already.

The import is paid once a worker instead of once a submission. Where a nursery cannot be had, kernels start cold.
"""

from __future__ import annotations

import json
import logging
import socket
import struct
import subprocess
import tempfile
from concurrent import futures
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from grader.errors import SandboxError
from grader.execution.bounds import bounds_of
from grader.execution.sandbox import Kind, Room, nursery_command
from grader.processes import OwnedProcess, make_folder
from grader.training.data import copy_stored

if TYPE_CHECKING:  # to a worker that has just begun each import is time
    from grader.rubric.rubric import Limits

WARM_UP_SECONDS = 120.0
FORK_SECONDS = 60.0
MAX_ANSWER = 2_000
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came over a nursery's link, and from which process, as the host numbers it."""

    said: dict[str, Any]
    pid: int


class Nursery(OwnedProcess):
    """A sandboxed process that forks kernels, one at a time. Everything of it, kernels included, ends with it."""

    def __init__(self, data: Path) -> None:
        """Start it; it warms up while others work.

        Args:
            data: folder with the data set's four files.
        """
        self.nest = make_folder("n-")
        (self.nest / "data").mkdir()
        self._link, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._link.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._warm = False
        with inner:
            try:
                super().__init__(
                    self.nest,
                    nursery_command(self.nest, self.nest / "data"),
                    stdin=inner.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            except OSError:
                self._link.close()
                raise
        import numpy  # noqa: F401  # here, and not beside: imports in two threads get into each other's way

        beside = futures.ThreadPoolExecutor(1)
        self._data = beside.submit(copy_stored, data, self.nest / "data")
        beside.shutdown(wait=False)

    def room(self) -> Room:
        """Folders for one kernel, which its nursery can reach."""
        return Room(Path(tempfile.mkdtemp(prefix="g-", dir=self.nest)))

    def fork(self, room: Room, connection_file: str, limits: Limits) -> psutil.Process:
        """Start a kernel in a room.

        Raises:
            SandboxError: it cannot be started.
            DataError: the data set is missing or damaged.
        """
        request = {
            "home": str(room.home),
            "exchange": str(room.exchange),
            "wire": str(room.wire),
            "connection": connection_file,
            "tmp_mb": limits.files_mb,
            "bounds": bounds_of(limits).text(),
        }
        try:
            if not self._warm:
                self._answer(WARM_UP_SECONDS)
                self._data.result(WARM_UP_SECONDS)
                self._warm = True
            self._link.send(json.dumps(request).encode())
            answer = self._answer(FORK_SECONDS)
            if "started" not in answer.said:
                raise SandboxError(
                    "a warm kernel must start. Received: {reason}", reason=str(answer.said.get("fault"))[:300]
                )
            return psutil.Process(answer.pid)
        except (OSError, ValueError, psutil.Error) as error:
            raise SandboxError(
                "a nursery must answer. Received: {kind}: {reason}", kind=type(error).__name__, reason=error
            ) from error

    def _answer(self, seconds: float) -> Answer:
        self._link.settimeout(seconds)
        content, ancillary, _, _ = self._link.recvmsg(MAX_ANSWER, socket.CMSG_SPACE(_CREDENTIALS.size))
        if not content:
            raise OSError(f"it ended with exit code {self.exit_code}")
        pids = [
            _CREDENTIALS.unpack(value)[0]
            for level, kind, value in ancillary
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)
        ]
        return Answer(json.loads(content), pids[0])

    def close(self) -> None:
        """End it, with every kernel that it has forked."""
        self._link.close()
        futures.wait([self._data], WARM_UP_SECONDS)
        super().close()


class Nurseries:
    """This process's nursery for a data set; a new one in place of one that failed, and none after that."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._failures = 0
        self._nursery: Nursery | None = None

    def get(self) -> Nursery | None:
        """A nursery; None where kernels have to start cold."""
        if self._nursery is None and self._failures < 2:
            try:
                self._nursery = Nursery(self._data)
            except OSError as error:
                self.failed(error)
        return self._nursery

    def failed(self, error: Exception) -> None:
        """Give up a nursery that did not do its work."""
        logging.getLogger(__name__).warning("kernels start without a nursery: %s", error)
        self._failures += 1
        self.close()

    def close(self) -> None:
        """End the nursery."""
        if self._nursery is not None:
            self._nursery.close()
            self._nursery = None


def warm_up(sandbox: Kind, data: Path) -> None:
    """Let this process's nursery, if it may have one, begin to import what kernels need."""
    if sandbox == "bwrap":
        nurseries(data).get()


@cache
def nurseries(data: Path) -> Nurseries:
    """The nurseries of this process for a data set."""
    return Nurseries(data)
