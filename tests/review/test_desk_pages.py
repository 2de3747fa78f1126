"""What the desk's pages say: one number and one noun, where to go on, one cause once, the same keys as the guide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from desks import RUBRIC, Browser, Served, served
from written_class import ROOT, Written, make_class, make_results, unreadable

from grader.records import Result, Status
from grader.review.second_opinion import LanguageModel
from grader.rubric.criteria import Concept
from grader.scoring import add_up

ANSWERS = {
    question.id: [Written("Es mejor, pero tarda mucho más en entrenarse.", {})]
    for question in RUBRIC.questions
    if any(isinstance(criterion, Concept) for criterion in question.criteria)
}


def with_all(status: Status, result: Result) -> Result:
    findings = [replace(finding, status=status) for score in result.score.questions for finding in score.findings]
    return replace(result, score=add_up(findings, RUBRIC))


def text(page: str) -> str:
    """A page's words as they are read."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def a_desk(out: Path, results: Sequence[Result], language: str = "en") -> Iterator[Served]:
    make_class(out, results, RUBRIC, language=language).close()
    with served(out) as desk:
        yield desk


@pytest.fixture
def alike(tmp_path: Path) -> Iterator[Served]:
    """A class of three whose answers say the same, all of it to decide."""
    results = make_results(RUBRIC, ANSWERS, 3, judged=False)
    yield from a_desk(tmp_path, [with_all(Status.NEEDS_REVIEW, result) for result in results])


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Served]:
    """A class of three: all is decided, but for two files that cannot be read."""
    good, *bad = make_results(RUBRIC, ANSWERS, 3, judged=False)
    yield from a_desk(tmp_path, [with_all(Status.PASSED, good), *(unreadable(result, RUBRIC) for result in bad)])


# --- one number, one noun ---


def test_a_group_says_one_number_of_criteria_everywhere(alike: Served) -> None:
    browser, room = alike.browser(), alike.room
    group = next(group for group in room.groups("4.3") if group.prose)
    count = len(room.keys(group))
    assert (count, len(group.members)) == (6, 3)
    address = f"/group?q=4.3&g={group.id}"
    page = text(browser.get(address).text)
    assert f"Accept all {count} criteria as proposed" in page
    assert f"{count} criteria in 3 answers alike" in page
    mark_first(browser, alike, group.members[0])
    assert f"Accept the other {count - 1} criteria as proposed" in text(browser.get(address).text)
    after = browser.post("/accept", {"q": "4.3", "g": group.id}, where=address).text
    assert f"Marked last: {count - 1} criteria Question 4.3" in text(after)
    assert f"{count} criteria in 3 answers alike" in text(after)


def mark_first(browser: Browser, desk: Served, name: str) -> None:
    check = next(key[2] for key in desk.room.keys_of(name) if key[1] == "4.3")
    browser.post("/mark", {"s": desk.room.code(name), "q": "4.3", "c": check, "points": "0", "seen": 0})


def test_what_is_left_is_a_number_of_criteria_on_every_page(alike: Served) -> None:
    left, here = alike.room.left()[0], alike.room.left("4.3")[0]
    assert here
    browser = alike.browser()
    assert f"{left} criteria left to decide" in text(browser.get("/").text)
    assert f"{here} criteria to decide" in text(browser.get("/").text)
    for path in ("/open?q=4.3", "/question?q=4.3"):
        assert f"{here} criteria left to decide here" in text(browser.get(path).text)


def test_a_whole_submission_is_undone_as_its_criteria(whole: Served) -> None:
    browser, room = whole.browser(), whole.room
    name = room.whole_cases()[0]
    form = {"s": room.code(name), "cell": "", "give": "none"}
    page = browser.post("/decide", form, where="/submission").text
    assert f"Marked last: {name} {len(room.keys_of(name))} criteria" in text(page)


# --- where to go on ---


def test_every_page_leads_on_to_whole_submissions(whole: Served) -> None:
    browser, room = whole.browser(), whole.room
    first, second = room.whole_cases()
    group = next(group for group in room.groups("2"))
    for path in ("/open?q=2", "/question?q=2", f"/group?q=2&g={group.id}"):
        page = browser.get(path).text
        assert next_of(page) == ("Next submission n", f"/submission?s={room.code(first)}"), path
        assert "All questions" not in text(page.partition('id="help"')[0])
    assert next_of(browser.get(f"/submission?s={room.code(first)}").text)[1] == f"/submission?s={room.code(second)}"
    assert browser.get("/next").url.endswith(f"/submission?s={room.code(first)}")


def test_all_questions_come_when_nothing_is_left(whole: Served) -> None:
    browser, room = whole.browser(), whole.room
    for name in room.whole_cases():
        page = browser.post("/decide", {"s": room.code(name), "cell": "", "give": "all"}, where="/submission").text
    assert next_of(page) == ("All questions n", "/")
    assert next_of(browser.get("/open?q=2").text) == ("All questions n", "/")


def next_of(page: str) -> tuple[str, str]:
    """What the key n leads to, outside of the rows."""
    address, label = re.findall(r'<a [^>]*href="([^"]*)" data-next>(.*?)</a>', page, re.DOTALL)[-1]
    return text(label), unescape(address)


# --- one cause, told once ---


def test_a_file_that_cannot_be_read_says_why_once(whole: Served) -> None:
    name = whole.room.whole_cases()[0]
    page = whole.browser().get(f"/submission?s={whole.room.code(name)}").text
    visible = re.sub(r'<details class="more">.*?</details>', "", page, flags=re.DOTALL)
    assert visible.count("could not be read as a notebook") == 1
    assert "No answer was found" not in visible
    assert page.index('name="give"') < page.index("data-fold") < page.index('class="row')


@pytest.mark.parametrize("kind", ["a file that cannot be read", "a notebook"])
def test_each_question_of_a_submission_stands_once_in_its_order(kind: str, whole: Served) -> None:
    cases = whole.room.whole_cases()
    name = cases[0] if kind == "a file that cannot be read" else next(iter(set(whole.room.results) - set(cases)))
    page = whole.browser().get(f"/submission?s={whole.room.code(name)}").text
    asked = [question.id for question in RUBRIC.questions]
    assert re.findall(r'<span class="soft">Question ([\d.]+) ·', page) == asked
    rows = re.findall(r'name="q" value="([^"]+)">\s*<input type="hidden" name="c" value="([^"]+)"', page)
    assert rows == [(question.id, entry.id) for question in RUBRIC.questions for entry in question.criteria]


# --- the guide ---


def test_the_help_and_the_guide_name_the_same_keys(tmp_path: Path) -> None:
    make_class(tmp_path, list(make_results(RUBRIC, {}, 1)), RUBRIC, language="en").close()
    with served(tmp_path, model=LanguageModel("http://127.0.0.1:9", "none")) as desk:
        page = desk.browser().get("/").text
    helped = [
        (tuple(re.findall("<kbd>(.)</kbd>|<kbd>([^<]+)</kbd>", keys)), text(does))
        for keys, does in re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', page)
    ]
    guide = (ROOT / "docs" / "review.md").read_text(encoding="utf-8").replace("<kbd>Enter</kbd>", "<kbd>↵</kbd>")
    told = [
        (tuple(re.findall("<kbd>(.)</kbd>|<kbd>([^<]+)</kbd>", keys)), does)
        for keys, does in re.findall(r"^\| (<kbd>.*?) \| (.*?) \|$", guide, re.MULTILINE)
    ]
    assert helped == told
    assert len(told) > 10
