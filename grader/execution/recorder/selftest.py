"""Tries, inside the sandbox, what no notebook may do, and prints what was possible as JSON.

``python -m _kernel_recorder.selftest BOUNDS PORT FILE...``: the port is one that the trusted side listens on, the files
are some of the user's own.
"""

from __future__ import annotations

import ctypes
import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from .bounds import take_on

CLONE_NEWUSER = 0x10000000
PTRACE_TRACEME = 0

_libc = ctypes.CDLL(None, use_errno=True)


def possible(attempt: Callable[[], object]) -> bool:
    """True if it did not raise."""
    try:
        attempt()
    except Exception:
        return False
    return True


def _memory(megabytes: int) -> None:
    bytearray(megabytes * 1_000_000)


def _new_namespace() -> None:
    if _libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def _trace() -> None:
    if _libc.ptrace(PTRACE_TRACEME, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def main(bounds: str, port: str, *files: str) -> None:
    """Try everything once."""
    take_on(bounds)
    limits = json.loads(bounds)["rlimits"]
    print(
        json.dumps(
            {
                "network": possible(lambda: socket.create_connection(("127.0.0.1", int(port)), timeout=2)),
                "files": [name for name in files if Path(name).exists()],
                "system": possible(lambda: Path("/usr/selftest").write_text("")),
                "processes": sum(entry.name.isdigit() for entry in Path("/proc").iterdir()),
                "memory": possible(lambda: _memory(limits["RLIMIT_DATA"] // 1_000_000 + 100)),
                "namespaces": possible(_new_namespace),
                "tracing": possible(_trace),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
