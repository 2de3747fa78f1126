"""Networks are named by what they compute, and computed by the trusted side."""

from __future__ import annotations

import numpy as np
import pytest

from grader.records import Array
from grader.training.activations import ACTIVATIONS, find_activation
from grader.training.networks import LayerClaim, Trace, build_network, predict

RANDOM = np.random.default_rng(3)
IMAGES = RANDOM.random((4, 28, 28), dtype=np.float32)
HIDDEN = (RANDOM.normal(0, 0.1, (784, 128)).astype(np.float32), RANDOM.normal(size=128).astype(np.float32))
OUTPUT = (RANDOM.normal(0, 0.1, (128, 10)).astype(np.float32), np.zeros(10, np.float32))


def dense(
    values: Array, weights: tuple[Array, ...], activation: str, names: tuple[str, ...] = ("Dense",)
) -> LayerClaim:
    after = ACTIVATIONS[activation](values @ weights[0] + weights[1])
    return LayerClaim(names, {"activation": "linear"}, weights, "", None, values, after.astype(np.float32))


def trace(*calls: LayerClaim, output: Array | None = None) -> Trace:
    assert calls[-1].output is not None
    return Trace(IMAGES, calls[-1].output if output is None else output, calls)


def flatten() -> LayerClaim:
    return LayerClaim(("Flatten",), input=IMAGES, output=IMAGES.reshape(4, 784))


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh", "softplus", "elu", "linear"])
def test_a_hidden_layer_is_named_by_its_numbers_not_by_its_configuration(activation: str) -> None:
    first = dense(IMAGES.reshape(4, 784), HIDDEN, activation)
    assert first.output is not None
    network = build_network([], trace(flatten(), first, dense(first.output, OUTPUT, "softmax")), [], None, None)
    assert network.chain
    assert [(layer.units, layer.activation) for layer in network.dense] == [(128, activation), (10, "softmax")]
    assert network.hidden_units == (128,)


def test_functions_between_layers_are_found() -> None:
    first = dense(IMAGES.reshape(4, 784), HIDDEN, "linear")
    assert first.output is not None
    hidden = ACTIVATIONS["sigmoid"](first.output).astype(np.float32)
    last = dense(hidden, OUTPUT, "linear")
    assert last.output is not None
    network = build_network([], trace(first, last, output=ACTIVATIONS["softmax"](last.output)), [], None, None)
    assert network.chain
    assert [(layer.units, layer.activation) for layer in network.dense] == [(128, "sigmoid"), (10, "softmax")]


def test_the_trusted_side_computes_the_same_outputs() -> None:
    first = dense(IMAGES.reshape(4, 784), HIDDEN, "sigmoid")
    assert first.output is not None
    last = dense(first.output, OUTPUT, "softmax")
    network = build_network([], trace(flatten(), first, last), [], None, None)
    assert last.output is not None
    assert np.allclose(predict(network, IMAGES), last.output, atol=1e-5)


def test_a_layer_that_lies_about_its_numbers_is_no_chain() -> None:
    first = dense(IMAGES.reshape(4, 784), HIDDEN, "sigmoid")
    lying = LayerClaim(
        ("Dense",), {"units": 128, "activation": "sigmoid"}, HIDDEN, "sigmoid", None, first.input, first.output + 1
    )  # type: ignore[operator]
    assert lying.output is not None
    network = build_network([], trace(flatten(), lying, dense(lying.output, OUTPUT, "softmax")), [], None, None)
    assert not network.chain
    with pytest.raises(ValueError, match="chain"):
        predict(network, IMAGES)


def test_not_a_number_is_no_chain() -> None:
    broken = (HIDDEN[0] * np.nan, HIDDEN[1])
    first = dense(IMAGES.reshape(4, 784), broken, "sigmoid")
    network = build_network([], trace(flatten(), first), [broken[0]], None, None)
    assert not network.chain


def test_without_a_trace_the_configuration_is_all_there_is() -> None:
    claims = [LayerClaim(("Flatten",)), LayerClaim(("Dense",), {"units": 5, "activation": "softmax_v2"})]
    network = build_network(claims, None, [], None, None)
    assert [(layer.units, layer.activation) for layer in network.dense] == [(5, "softmax")]
    assert not network.chain


def test_keras_layers_on_the_list_are_computed_and_others_are_not() -> None:
    import keras

    layer = keras.layers.MaxPooling2D(2)
    images = IMAGES[..., None]
    call = LayerClaim(("MaxPooling2D",), layer.get_config(), (), "", None, images, np.asarray(layer(images)))
    network = build_network([], Trace(IMAGES, np.asarray(layer(images)), (call,)), [], None, None)
    assert network.chain
    strange = LayerClaim(("Lambda",), {"function": "os.system"}, (), "", None, images, images**2)
    assert not build_network([], Trace(images, images**2, (strange,)), [], None, None).chain


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name not in ("linear",)])
def test_every_activation_is_told_from_the_others(name: str) -> None:
    z = np.linspace(-6, 8, 60, dtype=np.float32).reshape(4, 15)
    found = find_activation(z, ACTIVATIONS[name](z).astype(np.float32))
    assert found is not None
    assert found.split("_")[0] == name.split("_")[0]
