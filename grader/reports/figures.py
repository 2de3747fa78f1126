"""Curves of loss and accuracy as SVG that stands inside the page and follows its colours.

A class has thousands of them, one for each training of each student, so each is a small template of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from markupsafe import escape

from grader.reports.translation import Translator

COLOURS = ("#2f7fd0", "#d4660a", "#2a9461", "#a259b5", "#c94a5a", "#7f7f2a")
"""One a training; each readable on white and on near-black."""

_MOST_POINTS = 200
_LARGEST = 1e9
_WIDTH, _HEIGHT = 266.0, 166.0
_TOP, _RIGHT, _BOTTOM = 7.0, 8.0, 32.0
_LETTER = 5.2
"""Width of a digit of `_FONT` pixels."""
_FONT = 9
_MARGIN = 0.05
"""Share of an axis that is left free on either side of the curves."""
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: a value for each epoch from 1, NaN where there is none."""

    values: tuple[float, ...]
    colour: str
    dashed: bool = False

    @property
    def finite(self) -> tuple[float, ...]:
        """The values that can be drawn."""
        return tuple(value for value in self.values if math.isfinite(value))


@dataclass(frozen=True, slots=True)
class Axis:
    """From values to pixels."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Where a value stands, in pixels."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def series(logs: Sequence[Mapping[str, Any]], what: str, validation: bool = False) -> tuple[float, ...]:
    """The values of ``loss`` or ``accuracy`` over the epochs, whatever Keras called the metric."""
    return tuple(_number(log.get(_key(log, what, validation))) for log in logs)


def curves_svg(lines: Sequence[Line], title: str, prefix: str, translator: Translator) -> str:
    """Draw lines over epochs as an inline ``<svg>``; an empty string where no value can be drawn.

    Args:
        title: read out in place of the picture.
        prefix: makes the picture's id unique in its page.
    """
    drawable = tuple(line for line in lines if line.finite)
    if not drawable:
        return ""
    return (
        f'<svg role="img" id="{escape(prefix)}" aria-label="{escape(title)}" {_drawing(drawable, translator.language)}'
    )


@lru_cache(maxsize=512)
def _drawing(lines: tuple[Line, ...], language: str) -> str:
    """The picture after ``<svg``. Cached, since many students share the same training."""
    translator = Translator(language)
    values = [value for line in lines for value in line.finite]
    ticks = _ticks(*_limits(min(values), max(values)))
    labels = [translator.number(tick) for tick in ticks]
    left = 10.0 + _LETTER * max(map(len, labels), default=0)
    upright = Axis(*_limits(min(values), max(values)), _HEIGHT - _BOTTOM, _TOP, ticks)
    low, high = _limits(1, max(len(line.values) for line in lines))
    epochs = tuple(tick for tick in _ticks(low, high, whole=True) if tick >= 1)
    level = Axis(low, high, left, _WIDTH - _RIGHT, epochs)
    return "\n".join(
        [
            f'viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" font-size="{_FONT}" fill="currentColor">',
            *_grid(level, upright, labels, translator),
            *(_curve(line, level, upright) for line in lines),
            "</svg>",
        ]
    )


def _grid(level: Axis, upright: Axis, labels: Sequence[str], translator: Translator) -> list[str]:
    """Axes, grid lines, their numbers, and what the level axis counts."""
    left, right, bottom, top = level.start, level.end, upright.start, upright.end
    lines, numbers = [], []
    for tick in level.ticks:
        x = level.place(tick)
        lines.append(f"M{x:.1f} {top:g}V{bottom + 3:g}")
        numbers.append(f'<text x="{x:.1f}" y="{bottom + 13:g}" text-anchor="middle">{translator.number(tick)}</text>')
    for tick, label in zip(upright.ticks, labels, strict=True):
        y = upright.place(tick)
        lines.append(f"M{left - 3:.1f} {y:.1f}H{right:g}")
        numbers.append(f'<text x="{left - 5:.1f}" y="{y + 3:.1f}" text-anchor="end">{escape(label)}</text>')
    middle = (left + right) / 2
    return [
        f'<path d="{"".join(lines)}" stroke="var(--rule)" stroke-width=".4" fill="none"/>',
        f'<path d="M{left:.1f} {top:g}V{bottom:g}H{right:g}" stroke="var(--rule)" stroke-width=".8" fill="none"/>',
        *numbers,
        f'<text x="{middle:.1f}" y="{_HEIGHT - 6:g}" text-anchor="middle">{escape(translator.say("epoch"))}</text>',
    ]


def _curve(line: Line, level: Axis, upright: Axis) -> str:
    """The line, broken where values are missing, and a point for each epoch where there are few."""
    step = max(1, math.ceil(len(line.values) / _MOST_POINTS))
    path, points, joined = [], [], False
    for epoch, value in list(enumerate(line.values, 1))[::step]:
        if math.isfinite(value):
            place = f"{level.place(epoch):.1f} {upright.place(value):.1f}"
            path.append(f"{'L' if joined else 'M'}{place}")
            points.append(f"M{place}h0")
        joined = math.isfinite(value)
    dashes = ' stroke-dasharray="5.4 2.9"' if line.dashed else ""
    drawn = f'<path d="{"".join(path)}" fill="none" stroke="{line.colour}" stroke-width="1.8"{dashes}/>'
    if len(line.values) <= 30:
        dots = f'd="{"".join(points)}" stroke="{line.colour}" stroke-width="3.4" stroke-linecap="round"'
        drawn += f'<path {dots} fill="none"/>'
    return drawn


def _limits(low: float, high: float) -> tuple[float, float]:
    """An axis that leaves some room around the values, also where they are all the same."""
    room = (high - low) * _MARGIN or abs(high) * _MARGIN or _MARGIN
    return low - room, high + room


def _ticks(low: float, high: float, *, whole: bool = False) -> tuple[float, ...]:
    """Round numbers on an axis, at most six."""
    size = 10.0 ** math.floor(math.log10(high - low) - 1)
    steps = (size * scale * step for scale in (1, 10, 100) for step in _STEPS)
    for step in steps:
        if whole and step != round(step):
            continue
        first, last = math.ceil(low / step), math.floor(high / step)
        if last - first < _MOST_TICKS:
            ticks = (float(f"{number * step:.12g}") for number in range(first, last + 1))
            return tuple(tick for tick in ticks if low <= tick <= high)
    return ()


def _key(log: Mapping[str, Any], what: str, validation: bool) -> str:
    prefix = "val_" if validation else ""
    if what == "loss":
        return f"{prefix}loss"
    names = [name[len(prefix) :] for name in log if name.startswith(prefix) and (validation or name[:4] != "val_")]
    short = ("accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy")
    best = next((name for name in short if name in names), None)
    return prefix + (best or next((name for name in names if name.endswith(("accuracy", "acc"))), "accuracy"))


def _number(value: Any) -> float:
    """The value if a plot can show it, else NaN; JSON has null for NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if abs(value) <= _LARGEST else math.nan
