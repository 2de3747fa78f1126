"""A question's statement, in whatever words, is no answer, and takes no answer's place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from submission_notebooks import (
    MARKERS,
    ROOT,
    RUBRIC,
    STOPPER,
    answer,
    given_cells,
    h,
    md,
    net,
    perhaps_given,
    prose,
    py,
    read,
    write,
)

from grader.checks.begun import not_begun
from grader.checks.prose import check_concept
from grader.records import Finding, Status, Submission
from grader.rubric.criteria import Concept
from grader.submission import Assignment, read_assignment, read_submission

ANSWER = "Es sobreajuste: la red memoriza los datos de entrenamiento y no generaliza."
HINT = "Recuerda el sobreajuste visto en clase."
HEAD = "**Pregunta 8.3 (0.6 puntos):**"
STATEMENTS = {
    "a question with a hint": f"Mira las curvas. ¿Sabrías decir a qué se debe y qué nombre recibe? {HINT}",
    "an order": f"Explica lo que ves en las curvas con 30 épocas. {HINT}",
    "several lines": f"Compara las dos curvas:\n\n- la de train\n- la de validación\n\n¿Qué ha ocurrido?\n\n{HINT}",
    "in English": "Describe the two curves. Why does this happen? Think of overfitting.",
}
STUDENT = {
    "below, in a cell of its own": [md(ANSWER)],
    "in the answer place": [answer("8.3", ANSWER)],
    "below an untouched answer place": [answer("8.3"), md(ANSWER)],
    "in a comment": [py(f"# {ANSWER}")],
    "in a print": [py(f'print("{ANSWER}")')],
    "in two cells": [md("Es sobreajuste."), py("a = 1"), md("La red memoriza los datos de entrenamiento.")],
}


def around(*cells: Any) -> list[Any]:
    """A notebook in which the other headings are the assignment's."""
    return [h("6"), py(net(flatten=False)), h("7.1"), md("Una por clase."), *cells, h("9"), py(STOPPER)]


def judged(submission: Submission, question: str = "8.3") -> list[Finding]:
    asked = RUBRIC.question(question)
    concepts = [criterion for criterion in asked.criteria if isinstance(criterion, Concept)]
    return [check_concept(concept, asked, submission, review_below=RUBRIC.review_below) for concept in concepts]


@pytest.mark.parametrize("cells", STUDENT.values(), ids=STUDENT)
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
@pytest.mark.parametrize("assignment", [None, Assignment()], ids=["another edition", "no assignment notebook"])
def test_crowds_no_answer_out(assignment: Assignment | None, statement: str, cells: list[Any], tmp_path: Path) -> None:
    submission = read(tmp_path, *around(md(f"{HEAD} {statement}"), *cells), assignment=assignment)

    assert all(finding.status is Status.PASSED for finding in judged(submission))


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
@pytest.mark.parametrize("cells", [[], [answer("8.3")], [answer("8.3", "...")], [md("No lo sé.")]], ids=len)
def test_earns_nothing(statement: str, cells: list[Any], tmp_path: Path) -> None:
    submission = read(tmp_path, *around(md(f"{HEAD} {statement}"), *cells))

    assert [finding.points for finding in judged(submission)] == [0, 0]
    assert not any(finding.status is Status.PASSED for finding in judged(submission))


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_earns_nothing_copied(statement: str, tmp_path: Path) -> None:
    submission = read(tmp_path, *around(md(f"{HEAD} {statement}"), answer("8.3", statement)))

    assert not any(finding.points or finding.status is Status.PASSED for finding in judged(submission))


def test_earns_nothing_in_a_cell_of_its_own(tmp_path: Path) -> None:
    cells = [md("**Pregunta 8.3 (0.6 puntos)**"), md(STATEMENTS["a question with a hint"])]

    assert not any(finding.points for finding in judged(read(tmp_path, *around(*cells))))
    assert all(finding.points for finding in judged(read(tmp_path, *around(*cells, md(ANSWER)))))


def test_an_answer_beside_it_goes_to_a_person(tmp_path: Path) -> None:
    submission = read(tmp_path, *around(md(f"{HEAD} {STATEMENTS['an order']}", "", ANSWER)))

    assert prose(submission, "8.3") == []
    assert perhaps_given(submission, "8.3") != []
    assert {finding.status for finding in judged(submission)} == {Status.NEEDS_REVIEW}


def test_an_answer_beside_the_assignments_own_is_the_students(tmp_path: Path) -> None:
    submission = read(tmp_path, *around(md(h("8.3")["source"], "", ANSWER)))

    assert all(finding.status is Status.PASSED for finding in judged(submission))


