"""From a folder of what was handed in to submissions, and a list of all that is not graded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection as Container
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

from grader.collection.accounts import named_by_accounts, why_accounts_are_left_out
from grader.collection.beside import files_beside, read_beside
from grader.collection.choosing import Candidate, choose
from grader.collection.contents import Contents
from grader.collection.grouping import Student, group
from grader.collection.ids import make_ids
from grader.collection.left_out import why_left_out
from grader.collection.listing import Entry, Kind, list_folder
from grader.collection.names import is_part_of_work, is_shared, stem
from grader.collection.shared import FEWEST, find_shared
from grader.collection.templates import spare_templates
from grader.collection.written import looks, readable
from grader.errors import Phrase, UsageError
from grader.execution.beside import digest as digest_beside
from grader.records import Cell, Collection, HandedIn, LeftOut, Message, Reason, say
from grader.rubric.rubric import Rubric
from grader.submission import Assignment


def collect(
    folder: Path,
    rubric: Rubric,
    assignment: Assignment,
    *,
    known: Container[str] = (),
    skip: Sequence[Path] = (),
) -> Collection:
    """Find out what was handed in, and by whom.

    Args:
        known: ids that submissions of this class had before.
        skip: folders of the grader's own results.

    Raises:
        UsageError: the folder cannot be listed, holds far too much, or no notebook.
    """
    contents = Contents(folder, rubric, assignment)
    entries = _with_misnamed(list_folder(folder, skip), contents)
    given = spare_templates(entries, [path.stem for path in rubric.assignment_paths], contents.is_given)
    works = [entry for entry in entries if entry.path not in given]
    grouped = group(works, folder.resolve().name, contents)
    students = [_readable(named_by_accounts(student, folder)) for student in grouped]
    chosen = {
        number: choose(
            [
                Candidate(entry, contents.fit(entry.path) if len(student.notebooks) > 1 else None)
                for entry in student.notebooks
            ],
            numbers_count=student.numbers_count,
        )
        for number, student in enumerate(students)
        if student.notebooks
    }
    graded = [students[number] for number in chosen]
    ids = make_ids([student.id_from for student in graded], [_earlier_names(student) for student in graded], known)
    digests = [contents.digest(candidate.entry.path) for candidate, _ in chosen.values()]
    beside = [
        files_beside(candidate.entry.path, student, works, students, folder, rubric)
        for student, (candidate, _) in zip(graded, chosen.values(), strict=True)
    ]
    submissions = [
        HandedIn(
            submission=id,
            name=student.name,
            file=str(candidate.entry.path),
            sha256=digest,
            platform_id=student.platform_id,
            others=tuple(readable(str(other.entry.path)) for other in reasons),
            beside=tuple(map(str, found.files)),
            beside_sha256=digest_beside(read_beside(folder, str(candidate.entry.path), [*map(str, found.files)])),
        )
        for id, student, digest, found, (candidate, reasons) in zip(
            ids, graded, digests, beside, chosen.values(), strict=True
        )
    ]
    told = dict.fromkeys(given, (Reason.ASSIGNMENT, say("It is the assignment as it was given, beside other work.")))
    told |= {
        other.entry.path: (Reason.OTHER_NOTEBOOK, why) for _, whys in chosen.values() for other, why in whys.items()
    }
    told |= dict(why_accounts_are_left_out(students))
    told |= {path: (Reason.NOT_BESIDE, why) for found in beside for path, why in found.refused.items()}
    is_used = {candidate.entry.path for candidate, _ in chosen.values()}.union(*(found.files for found in beside))
    id_of = dict(zip(chosen, ids, strict=True))
    left_out = _left_out([e for e in entries if e.path not in is_used], entries, students, id_of, told)
    if not submissions:
        raise UsageError(
            "a folder of submissions must hold at least one .ipynb file. Received: {folder}{held}",
            folder=folder,
            held=_held(left_out),
        )
    doubles = _doubles(submissions, graded, contents.digests_of_assignment)
    found = sorted(doubles, key=lambda one: one.submission)
    shared = find_shared(_different(found, contents), assignment) if len(found) >= FEWEST else ()
    return Collection(tuple(found), tuple(left_out), shared)


def _different(submissions: Sequence[HandedIn], contents: Contents) -> dict[str, tuple[Cell, ...]]:
    """The cells of all submissions that can be read, of the same file from several students only once."""
    first = {one.sha256: one for one in reversed(submissions)}
    read = ((one.submission, contents.cells(PurePosixPath(one.file))) for one in first.values())
    return {submission: cells for submission, cells in read if cells}


def _with_misnamed(entries: Sequence[Entry], contents: Contents) -> list[Entry]:
    """The entries, with the notebooks known that have another ending, where nothing of their name has the right one."""
    named = {str(entry.path).casefold() for entry in entries}
    return [
        replace(entry, holds_notebook=True)
        if entry.may_hold_notebook
        and str(entry.path.with_name(f"{stem(entry.path.name)}.ipynb")).casefold() not in named
        and contents.holds_notebook(entry.path)
        else entry
        for entry in entries
    ]


def _readable(student: Student) -> Student:
    """With a name that can be read; where a platform gave none, its id is it."""
    name = readable(student.name).strip() or student.platform_id or readable(student.id_from).strip()
    return replace(student, name=name)


def _held(left_out: Sequence[LeftOut]) -> str:
    """What a folder without notebooks holds; empty where there is nothing."""
    found = [entry.path for entry in left_out if entry.reason is not Reason.SYSTEM]
    listed = ", ".join(found[:3]) + (", …" if len(found) > 3 else "")
    return Phrase(", which holds {listed}", listed=listed) if found else ""


def _earlier_names(student: Student) -> list[str]:
    """What ids were made of when only a folder's notebooks, and those of its folders, were found."""
    return [
        "_".join((*entry.path.parts[:-1], stem(entry.path.name)))
        for entry in student.notebooks
        if len(entry.path.parts) < 3
    ]


