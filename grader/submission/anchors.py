"""Where a cell names a question: headings, the marks of answer places, and answers that carry a number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice, zip_longest

from grader.records import Cell
from grader.submission import code
from grader.submission.wording import LINE_BREAK, fold_in_place, without_markup

MOST_LINES = 1_000
"""Lines of one cell that are looked at."""


class Kind(Enum):
    """How an anchor names its question, the strongest first."""

    HEADING = "heading"
    """``**Pregunta 3.1 (0.25 puntos):**``"""
    NUMBERED = "numbered"
    """``## 3.1 Predicciones``, ``# ===== 3.1 =====``: a heading with a number and no word for question."""
    MARKER = "marker"
    """``Tu respuesta a la pregunta 3.1 aquí:``, ``### Tu código para 512 neuronas aquí ###``"""
    ITEM = "item"
    """``3.1: ...`` or ``a) ...`` at the start of an answer's line."""
    SECTION = "section"
    """A heading of the assignment's own that names no question: what follows leads in to the next question."""
    ALIGNED = "aligned"
    """No words of its own: the cell is one of the assignment's, or quotes the question."""


OPENERS = (Kind.HEADING, Kind.NUMBERED, Kind.ALIGNED)
"""Anchors that open a place; several in one cell open it for all their questions."""


@dataclass(frozen=True)
class Anchor:
    """A place in the notebook at which a question, or the answer to one, begins."""

    kind: Kind
    cell: int
    start: int
    """Position in the cell's source at which the anchor's own words begin."""
    stop: int
    """Position after the anchor's own words."""
    numbers: tuple[str, ...] = ()
    word: str = ""
    """``pregunta``, ``ejercicio``, ...: notebooks number sections with one and questions with the other."""
    points: float | None = None
    text: str = ""
    """The words by which it can be recognised: its own and those below it in the cell."""
    in_code: bool = False

    @property
    def at(self) -> tuple[int, int]:
        """Position in the notebook."""
        return self.cell, self.start


QUESTION_WORDS = r"preguntas?|ejercicios?|questions?|exercises?|preg|apartado|actividad|[pq](?=\d)"
"""Words for a question, as a part of a regular expression over folded text."""
_WORD = rf"(?P<word>{QUESTION_WORDS})"
_ONE = r"(?>\d{1,2}(?:\s?[.,]\s?\d{1,2}|\s?[.\-]?[a-e](?![a-z]))?)"
_NUMBERS = (
    rf"(?:n(?:[º°o]|um(?:ero)?)?\.?\s*|#\s*)?(?P<numbers>{_ONE}"
    rf"(?:[\s*_]*(?:,|/|&|\by\b|\be\b|\band\b|-)[\s*_]*(?:(?:{QUESTION_WORDS})\s*)?{_ONE})*+)"
)
_POINTS = r"[(\[{]\s*(?P<points>\d+(?:[.,]\d+)?)\s*(?:puntos?|ptos?|pts?|points?|p)\b\.?\s*[)\]}]"
_MARKS = r"(?:[\s*_`~\\]|</?[a-z][^<>\n]*>)*+"
_LEAD = r"(?P<lead>(?:[\s>*_#\-+•·|\\~`]|&nbsp;|<[^<>\n]*>|\d{1,2}[.)]\s)*)"

