"""The real data set, and what is said when it is missing or damaged."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.errors import DataError
from grader.training import data
from grader.training.data import DEFAULT_FOLDER, FILES, find_data, load_data, write_idx


def test_the_real_set_is_whole() -> None:
    real = load_data(DEFAULT_FOLDER)
    assert real.train_images.shape == (60_000, 28, 28)
    assert real.test_images.shape == (10_000, 28, 28)
    assert sorted(set(real.test_labels.tolist())) == list(range(10))
    assert real.test_labels[0] == 9


def test_a_missing_set_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="apt-get install dataset-fashion-mnist"):
        load_data(tmp_path)


def test_a_truncated_file_is_noticed(tmp_path: Path) -> None:
    for name in FILES:
        shape = (4, 28, 28) if "images" in name else (4,)
        write_idx(tmp_path / name, np.zeros(shape, np.uint8))
    assert load_data(tmp_path).test_images.shape == (4, 28, 28)
    load_data.cache_clear()
    broken = tmp_path / "t10k-images-idx3-ubyte.gz"
    broken.write_bytes(broken.read_bytes()[:20])
    with pytest.raises(DataError, match="t10k-images"):
        load_data(tmp_path)


def archive(path: Path, **arrays: Any) -> Path:
    """An archive as Keras keeps it."""
    images, labels = np.zeros((3, 28, 28), np.uint8), np.arange(3, dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{"x_train": images, "y_train": labels, "x_test": images, "y_test": labels, **arrays})
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without a data set."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home" / ".keras"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home" / ".cache"))
    monkeypatch.setattr(data, "DEFAULT_FOLDER", tmp_path / "system")
    return tmp_path / "home"


SYSTEMS = DEFAULT_FOLDER

PLACES = {
    "beside the rubric": "rubric",
    "in a folder beside the rubric": "rubric/fashion-mnist",
    "in Keras's cache": "home/.keras/datasets/fashion-mnist",
    "where the system's package puts it": "system",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_the_four_files_are_found(place: str, home: Path, tmp_path: Path, data_slice: Path) -> None:
    shutil.copytree(data_slice, tmp_path / "home/.keras/datasets")  # others of the same names, as digits are kept
    shutil.copytree(SYSTEMS, tmp_path / place)
    assert find_data(None, tmp_path / "rubric") == tmp_path / place


def test_what_is_given_is_taken_before_all_others(home: Path, tmp_path: Path, data_slice: Path) -> None:
    shutil.copytree(data_slice, tmp_path / "rubric")
    assert find_data(data_slice, tmp_path / "rubric") == data_slice
    (data_slice_without := tmp_path / "given").mkdir()
    with pytest.raises(DataError, match=f"--data must be .* Received: {data_slice_without}, without train-images"):
        find_data(data_slice_without, tmp_path / "rubric")


@pytest.mark.parametrize("name", [".keras/datasets/fashion-mnist.npz", ".keras/datasets/fashion_mnist.npz"])
def test_an_archive_of_keras_is_unpacked_once(name: str, home: Path) -> None:
    real = load_data(SYSTEMS)
    file = archive(home / name, x_train=real.train_images[:9], y_train=real.train_labels[:9], y_test=real.test_labels,
                   x_test=real.test_images)  # fmt: skip
    found = find_data(None)
    assert load_data(found).test_labels[0] == 9
    assert find_data(file) == found
    (found / FILES[0]).unlink()
    assert find_data(file) == found
    assert [folder.name for folder in found.parent.iterdir()] == [found.name]


def forged(file: Path) -> None:
    """An array that says it has 1.4 TB."""
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1400000, 1000000), }".ljust(117) + b"\n"
    with zipfile.ZipFile(file, "w") as made:
        for name in ("x_train", "y_train", "x_test", "y_test"):
            made.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "no archive": lambda file: file.write_bytes(b"PK"),
    "an array": lambda file: np.save(file.open("wb"), np.zeros(3)),
    "cut off": lambda file: file.write_bytes(archive(file).read_bytes()[:-400]),
    "bytes changed": lambda file: file.write_bytes(archive(file).read_bytes().replace(b"NUMPY", b"NUMPX")),
    "pickled objects": lambda file: archive(file, x_test=np.array([{}], object)),
    "no images": lambda file: archive(file, x_train=np.zeros((3, 4))),
    "images of another size": lambda file: archive(file, x_train=np.zeros((3, 32, 32), np.uint8)),
    "more than there can be": forged,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_archive_is_one_error(damage: Callable[[Path], object], home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.npz"
    damage(file)
    with pytest.raises(DataError, match=r"mine\.npz: .* must h(old|ave) .* Received: "):
        find_data(file)
    assert not list((home / ".cache").rglob("tmp*"))


WRONG: dict[str, tuple[str, tuple[int, ...], int]] = {
    "images of another size": ("train-images-idx3", (4, 32, 32), 0),
    "no images": ("t10k-images-idx3", (0, 28, 28), 0),
    "labels beyond the classes": ("train-labels-idx1", (4,), 77),
    "labels in place of images": ("train-images-idx3", (4,), 0),
    "images in place of labels": ("train-labels-idx1", (4, 28, 28), 0),
    "fewer labels than images": ("t10k-labels-idx1", (3,), 0),
}


@pytest.mark.parametrize(("name", "shape", "value"), WRONG.values(), ids=WRONG)
def test_another_data_set_is_refused(name: str, shape: tuple[int, ...], value: int, tmp_path: Path) -> None:
    for file in FILES:
        write_idx(tmp_path / file, np.zeros((4, 28, 28) if "images" in file else (4,), np.uint8))
    write_idx(tmp_path / f"{name}-ubyte.gz", np.full(shape, value, np.uint8))
    with pytest.raises(DataError, match=r"must h(ave images of 28x28|old what its header says)"):
        load_data(tmp_path)
