"""The student's prose, wherever it stands, with the assignment's own words taken out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.records import Cell, Passage
from grader.submission import code
from grader.submission.anchors import QUESTION_WORDS, Kind, find_anchors, whole_between
from grader.submission.guide import Guide
from grader.submission.places import Layout, Segment
from grader.submission.prose_in_code import LONGEST_PASSAGE, passages_in_code
from grader.submission.wording import Phrases, fold, has_words, sentences, without_markup, words

A_SENTENCE = 6
"""Words in a comment or a print from which it is likely an answer."""
ACCOUNTED_FOR = 0.6
"""Share of a question's statement that has to be known again beside its heading, for the rest to be the student's."""

_NO_UNIT = (
    r"(?!(?:segundos?|seg|minutos?|min|horas?|s|ms|veces|puntos?|mil|millones|por ciento|frente a|seconds?|minutes?|"
    r"hours?|times|points?|million|percent)\b)"
)
"""What stands behind a number that is an amount, and not the number of a question."""
_NUMBERED_ANSWER = re.compile(
    r"[\s#>*_|\-–•]*(?:\d{1,2}[.)]\s+)?[\s*_(\[]*"
    rf"(?:(?P<word>{QUESTION_WORDS})[\s.:nº°]*)?"
    r"(?:(?P<dotted>\d{1,2}\.\d{1,2})"
    rf"(?:[\s*_]*[:.)\]|=\-–—>→⇒][\s*_]*(?!\d)|\s+(?=(?-i:[\dA-ZÁÉÍÓÚÑ¿\"«(\[]))|(?P<loose>\s+(?={_NO_UNIT}\w))|\s*$)"
    rf"|(?P<whole>\d{{1,2}})(?:[:)\]][\s*_]*|(?=\s*$)|(?P<bare>\s+(?={_NO_UNIT}\w))))",
    re.IGNORECASE,
)
"""``3.1: ``, ``| 3.1 | ``, ``2. (3.1) ``, ``Pregunta 4``, ``6)``: the beginning of a numbered answer."""
_PROSE_MAGIC = re.compile(r"^\s*%%(?:markdown|html|latex|HTML|javascript)\b[^\n]*\n")
_ORDER = re.compile(
    r"[^a-z]*(?:(?:explic|defin|entren|evalu|ejecut|cre|predi|prueb|prob|describ|razon|indic|compar|coment|calcul|realiz|"
    r"observ|utiliz|us|escrib|mostr|muestr|imprim|quit|elimin|anad|cambi|analiz|justific|respond|recuerd|piens)"
    r"(?:[ae]|c?e|[aei]r|[aei]d)|haz|hacer|di|decir|fijate|ten en cuenta|explain|define|train|evaluate|run|create|"
    r"predict|try|describe|compare|discuss|compute|show|print|remove|add|change|write|use|remember|note|think)\b"
)
"""How a sentence begins that tells somebody to do something, folded."""
_PICTURE = re.compile(r"!\[[^\[\]\n]*\]\([^()\n]*\)|<img\b[^<>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class Prose:
    """What a notebook says at every question."""

    passages: Mapping[str, tuple[Passage, ...]]
    pictures: Mapping[str, tuple[int, ...]]
    """Cells with pictures of the student's, which nobody has read."""


@dataclass(frozen=True)
class _Piece:
    """A passage on its way: with what decides where it goes."""

    passage: Passage
    names: tuple[str, ...]
    shared: bool
    headed: tuple[str, ...] = ()
    """All questions that the headings above it name."""
    picture: bool = False
    statement: str = ""
    """All of a text that may be the question's statement."""

    @property
    def sure(self) -> bool:
        """Plainly the student's, and there is something to read."""
        return has_words(self.passage.text) and not self.passage.perhaps_given

    @property
    def answers(self) -> bool:
        """Likely all that its question has to say: text, or a sentence in code, and no label beside values."""
        said = [word for word in words(self.passage.text) if word.isalpha() and len(word) > 1]
        return self.sure and (self.passage.source == "markdown" or len(said) >= A_SENTENCE)


@dataclass(frozen=True)
class _Divided:
    """A piece, and what of it stands under the numbers of questions."""

    piece: _Piece
    answers: Mapping[str, Passage]
    """By question; empty where no number begins a line."""
    rest: Passage
    """What stands above the first number, or all of it."""


