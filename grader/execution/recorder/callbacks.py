"""Callbacks: which classes there are, and what one does when it is sent a training."""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
import types
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .facts import class_names, exception, is_students, name_of

HOOKS = tuple(
    f"on_{part}_{moment}"
    for part in ("epoch", "batch", "train", "train_batch", "test", "test_batch", "predict", "predict_batch")
    for moment in ("begin", "end")
)
"""The methods that Keras calls."""


class CallbackReader:
    """Knows callback classes by key, and what their instances were like before they were trained with."""

    def __init__(self) -> None:
        self.classes: dict[str, type] = {}
        self.instances: dict[str, Noted] = {}
        """The last of each class."""
        self.passed: dict[tuple[int, str], Noted] = {}
        """Those of this cell's calls of `fit`, by number of the call and class."""
        self.fits = 0
        self.defined: set[str] = set()

    def callbacks(self, passed: Any) -> list[dict[str, Any]]:
        """What was passed as ``callbacks``."""
        return [] if passed is None else [self._callback(item) for item in flat(passed)[:50]]

    def _callback(self, item: Any) -> dict[str, Any]:
        cls = item if isinstance(item, type) else type(item)
        key = self.class_key(cls)
        facts = self.class_facts(cls)
        if not isinstance(item, type):
            set_by_itself = [hook for hook in HOOKS if callable(getattr(item, "__dict__", {}).get(hook))]
            facts["hooks"] = list(dict.fromkeys([*facts["hooks"], *set_by_itself]))
        return {**facts, "id": key, "instance": not isinstance(item, type)}

    def class_key(self, cls: type) -> str:
        """A stable name for a class; holds the class so that its id is not used again."""
        key = f"c{id(cls):x}"
        self.classes[key] = cls
        return key

    def newly_defined(self, cls: type) -> dict[str, Any] | None:
        """Facts about a class that is seen in the notebook for the first time."""
        key = self.class_key(cls)
        if key in self.defined:
            return None
        self.defined.add(key)
        return {**self.class_facts(cls), "id": key, "instance": False}

    def class_facts(self, cls: type) -> dict[str, Any]:
        """Names, bases and hooks of a class; a hook may come from one of Keras's callbacks that do something."""
        own = [base for base in cls.__mro__ if is_students(base)]
        acting = [base for base in cls.__mro__[:-1] if base in own or name_of(base) != "Callback"]
        return {
            "name": name_of(cls),
            "names": class_names(cls),
            "is_callback": is_keras_callback(cls),
            "own": bool(own),
            "hooks": [hook for hook in HOOKS if any(hook in vars(base) for base in acting)],
        }

    def note_passed(self, passed: Any, model: Any) -> int:
        """Keep the callbacks of a call of `fit`; gives the call's number."""
        self.fits += 1
        for key in self.note_instances(passed, model):
            self.passed[self.fits, key] = self.instances[key]
        return self.fits

    def note_instances(self, passed: Any, model: Any) -> list[str]:
        """Keep the callbacks' attributes as they were before training, to examine their behaviour afterwards.

        Returns:
            Keys of their classes.
        """
        noted = []
        for item in flat(passed):
            if item is not None and not isinstance(item, type) and hasattr(item, "__dict__"):
                cls = type(item)
                noted.append(self.class_key(cls))
                self.instances[noted[-1]] = (own_copy({**vars(item), **_in_slots(item)}), model, Surroundings(cls))
        return noted

    def note_unused(self, item: Any, model: Any) -> None:
        """Keep an object that was made and not yet passed to any training: it knows the arguments of its class."""
        cls = type(item)
        if is_students(cls) and is_keras_callback(cls) and f"c{id(cls):x}" not in self.instances:
            self.note_instances(item, model)


