"""What notebooks hold, as far as it has to be known before they are graded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath

from rapidfuzz import fuzz

from grader.collection.choosing import Fit
from grader.errors import SubmissionError
from grader.records import Cell, Submission
from grader.rubric.rubric import Rubric
from grader.submission import Assignment, parse_submission
from grader.submission.assignment import form_of, mark_given
from grader.submission.notebook import parse_notebook, read_bytes
from grader.submission.wording import words

LARGEST_COMPARED = 20_000_000
"""Bytes of a notebook that is read to find out what the class shares."""
SAME_WORK = 0.6
"""Share of the cells of their own that two notebooks have in common, from which one is a copy of the other."""
OTHER_WORK = 0.3
"""Share below which two notebooks are different people's."""
OTHER_WORDS = 0.34
"""The same for the answers in words alone: code may be alike by chance, sentences hardly are."""
SAME_ANSWER = 85.0
"""Likeness of two texts, of 100, from which one is the other with some words changed."""
SHORTEST_ANSWER = 4
"""Words; shorter answers are alike by chance."""
LONGEST_ANSWER = 1_000
"""Characters that are compared; it takes time that grows with their square."""
MOST_ANSWERS = 50
"""Answers of each notebook that are compared."""
ENOUGH = 3
"""Cells and answers of the student's own below which nothing tells two students from two attempts."""


@dataclass(frozen=True, slots=True)
class Own:
    """What of a notebook is the student's own."""

    code: frozenset[str] = frozenset()
    """Cells of code, in the form in which equal code is equal."""
    prose: tuple[str, ...] = ()
    """Answers and comments, as folded words, without the assignment's own."""

    @property
    def parts(self) -> int:
        """How many there are."""
        return len(self.code) + len(self.prose)


def are_different_works(one: Own, other: Own) -> bool:
    """Whether two notebooks share next to nothing of what is their own, as no two attempts of one student do."""
    words_in_common = _in_common(one.prose, other.prose)
    fewest = min(len(one.prose), len(other.prose), MOST_ANSWERS)
    if fewest >= ENOUGH:
        return words_in_common < OTHER_WORDS * fewest
    fewest = min(one.parts, other.parts)
    return fewest >= ENOUGH and words_in_common + len(one.code & other.code) < OTHER_WORK * fewest


def _in_common(some: Sequence[str], others: Sequence[str]) -> int:
    fewer, more = sorted(
        ([text[:LONGEST_ANSWER] for text in texts[:MOST_ANSWERS]] for texts in (some, others)), key=len
    )
    return sum(any(fuzz.ratio(text, other, score_cutoff=SAME_ANSWER) for other in more) for text in fewer)


def are_several_works(owns: Sequence[Own]) -> bool:
    """Whether notebooks part into sets that share next to nothing with one another; what is short tells nothing."""
    telling = [own for own in owns if own.parts >= ENOUGH]
    if not telling:
        return False
    reached, rest = telling[:1], telling[1:]
    for own in reached:
        near = [other for other in rest if not are_different_works(own, other)]
        rest = [other for other in rest if other not in near]
        reached += near
    return bool(rest)


