"""Stands between a kernel's sockets and the client that reads them, and holds back what would fill the memory.

ZeroMQ takes in whatever a kernel sends, whether or not anybody reads it, and a message of parts that never end without
any bound. So a kernel's bytes come through here. Those that nobody has read yet are counted, with what ZeroMQ needs for
each part; where they are too many, the connections end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import Iterable, Sequence
from functools import partial

from grader.processes import make_folder, remove_folder

FRAME_BYTES = 64
"""What ZeroMQ keeps of a part of a message beside its bytes."""
CHUNK = 65_536
WAIT_SECONDS, ROUNDS = 0.01, 1_000
"""How often, and how many times, a kernel's socket is looked for before its client has to connect anew."""
GREETING, VERSION_AT = 64, 10
"""Bytes of ZMTP's greeting, and where in it stands the version: https://rfc.zeromq.org/spec/23."""
LONG = 0x02
"""In a frame's first byte: its size has eight bytes, not one."""


class Frames:
    """Counts what a stream of ZMTP 3 takes in the memory of its receiver."""

    def __init__(self) -> None:
        self._greeting = b""
        self._header = b""
        self._left = 0

    def count(self, data: bytes) -> int:
        """Bytes that the parts take which begin in the next piece of the stream: for all that a part is to hold, room
        is made at once.

        Raises:
            ValueError: it is a stream of another kind, in which frames would be counted wrongly.
        """
        at, taken = self._greet(data), 0
        while at < len(data):
            if not self._left:
                header = self._header + data[at : at + 9 - len(self._header)]
                size = 9 if header[0] & LONG else 2
                if len(header) < size:
                    self._header = header
                    break
                at += size - len(self._header)
                self._left, self._header = int.from_bytes(header[1:size], "big"), b""
                taken += FRAME_BYTES + self._left
            here = min(self._left, len(data) - at)
            self._left -= here
            at += here
        return taken

    def _greet(self, data: bytes) -> int:
        """How much of the next piece belongs to the greeting."""
        missing = GREETING - len(self._greeting)
        if missing:
            self._greeting += data[:missing]
            known = self._greeting[: VERSION_AT + 1]
            if known[:1] != b"\xff" or known[9:10] not in (b"", b"\x7f") or known[10:] not in (b"", b"\x03"):
                raise ValueError(f"a kernel must speak ZMTP 3. Received: {known.hex()}")
        return min(missing, len(data))


def received_bytes(frames: Iterable[bytes]) -> int:
    """What a message has taken that was received, in the way in which `Frames` counts."""
    return sum(len(frame) + FRAME_BYTES for frame in frames)


class Relay:
    """Passes on what goes from a kernel's sockets to their clients and back."""

    def __init__(self, kernel: str, ports: Sequence[int], most: int) -> None:
        """Args:
        kernel: the beginning of the paths of the kernel's sockets; each has a port's number after it.
        most: bytes that may have been passed on and not been read.
        """
        self._folder = make_folder("r-")
        self.address = str(self._folder / "s")
        """The beginning of the paths to connect to, in place of the kernel's."""
        self.flooded = False
        """The kernel has sent more than may wait to be read, or what cannot be counted."""
        self.read = 0
        """Bytes that the client has read, by `received_bytes`: for the client to count."""
        self._kernel = kernel
        self._most = most
        self._passed = 0
        self._serving: set[asyncio.Task[None]] = set()
        self._ports = ports
        self._servers: list[asyncio.Server] = []

    async def open(self) -> None:
        """Listen, in the loop in which the client reads: a thread beside it would wait for it at every message."""
        for port in self._ports:
            serve = partial(self._serve, port)
            self._servers.append(await asyncio.start_unix_server(serve, f"{self.address}-{port}", limit=CHUNK))

    def close(self) -> None:
        """End all connections."""
        for server in self._servers:
            server.close()
        for task in self._serving:
            task.cancel()
        remove_folder(self._folder)

    async def _serve(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what one connection of a client's has to say, and to hear."""
        writers: list[asyncio.StreamWriter] = [writer]
        ways: list[asyncio.Future[None]] = []
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            if self.flooded:
                return
            from_kernel, to_kernel = await _connected(f"{self._kernel}-{port}")
            writers.append(to_kernel)
            both = (self._to_client(from_kernel, writer), _copy(reader, to_kernel))
            ways.extend(asyncio.ensure_future(way) for way in both)
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except (OSError, asyncio.CancelledError):  # the kernel does not listen yet, or any more; clients try again
            return
        finally:
            for way in ways:
                way.cancel()
            for each in writers:
                each.close()

    async def _to_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = Frames()
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                self._count(frames, data)
                if self.flooded:
                    return
                writer.write(data)
                await writer.drain()

    def _count(self, frames: Frames, data: bytes) -> None:
        try:
            self._passed += frames.count(data)
        except ValueError:
            self.flooded = True
        self.flooded = self.flooded or self._passed - self.read > self._most


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()


async def _connected(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """As `_connect`, once a kernel that starts has come so far."""
    for _ in range(ROUNDS):
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return await _connect(path)
        await asyncio.sleep(WAIT_SECONDS)
    raise OSError("a kernel must listen. Received: nothing")


async def _connect(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a kernel's socket, and to nothing that the kernel has put in its place.

    Raises:
        OSError: it does not listen, or is no socket.
    """
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW)
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            raise OSError("a kernel's socket must be a socket")
        return await asyncio.open_unix_connection(f"/proc/self/fd/{descriptor}", limit=CHUNK)
    finally:
        os.close(descriptor)
