"""What Keras knows by name: a rubric that asks for anything else would cost every student its points.

The lists stand here because importing Keras takes seconds; a test compares them with the Keras that is installed.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from grader.rubric.nearest import nearest

ACTIVATIONS = frozenset(
    {
        "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh",
        "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
        "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus",
        "tanh", "tanh_shrink", "threshold",
    }
)  # fmt: skip
"""Functions of ``keras.activations``, by the names that networks tell: ``swish`` is ``silu``."""

OPTIMIZERS = frozenset(
    {
        "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "Muon", "Nadam",
        "RMSprop", "SGD", "ScheduleFreeAdamW",
    }
)  # fmt: skip
"""Classes of ``keras.optimizers`` that train a network by themselves."""

ALIASES = {"swish": "silu", "hard_swish": "hard_silu"}
"""Other names of the same functions."""


def _check_activation(name: str) -> str:
    if name not in ACTIVATIONS:
        raise _unknown("activation", name, ACTIVATIONS)
    return name


def _check_optimizer(name: str) -> str:
    if name not in OPTIMIZERS:
        raise _unknown("optimizer", name, OPTIMIZERS)
    return name


def _unknown(kind: str, name: str, known: frozenset[str]) -> PydanticCustomError:
    near = ALIASES.get(name) or nearest(name, known)
    rule = f"must name {'an' if kind[0] in 'ao' else 'a'} {kind} of Keras"
    return PydanticCustomError("keras_name", "{rule}", {"rule": rule, "nearest": near})


Activation = Annotated[str, AfterValidator(_check_activation)]
"""A function of ``keras.activations``."""
OptimizerName = Annotated[str, AfterValidator(_check_optimizer)]
"""A class of ``keras.optimizers``."""
