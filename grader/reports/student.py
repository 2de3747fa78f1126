"""One student's page: the mark, and for every point lost what was found, what was expected, and a hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from grader.records import Basis, Finding, Message, Passage, QuestionScore, Result, Status, TrainingSummary, say
from grader.reports.figures import COLOURS, Line, curves_svg, series
from grader.reports.files import write_text
from grader.reports.pages import OUTCOMES, Sign, anchor, is_one_case, kind_of_question, kind_of_score, render, sign_of
from grader.reports.text import Piece, mark_words, shown
from grader.reports.translation import Translator
from grader.rubric.criteria import Criterion
from grader.rubric.rubric import Question, Rubric

_LONGEST_MESSAGE = 2_000
_LONGEST_OUTPUT = 1_200
_LONGEST_PASSAGE = 4_000
_MOST_PASSAGES = 12
_MOST_ROWS = 40
_MOST_LOST = 12
_MOST_CURVES = len(COLOURS)

_BASES: Mapping[Basis, Message] = {
    "recomputed": say("measured by the grader"),
    "claimed": say("seen while your notebook ran"),
    "static": say("read in the file you handed in"),
    "human": say("given by a person"),
}
_SCENARIOS = {
    "falling": say("the loss falls little by little"),
    "exact": say("the loss meets the threshold exactly"),
    "below_at_once": say("the loss is below from the first epoch"),
    "never": say("the loss never reaches the threshold"),
    "rising_again": say("the loss rises again before it falls"),
    "accuracy_only": say("the accuracy rises, and the loss stays above"),
    "loss_only": say("the loss falls, and the accuracy stays low"),
}
"""The rehearsals of callbacks, by the names that the trusted side gives them."""

_SOURCES = {
    "kernel": say("trained in your notebook"),
    "trained": say("trained by the grader"),
    "replayed": say("replayed from an equal training"),
}


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One line of a table of layers."""

    layer: str
    units: str
    activation: str
    output_shape: str


@dataclass(frozen=True, slots=True)
class ModelTable:
    """The student's network and, where the check names it, the one that was asked for."""

    rows: tuple[LayerRow, ...]
    expected: tuple[LayerRow, ...]


@dataclass(frozen=True, slots=True)
class EpochRow:
    """What a callback did in one epoch of a rehearsal."""

    epoch: int
    loss: str
    kind: str
    """``goes``, ``stops``, ``raises``, ``after`` the end, or ``unknown``."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A scenario that a callback was sent, epoch by epoch."""

    scenario: str
    rows: tuple[EpochRow, ...]
    more: int
    error: str


@dataclass(frozen=True, slots=True)
class CriterionView:
    """One criterion as the page shows it."""

    anchor: str
    title: str
    sign: Sign
    points: float
    max_points: float
    message: str
    cells: tuple[int, ...]
    expected: str
    hint: str
    basis: Message
    rehearsals: tuple[Rehearsal, ...]
    output: str
    """An error or output of the student's that the judgement rests on."""
    lost: bool
    """Points are missing, and not by the grader's fault."""
    blocked: bool
    """Nothing could be judged here: the run did not get so far."""


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


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of the student's prose, cut where words earned points."""

    cell: int | None
    source: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question as the page shows it."""

    id: str
    anchor: str
    title: str
    score: float
    max_score: float
    kind: str
    waits: bool
    criteria: tuple[CriterionView, ...]
    words: tuple[Words, ...]
    models: tuple[ModelTable, ...]
    curves: Curves | None

    @property
    def highlighted(self) -> bool:
        """Some of the words shown earned points."""
        return any(piece.marked for words in self.words for piece in words.pieces)


def write_student_report(result: Result, rubric: Rubric, language: str, path: Path) -> None:
    """Write one student's ``report.html``: a single file that needs neither network nor script."""
    translator = Translator(language)
    # One sentence on the whole file stands at the top; it is not said again for each criterion.
    scores = () if is_one_case(result) else result.score.questions
    questions = [_question(score, result, rubric, translator) for score in scores]
    lost = [
        (question, criterion)
        for question in questions
        for criterion in question.criteria
        if criterion.lost and not criterion.blocked
    ]
    values = {
        "result": result,
        "rubric_title": translator.pick(rubric.title),
        "outcome": OUTCOMES[result.status],
        "reason": _sentence(result.reason, translator) if result.reason else "",
        "kind": kind_of_score(result.score.score, result.score.max_score),
        "share": min(1.0, max(0.0, result.score.score / result.score.max_score)) if result.score.max_score else 0.0,
        "questions": questions,
        "lost": lost[:_MOST_LOST],
        "lost_more": max(0, len(lost) - _MOST_LOST),
        "notes": [_sentence(note, translator) for note in result.notes],
        "trainings": [_training_row(training, rubric, translator) for training in result.trainings[:_MOST_ROWS]],
        "made_with": _made_with(result, translator),
        "say": translator.text,
    }
    write_text(path, render("student.html", translator, values))


