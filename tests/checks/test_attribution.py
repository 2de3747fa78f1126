"""Which training answers which question, on records made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shipped import RUBRIC

from grader.checks.attribution import Attribution, attribute
from grader.records import (
    Callback,
    Cell,
    CellRun,
    CellStatus,
    Evidence,
    Layer,
    Network,
    Output,
    Place,
    Raised,
    Submission,
    Training,
)
from grader.rubric.rubric import Rubric, Selector


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


# --- a place that cannot run ------------------------------------------------------------------------------------------

BROKEN = CellRun(1, CellStatus.ERROR, raised=Raised("NameError", "name 'training_images' is not defined"))
SAVED = Output("stream", "Epoch 1/10", "stdout")
PLACES: dict[str, tuple[int, ...]] = {"1": (1,), "4.1": (4,), "8.2": (9,)}


def answer_to_1(rubric: Rubric, run: CellRun | None, *trainings: Training, saved: Output = SAVED) -> Attribution | None:
    """The training of question 1, whose cell ran when it was saved and ends today as given."""
    cells = tuple(Cell(index, "code", "x", (saved,) if index == 1 else ()) for index in range(12))
    found = {question: Place(question, indices) for question, indices in PLACES.items()}
    submission = Submission("a", "a.ipynb", "", cells, found, {})
    runs = {} if run is None else {run.cell: run}
    return attribute(submission, Evidence(runs, trainings), rubric).get("1")


NOT_RUN = {
    "raises": BROKEN,
    "took too long": CellRun(1, CellStatus.TIMEOUT),
    "ended its kernel": CellRun(1, CellStatus.ERROR),
    "was not reached": CellRun(1, CellStatus.NOT_RUN),
}


@pytest.mark.parametrize("run", NOT_RUN.values(), ids=NOT_RUN)
@pytest.mark.parametrize(
    "elsewhere",
    [
        pytest.param(training(0, 9, epochs=0, built_only=True), id="built"),
        pytest.param(replace(training(0, 9, epochs=0), raised=Raised("NameError", "x")), id="its fit raised"),
    ],
)
def test_what_was_not_trained_is_no_answer_in_the_stead_of_a_cell_that_cannot_run(
    run: CellRun, elsewhere: Training, rubric: Rubric
) -> None:
    assert answer_to_1(rubric, run, elsewhere) is None


def test_where_the_cell_runs_a_network_that_was_only_built_elsewhere_is_looked_at(rubric: Rubric) -> None:
    built = training(0, 9, epochs=0, built_only=True)
    found = answer_to_1(rubric, CellRun(1, CellStatus.OK), built)
    assert found is not None
    assert found.training == built


def test_what_was_trained_elsewhere_in_the_stead_of_a_cell_that_breaks_today_is_a_persons_to_confirm(
    rubric: Rubric,
) -> None:
    """In an untitled cell, or left over under another question: the network may be another one."""
    for run in NOT_RUN.values():
        found = answer_to_1(rubric, run, training(0, 11))
        assert found is not None
        assert found.provisional is not None
        assert "Cell 2," in str(found.provisional)


def test_a_try_that_failed_when_it_was_saved_casts_no_doubt_on_a_right_one_elsewhere(rubric: Rubric) -> None:
    saved = Output("error", "", "NameError", "name 'training_images' is not defined")
    found = answer_to_1(rubric, BROKEN, training(0, 11), saved=saved)
    assert found is not None
    assert found.provisional is None


# --- a description of nothing, and of a training that was stopped -------------------------------------------------------


def free(rubric: Rubric, selector: Selector) -> Rubric:
    """The rubric with another description of question 1's training."""
    question = rubric.question("1").model_copy(update={"training": selector})
    return rubric.model_copy(update={"questions": [question, *rubric.questions[1:]]})


@pytest.mark.parametrize("selector", [Selector(), Selector(tries="any"), Selector(hidden=None)])
def test_a_training_that_the_rubric_does_not_describe_is_a_persons_to_confirm(
    selector: Selector, rubric: Rubric
) -> None:
    found = answer_to_1(free(rubric, selector), None, training(0, 1, units=16))
    assert found is not None
    assert found.provisional is not None
    assert answer_to_1(free(rubric, selector), None, training(0, 11, units=16)) is None


def test_a_training_that_a_callback_ended_is_found_by_the_epochs_that_it_was_given(rubric: Rubric) -> None:
    """Thirty epochs asked for, and ten run: it is no second network of question 1."""
    stop = Callback("k", "EarlyStopping", ("EarlyStopping", "Callback"))
    stopped = replace(training(1, 11), epochs_asked=30, callbacks=(stop,))
    assert answers(rubric, {"1": (1,), "8.2": (9,)}, training(0, 1), stopped) == {"1": 0, "8.2": 1}
    broken_off = replace(stopped, callbacks=())
    assert answers(rubric, {"1": (1,), "8.2": (9,)}, training(0, 1), broken_off) == {"1": 0}
