"""The mark does not depend on the way: with replay, and trained in the kernel.

What may differ in form stands in three notebooks, a form a question: networks, data, trainings and callbacks, right and
wrong ones. Where nothing differs but who sends what to whom, `test_dask.py` compares a class of its own.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from conftest import plainness
from pool import Pool
from student import CALLBACK, fit, network, notebook, with_saved_error

from grader.cli import main
from grader.records import Array
from grader.training.data import DEFAULT_FOLDER, load_data, write_idx

WAYS = REPLAYED, KERNEL = ("replayed", "in the kernel")
SHOWN = "shown.txt"
OF_EACH_CLASS = {"train": 64, "t10k": 40}

LOOP = """
nets = {}
for name, units, epochs in [("base", 128, 10), ("wide", 512, 10), ("e15", 128, 15), ("e30", 128, 30)]:
    m = tf.keras.Sequential([
        tf.keras.Input(shape=(28, 28)), tf.keras.layers.Flatten(), tf.keras.layers.Dense(units),
        tf.keras.layers.Activation("sigmoid"), tf.keras.layers.Dense(10), tf.keras.layers.Softmax(),
    ])
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    nets[name] = m
    print(name, m.fit(training_images, training_labels, epochs=epochs, batch_size=64, verbose=0,
                      validation_data=(test_images, test_labels)).history)
"""
SUBCLASSED = """
train_ds = tf.data.Dataset.from_tensor_slices((training_images, training_labels)).shuffle(60000).batch(64).prefetch(-1)
test_ds = tf.data.Dataset.from_tensor_slices((test_images, test_labels)).batch(64)

class Classifier(tf.keras.Model):
    def __init__(self, units=128, outputs=10, flatten=True):
        super().__init__()
        self.flat = tf.keras.layers.Flatten() if flatten else None
        self.hidden = tf.keras.layers.Dense(units, activation="sigmoid")
        self.out = tf.keras.layers.Dense(outputs, activation="softmax")

    def call(self, x):
        return self.out(self.hidden(x if self.flat is None else self.flat(x)))

def compiled(**options):
    made = Classifier(**options)
    made.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return made

own = compiled()
own.fit(train_ds, epochs=10, verbose=2)
"""
FUNCTIONAL = """
entry = tf.keras.Input((28, 28))
hidden = tf.keras.layers.Activation("sigmoid")(tf.keras.layers.Dense(512)(tf.keras.layers.Reshape((784,))(entry)))
wide = tf.keras.Model(entry, tf.keras.layers.Activation("softmax")(tf.keras.layers.Dense(10)(hidden)))
wide.compile(tf.keras.optimizers.Adam(1e-3), tf.keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
wide.fit(training_images, training_labels, 64, 10, verbose=2)
"""
FLATTENED_BEFORE = """
X, Xt = training_images.reshape(-1, 784), test_images.reshape(-1, 28 * 28)
wider = tf.keras.Sequential()
wider.add(tf.keras.layers.Dense(1024, activation="sigmoid", input_dim=784))
wider.add(tf.keras.layers.Dense(10, activation="softmax"))
wider.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
wider.fit(X, training_labels, epochs=10, batch_size=64, verbose=2)
"""
OLD_CODE = """
from tensorflow.keras.utils import to_categorical
train_y, test_y = to_categorical(training_labels, 10), to_categorical(test_labels, 10)
model = tf.keras.models.Sequential()
model.add(tf.keras.layers.Flatten(input_shape=(28, 28)))
model.add(tf.keras.layers.Dense(128, activation=tf.nn.sigmoid))
model.add(tf.keras.layers.Dense(10, activation=tf.nn.softmax))
model.compile(optimizer=tf.keras.optimizers.Adam(lr=0.001), loss="categorical_crossentropy", metrics=["acc"])
model.fit(training_images, train_y, batch_size=64, epochs=5)
"""
STOPS_OTHERWISE = CALLBACK.replace("<=", ">")
STOPPED = "stopped.fit({data}, epochs=12, verbose=0, callbacks=[StopAtLoss()])"
CLASSES: Mapping[str, Mapping[str, str | None]] = {
    "all_in_one_loop": {
        "1": LOOP,
        "2": "nets['base'].evaluate(test_images, test_labels, verbose=2)",
        "3": "classifications = nets['base'].predict(test_images, verbose=0)\nprint(classifications[0])",
        "4.1": "nets['wide'].summary()",
        "4.2": None,
        "5": "print(nets['wide'].predict(test_images, verbose=0)[0].argmax())",
        "7": network(outputs=12, name="more") + fit("more", 1),
        "8.1": "nets['e15'].evaluate(test_images, test_labels, verbose=2)",
        "8.2": "nets['e30'].evaluate(test_images, test_labels, verbose=2)",
        "9": STOPS_OTHERWISE
        + network(name="stopped")
        + STOPPED.format(data="training_images, training_labels, batch_size=64"),
    },
    "subclassed": {
        "1": SUBCLASSED,
        "2": "print(own.evaluate(test_ds, verbose=0, return_dict=True))",
        "3": "classifications = own.predict(test_ds, verbose=0)\nprint(classifications[0])",
        "4.1": FUNCTIONAL,
        "4.2": FLATTENED_BEFORE,
        "5": "print(wide.predict(test_images[:1]).argmax(), wider.predict(Xt[:1]).argmax())",
        "6": "compiled(flatten=False).fit(train_ds, epochs=1, verbose=2)",
        "7": "compiled(outputs=5).fit(train_ds, epochs=1, verbose=2)",
        "8.1": "own.fit(train_ds, validation_data=test_ds, epochs=15, verbose=2)",
        "8.2": None,
        "9": CALLBACK + "stopped = compiled()\n" + STOPPED.format(data="train_ds"),
    },
    "old_code": {
        "1": OLD_CODE,
        "2": "model.evaluate(test_images, test_y)",
        "3": "print(model.predict_classes(test_images)[0])\nclassifications = model.predict(test_images)",
        "4.1": None,
        "4.2": None,
        "5": None,
        "6": network(name="no_error") + fit("no_error", 1),
        "7": None,
        "8.1": None,
        "8.2": None,
        "9": None,
    },
}
"""By name of a notebook: which answers it has in another form than `student.CORRECT`."""
LOST = {
    "all_in_one_loop": {"4.2/network_trained", "9/callback_stops", "9/callback_waits"},
    "subclassed": {"8.2/network_trained"},
    "old_code": {
        "1/epochs", "1/epoch_log", "4.1/network_trained", "4.2/network_trained", "5.1/predicted_class",
        "6/expected_error", "8.1/network_trained", "8.2/network_trained", "9/callback_class", "9/callback_used",
        "9/callback_stops", "9/callback_waits",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def few_images(data_slice: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plainest images of each class in the slice: kernels train on them some hundred and fifty epochs.

    They are few, and still every network that has learned anything knows its classes, whatever it began with.
    """
    folder = tmp_path_factory.mktemp("few")
    real, some = load_data(DEFAULT_FOLDER), load_data(data_slice)
    parts = {"train": (some.train_images, some.train_labels), "t10k": (some.test_images, some.test_labels)}
    for part, (images, labels) in parts.items():
        chosen = plainest_of_each(plainness(real, images, labels), labels, OF_EACH_CLASS[part])
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images[chosen])
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", labels[chosen])
    return folder


