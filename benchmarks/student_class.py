"""Makes a class of students' notebooks: distinct, realistic, and the same again for the same seed.

    python benchmarks/student_class.py FOLDER [--submissions 40] [--seed 0] [--own 0.2]

Four fifths keep to the assignment. They differ in everything that marks do not depend on: names, style (list, `add`,
functional, a function of their own, loops), imports, labels (one-hot or sparse), input and activation layers,
verbosity, headings, cells split or joined, plots and prints in between, Colab's lines, prose. A fifth differs in what
is trained, too: in one or two of `DEVIATIONS`, carried through all that builds on question 1, as students do.

The prose is taken from the answers that `rubrics/answers/fashion_mnist` marks as fully right. A student's notebook
depends on seed and number only: the first ten of a class of 200 are the class of ten.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
from student_habits import EXPERIMENTS, Habits, Recipe, draw_habits, draw_recipe, right_answers

ROOT = Path(__file__).parents[1]
ASSIGNMENT = ROOT / "reference" / "assignment.ipynb"


# --- what a student writes --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A cell to be."""

    kind: str
    text: str
    outputs: tuple[Any, ...] = ()


def code(text: str, *outputs: Any) -> Piece:
    return Piece("code", text.strip("\n"), outputs)


def prose(text: str) -> Piece:
    return Piece("markdown", text)


