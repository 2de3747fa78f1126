"""A store stays within its size while it is written, whoever writes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest

from grader.errors import NotTrainable
from grader.training import trajectories
from grader.training.allowance import StoreAllowance
from grader.training.orders import Point
from grader.training.trajectories import Trajectories, seal

KEPT = 10_000
"""Bytes of a store."""


@pytest.fixture(params=["path", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A store on this machine, and one whose processes see nothing of each other."""
    yield str(tmp_path / "store") if request.param == "path" else f"memory:/{tmp_path}"
    fsspec.filesystem("memory").store.clear()


def put_epoch(store: Trajectories, epoch: int, size: int = 1_000, key: str = "a") -> Point:
    point = Point(key * 64, epoch)
    store.put_sealed(point, "weights", seal(bytes(size)))
    return point


def test_no_write_makes_it_larger_than_it_may_be(url: str) -> None:
    store = Trajectories(url, KEPT)
    for number in range(40):
        put_epoch(store, 1, key=f"{number:02d}")
        store.put_look(f"{number}", bytes(500))
        store.put_data(np.full(100, number, np.float32))
        assert store.size() <= KEPT
    assert store.size() > KEPT / 2
    assert store.sealed(put_epoch(store, 1, key="zz"), "weights") is not None


def test_what_was_used_last_stays(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trajectories, "NOTE_SECONDS", 0.0)
    store = Trajectories(url, KEPT)
    digest = store.put_data(np.arange(250, dtype=np.float32))
    for number in range(40):
        put_epoch(store, 1, key=f"{number:02d}")
        assert store.data(digest) is not None


def test_a_file_that_is_larger_than_the_store_is_not_written(url: str) -> None:
    store = Trajectories(url, KEPT)
    kept = put_epoch(store, 1)
    with pytest.raises(NotTrainable, match="must fit into a store of 10000 bytes"):
        store.put_look("k", bytes(KEPT + 1))
    assert store.look("k") is None
    assert store.sealed(kept, "weights") is not None


WRITE = (
    "import sys; from grader.training.orders import Point; from grader.training.trajectories import Trajectories, seal\n"
    "store, most = Trajectories(sys.argv[1], 10_000), 0\n"
    "for number in range(100):\n"
    "    store.put_sealed(Point(f'{sys.argv[2]}{number:02d}' * 20, 1), 'weights', seal(bytes(1_000)))\n"
    "    most = max(most, store.size())\n"
    "print(most)"
)


def test_all_processes_of_a_machine_count_together(tmp_path: Path) -> None:
    """What is under way may be counted before it is there, and never the other way round."""
    words = [sys.executable, "-c", WRITE, str(tmp_path / "store")]
    writers = [subprocess.Popen([*words, name], stdout=subprocess.PIPE, text=True) for name in "ab"]
    most = [int(writer.communicate(timeout=120)[0]) for writer in writers]
    assert KEPT / 2 < max(most) <= KEPT


@pytest.mark.parametrize("damaged", ["", "?", "-5", "9" * 39], ids=["empty", "no number", "negative", "far too much"])
def test_a_damaged_count_is_made_again(tmp_path: Path, damaged: str) -> None:
    store = Trajectories(str(tmp_path), KEPT)
    put_epoch(store, 1)
    (tmp_path / "locks" / "bytes").write_text(damaged)
    for number in range(20):
        put_epoch(store, number)
        assert store.size() <= KEPT
    assert [entry.name for entry in (tmp_path / "trajectories").iterdir()] == ["a" * 64]


def test_a_submission_has_its_share_whether_it_was_kept_before_or_not() -> None:
    allowance = StoreAllowance(KEPT)
    for _ in range(3):
        allowance.note("once", KEPT - 1)
        allowance.check("more")
    allowance.note("more", 1)
    allowance.check("once")
    with pytest.raises(NotTrainable, match="10000 bytes kept of its trainings"):
        allowance.check("another")
