"""Whole notebooks in which something is unusual: each gets what a fair teacher gives, or a person is asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest
from conftest import Grade, Graded
from shipped import RUBRIC

FOLDER = Path(__file__).parents[1] / "cases"
SURE = ("passed", "failed")
FULL = {question.id: (question.points, question.points) for question in RUBRIC.questions}
CASES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "early_stopping": {"8.2": (0.0, 0.2)},  # asks for 30 epochs, and may stop before
    "kaggle_wrong_q1": {"1": (1.75, 1.75)},  # 64 relu with SGD, in a cell that lacks its data
}
"""The least and the most that a question deserves, where that is not all."""


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, grade: Grade) -> tuple[str, Graded]:
    return request.param, grade(nbformat.read(FOLDER / f"{request.param}.ipynb", as_version=4))


def test_no_sure_mark_is_wrong(case: tuple[str, Graded]) -> None:
    name, graded = case
    for question in graded.score.questions:
        least, most = {**FULL, **CASES[name]}[question.question]
        sure = [finding for finding in question.findings if finding.status in SURE]
        open_points = question.max_score - sum(finding.max_points for finding in sure)
        earned = sum(finding.points for finding in sure)
        assert earned <= most + 1e-9, graded.lost()
        assert earned + open_points >= least - 1e-9, graded.lost()


def test_why_is_told(case: tuple[str, Graded]) -> None:
    name, graded = case
    if name == "early_stopping":
        message = str(graded.finding("8.2", "network_trained").message)
        assert "EarlyStopping ended it before the 30 epochs that fit was given." in message
    else:
        wrong = ("hidden_layers", "hidden_activation", "optimizer")
        found = {check: graded.finding("1", check) for check in wrong}
        assert {finding.status for finding in found.values()} <= {"needs_review", "failed"}
        assert all(finding.points == 0 for finding in found.values())
