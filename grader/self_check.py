"""What a student's own check tells: what the student did and what the prompt states, and no answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from grader.records import Finding, Message, Outcome, Result, Status, printable, say, say_number
from grader.reports.criteria import CriterionView, criterion_view
from grader.reports.pages import is_one_case
from grader.reports.stopped import blamed_cell, causes, not_begun, points_at_risk, stopped_cells
from grader.reports.translation import Translator
from grader.rubric.criteria import Concept, Criterion
from grader.rubric.public import may_be_told, public_id, without_answers
from grader.rubric.rubric import Question, Rubric
from grader.scoring import OPEN, add_up

STYLES: Mapping[Status, tuple[str, str]] = {
    Status.PASSED: ("✓", "green"),
    Status.FAILED: ("✗", "red"),
    Status.SKIPPED: ("–", "yellow"),
    Status.NEEDS_REVIEW: ("?", "cyan"),
    Status.ERROR: ("!", "magenta"),
}
"""Sign and colour of each finding's status."""
UNTOLD: Mapping[Status, Message] = {
    Status.PASSED: say("This is what the question asks for."),
    Status.FAILED: say("This is not what the question asks for."),
    Status.SKIPPED: say("What the question asks for was not found."),
    Status.NEEDS_REVIEW: say("A person will review this"),
    Status.ERROR: say("Fault of the grader, not yours"),
}
"""What is said in place of a message that would name the answer."""
UNTOLD_OF_PROSE: Mapping[Status, Message] = {
    Status.FAILED: say("Your answer does not say all that the question asks for here."),
    Status.SKIPPED: say("No answer was found."),
}
"""The same of an answer in words: which of them decided is an answer, too, as is what they contradict."""
OWN = ("answer", "model", "error", "saved_output", "ended_by", "cause")
"""Evidence that is the student's own work."""
REHEARSED = ("transcript", "transcripts")
"""What a callback did: the losses that it was sent lie about the one that is expected."""
FAULT = say("The grader itself failed on this notebook; that is no fault of yours.")


# --- what may be shown ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """A result and its rubric with all that students may see before they hand in, and nothing else."""

    result: Result
    rubric: Rubric
    hidden_points: float
    """Of criteria that are looked at only after the notebook was handed in."""
    lines: Mapping[int, str]
    """The first line of each cell, by its index."""


def self_check(result: Result, rubric: Rubric, lines: Mapping[int, str]) -> SelfCheck:
    """What a student may be shown of a result.

    Args:
        rubric: the one by which it was judged.
        lines: the first line of each cell, by its index.
    """
    questions = [_shown(question) for question in without_answers(rubric).questions]
    shown = rubric.model_copy(update={"questions": [question for question in questions if question.criteria]})
    reason = FAULT if _is_fault(result) else result.reason
    whole, stopped = reason if is_one_case(result) else None, causes(result)
    findings = [
        _finding(_to_be_mended(finding, stopped), rubric, whole)
        for score in result.score.questions
        for finding in score.findings
    ]
    score = add_up([finding for finding in findings if finding is not None], shown)
    ids = {question.id for question in shown.questions}
    return SelfCheck(
        replace(
            result,
            path="",
            reason=reason,
            score=score,
            not_begun=tuple(question for question in result.not_begun if question in ids),
            flags=(),
            audit=None,
        ),
        shown,
        rubric.points - score.max_score,
        lines,
    )


def _shown(question: Question) -> Question:
    """The question with its public criteria, and the points of these."""
    criteria = [criterion for criterion in question.criteria if criterion.public]
    return question.model_copy(update={"criteria": criteria, "points": sum(criterion.points for criterion in criteria)})


def _is_fault(result: Result) -> bool:
    """True where the grader failed on the whole notebook: its reason then holds whatever an exception says."""
    findings = [finding for score in result.score.questions for finding in score.findings]
    return result.reason is not None and all(finding.status is Status.ERROR for finding in findings)


def _to_be_mended(finding: Finding, stopped: Mapping[int, int]) -> Finding:
    """What would wait for a person on account of a cell that stopped waits for the student, who can still mend it.

    Args:
        stopped: the cell that is to blame, for each cell that raised.
    """
    blamed = blamed_cell(finding, stopped)
    cell = finding.evidence.get("cause") if blamed is None else blamed
    if finding.status is not Status.NEEDS_REVIEW or cell is None or cell not in stopped:
        return finding
    told = say("Cell {cell} stopped with an error, as told above: mend it, and check again.", cell=cell + 1)
    return replace(finding, status=Status.SKIPPED, message=told, evidence={**finding.evidence, "cause": cell})


def _finding(finding: Finding, rubric: Rubric, whole: Message | None) -> Finding | None:
    """The finding as it may be told; None for a hidden criterion's.

    Args:
        whole: the one reason that stands in every finding.
    """
    question = rubric.question(finding.question)
    criterion = next(item for item in question.criteria if item.id == finding.check)
    if not criterion.public:
        return None
    told = finding.status is not Status.ERROR and may_be_told(question, criterion, rubric)
    return replace(
        finding,
        check=public_id(question, criterion, rubric),
        message=whole or (finding.message if told or _is_to_be_mended(finding) else _untold(finding, criterion)),
        evidence={key: value for key, value in finding.evidence.items() if key in OWN or (told and key in REHEARSED)},
    )


