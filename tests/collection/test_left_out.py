"""What is not graded is listed, with a reason that is true."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from folders import by_file, by_path, collected, make, notebook

from grader.collection import listing
from grader.errors import UsageError
from grader.records import Reason

MOODLE = "_assignsubmission_file"


def cls(tmp_path: Path, *paths: str) -> Path:
    return make(tmp_path / "class", *paths)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("entrega.zip", Reason.ARCHIVE),
        ("luz/entrega.7z", Reason.ARCHIVE),
        ("practica.py", Reason.SCRIPT),
        ("informe.PDF", Reason.DOCUMENT),
        ("practica.ipynb.txt", Reason.WRONG_ENDING),
        ("practica.json", Reason.WRONG_ENDING),
        ("pesos.h5", Reason.OTHER_FILE),
        ("sin_nombre", Reason.OTHER_FILE),
        ("vacia", Reason.EMPTY_FOLDER),
        ("nada.ipynb/", Reason.EMPTY_FOLDER),
        ("solo/.DS_Store", Reason.SYSTEM),
        ("__MACOSX/._ana.ipynb", Reason.SYSTEM),
        (".ipynb_checkpoints/ana.ipynb", Reason.SYSTEM),
        ("Dos_102_assignsubmission_onlinetext/onlinetext.html", Reason.ONLINE_TEXT),
        ("tres_4821_text.html", Reason.ONLINE_TEXT),
        ("/".join("d" * 14) + "/a.ipynb", Reason.TOO_DEEP),
        ("~$leo.IPYNB", Reason.HIDDEN),
        ("luz/.ipynb", Reason.HIDDEN),
        ("luz/.cache/a/x.ipynb", Reason.HIDDEN),
        ("env/venv/lib/x.ipynb", Reason.HIDDEN),
        ("luz/.ipynb_checkpoints/x-checkpoint.ipynb", Reason.HIDDEN),
        ("luz/._x.ipynb", Reason.SYSTEM),
        ("venv/lib/site-packages/demo.ipynb", Reason.SYSTEM),
        (".git/x/demo.ipynb", Reason.SYSTEM),
        ("leo.ipynb.part", Reason.WRONG_ENDING),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_notebook_is_left_out_for_a_reason(path: str, reason: Reason, tmp_path: Path) -> None:
    folder = cls(tmp_path, "ana.ipynb", "vacia/" if path == "vacia" else path)
    found = collected(folder)

    assert [one.file for one in found.submissions] == ["ana.ipynb"]
    assert reason in {entry.reason for entry in found.left_out}
    assert all(path.startswith(entry.path) or entry.path == "solo" for entry in found.left_out)
    assert any(path == entry.path for entry in found.left_out) or reason not in (Reason.HIDDEN, Reason.WRONG_ENDING)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("lola.ipynb.txt", "lola"),
        ("lola.json", "lola"),
        ("lola.IPYNB.json", "lola"),
        ("lola.ipynb (1)", "lola"),
        (f"Lola_102{MOODLE}/practica.ipynb.txt", "Lola"),
    ],
)
def test_a_notebook_with_another_ending_is_graded(path: str, name: str, tmp_path: Path) -> None:
    folder = cls(tmp_path, "ana.ipynb", path)
    (folder / path).write_text(notebook("1"), encoding="utf-8")
    found = by_file(collected(folder))

    assert (found[path].name, found[path].is_misnamed) == (name, True)
    assert not found["ana.ipynb"].is_misnamed


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("datos.json", '{"cells": 3}'),
        ("datos.json", '{"cells": [], "cell_type": 1}'),
        ("datos.json", "[1, 2"),
        ("notas.ipynb.txt", "los 10 mejores"),
        ("notas.txt", notebook("1")),
        ("todo.ipynb.zip", notebook("1")),
    ],
)
def test_what_only_looks_like_a_notebook_is_left_out(path: str, content: str, tmp_path: Path) -> None:
    folder = cls(tmp_path, "ana.ipynb", path)
    (folder / path).write_text(content, encoding="utf-8")
    found = collected(folder)

    assert [one.file for one in found.submissions] == ["ana.ipynb"]
    assert [entry.path for entry in found.left_out] == [path]


def test_a_copy_with_another_ending_is_no_other_student(tmp_path: Path) -> None:
    folder = cls(tmp_path, "ana.ipynb")
    (folder / "ana.ipynb.txt").write_text(notebook("1"), encoding="utf-8")
    found = collected(folder)

    assert [one.file for one in found.submissions] == ["ana.ipynb"]
    assert [(entry.path, entry.reason) for entry in found.left_out] == [("ana.ipynb.txt", Reason.WRONG_ENDING)]


def test_a_student_of_whom_nothing_can_be_graded_is_named(tmp_path: Path) -> None:
    found = by_path(collected(cls(tmp_path, "ana.ipynb", f"Alumna Dos_102{MOODLE}/entrega.zip")))
    [entry] = found.values()

    assert (entry.name, entry.submission) == ("Alumna Dos", "")


def test_a_folder_with_nothing_but_system_files_is_empty(tmp_path: Path) -> None:
    found = by_path(collected(cls(tmp_path, "ana.ipynb", "luz/.DS_Store")))

    assert found["luz"].reason is Reason.EMPTY_FOLDER


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="rights as on Unix")
@pytest.mark.parametrize("rights", [0o000, 0o200, 0o400, 0o100])
def test_what_may_not_be_read_is_left_out_and_stops_nobody(rights: int) -> None:
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as top:
        folder = make(Path(top) / "class", "ana.ipynb", "luz/shut/x.ipynb", "luz/x.ipynb")
        Path(top).chmod(0o777)
        (folder / "luz" / "shut").chmod(rights)
        if user == 0:  # root may read everything
            os.seteuid(65534)
        try:
            found = collected(folder)
        finally:
            os.seteuid(user)
            (folder / "luz" / "shut").chmod(0o700)

    assert {one.file for one in found.submissions} == {"ana.ipynb", "luz/x.ipynb"}
    assert {path: entry.reason for path, entry in by_path(found).items()} == {"luz/shut": Reason.UNREADABLE}


def test_links_and_pipes_are_left_out_and_not_followed(tmp_path: Path) -> None:
    folder = cls(tmp_path, "a/ana.ipynb")
    make(tmp_path / "outside", "secret.ipynb")
    (folder / "b.ipynb").symlink_to("a/ana.ipynb")
    (folder / "c").symlink_to(tmp_path / "outside")
    (folder / "a" / "up").symlink_to("..")
    os.mkfifo(folder / "d.ipynb")
    found = collected(folder)

    assert [one.file for one in found.submissions] == ["a/ana.ipynb"]
    assert {path: entry.reason for path, entry in by_path(found).items()} == {
        "a/up": Reason.LINK,
        "b.ipynb": Reason.LINK,
        "c": Reason.LINK,
        "d.ipynb": Reason.NO_FILE,
    }


def test_results_of_grading_are_not_graded(tmp_path: Path) -> None:
    folder = cls(tmp_path, "ana.ipynb", "out/ana/executed.ipynb", "old/ana/executed.ipynb")
    make(folder / "old", "gradebook.db", "grades.csv", "index.html")
    found = collected(folder, skip=[folder / "out"])

    assert [one.file for one in found.submissions] == ["ana.ipynb"]
    assert {entry.reason for entry in found.left_out} == {Reason.EARLIER_RESULTS}


@pytest.mark.parametrize(
    ("kind", "match"),
    [("missing", "missing"), ("empty", "at least one"), ("file", "is a file"), ("pdf", "informe.pdf")],
)
def test_a_folder_without_notebooks_is_wrong_usage(kind: str, match: str, tmp_path: Path) -> None:
    folder = tmp_path / kind
    if kind == "empty":
        folder.mkdir()
    elif kind == "file":
        folder.write_text("{}")
    elif kind == "pdf":
        make(folder, "informe.pdf")

    with pytest.raises(UsageError, match=match):
        collected(folder)


def test_a_folder_of_far_too_much_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_ENTRIES", 20)
    folder = cls(tmp_path, *(f"a/{number}.txt" for number in range(30)))

    with pytest.raises(UsageError, match="at most 20 files and folders"):
        collected(folder)
