"""Checks of how a network was trained, and of what came of it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from grader.checks.context import Context
from grader.checks.networks import basis_of, widths
from grader.checks.wording import its_end, layer_words, with_its_end
from grader.records import Array, Basis, Data, Finding, Message, Network, Training, say, say_number
from grader.rubric.criteria import BatchSize, Epochs, HiddenActivation, HiddenLayers, NetworkTrained, TestAccuracy
from grader.training.networks import classes_of, predict
from grader.training.preparation import find_preparation


def check_epochs(criterion: Epochs, context: Context) -> Finding:
    """The training ran for exactly the epochs asked for."""
    training = context.training()
    if training is None or training.built_only or (training.raised is not None and not training.epochs):
        return context.missing(criterion, say("No training was found for this question."))
    where: dict[str, Any] = {"cells": [training.cell]}
    if not training.epochs and training.steps:
        message = _loop(training)
        return context.review(criterion, message, "claimed", **where)
    found = context.epochs_in_place(training)
    if criterion.epochs in (training.epochs, found):
        message = say_number(
            "Training ran for {epochs} epoch.",
            "Training ran for {epochs} epochs.",
            criterion.epochs,
            epochs=criterion.epochs,
        )
        return context.passed(criterion, with_its_end(message, training), "claimed", **where)
    message = _other_epochs(training, criterion.epochs)
    if training.raised is not None:  # broken off: by a limit, or by what ran when it was saved
        return context.missing(criterion, message, [training.cell])
    return context.failed(criterion, message, "claimed", evidence=its_end(training), **where)


def check_batch_size(criterion: BatchSize, context: Context) -> Finding:
    """The training used batches of the size asked for."""
    training = context.training()
    if training is None or not was_trained(training):
        return context.missing(criterion, say("No training was found for this question."))
    where: dict[str, Any] = {"cells": [training.cell]}
    if training.batch_size is None:
        message = say("The size of the batches could not be seen; a person looks at it.")
        return context.review(criterion, message, "claimed", **where)
    if training.batch_size == criterion.batch_size:
        message = say("Training used batches of {size}.", size=training.batch_size)
        return context.passed(criterion, message, "claimed", **where)
    message = say(
        "Training used batches of {found} instead of {wanted}.", found=training.batch_size, wanted=criterion.batch_size
    )
    return context.failed(criterion, message, "claimed", **where)


def check_test_accuracy(criterion: TestAccuracy, context: Context) -> Finding:
    """The share of real test images that the trained network gets right, computed here."""
    training = context.training()
    if training is None or training.built_only or (training.raised is not None and not training.epochs):
        return context.missing(criterion, say("No trained network was found for this question."))
    where: dict[str, Any] = {"cells": [training.cell]}
    probabilities, basis = probabilities_on_test(training, context)
    if probabilities is None:
        message = say("The network's accuracy could not be computed; a person looks at it.")
        return context.review(criterion, message, "claimed", **where)
    accuracy = float(np.mean(classes_of(probabilities, training.network) == context.data.test_labels))
    where["evidence"] = {"accuracy": round(accuracy, 4)}
    values = {"accuracy": accuracy, "wanted": criterion.above}
    if np.isfinite(probabilities).all() and accuracy > criterion.above:
        message = say(
            "The network gets {accuracy:.1%} of the real test images right; more than {wanted:.0%} was asked.", **values
        )
        if basis == "claimed":
            message = say(
                "By the notebook's own account the network gets {accuracy:.1%} of the real test images right; only the "
                "notebook can compute it. A person decides.",
                **values,
            )
            return context.review(criterion, message, basis, points=criterion.points, **where)
        return context.passed(criterion, message, basis, **where)
    message = say(
        "The network gets {accuracy:.1%} of the real test images right, not more than {wanted:.0%}.", **values
    )
    if training.raised is not None:
        return context.missing(criterion, message, [training.cell])
    return context.failed(criterion, message, basis, **where)


def probabilities_on_test(training: Training, context: Context, count: int | None = None) -> tuple[Array | None, Basis]:
    """What the network says of the first `count` real test images (all by default), computed here or by the kernel."""
    if not training.network.chain:
        given = training.test_probabilities
        return (None if given is None else given[:count]), "claimed"
    for data in _inputs(training, context):
        preparation = find_preparation(data, context.data)
        if preparation is not None:
            with suppress(ValueError):
                return predict(training.network, preparation.apply(context.data.test_images[:count])), "recomputed"
    return None, "claimed"


def _inputs(training: Training, context: Context) -> list[Data | None]:
    """What shows how the images were prepared: what `fit` was given; where a loop of the student's own trained, what
    the network was asked about, and what other networks were trained on.
    """
    if training.x is not None:
        return [training.x]
    calls = [call.x for call in context.evidence.calls if call.model == training.model]
    return [*calls, *(other.x for other in context.evidence.trainings if other.x is not None)][:8]


def check_network_trained(criterion: NetworkTrained, context: Context) -> Finding:
    """Another question's network, with other widths or another number of epochs, was trained."""
    training = context.training()
    if training is None or training.built_only or not training.network.dense:
        return context.missing(criterion, say("No training was found for this question."))
    if training.raised is not None and not training.epochs:
        return context.missing(
            criterion,
            say("The training raised {error}.", error=f"{training.raised.name}: {training.raised.message[:200]}"),
            [training.cell],
        )
    if not was_trained(training):
        message = say("The network was built, but trained for no epoch.")
        return context.failed(criterion, message, "claimed", cells=[training.cell])
    wrong = (
        _epochs_wrong(criterion, training, context)
        or _data_wrong(criterion, training, context)
        or _network_wrong(criterion, training, context)
    )
    if wrong is not None:
        return wrong
    evidence = {"found": list(training.network.hidden_units), "epochs": training.epochs}
    where: dict[str, Any] = {"cells": [training.cell], "evidence": evidence}
    if criterion.epochs is not None and training.epochs_before:
        message = say_number(
            "Trained for {epochs} epoch, as a further training of a network that had {before} before.",
            "Trained for {epochs} epochs, as a further training of a network that had {before} before.",
            training.epochs,
            epochs=training.epochs,
            before=training.epochs_before,
        )
        return context.passed(criterion, message, "claimed", **where)
    message = with_its_end(_trained(training), training)
    return context.passed(criterion, message, basis_of(training.network), **where)


