"""Several tries of one question: the last complete one counts, unless the rubric says that any may."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from grader.checks.attribution import Attribution
from grader.checks.context import Context
from grader.records import Finding, Message, Status, Training, say
from grader.rubric.criteria import Criterion, OfNetwork

MOST_TRIES = 3
"""Different tries of one question that are nothing to remark on."""
TOLERANCE = 1e-9

Check = Callable[[Criterion, Context], Finding]


def settle_tries(contexts: Mapping[str, Context], check: Check) -> dict[str, Attribution]:
    """The training of each question, the best of all its tries where the rubric lets any of them count.

    Args:
        contexts: by question; all share the answers.
        check: finds what a criterion earns in a context.
    """
    settled: dict[str, Attribution] = {}
    for question, context in contexts.items():
        answer = context.answers.get(question)
        if answer is None:
            continue
        selector = context.question.training
        better = _better_try(context, answer, check) if selector is not None and selector.tries == "any" else None
        settled[question] = answer if better is None else replace(answer, training=better)
    return settled


def rivalled(finding: Finding, criterion: Criterion, rival: Context | None, check: Check) -> Message | None:
    """Why a person decides on a criterion: another try, which would earn more in all, earns this one.

    Args:
        rival: the context in which that try is the answer; None where there is none.
    """
    if rival is None or not isinstance(criterion, OfNetwork) or finding.status is not Status.FAILED:
        return None
    if check(criterion, rival).points <= finding.points + TOLERANCE:
        return None
    training = rival.training()
    assert training is not None
    return say(
        "The last try counts, but the one in cell {cell} would earn more; a person decides which is the answer.",
        cell=training.cell + 1,
    )


def rival_of(context: Context, check: Check) -> Context | None:
    """The context of an earlier try that would earn more than the last one; None where there is none."""
    answer = context.answers.get(context.question.id)
    better = None if answer is None else _better_try(context, answer, check)
    return None if better is None else _as_answer(better, context)


def many_tries(contexts: Mapping[str, Context]) -> Iterator[Message]:
    """Questions with more different tries than somebody makes who knows what is asked."""
    for question, context in contexts.items():
        answer = context.answers.get(question)
        if answer is not None and len(answer.others) >= MOST_TRIES:
            yield say(
                "Question {question} has {tries} different tries in its place.",
                question=question,
                tries=len(answer.others) + 1,
            )


def _better_try(context: Context, answer: Attribution, check: Check) -> Training | None:
    """The try that earns most, if that is more than the answer earns; the last of equals."""
    earned = _earned(context, check)
    best = None
    for other in answer.others:
        points = _earned(_as_answer(other, context), check)
        if points > earned + TOLERANCE or (best is not None and abs(points - earned) <= TOLERANCE):
            best, earned = other, points
    return best


def _as_answer(training: Training, context: Context) -> Context:
    question = context.question.id
    answers = {**context.answers, question: replace(context.answers[question], training=training)}
    return replace(context, answers=answers)


def _earned(context: Context, check: Check) -> float:
    """Points of the criteria that look at the question's network."""
    return sum(
        check(criterion, context).points for criterion in context.question.criteria if isinstance(criterion, OfNetwork)
    )
