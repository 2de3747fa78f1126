"""Whoever enumerates all that an answer could hold has answered nothing, verbs or not."""

from __future__ import annotations

import pytest
from labelled_answers import concept_of
from shipped import RUBRIC

from grader.checks.prose import Judgement, judge_concept
from grader.checks.prose.fragments import rows_of_fragments
from grader.checks.prose.reading import read_answer


def judge(question_id: str, name: str, answer: str) -> Judgement:
    question = RUBRIC.question(question_id)
    return judge_concept(answer, concept_of(question, name), question_prompt=question.prompt)


ROWS = {
    "commas": "accuracy, mejora, loss baja, tarda más, overfitting, lento",
    "verbs first": "mejora, sube accuracy, baja loss, tarda mucho, memoria, coste",
    "English": "improves accuracy, slower, takes longer, overfits, memory",
    "articles": "mejora, la accuracy sube, la loss baja, tarda más, el overfitting",
    "led up to": "Respuesta: mejora, accuracy sube, loss baja, tarda más y overfitting",
    "sentences": "Accuracy sube. Mejora. Loss baja. Tarda más. Overfitting. Lento.",
    "lines": "- mejora\n- accuracy sube\n- loss baja\n- tarda más\n- overfitting",
    "semicolons": "mejora accuracy; baja loss; tarda más; lento; sobreajuste",
    "strokes": "mejora / accuracy sube / loss baja / tarda más / overfitting",
    "bars": "mejora | tarda más | loss baja | accuracy sube | lento",
    "brackets": "accuracy (mejora), loss (baja), tiempo (tarda más), memoria (más)",
}


@pytest.mark.parametrize("name", ["better", "cost"])
@pytest.mark.parametrize("answer", ROWS.values(), ids=ROWS.keys())
def test_a_row_of_fragments_earns_nothing_until_a_person_looks(answer: str, name: str) -> None:
    judgement = judge("4.3", name, answer)
    assert judgement.share == 0, judgement
    assert judgement.confidence < RUBRIC.review_below or not judgement.spans


ANSWERS = {
    "three": ("4.3", "cost", "sube la accuracy, baja la loss, tarda más"),
    "four": ("4.3", "cost", "+ accuracy (poco), + tiempo (mucho)"),
    "a sentence beside a list": (
        "7.1",
        "one_per_class",
        "Cada una corresponde a una prenda: camiseta, pantalón, jersey, vestido, abrigo, sandalia.",
    ),
    "shapes": ("6", "shape", "sin flatten la salida queda (None, 28, 10) y las etiquetas son (None, 10), no calzan"),
    "a printed error": ("7.2", "mismatch", "Shapes (None, 10) and (None, 5) are incompatible: la red saca cinco"),
    "a name before its value": ("8.3", "memorises", "Efecto: sobreajuste. Causa: memoriza el train, no generaliza."),
}


@pytest.mark.parametrize(("question", "name", "answer"), ANSWERS.values(), ids=ANSWERS.keys())
def test_short_answers_and_lists_beside_a_statement_keep_their_points(question: str, name: str, answer: str) -> None:
    judgement = judge(question, name, answer)
    assert (judgement.share, judgement.confidence >= RUBRIC.review_below) == (1, True), judgement


def test_no_row_goes_over_a_sentence_that_says_more() -> None:
    said = "mejora, accuracy sube, loss baja. La red tarda más en entrenar. lento, overfitting, memoria"
    assert rows_of_fragments(read_answer(said)) == []


def test_an_empty_answer_has_no_row() -> None:
    assert rows_of_fragments(read_answer(" \n ")) == []
