"""What was probably meant where a cell raised, by the names that the notebook defines."""

from __future__ import annotations

import pytest

from grader.records import Cell, Raised
from grader.reports.translation import Translator
from grader.submission.slips import defined, slip

ENGLISH = Translator("en")
LOAD = "import numpy as np\n(training_images, training_labels), test = load()\ntraining_images = training_images / 255"


def told(raised: Raised, *sources: str, cell: int | None = None, failed: tuple[int, ...] = ()) -> str:
    cells = [Cell(index, "code", source) for index, source in enumerate(sources)]
    found = slip(len(cells) - 1 if cell is None else cell, raised, cells, failed)
    return "" if found is None else ENGLISH.text(found)


def name_error(name: str) -> Raised:
    return Raised("NameError", f"name '{name}' is not defined")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        pytest.param("trainig_images", "“trainig_images” is not defined; “training_images” is, in cell 1.", id="letter-left-out"),
        pytest.param("Training_Images", "“training_images” is, in cell 1", id="capitals"),
        pytest.param("trianing_labels", "“training_labels” is, in cell 1", id="letters-swapped"),
        pytest.param("pritn", "Python has “print”", id="a-builtin"),
        pytest.param("plt", "No cell imports it; usual is “import matplotlib.pyplot as plt”", id="never-imported"),
        pytest.param("red_neuronal", "", id="nothing-like-it"),
    ],
)  # fmt: skip
def test_a_name_that_nothing_defines(name: str, wanted: str) -> None:
    found = told(name_error(name), LOAD, f"{name}.shape")
    assert wanted in found if wanted else found == ""


def test_a_name_that_is_defined_further_down() -> None:
    assert told(name_error("red"), "red.fit(x)", "red = 1", cell=0) == "“red” is defined only further down, in cell 2."


def test_a_name_that_a_failed_cell_would_have_defined() -> None:
    found = told(name_error("red"), "red = Secuential()", "red.fit(x)", failed=(0,))
    assert found == "“red” would have been defined by cell 1, which failed."


@pytest.mark.parametrize(
    ("raised", "meant"),
    [
        pytest.param(Raised("AttributeError", "module 'keras.layers' has no attribute 'Dens'"), "Dense", id="attribute"),
        pytest.param(Raised("AttributeError", "'Sequential' object has no attribute 'comple'"), "compile", id="method"),
        pytest.param(Raised("ImportError", "cannot import name 'Sequental' from 'keras'"), "Sequential", id="import"),
        pytest.param(Raised("ModuleNotFoundError", "No module named 'tensorflw'"), "tensorflow", id="module"),
        pytest.param(Raised("ModuleNotFoundError", "No module named 'keras.layer'"), "layers", id="module-in-a-module"),
        pytest.param(Raised("KeyError", "'acc'"), "accuracy", id="old-key"),
        pytest.param(Raised("KeyError", "'val_los'"), "val_loss", id="key"),
        pytest.param(Raised("TypeError", "fit() got an unexpected keyword argument 'batchsize'"), "batch_size", id="argument"),
        pytest.param(Raised("ValueError", "Could not interpret activation function identifier: sigmoide"), "sigmoid", id="activation"),
        pytest.param(Raised("ValueError", "Could not interpret optimizer identifier: adan"), "Adam", id="optimizer"),
        pytest.param(Raised("ValueError", "Unrecognized keyword arguments passed to Dense: {'activacion': 'relu'}"), "activation", id="keras-argument"),
    ],
)  # fmt: skip
def test_a_word_that_keras_does_not_know(raised: Raised, meant: str) -> None:
    assert f"perhaps “{meant}” is meant" in told(raised, "red.fit(x)")


@pytest.mark.parametrize(
    "raised",
    [
        pytest.param(Raised("ValueError", "Shapes (32, 5) and (32, 1) are incompatible"), id="shapes"),
        pytest.param(Raised("KeyError", "0"), id="a-number"),
        pytest.param(Raised("ZeroDivisionError", "division by zero"), id="no-word-in-it"),
        pytest.param(Raised("NameError", ""), id="no-message"),
        pytest.param(Raised("AttributeError", "'NoneType' object has no attribute 'zzzz'"), id="nothing-like-it"),
    ],
)
def test_nothing_is_guessed(raised: Raised) -> None:
    assert told(raised, LOAD) == ""


def test_a_key_that_the_notebook_uses_elsewhere() -> None:
    cells = ("tabla['perdidas'] = 1\nprint(tabla['perdidas'])", "tabla['perdida']")
    assert "perhaps “perdidas” is meant" in told(Raised("KeyError", "'perdida'"), *cells)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        pytest.param("a, (b, *c) = 1, (2, 3)", {"a", "b", "c"}, id="unpacking"),
        pytest.param("import os.path\nfrom x import y as z", {"os", "z"}, id="imports"),
        pytest.param("def f(p):\n    q = 1\nclass K:\n    r = 2", {"f", "K"}, id="functions-keep-theirs"),
        pytest.param("for i in range(3):\n    if i:\n        last = i", {"i", "last"}, id="loops-and-branches"),
        pytest.param("with open(f) as file:\n    pass", {"file"}, id="with"),
        pytest.param("total = [k for k in range(3)]", {"total"}, id="comprehension"),
        pytest.param("def (", set(), id="does-not-parse"),
    ],
)
def test_names_that_a_cell_defines(source: str, names: set[str]) -> None:
    assert defined(source) == names
