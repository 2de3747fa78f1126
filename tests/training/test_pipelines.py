"""Pipelines as the trainer follows them, beside TensorFlow's and Keras's own iteration over them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainings import small_order

from grader.errors import NotTrainable
from grader.training.orders import Order, order_of
from grader.training.pipelines import Extent, Pipeline, Stage, canonical_pipeline, epochs_of, extent_of, runs_of
from grader.training.trajectories import Trajectories

ROWS = 20
SHUFFLE, FULL, FIXED = Stage("shuffle", 6, True), Stage("shuffle", ROWS, True), Stage("shuffle", ROWS, False)
BATCH, DROP, CACHE, TWICE, FOR_EVER = (
    Stage("batch", 8),
    Stage("batch", 8, True),
    Stage("cache"),
    Stage("repeat", 2),
    Stage("repeat", -1),
)


def pipeline(*stages: Stage, steps: int | None = None) -> Pipeline:
    return Pipeline(stages, steps)


def in_tensorflow(found: Pipeline) -> Any:
    import tensorflow as tf

    data = tf.data.Dataset.range(ROWS)
    for stage in found.stages:
        if stage.op == "shuffle":
            data = data.shuffle(stage.count, reshuffle_each_iteration=stage.flag)
        elif stage.op == "batch":
            data = data.batch(stage.count, stage.flag)
        else:
            data = data.cache() if stage.op == "cache" else getattr(data, stage.op)(stage.count)
    return data


def by_keras(found: Pipeline, epochs: int) -> list[list[list[int]]]:
    """The batches of each epoch, as Keras's `fit` takes them."""
    import tensorflow as tf
    from keras.src.backend.tensorflow.trainer import TFEpochIterator

    iterator = TFEpochIterator(
        x=in_tensorflow(found), steps_per_epoch=found.steps, distribute_strategy=tf.distribute.get_strategy()
    )
    return [[next(batches).numpy().tolist() for *_, batches in iterator] for _ in range(epochs)]


def by_trainer(found: Pipeline, epochs: int, moving: int = 1, first: int = 1) -> list[list[list[int]]]:
    given = islice(epochs_of(found, ROWS, moving, fixed=5, first=first), epochs)
    return [[batch.tolist() for batch in epoch] for epoch in given]


ORDERLY = {
    "batches": pipeline(BATCH),
    "whole batches only": pipeline(DROP),
    "repeated rows": pipeline(TWICE, BATCH),
    "repeated batches": pipeline(BATCH, TWICE),
    "parts of rows and batches": pipeline(Stage("skip", 3), Stage("take", 15), BATCH, Stage("skip", 1)),
    "steps over the seam of rounds": pipeline(FOR_EVER, BATCH, steps=4),
    "steps within a round": pipeline(Stage("batch", 5), steps=2),
    "steps that leave some over": pipeline(BATCH, FOR_EVER, steps=2),
    "steps beyond the end": pipeline(Stage("batch", 5), steps=3),
}


@pytest.mark.parametrize("found", ORDERLY.values(), ids=ORDERLY)
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_batches_are_those_that_keras_takes(found: Pipeline) -> None:
    assert by_trainer(found, 4) == by_keras(found, 4)
    simpler, shuffled = canonical_pipeline(found, ROWS)
    assert not shuffled
    assert by_trainer(simpler or pipeline(BATCH), 4) == by_keras(found, 4)


SHUFFLED = {
    "by a small buffer": pipeline(SHUFFLE, BATCH),
    "in full": pipeline(FULL, BATCH),
    "batches": pipeline(Stage("batch", 3), Stage("shuffle", 7, True)),
    "repeated": pipeline(FULL, TWICE, BATCH),
    "repeated in one order": pipeline(FIXED, TWICE, Stage("batch", 5)),
    "kept": pipeline(FULL, CACHE, BATCH),
    "kept, then shuffled": pipeline(FULL, CACHE, Stage("shuffle", 3, True), BATCH),
    "in one order": pipeline(FIXED, BATCH),
    "by steps": pipeline(FULL, FOR_EVER, BATCH, steps=5),
    "kept, by steps": pipeline(FULL, CACHE, FOR_EVER, Stage("batch", 5), steps=3),
}


@pytest.mark.parametrize("found", SHUFFLED.values(), ids=SHUFFLED)
def test_what_stays_and_what_changes_from_epoch_to_epoch_is_as_in_keras(found: Pipeline) -> None:
    ours, theirs = by_trainer(found, 6), by_keras(found, 6)
    assert _pattern(ours) == _pattern(theirs)
    sizes = [[sorted(map(len, epoch)) for epoch in epochs] for epochs in (ours, theirs)]
    assert sizes[0] == sizes[1]


def _pattern(epochs: list[list[list[int]]]) -> tuple[list[int], Any]:
    """Which epochs have the same batches in the same order, and, of whole rounds, how often each row was given."""
    rows = Counter(row for epoch in epochs for batch in epoch for row in batch)
    return [epochs.index(epoch) for epoch in epochs], rows if sum(rows.values()) % ROWS == 0 else None


def test_a_small_buffer_gives_each_order_as_often_as_tensorflows() -> None:
    import tensorflow as tf

    times = 4000
    theirs = Counter(
        tuple(order) for order in tf.data.Dataset.range(4).shuffle(2, seed=1).repeat(times).batch(4).as_numpy_iterator()
    )
    small = pipeline(Stage("shuffle", 2, True), Stage("batch", 4))
    ours = Counter(tuple(epoch[0].tolist()) for epoch in islice(epochs_of(small, 4, 1, 1), times))
    assert set(ours) == set(theirs)
    assert all(abs(ours[order] - theirs[order]) < 6 * (times / len(theirs)) ** 0.5 for order in theirs)


