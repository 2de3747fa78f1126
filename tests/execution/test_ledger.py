"""Which trainings count as the trainer's: those whose epochs, settings and weights a kernel reports as it got them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_desk import FIT, X, Y, ask

from grader.execution.desk import TrainingDesk
from grader.execution.exchange import FitEvent
from grader.records import Array, Layer, Message, Network
from grader.training.service import Trainings

REPORT: dict[str, Any] = {
    "kind": "fit",
    "model": "m1",
    "compiled": {"optimizer": ["SGD", "Optimizer"]},
    "batch_size": 16,
    "epochs": 2,
    "training": 0,
    "answered": 2,
}


@pytest.fixture
def desk(tmp_path: Path, trainings: Trainings) -> TrainingDesk:
    trainings.store.put_data(X)
    trainings.store.put_data(Y)
    return TrainingDesk(tmp_path, trainings)


def train(desk: TrainingDesk, epochs: int = 2, training: int = 0) -> tuple[list[dict[str, float]], list[list[Array]]]:
    """Logs and weights of each epoch, as a kernel gets them."""
    assert ask(desk, FIT) == {"training": training}
    logs, weights = [], []
    for epoch in range(1, epochs + 1):
        answer, arrays = desk.answer(json.dumps({"op": "epoch", "training": training, "epoch": epoch}).encode())
        logs.append(answer["logs"])
        weights.append(list(arrays))
    return logs, weights


def network(weights: list[Array], activation: str = "softmax", units: int = 2) -> Network:
    return Network((Layer("Dense", units, activation, weights=tuple(weights)),))


def source(
    desk: TrainingDesk, logs: list[dict[str, float]], found: Network, **changes: Any
) -> tuple[str, Message | None]:
    return desk.source(FitEvent(**{**REPORT, "logs": logs, **changes}), found, cell=3)


def test_a_faithful_report_is_the_trainers(desk: TrainingDesk) -> None:
    logs, weights = train(desk)
    kind, against = source(desk, [{**log, "val_loss": 1.0} for log in logs], network(weights[-1]))
    assert (kind in ("trained", "replayed"), against) == (True, None)


def test_a_pipelines_batch_size_counts_whatever_the_call_says(desk: TrainingDesk) -> None:
    logs, weights = train(desk)
    said = {"x": {"shape": [16, 4], "batch_size": 16}, "batch_size": 64}
    assert source(desk, logs, network(weights[-1]), **said)[1] is None


def test_weights_of_an_earlier_epoch_may_be_restored(desk: TrainingDesk) -> None:
    logs, weights = train(desk)
    assert source(desk, logs, network(weights[0]))[1] is None


def test_each_training_is_reported_once(desk: TrainingDesk) -> None:
    logs, weights = train(desk)
    train(desk, training=1)
    assert source(desk, logs, network(weights[-1]))[0] != "kernel"
    assert source(desk, logs, network(weights[-1]))[0] == "kernel"
    assert source(desk, logs, network(weights[-1]), training=1)[0] != "kernel"


Forge = Callable[[list[dict[str, float]], list[Array]], tuple[list[dict[str, float]], Network, dict[str, Any]]]
FORGED: dict[str, tuple[Forge, str]] = {
    "logs": (lambda logs, weights: ([*logs[:-1], {"loss": 0.01, "accuracy": 0.99}], network(weights), {}), "logs"),
    "fewer logs": (lambda logs, weights: (logs[:1], network(weights), {}), "logs"),
    "weights": (lambda logs, weights: (logs, network([value + 1 for value in weights]), {}), "weights"),
    "a weight left out": (lambda logs, weights: (logs, network(weights[:1]), {}), "weights"),
    "an activation": (lambda logs, weights: (logs, network(weights, "sigmoid"), {}), "layers"),
    "another layer before": (
        lambda logs, weights: (
            logs,
            replace(network(weights), layers=(Layer("Dense", 128, "relu"), *network(weights).layers)),
            {},
        ),
        "layers",
    ),
    "the batch size": (lambda logs, weights: (logs, network(weights), {"batch_size": 64}), "batch_size"),
    "a pipeline's batch size": (
        lambda logs, weights: (logs, network(weights), {"x": {"shape": [64, 4], "batch_size": 64}}),
        "batch_size",
    ),
    "the optimizer": (
        lambda logs, weights: (logs, network(weights), {"compiled": {"optimizer": ["Adam"]}}),
        "optimizer",
    ),
}


@pytest.mark.parametrize(("forge", "what"), FORGED.values(), ids=FORGED)
def test_what_was_not_given_is_the_kernels_claim_and_is_flagged(desk: TrainingDesk, forge: Forge, what: str) -> None:
    logs, weights = train(desk)
    said, found, changes = forge(logs, weights[-1])
    kind, against = source(desk, said, found, **changes)
    assert kind == "kernel"
    assert against is not None
    assert against.values == {"cell": 4, "what": what}


NOT_GIVEN: dict[str, dict[str, Any]] = {
    "more epochs than given": {"epochs": 3, "answered": 3},
    "epochs of the kernel's own among them": {"epochs": 3},
    "no such training": {"training": 7},
    "no training": {"training": None},
    "the last of a list": {"training": -1},
}


@pytest.mark.parametrize("changes", NOT_GIVEN.values(), ids=NOT_GIVEN)
def test_what_the_trainer_did_not_do_is_the_kernels(desk: TrainingDesk, changes: dict[str, Any]) -> None:
    logs, weights = train(desk)
    kind, doubt = source(desk, logs, network(weights[-1]), **changes)
    assert kind == "kernel"
    assert doubt is not None


@pytest.mark.parametrize("training", [None, 0], ids=["from the first epoch", "from a later one"])
def test_a_training_that_the_kernel_had_to_do_is_not_doubted(desk: TrainingDesk, training: int | None) -> None:
    logs, weights = train(desk, epochs=1)
    report = {"training": training, "answered": 0 if training is None else 1, "why_in_kernel": "a pipeline"}
    assert source(desk, [*logs, *logs], network(weights[-1]), **report) == ("kernel", None)


def test_weights_that_are_no_numbers_are_nobodys(desk: TrainingDesk) -> None:
    logs, weights = train(desk)
    broken = [np.full_like(value, np.nan) for value in weights[-1]]
    assert source(desk, logs, network(broken))[0] == "kernel"
