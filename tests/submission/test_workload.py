"""What a notebook will train, read from its code."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

import pytest

from grader.records import Cell
from grader.submission import foresee
from grader.submission.workload import KERNEL_SECONDS, STOPPED_AFTER, Foreseen, Workload, workload

SAMPLES = Path(__file__).parents[2] / "submissions"
BASE = Foreseen(("128", "sigmoid", "10", "softmax"), 64)


def foreseen(*sources: str, kind: Literal["code", "markdown"] = "code") -> Workload:
    return workload([Cell(index, kind, source) for index, source in enumerate(sources)])


WAYS = {
    "a list of layers": """
m = Sequential([Flatten(), Dense(128, activation='sigmoid'), Dense(10, activation=tf.nn.softmax)])
m.compile('adam', 'mse')
h = m.fit(x, y, epochs=10, batch_size=64)""",
    "layer by layer": """
m = Sequential()
m.add(layers.Flatten(input_shape=(28, 28)))
m.add(layers.Dense(units=128, activation=tf.keras.activations.sigmoid))
m.add(layers.Dense(10, 'softmax'))
m.fit(x, y, 64, 10)""",
    "the functional interface": """
inputs = Input((28, 28))
z = Dense(128)(Flatten()(inputs))
z = Activation('sigmoid')(z)
m = Model(inputs, Dense(10, activation='softmax')(z))
m.fit(x, y, batch_size=64, epochs=10)""",
    "a function with defaults": """
def net(units=128, outputs=10):
    m = Sequential([Dense(units, activation='sigmoid'), Dense(outputs, activation='softmax')])
    m.compile('adam')
    return m
net().fit(x, y, epochs=10, batch_size=64)""",
    "a function that trains": """
def train(units, epochs, **more):
    m = Sequential([Dense(units, activation='sigmoid'), Dense(10, activation='softmax')])
    return m.fit(x, y, batch_size=64, epochs=epochs, **more)
train(128, 10, verbose=2)""",
    "numbers with names": """
UNITS, EPOCHS = 128, 10
m = Sequential([Dense(UNITS, activation='sigmoid'), Dense(10, activation='softmax')])
m.fit(x, y, epochs=EPOCHS, batch_size=64)""",
    "a loop": """
for units, epochs in [(128, 10), (128, 5)]:
    m = Sequential([Dense(units, activation='sigmoid'), Dense(10, activation='softmax')])
    m.fit(x, y, epochs=epochs, batch_size=64)""",
    "a class of models": """
class Net(keras.Model):
    def __init__(self, units=100):
        super().__init__()
        self.hidden = Dense(units, activation='sigmoid')
        self.out = Dense(10, activation='softmax')
    def call(self, x):
        return self.out(self.hidden(x))
def made(**more):
    return Net(**more)
made(units=128).fit(x, y, epochs=10, batch_size=64)""",
    "a pipeline": """
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(60000).batch(64).prefetch(1)
m = Sequential([Dense(128, activation='sigmoid'), Dense(10, activation='softmax')])
m.fit(data, epochs=10)""",
    "a dictionary of networks": """
nets = {}
for name, (units, epochs) in {'a': (128, 10)}.items():
    nets[name] = Sequential([Dense(units, activation='sigmoid'), Dense(10, activation='softmax')])
    nets[name].fit(x, y, epochs=epochs, batch_size=64)""",
}


@pytest.mark.parametrize("source", WAYS.values(), ids=WAYS)
def test_one_training_in_many_ways(source: str) -> None:
    assert foreseen(source) == {BASE: 10}


NET = "m = Sequential([Dense(128, activation='sigmoid'), Dense(10, activation='softmax')])\n"


def test_a_network_is_trained_in_a_later_cell() -> None:
    assert foreseen(NET, "m.fit(x, y, epochs=3, batch_size=64)") == {BASE: 3}


def test_epochs_of_one_training_are_a_prefix() -> None:
    fit = "m.fit(x, y, epochs={}, batch_size=64)"
    assert foreseen(NET, fit.format(30), NET, fit.format(10)) == {BASE: 30}


def test_a_callback_of_ones_own_is_there_to_stop() -> None:
    stop = "class Stop(keras.callbacks.Callback):\n  pass\n"
    assert foreseen(stop, NET + "m.fit(x, y, epochs=50, batch_size=64, callbacks=[Stop()])") == {BASE: STOPPED_AFTER}
    assert foreseen(stop, NET + "m.fit(x, y, epochs=50, batch_size=64)") == {BASE: 50}


def test_a_part_of_the_rows_is_other_data() -> None:
    (training,) = foreseen(NET + "m.fit(x, y, batch_size=64, validation_split=0.2)")
    assert training != BASE
    assert training.network == BASE.network


OWN_WORK = {
    "a class with a step of its own": """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = Dense(512, activation='sigmoid')
        self.out = Dense(10, activation='softmax')
    def train_step(self, data):
        return super().train_step(data)