def test_an_answer_behind_a_heading_that_asks_nothing_is_the_students(tmp_path: Path) -> None:
    submission = read(tmp_path, *around(md(f"**Pregunta 8.3:** {ANSWER}")))

    assert all(finding.status is Status.PASSED for finding in judged(submission))


@pytest.mark.parametrize("title", ["## Pregunta 8.3: el sobreajuste", "### Pregunta 8.3 (0.6 puntos) Sobreajuste"])
def test_a_title_is_no_answer(title: str, tmp_path: Path) -> None:
    blank = read(tmp_path, *around(md(title), answer("8.3")))
    answered = read(tmp_path, *around(md(title, "", ANSWER)))

    assert not any(finding.points or finding.status is Status.PASSED for finding in judged(blank))
    assert all(finding.status is Status.PASSED for finding in judged(answered))


def test_several_questions_share_a_cell_and_what_stands_below(tmp_path: Path) -> None:
    heads = md("**Pregunta 8.2 (0.2 puntos):** Prueba con 30.", f"{HEAD} {STATEMENTS['an order']}")
    submission = read(tmp_path, *around(heads, py(MARKERS["8.2"], net(epochs=30)), md(ANSWER)))

    assert all(finding.status is Status.PASSED for finding in judged(submission))


class Mixed(NamedTuple):
    statement: str
    answer: str


@pytest.mark.parametrize(
    "mixed",
    [
        Mixed("¿Qué ocurre? Recuerda que esto no es sobreajuste.", ANSWER),
        Mixed("Explica el efecto. No se trata de que memorice.", ANSWER),
        Mixed("¿Crees que la red generaliza mejor cuando la pérdida sube?", ANSWER),
    ],
    ids=str,
)
def test_contradicts_no_answer(mixed: Mixed, tmp_path: Path) -> None:
    submission = read(tmp_path, *around(md(f"{HEAD} {mixed.statement}"), answer("8.3", mixed.answer)))

    assert all(finding.status is Status.PASSED for finding in judged(submission))


PICTURES = {
    "pasted": "![image.png](attachment:image.png)",
    "pasted as data": "![](data:image/png;base64," + "iVBOR" * 2_000 + ")",
    "an HTML tag": '<img src="foto.jpg" width="300"/>',
}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("words", ["", "Mi respuesta:"], ids=["alone", "with words"])
@pytest.mark.parametrize("place", [answer, lambda _, text: md(text)], ids=["in the answer place", "in a cell"])
def test_a_picture_as_the_answer_goes_to_a_person(place: Any, words: str, picture: str, tmp_path: Path) -> None:
    submission = read(tmp_path, *around(h("8.3"), place("8.3", f"{words}\n\n{picture}")))

    found = judged(submission)
    assert {finding.status for finding in found} == {Status.NEEDS_REVIEW}
    assert [finding.points for finding in found] == [0, 0]
    assert "8.3" not in not_begun(submission, (), RUBRIC)


def test_a_picture_in_a_whole_notebook_is_all_that_is_asked_about(tmp_path: Path) -> None:
    """The reference solution, its answer to one question pasted as a picture."""
    content = json.loads((ROOT / "reference" / "solution.ipynb").read_text(encoding="utf-8"))
    (cell,) = [
        cell
        for cell in content["cells"]
        if cell["cell_type"] == "markdown" and "respuesta a la pregunta 8.3" in "".join(cell["source"])
    ]
    cell["source"] = f"Tu respuesta a la pregunta 8.3 aquí:\n\n{PICTURES['pasted']}"
    assignment = read_assignment(RUBRIC.assignment_paths)
    submission = read_submission(write(tmp_path, content), "ana", RUBRIC, assignment)

    waiting = {
        question.id
        for question in RUBRIC.questions
        for finding in judged(submission, question.id)
        if finding.status is not Status.PASSED
    }
    assert waiting == {"8.3"}
    assert {finding.status for finding in judged(submission)} == {Status.NEEDS_REVIEW}


def test_a_picture_beside_a_full_answer_asks_nobody(tmp_path: Path) -> None:
    submission = read(tmp_path, *around(h("8.3"), answer("8.3", f"{ANSWER}\n\n{PICTURES['pasted']}")))

    assert {finding.status for finding in judged(submission)} == {Status.PASSED}


def test_the_assignments_own_picture_is_no_answer(tmp_path: Path) -> None:
    picture = md(f"Así son las curvas: {PICTURES['pasted']}", "", "Tu respuesta a la pregunta 8.3 aquí:")
    assignment = read(tmp_path, *given_cells(), picture).cells
    submission = read(tmp_path, *around(h("8.3"), picture), assignment=Assignment((assignment,)))

    assert {finding.status for finding in judged(submission)} == {Status.FAILED}
