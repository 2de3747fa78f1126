"""Which of a student's notebooks is graded."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from grader.collection.choosing import Candidate, Fit, choose
from grader.collection.listing import Entry

GOOD, BLANK, OTHER = Fit(10, 20), Fit(10, 0), Fit(2, 30)


def candidate(name: str, modified: float = 0.0, fit: Fit | None = GOOD) -> Candidate:
    return Candidate(Entry(PurePosixPath(name), modified=modified), fit)


@pytest.mark.parametrize(
    ("candidates", "wanted"),
    [
        pytest.param([candidate("a.ipynb", 100), candidate("b.ipynb", 200)], "b.ipynb", id="latest"),
        pytest.param([candidate("a.ipynb", 200), candidate("a (2).ipynb", 100)], "a (2).ipynb", id="number first"),
        pytest.param([candidate("a.ipynb", 100), candidate("b.ipynb", 200, OTHER)], "a.ipynb", id="other assignment"),
        pytest.param([candidate("a.ipynb", 100), candidate("b.ipynb", 200, BLANK)], "a.ipynb", id="blank"),
        pytest.param([candidate("a.ipynb", 100), candidate("b.ipynb", 200, None)], "a.ipynb", id="unreadable"),
        pytest.param([candidate("a.ipynb", 0, Fit(10, 9)), candidate("b.ipynb", 1)], "b.ipynb", id="same time"),
        pytest.param([candidate("b.ipynb"), candidate("a.ipynb")], "a.ipynb", id="all alike"),
        pytest.param([candidate("p bak.ipynb", 9), candidate("p.ipynb")], "p.ipynb", id="a backup"),
        pytest.param([candidate("old p v3.ipynb"), candidate("p v2.ipynb")], "p v2.ipynb", id="an old one"),
        pytest.param([candidate("x/p.ipynb"), candidate("x/antiguo/p.ipynb", 9)], "x/p.ipynb", id="an old folder"),
        pytest.param([candidate("p.ipynb"), candidate("p definitivo.ipynb")], "p definitivo.ipynb", id="final"),
        pytest.param([candidate("p_final.ipynb"), candidate("p_revisada.ipynb")], "p_revisada.ipynb", id="corrected"),
        pytest.param(
            [candidate("p v2.ipynb"), candidate("p final.ipynb"), candidate("p v1.ipynb", 9)],
            "p final.ipynb",
            id="the last number and final",
        ),
        pytest.param([candidate("p final.ipynb", 100), candidate("p.ipynb", 200)], "p.ipynb", id="saved after final"),
        pytest.param(
            [candidate("try 9/p.ipynb"), candidate("try 10/p.ipynb")], "try 10/p.ipynb", id="folders' numbers"
        ),
        pytest.param(
            [candidate("G 7/v1/p (2).ipynb"), candidate("G 7/v2/p.ipynb")],
            "G 7/v2/p.ipynb",
            id="a folder's number before the file's",
        ),
        pytest.param(
            [candidate("v5/p.ipynb", 1), candidate("v5/p (1).ipynb")], "v5/p (1).ipynb", id="what all have says nothing"
        ),
        pytest.param([candidate("borrador.ipynb", 1), candidate("old.ipynb", 9)], "old.ipynb", id="drafts alone"),
        pytest.param([candidate("a.ipynb", 1, None), candidate("b.ipynb", 100, None)], "b.ipynb", id="all unreadable"),
    ],
)
def test_the_one_that_is_graded(candidates: list[Candidate], wanted: str) -> None:
    for order in (candidates, candidates[::-1]):
        chosen, reasons = choose(order, numbers_count=True)

        assert str(chosen.entry.path) == wanted
        assert {*reasons} == {*candidates} - {chosen}


def test_a_platforms_own_numbers_say_nothing() -> None:
    candidates = [candidate("a.ipynb", 100, Fit(10, 20)), candidate("a (1).ipynb", 50, Fit(10, 20))]

    assert choose(candidates, numbers_count=False)[0] is candidates[0]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        pytest.param(candidate("b.ipynb", 100, OTHER), "fits this assignment better", id="other assignment"),
        pytest.param(candidate("b.ipynb", 0), "is later", id="earlier"),
        pytest.param(candidate("b.ipynb", 100), "nothing tells which", id="same time"),
        pytest.param(candidate("b old.ipynb", 300), "By the names, it is an earlier attempt", id="old"),
        pytest.param(candidate("b.ipynb", 100, None), "cannot be read", id="unreadable"),
    ],
)
def test_why_another_one_is_not(other: Candidate, words: str) -> None:
    _, reasons = choose([candidate("a.ipynb", 100), other], numbers_count=True)

    assert words in str(reasons[other])
