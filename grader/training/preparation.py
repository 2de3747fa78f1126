"""How a student prepared the images, worked out from a few rows, and done again on the real test set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from grader.records import Array, Data
from grader.training.data import DataSet

ROWS = 5_000
"""Images that are summed up at one time."""


def _standardised_pixels(images: Array, real: DataSet) -> Array:
    mean, deviation = pixel_statistics(real)
    return np.asarray((images.reshape(len(images), -1) - mean) / deviation)


@lru_cache(maxsize=2)
def pixel_statistics(real: DataSet) -> tuple[Array, Array]:
    """Mean and standard deviation of each pixel over the training images; 1 where a pixel never changes."""
    count = len(real.train_images)
    total = squares = np.zeros(real.train_images[0].size, np.int64)
    for start in range(0, count, ROWS):
        rows = real.train_images[start : start + ROWS].reshape(-1, len(total)).astype(np.int32)
        total = total + rows.sum(axis=0, dtype=np.int64)
        squares = squares + (rows * rows).sum(axis=0, dtype=np.int64)
    deviation = np.sqrt(count * squares - total * total) / count  # whole numbers below the root: nothing is lost
    return total / count, np.where(deviation < 1e-9, 1.0, deviation)


def _unit_length(axis: int | tuple[int, int]) -> Callable[[Array, DataSet], Array]:
    def scaled(images: Array, _real: DataSet) -> Array:
        values = images.astype(np.float64)
        return np.asarray(values / np.maximum(np.sqrt((values**2).sum(axis=axis, keepdims=True)), 1e-12))

    return scaled


def _standardised_images(images: Array, _real: DataSet) -> Array:
    values = images.astype(np.float64)
    spread = np.maximum(values.std(axis=(1, 2), keepdims=True), 1e-12)
    return np.asarray((values - values.mean(axis=(1, 2), keepdims=True)) / spread)


def _stretched_images(images: Array, _real: DataSet) -> Array:
    values = images.astype(np.float64)
    low, high = values.min(axis=(1, 2), keepdims=True), values.max(axis=(1, 2), keepdims=True)
    return np.asarray((values - low) / np.maximum(high - low, 1e-12))


FORMS: dict[str, Callable[[Array, DataSet], Array]] = {
    "as they are": lambda images, _real: images.astype(np.float64),
    "columns of unit length": _unit_length(1),
    "rows of unit length": _unit_length(2),
    "images of unit length": _unit_length((1, 2)),
    "images standardised": _standardised_images,
    "images stretched": _stretched_images,
    "pixels standardised": _standardised_pixels,
}
"""What students do to images before a last scaling; each takes images and the real data set."""


@dataclass(frozen=True, eq=False, slots=True)
class Preparation:
    """One of `FORMS`, then ``values * scale + offset``, in another shape."""

    form: str
    scale: float
    offset: float
    shape: tuple[int, ...]
    """Of one prepared image."""
    source: str
    """Which images the rows were: ``train`` or ``test``."""
    real: DataSet

    def apply(self, images: Array) -> Array:
        """Prepare images of shape (n, 28, 28); the result has shape (n, *self.shape), float32."""
        values = FORMS[self.form](images, self.real) * self.scale + self.offset
        return np.asarray(values, np.float32).reshape(len(images), *self.shape)


def find_preparation(data: Data | None, real: DataSet) -> Preparation | None:
    """How the rows of `data` come from real images; None where they do not, or in no way that is known."""
    if data is None or data.sample is None or data.sample.ndim < 2 or not len(data.sample):
        return None
    rows = data.sample.reshape(len(data.sample), -1).astype(np.float64)
    if rows.shape[1] != real.train_images[0].size or not np.isfinite(rows).all():
        return None
    shape = tuple(data.sample.shape[1:])
    for find_positions in (_stated, _nearest):
        for source, images in (("train", real.train_images), ("test", real.test_images)):
            positions = find_positions(rows, data.rows, images)
            for form, function in FORMS.items() if positions is not None else ():
                found = _line(function(images[positions], real).reshape(len(rows), -1), rows)
                if found is not None:
                    return Preparation(form, *found, shape, source, real)
    return None


def _stated(rows: Array, indices: Sequence[int], images: Array) -> Array | None:
    """Where the rows say that they stand."""
    return np.asarray(indices) if len(indices) == len(rows) and max(indices) < len(images) else None


def _nearest(rows: Array, _indices: Sequence[int], images: Array) -> Array | None:
    """Positions of the images with the highest correlation with each row."""
    best = np.full(len(rows), -2.0)
    position = np.zeros(len(rows), int)
    wanted = _unit(rows)
    for start in range(0, len(images), 10_000):
        block = _unit(images[start : start + 10_000].reshape(-1, rows.shape[1]).astype(np.float32))
        similarity = wanted.astype(np.float32) @ block.T
        here = similarity.argmax(axis=1)
        value = similarity[np.arange(len(rows)), here]
        position = np.where(value > best, here + start, position)
        best = np.maximum(best, value)
    return position


def _unit(rows: Array) -> Array:
    centred = rows - rows.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9))


def _line(x: Array, rows: Array) -> tuple[float, float] | None:
    """Scale and offset that turn `x` into the rows, or None."""
    if np.ptp(x) == 0 or np.ptp(rows) == 0:
        return None
    scale, offset = (float(value) for value in np.polyfit(x.ravel(), rows.ravel(), 1))
    return (scale, offset) if _fits(x * scale + offset, rows) else None


def _fits(expected: Array, rows: Array) -> bool:
    spread = float(np.ptp(rows)) or 1.0
    return bool(np.max(np.abs(expected - rows)) <= 2e-3 * spread)
