"""Why a training ran in the student's notebook, in sentences of the grader's own.

What the kernel says of it is looked up here and never shown: it is a claim, in a student's hands.
"""

from __future__ import annotations

from grader.records import Message, say

_REASONS: tuple[tuple[tuple[str, ...], Message], ...] = (
    (("weights of the student's own",), say("its weights came from elsewhere")),
    (("weights", "an optimizer of another model", "an optimizer that was used"), say("it had been trained in parts")),
    (("a layer that was adapted",), say("a layer was adapted to the data")),
    (("a layer",), say("the grader does not train its layers")),
    (("an activation",), say("the grader does not train its activation")),
    (("an initializer",), say("the grader does not train its initializer or regularizer")),
    (("an optimizer", "a learning rate"), say("the grader does not train with its optimizer or learning rate")),
    (("a loss", "losses"), say("the grader does not train with its loss")),
    (("a metric", "weighted metrics"), say("the grader does not measure its metrics")),
    (("a callback",), say("a callback looks at batches or changes the model")),
    (("a pipeline", "a part of rows"), say("the grader does not follow its data pipeline")),
    (("an epoch of another length",), say("its epochs do not go through all the data")),
    (("a training that Keras refuses", "a call that Keras will refuse"), say("Keras refuses this training")),
    (("a training spread over devices",), say("it is spread over devices")),
    (("a model", "a call"), say("the model is no plain chain of Keras's layers")),
    (("inputs", "data", "rows", "a part of the data"), say("the grader does not take its data in this form")),
    (("the trainer", "a training that the trainer"), say("the grader does not train one of its parts")),
)
"""Beginnings of the recorder's words, the first that fits; what each means to a reader."""


def kernel_reason(why: str) -> Message | None:
    """What to tell of a reason; None where there is none, or one that nobody knows."""
    return next((message for beginnings, message in _REASONS if why.startswith(beginnings)), None)
