"""Whose each notebook is: the rules that part a folder into students.

A folder is one student's where a platform's naming says so (`names`), where it is a repository, or where its notebooks
are alike: attempts and copies of one another. Where the contents deny that, and in every other folder, each notebook is
a student's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Protocol

from grader.collection.listing import Entry, Kind
from grader.collection.names import (
    Attempt,
    Owner,
    attempt,
    is_one_of_several,
    is_part_of_work,
    is_shared,
    owner_of_folder,
    owners_of_files,
    stem,
    words_of,
)

MOST_ATTEMPTS = 10
"""Notebooks of like names that one student may have; more are a class's (``practica (1)`` to ``practica (29)``)."""


class Contents(Protocol):
    """What notebooks hold, as far as it tells whose they are."""

    def hold_the_same(self, one: PurePosixPath, other: PurePosixPath) -> bool:
        """Whether two notebooks hold the same work, as far as it is the student's own."""
        ...

    def are_of_several(self, paths: Sequence[PurePosixPath]) -> bool:
        """Whether notebooks hold works that have next to nothing in common."""
        ...


@dataclass(frozen=True, slots=True)
class Student:
    """One student's notebooks."""

    name: str
    """As it was written."""
    id_from: str
    """What the id is made of."""
    notebooks: tuple[Entry, ...]
    platform_id: str = ""
    places: tuple[PurePosixPath, ...] = ()
    """Folders and files that are this student's."""
    numbers_count: bool = True
    """``x (1)`` was handed in after ``x``."""
    perhaps_same: tuple[PurePosixPath, ...] = ()
    """Notebooks of others who may be the same student, by the files' names."""


def group(entries: Sequence[Entry], root: str, contents: Contents) -> list[Student]:
    """The students of a listed folder. Students without a notebook are among them: something else of theirs is there.

    Args:
        root: the folder's own name.
    """
    tree = _Tree(entries, contents)
    return _named(list(tree.students(PurePosixPath(), is_nbgrader=root == "submitted")))


