"""What students write is shown as text, in every page: no element, attribute or script of theirs survives."""

from __future__ import annotations

import csv
import json
import logging
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
import report_samples
from course import Class
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from pool import Pool
from report_samples import RUBRIC, perfect

from grader.cli import main
from grader.jobs import LOG, log_in
from grader.records import Result
from grader.reports.class_page import write_class_page
from grader.reports.grades_csv import write_grades_csv
from grader.reports.student import write_student_report

OWN = "document.documentElement.setAttribute('data-owned','1')"
"""What the attacks do where they are run."""

PAYLOADS = {
    "script": f"<script>{OWN}</script>",
    "script after the page's own": f"</script><script>{OWN}</script>",
    "script behind a style": f"</style></title></textarea></noscript><script>{OWN}</script>",
    "style": "<style>body{display:none}</style><link rel=stylesheet href=//x.invalid/x.css>",
    "iframe": f'<iframe src="javascript:{OWN}"></iframe><iframe srcdoc="<script>parent.{OWN}</script>"></iframe>',
    "picture": f"<img src=x onerror={OWN}>",
    "svg": f"<svg onload={OWN}><script>{OWN}</script><animate onbegin={OWN} attributeName=x dur=1s></svg>",
    "mathml": f'<math><mtext><table><mglyph><style><!--</style><img title="--><img src onerror={OWN}>"></math>',
    "handler out of an attribute": f"\" onmouseover=\"{OWN}\" autofocus onfocus=\"{OWN}\" x='",
    "handler out of the other quotes": f"' onmouseover='{OWN}' style='position:fixed'",
    "link": f'<a href="javascript:{OWN}">x</a> [x](javascript:{OWN}) ![x](x" onerror="{OWN})',
    "base and form": '<base href="//x.invalid/"><form action="//x.invalid/"><input name=q>',
    "refresh": '<meta http-equiv="refresh" content="0;url=//x.invalid/">',
    "entities": f"&lt;script&gt;{OWN}&lt;/script&gt;&#60;img src=x onerror={OWN}&#62;",
    "comment": f"<!--><img src=x onerror={OWN}>--><![CDATA[<script>{OWN}</script>]]>",
    "template": "{{7*7}}{% include '/etc/passwd' %}{{ self.__init__.__globals__ }}{0.__class__}",
    "control signs": f"<scr\0ipt>{OWN}</scr\0ipt>\x1b]0;x\x07<\x0bimg src=x onerror={OWN}>\u202e",
}  # fmt: skip
ALL = " ".join(PAYLOADS.values())

HARMLESS: dict[str, str] = {}
"""The pages without an attack, once they have been written."""
Shape = tuple[str, tuple[str, ...]]


class _Shapes(HTMLParser):
    """The elements of a page, each as its tag and the names of its attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: set[Shape] = set()
        self.links: set[str] = set()
        self.styles: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add((tag, tuple(sorted(name for name, _ in attrs))))
        self.links |= {value or "" for name, value in attrs if name in ("href", "xlink:href")}
        self.styles |= {value or "" for name, value in attrs if name == "style"}

    def handle_data(self, data: str) -> None:
        self.text += data


def shapes(html: str) -> _Shapes:
    reader = _Shapes()
    reader.feed(html)
    reader.close()
    return reader


def foreign(html: str, harmless: str) -> set[Shape]:
    """Elements of a page that the same page with harmless words in it has not; a marked word is ours."""
    return shapes(html).found - shapes(harmless).found - {("mark", ())}


# --- pages of records -------------------------------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, str]]:
    """Both pages about a submission all of whose texts are the same."""

    def write(text: str) -> dict[str, str]:
        monkeypatch.setattr(report_samples, "HOSTILE", text)
        result = report_samples.hostile(text)
        pages = {"student": tmp_path / "report.html", "class": tmp_path / "index.html"}
        write_student_report(result, RUBRIC, "es", pages["student"])
        write_class_page([result, perfect()], RUBRIC, "es", pages["class"])
        return {name: path.read_text(encoding="utf-8") for name, path in pages.items()}

    return write


@pytest.mark.parametrize("attack", PAYLOADS)
def test_an_attack_in_every_text_adds_no_element(attack: str, written: Callable[[str], dict[str, str]]) -> None:
    hostile = written(PAYLOADS[attack])
    harmless = HARMLESS or written("word")
    HARMLESS.update(harmless)
    for page in hostile:
        assert not foreign(hostile[page], harmless[page])
        found = shapes(hostile[page])
        own = ("grades.csv", "left_out.csv")
        assert all(link.startswith("#") or link.endswith((".html", *own)) or ".html#" in link for link in found.links)
        assert not any(link.lower().lstrip().startswith(("javascript:", "//", "data:")) for link in found.links)
        assert all(
            style.startswith(("width: ", "border-color: ")) or style in _drawn(harmless[page]) for style in found.styles
        )
    assert "owned" not in PAYLOADS[attack] or "data-owned" in shapes(hostile["student"]).text, "it is shown as text"


def _drawn(html: str) -> set[str]:
    return shapes(html).styles


# --- pages of a class that was graded -----------------------------------------------------------------------------------

HOSTILE_RUBRIC = """\
title: {{en: {text}}}
language: en
points: 3
questions:
  - id: "1"
    title: {{en: {text}}}
    prompt: {text}
    points: 1
    criteria:
      - {{check: concept, points: 1, ways: [mejora], title: {{en: {text}}}, hint: {{en: {text}}}, expected: {{en: {text}}}}}
  - id: "2"
    title: {{en: Callback}}
    prompt: Crear un callback.
    points: 1
    criteria:
      - {{check: callback_stops, points: 1, loss: 0.4}}
  - id: "3"
    title: {{en: Training}}
    prompt: Entrenar una red.
    points: 1
    training: {{epochs: 3}}
    criteria:
      - {{check: epochs, points: 1, epochs: 3}}
