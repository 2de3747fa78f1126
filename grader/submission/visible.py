"""A text cell as its reader sees it: without what a page hides, which is nobody's answer."""

from __future__ import annotations

import re

_NO_SIZE = r"(?:0(?:\.0*)?(?:px|pt|em|rem|%)?|[01]px)"
_HIDING = re.compile(
    r"<(?P<name>[a-z][a-z0-9]*)(?=[\s/>])(?=[^<>]*(?:"
    r"\shidden(?=[\s=>/])|display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)"
    rf"|opacity\s*:\s*0(?:\.0*)?\s*[;\"']|font-size\s*:\s*{_NO_SIZE}\s*[;\"']))[^<>]*>"
    r"|<(?P<other>template|script|style|noscript)\b[^<>]*>",
    re.IGNORECASE,
)
"""The beginning of an element that a page does not show. White letters are read where the page is dark."""
_FORMULA = re.compile(r"\\[hv]?phantom\s*\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
"""Letters of a formula that only take their room, with one level of braces in them."""
_EMPTY_LINK = re.compile(r"(?<!!)\[\s*\]\([^()\n]*\)")


def visible(text: str) -> str:
    """The text without elements that hide what they hold, empty room in formulas, and links without words.

    A hidden element ends with its own closing tag, or else with the text.
    """
    kept, position = [], 0
    while (opening := _HIDING.search(text, position)) is not None:
        kept.append(text[position : opening.start()])
        position = _end(text, opening.end(), (opening["name"] or opening["other"]).lower())
    shown = " ".join([*kept, text[position:]]) if kept else text[position:]
    return _EMPTY_LINK.sub(" ", _FORMULA.sub(" ", shown))


def _end(text: str, start: int, name: str) -> int:
    """Where the element that begins there ends, others of its name within it counted."""
    depth = 1
    for tag in re.finditer(rf"<(/?){re.escape(name)}\b[^<>]*>", text[start:], re.IGNORECASE):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return start + tag.end()
    return len(text)
