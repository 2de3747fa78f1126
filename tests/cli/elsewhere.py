"""Runs a command as on a system that is no Linux: ``python elsewhere.py WORDS``.

Modules that only Unix has cannot be imported by the grader, what of `os` is missing on Windows is missing, and forks and
sockets in folders are refused to everybody. The last line on stderr names the programs that were started.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import sys
from types import SimpleNamespace
from typing import Any

UNIX_ONLY = ("fcntl", "grp", "pty", "pwd", "pyseccomp", "resource", "syslog", "termios", "tty")
MISSING = (
    "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "fork", "forkpty", "geteuid", "getuid", "getxattr", "mkfifo",
    "sched_getaffinity", "statvfs",
)  # fmt: skip
started: list[str] = []


def importer() -> str:
    """The module that imports something."""
    frame: Any = sys._getframe(2)
    while frame is not None and "importlib" in str(frame.f_globals.get("__name__")):
        frame = frame.f_back
    return "" if frame is None else str(frame.f_globals.get("__name__"))


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """What other systems do not have."""
    match event, arguments:
        case "import", (name, *_) if name in UNIX_ONLY and importer().startswith("grader"):
            raise ImportError(f"no module named {name!r}")
        case (("os.fork" | "os.forkpty" | "os.posix_spawn"), _):
            raise OSError(f"{event}: not on this system")
        case (("socket.bind" | "socket.connect"), (made, *_)) if made.family == socket.AF_UNIX:
            raise OSError("AF_UNIX: not on this system")
        case "subprocess.Popen", (_, words, *_):
            started.append(" ".join(map(str, words)))


import jupyter_client  # noqa: E402, F401  # what others wrote looks at the system when it is imported
import nbclient  # noqa: E402, F401
import numpy  # noqa: E402, F401
import psutil  # noqa: E402, F401

import grader.cli  # noqa: E402  # whatever of the grader a command needs is imported later

statvfs = os.statvfs


def disk_usage(path: Any) -> SimpleNamespace:
    """What `shutil` knows of a disk on every system."""
    found = statvfs(path)
    return SimpleNamespace(free=found.f_bavail * found.f_frsize)


for name in UNIX_ONLY:
    sys.modules.pop(name, None)
for name in MISSING:
    if hasattr(os, name):
        delattr(os, name)
shutil._use_fd_functions = False  # type: ignore[attr-defined]
shutil.disk_usage = disk_usage  # type: ignore[assignment]
platform.system = lambda: "Darwin"
sys.addaudithook(refuse)
code = grader.cli.main(sys.argv[1:])
print(json.dumps(started), file=sys.stderr)
sys.exit(code)
