"""Limits that hold for a kernel and everything it starts, by the system's own control groups, where the user may.

Both of Linux's hierarchies are known: version 1 has a folder for each controller, version 2 has one for all. In version
2 a group with processes of its own cannot limit groups below it: the grader then moves itself into a group beside those
of the kernels, which it may where its group was delegated to it, as by ``systemd-run --user --scope -p Delegate=yes``.
See the kernel's Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from grader.execution.bounds import MEGABYTE, most_tasks
from grader.processes import is_linux
from grader.rubric.rubric import Limits

CONTROLLERS = ("memory", "pids")
SUPERVISOR = "grader-supervisor"
PREFIX = "grader-kernel-"
SECONDS_TO_END = 5.0
LEFT_BEHIND_SECONDS = 3600.0
"""Age from which an empty group whose grader is not to be seen belongs to nobody: it may run in another container."""


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a hierarchy is mounted."""

    kind: str
    """``cgroup`` (version 1) or ``cgroup2``."""
    root: str
    """Which group of the hierarchy is at the mount's top."""
    folder: Path
    controllers: frozenset[str]
    """Of version 1."""


class ControlGroup:
    """The groups of one kernel: one folder, or one for each controller."""

    def __init__(self, parents: Mapping[str, Path], limits: Limits) -> None:
        """Args: parents: by controller; raises OSError where a group cannot be made or limited."""
        self._name = f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
        self._folders = {controller: parent / self._name for controller, parent in parents.items()}
        try:
            for folder in set(self._folders.values()):
                folder.mkdir()
            for controller, folder in self._folders.items():
                _limit(controller, folder, limits)
        except OSError:
            self.close()
            raise

    @property
    def controllers(self) -> frozenset[str]:
        """What is limited."""
        return frozenset(self._folders)

    def add(self, pids: Iterable[int]) -> None:
        """Take in processes; what they start from now on comes along. Raises OSError."""
        for pid in pids:
            for folder in set(self._folders.values()):
                with contextlib.suppress(ProcessLookupError):
                    (folder / "cgroup.procs").write_text(str(pid))

    @property
    def out_of_memory(self) -> bool:
        """True if the system has ended a process for the group's memory."""
        folder = self._folders.get("memory")
        if folder is None:
            return False
        for name in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(OSError):
                words = dict(line.split() for line in (folder / name).read_text().splitlines() if " " in line)
                return int(words.get("oom_kill", 0)) > 0
        return False

    def close(self) -> None:
        """End every process in the groups, and remove them."""
        deadline = time.monotonic() + SECONDS_TO_END
        for folder in set(self._folders.values()):
            while folder.exists() and time.monotonic() < deadline:
                _end_all(folder)
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.01)


def new_group(limits: Limits) -> ControlGroup | None:
    """A group for one kernel; None where this user may not make one, or the system has none."""
    parents = parents_of_groups() if is_linux() else {}
    if not parents:
        return None
    for parent in set(parents.values()):
        _remove_left_behind(parent)
    try:
        return ControlGroup(parents, limits)
    except OSError:
        return None


def parents_of_groups() -> dict[str, Path]:
    """By controller, the folder in which this process may make limited groups; without those that it may not use."""
    mounts = _mounts(Path("/proc/self/mountinfo").read_text())
    own = _own_groups(Path("/proc/self/cgroup").read_text())
    found: dict[str, Path] = {}
    for mount in mounts:
        if mount.kind == "cgroup2":
            for controller in _second_version(mount, own.get("", "/")):
                found.setdefault(controller, _base(mount, own.get("", "/")))
        for controller in mount.controllers & set(CONTROLLERS):
            folder = _inside(mount, own.get(controller, "/"))
            if folder is not None and os.access(folder, os.W_OK):
                found.setdefault(controller, folder)
    return found


