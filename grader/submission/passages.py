"""The student's prose, wherever it stands, with the assignment's own words taken out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from grader.records import Cell, Passage
from grader.submission import code
from grader.submission.anchors import QUESTION_WORDS, Kind, find_anchors, whole_between
from grader.submission.guide import Guide
from grader.submission.places import Layout, Segment
from grader.submission.wording import has_words, sentences, without_markup

LONGEST_PASSAGE = 20_000
MOST_OUTPUT_LINES = 500
LONGEST_GAP = 80
"""Characters that an expression inside a printed text may stand for."""

_NO_UNIT = (
    r"(?!(?:segundos?|seg|minutos?|min|horas?|s|ms|veces|puntos?|mil|millones|por ciento|frente a|seconds?|minutes?|"
    r"hours?|times|points?|million|percent)\b)"
)
"""What stands behind a number that is an amount, and not the number of a question."""
_NUMBERED_ANSWER = re.compile(
    r"[\s#>*_|\-–•]*(?:\d{1,2}[.)]\s+)?[\s*_(\[]*"
    rf"(?:(?P<word>{QUESTION_WORDS})[\s.:nº°]*)?"
    r"(?:(?P<dotted>\d{1,2}\.\d{1,2})"
    rf"(?:[\s*_]*[:.)\]|=\-–—>→⇒][\s*_]*(?!\d)|\s+(?=(?-i:[\dA-ZÁÉÍÓÚÑ¿\"«]))|(?P<loose>\s+(?={_NO_UNIT}\w))|\s*$)"
    rf"|(?P<whole>\d{{1,2}})(?:[:)\]][\s*_]*|(?=\s*$)|(?P<bare>\s+(?={_NO_UNIT}\w))))",
    re.IGNORECASE,
)
"""``3.1: ``, ``| 3.1 | ``, ``2. (3.1) ``, ``Pregunta 4``, ``6)``: the beginning of a numbered answer."""
_PROSE_MAGIC = re.compile(r"^\s*%%(?:markdown|html|latex|HTML|javascript)\b[^\n]*\n")
_CODE_BEGINS = re.compile(r"[=(\[{.:@]|^\s*(?:import|from|del|return|try|else)\b")
_CODE_SIGNS = re.compile(r"[=\[\]{}]|\w\(|^\s*(?:import|from|def|class|for|if|return|print|model)\b|^\s*[!%@#]")


@dataclass(frozen=True)
class _Piece:
    """A passage on its way: with what decides whether it stays."""

    passage: Passage
    names: tuple[str, ...]
    shared: bool
    answer: bool
    """It stands after the mark of an answer place."""
    sure: bool
    """Plainly the student's; otherwise it may be a prompt in words that neither rubric nor assignment has."""


def find_passages(cells: Sequence[Cell], layout: Layout, guide: Guide) -> dict[str, tuple[Passage, ...]]:
    """The prose of every question. What stands in a shared place goes to all in it that have none of their own;
    what stands in no place, to all questions that have neither a place nor prose."""
    pieces = [piece for segment in layout.segments for piece in _pieces(segment, cells[segment.cell], guide)]
    own = {name: [piece for piece in pieces if name in piece.names and not piece.shared] for name in guide.ids}
    placed = {name: _surest(own[name]) for name in guide.ids}
    for name in guide.ids:
        placed[name] = placed[name] or _surest([piece for piece in pieces if name in piece.names])
    loose = [piece for piece in pieces if not piece.names and piece.sure]
    numbered = [(piece, numbered_parts(piece.passage, guide.ids)) for piece in pieces]
    passages: dict[str, tuple[Passage, ...]] = {}
    for name in guide.ids:
        parts = {id(piece): answers[name] for piece, answers in numbered if name in answers}
        found = [parts.get(id(piece), piece.passage) for piece in placed[name]]
        # Answers to several questions that are gathered in one place count beside what stands in a question's own.
        gathered = [piece for piece, answers in numbered if not placed[name] or (piece.sure and len(answers) > 1)]
        found += [parts[id(piece)] for piece in gathered if id(piece) in parts and piece not in placed[name]]
        if not found and not layout.cells[name]:
            found = [piece.passage for piece in loose]
        passages[name] = tuple(found)
    return passages


