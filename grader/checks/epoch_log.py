"""The log of every epoch, as it stands in the outputs that the student handed in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.checks.context import Context
from grader.records import Finding, Message, Output, say
from grader.rubric import EpochLog, Epochs

EPOCH = re.compile(
    r"\b(?:epochs?|[eé]pocas?|[eé]poch)\b\s*(?:n[.º°]?\s*)?[:#=]?\s*\[?\(?\s*(\d{1,4})(?:\s*(?:/|de|of)\s*(\d{1,4}))?",
    re.I,
)
NUMBER = r"[-+]?\d[\d_]*(?:[.,]\d+)?(?:e[-+]?\d+)?%?|nan|inf"
LOSS = re.compile(
    rf"(?<![a-z_])(?:loss|p[eé]rdida|error|costo?e?)\b['\"]?\s*[:=\-–>]*\s*(?:de\s+|is\s+|es\s+)?\(?({NUMBER})", re.I
)
ACCURACY = re.compile(
    rf"(?<![a-z])(?<!val_)(?:[a-z]*_)?(?:acc|accuracy|exactitud|precisi[oó]n|acierto)\b['\"]?\s*[:=\-–>]*\s*(?:de\s+|is\s+|es\s+)?\(?({NUMBER})",
    re.I,
)
LIST = re.compile(r"['\"]([a-z_0-9]+)['\"]\s*:\s*\[([^\[\]]*)\]", re.I)
BARE_LIST = re.compile(r"(?<![:\w]) ?\[\s*\d+\.\d+(?:e-?\d+)?(?:\s*,\s*\d+\.\d+(?:e-?\d+)?)+\s*\]")
BACKSPACED = re.compile(r"[^\x08\n]\x08")


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
    runs: list[Run] = []
    for index in cells:
        runs.extend(read_log(context.submission.cells[index].outputs))
    evidence = {"epochs_shown": [run.shown for run in runs], "epochs_trained": trained}
    where = {"cells": cells[:3], "evidence": evidence}
    shown = [length for length in sorted(lengths) if any(covers(run, length) for run in runs)]
    if shown:
        message = say("The saved outputs show loss and accuracy of all {epochs} epochs.", epochs=shown[-1])
        return context.passed(criterion, message, "static", **where)
    return context.failed(criterion, _what_is_missing(runs, trained), "static", **where)


def covers(run: Run, epochs: int) -> bool:
    """True if a log shows each of so many epochs, and no training of another length."""
    return set(range(1, epochs + 1)) <= run.epochs and run.shown == epochs


def _what_is_missing(runs: Sequence[Run], trained: int) -> Message:
    if not runs:
        return say("The saved outputs of this question show no log of a training.")
    best = max(runs, key=lambda run: (len(run.epochs), run.shown))
    if best.shown == trained:
        return say(
            "The saved log shows loss and accuracy of {shown} of {epochs} epochs.",
            shown=len(best.epochs),
            epochs=trained,
        )
    return say(
        "The saved log shows {shown} epochs, but the code trains {epochs}: it is not the log of this code.",
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
    text = plain(
        "".join(output.text + ("\n" if output.kind == "data" else "") for output in outputs if output.kind != "error")
    )
    return [*_runs_by_epoch(text), *_runs_by_history(text), *_runs_by_table(text), *_runs_by_lists(text)]


def plain(text: str) -> str:
    """Text as a terminal would leave it, each overwritten piece on a line of its own."""
    text = text.replace("\r\n", "\n")
    previous = None
    if text.count("\x08") < 20_000:
        while previous != text and "\x08" in text:
            previous, text = text, BACKSPACED.sub("", text)
    return text.replace("\x08", "").replace("\r", "\n")


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
    lines = text.splitlines()
    for position, line in enumerate(lines):
        words = line.lower().split()
        if "loss" not in words or not any("acc" in word for word in words if not word.startswith("val_")):
            continue
        rows = []
        for row in lines[position + 1 :]:
            values = re.findall(NUMBER, row, re.I)
            if len(values) < 3 or not re.match(r"\s*\d+\s", row):
                break
            rows.append(int(row.split()[0]))
        if rows:
            count = len(rows)
            yield Run(frozenset(range(1, count + 1)), count, count)


def _runs_by_lists(text: str) -> Iterator[Run]:
    """Two printed lists of one length, one of losses and one of accuracies, without their names."""
    lengths: list[int] = []
    for found in BARE_LIST.finditer(text):
        lengths.append(found.group(0).count(",") + 1)
    for count in sorted({length for length in lengths if lengths.count(length) >= 2}):
        yield Run(frozenset(range(1, count + 1)), count, count)
