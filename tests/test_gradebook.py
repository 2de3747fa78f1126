"""The gradebook on real SQLite files."""

from __future__ import annotations

import math
import multiprocessing
import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy.exc import StatementError

from grader.errors import UsageError
from grader.gradebook import Gradebook, HumanMark, decode, encode
from grader.records import (
    Finding,
    Message,
    Outcome,
    Passage,
    QuestionScore,
    Result,
    Score,
    Status,
    TrainingSummary,
    say,
)


def result(submission: str = "ana", *, sha256: str = "file-1", evidence: dict[str, Any] | None = None) -> Result:
    finding = Finding(
        question="1",
        check="hidden_layers",
        status=Status.NEEDS_REVIEW,
        points=0.5,
        max_points=0.75,
        message=say("Found {units} units in cell {cell}.", units=64, cell=3),
        basis="recomputed",
        cells=(2, 5),
        evidence=evidence or {},
    )
    return Result(
        submission=submission,
        path=f"{submission}.ipynb",
        sha256=sha256,
        rubric_sha256="rubric-1",
        status=Outcome.PARTIAL,
        reason=say("The kernel ended while cell {cell} ran.", cell=4),
        score=Score(0.5, 0.75, True, (QuestionScore("1", 0.5, 0.75, (finding,)),)),
        trainings=(TrainingSummary("1", 2, 10, "kernel", ("Dense(128)",), ({"loss": 0.5, "accuracy": 0.8},)),),
        passages={"1": (Passage(3, "Es 'la' clase\n9 — ☺", "markdown"),)},
        notes=(say("A note."),),
        seconds={"run": 1.5},
        versions={"grader": "1.0"},
    )


@pytest.fixture
def book(tmp_path: Path) -> Gradebook:
    return Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}")


# --- a result as text ---


def test_a_result_comes_back_as_the_same_records() -> None:
    assert decode(encode(result())) == result()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param({"words": ("a", "b")}, {"words": ["a", "b"]}, id="tuple"),
        pytest.param({"units": np.int64(128)}, {"units": 128}, id="numpy integer"),
        pytest.param({"loss": np.float32(0.5)}, {"loss": 0.5}, id="numpy float"),
        pytest.param({"first": np.arange(3)}, {"first": [0, 1, 2]}, id="array"),
        pytest.param({"classes": frozenset({9, 7})}, {"classes": [7, 9]}, id="set"),
        pytest.param({"why": [say("In cell {n}.", n=2)]}, {"why": [Message("In cell {n}.", {"n": 2})]}, id="message"),
        pytest.param({"answer": "\ud83d"}, {"answer": "\ud83d"}, id="half of a sign"),
        pytest.param({"answer": "\0'); DROP TABLE submissions; --"}, None, id="hostile text"),
        pytest.param({"loss": math.inf}, None, id="infinity"),
        pytest.param({"text": "a", "values": {}}, None, id="mapping that looks like a message"),
    ],
)
def test_evidence_of_any_kind_is_kept(book: Gradebook, given: dict[str, Any], kept: dict[str, Any] | None) -> None:
    book.record(result(evidence=given), "identity-1")
    found = book.result("ana")
    assert found is not None
    assert found.score.questions[0].findings[0].evidence == (kept or given)


def test_a_loss_that_is_no_number_is_kept(book: Gradebook) -> None:
    training = TrainingSummary("7.2", 8, 1, "kernel", (), ({"loss": math.nan},))
    book.record(replace(result(), trainings=(training,)), "identity-1")
    found = book.result("ana")
    assert found is not None
    assert math.isnan(found.trainings[0].logs[0]["loss"])


# --- results ---


@pytest.mark.parametrize(
    ("sha256", "identity", "graded"),
    [
        pytest.param("file-1", "identity-1", True, id="the same file, graded in the same way"),
        pytest.param("file-2", "identity-1", False, id="another file"),
        pytest.param("file-1", "identity-2", False, id="another rubric, limit or version"),
        pytest.param("", "identity-1", False, id="a file that cannot be read"),
    ],
)
def test_a_result_counts_only_for_what_it_was_made_of(
    book: Gradebook, sha256: str, identity: str, graded: bool
) -> None:
    book.record(result(), "identity-1")
    assert book.graded("ana", sha256, identity) is graded


