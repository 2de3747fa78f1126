"""Reading and judging a notebook takes time that grows with it, and not with its square."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from shipped import RUBRIC

from grader.checks import judge, prepare
from grader.records import Cell, CellRun, CellStatus, Evidence, Failure, Raised
from grader.submission import Assignment, cell_errors, parse_submission
from grader.submission.workload import workload

FEW, MANY = 100, 400
LOG = "Epoch 1/10\n938/938 - loss: 0.5 - accuracy: 0.8\n" * 3

CELLS: dict[str, Callable[[int], Any]] = {
    "names that other cells define": lambda at: new_code_cell(f"def f{at}(a):\n    return f{at - 1}(a) + x{at - 1}"),
    "names that later cells define": lambda at: new_code_cell(f"x{at} = x{at + 1}"),
    "names that are nowhere": lambda at: new_code_cell(f"y{at} = z{at}"),
    "trainings": lambda at: new_code_cell(f"m{at} = Sequential([Dense({at})])\nm{at}.compile('adam')\nm{at}.fit(x, y)"),
    "markers": lambda at: new_code_cell(f"### Tu código de la pregunta {at % 9 + 1} aquí ###\nx = {at}"),
    "headings": lambda at: new_markdown_cell(f"## Pregunta {at % 9 + 1} (1 puntos)"),
    "short answers": lambda at: new_markdown_cell(f"hola {at}"),
    "logs": lambda at: new_code_cell(f"x{at}", outputs=[new_output("stream", text=LOG)], execution_count=at),
}


def run(cell: Cell) -> CellRun:
    """Every cell fails, for want of what one before it would have made."""
    missing = Raised("NameError", f"name 'x{cell.index - 1}' is not defined", ("NameError",))
    failure = Failure(missing, lacking=(f"x{cell.index}",))
    return CellRun(cell.index, CellStatus.ERROR, raised=missing, failures=(failure,))


def seconds_of(kind: str, count: int, data: Path) -> float:
    """What reading and judging takes, of this process's own time."""
    cells = [new_markdown_cell("## Pregunta 4.3 (0.5 puntos)"), *map(CELLS[kind], range(count))]
    raw = json.dumps(new_notebook(cells=cells)).encode()
    began = time.process_time()
    submission = parse_submission(raw, Path("x.ipynb"), "x", RUBRIC, Assignment())
    workload(submission.cells)
    evidence = Evidence({cell.index: run(cell) for cell in submission.cells if cell.kind == "code"})
    judge(submission, evidence, RUBRIC, data)
    cell_errors(submission, evidence, RUBRIC)
    return time.process_time() - began


@pytest.mark.parametrize("kind", CELLS)
def test_four_times_the_cells_take_about_four_times_the_time(kind: str, data_slice: Path) -> None:
    prepare(RUBRIC, data_slice)
    seconds_of(kind, 10, data_slice)  # what is made once is not measured
    few, many = seconds_of(kind, FEW, data_slice), seconds_of(kind, MANY, data_slice)
    assert many < 8 * few + 0.5


def test_a_cause_is_found_however_long_the_way_to_it_is() -> None:
    runs = [run(Cell(index, "code", "")) for index in range(5_000)]
    began = time.process_time()
    evidence = Evidence({each.cell: each for each in runs})
    assert {evidence.cause_of(cell) for cell in range(0, 5_000, 50)} == {0}
    assert time.process_time() - began < 5
