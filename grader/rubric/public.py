"""A rubric as students may have it: what they are asked, without what only the one who marks may know.

What a key may tell stands at the key (`Disclosure`). A criterion whose expected values the prompt does not state, or
that lives on an answer, becomes a `Withheld` one; so do all hidden criteria of a question together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from grader.rubric.base import Disclosed as Part
from grader.rubric.base import Disclosure, Text
from grader.rubric.criteria import AnyCriterion, Criterion, OfNetwork, Withheld, is_prose
from grader.rubric.rubric import Question, Rubric, Selector
from grader.rubric.rules import REFERENCES
from grader.rubric.stated import names, statement

IN_WORDS: Text = {"es": "Tu respuesta con palabras", "en": "Your answer in words"}
IN_CODE: Text = {"es": "Lo que pide la pregunta", "en": "What the question asks for"}
"""Titles for criteria whose own would give the answer away."""
QUESTION: Text = {"es": "Pregunta", "en": "Question"}
"""Stands before a question's id where its own title would give an answer away."""


@dataclass(frozen=True, slots=True)
class Disclosed:
    """An expected value that students are told, since a prompt states it."""

    question: str
    key: str
    value: Any
    because: str
    """The prompt's words."""


@dataclass(frozen=True, slots=True)
class _Secret:
    """A single expected value that its question's prompt does not state."""

    key: str
    value: Any

    def given_away(self, text: str, prompt: str) -> bool:
        """True if a text tells it, and the prompt that stands with it does not."""
        return names(text, self.key, self.value) and not statement(prompt, self.key, self.value)


def without_answers(rubric: Rubric) -> Rubric:
    """What students may be given; a valid rubric in itself."""
    secrets = _secrets(rubric)
    questions = [_question(question, rubric, secrets) for question in rubric.questions]
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


def is_without_answers(rubric: Rubric) -> bool:
    """True for a rubric that `without_answers` has made, or one like it."""
    criteria = (criterion for question in rubric.questions for criterion in question.criteria)
    return any(isinstance(criterion, Withheld) for criterion in criteria)


def disclosed(rubric: Rubric) -> list[Disclosed]:
    """Every expected value that students are told, and because of which words."""
    return [
        Disclosed(question.id, key, value, because)
        for question in rubric.questions
        for kind, key, value in _expected(question)
        if kind is Disclosure.STATED and (because := _stated(question, rubric, key, value))
    ]


def public_id(question: Question, criterion: Criterion, rubric: Rubric) -> str:
    """The criterion's name in what students are given: the author's own may be the answer."""
    position = question.criteria.index(criterion) + 1  # type: ignore[arg-type]
    kind = "withheld" if is_withheld(question, criterion, rubric) else getattr(criterion, "check")  # noqa: B009
    return f"{kind}-{position}"


def is_withheld(question: Question, criterion: Criterion, rubric: Rubric) -> bool:
    """True for a criterion that cannot be judged without what students must not know."""
    return any(
        kind is Disclosure.ANSWER or (kind is Disclosure.STATED and not _stated(question, rubric, key, value))
        for kind, key, value in _given(criterion)
    )


def may_be_told(question: Question, criterion: Criterion, rubric: Rubric) -> bool:
    """True if the messages of a criterion's check name nothing but the student's work and what the prompt states."""
    if criterion.messages is Disclosure.STATED:
        return not is_withheld(question, criterion, rubric)
    return criterion.messages is Disclosure.PUBLIC


def _stated(question: Question, rubric: Rubric, key: str, value: Any) -> str:
    """The words by which a value is stated; a network has as many outputs as the rubric lists classes."""
    if value is None:
        return "nothing"
    if key == "units" and value == len(rubric.classes):
        return "classes"
    return statement(question.prompt, key, value)


# --- parts ------------------------------------------------------------------------------------------------------------


