"""The recorder's parts, without a kernel: callbacks sent a training, and generators looked at."""

from __future__ import annotations

import io
import types
from collections import deque
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


LOSSES: list[float] = []
"""A student's global list."""


class CollectsOutside(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Keeps what it has seen in its class and in a global list, as students do who plot it afterwards."""

    lowest: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        LOSSES.append(logs["loss"])
        self.lowest.append(min([logs["loss"], *self.lowest]))
        self.model.stop_training = self.lowest[-1] <= 0.4 and LOSSES[epoch] == logs["loss"]


CHANGED = io.StringIO()
"""No collection: those are put back as they were."""


class ChangesTheModel(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Lowers the learning rate, and sets weights."""

    def on_epoch_end(self, _epoch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = 0.5 * logs["loss"]
        self.model.set_weights([0 * value for value in self.model.get_weights()])
        if not any(value.any() for value in self.model.get_weights()):
            CHANGED.write("changed")


def stops(reader: CallbackReader, key: str) -> Iterator[bool]:
    """Whether each scenario was stopped where it should be."""
    for scenario in stopping_scenarios(0.4):
        simulation = Simulation(reader, key, len(scenario.losses), keras.Sequential([keras.layers.Dense(1)]))
        yield simulation.play([{"loss": loss} for loss in scenario.losses]).get("after") in scenario.stop_after


class Baseline(keras.callbacks.EarlyStopping):  # type: ignore[misc, name-defined]
    """Has its hook from Keras's callback."""


class Idle(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Has none: those of Keras's base class do nothing."""

    def on_epoc_end(self, epoch: int, logs: Any = None) -> None:
        self.model.stop_training = True


@pytest.mark.parametrize(("cls", "acts"), [(Remembers, True), (Baseline, True), (Idle, False)])
def test_hooks_are_those_that_do_something(cls: type, acts: bool) -> None:
    facts = CallbackReader().class_facts(cls)
    assert ("on_epoch_end" in facts["hooks"]) is acts


def test_one_scenario_leaves_no_trace_in_the_next() -> None:
    reader, item = CallbackReader(), Remembers()
    reader.note_instances([[item]], None)
    item.seen["loss"].append(0.1)  # what the student's own training adds later
    assert all(stops(reader, reader.class_key(Remembers)))


class Notebook:
    """A bag of the student's own."""

    def __init__(self) -> None:
        self.least = 9.0


def collecting(kept: Any, add: Any) -> type:
    """A class that keeps the least loss in its own way."""

    class Collects(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.kept = kept()

        def on_epoch_end(self, _epoch: int, logs: Any = None) -> None:
            if add(self.kept, logs["loss"]) <= 0.4:
                self.model.stop_training = True

    return Collects


def least(kept: Any, loss: float) -> float:
    kept.least = min(kept.least, loss)
    return kept.least


def longer(kept: Any, loss: float) -> float:
    kept.append(loss)
    return min(kept)


def in_row(kept: Any, loss: float) -> float:
    kept[0] = min(kept[0], loss)
    return float(kept[0])


class InSlots(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    __slots__ = ("limit",)

    def __init__(self) -> None:
        super().__init__()
        self.limit = 0.4

    def on_epoch_end(self, _epoch: int, logs: Any = None) -> None:
        if logs["loss"] <= self.limit:
            self.model.stop_training = True


def in_a_closure() -> type:
    least_so_far = [9.0]
    now = 9.0

    class Closed(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_epoch_end(self, _epoch: int, logs: Any = None) -> None:
            nonlocal now
            now = min(now, logs["loss"])
            least_so_far.append(logs["loss"])
            if min(now, *least_so_far) <= 0.4:
                self.model.stop_training = True

    return Closed


KEEPERS = {
    "a namespace": collecting(lambda: types.SimpleNamespace(least=9.0), least),
    "an object of an own class": collecting(Notebook, least),
    "a deque": collecting(lambda: deque([9.0], maxlen=5), longer),
    "an array": collecting(lambda: np.full(3, 9.0), in_row),
    "a closure": in_a_closure(),
    "a slot": InSlots,
}


@pytest.mark.parametrize("cls", KEEPERS.values(), ids=KEEPERS)
def test_wherever_losses_are_kept_those_of_the_training_are_gone(cls: type) -> None:
    reader, item = CallbackReader(), cls()
    reader.note_instances([item], None)
    item.set_model(keras.Sequential([keras.layers.Dense(1)]))
    item.on_epoch_end(0, {"loss": 0.1})  # the student's own training
    assert all(stops(reader, reader.class_key(cls)))


def test_what_a_callback_keeps_elsewhere_is_as_before_its_training_and_put_back_after() -> None:
    reader, item = CallbackReader(), CollectsOutside()
    reader.note_instances([item], None)
    LOSSES.append(0.3)  # what the student's own training adds later
    CollectsOutside.lowest.append(0.3)
    assert all(stops(reader, reader.class_key(CollectsOutside)))
    assert LOSSES == CollectsOutside.lowest == [0.3]


def test_the_students_model_is_left_as_it_was() -> None:
    reader, model = CallbackReader(), keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    before = [value.copy() for value in model.get_weights()]
    assert Simulation(reader, reader.class_key(ChangesTheModel), 1, model).play([{"loss": 0.5}]) == {}
    assert CHANGED.getvalue()
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.001)


def test_an_object_that_was_never_passed_knows_its_arguments() -> None:
    reader = CallbackReader()
    with pytest.raises(TypeError, match="limit"):
        Simulation(reader, reader.class_key(WithLimit), 1, None).play([])
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


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: {"image": x}], ids=["array", "list", "dict"])
def test_one_array_however_it_is_handed_over(wrap: Any, tmp_path: Path) -> None:
    images = np.arange(40 * 4, dtype=np.float32).reshape(40, 2, 2)
    described = DataReader(Writer(tmp_path)).data(wrap(images))
    assert described is not None
    assert described["shape"] == [40, 2, 2]
    assert described["rows"] == [0, 1, 2, 13, 20, 37, 38, 39]


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
