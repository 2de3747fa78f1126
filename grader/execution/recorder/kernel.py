"""A kernel that is watched from its start."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .watcher import Watcher
from .writer import Writer


class AfterImport(importlib.abc.MetaPathFinder):
    """Calls a function once, right after a package was imported."""

    def __init__(self, package: str, function: Callable[[], None]) -> None:
        self.package = package
        self.function = function
        self.looking = False

    def find_spec(self, fullname: str, _path: Any, _target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Find the package as usual, and hang the function behind its execution."""
        if fullname != self.package or self.looking:
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
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
                self.function()

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def start_kernel(exchange: Path, arguments: list[str]) -> None:
    """Start a kernel that is watched, and serve it until it is shut down.

    Args:
        exchange: folder that the recorder writes to.
        arguments: ipykernel's own.
    """
    watcher = Watcher(Writer(exchange))
    sys.modules[__package__].command = watcher.command  # type: ignore[attr-defined]
    if "keras" in sys.modules:
        watcher.watch()
    else:
        sys.meta_path.insert(0, AfterImport("keras", watcher.watch))

    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize(arguments)
    watcher.shell = app.shell
    app.shell.register_magic_function(lambda *_: None, "line", "tensorflow_version")  # Colab's own
    app.shell.events.register("pre_run_cell", watcher.before_cell)
    app.shell.events.register("post_run_cell", watcher.after_cell)
    app.start()
