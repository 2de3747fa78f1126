"""From messages of the kernel to the records that checks work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from grader.execution.exchange import (
    BuiltEvent,
    CallbackEvent,
    CallEvent,
    CellEvent,
    Event,
    ExchangeReader,
    FaultEvent,
    FitEvent,
    InputEvent,
    OldEvent,
    WireCallback,
    WireCompiled,
    WireData,
    WireFailed,
    WireLayer,
    WireNetwork,
    WireRaised,
)
from grader.execution.ledger import Source
from grader.execution.old_code import KNOWN, told
from grader.execution.reasons import judge_reason
from grader.records import Array, Call, Callback, Data, Message, Network, Raised, Training, Transcript, say
from grader.training.kernel_work import OURS, TRUSTED, KernelWork, kind_of
from grader.training.networks import LayerClaim, Trace, build_network


class Trusted(Protocol):
    """What the trusted side knows of trainings that a kernel reports."""

    def source(self, event: FitEvent, network: Network, cell: int, x: Data | None) -> tuple[Source, Message | None]:
        """How one was done, and why its report cannot be right."""

    def ordered(self, event: FitEvent) -> Mapping[str, Any] | None:
        """What the trainer was ordered for it."""

    def trained_on(self, event: FitEvent, x: Data | None) -> Data | None:
        """The inputs that it was trained on, by those that the kernel shows."""

    def taught(self, event: FitEvent) -> tuple[int, Array] | None:
        """The number of different rows of an epoch, and some of them."""

    def goes_on_from(self, event: FitEvent) -> int | None:
        """The trainer's training that one of its own went on from, as reports name it; None for fresh weights."""

    def refusal(self, event: FitEvent) -> KernelWork | None:
        """Why the trainer refused it; None where it did not."""


MOST_INPUTS = 20
"""Questions to whoever sits before the notebook that are told of."""


