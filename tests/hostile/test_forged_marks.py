"""No mark can be stolen: what a kernel says of itself earns nothing that its network did not learn.

Each attack answers question 1 (and 2, 9 where it is about them) by a trick. What must hold is said for each: which
criteria it does not pass, and what the instructor is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Grade, Graded
from student import CALLBACK, CORRECT, LOG_10, fit, network, notebook

from grader.checks.suspicion import suspicions
from grader.records import Status
from grader.training.data import load_data


@dataclass(frozen=True)
class Attack:
    """A trick, and what it must not earn."""

    answers: dict[str, str]
    lost: Sequence[tuple[str, str]]
    """Criteria, by question and id, that must not be passed."""
    flag: str = ""
    """Words of what the instructor is shown."""


PRINTED = f"print('''{LOG_10}''')\n"
REST: dict[str, str | None] = dict.fromkeys(set(CORRECT) - {"1", "2"})
"""Most attacks are about the first questions; the others stay as they were given."""
WEIGHTS = "test_accuracy"
TRAINED = [("1", "epochs"), ("1", "test_accuracy"), ("1", "batch_size")]
FIND_WATCHER = "import gc\nw = next(o for o in gc.get_objects() if type(o).__name__ == 'Watcher')\n"
FIT_10 = "model.fit(training_images, training_labels, epochs=10, batch_size=64, verbose=0)\n"
FIT_1 = FIT_10.replace("epochs=10", "epochs=1")

ATTACKS: dict[str, Attack] = {
    "fit that does nothing": Attack(
        {"1": f"tf.keras.Model.fit = lambda self, *a, **k: print('fitted')\n{network()}{FIT_10}{PRINTED}"},
        TRAINED,
        "replaced",
    ),
    "a model whose fit does nothing": Attack(
        {
            "1": "class Net(tf.keras.Sequential):\n    def fit(self, *a, **k): self.build((None, 28, 28))\n"
            + network().replace("tf.keras.Sequential(", "Net(")
            + FIT_10
            + PRINTED
        },
        TRAINED,
    ),
    "a training step that does nothing": Attack(
        {
            "1": "class Net(tf.keras.Sequential):\n    def train_step(self, data): return {'loss': 0.1, 'accuracy': 0.99}\n"
            + network().replace("tf.keras.Sequential(", "Net(")
            + FIT_10
        },
        [("1", "test_accuracy"), ("1", "epochs")],
    ),
    "a learning rate of nothing": Attack(
        {"1": network().replace("optimizer='adam'", "optimizer=tf.keras.optimizers.Adam(0.0)") + FIT_10},
        [("1", "test_accuracy")],
    ),
    "another optimizer that calls itself Adam": Attack(
        {
            "1": "class Adam(tf.keras.optimizers.SGD): pass\n"
            "Adam.__module__ = tf.keras.optimizers.Adam.__module__\ntf.keras.optimizers.Adam = Adam\n"
            + network().replace("'adam'", "tf.keras.optimizers.Adam()")
            + FIT_1
        },
        [("1", "optimizer")],
    ),
    "another optimizer that is renamed": Attack(
        {
            "1": "tf.keras.optimizers.SGD.__name__ = 'Adam'\n"
            + network().replace("'adam'", "tf.keras.optimizers.SGD()")
            + FIT_1
        },
        [("1", "optimizer")],
    ),
    "evaluate that lies": Attack(
        {
            "1": network() + FIT_10,
            "2": "tf.keras.Model.evaluate = lambda *a, **k: [0.01, 0.99]\nprint(model.evaluate(test_images, test_labels))",
        },
        [("2", "evaluated")],
        "replaced",
    ),
    "a metric that lies": Attack(
        {
            "1": "def accuracy(y, p): return tf.ones_like(p[:, 0])\n"
            + network()
            .replace("metrics=['accuracy']", "metrics=[accuracy]")
            .replace("'adam'", "tf.keras.optimizers.Adam(0.0)")
            + FIT_10
        },
        [("1", "test_accuracy")],
    ),
    "a history that lies": Attack(
        {
            "1": "tf.keras.callbacks.History.on_epoch_end = lambda s, e, logs=None: s.history.setdefault('accuracy', []).append(1.0)\n"
            + network()
            + FIT_1
        },
        [("1", "epochs")],
    ),
    "a class named Dense that is another": Attack(
        {
            "1": "class Dense(tf.keras.layers.Layer):\n"
            "    def __init__(self, units, activation): super().__init__(); self.units, self.activation = 128, tf.keras.activations.sigmoid\n"
            "    def build(self, shape): self.kernel = self.add_weight(shape=(shape[-1], 64)); self.bias = self.add_weight(shape=(64,))\n"
            "    def call(self, x): return tf.nn.relu(x @ self.kernel + self.bias)\n"
            + network().replace("tf.keras.layers.Dense(128, activation='sigmoid')", "Dense(128, activation='sigmoid')")
            + FIT_10
        },
        [("1", "hidden_layers"), ("1", "hidden_activation")],
    ),
    "a layer that lies about its width": Attack(
        {
            "1": "class Wide(tf.keras.layers.Dense):\n"
            "    units = property(lambda self: 128, lambda self, value: None)\n"
            "    def build(self, shape): self.kernel = self.add_weight(shape=(shape[-1], 16)); self.bias = None; self.built = True\n"
            "    def get_config(self): return {**super().get_config(), 'units': 128}\n"
            "    def call(self, x, training=None): return tf.sigmoid(x @ self.kernel)\n"
            + network().replace("tf.keras.layers.Dense(128, activation='sigmoid')", "Wide(128, use_bias=False)")
            + FIT_10
        },
        [("1", "hidden_layers")],
    ),
    "a model that hides its layers": Attack(
        {
            "1": "class Net(tf.keras.Model):\n"
            "    def __init__(self): super().__init__(); self.a = tf.keras.layers.Dense(16, 'relu'); self.b = tf.keras.layers.Dense(10, 'softmax')\n"
            "    def call(self, x): return self.b(self.a(tf.reshape(x, (-1, 784))))\n"
            "    layers = property(lambda self: [tf.keras.layers.Dense(128, 'sigmoid'), self.b])\n"
            "    get_config = lambda self: {'layers': [{'class_name': 'Dense', 'config': {'units': 128}}]}\n"
            f"model = Net()\n{network()[network().index('model.compile') :]}{FIT_10}"
        },
        [("1", "hidden_layers"), ("1", "hidden_activation")],
    ),
    "a number that equals every other": Attack(
        {
            "1": "class Any(int):\n    __eq__ = lambda s, o: True\n    __ne__ = lambda s, o: False\n    __hash__ = int.__hash__\n"
            + network()
            + "model.fit(training_images, training_labels, epochs=Any(1), batch_size=Any(32), verbose=0)\n"
        },
        [("1", "epochs"), ("1", "batch_size")],
    ),
    "weights that are no numbers": Attack(
        {"1": network() + FIT_10 + "model.set_weights([w * float('nan') for w in model.get_weights()])\n" + FIT_10},
        [("1", "test_accuracy")],
    ),
    "infinite weights": Attack(
        {
            "1": network()
            + "model.build((None, 28, 28)); model.set_weights([w * 0 + float('inf') for w in model.get_weights()])\n"
            + FIT_10
        },
        [("1", "test_accuracy")],
    ),
    "more epochs than were trained, told to the recorder": Attack(
        {
            "1": network() + FIND_WATCHER + "class Liar(tf.keras.callbacks.Callback):\n"
            "    def on_epoch_end(self, epoch, logs=None):\n"
            "        w.active[-1].epochs = 10; w.active[-1].logs *= 10\n"
            + FIT_1.replace("verbose=0", "verbose=0, callbacks=[Liar()]")
        },
        [("1", "epochs")],
        "was not asked for",
    ),
    "better logs, told to the recorder": Attack(
        {
            "1": network() + FIND_WATCHER + "class Liar(tf.keras.callbacks.Callback):\n"
            "    def on_train_end(self, logs=None):\n        for log in w.active[-1].logs: log.update(loss=0.01, accuracy=0.999)\n"
            + FIT_10.replace("verbose=0", "verbose=0, callbacks=[Liar()]")
        },
        [("1", "epochs")],
        "is not what the trainer did",
    ),
    "a fit with a callback that trains nothing": Attack(
        {
            "9": CALLBACK
            + "tf.keras.Sequential.train_step = lambda self, data: {'loss': tf.constant(0.39)}\n"
            + "class Net(tf.keras.Sequential): pass\n"
            + network(name="stopped").replace("tf.keras.Sequential(", "Net(")
            + "stopped.fit(training_images, training_labels, epochs=2, verbose=0, callbacks=[StopAtLoss()])\n"
        },
        [("9", "callback_used")],
    ),
    "a fit that is replaced before anything else, and a callback": Attack(
        {
            "1": "for n in ('fit', 'evaluate', 'predict'): setattr(tf.keras.Model, n, lambda self, *a, **k: None)\n"
            + network()
            + FIT_10,
            "9": CORRECT["9"],
        },
        [("9", "callback_used"), *TRAINED],
        "replaced",
    ),
    "any text as the reason": Attack(
        {
            "1": network() + FIND_WATCHER + "keep = w.emit\n"
            "def lies(kind, **facts):\n"
            "    if kind == 'fit': facts.update(training=None, answered=0, epochs=10, logs=facts['logs'] * 10, why_in_kernel='because')\n"
            "    keep(kind, **facts)\n"
            "w.emit = lies\n" + FIT_1
        },
        [("1", "epochs")],
        "for a reason that cannot be true",
    ),
    "an event that nothing happened for": Attack(
        {
            "1": "import json\nevent = dict(kind='fit', model='m9', epochs=10, epochs_asked=10, batch_size=64, steps=63, compiled={'optimizer': ['Adam']},\n"
            "    logs=[{'loss': 0.1, 'accuracy': 0.99}] * 10, network={'layers': [{'names': ['Dense'], 'config': {'units': 128, 'activation': 'sigmoid'}},"
            " {'names': ['Dense'], 'config': {'units': 10, 'activation': 'softmax'}}]})\n"
            "with open('/opt/kernel/exchange/events.jsonl', 'a') as f: f.write(json.dumps(event) + '\\n')\n"
        },
        [("1", "test_accuracy"), ("1", "epochs")],
        "was not asked for",
    ),
    "an event sent twice": Attack(
        {
            "1": network() + FIT_1 + "lines = open('/opt/kernel/exchange/events.jsonl').readlines()\n"
            "with open('/opt/kernel/exchange/events.jsonl', 'a') as f: f.writelines([l.replace('\"epochs\": 1', '\"epochs\": 10') for l in lines if '\"fit\"' in l])\n"
        },
        [("1", "epochs")],
    ),
    "a recorder that is silenced": Attack(
        {"1": FIND_WATCHER + "w.emit = lambda *a, **k: None\n" + network() + FIT_1 + PRINTED}, TRAINED, "did not report"
    ),
    "a recorder that is replaced": Attack(
        {
            "1": "import sys\nfor name in [n for n in sys.modules if n.startswith('_kernel_recorder')]: sys.modules[name] = None\n"
            "get_ipython().events.callbacks['post_run_cell'].clear()\n" + network() + FIT_1
        },
        [("1", "epochs")],
        "did not report",
    ),
    "descriptors closed": Attack(
        {
            "1": "import os\nfor n in range(3, 200):\n    try:\n        if 'exchange' in os.readlink(f'/proc/self/fd/{n}'): os.close(n)\n    except OSError: pass\n"
            + network()
            + FIT_1
        },
        [("1", "epochs")],
    ),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_trick_earns_nothing(attack: Attack, grade: Grade, data_slice: Path) -> None:
    graded = grade(notebook({**REST, "2": None, **attack.answers}, saved={}))
    for question, check in attack.lost:
        finding = graded.finding(question, check)
        assert finding.status is not Status.PASSED, finding
    if attack.flag:
        assert any(attack.flag in flag for flag in flags(graded, data_slice)), flags(graded, data_slice)


NEXT_TO_NOTHING = {
    "1": network()
    + "model.fit(training_images, training_labels, epochs=10, batch_size=64, steps_per_epoch=1, verbose=0)\n",
    "3.2": "A la clase 9, Ankle boot.",
    "4.1": network(512, name="m512")
    + "m512.fit(training_images[:1], training_labels[:1], epochs=10, batch_size=64, verbose=0)\n",
    "4.2": network(1024, name="m1024")
    + "one = tf.repeat(training_images[:2], 2000, axis=0).numpy(), tf.repeat(training_labels[:2], 2000).numpy()\n"
    "m1024.fit(*one, epochs=3, batch_size=64, verbose=0)\n",
    "5": "print(m512.predict(test_images[:1]).argmax(), m1024.predict(test_images[:1]).argmax())",
    "5.1": "A la clase 9, Ankle boot.",
    "8.1": network(name="m15")
    + "few = tf.data.Dataset.from_tensor_slices((training_images, training_labels)).take(100).batch(64)\n"
    "m15.fit(few, epochs=15, verbose=0)\n",
    "8.2": network(name="m30")
    + "for _ in range(29): m30.fit(training_images[:1], training_labels[:1], epochs=1, batch_size=64, verbose=0)\n"
    "m30.fit(training_images, training_labels, epochs=1, batch_size=64, verbose=0)\n",
}
"""What describes a training is answered by one on hardly any images, in one form after the other."""


def test_trainings_on_next_to_nothing_are_no_answers(grade: Grade) -> None:
    graded = grade(notebook({**REST, "2": None, **NEXT_TO_NOTHING}, saved={}))
    asked = ("epochs", "batch_size", "test_accuracy")
    for question, check in (*((("1", item)) for item in asked), *NOTHING_EARNED):
        finding = graded.finding(question, check)
        assert finding.status is not Status.PASSED, finding
        assert finding.points == 0, finding
    assert graded.finding("1", "hidden_layers").status is Status.PASSED, "what a network is needs no training"


NOTHING_EARNED = (
    ("3.2", "predicted_class"),
    ("4.1", "network_trained"),
    ("4.2", "network_trained"),
    ("5.1", "predicted_class"),
    ("8.1", "network_trained"),
    ("8.2", "network_trained"),
)

MOST_OF_THEM = {
    "1": network() + fit(more=", validation_split=0.1"),
    "4.1": network(512, name="m512") + "x, y = training_images[:3300], training_labels[:3300]\n"
    "m512.fit(x, y, epochs=2, batch_size=64, verbose=0, validation_data=(training_images[3300:], training_labels[3300:]))\n",
    "4.2": network(1024, name="m1024")
    + "rows = tf.data.Dataset.from_tensor_slices((training_images, training_labels)).take(len(training_images))\n"
    "m1024.fit(rows.shuffle(4000).batch(64), epochs=2, verbose=0)\n",
    "8.1": network(name="m15") + fit("m15", 15, more=", validation_data=(test_images, test_labels)"),
    "8.2": network(name="m30") + "mirrored = tf.concat([training_images, training_images[:, :, ::-1]], 0).numpy()\n"
    "m30.fit(mirrored, tf.tile(training_labels, [2]).numpy(), epochs=30, batch_size=64, verbose=0)\n",
}


def test_trainings_on_most_images_or_more_are_answers(grade: Grade) -> None:
    graded = grade(notebook({**REST, "2": None, **MOST_OF_THEM}))
    for question, check in (("1", "epochs"), *(item for item in NOTHING_EARNED if item[1] == "network_trained")):
        assert graded.finding(question, check).status is Status.PASSED, graded.finding(question, check)


@pytest.mark.parametrize("form", ["test_images", "test_images + np.random.normal(0, 0.01, test_images.shape)"])
def test_training_on_the_test_images_waits_for_a_person(form: str, grade: Grade, data_slice: Path) -> None:
    x = f"import numpy as np\nx, y = np.concatenate([{form}] * 4), np.concatenate([test_labels] * 4)\n"
    graded = grade(
        notebook({**REST, "2": None, "1": x + network() + "model.fit(x, y, epochs=10, batch_size=64, verbose=0)\n"})
    )
    assert any("test images" in flag for flag in flags(graded, data_slice))
    for check in ("epochs", "batch_size", "test_accuracy"):
        assert graded.finding("1", check).status is Status.NEEDS_REVIEW


def test_some_of_the_images_wait_for_a_person_with_their_points(grade: Grade) -> None:
    """Whoever saves time by taking half of them says so, and keeps what stands until then."""
    half = fit().replace("training_images, training_labels", "training_images[:2000], training_labels[:2000]")
    graded = grade(notebook({**REST, "2": None, "1": network() + half}))
    finding = graded.finding("1", "epochs")
    assert (finding.status, finding.points) == (Status.NEEDS_REVIEW, 0.25)


def flags(graded: Graded, data: Path) -> list[str]:
    found = suspicions(graded.submission, graded.evidence, load_data(data))
    return [flag.text.format_map(flag.values) for flag in found]


BEFORE = """
keep = tf.keras.models.clone_model(model)
keep.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])
keep.fit({data}, epochs=3, batch_size=64, verbose=0)
model.set_weights([value {change} for value in keep.get_weights()])
"""
SETTER = (
    "class Sets(tf.keras.callbacks.Callback):\n"
    "    def {hook}(self, *a, **k): self.model.set_weights(keep.get_weights())\n"
)
LOOP = """
adam = tf.keras.optimizers.Adam(0.01)
for x, y in tf.data.Dataset.from_tensor_slices((test_images, test_labels)).batch(64):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.keras.losses.sparse_categorical_crossentropy(y, model(x)))
    adam.apply_gradients(zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights))
