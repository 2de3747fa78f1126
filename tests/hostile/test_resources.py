"""What a hostile or broken notebook may use up: its own time and memory. What ran before and after it counts.

Attacks of a kind run side by side: most of what they take is waited for.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import Grade
from jupyter_client.channels import HBChannel
from student import cells

from grader.execution import session
from grader.execution.cgroups import parents_of_groups
from grader.execution.client import Client
from grader.execution.protection import gaps
from grader.execution.warm import Nursery, nurseries
from grader.records import CellStatus, Evidence
from grader.rubric.rubric import Limits

BEFORE, AFTER = "print('before')", "print('after')"
MARK = f"marked-{os.getpid()}"


@dataclass(frozen=True)
class Seen:
    """What came of a notebook with an attack in its middle."""

    evidence: Evidence
    seconds: float


def run(grade: Grade, *attack: str, **limits: Any) -> Evidence:
    return grade(cells(BEFORE, *attack, AFTER), Limits(**{"seconds_per_cell": 2, **limits})).evidence


def side_by_side(grade: Grade, attacks: Mapping[str, str], at_once: int = 8, **limits: Any) -> dict[str, Seen]:
    """Run each attack in a notebook of its own. Args: at_once: how many of them."""

    def seen(attack: str) -> Seen:
        began = time.monotonic()
        return Seen(run(grade, attack, **limits), time.monotonic() - began)

    with ThreadPoolExecutor(at_once) as threads:
        return dict(zip(attacks, threads.map(seen, attacks.values()), strict=True))


@pytest.fixture(scope="module", autouse=True)
def one_nursery(data_slice: Path) -> Iterator[None]:
    """For all threads: it forks one kernel at a time. Cells that take no interrupt are not waited for as long as else."""
    alone, fork = threading.Lock(), Nursery.fork

    def fork_alone(*given: Any) -> psutil.Process:
        with alone:
            return fork(*given)

    nurseries(data_slice).get()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Nursery, "fork", fork_alone)
        patch.setattr(session, "GRACE_SECONDS", 4.0)
        yield


SPENDERS: dict[str, tuple[str, str]] = {
    "a loop in Python": ("while True: pass", "interrupted"),
    "a loop that takes no interrupt": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "took longer than",
    ),
    "a product of huge matrices": (
        "import numpy as np\nx = np.ones((6_000, 6_000), 'float32')\nwhile True: x @ x",
        "interrupted",
    ),
    "a loop in C": ("sum(range(10**12))", "interrupted"),
    "sleep": ("import time; time.sleep(1000)", "interrupted"),
    "a lock that is never freed": (
        "import threading; l = threading.Lock(); l.acquire(); l.acquire()",
        "interrupted",
    ),
    "signals ignored": (
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)",
        "could not be interrupted",
    ),
}


@pytest.fixture(scope="module")
def spent(grade: Grade) -> dict[str, Seen]:
    return side_by_side(grade, {name: attack for name, (attack, _) in SPENDERS.items()})


@pytest.mark.parametrize("name", SPENDERS)
def test_time_ends(name: str, spent: dict[str, Seen]) -> None:
    evidence = spent[name].evidence
    assert evidence.cut_short is not None
    assert SPENDERS[name][1] in evidence.cut_short.text
    assert [evidence.runs[i].text for i in (0, 2)] == ["before\n", "after\n"]
    assert spent[name].seconds < 2 + 4 + 60, "the limit, the time to answer an interrupt, and two kernels' starts"


BOMBS: dict[str, str] = {
    "private memory": "x = []\nwhile True: x.append(bytearray(10**7))",
    "one huge array": "import numpy as np; np.ones(10**10)",
    "memory in many processes": (
        "import os, time\nfor _ in range(8):\n    if not os.fork():\n        x = bytearray(3 * 10**8)\n"
        "        for i in range(0, len(x), 4096): x[i] = 1\n        time.sleep(60)\ntime.sleep(60)"
    ),
    "shared memory": "import mmap\nm = mmap.mmap(-1, 3 * 10**9)\nfor i in range(0, 3 * 10**9, 4096): m[i] = 1",
    "files in memory": "f = open('/dev/shm/x', 'wb')\nwhile True: f.write(bytes(10**7))",
    "memory without a name": "import os\nf = os.memfd_create('x')\nwhile True: os.write(f, bytes(10**7))",
}


@pytest.fixture(scope="module")
def bombed(grade: Grade) -> dict[str, Seen]:
    free = psutil.virtual_memory().available
    found = side_by_side(grade, BOMBS, at_once=2, memory_mb=1200, files_mb=200, seconds_per_cell=30)
    assert psutil.virtual_memory().available > free - 2e9
    return found


@pytest.mark.parametrize("name", BOMBS)
def test_memory_has_a_limit(name: str, bombed: dict[str, Seen]) -> None:
    evidence = bombed[name].evidence
    assert evidence.runs[1].status is CellStatus.ERROR
    assert evidence.runs[1].seconds < 29, "the limit, not the time, has ended it"
    assert evidence.runs[2].text == "after\n"


CROWDS: dict[str, str] = {
    "a fork bomb": "import os\nwhile True: os.fork()",
    "a shell's fork bomb": "import subprocess; subprocess.run(['bash', '-c', ':(){ :|:& };:; sleep 100'])",
    "threads": (
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(100,), daemon=True).start()"
    ),
    "processes that wait": (
        "import subprocess, time\nkept = [subprocess.Popen(['sleep', '100']) for _ in range(1000)]\ntime.sleep(100)"
    ),
}


def test_processes_have_a_limit(grade: Grade) -> None:
    if "pids" not in parents_of_groups():
        assert "number of processes and threads" in {str(gap.what) for gap in gaps("bwrap")}, "doctor reports it"
        return  # a bomb that nothing holds in between two looks could take the machine along
    before = len(psutil.pids())
    found = side_by_side(grade, CROWDS, processes=50, seconds_per_cell=3)
    assert {seen.evidence.runs[1].status for seen in found.values()} <= {CellStatus.ERROR, CellStatus.TIMEOUT}
    assert {name: seen.evidence.runs[2].text for name, seen in found.items()} == dict.fromkeys(CROWDS, "after\n")
    assert len(psutil.pids()) < before + 50


ENDS: dict[str, str] = {
    "exit": "import os; os._exit(0)",
    "a segmentation fault": "import ctypes; ctypes.string_at(0)",
    "abort": "import os; os.abort()",
    "deep recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    "recursion in C": "x = []\nfor _ in range(10**6): x = [x]\nimport copy, sys; sys.setrecursionlimit(10**9); copy.deepcopy(x)",
    "a signal": "import os, signal; os.kill(os.getpid(), signal.SIGTERM); import time; time.sleep(5)",
    "another program in its place": "import os; os.execv('/bin/true', ['true'])",
}


@pytest.fixture(scope="module")
def ended(grade: Grade) -> dict[str, Seen]:
    """A recursion goes on until there is no memory left."""
    return side_by_side(grade, ENDS, seconds_per_cell=8, memory_mb=1200)


@pytest.mark.parametrize("name", ENDS)
def test_what_ran_before_and_after_a_kernels_end_counts(name: str, ended: dict[str, Seen]) -> None:
    assert [ended[name].evidence.runs[i].text for i in (0, 2)] == ["before\n", "after\n"]


FLOODS: dict[str, str] = {
    "many lines": "for i in range(10**9): print('x' * 1000)",
    "one giant line": "print('x' * 10**8)",
    "a giant result": "'x' * 10**8",
    "a giant error": "raise ValueError('x' * 10**8)",
    "many displays": "from IPython.display import display, HTML\nwhile True: display(HTML('<b>' * 10**5))",
    "one display, again and again": (
        "from IPython.display import display, HTML\nh = display(HTML('x'), display_id=True)\n"
        "while True: h.update(HTML('x' * 10**5))"
    ),
    "comms": "from comm import create_comm\nwhile True: create_comm(data={'state': {'x' * 10**5: 1}})",
    "a channel that is not read": (
        "from ipykernel.kernelapp import IPKernelApp\n"
        "channel, reader = IPKernelApp.instance().control_socket, get_ipython().parent_header['header']['session'].encode()\n"
        "while True: channel.send_multipart([reader, b'x' * 10**5])"
    ),
}


@pytest.fixture(scope="module")
def flooded(grade: Grade) -> dict[str, Seen]:
    own = psutil.Process().memory_info().rss
    found = side_by_side(grade, FLOODS, at_once=4, output_mb=2, seconds_per_cell=30)
    assert psutil.Process().memory_info().rss < own + 500e6
    return found


@pytest.mark.parametrize("name", FLOODS)
def test_output_has_a_limit(name: str, flooded: dict[str, Seen]) -> None:
    evidence = flooded[name].evidence
    assert evidence.cut_short is not None
    assert "showed more than" in evidence.cut_short.text
    assert evidence.runs[2].text == "after\n"
    assert sum(len(output.text) for output in evidence.runs[1].outputs) < 3e6


DAEMONS: dict[str, str] = {
    "in its own session": f"import subprocess\nsubprocess.Popen(['bash', '-c', 'exec -a {MARK} sleep 300'], start_new_session=True)",
    "forked twice": (
        "import os, time\nif not os.fork():\n    os.setsid()\n    if not os.fork():\n"
        f"        os.execvp('bash', ['{MARK}', '-c', 'trap \"\" TERM INT HUP; sleep 300; sleep 300'])\n    os._exit(0)"
    ),
    "by nohup": f"import subprocess; subprocess.Popen('nohup bash -c \"exec -a {MARK} sleep 300\" &', shell=True)",
}


def test_nothing_outlives_a_notebook(grade: Grade) -> None:
    evidence = run(grade, *DAEMONS.values(), "import time; time.sleep(0.5)")
    assert {evidence.runs[i].status for i in range(1, 1 + len(DAEMONS))} == {CellStatus.OK}
    time.sleep(0.5)
    left = [p.pid for p in psutil.process_iter(["cmdline"]) if MARK in " ".join(p.info["cmdline"] or ())]
    assert left == []


def test_input_waits_for_nobody(grade: Grade) -> None:
    evidence = run(grade, "input('name?')", "import getpass; getpass.getpass()")
    assert [evidence.runs[i].status for i in (1, 2)] == [CellStatus.OK] * 2, "each gets an empty line"
    assert evidence.cut_short is None


def test_a_notebook_that_ends_every_kernel_ends(grade: Grade) -> None:
    evidence = grade(cells(*["import os; os._exit(1)"] * 6), Limits(seconds_per_cell=30)).evidence
    assert [str(run.status) for run in evidence.runs.values()] == ["error"] * 4 + ["not_run"] * 2


def test_no_channel_to_a_kernel_keeps_a_session_from_closing(grade: Grade, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_self: Client) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(HBChannel, "run", lambda _self: threading.Event().wait())
    monkeypatch.setattr(Client, "_async_cleanup_kernel", never)
    monkeypatch.setattr(session, "CLOSE_SECONDS", 0.2)
    assert run(grade).runs[0].text == "before\n"
    gc.collect()
    assert not [thread for thread in threading.enumerate() if isinstance(thread, HBChannel) and thread.is_alive()]
