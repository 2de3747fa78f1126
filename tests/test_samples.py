"""The shipped notebooks. Their full trainings belong to `make demo` (compared by `make samples`); here is what needs no kernel."""

from __future__ import annotations

import nbformat
import pytest
from compare_samples import ROOT, expected_marks
from shipped import RUBRIC, submitted

from grader.checks.prose import check_concept
from grader.rubric.criteria import Concept
from grader.submission import read_assignment, read_submission

ASSIGNMENT = read_assignment(RUBRIC.assignment_paths)
SAMPLES = dict(submitted())
EXPECTED = expected_marks()
PROSE = [question for question in RUBRIC.questions if all(isinstance(c, Concept) for c in question.criteria)]


def test_there_are_samples_enough() -> None:
    assert len(SAMPLES) >= 14
    assert sum(entry["total"] == 10 for entry in EXPECTED.values()) >= 3


@pytest.mark.parametrize("name", SAMPLES)
def test_expected_marks_add_up(name: str) -> None:
    expected = EXPECTED[name]
    assert set(expected["points"]) == {question.id for question in RUBRIC.questions}
    assert sum(expected["points"].values()) == pytest.approx(expected["total"])


@pytest.mark.parametrize("name", SAMPLES)
def test_prose_is_marked_as_expected(name: str) -> None:
    if EXPECTED[name]["status"] == "failed":
        pytest.skip("cannot be read")
    submission = read_submission(SAMPLES[name], name, RUBRIC, ASSIGNMENT)
    for question in PROSE:
        findings = [
            check_concept(
                criterion,
                question,
                submission,
                review_below=RUBRIC.review_below,
                examples=RUBRIC.examples(question.id, criterion.id),
            )
            for criterion in question.criteria
            if isinstance(criterion, Concept)
        ]
        points = sum(finding.points for finding in findings)
        review = {f"{question.id}/{finding.check}" for finding in findings if finding.status == "needs_review"}
        waiting = {entry for entry in EXPECTED[name]["needs_review"] or [] if entry.startswith(f"{question.id}/")}
        assert review == waiting, [f.message for f in findings]
        assert points == pytest.approx(EXPECTED[name]["points"][question.id]), [f.message for f in findings]


@pytest.mark.parametrize(
    "path", [*SAMPLES.values(), ROOT / "reference" / "solution.ipynb", ROOT / "reference" / "assignment.ipynb"]
)
def test_notebooks_are_valid_and_name_no_machine(path: object) -> None:
    content = nbformat.read(path, as_version=4)
    nbformat.validate(content)
    text = nbformat.writes(content)
    assert not any(word in text for word in ("/root/", "site-packages", "/tmp/"))
