"""What the answers of one submission show together."""

from __future__ import annotations

import pytest
from labelled_answers import concept_of
from shipped import RUBRIC

from grader.checks.prose import check_concept, doubts_of
from grader.records import Passage, Place, Status, Submission, say

ANSWERS = {
    "3.1": "Cada número es la probabilidad de una de las diez clases.",
    "4.3": "Al aumentar las neuronas mejora la precisión, pero tarda más en entrenar.",
    "5.2": "La imagen es fácil y todas las redes la reconocen.",
    "6": "La imagen de 28x28 no se convierte en un vector y las formas no coinciden.",
    "7.1": "Hay una neurona por cada clase.",
    "7.2": "Con 5 da error porque no coincide con las etiquetas.",
    "8.3": "Es sobreajuste: la red memoriza y no generaliza.",
}
ALL = " ".join(ANSWERS.values())
PROSE = list(ANSWERS)
LIST = "softmax, vector, clases, sobreajuste"


def passages(answers: dict[str, str]) -> dict[str, tuple[Passage, ...]]:
    return {name: (Passage(cell, text, "markdown"),) for cell, (name, text) in enumerate(answers.items())}


def test_seven_answers_to_seven_questions_are_in_no_doubt() -> None:
    assert doubts_of(passages(ANSWERS), RUBRIC) == {}


@pytest.mark.parametrize(
    ("answers", "doubted"),
    [
        pytest.param(dict.fromkeys(PROSE, ALL), PROSE, id="everything everywhere"),
        pytest.param({**ANSWERS, "7.1": ALL}, ["4.3", "6", "7.1"], id="everything in one place, with long answers again"),
        pytest.param({name: f"{ALL} {name}" for name in PROSE}, PROSE, id="everything, a word changed"),
        pytest.param({name: f"Pregunta {at}. {ALL}" for at, name in enumerate(PROSE)}, PROSE, id="an own beginning"),
        pytest.param({**ANSWERS, "5.2": "La red acierta", "6": "la red  acierta.", "7.2": "LA RED ACIERTA"},
                     ["5.2", "6", "7.2"], id="one short text in three places"),
        pytest.param({"3.1": ANSWERS["3.1"], "7.1": f"{ANSWERS['3.1']} Lo dice la softmax de la salida."}, [], id="ten words"),
        pytest.param({"3.1": "Hay diez clases.", "7.1": "Hay diez clases."}, [], id="the same short answer twice"),
    ],
)  # fmt: skip
def test_which_answers_a_person_looks_at(answers: dict[str, str], doubted: list[str]) -> None:
    assert sorted(doubts_of(passages(answers), RUBRIC)) == sorted(doubted)


def test_one_cell_that_answers_two_questions_is_no_repetition() -> None:
    shared = (Passage(3, f"{ANSWERS['7.1']} {ANSWERS['7.2']} Así lo veo yo con las diez clases.", "markdown"),)
    assert doubts_of({"7.1": shared, "7.2": shared}, RUBRIC) == {}


def test_what_students_were_given_is_no_repetition() -> None:
    given = "Recordemos que la red de la primera pregunta tiene una capa oculta y otra de salida con softmax."
    answers = {"6": f"{given} Falla la forma.", "7.1": f"{given} Una por clase."}
    assert doubts_of(passages(answers), RUBRIC, [given]) == {}
    assert sorted(doubts_of(passages(answers), RUBRIC)) == ["6", "7.1"]


def check(*texts: str, question_id: str = "8.3", name: str = "memorises", doubted: bool = False) -> Status:
    found = tuple(Passage(cell, text, "markdown" if cell == 0 else "comment") for cell, text in enumerate(texts))
    submission = Submission("s", "s.ipynb", "", (), {question_id: Place(question_id, (0, 1), found, "marker")}, {})
    question = RUBRIC.question(question_id)
    doubt = say("The same text answers questions {questions}.", questions="7.1, 8.3") if doubted else None
    return check_concept(
        concept_of(question, name),
        question,
        submission,
        review_below=RUBRIC.review_below,
        examples=RUBRIC.examples(question_id, name),
        doubt=doubt,
    ).status


@pytest.mark.parametrize(
    ("texts", "status"),
    [
        pytest.param(("La red memoriza.", "la red no memoriza nada"), Status.NEEDS_REVIEW, id="denied elsewhere"),
        pytest.param(("La red memoriza.", "generaliza mejor"), Status.NEEDS_REVIEW, id="the contrary elsewhere"),
        pytest.param(("La red memoriza.", "la pérdida de test sube"), Status.PASSED, id="in agreement"),
        pytest.param(("La red memoriza.", "entreno con 30 épocas"), Status.PASSED, id="about something else"),
    ],
)
def test_places_that_contradict_each_other_go_to_a_person(texts: tuple[str, ...], status: Status) -> None:
    assert check(*texts) is status


def test_a_doubt_leaves_what_was_earned_to_a_person_and_a_zero_as_it_is() -> None:
    assert check("La red memoriza.", doubted=True) is Status.NEEDS_REVIEW
    assert check("Por el cansancio de la red.", doubted=True) is Status.FAILED
