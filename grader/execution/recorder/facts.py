"""Plain facts about Python objects, in a form that JSON can carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .genuine import registry

MAX_TEXT = 4_000


def is_students(cls: type) -> bool:
    """True for a class that neither Keras nor Python brought along, whatever it says of itself."""
    return registry().name(cls) is None


def name_of(cls: type) -> str:
    """The name that a class was made with; what a student calls Keras's own classes does not matter."""
    return registry().name(cls) or str(cls.__name__)


def class_names(cls: type) -> list[str]:
    """A class's and its bases' names, nearest first; a student's class with a Keras name is told apart by a star."""
    bases = [base for base in cls.__mro__ if base is not object]
    return [f"{base.__name__}*" if is_students(base) else name_of(base) for base in bases][:20]


def shape_of(shape: Any) -> list[int | None] | None:
    """A shape without its batch axis."""
    if not isinstance(shape, tuple) or not all(size is None or isinstance(size, int) for size in shape):
        return None
    return list(shape[1:])


def whole(value: Any) -> int:
    """A whole number, 0 where it is none."""
    try:
        return int(value)
    except Exception:
        return 0


def number(value: Any) -> float | None:
    """A number, None where it is none."""
    try:
        return None if value is None else float(value)
    except Exception:
        return None


def numbers(value: Any) -> list[float]:
    """All numbers in a result, flat, at most 50."""
    import numpy as np

    if isinstance(value, dict):
        value = list(value.values())
    try:
        return [float(item) for item in np.asarray(value, dtype="float64").ravel()[:50]]
    except Exception:
        return []


def exception(error: BaseException | None) -> dict[str, Any] | None:
    """An exception as its class's names and its message."""
    if error is None:
        return None
    return {
        "name": type(error).__name__,
        "message": str(error)[:MAX_TEXT],
        "names": [base.__name__ for base in type(error).__mro__ if base not in (object, BaseException)],
    }


def unique(items: list[Any]) -> Iterator[Any]:
    """Each object once, in order."""
    seen: set[int] = set()
    for item in items:
        if id(item) not in seen:
            seen.add(id(item))
            yield item


def as_trained(array: Any) -> Any:
    """An array in the type in which Keras trains on it: single precision for all real numbers."""
    return array.astype("float32", copy=False) if array.dtype.kind == "f" else array
