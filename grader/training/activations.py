"""Activation functions by what they compute: names found by comparing numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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


def _elu(alpha: float) -> Activation:
    return lambda z: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def _leaky_relu(slope: float) -> Activation:
    return lambda z: np.where(z > 0, z, slope * z)


def _gelu_tanh(z: Array) -> Array:
    return np.asarray(0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))))


ACTIVATIONS: dict[str, Activation] = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "softmax": _softmax,
    "elu": _elu(1.0),
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
    "leaky_relu": _leaky_relu(0.2),
    "log_softmax": _log_softmax,
}
"""By name; all work on the last axis, in float64 or float32."""
FAMILIES: dict[str, Callable[[float], Activation]] = {"leaky_relu": _leaky_relu, "elu": _elu}
"""Functions with a number of their own, which stands behind the name where it is not Keras's default:
``leaky_relu_0.1``.
"""
MIN_FACTOR, MAX_FACTOR = 1e-4, 100.0
"""What such a number may be; below it is a relu."""

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
    if function_of(name) is not None:
        return name
    name = name.rsplit(".", 1)[-1].lower() if name != "None" else name
    return ALIASES.get(name, name)


def function_of(name: str | None) -> Activation | None:
    """The function of a name, one of a family included; None where there is none."""
    if name is None or name in ACTIVATIONS:
        return ACTIVATIONS.get(name or "")
    family, _, number = name.rpartition("_")
    try:
        return FAMILIES[family](float(number))
    except (KeyError, ValueError):
        return None


def family_of(name: str | None) -> str | None:
    """The name without the number of its own: ``leaky_relu`` for ``leaky_relu_0.1``."""
    return next((family for family in FAMILIES if name is not None and name.startswith(f"{family}_")), name)


def layer_activation(class_name: str, config: Mapping[str, Any]) -> str | None:
    """The name of what a layer of Keras's computes that is nothing but an activation; None for another layer.

    Args:
        config: the layer's configuration; what it leaves out is Keras's default.
    """
    settings = {**_DEFAULTS.get(class_name, {}), **config}
    numbers = {name: value for name, value in settings.items() if type(value) in (int, float)}
    if class_name == "PReLU":
        return "prelu"
    if class_name == "Softmax":
        return "softmax" if settings.get("axis", -1) == -1 else None
    if class_name not in _DEFAULTS:
        return None
    values = np.array([_SAMPLES])
    if class_name == "ELU":
        return find_activation(values, _elu(numbers.get("alpha", 1.0))(values))
    slope, threshold = numbers.get("negative_slope", 0.0), numbers.get("threshold", 0.0)
    after = np.where(values >= threshold, values, slope * (values - threshold))
    return find_activation(values, np.minimum(after, numbers.get("max_value", np.inf)))


_DEFAULTS: dict[str, dict[str, float]] = {"ReLU": {}, "LeakyReLU": {"negative_slope": 0.3}, "ELU": {"alpha": 1.0}}
"""Layers that are functions of one number, and their settings where none are given."""
_SAMPLES = (-4.0, -2.5, -1.0, -0.3, 0.0, 0.2, 0.7, 1.5, 3.0, 7.0)


def find_activation(before: Array, after: Array, named: str = "") -> str | None:
    """The name of the function that turns `before` into `after`, or None.

    Args:
        before, after: the same shape, any number of axes.
        named: what the model claims; it wins where several functions fit the numbers.
    """
    if before.shape != after.shape or not before.size or not np.isfinite(before).all():
        return None
    z = before.astype(np.float64)
    claimed = canonical(named)
    for name in (claimed, *ACTIVATIONS):
        function = function_of(name)
        with np.errstate(all="ignore"):
            if function is not None and close(function(z), after):
                return name
    return _find_in_families(z, after.astype(np.float64))


def _find_in_families(before: Array, after: Array) -> str | None:
    """A function with a number of its own, found by what it makes of negative numbers."""
    below = before < 0
    if not below.any() or not np.isfinite(after).all():
        return None
    for family, function in FAMILIES.items():
        unit = function(1.0)(before[below])
        factor = float(f"{float(np.dot(unit, after[below]) / np.dot(unit, unit)):.4g}")
        if MIN_FACTOR <= factor <= MAX_FACTOR and close(function(factor)(before), after):
            return f"{family}_{factor:g}"
    return None


def close(a: Array, b: Array) -> bool:
    """Equal up to single-precision arithmetic."""
    if a.shape != b.shape or not np.isfinite(b).all():
        return False
    scale = float(np.max(np.abs(b))) if b.size else 0.0
    return bool(np.allclose(a, b, rtol=2e-3, atol=1e-5 + 2e-4 * scale, equal_nan=False))
