"""Files made to harm whoever opens them: each gets one clear result, nothing hangs, and the others are graded."""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from course import QUIET, Class
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from waiting import wait_until

from grader.checks.epoch_log import read_log
from grader.errors import SubmissionError
from grader.jobs import read_file
from grader.records import Output
from grader.rubric.loading import load_rubric
from grader.submission import Assignment, parse_submission
from grader.submission.notebook import parse_notebook

Make = Callable[[Path], Any]
SECRET = "root:x:0"
"""How a file begins that no submission may show."""


def png_bomb() -> str:
    """A PNG of 60,000 x 60,000 pixels: half a megabyte that becomes 3.6 GB in whatever decodes it."""
    deflate = zlib.compressobj(1)
    row = bytes(1 + 60_000 // 8)
    packed = b"".join(deflate.compress(row * 100) for _ in range(600)) + deflate.flush()

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    return b64encode(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    ).decode()


def with_bombs(path: Path) -> None:
    bomb = png_bomb()
    shown = new_output("display_data", {"image/png": bomb, "image/svg+xml": "<svg/>", "text/plain": "<Figure>"})
    pasted = new_markdown_cell(f"![a](attachment:a.png) ![b](data:image/png;base64,{bomb})")
    pasted["attachments"] = {"a.png": {"image/png": bomb}}
    path.write_text(json.dumps(new_notebook(cells=[new_code_cell("print(1)", outputs=[shown]), pasted])))


def sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # the path is longer than an address may be
        made.bind(path.name)
        os.chdir(here)


CELL = b'{"cells": [{"cell_type": "code", "source": '


def long_cells(source: bytes, count: int) -> bytes:
    """A notebook of code cells that are all alike."""
    return CELL + b'"' + (source + b'"}, {"cell_type": "code", "source": "').join([b""] * count) + source + b'"}]}'


REFUSED: dict[str, tuple[Make, str]] = {
    "gigabyte": (lambda path: sparse(path, 2**30), "at most 200 MB. Received: 1074 MB"),
    "zeros": (lambda path: sparse(path, 150_000_000), "an empty file"),
    "deep lists": (lambda path: path.write_bytes(b"[" * 4_000_000), "must not be nested so deeply"),
    "deep objects": (lambda path: path.write_bytes(b'{"cells":' * 200_000), "must not be nested so deeply"),
    "many values": (lambda path: path.write_bytes(CELL + b"[" + b"[]," * 6_000_000 + b"1]}]}"), "at most 5,000,000 values"),
    "many texts": (lambda path: path.write_bytes(CELL + b"[" + b'"",' * 6_000_000 + b"1]}]}"), "at most 5,000,000 values"),
    "long sources": (lambda path: path.write_bytes(long_cells(b"1;" * 45_000, 120)), "at most 10,000,000 characters"),
    "large number": (lambda path: path.write_bytes(b'{"cells": ' + b"9" * 1_000_000 + b"}"), "must be JSON"),
}  # fmt: skip
"""By name: how the file is made, and what its reason says."""

LEFT_OUT: dict[str, tuple[Make, str]] = {
    "fifo": (os.mkfifo, "no_file"),
    "socket": (bound_socket, "no_file"),
    "link to a secret": (lambda path: path.symlink_to("/etc/passwd"), "link"),
    "link to a folder": (lambda path: path.symlink_to("/etc"), "link"),
    "link to a process": (lambda path: path.symlink_to("/proc/self/environ"), "link"),
    "link to zeros": (lambda path: path.symlink_to("/dev/zero"), "link"),
    "link to nothing": (lambda path: path.symlink_to("nowhere"), "link"),
    "link to itself": (lambda path: path.symlink_to(path.name), "link"),
    "folder": (Path.mkdir, "empty_folder"),
}
"""By name: how what is no file is made, and why it is left out."""

NAMES = {
    "newline": b"a\nb",
    "terminal commands": b"a\x1b[2J\x1b]0;owned\x07b\x9b",
    "no unicode": b"a\xff\xfeb",
    "other order": "a\u202egpj.b".encode(),
    "path": b"a..\\..\\b%2f..%2f..",
    "shell": b"$(touch owned);`touch owned`&",
    "option": b"--regrade",
    "formula": b"=HYPERLINK(1)",
    "longest": b"n" * 249,
    "tags": b"<img src=x onerror=alert(1)>",
    "braces": b"{0.__class__}{{7*7}}%(x)s",
    "a file of the class": b"grades.csv",
}
"""Names that are attacks; what they hold is no notebook, so that their reason shows the name."""

VANISHES, CHANGES, SWAPPED = "zz vanishes", "zz changes", "zz swapped"


@dataclass(frozen=True)
class Graded:
    """What grading the hostile class left behind."""

    root: Path
    out: Path
    code: int
    shown: str
    seconds: float
    """Of processor time."""
    rows: dict[str, dict[str, str]]
    peak_mb: float

    def reason(self, submission: str) -> str:
        return str(json.loads((self.out / submission / "result.json").read_text(encoding="utf-8"))["reason"])


MEASURED = """
import json, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    json.dump([used.ru_utime, used.ru_maxrss / 1024], file)
sys.exit(code)
"""
"""Starts a command from a small process: the largest memory of a process counts what it was forked from."""


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """One class of all of these files, some of which change while it is graded, and one honest notebook."""
    course = Class(tmp_path_factory.mktemp("hostile"), lambda *words: None)  # type: ignore[arg-type]
    course.hand_in("a honest", QUIET)
    course.hand_in("b slow", ["import time; time.sleep(3)"])
    for name, (make, _) in (REFUSED | LEFT_OUT).items():
        make(course.folder / f"{name}.ipynb")
    with_bombs(course.folder / "bombs.ipynb")
    for name in NAMES.values():
        Path(os.fsdecode(os.fsencode(course.folder) + b"/" + name + b".ipynb")).write_text("words")
    (course.folder / "around").symlink_to(".")
    (course.folder / "outside").symlink_to("..")
    for name in (VANISHES, CHANGES, SWAPPED):
        course.hand_in(name, QUIET)
    command = [sys.executable, "-m", "grader", *course.command, "--workers", "1", "--no-replay", "--sandbox", "none"]
    used = tmp_path_factory.mktemp("used") / "used.json"
    process = subprocess.Popen(
        [sys.executable, "-c", MEASURED, str(used), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_until(lambda: (course.out / "a_honest" / "result.json").exists() or process.poll() is not None)
    (course.folder / f"{VANISHES}.ipynb").unlink()
    (course.folder / f"{CHANGES}.ipynb").write_text("words")
    (course.folder / f"{SWAPPED}.ipynb").unlink()
    (course.folder / f"{SWAPPED}.ipynb").symlink_to("/etc/passwd")
    shown, _ = process.communicate(timeout=600)
    with (course.out / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["submission"]: row for row in csv.DictReader(file)}
    seconds, peak_mb = json.loads(used.read_text())
    return Graded(course.root, course.out, process.returncode, shown, seconds, rows, peak_mb)


def test_no_file_is_the_graders_fault(graded: Graded) -> None:
    assert graded.code == 0, graded.shown
    assert "fault:" not in graded.shown


def test_the_honest_are_graded(graded: Graded) -> None:
    assert {name for name, row in graded.rows.items() if row["status"] == "graded"} == {"a_honest", "b_slow", "bombs"}


def test_every_file_has_one_result(graded: Graded) -> None:
    assert len(graded.rows) == 3 + len(REFUSED) + len(NAMES) + 3


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_notebook_fails_and_says_why(name: str, graded: Graded) -> None:
    submission = name.replace(" ", "_")
    assert graded.rows[submission]["status"] == "failed"
    assert graded.rows[submission]["provisional"] == "true", "no final zero"
    assert REFUSED[name][1] in graded.reason(submission)


@pytest.mark.parametrize(
    ("name", "reason"), [(VANISHES, "No such file"), (CHANGES, "must be JSON"), (SWAPPED, "Received: a link")]
)
def test_what_changes_while_others_are_graded_is_judged_as_it_is_found(name: str, reason: str, graded: Graded) -> None:
    assert reason in graded.reason(name.replace(" ", "_"))


def test_what_is_no_file_is_left_out_and_listed(graded: Graded) -> None:
    with (graded.out / "left_out.csv").open(newline="", encoding="utf-8") as file:
        found = {row["path"]: row["reason"] for row in csv.DictReader(file)}
    listed = {f"{name}.ipynb": reason for name, (_, reason) in LEFT_OUT.items()}
    assert found == listed | {"around": "link", "outside": "link"}


def test_names_harm_nothing(graded: Graded) -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9_'][A-Za-z0-9._-]{0,80}", name) for name in graded.rows)
    assert all(path.resolve().is_relative_to(graded.out.resolve()) for path in graded.out.rglob("*"))
    assert sorted(path.name for path in graded.root.iterdir()) == ["class", "out", "rubric.yaml"]
    assert not list(graded.root.rglob("owned"))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", graded.shown)


def test_nothing_from_behind_a_link_is_shown(graded: Graded) -> None:
    assert SECRET in Path("/etc/passwd").read_text()
    assert SECRET not in graded.shown
    for path in graded.out.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()


def test_no_picture_is_unpacked_and_nothing_takes_long(graded: Graded) -> None:
    assert graded.peak_mb < 2_500
    assert graded.seconds < 600


# --- one cell -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [13_000_000, 1_000_000], ids=["one", "twelve"])
def test_of_cells_that_are_too_long_in_all_the_longest_are_left_out(length: int) -> None:
    literal = f"x = '{'a' * length}'"
    raw = json.dumps(
        {"cells": [new_code_cell(source) for source in ("y = 1", *[literal] * (13_000_000 // length), "z")]}
    )
    cells = parse_notebook(raw.encode(), "x")
    assert (cells[0].source, cells[-1].source) == ("y = 1", "z")
    assert sum(len(cell.source) for cell in cells) <= 10_000_000
    assert {cell.left_out for cell in cells} == {0, len(literal)}
    assert sum(bool(cell.left_out) for cell in cells) == (1 if length == 13_000_000 else 4)


# --- one file ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everyone may enter."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_file_that_may_not_be_read_is_refused(open_folder: Path) -> None:
    path = open_folder / "closed.ipynb"
    path.write_text("{}")
    path.chmod(0)
    user = os.geteuid()
    if user == 0:  # root may read everything
        os.seteuid(65534)
    try:
        assert (
            str(read_file(path).problem)
            == "closed.ipynb: a submission must be a readable file. Received: Permission denied"
        )
    finally:
        os.seteuid(user)


def test_a_device_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "zeros.ipynb"
    path.symlink_to("/dev/zero")
    if os.geteuid() == 0:
        path.unlink()
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))
    assert str(read_file(path).problem).endswith(("Received: a pipe or device", "Received: a link"))


def test_many_values_inside_texts_are_no_reason_to_refuse() -> None:
    text = json.dumps({"cells": [new_code_cell("1", outputs=[new_output("stream", text="[{1,2:" * 1_000_000)])]})
    assert len(parse_notebook(text.encode(), "x")) == 1


MARKERS = "### Tu código de la pregunta 3 aquí ###\n" * 1_000

SLOW_TO_READ = {
    "markers": [new_code_cell(MARKERS)],
    "headings": [new_markdown_cell("## Pregunta 1 (1 puntos)\n" * 20_000)],
    "brackets": [new_markdown_cell("[" * 300_000 + "<" * 300_000 + "*" * 300_000)],
    "nested code": [new_code_cell("(" * 90_000), new_code_cell("-" * 90_000 + "1"), new_code_cell("[1," * 30_000)],
    "comments": [new_code_cell("# hola mundo que tal\n" * 5_000)],
    "printed tags": [new_code_cell("1", outputs=[new_output("display_data", {"text/html": "<a" * 1_000_000})])],
    "colours": [new_code_cell("1", outputs=[new_output("stream", text="\x1b[" * 500_000 + "\x1b]" * 500_000)])],
}


@pytest.mark.parametrize("name", SLOW_TO_READ)
def test_text_made_to_be_slow_to_read_is_read_in_time(name: str, tmp_path: Path) -> None:
    course = Class(tmp_path, lambda *words: None)  # type: ignore[arg-type]
    rubric = load_rubric(course.root / "rubric.yaml")
    raw = json.dumps(new_notebook(cells=SLOW_TO_READ[name])).encode()
    began = time.process_time()
    parse_submission(raw, Path("x.ipynb"), "x", rubric, Assignment())
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("epoch" + " " * 100_000, id="blanks after epoch"),
        pytest.param("loss" + " " * 100_000 + "accuracy" + " " * 100_000, id="blanks after loss"),
        pytest.param("1 0.5 loss acc\n" * 20_000, id="rows that are headings"),
        pytest.param("[0.1, 0.2]\n" * 50_000, id="many lists"),
        pytest.param("'a': [" * 100_000, id="lists that never end"),
    ],
)
def test_a_log_made_to_be_slow_to_read_is_read_in_time(text: str) -> None:
    began = time.process_time()
    read_log([Output("stream", text)])
    assert time.process_time() - began < 10


def test_a_file_that_grows_while_it_is_read_stays_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.submission.notebook.LARGEST_FILE", 1_000)
    path = tmp_path / "grows.ipynb"
    path.write_bytes(b"x" * 1_001)
    with pytest.raises(SubmissionError, match="at most"):
        raise SubmissionError(read_file(path).problem)
