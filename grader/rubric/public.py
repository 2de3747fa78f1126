"""A rubric as students may have it: what they are asked, without what only the one who marks may know.

What a key may tell stands at the key (`Disclosure`). A criterion whose expected values the prompt does not state, or
that lives on an answer, becomes a `Withheld` one; so do all hidden criteria of a question together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from grader.rubric.base import Disclosed, Disclosure, Text
from grader.rubric.criteria import AnyCriterion, Criterion, OfNetwork, Withheld, is_prose
from grader.rubric.rubric import Question, Rubric, Selector
from grader.rubric.rules import REFERENCES

IN_WORDS: Text = {"es": "Tu respuesta con palabras", "en": "Your answer in words"}
IN_CODE: Text = {"es": "Lo que pide la pregunta", "en": "What the question asks for"}
"""Titles for criteria whose own would give the answer away."""
NUMBER_WORDS: Mapping[int, str] = dict(
    enumerate(
        (
            "una?|one", "dos|two", "tres|three", "cuatro|four", "cinco|five", "seis|six", "siete|seven", "ocho|eight",
            "nueve|nine", "diez|ten", "once|eleven", "doce|twelve",
        ),
        start=1,
    )
)  # fmt: skip


def without_answers(rubric: Rubric) -> Rubric:
    """What students may be given; a valid rubric in itself."""
    questions = [_question(question) for question in rubric.questions]
    needed = {
        target
        for question in questions
        for criterion in question.criteria
        for key in REFERENCES
        for target in _listed(getattr(criterion, key, []))
    }
    left = {
        name: field.get_default(call_default_factory=True)
        for name, field in Rubric.model_fields.items()
        if Rubric.disclosure(name) is not Disclosure.PUBLIC
    }
    kept = [
        question
        if question.id in needed or any(isinstance(criterion, OfNetwork) for criterion in question.criteria)
        else question.model_copy(update={"training": _whole(question, rubric)})
        for question in questions
    ]
    return rubric.model_copy(update={**left, "questions": kept})


def public_id(question: Question, criterion: Criterion) -> str:
    """The criterion's name in what students are given: the author's own may be the answer."""
    position = question.criteria.index(criterion) + 1  # type: ignore[arg-type]
    kind = "withheld" if is_withheld(question, criterion) else getattr(criterion, "check")  # noqa: B009
    return f"{kind}-{position}"


def is_withheld(question: Question, criterion: Criterion) -> bool:
    """True for a criterion that cannot be judged without what students must not know."""
    return any(
        kind is Disclosure.ANSWER or (kind is Disclosure.STATED and not states(question.prompt, value))
        for kind, value in _deciding(criterion)
    )


def may_be_told(question: Question, criterion: Criterion) -> bool:
    """True if the messages of a criterion's check name nothing but the student's work and what the prompt states."""
    if criterion.messages is Disclosure.STATED:
        return not is_withheld(question, criterion)
    return criterion.messages is Disclosure.PUBLIC


def states(text: str, value: Any) -> bool:
    """True if a text names a value: a number in digits, in words or as a percentage, or a word that begins so."""
    if isinstance(value, list | tuple):
        return all(states(text, item) for item in value)
    return value is None or any(re.search(form, _folded(text)) for form in _forms(value))


def _forms(value: Any) -> Iterator[str]:
    """How a value may be written, as patterns."""
    if isinstance(value, str):
        yield r"\b" + re.escape(_folded(value))
        return
    digits = f"{value:g}".replace(".", "[.,]")
    yield rf"(?<![\d.,]){digits}{'0*' if isinstance(value, float) else ''}(?![.,]?\d)"
    if value in NUMBER_WORDS:
        yield rf"\b(?:{NUMBER_WORDS[value]})\b"
    if isinstance(value, float) and 0 < value < 1:
        percent = f"{value * 100:g}".replace(".", "[.,]")
        yield rf"(?<![\d.,]){percent}\s*(?:%|por ciento|per ?cent)"


def _folded(text: str) -> str:
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(letter)
    )


# --- parts ------------------------------------------------------------------------------------------------------------


def _question(question: Question) -> Question:
    shown = [_criterion(question, criterion) for criterion in question.criteria if criterion.public]
    hidden = sum(criterion.points for criterion in question.criteria if not criterion.public)
    if hidden:
        shown.append(Withheld(check="withheld", id="withheld", points=hidden, public=False))
    return question.model_copy(update={"criteria": shown, "training": _training(question)})


def _criterion(question: Question, criterion: AnyCriterion) -> AnyCriterion:
    texts = _texts(question, criterion)
    title, hint = texts.get("title", {}), texts.get("hint", {})
    name = public_id(question, criterion)
    if is_withheld(question, criterion):
        prose = is_prose(criterion)
        title = title or _numbered(IN_WORDS if prose else IN_CODE, question, criterion)
        return Withheld(check="withheld", id=name, points=criterion.points, prose=prose, title=title, hint=hint)
    return criterion.model_copy(update={"title": title, "expected": {}, "hint": hint, "id": name})


def _numbered(title: Text, question: Question, criterion: AnyCriterion) -> Text:
    """A title for one of several criteria that have none of their own to show."""
    alike = [
        other
        for other in question.criteria
        if other.public and is_prose(other) == is_prose(criterion) and is_withheld(question, other)
    ]
    if len(alike) == 1:
        return title
    return {language: f"{text} ({alike.index(criterion) + 1})" for language, text in title.items()}


def _texts(question: Question, criterion: Criterion) -> dict[str, Text]:
    """Title and hint, where they are public and name no value that the prompt does not."""
    secret = _unstated(question, criterion)
    texts: dict[str, Text] = {key: getattr(criterion, key) for key in ("title", "hint")}
    return {
        key: text
        for key, text in texts.items()
        if type(criterion).disclosure(key) is Disclosure.PUBLIC
        and not any(states(words, value) for words in text.values() for value in secret)
    }


def _unstated(question: Question, criterion: Criterion) -> list[Any]:
    """Each single value that is expected, and that the prompt does not state."""
    return [
        single
        for kind, value in _deciding(criterion)
        if kind is Disclosure.STATED
        for single in _listed(value)
        if not states(question.prompt, single)
    ]


def _training(question: Question) -> Selector | None:
    """How its training is recognised, by what the prompt states."""
    if question.training is None:
        return None
    unstated = [
        key for kind, key, value in _given(question.training)
        if kind is not Disclosure.PUBLIC and not states(question.prompt, value)
    ]  # fmt: skip
    return question.training.model_copy(update=dict.fromkeys(unstated))


def _whole(question: Question, rubric: Rubric) -> Selector | None:
    """The description of a training that nothing is asked of: half of it would fit what it was not meant for."""
    return question.training if question.training == rubric.question(question.id).training else None


def _deciding(criterion: Criterion) -> Iterator[tuple[Disclosure, Any]]:
    """What a criterion expects: its values that are not simply public."""
    for kind, _, value in _given(criterion):
        if kind in (Disclosure.STATED, Disclosure.ANSWER):
            yield kind, value


def _given(part: Disclosed) -> Iterator[tuple[Disclosure, str, Any]]:
    """The keys of a part that were given a value of their own."""
    for key, field in type(part).model_fields.items():
        value = getattr(part, key)
        if field.is_required() or value != field.get_default(call_default_factory=True):
            yield type(part).disclosure(key), key, value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
