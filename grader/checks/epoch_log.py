"""The log of every epoch, as it stands in the outputs that the student handed in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.checks.context import Context
from grader.checks.training import was_trained
from grader.records import Callback, Finding, Message, Output, Training, say, say_number
from grader.rubric.criteria import EpochLog, Epochs

# Possessive where blanks follow blanks: a student's output of nothing but them would otherwise take hours to read.
EPOCH = re.compile(
    r"\b(?:epochs?|[eé]pocas?|[eé]poch)\b\s*+(?:n[.º°]?\s*+)?[:#=]?\s*+\[?\(?\s*+(\d{1,4})(?:\s*+(?:/|de|of)\s*+(\d{1,4}))?",
    re.I,
)
NUMBER = r"[-+]?\d[\d_]*(?:[.,]\d+)?(?:e[-+]?\d+)?%?|nan|inf"
LOSS = re.compile(
    rf"(?<![a-z_])(?:loss|p[eé]rdida|error|costo?e?)\b['\"]?[^\S\n]*+(?:[:=\-–>]++\s*+)?+(?:(?:de|is|es)\s++)?\(?({NUMBER})",
    re.I,
)
ACCURACY = re.compile(
    rf"(?<![a-z])(?<!val_)(?:[a-z]*_)?(?:acc|accuracy|exactitud|precisi[oó]n|acierto)\b['\"]?[^\S\n]*+(?:[:=\-–>]++\s*+)?+(?:(?:de|is|es)\s++)?\(?({NUMBER})",
    re.I,
)
LIST = re.compile(r"['\"]([a-z_0-9]+)['\"]\s*:\s*\[([^\[\]]*)\]", re.I)
BARE_LIST = re.compile(r"(?<![:\w]) ?\[\s*\d+\.\d+(?:e-?\d+)?(?:\s*,\s*\d+\.\d+(?:e-?\d+)?)+\s*\]")
NUMPY_SCALAR = re.compile(r"\bnp\.float\d+\(([^()]*)\)")
COUNTER = re.compile(r"(?<![\d./])(\d{1,4})\s*/\s*(\d{1,4})(?![\d./])")
"""``3/10``, as a student's own progress line counts its epochs."""
BAR = re.compile(r"/step|━|\[[=>.]{5}")
SEPARATORS = re.compile(r"[\s|,;]+")


@dataclass(frozen=True, slots=True)
class Run:
    """One training as a log shows it."""

    epochs: frozenset[int]
    """Epochs (from 1) with both loss and accuracy."""
    shown: int
    """The highest epoch that is named at all."""
    total: int
    """The total that the log itself names, 0 where it names none."""


def check_epoch_log(criterion: EpochLog, context: Context) -> Finding:
    """Loss and accuracy of every epoch are in the saved outputs of the question's cells."""
    training = context.training()
    asked = next((other.epochs for other in context.question.criteria if isinstance(other, Epochs)), 1)
    trained = training.epochs if training is not None and training.epochs else asked
    lengths = {trained, context.epochs_in_place(training)} - {0}
    if training is not None and training.raised is not None:  # broken off today, and perhaps not when it was saved
        lengths |= {training.epochs_asked} - {0}
    cells = list(dict.fromkeys([*([training.cell] if training is not None else []), *context.place.cells]))
    runs = _runs_in(cells, context)
    evidence = {"epochs_shown": [run.shown for run in runs], "epochs_trained": trained}
    where = {"cells": cells[:3], "evidence": evidence}
    shown = [length for length in sorted(lengths) if any(covers(run, length) for run in runs)]
    parts = context.parts_in_place(training)
    together = sum(part.epochs for part in parts)
    written = {part.cell for part in parts}
    if len(parts) > 1 and 0 < together <= sum(
        finished_bars(context.submission.cells[cell].outputs) for cell in written
    ):
        shown.append(together)
    shown += _stopped_otherwise(training, context)
    forged = [] if training is not None and was_trained(training) else _printed_without_training(cells, context)
    if forged:
        message = say("Cell {cell} prints a log, and trains no network.", cell=forged[0] + 1)
        return context.failed(criterion, message, "claimed", cells=forged, evidence=evidence)
    if shown:
        message = say_number(
            "The saved outputs show loss and accuracy of the {epochs} epoch.",
            "The saved outputs show loss and accuracy of all {epochs} epochs.",
            shown[-1],
            epochs=shown[-1],
        )
        return context.passed(criterion, message, "static", **where)
    own = [] if training is None else _runs_in([training.cell], context)
    return context.failed(criterion, _what_is_missing(own or runs, trained), "static", **where)