class Surroundings:
    """What a class's methods can reach beside their own object: its attributes, and global variables that they name.

    Losses that a callback collects there must be gone when the next training begins, and those of the student's own
    training must be back when the student's next cell runs.
    """

    def __init__(self, cls: type) -> None:
        self.saved: list[tuple[Any, str, Any, Any]] = []
        for base in [base for base in cls.__mro__ if is_students(base)]:
            for name, value in list(vars(base).items()):
                if _is_kept(value) and not name.startswith("__"):
                    self.saved.append((base, name, value, own_copy(value)))
            for function in [value for value in vars(base).values() if isinstance(value, types.FunctionType)]:
                for name in _global_names(function.__code__):
                    value = function.__globals__.get(name, _ABSENT)
                    if value is _ABSENT or _is_kept(value):
                        self.saved.append((function.__globals__, name, value, own_copy(value)))
                for cell in function.__closure__ or ():
                    with contextlib.suppress(ValueError):  # a variable that has no value yet
                        if _is_kept(cell.cell_contents):
                            self.saved.append((cell, "cell_contents", cell.cell_contents, own_copy(cell.cell_contents)))

    def restore(self) -> None:
        """Put everything back as it was."""
        for place, name, value, contents in self.saved:
            if isinstance(value, list):
                value[:] = own_copy(contents)
            elif isinstance(value, (dict, set)):
                value.clear()
                value.update(own_copy(contents))
            elif isinstance(value, deque):
                value.clear()
                value.extend(own_copy(contents))
            elif _is_plain_object(value):
                vars(value).clear()
                vars(value).update(vars(own_copy(contents)))
            elif _is_small_table(value):
                value = own_copy(contents)
            if not isinstance(place, dict):
                setattr(place, name, value)
            elif value is _ABSENT:
                place.pop(name, None)
            else:
                place[name] = value


Noted = tuple[dict[str, Any], Any, Surroundings]
"""Attributes of a callback, the model that it was passed for, and what its class can reach."""
_ABSENT = object()
_KEPT = (list, dict, set, tuple, int, float, bool, str, type(None))


MOST_IN_A_TABLE = 10_000
"""Numbers of an array or a table that is copied for each examination; images that a callback reads stay as they are."""
MOST_LOOKED_INTO = 1_000
"""Items of a collection up to which each is copied, too."""


def _is_kept(value: Any) -> bool:
    return type(value) in _KEPT or isinstance(value, deque) or _is_plain_object(value) or _is_small_table(value)


def _is_plain_object(value: Any) -> bool:
    """A bag of attributes: a namespace, or an object of the student's own class that derives from nothing else."""
    cls = type(value)
    own = cls is not object and all(base is object or is_students(base) for base in cls.__mro__)
    made: Any = cls.__new__
    return cls is types.SimpleNamespace or (own and hasattr(value, "__dict__") and made is object.__new__)


