"""What names of files and folders say: of the platform that they come from, and of which attempt they are."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# --- platforms --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a file or folder is, as a platform names it."""

    name: str
    id: str
    """What the platform knows the student by: two may share a name."""
    numbers_count: bool = True
    """``x (1)`` was handed in after ``x``; false where the platform itself numbers files."""


_FOLDERS = {
    "Moodle": re.compile(r"(?P<name>[^_]*)_(?P<id>\d+)_assign(?:submission|feedback)_[a-z0-9]+_?"),
}
_FILES = {
    "Moodle": re.compile(r"(?P<name>[^_]*)_(?P<id>\d+)_assignsubmission_[a-z0-9]+_(?P<file>.+)", re.DOTALL),
    "Canvas, anonymous": re.compile(r"(?:LATE_)?(?P<name>anon_(?P<id>[A-Za-z0-9]{5}))_(?P<part>[1-9]\d+)_(?P<file>.+)"),
    "Canvas": re.compile(
        r"(?P<name>[^\W_]\w*?)(?:_LATE)?_(?P<id>[1-9]\d+)_(?:(?P<part>[1-9]\d+)_(?P<file>.+)|(?:text|link)\.html)"
    ),
    "Open edX": re.compile(r"(?P<name>.+)_(?P<id>[0-9a-f]{40})(?:\.\w+)?"),
}
_TEAMLESS = re.compile(r"[^_]+_assignsubmission_[a-z0-9]+_?")
"""The one folder of Moodle's for all who have no team."""
_YEARS = range(1990, 2100)


def owner_of_folder(name: str) -> Owner | None:
    """Whose a folder is; None where its name is no platform's."""
    for pattern in _FOLDERS.values():
        if match := pattern.fullmatch(unicodedata.normalize("NFC", name)):
            return Owner(match["name"], match["id"])
    return None


def is_shared(name: str) -> bool:
    """True for a platform's folder that holds what several students handed in."""
    return owner_of_folder(name) is None and _TEAMLESS.fullmatch(name) is not None


def owners_of_files(names: Sequence[str]) -> Mapping[str, Owner]:
    """Whose each file of one folder is; those that no platform named are missing."""
    found: dict[str, Owner] = {}
    for platform, pattern in _FILES.items():
        matches = {
            name: match
            for name in names
            if name not in found and (match := pattern.fullmatch(unicodedata.normalize("NFC", name)))
        }
        if platform.startswith("Canvas") and not _is_canvas([*matches.values()]):
            continue
        for name, match in matches.items():
            found[name] = Owner(match["name"], match["id"], numbers_count=not platform.startswith("Canvas"))
    return found


def _is_canvas(matches: Sequence[re.Match[str]]) -> bool:
    """Whether numbers in names are Canvas's: each attachment has its own, and one of a student's goes with one name.

    Names such as ``practica_3_11_ana`` have numbers, too, and those of one group must not become one student.
    """
    parts = Counter(match["part"] for match in matches if match["part"])
    names, students = defaultdict(set), defaultdict(set)
    for match in matches:
        names[match["id"]].add(match["name"])
        students[match["name"]].add(match["id"])
        if match["id"].isdigit() and int(match["id"]) in _YEARS and int(match["part"] or 0) < 32:
            return False
    return (
        all(count == 1 for count in parts.values())
        and all(len(together) == 1 for together in names.values())
        and len(students) >= 0.8 * len(names)
        and len(names) * 2 >= len(matches)
    )


# --- attempts ---------------------------------------------------------------------------------------------------------

_EDGE = r"(?:^|[\s_.\-]+|(?<=[^\W\d_])(?=\())"
_ATTEMPTS = (
    re.compile(rf"{_EDGE}\((?P<number>\d+)\)$"),
    re.compile(rf"{_EDGE}\(?(?:copia|copy|kopie)\)?(?:[\s_\-]*\(?(?P<number>\d+)\)?)?$"),
    re.compile(rf"{_EDGE}\(?v(?:er(?:sion)?)?[\s_.\-]*(?P<number>\d+)\)?$"),
    re.compile(rf"{_EDGE}\(?(?:intento|attempt|entrega|submission|try)[\s_\-]*(?P<number>\d*)\)?$"),
    re.compile(
        rf"{_EDGE}\(?(?:version[\s_\-]+)?(?:final|definitiv[oa]|corregid[oa]|borrador|draft|nuev[oa]|old|new|backup)\)?$"
    ),
    re.compile(r"^(?:copia|copy|kopie)[\s_\-]+(?:de|of|von)[\s_\-]+(?P<number>)"),
    re.compile(r"^untitled(?P<number>\d*)$"),
)
_PARTS_OF_WORK = frozenset(
    {"notebooks", "notebook", "src", "code", "codigo", "jupyter", "colab", "ipynb", "anteriores"}
)
"""Folders inside one student's work, as projects have them."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A file's name without what tells attempts and copies apart."""

    core: str
    """Small letters without accents; empty where nothing but an attempt was named (``final``)."""
    number: int
    """0 where none is written."""
    is_copy: bool


def attempt(stem: str) -> Attempt:
    """What a name without its ending says of attempts: ``Práctica (2)`` is the second ``practica``."""
    core, number, is_copy = plain(stem), 0, False
    changed = True
    while changed:
        changed = False
        for pattern in _ATTEMPTS:
            if match := pattern.search(core):
                core = (core[: match.start()] + core[match.end() :]).strip(" _-.")
                digits = match.groupdict().get("number")
                number = max(number, min(int(digits), 10_000)) if digits else number
                is_copy = changed = True
    return Attempt(core, number, is_copy)


def stem(name: str) -> str:
    """A notebook's name without its ending, also where something stands behind it: ``ana.ipynb.txt`` is ``ana``."""
    return re.sub(r"(?i)\.ipynb(?:[^\w\s].*|\s*\(\d+\))?$|\.json$", "", name) or name


def is_part_of_work(folder: str) -> bool:
    """True for a folder that names a part or an attempt of one student's work, and no student."""
    return plain(folder) in _PARTS_OF_WORK or attempt(folder).core == ""


def plain(text: str) -> str:
    """Small letters, without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
