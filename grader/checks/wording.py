"""What several checks say in the same words."""

from __future__ import annotations

from grader.records import Message, Network, Training, say

_ACTIVATIONS = {
    "sigmoid": say("sigmoid"),
    "linear": say("linear"),
    "unknown": say("unknown"),
}
"""Those that other languages have words for; the others are called as Keras calls them."""


def activation_word(name: str | None) -> Message | str:
    """An activation as people call it; none at all is a linear one."""
    found = name or "linear"
    return _ACTIVATIONS.get(found, found)


def layer_words(network: Network) -> list[Message]:
    """``512 sigmoid, 10 softmax``, as a list."""
    return [
        say("{units} {activation}", units=layer.units, activation=activation_word(layer.activation))
        for layer in network.dense
    ]


def with_its_end(message: Message, training: Training) -> Message:
    """What is said of a training's epochs, and of the callback that ended it before its time, if one did."""
    name = ended_by(training)
    if not name:
        return message
    why = say("{name} ended it before the {asked} epochs that fit was given.", name=name, asked=training.epochs_asked)
    return say("{what} {why}", what=message, why=why)


def its_end(training: Training) -> dict[str, str]:
    """The evidence for a number of epochs that a callback cut short: ``ended_by``; nothing where none did."""
    name = ended_by(training)
    return {"ended_by": name} if name else {}


def ended_by(training: Training) -> str:
    """The callback that ended a training before the epochs that were asked for; empty where none did."""
    if training.raised is not None or not 0 < training.epochs < training.epochs_asked:
        return ""
    stoppers = [callback for callback in training.callbacks if "EarlyStopping" in callback.names]
    stoppers += [callback for callback in training.callbacks if callback.stops]
    stoppers += [callback for callback in training.callbacks if callback.may_stop]
    return stoppers[0].name if stoppers else ""
