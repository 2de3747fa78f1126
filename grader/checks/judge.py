"""Judges one submission: every criterion of the rubric, each by its check."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.checks import callbacks, networks, predictions, training
from grader.checks.attribution import Attribution, attribute
from grader.checks.begun import doubt_file, not_begun
from grader.checks.context import CAUSE, Context
from grader.checks.epoch_log import check_epoch_log
from grader.checks.expected_error import check_expected_error
from grader.checks.prose import check_concept, doubts_of, judge_concept, learn, named_words
from grader.checks.standing import doubt_of
from grader.checks.suspicion import suspicions
from grader.checks.today import failing_cell
from grader.checks.tries import many_tries, rival_of, rivalled, settle_tries
from grader.checks.withheld import check_withheld
from grader.deadline import OutOfTimeError, limited
from grader.records import Evidence, Finding, Message, Status, Submission, Training, TrainingSummary, say
from grader.rubric.criteria import Concept, Criterion, Evaluated, OfNetwork, PredictedClass, is_prose
from grader.rubric.rubric import Rubric
from grader.training.data import DataSet, load_data
from grader.training.preparation import pixel_statistics
from grader.training.service import Trainings

JUDGING_SECONDS = 300.0
"""Of this process's own work; an honest notebook needs a few."""

Check = Callable[[Any, Context], Finding]


def _check_concept(criterion: Concept, context: Context) -> Finding:
    """Prose is judged by its own package; what students were given counts as copied."""
    return check_concept(
        criterion,
        context.question,
        context.submission,
        review_below=context.rubric.review_below,
        other_texts=_given_texts(context.submission, context.rubric),
        examples=context.rubric.examples(context.question.id, criterion.id),
        doubt=context.doubts.get(context.question.id),
    )


def _given_texts(submission: Submission, rubric: Rubric) -> list[str]:
    given = [cell.source for cell in submission.cells if cell.given]
    return [*given, *(question.prompt for question in rubric.questions)]


CHECKS: dict[str, Check] = {
    "hidden_layers": networks.check_hidden_layers,
    "hidden_activation": networks.check_hidden_activation,
    "output_layer": networks.check_output_layer,
    "optimizer": networks.check_optimizer,
    "epochs": training.check_epochs,
    "batch_size": training.check_batch_size,
    "epoch_log": check_epoch_log,
    "test_accuracy": training.check_test_accuracy,
    "network_trained": training.check_network_trained,
    "evaluated": predictions.check_evaluated,
    "predicted_class": predictions.check_predicted_class,
    "expected_error": check_expected_error,
    "concept": _check_concept,
    "callback_class": callbacks.check_callback_class,
    "callback_used": callbacks.check_callback_used,
    "callback_stops": callbacks.check_callback_stops,
    "callback_waits": callbacks.check_callback_waits,
    "withheld": check_withheld,
}
"""By the name that the rubric gives."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found in one submission."""

    findings: tuple[Finding, ...]
    trainings: tuple[TrainingSummary, ...]
    notes: tuple[Message, ...]
    flags: tuple[Message, ...]
    """For the instructor alone."""
    not_begun: tuple[str, ...]
    """Ids of questions."""
    file_doubt: Message | None
    """Why this may be another file than was meant."""


def prepare(rubric: Rubric, data: Path) -> None:
    """Read and learn what `judge` needs of a rubric and a data set; it is kept in this process.

    Raises:
        DataError: the data set is missing or damaged.
    """
    import scipy.special  # noqa: F401  # what networks are computed with

    pixel_statistics(load_data(data))
    for question in rubric.questions:
        for criterion in question.criteria:
            if isinstance(criterion, Concept):
                examples = rubric.examples(question.id, criterion.id)
                judge_concept(question.prompt, criterion, question_prompt="", examples=examples)
                learn(examples, named_words(criterion))


def judge(
    submission: Submission, evidence: Evidence, rubric: Rubric, data: Path, trainings: Trainings | None = None
) -> Judgement:
    """All findings of one submission, in the rubric's order.

    Args:
        data: folder of the real data set.
        trainings: the trusted trainer, for answers that another random start may make right.

    Raises:
        DataError: the data set is missing or damaged.
    """
    images = load_data(data)
    findings: list[Finding] = []
    try:
        with limited(JUDGING_SECONDS):
            return _judge(submission, evidence, rubric, images, trainings, findings)
    except OutOfTimeError:
        logging.getLogger(__name__).error("%s: judging took more than %g seconds", submission.id, JUDGING_SECONDS)
        return _unfinished(submission, evidence, rubric, findings)


