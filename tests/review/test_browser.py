"""A class is marked at the desk, in a real browser: by keyboard, by mouse, by two at once, narrow and wide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browsers import Visitor
from chromium import chromium
from desks import RUBRIC, Served, most_open, served
from playwright.sync_api import Browser, Route, expect
from review_fixtures import desk, graded_out, out  # noqa: F401
from stand_in_model import StandIn
from written_class import Written, make_class, make_results

from grader.gradebook import Gradebook
from grader.review.second_opinion import LanguageModel

Visit = Callable[..., Visitor]
HOSTILE = (
    "</blockquote><script>document.title='stolen'</script><img src=x onerror=\"document.title='stolen'\"> Overfitting."
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens windows, and sees at the end that no page has complained."""
    visitors: list[Visitor] = []

    def open_window(desk: Served, *, narrow: bool = False) -> Visitor:
        visitors.append(Visitor(browser, desk.address, narrow=narrow))
        return visitors[-1]

    yield open_window
    for visitor in visitors:
        visitor.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


def marks(desk: Served) -> Gradebook:
    return Gradebook(f"sqlite:///{desk.out / 'gradebook.db'}")


def test_a_class_is_marked_by_keyboard(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.picture("overview")
    waiting = {key for name in desk.room.results for key in desk.room.keys_of(name) if desk.room.is_open(key)}
    assert len(waiting) > 10
    pages = 0
    while desk.room.left()[0]:
        with window.page.expect_navigation():
            window.page.keyboard.press("n")
        window.ready()
        assert "/open?" in window.page.url
        rows = window.page.locator(".row.open").count()
        if rows >= 2:
            window.picture("open")
        for number in range(rows):
            assert "open" in str(window.page.locator(".row.current").get_attribute("class"))
            window.press("Enter" if number % 3 else "2")
        assert window.page.locator(".row.open").count() == 0
        pages += 1
    assert window.left() == "Nothing left to decide"
    given = marks(desk).history_since(0)
    assert {(mark.submission, mark.question, mark.check) for mark in given} >= waiting
    assert {mark.who for mark in given} == {"ana"}
    window.press("u")
    window.ready()
    assert window.left().startswith("1 ")


def test_a_group_is_marked_by_mouse(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    page = window.page
    window.go("/question?q=8.3")
    window.picture("question", height=620)
    page.get_by_role("link", name="Questions").click()
    page.get_by_role("link", name="Evaluation on the test set").click()
    window.ready()
    page.locator(".group-lines a").filter(has_text="Achieved").first.click()
    window.ready()
    assert page.locator(".row.marked").count() == 0
    rows = page.locator(".row").count()
    page.get_by_role("button", name="Accept all").click()
    expect(page.locator(".row.marked")).to_have_count(rows)
    first = page.locator(".row").first
    first.get_by_role("button", name="0.25").click()
    expect(page.locator(".row").first.locator(".choice.given")).to_contain_text("0.25")
    first = page.locator(".row").first
    first.locator("summary").click()
    first.get_by_label("Comment for the student").fill("Only on part of the test set.")
    first.get_by_role("button", name="Save").click()
    expect(page.locator(".row").first.locator(".reason")).to_have_text("Only on part of the test set.")
    second = page.locator(".row").nth(1)
    second.locator("summary").click()
    second.get_by_role("button", name="Only on part of the test set.").click()
    second.get_by_label("Exact points").fill("0,1")
    window.picture("group")
    second.get_by_label("Exact points").press("Enter")
    expect(page.locator(".row").nth(1).locator(".choice.given")).to_contain_text("0.1")
    given = marks(desk).history_since(0)
    assert [(mark.points, mark.comment) for mark in given[-2:]] == [
        (0.25, "Only on part of the test set."),
        (0.1, "Only on part of the test set."),
    ]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".row").nth(1).locator(".choice.given")).to_contain_text("0.5")