@dataclass
class Student:
    """One student with habits, a recipe, and a random generator for the rest."""

    habits: Habits
    recipe: Recipe
    rng: random.Random
    labels: tuple[str, str] = field(init=False)
    """Variables of the labels that training and test use."""

    def __post_init__(self) -> None:
        habits = self.habits
        suffix = self.rng.choice(["_oh", "_cat", "_onehot"])
        self.labels = (
            (habits.y_train + suffix, habits.y_test + suffix) if habits.one_hot else (habits.y_train, habits.y_test)
        )

    # --- networks -------------------------------------------------------------------------------------------------

    def define(
        self,
        name: str,
        units: Sequence[int | str],
        outputs: int | str = 10,
        *,
        flatten: bool = True,
        activation: str | None = None,
        dropout: float | None = None,
    ) -> str:
        """Code that defines a network."""
        layers = self._layers(units, outputs, flatten, activation or self.recipe.activation, dropout)
        if self.habits.definition == "functional":
            first, *others = layers[1:]
            lines = [f"entrada = {layers[0]}", f"x = {first}(entrada)", *(f"x = {layer}(x)" for layer in others)]
            return "\n".join([*lines, f"{name} = tf.keras.Model(entrada, x)"])
        if self.habits.definition == "add":
            return "\n".join([f"{name} = {self.habits.sequential}()", *(f"{name}.add({layer})" for layer in layers)])
        body = "".join(f"    {layer},\n" for layer in layers)
        return f"{name} = {self.habits.sequential}([\n{body}])"

    def _layers(
        self, units: Sequence[int | str], outputs: int | str, flatten: bool, activation: str, dropout: float | None
    ) -> list[str]:
        prefix = self.habits.layers
        first, shape = self.habits.first, ""
        found = ["tf.keras.Input(shape=(28, 28))"] if first == "input" else []
        if not flatten:
            shape = "" if first in ("input", "flatten") else ", input_shape=(28, 28)"
        elif first == "reshape":
            found.append(f"{prefix}Reshape((784,), input_shape=(28, 28))")
        else:
            found.append(f"{prefix}Flatten({'input_shape=(28, 28)' if first == 'flatten_shape' else ''})")
        rate = self.recipe.dropout if dropout is None else dropout
        for width in units:
            found += self._dense(width, activation, shape)
            shape = ""
            if rate:
                found.append(f"{prefix}Dropout({rate})")
        return [*found, *self._dense(outputs, "softmax", "")]

    def _dense(self, units: int | str, activation: str, shape: str) -> list[str]:
        prefix = self.habits.layers
        if self.habits.own_activations:
            return [f"{prefix}Dense({units}{shape})", f"{prefix}Activation('{activation}')"]
        function = f"tf.nn.{activation}" if self.habits.adam.startswith("tf.opt") else f"'{activation}'"
        return [f"{prefix}Dense({units}, activation={function}{shape})"]

    def compile(self, name: str, optimizer: str | None = None) -> str:
        """Code that compiles it."""
        loss = "categorical_crossentropy" if self.habits.one_hot else "sparse_categorical_crossentropy"
        return f"{name}.compile(optimizer={optimizer or self._optimizer()}, loss='{loss}', metrics=['accuracy'])"

    def _optimizer(self) -> str:
        recipe = self.recipe
        if recipe.learning_rate is not None:
            return f"tf.keras.optimizers.{recipe.optimizer}(learning_rate={recipe.learning_rate})"
        return self.habits.adam if recipe.optimizer == "Adam" else f"tf.keras.optimizers.{recipe.optimizer}()"

    def fit(self, name: str, epochs: int | str, *, batch: int | None = None, more: str = "", keep: str = "") -> str:
        """Code that trains it."""
        habits, recipe = self.habits, self.recipe
        words = [habits.x_train, self.labels[0], f"epochs={epochs}", f"batch_size={batch or recipe.batch_size}"]
        if recipe.validation_split:
            words.append(f"validation_split={recipe.validation_split}")
        elif habits.validation:
            words.append(f"validation_data=({habits.x_test}, {self.labels[1]})")
        if habits.verbose is not None:
            words.append(f"verbose={habits.verbose}")
        return f"{f'{keep} = ' if keep else ''}{name}.fit({', '.join(words)}{more})"

    def whole(self, name: str, units: int | str, epochs: int | str, keep: str = "") -> str:
        """Definition, compilation and training of question 1's network with other widths and epochs."""
        return f"{self.build(name, units)}\n{self.fit(name, epochs, keep=keep)}"

    def build(self, name: str, units: int | str, outputs: int = 10) -> str:
        """Definition and compilation, by the student's own function where there is one."""
        if self.habits.structure == "function":
            return f"{name} = crear_red({units}{'' if outputs == 10 else f', {outputs}'})"
        return self.define(name, (units, *self.recipe.extra_layers), outputs) + "\n" + self.compile(name)

    # --- questions ------------------------------------------------------------------------------------------------

    def answers(self) -> dict[str, list[Piece]]:
        """Cells for every place of the assignment, by words of its marker."""
        many_units, many_epochs = self._units(), self._epochs()
        return {
            "red neuronal de la pregunta 1 aquí": self._first(),
            "evaluación del modelo de la pregunta 1 aquí": [self._evaluation()],
            "Tu código de la pregunta 3 aquí": self._prediction(),
            "respuesta a la pregunta 3.1 aquí": [self._say("3.1")],
            "respuesta a la pregunta 3.2 aquí": [
                self._said("3.2", ["A la clase 9, Ankle boot.", "La 9", "Clase 9 (botín)", "Es un Ankle boot", "9"])
            ],
            "para 512 neuronas aquí": many_units[0],
            "para 1024 neuronas aquí": many_units[1],
            "respuesta a la pregunta 4.3 aquí": [self._say("4.3")],
            "Tu código de la pregunta 5 aquí": [self._second_prediction()],
            "respuesta a la pregunta 5.1 aquí": [
                self._said("5.1", ["Sigue siendo la clase 9.", "A la 9, Ankle boot", "La misma, la clase 9"])
            ],
            "respuesta a la pregunta 5.2 aquí": [self._say("5.2")],
            "red sin capa Flatten aquí": [self._without_flatten()],
            "respuesta a la pregunta 6 aquí": [self._say("6")],
            "Tu código de la pregunta 7 aquí": [self._five_outputs()],
            "respuesta a la pregunta 7.1 aquí": [self._say("7.1")],
            "respuesta a la pregunta 7.2 aquí": [self._say("7.2")],
            "para 15 épocas aquí": many_epochs[0],
            "para 30 épocas aquí": many_epochs[1],
            "respuesta a la pregunta 8.3 aquí": [self._say("8.3")],
            "Tu código del callback de la pregunta 9 aquí": self._callback(),
        }

    def _say(self, question: str) -> Piece:
        return self._said(question, right_answers(question))

    def _said(self, question: str, choices: Sequence[str]) -> Piece:
        answer = self.rng.choice(choices)
        if self.habits.prose_in_code:
            return code("\n".join(f"# {line}" for line in f"Respuesta {question}: {answer}".splitlines()))
        return prose(answer)

    def _first(self) -> list[Piece]:
        habits, recipe = self.habits, self.recipe
        name, log = habits.model, saved_log(10, habits.verbose, self.rng)
        labels = ""
        if habits.one_hot:
            labels = "\n".join(
                f"{new} = tf.keras.utils.to_categorical({old}, 10)"
                for new, old in zip(self.labels, (habits.y_train, habits.y_test), strict=True)
            )
        fit, summary = self.fit(name, 10, keep=habits.history), f"{name}.summary()"
        definition = self.define(name, (128, *recipe.extra_layers))
        if habits.structure == "function":
            body = (
                self.define("red_nueva", ("neuronas", *recipe.extra_layers), "salidas")
                + "\n"
                + self.compile("red_nueva")
            )
            lines = "".join(f"    {line}\n" for line in [*body.splitlines(), "return red_nueva"])
            function = f"def crear_red(neuronas, salidas=10):\n{lines}"
            made = f"{name} = crear_red(128)\n{summary}"
            return [
                code(f"{labels}\n{function}"),
                code(f"{made}\n{fit}", log),
                *self._extra("history", "best", "weights"),
            ]
        if habits.structure == "split":
            cells = [code(labels)] if labels else []
            cells += [code(f"{definition}\n{summary}"), code(self.compile(name)), code(fit, log)]
            return [*cells, *self._extra("history", "best", "weights")]
        whole = f"{labels}\n{definition}\n{self.compile(name)}\n{summary}\n{fit}"
        return [code(whole, log), *self._extra("history", "best", "weights")]

    def _evaluation(self) -> Piece:
        habits = self.habits
        call = f"{habits.model}.evaluate({habits.x_test}, {self.labels[1]}"
        return self.rng.choice(
            [
                code(f"{call})"),
                code(f"{call}, verbose=2)"),
                code(f"perdida, acierto = {call}, verbose=0)\nprint('Loss:', perdida, 'Accuracy:', acierto)"),
                code(f"resultado = {call})\nprint(f'Accuracy en test: {{resultado[1]:.4f}}')"),
            ]
        )

    def _prediction(self) -> list[Piece]:
        habits = self.habits
        names = self.rng.choice(["np.argmax(classifications[0])", "classifications[0].argmax()"])
        text = f"classifications = {habits.model}.predict({habits.x_test})\nprint(classifications[0])\nprint({names})"
        if self.rng.random() < 0.5:
            text += f"\nprint('Etiqueta real:', {habits.y_test}[0], 'Suma:', np.sum(classifications[0]))"
        return [code(text), *self._extra("bars", "confusion", "wrong")]

    def _names(self) -> tuple[str, str]:
        """Of the networks with 512 and 1024 units."""
        if self.habits.many == "loop":
            return "modelos[512]", "modelos[1024]"
        return f"{self.habits.model}_512", f"{self.habits.model}_1024"

    def _units(self) -> tuple[list[Piece], list[Piece]]:
        small, large = self._names()
        if self.habits.many != "loop":
            return [code(self.whole(small, 512, 10))], [code(self.whole(large, 1024, 10)), *self._extra("table")]
        body = f"{self.build('otro', 'neuronas')}\nprint('Neuronas:', neuronas)\n{self.fit('otro', 10)}\n"
        body += "modelos[neuronas] = otro"
        loop = "modelos = {}\nfor neuronas in [512, 1024]:\n" + indented(body)
        return [code(loop)], [code(f"{large}.summary()"), *self._extra("table")]

    def _second_prediction(self) -> Piece:
        lines = []
        for short, name in zip(("512", "1024"), self._names(), strict=True):
            lines.append(f"pred_{short} = {name}.predict({self.habits.x_test})")
            lines.append(f"print(pred_{short}[0], np.argmax(pred_{short}[0]))")
        return code("\n".join(lines))

    def _without_flatten(self) -> Piece:
        name = self.rng.choice([f"{self.habits.model}_sin_flatten", "sinFlatten", self.habits.model + "6"])
        build = self.define(name, (128, *self.recipe.extra_layers), flatten=False) + "\n" + self.compile(name)
        shapes = "(None, 28, 10), (None,)" if not self.habits.one_hot else "(None, 28, 10), (None, 10)"
        return self._failing(build, self.fit(name, self.rng.choice([1, 5, 10])), f"Shapes do not match: {shapes}")

    def _five_outputs(self) -> Piece:
        name = self.rng.choice([f"{self.habits.model}_5", "cinco", "modelo7"])
        problem = "Received a label value of 9 which is outside the valid range of [0, 5)"
        return self._failing(self.build(name, 128, 5), self.fit(name, self.rng.choice([1, 5])), problem)

    def _failing(self, build: str, fit: str, problem: str) -> Piece:
        if self.habits.tries:
            text = f"{build}\ntry:\n    {fit}\nexcept Exception as error:\n    print('Error:', error)"
            return code(text, nbformat.v4.new_output("stream", name="stdout", text=f"Epoch 1/1\nError: {problem}\n"))
        error = nbformat.v4.new_output(
            "error", ename="ValueError", evalue=problem, traceback=[f"ValueError: {problem}"]
        )
        return code(f"{build}\n{fit}", error)

    def _epochs(self) -> tuple[list[Piece], list[Piece]]:
        few, lot = self.recipe.more_epochs
        if self.habits.many == "refit":
            name = self.habits.model
            return (
                [code(self.fit(name, few, keep="hist_15"))],
                [code(self.fit(name, lot, keep="hist_30")), self._curves("hist_30")],
            )
        if self.habits.many == "loop":
            build, fit = self.build("otro", 128), self.fit("otro", "epocas")
            body = f"{build}\nhistorias[epocas] = {fit}\nmodelos[epocas] = otro"
            loop = f"historias = {{}}\nfor epocas in ({few}, {lot}):\n" + indented(body)
            return [code(loop)], [self._curves(f"historias[{lot}]")]
        return (
            [code(self.whole(f"{self.habits.model}_15", 128, few, keep="hist_15"))],
            [code(self.whole(f"{self.habits.model}_30", 128, lot, keep="hist_30")), self._curves("hist_30")],
        )

    def _curves(self, history: str) -> Piece:
        return code(
            f"plt.plot({history}.history['loss'], label='loss')\n"
            f"plt.plot({history}.history['accuracy'], label='accuracy')\nplt.xlabel('época')\nplt.legend()\nplt.show()"
        )

    def _callback(self) -> list[Piece]:
        rng, recipe = self.rng, self.recipe
        name = rng.choice(["myCallback", "MiCallback", "ParaEnPerdida", "StopLoss", "DetenerEntrenamiento"])
        loss = rng.choice(["logs['loss']", "logs.get('loss')", 'logs.get("loss")'])
        test = f"{loss} {rng.choice(['<', '<='])} {rng.choice(['0.4', '0.40', '.4'])}"
        arguments = rng.choice(["epoch, logs=None", "epoch, logs={}", "epoca, logs=None"]).replace("epoca", "epoch")
        shown = rng.choice(
            ["", "print('\\nLoss por debajo de 0.4, paro')\n", "print(f'\\nParo en la época {epoch + 1}')\n"]
        )
        body = f"if {test}:\n" + indented(f"{shown}self.model.stop_training = True")
        made = f"class {name}({self.habits.heredity}):\n" + indented(
            f"def on_epoch_end(self, {arguments}):\n" + indented(body)
        )
        network = self.define("modelo_cb", recipe.callback_units, activation=recipe.callback_activation, dropout=0.0)
        instance = rng.choice([f"{name}()", "parada"])
        before = f"parada = {name}()\n" if instance == "parada" else ""
        trained = self.fit(
            "modelo_cb", rng.choice([20, 30, 50]), batch=recipe.callback_batch, more=f", callbacks=[{instance}]"
        )
        training = f"{before}{network}\n{self.compile('modelo_cb', self.habits.adam)}\n{trained}"
        cells = [code(made), code(training)] if rng.random() < 0.5 else [code(f"{made}\n{training}")]
        return cells + self._experiment()

    def _experiment(self) -> list[Piece]:
        if not self.recipe.experiment:
            return []
        units, dropout, epochs, callback = EXPERIMENTS[self.recipe.experiment]
        habits = self.habits
        network = self.define("prueba", units, activation="relu", dropout=dropout)
        words = f"{habits.x_train}, {self.labels[0]}, epochs={epochs}, batch_size=128, verbose=2"
        words += f", validation_data=({habits.x_test}, {self.labels[1]})" + (
            f", callbacks=[{callback}]" if callback else ""
        )
        text = f"{network}\n{self.compile('prueba', chr(39) + 'adam' + chr(39))}\nh_prueba = prueba.fit({words})"
        return [prose(f"### Prueba mía: {self.recipe.experiment}"), code(text), self._curves("h_prueba")]

    def _extra(self, *names: str) -> list[Piece]:
        """Of these cells, those that this student writes."""
        return [code(self._extra_text(name)) for name in names if name in self.habits.extras]

    def _extra_text(self, name: str) -> str:
        habits = self.habits
        x, y, model, history = habits.x_test, habits.y_test, habits.model, habits.history
        texts: Mapping[str, str] = {
            "history": f"plt.figure(figsize=(8, 4))\nplt.plot({history}.history['loss'])\n"
            f"plt.plot({history}.history['accuracy'])\nplt.legend(['loss', 'accuracy'])\nplt.show()",
            "best": f"print({history}.history.keys())\nprint('Mejor accuracy:', max({history}.history['accuracy']))",
            "bars": "plt.bar(range(10), classifications[0])\nplt.xticks(range(10))\nplt.show()",
            "confusion": "from sklearn.metrics import confusion_matrix, classification_report\n"
            f"clases = np.argmax(classifications, axis=1)\nprint(confusion_matrix({y}, clases))\n"
            f"print(classification_report({y}, clases, zero_division=0))",
            "wrong": f"fallos = np.where(np.argmax(classifications, axis=1) != {y})[0]\nprint(len(fallos), 'fallos')\n"
            f"plt.imshow({x}[fallos[0]].reshape(28, 28), cmap='gray')\nplt.title(str({y}[fallos[0]]))\nplt.show()",
            "table": f"import pandas as pd\ntabla = pd.DataFrame({history}.history)\n"
            "print(tabla.describe())\ntabla.tail()",
            "counts": f"print(np.unique({habits.y_train}, return_counts=True))\n"
            f"print({habits.x_train}.shape, {x}.shape)",
            "images": "plt.figure(figsize=(8, 4))\nfor i in range(10):\n    plt.subplot(2, 5, i + 1)\n"
            f"    plt.imshow({habits.x_train}[i], cmap='gray')\n"
            f"    plt.title({habits.y_train}[i])\n    plt.axis('off')\nplt.show()",
            "pixels": f"print({habits.x_train}.min(), {habits.x_train}.max(), {habits.x_train}.dtype)",
            "weights": f"for capa in {model}.layers:\n    print(capa.name, [p.shape for p in capa.get_weights()])",
        }
        return texts[name]

    # --- the notebook ---------------------------------------------------------------------------------------------

    def notebook(self) -> Any:
        """The assignment with this student's cells."""
        given = nbformat.read(ASSIGNMENT, as_version=4)
        answers = self.answers()
        pieces = list(self._opening())
        for cell in given.cells if self.habits.ready_cell else given.cells[:-1]:
            marker = next((words for words in answers if words in cell.source), None)
            if marker is not None:
                pieces += self._placed(cell, answers[marker])
            elif cell.cell_type == "code":
                pieces.append(code(self._renamed(cell.source)))
                pieces += self._after(cell.source)
            else:
                pieces.append(prose(self._heading(cell.source)))
        return self._made(pieces, given.metadata)

    def _opening(self) -> list[Piece]:
        cells = []
        if self.habits.colab:
            cells.append(
                code('#@title Preparación del entorno { display-mode: "form" }\n%matplotlib inline\n!python --version')
            )
        return cells

    def _placed(self, cell: Any, answer: list[Piece]) -> list[Piece]:
        """An answer in the assignment's place, with or without its marker."""
        first, *rest = answer
        if not self.habits.markers:
            return answer
        if cell.cell_type == first.kind:
            joint = "\n" if first.kind == "code" else " "
            return [replace(first, text=f"{cell.source}{joint}{first.text}"), *rest]
        return [Piece(cell.cell_type, cell.source), *answer]

    def _after(self, source: str) -> list[Piece]:
        """What stands after the assignment's own cells: imports, a look at the data."""
        if "import tensorflow" in source:
            lines = []
            if self.habits.layers == "layers.":
                lines.append("from tensorflow.keras import layers, models")
            if not self.habits.layers:
                lines.append("from tensorflow.keras.models import Sequential")
                lines.append("from tensorflow.keras.layers import Activation, Dense, Dropout, Flatten, Reshape")
            if self.habits.layers == "keras.layers." or self.habits.heredity.startswith("keras."):
                lines.append("from tensorflow import keras")
            return [code("\n".join(lines))] if lines else []
        if "load_data" in source and "fit" not in source:
            return self._extra("counts", "images")
        if "/ 255.0" in source and "fit" not in source:
            return self._extra("pixels")
        return []

    def _renamed(self, source: str) -> str:
        habits = self.habits
        for old, new in (
            ("training_images", habits.x_train),
            ("training_labels", habits.y_train),
            ("test_images", habits.x_test),
            ("test_labels", habits.y_test),
        ):
            source = re.sub(rf"\b{old}\b", new, source)
        return source

    def _heading(self, text: str) -> str:
        forms: Mapping[str, Callable[[re.Match[str]], str]] = {
            "given": lambda found: found[0],
            "plain": lambda found: found[0].replace("*", ""),
            "upper": lambda found: found[0].upper(),
            "short": lambda found: found[0].replace("**", "").replace("regunta", "REGUNTA").strip(),
        }
        pattern = r"(?im)^\W*pregunta \d(?:\.\d)?(?: \([\d.]+ puntos\))?:?\**:?"
        return re.sub(pattern, forms[self.habits.headings], text)

    @staticmethod
    def _made(pieces: list[Piece], metadata: Any) -> Any:
        notebook = nbformat.v4.new_notebook(metadata=metadata)
        count = 0
        for position, piece in enumerate(pieces):
            if piece.kind == "markdown":
                cell = nbformat.v4.new_markdown_cell(piece.text)
            else:
                count += 1
                cell = nbformat.v4.new_code_cell(piece.text, outputs=list(piece.outputs), execution_count=count)
            cell["id"] = f"cell-{position:03}"
            notebook.cells.append(cell)
        return notebook


