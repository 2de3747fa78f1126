"""How images were prepared is worked out from a few rows, and repeated on the real test images."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from grader.records import Array, Data
from grader.training.data import DEFAULT_FOLDER, load_data
from grader.training.preparation import find_preparation

REAL = load_data(DEFAULT_FOLDER)

PREPARED: Mapping[str, Callable[[Array], Array]] = {
    "raw": lambda x: x,
    "by 255": lambda x: x / 255.0,
    "by 255 in single precision": lambda x: x.astype("float32") / 255,
    "by 255 twice": lambda x: x / 255.0 / 255.0,
    "from -1 to 1": lambda x: x / 127.5 - 1,
    "as vectors": lambda x: x.reshape(-1, 784) / 255.0,
    "with a channel": lambda x: x[..., None] / 255.0,
    "standardised as a whole": lambda x: (x - REAL.train_images.mean()) / REAL.train_images.std(),
    "each image standardised": lambda x: (x - x.mean((1, 2), keepdims=True)) / x.std((1, 2), keepdims=True),
    "columns of unit length": lambda x: x / np.sqrt((x.astype(float) ** 2).sum(1, keepdims=True)).clip(1e-9),
    "inverted": lambda x: 1 - x / 255.0,
}


def data(images: Array, positions: list[int], shape_rows: int, rows: tuple[int, ...] | None = None) -> Data:
    return Data((shape_rows, *images.shape[1:]), "float64", "", rows or tuple(positions), images)


@pytest.mark.parametrize("name", PREPARED)
def test_a_known_preparation_is_found_and_repeated(name: str) -> None:
    prepare = PREPARED[name]
    rows = [0, 1, 2, 20_000, 30_000, 59_998, 59_999]
    found = find_preparation(data(prepare(REAL.train_images[rows]), rows, 60_000), REAL)
    assert found is not None
    assert found.source == "train"
    assert np.allclose(found.apply(REAL.test_images[:50]), prepare(REAL.test_images[:50]), atol=2e-3)


def test_shuffled_rows_are_found_by_likeness() -> None:
    rows = [59_000, 7, 31_337, 4]
    found = find_preparation(data(REAL.train_images[rows] / 255.0, rows, 100, rows=(0, 1, 2, 3)), REAL)
    assert found is not None
    assert np.allclose(found.apply(REAL.test_images[:5]), REAL.test_images[:5] / 255.0, atol=1e-4)


def test_test_images_are_told_from_training_images() -> None:
    rows = [0, 1, 5_000, 9_999]
    found = find_preparation(data(REAL.test_images[rows] / 255.0, rows, 10_000), REAL)
    assert found is not None
    assert found.source == "test"


@pytest.mark.parametrize(
    "images",
    [
        np.random.default_rng(1).random((4, 28, 28)),
        np.zeros((4, 28, 28)),
        np.full((4, 28, 28), np.nan),
        np.zeros((4, 3)),
    ],
    ids=["noise", "zeros", "not a number", "another size"],
)
def test_what_is_no_image_of_the_set_is_nothing(images: Array) -> None:
    assert find_preparation(data(images, [0, 1, 2, 3], 4), REAL) is None


def test_a_label_hidden_in_the_pixels_is_no_preparation() -> None:
    rows = [0, 1, 2, 3]
    images = REAL.test_images[rows] / 255.0
    images[:, 0, :10] = np.eye(10)[REAL.test_labels[rows]]
    assert find_preparation(data(images, rows, 10_000), REAL) is None
