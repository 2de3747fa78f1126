"""What judging learns, it learns before there is anything to judge."""

from __future__ import annotations

from pathlib import Path

from test_prose import RUBRIC

from grader.checks import prepare
from grader.checks.prose import learn, named_words
from grader.rubric.criteria import Concept


def test_nothing_is_left_to_learn(data_slice: Path) -> None:
    prepare(RUBRIC, data_slice)
    learnt = learn.cache_info().misses
    for question in RUBRIC.questions:
        for criterion in question.criteria:
            if isinstance(criterion, Concept):
                assert learn(RUBRIC.examples(question.id, criterion.id), named_words(criterion)) is not None
    assert 0 < learnt == learn.cache_info().misses
