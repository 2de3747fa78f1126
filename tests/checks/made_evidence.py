"""What tests of checks judge: records made by hand, as a run would have left them."""

from __future__ import annotations

import numpy as np

from grader.checks.attribution import Attribution
from grader.checks.context import Context
from grader.records import Cell, Data, Evidence, Layer, Network, Output, Place, Submission, Training
from grader.rubric.rubric import Rubric
from grader.training.data import DataSet
from grader.training.service import Trainings

CELLS = 12
WEIGHTS = (np.random.default_rng(0).normal(size=(784, 10)).astype(np.float32), np.zeros(10, np.float32))


def vectors(weights: tuple[np.ndarray, ...] = WEIGHTS) -> Network:
    """A network of one dense layer, which the grader can compute."""
    layers = (Layer("Flatten", config={"target_shape": [784]}), Layer("Dense", 10, "softmax", weights=weights))
    return Network(layers, (28, 28), (10,), state="s", chain=True)


NETWORK = vectors()


def says(label: int) -> Network:
    """A network that gives every image the same class."""
    bias = np.zeros(10, np.float32)
    bias[label] = 5.0
    return vectors((np.zeros((784, 10), np.float32), bias))


def images(data: DataSet, count: int) -> Data:
    """The first rows of the training images, between 0 and 1, as one of so many."""
    rows = (0, 1, 2, 3)
    return Data((count, 28, 28), rows=rows, sample=data.train_images[list(rows)] / 255.0)


def cells(shown: dict[int, Output] | None = None, **every: object) -> tuple[Cell, ...]:
    """Code cells, some of which show an output."""
    saved = shown or {}
    return tuple(
        Cell(index, "code", "x", (saved[index],) if index in saved else (), **every)  # type: ignore[arg-type]
        for index in range(CELLS)
    )


def context(
    question: str,
    rubric: Rubric,
    data: DataSet,
    evidence: Evidence,
    *,
    cells: tuple[Cell, ...] = (),
    answer: Training | None = None,
    answers: dict[str, Training] | None = None,
    places: dict[str, Place] | None = None,
    trainings: Trainings | None = None,
) -> Context:
    """Question 1 stands in cell 1, question 2 in cell 2, and so on.

    Args:
        answer: the training that answers the question; `answers` are those of several.
    """
    placed = {other.id: Place(other.id, (int(other.id[0]),)) for other in rubric.questions} | (places or {})
    cells = cells or tuple(Cell(index, "code", "x") for index in range(CELLS))
    submission = Submission("a", "a.ipynb", "", cells, placed, {})
    found = {**({} if answer is None else {question: answer}), **(answers or {})}
    attributed = {name: Attribution(training, in_place=True, match=1.0) for name, training in found.items()}
    return Context(submission, evidence, rubric, data, attributed, rubric.question(question), trainings)
