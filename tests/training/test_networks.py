"""Networks are named by what they compute, and computed by the trusted side."""

from __future__ import annotations

import numpy as np
import pytest

from grader.records import Array, Layer, Network
from grader.training.activations import (
    ACTIVATIONS,
    canonical,
    family_of,
    find_activation,
    function_of,
    layer_activation,
)
from grader.training.networks import LayerClaim, Trace, build_network, classes_of, gives_classes, predict

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


# --- functions with a number of their own -----------------------------------------------------------------------------

VALUES = RANDOM.normal(size=(4, 50))


@pytest.mark.parametrize(
    ("name", "family"),
    [("leaky_relu_0.1", "leaky_relu"), ("leaky_relu_0.015", "leaky_relu"), ("elu_0.5", "elu"), ("elu_2", "elu")],
)
def test_a_function_is_found_with_its_number(name: str, family: str) -> None:
    function = function_of(name)
    assert function is not None
    assert find_activation(VALUES, function(VALUES).astype(np.float32)) == name
    assert family_of(name) == family
    assert canonical(name) == name


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(VALUES**2, id="a square"),
        pytest.param(np.where(VALUES > 0, 2 * VALUES, 0.1 * VALUES), id="another slope above"),
        pytest.param(np.where(VALUES > 0, VALUES, -0.1 * VALUES), id="turned upwards"),
        pytest.param(np.where(VALUES > 0, VALUES, 1e-6 * VALUES + 0.1), id="shifted"),
    ],
)
def test_other_functions_are_none_of_a_family(after: Array) -> None:
    assert find_activation(VALUES, after) is None


@pytest.mark.parametrize("name", ["relu6", "leaky_relu_0.1", "linear", "relu"])
def test_where_the_numbers_fit_several_functions_the_configured_one_is_told(name: str) -> None:
    """No number is negative, or above 6: what a layer is, only its settings say."""
    values = np.abs(VALUES)
    assert find_activation(values, values, name) == name
    assert find_activation(values, values, "sigmoid") == "linear"


@pytest.mark.parametrize("name", ["relu", "selu", "leaky_relu", "elu", "linear", "hard_sigmoid", None])
def test_a_name_without_a_number_is_its_own_family(name: str | None) -> None:
    assert family_of(name) == name


@pytest.mark.parametrize("name", ["leaky_relu_x", "tanh_0.5", "", "unknown", None])
def test_what_is_no_function_has_none(name: str | None) -> None:
    assert function_of(name) is None


@pytest.mark.parametrize(
    ("class_name", "config", "name"),
    [
        ("LeakyReLU", {}, "leaky_relu_0.3"),
        ("LeakyReLU", {"negative_slope": 0.2}, "leaky_relu"),
        ("ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}, "relu"),
        ("ReLU", {"max_value": 6.0}, "relu6"),
        ("ReLU", {"negative_slope": 0.1}, "leaky_relu_0.1"),
        ("ReLU", {"threshold": 1.0}, None),
        ("ELU", {"alpha": 1.0}, "elu"),
        ("Softmax", {"axis": -1}, "softmax"),
        ("Softmax", {"axis": 1}, None),
        ("Dropout", {"rate": 0.2}, None),
    ],
)
def test_a_layer_that_is_an_activation_is_named_by_its_settings(
    class_name: str, config: dict[str, float], name: str | None
) -> None:
    assert layer_activation(class_name, config) == name


# --- classes ----------------------------------------------------------------------------------------------------------


def test_one_sigmoid_unit_is_a_probability() -> None:
    outputs = np.array([[0.2], [0.5], [0.7]], np.float32)
    sigmoid, linear = (Network((Layer("Dense", 1, name),)) for name in ("sigmoid", "linear"))
    assert classes_of(outputs, sigmoid).tolist() == [0, 0, 1]
    assert gives_classes(outputs, sigmoid)
    assert not gives_classes(outputs, linear)
    assert classes_of(np.add(outputs.repeat(2, axis=1), [[0, 1]]), sigmoid).tolist() == [1, 1, 1]
