"""A hurried person at the desk: whatever is pressed and when, only the row that was meant is marked."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from browsers import Visitor
from chromium import chromium
from desks import RUBRIC, Served, most_open, served
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Route, expect
from review_fixtures import desk, graded_out, out  # noqa: F401
from written_class import make_class, make_results, unreadable

from grader.gradebook import Gradebook
from grader.records import HumanMark
from grader.reports.translation import Translator
from grader.review.marking import Key, key_of
from grader.review.pages import Views

Visit = Callable[..., Visitor]
MOST_EXAMPLES = 5


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens windows, all of one person's browser if it is asked for."""
    visitors: list[Visitor] = []

    def open_window(desk: Served) -> Visitor:
        visitors.append(Visitor(browser, desk.address))
        return visitors[-1]

    yield open_window
    for visitor in visitors:
        visitor.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


def given_marks(desk: Served) -> list[HumanMark]:
    return list(Gradebook(f"sqlite:///{desk.out / 'gradebook.db'}").history_since(0))


def focused(window: Visitor) -> str:
    return str(window.page.evaluate("document.activeElement.closest('.row')?.id"))


@pytest.mark.parametrize("delay", [0, 400], ids=["a quick server", "a slow server"])
@pytest.mark.parametrize("typed", ["0.1 points: 2 of 10", "12", "jk 0 n u A ?"])
def test_what_is_typed_as_a_comment_marks_nobody(delay: int, typed: str, desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.go(f"/open?q={most_open(desk.room)}")
    window.page.route("**/comments?*", lambda route: (time.sleep(delay / 1000), route.continue_()))
    row = window.page.locator(".row.current").get_attribute("id")
    with window.page.expect_response("**/comments?*"):
        window.page.keyboard.press("c")
        window.page.keyboard.type(typed)
    window.page.keyboard.type("!")
    assert focused(window) == row
    assert window.page.locator(f"#{row} [data-comment]").input_value() == f"{typed}!"
    window.page.keyboard.press("Control+Enter")
    expect(window.page.locator("#notice")).to_contain_text("A comment is saved with points")
    assert given_marks(desk) == []
    window.page.keyboard.type("0.1")  # the field for exact points has the focus
    with window.page.expect_response("**/mark"):
        window.page.keyboard.press("Enter")
    window.settled()
    assert [(mark.points, mark.comment) for mark in given_marks(desk)] == [(0.1, f"{typed}!")]


@pytest.mark.parametrize("key", ["Enter", "Control+Enter"])
def test_points_that_are_refused_are_written_anew_in_their_field(key: str, desk: Served, browser: Browser) -> None:
    window = Visitor(browser, desk.address)
    window.go(f"/open?q={most_open(desk.room)}")
    window.page.keyboard.press("c")
    field = window.page.locator(".row.current").get_by_label("Exact points")
    field.fill("9")
    field.press(key)
    expect(window.page.locator("#notice")).to_contain_text("Points must be a number from 0 to")
    window.settled()
    window.page.keyboard.type("2")
    assert field.input_value() == "92"
    assert given_marks(desk) == []
    window.close()  # which complains of the refusal, as browsers do


def test_keys_pressed_while_a_mark_is_saved_mark_nobody_and_say_so(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.go(f"/open?q={most_open(desk.room)}")
    held: list[Route] = []
    window.page.route("**/mark", lambda route: route.continue_() if held else held.append(route))
    rows = [str(row.get_attribute("id")) for row in window.page.locator(".row.open").all()]
    with window.page.expect_request("**/mark"):
        window.page.keyboard.press("2")
    for key in ("0", "2", "Enter", "c", "u", "A"):
        window.page.keyboard.press(key)
    held[0].continue_()
    expect(window.page.locator("#notice")).to_contain_text("That key was not taken")
    window.settled()
    assert focused(window) == rows[1]
    assert len(given_marks(desk)) == 1
    window.press("0")
    assert [mark.points > 0 for mark in given_marks(desk)] == [True, False]


PRESS_AT_ONCE = """() => document.addEventListener("htmx:afterSettle", () => queueMicrotask(
    () => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "2", bubbles: true}))), {once: true})"""


def test_a_key_that_comes_before_its_row_is_seen_marks_nobody(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.go(f"/open?q={most_open(desk.room)}")
    window.page.evaluate(PRESS_AT_ONCE)
    window.press("2")
    expect(window.page.locator("#notice")).to_contain_text("That key was not taken")
    assert len(given_marks(desk)) == 1


def test_keys_without_a_chosen_row_mark_nobody(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.go(f"/open?q={most_open(desk.room)}")
    window.page.evaluate("document.activeElement.blur()")
    window.page.keyboard.press("2")
    expect(window.page.locator("#notice")).to_contain_text("No row is chosen")
    assert given_marks(desk) == []
    window.page.keyboard.press("j")
    window.press("2")
    assert len(given_marks(desk)) == 1


def test_the_page_that_is_being_left_takes_no_more_marks(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.go(f"/open?q={most_open(desk.room)}")
    for _ in range(window.page.locator(".row.open").count()):
        window.press("Enter")
    before = len(given_marks(desk))
    window.page.route("**/open?*", lambda route: (time.sleep(0.5), route.continue_()))
    with window.page.expect_navigation():
        window.page.keyboard.press("n")
        window.page.keyboard.press("2")
        window.page.keyboard.press("0")
    window.ready()
    assert len(given_marks(desk)) == before


@pytest.mark.parametrize("key", ["n", "u", "A", "a click on Undo"])
def test_a_comment_that_is_not_saved_is_not_lost(key: str, desk: Served, visit: Visit) -> None:
    window = visit(desk)
    question = most_open(desk.room)
    group = next(group for group in desk.room.groups(question) if len(group.members) > 1)
    window.go(f"/group?q={question}&g={group.id}" if key == "A" else f"/open?q={question}")
    window.press("2")
    row = focused(window)
    window.page.keyboard.press("c")
    window.page.keyboard.type("Half.")
    window.page.keyboard.press("Escape")
    for _ in range(40):  # to the last row, from where n leaves the page
        window.page.keyboard.press("j")
    window.page.evaluate("document.querySelectorAll('.row.open').forEach((one) => one.classList.remove('open'))")
    if key == "a click on Undo":
        window.page.get_by_role("button", name="Undo").click()
    else:
        window.page.keyboard.press(key)
    expect(window.page.locator("#notice")).to_contain_text("This is not saved yet")
    assert focused(window) == row
    assert window.page.locator(f"#{row} [data-comment]").input_value() == "Half."
    assert len(given_marks(desk)) == 1  # the first, by hand


def test_a_row_that_is_written_in_is_not_replaced(desk: Served, visit: Visit) -> None:
    """A mark changes what is proposed for the others of its group, and their rows with it."""
    window = visit(desk)
    question = most_open(desk.room)
    group = max(desk.room.groups(question), key=lambda group: len(group.members) if group.prose else 0)
    window.go(f"/group?q={question}&g={group.id}")
    rows = window.page.locator(".row")
    if rows.count() < 2:
        pytest.skip("the class has no group of two")
    rows.nth(1).locator("summary").click()
    rows.nth(1).locator("[data-comment]").fill("Half.")
    window.page.evaluate("document.querySelector('.row').focus()")
    window.press("0")
    assert window.page.locator(".row").nth(1).locator("[data-comment]").input_value() == "Half."


def test_each_mark_stands_with_its_student_and_can_be_undone(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.go(f"/open?q={most_open(desk.room)}")
    name = window.page.locator(".answer:has(.row.current) .name").inner_text()
    window.press("2")
    window.page.keyboard.press("k")
    window.press("2")  # the same again adds nothing, and one undo is enough
    expect(window.page.locator("#last")).to_contain_text(name)
    with window.page.expect_navigation():
        window.page.locator("#last").get_by_role("button", name="Undo").click()
    window.ready()
    assert [mark.points is None for mark in given_marks(desk)] == [False, True]
    assert window.page.locator("#last button").count() == 0


def test_undo_takes_back_only_what_its_own_window_shows(desk: Served, browser: Browser) -> None:
    one = Visitor(browser, desk.address)
    two = one.context.new_page()
    try:
        question = most_open(desk.room)
        one.go(f"/open?q={question}")
        one.press("2")
        two.goto(f"{one.root}/open?q={question}")
        two.wait_for_selector("body[data-ready=yes]")
        with two.expect_response("**/mark"):
            two.keyboard.press("0")
        one.page.bring_to_front()
        one.page.keyboard.press("u")
        expect(one.page.locator("#notice")).to_contain_text("in another window")
        assert [mark.points is None for mark in given_marks(desk)] == [False, False]
    finally:
        one.close()


def test_header_heading_and_rows_say_the_same_number(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    question = most_open(desk.room)
    window.go(f"/open?q={question}")
    open_rows = window.page.locator(".row.open").count()
    for left in range(open_rows, 0, -1):
        elsewhere = desk.room.left()[0] - desk.room.left(question)[0]
        assert window.page.locator(".row.open").count() == left
        expect(window.page.locator("#left-here")).to_contain_text(f"{left} criteri")
        expect(window.page.locator("#progress b")).to_have_text(str(left + elsewhere))
        window.press("2")
    expect(window.page.locator("#left-here")).to_contain_text("Nothing left to decide here")


def test_folded_rows_take_no_keys_until_they_are_shown(tmp_path: Path, visit: Visit) -> None:
    (result,) = make_results(RUBRIC, {}, 1)
    make_class(tmp_path, [unreadable(result, RUBRIC)], RUBRIC, language="en").close()
    with served(tmp_path) as desk:
        window = visit(desk)
        with window.page.expect_navigation():
            window.page.keyboard.press("n")
        window.ready()
        for key in ("2", "0", "Enter"):
            window.page.keyboard.press(key)
        expect(window.page.locator("#notice")).to_contain_text("No row is chosen")
        assert given_marks(desk) == []
        window.page.keyboard.press("n")
        window.page.keyboard.press("2")  # sooner than anybody has read the row
        assert given_marks(desk) == []
        window.ready()
        window.press("2")
        assert len(given_marks(desk)) == 1


# --- any keys at any time ---------------------------------------------------------------------------------------------

WATCH = """
(() => {
  const log = (entry) => localStorage.setItem("log", JSON.stringify([...JSON.parse(localStorage.getItem("log") || "[]"), entry]));
  let flying = 0;
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (...words) {
    flying += 1;
    this.addEventListener("loadend", () => { flying -= 1; });
    return send.apply(this, words);
  };
  addEventListener("keydown", (event) => {
    const at = document.activeElement;
    const row = at?.closest?.(".row");
    log({
      key: event.key, row: row?.id || "", field: Boolean(at?.matches("input, textarea")), flying,
      help: document.getElementById("help")?.open, ready: document.body.dataset.ready,
      value: row?.querySelector(event.key === "Enter" ? "[data-proposed]" : `[data-key="${CSS.escape(event.key)}"]`)?.value || "",
    });
  }, true);
})();
"""
"""Notes at each key, before the desk hears of it, what a person sees: which row has the focus, and whether it waits."""


@dataclass(frozen=True)
class Pressed:
    """A key, and how long the person waits after it."""

    key: str
    seconds: float


PRESSED = st.builds(
    Pressed,
    st.sampled_from(["0", "1", "2", "Enter", "c", "j", "k", "n", "Escape", "5", "x", "?", "ArrowDown"]),
    st.sampled_from([0.0, 0.0, 0.03, 0.25]),
)


def meant(entry: dict[str, Any]) -> bool:
    free = not entry["field"] and not entry["flying"] and not entry["help"]
    return bool(entry["key"] in ("0", "1", "2", "Enter") and free and entry["row"] and entry["value"])


ON_AND_OFF = [Pressed(key, 0.25 if at == 7 else 0.0) for at, key in enumerate("000n0000n00")]
"""Marks, and keys while the desk leaves for the next question."""


@example(presses=ON_AND_OFF, delay=0.0)
@settings(max_examples=MOST_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(presses=st.lists(PRESSED, min_size=5, max_size=16), delay=st.sampled_from([0.0, 0.05, 0.3]))
def test_only_rows_that_were_meant_carry_marks(
    presses: list[Pressed], delay: float, browser: Browser, graded_out: Path
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(shutil.copytree(graded_out, Path(folder) / "out"))
        with served(copied) as desk:
            window = Visitor(browser, desk.address)
            window.context.add_init_script(WATCH)
            window.page.route("**/mark", lambda route: (time.sleep(delay), route.continue_()))
            window.go(f"/open?q={most_open(desk.room)}")
            for press in presses:
                window.page.keyboard.press(press.key)
                window.page.wait_for_timeout(press.seconds * 1000)
            window.page.wait_for_timeout(delay * 1000 + 100)
            window.settled()
            log = json.loads(window.page.evaluate("localStorage.getItem('log')") or "[]")
            window.close()
            views = Views(desk.room, Translator("en"), has_model=False)
            rows = {views.row(key, None).id: key for name in desk.room.results for key in desk.room.keys_of(name)}
            marks = [(key_of(mark), mark.points) for mark in given_marks(desk)]
    allowed = [(rows[entry["row"]], float(entry["value"])) for entry in log if meant(entry)]
    due = [(rows[entry["row"]], float(entry["value"])) for entry in log if meant(entry) and entry["ready"] == "yes"]
    assert is_part(marks, allowed), (marks, log)
    assert is_part(without_the_same_again(due), marks), (marks, log)
    last, stands = dict(due), dict(marks)
    assert all(stands[key] == points for key, points in dict(allowed).items() if last.get(key) == points), (marks, log)


def without_the_same_again(given: list[tuple[Key, float]]) -> list[tuple[Key, float]]:
    """Marks without those that were given to the same criterion just before: they add nothing."""
    stands: dict[Key, float] = {}
    news = []
    for key, points in given:
        if stands.get(key) != points:
            news.append((key, points))
        stands[key] = points
    return news


def is_part(some: list[Any], of: list[Any]) -> bool:
    """True if all of some stand in the list, in the same order."""
    rest = iter(of)
    return all(any(one == other for other in rest) for one in some)
