"""Curves of loss and accuracy as SVG that stands inside the page and follows its colours."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from grader.reports.translation import Translator

if TYPE_CHECKING:  # it takes long to import, and workers draw nothing
    from matplotlib.axes import Axes

COLOURS = ("#2f7fd0", "#d4660a", "#2a9461", "#a259b5", "#c94a5a", "#7f7f2a")
"""One a training; each readable on white and on near-black."""

_INK, _GRID = "#010101", "#020202"  # stand-ins, replaced by the page's own colours
_METADATA = ("Date", "Creator", "Format", "Type")
_MOST_POINTS = 200
_LARGEST = 1e9
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "grader",
    "font.size": 9,
    "axes.edgecolor": _GRID,
    "axes.linewidth": 0.8,
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
}


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


def series(logs: Sequence[Mapping[str, Any]], what: str, validation: bool = False) -> tuple[float, ...]:
    """The values of ``loss`` or ``accuracy`` over the epochs, whatever Keras called the metric."""
    return tuple(_number(log.get(_key(log, what, validation))) for log in logs)


def curves_svg(lines: Sequence[Line], title: str, prefix: str, translator: Translator) -> str:
    """Draw lines over epochs as an inline ``<svg>``; an empty string where no value can be drawn.

    Args:
        title: read out in place of the picture.
        prefix: makes the picture's ids unique in its page.
    """
    drawable = tuple(line for line in lines if line.finite)
    if not drawable:
        return ""
    drawing = _drawing(drawable, translator.language).replace("ID-", f"{prefix}-")
    label = title.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return f'<svg role="img" aria-label="{label}" {drawing}'


@lru_cache(maxsize=512)
def _drawing(lines: tuple[Line, ...], language: str) -> str:
    """The picture after ``<svg``. Cached, since many students share the same training."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    translator = Translator(language)
    with rc_context(_STYLE):
        figure = Figure(figsize=(3.7, 2.3), layout="constrained")
        axes = figure.add_subplot()
        for line in lines:
            _draw(axes, line)
        _dress(axes, translator)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata=dict.fromkeys(_METADATA))
    return _inline(buffer.getvalue())


def _draw(axes: Axes, line: Line) -> None:
    epochs = range(1, len(line.values) + 1)
    step = max(1, math.ceil(len(line.values) / _MOST_POINTS))
    axes.plot(
        epochs[::step],
        line.values[::step],
        color=line.colour,
        linewidth=1.8,
        linestyle=(0, (3, 1.6)) if line.dashed else "-",
        marker="o" if len(line.values) <= 30 else None,
        markersize=2.6,
    )


def _dress(axes: Axes, translator: Translator) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: translator.number(float(value))))
    axes.set_xlabel(translator.say("epoch"), color=_INK)
    axes.tick_params(colors=_GRID, labelcolor=_INK, length=3)
    axes.grid(color=_GRID, linewidth=0.4)
    axes.spines[["top", "right"]].set_visible(False)


def _inline(document: str) -> str:
    """What a whole SVG file has and an inline picture must not: prolog, metadata, fixed size, ids without a prefix."""
    svg = document[document.index("<svg") + 4 :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:xmlns(?::\w+)?|version|width|height)="[^"]*"', "", svg, count=5)
    svg = re.sub(r'\bid="', 'id="ID-', svg)
    svg = svg.replace('xlink:href="#', 'href="#ID-').replace("url(#", "url(#ID-")
    svg = svg.replace(_INK, "currentColor").replace(_GRID, "var(--rule)")
    return re.sub(r"\n\s*", "\n", svg).strip()


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
