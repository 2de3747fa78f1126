"""Which question each heading names: by its words first, by its number where the words say nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from grader.records import Cell
from grader.submission.anchors import Anchor, Kind
from grader.submission.guide import Guide

Names = tuple[str, ...]

TEXT, NUMBER, LONE_NUMBER, POINTS, DEEDS = 2.5, 0.5, 1.2, 0.4, 0.4
"""What the words, the number beside words, the number alone, the points, and the code below weigh."""
NOTHING = 0.6
"""What a heading must weigh to name a question at all."""
BACKWARDS, AGAIN = 0.35, 0.2
"""What is taken off where the order of the rubric is left, and where a question is named twice."""
CLEAR = 0.3
"""Likeness from which a marker's words alone name a question."""
CONTRADICTION = 0.45
"""Likeness from which words overrule numbers that all follow the rubric: below it they may be an answer's, not a
question's.
"""
STATEMENT = 0.8
"""Likeness from which a heading's words are a question's own, retyped or cut short."""


@dataclass(frozen=True)
class Named:
    """An anchor with the questions it stands for; none where it is about something else."""

    anchor: Anchor
    names: Names


def name_headings(headings: Sequence[Anchor], cells: Sequence[Cell], guide: Guide) -> list[Named]:
    """Find each heading's questions. Where numbers agree with the words everywhere, the result is the numbers."""
    headings = _without_sections(headings)
    numbered = _renumbered(headings, guide)
    counting = _count_up(numbered, guide)
    doubt = CONTRADICTION if counting else CLEAR
    differing = [heading for heading in numbered if not _agrees(heading, guide, doubt)]
    # Questions in another order differ in two headings at least: one alone holds a student's own words.
    if not differing or (counting and len(differing) == 1 and not _is_statement(differing[0], guide)):
        return [Named(heading, guide.named(heading.numbers)) for heading in numbered]
    return _align(numbered, cells, guide)


def _without_sections(headings: Sequence[Anchor]) -> list[Anchor]:
    """Where "pregunta" names the questions and "ejercicio" the sections (or the reverse), sections lose their
    numbers; one with a dot in it is no section's.
    """
    counts = Counter(heading.word for heading in headings if heading.word)
    if len(counts) < 2:
        return list(headings)
    scored = Counter(heading.word for heading in headings if heading.points is not None)
    main = max(counts, key=lambda word: (scored[word], counts[word]))
    return [
        replace(heading, kind=Kind.SECTION, numbers=())
        if heading.word and heading.word != main and heading.points is None and "." not in "".join(heading.numbers)
        else heading
        for heading in headings
    ]


def _renumbered(headings: Sequence[Anchor], guide: Guide) -> list[Anchor]:
    """A repeated number where the rubric's next one is missing is that next one."""
    present = {number for heading in headings for number in heading.numbers}
    seen: set[str] = set()
    found = []
    for heading in headings:
        number = heading.numbers[0] if len(heading.numbers) == 1 else ""
        after = guide.after(number)
        if number in seen and after and after not in present and not _is_rather(heading, number, after, guide):
            heading = replace(heading, numbers=(after,))
        seen.update(heading.numbers)
        found.append(heading)
    return found


def _is_rather(heading: Anchor, one: str, other: str, guide: Guide) -> bool:
    """Whether a heading's words are those of one question and not of the other. An answer below it speaks of both."""
    score = guide.likeness.score(heading.text, [one])
    return score >= CONTRADICTION and score > guide.likeness.score(heading.text, [other]) + 0.1


def _agrees(heading: Anchor, guide: Guide, doubt: float = CLEAR) -> bool:
    """Whether the number names a question, and no other question's words stand there, as far as from `doubt` on."""
    names = guide.named(heading.numbers)
    if not names or heading.kind is not Kind.HEADING:
        return False
    if not guide.likeness.says_something(heading.text):
        return heading.points is None or abs(heading.points - guide.points(names)) < 0.01
    scores = {name: guide.likeness.score(heading.text, [name]) for name in guide.ids}
    best = max(scores, key=lambda name: scores[name])
    own = max(scores[name] for name in names)
    return best in names or own >= 0.6 * scores[best] or (scores[best] < doubt and _points_agree(heading, names, guide))


def _is_statement(heading: Anchor, guide: Guide) -> bool:
    """Whether it is a handout's heading, with its points or in its words."""
    return (
        heading.points is not None or max(guide.likeness.score(heading.text, [name]) for name in guide.ids) >= STATEMENT
    )


def _points_agree(heading: Anchor, names: Names, guide: Guide) -> bool:
    return heading.points is None or abs(heading.points - guide.points(names)) < 0.01


