"""What an instructor should know of how a class handed in its notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from grader.records import HandedIn, LeftOut, Message, Reason, Result, SharedText, say, say_number
from grader.reports.text import name_order
from grader.rubric.criteria import Withheld
from grader.rubric.rubric import Rubric


def doubts(one: HandedIn) -> Iterator[Message]:
    """What an instructor should know of how a submission was handed in."""
    if one.is_misnamed:
        yield say("The file is called “{file}”; it holds a notebook, and was graded as one.", file=one.file)
    if one.same_file:
        yield say("The same file, byte for byte, as that of: {names}.", names=one.same_file)
    if one.perhaps_same:
        yield say("By the names of the files, perhaps the same student as: {names}.", names=one.perhaps_same)


SHARED_ASKED = say("Grade again with:")
SHARED_OPTIONS = (
    ("--shared given", say("if they were given to the students")),
    ("--shared own", say("if the students wrote them themselves")),
)
"""What an instructor can say of shared texts, and when."""


def about_shared(shared: Sequence[SharedText]) -> Iterator[Message]:
    """What most submissions have in common, and what that means; one of `SHARED_OPTIONS` settles it."""
    yield say_number(
        "{count} text stands alike in {most} of {of} notebooks, and in no assignment notebook. Is it from another "
        "edition?",
        "{count} texts stand alike in up to {most} of {of} notebooks, and in no assignment notebook. Are they from "
        "another edition?",
        len(shared),
        count=len(shared),
        most=max(text.count for text in shared),
        of=shared[0].of,
    )
    yield say("No mark depends on it yet; answers that hold such text wait for a person.")


def told_gone(gone: Sequence[str]) -> Message:
    """That some were graded before, and are not in the folder now: perhaps it is another folder than it was."""
    return say_number(
        "{count} that was graded before is no longer in the folder, and not on the pages: {names}. Its marks are kept.",
        "{count} that were graded before are no longer in the folder, and not on the pages: {names}. Their marks are "
        "kept.",
        len(gone),
        count=len(gone),
        names=gone,
    )


def told_withheld(rubric: Rubric) -> Message:
    """That a class was graded by the rubric that students get."""
    withheld = sum(
        criterion.points
        for question in rubric.questions
        for criterion in question.criteria
        if isinstance(criterion, Withheld)
    )
    return say(
        "This rubric is the students', without answers: {points} of {of} points wait for a person in every notebook. "
        "Grade with your own.",
        points=withheld,
        of=rubric.points,
    )


def by_name(results: Iterable[Result]) -> list[Result]:
    """Results as a person looks for them."""
    return sorted(results, key=lambda result: (name_order(result.name), result.submission))


def in_order_of_need(left_out: Iterable[LeftOut]) -> list[LeftOut]:
    """What people should see of what is not graded: first that of which nothing else of the same student is."""
    shown_ones = [entry for entry in left_out if entry.reason is not Reason.SYSTEM]
    return sorted(shown_ones, key=lambda entry: bool(entry.submission))
