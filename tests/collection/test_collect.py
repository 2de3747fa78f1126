"""A folder of submissions, however it is laid out: nobody is dropped, nobody is two, and what is left out is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from folders import by_file, by_path, collected, make, notebook, students
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.records import Reason

MOODLE = "_assignsubmission_file"


def cls(tmp_path: Path, *paths: str) -> Path:
    return make(tmp_path / "class", *paths)


# --- one student, or a class ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "graded"),
    [
        pytest.param(["ana.ipynb", "leo.ipynb"], {"ana.ipynb": "ana", "leo.ipynb": "leo"}, id="flat"),
        pytest.param(
            ["Alumna Ñúñez — a medias.ipynb"],
            {"Alumna Ñúñez — a medias.ipynb": "Alumna Ñúñez — a medias"},
            id="name as written",
        ),
        pytest.param(
            [f"Grupo_A/{name}.ipynb" for name in ("eva", "leo", "sol")],
            {f"Grupo_A/{name}.ipynb": f"Grupo_A/{name}" for name in ("eva", "leo", "sol")},
            id="class folder",
        ),
        pytest.param(
            [f"Grupo/alumno_{number:02}.ipynb" for number in range(4)],
            {f"Grupo/alumno_{number:02}.ipynb": f"Grupo/alumno_{number:02}" for number in range(4)},
            id="numbered students",
        ),
        pytest.param(
            [f"Grupo/practica ({number}).ipynb" for number in range(1, 13)],
            {f"Grupo/practica ({number}).ipynb": f"Grupo/practica ({number})" for number in range(1, 13)},
            id="more of one name than one student has",
        ),
        pytest.param(
            ["luz/practica.ipynb", "luz/practica (1).ipynb"], {"luz/practica (1).ipynb": "luz"}, id="browser's copies"
        ),
        pytest.param(["luz/p-copia.ipynb", "luz/p v2.ipynb"], {"luz/p v2.ipynb": "luz"}, id="versions"),
        pytest.param(["luz/intento 1.ipynb", "luz/intento2.ipynb"], {"luz/intento2.ipynb": "luz"}, id="attempts"),
        pytest.param(
            ["luz/intento 1/p.ipynb", "luz/intento 2/p (1).ipynb"], {"luz/intento 2/p (1).ipynb": "luz"}, id="folders"
        ),
        pytest.param(
            ["G/ana/p.ipynb", "G/leo/p.ipynb"],
            {"G/ana/p.ipynb": "G/ana", "G/leo/p.ipynb": "G/leo"},
            id="students' folders in a group's",
        ),
        pytest.param(["repo/notebooks/nb.ipynb"], {"repo/notebooks/nb.ipynb": "repo/notebooks/nb"}, id="deep"),
        pytest.param(
            ["repo-1/notebooks/nb.ipynb", "repo-2/notebooks/nb.ipynb"],
            {"repo-1/notebooks/nb.ipynb": "repo-1", "repo-2/notebooks/nb.ipynb": "repo-2"},
            id="repositories of one form",
        ),
        pytest.param(["r/.git/", "r/a.ipynb", "r/b/c.ipynb"], {"r/a.ipynb": "r"}, id="a clone of several notebooks"),
        pytest.param(
            ["c/.git/", "c/g1/ana/x.ipynb", "c/g1/leo/x.ipynb", "c/g1/eva/src/x (1).ipynb"],
            {"c/g1/ana/x.ipynb": "c/g1/ana", "c/g1/leo/x.ipynb": "c/g1/leo", "c/g1/eva/src/x (1).ipynb": "c/g1/eva"},
            id="a clone of a class",
        ),
        pytest.param(
            ["r/.git/", "r/tema 1/x.ipynb", "r/tema 2/x.ipynb", "r/borrador/x.ipynb"],
            {"r/tema 1/x.ipynb": "r"},
            id="a clone with parts",
        ),
        pytest.param(
            ["submitted/luis/ps1/ps1.ipynb", "submitted/rosa/ps1/ps1.ipynb"],
            {"submitted/luis/ps1/ps1.ipynb": "luis", "submitted/rosa/ps1/ps1.ipynb": "rosa"},
            id="nbgrader",
        ),
        pytest.param(
            ["luis/ps1/timestamp.txt", "luis/ps1/a.ipynb", "luis/ps1/b.ipynb"],
            {"luis/ps1/a.ipynb": "luis"},
            id="nbgrader, from inside",
        ),
        pytest.param(
            [f"Alumno Uno_101{MOODLE}/p.ipynb", f"Alumno Uno_102{MOODLE}/p.ipynb"],
            {f"Alumno Uno_101{MOODLE}/p.ipynb": "Alumno Uno", f"Alumno Uno_102{MOODLE}/p.ipynb": "Alumno Uno"},
            id="Moodle, namesakes",
        ),
        pytest.param(
            [f"Uno_101{MOODLE}_a.ipynb", f"Uno_101{MOODLE}_a (1).ipynb", f"Dos_102{MOODLE}_mi_p.ipynb"],
            {f"Uno_101{MOODLE}_a (1).ipynb": "Uno", f"Dos_102{MOODLE}_mi_p.ipynb": "Dos"},
            id="Moodle without folders",
        ),
        pytest.param(
            [f"Default group{MOODLE}/ana.ipynb", f"Default group{MOODLE}/leo.ipynb"],
            {f"Default group{MOODLE}/{name}.ipynb": f"Default group{MOODLE}/{name}" for name in ("ana", "leo")},
            id="Moodle, those without a team",
        ),
        pytest.param(
            ["uno_48211_901_p.ipynb", "dos_LATE_48212_902_p-1.ipynb", "LATE_anon_a1B2c_903_p.ipynb"],
            {
                "uno_48211_901_p.ipynb": "uno",
                "dos_LATE_48212_902_p-1.ipynb": "dos",
                "LATE_anon_a1B2c_903_p.ipynb": "anon_a1B2c",
            },
            id="Canvas",
        ),
        pytest.param(
            ["practica_31_10_ana.ipynb", "practica_31_11_leo.ipynb", "practica_31_12_eva.ipynb"],
            {
                f"practica_31_1{n}_{name}.ipynb": f"practica_31_1{n}_{name}"
                for n, name in enumerate(("ana", "leo", "eva"))
            },
            id="not Canvas, a group's number",
        ),
        pytest.param(
            ["tarea_2024_11_ana.ipynb", "tarea_2024_12_leo.ipynb"],
            {"tarea_2024_11_ana.ipynb": "tarea_2024_11_ana", "tarea_2024_12_leo.ipynb": "tarea_2024_12_leo"},
            id="not Canvas, a date",
        ),
        pytest.param(
            [f"G/Uno_101{MOODLE}/p.ipynb", f"G/Dos_102{MOODLE}/p.ipynb"],
            {f"G/Uno_101{MOODLE}/p.ipynb": "Uno", f"G/Dos_102{MOODLE}/p.ipynb": "Dos"},
            id="a platform's folders in a group's",
        ),
    ],
)
def test_whose_each_notebook_is(paths: list[str], graded: dict[str, str], tmp_path: Path) -> None:
    found = collected(cls(tmp_path, *paths))

    assert {file: name for file, (name, _) in students(found).items()} == graded


def test_namesakes_are_told_apart_by_the_platforms_id(tmp_path: Path) -> None:
    found = collected(cls(tmp_path, f"Alumno Uno_101{MOODLE}/p.ipynb", f"Alumno Uno_102{MOODLE}/p.ipynb"))

    assert [one.called for one in found.submissions] == ["Alumno Uno (101)", "Alumno Uno (102)"]
    assert [one.submission for one in found.submissions] == ["Alumno_Uno_101", "Alumno_Uno_102"]


def test_names_that_look_the_same_are_told_apart(tmp_path: Path) -> None:
    names = ["Pe\u00f1a", "Pen\u0303a"]
    folder = cls(tmp_path, *(f"{name}.ipynb" for name in names))
    (folder / f"{names[1]}.ipynb").write_bytes((folder / f"{names[0]}.ipynb").read_bytes())
    found = collected(folder).submissions

    assert len({one.called for one in found}) == len({one.same_file for one in found}) == 2
    assert {one.same_file[0] for one in found} == {one.called for one in found}


def test_names_are_readable(tmp_path: Path) -> None:
    raw = os.fsdecode("Inés".encode("latin-1"))
    folder = cls(tmp_path, f"{raw}.ipynb", f"_103{MOODLE}/p.ipynb", "a\u202eb.ipynb", "c\u2066d.zip")
    found = collected(folder)

    assert {one.name for one in found.submissions} == {"Inés", "103", "ab"}
    assert all((folder / one.file).is_file() for one in found.submissions)
    assert [entry.path for entry in found.left_out] == ["cd.zip"]


def test_a_students_other_notebooks_are_named_with_the_reason(tmp_path: Path) -> None:
    found = collected(cls(tmp_path, "luz/p.ipynb", "luz/p (1).ipynb"))

    assert by_file(found)["luz/p (1).ipynb"].others == ("luz/p.ipynb",)
    other = by_path(found)["luz/p.ipynb"]
    assert (other.reason, other.name, other.submission) == (Reason.OTHER_NOTEBOOK, "luz", "luz_p")
    assert str(other.why) == "By the names, it is an earlier attempt; “luz/p (1).ipynb” of the same student was graded."


ANSWERS = [f"answer{number} = {number}" for number in range(8)]


def wrote(person: str, *, of: int = 8) -> str:
    """A notebook of which all prose and half of the code are one person's own."""
    opinions = [f"{letter * 9} de {person * 5} con {letter * 7}" for letter in "abcdefgh"]
    own = [f"{person}{number} = {number}  # {opinions[number]}" for number in range(of)]
    return notebook(*own[: of // 2], *ANSWERS[: of - of // 2])


@pytest.mark.parametrize(
    ("texts", "rows"),
    [
        pytest.param({"G/w (1).ipynb": "ana", "G/w (2).ipynb": "leo"}, 2, id="downloads of two people"),
        pytest.param({"G/w.ipynb": "ana", "G/w-copia.ipynb": "ana"}, 1, id="a copy"),
        pytest.param({"G/w.ipynb": "ana", "G/w (1).ipynb": "leo", "G/w (2).ipynb": "ana"}, 3, id="one of them twice"),
        pytest.param({"G/v1/w.ipynb": "ana", "G/v2/w.ipynb": "leo"}, 2, id="in folders of attempts"),
        pytest.param({"G/.git/x": "", "G/ana.ipynb": "ana", "G/leo.ipynb": "leo"}, 2, id="a clone of two people"),
        pytest.param({"G/.git/x": "", "G/a.ipynb": "ana", "G/b.ipynb": "ana"}, 1, id="a clone of one"),
        pytest.param({f"U_10{MOODLE}/w.ipynb": "ana", f"U_10{MOODLE}/w (1).ipynb": "leo"}, 1, id="a platform says so"),
    ],
)
def test_contents_tell_two_people_from_two_attempts(texts: dict[str, str], rows: int, tmp_path: Path) -> None:
    folder = cls(tmp_path, *texts)
    for path, person in texts.items():
        (folder / path).write_text(wrote(person), encoding="utf-8")
    found = by_file(collected(folder))

    assert len(found) == rows
    assert all(one.perhaps_same for one in found.values()) == (rows > 1)


def test_another_assignments_notebook_is_not_taken_for_the_latest(tmp_path: Path) -> None:
    folder = tmp_path / "class"
    for name, text in {
        "p.ipynb": notebook("x = 1", "y = 2"),
        "p (1).ipynb": notebook("z = 1", "w = 2", heading="# Otra cosa"),
        "p (2).ipynb": notebook(),
        "p (3).ipynb": "{",
    }.items():
        (folder / "luz").mkdir(parents=True, exist_ok=True)
        (folder / "luz" / name).write_text(text, encoding="utf-8")

    assert students(collected(folder)) == {
        "luz/p.ipynb": ("luz", {"luz/p (1).ipynb", "luz/p (2).ipynb", "luz/p (3).ipynb"})
    }


def test_copies_under_longer_names_are_known_by_what_is_in_them(tmp_path: Path) -> None:
    folder = cls(tmp_path, "luz/practica.ipynb", "leo/practica.ipynb", "leo/practica leo.ipynb")
    cells = ["a = 1", "b = 2", "c = 3"]
    (folder / "luz" / "practica.ipynb").write_text(notebook(*cells), encoding="utf-8")
    (folder / "luz" / "practica luz.ipynb").write_text(notebook(*cells, "d = 4"), encoding="utf-8")
    found = students(collected(folder))

    assert sum("luz/" in file for file in found) == 1
    assert sum("leo/" in file for file in found) == 2


def test_the_same_file_of_two_students_is_told_and_both_are_graded(tmp_path: Path) -> None:
    folder = cls(tmp_path, "ana.ipynb", "G/leo.ipynb", "G/sol.ipynb", "empty1.ipynb", "empty2.ipynb")
    (folder / "G" / "leo.ipynb").write_bytes((folder / "ana.ipynb").read_bytes())
    for name in ("empty1", "empty2"):
        (folder / f"{name}.ipynb").write_bytes(b"")
    found = by_file(collected(folder))

    same = {file: one.same_file for file, one in found.items() if one.same_file}
    assert same == {"ana.ipynb": ("G/leo",), "G/leo.ipynb": ("ana",)}


def test_copies_beside_others_are_rows_that_may_be_one_student(tmp_path: Path) -> None:
    found = by_file(collected(cls(tmp_path, "ana.ipynb", "ana (1).ipynb", "leo.ipynb")))

    assert {file: one.perhaps_same for file, one in found.items()} == {
        "ana.ipynb": ("ana (1)",),
        "ana (1).ipynb": ("ana",),
        "leo.ipynb": (),
    }


# --- any folder -------------------------------------------------------------------------------------------------------

FOLDERS = ["luz", "Grupo_A", "notebooks", "intento 1", f"Uno_101{MOODLE}", "submitted", "__MACOSX", ".git", "ps1"]
FILES = [
    "ana.ipynb", "ana (1).ipynb", "Copia de ana.ipynb", "final.ipynb", "practica.ipynb", "entrega.zip", "x.py",
    "timestamp.txt", "uno_48211_901_p.ipynb", "uno_48211_902_p-1.ipynb", "dos_48212_903_p.pdf",
    f"Dos_102{MOODLE}_p.ipynb", ".DS_Store", "onlinetext.html",
]  # fmt: skip
PATHS = st.builds(
    lambda folders, file: "/".join([*folders, file]),
    st.lists(st.sampled_from(FOLDERS), max_size=3),
    st.sampled_from([*FILES, ""]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=st.lists(PATHS, min_size=1, max_size=14, unique=True))
def test_every_file_is_graded_or_left_out_and_none_is_both(
    paths: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = make(tmp_path_factory.mktemp("any") / "class", "first.ipynb", *(path for path in paths if path))
    found = collected(folder)
    graded = [one.file for one in found.submissions]
    left = [entry.path for entry in found.left_out] + [path for one in found.submissions for path in one.beside]

    assert len({*graded, *left}) == len(graded) + len(left)
    for path in folder.rglob("*"):
        own = str(path.relative_to(folder))
        below = [place for place in (*graded, *left) if place == own or place.startswith(f"{own}/")]
        above = [place for place in left if own.startswith(f"{place}/")]
        assert below or above, own
    assert found == collected(folder)
    named = {other for one in found.submissions for other in one.others}
    assert named == {entry.path for entry in found.left_out if entry.reason is Reason.OTHER_NOTEBOOK}
