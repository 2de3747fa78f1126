"""Where a reviewer goes on: what is left in questions first, then submissions of which nothing could be judged."""

from __future__ import annotations

from dataclasses import dataclass

from grader.records import Message, say
from grader.review.classroom import Classroom
from grader.review.pages import open_link, submission_link


@dataclass(frozen=True, slots=True)
class Step:
    """A page to go on to, and what the link to it is called."""

    link: str
    label: Message


def next_step(room: Classroom, question: str = "", *, after: bool = False, leaving: str = "") -> Step:
    """The next page with something to decide, or the overview where nothing is left.

    Args:
        question: where to begin; the questions before it come last.
        after: begin behind it, and leave it out.
        leaving: a submission to leave out.
    """
    if following := room.next_question(question, after=after):
        return Step(open_link(following), say("Next question" if after else "Next to decide"))
    for name in room.whole_cases():
        if name != leaving and any(map(room.is_open, room.keys_of(name))):
            return Step(submission_link(room.code(name)), say("Next submission"))
    return Step("/", say("All questions"))
