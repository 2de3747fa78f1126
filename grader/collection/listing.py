"""All that stands in a folder of submissions, without opening a file or following a link."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path, PurePosixPath

from grader.errors import Phrase, UsageError

MOST_ENTRIES = 50_000
"""Files and folders that are listed; with more it is hardly a folder of submissions."""
DEEPEST = 12
"""Folders inside each other."""
EARLIER_RESULTS = frozenset({"gradebook.db", "grades.csv", "index.html"})
"""What a folder holds that an earlier grading wrote."""

_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz")
_SYSTEM_FOLDERS = frozenset({"__macosx", "__pycache__", "node_modules", "venv", "site-packages"})
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "timestamp.txt", "submission_secret.txt"})
_SYSTEM_ENDINGS = (".tmp", ".crdownload", ".part", ".pyc")
CHECKPOINTS = ".ipynb_checkpoints"
"""Jupyter's copies of the notebooks beside it: where there are none, they are all that is left of somebody's work."""
_NEVER_STUDENTS = frozenset({"__macosx", CHECKPOINTS, ".git", ".hg", ".svn", "site-packages"})
"""System folders in which notebooks are programs' copies of others, or come with packages."""


class Kind(StrEnum):
    """What an entry is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    NO_FILE = "pipe or device"
    UNREADABLE = "unreadable folder"
    TOO_DEEP = "folder that is too deep"
    SYSTEM = "system"
    """Made by a program, not by a student; in folders of this kind only notebooks are looked for."""
    HIDDEN = "hidden notebook"
    """A notebook whose name, or a folder's that it is in, is one of hidden and temporary files."""
    EARLIER_RESULTS = "earlier results"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder."""

    path: PurePosixPath
    """From the listed folder on."""
    kind: Kind = Kind.FILE
    modified: float = 0.0
    """When it was changed last, in seconds since 1970."""
    holds_notebook: bool = False
    """It is named otherwise, and a notebook is what it holds."""

    @property
    def is_notebook(self) -> bool:
        """True for a file that is named like a notebook, or holds one."""
        return self.kind is Kind.FILE and (self.path.suffix.casefold() == ".ipynb" or self.holds_notebook)

    @property
    def may_hold_notebook(self) -> bool:
        """True for what a browser or a platform may have made of a notebook's name: ``ana.ipynb.txt``, ``ana.json``."""
        name = self.path.name.casefold()
        is_named = ".ipynb" in name or name.endswith(".json")
        return self.kind is Kind.FILE and is_named and not (self.is_notebook or is_archive(name))


def list_folder(folder: Path, skip: Sequence[Path] = ()) -> list[Entry]:
    """All files and folders below a folder, by path.

    Args:
        skip: folders that hold the grader's own results.

    Raises:
        UsageError: it is a file, does not exist, cannot be listed, or holds more than `MOST_ENTRIES`.
    """
    found = []
    try:
        if folder.is_file():
            raise UsageError(
                "submissions must stand in a readable folder{instead}. Received: {folder}, which is a file",
                instead=_instead_of(folder),
                folder=folder,
            )
        own = {path.resolve() for path in skip}
        for entry in _below(folder, PurePosixPath(), own):
            found.append(entry)
            if len(found) > MOST_ENTRIES:
                raise UsageError(
                    "a folder of submissions may hold at most {most} files and folders. Received: {folder}, with more",
                    most=MOST_ENTRIES,
                    folder=folder,
                )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(
            "submissions must stand in a readable folder. Received: {folder} ({reason})", folder=folder, reason=reason
        ) from error
    return sorted(found, key=lambda entry: entry.path.parts)


def _instead_of(file: Path) -> Phrase:
    """What to do with a file that was given for a folder of submissions."""
    if file.suffix.casefold() == ".ipynb":
        return Phrase(": give the one that this notebook is in, or look at this one alone with grader check")
    if is_archive(file.name):
        return Phrase(": unpack this archive, and give the folder with what was in it")
    return Phrase(": give the one with the students' .ipynb files")


def is_archive(name: str) -> bool:
    """True for what has to be unpacked first."""
    return name.casefold().endswith(_ARCHIVES)


