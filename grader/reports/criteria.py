"""The criteria of a report: what was found, and for one fault of several criteria one account of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grader.records import Basis, Finding, Message, Status, say
from grader.reports.pages import Sign, anchor, sign_of
from grader.reports.stopped import blamed_cell
from grader.reports.text import shown
from grader.reports.translation import Translator
from grader.rubric.criteria import Concept, Criterion
from grader.rubric.rubric import Question

_LONGEST_MESSAGE = 2_000
_LONGEST_OUTPUT = 1_200
_MOST_ROWS = 40

_BASES: Mapping[Basis, Message] = {
    "recomputed": say("measured by the grader"),
    "claimed": say("seen while your notebook ran"),
    "static": say("read in your file"),
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
    achieved: bool
    """All points, and nothing to add."""
    cause: str
    """The same for all criteria of a question that were lost for one fault; empty where a criterion stands alone."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Criteria of one question that were lost for the same cause, and what is said of them together."""

    criteria: tuple[CriterionView, ...]

    @property
    def messages(self) -> tuple[str, ...]:
        """What was found, each sentence once."""
        return tuple(dict.fromkeys(criterion.message for criterion in self.criteria))

    @property
    def told(self) -> CriterionView:
        """The criterion whose table and output stand for all."""
        return self.criteria[0]

    @property
    def cells(self) -> tuple[int, ...]:
        """Where it was found, in order."""
        return tuple(sorted({cell for criterion in self.criteria for cell in criterion.cells}))

    @property
    def hint(self) -> str:
        """Empty where several criteria lack the same thing: a hint at one of them would be one of many."""
        return self.told.hint if len(self.criteria) == 1 or self.told.rehearsals else ""

    @property
    def expected(self) -> str:
        """What the rubric expects of a criterion that stands alone; the titles of several say enough."""
        return self.told.expected if len(self.criteria) == 1 and self.told.lost else ""

    @property
    def title(self) -> str:
        """The titles of its criteria."""
        return " · ".join(criterion.title for criterion in self.criteria)

    @property
    def points_lost(self) -> float:
        """Of all its criteria."""
        return round(sum(criterion.max_points - criterion.points for criterion in self.criteria), 6)


def faults(criteria: Iterable[CriterionView]) -> tuple[Fault, ...]:
    """What is to be told of criteria that were not plainly achieved, each cause once, in the order of the first."""
    causes: dict[str, list[CriterionView]] = {}
    for criterion in criteria:
        if not criterion.achieved:
            causes.setdefault(criterion.cause or criterion.anchor, []).append(criterion)
    return tuple(Fault(tuple(found)) for found in causes.values())


def criterion_view(
    finding: Finding, asked: Question | None, translator: Translator, stopped: Mapping[int, int] | None = None
) -> CriterionView:
    """One finding, in the reader's language.

    Args:
        stopped: the cell that is to blame, for each cell that raised.
    """
    criterion = _criterion_of(finding, asked)
    lost = finding.points < finding.max_points - 1e-9 and finding.status is not Status.ERROR
    blame = blamed_cell(finding, stopped or {})
    message = sentence(finding.message if blame is None else _stopped(finding, blame), translator)
    # What waits for a person, or for a cell that raised, may be right: no hint fits but one at an idea that is missing.
    hinted = lost and blame is None and (finding.status is Status.FAILED or isinstance(criterion, Concept))
    return CriterionView(
        anchor=anchor(finding.question, finding.check),
        title=(translator.pick(criterion.title) if criterion else "") or finding.check,
        sign=sign_of(finding),
        points=finding.points,
        max_points=finding.max_points,
        message=message,
        cells=tuple(cell + 1 for cell in sorted(set(finding.cells))),
        expected=translator.pick(criterion.expected) if criterion else "",
        hint=hint_for(finding, criterion, translator) if criterion and hinted else "",
        basis=_BASES[finding.basis],
        rehearsals=tuple(_rehearsals(finding.evidence, translator)),
        output=_output(finding.evidence) if blame is None else "",
        lost=lost,
        achieved=finding.status is Status.PASSED and not lost,
        cause="" if _lacks_an_idea(finding, criterion) else _cause(finding, message),
    )


def hint_for(finding: Finding, criterion: Criterion, translator: Translator) -> str:
    """The rubric's hint; where a callback ended the training, one that fits that."""
    ended_by = finding.evidence.get("ended_by")
    if isinstance(ended_by, str) and ended_by:
        return translator.say(
            "Train without {callback} here, or see to it that it does not stop so soon.", callback=ended_by
        )
    return translator.pick(criterion.hint)


def _stopped(finding: Finding, cell: int) -> Message:
    if finding.status is Status.NEEDS_REVIEW:
        return say(
            "Cell {cell} stopped with an error, as told above; a person looks at your saved outputs.", cell=cell + 1
        )
    return say("Nothing of this was seen: cell {cell} stopped with an error, as told above.", cell=cell + 1)


def _output(evidence: Mapping[str, Any]) -> str:
    found = evidence.get("error") or evidence.get("saved_output")
    return shown(found, _LONGEST_OUTPUT) if isinstance(found, str) else ""


def _criterion_of(finding: Finding, asked: Question | None) -> Criterion | None:
    criteria = asked.criteria if asked else []
    return next((criterion for criterion in criteria if criterion.id == finding.check), None)


def sentence(message: Message, translator: Translator) -> str:
    """A message, cut where it has no end."""
    return shown(translator.text(message), _LONGEST_MESSAGE)


def _lacks_an_idea(finding: Finding, criterion: Criterion | None) -> bool:
    """True where there is an answer: each idea that it lacks is a fault of its own."""
    return isinstance(criterion, Concept) and finding.evidence.get("answer") != ""


def _cause(finding: Finding, message: str) -> str:
    """What tells one fault from another: the error or the epochs of a rehearsal, else what is said of it.

    All that is missing is missing for one reason.
    """
    if finding.status in (Status.PASSED, Status.ERROR) or finding.points:
        return ""
    transcript = finding.evidence.get("transcript")
    if isinstance(transcript, Mapping):
        return json.dumps(transcript.get("raised") or dict(transcript), sort_keys=True, default=str)
    missing = finding.status is Status.FAILED and finding.basis == "static" and not finding.evidence
    return "missing" if missing else f"{finding.status} {message}"


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
