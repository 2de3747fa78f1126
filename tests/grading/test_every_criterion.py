"""Every criterion of the shipped rubric is passed by a notebook of this suite and failed by another, in real kernels.

The notebooks are those of the other modules here: each is graded once a session, whoever asks first.
"""

from __future__ import annotations

import pytest
from conftest import Grade
from shipped import RUBRIC
from student import notebook, with_saved_error
from test_faults import FAULTS
from test_honest_students import STUDENTS

from grader.records import Status

CRITERIA = [f"{question.id} {criterion.id}" for question in RUBRIC.questions for criterion in question.criteria]


@pytest.fixture(scope="module")
def statuses(grade: Grade) -> dict[str, dict[Status, str]]:
    """By criterion, a notebook for each status that it was given."""
    made = {name: make() for name, make in STUDENTS.items()}
    made |= {name: with_saved_error(notebook(changes), "6") for name, (changes, _) in FAULTS.items()}
    found: dict[str, dict[Status, str]] = {}
    for name, answered in made.items():
        for question in grade(answered).score.questions:
            for finding in question.findings:
                found.setdefault(f"{question.question} {finding.check}", {})[finding.status] = name
    return found


@pytest.mark.parametrize("criterion", CRITERIA)
def test_criterion_is_passed_and_failed(criterion: str, statuses: dict[str, dict[Status, str]]) -> None:
    assert {Status.PASSED, Status.FAILED} <= set(statuses[criterion]), statuses[criterion]
