"""The real data set, and what is said when it is missing or damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grader.errors import DataError
from grader.training.data import DEFAULT_FOLDER, FILES, load_data, write_idx


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
        write_idx(tmp_path / f"{name}-idx{len(shape)}-ubyte.gz", np.zeros(shape, np.uint8))
    assert load_data(tmp_path).test_images.shape == (4, 28, 28)
    load_data.cache_clear()
    broken = tmp_path / "t10k-images-idx3-ubyte.gz"
    broken.write_bytes(broken.read_bytes()[:20])
    with pytest.raises(DataError, match="t10k-images"):
        load_data(tmp_path)
