"""Why a training is the kernel's own work: the kinds of reasons that there are.

What a kernel says of it is looked up here and never shown: it is a claim, in a student's hands.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class KernelWork(StrEnum):
    """A kind of reason."""

    OWN_WEIGHTS = "own weights"
    IN_PARTS = "in parts"
    ADAPTED = "adapted"
    LAYER = "layer"
    ACTIVATION = "activation"
    INITIALIZER = "initializer"
    OPTIMIZER = "optimizer"
    LOSS = "loss"
    METRIC = "metric"
    CALLBACK = "callback"
    PIPELINE = "pipeline"
    EPOCH = "epoch"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    DEVICES = "devices"
    MODEL = "model"
    DATA = "data"
    TRAINER = "trainer"
    BUDGET = "budget"
    FAULT = "fault"


_BEGINNINGS: tuple[tuple[KernelWork, tuple[str, ...]], ...] = (
    (KernelWork.OWN_WEIGHTS, ("weights of the student's own",)),
    (KernelWork.TRAINER, ("weights that the trainer",)),
    (KernelWork.IN_PARTS, ("weights", "an optimizer of another model", "an optimizer that was used")),
    (KernelWork.ADAPTED, ("a layer that was adapted",)),
    (KernelWork.LAYER, ("a layer",)),
    (KernelWork.ACTIVATION, ("an activation",)),
    (KernelWork.INITIALIZER, ("an initializer",)),
    (KernelWork.OPTIMIZER, ("an optimizer", "a learning rate")),
    (KernelWork.LOSS, ("a loss", "losses")),
    (KernelWork.METRIC, ("a metric", "weighted metrics")),
    (KernelWork.CALLBACK, ("a callback",)),
    (KernelWork.PIPELINE, ("a pipeline", "a part of rows")),
    (KernelWork.EPOCH, ("an epoch of another length",)),
    (KernelWork.REFUSED, ("a training that Keras refuses",)),
    (KernelWork.UNREADABLE, ("a call that Keras will refuse",)),
    (KernelWork.DEVICES, ("a training spread over devices",)),
    (KernelWork.MODEL, ("a model", "a call")),
    (KernelWork.DATA, ("inputs", "data", "rows", "a part of the data")),
    (KernelWork.BUDGET, ("more than the trainer does",)),
    (KernelWork.FAULT, ("a fault of the trainer's",)),
    (KernelWork.TRAINER, ("the trainer", "a training that the trainer")),
)
"""Beginnings of the recorder's words, the first that fits."""
TRUSTED: Mapping[KernelWork, str] = {
    KernelWork.BUDGET: "more than the trainer does for one notebook",
    KernelWork.FAULT: "a fault of the trainer's",
    KernelWork.PIPELINE: "a pipeline that the trainer does not follow",
    KernelWork.TRAINER: "the trainer does not take it",
    KernelWork.IN_PARTS: "weights of a training in the kernel",
}
"""Reasons that the trusted side knows by itself, in the same words."""
OURS = frozenset({KernelWork.BUDGET, KernelWork.FAULT})
"""Reasons that no kernel can know."""


def kind_of(why: str) -> KernelWork | None:
    """The kind of a reason; None where there is none, or one that nobody knows."""
    return next((kind for kind, beginnings in _BEGINNINGS if why.startswith(beginnings)), None)
