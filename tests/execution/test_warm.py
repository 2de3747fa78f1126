"""Kernels forked from one nursery: warm, and apart from one another as if each had been started alone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest
from conftest import Grade
from jupyter_client.connect import write_connection_file
from student import cells
from waiting import wait_until

from grader.errors import SandboxError
from grader.execution.warm import Nurseries, Nursery, nurseries
from grader.records import CellStatus
from grader.rubric.rubric import Limits

LOOK_AROUND = """
import json, os, pathlib, socket, sys, numpy
warm = "tensorflow" in sys.modules
here = {folder: sorted(os.listdir(folder)) for folder in (".", "/tmp", "/dev/shm")}
def reachable(pid):
    found = []
    for name in ("mem", "environ", "root", "cwd", "fd/0", "maps"):
        try:
            path = f"/proc/{pid}/{name}"
            os.stat(path) if name in ("root", "cwd", "fd/0") else open(path, "rb").read(1)
            found.append(name)
        except OSError:
            pass
    return found
others = {pid: reachable(pid) for pid in os.listdir("/proc") if pid.isdigit() and pid != os.readlink("/proc/self")}
abstract = socket.socket(socket.AF_UNIX)
try:
    abstract.bind("\\0left by a kernel")
    bound = True
except OSError:
    bound = False
status = dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
print(json.dumps({
    "warm": warm, "here": here, "others": others, "bound": bound, "pid": os.getpid(), "random": numpy.random.rand(),
    "capabilities": status["CapEff"] + status["CapPrm"] + status["CapBnd"], "privileges": status["NoNewPrivs"],
    "threads": len(os.listdir("/proc/self/task")),
}))
"""
LEAVE_THINGS = """
import pathlib, subprocess, sys
for folder in (".", "/tmp", "/dev/shm"):
    pathlib.Path(folder, "left by a kernel").write_text("x")
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)  # outlives"], start_new_session=True)
"""
WRITE_OUTSIDE = """
import pathlib
for folder in ("/", "/home", "/opt/kernel", "/opt/kernel/modules", "/dev", "/etc", "/usr/lib", "/opt/kernel/data"):
    try:
        pathlib.Path(folder, "left by a kernel").write_text("x")
        print("wrote to", folder)
    except OSError:
        pass
"""


@pytest.fixture(scope="module")
def two_kernels(grade: Grade) -> list[dict[str, Any]]:
    """What a kernel sees, and what the next one sees after the first has left things wherever it could."""
    first = grade(cells(LOOK_AROUND, LEAVE_THINGS, WRITE_OUTSIDE)).evidence
    second = grade(cells(LOOK_AROUND + "\n# another submission")).evidence
    assert first.runs[1].status is CellStatus.OK
    assert first.runs[2].text == ""
    return [json.loads(evidence.runs[0].text.splitlines()[-1]) for evidence in (first, second)]


def test_a_kernel_is_warm(two_kernels: list[dict[str, Any]]) -> None:
    assert all(seen["warm"] for seen in two_kernels)


def test_what_keras_brings_for_scikit_learn_is_there_when_it_is_asked_for(grade: Grade) -> None:
    use = (
        "import keras, tensorflow as tf, sys\nfrom keras.wrappers import SKLearnClassifier\n"
        "from sklearn.metrics import accuracy_score\n"
        "print(SKLearnClassifier.__name__, tf.keras.wrappers.SKLearnRegressor.__name__, accuracy_score([1], [1]), "
        "'sklearn.base' in sys.modules)"
    )
    evidence = grade(cells(use)).evidence
    assert evidence.runs[0].text.splitlines()[-1] == "SKLearnClassifier SKLearnRegressor 1.0 True"


def test_nothing_that_one_kernel_leaves_meets_the_next(two_kernels: list[dict[str, Any]]) -> None:
    for seen in two_kernels:
        assert not any("left by a kernel" in names for names in seen["here"].values())
        assert seen["here"]["/dev/shm"] == []
        assert seen["bound"], "the network's names are another kernel's"
        assert not any("outlives" in " ".join(_command(p)) for p in psutil.process_iter())


def test_a_kernel_reaches_no_process_but_its_own(two_kernels: list[dict[str, Any]]) -> None:
    for seen in two_kernels:
        assert seen["pid"] == 1
        assert not any(seen["others"].values()), seen["others"]


def test_a_kernel_has_no_rights(two_kernels: list[dict[str, Any]]) -> None:
    for seen in two_kernels:
        assert set(seen["capabilities"]) == {"0"}
        assert seen["privileges"] == "1"


def test_what_is_random_differs_between_kernels(two_kernels: list[dict[str, Any]]) -> None:
    assert two_kernels[0]["random"] != two_kernels[1]["random"]


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


@pytest.fixture
def nursery(data_slice: Path) -> Iterator[Nursery]:
    """A nursery of the test's own."""
    made = Nursery(data_slice)
    yield made
    made.close()


def test_a_nursery_takes_its_kernels_with_it(nursery: Nursery, data_slice: Path) -> None:
    room = nursery.room()
    room.make(data_slice, "bwrap")
    kernels = []
    for name in ("a", "b"):
        file, _ = write_connection_file(str(room.wire / f"{name}.json"), transport="ipc", ip=str(room.wire / name))
        kernels.append(nursery.fork(room, file, Limits()))
    assert all(kernel.is_running() for kernel in kernels)
    nursery.close()
    assert not nursery.alive
    psutil.wait_procs(kernels, timeout=10)
    assert not any(kernel.is_running() and kernel.status() != psutil.STATUS_ZOMBIE for kernel in kernels)
    assert not nursery.nest.exists()


def test_what_a_nursery_cannot_do_is_one_error(nursery: Nursery) -> None:
    room = nursery.room()  # without folders in it
    with pytest.raises(SandboxError, match=r"a warm kernel must start\. Received: FileNotFoundError"):
        nursery.fork(room, "k.json", Limits())


def test_a_nursery_that_fails_twice_is_given_up(data_slice: Path) -> None:
    kept = Nurseries(data_slice)
    for _ in range(2):
        assert kept.get() is not None
        kept.failed(SandboxError("once more"))
    assert kept.get() is None


def test_a_submission_outlives_the_nursery_that_dies_under_it(grade: Grade, data_slice: Path) -> None:
    """It is run once more, in a kernel that starts cold or from a new nursery: no student pays for our fault."""
    grade(cells("print('warm up')"))
    kept = nurseries(data_slice).get()
    assert kept is not None
    dying = Thread(target=_end_when_busy, args=(kept,))
    dying.start()
    evidence = grade(cells("import time\ntime.sleep(3)", "print('reached')")).evidence
    dying.join(60)
    assert evidence.cut_short is None
    assert evidence.runs[1].text == "reached\n"


def _end_when_busy(nursery: Nursery) -> None:
    process = psutil.Process(nursery.pid)
    wait_until(lambda: any(nursery.nest.glob("g-*")))
    time.sleep(1.5)
    process.kill()
