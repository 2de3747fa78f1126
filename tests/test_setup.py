"""`make demo` and `make test` begin with `scripts/setup`, which says what cannot work before it installs anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import ROOT

AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can make such a folder")


def set_up(clone: Path, venv: str, within: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*within, str(clone / "scripts" / "setup")],
        capture_output=True, text=True, timeout=60, check=False, env=os.environ | {"VENV": venv},
    )  # fmt: skip


def refused(done: subprocess.CompletedProcess[str], rule: str) -> None:
    assert done.returncode == 1
    assert done.stderr.startswith("setup: ")
    assert rule in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "installing" not in done.stdout


@pytest.mark.parametrize(
    ("venv", "rule"),
    [
        pytest.param("/tmp/a:b/venv", "a path must have no ':'", id="a colon"),
        pytest.param("/opt/kernel/venv", "/opt/kernel is each notebook's own", id="a notebook's own folder"),
        pytest.param("/proc/venv", "a folder that can be written to", id="a read-only place"),
        pytest.param("/usr", "a folder of its own", id="a folder with other things"),
    ],
)
def test_a_place_that_cannot_work_is_refused(venv: str, rule: str) -> None:
    refused(set_up(ROOT, venv), rule)


def test_a_disk_without_room_is_refused() -> None:
    small = ["bwrap", "--dev-bind", "/", "/", "--size", "50000000", "--tmpfs", "/mnt"]
    refused(set_up(ROOT, "/mnt/venv", small), "needs 4000 MB")


@AS_ROOT
def test_a_disk_whose_programs_may_not_run_is_refused() -> None:
    mount = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o noexec tmpfs /mnt && exec "$0"']
    refused(set_up(ROOT, "/mnt/venv", mount), "programs must be allowed to run")


@AS_ROOT
def test_a_clone_in_a_home_that_kernels_may_not_enter_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "home" / "clone" / "scripts")
    (tmp_path / "home").chmod(0o700)
    os.chown(tmp_path / "home", 12345, 12345)
    refused(set_up(tmp_path / "home" / "clone", str(tmp_path / "venv")), "work as their owner")
