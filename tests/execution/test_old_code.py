"""Old code with the meaning that it had, in a real kernel, and where it has none."""

from __future__ import annotations

import pytest
from conftest import Grade
from student import cells, error_output

from grader.execution.old_code import IN_ERRORS, KNOWN, refused_in
from grader.records import CellStatus, Output

SETUP = """
import numpy as np, keras, tensorflow as tf
x, y = np.random.default_rng(0).random((64, 3), dtype='float32'), np.arange(64) % 2
def net(optimizer='sgd', units=2):
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.layers.Dense(units, activation='softmax')])
    made.compile(optimizer, 'sparse_categorical_crossentropy', metrics=['accuracy'])
    return made
def trained(optimizer):
    made = net(optimizer)
    made.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    return made.get_weights()[0]
"""

MEANINGS = {
    "a-learning-rate": "assert float(keras.optimizers.Adam(lr=0.02).learning_rate) == np.float32(0.02)",
    "it-counts-before-the-new-name": "assert float(tf.keras.optimizers.SGD(0.5, lr=0.02).learning_rate) == np.float32(0.02)",
    "decay": """
class Inverse(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.5 / (1 + 0.1 * keras.ops.cast(step, 'float32'))
np.testing.assert_allclose(trained(keras.optimizers.SGD(lr=0.5, decay=0.1)), trained(keras.optimizers.SGD(Inverse())), rtol=1e-5)
assert not np.allclose(trained(keras.optimizers.SGD(0.5)), trained(keras.optimizers.SGD(0.5, decay=0.1)))
assert np.allclose(trained(keras.optimizers.SGD(0.5)), trained(keras.optimizers.SGD(0.5, decay=0)))
""",
    "legacy-optimizers": """
from tensorflow.keras.optimizers.legacy import Adam
assert Adam is keras.optimizers.Adam and keras.optimizers.legacy.Nadam is keras.optimizers.Nadam
""",
    "classes": """
model = net()
found = model.predict(x)
assert (model.predict_classes(x) == found.argmax(axis=1)).all() and np.allclose(model.predict_proba(x), found)
one = keras.Sequential([keras.layers.Dense(1, activation='sigmoid')])
one.build((None, 3))
assert one.predict_classes(x).shape == (64, 1) and set(one.predict_classes(x).ravel()) <= {0, 1}
""",
    "generators": """
def batches():
    while True:
        yield x, y
model = net()
history = model.fit_generator(batches(), 2, epochs=3, verbose=0, workers=2, use_multiprocessing=True)
assert len(history.history['loss']) == 3
assert model.predict_generator(batches(), steps=1).shape == (64, 2)
assert len(model.evaluate_generator(batches(), steps=1)) == 2
""",
    "labels-by-their-old-homes": """
from keras.utils import np_utils
from keras.utils.np_utils import to_categorical as second
from tensorflow.python.keras.utils.np_utils import to_categorical as third
from tensorflow.python.keras.utils import to_categorical as fourth
for function in (np_utils.to_categorical, keras.utils.np_utils.to_categorical, second, third, fourth):
    assert (function(y, 2) == keras.utils.to_categorical(y, 2)).all()
""",
    "tensorflow-1-names": """
from tensorflow.compat.v1.keras.models import Sequential
from tensorflow.compat.v1.keras import layers
import tensorflow.compat.v1.keras.backend as K
assert Sequential is keras.Sequential and layers.Dense is keras.layers.Dense
""",
}


@pytest.fixture(scope="module")
def meanings(grade: Grade) -> dict[str, str]:
    """How each of the cells of `MEANINGS` ended: its error, or nothing."""
    evidence = grade(cells(SETUP, *MEANINGS.values())).evidence
    return {
        name: "" if (raised := evidence.runs[index].raised) is None else f"{raised.name}: {raised.message}"
        for index, name in enumerate(MEANINGS, start=1)
    }


