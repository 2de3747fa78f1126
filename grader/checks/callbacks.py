"""Checks of a callback by what it does: sent scenarios epoch by epoch, and watched for when it stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from grader.checks import served
from grader.checks.context import Context
from grader.records import Callback, Finding, Message, Training, Transcript, say
from grader.rubric.criteria import CallbackClass, CallbackStops, CallbackUsed, CallbackWaits, Criterion
from grader.training.scenarios import Scenario, stopping_scenarios

EPOCH_HOOKS = ("on_epoch_end",)


def check_callback_class(criterion: CallbackClass, context: Context) -> Finding:
    """A subclass of Keras's Callback with an epoch-end hook."""
    callback = find_callback(context)
    if callback is None:
        return _none_found(criterion, context)
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
        return _none_found(criterion, context)
    with_it = [
        (training, passed)
        for training in context.evidence.trainings
        for passed in training.callbacks
        if passed.id == callback.id
    ]
    for training, passed in reversed(with_it):
        if passed.is_instance and (training.epochs or training.steps) and training.changed is not False:
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
    if training.raised is None and training.changed is False:
        return say("fit was called with {name}, but changed no weight of the network.", name=callback.name)
    if training.raised is None:
        return say("fit was called with {name}, but training did not run.", name=callback.name)
    error = f"{training.raised.name}: {training.raised.message[:200]}"
    return say("fit was called with {name}, but training did not run: {error}", name=callback.name, error=error)


def check_callback_stops(criterion: CallbackStops, context: Context) -> Finding:
    """Stops at the first epoch whose loss is at or below the threshold."""
    callback = find_callback(context)
    if callback is None:
        return _none_found(criterion, context)
    rehearsed = _pairs(criterion.loss, callback)
    if not rehearsed:
        return _not_examined(criterion, context, callback)
    for scenario, transcript in rehearsed:
        if None in scenario.stop_after:
            continue
        fault = _misses_stop(scenario, transcript)
        if fault is not None:
            where: dict[str, Any] = {"cells": _cells(callback), "evidence": {"transcript": as_json(transcript)}}
            return context.failed(criterion, fault, "claimed", **where)
    missed = served.missed_stop(criterion.loss, callback, context.evidence)
    if missed is not None:
        return context.failed(criterion, missed, "recomputed", cells=_cells(callback))
    early = served.early_stop(criterion.loss, callback, context.evidence)
    if early is not None and not any(_ends_early(*one) for one in rehearsed):
        return context.review(criterion, early, "recomputed", cells=_cells(callback))  # another when it is examined
    message = say(
        "Stopped at the first epoch with a loss of {loss:.2f} or less, in every case tried.", loss=criterion.loss
    )
    return context.passed(criterion, message, "claimed", cells=_cells(callback))


def check_callback_waits(criterion: CallbackWaits, context: Context) -> Finding:
    """Does not stop, and does not break off, while the loss is above the threshold."""
    callback = find_callback(context)
    if callback is None:
        return _none_found(criterion, context)
    rehearsed = _pairs(criterion.loss, callback)
    if not rehearsed:
        return _not_examined(criterion, context, callback)
    for scenario, transcript in rehearsed:
        fault = _ends_early(scenario, transcript)
        if fault is not None:
            where: dict[str, Any] = {"cells": _cells(callback), "evidence": {"transcript": as_json(transcript)}}
            return context.failed(criterion, fault, "claimed", **where)
    early = served.early_stop(criterion.loss, callback, context.evidence)
    if early is not None:
        return context.failed(criterion, early, "recomputed", cells=_cells(callback))
    message = say("Never stopped while the loss was above {loss:.2f}.", loss=criterion.loss)
    return context.passed(criterion, message, "claimed", cells=_cells(callback))


# --- which callback ---------------------------------------------------------------------------------------------------


def find_callback(context: Context) -> Callback | None:
    """The callback that answers the question: one passed to a training of its place before any that was only defined.

    Of several that are passed, one that ever stops a training counts before others, which measure time or print; of
    those the one that does most of what was asked, and the last of equals. A failed try costs nothing beside a right
    one: a callback defined in the place that does all that was asked counts where none that was passed does. One of
    Keras's own that may stop is the answer where none of the student's was passed. One that belongs to another
    question's training and never stops is no answer to this one. The assignment's own example earns nothing.
    """
    passed = _passed(context)
    defined = [item for item in context.evidence.callbacks if item.own and _counts(item, context)]
    in_place = [item for item in defined if item.cell in context.place.cells]
    answer = _best([item for item in passed if _counts(item, context)], context) or _best(
        [item for item in passed if item.may_stop and not item.own], context
    )
    if answer is None:
        return _best(in_place, context) or (defined[-1] if defined else None)
    right = None if _is_right(answer, context) else _best(in_place, context)
    return right if right is not None and _is_right(right, context) else answer


