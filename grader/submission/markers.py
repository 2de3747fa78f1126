"""Which question each mark of an answer place names: by its words, its number, the heading above, the code below."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, zip_longest

from grader.records import Cell
from grader.submission.anchors import Anchor
from grader.submission.guide import Guide
from grader.submission.naming import CLEAR, Named, Names, code_below
from grader.submission.wording import fold, has_words, without_markup


def name_markers(
    markers: Sequence[Anchor],
    headings: Sequence[Named],
    cells: Sequence[Cell],
    guide: Guide,
    known: Mapping[str, Names],
) -> list[Named]:
    """Find each marker's questions.

    A heading binds more than a marker below it that names another question: markers are copied along with code, and
    their numbers are those of an older edition. It gives way where the marker's question has nothing of its own.

    Args:
        known: what the assignment's own markers stand for, by their words.
    """
    found = [
        replace(each, named=Named(each.named.anchor, _settled(each, headings, cells, guide)))
        for each in _stated(markers, headings, cells, guide, known)
    ]
    return _second_answers(_in_order(found, guide), headings, guide)


@dataclass(frozen=True)
class _Marked:
    """A marker on its way: what it states, what stands above it, and what follows it."""

    named: Named
    stated: Names
    above: Names
    heading: int | None
    """The cell of the heading above it; None where there is none."""
    source: str
    """For a marker in code: the code below it in its cell, up to the next marker."""
    filled: bool
    """For a marker in prose: the student wrote something after it."""
    alone: bool
    """No other such marker of the same questions stands in their own place, filled in if it is one for prose."""
    each_at_home: bool
    """It states several questions, each of which has a marker that states the same below its own heading."""


def _stated(
    markers: Sequence[Anchor],
    headings: Sequence[Named],
    cells: Sequence[Cell],
    guide: Guide,
    known: Mapping[str, Names],
) -> list[_Marked]:
    headed = {name for heading in headings if len(heading.names) == 1 for name in heading.names}
    numbers = {number: named.names for named in headings for number in named.anchor.numbers if named.names}
    stated = [known.get(fold_marker(m)) or _by_number(m, numbers, guide) for m in markers]
    aboves = [_above(marker, headings) for marker in markers]
    placed = {
        (name, marker.in_code)
        for marker, names, above in zip(markers, stated, aboves, strict=True)
        for name in set(names) & set(above)
    }
    below = list(_below(markers, cells))
    filled = [has_words(guide.phrases.taken_out(without_markup(text))) for _, text in below]
    at_home = {
        (name, marker.in_code)
        for marker, names, above, is_filled in zip(markers, stated, aboves, filled, strict=True)
        if marker.in_code or is_filled
        for name in set(names) & set(above)
    }
    homes = {
        (names, marker.in_code, above[0])
        for marker, names, above in zip(markers, stated, aboves, strict=True)
        if len(above) == 1
    }
    found = []
    for marker, names, above, (source, _), is_filled in zip(markers, stated, aboves, below, filled, strict=True):
        chosen = names or _by_words(marker, above, guide)
        is_known = fold_marker(marker) in known
        if names and not is_known and set(names) <= headed and above and not _meets(above, names, placed, marker):
            chosen = _by_words(marker, above, guide) or above
        before = [heading.anchor.cell for heading in headings if heading.anchor.at <= marker.at]
        heading = before[-1] if before else None
        alone = not any((name, marker.in_code) in at_home for name in names)
        each = len(names) > 1 and all((names, marker.in_code, name) in homes for name in names)
        found.append(_Marked(Named(marker, chosen), names, above, heading, source, is_filled, alone, each))
    return found


def _meets(above: Names, names: Names, placed: Collection[tuple[str, bool]], marker: Anchor) -> bool:
    """Whether the questions of the heading above have a marker of their own: this one, or another of its kind."""
    return any(name in names or (name, marker.in_code) in placed for name in above)


def _below(markers: Sequence[Anchor], cells: Sequence[Cell]) -> Iterator[tuple[str, str]]:
    """For each marker: the code below it in its cell, and the text behind it, both up to the next marker."""
    for marker, after in zip_longest(markers, markers[1:]):
        source = cells[marker.cell].source
        stop = after.start if after and after.cell == marker.cell else len(source)
        yield (source[marker.start : stop], "") if marker.in_code else ("", source[marker.stop : stop])


def _settled(marked: _Marked, headings: Sequence[Named], cells: Sequence[Cell], guide: Guide) -> Names:
    """What a marker names, once the heading above and the code below have been heard."""
    chosen, stated, above = marked.named.names, marked.stated, marked.above
    if marked.each_at_home and len(above) == 1 and above[0] in stated:
        return above
    if not stated or set(stated) & set(above) or marked.heading is None:
        return chosen
    fits = guide.fit(stated, [marked.source]) if marked.source else None
    at_home = marked.named.anchor.in_code and _held(stated, headings, cells, guide)
    if not above:  # below a heading that is about something else
        return () if at_home and fits is False else chosen
    if at_home or (not marked.alone and fits is not True):
        return above
    heading_fits = guide.fit(above, [marked.source]) if marked.source else None
    if fits and not heading_fits:
        return stated
    return above if heading_fits and fits is False else chosen


def _held(names: Names, headings: Sequence[Named], cells: Sequence[Cell], guide: Guide) -> bool:
    """Whether the questions' own place, below their heading, holds code that does what they ask."""
    places = zip(headings, code_below([heading.anchor for heading in headings], cells), strict=True)
    return any(set(heading.names) & set(names) and guide.fit(names, below) for heading, below in places)


