"""A finding's history: what is given twice stands once, and an undo is told as one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from desks import RUBRIC, Browser, Served, served
from written_class import make_class, make_results

from grader.gradebook import Gradebook
from grader.publishing import open_class
from grader.records import HumanMark
from grader.review.classroom import Classroom
from grader.review.marking import Key, Reviewer


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Classroom]:
    make_class(tmp_path, list(make_results(RUBRIC, {}, 2)), RUBRIC).close()
    opened = Classroom(open_class(tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def key(room: Classroom) -> Key:
    return room.keys_of(sorted(room.results)[0])[0]


def points(room: Classroom, key: Key) -> list[float | None]:
    return [mark.points for mark in room.history.get(key, ())]


def test_the_same_mark_by_the_same_person_adds_nothing(room: Classroom, key: Key) -> None:
    reviewer = Reviewer("ana")
    for _ in range(3):
        assert room.give(reviewer, {key: 0.0}, comment="No.").refused == ()
    assert points(room, key) == [0.0]
    room.undo(reviewer)
    assert key not in room.marks, "the first undo does it"
    assert room.undo(reviewer) is None


@pytest.mark.parametrize("what", ["points", "comment", "person", "file"])
def test_a_mark_that_tells_anything_new_is_kept(what: str, room: Classroom, key: Key) -> None:
    room.give(Reviewer("ana"), {key: 0.0})
    if what == "file":
        room.results[key[0]] = replace(room.results[key[0]], sha256="another")
    who = "luz" if what == "person" else "ana"
    room.give(Reviewer(who), {key: 0.1 if what == "points" else 0.0}, comment="No." if what == "comment" else "")
    assert len(points(room, key)) == 2


def test_of_several_marks_only_those_that_are_new_are_added_and_undone(room: Classroom, key: Key) -> None:
    other = room.keys_of(key[0])[1]
    reviewer = Reviewer("ana")
    room.give(reviewer, {key: 0.0})
    room.give(reviewer, {key: 0.0, other: 0.0})
    assert (points(room, key), points(room, other)) == ([0.0], [0.0])
    room.undo(reviewer)
    assert (key in room.marks, other in room.marks) == (True, False)


def test_what_was_taken_back_is_not_taken_back_again(room: Classroom, key: Key) -> None:
    reviewer = Reviewer("ana")
    room.give(reviewer, {key: 0.0})
    for _ in range(2):
        assert room.take_back(reviewer, key, seen=room.newest).refused == ()
    assert points(room, key) == [0.0, None]


def test_someone_elses_mark_is_not_hidden_by_an_equal_one_before_it(tmp_path: Path) -> None:
    """Ana's desk has not seen yet that Luz changed her mark: giving it again does not pass for saved."""
    make_class(tmp_path, list(make_results(RUBRIC, {}, 1)), RUBRIC).close()
    rooms = [Classroom(open_class(tmp_path)) for _ in range(2)]
    key, ana = rooms[0].keys_of(next(iter(rooms[0].results)))[0], Reviewer("ana")
    rooms[0].give(ana, {key: 0.0})
    rooms[1].refresh()
    rooms[1].give(Reviewer("luz"), {key: 0.1})
    assert rooms[0].give(ana, {key: 0.0}).refused == (key,)
    assert rooms[0].marks[key].who == "luz"
    for room in rooms:
        room.close()


def test_the_history_tells_an_undo_as_one(tmp_path: Path) -> None:
    make_class(tmp_path, list(make_results(RUBRIC, {}, 1)), RUBRIC, language="es").close()
    with served(tmp_path) as desk:
        browser, key = desk.browser(), desk.room.keys_of(next(iter(desk.room.results)))[0]
        for given in ("0", "0", "0.1"):
            mark(browser, desk, key, given)
        for _ in range(2):
            browser.post("/undo", {"upto": shown_last(browser)})
        mark(browser, desk, key, "0.2")
        mark(browser, desk, key, "back")
        page = browser.get(f"/submission?s={desk.room.code(key[0])}").text
        assert re.findall(r"<li><b>([^<]+)</b> <bdi>ana", page) == [
            "0", "0,1", "deshecho, otra vez 0", "deshecho", "0,2", "retirado",
        ]  # fmt: skip


def shown_last(browser: Browser) -> str:
    return str(re.findall('name="upto" value="([0-9]+)"', browser.get("/").text)[0])


def mark(browser: Browser, desk: Served, key: Key, given: str) -> None:
    form = {"s": desk.room.code(key[0]), "q": key[1], "c": key[2], "points": given, "seen": desk.room.newest}
    assert browser.post("/mark", form, where="/submission").status_code == 200


def test_a_gradebook_of_an_earlier_version_is_given_what_it_lacks(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    book = Gradebook(url)
    book.add_marks([HumanMark("ana", "1", "optimizer", 0.5, "x")])
    book.close()
    with sqlite3.connect(tmp_path / "gradebook.db") as earlier:
        earlier.execute("DROP TABLE undos")
    book = Gradebook(url)
    (given,) = book.add_marks([HumanMark("ana", "1", "optimizer", None, "x", undo=True)])
    assert given.undo
    assert [mark.undo for mark in book.history("ana")] == [False, True]
    book.close()
