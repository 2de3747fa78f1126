"""Every cell of a notebook, mapped to the questions that it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from grader.records import Cell
from grader.submission import code
from grader.submission.anchors import OPENERS, Anchor, Kind, find_anchors
from grader.submission.assignment import ALIKE, Assignment, form_of, heading_of, likeness
from grader.submission.guide import Guide
from grader.submission.items import together, with_items
from grader.submission.markers import fold_marker, name_markers
from grader.submission.naming import Named, Names, name_headings
from grader.submission.wording import sentences, without_markup, words

FoundBy = Literal["marker", "heading", "alignment", "none"]


@dataclass(frozen=True)
class Segment:
    """A stretch of one cell, from the end of an anchor's words to the next anchor."""

    cell: int
    start: int
    stop: int
    names: Names
    """The questions it belongs to."""
    shared: bool = False
    """It belongs to a group of questions, each of which may have a place of its own too."""
    answer: bool = False
    """It stands after the mark of an answer place."""
    found_by: FoundBy = "none"
    headed: Names = ()
    """All questions that the headings above it name."""


@dataclass(frozen=True)
class Layout:
    """A notebook's segments in order, and each question's cells."""

    segments: tuple[Segment, ...]
    cells: Mapping[str, tuple[int, ...]]
    found_by: Mapping[str, FoundBy]
    renumbered: bool = False
    """Some heading's number is not that of the questions which it was taken for: what stands below the others may be
    another question's too."""


@dataclass(frozen=True)
class Template:
    """What the layout of the assignment, in one edition, says about a student's notebook."""

    cells: tuple[Cell, ...] = ()
    questions: Mapping[int, Names] = field(default_factory=dict)
    """By the edition's cell."""
    markers: Mapping[str, Names] = field(default_factory=dict)
    """By a marker's folded words."""


def lay_out(cells: Sequence[Cell], guide: Guide, template: Template) -> Layout:
    """Map every cell to questions: by heading, by marker, and by alignment where both are missing."""
    named = _named_anchors(cells, guide, template)
    named += _aligned(cells, named, guide, template)
    named = with_items(cells, sorted(named, key=lambda each: each.anchor.at), guide)
    segments = _segments(cells, named, guide)
    segments = _code_before_its_heading(segments, cells, named, guide)
    return _layout(_strays(segments, cells, guide), cells, named, guide)


def learn_template(assignment: Assignment, guide: Guide, cells: Sequence[Cell]) -> tuple[Guide, Template]:
    """Read the assignment by the same rules, and add its words for each question to the guide.

    Args:
        cells: the notebook to be laid out: the template is the edition that it is nearest to.
    """
    asked: dict[str, list[str]] = {name: [] for name in guide.ids}
    nearest, template = assignment.nearest(cells), Template()
    for edition in (*assignment.editions, assignment.shared):
        named = _named_anchors(edition, guide, Template())
        for each in named:
            if each.anchor.kind in OPENERS and len(each.names) == 1:
                own = without_markup(edition[each.anchor.cell].source[each.anchor.start : each.anchor.stop])
                asked[each.names[0]].append(each.anchor.text.removeprefix(own).lstrip(" *:"))
        if edition is nearest:
            template = _template(edition, named, guide)
    return guide.taught(asked), template


def _template(edition: tuple[Cell, ...], named: Sequence[Named], guide: Guide) -> Template:
    markers: dict[str, Names] = {}
    for each in named:
        if each.anchor.kind is Kind.MARKER and each.names:
            folded = fold_marker(each.anchor)
            markers[folded] = each.names if markers.get(folded, each.names) == each.names else ()
    layout = lay_out(edition, guide, Template())
    by_cell = {cell.index: tuple(name for name in guide.ids if cell.index in layout.cells[name]) for cell in edition}
    return Template(edition, by_cell, {folded: names for folded, names in markers.items() if names})


# --- anchors ----------------------------------------------------------------------------------------------------------


