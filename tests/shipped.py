"""The shipped rubric, read once for all test modules: that takes a second."""

from __future__ import annotations

from pathlib import Path

from grader.rubric.loading import load_rubric

RUBRIC_FILE = Path(__file__).parents[1] / "rubrics" / "fashion_mnist.yaml"
RUBRIC = load_rubric(RUBRIC_FILE)