def _unfinished(submission: Submission, evidence: Evidence, rubric: Rubric, findings: Sequence[Finding]) -> Judgement:
    """What was found before the time was over; the rest is the grader's own failure, and no zero."""
    done = {(finding.question, finding.check) for finding in findings}
    why = say(
        "Judging took longer than the {limit} s it may take, and this was not judged: a fault of the grader.",
        limit=round(JUDGING_SECONDS),
    )
    rest = [
        Finding(question.id, criterion.id, Status.ERROR, 0.0, criterion.points, why)
        for question in rubric.questions
        for criterion in question.criteria
        if (question.id, criterion.id) not in done
    ]
    notes = (*_unread(submission), *evidence.remarks)
    return Judgement((*findings, *rest), _summaries(evidence, {}), notes, (why,), not_begun=(), file_doubt=None)


def _judge(
    submission: Submission,
    evidence: Evidence,
    rubric: Rubric,
    images: DataSet,
    trainings: Trainings | None,
    findings: list[Finding],
) -> Judgement:
    """As `judge`; each finding is added to `findings` as soon as it is there."""
    found = attribute(submission, evidence, rubric)
    passages = {name: place.own for name, place in submission.places.items()}
    doubts = doubts_of(passages, rubric, _given_texts(submission, rubric))
    contexts = {
        item.id: Context(submission, evidence, rubric, images, found, item, trainings, doubts)
        for item in rubric.questions
    }
    answers = settle_tries(contexts, _run_check)
    contexts = {question: replace(context, answers=answers) for question, context in contexts.items()}
    for context in contexts.values():
        rival = rival_of(context, _run_check)
        findings.extend(_finding(criterion, context, rival) for criterion in context.question.criteria)
    notes = (*_unread(submission), *evidence.remarks, *_notes(answers, rubric))
    blank = not_begun(submission, findings, rubric)
    return Judgement(
        findings=tuple(findings),
        trainings=_summaries(evidence, answers),
        notes=notes,
        flags=(*_flags(submission, evidence, images), *many_tries(contexts), *_once(doubts.values())),
        not_begun=blank,
        file_doubt=doubt_file(submission, findings, rubric, blank),
    )


def _once(messages: Iterable[Message]) -> list[Message]:
    told = list(messages)
    return [message for at, message in enumerate(told) if message not in told[:at]]


def _finding(criterion: Criterion, context: Context, rival: Context | None) -> Finding:
    """A finding that a person confirms where something speaks against it; until then its points stand."""
    finding = _told_where_it_stopped(_run_check(criterion, context), criterion, context)
    if context.unread is not None and finding.status is Status.FAILED:
        cell = context.unread.index
        message = say("Cell {cell} is too long and was left out; a person looks at it.", cell=cell + 1)
        return context.review(criterion, message, "static", points=finding.points, cells=(cell,))
    if context.place.unread and finding.status is Status.FAILED and is_prose(criterion):
        message = say("The answer is longer than what is read of one; a person reads the rest.")
        return context.review(criterion, message, "static", points=finding.points, cells=context.place.cells[:3])
    doubt = doubt_of(finding, criterion, context)
    why = _doubt(finding, criterion, context) or rivalled(finding, criterion, rival, _run_check)
    if doubt is not None and (why is None or not doubt.counts):
        points = finding.points if doubt.counts else 0.0
        return context.review(
            criterion, doubt.why, finding.basis, points=points, cells=finding.cells, evidence=finding.evidence
        )
    if why is None:
        return finding
    causes = (answer.training.cause for answer in context.answers.values() if answer.training.provisional is why)
    cause = next(causes, None)
    evidence = finding.evidence if cause is None else {**finding.evidence, CAUSE: cause}
    return context.review(criterion, why, finding.basis, points=finding.points, cells=finding.cells, evidence=evidence)


