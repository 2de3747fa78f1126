"""Watches what a run uses, and ends it when a limit is reached."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import psutil

from grader.records import Message, say
from grader.rubric import Limits

INTERVAL = 0.5
"""Seconds between two looks."""


class Watchdog:
    """Looks at a kernel's process tree and files twice a second."""

    def __init__(self, limits: Limits, folders: tuple[Path, ...], pid: Callable[[], int | None]) -> None:
        self._limits = limits
        self._folders = folders
        self._pid = pid
        self.exceeded: Message | None = None
        self.peak_memory_mb = 0.0

    async def watch(self) -> None:
        """Look until cancelled, or until a limit is reached: then kill the whole tree."""
        while self.exceeded is None:
            await asyncio.sleep(INTERVAL)
            self.exceeded = self._look()
        self.kill()

    def _look(self) -> Message | None:
        memory, processes = self._usage()
        self.peak_memory_mb = max(self.peak_memory_mb, memory)
        if memory > self._limits.memory_mb:
            return say("The notebook used more memory than the {limit} MB it may use.", limit=self._limits.memory_mb)
        if processes > self._limits.processes:
            return say(
                "The notebook started more than the {limit} processes it may have.", limit=self._limits.processes
            )
        if _megabytes(self._folders) > self._limits.files_mb:
            return say(
                "The notebook wrote more than the {limit} MB of files it may write.", limit=self._limits.files_mb
            )
        return None

    def _usage(self) -> tuple[float, int]:
        """Resident megabytes and number of processes of the tree."""
        tree = self._tree()
        total = 0
        for process in tree:
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total / 1e6, len(tree)

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
        """End every process of the tree."""
        for process in reversed(self._tree()):
            with contextlib.suppress(psutil.Error):
                process.kill()


def _megabytes(folders: tuple[Path, ...]) -> float:
    """What the files in some folders take on disk; links are not followed."""
    total = 0
    for folder in folders:
        for path, _, names in os.walk(folder):
            for name in names:
                with contextlib.suppress(OSError):
                    total += Path(path, name).lstat().st_blocks * 512
    return total / 1e6
