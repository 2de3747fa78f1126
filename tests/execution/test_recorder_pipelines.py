"""Pipelines taken apart in the kernel: their rows, put into batches again, are what TensorFlow gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.execution.recorder.orders import InKernel
from grader.execution.recorder.pipelines import PipelineReader, first_rows
from grader.training.pipelines import Pipeline, Stage, epochs_of

tf = pytest.importorskip("tensorflow")

N, BATCH = 50, 8
IMAGES = np.random.default_rng(0).integers(0, 256, (N, 4, 3), np.uint8)
LABELS = np.random.default_rng(1).integers(0, 10, N).astype(np.uint8)

Make = Callable[[Any], Any]


@pytest.fixture
def rows() -> Any:
    return tf.data.Dataset.from_tensor_slices((IMAGES, LABELS))


def scaled(x: Any, y: Any) -> Any:
    return tf.cast(x, tf.float32) / 255.0, y


def given(data: Any) -> list[list[Any]]:
    """What TensorFlow gives, batch by batch."""
    return [[np.asarray(part) for part in batch] for batch in data]


def again(data: Any) -> list[list[Any]]:
    """The same of a pipeline's rows, by the trainer's hand."""
    found = PipelineReader().rows(data)
    stages = tuple(Stage(**vars(stage)) for stage in found.stages)
    batches = next(epochs_of(Pipeline(stages), len(found.arrays[0]), 1, 1))
    return [[array[batch] for array in found.arrays] for batch in batches]


def same(left: list[list[Any]], right: list[list[Any]]) -> bool:
    return len(left) == len(right) and all(
        len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
        for a, b in zip(left, right, strict=True)
    )


ORDERLY: dict[str, Make] = {
    "rows": lambda rows: rows.batch(BATCH),
    "a function of rows": lambda rows: rows.map(scaled, num_parallel_calls=2).batch(BATCH, num_parallel_calls=2),
    "a function of batches": lambda rows: rows.batch(BATCH).map(scaled).prefetch(1),
    "functions of both": lambda rows: rows.map(scaled).batch(BATCH).map(lambda x, y: (x * 2.0, tf.one_hot(y, 10))),
    "whole batches": lambda rows: rows.batch(BATCH, True).map(lambda x, y: (tf.reshape(x, (BATCH, 12)), y)),
    "parts": lambda rows: rows.skip(5).map(scaled).take(30).batch(BATCH).skip(1).take(2),
    "every second": lambda rows: rows.shard(2, 1).batch(BATCH),
    "twice": lambda rows: rows.map(scaled).repeat(2).batch(BATCH).cache().repeat(2),
    "zipped": lambda rows: tf.data.Dataset.zip((rows.map(lambda x, y: x), rows.map(lambda x, y: y))).batch(BATCH),
    "joined": lambda rows: rows.take(10).concatenate(rows.skip(20)).batch(BATCH),
    "numbered": lambda rows: tf.data.Dataset.range(N).map(lambda i: (tf.gather(IMAGES, i), i)).batch(BATCH),
    "weights": lambda rows: rows.map(lambda x, y: (x, y, tf.cast(y, tf.float64) / 2)).batch(BATCH),
    "inputs alone": lambda rows: rows.map(lambda x, y: (x,)).batch(BATCH),
    "one batch": lambda rows: tf.data.Dataset.from_tensors((IMAGES, LABELS)).repeat(3),
    "ready batches": lambda rows: tf.data.Dataset.from_tensor_slices(
        (IMAGES.reshape(10, 5, 4, 3), LABELS.reshape(10, 5))
    ),
    "parts of one order": lambda rows: (
        rows.shuffle(N, reshuffle_each_iteration=False).skip(20).map(scaled).batch(BATCH)
    ),
    "a layer": lambda rows: rows.map(_rescaled()).batch(BATCH),
}


def _rescaled() -> Callable[..., Any]:
    import keras

    layer = keras.layers.Rescaling(1 / 255.0)
    return lambda x, y: (layer(x), y)


@pytest.mark.parametrize("make", ORDERLY.values(), ids=ORDERLY)
def test_batches_that_are_in_order_come_back_as_they_are(rows: Any, make: Make) -> None:
    data = make(rows)
    assert same(again(data), given(data))


def test_the_first_batch_is_of_rows_as_they_stand(rows: Any) -> None:
    data = rows.shuffle(N).batch(BATCH).map(scaled).repeat()
    assert same(
        [list(map(np.asarray, first_rows(data)))], [list(map(np.asarray, scaled(IMAGES[:BATCH], LABELS[:BATCH])))]
    )


SHUFFLED: dict[str, Make] = {
    "rows": lambda rows: rows.shuffle(7).batch(BATCH),
    "before a function": lambda rows: rows.shuffle(N).map(scaled).batch(BATCH),
    "before a function of batches": lambda rows: rows.shuffle(N).batch(BATCH).map(scaled),
    "batches before a function": lambda rows: rows.batch(BATCH).shuffle(3).map(scaled),
    "kept": lambda rows: rows.map(scaled).shuffle(N, seed=3).cache().batch(BATCH),
    "numbers": lambda rows: tf.data.Dataset.range(N).shuffle(N).map(lambda i: (tf.gather(IMAGES, i), i)).batch(BATCH),
}


@pytest.mark.parametrize("make", SHUFFLED.values(), ids=SHUFFLED)
def test_rows_that_are_shuffled_are_the_same_rows(rows: Any, make: Make) -> None:
    data = make(rows)
    ours, theirs = (sorted(map(str, _rows(batches))) for batches in (again(data), given(data)))
    assert ours == theirs
    reader = PipelineReader()
    assert len(reader.to_look(data, None, in_order=False)[0]) == N
    with pytest.raises(InKernel, match="shuffled"):
        reader.to_look(data, None, in_order=True)


def _rows(batches: list[list[Any]]) -> list[Any]:
    return [tuple(part.tolist() for part in row) for batch in batches for row in zip(*batch, strict=True)]


def _loose(rows: Any) -> Any:
    options = tf.data.Options()
    options.deterministic = False
    return rows.batch(BATCH).with_options(options)


def _counted(rows: Any) -> Any:
    variable = tf.Variable(0)
    return rows.map(lambda x, y: (x, tf.cast(variable.assign_add(1), tf.uint8))).batch(BATCH)


def _own_class(rows: Any) -> Any:
    return type("Own", (type(rows),), {})((IMAGES, LABELS)).batch(BATCH)


IN_KERNEL: dict[str, tuple[Make, str]] = {
    "flipped at random": (
        lambda rows: rows.map(lambda x, y: (tf.image.random_flip_left_right(x[..., None]), y)),
        "something else",
    ),
    "noise with a seed": (lambda rows: rows.map(lambda x, y: (tf.random.normal((4,), seed=3), y)), "something else"),
    "random inside": (lambda rows: rows.map(tf.function(lambda x, y: (tf.random.uniform((4,)), y))), "something else"),
    "Python code": (lambda rows: rows.map(lambda x, y: (tf.py_function(abs, [x], tf.uint8), y)), "something else"),
    "a variable": (_counted, "something else"),
    "means of batches": (
        lambda rows: rows.map(scaled).batch(BATCH).map(lambda x, y: (x - tf.reduce_mean(x), y)),
        "whole batches",
    ),
    "places in batches": (
        lambda rows: rows.batch(BATCH, True).map(lambda x, y: (x, y + tf.cast(tf.range(BATCH), tf.uint8))),
        "whole batches",
    ),
    "rows left out of batches": (lambda rows: rows.batch(BATCH).map(lambda x, y: (x[1:], y[1:])), "number of rows"),
    "filtered": (lambda rows: rows.filter(lambda x, y: y < 5).batch(BATCH), "Filter"),
    "a generator": (
        lambda rows: tf.data.Dataset.from_generator(lambda: iter(range(9)), output_signature=tf.TensorSpec(())).batch(
            3
        ),
        "FlatMap",
    ),
    "a class of its own": (_own_class, "Own"),
    "shuffled before they are zipped": (
        lambda rows: tf.data.Dataset.zip((rows.shuffle(N, 1), rows.shuffle(N, 1))).batch(BATCH),
        "zip",
    ),
    "a part of an order with a seed": (
        lambda rows: rows.shuffle(N, seed=1).take(20).batch(BATCH),
        "order of their own",
    ),
    "a part of rounds in one order": (
        lambda rows: rows.repeat(2).shuffle(N, reshuffle_each_iteration=False).take(20).batch(BATCH),
        "order of their own",
    ),
    "a part of an order that is kept": (
        lambda rows: rows.shuffle(N).cache().skip(20).batch(BATCH),
        "order of their own",
    ),
    "batches of batches": (lambda rows: rows.batch(5).batch(5), "batches of batches"),
    "no order": (_loose, "without an order"),
    "no order of a function": (lambda rows: rows.map(scaled, 2, deterministic=False).batch(BATCH), "without an order"),
    "other elements": (lambda rows: rows.map(lambda x, y: {"x": x, "y": y}).batch(BATCH), "not inputs and labels"),
    "batches of several sizes": (
        lambda rows: tf.data.Dataset.range(1, 5).map(lambda i: (tf.zeros((i, 3)), tf.zeros((i,)))),
        "several sizes",
    ),
    "no batches": (lambda rows: rows, "no rows"),
}


@pytest.mark.parametrize(("make", "why"), IN_KERNEL.values(), ids=IN_KERNEL)
def test_what_is_not_certain_is_the_kernels_own_work(rows: Any, make: Make, why: str) -> None:
    with pytest.raises(InKernel, match=why):
        PipelineReader().rows(make(rows))


def test_a_pipeline_that_is_kept_in_a_file(rows: Any, tmp_path: Path) -> None:
    with pytest.raises(InKernel, match="file"):
        PipelineReader().rows(rows.cache(str(tmp_path / "kept")).batch(BATCH))


LENGTHS: dict[str, tuple[Make, int | None, int, bool]] = {
    "as long as it is": (lambda rows: rows.batch(BATCH), None, 5, True),
    "without end": (lambda rows: rows.batch(BATCH).repeat(), None, 5, False),
    "steps without end": (lambda rows: rows.batch(BATCH).repeat(), 4, 5, True),
    "steps to the end": (lambda rows: rows.batch(BATCH), 7, 5, True),
    "steps beyond the end": (lambda rows: rows.batch(BATCH), 8, 1, False),
    "steps that end within an epoch": (lambda rows: rows.batch(BATCH), 4, 2, False),
    "steps that stop before": (lambda rows: rows.batch(BATCH), 3, 2, True),
    "inputs alone": (lambda rows: rows.map(lambda x, y: x).batch(BATCH), None, 1, False),
}


@pytest.mark.parametrize(("make", "steps", "epochs", "answered"), LENGTHS.values(), ids=LENGTHS)
def test_an_epoch_must_have_all_its_steps(
    rows: Any, make: Make, steps: int | None, epochs: int, answered: bool
) -> None:
    data, reader = make(rows), PipelineReader()
    if answered:
        assert reader.to_train(data, steps, epochs).batch_size == BATCH
    else:
        with pytest.raises(InKernel):
            reader.to_train(data, steps, epochs)


LOOKS: dict[str, tuple[Make, int | None, int]] = {
    "all": (lambda rows: rows.batch(BATCH), None, 50),
    "whole batches": (lambda rows: rows.batch(BATCH, drop_remainder=True), None, 48),
    "twice": (lambda rows: rows.repeat(2).batch(BATCH), None, 100),
    "steps": (lambda rows: rows.batch(BATCH).repeat(), 10, 74),
}


@pytest.mark.parametrize(("make", "steps", "count"), LOOKS.values(), ids=LOOKS)
def test_what_is_looked_at_is_what_the_pipeline_gives(rows: Any, make: Make, steps: int | None, count: int) -> None:
    data = make(rows)
    x, y = PipelineReader().to_look(data, steps, in_order=True)
    batches = given(data.take(-1 if steps is None else steps))
    assert np.array_equal(x, np.concatenate([batch[0] for batch in batches]))
    assert np.array_equal(y, np.concatenate([batch[1] for batch in batches]))
    assert len(x) == count


def test_rows_are_made_once_for_each_pipeline(rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = PipelineReader()
    data = rows.map(scaled).batch(BATCH)
    assert reader.rows(data) is reader.rows(data)
    monkeypatch.setattr("grader.execution.recorder.pipelines.MAX_HELD_BYTES", 10)
    other = rows.map(scaled).batch(BATCH)
    reader.rows(other)
    assert list(reader.held) == [other]


def test_students_functions_are_not_called_again(rows: Any) -> None:
    calls = []
    data = rows.map(lambda x, y: (calls.append(1), scaled(x, y))[1]).shuffle(9).batch(BATCH)
    before = len(calls)
    PipelineReader().rows(data)
    assert len(calls) == before
