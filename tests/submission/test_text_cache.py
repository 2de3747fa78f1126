"""What is kept of texts: as much as their lengths allow, the latest longest."""

from __future__ import annotations

from grader.submission.text_cache import FOR_EACH, cached_up_to


def test_texts_are_kept_as_long_as_they_are_not_too_long_together() -> None:
    asked = []

    @cached_up_to(3 * (10 + FOR_EACH))
    def length(text: str) -> int:
        asked.append(text[0])
        return len(text)

    for name in "abcacda":
        assert length(name * 10) == 10
    assert asked == ["a", "b", "c", "d"], "b was asked for longest ago"
    assert length("b" * 10) == 10
    assert asked[-1] == "b"
    assert length("x" * 1_000) == 1_000
    assert length("x" * 1_000) == 1_000
    assert asked[-2:] == ["x", "x"], "what is too long by itself is not kept"


def test_short_texts_are_not_kept_without_end() -> None:
    asked = []

    @cached_up_to(10 * FOR_EACH)
    def same(text: str) -> str:
        asked.append(text)
        return text

    for _ in range(2):
        for number in range(20):
            same(str(number))
    assert len(asked) == 40