def _runs_in(cells: Sequence[int], context: Context) -> list[Run]:
    return [run for index in cells for run in read_log(context.submission.cells[index].outputs)]


def _stopped_otherwise(training: Training | None, context: Context) -> list[int]:
    """Epochs of a saved log that a callback may have ended: another random start ends another number of epochs later.

    Such a log shows all epochs of a training that was not broken off, up to those that `fit` was given.
    """
    if training is None or not any(_may_have_stopped(callback) for callback in training.callbacks):
        return []
    cell = context.submission.cells[training.cell]
    if any(output.kind == "error" for output in cell.outputs):
        return []
    asked = training.epochs_asked
    runs = [run for run in read_log(cell.outputs) if run.shown <= asked and run.total in (0, asked)]
    return [run.shown for run in runs if run.shown and covers(run, run.shown)]


def _may_have_stopped(callback: Callback) -> bool:
    """True for what ends trainings, as far as it was seen to: one that only prints leaves a log that was broken off."""
    return callback.stops or "EarlyStopping" in callback.names


def _printed_without_training(cells: Sequence[int], context: Context) -> list[int]:
    """Cells that show a log when they are run, though no training of the question was seen: it is written by hand."""
    runs = context.evidence.runs
    return [index for index in cells if index in runs and any(run.epochs for run in read_log(runs[index].outputs))]


def covers(run: Run, epochs: int) -> bool:
    """True if a log shows each of so many epochs, and no training of another length."""
    return set(range(1, epochs + 1)) <= run.epochs and run.shown == epochs


def finished_bars(outputs: Sequence[Output]) -> int:
    """How many bars that came to their end show both loss and accuracy: Keras does not number a single epoch."""
    lines = plain_text(outputs).split("\n")
    return sum(_has_both(line) and any(one == other for one, other in COUNTER.findall(line)) for line in lines)


def _what_is_missing(runs: Sequence[Run], trained: int) -> Message:
    if not runs:
        return say("The saved outputs of this question show no log of a training.")
    best = max(runs, key=lambda run: (len(run.epochs), run.shown))
    if best.shown == trained:
        return say_number(
            "The saved log shows loss and accuracy of {shown} of {epochs} epoch.",
            "The saved log shows loss and accuracy of {shown} of {epochs} epochs.",
            trained,
            shown=len(best.epochs),
            epochs=trained,
        )
    return say_number(
        "The saved log shows {shown} epoch, but the code trains {epochs}: it is not the log of this code.",
        "The saved log shows {shown} epochs, but the code trains {epochs}: it is not the log of this code.",
        best.shown,
        shown=best.shown,
        epochs=trained,
    )


# --- reading ----------------------------------------------------------------------------------------------------------


def read_log(outputs: Sequence[Output]) -> list[Run]:
    """Every training whose log stands in a cell's outputs.

    Understands the progress bars of Keras 2 and 3 (with carriage returns and backspaces), ``verbose=2`` lines, printed
    ``history.history`` and tables of it, and lines that a student's own callback prints. A log may be split over
    stdout, stderr and stdout again.
    """
    text = plain_text(outputs)
    readers = (_runs_by_epoch, _runs_by_counter, _runs_by_history, _runs_by_table, _runs_by_lists)
    return [run for reader in readers for run in reader(text)]


def plain_text(outputs: Sequence[Output]) -> str:
    """All that a cell wrote, joined, as a terminal would leave it."""
    return plain(
        "".join(output.text + ("\n" if output.kind == "data" else "") for output in outputs if output.kind != "error")
    )


def plain(text: str) -> str:
    """Text as a terminal would leave it, each overwritten piece on a line of its own."""
    text = _without_backspaces(text.replace("\r\n", "\n"))
    return NUMPY_SCALAR.sub(r"\1", text.replace("\r", "\n"))


def _without_backspaces(text: str) -> str:
    """Each backspace takes the character before it on its line along; linear in the text, whatever is in it."""
    kept: list[tuple[str, int]] = []
    """Pieces, each with how much of it stands."""
    for piece in text.split("\x08"):
        if kept and kept[-1][0][kept[-1][1] - 1] != "\n":
            last, length = kept.pop()
            if length > 1:
                kept.append((last, length - 1))
        if piece:
            kept.append((piece, len(piece)))
    return "".join(piece[:length] for piece, length in kept)