class Assembler:
    """Collects one run's trainings, calls and callbacks in the order in which they happened."""

    def __init__(self, reader: ExchangeReader, trusted: Trusted | None = None) -> None:
        """Args:
        trusted: what knows of trainings by itself; None where the kernel trains everything.
        """
        self._reader = reader
        self._trusted = trusted
        self._calls: dict[int, int] = {}
        """By number of a call of `fit`, its training."""
        self._served: dict[int, int] = {}
        """By the trainer's number of a training, the one that is reported."""
        self.trainings: list[Training] = []
        self._epochs: dict[str, int] = {}
        """By model, for how many it was trained so far, without those that cannot be right as they are reported."""
        self.fits: dict[int, int] = {}
        """By training, which of the kernel's calls of `fit` it was."""
        self.calls: list[Call] = []
        self.callbacks: dict[str, Callback] = {}
        self.faults: list[str] = []
        self.reported: set[int] = set()
        """Cells after which the recorder said that it was still there."""
        self.old: dict[str, int] = {}
        """Names of old code that had its old meaning, with the first cell of each."""
        self.inputs: list[Message] = []
        """What was asked for, and how it was answered."""
        self.failed: WireFailed | None = None
        """What stopped the last code that ran, as the kernel says."""
        self.flags: list[Message] = []
        """What the instructor should know of, and no mark depends on."""

    def add(self, event: Event, cell: int) -> None:
        """Take in one event that was sent while `cell` ran."""
        if isinstance(event, FitEvent):
            self._add_fit(event, cell)
        elif isinstance(event, BuiltEvent):
            self._add_built(event, cell)
        elif isinstance(event, CallEvent):
            self._add_call(event, cell)
        elif isinstance(event, CallbackEvent):
            self._know(self._callback(event, cell))
        elif isinstance(event, CellEvent):
            self._add_cell(event, cell)
        elif isinstance(event, OldEvent):
            if event.name in KNOWN:
                self.old.setdefault(event.name, cell)
        elif isinstance(event, InputEvent):
            if len(self.inputs) < MOST_INPUTS:
                self.inputs.append(_told_input(event, cell))
        elif isinstance(event, FaultEvent):
            self.faults.append(f"{event.where}: {event.error}")

    def _add_fit(self, event: FitEvent, cell: int) -> None:
        callbacks = tuple(self._know(self._callback(item, cell)) for item in event.callbacks)
        x, network = self._data(event.x), self._network(event.network)
        trusted = self._trusted
        source, doubt = trusted.source(event, network, cell, x) if trusted else ("kernel", None)
        knows = trusted if source != "kernel" else None
        refused = trusted.refusal(event) if trusted and not knows else None
        if trusted and not knows and not refused and doubt is None and event.epochs and event.raised is None:
            self._flag_reason(event, network, cell)
        x = trusted.trained_on(event, x) if trusted else x
        self.fits[len(self.trainings)] = event.number
        rows, taught = (knows.taught(event) if knows else None) or (_rows(event, x), None)
        origin = self._origin(event, knows)
        before = self._epochs.get(event.model, 0)
        self._epochs[event.model] = before + (event.epochs if doubt is None else 0)
        self.trainings.append(
            Training(
                id=len(self.trainings),
                cell=cell,
                model=event.model,
                network=network,
                **_compiled(event.compiled),
                epochs=event.epochs,
                changed=event.changed,
                **origin,
                epochs_asked=max(0, event.epochs_asked - event.initial_epoch),
                initial_epoch=event.initial_epoch,
                epochs_before=before,
                batch_size=_batch_size(event, x),
                steps=event.steps
                if event.epochs or event.raised
                else 0,  # replay plans the steps of an epoch never run
                logs=tuple(event.logs),
                x=x,
                y=self._data(event.y),
                rows=rows,
                taught=taught,
                callbacks=callbacks,
                raised=_raised(event.raised),
                source=source,
                ordered=knows.ordered(event) if knows else None,
                why_in_kernel=_why_in_kernel(event, refused, origin["start"]),
                doubt=doubt,
            )
        )

    def _origin(self, event: FitEvent, trusted: Trusted | None) -> dict[str, Any]:
        """What gave a training its weights: as the trusted side knows it, else as the kernel says."""
        number = len(self.trainings)
        if trusted is None:
            start, set_otherwise = event.start, event.set_otherwise
            before = self._calls.get(event.goes_on_from) if start == "training" else None
        else:
            ordered, set_otherwise = trusted.goes_on_from(event), False
            start = "fresh" if ordered is None else "training"
            before = None if ordered is None else self._served.get(ordered)
            self._served.setdefault(event.training or 0, number)
        self._calls.setdefault(event.number, number)
        known = start != "training" or before is not None
        return {"start": start if known else "other", "goes_on_from": before, "set_otherwise": set_otherwise}

    def _flag_reason(self, event: FitEvent, network: Network, cell: int) -> None:
        if judge_reason(event, network, refused=True) == "not shown":
            self.flags.append(say("Cell {cell} trained in the student's kernel, and nothing shows why.", cell=cell + 1))

    def _add_cell(self, event: CellEvent, cell: int) -> None:
        self.reported.add(cell)
        self.failed = event.failed
        for name in event.replaced:
            self.flags.append(say("Cell {cell} replaced {name} by a function of its own.", cell=cell + 1, name=name))

    def _add_built(self, event: BuiltEvent, cell: int) -> None:
        self.trainings.append(
            Training(
                id=len(self.trainings),
                cell=cell,
                model=event.model,
                network=self._network(event.network),
                **_compiled(event.compiled),
                steps=event.loop_steps,
                loaded=event.loaded,
                built_only=event.loop_steps == 0,
            )
        )

    def _add_call(self, event: CallEvent, cell: int) -> None:
        self.calls.append(
            Call(
                kind=event.kind,
                cell=cell,
                model=event.model,
                network=self._network(event.network),
                x=self._data(event.x),
                y=self._data(event.y),
                result=tuple(event.result),
                output=self._reader.array(event.output),
                raised=_raised(event.raised),
            )
        )

    def set_transcripts(self, callback: str, transcripts: tuple[Transcript, ...], training: int | None = None) -> None:
        """Keep what a callback did in the scenarios: in general, and in the training that it was passed to."""
        self.callbacks[callback] = replace(self.callbacks[callback], transcripts=transcripts)
        if training is not None:
            changed = tuple(
                replace(item, transcripts=transcripts) if item.id == callback else item
                for item in self.trainings[training].callbacks
            )
            self.trainings[training] = replace(self.trainings[training], callbacks=changed)

    def remarks(self) -> list[Message]:
        """What the reader of the report should know of how the code was run."""
        return [*self.inputs, *(told(name, cell) for name, cell in self.old.items())]

    def set_provisional(self, first: int, why: Message, cause: int) -> None:
        """Leave to a person what the trainings from number `first` on decide, on account of a cell."""
        self.trainings[first:] = [
            item if item.provisional else replace(item, provisional=why, cause=cause) for item in self.trainings[first:]
        ]

    def set_probabilities(self, training: int, probabilities: Array) -> None:
        """Keep what the kernel answered for the test images."""
        self.trainings[training] = replace(self.trainings[training], test_probabilities=probabilities)

    # --- parts ------------------------------------------------------------------------------------------------------

    def _know(self, callback: Callback) -> Callback:
        known = self.callbacks.get(callback.id)
        if known is None:
            self.callbacks[callback.id] = callback
            return callback
        return replace(callback, cell=known.cell, transcripts=known.transcripts)

    def _callback(self, item: WireCallback, cell: int) -> Callback:
        return Callback(
            id=item.id,
            name=item.name,
            names=tuple(item.names),
            is_callback=item.is_callback,
            is_instance=item.instance,
            hooks=tuple(item.hooks),
            own=item.own,
            cell=cell,
        )

    def _network(self, wire: WireNetwork | None) -> Network:
        if wire is None:
            return Network(())
        trace = None
        if wire.trace is not None:
            start, end = self._reader.array(wire.trace.input), self._reader.array(wire.trace.output)
            if start is not None and end is not None:
                trace = Trace(start, end, tuple(self._layer(call) for call in wire.trace.calls))
        weights = [self._reader.array(item) for item in wire.weights]
        return build_network(
            [self._layer(layer) for layer in wire.layers],
            trace,
            [value for value in weights if value is not None],
            None if wire.input_shape is None else tuple(wire.input_shape),
            None if wire.output_shape is None else tuple(wire.output_shape),
        )

    def _layer(self, wire: WireLayer) -> LayerClaim:
        weights = [self._reader.array(item) for item in wire.weights]
        return LayerClaim(
            names=tuple(wire.names),
            config=wire.config,
            weights=tuple(value for value in weights if value is not None),
            activation=wire.activation,
            probe=None if wire.probe is None else tuple(wire.probe),
            input=self._reader.array(wire.input),
            output=self._reader.array(wire.output),
        )

    def _data(self, wire: WireData | None) -> Data | None:
        if wire is None:
            return None
        sample = self._reader.array(wire.sample)
        sample = None if sample is None or sample.ndim == 0 else sample
        return Data(
            shape=tuple(wire.shape),
            dtype=wire.dtype,
            sha256=wire.sha256,
            rows=tuple(wire.rows) if sample is not None and len(wire.rows) == len(sample) else (),
            sample=sample,
            batch_size=wire.batch_size,
        )


