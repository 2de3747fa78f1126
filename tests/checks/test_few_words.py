"""A few words that say nothing of the matter are worded like no answer, whatever number stands among them."""

from __future__ import annotations

import pytest
from shipped import RUBRIC

from grader.checks.prose import judge_concept
from grader.rubric.criteria import Concept

NOTHING = [
    "hola 10",
    "hola 10\n10",
    "10",
    "diez",
    "cada",
    "una de cada",
    "ejercicio 10",
    "versión 2.10",
    "nota: 10",
    "fin",
]
ALL = [(question, item) for question in RUBRIC.questions for item in question.criteria if isinstance(item, Concept)]


@pytest.mark.parametrize("answer", NOTHING)
def test_a_greeting_and_a_number_earn_nothing(answer: str) -> None:
    for question, concept in ALL:
        examples = RUBRIC.examples(question.id, concept.id)
        found = judge_concept(answer, concept, question_prompt=question.prompt, examples=examples)
        assert found.share == 0, (question.id, concept.id, found)


@pytest.mark.parametrize("answer", ["Una por clase", "Diez clases", "Son 10 prendas"])
def test_few_words_of_the_matter_are_an_answer(answer: str) -> None:
    question, concept = next(one for one in ALL if one[0].id == "7.1")
    examples = RUBRIC.examples(question.id, concept.id)
    assert judge_concept(answer, concept, question_prompt=question.prompt, examples=examples).share > 0
