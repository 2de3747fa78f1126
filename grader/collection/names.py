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


_MONTHS = {
    name: number
    for names in ("jan feb mar apr may jun jul aug sep oct nov dec", "ene feb mar abr may jun jul ago set oct nov dic")
    for number, name in enumerate(names.split(), 1)
}
_BRIGHTSPACE = (
    r"(?P<id>\d+)-\d+ - (?P<name>.+?) - "
    r"(?P<month>[^\W\d]{3,})\.? (?P<day>\d{1,2}), (?P<year>\d{4}) "
    r"(?P<hour>\d{1,2})(?P<minute>\d\d)(?: (?P<half>[AP])M)?"
)
_BLACKBOARD = r".+?_(?P<name>(?P<id>[^_]+))_(?P<word>[^\W\d_]+)_(?P<when>\d{4}(?:-\d\d){5})"
"""The first date counts in both: what stands behind it, students have named."""
_FOLDERS = {
    "Brightspace": re.compile(_BRIGHTSPACE),
    "Moodle": re.compile(r"(?P<name>[^_]*)_(?P<id>\d+)_assign(?:submission|feedback)_[a-z0-9]+_?"),
}
_FILES = {
    "Moodle": re.compile(r"(?P<name>[^_]*)_(?P<id>\d+)_assignsubmission_[a-z0-9]+_(?P<file>.+)", re.DOTALL),
    "Canvas, anonymous": re.compile(r"(?:LATE_)?(?P<name>anon_(?P<id>[A-Za-z0-9]{5}))_(?P<part>[1-9]\d+)_(?P<file>.+)"),
    "Canvas": re.compile(
        r"(?P<name>[^\W_]\w*?)(?:_LATE)?_(?P<id>[1-9]\d+)_(?:(?P<part>[1-9]\d+)_(?P<file>.+)|(?:text|link)\.html)"
    ),
    "Blackboard": re.compile(rf"{_BLACKBOARD}(?:_(?P<file>.+)|\.txt)", re.DOTALL),
    "Brightspace": re.compile(rf"{_BRIGHTSPACE} - (?P<file>.+)", re.DOTALL),
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


def is_account(name: str) -> bool:
    """True for what Blackboard writes of an attempt into a file of its own."""
    return re.fullmatch(rf"{_BLACKBOARD}\.txt", unicodedata.normalize("NFC", name), re.DOTALL) is not None


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
        if platform == "Blackboard" and len({match["word"] for match in matches.values()}) > 1:
            continue  # its word for an attempt is one, and what changes from file to file are people's names
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
        and (len(students) >= 0.8 * len(names) or _are_numbered(matches))
        and len(names) * 2 >= len(matches)
    )


def _are_numbered(matches: Sequence[re.Match[str]]) -> bool:
    """Whether some have several attachments, and all those are one file under the numbers that Canvas gives them.

    Of a group's number there are several files, too, and what stands behind it are different people's names.
    """
    files = defaultdict(list)
    for match in matches:
        if match["part"]:
            files[match["id"]].append(re.sub(r"(?:-\d+)?(?:\.\w+)?$", "", match["file"]))
    several = [names for names in files.values() if len(names) > 1]
    return bool(several) and all(len({*names}) == 1 for names in several)


# --- attempts ---------------------------------------------------------------------------------------------------------

