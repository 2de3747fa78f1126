"""What is made once for all test processes of a run: whoever needs it first makes it, the others wait for it."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Shared:
    """A folder that all test processes of a run have in common."""

    folder: Path

    def path(self, name: str, make: Callable[[Path], None]) -> Path:
        """A file or folder that `make` writes at the path that it is given."""
        path = self.folder / name
        done = path.with_name(f"{path.name}.done")
        with path.with_name(f"{path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as long as a test may take
            if not done.exists():
                make(path)
                done.touch()
        return path

    def value(self, name: str, make: Callable[[], Any]) -> Any:
        """A value that can be pickled, and that nobody changes."""
        return pickle.loads(self.path(name, lambda path: _pickle(path, make())).read_bytes())


def _pickle(path: Path, value: Any) -> None:
    path.write_bytes(pickle.dumps(value))


def shared_by_all(factory: pytest.TempPathFactory, worker: str) -> Shared:
    """Args: worker: of pytest-xdist, or ``master`` where there is one process."""
    own = factory.getbasetemp()
    folder = (own if worker == "master" else own.parent) / "shared"
    folder.mkdir(exist_ok=True)
    return Shared(folder)
