"""What pydantic finds wrong, as rules with the place in the file where each is broken."""

from __future__ import annotations

import datetime
import re
import reprlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from grader.rubric.criteria import AnyCriterion
from grader.rubric.language import Language
from grader.rubric.nearest import nearest
from grader.rubric.rubric import Limits, Question, Rubric, Selector
from grader.rubric.source import Fault, Where

_CRITERIA: Mapping[str, type[BaseModel]] = {
    get_args(kind.model_fields["check"].annotation)[0]: kind for kind in get_args(get_args(AnyCriterion)[0])
}
_PARTS: Mapping[str, type[BaseModel]] = {
    "questions": Question, "training": Selector, "limits": Limits, **_CRITERIA
}  # fmt: skip
"""What the keys of a mapping belong to, by the name that stands last before them."""
_QUANTITY = re.compile(r"(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>[^\W\d_]*)")
_UNITS: Mapping[str, Mapping[str, float]] = {
    "mb": {"mb": 1, "m": 1, "mib": 1.048576, "gb": 1e3, "g": 1e3, "gib": 1073.741824, "tb": 1e6},
    "seconds": {"s": 1, "sec": 1, "seg": 1, "min": 60, "m": 60, "h": 3600},
}
"""Factors of the units that people write, by the word in a key's name that says its own."""
_FILLED_IN = frozenset({"sha256", "folder", "learned_from"})


def faults_of(document: Any, error: ValidationError) -> Iterator[Fault]:
    """Every rule that a document breaks; a key that was meant for a missing one is told once."""
    details = error.errors()
    faults = [_fault(document, item) for item in details]
    meant = {(*fault.where[:-1], fault.meant) for fault in faults if fault.meant and fault.at_key}
    for item, fault in zip(details, faults, strict=True):
        if not (item["type"] == "missing" and (*_in_file(document, item["loc"])[:-1], item["loc"][-1]) in meant):
            yield fault


def as_meant(document: Any, error: ValidationError) -> Any:
    """A copy of the document with what was meant by values of a wrong kind, as far as that is plain.

    A rule that compares such a value with others would otherwise be told to be broken as well.
    """
    copy = deepcopy(document)
    for item in error.errors():
        meant = _meant(item["type"], item["input"])
        where = _in_file(document, item["loc"])
        if meant is None or not where:
            continue
        with suppress(KeyError, IndexError, TypeError):
            node = copy
            for step in where[:-1]:
                node = node[step]
            node[where[-1]] = meant
    return copy


def _meant(kind: str, received: Any) -> Any:
    """The value that was meant; None where nobody can tell."""
    if kind == "string_type" and isinstance(received, bool | int | float | datetime.date):
        return _as_written(received)
    if kind == "list_type" and isinstance(received, str | int | float):
        return [received]
    if kind in ("float_type", "int_type") and isinstance(received, str):
        found = _QUANTITY.fullmatch(received.strip())
        return None if found is None or found["unit"] else float(found["number"].replace(",", "."))
    return None


def _fault(document: Any, item: ErrorDetails) -> Fault:
    loc, context = item["loc"], item.get("ctx", {})
    is_key = loc[-1:] == ("[key]",)
    where = _in_file(document, loc[:-1] if is_key else loc)
    name = next((part for part in reversed(where) if isinstance(part, str)), "rubric")
    received = item["input"]
    match item["type"]:
        case "extra_forbidden":
            return Fault(where, f"'{name}' is not a known key", repr(name), True, nearest(str(loc[-1]), _keys(loc)))
        case "missing":
            return Fault(where[:-1], f"'{loc[-1]}' must be given", "nothing", at_key=True)
        case "union_tag_not_found":
            return Fault(where, "'check' must be given", "nothing", at_key=True)
        case "union_tag_invalid":
            tag = received.get("check") if isinstance(received, dict) else received
            rule = f"'check' must be one of {context.get('expected_tags')}"
            return Fault((*where, "check"), rule, short(tag), meant=nearest(str(tag), _CRITERIA))
        case "literal_error" if is_key:
            languages = get_args(Language)
            rule = f"'{where[-2] if len(where) > 1 else name}' must be given by language, {' or '.join(languages)}"
            return Fault(where, rule, short(received), True, nearest(str(received), languages))
        case "greater_than":
            return Fault(where, f"'{name}' must be > {context['gt']:g}", short(received))
        case "less_than":
            return Fault(where, f"'{name}' must be < {context['lt']:g}", short(received))
        case "float_type" | "int_type" if isinstance(received, str) and re.fullmatch(r"-?\d+,\d+", received.strip()):
            return Fault(where, f"'{name}' must be a number, with a point for decimals", short(received))
        case "float_type":
            return Fault(where, f"'{name}' must be a number{_as_number(name, received)}", short(received))
        case "int_type":
            rule = f"'{name}': input should be a valid integer{_as_number(name, received)}"
            return Fault(where, rule, short(received))
        case "string_type" if isinstance(received, bool | int | float | datetime.date):
            rule = f"'{name}': input should be a valid string, which needs quotes here: \"{_as_written(received)}\""
            return Fault(where, rule, short(received))
        case "too_short":
            return Fault(where, f"'{name}' must have at least one item", short(received))
        case "model_type" | "model_attributes_type" | "dict_type" if not where:
            return Fault(
                where, "the file must be a mapping of keys", "nothing" if received is None else short(received)
            )
        case "invalid_key":
            return Fault(where, "a key must be text", short(received), True)
        case "keras_name":
            return Fault(where, f"'{name}' {item['msg']}", short(received), meant=str(context["nearest"]))
        case _:
            return Fault(where, f"'{name}': {item['msg'][0].lower()}{item['msg'][1:]}", short(received))


def _as_number(name: str, received: Any) -> str:
    """How what was written is written as the number that is asked for; empty where nobody can tell."""
    found = _QUANTITY.fullmatch(received.strip()) if isinstance(received, str) else None
    if found is None:
        return ""
    if not found["unit"]:
        return f", without quotes: {found['number']}"
    own = next((part for part in name.split("_") if part in _UNITS), "")
    factor = _UNITS.get(own, {}).get(found["unit"].casefold())
    if factor is None:
        return ", without a unit"
    number = float(found["number"].replace(",", ".")) * factor
    return f" of {'MB' if own == 'mb' else own}, without a unit: {number:.12g}"


def _as_written(value: Any) -> str:
    """A value as it stood in the file, as far as YAML leaves that to be known."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _keys(loc: tuple[int | str, ...]) -> set[str]:
    """The keys that may stand beside the last one of a place."""
    named = [part for part in loc[:-1] if isinstance(part, str)]
    part = _PARTS.get(named[-1], Rubric) if named else Rubric
    return set(part.model_fields) - _FILLED_IN


def _in_file(document: Any, loc: tuple[int | str, ...]) -> Where:
    """Pydantic puts the name of a union's member into the location; the file has no such key."""
    node, where = document, []
    tagged = False
    for step in loc:
        tagged = not tagged and isinstance(node, Mapping) and step not in node and node.get("check") == step
        if tagged:
            continue
        where.append(step)
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            node = None
    return tuple(where)


def short(value: Any) -> str:
    """A value as it is shown in a message; one that holds itself many times over is not unfolded."""
    if isinstance(value, datetime.date):
        return f"the date {value}"
    limited = reprlib.Repr()
    limited.maxstring = limited.maxother = limited.maxlong = 120
    return limited.repr(value)
