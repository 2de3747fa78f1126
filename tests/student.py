"""Makes students' notebooks for tests: the assignment, answered.

`CORRECT` holds one right answer for every place; a test changes the few that it is about.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

ASSIGNMENT = Path(__file__).parents[1] / "reference" / "assignment.ipynb"

MARKERS = {
    "1": "red neuronal de la pregunta 1 aquí",
    "2": "evaluación del modelo de la pregunta 1 aquí",
    "3": "Tu código de la pregunta 3 aquí",
    "3.1": "respuesta a la pregunta 3.1 aquí",
    "3.2": "respuesta a la pregunta 3.2 aquí",
    "4.1": "para 512 neuronas aquí",
    "4.2": "para 1024 neuronas aquí",
    "4.3": "respuesta a la pregunta 4.3 aquí",
    "5": "Tu código de la pregunta 5 aquí",
    "5.1": "respuesta a la pregunta 5.1 aquí",
    "5.2": "respuesta a la pregunta 5.2 aquí",
    "6": "red sin capa Flatten aquí",
    "6 prose": "respuesta a la pregunta 6 aquí",
    "7": "Tu código de la pregunta 7 aquí",
    "7.1": "respuesta a la pregunta 7.1 aquí",
    "7.2": "respuesta a la pregunta 7.2 aquí",
    "8.1": "para 15 épocas aquí",
    "8.2": "para 30 épocas aquí",
    "8.3": "respuesta a la pregunta 8.3 aquí",
    "9": "Tu código del callback de la pregunta 9 aquí",
}
"""Words of the assignment's marker for each place."""

SETUP = (
    "import tensorflow as tf\n"
    "(training_images, training_labels), (test_images, test_labels) = tf.keras.datasets.fashion_mnist.load_data()\n"
    "training_images, test_images = training_images / 255.0, test_images / 255.0\n"
)
"""What the assignment's first cells do."""

LOSS = "sparse_categorical_crossentropy"


def network(units: int = 128, outputs: int = 10, name: str = "model", flatten: bool = True) -> str:
    """Code that defines and compiles a network as the assignment asks for it."""
    first = "tf.keras.layers.Flatten(input_shape=(28, 28)), " if flatten else ""
    return (
        f"{name} = tf.keras.Sequential([{first}tf.keras.layers.Dense({units}, activation='sigmoid'), "
        f"tf.keras.layers.Dense({outputs}, activation='softmax')])\n"
        f"{name}.compile(optimizer='adam', loss='{LOSS}', metrics=['accuracy'])\n"
    )


def fit(name: str = "model", epochs: int = 10, more: str = "") -> str:
    """Code that trains a network."""
    return f"{name}.fit(training_images, training_labels, epochs={epochs}, batch_size=64, verbose=0{more})\n"


CALLBACK = """
class StopAtLoss(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs['loss'] <= 0.40:
            self.model.stop_training = True
"""

CORRECT: Mapping[str, str] = {
    "1": network() + fit(),
    "2": "model.evaluate(test_images, test_labels, verbose=0)",
    "3": "classifications = model.predict(test_images, verbose=0)\nprint(classifications[0])",
    "3.1": "Porque la última capa es softmax: son probabilidades, y hay una por cada una de las diez clases.",
    "3.2": "A la clase 9, Ankle boot.",
    "4.1": network(512, name="m512") + fit("m512", 2),
    "4.2": network(1024, name="m1024") + fit("m1024", 2),
    "4.3": "La accuracy mejora un poco, pero el entrenamiento es bastante más lento.",
    "5": "a = m512.predict(test_images, verbose=0)\nb = m1024.predict(test_images, verbose=0)",
    "5.1": "Sigue siendo la clase 9.",
    "5.2": "Porque la imagen es fácil y todas las redes la han aprendido bien.",
    "6": network(name="flat", flatten=False) + fit("flat", 1),
    "6 prose": "La imagen de 28x28 no se convierte en un vector, así que la forma de la salida no coincide con las etiquetas.",
    "7": network(outputs=5, name="five") + fit("five", 1),
    "7.1": "Porque hay diez clases de ropa, una neurona para cada clase.",
    "7.2": "Da un error, porque hay etiquetas del 0 al 9 y solo cinco neuronas de salida.",
    "8.1": network(name="m15") + fit("m15", 15),
    "8.2": network(name="m30") + fit("m30", 30),
    "8.3": "Se llama sobreajuste: la red memoriza los datos de entrenamiento y deja de generalizar.",
    "9": CALLBACK
    + network(name="stopped")
    + "stopped.fit(training_images, training_labels, epochs=3, verbose=0, callbacks=[StopAtLoss()])\n",
}

LOG_10 = "".join(
    f"Epoch {n}/10\n938/938 - 2s - 2ms/step - accuracy: 0.8{n % 10}21 - loss: 0.4{n % 10}18\n" for n in range(1, 11)
)
"""A saved log of ten epochs."""


def notebook(changes: Mapping[str, str | None] | None = None, saved: Mapping[str, str] | None = None) -> Any:
    """The assignment with every place answered rightly, but for the changes; `None` leaves the place as it was given.

    Args:
        saved: text that the cell of a place shows in the submitted file.
    """
    result: Any = nbformat.read(ASSIGNMENT, as_version=4)
    answers = {**CORRECT, **(changes or {})}
    for place, words in MARKERS.items():
        answer = answers[place]
        if answer is None:
            continue
        cell = next(cell for cell in result.cells if words in cell.source)
        if cell.cell_type == "code":
            cell.source += "\n" + answer
        else:
            cell.source = cell.source[: cell.source.index(words) + len(words) + 1] + " " + answer
    for place, text in (saved if saved is not None else {"1": LOG_10}).items():
        cell = next(cell for cell in result.cells if MARKERS[place] in cell.source)
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    result.cells[-1].source = ""  # the ready cell trains for up to 50 epochs, and most tests are not about it
    return result


def error_output(name: str, message: str) -> Any:
    """A saved error."""
    return nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


def with_saved_error(source: Any, place: str, name: str = "ValueError", message: str = "shapes must match") -> Any:
    """The notebook with an error saved in the cell of a place."""
    result = copy.deepcopy(source)
    cell = next(cell for cell in result.cells if MARKERS[place] in cell.source)
    cell.outputs = [error_output(name, message)]
    return result


def cells(*sources: str) -> Any:
    """A notebook of code cells only."""
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
