"""The page that a student reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_pages import Element, parse
from report_samples import RUBRIC, SAMPLES, change, failed, faulty, full_findings, lost, partial, perfect, score_of

from grader.records import CellError, Outcome, QuestionScore, Result, Score, Status, TrainingSummary, say
from grader.reports.student import write_student_report


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Element]:
    def write(result: Result, language: str = "es") -> Element:
        path = tmp_path / "deep" / "report.html"
        write_student_report(result, RUBRIC, language, path)
        return parse(path.read_text(encoding="utf-8"))

    return write


def words(element: Element) -> str:
    return " ".join(element.text.split())


def table_rows(element: Element) -> list[str]:
    return [" ".join(words(cell) for cell in row.children if isinstance(cell, Element)) for row in element.all("tr")]


def test_shows_name_mark_and_status(report: Callable[..., Element]) -> None:
    page = report(perfect("ana-lópez"))
    assert words(next(page.all("h1"))) == "ana-lópez"
    assert "10 de 10 puntos" in words(page)
    assert "Corregido" in words(page)
    assert "Nota provisional" not in words(page)


def test_shows_why_a_mark_is_provisional(report: Callable[..., Element]) -> None:
    shown = words(report(faulty()))
    assert "? Nota provisional" in shown
    assert "Una persona todavía tiene que mirar" in shown


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        pytest.param(partial, "Graded in part. Cell 14 ran for more than 900 seconds.", id="partial"),
        pytest.param(failed, "Could not be graded. The file is not a notebook: line 1: not JSON", id="failed"),
    ],
)
def test_shows_why_grading_broke_off(make: Callable[[], Result], wanted: str, report: Callable[..., Element]) -> None:
    assert wanted in words(report(make(), "en"))


def test_one_reason_for_everything_is_said_once(report: Callable[..., Element]) -> None:
    reason = say("The file could not be read.")
    findings = [
        replace(finding, status=Status.SKIPPED, points=0.0, message=reason) for finding in full_findings(RUBRIC)
    ]
    result = replace(perfect(), status=Outcome.FAILED, reason=reason, score=score_of(findings))
    assert words(report(result, "en")).count("The file could not be read.") == 1


def test_every_criterion_has_points_a_word_a_place_and_what_was_expected(report: Callable[..., Element]) -> None:
    page = report(faulty())
    shown = words(page.find("q-1-hidden_activation"))
    assert "Activación sigmoide" in shown
    assert "✗ No conseguido" in shown
    assert "0 / 0,5" in shown
    assert "relu" in shown
    assert "Celda 12" in shown
    assert "Se esperaba: La capa oculta usa la función sigmoide." in shown
    assert "observado al ejecutar tu cuaderno" in shown


def test_the_hint_fits_a_training_that_a_callback_ended(report: Callable[..., Element]) -> None:
    evidence = {"ended_by": "EarlyStopping"}
    said = lost("Training ran for {found} epochs instead of {wanted}.", found=3, wanted=15, evidence=evidence)
    page = report(replace(perfect(), score=score_of(change(full_findings(RUBRIC), {("8.1", "network_trained"): said}))))
    shown = words(page.find("q-8-1-network_trained"))
    assert "Pista: Aquí entrena sin EarlyStopping, o haz que no pare tan pronto." in shown
    assert "número de épocas" not in shown


@pytest.mark.parametrize(
    ("criterion", "hint"),
    [
        pytest.param("q-1-hidden_activation", True, id="points-lost"),
        pytest.param("q-6-shape", True, id="some-points-lost"),
        pytest.param("q-1-optimizer", False, id="full-points"),
        pytest.param("q-3-2-predicted_class", False, id="could-not-be-judged"),
        pytest.param("q-6-expected_error", False, id="our-own-fault"),
    ],
)
def test_hints_stand_where_the_student_lost_points(criterion: str, hint: bool, report: Callable[..., Element]) -> None:
    assert ("Pista:" in words(report(faulty()).find(criterion))) is hint


@pytest.mark.parametrize(
    ("criterion", "wanted"),
    [
        pytest.param("q-1-optimizer", "✓ Conseguido", id="passed"),
        pytest.param("q-1-hidden_activation", "✗ No conseguido", id="failed"),
        pytest.param("q-6-shape", "◐ Conseguido en parte", id="partly"),
        pytest.param("q-3-2-predicted_class", "– No se pudo valorar", id="skipped"),
        pytest.param("q-4-3-cost", "? Lo revisará una persona", id="needs-review"),
        pytest.param("q-6-expected_error", "! Fallo del corrector, no tuyo", id="error"),
    ],
)
def test_status_is_a_sign_and_a_word(criterion: str, wanted: str, report: Callable[..., Element]) -> None:
    assert wanted in words(report(faulty()).find(criterion))


def test_a_fault_of_the_grader_is_not_listed_as_the_students(report: Callable[..., Element]) -> None:
    page = report(faulty())
    first = next(element for element in page.all("ul") if element.attributes.get("class") == "lost")
    links = [link.attributes["href"] for link in first.all("a")]
    assert "#q-9-callback_stops" in links
    assert "#q-6-expected_error" not in links


def test_shows_the_network_beside_the_expected_one(report: Callable[..., Element]) -> None:
    tables = [table for table in report(faulty()).find("q-1").all("table") if "Lo que" in table.text]
    assert ["relu" in table.text for table in tables] == [True, False]
    assert ["sigmoid" in table.text for table in tables] == [False, True]
    assert "128" in tables[0].text


def test_marks_the_words_that_earned_points_and_no_others(report: Callable[..., Element]) -> None:
    page = report(perfect())
    assert [mark.text for mark in page.find("q-3-1").all("mark")] == ["Probabilidades", "diez clases"]
    assert [mark.text for mark in page.find("q-4-3").all("mark")] == ["precisión mejora", "más lento", "tiempo"]
    unearned = change(full_findings(RUBRIC), {("3.1", "probabilities"): {"status": Status.FAILED, "points": 0.0}})
    waiting = change(full_findings(RUBRIC), {("3.1", "probabilities"): {"status": Status.NEEDS_REVIEW}})
    for others in (unearned, waiting):
        page = report(replace(perfect(), score=score_of(others)))
        assert [mark.text for mark in page.find("q-3-1").all("mark")] == ["diez clases"]


def test_shows_what_the_callback_did_epoch_by_epoch(report: Callable[..., Element]) -> None:
    page = report(faulty())
    rows = table_rows(page.find("q-9-callback_stops"))
    assert rows[1:4] == ["1 0,6200 ■ detiene el entrenamiento", "2 0,4765 no se llega", "3 0,4100 no se llega"]
    raised = page.find("q-9-callback_waits")
    assert "2 0,9000 ✗ produce un error" in table_rows(raised)
    assert "KeyError: 'acc'" in words(raised)


@pytest.mark.parametrize(
    ("transcript", "wanted"),
    [
        pytest.param({"losses": [0.5, 0.4], "stopped_after": None}, ["sigue", "sigue"], id="never-stopped"),
        pytest.param({"losses": [0.5, 0.4], "stopped_after": 2}, ["sigue", "■ detiene"], id="stopped-at-the-end"),
        pytest.param(
            {"losses": [0.5], "raised": "TypeError", "raised_after": 0}, ["no se llega"], id="failed-before-the-first"
        ),
        pytest.param({"losses": [0.5], "raised": "TypeError"}, ["–"], id="raised-nobody-says-when"),
    ],
)
def test_rehearsals_of_every_kind(
    transcript: dict[str, Any], wanted: list[str], report: Callable[..., Element]
) -> None:
    evidence = {"transcript": {"scenario": "falling", **transcript}}
    findings = change(full_findings(RUBRIC), {("9", "callback_stops"): lost("No.", evidence=evidence)})
    shown = report(replace(perfect(), score=score_of(findings))).find("q-9-callback_stops")
    rows = table_rows(shown)[1:]
    assert [word in row for row, word in zip(rows, wanted, strict=True)] == [True] * len(wanted)
    assert "la pérdida baja poco a poco" in words(shown)


def test_draws_loss_and_accuracy_of_each_question_with_a_training(report: Callable[..., Element]) -> None:
    page = report(perfect())
    assert {question: len(list(page.find(f"q-{question}").all("svg"))) for question in ("1", "2", "8-2")} == {
        "1": 2, "2": 0, "8-2": 2,
    }  # fmt: skip
    label = next(page.find("q-8-2").all("svg")).attributes["aria-label"]
    assert re.search(r"entrenamiento: de 0,620 a 0,\d+ en 30 épocas; validación: de", label)
    assert "celda 37" in words(page.find("q-8-2"))


@pytest.mark.parametrize(
    ("logs", "pictures"),
    [
        pytest.param((), 0, id="no-log"),
        pytest.param(({"loss": float("nan")},) * 3, 0, id="loss-is-nan"),
        pytest.param(({"loss": None, "accuracy": None},), 0, id="nan-came-back-from-json-as-null"),
        pytest.param(({"loss": 0.5},), 1, id="one-epoch-without-accuracy"),
        pytest.param(({"loss": 0.5, "acc": 0.8},) * 2, 2, id="old-name-of-accuracy"),
        pytest.param(({"loss": 0.5, "sparse_categorical_accuracy": 0.8},) * 2, 2, id="long-name-of-accuracy"),
        pytest.param(({"loss": 1e300, "accuracy": 0.1}, {"loss": float("inf"), "accuracy": 0.1}), 1, id="exploded"),
        pytest.param(({"loss": 0.5, "accuracy": 0.8},) * 5_000, 2, id="five-thousand-epochs"),
    ],
)
def test_draws_whatever_can_be_drawn(logs: Any, pictures: int, report: Callable[..., Element]) -> None:
    training = TrainingSummary("1", 3, len(logs), "kernel", ("Dense",), logs)
    page = report(replace(perfect(), trainings=(training,)))
    assert len(list(page.find("q-1").all("svg"))) == pictures


def test_many_trainings_of_one_question_are_not_all_drawn(report: Callable[..., Element]) -> None:
    trainings = tuple(TrainingSummary("1", cell, 1, "kernel", (), ({"loss": 0.5},)) for cell in range(20))
    page = report(replace(perfect(), trainings=trainings))
    assert "se omiten 14 anteriores" in words(page.find("q-1"))


def test_a_question_that_the_rubric_no_longer_has_is_still_shown(report: Callable[..., Element]) -> None:
    finding = replace(full_findings(RUBRIC)[0], question="99", check="gone")
    score = Score(0.75, 0.75, False, (QuestionScore("99", 0.75, 0.75, (finding,)),))
    assert "gone" in words(report(replace(perfect(), score=score)).find("q-99"))


@pytest.mark.parametrize("sample", SAMPLES)
def test_speaks_one_language(sample: str, report: Callable[..., Element]) -> None:
    page = words(report(SAMPLES[sample](), "en"))
    for word in ("Pregunta", "Se esperaba", "Pista", "Celda", "épocas observadas"):
        assert word not in page


# --- what stopped it, what was not begun, what is good -----------------------------------------------------------------

SLIP = say("“{word}” is not defined; “{meant}” is, in cell {cell}.", word="reed", meant="red", cell=5)
STOPPED = CellError(17, "reed.fit(x)", "NameError: name 'reed' is not defined", True, SLIP, (20,))


def sections(page: Element) -> list[str]:
    return [element.attributes.get("aria-labelledby", "") for element in page.all("section")]


def test_what_stopped_the_notebook_is_told_first(report: Callable[..., Element]) -> None:
    page = report(replace(faulty(), errors=(replace(STOPPED, questions=("9",)),)))
    assert "stopped" not in sections(page), "it cost nothing"
    unseen = {("1", "epochs"): {**lost("No training was found."), "cells": (20,), "basis": "static"}}
    findings = [finding for score in faulty().score.questions for finding in score.findings]
    page = report(replace(faulty(), score=score_of(change(findings, unseen)), errors=(STOPPED,)))
    assert sections(page)[0] == "stopped"
    shown = words(page)
    assert "Celda 18 reed.fit(x) NameError: name 'reed' is not defined «reed» no está definido; «red» sí" in shown
    assert shown.index("Lo que detuvo tu cuaderno") < shown.index("Pregunta 1")


def test_a_cell_that_raised_is_blamed_for_what_was_not_seen_and_no_hint_is_given(
    report: Callable[..., Element],
) -> None:
    unseen = {**lost("No training was found for this question."), "cells": (20,), "basis": "static"}
    findings = change(full_findings(RUBRIC), {("1", "epochs"): unseen, ("1", "batch_size"): unseen})
    shown = words(report(replace(perfect(), score=score_of(findings), errors=(STOPPED,))).find("q-1-epochs"))
    assert shown.count("la celda 18 se detuvo con un error") == 1
    assert "Lotes de 64" in shown
    assert "Pista:" not in shown
    assert "Revisa el número de épocas" not in shown


def test_what_was_seen_before_a_cell_raised_keeps_its_own_message(report: Callable[..., Element]) -> None:
    seen = {**lost("Training ran for {found} epochs.", found=3), "cells": (17,), "basis": "claimed"}
    findings = change(full_findings(RUBRIC), {("1", "epochs"): seen})
    page = report(replace(perfect(), score=score_of(findings), errors=(STOPPED,)))
    assert "Training ran for 3 epochs." in words(page.find("q-1-epochs"))


def test_a_question_that_was_not_begun_is_one_line(report: Callable[..., Element]) -> None:
    none = {("9", criterion.id): lost("No callback.") for criterion in RUBRIC.question("9").criteria}
    result = replace(perfect(), score=score_of(change(full_findings(RUBRIC), none)), not_begun=("9",))
    page = report(result)
    assert words(page.find("q-9")) == "Pregunta 9 Un callback que detiene el entrenamiento sin empezar 0 / 2"
    assert "#q-9" in [link.attributes["href"] for link in page.all("a")]
    first = next(element for element in page.all("ul") if element.attributes.get("class") == "lost")
    assert words(first).startswith("9 · sin empezar")


def test_a_doubt_about_the_file_stands_at_the_top(report: Callable[..., Element]) -> None:
    doubt = say("Hardly anything of this assignment was found in this notebook. Is this the right file?")
    page = report(replace(faulty(), file_doubt=doubt))
    assert "¿Es el archivo correcto?" in words(next(page.all("header")))
    assert "Bien hecho" not in words(page)
    assert page.find("q-9").tag == "details"


def test_what_was_achieved_is_folded_and_what_was_lost_is_not(report: Callable[..., Element]) -> None:
    page = report(faulty())
    assert page.find("q-2").tag == "details"
    assert "open" not in page.find("q-2").attributes
    question = page.find("q-1")
    assert question.tag == "section"
    folded = next(question.all("details"))
    assert folded.find("q-1-optimizer")
    assert "q-1-hidden_activation" not in [element.attributes.get("id") for element in folded.all()]


@pytest.mark.parametrize(
    ("stops", "waits", "tables"),
    [
        pytest.param({"stopped_after": 1}, {"stopped_after": 1}, 1, id="same-early-stop"),
        pytest.param({"raised": "KeyError: 'acc'", "raised_after": 3}, {"raised": "KeyError: 'acc'", "raised_after": 1}, 1, id="same-error"),
        pytest.param({"stopped_after": 2}, {"raised": "KeyError: 'acc'", "raised_after": 1}, 2, id="two-faults"),
    ],
)  # fmt: skip
def test_one_fault_has_one_table(
    stops: dict[str, Any], waits: dict[str, Any], tables: int, report: Callable[..., Element]
) -> None:
    def transcript(deed: dict[str, Any]) -> dict[str, Any]:
        return {"transcript": {"scenario": "falling", "losses": [0.6, 0.5, 0.4], **deed}}

    findings = change(
        full_findings(RUBRIC),
        {
            ("9", "callback_stops"): lost("Stopped after epoch 1.", evidence=transcript(stops)),
            ("9", "callback_waits"): lost("Stopped after epoch 1.", evidence=transcript(waits)),
        },
    )
    question = report(replace(perfect(), score=score_of(findings))).find("q-9")
    shown = [table for table in question.all("table") if "Lo que hizo tu callback" in table.text]
    assert len(shown) == tables
    assert words(question).count("Stopped after epoch 1.") == tables
    assert "0 / 0,8" in words(question)
    assert "0 / 0,4" in words(question)
    assert question.find("q-9-callback_waits")


def test_ideas_that_an_answer_lacks_are_faults_of_their_own(report: Callable[..., Element]) -> None:
    unsaid = lost("The answer does not say this.", evidence={"answer": "No sé.", "words": []})
    findings = change(full_findings(RUBRIC), {("8.3", "overfitting"): unsaid, ("8.3", "memorises"): unsaid})
    question = words(report(replace(perfect(), score=score_of(findings))).find("q-8-3"))
    assert question.count("La respuesta no lo dice.") == 2
    assert question.count("Pista:") == 2


def test_cells_stand_in_order(report: Callable[..., Element]) -> None:
    findings = change(full_findings(RUBRIC), {("1", "epochs"): {"cells": (8, 2, 5, 2)}})
    assert "Celdas 3, 6, 9" in words(report(replace(perfect(), score=score_of(findings))).find("q-1-epochs"))


@pytest.mark.parametrize(
    ("earned", "wanted"),
    [
        pytest.param(16, "Muy bien: está todo lo que se pedía.", id="everything"),
        pytest.param(5, "Bien hecho: 5 preguntas de 16 tienen todos los puntos.", id="some"),
        pytest.param(1, "Bien: 1 pregunta de 16 tiene todos los puntos.", id="one"),
        pytest.param(0, "", id="none"),
    ],
)
def test_a_word_for_what_is_good(earned: int, wanted: str, report: Callable[..., Element]) -> None:
    good = {question.id for question in RUBRIC.questions[:earned]}
    missing = {"status": Status.FAILED, "points": 0.0}
    findings = [found if found.question in good else replace(found, **missing) for found in full_findings(RUBRIC)]
    shown = words(next(report(replace(perfect(), score=score_of(findings))).all("header")))
    assert wanted in shown
    assert bool(wanted) is any(word in shown for word in ("Bien", "Muy bien"))


def test_some_criteria_of_a_question_are_a_start(report: Callable[..., Element]) -> None:
    findings = [
        found if found.check == "optimizer" else replace(found, status=Status.FAILED, points=0.0)
        for found in full_findings(RUBRIC)
    ]
    assert "Ya hay algo hecho: 1 criterio conseguido." in words(report(replace(perfect(), score=score_of(findings))))


def test_a_mark_replaces_the_page_only_when_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_student_report(perfect(), RUBRIC, "es", path)
    before = path.read_bytes()
    broken = replace(perfect(), score=None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        write_student_report(broken, RUBRIC, "es", path)
    assert path.read_bytes() == before
