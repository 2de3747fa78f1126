"""Whom `--only` means."""

from __future__ import annotations

import pytest

from grader.choosing import choose
from grader.errors import UsageError
from grader.records import HandedIn

NAMES = {"Alumna_Nunez": "Alumna Núñez", "b.1": "B", "b.2": "b", "x": "Equis", "c_d": "c d", "c_d-2": "c_d", "e": "f"}
CLASS = [
    *(HandedIn(id, name, f"{id}.ipynb") for id, name in NAMES.items()),
    HandedIn("twin_1", "Twin", "1.ipynb", platform_id="2001", has_namesake=True),
    HandedIn("twin_2", "Twin", "2.ipynb", platform_id="2002", has_namesake=True),
    HandedIn("Sol", "Sol", "3.ipynb", has_namesake=True),
    HandedIn("Sol-1a2b3c", "Sol", "4.ipynb", has_namesake=True),
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param([], set(), id="nobody"),
        pytest.param(["Alumna_Nunez"], {"Alumna_Nunez"}, id="the id"),
        pytest.param(["Alumna Núñez"], {"Alumna_Nunez"}, id="the name"),
        pytest.param(["alumna nunez"], {"Alumna_Nunez"}, id="without accents and capitals"),
        pytest.param(["Alumna N\u0075\u0301n\u0303ez"], {"Alumna_Nunez"}, id="accents written apart"),
        pytest.param(["x.ipynb"], {"x"}, id="the file"),
        pytest.param(["B", "b"], {"b.1", "b.2"}, id="two that differ in capitals"),
        pytest.param(["x", "Equis", "x"], {"x"}, id="one several times"),
        pytest.param(["Twin (2001)"], {"twin_1"}, id="as the pages tell namesakes apart"),
        pytest.param(["sol (sol)"], {"Sol"}, id="the same in small letters"),
        pytest.param(["c d", "c_d-2"], {"c_d", "c_d-2"}, id="what tells an id from another's name"),
        pytest.param(["twin_2"], {"twin_2"}, id="the id of one of two with a name"),
    ],
)
def test_who_is_meant(wanted: list[str], found: set[str]) -> None:
    assert choose(wanted, CLASS) == found


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        pytest.param(
            "Alumna Nuñes", "must name a submission of the folder.*did you mean 'Alumna Núñez'", id="mistyped"
        ),
        pytest.param("alumna nunes", "did you mean 'Alumna Núñez'", id="mistyped without accents"),
        pytest.param("Alumna Ñuñéz Gil", "did you mean 'Alumna Núñez'", id="accents elsewhere, and one word more"),
        pytest.param("núñez", "did you mean 'Alumna Núñez'", id="the family name alone"),
        pytest.param("Twinn", r"did you mean 'Twin \(2001\)', 'Twin \(2002\)'", id="near to two of a name"),
        pytest.param(
            "zzzzzz",
            "must name a submission of the folder. Received: 'zzzzzz' .there are: 'Alumna Núñez', 'B'",
            id="a stranger",
        ),
        pytest.param("", "must name a submission", id="nothing"),
        pytest.param(
            "c_d", "must name one submission. Received: 'c_d', which is c d, c_d-2", id="one's id, another's name"
        ),
        pytest.param("sol", r"'sol', which is Sol \(Sol\), Sol-1a2b3c$", id="a namesake whose id is the name"),
        pytest.param("Twin", "must name one submission. Received: 'Twin', which is twin_1, twin_2", id="two of a name"),
    ],
)
def test_who_is_not_known_is_refused(wanted: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        choose(["x", wanted], CLASS)
