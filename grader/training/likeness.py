"""What a training saw: how many different rows, and which images of the real data set they are like."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from grader.records import Array
from grader.training.data import DataSet

SHOWN = 128
"""Rows of a training that are looked at, spread over all of them."""
MOST_NUMBERS = 100_000_000
"""Of larger arrays rows are only counted, not told apart: twice the 60,000 images."""
ROWS_AT_ONCE = 5_000
DIGITS = 9
"""To which sums of equal rows agree, whatever order they are added up in."""
CLOSER = 0.02
"""By how much more a row is like its nearest test image than like its nearest training image, to be one of the test
set. Of training images that are shifted, turned, mirrored, blurred or noisy, 3 % are at most; of test images with noise
or blurred, 30 to 100 %."""
ALIKE = 0.5
"""Correlation from which on a row is like an image at all."""
SHARE_OF_TEST = 0.1
"""Of the rows, from which on a training saw the test set; of a few rows that are at hand, half."""
FEW = 32
UNLIKE = 0.2
"""Correlation of rows with their nearest images, below which they are none: of noise it is 0.12."""


@dataclass(frozen=True, eq=False, slots=True)
class Likeness:
    """How the rows of a training are like the real images."""

    of_test: float
    """Share of the rows that are images of the test set, as they are or changed a little."""
    to_images: float
    """Correlation of the median row with its nearest image, 0 to 1."""

    @property
    def is_of_no_images(self) -> bool:
        """True for noise, or anything else that no image is like."""
        return self.to_images < UNLIKE


def different_rows(array: Array) -> int:
    """How many rows of an array of shape (n, ...) differ from each other."""
    if array.size > MOST_NUMBERS or array.dtype.kind not in "fiub":
        return len(array)
    width = math.prod(array.shape[1:])
    weights = np.random.default_rng(0).random(width) + 0.5
    sums = np.concatenate(
        [
            np.asarray(array[start : start + ROWS_AT_ONCE], np.float64).reshape(-1, width) @ weights
            for start in range(0, len(array), ROWS_AT_ONCE)
        ]
        or [np.zeros(0)]
    )
    scale = float(np.max(np.abs(sums), initial=0.0)) or 1.0
    return len(np.unique(np.round(sums / scale, DIGITS)))


def spread(array: Array) -> Array:
    """Some rows of an array, from its first to its last, in half precision: many trainings keep theirs."""
    positions = np.unique(np.linspace(0, len(array) - 1, min(SHOWN, len(array))).astype(int))
    return np.asarray(array[positions]).astype(np.float16)


def likeness(rows: Array, real: DataSet) -> Likeness | None:
    """How rows of shape (n, ...) are like the real images; None where they have another size, or are no numbers."""
    width = real.train_images[0].size
    if not len(rows) or math.prod(rows.shape[1:]) != width or rows.dtype.kind not in "fiub":
        return None
    flat = np.ascontiguousarray(rows, np.float32).reshape(len(rows), width)
    if not np.isfinite(flat).all():
        return None
    return _likeness(flat.tobytes(), len(flat), real)


def saw_test_images(found: Likeness, rows: int) -> bool:
    """True if enough of so many rows are the test set's."""
    return found.of_test >= (SHARE_OF_TEST if rows >= FEW else 0.5)


@lru_cache(maxsize=64)
def _likeness(content: bytes, count: int, real: DataSet) -> Likeness:
    """A class trains on the same images."""
    rows = np.frombuffer(content, np.float32).reshape(count, -1)
    centred = rows - rows.mean(axis=1, keepdims=True)
    units = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    train, test = (_nearest(units, images, real) for images in ("train_images", "test_images"))
    of_test = (test - train > CLOSER) & (test > ALIKE)
    return Likeness(float(of_test.mean()), float(np.median(np.maximum(train, test))))


def _nearest(units: Array, images: str, real: DataSet) -> Array:
    """The highest correlation of each row with any of the images, whichever its sign: some are turned to negatives."""
    best = np.zeros(len(units), np.float32)
    norms = _norms(images, real)
    every: Array = getattr(real, images)
    for start in range(0, len(every), ROWS_AT_ONCE):
        block = every[start : start + ROWS_AT_ONCE].reshape(-1, units.shape[1]).astype(np.float32)
        found = np.abs(units @ block.T) / norms[start : start + ROWS_AT_ONCE]
        best = np.maximum(best, found.max(axis=1))
    return best


@lru_cache(maxsize=4)
def _norms(images: str, real: DataSet) -> Array:
    """Of each image, the length of what is left without its mean."""
    every: Array = getattr(real, images)
    found = [
        np.asarray(every[start : start + ROWS_AT_ONCE], np.float32).reshape(-1, every[0].size).std(axis=1)
        for start in range(0, len(every), ROWS_AT_ONCE)
    ]
    return np.maximum(np.concatenate(found) * math.sqrt(every[0].size), 1e-6)
