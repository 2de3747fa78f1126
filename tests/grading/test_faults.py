"""Wrong answers, some of which look right: each loses exactly what the assignment's table says, and nothing else.

Several independent faults share a notebook, since each notebook is run in a real kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Grade, Graded
from student import CALLBACK, SETUP, cells, fit, network, notebook, with_saved_error

from grader.checks import judge
from grader.records import Evidence, Place, Submission
from grader.rubric.rubric import Rubric


def stopping(body: str, base: str = "tf.keras.callbacks.Callback", passed: str = "Stop()") -> str:
    """Question 9 with a callback of this body, in a class that fits its own network."""
    return (
        f"class Stop({base}):\n{body}\n"
        + network(name="stopped")
        + f"stopped.fit(training_images, training_labels, epochs=2, verbose=0, callbacks=[{passed}])\n"
    )


def hook(condition: str, name: str = "on_epoch_end") -> str:
    """An epoch-end hook that stops under a condition."""
    return f"    def {name}(self, epoch, logs={{}}):\n        if {condition}:\n            self.model.stop_training = True\n"


def early_stopping(patience: int) -> str:
    """Question 9 with a callback that Keras has."""
    stop = f"tf.keras.callbacks.EarlyStopping(monitor='loss', patience={patience})"
    return network(name="stopped") + f"stopped.fit(training_images, training_labels, epochs=1, callbacks=[{stop}])\n"


FAULTS: Mapping[str, tuple[dict[str, str | None], dict[str, float]]] = {
    "a first handful": (
        {
            "1": network().replace("sigmoid", "relu") + fit(),
            "2": "model.evaluate(training_images, training_labels, verbose=0)",
            "3.2": "La clase 7, Sneaker.",
            "4.1": network(256, name="m512").replace("sigmoid", "relu") + fit("m512", 1),
            "4.2": network(1024, name="m1024").replace("sigmoid", "relu"),
            "5": "import numpy as np\na = m512.evaluate(test_images, test_labels)\nprint(np.argmax(a))",
            "5.1": None,
            "6": network(name="flat") + fit("flat", 1),
            "8.1": network(name="m15").replace("sigmoid", "relu") + fit("m15", 14),
            "8.2": network(name="m30").replace("sigmoid", "relu") + fit("m30", 30),
            "9": stopping(hook("logs.get('loss') > 0.4")),
        },
        {"1": 3.0, "2": 0, "3.2": 0, "4.1": 0, "4.2": 0, "5.1": 0, "6": 0.3, "8.1": 0, "8.2": 0.2, "9": 0.8},
    ),
    "a second handful": (
        {
            "1": network().replace("'adam'", "'rmsprop'") + fit(epochs=5).replace("batch_size=64", "batch_size=32"),
            "2": network(name="other") + "other.evaluate(test_images, test_labels)",
            "6": "sin_flatten.fit(training_images, training_labels, epochs=1)",
            "8.1": "model" + fit(epochs=15)[5:],
            "8.2": "model" + fit(epochs=30)[5:],
            "9": stopping(hook("logs['acc'] > 0.4")),
        },
        {"1": 2.25, "2": 0, "4.1": 0.25, "6": 0.3, "8.1": 0.2, "8.2": 0.2, "9": 0.8},
    ),
    "only a first half, of 15 epochs": (
        {
            "1": "class Reloj(tf.keras.callbacks.Callback):\n    def on_epoch_end(self, epoch, logs=None):\n        print(epoch)\n"
            + network()
            + fit(epochs=15, more=", callbacks=[Reloj()]"),
            "2": "model.evaluate(test_images, training_labels[:len(test_labels)], verbose=0)",
            "4.1": None,
            "4.2": None,
            "6": network(name="flat", flatten=False).replace("flat.compile", "# ") + fit("flat", 1),
            "8.1": None,
            "8.2": None,
            "9": None,
        },
        {"1": 3.0, "2": 0, "4.1": 0, "6": 0.3, "8.1": 0, "8.2": 0, "9": 0},
    ),
    "a third handful": (
        {
            "1": network().replace(
                "tf.keras.layers.Dense(128, activation='sigmoid')",
                "tf.keras.layers.Dense(128, 'sigmoid'), tf.keras.layers.Dense(64, 'sigmoid')",
            )
            + fit(),
            "2": "print('accuracy: 0.99')",
            "3.1": "Son los píxeles de la imagen.",
            "4.3": "La accuracy empeora mucho. No hay ninguna otra diferencia.",
            "5.2": "Por azar.",
            "6 prose": "Porque el ordenador no tiene memoria.",
            "7": network(outputs=12, name="twelve") + fit("twelve", 1),
            "7.1": "Es un número arbitrario.",
            "7.2": "No pasa nada.",
            "8.3": "Porque el ordenador se cansa.",
            "9": CALLBACK + network(name="stopped") + "stopped.fit(training_images, training_labels, epochs=2)",
        },
        {"1": 2.75, "2": 0, "3.1": 0, "4.1": 0.25, "4.2": 0.25, "4.3": 0, "5.2": 0, "6": 0.2}
        | {"7.1": 0, "7.2": 0, "8.1": 0.2, "8.2": 0.2, "8.3": 0, "9": 1.6},
    ),
    "a fourth handful": (
        {
            "1": network().replace("10, activation='softmax'", "10, activation='sigmoid'") + "# " + fit(),
            "4.1": network(512, name="m512") + fit("m512", 0),
            "4.2": network(1024, name="m1024") + fit("m1024", 1).replace("training_images", "0 * training_images"),
            "8.1": "import numpy as np\nline = tf.keras.Sequential([tf.keras.layers.Dense(1)])\nline.compile('sgd', 'mse')\n"
            "line.fit(np.arange(9.0)[:, None], np.arange(9.0), epochs=15, verbose=0)",
            "9": stopping(hook("logs['loss'] <= 0.4"), passed="Stop"),
        },
        {"1": 0.75 + 0.5 + 0.5 + 0.25, "4.1": 0, "4.2": 0, "8.1": 0, "9": 1.6},
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_cost_what_the_table_says(name: str, grade: Grade) -> None:
    changes, expected = FAULTS[name]
    graded = grade(with_saved_error(notebook(changes), "6"))
    found = {question: graded.points(question) for question in expected}
    assert found == pytest.approx(expected), graded.lost()


CALLBACKS: Mapping[str, tuple[str, float]] = {
    "at or below, by hand": (stopping(hook("logs.get('loss') <= 0.40")), 2.0),
    "strictly below": (stopping(hook("logs['loss'] < 0.4")), 2.0),
    "in percent, rounded": (stopping(hook("round(logs['loss'], 2) * 100 <= 40")), 2.0),
    "inverted": (stopping(hook("logs['loss'] > 0.4")), 0.8),
    "accuracy instead of loss": (stopping(hook("logs['accuracy'] > 0.4")), 0.8),
    "another threshold": (stopping(hook("logs['loss'] < 0.5")), 0.8),
    "too low a threshold": (stopping(hook("logs['loss'] < 0.3")), 1.2),
    "two metrics": (stopping(hook("logs['loss'] <= 0.4 or logs['accuracy'] > 0.9")), 1.6),
    "hook misspelled": (stopping(hook("logs['loss'] <= 0.4", "on_epoc_end")), 0.8),
    "no body": (stopping("    pass"), 0.8),
    "no base class": (stopping(hook("logs['loss'] <= 0.4"), base="object"), 0.0),
    "the class itself passed": (stopping(hook("logs['loss'] <= 0.4"), passed="Stop"), 1.6),
    "stops the wrong object": (
        stopping(hook("logs['loss'] <= 0.4").replace("self.model.stop", "self.stop")),
        1.2,
    ),
    "message fails before it stops": (
        stopping(hook("logs['loss'] <= 0.4").replace("self.model", "print('loss' + logs['loss']); self.model")),
        1.2,
    ),
    "a lambda callback": (
        network(name="stopped")
        + "stopper = tf.keras.callbacks.LambdaCallback(on_epoch_end=lambda e, l: "
        + "setattr(stopped, 'stop_training', l['loss'] <= 0.4))\n"
        + "stopped.fit(training_images, training_labels, epochs=2, callbacks=[stopper])",
        1.6,
    ),
    "a threshold passed in": (
        stopping(
            "    def __init__(self, limit):\n        super().__init__()\n        self.limit = limit\n"
            + hook("logs['loss'] <= self.limit"),
            passed="Stop(0.4)",
        ),
        2.0,
    ),
    "stops the global model that it trains": (
        stopping(hook("logs['loss'] <= 0.4").replace("self.model", "stopped")),
        2.0,
    ),
    "counts its epochs": (
        stopping(
            "    seen = []\n    def on_train_begin(self, logs=None):\n        self.seen = []\n"
            "    def on_epoch_end(self, epoch, logs=None):\n        self.seen.append(logs['loss'])\n"
            "        self.model.stop_training = min(self.seen) <= 0.4\n"
        ),
        2.0,
    ),
    "Keras's own": (early_stopping(patience=3), 0.8),
    "Keras's own, without patience": (early_stopping(patience=0), 0.4),
    "none at all": (network(name="stopped") + fit("stopped", 1), 0.0),
}


@pytest.fixture(scope="module")
def all_callbacks(grade: Grade) -> Graded:
    """Every callback above, each in a cell of its own, in one kernel."""
    return grade(cells(SETUP, *(answer for answer, _ in CALLBACKS.values())))


@pytest.mark.parametrize("name", CALLBACKS)
def test_callback_is_judged_by_what_it_does(
    name: str, all_callbacks: Graded, slice_rubric: Rubric, data_slice: Path
) -> None:
    cell = list(CALLBACKS).index(name) + 1
    judgement = judge(*only_cell(all_callbacks, cell), slice_rubric, data_slice)
    findings = [finding for finding in judgement.findings if finding.question == "9"]
    assert sum(finding.points for finding in findings) == pytest.approx(CALLBACKS[name][1]), [
        finding.message for finding in findings
    ]


def only_cell(graded: Graded, cell: int) -> tuple[Submission, Evidence]:
    """The same run, as if this cell alone had answered question 9."""
    evidence = replace(
        graded.evidence,
        trainings=tuple(item for item in graded.evidence.trainings if item.cell == cell),
        callbacks=tuple(item for item in graded.evidence.callbacks if item.cell == cell),
    )
    return replace(graded.submission, places={"9": Place("9", (cell,))}), evidence
