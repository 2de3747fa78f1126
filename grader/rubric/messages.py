"""What is wrong with a rubric's file, and in which line."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError


def first_error(path: Path, document: Any, error: ValidationError) -> str:
    """The first rule that a document breaks, as ``file:line: rule. Received: value``."""
    first = error.errors()[0]
    where = [part for part in first["loc"] if not _is_union_tag(document, first["loc"], part)]
    name = next((part for part in reversed(where) if isinstance(part, str)), "rubric")
    rule = {
        "extra_forbidden": f"'{name}' is not a known key",
        "missing": f"'{name}' must be given",
        "greater_than": f"'{name}' must be > {first.get('ctx', {}).get('gt', 0):g}",
        "less_than": f"'{name}' must be < {first.get('ctx', {}).get('lt', 0):g}",
        "union_tag_invalid": f"'check' must be one of {first.get('ctx', {}).get('expected_tags')}",
        "union_tag_not_found": "'check' must be given",
    }.get(first["type"], f"'{name}': {first['msg'][0].lower()}{first['msg'][1:]}")
    received = first["input"]
    if first["type"] == "union_tag_invalid" and isinstance(received, dict):
        received = received.get("check")
    shown = "nothing" if first["type"] in ("missing", "union_tag_not_found") else _short(received)
    return f"{path}:{line_of(document, where)}: {rule}. Received: {shown}"


def _short(value: Any) -> str:
    """A value as it is shown in a message; one that holds itself many times over is not unfolded."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = 120
    return short.repr(value)


def _is_union_tag(document: Any, loc: tuple[int | str, ...], part: int | str) -> bool:
    """Pydantic puts the name of a union's member into the location; the file has no such key."""
    node = document
    for step in loc:
        if step == part and isinstance(node, Mapping) and step not in node and node.get("check") == step:
            return True
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            if not (isinstance(node, Mapping) and node.get("check") == step):
                return False
    return False


def line_of(document: Any, where: list[int | str] | tuple[int | str, ...]) -> int:
    """The line, from 1, of the deepest part of `where` that stands in the file."""
    node: Any = document
    line = 1
    for step in where:
        try:
            line = int((node.lc.key if hasattr(node, "keys") else node.lc.item)(step)[0]) + 1
            node = node[step]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line
