"""Activation functions by what they compute: names found by comparing numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grader.records import Array

Activation = Callable[[Array], Array]


def _softmax(z: Array) -> Array:
    from scipy.special import softmax  # most processes compute nothing

    return np.asarray(softmax(z, axis=-1))


def _log_softmax(z: Array) -> Array:
    from scipy.special import log_softmax

    return np.asarray(log_softmax(z, axis=-1))


def _sigmoid(z: Array) -> Array:
    from scipy.special import expit

    return np.asarray(expit(z))


def _gelu(z: Array) -> Array:
    from scipy.special import erf

    return np.asarray(0.5 * z * (1 + erf(z / np.sqrt(2))))


def _elu(z: Array) -> Array:
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def _leaky(slope: float) -> Activation:
    return lambda z: np.where(z > 0, z, slope * z)


def _gelu_tanh(z: Array) -> Array:
    return np.asarray(0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))))


ACTIVATIONS: dict[str, Activation] = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "softmax": _softmax,
    "elu": _elu,
    "selu": lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0))),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "softplus": lambda z: np.logaddexp(z, 0),
    "softsign": lambda z: z / (1 + np.abs(z)),
    "silu": lambda z: z * _sigmoid(z),
    "exponential": lambda z: np.exp(np.minimum(z, 80)),
    "relu6": lambda z: np.clip(z, 0, 6),
    "hard_sigmoid": lambda z: np.clip(z / 6 + 0.5, 0, 1),
    "hard_silu": lambda z: z * np.clip(z / 6 + 0.5, 0, 1),
    "mish": lambda z: z * np.tanh(np.logaddexp(z, 0)),
    "leaky_relu": _leaky(0.2),
    "leaky_relu_0.3": _leaky(0.3),
    "leaky_relu_0.01": _leaky(0.01),
    "log_softmax": _log_softmax,
}
"""By name; all work on the last axis, in float64 or float32."""

ALIASES = {
    "softmax_v2": "softmax",
    "swish": "silu",
    "hard_swish": "hard_silu",
    "sigmoid_v2": "sigmoid",
    "None": "linear",
    "": "linear",
}


def canonical(name: str) -> str:
    """Keras's and TensorFlow's several names for one function, as one."""
    name = name.rsplit(".", 1)[-1].lower() if name != "None" else name
    return ALIASES.get(name, name)


def find_activation(before: Array, after: Array, named: str = "") -> str | None:
    """The name of the function that turns `before` into `after`, or None.

    Args:
        before, after: the same shape, any number of axes.
        named: what the model claims; it wins where several functions fit the numbers.
    """
    if before.shape != after.shape or not before.size or not np.isfinite(before).all():
        return None
    claimed = canonical(named)
    names = [claimed, *ACTIVATIONS] if claimed in ACTIVATIONS else list(ACTIVATIONS)
    z = before.astype(np.float64)
    for name in names:
        with np.errstate(all="ignore"):
            if close(ACTIVATIONS[name](z), after):
                return name
    return None


def close(a: Array, b: Array) -> bool:
    """Equal up to single-precision arithmetic."""
    if a.shape != b.shape or not np.isfinite(b).all():
        return False
    scale = float(np.max(np.abs(b))) if b.size else 0.0
    return bool(np.allclose(a, b, rtol=2e-3, atol=1e-5 + 2e-4 * scale, equal_nan=False))
