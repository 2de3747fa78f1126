"""What of a cell goes on after a top-level statement of it has failed.

A line that sets something up and fails here (a widget, a package, a folder of another machine) must not take along what
has nothing to do with it. So the whole statements that follow go on, but for those that read, call or change what the
failed one would have assigned, changed or called a method on, and for those that need one that is left out.
"""

from __future__ import annotations

import ast
import errno
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from grader.execution.exchange import WireFailed
from grader.execution.names import NOTHING, Known, depends, known_from, uses_of
from grader.records import Cell, Failure, Message, Output, Raised, say

MOST_FAILURES = 20
"""Of one cell; then it stops."""
MOST_EARLIER = 300
"""Cells before one that failed that are read for what its names are."""
LONGEST_CODE = 100_000
"""Characters. What is longer is run, but not read."""
ENDINGS = frozenset(
    {"KeyboardInterrupt", "SystemExit", "GeneratorExit", "BdbQuit", "MemoryError", "ResourceExhaustedError"}
)
"""An interrupt, an exit, or a limit."""
REFUSALS = frozenset({"PermissionError", "BlockingIOError", "EOFError"})
"""How the sandbox refuses, and how `input` does that was asked too often."""
REFUSED = frozenset(
    {errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EMFILE, errno.ENFILE,
     errno.EAGAIN, errno.ENOMEM}
)  # fmt: skip
"""The same, by the system's numbers."""
ALIKE = (frozenset({"ImportError", "ModuleNotFoundError"}), frozenset({"NameError", "UnboundLocalError"}))
"""Names of one error in different versions."""
_ARROW = re.compile(r"^-+> ?\d+ (.*)$", re.MULTILINE)
"""The line of a cell that IPython's traceback points at; its cell comes first."""
_USAGE_ERROR = re.compile(r"^UsageError: ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Where:
    """Where a cell failed, as the kernel says."""

    line: int
    """Of the code as IPython runs it, counted from 1."""
    column: int = 0
    """In bytes; tells statements on one line apart."""
    errno: int | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """A cell after one of its statements has failed."""

    failed: str
    """The failed statement's first line, as the student wrote it."""
    lacking: frozenset[str]
    """Names that the failed statement, and what is left out for want of it, would have defined."""
    source: str
    """What goes on, each statement on its line; empty where nothing does."""
    defines: frozenset[str] = frozenset()
    """Names that what goes on defines."""


class Parts:
    """A cell in the parts in which it runs: the whole, and after each failure what goes on."""

    def __init__(self, cell: Cell, earlier: Sequence[str]) -> None:
        """Args: earlier: the code cells that ran before."""
        self._cell = cell
        self._earlier = earlier
        self.source = cell.source
        """What runs now."""
        self.failures: list[Failure] = []

    @cached_property
    def _known(self) -> Known:
        """What the last cells before this one say of names."""
        try:
            return known_from(filter(None, map(tree_of, self._earlier[-MOST_EARLIER:])))
        except RecursionError:
            return NOTHING

    def provisional(self) -> Message:
        """Why a person looks at what is trained after a failure."""
        return say(
            "Cell {cell} failed at “{line}”, and what followed was run without it; "
            "a person confirms what was trained there.",
            cell=self._cell.index + 1,
            line=self.failures[0].line,
        )

    def go_on(self, raised: Raised, reported: WireFailed | None) -> bool:
        """Note that the running part has failed; True if there is another, now in `source`, and it may run.

        Args:
            raised: as it was shown.
            reported: what the recorder says of it; None where it says nothing.
        """
        where: Where | None = None
        if reported is not None and reported.name == raised.name:
            raised = replace(raised, names=tuple(reported.names))
            where = Where(reported.line, reported.column, reported.errno)
        rest = None if where is None else rest_of(self.source, where, self._known, self._cell.source)
        if rest is None or where is None:
            self.failures.append(Failure(raised, lacking=tuple(sorted(_defined_in(self.source)))))
            return False
        goes_on = (
            bool(rest.source)
            and len(self.failures) < MOST_FAILURES - 1
            and may_go_on(raised, where)
            and not is_saved(raised, rest.failed, self._cell.outputs)
        )
        lacking = rest.lacking if goes_on else rest.lacking | rest.defines
        self.failures.append(Failure(raised, rest.failed, tuple(sorted(lacking)), went_on=goes_on))
        self.source = rest.source
        return goes_on


def may_go_on(raised: Raised, where: Where) -> bool:
    """False after a limit, an interrupt, an exit or a refusal.

    Args:
        raised: with the names of all the classes that it is.
    """
    names = {raised.name, *raised.names}
    return "Exception" in names and not names & (ENDINGS | REFUSALS) and where.errno not in REFUSED


def is_saved(raised: Raised, failed: str, outputs: Sequence[Output]) -> bool:
    """True if the saved outputs show this error too: the cell stopped there for the student as well.

    Args:
        failed: the first line of the statement that failed.
    """
    return any(_shows(output, raised, failed) for output in outputs)


def _shows(output: Output, raised: Raised, failed: str) -> bool:
    if output.kind == "stream":
        return raised.name == "UsageError" and _USAGE_ERROR.search(output.text) is not None
    if output.kind != "error":
        return False
    if output.name in ("", raised.name) or any({output.name, raised.name} <= names for names in ALIKE):
        return True
    arrow = _ARROW.search(output.text)
    return arrow is not None and bool(failed.strip()) and arrow[1].strip() == failed.strip()


def rest_of(source: str, where: Where, earlier: Known = NOTHING, written: str = "") -> Rest | None:
    """What follows a failed statement of a cell.

    Args:
        source: the cell, or what of it went on after an earlier failure.
        earlier: what the cells say that ran before.
        written: the cell as the student wrote it, where that is another than `source`.

    Returns:
        None where the code cannot be read, or has no such line.
    """
    code = plain_code(source)
    try:
        statements = ast.parse(code).body
        failed = _at(statements, where)
        if failed is None:
            return None
        known = earlier.with_also(known_from([ast.Module(statements, [])]))
        kept, lacking = _kept(statements[failed:], known)
        return Rest(
            failed=_as_written(statements[failed], code, written or source),
            lacking=frozenset(lacking),
            source=_lines_of(kept, statements, code),
            defines=frozenset(_defined(kept, known)),
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _defined(statements: Sequence[ast.stmt], known: Known) -> set[str]:
    return set().union(*(uses_of(statement, known).defines for statement in statements))


def _defined_in(source: str) -> set[str]:
    """Names that a cell would define."""
    tree = tree_of(source)
    try:
        return set() if tree is None else _defined(tree.body, Known())
    except RecursionError:
        return set()


def plain_code(source: str) -> str:
    """A cell as IPython runs it: magics and lines for the shell as calls. Cells that are too long are given as none."""
    from IPython.core.inputtransformer2 import TransformerManager  # takes a moment, and few cells fail

    if len(source) > LONGEST_CODE:
        return ""
    try:
        return str(TransformerManager().transform_cell(source))
    except Exception:  # code that is none, in whichever way
        return ""


@lru_cache(maxsize=2 * MOST_EARLIER)
def tree_of(source: str) -> ast.Module | None:
    """The syntax tree of a cell as IPython runs it; None where it cannot be read."""
    try:
        return ast.parse(plain_code(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _at(statements: Sequence[ast.stmt], where: Where) -> int | None:
    """The position of the statement that a place is in."""
    on_line = [
        number
        for number, statement in enumerate(statements)
        if _first_line(statement) <= where.line <= (statement.end_lineno or statement.lineno)
    ]
    reached = [
        number
        for number in on_line
        if statements[number].lineno < where.line or statements[number].col_offset <= where.column
    ]
    return next(reversed(reached or on_line), None)


def _first_line(statement: ast.stmt) -> int:
    """Where a statement begins, decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _kept(statements: Sequence[ast.stmt], known: Known) -> tuple[list[ast.stmt], set[str]]:
    """Of a failed statement and those after it, those that go on, and the names that are lacking then."""
    failed = uses_of(statements[0], known)
    spoiled = failed.defines | failed.changes
    lacking = set(failed.defines)
    kept: list[ast.stmt] = []
    for statement in statements[1:]:
        uses = uses_of(statement, known)
        if depends(uses.touched, spoiled):
            spoiled |= uses.defines | uses.changes
            lacking |= uses.defines
            continue
        kept.append(statement)
        if depends(uses.later, spoiled):
            spoiled |= uses.defines  # a function is defined all the same, and whoever calls it is left out
    return kept, lacking


def _lines_of(kept: Sequence[ast.stmt], statements: Sequence[ast.stmt], code: str) -> str:
    """The kept statements, each where it stood; what shares a line with others is written out."""
    if not kept:
        return ""
    lines = code.split("\n")
    found = ["#"] * len(lines)  # IPython would drop blank lines at the beginning
    for first, last, together in _blocks(statements):
        staying = [statement for statement in together if statement in kept]
        if len(staying) == len(together):
            found[first - 1 : last] = lines[first - 1 : last]
        elif staying:
            found[first - 1] = "\n".join(map(ast.unparse, staying))
    return "\n".join(found)


def _blocks(statements: Sequence[ast.stmt]) -> Iterator[tuple[int, int, list[ast.stmt]]]:
    """Statements that share lines, with their first and last line, counted from 1."""
    together: list[ast.stmt] = []
    first = last = 0
    for statement in statements:
        start, end = _first_line(statement), statement.end_lineno or statement.lineno
        if together and start > last:
            yield first, last, together
            together = []
        first = start if not together else first
        last = end
        together.append(statement)
    if together:
        yield first, last, together


def _as_written(statement: ast.stmt, code: str, written: str) -> str:
    """A statement's first line in the student's own words: magics are calls in what runs."""
    runs, lines = code.rstrip("\n").split("\n"), written.rstrip("\n").split("\n")
    while lines and not lines[0].strip():  # IPython drops them
        del lines[0]
    return (lines if len(lines) == len(runs) else runs)[statement.lineno - 1].strip()
