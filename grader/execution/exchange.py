"""The wire between the student's kernel and the trusted side, seen from the trusted side.

The kernel appends JSON objects to ``events.jsonl`` and writes arrays as ``<sha256>.npy`` into one folder that it may
write and the trusted side reads. Nothing in there is believed: every event has a strict schema, every array is plain
numbers under the digest that names it, links and pipes are not followed, and every size is capped.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from grader.errors import ExchangeError
from grader.processes import AS_IT_IS
from grader.records import Array
from grader.training.trajectories import array_digest

MAX_EVENT_BYTES = 8_000_000
MAX_EVENTS_BYTES = 200_000_000
MAX_EVENTS = 20_000
MAX_ARRAY_BYTES = 400_000_000
MAX_ARRAYS_BYTES = 4_000_000_000

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
    epochs: Size = 0
    changed: bool | None = None
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
        self._offset = 0
        self._events = 0
        self._loaded_bytes = 0
        self._arrays: dict[str, Array] = {}
        self.refused: list[str] = []
        """Messages that broke the protocol, for the instructor."""

    def new_events(self) -> list[Event]:
        """Events written since the last call; malformed ones are refused and noted.

        Raises:
            ExchangeError: the kernel wrote more than the protocol allows.
        """
        return list(self._parse(self._new_bytes()))

    def _new_bytes(self) -> bytes:
        try:
            with _open_regular(self._folder / "events.jsonl") as file:
                size = file.seek(0, io.SEEK_END)
                if size > MAX_EVENTS_BYTES:
                    raise ExchangeError(f"events must stay under {MAX_EVENTS_BYTES} bytes. Received: {size}")
                file.seek(self._offset)
                data = file.read(MAX_EVENTS_BYTES)
        except FileNotFoundError:
            return b""
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole

    def _parse(self, data: bytes) -> Iterator[Event]:
        for line in data.splitlines():
            self._events += 1
            if self._events > MAX_EVENTS:
                raise ExchangeError(f"a notebook may send {MAX_EVENTS} events. Received: more")
            if len(line) > MAX_EVENT_BYTES:
                self._refuse(f"an event must stay under {MAX_EVENT_BYTES} bytes. Received: {len(line)}")
                continue
            try:
                yield _EVENT.validate_python(json.loads(line))
            except (ValueError, RecursionError) as error:
                detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
                self._refuse(f"an event must follow the protocol. Received: {detail[:200]}")

    def _refuse(self, reason: str) -> None:
        if len(self.refused) < 20:
            self.refused.append(reason)

    def array(self, digest: str | None) -> Array | None:
        """A plain numeric array by its digest; None where it is missing, malformed, or not what its digest says."""
        if digest is None:
            return None
        if digest not in self._arrays:
            try:
                self._arrays[digest] = self._load(digest)
            except (OSError, ValueError, ExchangeError) as error:
                self._refuse(f"an array must be readable. Received: {str(error)[:200]}")
                return None
        return self._arrays[digest]

    def _load(self, digest: str) -> Array:
        with _open_regular(self._folder / f"{digest}.npy") as file:
            size = file.seek(0, io.SEEK_END)
            self._loaded_bytes += size
            if size > MAX_ARRAY_BYTES or self._loaded_bytes > MAX_ARRAYS_BYTES:
                raise ExchangeError(f"arrays must stay under {MAX_ARRAY_BYTES} bytes each. Received: {size}")
            file.seek(0)
            content = bytearray(size)
            file.readinto(content)
        array = np.ascontiguousarray(_array(content))
        found = array_digest(array)
        if found != digest:
            raise ExchangeError(f"an array must match its digest. Received: {found[:12]} for {digest[:12]}")
        return array

    def forget_arrays(self) -> None:
        """Let go of the arrays that were loaded."""
        self._arrays.clear()


_NPY = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '([<>|][fiub]\d\d?)', 'fortran_order': (True|False), "
    rb"'shape': \(([\d, ]{0,200})\), \} *\n",
    re.DOTALL,
)
"""The header that numpy writes for a plain array. Its own reader takes more, and makes room for all that it says."""


def _array(content: bytearray) -> Array:
    """The array of a ``.npy`` file.

    Raises:
        ExchangeError, ValueError: it is not a plain array of numbers, or not as long as its header says.
    """
    header = _NPY.match(content)
    if header is None or int.from_bytes(header[1], "little") + 10 != header.end():
        raise ExchangeError("an array must be a plain one of numbers, as numpy saves it. Received: another header")
    try:
        dtype = np.dtype(header[2].decode())
    except TypeError as error:
        raise ExchangeError(f"an array must hold numbers. Received: {header[2].decode()}") from error
    shape = tuple(int(size) for size in header[4].replace(b",", b" ").split())
    wanted, found = math.prod(shape) * dtype.itemsize, len(content) - header.end()
    if wanted != found:
        raise ExchangeError(f"an array must be as long as its header says. Received: {found} bytes, not {wanted}")
    return np.frombuffer(content, dtype, offset=header.end()).reshape(shape, order="F" if header[3] == b"True" else "C")


def put_array(folder: Path, name: str, array: Array) -> None:
    """Hand an array to the kernel."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    target = folder / name
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | AS_IT_IS, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(buffer.getvalue())


def _open_regular(path: Path) -> io.BufferedReader:
    """Open a file that the kernel may have replaced by something else.

    Raises:
        ExchangeError: it is a link, a pipe or a device.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | AS_IT_IS)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ExchangeError(f"an exchange file must be a regular file. Received: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ExchangeError("an exchange file must be a regular file. Received: something else")
    return os.fdopen(descriptor, "rb")
