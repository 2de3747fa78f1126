"""A later edition, in which headings, code markers and prose markers keep three different numberings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from submission_notebooks import EVALUATE, PREDICT, RUBRIC, STOPPER, md, net, notebook, prose, py

from grader.records import Submission
from grader.rubric.rubric import Rubric
from grader.submission import Assignment, read_assignment, read_submission

IDS = {
    "2.1": "1", "2.2": "2", "3.1": "3.1", "3.2": "3.2", "4.1": "4.3", "4.2": "5.1", "4.3": "5.2", "5": "6",
    "6.1": "7.1", "6.2": "7.2", "7.1": "8.1", "7.2": "8.2", "7.3": "8.3", "8": "9",
}  # fmt: skip
"""The edition's questions, and those of the usual one that ask the same."""
SAID = {
    "3.1": "Son probabilidades, una por clase.", "3.2": "Es la clase 9.", "4.1": "Mejora un poco y tarda más.",
    "4.2": "La 9 otra vez.", "4.3": "Es fácil.", "5": "Las formas no coinciden.", "6.1": "Una por clase.",
    "6.2": "Falla.", "7.3": "Sobreajuste: memoriza.",
}  # fmt: skip
CODE = {
    "2.1": net(), "2.2": EVALUATE, "3": PREDICT, "512": net(512), "1024": net(1024), "4": PREDICT,
    "5": net(flatten=False), "6": net(outputs=5), "7.1": net(epochs=15), "7.2": net(epochs=30), "8": STOPPER,
}  # fmt: skip


def edition() -> Rubric:
    questions = [RUBRIC.question(usual).model_copy(update={"id": later}) for later, usual in IDS.items()]
    return RUBRIC.model_copy(update={"questions": questions})


def asked(name: str) -> str:
    question = edition().question(name)
    return f"**pregunta {name} ({question.points:g} puntos)**: {question.prompt}"


def place(number: str, said: dict[str, str], name: str) -> dict[str, Any]:
    return md(f"Tu respuesta a la pregunta {number} aquí: {said.get(name, '')}".rstrip())


def cells(said: dict[str, str], code: dict[str, str], *, corrected: bool) -> list[dict[str, Any]]:
    """The edition's notebook. Args: corrected: the later print, in which some markers have today's numbers."""

    def mark(words: str, name: str) -> dict[str, Any]:
        return py(f"### Tu código {words} aquí ###", code.get(name, ""))

    second = ("4.2", "4.3") if corrected else ("5.1", "5.2")
    return [
        md("# Redes neuronales"),
        md(asked("2.1")), mark("para la red neuronal de la pregunta 2", "2.1"),
        md(asked("2.2")), mark("para la evaluación de la red neuronal de la pregunta 2", "2.2"),
        md(f"{asked('3.1')}\n\n{asked('3.2')}"), mark("del clasificador de la pregunta 3", "3"),
        place("3.1", said, "3.1"), place("3.2", said, "3.2"),
        mark("para 512 neuronas", "512"), mark("para 1024 neuronas", "1024"),
        md(asked("4.1")), place("4.1", said, "4.1"),
        md(f"{asked('4.2')}\n\n{asked('4.3')}"),
        mark(f"del clasificador de la pregunta {4 if corrected else 5}", "4"),
        place(second[0], said, "4.2"), place(second[1], said, "4.3"),
        md(asked("5")), mark("de la red sin capa flatten de la pregunta 6", "5"), place("5" if corrected else "6", said, "5"),
        md(f"{asked('6.1')}\n\n{asked('6.2')}"), mark("con 5 neuronas en la capa de salida de la pregunta 7", "6"),
        place("6.1", said, "6.1"), place("6.2", said, "6.2"),
        md("\n\n".join(asked(name) for name in ("7.1", "7.2", "7.3"))),
        mark("para 15 epoch", "7.1"), mark("para 30 epoch", "7.2"), place("7.3", said, "7.3"),
        md(asked("8")), mark("de la función callback que para al 40% de loss", "8"),
    ]  # fmt: skip


