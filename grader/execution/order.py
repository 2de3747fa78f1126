"""In which order the cells of a notebook run: from the top, unless its numbers say that it was run otherwise.

A cell that needs a name which only a later cell defines cannot have run where it stands. Where the later one has the
lower number, it was run before, and so it is here. All is decided before anything runs, and no cell runs twice.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from grader.execution.failures import tree_of
from grader.execution.names import Known, known_from, uses_of
from grader.records import Cell, Message, say

DEEPEST = 20
"""Cells that wait for each other are followed so far."""


@dataclass(frozen=True, slots=True)
class Order:
    """The order in which code cells run."""

    cells: tuple[int, ...]
    """Their positions in the notebook."""
    moved: Mapping[int, int] = field(default_factory=dict)
    """Cells that run earlier than they stand, each with the one that needs it."""
    decided: frozenset[int] = frozenset()
    """Cells that would have run otherwise, or not at all, where they stand."""

    def remarks(self) -> list[Message]:
        """What people are told of it."""
        return [
            say(
                "Cell {cell} was run before cell {other}, which needs what it defines: by their numbers it was so when "
                "the notebook was saved.",
                cell=cell + 1,
                other=other + 1,
            )
            for cell, other in sorted(self.moved.items())
        ]


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of a cell."""

    needs: frozenset[str] = frozenset()
    """Read before the cell itself defines them."""
    defines: frozenset[str] = frozenset()
    """With ``*`` where it may define any name."""
    changes: frozenset[str] = frozenset()


def decide_order(cells: Sequence[Cell]) -> Order:
    """The order of a notebook's code cells."""
    code = [cell for cell in cells if cell.kind == "code"]
    plain = Order(tuple(cell.index for cell in code))
    if not _is_out_of_order(code):
        return plain
    try:
        names = _names_of(code)
    except RecursionError:
        return plain
    order, moved = _Planner(code, names).plan()
    return Order(tuple(order), moved, _decided(order, moved, names)) if moved else plain


def _is_out_of_order(code: Sequence[Cell]) -> bool:
    counts = [cell.execution_count for cell in code if cell.execution_count is not None]
    return counts != sorted(counts)


def _names_of(code: Sequence[Cell]) -> dict[int, _Names]:
    trees = {cell.index: tree_of(cell.source) for cell in code}
    known = known_from([tree for tree in trees.values() if tree is not None])
    return {index: _Names() if tree is None else _names_in(tree, known) for index, tree in trees.items()}


def _names_in(tree: ast.Module, known: Known) -> _Names:
    needs: set[str] = set()
    defines: set[str] = set()
    changes: set[str] = set()
    for statement in tree.body:
        uses = uses_of(statement, known)
        needs |= {name.partition(".")[0] for name in uses.reads} - defines
        defines |= uses.defines
        changes |= {name.partition(".")[0] for name in uses.changes}
    return _Names(frozenset(needs), frozenset(defines), frozenset(changes))


class _Planner:
    """Puts cells in order, each as early as another needs it."""

    def __init__(self, code: Sequence[Cell], names: Mapping[int, _Names]) -> None:
        self._code = code
        self._names = names
        self._homes: dict[str, list[Cell]] = {}
        """By name, the numbered cells that define it, the last that was run first."""
        for cell in sorted(code, key=lambda cell: -(cell.execution_count or 0)):
            for name in names[cell.index].defines if cell.execution_count is not None else ():
                self._homes.setdefault(name, []).append(cell)
        self._order: dict[int, None] = {}
        self._defined: set[str] = set()
        self._moved: dict[int, int] = {}

    def plan(self) -> tuple[list[int], dict[int, int]]:
        """The order, and the cells that were moved, each with the one that needs it."""
        for cell in self._code:
            self._place(cell, 0)
        return list(self._order), self._moved

    def _place(self, cell: Cell, depth: int) -> None:
        if cell.index in self._order:
            return
        for name in sorted(self._names[cell.index].needs):
            other = self._home_of(name, cell) if depth < DEEPEST and name not in self._defined else None
            if other is not None:
                self._moved.setdefault(other.index, cell.index)
                self._place(other, depth + 1)
        if cell.index not in self._order:
            self._order[cell.index] = None
            self._defined |= self._names[cell.index].defines

    def _home_of(self, name: str, cell: Cell) -> Cell | None:
        """Of the cells that are not placed and define a name, the one that was run last before this one."""
        if cell.execution_count is None or "*" in self._defined:
            return None
        for other in self._homes.get(name, ()):
            before = other.execution_count is not None and other.execution_count < cell.execution_count
            if before and other is not cell and other.index not in self._order:
                return other
        return None


def _decided(order: Sequence[int], moved: Mapping[int, int], names: Mapping[int, _Names]) -> frozenset[int]:
    """The moved cells, those that need them, and whatever reads what these define or change."""
    decided: set[int] = {*moved, *moved.values()}
    touched: set[str] = set()
    for index in order:
        cell = names[index]
        if index in decided or cell.needs & touched:
            decided.add(index)
            touched |= cell.defines | cell.changes
        else:
            touched -= cell.defines
    return frozenset(decided)


def provisional(cells: Iterable[int]) -> Message:
    """Why a person looks at what cells of another order trained."""
    return say(
        "The cells were not run in the order in which they stand (cells {cells}); a person confirms what came of it.",
        cells=[cell + 1 for cell in sorted(cells)],
    )
