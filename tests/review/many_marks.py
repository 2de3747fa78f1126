"""What each of several processes does at once; in a module of its own, which is quick to import."""

from __future__ import annotations

from grader.gradebook import Gradebook
from grader.records import HumanMark

EACH = 25


def mark_many(url: str, who: str) -> None:
    book = Gradebook(url)
    for number in range(EACH):
        book.add_marks([HumanMark(f"submission {number}", "1", "optimizer", 0.5, who)])
