"""A rubric may name several editions of its assignment: a student's notebook is read by the nearest one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from submission_notebooks import (
    EVALUATE,
    HEADINGS,
    LOAD,
    MARKERS,
    RUBRIC,
    answer,
    given_cells,
    h,
    md,
    net,
    notebook,
    perhaps_given,
    prose,
    py,
)

from grader.records import Submission
from grader.submission import Assignment, read_assignment, read_submission

REWORDED = "**Pregunta 7.1 (0.25 puntos):** Fíjate en la salida de la red. ¿A qué se debe que tenga ese tamaño?"
RENUMBERED = {
    "7.1": "Tu respuesta a la pregunta 6.1 aquí:",
    "7.2": "Tu respuesta a la pregunta 6.2 aquí:",
}
OTHER = [
    md("# Redes neuronales, edición de otoño"),
    py(LOAD.replace("x / 255.0", "x / 255.")),
    md(REWORDED),
    md(RENUMBERED["7.1"]),
    h("7.2"),
    md(RENUMBERED["7.2"]),
    md("## Más cosas", "", "Aquí termina la práctica de otoño, y empieza lo que no se puntúa."),
    py("print('otoño')"),
]


def both(folder: Path) -> Assignment:
    """The usual edition, and another one with its own words and numbers."""
    paths = [folder / "usual.ipynb", folder / "other.ipynb"]
    for path, cells in zip(paths, (given_cells(), OTHER), strict=True):
        path.write_text(json.dumps(notebook(*cells)), encoding="utf-8")
    return read_assignment(paths)


def read(folder: Path, cells: list[Any]) -> Submission:
    path = folder / "ana.ipynb"
    path.write_text(json.dumps(notebook(*cells)), encoding="utf-8")
    return read_submission(path, "ana", RUBRIC, both(folder))


@pytest.mark.parametrize("cells", [given_cells(), OTHER], ids=["the usual", "the other"])
def test_nothing_is_the_students_in_any_edition(cells: list[Any], tmp_path: Path) -> None:
    submission = read(tmp_path, cells)

    assert all(cell.given for cell in submission.cells)
    assert not any(place.passages for place in submission.places.values())


def test_each_editions_statement_is_known(tmp_path: Path) -> None:
    submission = read(tmp_path, [*OTHER[:2], md(REWORDED, "", "Por las clases."), *OTHER[3:]])

    assert prose(submission, "7.1") == ["Por las clases."]
    assert perhaps_given(submission, "7.1") == []


def test_markers_are_those_of_the_nearest_edition(tmp_path: Path) -> None:
    cells = [*OTHER[:3], md(f"{RENUMBERED['7.1']} Por las clases."), h("7.2"), md(f"{RENUMBERED['7.2']} Falla.")]
    submission = read(tmp_path, cells)

    assert (prose(submission, "7.1"), prose(submission, "7.2")) == (["Por las clases."], ["Falla."])


def test_the_usual_edition_is_read_as_before(tmp_path: Path) -> None:
    cells = [h("1"), py(MARKERS["1"], net()), h("2"), py(MARKERS["2"], EVALUATE), h("7.1"), answer("7.1", "Diez.")]
    submission = read(tmp_path, cells)

    assert submission.place("1").cells == (0, 1)
    assert prose(submission, "7.1") == ["Diez."]


def test_cells_of_two_editions_mixed_are_given(tmp_path: Path) -> None:
    submission = read(tmp_path, [*given_cells()[:4], *OTHER[2:4], md("Es mío."), h("7.2")])

    assert [cell.given for cell in submission.cells] == [True] * 6 + [False, True]


SHIFTED = {"4.1": "4.2", "4.2": "5.1", "5.1": "6", "6": "7.1"}


@pytest.mark.parametrize("known", [True, False], ids=["with its assignment", "without"])
def test_markers_that_kept_an_older_editions_numbers_go_by_their_headings(known: bool, tmp_path: Path) -> None:
    places = [(h(name), py(f"### Tu código de la pregunta {older} aquí ###")) for name, older in SHIFTED.items()]
    blank = [*(cell for pair in places for cell in pair), h("7.1"), answer("7.1")]
    done = [*(cell for top, place in places for cell in (top, py(place["source"], "hazlo()"))), *blank[-2:]]
    for name, cells in (("given", blank), ("ana", done)):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(notebook(*cells)), encoding="utf-8")
    assignment = read_assignment([tmp_path / "given.ipynb"] if known else [])
    submission = read_submission(tmp_path / "ana.ipynb", "ana", RUBRIC, assignment)

    assert [submission.place(name).cells for name in SHIFTED] == [(0, 1), (2, 3), (4, 5), (6, 7)]


def test_no_edition_at_all(tmp_path: Path) -> None:
    path = tmp_path / "ana.ipynb"
    path.write_text(json.dumps(notebook(md(HEADINGS["7.1"]), md("Diez."))), encoding="utf-8")

    assert prose(read_submission(path, "ana", RUBRIC, read_assignment([])), "7.1") == ["Diez."]