def _align(headings: Sequence[Anchor], cells: Sequence[Cell], guide: Guide) -> list[Named]:
    """The best assignment of headings to questions that keeps to the rubric's order where it can."""
    states = list(dict.fromkeys([*guide.groups.values(), *(guide.named(heading.numbers) for heading in headings)]))
    states = [state for state in states if state]
    codes = code_below(headings, cells)
    trust = _trust(headings, codes, guide)
    counting = _count_up(headings, guide)
    best: dict[Names, tuple[float, tuple[Names, ...]]] = {(): (0.0, ())}
    for heading, below in zip(headings, codes, strict=True):
        weights = {state: _weight(heading, state, below, trust, counting, guide) for state in states}
        best = _step(best, weights, guide)
    path = max(best.values(), key=lambda entry: entry[0])[1]
    return [Named(heading, names) for heading, names in zip(headings, path, strict=True)]


def _step(
    best: Mapping[Names, tuple[float, tuple[Names, ...]]], weights: Mapping[Names, float], guide: Guide
) -> dict[Names, tuple[float, tuple[Names, ...]]]:
    """One heading more: for every question that may have come last, the best way to get there."""
    after = {last: (score + NOTHING, (*path, ())) for last, (score, path) in best.items()}
    for state, weight in weights.items():
        if weight <= NOTHING:
            continue
        score, path = max(
            ((score - _cost(last, state, guide), path) for last, (score, path) in best.items()),
            key=lambda entry: entry[0],
        )
        if state not in after or score + weight > after[state][0]:
            after[state] = (score + weight, (*path, state))
    return after


def _cost(last: Names, state: Names, guide: Guide) -> float:
    if not last:
        return 0.0
    if last == state:
        return AGAIN
    return BACKWARDS if guide.position(state) < guide.position(last) else 0.0


def _trust(headings: Sequence[Anchor], below: Sequence[list[str]], guide: Guide) -> float:
    """The share of numbers that agree with the heading's words or, where they are bare, with the code below."""
    verdicts = [_is_apt(*pair, guide) for pair in zip(headings, below, strict=True) if pair[0].numbers]
    telling = [verdict for verdict in verdicts if verdict is not None]
    # Numbers that follow the rubric from the first heading to the last agree with it, whatever one heading's words say.
    silent = len(verdicts) - len(telling) if _count_up(headings, guide) else 0
    return (sum(telling) + silent) / (len(telling) + silent) if telling else 1.0


def _is_apt(heading: Anchor, below: list[str], guide: Guide) -> bool | None:
    """Whether a heading's number agrees with what stands there; None where nothing tells."""
    if heading.kind is not Kind.HEADING and (fit := guide.fit(guide.named(heading.numbers), below)) is not None:
        return fit
    if not guide.likeness.says_something(heading.text):
        return None
    return _agrees(replace(heading, kind=Kind.HEADING), guide)


def _count_up(headings: Sequence[Anchor], guide: Guide) -> bool:
    """Whether several headings are the rubric's numbers in its order, of questions or of groups of them."""
    positions = [guide.position(names) for heading in headings if (names := guide.named(heading.numbers))]
    return len(positions) == len(headings) > 2 and all(one < other for one, other in pairwise(positions))


def _weight(heading: Anchor, state: Names, below: list[str], trust: float, counting: bool, guide: Guide) -> float:
    telling = _tells(heading, guide)
    weight = TEXT * guide.likeness.score(heading.text, state) if guide.likeness.says_something(heading.text) else 0.0
    if heading.numbers and guide.named(heading.numbers) == state:
        sure = trust if counting or heading.kind is Kind.HEADING else trust / 2
        weight += sure * (NUMBER if telling and not counting else LONE_NUMBER)
    if heading.points is not None:
        weight += POINTS if _points_agree(heading, state, guide) else -POINTS
    fit = guide.fit(state, below)
    return weight + (0.0 if fit is None else DEEDS if fit else -DEEDS)


def _tells(heading: Anchor, guide: Guide) -> bool:
    """Whether a heading's words are any question's. Those that are none's may be the answer, and its number counts."""
    if not guide.likeness.says_something(heading.text):
        return False
    return max(guide.likeness.score(heading.text, [name]) for name in guide.ids) >= CLEAR


def code_below(headings: Sequence[Anchor], cells: Sequence[Cell]) -> list[list[str]]:
    """For each heading: the code cells of the student's between it and the next one."""
    bounds = [heading.cell for heading in headings] + [len(cells)]
    return [
        [cell.source for cell in cells[start:stop] if cell.kind == "code" and not cell.given]
        for start, stop in pairwise(bounds)
    ]
