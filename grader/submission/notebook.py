"""From any file named .ipynb to clean cells: what can be repaired is, the rest is refused in one line."""

from __future__ import annotations

import errno
import html
import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from grader.bounded_json import count_values
from grader.errors import SubmissionError
from grader.processes import AS_IT_IS
from grader.records import Cell, Message, Output, printable, say

LARGEST_FILE = 200_000_000
"""Bytes. Larger files are refused."""
LONGEST_OUTPUT = 2_000_000
"""Characters of one output's text that are kept."""
MOST_CELLS = 5_000
MOST_VALUES = 5_000_000
"""Numbers, texts, lists and objects in one file."""
MOST_TEXT = 10_000_000
"""Characters in all cells together, pasted pictures aside; what is longer would take minutes to be searched."""
LEAST_LEFT_OUT = 100_000
"""Characters. Nothing is gained by leaving out a cell that is shorter."""

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]")
_COLOUR_SPAN = re.compile(r"</?(?:span|font|pre)\b[^<>]*>")
_HTML_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_HTML_LINE_END = re.compile(r"<br\s*/?>|</(?:tr|p|div|li|pre|h\d)>", re.I)
_OBJECT = re.compile(r"\s*<[\w.]+(?: object)?(?: at 0x[0-9a-f]+)?>\s*")
"""How a shown object stands in plain text: ``<IPython.core.display.HTML object>``."""
_PASTED = re.compile(r"data:[\w.+/-]{1,60};base64,[\w+/=-]*")
_IMAGE_KEYS = ("png", "jpeg", "svg", "pdf")


# --- one file ---------------------------------------------------------------------------------------------------------


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file of bearable size; never waits for a pipe, never follows a link.

    Raises:
        SubmissionError: for everything else.
    """
    try:
        handle = os.open(path, os.O_RDONLY | AS_IT_IS)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    try:
        _refuse_unless_regular(os.fstat(handle), path)
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(LARGEST_FILE + 1)
        _refuse_if_large(len(content), path)  # it may have grown since
        return content
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(handle)


def _unreadable(path: Path, error: OSError | ValueError) -> SubmissionError:
    return SubmissionError(
        say("{name}: a submission must be a readable file. Received: {received}", name=path.name, received=_why(error))
    )


def _why(error: OSError | ValueError) -> Message | str:
    """Why a file could not be read; what has no words of ours is told in the system's."""
    match getattr(error, "errno", None):
        case errno.ELOOP:
            return say("a link")
        case errno.EACCES | errno.EPERM:
            return say("Permission denied")
        case errno.ENOENT:
            return say("No such file")
    return getattr(error, "strerror", None) or str(error)


def _refuse_unless_regular(facts: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(facts.st_mode):
        kind = say("a folder" if stat.S_ISDIR(facts.st_mode) else "a pipe or device")
        raise SubmissionError(
            say("{name}: a submission must be a regular file. Received: {received}", name=path.name, received=kind)
        )
    _refuse_if_large(facts.st_size, path)


def _refuse_if_large(size: int, path: Path) -> None:
    if size > LARGEST_FILE:
        raise SubmissionError(
            say(
                "{name}: a submission may have at most {most:.0f} MB. Received: {received:.0f} MB",
                name=path.name,
                most=LARGEST_FILE / 1e6,
                received=size / 1e6,
            )
        )


def parse_notebook(raw: bytes, name: str) -> tuple[Cell, ...]:
    """The cells of a notebook of any format version, repaired where needed.

    Raises:
        SubmissionError: where the bytes are no notebook.
    """
    document = _parse_json(raw, name)
    if not isinstance(document, dict):
        raise SubmissionError(
            say("{name}: a notebook must be a JSON object. Received: {received}", name=name, received=_shown(document))
        )
    found = _raw_cells(document, name)
    if len(found) > MOST_CELLS:
        raise SubmissionError(
            say(
                "{name}: a notebook may have at most {most} cells. Received: {received}",
                name=name,
                most=MOST_CELLS,
                received=len(found),
            )
        )
    cells = _bearable(_cell(index, cell) for index, cell in enumerate(found))
    text = sum(_length(cell) for cell in cells)
    if text > MOST_TEXT:
        raise SubmissionError(
            say(
                "{name}: cells may have at most {most} characters in all. Received: {received}",
                name=name,
                most=MOST_TEXT,
                received=text,
            )
        )
    return cells


def _bearable(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Cells of which the longest are left out, until the others may be searched."""
    kept = list(cells)
    lengths = {cell.index: _length(cell) for cell in kept}
    total = sum(lengths.values())
    for index in sorted(lengths, key=lengths.__getitem__, reverse=True):
        if total <= MOST_TEXT or lengths[index] < LEAST_LEFT_OUT:
            break
        kept[index] = replace(kept[index], source="", left_out=lengths[index])
        total -= lengths[index]
    return tuple(kept)


def _length(cell: Cell) -> int:
    return len(_PASTED.sub("", cell.source))


def clean_notebook(cells: tuple[Cell, ...]) -> dict[str, Any]:
    """The cells as an nbformat 4.5 document to run: no outputs, fresh ids, a Python kernel."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
        "cells": [_clean_cell(cell) for cell in cells],
    }


def _clean_cell(cell: Cell) -> dict[str, Any]:
    clean: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": f"cell-{cell.index + 1}",
        "metadata": {},
        "source": cell.source,
    }
    if cell.kind == "code":
        clean |= {"execution_count": None, "outputs": []}
    return clean