def _trained(training: Training) -> Message:
    found = list(training.network.hidden_units)
    if not found:
        return say_number(
            "A network without a hidden layer was trained for {epochs} epoch.",
            "A network without a hidden layer was trained for {epochs} epochs.",
            training.epochs,
            epochs=training.epochs,
        )
    return say_number(
        "A network of {units} hidden units was trained for {epochs} epoch.",
        "A network of {units} hidden units was trained for {epochs} epochs.",
        training.epochs,
        units=widths(found),
        epochs=training.epochs,
    )


def _epochs_wrong(criterion: NetworkTrained, training: Training, context: Context) -> Finding | None:
    if criterion.epochs is None:
        return None
    reached = {training.epochs, training.epochs_before + training.epochs, context.epochs_in_place(training)}
    if criterion.epochs in reached:
        return None
    if not training.epochs and training.steps:
        message = _loop(training)
        return context.review(criterion, message, "claimed", cells=[training.cell])
    if context.breaks_today(training.cell) or context.blocked(training.cell):
        return context.missing(criterion, say("No training was found for this question."), [training.cell])
    message = _other_epochs(training, criterion.epochs)
    return context.failed(criterion, message, "claimed", cells=[training.cell], evidence=its_end(training))


def _other_epochs(training: Training, wanted: int) -> Message:
    message = say_number(
        "Training ran for {found} epoch instead of {wanted}.",
        "Training ran for {found} epochs instead of {wanted}.",
        training.epochs,
        found=training.epochs,
        wanted=wanted,
    )
    return with_its_end(message, training)


