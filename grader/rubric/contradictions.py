"""What a rubric says that cannot be meant, or probably is not: it would cost a whole class its points.

Like `rules`, these look at the document as it was read, and pass over what has the wrong type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from grader.rubric.criteria import AnyCriterion
from grader.rubric.source import Fault, Where

CLASSES = 10
"""Classes of Fashion-MNIST, the one data set there is."""
MOST_LOSS = 10.0
"""A network that guesses has a loss of 2.3."""
MOST_UNITS = 100_000
LEAST_MEMORY_MB = 500
"""TensorFlow alone takes about as much."""
CHECKS = tuple(get_args(kind.model_fields["check"].annotation)[0] for kind in get_args(get_args(AnyCriterion)[0]))
_SAME = {"units": "hidden", "epochs": "epochs"}
"""Keys of criteria that say again what the question's training has."""


def contradictions(document: Mapping[str, Any]) -> Iterator[Fault]:
    """What cannot be meant."""
    yield from _broken_classes(document.get("classes"))
    memory: Any = _mapping(document.get("limits")).get("memory_mb")
    if _is_number(memory) and 0 < memory < LEAST_MEMORY_MB:
        rule = f"'memory_mb' must be at least {LEAST_MEMORY_MB}: TensorFlow alone takes about as much"
        yield Fault(("limits", "memory_mb"), rule, repr(memory))
    for place, question in _items(document.get("questions"), ("questions",)):
        training = _mapping(question.get("training"))
        yield from _too_wide(training.get("hidden"), (*place, "training", "hidden"))
        criteria = list(_items(question.get("criteria"), (*place, "criteria")))
        for here, criterion in criteria:
            yield from _in_criterion(criterion, question, training, here)
        yield from _thresholds(criteria)


def doubts(document: Mapping[str, Any]) -> Iterator[Fault]:
    """What is probably not meant, in a document without errors."""
    classes: list[Any] = document.get("classes") or []
    for place, question in _items(document.get("questions"), ("questions",)):
        for here, criterion in _items(question.get("criteria"), (*place, "criteria")):
            units = criterion.get("units")
            if criterion.get("check") == "output_layer" and classes and units != len(classes):
                rule = f"an output layer mostly has a unit for each of the {len(classes)} classes"
                yield Fault((*here, "units"), rule, repr(units))


def _broken_classes(classes: Any) -> Iterator[Fault]:
    if not isinstance(classes, list) or not classes:
        return
    if len(classes) != CLASSES:
        rule = f"'classes' must list the {CLASSES} classes of Fashion-MNIST in their order, each with its names"
        yield Fault(("classes",), rule, str(len(classes)), at_key=True)
    owners: dict[str, int] = {}
    for number, names in enumerate(classes):
        if not isinstance(names, list):
            continue
        if not any(isinstance(name, str) and name.strip() for name in names):
            yield Fault(("classes", number), f"class {number} must have a name", repr(names))
        for position, name in enumerate(names):
            owner = owners.setdefault(str(name).strip().casefold(), number)
            if owner != number:
                rule = f"a name must be of one class only, and this one is of class {owner} too"
                yield Fault(("classes", number, position), rule, repr(name))


def _in_criterion(
    criterion: Mapping[str, Any], question: Mapping[str, Any], training: Mapping[str, Any], here: Where
) -> Iterator[Fault]:
    check, points = criterion.get("check"), criterion.get("points")
    if (
        check not in CHECKS and points is not None and not _is_number(points)
    ):  # a criterion of no kind is read no further
        rule = "'points' must be a number, with a point for decimals"
        yield Fault((*here, "points"), rule, repr(points))
    yield from _too_wide(criterion.get("units"), (*here, "units"))
    loss: Any = criterion.get("loss")
    if _is_number(loss) and loss >= MOST_LOSS:
        rule = f"'loss' must be below {MOST_LOSS:g}: it is no percentage, 40 % are 0.4"
        yield Fault((*here, "loss"), rule, repr(loss))
    if criterion.get("like") is not None and criterion.get("like") == question.get("id"):
        yield Fault((*here, "like"), "'like' must name another question than its own", repr(criterion["like"]))
    named = criterion.get("models_of")
    models = named if isinstance(named, list) else []
    for position, name in enumerate(models):
        if models.index(name) != position:
            yield Fault((*here, "models_of", position), "'models_of' must name each question once", repr(name))
    for key, of_training in _SAME.items():
        asked, described = criterion.get(key), training.get(of_training)
        if (
            check in ("hidden_layers", "network_trained", "epochs")
            and None not in (asked, described)
            and asked != described
        ):
            rule = f"'{key}' must be what the question's 'training' has as '{of_training}', {described}"
            yield Fault((*here, key), rule, repr(asked))


def _too_wide(units: Any, where: Where) -> Iterator[Fault]:
    for position, width in enumerate(units if isinstance(units, list) else [units]):
        if _is_number(width) and width > MOST_UNITS:
            at = (*where, position) if isinstance(units, list) else where
            yield Fault(at, f"'{where[-1]}' must be at most {MOST_UNITS} in each layer", repr(width))


def _thresholds(criteria: list[tuple[Where, Mapping[str, Any]]]) -> Iterator[Fault]:
    """A callback that stops at one loss and waits for another is two callbacks."""
    stops = [item["loss"] for _, item in criteria if item.get("check") == "callback_stops" and "loss" in item]
    for here, item in criteria:
        if item.get("check") == "callback_waits" and stops and item.get("loss") not in (None, *stops):
            rule = f"'loss' must be that of the question's 'callback_stops', {stops[0]}"
            yield Fault((*here, "loss"), rule, repr(item["loss"]))


def _items(value: Any, where: Where) -> Iterator[tuple[Where, Mapping[str, Any]]]:
    for number, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, Mapping):
            yield (*where, number), item


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