def fold_marker(marker: Anchor) -> str:
    """A marker's words alone, to compare it with the assignment's."""
    return " ".join(re.findall(r"[a-z]+|\d+(?:[.,]\d+)?", fold(marker.text)))


def _by_number(marker: Anchor, numbers: Mapping[str, Names], guide: Guide) -> Names:
    """Headings teach which edition's numbers are used; a marker with words of its own is read first."""
    told = [numbers.get(number) or guide.groups.get(number, ()) for number in marker.numbers]
    return guide.ordered(name for names in told for name in names) if told and all(told) else ()


def _by_words(marker: Anchor, above: Names, guide: Guide) -> Names:
    """The question whose words the marker uses, those named above it first."""
    scores = {name: guide.likeness.score(marker.text, [name]) + (0.1 if name in above else 0.0) for name in guide.ids}
    best = max(scores, key=lambda name: scores[name])
    return (best,) if scores[best] >= CLEAR and list(scores.values()).count(scores[best]) == 1 else ()


def _above(marker: Anchor, headings: Sequence[Named]) -> Names:
    """All questions that the nearest cell with headings above names."""
    before = [heading for heading in headings if heading.anchor.at <= marker.at]
    if not before:
        return ()
    nearest = [heading for heading in before if heading.anchor.cell == before[-1].anchor.cell]
    single = [name for heading in nearest if len(heading.names) == 1 for name in heading.names]
    return tuple(dict.fromkeys(single or before[-1].names))


# --- by order ---------------------------------------------------------------------------------------------------------


def _in_order(found: Sequence[_Marked], guide: Guide) -> list[_Marked]:
    """Answer places below the headings of several questions whose own numbers say nothing are those questions' in
    their order: 4.2, then 5.2 where 4.3 is due."""
    ordered: list[_Marked] = []
    for _, group in groupby(found, key=lambda each: each.heading):
        places = list(group)
        lost = [each for each in places if _is_lost(each)]
        prose = [each for each in places if not each.named.anchor.in_code]
        taken = {name for each in prose if each not in lost for name in each.named.names}
        due = [name for name in (places[0].above if places else ()) if name not in taken]
        names = dict(zip(map(id, lost), due, strict=False)) if len(lost) == len(due) else {}
        given = [replace(each, named=_named(each, names[id(each)])) if id(each) in names else each for each in places]
        known = [each.named.names for each in given if not each.named.anchor.in_code and len(each.named.names) == 1]
        follows = all(guide.position(one) <= guide.position(other) for one, other in pairwise(known))
        ordered += given if follows else places
    return ordered


def _is_lost(each: _Marked) -> bool:
    """A place for prose that stands below several questions and names none of them alone."""
    names = each.named.names
    return not each.named.anchor.in_code and len(each.above) > 1 and (not names or set(names) == set(each.above))


def _named(each: _Marked, name: str) -> Named:
    return Named(each.named.anchor, (name,))


def _second_answers(found: Sequence[_Marked], headings: Sequence[Named], guide: Guide) -> list[Named]:
    """Of two answers under one number, the second is the next question's, where that has no place of its own."""
    apart = {
        name
        for heading in headings
        for name in heading.names
        if not any(other.anchor.cell == heading.anchor.cell and other.names != heading.names for other in headings)
    }
    placed = {name for each in found if not each.named.anchor.in_code for name in each.named.names}
    answered: set[Names] = set()
    named = []
    for each in found:
        names = each.named.names
        after = guide.after(names[0]) if len(names) == 1 else ""
        if each.filled and names in answered and after and after not in placed | apart:
            names = (after,)
            placed.add(after)
        if each.filled:
            answered.add(names)
        named.append(Named(each.named.anchor, names))
    return named
