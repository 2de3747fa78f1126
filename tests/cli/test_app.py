"""What all commands share: help that is there at once, the version, completion, and options that stand once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from importlib.metadata import version

import pytest
from course import Run

from grader.cli.options import LimitOptions
from grader.rubric.rubric import Limits

HEAVY = ("tensorflow", "keras", "scipy", "sklearn", "matplotlib", "sqlalchemy", "nbclient", "numpy", "pandas")
MOST_CPU_SECONDS = 0.9
"""Three times what it takes on a quiet core of today, since tests run side by side."""
ASKS_FOR_HELP = f"""
import json, resource, sys
from grader.cli import main
main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
heavy = [name for name in {HEAVY!r} if name in sys.modules]
print(json.dumps([used.ru_utime + used.ru_stime, heavy]), file=sys.stderr)
"""
COMMANDS = ([], ["grade"], ["check"], ["kit"], ["doctor"], ["review"], ["report"], ["rubric"], ["rubric", "check"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words) or "grader")
def test_help_imports_nothing_that_takes_long(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKS_FOR_HELP, *command, "--help"], capture_output=True, text=True, check=True
    )
    seconds, heavy = json.loads(done.stderr)
    assert "Usage: grader" in done.stdout
    assert heavy == []
    assert seconds < MOST_CPU_SECONDS


def test_the_exit_codes_stand_in_the_help(run: Callable[..., Run]) -> None:
    shown = " ".join(run("--help").out.split())
    for explained in ("0 done", "1 the grader itself failed", "2 wrong usage", "130 interrupted"):
        assert explained in shown


def test_the_version_is_said_with_what_it_rests_on(run: Callable[..., Run]) -> None:
    done = run("--version")
    assert done.code == 0
    assert done.out.startswith(f"grader {version('grader')} (python ")
    assert f"tensorflow {version('tensorflow')}" in done.out


@pytest.mark.parametrize(
    ("typed", "offered"), [("grader gra", "grade"), ("grader grade --exe", "--executor"), ("grader rubric ch", "check")]
)
def test_a_shell_completes_commands_and_options(typed: str, offered: str) -> None:
    words = {"_GRADER_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    shown = subprocess.run(
        [sys.executable, "-m", "grader"], capture_output=True, text=True, check=False, env=os.environ | words
    )
    assert offered in shown.stdout.split()


def test_each_limit_of_the_rubric_is_an_option() -> None:
    assert [field.name for field in fields(LimitOptions)] == list(Limits.model_fields)
