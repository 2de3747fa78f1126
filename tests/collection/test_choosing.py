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
        pytest.param(candidate("b.ipynb", 100, None), "cannot be read", id="unreadable"),
    ],
)
def test_why_another_one_is_not(other: Candidate, words: str) -> None:
    _, reasons = choose([candidate("a.ipynb", 100), other], numbers_count=True)

    assert words in str(reasons[other])
