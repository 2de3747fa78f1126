"""An accuracy decides points where it is computed here; what only the notebook can compute waits for a person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_evidence import NETWORK, context, images
from shipped import RUBRIC

from grader.checks.training import check_test_accuracy
from grader.records import Evidence, Finding, Status, Training
from grader.training.data import DataSet, load_data


@pytest.fixture(scope="module")
def data(data_slice: Path) -> DataSet:
    return load_data(data_slice)


def found(data: DataSet, training: Training) -> Finding:
    at = context("1", RUBRIC, data, Evidence({}, (training,)), answer=training)
    criterion = next(item for item in at.question.criteria if item.id == "test_accuracy")
    return check_test_accuracy(criterion, at)  # type: ignore[arg-type]


def test_an_accuracy_that_only_the_kernel_can_compute_waits_for_a_person(data: DataSet) -> None:
    """As right as the labels themselves, by a `predict` that may look them up."""
    answered = np.eye(10, dtype=np.float32)[data.test_labels]
    opaque = replace(NETWORK, chain=False)
    training = Training(0, 1, "m", opaque, epochs=10, x=images(data, 4), test_probabilities=answered)
    finding = found(data, training)
    assert (finding.status, finding.basis, finding.points) == (Status.NEEDS_REVIEW, "claimed", 0.5)
    wrong = found(data, replace(training, test_probabilities=np.roll(answered, 1, axis=1)))
    assert wrong.status is Status.FAILED


def test_what_is_claimed_of_a_network_that_is_computed_here_counts_for_nothing(data: DataSet) -> None:
    answered = np.eye(10, dtype=np.float32)[data.test_labels]
    training = Training(0, 1, "m", NETWORK, epochs=10, x=images(data, 4), test_probabilities=answered)
    finding = found(data, training)
    assert (finding.status, finding.basis) == (Status.FAILED, "recomputed")
