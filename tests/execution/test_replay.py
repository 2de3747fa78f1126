"""Replay beside plain Keras: the same code, with a training desk and without one, leaves the same traces.

The code is in `replay_student.py`; what plain Keras does with each of its scenarios is recorded by `plain_traces.py`.
"""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from plain_traces import identity, recorded, traces_of, write_data
from replay_student import SCENARIOS

from grader.execution.desk import TrainingDesk
from grader.training.service import Trainings
from grader.training.trajectories import array_digest

pytestmark = pytest.mark.timeout(1500)  # the first one waits for both processes


@dataclass(frozen=True)
class Traces:
    """What both processes saw."""

    plain: dict[str, Any]
    replayed: dict[str, Any]
    desk: TrainingDesk
    trainings: Trainings


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory, trainings: Trainings) -> Traces:
    folder = tmp_path_factory.mktemp("replay")
    write_data(folder)
    exchange = tmp_path_factory.mktemp("x")
    desk = TrainingDesk(exchange, trainings)
    loop = asyncio.new_event_loop()
    serving = threading.Thread(target=loop.run_forever, daemon=True)
    serving.start()
    asyncio.run_coroutine_threadsafe(desk.open(), loop).result(10)

    with ThreadPoolExecutor(2) as both:
        plain = both.submit(plain_traces, folder)
        replayed = both.submit(traces_of, folder / "replayed", folder, str(exchange))
    asyncio.run_coroutine_threadsafe(desk.close(), loop).result(10)
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0.2), loop).result(10)  # the last connection ends
    loop.call_soon_threadsafe(loop.stop)
    return Traces(plain.result(), replayed.result(), desk, trainings)


def plain_traces(folder: Path) -> dict[str, Any]:
    known: dict[str, Any] = recorded()["traces"]
    return known if recorded()["identity"] == identity() else traces_of(folder / "plain", folder)


NAMES = [name for name in SCENARIOS if not os.environ.get("SCENARIOS") or name in os.environ["SCENARIOS"].split()]
every = pytest.mark.parametrize("name", NAMES)


def test_the_record_is_of_these_scenarios() -> None:
    told = "record what plain Keras does with the new ones: python tests/execution/plain_traces.py"
    assert recorded()["identity"]["scenarios"] == identity()["scenarios"], told


@every
def test_the_same_calls_with_the_same_keys_in_the_same_order(traces: Traces, name: str) -> None:
    plain, replayed = traces.plain[name], traces.replayed[name]
    assert replayed["seen"] == plain["seen"]


@every
def test_the_same_errors(traces: Traces, name: str) -> None:
    assert traces.replayed[name]["raised"] == traces.plain[name]["raised"]


@every
def test_the_same_output_but_for_numbers_and_times(traces: Traces, name: str) -> None:
    assert traces.replayed[name]["output"] == traces.plain[name]["output"]


@every
def test_about_the_same_numbers(traces: Traces, name: str) -> None:
    plain, replayed = traces.plain[name]["numbers"], traces.replayed[name]["numbers"]
    assert replayed.keys() == plain.keys()
    for key, value in plain.items():
        assert replayed[key] == pytest.approx(value, rel=0.25, abs=0.02, nan_ok=True), key


@every
def test_the_recorder_has_no_fault(traces: Traces, name: str) -> None:
    assert traces.replayed[name]["faults"] == []


@every
def test_who_trained(traces: Traces, name: str) -> None:
    """What can be replayed is; what cannot be replayed faithfully is the kernel's work."""
    kind, fits = SCENARIOS[name][0], traces.replayed[name]["fits"]
    answered, epochs = sum(fit[0] for fit in fits), sum(fit[1] for fit in fits)
    if kind == "replayed":
        assert answered == epochs, fits
    elif kind == "kernel":
        assert answered == 0, fits
    elif kind == "mixed":
        assert 0 < answered < epochs, fits


@every
def test_weights_are_those_of_the_trajectory(traces: Traces, name: str) -> None:
    """Bit for bit, unless the kernel or a callback had its hands in them."""
    if SCENARIOS[name][0] != "replayed" or "best" in name or "loop" in name:
        return
    for training, answered, digests in traces.replayed[name]["weights"]:
        if answered:
            taken = traces.desk.taken[training]
            weights = traces.trainings.store.weights(taken.point(taken.reached))
            assert weights is not None
            assert [array_digest(value) for value in weights] == digests


LOOKS = {
    "plain": ["evaluate", "predict"],
    "validation_data": ["evaluate"] * 3,
    "validation_split": ["evaluate"] * 3,
    "evaluates_and_predicts": ["evaluate", "evaluate", "predict"] * 2,
    "early_stopping_with_the_best_weights": ["predict"],
    "weights_of_another_model": ["predict"],
}


@pytest.mark.parametrize("name", [name for name in LOOKS if name in NAMES])
def test_evaluations_and_predictions_are_answered_too(traces: Traces, name: str) -> None:
    looks = [op for op, answered in traces.replayed[name]["asked"] if op in ("evaluate", "predict") and answered]
    assert looks == LOOKS[name]