def _question(score: QuestionScore, result: Result, rubric: Rubric, translator: Translator) -> QuestionView:
    asked = next((question for question in rubric.questions if question.id == score.question), None)
    trainings = [training for training in result.trainings if training.question == score.question]
    return QuestionView(
        id=score.question,
        anchor=anchor(score.question),
        title=translator.pick(asked.title) if asked else "",
        score=score.score,
        max_score=score.max_score,
        kind=kind_of_question(score),
        waits=any(finding.status in (Status.NEEDS_REVIEW, Status.ERROR) for finding in score.findings),
        criteria=tuple(_criterion(finding, asked, translator) for finding in score.findings),
        words=tuple(_words(score.findings, result.passages.get(score.question, ()))),
        models=tuple(_models(score.findings, translator)),
        curves=_curves(trainings, score.question, translator),
    )


def _criterion(finding: Finding, asked: Question | None, translator: Translator) -> CriterionView:
    criterion = _criterion_of(finding, asked)
    lost = finding.points < finding.max_points - 1e-9 and finding.status is not Status.ERROR
    return CriterionView(
        anchor=anchor(finding.question, finding.check),
        title=(translator.pick(criterion.title) if criterion else "") or finding.check,
        sign=sign_of(finding),
        points=finding.points,
        max_points=finding.max_points,
        message=_sentence(finding.message, translator),
        cells=tuple(cell + 1 for cell in finding.cells),
        expected=translator.pick(criterion.expected) if criterion else "",
        hint=translator.pick(criterion.hint) if criterion and lost and finding.status is not Status.SKIPPED else "",
        basis=_BASES[finding.basis],
        rehearsals=tuple(_rehearsals(finding.evidence, translator)),
        output=_output(finding.evidence),
        lost=lost,
        blocked=finding.status is Status.SKIPPED,
    )


def _output(evidence: Mapping[str, Any]) -> str:
    found = evidence.get("error") or evidence.get("saved_output")
    return shown(found, _LONGEST_OUTPUT) if isinstance(found, str) else ""


def _criterion_of(finding: Finding, asked: Question | None) -> Criterion | None:
    criteria = asked.criteria if asked else []
    return next((criterion for criterion in criteria if criterion.id == finding.check), None)


def _sentence(message: Message, translator: Translator) -> str:
    return shown(translator.text(message), _LONGEST_MESSAGE)


def _made_with(result: Result, translator: Translator) -> list[str]:
    """Versions and times, for whoever asks how a mark came about."""
    parts = [f"{shown(name, 40)} {shown(version, 40)}" for name, version in sorted(result.versions.items())]
    if "total" in result.seconds:
        parts.append(translator.say("graded in {seconds} s", seconds=round(result.seconds["total"], 1)))
    return parts


# --- the student's own words ------------------------------------------------------------------------------------------


def _words(findings: Iterable[Finding], passages: Sequence[Passage]) -> Iterator[Words]:
    """The passages of a question, the words that earned points marked; none where no criterion reads prose."""
    readers = [finding for finding in findings if "words" in finding.evidence or "answer" in finding.evidence]
    if not readers:
        return
    earned = [word for finding in readers if finding.points > 0 for word in _texts(finding.evidence.get("words"))]
    for passage in passages[:_MOST_PASSAGES]:
        yield Words(passage.cell + 1, passage.source, mark_words(shown(passage.text, _LONGEST_PASSAGE), earned))
    if not passages:
        answers = [answer for finding in readers for answer in _texts(finding.evidence.get("answer"))]
        for answer in dict.fromkeys(answers):
            yield Words(None, "markdown", mark_words(shown(answer, _LONGEST_PASSAGE), earned))


def _texts(value: Any) -> list[str]:
    found = value if isinstance(value, list | tuple) else [value]
    return [item for item in found if isinstance(item, str) and item.strip()]


