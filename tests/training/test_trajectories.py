"""The store: what is damaged is not there, what is written is whole, one holds a lock, and the least used goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from waiting import read_line

from grader.training import trajectories
from grader.training.orders import Point
from grader.training.trajectories import Trajectories, array_digest, pack, seal, unpack, unseal

POINT = Point("a" * 64, 3)
ARRAYS = (np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros((0, 4), np.float32), np.array(7, np.int64))


@pytest.fixture(params=["path", "local", "memory", "dir"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The same store on several file systems."""
    yield {
        "path": str(tmp_path / "store"),
        "local": f"local://{tmp_path}/store",
        "memory": f"memory:/{tmp_path}",
        "dir": f"dir::file://{tmp_path}",
    }[request.param]
    memory = fsspec.filesystem("memory")
    memory.store.clear()


@pytest.fixture
def local(tmp_path: Path) -> Trajectories:
    return Trajectories(str(tmp_path / "store"))


def files(store: Trajectories, name: str) -> list[Path]:
    return sorted(path for path in Path(store.url).rglob(name) if path.is_file())


# --- contents -------------------------------------------------------------------------------------------------------


def test_what_is_put_comes_back_on_every_file_system(url: str) -> None:
    store, again = Trajectories(url), Trajectories(url)
    assert store.weights(POINT) is None
    store.put_sealed(POINT, "weights", seal(pack(ARRAYS)))
    store.put_sealed(POINT, "m.logs", seal(b'{"loss": 0.5, "accuracy": NaN}'))
    store.put_look("k", b"seen")
    digest = store.put_data(ARRAYS[0])
    assert digest == array_digest(ARRAYS[0])
    for before, after in zip(ARRAYS, again.weights(POINT) or (), strict=True):
        assert (before.dtype, before.shape, before.tobytes()) == (after.dtype, after.shape, after.tobytes())
    logs = again.logs(POINT, "m")
    assert logs is not None
    assert list(logs) == ["loss", "accuracy"]
    assert np.isnan(logs["accuracy"])
    assert again.look("k") == b"seen"
    assert again.data(digest) is not None
    assert again.has_epoch(POINT, "m")
    assert not again.has_state(POINT)
    assert not again.has_epoch(POINT, "other metrics")


def test_data_is_handed_to_the_trainer_as_a_sealed_file(url: str, tmp_path: Path) -> None:
    store = Trajectories(url)
    digest = store.put_data(ARRAYS[0])
    (tmp_path / "scratch").mkdir()
    path = store.data_file(digest, tmp_path / "scratch")
    assert path is not None
    assert unseal(path.read_bytes()) is not None
    assert store.data_file("0" * 64, tmp_path) is None


@pytest.mark.parametrize(
    "array", [ARRAYS[0], ARRAYS[1], np.array([True, False]), np.asfortranarray(np.eye(3))], ids=str
)
def test_a_digest_tells_type_and_shape_apart(array: Any) -> None:
    assert array_digest(array) == array_digest(array.copy())
    assert array_digest(array) != array_digest(np.append(array.ravel(), array.dtype.type(1)))
    if array.size:
        assert array_digest(array) != array_digest(array.reshape(1, *array.shape))


def test_objects_are_never_unpacked() -> None:
    with pytest.raises(ValueError, match="numbers"):
        unpack(b'[["|O", [1]]]\n' + b"\0" * 8)


# --- damage ---------------------------------------------------------------------------------------------------------

DAMAGE = {
    "a byte changed": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "a checksum changed": lambda content: bytes([content[0] ^ 1]) + content[1:],
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda _content: b"",
    "longer": lambda content: content + b"\0",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_not_there_and_is_removed(local: Trajectories, damage: Any) -> None:
    local.put_sealed(POINT, "weights", seal(pack(ARRAYS)))
    local.put_look("k", b"seen")
    digest = local.put_data(ARRAYS[0])
    paths = [*files(local, "*.weights"), *files(local, "look"), *files(local, "array")]
    assert len(paths) == 3
    for path in paths:
        path.write_bytes(damage(path.read_bytes()))
    assert local.weights(POINT) is None
    assert local.sealed(POINT, "weights") is None
    assert local.look("k") is None
    assert local.data(digest) is None
    assert not any(path.exists() for path in paths)
    assert local.put_data(ARRAYS[0]) == digest
    assert local.data(digest) is not None


def test_a_damaged_file_is_never_kept(local: Trajectories) -> None:
    with pytest.raises(ValueError, match="checksum"):
        local.put_sealed(POINT, "weights", seal(b"x")[:-1])
    assert not local.has_state(POINT)


def test_no_reader_meets_half_a_file(local: Trajectories) -> None:
    """While one process writes the same entry again and again, another never sees it absent or damaged."""
    content = seal(pack([np.zeros(2_000_000, np.float32)]))
    local.put_sealed(POINT, "weights", content)
    writer = (
        "import sys; from grader.training.trajectories import *; import numpy as np\n"
        "store = Trajectories(sys.argv[1]); content = seal(pack([np.zeros(2_000_000, np.float32)]))\n"
        f"while True: store.put_sealed(Point({POINT.key!r}, {POINT.epoch}), 'weights', content)"
    )
    process = subprocess.Popen([sys.executable, "-c", writer, local.url])
    try:
        seen, deadline = 0, time.monotonic() + 20
        started = files(local, "*.weights")[0].stat().st_mtime_ns
        while files(local, "*.weights")[0].stat().st_mtime_ns == started and time.monotonic() < deadline:
            time.sleep(0.01)
        while seen < 60:
            assert local.weights(POINT) is not None
            seen += 1
    finally:
        process.send_signal(signal.SIGKILL)  # in the middle of writing, as likely as not
        process.wait(10)
    assert local.weights(POINT) is not None


# --- locks ----------------------------------------------------------------------------------------------------------

HOLD = (
    "import sys, time; from grader.training.trajectories import Trajectories\n"
    "with Trajectories(sys.argv[1]).lock('k'):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(float(sys.argv[2]))\n"
)


def holder(url: str, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, url, str(seconds)], stdout=subprocess.PIPE, text=True)
    assert read_line(process) == "held\n"
    return process


