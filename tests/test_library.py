"""A rubric by its name, or by its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.library import copy_rubric, find_rubric, rubric_names, rubrics_folder
from grader.rubric.loading import load_rubric


@pytest.mark.parametrize("name", rubric_names())
def test_a_rubric_that_comes_along_is_whole(name: str) -> None:
    rubric = load_rubric(find_rubric(name))
    assert all(path.is_file() for path in rubric.assignment_paths)
    assert rubric.marked_answers is None or rubric.learned_from


@pytest.mark.parametrize("given", ["mine.yaml", "folder/mine", "./fashion_mnist", "fashion_mnist"])
def test_a_file_is_taken_before_a_name(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(given).parent.mkdir(exist_ok=True)
    Path(given).write_text("")
    assert find_rubric(given) == Path(given)


def test_a_name_is_found_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_rubric("fashion_mnist") == rubrics_folder() / "fashion_mnist.yaml"


@pytest.mark.parametrize(
    ("given", "received"),
    [
        pytest.param("fashion", "'fashion' \\(did you mean fashion_mnist\\?\\)", id="nearly a name"),
        pytest.param("chemistry", "'chemistry'$", id="no name"),
        pytest.param("", "''$", id="nothing"),
    ],
)
def test_what_is_neither_file_nor_name_is_refused(given: str, received: str) -> None:
    with pytest.raises(UsageError, match=rf"a rubric must be a file or .*\(fashion_mnist.*\)\. Received: {received}"):
        find_rubric(given)


@pytest.mark.parametrize("name", rubric_names())
def test_a_copy_asks_the_same_from_its_own_folder(name: str, tmp_path: Path) -> None:
    original, (file, *others) = load_rubric(find_rubric(name)), copy_rubric(name, tmp_path / "my course")
    copied = load_rubric(file)
    assert copied.questions == original.questions
    assert copied.learned_from == original.learned_from
    assert [path.read_bytes() for path in copied.assignment_paths] == [
        path.read_bytes() for path in original.assignment_paths
    ]
    assert {path.parent for path in copied.assignment_paths} == {file.parent}
    assert all(path.is_relative_to(file.parent) for path in others)
    mine, theirs = (path.read_text(encoding="utf-8").splitlines() for path in (file, find_rubric(name)))
    assert sum(one != other for one, other in zip(mine, theirs, strict=True)) <= 2, "comments and lines are kept"


@pytest.mark.parametrize("there", ["fashion_mnist.yaml", "assignment.ipynb", "answers/8.3.yaml"])
def test_a_copy_overwrites_nothing(there: str, tmp_path: Path) -> None:
    copies = copy_rubric("fashion_mnist", tmp_path / "first")
    there = there if (tmp_path / "first" / there).is_file() else str(copies[-1].relative_to(tmp_path / "first"))
    mine = tmp_path / "second" / there
    mine.parent.mkdir(parents=True)
    mine.symlink_to("nowhere")
    with pytest.raises(UsageError, match="must not overwrite what is there"):
        copy_rubric("fashion_mnist", tmp_path / "second")
    assert [path for path in (tmp_path / "second").rglob("*") if path.is_file() or path.is_symlink()] == [mine]


@pytest.mark.parametrize("name", ["fashion", "../fashion_mnist", "", "fashion_mnist.yaml"])
def test_only_what_comes_along_is_copied(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be one of the grader's rubrics"):
        copy_rubric(name, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_copy_to_where_nothing_can_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--out must be a folder"):
        copy_rubric("fashion_mnist", tmp_path / "file" / "out")
