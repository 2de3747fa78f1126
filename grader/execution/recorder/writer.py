"""Writes events, one JSON object a line, and arrays, each under its digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

MAX_ARRAY_BYTES = 400_000_000


class Writer:
    """Writes into the exchange folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: set[str] = set()

    def emit(self, kind: str, **facts: Any) -> None:
        """Append one event."""
        line = json.dumps({"kind": kind, **facts}, allow_nan=True, default=lambda value: str(value)[:200])
        with (self.folder / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def save(self, array: Any) -> str | None:
        """Write an array under its digest and return the digest; None if it is no plain numeric array or too large."""
        import numpy as np

        array = np.ascontiguousarray(array)
        if array.dtype.kind not in "fiub" or array.nbytes > MAX_ARRAY_BYTES:
            return None
        digest = hashlib.sha256(str((array.dtype.str, array.shape)).encode() + array.tobytes()).hexdigest()
        if digest not in self._written:
            partial = self.folder / f"{digest}.part"
            with partial.open("wb") as file:
                np.save(file, array, allow_pickle=False)
            partial.replace(self.folder / f"{digest}.npy")
            self._written.add(digest)
        return digest

    def forget(self, digests: list[str | None]) -> None:
        """Arrays were taken away by the trusted side: to be there again, they have to be written again."""
        self._written.difference_update(digests)
