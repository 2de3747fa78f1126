"""Trains networks under the recorder, without a trainer, and prints what it says of where their weights come from.

``python origins_student.py FOLDER`` prints a JSON object: by scenario, the events of trainings and built models.
"""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from grader.execution.recorder.genuine import registry
from grader.execution.recorder.watcher import Watcher
from grader.execution.recorder.writer import Writer

registry()
FOLDER = Path(sys.argv[1])
WATCHER = Watcher(Writer(FOLDER))
WATCHER.shell = types.SimpleNamespace(user_ns={})
EVENTS: list[dict[str, Any]] = []
WATCHER.emit = lambda kind, **facts: EVENTS.append({"kind": kind, **facts})  # type: ignore[method-assign]
WATCHER.watch()

import keras  # noqa: E402

RNG = np.random.default_rng(0)
X, Y = RNG.random((64, 8), dtype=np.float32), RNG.integers(0, 3, 64)
READY = RNG.random((8, 5), dtype=np.float32)
TOLD = ("kind", "start", "set_otherwise", "changed", "loop_steps", "loaded", "error")
HOOKS = (
    "on_train_begin",
    "on_epoch_begin",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_end",
    "on_epoch_end",
)


def net(optimizer: Any = "adam", built: bool = True, **first: Any) -> Any:
    layers = [keras.layers.Dense(5, "sigmoid", **first), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential([keras.Input((8,)), *layers] if built else layers)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fit(model: Any, *callbacks: Any) -> Any:
    model.fit(X, Y, epochs=2, batch_size=16, verbose=0, callbacks=list(callbacks), validation_split=0.25)
    return model


class Sets(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Sets weights in one of its hooks."""

    def __init__(self, hook: str) -> None:
        super().__init__()
        setattr(self, hook, self.act)

    def act(self, *_: Any, **__: Any) -> None:
        self.model.set_weights([0 * value + 0.5 for value in self.model.get_weights()])


class Looks(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Looks at batches and evaluates, and changes nothing."""

    def on_train_batch_end(self, _batch: int, logs: Any = None) -> None:
        assert logs

    def on_epoch_end(self, _epoch: int, _logs: Any = None) -> None:
        self.model.evaluate(X, Y, verbose=0)


def moved(model: Any) -> Any:
    other = net()
    other.set_weights([value + 1 for value in model.get_weights()])
    return other


def copied(model: Any) -> Any:
    other = net()
    other.set_weights(model.get_weights())
    return other


def loaded(model: Any, name: str) -> None:
    model.save(FOLDER / name)
    EVENTS.clear()
    WATCHER.before_cell()
    WATCHER.shell.user_ns = {"model": keras.models.load_model(FOLDER / name)}
    WATCHER.after_cell()


def from_cell(source: str) -> Any:
    """What a cell of the student's gives."""
    return eval(compile(source, "/tmp/ipykernel_1/1.py", "eval"), {"ready": keras.ops.convert_to_tensor(READY)})


def stepped(model: Any) -> Any:
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(500)
    return model


SCENARIOS: dict[str, Callable[[], Any]] = {
    "fresh": lambda: fit(net()),
    "fresh, built by its data": lambda: fit(net(built=False)),
    "once more": lambda: fit(fit(net())),
    "a copy of one that was trained": lambda: fit(copied(fit(net()))),
    "weights from elsewhere": lambda: fit(moved(net())),
    "ready-made weights as an initializer": lambda: fit(net(kernel_initializer=keras.initializers.Constant(READY))),
    "a function that gives weights": lambda: fit(net(kernel_initializer=from_cell("lambda *_, **__: ready"))),
    "initializers of Keras's": lambda: fit(
        net(kernel_initializer="he_normal", bias_initializer=keras.initializers.Constant(0.1))
    ),
    "a learning rate of nothing": lambda: fit(net(keras.optimizers.Adam(0.0), built=False)),
    "the best weights": lambda: fit(
        net(), keras.callbacks.EarlyStopping("loss", min_delta=9, restore_best_weights=True)
    ),
    "a callback that looks": lambda: fit(net(), Looks()),
    **{f"set by {hook}": lambda hook=hook: fit(net(), Sets(hook)) for hook in (*HOOKS, "on_train_end")},  # type: ignore[misc]
    "loaded as it was trained": lambda: loaded(fit(net()), "own.keras"),
    "loaded from elsewhere": lambda: loaded(stepped(moved(net())), "other.keras"),
    "loaded from elsewhere, in the old form": lambda: loaded(stepped(moved(net())), "other.h5"),
}


def main() -> None:
    told = {}
    for name, scenario in SCENARIOS.items():
        EVENTS.clear()
        scenario()
        told[name] = [{key: event[key] for key in TOLD if key in event} for event in EVENTS if event["kind"] != "cell"]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
