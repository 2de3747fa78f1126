"""Reads a rubric from YAML. It is refused before anything runs, with all that is wrong: see `Source.show`.

What was read and found valid is kept as JSON: parsing YAML takes a second, and so nobody waits for it twice.
"""

from __future__ import annotations

import codecs
import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from grader.errors import RubricError
from grader.kept import keep, key_of, recall
from grader.rubric.contradictions import contradictions, doubts
from grader.rubric.criteria import Concept
from grader.rubric.files import broken_files
from grader.rubric.messages import as_meant, faults_of, short
from grader.rubric.nearest import nearest
from grader.rubric.rubric import MarkedAnswers, Rubric
from grader.rubric.rules import broken_rules
from grader.rubric.source import Fault, Place, Source, refuse

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
    """Read and validate a rubric, and open the files that it names.

    Raises:
        RubricError: with every rule it breaks, as ``file:line: rule. Received: value``, the line, and a caret.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RubricError(f"{path}: a rubric must be a readable file. Received: {error.strerror}") from error
    if len(raw) > LARGEST_FILE:
        raise RubricError(f"{path}:1: a rubric must have at most {LARGEST_FILE} bytes. Received: {len(raw)}")
    source = Source(path, raw)
    key = key_of("rubric", str(path.resolve().parent), raw, packages=PARSERS)
    rubric = _recalled(key, _RUBRIC)
    if rubric is None:
        rubric = _read(source)
        keep(key, rubric.model_dump_json().encode())
    named = {"assignment": rubric.assignment, "marked_answers": rubric.marked_answers}
    refuse(map(source.show, broken_files(named, Path(rubric.folder))))
    return rubric if rubric.marked_answers is None else _with_marked_answers(rubric)


def doubtful(path: Path) -> list[str]:
    """What a valid rubric and its marked answers say that is probably not meant, each as an error would be shown."""
    source = Source(path, path.read_bytes())
    plain = _parsed(source, "a rubric")
    shown = [source.show(fault) for fault in doubts(plain)]
    rubric = load_rubric(path)
    if rubric.marked_answers is None:
        return shown
    seen: dict[str, Path] = {}
    for file in sorted((Path(rubric.folder) / rubric.marked_answers).glob("*.yaml")):
        answers = Source(file, file.read_bytes())
        marked = MarkedAnswers.model_validate(_parsed(answers, "marked answers"))
        concepts = [item.id for item in rubric.question(marked.question).criteria if isinstance(item, Concept)]
        first = seen.setdefault(marked.question, file)
        if first != file:
            rule = f"a question's answers mostly stand in one file, and those of this one in {first.name} too"
            shown.append(answers.show(Fault(("question",), rule, repr(marked.question))))
        for number, answer in enumerate(marked.answers):
            if lacking := [name for name in concepts if name not in answer.marks]:
                rule = f"'marks' mostly have each concept of the question, and here {', '.join(lacking)} is left out"
                shown.append(
                    answers.show(Fault(("answers", number, "marks"), rule, ", ".join(answer.marks) or "nothing", True))
                )
    return shown


def _recalled(key: str, kind: TypeAdapter[T]) -> T | None:
    kept = recall(key)
    try:
        return None if kept is None else kind.validate_json(kept)
    except ValidationError:
        return None


def _read(source: Source) -> Rubric:
    plain = _parsed(source, "a rubric")
    if _values(plain) > MOST_VALUES:
        raise RubricError(
            f"{source.path}:1: a rubric must have at most {MOST_VALUES} values, aliases resolved. Received: more"
        )
    if not isinstance(plain, dict):
        fault = Fault((), "a rubric must be a mapping of keys", "nothing" if plain is None else f"{short(plain)}")
        raise RubricError(source.show_at(Place(), fault))
    folder = source.path.resolve().parent
    meant, found, rubric = plain, list[Fault](), None
    filled_in = {"sha256": hashlib.sha256(source.raw).hexdigest(), "folder": str(folder)}
    try:
        rubric = Rubric.model_validate({**plain, **filled_in})
    except ValidationError as error:
        found = [*faults_of(plain, error)]
        meant = as_meant(plain, error)
    faults = [*broken_rules(meant), *contradictions(meant), *broken_files(plain, folder), *found]
    placed = sorted(((source.place(fault.where, at_key=fault.at_key), fault) for fault in faults), key=_order)
    refuse(source.show_at(place, fault) for place, fault in placed)
    assert rubric is not None
    return rubric


def _order(placed: tuple[Place, Fault]) -> tuple[int, int]:
    return placed[0].line, placed[0].column


def _parsed(source: Source, what: str) -> Any:
    """The plain document. Raises RubricError for what is no YAML."""
    from ruamel.yaml import YAML  # not needed for what is kept
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError

    _refuse_deep_brackets(source)
    _refuse_undecodable(source, what)
    try:
        return YAML(typ="safe", pure=True).load(source.raw)
    except DuplicateKeyError as error:
        mark = error.problem_mark
        fault = Fault((), f"{what} must have each key of a mapping once", str(error.problem).split(" with value")[0])
        raise RubricError(source.show_at(source.token_at(mark.line, mark.column), fault)) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(mark.line, mark.column) if mark else Place()
        raise RubricError(source.show_at(place, Fault((), f"{what} must be valid YAML", str(error.problem)))) from error
    except Exception as error:  # ruamel raises plain ValueErrors for some undecodable bytes
        raise RubricError(f"{source.path}:1: {what} must be valid YAML. Received: {str(error)[:200]}") from error


def _refuse_undecodable(source: Source, what: str) -> None:
    """Raises RubricError with the place of the first byte that is no UTF-8, or of a character that no text has."""
    if source.raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return
    try:
        text = source.raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(errors="replace")
        fault = Fault(
            (), f"{what} must be text in UTF-8: save it as UTF-8", f"the byte 0x{error.object[error.start]:02x}"
        )
        place = Place(before.count("\n"), len(before) - before.rfind("\n") - 1)
        raise RubricError(source.show_at(place, fault)) from error
    if found := re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text):
        before = text[: found.start()]
        fault = Fault((), f"{what} must not have control characters: save it as UTF-8 text", repr(found[0]))
        raise RubricError(source.show_at(Place(before.count("\n"), len(before) - before.rfind("\n") - 1), fault))


def _refuse_deep_brackets(source: Source) -> None:
    """Reading YAML takes time with the square of how deep brackets stand in one another."""
    depth = 0
    for bracket in re.finditer(rb"[\[\]{}]", source.raw):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > DEEPEST:
            line = source.raw.count(b"\n", 0, bracket.start())
            column = bracket.start() - source.raw.rfind(b"\n", 0, bracket.start()) - 1
            rule = f"brackets may stand {DEEPEST} deep in one another"
            raise RubricError(source.show_at(Place(line, column), Fault((), rule, "more")))


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


def _with_marked_answers(rubric: Rubric) -> Rubric:
    """The rubric with the answers to learn from; its digest covers them."""
    files = sorted((Path(rubric.folder) / str(rubric.marked_answers)).glob("*.yaml"))
    sources = [Source(file, file.read_bytes()) for file in files]
    digest = hashlib.sha256(rubric.sha256.encode())
    for source in sources:
        digest.update(source.raw)
    key = key_of("answers", rubric.sha256, *(source.raw for source in sources), packages=PARSERS)
    learned_from = _recalled(key, _ANSWERS)
    if learned_from is None:
        learned_from = _marked_answers(rubric, sources)
        keep(key, _ANSWERS.dump_json(learned_from))
    return rubric.model_copy(update={"learned_from": learned_from, "sha256": digest.hexdigest()})


def _marked_answers(rubric: Rubric, sources: Sequence[Source]) -> tuple[MarkedAnswers, ...]:
    """All files of marked answers. Raises RubricError with the faults of all of them."""
    concepts = {
        question.id: [criterion.id for criterion in question.criteria if isinstance(criterion, Concept)]
        for question in rubric.questions
    }
    found: list[MarkedAnswers] = []
    shown: list[str] = []
    for source in sources:
        try:
            plain = _parsed(source, "marked answers")
            marked = MarkedAnswers.model_validate(plain)
        except ValidationError as error:
            shown += map(source.show, faults_of(plain, error))
        except RubricError as error:
            shown.append(str(error))
        else:
            found.append(marked)
            shown += map(source.show, _broken_marks(marked, concepts))
    refuse(shown)
    return tuple(found)


def _broken_marks(marked: MarkedAnswers, concepts: Mapping[str, Sequence[str]]) -> Iterator[Fault]:
    if marked.question not in concepts:
        rule = "'question' must be one of the rubric's"
        yield Fault(("question",), rule, repr(marked.question), meant=nearest(marked.question, concepts))
        return
    known = concepts[marked.question]
    for number, answer in enumerate(marked.answers):
        for unknown in sorted(answer.marks.keys() - {*known}):
            rule = f"'marks' must name concepts of question {marked.question}"
            yield Fault(("answers", number, "marks", unknown), rule, repr(unknown), True, nearest(unknown, known))
