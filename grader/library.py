"""The rubrics that the grader brings along, and how one is found by its name."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from grader.errors import UsageError

PACKAGE = Path(__file__).parent
SHIPPED = PACKAGE / "shipped"
"""In a wheel: ``rubrics`` and ``reference``, as they stand beside the package in a checkout."""


def rubrics_folder() -> Path:
    """Where the rubrics are that the grader brings along."""
    return (SHIPPED if SHIPPED.is_dir() else PACKAGE.parent) / "rubrics"


def rubric_names() -> tuple[str, ...]:
    """Names of the rubrics that the grader brings along, in order."""
    return tuple(sorted(file.stem for file in rubrics_folder().glob("*.yaml")))


def find_rubric(name: str) -> Path:
    """The file of a rubric that is given by its path, or by its name if the grader brings it along.

    A path that leads nowhere is returned as it is: whoever reads it says so.

    Raises:
        UsageError: there is neither such a file nor such a name.
    """
    path = Path(name)
    if path.is_file():
        return path
    if name in rubric_names():
        return rubrics_folder() / f"{name}.yaml"
    if path.suffix or len(path.parts) > 1:
        return path
    near = get_close_matches(name, rubric_names(), 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    raise UsageError(
        f"a rubric must be a file or the name of one of the grader's rubrics ({', '.join(rubric_names())}). "
        f"Received: {name!r}{meant}"
    )
