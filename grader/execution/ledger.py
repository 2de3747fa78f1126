"""What the training desk gave a kernel, held against what the kernel says that it trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from grader.execution.exchange import FitEvent
from grader.records import Array, Data, Message, Network, say
from grader.training.activations import canonical
from grader.training.networks import LayerClaim, build_network
from grader.training.orders import Order, Part, Point

Source = Literal["kernel", "trained", "replayed"]
LOG_TOLERANCE = 1e-6
"""Relative; logs go through JSON, which keeps all digits."""
MAX_EPOCHS_COMPARED = 60
"""Weights of so many epochs are looked at, for callbacks that go back to an earlier one."""

ROWS_AT_ONCE = 2_000

WeightsOf = Callable[[int, int], Sequence[Array]]
"""From a training that was taken, and one of its epochs, to its weights."""


@dataclass(frozen=True, slots=True)
class Given:
    """An epoch that was given."""

    training: int
    epoch: int
    logs: Mapping[str, float]
    order: Order
    """As the student wrote it."""
    began: Point | None
    """The moment that it went on from; None where it began with fresh weights."""
    ended: Point


@dataclass(slots=True)
class Ledger:
    """The epochs that one kernel was given, in order, and those that its reports have accounted for."""

    entries: list[Given] = field(default_factory=list)

    def note(self, given: Given) -> None:
        """An epoch was given."""
        self.entries.append(given)

    def account_for(self, event: FitEvent) -> list[Given] | None:
        """The epochs that a reported training was given; None where it was not given all that it reports.

        A training whose learning rate a callback changed is several for the trainer, and one for the kernel: each
        goes on where the one before ended, with the same network and data.
        """
        last = max((i for i, entry in enumerate(self.entries) if entry.training == event.training), default=-1)
        if last < 0 or event.answered != event.epochs:
            return None
        known, self.entries = self.entries[: last + 1], self.entries[last + 1 :]
        given = known[-event.epochs :] if 0 < event.epochs <= len(known) else []
        whole = bool(given) and given[0].epoch == 1 and all(_continues(*pair) for pair in pairwise(given))
        return given if whole else None


def _continues(before: Given, after: Given) -> bool:
    """True if one epoch went on from another, of the same training but for the settings of its optimizer."""
    return after.began == before.ended and _apart_from_settings(before.order) == _apart_from_settings(after.order)


def _apart_from_settings(order: Order) -> Order:
    return replace(order, optimizer=Part(order.optimizer.name))


def same_rows(said: Data | None, ordered: Array) -> bool:
    """True if what a kernel shows of a training's inputs are rows of those that it ordered.

    Args:
        ordered: shape (n, ...); a training that keeps rows for validation orders the first n of what it reports.
    """
    if said is None or said.sample is None:
        return True  # nothing is said of them
    if not said.rows:  # a pipeline shows its first rows, in an order of its own
        return all(_is_row_of(row, ordered) for row in said.sample)
    shown = [(row, position) for row, position in zip(said.sample, said.rows, strict=True) if position < len(ordered)]
    return bool(shown) and all(_same_row(row, ordered[position]) for row, position in shown)


def _same_row(row: Array, ordered: Array) -> bool:
    return row.size == ordered.size and np.allclose(
        np.asarray(row, np.float32).reshape(-1), np.asarray(ordered, np.float32).reshape(-1), equal_nan=True
    )


def _is_row_of(row: Array, ordered: Array) -> bool:
    """True if some row of `ordered`, shape (n, ...), holds the same."""
    if row.size != math.prod(ordered.shape[1:]):
        return False
    wanted = np.asarray(row, np.float32).reshape(-1)
    for start in range(0, len(ordered), ROWS_AT_ONCE):
        rows = np.asarray(ordered[start : start + ROWS_AT_ONCE], np.float32).reshape(-1, wanted.size)
        if np.isclose(rows, wanted, equal_nan=True).all(axis=1).any():
            return True
    return False


def contradiction(
    event: FitEvent,
    network: Network,
    order: Order,
    given: Sequence[Given],
    weights_of: WeightsOf,
    cell: int,
    *,
    same_data: bool,
) -> Message | None:
    """What a kernel reports of a training otherwise than the trainer did it; None where all agrees.

    Args:
        same_data: it reports the inputs that it ordered.
    """
    logs_agree = len(event.logs) == len(given) and all(
        _same_logs(said, entry.logs) for said, entry in zip(event.logs, given, strict=True)
    )
    what = [
        name
        for name, agrees in (
            ("logs", logs_agree),
            ("batch_size", _batch_size(event) in (order.batch_size, None)),
            ("optimizer", event.compiled.optimizer[:1] == [order.optimizer.name]),
            ("layers", _layers(network) == _layers(_ordered(order))),
            ("data", same_data),
            ("weights", any(_same_weights(network, weights_of(e.training, e.epoch)) for e in _latest_first(given))),
        )
        if not agrees
    ]
    if not what:
        return None
    return say(
        "What cell {cell} reports of a training is not what the trainer did; other: {what}.",
        cell=cell + 1,
        what=", ".join(what),
    )


def _batch_size(event: FitEvent) -> int | None:
    """What a report says of the size of batches: a pipeline's own, whatever else the call says."""
    return (event.x.batch_size if event.x is not None else None) or event.batch_size


def _latest_first(given: Sequence[Given]) -> Sequence[Given]:
    return list(reversed(given))[:MAX_EPOCHS_COMPARED]


def _same_logs(said: Mapping[str, float], given: Mapping[str, float]) -> bool:
    """True if every number that was given was said."""
    return all(name in said and _same(said[name], value) for name, value in given.items())


def _same(left: float, right: float) -> bool:
    return math.isclose(left, right, rel_tol=LOG_TOLERANCE) or (math.isnan(left) and math.isnan(right))


def _layers(network: Network) -> list[tuple[int | None, str | None]]:
    return [(layer.units, canonical(layer.activation or "linear")) for layer in network.dense]


def _ordered(order: Order) -> Network:
    """The network that was ordered, without its weights."""
    claims = [LayerClaim(names=(part.name,), config=part.config) for part in order.layers]
    return build_network(claims, None, [], order.input_shape, None)


def _same_weights(network: Network, given: Sequence[Array]) -> bool:
    """True if a network's layers hold these weights, each of them, and no others."""
    held = [value for layer in network.layers for value in layer.weights]
    return all(_among(value, given) for value in held) and all(_among(value, held) for value in given)


def _among(value: Array, others: Sequence[Array]) -> bool:
    return any(value.shape == other.shape and np.array_equal(value, other, equal_nan=True) for other in others)
