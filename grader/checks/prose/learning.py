"""A second opinion on an answer, learned from answers that a person has marked.

It sees which letters, and which words near each other, go with points, not what a sentence says: an answer with the
opposite meaning looks much like a right one. So it never marks alone; it strengthens or weakens what was found in the
answer's sentences.

What was learned is kept: learning takes seconds, and importing what it is learned with as long again.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from grader.checks.prose.meanings import NamedWords, meaning_groups
from grader.checks.prose.reading import plain
from grader.kept import keep, key_of, recall
from grader.records import Array
from grader.training.trajectories import pack, unpack

Examples = tuple[tuple[str, float], ...]
"""Answers with the share of the points that a person gave them."""

_FEWEST = 8
_STRENGTH = 20.0
_WIDEST = 4.0
_SHORTEST_GROUP, _LONGEST_GROUP = 2, 5
"""Letters that are looked at together."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of one kind, with how rare each is (its inverse document frequency) and how much it speaks for points."""

    weights: Mapping[str, tuple[float, float]]

    def score(self, found: Iterable[str]) -> float:
        """What the terms of an answer say together, as log odds: tf-idf with logarithmic counts, of length 1."""
        total = length = 0.0
        for term, count in Counter(found).items():
            if term in self.weights:
                rarity, weight = self.weights[term]
                value = (1 + math.log(count)) * rarity
                total += value * weight
                length += value * value
        return total / math.sqrt(length) if length else 0.0

    def packed(self) -> list[Array]:
        """As arrays: all terms as UTF-8, one a line, then the two columns of numbers."""
        columns = np.array(list(self.weights.values()), np.float64).reshape(-1, 2)
        return [np.frombuffer("\n".join(self.weights).encode(), np.uint8), columns]

    @classmethod
    def unpacked(cls, terms: Array, columns: Array) -> Terms:
        """From the arrays of `packed`. Raises ValueError where they are something else."""
        names = terms.tobytes().decode().split("\n")
        return cls(dict(zip(names, map(tuple, columns.tolist()), strict=True)))


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What marked answers suggest for others."""

    letters: Terms
    meanings: Terms
    bias: float
    words: NamedWords
    """Groups of words that mean the same here."""

    def log_odds(self, answers: Sequence[str]) -> list[float]:
        """For each answer, the natural logarithm of the odds that it earns the points, between -4 and 4."""
        return [max(-_WIDEST, min(_WIDEST, self._odds(answer))) for answer in answers]

    def _odds(self, answer: str) -> float:
        meanings = self.meanings.score(meaning_groups(answer, self.words))
        return self.letters.score(letter_groups(answer)) + meanings + self.bias


@lru_cache(maxsize=200)
def learn(examples: Examples, words: NamedWords = ()) -> SecondOpinion | None:
    """What marked answers teach; None where there are fewer than eight with points, or without.

    An answer with a share of the points counts in that share as one with points, and for the rest as one without.

    Args:
        examples: The marked answers.
        words: Groups of words that mean the same here.
    """
    given = sum(share for _, share in examples)
    if min(given, len(examples) - given) < _FEWEST:
        return None
    key = key_of("prose", json.dumps([examples, words]), packages=("numpy", "scipy", "scikit-learn"))
    kept = recall(key)
    if kept is None:
        opinion = _fit(examples, words)
        keep(key, pack([*opinion.letters.packed(), *opinion.meanings.packed(), np.array([opinion.bias])]))
        return opinion
    letters, letter_columns, meanings, meaning_columns, bias = unpack(kept)
    terms = Terms.unpacked(letters, letter_columns), Terms.unpacked(meanings, meaning_columns)
    return SecondOpinion(*terms, float(bias[0]), words)


def _fit(examples: Examples, words: NamedWords) -> SecondOpinion:
    # Imported where it is needed: this takes seconds, and what was learned once is kept.
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_union
    from threadpoolctl import threadpool_limits

    letters = TfidfVectorizer(analyzer=letter_groups, sublinear_tf=True)
    meanings = TfidfVectorizer(analyzer=partial(meaning_groups, words=words), sublinear_tf=True)
    model = LogisticRegression(C=_STRENGTH, class_weight="balanced")
    features = make_union(letters, meanings).fit_transform([answer for answer, _ in examples])
    with_points = [(row, True, share) for row, (_, share) in enumerate(examples) if share > 0]
    without = [(row, False, 1 - share) for row, (_, share) in enumerate(examples) if share < 1]
    rows, given, shares = zip(*with_points, *without, strict=True)
    with threadpool_limits(1):  # the vectors are short: threads only wait for each other
        model.fit(features[list(rows)], given, sample_weight=shares)
    weights = model.coef_[0]
    split = len(letters.vocabulary_)
    terms = _terms(letters, weights[:split]), _terms(meanings, weights[split:])
    return SecondOpinion(*terms, float(model.intercept_[0]), words)


def _terms(vectorizer: Any, weights: Array) -> Terms:
    names = vectorizer.get_feature_names_out()
    return Terms(dict(zip(names, zip(vectorizer.idf_.tolist(), weights.tolist(), strict=True), strict=True)))


def letter_groups(answer: str) -> Iterator[str]:
    """Groups of two to five letters inside each word with a blank before and after it; a short word is its own."""
    for word in plain(answer).split():
        padded = f" {word} "
        for size in range(_SHORTEST_GROUP, _LONGEST_GROUP + 1):
            for start in range(max(1, len(padded) - size + 1)):
                yield padded[start : start + size]
            if len(padded) <= size:
                break


def probability(log_odds: float) -> float:
    """Of log odds, a probability."""
    return 1 / (1 + math.exp(-log_odds))
