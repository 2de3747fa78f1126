"""What stopped a notebook: causes, in order, without the errors that were asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shipped import RUBRIC
from submission_notebooks import h, net, py, read

from grader.records import (
    Cell,
    CellRun,
    CellStatus,
    Evidence,
    Failure,
    Network,
    Output,
    Raised,
    Submission,
    Training,
)
from grader.reports.translation import Translator
from grader.rubric.public import without_answers
from grader.rubric.rubric import Rubric
from grader.submission import cell_errors
from grader.submission.slips import defined
from grader.submission.stopped import first_line

UNDEFINED = Raised("NameError", "name 'trainig_images' is not defined")
SHAPES = Raised("ValueError", "Shapes (28, 10) and (1,) are incompatible")


def ran(submission: Submission, errors: dict[int, Raised], trained: dict[int, Raised] | None = None) -> Evidence:
    runs = {
        cell.index: CellRun(
            cell.index,
            CellStatus.ERROR if cell.index in errors else CellStatus.OK,
            raised=errors.get(cell.index),
            failures=failures_of(cell, errors),
        )
        for cell in submission.cells
        if cell.kind == "code"
    }
    trainings = [
        Training(n, cell, f"m{n}", Network(()), raised=error) for n, (cell, error) in enumerate((trained or {}).items())
    ]
    return Evidence(runs, trainings=tuple(trainings))


def failures_of(cell: Cell, errors: dict[int, Raised]) -> tuple[Failure, ...]:
    """The cell's whole code, as what raised: what it defines is lacking."""
    if cell.index not in errors:
        return ()
    return (Failure(errors[cell.index], first_line(cell), tuple(defined(cell.source))),)


def errors_of(
    tmp_path: Path, cells: list[Any], errors: dict[int, Raised], trained: dict[int, Raised] | None = None
) -> Any:
    submission = read(tmp_path, *cells)
    return cell_errors(submission, ran(submission, errors, trained), RUBRIC)


def test_cell_first_line_message_and_slip(tmp_path: Path) -> None:
    cells = [py("training_images = 1"), h("1"), py("# la red", "", "red.fit(trainig_images, y)", net())]
    (error,) = errors_of(tmp_path, cells, {2: UNDEFINED})
    assert (error.cell, error.first_line) == (2, "red.fit(trainig_images, y)")
    assert error.error == "NameError: name 'trainig_images' is not defined"
    assert (
        Translator("es").text(error.slip) == "«trainig_images» no está definido; «training_images» sí, en la celda 1."
    )
    assert not error.ran_when_saved


def test_what_fails_for_want_of_a_name_stands_with_its_cause(tmp_path: Path) -> None:
    cells = [py("red = Secuential()"), py("red.fit(x)"), py("otra()"), py("red.evaluate(x)")]
    missing = Raised("NameError", "name 'red' is not defined")
    other = Raised("NameError", "name 'otra' is not defined")
    found = errors_of(
        tmp_path, cells, {3: missing, 1: missing, 2: other, 0: Raised("NameError", "name 'Secuential' is not defined")}
    )
    assert [(error.cell, error.then) for error in found] == [(0, (1, 3)), (2, ())]


def test_the_first_cause_is_named_whatever_lies_between(tmp_path: Path) -> None:
    cells = [py("import tensorflow as tf"), py("red = tf.keras.Sequential()"), py("red.fit(x)")]
    errors = {0: Raised("RuntimeError", "no GPU")}
    for cell, name in ((1, "tf"), (2, "red")):
        errors[cell] = Raised("NameError", f"name '{name}' is not defined")
    assert [(error.cell, error.then) for error in errors_of(tmp_path, cells, errors)] == [(0, (1, 2))]


def test_a_cell_that_went_on_tells_each_line_that_it_stopped_at(tmp_path: Path) -> None:
    submission = read(tmp_path, py("import a", "%matplotlib widget", "x = 1"), py("a.f()"))
    first = Failure(Raised("ModuleNotFoundError", "No module named 'a'"), "import a", ("a",), went_on=True)
    second = Failure(Raised("UsageError", "no widget"), "%matplotlib widget", went_on=True)
    missing = Raised("NameError", "name 'a' is not defined")
    runs = {
        0: CellRun(0, CellStatus.ERROR, raised=first.raised, failures=(first, second)),
        1: CellRun(1, CellStatus.ERROR, raised=missing, failures=(Failure(missing, "a.f()"),)),
    }
    found = cell_errors(submission, Evidence(runs), RUBRIC)
    assert [(error.stopped_at, error.went_on, error.then) for error in found] == [
        ("", True, (1,)),
        ("%matplotlib widget", True, ()),
    ]


@pytest.mark.parametrize("rubric", [RUBRIC, without_answers(RUBRIC)], ids=["the course's", "the students'"])
@pytest.mark.parametrize("question", ["6", "7.2"])
def test_an_error_that_a_question_asks_for_is_none(question: str, rubric: Rubric, tmp_path: Path) -> None:
    submission = read(tmp_path, h(question), py(net(flatten=False, outputs=5)))
    assert cell_errors(submission, ran(submission, {1: SHAPES}, {1: SHAPES}), rubric) == ()


@pytest.mark.parametrize(
    ("question", "trained"),
    [
        pytest.param("1", {1: SHAPES}, id="a-training-that-has-to-work"),
        pytest.param("6", {}, id="not-raised-by-a-training"),
    ],
)
def test_another_error_is_told(question: str, trained: dict[int, Raised], tmp_path: Path) -> None:
    assert [error.cell for error in errors_of(tmp_path, [h(question), py(net())], {1: SHAPES}, trained)] == [1]


def test_a_cell_that_ran_when_it_was_saved(tmp_path: Path) -> None:
    (error,) = errors_of(tmp_path, [py("red.fit(x)", execution_count=7)], {0: UNDEFINED})
    assert error.ran_when_saved


def test_a_syntax_error_names_its_line_and_no_file(tmp_path: Path) -> None:
    raised = Raised("SyntaxError", "'(' was never closed (2541231.py, line 3)")
    (error,) = errors_of(tmp_path, [py("print(")], {0: raised})
    assert error.error == "SyntaxError: '(' was never closed (line 3)"


def test_a_long_message_is_cut_after_its_first_line(tmp_path: Path) -> None:
    (error,) = errors_of(tmp_path, [py("f()")], {0: Raised("ValueError", "x" * 9_000 + "\nmore")})
    assert len(error.error) < 400
    assert "more" not in error.error


def test_a_cell_that_a_limit_stopped_is_none(tmp_path: Path) -> None:
    submission = read(tmp_path, py("while True: pass"))
    run = CellRun(0, CellStatus.TIMEOUT, outputs=(Output("stream", "…"),))
    assert cell_errors(submission, replace(ran(submission, {}), runs={0: run}), RUBRIC) == ()
