"""Numbers are the same number however people write them, and another number is never taken for one."""

from __future__ import annotations

import time

import pytest
from shipped import RUBRIC

from grader.checks.class_names import judge_class_answer
from grader.checks.prose import judge_concept
from grader.rubric.criteria import Concept

COUNTS = "60000 + 10000"
SLOWEST = 5.0
"""Seconds for an answer that is nothing but digits: each concept takes a twentieth of one."""


def concept(way: str) -> Concept:
    return Concept(check="concept", id="number", points=1, title={"es": "Número", "en": "Number"}, ways=[way])


@pytest.mark.parametrize(
    "answer",
    [
        "Hay 60000 de entrenamiento y 10000 de test",
        "Hay 60.000 de entrenamiento y 10.000 de test",
        "There are 60,000 and 10,000 images",
        "Son 60 000 imágenes y 10 000",
        "60 mil y 10 mil",
        "60k de train y 10k de test",
        "(60000, 28, 28) y (10000, 28, 28)",
        "(60000,28,28) y (10000,28,28)",
        "Imágenes (en total 60,000) y 10,000",
    ],
)
def test_thousands_are_read_as_people_write_them(answer: str) -> None:
    assert judge_concept(answer, concept(COUNTS), question_prompt="¿Cuántas hay?").expressed


@pytest.mark.parametrize(
    "answer",
    ["Hay 60 imágenes y 10", "6000 y 1000", "600000 y 100000", "60.0 y 10.0", "660000 y 110000", "(60,128) y (10,128)"],
)
def test_another_number_is_not_taken_for_one(answer: str) -> None:
    assert not judge_concept(answer, concept(COUNTS), question_prompt="¿Cuántas hay?").expressed


@pytest.mark.parametrize(
    ("way", "answer", "said"),
    [
        ("pérdida & 0.5", "la pérdida es 0,5", True),
        ("pérdida & 0,5", "la pérdida llega a 0.5", True),
        ("60.000", "hay 60000 en total", True),
        ("pérdida & 0.5", "la pérdida es 0.55", False),
        ("pérdida & 0.5", "la pérdida es 5", False),
        ("pérdida & 1.234", "la pérdida es 1,234", True),
    ],
)
def test_a_dot_may_stand_in_a_pattern(way: str, answer: str, said: bool) -> None:
    assert judge_concept(answer, concept(way), question_prompt="¿Cuánto?").expressed is said


@pytest.mark.parametrize("unit", ["7", "7%", "7,7", "e7", "7 "])
def test_ten_thousand_digits_are_judged_at_once(unit: str) -> None:
    answer = unit * (10_000 // len(unit))
    start = time.process_time()
    judge_class_answer(answer, RUBRIC.classes)
    judge_concept(answer, concept(COUNTS), question_prompt="¿Cuántas hay?")

    assert time.process_time() - start < SLOWEST
