"""Which callback answers a question, and what it earns, on records made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from made_evidence import NETWORK, context
from shipped import RUBRIC

from grader.checks import callbacks
from grader.checks.callbacks import find_callback
from grader.checks.context import Context
from grader.records import Callback, Cell, Evidence, Finding, Place, Raised, Status, Training, Transcript
from grader.rubric.rubric import Question
from grader.training.data import DataSet, load_data
from grader.training.scenarios import Scenario, stopping_scenarios

ASKED = 0.4
Rule = Callable[[Scenario], int | None]
"""After which epoch of a scenario a callback stops."""
CHECKS: Mapping[str, Callable[..., Finding]] = {
    "callback_class": callbacks.check_callback_class,
    "callback_used": callbacks.check_callback_used,
    "callback_stops": callbacks.check_callback_stops,
    "callback_waits": callbacks.check_callback_waits,
}


@pytest.fixture(scope="module")
def data(data_slice: Path) -> DataSet:
    return load_data(data_slice)


def at_loss(limit: float) -> Rule:
    return lambda scenario: next((epoch for epoch, loss in enumerate(scenario.losses, 1) if loss <= limit), None)


def above(limit: float) -> Rule:
    return lambda scenario: next((epoch for epoch, loss in enumerate(scenario.losses, 1) if loss > limit), None)


def at_accuracy(limit: float) -> Rule:
    return lambda scenario: next((epoch for epoch, share in enumerate(scenario.accuracies, 1) if share > limit), None)


def patient(scenario: Scenario) -> int | None:
    """``EarlyStopping(monitor='loss', patience=1)``."""
    worse = (
        epoch
        for epoch in range(2, len(scenario.losses) + 1)
        if scenario.losses[epoch - 1] > min(scenario.losses[: epoch - 1])
    )
    return next(worse, None)


def never(scenario: Scenario) -> None:
    """A clock, or a test that is never met."""


def callback(
    name: str, rule: Rule, cell: int = 9, *, number: str = "", thresholds: tuple[float, ...] = (ASKED,)
) -> Callback:
    """A class of the student's own that stops by a rule."""
    transcripts = tuple(
        Transcript(scenario.name, scenario.losses, rule(scenario), threshold=threshold)
        for threshold in thresholds
        for scenario in stopping_scenarios(threshold)
    )
    own = name != "EarlyStopping"
    hooks = ("on_epoch_end",) if own else ()
    names = (f"{name}*", "Callback") if own else (name, "Callback")
    return Callback(number or name, name, names, True, True, hooks, own, cell, transcripts)


def asked(
    data: DataSet,
    *known: Callback,
    passed: tuple[Callback, ...] = (),
    cell: int = 9,
    given: int = -1,
    question: Question | None = None,
) -> Context:
    """Question 9, where these callbacks were defined, and some passed to a training."""
    training = Training(0, cell, "m", NETWORK, epochs=2, callbacks=passed) if passed else None
    evidence = Evidence({}, () if training is None else (training,), callbacks=known)
    cells = tuple(Cell(index, "code", "x", given=index == given) for index in range(12))
    rubric = RUBRIC if question is None else RUBRIC.model_copy(update={"questions": [question]})
    return context("9", rubric, data, evidence, answer=training, cells=cells)


def found(data: DataSet, *known: Callback, passed: tuple[Callback, ...] = (), given: int = -1) -> str:
    answer = find_callback(asked(data, *known, passed=passed, given=given))
    return "" if answer is None else answer.id


def earned(at: Context) -> dict[str, float]:
    """Points by criterion."""
    return {
        criterion.id: CHECKS[getattr(criterion, "check")](criterion, at).points  # noqa: B009
        for criterion in at.question.criteria
    }


# --- which one --------------------------------------------------------------------------------------------------------

STOP, CLOCK = callback("Stop", at_loss(ASKED)), callback("Clock", never)


def test_the_callback_that_stops_is_judged_whatever_stands_beside_it(data: DataSet) -> None:
    assert found(data, STOP, CLOCK, passed=(STOP, CLOCK)) == "Stop"
    assert found(data, CLOCK, STOP, passed=(CLOCK, STOP)) == "Stop"
    assert found(data, STOP, CLOCK) == "Stop"
    assert found(data, CLOCK) == "Clock"


