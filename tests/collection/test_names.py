"""What names of files and folders say."""

from __future__ import annotations

import unicodedata

import pytest

from grader.collection.names import Turn, attempt, owner_of_folder, owners_of_files, turn


@pytest.mark.parametrize(
    ("stem", "core", "number"),
    [
        ("Práctica", "practica", 0),
        ("práctica (2)", "practica", 2),
        ("Copia de Copia de práctica (1)", "practica", 1),
        ("Copy of practica", "practica", 0),
        ("practica - copia (3)", "practica", 3),
        ("practica-copia", "practica", 0),
        ("practica_v2", "practica", 2),
        ("practica final", "practica", 0),
        ("practica (versión definitiva)", "practica", 0),
        ("practica_intento_2", "practica", 2),
        ("final", "", 0),
        ("Borrador de práctica 2", "practica 2", 0),
        ("practica_backup3", "practica", 3),
        ("Antigua", "", 0),
        ("Untitled1", "", 1),
        ("alumno_01", "alumno_01", 0),
        ("practica2", "practica2", 0),
        ("fotocopia", "fotocopia", 0),
        ("Nova", "nova", 0),
    ],
)
def test_attempts(stem: str, core: str, number: int) -> None:
    for written in (stem, unicodedata.normalize("NFD", stem)):
        found = attempt(written)
        assert (found.core, found.number) == (core, number)


@pytest.mark.parametrize(
    ("folder", "owner"),
    [
        ("Alumno Uno_10001_assignsubmission_file", ("Alumno Uno", "10001")),
        ("Alumna Ñúñez_10002_assignsubmission_onlinetext_", ("Alumna Ñúñez", "10002")),
        ("Participante_10003_assignsubmission_file_", ("Participante", "10003")),
        ("luz_10003", None),
        ("Default group_assignsubmission_file", None),
        ("70001-5501 - Alumno Uno - Feb 1, 2026 1030 AM", ("Alumno Uno", "70001")),
        ("70002-5501 - Alumna Dos - Tres - sept. 12, 2026 905 PM", ("Alumna Dos - Tres", "70002")),
        ("2026-02 - Semana - Practica 1, 2026", None),
    ],
)
def test_owners_of_folders(folder: str, owner: tuple[str, str] | None) -> None:
    for written in (folder, unicodedata.normalize("NFD", folder)):
        found = owner_of_folder(written)
        assert (None if found is None else (found.name, found.id)) == owner


@pytest.mark.parametrize(
    ("file", "owner"),
    [
        ("Alumno Uno_10001_assignsubmission_file_mi_practica.ipynb", ("Alumno Uno", "10001")),
        ("alumnouno_48211_901_practica.ipynb", ("alumnouno", "48211")),
        ("núñezalumna_LATE_48212_902_practica-1.ipynb", ("núñezalumna", "48212")),
        ("alumnotres_48213_text.html", ("alumnotres", "48213")),
        ("LATE_anon_a1B2c_903_practica.ipynb", ("anon_a1B2c", "a1B2c")),
        (f"alu_002_{'0a' * 20}.ipynb", ("alu_002", "0a" * 20)),
        ("Practica_alu001_attempt_2026-02-01-10-00-00_practica.ipynb", ("alu001", "alu001")),
        ("Práctica_de_redes_alu002_intento_2026-02-01-11-00-00.txt", ("alu002", "alu002")),
        ("P_alu003_attempt_2026-02-01-10-00-00_P_alu001_attempt_2027-01-01-00-00-00_x.ipynb", ("alu003", "alu003")),
        ("Practica_alu001_2026-02-01-10-00-00_practica.ipynb", None),
        ("70001-5501 - Alumno Uno - Feb 1, 2026 1030 AM - practica.ipynb", ("Alumno Uno", "70001")),
        (
            "70003-5501 - Ñu - Feb 1, 2026 1030 AM - 70001-5501 - Alumno Uno - Feb 2, 2026 1030 AM - x.ipynb",
            ("Ñu", "70003"),
        ),
        ("practica_3_1_ana.ipynb", None),
        ("ana_2024_11_entrega.ipynb", None),
        ("practica final.ipynb", None),
    ],
)
def test_owners_of_files(file: str, owner: tuple[str, str] | None) -> None:
    found = owners_of_files([file]).get(file)
    assert (None if found is None else (found.name, found.id)) == owner


def test_names_before_a_date_are_people_and_no_platforms_word() -> None:
    files = [f"p_grupo1_{who}_2026-02-01-10-00-00_v1.ipynb" for who in ("ana", "luis")]
    assert not owners_of_files(files)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("p", Turn(False, (0, 0), 0)),
        ("intento 2/src/p (3)", Turn(False, (2, 3), 0)),
        ("v1/p_final", Turn(False, (1, 0), 1)),
        ("p_final_corregida", Turn(False, (0, 0), 3)),
        ("versiones anteriores/p_final", Turn(True, (0, 0), 1)),
        ("old_p", Turn(True, (0, 0), 0)),
        ("P_alu001_attempt_2026-02-03-09-30-00_p (2)", Turn(False, (0, 2), 0, (2026, 2, 3, 9, 30, 0))),
        ("7-5 - Ana - Feb 1, 2026 1230 AM/p_final", Turn(False, (0, 0), 1, (2026, 2, 1, 0, 30))),
        ("7-5 - Ana - ene. 31, 2026 905 PM/p", Turn(False, (0, 0), 0, (2026, 1, 31, 21, 5))),
        ("7-5 - Ana - Dic 2, 2026 2105/p", Turn(False, (0, 0), 0, (2026, 12, 2, 21, 5))),
        ("7-5 - Ana - Xyz 2, 2026 2105/p", Turn(False, (0, 0), 0)),
    ],
)
def test_when_something_was_written(path: str, said: Turn) -> None:
    assert turn(path.split("/")) == said


@pytest.mark.parametrize(
    ("files", "students"),
    [
        pytest.param(
            ["roe_21_901_w.ipynb", "roe_22_902_w.ipynb", "roe_22_903_w-1.ipynb"], {"21", "22"}, id="namesakes"
        ),
        pytest.param(["p_1_11_ana.ipynb", "p_1_12_leo.ipynb", "p_2_13_eva.ipynb"], set(), id="groups"),
        pytest.param(["p_1_11_ana.ipynb", "p_2_13_eva.ipynb", "p_3_14_sol.ipynb"], set(), id="numbers"),
    ],
)
def test_a_small_export_of_canvas(files: list[str], students: set[str]) -> None:
    assert {owner.id for owner in owners_of_files(files).values()} == students
