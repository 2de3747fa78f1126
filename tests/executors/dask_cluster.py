"""A real Dask cluster on the loopback interface: a scheduler and workers, each a process as `dask` starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

HERE = Path(__file__).parent
START_SECONDS = 60


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

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        number = len(self._processes)
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            env={**os.environ, "PYTHONPATH": str(HERE)},
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / f"{number}-{words[0]}.log").open("wb"),
        )
        self._processes.append(process)
        return process

    def start_worker(self, *options: str) -> psutil.Process:
        """One more worker; with ``--no-nanny`` its process is the one that is returned."""
        own = ["--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", "--local-directory", str(self._folder)]
        return psutil.Process(self._start("worker", self.address, *own, *options).pid)

    def close(self) -> None:
        """End all of it, the scheduler last."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
