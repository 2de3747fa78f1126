"""Every cell finds its question, however the places are marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from submission_notebooks import (
    EVALUATE,
    EXAMPLE,
    HEADINGS,
    LOAD,
    MARKERS,
    PREDICT,
    READY,
    ROOT,
    RUBRIC,
    STOPPER,
    answer,
    given_cells,
    h,
    md,
    net,
    notebook,
    py,
    read,
    write,
)

from grader.submission import Assignment, read_assignment, read_submission


class Case(NamedTuple):
    name: str
    cells: list[Any]
    places: dict[str, tuple[int, ...]]
    """Cells that must belong to the question; exactly these."""


STRAIGHT = [
    Case("heading and code", [h("1"), py(net()), h("2"), py(EVALUATE)], {"1": (0, 1), "2": (2, 3)}),
    Case("cells before the first heading belong to none", [py("a = 1"), h("1"), py(net())], {"1": (1, 2)}),
    Case(
        "definition, compile and fit in separate cells",
        [h("1"), py("red = Sequential()"), py("red.compile()"), py("red.fit(x, y)"), h("2"), py(EVALUATE)],
        {"1": (0, 1, 2, 3), "2": (4, 5)},
    ),
    Case(
        "a number twice, the second above an answer of the student's, where the next is missing",
        [
            md("**PREGUNTA 5.1 (0.25 PUNTOS)**"),
            py(PREDICT),
            md("Sigue saliendo la 9 en las redes de 512 y 1024 neuronas."),
            md(
                "**PREGUNTA 5.1 (0.25 PUNTOS)**\n\nLa primera imagen es fácil: la red pequeña ya la clasificaba y las de 512 y "
                "1024 neuronas predicen lo mismo."
            ),
            md("**PREGUNTA 6 (0.5 PUNTOS)**"),
            py(net(flatten=False)),
        ],
        {"5.1": (0, 1, 2), "5.2": (3,), "6": (4, 5)},
    ),
    Case("upper case and leading blanks", [md("   PREGUNTA 1 (3.5 PUNTOS)"), py(net())], {"1": (0, 1)}),
    Case(
        "a title of the student's own, with the question in brackets",
        [
            md("## La evaluación (pregunta 2)"),
            py(EVALUATE),
            md("**Sin aplanar [pregunta 6]**"),
            py(net(flatten=False)),
        ],
        {"2": (0, 1), "6": (2, 3)},
    ),
    Case(
        "a title that names two questions in brackets",
        [md("## Más neuronas (preguntas 4.1 y 4.2)"), py(net(512)), py(net(1024))],
        {"4.1": (0, 1), "4.2": (0, 2)},
    ),
    Case(
        "brackets that say something beside the number",
        [md("## ¿Qué tal va? (pregunta 2, y de paso las otras)"), py(EVALUATE)],
        {"2": (0, 1)},
    ),
    Case(
        "brackets that only mention a question",
        [h("4.1"), md("## Otra red (como la pregunta 1)"), py(net(512)), md("## Igual (pregunta 1 pero con 512)")],
        {"4.1": (0, 1, 2, 3), "1": ()},
    ),
    Case("italic", [md("*pregunta 8.1 (0.2 puntos)*: 15 épocas"), py(net(epochs=15))], {"8.1": (0, 1)}),
    Case("three stars", [md("***pregunta 4.3 (0.5 puntos)***: ¿impacto?"), md("Mejora.")], {"4.3": (0, 1)}),
    Case("colon inside the bold", [md("**Pregunta 2 (0.5 puntos):** evalúa"), py(EVALUATE)], {"2": (0, 1)}),
    Case("points with a comma", [md("## Pregunta 2 (0,5 puntos)"), py(EVALUATE)], {"2": (0, 1)}),
    Case("number with a comma", [md("**Pregunta 4,1** (0,25 puntos)"), py(net(512))], {"4.1": (0, 1)}),
    Case("number with a letter", [md("**Pregunta 4b** (0,25 puntos)"), py(net(1024))], {"4.2": (0, 1)}),
    Case("html bold", [md("<b>Pregunta 2</b> (0.5 puntos)"), py(EVALUATE)], {"2": (0, 1)}),
    Case("the word exercise", [md("### Exercise 2 (0.5 points)"), py(EVALUATE)], {"2": (0, 1)}),
    Case("the word ejercicio", [md("**Ejercicio 2 (0.5 puntos)**"), py(EVALUATE)], {"2": (0, 1)}),
    Case("heading alone on its line", [md("Pregunta 6"), py(net(flatten=False))], {"6": (0, 1)}),
    Case(
        "heading as a code comment",
        [py("# Pregunta 2", EVALUATE), py("# Pregunta 6:", net(flatten=False))],
        {"2": (0,), "6": (1,)},
    ),
    Case(
        "plain text that mentions a question is no heading",
        [
            h("1"),
            py(net()),
            md("Seguimos con la red neuronal de la pregunta 6."),
            md("Pregunta 6 y 7 son más difíciles."),
        ],
        {"1": (0, 1, 2, 3), "6": ()},
    ),
    Case(
        "two headings in one cell",
        [md(HEADINGS["7.1"], "", HEADINGS["7.2"]), py(net(outputs=5))],
        {"7.1": (0, 1), "7.2": (0, 1)},
    ),
    Case(
        "three headings in one cell, then their markers",
        [
            md(HEADINGS["4.1"], HEADINGS["4.2"], HEADINGS["4.3"]),
            py(MARKERS["4.1"], net(512)),
            py(MARKERS["4.2"], net(1024)),
            answer("4.3", "Mejora."),
        ],
        {"4.1": (0, 1), "4.2": (0, 2), "4.3": (0, 3)},
    ),
    Case(
        "three headings in one cell, markers deleted: widths tell",
        [md(HEADINGS["4.1"], HEADINGS["4.2"], HEADINGS["4.3"]), py(net(512)), py(net(1024)), md("Mejora un poco.")],
        {"4.1": (0, 1, 3), "4.2": (0, 2, 3)},
    ),
    Case(
        "one loop for all",
        [
            md(HEADINGS["4.1"], HEADINGS["4.2"]),
            py("for n in (512, 1024):", "    Dense(n)", "    red.fit(x, y)"),
            h("4.3"),
        ],
        {"4.1": (0, 1), "4.2": (0, 1)},
    ),
    Case(
        "a heading within a line of a list",
        [md("* **pregunta 4.1 (0.25 puntos):** 512"), py(net(512))],
        {"4.1": (0, 1)},
    ),
    Case("the second 5.1 is 5.2", [h("5.1"), py(PREDICT), h("5.2"), md("Es fácil.")], {"5.1": (0, 1), "5.2": (2, 3)}),
    Case(
        "the second 5.1 without words is 5.2",
        [md("**pregunta 5.1**"), py(PREDICT), md("**pregunta 5.1**"), md("Es fácil.")],
        {"5.1": (0, 1), "5.2": (2, 3)},
    ),
    Case(
        "a corrected 5.2",
        [h("5.1"), md("9"), md("**Pregunta 5.2**: ¿por qué?"), md("Es fácil.")],
        {"5.1": (0, 1), "5.2": (2, 3)},
    ),
    Case("cells in another order", [h("8.1"), py(net(epochs=15)), h("1"), py(net())], {"8.1": (0, 1), "1": (2, 3)}),
    Case(
        "a parent's cells go to children without an anchor",
        [md("## Pregunta 4"), py(net(512)), py(net(1024)), h("4.3"), md("Mejora.")],
        {"4.1": (0, 1), "4.2": (0, 2)},
    ),
    Case(
        "answers gathered at the end, a whole number among them",
        [
            *(cell for name in ("5.2", "6", "7.1") for cell in (h(name), py("pass"))),
            md("# Respuestas"),
            md("**5.2** Es fácil:", "1. para todas", "", "**6** La forma no coincide.", "", "**7.1** Una por clase."),
        ],
        {"1": (), "5.2": (0, 1, 7), "6": (2, 3, 7), "7.1": (4, 5, 6, 7)},
    ),
    Case(
        "answers alone, numbered like the questions, in words of other questions",
        [
            py(net()),
            md("- **Pregunta 3.1**: cada valor es una probabilidad."),
            md(
                "- **Pregunta 6**: la imagen de 28x28 no es un vector, y la salida no es la de las etiquetas de las imágenes."
            ),
            md("- **Pregunta 7.1**: una neurona por clase."),
        ],
        {"3.1": (1,), "6": (2,), "7.1": (3,)},
    ),
    Case(
        "code between a parent and its children",
        [md("## Pregunta 3: predicciones"), py(PREDICT), h("3.1"), md("Probabilidades."), h("3.2"), md("9")],
        {"3.1": (0, 1, 2, 3), "3.2": (0, 1, 4, 5)},
    ),
]

MARKED = [
    Case("marker with a number", [py(MARKERS["1"], net()), py(MARKERS["2"], EVALUATE)], {"1": (0,), "2": (1,)}),
    Case(
        "marker with a width", [py(MARKERS["4.1"], net(512)), py(MARKERS["4.2"], net(1024))], {"4.1": (0,), "4.2": (1,)}
    ),
    Case(
        "marker with epochs",
        [py(MARKERS["8.1"], net(epochs=15)), py(MARKERS["8.2"], net(epochs=30))],
        {"8.1": (0,), "8.2": (1,)},
    ),
    Case(
        "two markers in one cell", [py(MARKERS["4.1"], net(512), MARKERS["4.2"], net(1024))], {"4.1": (0,), "4.2": (0,)}
    ),
    Case(
        "marker without signs in a cell that does not parse",
        [py("Tu código de la pregunta 9 aquí", STOPPER)],
        {"9": (0,)},
    ),
    Case(
        "a marker that names the model's question",
        [
            h("1"),
            py(net()),
            h("2"),
            py("### Tu código para la evaluación del modelo de la pregunta 1 aquí ###", EVALUATE),
        ],
        {"1": (0, 1), "2": (2, 3)},
    ),
    Case(
        "code decides between marker and heading",
        [h("4.1"), py(MARKERS["4.1"], net(512)), h("4.2"), py("### Tu código de la pregunta 4.1 aquí ###", net(1024))],
        {"4.1": (0, 1), "4.2": (2, 3)},
    ),
    Case(
        "a marker whose heading was deleted",
        [h("4.1"), py(MARKERS["4.1"], net(512)), py(MARKERS["4.2"], net(1024))],
        {"4.1": (0, 1), "4.2": (2,)},
    ),
    Case(
        "code decides though the heading has no other marker",
        [h("4.1"), py("### Tu código de la pregunta 4.2 aquí ###", net(1024)), h("4.2")],
        {"4.2": (1, 2)},
    ),
    Case("cells after a marker", [py(MARKERS["9"], STOPPER), py("red.fit(x, y, callbacks=[Parar()])")], {"9": (0, 1)}),
    Case("an English marker", [py("# Your code for question 2 here", EVALUATE)], {"2": (0,)}),
]

LEFT_OVER = [
    Case(
        "a marker copied along, above a network that is not what it names",
        [h("1"), py(MARKERS["1"], net()), h("9"), py(MARKERS["1"], net(64)), py(STOPPER)],
        {"1": (0, 1), "9": (2, 3, 4)},
    ),
    Case(
        "a marker copied along, above a network that would do",
        [h("1"), py(MARKERS["1"], net()), h("9"), py(MARKERS["1"], net()), py(STOPPER)],
        {"1": (0, 1), "9": (2, 3, 4)},
    ),
    Case(
        "a marker copied along, deleted where it belongs",
        [h("4.1"), py(net(512)), h("9"), py(MARKERS["4.1"], net(512)), py(STOPPER)],
        {"4.1": (0, 1), "9": (2, 3, 4)},
    ),
    Case(
        "a marker for the evaluation copied along with a network",
        [h("2"), py(MARKERS["2"], EVALUATE), h("8.1"), py(MARKERS["2"], net(epochs=15))],
        {"2": (0, 1), "8.1": (2, 3)},
    ),
    Case(
        "a marker for prose copied along",
        [h("7.1"), answer("7.1", "Por las clases."), h("7.2"), answer("7.1", "Falla la forma.")],
        {"7.1": (0, 1), "7.2": (2, 3)},
    ),
    Case(
        "an answer that was moved, its own place left empty",
        [h("7.1"), answer("7.1"), h("7.2"), answer("7.1", "Por las clases."), answer("7.2", "Falla.")],
        {"7.1": (0, 1, 3), "7.2": (2, 4)},
    ),
    Case(
        "a right try under another question's heading, after a wrong one in its own place",
        [h("4.1"), py(MARKERS["4.1"], net(64)), h("9"), py(MARKERS["4.1"], net(512))],
        {"4.1": (0, 1, 3), "9": (2,)},
    ),
    Case(
        "a half-corrected number below the headings of two questions",
        [md(HEADINGS["7.1"], HEADINGS["7.2"]), answer("7.1", "Una por clase."), answer("6.2", "Falla.")],
        {"7.1": (0, 1), "7.2": (0, 2)},
    ),
    Case(
        "another edition's numbers below the headings of two questions",
        [md(HEADINGS["7.1"], HEADINGS["7.2"]), answer("6.1", "Una por clase."), answer("6.2", "Falla.")],
        {"7.1": (0, 1), "7.2": (0, 2)},
    ),
    Case(
        "a number of another question, answered in its own place",
        [
            *(md(HEADINGS["7.1"], HEADINGS["7.2"]), answer("7.1", "Una por clase."), answer("8.3", "Falla.")),
            *(h("8.3"), answer("8.3", "Sobreajuste.")),
        ],
        {"7.1": (0, 1), "7.2": (0, 2), "8.3": (3, 4)},
    ),
    Case(
        "places without a number below the headings of two questions",
        [md(HEADINGS["7.1"], HEADINGS["7.2"]), md("Tu respuesta aquí: Una."), md("Tu respuesta aquí: Falla.")],
        {"7.1": (0, 1), "7.2": (0, 2)},
    ),
    Case(
        "three places without a number below the headings of two questions",
        [md(HEADINGS["7.1"], HEADINGS["7.2"]), *(md(f"Tu respuesta aquí: {n}") for n in ("Una.", "Dos.", "Tres."))],
        {"7.1": (0, 1, 2, 3), "7.2": (0, 1, 2, 3)},
    ),
    Case(
        "two answers under one number, the next question without any",
        [h("5.1"), answer("5.1", "La 9."), answer("5.1", "Es fácil."), h("6"), md("Falla.")],
        {"5.1": (0, 1), "5.2": (2,), "6": (3, 4)},
    ),
    Case(
        "two answers under one number, the next question with its own",
        [h("5.1"), answer("5.1", "La 9."), answer("5.1", "Las dos veces."), h("5.2"), md("Es fácil.")],
        {"5.1": (0, 1, 2), "5.2": (3, 4)},
    ),
    Case(
        "two places under one number, one of them empty",
        [h("5.1"), answer("5.1"), answer("5.1", "La 9.")],
        {"5.1": (0, 1, 2), "5.2": ()},
    ),
    Case(
        "one number for the markers of two headings",
        [
            *(h("8.1"), py("### Tu código de la pregunta 8 aquí ###", net(epochs=15)), py("red.summary()")),
            *(h("8.2"), py("### Tu código de la pregunta 8 aquí ###", net(epochs=30)), py("red.summary()")),
            *(h("8.3"), py("### Tu código de la pregunta 8 aquí ###", "red.summary()"), md("Sobreajuste.")),
        ],
        {"8.1": (0, 1, 2), "8.2": (3, 4, 5), "8.3": (6, 7, 8)},
    ),
    Case(
        "a sub-heading that repeats what the question asks",
        [
            md(
                "**Pregunta 8.3 (0.6 puntos):** ¿Por qué la pérdida deja de disminuir con más épocas?",
                "¿Cómo se llama?",
            ),
            *(md("### ¿Por qué la pérdida deja de disminuir con más épocas?"), md("Memoriza.")),
            *(md("### ¿Cómo se llama?"), md("Sobreajuste."), h("9"), py(STOPPER)),
        ],
        {"8.3": (0, 1, 2, 3, 4), "9": (5, 6)},
    ),
    Case(
        "the assignment's own heading leads in to what follows",
        [h("8.3"), md("Sobreajuste."), md("## Callbacks", "", "Aquí probé otro."), py(STOPPER), h("9"), py(STOPPER)],
        {"8.3": (0, 1), "9": (2, 3, 4, 5)},
    ),
]

EDITED = [
    Case(
        "another edition's numbers",
        [
            md("**Pregunta 1.1 (1 punto):** carga otros datos y dibuja un histograma"),
            py("dibuja()"),
            md("**Pregunta 2.1 (3.5 puntos):** entrena una red neuronal con 128 neuronas sigmoide, Adam y 10 épocas"),
            py(net()),
            md("**Pregunta 2.2 (0.5 puntos):** evalúa el modelo con las imágenes de test"),
            py(EVALUATE),
            md("**Pregunta 8 (2 puntos):** crea un callback que detenga el entrenamiento con la pérdida al 40 %"),
            py(STOPPER),
            md("**Pregunta 10 (1 punto):** añade dropout y regularización"),
            py("Dropout(0.5)"),
        ],
        {"1": (2, 3), "2": (4, 5), "9": (6, 7), "8.1": (), "3.1": ()},
    ),
    Case(
        "sections that are numbered too",
        [
            h("1"),
            py(net()),
            h("2"),
            py(EVALUATE),
            md("## Ejercicio 1: las predicciones de la red"),
            py(PREDICT),
            h("3.1"),
            md("Probabilidades."),
            h("3.2"),
            md("9"),
            md("## Ejercicio 2: más neuronas en la capa oculta"),
            h("4.1"),
            py(net(512)),
        ],
        {"1": (0, 1), "2": (2, 3), "4.1": (10, 11, 12)},
    ),
    Case(
        "numbered headings without a word",
        [md("## 4.1 Red de 512 neuronas"), py(net(512)), md("## 4.2 Red de 1024 neuronas"), py(net(1024))],
        {"4.1": (0, 1), "4.2": (2, 3)},
    ),
    Case(
        "headings that follow their code",
        [py(net()), md("Pregunta 1 (3.5 puntos)"), py(EVALUATE), md("Pregunta 2 (0.5 puntos)")],
        {"1": (0, 1), "2": (2, 3)},
    ),
    Case(
        "one piece of code before its heading",
        [h("4.1"), py(net(512)), py(net(1024)), h("4.2"), h("4.3")],
        {"4.1": (0, 1), "4.2": (2, 3)},
    ),
    Case(
        "a heading deleted, its code left behind",
        [h("4.1"), py(net(512)), py(net(1024)), h("4.3"), md("Mejora.")],
        {"4.1": (0, 1), "4.2": (2,)},
    ),
    Case(
        "the prompt without its heading",
        [md("¿Por qué son diez las neuronas de la última capa?"), md("Por las clases.")],
        {"7.1": (0, 1)},
    ),
    Case(
        "the assignment's cells as anchors",
        [
            md("## Callbacks", "", "Un callback se entera del final de cada época. Este es un ejemplo:"),
            py(EXAMPLE),
            py(READY),
            py(STOPPER),
        ],
        {"9": (0, 1, 2, 3)},
    ),
    Case(
        "nothing left of the assignment stays unplaced",
        [py("a = 1"), py(net()), md("He entrenado una red.")],
        {"1": (), "9": ()},
    ),
    Case("the example cells belong to question 9", given_cells(), {"9": (37, 38, 39, 40, 41, 42)}),
]


@pytest.mark.parametrize("case", STRAIGHT + MARKED + LEFT_OVER + EDITED, ids=lambda case: case.name)
def test_cells_belong_to(case: Case, tmp_path: Path) -> None:
    submission = read(tmp_path, *case.cells)

    assert {name: submission.place(name).cells for name in case.places} == case.places


@pytest.mark.parametrize(
    ("found_by", "cells"),
    [
        ("heading", [h("2"), py(EVALUATE)]),
        ("marker", [py(MARKERS["2"], EVALUATE)]),
        ("alignment", [md("Evaluar el modelo de la pregunta 1 con las imágenes y etiquetas de test."), py(EVALUATE)]),
        ("none", [py(EVALUATE)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_place_says_how_it_was_found(found_by: str, cells: list[Any], tmp_path: Path) -> None:
    assert read(tmp_path, *cells).place("2").found_by == found_by


def test_every_question_has_a_place(tmp_path: Path) -> None:
    assert list(read(tmp_path).places) == [question.id for question in RUBRIC.questions]


ANSWERS = {
    "4.3": "Slightly better accuracy and a lower loss, but training takes much longer.",
    "5.2": "It is an easy picture which all the networks have learned.",
    "8.3": "That is overfitting: training loss goes down further while test loss rises.",
}


CHATTER = [
    "Me gusta más programar los modelos como clases.",
    "Aquí evalúo el modelo con los datos de test, como siempre hago.",
    "Ya sé que la salida es un vector de números.",
]


@pytest.mark.parametrize("words", CHATTER)
@pytest.mark.parametrize("at", [1, 4, 8])
def test_headings_that_count_up_are_their_questions_whatever_one_says(at: int, words: str, tmp_path: Path) -> None:
    cells = []
    for number in range(1, 10):
        cells += [md(f"**PREGUNTA {number}**", "", words if number == at else ""), py(f"x = {number}")]
    submission = read(tmp_path, *cells)
    for number, names in {1: ["1"], 2: ["2"], 4: ["4.1", "4.2", "4.3"], 6: ["6"], 8: ["8.1", "8.3"], 9: ["9"]}.items():
        for name in names:
            assert submission.place(name).cells == (2 * number - 2, 2 * number - 1), name


@pytest.mark.parametrize("mark", ["**Q{}**", "**{}.**", "### {}\n", "**Pregunta {}:**"])
def test_an_answer_under_its_own_number_is_its_questions_whatever_it_says(mark: str, tmp_path: Path) -> None:
    """All answers in one cell at the end, below sections that have the whole number only."""
    sections = [cell for number in "1234589" for cell in (md(f"### Q{number}"), py(f"step_{number}()"))]
    end = md("## Written answers\n\n" + "\n\n".join(f"{mark.format(name)} {text}" for name, text in ANSWERS.items()))
    submission = read(tmp_path, *sections, end)
    for name, text in ANSWERS.items():
        said = " ".join(passage.text for passage in submission.place(name).passages)
        assert text in " ".join(said.split()), name
        assert all(other not in said for other in ANSWERS.values() if other != text), name


def test_without_an_assignment_headings_and_markers_suffice(tmp_path: Path) -> None:
    submission = read(tmp_path, h("1"), py(MARKERS["1"], net()), h("2"), py(EVALUATE), assignment=Assignment())

    assert submission.place("1").cells == (0, 1)
    assert submission.place("2").cells == (2, 3)


class TestGiven:
    """A cell is `given` where nothing in it is the student's."""

    def test_all_cells_of_an_untouched_assignment(self, tmp_path: Path) -> None:
        assert all(cell.given for cell in read(tmp_path, *given_cells()).cells)

    @pytest.mark.parametrize(
        "cell",
        [
            py("\n" + EXAMPLE.replace("    ", "        ") + "\n\n# hecho\n"),
            py(
                EXAMPLE.replace("'", '"')
                .replace("logs={}", "logs=None")
                .replace("if logs", "if (logs")
                .replace("85:", "85):")
            ),
            py(EXAMPLE.replace("Se ha superado el 85 % y se para", "Ya se supera el 85%")),
            py(EXAMPLE.replace("tf.keras.callbacks", "keras.callbacks")),
            py("# Tu código para 512 neuronas aquí"),
            py(""),
            md("Tu respuesta a la pregunta 3.1 aquí: ..."),
            md("**Tu respuesta a la pregunta 3.1 aquí:**"),
        ],
        ids=[
            "white space and comments",
            "quotes and brackets",
            "printed words",
            "keras alone",
            "an empty code place",
            "a blank cell",
            "dots",
            "bold",
        ],
    )
    def test_though_written_differently(self, cell: dict[str, Any], tmp_path: Path) -> None:
        assert read(tmp_path, cell).cells[0].given

    @pytest.mark.parametrize(
        "cell",
        [
            py(EXAMPLE.replace("0.85", "0.9")),
            py(EXAMPLE.replace("'accuracy'", "'loss'")),
            py(EXAMPLE.replace("> 0", "< 0")),
            py(EXAMPLE.replace("on_epoch_end", "on_epoch_begin")),
            py(READY.replace("myCallback()", "Parar()")),
            py(READY.replace("'sigmoid'", "'relu'")),
            py(LOAD, "%matplotlib inline"),
            py(MARKERS["4.1"], "# No he sabido hacerlo porque el kernel se cae"),
            py(MARKERS["4.1"], net(512)),
            answer("3.1", "Probabilidades."),
        ],
        ids=[
            *(
                "an edited number",
                "another metric",
                "another sign",
                "another hook",
                "another class",
                "another activation",
            ),
            *("a magic", "only a comment", "code", "an answer"),
        ],
    )
    def test_not_where_the_student_wrote(self, cell: dict[str, Any], tmp_path: Path) -> None:
        assert not read(tmp_path, cell).cells[0].given


@pytest.mark.parametrize("name", ["assignment", "solution"])
def test_the_shipped_notebooks_have_all_places(name: str) -> None:
    assignment = read_assignment([ROOT / "reference" / "assignment.ipynb"])
    submission = read_submission(ROOT / "reference" / f"{name}.ipynb", name, RUBRIC, assignment)

    assert all(place.cells for place in submission.places.values())
    own = {cell.index for cell in submission.cells if not cell.given}
    owners = {index: [name for name, place in submission.places.items() if index in place.cells] for index in own}
    assert all(owners.values())


def test_the_file_is_what_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, notebook(h("1")), "x.ipynb")
    submission = read_submission(path, "x", RUBRIC, Assignment())

    assert (submission.id, submission.path, len(submission.sha256)) == ("x", str(path), 64)
