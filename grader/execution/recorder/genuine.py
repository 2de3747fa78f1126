"""Which classes are Keras's, TensorFlow's and Python's own: known by the objects themselves, not by what they say.

A class's ``__module__`` and ``__name__`` are whatever a student writes there. What was there before any of the
student's code ran is genuine, and so is what the installed packages' own modules define while they are imported later.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

PACKAGES = frozenset({"keras", "tensorflow", "tf_keras", "tqdm", "wandb"})
"""Their classes are nobody's own work."""
LANGUAGE = frozenset({"builtins", "typing", "abc"})


class Registry(importlib.machinery.PathFinder):
    """The genuine classes of one process, and the finder of the modules that bring more of them."""

    def __init__(self) -> None:
        self._names: dict[int, tuple[type, str]] = {}
        """By id: the class, held so that nothing else gets its id, and its name when it was made."""
        self._places: tuple[str, ...] = ()
        """Folders of installed packages."""

    def begin(self) -> None:
        """Note what is there, and whatever the packages will bring; to be called before any of the student's code."""
        here = os.path.realpath(os.curdir)
        self._places = tuple({path for path in map(os.path.realpath, filter(None, sys.path)) if path != here})
        for cls in _all_classes():
            if _root(cls) in PACKAGES | LANGUAGE:
                self.note(cls)
        sys.meta_path.insert(_position_of_path_finder(), self)

    def note(self, cls: type) -> None:
        """Count a class as genuine."""
        self._names.setdefault(id(cls), (cls, cls.__name__))

    def name(self, cls: type) -> str | None:
        """The name that a genuine class was made with; None for any other class."""
        known = self._names.get(id(cls))
        return None if known is None else known[1]

    def find_spec(  # type: ignore[override]
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """An installed module of the packages', whose classes are noted once its code has run; None for all others."""
        if fullname.partition(".")[0] not in PACKAGES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None or not self.is_installed(spec.origin):
            return spec
        spec.loader.exec_module = self._noting(spec.loader.exec_module)  # type: ignore[assignment, method-assign]
        return spec

    def is_installed(self, origin: str | None) -> bool:
        """True for a file of an installed package."""
        return origin is not None and os.path.realpath(origin).startswith(tuple(f"{p}{os.sep}" for p in self._places))

    def _noting(self, execute: Callable[[types.ModuleType], None]) -> Callable[[types.ModuleType], None]:
        def exec_module(module: types.ModuleType) -> None:
            before = {id(value) for value in vars(module).values()}
            execute(module)
            for value in list(vars(module).values()):
                if isinstance(value, type) and id(value) not in before and value.__module__ == module.__name__:
                    self.note(value)

        return exec_module


def _position_of_path_finder() -> int:
    """Finders that stand before Python's own go on to be asked first."""
    finder = importlib.machinery.PathFinder
    return sys.meta_path.index(finder) if finder in sys.meta_path else len(sys.meta_path)


def _root(cls: type) -> str:
    return str(getattr(cls, "__module__", "")).partition(".")[0]


def _all_classes() -> Iterator[type]:
    seen: set[int] = set()
    waiting: list[type] = [object]
    while waiting:
        cls = waiting.pop()
        if id(cls) not in seen:
            seen.add(id(cls))
            waiting.extend(type.__subclasses__(cls))
            yield cls


_registry: list[Any] = []
"""One at most."""


def registry() -> Registry:
    """The registry of this process; it begins when it is first asked for."""
    if not _registry:
        made = Registry()
        made.begin()
        _registry.append(made)
    found: Registry = _registry[0]
    return found