def plainest_of_each(plain: Array, labels: Array, count: int) -> Array:
    """Rows of the plainest images of each class; the classes take turns, and an ankle boot comes first."""
    best = [np.argsort(np.where(labels == label, -plain, np.inf))[:count] for label in reversed(range(10))]
    return np.stack(best, axis=1).ravel()


Graded = Callable[[str], Path]


@pytest.fixture(scope="module")
def graded(few_images: Path, slice_rubric_file: Path, pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """Where a way has left its results; who asks first has it done."""
    folder = tmp_path_factory.mktemp("ways")
    (folder / "class").mkdir()
    for name, answers in CLASSES.items():
        made = notebook(answers)
        nbformat.write(with_saved_error(made, "6") if name != "old_code" else made, folder / "class" / f"{name}.ipynb")
    words = ["grade", str(folder / "class"), "--rubric", str(slice_rubric_file), "--data", str(few_images)]
    options = {REPLAYED: ["--store", str(folder / "store"), "--audit", "0.05"], KERNEL: ["--no-replay"]}

    @cache
    def graded_in(way: str) -> Path:
        shown = io.StringIO()
        with pool.lent(), redirect_stdout(shown):
            assert main([*words, "--out", str(folder / way), "--workers", "1", *options[way]]) == 0
        (folder / way / SHOWN).write_text(shown.getvalue())
        return folder / way

    return graded_in


def result(out: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / name / "result.json").read_text(encoding="utf-8"))
    return found


def lost(out: Path, name: str) -> set[str]:
    """What has not all of its points."""
    return {
        f"{question['id']}/{finding['check']}"
        for question in result(out, name)["questions"]
        for finding in question["findings"]
        if finding["points"] < finding["max_points"]
    }


def trained(out: Path) -> list[dict[str, Any]]:
    """What the report says of all trainings that went on for an epoch."""
    found = [training for name in CLASSES for training in result(out, name)["trainings"]]
    return [training for training in found if training["epochs"]]


def test_the_report_says_how_each_training_was_done(graded: Graded) -> None:
    assert {training["source"] for training in trained(graded(REPLAYED))} == {"trained", "replayed"}
    assert {training["source"] for training in trained(graded(KERNEL))} == {"kernel"}


def test_where_nobody_was_asked_nobody_has_declined_to_train(graded: Graded) -> None:
    reasons = [training["why_in_kernel"] for training in trained(graded(KERNEL))]
    assert reasons
    assert not [reason for reason in reasons if "no entrena una de sus partes" in reason]


@pytest.mark.parametrize("name", CLASSES)
def test_marks_are_the_same_in_another_way(name: str, graded: Graded) -> None:
    replayed, other = (
        {
            (question["id"], finding["check"]): (finding["status"], finding["points"])  # the basis is another one
            for question in result(graded(way), name)["questions"]
            for finding in question["findings"]
        }
        for way in WAYS
    )
    assert replayed == other


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_right_has_its_points(name: str, graded: Graded) -> None:
    assert lost(graded(REPLAYED), name) == LOST[name]


def test_an_audit_finds_nothing_that_differs(graded: Graded) -> None:
    shown = (graded(REPLAYED) / SHOWN).read_text()
    assert "Corregidos otra vez sin reproducción: 1; criterios que difieren: 0." in shown
    with (graded(REPLAYED) / "grades.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(CLASSES)