def _loop(training: Training) -> Message:
    if training.loaded:
        return say("The network was loaded with its weights, and trained elsewhere. A person decides.")
    return say_number(
        "The network was trained by a loop of {steps} step; a person counts its epochs.",
        "The network was trained by a loop of {steps} steps; a person counts its epochs.",
        training.steps,
        steps=training.steps,
    )


def was_trained(training: Training) -> bool:
    """True if an epoch, or a loop of the student's own, ran."""
    if training.built_only or (training.raised is not None and not training.epochs):
        return False
    return bool(training.epochs or training.steps)


def _data_wrong(criterion: NetworkTrained, training: Training, context: Context) -> Finding | None:
    """What cannot be the images, however prepared: other than 784 numbers, or the same number throughout."""
    sample = None if training.x is None else training.x.sample
    if sample is None or not sample.size:
        return None
    if sample[0].size == context.data.train_images[0].size and np.ptp(sample) > 0:
        return None
    message = say("The network was trained on other data than the images.")
    return context.failed(criterion, message, "claimed", cells=[training.cell])


def _network_wrong(criterion: NetworkTrained, training: Training, context: Context) -> Finding | None:
    """An error carried forward costs once: like the other question's network as the student has it, or as it
    was asked.
    """
    base = context.training(criterion.like)
    shapes = [shape(training.network)]
    wanted = _asked(criterion, context)
    own = None if base is None or not base.network.dense else _with_units(shape(base.network), criterion.units)
    if any(found in (wanted, own) for found in shapes):
        return None
    where: dict[str, Any] = {"cells": [training.cell]}
    found = list(training.network.hidden_units)
    if criterion.units and not found:
        return context.failed(
            criterion, say("The network has no hidden dense layer."), basis_of(training.network), **where
        )
    if criterion.units is not None and not set(criterion.units) <= set(found):
        message = say(
            "The network has {found} hidden units instead of {wanted}.",
            found=widths(found),
            wanted=widths(criterion.units),
        )
        return context.failed(criterion, message, basis_of(training.network), **where)
    if criterion.units is None:
        message = say(
            "The epochs are right, but another network than that of question {like} was trained; a person decides.",
            like=criterion.like,
        )
        return context.review(criterion, message, "claimed", points=criterion.points, **where)
    message = say(
        "Besides its width, the network differs from that of question {like}: {found}.",
        like=criterion.like,
        found=layer_words(training.network),
    )
    return context.failed(criterion, message, basis_of(training.network), **where)


Shape = tuple[tuple[int | None, str | None], ...]


def shape(network: Network) -> Shape:
    """Widths and activations of the dense layers."""
    return tuple((layer.units, layer.activation) for layer in network.dense)


def _with_units(base: Shape, units: list[int] | None) -> Shape:
    """The same with other hidden widths, one after the other."""
    if units is None:
        return base
    hidden = list(base[:-1])
    changed = [(width, hidden[min(i, len(hidden) - 1)][1] if hidden else None) for i, width in enumerate(units)]
    return (*changed, *hidden[len(units) :], *base[-1:])


def _asked(criterion: NetworkTrained, context: Context) -> Shape:
    """The other question's network as its rubric asks for it, with this criterion's widths."""
    hidden: list[int] = []
    activation = None
    output: tuple[tuple[int | None, str | None], ...] = ()
    for other in context.rubric.question(criterion.like).criteria:
        if isinstance(other, HiddenLayers):
            hidden = other.units
        elif isinstance(other, HiddenActivation):
            activation = other.activation
        elif other.check == "output_layer":
            output = ((other.units, other.activation),)
    return (*((width, activation) for width in criterion.units or hidden), *output)
