"""Small notebooks, built where they are needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shipped import RUBRIC

from grader.records import Submission
from grader.submission import Assignment, read_assignment, read_submission

ROOT = Path(__file__).parents[2]


def md(*lines: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": "\n".join(lines)}


def py(*lines: str, **more: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "metadata": {}, "source": "\n".join(lines), "outputs": [], "execution_count": None}
    return {**cell, **more}


def notebook(*cells: Any, **more: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}


def net(units: int = 128, *, epochs: int = 10, flatten: bool = True, outputs: int = 10) -> str:
    first = "Flatten(input_shape=(28, 28)), " if flatten else ""
    return (
        f"red = Sequential([{first}Dense({units}, activation='sigmoid'), Dense({outputs}, activation='softmax')])\n"
        f"red.compile('adam', 'sparse_categorical_crossentropy', ['accuracy'])\n"
        f"red.fit(x, y, epochs={epochs}, batch_size=64)"
    )


EVALUATE = "red.evaluate(x_test, y_test)"
PREDICT = "classifications = red.predict(x_test)\nprint(classifications[0])"
STOPPER = (
    "class Parar(tf.keras.callbacks.Callback):\n"
    "    def on_epoch_end(self, epoch, logs=None):\n"
    "        if logs['loss'] <= 0.4:\n"
    "            self.model.stop_training = True"
)
EXAMPLE = (
    "class myCallback(tf.keras.callbacks.Callback):\n"
    "    def on_epoch_end(self, epoch, logs={}):\n"
    "        if logs.get('accuracy') > 0.85:\n"
    "            print('Se ha superado el 85 % y se para')\n"
    "            self.model.stop_training = True"
)
READY = "callbacks = myCallback()\n" + net(512, epochs=50)
SHOWS = "lote = 64\nprint('El lote es', lote)"
LOAD = "mnist = tf.keras.datasets.fashion_mnist\n(x, y), (x_test, y_test) = mnist.load_data()\nx = x / 255.0"

HEADINGS = {
    "1": "**Pregunta 1 (3.5 puntos):** entrena una red con una capa oculta de 128 neuronas, Adam, 10 épocas.",
    "2": "**Pregunta 2 (0.5 puntos):** evalúa el modelo de la pregunta 1 con los datos de test.",
    "3.1": "**pregunta 3.1 (0.25 puntos):** ¿Por qué la salida es un vector de números? ¿Qué representa este vector?",
    "3.2": "**pregunta 3.2 (0.25 puntos):** ¿A qué clase corresponde la primera entrada de classifications?",
    "4.1": "**pregunta 4.1 (0.25 puntos):** ejecuta el modelo de la pregunta 1 con 512 neuronas.",
    "4.2": "**pregunta 4.2 (0.25 puntos):** ejecuta el modelo de la pregunta 1 con 1024 neuronas.",
    "4.3": "**pregunta 4.3 (0.5 puntos):** ¿Cuál es el impacto que tiene aumentar el número de neuronas?",
    "5.1": "**pregunta 5.1 (0.25 puntos):** predice con 512 y 1024 neuronas. ¿A qué clase va el primer elemento?",
    "5.2": "**pregunta 5.1 (0.25 puntos):** ¿Por qué crees que ocurre eso con las redes de 512 y 1024?",
    "6": "**Pregunta 6 (0.5 puntos):** ¿Qué ocurre si quitamos la capa Flatten? Entrena sin ella y explica el error.",
    "7.1": "**pregunta 7.1 (0.25 puntos):** ¿Por qué son diez las neuronas de la última capa?",
    "7.2": "**pregunta 7.2 (0.25 puntos):** ¿Qué pasaría si fuera otra cantidad? Por ejemplo, prueba con 5.",
    "8.1": "**pregunta 8.1 (0.2 puntos):** entrena la red de la pregunta 1 con 15 épocas.",
    "8.2": "**pregunta 8.2 (0.2 puntos):** entrena la red de la pregunta 1 con 30 épocas.",
    "8.3": "**pregunta 8.3 (0.6 puntos):** ¿Por qué la pérdida deja de disminuir con más épocas? ¿Cómo se llama?",
    "9": "**Pregunta 9 (2 puntos):** crea una clase Callback que pare el entrenamiento con la pérdida al 40 %.",
}
MARKERS = {
    "1": "### Tu código para la red neuronal de la pregunta 1 aquí ###",
    "2": "### Tu código para la evaluación de la pregunta 2 aquí ###",
    "3": "### Tu código de la pregunta 3 aquí ###",
    "4.1": "### Tu código para 512 neuronas aquí ###",
    "4.2": "### Tu código para 1024 neuronas aquí ###",
    "5": "### Tu código de la pregunta 5 aquí ###",
    "6": "### Tu código para la red sin Flatten aquí ###",
    "8.1": "### Tu código para 15 épocas aquí ###",
    "8.2": "### Tu código para 30 épocas aquí ###",
    "9": "### Tu código del callback de la pregunta 9 aquí ###",
}


def h(question: str) -> dict[str, Any]:
    """The heading of a question, with its prompt."""
    return md(HEADINGS[question])


def answer(question: str, text: str = "") -> dict[str, Any]:
    """An answer place in markdown, filled in."""
    return md(f"Tu respuesta a la pregunta {question} aquí: {text}")


def given_cells() -> list[dict[str, Any]]:
    """A small assignment with every kind of place."""
    return [
        md("# Redes neuronales", "", "Lee con calma lo que dice cada pregunta."),
        py("import tensorflow as tf"),
        py(LOAD),
        h("1"), py(MARKERS["1"]),
        h("2"), py(MARKERS["2"]),
        md("## Pregunta 3: las predicciones"), py(MARKERS["3"]),
        h("3.1"), answer("3.1"), h("3.2"), answer("3.2"),
        h("4.1"), py(MARKERS["4.1"]), h("4.2"), py(MARKERS["4.2"]), h("4.3"), answer("4.3"),
        h("5.1"), py(MARKERS["5"]), answer("5.1"), h("5.2"), answer("5.2"),
        h("6"), py(MARKERS["6"]), answer("6"),
        h("7.1"), answer("7.1"), h("7.2"), answer("7.2"),
        h("8.1"), py(MARKERS["8.1"]), h("8.2"), py(MARKERS["8.2"]), h("8.3"), answer("8.3"),
        md("## Callbacks", "", "Un callback se entera del final de cada época. Este es un ejemplo:"), py(EXAMPLE),
        h("9"), py(MARKERS["9"]), py(READY), py(SHOWS),
    ]  # fmt: skip


def assignment_in(folder: Path) -> Assignment:
    path = folder / "assignment.ipynb"
    path.write_text(json.dumps(notebook(*given_cells())), encoding="utf-8")
    return read_assignment([path])


def write(folder: Path, content: Any, name: str = "ana.ipynb") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def read(folder: Path, *cells: Any, assignment: Assignment | None = None) -> Submission:
    own = assignment if assignment is not None else assignment_in(folder)
    return read_submission(write(folder, notebook(*cells)), "ana", RUBRIC, own)


def prose(submission: Submission, question: str) -> list[str]:
    return [passage.text for passage in submission.place(question).own]


def perhaps_given(submission: Submission, question: str) -> list[str]:
    return [passage.text for passage in submission.place(question).passages if passage.perhaps_given]
