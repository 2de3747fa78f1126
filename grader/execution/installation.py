"""Which parts of the system and of this Python installation a kernel sees, and which parts of those it must not see.

A notebook needs the interpreter and the packages that it imports, wherever they are: in ``/usr``, a virtual environment
below ``/tmp``, a conda folder in somebody's home. Of a prefix only those folders are shown that belong to an
installation, since a prefix may be a home, or hold a course. The grader is installed beside the packages, with rubrics,
assignments and marked answers, and so are the plugins that extend it: these, and every other copy, are covered by empty
folders.
"""

from __future__ import annotations

import os
import re
import site
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

PARTS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libexec", "share", "include", "etc", "ssl", "pyvenv.cfg")
"""What an installation has in its prefix, by the Filesystem Hierarchy Standard, venv and conda."""
SYSTEM = (Path("/usr"), Path("/usr/local"))
"""Prefixes of the system."""
PACKAGE = Path(__file__).parents[1]
"""The grader's own."""
COPIES = ("grader", "grader-*", "~*", "__editable__*grader*")
"""Names of the grader in a folder of packages; those with ``~`` are what pip leaves behind when it is interrupted."""
PLUGIN_GROUPS = "grader."
"""How the groups begin of the entry points by which a package extends the grader."""
COMMAND = "grader.cli"
"""Where the grader's own command begins, by which its distribution is known."""
LONGEST_CHAIN = 40
"""Links from the interpreter's name to its file; Linux follows no more."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What is mounted, each folder or file at its own path."""

    shown: tuple[Path, ...]
    """Read-only; none below another, unless something covered lies between."""
    covered: tuple[Path, ...]
    """Below `shown`, and empty in the sandbox."""
    links: tuple[Path, ...] = ()
    """Links that stand outside `shown` and lead to the interpreter."""
    packages: tuple[Path, ...] = ()
    """Folders in which packages are found."""

    def shows(self, path: Path) -> bool:
        """True if a kernel would see what stands at a path of the host's."""
        real = path.resolve()
        seen = max((_depth(folder) for folder in self.shown if real.is_relative_to(folder.resolve())), default=-1)
        hidden = max((_depth(folder) for folder in self.covered if real.is_relative_to(folder.resolve())), default=-1)
        return seen > hidden


@cache
def find_installation() -> Installation:
    """The installation that this process runs in."""
    packages = package_folders()
    prefixes = {*SYSTEM, *_prefixes()}
    own = {*_own(packages), *_other_packages(prefixes, packages)}
    folders = {prefix / part for prefix in prefixes for part in PARTS}
    return lay_out({*folders, *packages, *_linked(packages)}, own, _interpreter_links(), packages)


def lay_out(
    folders: Iterable[Path], own: Iterable[Path], links: Iterable[Path] = (), packages: Iterable[Path] = ()
) -> Installation:
    """What to show of `folders`, so that nothing of `own` is seen.

    Args:
        folders: absolute, as the interpreter names them: links on the way stay in their names.
        own: folders and files of the grader and its plugins, wherever they are.
        links: that lead to the interpreter.
        packages: folders in which packages are found.
    """
    hidden = {path.resolve() for path in own if path.exists()}
    shown: list[Path] = []
    covered: list[Path] = []
    for folder in sorted(folders, key=lambda path: (_depth(path), path)):
        outer = max((root for root in shown if folder.is_relative_to(root)), key=_depth, default=None)
        between = any(folder.is_relative_to(path) for path in covered)
        if not folder.exists() or folder.resolve() in hidden:
            continue
        if outer is not None and not between and folder.resolve().is_relative_to(outer.resolve()):
            continue
        shown.append(folder)
        covered += _inside(folder, hidden)
    outside = (link for link in links if not any(link.is_relative_to(root) for root in shown))
    return Installation(tuple(shown), tuple(sorted(set(covered))), tuple(sorted(set(outside))), tuple(packages))


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
    entries = [Path(entry).absolute() for entry in dict.fromkeys(sys.path) if entry]
    installed = [entry for entry in entries if entry.is_dir() and any(entry.glob("*.dist-info"))]
    named = {path for folder in installed for path in _named_in_pth(folder)}
    return tuple(entry for entry in entries if entry in installed or entry in named)