@pytest.mark.parametrize("name", MEANINGS)
def test_old_code_means_what_it_meant(name: str, meanings: dict[str, str]) -> None:
    assert meanings[name] == ""


def test_what_keras_refused_for_the_student_is_refused_here(grade: Grade) -> None:
    """A notebook whose saved output shows the very error: the same call, with and without it."""
    old = (
        "optimizer = keras.optimizers.Adam(lr=0.1)\nafter = 1",
        "model.predict_classes(x)",
        "from keras.utils import np_utils",
    )
    errors = (
        ("ValueError", "Argument(s) not recognized: {'lr': 0.1}"),
        ("AttributeError", "'Sequential' object has no attribute 'predict_classes'"),
        ("ImportError", "cannot import name 'np_utils' from 'keras.utils'"),
    )
    notebook = cells(f"{SETUP}\nmodel = net()\nmodel.build((None, 3))", *old, "print('after' in globals())", *old)
    for cell, error in zip(notebook.cells[1:4], errors, strict=True):
        cell.outputs = [error_output(*error)]
    evidence = grade(notebook).evidence
    assert [evidence.runs[index].status for index in (1, 2, 3)] == [CellStatus.ERROR] * 3
    assert evidence.runs[4].text == "False\n"
    assert [evidence.runs[index].status for index in (5, 6, 7)] == [CellStatus.OK] * 3
    assert [remark.values["name"] for remark in evidence.remarks] == ["lr", "predict_classes", "np_utils"]


def test_what_only_shows_a_training_is_left_out_of_it(grade: Grade) -> None:
    evidence = grade(
        cells(
            "import os\nos.environ['TF_USE_LEGACY_KERAS'] = '1'",
            f"{SETUP}\nfrom livelossplot import PlotLossesKeras\nfrom livelossplot.outputs import MatplotlibPlot",
            "history = net().fit(x, y, verbose=0, callbacks=[PlotLossesKeras(outputs=[MatplotlibPlot()])])",
            "class Own(PlotLossesKeras):\n    pass\nshown = PlotLossesKeras()\nshown.update({}, 1)\nshown.send()",
            "class Reader(keras.callbacks.Callback):\n    def on_epoch_end(self, epoch, logs):\n        logs['acc']\n"
            "net().fit(x, y, verbose=0, callbacks=[Reader()])",
            "import not_livelossplot",
        )
    ).evidence
    assert [evidence.runs[index].status for index in (1, 2)] == [CellStatus.OK] * 2
    (training,) = [training for training in evidence.trainings if training.cell == 2]
    assert (training.epochs, training.callbacks) == (1, ())
    assert "PlotLossesKeras" not in {callback.name for callback in evidence.callbacks}
    raised = evidence.runs[4].raised
    assert raised is not None
    assert raised.name == "KeyError", "logs get no second name"
    assert evidence.runs[5].status is CellStatus.ERROR
    assert {remark.values["name"] for remark in evidence.remarks} == {"TF_USE_LEGACY_KERAS", "livelossplot"}


@pytest.mark.parametrize(
    ("output", "found"),
    [
        pytest.param(
            Output("error", "", "TypeError", "__init__() got an unexpected keyword argument 'lr'"), {"lr"}, id="lr"
        ),
        pytest.param(
            Output("error", "...\nValueError: decay is deprecated in the new Keras optimizer"),
            {"decay"},
            id="no-message",
        ),
        pytest.param(
            Output("error", "Adam(lr=0.1)\nNameError: name 'x'", "NameError", "name 'x'"), set(), id="another-error"
        ),
        pytest.param(Output("stream", "'lr' is deprecated", "stderr"), set(), id="a-warning"),
        pytest.param(
            Output("error", "", "ModuleNotFoundError", "No module named 'livelossplot'"), {"livelossplot"}, id="package"
        ),
    ],
)
def test_an_error_names_what_was_refused(output: Output, found: set[str]) -> None:
    assert refused_in([output]) == found
    assert set(IN_ERRORS) < KNOWN
