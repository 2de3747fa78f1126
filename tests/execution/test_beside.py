"""Files that lie beside a notebook: which come into its sandbox."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from grader.execution.beside import LARGEST_FILE, MOST_BYTES, MOST_FILES, digest, lay_beside, why_not, within_bounds


@pytest.mark.parametrize(
    "path",
    [
        "mis_redes.py",
        "datos/a.csv",
        "foto.png",
        "paquete/__init__.py",
        "paquete/random.py",
        "test/x.csv",
        "numpy.txt",
        "pesos.h5",
    ],
)
def test_modules_data_and_pictures_come_along(path: str) -> None:
    assert why_not(PurePosixPath(path)) is None


@pytest.mark.parametrize(
    "path",
    [
        "numpy.py", "Keras.PY", "json.py", "numpy/__init__.py", "tensorflow/python/x.py", "google/colab/drive.py",
        "_kernel_recorder/__init__.py", "_kernel_recorder.py", "random.cpython-311-x86_64-linux-gnu.so", "sitecustomize.py",
        "IPython.zip", ".env", "datos/.git/config", "otra.ipynb", "otra.ipynb.txt", "../x.py", "/etc/passwd", "~x.py",
    ],
)  # fmt: skip
def test_what_could_stand_for_a_module_of_ours_does_not(path: str) -> None:
    assert why_not(PurePosixPath(path)) is not None


def test_not_too_much_comes_along() -> None:
    sizes = [(PurePosixPath(f"{number}.bin"), 1) for number in range(MOST_FILES + 1)]
    assert len(within_bounds(sizes)) == MOST_FILES
    large = [
        (PurePosixPath("a"), LARGEST_FILE + 1),
        *((PurePosixPath(n), LARGEST_FILE) for n in "bcd"),
        (PurePosixPath("e"), 1),
    ]
    assert within_bounds(large) == [PurePosixPath(name) for name in "bce"]
    assert 2 * LARGEST_FILE < MOST_BYTES < 3 * LARGEST_FILE


def test_files_are_laid_where_they_stood(tmp_path: Path) -> None:
    lay_beside({"a.py": b"x", "datos/b.csv": b"y", "numpy.py": b"z", "../c": b""}, tmp_path)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "a.py",
        "datos/b.csv",
    ]
    assert not (tmp_path.parent / "c").exists()


def test_names_and_contents_decide_about_a_result() -> None:
    assert digest({}) == ""
    assert len({digest(files) for files in ({"a": b"1"}, {"a": b"2"}, {"b": b"1"}, {"a": b"1", "b": b""})}) == 4