def _below(folder: Path, path: PurePosixPath, own: set[Path]) -> Iterator[Entry]:
    """Raises OSError where `folder` itself cannot be listed."""
    inside: list[tuple[Path, PurePosixPath]] = []
    with os.scandir(folder) as found:
        items = list(islice(found, MOST_ENTRIES + 1))
    for item in items:
        entry = _entry(item, path / item.name, own)
        if entry.kind is Kind.FOLDER:
            inside.append((Path(item.path), entry.path))
            continue
        yield entry
        if entry.kind is Kind.SYSTEM and item.is_dir(follow_symlinks=False):
            is_all_there_is = item.name == CHECKPOINTS and not any(_is_named_as_notebook(one.name) for one in items)
            never = _NEVER_STUDENTS - {CHECKPOINTS} if is_all_there_is else _NEVER_STUDENTS
            yield from _hidden_notebooks(Path(item.path), entry.path, never)
    for below, its_path in inside:
        try:
            yield from _children(below, its_path, own)
        except OSError:
            yield Entry(its_path, Kind.UNREADABLE)


def _children(folder: Path, path: PurePosixPath, own: set[Path]) -> Iterator[Entry]:
    """A folder and all below it. Raises OSError before anything was given."""
    if len(path.parts) > DEEPEST:
        yield Entry(path, Kind.TOO_DEEP)
        return
    entries = _below(folder, path, own)
    first = next(entries, None)
    yield Entry(path, Kind.FOLDER)
    if first is not None:
        yield first
    yield from entries


def _entry(item: os.DirEntry[str], path: PurePosixPath, own: set[Path]) -> Entry:
    """Never raises: what the system tells nothing of cannot be read."""
    try:
        return _looked_at(item, path, own)
    except OSError:
        return Entry(path, Kind.UNREADABLE)


def _looked_at(item: os.DirEntry[str], path: PurePosixPath, own: set[Path]) -> Entry:
    if item.is_symlink():
        return Entry(path, Kind.LINK)
    if item.is_dir():
        if is_system(item.name) or item.name.casefold() in _SYSTEM_FOLDERS:
            return Entry(path, Kind.SYSTEM)
        if _holds_results(Path(item.path), own):
            return Entry(path, Kind.EARLIER_RESULTS)
        return Entry(path, Kind.FOLDER)
    if not item.is_file():
        return Entry(path, Kind.NO_FILE)
    if is_system(item.name):
        return Entry(path, Kind.HIDDEN if _is_named_as_notebook(item.name) else Kind.SYSTEM)
    with suppress(OSError):
        return Entry(path, Kind.FILE, item.stat(follow_symlinks=False).st_mtime)
    return Entry(path, Kind.FILE)


def _hidden_notebooks(folder: Path, path: PurePosixPath, never: Container[str]) -> Iterator[Entry]:
    """The notebooks at any depth of a folder that programs make or hide, but for folders of the names `never`."""
    looked_at = 0
    for place, folders, files in os.walk(folder):
        if Path(place).name.casefold() in never or looked_at > MOST_ENTRIES:
            folders.clear()
            continue
        looked_at += len(folders) + len(files)
        for name in files:
            if _is_named_as_notebook(name):
                yield Entry(path / (Path(place) / name).relative_to(folder), Kind.HIDDEN)


def _is_named_as_notebook(name: str) -> bool:
    """True also for ``~ana.ipynb`` and ``.ipynb``; not for ``._ana.ipynb``, which macOS writes and is no notebook."""
    return name.casefold().endswith(".ipynb") and not name.startswith("._")


def is_system(name: str) -> bool:
    """True for hidden files and folders, and for what programs and operating systems leave behind."""
    folded = name.casefold()
    is_unfinished = folded.endswith(_SYSTEM_ENDINGS) and ".ipynb" not in folded
    return folded.startswith((".", "~")) or folded in _SYSTEM_FILES or is_unfinished


def _holds_results(folder: Path, own: set[Path]) -> bool:
    """Raises OSError where the folder may not be looked into."""
    return folder.resolve() in own or all((folder / name).is_file() for name in EARLIER_RESULTS)
