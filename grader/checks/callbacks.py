"""Checks of a callback by what it does: sent scenarios epoch by epoch, and watched for when it stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from grader.checks.context import Context
from grader.records import Callback, Finding, Message, Training, Transcript, say
from grader.rubric.criteria import CallbackClass, CallbackStops, CallbackUsed, CallbackWaits
from grader.training.scenarios import Scenario, stopping_scenarios

EPOCH_HOOKS = ("on_epoch_end",)


def check_callback_class(criterion: CallbackClass, context: Context) -> Finding:
    """A subclass of Keras's Callback with an epoch-end hook."""
    callback = find_callback(context)
    if callback is None:
        return context.missing(criterion, say("No callback class of the student's own was found."))
    where: dict[str, Any] = {"cells": _cells(callback)}
    if not callback.own:
        message = say("{name} is an object of Keras's own class; a class was asked for.", name=callback.name)
        return context.failed(criterion, message, "claimed", **where)
    if not callback.is_callback:
        message = say("The class {name} does not derive from Keras's Callback.", name=callback.name)
        return context.failed(criterion, message, "claimed", **where)
    if not set(callback.hooks) & set(EPOCH_HOOKS):
        message = say(
            "The class {name} has no on_epoch_end: Keras never calls it when an epoch ends.", name=callback.name
        )
        return context.failed(criterion, message, "claimed", **where)
    message = say("The class {name} derives from Callback and acts when an epoch ends.", name=callback.name)
    return context.passed(criterion, message, "claimed", **where)


def check_callback_used(criterion: CallbackUsed, context: Context) -> Finding:
    """An instance was passed to ``fit``, and training ran with it."""
    callback = find_callback(context)
    if callback is None:
        return context.missing(criterion, say("No callback class of the student's own was found."))
    with_it = [
        (training, passed)
        for training in context.evidence.trainings
        for passed in training.callbacks
        if passed.id == callback.id
    ]
    for training, passed in reversed(with_it):
        if passed.is_instance and (training.epochs or training.steps):
            message = say("An instance of {name} was passed to fit, and training ran with it.", name=callback.name)
            return context.passed(criterion, message, "claimed", cells=[training.cell])
    for training, passed in reversed(with_it):
        if not passed.is_instance:
            message = say("The class {name} itself was passed to fit, not an instance of it.", name=callback.name)
            return context.failed(criterion, message, "claimed", cells=[training.cell])
        message = _did_not_run(callback, training)
        return context.missing(criterion, message, [training.cell])
    return context.missing(criterion, say("{name} was never passed to fit.", name=callback.name))


def _did_not_run(callback: Callback, training: Training) -> Message:
    if training.raised is None:
        return say("fit was called with {name}, but training did not run.", name=callback.name)
    error = f"{training.raised.name}: {training.raised.message[:200]}"
    return say("fit was called with {name}, but training did not run: {error}", name=callback.name, error=error)


def check_callback_stops(criterion: CallbackStops, context: Context) -> Finding:
    """Stops at the first epoch whose loss is at or below the threshold."""
    callback = find_callback(context)
    if callback is None:
        return context.missing(criterion, say("No callback class of the student's own was found."))
    if not callback.transcripts:
        return _not_examined(criterion, context, callback)
    for scenario, transcript in _pairs(criterion.loss, callback):
        if None in scenario.stop_after:
            continue
        fault = _misses_stop(scenario, transcript, criterion.loss)
        if fault is not None:
            where: dict[str, Any] = {"cells": _cells(callback), "evidence": {"transcript": as_json(transcript)}}
            return context.failed(criterion, fault, "claimed", **where)
    message = say(
        "Stopped at the first epoch with a loss of {loss:.2f} or less, in every case tried.", loss=criterion.loss
    )
    return context.passed(criterion, message, "claimed", cells=_cells(callback))


def check_callback_waits(criterion: CallbackWaits, context: Context) -> Finding:
    """Does not stop, and does not break off, while the loss is above the threshold."""
    callback = find_callback(context)
    if callback is None:
        return context.missing(criterion, say("No callback class of the student's own was found."))
    if not callback.transcripts:
        return _not_examined(criterion, context, callback)
    for scenario, transcript in _pairs(criterion.loss, callback):
        fault = _ends_early(scenario, transcript, criterion.loss)
        if fault is not None:
            where: dict[str, Any] = {"cells": _cells(callback), "evidence": {"transcript": as_json(transcript)}}
            return context.failed(criterion, fault, "claimed", **where)
    message = say("Never stopped while the loss was above {loss:.2f}.", loss=criterion.loss)
    return context.passed(criterion, message, "claimed", cells=_cells(callback))


# --- which callback ---------------------------------------------------------------------------------------------------


def find_callback(context: Context) -> Callback | None:
    """The callback that answers the question: of those passed to trainings of its place or defined there, else any own.

    Of several that ever stop a training, the one that does most of what was asked counts, the last of equals: a failed
    try before or after a right one costs nothing, and others measure time or print. One that belongs to another
    question's training and never stops is no answer to this one. The assignment's own example earns nothing.
    """
    known = {callback.id: callback for callback in context.evidence.callbacks}
    chosen = context.training()
    trainings = [item for item in context.evidence.trainings if item.cell in context.place.cells or item == chosen]
    passed = [_as_examined(item, known) for training in trainings for item in training.callbacks]
    defined = [item for item in known.values() if item.own]
    candidates, own = ([item for item in pool if _counts(item, context)] for pool in (passed, defined))
    in_place = [item for item in own if item.cell in context.place.cells]
    stopping = [item for item in (*in_place, *candidates) if _ever_stops(item)]
    if stopping:
        right = [_done_right(item, context) for item in stopping]
        return stopping[max(range(len(stopping)), key=lambda number: (right[number], number))]
    return next((pool[-1] for pool in (_working(candidates), in_place, candidates, own) if pool), None)


