"""Several tries of one question, on records made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from shipped import RUBRIC

from grader.checks import judge
from grader.checks.judge import Judgement
from grader.records import Cell, Evidence, Finding, Layer, Network, Place, Raised, Submission, Training
from grader.rubric.rubric import Rubric

Tries = Literal["last", "any"]


def asking(tries: Tries = "last") -> Rubric:
    """A rubric of question 1 alone, without what needs data."""
    question = RUBRIC.question("1")
    criteria = [item for item in question.criteria if item.id not in ("test_accuracy", "epoch_log")]
    selector = question.training and question.training.model_copy(update={"tries": tries})
    kept = question.model_copy(update={"criteria": criteria, "training": selector})
    return RUBRIC.model_copy(update={"questions": [kept]})


def tried(number: int, units: int = 128, activation: str = "sigmoid", epochs: int = 10) -> Training:
    layers = (Layer("Flatten"), Layer("Dense", units, activation), Layer("Dense", 10, "softmax"))
    return Training(
        number, 1, f"m{number}", Network(layers), ("Adam",), epochs=epochs, epochs_asked=epochs, batch_size=64
    )


RIGHT, RELU, WIDE = tried(0), tried(1, activation="relu"), tried(2, units=64, activation="relu")


def judged(data: Path, *trainings: Training, tries: Tries = "last") -> Judgement:
    numbered = [replace(training, id=number) for number, training in enumerate(trainings)]
    cells = (Cell(0, "code", "x"), Cell(1, "code", "x"))
    submission = Submission("a", "a.ipynb", "", cells, {"1": Place("1", (1,))}, {})
    return judge(submission, Evidence({}, tuple(numbered)), asking(tries), data)


def statuses(judgement: Judgement) -> dict[str, str]:
    return {finding.check: str(finding.status) for finding in judgement.findings}


def points(judgement: Judgement) -> float:
    return sum(finding.points for finding in judgement.findings)


def reviewed(judgement: Judgement) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.status == "needs_review"]


def test_a_failed_try_before_a_right_one_costs_nothing(data_slice: Path) -> None:
    for before in (WIDE, RELU, replace(RIGHT, raised=Raised("ValueError", "x"), epochs=0)):
        assert set(statuses(judged(data_slice, before, RIGHT)).values()) == {"passed"}


@pytest.mark.parametrize(
    ("later", "lost"),
    [
        pytest.param((WIDE,), {"hidden_layers", "hidden_activation"}, id="another network"),
        pytest.param((RELU,), {"hidden_activation"}, id="another activation"),
        pytest.param((RELU, WIDE), {"hidden_layers", "hidden_activation"}, id="several others"),
        pytest.param((tried(1, epochs=7),), {"epochs"}, id="other epochs"),
    ],
)
def test_a_person_decides_where_an_earlier_try_would_earn_more(
    later: tuple[Training, ...], lost: set[str], data_slice: Path
) -> None:
    """Until then the last one's points stand, and what both earn is sure."""
    found = judged(data_slice, RIGHT, *later)
    assert {finding.check for finding in reviewed(found)} == lost
    assert all(finding.points == 0 for finding in reviewed(found))
    assert "cell 2" in str(reviewed(found)[0].message)


def test_a_try_that_raised_counts_among_them(data_slice: Path) -> None:
    """Five outputs are tried and seen to fail, then twelve that train."""
    raised = replace(RIGHT, raised=Raised("InvalidArgumentError", "label 9"), epochs=0)
    assert reviewed(judged(data_slice, raised, WIDE))


def test_what_the_last_try_does_better_is_not_asked_about(data_slice: Path) -> None:
    assert not reviewed(judged(data_slice, WIDE, RELU))
    assert not reviewed(judged(data_slice, RIGHT, RIGHT))


def test_any_try_counts_where_the_rubric_says_so(data_slice: Path) -> None:
    for tries in ((RIGHT, WIDE), (WIDE, RIGHT), (WIDE, RIGHT, RELU)):
        assert set(statuses(judged(data_slice, *tries, tries="any")).values()) == {"passed"}


def test_no_try_takes_from_another_what_it_lacks(data_slice: Path) -> None:
    """One is right in its layers, the other in its epochs: each is judged as a whole."""
    layers, epochs = tried(0, epochs=7), tried(1, units=64, activation="relu")
    assert points(judged(data_slice, layers, epochs, tries="any")) == pytest.approx(2.75 - 0.25)


def test_more_than_three_tries_are_a_flag(data_slice: Path) -> None:
    widths = [tried(number, units=10 + number) for number in range(4)]
    assert not judged(data_slice, *widths[:3], tries="any").flags
    assert not judged(data_slice, *[RIGHT] * 5).flags
    flags = judged(data_slice, *widths, RIGHT, tries="any").flags
    assert [flag.values for flag in flags] == [{"question": "1", "tries": 5}]


def test_a_note_says_of_a_network_that_was_only_built_that_it_is_not_trained(data_slice: Path) -> None:
    trained, built = replace(RIGHT, cell=0), replace(RIGHT, cell=0, built_only=True, epochs=0)
    notes = {name: str(judged(data_slice, found).notes[0]) for name, found in (("trained", trained), ("built", built))}
    assert notes["trained"].startswith("The training of question 1 was found in cell 1")
    assert notes["built"].endswith("it is not trained.")
