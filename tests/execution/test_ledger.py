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
from grader.records import Array, Data, Layer, Message, Network
from grader.training.service import Trainings
from grader.training.trajectories import array_digest

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


def train(
    desk: TrainingDesk, epochs: int = 2, training: int = 0, **changes: Any
) -> tuple[list[dict[str, float]], list[list[Array]]]:
    """Logs and weights of each epoch, as a kernel gets them."""
    assert ask(desk, {**FIT, **changes}) == {"training": training}
    logs, weights = [], []
    for epoch in range(1, epochs + 1):
        answer, arrays = desk.answer(json.dumps({"op": "epoch", "training": training, "epoch": epoch}).encode())
        logs.append(answer["logs"])
        weights.append(list(arrays))
    return logs, weights


def network(weights: list[Array], activation: str = "softmax", units: int = 2) -> Network:
    return Network((Layer("Dense", units, activation, weights=tuple(weights)),))


def source(
    desk: TrainingDesk, logs: list[dict[str, float]], found: Network, inputs: Data | None = None, **changes: Any
) -> tuple[str, Message | None]:
    return desk.source(FitEvent(**{**REPORT, "logs": logs, **changes}), found, 3, inputs)


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


@pytest.mark.parametrize("why", ["", "because", "the trainer does not take it", "a training that Keras refuses"])
def test_no_text_stands_for_a_reason(desk: TrainingDesk, why: str) -> None:
    logs, weights = train(desk)
    for report in ({"training": None, "answered": 0}, {"answered": 1}):
        kind, doubt = source(desk, logs, network(weights[-1]), **report, why_in_kernel=why)
        assert (kind, doubt is None) == ("kernel", False)


# --- one training is one: its epochs go on from one another ------------------------------------------------------------

SLOWER = {"name": "SGD", "config": {"learning_rate": 0.05}}
THREE = {"epochs": 3, "answered": 3, "training": 1}


def test_a_training_whose_learning_rate_a_callback_changed_is_one(desk: TrainingDesk) -> None:
    logs, _ = train(desk)
    more, weights = train(desk, 1, 1, weights=[0, 2], state=[0, 2], optimizer=SLOWER)
    kind, against = source(desk, [*logs, *more], network(weights[-1]), **THREE)
    assert (kind != "kernel", against) == (True, None)


WIDER = {"layers": [{"name": "Dense", "config": {"units": 8, "activation": "relu"}}, *FIT["layers"]]}
FEW_X, FEW_Y = X[:16].copy(), Y[:16].copy()
FEW = {"x": array_digest(FEW_X), "y": array_digest(FEW_Y)}
STITCHED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another network's epochs before": (WIDER, {}),
    "epochs on other data before": (FEW, {}),
    "epochs on other data, gone on from": (FEW, {"weights": [0, 2], "state": [0, 2]}),
    "epochs in other batches, gone on from": ({"batch_size": 64}, {"weights": [0, 2], "state": [0, 2]}),
    "the same begun anew": ({}, {}),
    "gone on from an earlier epoch than the last": ({}, {"weights": [0, 1], "state": [0, 1], "optimizer": SLOWER}),
}


@pytest.mark.parametrize(("before", "after"), STITCHED.values(), ids=STITCHED)
def test_epochs_of_two_trainings_are_not_one(
    desk: TrainingDesk, trainings: Trainings, before: dict[str, Any], after: dict[str, Any]
) -> None:
    for array in (FEW_X, FEW_Y):
        trainings.store.put_data(array)
    logs, _ = train(desk, **before)
    more, weights = train(desk, 1, 1, **after)
    kind, against = source(desk, [*logs, *more], network(weights[-1]), **THREE)
    assert kind == "kernel"
    assert against is not None


def test_the_last_epochs_of_a_longer_training_are_no_training(desk: TrainingDesk) -> None:
    logs, weights = train(desk, 3)
    assert source(desk, logs[1:], network(weights[-1]))[0] == "kernel"


# --- the data that was ordered ------------------------------------------------------------------------------------------


def shown(array: Array, rows: tuple[int, ...] = (0, 1, 63)) -> Data:
    return Data(array.shape, rows=rows, sample=array[list(rows)].astype(np.float64))


OTHER = np.random.default_rng(1).random((64, 4), dtype=np.float32)
HONEST_ROWS: dict[str, Data | None] = {
    "the array": shown(X),
    "a longer one, of which the last rows are for validation": shown(np.concatenate([X, OTHER]), (0, 1, 126, 127)),
    "a pipeline's rows": Data((2, 4), sample=X[[40, 3]], batch_size=2),
    "nothing": None,
}


@pytest.mark.parametrize("said", HONEST_ROWS.values(), ids=HONEST_ROWS)
def test_rows_that_were_ordered_are_taken_as_they_are_shown(desk: TrainingDesk, said: Data | None) -> None:
    logs, weights = train(desk)
    event = FitEvent(**{**REPORT, "logs": logs})
    assert desk.trained_on(event, said) is said
    assert source(desk, logs, network(weights[-1]), said)[1] is None


FORGED_ROWS: dict[str, Data] = {
    "of another array": shown(OTHER),
    "one of another array": shown(np.concatenate([X[:63], OTHER[63:]])),
    "beyond those that were ordered": shown(np.concatenate([X, OTHER]), (126, 127)),
    "of a pipeline": Data((2, 4), sample=np.stack([X[0], OTHER[0]]), batch_size=2),
    "of another width": shown(OTHER[:, :2]),
}


@pytest.mark.parametrize("said", FORGED_ROWS.values(), ids=FORGED_ROWS)
def test_rows_that_were_not_ordered_are_flagged_and_those_that_were_decide(desk: TrainingDesk, said: Data) -> None:
    logs, weights = train(desk)
    kind, against = source(desk, logs, network(weights[-1]), said)
    assert (kind, against and against.values) == ("kernel", {"cell": 4, "what": "data"})
    decides = desk.trained_on(FitEvent(**{**REPORT, "logs": logs}), said)
    assert decides is not None
    assert decides.sample is not None
    assert np.array_equal(decides.sample, X[list(decides.rows)])


def test_weights_that_are_no_numbers_are_nobodys(desk: TrainingDesk) -> None:
    logs, weights = train(desk)
    broken = [np.full_like(value, np.nan) for value in weights[-1]]
    assert source(desk, logs, network(broken))[0] == "kernel"