def find_prose(cells: Sequence[Cell], layout: Layout, guide: Guide) -> Prose:
    """The prose of every question. What stands in a shared place goes to all in it that have none of their own;
    what stands in no place, to all questions that have neither a place nor prose.

    What may be a question's statement, in words that neither rubric nor assignment has, takes nobody's place.
    """
    found = _all_pieces(cells, layout, guide)
    pieces = [piece for piece in found if has_words(piece.passage.text)]
    own = {name: [piece for piece in pieces if name in piece.names and not piece.shared] for name in guide.ids}
    placed = {
        name: own[name] if any(piece.answers for piece in own[name]) else _offered(name, pieces, guide)
        for name in guide.ids
    }
    lacking = frozenset(name for name in guide.ids if not _answers(own[name]))
    divided = [_Divided(piece, *numbered_parts(piece.passage, guide.ids, lacking)) for piece in pieces]
    loose = tuple(
        each.rest for each in divided if not each.piece.names and each.piece.sure and has_words(each.rest.text)
    )
    passages: dict[str, tuple[Passage, ...]] = {}
    for name in guide.ids:
        here = _of_question(name, placed[name], divided)
        passages[name] = here if here or layout.cells[name] else loose
    pictures = {
        name: tuple(sorted({piece.passage.cell for piece in found if piece.picture and name in piece.names}))
        for name in guide.ids
    }
    return Prose(passages, pictures)


def _of_question(name: str, placed: Sequence[_Piece], divided: Sequence[_Divided]) -> tuple[Passage, ...]:
    """What a question's places hold, but for answers under other questions' numbers; and answers under its own number
    from elsewhere: beside an answer in its own place, those that are gathered in one text with others'."""
    answered = any(piece.answers for piece in placed)
    places = {id(piece) for piece in placed}
    here = [each for each in divided if id(each.piece) in places]
    parts = [each.answers.get(name, each.rest) for each in here]
    found = [part for part in parts if has_words(part.text)] or [each.piece.passage for each in here]
    for each in divided:
        gathered = not answered or (each.piece.sure and len(each.answers) > 1)
        if id(each.piece) not in places and name in each.answers and gathered:
            found.append(each.answers[name])
    return tuple(found)


def _answers(pieces: Sequence[_Piece]) -> bool:
    return any(piece.sure for piece in pieces)


def _offered(name: str, pieces: Sequence[_Piece], guide: Guide) -> list[_Piece]:
    """What a question without prose of its own shares with others; else what stands below its heading in the place of
    one that asks for none."""
    shared = [piece for piece in pieces if name in piece.names]
    if _answers(shared) or not code.asks_for_prose(guide.question(name)):
        return shared
    beside = [
        piece
        for piece in pieces
        if piece.sure and name in piece.headed and not any(code.asks_for_prose(guide.question(n)) for n in piece.names)
    ]
    return [*shared, *beside]


def numbered_parts(
    passage: Passage, ids: Sequence[str], lacking: Collection[str] = frozenset()
) -> tuple[dict[str, Passage], Passage]:
    """Of a text that answers questions by their numbers, each question's part, and what stands above them all.

    Printed answers, the rows of a table and lists of answers are such texts. Of a text without a number of the kind
    ``3.1`` at the beginning of a line there are no parts, and the rest is all of it.

    Args:
        lacking: questions without an answer of their own: of two answers under one number, the second is the next
            question's where that one lacks it.
    """
    parts: dict[str, list[str]] = {}
    current: list[str] = []
    rest = current
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
            if number in ids and has_words("".join(parts.get(number, ()))):
                after = next(iter(ids[ids.index(number) + 1 :]), "")
                number = after if after in lacking and after not in numbers else number
            above, in_list = int(number.split(".")[0]), False
            current = parts.setdefault(number, [])
            line = line[named.end() :]
        current.append(line.strip())
    if not any("." in number for number in parts):
        return {}, passage
    texts = {number: "\n".join(lines).strip() for number, lines in parts.items() if number in ids}
    answers = {number: replace(passage, text=text) for number, text in texts.items() if has_words(text)}
    return answers, replace(passage, text="\n".join(rest).strip())


def _begins_answers(text: str, ids: Sequence[str]) -> bool:
    """Whether "3.1 porque" begins an answer: it opens the text, or another one does so too. "3.1 veces" does not."""
    found = [_NUMBERED_ANSWER.match(line) for line in text.split("\n")]
    numbers = [named["dotted"] if named else None for named in found]
    return numbers[0] in ids or len({*numbers} & {*ids}) > 1


def _all_pieces(cells: Sequence[Cell], layout: Layout, guide: Guide) -> list[_Piece]:
    """All that can be read, in order. Below a heading that stands alone, a cell may be the question's statement."""
    found: list[_Piece] = []
    alone = False
    with_points = _ends_of_headings_with_points(cells)
    for segment in layout.segments:
        cell = cells[segment.cell]
        if cell.kind == "code" and not _PROSE_MAGIC.match(cell.source):
            in_code = passages_in_code(segment, cell, guide)
            found += [_Piece(passage, segment.names, segment.shared, segment.headed) for passage in in_code]
            alone = False
        elif not cell.given:
            found += _in_text(segment, cell, guide, below_bare_heading=alone)
        if cell.kind != "code":
            # Nothing stands beside a heading that names its points, as a handout's do: what is asked stands below.
            bare = not has_words(without_markup(cell.source[segment.start : segment.stop]))
            alone = bare and (segment.cell, segment.start) in with_points
    return _without_copies(found)


