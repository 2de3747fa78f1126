"""The error of question 6: really tried, and in the saved outputs."""

from __future__ import annotations

import html
import re
from typing import Any

from grader.checks.attribution import is_vectorised
from grader.checks.context import Context
from grader.records import Cell, CellStatus, Finding, Output, Raised, Training, say
from grader.rubric.criteria import ExpectedError

SHAPE_ERRORS = ("ValueError", "InvalidArgumentError", "TypeError", "AssertionError", "RuntimeError")
UNRELATED = (
    "NameError",
    "SyntaxError",
    "IndentationError",
    "ImportError",
    "ModuleNotFoundError",
    "KeyboardInterrupt",
    "AttributeError",
)
ABOUT_SHAPES = re.compile(
    r"shape|rank|ndim|dimension|incompatible|logits|labels?|broadcast|InvalidArgument|ValueError|"
    r"Graph execution error|forma\b",
    re.I,
)
ABOUT_THE_CALL = re.compile(
    r"must call `?compile|not recogni[sz]ed|unexpected keyword|could not interpret|could not locate|"
    r"cardinality|deserialize|unknown (?:loss|optimizer|metric)",
    re.I,
)
"""Errors of the same classes that come of how `compile` or `fit` was called."""
FAILURE = re.compile(r"error|exception|incompatible|must have|mismatch", re.I)
SHAPES = re.compile(r"shape|rank|ndim|logits|InvalidArgument|ValueError|dimension", re.I)


def check_expected_error(criterion: ExpectedError, context: Context) -> Finding:
    """A network that gets the images as a matrix was trained, that raised, and the saved outputs show it."""
    tries = [training for training in _tries(context) if not is_vectorised(training)]
    failed_tries = [training for training in tries if training.raised is not None and _about_shapes(training.raised)]
    if not failed_tries:
        return _not_tried(criterion, context, tries)
    training = failed_tries[-1]
    where: dict[str, Any] = {"cells": [training.cell], "evidence": {"error": _short(training.raised)}}
    for candidate in reversed(failed_tries):
        if shows_error(context.submission.cells[candidate.cell]):
            where["cells"] = [candidate.cell]
            message = say("Training without flattening the images was tried, and its error is in the saved outputs.")
            return context.passed(criterion, message, "recomputed", **where)
    if any(shows_error(context.submission.cells[index]) for index in context.place.cells):
        message = say("Training without flattening the images was tried, and its error is in the saved outputs.")
        return context.passed(criterion, message, "recomputed", **where)
    message = say("Training without flattening the images was tried, but its error is not in the saved outputs.")
    return context.failed(criterion, message, "static", **where)


def _tries(context: Context) -> list[Training]:
    """Trainings in the question's place, or the one found for it elsewhere."""
    own = [training for training in context.evidence.trainings if training.cell in context.place.cells]
    chosen = context.training()
    if chosen is not None and chosen not in own:
        own.append(chosen)
    return [training for training in own if not training.built_only]


def _not_tried(criterion: ExpectedError, context: Context, tries: list[Training]) -> Finding:
    shown = [index for index in context.place.cells if _shows_shape_error(context.submission.cells[index])]
    for index in shown:
        run = context.evidence.runs.get(index)
        if run is not None and run.status is not CellStatus.OK:
            message = say(
                "The saved outputs show an error of shapes, but the cell fails in another way today; a person decides.",
            )
            return context.review(criterion, message, "static", cells=[index])
    if tries:
        message = say("The network was trained without flattening the images, and raised no error about shapes.")
        if shown:
            return context.review(criterion, message, "static", points=criterion.points, cells=shown)
        return context.failed(criterion, message, "claimed", cells=[training.cell for training in tries])
    if [training for training in _tries(context) if training.network.layers]:
        message = say("The network trained here still flattens the images.")
        cells = [training.cell for training in _tries(context)]
        return context.failed(criterion, message, "claimed", cells=cells)
    if shown:
        message = say("The saved outputs show an error of shapes, but no code here trains today; a person decides.")
        return context.review(criterion, message, "static", cells=shown)
    return context.missing(criterion, say("No training without flattening the images was found."))


def _about_shapes(raised: Raised) -> bool:
    """True for an error that comes of shapes that do not fit."""
    if raised.name in UNRELATED or ABOUT_THE_CALL.search(raised.message):
        return False
    return bool(set(raised.names) & set(SHAPE_ERRORS) or raised.name in SHAPE_ERRORS)


def shows_error(cell: Cell) -> bool:
    """True if a cell's saved outputs show an error that may come of shapes: raised, or caught and printed."""
    return any(_is_error(output) for output in cell.outputs) or _shows_shape_error(cell)


def _is_error(output: Output) -> bool:
    """A saved error; old Colab saves it without message, some tools without name."""
    if output.kind != "error":
        return False
    return output.name not in UNRELATED


def _shows_shape_error(cell: Cell) -> bool:
    for output in cell.outputs:
        text = html.unescape(f"{output.name} {output.value} {output.text}")[:400_000]
        if output.kind == "error" and output.name not in UNRELATED and ABOUT_SHAPES.search(text):
            return True
        if output.kind != "error" and FAILURE.search(text) and SHAPES.search(text):
            return True
    return False


def _short(raised: Raised | None) -> str:
    return "" if raised is None else f"{raised.name}: {raised.message[:300]}"