def test_a_clock_of_another_question_is_no_answer(data: DataSet) -> None:
    assert found(data, callback("Clock", never, 1)) == ""
    assert found(data, callback("Stop", at_loss(ASKED), 1)) == "Stop"


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        pytest.param(Place("9", ()), "", id="left out"),
        pytest.param(Place("9", (), unsure=True), "Clock", id="where numbers are in doubt"),
    ],
)
def test_a_clock_of_another_question_is_no_answer_to_one(place: Place, answer: str, data: DataSet) -> None:
    clock = callback("Clock", never, 1)
    training = Training(0, 1, "m", NETWORK, epochs=2, callbacks=(clock,))
    at = context("9", RUBRIC, data, Evidence({}, (training,), callbacks=(clock,)), places={"9": place})
    found = find_callback(at)
    assert ("" if found is None else found.id) == answer
    marks = [CHECKS[getattr(criterion, "check")](criterion, at) for criterion in at.question.criteria]  # noqa: B009
    assert (sum(mark.points for mark in marks) > 0) is bool(answer)
    assert any(mark.status is Status.NEEDS_REVIEW for mark in marks) is not bool(answer)


def test_a_threshold_is_that_of_the_object_passed(data: DataSet) -> None:
    """The same class, with another threshold, in a later training."""
    later = callback("Stop", never)
    answer = find_callback(asked(data, later, passed=(STOP,)))
    assert answer is not None
    assert answer.stops


EXAMPLE = callback("myCallback", at_accuracy(0.85), 8, number="example")
"""The handout's, in a cell of its own, where its text differs a little from the assignment notebook that we have."""
STUDENTS: Mapping[str, Rule] = {
    "inverted": above(ASKED),
    "another threshold": at_loss(0.3),
    "never": never,
    "right": at_loss(ASKED),
}


@pytest.mark.parametrize("rule", STUDENTS.values(), ids=STUDENTS)
def test_the_class_that_was_passed_is_the_answer_before_one_of_the_same_name_that_was_not(
    rule: Rule,
    data: DataSet,
) -> None:
    own = callback("myCallback", rule, 9, number="own")
    for example in (EXAMPLE, callback("myCallback", at_accuracy(0.85), 9, number="example")):
        assert found(data, example, own, passed=(own,)) == "own"
        assert earned(asked(data, example, own, passed=(own,)))["callback_used"] == 0.4


def test_a_right_class_counts_beside_a_wrong_one_that_was_passed(data: DataSet) -> None:
    """A failed try costs nothing; what was not passed to ``fit`` loses that criterion."""
    wrong = callback("First", above(ASKED))
    at = asked(data, wrong, STOP, passed=(wrong,))
    assert earned(at) == {"callback_class": 0.4, "callback_used": 0, "callback_stops": 0.8, "callback_waits": 0.4}


def test_the_untouched_example_earns_nothing_though_it_runs(data: DataSet) -> None:
    example = callback("myCallback", at_accuracy(0.85), 9)
    assert sum(earned(asked(data, example, passed=(example,), given=9)).values()) == 0


# --- examined, and in the training itself -------------------------------------------------------------------------------


def after_training(
    data: DataSet,
    losses: tuple[float, ...],
    *passed: Callback,
    source: Literal["kernel", "replayed"] = "replayed",
    raised: Raised | None = None,
) -> dict[str, float]:
    """What question 9 earns after a training of up to five epochs with these losses."""
    logs = tuple({"loss": loss} for loss in losses)
    training = Training(
        0,
        9,
        "m",
        NETWORK,
        epochs=len(losses),
        epochs_asked=5,
        logs=logs,
        callbacks=passed,
        source=source,
        raised=raised,
    )
    evidence = Evidence({}, (training,), callbacks=passed)
    return earned(context("9", RUBRIC, data, evidence, answer=training))


ALL = {"callback_class": 0.4, "callback_used": 0.4, "callback_stops": 0.8, "callback_waits": 0.4}


@pytest.mark.parametrize(
    "losses",
    [
        pytest.param((0.6, 0.45, 0.39), id="stopped below"),
        pytest.param((0.39,), id="stopped at once"),
        pytest.param((0.6, 0.3985, 0.38), id="below by less than rounding, then stopped"),
        pytest.param((0.9, 0.8, 0.7, 0.6, 0.5), id="never came below"),
        pytest.param((0.9, 0.8, 0.7, 0.6, 0.3), id="below in the last epoch"),
    ],
)
def test_a_training_that_went_as_the_callback_was_examined_costs_nothing(
    losses: tuple[float, ...], data: DataSet
) -> None:
    assert after_training(data, losses, STOP) == ALL


def test_a_callback_that_stops_only_when_it_is_examined_does_not_stop(data: DataSet) -> None:
    assert after_training(data, (0.6, 0.38, 0.35, 0.3, 0.28), STOP) == {**ALL, "callback_stops": 0}


def test_a_callback_that_waits_only_when_it_is_examined_does_not_wait(data: DataSet) -> None:
    """And whether it stops where it should, a person says: it knows when it is examined."""
    assert after_training(data, (0.6, 0.55), STOP) == {**ALL, "callback_waits": 0, "callback_stops": 0}


