"""SECURITY.md names every deadline between reading and writing, with the number that the code holds."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
from conftest import ROOT

ROW = re.compile(r"^\| [^|]+ \| (?P<seconds>[\d.]+) \| [^|]+ \| `(?P<module>[\w.]+)\.(?P<name>[A-Z_]+)` \|$", re.M)
TABLE = (ROOT / "SECURITY.md").read_text(encoding="utf-8").split("## Deadlines")[1].split("\n## ")[0]
STATED = {f"{row['module']}.{row['name']}": float(row["seconds"]) for row in ROW.finditer(TABLE)}

LOOKS = {
    "LOOK_SECONDS",  # how often somebody looks, not how long
    "WAIT_SECONDS",
    "BEAT_SECONDS",
    "NOTE_SECONDS",
    "SETTLE_SECONDS",
    "OUTPUT_SECONDS",
}
OTHERS = {
    "execution.client.ANSWER_SECONDS",  # one look for a kernel's first answer
    "execution.protection.SELFTEST_SECONDS",  # of `grader doctor`, before any notebook
    "execution.cgroups.LEFT_BEHIND_SECONDS",  # of what an earlier run has left
    "processes.REMOVE_SECONDS",  # within `execution.attempts.REMOVE_SECONDS`
    "executors.dask.CONNECT_SECONDS",  # of the command, not of a submission
    "executors.dask.CHECK_SECONDS",
    "executors.dask.ALONE_SECONDS",
    "executors.dask.IDLE_SECONDS",
}
STAGES = ("execution", "training", "checks", "executors", "jobs.py", "processes.py", "gradebook.py", "pipeline.py")


def constants() -> set[str]:
    """Every constant of the stages between reading and writing that is named after seconds."""
    found = set()
    for stage in STAGES:
        path = ROOT / "grader" / stage
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if "recorder" in file.parts:
                continue
            module = ".".join(file.relative_to(ROOT / "grader").with_suffix("").parts)
            found |= {f"{module}.{name}" for name in names_in(file) if "SECONDS" in name.split("_")}
    return found


def names_in(file: Path) -> list[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def is_a_look(constant: str) -> bool:
    return constant.split(".")[-1] in LOOKS and constant not in STATED


@pytest.mark.parametrize("constant", STATED)
def test_a_stated_deadline_is_the_codes(constant: str) -> None:
    module, name = constant.rsplit(".", 1)
    assert getattr(importlib.import_module(f"grader.{module}"), name) == STATED[constant]


def test_every_row_of_the_table_is_read() -> None:
    assert len(STATED) == len([line for line in TABLE.splitlines() if line.startswith("|")]) - 2


def test_every_deadline_of_the_code_is_stated() -> None:
    found = {constant for constant in constants() if not is_a_look(constant)}
    assert found == {*STATED, *OTHERS}