def test_a_new_result_takes_the_place_of_the_old_one(book: Gradebook) -> None:
    book.record(result(), "identity-1")
    book.note_published("ana", "es")
    book.record(result(sha256="file-2"), "identity-2")
    found = book.result("ana")
    assert found is not None
    assert found.sha256 == "file-2"
    assert book.published("ana") == ""


def test_a_submission_that_left_the_folder_stays_known(book: Gradebook) -> None:
    book.record(result("ana"), "identity-1")
    book.record(result("luz"), "identity-1")
    book.set_folder(["ana"])
    assert book.submissions() == ["ana"]
    assert book.submissions(in_folder=False) == ["luz"]
    assert book.result("luz") == result("luz")
    book.set_folder(["ana", "luz"])
    assert book.submissions() == ["ana", "luz"]


def record_and_die(url: str) -> None:
    Gradebook(url).record(result(), "identity-1")
    os._exit(1)


def test_a_result_is_on_disk_as_soon_as_it_is_recorded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    process = multiprocessing.get_context("spawn").Process(target=record_and_die, args=(url,))
    process.start()
    process.join(60)
    assert Gradebook(url).result("ana") == result()


def test_sqlite_is_in_wal_mode(tmp_path: Path) -> None:
    Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}").record(result(), "identity-1")
    with sqlite3.connect(tmp_path / "gradebook.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_is_committed_waits_for_the_disk(tmp_path: Path) -> None:
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}")._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2, "FULL"


def test_two_may_use_it_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    first, second = Gradebook(url), Gradebook(url)
    first.record(result("ana"), "identity-1")
    second.record(result("luz"), "identity-1")
    assert first.submissions() == ["ana", "luz"]


# --- human marks ---


def mark(points: float | None, comment: str = "") -> HumanMark:
    return HumanMark("ana", "1", "hidden_layers", points, "teacher", comment, "file-1")


def test_the_last_mark_counts_and_the_earlier_stay_in_the_history(book: Gradebook) -> None:
    book.add_marks([mark(0.25, "a first look")])
    book.add_marks([mark(0.75, "a second look")])
    assert [given.points for given in book.marks("ana")] == [0.75]
    assert [given.comment for given in book.history("ana")] == ["a first look", "a second look"]
    assert all(given.at is not None and given.at.tzinfo is not None for given in book.history("ana"))


def test_a_mark_can_be_taken_back(book: Gradebook) -> None:
    book.add_marks([mark(0.25)])
    book.add_marks([mark(None, "the grader was right")])
    assert book.marks("ana") == []
    assert len(book.history("ana")) == 2


def test_grading_again_keeps_the_marks(book: Gradebook) -> None:
    book.record(result(), "identity-1")
    book.add_marks([mark(0.75)])
    book.record(result(sha256="file-2"), "identity-2")
    book.set_folder([])
    assert [given.points for given in book.marks("ana")] == [0.75]


def test_a_mark_must_say_who_gave_it(book: Gradebook) -> None:
    with pytest.raises((StatementError, TypeError)):
        book.add_marks([replace(mark(1), who=None)])  # type: ignore[arg-type]


# --- databases that are none ---


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite:///{folder}/missing/gradebook.db", id="folder that does not exist"),
        pytest.param("sqlite:///{folder}", id="folder"),
        pytest.param("sqlite:///{folder}/text.db", id="file that is no database"),
        pytest.param("nonsense", id="no address"),
        pytest.param("dbase://here", id="unknown kind"),
    ],
)
def test_what_is_no_database_is_refused_in_one_line(tmp_path: Path, url: str) -> None:
    (tmp_path / "text.db").write_text("These are only some words, and more of them than a header has.\n" * 50)
    with pytest.raises(UsageError, match=r"a gradebook must be a database that can be written\. Received: ") as caught:
        Gradebook(url.format(folder=tmp_path))
    assert "\n" not in str(caught.value)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        Gradebook("dbase://teacher:secret@host/marks")
    assert "secret" not in str(caught.value)
