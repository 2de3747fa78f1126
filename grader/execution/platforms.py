"""Folders of Colab, Drive and Kaggle that a notebook names: they lead to where its own files are.

In the sandbox ``/content`` and ``/kaggle`` are the notebook's home. What it names below them is made before it runs,
and what lies beside the notebook is found there, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

MOST_FOLDERS = 40
DEEPEST = 12
_NAMED = re.compile(r"(?<![\w./])/(?:content|kaggle)/([^'\"\n#;,()]*)")
_RELATIVE = re.compile(r"['\"]((?:\./)?drive/My ?Drive[^'\"\n]*)['\"]")
"""Colab starts in ``/content``."""
_FILE = re.compile(r"\.\w{1,8}$")


def folders_named(sources: Iterable[str]) -> list[PurePosixPath]:
    """Folders below the home that a notebook's code names, with the folders of the files that it names."""
    found: dict[PurePosixPath, None] = {}
    for source in sources:
        for match in (*_NAMED.finditer(source), *_RELATIVE.finditer(source)):
            path = PurePosixPath(match[1].strip().replace("\\ ", " "))
            folder = path.parent if _FILE.search(path.name) else path
            if _is_sound(folder) and len(found) < MOST_FOLDERS:
                found[folder] = None
    return list(found)


def _is_sound(folder: PurePosixPath) -> bool:
    parts = folder.parts
    return 0 < len(parts) <= DEEPEST and not any(
        part.startswith((".", "~")) or len(part.encode("utf-8", "replace")) > 200 or not part.isprintable()
        for part in parts
    )


def make_folders(folders: Iterable[PurePosixPath], home: Path, inside: Path) -> None:
    """Make the folders in a kernel's home, each with links to all that lies beside the notebook.

    Args:
        home: of the kernel, on the host; no code of the student's has run in it yet.
        inside: the same folder, as the kernel sees it.
    """
    beside = [entry.name for entry in home.iterdir() if not entry.name.startswith(".")]
    for folder in folders:
        place = home
        for part in folder.parts:
            place = place / part
            if place.is_symlink() or (place.parent == home and part in beside):
                break  # it is the notebook's own
            if not place.is_dir():
                place.mkdir()
                for name in beside:
                    (place / name).symlink_to(inside / name)
