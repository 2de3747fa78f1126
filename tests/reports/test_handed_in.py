"""Names as they were written, and what was left out, on everything that people and programs read."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from report_pages import Element, parse
from report_samples import HOSTILE, RUBRIC, perfect

from grader.records import HandedIn, LeftOut, Reason, Result, say
from grader.reports.class_page import write_class_page
from grader.reports.grades_csv import write_grades_csv
from grader.reports.left_out_csv import write_left_out_csv
from grader.reports.result_json import write_result_json
from grader.reports.student import write_student_report
from grader.reports.translation import Translator
from grader.terminal import MOST_LEFT_OUT, handed_in_lines

NAME = "Alumna Ñúñez — a medias"
ZIP = LeftOut("Dos_102/entrega.zip", Reason.ARCHIVE, say("An archive: unpack it where it is, and grade again."), "Dos")
SYSTEM = LeftOut("__MACOSX", Reason.SYSTEM, say("A program made it, not a student."))
OTHER = LeftOut("luz/p.ipynb", Reason.OTHER_NOTEBOOK, say("No notebook."), "luz", "luz_p")


def named(name: str = NAME, submission: str = "nunez", **facts: object) -> Result:
    one = replace(HandedIn(submission, name, f"{submission}.ipynb"), **facts)  # type: ignore[arg-type]
    return replace(perfect(submission), handed_in=one)


def class_page(tmp_path: Path, *results: Result, left_out: tuple[LeftOut, ...] = ()) -> Element:
    write_class_page(results, RUBRIC, "es", tmp_path / "index.html", left_out=left_out)
    return parse((tmp_path / "index.html").read_text(encoding="utf-8"))


def first(element: Element, tag: str) -> Element:
    return next(iter(element.all(tag)))


def text(element: Element) -> str:
    return " ".join(element.text.split())


def test_the_class_page_shows_the_name_and_links_to_the_id(tmp_path: Path) -> None:
    row = list(class_page(tmp_path, named()).find("table").all("tr"))[1]

    assert text(first(row, "th")) == NAME
    assert first(row, "a").attributes["href"] == "nunez/report.html"


def test_rows_are_ordered_by_name_and_accents_do_not_matter(tmp_path: Path) -> None:
    page = class_page(tmp_path, named("Zoe", "a"), named("Álvaro", "b"), named("berta", "c"))

    assert [text(first(row, "th")) for row in list(page.find("table").all("tr"))[1:]] == ["Álvaro", "berta", "Zoe"]


def test_the_report_is_titled_by_name_and_tells_of_other_notebooks(tmp_path: Path) -> None:
    write_student_report(named(others=("nunez/old.ipynb",)), RUBRIC, "es", tmp_path / "report.html")
    page = parse((tmp_path / "report.html").read_text(encoding="utf-8"))

    assert text(first(page, "h1")) == NAME
    assert "se ha corregido «nunez.ipynb»; no se han corregido: nunez/old.ipynb" in text(page)


def test_a_notebook_with_another_ending_is_remarked(tmp_path: Path) -> None:
    told = "El archivo se llama «lola.ipynb.txt»; contiene un cuaderno y se ha corregido como tal."
    write_student_report(named(file="lola.ipynb.txt"), RUBRIC, "es", tmp_path / "report.html")

    assert told in text(parse((tmp_path / "report.html").read_text(encoding="utf-8")))
    assert told in text(class_page(tmp_path, named(file="lola.ipynb.txt")))
    assert told not in text(class_page(tmp_path, named()))


def test_json_has_the_name_beside_the_id(tmp_path: Path) -> None:
    write_result_json(named(platform_id="10001", others=("b.ipynb",)), RUBRIC, "es", tmp_path / "r.json")
    found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))

    assert {key: found[key] for key in ("submission", "name", "platform_id", "file", "other_files")} == {
        "submission": "nunez",
        "name": NAME,
        "platform_id": "10001",
        "file": "nunez.ipynb",
        "other_files": ["b.ipynb"],
    }


@pytest.mark.parametrize(
    ("name", "cell"), [(NAME, NAME), ("=1+1", "'=1+1"), ("@Ana", "'@Ana"), ("Uno, Alumno", "Uno, Alumno")]
)
def test_the_name_is_the_last_column_and_no_formula(name: str, cell: str, tmp_path: Path) -> None:
    write_grades_csv([named(name)], RUBRIC, tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(encoding="utf-8", newline="") as file:
        header, row = csv.reader(file)

    assert (header[0], header[-1]) == ("submission", "name")
    assert (row[0], row[-1]) == ("nunez", cell)


def test_what_is_left_out_is_listed_with_whose_nothing_is_graded_first(tmp_path: Path) -> None:
    section = class_page(tmp_path, named(), left_out=(OTHER, SYSTEM, ZIP)).find("left-out")
    items = [text(item) for item in section.all("li")]

    assert len(items) == 2
    assert items[0].startswith("Dos ✗ nada corregido Dos_102/entrega.zip Es un archivo comprimido")
    assert "nada corregido" not in items[1]
    assert "Hay 1 más creado por programas." in text(section)


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        pytest.param((OTHER, SYSTEM), "No hay nada pendiente: todas las notas son definitivas.", id="of a graded one"),
        pytest.param((ZIP,), "De 1 persona que entregó algo no se ha corregido nada.", id="all that somebody has"),
        pytest.param(
            (replace(ZIP, path="Dos_102", reason=Reason.EMPTY_FOLDER),),
            "No hay nada pendiente: todas las notas son definitivas.",
            id="an empty folder is nothing that was handed in",
        ),
        pytest.param(
            (ZIP, replace(ZIP, path="Dos_102/a.txt"), replace(ZIP, path="Tres_103/b.pdf", name="Tres")),
            "De 2 personas que entregaron algo no se ha corregido nada.",
            id="of two",
        ),
    ],
)
def test_who_has_nothing_graded_waits_for_a_person(left_out: tuple[LeftOut, ...], told: str, tmp_path: Path) -> None:
    section = text(class_page(tmp_path, named(), left_out=left_out).find("waiting"))
    assert told in section
    assert ("definitivas" in section) is ("definitivas" in told)


def test_left_out_csv_has_everything(tmp_path: Path) -> None:
    formula = replace(OTHER, path="=cmd()", name=HOSTILE)
    write_left_out_csv([OTHER, SYSTEM, ZIP, formula], "es", tmp_path / "left_out.csv")
    with (tmp_path / "left_out.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))

    assert [row["reason"] for row in found] == ["other_notebook", "system", "archive", "other_notebook"]
    assert found[2]["why"] == "Es un archivo comprimido: descomprímelo donde está y vuelve a corregir."
    assert found[3]["path"] == "'=cmd()"


def test_doubles_are_told_on_the_class_page_and_the_terminal_and_not_to_students(tmp_path: Path) -> None:
    result = named(same_file=("Otro",), perhaps_same=("Tercera",))
    flags = text(class_page(tmp_path, result).find("flags"))
    write_student_report(result, RUBRIC, "es", tmp_path / "report.html")
    report = (tmp_path / "report.html").read_text(encoding="utf-8")

    for said in ("byte a byte, que el de: Otro", "la misma persona que: Tercera"):
        assert said in flags
        assert said in " ".join(handed_in_lines([result], [], Translator("es")))
    assert "Otro" not in report
    assert "Tercera" not in report


def test_the_terminal_lists_some_and_counts_the_rest() -> None:
    many = [replace(ZIP, path=f"{number}.zip") for number in range(MOST_LEFT_OUT + 3)]
    lines = handed_in_lines([], [SYSTEM, *many], Translator("es"))

    assert lines[0] == f"Sin corregir, y por qué: {MOST_LEFT_OUT + 3}"
    assert len(lines) == MOST_LEFT_OUT + 3
    assert lines[-2:] == ["  y 3 más, en left_out.csv", "Hay 1 más creado por programas."]
