"""What was worked out once is kept in the user's cache, and nobody but the user can put anything there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader import kept
from grader.kept import keep, key_of, recall


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "grader" / "kept"


def test_what_was_kept_is_recalled() -> None:
    key = key_of("kind", "a part", b"another")
    assert recall(key) is None
    keep(key, b"content")
    assert recall(key) == b"content"
    keep(key, b"")
    assert recall(key) == b""


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: key_of("other", "ab", "c"), id="kind"),
        pytest.param(lambda: key_of("kind", "a", "bc"), id="where parts end"),
        pytest.param(lambda: key_of("kind", "ab", "c", packages=("numpy",)), id="packages"),
    ],
)
def test_a_key_says_all_that_it_was_worked_out_of(other: object) -> None:
    assert callable(other)
    assert other() != key_of("kind", "ab", "c")


def test_other_code_has_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_of("kind", "part")
    monkeypatch.setattr(kept, "code_digest", lambda: "of other code")
    assert key_of("kind", "part") != before


@pytest.mark.parametrize("damaged", [b"", b"short", b"x" * 100])
def test_what_is_damaged_is_not_there(cache: Path, damaged: bytes) -> None:
    keep("key", b"content")
    (cache / "key").write_bytes(damaged)
    assert recall("key") is None


@pytest.mark.parametrize("place", ["key", "."])
def test_what_others_may_write_to_is_not_read(cache: Path, place: str) -> None:
    keep("key", b"content")
    (cache / place).chmod(0o777)
    assert recall("key") is None


def test_what_was_not_used_for_longest_goes(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age, key in ((300, "first"), (200, "second"), (100, "third")):
        keep(key, b"content")
        os.utime(cache / key, (1_000_000 - age, 1_000_000 - age))
    recall("first")
    monkeypatch.setattr(kept, "MOST_FILES", 2)
    keep("last", b"content")
    assert {file.name for file in cache.iterdir()} == {"first", "last"}


def test_a_cache_that_cannot_be_made_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    keep("key", b"content")
    assert recall("key") is None
