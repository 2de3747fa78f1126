"""At the desk a person says whose the texts are that most submissions share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from desks import Served, served
from review_fixtures import desk, graded_out, out  # noqa: F401

from grader.gradebook import Gradebook
from grader.publishing import settle
from grader.records import SharedText
from grader.review.classroom import Key
from grader.settings import Settings
from grader.submission.wording import words
from grader.training.data import DEFAULT_FOLDER


def share(out: Path) -> list[Key]:
    """Have the class share the longest line of an answer, and give the keys of those findings."""
    book = Gradebook(f"sqlite:///{out / 'gradebook.db'}")
    results = [result for name in book.submissions() if (result := book.result(name)) is not None]
    lines = [
        (line, result.submission, question)
        for result in results
        for question, passages in result.passages.items()
        for passage in passages
        for line in passage.text.split("\n")
    ]
    line, submission, question = max(lines, key=lambda found: len(words(found[0])))
    text = SharedText("text", " ".join(words(line)), line, 3, 11, 12)
    book.keep_collection(replace(book.collection(), shared=(text,)))
    book.close()
    (found,) = [result for result in results if result.submission == submission]
    return [
        (submission, question, finding.check)
        for score in found.score.questions
        for finding in score.findings
        if finding.question == question and finding.evidence.get("answer")
    ]


def is_open(desk: Served, keys: list[Key]) -> list[bool]:
    with desk.room.lock:
        desk.room.refresh()
        return [desk.room.is_open(key) for key in keys]


@pytest.mark.parametrize("said", ["given", "own"])
def test_what_is_said_there_holds(said: str, out: Path) -> None:
    keys = share(out)
    with served(out) as desk:
        browser = desk.browser()
        waiting = is_open(desk, keys)
        assert "11 / 12" in browser.get("/").text

        assert browser.post("/shared", {"as": said}).status_code == 204
        assert "11 / 12" not in browser.get("/").text
        settled, pending = settle(
            Settings(out, "en", "bwrap", desk.room.rubric.limits, DEFAULT_FOLDER, workers=1), desk.room.shared
        )

    assert all(waiting)
    assert keys
    assert (settled.given, len(settled.texts), pending) == (said == "given", 1, ())


def test_answers_wait_for_nothing_else_once_it_is_said(out: Path) -> None:
    with served(out) as desk:
        before = is_open(desk, keys := share(out))
    with served(out) as desk:
        desk.browser().post("/shared", {"as": "own"})
        assert is_open(desk, keys) == before


def test_nothing_else_can_be_said(out: Path) -> None:
    share(out)
    with served(out) as desk:
        answer = desk.browser().post("/shared", {"as": "nobody"})

        assert (answer.status_code, "one of: given, own. Received: nobody." in answer.text) == (400, True)
        assert len(desk.room.shared) == 1


def test_a_class_that_shares_nothing_is_asked_nothing(desk: Served) -> None:
    assert "/shared" not in desk.browser().get("/").text