def _runs_by_epoch(text: str) -> Iterator[Run]:
    """Sequences of "Epoch n" with what follows each; a number that does not go up begins another training."""
    marks = list(EPOCH.finditer(text))
    epochs: dict[int, bool] = {}
    total = last = 0
    for position, mark in enumerate(marks):
        number = int(mark.group(1))
        end = marks[position + 1].start() if position + 1 < len(marks) else len(text)
        complete = _has_both(text[mark.start() : end])
        if number < last or (number == last and epochs.get(number) and complete and mark.group(2) is not None):
            yield _run(epochs, total)
            epochs, total = {}, 0
        epochs[number] = epochs.get(number, False) or complete
        total = int(mark.group(2) or total)
        last = number
    if epochs:
        yield _run(epochs, total)


def _runs_by_counter(text: str) -> Iterator[Run]:
    """Lines of a student's own, or of tqdm, that count "3/10" without the word epoch; bars count steps."""
    if EPOCH.search(text):
        return
    reached = last_total = 0
    for line in text.splitlines():
        counter = COUNTER.search(line)
        if counter is None or BAR.search(line) or not _has_both(line):
            continue
        number, total = int(counter.group(1)), int(counter.group(2))
        if number == reached + 1 and last_total in (0, total):
            reached, last_total = number, total
            continue
        if reached:
            yield Run(frozenset(range(1, reached + 1)), reached, last_total)
        reached, last_total = (1, total) if number == 1 else (0, 0)
    if reached:
        yield Run(frozenset(range(1, reached + 1)), reached, last_total)


def _run(epochs: dict[int, bool], total: int) -> Run:
    shift = 1 if 0 in epochs and not total else 0  # a student who counts from 0
    shown = frozenset(number + shift for number, complete in epochs.items() if complete)
    return Run(shown, max(epochs) + shift, total)


def _has_both(text: str) -> bool:
    return LOSS.search(text) is not None and ACCURACY.search(text) is not None


def _runs_by_history(text: str) -> Iterator[Run]:
    """A printed ``history.history``: lists by name."""
    lists: dict[str, int] = {}
    for found in LIST.finditer(text):
        name, count = found.group(1).lower(), len([value for value in found.group(2).split(",") if value.strip()])
        if name in lists and "loss" in lists:
            yield from _history(lists)
            lists = {}
        lists[name] = count
    yield from _history(lists)


def _history(lists: dict[str, int]) -> Iterator[Run]:
    accuracy = [count for name, count in lists.items() if "acc" in name and not name.startswith("val_")]
    if "loss" in lists and accuracy:
        count = min(lists["loss"], max(accuracy))
        yield Run(frozenset(range(1, count + 1)), count, count)


def _runs_by_table(text: str) -> Iterator[Run]:
    """A printed table of the history, with a heading that names loss and accuracy, and a row an epoch."""
    lines = iter(text.splitlines())
    line = next(lines, None)
    while line is not None:
        heading, line = line, next(lines, None)
        words = SEPARATORS.split(heading.lower())
        if "loss" not in words or not any("acc" in word for word in words if not word.startswith("val_")):
            continue
        rows = 0
        while line is not None and (_is_row(line) or not re.search(r"\w", line)):  # the rule below a heading
            rows += _is_row(line)
            line = next(lines, None)
        if rows:
            yield Run(frozenset(range(1, rows + 1)), rows, rows)


def _is_row(line: str) -> bool:
    """True for an epoch's number and at least two more cells, the first of which is a number."""
    cells = [cell for cell in SEPARATORS.split(line) if cell]
    return len(cells) >= 3 and cells[0].isdecimal() and re.fullmatch(NUMBER, cells[1], re.I) is not None


def _runs_by_lists(text: str) -> Iterator[Run]:
    """Two printed lists of one length, one of losses and one of accuracies, without their names."""
    lengths = Counter(found.group(0).count(",") + 1 for found in BARE_LIST.finditer(text))
    for count in sorted(length for length, times in lengths.items() if times >= 2):
        yield Run(frozenset(range(1, count + 1)), count, count)
