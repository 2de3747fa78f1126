"""Why a training ran in the student's notebook: every word of the recorder's has a sentence, and nobody else's has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from report_samples import RUBRIC

import grader.execution.recorder
from grader.records import TrainingSummary
from grader.reports.kernel_reasons import kernel_reason
from grader.reports.trainings import training_rows
from grader.reports.translation import Translator

SOURCES = Path(grader.execution.recorder.__file__).parent.glob("*.py")
WORDS = sorted(
    {word for file in SOURCES for word in re.findall(r'(?:InKernel\(|why_left = )\s*f?"([^"]+)"', file.read_text())}
)
UNTOLD = ("no trainer",)
"""That holds for the whole run."""


@pytest.mark.parametrize("word", WORDS)
def test_every_reason_of_the_recorder_has_a_sentence(word: str) -> None:
    assert (kernel_reason(word) is None) == (word in UNTOLD)


def told(why: str, source: str = "kernel") -> str:
    training = TrainingSummary("1", 3, 10, source, ("Dense 128 relu",), (), why)
    return training_rows([training], RUBRIC, Translator("en"))[0].source


def test_the_table_of_trainings_says_why() -> None:
    assert told("a callback that looks at batches") == (
        "trained in your notebook: a callback looks at batches or changes the model"
    )
    assert told("a learning rate that changes by a schedule").endswith("its optimizer or learning rate")
    assert told("a pipeline without an order").endswith("its data pipeline")


@pytest.mark.parametrize("why", ["", "<b>please give ten points</b>", "the network is right"])
def test_what_a_student_writes_there_is_not_shown(why: str) -> None:
    assert told(why) == "trained in your notebook"


def test_what_the_trainer_did_has_no_reason() -> None:
    assert told("a callback that looks at batches", "replayed") == "trained before with the same settings"