def test_what_another_may_have_stopped_is_not_the_callbacks_fault(data: DataSet) -> None:
    early = callback("EarlyStopping", patient)
    assert after_training(data, (0.6, 0.65), STOP, early) == ALL
    assert after_training(data, (0.6, 0.55), STOP, raised=Raised("KeyboardInterrupt", "")) == ALL


def test_a_callback_of_a_fit_that_trained_nothing_was_not_used(data: DataSet) -> None:
    training = Training(0, 9, "m", NETWORK, epochs=2, steps=3, callbacks=(STOP,), changed=False)
    at = context("9", RUBRIC, data, Evidence({}, (training,), callbacks=(STOP,)), answer=training)
    assert earned(at) == {**ALL, "callback_used": 0}
    trained = replace(training, changed=True)
    assert earned(context("9", RUBRIC, data, Evidence({}, (training, trained), callbacks=(STOP,)))) == ALL


def test_losses_that_the_kernel_claims_are_held_against_nothing(data: DataSet) -> None:
    assert after_training(data, (0.6, 0.38, 0.35, 0.3, 0.28), STOP, source="kernel") == ALL


# --- Keras's own ------------------------------------------------------------------------------------------------------


def test_early_stopping_loses_class_and_threshold_only(data: DataSet) -> None:
    stop = callback("EarlyStopping", never)
    at = asked(data, stop, passed=(stop,))
    assert earned(at) == {"callback_class": 0, "callback_used": 0.4, "callback_stops": 0, "callback_waits": 0.4}
    message = callbacks.check_callback_class(at.question.criteria[0], at).message  # type: ignore[arg-type]
    assert str(message) == "EarlyStopping is an object of Keras's own class; a class was asked for."


def test_early_stopping_that_ends_a_training_early_loses_the_waiting_too(data: DataSet) -> None:
    stop = callback("EarlyStopping", patient)
    assert earned(asked(data, stop, passed=(stop,)))["callback_waits"] == 0


def test_early_stopping_beside_a_class_of_the_students_own_is_not_the_answer(data: DataSet) -> None:
    stop = callback("EarlyStopping", patient)
    assert found(data, STOP, stop, passed=(stop, STOP)) == "Stop"
    assert found(data, STOP, stop, passed=(stop,)) == "Stop"


@pytest.mark.parametrize(
    "at",
    [
        pytest.param({"cell": 8}, id="another question's training"),
        pytest.param({"given": 9}, id="the assignment's own cell"),
    ],
)
def test_early_stopping_that_nobody_passed_here_earns_nothing(at: dict[str, int], data: DataSet) -> None:
    stop = callback("EarlyStopping", never, 8)
    training = Training(0, at.get("cell", 9), "m", NETWORK, epochs=2, callbacks=(stop,))
    cells = tuple(Cell(index, "code", "x", given=index == at.get("given")) for index in range(12))
    here = context("9", RUBRIC, data, Evidence({}, (training,), callbacks=(stop,)), cells=cells)
    assert sum(earned(here).values()) == 0


# --- thresholds -------------------------------------------------------------------------------------------------------


def asking(loss: float, *kinds: str) -> Question:
    """Question 9 with another threshold, and only criteria of these kinds."""
    whole = RUBRIC.question("9")
    kept = [item.model_copy(update={"loss": loss}) for item in whole.criteria if item.id in kinds]
    return whole.model_copy(update={"criteria": kept})


@pytest.mark.parametrize("loss", [0.3, 0.4])
@pytest.mark.parametrize("kinds", [("callback_stops", "callback_waits"), ("callback_stops",), ("callback_waits",)])
def test_each_threshold_is_judged_by_its_own_rehearsals(loss: float, kinds: tuple[str, ...], data: DataSet) -> None:
    """A rubric asks for 0.4 in one question, and for 0.3 in another."""
    right = callback("Right", at_loss(loss), thresholds=(0.4, 0.3))
    wrong = callback("Wrong", above(loss), thresholds=(0.4, 0.3))
    question = asking(loss, *kinds)
    assert 0 not in earned(asked(data, right, passed=(right,), question=question)).values()
    assert sum(earned(asked(data, wrong, passed=(wrong,), question=question)).values()) == 0


def test_a_callback_that_was_sent_another_threshold_only_is_left_to_a_person(data: DataSet) -> None:
    question = asking(0.3, "callback_stops", "callback_waits")
    at = asked(data, STOP, passed=(STOP,), question=question)
    statuses = {CHECKS[item.id](item, at).status for item in question.criteria}
    assert statuses == {"needs_review"}
