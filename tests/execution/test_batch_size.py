"""The batch size of a pipeline is that of the batches which reach the model, whatever stage made them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from grader.execution.recorder.data import DataReader


def half(x: Any, y: Any) -> Any:
    return x[:32], y[:32]


def scaled(x: Any, y: Any) -> Any:
    return x / 2, y


PIPELINES: dict[str, tuple[Callable[[Any], Any], int | None]] = {
    "in the usual order": (lambda rows: rows.shuffle(9).batch(64).prefetch(2), 64),
    "kept and cut": (lambda rows: rows.batch(64).cache().take(2).repeat(2), 64),
    "changed batch by batch": (lambda rows: rows.batch(64).map(scaled).prefetch(1), 64),
    "batched anew": (lambda rows: rows.batch(32).rebatch(64), 64),
    "batched again": (lambda rows: rows.batch(128).unbatch().batch(64), 64),
    "batches cut by a map": (lambda rows: rows.batch(64).map(half), 32),
    "no batches": (lambda rows: rows, None),
}


@pytest.mark.parametrize(("pipeline", "size"), PIPELINES.values(), ids=PIPELINES)
def test_it_is_that_of_what_reaches_the_model(pipeline: Callable[[Any], Any], size: int | None) -> None:
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices((np.zeros((300, 4), np.float32), np.zeros(300)))
    assert DataReader(None).batch_size(pipeline(rows)) == size  # type: ignore[arg-type]
