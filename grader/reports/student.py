"""One student's page: the mark, and for every point lost what was found, what was expected, and a hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.records import Finding, Outcome, Passage, QuestionScore, Result, Status, say
from grader.reports.criteria import CriterionView, Fault, criterion_view, faults, sentence
from grader.reports.files import write_text
from grader.reports.pages import OUTCOMES, Sign, anchor, is_one_case, kind_of_question, kind_of_score, render
from grader.reports.stopped import causes, not_begun, stopped_cells
from grader.reports.text import Piece, mark_words, shown
from grader.reports.trainings import Curves, curves_of, training_rows
from grader.reports.translation import Translator
from grader.rubric.rubric import Rubric

_CHECKED = Sign("good", "✓", say("Checked"))
_LONGEST_PASSAGE = 4_000
_DECIDED = (Status.PASSED, Status.FAILED)
_MOST_PASSAGES = 12
_MOST_ROWS = 40
_MOST_LOST = 3


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
class Words:
    """A piece of the student's prose, cut where words earned points."""

    cell: int | None
    source: str
    pieces: tuple[Piece, ...]

    @property
    def highlighted(self) -> bool:
        """Some of them earned points."""
        return any(piece.marked for piece in self.pieces)


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
    begun: bool
    """Something of the student's own is there."""
    blocked: bool
    """Nothing could be judged: the run did not get so far."""
    criteria: tuple[CriterionView, ...]
    words: tuple[Words, ...]
    models: tuple[ModelTable, ...]
    curves: Curves | None

    @property
    def achieved(self) -> tuple[CriterionView, ...]:
        """Criteria of which there is nothing to add."""
        return tuple(criterion for criterion in self.criteria if criterion.achieved)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is to be told of the others."""
        return faults(self.criteria)


@dataclass(frozen=True, slots=True)
class Lost:
    """One thing to look at first, for the points that it cost."""

    anchor: str
    what: str
    points: float


def write_student_report(
    result: Result, rubric: Rubric, language: str, path: Path, own_check: Sequence[str] | None = None
) -> None:
    """Write one student's ``report.html``: a single file that needs neither network nor script.

    Args:
        own_check: of a student's own check before handing in, what there is to be said of its total.
    """
    translator = Translator(language)
    # One sentence on the whole file stands at the top; it is not said again for each criterion.
    scores = () if is_one_case(result) else result.score.questions
    questions = [_question(score, result, rubric, translator) for score in scores]
    lost = [] if result.file_doubt else _greatest_first(questions, translator)
    values = {
        "result": result,
        "rubric_title": translator.pick(rubric.title),
        "outcome": OUTCOMES[result.status] if own_check is None or result.status is not Outcome.GRADED else _CHECKED,
        "own_check": own_check or (),
        "reason": " ".join(sentence(reason, translator) for reason in result.reasons),
        "unreadable": _is_unreadable(result),
        "doubt": sentence(result.file_doubt, translator) if result.file_doubt else "",
        "praise": "" if result.file_doubt else _praise(questions, translator),
        "stopped": stopped_cells(result, translator),
        "kind": kind_of_score(result.score.score, result.score.max_score),
        "share": min(1.0, max(0.0, result.score.score / result.score.max_score)) if result.score.max_score else 0.0,
        "questions": questions,
        "lost": lost[:_MOST_LOST],
        "notes": [sentence(note, translator) for note in result.notes],
        "trainings": training_rows(result.trainings, rubric, translator),
        "made_with": _made_with(result, translator),
        "say": translator.text,
    }
    write_text(path, render("student.html", translator, values))


def _is_unreadable(result: Result) -> bool:
    """True for a file that could not be read as a notebook."""
    findings = [finding for score in result.score.questions for finding in score.findings]
    return is_one_case(result) and all(finding.status is Status.NEEDS_REVIEW for finding in findings)


def _greatest_first(questions: Sequence[QuestionView], translator: Translator) -> list[Lost]:
    """What cost points, the most first: each fault, and together the questions that were not begun.

    What waits for a person is left out.
    """
    lost = [
        Lost(fault.told.anchor, f"{question.id} · {fault.title}", fault.points_lost)
        for question in questions
        if question.begun
        for fault in question.faults
        if fault.told.lost and fault.told.sign.kind in ("bad", "part")
    ]
    if blank := [question for question in questions if not question.begun and not question.waits]:
        ids = ", ".join(question.id for question in blank)
        points = round(sum(question.max_score - question.score for question in blank), 6)
        lost.append(Lost(blank[0].anchor, f"{ids} · {translator.say('not begun')}", points))
    return sorted(lost, key=lambda found: -found.points)


def _praise(questions: Sequence[QuestionView], translator: Translator) -> str:
    """A word for what is good; empty where nothing has all its points yet."""
    whole = sum(question.kind == "good" for question in questions)
    if questions and whole == len(questions):
        return translator.say("Well done: everything that was asked for is there.")
    if whole:
        return translator.say_number(
            "Good: {count} question of {all} has all its points.",
            "Well done: {count} questions of {all} have all their points.",
            whole,
            count=whole,
            all=len(questions),
        )
    achieved = sum(len(question.achieved) for question in questions)
    if not achieved:
        return ""
    return translator.say_number(
        "A start is made: {count} criterion is achieved.",
        "A start is made: {count} criteria are achieved.",
        achieved,
        count=achieved,
    )


def _question(score: QuestionScore, result: Result, rubric: Rubric, translator: Translator) -> QuestionView:
    asked = next((question for question in rubric.questions if question.id == score.question), None)
    trainings = [training for training in result.trainings if training.question == score.question]
    begun = score.question not in not_begun(result)
    return QuestionView(
        id=score.question,
        anchor=anchor(score.question),
        title=translator.pick(asked.title) if asked else "",
        score=score.score,
        max_score=score.max_score,
        kind=kind_of_question(score) if begun else "none",
        waits=any(finding.status in (Status.NEEDS_REVIEW, Status.ERROR) for finding in score.findings),
        begun=begun,
        blocked=all(finding.status is Status.SKIPPED for finding in score.findings),
        criteria=tuple(criterion_view(finding, asked, translator, causes(result)) for finding in score.findings),
        words=tuple(_words(score.findings, result.passages.get(score.question, ()))),
        models=tuple(_models(score.findings, translator)),
        curves=curves_of(trainings, score.question, translator),
    )


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
    earning = [finding for finding in readers if finding.points > 0 and finding.status in _DECIDED]
    earned = [word for finding in earning for word in _texts(finding.evidence.get("words"))]
    for passage in [passage for passage in passages if not passage.perhaps_given][:_MOST_PASSAGES]:
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
