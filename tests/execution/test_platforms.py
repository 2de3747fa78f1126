"""Folders of Colab, Drive and Kaggle lead to the notebook's own."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from grader.execution.platforms import MOST_FOLDERS, folders_named, make_folders


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param(
            "os.chdir('/content/drive/MyDrive/Master/Practica1')", ["drive/MyDrive/Master/Practica1"], id="a-folder"
        ),
        pytest.param("%cd /content/drive/MyDrive/Master", ["drive/MyDrive/Master"], id="a-magic"),
        pytest.param("%cd /content/drive/My\\ Drive/x", ["drive/My Drive/x"], id="with-a-blank"),
        pytest.param("x = open(f'/content/drive/My Drive/datos/a.csv')", ["drive/My Drive/datos"], id="a-file's"),
        pytest.param("p = 'drive/MyDrive/x'", ["drive/MyDrive/x"], id="from-where-colab-starts"),
        pytest.param("pd.read_csv('/kaggle/working/a.csv')", ["working"], id="kaggle"),
        pytest.param("open('/content/a.csv')", [], id="the-home-itself"),
        pytest.param("open('/content/../../etc/passwd')", [], id="out-of-it"),
        pytest.param("open('/content/.keras/x/y')", [], id="a-hidden-folder"),
        pytest.param("open('/home/x/content/y/')\nopen('my/content/z/')", [], id="another-folder-of-that-name"),
        pytest.param("'/content/" + "a/" * 30 + "'", [], id="too-deep"),
        pytest.param("'/content/" + "a" * 300 + "/'", [], id="too-long"),
    ],
)
def test_what_a_notebook_names(source: str, found: list[str]) -> None:
    assert folders_named([source]) == [PurePosixPath(path) for path in found]


def test_no_more_than_a_few_folders_are_made() -> None:
    assert len(folders_named(f"'/content/{number}/'" for number in range(1_000))) == MOST_FOLDERS


def test_what_lies_beside_the_notebook_is_found_in_them(tmp_path: Path) -> None:
    (tmp_path / "redes.py").write_text("x = 1")
    (tmp_path / "datos").mkdir()
    (tmp_path / "datos" / "a.csv").write_text("1,2")
    (tmp_path / ".keras").mkdir()
    named = ("drive/MyDrive/a", "drive/MyDrive/a/b", "working/datos", "working/datos/mas", "datos/mas", "redes.py")
    make_folders(map(PurePosixPath, named), tmp_path, tmp_path)
    for folder in ("drive/MyDrive", "drive/MyDrive/a", "drive/MyDrive/a/b", "working"):
        assert (tmp_path / folder / "redes.py").read_text() == "x = 1"
        assert (tmp_path / folder / "datos/a.csv").read_text() == "1,2"
    assert [path.name for path in (tmp_path / "datos").iterdir()] == ["a.csv"], "the student's own is left as it is"
    assert (tmp_path / "redes.py").is_file()
