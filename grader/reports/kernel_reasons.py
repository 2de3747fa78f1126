"""Why a training ran in the student's notebook, in sentences of the grader's own."""

from __future__ import annotations

from collections.abc import Mapping

from grader.records import Message, say
from grader.training.kernel_work import KernelWork, kind_of

_REFUSED = say("Keras refuses this training")
_SENTENCES: Mapping[KernelWork, Message] = {
    KernelWork.OWN_WEIGHTS: say("its weights came from elsewhere"),
    KernelWork.IN_PARTS: say("it had been trained in parts"),
    KernelWork.ADAPTED: say("a layer was adapted to the data"),
    KernelWork.LAYER: say("the grader does not train its layers"),
    KernelWork.ACTIVATION: say("the grader does not train its activation"),
    KernelWork.INITIALIZER: say("the grader does not train its initializer or regularizer"),
    KernelWork.OPTIMIZER: say("the grader does not train with its optimizer or learning rate"),
    KernelWork.LOSS: say("the grader does not train with its loss"),
    KernelWork.METRIC: say("the grader does not measure its metrics"),
    KernelWork.CALLBACK: say("a callback looks at batches or changes the model"),
    KernelWork.PIPELINE: say("the grader does not follow its data pipeline"),
    KernelWork.EPOCH: say("its epochs do not go through all the data"),
    KernelWork.REFUSED: _REFUSED,
    KernelWork.UNREADABLE: _REFUSED,
    KernelWork.DEVICES: say("it is spread over devices"),
    KernelWork.MODEL: say("the model is no plain chain of Keras's layers"),
    KernelWork.DATA: say("the grader does not take its data in this form"),
    KernelWork.BUDGET: say("it is more than the grader trains for one notebook"),
    KernelWork.FAULT: say("the grader could not train it, for a fault of its own"),
    KernelWork.TRAINER: say("the grader does not train one of its parts"),
}


def kernel_reason(why: str) -> Message | None:
    """What to tell of a reason; None where there is none, or one that nobody knows."""
    kind = kind_of(why)
    return None if kind is None else _SENTENCES[kind]
