"""The wire between the student's kernel and the trusted side, seen from the trusted side.

The kernel appends JSON objects to ``events.jsonl`` and writes arrays as ``<sha256>.npy`` into one folder that it may
write and the trusted side reads. Nothing in there is believed: every event has a strict schema, every array is plain
numbers under the digest that names it, links and pipes are not followed, and every size is capped.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from grader.bounded_json import count_values, read_json
from grader.errors import ExchangeError
from grader.execution.arrays import ArrayReader, open_regular
from grader.records import Array

MAX_EVENT_BYTES = 8_000_000
MAX_EVENTS_BYTES = 60_000_000
MAX_EVENTS = 20_000
MAX_VALUES = 3_000_000
"""Numbers, texts, lists and objects in all events of one kernel."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Short = Annotated[str, StringConstraints(max_length=300)]
Words = Annotated[list[Short], Field(max_length=60)]
Size = Annotated[int, Field(ge=0, le=10**12)]
Sizes = Annotated[list[int | None], Field(max_length=12)]


class Wire(BaseModel):
    """Base of all messages: unknown keys are dropped, since a newer recorder may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class WireRaised(Wire):
    """An exception."""

    name: Short
    message: Annotated[str, StringConstraints(max_length=5_000)]
    names: Words = []


class WireFailed(Wire):
    """The statement that stopped a cell, and by what."""

    name: Short
    names: Words = []
    line: Annotated[int, Field(ge=1, le=10**6)]
    column: Size = 0
    errno: int | None = None


class WireLayer(Wire):
    """A layer as configured, or, with input and output, as it computed."""

    names: Words
    config: dict[str, Any] = Field(default_factory=dict, max_length=100)
    weights: Annotated[list[Digest | None], Field(max_length=100)] = []
    activation: Short = ""
    probe: Annotated[list[float] | None, Field(max_length=100)] = None
    input: Digest | None = None
    output: Digest | None = None


class WireTrace(Wire):
    """A few inputs followed through the model's layers."""

    input: Digest | None
    output: Digest | None
    calls: Annotated[list[WireLayer], Field(max_length=2_000)]


class WireNetwork(Wire):
    """A model."""

    layers: Annotated[list[WireLayer], Field(max_length=2_000)] = []
    trace: WireTrace | None = None
    input_shape: Sizes | None = None
    output_shape: Sizes | None = None
    weights: Annotated[list[Digest | None], Field(max_length=2_000)] = []


class WireData(Wire):
    """An array or pipeline."""

    shape: Annotated[list[Size], Field(max_length=12)]
    dtype: Short = ""
    sha256: Annotated[str, StringConstraints(max_length=64)] = ""
    rows: Annotated[list[Size], Field(max_length=64)] = []
    sample: Digest | None = None
    batch_size: int | None = None


class WireCallback(Wire):
    """A callback class, or an object passed as one."""

    id: Short
    name: Short
    names: Words = []
    is_callback: bool = False
    own: bool = False
    hooks: Words = []
    instance: bool = True


class WireCompiled(Wire):
    """What a model was compiled with."""

    optimizer: Words = []
    loss: Short = ""
    metrics: Words = []
    learning_rate: float | None = None
    schedule: Short = ""
    """By what the learning rate changes with the steps, if by anything."""


class FitEvent(Wire):
    """A call of ``fit``."""

    kind: Literal["fit"]
    number: Size = 0
    """Of the call, counted from 1."""
    model: Short
    network: WireNetwork | None = None
    compiled: WireCompiled = WireCompiled()
    x: WireData | None = None
    y: WireData | None = None
    callbacks: Annotated[list[WireCallback], Field(max_length=60)] = []
    batch_size: int | None = None
    epochs_asked: Size = 0
    initial_epoch: Size = 0
    validation_split: float | None = None
    epochs: Size = 0
    changed: bool | None = None
    start: Literal["fresh", "training", "other"] = "other"
    goes_on_from: Size = 0
    set_otherwise: bool = False
    """Whether the weights are others than before; None for a model that had none yet."""
    steps: Size = 0
    logs: Annotated[list[dict[Short, float]], Field(max_length=5_000)] = []
    raised: WireRaised | None = None
    training: int | None = None
    """The trainer's number for it, if the trainer took it."""
    answered: Size = 0
    """Epochs that the trainer gave."""
    why_in_kernel: Short = ""
    """Why the kernel trained this itself; empty where it did not."""


