"""The training desk asked by a kernel that may say anything: it gives what honest training gives, or nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.execution import desk as module
from grader.execution.arrays import put_array
from grader.execution.desk import TrainingDesk
from grader.execution.recorder import pipelines
from grader.execution.recorder.tasks import AT_ONCE
from grader.training.allowance import StoreAllowance
from grader.training.pipelines import MAX_ROWS, MAX_STAGES
from grader.training.service import Trainings
from grader.training.trajectories import array_digest
from grader.training.work import Budget

X = np.random.default_rng(0).random((64, 4), dtype=np.float32)
Y = (X.sum(axis=1) > 2).astype(np.uint8)
DENSE = {"name": "Dense", "config": {"units": 2, "activation": "softmax"}}
FIT: dict[str, Any] = {
    "op": "fit",
    "layers": [DENSE],
    "input_shape": [4],
    "optimizer": {"name": "SGD", "config": {"learning_rate": 0.1}},
    "loss": {"name": "SparseCategoricalCrossentropy", "config": {}},
    "metrics": [{"name": "accuracy", "config": {}}],
    "x": array_digest(X),
    "y": array_digest(Y),
    "batch_size": 16,
}


PIPELINE = {"rows": 64, "stages": [{"op": "shuffle", "count": 20, "flag": True}, {"op": "batch", "count": 8}]}
PIPED = {**FIT, "pipeline": PIPELINE}


def piped(*stages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**FIT, "pipeline": {**PIPELINE, "stages": list(stages), **more}}


BATCH = {"op": "batch", "count": 16}
FULL = {"op": "shuffle", "count": 64, "flag": True}
FOR_EVER = {"op": "repeat", "count": -1}


@pytest.fixture
def desk(tmp_path: Path, trainings: Trainings) -> TrainingDesk:
    trainings.store.put_data(X)
    trainings.store.put_data(Y)
    return TrainingDesk(tmp_path, trainings)


def ask(desk: TrainingDesk, question: Any) -> dict[str, Any]:
    line = question if isinstance(question, bytes) else json.dumps(question).encode()
    answer, _ = desk.answer(line)
    return answer


MALFORMED = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "deep nesting": b"[" * 100_000,
    "an unknown question": {"op": "shell"},
    "no network": {**FIT, "layers": []},
    "a hundred thousand layers": {**FIT, "layers": [DENSE] * 1000},
    "a batch of no rows": {**FIT, "batch_size": 0},
    "a digest that is a path": {**FIT, "x": "../../etc/passwd"},
    "a digest that is too short": {**FIT, "y": "ab"},
    "a shape of negative size": {**FIT, "input_shape": [-4]},
    "a weight that is no number": {**FIT, "class_weight": [[0, float("nan")]]},
    "a layer of the student's own": {**FIT, "layers": [{"name": "Mine", "config": {}}]},
    "a function of Keras's": {**FIT, "layers": [{"name": "deserialize", "config": {}}]},
    "a setting that is code": {**FIT, "layers": [{"name": "Dense", "config": {"units": "__import__('os')"}}]},
    "weights that were never given": {**FIT, "weights": [0, 1], "state": [0, 1]},
    "a pipeline of a stage that is none": piped({"op": "map"}, BATCH),
    "a pipeline without batches": piped(FULL),
    "a pipeline of no rows": piped(BATCH, rows=0),
    "a pipeline with a buffer of nothing": piped({"op": "shuffle", "count": 0}, BATCH),
    "a pipeline of a thousand stages": piped(*[FULL] * 1000, BATCH),
    "a pipeline without end": piped(BATCH, FOR_EVER),
    "a pipeline of very many rows": piped(BATCH, {"op": "repeat", "count": 10**9}),
    "a pipeline of very many steps": piped(BATCH, FOR_EVER, steps=10**6),
    "an epoch of no training": {"op": "epoch", "training": 0, "epoch": 1},
    "a state of no training": {"op": "state", "training": 0, "epoch": 1},
    "a prediction of no training": {
        "op": "predict",
        "at": [0, 1],
        "layers": [DENSE],
        "input_shape": [4],
        "x": FIT["x"],
    },
}


@pytest.mark.parametrize("question", MALFORMED.values(), ids=MALFORMED)
def test_what_breaks_the_protocol_is_the_kernels_own_work(desk: TrainingDesk, question: Any) -> None:
    assert "kernel" in ask(desk, question)
    assert desk.taken == []


def test_a_training_is_given_epoch_by_epoch(desk: TrainingDesk) -> None:
    assert ask(desk, FIT) == {"training": 0}
    assert "kernel" in ask(desk, {"op": "epoch", "training": 0, "epoch": 2})
    answer, weights = desk.answer(json.dumps({"op": "epoch", "training": 0, "epoch": 1, "ahead": 2}).encode())
    assert sorted(answer["logs"]) == ["accuracy", "loss"]
    assert [value.shape for value in weights] == [(4, 2), (2,)]
    assert "kernel" in ask(desk, {"op": "state", "training": 0, "epoch": 2})
    assert "kernel" in ask(desk, {**FIT, "weights": [0, 2]})
    assert ask(desk, {"op": "epoch", "training": 0, "epoch": 2}) != answer


HOLDS_CONNECTIONS = """
import socket, sys
held = []
for _ in range(1_400):
    held.append(socket.socket(socket.AF_UNIX))
    held[-1].connect(sys.argv[1])
    held[-1].send(b'{"op": ')
    if len(held) > 500:
        del held[0]
