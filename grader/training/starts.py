"""A notebook's training, done again by the trusted trainer from other random starts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from grader.errors import NotTrainable, TrainerError
from grader.records import Array
from grader.training.orders import Look, Order, Part, Point, order_of
from grader.training.service import Trainings

OTHER_STARTS = 5
MAX_SECONDS = 300.0
"""How long the trainings of one answer may take together; those that were done before take none."""


def plain_form(order: Order, epochs: int, metrics: tuple[Part, ...]) -> dict[str, Any] | None:
    """What it takes to train anew, as plain values; None for a training that goes on from another one."""
    if order.weights is not None or order.optimizer_state is not None:
        return None
    return {"order": asdict(order), "epochs": epochs, "metrics": [asdict(metric) for metric in metrics]}


def outputs_of_other_starts(ordered: Mapping[str, Any], images: Array, trainings: Trainings) -> Iterator[Array]:
    """What the network gives for images, trained alike from one other start after the other; each only when asked for.

    It ends early where the trainer fails or takes too long.

    Args:
        ordered: of `plain_form`.
        images: prepared as for the training, shape (n, ...).

    Returns:
        Shape (n, outputs), at most `OTHER_STARTS` times.
    """
    order, metrics = order_of(ordered["order"]), tuple(Part(**metric) for metric in ordered["metrics"])
    deadline = time.monotonic() + MAX_SECONDS
    try:
        x = trainings.store.put_data(np.asarray(images, np.float32).reshape(len(images), *order.input_shape))
        for start in range(1, OTHER_STARTS + 1):
            again = replace(order, start=start)
            for epoch in range(1, ordered["epochs"] + 1):
                if time.monotonic() > deadline:
                    return
                trainings.logs(again, epoch, metrics)
            look = Look(Point(again.key, ordered["epochs"]), again.layers, again.input_shape, x)
            yield trainings.prediction(look, again, metrics).reshape(len(images), -1)
    except (NotTrainable, TrainerError, ValueError):
        return
