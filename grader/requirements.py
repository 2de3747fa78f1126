"""Which optional parts of the grader are installed: packages of an extra, as its own metadata names them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, requires

from grader.errors import Phrase, UsageError

EXTRAS = {
    "notebooks": Phrase("running what students hand in"),
    "desk": "grader review",
    "dask": "--executor dask",
    "postgresql": "--gradebook postgresql+psycopg://...",
    "embeddings": Phrase("grouping answers by meaning"),
}
"""What each extra is for."""
REQUIREMENT = re.compile(r"""(?P<name>[\w.-]+).*\bextra\s*==\s*['"](?P<extra>[\w-]+)['"]""")


@cache
def missing(extra: str) -> tuple[str, ...]:
    """Packages of an extra that are not installed, in the order in which pyproject.toml names them."""
    found = (REQUIREMENT.match(line) for line in _requirements())
    names = [match["name"] for match in found if match is not None and match["extra"] == extra]
    return tuple(name for name in names if not _is_installed(name))


def check_requirements(extra: str) -> None:
    """Raises UsageError where packages of an extra are missing."""
    if names := missing(extra):
        raise UsageError(
            "{purpose} needs more packages ({advice}). Received: no {missing}",
            purpose=EXTRAS[extra],
            advice=advice(extra),
            missing=", ".join(names),
        )


def advice(extra: str) -> str:
    """How to install what an extra lacks; empty where it lacks nothing.

    The packages are named themselves: another program has the grader's name on the package index.
    """
    return f"pip install {' '.join(names)}" if (names := missing(extra)) else ""


def _requirements() -> Sequence[str]:
    try:
        return requires("grader") or ()
    except PackageNotFoundError:  # run from a folder that was not installed
        return ()


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
