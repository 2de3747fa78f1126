"""What stopped a notebook, in the reader's language."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_samples import RUBRIC, change, full_findings, perfect, score_of

from grader.gradebook import decode, encode
from grader.records import CellError, Message, Status, say, say_number
from grader.reports.stopped import not_begun, stopped_cells
from grader.reports.translation import Translator

SLIP = say("“{word}” is not defined; “{meant}” is, in cell {cell}.", word="reed", meant="red", cell=5)
ERROR = CellError(7, "reed.fit(x)", "NameError: name 'reed' is not defined", True, SLIP, (12, 9))


@pytest.mark.parametrize(
    ("language", "remarks"),
    [
        pytest.param(
            "es",
            (
                "«reed» no está definido; «red» sí, en la celda 5.",
                "Funcionaba cuando guardaste el cuaderno, pero no al ejecutar todas las celdas desde el principio.",
                "Por eso fallaron también las celdas 10, 13.",
            ),
            id="spanish",
        ),
        pytest.param(
            "en",
            (
                "“reed” is not defined; “red” is, in cell 5.",
                "It ran when you saved the notebook, but not when all cells are run from the top.",
                "For want of it, cells 10, 13 failed as well.",
            ),
            id="english",
        ),
    ],
)
def test_slip_history_and_what_came_of_it(language: str, remarks: tuple[str, ...]) -> None:
    (cell,) = stopped_cells(replace(perfect(), errors=(ERROR,)), Translator(language))
    assert (cell.cell, cell.first_line) == (8, "reed.fit(x)")
    assert cell.remarks == remarks


def test_cells_stand_in_their_order() -> None:
    result = replace(perfect(), errors=(ERROR, replace(ERROR, cell=2)))
    assert [cell.cell for cell in stopped_cells(result, Translator("en"))] == [3, 8]


def test_one_cell_is_said_in_the_singular() -> None:
    (cell,) = stopped_cells(replace(perfect(), errors=(replace(ERROR, then=(9,)),)), Translator("es"))
    assert cell.remarks[-1] == "Por eso falló también la celda 10."


def test_a_question_that_a_person_marked_was_begun() -> None:
    result = replace(perfect(), not_begun=("1", "2"))
    assert not_begun(result) == ("1", "2")
    marked = change(full_findings(RUBRIC), {("2", "evaluated"): {"status": Status.FAILED, "basis": "human"}})
    assert not_begun(replace(result, score=score_of(marked))) == ("1",)


def test_the_gradebook_keeps_it() -> None:
    result = replace(perfect(), errors=(ERROR,), not_begun=("9",), file_doubt=say("Is this the right file?"))
    kept = decode(encode(result))
    assert (kept.errors, kept.not_begun, kept.file_doubt) == (result.errors, result.not_begun, result.file_doubt)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(say_number("{count} answer", "{count} answers", 1, count=1), id="one"),
        pytest.param(say("{what} {why}", what=say("yes"), why=say("no")), id="messages-in-a-message"),
        pytest.param(
            say("{near} Your words: “{words}”.", near={"es": "Casi.", "en": "Nearly."}, words="x"), id="texts"
        ),
        pytest.param(say("{found}", found=[say("sigmoid"), "relu"]), id="a-list"),
    ],
)
def test_the_gradebook_keeps_every_kind_of_message(message: Message) -> None:
    kept = decode(encode(replace(perfect(), notes=(message,)))).notes[0]
    assert [Translator(language).text(kept) for language in ("es", "en")] == [
        Translator(language).text(message) for language in ("es", "en")
    ]
    assert "{" not in Translator("es").text(kept)
