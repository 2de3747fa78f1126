"""What this machine can do to hold a notebook: found out by trying it in the sandbox."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from grader.errors import Phrase, SandboxError
from grader.execution.bounds import system_call_filter
from grader.execution.cgroups import parents_of_groups
from grader.execution.sandbox import Kind, Room, check_sandbox, selftest_command
from grader.execution.warm import Nursery
from grader.processes import make_folder
from grader.records import Message, say
from grader.rubric.rubric import Limits

SELFTEST_SECONDS = 60.0
GROUPS_ADVICE = Phrase(
    "start it as root, or by: {command}", command="systemd-run --user --scope -p Delegate=yes -- grader ..."
)


@dataclass(frozen=True, slots=True)
class Protection:
    """One thing that a notebook must not be able to do."""

    what: Message
    held: Literal["full", "partly", "no"]
    how: Message
    """By what it is held, or what is missing."""
    advice: str = ""
    """What to do where it is not held fully."""


def gaps(sandbox: Kind) -> tuple[Protection, ...]:
    """What is held less than fully, as far as it can be told without trying: quick, for each run."""
    if sandbox == "none":
        return (
            Protection(
                say("isolation"),
                "no",
                say("notebooks run as you"),
                Phrase("leave out --sandbox none for strangers' notebooks"),
            ),
        )
    found = (_system_calls(), _memory(), _processes())
    return tuple(protection for protection in found if protection.held != "full")


def protections(data: Path, limits: Limits) -> tuple[Protection, ...]:
    """Everything that a notebook must not do, tried on this machine. Raises SandboxError, DataError.

    Args:
        data: folder with the data set's four files.
    """
    check_sandbox("bwrap")
    tried = _try(data, limits)
    return (
        Protection(
            say("reading the user's files"), _held(not tried["files"]), say("mount namespace: only the system is there")
        ),
        Protection(say("writing to the system"), _held(not tried["system"]), say("read-only mounts")),
        Protection(
            say("reaching the network"),
            _held(not tried["network"]),
            say("network namespace with a loopback of its own"),
        ),
        Protection(say("seeing other processes"), _held(tried["processes"] <= 3), say("process namespace")),
        _system_calls(tried),
        _memory(),
        Protection(
            say("one process's memory"), _held(not tried["memory"]), say("RLIMIT_DATA; beyond it MemoryError is raised")
        ),
        _processes(),
        _warm(data, limits),
    )


def _held(yes: bool) -> Literal["full", "no"]:
    return "full" if yes else "no"


def _system_calls(tried: Mapping[str, Any] | None = None) -> Protection:
    what = say("dangerous system calls")
    if not system_call_filter():
        advice = Phrase("install libseccomp (Debian and Ubuntu: apt-get install libseccomp2)")
        return Protection(what, "no", say("no seccomp filter: libseccomp is missing"), advice)
    if tried is not None and (tried["namespaces"] or tried["tracing"]):
        return Protection(
            what, "no", say("the seccomp filter lets through what it must not"), Phrase("please report this")
        )
    return Protection(what, "full", say("seccomp filter; no new privileges; no capabilities"))


def _memory() -> Protection:
    what = say("memory of the whole process tree")
    if "memory" in parents_of_groups():
        return Protection(what, "full", say("control group"))
    return Protection(what, "partly", say("no control group: looked at twice a second, then killed"), GROUPS_ADVICE)


def _processes() -> Protection:
    what = say("number of processes and threads")
    if "pids" in parents_of_groups():
        return Protection(what, "full", say("control group"))
    return Protection(what, "partly", say("no control group: looked at twice a second, then killed"), GROUPS_ADVICE)


def _warm(data: Path, limits: Limits) -> Protection:
    what = say("kernels seeing one another")
    try:
        nursery = Nursery(data)
    except OSError as error:
        return Protection(what, "full", say("each kernel starts cold, which is slower: {error}", error=str(error)))
    try:
        room = nursery.room()
        room.make(data, "bwrap")
        nursery.fork(room, str(room.wire / "k.json"), limits).kill()
    except SandboxError as error:
        return Protection(what, "full", say("each kernel starts cold, which is slower: {error}", error=str(error)))
    finally:
        nursery.close()
    return Protection(what, "full", say("each kernel is forked into namespaces of its own"))


@contextmanager
def _files_of_the_user() -> Iterator[list[str]]:
    """Files for the time of the test: in the home, in the working folder and among the temporary ones."""
    with ExitStack() as files:
        names = []
        for folder in {Path.home(), Path.cwd(), Path(tempfile.gettempdir())}:
            with suppress(OSError):  # one that cannot be written
                names.append(files.enter_context(tempfile.NamedTemporaryFile(prefix="selftest-", dir=folder)).name)
        yield names


def _try(data: Path, limits: Limits) -> dict[str, Any]:
    room = Room(make_folder("g-"))
    few = limits.model_copy(update={"memory_mb": 200})
    try:
        room.make(data, "bwrap")
        with socket.create_server(("127.0.0.1", 0)) as server, _files_of_the_user() as files:
            command = selftest_command(room, data, few, server.getsockname()[1], files)
            done = subprocess.run(command, capture_output=True, text=True, timeout=SELFTEST_SECONDS, check=False)
        return dict(json.loads(done.stdout))
    except (ValueError, OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError("the sandbox must answer to its own test. Received: {reason}", reason=error) from error
    finally:
        shutil.rmtree(room.root, ignore_errors=True)
