"""From any file named .ipynb to clean cells: what can be repaired is, the rest is refused in one line."""

from __future__ import annotations

import errno
import hashlib
import html
import json
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from grader.errors import SubmissionError, UsageError
from grader.processes import AS_IT_IS
from grader.records import Cell, Output

ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz")
LARGEST_FILE = 200_000_000
"""Bytes. Larger files are refused."""
LONGEST_OUTPUT = 2_000_000
"""Characters of one output's text that are kept."""
LONGEST_ID = 80
MOST_CELLS = 5_000
MOST_VALUES = 5_000_000
"""Numbers, texts, lists and objects in one file: each takes up to a hundred bytes of memory, and one or two in it."""
MOST_TEXT = 10_000_000
"""Characters in all cells together, pasted pictures aside; what is longer would take minutes to be searched."""

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]")
_COLOUR_SPAN = re.compile(r"</?(?:span|font|pre)\b[^<>]*>")
_HTML_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_HTML_LINE_END = re.compile(r"<br\s*/?>|</(?:tr|p|div|li|pre|h\d)>", re.I)
_OBJECT = re.compile(r"\s*<[\w.]+(?: object)?(?: at 0x[0-9a-f]+)?>\s*")
"""How a shown object stands in plain text: ``<IPython.core.display.HTML object>``."""
_JSON_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_PASTED = re.compile(r"data:[\w.+/-]{1,60};base64,[\w+/=-]*")
_IMAGE_KEYS = ("png", "jpeg", "svg", "pdf")


# --- a folder of submissions ------------------------------------------------------------------------------------------


def find_notebooks(folder: Path) -> list[tuple[str, Path]]:
    """All submissions in a folder, as (id, path), sorted: its notebooks, and those of its direct sub-folders.

    Ids are safe as file names and unique whatever the case. What must not be opened (a link that leaves the folder,
    a pipe, a folder named like a notebook) is listed too, and refused by `read_submission`.

    Raises:
        UsageError: if the folder is a file, does not exist, cannot be listed, or holds no notebook.
    """
    if folder.is_file():
        raise UsageError(
            f"submissions must stand in a readable folder{_instead_of(folder)}. Received: {folder}, which is a file"
        )
    try:
        found = list(_entries(folder))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"submissions must stand in a readable folder. Received: {folder} ({reason})") from error
    if not found:
        raise UsageError(f"a folder of submissions must hold at least one .ipynb file. Received: {folder}")
    root = folder.resolve()
    taken: set[str] = set()
    listed = []
    for name, path in sorted(found, key=lambda entry: (entry[0].casefold(), entry[0])):
        listed.append((_unique(_safe(name), name, taken), _link_target(path, root)))
    return sorted(listed)


def _instead_of(file: Path) -> str:
    """What to do with a file that was given for a folder of submissions."""
    if file.suffix.casefold() == ".ipynb":
        return ": give the one that this notebook is in, or look at this one alone with grader check"
    if file.suffix.casefold() in ARCHIVES:
        return ": unpack this archive, and give the folder with what was in it"
    return ": give the one with the students' .ipynb files"


def _entries(folder: Path) -> Iterator[tuple[str, Path]]:
    """(name for the id, path) of all that is, or claims to be, a notebook."""
    root = folder.resolve()
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if _is_notebook_name(path):
            yield path.stem, path
        elif path.is_symlink() and not _stays_within(path, root):
            if path.is_dir():
                yield path.name, path
        elif path.is_dir() and not _leads_back(path, root):
            yield from _entries_below(path)


def _entries_below(folder: Path) -> Iterator[tuple[str, Path]]:
    try:
        paths = list(folder.iterdir())
    except OSError:
        yield folder.name, folder
        return
    for path in paths:
        if not path.name.startswith(".") and _is_notebook_name(path):
            yield f"{folder.name}_{path.stem}", path


def _is_notebook_name(path: Path) -> bool:
    return path.suffix.casefold() == ".ipynb"


def _stays_within(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _leads_back(path: Path, root: Path) -> bool:
    """Whether a link leads to a folder whose notebooks are listed anyway."""
    return path.is_symlink() and root in (target := path.resolve(), target.parent)


def _link_target(path: Path, root: Path) -> Path:
    """A link inside the folder becomes the file it names. One that leaves stays a link, which reading refuses."""
    return path.resolve() if path.is_symlink() and _stays_within(path, root) else path


def _safe(name: str) -> str:
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", plain)
    plain = re.sub(r"\.{2,}", ".", plain).lstrip(".-").rstrip("._-" if plain.strip("._-") else "")
    if not plain.strip("._-"):
        return f"submission-{_digest(name)}"
    return plain if len(plain) <= LONGEST_ID else f"{plain[: LONGEST_ID - 7]}-{_digest(name)}"


def _unique(wanted: str, name: str, taken: set[str]) -> str:
    """Add a digest of the name where another submission's id differs in nothing but case or folded signs."""
    found, turn = wanted, 1
    while found.casefold() in taken:
        found = f"{wanted[: LONGEST_ID - 12]}-{_digest(name if turn == 1 else f'{name}/{turn}')}"
        turn += 1
    taken.add(found.casefold())
    return found


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:6]


