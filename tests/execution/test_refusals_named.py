"""Why the trainer did not do a training is the trusted side's own knowledge, not what a kernel says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_desk import FIT, FULL, PIPELINE, X, Y, ask

from grader.execution.assembly import Assembler
from grader.execution.desk import UNKNOWN, TrainingDesk
from grader.execution.exchange import ExchangeReader, FitEvent
from grader.records import Training
from grader.reports.kernel_reasons import kernel_reason
from grader.training.kernel_work import KernelWork, kind_of
from grader.training.service import Trainings
from grader.training.work import Budget

SAID = "the trainer does not take it"
REPORT: dict[str, Any] = {
    "kind": "fit",
    "model": "m1",
    "number": 1,
    "network": {"layers": [{"names": ["Dense", "Layer"], "config": {"units": 2}, "activation": "softmax"}]},
    "compiled": {"optimizer": ["SGD"], "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
    "x": {"shape": [64, 4], "dtype": "float32", "sha256": FIT["x"]},
    "y": {"shape": [64], "dtype": "uint8", "sha256": FIT["y"]},
    "batch_size": 16,
    "steps": 4,
    "epochs": 2,
    "start": "fresh",
    "why_in_kernel": SAID,
}


@pytest.fixture
def desk(tmp_path: Path, trainings: Trainings) -> TrainingDesk:
    for array in (X, Y):
        trainings.store.put_data(array)
    return TrainingDesk(tmp_path, trainings.for_submission("named", Budget()))


def added(desk: TrainingDesk, tmp_path: Path, **changes: Any) -> tuple[Training, list[str]]:
    assembler = Assembler(ExchangeReader(tmp_path), desk)
    assembler.add(FitEvent(**{**REPORT, **changes}), 3)
    return assembler.trainings[-1], [str(flag) for flag in assembler.flags]


def test_what_is_beyond_the_budget_is_told_as_that(desk: TrainingDesk, tmp_path: Path) -> None:
    desk._budget.over = True
    assert "kernel" in ask(desk, FIT)
    training, flags = added(desk, tmp_path)
    assert kind_of(training.why_in_kernel) is KernelWork.BUDGET
    assert (training.doubt, flags) == (None, [])
    assert "more than the grader trains" in str(kernel_reason(training.why_in_kernel))


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ({**FIT, "layers": [{"name": "Mine", "config": {}}]}, KernelWork.TRAINER),
        ({**FIT, "pipeline": {**PIPELINE, "stages": [FULL]}}, KernelWork.PIPELINE),
    ],
    ids=["a part", "a pipeline"],
)
def test_what_the_trainer_does_not_take_is_told(
    question: dict[str, Any], kind: KernelWork, desk: TrainingDesk, tmp_path: Path
) -> None:
    assert "kernel" in ask(desk, question)
    training, flags = added(desk, tmp_path)
    assert kind_of(training.why_in_kernel) is kind
    assert flags == []


def test_a_fault_of_the_trainers_is_told_as_ours(
    desk: TrainingDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "_take", lambda _question: 1 / 0)
    assert "kernel" in ask(desk, FIT)
    training, flags = added(desk, tmp_path)
    assert kind_of(training.why_in_kernel) is KernelWork.FAULT
    assert flags == []


@pytest.mark.parametrize("why", [SAID, "more than the trainer does for one notebook", "a fault of the trainer's"])
def test_a_refusal_that_there_was_not_is_no_reason(why: str, desk: TrainingDesk, tmp_path: Path) -> None:
    training, _ = added(desk, tmp_path, why_in_kernel=why)
    assert training.doubt is not None
    assert training.why_in_kernel == ""


def test_a_refusal_is_named_once(desk: TrainingDesk, tmp_path: Path) -> None:
    """Another report that gives it as a reason has none."""
    desk._budget.over = True
    ask(desk, FIT)
    assert added(desk, tmp_path)[0].why_in_kernel
    training, _ = added(desk, tmp_path)
    assert training.why_in_kernel == ""


def test_weights_of_a_training_in_the_kernel_are_not_from_elsewhere(desk: TrainingDesk, tmp_path: Path) -> None:
    assembler = Assembler(ExchangeReader(tmp_path), desk)
    own = {"why_in_kernel": "weights of the student's own"}
    assembler.add(FitEvent(**{**REPORT, "why_in_kernel": "a callback that looks at batches"}), 1)
    assembler.add(FitEvent(**{**REPORT, **own, "number": 2, "start": "training", "goes_on_from": 1}), 2)
    assembler.add(FitEvent(**{**REPORT, **own, "number": 3, "start": "other"}), 3)
    further, elsewhere = assembler.trainings[1:]
    assert (further.start, further.goes_on_from, kind_of(further.why_in_kernel)) == ("training", 0, KernelWork.IN_PARTS)
    assert (elsewhere.start, kind_of(elsewhere.why_in_kernel)) == ("other", KernelWork.OWN_WEIGHTS)


def test_a_training_that_nobody_reported_is_no_beginning(desk: TrainingDesk) -> None:
    assert desk.goes_on_from(FitEvent(**{**REPORT, "training": 0})) == UNKNOWN