def _is_to_be_mended(finding: Finding) -> bool:
    """True for a message that names a cell, and nothing that is expected."""
    return finding.status is Status.SKIPPED and "cause" in finding.evidence


def _untold(finding: Finding, criterion: Criterion) -> Message:
    """What may be said of a finding whose own message would give an answer away."""
    if not isinstance(criterion, Concept):
        return UNTOLD[finding.status]
    if finding.evidence.get("answer") == "" and finding.status is Status.FAILED:
        return UNTOLD_OF_PROSE[Status.SKIPPED]
    if finding.evidence.get("comes_near"):
        return say("{near}", near=criterion.near)
    return UNTOLD_OF_PROSE.get(finding.status, UNTOLD[finding.status])


# --- on the terminal --------------------------------------------------------------------------------------------------


def print_self_check(console: Console, check: SelfCheck, translator: Translator) -> None:
    """What stopped the notebook, then each criterion with what was found and a hint, then the total."""
    result = check.result
    for message in (result.reason, result.file_doubt):
        if message is not None:
            console.print(Text(printable(translator.text(message)), "yellow"))
    _print_stopped(console, result, translator)
    if result.status != Outcome.FAILED and not is_one_case(result):
        _print_questions(console, check, translator)
    score = result.score
    head = translator.say("Provisional mark") if score.provisional else translator.say("In all")
    of = translator.say_number(
        "of {points} point", "of {points} points", _grammatical(score.max_score), points=score.max_score
    )
    console.print(Text(f"\n{head}: {translator.number(score.score)} {of}", "bold"))
    for line in remarks(check, translator):
        console.print(Text(line))


def _print_stopped(console: Console, result: Result, translator: Translator) -> None:
    for cell in stopped_cells(result, translator):
        where = translator.say("Cell {cell}", cell=cell.cell)
        console.print(Text.assemble((f"\n✗ {where}  ", "bold red"), printable(cell.first_line)))
        for line in (*filter(None, [cell.stopped_at]), cell.error, *cell.remarks):
            console.print(_indented(printable(line)))


def _print_questions(console: Console, check: SelfCheck, translator: Translator) -> None:
    blank = not_begun(check.result)
    scores = {score.question: score for score in check.result.score.questions}
    together = False
    for question in check.rubric.questions:
        score = scores[question.id]
        heading = f"{question.id}  {printable(translator.pick(question.title))}"
        waits = any(finding.status in OPEN for finding in score.findings)
        points = f"{translator.number(score.score)} / {translator.number(score.max_score)}{' ?' if waits else ''}"
        if question.id not in blank or not together:
            console.print()
        together = question.id in blank
        if together:
            console.print(Text.assemble((f"{heading}  {points}  ", "bold"), translator.say("not begun")))
            continue
        console.print(Text(f"{heading}  {points}", "bold"))
        for finding in score.findings:
            view = criterion_view(finding, question, translator, causes(check.result))
            _print_criterion(console, view, finding.status, check.lines, translator)


def _print_criterion(
    console: Console, view: CriterionView, status: Status, lines: Mapping[int, str], translator: Translator
) -> None:
    sign, style = STYLES[status]
    console.print(Text.assemble("  ", (sign, style), f" {printable(view.title)}"))
    if status is Status.PASSED:
        return
    console.print(_indented(printable(view.message)))
    for cell in view.cells:
        where = translator.say("Cell {cell}", cell=cell)
        line = lines.get(cell - 1)
        console.print(_indented(printable(f"{where}: {line}" if line else where), "dim"))
    if view.hint:
        console.print(_indented(printable(view.hint), "dim"))


def remarks(check: SelfCheck, translator: Translator) -> list[str]:
    """What a student should know of the total: what may yet change it, and what depends on cells that stopped."""
    told = []
    score = check.result.score
    to_come = score.may_be_added
    if to_come and score.score + to_come > score.max_score - 1e-6 and not check.result.errors:
        told.append(
            say_number(
                "So far nothing is wrong: the other {points} point is decided after you hand it in.",
                "So far nothing is wrong: the other {points} points are decided after you hand it in.",
                _grammatical(to_come),
                points=to_come,
            )
        )
    elif to_come:
        told.append(
            say_number(
                "Up to {points} more point is decided after you hand it in.",
                "Up to {points} more points are decided after you hand it in.",
                _grammatical(to_come),
                points=to_come,
            )
        )
    elif score.provisional:
        told.append(say("What is marked with “?” is confirmed after you hand it in."))
    points, cells = points_at_risk(check.result)
    if points:
        told.append(
            say_number(
                "Up to {points} of the points depend on a cell that stopped with an error: {cells}. Mend it first.",
                "Up to {points} of the points depend on cells that stopped with an error: {cells}. Mend them first.",
                len(cells),
                points=points,
                cells=cells,
            )
        )
    if check.hidden_points > 1e-6:
        told.append(
            say_number(
                "{points} more point is looked at only after you hand it in.",
                "{points} more points are looked at only after you hand it in.",
                _grammatical(check.hidden_points),
                points=check.hidden_points,
            )
        )
    return [translator.text(message) for message in told]


def _grammatical(points: float) -> int:
    """1 for exactly one point: everything else, halves included, is many."""
    return 1 if round(points, 6) == 1 else 2


def _indented(text: str, style: str = "") -> Padding:
    return Padding(Text(text, style), (0, 0, 0, 6))