def test_others_wait_for_the_holder(local: Trajectories) -> None:
    process = holder(local.url, 1.0)
    with local.lock("another key"):
        assert process.poll() is None
    with local.lock("k"):
        assert process.wait(10) == 0


def test_the_lock_of_a_killed_process_is_taken_over_at_once(local: Trajectories) -> None:
    process = holder(local.url, 60)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    began = time.monotonic()
    with local.lock("k"):
        assert time.monotonic() - began < trajectories.STALE_SECONDS / 3


@pytest.mark.parametrize("content", ["another-machine 1 abc 0", ""], ids=["silent elsewhere", "died while writing"])
def test_a_lock_that_shows_no_life_is_taken_over(url: str, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trajectories, "STALE_SECONDS", 0.3)
    store = Trajectories(url)
    fs, root = fsspec.core.url_to_fs(url)
    fs.makedirs(f"{root}/locks", exist_ok=True)
    fs.pipe_file(f"{root}/locks/k", content.encode())
    began = time.monotonic()
    with store.lock("k"):
        assert time.monotonic() - began >= 0.3
    assert not fs.exists(f"{root}/locks/k")


def test_a_holder_that_works_on_shows_its_life(local: Trajectories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trajectories, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(trajectories, "STALE_SECONDS", 0.5)
    order: list[str] = []

    def second() -> None:
        with local.lock("k"):
            order.append("second")

    with local.lock("k"):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(1.5)
        order.append("first")
    waiting.join(30)
    assert order == ["first", "second"]


COUNT = (
    "import sys; from pathlib import Path; from grader.training.trajectories import Trajectories\n"
    "store, file = Trajectories(sys.argv[1]), Path(sys.argv[2])\n"
    "for _ in range(15):\n"
    "    with store.lock('k'):\n"
    "        file.write_text(str(int(file.read_text()) + 1))\n"
)


def test_one_holds_a_lock_however_many_ask(local: Trajectories, tmp_path: Path) -> None:
    """Three processes count in one file, beginning with the lock of a dead one, which all of them want to break."""
    file = tmp_path / "count"
    file.write_text("0")
    dead = holder(local.url, 60)
    dead.kill()
    dead.wait(10)
    counting = [subprocess.Popen([sys.executable, "-c", COUNT, local.url, str(file)]) for _ in range(3)]
    assert [process.wait(120) for process in counting] == [0, 0, 0]
    assert file.read_text() == "45"


# --- size -----------------------------------------------------------------------------------------------------------


def test_the_least_recently_used_goes_first(local: Trajectories) -> None:
    points = [Point(letter * 64, 1) for letter in "abcd"]
    for age, point in enumerate(points):
        local.put_sealed(point, "weights", seal(bytes(1000)))
        for path in files(local, "*"):
            if point.key in str(path):
                os.utime(path, (1_000_000 + age, 1_000_000 + age))
    reader = Trajectories(local.url, max_bytes=2100)
    assert reader.sealed(points[0], "weights") is not None  # used now
    assert reader.size() > 4000
    assert reader.trim() == 2 * 1032
    assert [reader.sealed(point, "weights") is not None for point in points] == [True, False, False, True]
    assert reader.trim() == 0


def test_a_store_can_be_trimmed_on_every_file_system(url: str) -> None:
    store = Trajectories(url)
    store.put_look("k", b"seen")
    digest = store.put_data(ARRAYS[0])
    assert store.size() > 0
    assert Trajectories(url, max_bytes=0).trim() > 0
    assert (store.size(), store.look("k"), store.has_data(digest)) == (0, None, False)


def test_what_was_let_go_can_be_put_again(local: Trajectories) -> None:
    for _ in range(2):
        local.put_look("k", b"seen")
        assert local.look("k") == b"seen"
        assert Trajectories(local.url, max_bytes=0).trim() > 0
