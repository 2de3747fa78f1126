"""The recorder's parts, without a kernel: callbacks sent a training, and generators looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.execution.recorder.callbacks import CallbackReader, Simulation, flat, is_keras_callback
from grader.execution.recorder.data import DataReader, Peeked
from grader.execution.recorder.writer import Writer
from grader.training.scenarios import stopping_scenarios

keras = pytest.importorskip("keras")


class Remembers(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Keeps what it has seen from its making on."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, list[float]] = {"loss": []}

    def on_epoch_end(self, _epoch: int, logs: Any = None) -> None:
        self.seen["loss"].append(logs["loss"])
        if min(self.seen["loss"]) <= 0.4:
            self.model.stop_training = True


class WithLimit(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Wants an argument."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit = limit

    def on_epoch_end(self, _epoch: int, logs: Any = None) -> None:
        if logs["loss"] <= self.limit:
            self.model.stop_training = True


def stops(reader: CallbackReader, key: str) -> Iterator[bool]:
    """Whether each scenario was stopped where it should be."""
    for scenario in stopping_scenarios(0.4):
        simulation = Simulation(reader, key, len(scenario.losses), keras.Sequential([keras.layers.Dense(1)]))
        simulation.begin()
        replies = (simulation.epoch(epoch, {"loss": loss}) for epoch, loss in enumerate(scenario.losses))
        stopped = next((epoch for epoch, reply in enumerate(replies, 1) if reply["stopped"]), None)
        simulation.end()
        yield stopped in scenario.stop_after


def test_one_scenario_leaves_no_trace_in_the_next() -> None:
    reader, item = CallbackReader(), Remembers()
    reader.note_instances([[item]], None)
    item.seen["loss"].append(0.1)  # what the student's own training adds later
    assert all(stops(reader, reader.class_key(Remembers)))


def test_an_object_that_was_never_passed_knows_its_arguments() -> None:
    reader = CallbackReader()
    with pytest.raises(TypeError, match="limit"):
        Simulation(reader, reader.class_key(WithLimit), 1, None).begin()
    reader.note_unused(WithLimit(0.4), None)
    assert all(stops(reader, reader.class_key(WithLimit)))


def test_lists_within_lists_of_callbacks() -> None:
    one, two = Remembers(), WithLimit(0.4)
    assert flat([[one], (two,)]) == [one, two]
    assert flat(one) == [one]


def test_tensorflows_old_callback_is_one_too() -> None:
    old = pytest.importorskip("tensorflow.python.keras.callbacks")
    assert is_keras_callback(type("Mine", (old.Callback,), {}))
    assert not is_keras_callback(type("Callback", (), {}))


def test_a_generator_is_looked_at_and_loses_nothing(tmp_path: Path) -> None:
    batches = [(np.full((64, 28, 28), number, np.float32), np.zeros(64)) for number in range(3)]
    peeked = Peeked(iter(batches))
    described = DataReader(Writer(tmp_path)).data(peeked)
    assert described is not None
    assert (described["shape"], described["batch_size"]) == ([64, 28, 28], 64)
    assert [float(x[0, 0, 0]) for x, _ in peeked.batches()] == [0, 1, 2]


def test_a_generator_that_raises_does_so_in_training() -> None:
    def broken() -> Iterator[Any]:
        raise KeyError("mine")
        yield

    peeked = Peeked(broken())
    with pytest.raises(KeyError, match="mine"):
        next(peeked.batches())