def _told_input(event: InputEvent, cell: int) -> Message:
    if event.answer:
        return say(
            "Cell {cell} asks “{prompt}”; it was given “{answer}”, which its saved output shows.",
            cell=cell + 1,
            prompt=event.prompt,
            answer=event.answer,
        )
    return say(
        "Cell {cell} asks “{prompt}”; nobody can answer here, and it was given an empty line.",
        cell=cell + 1,
        prompt=event.prompt or "input()",
    )


def _compiled(wire: WireCompiled) -> dict[str, Any]:
    return {"optimizer": tuple(wire.optimizer), "loss": wire.loss, "metrics": tuple(wire.metrics)}


def _raised(wire: WireRaised | None) -> Raised | None:
    return None if wire is None else Raised(wire.name, wire.message, tuple(wire.names))


def _why_in_kernel(event: FitEvent, refused: KernelWork | None, start: str) -> str:
    """The trusted side's own reason where it has one; what a kernel says of the trainer counts for nothing."""
    kind = kind_of(event.why_in_kernel)
    if refused is not None:
        return TRUSTED[refused]
    if kind is KernelWork.OWN_WEIGHTS and start == "training":
        return TRUSTED[KernelWork.IN_PARTS]
    return "" if kind is KernelWork.TRAINER or kind in OURS else event.why_in_kernel


def _rows(event: FitEvent, x: Data | None) -> int | None:
    """How many rows a kernel says that an epoch has; one where all that it shows are the same."""
    size = _batch_size(event, x)
    if x is None or x.shape is None or not x.shape or size is None:
        return None
    if x.sample is not None and len(x.sample) > 1 and (x.sample == x.sample[:1]).all():
        return 1
    batches = event.steps * size if event.steps else None
    if x.batch_size is not None:
        return batches
    kept = int(x.shape[0] * (1 - min(max(event.validation_split or 0.0, 0.0), 1.0)))
    return kept if batches is None else min(kept, batches)


def _batch_size(event: FitEvent, x: Data | None) -> int | None:
    """The size of a training's batches: the pipeline's own, else as the call says, else Keras's default for arrays."""
    if x is not None and x.batch_size:
        return x.batch_size
    return event.batch_size or (None if x is None else 32)