def _passed(context: Context) -> list[Callback]:
    """Those that the student passed to trainings of the place, or to the one that answers the question."""
    known = {callback.id: callback for callback in context.evidence.callbacks}
    chosen = context.training()
    return [
        _as_examined(callback, known)
        for training in context.evidence.trainings
        if training.cell in context.place.cells or training == chosen
        for callback in training.callbacks
        if callback.own or not context.submission.cells[training.cell].given
    ]


def _best(callbacks: Sequence[Callback], context: Context) -> Callback | None:
    """The one that stops and does most of what was asked, the last of equals; the last where none ever stops."""
    if not callbacks:
        return None
    own = [item for item in callbacks if item.own] or callbacks
    stopping = [item for item in callbacks if item.stops] or own
    return max(reversed(stopping), key=lambda item: _done_right(item, context) if item.stops else 0)


def _counts(callback: Callback, context: Context) -> bool:
    return _is_answer(callback, context) and not _serves_another(callback, context)


def _is_right(callback: Callback, context: Context) -> bool:
    """True for a callback that does all that was asked."""
    return 0 < len(_rehearsals(callback, context)) == _done_right(callback, context)


def _done_right(callback: Callback, context: Context) -> int:
    """In how many scenarios the callback neither ends early nor misses the stop."""
    return sum(
        _ends_early(scenario, transcript) is None
        and (None in scenario.stop_after or _misses_stop(scenario, transcript) is None)
        for scenario, transcript in _rehearsals(callback, context)
    )


def _rehearsals(callback: Callback, context: Context) -> list[tuple[Scenario, Transcript]]:
    """What it did at every threshold that the question asks for."""
    asked = [item.loss for item in context.question.criteria if isinstance(item, CallbackStops | CallbackWaits)]
    return [pair for threshold in dict.fromkeys(asked) for pair in _pairs(threshold, callback)]


def _as_examined(passed: Callback, known: Mapping[str, Callback]) -> Callback:
    """A callback as it was examined with its own training; another object of its class may have another threshold,
    and hooks that it gave itself."""
    latest = known.get(passed.id, passed)
    hooks = tuple(dict.fromkeys((*latest.hooks, *passed.hooks)))
    return replace(latest, hooks=hooks, transcripts=passed.transcripts or latest.transcripts)


def _serves_another(callback: Callback, context: Context) -> bool:
    """True for a callback of another question's cells that does nothing but go on, whose cells these plainly are."""
    here = context.place.cells
    plain = bool(here) or not context.place.unsure
    if not plain or callback.cell is None or callback.cell in here or not callback.transcripts:
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


def _is_answer(callback: Callback, context: Context) -> bool:
    given = callback.cell is not None and context.submission.cells[callback.cell].given
    return (callback.own or callback.name == "LambdaCallback") and not (given and callback.own)


def _not_examined(criterion: CallbackStops | CallbackWaits, context: Context, callback: Callback) -> Finding:
    message = say("The behaviour of {name} could not be examined; a person looks at it.", name=callback.name)
    return context.review(criterion, message, "claimed", cells=_cells(callback))


def _none_found(criterion: Criterion, context: Context) -> Finding:
    """Nothing answers the question; where it has no place at all, a person looks at what stands at another one."""
    elsewhere = [item for item in context.evidence.callbacks if item.own and _is_answer(item, context)]
    if elsewhere and not context.place.cells:
        message = say(
            "{name} stands at another question and never stops a training; a person decides whether it is an answer.",
            name=elsewhere[-1].name,
        )
        return context.review(criterion, message, "claimed", cells=_cells(elsewhere[-1]))
    return context.missing(criterion, say("No callback class of the student's own was found."))


def _cells(callback: Callback) -> list[int]:
    return [] if callback.cell is None else [callback.cell]


# --- what it did ------------------------------------------------------------------------------------------------------


def _pairs(threshold: float, callback: Callback) -> list[tuple[Scenario, Transcript]]:
    played = {(transcript.threshold, transcript.scenario): transcript for transcript in callback.transcripts}
    return [
        (scenario, played[threshold, scenario.name])
        for scenario in stopping_scenarios(threshold)
        if (threshold, scenario.name) in played
    ]


def _misses_stop(scenario: Scenario, transcript: Transcript) -> Message | None:
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
    return _stopped_at(scenario, transcript.stopped_after)


def _ends_early(scenario: Scenario, transcript: Transcript) -> Message | None:
    above = [loss > scenario.threshold for loss in scenario.losses]
    ended = transcript.stopped_after
    if ended is not None and above[ended - 1] and not any(not up for up in above[: ended - 1]):
        return _stopped_at(scenario, ended)
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


def _stopped_at(scenario: Scenario, epoch: int) -> Message:
    loss = scenario.losses[epoch - 1]
    values = {"epoch": epoch, "loss": loss, "threshold": scenario.threshold}
    if loss > scenario.threshold:
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
