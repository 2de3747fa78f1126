"""What most submissions of a class have in common, and no assignment notebook holds: probably another edition's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

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
MOST_READ = 200_000
"""Characters of a notebook; no handout is longer."""
MOST_SHOWN = 200
"""Texts that are kept."""


_Key = tuple[Literal["cell", "line", "code"], str]


def find_shared(notebooks: Mapping[str, Sequence[Cell]], assignment: Assignment) -> tuple[SharedText, ...]:
    """Text and code cells that stand alike in more than half of at least `FEWEST` submissions, and lines of text that
    do so in cells that differ.

    Args:
        notebooks: by submission, its cells.

    Returns:
        In the order of the first notebook that has them; none that an edition of the assignment has.
    """
    if len(notebooks) < FEWEST:
        return ()
    first: dict[_Key, tuple[int, str]] = {}
    counts: Counter[_Key] = Counter()
    for cells in notebooks.values():
        own = _units(cells, assignment)
        counts.update(own.keys())
        first = {**own, **first}
    shared = [key for key in first if counts[key] * 2 > len(notebooks)]
    inside = {*_lines_in(first[unit][1] for unit in shared if unit[0] == "cell")}
    return tuple(
        SharedText(
            "code" if kind == "code" else "text", key, first[kind, key][1], first[kind, key][0], count, len(notebooks)
        )
        for kind, key in sorted(shared, key=lambda unit: first[unit][0])[:MOST_SHOWN]
        for count in [counts[kind, key]]
        if kind != "line" or key not in inside
    )


def lines_of(source: str) -> Iterator[tuple[str, str]]:
    """The lines of a text that are long enough to be alike only where one was copied: their words, and themselves."""
    for line in LINE_BREAK.split(source):
        key = words(without_markup(line))
        if len(key) >= FEWEST_WORDS:
            yield " ".join(key), line.strip()


def _lines_in(sources: Iterable[str]) -> Iterator[str]:
    return (key for source in sources for key, _ in lines_of(source))


def _units(cells: Sequence[Cell], assignment: Assignment) -> dict[_Key, tuple[int, str]]:
    """What can be shared: by kind and key, the cell and the source."""
    found: dict[_Key, tuple[int, str]] = {}
    read = 0
    for cell in cells:
        read += min(len(cell.source), LONGEST)
        if read > MOST_READ:
            break
        if cell.given or len(cell.source) > LONGEST or len(whole := words(cell.source)) < FEWEST_WORDS:
            continue
        if cell.kind == "code":
            comments = (" ".join(words(comment.text)) for comment in code.comments(cell.source))
            found.setdefault(("code", "\n".join([form_of_code(cell.source), *comments])), (cell.index, cell.source))
        elif has_words(assignment.phrases.taken_out(without_markup(cell.source))):
            found.setdefault(("cell", " ".join(whole)), (cell.index, cell.source))
            for key, line in lines_of(cell.source):
                if has_words(assignment.phrases.taken_out(without_markup(line))):
                    found.setdefault(("line", key), (cell.index, line))
    return found
