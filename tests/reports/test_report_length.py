"""How long a student's page is, on a screen, on a phone and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import chromium
from playwright.sync_api import Browser
from report_samples import RUBRIC, SAMPLES, faulty

from grader.reports.class_page import write_class_page
from grader.reports.student import write_student_report

SCREEN = 800
"""Pixels."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize(
    ("sample", "screens", "sheets"),
    [
        pytest.param("perfect", 3, 4, id="perfect"),
        pytest.param("partial", 3, 4, id="partial"),
        pytest.param("faulty", 4, 4, id="two-tables"),
    ],
)
def test_a_report_is_short_on_a_screen_and_on_paper(
    sample: str, screens: int, sheets: int, tmp_path: Path, browser: Browser
) -> None:
    path = tmp_path / "report.html"
    write_student_report(SAMPLES[sample](), RUBRIC, "es", path)
    page = browser.new_page(viewport={"width": 1280, "height": SCREEN})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollHeight") <= screens * SCREEN
    assert page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") <= sheets
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()


def test_paper_shows_whose_each_fault_is(tmp_path: Path, browser: Browser) -> None:
    path = tmp_path / "index.html"
    write_class_page([faulty("a"), faulty("b")], RUBRIC, "es", path)
    page = browser.new_page()
    page.goto(path.as_uri())
    for medium, shown in (("screen", False), ("print", True)):
        page.emulate_media(media=medium)  # type: ignore[arg-type]
        fault = page.locator("#faults .students").first
        assert fault.is_visible() is shown, medium
        assert page.locator("#faults summary").first.is_visible(), medium
    page.close()
