"""The real Fashion-MNIST, as the trusted side knows it."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from grader.errors import DataError
from grader.records import Array

DEFAULT_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where the Debian package `dataset-fashion-mnist` puts the four files."""

FILES = ("train-images", "train-labels", "t10k-images", "t10k-labels")


@dataclass(frozen=True, eq=False, slots=True)
class DataSet:
    """Images of shape (n, 28, 28), uint8 from 0 to 255, and labels of shape (n,), uint8 from 0 to 9."""

    train_images: Array
    train_labels: Array
    test_images: Array
    test_labels: Array


@lru_cache(maxsize=2)
def load_data(folder: Path = DEFAULT_FOLDER) -> DataSet:
    """Read the four idx files of the data set.

    Raises:
        DataError: a file is missing or damaged.
    """
    arrays = [_read(folder / f"{name}-idx{3 if 'images' in name else 1}-ubyte.gz") for name in FILES]
    if len(arrays[0]) != len(arrays[1]) or len(arrays[2]) != len(arrays[3]):
        sizes = [len(array) for array in arrays]
        raise DataError(f"{folder}: images and labels must be equally many. Received: {sizes}")
    return DataSet(*arrays)


def _read(path: Path) -> Array:
    """One idx file; the format is described at the end of yann.lecun.com/exdb/mnist: magic, sizes, bytes."""
    try:
        raw = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path}: the data set's file must be readable (Debian and Ubuntu: apt-get install dataset-fashion-mnist). "
            f"Received: {getattr(error, 'strerror', None) or error}"
        ) from error
    axes = raw[3] if len(raw) > 3 else 0
    shape = [int(size) for size in np.frombuffer(raw, ">u4", axes, offset=4)] if len(raw) >= 4 + 4 * axes else []
    body = np.frombuffer(raw, np.uint8, offset=4 + 4 * axes) if shape else np.zeros(0, np.uint8)
    if raw[:3] != b"\0\0\x08" or axes not in (1, 3) or body.size != int(np.prod(shape)):
        raise DataError(f"{path}: an idx file of bytes must hold what its header says. Received: {len(raw)} bytes")
    return body.reshape(shape)


def copy_stored(source: Path, target: Path) -> None:
    """Copy the four files as gzip files that are stored, not compressed: they open in a fraction of the time."""
    target.mkdir()
    for file in sorted(source.glob("*-ubyte.gz")):
        (target / file.name).write_bytes(gzip.compress(gzip.decompress(file.read_bytes()), compresslevel=0))


def write_idx(path: Path, array: Array) -> None:
    """Write an idx file, to make a smaller data set of the same kind."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(int(size).to_bytes(4, "big") for size in array.shape)
    path.write_bytes(gzip.compress(header + np.ascontiguousarray(array, np.uint8).tobytes(), compresslevel=1))
