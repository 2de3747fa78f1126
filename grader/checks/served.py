"""What a callback did in a training of the trusted trainer's, held against what it did when it was examined."""

from __future__ import annotations

from collections.abc import Iterator

from grader.records import Callback, Evidence, Message, Training, say
from grader.training.scenarios import stopping_scenarios


def missed_stop(threshold: float, callback: Callback, evidence: Evidence) -> Message | None:
    """A training that went on past a loss at which the callback stopped in every case tried; None if none did."""
    clearly_below = max(loss for loss in _losses(threshold) if loss < threshold)
    for training in _trainings_with(callback, evidence):
        below = [epoch for epoch, loss in enumerate(_losses_of(training), 1) if loss <= clearly_below]
        if below and below[0] < training.epochs:
            return say(
                "It stopped in every case tried, but in the training of cell {cell} the loss was {loss:.4f} after "
                "epoch {epoch}, and training went on.",
                cell=training.cell + 1,
                epoch=below[0],
                loss=_losses_of(training)[below[0] - 1],
            )
    return None


def early_stop(threshold: float, callback: Callback, evidence: Evidence) -> Message | None:
    """A training that ended while the loss was above the threshold, with nothing else that could end it."""
    clearly_above = min(loss for loss in _losses(threshold) if loss > threshold)
    for training in _trainings_with(callback, evidence):
        losses = _losses_of(training)
        alone = sum(item.may_stop for item in training.callbacks) == 1
        ended = training.raised is None and 0 < training.epochs < training.epochs_asked
        if alone and ended and losses and min(losses) >= clearly_above:
            return say(
                "It waited in every case tried, but the training of cell {cell} ended after epoch {epoch} at loss "
                "{loss:.4f}, which is above {threshold:.2f}.",
                cell=training.cell + 1,
                epoch=training.epochs,
                loss=losses[-1],
                threshold=threshold,
            )
    return None


def _trainings_with(callback: Callback, evidence: Evidence) -> Iterator[Training]:
    """Trainings of the trusted trainer's in which an object of the class took part, that was examined as this one was.

    Another object of the class may have another threshold.
    """
    for training in evidence.trainings:
        passed = any(
            item.id == callback.id and item.is_instance and item.transcripts == callback.transcripts
            for item in training.callbacks
        )
        if passed and training.source != "kernel":
            yield training


def _losses(threshold: float) -> list[float]:
    """All losses that a callback is sent to see whether it stops at a threshold."""
    return [loss for scenario in stopping_scenarios(threshold) for loss in scenario.losses]


def _losses_of(training: Training) -> list[float]:
    return [log["loss"] for log in training.logs if "loss" in log]