def _ends_of_headings_with_points(cells: Sequence[Cell]) -> frozenset[tuple[int, int]]:
    """(position of the cell, position in its text) after each heading that names its points."""
    return frozenset(
        (position, anchor.stop)
        for position, cell in enumerate(cells)
        if cell.kind != "code"
        for anchor in find_anchors(cell)
        if anchor.points is not None
    )


def _in_text(segment: Segment, cell: Cell, guide: Guide, *, below_bare_heading: bool) -> list[_Piece]:
    title_ends = _end_of_title(segment, cell)
    if title_ends > segment.start:
        title = _part(replace(segment, stop=title_ends), cell, guide, is_statement=True)
        return title + _part(replace(segment, start=title_ends), cell, guide)
    return _part(segment, cell, guide, below_bare_heading=below_bare_heading)


def _end_of_title(segment: Segment, cell: Cell) -> int:
    """Where the rest of a heading's own line ends, if it is marked as a heading and names the question."""
    line = cell.source.rfind("\n", 0, segment.start) + 1
    if segment.answer or line == segment.start or not cell.source[line : segment.start].lstrip().startswith("#"):
        return segment.start
    end = cell.source.find("\n", segment.start, segment.stop)
    return segment.stop if end < 0 else end


def _part(
    segment: Segment, cell: Cell, guide: Guide, *, below_bare_heading: bool = False, is_statement: bool = False
) -> list[_Piece]:
    text = without_markup(_PROSE_MAGIC.sub("", cell.source[segment.start : segment.stop]))
    own = guide.phrases.taken_out(text)
    perhaps_given = False
    original = text
    if segment.answer and segment.start and not has_words(own):
        own = text if has_words(text) and not _is_template(text, guide) else ""
    elif not segment.answer and segment.names:
        perhaps_given = is_statement or not _is_students(segment, cell, text, own, guide)
        asked = _without_questions(own, segment, guide)
        if segment.start:
            own = asked
        elif below_bare_heading and own == text and _asks_anything(own):
            own, perhaps_given = asked, True
    picture = not perhaps_given and any(not guide.assignment.shows(each) for each in _pictures(segment, cell))
    if not has_words(own) and not picture:
        return []
    passage = Passage(cell.index, own[:LONGEST_PASSAGE].strip(), "markdown", perhaps_given)
    return [_Piece(passage, segment.names, segment.shared, segment.headed, picture, original if perhaps_given else "")]


def _pictures(segment: Segment, cell: Cell) -> list[str]:
    return _PICTURE.findall(cell.source[segment.start : segment.stop])


def _is_students(segment: Segment, cell: Cell, text: str, own: str, guide: Guide) -> bool:
    """Whether what is left of a text outside answer places is plainly the student's: it stands in a cell of its own,
    beside a statement that is known to its end, or where nothing is asked."""
    if segment.found_by in ("none", "alignment") or _opens_cell(segment, cell):
        return True
    if not _asks_anything(own):
        return True
    taken = len(words(text)) - len(words(own))
    return any(taken >= ACCOUNTED_FOR * size for name in segment.names for size in guide.sizes[name])


def _asks_anything(text: str) -> bool:
    """Whether a text asks or tells somebody to do something, as a question's statement does."""
    return any(_asks(sentence) or _ORDER.match(fold(sentence)) for sentence in sentences(text))


def _without_copies(pieces: Sequence[_Piece]) -> list[_Piece]:
    """What is copied from a statement in unknown words is no more the student's than the statement is."""
    stated = [piece for piece in pieces if piece.statement]
    kept = []
    for piece in pieces:
        texts = [other.statement for other in stated if set(other.names) & set(piece.names)]
        if texts and piece.sure:
            own = Phrases.of(texts).taken_out(piece.passage.text)
            copied = not has_words(own)
            passage = replace(piece.passage, text=piece.passage.text if copied else own, perhaps_given=copied)
            piece = replace(piece, passage=passage)
        kept.append(piece)
    return kept


def _opens_cell(segment: Segment, cell: Cell) -> bool:
    """Whether the segment is a whole cell, or its beginning: no heading stands above it in the cell."""
    return segment.start == 0 and not any(anchor.start == 0 and anchor.stop == 0 for anchor in find_anchors(cell))


def _is_template(text: str, guide: Guide) -> bool:
    """Whether an answer place holds just what the assignment put there."""
    places = [cell for cell in guide.assignment.cells if any(each.kind is Kind.MARKER for each in find_anchors(cell))]
    return any(without_markup(cell.source).endswith(text) for cell in places)


def _without_questions(text: str, segment: Segment, guide: Guide) -> str:
    """A text without what asks: the prompt of another edition is not the student's."""
    kept = []
    for line in text.split("\n"):
        own = [part for part in sentences(line) if not _asks(part) and not guide.echoes(part, segment.names)]
        kept.append(" ".join(own))
    return "\n".join(line for line in kept if line)


def _asks(sentence: str) -> bool:
    return sentence.rstrip("\"')]»*_ ").endswith("?") or sentence.lstrip("\"'([«*_ ").startswith("¿")
