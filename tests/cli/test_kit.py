"""`grader kit`: a folder for students, in which nothing can be found that they are asked for."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from course import Class, Run
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from secretive import told, write_secretive
from shipped import RUBRIC

from grader.rubric.loading import load_rubric


def test_a_kit_of_a_rubric_that_knows_more_than_it_says(run: Callable[..., Run], tmp_path: Path) -> None:
    done = run("kit", str(write_secretive(tmp_path / "course")), "--out", str(tmp_path / "kit"))
    assert done.code == 0, done.err
    names = ["README.md", "assignment.ipynb", "rubric.yaml"]
    assert sorted(file.name for file in (tmp_path / "kit").iterdir()) == names
    assert told((tmp_path / "kit" / "rubric.yaml").read_text(encoding="utf-8")) == []
    assert load_rubric(tmp_path / "kit" / "rubric.yaml").points == 8


def test_the_shipped_rubrics_kit_has_no_pattern_and_no_marked_answer(run: Callable[..., Run], tmp_path: Path) -> None:
    assert run("kit", "fashion_mnist", "--out", str(tmp_path / "kit")).code == 0
    rubric = RUBRIC
    given = rubric.assignment_paths[0].read_text(encoding="utf-8") + "".join(
        text
        for question in rubric.questions
        for criterion in question.criteria
        for text in (question.prompt, *question.title.values(), *criterion.hint.values())
    )
    concepts = [
        criterion
        for question in rubric.questions
        for criterion in question.criteria
        if criterion.check == "concept"
    ]  # fmt: skip
    patterns = [
        str(way) for concept in concepts for way in (*concept.ways, *concept.against, *concept.partly, *concept.related)
    ]
    texts = [text for concept in concepts for text in (*concept.title.values(), *concept.expected.values(), concept.id)]
    answers = [answer.answer for file in rubric.learned_from for answer in file.answers]
    secrets = {*patterns, *texts, *answers}
    assert len(secrets) > 300
    found = (tmp_path / "kit" / "rubric.yaml").read_text(encoding="utf-8")
    assert [secret for secret in secrets if len(secret) > 3 and secret in found and secret not in given] == []


def test_the_instructions_are_for_every_system_in_both_languages(run: Callable[..., Run], tmp_path: Path) -> None:
    wheel = _wheel(tmp_path / "grader-9-py3-none-any.whl")
    assert run("kit", "fashion_mnist", "--out", str(tmp_path / "kit"), "--package", str(wheel)).code == 0
    for name, language in (("README.md", "es"), ("README.en.md", "en")):
        text = (tmp_path / "kit" / name).read_text(encoding="utf-8")
        for told_of in (
            "## Linux",
            "## macOS",
            "## Windows",
            "Colab",
            'install "./grader-9-py3-none-any.whl[notebooks]"',
            "| `grader-9-py3-none-any.whl` |",
            f"--language {language}",
        ):
            assert told_of in text
        assert "{" not in text


@pytest.mark.parametrize(
    "address", ["https://uni.example/grader-1-py3-none-any.whl", "git+ssh://git@uni.example/g.git@v1"]
)
def test_an_address_is_what_students_install_from(address: str, run: Callable[..., Run], tmp_path: Path) -> None:
    done = run("kit", "fashion_mnist", "--out", str(tmp_path / "kit"), "--package", address)
    assert done.code == 0
    assert "con sus respuestas" in done.err, "what stands there is told of, and where it comes from"
    assert address in done.err
    assert f'!pip install "grader[notebooks] @ {address}"' in (tmp_path / "kit" / "README.md").read_text(
        encoding="utf-8"
    )


def test_without_a_package_the_place_for_it_is_nothing_that_pip_would_look_up(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    done = run("kit", "fashion_mnist", "--out", str(tmp_path / "kit"))
    assert done.code == 0
    assert "--package WHERE" in done.err
    for name in ("README.md", "README.en.md"):
        text = (tmp_path / "kit" / name).read_text(encoding="utf-8")
        installed = re.findall(r"pip install (.+)", text)
        assert len(installed) == 3
        assert all(re.fullmatch(r'"<[^<>]+>\[notebooks\]"', what) for what in installed)
        replaced, kept = re.findall(r"`([<[].+?[>\]])`", text.partition("## Linux")[0])[:2]
        assert f'"{replaced}{kept}"' == installed[0], "what is to be replaced leaves the extra as it is"


@pytest.mark.parametrize(
    "package",
    [
        "grader",
        "grader[notebooks]",
        "grader==1",
        "other-1.txt",
        "ftp://x/g.whl",
        'https://x/"; rm -r ~; "',
    ],
)
def test_what_is_neither_a_wheel_nor_an_address_is_refused(
    package: str, run: Callable[..., Run], tmp_path: Path
) -> None:
    done = run("kit", "fashion_mnist", "--out", str(tmp_path / "kit"), "--package", package)
    assert done.code == 2
    assert done.err.startswith("error: --package debe ser un wheel del corrector"), "in the rubric's language"
    assert not (tmp_path / "kit").exists()


ANSWERS = {
    "grader/shipped/rubrics/fashion_mnist.yaml": b"against: sobreajuste",
    "grader/shipped/rubrics/answers/ana.yaml": b"answer: sobreajuste",
    "grader/shipped/reference/solution.ipynb": b"sobreajuste",
    "Grader/Shipped/rubrics/other.yaml": b"against: sobreajuste",
    "grader-9.data/purelib/grader/shipped/rubrics/other.yaml": b"against: sobreajuste",
}


def _wheel(path: Path) -> Path:
    """A wheel that pip installs, with one module and what an instructor alone may have."""
    files = {
        "grader/__init__.py": b"VERSION = 9",
        "grader/data, and more.txt": b"",
        **ANSWERS,
        "grader-9.dist-info/METADATA": b"Metadata-Version: 2.1\nName: grader\nVersion: 9\n",
        "grader-9.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = io.StringIO()
    csv.writer(record).writerows([name, "", ""] for name in (*files, "grader-9.dist-info/RECORD"))
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in (files | {"grader-9.dist-info/RECORD": record.getvalue().encode()}).items():
            wheel.writestr(name, content)
    return path


def test_a_kits_wheel_is_installed_as_it_was_and_holds_no_answer(run: Callable[..., Run], tmp_path: Path) -> None:
    wheel = _wheel(tmp_path / "grader-9-py3-none-any.whl")
    assert run("kit", "fashion_mnist", "--out", str(tmp_path / "kit"), "--package", str(wheel)).code == 0
    copy = tmp_path / "kit" / wheel.name
    with zipfile.ZipFile(copy) as opened:
        record = opened.read("grader-9.dist-info/RECORD").decode()
        assert {row[0] for row in csv.reader(io.StringIO(record))} == set(opened.namelist())
        with zipfile.ZipFile(wheel) as original:
            assert set(opened.namelist()) == set(original.namelist()) - ANSWERS.keys()
        assert b"sobreajuste" not in b"".join(map(opened.read, opened.namelist()))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, "--target", str(tmp_path / "site"), str(copy)], check=True, timeout=120)
    assert (tmp_path / "site" / "grader" / "__init__.py").read_bytes() == b"VERSION = 9"
    assert not (tmp_path / "site" / "grader" / "shipped").exists()


@pytest.mark.parametrize(
    ("name", "content", "told_of"),
    [
        ("whl/nope.whl", None, "debe nombrar un archivo que exista. Recibido: '"),
        ("grader-1.whl", None, "debe nombrar un archivo que exista. Recibido: '"),
        ("other-1.whl", b"", "debe ser un wheel del corrector"),
        ("grader-1.whl", b"no wheel", "debe ser un wheel que se pueda leer"),
    ],
)
def test_a_wheel_that_is_none_is_told_apart_from_one_that_is_not_there(
    name: str, content: bytes | None, told_of: str, run: Callable[..., Run], tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = run("kit", "fashion_mnist", "--out", str(tmp_path / "kit"), "--package", str(tmp_path / name))
    assert (done.code, done.out) == (2, "")
    assert told_of in done.err
    assert not (tmp_path / "kit").exists()


def test_the_assignment_is_the_students_own(run: Callable[..., Run], tmp_path: Path) -> None:
    assert run("kit", "fashion_mnist", "--out", str(tmp_path / "kit")).code == 0
    assert json.loads((tmp_path / "kit" / "assignment.ipynb").read_text())["cells"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda root: (root / "kit" / "mine.txt").write_text(""), "new or empty", id="a full folder"),
        pytest.param(lambda root: (root / "assignment.ipynb").unlink(), "'assignment' must be", id="no assignment"),
    ],
)
def test_what_cannot_be_made_is_refused(
    run: Callable[..., Run], tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    rubric = write_secretive(tmp_path / "course")
    rubric = rubric.rename(tmp_path / "rubric.yaml")
    (tmp_path / "course" / "assignment.ipynb").rename(tmp_path / "assignment.ipynb")
    (tmp_path / "course" / "answers").rename(tmp_path / "answers")
    (tmp_path / "kit").mkdir()
    spoil(tmp_path)
    done = run("kit", str(rubric), "--out", str(tmp_path / "kit"))
    assert done.code == 2
    assert message in done.err


def test_a_notebook_is_checked_with_a_kit(course: Class, tmp_path: Path) -> None:
    kit = tmp_path / "kit"
    assert course.run("kit", str(write_secretive(tmp_path / "course")), "--out", str(kit)).code == 0
    cells = [new_markdown_cell("## Question 2\nWhat is this called?"), new_markdown_cell("It is overfitting.")]
    nbformat.write(new_notebook(cells=[*cells, new_code_cell("1 + 1")]), kit / "mine.ipynb")
    words = ["check", str(kit / "mine.ipynb"), "--rubric", str(kit / "rubric.yaml"), "--sandbox", "none"]
    done = course.run(*words, "--no-replay")
    assert done.code == 0, done.err
    assert "? Your answer in words" in done.out
    assert "This is marked after you have handed it in." in done.out
    assert "Provisional mark: 0 of 6.5 points" in done.out
    assert "1.5 more points are looked at only after you hand it in." in done.out
