"""Watches what a run uses, and ends it when a limit is reached."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import psutil

from grader.execution.cgroups import ControlGroup, new_group
from grader.execution.disk import UncountableError, closed_to_us, free_mb, removed_and_held, sizes
from grader.records import Message, say
from grader.rubric.rubric import Limits

INTERVAL = 0.5
"""Seconds between two looks."""
MAX_FILES = 100_000
"""Files and folders that a notebook may have at one time."""
MAX_ROUNDS = 20
END_SECONDS = 10.0
"""How long a last look may take."""


class Watchdog:
    """Looks at a kernel's process tree and files twice a second; a control group holds in between, where there is one.

    Args:
        folders: on the host, all that the kernel can write to but its own ``/tmp``, which has a size.
        pid: gives the kernel's first process.
    """

    def __init__(self, limits: Limits, folders: tuple[Path, ...], pid: Callable[[], int | None]) -> None:
        self._limits = limits
        self._folders = folders
        self._pid = pid
        self._group: ControlGroup | None = None
        self._always_closed: set[int] = set()
        """Processes of the sandbox itself into which nobody may look."""
        self._closed: set[int] = set()
        """Others that were so at the last look."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._free = 0.0
        """MB that were free where the folders are before the notebook ran."""
        self.exceeded: Message | None = None
        self.peak_memory_mb = 0.0

    def hold(self) -> None:
        """Put the kernel, before it runs the student's code, into a control group, where the system allows it."""
        self._always_closed = closed_to_us(process.pid for process in self._tree())
        self._free = free_mb(self._folders)
        self._group = new_group(self._limits)
        if self._group is None:
            return
        held: set[int] = set()
        for _ in range(MAX_ROUNDS):
            new = {process.pid for process in self._tree()} - held
            if not new:
                return
            with contextlib.suppress(OSError):
                self._group.add(new)
            held |= new

    def start(self) -> None:
        """Begin to look, in a thread: whatever else is done with the kernel meanwhile, and with what it has written."""
        self._thread.start()

    def _watch(self) -> None:
        """Look until a limit is reached, and then kill the whole tree."""
        while self.exceeded is None and not self._over.wait(INTERVAL):
            try:
                self.exceeded = self._look() or self.exceeded
            except Exception:  # the next look may see more
                logging.getLogger(__name__).exception("a look at a kernel failed")
        if self.exceeded is not None:
            self.kill()

    def verdict(self) -> Message | None:
        """The limit that ended the kernel, if one did."""
        if self.exceeded is None:
            self.exceeded = self._ended_by_the_system()
        return self.exceeded

    def _ended_by_the_system(self) -> Message | None:
        """The limit for which the system ended a process of the group, which may be another than the kernel."""
        return self._too_much_memory() if self._group is not None and self._group.out_of_memory else None

    def _look(self) -> Message | None:
        tree = self._tree()
        if len(tree) > self._limits.processes:
            return say(
                "The notebook started more than the {limit} processes it may have.", limit=self._limits.processes
            )
        memory = _memory(tree, lambda process: process.memory_info().rss)
        if memory > self._limits.memory_mb:  # what processes share was counted for each of them
            memory = _memory(tree, _own_share)
        self.peak_memory_mb = max(self.peak_memory_mb, memory)
        if memory > self._limits.memory_mb:
            return self._too_much_memory()
        return self._ended_by_the_system() or self._too_many_files([process.pid for process in tree])

    def _too_much_memory(self) -> Message:
        return say("The notebook used more memory than the {limit} MB it may use.", limit=self._limits.memory_mb)

    def _too_many_files(self, pids: list[int]) -> Message | None:
        before, self._closed = self._closed, closed_to_us(pids) - self._always_closed
        if self._closed & before and self._free - free_mb(self._folders) > self._limits.files_mb:
            return say("The notebook fills the disk, and has a process into which nobody can look.")
        total, count = removed_and_held(pids, self._folders), 0
        try:
            for size in itertools.chain([0.0], sizes(self._folders)):
                total, count = total + size, count + 1
                if total > self._limits.files_mb:
                    return say(
                        "The notebook wrote more than the {limit} MB of files it may write.",
                        limit=self._limits.files_mb,
                    )
                if count > MAX_FILES:
                    return say("The notebook wrote more than the {limit} files it may have.", limit=MAX_FILES)
        except UncountableError:
            return say("The notebook made a folder into which nobody can look.")
        return None

    def _tree(self) -> list[psutil.Process]:
        pid = self._pid()
        if pid is None:
            return []
        try:
            root = psutil.Process(pid)
            return [root, *root.children(recursive=True)]
        except psutil.Error:
            return []

    def kill(self) -> None:
        """End every process of the tree: with the first one its namespace ends, however fast others multiply in it."""
        pid = self._pid()
        if pid is not None:
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).kill()
        for process in reversed(self._tree()):
            with contextlib.suppress(psutil.Error):
                process.kill()

    def close(self) -> None:
        """End whatever is left, and the control group."""
        self._over.set()
        self.kill()
        if self._thread.is_alive():
            self._thread.join(END_SECONDS)
        if self._group is not None:
            self._group.close()


def _memory(tree: list[psutil.Process], of: Callable[[psutil.Process], int]) -> float:
    """Megabytes of a tree."""
    total = 0
    for process in tree:
        with contextlib.suppress(psutil.Error):
            total += of(process)
    return total / 1e6


def _own_share(process: psutil.Process) -> int:
    """Bytes, with a part of what is shared; all of it where a process does not let itself be looked at."""
    try:
        return int(getattr(process.memory_full_info(), "pss", process.memory_info().rss))  # only Linux knows shares
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
