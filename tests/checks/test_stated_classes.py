"""Which classes a submission names: in prose, in what it prints today, in what it printed when it was saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from made_evidence import cells, context
from shipped import RUBRIC

from grader.checks.stated_classes import stated_classes
from grader.records import CellRun, CellStatus, Evidence, Output, Passage, Place
from grader.training.data import load_data

CODE = 3


def stated(data: Path, printed: str, *said: tuple[Literal["markdown", "comment", "print"], str]) -> set[int]:
    """Args: printed: by the question's code today; empty where it was not run."""
    runs = {CODE: CellRun(CODE, CellStatus.OK, (Output("stream", printed, "stdout"),))} if printed else {}
    passages = tuple(Passage(CODE, text, source) for source, text in said)
    at = context(
        "3.2",
        RUBRIC,
        load_data(data),
        Evidence(runs, (), ()),
        cells=cells({}),
        places={"3.2": replace(Place("3.2", (CODE,)), passages=passages)},
    )
    return stated_classes(at)[0]


SAVED = ("print", "La clase es 9")


@pytest.mark.parametrize(
    ("printed", "said", "named"),
    [
        pytest.param("La clase es 9\n", [SAVED], {9}, id="printed then and now"),
        pytest.param("", [SAVED], {9}, id="printed then, not run now"),
        pytest.param("La clase es 7\n", [SAVED], {7}, id="another value now"),
        pytest.param("La clase es 9\nDe las 10: 0 1 2\n", [SAVED], {9}, id="printed beside other numbers"),
        pytest.param("La clase es 7\n", [SAVED, ("markdown", "Es la 9.")], {9}, id="prose comes first"),
        pytest.param("La clase es 7\n", [("comment", "el botín"), SAVED], {9}, id="so does a comment"),
        pytest.param("10\n", [], set(), id="a length is no tenth class"),
        pytest.param("7\n", [("print", "La clase es")], {7}, id="a label whose value is not saved"),
    ],
)
def test_named(
    printed: str, said: list[tuple[Literal["markdown", "comment", "print"], str]], named: set[int], data_slice: Path
) -> None:
    assert stated(data_slice, printed, *said) == named


def test_what_may_be_the_statement_names_nothing(data_slice: Path) -> None:
    at = Passage(CODE, "Por ejemplo, la clase 3", "markdown", perhaps_given=True)
    made = context(
        "3.2",
        RUBRIC,
        load_data(data_slice),
        Evidence({}, (), ()),
        cells=cells({}),
        places={"3.2": replace(Place("3.2", (CODE,)), passages=(at,))},
    )

    assert stated_classes(made) == (set(), [])
