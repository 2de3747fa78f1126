"""What reviewers do at the desk, and what becomes of it in the gradebook."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import shipped
from course import Run as Done
from desks import RUBRIC, Served, served
from review_fixtures import desk, graded_out, out  # noqa: F401
from written_class import Written, make_class, make_results, unreadable

from grader.checks.context import CAUSE
from grader.gradebook import Gradebook
from grader.publishing import open_class
from grader.records import CellError, Collection, HandedIn, HumanMark, LookedAt, Status
from grader.reports.translation import Translator
from grader.review.classroom import Classroom
from grader.review.looking import inconsistencies, search, search_names
from grader.review.marking import Key, Reviewer
from grader.review.pages import Views
from grader.scoring import add_up


@pytest.fixture
def room(out: Path) -> Iterator[Classroom]:
    opened = Classroom(open_class(out))
    yield opened
    opened.close()


Run = Callable[..., Done]
ANA, LUZ = "ana", "luz"


def open_keys(room: Classroom) -> list[Key]:
    return [key for name in sorted(room.results) for key in room.keys_of(name) if room.is_open(key)]


# --- marks ---


def test_a_mark_is_in_the_history_with_who_and_when_and_the_automatic_one_stays(room: Classroom, out: Path) -> None:
    key = open_keys(room)[0]
    automatic = room.finding(key)
    room.give(Reviewer(ANA), {key: automatic.max_points}, comment="bien visto")
    given = Gradebook(f"sqlite:///{out / 'gradebook.db'}").history(key[0])
    assert [(mark.points, mark.who, mark.comment) for mark in given] == [(automatic.max_points, ANA, "bien visto")]
    assert given[0].at is not None
    result = Gradebook(f"sqlite:///{out / 'gradebook.db'}").result(key[0])
    assert result is not None
    assert automatic in [finding for question in result.score.questions for finding in question.findings]


def test_what_is_marked_is_no_longer_left(room: Classroom) -> None:
    left, total = room.left()
    key = open_keys(room)[0]
    room.give(Reviewer(ANA), {key: 0.0})
    assert room.left() == (left - 1, total)


def test_any_finding_can_be_overridden(room: Classroom) -> None:
    name = sorted(room.results)[0]
    key = next(key for key in room.keys_of(name) if room.finding(key).status is Status.PASSED)
    room.give(Reviewer(ANA), {key: 0.0})
    assert room.points(key) == 0.0


def test_undo_takes_back_one_step_after_the_other(room: Classroom) -> None:
    reviewer, key = Reviewer(ANA), open_keys(room)[0]
    most = room.finding(key).max_points
    room.give(reviewer, {key: most})
    room.give(reviewer, {key: 0.0})
    room.undo(reviewer)
    assert room.points(key) == most
    room.undo(reviewer)
    assert room.is_open(key)
    assert room.undo(reviewer) is None
    assert [mark.points for mark in room.history[key]] == [most, 0.0, most, None]


def test_accepting_a_group_is_one_step(room: Classroom) -> None:
    reviewer = Reviewer(ANA)
    group = max(room.groups("2"), key=lambda group: len(group.members))
    keys = room.keys(group)
    room.give(reviewer, {key: room.proposal(key, group).points for key in keys})
    assert all(key in room.marks for key in keys)
    room.undo(reviewer)
    assert not any(key in room.marks for key in keys)


def test_one_mark_proposes_the_same_for_its_group(tmp_path: Path) -> None:
    answers = {
        "7.1": [Written(text, {}) for text in ("Porque es el valor por defecto de Keras.", "es el valor por defecto")]
    }
    make_class(tmp_path, list(make_results(RUBRIC, answers, 2)), RUBRIC).close()
    room = Classroom(open_class(tmp_path))
    one, two = sorted(room.results)
    group = room.group_of((one, "7.1", "one_per_class"))
    assert group is not None
    room.give(Reviewer(ANA), {(one, "7.1", "one_per_class"): 0.125})
    proposal = room.proposal((two, "7.1", "one_per_class"), group)
    assert (proposal.points, proposal.like_others) == (0.125, True)
    assert room.points((two, "7.1", "one_per_class")) == 0.0, "a proposal counts only when it is accepted"
    room.close()


def test_earlier_comments_come_back_for_the_same_criterion(room: Classroom) -> None:
    first, second = [(name, "8.3", "overfitting") for name in sorted(room.results)][:2]
    room.give(Reviewer(ANA), {first: 0.0}, comment="Falta el nombre.")
    assert room.comments("8.3", "overfitting") == ["Falta el nombre."]
    assert room.comments("8.3", "memorises") == []
    assert second


# --- several reviewers ---


def test_two_reviewers_at_two_desks_see_each_others_marks(out: Path) -> None:
    rooms = [Classroom(open_class(out)) for _ in range(2)]
    key, other = open_keys(rooms[0])[:2]
    rooms[0].give(Reviewer(ANA), {key: 0.0})
    rooms[1].give(Reviewer(LUZ), {other: 0.0})
    for room in rooms:
        room.refresh()
        assert {mark.who for mark in room.marks.values()} == {ANA, LUZ}
        room.close()


def test_nobody_overwrites_a_mark_that_was_not_seen(out: Path) -> None:
    rooms = [Classroom(open_class(out)) for _ in range(2)]
    key = open_keys(rooms[0])[0]
    seen = rooms[1].newest
    rooms[0].give(Reviewer(ANA), {key: 0.0})
    outcome = rooms[1].give(Reviewer(LUZ), {key: rooms[1].finding(key).max_points}, seen=seen)
    assert outcome.refused == (key,)
    assert rooms[1].marks[key].who == ANA, "and the second one is shown the first one's"
    for room in rooms:
        room.close()


def test_undo_leaves_alone_what_someone_else_marked_since(out: Path) -> None:
    rooms = [Classroom(open_class(out)) for _ in range(2)]
    reviewer, key = Reviewer(ANA), open_keys(rooms[0])[0]
    rooms[0].give(reviewer, {key: 0.0})
    rooms[1].refresh()
    rooms[1].give(Reviewer(LUZ), {key: 0.1})
    done = rooms[0].undo(reviewer)
    assert done is not None
    assert done[1].refused == (key,)
    assert rooms[0].marks[key].who == LUZ
    for room in rooms:
        room.close()


# --- grading again, and the reports ---


def test_marks_survive_grading_again_and_say_that_the_file_is_another(out: Path, desk: Served) -> None:
    key = open_keys(desk.room)[0]
    desk.room.give(Reviewer(ANA), {key: 0.0})
    book = Gradebook(f"sqlite:///{out / 'gradebook.db'}")
    result = book.result(key[0])
    assert result is not None
    book.record(replace(result, sha256="another file"), "identity")
    before = desk.room.left()[0]
    page = desk.browser().get(f"/submission?s={desk.room.code(key[0])}").text
    assert desk.room.marks[key].points == 0.0
    assert "earlier version of the file" in page
    assert desk.room.is_open(key)
    assert desk.room.left()[0] == before + 1
    desk.room.give(Reviewer(ANA), {key: 0.0})
    assert not desk.room.is_open(key)


def test_reports_and_grades_follow_the_desk(out: Path, room: Classroom, run: Run) -> None:
    name = sorted(room.results)[0]
    key = (name, "8.3", "overfitting")
    before = room.results[name].score.questions[14].score
    room.give(Reviewer(ANA), {key: 0.1}, comment="<b>Casi</b>")
    done = run("report", str(out))
    assert done.code == 0, done.err
    with (out / "grades.csv").open(newline="", encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row["submission"] == name)
    expected = before - room.finding(key).points + 0.1
    assert float(row["8.3"]) == pytest.approx(expected)
    page = (out / name / "report.html").read_text(encoding="utf-8")
    assert "Marked by a person: &lt;b&gt;Casi&lt;/b&gt;" in page
    assert "given by a person" in page


def test_what_was_never_graded_has_no_desk(tmp_path: Path, run: Run) -> None:
    for command in ("review", "report"):
        done = run(command, str(tmp_path))
        assert done.code == 2
        assert "OUT must be the folder of a class that was graded. Received: " in done.err


def test_a_model_needs_its_address(out: Path, run: Run) -> None:
    assert "--model-url and --model go together" in run("review", str(out), "--model", "any").err


# --- learning ---


def test_marks_at_the_desk_refine_the_rest_of_the_class(tmp_path: Path) -> None:
    """A way to say it that the rubric does not know: after some marks, the same words are known."""
    unknown = [
        f"{start} perdona {what}"
        for start in ("la red", "el modelo", "esto")
        for what in ("a los pardillos", "a los jilgueros", "a los gorriones")
    ]
    rubric = shipped.RUBRIC
    make_class(tmp_path, list(make_results(rubric, {"7.1": [Written(t, {}) for t in unknown]}, 9)), rubric).close()
    room = Classroom(open_class(tmp_path))
    keys = [(name, "7.1", "one_per_class") for name in sorted(room.results)]
    assert all(room.points(key) == 0.0 for key in keys)
    room.give(Reviewer(ANA), dict.fromkeys(keys[:6], 0.25))
    room.wait_for_learning()
    assert all(room.points(key) == 0.25 for key in keys[:6])
    assert all(room.points(key) > 0 and room.is_open(key) for key in keys[6:]), "likeness is never sure: a person looks"
    room.close()


def test_the_same_words_get_the_same_mark(tmp_path: Path) -> None:
    answers = {"7.1": [Written("Lo vimos en clase con los patos.", {})]}
    make_class(tmp_path, list(make_results(RUBRIC, answers, 3)), RUBRIC).close()
    room = Classroom(open_class(tmp_path))
    one, *rest = [(name, "7.1", "one_per_class") for name in sorted(room.results)]
    room.give(Reviewer(ANA), {one: 0.25})
    room.wait_for_learning()
    assert [room.points(key) for key in rest] == [0.25, 0.25]
    room.close()


def of_one_cause(tmp_path: Path) -> tuple[str, list[Key]]:
    """A class of one whose first cell failed, and what waits on its account: three criteria of two questions."""
    (result,) = make_results(RUBRIC, {}, 1)
    findings = [finding for score in result.score.questions for finding in score.findings]
    blamed = [finding for finding in findings if finding.question in ("1", "2")][-3:]
    waiting = {"status": Status.NEEDS_REVIEW, "points": 0.0, "evidence": {CAUSE: 0}}
    changed = [replace(finding, **waiting) if finding in blamed else finding for finding in findings]
    error = CellError(0, "import tensorflow as tf", "RuntimeError: no GPU", stopped_at="assert gpus")
    looked_at = {0: LookedAt("import tensorflow as tf\nassert gpus\nmodel.fit(x)", "Epoch 1/2\n<b>Epoch 2/2</b>")}
    made = replace(result, score=add_up(changed, RUBRIC), errors=(error,), looked_at=looked_at)
    make_class(tmp_path, [made], RUBRIC).close()
    return result.submission, [(result.submission, finding.question, finding.check) for finding in blamed]


def test_who_decides_sees_the_cell_its_error_and_what_it_showed_when_saved(tmp_path: Path) -> None:
    name, keys = of_one_cause(tmp_path)
    with served(tmp_path) as desk:
        browser = desk.browser()
        for address in (f"/submission?s={desk.room.code(name)}", *(f"/open?q={key[1]}" for key in keys)):
            page = browser.get(address).text
            assert "import tensorflow as tf\n<mark>assert gpus</mark>\nmodel.fit(x)" in page
            assert "Epoch 1/2\n&lt;b&gt;Epoch 2/2&lt;/b&gt;" in page
            assert "RuntimeError: no GPU" in page


@pytest.mark.parametrize(("give", "share"), [("all", 1.0), ("none", 0.0), ("proposed", 0.0)])
def test_what_one_cause_made_is_decided_at_once(give: str, share: float, tmp_path: Path) -> None:
    name, keys = of_one_cause(tmp_path)
    with served(tmp_path) as desk:
        browser, room = desk.browser(), desk.room
        form = {"s": room.code(name), "cell": 0}
        page = browser.get(f"/submission?s={room.code(name)}").text
        assert "assert gpus" in page
        assert "RuntimeError: no GPU" in page
        assert browser.post("/decide", form | {"give": give}, where="/submission").status_code == 200
        assert {key: mark.points for key, mark in room.marks.items()} == {
            key: share * room.finding(key).max_points for key in keys
        }
        assert not room.causes(name)
        browser.post("/undo", {"upto": room.newest})
        assert room.causes(name) == {0: keys}, "one step back"


def test_only_what_waits_on_account_of_the_cell_is_decided_with_it(tmp_path: Path) -> None:
    name, keys = of_one_cause(tmp_path)
    with served(tmp_path) as desk:
        browser, room = desk.browser(), desk.room
        room.give(Reviewer(LUZ), {keys[0]: 0.1})
        form = {"s": room.code(name), "give": "all"}
        assert browser.post("/decide", form | {"cell": 3}).status_code == 200
        assert browser.post("/decide", {**form, "cell": 0, "give": "more"}).status_code == 400
        assert set(room.marks) == {keys[0]}
        browser.post("/decide", form | {"cell": 0})
        assert room.marks[keys[0]].points == 0.1
        assert set(room.marks) == set(keys)


@pytest.mark.parametrize("give", ["none", "all"])
def test_a_file_that_could_not_be_read_is_one_decision(give: str, tmp_path: Path) -> None:
    (result,) = make_results(RUBRIC, {}, 1)
    unread = unreadable(result, RUBRIC)
    make_class(tmp_path, [unread], RUBRIC).close()
    with served(tmp_path) as desk:
        browser, room = desk.browser(), desk.room
        form = {"s": room.code(unread.submission), "cell": ""}
        assert (
            f"Hay {len(desk.room.keys_of(unread.submission))} criterios pendientes por causa de este archivo"
            in browser.get(f"/submission?s={form['s']}").text
        )
        browser.post("/decide", form | {"give": give}, where="/submission")
        assert room.left()[0] == 0
        assert {mark.points for mark in room.marks.values()} == (
            {0.0} if give == "none" else {room.finding(key).max_points for key in room.marks}
        )


# --- consistency and search ---


def test_answers_of_the_same_words_with_other_points_are_shown_together(tmp_path: Path) -> None:
    answers = {
        "7.1": [Written(text, {}) for text in ("Porque es el valor por defecto.", "porque es el valor por defecto")]
    }
    make_class(tmp_path, list(make_results(RUBRIC, answers, 2)), RUBRIC).close()
    room = Classroom(open_class(tmp_path))
    one, two = sorted(room.results)
    assert inconsistencies(room) == []
    room.give(Reviewer(ANA), {(one, "7.1", "one_per_class"): 0.25, (two, "7.1", "one_per_class"): 0.0})
    (case,) = inconsistencies(room)
    assert dict(case.variants) == {0.25: (one,), 0.0: (two,)}
    room.close()


def test_search_minds_neither_accents_nor_case(room: Classroom) -> None:
    found = search(room, "SOBREAJUSTE")
    assert found
    assert all("sobreajuste" in room.answer(*place).lower() for place in found)


@pytest.mark.parametrize("words", ["Ñúñez", "nunez", "ALUMNA N", "alumna_n"])
def test_a_name_is_shown_as_written_and_found_with_and_without_accents(words: str, tmp_path: Path) -> None:
    result = replace(next(make_results(RUBRIC, {}, 1)), submission="Alumna_Nunez")
    make_class(tmp_path, [result], RUBRIC).close()
    graded = open_class(tmp_path)
    graded.book.keep_collection(Collection((HandedIn("Alumna_Nunez", "Alumna Ñúñez — a medias", "a.ipynb"),)))
    for blind, found in ((False, ["Alumna_Nunez"]), (True, [])):
        room = Classroom(graded, blind=blind)
        assert search_names(room, words) == found
        assert ("Ñúñez" in Views(room, Translator("en"), has_model=False).name("Alumna_Nunez")) is not blind
        room.close()


# --- what is refused ---


def test_a_mark_for_nothing_is_refused(desk: Served) -> None:
    name = sorted(desk.room.results)[0]
    form = {"s": desk.room.code(name), "q": "8.3", "c": "overfitting", "seen": 0}
    browser = desk.browser()
    for points in ("-1", "0.31", "nan", "inf", "a lot"):
        assert browser.post("/mark", form | {"points": points}).status_code == 400
    for other in ({"s": "nobody"}, {"q": "99"}, {"c": "none"}):
        assert browser.post("/mark", form | {"points": "0"} | other).status_code == 404
    assert desk.room.marks == {}


def test_history_is_numbered_over_the_class(out: Path) -> None:
    book = Gradebook(f"sqlite:///{out / 'gradebook.db'}")
    for name in ("ana", "luz"):
        book.add_marks([HumanMark(name, "1", "optimizer", 0.5, "x")])
    assert [mark.submission for mark in book.history_since(0)] == ["ana", "luz"]
    assert [mark.submission for mark in book.history_since(book.history_since(0)[0].number)] == ["luz"]
