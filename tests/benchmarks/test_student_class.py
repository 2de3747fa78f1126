"""The class that benchmarks grade: distinct notebooks that read well and place well. Nothing is run."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from shipped import RUBRIC
from student_class import Made, make_class, make_notebook

from grader.checks.prose import check_concept
from grader.records import Submission
from grader.rubric.criteria import Concept
from grader.submission import read_assignment, read_submission

ROOT = Path(__file__).parents[2]
SUBMISSIONS = 25
ASSIGNMENT = read_assignment(RUBRIC.assignment_paths)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    return make_class(tmp_path_factory.mktemp("class"), SUBMISSIONS)


@pytest.fixture(scope="module")
def read(made: list[Made]) -> list[Submission]:
    return [read_submission(entry.path, entry.path.stem, RUBRIC, ASSIGNMENT) for entry in made]


def student_code(submission: Submission) -> str:
    """All code but the lines that only notebooks know."""
    lines = "\n".join(cell.source for cell in submission.cells if cell.kind == "code").splitlines()
    return "\n".join(line for line in lines if not line.startswith(("!", "%")))


def test_no_two_are_the_same_even_without_comments(read: list[Submission]) -> None:
    programs = {ast.dump(ast.parse(student_code(submission))) for submission in read}
    assert len(programs) == SUBMISSIONS


def test_a_fifth_has_settings_of_its_own(made: list[Made]) -> None:
    assert sum(bool(entry.deviations) for entry in made) == SUBMISSIONS // 5


def test_the_same_seed_gives_the_same_students_whatever_the_size(made: list[Made], tmp_path: Path) -> None:
    for entry, again in zip(made, make_class(tmp_path, 5), strict=False):
        assert entry.path.read_bytes() == again.path.read_bytes()
    assert nbformat.writes(make_notebook(0, seed=1)[0]) != nbformat.writes(make_notebook(0, seed=0)[0])


def test_they_are_valid_notebooks(made: list[Made]) -> None:
    for entry in made:
        nbformat.validate(nbformat.read(entry.path, as_version=4))


@pytest.mark.parametrize("question", [question.id for question in RUBRIC.questions])
def test_every_question_has_its_place(read: list[Submission], question: str) -> None:
    missing = [submission.id for submission in read if not submission.place(question).cells]
    assert missing == []


def test_every_code_question_is_answered_by_the_student(read: list[Submission]) -> None:
    """The cells of 1, 4, 6, 8 and 9 hold code of the student's own, in the place where it belongs."""
    empty = [
        f"{submission.id} {question}"
        for submission in read
        for question in ("1", "2", "4.1", "6", "8.1", "9")
        if not any(
            submission.cells[index].kind == "code" and not submission.cells[index].given
            for index in submission.place(question).cells
        )
    ]
    assert empty == []


def test_the_prose_that_was_taken_from_full_marks_earns_them(read: list[Submission]) -> None:
    judged = [
        check_concept(criterion, question, submission, review_below=RUBRIC.review_below)
        for submission in read
        for question in RUBRIC.questions
        for criterion in question.criteria
        if isinstance(criterion, Concept)
    ]
    failed = Counter(finding.question for finding in judged if finding.status == "failed")
    assert failed.total() <= 0.05 * len(judged), failed
