"""Where submissions are graded: in processes of this machine, or on the workers of a Dask cluster.

Both run each job in a child process (`child`) and follow one loop (`executor`), which alone decides what is begun,
tried again, and given up.
"""

from typing import Literal

from grader.executors.child import import_modules
from grader.executors.executor import Executor, Finished, Lost, Started
from grader.executors.here import HereExecutor
from grader.executors.local import LocalExecutor
from grader.processes import is_linux
from grader.requirements import check_requirements

Kind = Literal["local", "dask"]

__all__ = [
    "Executor", "Finished", "HereExecutor", "Kind", "LocalExecutor", "Lost", "Started", "import_modules",
    "open_executor", "own_executor",
]  # fmt: skip


def own_executor() -> Executor:
    """For one notebook of one's own: a process beside this one, where the system lets descriptors be handed over."""
    return LocalExecutor(1) if is_linux() else HereExecutor()


def open_executor(kind: Kind, *, workers: int, scheduler: str = "") -> Executor:
    """The executor asked for; Dask is imported only where it is wanted.

    Args:
        workers: processes of the local executor.
        scheduler: address of Dask's scheduler, for example ``tcp://10.0.0.1:8786``.

    Raises:
        UsageError: Dask is not installed, or its scheduler cannot be reached or has no workers.
    """
    if kind == "local":
        return LocalExecutor(workers)
    check_requirements("dask")
    from grader.executors.dask import DaskExecutor

    return DaskExecutor(scheduler)
