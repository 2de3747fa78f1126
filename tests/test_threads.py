"""Calls that may hang."""

from __future__ import annotations

import threading

import pytest

from grader.threads import begin, left_behind


def test_a_call_gives_what_it_returns_or_raises() -> None:
    assert begin(divmod, 7, 2).result(20) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        begin(divmod, 7, 0).result(20)
    assert not left_behind(20)


def test_what_hangs_is_left_behind_until_it_ends() -> None:
    ends = threading.Event()
    begin(ends.wait)
    assert left_behind(0.05)
    ends.set()
    assert not left_behind(20)
