"""A notebook's training, done again by the trusted trainer from other random starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from grader.errors import NotTrainable
from grader.records import Array
from grader.training.orders import Look, Order, Part, Point, metrics_key, order_of
from grader.training.service import Trainings
from grader.training.work import epoch_of

OTHER_STARTS = 5


def plain_form(order: Order, epochs: int, metrics: tuple[Part, ...]) -> dict[str, Any] | None:
    """What it takes to train anew, as plain values; None for a training that goes on from another one."""
    if order.weights is not None or order.optimizer_state is not None:
        return None
    return {"order": asdict(order), "epochs": epochs, "metrics": [asdict(metric) for metric in metrics]}


def outputs_of_other_starts(ordered: Mapping[str, Any], images: Array, trainings: Trainings) -> Iterator[Array]:
    """What the network gives for images, trained alike from one other start after the other; each only when asked for.

    It ends early where that is more than the submission may ask for.

    Args:
        ordered: of `plain_form`.
        images: prepared as for the training, shape (n, ...).

    Returns:
        Shape (n, outputs), at most `OTHER_STARTS` times.

    Raises:
        TrainerError, DeadlineError: the trainer failed, which is no answer of the student's.
    """
    order, metrics = order_of(ordered["order"]), tuple(Part(**metric) for metric in ordered["metrics"])
    try:
        x = trainings.store.put_data(np.asarray(images, np.float32).reshape(len(images), *order.input_shape))
        for start in range(1, OTHER_STARTS + 1):
            again = replace(order, start=start)
            effort, epoch_work = epoch_of(again, trainings.store.length(again.x), len(metrics))
            for epoch in range(1, ordered["epochs"] + 1):
                to = trainings.budget.take_epochs(
                    Point(again.key, epoch), metrics_key(metrics), effort, epoch_work, ordered["epochs"]
                )
                trainings.logs(again, epoch, metrics, to)
            look = Look(Point(again.key, ordered["epochs"]), again.layers, again.input_shape, x)
            yield trainings.prediction(look, again, metrics).reshape(len(images), -1)
    except (NotTrainable, ValueError):
        return
