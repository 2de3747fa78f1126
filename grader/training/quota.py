"""Keeps a store within its size: a file is counted before it is written, and what was not used for longest makes room.

On a file system of this machine all processes count in one file, ``locks/bytes``. Elsewhere each counts for itself, and
measures anew from time to time what the others have written.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from grader.errors import TooMuch

FOLDERS = ("trajectories", "looks", "data")
"""What counts."""
SPARE = 0.1
"""Share of a full store that is freed beyond what is needed, so that the next files need no look at everything."""
ELSEWHERE = 0.05
"""Share of a store elsewhere that one process writes before it measures anew."""


@dataclass(slots=True)
class _Count:
    total: float | None = None
    """Bytes in the store; None where that has to be measured."""
    written: float = 0.0
    """Bytes since it was measured."""


class Quota:
    """The size of one store."""

    def __init__(self, fs: Any, root: str, max_bytes: float, *, local: bool) -> None:
        """Args:
        root: the store's folder in the file system `fs`.
        local: the file system is one of this machine, where processes keep each other out.
        """
        self._fs = fs
        self._root = root
        self._max_bytes = max_bytes
        self._local = local
        self._own = _Count()
        """Of a store elsewhere."""

    @contextlib.contextmanager
    def room(self, size: int) -> Iterator[None]:
        """While a file is written: it is counted, and others are let go of where there is no room for it.

        Args:
            size: bytes.

        Raises:
            NotTrainable: it is larger than the whole store may be.
            OSError: the store cannot be written to.
        """
        if size > self._max_bytes:
            raise TooMuch(f"what is trained must fit into a store of {self._max_bytes:.0f} bytes. Received: {size}")
        if math.isinf(self._max_bytes):
            yield
            return
        with self._count() as count:
            if count.total is None or count.total + size > self._max_bytes or self._is_old(count):
                count.total, count.written = self._total_with_room_for(size), 0.0
            count.total, count.written = count.total + size, count.written + size
            yield

    def size(self) -> int:
        """Bytes in the store."""
        return sum(size for size, _ in self._entries().values())

    def trim(self) -> int:
        """Let go of the entries that were not used for longest, until the store fits. Gives the bytes removed.

        Raises:
            OSError: the store cannot be written to.
        """
        with self._count() as count:
            before = self.size()
            count.total = self._free(self._max_bytes)
            return int(before - count.total)

    def _is_old(self, count: _Count) -> bool:
        return not self._local and count.written > ELSEWHERE * self._max_bytes

    def _total_with_room_for(self, size: int) -> float:
        """Measure, and let go of entries where that is needed. Gives the bytes that are left."""
        total = float(self.size())
        return total if total + size <= self._max_bytes else self._free((1 - SPARE) * self._max_bytes - size)

    def _free(self, most: float) -> float:
        """Let go of entries until at most so many bytes, or none, are left. Gives what is left."""
        entries = self._entries()
        left = float(sum(size for size, _ in entries.values()))
        for entry, (size, _) in sorted(entries.items(), key=lambda item: item[1][1]):
            if left <= most:
                break
            with contextlib.suppress(OSError):
                self._fs.rm(f"{self._root}/{entry}", recursive=True)
                left -= size
        return left

    def _entries(self) -> dict[str, tuple[int, float]]:
        """Size in bytes and time of last use of every entry."""
        entries: dict[str, tuple[int, float]] = {}
        self._fs.invalidate_cache()
        for folder in FOLDERS:
            try:
                found = self._fs.find(f"{self._root}/{folder}", detail=True)
            except FileNotFoundError:
                continue
            for path, facts in found.items():
                name = str(path)[len(self._root) + 1 :]
                entry = "/".join(name.split("/")[:2])
                size, used = entries.get(entry, (0, 0.0))
                entries[entry] = (size + int(facts.get("size") or 0), max(used, _modified(facts)))
        return entries

    @contextlib.contextmanager
    def _count(self) -> Iterator[_Count]:
        """What was counted, noted again at the end; this machine's other processes wait meanwhile."""
        if not self._local:
            yield self._own
            return
        import fcntl  # not on Windows, where nothing is kept

        path = Path(self._root) / "locks" / "bytes"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            said = file.read(40)
            count = _Count(float(said) if said.isdigit() else None)
            file.truncate(0)  # whoever is killed from here on leaves it to be measured
            try:
                yield count
            finally:
                if count.total is not None:
                    file.write(f"{count.total:.0f}")


def _modified(facts: Mapping[str, Any]) -> float:
    """When a file was written, in seconds, as the different file systems tell it."""
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = facts.get(name)
        if isinstance(value, (int, float)):
            return float(value)
        if isinstance(value, datetime):
            return value.timestamp()
    return 0.0