def _named_in_pth(folder: Path) -> Iterator[Path]:
    """Folders that ``.pth`` files add, but for a checkout of the grader, or of what extends it."""
    for file in folder.glob("*.pth"):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            path = folder / line.strip()
            if (
                line.strip()
                and not line.startswith(("import ", "import\t", "#"))
                and path.is_dir()
                and not _extends(path)
            ):
                yield path


def _extends(folder: Path) -> bool:
    """True for the source of the grader, or of a package that says in its pyproject.toml that it extends it."""
    project = next((file for up in (folder, folder.parent) if (file := up / "pyproject.toml").is_file()), None)
    text = "" if project is None else project.read_text(encoding="utf-8", errors="replace")
    return (folder / "grader" / "cli").exists() or re.search(r"entry-points\W+grader\.", text) is not None


def _linked(packages: Iterable[Path]) -> Iterator[Path]:
    """Where links in the folders of packages lead to: some installers link what they keep elsewhere."""
    for folder in packages:
        for entry in folder.iterdir():
            if entry.is_symlink() and entry.exists():
                yield Path(os.path.normpath(folder / entry.readlink()))


def _interpreter_links() -> Iterator[Path]:
    """The interpreter's name and what it leads through, link by link."""
    path = Path(sys.executable).absolute()
    for _ in range(LONGEST_CHAIN):
        if not path.is_symlink():
            return
        yield path
        path = Path(os.path.normpath(path.parent / path.readlink()))


def _own(packages: Iterable[Path]) -> Iterator[Path]:
    """Every copy of the grader, this one's checkout where it is in one, and all that plugins brought."""
    yield PACKAGE if PACKAGE.parent in [folder.resolve() for folder in packages] else PACKAGE.parent
    for folder in packages:
        for pattern in COPIES:
            yield from folder.glob(pattern)
            yield from folder.glob(f"__pycache__/{pattern}.pyc")
    for one in distributions():
        if any(point.group.startswith(PLUGIN_GROUPS) or point.module == COMMAND for point in one.entry_points):
            yield from _tops(one)


def _tops(plugin: Distribution) -> Iterator[Path]:
    """A distribution's own folders and files, as few as name them all; a namespace's folder belongs to others, too."""
    for file in plugin.files or ():
        first = file.parts[0]
        top = Path(str(plugin.locate_file(first)))
        if first == "..":
            path = Path(os.path.normpath(str(plugin.locate_file(file))))
            if path.parent.name not in ("bin", "__pycache__"):
                yield path
        elif first == "__pycache__":
            yield Path(str(plugin.locate_file(file)))
        elif len(file.parts) > 1 and not (top / "__init__.py").exists() and top.suffix != ".dist-info":
            yield top / file.parts[1]
        else:
            yield top
            yield from top.parent.glob(f"__pycache__/{top.stem}.*.pyc")


def _other_packages(prefixes: Iterable[Path], packages: Iterable[Path]) -> Iterator[Path]:
    """Folders of packages in the prefixes that this interpreter does not look into: those of others, or of its base."""
    used = {folder.resolve() for folder in packages}
    for prefix in prefixes:
        for pattern in ("lib*/python*/site-packages", "lib*/python*/dist-packages"):
            yield from (folder for folder in prefix.glob(pattern) if folder.resolve() not in used)


def user_base() -> str:
    """Where the interpreter looks for the user's own packages; empty where it does not."""
    used = site.ENABLE_USER_SITE and site.getusersitepackages() in sys.path
    return site.getuserbase() if used else ""


def on_python_path(packages: Iterable[Path]) -> list[Path]:
    """Folders of packages that only ``PYTHONPATH`` leads to; the interpreter finds the others by itself."""
    named = [Path(entry).absolute() for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return [folder for folder in packages if folder in named]
