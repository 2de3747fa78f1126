"""Classes and desks that the tests of the review desk share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from desks import Served, served, small_class


@pytest.fixture(scope="session")
def graded_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `grader grade` leaves it; judging its prose takes a few seconds, so that it is done once."""
    out = tmp_path_factory.mktemp("graded") / "out"
    book, _ = small_class(out)
    book.close()
    return out


@pytest.fixture
def out(graded_out: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(graded_out, tmp_path / "out"))


@pytest.fixture
def desk(out: Path) -> Iterator[Served]:
    """A desk for it."""
    with served(out) as open_one:
        yield open_one
