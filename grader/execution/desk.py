"""Answers a kernel's orders: trainings, evaluations and predictions, from the store or the trusted trainer.

The kernel may ask for anything; what it asks for is looked up in lists of what the trainer takes, its arrays are known
by digests that are computed here, and what it gets is what honest training gives. Where an order is not taken the
answer is ``{"kernel": reason}`` and the kernel does the work itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from grader.errors import DeadlineError, NotTrainable, TooMuch, TrainerError
from grader.execution.desk_questions import QUESTION, AskEpoch, AskFit, AskLook, AskState, WirePart, WirePipeline
from grader.execution.exchange import FitEvent
from grader.execution.intake import Intake, Work
from grader.execution.ledger import Given, Ledger, Source, contradiction, same_rows
from grader.execution.reasons import judge_reason
from grader.records import Array, Data, Message, Network, say
from grader.threads import begin
from grader.training import allowed
from grader.training.allowance import StoreAllowance
from grader.training.canonical import under_their_names
from grader.training.kernel_work import KernelWork, kind_of
from grader.training.likeness import different_rows, spread
from grader.training.orders import Look, Order, Part, Point, metrics_key
from grader.training.patience import ALL_ANSWERS_SECONDS, ANSWER_SECONDS
from grader.training.pipelines import canonical_pipeline
from grader.training.service import Trainings
from grader.training.starts import plain_form
from grader.training.trajectories import pack, unpack
from grader.training.work import NUMBER, QUESTION_WORK, Effort, effort_of, epoch_of

SOCKET = "trainer"
"""The desk's socket in the exchange folder."""
MAX_QUESTION_BYTES = 1_000_000
MAX_CONNECTIONS = 16
"""Of one kernel at a time; a further one ends the oldest. The recorder makes one."""
MAX_ORDERS = 500
"""Trainings of one notebook."""
MAX_AHEAD = 30
"""Epochs that are trained before the next look at the time."""
STATE_TO_WEIGHTS = 2
"""How much larger an optimizer's state is than the weights, at most of those that most people use."""
UNKNOWN = -1
"""No training."""
LATE_SECONDS = ANSWER_SECONDS + 60.0
"""How long an answer may take with all that belongs to it; what is later hangs."""


@dataclass(slots=True)
class Taken:
    """A training that was taken."""

    order: Order
    """In the form that it shares with others."""
    asked: Order
    """As the student wrote it."""
    metrics: tuple[Part, ...]
    """As the student named them."""
    measured: tuple[Part, ...]
    """In the form that they share with others'."""
    offset: int
    """Epochs of the order's trajectory before this training's first."""
    began: Point | None
    """The moment whose weights this training was to go on from; None for fresh ones."""
    reached: int = 0
    """Epochs that were given."""
    trained: bool = False
    """True if some of them had to be trained for this submission."""

    def point(self, epoch: int) -> Point:
        """A moment of this training in its trajectory."""
        return Point(self.order.key, self.offset + epoch)

    def given(self, number: int, epoch: int, logs: Mapping[str, float]) -> Given:
        """One of its epochs, for the ledger.

        Args:
            number: of this training.
        """
        began = self.began if epoch == 1 else self.point(epoch - 1)
        return Given(number, epoch, logs, self.asked, began, self.point(epoch))


Answer = tuple[dict[str, Any], Sequence[Array]]


