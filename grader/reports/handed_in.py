"""What an instructor should know of how a class handed in its notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grader.records import HandedIn, LeftOut, Message, Reason, say


def doubts(one: HandedIn) -> Iterator[Message]:
    """What an instructor should know of how a submission was handed in."""
    if one.is_misnamed:
        yield say("The file is called “{file}”; it holds a notebook, and was graded as one.", file=one.file)
    if one.same_file:
        yield say("The same file, byte for byte, as that of: {names}.", names=one.same_file)
    if one.perhaps_same:
        yield say("By the names of the files, perhaps the same student as: {names}.", names=one.perhaps_same)


def in_order_of_need(left_out: Iterable[LeftOut]) -> list[LeftOut]:
    """What people should see of what is not graded: first that of which nothing else of the same student is."""
    shown_ones = [entry for entry in left_out if entry.reason is not Reason.SYSTEM]
    return sorted(shown_ones, key=lambda entry: bool(entry.submission))
