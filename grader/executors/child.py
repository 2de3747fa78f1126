"""A process that runs one call after the other for whoever started it, and never outlives them.

Parent and child share one socket. Its end is the sign for both: a parent that reads it knows that the child died; a
child that reads it ends itself and all that it has started, however its parent came to its end.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

import psutil

from grader import memory
from grader.errors import MemoryLimitError
from grader.threads import left_behind

GRACE_SECONDS = 5.0
"""How long a child without a call may take to tidy up and go."""
TIDY_SECONDS = 2.0
"""How long what a call began beside itself may still take when its answer is there."""
MAX_BYTES = 4_000_000_000
"""Memory of a child while it runs a call, without that of the processes which it starts: beyond it the call ends."""
LEFT = 1 / 3
"""Share of it that may still be in use once a call has ended: beyond it another child takes the next one."""
AGAIN, NEVER = b"+", b"-"
"""Before an answer: whether the child takes another call."""
ENVIRONMENT = {
    # There is a child for each core: threads of NumPy's inside it would wait for work by spinning.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Large arrays go back to the system when they are freed, 90 MB after a few submissions.
    "MALLOC_MMAP_THRESHOLD_": "1048576",
}


@dataclass(frozen=True, slots=True)
class Answered:
    """A call came to an end."""

    content: bytes
    """For `unpack_answer`."""
    spent: bool = False
    """Something of the call hangs: the child is to take no other."""


@dataclass(frozen=True, slots=True)
class Died:
    """The child died on a call."""


@dataclass(frozen=True, slots=True)
class Late:
    """A call took longer than it may."""


CallEnd = Answered | Died | Late


def pack_call(function: Callable[[Any], Any], argument: Any) -> bytes:
    """A call as bytes. The function has to be importable by name."""
    return pickle.dumps((function, argument))


def unpack_answer(content: bytes) -> tuple[bool, Any]:
    """True and the value that a call gave, or False and the traceback of what it raised."""
    answer: tuple[bool, Any] = pickle.loads(content)
    return answer


def import_modules(names: Sequence[str]) -> None:
    """Import modules. As a child's first call, it lets those that follow begin at once."""
    for name in names:
        importlib.import_module(name)


def raised(error: BaseException) -> Answered:
    """The answer of a call that raised."""
    return Answered(pickle.dumps((False, "".join(traceback.format_exception(error)))))


class Child:
    """The parent's side of a child process. It has the parent's module search path, and nothing else of its state."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        """Args: max_bytes: of memory that it may use for a call."""
        self.connection, theirs = Pipe()
        code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; "
        code += f"serve({theirs.fileno()}, {max_bytes})"
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", code],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env={**os.environ, **ENVIRONMENT},
                )
            except OSError:
                self.connection.close()
                raise
        self._deadline: float | None = None
        self._busy = False
        self._preparing = 0

    def prepare(self, call: bytes) -> None:
        """Have a packed call run before those that `begin` hands over. What it gives or raises is told to nobody."""
        self._preparing += 1
        with contextlib.suppress(OSError):
            self.connection.send_bytes(call)

    def begin(self, call: bytes, seconds: float | None = None) -> None:
        """Hand over a packed call. A child that is dead already is noticed by `ended`.

        Args:
            seconds: wall time that it may take; None for no limit.
        """
        self._busy = True
        self._deadline = None if seconds is None else time.monotonic() + seconds
        with contextlib.suppress(OSError):
            self.connection.send_bytes(call)

    def ended(self) -> CallEnd | None:
        """What the call has come to; None while it runs. Of a child that died or is late, only the end is left."""
        dead = self._process.poll() is not None
        if self.connection.poll():
            try:
                content = self.connection.recv_bytes()  # the rest comes at once, or the child's end
            except (EOFError, OSError):
                return Died()
            if self._preparing:
                self._preparing -= 1
                return None
            self._busy = content[:1] == NEVER
            return Answered(content[1:], spent=self._busy)
        if dead:
            return Died()
        return Late() if self._deadline is not None and time.monotonic() > self._deadline else None

    def kill(self) -> None:
        """End the process and all that it has started, at once."""
        end_all(_family(self._process.pid))

    def dismiss(self) -> None:
        """Let the process go, without waiting: it tidies up, or, in the middle of a call, ends all that it started."""
        self.connection.close()

    def end(self) -> None:
        """End the process and all that it has started, and wait for it."""
        family = _family(self._process.pid)
        self.dismiss()
        if not self._busy:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_SECONDS)
        end_all(family)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_SECONDS)


def _family(pid: int) -> list[psutil.Process]:
    """A process and its descendants."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end_all(processes: list[psutil.Process]) -> None:
    """Kill processes, where they still run."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


# --- inside the child -------------------------------------------------------------------------------------------------


def serve(descriptor: int, max_bytes: int) -> None:
    """Answer calls until the parent is gone.

    Calls are run in the main thread, since what they use needs its signals and its life. Ctrl-C reaches the whole
    terminal group, and SIGTERM may reach a whole service, but only the parent may decide what they mean; they get a
    handler, and not ``SIG_IGN``, which kernels would inherit: a cell over its time could not be interrupted.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    os.set_inheritable(descriptor, False)
    connection = Connection(descriptor)
    calls: SimpleQueue[bytes | None] = SimpleQueue()
    busy, sending = threading.Event(), threading.Lock()
    memory.watch(max_bytes, lambda used: _give_up(connection, busy, sending, used))
    threading.Thread(target=_receive, args=(connection, calls, busy), daemon=True).start()
    while (call := calls.get()) is not None:
        answer = answered(call).content
        spent = left_behind(TIDY_SECONDS) or memory.resident() > LEFT * max_bytes
        if not spent:
            busy.clear()
        with sending, contextlib.suppress(OSError):
            connection.send_bytes((NEVER if spent else AGAIN) + answer)
    atexit._run_exitfuncs()
    os._exit(0)  # taking apart all that was imported would keep the parent waiting for most of a second


def _give_up(connection: Connection, busy: threading.Event, sending: threading.Lock, used: int) -> None:
    """End this process, whatever it does, for the memory that a call takes: that is the call's answer."""
    if not busy.is_set():
        return
    error = MemoryLimitError(
        f"a worker's memory must be enough for a submission. Received: {used / 1e6:.0f} MB, in use"
    )
    with sending, contextlib.suppress(OSError):
        connection.send_bytes(NEVER + raised(error).content)
        end_all(_family(os.getpid())[1:])
        os._exit(1)


def _receive(connection: Connection, calls: SimpleQueue[bytes | None], busy: threading.Event) -> None:
    with contextlib.suppress(EOFError, OSError):
        while True:
            call = connection.recv_bytes()  # until the parent is gone
            busy.set()
            calls.put(call)
    if busy.is_set():
        end_all(_family(os.getpid())[1:])
        os._exit(1)
    calls.put(None)


def answered(call: bytes) -> Answered:
    """Run a packed call in this process."""
    try:
        function, argument = pickle.loads(call)
        return Answered(pickle.dumps((True, function(argument))))
    except Exception as error:
        return raised(error)
