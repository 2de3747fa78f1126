"""Which training answers which question, on records made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shipped import RUBRIC

from grader.checks.attribution import attribute
from grader.records import Callback, Cell, Evidence, Layer, Network, Place, Submission, Training
from grader.rubric.rubric import Rubric


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return RUBRIC


def training(
    number: int, cell: int, units: int = 128, epochs: int = 10, model: str = "", *, built_only: bool = False
) -> Training:
    layers = (Layer("Flatten"), Layer("Dense", units, "sigmoid"), Layer("Dense", 10, "softmax"))
    return Training(
        number, cell, model or f"m{number}", Network(layers), epochs=epochs, epochs_asked=epochs, built_only=built_only
    )


def answers(rubric: Rubric, places: dict[str, tuple[int, ...]], *trainings: Training) -> dict[str, int]:
    cells = tuple(Cell(index, "code", "x") for index in range(12))
    found = {question: Place(question, indices) for question, indices in places.items()}
    submission = Submission("a", "a.ipynb", "", cells, found, {})
    return {
        question: item.training.id
        for question, item in attribute(submission, Evidence({}, trainings), rubric).items()
        if question in ("1", "4.1", "4.2", "8.1", "8.2")
    }


def test_a_wrong_number_of_epochs_stays_question_1s_where_nothing_else_answers_it(rubric: Rubric) -> None:
    """Fifteen epochs under question 1, and no second half: a fault of epochs, not a missing network."""
    assert answers(rubric, {"1": (1,), "8.1": (8,)}, training(0, 1, epochs=15)) == {"1": 0}


def test_a_wrong_width_stays_question_1s_where_nothing_else_answers_it(rubric: Rubric) -> None:
    assert answers(rubric, {"1": (1,), "4.1": (4,)}, training(0, 1, units=512)) == {"1": 0}


def test_what_stands_in_anothers_place_goes_to_the_question_that_it_answers(rubric: Rubric) -> None:
    places = {"1": (1,), "4.1": (4,), "8.1": (8,), "8.2": (9,)}
    swapped = (training(0, 1, units=512), training(1, 4), training(2, 8, epochs=30), training(3, 9, epochs=15))
    assert answers(rubric, places, *swapped) == {"1": 1, "4.1": 0, "8.1": 3, "8.2": 2}


def test_a_training_that_goes_on_counts_from_the_network_s_first_epoch(rubric: Rubric) -> None:
    """``fit(initial_epoch=15, epochs=30)`` on a network of 15 epochs is one of 30, though 15 epochs ran."""
    to_15 = replace(training(1, 8, epochs=5, model="m0"), epochs_before=10, initial_epoch=10)
    to_30 = replace(training(2, 9, epochs=15, model="m0"), epochs_before=15, initial_epoch=15)
    places: dict[str, tuple[int, ...]] = {"1": (1,), "8.1": (8, 9), "8.2": (8, 9)}
    assert answers(rubric, places, training(0, 1), to_15, to_30) == {"1": 0, "8.1": 1, "8.2": 2}


def test_one_loop_answers_several_questions(rubric: Rubric) -> None:
    loop = (training(0, 1), training(1, 1, units=512), training(2, 1, units=1024))
    assert answers(rubric, {"1": (1,), "4.1": (4,), "4.2": (5,)}, *loop) == {"1": 0, "4.1": 1, "4.2": 2}


def test_a_network_defined_in_place_and_trained_elsewhere(rubric: Rubric) -> None:
    """The fit of question 1 stands under the heading of question 2."""
    built, fitted = training(0, 1, epochs=0, model="m", built_only=True), training(1, 2, model="m")
    assert answers(rubric, {"1": (1,), "2": (2,)}, built, fitted) == {"1": 1}


def test_a_network_that_is_never_trained_stays_untrained(rubric: Rubric) -> None:
    built, other = training(0, 1, epochs=0, model="m", built_only=True), training(1, 8, epochs=15, model="m")
    assert answers(rubric, {"1": (1,), "8.1": (8,)}, built, other) == {"1": 0, "8.1": 1}


def test_in_one_cell_a_network_with_a_callback_answers_the_question_of_the_callback(rubric: Rubric) -> None:
    stopped = replace(training(2, 1, units=512, epochs=3), callbacks=(Callback("c1", "Stop", own=True, cell=1),))
    assert answers(rubric, {}, training(0, 1), training(1, 1, units=512), stopped) == {"1": 0, "4.1": 1}
