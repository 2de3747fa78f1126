"""Whose images a training saw, and how many different ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from grader.records import Array
from grader.training.data import DataSet, load_data
from grader.training.likeness import different_rows, likeness, saw_test_images, spread

RNG = np.random.default_rng(1)


def shifted(images: Array) -> Array:
    return np.roll(images, 2, axis=2)


def noisy(images: Array) -> Array:
    return images + RNG.normal(0, 0.05, images.shape)


CHANGES: dict[str, Callable[[Array], Array]] = {
    "as they are": lambda images: images,
    "a little noise": lambda images: images + RNG.normal(0, 1e-3, images.shape),
    "noise": noisy,
    "scaled": lambda images: images * 2 - 1,
    "negatives": lambda images: 1 - images,
}


@pytest.fixture(scope="module")
def real(data_slice: Path) -> DataSet:
    return load_data(data_slice)


def saw(images: Array, real: DataSet) -> bool:
    found = likeness(spread(images), real)
    assert found is not None
    assert not found.is_of_no_images
    return saw_test_images(found, len(spread(images)))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changed_images_of_the_test_set_are_known(change: Callable[[Array], Array], real: DataSet) -> None:
    assert saw(change(real.test_images / 255.0), real)
    mixed = np.concatenate([real.train_images[: 4 * len(real.test_images)], real.test_images]) / 255.0
    assert saw(change(mixed), real)


@pytest.mark.parametrize(
    "change",
    [*CHANGES.values(), shifted, lambda images: images[:, :, ::-1], lambda images: shifted(noisy(images))],
    ids=[*CHANGES, "shifted", "mirrored", "shifted and noisy"],
)
def test_training_images_in_any_form_are_no_test_images(change: Callable[[Array], Array], real: DataSet) -> None:
    assert not saw(change(real.train_images / 255.0), real)


def test_noise_is_like_no_image(real: DataSet) -> None:
    found = likeness(RNG.random((64, 784)), real)
    assert found is not None
    assert found.is_of_no_images


def test_rows_of_another_size_are_like_nothing(real: DataSet) -> None:
    assert likeness(np.ones((3, 8, 8)), real) is None
    assert likeness(np.full((3, 784), np.nan), real) is None
    assert likeness(np.ones((0, 784)), real) is None


@pytest.mark.parametrize("kind", ["float32", "float64", "uint8"])
def test_rows_that_are_repeated_count_once(kind: str) -> None:
    rows = (RNG.random((300, 28, 28)) * 255).astype(kind)
    assert different_rows(rows) == 300
    assert different_rows(np.concatenate([rows] * 5)) == 300
    assert different_rows(np.repeat(rows[:1], 1000, axis=0)) == 1
    assert different_rows(rows[:0]) == 0