def indented(text: str) -> str:
    """One step to the right."""
    return "".join(f"    {line}\n" for line in text.splitlines())


def saved_log(epochs: int, verbose: int | None, rng: random.Random) -> Any:
    """The saved log of a training, in the form that the verbosity gives."""
    lines, loss, accuracy = [], 0.78 + rng.random() / 50, 0.76
    for epoch in range(1, epochs + 1):
        lines.append(f"Epoch {epoch}/{epochs}\n")
        if verbose == 2:
            lines.append(
                f"938/938 - {1 + rng.random():.0f}s - 1ms/step - accuracy: {accuracy:.4f} - loss: {loss:.4f}\n"
            )
        else:
            bar = "=" * 30
            lines.append(f"938/938 [{bar}] - 2s 2ms/step - loss: {loss:.4f} - accuracy: {accuracy:.4f}\n")
        loss, accuracy = loss * (0.85 + rng.random() / 20), accuracy + (0.91 - accuracy) / 4
    return nbformat.v4.new_output("stream", name="stdout", text="".join(lines))


# --- the class --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """One notebook that was made."""

    path: Path
    deviations: tuple[str, ...]
    """What of the recipe is the student's own; empty for one who keeps to the assignment."""


def make_notebook(number: int, seed: int = 0, own: float = 0.2) -> tuple[Any, tuple[str, ...]]:
    """The notebook of one student, counted from 0, and its deviations."""
    rng = random.Random(f"{seed}-{number}")
    recipe = Recipe()
    deviations: tuple[str, ...] = ()
    if int((number + 1) * own + 1e-9) > int(number * own + 1e-9):
        recipe, deviations = draw_recipe(rng)
    return Student(draw_habits(rng), recipe, rng).notebook(), deviations


def make_class(folder: Path, submissions: int, seed: int = 0, own: float = 0.2) -> list[Made]:
    """Write a class into a folder.

    Args:
        own: share of students with architectures or hyperparameters of their own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(submissions):
        notebook, deviations = make_notebook(number, seed, own)
        path = folder / f"alumno_{number + 1:03}.ipynb"
        nbformat.write(notebook, path)
        made.append(Made(path, deviations))
    return made


def main() -> None:
    """Make a class."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--own", type=float, default=0.2)
    options = parser.parse_args()
    for made in make_class(options.folder, options.submissions, options.seed, options.own):
        print(made.path, ", ".join(made.deviations))


if __name__ == "__main__":
    main()
