"""Rules between the parts of a rubric: points add up, ids are unique, references exist, nothing is left untranslated.

They look at the document as it was read, so that they are told together with what is wrong in a single part; what has
the wrong type is passed over, since that is told already.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from grader.rubric.criteria import AnyCriterion, OfNetwork
from grader.rubric.language import Language
from grader.rubric.nearest import nearest
from grader.rubric.source import Fault, Where

_TEXTS = ("title", "expected", "hint")
REFERENCES = ("model_of", "like", "models_of")
"""Keys of criteria that name other questions."""
_OF_NETWORK = {
    get_args(kind.model_fields["check"].annotation)[0]
    for kind in get_args(get_args(AnyCriterion)[0])
    if issubclass(kind, OfNetwork)
}
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class _Whole:
    """What the rules about a single question have to know of the whole rubric."""

    language: str
    languages: tuple[str, ...]
    """Those that the rubric's title is given in: every other text has to be, too."""
    ids: tuple[str, ...]
    trained: frozenset[str]
    """Questions that say what network they train."""
    classes: bool


def broken_rules(document: Mapping[str, Any]) -> Iterator[Fault]:
    """Every rule between parts that a document breaks."""
    questions = _mappings(document.get("questions"))
    whole = _whole(document, questions)
    yield from _sum(document, questions, ("points",), "'points' must be the sum of the questions' points")
    yield from _untranslated(document, ("title",), whole)
    ids = [str(question.get("id")) for _, question in questions]
    for place, (number, question) in enumerate(questions):
        if "id" in question and ids.index(ids[place]) != place:
            yield Fault(("questions", number, "id"), "a question's 'id' must be unique", repr(question["id"]))
        yield from _in_question(question, ("questions", number), whole)


def _whole(document: Mapping[str, Any], questions: Sequence[tuple[int, Mapping[str, Any]]]) -> _Whole:
    language = document.get("language", "es")
    title = document.get("title")
    known = get_args(Language)
    return _Whole(
        language=str(language),
        languages=tuple(one for one in known if isinstance(title, Mapping) and (one in title or one == language)),
        ids=tuple(question["id"] for _, question in questions if isinstance(question.get("id"), str)),
        trained=frozenset(str(question.get("id")) for _, question in questions if question.get("training") is not None),
        classes=bool(document.get("classes")),
    )


def _in_question(question: Mapping[str, Any], place: Where, whole: _Whole) -> Iterator[Fault]:
    criteria = _mappings(question.get("criteria"))
    rule = f"'points' of question {question.get('id')} must be the sum of its criteria's points"
    yield from _sum(question, criteria, (*place, "points"), rule)
    yield from _untranslated(question, (*place, "title"), whole)
    names = [criterion.get("id", criterion.get("check")) for _, criterion in criteria]
    for at, (number, criterion) in enumerate(criteria):
        here = (*place, "criteria", number)
        if names[at] is not None and names.index(names[at]) != at:
            key = "id" if "id" in criterion else "check"
            yield Fault((*here, key), "a criterion's 'id' must be unique in its question", repr(names[at]))
        for text in _TEXTS:
            yield from _untranslated(criterion, (*here, text), whole)
        yield from _in_criterion(criterion, question, here, whole)


def _in_criterion(
    criterion: Mapping[str, Any], question: Mapping[str, Any], here: Where, whole: _Whole
) -> Iterator[Fault]:
    check = criterion.get("check")
    if isinstance(check, str) and check in _OF_NETWORK and question.get("training") is None:
        rule = f"question {question.get('id')} must have 'training', which says of which network '{check}' is"
        yield Fault((*here, "check"), rule, "nothing")
    for key in REFERENCES:
        targets = criterion.get(key)
        for number, target in enumerate(targets if isinstance(targets, list) else [targets]):
            if isinstance(target, str):
                where = (*here, key, number) if isinstance(targets, list) else (*here, key)
                yield from _reference(key, target, where, whole)
    if check == "predicted_class" and not whole.classes:
        yield Fault((*here, "check"), "'classes' must be given where a criterion asks for a predicted class", "nothing")


def _reference(key: str, target: str, where: Where, whole: _Whole) -> Iterator[Fault]:
    if target not in whole.ids:
        yield Fault(where, f"'{key}' must name a question", repr(target), meant=nearest(target, whole.ids))
    elif target not in whole.trained:
        rule = f"'{key}' must name a question that has 'training', which says what network it is"
        yield Fault(where, rule, repr(target))


def _sum(
    whole: Mapping[str, Any], parts: Sequence[tuple[int, Mapping[str, Any]]], where: Where, rule: str
) -> Iterator[Fault]:
    points = [_number(part.get("points")) for _, part in parts]
    total, given = sum(points), _number(whole.get("points"))
    if parts and math.isfinite(total) and math.isfinite(given) and abs(total - given) > _TOLERANCE:
        yield Fault(where, rule, f"{given:g}, sum {total:g}")


def _untranslated(part: Mapping[str, Any], where: Where, whole: _Whole) -> Iterator[Fault]:
    """A text that is not given in every language that the rubric's title is given in."""
    key = where[-1]
    texts = part.get(str(key))
    if not isinstance(texts, Mapping) or (not texts and "criteria" in where):
        return
    for language in whole.languages:
        if not str(texts.get(language) or "").strip():
            reason = "the rubric's language" if language == whole.language else "as the rubric's title is"
            yield Fault(where, f"'{key}' must be given in {language!r}, {reason}", "nothing", at_key=True)


def _mappings(value: Any) -> list[tuple[int, Mapping[str, Any]]]:
    """The mappings of a list, each with its place in it."""
    items = value if isinstance(value, list) else []
    return [(number, item) for number, item in enumerate(items) if isinstance(item, Mapping)]


def _number(value: Any) -> float:
    """NaN for what is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
