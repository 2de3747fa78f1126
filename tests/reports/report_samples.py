"""Results as the grader makes them, for looking at the pages and for testing them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from shipped import RUBRIC

from grader.records import (
    Finding,
    Outcome,
    Passage,
    QuestionScore,
    Result,
    Score,
    Status,
    TrainingSummary,
    say,
)
from grader.rubric.rubric import Rubric

HOSTILE = (
    "</style></title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}{0.__class__}\u202e\x00\ud800"
)

BASIS = {"test_accuracy": "recomputed", "epoch_log": "static", "concept": "static"}

Change = dict[tuple[str, str], dict[str, Any]]


def layers(*widths: int, activation: str = "sigmoid") -> list[dict[str, Any]]:
    hidden = [{"layer": "Dense", "units": n, "activation": activation, "output_shape": [n]} for n in widths]
    return [
        {"layer": "Flatten", "units": None, "activation": None, "output_shape": [784]},
        *hidden,
        {"layer": "Dense", "units": 10, "activation": "softmax", "output_shape": [10]},
    ]


def falling_logs(epochs: int, start: float = 0.62, validation: bool = False) -> tuple[dict[str, float], ...]:
    logs = []
    for epoch in range(1, epochs + 1):
        log = {"loss": start / epoch**0.4, "accuracy": 1 - 0.22 / epoch**0.5}
        if validation:
            log |= {"val_loss": 0.40 + 0.004 * abs(epoch - 8), "val_accuracy": 0.86 + 0.001 * min(epoch, 8)}
        logs.append(log)
    return tuple(logs)


def training(question: str, cell: int, epochs: int, units: int = 128, **changes: Any) -> TrainingSummary:
    words = ("Flatten", f"Dense {units} sigmoid", "Dense 10 softmax")
    logs = changes.pop("logs", falling_logs(epochs))
    return replace(TrainingSummary(question, cell, epochs, "kernel", words, logs), **changes)


TRAININGS = (
    training("1", 11, 10),
    training("4.1", 19, 10, 512, logs=falling_logs(10, 0.55)),
    training("4.2", 21, 10, 1024, logs=falling_logs(10, 0.52)),
    training("8.1", 34, 15, logs=falling_logs(15, validation=True)),
    training("8.2", 36, 30, logs=falling_logs(30, validation=True)),
    training("", 40, 3),
    training("9", 44, 6, 512, logs=falling_logs(6, 0.5)),
)

PASSAGES = {
    "3.1": (
        Passage(
            15, "Porque la salida softmax da las Probabilidades de cada una de las diez clases de ropa.", "markdown"
        ),
    ),
    "4.3": (
        Passage(
            22, "Al aumentar las neuronas la precisión mejora un poco,\npero el entrenamiento es más lento.", "markdown"
        ),
        Passage(23, "tarda casi el doble de tiempo", "comment"),
    ),
    "8.3": (Passage(37, "Se produce sobreajuste: la red memoriza los datos de entrenamiento.", "print"),),
}

WORDS = {
    "probabilities": ["probabilidades"],
    "one_per_class": ["diez clases"],
    "better": ["precision mejora"],
    "cost": ["más lento", "tiempo"],
    "overfitting": ["sobreajuste"],
    "memorises": ["memoriza"],
}


def full_findings(rubric: Rubric) -> list[Finding]:
    """Every criterion passed."""
    findings = []
    for place, question in enumerate(rubric.questions):
        for criterion in question.criteria:
            evidence: dict[str, Any] = {}
            if criterion.check == "hidden_layers":
                evidence = {"model": layers(128), "expected_model": layers(128)}
            if criterion.check == "concept":
                evidence = {"confidence": 0.93, "words": WORDS.get(criterion.id, []), "answer": "…"}
            findings.append(
                Finding(
                    question.id,
                    criterion.id,
                    Status.PASSED,
                    criterion.points,
                    criterion.points,
                    say("Found what was asked for."),
                    BASIS.get(criterion.check, "claimed"),  # type: ignore[arg-type]
                    (place * 2 + 11,),
                    evidence,
                )
            )
    return findings


def change(findings: Iterable[Finding], changes: Change) -> list[Finding]:
    return [replace(finding, **changes.get((finding.question, finding.check), {})) for finding in findings]


def score_of(findings: Iterable[Finding], rubric: Rubric = RUBRIC) -> Score:
    found = list(findings)
    questions = tuple(
        QuestionScore(
            question.id,
            sum(finding.points for finding in found if finding.question == question.id),
            question.points,
            tuple(finding for finding in found if finding.question == question.id),
        )
        for question in rubric.questions
    )
    waits = any(finding.status in (Status.NEEDS_REVIEW, Status.ERROR) for finding in found)
    return Score(sum(question.score for question in questions), rubric.points, waits, questions)


def perfect(name: str = "ana") -> Result:
    return Result(
        submission=name,
        path=f"submissions/{name}.ipynb",
        sha256="a" * 64,
        rubric_sha256=RUBRIC.sha256,
        status=Outcome.GRADED,
        reason=None,
        score=score_of(full_findings(RUBRIC)),
        trainings=TRAININGS,
        passages=PASSAGES,
        seconds={"run": 201.25, "judge": 2.5, "total": 203.75},
        peak_memory_mb=1800.5,
        versions={"grader": "0.1.0", "tensorflow": "2.21.0"},
    )


def lost(text: str, points: float = 0.0, status: Status = Status.FAILED, **values: Any) -> dict[str, Any]:
    evidence = values.pop("evidence", {})
    return {"status": status, "points": points, "message": say(text, **values), "evidence": evidence}


def faulty(name: str = "bruno") -> Result:
    """relu for sigmoid, an inverted callback, a doubtful answer, a fault of ours."""
    transcripts = {
        "scenario": "loss falls slowly",
        "losses": [0.62, 0.4765, 0.41, 0.39, 0.35],
        "stopped_after": 1,
    }
    model = {"model": layers(128, activation="relu"), "expected_model": layers(128)}
    findings = change(
        full_findings(RUBRIC),
        {
            ("1", "hidden_layers"): {"evidence": model},
            ("1", "hidden_activation"): lost(
                "The hidden layer uses {activation}, not {expected}.", activation="relu", expected="sigmoid"
            ),
            ("3.2", "predicted_class"): lost("No class was named.", status=Status.SKIPPED),
            ("4.3", "cost"): lost("The answer may express this.", 0.25, Status.NEEDS_REVIEW),
            ("6", "expected_error"): lost("The grader could not judge this.", status=Status.ERROR),
            ("6", "shape"): lost("Part of the explanation is there.", 0.15),
            ("9", "callback_stops"): lost(
                "Stopped after epoch {epoch} at loss {loss}, which is above {threshold}.",
                epoch=1,
                loss=0.62,
                threshold=0.4,
                evidence={"transcript": transcripts},
            ),
            ("9", "callback_waits"): lost(
                "Failed in epoch {epoch}.",
                epoch=2,
                evidence={
                    "transcript": {
                        "scenario": "accuracy rises, loss does not fall",
                        "losses": [0.9, 0.9, 0.9],
                        "stopped_after": None,
                        "raised": {"name": "KeyError", "message": "'acc'"},
                        "raised_after": 2,
                    }
                },
            ),
        },
    )
    notes = (say("The answer to question {question} was found in cell {cell}.", question="9", cell=45),)
    return replace(perfect(name), score=score_of(findings), notes=notes)


def partial(name: str = "carla") -> Result:
    findings = [
        finding
        if finding.question in ("1", "2")
        else replace(
            finding,
            status=Status.SKIPPED,
            points=0.0,
            cells=(),
            message=say("The cell was not run: {reason}", reason="time limit"),
        )
        for finding in full_findings(RUBRIC)
    ]
    reason = say("Cell {cell} ran for more than {seconds} seconds.", cell=14, seconds=900)
    return replace(
        perfect(name),
        status=Outcome.PARTIAL,
        reason=reason,
        score=score_of(findings),
        trainings=TRAININGS[:1],
        passages={},
    )


def failed(name: str = "diego") -> Result:
    return replace(
        perfect(name),
        status=Outcome.FAILED,
        reason=say("The file is not a notebook: {problem}", problem="line 1: not JSON"),
        score=Score(0.0, RUBRIC.points, False, ()),
        trainings=(),
        passages={},
        versions={},
        seconds={},
    )


def hostile(name: str = HOSTILE) -> Result:
    """Every text that a student can choose is an attack, and every number is none."""
    evidence = {
        "model": [{"layer": HOSTILE, "units": math.inf, "activation": HOSTILE, "output_shape": [None, HOSTILE]}, 3],
        "expected_model": "no list",
        "words": [HOSTILE, "script", ".*", ""],
        "transcript": {"scenario": HOSTILE, "losses": [math.nan, HOSTILE, 0.1], "stopped_after": HOSTILE},
        "nan": math.nan,
        HOSTILE: {"deep": (HOSTILE, -math.inf)},
    }
    message = say("The answer reads: {answer} and {missing}", answer=HOSTILE + "x" * 300_000)
    findings = [
        replace(finding, status=Status.NEEDS_REVIEW, message=message, evidence=evidence)
        for finding in full_findings(RUBRIC)
    ]
    logs = ({"loss": math.nan, HOSTILE: 1.0}, {"loss": math.inf, "acc": 1e300}, {"loss": 1e200, "acc": 0.5})
    return Result(
        submission=name,
        path=HOSTILE,
        sha256="b" * 64,
        rubric_sha256="c" * 64,
        status=Outcome.PARTIAL,
        reason=say("Cut short: {why}", why=HOSTILE),
        score=score_of(findings),
        trainings=tuple(TrainingSummary(question, 3, 3, HOSTILE, (HOSTILE,), logs) for question in ("1", "", HOSTILE)),
        passages={"1": (Passage(1, HOSTILE * 300, "markdown"),) * 40, HOSTILE: ()},
        notes=(message,),
        versions={HOSTILE: HOSTILE},
    )


SAMPLES: dict[str, Callable[[], Result]] = {
    "perfect": perfect,
    "faulty": faulty,
    "partial": partial,
    "failed": failed,
    "hostile": hostile,
}
