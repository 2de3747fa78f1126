"""Which words of an answer are one and the same for what is learned."""

from __future__ import annotations

import pytest

from grader.checks.prose.meanings import NamedWords, meaning_groups

WORDS: NamedWords = (("RISES", ("sube", "aumenta", "va arriba")),)


def meanings(answer: str) -> set[str]:
    return set(meaning_groups(answer, WORDS))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("la pérdida sube", "La perdida aumentaba", id="words of a group, inflected"),
        pytest.param("memoriza datos", "memorizaban el dato", id="stems"),
    ],
)
def test_what_means_the_same_is_one(one: str, other: str) -> None:
    assert meanings(one) == meanings(other)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("la pérdida no sube", id="denied"),
        pytest.param("¿La pérdida sube?", id="asked"),
        pytest.param("Es mentira que la pérdida sube", id="called a lie"),
    ],
)
def test_what_is_not_the_students_own_statement_is_another_word(answer: str) -> None:
    assert "RISES" in meanings("la pérdida sube")
    assert "RISES" not in meanings(answer)


def test_words_are_paired_with_those_near_them_in_their_sentence() -> None:
    pairs = meanings("train baja. test sube")
    assert "test RISES" in pairs
    assert not any(pair.startswith("train") and pair.endswith("RISES") for pair in pairs)
