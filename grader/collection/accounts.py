"""What a platform writes of each submission into a file beside it, and whose name stands there.

Blackboard names students by their ids alone; the name is in the first line of an attempt's ``.txt``, as
``Name: Alumno Uno (alu001)`` in whatever language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from grader.collection.grouping import Student
from grader.collection.names import is_account
from grader.records import Message, Reason, say

_FIRST_BYTES = 4_000
_NAMED = re.compile(r"(?:[^:(]*:)?\s*(?P<name>[^\s(:][^(:]*?)\s*\((?P<id>[^()]+)\)\s*")
_BESIDE = say("The platform's own account of a submission.")
_ALONE = say("The platform's own account of a submission, with which no notebook came.")


def accounts_of(student: Student) -> list[PurePosixPath]:
    """The platform's accounts of what a student handed in."""
    return [place for place in student.places if student.platform_id and is_account(place.name)]


def named_by_accounts(student: Student, folder: Path) -> Student:
    """The student by the name that the platform's accounts tell, where the files have only an id."""
    if student.name != student.platform_id:
        return student
    names = (_name_in(folder / account, student.platform_id) for account in accounts_of(student))
    return replace(student, name=next(filter(None, names), student.name))


def why_accounts_are_left_out(students: Sequence[Student]) -> Iterator[tuple[PurePosixPath, tuple[Reason, Message]]]:
    """Each account, and why it is not graded; that of a student with a notebook is none of the student's files."""
    for student in students:
        for account in accounts_of(student):
            yield account, (Reason.SYSTEM, _BESIDE) if student.notebooks else (Reason.DOCUMENT, _ALONE)


def _name_in(account: Path, platform_id: str) -> str:
    """The name in the first line, where this id stands behind it; empty where it does not."""
    try:
        with account.open("rb") as opened:
            text = opened.read(_FIRST_BYTES).decode("utf-8-sig", "replace")
    except OSError:
        return ""
    found = _NAMED.fullmatch(text.strip().partition("\n")[0])
    return found["name"] if found and found["id"].casefold() == platform_id.casefold() else ""
