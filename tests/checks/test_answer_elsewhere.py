"""Where a notebook's numbers do not say whose an answer is, a lost idea that stands elsewhere is a person's to judge."""

from __future__ import annotations

from pathlib import Path

import pytest
from labelled_answers import concept_of
from shipped import RUBRIC
from submission_notebooks import EVALUATE, PREDICT, ROOT, STOPPER, md, net, py, read

from grader.checks.prose import check_concept
from grader.records import Finding, Status
from grader.submission import read_assignment

ASSIGNMENT = read_assignment([ROOT / "reference" / "assignment.ipynb"])
PROBABILITIES = "Son diez probabilidades, una por cada clase de prenda, y suman 1."
BETTER = "Al aumentar las neuronas la accuracy mejora un poco, pero el entrenamiento es más lento."
OVERFITTING = "Es el sobreajuste: en entrenamiento la pérdida sigue bajando y en test ya no, la red memoriza."
SHIFTED = [
    md("## Pregunta 2. Entrenar la primera red"), py(net()),
    md("## Pregunta 3. Evaluar en test"), py(EVALUATE),
    md("## Pregunta 4. classifications"), py(PREDICT), md(PROBABILITIES),
    md("## Pregunta 5. ¿Qué pasa con 512 y 1024?"), md(BETTER), py(net(512)), py(net(1024)),
    md("## Pregunta 9. Más épocas"), py(net(epochs=30)), md(OVERFITTING),
    md("## Pregunta 10. El callback"), py(STOPPER),
]  # fmt: skip
NO_NUMBERS = [
    py(net()),
    py(EVALUATE),
    md("## Lo del vector"),
    py(PREDICT),
    md(PROBABILITIES),
    md("## Neuronas"),
    md(BETTER),
]
NUMBERED = [
    md("## Pregunta 3.1"), py(PREDICT), md("No lo sé."),
    md("## Pregunta 4.3"), md(BETTER),
    md("## Pregunta 7.1"), md(PROBABILITIES),
    md("## Pregunta 8.3"), md(OVERFITTING),
]  # fmt: skip


def finding(cells: list[dict[str, object]], question: str, concept: str, tmp_path: Path) -> Finding:
    asked = RUBRIC.question(question)
    submission = read(tmp_path, *cells, assignment=ASSIGNMENT)
    return check_concept(concept_of(asked, concept), asked, submission, review_below=RUBRIC.review_below)


@pytest.mark.parametrize(
    ("cells", "question", "concept"),
    [
        pytest.param(SHIFTED, "4.3", "better", id="numbers that begin at two"),
        pytest.param(SHIFTED, "4.3", "cost", id="numbers that begin at two, the other idea"),
        pytest.param(SHIFTED, "8.3", "overfitting", id="nine for eight"),
        pytest.param(NO_NUMBERS, "4.3", "better", id="no numbers at all"),
    ],
)
def test_an_idea_that_was_said_somewhere_is_no_sure_zero(
    cells: list[dict[str, object]], question: str, concept: str, tmp_path: Path
) -> None:
    found = finding(cells, question, concept, tmp_path)
    assert found.status is Status.NEEDS_REVIEW or found.points == found.max_points


@pytest.mark.parametrize("concept", ["probabilities", "one_per_class"])
def test_where_every_number_is_the_rubrics_an_answer_to_another_question_earns_nothing(
    concept: str, tmp_path: Path
) -> None:
    found = finding(NUMBERED, "3.1", concept, tmp_path)
    assert (found.status, found.points) == (Status.FAILED, 0.0)


def test_a_question_left_out_among_the_rubrics_numbers_is_a_sure_zero(tmp_path: Path) -> None:
    found = finding([*NUMBERED[:2], md(PROBABILITIES), *NUMBERED[3:5]], "7.1", "one_per_class", tmp_path)
    assert (found.status, found.points) == (Status.FAILED, 0.0)


def test_what_was_said_nowhere_stays_a_sure_zero(tmp_path: Path) -> None:
    cells = [*NUMBERED, md("## Pregunta 7.2"), md("No lo sé."), md("## Pregunta 12. Agradecimientos"), md("Gracias.")]
    found = finding(cells, "7.2", "mismatch", tmp_path)
    assert (found.status, found.points) == (Status.FAILED, 0.0)


def test_what_stands_elsewhere_is_shown_and_earns_nothing_by_itself(tmp_path: Path) -> None:
    cells = [*NUMBERED[:2], md("No lo sé."), *NUMBERED[3:], md("## Pregunta 12. Agradecimientos"), md("Gracias.")]
    found = finding(cells, "3.1", "probabilities", tmp_path)
    assert (found.status, found.points) == (Status.NEEDS_REVIEW, 0.0)
    assert 6 in found.cells
