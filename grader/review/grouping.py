"""Groups: findings of a class that one decision can mark, because the same was found in answers that say the same.

Likeness groups answers, it does not mark them, and it is blind to what turns a meaning round. So two answers share a
group only if the same was found in both for every idea, and if they deny and compare alike; among those, words and
letters tell which say the same, and with the extra ``embeddings`` also the meaning of the whole answer.
"""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grader.checks.prose import answer_text, turning_words
from grader.records import Finding, Result
from grader.reports.text import folded
from grader.review.embeddings import has_embeddings, vectors
from grader.rubric.criteria import Concept
from grader.rubric.rubric import Question

ALIKE = 0.25
"""Cosine from which answers may share a group: on the labelled answers, of 414 marked by their group's first answer
413 then get the mark that a fair teacher gives."""
ALIKE_WITH_MEANING = 0.35
"""The same for the mean of the cosines of words and of meanings."""
NEARLY_IDENTICAL = 0.85
"""Cosine of two answers' words from which they should be marked alike."""

_Cosines = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one question that can be marked together: some criteria of some submissions."""

    id: str
    question: str
    checks: tuple[str, ...]
    members: tuple[str, ...]
    """Submissions; the first one's answer stands for all."""
    prose: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    submission: str
    text: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """What a class's answers to one question have in common."""

    groups: tuple[Group, ...]
    near_identical: tuple[tuple[str, ...], ...]
    """Submissions whose answers are almost the same words, whatever was found in them."""


def group_question(question: Question, results: Iterable[Result]) -> Grouping:
    """All findings of a question in groups: prose by what it says, other criteria by what was found."""
    concepts = tuple(criterion.id for criterion in question.criteria if isinstance(criterion, Concept))
    answers: list[_Answer] = []
    others: dict[tuple[str, object], list[str]] = {}
    for result in results:
        findings = next((score.findings for score in result.score.questions if score.question == question.id), ())
        spoken = tuple(finding for finding in findings if finding.check in concepts)
        if spoken:
            answers.append(_Answer(result.submission, _text(result, question.id), spoken))
        for finding in findings:
            if finding.check not in concepts:
                found = (finding.status, finding.points, finding.message.text, _apart(result.submission, finding))
                others.setdefault((finding.check, found), []).append(result.submission)
    groups = [_group(question.id, (check,), members, prose=False) for (check, _), members in others.items()]
    likeness = _Likeness([answer.text for answer in answers])
    meanings = [_meaning(answer) for answer in answers]
    for cluster in likeness.saying_the_same(meanings):
        members = [answers[place].submission for place in cluster]
        groups.append(_group(question.id, concepts, members, prose=True))
    turned = [turning_words(answer.text) for answer in answers]
    near = [
        tuple(answers[place].submission for place in cluster)
        for cluster in likeness.nearly_identical(turned)
        if len(cluster) > 1 and answers[cluster[0]].text
    ]
    return Grouping(tuple(groups), tuple(near))


def _text(result: Result, question: str) -> str:
    return answer_text(result.passages.get(question, ()), with_statement=True)


def _apart(submission: str, finding: Finding) -> str:
    """What keeps a finding out of groups: nobody has read the pictures or the words that it rests on."""
    return submission if finding.evidence.get("unread") else ""


def _group(question: str, checks: tuple[str, ...], members: Sequence[str], *, prose: bool) -> Group:
    digest = hashlib.sha256("\0".join([question, *checks, *sorted(members)]).encode("utf-8", "replace"))
    return Group(digest.hexdigest()[:10], question, checks, tuple(members), prose)


def _meaning(answer: _Answer) -> Hashable:
    """What answers of one group have in common: what was found for every idea, and how.

    Where that is not plain for every idea, words that may turn a meaning round have to be the same, too.
    """
    found = tuple((finding.check, finding.message.text, finding.points, finding.status) for finding in answer.findings)
    apart = tuple(_apart(answer.submission, finding) for finding in answer.findings)
    plain = all(finding.message.text in _PLAINLY_FOUND for finding in answer.findings)
    return (found, apart, () if plain else turning_words(answer.text), bool(answer.text))


_PLAINLY_FOUND = ("The answer says so: “{words}”.", "No answer was found.")


class _Likeness:
    """How much the texts of answers to one question are alike."""

    def __init__(self, texts: Sequence[str]) -> None:
        plain = [folded(text) for text in texts]
        distinct = {text: place for place, text in enumerate(dict.fromkeys(plain))}
        self._row = [distinct[text] for text in plain]
        self._words = _cosines_of_words(list(distinct))
        self._both = (self._words + _cosines_of_meanings(list(distinct))) / 2 if has_embeddings() else None

    def saying_the_same(self, kinds: Sequence[Hashable]) -> Iterator[list[int]]:
        """Places of texts of one kind that are alike on average; what is nearest to the others comes first."""
        if self._both is None:
            return self._clusters(kinds, self._words, ALIKE)
        return self._clusters(kinds, self._both, ALIKE_WITH_MEANING)

    def nearly_identical(self, kinds: Sequence[Hashable]) -> Iterator[list[int]]:
        """The same for texts of almost the same words."""
        return self._clusters(kinds, self._words, NEARLY_IDENTICAL)

    def _clusters(self, kinds: Sequence[Hashable], cosines: _Cosines, alike: float) -> Iterator[list[int]]:
        by_kind: dict[Hashable, list[int]] = {}
        for place, kind in enumerate(kinds):
            by_kind.setdefault(kind, []).append(place)
        for places in by_kind.values():
            rows = sorted({self._row[place] for place in places})
            label = dict(zip(rows, _labels(cosines[np.ix_(rows, rows)], alike), strict=True))
            clusters: dict[int, list[int]] = {}
            for place in places:
                clusters.setdefault(label[self._row[place]], []).append(place)
            yield from (self._ordered(cluster, cosines) for cluster in clusters.values())

    def _ordered(self, places: Sequence[int], cosines: _Cosines) -> list[int]:
        rows = [self._row[place] for place in places]
        nearness = cosines[np.ix_(rows, rows)].sum(axis=1)
        return [places[at] for at in np.argsort(-nearness, kind="stable")]


def _labels(cosines: _Cosines, alike: float) -> list[int]:
    """For each row the number of its cluster."""
    if len(cosines) < 2:
        return [0] * len(cosines)
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    distances = 1.0 - cosines
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances, checks=False), method="average")
    return [int(label) for label in fcluster(tree, 1.0 - alike, criterion="distance")]


def _cosines_of_words(texts: Sequence[str]) -> _Cosines:
    if sum(bool(re.search(r"\w", text)) for text in texts) == 0:
        return np.eye(len(texts))
    from sklearn.feature_extraction.text import TfidfVectorizer

    total = np.zeros((len(texts), len(texts)))
    for kind in ({"analyzer": "char_wb", "ngram_range": (2, 4)}, {"token_pattern": r"\w+", "ngram_range": (1, 2)}):
        weights = TfidfVectorizer(sublinear_tf=True, **kind).fit_transform(texts)
        total += (weights @ weights.T).toarray() / 2
    return np.clip(total, 0.0, 1.0)


def _cosines_of_meanings(texts: Sequence[str]) -> _Cosines:
    rows = vectors(texts).astype(np.float64)
    return np.clip(rows @ rows.T, 0.0, 1.0)


def load_libraries() -> None:
    """Import what grouping needs. They are not imported at the top: it takes seconds, and only the desk groups."""
    for name in ("scipy.cluster.hierarchy", "scipy.spatial.distance", "sklearn.feature_extraction.text"):
        importlib.import_module(name)
    if has_embeddings():
        vectors([""])