def _counts(callback: Callback, context: Context) -> bool:
    return _is_answer(callback, context) and not _serves_another(callback, context)


def _done_right(callback: Callback, context: Context) -> int:
    """In how many scenarios the callback neither ends early nor misses the stop."""
    thresholds = [item.loss for item in context.question.criteria if isinstance(item, CallbackStops | CallbackWaits)]
    if not thresholds:
        return 0
    threshold = thresholds[0]
    return sum(
        _ends_early(scenario, transcript, threshold) is None
        and (None in scenario.stop_after or _misses_stop(scenario, transcript, threshold) is None)
        for scenario, transcript in _pairs(threshold, callback)
    )


def _as_examined(passed: Callback, known: Mapping[str, Callback]) -> Callback:
    """A callback as it was examined with its own training; another object of its class may have another threshold,
    and hooks that it gave itself."""
    latest = known.get(passed.id, passed)
    hooks = tuple(dict.fromkeys((*latest.hooks, *passed.hooks)))
    return replace(latest, hooks=hooks, transcripts=passed.transcripts or latest.transcripts)


def _ever_stops(callback: Callback) -> bool:
    return any(transcript.stopped_after is not None for transcript in callback.transcripts)


def _serves_another(callback: Callback, context: Context) -> bool:
    """True for a callback of another question's cells that does nothing but go on."""
    here = context.place.cells
    if not here or callback.cell is None or callback.cell in here or not callback.transcripts:
        return False
    if any(item.stopped_after is not None or item.raised is not None for item in callback.transcripts):
        return False
    used_here = any(
        passed.id == callback.id
        for training in context.evidence.trainings
        if training.cell in here
        for passed in training.callbacks
    )
    elsewhere = [place for place in context.submission.places.values() if place.question != context.question.id]
    return not used_here and any(callback.cell in place.cells for place in elsewhere)


def _working(candidates: list[Callback]) -> list[Callback]:
    """Those among the passed ones that are the student's own classes."""
    return [item for item in candidates if item.own]


def _is_answer(callback: Callback, context: Context) -> bool:
    given = callback.cell is not None and context.submission.cells[callback.cell].given
    return (callback.own or callback.name == "LambdaCallback") and not (given and callback.own)


def _not_examined(criterion: CallbackStops | CallbackWaits, context: Context, callback: Callback) -> Finding:
    message = say("The behaviour of {name} could not be examined; a person looks at it.", name=callback.name)
    return context.review(criterion, message, "claimed", cells=_cells(callback))


def _cells(callback: Callback) -> list[int]:
    return [] if callback.cell is None else [callback.cell]


# --- what it did ------------------------------------------------------------------------------------------------------


def _pairs(threshold: float, callback: Callback) -> list[tuple[Scenario, Transcript]]:
    by_name = {transcript.scenario: transcript for transcript in callback.transcripts}
    return [
        (scenario, by_name[scenario.name]) for scenario in stopping_scenarios(threshold) if scenario.name in by_name
    ]


def _misses_stop(scenario: Scenario, transcript: Transcript, threshold: float) -> Any:
    if transcript.stopped_after in scenario.stop_after:
        return None
    wanted = min(epoch for epoch in scenario.stop_after if epoch is not None)
    if transcript.raised is not None:
        return say(
            "Raised {error} in epoch {epoch} instead of stopping after epoch {wanted}, at loss {loss}.",
            error=f"{transcript.raised.name}: {transcript.raised.message[:200]}",
            epoch=transcript.raised_after or 0,
            wanted=wanted,
            loss=scenario.losses[wanted - 1],
        )
    if transcript.stopped_after is None:
        return say(
            "Did not stop: loss fell to {loss} in epoch {wanted}, and training went on.",
            loss=scenario.losses[wanted - 1],
            wanted=wanted,
        )
    return _stopped_at(scenario, transcript.stopped_after, threshold)


def _ends_early(scenario: Scenario, transcript: Transcript, threshold: float) -> Any:
    above = [loss > threshold for loss in scenario.losses]
    ended = transcript.stopped_after
    if ended is not None and above[ended - 1] and not any(not up for up in above[: ended - 1]):
        return _stopped_at(scenario, ended, threshold)
    if transcript.raised is None:
        return None
    epoch = transcript.raised_after or 0
    if epoch == 0 or (above[epoch - 1] and all(above[: epoch - 1])):
        error = f"{transcript.raised.name}: {transcript.raised.message[:200]}"
        if epoch == 0:
            return say("Raised {error} before training began.", error=error)
        return say(
            "Raised {error} in epoch {epoch}, at loss {loss}: training broke off early.",
            error=error,
            epoch=epoch,
            loss=scenario.losses[epoch - 1],
        )
    return None


def _stopped_at(scenario: Scenario, epoch: int, threshold: float) -> Any:
    loss = scenario.losses[epoch - 1]
    values = {"epoch": epoch, "loss": loss, "threshold": threshold}
    if loss > threshold:
        return say("Stopped after epoch {epoch} at loss {loss}, which is above {threshold:.2f}.", **values)
    return say(
        "Stopped only after epoch {epoch}, at loss {loss}; an earlier loss was at or below {threshold:.2f}.", **values
    )


def as_json(transcript: Transcript) -> dict[str, Any]:
    """A transcript for reports."""
    return {
        "scenario": transcript.scenario,
        "losses": list(transcript.losses),
        "stopped_after": transcript.stopped_after,
        "raised": None if transcript.raised is None else f"{transcript.raised.name}: {transcript.raised.message[:200]}",
        "raised_after": transcript.raised_after,
    }