_HEADING_LINE = re.compile(
    rf"^{_LEAD}[¿¡(\[]?{_WORD}\.?{_MARKS}{_NUMBERS}{_MARKS}(?P<tail>[.):\]\-–—]*)(?:{_MARKS}{_POINTS})?{_MARKS}"
    r"(?P<end>[:.\-–—)]*)",
)
_HEADING_INSIDE = re.compile(rf"{_WORD}{_MARKS}{_NUMBERS}[\s*_`~\\:.]*{_POINTS}[\s*_`~\\]*[:.\-–—]*")
_TITLED_LINE = re.compile(
    rf"^\s*(?:#{{1,6}}|\*\*|__)[^\n(\[]*[(\[]\s*(?:(?:la|las|el|los|the)\s+)?{_WORD}{_MARKS}{_NUMBERS}"
    r"(?:\s*[,;:][^\d)\]]*)?[)\]][\s*_#.:]*$"
)
"""A heading of the student's own that says in brackets which question it is: "## Predictions (question 3)"."""
_NUMBERED_LINE = re.compile(
    rf"^\s*(?P<hashes>#{{1,6}})[\s*_]*(?P<numbers>\d{{1,2}}(?:\.\d{{1,2}})?)(?P<sep>[\s*_.:)\-–—]+|$)(?:{_POINTS})?"
)
_RULED_LINE = re.compile(rf"^[\s#]*[=\-*~_]{{2,}}[\s#]*(?:{_WORD}\s*)?{_NUMBERS}[\s.:)]*[=\-*~_#][\s=\-*~_#]*$")
_MARKER_LINE = re.compile(
    r"^[\s>*_#\-+•|\\~`\"'(\[]*(?:<[^<>\n]*>\s*)*"
    r"(?:(?:escrib[ea]|pon|introduce|write|aqui|va)\s+)?(?:(?:tu|mi|la|el|su|your|my|the|nuestra)\s+)?"
    r"(?P<what>respuestas?|answers?|codigo|code|solucion|solution|rta|rpta|resp|comentarios?|r(?=[\s*_]*(?:\d|:)))\b"
    r"(?P<middle>[^:\n]{0,120}?)"
    r"(?P<end>\b(?:aqui|here)\b[\s*_`#:.\-)\]]*|:[\s*_`#]*|[\s*_`#.\-)]*$)"
)
_ITEM_LINE = re.compile(
    rf"^(?P<lead>[\s>*_\-+•#\"']*)(?:(?P<number>\d{{1,2}}(?:[.,]\d{{1,2}})?)|(?P<letter>[a-e])(?=[\s*_]*\)))"
    rf"(?P<sep>[\s*_]*(?:{_POINTS})?[\s*_]*(?:[:)\]=]|\.(?!\d)|[\-–—](?=\s))+[\s*_]*|\s+(?=[A-ZÁÉÍÓÚÑ¿\"])|[*_]+\s)"
)
_PLAIN_MENTION = re.compile(
    r"^\s*(?:y|e|o|,|and|or|es|son|fue|era|esta|estan|se|no|ya|hay|he|hemos|ha|tiene|tienen|tenia|usa|pide|piden|dice|"
    r"tambien|como|donde|cuando|vemos|el|la|los|las|que|de|del|en|con|para|por|a|al|is|are|was|were|has|asks|we)\b"
)


def find_anchors(cell: Cell) -> list[Anchor]:
    """All anchors of one cell, in order, each with the words that tell which question it names."""
    found = _in_code(cell) if cell.kind == "code" else _in_prose(cell)
    found.sort(key=lambda anchor: anchor.start)
    return [_with_text(cell, anchor, after) for anchor, after in zip_longest(found, found[1:])]


def _with_text(cell: Cell, anchor: Anchor, after: Anchor | None) -> Anchor:
    if anchor.kind is Kind.ITEM:
        return anchor
    own = cell.source[anchor.start : anchor.stop]
    if anchor.in_code:
        return replace(anchor, text=own)
    end = after.start if after else len(cell.source)
    below = cell.source[anchor.stop : end]
    return replace(anchor, text=own if anchor.kind is Kind.MARKER else without_markup(f"{own} {below}")[:3000])


def _lines(source: str) -> list[tuple[int, str]]:
    """(position, line) of a source's lines, as they are shown: some tags begin a new one."""
    found, position = [], 0
    for end in islice(LINE_BREAK.finditer(source), MOST_LINES - 1):
        found.append((position, source[position : end.start()]))
        position = end.end()
    return [*found, (position, source[position:])]


def _in_prose(cell: Cell) -> list[Anchor]:
    found: list[Anchor] = []
    for position, line in _lines(cell.source):
        found.extend(_in_line(cell.index, position, line, in_code=False))
    return found


def _in_code(cell: Cell) -> list[Anchor]:
    """Anchors in comments, in strings that are shown, and in lines of code cells that were meant as comments."""
    found: list[Anchor] = []
    for comment in code.comments(cell.source):
        if comment.alone:
            line = cell.source[comment.start : comment.start + 2000].split("\n", 1)[0]
            found.extend(_in_line(cell.index, comment.start, line, in_code=True))
    if code.parse(cell.source) is None:
        taken = {anchor.start for anchor in found}
        for position, line in _lines(cell.source):
            if position not in taken and not line.lstrip().startswith("#"):
                found.extend(_in_line(cell.index, position, line, in_code=True))
    return found


def _in_line(cell: int, position: int, line: str, *, in_code: bool) -> list[Anchor]:
    folded = fold_in_place(line[:2000])
    heading = _HEADING_LINE.match(folded)
    if heading and _is_heading(heading, folded, in_code):
        return [
            _anchor(Kind.HEADING, cell, position, heading, in_code),
            *_inside(cell, position, folded, heading.end()),
        ]
    titled = None if in_code else _TITLED_LINE.match(folded)
    if titled:
        return [_anchor(Kind.HEADING, cell, position, titled, in_code)]
    marker = _MARKER_LINE.match(folded)
    if marker and (anchor := _marker(cell, position, marker, in_code)):
        return [anchor]
    inside = [] if in_code else _inside(cell, position, folded, 0)
    if inside:
        return inside
    numbered = (_RULED_LINE if in_code else _NUMBERED_LINE).match(folded)
    if numbered:
        return [_anchor(Kind.NUMBERED, cell, position, numbered, in_code)]
    item = _ITEM_LINE.match(_fold_letters(line[:2000]))
    return [_item(cell, position, item, in_code)] if item else []