def _told_where_it_stopped(finding: Finding, criterion: Criterion, context: Context) -> Finding:
    """What another question's cells did is no reason where the question's own cell stopped before it could do it."""
    failing = failing_cell(context.question.id, context.submission, context.evidence)
    elsewhere = bool(finding.cells) and not {*finding.cells} & {*context.place.cells}
    if finding.status is not Status.FAILED or failing is None or not elsewhere:
        return finding
    if not isinstance(criterion, OfNetwork | Evaluated):
        return finding
    message = say("Cell {cell}, where this question is answered, stopped with an error.", cell=failing + 1)
    return context.missing(criterion, message, cells=(failing,))


def _doubt(finding: Finding, criterion: Criterion, context: Context) -> Message | None:
    """What speaks against a finding: a training that is provisional, or a report that cannot be right as it is."""
    if finding.basis not in ("claimed", "recomputed") or finding.status not in (Status.PASSED, Status.FAILED):
        return None
    for question in _looked_at(criterion, context):
        answer = context.answers.get(question)
        why = None if answer is None else answer.provisional or answer.training.provisional
        if why is not None:
            return why
    training = context.training()
    if training is None or training.cell not in finding.cells or finding.status is not Status.PASSED:
        return None
    parts = (training, *context.parts_in_place(training))
    return next((part.doubt for part in parts if part.doubt is not None), None)


def _looked_at(criterion: Criterion, context: Context) -> Sequence[str]:
    """The questions whose trainings a criterion is about."""
    if isinstance(criterion, OfNetwork):
        return [context.question.id]
    if isinstance(criterion, PredictedClass):
        return criterion.models_of
    return [criterion.model_of] if isinstance(criterion, Evaluated) else []


def _flags(submission: Submission, evidence: Evidence, images: DataSet) -> tuple[Message, ...]:
    try:
        return suspicions(submission, evidence, images)
    except Exception as error:
        logging.getLogger(__name__).exception("%s: flags", submission.id)
        return (say("The grader failed on the flags: {error}", error=f"{type(error).__name__}: {error}"[:300]),)


def _run_check(criterion: Criterion, context: Context) -> Finding:
    """One criterion; a fault of the check is the grader's own, shown as such, and never the student's zero."""
    check = CHECKS[getattr(criterion, "check")]  # noqa: B009
    try:
        return check(criterion, context)
    except Exception as error:
        logging.getLogger(__name__).exception("%s: check %s", context.submission.id, criterion.id)
        message = say("The grader failed on this criterion: {error}", error=f"{type(error).__name__}: {error}"[:300])
        return context.finding(criterion, Status.ERROR, 0.0, message, "static")


def _summaries(evidence: Evidence, answers: dict[str, Attribution]) -> tuple[TrainingSummary, ...]:
    by_training = {found.training.id: question for question, found in reversed(answers.items())}
    return tuple(
        TrainingSummary(
            question=by_training.get(item.id, ""),
            cell=item.cell,
            epochs=item.epochs,
            source=item.source,
            layers=tuple(
                " ".join(str(part) for part in (layer.class_name, layer.units, layer.activation) if part is not None)
                for layer in item.network.layers
            ),
            logs=item.logs,
            why_in_kernel=item.why_in_kernel,
        )
        for item in evidence.trainings
        if not item.built_only
    )


def _unread(submission: Submission) -> tuple[Message, ...]:
    return tuple(
        say(
            "Cell {cell} was left out: it has {length} characters, and the notebook more than can be looked at.",
            cell=cell.index + 1,
            length=cell.left_out,
        )
        for cell in submission.cells
        if cell.left_out
    )


def _notes(answers: dict[str, Attribution], rubric: Rubric) -> tuple[Message, ...]:
    """Where an answer was found outside its question's place."""
    return tuple(
        _found_elsewhere(question.id, answers[question.id].training)
        for question in rubric.questions
        if question.id in answers and not answers[question.id].in_place
    )


def _found_elsewhere(question: str, training: Training) -> Message:
    values = {"question": question, "cell": training.cell + 1}
    if training.built_only:
        return say(
            "The network of question {question} was found in cell {cell}, outside the question's place; "
            "it is not trained.",
            **values,
        )
    return say(
        "The training of question {question} was found in cell {cell}, outside the question's place.",
        **values,
    )
