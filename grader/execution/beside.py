"""Files that lie beside a notebook and come into its sandbox: modules, data, pictures.

They are laid there once the recorder runs, so that it imports none of them, and none has the name of a module that is
installed: what the recorder imports later must not be the student's.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from grader.execution.installation import package_folders
from grader.execution.sandbox import RECORDER_MODULE
from grader.records import Message, say

MOST_FILES = 200
LARGEST_FILE = 20_000_000
"""Bytes."""
MOST_BYTES = 50_000_000
"""Of all files of one notebook."""
MOST_TOLD = 10
IMPORTABLE = (".py", ".pyc", ".pyd", ".so", ".zip", ".egg")
OURS = (RECORDER_MODULE, "google", "sitecustomize", "usercustomize")
"""Modules that kernels have beside those that are installed, and such as Python imports by itself."""


def why_not(path: PurePosixPath) -> Message | None:
    """Why a file may not come into a sandbox; None where it may.

    Args:
        path: from the notebook's folder on.
    """
    top = path.parts[0]
    if any(part.startswith((".", "~")) or part == ".." for part in path.parts) or path.is_absolute():
        return say("A hidden file does not come into the notebook's sandbox.")
    if ".ipynb" in path.name.casefold():
        return say("No other notebook comes into a notebook's sandbox.")
    if path.name.casefold().endswith(IMPORTABLE) and top.partition(".")[0].casefold() in installed_modules():
        return say("A module of this name is installed, and it does not come into the notebook's sandbox.")
    return None


@cache
def installed_modules() -> frozenset[str]:
    """Names of all modules that a kernel can import, in lower case."""
    entries = [entry.name for folder in package_folders() for entry in folder.iterdir()]
    modules = {name.partition(".")[0] for name in entries if not name.endswith((".dist-info", ".pth"))}
    return frozenset(name.casefold() for name in (*modules, *sys.stdlib_module_names, *OURS))


def within_bounds(sizes: Iterable[tuple[PurePosixPath, int]]) -> list[PurePosixPath]:
    """Of files with their sizes in bytes, those that come along: the first ones that are not too large or too many."""
    kept: list[PurePosixPath] = []
    used = 0
    for path, size in sizes:
        if size <= LARGEST_FILE and used + size <= MOST_BYTES and len(kept) < MOST_FILES:
            kept.append(path)
            used += size
    return kept


def digest(files: Mapping[str, bytes]) -> str:
    """Of names and contents; empty where there are no files."""
    if not files:
        return ""
    parts = (f"{name}\0{hashlib.sha256(content).hexdigest()}\n" for name, content in sorted(files.items()))
    return hashlib.sha256("".join(parts).encode("utf-8", "replace")).hexdigest()


def came_along(files: Iterable[str]) -> list[Message]:
    """What people are told of the files that came into a sandbox."""
    names = sorted(name for name in files if why_not(PurePosixPath(name)) is None)
    if not names:
        return []
    listed = ", ".join(names[:MOST_TOLD]) + (", …" if len(names) > MOST_TOLD else "")
    return [say("It was run with these files that lie beside the notebook: {files}.", files=listed)]


def lay_beside(files: Mapping[str, bytes], home: Path) -> None:
    """Write the files into a kernel's home, in which no code of the student's has run yet.

    Args:
        files: by their path from the notebook's folder on.
    """
    for name, content in files.items():
        if why_not(PurePosixPath(name)) is None:
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
