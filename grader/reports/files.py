"""Writing a file so that a reader finds the old one or the new one, never half of one, also after a power cut."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import psutil

EXECUTED = "executed.ipynb"
"""The notebook with the outputs of the grader's own run, in the folder of its submission."""


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all. Folders are made as needed; line ends are kept as they are."""
    # Students' text can hold lone surrogates, which UTF-8 has no bytes for.
    write_bytes(path, text.encode("utf-8", errors="replace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content`, whole or not at all; it is on disk when this returns.

    Raises:
        OSError: it cannot be written; the file is what it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_drafts(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk."""
    with suppress(OSError):  # Windows and some network file systems cannot, and need not
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_left_drafts(path: Path) -> None:
    """Remove drafts of this file whose writers were killed."""
    begin = f".{path.name}."
    for file in path.parent.iterdir():
        if file.name.startswith(begin) and file.suffix == ".tmp":
            writer = file.name[len(begin) :].split("-")[0]
            if writer.isdigit() and not psutil.pid_exists(int(writer)):
                file.unlink(missing_ok=True)
