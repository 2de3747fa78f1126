"""The notebooks that students were given, and what in a submission is still its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from rapidfuzz import fuzz

from grader.records import Cell, SharedText
from grader.submission import code
from grader.submission.forms import form_of_code
from grader.submission.notebook import parse_notebook, read_bytes
from grader.submission.wording import Phrases, fold, has_words, without_markup, words

ALIKE = 75.0
"""Likeness, of 100, from which a cell is taken to be an edited cell of the assignment."""


@dataclass(frozen=True)
class Assignment:
    """What students were given, in each of its editions; nothing where there is no assignment notebook."""

    editions: tuple[tuple[Cell, ...], ...] = ()
    shared: tuple[Cell, ...] = ()
    """Further cells, of an edition that is not there: an instructor has said that students were given them."""

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, edition by edition."""
        return tuple(cell for edition in (*self.editions, self.shared) for cell in edition)

    def with_shared(self, texts: Iterable[SharedText]) -> Assignment:
        """The assignment with texts that were given to students, too."""
        cells = (
            Cell(index, "code" if text.kind == "code" else "markdown", text.source) for index, text in enumerate(texts)
        )
        return replace(self, shared=tuple(cells))

    def nearest(self, cells: Iterable[Cell]) -> tuple[Cell, ...]:
        """The edition of which a notebook holds most, the first of several."""
        own = frozenset(map(form_of, cells)) if len(self.editions) > 1 else frozenset()
        shared = [len(own & forms) for forms in self._forms_of_editions]
        return self.editions[shared.index(max(shared))] if shared else ()

    @cached_property
    def _forms_of_editions(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(form for cell in edition if (form := form_of(cell))) for edition in self.editions)

    @cached_property
    def forms(self) -> frozenset[str]:
        """What the cells that hold code or prose say, white space, comments and markup aside."""
        shared = frozenset(form for cell in self.shared if (form := form_of(cell)))
        return shared.union(*self._forms_of_editions)

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


def read_assignment(paths: Iterable[Path]) -> Assignment:
    """Read the notebooks that students were given.

    Raises:
        SubmissionError: if a file is not a notebook.
    """
    return Assignment(tuple(parse_notebook(read_bytes(path), path.name) for path in paths))


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
    """What two cells have in common that say the same: see `grader.submission.forms` for code."""
    return f"code {form}" if cell.kind == "code" and (form := form_of_code(cell.source)) else _prose_form(cell)


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
