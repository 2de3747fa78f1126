"""What this machine is said to hold, against what it holds when it is tried."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psutil
import pytest
from conftest import Grade
from student import cells

from grader.execution import bounds, cgroups, protection
from grader.execution.protection import gaps, protections
from grader.rubric.rubric import Limits


@pytest.fixture
def without_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without libseccomp."""
    monkeypatch.setattr(protection, "system_call_filter", lambda: b"")


@pytest.fixture
def without_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who may not make control groups."""
    monkeypatch.setattr(cgroups, "parents_of_groups", dict)
    monkeypatch.setattr(protection, "parents_of_groups", dict)


def test_everything_that_is_tried_is_held(data_slice: Path) -> None:
    found = protections(data_slice, Limits())
    assert [str(item.what) for item in found if item.held == "no"] == []
    assert {str(item.what) for item in found} >= {
        "reading the user's files",
        "reaching the network",
        "dangerous system calls",
    }
    assert [item for item in found if item.held == "partly" and not item.advice] == []


def test_a_gap_is_told_with_what_to_do(without_filter: None, without_groups: None) -> None:
    found = {str(item.what): item for item in gaps("bwrap")}
    assert set(found) == {
        "dangerous system calls",
        "memory of the whole process tree",
        "number of processes and threads",
    }
    assert "apt-get install libseccomp2" in found["dangerous system calls"].advice
    assert "systemd-run" in found["memory of the whole process tree"].advice


def test_without_a_sandbox_nothing_is_held() -> None:
    (only,) = gaps("none")
    assert (str(only.what), only.held) == ("isolation", "no")


def test_a_filter_is_made_where_the_system_has_the_library() -> None:
    assert len(bounds.system_call_filter()) % 8 == 0
    assert bounds.system_call_filter()


def test_without_control_groups_limits_are_watched(
    without_groups: None, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.execution.watchdog.new_group", lambda limits: None)
    attack = "x = [bytearray(10**8) for _ in range(18)]\nimport time; time.sleep(20)"
    evidence = grade(cells(attack, "print('after')"), Limits(memory_mb=1100, seconds_per_cell=30)).evidence
    assert evidence.cut_short is not None
    assert "more memory" in evidence.cut_short.text
    assert evidence.runs[1].text == "after\n"


def test_a_group_holds_what_is_put_into_it_and_goes_with_it() -> None:
    group = cgroups.new_group(Limits(memory_mb=100, processes=1))
    if group is None:
        pytest.skip("this user may not make control groups")
    with psutil.Popen(["sleep", "100"]) as process:
        group.add([process.pid])
        group.close()
        assert process.wait(10) == -9
    assert [name for folder in group._folders.values() for name in folder.parent.glob(folder.name)] == []


def test_groups_of_graders_that_were_killed_are_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait(10)
    folders = {
        "left behind": tmp_path / f"{cgroups.PREFIX}{gone.pid}-aa",
        "of a grader that lives": tmp_path / f"{cgroups.PREFIX}{os.getpid()}-aa",
        "of somebody else": tmp_path / "session-1",
        "young": tmp_path / f"{cgroups.PREFIX}{gone.pid}-bb",
    }
    for name, folder in folders.items():
        folder.mkdir()
        if name != "young":
            os.utime(folder, (0, 0))
    cgroups._remove_left_behind(tmp_path)
    assert [name for name, folder in folders.items() if not folder.exists()] == ["left behind"]


MOUNTS = """\
30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
31 25 0:27 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
32 25 0:28 /part /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 25 0:29 / / rw - ext4 /dev/vda rw
"""


def test_hierarchies_are_read_as_the_system_tells_them() -> None:
    found = {str(mount.folder): mount for mount in cgroups._mounts(MOUNTS)}
    assert {folder: mount.kind for folder, mount in found.items()} == {
        "/sys/fs/cgroup": "cgroup2",
        "/sys/fs/cgroup/pids": "cgroup",
        "/sys/fs/cgroup/memory": "cgroup",
    }
    assert "pids" in found["/sys/fs/cgroup/pids"].controllers
    memory = found["/sys/fs/cgroup/memory"]
    assert cgroups._inside(memory, "/part/of/it") == Path("/sys/fs/cgroup/memory/of/it")
    assert cgroups._inside(memory, "/elsewhere") is None
    assert cgroups._own_groups("5:memory,pids:/a\n0::/b\n") == {"memory": "/a", "pids": "/a", "": "/b"}


def test_without_control_groups_a_crowd_ends_with_its_first_process(
    without_groups: None, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.execution.watchdog.new_group", lambda limits: None)
    before = len(psutil.pids())
    attack = "import os, time\nfor _ in range(7): os.fork()\ntime.sleep(60)"
    evidence = grade(cells(attack, "print('after')"), Limits(processes=40, seconds_per_cell=50)).evidence
    assert evidence.cut_short is not None
    assert "processes" in evidence.cut_short.text
    assert evidence.runs[1].text == "after\n"
    assert len(psutil.pids()) < before + 40
