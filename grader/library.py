"""The rubrics that the grader brings along: how one is found by its name, and copied to be edited."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path

from grader.errors import Phrase, UsageError

ANSWERS = "answers"
"""Where a copied rubric's marked answers stand, from its own folder."""
_PATHS = re.compile(r"^(?P<key>assignment|marked_answers): (?P<path>\S+)$", re.MULTILINE)
PACKAGE = Path(__file__).parent
SHIPPED = PACKAGE / "shipped"
"""In a wheel: ``rubrics`` and ``reference``, as they stand beside the package in a checkout."""


def rubrics_folder() -> Path:
    """Where the rubrics are that the grader brings along."""
    return (SHIPPED if SHIPPED.is_dir() else PACKAGE.parent) / "rubrics"


def rubric_names() -> tuple[str, ...]:
    """Names of the rubrics that the grader brings along, in order."""
    return tuple(sorted(file.stem for file in rubrics_folder().glob("*.yaml")))


def copy_rubric(name: str, out: Path) -> tuple[Path, ...]:
    """Copy a rubric that the grader brings along, with its assignment and its marked answers, into one folder to edit.

    Args:
        out: a folder; it is made where there is none. What stands there already is never overwritten.

    Returns:
        The copies, the rubric's first.

    Raises:
        UsageError: there is no rubric of that name, one of the files is there already, or none can be written.
    """
    if name not in rubric_names():
        raise UsageError(
            "NAME must be one of the grader's rubrics ({known}). Received: {name}{meant}",
            known=", ".join(rubric_names()),
            name=repr(name),
            meant=_meant(name),
        )
    original = rubrics_folder() / f"{name}.yaml"
    text, files = _beside_one_another(original.read_text(encoding="utf-8"), original.parent)
    copies = {out / f"{name}.yaml": text.encode(), **{out / file: path.read_bytes() for file, path in files.items()}}
    if there := next((file for file in copies if os.path.lexists(file)), None):
        raise UsageError(
            "a copy must not overwrite what is there. Received: {there}; name another folder with --out", there=there
        )
    try:
        for file, content in copies.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as opened:
                opened.write(content)
    except OSError as error:
        raise UsageError(
            "--out must be a folder that can be written to. Received: {out} ({reason})", out=out, reason=error.strerror
        ) from error
    return tuple(copies)


def _beside_one_another(text: str, folder: Path) -> tuple[str, dict[str, Path]]:
    """A rubric's text with its paths as they are in the copy, and the files that they lead to, by their new paths.

    Only the paths change, so that the copy keeps the author's comments and lines.
    """
    files: dict[str, Path] = {}

    def moved(found: re.Match[str]) -> str:
        path = folder / found["path"]
        if path.is_file():
            files[path.name] = path
        else:
            files.update({f"{ANSWERS}/{file.name}": file for file in sorted(path.glob("*.yaml"))})
        return f"{found['key']}: {path.name if path.is_file() else ANSWERS}"

    return _PATHS.sub(moved, text), files


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
    raise UsageError(
        "a rubric must be a file or the name of one of the grader's rubrics ({known}). Received: {name}{meant}",
        known=", ".join(rubric_names()),
        name=repr(name),
        meant=_meant(name),
    )


def _meant(name: str) -> str:
    near = get_close_matches(name, rubric_names(), 1)
    return Phrase(" (did you mean {near}?)", near=near[0]) if near else ""
