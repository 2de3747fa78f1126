"""Notebooks that are the assignment as it was given, and stand beside what a student made of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from pathlib import PurePosixPath

from grader.collection.listing import Entry
from grader.collection.names import attempt, owners_of_files, stem, words_of

_WORDS = frozenset({"enunciado", "plantilla", "template", "assignment", "statement", "starter", "original", "blank"})
_OTHER_WORDS = frozenset(
    {"practica", "practicas", "tarea", "trabajo", "ejercicio", "ejercicios", "notebook", "cuaderno", "de", "del", "la",
     "el", "the", "of", "sin", "resolver", "vacio", "vacia"}
)  # fmt: skip
"""What may stand beside them in a name that is no person's."""


def spare_templates(
    entries: Sequence[Entry], names: Collection[str], is_given: Callable[[PurePosixPath], bool]
) -> frozenset[PurePosixPath]:
    """The notebooks to leave out: they hold the assignment and nothing else, and are named like it.

    One that is alone in its folder is what its student handed in.

    Args:
        names: of the assignment's own files, without their endings.
        is_given: whether a notebook holds the assignment and nothing else; asked only of those that may be left out.
    """
    inside = defaultdict(list)
    for entry in entries:
        if entry.is_notebook:
            for folder in entry.path.parents:
                inside[folder].append(entry.path)
    cores = {attempt(name).core for name in names}
    found = set()
    for folder, below in inside.items():
        here = [path for path in below if path.parent == folder]
        owners = owners_of_files([path.name for path in here])
        unowned = [path for path in here if path.name not in owners]
        candidates = [path for path in unowned if _is_named_like_one(path, cores) or _is_shorter(path, below)]
        given = {path for path in candidates if len(below) > 1 and is_given(path)}
        if len(given) < len(below):
            found |= given
    return frozenset(found)


def _is_named_like_one(path: PurePosixPath, cores: Collection[str]) -> bool:
    core = attempt(stem(path.name)).core
    said = words_of(core)
    named = said & _WORDS and all(word in _WORDS or word in _OTHER_WORDS or word.isdigit() for word in said)
    return bool(named) or (core != "" and core in cores)


def _is_shorter(path: PurePosixPath, notebooks: Sequence[PurePosixPath]) -> bool:
    """``practica.ipynb`` beside nothing but ``practica_ana.ipynb``."""
    others = [other for other in notebooks if other != path]
    mine = words_of(attempt(stem(path.name)).core)
    return len(others) == 1 and bool(mine) and mine < words_of(attempt(stem(others[0].name)).core)
