"""The trainings of a report: curves of each question's, the same as numbers, and a table of all that were seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grader.records import TrainingSummary, say
from grader.reports.figures import COLOURS, Line, curves_svg, series
from grader.reports.kernel_reasons import kernel_reason
from grader.reports.pages import anchor
from grader.reports.text import shown
from grader.reports.translation import Translator
from grader.rubric.rubric import Rubric

_MOST_ROWS = 40
_MOST_CURVES = len(COLOURS)

_SOURCES = {
    "kernel": say("trained in your notebook"),
    "trained": say("trained by the grader"),
    "replayed": say("trained before with the same settings"),
}


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One training in the table of all."""

    cell: int
    question: str
    epochs: int
    layers: str
    source: str


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One training in the legend of a figure."""

    colour: str
    cell: int
    epochs: int
    validation: bool


@dataclass(frozen=True, slots=True)
class EpochTable:
    """The numbers behind a curve."""

    cell: int
    rows: tuple[tuple[str, ...], ...]
    validation: bool
    more: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn figure."""

    title: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class Curves:
    """The figure of one question's trainings, and the same numbers as tables."""

    pictures: tuple[Picture, ...]
    legend: tuple[LegendEntry, ...]
    tables: tuple[EpochTable, ...]
    left_out: int


def curves_of(trainings: Sequence[TrainingSummary], question: str, translator: Translator) -> Curves | None:
    """The curves of the last few trainings of a question; none where no epoch left a number."""
    logged = [training for training in trainings if training.logs]
    kept = logged[-_MOST_CURVES:]
    pictures = [_picture(kept, what, question, translator) for what in ("loss", "accuracy")]
    drawn = tuple(picture for picture in pictures if picture.svg)
    if not drawn:
        return None
    return Curves(
        pictures=drawn,
        legend=tuple(
            LegendEntry(colour, training.cell + 1, len(training.logs), _has_validation(training))
            for training, colour in zip(kept, COLOURS, strict=False)
        ),
        tables=tuple(_epoch_table(training, translator) for training in kept),
        left_out=len(logged) - len(kept),
    )


def _picture(trainings: Sequence[TrainingSummary], what: str, question: str, translator: Translator) -> Picture:
    lines = [
        Line(series(training.logs, what, validation), colour, dashed=validation)
        for training, colour in zip(trainings, COLOURS, strict=False)
        for validation in (False, True)
    ]
    title = translator.text(_TITLES[what])
    ranges = "; ".join(_range(line, translator) for line in lines if line.finite)
    svg = curves_svg(lines, f"{title}. {ranges}", f"{anchor(question)}-{what}", translator)
    # Drawn by us from numbers; no text of the student's is in it.
    return Picture(title, Markup(svg))


_TITLES = {"loss": say("Loss in each epoch"), "accuracy": say("Accuracy in each epoch")}


def _range(line: Line, translator: Translator) -> str:
    kind = translator.say("validation") if line.dashed else translator.say("training")
    first, last = (translator.number(value, 3) for value in (line.finite[0], line.finite[-1]))
    epochs = len(line.values)
    return translator.say_number(
        "{kind}: from {first} to {last} in {epochs} epoch",
        "{kind}: from {first} to {last} in {epochs} epochs",
        epochs,
        kind=kind,
        first=first,
        last=last,
        epochs=epochs,
    )


def _has_validation(training: TrainingSummary) -> bool:
    return any(key.startswith("val_") for key in training.logs[0])


def _epoch_table(training: TrainingSummary, translator: Translator) -> EpochTable:
    validation = _has_validation(training)
    columns = [
        series(training.logs, what, val)
        for val in ((False, True) if validation else (False,))
        for what in ("loss", "accuracy")
    ]
    rows = [
        tuple(translator.number(value, 4) if value == value else "–" for value in row)
        for row in zip(*columns, strict=True)
    ]
    return EpochTable(training.cell + 1, tuple(rows[:_MOST_ROWS]), validation, max(0, len(rows) - _MOST_ROWS))


def training_rows(trainings: Sequence[TrainingSummary], rubric: Rubric, translator: Translator) -> list[TrainingRow]:
    """All that were seen, the first ones of very many."""
    return [_training_row(training, rubric, translator) for training in trainings[:_MOST_ROWS]]


def _training_row(training: TrainingSummary, rubric: Rubric, translator: Translator) -> TrainingRow:
    known = any(question.id == training.question for question in rubric.questions)
    source = _SOURCES.get(training.source)
    why = kernel_reason(training.why_in_kernel) if training.source == "kernel" else None
    if source is not None and why is not None:
        source = say("{source}: {why}", source=source, why=why)
    return TrainingRow(
        cell=training.cell + 1,
        question=training.question if known else "",
        epochs=training.epochs,
        layers=shown(" → ".join(training.layers), 300),
        source=translator.text(source) if source else training.source,
    )
