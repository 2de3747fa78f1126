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


@pytest.mark.parametrize(
    ("name", "defines"),
    [
        pytest.param("y_test", "x_test = 1", id="x-for-y"),
        pytest.param("yTrain", "xTrain = 1", id="x-for-y-in-capitals"),
        pytest.param("ytrain", "xtrain = 1", id="x-for-y-in-one-word"),
        pytest.param("train_x", "test_x = 1", id="test-for-train"),
        pytest.param("training_labels", "training_images = 1", id="images-for-labels"),
        pytest.param("val_loss_list", "val_acc_list = 1", id="accuracy-for-loss"),
        pytest.param("red3", "red4 = 1", id="another-number"),
        pytest.param("red_512", "red_5 = 1", id="part-of-a-number"),
        pytest.param("modelo", "modelo2 = 1", id="one-with-a-number"),
        pytest.param("modelo_a", "modelo_b = 1", id="another-letter"),
        pytest.param("red", "red_sin_flatten = 1", id="the-beginning-of-a-name"),
        pytest.param("tanh", "tanh_out = 1", id="a-word-of-Keras-without-quotes"),
        pytest.param("model", "from keras import Model", id="a-class-for-its-object"),
        pytest.param("capas", "capaz = 1\ncapaf = 1", id="two-alike"),
        pytest.param("input_shape", "pass", id="nothing-of-Python"),
    ],
)
def test_another_thing_is_not_offered_for_a_name(name: str, defines: str) -> None:
    assert told(name_error(name), defines, f"{name}.shape") == ""


def test_a_class_of_keras_that_no_cell_imports() -> None:
    found = told(name_error("Dropout"), "import keras", "Dropout(0.5)")
    assert found == "No cell imports it; usual is “from tensorflow.keras.layers import Dropout”."


def test_a_name_like_it_that_is_defined_further_down() -> None:
    found = told(name_error("entrenamineto"), "entrenamineto", "entrenamiento = 1", cell=0)
    assert found == "“entrenamineto” is not defined; “entrenamiento” is, but only further down, in cell 2."


def test_a_name_like_it_above_comes_before_one_below() -> None:
    found = told(name_error("perdids"), "perdida = 1", "perdids", "perdidas = 1", cell=1)
    assert found == "“perdids” is not defined; “perdida” is, in cell 1."


@pytest.mark.parametrize(
    ("raised", "home"),
    [
        pytest.param(Raised("ImportError", "cannot import name 'Nadam' from 'keras' (/x/keras/__init__.py)"), "keras.optimizers", id="imported"),
        pytest.param(Raised("ImportError", "cannot import name 'Dense' from 'tensorflow.keras.models' (/x.py)"), "keras.layers", id="from-its-neighbour"),
        pytest.param(Raised("AttributeError", "module 'tensorflow' has no attribute 'EarlyStopping'"), "keras.callbacks", id="attribute"),
        pytest.param(Raised("AttributeError", "module 'keras._tf_keras.keras.layers' has no attribute 'tanh'"), "keras.activations", id="function"),
        pytest.param(Raised("ModuleNotFoundError", "No module named 'keras.to_categorical'"), "keras.utils", id="as-a-module"),
    ],
)  # fmt: skip
def test_a_word_of_keras_in_the_wrong_place_is_told_where_it_lives(raised: Raised, home: str) -> None:
    assert told(raised, "x = 1").endswith(f"is in “{home}”.")


@pytest.mark.parametrize(
    "raised",
    [
        pytest.param(Raised("AttributeError", "'list' object has no attribute 'reshape'"), id="a-list"),
        pytest.param(Raised("AttributeError", "'NoneType' object has no attribute 'fitt'"), id="None"),
        pytest.param(Raised("AttributeError", "'dict' object has no attribute 'histori'"), id="a-dictionary"),
        pytest.param(Raised("AttributeError", "'tuple' object has no attribute 'shapes'"), id="a-tuple"),
        pytest.param(Raised("AttributeError", "'function' object has no attribute 'comple'"), id="a-function"),
        pytest.param(Raised("AttributeError", "'EagerTensor' object has no attribute 'astype'"), id="what-others-have"),
        pytest.param(Raised("AttributeError", "module 'math' has no attribute 'relu'"), id="another-module"),
        pytest.param(Raised("ModuleNotFoundError", "No module named 'shap'"), id="a-package"),
        pytest.param(Raised("ModuleNotFoundError", "No module named 'utils.layer'"), id="a-module-of-ones-own"),
        pytest.param(Raised("ModuleNotFoundError", "No module named 'metric'"), id="a-file-of-ones-own"),
        pytest.param(Raised("ValueError", "y_true and y_pred must have the same shape for the loss: binary"), id="a-sentence"),
        pytest.param(Raised("ValueError", "Could not interpret loss identifier: softmax"), id="known-elsewhere"),
        pytest.param(Raised("ValueError", "Could not interpret loss identifier: categorical"), id="half-a-word"),
        pytest.param(Raised("TypeError", "Model.fit() got an unexpected keyword argument 'metrics'"), id="an-argument-of-another"),
        pytest.param(Raised("TypeError", "crear() got an unexpected keyword argument 'unit'"), id="a-function-of-ones-own"),
        pytest.param(Raised("KeyError", "'val_accuracy'"), id="a-key-that-was-not-logged"),
    ],
)  # fmt: skip
def test_what_is_no_slip_of_the_finger_gets_no_hint(raised: Raised) -> None:
    assert told(raised, "def crear(units): ...", "h.loss\nh.loss\nh.reshape\nh.reshape", "run()") == ""


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
