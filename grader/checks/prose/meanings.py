"""The words of an answer by what they mean, for what is learned from marked answers.

A word is the rubric's group that it belongs to ("tardar" and "demorarse" are one), or else its stem; what is denied,
asked, or not the student's own opinion is another word than the same one said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import snowballstemmer

from grader.checks.prose.language import ARTICLES, NEGATORS
from grader.checks.prose.matching import deniers
from grader.checks.prose.reading import Token, fold, keys_of, read_answer
from grader.checks.prose.stance import Stance
from grader.rubric.criteria import Concept

NamedWords = tuple[tuple[str, tuple[str, ...]], ...]
"""A concept's names for groups of words, with their words."""

_STEMMER = snowballstemmer.stemmer("spanish")
_PAIRED = 4
"""A word is paired with this many of those that follow it in its sentence."""


def named_words(concept: Concept) -> NamedWords:
    """The groups of words of a concept, as a key."""
    return tuple((name, tuple(words)) for name, words in concept.words.items())


@lru_cache(maxsize=1_000)  # a question's marked answers are read once for all that is learned from parts of them
def meaning_groups(answer: str, words: NamedWords) -> tuple[str, ...]:
    """Each meaning, and each with those that follow near it in its sentence.

    Args:
        answer: A student's prose.
        words: Groups of words that mean the same here.
    """
    tokens = read_answer(answer).tokens
    found = [(_meaning(tokens, at, words), token.sentence) for at, token in enumerate(tokens) if _counts(token)]
    return tuple(_in_pairs(found))


def _in_pairs(found: Sequence[tuple[str, int]]) -> Iterator[str]:
    """Each meaning of those with their sentences, and each pair."""
    for at, (meaning, sentence) in enumerate(found):
        yield meaning
        for step, (other, its_sentence) in enumerate(found[at + 1 : at + 1 + _PAIRED]):
            if its_sentence == sentence:
                yield f"{meaning}~{other}" if step else f"{meaning} {other}"


def _counts(token: Token) -> bool:
    return token.word not in ARTICLES


def _meaning(tokens: tuple[Token, ...], at: int, words: NamedWords) -> str:
    token = tokens[at]
    meaning = _group_or_stem(token.word, words)
    if token.stance is not Stance.OWN or token.asked:
        return f"not own {meaning}"
    if token.word not in NEGATORS and deniers(tokens, at):
        return f"no {meaning}"
    return meaning


@lru_cache(maxsize=50_000)
def _group_or_stem(word: str, words: NamedWords) -> str:
    keys = keys_of(word)
    groups = (name for name, several in words for one in several if " " not in one and keys & keys_of(one))
    return next(groups, None) or fold(_STEMMER.stemWord(word))
