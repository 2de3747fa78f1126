"""What a person needs to see of a notebook to decide what waits: the cells' code, and what they showed when saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from grader.records import Cell, Finding, LookedAt, Status, Submission
from grader.submission.notebook import last_written

MOST_CELLS = 30
LONGEST_SOURCE = 8_000
LONGEST_SAVED = 20_000
"""Characters; thirty epochs of a log have less than half of that."""
_CUT = "\n[…]\n"


def looked_at(submission: Submission, findings: Iterable[Finding], cause: str) -> Mapping[int, LookedAt]:
    """The code cells on which the findings that wait rest, by their index.

    Args:
        cause: where a finding's evidence names the cell that is to blame.
    """
    wanted: dict[int, None] = {}
    for finding in findings:
        if finding.status is Status.NEEDS_REVIEW and "answer" not in finding.evidence:
            blamed = finding.evidence.get(cause)
            wanted |= dict.fromkeys((*([blamed] if isinstance(blamed, int) else []), *finding.cells))
    cells = [submission.cells[index] for index in wanted if 0 <= index < len(submission.cells)]
    return {cell.index: _looked_at(cell) for cell in cells[:MOST_CELLS] if cell.kind == "code"}


def _looked_at(cell: Cell) -> LookedAt:
    saved = "".join(output.text or f"{output.name}: {output.value}" for output in cell.outputs)
    lines = "\n".join(map(last_written, saved.split("\n")))
    return LookedAt(_short(cell.source, LONGEST_SOURCE), _short(lines.strip(), LONGEST_SAVED))


def _short(text: str, longest: int) -> str:
    """The text, its middle left out where it has no end: a log's beginning and its end tell most."""
    half = longest // 2
    return text if len(text) <= longest else text[:half] + _CUT + text[-half:]