def _fold_letters(line: str) -> str:
    """Accents stay and so does case, but for list letters."""
    return re.sub(r"^([\s>*_\-+•#\"']*)([A-E])(?=[\s*_]*\))", lambda match: match[1] + match[2].lower(), line)


def _is_heading(match: re.Match[str], folded: str, in_code: bool) -> bool:
    """A line that begins with a question's name, not a sentence that happens to: "Pregunta 3 se parece a la 1"."""
    if match["points"] is not None:
        return True
    rest = folded[match.end() :]
    marked = "#" in match["lead"] and not in_code
    emphasised = "*" in match["lead"] or "_" in match["lead"] or "<" in match["lead"]
    short = len(match["word"]) == 1
    closed = bool(match["tail"] or match["end"]) or not rest.strip(" *_#`~\\") or rest.lstrip(" *_")[:1] in '¿¡"«('
    return marked or emphasised or closed or not (short or _PLAIN_MENTION.match(rest))


def _inside(cell: int, position: int, folded: str, start: int) -> list[Anchor]:
    """Headings within a line: a number with its points cannot be a mere mention."""
    return [
        _anchor(Kind.HEADING, cell, position, match, False)
        for match in _HEADING_INSIDE.finditer(folded, start)
        if match["points"] is not None
    ]


def _anchor(kind: Kind, cell: int, position: int, match: re.Match[str], in_code: bool) -> Anchor:
    groups = match.groupdict()
    word = (groups.get("word") or "").rstrip("s")
    points = groups.get("points")
    return Anchor(
        kind=kind,
        cell=cell,
        start=position + match.start(),
        stop=position + match.end(),
        numbers=numbers_in(groups["numbers"]),
        word={"preg": "pregunta", "p": "pregunta", "q": "question"}.get(word, word),
        points=float(points.replace(",", ".")) if points else None,
        in_code=in_code,
    )


def _marker(cell: int, position: int, match: re.Match[str], in_code: bool) -> Anchor | None:
    """A marker names its question, or else ends like one: "la respuesta es 9" is an answer."""
    middle = match["middle"]
    named = re.search(rf"{_WORD}{_MARKS}{_NUMBERS}", middle) or re.fullmatch(
        rf"[\s*_]*(?:a\s+la\s+|de\s+la\s+|a\s+|to\s+)?{_NUMBERS}[\s*_().]*", middle
    )
    placed = bool(re.match(r"aqui|here", match["end"]))
    if not named and not placed and (in_code or middle.strip(" *_`#().-")):
        return None
    anchor = Anchor(
        kind=Kind.MARKER,
        cell=cell,
        start=position + match.start(),
        stop=position + match.end(),
        numbers=numbers_in(named["numbers"]) if named else (),
        word=match["what"].rstrip("s"),
        in_code=in_code,
    )
    is_sentence = not placed and not match["end"].startswith(":") and named and middle[named.end() :].strip(" *_`#().-")
    return replace(anchor, stop=anchor.start) if is_sentence else anchor


def _item(cell: int, position: int, match: re.Match[str], in_code: bool) -> Anchor:
    number = match["number"].replace(",", ".") if match["number"] else match["letter"]
    points = match["points"]
    return Anchor(
        kind=Kind.ITEM,
        cell=cell,
        start=position + match.start(),
        stop=position + match.end(),
        numbers=(number,),
        points=float(points.replace(",", ".")) if points else None,
        in_code=in_code,
    )


def numbers_in(text: str) -> tuple[str, ...]:
    """The question numbers in a heading's words, dotted: "4,1 y 4.2" gives 4.1 and 4.2, "3b" gives 3.2."""
    found = []
    for match in re.finditer(_ONE, text):
        number = re.sub(r"\s", "", match.group()).replace(",", ".")
        letter = re.fullmatch(r"(\d+)[.\-]?([a-e])", number)
        found.append(f"{letter[1]}.{'abcde'.index(letter[2]) + 1}" if letter else number)
    return tuple(found)


def whole_between(numbers: Sequence[str]) -> frozenset[int]:
    """Places of the whole numbers in a row that stand between smaller and larger dotted ones: the 6 of 5.2, 6, 7.1.

    A bare "6" is an answer's number only there; most bare numbers count a list's points. An empty text is no number.
    """
    found: set[int] = set()
    waiting: list[tuple[int, int]] = []
    below: int | None = None
    for at, number in enumerate(numbers):
        if "." in number:
            above = int(number.split(".")[0])
            found.update(place for place, own in waiting if own < above)
            waiting, below = [], above
        elif number.isdecimal() and below is not None and below < int(number):
            waiting.append((at, int(number)))
    return frozenset(found)
