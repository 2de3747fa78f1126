"""How a student prepared the images, worked out from a few rows, and done again on the real test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grader.records import Array, Data
from grader.training.data import DataSet


@dataclass(frozen=True, eq=False, slots=True)
class Preparation:
    """``images * scale + offset``, pixel by pixel or for all alike, in another shape."""

    scale: Array
    """Shape () or (784,)."""
    offset: Array
    """Shape () or (784,)."""
    shape: tuple[int, ...]
    """Of one prepared image."""
    source: str = "train"
    """Which images the rows were: ``train`` or ``test``."""
    positions: tuple[int, ...] = ()
    """Where the rows stand among those images."""

    def apply(self, images: Array) -> Array:
        """Prepare images of shape (n, 28, 28); the result has shape (n, *self.shape), float32."""
        flat = images.reshape(len(images), -1).astype(np.float64)
        return np.asarray(flat * self.scale + self.offset, np.float32).reshape(len(images), *self.shape)


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
            found = _relation(rows, images.reshape(len(images), -1)[positions], images)
            if found is not None:
                return Preparation(*found, shape, source, tuple(int(position) for position in positions))
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


def _relation(rows: Array, originals: Array, images: Array) -> tuple[Array, Array] | None:
    """Scale and offset that turn the originals into the rows: one for all pixels, or the standardisation of each."""
    x = originals.astype(np.float64)
    if np.ptp(x) == 0 or np.ptp(rows) == 0:
        return None
    scale, offset = np.polyfit(x.ravel(), rows.ravel(), 1)
    if _fits(x * scale + offset, rows):
        return np.asarray(scale), np.asarray(offset)
    flat = images.reshape(len(images), -1)
    if np.median(np.abs(_unit(rows) * _unit(x)).sum(axis=1)) < 0.2:
        return None
    mean = flat.mean(axis=0, dtype=np.float64)
    deviation = np.sqrt(np.maximum((flat.astype(np.float32) ** 2).mean(axis=0, dtype=np.float64) - mean**2, 0))
    deviation = np.where(deviation < 1e-9, 1.0, deviation)
    if _fits((x - mean) / deviation, rows):
        return 1 / deviation, -mean / deviation
    return None


def _fits(expected: Array, rows: Array) -> bool:
    spread = float(np.ptp(rows)) or 1.0
    return bool(np.max(np.abs(expected - rows)) <= 2e-3 * spread)
