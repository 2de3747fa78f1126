"""Processes and folders that end with the process that made them, in whatever way it comes to its end.

A process that is killed cannot tidy up. So each one keeps everything temporary under one folder, which it holds locked
while it lives: a folder that nobody holds any more is removed by the next process that makes one of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows, where folders of processes that were killed stay
    fcntl = None  # type: ignore[assignment]

PREFIX = "grader-"
"""How the folders begin that processes hold."""
AS_IT_IS = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
"""For `os.open`, as far as the system knows it: follow no link, wait for no pipe, change no byte."""
START_SECONDS, END_SECONDS, REMOVE_SECONDS = 60.0, 10.0, 300.0
"""How long the system may take to start a process, to end one that was killed, and to remove a folder."""
LONGEST_BASE = 40
"""Characters. Sockets stand deep in these folders, and their paths may have about 100 bytes in all."""


def is_linux() -> bool:
    """True where processes can be kept apart, and talk over sockets in folders: what only notebooks of one's own can do
    without.
    """
    return platform.system() == "Linux"


# --- folders ----------------------------------------------------------------------------------------------------------


def make_folder(prefix: str) -> Path:
    """A new empty folder, which goes with this process at the latest."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_held_folder(os.getpid())))


@contextlib.contextmanager
def folder_for_now(prefix: str) -> Iterator[Path]:
    """A new empty folder while the context lasts."""
    folder = make_folder(prefix)
    try:
        yield folder
    finally:
        remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that strangers left in it; what cannot be removed stays."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists() and fcntl is not None:  # closed to its owner, or deeper than a path or Python can go
        for command in (("chmod", "-R", "u+rwx"), ("rm", "-rf")):
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run(
                    [*command, "--", str(folder)],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    timeout=REMOVE_SECONDS,
                    check=False,
                )


@cache
def _held_folder(pid: int) -> Path:
    """This process's folder. The argument makes a forked process have one of its own."""
    base = Path(tempfile.gettempdir())
    if is_linux():
        base = base if len(str(base)) <= LONGEST_BASE else Path("/tmp")
    if fcntl is not None:
        _remove_left_behind(base)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        if fcntl is None:
            atexit.register(remove_folder, folder)
            return folder
        if _lock(folder) is not None:  # None where another process took it for left behind
            atexit.register(_let_go, folder, pid)
            return folder


def _let_go(folder: Path, pid: int) -> None:
    if os.getpid() == pid:
        remove_folder(folder)
        _remove_left_behind(folder.parent)


def _remove_left_behind(base: Path) -> None:
    """Remove the folders of processes that are no more."""
    for folder in base.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            descriptor = _lock(folder)
            if descriptor is not None:
                remove_folder(folder)
                os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """Hold a folder: a descriptor that the system closes when this process ends; None where another holds it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), folder.stat()):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def give_memory_back() -> None:
    """Let the system have what this process has freed: what one call needed, the next ones may not need."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # only the C library of most Linux systems can
        ctypes.CDLL(None).malloc_trim(0)


# --- processes --------------------------------------------------------------------------------------------------------


class OwnedProcess:
    """A process with a folder of its own; both end with this object, or with the process that made it."""

    def __init__(self, folder: Path, command: Sequence[str], **streams: Any) -> None:
        """Start it.

        Args:
            folder: from `make_folder`; the object's from now on.
            command: has to end by itself with the process that started it, since nobody ends it when that one is
                killed: by ``bwrap --die-with-parent``, and by watching a pipe or socket for its end, as
                the former takes a moment to begin to hold.
            streams: as `subprocess.Popen` takes them.

        Raises:
            OSError: it cannot be started.
        """
        self._folder = folder
        try:
            starting = _starter(os.getpid()).submit(lambda: subprocess.Popen(command, **streams))
            self._process = starting.result(START_SECONDS)
        except OSError:
            remove_folder(folder)
            raise
        atexit.register(self.close)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def close(self) -> None:
        """End the process, and remove its folder."""
        atexit.unregister(self.close)
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait(END_SECONDS)
        remove_folder(self._folder)


@cache
def _starter(_pid: int) -> ThreadPoolExecutor:
    """One thread that lives as long as this process: to the system, a parent's death is that of the starting thread."""
    return ThreadPoolExecutor(1, thread_name_prefix="starter")