# --- networks ---------------------------------------------------------------------------------------------------------


def _models(findings: Iterable[Finding], translator: Translator) -> Iterator[ModelTable]:
    """Each different network that the findings of a question show, once."""
    seen: dict[tuple[LayerRow, ...], tuple[LayerRow, ...]] = {}
    for finding in findings:
        rows = _layer_rows(finding.evidence.get("model"), translator)
        if rows:
            expected = _layer_rows(finding.evidence.get("expected_model"), translator)
            seen[rows] = seen.get(rows) or expected
    for rows, expected in seen.items():
        yield ModelTable(rows, expected)


def _layer_rows(layers: Any, translator: Translator) -> tuple[LayerRow, ...]:
    if not isinstance(layers, list | tuple):
        return ()
    found = [layer for layer in layers if isinstance(layer, Mapping)]
    return tuple(_layer_row(layer, translator) for layer in found[:_MOST_ROWS])


def _layer_row(layer: Mapping[str, Any], translator: Translator) -> LayerRow:
    return LayerRow(
        layer=_cell(layer.get("layer"), translator),
        units=_cell(layer.get("units"), translator),
        activation=_cell(layer.get("activation"), translator),
        output_shape=_shape(layer.get("output_shape"), translator),
    )


def _cell(value: Any, translator: Translator) -> str:
    if value is None or value == "":
        return "–"
    return translator.number(value) if isinstance(value, int | float) else shown(str(value), 80)


def _shape(shape: Any, translator: Translator) -> str:
    if isinstance(shape, list | tuple):
        return " × ".join("?" if size is None else _cell(size, translator) for size in shape[:8]) or "–"
    return _cell(shape, translator)


# --- trainings --------------------------------------------------------------------------------------------------------


def _curves(trainings: Sequence[TrainingSummary], question: str, translator: Translator) -> Curves | None:
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
    return translator.say(
        "{kind}: from {first} to {last} in {epochs} epochs", kind=kind, first=first, last=last, epochs=len(line.values)
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


def _training_row(training: TrainingSummary, rubric: Rubric, translator: Translator) -> dict[str, Any]:
    known = any(question.id == training.question for question in rubric.questions)
    source = _SOURCES.get(training.source)
    return {
        "cell": training.cell + 1,
        "question": training.question if known else "",
        "epochs": training.epochs,
        "layers": shown(" → ".join(training.layers), 300),
        "source": translator.text(source) if source else training.source,
    }


# --- callbacks --------------------------------------------------------------------------------------------------------


def _rehearsals(evidence: Mapping[str, Any], translator: Translator) -> Iterator[Rehearsal]:
    found = evidence.get("transcript") or evidence.get("transcripts") or ()
    for transcript in [found] if isinstance(found, Mapping) else list(found)[:_MOST_ROWS]:
        if isinstance(transcript, Mapping) and isinstance(transcript.get("losses"), list | tuple):
            yield _rehearsal(transcript, translator)


def _rehearsal(transcript: Mapping[str, Any], translator: Translator) -> Rehearsal:
    losses = [loss for loss in transcript["losses"] if isinstance(loss, int | float)]
    rows = [
        EpochRow(epoch, translator.number(loss, 4), _deed(epoch, transcript))
        for epoch, loss in enumerate(losses[:_MOST_ROWS], 1)
    ]
    error = transcript.get("raised")
    if isinstance(error, Mapping):
        error = ": ".join(str(error[key]) for key in ("name", "message") if error.get(key))
    name = str(transcript.get("scenario") or "")
    scenario = translator.text(_SCENARIOS[name]) if name in _SCENARIOS else shown(name, 200)
    return Rehearsal(scenario, tuple(rows), len(losses) - len(rows), shown(str(error or ""), 300))


def _deed(epoch: int, transcript: Mapping[str, Any]) -> str:
    """What happened in an epoch: it ``goes`` on, ``stops``, ``raises``, comes ``after`` the end, or is ``unknown``."""
    stopped, raised = transcript.get("stopped_after"), transcript.get("raised_after")
    if isinstance(raised, int):
        return "raises" if epoch == raised else "after" if epoch > raised else "goes"
    if isinstance(stopped, int):
        return "stops" if epoch == stopped else "after" if epoch > stopped else "goes"
    return "unknown" if transcript.get("raised") else "goes"