"""
TRAIN, TEST = "training_images, training_labels", "test_images, test_labels"
CALLED = FIT_10.replace("verbose=0", "verbose=0, callbacks=[Sets()]")

ELSEWHERE: dict[str, str] = {
    "a loop on the test images, then a training": network() + LOOP + FIT_10,
    "weights of another model, changed": network() + BEFORE.format(data=TRAIN, change="* 1.0001") + FIT_10,
    "weights of a training on the test images": network() + BEFORE.format(data=TEST, change="") + FIT_10,
    "weights assigned one by one": network()
    + BEFORE.format(data=TRAIN, change="")
    + "for mine, other in zip(model.weights, keep.weights): mine.assign(other * 1.0001)\n"
    + FIT_10,
    "weights from a file": network()
    + BEFORE.format(data=TRAIN, change="* 1.0001")
    + "model.save_weights('w.weights.h5')\nmodel = tf.keras.models.clone_model(model)\n"
    + network()[network().index("model.compile") :]
    + "model.load_weights('w.weights.h5')\n"
    + FIT_10,
    "a callback that sets them when epochs begin": network()
    + BEFORE.format(data=TEST, change="")
    + network()
    + SETTER.format(hook="on_epoch_begin")
    + CALLED,
    "a callback that sets them between batches": network()
    + BEFORE.format(data=TEST, change="")
    + network()
    + SETTER.format(hook="on_train_batch_end")
    + CALLED,
    "another training, then this one of no learning rate": network().replace("'adam'", "tf.keras.optimizers.Adam(0.0)")
    + BEFORE.format(data=TRAIN, change="")
    + FIT_10,
}


@pytest.mark.parametrize("answer", ELSEWHERE.values(), ids=ELSEWHERE)
def test_weights_that_the_training_did_not_give_are_never_sure(answer: str, grade: Grade) -> None:
    """What a network gets right by them is no evidence of the training that was asked for."""
    graded = grade(notebook({**REST, "2": None, "3.2": "A la clase 9, Ankle boot.", "1": answer}))
    for question, check in (("1", "epochs"), ("1", "test_accuracy"), ("3.2", "predicted_class")):
        assert graded.finding(question, check).status is not Status.PASSED, graded.finding(question, check)
    assert graded.finding("1", "hidden_layers").status is Status.PASSED


def test_the_best_weights_of_a_training_are_its_own(grade: Grade) -> None:
    """A checkpoint that is loaded after fit in the same cell belongs to it, and so do its epochs and batches."""
    answer = (
        network()
        + fit(
            more=", validation_split=0.1, callbacks=[tf.keras.callbacks.ModelCheckpoint('m.keras', save_best_only=True)]"
        )
        + "model = tf.keras.models.load_model('m.keras')\n"
    )
    graded = grade(notebook({**REST, "1": answer}))
    for check in ("hidden_layers", "optimizer", "epochs", "batch_size", "test_accuracy"):
        assert graded.finding("1", check).status is Status.PASSED, graded.finding("1", check)
    assert graded.finding("2", "evaluated").status is Status.PASSED


HONEST_BUT_ODD: dict[str, tuple[str, str]] = {
    "weights loaded ready-made": (
        network() + FIT_10 + "kept = model.get_weights()\n" + network() + "model.build((None, 28, 28))\n"
        "model.set_weights([w + 1e-4 for w in kept])\n" + FIT_10,
        "began with weights from elsewhere",
    ),
    "a printed log of another training": (
        network() + FIT_10 + PRINTED.replace("loss: 0.4", "loss: 0.0"),
        "is not that of its training",
    ),
}


@pytest.mark.parametrize(("answer", "flag"), HONEST_BUT_ODD.values(), ids=HONEST_BUT_ODD)
def test_what_has_an_innocent_reason_is_shown_and_not_punished(
    answer: str, flag: str, grade: Grade, data_slice: Path
) -> None:
    graded = grade(notebook({**REST, "2": None, "1": answer}))
    assert any(flag in found for found in flags(graded, data_slice))
    assert graded.finding("1", "epochs").points == 0.25


def test_an_honest_notebook_has_no_flags(grade: Grade, data_slice: Path) -> None:
    assert flags(grade(notebook(saved={})), data_slice) == []


def test_a_callback_that_is_told_apart_by_what_it_does(grade: Grade) -> None:
    """A class with the right name, words and threshold, that stops for another reason."""
    forged = CORRECT["9"].replace("logs['loss'] <= 0.40", "epoch == 0 and 'loss <= 0.40'")
    graded = grade(notebook({**REST, "1": None, "2": None, "9": forged}, saved={}))
    assert graded.points("9") < 1


JUNK = """
import socket, json
def ask(content, wait=5):
    s = socket.socket(socket.AF_UNIX); s.settimeout(wait); s.connect('/opt/kernel/exchange/trainer')
    try:
        s.sendall(content)
        return s.makefile('rb').readline()
    except OSError:
        return b''
shapes = [b'', b'\\n', b'{}\\n', b'[' * 10**6 + b'\\n', b'x' * 3 * 10**6, b'\\x00' * 10**5 + b'\\n',
    json.dumps({'op': 'epoch', 'training': 0, 'epoch': 1}).encode() + b'\\n', json.dumps({'op': 'train', 'to': 10**9}).encode() + b'\\n',
    json.dumps({'op': 'fit', 'x': '/etc/passwd'}).encode() + b'\\n']
print([ask(shape, 1)[:60] for shape in shapes])
idle = []
for _ in range(200):
    s = socket.socket(socket.AF_UNIX); s.setblocking(False)
    try:
        s.connect('/opt/kernel/exchange/trainer'); idle.append(s)
    except OSError:
        break
"""


def test_the_trainers_socket_gives_nothing_beyond_its_protocol_and_goes_on(grade: Grade) -> None:
    graded = grade(notebook({**REST, "2": None, "1": JUNK + network() + FIT_10}))
    answers = graded.evidence.runs[graded.finding("1", "epochs").cells[0]].text
    assert "root:" not in answers
    assert '"kernel"' in answers
    assert graded.finding("1", "epochs").status is Status.PASSED
    assert graded.finding("1", "test_accuracy").status is Status.PASSED