def numbered_parts(passage: Passage, ids: Sequence[str]) -> dict[str, Passage]:
    """Of a text that answers questions by their numbers, each question's part.

    Printed answers, the rows of a table and lists of answers are such texts. Empty for a text without a number of the
    kind ``3.1`` at the beginning of a line.
    """
    parts: dict[str, list[str]] = {}
    current: list[str] = []
    sure = _begins_answers(passage.text, ids)
    above, in_list = 0, False
    lines = [(line, _NUMBERED_ANSWER.match(line)) for line in passage.text.split("\n")]
    numbers = [(named["dotted"] or named["whole"]) if named else "" for _, named in lines]
    between = whole_between([number if number in ids else "" for number in numbers]) if sure else ()
    for at, (line, named) in enumerate(lines):
        if named and named["bare"] and at not in between:
            named = None
        number = (named["dotted"] or named["whole"]) if named and (sure or not named["loose"]) else ""
        if named and not named["dotted"] and not named["word"]:
            # After 8.3, "1)" begins a list within its answer, and "2)" goes on with that list.
            in_list = in_list or int(number) < above
            number = "" if in_list else number
        if named and number and (number in ids or any(name.startswith(f"{number}.") for name in ids)):
            above, in_list = int(number.split(".")[0]), False
            current = parts.setdefault(number, [])
            line = line[named.end() :]
        current.append(line.strip())
    if not any("." in number for number in parts):
        return {}
    texts = {number: "\n".join(lines).strip() for number, lines in parts.items() if number in ids}
    return {number: replace(passage, text=text) for number, text in texts.items() if has_words(text)}


def _begins_answers(text: str, ids: Sequence[str]) -> bool:
    """Whether "3.1 porque" begins an answer: it opens the text, or another one does so too. "3.1 veces" does not."""
    found = [_NUMBERED_ANSWER.match(line) for line in text.split("\n")]
    numbers = [named["dotted"] if named else None for named in found]
    return numbers[0] in ids or len({*numbers} & {*ids}) > 1


def _surest(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Where an answer place was filled in, text that may be a prompt is taken for one."""
    answered = any(piece.answer for piece in pieces)
    return [piece for piece in pieces if piece.sure or not answered]


def _pieces(segment: Segment, cell: Cell, guide: Guide) -> list[_Piece]:
    if cell.kind == "code" and not _PROSE_MAGIC.match(cell.source):
        found = _in_code(segment, cell, guide)
        return [_Piece(passage, segment.names, segment.shared, answer=False, sure=True) for passage in found]
    if cell.given:
        return []
    source = cell.source[segment.start : segment.stop]
    text = without_markup(_PROSE_MAGIC.sub("", source))
    own = guide.phrases.taken_out(text)
    sure = segment.answer or own != text or segment.found_by in ("none", "alignment") or _opens_cell(segment, cell)
    if segment.answer and segment.start and not has_words(own):
        own = text if has_words(text) and not _is_template(text, guide) else ""
    elif not segment.answer and segment.names:
        own = _without_questions(own, segment, guide)
    if not has_words(own):
        return []
    passage = Passage(cell.index, own[:LONGEST_PASSAGE].strip(), "markdown")
    return [_Piece(passage, segment.names, segment.shared, segment.answer, sure)]


def _opens_cell(segment: Segment, cell: Cell) -> bool:
    """Whether the segment is a whole cell, or its beginning: no heading stands above it in the cell."""
    return segment.start == 0 and not any(anchor.start == 0 and anchor.stop == 0 for anchor in find_anchors(cell))


def _is_template(text: str, guide: Guide) -> bool:
    """Whether an answer place holds just what the assignment put there."""
    places = [cell for cell in guide.assignment.cells if any(each.kind is Kind.MARKER for each in find_anchors(cell))]
    return any(without_markup(cell.source).endswith(text) for cell in places)


def _without_questions(text: str, segment: Segment, guide: Guide) -> str:
    """Text beside a heading without what asks: the prompt of another edition is not the student's."""
    if segment.start == 0:
        return text
    kept = []
    for line in text.split("\n"):
        own = [part for part in sentences(line) if not _asks(part) and not guide.echoes(part, segment.names)]
        kept.append(" ".join(own))
    return "\n".join(line for line in kept if line)


def _asks(sentence: str) -> bool:
    return sentence.rstrip("\"')]»*_ ").endswith("?") or sentence.lstrip("\"'([«*_ ").startswith("¿")


# --- prose in code ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    start: int
    line: int
    text: str
    source: Literal["comment", "print"]


def _in_code(segment: Segment, cell: Cell, guide: Guide) -> list[Passage]:
    """Comments, strings used as comments, printed strings, and prose typed into a code cell."""
    found = [each for each in _found(cell.source) if not (cell.given and each.source == "print")]
    inside = (_within(each, segment, cell.source) for each in found)
    complete = (replace(each, text=_as_printed(each.text, cell)) for each in inside if each is not None)
    here = sorted(complete, key=lambda each: each.start)
    passages: list[Passage] = []
    for run in _runs(here):
        text = guide.phrases.taken_out(without_markup("\n".join(each.text for each in run)))
        if has_words(text):
            passages.append(Passage(cell.index, text[:LONGEST_PASSAGE], run[0].source))
    return passages


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
