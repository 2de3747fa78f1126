"""Networks by what they compute: layers named from numbers, and the trusted side's own forward pass.

A model is known from a few inputs that were followed through its layers. Each layer is recomputed here from its
weights; what fits is named (`Dense`, 128 units, sigmoid), whichever way it was written. When the layers one after the
other give the model's output, the network is a *chain*, and `predict` computes it for any images without asking the
kernel.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.records import Array, Layer, Network
from grader.training.activations import canonical, close, find_activation, function_of, layer_activation
from grader.training.keras_layers import KERAS_LAYERS, run_keras_layer

PROBE = (-4.0, -2.5, -1.0, -0.3, 0.0, 0.2, 0.7, 1.5, 3.0, 7.0)
"""The inputs on which the recorder samples activation functions."""
MAX_NUMBERS = 50_000_000
"""Outputs of a layer that are held at once: 200 MB. Of a layer of 50,000 numbers a row, 1,000 rows."""


@dataclass(frozen=True, slots=True)
class LayerClaim:
    """What the kernel says of one layer."""

    names: tuple[str, ...]
    """Class names, nearest first; the student's own classes end in a star."""
    config: Mapping[str, Any] = field(default_factory=dict)
    weights: tuple[Array, ...] = ()
    activation: str = ""
    probe: tuple[float, ...] | None = None
    """The activation's values on `PROBE`."""
    input: Array | None = None
    output: Array | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """A few inputs, and what became of them in each innermost layer, in the order of the calls."""

    input: Array
    output: Array
    calls: tuple[LayerClaim, ...]


def build_network(
    claims: Sequence[LayerClaim],
    trace: Trace | None,
    weights: Sequence[Array],
    input_shape: tuple[int | None, ...] | None,
    output_shape: tuple[int | None, ...] | None,
) -> Network:
    """A network from what was followed through it, or from its configuration where nothing could be followed."""
    state = digest(weights)
    if trace is not None and trace.calls:
        layers, chain = _follow(trace)
        return Network(layers, tuple(trace.input.shape[1:]), tuple(trace.output.shape[1:]), state, chain)
    return Network(tuple(_configured(claim) for claim in claims), input_shape, output_shape, state, chain=False)


def digest(weights: Sequence[Array]) -> str:
    """sha256 over weights in order; the empty string where there are none."""
    if not weights:
        return ""
    total = hashlib.sha256()
    for value in weights:
        total.update(str((value.dtype.str, value.shape)).encode())
        total.update(np.ascontiguousarray(value).tobytes())
    return total.hexdigest()


# --- naming layers ----------------------------------------------------------------------------------------------------


def _follow(trace: Trace) -> tuple[tuple[Layer, ...], bool]:
    layers: list[Layer] = []
    chain = True
    current = trace.input
    for call in trace.calls:
        if call.input is None or call.output is None:
            layers.append(_configured(call))
            chain = False
            continue
        between = _between(current, call.input)
        chain = chain and between is not None
        layers.extend(between or ())
        layer, exact = _computed(call)
        layers.append(layer)
        chain = chain and exact
        current = call.output
    last = _between(current, trace.output)
    layers.extend(last or ())
    return tuple(layers), chain and last is not None


def _between(current: Array, following: Array) -> tuple[Layer, ...] | None:
    """What was computed between two layers without a layer: nothing, a new shape, an activation, or None if unknown."""
    shape = tuple(following.shape[1:])
    if current.size != following.size or len(current) != len(following):
        return None
    reshaped = current.reshape(following.shape)
    steps: tuple[Layer, ...] = ()
    if current.shape != following.shape:
        steps = (Layer("Reshape", config={"target_shape": list(shape)}, output_shape=shape),)
    if close(reshaped, following):
        return steps
    name = find_activation(reshaped, following)
    if name is not None:
        return (*steps, Layer("Activation", activation=name, output_shape=shape))
    line = _line(reshaped, following)
    if line is None:
        return None
    return (*steps, Layer("Rescaling", config={"scale": line[0], "offset": line[1]}, output_shape=shape))


def _line(before: Array, after: Array) -> tuple[float, float] | None:
    """Scale and offset of ``after = scale * before + offset``, or None."""
    x, y = before.astype(np.float64).ravel(), after.astype(np.float64).ravel()
    if not (np.isfinite(x).all() and np.isfinite(y).all()) or np.ptp(x) == 0:
        return None
    scale, offset = (float(value) for value in np.polyfit(x, y, 1))
    return (scale, offset) if close(scale * x + offset, y) else None


def _computed(call: LayerClaim) -> tuple[Layer, bool]:
    """A layer named by what it computed, and whether the trusted side computes the same."""
    assert call.input is not None
    assert call.output is not None
    shape = tuple(call.output.shape[1:])
    if is_dense(call):
        return _dense(call, shape)
    if call.input.shape == call.output.shape and not call.weights:
        if close(call.input, call.output):
            return Layer(class_name(call), output_shape=shape, config={"identity": True}), True
        named = call.activation or layer_activation(class_name(call), call.config) or ""
        activation = find_activation(call.input, call.output, named)
        if activation is not None:
            return Layer("Activation", activation=activation, output_shape=shape), True
        line = _line(call.input, call.output)
        if line is not None:
            return Layer("Rescaling", config={"scale": line[0], "offset": line[1]}, output_shape=shape), True
    if not call.weights and _is_reshaped(call.input, call.output):
        return Layer(class_name(call), config={"target_shape": list(shape)}, output_shape=shape), True
    layer = _configured(call, shape)
    if layer.class_name not in KERAS_LAYERS:
        return layer, False
    try:
        return layer, close(run_keras_layer(layer, call.input), call.output)
    except Exception:  # whatever Keras says of a claimed configuration, the claim is not recomputable
        return layer, False


