"""Reads a rubric from YAML. It is refused before anything runs: ``file:line: rule. Received: value``.

What was read and found valid is kept as JSON: parsing YAML takes a second, and so nobody waits for it twice.
"""

from __future__ import annotations

import hashlib
import math
import re
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from grader.errors import RubricError
from grader.kept import keep, key_of, recall
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
PARSERS = ("pydantic", "ruamel.yaml")

T = TypeVar("T")
_RUBRIC = TypeAdapter(Rubric)
_ANSWERS = TypeAdapter(tuple[MarkedAnswers, ...])


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
    key = key_of("rubric", str(path.resolve().parent), raw, packages=PARSERS)
    rubric = _recalled(key, _RUBRIC)
    if rubric is None:
        rubric = _read(path, raw)
        keep(key, rubric.model_dump_json().encode())
    return rubric if rubric.marked_answers is None else _with_marked_answers(rubric, path, raw)


def _recalled(key: str, kind: TypeAdapter[T]) -> T | None:
    kept = recall(key)
    try:
        return None if kept is None else kind.validate_json(kept)
    except ValidationError:
        return None


def _read(path: Path, raw: bytes) -> Rubric:
    from ruamel.yaml import YAML  # not needed for what is kept
    from ruamel.yaml.error import MarkedYAMLError

    _refuse_deep_brackets(path, raw)
    try:
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
        raise RubricError(first_error(path, _with_lines(raw), error)) from error
    for where, rule, received in broken_rules(rubric):
        raise RubricError(f"{path}:{line_of(_with_lines(raw), where)}: {rule}. Received: {received}")
    return rubric


def _with_lines(raw: bytes) -> Any:
    """A valid document, in which every part knows its line."""
    from ruamel.yaml import YAML

    return YAML(typ="rt").load(raw)


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


def _with_marked_answers(rubric: Rubric, path: Path, raw: bytes) -> Rubric:
    """The rubric with the answers to learn from; its digest covers them."""
    files = sorted((Path(rubric.folder) / str(rubric.marked_answers)).glob("*.yaml"))
    if not files:
        rule = "'marked_answers' must name a folder with YAML files"
        raise RubricError(
            f"{path}:{line_of(_with_lines(raw), ('marked_answers',))}: {rule}. Received: {rubric.marked_answers!r}"
        )
    digest, contents = hashlib.sha256(rubric.sha256.encode()), [file.read_bytes() for file in files]
    for content in contents:
        digest.update(content)
    key = key_of("answers", rubric.sha256, *contents, packages=PARSERS)
    learned_from = _recalled(key, _ANSWERS)
    if learned_from is None:
        learned_from = tuple(map(partial(_marked_answers, rubric), files, contents))
        keep(key, _ANSWERS.dump_json(learned_from))
    return rubric.model_copy(update={"learned_from": learned_from, "sha256": digest.hexdigest()})


def _marked_answers(rubric: Rubric, file: Path, content: bytes) -> MarkedAnswers:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    try:
        marked = MarkedAnswers.model_validate(YAML(typ="safe").load(content))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RubricError(f"{file}:{line}: marked answers must be valid YAML. Received: {error.problem}") from error
    except ValidationError as error:
        raise RubricError(first_error(file, _with_lines(content), error)) from error
    concepts = {
        question.id: {criterion.id for criterion in question.criteria if isinstance(criterion, Concept)}
        for question in rubric.questions
    }
    if marked.question not in concepts:
        line = line_of(_with_lines(content), ("question",))
        raise RubricError(f"{file}:{line}: 'question' must be one of the rubric's. Received: {marked.question!r}")
    for number, answer in enumerate(marked.answers):
        for unknown in sorted(answer.marks.keys() - concepts[marked.question]):
            line = line_of(_with_lines(content), ("answers", number, "marks", unknown))
            rule = f"'marks' must name concepts of question {marked.question}"
            raise RubricError(f"{file}:{line}: {rule}. Received: {unknown!r}")
    return marked
