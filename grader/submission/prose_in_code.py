"""The student's prose in code cells: comments, strings used as comments, prints, and prose without any sign."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from grader.records import Cell, Passage
from grader.submission import code
from grader.submission.guide import Guide
from grader.submission.places import Segment
from grader.submission.wording import has_words, without_markup

LONGEST_PASSAGE = 20_000
MOST_OUTPUT_LINES = 500
LONGEST_GAP = 80
"""Characters that an expression inside a printed text may stand for."""

_CODE_BEGINS = re.compile(r"[=(\[{.:@]|^\s*(?:import|from|del|return|try|else)\b")
_CODE_SIGNS = re.compile(r"[=\[\]{}]|\w\(|^\s*(?:import|from|def|class|for|if|return|print|model)\b|^\s*[!%@#]")


@dataclass(frozen=True)
class _Found:
    start: int
    line: int
    text: str
    source: Literal["comment", "print"]


def passages_in_code(segment: Segment, cell: Cell, guide: Guide) -> list[Passage]:
    """Comments, strings used as comments, printed strings, and prose typed into a code cell."""
    inside = (_within(each, segment, cell.source) for each in _found(cell.source) if not _is_assignments(each, guide))
    complete = (replace(each, text=_as_printed(each.text, cell)) for each in inside if each is not None)
    here = sorted(complete, key=lambda each: each.start)
    passages: list[Passage] = []
    for run in _runs(here):
        text = guide.phrases.taken_out(without_markup("\n".join(each.text for each in run)))
        if has_words(text):
            passages.append(Passage(cell.index, text[:LONGEST_PASSAGE], run[0].source))
    return passages


def _is_assignments(each: _Found, guide: Guide) -> bool:
    """Whether the assignment's code prints the same, whatever it filled in."""
    return code.GAP in each.text and not has_words(guide.phrases.taken_out(each.text.replace(code.GAP, " ")))


def _as_printed(text: str, cell: Cell) -> str:
    """A text whose gaps the code fills, as the cell's saved output shows it; with blanks where none does."""
    if code.GAP not in text:
        return text
    shown = "\n".join(output.text for output in cell.outputs if output.kind != "error").split("\n")[:MOST_OUTPUT_LINES]
    lines = (
        next(filter(None, (_filled(line.split(code.GAP), printed) for printed in shown)), line)
        for line in text.split("\n")
    )
    return "\n".join(lines).replace(code.GAP, " ")


def _filled(parts: Sequence[str], printed: str) -> str:
    """The stretch of a printed line that has these parts with something short between them; empty if there is none."""
    if len(parts) < 2 or not has_words("".join(parts)):
        return ""
    start = printed.find(parts[0])
    end = start + len(parts[0])
    for part in parts[1:] if start >= 0 else ():
        after = printed.find(part, end, end + LONGEST_GAP + len(part)) if part else min(len(printed), end + LONGEST_GAP)
        if after < 0:
            return ""
        end = after + len(part)
    return printed[start:end] if start >= 0 else ""


@lru_cache(maxsize=64)
def _found(source: str) -> tuple[_Found, ...]:
    """All that can be read in a code cell; kept, since each of its segments asks for it."""
    return (*_comments(source), *_strings(source), *_typed(source))


def _within(each: _Found, segment: Segment, source: str) -> _Found | None:
    """The part of a find that stands in the segment: an answer can begin in the line that holds its number."""
    if segment.start <= each.start < segment.stop:
        return each
    end = source.find("\n", each.start)
    line_end = len(source) if end < 0 else end
    if each.source == "comment" and each.start < segment.start < min(line_end, segment.stop):
        return replace(each, start=segment.start, text=source[segment.start : line_end])
    return None


def _runs(found: Sequence[_Found]) -> list[list[_Found]]:
    """Neighbours of one kind belong together: comment lines without a gap, prints without a comment between."""
    runs: list[list[_Found]] = []
    for each in found:
        last = runs[-1][-1] if runs else None
        joined = last and last.source == each.source and (each.source == "print" or each.line == last.line + 1)
        if joined:
            runs[-1].append(each)
        else:
            runs.append([each])
    return runs


def _comments(source: str) -> list[_Found]:
    """Comments that are prose: not markers, not code put out of use."""
    lines = [
        _Found(comment.start, comment.line, comment.text, "comment")
        for comment in code.comments(source)
        if has_words(comment.text)
    ]
    return [each for run in _runs(lines) for each in _without_code(run)]


def _without_code(run: list[_Found]) -> list[_Found]:
    """Take out the longest stretches of a run that are code."""
    kept = []
    at = 0
    while at < len(run):
        longest = min(len(run), at + code.LONGEST_RUN) if _CODE_BEGINS.search(run[at].text) else at
        stop = next((stop for stop in range(longest, at, -1) if _is_code_run(run[at:stop])), at)
        if stop == at:
            kept.append(run[at])
        at = max(stop, at + 1)
    return kept


def _is_code_run(run: Sequence[_Found]) -> bool:
    return code.is_code(run[0].text) if len(run) == 1 else code.is_code("\n".join(each.text for each in run))


def _strings(source: str) -> list[_Found]:
    return [
        _Found(text.start, source.count("\n", 0, text.start), text.text, text.kind)
        for text in code.texts(source)
        if has_words(text.text) and not code.is_code(text.text)
    ]


def _typed(source: str) -> list[_Found]:
    """Prose typed into a code cell without any sign: such a cell does not parse."""
    if code.parse(source) is not None:
        return []
    found = []
    position = 0
    for number, line in enumerate(source.split("\n")):
        if len(line.split()) >= 4 and not _CODE_SIGNS.search(line) and not code.is_code(line):
            found.append(_Found(position, number, line.strip().strip("\"'"), "comment"))
        position += len(line) + 1
    return found