class Contents:
    """What the notebooks of a folder hold; each is read once."""

    def __init__(self, folder: Path, rubric: Rubric, assignment: Assignment) -> None:
        self._folder = folder
        self._rubric = rubric
        self._assignment = assignment
        self.digest = cache(self._digest)
        self._own = cache(self._own_cells)
        self._reading = cache(self._parsed)

    def fit(self, path: PurePosixPath) -> Fit | None:
        """How well a notebook fits the assignment; None where it cannot be read as one."""
        reading = self._reading(path)
        return None if reading is None else reading[0]

    def hold_the_same(self, one: PurePosixPath, other: PurePosixPath) -> bool:
        """Whether two notebooks have most cells of the student's own in common."""
        mine, theirs = self._own(one), self._own(other)
        return bool(mine and theirs) and len(mine & theirs) >= SAME_WORK * min(len(mine), len(theirs))

    def are_of_several(self, paths: Sequence[PurePosixPath]) -> bool:
        """Whether notebooks are hardly one student's: several answer this assignment, and each in its own way."""
        readings = [reading for path in paths if (reading := self._reading(path)) is not None]
        questions = max((fit.questions for fit, _ in readings), default=0)
        return are_several_works([own for fit, own in readings if fit.questions * 2 >= questions])

    def is_given(self, path: PurePosixPath) -> bool:
        """Whether a notebook is the assignment's, saved again at most."""
        if self.digest(path) in self.digests_of_assignment:
            return True
        cells = self.cells(path)
        held = frozenset(map(form_of, cells)) & self._assignment.forms
        return all(cell.given for cell in cells) and 2 * len(held) > len(self._assignment.forms)

    def cells(self, path: PurePosixPath) -> tuple[Cell, ...]:
        """A notebook's cells, those of the assignment marked; none where it cannot be read, or is very large."""
        raw = self._read(path)
        if raw is None or len(raw) > LARGEST_COMPARED:
            return ()
        try:
            return mark_given(parse_notebook(raw, path.name), self._assignment)
        except SubmissionError:
            return ()

    def holds_notebook(self, path: PurePosixPath) -> bool:
        """Whether a file that is not named like one is a notebook, with cells in it."""
        raw = self._read(path)
        if raw is None or b'"cell' not in raw:
            return False
        try:
            return bool(parse_notebook(raw, path.name))
        except SubmissionError:
            return False

    @cached_property
    def digests_of_assignment(self) -> frozenset[str]:
        """Of the notebooks that students were given."""
        found = set()
        for path in self._rubric.assignment_paths:
            with suppress(SubmissionError):
                found.add(sha256(read_bytes(path)).hexdigest())
        return frozenset(found)

    def _read(self, path: PurePosixPath) -> bytes | None:
        try:
            return read_bytes(self._folder / path)
        except SubmissionError:
            return None

    def _digest(self, path: PurePosixPath) -> str:
        """Of a file's bytes; empty where it cannot be read."""
        raw = self._read(path)
        return "" if raw is None else sha256(raw).hexdigest()

    def _parsed(self, path: PurePosixPath) -> tuple[Fit, Own] | None:
        raw = self._read(path)
        if raw is None:
            return None
        try:
            found = parse_submission(raw, self._folder / path, path.name, self._rubric, self._assignment)
        except SubmissionError:
            return None
        own = [cell for cell in found.cells if not cell.given and _says_something(cell)]
        questions = sum(bool(place.cells) for place in found.places.values())
        return Fit(questions, len(own)), Own(frozenset(_code(own)), tuple(_prose(found)))

    def _own_cells(self, path: PurePosixPath) -> frozenset[str]:
        raw = self._read(path)
        try:
            cells = () if raw is None else parse_notebook(raw, path.name)
        except SubmissionError:
            cells = ()
        own = (cell for cell in cells if (form := form_of(cell)) and form not in self._assignment.forms)
        return frozenset("".join(cell.source.split()) for cell in own)


def _code(cells: Iterable[Cell]) -> Iterator[str]:
    return (form for cell in cells if cell.kind == "code" and (form := form_of(cell)))


def _prose(submission: Submission) -> Iterable[str]:
    """What the student wrote in answer to any question, each text once."""
    written = [words(passage.text) for place in submission.places.values() for passage in place.own]
    return dict.fromkeys(" ".join(said) for said in written if len(said) >= SHORTEST_ANSWER)


def _says_something(cell: Cell) -> bool:
    """Whether there is more in a cell than headings."""
    lines = [line for line in cell.source.splitlines() if line.strip()]
    return any(cell.kind == "code" or not line.lstrip().startswith("#") for line in lines)
