"""Reads a rubric from YAML. It is refused before anything runs: ``file:line: rule. Received: value``."""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from grader.errors import RubricError
from grader.rubric.criteria import Concept
from grader.rubric.messages import first_error, line_of
from grader.rubric.rubric import MarkedAnswers, Rubric
from grader.rubric.rules import broken_rules

LARGEST_FILE = 500_000
"""Bytes of a rubric file."""
DEEPEST = 50
"""Brackets in one another."""
MOST_VALUES = 200_000
"""Values in a rubric, those behind an alias counted each time they are used."""


def load_rubric(path: Path) -> Rubric:
    """Read and validate a rubric.

    Raises:
        RubricError: for the first rule it breaks, as ``file:line: rule. Received: value``.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RubricError(f"{path}: a rubric must be a readable file. Received: {error.strerror}") from error
    if len(raw) > LARGEST_FILE:
        raise RubricError(f"{path}:1: a rubric must have at most {LARGEST_FILE} bytes. Received: {len(raw)}")
    _refuse_deep_brackets(path, raw)
    try:
        document = YAML(typ="rt").load(raw)
        plain = YAML(typ="safe", pure=True).load(raw)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RubricError(f"{path}:{line}: a rubric must be valid YAML. Received: {error.problem}") from error
    except Exception as error:  # ruamel raises plain ValueErrors for some undecodable bytes
        raise RubricError(f"{path}:1: a rubric must be valid YAML. Received: {str(error)[:200]}") from error
    if _values(plain) > MOST_VALUES:
        raise RubricError(
            f"{path}:1: a rubric must have at most {MOST_VALUES} values, aliases resolved. Received: more"
        )
    if not isinstance(plain, dict):
        raise RubricError(f"{path}:1: a rubric must be a mapping of keys. Received: {type(plain).__name__}")
    plain = {**plain, "sha256": hashlib.sha256(raw).hexdigest(), "folder": str(path.resolve().parent)}
    try:
        rubric = Rubric.model_validate(plain)
    except ValidationError as error:
        raise RubricError(first_error(path, document, error)) from error
    for where, rule, received in broken_rules(rubric):
        raise RubricError(f"{path}:{line_of(document, where)}: {rule}. Received: {received}")
    return rubric if rubric.marked_answers is None else _with_marked_answers(rubric, path, document)


def _refuse_deep_brackets(path: Path, raw: bytes) -> None:
    """Reading YAML takes time with the square of how deep brackets stand in one another."""
    depth = 0
    for bracket in re.finditer(rb"[\[\]{}]", raw):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > DEEPEST:
            line = raw.count(b"\n", 0, bracket.start()) + 1
            raise RubricError(f"{path}:{line}: brackets may stand {DEEPEST} deep in one another. Received: more")


def _values(document: Any) -> float:
    """How many values a document has, each counted as often as it stands there; endless if it contains itself."""
    known: dict[int, float] = {}

    def count(node: Any) -> float:
        if not isinstance(node, dict | list | tuple | set):
            return 1
        if id(node) not in known:
            known[id(node)] = math.inf
            inner = [*node.keys(), *node.values()] if isinstance(node, dict) else node
            known[id(node)] = 1 + sum(count(value) for value in inner)
        return known[id(node)]

    return count(document)


def _with_marked_answers(rubric: Rubric, path: Path, document: Any) -> Rubric:
    """The rubric with the answers to learn from; its digest covers them."""
    files = sorted((Path(rubric.folder) / str(rubric.marked_answers)).glob("*.yaml"))
    if not files:
        rule = "'marked_answers' must name a folder with YAML files"
        raise RubricError(
            f"{path}:{line_of(document, ('marked_answers',))}: {rule}. Received: {rubric.marked_answers!r}"
        )
    digest = hashlib.sha256(rubric.sha256.encode())
    for file in files:
        digest.update(file.read_bytes())
    learned_from = tuple(_marked_answers(rubric, file) for file in files)
    return rubric.model_copy(update={"learned_from": learned_from, "sha256": digest.hexdigest()})


def _marked_answers(rubric: Rubric, file: Path) -> MarkedAnswers:
    try:
        marked = MarkedAnswers.model_validate(YAML(typ="safe").load(file))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RubricError(f"{file}:{line}: marked answers must be valid YAML. Received: {error.problem}") from error
    except ValidationError as error:
        raise RubricError(first_error(file, YAML(typ="rt").load(file), error)) from error
    concepts = {
        question.id: {criterion.id for criterion in question.criteria if isinstance(criterion, Concept)}
        for question in rubric.questions
    }
    if marked.question not in concepts:
        line = line_of(YAML(typ="rt").load(file), ("question",))
        raise RubricError(f"{file}:{line}: 'question' must be one of the rubric's. Received: {marked.question!r}")
    for number, answer in enumerate(marked.answers):
        for unknown in sorted(answer.marks.keys() - concepts[marked.question]):
            line = line_of(YAML(typ="rt").load(file), ("answers", number, "marks", unknown))
            rule = f"'marks' must name concepts of question {marked.question}"
            raise RubricError(f"{file}:{line}: {rule}. Received: {unknown!r}")
    return marked
