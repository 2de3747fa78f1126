"""The real Fashion-MNIST, as the trusted side knows it."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import math
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cache import user_cache
from grader.errors import DataError, Phrase

if TYPE_CHECKING:  # whoever asks where the data set is does not wait for NumPy
    from grader.records import Array

DEFAULT_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where the Debian package `dataset-fashion-mnist` puts the four files."""
NAMES = ("fashion-mnist", "fashion_mnist")
"""Folders of the four files, and ``.npz`` archives, are called so."""

FILES = tuple(
    f"{name}-ubyte.gz" for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
)
LARGEST_SET = 200_000_000
"""Bytes; the data set has 55 million."""
TEST_LABELS_SHA256 = "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9"
"""Of the 10,000 labels, a byte each."""
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
    arrays = [_read(folder / name, 3 if "images" in name else 1) for name in FILES]
    _check(folder, arrays)
    return DataSet(*arrays)


def find_data(given: Path | None, beside: Path | None = None) -> Path:
    """The folder with the data set's four files; an archive of Keras's is unpacked into the user's cache.

    Args:
        given: a folder or an archive to take instead of looking for one, whatever images it has.
        beside: a folder to look into first, that of the rubric.

    Raises:
        DataError: nothing is found, or an archive is damaged.
    """
    if given is not None:
        found = _at(given)
        if found is None:
            raise DataError(
                "--data must be {forms}. Received: {given}, without {missing}",
                forms=_FORMS,
                given=given,
                missing=", ".join(_missing(given)),
            )
        return found
    places = list(_usual_places(beside))
    for place in places:
        found = _at(place)
        if found is not None and is_known(found):  # digits, say, are kept in files of the same names
            return found
    raise DataError(
        "the data set must be {forms} (Debian and Ubuntu: apt-get install dataset-fashion-mnist; else --data "
        "FOLDER). Received: not in {places}",
        forms=_FORMS,
        places=", ".join(map(str, places)),
    )


_FORMS = Phrase("a folder with the four *-ubyte.gz files, or Keras's archive fashion-mnist.npz")


def _at(place: Path) -> Path | None:
    """The folder with the four files of a place, if it has them or an archive."""
    if not _missing(place):
        return place.absolute()
    archives = [place] if place.suffix == ".npz" else [place / f"{name}.npz" for name in NAMES]
    return next((_unpacked(archive) for archive in archives if archive.is_file()), None)


def _missing(folder: Path) -> list[str]:
    return [name for name in FILES if not (folder / name).is_file()]


def _usual_places(beside: Path | None) -> Iterator[Path]:
    keras = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"
    for folder in (beside, keras):
        if folder is not None:
            yield from (folder / name for name in NAMES)
            yield folder
    yield DEFAULT_FOLDER


def is_known(folder: Path) -> bool:
    """True if a folder's test labels are the real data set's."""
    try:
        return hashlib.sha256(_read(folder / FILES[3], 1).tobytes()).hexdigest() == TEST_LABELS_SHA256
    except DataError:
        return False


def _unpacked(archive: Path) -> Path:
    """A folder in the user's cache with an archive's arrays as the four files; there is one for each content."""
    try:
        if archive.stat().st_size > LARGEST_SET:
            raise ValueError("more bytes than the data set has")
        folder = user_cache() / "datasets" / hashlib.sha256(archive.read_bytes()).hexdigest()[:32]
        arrays = _arrays(archive) if _missing(folder) else []
    except Exception as error:  # a damaged archive raises whatever its damage leads to
        raise DataError(
            "{archive}: an archive must hold the arrays {arrays}. Received: {kind}: {problem}",
            archive=archive,
            arrays=", ".join(ARRAYS),
            kind=type(error).__name__,
            problem=str(error)[:200],
        ) from error
    if arrays:
        try:
            _put(folder, arrays)
        except OSError as error:
            raise DataError(
                "{archive}: an archive must be unpacked into the cache, which XDG_CACHE_HOME names. Received: {reason}",
                archive=archive,
                reason=error,
            ) from error
    return folder


def _arrays(archive: Path) -> list[Array]:
    import numpy as np

    with zipfile.ZipFile(archive) as content:
        if sum(entry.file_size for entry in content.infolist()) > LARGEST_SET:
            raise ValueError("more bytes than the data set has")
    with np.load(archive, allow_pickle=False) as content:
        arrays = [content[name] for name in ARRAYS]
    if any(array.dtype != np.uint8 for array in arrays):
        raise ValueError("arrays of other types than bytes")
    _check(archive, arrays)
    return arrays


def _put(folder: Path, arrays: list[Array]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        for name, array in zip(FILES, arrays, strict=True):
            write_idx(made / name, array)
        shutil.rmtree(folder, ignore_errors=True)  # what has lost a file
        with contextlib.suppress(OSError):  # another process was first
            made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _check(where: Path, arrays: Sequence[Array]) -> None:
    """Raises DataError where arrays are not images of 28x28 and as many labels from 0 to 9, twice."""
    shapes = [array.shape for array in arrays]
    images, labels = arrays[::2], arrays[1::2]
    whole = all(
        array.ndim == 3 and array.shape[1:] == (28, 28) and len(array) and marks.shape == (len(array),)
        for array, marks in zip(images, labels, strict=True)
    )
    if not whole or max(int(marks.max()) for marks in labels) > 9:
        raise DataError(
            "{where}: the data set must have images of 28x28 and as many labels from 0 to 9, for training and for "
            "testing. Received: {found}",
            where=where,
            found=str(shapes) if not whole else Phrase("other labels"),
        )


def _read(path: Path, axes: int) -> Array:
    """One idx file; the format is described at the end of yann.lecun.com/exdb/mnist: magic, sizes, bytes."""
    import numpy as np

    try:
        with gzip.open(path) as file:
            raw = file.read(LARGEST_SET + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            "{path}: the data set's file must be readable (Debian and Ubuntu: apt-get install dataset-fashion-mnist). "
            "Received: {reason}",
            path=path,
            reason=getattr(error, "strerror", None) or error,
        ) from error
    header = 4 + 4 * axes
    shape = [int.from_bytes(raw[at : at + 4], "big") for at in range(4, header, 4)]
    if raw[:4] != bytes([0, 0, 8, axes]) or len(raw) - header != math.prod(shape):
        raise DataError(
            "{path}: an idx file of bytes with {axes} axes must hold what its header says. Received: {count} bytes",
            path=path,
            axes=axes,
            count=len(raw),
        )
    return np.frombuffer(raw, np.uint8, offset=header).reshape(shape)


def copy_stored(source: Path, target: Path) -> None:
    """Write the four files into a folder as gzip files that are stored, not compressed: they open at once.

    Raises:
        DataError: a file is missing or damaged.
    """
    data = load_data(source)
    arrays = (data.train_images, data.train_labels, data.test_images, data.test_labels)
    for name, array in zip(FILES, arrays, strict=True):
        write_idx(target / name, array, compresslevel=0)


def write_idx(path: Path, array: Array, compresslevel: int = 1) -> None:
    """Write an idx file, to make a smaller data set of the same kind."""
    import numpy as np

    header = bytes([0, 0, 8, array.ndim]) + b"".join(int(size).to_bytes(4, "big") for size in array.shape)
    path.write_bytes(gzip.compress(header + np.ascontiguousarray(array, np.uint8).tobytes(), compresslevel, mtime=0))
