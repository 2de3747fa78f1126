"""Checks of what a network is: its layers, their widths and activations, and its optimizer."""

from __future__ import annotations

from typing import Any

from grader.checks.context import Context
from grader.checks.wording import activation_word
from grader.records import Basis, Finding, Layer, Network, Training, say, say_number
from grader.rubric.criteria import HiddenActivation, HiddenLayers, Optimizer, OutputLayer
from grader.training.activations import family_of


def check_hidden_layers(criterion: HiddenLayers, context: Context) -> Finding:
    """The hidden dense layers have exactly the widths asked for, however they were written."""
    training = context.training()
    if training is None or not training.network.dense:
        return context.missing(criterion, say("No network was found for this question."))
    found = list(training.network.hidden_units)
    evidence = {
        "model": table(training.network),
        "expected_model": _expected_table(context),
        "found": found,
        "expected": criterion.units,
    }
    basis = basis_of(training.network)
    where: dict[str, Any] = {"cells": [training.cell], "evidence": evidence}
    if not found:
        message = say("The network has no hidden dense layer.")
        judge = context.failed if criterion.units else context.passed
        return judge(criterion, message, basis, **where)
    if found == criterion.units:
        message = say_number(
            "The hidden dense layer has {units} units.",
            "The hidden dense layers have {units} units.",
            len(found),
            units=widths(found),
        )
        return context.passed(criterion, message, basis, **where)
    if not criterion.units:
        message = say_number(
            "The network has a hidden dense layer of {found} units; none was asked for.",
            "The network has hidden dense layers of {found} units; none was asked for.",
            len(found),
            found=widths(found),
        )
        return context.failed(criterion, message, basis, **where)
    message = say_number(
        "The hidden dense layer has {found} units instead of {wanted}.",
        "The hidden dense layers have {found} units instead of {wanted}.",
        len(found),
        found=widths(found),
        wanted=widths(criterion.units),
    )
    return context.failed(criterion, message, basis, **where)


def check_hidden_activation(criterion: HiddenActivation, context: Context) -> Finding:
    """Every hidden dense layer computes the activation asked for."""
    training = context.training()
    if training is None or not training.network.dense:
        return context.missing(criterion, say("No network was found for this question."))
    hidden = training.network.dense[:-1]
    where: dict[str, Any] = {"cells": [training.cell]}
    basis = basis_of(training.network)
    if not hidden:
        return context.failed(criterion, say("The network has no hidden dense layer."), basis, **where)
    found = sorted({layer.activation or "linear" for layer in hidden})
    if {family_of(name) for name in found} == {criterion.activation}:
        message = say(
            "The hidden layer uses the {activation} activation.", activation=activation_word(criterion.activation)
        )
        return context.passed(criterion, message, basis, **where)
    message = say(
        "The hidden layer uses the {found} activation instead of {wanted}.",
        found=[activation_word(name) for name in found],
        wanted=activation_word(criterion.activation),
    )
    return context.failed(criterion, message, basis, **where)


def check_output_layer(criterion: OutputLayer, context: Context) -> Finding:
    """The last dense layer has the width and the activation asked for."""
    training = context.training()
    if training is None or not training.network.dense:
        return context.missing(criterion, say("No network was found for this question."))
    output = training.network.dense[-1]
    where: dict[str, Any] = {"cells": [training.cell]}
    basis = basis_of(training.network)
    if output.units == criterion.units and family_of(output.activation) == criterion.activation:
        message = say(
            "The output layer has {units} units and the {activation} activation.",
            units=criterion.units,
            activation=activation_word(criterion.activation),
        )
        return context.passed(criterion, message, basis, **where)
    message = say_number(
        "The output layer has {units} unit with the {activation} activation; "
        "{wanted_units} with {wanted_activation} were asked for.",
        "The output layer has {units} units with the {activation} activation; "
        "{wanted_units} with {wanted_activation} were asked for.",
        output.units or 0,
        units=output.units or "?",
        activation=activation_word(output.activation),
        wanted_units=criterion.units,
        wanted_activation=activation_word(criterion.activation),
    )
    return context.failed(criterion, message, basis, **where)


def check_optimizer(criterion: Optimizer, context: Context) -> Finding:
    """The network was compiled with the optimizer asked for, or with a class of the student's own derived from it."""
    training = context.training()
    if training is None or not training.optimizer:
        return context.missing(criterion, say("No compiled network was found for this question."))
    found = keras_optimizer(training)
    where: dict[str, Any] = {"cells": [training.cell]}
    if found.lower() == criterion.name.lower():
        message = say("The network was compiled with {name}.", name=found)
        return context.passed(criterion, message, "claimed", **where)
    message = say("The network was compiled with {found} instead of {wanted}.", found=found, wanted=criterion.name)
    return context.failed(criterion, message, "claimed", **where)


def keras_optimizer(training: Training) -> str:
    """The nearest class of Keras's own: AdamW derives from Adam, and is another optimizer."""
    return next((name for name in training.optimizer if not name.endswith("*")), training.optimizer[0].rstrip("*"))


def basis_of(network: Network) -> Basis:
    """Whether the network's layers were recomputed from numbers or are as the kernel says."""
    return "recomputed" if network.chain else "claimed"


def widths(units: list[int | None] | list[int]) -> str:
    """``128`` or ``128, 64``, of one hidden layer or more."""
    return ", ".join("?" if width is None else str(width) for width in units)


def table(network: Network) -> list[dict[str, Any]]:
    """A network as rows for people."""
    return [_row(layer) for layer in network.layers if layer.class_name not in ("InputLayer",)]


def _row(layer: Layer) -> dict[str, Any]:
    shape = None if layer.output_shape is None else "x".join("?" if n is None else str(n) for n in layer.output_shape)
    return {"layer": layer.class_name, "units": layer.units, "activation": layer.activation, "output_shape": shape}


def _expected_table(context: Context) -> list[dict[str, Any]]:
    """What the rubric asks for, as rows."""
    rows: list[dict[str, Any]] = []
    activation = None
    for criterion in context.question.criteria:
        if isinstance(criterion, HiddenActivation):
            activation = criterion.activation
    for criterion in context.question.criteria:
        if isinstance(criterion, HiddenLayers):
            rows += [
                {"layer": "Dense", "units": width, "activation": activation, "output_shape": str(width)}
                for width in criterion.units
            ]
        if isinstance(criterion, OutputLayer):
            row = {"layer": "Dense", "units": criterion.units, "activation": criterion.activation}
            rows.append({**row, "output_shape": str(criterion.units)})
    return rows
