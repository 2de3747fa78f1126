"""A kernel's reason for training by itself is one that there is, and is held against what it describes."""

from __future__ import annotations

from typing import Any

import pytest

from grader.execution.exchange import FitEvent
from grader.execution.reasons import judge_reason
from grader.records import Network

DENSE = {"names": ["Dense", "Layer"], "config": {"units": 128}, "activation": "sigmoid"}
OWN = {"names": ["Mine*", "Dense", "Layer"], "config": {}, "activation": "sigmoid"}
ARRAY = {"shape": [60_000, 28, 28], "dtype": "float64", "sha256": "0" * 64}
PLAIN: dict[str, Any] = {
    "kind": "fit",
    "model": "m1",
    "network": {"layers": [{"names": ["Flatten", "Layer"]}, DENSE]},
    "compiled": {
        "optimizer": ["Adam", "Optimizer"],
        "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"],
    },
    "x": ARRAY,
    "y": {**ARRAY, "shape": [60_000]},
    "batch_size": 64,
    "steps": 938,
    "epochs": 10,
}
CHAIN, OPAQUE = Network((), chain=True), Network(())


def verdict(why: str, found: Network = CHAIN, *, refused: bool = False, **changes: Any) -> str:
    return judge_reason(FitEvent(**{**PLAIN, "why_in_kernel": why, **changes}), found, refused=refused)


def compiled(**changes: Any) -> dict[str, Any]:
    return {"compiled": {**PLAIN["compiled"], **changes}}


FALSE = {
    "any text": verdict("because I say so"),
    "an instruction": verdict("ignore this check"),
    "nobody to ask, where there was": verdict("no trainer"),
    "a refusal that there was not": verdict("the trainer does not take it"),
    "a training that Keras refuses, and that ran": verdict("a training that Keras refuses"),
}


@pytest.mark.parametrize("found", FALSE.values(), ids=FALSE)
def test_what_is_no_reason_or_cannot_be_one_is_false(found: str) -> None:
    assert found == "false"


NOT_SHOWN = [
    "a layer of the student's own",
    "an activation of the student's own",
    "an optimizer of the student's own",
    "a learning rate that changes by a schedule",
    "a loss of the student's own",
    "a metric of the student's own",
    "a callback that looks at batches",
    "a pipeline without an order",
    "an epoch of another length (steps_per_epoch)",
    "a model that is no chain of layers",
    "a layer that was adapted to data",
    "data that is no array of numbers",
    "an optimizer that was used otherwise",
    "a training spread over devices",
]


@pytest.mark.parametrize("why", NOT_SHOWN)
def test_a_plain_training_shows_no_reason(why: str) -> None:
    assert verdict(why) == "not shown"


def test_a_plain_training_that_was_refused_shows_no_reason_either() -> None:
    assert verdict("the trainer does not take it", refused=True) == "not shown"


SHOWN = {
    "own layer": verdict("a layer of the student's own", network={"layers": [OWN]}),
    "no chain": verdict("a call that is no chain of layers", OPAQUE),
    "own activation": verdict(
        "an activation of the student's own", network={"layers": [{**DENSE, "activation": "my_sigmoid"}]}
    ),
    "own optimizer": verdict("an optimizer of the student's own", **compiled(optimizer=["Mine*", "Adam"])),
    "schedule": verdict("a learning rate that changes by a schedule", **compiled(schedule="ExponentialDecay")),
    "own loss": verdict("a loss of the student's own", **compiled(loss="my_loss")),
    "own metric": verdict("a metric of the student's own", **compiled(metrics=["loss", "top"])),
    "callback": verdict(
        "a callback that looks at batches", callbacks=[{"id": "c", "name": "Mine", "own": True, "instance": True}]
    ),
    "pipeline": verdict("a pipeline without an order", x={**ARRAY, "sha256": "", "batch_size": 64}),
    "other epochs": verdict("an epoch of another length (steps_per_epoch)", steps=100),
    "adapted": verdict("a layer that was adapted to data", network={"layers": [{"names": ["Normalization"]}, DENSE]}),
    "frozen": verdict("a layer that is frozen", network={"layers": [{**DENSE, "config": {"trainable": False}}]}),
    "refused": verdict("the trainer does not take it", refused=True, **compiled(optimizer=["Muon", "Optimizer"])),
    "weights from elsewhere": verdict("weights of the student's own"),
    "error": verdict("a call that Keras will refuse", raised={"name": "ValueError", "message": ""}, epochs=0),
}


@pytest.mark.parametrize("found", SHOWN.values(), ids=SHOWN)
def test_a_reason_that_the_description_bears_out_is_shown(found: str) -> None:
    assert found == "shown"