# --- one file ---------------------------------------------------------------------------------------------------------


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file of bearable size; never waits for a pipe, never follows a link.

    Raises:
        SubmissionError: for everything else.
    """
    try:
        handle = os.open(path, os.O_RDONLY | AS_IT_IS)
    except (OSError, ValueError) as error:
        is_link = getattr(error, "errno", None) == errno.ELOOP
        reason = "a link" if is_link else getattr(error, "strerror", None) or str(error)
        raise SubmissionError(f"{path.name}: a submission must be a readable file. Received: {reason}") from error
    try:
        _refuse_unless_regular(os.fstat(handle), path)
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(LARGEST_FILE + 1)
        _refuse_if_large(len(content), path)  # it may have grown since
        return content
    except OSError as error:
        raise SubmissionError(f"{path.name}: a submission must be readable. Received: {error.strerror}") from error
    finally:
        os.close(handle)


def _refuse_unless_regular(facts: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(facts.st_mode):
        kind = "a folder" if stat.S_ISDIR(facts.st_mode) else "a pipe or device"
        raise SubmissionError(f"{path.name}: a submission must be a regular file. Received: {kind}")
    _refuse_if_large(facts.st_size, path)


def _refuse_if_large(size: int, path: Path) -> None:
    if size > LARGEST_FILE:
        shown, limit = (f"{number / 1e6:.0f} MB" for number in (size, LARGEST_FILE))
        raise SubmissionError(f"{path.name}: a submission may have at most {limit}. Received: {shown}")


def parse_notebook(raw: bytes, name: str) -> tuple[Cell, ...]:
    """The cells of a notebook of any format version, repaired where needed.

    Raises:
        SubmissionError: where the bytes are no notebook.
    """
    document = _parse_json(raw, name)
    if not isinstance(document, dict):
        raise SubmissionError(f"{name}: a notebook must be a JSON object. Received: {_shown(document)}")
    found = _raw_cells(document, name)
    if len(found) > MOST_CELLS:
        raise SubmissionError(f"{name}: a notebook may have at most {MOST_CELLS} cells. Received: {len(found)}")
    cells = tuple(_cell(index, cell) for index, cell in enumerate(found))
    text = sum(len(_PASTED.sub("", cell.source)) for cell in cells)
    if text > MOST_TEXT:
        raise SubmissionError(f"{name}: cells may have at most {MOST_TEXT} characters in all. Received: {text}")
    return cells


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
        raise SubmissionError(f"{name}: a notebook must be JSON. Received: an empty file")
    _refuse_many_values(raw, name)
    text = _decode(raw)
    try:
        return json.loads(text)
    except RecursionError as error:
        raise SubmissionError(
            f"{name}: a notebook's JSON must not be nested so deeply. Received: too many levels"
        ) from error
    except ValueError as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        begins = " ".join(text[:200].split())[:40]
        raise SubmissionError(
            f"{name}: a notebook must be JSON. Received: not valid JSON{where}, text that starts with {begins!r}"
        ) from error


def _refuse_many_values(raw: bytes, name: str) -> None:
    """Refuse JSON that would take far more memory than the file."""
    values = 1 + _separators(raw, 0, len(raw))
    if values > MOST_VALUES:
        for texts, text in enumerate(_JSON_TEXT.finditer(raw)):
            if texts > MOST_VALUES:
                break
            values -= _separators(raw, *text.span())
    if values > MOST_VALUES:
        raise SubmissionError(f"{name}: a notebook may have at most {MOST_VALUES} values. Received: about {values}")


def _separators(raw: bytes, start: int, stop: int) -> int:
    """How many signs there are behind which JSON can have a value."""
    return sum(raw.count(sign, start, stop) for sign in (b",", b"[", b"{", b":"))


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
        received = f"'cells' is {_shown(cells)}" if "cells" in document else "an object with " + _keys(document)
        raise SubmissionError(f"{name}: a notebook must have a list of cells. Received: {received}")
    return [cell for cell in cells if isinstance(cell, dict)]


def _keys(document: Mapping[str, Any]) -> str:
    names = ", ".join(repr(str(key)[:20]) for key in list(document)[:4])
    return f"the keys {names}" if names else "no keys"


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return f"a {'list' if isinstance(value, list) else type(value).__name__}"


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
        text = "\n".join(_last_written(line) for line in text.split("\n"))
    if len(text) > LONGEST_OUTPUT:
        half = LONGEST_OUTPUT // 2
        text = f"{text[:half]}\n[...]\n{text[-half:]}"
    return text


def _last_written(line: str) -> str:
    """What a terminal still shows of a line that was written over and over, such as a progress bar."""
    parts = re.split(r"[\r\b]+", line)
    return next((part for part in reversed(parts) if part.strip()), "")


def _output_text(value: Any, sep: str) -> str:
    """Unlike a source, a stream's list may hold pieces of one line."""
    if isinstance(value, list):
        return sep.join(_text(part) for part in value)
    return _text(value)
