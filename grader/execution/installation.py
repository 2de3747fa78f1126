"""Which folders of this Python installation a kernel sees, and which folders inside them it must not see.

A notebook needs the interpreter and the packages that it imports, wherever they are: in ``/usr``, a virtual environment
below ``/tmp``, a conda folder in somebody's home. The grader itself is installed beside those packages, with rubrics,
assignments and marked answers; so are the plugins that extend it. They are covered by empty folders.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

SYSTEM = Path("/usr")
"""Mounted in every sandbox."""
PACKAGE = Path(__file__).parents[1]
"""The grader's own."""
PLUGIN_GROUPS = "grader."
"""How the groups begin of the entry points by which a package extends the grader."""
COMMAND = "grader.cli"
"""Where the grader's own command begins, by which its distribution is known."""
LONGEST_CHAIN = 40
"""Links from the interpreter's name to its file; Linux follows no more."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What is mounted of an installation, each folder at its own path."""

    shown: tuple[Path, ...]
    """Read-only; none of them below another or below `SYSTEM`, unless a covered folder lies between."""
    covered: tuple[Path, ...]
    """Folders and files below `shown` or `SYSTEM` that are empty in the sandbox."""


@cache
def find_installation() -> Installation:
    """The installation that this process runs in."""
    return lay_out({*_prefixes(), *package_folders(), *_interpreters()}, _own())


def lay_out(folders: Iterable[Path], own: Iterable[Path]) -> Installation:
    """What to show of `folders`, so that nothing of `own` is seen.

    Args:
        folders: absolute, as the interpreter names them: links on the way stay in their names.
        own: folders and files of the grader and its plugins, wherever they are.
    """
    hidden = {path.resolve() for path in own}
    shown: list[Path] = []
    covered = list(_inside(SYSTEM, hidden))
    for folder in sorted(folders, key=lambda path: (len(path.parts), path)):
        outer = max((root for root in (SYSTEM, *shown) if folder.is_relative_to(root)), key=_depth, default=None)
        between = [path for path in covered if outer is not None and folder.is_relative_to(path)]
        if not folder.is_dir() or (outer is not None and not between and folder.resolve().is_relative_to(outer)):
            continue
        shown.append(folder)
        covered += _inside(folder, hidden)
    return Installation(tuple(shown), tuple(sorted(set(covered))))


def _depth(path: Path) -> int:
    return len(path.parts)


def _inside(folder: Path, hidden: Iterable[Path]) -> Iterator[Path]:
    """Where something hidden is, as seen through `folder`, whose name may have links in it."""
    real = folder.resolve()
    for path in hidden:
        if path.is_relative_to(real) and path != real:
            yield folder / path.relative_to(real)


def _prefixes() -> Iterator[Path]:
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        yield Path(prefix).absolute()
        yield Path(prefix).resolve()


def package_folders() -> tuple[Path, ...]:
    """Where packages are installed, in the order in which they are looked for.

    A ``.pth`` file, ``PYTHONPATH`` or the user's own folder may lead out of the prefixes.
    """
    entries = (Path(entry).absolute() for entry in dict.fromkeys(sys.path) if entry)
    return tuple(entry for entry in entries if entry.is_dir() and any(entry.glob("*.dist-info")))


def _interpreters() -> Iterator[Path]:
    """The prefixes that the interpreter's name leads through, link by link, to its file."""
    path = Path(sys.executable).absolute()
    for _ in range(LONGEST_CHAIN):
        if not path.is_symlink():
            return
        path = Path(os.path.normpath(path.parent / path.readlink()))
        yield path.parent.parent if path.parent.name == "bin" else path.parent


def _own() -> Iterator[Path]:
    """The grader's package, its checkout where it is in one, and all that plugins brought."""
    yield PACKAGE if PACKAGE.parent in map(Path.resolve, package_folders()) else PACKAGE.parent
    for one in distributions():
        if any(point.group.startswith(PLUGIN_GROUPS) or point.module == COMMAND for point in one.entry_points):
            yield from _tops(one)


def _tops(plugin: Distribution) -> Iterator[Path]:
    """A distribution's own folders and files, as few as name them all; a namespace's folder belongs to others, too."""
    for file in plugin.files or ():
        if ".." in file.parts or "__pycache__" in file.parts[:1]:
            continue
        top = Path(str(plugin.locate_file(file.parts[0])))
        shared = len(file.parts) > 1 and not (top / "__init__.py").exists() and top.suffix != ".dist-info"
        yield top / file.parts[1] if shared else top