def _doubles(submissions: Sequence[HandedIn], students: Sequence[Student], given: Container[str]) -> list[HandedIn]:
    """The submissions, each with those that are the same file, or may be the same student's."""
    namesakes = Counter(looks(one.name) for one in submissions)
    told_apart = [replace(one, has_namesake=namesakes[looks(one.name)] > 1) for one in submissions]
    by_digest: dict[str, list[HandedIn]] = defaultdict(list)
    for one in told_apart:
        by_digest[one.sha256].append(one)
    called = {one.file: one.called for one in told_apart}
    nobodys = {"", sha256(b"").hexdigest(), *given}
    return [
        replace(
            one,
            same_file=()
            if one.sha256 in nobodys
            else tuple(other.called for other in by_digest[one.sha256] if other is not one),
            perhaps_same=tuple(called[str(path)] for path in student.perhaps_same if str(path) in called),
        )
        for one, student in zip(told_apart, students, strict=True)
    ]


def _left_out(
    left: Sequence[Entry],
    entries: Sequence[Entry],
    students: Sequence[Student],
    id_of: Mapping[int, str],
    told: Mapping[PurePosixPath, tuple[Reason, Message]],
) -> list[LeftOut]:
    """All that is not graded, with the student where the place tells one."""
    whose = {place: number for number, student in enumerate(students) for place in student.places}
    people = _folders_of_people(entries, students)
    filled = {folder for entry in entries if entry.kind is not Kind.SYSTEM for folder in entry.path.parents}
    found = []
    for entry in left:
        if entry.kind is Kind.FOLDER and entry.path in filled:
            continue
        number = next((whose[place] for place in (entry.path, *entry.path.parents) if place in whose), None)
        reason, why = told.get(entry.path) or why_left_out(entry)
        nobody = "" if reason is Reason.SYSTEM else people.get(entry.path.parts[0], "")
        found.append(
            LeftOut(
                path=readable(str(entry.path)),
                reason=reason,
                why=why,
                name=nobody if number is None else students[number].name,
                submission="" if number is None else id_of.get(number, ""),
            )
        )
    return found


def _folders_of_people(entries: Sequence[Entry], students: Sequence[Student]) -> dict[str, str]:
    """Folders of people of whom nothing is graded, with their names, where most of a class have a folder each."""
    holding = Counter(student.notebooks[0].path.parts[0] for student in students if student.notebooks)
    own = {entry.path.parts[0] for student in students for entry in student.notebooks if len(entry.path.parts) > 1}
    if 2 * sum(holding[name] == 1 for name in own) < len(students):
        return {}
    folders = {entry.path.parts[0] for entry in entries if entry.kind is Kind.FOLDER or len(entry.path.parts) > 1}
    return {
        name: readable(name) for name in folders - holding.keys() if not is_part_of_work(name) and not is_shared(name)
    }