def _question(question: Question, rubric: Rubric, secrets: Sequence[_Secret]) -> Question:
    shown = [_criterion(question, item, rubric, secrets) for item in question.criteria if item.public]
    hidden = sum(criterion.points for criterion in question.criteria if not criterion.public)
    if hidden:
        shown.append(Withheld(check="withheld", id="withheld", points=hidden, public=False))
    title = question.title
    if any(secret.given_away(text, question.prompt) for text in title.values() for secret in secrets):
        title = {language: f"{QUESTION[language]} {question.id}" for language in title}
    return question.model_copy(update={"title": title, "criteria": shown, "training": _training(question, rubric)})


def _criterion(question: Question, criterion: AnyCriterion, rubric: Rubric, secrets: Sequence[_Secret]) -> AnyCriterion:
    texts = _texts(question, criterion, secrets)
    title, hint = texts.get("title", {}), texts.get("hint", {})
    name = public_id(question, criterion, rubric)
    if is_withheld(question, criterion, rubric):
        prose = is_prose(criterion)
        title = title or _numbered(IN_WORDS if prose else IN_CODE, question, criterion, rubric)
        return Withheld(check="withheld", id=name, points=criterion.points, prose=prose, title=title, hint=hint)
    return criterion.model_copy(update={"title": title, "expected": {}, "hint": hint, "id": name})


def _numbered(title: Text, question: Question, criterion: AnyCriterion, rubric: Rubric) -> Text:
    """A title for one of several criteria that have none of their own to show."""
    alike = [
        other
        for other in question.criteria
        if other.public and is_prose(other) == is_prose(criterion) and is_withheld(question, other, rubric)
    ]
    if len(alike) == 1:
        return title
    return {language: f"{text} ({alike.index(criterion) + 1})" for language, text in title.items()}


def _texts(question: Question, criterion: Criterion, secrets: Sequence[_Secret]) -> dict[str, Text]:
    """Title and hint, where they are public and give no expected value of the whole rubric away."""
    texts: dict[str, Text] = {key: getattr(criterion, key) for key in ("title", "hint")}
    return {
        key: text
        for key, text in texts.items()
        if type(criterion).disclosure(key) is Disclosure.PUBLIC
        and not any(secret.given_away(words, question.prompt) for words in text.values() for secret in secrets)
    }


def _secrets(rubric: Rubric) -> tuple[_Secret, ...]:
    """Each single value that a question expects, and that its prompt does not state."""
    return tuple(
        dict.fromkeys(
            _Secret(key, single)
            for question in rubric.questions
            for kind, key, value in _expected(question)
            if kind is Disclosure.STATED
            if not _stated(question, rubric, key, value)
            for single in _listed(value)
            if not statement(question.prompt, key, single)
        )
    )


def _expected(question: Question) -> Iterator[tuple[Disclosure, str, Any]]:
    """What is expected by a question's criteria, and of its training."""
    for part in (*question.criteria, *([] if question.training is None else [question.training])):
        yield from _given(part)


def _training(question: Question, rubric: Rubric) -> Selector | None:
    """How its training is recognised, by what the prompt states."""
    if question.training is None:
        return None
    unstated = [
        key for kind, key, value in _given(question.training)
        if kind is not Disclosure.PUBLIC and not _stated(question, rubric, key, value)
    ]  # fmt: skip
    return question.training.model_copy(update=dict.fromkeys(unstated))


def _whole(question: Question, rubric: Rubric) -> Selector | None:
    """The description of a training that nothing is asked of: half of it would fit what it was not meant for."""
    return question.training if question.training == rubric.question(question.id).training else None


def _given(part: Part) -> Iterator[tuple[Disclosure, str, Any]]:
    """The keys of a part that were given a value of their own."""
    for key, field in type(part).model_fields.items():
        value = getattr(part, key)
        if field.is_required() or value != field.get_default(call_default_factory=True):
            yield type(part).disclosure(key), key, value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
