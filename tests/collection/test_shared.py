"""What most submissions have in common is found, and nothing else is."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from folders import collected
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.collection.shared import FEWEST, find_shared
from grader.records import Cell
from grader.submission import Assignment

HINT = "Recuerda que el sobreajuste aparece cuando la red memoriza los datos de entrenamiento y no generaliza."
EXAMPLE = (
    "# un ejemplo de callback, que para con el 85 %\n"
    "class myCallback(tf.keras.callbacks.Callback):\n"
    "    def on_epoch_end(self, epoch, logs={}):\n"
    "        if logs.get('accuracy') > 0.85:\n"
    "            self.model.stop_training = True"
)
SLOWEST = 10.0
"""Seconds for a notebook that is as large as one may be."""
SHORT = "Tu respuesta a la pregunta 3 aquí:"


def text(source: str) -> Cell:
    return Cell(0, "markdown", source)


def code(source: str) -> Cell:
    return Cell(0, "code", source)


def of_class(cell: Cell, having: int, of: int = 20) -> dict[str, list[Cell]]:
    """A class of which the first ones have a cell."""
    return {f"s{number}": [*([cell] if number < having else []), text(f"Soy {number}")] for number in range(of)}


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (text(HINT), "text"),
        (text(f"Mi respuesta.\n\n{HINT}"), "text"),
        (text(f"- **{HINT}**"), "text"),
        (code(EXAMPLE), "code"),
        (code(EXAMPLE.replace("'", '"')), "code"),
    ],
)
def test_what_more_than_half_have_is_found(cell: Cell, kind: str) -> None:
    (found,) = find_shared(of_class(cell, 11), Assignment())

    assert (found.kind, found.count, found.of) == (kind, 11, 20)


@pytest.mark.parametrize(
    "notebooks",
    [
        pytest.param(of_class(text(HINT), 10), id="half"),
        pytest.param(of_class(text(SHORT), 20), id="a few words"),
        pytest.param(of_class(code("import tensorflow as tf\nimport numpy as np"), 20), id="a few words of code"),
        pytest.param(of_class(text(HINT), FEWEST - 1, FEWEST - 1), id="too few submissions"),
        pytest.param(
            {f"s{n}": [code(EXAMPLE.replace("un ejemplo", f"mi ejemplo {n}"))] for n in range(20)}, id="other comments"
        ),
        pytest.param({f"s{n}": [code(EXAMPLE.replace("0.85", f"0.{n + 10}"))] for n in range(20)}, id="other numbers"),
        pytest.param({f"s{n}": [text(f"{n} {HINT}")] for n in range(20)}, id="other words"),
        pytest.param({f"s{n}": [text(HINT)] * 20 if n < 5 else [text("No.")] for n in range(20)}, id="often in a few"),
    ],
)
def test_what_fewer_have_or_says_little_is_not(notebooks: dict[str, list[Cell]]) -> None:
    assert find_shared(notebooks, Assignment()) == ()


@pytest.mark.parametrize("source", [HINT, f"**{HINT}**", HINT.upper()])
def test_what_an_edition_has_is_not(source: str) -> None:
    editions = ((code("import keras"),), (text(f"Un aviso. {HINT}"),))

    assert find_shared(of_class(text(source), 20), Assignment(editions)) == ()


def write(folder: Path, name: str, *cells: Any) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.ipynb").write_text(json.dumps(new_notebook(cells=list(cells))), encoding="utf-8")


def test_a_class_tells_what_it_shares(tmp_path: Path) -> None:
    for number in range(FEWEST):
        cells = [new_markdown_cell(HINT), new_code_cell(f"print({number})")]
        write(tmp_path / "class", f"alumno_{number}", *cells)

    (found,) = collected(tmp_path / "class").shared
    assert (found.kind, found.source, found.count) == ("text", HINT, FEWEST)


def test_the_same_file_of_many_is_one(tmp_path: Path) -> None:
    for number in range(FEWEST):
        write(tmp_path / "class", f"alumno_{number}", {**new_markdown_cell(HINT), "id": "a"})

    assert collected(tmp_path / "class").shared == ()


@pytest.mark.parametrize(
    "cell",
    [
        text("a b c d. " * 2_000),
        text(("a b c d e f g h i j k l m n. " * 5 + "\n") * 120),
        code("# a b c d\n" * 1_900),
        code("x = (" * 900 + ")" * 900 + "\n# " + "a " * 20),
    ],
    ids=["short sentences", "lines", "comments", "brackets"],
)
def test_a_hostile_notebook_is_read_in_bearable_time(cell: Cell) -> None:
    assignment = Assignment(((text(f"{HINT} Otra frase más, con otras palabras. " * 20),),))
    notebooks = {f"s{n}": [text("Soy yo.")] for n in range(FEWEST)} | {"x": [cell] * 5_000}
    start = time.process_time()
    find_shared(notebooks, assignment)

    assert time.process_time() - start < SLOWEST


def test_text_of_the_class_is_the_assignments_once_it_was_given() -> None:
    (found,) = find_shared(of_class(text(HINT), 20), Assignment())
    assignment = Assignment().with_shared([found])

    assert find_shared(of_class(text(HINT), 20), assignment) == ()
    assert assignment.phrases.taken_out(f"{HINT} Lo digo yo.") == "Lo digo yo."
