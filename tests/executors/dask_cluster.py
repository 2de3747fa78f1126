"""A real Dask cluster on the loopback interface: a scheduler and workers, each a process as `dask` starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
from distributed import Client

TESTS = Path(__file__).parents[1]
START_SECONDS = 120
QUIET = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
"""A worker does not look at its own threads a hundred times a second."""


class Cluster:
    """A scheduler, and as many workers as are started; one job at one time on each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        told = folder / "scheduler.json"
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told))
        deadline = time.monotonic() + START_SECONDS
        while not told.exists():
            assert time.monotonic() < deadline, "the scheduler must start"
            time.sleep(0.1)
        self.address: str = json.loads(told.read_text())["address"]

    def _start(self, *words: str, before: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        number = len(self._processes)
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "dask", *words],
            env={**os.environ, **QUIET, "PYTHONPATH": f"{TESTS}:{TESTS / 'executors'}"},
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / f"{number}-{words[0]}.log").open("wb"),
        )
        self._processes.append(process)
        return process

    def start_worker(self, *options: str, hidden: Path | None = None) -> psutil.Process:
        """One more worker; with ``--no-nanny`` its process is the one that is returned.

        Args:
            hidden: a folder that this worker finds empty, as if it were on another machine.
        """
        own = ["--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--local-directory", str(self._folder)]
        apart = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", str(hidden), "--die-with-parent"] if hidden else []
        return psutil.Process(self._start("worker", self.address, *own, *options, before=apart).pid)

    def wait_for(self, workers: int) -> None:
        """Until so many workers have joined."""
        with Client(self.address, timeout=START_SECONDS, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=START_SECONDS)

    def kill_scheduler(self) -> None:
        """End the scheduler as the system would."""
        self._processes[0].kill()

    def close(self) -> None:
        """End all of it, the scheduler last."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)
