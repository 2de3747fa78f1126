"""What a run has on disk: files in its folders, and those that it has removed and still holds."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

BLOCK = 512
"""Bytes; what the system counts in, whatever a disk's own blocks are."""
_REMOVED_AND_MAPPED = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) .*\(deleted\)$", re.MULTILINE
)
"""A line of /proc/PID/maps: begin, end, offset in the file, device in two parts, inode."""


class UncountableError(Exception):
    """A folder that cannot be looked into: closed to us, or too deep."""


def sizes(folders: Iterable[Path]) -> Iterator[float]:
    """What each file and folder in some folders takes on disk, in MB; links are not followed.

    Raises:
        UncountableError: a folder cannot be looked into.
    """
    waiting = [str(folder) for folder in folders]
    while waiting:
        for size, folder in _entries(waiting.pop()):
            yield size
            if folder:
                waiting.append(folder)


def _entries(folder: str) -> list[tuple[float, str]]:
    """Each entry's size, and its path where it is a folder."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    is_folder = entry.is_dir(follow_symlinks=False)
                    found.append((_megabytes(entry.stat(follow_symlinks=False)), entry.path if is_folder else ""))
    except (FileNotFoundError, NotADirectoryError):
        pass  # it was removed meanwhile
    except OSError as error:
        raise UncountableError(error.strerror) from error
    return found


def removed_and_held(pids: Iterable[int], folders: Iterable[Path]) -> float:
    """What processes hold open, or mapped, of files that are in no folder any more, in MB.

    Args:
        folders: only files of their file systems count.
    """
    devices = {folder.stat().st_dev for folder in folders if folder.exists()}
    held: dict[tuple[int, int], float] = {}
    mapped: dict[tuple[int, int], float] = {}
    for pid in pids:
        for facts in _open_files(pid):
            if stat.S_ISREG(facts.st_mode) and not facts.st_nlink and facts.st_dev in devices:
                held[facts.st_dev, facts.st_ino] = _megabytes(facts)
        for device, inode, size in _mapped_files(pid):
            if device in devices:
                mapped[device, inode] = max(size, mapped.get((device, inode), 0.0))
    return sum({**mapped, **held}.values())


def free_mb(folders: Iterable[Path]) -> float:
    """What is free on the fullest of the disks that hold some folders, in MB."""
    return min((shutil.disk_usage(folder).free / 1e6 for folder in folders if folder.exists()), default=0.0)


def closed_to_us(pids: Iterable[int]) -> set[int]:
    """Those of some processes that do not let us see what they hold open: they can ask the system for that."""
    closed = set()
    for pid in pids:
        try:
            os.scandir(f"/proc/{pid}/fd").close()
        except PermissionError:
            closed.add(pid)
        except OSError:
            pass  # it has ended
    return closed


def _open_files(pid: int) -> Iterator[os.stat_result]:
    with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as descriptors:
        for descriptor in descriptors:
            with contextlib.suppress(OSError):
                yield descriptor.stat()


def _mapped_files(pid: int) -> Iterator[tuple[int, int, float]]:
    """Device, inode and megabytes of mapped files that were removed.

    Only root can look at the file itself. Others know how far into it a mapping reaches.
    """
    try:
        maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for begin, end, offset, major, minor, inode in _REMOVED_AND_MAPPED.findall(maps):
        try:
            size = _megabytes(Path(f"/proc/{pid}/map_files/{begin}-{end}").stat())
        except OSError:
            size = (int(end, 16) - int(begin, 16) + int(offset, 16)) / 1e6
        yield os.makedev(int(major, 16), int(minor, 16)), int(inode), size


def _megabytes(facts: os.stat_result) -> float:
    return getattr(facts, "st_blocks", facts.st_size / BLOCK) * BLOCK / 1e6  # Windows counts no blocks
