"""Which names a statement reads, and which it defines or changes, as far as it can be read without running it.

A name is dotted where it begins with an import: ``plt.rcParams`` is changed without ``plt.plot`` being another. Of all
else only the first part counts: what changes ``model.layers`` changes ``model``.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

BUILTINS = frozenset(dir(builtins))

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True, slots=True)
class Known:
    """What the code before a statement says of names."""

    imported: frozenset[str] = frozenset()
    functions: Mapping[str, _Function] = field(default_factory=dict)
    """The student's own, by name."""
    bodies: dict[str, Uses] = field(default_factory=dict, compare=False)
    """What their bodies do, as far as it has been read."""

    def with_also(self, other: Known) -> Known:
        """With what some later code says."""
        return Known(self.imported | other.imported, {**self.functions, **other.functions})


@dataclass(slots=True)
class Uses:
    """The names of one statement."""

    reads: set[str] = field(default_factory=set)
    defines: set[str] = field(default_factory=set)
    """Assigned, imported, or given to a function or class."""
    changes: set[str] = field(default_factory=set)
    """What a part of is assigned, a method is called on, or a function of the student's own is given."""
    later: set[str] = field(default_factory=set)
    """Read only when the function that the statement defines is called."""

    @property
    def touched(self) -> set[str]:
        """All that has to be there for the statement, or is another after it."""
        return self.reads | self.defines | self.changes


NOTHING = Known()


def known_from(trees: Iterable[ast.Module]) -> Known:
    """What some code imports, and the functions that it defines."""
    imported: set[str] = set()
    functions: dict[str, _Function] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                imported.update(_names_of(node))
            elif isinstance(node, _Function):
                functions[node.name] = node
    return Known(frozenset(imported), functions)


def uses_of(statement: ast.stmt, known: Known) -> Uses:
    """The names of a statement. Raises RecursionError for one that is nested too deeply."""
    reader = _Reader(known)
    reader.visit(statement)
    return reader.uses


def depends(names: Collection[str], on: Collection[str]) -> bool:
    """True if a name is one of others, a part of one, or has one as its part."""
    return any(_is_part(name, other) or _is_part(other, name) for name in names for other in on)


def _is_part(name: str, whole: str) -> bool:
    return name == whole or name.startswith(f"{whole}.")


def _names_of(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    return (alias.asname or alias.name.partition(".")[0] for alias in node.names)


class _Reader(ast.NodeVisitor):
    """Collects the names of a statement."""

    def __init__(self, known: Known, local: frozenset[str] = frozenset()) -> None:
        self.uses = Uses()
        self._known = known
        self._local = local
        """Names that mean something of their own inside a comprehension, lambda or function."""

    # --- names ------------------------------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in self._local:
            return
        if isinstance(node.ctx, ast.Load):
            if node.id not in BUILTINS or node.id in self._known.functions:
                self.uses.reads.add(node.id)
        else:
            self.uses.defines.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._part(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._part(node)
        self.visit(node.slice)

    def _part(self, node: ast.Attribute | ast.Subscript) -> None:
        path = self._path(node)
        if path is not None:
            self.uses.reads.add(path)
            if not isinstance(node.ctx, ast.Load):
                self.uses.changes.add(path)
        inner: ast.expr = node.value
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        if not isinstance(inner, ast.Name):
            self.visit(inner)

    def _path(self, node: ast.expr) -> str | None:
        """The name of what an expression is, or is a part of; None where that has none."""
        parts: list[str] = []
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Subscript):
                parts.clear()
                node = node.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                parts.clear()
                node = node.func.value
            else:
                return None
        if node.id in self._local:
            return None
        return ".".join((node.id, *reversed(parts))) if node.id in self._known.imported else node.id

    # --- what acts --------------------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute):
            receiver = self._path(node.func.value)
            if receiver is not None and receiver.partition(".")[0] not in self._known.imported:
                self.uses.changes.add(receiver)
        elif isinstance(node.func, ast.Name):
            name = node.func.id
            if name in self._known.functions or name not in BUILTINS | self._known.imported:
                self._call_own(name, node)

    def _call_own(self, name: str, node: ast.Call) -> None:
        """A function of the student's own may change what it is given, and what it names."""
        for value in (*node.args, *(keyword.value for keyword in node.keywords)):
            path = self._path(value)
            if path is not None:
                self.uses.changes.add(path)
        if name in self._known.functions:
            inner = _body_of(name, self._known)
            self.uses.reads |= inner.reads
            self.uses.changes |= inner.changes

    # --- what defines -----------------------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        self.uses.defines.update(_names_of(node))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.uses.defines.update(_names_of(node))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._define(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._define(node)

    def _define(self, node: _Function) -> None:
        if node.name not in self._local:
            self.uses.defines.add(node.name)
        for part in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(part)
        self.uses.later |= _inside(node, self._known, self._local).reads

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.uses.defines.add(node.name)
        for part in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.visit(part)
        inner = _Reader(self._known, self._local)
        for statement in node.body:
            inner.visit(statement)
        self.uses.reads |= inner.uses.reads - inner.uses.defines
        self.uses.later |= inner.uses.later - inner.uses.defines

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.uses.defines.add(node.name)
        self.generic_visit(node)

    # --- names of their own -----------------------------------------------------------------------------------------

    def visit_Lambda(self, node: ast.Lambda) -> None:
        own = frozenset(argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg))
        self._within(own, [node.body])

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehend(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehend(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehend(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehend(node)

    def _comprehend(self, node: _Comprehension) -> None:
        targets = [part for generator in node.generators for part in ast.walk(generator.target)]
        own = frozenset(part.id for part in targets if isinstance(part, ast.Name))
        self._within(own, list(ast.iter_child_nodes(node)))

    def _within(self, own: frozenset[str], nodes: Iterable[ast.AST]) -> None:
        outer, self._local = self._local, self._local | own
        for node in nodes:
            self.visit(node)
        self._local = outer


def _body_of(name: str, known: Known) -> Uses:
    """What a function of the student's own does, and those that it calls; each is read once, also where they call
    each other.
    """
    if name not in known.bodies:
        known.bodies[name] = Uses()
        known.bodies[name] = _inside(known.functions[name], known, frozenset())
    return known.bodies[name]


def _inside(function: _Function, known: Known, local: frozenset[str]) -> Uses:
    """What a function's body does to names that are not its own.

    Args:
        local: names that mean something of their own around it.
    """
    own = _own_names(function)
    reader = _Reader(known, local | own)
    for statement in function.body:
        reader.visit(statement)
    reader.uses.changes |= {name for name in reader.uses.defines if name not in own}
    return reader.uses


def _own_names(function: _Function) -> frozenset[str]:
    """Arguments and local variables of a function."""
    named = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    shared: set[str] = set()
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                named.add(node.id)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                named.update(_names_of(node))
            elif isinstance(node, _Function | ast.ClassDef):
                named.add(node.name)
            elif isinstance(node, ast.Global | ast.Nonlocal):
                shared.update(node.names)
    return frozenset(named - shared)
