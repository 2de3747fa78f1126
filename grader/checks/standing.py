"""Whether a training is evidence of what a question asked to train: on the assignment's images, and from its own start.

What a network is (its layers, its optimizer) is true however it was trained. How long it was trained, in what batches,
what it gets right and which classes it predicts says something only of a training that was one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.checks.context import Context
from grader.records import Array, Finding, Message, Status, Training, say
from grader.rubric.criteria import (
    BatchSize,
    CallbackUsed,
    Criterion,
    EpochLog,
    Epochs,
    NetworkTrained,
    PredictedClass,
    TestAccuracy,
)
from grader.training.data import DataSet
from grader.training.likeness import Likeness, likeness, saw_test_images

WHOLE = 0.7
"""Share of the training images from which on a training saw them all, but for what it was validated with."""
HARDLY_ANY = 0.1
"""Share below which it was none, until a person says otherwise."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a training may be no evidence."""

    why: Message
    counts: bool = True
    """What it earns stands until a person has decided."""


def doubt_of(finding: Finding, criterion: Criterion, context: Context) -> Doubt | None:
    """What speaks against the trainings that a finding rests on; None where they are evidence, or it rests on none."""
    if finding.status not in (Status.PASSED, Status.NEEDS_REVIEW) or not finding.points:
        return None
    trainings = _rests_on(finding, criterion, context)
    doubts = [_of_data(training, context.data) for training in trainings]
    if not isinstance(criterion, CallbackUsed | EpochLog):
        doubts += [_of_origin(training, context) for training in trainings]
    found = [doubt for doubt in doubts if doubt is not None]
    worst = min(found, key=lambda doubt: doubt.counts, default=None)
    return None if worst is None or (worst.counts and finding.status is Status.NEEDS_REVIEW) else worst


def _rests_on(finding: Finding, criterion: Criterion, context: Context) -> Sequence[Training]:
    if isinstance(criterion, PredictedClass):
        found = [context.training(question) for question in criterion.models_of]
        return [training for training in found if training is not None]
    training = context.training()
    if training is None:
        return []
    if isinstance(criterion, CallbackUsed):
        return [training] if training.cell in finding.cells else []
    if isinstance(criterion, Epochs | BatchSize | EpochLog | NetworkTrained | TestAccuracy):
        return [training, *context.parts_in_place(training)]
    return []


def _of_data(training: Training, real: DataSet) -> Doubt | None:
    """A training on other data than the training images, all of them but some for validation."""
    cell = training.cell + 1
    if sees_test_images(training, real):
        return Doubt(say("The training in cell {cell} saw images of the test set. A person decides.", cell=cell))
    found = likeness_of(training, real)
    if found is not None and found.is_of_no_images:
        return Doubt(say("What cell {cell} trains on resembles no image of the data set. A person decides.", cell=cell))
    total = len(real.train_images)
    if training.rows is None or training.rows >= WHOLE * total:
        return None
    why = say(
        "Of the {total} training images, the training in cell {cell} saw {rows}. A person decides whether it counts.",
        total=total,
        rows=training.rows,
        cell=cell,
    )
    return Doubt(why, counts=training.rows >= HARDLY_ANY * total)


def _of_origin(training: Training, context: Context) -> Doubt | None:
    """Weights that neither this training gave nor those that it went on from, back to fresh ones."""
    if training.changed is False and training.epochs:
        why = say("The training in cell {cell} changed no weight. A person decides.", cell=training.cell + 1)
        return Doubt(why, counts=False)
    before: Training | None = training
    for _ in context.evidence.trainings:
        if before is None:
            return None
        found = _not_by_training(before)
        if found is not None:
            return Doubt(found)
        if before is not training and sees_test_images(before, context.data):
            return _of_data(before, context.data)
        before = None if before.goes_on_from is None else context.evidence.trainings[before.goes_on_from]
    return None


def _not_by_training(training: Training) -> Message | None:
    cell = training.cell + 1
    if training.loaded:
        return say(
            "The network in cell {cell} came with weights that no training in this notebook gave it. A person decides.",
            cell=cell,
        )
    if training.steps and not training.epochs and not training.built_only and training.raised is None:
        return say("The network in cell {cell} was trained by a loop, without fit. A person decides.", cell=cell)
    if training.set_otherwise:
        return say("While cell {cell} trained, something else set the network's weights. A person decides.", cell=cell)
    if training.start == "other":
        return say(
            "The training in cell {cell} began with weights that no training in this notebook gave. A person decides.",
            cell=cell,
        )
    return training.doubt


def sees_test_images(training: Training, real: DataSet) -> bool:
    """True for a training on images of the test set, as they are or changed a little."""
    found = likeness_of(training, real)
    return found is not None and saw_test_images(found, _rows_at_hand(training))


def likeness_of(training: Training, real: DataSet) -> Likeness | None:
    """How what a training saw is like the real images; None where that cannot be told."""
    shown = _shown(training)
    return None if shown is None or training.built_only else likeness(shown, real)


def _shown(training: Training) -> Array | None:
    if training.taught is not None:
        return training.taught
    return None if training.x is None else training.x.sample


def _rows_at_hand(training: Training) -> int:
    shown = _shown(training)
    return 0 if shown is None else len(shown)
