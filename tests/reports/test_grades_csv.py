"""grades.csv: the contract with spreadsheets and scripts."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from report_samples import RUBRIC, failed, faulty, partial, perfect

from grader.records import Outcome, QuestionScore, Result, Score
from grader.reports.grades_csv import STYLES, write_grades_csv
from grader.settings import CsvStyle


def table(path: Path, *results: Result) -> list[dict[str, str]]:
    write_grades_csv(results, RUBRIC, path / "grades.csv")
    with (path / "grades.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_columns(tmp_path: Path) -> None:
    write_grades_csv([], RUBRIC, tmp_path / "grades.csv")
    header = (
        "submission,status,score,max_score,provisional,1,2,3.1,3.2,4.1,4.2,4.3,5.1,5.2,6,7.1,7.2,8.1,8.2,8.3,9,name\r\n"
    )
    assert (tmp_path / "grades.csv").read_bytes() == header.encode()


def test_one_line_a_submission_in_the_order_given(tmp_path: Path) -> None:
    found = table(tmp_path, faulty("b"), perfect("a"), partial("c"), failed("d"))
    assert [row["submission"] for row in found] == ["b", "a", "c", "d"]
    assert [row["status"] for row in found] == ["graded", "graded", "partial", "failed"]
    assert [row["provisional"] for row in found] == ["true", "false", "false", "false"]
    assert [row["score"] for row in found] == ["7.7", "10", "4", "0"]
    assert [row["9"] for row in found] == ["0.8", "2", "0", ""]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        pytest.param(0.1 + 0.2, "0.3", id="float-noise"),
        pytest.param(8.0, "8", id="whole"),
        pytest.param(3.25, "3.25", id="quarter"),
        pytest.param(-0.0, "0", id="minus-zero"),
        pytest.param(-1e-17, "0", id="noise-below-zero"),
        pytest.param(1e-17, "0", id="noise-above-zero"),
        pytest.param(100.0, "100", id="zeros-at-the-end"),
        pytest.param(math.nan, "", id="no-number"),
    ],
)
def test_numbers(value: float, wanted: str, tmp_path: Path) -> None:
    score = Score(value, 10.0, False, (QuestionScore("1", value, 3.5, ()),))
    row = table(tmp_path, replace(perfect(), score=score))[0]
    assert (row["score"], row["1"]) == (wanted, wanted)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        pytest.param("=1+1", "'=1+1", id="equals"),
        pytest.param("+1", "'+1", id="plus"),
        pytest.param("-1", "'-1", id="minus"),
        pytest.param("@SUM(A1)", "'@SUM(A1)", id="at"),
        pytest.param("\t=1", "'\t=1", id="tab"),
        pytest.param("\r=1", "'\r=1", id="carriage-return"),
        pytest.param(" =1", "' =1", id="blank-before"),
        pytest.param("＝1", "'＝1", id="full-width"),
        pytest.param("a=1", "a=1", id="inside-is-harmless"),
        pytest.param('a,"b"\nc', 'a,"b"\nc', id="commas-quotes-newlines"),
        pytest.param("josé ñ", "josé ñ", id="accents"),
        pytest.param("a\x00b", "ab", id="nul"),
        pytest.param("a\ud800", "a?", id="no-unicode"),
    ],
)
def test_names_are_text_and_never_formulas(name: str, wanted: str, tmp_path: Path) -> None:
    assert table(tmp_path, perfect(name))[0]["submission"] == wanted


def test_a_failed_writing_leaves_the_old_table(tmp_path: Path) -> None:
    table(tmp_path, perfect("a"))
    with pytest.raises(AttributeError):
        write_grades_csv([replace(perfect(), score=None)], RUBRIC, tmp_path / "grades.csv")  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["grades.csv"]
    assert "a,graded" in (tmp_path / "grades.csv").read_text(encoding="utf-8")


def test_a_spanish_spreadsheet_gets_its_separators_and_a_mark_of_the_encoding(tmp_path: Path) -> None:
    write_grades_csv([faulty("=ñ;1,5"), failed("d")], RUBRIC, tmp_path / "grades.csv", "excel-es")
    content = (tmp_path / "grades.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfsubmission;status;")
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines(), delimiter=";"))
    assert [row["score"] for row in rows] == ["7,7", "0"]
    assert rows[0]["submission"] == "'=ñ;1,5"
    assert rows[0]["Pregunta 2"] == "0,5"
    assert [(row["status"], row["provisional"]) for row in rows] == [("corregida", "sí"), ("no se pudo corregir", "no")]


def test_a_spanish_spreadsheet_has_a_word_for_every_status() -> None:
    assert set(STYLES["excel-es"].words) == {*Outcome, "true", "false"}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        pytest.param("0012", '="0012"', id="zeros in front"),
        pytest.param("3.1", '="3.1"', id="a date with a point"),
        pytest.param("3-1", '="3-1"', id="a date with a hyphen"),
        pytest.param("12:30", '="12:30"', id="a time"),
        pytest.param("2e5", '="2e5"', id="a power of ten"),
        pytest.param("mar1", '="mar1"', id="a month"),
        pytest.param("1-ene", '="1-ene"', id="a day of a month"),
        pytest.param("-1", '="-1"', id="a number that is no formula so"),
        pytest.param('=1+"2"', '\'=1+"2"', id="a formula"),
        pytest.param('1"&A1&"', '1"&A1&"', id="quotes are not let into what looks like a formula"),
        pytest.param("María 2", "María 2", id="a name"),
        pytest.param("alumno_01", "alumno_01", id="an id"),
    ],
)
def test_a_spanish_spreadsheet_guesses_no_value_from_a_name(name: str, wanted: str, tmp_path: Path) -> None:
    for style, cell in (("excel-es", wanted), ("plain", None)):
        write_grades_csv([perfect(name)], RUBRIC, tmp_path / "grades.csv", style)
        with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
            row = next(csv.DictReader(file, delimiter=STYLES[style].separator))
        assert cell is None or row["submission"] == row["name"] == cell
        assert style != "plain" or '="' not in row["submission"]


def test_no_head_for_a_spanish_spreadsheet_is_a_date_or_a_number(tmp_path: Path) -> None:
    write_grades_csv([], RUBRIC, tmp_path / "grades.csv", "excel-es")
    heads = (tmp_path / "grades.csv").read_text(encoding="utf-8-sig").strip().split(";")
    assert heads[5:9] == ["Pregunta 1", "Pregunta 2", "Pregunta 3.1", "Pregunta 3.2"]
    assert not [head for head in heads if head.strip()[0].isdigit()]


def test_every_style_that_can_be_asked_for_is_known() -> None:
    assert set(STYLES) == set(get_args(CsvStyle))
