"""What the terminal says of results."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from course import RUBRIC
from report_samples import partial, perfect, score_of
from rich.console import Console

from grader.execution.protection import gaps
from grader.pipeline import ClassReport, Plan
from grader.records import Result, Status, say
from grader.reports.translation import Translator
from grader.rubric.loading import load_rubric
from grader.terminal import (
    ClassProgress,
    ending_lines,
    gaps_line,
    marks_table,
    print_rubric,
    remarks,
    reported_lines,
    time_left,
)


def on_the_screen(translator: Translator, *shown: object) -> str:
    """What a class's progress shows of these events, then what is printed."""
    screen = io.StringIO()
    console = Console(file=screen, width=200)
    for item in shown:
        if isinstance(item, Plan | Result):
            ClassProgress(console, translator)(item)
        else:
            console.print(item)
    return screen.getvalue()


@pytest.mark.parametrize(
    ("to_grade", "unchanged", "wanted"),
    [
        pytest.param(1, 0, ("1 submission to grade.", "1 entrega por corregir."), id="one"),
        pytest.param(0, 0, ("0 submissions to grade.", "0 entregas por corregir."), id="none"),
        pytest.param(
            2,
            1,
            ("2 submissions to grade; 1 unchanged since it was graded.", "2 entregas por corregir; 1 sin cambios"),
            id="one-is-kept",
        ),
        pytest.param(
            1,
            2,
            ("1 submission to grade; 2 unchanged since they were", "1 entrega por corregir; 2 sin cambios"),
            id="two-are-kept",
        ),
    ],
)
def test_the_plan_is_told_in_the_readers_language(to_grade: int, unchanged: int, wanted: tuple[str, str]) -> None:
    plan = Plan(to_grade, unchanged, Path("out/index.html"), lambda: None)
    for language, said in zip(("en", "es"), wanted, strict=True):
        assert said in on_the_screen(Translator(language), plan)


SPANISH = Translator("es")
ENGLISH_WORDS = re.compile(
    r"\b(?:submissions?|graded?|grading|class page|first result|left|marks?|status|remarks|provisional mark|missing|"
    r"interrupted|command|where|questions?|criteri(?:on|a)|points?|valid|shown|protection|memory of|look closer)\b",
    re.I,
)


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(Plan(2, 3, Path("out/index.html"), lambda: 600.0), id="plan"),
        pytest.param(partial(), id="result"),
        pytest.param(marks_table([perfect(), partial()], SPANISH), id="table"),
        pytest.param(
            "\n".join(ending_lines(ClassReport((), (), ("Ñandú", "Íñigo"), True), False, Path("o"), SPANISH)),
            id="interrupted",
        ),
        pytest.param(
            "\n".join(ending_lines(ClassReport((), (), ("Ñandú", "Íñigo"), False), True, Path("o"), SPANISH)), id="only"
        ),
        pytest.param("\n".join(reported_lines([perfect()], ("Ñandú",), Path("o"), SPANISH)), id="report"),
        pytest.param("".join(time_left(seconds, SPANISH) for seconds in (30, 300, 9000)), id="time"),
        pytest.param(gaps_line(gaps("none"), SPANISH).removesuffix("grader doctor"), id="protection"),
    ],
)
def test_a_spanish_reader_reads_spanish_only(shown: object) -> None:
    assert not ENGLISH_WORDS.findall(on_the_screen(SPANISH, shown).replace("--only", "").replace("grader grade", ""))


def test_who_is_not_graded_is_named() -> None:
    few, many = ("Ñandú", "Íñigo"), tuple(f"alumna {number}" for number in range(20))
    told = [ending_lines(ClassReport((), (), who, False), True, Path("o"), SPANISH)[0] for who in (few, many)]
    assert told[0].startswith("Sin corregir: 2 (Ñandú, Íñigo).")
    assert told[1].startswith("Sin corregir: 20 (alumna 0, ")
    assert "alumna 7, …)" in told[1]


@pytest.mark.parametrize(
    ("language", "wanted"),
    [("en", "1 question, 2 criteria, 1 point: valid."), ("es", "1 pregunta, 2 criterios, 1 punto: sin errores.")],
)
def test_the_extent_of_a_rubric_is_told_with_its_nouns(language: str, wanted: str, tmp_path: Path) -> None:
    file = tmp_path / "rubric.yaml"
    file.write_text(RUBRIC.replace("points: 2", "points: 1").replace("points: 1.5", "points: 0.5"), encoding="utf-8")
    screen = io.StringIO()
    print_rubric(Console(file=screen, width=200), load_rubric(file), Translator(language))
    assert screen.getvalue().splitlines()[-1] == wanted


def test_a_reason_and_a_doubt_are_in_the_readers_language() -> None:
    reason = say("The kernel ended while cell {cell} ran.", cell=7)
    doubt = say("Hardly anything of this assignment was found in this notebook. Is this the right file?")
    shown = remarks(replace(partial(), reason=reason, file_doubt=doubt), Translator("es"))
    assert shown.startswith("El kernel terminó mientras se ejecutaba la celda 7. En este cuaderno apenas")
    assert remarks(perfect(), Translator("es")) == ""


def test_a_reason_that_ends_in_no_full_stop_does_not_run_into_what_follows() -> None:
    finding = replace(perfect().score.questions[0].findings[0], status=Status.NEEDS_REVIEW)
    waiting = replace(perfect(), score=score_of([finding]), reason=say("No JSON, but “{found}”", found="broken"))
    assert remarks(waiting, SPANISH).endswith("broken”. 1 por decidir")


def test_what_waits_is_explained_at_the_end_with_the_command_that_shows_it() -> None:
    finding = replace(perfect().score.questions[0].findings[0], status=Status.NEEDS_REVIEW)
    waiting = replace(perfect(), score=score_of([finding]))
    lines = ending_lines(ClassReport((waiting, perfect()), (), (), False), False, Path("o"), SPANISH, "grader review o")
    assert (
        lines[0]
        == "Con «?», la nota es provisional hasta que decida una persona: lo es 1. Para decidir: grader review o"
    )
    assert len(ending_lines(ClassReport((perfect(),), (), (), False), False, Path("o"), SPANISH)) == 1
