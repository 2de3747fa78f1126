"""`grader check`: what is refused before anything starts, and what its process never imports."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
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
        pytest.param("work.pdf", b"%PDF-1.7\n...", "text that starts with “%PDF-1.7", id="a PDF"),
        pytest.param("work.zip", b"PK\x03\x04...", "a notebook must be JSON", id="an archive"),
        pytest.param("work.ipynb", b"# only words", "text that starts with “# only words”", id="text"),
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


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda content: content[: len(content) // 2], "must be readable", id="cut short"),
        pytest.param(lambda content: b"no gzip", "must be readable", id="another file"),
        pytest.param(lambda content: gzip.compress(b"\x00\x00\x08\x01"), "must hold what its header says", id="empty"),
    ],
)
def test_a_damaged_data_set_is_refused_in_one_line(
    course: Class, data_slice: Path, tmp_path: Path, spoil: Callable[[bytes], bytes], message: str
) -> None:
    course.hand_in("ana", QUIET)
    data = tmp_path / "data"
    shutil.copytree(data_slice, data)
    labels = data / "train-labels-idx1-ubyte.gz"
    labels.write_bytes(spoil(labels.read_bytes()))
    words = ["check", str(course.folder / "ana.ipynb"), "--rubric", str(course.root / "rubric.yaml")]
    done = course.run(*words, "--sandbox", "none", "--data", str(data))
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize("option", ["--html", "--json"])
def test_a_file_that_could_not_be_written_is_refused_before_anything_starts(course: Class, option: str) -> None:
    course.hand_in("ana", QUIET)
    words = ["check", str(course.folder / "ana.ipynb"), "--rubric", str(course.root / "rubric.yaml")]
    done = course.run(*words, option, str(course.root / "missing" / "file"))
    assert done.code == 2
    assert f"{option} must name a file in a folder that exists" in done.err


def test_what_stopped_the_notebook_is_told_first_and_cells_by_their_first_lines(course: Class) -> None:
    course.hand_in("ana", ["# names\nx_train = 1", "import time; time.sleep(1)", "print(x_trian)"], "## 1")
    page, result = course.root / "page.html", course.root / "result.json"
    words = ["check", str(course.folder / "ana.ipynb"), "--rubric", str(course.root / "rubric.yaml")]
    words += ["--sandbox", "none", "--no-replay", "--html", str(page), "--json", str(result)]
    done = course.run(*words)
    assert done.code == 0, done.err
    assert "Cell 3 of 4: import time; time.sleep(1)" in done.out
    stopped, total = done.out.index("✗ Cell 4  print(x_trian)"), done.out.index("In all: 0 of 1.5 points")
    assert done.out.index("NameError") < total
    assert stopped < done.out.index("A network") < total
    assert "0.5 more points are looked at only after you hand it in." in done.out
    assert "x_trian" in page.read_text(encoding="utf-8")
    written = json.loads(result.read_text(encoding="utf-8"))
    assert (written["score"], written["max_score"]) == (0, 1.5)
    for text in (done.out, page.read_text(encoding="utf-8"), result.read_text(encoding="utf-8")):
        assert "Secreto" not in text
        assert "Adam" not in text
