"""Which classes a submission names at a question, and where: in prose, or in what its code prints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from grader.checks.class_names import judge_class_answer, says_same
from grader.checks.context import Context
from grader.records import Passage
from grader.rubric.criteria import PredictedClass

MOST_NAMED = 3
"""Who names more classes than these has not answered, as far as can be told."""
_NUMBERS = re.compile(r"/step|━|\[==|array\(|dtype|\.\.\.|\d\.\d*e[+-]\d|^\s*\[[\d\s.]+$")
"""Lines of progress bars and arrays, which name no class."""
_DECIMAL = re.compile(r"\d*\.\d+(?:e[+-]?\d+)?", re.I)
_MAX_PRINTED_LINES = 40
_MAX_LINE = 300
"""How much of a cell's output is searched for a class."""


def stated_classes(context: Context) -> tuple[set[int], list[int]]:
    """Classes that the student names: in prose first, else in what the question's code prints, else "the same"."""
    passages = context.place.own
    for source in ("markdown", "comment"):
        named, cells = classes_in([passage for passage in passages if passage.source == source], context)
        if named:
            return named, cells
    saved = classes_in([passage for passage in passages if passage.source == "print"], context)
    named, cells = _in_outputs(context.place.cells, context)
    if saved[0] and (not named or saved[0] & named):  # what a value was when it was saved may be another today
        return saved
    same = [passage.cell for passage in passages if says_same(passage.text)]
    if not named and same:
        return _named_before(context), same
    return named, cells


def _named_before(context: Context) -> set[int]:
    """What was named at the question about a class that comes before this one: "the same" means that."""
    earlier: set[int] = set()
    for question in context.rubric.questions:
        if question.id == context.question.id:
            break
        if any(isinstance(criterion, PredictedClass) for criterion in question.criteria):
            earlier = stated_classes(replace(context, question=question))[0]
    return earlier


def classes_in(passages: Iterable[Passage], context: Context) -> tuple[set[int], list[int]]:
    """Classes that passages name, and the cells in which they do."""
    named: set[int] = set()
    cells: list[int] = []
    for passage in passages:
        found = judge_class_answer(passage.text, context.rubric.classes)
        if found:
            named |= found
            cells.append(passage.cell)
    return named, cells


def _in_outputs(indices: Iterable[int], context: Context) -> tuple[set[int], list[int]]:
    named: set[int] = set()
    cells: list[int] = []
    for index in indices:
        run = context.evidence.runs.get(index)
        if run is None or context.submission.cells[index].given:
            continue
        found = classes_printed(run.text, context)
        if found:
            named |= found
            cells.append(index)
    return named, cells


def classes_printed(text: str, context: Context) -> set[int]:
    """Classes that printed lines name; progress bars and vectors of numbers name none."""
    lines = text.replace("\r", "\n").replace("\x08", "").splitlines()
    shown = [line for line in lines if not _NUMBERS.search(line)][-_MAX_PRINTED_LINES:]
    texts = [_DECIMAL.sub(" ", line[:_MAX_LINE]).strip() for line in shown]
    by_line = [judge_class_answer(text, context.rubric.classes, printed=True) for text in texts]
    answers = [found for found in by_line if len(found) <= MOST_NAMED]  # a line of all classes is a key to them
    return {number for found in (answers if any(answers) else by_line) for number in found}
