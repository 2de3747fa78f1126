"""Questions that a kernel puts to its training desk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from grader.execution.desk import TrainingDesk
from grader.records import Array
from grader.training.trajectories import array_digest

EPOCH: dict[str, Any] = {"op": "epoch", "training": 0, "epoch": 1}


def fit_on(x: Array, y: Array, *, units: int, batch_size: int) -> dict[str, Any]:
    """To take a training of one dense layer on rows of four numbers."""
    return {
        "op": "fit",
        "layers": [{"name": "Dense", "config": {"units": units}}],
        "input_shape": [4],
        "optimizer": {"name": "SGD", "config": {}},
        "loss": {"name": "SparseCategoricalCrossentropy", "config": {}},
        "metrics": [],
        "x": array_digest(x),
        "y": array_digest(y),
        "batch_size": batch_size,
    }


def ask(desk: TrainingDesk, question: Mapping[str, Any]) -> dict[str, Any]:
    """What the desk answers."""
    return desk.answer(json.dumps(question).encode())[0]
