"""The store of what was trained once: weights and logs of every epoch, data, evaluations, all named by content.

Under one URL of any fsspec file system stand these folders::

    trajectories/<key>/00010.weights   a network's arrays at the end of epoch 10
                       00010.state     the optimizer's arrays, kept where a training ended
                       00010.<metrics>.logs
    looks/<key>/look                   what an evaluation or prediction gave
    data/<digest>/array                inputs and labels that a kernel handed over
                  <form>               the digest of the same data in another form
    locks/<key>                        held while somebody trains
    signs/<name>                       by which machines find out that they share the store

Every file carries the sha256 of its content: a damaged or truncated one is not there, and is made again. So nothing has
to wait for the disk, and a power cut costs time at most. A file is written under another name and then renamed, so that
no reader meets half of one. A full store lets go of what was not used for longest before it takes more (`quota`); where
it takes no more, methods that write raise TrainerError, and NotTrainable for what is larger than all of it may be.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import math
import os
import posixpath
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import numpy as np

from grader.errors import TrainerError
from grader.records import Array
from grader.training.orders import Point
from grader.training.patience import Patience
from grader.training.quota import Quota

BEAT_SECONDS = 5.0
"""How often the holder of a lock shows that it is alive."""
STALE_SECONDS = 30.0
"""A lock that shows no life for so long is taken over."""
WAIT_SECONDS = 0.05
NOTE_SECONDS = 30.0
"""How often a process notes that it uses an entry."""
_CHECKSUM_BYTES = 32
_HEADER_BYTES = 256
"""Of a file with an array, at most."""


def array_digest(array: Array) -> str:
    """sha256 of an array's type, shape and bytes: the name of data and weights on both sides of the wire."""
    array = np.ascontiguousarray(array)
    digest = hashlib.sha256(str((array.dtype.str, array.shape)).encode())
    digest.update(array.reshape(-1).view(np.uint8).data if array.size else b"")
    return digest.hexdigest()


def pack(arrays: Sequence[Array]) -> bytes:
    """Arrays as bytes: one line of JSON with their types and shapes, then their contents."""
    header = json.dumps([[array.dtype.str, list(array.shape)] for array in arrays]).encode() + b"\n"
    return header + b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


def unpack(content: bytes) -> tuple[Array, ...]:
    """The arrays of `pack`. Raises ValueError where the content is something else."""
    end = content.index(b"\n") + 1
    arrays: list[Array] = []
    for kind, shape in json.loads(content[:end]):
        dtype = np.dtype(kind)
        if dtype.kind not in "fiub":
            raise ValueError(f"arrays must hold numbers. Received: {kind}")
        count = int(np.prod(shape, dtype=np.int64))
        arrays.append(np.frombuffer(content, dtype, count, end).reshape(shape))
        end += count * dtype.itemsize
    return tuple(arrays)


def seal(content: bytes) -> bytes:
    """Content behind its checksum, as it stands in a file."""
    return hashlib.sha256(content).digest() + content


def unseal(sealed: bytes) -> bytes | None:
    """The content of a sealed file; None where it is damaged."""
    content = sealed[_CHECKSUM_BYTES:]
    return content if hashlib.sha256(content).digest() == sealed[:_CHECKSUM_BYTES] else None