def _named_anchors(cells: Sequence[Cell], guide: Guide, template: Template) -> list[Named]:
    """Headings and markers with their questions, and the assignment's headings that name none."""
    anchors = [anchor for cell in cells for anchor in find_anchors(cell)]
    headings, markers = _sorted_out(anchors)
    named = name_headings(headings, cells, guide)
    marked = name_markers(markers, named, cells, guide, template.markers)
    first = min((each.anchor.at for each in [*named, *marked]), default=(len(cells), 0))
    used = {each.anchor.cell for each in [*named, *marked]}
    sections = [
        Named(Anchor(Kind.SECTION, cell.index, 0, 0), ())
        for cell in cells
        if cell.kind == "markdown" and (cell.index, 0) > first and cell.index not in used and _is_section(cell, guide)
    ]
    return sorted([*named, *marked, *sections], key=lambda each: each.anchor.at)


def _sorted_out(anchors: Sequence[Anchor]) -> tuple[list[Anchor], list[Anchor]]:
    """Headings and markers. A heading written as a comment is a marker where there are headings in markdown; a number
    alone is a heading where there are hardly any others."""
    headings = [anchor for anchor in anchors if anchor.kind is Kind.HEADING and not anchor.in_code]
    if len(headings) < 3:
        headings = [anchor for anchor in anchors if anchor.kind in OPENERS]
    kinds = (Kind.MARKER, Kind.HEADING)
    return headings, [anchor for anchor in anchors if anchor.kind in kinds and anchor not in headings]


def _is_section(cell: Cell, guide: Guide) -> bool:
    """One of the assignment's own headings; a bullet of a question that a student has made one is none."""
    return " ".join(words(heading_of(cell))) in guide.assignment.headings


def _aligned(cells: Sequence[Cell], named: Sequence[Named], guide: Guide, template: Template) -> list[Named]:
    """Anchors that headings and markers have not given: a question's own words for those without a heading, the
    assignment's cells for those without anything."""
    taken = {each.anchor.cell for each in named}
    headless = set(guide.ids) - {name for each in named if each.anchor.kind in OPENERS for name in each.names}
    free = [cell for cell in cells if cell.kind != "code" and cell.index not in taken]
    found = [each for cell in free if headless for each in _quotes(cell, guide) if set(each.names) <= headless]
    taken |= {each.anchor.cell for each in found}
    missing = set(guide.ids) - {name for each in [*named, *found] for name in each.names}
    for index, names in template.questions.items():
        if names and set(names) <= missing and (match := _match(template.cells[index], names, cells, taken, guide)):
            found.append(Named(Anchor(Kind.ALIGNED, match.index, 0, 0), names))
            taken.add(match.index)
    return found


def _quotes(cell: Cell, guide: Guide) -> list[Named]:
    """Lines of a cell that are a question's prompt, the heading above it having been deleted."""
    found = []
    position = 0
    for line in cell.source.split("\n"):
        quoted = [name for sentence in sentences(without_markup(line)) for name in _asking(sentence, guide)]
        if quoted:
            found.append(Named(Anchor(Kind.ALIGNED, cell.index, position, position), guide.ordered(quoted)))
        position += len(line) + 1
    return found


def _asking(sentence: str, guide: Guide) -> Names:
    """The one question whose sentence this is."""
    if len(sentence.split()) < 5:
        return ()
    names = tuple(name for name in guide.ids if sentence in guide.prompts[name])
    return names if len(names) == 1 else ()


def _match(cell: Cell, names: Names, cells: Sequence[Cell], taken: set[int], guide: Guide) -> Cell | None:
    """The student's cell that is this cell of the assignment, unedited or slightly edited. Networks are all alike, so
    that edited code has to do what the question asks too."""
    form = form_of(cell)
    if not form:
        return None
    free = [other for other in cells if other.index not in taken and other.kind == cell.kind]
    if same := next((other for other in free if form_of(other) == form), None):
        return same
    if cell.kind == "code":
        free = [other for other in free if guide.fit(names, [other.source])]
    best = max(free, key=lambda other: likeness(cell, other), default=None)
    return best if best and likeness(cell, best) >= ALIKE else None


