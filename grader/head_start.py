"""What workers can begin with before anybody knows their first job."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from grader.execution.warm import warm_up
from grader.executors import Executor, import_modules
from grader.settings import Sandbox


def give_head_start(executor: Executor, sandbox: Sandbox, data: Path, jobs: int) -> None:
    """Have a worker's kernels import TensorFlow, and the worker what it grades with, while others still read."""
    executor.prepare(partial(warm_up, sandbox), data, jobs)
    executor.prepare(import_modules, ("grader.pipeline",), jobs)
