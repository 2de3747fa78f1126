"""What a class is called counts for nothing: the recorder knows Keras's classes by themselves."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.execution.recorder.callbacks import CallbackReader, is_keras_callback
from grader.execution.recorder.facts import class_names, is_students, name_of
from grader.execution.recorder.genuine import registry
from grader.execution.recorder.models import compile_facts

keras = pytest.importorskip("keras")
registry()


def as_if(cls: type, genuine: type) -> type:
    """The class, saying of itself that it is another."""
    cls.__module__, cls.__name__, cls.__qualname__ = genuine.__module__, genuine.__name__, genuine.__qualname__
    return cls


FORGED: dict[str, Callable[[], tuple[type, type]]] = {
    "an optimizer": lambda: (type("X", (keras.optimizers.SGD,), {}), keras.optimizers.Adam),
    "a layer": lambda: (type("X", (keras.layers.Layer,), {}), keras.layers.Dense),
    "a loss": lambda: (type("X", (keras.losses.Loss,), {}), keras.losses.CategoricalCrossentropy),
    "a metric": lambda: (type("X", (keras.metrics.Mean,), {}), keras.metrics.Accuracy),
    "a callback": lambda: (type("X", (keras.callbacks.Callback,), {}), keras.callbacks.EarlyStopping),
    "an initializer": lambda: (type("X", (keras.initializers.Initializer,), {}), keras.initializers.GlorotUniform),
    "no class of Keras's": lambda: (type("X", (), {}), keras.callbacks.Callback),
    "a class of Python's": lambda: (type("X", (), {}), int),
}


@pytest.mark.parametrize("make", FORGED.values(), ids=FORGED)
def test_a_class_that_says_it_is_keras_is_the_students(make: Callable[[], tuple[type, type]]) -> None:
    cls, genuine = make()
    forged = as_if(cls, genuine)
    assert is_students(forged)
    assert class_names(forged)[0] == f"{genuine.__name__}*"
    assert not is_students(genuine)


def test_a_class_in_the_place_of_keras_is_the_students(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = keras.optimizers.Adam
    monkeypatch.setattr(keras.optimizers, "Adam", as_if(type("X", (keras.optimizers.SGD,), {}), genuine))
    assert class_names(keras.optimizers.Adam)[:2] == ["Adam*", "SGD"]
    assert class_names(genuine)[0] == "Adam"


def test_a_class_of_keras_that_is_renamed_has_its_name() -> None:
    cls = keras.optimizers.SGD
    before = cls.__name__, cls.__module__
    try:
        cls.__name__, cls.__module__ = "Adam", "__main__"
        assert class_names(cls)[0] == name_of(cls) == "SGD"
        assert not is_students(cls)
    finally:
        cls.__name__, cls.__module__ = before


def test_an_optimizer_that_holds_another_is_itself() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.optimizer.inner_optimizer = keras.optimizers.Adam()
    assert compile_facts(model)["optimizer"][0] == "SGD"
    model.compile(optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()), loss="mse")
    assert compile_facts(model)["optimizer"][0] == "Adam"


def test_a_callback_whose_base_only_says_so_is_none() -> None:
    assert not is_keras_callback(type("Mine", (as_if(type("X", (), {}), keras.callbacks.Callback),), {}))


def test_what_the_packages_bring_later_is_theirs() -> None:
    """A module that nobody has imported yet."""
    sys.modules.pop("tqdm.keras", None)
    progress: Any = importlib.import_module("tqdm.keras")
    assert not is_students(progress.TqdmCallback)
    assert not CallbackReader().class_facts(progress.TqdmCallback)["own"]


def test_a_module_of_the_students_is_not_a_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the student's, in the path of a package."""
    import tqdm

    (tmp_path / "hers.py").write_text("class EarlyStopping: pass\n")
    monkeypatch.setattr(tqdm, "__path__", [str(tmp_path), *tqdm.__path__])
    made = importlib.import_module("tqdm.hers")
    assert is_students(made.EarlyStopping)
    del sys.modules["tqdm.hers"]


def test_what_stood_in_a_module_before_its_code_ran_is_not_its_own() -> None:
    import tqdm

    spec = registry().find_spec("tqdm.keras", tqdm.__path__)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    planted = type("Adam", (keras.optimizers.SGD,), {"__module__": "tqdm.keras"})
    module.Adam = planted
    spec.loader.exec_module(module)
    assert is_students(planted)
    assert not is_students(module.TqdmCallback)