Net().fit(x, y, epochs=10, batch_size=64)""",
    "a generator": """
data = tf.data.Dataset.from_generator(rows).batch(64)
m = Sequential([Dense(512, activation='sigmoid'), Dense(10, activation='softmax')])
m.fit(data, epochs=10)""",
}


@pytest.mark.parametrize("source", OWN_WORK.values(), ids=OWN_WORK)
def test_what_the_kernel_has_to_train_is_dear(source: str) -> None:
    ((training, epochs),) = foreseen(source).items()
    assert (training.network, training.batch_size, epochs) == (("512", "sigmoid", "10", "softmax"), 64, 10)
    assert training.in_kernel
    assert training.epoch_seconds > KERNEL_SECONDS


NOTHING = {
    "no code that parses": "m.fit(",
    "words": "fit",
    "a function nobody calls": "def f():\n    m.fit(x, y)",
    "a function that calls itself": "def f():\n    f()\nf()",
    "a class that makes itself": "class N(Model):\n    def __init__(self):\n        self.n = N()\nN()",
}


@pytest.mark.parametrize("source", NOTHING.values(), ids=NOTHING)
def test_what_trains_nothing(source: str) -> None:
    assert foreseen(source) == {}


def test_code_that_never_ends_is_not_followed_to_its_end() -> None:
    turns = f"for _ in {list(range(20))}:\n"
    source = "".join(" " * depth + turns for depth in range(12)) + " " * 12 + "m.fit(x, y, epochs=2)"
    began = time.process_time()
    assert set(foreseen(source).values()) == {2}
    assert time.process_time() - began < 5


TRAINED = "m = Sequential([Dense({units}, {activation})])\nm.fit(x, y, epochs={epochs}, batch_size={rows})"
PLAIN: dict[str, str] = {"units": "16", "activation": "'relu'", "epochs": "3", "rows": "64"}
HUGE = {"decimal": "9" * 4_000, "hexadecimal": "0x" + "f" * 5_000, "a word": "'9'", "bytes": "b'a'", "a float": "1e400"}


@pytest.mark.parametrize("value", HUGE.values(), ids=HUGE)
@pytest.mark.parametrize("place", PLAIN)
def test_what_is_no_number_of_anything_costs_nobody_the_order(place: str, value: str) -> None:
    work = foreseen(TRAINED.format(**{**PLAIN, place: value}))
    assert all(0 < training.epoch_seconds * epochs < 1e6 for training, epochs in work.items())
    assert len(repr(work)) < 1_000
    assert work


def test_a_network_that_doubles_with_each_line_does_not_fill_the_memory() -> None:
    doubled, grown = "m = Sequential([m, m])\n" * 60, "m.add(m)\n" * 60
    (training,) = foreseen(f"m = Sequential([Dense(16)])\n{doubled}{grown}m.fit(x, y)")
    assert len(training.network) <= 200


def test_what_is_no_notebook_foresees_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("no notebook")
    assert foresee(tmp_path / "a.ipynb") == {}
    assert foresee(tmp_path / "absent.ipynb") == {}


def test_the_samples_foresee_what_they_are_known_to_train() -> None:
    foreseen_by = {path.stem: foresee(path) for path in SAMPLES.glob("*.ipynb")}
    assert not any(training.in_kernel for work in foreseen_by.values() for training in work)
    assert sum(BASE in work for work in foreseen_by.values()) >= 16
