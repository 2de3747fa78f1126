"""Arrays that a kernel has written, each in a file under its digest: plain numbers, and no more than can be held."""

from __future__ import annotations

import io
import math
import os
import re
import stat
import weakref
from pathlib import Path

import numpy as np

from grader.errors import ExchangeError
from grader.processes import AS_IT_IS
from grader.records import Array
from grader.training.trajectories import array_digest

MAX_ARRAY_BYTES = 400_000_000
MAX_HELD_BYTES = 1_000_000_000
"""Of all arrays that a kernel has written and somebody here still holds: most are evidence until all is judged."""
MAX_LOADED_BYTES = 4_000_000_000
"""Of all that are read of one kernel."""

_NPY = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '([<>|][fiub]\d\d?)', 'fortran_order': (True|False), "
    rb"'shape': \(([\d, ]{0,200})\), \} *\n",
    re.DOTALL,
)
"""The header that numpy writes for a plain array. Its own reader takes more, and makes room for all that it says."""


class ArrayReader:
    """Reads the arrays of one kernel, each once as long as anybody holds it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded_bytes = 0
        self._kept: dict[str, Array] = {}
        self._known: weakref.WeakValueDictionary[str, Array] = weakref.WeakValueDictionary()
        self._roots: list[weakref.ref[Array]] = []
        """What the memory of all arrays belongs to, whatever is held of them."""

    def read(self, digest: str) -> Array:
        """An array by its digest.

        Raises:
            FileNotFoundError: there is none.
            OSError, ValueError, ExchangeError: it is no regular file, malformed, too large, or not what its digest
                says.
        """
        array = self._known.get(digest)
        if array is None:
            array = self._load(digest)
            self._known[digest] = array
        self._kept[digest] = array
        return array

    def forget(self) -> None:
        """Let go of the arrays that were read; what others hold of them is theirs."""
        self._kept.clear()
        self._roots = [root for root in self._roots if root() is not None]

    @property
    def held_bytes(self) -> int:
        """Of arrays that somebody still holds."""
        roots = (root() for root in self._roots)
        return sum(root.nbytes for root in roots if root is not None)

    def _load(self, digest: str) -> Array:
        with open_regular(self._folder / f"{digest}.npy") as file:
            size = file.seek(0, io.SEEK_END)
            self._take(size)
            file.seek(0)
            content = bytearray(size)
            file.readinto(content)
        array = _array(content)
        self._roots.append(weakref.ref(array.base if isinstance(array.base, np.ndarray) else array))
        found = array_digest(array)
        if found != digest:
            raise ExchangeError(f"an array must match its digest. Received: {found[:12]} for {digest[:12]}")
        return array

    def _take(self, size: int) -> None:
        """Raises ExchangeError for what there is no room for."""
        if size > MAX_ARRAY_BYTES:
            raise ExchangeError(f"arrays must stay under {MAX_ARRAY_BYTES} bytes each. Received: {size}")
        held = self.held_bytes
        if held + size > MAX_HELD_BYTES:
            raise ExchangeError(f"arrays must stay under {MAX_HELD_BYTES} bytes together. Received: {held + size}")
        self._loaded_bytes += size
        if self._loaded_bytes > MAX_LOADED_BYTES:
            raise ExchangeError(f"{MAX_LOADED_BYTES} bytes of arrays are read of one kernel. Received: more")


def _array(content: bytearray) -> Array:
    """The array of a ``.npy`` file, in C order.

    Raises:
        ExchangeError, ValueError: it is not a plain array of numbers, or not as long as its header says.
    """
    header = _NPY.match(content)
    if header is None or int.from_bytes(header[1], "little") + 10 != header.end():
        raise ExchangeError("an array must be a plain one of numbers, as numpy saves it. Received: another header")
    try:
        dtype = np.dtype(header[2].decode())
    except TypeError as error:
        raise ExchangeError(f"an array must hold numbers. Received: {header[2].decode()}") from error
    shape = tuple(int(size) for size in header[4].replace(b",", b" ").split())
    wanted, found = math.prod(shape) * dtype.itemsize, len(content) - header.end()
    if wanted != found:
        raise ExchangeError(f"an array must be as long as its header says. Received: {found} bytes, not {wanted}")
    flat = np.frombuffer(content, dtype, offset=header.end())
    return np.ascontiguousarray(flat.reshape(shape, order="F" if header[3] == b"True" else "C"))


def put_array(folder: Path, name: str, array: Array) -> None:
    """Hand an array to the kernel."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    target = folder / name
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | AS_IT_IS, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(buffer.getvalue())


def open_regular(path: Path) -> io.BufferedReader:
    """Open a file that the kernel may have replaced by something else.

    Raises:
        FileNotFoundError: there is nothing.
        ExchangeError: it is a link, a pipe or a device.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | AS_IT_IS)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ExchangeError(f"an exchange file must be a regular file. Received: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ExchangeError("an exchange file must be a regular file. Received: something else")
    return os.fdopen(descriptor, "rb")
