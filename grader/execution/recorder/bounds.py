"""Takes on the bounds that the trusted side has set, before any of the student's code runs."""

from __future__ import annotations

import base64
import ctypes
import json
import os
import resource
import struct
from typing import Any

# linux/prctl.h, linux/seccomp.h
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
INSTRUCTION = struct.Struct("HBBI")

_libc = ctypes.CDLL(None, use_errno=True)


class Program(ctypes.Structure):
    """``struct sock_fprog`` of linux/filter.h."""

    _fields_ = [("count", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def take_on(bounds: str) -> None:
    """Set limits of this process and filter its system calls, for good and for all that it starts.

    Args:
        bounds: JSON with limits by name, and a compiled filter in base64.

    Raises:
        OSError, ValueError: the system refuses; the kernel must not start then.
    """
    wanted = json.loads(bounds)
    for name, value in wanted["rlimits"].items():
        kind = getattr(resource, name)
        most = resource.getrlimit(kind)[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (value, value))
    system_calls = base64.b64decode(wanted["filter"])
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if system_calls:
        held = ctypes.create_string_buffer(system_calls, len(system_calls))
        program = Program(len(system_calls) // INSTRUCTION.size, ctypes.cast(held, ctypes.c_void_p))
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program))


def prctl(option: int, *arguments: Any) -> None:
    """As the system's own. Raises OSError."""
    words = [ctypes.c_ulong(word) if isinstance(word, int) else word for word in arguments]
    words += [ctypes.c_ulong(0)] * (4 - len(words))
    if _libc.prctl(option, *words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {option}: {os.strerror(number)}")
