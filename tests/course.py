"""A small class for tests: a folder of submissions, a rubric of two criteria, and where the marks go."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.gradebook import Gradebook

RUBRIC = """\
title: {es: Prueba, en: Trial}
language: en
points: 2
limits: {seconds_per_cell: 60, seconds_per_submission: 90}
questions:
  - id: "1"
    title: {es: Una red, en: A network}
    prompt: Definir una red.
    points: 2
    training: {hidden: [128]}
    criteria:
      - check: hidden_layers
        points: 1.5
        units: [128]
        title: {es: La capa oculta, en: The hidden layer}
        hint: {es: Cuenta las capas., en: Count the layers.}
      - check: optimizer
        points: 0.5
        name: Adam
        public: false
        title: {es: Secreto, en: Secret}
"""
QUIET = ["print('hello')"]
ENDS_ITS_KERNEL = ["import os; os._exit(3)", "1 + 1"]
SLEEPS = ["import time; time.sleep(600)"]
KILLS_TWO_WORKERS = """\
import os, pathlib, signal
deaths = pathlib.Path({folder!r})
if len(list(deaths.iterdir())) < 2:
    (deaths / str(os.getpid())).touch()
    os.kill(os.getppid(), signal.SIGKILL)
"""
"""The one that it is tried on, and the one that it is tried on again."""


def hear_interrupts() -> None:
    """For a process about to start: a shell that runs the tests in the background makes all of them deaf to SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Run:
    """What a command left behind."""

    code: int
    out: str
    err: str


@dataclass
class Class:
    """A folder of submissions, a rubric, and where the marks go."""

    root: Path
    run: Callable[..., Run]
    command: list[str] = field(init=False)

    def __post_init__(self) -> None:
        (self.root / "class").mkdir()
        (self.root / "rubric.yaml").write_text(RUBRIC)
        self.command = ["grade", str(self.folder), "--rubric", str(self.root / "rubric.yaml"), "--out", str(self.out)]

    @property
    def folder(self) -> Path:
        return self.root / "class"

    @property
    def out(self) -> Path:
        return self.root / "out"

    def hand_in(self, name: str, cells: list[str], heading: str = "") -> None:
        made = [new_markdown_cell(heading)] if heading else []
        made += [new_code_cell(cell) for cell in cells]
        nbformat.write(new_notebook(cells=made), self.folder / f"{name}.ipynb")

    def grade(self, *options: str) -> Run:
        """Grade on one worker if nothing else is said: each begins with seconds of imports."""
        workers = () if {"--executor", "--workers"} & {*options} else ("--workers", "1")
        return self.run(*self.command, *workers, *options)

    def marks(self) -> dict[str, dict[str, str]]:
        with (self.out / "grades.csv").open(newline="", encoding="utf-8") as file:
            return {row["submission"]: row for row in csv.DictReader(file)}

    def result(self, submission: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.out / submission / "result.json").read_text(encoding="utf-8"))
        return found

    def gradebook(self) -> Gradebook:
        return Gradebook(f"sqlite:///{self.out / 'gradebook.db'}")
