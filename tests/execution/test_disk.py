"""What a notebook has on disk is counted wherever it hides it, or else counts as too much."""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.execution.disk import UncountableError, free_mb, removed_and_held, sizes
from grader.execution.watchdog import Watchdog
from grader.processes import remove_folder
from grader.rubric.rubric import Limits

MEGABYTES = 3


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everyone may enter."""
    made = Path(tempfile.mkdtemp(dir="/tmp"))
    made.chmod(0o755)
    yield made
    remove_folder(made)


def written(path: Path) -> Path:
    path.write_bytes(os.urandom(MEGABYTES * 1_000_000))
    return path


def test_files_and_folders_are_counted_and_links_are_not_followed(folder: Path) -> None:
    (folder / "in").mkdir()
    written(folder / "in" / "a")
    (folder / "again").symlink_to("in")
    (folder / "around").symlink_to(".")
    assert MEGABYTES <= sum(sizes([folder])) < MEGABYTES + 0.1
    assert sum(sizes([folder / "nowhere"])) == 0


def nested(folder: Path, depth: int) -> None:
    program = "import os, sys\nos.chdir(sys.argv[1])\nfor _ in range(int(sys.argv[2])): os.mkdir('d'); os.chdir('d')"
    subprocess.run([sys.executable, "-c", program, str(folder), str(depth)], check=True, timeout=60)


def test_folders_deeper_than_python_calls_itself_are_counted(folder: Path) -> None:
    nested(folder, 1_500)
    assert len(list(sizes([folder]))) == 1_500


def seen(folder: Path, megabytes: int) -> str:
    """What the watchdog says of this process with a folder."""
    watchdog = Watchdog(Limits(files_mb=megabytes, processes=10_000, memory_mb=10**6), (folder,), os.getpid)
    found = watchdog._look()
    return "" if found is None else found.text


def test_folders_deeper_than_any_path_are_too_much(folder: Path) -> None:
    nested(folder, 3_000)
    assert "into which nobody can look" in seen(folder, 1_000)


def test_a_closed_folder_is_too_much(folder: Path) -> None:
    (folder / "closed").mkdir(0)
    (folder / "closed").chmod(0)
    user = os.geteuid()
    if user == 0:  # root may look into everything
        os.seteuid(65534)
    try:
        with pytest.raises(UncountableError):
            list(sizes([folder]))
    finally:
        os.seteuid(user)


def test_a_file_that_was_removed_and_is_open_is_counted(folder: Path) -> None:
    with written(folder / "a").open("rb") as first, (folder / "a").open("rb"):
        assert removed_and_held([os.getpid()], [folder]) == 0
        (folder / "a").unlink()
        assert MEGABYTES <= removed_and_held([os.getpid(), os.getpid()], [folder]) < MEGABYTES + 0.1
        assert "MB of files" in seen(folder, MEGABYTES - 1)
        first.read(1)
    assert removed_and_held([os.getpid()], [folder]) == 0


@pytest.mark.parametrize("page", [None, 0, -1], ids=["whole", "its first page", "its last page"])
def test_a_file_that_was_removed_and_is_only_mapped_is_counted(folder: Path, page: int | None) -> None:
    if page == 0 and os.geteuid() != 0:
        pytest.skip("only root can see how large a file is of which the first page is mapped")
    libc, length = ctypes.CDLL(None, use_errno=True), MEGABYTES * 1_000_000
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    begin = (length // mmap.PAGESIZE) * mmap.PAGESIZE if page == -1 else 0
    length = length if page is None else mmap.PAGESIZE
    with written(folder / "a").open("rb") as file:  # Python's own would keep the file open
        mapped = libc.mmap(None, length, mmap.PROT_READ, mmap.MAP_PRIVATE, file.fileno(), begin)
    (folder / "a").unlink()
    assert removed_and_held([os.getpid()], [folder]) >= MEGABYTES
    libc.munmap(ctypes.c_void_p(mapped), ctypes.c_size_t(length))
    assert removed_and_held([os.getpid()], [folder]) == 0


@pytest.mark.parametrize(("filled", "ends"), [(50, False), (150, True)], ids=["the disk stays as it is", "it fills"])
def test_a_process_that_lets_nobody_see_what_it_holds_may_not_fill_the_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch, filled: int, ends: bool
) -> None:
    program = (
        "import ctypes, sys; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); print('closed', flush=True); sys.stdin.read()"
    )
    free = [1_000.0]
    monkeypatch.setattr("grader.execution.watchdog.free_mb", lambda _folders: free[0])
    monkeypatch.setattr("grader.execution.watchdog.new_group", lambda _limits: None)
    watchdog = Watchdog(Limits(files_mb=100, processes=10_000, memory_mb=10**6), (folder,), os.getpid)
    watchdog.hold()
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        if os.geteuid() == 0:  # root may look into everything
            monkeypatch.setattr("grader.execution.disk.os.scandir", as_for_others(process.pid))
        free[0] -= filled
        looks = [watchdog._look() for _ in range(2)]
        assert looks[0] is None, "a program is closed for a moment while it is exchanged for another"
        assert (looks[1] is not None) == ends
        watchdog.hold()
        free[0] -= filled
        assert [watchdog._look() for _ in range(2)] == [None] * 2, "what was so before is the sandbox's own"


def test_what_is_free_is_that_of_the_folders_disk(folder: Path) -> None:
    assert free_mb((folder, folder / "nowhere")) == pytest.approx(shutil.disk_usage(folder).free / 1e6, rel=0.1)


def as_for_others(pid: int) -> Callable[[str], Any]:
    """`os.scandir` for somebody who may not look into a process."""
    real = os.scandir

    def scandir(path: str) -> Any:
        if path == f"/proc/{pid}/fd":
            raise PermissionError
        return real(path)

    return scandir


def test_a_process_that_is_gone_holds_nothing(folder: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait(10)
    assert removed_and_held([gone.pid], [folder]) == 0
