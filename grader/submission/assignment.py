"""The notebook that students were given, and what in a submission is still its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from rapidfuzz import fuzz

from grader.records import Cell
from grader.submission import code
from grader.submission.notebook import parse_notebook, read_bytes
from grader.submission.wording import Phrases, fold, has_words, without_markup, words

ALIKE = 75.0
"""Likeness, of 100, from which a cell is taken to be an edited cell of the assignment."""


@dataclass(frozen=True)
class Assignment:
    """The cells that students were given; empty where there is no assignment notebook."""

    cells: tuple[Cell, ...] = ()

    @cached_property
    def forms(self) -> frozenset[str]:
        """What the cells that hold code or prose say, white space, comments and markup aside."""
        return frozenset(form for cell in self.cells if (form := form_of(cell)))

    def shows(self, picture: str) -> bool:
        """Whether a picture, as it stands in markdown, is one of its own."""
        return any(picture in cell.source for cell in self.cells)

    @cached_property
    def headings(self) -> frozenset[str]:
        """What its headings in markdown say."""
        return frozenset(" ".join(words(line)) for cell in self.cells if (line := heading_of(cell)))

    @cached_property
    def phrases(self) -> Phrases:
        """All sentences of the assignment, those in its code's comments and strings too."""
        return Phrases.of(text for cell in self.cells for text in readable(cell))


def read_assignment(path: Path | None) -> Assignment:
    """Read the notebook that students were given; None gives an empty one.

    Raises:
        SubmissionError: if the file is not a notebook.
    """
    return Assignment() if path is None else Assignment(parse_notebook(read_bytes(path), path.name))


def heading_of(cell: Cell) -> str:
    """The heading with which a markdown cell begins; empty where it begins with none."""
    first = cell.source.lstrip().split("\n", 1)[0]
    return without_markup(first) if cell.kind == "markdown" and re.match(r"#{1,6}\s", first) else ""


def readable(cell: Cell) -> list[str]:
    """Everything in a cell that is meant for readers."""
    if cell.kind != "code":
        return [cell.source]
    return [
        *(comment.text for comment in code.comments(cell.source)),
        *(text.text.replace(code.GAP, " ") for text in code.texts(cell.source)),
    ]


def form_of(cell: Cell) -> str:
    """What two cells have in common if they differ in nothing but white space and, in code, comments."""
    return f"code {bare}" if cell.kind == "code" and (bare := code.bare_code(cell.source)) else _prose_form(cell)


def _prose_form(cell: Cell) -> str:
    if cell.kind == "code":
        return ""
    text = " ".join(words(cell.source))
    return f"text {text}" if text else ""


def mark_given(cells: tuple[Cell, ...], assignment: Assignment) -> tuple[Cell, ...]:
    """Mark the cells in which nothing is the student's own."""
    return tuple(replace(cell, given=_is_given(cell, assignment)) for cell in cells)


def _is_given(cell: Cell, assignment: Assignment) -> bool:
    form = form_of(cell)
    if form:
        return form in assignment.forms
    if cell.kind == "code":
        own = (assignment.phrases.taken_out(comment.text) for comment in code.comments(cell.source))
        return not any(has_words(text) for text in own)
    return not has_words(cell.source)


def likeness(one: Cell, other: Cell) -> float:
    """From 0 to 100: how much two cells of the same kind say the same."""
    if one.kind != other.kind:
        return 0.0
    if one.kind == "code":
        return _ratio(code.bare_code(one.source), code.bare_code(other.source))
    return _ratio(fold(one.source), fold(other.source))


def _ratio(one: str, other: str) -> float:
    if not one or not other or max(len(one), len(other)) > 4 * min(len(one), len(other)):
        return 0.0
    return float(fuzz.ratio(one[:20_000], other[:20_000], score_cutoff=ALIKE))
