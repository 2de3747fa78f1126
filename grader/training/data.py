"""The real Fashion-MNIST, as the trusted side knows it."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from grader.cache import user_cache
from grader.errors import DataError
from grader.records import Array

DEFAULT_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where the Debian package `dataset-fashion-mnist` puts the four files."""
NAMES = ("fashion-mnist", "fashion_mnist")
"""Folders of the four files, and ``.npz`` archives, are called so."""

FILES = tuple(
    f"{name}-ubyte.gz" for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
)
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
"""What the same are called in Keras's archives."""


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
    arrays = [_read(folder / name) for name in FILES]
    if len(arrays[0]) != len(arrays[1]) or len(arrays[2]) != len(arrays[3]):
        sizes = [len(array) for array in arrays]
        raise DataError(f"{folder}: images and labels must be equally many. Received: {sizes}")
    return DataSet(*arrays)


def find_data(given: Path | None, beside: Path | None = None) -> Path:
    """The folder with the data set's four files; an archive of Keras's is unpacked into the user's cache.

    Args:
        given: a folder or an archive to take instead of looking for one.
        beside: a folder to look into first, that of the rubric.

    Raises:
        DataError: nothing is found, or an archive is damaged.
    """
    places = [given] if given is not None else list(_usual_places(beside))
    for place in places:
        if all((place / name).is_file() for name in FILES):
            return place.absolute()
        archives = [place] if place.suffix == ".npz" else [place / f"{name}.npz" for name in NAMES]
        for archive in archives:
            if archive.is_file():
                return _unpacked(archive)
    raise DataError(
        "the data set must be four *-ubyte.gz files, or fashion-mnist.npz (Debian and Ubuntu: apt-get install "
        f"dataset-fashion-mnist; else --data FOLDER). Received: not in {', '.join(map(str, places))}"
    )


def _usual_places(beside: Path | None) -> Iterator[Path]:
    keras = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"
    for folder in (beside, keras):
        if folder is not None:
            yield from (folder / name for name in NAMES)
            yield folder
    yield DEFAULT_FOLDER


def _unpacked(archive: Path) -> Path:
    """A folder in the user's cache with an archive's arrays as the four files; there is one for each content."""
    try:
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        folder = user_cache() / "datasets" / digest[:32]
        if not folder.is_dir():
            with np.load(archive, allow_pickle=False) as content:
                arrays = [content[name] for name in ARRAYS]
            if [(array.dtype, array.ndim) for array in arrays] != [(np.uint8, 3), (np.uint8, 1)] * 2:
                raise ValueError("arrays of other types or axes than images and labels of bytes have")
            folder.parent.mkdir(parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(dir=folder.parent))
            for name, array in zip(FILES, arrays, strict=True):
                write_idx(made / name, array)
            try:
                made.rename(folder)
            except OSError:  # another process was first
                shutil.rmtree(made)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{archive}: an archive must hold the arrays {', '.join(ARRAYS)}. Received: {type(error).__name__}: {error}"
        ) from error
    return folder


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
    for name in FILES:
        (target / name).write_bytes(gzip.compress(gzip.decompress((source / name).read_bytes()), compresslevel=0))


def write_idx(path: Path, array: Array) -> None:
    """Write an idx file, to make a smaller data set of the same kind."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(int(size).to_bytes(4, "big") for size in array.shape)
    path.write_bytes(gzip.compress(header + np.ascontiguousarray(array, np.uint8).tobytes(), compresslevel=1, mtime=0))
