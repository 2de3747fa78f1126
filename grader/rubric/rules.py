"""Rules between the parts of a rubric: points add up, ids are unique, references exist."""

from __future__ import annotations

from collections.abc import Iterator

from grader.rubric.criteria import Criterion, Evaluated, NetworkTrained, OfNetwork, PredictedClass
from grader.rubric.rubric import Question, Rubric


def broken_rules(rubric: Rubric) -> Iterator[tuple[tuple[int | str, ...], str, str]]:
    """Rules between parts: place, rule, and what was received."""
    total = sum(question.points for question in rubric.questions)
    if abs(total - rubric.points) > 1e-9:
        yield ("points",), "'points' must be the sum of the questions' points", f"{rubric.points:g}, sum {total:g}"
    ids = [question.id for question in rubric.questions]
    for number, question in enumerate(rubric.questions):
        place = ("questions", number)
        if ids.index(question.id) != number:
            yield (*place, "id"), "a question's 'id' must be unique", repr(question.id)
        yield from _broken_rules_in_question(rubric, question, place, set(ids))


def _broken_rules_in_question(
    rubric: Rubric, question: Question, place: tuple[int | str, ...], ids: set[str]
) -> Iterator[tuple[tuple[int | str, ...], str, str]]:
    total = sum(criterion.points for criterion in question.criteria)
    if abs(total - question.points) > 1e-9:
        rule = f"'points' of question {question.id} must be the sum of its criteria's points"
        yield (*place, "points"), rule, f"{question.points:g}, sum {total:g}"
    if rubric.language not in question.title:
        yield (*place, "title"), f"'title' must be given in the rubric's language {rubric.language!r}", "nothing"
    names = [criterion.id for criterion in question.criteria]
    for number, criterion in enumerate(question.criteria):
        here = (*place, "criteria", number)
        if names.index(criterion.id) != number:
            yield (*here, "id"), "a criterion's 'id' must be unique in its question", repr(criterion.id)
        if isinstance(criterion, OfNetwork) and question.training is None:
            rule = f"question {question.id} must have 'training', which says of which network '{criterion.check}' is"
            yield (*here, "check"), rule, "nothing"
        for key, target in _references(criterion):
            if target not in ids:
                yield (*here, key), f"'{key}' must name a question", repr(target)
            elif rubric.question(target).training is None:
                rule = f"'{key}' must name a question that has 'training', which says what network it is"
                yield (*here, key), rule, repr(target)
        if isinstance(criterion, PredictedClass) and not rubric.classes:
            yield here, "'classes' must be given where a criterion asks for a predicted class", "nothing"


def _references(criterion: Criterion) -> Iterator[tuple[str, str]]:
    if isinstance(criterion, Evaluated):
        yield "model_of", criterion.model_of
    if isinstance(criterion, NetworkTrained):
        yield "like", criterion.like
    if isinstance(criterion, PredictedClass):
        for target in criterion.models_of:
            yield "models_of", target
