"""People are called by their own folder, and nobody is missed because nothing of theirs could be graded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from folders import by_path, collected, make, students

CLASS = ("Ana Ríos/p.ipynb", "Luis Gil/p.ipynb", "Eva Sanz/p.ipynb")


@pytest.mark.parametrize(
    ("paths", "name"),
    [
        pytest.param(("Nuria Vidal/repo/.git/HEAD", "Nuria Vidal/repo/notebooks/nb.ipynb"), "Nuria Vidal", id="inside"),
        pytest.param(("Nuria Vidal/a/repo/.git/HEAD", "Nuria Vidal/a/repo/nb.ipynb"), "Nuria Vidal", id="two folders"),
        pytest.param(("nuria-vidal/.git/HEAD", "nuria-vidal/nb.ipynb"), "nuria-vidal", id="at the top"),
    ],
)
def test_a_clone_inside_a_students_folder_has_the_students_name(
    paths: tuple[str, ...], name: str, tmp_path: Path
) -> None:
    found = students(collected(make(tmp_path / "class", *CLASS, *paths)))
    assert next(found[file][0] for file in found if file.endswith("nb.ipynb")) == name


def test_clones_side_by_side_keep_their_own_names(tmp_path: Path) -> None:
    paths = [f"Grupo/{who}/{path}" for who in ("repo-ana", "repo-luis") for path in (".git/HEAD", "nb.ipynb")]
    found = students(collected(make(tmp_path / "class", *CLASS, *paths)))
    assert {name for name, _ in found.values()} >= {"repo-ana", "repo-luis"}


@pytest.mark.parametrize("path", ["Lucía Núñez/entrega.zip", "Pedro Vacío/", "Sonia Ortiz/practica.py"])
def test_who_handed_in_nothing_that_can_be_graded_is_named(path: str, tmp_path: Path) -> None:
    entry = by_path(collected(make(tmp_path / "class", *CLASS, path)))[path.rstrip("/")]
    assert (entry.name, entry.submission) == (path.split("/")[0], "")


@pytest.mark.parametrize("path", ["apuntes.pdf", "__MACOSX/x", "Ana Ríos/memoria.pdf"])
def test_what_is_nobodys_or_somebodys_with_a_notebook_names_nobody_else(path: str, tmp_path: Path) -> None:
    entries = by_path(collected(make(tmp_path / "class", *CLASS, path)))
    assert {entry.name for entry in entries.values()} <= {"", "Ana Ríos"}


def test_where_files_stand_together_a_folder_is_nobody(tmp_path: Path) -> None:
    folder = make(tmp_path / "class", "ana.ipynb", "luis.ipynb", "eva.ipynb", "material/datos.zip")
    assert by_path(collected(folder))["material/datos.zip"].name == ""


BLACKBOARD = [f"P_alu001_attempt_2026-02-0{day}-10-00-00_{file}.ipynb" for day, file in ((1, "p_final"), (3, "p"))]
BRIGHTSPACE = [f"7-5 - Ana Ríos - Feb {day}, 2026 {time}" for day, time in ((9, "905 PM"), (10, "1230 AM"))]


@pytest.mark.parametrize(
    ("earlier", "later", "other", "name"),
    [
        pytest.param(*BLACKBOARD, "P_alu002_attempt_2026-02-01-11-00-00.txt", "alu001", id="Blackboard"),
        pytest.param(
            *(f"{folder}/p.ipynb" for folder in BRIGHTSPACE),
            "8-5 - Eva Sanz - Feb 1, 2026 1030 AM/memoria.pdf",
            "Ana Ríos",
            id="Brightspace, by folder",
        ),
        pytest.param(
            *(f"{folder} - p.ipynb" for folder in BRIGHTSPACE),
            "8-5 - Eva Sanz - Feb 1, 2026 1030 AM - memoria.pdf",
            "Ana Ríos",
            id="Brightspace, flat",
        ),
    ],
)
@pytest.mark.parametrize("saved", [0, 500_000], ids=["saved together", "saved in another order"])
def test_of_attempts_that_a_platform_dates_the_last_one_counts(
    earlier: str, later: str, other: str, name: str, saved: int, tmp_path: Path
) -> None:
    folder = make(tmp_path / "class", earlier, later, other)
    for file, seconds in ((earlier, 1_000_000 + saved), (later, 1_000_000)):
        os.utime(folder / file, (seconds, seconds))
    found = collected(folder)
    assert students(found) == {later: (name, {earlier})}
    assert any(entry.name and not entry.submission for entry in found.left_out), "whoever has no notebook is named"


def test_a_file_named_like_anothers_attempt_takes_no_place_of_theirs(tmp_path: Path) -> None:
    own = "P_alu003_attempt_2026-02-01-10-00-00_P_alu001_attempt_2027-01-01-00-00-00_x.ipynb"
    found = students(collected(make(tmp_path / "class", BLACKBOARD[1], own)))
    assert found == {BLACKBOARD[1]: ("alu001", set()), own: ("alu003", set())}
