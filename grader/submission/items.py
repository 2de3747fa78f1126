"""Answers that carry only a number or a letter, and the questions that they answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from grader.records import Cell
from grader.submission import code
from grader.submission.anchors import OPENERS, Anchor, Kind, find_anchors, whole_between
from grader.submission.guide import Guide
from grader.submission.naming import Named, Names


def with_items(cells: Sequence[Cell], named: list[Named], guide: Guide) -> list[Named]:
    """Add answers that carry only a number or letter, where the place they stand in has such a question."""
    found = list(named)
    for cell in cells:
        items = [anchor for anchor in find_anchors(cell) if anchor.kind is Kind.ITEM]
        if items:
            found += _second_answers(_items(items, named, guide), named, guide)
    return sorted(found, key=lambda each: each.anchor.at)


def _items(items: Sequence[Anchor], named: Sequence[Named], guide: Guide) -> list[Named]:
    letters = [item for item in items if item.numbers[0].isalpha()]
    found = _lettered(letters, named, guide) if letters else []
    dotted = [item for item in items if "." in item.numbers[0] and guide.named(item.numbers)]
    several = len({item.numbers[0] for item in dotted}) > 1
    for item in [*dotted, *_whole_numbers(items, guide)]:
        names = guide.named(item.numbers)
        around = _current(item, named, guide)
        parents = {name.rsplit(".", 1)[0] for name in around}
        known_place = bool(names) and names[0].rsplit(".", 1)[0] in parents
        if len(names) == 1 and (known_place or (not around and several)):
            found.append(Named(item, names))
    return found


def _second_answers(items: Sequence[Named], named: Sequence[Named], guide: Guide) -> list[Named]:
    """Of two answers under one number in a cell, the second is the next question's, where that has no place at all."""
    placed = {name for each in [*named, *items] if len(each.names) == 1 for name in each.names}
    found: list[Named] = []
    for each in sorted(items, key=lambda each: each.anchor.at):
        after = guide.after(each.names[0])
        if any(other.names == each.names for other in found) and after and after not in placed:
            placed.add(after)
            each = replace(each, names=(after,))
        found.append(each)
    return found


def _whole_numbers(items: Sequence[Anchor], guide: Guide) -> list[Anchor]:
    """Items with the whole number of a question that stand between dotted ones."""
    numbers = [item.numbers[0] if guide.named(item.numbers) else "" for item in items]
    return [items[at] for at in sorted(whole_between(numbers)) if len(guide.named(items[at].numbers)) == 1]


def _lettered(letters: Sequence[Anchor], named: Sequence[Named], guide: Guide) -> list[Named]:
    """a), b), ... are the questions of the place in their order, if there are as many."""
    around = _current(letters[0], named, guide)
    prose = tuple(name for name in around if not code.asks_for_code(guide.question(name)))
    if [item.numbers[0] for item in letters] != list("abcde"[: len(letters)]):
        return []
    children = next((names for names in (around, prose) if len(names) == len(letters) > 1), ())
    return [Named(item, (name,)) for item, name in zip(letters, children, strict=False)]


def _current(item: Anchor, named: Sequence[Named], guide: Guide) -> Names:
    """The questions of the place in which an anchor stands, those of a whole cell of headings taken together."""
    before = [each for each in named if each.anchor.at <= item.at]
    if not before:
        return ()
    last = before[-1]
    if last.anchor.kind in OPENERS:
        return together(last, before, guide)
    return last.names


def together(last: Named, named: Iterable[Named], guide: Guide) -> Names:
    """Headings in one cell open a place that their questions share."""
    beside = [each for each in named if each.anchor.cell == last.anchor.cell and each.anchor.kind in OPENERS]
    return guide.ordered(name for each in beside for name in each.names) if last.names else ()