"""


def submission(text: str) -> Any:
    """The text wherever a student can put one."""
    shown = {"text/html": text, "text/markdown": text, "image/svg+xml": text, "text/plain": text}
    saved = [
        new_output("display_data", shown),
        new_output("stream", text=text),
        new_output("error", ename=text, evalue=text, traceback=[text]),
    ]
    callback = (
        "import tensorflow as tf\n"
        f"def fail(self, epoch, logs=None): raise type({text!r}, (ValueError,), {{}})({text!r})\n"
        f"Stop = type({text!r}, (tf.keras.callbacks.Callback,), {{'on_epoch_end': fail}})"
    )
    raises = f"from IPython.display import HTML, display\ndisplay(HTML({text!r})); print({text!r})\nraise ValueError({text!r})"
    return new_notebook(
        cells=[
            new_markdown_cell(f"## Pregunta 1\n\nLa precisión mejora {text}"),
            new_code_cell(f"# mejora {text[:200].splitlines()[0]}\nprint('mejora', {text!r})", outputs=saved),
            new_markdown_cell("## Pregunta 2"),
            new_code_cell(callback),
            new_markdown_cell("## Pregunta 3"),
            new_code_cell(raises),
        ]
    )


@dataclass(frozen=True)
class Pages:
    """What a class with one hostile notebook left behind, and the same class with harmless words instead."""

    out: Path
    harmless: Path


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, pool: Pool) -> Pages:
    outs = []
    for name, text in (("harmless", "word"), ("hostile", ALL)):
        course = Class(tmp_path_factory.mktemp(name), lambda *words: None)  # type: ignore[arg-type]
        (course.root / "rubric.yaml").write_text(HOSTILE_RUBRIC.format(text=json.dumps(text)))
        nbformat.write(submission(text), course.folder / "ana.ipynb")
        bad = "<img src=x onerror=alert(1)>" if text != "word" else "word"
        (course.folder / f"{bad}.ipynb").write_text(text)
        with pool.lent():
            assert main([*course.command, "--workers", "1", "--no-replay"]) == 0
        outs.append(course.out)
    return Pages(outs[1], outs[0])


def test_the_attacks_are_in_the_pages_as_text(pages: Pages) -> None:
    text = shapes((pages.out / "ana" / "report.html").read_text(encoding="utf-8")).text
    assert text.count("<script>") > 5, "in the student's words, the callback's error, the rubric's titles"
    assert "La precisión mejora" in text


@pytest.mark.parametrize("page", ["index.html", "ana/report.html"])
def test_a_graded_attack_adds_no_element(page: str, pages: Pages) -> None:
    hostile, harmless = ((out / page).read_text(encoding="utf-8") for out in (pages.out, pages.harmless))
    assert not foreign(hostile, harmless)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
@pytest.mark.parametrize("page", ["index.html", "ana/report.html"])
def test_nothing_runs_in_a_browser(page: str, pages: Pages, tmp_path: Path) -> None:
    """The browser's own parser makes of the page what ours does, and no script but the class page's has run."""
    found = browsed(pages.out / page, tmp_path)
    assert "data-owned" in shapes(found).text
    assert "data-owned" not in {name for _, names in shapes(found).found for name in names}
    assert not foreign(found, browsed(pages.harmless / page, tmp_path))


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_the_browser_would_have_shown_an_attack(tmp_path: Path) -> None:
    page = tmp_path / "attacked.html"
    page.write_text(f"<p>{PAYLOADS['picture']}")
    assert "data-owned" in {name for _, names in shapes(browsed(page, tmp_path)).found for name in names}


def browsed(page: Path, profile: Path) -> str:
    """The page as a browser has it after its scripts have run."""
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}/profile"]
    command += ["--virtual-time-budget=1000", "--dump-dom", page.resolve().as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def test_pages_say_that_nothing_foreign_may_run(pages: Pages) -> None:
    for page in ("index.html", "ana/report.html"):
        html = (pages.out / page).read_text(encoding="utf-8")
        policy = html.split('http-equiv="Content-Security-Policy" content="')[1].split('"')[0]
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'")
        assert html.index("Content-Security-Policy") < html.index("<title>")


# --- the table of marks -----------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(max_size=20) | st.sampled_from("=+-@\t\r\n＝＋－＠ ").flatmap(lambda sign: st.text().map(sign.__add__))
)
def test_no_name_is_a_formula_in_the_table(name: str, tmp_path: Path) -> None:
    result: Result = replace(perfect(), submission=name)
    write_grades_csv([result], RUBRIC, tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(newline="", encoding="utf-8") as file:
        header, row = csv.reader(file)
    assert len(header) == len(row)
    assert not row[0].lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


# --- the log ----------------------------------------------------------------------------------------------------------


def test_no_text_of_a_students_is_an_entry_of_the_log(tmp_path: Path) -> None:
    forged = "2026-01-01 00:00:00,000 host ERROR grader: the marks are wrong"
    attack = f"\x1b[2Jx\r\n{forged}\u2028{forged}\x85{forged}\v\x00\x9b"
    with log_in(tmp_path):
        logging.getLogger("grader").warning("%s: failed", attack)
        try:
            raise ValueError(attack)
        except ValueError:
            logging.getLogger("grader").exception("%s", attack)
    written = (tmp_path / LOG).read_text(encoding="utf-8")
    entries = [line for line in written.splitlines() if not line.startswith("    ")]
    assert len(entries) == 2
    assert forged in written
    assert all(char.isprintable() or char == "\n" for char in written)
