"""Networks that are honest and unusual: they are trained by the trainer where it can, and accused of nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from conftest import Grade, Graded
from student import SETUP, cells

from grader.checks import judge
from grader.checks.judge import Judgement
from grader.records import Training
from grader.rubric.rubric import Rubric
from grader.training.service import Trainings
from grader.training.starts import outputs_of_other_starts

HEAD = "layers = tf.keras.layers\nflat, out = layers.Flatten(input_shape=(28, 28)), layers.Dense(10, activation='softmax')\n"


def trained(*hidden: str, optimizer: str = "'adam'", before: str = "") -> str:
    """Code that trains a network with these hidden layers for an epoch."""
    return (
        f"{HEAD}{before}model = tf.keras.Sequential([flat, {', '.join(hidden)}, out])\n"
        f"model.compile({optimizer}, 'sparse_categorical_crossentropy', metrics=['accuracy'])\n"
        "model.fit(training_images, training_labels, epochs=1, batch_size=64, verbose=0)\n"
    )


NETWORKS: Mapping[str, tuple[str, str]] = {
    "LeakyReLU as a layer": (trained("layers.Dense(16)", "layers.LeakyReLU()"), "leaky_relu_0.3"),
    "LeakyReLU with a slope": (trained("layers.Dense(16)", "layers.LeakyReLU(negative_slope=0.15)"), "leaky_relu_0.15"),
    "ELU as a layer": (trained("layers.Dense(16)", "layers.ELU()"), "elu"),
    "ReLU that is cut off": (trained("layers.Dense(16)", "layers.ReLU(max_value=6)"), "relu6"),
    "LeakyReLU as an activation": (trained("layers.Dense(16, activation=layers.LeakyReLU(0.1))"), "leaky_relu_0.1"),
    "ELU as an activation": (trained("layers.Dense(16, activation=layers.ELU(0.5))"), "elu_0.5"),
    "ReLU as an activation": (trained("layers.Dense(16, activation=layers.ReLU())"), "relu"),
    "PReLU": (trained("layers.Dense(16)", "layers.PReLU()"), "prelu"),
    "Ftrl": (trained("layers.Dense(16, activation='relu')", optimizer="tf.keras.optimizers.Ftrl(0.1)"), "relu"),
}
"""Code, and the activation that its hidden layer has."""
ADAPTED = trained(
    "norm",
    "layers.Dense(16, activation='relu')",
    before="norm = layers.Normalization()\nnorm.adapt(training_images.reshape(len(training_images), -1))\n",
)
SHIFTED = "hidden.set_weights([w + 1 for w in hidden.get_weights()])\nmodel.compile"
OWN_WEIGHTS = trained("hidden", before="hidden = layers.Dense(16)\nhidden.build((None, 784))\n")
BEHIND_AN_ADAPTED_ONE = ADAPTED.replace("layers.Dense(16, activation='relu')", "hidden").replace(
    "norm = ", "hidden = layers.Dense(16)\nhidden.build((None, 784))\nnorm = "
)
OWN_CLASS = trained(
    "layers.Dense(16, activation=LeakyReLU())",
    before="class LeakyReLU(layers.LeakyReLU):\n    def call(self, x):\n        return tf.sigmoid(x)\n",
)
AFTER = (
    ADAPTED,
    OWN_WEIGHTS.replace("model.compile", SHIFTED),
    BEHIND_AN_ADAPTED_ONE.replace("model.compile", SHIFTED),
    OWN_CLASS,
)
"""What the kernel trains itself: an honest network, weights from elsewhere twice, and a class under Keras's name."""


@pytest.fixture(scope="module")
def graded(grade: Grade) -> Graded:
    """All of them in one kernel."""
    return grade(cells(SETUP, *(code for code, _ in NETWORKS.values()), *AFTER))


@pytest.fixture(scope="module")
def judgement(graded: Graded, slice_rubric: Rubric, data_slice: Path) -> Judgement:
    return judge(graded.submission, graded.evidence, slice_rubric, data_slice)


def training_in(graded: Graded, cell: int) -> Training:
    return next(item for item in graded.evidence.trainings if item.cell == cell)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_trainer_trains_it_and_its_activation_is_named(name: str, graded: Graded) -> None:
    training = training_in(graded, list(NETWORKS).index(name) + 1)
    assert training.source in ("trained", "replayed"), (training.why_in_kernel, training.doubt)
    assert training.network.dense[0].activation == NETWORKS[name][1]
    assert training.network.chain


def test_what_the_trainer_did_it_can_do_from_another_start(graded: Graded, trainings: Trainings) -> None:
    ordered = training_in(graded, 1).ordered
    assert ordered is not None
    outputs = next(outputs_of_other_starts(ordered, np.zeros((1, 28, 28)), trainings))
    assert outputs.shape == (1, 10)
    assert outputs.sum() == pytest.approx(1.0, abs=1e-5)
    assert training_in(graded, len(NETWORKS) + 1).ordered is None


def test_weights_from_elsewhere_are_flagged_and_nothing_else_is(graded: Graded, judgement: Judgement) -> None:
    """A layer that was adapted to the images has no weights that anybody trained; others behind it may."""
    adapted, *elsewhere, own = range(len(NETWORKS) + 1, len(NETWORKS) + 1 + len(AFTER))
    assert [flag.values for flag in judgement.flags] == [{"cell": cell + 1} for cell in elsewhere]
    assert training_in(graded, adapted).why_in_kernel == "a layer that was adapted to data"
    assert training_in(graded, own).why_in_kernel == "an activation of the student's own"


def test_a_class_under_kerass_name_is_named_by_what_it_computes(graded: Graded) -> None:
    training = training_in(graded, len(NETWORKS) + len(AFTER))
    assert training.source == "kernel"
    assert training.network.dense[0].activation == "sigmoid"