class TrainingDesk:
    """Serves one kernel, as long as it runs."""

    def __init__(
        self,
        exchange: Path,
        trainings: Trainings,
        submission: str = "",
        allowance: StoreAllowance | None = None,
    ) -> None:
        """Args:
        submission: whose kernel it is.
        allowance: of the submission, whichever of its kernels this is; None for one of this kernel's own.
        """
        self._path = exchange / SOCKET
        self._allowance = allowance or StoreAllowance(trainings.store.max_bytes)
        self._intake = Intake(exchange, trainings.store, self._allowance)
        self._trainings = trainings.for_submission(submission)
        self._budget = trainings.budget
        self._server: asyncio.Server | None = None
        self._connections: list[asyncio.StreamWriter] = []
        self._busy_since: float | None = None
        self._waited = 0.0
        self.taken: list[Taken] = []
        self._ledger = Ledger()
        self._refused = False
        """The kernel was refused something, or cut off."""
        self._refusals: deque[KernelWork] = deque(maxlen=MAX_ORDERS)
        """Why trainings were refused that no report has named yet, in order."""
        self.failure = ""
        """What the trusted side could not do for it, though it should."""
        self._lengths: dict[str, int] = {}
        """Rows of data."""
        self._left_by: dict[Point, int] = {}
        """By moment, the reported training that had it."""
        self._went_on_from: dict[int, int | None] = {}
        self._taught: dict[str, tuple[int, Array]] = {}
        """By data, its different rows, and some of them."""
        self._late = False
        """It took too long: the kernel trains by itself from then on."""
        self._closed = False

    @property
    def waited(self) -> float:
        """Seconds that the kernel has waited for answers: no time of the student's, as long as its budget lasts."""
        return self._waited + (0.0 if self._busy_since is None else time.monotonic() - self._busy_since)

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=MAX_QUESTION_BYTES)

    async def close(self) -> None:
        """Listen no more, and wait for no answer that is under way."""
        self._closed = True
        self._trainings.abandon()
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.append(writer)
        for oldest in self._connections[:-MAX_CONNECTIONS]:
            oldest.transport.abort()
        try:
            while line := await reader.readline():
                if self._busy_since is not None:
                    return  # one question at a time: a second line is not the recorder's
                self._drop_unread()
                self._busy_since = time.monotonic()
                try:
                    answer, arrays = await self._in_time(line)
                finally:
                    self._waited += 0.0 if self._budget.over else time.monotonic() - self._busy_since
                    self._busy_since = None
                content = pack(arrays) if arrays else b""
                writer.write(json.dumps({**answer, "bytes": len(content)}).encode() + b"\n" + content)
                await writer.drain()
        except (OSError, ValueError, asyncio.CancelledError):  # the kernel is gone, or sends more than a question
            return
        finally:
            self._connections.remove(writer)
            self._refused = True  # an interrupt in the middle of an answer ends the connection, too
            writer.transport.abort()

    def _drop_unread(self) -> None:
        """End connections whose answers wait to be read: whoever asks anew has given them up."""
        for writer in self._connections:
            if writer.transport.get_write_buffer_size():
                writer.transport.abort()

    async def _in_time(self, line: bytes) -> Answer:
        """The answer to a question, or a refusal where it hangs."""
        try:
            return await asyncio.wait_for(asyncio.wrap_future(begin(self.answer, line)), LATE_SECONDS)
        except TimeoutError:
            return self._too_late(f"an answer must come in {LATE_SECONDS:g} seconds. Received: none"), ()

    def source(
        self, event: FitEvent, network: Network, cell: int, x: Data | None = None
    ) -> tuple[Source, Message | None]:
        """How a reported training was done, as the trusted side knows it, and why the report cannot be right.

        A training counts as the trainer's only where all its epochs were given here, and logs, settings and weights
        are those that were given. Anything else is the kernel's own claim: doubtful where it says nothing of why the
        kernel trained what it reports.

        Args:
            x: what it reports as its inputs.
        """
        taken = self._taken(event)
        if taken is None:
            return "kernel", _unasked(cell) if event.training is not None else self._own_work(event, network, cell)
        given = self._ledger.account_for(event)
        if given is None:
            return "kernel", self._own_work(event, network, cell)
        same_data = self._shows_ordered(taken, x)
        try:
            against = contradiction(event, network, taken.asked, given, self._weights, cell, same_data=same_data)
        except (NotTrainable, TrainerError) as error:  # the store has let go of it, and it cannot be had again
            logging.getLogger(__name__).warning("%s", error)
            return "kernel", None
        if against is not None:
            return "kernel", against
        assert event.training is not None
        began = given[0].began
        self._went_on_from[event.training] = None if began is None else self._left_by.get(began, UNKNOWN)
        self._left_by.update({entry.ended: event.training for entry in given})
        trained = any(self.taken[entry.training].trained for entry in given)
        return ("trained" if trained else "replayed"), None

    def _own_work(self, event: FitEvent, network: Network, cell: int) -> Message | None:
        """Why a training cannot have been the kernel's own work; None where it may have been, or ran for no epoch."""
        if event.raised is not None or not event.epochs:
            return None
        if not event.why_in_kernel:
            return _unasked(cell)
        if judge_reason(event, network, refused=self._refused) != "false":
            return None
        return say("Cell {cell} says that its kernel had to train, for a reason that cannot be true.", cell=cell + 1)

    def refusal(self, event: FitEvent) -> KernelWork | None:
        """Why the trainer did not do a training that a kernel says it was refused; None where it was not.

        Each refusal is named once: reports come in the order of the questions.
        """
        if kind_of(event.why_in_kernel) is not KernelWork.TRAINER or not self._refusals:
            return None
        return self._refusals.popleft()

    def goes_on_from(self, event: FitEvent) -> int | None:
        """The training that one of the trainer's went on from; None for fresh weights, `UNKNOWN` for none reported."""
        return UNKNOWN if event.training is None else self._went_on_from.get(event.training, UNKNOWN)

    def ordered(self, event: FitEvent) -> dict[str, Any] | None:
        """What the trainer was ordered for a reported training, in plain form; None where that is no whole training."""
        taken = self._taken(event)
        return None if taken is None else plain_form(taken.order, taken.offset + taken.reached, taken.measured)

    def trained_on(self, event: FitEvent, x: Data | None) -> Data | None:
        """The inputs of a reported training: as the kernel shows them, where they are those that it ordered."""
        taken = self._taken(event)
        if taken is None or not taken.reached or self._shows_ordered(taken, x):
            return x
        ordered = self._trainings.store.mapped(taken.order.x)
        if ordered is None:
            return x
        rows = tuple(sorted({0, len(ordered) // 3, len(ordered) // 2, len(ordered) - 1}))
        sample = np.asarray(ordered[list(rows)]).reshape(len(rows), *taken.asked.input_shape)
        return Data((len(ordered), *taken.asked.input_shape), str(sample.dtype), taken.asked.x, rows, sample)

    def taught(self, event: FitEvent) -> tuple[int, Array] | None:
        """How many different rows an epoch of a reported training had, and some of them; None where none are there."""
        taken = self._taken(event)
        if taken is None:
            return None
        digest = taken.order.x
        if digest not in self._taught:
            ordered = self._trainings.store.mapped(digest)
            if ordered is None or not len(ordered):
                return None
            self._taught[digest] = different_rows(ordered), spread(ordered)
        rows, some = self._taught[digest]
        return (min(rows, event.steps * taken.order.batch_size) if event.steps else rows), some

    def _taken(self, event: FitEvent) -> Taken | None:
        """The training that a report names."""
        known = event.training is not None and 0 <= event.training < len(self.taken)
        return self.taken[event.training] if known and event.training is not None else None

    def _shows_ordered(self, taken: Taken, x: Data | None) -> bool:
        ordered = self._trainings.store.mapped(taken.order.x)
        return ordered is None or same_rows(x, ordered)

    def _weights(self, training: int, epoch: int) -> Sequence[Array]:
        taken = self.taken[training]
        return self._trainings.epoch(taken.order, taken.offset + epoch, taken.measured)[0]

    # --- questions --------------------------------------------------------------------------------------------------

    def _note_refusal(self, question: Any, kind: KernelWork) -> None:
        """Keep in mind why a training was refused."""
        if isinstance(question, AskFit | AskEpoch):
            self._refusals.append(kind)

    def answer(self, line: bytes) -> Answer:
        """The answer to one question, whatever it says."""
        answer, arrays = self._answer(line)
        with contextlib.suppress(NotTrainable):  # this one is made already
            self._budget.take(NUMBER * sum(array.size for array in arrays))
        self._refused = self._refused or "kernel" in answer
        return answer, arrays

    def _answer(self, line: bytes) -> Answer:
        question: Any = None
        try:
            question = QUESTION.validate_python(json.loads(line))
            if self.waited > ALL_ANSWERS_SECONDS:
                raise DeadlineError(f"a kernel must wait {ALL_ANSWERS_SECONDS:g} seconds at most. Received: more")
            if self._late:
                self._note_refusal(question, KernelWork.FAULT)
                return {"kernel": self.failure}, ()
            self._budget.take(QUESTION_WORK)
            if isinstance(question, AskFit):
                return self._take(question)
            if isinstance(question, AskEpoch):
                return self._epoch(question)
            if isinstance(question, AskState):
                return self._state(question)
            return self._look(question)
        except TooMuch as error:
            self._note_refusal(question, KernelWork.BUDGET)
            return {"kernel": str(error)[:300]}, ()
        except NotTrainable as error:
            by_pipeline = isinstance(question, AskFit) and question.pipeline is not None
            self._note_refusal(question, KernelWork.PIPELINE if by_pipeline else KernelWork.TRAINER)
            return {"kernel": str(error)[:300]}, ()
        except (ValidationError, ValueError, IndexError, RecursionError) as error:
            return {"kernel": f"a question must follow the protocol. Received: {type(error).__name__}"}, ()
        except DeadlineError as error:
            self._note_refusal(question, KernelWork.FAULT)
            return self._too_late(str(error)), ()
        except TrainerError as error:
            self._note_refusal(question, KernelWork.FAULT)
            return self._failed(str(error)), ()
        except Exception as error:
            self._note_refusal(question, KernelWork.FAULT)
            logging.getLogger(__name__).exception("the training desk failed on a question")
            return self._failed(f"{type(error).__name__}: {error}"), ()

    def _failed(self, why: str) -> dict[str, Any]:
        """Refuse for a fault of ours, unless the kernel has ended and nobody waits."""
        if not self._closed:
            self.failure = self.failure or why[:300]
            logging.getLogger(__name__).warning("trained in the kernel: %s", why)
        return {"kernel": why[:300]}

    def _too_late(self, why: str) -> dict[str, Any]:
        self._late = True
        return self._failed(why)

    def _take(self, question: AskFit) -> Answer:
        if len(self.taken) >= MAX_ORDERS:
            raise TooMuch(f"a notebook may order {MAX_ORDERS} trainings. Received: more")
        metrics = _metrics(question.metrics)
        asked = Order(
            layers=_layers(question.layers),
            input_shape=tuple(question.input_shape),
            optimizer=allowed.optimizer(question.optimizer.name, question.optimizer.config),
            loss=allowed.loss(question.loss.name, question.loss.config),
            x=question.x,
            y=question.y,
            batch_size=question.batch_size,
            shuffle=question.shuffle,
            sample_weight=question.sample_weight,
            class_weight=tuple(question.class_weight),
        )
        if question.pipeline is not None:
            asked = _in_batches(asked, question.pipeline)
            if asked.begins_anew and question.under_way:
                raise NotTrainable("a pipeline must go on where it was. Received: a training that begins with it anew")
        shared, measured, need = self._shared(asked, metrics)
        if need:
            return {"need": need}, ()
        order, offset = self._begin(shared, question)
        before = self._known(question.weights)
        began = None if before is None else before[0].point(before[1])
        self.taken.append(Taken(order, asked, metrics, measured, offset, began))
        return {"training": len(self.taken) - 1}, ()

    def _shared(self, work: Work, metrics: tuple[Part, ...]) -> tuple[Work, tuple[Part, ...], list[str]]:
        """As `Intake.shared`; reading what is handed over is work, too."""
        before = self._intake.read_bytes
        found = self._intake.shared(work, metrics)
        self._budget.take(NUMBER * (self._intake.read_bytes - before))
        return found

    def _begin(self, order: Order, question: AskFit) -> tuple[Order, int]:
        """The order with its beginning, and how many epochs of its trajectory came before: epochs are a prefix."""
        if question.weights is None and question.state is None:
            return order, 0
        weights, state = self._known(question.weights), self._known(question.state)
        if weights is not None and weights == state:
            before, epoch = weights
            again = replace(order, weights=before.order.weights, optimizer_state=before.order.optimizer_state)
            if again == before.order and not again.begins_anew:
                return again, before.offset + epoch
        if state is not None:
            self._trainings.state(state[0].order, state[0].offset + state[1], state[0].measured)
        return (
            replace(
                order,
                weights=None if weights is None else weights[0].point(weights[1]),
                optimizer_state=None if state is None else state[0].point(state[1]),
            ),
            0,
        )

    def _known(self, where: list[int] | None) -> tuple[Taken, int] | None:
        """A moment that the kernel names; only what it was given can be named."""
        if where is None:
            return None
        taken = self.taken[where[0]]
        if not 0 < where[1] <= taken.reached:
            raise NotTrainable(f"a training must begin where another was. Received: epoch {where[1]}")
        return taken, where[1]

    def _epoch(self, question: AskEpoch) -> Answer:
        taken = self.taken[question.training]
        if question.epoch > taken.reached + 1:
            raise NotTrainable(f"epochs must be asked for one by one. Received: {question.epoch}")
        point = taken.point(question.epoch)
        if question.epoch > taken.reached:
            self._allowance.check(_name(point))
        before = self._trainings.trained
        ahead = taken.offset + min(question.ahead, question.epoch + MAX_AHEAD - 1)
        to = self._budget.take_epochs(point, metrics_key(taken.measured), *self._work_of(taken), ahead)
        wanted = (taken.order, point.epoch, taken.measured, to)
        weights: Sequence[Array] = ()
        if question.weights:
            weights, logs = self._trainings.epoch(*wanted)
        else:
            logs = self._trainings.logs(*wanted)
        logs = under_their_names(logs, taken.metrics, taken.measured)
        taken.trained = taken.trained or self._trainings.trained > before
        if question.epoch > taken.reached:
            taken.reached = question.epoch
            self._note_kept(point, to)
            self._ledger.note(taken.given(question.training, question.epoch, logs))
        return {"logs": logs}, weights

    def _note_kept(self, point: Point, last: int) -> None:
        """Count an epoch and those that were ordered with it, up to the last: weights of each, state of the last."""
        size = self._trainings.store.bytes_of(point)
        for epoch in range(point.epoch, last + 1):
            self._allowance.note(_name(Point(point.key, epoch)), size)
        self._allowance.note(f"{_name(Point(point.key, last))} state", STATE_TO_WEIGHTS * size)

    def _work_of(self, taken: Taken) -> tuple[Effort, int]:
        """What a training's network takes, and an epoch of it."""
        return epoch_of(taken.order, self._rows(taken.order.x), len(taken.measured))

    def _rows(self, digest: str) -> int:
        if digest not in self._lengths:
            self._lengths[digest] = self._trainings.store.length(digest)
        return self._lengths[digest]

    def _state(self, question: AskState) -> Answer:
        taken, epoch = self._known([question.training, question.epoch]) or (None, 0)
        assert taken is not None
        self._budget.take_look(f"state {taken.point(epoch)}", self._work_of(taken)[1])
        return {}, self._trainings.state(taken.order, taken.offset + epoch, taken.measured)

    def _look(self, question: AskLook) -> Answer:
        known = self._known(question.at)
        assert known is not None
        taken, epoch = known
        look = Look(
            at=taken.point(epoch),
            layers=_layers(question.layers),
            input_shape=tuple(question.input_shape),
            x=question.x,
            y=question.y,
            loss=None if question.loss is None else allowed.loss(question.loss.name, question.loss.config),
            metrics=_metrics(question.metrics),
            sample_weight=question.sample_weight,
        )
        asked = look.metrics
        look, measured, need = self._shared(look, asked)
        if need:
            return {"need": need}, ()
        look = replace(look, metrics=measured)
        self._allowance.check(look.key)
        effort = effort_of(look.layers, look.input_shape)
        self._budget.take_look(look.key, effort.build + effort.forward(self._rows(look.x), len(measured)))
        content = self._trainings.look(look, taken.order, taken.measured)
        self._allowance.note(look.key, len(content))
        if question.y is None:
            return {}, unpack(content)
        return {"logs": under_their_names(json.loads(content), asked, measured)}, ()


def _in_batches(order: Order, wire: WirePipeline) -> Order:
    """An order whose batches a pipeline makes, in the form of all that make the same ones. Raises NotTrainable."""
    asked = wire.plain()
    pipeline, shuffle = canonical_pipeline(asked, wire.rows)
    return replace(order, batch_size=asked.batch_size, shuffle=shuffle, pipeline=pipeline)


def _layers(wire: list[WirePart]) -> tuple[Part, ...]:
    return tuple(layer for part in wire for layer in allowed.layers(part.name, part.config))


def _name(point: Point) -> str:
    return f"{point.key} {point.epoch}"


def _metrics(wire: list[WirePart]) -> tuple[Part, ...]:
    return tuple(allowed.metric(part.name, part.config) for part in wire)


def _unasked(cell: int) -> Message:
    return say("Cell {cell} reports epochs that the trainer was not asked for.", cell=cell + 1)