class Trajectories:
    """One store. Safe for many processes at once."""

    def __init__(self, url: str, max_bytes: float = math.inf) -> None:
        self.url = url
        self.max_bytes = max_bytes
        self._fs, root = fsspec.core.url_to_fs(url)
        self._root = str(root).rstrip("/")
        self._quota = Quota(self._fs, self._root, max_bytes, local="file" in _protocols(self._fs))
        self._used: dict[str, float] = {}
        """When this process has noted the use of an entry last."""

    # --- trajectories -----------------------------------------------------------------------------------------------

    def weights(self, point: Point) -> tuple[Array, ...] | None:
        """A network's arrays at a point, in Keras's order."""
        return self._arrays(_file(point, "weights"))

    def state(self, point: Point) -> tuple[Array, ...] | None:
        """The optimizer's arrays at a point, in Keras's order."""
        return self._arrays(_file(point, "state"))

    def logs(self, point: Point, metrics: str) -> dict[str, float] | None:
        """Loss and metrics of the epoch that ended at a point."""
        content = self._read(_file(point, f"{metrics}.logs"))
        return None if content is None else {str(k): float(v) for k, v in json.loads(content).items()}

    def has_epoch(self, point: Point, metrics: str) -> bool:
        """True if weights and logs of a point are there, damaged or not."""
        return self._exists(_file(point, "weights")) and self._exists(_file(point, f"{metrics}.logs"))

    def has_state(self, point: Point) -> bool:
        """True if training can go on from a point."""
        return self._exists(_file(point, "state")) and self._exists(_file(point, "weights"))

    def sealed(self, point: Point, part: str) -> bytes | None:
        """A sealed file of an epoch; None where it is missing or damaged."""
        content = self._read(_file(point, part))
        return None if content is None else seal(content)

    def put_sealed(self, point: Point, part: str, sealed: bytes) -> None:
        """Keep a sealed file of an epoch (``weights``, ``state``, ``<metrics>.logs``). Raises ValueError if damaged."""
        if unseal(sealed) is None:
            raise ValueError(f"{_file(point, part)}: a sealed file must match its checksum. Received: another")
        self._write(_file(point, part), sealed)

    # --- looks and data ---------------------------------------------------------------------------------------------

    def look(self, key: str) -> bytes | None:
        """What an evaluation or prediction gave, packed."""
        return self._read(f"looks/{key}/look")

    def put_look(self, key: str, content: bytes) -> None:
        """Keep what an evaluation or prediction gave."""
        self._write(f"looks/{key}/look", seal(content))

    def has_data(self, digest: str) -> bool:
        """True if an array was handed over before."""
        return self._exists(f"data/{digest}/array")

    def data(self, digest: str) -> Array | None:
        """An array by its digest."""
        content = self._read(f"data/{digest}/array")
        return None if content is None else np.load(io.BytesIO(content), allow_pickle=False)

    def length(self, digest: str) -> int:
        """How many rows an array has, of which only the beginning is read; 0 where it is not there."""
        try:
            with self._fs.open(self._path(f"data/{digest}/array"), "rb") as file:
                file.seek(_CHECKSUM_BYTES)
                np.lib.format.read_magic(file)
                return int(np.lib.format.read_array_header_1_0(file)[0][0])
        except (OSError, ValueError, IndexError):
            return 0

    def mapped(self, digest: str) -> Array | None:
        """As `data`, of which only those rows are read that are looked at, where the store is on this machine."""
        if "file" not in _protocols(self._fs):
            return self.data(digest)
        try:
            with Path(self._path(f"data/{digest}/array")).open("rb") as file:
                file.seek(_CHECKSUM_BYTES)
                np.lib.format.read_magic(file)
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
                return np.memmap(file, dtype, "r", file.tell(), shape, "F" if fortran else "C")
        except (OSError, ValueError):
            return None

    def data_file(self, digest: str, folder: Path) -> Path | None:
        """A local file with an array, sealed: the store's own, or a copy in `folder` of a store that is elsewhere."""
        path = self._path(f"data/{digest}/array")
        if not self._fs.exists(path):
            return None
        self._note_use(f"data/{digest}")
        if "file" in _protocols(self._fs):
            return Path(path)
        self._fs.get_file(path, str(folder / digest))
        return folder / digest

    def put_data(self, array: Array) -> str:
        """Keep an array under its digest, and give the digest."""
        digest = array_digest(array)
        if not self.has_data(digest):
            checksum = hashlib.sha256()
            _save(array, checksum.update)

            def write(file: Any) -> None:
                file.write(checksum.digest())
                _save(array, file.write)

            self._write_by(f"data/{digest}/array", array.nbytes + _HEADER_BYTES, write)
        return digest

    def data_in_form(self, digest: str, form: str) -> str | None:
        """The digest of an array in another form; None where that form is not there."""
        content = self._read(f"data/{digest}/{form}")
        found = None if content is None else content.decode("ascii")
        return found if found is not None and self.has_data(found) else None

    def put_form(self, digest: str, form: str, array: Array) -> str:
        """Keep an array as another's form, and give its own digest."""
        own = self.put_data(array)
        self._write(f"data/{digest}/{form}", seal(own.encode("ascii")))
        return own

    # --- one trains, the others wait --------------------------------------------------------------------------------

    @contextlib.contextmanager
    def lock(self, key: str, patience: Patience | None = None) -> Iterator[None]:
        """Hold a key's lock; waits for its holder, and takes over from one that shows no more life.

        Raises:
            DeadlineError, TrainerError: the wait is over before.
        """
        path = self._path(f"locks/{key}")
        owner = f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(8)}"
        self._acquire(path, owner, patience or Patience())
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(path, owner, ended), daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join(STALE_SECONDS)
            with contextlib.suppress(OSError):
                if self._holder(path).startswith(owner):
                    self._fs.rm_file(path)

    def _acquire(self, path: str, owner: str, patience: Patience) -> None:
        seen, since = "", time.monotonic()
        while not self._create(path, f"{owner} 0"):
            patience.check()
            holder = self._holder(path)
            if holder != seen:
                seen, since = holder, time.monotonic()
            elif _is_dead(holder) or time.monotonic() - since > STALE_SECONDS:
                self._break(path, holder)
            time.sleep(WAIT_SECONDS)

    def _break(self, path: str, holder: str) -> None:
        """Remove the lock of a holder that is no more. One at a time: a second one would remove its successor's."""
        with self._guard(), contextlib.suppress(OSError):
            if self._holder(path) == holder:
                self._fs.rm_file(path)

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        """Keep other processes of this machine out; the system lets go of it when a process dies.

        On a store elsewhere there is none, and two may train the same at worst: the same bits, written twice.
        """
        if "file" not in _protocols(self._fs):
            yield
            return
        import fcntl  # not on Windows, where nothing is kept

        with (Path(self._root) / "locks" / "breaking").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _create(self, path: str, content: str) -> bool:
        """Make a file that must not be there yet."""
        self._make_folder_of(path)
        try:
            if "file" in _protocols(self._fs):
                with self._fs.open(path, "xb") as file:
                    file.write(content.encode())
            else:
                self._fs.pipe_file(path, content.encode(), mode="create")
        except FileExistsError:
            return False
        except OSError as error:
            self._remove(path)
            raise self._full(error) from error
        return True

    def _beat(self, path: str, owner: str, ended: threading.Event) -> None:
        beats = 0
        while not ended.wait(BEAT_SECONDS):
            beats += 1
            with contextlib.suppress(Exception):
                self._fs.pipe_file(path, f"{owner} {beats}".encode())

    def _holder(self, path: str) -> str:
        try:
            return str(self._fs.cat_file(path).decode(errors="replace"))
        except FileNotFoundError:
            return ""

    # --- shared or not ----------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def signed(self) -> Iterator[str]:
        """Lay a sign into the store while the context lasts: whoever shares the store has it, too.

        Raises:
            OSError: the store cannot be written to.
        """
        sign = f"{socket.gethostname()}-{secrets.token_hex(8)}"
        self._fs.makedirs(self._path("signs"), exist_ok=True)
        self._fs.pipe_file(self._path(f"signs/{sign}"), b"")
        try:
            yield sign
        finally:
            with contextlib.suppress(OSError):
                self._fs.rm_file(self._path(f"signs/{sign}"))

    def has_sign(self, sign: str) -> bool:
        """True if this is the store that a sign was laid into."""
        self._fs.invalidate_cache()
        return self._exists(f"signs/{sign}")

    # --- files ------------------------------------------------------------------------------------------------------

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _exists(self, name: str) -> bool:
        return bool(self._fs.exists(self._path(name)))

    def _arrays(self, name: str) -> tuple[Array, ...] | None:
        content = self._read(name)
        return None if content is None else unpack(content)

    def _read(self, name: str) -> bytes | None:
        try:
            sealed = self._fs.cat_file(self._path(name))
        except FileNotFoundError:
            return None
        content = unseal(sealed)
        if content is None:
            logging.getLogger(__name__).warning("%s: damaged, and made again", self._path(name))
            with contextlib.suppress(OSError):
                self._fs.rm_file(self._path(name))
            return None
        self._note_use(posixpath.dirname(name))
        return content

    def _write(self, name: str, sealed: bytes) -> None:
        self._write_by(name, len(sealed), lambda file: file.write(sealed))

    def _write_by(self, name: str, size: int, write: Callable[[Any], object]) -> None:
        """Args:
        size: bytes, about.
        write: writes a sealed file's content.
        """
        path = self._path(name)
        partial = f"{path}.{secrets.token_hex(6)}.part"
        try:
            with self._quota.room(size):
                self._make_folder_of(path)
                with self._fs.open(partial, "wb") as file:
                    write(file)
                if "file" in _protocols(self._fs):
                    os.replace(partial, path)  # noqa: PTH105  # fsspec's own move copies where a rename will do
                else:
                    self._fs.mv(partial, path)
        except OSError as error:
            self._remove(partial)
            raise self._full(error) from error
        self._note_use(posixpath.dirname(name))

    def _make_folder_of(self, path: str) -> None:
        try:
            self._fs.makedirs(posixpath.dirname(path), exist_ok=True)
        except OSError as error:
            raise self._full(error) from error

    def _remove(self, path: str) -> None:
        with contextlib.suppress(OSError):
            self._fs.rm_file(path)

    def _full(self, error: OSError) -> TrainerError:
        return TrainerError(f"{self.url}: a store must take what was trained. Received: {error.strerror or error}")

    def _note_use(self, entry: str) -> None:
        """Mark an entry as used: what was not for longest goes first."""
        now = time.monotonic()
        if now - self._used.get(entry, -math.inf) > NOTE_SECONDS:
            self._used[entry] = now
            with contextlib.suppress(OSError):
                self._fs.touch(self._path(f"{entry}/used"), truncate=True)

    # --- size -------------------------------------------------------------------------------------------------------

    def size(self) -> int:
        """Bytes in the store."""
        return self._quota.size()

    def bytes_of(self, point: Point) -> int:
        """Bytes of a network's arrays at a point; 0 where they are not there."""
        try:
            return int(self._fs.size(self._path(_file(point, "weights"))))
        except FileNotFoundError:
            return 0

    def bytes_of_data(self, digest: str) -> int:
        """Bytes of an array; 0 where it is not there."""
        try:
            return int(self._fs.size(self._path(f"data/{digest}/array")))
        except FileNotFoundError:
            return 0

    def trim(self) -> int:
        """Let go of the entries that were not used for longest, until the store fits. Gives the bytes removed."""
        try:
            return self._quota.trim()
        except OSError:  # of a store that cannot be written to, nothing can be let go
            return 0


def _save(array: Array, write: Callable[[bytes], object]) -> None:
    """Write an array as numpy's own file, a part at a time: images of a class are hundreds of megabytes."""
    file: Any = SimpleNamespace(write=write)
    np.save(file, array, allow_pickle=False)


def _file(point: Point, part: str) -> str:
    return f"trajectories/{point.key}/{point.epoch:05d}.{part}"


def _protocols(fs: Any) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)


def _is_dead(holder: str) -> bool:
    """True if a lock's holder was a process of this machine that is no more."""
    words = holder.split()
    if len(words) < 2 or words[0] != socket.gethostname() or not words[1].isdigit():
        return False
    try:
        os.kill(int(words[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
