"""Whether an array is as it was: a sign of its bytes that costs a tenth of a digest."""

from __future__ import annotations

import zlib
from typing import Any

ROW_BYTES = 8192
ROWS_AT_ONCE = 256
"""So that a part is still in the processor's cache when it is summed a second time."""


def fingerprint(array: Any) -> tuple[int, ...]:
    """Numbers that change with any byte of an array.

    The bytes are laid out as rows of 64-bit words. What leaves the sums of all rows and of all columns as they were is
    no change that code makes by accident, and one on purpose gains nothing: the arrays are the student's own, and
    whatever a kernel says of them is a claim.
    """
    import numpy as np

    flat = np.ascontiguousarray(array).reshape(-1).view("uint8")
    whole = len(flat) // ROW_BYTES * ROW_BYTES
    words = flat[:whole].view("uint64").reshape(-1, ROW_BYTES // 8)
    columns, rows = np.zeros(ROW_BYTES // 8, "uint64"), 0
    for start in range(0, len(words), ROWS_AT_ONCE):
        part = words[start : start + ROWS_AT_ONCE]
        rows = zlib.crc32(part.sum(axis=1).tobytes(), rows)
        columns = columns * np.uint64(3) + part.sum(axis=0)
    return zlib.crc32(flat[whole:].tobytes()), zlib.crc32(columns.tobytes()), rows
