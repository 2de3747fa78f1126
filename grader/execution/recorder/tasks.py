"""Calls of Keras's that the trusted trainer may answer: what stands in for their batches, epoch by epoch.

`Epochs` stands in for the batches of an epoch and yields once. In that one step the weights and logs of the epoch come
from the trainer. Whatever the trainer does not take, the real batches do: before the first epoch, or from any later one
on, when a callback has changed weights by itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .models import weights_of
from .orders import optimizer_of

if TYPE_CHECKING:
    from .replay import Replay


AT_ONCE = 30
"""Epochs that the desk has trained in one go at most. The answer after the last of them may take long, and be
interrupted.
"""
REFUSED = "a training that Keras refuses"


class Epochs:
    """Stands where Keras's iterator over batches would; makes the real one when the kernel has to do the work."""

    def __init__(self, replay: Replay, make: Callable[[], Any], count: int) -> None:
        self.replay = replay
        self.make = make
        self.num_batches = count
        self.real: Any = None

    def reset(self) -> None:
        """As Keras's."""
        if self.real is not None:
            self.real.reset()

    @contextlib.contextmanager
    def catch_stop_iteration(self) -> Iterator[None]:
        """As Keras's, once the kernel does the work; what the trainer answers never runs out."""
        try:
            yield
        except BaseException:
            if self.real is None:
                raise
            with self.real.catch_stop_iteration():
                raise

    def __iter__(self) -> Iterator[Any]:
        task = self.replay.tasks[-1] if self.replay.tasks else None
        if task is not None and task.answered():
            yield 0, self.num_batches - 1, iter([None])
            return
        if task is not None:
            task.leave()
        if self.real is None:
            self.real = self.make()
            self._go_on(task)
        yield from self.real

    def _go_on(self, task: Task | None) -> None:
        """Pass by the batches of the epochs that were answered, where epochs go on in a pipeline."""
        for _ in range(task.total if task is not None and self.real.steps_per_epoch else 0):
            for *_, batches in self.real:
                next(batches)

    def __getattr__(self, name: str) -> Any:
        if self.real is None:
            self.real = self.make()
        return getattr(self.real, name)


class Task:
    """One call that the trainer may answer."""

    model: Any = None
    logs: dict[str, float] | None = None
    total = 0
    """Epochs that the trainer gave."""

    def answered(self) -> bool:
        """True if the trainer has given what the next step needs."""
        raise NotImplementedError

    def leave(self) -> None:
        """Give the model its own functions back: the kernel does the work from here on."""