_EDGE = r"(?:^|[\s_.\-]+|(?<=[^\W\d_])(?=\())"
_EARLY = r"old|antigu[oa]s?|anterior(?:es)?|previ(?:ous|[oa])|prev|borrador(?:es)?|drafts?|backups?|bak|respaldo"
_LAST = r"final|definitiv[oa]|nuev[oa]|new"
_CORRECTED = r"corregid[oa]|revisad[oa]|corrected|revised|fixed"
_STAGES = rf"(?:(?P<early>{_EARLY})|(?P<last>{_LAST})|(?P<corrected>{_CORRECTED}))"
_ATTEMPTS = (
    re.compile(rf"{_EDGE}\((?P<number>\d+)\)$"),
    re.compile(rf"{_EDGE}\(?(?:copia|copy|kopie)\)?(?:[\s_\-]*\(?(?P<number>\d+)\)?)?$"),
    re.compile(rf"{_EDGE}\(?v(?:er(?:sion)?)?[\s_.\-]*(?P<number>\d+)\)?$"),
    re.compile(rf"{_EDGE}\(?(?:intento|attempt|entrega|submission|try)[\s_\-]*(?P<number>\d*)\)?$"),
    re.compile(rf"{_EDGE}\(?(?:version[\s_\-]+)?{_STAGES}(?:[\s_\-]*(?P<number>\d+))?\)?$"),
    re.compile(r"^(?:copia|copy|kopie)[\s_\-]+(?:de|of|von)[\s_\-]+(?P<number>)"),
    re.compile(rf"^{_STAGES}(?:[\s_\-]+(?:de|of))?[\s_\-]+"),
    re.compile(r"^untitled(?P<number>\d*)$"),
)
_PARTS_OF_WORK = frozenset(
    {
        "notebooks", "notebook", "src", "code", "codigo", "jupyter", "colab", "ipynb", "data", "datos", "docs", "tests",
        "enunciado", "plantilla", "template", "starter",
    }
)  # fmt: skip
"""Folders inside one student's work, as projects have them."""
_ONE_OF_SEVERAL = re.compile(
    r"(?:practica|ps|tema|topic|semana|week|lab(?:oratorio)?|unidad|unit|ejercicios?|exercises?|hw|homework|tarea|"
    r"assignment|sesion|session|modulo|module|parte|part|bloque|block|dia|day|leccion|lesson|capitulo|chapter|"
    r"proyecto|project)[\s_\-]*\d+"
)
"""What a student's work of a whole course is divided into."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A file's name without what tells attempts and copies apart."""

    core: str
    """Small letters without accents; empty where nothing but an attempt was named (``final``)."""
    number: int
    """0 where none is written."""
    is_copy: bool
    is_early: bool = False
    """A draft, a backup, or an older copy."""
    stage: int = 0
    """Above 0 for what is called final or corrected, and higher the more often it is."""


def attempt(stem: str) -> Attempt:
    """What a name without its ending says of attempts: ``Práctica (2)`` is the second ``practica``."""
    core, number, stage, is_copy, is_early = plain(stem), 0, 0, False, False
    changed = True
    while changed:
        changed = False
        for pattern in _ATTEMPTS:
            if match := pattern.search(core):
                core = (core[: match.start()] + core[match.end() :]).strip(" _-.")
                said = match.groupdict()
                number = max(number, min(int(said["number"]), 10_000)) if said.get("number") else number
                is_early = is_early or bool(said.get("early"))
                stage += bool(said.get("last")) + 2 * bool(said.get("corrected"))
                is_copy = changed = True
    return Attempt(core, number, is_copy, is_early, stage)


def sent(name: str) -> tuple[int, ...]:
    """When a platform took an attempt, from year to minute or second, as it names its folder or file; else empty."""
    name = unicodedata.normalize("NFC", name)
    if match := re.match(_BLACKBOARD, name):
        return tuple(map(int, match["when"].split("-")))
    match = re.match(_BRIGHTSPACE, name)
    month = _MONTHS.get(plain(match["month"])[:3]) if match else None
    if match is None or month is None:
        return ()
    hour = int(match["hour"])
    if match["half"]:
        hour = hour % 12 + 12 * (match["half"] == "P")
    return int(match["year"]), month, int(match["day"]), hour, int(match["minute"])


@dataclass(frozen=True, slots=True)
class Turn:
    """When a notebook was written, as far as its name and the folders that it stands in say."""

    is_early: bool
    """A draft, a backup, or an older copy; all others come after it."""
    numbers: tuple[int, int]
    """Of the folder, and of the file; 0 where none is written."""
    stage: int
    """Above 0 for what is called final or corrected."""
    sent: tuple[int, ...] = ()
    """When the platform took it; empty where it does not say."""


def turn(parts: Sequence[str]) -> Turn:
    """What names say of when something was written.

    Args:
        parts: the folders from the student's own on, and the file's name without its ending.
    """
    *folders, file = map(attempt, parts)
    return Turn(
        is_early=file.is_early or any(folder.is_early for folder in folders),
        numbers=(max((folder.number for folder in folders), default=0), file.number),
        stage=file.stage + sum(folder.stage for folder in folders),
        sent=max(map(sent, parts)),
    )


def stem(name: str) -> str:
    """A notebook's name without its ending, also where something stands behind it: ``ana.ipynb.txt`` is ``ana``."""
    return re.sub(r"(?i)\.ipynb(?:[^\w\s].*|\s*\(\d+\))?$|\.json$", "", name) or name


def is_part_of_work(folder: str) -> bool:
    """True for a folder that names a part or an attempt of one student's work, and no student."""
    return plain(folder) in _PARTS_OF_WORK or attempt(folder).core == ""


def is_one_of_several(folder: str) -> bool:
    """True for a folder that names a part of a course, such as ``practica 2``, and no student."""
    return _ONE_OF_SEVERAL.fullmatch(plain(folder)) is not None


def words_of(core: str) -> frozenset[str]:
    """The words of a file's name."""
    return frozenset(core.replace("_", " ").replace("-", " ").split())


def plain(text: str) -> str:
    """Small letters, without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))