def _limit(controller: str, folder: Path, limits: Limits) -> None:
    if controller == "pids":
        (folder / "pids.max").write_text(str(most_tasks(limits)))
        return
    amount = str(limits.memory_mb * MEGABYTE)
    if (folder / "memory.max").exists():
        (folder / "memory.max").write_text(amount)
        with contextlib.suppress(OSError):  # a system without swap
            (folder / "memory.swap.max").write_text("0")
        return
    (folder / "memory.limit_in_bytes").write_text(amount)
    with contextlib.suppress(OSError):
        (folder / "memory.memsw.limit_in_bytes").write_text(amount)


def _remove_left_behind(parent: Path) -> None:
    """Remove empty groups of graders that were killed: nobody else will."""
    for folder in parent.glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        with contextlib.suppress(OSError, ValueError):
            if not psutil.pid_exists(int(pid)) and time.time() - folder.stat().st_mtime > LEFT_BEHIND_SECONDS:
                folder.rmdir()  # only an empty group goes


def _end_all(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):
                os.kill(int(pid), signal.SIGKILL)


# --- the hierarchies --------------------------------------------------------------------------------------------------


def _mounts(mountinfo: str) -> list[Mount]:
    """From /proc/self/mountinfo; see proc(5)."""
    found = []
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        words, kind = left.split(), right.split()
        if kind and kind[0] in ("cgroup", "cgroup2"):
            controllers = frozenset(kind[2].split(",")) if kind[0] == "cgroup" else frozenset()
            found.append(Mount(kind[0], words[3], Path(words[4]), controllers))
    return found


def _own_groups(cgroup: str) -> dict[str, str]:
    """From /proc/self/cgroup: this process's group by controller; that of version 2 under the empty string."""
    found = {}
    for line in cgroup.splitlines():
        _, controllers, path = line.split(":", 2)
        found.update(dict.fromkeys(controllers.split(","), path))
    return found


def _inside(mount: Mount, group: str) -> Path | None:
    """A group's folder; None where the mount does not show it."""
    if mount.root != "/" and not Path(group).is_relative_to(mount.root):
        return None
    return mount.folder / Path(group).relative_to(mount.root)


def _base(mount: Mount, own: str) -> Path:
    """Below which folder of version 2 kernels get their groups."""
    folder = _inside(mount, own)
    if folder is None:
        return mount.folder
    if folder.name == SUPERVISOR:
        return folder.parent
    return mount.folder if os.geteuid() == 0 and _is_top(mount.folder) else folder


def _is_top(folder: Path) -> bool:
    """True for the hierarchy's own root, which has no limits of its own."""
    return not (folder / "cgroup.type").exists()


def _second_version(mount: Mount, own: str) -> list[str]:
    """The controllers that groups below the base may use, after they were handed down where that is allowed."""
    base = _base(mount, own)
    try:
        available = set((base / "cgroup.controllers").read_text().split()) & set(CONTROLLERS)
        handed = set((base / "cgroup.subtree_control").read_text().split())
        if available - handed:
            if not _is_top(base):
                _step_aside(base)
            (base / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(available)))
        return sorted(available) if os.access(base / "cgroup.procs", os.W_OK) else []
    except OSError:
        return []


def _step_aside(base: Path) -> None:
    """Move the processes of a group into one below it. Raises OSError where they are not all the grader's."""
    pids = [int(pid) for pid in (base / "cgroup.procs").read_text().split()]
    if not (_delegated(base) or set(pids) <= _own_tree()):
        raise PermissionError(f"{base} has processes that are not the grader's")
    (base / SUPERVISOR).mkdir(exist_ok=True)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            (base / SUPERVISOR / "cgroup.procs").write_text(str(pid))


def _delegated(base: Path) -> bool:
    """True where systemd has marked a group as its user's own."""
    for name in ("trusted.delegate", "user.delegate"):
        with contextlib.suppress(OSError):
            return os.getxattr(base, name) == b"1"
    return False


def _own_tree() -> set[int]:
    me = psutil.Process()
    return {me.pid, *(child.pid for child in me.children(recursive=True))}
