"""The assignment as it was given, beside what a student made of it."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from grader.collection.listing import Entry
from grader.collection.templates import spare_templates


@pytest.mark.parametrize(
    ("given", "works", "spare"),
    [
        pytest.param(["Ana/Plantilla (1).ipynb"], ["Ana/x.ipynb"], True, id="beside work"),
        pytest.param(["Ana/hoja.ipynb"], ["Ana/x.ipynb"], True, id="named as the assignment's file"),
        pytest.param(["Ana/x.ipynb"], ["Ana/x_ana.ipynb"], True, id="a shorter name"),
        pytest.param(["enunciado practica 3.ipynb"], ["Ana/x.ipynb", "Leo/x.ipynb"], True, id="above a class"),
        pytest.param(["G/template.ipynb"], ["G/ana.ipynb", "G/leo.ipynb"], True, id="in a group's folder"),
        pytest.param(["Leo/enunciado.ipynb"], ["Ana/x.ipynb"], False, id="alone in its folder"),
        pytest.param(["Leo/hoja.ipynb", "Leo/enunciado.ipynb"], ["Ana/x.ipynb"], False, id="twice and nothing else"),
        pytest.param(["G/leo.ipynb"], ["G/ana.ipynb"], False, id="a person's name"),
        pytest.param(["G/enunciado_leo.ipynb"], ["G/enunciado_ana.ipynb"], False, id="a person's name behind it"),
        pytest.param(["G/x.ipynb"], ["G/x_ana.ipynb", "G/x_eva.ipynb"], False, id="shorter than several people's"),
        pytest.param(["U_1_assignsubmission_file_hoja.ipynb"], ["V_2_assignsubmission_file_x.ipynb"], False,
                     id="on a platform without folders"),
        pytest.param(["U_1_assignsubmission_file/hoja.ipynb"], ["V_2_assignsubmission_file/x.ipynb"], False,
                     id="alone on a platform"),
    ],
)  # fmt: skip
def test_what_is_left_out(given: list[str], works: list[str], spare: bool) -> None:
    entries = [Entry(PurePosixPath(path)) for path in (*given, *works)]
    found = spare_templates(entries, ["hoja"], lambda path: str(path) in given)

    assert {str(path) for path in found} == ({*given} if spare else set())


def test_work_is_never_left_out_for_its_name() -> None:
    entries = [Entry(PurePosixPath(path)) for path in ("Ana/enunciado.ipynb", "Ana/x.ipynb")]

    assert spare_templates(entries, [], lambda path: False) == frozenset()
