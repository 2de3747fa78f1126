"""Which files come along with a notebook: those beside it, in a folder that is one student's."""

from __future__ import annotations

from pathlib import Path

import pytest
from course import RUBRIC
from folders import by_file, by_path, collected, make, notebook

from grader.collection import collect, read_beside
from grader.records import Reason
from grader.rubric.loading import load_rubric
from grader.submission import Assignment

CODE = ("import mis_redes as mr", "pd.read_csv('datos.csv')", "Image.open('fotos/a.png')")


def class_of(tmp_path: Path, *paths: str, code: tuple[str, ...] = CODE) -> Path:
    """Files of little content, and notebooks whose code names some of them."""
    folder = make(tmp_path / "class", *paths)
    for path in folder.rglob("*.ipynb"):
        path.write_text(notebook(*code, f"print({str(path)!r})"), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("paths", "beside"),
    [
        pytest.param(["ana/p.ipynb", "ana/mis_redes.py", "leo/p.ipynb"], ["ana/mis_redes.py"], id="a-folder-of-their-own"),
        pytest.param(["p.ipynb", "mis_redes.py"], ["mis_redes.py"], id="a-class-of-one"),
        pytest.param(["ana/p.ipynb", "ana/p (1).ipynb", "ana/foto.png"], ["ana/foto.png"], id="attempts-of-one-student"),
        pytest.param(["ana/p.ipynb", "ana/fotos/a.png", "leo.ipynb"], ["ana/fotos/a.png"], id="a-folder-below"),
        pytest.param(["Ana_1_assignsubmission_file/p.ipynb", "Ana_1_assignsubmission_file/mis_redes.py", "x.ipynb"],
                     ["Ana_1_assignsubmission_file/mis_redes.py"], id="a-platform's"),
        pytest.param(["ana.ipynb", "leo.ipynb", "mis_redes.py", "datos.csv"], [], id="a-flat-class"),
        pytest.param(["G/ana.ipynb", "G/leo.ipynb", "G/mis_redes.py"], [], id="a-flat-class-in-a-folder"),
        pytest.param(["ana.ipynb", "mis_redes.py", "leo/p.ipynb"], [], id="another-student-below"),
        pytest.param(["ana/p.ipynb", "ana/Luz_2_assignsubmission_file/p.ipynb", "ana/mis_redes.py"], [], id="and-a-platform's"),
        pytest.param(["p.ipynb", "solution.py", "pesos.h5", "entrega.zip"], [], id="what-nobody-names-in-a-class's-folder"),
        pytest.param(["ana/p.ipynb", "ana/entrega.zip", "ana/informe.pdf", "ana/otra.py", "ana/x.ipynb.txt"], [],
                     id="what-may-be-another-work"),
        pytest.param(["ana/p.ipynb", "ana/.secreto", "ana/__pycache__/mis_redes.pyc"], [], id="hidden-or-made-by-programs"),
    ],
)  # fmt: skip
def test_whose_files_come_along(paths: list[str], beside: list[str], tmp_path: Path) -> None:
    found = collected(class_of(tmp_path, *paths))
    assert [path for one in found.submissions for path in one.beside] == beside
    assert {one.file for one in found.submissions if one.beside_sha256} == {
        one.file for one in found.submissions if one.beside
    }
    assert not set(beside) & {entry.path for entry in found.left_out}


def test_a_module_of_a_module_comes_along(tmp_path: Path) -> None:
    folder = class_of(tmp_path, "p.ipynb", "mis_redes.py", "capas.py", "otra.py")
    (folder / "mis_redes.py").write_text("from capas import densa")
    assert by_file(collected(folder))["p.ipynb"].beside == ("mis_redes.py", "capas.py")


def test_a_module_named_as_an_installed_one_is_left_out_and_told(tmp_path: Path) -> None:
    """It would be what the recorder measures with."""
    folder = class_of(tmp_path, "ana/p.ipynb", "ana/numpy.py", "ana/keras/__init__.py", code=("import numpy, keras",))
    found = collected(folder)
    assert by_file(found)["ana/p.ipynb"].beside == ()
    assert {by_path(found)[path].reason for path in ("ana/numpy.py", "ana/keras/__init__.py")} == {Reason.NOT_BESIDE}


def test_links_do_not_come_along(tmp_path: Path) -> None:
    folder = class_of(tmp_path, "ana/p.ipynb", "ana/mis_redes.py", "secreto.txt")
    (folder / "ana" / "datos.csv").symlink_to(folder / "secreto.txt")
    (folder / "ana" / "fotos").symlink_to(folder)
    assert by_file(collected(folder))["ana/p.ipynb"].beside == ("ana/mis_redes.py",)


def test_the_courses_own_files_do_not_come_along(tmp_path: Path) -> None:
    folder = class_of(tmp_path, "p.ipynb", code=("open('rubric.yaml')",))
    (folder / "rubric.yaml").write_text(RUBRIC, encoding="utf-8")
    found = collect(folder, load_rubric(folder / "rubric.yaml"), Assignment())
    assert by_file(found)["p.ipynb"].beside == ()


def test_contents_are_read_from_the_notebooks_folder_on(tmp_path: Path) -> None:
    folder = class_of(tmp_path, "ana/p.ipynb", "ana/fotos/a.png")
    assert read_beside(folder, "ana/p.ipynb", ["ana/fotos/a.png", "ana/gone.csv"]) == {"fotos/a.png": b"x"}


def test_a_change_beside_the_notebook_is_a_change(tmp_path: Path) -> None:
    folder = class_of(tmp_path, "p.ipynb", "mis_redes.py")
    before = by_file(collected(folder))["p.ipynb"].beside_sha256
    (folder / "mis_redes.py").write_text("y")
    assert before not in ("", by_file(collected(folder))["p.ipynb"].beside_sha256)
