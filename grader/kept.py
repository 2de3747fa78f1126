"""What was worked out once and is kept in the user's cache, under a digest of all that it was worked out of.

Every file begins with the sha256 of its content: one that is damaged is not there, and is made again. What others may
write to is not read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from grader.cache import user_cache

MOST_FILES = 100
"""Files that are kept; those not used for longest go."""
_CHECKSUM_BYTES = 32


def key_of(kind: str, *parts: str | bytes, packages: tuple[str, ...] = ()) -> str:
    """A name for what the grader's present code, with these packages, makes of the parts."""
    digest = hashlib.sha256(code_digest().encode())
    for part in (*(f"{name} {version_of(name)}" for name in packages), *parts):
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return f"{kind}-{digest.hexdigest()}"


def recall(key: str) -> bytes | None:
    """What was kept under this name; None where nothing was, or nothing that can be trusted."""
    path = _folder() / key
    try:
        with path.open("rb") as file:
            if not _is_private(os.fstat(file.fileno())) or not _is_private(path.parent.stat()):
                return None
            sealed = file.read()
        os.utime(path)
    except OSError:
        return None
    content = sealed[_CHECKSUM_BYTES:]
    return content if hashlib.sha256(content).digest() == sealed[:_CHECKSUM_BYTES] else None


def keep(key: str, content: bytes) -> None:
    """Keep something under a name; where the cache cannot be written to, it is worked out again next time."""
    folder = _folder()
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        Path(name).replace(folder / key)
        by_use = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in by_use[MOST_FILES:]:
            path.unlink()


def _folder() -> Path:
    return user_cache() / "kept"


def _is_private(found: os.stat_result) -> bool:
    if not hasattr(os, "getuid"):  # Windows: the cache is in the user's own profile
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


@cache
def code_digest() -> str:
    """Of the grader's own source."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def version_of(package: str) -> str:
    """Version of an installed package; ``unknown`` for one that is not."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