class CallEvent(Wire):
    """A call of ``evaluate`` or ``predict``."""

    kind: Literal["evaluate", "predict"]
    model: Short
    network: WireNetwork | None = None
    x: WireData | None = None
    y: WireData | None = None
    result: Annotated[list[float], Field(max_length=60)] = []
    output: Digest | None = None
    raised: WireRaised | None = None


class BuiltEvent(Wire):
    """A model that was built, compiled, or trained by a loop of the student's own."""

    kind: Literal["built"]
    model: Short
    network: WireNetwork | None = None
    compiled: WireCompiled = WireCompiled()
    loop_steps: Size = 0
    loaded: bool = False


class CallbackEvent(WireCallback):
    """A callback class that was defined."""

    kind: Literal["callback"]


class CellEvent(Wire):
    """The end of a cell."""

    kind: Literal["cell"]
    replaced: Words = []
    """Watched methods of Keras that are no longer the recorder's, since this cell."""
    failed: WireFailed | None = None
    """What stopped it."""


class OldEvent(Wire):
    """A call by an old name, that the recorder gave its old meaning."""

    kind: Literal["old"]
    name: Short


class InputEvent(Wire):
    """A question of the student's code to whoever sits before it."""

    kind: Literal["input"]
    prompt: Short
    answer: Short


class ReplyEvent(Wire):
    """The answer to a command."""

    kind: Literal["reply"]
    nonce: Short
    reply: dict[str, Any] = Field(max_length=20)


class FaultEvent(Wire):
    """A fault inside the recorder."""

    kind: Literal["fault"]
    where: Short
    error: Annotated[str, StringConstraints(max_length=5_000)]


Event = FitEvent | CallEvent | BuiltEvent | CallbackEvent | CellEvent | OldEvent | InputEvent | ReplyEvent | FaultEvent
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


class ExchangeReader:
    """Reads what the kernel wrote since the last look. One reader a run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._arrays = ArrayReader(folder)
        self._offset = 0
        self._events = 0
        self._values = 0
        self._passing_over = False
        """What comes next is the rest of an event that is too long."""
        self.refused: list[str] = []
        """Messages that broke the protocol, for the instructor."""

    def new_events(self) -> Iterator[Event]:
        """Events written since the last call, read one by one; malformed ones are refused and noted.

        Raises:
            ExchangeError: the kernel wrote more than the protocol allows. Nothing more of it is read then.
        """
        for line in self._new_lines():
            self._count(line)
            try:
                yield _EVENT.validate_python(read_json(line, MAX_VALUES))
            except ValueError as error:
                detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
                self._refuse(f"an event must follow the protocol. Received: {detail[:200]}")

    def _new_lines(self) -> Iterator[bytes]:
        """Whole lines, of those that are there now."""
        try:
            file = open_regular(self._folder / "events.jsonl")
        except FileNotFoundError:
            return
        with file:
            end = file.seek(0, io.SEEK_END)
            file.seek(self._offset)
            while self._offset < end:
                if self._offset > MAX_EVENTS_BYTES:
                    raise ExchangeError(f"events must stay under {MAX_EVENTS_BYTES} bytes together. Received: more")
                line = file.readline(MAX_EVENT_BYTES)
                whole = line.endswith(b"\n")
                if not whole and len(line) < MAX_EVENT_BYTES:
                    return  # it is not all written yet
                self._offset += len(line)
                if whole and not self._passing_over:
                    yield line
                elif not whole and not self._passing_over:
                    self._refuse(f"an event must stay under {MAX_EVENT_BYTES} bytes. Received: more")
                self._passing_over = not whole

    def _count(self, line: bytes) -> None:
        self._events += 1
        if self._events > MAX_EVENTS:
            raise ExchangeError(f"a notebook may send {MAX_EVENTS} events. Received: more")
        self._values += count_values(line, MAX_VALUES - self._values)
        if self._values > MAX_VALUES:
            raise ExchangeError(f"events must have at most {MAX_VALUES} values together. Received: more")

    def _refuse(self, reason: str) -> None:
        if len(self.refused) < 20:
            self.refused.append(reason)

    def array(self, digest: str | None) -> Array | None:
        """A plain numeric array by its digest; None where it is missing, malformed, or not what its digest says."""
        if digest is None:
            return None
        try:
            return self._arrays.read(digest)
        except (OSError, ValueError, ExchangeError) as error:
            self._refuse(f"an array must be readable. Received: {str(error)[:200]}")
            return None

    def forget_arrays(self) -> None:
        """Let go of the arrays that were loaded."""
        self._arrays.forget()
