"""What is said to people: every sentence has its Spanish, and values are put in as plain data."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

import grader
from grader.records import say
from grader.reports.translation import LOCALE_FOLDER, Translator

PACKAGE = Path(grader.__file__).parent
PO = LOCALE_FOLDER / "es" / "LC_MESSAGES" / "grader.po"
PLACE = re.compile(r"\{([A-Za-z_]\w*)[^{}]*\}")


ERRORS = ("UsageError", "DataError", "SandboxError", "BadValue", "Phrase")
TEXTS_OF = {"say": 1, "_": 1, "say_number": 2, "ngettext": 2, **dict.fromkeys(ERRORS, 1)}
"""How many texts each function is given: one, or those for one and for many."""


def sentences_in_python() -> Iterator[tuple[str, str]]:
    """Where and what: the texts in every call of ``say`` and ``say_number``, plain or as a method."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or _name(node.func) not in TEXTS_OF or not node.args:
                continue
            where = f"{path.relative_to(PACKAGE)}:{node.lineno}"
            for argument in node.args[: TEXTS_OF[_name(node.func)]]:
                texts = list(_texts(argument))
                assert texts or isinstance(node.func, ast.Attribute), f"{where}: a sentence must be a constant"
                for text in texts:
                    yield where, text


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts(argument: ast.expr) -> Iterator[str]:
    """The constant itself, or both arms of a choice between constants."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.IfExp):
        yield from _texts(argument.body)
        yield from _texts(argument.orelse)


def sentences_in_templates() -> Iterator[tuple[str, str]]:
    environment = Environment(autoescape=True)
    for path in sorted(PACKAGE.glob("*/templates/*.html")):
        for call in environment.parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in ("_", "ngettext"):
                for argument in call.args[: TEXTS_OF[call.node.name]]:
                    assert isinstance(argument, nodes.Const), (
                        f"{path.name}:{call.lineno}: a sentence must be a constant"
                    )
                    yield f"{path.relative_to(PACKAGE)}:{call.lineno}", argument.value


def sentences() -> dict[str, str]:
    """Each sentence once, with the first place where it stands."""
    found: dict[str, str] = {}
    for where, text in [*sentences_in_python(), *sentences_in_templates()]:
        found.setdefault(text, where)
    return found


def catalogue() -> dict[str, str]:
    with PO.open("rb") as file:
        return {text: spoken for entry in read_po(file) if entry.id for text, spoken in _forms(entry)}


def _forms(entry: Any) -> list[tuple[str, str]]:
    """The English and the Spanish of an entry; of one that counts, those for one and for many."""
    if isinstance(entry.id, str):
        return [(entry.id, str(entry.string or ""))]
    return list(zip(entry.id, entry.string, strict=True))


def places(text: str) -> Counter[str]:
    return Counter(set(PLACE.findall(text.replace("{{", "").replace("}}", ""))))


def test_every_sentence_has_its_spanish() -> None:
    known = catalogue()
    missing = [f"{where}: {text!r}" for text, where in sentences().items() if not known.get(text)]
    assert not missing, "without a translation in grader.po:\n" + "\n".join(missing)


def test_translations_have_the_same_places() -> None:
    wrong = [f"{text!r} -> {spanish!r}" for text, spanish in catalogue().items() if places(text) != places(spanish)]
    assert not wrong, "other {places} than the English:\n" + "\n".join(wrong)


def test_the_catalogue_holds_nothing_fuzzy_or_left_over() -> None:
    with PO.open("rb") as file:
        fuzzy = [entry.id for entry in read_po(file) if entry.fuzzy and entry.id]
    assert not fuzzy
    assert not set(catalogue()) - set(sentences())


ES, EN = Translator("es"), Translator("en")


@pytest.mark.parametrize(
    ("translator", "value", "wanted"),
    [
        pytest.param(ES, 0.75, "0,75", id="spanish-comma"),
        pytest.param(EN, 0.75, "0.75", id="english-dot"),
        pytest.param(ES, 3.0, "3", id="no-needless-decimals"),
        pytest.param(ES, 0.1 + 0.2, "0,3", id="no-float-noise"),
        pytest.param(ES, 1024, "1024", id="widths-ungrouped"),
        pytest.param(ES, 60000, "60.000", id="large-numbers-grouped"),
        pytest.param(EN, 0.00001234, "1.23e-05", id="tiny-numbers-are-not-zero"),
        pytest.param(ES, 0.00001234, "1,23e-05", id="tiny-numbers-have-the-comma-too"),
        pytest.param(ES, math.nan, "NaN", id="nan"),
        pytest.param(ES, -math.inf, "-∞", id="infinity"),
    ],
)
def test_numbers(translator: Translator, value: float, wanted: str) -> None:
    assert translator.number(value) == wanted


@pytest.mark.parametrize(
    ("text", "values", "wanted"),
    [
        pytest.param("{x} units", {"x": 128}, "128 units", id="number"),
        pytest.param("loss {x:.4f}", {"x": 0.5}, "loss 0.5000", id="fixed-decimals"),
        pytest.param("share {x:.1%}", {"x": 0.8712}, "share 87.1\N{NO-BREAK SPACE}%", id="percentage"),
        pytest.param("{x}", {"x": "{y} {0.__class__} {{"}, "{y} {0.__class__} {{", id="braces-in-values-are-data"),
        pytest.param("{x.__class__}", {"x": 1}, "{x.__class__}", id="no-attribute-access"),
        pytest.param("{x[0]}", {"x": [1]}, "{x[0]}", id="no-item-access"),
        pytest.param("a {missing} place", {}, "a {missing} place", id="missing-value-stays-visible"),
        pytest.param("{{literal}} {x}", {"x": 1}, "{literal} 1", id="escaped-braces"),
        pytest.param("{x}", {"x": [1, "a", 0.5]}, "1; a; 0.5", id="list-with-decimals"),
        pytest.param("{x}", {"x": None}, "–", id="none"),
        pytest.param("{x}", {"x": say("in {y}", y="z")}, "in z", id="a-message-in-a-message"),
        pytest.param("{x}", {"x": "a\x00\x1b[31mb\u202ec"}, "a[31mbc", id="invisible-characters"),
    ],
)
def test_values_are_put_in_as_data(text: str, values: dict[str, Any], wanted: str) -> None:
    assert EN.text(say(text, **values)) == wanted


def test_a_300_kb_value_is_cut() -> None:
    assert len(EN.text(say("{error}", error="x" * 300_000))) < 1_000


@pytest.mark.parametrize("language", ["xx", "", "../es", "fr"])
def test_an_unknown_language_reads_english(language: str) -> None:
    assert Translator(language).say("Provisional mark") == "Provisional mark"


def test_spanish_is_used_where_it_is_known() -> None:
    assert ES.say("Question {id}", id="4.3") == "Pregunta 4.3"
