"""Writing a file so that a reader finds the old one or the new one, never half of one."""

from __future__ import annotations

import os
import threading
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all. Folders are made as needed; line ends are kept as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        # Students' text can hold lone surrogates, which UTF-8 has no bytes for.
        draft.write_bytes(text.encode("utf-8", errors="replace"))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
