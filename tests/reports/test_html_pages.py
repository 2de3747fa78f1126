"""What holds for every page: it opens from a file, escapes what strangers wrote, and can be read by everyone."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from report_pages import Element, parse
from report_samples import RUBRIC, SAMPLES

from grader.reports.class_page import write_class_page
from grader.reports.pages import TEMPLATES
from grader.reports.student import write_student_report

Write = Callable[[Path, str], None]


def _student(sample: str) -> Write:
    return lambda path, language: write_student_report(SAMPLES[sample](), RUBRIC, language, path)


def _class_of(*samples: str) -> Write:
    results = [SAMPLES[sample]() for sample in samples]
    return lambda path, language: write_class_page(results, RUBRIC, language, path)


PAGES: dict[str, Write] = {
    **{f"student-{sample}": _student(sample) for sample in SAMPLES},
    "class-of-all": _class_of(*SAMPLES),
    "class-of-one-failed": _class_of("failed"),
    "class-of-none": _class_of(),
}

every_page = pytest.mark.parametrize("name", PAGES)
every_language = pytest.mark.parametrize("language", ["es", "en"])


@pytest.fixture
def html(name: str, tmp_path: Path, language: str = "es") -> str:
    path = tmp_path / "page.html"
    PAGES[name](path, language)
    return path.read_text(encoding="utf-8")


@pytest.fixture
def page(html: str) -> Element:
    return parse(html)


@every_page
@every_language
def test_tells_its_language(name: str, language: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    PAGES[name](path, language)
    root = next(parse(path.read_text(encoding="utf-8")).all("html"))
    assert root.attributes["lang"] == language


COLOURS = re.compile(r"--([a-z-]+): (#[0-9a-f]{6})")


def luminance(colour: str) -> float:
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, two: str) -> float:
    dark, light = sorted((luminance(one), luminance(two)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        *((ink, paper) for ink in ("ink", "soft", "accent") for paper in ("page", "card", "none-bg")),
        *((tone, paper) for tone in ("good", "part", "bad", "wait", "none") for paper in ("card", f"{tone}-bg")),
        *(("ink", f"{tone}-bg") for tone in ("good", "part", "bad", "wait", "accent")),
    ],
)
def test_text_stands_out_from_its_ground(ink: str, paper: str, scheme: str) -> None:
    light, dark = (TEMPLATES / "base.css").read_text(encoding="utf-8").split("prefers-color-scheme: dark")
    colours = dict(COLOURS.findall(light if scheme == "light" else dark.split("*, *::before")[0]))
    assert contrast(colours[ink], colours[paper]) >= 4.5  # WCAG 2.2, level AA


@every_page
def test_loads_nothing_from_anywhere(html: str, page: Element) -> None:
    for element in page.all():
        for attribute in ("src", "srcset", "action", "data", "poster", "formaction", "background"):
            assert attribute not in element.attributes, element
        link = element.attributes.get("href", element.attributes.get("xlink:href", ""))
        assert not re.match(r"(?i)\s*([a-z][a-z+.-]*:|//)", link), link
        assert element.tag not in ("link", "iframe", "object", "embed", "base", "img")
    styles = "".join(element.text for element in page.all("style"))
    assert "@import" not in styles
    assert not re.search(r"url\((?!#)", html.replace("url(#", ""))


@every_page
def test_says_by_policy_that_only_its_own_script_runs(page: Element) -> None:
    policy = next(
        meta.attributes["content"]
        for meta in page.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'")
    scripts = [script.text for script in page.all("script")]
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert re.findall(r"'sha256-([^']+)'", policy) == digests


@every_page
def test_has_no_handlers_and_no_scripts_of_strangers(name: str, page: Element) -> None:
    assert len(list(page.all("script"))) == (1 if name.startswith("class") else 0)
    for element in page.all():
        assert not [attribute for attribute in element.attributes if attribute.startswith("on")], element


@every_page
def test_ids_are_unique_and_links_arrive(page: Element) -> None:
    ids = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    targets = {
        value[1:]
        for element in page.all()
        for attribute, value in element.attributes.items()
        if attribute in ("href", "xlink:href") and value.startswith("#")
    }
    assert targets <= set(ids)
    named = " ".join(element.attributes.get("aria-labelledby", "") for element in page.all()).split()
    assert set(named) <= set(ids)


@every_page
def test_headings_go_down_one_step_at_a_time(page: Element) -> None:
    levels = [int(element.tag[1]) for element in page.all() if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@every_page
def test_tables_have_headers_and_pictures_have_words(page: Element) -> None:
    for table in page.all("table"):
        assert list(table.all("th"))
        assert all(header.attributes.get("scope") in ("col", "row") for header in table.all("th"))
    for picture in page.all("svg"):
        assert picture.attributes["role"] == "img"
        assert len(picture.attributes["aria-label"]) > 20


@every_page
def test_same_input_gives_the_same_bytes(name: str, html: str, tmp_path: Path) -> None:
    again = tmp_path / "again.html"
    PAGES[name](again, "es")
    assert again.read_text(encoding="utf-8") == html


@every_page
def test_leaves_no_drafts_behind(name: str, tmp_path: Path) -> None:
    PAGES[name](tmp_path / "page.html", "es")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.parametrize("name", ["student-hostile", "class-of-all"])
def test_shows_hostile_text_as_text(html: str, page: Element) -> None:
    assert "<script>alert(1)</script>" in page.text
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "{{7*7}}" in html
    assert "49{0" not in html  # the sum that the template engine would do
    assert not re.search("[\x00\u202e\ud800]", html)


@pytest.mark.parametrize("name", ["student-hostile"])
def test_shows_only_the_beginning_of_endless_text(html: str) -> None:
    assert "x" * 1_000 not in html
    assert len(html) < 400_000
