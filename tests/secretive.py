"""A rubric that knows much more than its prompts say, and what of it must not come out."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook

SECRETIVE = """\
title: {en: Trial}
language: en
assignment: assignment.ipynb
marked_answers: answers
points: 8
classes: [[shoe], [hat], [c], [d], [e], [f], [g], [h], [i], [j]]
questions:
  - id: "1"
    title: {en: A network}
    prompt: Train a network with selu, and tell which class the first image has.
    points: 5
    training: {hidden: [137], epochs: 23}
    criteria:
      - {check: hidden_layers, points: 0.5, units: [137], title: {en: Width 137}, hint: {en: Try 137.}, expected: {en: A layer of 137 units.}}
      - {check: hidden_activation, points: 0.5, activation: selu, title: {en: The selu activation}, hint: {en: Read again.}}
      - {check: output_layer, points: 0.5, units: 19, activation: softplus}
      - {check: optimizer, points: 0.5, name: Nadam, id: nadam_is_used}
      - {check: epochs, points: 0.5, epochs: 23}
      - {check: batch_size, points: 0.5, batch_size: 77}
      - {check: test_accuracy, points: 0.5, above: 0.83}
      - {check: predicted_class, points: 0.5, models_of: ["1"]}
      - {check: callback_stops, points: 0.5, loss: 0.37}
      - {check: callback_waits, points: 0.5, loss: 0.37, public: false, title: {en: Secretly patient}, hint: {en: Psst.}}
  - id: "2"
    title: {en: Words}
    prompt: What is this called?
    points: 3
    criteria:
      - check: concept
        id: overfits
        points: 2
        title: {en: It is overfitting}
        expected: {en: Overfitting.}
        hint: {en: It has a name.}
        words: {BYHEART: [memorises, rote]}
        ways: ["overfitting|overtrained", "BYHEART & digits"]
        against: ["underfitting"]
        partly: ["too keen"]
        related: ["generalises"]
        near: {en: You speak of it.}
        given: ["as the question has it"]
      - check: concept
        id: hidden_idea
        points: 1
        public: false
        title: {en: Hidden idea}
        ways: ["regularise"]
"""
ANSWERS = """\
question: "2"
answers:
  - {marks: {overfits: 1}, answer: The net has learned the pictures themselves.}
"""
SECRETS = (
    "137", "softplus", "nadam", r"\b19\b", r"\b23\b", r"\b77\b", r"0[.,]83", "83 ?%", r"0[.,]37", "37 ?%",
    "secretly patient", "psst", "overfit", "overtrained", "memorises", "rote", "BYHEART", "digits", "underfitting",
    "too keen", "generalises", "as the question has it", "hidden.?idea", "regularise", "learned the pictures",
)  # fmt: skip
"""Patterns of every expected value, way, marked answer and hidden criterion of the rubric that its prompts do not state."""


def write_secretive(folder: Path) -> Path:
    """The rubric's file in a folder, with its assignment and its marked answers."""
    (folder / "answers").mkdir(parents=True)
    (folder / "answers" / "2.yaml").write_text(ANSWERS)
    nbformat.write(new_notebook(cells=[new_markdown_cell("## Question 1\nTrain.")]), folder / "assignment.ipynb")
    (folder / "rubric.yaml").write_text(SECRETIVE)
    return folder / "rubric.yaml"


def told(text: str) -> list[str]:
    """The secrets that a text tells."""
    return [secret for secret in SECRETS if re.search(secret, text, re.IGNORECASE)]
