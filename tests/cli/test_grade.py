"""`grader grade`: what is given for a folder and is none."""

from __future__ import annotations

import pytest
from course import QUIET, Class


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        pytest.param("class.zip", "unpack this archive, and give the folder", id="an archive"),
        pytest.param("ana.ipynb", "look at this one alone with grader check", id="a notebook"),
        pytest.param("ana.pdf", "give the one with the students' .ipynb files", id="a PDF"),
    ],
)
def test_a_file_for_a_folder_is_answered_by_what_to_do(course: Class, name: str, advice: str) -> None:
    (course.root / name).write_bytes(b"content")
    rubric = str(course.root / "rubric.yaml")
    done = course.run("grade", str(course.root / name), "--rubric", rubric, "--out", str(course.out))
    assert done.code == 2
    assert advice in done.err
    assert done.err.count("\n") == 1
    assert not course.out.exists()


def test_a_folder_without_notebooks_is_refused_in_one_line(course: Class) -> None:
    (course.folder / "ana.pdf").write_bytes(b"%PDF-1.7")
    done = course.grade()
    assert done.code == 2
    assert done.err.startswith("error: a folder of submissions must hold at least one .ipynb file. Received: ")
    assert done.err.count("\n") == 1
    course.hand_in("ana", QUIET)
    assert course.grade("--sandbox", "none").code == 0


@pytest.mark.parametrize(
    ("name", "why"),
    [
        pytest.param("numpy.py", "A module of this name is installed", id="an installed module"),
        pytest.param("solution.ipynb", "No other notebook", id="a notebook"),
        pytest.param("absent.py", "must name a readable file", id="no file"),
    ],
)
def test_what_may_not_come_along_is_refused_in_one_line(course: Class, name: str, why: str) -> None:
    if name != "absent.py":
        (course.root / name).write_text("x = 1")
    course.hand_in("ana", QUIET)
    done = course.grade("--sandbox", "none", "--with", str(course.root / name))
    assert done.code == 2
    assert done.err.startswith("error: --with must name ")
    assert why in done.err
    assert done.err.count("\n") == 1
    assert not course.out.exists()
