"""A YAML file as it is shown to whoever has to mend it: each fault with its line, and a caret below the place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.errors import RubricError

Where = tuple[int | str, ...]
"""Keys and indices that lead from the document to a part of it."""

MOST_SHOWN = 20
"""Faults that are shown at one time."""
_LONGEST_LINE = 160
_TOKEN = re.compile(r"""'[^']*'|"[^"]*"|[^\s,\]}#:]+(?::\S+)?(?: +[^\s,\]}#:]+)*""")
_OPENS = re.compile(r"(?:[&!]\S+ +)*[\[{]")
"""A list or mapping in brackets, which may have a name and a type before it."""
_BRACKET = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*"|#.*|[\[\]{}]""")
"""A bracket; quoted text and comments are passed over as a whole."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule that a file breaks."""

    where: Where
    rule: str
    received: str
    at_key: bool = False
    """The fault is the key's, not its value's."""
    meant: str = ""
    """What was probably meant."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; all from 0."""

    line: int = 0
    column: int = 0
    length: int = 1


@dataclass(frozen=True)
class Source:
    """A YAML file that can be parsed."""

    path: Path
    raw: bytes

    @cached_property
    def lines(self) -> list[str]:
        """Its lines, as text."""
        return self.raw.decode("utf-8-sig", errors="replace").splitlines()

    @cached_property
    def document(self) -> Any:
        """The document, in which every part knows its line and column."""
        from ruamel.yaml import YAML

        return YAML(typ="rt").load(self.raw)

    def place(self, where: Where, *, at_key: bool = False) -> Place:
        """The place of the deepest part of `where` that stands in the file."""
        node, found = self.document, Place()
        for number, step in enumerate(where):
            is_mapping = hasattr(node, "keys")
            wants_key = is_mapping and at_key and number == len(where) - 1
            try:
                mark = node.lc.item(step) if not is_mapping else node.lc.key(step) if wants_key else node.lc.value(step)
                key = node.lc.key(step) if is_mapping else mark
                node = node[step]
            except (KeyError, IndexError, TypeError, AttributeError):
                break
            if isinstance(node, dict | list) and not wants_key and self._has_brackets_at(*mark):
                found = self.brackets_at(*mark)
                continue
            shown = key if wants_key or isinstance(node, dict | list) else mark
            is_key = shown is key and is_mapping
            found = Place(shown[0], shown[1], len(str(step))) if is_key else self.token_at(*shown)
        return found

    def _has_brackets_at(self, line: int, column: int) -> bool:
        return line < len(self.lines) and _OPENS.match(self.lines[line], column) is not None

    def brackets_at(self, line: int, column: int) -> Place:
        """A list or mapping in brackets that begins there, up to its end or the line's; of a marked one, its mark."""
        depth = 0
        text = self.lines[line]
        for found in _BRACKET.finditer(text, column):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
            if depth == 0 and found[0] in "]}":
                return Place(line, column, found.end() - column)
        return Place(line, column, max(1, len(text.rstrip()) - column))

    def token_at(self, line: int, column: int) -> Place:
        """The word or value that begins there."""
        token = _TOKEN.match(self.lines[line], column) if line < len(self.lines) else None
        return Place(line, column, len(token[0].rstrip(":")) if token else 1)

    def show(self, fault: Fault) -> str:
        """The fault as compilers show one: ``file:line: rule. Received: value``, the line, and a caret."""
        return self.show_at(self.place(fault.where, at_key=fault.at_key), fault)

    def show_at(self, place: Place, fault: Fault) -> str:
        """Like `show`, for a place that is known."""
        meant = f" (did you mean {fault.meant!r}?)" if fault.meant else ""
        told = f"{self.path}:{place.line + 1}: {fault.rule}. Received: {fault.received}{meant}"
        if place.line >= len(self.lines):
            return told
        start = max(0, place.column - _LONGEST_LINE // 2)
        line = _UNPRINTABLE.sub(" ", self.lines[place.line][start : start + _LONGEST_LINE])
        margin, column = f"{place.line + 1:>6} | ", place.column - start
        carets = "^" * max(1, min(place.length, _LONGEST_LINE - column))
        under = "".join("\t" if letter == "\t" else " " for letter in line[:column])
        return f"{told}\n{margin}{line.rstrip()}\n{' ' * (len(margin) - 2)}| {under}{carets}"


def refuse(shown: Iterable[str]) -> None:
    """Raise RubricError where there are faults: with the first of them in full, and how many more there are."""
    faults = list(dict.fromkeys(shown))
    if not faults:
        return
    more = len(faults) - MOST_SHOWN
    if more > 0:
        faults[MOST_SHOWN:] = [f"… and {more} more {'error' if more == 1 else 'errors'}."]
    raise RubricError("\n".join(faults))
