"""What a kernel may never do, whatever its code asks: limits of each process, and a filter of system calls.

Both are made here and applied by the kernel itself before it runs any of the student's code. Neither can be taken back
from inside, and everything that the kernel starts inherits them.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import tempfile
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.rubric.rubric import Limits

try:
    import pyseccomp
except (ImportError, OSError, RuntimeError):  # the system has no libseccomp
    pyseccomp = None

MEGABYTE = 1_000_000
SPARE_MEMORY_MB = 2_000
"""Private memory beyond the limit on resident memory: a kernel with TensorFlow maps about 1.3 GB that it never uses."""
SPARE_MEMORY_MB_A_CORE = 100
"""TensorFlow's threads have stacks of 8 MB, about four for each core, and arenas of their own."""
SPARE_TASKS, TASKS_A_CORE = 200, 20
"""Threads beyond one for each allowed process: those of ipykernel, TensorFlow and BLAS."""
FILES_OPEN = 4_096

MOUNTING = (
    "mount", "umount2", "pivot_root", "chroot", "mount_setattr", "move_mount", "open_tree", "fsopen", "fsconfig",
    "fsmount", "fspick", "setns", "unshare",
)  # fmt: skip
LOOKING_INTO_OTHERS = ("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd")
KEEPING_OUTSIDE_LIMITS = ("memfd_create", "memfd_secret", "shmget", "shmat", "shmctl", "msgget", "semget", "mq_open")
"""Memory and queues that belong to no process and no mounted file system, where no limit would see them."""
DEEP_IN_THE_SYSTEM = (
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "add_key",
    "request_key", "keyctl", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
    "open_by_handle_at", "name_to_handle_at", "fanotify_init", "quotactl", "quotactl_fd", "swapon", "swapoff", "reboot",
    "acct", "syslog", "lookup_dcookie", "iopl", "ioperm", "modify_ldt", "vhangup", "nfsservctl", "personality",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname", "vm86", "vm86old",
    "uselib", "ustat", "sysfs", "_sysctl",
)  # fmt: skip
NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID and -NET, from linux/sched.h."""
SOCKETS_ALLOWED = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, and AF_NETLINK, by which ZeroMQ finds its interfaces; from linux/socket.h. The network
that they reach is the kernel's own loopback.
"""
NETLINK, NETLINK_ROUTE = 16, 0
"""Of AF_NETLINK only the protocol that tells of interfaces; from linux/netlink.h."""
MAX_FAMILY = 64
TERMINAL_INJECTION = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX, from asm-generic/ioctls.h."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is handed to a kernel."""

    rlimits: dict[str, int]
    """By their names in Python's `resource`."""
    system_calls: bytes
    """A compiled seccomp filter; empty where this machine cannot make one."""

    def text(self) -> str:
        """As the kernel takes it."""
        return json.dumps({"rlimits": self.rlimits, "filter": base64.b64encode(self.system_calls).decode()})


def bounds_of(limits: Limits) -> Bounds:
    """The bounds that go with a submission's limits."""
    return Bounds(
        rlimits={
            "RLIMIT_CORE": 0,
            "RLIMIT_DATA": private_memory_mb(limits) * MEGABYTE,
            "RLIMIT_FSIZE": limits.files_mb * MEGABYTE,
            "RLIMIT_NOFILE": FILES_OPEN,
            "RLIMIT_NPROC": most_tasks(limits),
            "RLIMIT_MEMLOCK": 64 * 1024,
            "RLIMIT_MSGQUEUE": 0,
        },
        system_calls=system_call_filter(),
    )


def private_memory_mb(limits: Limits) -> int:
    """What one process may map for itself, used or not."""
    return limits.memory_mb + SPARE_MEMORY_MB + SPARE_MEMORY_MB_A_CORE * (os.cpu_count() or 1)


def most_tasks(limits: Limits) -> int:
    """Processes and threads that a kernel and all it starts may have at one time."""
    return limits.processes + SPARE_TASKS + TASKS_A_CORE * (os.cpu_count() or 1)


@cache
def system_call_filter() -> bytes:
    """The filter, compiled for this machine's processor; empty where libseccomp is missing."""
    if pyseccomp is None:
        return b""
    refused = pyseccomp.ERRNO(errno.EPERM)
    absent = pyseccomp.ERRNO(errno.ENOSYS)
    system_calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in (*MOUNTING, *LOOKING_INTO_OTHERS, *DEEP_IN_THE_SYSTEM):
        _add(system_calls, refused, name)
    for name in ("clone3", *KEEPING_OUTSIDE_LIMITS):  # as in an older system: callers know another way
        _add(system_calls, absent, name)
    for flag in _bits(NEW_NAMESPACES):
        _add(system_calls, refused, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    for request in TERMINAL_INJECTION:
        _add(system_calls, refused, "ioctl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, request))
    for number in range(MAX_FAMILY):
        if number not in SOCKETS_ALLOWED:
            _add(system_calls, refused, "socket", pyseccomp.Arg(0, pyseccomp.EQ, number))
    _add(system_calls, refused, "socket", pyseccomp.Arg(0, pyseccomp.GE, MAX_FAMILY))
    family, protocol = pyseccomp.Arg(0, pyseccomp.EQ, NETLINK), pyseccomp.Arg(2, pyseccomp.NE, NETLINK_ROUTE)
    _add(system_calls, refused, "socket", family, protocol)
    with tempfile.TemporaryFile() as file:
        system_calls.export_bpf(file)
        file.seek(0)
        return file.read()


def _bits(mask: int) -> list[int]:
    return [1 << position for position in range(32) if mask & 1 << position]


def _add(system_calls: Any, action: Any, name: str, *arguments: Any) -> None:
    """Add a rule; a call that this processor or this libseccomp does not know needs none."""
    try:
        system_calls.add_rule(action, name, *arguments)
    except (ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (errno.EINVAL, errno.EDOM, errno.EFAULT):
            raise