def read(folder: Path, content: list[dict[str, Any]], blank: list[dict[str, Any]] | None) -> Submission:
    for name, these in (("ana", content), ("given", blank or [])):
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook(*these)), encoding="utf-8")
    assignment = Assignment() if blank is None else read_assignment([folder / "given.ipynb"])
    return read_submission(folder / "ana.ipynb", "ana", edition(), assignment)


@pytest.mark.parametrize("corrected", [False, True], ids=["first print", "second print"])
@pytest.mark.parametrize("known", [True, False], ids=["with its assignment", "without"])
def test_every_answer_is_found_at_its_question(known: bool, corrected: bool, tmp_path: Path) -> None:
    blank = cells({}, {}, corrected=corrected)
    submission = read(tmp_path, cells(SAID, CODE, corrected=corrected), blank if known else None)

    assert {name: prose(submission, name) for name in SAID} == {name: [text] for name, text in SAID.items()}
    own = {
        name: [
            submission.cells[index].source.split("\n", 1)[1]
            for index in submission.place(name).cells
            if index and submission.cells[index].kind == "code"
        ]
        for name in ("2.1", "2.2", "5", "7.1", "7.2", "8")
    }
    assert own == {name: [CODE[name]] for name in own}


@pytest.mark.parametrize("corrected", [False, True], ids=["first print", "second print"])
def test_half_corrected_numbers_go_by_order(corrected: bool, tmp_path: Path) -> None:
    blank = cells({}, {}, corrected=corrected)
    content = cells(SAID, CODE, corrected=corrected)
    for cell in content:
        source = cell["source"]
        if SAID["4.2"] in source or SAID["4.3"] in source:
            cell["source"] = source.replace("5.1", "4.2").replace("4.3 aquí", "5.2 aquí")

    submission = read(tmp_path, content, blank)
    assert (prose(submission, "4.2"), prose(submission, "4.3")) == ([SAID["4.2"]], [SAID["4.3"]])


@pytest.mark.parametrize("corrected", [False, True], ids=["first print", "second print"])
def test_what_was_given_answers_nothing(corrected: bool, tmp_path: Path) -> None:
    blank = cells({}, {}, corrected=corrected)
    submission = read(tmp_path, blank, blank)

    assert all(cell.given for cell in submission.cells)
    assert not any(place.passages or place.pictures for place in submission.places.values())


def test_a_marker_copied_above_another_network_moves_nothing(tmp_path: Path) -> None:
    copied = py("### Tu código para la red neuronal de la pregunta 2 aquí ###", net(64))
    content = [*cells(SAID, CODE, corrected=True), copied]
    submission = read(tmp_path, content, cells({}, {}, corrected=True))

    assert len(content) - 1 not in submission.place("2.1").cells
    assert len(content) - 1 in submission.place("8").cells


def test_answers_gathered_in_one_cell_below_are_found(tmp_path: Path) -> None:
    said = {name: "" if name in ("4.1", "4.2", "4.3") else text for name, text in SAID.items()}
    content = cells(said, CODE, corrected=True)
    at = next(number for number, cell in enumerate(content) if cell["source"].startswith("**pregunta 5"))
    together = md("\n\n".join(f"Respuesta {name}: {SAID[name]}" for name in ("4.1", "4.2", "4.3")))
    submission = read(tmp_path, [*content[:at], together, *content[at:]], cells({}, {}, corrected=True))

    assert [prose(submission, name) for name in ("4.1", "4.2", "4.3")] == [[SAID[n]] for n in ("4.1", "4.2", "4.3")]


@pytest.mark.parametrize("number", ["5.1", "6", "7.1", ""])
def test_another_number_below_a_heading_of_one_question_is_that_questions(number: str, tmp_path: Path) -> None:
    content = cells(SAID, CODE, corrected=True)
    (own,) = [cell for cell in content if SAID["5"] in cell["source"]]
    own["source"] = f"Tu respuesta a la pregunta {number} aquí: {SAID['5']}"
    submission = read(tmp_path, content, cells({}, {}, corrected=True))

    assert prose(submission, "5") == [SAID["5"]]
