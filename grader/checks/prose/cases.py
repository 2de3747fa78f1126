"""Which case a clause speaks of: "with 12 it trains without an error" denies nothing of the 5 that was asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.checks.prose.language import ARTICLES, CLITICS, FINITE, GLUE, NEGATORS, words_of

_INTRODUCES = words_of(
    "con with usando using si if poniendo ponemos pongo puse poner probando probe pruebo probamos uso usamos usar"
)
"""Words that name a case, a word or two before its number."""
_BETWEEN = 2
_ARTICLE = "1"
"""What "un" and "uno" are written out as."""
_SMALL_WORDS = ARTICLES | CLITICS | FINITE | GLUE | NEGATORS


def numbers_of(prompt: str) -> frozenset[str]:
    """The cases that a question names, in digits."""
    return frozenset(re.findall(r"(?<![\d.,])\d{1,9}(?![\d.,%]*\d|\s*%)", prompt))


def other_cases(
    words: Sequence[str], sentences: Sequence[int], clauses: Sequence[int], asked: frozenset[str], nouns: frozenset[str]
) -> frozenset[int]:
    """Numbers of the clauses that speak of another case than the question's, where the answer speaks of that one too.

    Args:
        words: All words of an answer, as `reading` makes them.
        sentences: For each, the number of its sentence.
        clauses: For each, the number of its clause.
        asked: The numbers that the question names.
        nouns: The question's own words: "12 neuronas" is a case where it speaks of neurons, "10 clases" is none; what
            follows a number and ends in "s" is what it counts.
    """
    cases: dict[int, str] = {}
    current, sentence = "", -1
    for at, word in enumerate(words):
        if sentences[at] != sentence:
            current, sentence = "", sentences[at]
        if word.isdigit() and word != _ARTICLE and _is_case(words, clauses, at, nouns):
            current = word
            cases[clauses[at]] = word
        elif current:
            cases.setdefault(clauses[at], current)
    if asked.isdisjoint(cases.values()):
        return frozenset()
    return frozenset(clause for clause, case in cases.items() if case not in asked)


def _is_case(words: Sequence[str], clauses: Sequence[int], at: int, nouns: frozenset[str]) -> bool:
    before = range(max(0, at - 1 - _BETWEEN), at)
    introduced = any(words[place] in _INTRODUCES and clauses[place] == clauses[at] for place in before)
    follows = words[at + 1] if at + 1 < len(words) and clauses[at + 1] == clauses[at] else ""
    return introduced and (not follows.endswith("s") or follows in _SMALL_WORDS or follows in nouns)
