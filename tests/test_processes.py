"""Folders and processes end with whoever made them, also where that one was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from waiting import read_line

from grader.processes import OwnedProcess, folder_for_now, make_folder, remove_folder

ROOT = Path(__file__).parents[1]
MAKE_AND_WAIT = "from grader.processes import make_folder; print(make_folder('x-'), flush=True); input()"
WATCHES_ITS_INPUT = [sys.executable, "-c", "import sys; sys.stdin.read()"]


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder for temporary files that holds nothing else."""
    with tempfile.TemporaryDirectory(prefix="b-", dir="/tmp") as folder:
        yield Path(folder)


def maker(base: Path, code: str = MAKE_AND_WAIT) -> tuple[subprocess.Popen[str], Path]:
    """A process that has made a folder, and waits; and the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(base)},
    )
    return process, Path(read_line(process).strip())


def test_a_process_that_ends_leaves_nothing(base: Path) -> None:
    process, folder = maker(base)
    assert folder.is_dir()
    process.communicate("\n", timeout=30)
    assert list(base.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next(base: Path) -> None:
    dead, left = maker(base)
    (left / "large").write_bytes(bytes(1000))
    dead.kill()
    dead.wait(10)
    assert left.exists()
    alive, folder = maker(base)
    assert not left.exists()
    another, _ = maker(base)
    assert folder.is_dir(), "a living process keeps its folder"
    for process in (alive, another):
        process.communicate("\n", timeout=30)
    assert list(base.iterdir()) == []


def test_many_processes_that_begin_at_one_time_keep_their_folders(base: Path) -> None:
    processes = [maker(base) for _ in range(6)]
    assert all(folder.is_dir() for _, folder in processes)
    for process, _ in processes:
        process.communicate("\n", timeout=30)
    assert list(base.iterdir()) == []


def test_a_long_path_for_temporary_files_gives_way_to_a_short_one(base: Path) -> None:
    long = base / ("x" * 60)
    long.mkdir()
    process, folder = maker(long)
    assert folder.is_relative_to("/tmp/")
    assert not folder.is_relative_to(long)
    process.communicate("\n", timeout=30)
    assert not folder.exists()


def test_a_folder_deeper_than_any_path_is_removed(base: Path) -> None:
    """Deeper than Python calls itself, too."""
    subprocess.run([sys.executable, "-c", NESTED, str(base)], check=True, timeout=60)
    remove_folder(base / "d")
    assert not (base / "d").exists()


NESTED = """
import os, sys
os.chdir(sys.argv[1])
for _ in range(3_000):
    os.mkdir("d")
    os.chdir("d")
"""


def test_a_closed_folder_is_removed_with_what_is_in_it(base: Path) -> None:
    inner = base / "one" / "two"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    (base / "one" / "link").symlink_to("/etc")
    inner.chmod(0)
    (base / "one").chmod(0o500)
    remove_folder(base / "one")
    assert list(base.iterdir()) == []
    assert Path("/etc/passwd").exists()


def test_a_folder_for_now() -> None:
    with folder_for_now("x-") as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_a_process_goes_with_its_object_and_takes_its_folder_along() -> None:
    folder = make_folder("x-")
    process = OwnedProcess(folder, WATCHES_ITS_INPUT, stdin=subprocess.PIPE)
    assert process.alive
    assert process.exit_code is None
    process.close()
    assert not process.alive
    assert process.exit_code == -signal.SIGKILL
    assert not folder.exists()
    process.close()


def test_what_cannot_be_started_leaves_no_folder() -> None:
    folder = make_folder("x-")
    with pytest.raises(FileNotFoundError):
        OwnedProcess(folder, ["/nonexistent/command"])
    assert not folder.exists()


def test_a_process_outlives_the_thread_that_asked_for_it() -> None:
    """`--die-with-parent` takes the end of the thread that started a process for the end of its parent."""
    made: list[OwnedProcess] = []
    command = ["bwrap", "--die-with-parent", "--bind", "/", "/", "sleep", "60"]
    thread = threading.Thread(target=lambda: made.append(OwnedProcess(make_folder("x-"), command)))
    thread.start()
    thread.join(30)
    time.sleep(0.5)
    assert made[0].alive
    made[0].close()


def test_no_process_outlives_a_killed_owner(base: Path) -> None:
    code = (
        "import subprocess; from grader.processes import *; folder = make_folder('x-'); "
        "OwnedProcess(folder, ['bwrap', '--die-with-parent', '--bind', '/', '/', 'sleep', '60']); "
        "print(folder, flush=True); input()"
    )
    owner, _ = maker(base, code)
    children = psutil.Process(owner.pid).children(recursive=True)
    assert children
    time.sleep(0.5)  # bubblewrap asks the system for its parent's end only after a moment
    owner.kill()
    owner.wait(10)
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not [child for child in alive if child.status() != psutil.STATUS_ZOMBIE]


SWELL_AND_FREE = """
import gc, psutil
from grader.processes import give_memory_back
gc.disable()
before = psutil.Process().memory_info().rss
held = [[str(number)] for number in range(1_000_000)]
held.append(held)
swollen = psutil.Process().memory_info().rss
del held
give_memory_back()
print((psutil.Process().memory_info().rss - before) / (swollen - before))
"""


def test_what_one_call_needed_is_given_back() -> None:
    shown = subprocess.run([sys.executable, "-c", SWELL_AND_FREE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(shown.stdout) < 0.3
