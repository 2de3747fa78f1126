"""A rubric by its name, or by its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.errors import UsageError
from grader.library import find_rubric, rubric_names, rubrics_folder
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
