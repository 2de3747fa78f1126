"""The order in which cells run."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from grader.execution.order import decide_order
from grader.records import Cell

IMPORTS, DATA, MODEL, FIT = "import numpy as np", "x = np.ones(3)", "model = build(x)", "model.fit(x)"


def cells(*numbered: tuple[int | None, str]) -> list[Cell]:
    return [Cell(position, "code", source, execution_count=count) for position, (count, source) in enumerate(numbered)]


@pytest.mark.parametrize(
    ("numbered", "order", "decided"),
    [
        pytest.param([(2, DATA), (3, MODEL), (1, IMPORTS)], [2, 0, 1], {0, 1, 2}, id="imports-at-the-end"),
        pytest.param([(1, IMPORTS), (4, FIT), (2, DATA), (3, MODEL)], [0, 2, 3, 1], {1, 2, 3}, id="a-chain"),
        pytest.param([(1, "a = 1"), (5, "f(2)"), (3, "def f(n):\n    return g(n)"), (2, "def g(n): pass"), (6, "b = a")],
                     [0, 2, 3, 1, 4], {1, 2, 3}, id="functions-that-call-each-other"),
        pytest.param([(2, FIT), (1, "model = 1"), (3, "print(a)"), (4, "model.fit(y)")], [1, 0, 2, 3], {0, 1, 3},
                     id="what-reads-what-it-made"),
        pytest.param([(9, "print(z)"), (1, "z = 1"), (4, "z = 2")], [2, 0, 1], {0, 2}, id="the-last-that-ran-before"),
    ],
)  # fmt: skip
def test_what_ran_before_by_its_number_runs_before(
    numbered: Sequence[tuple[int | None, str]], order: list[int], decided: set[int]
) -> None:
    found = decide_order(cells(*numbered))
    assert list(found.cells) == order
    assert found.decided == decided
    assert len(found.remarks()) == len(found.moved) > 0


@pytest.mark.parametrize(
    "numbered",
    [
        pytest.param([(1, IMPORTS), (2, DATA), (3, MODEL)], id="run-from-the-top"),
        pytest.param([(3, IMPORTS), (1, DATA), (2, MODEL)], id="defined-above-whatever-the-numbers"),
        pytest.param([(2, DATA), (3, IMPORTS), (1, "y = 1")], id="the-later-cell-ran-later"),
        pytest.param([(None, DATA), (1, IMPORTS), (5, "a = 1"), (2, "b = 1")], id="never-run"),
        pytest.param([(2, DATA), (None, IMPORTS), (1, "y = 1")], id="the-other-never-run"),
        pytest.param([(1, "from numpy import *"), (4, "print(ones)"), (2, "ones = 1")], id="perhaps-imported"),
        pytest.param([(3, "def f():\n    return later"), (2, "later = 1")], id="read-only-when-called"),
        pytest.param([(3, "x = 1\nprint(x)"), (2, "x = 2")], id="defined-by-the-cell-itself"),
        pytest.param([(3, "print([n for n in 'ab'])"), (2, "n = 1")], id="a-name-of-a-comprehension"),
        pytest.param([(2, "print(undefined)"), (1, "y = 1")], id="defined-nowhere"),
        pytest.param([(2, "def f(:"), (1, "y = 1")], id="no-code"),
    ],
)
def test_else_cells_run_as_they_stand(numbered: Sequence[tuple[int | None, str]]) -> None:
    found = decide_order(cells(*numbered))
    assert list(found.cells) == list(range(len(numbered)))
    assert not found.decided
    assert not found.remarks()


def test_functions_that_call_each_other_are_read_once() -> None:
    """Each of these calls three others; followed call by call it would take for ever."""
    numbered = [(1_000 - n, f"def f{n}():\n    f{n + 1}(), f{n + 2}(), f{n + 3}()\nf{n}()") for n in range(200)]
    assert sorted(decide_order(cells(*numbered)).cells) == list(range(200))


def test_no_cell_runs_twice_even_if_they_wait_for_each_other() -> None:
    found = decide_order(cells((3, "a = b"), (2, "b = a"), (1, "c = 1")))
    assert sorted(found.cells) == [0, 1, 2]
