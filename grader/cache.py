"""The user's own folder for what can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache() -> Path:
    """The grader's folder in the user's cache, by the XDG base directory specification; perhaps not there yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "grader"
