"""Notes when phases of the grader's start begin and end, as lines of JSON in the file that GRADER_START_LOG names.

Python imports this module by its name before everything else, in each process whose path begins with this folder:
the command's own and its workers'. Modules that are watched are noted when they are imported first, and their
functions whenever they are called. The fork server's own phase is seen from outside, by when it says that it is warm.
"""

from __future__ import annotations

import atexit
import functools
import importlib.machinery
import inspect
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

FUNCTIONS = {
    "grader.rubric.loading": ("load_rubric",),
    "grader.execution.sandbox": ("check_sandbox",),
    "grader.execution.warm": ("Nursery.__init__", "Nursery.fork", "Nursery._answer", "Nursery.close", "_lay_out"),
    "grader.executors.executor": ("Executor.run",),
    "grader.executors.local": ("LocalExecutor.prepare", "LocalExecutor.close"),
    "grader.execution.session": ("Session._run_cells", "Session._close", "Session._examine_unused_callbacks"),
    "grader.checks.judge": ("prepare", "judge"),
    "grader.submission.reading": ("parse_submission",),
    "grader.submission.assignment": ("read_assignment",),
    "grader.training.data": ("load_data",),
    "grader.training.service": ("TrainerProcess.wait",),
    "grader.self_check": ("print_self_check",),
}
IMPORTS = (
    "typer", "pydantic", "numpy", "scipy", "sklearn", "rich.console", "grader.cli", "grader.executors",
    "grader.head_start", "grader.rubric.loading", "grader.pipeline", "grader.jobs", "grader.self_check",
)  # fmt: skip
LOG = os.environ.get("GRADER_START_LOG", "")
PROCESS = "worker" if "grader.executors.child" in " ".join(sys.orig_argv) else "command"


def note(phase: str, began: float) -> None:
    """Write one phase down."""
    line = json.dumps({"process": PROCESS, "phase": phase, "from": began, "to": time.time()}) + "\n"
    with open(LOG, "a", encoding="utf-8") as log:  # noqa: PTH123
        log.write(line)


def watched(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function, with a note of each call."""

    @functools.wraps(function)
    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.time()
        try:
            return function(*args, **kwargs)
        finally:
            note(name, began)

    @functools.wraps(function)
    async def timed_later(*args: Any, **kwargs: Any) -> Any:
        began = time.time()
        try:
            return await function(*args, **kwargs)
        finally:
            note(name, began)

    return timed_later if inspect.iscoroutinefunction(function) else timed


class Watching(Loader):
    """Loads a module as it would be loaded, notes how long that takes, and watches its functions."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As without watching."""
        module: ModuleType | None = self.loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """As without watching, and noted."""
        began = time.time()
        self.loader.exec_module(module)
        if module.__name__ in IMPORTS:
            note(f"import {module.__name__}", began)
        for path in FUNCTIONS.get(module.__name__, ()):
            *owners, name = path.split(".")
            owner: Any = module
            for part in owners:
                owner = getattr(owner, part)
            if hasattr(owner, name):
                setattr(owner, name, watched(getattr(owner, name), path))


class Finder(MetaPathFinder):
    """Finds modules where they are, and has those that are watched loaded under watch."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for all modules that are not watched."""
        if name not in FUNCTIONS and name not in IMPORTS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = Watching(spec.loader)
        return spec


if LOG:
    BEGAN = time.time()
    sys.meta_path.insert(0, Finder())
    atexit.register(note, "whole", BEGAN)
