"""One submission from file to places: the flow of this package."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from grader.records import LONGEST_ANSWER, Passage, Place, Submission
from grader.rubric.rubric import Rubric
from grader.submission.assignment import Assignment, mark_given
from grader.submission.guide import make_guide
from grader.submission.notebook import clean_notebook, parse_notebook, read_bytes
from grader.submission.passages import find_prose
from grader.submission.places import lay_out, learn_template


def read_submission(path: Path, submission_id: str, rubric: Rubric, assignment: Assignment) -> Submission:
    """Read one student's notebook and find where it answers each question of the rubric.

    Raises:
        SubmissionError: if the file is not a notebook, as ``name: rule. Received: value``.
    """
    return parse_submission(read_bytes(path), path, submission_id, rubric, assignment)


def parse_submission(raw: bytes, path: Path, submission_id: str, rubric: Rubric, assignment: Assignment) -> Submission:
    """`read_submission` of a file that has been read already; `path` says what it was.

    Raises:
        SubmissionError: if the bytes are not a notebook.
    """
    cells = mark_given(parse_notebook(raw, path.name), assignment)
    guide, template = learn_template(assignment, make_guide(rubric, assignment), cells)
    layout = lay_out(cells, guide, template)
    unsure = layout.renumbered or not any(layout.cells.values())
    prose = find_prose(cells, layout, guide)
    read = {name: _bearable(prose.passages[name]) for name in guide.ids}
    places = {
        name: Place(
            name,
            layout.cells[name],
            read[name],
            layout.found_by[name] if layout.cells[name] else "none",
            prose.pictures[name],
            _length(prose.passages[name]) - _length(read[name]),
            unsure,
        )
        for name in guide.ids
    }
    return Submission(
        id=submission_id,
        path=str(path),
        sha256=hashlib.sha256(raw).hexdigest(),
        cells=cells,
        places=places,
        notebook=clean_notebook(cells),
    )


def _bearable(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """The beginning of some passages, as much as is read."""
    kept, left = [], LONGEST_ANSWER
    for passage in passages:
        if left > 0:
            kept.append(passage if len(passage.text) <= left else replace(passage, text=passage.text[:left]))
        left -= len(passage.text)
    return tuple(kept)


def _length(passages: Sequence[Passage]) -> int:
    return sum(len(passage.text) for passage in passages)
