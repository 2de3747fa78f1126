"""What an instructor should know of a submission, and no mark depends on: facts that do not fit together.

Each has an innocent explanation; a person decides what it means.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from grader.checks.epoch_log import ACCURACY, covers, plain_text, read_log
from grader.checks.standing import sees_test_images
from grader.records import Evidence, Message, Output, Submission, Training, say
from grader.training.data import DataSet

DECIMAL = re.compile(r"\d+\.\d{2,}(?:e[-+]?\d+)?", re.I)
ROUNDING = 0.006
"""A loss printed with two decimals is off by half a hundredth."""
MIN_FOUND = 0.5
"""Share of a training's losses that a log of it shows at least, whatever it leaves out."""
MAX_DIFFERENCE = 0.1
"""Between final accuracies of one training run twice; on the assignment they differ by less than 0.02."""


def suspicions(submission: Submission, evidence: Evidence, real: DataSet) -> tuple[Message, ...]:
    """Facts of one submission that do not fit together, in the order of its cells.

    Args:
        real: the data set that the assignment is about.
    """
    found: list[Message] = list(evidence.flags)
    by_cell: dict[int, list[Training]] = {}
    for training in evidence.trainings:
        if training.built_only:
            continue
        found.extend(_of_data(training, real))
        found.extend(_of_origin(training))
        if training.logs and training.raised is None and training.cell in evidence.runs:
            by_cell.setdefault(training.cell, []).append(training)
    for cell, trainings in by_cell.items():
        found.extend(_of_logs(cell, trainings, submission, evidence))
    return tuple(message for position, message in enumerate(found) if message not in found[:position])


def _of_data(training: Training, real: DataSet) -> Iterator[Message]:
    if sees_test_images(training, real):
        yield say("Cell {cell} trains on the test images.", cell=training.cell + 1)


def _of_origin(training: Training) -> Iterator[Message]:
    if training.doubt is not None:
        yield training.doubt
    if training.start == "other" and training.epochs:
        yield say("The training in cell {cell} began with weights from elsewhere.", cell=training.cell + 1)


def _of_logs(cell: int, trainings: Sequence[Training], submission: Submission, evidence: Evidence) -> Iterator[Message]:
    """What a cell's logs say otherwise than the trainings in it, of which one must be the one that is logged."""
    printed = [training for training in trainings if _is_log_of(evidence.runs[cell].outputs, training)]
    if printed and not any(_shows_losses(evidence.runs[cell].outputs, training) for training in printed):
        yield say("The log that cell {cell} prints is not that of its training.", cell=cell + 1)
    saved = _last_accuracy(submission.cells[cell].outputs)
    now = [
        accuracy
        for training in trainings
        if _is_log_of(submission.cells[cell].outputs, training) and (accuracy := _accuracy(training)) is not None
    ]
    if saved is not None and now and all(abs(saved - accuracy) > MAX_DIFFERENCE for accuracy in now):
        yield say(
            "The saved log of cell {cell} ends with an accuracy of {saved:.3f}; trained again it is {now:.3f}.",
            cell=cell + 1,
            saved=saved,
            now=now[-1],
        )


def _accuracy(training: Training) -> float | None:
    """A training's last accuracy on its own data."""
    return next(
        (
            value
            for name, value in training.logs[-1].items()
            if name.endswith(("accuracy", "acc")) and not name.startswith("val_")
        ),
        None,
    )


def _is_log_of(outputs: Sequence[Output], training: Training) -> bool:
    """True if the outputs show one log, and it has as many epochs as the training."""
    runs = read_log(outputs)
    return len(runs) == 1 and covers(runs[0], training.epochs)


def _shows_losses(outputs: Sequence[Output], training: Training) -> bool:
    numbers = sorted(float(word) for word in DECIMAL.findall(plain_text(outputs)))
    losses = [log["loss"] for log in training.logs if "loss" in log]
    found = sum(bisect_left(numbers, loss - ROUNDING) < bisect_right(numbers, loss + ROUNDING) for loss in losses)
    return found >= MIN_FOUND * len(losses)


def _last_accuracy(outputs: Sequence[Output]) -> float | None:
    """The last training accuracy that a log shows, as a share; None where there is none."""
    values = ACCURACY.findall(plain_text(outputs))
    if not values:
        return None
    word = values[-1].replace(",", ".").rstrip("%")
    try:
        return float(word) / (100 if values[-1].endswith("%") else 1)
    except ValueError:
        return None
