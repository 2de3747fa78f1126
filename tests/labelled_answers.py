"""The labelled answers of ``rubrics/answers/fashion_mnist``: what students write, with the marks that a fair teacher gives.

Each answer has a `split`: answers of `build` may be used to make the rubric's ways and the rules of language; those
of `measure` are only counted. The marks were fixed before our own were seen. `round` tells which answers were written
together, by someone who did not look at the rubric's ways; 0 for the first ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from grader.checks.prose import Examples, Judgement, judge_concept
from grader.kept import keep, key_of, recall
from grader.rubric.criteria import Concept
from grader.rubric.rubric import Question, Rubric

_FOLDS = 5
FOLDER = Path(__file__).parents[1] / "rubrics" / "answers" / "fashion_mnist"


@dataclass(frozen=True, slots=True)
class Marked:
    """One labelled answer, judged for one concept."""

    split: str
    round: int
    name: str
    question: str
    concept: str
    points: float
    """What the concept is worth."""
    mark: float
    """The share of the points that a fair teacher gives."""
    answer: str
    judgement: Judgement

    @property
    def agrees(self) -> bool:
        """Whether the share given, provisional or not, is the fair one."""
        return abs(self.judgement.share - self.mark) < 0.01


def concept_of(question: Question, name: str) -> Concept:
    """The question's concept of that name."""
    return next(one for one in question.criteria if isinstance(one, Concept) and one.id == name)


@cache
def documents(folder: Path = FOLDER) -> tuple[Mapping[str, Any], ...]:
    """Each question's answers as its file has them."""
    return tuple(_document(file) for file in sorted(folder.glob("*.yaml")))


def _document(file: Path) -> Mapping[str, Any]:
    """Kept in the user's cache, since YAML is read for seconds."""
    key = key_of("labelled", file.read_bytes(), packages=("ruamel.yaml",))
    content = recall(key)
    if content is None:
        content = json.dumps(YAML(typ="safe", pure=True).load(file)).encode()
        keep(key, content)
    found: Mapping[str, Any] = json.loads(content)
    return found


def judge_labelled(rubric: Rubric, folder: Path = FOLDER) -> list[Marked]:
    """Judge every labelled answer for every concept it is marked for."""
    return [marked for document in documents(folder) for marked in _judge_document(rubric, document)]


def _judge_document(rubric: Rubric, document: Mapping[str, Any]) -> Iterator[Marked]:
    question = rubric.question(document["question"])
    folds = {entry["answer"]: _fold(entry, at) for at, entry in enumerate(document["answers"])}
    for entry in document["answers"]:
        for name, mark in entry["marks"].items():
            concept = concept_of(question, name)
            judgement = judge_concept(
                entry["answer"],
                concept,
                question_prompt=question.prompt,
                examples=_others(rubric.examples(question.id, name), folds, entry["answer"]),
            )
            yield Marked(
                split=entry["split"],
                round=entry.get("round", 0),
                name=entry["name"],
                question=question.id,
                concept=name,
                points=concept.points,
                mark=mark,
                answer=entry["answer"],
                judgement=judgement,
            )


def _fold(entry: Mapping[str, Any], at: int) -> int:
    """Which answers are left out together: those of one writer; the first ones, of several people, in fifths."""
    return entry.get("round", 0) % _FOLDS or at % _FOLDS


def _others(examples: Examples, folds: Mapping[str, int], answer: str) -> Examples:
    """The examples without those of the answer's own fold: nobody is marked by what he or his writer was given."""
    if all(text != answer for text, _ in examples):
        return examples
    return tuple(example for example in examples if folds[example[0]] != folds[answer])