print("held", flush=True)
sys.stdin.read()
"""
"""More than the other side may have open files, each in the middle of a question; half of them are given up."""


def test_a_kernel_cannot_use_up_our_open_files(desk: TrainingDesk, tmp_path: Path) -> None:
    path = str(tmp_path / module.SOCKET)

    async def attacked() -> tuple[int, bytes]:
        await desk.open()
        before = len(list(Path("/proc/self/fd").iterdir()))
        attacker = await asyncio.create_subprocess_exec(
            sys.executable, "-c", HOLDS_CONNECTIONS, path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert attacker.stdout is not None
        await asyncio.wait_for(attacker.stdout.readline(), 60)
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"{}\n")
        answer = await asyncio.wait_for(reader.readline(), 20)
        more = len(list(Path("/proc/self/fd").iterdir())) - before
        writer.close()
        await asyncio.wait_for(attacker.communicate(b""), 20)
        await desk.close()
        return more, answer

    more, answer = asyncio.run(attacked())
    assert b'"kernel"' in answer
    assert more < 60


def test_logs_alone_are_those_of_the_epoch(desk: TrainingDesk) -> None:
    ask(desk, FIT)
    logs, arrays = desk.answer(json.dumps({"op": "epoch", "training": 0, "epoch": 1, "weights": False}).encode())
    again, weights = desk.answer(json.dumps({"op": "epoch", "training": 0, "epoch": 1}).encode())
    assert logs == again
    assert not arrays
    assert weights
    assert len(desk._ledger.entries) == 1, "an epoch that is asked for twice was given once"


def test_kernel_and_desk_agree_on_how_many_epochs_are_trained_in_one_go() -> None:
    assert module.MAX_AHEAD == AT_ONCE


def test_kernel_and_desk_agree_on_how_many_rows_a_pipeline_may_have() -> None:
    assert MAX_ROWS == pipelines.MAX_ROWS
    assert MAX_STAGES >= pipelines.MAX_STAGES


def test_a_further_training_is_the_same_trajectory(desk: TrainingDesk) -> None:
    ask(desk, FIT)
    for epoch in (1, 2):
        ask(desk, {"op": "epoch", "training": 0, "epoch": epoch})
    assert ask(desk, {**FIT, "weights": [0, 2], "state": [0, 2]}) == {"training": 1}
    assert ask(desk, {**FIT, "weights": [0, 2]}) == {"training": 2}
    assert ask(desk, {**FIT, "weights": [0, 1], "state": [0, 2]}) == {"training": 3}
    points = [taken.point(1) for taken in desk.taken]
    assert points[1].key == points[0].key
    assert points[1].epoch == 3
    assert len({point.key for point in points}) == 3


def test_another_name_for_accuracy_trains_nothing_anew(desk: TrainingDesk) -> None:
    ask(desk, FIT)
    logs = ask(desk, {"op": "epoch", "training": 0, "epoch": 1})["logs"]
    ask(desk, {**FIT, "metrics": [{"name": "acc", "config": {}}]})
    ask(desk, {**FIT, "metrics": []})
    named = [ask(desk, {"op": "epoch", "training": training, "epoch": 1})["logs"] for training in (1, 2)]
    assert named == [{"acc": logs["accuracy"], "loss": logs["loss"]}, {"loss": logs["loss"]}]
    assert not any(taken.trained for taken in desk.taken[1:])


def test_an_evaluation_has_the_names_asked_for(desk: TrainingDesk) -> None:
    ask(desk, FIT)
    ask(desk, {"op": "epoch", "training": 0, "epoch": 1})
    look = {"op": "evaluate", "at": [0, 1], **{name: FIT[name] for name in ("layers", "input_shape", "loss", "x", "y")}}
    ours, theirs = (
        ask(desk, {**look, "metrics": [{"name": name, "config": {}}]})["logs"] for name in ("accuracy", "acc")
    )
    assert theirs == {"acc": ours["accuracy"], "loss": ours["loss"]}


def test_data_is_known_by_its_content_only(desk: TrainingDesk, tmp_path: Path) -> None:
    """A kernel cannot put an array under the digest of another."""
    other = np.random.default_rng(1).random((64, 4), dtype=np.float32)
    digest = array_digest(other)
    question = {**FIT, "x": digest}
    assert ask(desk, question) == {"need": [digest]}
    put_array(tmp_path, f"{digest}.npy", X)
    assert ask(desk, question) == {"need": [digest]}
    (tmp_path / f"{digest}.npy").unlink()
    put_array(tmp_path, f"{digest}.npy", other)
    assert "training" in ask(desk, question)


def test_a_notebook_may_order_so_many_trainings(desk: TrainingDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ORDERS", 2)
    assert [list(ask(desk, FIT)) for _ in range(3)] == [["training"], ["training"], ["kernel"]]


def test_a_notebook_may_wait_so_long(desk: TrainingDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(desk, FIT)
    monkeypatch.setattr(module, "ALL_ANSWERS_SECONDS", -1.0)
    assert "seconds" in ask(desk, {"op": "epoch", "training": 0, "epoch": 1})["kernel"]


def test_what_is_kept_of_a_notebook_has_an_end_in_all_its_kernels(desk: TrainingDesk, trainings: Trainings) -> None:
    """What it was given before is given again, so that its kernel can go on where the trainer stopped."""
    allowance = StoreAllowance(kept_of(desk, trainings, epochs=2))
    for _ in range(2):
        again = TrainingDesk(desk._path.parent, trainings, allowance=allowance)
        assert ask(again, FIT) == {"training": 0}
        answers = [ask(again, {"op": "epoch", "training": 0, "epoch": epoch}) for epoch in (1, 2, 3, 2)]
        assert ["logs" in answer for answer in answers] == [True, True, False, True]
        assert "bytes kept" in answers[2]["kernel"]
        assert "bytes kept" in first_of_another(again)["kernel"]


def test_epochs_that_are_ordered_ahead_count(desk: TrainingDesk, trainings: Trainings) -> None:
    allowance = StoreAllowance(kept_of(desk, trainings, epochs=2))
    another = trainings.for_submission("another", Budget())
    again = TrainingDesk(desk._path.parent, another, allowance=allowance)
    ask(again, FIT)
    assert "logs" in ask(again, {"op": "epoch", "training": 0, "epoch": 1, "ahead": 20})
    assert "bytes kept" in first_of_another(again)["kernel"]


def first_of_another(desk: TrainingDesk) -> dict[str, Any]:
    """The first epoch of a training that was not ordered before."""
    training = ask(desk, {**FIT, "batch_size": 8})["training"]
    return ask(desk, {"op": "epoch", "training": training, "epoch": 1})


def kept_of(desk: TrainingDesk, trainings: Trainings, epochs: int) -> int:
    """Bytes of the data and of some epochs, each asked for by itself."""
    ask(desk, FIT)
    ask(desk, {"op": "epoch", "training": 0, "epoch": 1})
    data = sum(trainings.store.bytes_of_data(FIT[name]) for name in "xy")
    return data + epochs * (1 + module.STATE_TO_WEIGHTS) * trainings.store.bytes_of(desk.taken[0].point(1))


def test_training_ahead_is_done_in_parts(
    desk: TrainingDesk, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_AHEAD", 5)
    ask(desk, {**FIT, "batch_size": 17})
    ask(desk, {"op": "epoch", "training": 0, "epoch": 1, "ahead": 1000})
    order = desk.taken[0].point(5)
    assert trainings.store.has_state(order)
    assert not trainings.store.has_state(desk.taken[0].point(6))


@pytest.mark.parametrize("sizes", [[20_000, 20_000], [2_000, 20_000, 20_000]], ids=["the widest", "wide and wide"])
def test_a_network_beyond_measure_is_the_kernels_own_work(desk: TrainingDesk, sizes: list[int]) -> None:
    layers = [{"name": "Dense", "config": {"units": units}} for units in sizes]
    assert ask(desk, {**FIT, "layers": [*layers, DENSE]}) == {"training": 0}
    assert "kernel" in ask(desk, {"op": "epoch", "training": 0, "epoch": 1})


def test_a_pipeline_is_a_training_of_its_own(desk: TrainingDesk) -> None:
    for question in (PIPED, PIPED, {**PIPED, "batch_size": 5}, FIT):
        assert "training" in ask(desk, question)
    assert len({taken.order.key for taken in desk.taken}) == 2
    assert desk.taken[2].asked.batch_size == 8
    answer = ask(desk, {"op": "epoch", "training": 0, "epoch": 1})
    assert answer == ask(desk, {"op": "epoch", "training": 1, "epoch": 1})
    assert answer != ask(desk, {"op": "epoch", "training": 3, "epoch": 1})


def test_a_pipeline_that_does_as_keras_does_with_arrays_is_their_training(desk: TrainingDesk) -> None:
    for question in (FIT, piped(FULL, BATCH), piped(FULL, BATCH, FOR_EVER, steps=4), piped(BATCH)):
        assert "training" in ask(desk, question)
    keys = [taken.order.key for taken in desk.taken]
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_a_pipeline_that_goes_on_from_epoch_to_epoch_begins_anew_with_each_call(desk: TrainingDesk) -> None:
    question = piped(FULL, FOR_EVER, BATCH, steps=3)
    assert ask(desk, question) == {"training": 0}
    assert "logs" in ask(desk, {"op": "epoch", "training": 0, "epoch": 1})
    later = {**question, "weights": [0, 1], "state": [0, 1]}
    assert ask(desk, later) == {"training": 1}
    assert desk.taken[1].order.weights == desk.taken[0].point(1)
    assert "kernel" in ask(desk, {**later, "under_way": True})


def test_a_pipeline_of_other_rows_than_it_says_is_the_kernels_own_work(desk: TrainingDesk) -> None:
    """What it is known by is its rows as they are: too many of them, and nobody trains it."""
    thousand = {"op": "repeat", "count": 100_000}
    assert "training" in ask(desk, piped(thousand, BATCH, rows=1))
    assert "kernel" in ask(desk, {"op": "epoch", "training": 0, "epoch": 1})