class Fit(Task):
    """A training."""

    def __init__(
        self,
        replay: Replay,
        model: Any,
        arrays: dict[str, Any],
        question: dict[str, Any],
        first: int,
        last: int,
        free: bool,
    ) -> None:
        self.replay, self.model, self.arrays, self.question = replay, model, arrays, question
        self.epoch, self.last = first, last
        self.free = free
        self.id = -1
        self.done = 0
        """Epochs of the training asked for last."""
        self.total = 0
        """Epochs that the trainer gave in this call."""
        self.open = True
        self.rate = 0.0
        """The learning rate at which the trainer goes on."""
        self.kernels: Any = None
        """The function that Keras made for the kernel to train with."""
        self.steps = 0
        self.behind = 0
        """Epochs whose weights the model was not given: without callbacks nobody looks at any but the last."""
        self.why_left = ""
        """Why the kernel trained the rest of the epochs itself."""

    def begin(self) -> bool:
        """Ask whether the trainer takes this training. Data that it does not know is handed over."""
        answer = self.replay.ask_about(self.arrays, self.question)
        if answer is None:
            return False
        self.id, self.done = answer[0]["training"], 0
        self.rate = float(self.model.optimizer.learning_rate)
        self.replay.known.note(self.model, weights_of(self.model))
        return True

    def answered(self) -> bool:
        """Fetch the next epoch, and set weights and logs."""
        if not self.open:
            return False
        try:
            if not self._unchanged():
                self.why_left = "a callback that changes the model"
                return False
            return self._answered()
        except Exception as error:
            self.why_left = f"a training that the trainer cannot go on with: {error}"[:200]
            return False

    def _answered(self) -> bool:
        skimmed = self.free and self.epoch + 1 < self.last and (self.done + 1) % AT_ONCE > 0
        ahead = self.done + self.last - self.epoch if self.free else 0
        answer = self._ask(self.done + 1, ahead=ahead, weights=not skimmed)
        if answer is None:
            self.why_left = "the trainer does not go on with it"
            return False
        if self.kernels is None:
            self.kernels = self.model.train_function
        self.logs = answer[0]["logs"]
        self.epoch, self.done, self.total = self.epoch + 1, self.done + 1, self.total + 1
        self.behind += 1
        if not skimmed:
            self._set(answer[1])
        self.model.train_function = self._step
        return True

    def _ask(self, epoch: int, **more: Any) -> tuple[dict[str, Any], list[Any]] | None:
        return self.replay.link.ask(op="epoch", training=self.id, epoch=epoch, **more)

    def _set(self, weights: list[Any]) -> None:
        """Bring the model to the end of the last epoch."""
        self.model.set_weights(weights)
        self.replay.known.note(self.model, weights)
        iterations = self.model.optimizer.iterations
        iterations.assign(int(iterations.numpy()) + self.steps * self.behind)
        self.behind = 0
        self.replay.note_point(self.model, self.id, self.done)

    def catch_up(self) -> None:
        """Give the model the weights that nobody could look at so far."""
        if not self.behind:
            return
        answer = self._ask(self.done)
        if answer is not None:
            self._set(answer[1])
        else:
            self.total -= self.behind
            self.behind, self.why_left = 0, "weights that the trainer does not have any more"

    def _step(self, _iterator: Any) -> dict[str, float]:
        """In the place of Keras's function that trains on a batch."""
        return dict(self.logs or {})

    def _unchanged(self) -> bool:
        """True if the model is as the trainer left it; a new learning rate makes a new training from here."""
        if self.free and self.total:  # nobody had a chance to change it
            return True
        if self.total and self.model.train_function != self._step:  # compiled anew by a callback
            return False
        if not self.replay.known.holds(self.model):
            return False
        if float(self.model.optimizer.learning_rate) != self.rate:
            start = self.replay.start_of(self.model)
            self.question = {**self.question, "optimizer": optimizer_of(self.model), **start}
            self.question["under_way"] = self.total > 0
            if not self.begin():
                return False
        # What callbacks did when training began counts: Keras has not compiled anything before.
        return self.total > 0 or self.replay.plan(self.model).items() <= self.question.items()

    def leave(self) -> None:
        """The kernel trains from here on."""
        self.open, self.logs = False, None
        self.end()

    def end(self) -> None:
        """Give the model its own function back, unless it has another already."""
        if self.model.train_function == self._step:
            self.model.train_function = self.kernels
        self.catch_up()


class Doomed(Task):
    """A training that Keras will refuse at its first batch: that batch is all it gets."""

    id, steps, why_left = None, 0, REFUSED

    def __init__(self, model: Any, rows: int) -> None:
        self.model, self.rows = model, rows

    def answered(self) -> bool:
        """Keras itself says what is wrong."""
        return False

    def end(self) -> None:
        """Nothing was changed."""


class Look(Task):
    """An evaluation or prediction."""

    def __init__(self, model: Any, slot: str, logs: dict[str, float] | None, output: Any) -> None:
        self.model, self.slot, self.logs = model, slot, logs
        self.before = getattr(model, slot)
        setattr(model, slot, lambda _data: output if logs is None else dict(logs))

    def answered(self) -> bool:
        """The answer came before the call."""
        return True

    def end(self) -> None:
        """Give the model its own function back."""
        setattr(self.model, self.slot, self.before)
