"""How a class is graded, and the digest that says whether a result was made in exactly this way."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from grader.cache import user_cache
from grader.kept import code_digest, version_of
from grader.rubric.language import Language

if TYPE_CHECKING:  # the command line reads this module, and is to be there at once
    from grader.records import SharedText
    from grader.rubric.rubric import Limits, Rubric

Sandbox = Literal["bwrap", "none"]
Executor = Literal["local", "dask"]
CsvStyle = Literal["plain", "excel-es"]
"""How ``grades.csv`` is written: for scripts, or for a spreadsheet that is set to Spanish."""
SharedAs = Literal["given", "own"]
"""What an instructor says of texts that most submissions share: students were given them, or they are their own."""

DEFAULT_STORE_BYTES = 10_000_000_000

PACKAGES = ("grader", "tensorflow", "keras", "numpy")
"""What a result depends on, by its version."""


@dataclass(frozen=True, slots=True)
class Store:
    """A store of trainings."""

    url: str
    """As fsspec names it; a plain path is a folder."""
    max_bytes: int = DEFAULT_STORE_BYTES
    """What was not used for longest goes when the store is larger."""
    trainer: str = ""
    """Socket of a trainer that serves several workers; empty where each worker starts its own."""


def default_store() -> str:
    """The user's own store, for all classes together."""
    return str(user_cache() / "trainings")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the person who grades decides."""

    out: Path
    language: Language
    sandbox: Sandbox
    limits: Limits
    data: Path
    workers: int
    """Processes of the local executor."""
    regrade: bool = False
    """Grade again what has not changed since it was graded."""
    gradebook: str = ""
    """A database URL; empty for ``gradebook.db`` in `out`."""
    store: Store | None = None
    """Where trainings are kept and replayed from; None to train everything in the students' kernels."""
    shared: SharedAs | None = None
    """Whose what most submissions share is; as was said last if not given."""
    csv_style: CsvStyle | None = None
    """How ``grades.csv`` is written; as it was written last, or plain, if not given."""
    beside: tuple[Path, ...] = ()
    """Files that come into every notebook's sandbox."""
    only: tuple[str, ...] = ()
    """Submissions to grade, by name or id, whether or not they have changed; empty for all that are new or changed."""
    executor: Executor = "local"
    """Where submissions are graded: in processes of this machine, or on the workers of a Dask cluster."""
    scheduler: str = ""
    """Address of Dask's scheduler."""
    audit: float = 0.0
    """Share of submissions, from 0 to 1, that are graded once more without replay, to compare."""

    @property
    def gradebook_url(self) -> str:
        """The gradebook's database as SQLAlchemy names it."""
        return gradebook_url(self.out, self.gradebook)


def gradebook_url(out: Path, gradebook: str = "") -> str:
    """The gradebook's database: the one that is named, or the file in OUT."""
    return gradebook or f"sqlite:///{out / 'gradebook.db'}"


def identity(rubric: Rubric, settings: Settings, given: Sequence[SharedText] = ()) -> str:
    """Digest of all that decides about a result but the submission: rubric, assignment, limits, data, versions.

    Args:
        given: texts that students were given, too.
    """
    decides = {
        "rubric": rubric.sha256,
        "assignment": [_digest(path) for path in rubric.assignment_paths],
        "given": sorted(text.key for text in given),
        "limits": settings.limits.model_dump(),
        "sandbox": settings.sandbox,
        **({"beside": {path.name: _digest(path) for path in settings.beside}} if settings.beside else {}),
        "foundations": foundations(settings.data),
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def foundations(data: Path) -> dict[str, dict[str, str]]:
    """What a machine's results rest on: its versions, the grader's own code, and the data set's files."""
    return {
        "versions": versions(),
        "code": {"grader": code_digest()},  # a corrected check must not leave old marks behind until the next release
        "data": {file.name: _digest(file) for file in sorted(data.glob("*.gz"))},
    }


@cache
def versions() -> dict[str, str]:
    """Versions of the grader and of what its results depend on."""
    return {"python": platform.python_version(), **{name: version_of(name) for name in PACKAGES}}


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""