def _parse_json(raw: bytes, name: str) -> Any:
    if not raw.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise SubmissionError(
            say("{name}: a notebook must be JSON. Received: {received}", name=name, received=say("an empty file"))
        )
    _refuse_many_values(raw, name)
    text = _decode(raw)
    try:
        return json.loads(text)
    except RecursionError as error:
        raise SubmissionError(
            say("{name}: a notebook's JSON must not be nested so deeply. Received: too many levels", name=name)
        ) from error
    except ValueError as error:
        begins = " ".join(text[:200].split())[:40]
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        received = say("not valid JSON at line {line}, text that starts with “{begins}”", line=line, begins=begins)
        raise SubmissionError(
            say("{name}: a notebook must be JSON. Received: {received}", name=name, received=received)
        ) from error


def _refuse_many_values(raw: bytes, name: str) -> None:
    """Refuse JSON that would take far more memory than the file."""
    values = count_values(raw, MOST_VALUES)
    if values > MOST_VALUES:
        raise SubmissionError(
            say(
                "{name}: a notebook may have at most {most} values. Received: about {received}",
                name=name,
                most=MOST_VALUES,
                received=values,
            )
        )


def _decode(raw: bytes) -> str:
    encoding = json.detect_encoding(raw)
    try:
        return raw.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _raw_cells(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    cells = document.get("cells")
    sheets = document.get("worksheets")
    if not isinstance(cells, list) and isinstance(sheets, list):
        parts = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        cells = [cell for part in parts if isinstance(part, list) for cell in part]
    if not isinstance(cells, list):
        raise SubmissionError(
            say(
                "{name}: a notebook must have a list of cells. Received: {received}",
                name=name,
                received=_shown(document["cells"]) if "cells" in document else _keys(document),
            )
        )
    return [cell for cell in cells if isinstance(cell, dict)]


def _keys(document: Mapping[str, Any]) -> Message:
    names = tuple(printable(str(key)[:20]) for key in list(document)[:4])
    return say("an object with the keys {names}", names=", ".join(names)) if names else say("an object with no keys")


def _shown(value: Any) -> Message:
    match value:
        case None:
            return say("null")
        case str():
            return say("the text “{begins}”", begins=printable(value[:40]))
        case list():
            return say("a list")
    return say("a value of type {type}", type=type(value).__name__)


def _cell(index: int, raw: Mapping[str, Any]) -> Cell:
    kind = _kind(raw)
    source = _source(raw.get("source", raw.get("input", "")))
    if raw.get("cell_type") == "heading":
        level = raw.get("level")
        source = f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {source}"
    if kind != "code":
        return Cell(index, kind, source)
    outputs = raw.get("outputs")
    kept = tuple(_output(out) for out in outputs if isinstance(out, dict)) if isinstance(outputs, list) else ()
    count = raw.get("execution_count", raw.get("prompt_number"))
    return Cell(index, kind, source, kept, count if type(count) is int else None)


def _kind(raw: Mapping[str, Any]) -> Literal["code", "markdown", "raw"]:
    stated = raw.get("cell_type")
    if stated in ("code", "raw"):
        return "code" if stated == "code" else "raw"
    if stated in ("markdown", "heading", "html"):
        return "markdown"
    return "code" if "outputs" in raw or "input" in raw or "execution_count" in raw else "raw"


def _source(value: Any) -> str:
    """A cell's source from a string or a list of lines, also where the lines have lost their ends."""
    if isinstance(value, list):
        parts = [_text(part) for part in value]
        lost_ends = len(parts) > 1 and not any(part.endswith(("\n", "\r")) for part in parts[:-1])
        value = ("\n" if lost_ends else "").join(parts)
    return _text(value).replace("\r", "\n")


def _text(value: Any) -> str:
    """A string as it is, nothing for nothing; without bytes that no file or database can hold."""
    text = value if isinstance(value, str) else "" if value is None or isinstance(value, dict | list) else str(value)
    return text.replace("\r\n", "\n").replace("\0", "").encode("utf-8", "replace").decode("utf-8")


# --- saved outputs ----------------------------------------------------------------------------------------------------


def _output(raw: Mapping[str, Any]) -> Output:
    stated = raw.get("output_type")
    if stated in ("error", "pyerr") or (stated is None and ("ename" in raw or "traceback" in raw)):
        return _error(raw)
    if stated == "stream" or (stated is None and "data" not in raw and not _old_data(raw)):
        name = raw.get("name", raw.get("stream", "stdout"))
        return Output("stream", _printed(raw.get("text")), name if name in ("stdout", "stderr") else "stdout")
    data = raw.get("data")
    mime = data if isinstance(data, dict) else _old_data(raw)
    has_image = any(str(key).startswith("image/") for key in mime)
    return Output("data", _shown_text(mime), has_image=has_image)


def _error(raw: Mapping[str, Any]) -> Output:
    name, value, trace = (_plain_error(raw.get(key), sep) for key, sep in _ERROR_PARTS)
    return Output("error", trace, name[:200], value[:LONGEST_OUTPUT])


_ERROR_PARTS = (("ename", ""), ("evalue", ""), ("traceback", "\n"))


def _plain_error(value: Any, sep: str) -> str:
    """Error text as it was raised: some tools save it escaped for HTML, or with the colours as HTML tags."""
    text = _printed(value, sep)
    if "&" in text:
        text = html.unescape(text)
    return _COLOUR_SPAN.sub("", text)


def _old_data(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Nbformat 3 kept a result's forms beside its type."""
    known = {"text": "text/plain", "html": "text/html", "latex": "text/latex"}
    known |= {key: f"image/{key}" for key in _IMAGE_KEYS}
    if raw.get("output_type") not in ("pyout", "display_data", "execute_result"):
        known.pop("text")
    return {mime: raw[key] for key, mime in known.items() if key in raw}


def _shown_text(mime: Mapping[str, Any]) -> str:
    """What a result says in any of its forms, the plain one first, if it is more than the name of an object."""
    for key in ("text/plain", "text/markdown", "text/latex"):
        if key in mime and not ("text/html" in mime and _OBJECT.fullmatch(_printed(mime[key]))):
            return _printed(mime[key])
    lines = _HTML_LINE_END.sub("\n", _printed(mime.get("text/html")))
    return html.unescape(_HTML_TAG.sub(" ", lines))


def _printed(value: Any, sep: str = "") -> str:
    """Output text without terminal colours, of bearable length: its beginning and its end are what tells."""
    text = _ANSI.sub("", _output_text(value, sep))
    if len(text) > LONGEST_OUTPUT:
        text = "\n".join(last_written(line) for line in text.split("\n"))
    if len(text) > LONGEST_OUTPUT:
        half = LONGEST_OUTPUT // 2
        text = f"{text[:half]}\n[...]\n{text[-half:]}"
    return text


def last_written(line: str) -> str:
    """What a terminal still shows of a line that was written over and over, such as a progress bar."""
    parts = re.split(r"[\r\b]+", line)
    return next((part for part in reversed(parts) if part.strip()), "")


def _output_text(value: Any, sep: str) -> str:
    """Unlike a source, a stream's list may hold pieces of one line."""
    if isinstance(value, list):
        return sep.join(_text(part) for part in value)
    return _text(value)
