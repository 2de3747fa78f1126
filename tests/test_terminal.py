"""What the terminal says of results."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_samples import partial, perfect

from grader.records import say
from grader.reports.translation import Translator
from grader.terminal import counted, remarks


@pytest.mark.parametrize(
    ("number", "words", "wanted"),
    [
        pytest.param(1, ("submission",), "1 submission", id="one"),
        pytest.param(0, ("submission",), "0 submissions", id="none"),
        pytest.param(2, ("criterion", "criteria"), "2 criteria", id="with-its-own-plural"),
        pytest.param(0.5, ("point",), "0.5 points", id="half"),
        pytest.param(10.0, ("point",), "10 points", id="whole"),
    ],
)
def test_numbers_have_their_noun(number: float, words: tuple[str, ...], wanted: str) -> None:
    assert counted(number, *words) == wanted


def test_a_reason_and_a_doubt_are_in_the_readers_language() -> None:
    reason = say("The kernel ended while cell {cell} ran.", cell=7)
    doubt = say("Hardly anything of this assignment was found in this notebook. Is this the right file?")
    shown = remarks(replace(partial(), reason=reason, file_doubt=doubt), Translator("es"))
    assert shown.startswith("El kernel terminó mientras se ejecutaba la celda 7. En este cuaderno apenas")
    assert remarks(perfect(), Translator("es")) == ""
