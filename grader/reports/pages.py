"""What both pages share: the template engine, and the words and signs of a status."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grader.records import Finding, Message, Outcome, QuestionScore, Result, Status, say
from grader.reports.text import shown
from grader.reports.translation import Translator

TEMPLATES = Path(__file__).parent / "templates"

_LONGEST_NAME = 120
_LONGEST_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Sign:
    """How a status is shown: a kind (for its colour), a sign and a word, so that colour is never alone."""

    kind: str
    sign: str
    word: Message


_SIGNS = {
    Status.PASSED: Sign("good", "✓", say("Achieved")),
    Status.FAILED: Sign("bad", "✗", say("Not achieved")),
    Status.SKIPPED: Sign("none", "–", say("Could not be judged")),
    Status.NEEDS_REVIEW: Sign("wait", "?", say("A person will review this")),
    Status.ERROR: Sign("wait", "!", say("Fault of the grader, not yours")),
}
_PARTLY = Sign("part", "◐", say("Achieved in part"))

OUTCOMES = {
    Outcome.GRADED: Sign("good", "✓", say("Graded")),
    Outcome.PARTIAL: Sign("part", "◐", say("Graded in part")),
    Outcome.FAILED: Sign("bad", "✗", say("Could not be graded")),
    Outcome.OUTDATED: Sign("wait", "↻", say("Outdated")),
}


@cache
def look_digest() -> str:
    """Of all that pages are made with: code, templates and translations. After an upgrade, pages are written anew."""
    digest = hashlib.sha256()
    for file in sorted(TEMPLATES.parent.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def sign_of(finding: Finding) -> Sign:
    """The sign of a finding; one that earned some of its points is shown as partly achieved."""
    if finding.status is Status.FAILED and 0 < finding.points < finding.max_points:
        return _PARTLY
    return _SIGNS[finding.status]


def kind_of_score(score: float, max_score: float) -> str:
    """Colour of a mark: all, some, or none of its points."""
    return "good" if score >= max_score - 1e-9 else "part" if score > 1e-9 else "bad"


def kind_of_question(score: QuestionScore) -> str:
    """Like `kind_of_score`; a question of which nothing could be judged has no colour of its own."""
    if score.findings and all(finding.status is Status.SKIPPED for finding in score.findings):
        return "none"
    return kind_of_score(score.score, score.max_score)


def is_one_case(result: Result) -> bool:
    """True where one reason, the result's own, stands in every finding: nothing was judged one by one."""
    findings = [finding for question in result.score.questions for finding in question.findings]
    return (
        result.reason is not None and bool(findings) and all(finding.message == result.reason for finding in findings)
    )


def anchor(question: str, check: str = "") -> str:
    """The id of a question or criterion in a student's page; the class page links to it."""
    return "-".join(["q", *(re.sub(r"[^A-Za-z0-9_]", "-", part) for part in (question, check) if part)])


def report_link(folder: str, fragment: str = "") -> str:
    """From the class page to the student's page in a folder beside it."""
    return file_link(folder, "report.html") + (f"#{fragment}" if fragment else "")


def file_link(folder: str, name: str) -> str:
    """From the class page to a file of a folder beside it."""
    return f"{quote(shown(folder, 1_000), safe='')}/{name}"


def render(template: str, translator: Translator, values: Mapping[str, Any], folder: Path = TEMPLATES) -> str:
    """Fill a template. Everything put into it is escaped, unless our own code drew it (`Markup`)."""
    page = _environment(folder).get_template(template)
    return page.render(
        _=translator.say,
        ngettext=translator.say_number,
        points=lambda value: translator.number(round(value, 3)),
        percent=translator.percent,
        language=translator.language,
        **values,
    )


def _cleaned(value: Any) -> Any:
    """The last gate before the page: no text of unknown origin passes with invisible characters or without end."""
    return shown(value, _LONGEST_TEXT) if isinstance(value, str) and not isinstance(value, Markup) else value


@lru_cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        finalize=_cleaned,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["name"] = lambda text: shown(str(text), _LONGEST_NAME)
    return environment
