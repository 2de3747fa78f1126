"""What a student of the made class decides: how to write, and what to train. See `student_class`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

PROSE = Path(__file__).parents[1] / "rubrics" / "answers" / "fashion_mnist"
MAX_ANSWER = 400
"""Characters of a prose answer."""


@dataclass(frozen=True)
class Recipe:
    """What is trained. The defaults are what the assignment asks for."""

    extra_layers: tuple[int, ...] = ()
    """Widths of hidden layers after the first."""
    activation: str = "sigmoid"
    dropout: float = 0.0
    optimizer: str = "Adam"
    learning_rate: float | None = None
    batch_size: int = 64
    more_epochs: tuple[int, int] = (15, 30)
    validation_split: float = 0.0
    callback_units: tuple[int, ...] = (512,)
    callback_activation: str = "relu"
    callback_batch: int = 32
    experiment: str = ""
    """A network of the student's own at the end."""


EXPERIMENTS = {
    "two layers, early stopping": (
        (256, 128),
        0.0,
        20,
        "tf.keras.callbacks.EarlyStopping(monitor='val_loss', patience=2, restore_best_weights=True)",
    ),
    "dropout, smaller steps": ((512,), 0.3, 12, "tf.keras.callbacks.ReduceLROnPlateau(monitor='val_loss', patience=1)"),
    "three layers": ((512, 256, 64), 0.2, 10, ""),
    "narrow": ((32,), 0.0, 10, "tf.keras.callbacks.EarlyStopping(monitor='loss', patience=3)"),
}
"""Widths, dropout, epochs and callback."""

DEVIATIONS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "learning rate": [{"learning_rate": rate} for rate in (0.0005, 0.002, 0.005, 0.01)],
    "batch size": [{"batch_size": size} for size in (32, 100, 128, 256)],
    "extra layer": [{"extra_layers": widths} for widths in ((32,), (64,), (128,))],
    "dropout": [{"dropout": rate} for rate in (0.1, 0.2, 0.3, 0.5)],
    "activation": [{"activation": name} for name in ("relu", "tanh")],
    "optimizer": [{"optimizer": name} for name in ("RMSprop", "SGD", "Nadam")],
    "epochs": [{"more_epochs": epochs} for epochs in ((12, 24), (15, 25), (20, 40))],
    "validation split": [{"validation_split": share} for share in (0.1, 0.2)],
    "callback's network": [
        {"callback_units": units, "callback_activation": activation, "callback_batch": batch}
        for units, activation, batch in (
            ((256,), "relu", 64),
            ((128,), "sigmoid", 64),
            ((256, 128), "relu", 32),
            ((1024,), "relu", 128),
        )
    ],
    "experiment": [{"experiment": name} for name in EXPERIMENTS],
}
"""What students change of the assignment's recipe, by wish or by oversight."""


@dataclass(frozen=True)
class Habits:
    """How a student writes. Nothing in here changes what is asked for."""

    model: str
    x_train: str
    y_train: str
    x_test: str
    y_test: str
    history: str
    layers: str
    """What stands before ``Dense``: ``tf.keras.layers.``, say."""
    sequential: str
    definition: str
    """``list``, ``add`` or ``functional``."""
    structure: str
    """``cell``, ``split`` (definition, compile and fit apart) or ``function``."""
    first: str
    """How images become vectors: ``flatten_shape``, ``input``, ``flatten`` or ``reshape``."""
    own_activations: bool
    """Activations as layers of their own."""
    one_hot: bool
    verbose: int | None
    adam: str
    many: str
    """512 and 1024 units, 15 and 30 epochs: ``apart``, ``loop``, or ``refit`` (further epochs on the trained model)."""
    tries: bool
    """Errors are caught and printed."""
    validation: bool
    prose_in_code: bool
    headings: str
    markers: bool
    """The assignment's markers are left standing."""
    colab: bool
    ready_cell: bool
    """The assignment's last cell, which trains with its example callback, is left standing."""
    extras: tuple[str, ...]
    heredity: str
    """The base class of the callback, as it is written."""


MODELS = ("model", "modelo", "red", "mi_modelo", "net", "nn", "red_neuronal", "modelo_1", "m", "clasificador")
DATA = (
    ("training_images", "training_labels", "test_images", "test_labels"),
    ("training_images", "training_labels", "test_images", "test_labels"),
    ("x_train", "y_train", "x_test", "y_test"),
    ("X_train", "Y_train", "X_test", "Y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("imagenes_train", "etiquetas_train", "imagenes_test", "etiquetas_test"),
)
EXTRAS = ("history", "images", "bars", "confusion", "table", "counts", "weights", "best", "wrong", "pixels")


def draw_habits(rng: random.Random) -> Habits:
    """One student's style."""
    x_train, y_train, x_test, y_test = rng.choice(DATA)
    layers, sequential = rng.choice(
        [
            ("tf.keras.layers.", "tf.keras.models.Sequential"),
            ("tf.keras.layers.", "tf.keras.Sequential"),
            ("keras.layers.", "keras.Sequential"),
            ("layers.", "models.Sequential"),
            ("", "Sequential"),
        ]
    )
    definition = rng.choice(["list", "list", "list", "add", "add", "functional"])
    return Habits(
        model=rng.choice(MODELS),
        x_train=x_train,
        y_train=y_train,
        x_test=x_test,
        y_test=y_test,
        history=rng.choice(["history", "hist", "historia", "h"]),
        layers=layers,
        sequential=sequential,
        definition=definition,
        structure=rng.choice(["cell", "cell", "split", "function"]),
        first="input"
        if definition == "functional"
        else rng.choice(["flatten_shape"] * 3 + ["input", "flatten", "reshape"]),
        own_activations=rng.random() < 0.2,
        one_hot=rng.random() < 0.4,
        verbose=rng.choice([None, None, 1, 2, 2]),
        adam=rng.choice(["'adam'", '"adam"', "tf.keras.optimizers.Adam()", "tf.optimizers.Adam(learning_rate=0.001)"]),
        many=rng.choice(["apart", "apart", "loop", "refit"]),
        tries=rng.random() < 0.5,
        validation=rng.random() < 0.3,
        prose_in_code=rng.random() < 0.15,
        headings=rng.choice(["given", "given", "plain", "upper", "short"]),
        markers=rng.random() < 0.7,
        colab=rng.random() < 0.35,
        ready_cell=rng.random() < 0.3,
        extras=tuple(rng.sample(EXTRAS, rng.randint(3, 6))),
        heredity=rng.choice(["tf.keras.callbacks.Callback", "tf.keras.callbacks.Callback", "keras.callbacks.Callback"]),
    )


def draw_recipe(rng: random.Random) -> tuple[Recipe, tuple[str, ...]]:
    """A recipe that differs in one or two things, and their names."""
    names = tuple(rng.sample(sorted(DEVIATIONS), rng.choice([1, 1, 2])))
    recipe = Recipe()
    for name in names:
        recipe = replace(recipe, **rng.choice(DEVIATIONS[name]))
    return recipe, names


@cache
def right_answers(question: str) -> tuple[str, ...]:
    """Answers that people have marked as fully right."""
    document = YAML(typ="safe").load((PROSE / f"{question}.yaml").read_text(encoding="utf-8"))
    return tuple(
        entry["answer"]
        for entry in document["answers"]
        if all(mark == 1 for mark in entry["marks"].values()) and len(entry["answer"]) <= MAX_ANSWER
    )