# --- segments ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Owner:
    """What the cells after an anchor belong to."""

    names: Names = ()
    shared: bool = False
    answer: bool = False
    found_by: FoundBy = "none"
    headed: Names = ()


def _segments(cells: Sequence[Cell], named: Sequence[Named], guide: Guide) -> list[Segment]:
    owner = _Owner()
    found: list[Segment] = []
    for cell in cells:
        here = [each for each in named if each.anchor.cell == cell.index]
        stops = [each.anchor.start for each in here] + [len(cell.source)]
        if not here or cell.source[: stops[0]].strip():
            found.append(_segment(cell.index, 0, stops[0], owner))
        for each, stop in zip(here, stops[1:], strict=True):
            owner = _owner(each, owner, named)
            found.append(_segment(cell.index, each.anchor.stop, max(stop, each.anchor.stop), owner))
        owner = _owner_below(here, owner, guide)
    return found


def _segment(cell: int, start: int, stop: int, owner: _Owner) -> Segment:
    return Segment(cell, start, stop, owner.names, owner.shared, owner.answer, owner.found_by, owner.headed)


def _owner(each: Named, before: _Owner, named: Sequence[Named]) -> _Owner:
    kind = each.anchor.kind
    if kind is Kind.SECTION and not each.names:
        return _Owner(_next_names(each, named), shared=True, found_by="heading")
    if kind is Kind.MARKER and not each.names:
        return replace(before, answer=not each.anchor.in_code)
    found_by: FoundBy = "heading"
    if kind in (Kind.MARKER, Kind.ITEM):
        found_by = "marker"
    elif kind is Kind.ALIGNED:
        found_by = "alignment"
    if not each.names:
        return _Owner()
    answer = kind is Kind.ITEM or (kind is Kind.MARKER and not each.anchor.in_code)
    headed = before.headed if found_by == "marker" else each.names
    return _Owner(each.names, len(each.names) > 1, answer, found_by, headed)


def _next_names(section: Named, named: Sequence[Named]) -> Names:
    """A section that names no question leads in to the next one that is named."""
    later = [
        each.names for each in named if each.anchor.at > section.anchor.at and each.anchor.kind is not Kind.SECTION
    ]
    return later[0] if later else ()


def _owner_below(here: Sequence[Named], owner: _Owner, guide: Guide) -> _Owner:
    """After a cell that ends in a heading and has several, the cells below belong to all of them."""
    if not here or here[-1].anchor.kind not in OPENERS or here[-1].anchor.in_code:
        return owner
    names = together(here[-1], here, guide)
    return replace(owner, names=names, shared=len(names) > 1, headed=names)


# --- code that stands elsewhere ---------------------------------------------------------------------------------------


def _code_before_its_heading(
    segments: list[Segment], cells: Sequence[Cell], named: Sequence[Named], guide: Guide
) -> list[Segment]:
    """Code that does what the heading below it asks, and not what the one above does, belongs below."""
    moved = list(segments)
    for each in named:
        if each.anchor.kind is not Kind.HEADING or each.anchor.in_code or not each.names:
            continue
        start = _first_of_run(moved, each, cells, guide)
        for number in start:
            segment = moved[number]
            # What it does belongs below; what it says may be the answer to the question above.
            above = segment.names if code.texts(cells[segment.cell].source) else ()
            names = guide.ordered({*above, *each.names})
            moved[number] = replace(segment, names=names, shared=len(names) > 1, found_by="heading")
    return moved


def _first_of_run(segments: Sequence[Segment], heading: Named, cells: Sequence[Cell], guide: Guide) -> list[int]:
    """Numbers of the segments directly above a heading that are its code."""
    run: list[int] = []
    pending: list[int] = []
    before = [number for number, segment in enumerate(segments) if segment.cell < heading.anchor.cell]
    for number in reversed(before):
        segment = segments[number]
        cell = cells[segment.cell]
        fits = cell.kind == "code" and not cell.given and _is_rather(cell, heading.names, segment.names, guide)
        if cell.kind != "code" or cell.given or segment.answer or set(segment.names) & set(heading.names):
            break
        if guide.fit(segment.names, [cell.source]):
            break
        pending.append(number)
        if fits:
            run += pending
            pending = []
    return run