def _is_reshaped(before: Array, after: Array) -> bool:
    """True if each row holds the same numbers in the same order."""
    return before.size == after.size and len(before) == len(after) and close(before.reshape(after.shape), after)


def _dense(call: LayerClaim, shape: tuple[int, ...]) -> tuple[Layer, bool]:
    assert call.input is not None
    assert call.output is not None
    kernel = call.weights[0]
    activation = None
    if call.input.shape[-1] == kernel.shape[0]:
        activation = find_activation(_affine(call.input, call.weights), call.output, call.activation)
    exact = activation is not None
    name = activation or _named_activation(call) or "unknown"
    layer = Layer("Dense", int(kernel.shape[1]), name, weights=call.weights, output_shape=shape)
    return layer, exact


def is_dense(claim: LayerClaim) -> bool:
    """True for a dense layer: one matrix, and a bias of its width or none; named so, or the student's own."""
    if not 1 <= len(claim.weights) <= 2 or claim.weights[0].ndim != 2:
        return False
    if len(claim.weights) == 2 and claim.weights[1].shape != (claim.weights[0].shape[1],):
        return False
    return "Dense" in claim.names or claim.names[:1] == () or claim.names[0].endswith("*")


def class_name(claim: LayerClaim) -> str:
    """The nearest class name that is Keras's own; the student's where there is none but ``Layer``."""
    own = [name for name in claim.names if not name.endswith("*")]
    useful = [name for name in own if name not in ("Layer", "Operation", "KerasSaveable", "BackendLayer", "TFLayer")]
    return (useful or [name.rstrip("*") for name in claim.names] or ["Layer"])[0]


def _configured(claim: LayerClaim, shape: tuple[int | None, ...] | None = None) -> Layer:
    """A layer as its configuration says."""
    units = claim.config.get("units")
    if is_dense(claim):
        units = int(claim.weights[0].shape[1])
    dense = "Dense" in claim.names or is_dense(claim)
    return Layer(
        "Dense" if dense else class_name(claim),
        units=units if dense and isinstance(units, int) else None,
        activation=_named_activation(claim),
        config=claim.config,
        weights=claim.weights,
        output_shape=shape,
    )


def _named_activation(claim: LayerClaim) -> str | None:
    """The activation's name by its samples, else by its configured name."""
    named = str(claim.config.get("activation", "") or claim.activation)
    if claim.probe is not None and len(claim.probe) == len(PROBE):
        found = find_activation(np.array([PROBE]), np.array([claim.probe]), named)
        if found is not None:
            return found
    if not named:
        return "linear" if "Dense" in claim.names else layer_activation(class_name(claim), claim.config)
    name = canonical(named)
    return "unknown" if function_of(name) is None else name


# --- computing --------------------------------------------------------------------------------------------------------


def predict(network: Network, inputs: Array, batch_size: int = 1000) -> Array:
    """The network's outputs, computed here.

    Args:
        network: a chain.
        inputs: shape (n, ...), prepared as the network was trained.

    Returns:
        shape (n, outputs), float32.

    Raises:
        ValueError: the network is no chain, or does not take inputs of this shape.
    """
    if not network.chain:
        raise ValueError("only a chain can be computed. Received: a network of another form")
    parts = []
    rows = max(1, min(batch_size, MAX_NUMBERS // _widest(network)))
    for start in range(0, len(inputs), rows):
        values = inputs[start : start + rows].astype(np.float32)
        for layer in network.layers:
            values = run_layer(layer, values)
        parts.append(values.reshape(len(values), -1))
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)


def _widest(network: Network) -> int:
    """The most numbers that a layer gave for one row, where that was seen."""
    shapes = [layer.output_shape for layer in network.layers if layer.output_shape]
    return max([1, *(math.prod(side or 1 for side in shape) for shape in shapes)])


def classes_of(outputs: Array, network: Network) -> Array:
    """The class that a network gives each row: the largest output's; of one sigmoid unit, whether it is above a half.

    Args:
        outputs: shape (n, outputs).

    Returns:
        shape (n,), integers.
    """
    if _is_probability(outputs, network):
        return np.asarray(outputs[:, 0] > 0.5, int)
    return np.asarray(outputs.argmax(axis=1))


def gives_classes(outputs: Array, network: Network) -> bool:
    """True if the outputs, shape (n, outputs), tell one class from another."""
    return outputs.shape[1] > 1 or _is_probability(outputs, network)


def _is_probability(outputs: Array, network: Network) -> bool:
    return outputs.shape[1] == 1 and bool(network.dense) and network.dense[-1].activation == "sigmoid"


def run_layer(layer: Layer, values: Array) -> Array:
    """One layer's outputs. Raises ValueError where the shapes do not fit."""
    if layer.class_name == "Dense":
        return _activate(layer.activation, _affine(values, layer.weights))
    if layer.class_name == "Rescaling" and "offset" in layer.config:
        return np.asarray(values * layer.config["scale"] + layer.config["offset"], np.float32)
    if layer.config.get("identity"):
        return values
    if "target_shape" in layer.config and not layer.weights:
        return values.reshape(len(values), *layer.config["target_shape"])
    if layer.class_name == "Activation":
        return _activate(layer.activation, values)
    return run_keras_layer(layer, values)


def _affine(values: Array, weights: Sequence[Array]) -> Array:
    product = values.astype(np.float32) @ weights[0].astype(np.float32)
    return np.asarray(product + weights[1] if len(weights) > 1 else product)


def _activate(name: str | None, values: Array) -> Array:
    function = function_of(name)
    if function is None:
        raise ValueError(f"an activation must be a known one. Received: {name}")
    with np.errstate(all="ignore"):
        return np.asarray(function(values), np.float32)
