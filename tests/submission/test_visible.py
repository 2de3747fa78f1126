"""What a page does not show is nobody's answer; what it does show stays."""

from __future__ import annotations

import pytest

from grader.submission.visible import visible
from grader.submission.wording import without_markup

SAID = "Hay una neurona por cada clase"

HIDDEN = {
    "not displayed": '<span style="display:none">{}</span>',
    "not displayed, in capitals and with blanks": "<SPAN STYLE='color: red; DISPLAY : NONE'>{}</SPAN>",
    "the attribute": "<p hidden>{}</p>",
    "the attribute with a value": '<p class="x" hidden="">{}</p>',
    "not visible": '<div style="visibility: hidden">{}</div>',
    "without size": '<div style="font-size:0">{}</div>',
    "a pixel high": '<div style="font-size: 1px;">{}</div>',
    "nothing of it to be seen": '<span style="opacity:0;">{}</span>',
    "an element within": "<div hidden><div>a</div>{}</div>",
    "never closed": "<div hidden>{}",
    "a comment": "<!-- {} -->",
    "a style sheet": "<style>{}</style>",
    "a space in a formula": r"$\phantom{{{}}}$",
    "where a link leads": "[](#{})",
    "what a picture is called": '<img alt="{}" src="x.png">',
}

SHOWN = {
    "bold": "<b>{}</b>",
    "red": '<span style="color:red">{}</span>',
    "white, for a dark page": '<font color="white">{}</font>',
    "small": '<span style="font-size:10px">{}</span>',
    "for the eye alone": '<span aria-hidden="true">{}</span>',
    "half": '<span style="opacity:0.5">{}</span>',
    "folded": "<details><summary>Respuesta</summary>{}</details>",
    "a link": "[{}](#hidden)",
    "about what is hidden": "La capa oculta (hidden) tiene 128 neuronas: {}, con loss < 0.4 y display: none no se usa",
    "after what is hidden": "<p hidden>nada</p>{}",
    "an element of the same name after it": "<div hidden>nada</div><div>{}</div>",
    "in a formula": r"$\text{{{}}}$",
}


@pytest.mark.parametrize("form", HIDDEN.values(), ids=HIDDEN)
def test_hidden_words_are_not_read(form: str) -> None:
    assert "neurona" not in without_markup(f"No lo sé.\n\n{form.format(SAID)}")


@pytest.mark.parametrize("form", SHOWN.values(), ids=SHOWN)
def test_words_that_are_shown_are_read(form: str) -> None:
    assert SAID in without_markup(form.format(SAID))


def test_many_openings_are_read_in_time() -> None:
    text = "<div hidden " * 200_000 + "<p hidden>" * 20_000 + "<" * 100_000
    assert "hidden" in visible(text)
