"""Takes in the data that a kernel hands over, and brings what it asks for into the form that it shares with others."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from grader.errors import ExchangeError
from grader.execution.arrays import ArrayReader
from grader.records import Array
from grader.training.allowance import StoreAllowance
from grader.training.canonical import (
    WHOLE,
    DataForm,
    canonical_layers,
    canonical_loss,
    canonical_metrics,
    label_form,
)
from grader.training.orders import Look, Order, Part
from grader.training.trajectories import Trajectories

Work = TypeVar("Work", Order, Look)


class Intake:
    """The data of one kernel, on their way into the store."""

    def __init__(self, exchange: Path, store: Trajectories, allowance: StoreAllowance) -> None:
        self._allowance = allowance
        self._exchange = exchange
        self._arrays = ArrayReader(exchange)
        self._store = store
        self.read_bytes = 0
        """Of all that was handed over."""

    def shared(self, work: Work, metrics: Sequence[Part]) -> tuple[Work, tuple[Part, ...], list[str]]:
        """The same work and metrics as all write them who mean them, and the digests of data to hand over first.

        Raises:
            NotTrainable: more is to be kept for the submission than may be.
        """
        layers, input_shape, x_form = canonical_layers(work.layers, work.input_shape)
        y_form = label_form(layers, input_shape, work.loss, metrics)
        wanted = {"x": (work.x, x_form), "y": (work.y, y_form), "sample_weight": (work.sample_weight, WHOLE)}
        given = {name: (digest, form) for name, (digest, form) in wanted.items() if digest is not None}
        found: dict[str, Any] = {name: self._digest(digest, form) for name, (digest, form) in given.items()}
        need = [given[name][0] for name, digest in found.items() if digest is None]
        if need:
            return work, tuple(metrics), need
        found["loss"] = canonical_loss(work.loss, y_form, changed=found.get("y") != work.y)
        shared = replace(work, layers=layers, input_shape=input_shape, **found)
        return shared, canonical_metrics(metrics, y_form), []

    def _digest(self, digest: str, form: DataForm) -> str | None:
        """The digest of data in a form, all of which the store has; None where they must be handed over."""
        name = f"{digest} {form.name}"
        self._allowance.check(name)
        found = self._kept(digest, form)
        if found is not None:
            self._allowance.note(name, self._store.bytes_of_data(found))
        return found

    def _kept(self, digest: str, form: DataForm) -> str | None:
        if form == WHOLE and self._store.has_data(digest):
            return digest
        known = None if form == WHOLE else self._store.data_in_form(digest, form.name)
        if known is not None:
            return known
        handed_over = self._handed_over(digest)
        array = self._store.data(digest) if handed_over is None else handed_over
        if array is None:
            return None
        own = (
            self._store.put_data(array) if form == WHOLE else self._store.put_form(digest, form.name, form.apply(array))
        )
        self._arrays.forget()
        with contextlib.suppress(OSError):
            (self._exchange / f"{digest}.npy").unlink()
        return own

    def _handed_over(self, digest: str) -> Array | None:
        """What the kernel has written under a digest. A link is nothing, whether or not there is what it names."""
        try:
            self.read_bytes += (self._exchange / f"{digest}.npy").lstat().st_size
            return self._arrays.read(digest)
        except (OSError, ValueError, ExchangeError):
            return None
