"""`grader check`: what is refused before anything starts, and what its process never imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from course import QUIET, Class

import grader.executors
from grader.executors import LocalExecutor

CHECKS_A_NOTEBOOK = """
import json, sys
from grader.cli import main
code = main(sys.argv[1:])
heavy = ("tensorflow", "keras", "scipy", "sklearn", "matplotlib", "sqlalchemy", "nbclient")
print(json.dumps([name for name in heavy if name in sys.modules]), file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(LocalExecutor):
        def prepare(self, *_: object) -> None:
            raise AssertionError("a worker was started")

    monkeypatch.setattr(grader.executors, "LocalExecutor", Refused)


@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("work.pdf", b"%PDF-1.7\n...", "text that starts with '%PDF-1.7", id="a PDF"),
        pytest.param("work.zip", b"PK\x03\x04...", "a notebook must be JSON", id="an archive"),
        pytest.param("work.ipynb", b"# only words", "text that starts with '# only words'", id="text"),
        pytest.param("work.ipynb", b"", "Received: an empty file", id="an empty file"),
        pytest.param("work.ipynb", b"[1, 2]", "a notebook must be a JSON object", id="a list"),
        pytest.param("missing.ipynb", None, "NOTEBOOK must be a file", id="nothing"),
        pytest.param(".", None, "NOTEBOOK must be a file", id="a folder"),
    ],
)
def test_what_is_no_notebook_is_refused_before_anything_starts(
    course: Class, name: str, content: bytes | None, message: str
) -> None:
    file = course.root / name
    if content is not None:
        file.write_bytes(content)
    done = course.run("check", str(file), "--rubric", str(course.root / "rubric.yaml"))
    assert done.code == 2
    assert message in done.err
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("content", ['{"cells": 1}', '{"cells": ['])
def test_what_only_looks_like_a_notebook_is_refused_too(course: Class, content: str) -> None:
    (course.folder / "ana.ipynb").write_text(content)
    done = course.run("check", str(course.folder / "ana.ipynb"), "--rubric", str(course.root / "rubric.yaml"))
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "NOTEBOOK must be one that Jupyter can open. ana.ipynb: a notebook must" in done.err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_notebook_in_another_encoding_is_looked_at(course: Class, encoding: str) -> None:
    course.hand_in("ana", QUIET)
    path = course.folder / "ana.ipynb"
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    rubric = str(course.root / "rubric.yaml")
    done = course.run("check", str(path), "--rubric", rubric, "--sandbox", "none", "--no-replay")
    assert done.code == 0, done.err
    assert "The hidden layer" in done.out


def test_the_process_itself_imports_nothing_that_only_workers_need(course: Class) -> None:
    course.hand_in("ana", QUIET)
    words = ["check", str(course.folder / "ana.ipynb"), "--rubric", str(course.root / "rubric.yaml")]
    words += ["--sandbox", "none", "--no-replay"]
    done = subprocess.run(
        [sys.executable, "-c", CHECKS_A_NOTEBOOK, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "The hidden layer" in done.stdout
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_a_link_to_ones_own_notebook_is_followed(course: Class, tmp_path: Path) -> None:
    course.hand_in("ana", QUIET)
    link = tmp_path / "link.ipynb"
    link.symlink_to(course.folder / "ana.ipynb")
    rubric = str(course.root / "rubric.yaml")
    done = course.run("check", str(link), "--rubric", rubric, "--sandbox", "none", "--no-replay")
    assert done.code == 0, done.err
