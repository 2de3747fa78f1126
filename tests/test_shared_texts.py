"""What a class shares is told, leaves answers to a person, and changes no mark until an instructor has said whose it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report_samples import PASSAGES as SAMPLE_PASSAGES
from report_samples import RUBRIC
from report_samples import perfect as sample

from grader.collection.shared_prose import with_shared_prose
from grader.jobs import Graded
from grader.publishing import Publisher, report_class, settle
from grader.records import Collection, Finding, Result, SettledTexts, SharedText, Status
from grader.reports.class_page import write_class_page
from grader.reports.translation import Translator
from grader.scoring import add_up
from grader.settings import Settings, SharedAs, identity
from grader.submission.wording import words
from grader.terminal import MOST_SHARED, shared_lines
from grader.training.data import DEFAULT_FOLDER

SAID = "Se produce sobreajuste: la red memoriza los datos de entrenamiento y no generaliza a los de validación."
PASSAGES = {**SAMPLE_PASSAGES, "8.3": (replace(SAMPLE_PASSAGES["8.3"][0], text=SAID),)}


def perfect() -> Result:
    return replace(sample(), passages=PASSAGES)


def shared(source: str = SAID, kind: str = "text", count: int = 15) -> SharedText:
    return SharedText(kind, " ".join(words(source)), source, 3, count, 20)  # type: ignore[arg-type]


def settings(out: Path, said: SharedAs | None = None) -> Settings:
    return Settings(out, "en", "bwrap", RUBRIC.limits, DEFAULT_FOLDER, workers=1, shared=said)


def findings(result: Result, question: str) -> list[Finding]:
    return [finding for score in result.score.questions for finding in score.findings if finding.question == question]


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [SAID, f"Creo que sí. {SAID} Eso es todo.", SAID.upper(), f"**{SAID}**"])
def test_an_answer_that_holds_it_waits_with_its_points(said: str) -> None:
    result = perfect()
    passages = {**PASSAGES, "8.3": (replace(PASSAGES["8.3"][0], text=said),)}
    found = with_shared_prose(replace(result, passages=passages), [shared()], RUBRIC)

    assert {finding.status for finding in findings(found, "8.3")} == {Status.NEEDS_REVIEW}
    assert (found.score.score, found.score.provisional) == (result.score.score, True)
    assert len(found.flags) == len(result.flags) + 1


def test_an_answer_that_earned_nothing_waits_too() -> None:
    result = perfect()
    lost = [replace(finding, status=Status.FAILED, points=0.0) for finding in findings(result, "8.3")]
    others = [one for score in result.score.questions for one in score.findings if one.question != "8.3"]
    found = with_shared_prose(replace(result, score=add_up([*others, *lost], RUBRIC)), [shared()], RUBRIC)

    assert {(one.status, one.points) for one in findings(found, "8.3")} == {(Status.NEEDS_REVIEW, 0.0)}


@pytest.mark.parametrize(
    "texts",
    [[], [shared("La red converge antes con el optimizador que eligió cada uno.")], [shared(kind="code")]],
    ids=["nothing shared", "said nowhere", "code"],
)
def test_an_answer_without_it_is_left_alone(texts: list[SharedText]) -> None:
    assert with_shared_prose(perfect(), texts, RUBRIC) == perfect()


def test_what_only_may_be_the_statement_flags_nothing() -> None:
    statement = (replace(PASSAGES["8.3"][0], perhaps_given=True),)
    result = replace(perfect(), passages={**PASSAGES, "8.3": statement})

    assert with_shared_prose(result, [shared()], RUBRIC) == result


# --- what an instructor says ------------------------------------------------------------------------------------------


def grade(out: Path, found: tuple[SharedText, ...], said: SharedAs | None = None) -> SettledTexts:
    """One run of the grader over a class that shares these texts."""
    settled, pending = settle(settings(out, said), found)
    publisher = Publisher(RUBRIC, settings(out, said), Collection(shared=pending), settled)
    publisher.keep(Graded(perfect(), {}))
    publisher.finish()
    return settled


@pytest.mark.parametrize("said", ["given", "own"])
def test_what_was_said_holds_for_later_runs(said: SharedAs, tmp_path: Path) -> None:
    grade(tmp_path, (shared(),), said)
    later = grade(tmp_path, (shared(),))

    assert (later.given, [text.source for text in later.texts]) == (said == "given", [SAID])
    (result,) = report_class(tmp_path).results
    assert not result.score.provisional


def test_until_something_is_said_answers_wait(tmp_path: Path) -> None:
    grade(tmp_path, (shared(),))
    (result,) = report_class(tmp_path).results

    assert result.score.provisional
    assert "--shared given" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_what_is_found_later_is_told_again(tmp_path: Path) -> None:
    more = shared("Otra frase que también está igual en casi todos los cuadernos de la clase de este año.")
    grade(tmp_path, (shared(),), "own")

    assert settle(settings(tmp_path), (shared(), more))[1] == (more,)


def test_the_last_word_counts(tmp_path: Path) -> None:
    grade(tmp_path, (shared(),), "given")
    settled = grade(tmp_path, (), "own")

    assert (settled.given, len(settled.texts)) == (False, 1)


def test_what_was_given_is_graded_anew(tmp_path: Path) -> None:
    assert identity(RUBRIC, settings(tmp_path)) != identity(RUBRIC, settings(tmp_path), [shared()])


# --- where it is told -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "texts", "told"),
    [
        ("en", [shared()], "1 text stands alike in 15 of 20 notebooks, and in no assignment notebook"),
        ("en", [shared(), shared("x", count=18)], "2 texts stand alike in up to 18 of 20 notebooks"),
        ("es", [shared()], "1 texto aparece idéntico en 15 de 20 cuadernos, y en ningún cuaderno del enunciado"),
        ("es", [shared(), shared("x", count=18)], "2 textos aparecen idénticos en hasta 18 de 20 cuadernos"),
    ],
)
def test_the_terminal_and_the_class_page_tell_it(
    language: str, texts: list[SharedText], told: str, tmp_path: Path
) -> None:
    lines = shared_lines(texts, Translator(language))
    write_class_page([perfect()], RUBRIC, language, tmp_path / "index.html", shared=texts)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")

    assert lines[0].startswith(told)
    assert told in page
    assert all("--shared given" in text and "--shared own" in text for text in (" ".join(lines), page))
    assert any(SAID[:60] in line for line in lines)
    assert SAID in page


def test_nothing_is_told_of_a_class_that_shares_nothing(tmp_path: Path) -> None:
    write_class_page([perfect()], RUBRIC, "en", tmp_path / "index.html")

    assert shared_lines([], Translator("en")) == []
    assert "--shared" not in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_code_of_students_is_no_markup_and_the_list_is_short(tmp_path: Path) -> None:
    texts = [shared(f"<script>alert({number})</script>", "code") for number in range(50)]
    write_class_page([perfect()], RUBRIC, "en", tmp_path / "index.html", shared=texts)

    assert "<script>alert" not in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert len(shared_lines(texts, Translator("en"))) == 5 + MOST_SHARED
