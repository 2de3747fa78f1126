"""result.json: the contract with other programs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_samples import RUBRIC, SAMPLES, change, faulty, full_findings, partial, perfect, score_of

from grader.records import say
from grader.reports.result_json import to_json, write_result_json
from grader.reports.translation import Translator


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def written(sample: Any, path: Path, language: str = "es") -> dict[str, Any]:
    write_result_json(sample, RUBRIC, language, path / "result.json")
    found: dict[str, Any] = json.loads((path / "result.json").read_bytes().decode("utf-8"), parse_constant=refuse)
    return found


@pytest.mark.parametrize("sample", SAMPLES)
def test_has_the_keys_that_programs_rely_on(sample: str, tmp_path: Path) -> None:
    found = written(SAMPLES[sample](), tmp_path)
    keys = {
        "submission",
        "status",
        "score",
        "max_score",
        "provisional",
        "questions",
        "trainings",
        "seconds",
        "versions",
    }
    assert keys | {"reason"} <= found.keys()
    for question in found["questions"]:
        assert {"id", "title", "score", "max_score", "findings"} <= question.keys()
        for finding in question["findings"]:
            assert {
                "check", "status", "points", "max_points", "message", "basis", "cells", "evidence",
            } <= finding.keys()  # fmt: skip
    for training in found["trainings"]:
        assert {"question", "epochs", "source"} <= training.keys()


def test_holds_what_was_found(tmp_path: Path) -> None:
    found = written(faulty(), tmp_path)
    assert (found["submission"], found["status"], found["provisional"]) == ("bruno", "graded", True)
    assert found["score"] == 7.7
    question = next(question for question in found["questions"] if question["id"] == "1")
    assert question["title"] == "Una red con 128 neuronas ocultas"
    finding = next(finding for finding in question["findings"] if finding["check"] == "hidden_activation")
    assert finding["status"] == "failed"
    assert finding["basis"] == "claimed"
    assert "relu" in finding["message"]


def test_cells_are_counted_from_one_as_people_see_them(tmp_path: Path) -> None:
    found = written(perfect(), tmp_path)
    assert full_findings(RUBRIC)[0].cells == (11,)
    assert found["questions"][0]["findings"][0]["cells"] == [12]
    assert found["trainings"][0]["cell"] == 12


def test_reason(tmp_path: Path) -> None:
    assert written(perfect(), tmp_path)["reason"] is None
    assert written(partial(), tmp_path, "en")["reason"] == "Cell 14 ran for more than 900 seconds."


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        pytest.param(math.nan, None, id="nan"),
        pytest.param(math.inf, None, id="infinity"),
        pytest.param(np.float32(0.5), 0.5, id="numpy-number"),
        pytest.param(np.array([[1.0, math.nan]]), [[1.0, None]], id="numpy-array"),
        pytest.param(np.bool_(True), True, id="numpy-truth"),
        pytest.param((1, "a"), [1, "a"], id="tuple"),
        pytest.param({"b", "a"}, ["a", "b"], id="set-in-order"),
        pytest.param({1: {2.5: None}}, {"1": {"2.5": None}}, id="keys-are-text"),
        pytest.param(say("Question {id}", id="1"), "Pregunta 1", id="a-sentence"),
        pytest.param("x" * 300_000, "x" * 10_000 + "…", id="endless-text"),
        pytest.param("a\ud800\x00", "a?", id="no-unicode"),
    ],
)
def test_evidence_becomes_plain_json(value: Any, wanted: Any) -> None:
    findings = change(full_findings(RUBRIC), {("1", "optimizer"): {"evidence": {"value": value}}})
    document = to_json(replace(perfect(), score=score_of(findings)), RUBRIC, Translator("es"))
    finding = next(found for found in document["questions"][0]["findings"] if found["check"] == "optimizer")
    assert finding["evidence"] == {"value": wanted}


@pytest.mark.parametrize("sample", SAMPLES)
def test_same_result_same_bytes(sample: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_result_json(SAMPLES[sample](), RUBRIC, "es", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_text_is_utf8_and_not_escaped(tmp_path: Path) -> None:
    write_result_json(perfect("josé"), RUBRIC, "es", tmp_path / "result.json")
    assert '"submission": "josé"' in (tmp_path / "result.json").read_text(encoding="utf-8")
