"""Where a model's weights come from: its initializers, a training that was watched, or anything else.

Weights are looked at when a training begins, at the ends of its epochs before callbacks run, when an epoch's first
batch begins, and at its end; between batches too where a student's callbacks look at them. What is not as the training
itself left it, something else has set.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from .replay import Replay
from .tasks import Fit as Served

State = tuple[Any, ...]


class Origin:
    """What is known of the weights of one call of `fit`."""

    def __init__(self) -> None:
        self.start = ""
        """``fresh``, ``training`` or ``other``; empty where it did not begin."""
        self.goes_on_from = 0
        """The call of `fit` that left the weights which it began with."""
        self.first: State | None = None
        self.own: set[State] = set()
        """The weights as this training found and left them."""
        self.validated: State | None = None
        """When the last validation began; None once a batch is trained on."""
        self.latest: State | None = None
        """After the last batch, where batches are looked at."""
        self.set_otherwise = False
        self.each_batch = False


class Origins:
    """Knows which weights the trainings of this kernel have left."""

    def __init__(self, replay: Replay, current: Callable[[Any], Any]) -> None:
        """Args: current: from Keras's list of callbacks to the call of `fit` that it belongs to; None for none."""
        self.replay = replay
        self.current = current
        self.ends: dict[State, int] = {}
        """Weights at the end of an epoch -> the call of `fit`, by number."""

    def state(self, model: Any) -> State:
        """A sign of a model's weights."""
        return tuple(self.replay.known.state(model)[1:])

    def is_known(self, model: Any) -> bool:
        """True for weights that are fresh, or that a training left."""
        return self.state(model) in self.ends or self.is_fresh(model)

    def is_fresh(self, model: Any) -> bool:
        """True for weights as Keras's initializers made them, or a layer that was adapted to data."""
        import keras

        return bool(self.replay.is_fresh(model, besides=keras.layers.Normalization))

    def watch(self, wrap: Callable[..., None], callback_list: type) -> None:
        """Look where trainings, validations and batches begin."""
        wrap(callback_list, "on_train_begin", self._train_begin)
        wrap(callback_list, "on_test_begin", self._test_begin)
        wrap(callback_list, "on_train_batch_begin", self._batch_begin)

    def _train_begin(self, original: Callable[..., Any], callbacks: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves the frame out of tracebacks
        with contextlib.suppress(Exception):
            fit = self.current(callbacks)
            if fit is not None:
                self.begin(fit.origin, fit.model)
        return original(callbacks, *args, **kwargs)

    def _test_begin(self, original: Callable[..., Any], callbacks: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with contextlib.suppress(Exception):
            fit = self.current(callbacks)
            if fit is not None:
                fit.origin.validated = self.state(fit.model)
        return original(callbacks, *args, **kwargs)

    def _batch_begin(self, original: Callable[..., Any], callbacks: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        result = original(callbacks, *args, **kwargs)
        with contextlib.suppress(Exception):
            fit = self.current(callbacks)
            if fit is not None:
                self.look(fit.origin, fit.model, fit.task, int(args[0] if args else kwargs["batch"]))
        return result

    def begin(self, origin: Origin, model: Any) -> None:
        """A training begins; callbacks have not run yet."""
        origin.first = self.state(model)
        origin.own = {origin.first}
        origin.goes_on_from = self.ends.get(origin.first, 0)
        if origin.goes_on_from:
            origin.start = "training"
        else:
            origin.start = "fresh" if self.is_fresh(model) else "other"

    def note(self, origin: Origin, model: Any, task: Any) -> None:
        """An epoch has ended; callbacks have not run yet."""
        if getattr(task, "behind", 0):
            return
        now = self.state(model)
        if origin.validated not in (None, now):
            origin.set_otherwise = True
        origin.own.add(now)

    def look(self, origin: Origin, model: Any, task: Any, batch: int) -> None:
        """A batch begins; callbacks have run."""
        origin.validated = None
        if getattr(task, "open", False) or (batch and not origin.each_batch):
            return
        now = self.state(model)
        left = {origin.latest} if batch else origin.own
        if now not in left and not self._served(now, task):
            origin.set_otherwise = True

    def end(self, origin: Origin, model: Any, task: Any, number: int, *, whole: bool) -> bool | None:
        """A training has ended. Returns whether it changed the weights, None where it did not begin.

        Args:
            whole: its last epoch ran to its end.
        """
        if origin.first is None:
            return None
        last = self.state(model)
        served = self._served(last, task)
        if whole and last not in origin.own and not served:
            origin.set_otherwise = True
        if not origin.set_otherwise:
            left = (origin.own | {last}) if served else origin.own
            self.ends.update(dict.fromkeys(left - {origin.first}, number))
        return last != origin.first

    def _served(self, state: State, task: Any) -> bool:
        """True for weights that the trainer gave in this training."""
        point = self.replay.points.get((True, *state))
        return isinstance(task, Served) and point is not None and point[0] == task.id
