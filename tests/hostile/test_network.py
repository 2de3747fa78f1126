"""No notebook reaches anything but itself: every service here is the test's own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Grade
from student import cells

from grader.records import CellStatus
from grader.rubric.rubric import Limits

LIMITS = Limits(seconds_per_cell=30)


@contextmanager
def listening(family: int, address: object) -> Iterator[tuple[object, list[bytes]]]:
    """A service that notes that somebody came."""
    came: list[bytes] = []
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind(address)
        server.listen()
        server.settimeout(0.2)

        def accept() -> None:
            while server.fileno() >= 0:
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                except OSError:
                    return
                came.append(b"came")
                connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname(), came
    thread.join(2)


def test_the_hosts_loopback_is_another(grade: Grade) -> None:
    with (
        listening(socket.AF_INET, ("127.0.0.1", 0)) as (address, came),
        listening(socket.AF_INET6, ("::1", 0)) as (six, came6),
    ):
        attack = f"import socket; socket.create_connection({address!r}, timeout=3)"
        other = f"import socket; s = socket.socket(socket.AF_INET6); s.settimeout(3); s.connect({six!r})"
        evidence = grade(cells(attack, other, "print('after')"), LIMITS).evidence
    assert [evidence.runs[i].status for i in (0, 1, 2)] == [CellStatus.ERROR, CellStatus.ERROR, CellStatus.OK]
    assert came + came6 == []


def test_abstract_sockets_are_others(grade: Grade) -> None:
    name = f"\0grader-test-{id(grade)}"
    with listening(socket.AF_UNIX, name) as (_, came):
        evidence = grade(
            cells(f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({name!r})"), LIMITS
        ).evidence
    assert evidence.runs[0].status is CellStatus.ERROR
    assert came == []


def test_sockets_in_files_are_not_there(grade: Grade, tmp_path: Path) -> None:
    path = f"/tmp/grader-test-{id(tmp_path)}"
    try:
        with listening(socket.AF_UNIX, path) as (_, came):
            evidence = grade(
                cells(f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({path!r})"), LIMITS
            ).evidence
    finally:
        Path(path).unlink(missing_ok=True)
    assert evidence.runs[0].status is CellStatus.ERROR
    assert came == []


def test_it_is_alone_in_its_network(grade: Grade) -> None:
    """No interface but loopback, no route, and no way to make one."""
    evidence = grade(
        cells(
            "print(sorted(line.split(':')[0].strip() for line in open('/proc/net/dev') if ':' in line))",
            "print(len(open('/proc/net/route').readlines()))",
            "import socket; print([n for _, n in socket.if_nameindex()])",
            "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
            "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
            "import ctypes, os\nif ctypes.CDLL(None, use_errno=True).unshare(0x40000000): raise OSError('unshare')",
            "import socket; s = socket.socket(40, socket.SOCK_STREAM)",
            "import socket; s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15)",  # what happens to devices
            "import socket; s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)",  # the system's audit
        ),
        LIMITS,
    ).evidence
    assert evidence.runs[0].text in ("['lo']\n", "['lo', 'sit0']\n", "['lo', 'tunl0']\n")
    assert evidence.runs[1].text in ("1\n", "0\n")
    assert [evidence.runs[i].status for i in range(3, 9)] == [CellStatus.ERROR] * 6


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-rn", "true"], capture_output=True, timeout=30).returncode != 0,
    reason="this machine does not let the test make a network namespace of its own",
)
def test_another_network_namespace_cannot_be_entered(grade: Grade) -> None:
    """The test's own namespace is entered neither by its process's number nor by any that the notebook can name."""
    other = subprocess.Popen(["unshare", "-rn", "sleep", "100"])
    try:
        attack = (
            "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nentered = []\n"
            f"for pid in {{'{other.pid}', *filter(str.isdigit, os.listdir('/proc'))}}:\n"
            "    try:\n        f = os.open(f'/proc/{pid}/ns/net', os.O_RDONLY)\n"
            "        entered += [pid] if libc.setns(f, 0) == 0 else []\n"
            "    except OSError:\n        pass\nprint(entered)"
        )
        evidence = grade(cells(attack), LIMITS).evidence
    finally:
        other.kill()
        other.wait(10)
    assert evidence.runs[0].text == "[]\n"
