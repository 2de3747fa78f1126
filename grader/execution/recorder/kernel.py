"""A kernel that is watched from its start."""

from __future__ import annotations

import contextlib
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .compat import LEGACY_OPTIMIZERS, OLD_UTILS
from .genuine import registry
from .watcher import Watcher
from .writer import Writer

Around = Callable[[], contextlib.AbstractContextManager[None]]


class AroundImport(importlib.abc.MetaPathFinder):
    """Enters a context while a module's code runs, once."""

    def __init__(self, name: str, around: Around) -> None:
        self.name = name
        self.around = around
        self.looking = False

    def find_spec(self, fullname: str, _path: Any, _target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Find the module as usual, and put the context around its execution."""
        if fullname != self.name or self.looking:
            return None
        self.looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self.looking = False
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: types.ModuleType) -> None:
            if self not in sys.meta_path:
                execute(module)
                return
            with self.around():
                execute(module)
                sys.meta_path.remove(self)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def after_import(name: str, function: Callable[[], None]) -> None:
    """Call a function once a module has been imported: now, if it has been already."""

    @contextlib.contextmanager
    def around() -> Iterator[None]:
        yield
        function()

    if name in sys.modules:
        function()
    else:
        sys.meta_path.insert(0, AroundImport(name, around))


def start_kernel(exchange: Path, arguments: list[str]) -> None:
    """Start a kernel that is watched, and serve it until it is shut down.

    Args:
        exchange: folder that the recorder writes to.
        arguments: ipykernel's own.
    """
    registry()  # before any of the student's code
    watcher = Watcher(Writer(exchange))
    sys.modules[__package__].command = watcher.command  # type: ignore[attr-defined]
    after_import("keras", watcher.watch)
    after_import("tensorflow.python.util.lazy_loader", watcher.compat.ignore_legacy_keras)
    after_import(OLD_UTILS, watcher.compat.bring_back_to_categorical)
    for name in LEGACY_OPTIMIZERS:
        after_import(name, functools.partial(watcher.compat.give_legacy_optimizers, name))
    sys.meta_path.insert(0, AroundImport("tensorflow", watcher.compat.without_legacy_keras))
    watcher.compat.find_old_modules()

    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize(arguments)
    watcher.shell = app.shell
    app.kernel.raw_input, app.kernel.getpass = watcher.typist.answer, watcher.typist.secret
    app.shell.register_magic_function(lambda *_: None, "line", "tensorflow_version")  # Colab's own
    app.shell.events.register("pre_run_cell", watcher.before_cell)
    app.shell.events.register("post_run_cell", watcher.after_cell)
    app.start()
