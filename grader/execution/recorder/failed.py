"""Where a cell failed, and what it leaves in memory."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

from .facts import exception

MAX_FRAMES = 10_000
MAX_ERRORS = 100


def where_failed(error: BaseException | None, names: dict[str, Any]) -> dict[str, Any] | None:
    """What stopped a cell, and at which of its lines; None for one that ended, or whose code could not be run at all.

    Args:
        names: the global variables of cells.
    """
    if error is None:
        return None
    step = error.__traceback__
    while step is not None and step.tb_frame.f_globals is not names:
        step = step.tb_next
    if step is None:
        return None
    facts = exception(error) or {}
    number = getattr(error, "errno", None)
    return {
        "name": facts["name"],
        "names": facts["names"],
        "line": step.tb_lineno,
        "column": _column(step),
        "errno": number if isinstance(number, int) else None,
    }


def _column(step: TracebackType) -> int:
    """In bytes; 0 where the interpreter does not know."""
    positions = list(step.tb_frame.f_code.co_positions())
    place = step.tb_lasti // 2
    return (positions[place][2] or 0) if 0 <= place < len(positions) else 0


def free_frames(error: BaseException | None) -> None:
    """Empty the functions that ended by an error of what they held, and leave its traceback as it can be printed.

    Python keeps the last error of all, and with it whatever was handed to the functions on its way: two networks that
    do not fit their data hold a student's images, 376 MB, through the rest of the notebook.
    """
    for each in _chain(error):
        for frame in _frames(each.__traceback__):
            if frame.f_code.co_flags & inspect.CO_GENERATOR:
                continue  # it may wait to go on, and to clear it would end it
            with contextlib.suppress(RuntimeError):  # it still runs
                frame.clear()
                _ = frame.f_locals  # whoever printed the traceback left a copy here; this brings it up to date


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(MAX_ERRORS):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _frames(first: TracebackType | None) -> Iterator[FrameType]:
    """Frames below the one that caught the error, those too that Keras and IPython leave out of the traceback."""
    if first is None:
        return
    seen = {first.tb_frame}
    step = first.tb_next
    while step is not None and len(seen) < MAX_FRAMES:
        frame: FrameType | None = step.tb_frame
        while frame is not None and frame not in seen and len(seen) < MAX_FRAMES:
            seen.add(frame)
            yield frame
            frame = frame.f_back
        step = step.tb_next
