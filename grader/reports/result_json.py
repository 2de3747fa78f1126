"""One submission's result as JSON, for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from grader.records import Finding, Message, QuestionScore, Result, TrainingSummary
from grader.reports.files import write_text
from grader.reports.kernel_reasons import kernel_reason
from grader.reports.stopped import not_begun, raised_cells
from grader.reports.text import shown
from grader.reports.translation import Translator
from grader.rubric.rubric import Rubric

_LONGEST_TEXT = 10_000


def write_result_json(result: Result, rubric: Rubric, language: str, path: Path) -> None:
    """Write `to_json` as a UTF-8 file; the same result gives the same bytes."""
    document = to_json(result, rubric, Translator(language))
    write_text(path, json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def to_json(result: Result, rubric: Rubric, translator: Translator) -> dict[str, Any]:
    """The result as plain JSON values: sentences in the translator's language, cells counted from 1, no NaN.

    Keys are a contract with other programs: add some, never rename or remove one.
    """
    document = {
        "submission": result.submission,
        "status": result.status.value,
        "reason": " ".join(map(translator.text, result.reasons)) or None,
        "score": _points(result.score.score),
        "max_score": _points(result.score.max_score),
        "provisional": result.score.provisional,
        "may_be_added": _points(result.score.may_be_added),
        "questions": [_question(question, rubric, translator) for question in result.score.questions],
        "trainings": [_training(training, translator) for training in result.trainings],
        "errors": [asdict(cell) for cell in raised_cells(result, translator)],
        "not_begun": list(not_begun(result)),
        "file_doubt": None if result.file_doubt is None else translator.text(result.file_doubt),
        "notes": [translator.text(note) for note in result.notes],
        "flags": [translator.text(flag) for flag in result.flags],
        "seconds": dict(result.seconds),
        "peak_memory_mb": result.peak_memory_mb,
        "versions": dict(result.versions),
        "language": translator.language,
        "sha256": result.sha256,
        "rubric_sha256": result.rubric_sha256,
        **_handed_in(result),
    }
    plain: dict[str, Any] = _plain(document, translator)
    return plain


def _handed_in(result: Result) -> dict[str, Any]:
    """Whose it is, and which of the student's files was graded."""
    one = result.handed_in
    return {
        "name": result.submission if one is None else one.name,
        "platform_id": "" if one is None else one.platform_id,
        "file": "" if one is None else one.file,
        "other_files": [] if one is None else list(one.others),
    }


def _question(question: QuestionScore, rubric: Rubric, translator: Translator) -> dict[str, Any]:
    known = next((asked for asked in rubric.questions if asked.id == question.question), None)
    return {
        "id": question.question,
        "title": translator.pick(known.title) if known else "",
        "score": _points(question.score),
        "max_score": _points(question.max_score),
        "findings": [_finding(finding, translator) for finding in question.findings],
    }


def _finding(finding: Finding, translator: Translator) -> dict[str, Any]:
    return {
        "check": finding.check,
        "status": finding.status.value,
        "points": _points(finding.points),
        "max_points": _points(finding.max_points),
        "message": translator.text(finding.message),
        "basis": finding.basis,
        "cells": [cell + 1 for cell in sorted(set(finding.cells))],
        "evidence": dict(finding.evidence),
    }


def _training(training: TrainingSummary, translator: Translator) -> dict[str, Any]:
    why = kernel_reason(training.why_in_kernel)
    return {
        "question": training.question,
        "cell": training.cell + 1,
        "epochs": training.epochs,
        "source": training.source,
        "why_in_kernel": "" if why is None else translator.text(why),
        "layers": list(training.layers),
        "logs": [dict(log) for log in training.logs],
    }


def _points(value: float) -> float:
    """Without float noise: 0.30000000000000004 is 0.3."""
    return round(float(value), 6) + 0.0 if math.isfinite(value) else value


def _plain(value: Any, translator: Translator) -> Any:
    """The value in JSON's own types. Arrays become lists; what is no number in JSON becomes null; long text is cut."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return float(value) if math.isfinite(value) else None
        case str():
            return shown(str(value), _LONGEST_TEXT)
        case Message():
            return translator.text(value)
        case Mapping():
            return {shown(str(key), 200): _plain(item, translator) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item, translator) for item in value]
        case set() | frozenset():
            return [_plain(item, translator) for item in sorted(value, key=str)]
        case _ if hasattr(value, "tolist"):
            return _plain(value.tolist(), translator)
        case _:
            return shown(str(value), _LONGEST_TEXT)