@dataclass
class _Tree:
    """A listed folder, by folder."""

    entries: Sequence[Entry]
    contents: Contents
    inside: dict[PurePosixPath, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for entry in self.entries:
            self.inside[entry.path.parent].append(entry)

    def students(self, folder: PurePosixPath, *, is_nbgrader: bool) -> Iterator[Student]:
        """The students of a folder that is not one student's."""
        yield from self._of_files(folder)
        together: dict[Owner, list[PurePosixPath]] = defaultdict(list)
        for entry in self.inside[folder]:
            if entry.kind is not Kind.FOLDER:
                continue
            path = entry.path
            if owner := owner_of_folder(path.name):
                together[owner].append(path)
            elif is_nbgrader or self._is_nbgrader_student(path):
                yield Student(path.name, path.name, self.notebooks_below(path), places=(path,))
            elif self._is_repository(path):
                home = self._home(path)
                yield from self._one_by_contents(home, home.name)
            elif self._is_one_student(path):
                yield from self._one_by_contents(path, _id_from(min(self.notebooks_below(path), key=_earliest).path))
            else:
                yield from self.students(path, is_nbgrader=path.name == "submitted")
        for owner, paths in together.items():
            notebooks = tuple(notebook for path in paths for notebook in self.notebooks_below(path))
            yield _of_owner(owner, notebooks, tuple(paths))

    def notebooks_below(self, folder: PurePosixPath) -> tuple[Entry, ...]:
        """All notebooks of a folder, at any depth."""
        return self._notebooks.get(folder, ())

    @cached_property
    def _notebooks(self) -> Mapping[PurePosixPath, tuple[Entry, ...]]:
        found: dict[PurePosixPath, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            if entry.is_notebook:
                for folder in entry.path.parents:
                    found[folder].append(entry)
        return {folder: tuple(notebooks) for folder, notebooks in found.items()}

    def _of_files(self, folder: PurePosixPath) -> Iterator[Student]:
        """Files that stand in the folder itself: those of a platform by their owners, other notebooks one by one."""
        files = [entry for entry in self.inside[folder] if entry.kind is Kind.FILE]
        owners = owners_of_files([entry.path.name for entry in files])
        together: dict[Owner, list[Entry]] = defaultdict(list)
        for entry in files:
            if owner := owners.get(entry.path.name):
                together[owner].append(entry)
        for owner, own in together.items():
            yield _of_owner(owner, tuple(e for e in own if e.is_notebook), tuple(e.path for e in own))
        singles = [entry for entry in files if entry.is_notebook and entry.path.name not in owners]
        doubles = _by_core(singles)
        for entry in singles:
            path = entry.path
            others = tuple(other.path for other in doubles[path] if other is not entry)
            yield Student(_written(path), _id_from(path), (entry,), places=(path,), perhaps_same=others)

    def _is_nbgrader_student(self, folder: PurePosixPath) -> bool:
        """``<student>/<assignment>/`` with nbgrader's own file in it."""
        return any(
            entry.kind is Kind.FOLDER and any(e.path.name == "timestamp.txt" for e in self.inside[entry.path])
            for entry in self.inside[folder]
        )

    def _is_repository(self, folder: PurePosixPath) -> bool:
        """A student's; that of a whole class is none of them."""
        is_cloned = any(entry.path.name == ".git" for entry in self.inside[folder])
        return (
            is_cloned
            and len(self.notebooks_below(folder)) <= MOST_ATTEMPTS
            and not self._holds_people(folder)
            and not self._has_owners_below(folder)
        )

    def _home(self, repository: PurePosixPath) -> PurePosixPath:
        """The outermost folder that holds this repository's notebooks alone: its name is more likely the student's."""
        home, notebooks = repository, self.notebooks_below(repository)
        while home.parent.parts and self.notebooks_below(home.parent) == notebooks and not is_shared(home.parent.name):
            home = home.parent
        return home

    def _holds_people(self, folder: PurePosixPath) -> bool:
        """Whether folders side by side hold notebooks of one name, and are no parts of a student's work."""
        folders = [entry.path for entry in self.inside[folder] if entry.kind is Kind.FOLDER]
        people = [path for path in folders if not is_part_of_work(path.name) and not is_one_of_several(path.name)]
        held = Counter(
            core for path in people for core in {attempt(stem(e.path.name)).core for e in self.notebooks_below(path)}
        )
        return any(count > 1 for count in held.values()) or any(map(self._holds_people, folders))

    def _is_one_student(self, folder: PurePosixPath) -> bool:
        """Whether the notebooks below are attempts or copies of one another, and no folder below is somebody else's."""
        notebooks = self.notebooks_below(folder)
        if not 1 < len(notebooks) <= MOST_ATTEMPTS or self._has_owners_below(folder):
            return False
        if is_shared(folder.name):
            return False
        for notebook in notebooks:
            between = notebook.path.relative_to(folder).parts[:-1]
            if not all(is_part_of_work(part) for part in between):
                return False
        first, *others = sorted(notebooks, key=_earliest)
        return all(self._are_alike(first.path, other.path) for other in others)

    def _has_owners_below(self, folder: PurePosixPath) -> bool:
        names = [entry.path.name for entry in self.inside[folder]]
        return (
            any(map(owner_of_folder, names))
            or bool(owners_of_files(names))
            or any(self._has_owners_below(entry.path) for entry in self.inside[folder] if entry.kind is Kind.FOLDER)
        )

    def _are_alike(self, one: PurePosixPath, other: PurePosixPath) -> bool:
        """By their names; where one name only says more than the other, their contents decide."""
        cores = attempt(stem(one.name)).core, attempt(stem(other.name)).core
        if cores[0] == cores[1]:
            return True
        words = [words_of(core) for core in cores]
        return (words[0] <= words[1] or words[1] <= words[0]) and self.contents.hold_the_same(one, other)

    def _one_by_contents(self, folder: PurePosixPath, id_from: str) -> Iterator[Student]:
        """A folder that is one student's by the names; where the contents deny it, its notebooks one by one."""
        notebooks = self.notebooks_below(folder)
        paths = [notebook.path for notebook in notebooks]
        if not self.contents.are_of_several(paths):
            yield Student(folder.name, id_from, notebooks, places=(folder,))
            return
        for notebook in notebooks:
            path = notebook.path
            others = tuple(other for other in paths if other != path)
            yield Student(_written(path), _id_from(path), (notebook,), places=(path,), perhaps_same=others)


def _earliest(notebook: Entry) -> tuple[int, bool, int, str]:
    """The one that the others are attempts and copies of comes first."""
    found = attempt(stem(notebook.path.name))
    return found.number, found.is_copy, len(notebook.path.parts), str(notebook.path)


def _by_core(notebooks: Sequence[Entry]) -> Mapping[PurePosixPath, list[Entry]]:
    """By notebook, those of one folder whose names make them attempts of one; none where that would be half a class."""
    found: dict[str, list[tuple[Entry, Attempt]]] = defaultdict(list)
    for entry in notebooks:
        made = attempt(stem(entry.path.name))
        found[made.core].append((entry, made))
    return {
        entry.path: [other for other, _ in alike]
        if core and 1 < len(alike) <= MOST_ATTEMPTS and any(made.is_copy for _, made in alike)
        else []
        for core, alike in found.items()
        for entry, _ in alike
    }


def _of_owner(owner: Owner, notebooks: tuple[Entry, ...], places: tuple[PurePosixPath, ...]) -> Student:
    return Student(
        name=owner.name,
        id_from=owner.name if owner.name.endswith(owner.id) else f"{owner.name}_{owner.id}",
        notebooks=notebooks,
        platform_id=owner.id,
        places=places,
        numbers_count=owner.numbers_count,
    )


def _id_from(notebook: PurePosixPath) -> str:
    return "_".join((*notebook.parts[:-1], stem(notebook.name)))


def _written(notebook: PurePosixPath) -> str:
    """A file's name as it is shown: without its ending, and with the folders that it stands in."""
    return str(notebook.with_name(stem(notebook.name)))


# --- names of folders -------------------------------------------------------------------------------------------------


def _named(students: Sequence[Student]) -> list[Student]:
    """Where file names say nothing of whose they are, since many have the same, the folder's name is the student's."""
    in_folders: dict[str, set[PurePosixPath]] = defaultdict(set)
    for student in students:
        for notebook in student.notebooks:
            in_folders[attempt(stem(notebook.path.name)).core].add(_own_folder(notebook.path))
    shared = {core for core, folders in in_folders.items() if len(folders) > 1 or core == ""}
    proposed = [_by_folder(student, shared) for student in students]
    counts = Counter(proposed)
    return [
        replace(student, name=name) if name and counts[name] == 1 else student
        for student, name in zip(students, proposed, strict=True)
    ]


def _by_folder(student: Student, shared: set[str]) -> str:
    """The folder's name; empty where the student has another."""
    if student.platform_id or len(student.notebooks) != 1:
        return ""
    path = student.notebooks[0].path
    if student.name != _written(path) or attempt(stem(path.name)).core not in shared:
        return ""
    return str(_own_folder(path)) if path.parent.parts else ""


def _own_folder(notebook: PurePosixPath) -> PurePosixPath:
    """The nearest folder that is not merely a part of somebody's work."""
    folder = notebook.parent
    while len(folder.parts) > 1 and is_part_of_work(folder.name):
        folder = folder.parent
    return folder
