"""What most submissions of a class have in common, and no assignment notebook holds: probably another edition's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from grader.records import Cell, SharedText
from grader.submission import Assignment, code
from grader.submission.forms import form_of_code
from grader.submission.wording import LINE_BREAK, has_words, without_markup, words

FEWEST = 10
"""Submissions from which it can be told what a class shares."""
FEWEST_WORDS = 13
"""In a line of text, or a code cell with its comments: what is shorter is alike by chance."""
LONGEST = 20_000
"""Characters of a cell; no handout's cell is longer."""
MOST_SHOWN = 200
"""Texts that are kept."""


def find_shared(notebooks: Mapping[str, Sequence[Cell]], assignment: Assignment) -> tuple[SharedText, ...]:
    """Lines of text and code cells that stand alike in more than half of at least `FEWEST` submissions.

    Args:
        notebooks: by submission, its cells.

    Returns:
        In the order of the first notebook that has them; none that an edition of the assignment has.
    """
    if len(notebooks) < FEWEST:
        return ()
    first: dict[tuple[str, str], tuple[int, str]] = {}
    counts: dict[tuple[str, str], int] = {}
    for cells in notebooks.values():
        for key, (cell, source) in _units(cells, assignment).items():
            first.setdefault(key, (cell, source))
            counts[key] = counts.get(key, 0) + 1
    shared = [key for key, count in counts.items() if count * 2 > len(notebooks)]
    return tuple(
        SharedText(
            "code" if kind == "code" else "text", key, first[kind, key][1], first[kind, key][0], count, len(notebooks)
        )
        for kind, key in shared[:MOST_SHOWN]
        for count in [counts[kind, key]]
    )


def _units(cells: Sequence[Cell], assignment: Assignment) -> dict[tuple[str, str], tuple[int, str]]:
    """What can be shared: by kind and key, the cell and the source."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for cell in cells:
        if cell.given or len(cell.source) > LONGEST:
            continue
        units = _code(cell) if cell.kind == "code" else _lines(cell, assignment)
        for key, source in units:
            found.setdefault(("code" if cell.kind == "code" else "text", key), (cell.index, source))
    return found


def _code(cell: Cell) -> Iterator[tuple[str, str]]:
    if len(words(cell.source)) >= FEWEST_WORDS:
        comments = (" ".join(words(comment.text)) for comment in code.comments(cell.source))
        yield "\n".join([form_of_code(cell.source), *comments]), cell.source


def _lines(cell: Cell, assignment: Assignment) -> Iterator[tuple[str, str]]:
    for line in LINE_BREAK.split(cell.source):
        plain = without_markup(line)
        key = words(plain)
        if len(key) >= FEWEST_WORDS and has_words(assignment.phrases.taken_out(plain)):
            yield " ".join(key), line.strip()
