"""Where the recorder says that weights come from: the initializers, a training that it watched, or something else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

STUDENT = Path(__file__).with_name("origins_student.py")
HONEST = {
    "fresh": "fresh",
    "fresh, built by its data": "fresh",
    "once more": "training",
    "a copy of one that was trained": "training",
    "initializers of Keras's": "fresh",
    "the best weights": "fresh",
    "a callback that looks": "fresh",
}
FROM_ELSEWHERE = ("weights from elsewhere", "ready-made weights as an initializer", "a function that gives weights")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    command = [sys.executable, str(STUDENT), str(tmp_path_factory.mktemp("origins"))]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, list[dict[str, Any]]] = json.loads(ran.stdout.splitlines()[-1])
    assert not [event for events in found.values() for event in events if event["kind"] == "fault"]
    return found


def last_fit(events: list[dict[str, Any]]) -> dict[str, Any]:
    return [event for event in events if event["kind"] == "fit"][-1]


@pytest.mark.parametrize(("scenario", "start"), HONEST.items(), ids=HONEST)
def test_honest_weights_are_the_trainings_own(scenario: str, start: str, told: dict[str, Any]) -> None:
    assert last_fit(told[scenario]) == {"kind": "fit", "start": start, "set_otherwise": False, "changed": True}


@pytest.mark.parametrize("scenario", FROM_ELSEWHERE)
def test_weights_from_elsewhere_are_told(scenario: str, told: dict[str, Any]) -> None:
    assert last_fit(told[scenario])["start"] == "other"


def test_what_a_callback_sets_is_told_whenever_it_does(told: dict[str, Any]) -> None:
    found = {name: last_fit(events)["set_otherwise"] for name, events in told.items() if name.startswith("set by")}
    assert len(found) == 7
    assert all(found.values()), found


def test_a_training_that_changes_nothing_is_told(told: dict[str, Any]) -> None:
    assert last_fit(told["a learning rate of nothing"])["changed"] is False


def test_steps_that_came_from_a_file_are_no_loop(told: dict[str, Any]) -> None:
    """A model that is loaded as it was trained here was trained by that training; any other was trained elsewhere."""
    assert told["loaded as it was trained"] == [{"kind": "built", "loop_steps": 0, "loaded": False}]
    for name in ("loaded from elsewhere", "loaded from elsewhere, in the old form"):
        assert told[name] == [{"kind": "built", "loop_steps": 500, "loaded": True}]