def _is_small_table(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    kinds = (np.ndarray, *((pandas.DataFrame, pandas.Series) if pandas is not None else ()))
    return type(value) in kinds and value.size <= MOST_IN_A_TABLE


def _in_slots(item: Any) -> dict[str, Any]:
    """What an object keeps in the slots of the student's own classes."""
    found = [vars(base).get("__slots__", ()) for base in type(item).__mro__ if is_students(base)]
    names = [name for slots in found for name in ((slots,) if isinstance(slots, str) else slots)]
    return {name: getattr(item, name) for name in names if isinstance(name, str) and hasattr(item, name)}


def _global_names(code: types.CodeType) -> set[str]:
    """Names that a function's code, and functions within it, may look up or set among the globals."""
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return {*code.co_names, *(name for part in inner for name in _global_names(part))}


class Simulation:
    """Sends one callback the events of a training, one epoch at a time."""

    def __init__(self, reader: CallbackReader, callback: str, epochs: int, last_model: Any, fit: int = 0) -> None:
        """Args:
        fit: number of the call of `fit` that it was passed to; 0 for the last object of the class.
        """
        self.cls = reader.classes[callback]
        self.attributes: dict[str, Any] | None
        self.model: Any
        self.at_first: Surroundings | None
        self.attributes, self.model, self.at_first = reader.passed.get(
            (fit, callback), reader.instances.get(callback, (None, None, None))
        )
        self.found = Surroundings(self.cls)
        if self.model is None:
            self.model = last_model
        if self.model is None:
            self.model = types.SimpleNamespace(stop_training=False)
        self.epochs = epochs
        self.before = getattr(self.model, "stop_training", False)
        self.variables = _variables(self.model)
        self.item: Any = None

    def play(self, logs: list[dict[str, float]]) -> dict[str, Any]:
        """Send the epochs until the callback stops training or raises.

        Returns:
            ``after``, the number of epochs after which it stopped, and ``raised`` if that was by an exception; empty
            if it let all of them pass.

        Raises:
            TypeError: the class wants arguments, and no object of it is known.
        """
        if self.attributes is None:
            inspect.signature(self.cls).bind()
        after = 0
        try:
            with silenced():
                self._begin()
                for after, epoch in enumerate(logs, start=1):
                    self._epoch(after - 1, epoch)
                    if self.model.stop_training:
                        return {"after": after}
        except BaseException as error:
            return {"after": after, "raised": exception(error)}
        finally:
            self._end()
        return {}

    def _begin(self) -> None:
        """Make a fresh instance, as it was before its own training, and begin."""
        if self.at_first is not None:
            self.at_first.restore()
        if self.attributes is None:
            self.item = self.cls()
        else:
            self.item = object.__new__(self.cls)
            for name, value in own_copy(self.attributes).items():
                if isinstance(inspect.getattr_static(self.cls, name, None), types.MemberDescriptorType):
                    object.__setattr__(self.item, name, value)  # a slot
                else:
                    vars(self.item)[name] = value
        self.item.set_params({"verbose": 0, "epochs": self.epochs, "steps": 1})
        self.item.set_model(self.model)
        self.model.stop_training = False
        self.item.on_train_begin({})

    def _epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """One epoch of one batch."""
        self.item.on_epoch_begin(epoch, {})
        self.item.on_train_batch_begin(0, {})
        self.item.on_train_batch_end(0, {k: v for k, v in logs.items() if not k.startswith("val_")})
        self.item.on_epoch_end(epoch, dict(logs))

    def _end(self) -> None:
        """Leave the student's model and variables as they were."""
        with contextlib.suppress(Exception):
            self.model.stop_training = self.before
        with contextlib.suppress(Exception):
            for variable, value in self.variables:
                if not (variable.numpy() == value).all():
                    variable.assign(value)
        self.found.restore()


def _variables(model: Any) -> list[tuple[Any, Any]]:
    """A model's weights and its optimizer's variables, with their values: some callbacks set them."""
    with contextlib.suppress(Exception):
        found = [*model.weights, *getattr(getattr(model, "optimizer", None), "variables", [])]
        return [(variable, variable.numpy().copy()) for variable in found]
    return []


def is_keras_callback(cls: type) -> bool:
    """True for a class that derives from Keras's Callback or TensorFlow's old copy of it: `fit` takes both."""
    return any(name_of(base) == "Callback" and not is_students(base) for base in cls.__mro__)


def has_hooks(cls: type) -> bool:
    """True for a class with a method named like a Keras hook."""
    return any(name.startswith("on_") and callable(value) for name, value in vars(cls).items())


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """What a callback prints while it is examined belongs to nobody."""
    with Path(os.devnull).open("w") as sink, contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
        yield


def flat(passed: Any) -> list[Any]:
    """Callbacks one after the other; Keras takes lists within lists."""
    inner = getattr(passed, "callbacks", passed) if type(passed).__name__ == "CallbackList" else passed
    if isinstance(inner, (list, tuple)):
        return [item for part in inner for item in flat(part)]
    return [inner]


def own_copy(value: Any, depth: int = 4) -> Any:
    """What collects things, of its own, so that no training changes it; anything else as it is."""
    if isinstance(value, (list, tuple, dict, deque)) and len(value) > MOST_LOOKED_INTO:
        depth = 0
    if depth and type(value) in (list, tuple):
        return type(value)(own_copy(item, depth - 1) for item in value)
    if depth and type(value) is dict:
        return {name: own_copy(item, depth - 1) for name, item in value.items()}
    if depth and isinstance(value, deque):
        return deque((own_copy(item, depth - 1) for item in value), value.maxlen)
    if depth and _is_plain_object(value):
        kind: Any = type(value)
        copied = kind.__new__(kind)
        vars(copied).update(own_copy(vars(value), depth - 1))
        return copied
    copied_whole = isinstance(value, (list, dict, set, deque)) or (depth and _is_small_table(value))
    return value.copy() if copied_whole else value
