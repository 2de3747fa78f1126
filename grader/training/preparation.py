"""How a student prepared the images, worked out from a few rows, and done again on the real test set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from grader.records import Array, Data
from grader.training.data import DataSet


def _standardised_pixels(images: Array, training: Array) -> Array:
    flat = training.reshape(len(training), -1)
    mean = flat.mean(axis=0, dtype=np.float64)
    square = np.einsum("ij,ij->j", flat, flat, dtype=np.float64) / len(flat)
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    return np.asarray((images.reshape(len(images), -1) - mean) / np.where(deviation < 1e-9, 1.0, deviation))


def _unit_length(axis: int | tuple[int, int]) -> Callable[[Array, Array], Array]:
    def scaled(images: Array, _training: Array) -> Array:
        values = images.astype(np.float64)
        return np.asarray(values / np.maximum(np.sqrt((values**2).sum(axis=axis, keepdims=True)), 1e-12))

    return scaled


def _standardised_images(images: Array, _training: Array) -> Array:
    values = images.astype(np.float64)
    spread = np.maximum(values.std(axis=(1, 2), keepdims=True), 1e-12)
    return np.asarray((values - values.mean(axis=(1, 2), keepdims=True)) / spread)


def _stretched_images(images: Array, _training: Array) -> Array:
    values = images.astype(np.float64)
    low, high = values.min(axis=(1, 2), keepdims=True), values.max(axis=(1, 2), keepdims=True)
    return np.asarray((values - low) / np.maximum(high - low, 1e-12))


FORMS: dict[str, Callable[[Array, Array], Array]] = {
    "as they are": lambda images, _training: images.astype(np.float64),
    "columns of unit length": _unit_length(1),
    "rows of unit length": _unit_length(2),
    "images of unit length": _unit_length((1, 2)),
    "images standardised": _standardised_images,
    "images stretched": _stretched_images,
    "pixels standardised": _standardised_pixels,
}
"""What students do to images before a last scaling; each takes images and the real training images."""


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
    training: Array
    """The real training images, of which some forms take means."""

    def apply(self, images: Array) -> Array:
        """Prepare images of shape (n, 28, 28); the result has shape (n, *self.shape), float32."""
        values = FORMS[self.form](images, self.training) * self.scale + self.offset
        return np.asarray(values, np.float32).reshape(len(images), *self.shape)


def find_preparation(data: Data | None, real: DataSet) -> Preparation | None:
    """How the rows of `data` come from real images; None where they do not, or in no way that is known."""
    if data is None or data.sample is None or data.sample.ndim < 2 or not len(data.sample):
        return None
    rows = data.sample.reshape(len(data.sample), -1).astype(np.float64)
    if rows.shape[1] != real.train_images[0].size or not np.isfinite(rows).all():
        return None
    shape = tuple(data.sample.shape[1:])
    for source, images in (("train", real.train_images), ("test", real.test_images)):
        for positions in _possible_positions(rows, data.rows, images):
            for form, function in FORMS.items():
                found = _line(function(images[positions], real.train_images).reshape(len(rows), -1), rows)
                if found is not None:
                    return Preparation(form, *found, shape, source, real.train_images)
    return None


def _possible_positions(rows: Array, indices: Sequence[int], images: Array) -> list[Array]:
    """Where the rows may stand: where they say, else where the most similar image stands."""
    found = []
    if len(indices) == len(rows) and max(indices) < len(images):
        found.append(np.asarray(indices))
    found.append(_nearest(rows, images))
    return found


def _nearest(rows: Array, images: Array) -> Array:
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
