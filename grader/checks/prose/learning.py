"""A second opinion on an answer, learned from answers that a person has marked.

It sees which words and letters go with points, not what a sentence says: an answer with the opposite meaning looks
much like a right one. So it never marks alone; it strengthens or weakens what was found in the answer's sentences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from grader.checks.prose.reading import plain

Examples = tuple[tuple[str, float], ...]
"""Answers with the share of the points that a person gave them."""

_FEWEST = 8
_STRENGTH = 20.0
_WIDEST = 4.0


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What marked answers suggest for others."""

    model: Any

    def log_odds(self, answers: Sequence[str]) -> list[float]:
        """For each answer, the natural logarithm of the odds that it earns the points, between -4 and 4."""
        return [max(-_WIDEST, min(_WIDEST, float(odds))) for odds in self.model.decision_function(answers)]


@lru_cache(maxsize=200)
def learn(examples: Examples) -> SecondOpinion | None:
    """Fit to marked answers; None where there are fewer than eight with points, or without."""
    given = [share > 0.5 for _, share in examples]
    if min(sum(given), len(given) - sum(given)) < _FEWEST:
        return None
    return SecondOpinion(_fit([answer for answer, _ in examples], given))


def _fit(answers: Sequence[str], given: Sequence[bool]) -> Any:
    # Imported where it is needed: this takes seconds, and most commands mark no prose.
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    letters = TfidfVectorizer(preprocessor=plain, analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    words = TfidfVectorizer(preprocessor=plain, token_pattern=r"\w+", ngram_range=(1, 2), sublinear_tf=True)
    model = make_pipeline(make_union(letters, words), LogisticRegression(C=_STRENGTH, class_weight="balanced"))
    return model.fit(answers, given)


def probability(log_odds: float) -> float:
    """Of log odds, a probability."""
    return 1 / (1 + math.exp(-log_odds))