def _is_rather(cell: Cell, names: Names, others: Names, guide: Guide) -> bool:
    return guide.fit(names, [cell.source]) is True and guide.fit(others, [cell.source]) is not True


def _strays(segments: list[Segment], cells: Sequence[Cell], guide: Guide) -> list[Segment]:
    """Code in one question's place that is plainly another's, which has no place."""
    placed = {name for segment in segments for name in segment.names}
    missing = [name for name in guide.ids if name not in placed and guide.question(name).training is not None]
    found = []
    for segment in segments:
        cell = cells[segment.cell]
        if missing and segment.names and cell.kind == "code" and guide.fit(segment.names, [cell.source]) is False:
            fitting = [name for name in missing if guide.fit([name], [cell.source])]
            if len(fitting) == 1:
                segment = replace(segment, names=(fitting[0],), shared=False, found_by="alignment")
        found.append(segment)
    return found


# --- the places -------------------------------------------------------------------------------------------------------


def _layout(segments: Sequence[Segment], cells: Sequence[Cell], named: Sequence[Named], guide: Guide) -> Layout:
    own_cells: dict[str, list[int]] = {name: [] for name in guide.ids}
    found_by: dict[str, FoundBy] = dict.fromkeys(guide.ids, "none")
    for segment in segments:
        for name in segment.names if not segment.shared else ():
            own_cells[name].append(segment.cell)
    with_code = {name for name in guide.ids if any(_is_own_code(cells[index]) for index in own_cells[name])}
    anchored = {name for each in named if len(each.names) == 1 for name in each.names if _is_place(each, named)}
    places: dict[str, set[int]] = {name: set(own) for name, own in own_cells.items()}
    for segment in segments:
        if segment.shared:
            for name in _sharers(segment, cells, anchored, with_code, guide):
                places[name].add(segment.cell)
    for segment in segments:
        for name in segment.names:
            found_by[name] = _stronger(found_by[name], segment.found_by)
    ordered = {name: tuple(sorted(places[name])) for name in guide.ids}
    return Layout(tuple(segments), ordered, found_by, any(_is_renumbered(each, guide) for each in named))


def _is_renumbered(each: Named, guide: Guide) -> bool:
    """Whether a heading's number is no question's, or another one's than its words or its place say."""
    numbers = each.anchor.numbers if each.anchor.kind is Kind.HEADING else ()
    return bool(numbers) and (not each.names or each.names != guide.named(numbers))


def _is_own_code(cell: Cell) -> bool:
    return cell.kind == "code" and not cell.given


def _is_place(each: Named, named: Sequence[Named]) -> bool:
    """Whether an anchor opens a place for one question alone, not one shared with its cell's other headings."""
    beside = [
        other for other in named
        if other.anchor.cell == each.anchor.cell and other.anchor.kind in OPENERS
    ]  # fmt: skip
    return each.anchor.kind not in OPENERS or len({other.names for other in beside}) == 1


def _sharers(segment: Segment, cells: Sequence[Cell], anchored: set[str], with_code: set[str], guide: Guide) -> Names:
    """Which of a group's questions get a shared cell: those whose code it plainly is, else those with no place or
    code of their own, else all."""
    cell = cells[segment.cell]
    if cell.kind != "code":
        return tuple(name for name in segment.names if name not in anchored) or segment.names
    fitting = tuple(name for name in segment.names if guide.fit([name], [cell.source]))
    if fitting:
        return tuple(name for name in segment.names if guide.fit([name], [cell.source]) is not False)
    lacking = tuple(name for name in segment.names if name not in anchored or name not in with_code)
    return lacking or segment.names


def _stronger(one: FoundBy, other: FoundBy) -> FoundBy:
    order: tuple[FoundBy, ...] = ("none", "alignment", "heading", "marker")
    return max(one, other, key=order.index)