def test_a_comment_is_saved_while_earlier_ones_are_still_looked_up(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.go("/next")
    held: list[Route] = []
    window.page.route("**/comments?*", lambda route: held.append(route))
    row = window.page.locator(".row").first
    with window.page.expect_request("**/comments?*"):
        row.locator("summary").click()
    row.get_by_label("Comment for the student").fill("Only on part of the test set.")
    row.get_by_label("Exact points").fill("0")
    row.get_by_role("button", name="Save").click()
    expect(window.page.locator(".row").first.locator(".reason")).to_have_text("Only on part of the test set.")
    assert [mark.comment for mark in marks(desk).history_since(0)] == ["Only on part of the test set."]


@pytest.mark.parametrize("by", ["Ctrl+Enter", "a click"])
def test_a_comment_alone_decides_nothing_and_is_not_lost(by: str, desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.go("/next")
    left = desk.room.left()
    row = window.page.locator(".row").first
    row.locator("summary").click()
    row.get_by_label("Comment for the student").fill("Look again.")
    if by == "a click":
        row.get_by_role("button", name="Save").click()
    else:
        row.get_by_label("Comment for the student").press("Control+Enter")
    expect(window.page.locator("#notice")).to_contain_text("A comment is saved with points")
    assert row.get_by_label("Comment for the student").input_value() == "Look again."
    assert marks(desk).history_since(0) == []
    assert desk.room.left() == left
    expect(window.page.locator("#notice")).to_contain_text("Leave the field with Esc")
    window.page.keyboard.press("Escape")
    window.press("0")
    expect(window.page.locator(".row").first.locator(".reason")).to_have_text("Look again.")
    assert [(mark.points, mark.comment) for mark in marks(desk).history_since(0)] == [(0.0, "Look again.")]


@pytest.mark.parametrize("field", ["Comment for the student", "Exact points"])
def test_ctrl_enter_saves_comment_and_points_from_either_field(field: str, desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.go("/next")
    row = window.page.locator(".row").first
    row.locator("summary").click()
    row.get_by_label("Comment for the student").fill("Look again.")
    row.get_by_label("Exact points").fill("0.1")
    row.get_by_label(field).press("Control+Enter")
    expect(window.page.locator(".row").first.locator(".reason")).to_have_text("Look again.")
    assert [(mark.points, mark.comment) for mark in marks(desk).history_since(0)] == [(0.1, "Look again.")]


CLICK_WHAT_COMES = """() => new MutationObserver((changes, observer) => {
    observer.disconnect();
    document.querySelector(".row [data-key='0']").click();
}).observe(document.querySelector(".rows"), {childList: true})"""


def test_a_click_right_after_another_is_not_lost(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.go(f"/open?q={most_open(desk.room)}")
    window.page.evaluate(CLICK_WHAT_COMES)
    window.page.locator(".row").first.locator("[data-key='2']").click()
    expect(window.page.locator(".row").first.locator("[data-key='0']")).to_have_attribute("aria-pressed", "true")
    given = marks(desk).history_since(0)
    assert [mark.points > 0 for mark in given] == [True, False]


def test_a_key_that_is_held_down_marks_once(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.go(f"/open?q={most_open(desk.room)}")
    window.press("2")
    window.page.keyboard.down("2")
    window.settled()
    window.page.keyboard.down("2")
    window.settled()
    window.page.keyboard.up("2")
    window.press("0")
    assert [mark.points > 0 for mark in marks(desk).history_since(0)] == [True, True, False]


def test_a_reload_in_between_loses_nothing(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.go("/next")
    window.press("2")
    current = window.page.locator(".row.current").get_attribute("id")
    window.page.reload()
    window.ready()
    assert window.page.locator(".row.current").get_attribute("id") == current
    window.press("2")
    assert len(marks(desk).history_since(0)) == 2


def test_two_at_once_lose_nothing(out: Path, visit: Visit) -> None:
    with served(out) as one, served(out, who="luz") as two:
        ana, luz = visit(one), visit(two)
        question = most_open(one.room)
        for window in (ana, luz):
            window.go(f"/open?q={question}")
        rows = [str(row.get_attribute("id")) for row in ana.page.locator(".row.open").all()]
        assert len(rows) >= 2
        ana.press("2")
        luz.press("0")
        assert "Not saved: ana marked this in the meantime" in luz.notice()
        luz.picture("two-at-once")
        expect(luz.page.locator(f"#{rows[0]} .sign")).to_contain_text("ana")
        assert luz.page.locator(".row.current").get_attribute("id") == rows[0], "to look at it again"
        luz.press("0")
        history = marks(one).history_since(0)
        most = one.room.finding(next(iter(one.room.marks))).max_points
        assert [(mark.who, mark.points) for mark in history] == [("ana", most), ("luz", 0.0)]
        ana.page.reload()
        ana.ready()
        assert ana.left() == luz.left()


def test_a_desk_that_is_gone_says_that_nothing_was_saved(out: Path, browser: Browser) -> None:
    with served(out) as desk:
        window = Visitor(browser, desk.address)
        window.go("/next")
    window.page.keyboard.press("2")
    expect(window.page.locator("#notice")).to_contain_text("Not saved.")
    window.close()
    assert marks(desk).history_since(0) == []


def test_a_blind_desk_shows_no_name_anywhere(out: Path, visit: Visit) -> None:
    with served(out, blind=True) as desk:
        window = visit(desk)
        names = list(desk.room.results)
        code = desk.room.code(names[0])
        orders = []
        for path in ("/", "/question?q=8.3", "/open?q=8.3", "/consistency", "/search?words=a", f"/submission?s={code}"):
            window.go(path)
            content = window.page.content()
            assert not [name for name in names if name in content], path
        for _ in range(2):
            window.go("/")
            orders.append(window.page.locator(".names li").all_inner_texts())
        assert orders[0] == orders[1]
        assert [desk.room.number(name) for name in sorted(names)] != sorted(map(desk.room.number, names))
        assert window.page.request.get(f"{desk.root}/report?s={code}").status == 404
        window.picture("blind", height=420)


def test_a_students_text_is_only_text(tmp_path: Path, visit: Visit) -> None:
    make_class(tmp_path, list(make_results(RUBRIC, {"8.3": [Written(HOSTILE, {})]}, 2)), RUBRIC, language="en").close()
    with served(tmp_path) as desk:
        window = visit(desk)
        window.go("/search?words=blockquote")
        assert HOSTILE in window.page.locator("blockquote").first.inner_text()
        assert window.page.locator("main script, main img").count() == 0
        assert window.page.title() != "stolen"


def test_the_language_models_view_stands_beside_ours(out: Path, visit: Visit) -> None:
    with StandIn() as model, served(out, model=LanguageModel(model.url, "stand-in")) as desk:
        window = visit(desk)
        window.go(f"/open?q={most_open(desk.room)}")
        window.press("m")
        opinion = window.page.locator(".opinion")
        expect(opinion).to_contain_text("Second opinion of stand-in; it marks nothing.")
        expect(opinion).to_contain_text("✓ says so It says so.")
        window.picture("second-opinion", height=520)
        assert marks(desk).history_since(0) == []


def test_answers_marked_unlike_are_side_by_side(tmp_path: Path, visit: Visit) -> None:
    texts = ("Porque es el valor por defecto de Keras.", "porque es el valor por defecto de keras")
    results = list(make_results(RUBRIC, {"7.1": [Written(text, {}) for text in texts]}, 2))
    make_class(tmp_path, results, RUBRIC, language="en").close()
    with served(tmp_path) as desk:
        window = visit(desk)
        window.go("/search?words=defecto")
        window.press("2", "0")
        window.go("/consistency")
        expect(window.page.locator(".case .side")).to_have_count(2)
        window.picture("consistency", height=460)
        window.page.locator(".case .side").nth(1).get_by_role("button", name="0.25", exact=False).last.click()
        window.settled()
        window.go("/consistency")
        expect(window.page.locator(".case")).to_have_count(0)


COVERED = """() => {
    const box = document.querySelector("#progress").lastElementChild.getBoundingClientRect();
    const place = [box.right - 2, (box.top + box.bottom) / 2];
    return !document.querySelector("#progress").contains(document.elementFromPoint(...place));
}"""


def test_a_narrow_screen_hides_nothing_of_what_is_left(desk: Served, visit: Visit) -> None:
    assert not visit(desk, narrow=True).page.evaluate(COVERED)


def test_a_narrow_screen_needs_no_sideways_scrolling(desk: Served, visit: Visit) -> None:
    window = visit(desk, narrow=True)
    code = desk.room.code(sorted(desk.room.results)[0])
    for path in ("/", "/question?q=4.3", "/next?q=4.3", "/consistency", "/search?words=red", f"/submission?s={code}"):
        window.go(path)
        assert window.page.evaluate("document.documentElement.scrollWidth") <= 390, path
    window.go(f"/open?q={most_open(desk.room)}")
    window.page.locator(".row.open .choice").first.click()
    expect(window.page.locator(".row.marked")).to_have_count(1)
    window.picture("narrow")


def test_help_names_every_key(desk: Served, visit: Visit) -> None:
    window = visit(desk)
    window.page.keyboard.press("?")
    expect(window.page.get_by_role("dialog")).to_contain_text("accept what is proposed, and go on")
    window.picture("help")
    window.page.get_by_label("You are marking as").fill("luz")
    with window.page.expect_navigation():
        window.page.get_by_role("button", name="Change").click()
    window.ready()
    window.go("/next")
    window.press("0")
    assert marks(desk).history_since(0)[-1].who == "luz"
