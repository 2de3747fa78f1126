"""Ids of submissions: safe, unique, and the same when more is handed in."""

from __future__ import annotations

from pathlib import Path

import pytest
from folders import collected, ids, make

from grader.collection.ids import make_ids

MOODLE = "_assignsubmission_file"


def cls(tmp_path: Path, *paths: str) -> Path:
    return make(tmp_path / "class", *paths)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("ana.ipynb", "ana"),
        ("José Peña (1).ipynb", "Jose_Pena_1"),
        ("-rf.ipynb", "rf"),
        ("a..b.ipynb", "a.b"),
        ("ANA.IPYNB", "ANA"),
        ("luz/entrega final.ipynb", "luz_entrega_final"),
        ("index.html.ipynb", "index.html_"),
        ("Left_Out.csv.ipynb", "Left_Out.csv_"),
    ],
    ids=lambda value: value,
)
def test_an_id_is_safe_and_tells_whose_it_is(file: str, name: str, tmp_path: Path) -> None:
    assert ids(collected(cls(tmp_path, file))) == {file: name}


def test_ids_are_unique_whatever_the_case(tmp_path: Path) -> None:
    files = ["ana", "Ana", "aná", "a/na", "a_na", "日本", "中国", "x" * 200]
    found = list(ids(collected(cls(tmp_path, *(f"{file}.ipynb" for file in files)))).values())

    assert len({name.casefold() for name in found}) == 8
    assert all(0 < len(name) <= 80 for name in found)
    assert found == sorted(found)


def test_ids_of_a_class_graded_before_stay(tmp_path: Path) -> None:
    folder = cls(tmp_path, f"Uno_101{MOODLE}/p.ipynb", f"Dos_102{MOODLE}/p.ipynb")
    before = f"Uno_101{MOODLE}_p"

    assert ids(collected(folder, known=[before])) == {
        f"Uno_101{MOODLE}/p.ipynb": before,
        f"Dos_102{MOODLE}/p.ipynb": "Dos_102",
    }


@pytest.mark.parametrize(
    ("before", "later"),
    [
        pytest.param(["luz/p.ipynb"], "luz/p (1).ipynb", id="another attempt"),
        pytest.param(["Grupo_A/ana.ipynb"], "Grupo_A/leo.ipynb", id="another student in the folder"),
        pytest.param(["luz/p.ipynb"], "leo/p.ipynb", id="another folder"),
        pytest.param([f"Uno_101{MOODLE}/p.ipynb"], f"Uno_101{MOODLE}/q.ipynb", id="another file on a platform"),
        pytest.param(["uno_48_901_p.ipynb"], "uno_48_902_p-1.ipynb", id="a new upload to Canvas"),
    ],
)
def test_an_id_stays_when_more_is_handed_in(before: list[str], later: str, tmp_path: Path) -> None:
    folder = cls(tmp_path, *before)
    [first] = ids(collected(folder)).values()
    make(folder, later)

    assert first in ids(collected(folder, known=[first])).values()


@pytest.mark.parametrize(
    ("name", "made"),
    [("CON", "CON_"), ("aux.v2", "aux_.v2"), ("Lpt1", "Lpt1_"), ("Conchi", "Conchi"), ("com10", "com10")],
)
def test_no_id_is_a_device_of_windows(name: str, made: str) -> None:
    assert make_ids([name], [[]], []) == [made]


def test_an_id_from_before_stays_though_it_is_a_device() -> None:
    assert make_ids(["NUL"], [["NUL"]], ["NUL"]) == ["NUL"]
