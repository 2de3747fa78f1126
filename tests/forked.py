"""Commands forked from a process that has imported the grader: twenty of them start in the time of one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from course import hear_interrupts
from waiting import SECONDS, read_line

ROOT = Path(__file__).parents[1]
FORKS = """
import importlib, json, os, signal, sys, time
from grader import collection, pipeline, publishing, terminal
from grader.cli import main

def hang(*_, **__):
    print("begun", flush=True)
    time.sleep(600)

for name in sys.argv[1:]:
    importlib.import_module(name)
for line in sys.stdin:
    request = json.loads(line)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that are killed
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for stream, name in (1, "out"), (2, "err"):
            os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
        if request["hangs"]:
            module, function = request["hangs"].split(":")
            setattr(importlib.import_module(module), function, hang)
        code = main(request["words"])
        sys.stdout.flush(), sys.stderr.flush()
        with open(request["code"], "w") as file:
            file.write(str(code))
        sys.exit(code)
    print(pid, flush=True)
"""


def runs(process: psutil.Process) -> bool:
    """False once it has ended, whether or not somebody has asked how."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def family(process: psutil.Process) -> list[psutil.Process]:
    """All that a process has started, as far as it still runs."""
    try:
        found: list[psutil.Process] = process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return found


def command_of(process: psutil.Process) -> str:
    """Its command line; empty of one that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@dataclass(frozen=True)
class Forked:
    """A command under way."""

    process: psutil.Process
    out: Path
    err: Path
    _code: Path

    @property
    def runs(self) -> bool:
        return runs(self.process)

    def end(self, seconds: float = SECONDS) -> int:
        """Let it end; its exit code."""
        deadline = time.monotonic() + seconds
        while self.runs:
            assert time.monotonic() < deadline, f"it hangs:\n{self._said()}"
            time.sleep(0.02)
        assert self._code.exists(), self._said()
        return int(self._code.read_text())

    def _said(self) -> str:
        return f"{self.out.read_text()[-3000:]}\n{self.err.read_text()[-3000:]}"


class Forks:
    """Starts commands, each in a session of its own, all of whose temporary files stand in one folder."""

    def __init__(self, folder: Path, *modules: str) -> None:
        """Start what forks them.

        Args:
            folder: for what the commands print.
            modules: what they need besides the flow.
        """
        self._folder = folder
        self.temporary = Path(tempfile.mkdtemp(prefix="k-", dir="/tmp"))
        self._started = 0
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", FORKS, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self.temporary), "COLUMNS": "100"},
            preexec_fn=hear_interrupts,
        )

    def start(self, words: Sequence[str], hangs: str = "") -> Forked:
        """Args: hangs: ``module:function``, which prints "begun" and sleeps instead of what it does."""
        self._started += 1
        out, err, code = (self._folder / f"{name}-{self._started}" for name in ("stdout", "stderr", "code"))
        out.touch()
        err.touch()
        request = {"words": [*words], "out": str(out), "err": str(err), "code": str(code), "hangs": hangs}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Forked(psutil.Process(int(read_line(self._process))), out, err, code)

    def close(self) -> None:
        """End it; a command that still runs is killed."""
        for child in family(psutil.Process(self._process.pid)):
            child.kill()
        self._process.communicate(timeout=60)
        shutil.rmtree(self.temporary, ignore_errors=True)


@contextmanager
def forks(folder: Path, *modules: str) -> Iterator[Forks]:
    """While the context lasts."""
    made = Forks(folder, *modules)
    try:
        yield made
    finally:
        made.close()