def test_an_epoch_is_the_same_wherever_training_goes_on() -> None:
    for found in SHUFFLED.values():
        assert by_trainer(found, 5)[3:] == by_trainer(found, 2, first=4)


def test_seeds_decide_about_orders() -> None:
    assert by_trainer(pipeline(FULL, BATCH), 1) != by_trainer(pipeline(FULL, BATCH), 1, moving=2)
    assert by_trainer(pipeline(FIXED, BATCH), 1) == by_trainer(pipeline(FIXED, BATCH), 1, moving=2)


AS_ARRAYS = {
    "batches": (pipeline(BATCH), False),
    "all rows shuffled": (pipeline(FULL, BATCH), True),
    "a buffer larger than the data": (pipeline(Stage("shuffle", 1000, True), BATCH), True),
    "kept, then shuffled": (pipeline(CACHE, FULL, BATCH), True),
    "each epoch one round": (pipeline(FULL, BATCH, FOR_EVER, steps=3), True),
    "as many steps as batches": (pipeline(FULL, BATCH, steps=3), True),
    "nothing left out": (pipeline(FULL, Stage("batch", 5, True)), True),
    "all taken, none skipped": (pipeline(Stage("take", -1), Stage("skip", 0), BATCH, Stage("take", 3)), False),
    "once": (pipeline(Stage("repeat", 1), Stage("shuffle", 1, True), BATCH), False),
}


@pytest.mark.parametrize(("found", "shuffled"), AS_ARRAYS.values(), ids=AS_ARRAYS)
def test_a_pipeline_that_gives_batches_as_keras_makes_them_of_arrays(found: Pipeline, shuffled: bool) -> None:
    assert canonical_pipeline(found, ROWS) == (None, shuffled)


OTHERS = {
    "a small buffer": pipeline(SHUFFLE, BATCH),
    "a smaller buffer": pipeline(replace(SHUFFLE, count=5), BATCH),
    "one order": pipeline(FIXED, BATCH),
    "kept": pipeline(FULL, CACHE, BATCH),
    "whole batches only": pipeline(FULL, DROP),
    "whole batches in order": pipeline(DROP),
    "repeated": pipeline(FULL, TWICE, BATCH),
    "repeated in batches": pipeline(FULL, BATCH, TWICE),
    "steps over seams": pipeline(FULL, FOR_EVER, BATCH, steps=3),
    "batches shuffled": pipeline(BATCH, Stage("shuffle", 3, True)),
    "a part": pipeline(FULL, Stage("take", 10), BATCH),
    "another part": pipeline(FULL, Stage("skip", 10), BATCH),
    "arrays": None,
}


def test_what_gives_other_batches_is_another_training(tmp_path: Path) -> None:
    arrays = small_order(Trajectories(str(tmp_path)), x="0" * 64, y="1" * 64)
    orders = [replace(arrays, pipeline=found and canonical_pipeline(found, ROWS)[0]) for found in OTHERS.values()]
    assert len({order.key for order in orders}) == len(OTHERS)
    assert [order_of(_plain(order)) for order in orders] == orders


def _plain(order: Order) -> Any:
    import json
    from dataclasses import asdict

    return json.loads(json.dumps(asdict(order)))


REFUSED = {
    "no batches": pipeline(FULL),
    "batches of batches": pipeline(BATCH, BATCH),
    "nothing": pipeline(Stage("skip", ROWS), BATCH),
    "no round": pipeline(Stage("repeat", 0), BATCH),
    "no whole batch": pipeline(Stage("batch", 50, True)),
    "no end": pipeline(FOR_EVER, BATCH),
    "a part of what is kept": pipeline(FULL, CACHE, Stage("take", 3), BATCH),
    "very many rounds": pipeline(Stage("repeat", 10**6), BATCH),
    "rounds of rounds": pipeline(*[Stage("repeat", 1000)] * 4, BATCH),
    "a buffer without end": pipeline(FOR_EVER, Stage("shuffle", 10**9, True), BATCH, steps=1),
    "a batch without end": pipeline(FOR_EVER, Stage("batch", 10**9), steps=1),
    "a buffer of batches": pipeline(FOR_EVER, Stage("batch", 10**6), Stage("shuffle", 10**6, True), steps=1),
    "rows to skip without end": pipeline(FOR_EVER, Stage("skip", 10**9), BATCH, steps=1),
    "steps without end": pipeline(FOR_EVER, BATCH, steps=10**9),
}


@pytest.mark.parametrize("found", REFUSED.values(), ids=REFUSED)
def test_what_gives_nothing_or_too_much_is_not_trained(found: Pipeline) -> None:
    with pytest.raises(NotTrainable):
        canonical_pipeline(found, ROWS)


@pytest.mark.parametrize("found", [*ORDERLY.values(), *SHUFFLED.values()], ids=[*ORDERLY, *SHUFFLED])
def test_an_epoch_keeps_within_what_was_foreseen(found: Pipeline) -> None:
    extent, size = extent_of(found, ROWS), found.batch_size
    for epoch in islice(epochs_of(found, ROWS, 1, 1), 5):
        runs = runs_of(epoch, size)
        assert np.concatenate(runs).tolist() == np.concatenate(epoch).tolist()
        assert all(len(run) in range(size, extent.whole + 1, size) or len(run) == extent.partial for run in runs)


def test_rows_that_make_no_whole_batch() -> None:
    assert extent_of(pipeline(Stage("batch", 50)), ROWS) == Extent(whole=0, partial=20)
