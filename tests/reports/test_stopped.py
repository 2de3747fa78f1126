"""What stopped a notebook, in the reader's language."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_samples import RUBRIC, change, full_findings, perfect, score_of

from grader.gradebook import decode, encode
from grader.records import CellError, Message, Result, Status, say, say_number
from grader.reports.stopped import not_begun, points_at_risk, raised_cells, stopped_cells
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
    (cell,) = raised_cells(replace(perfect(), errors=(ERROR,)), Translator(language))
    assert (cell.cell, cell.first_line) == (8, "reed.fit(x)")
    assert cell.remarks == remarks


def test_cells_stand_in_their_order() -> None:
    result = replace(perfect(), errors=(ERROR, replace(ERROR, cell=2)))
    assert [cell.cell for cell in raised_cells(result, Translator("en"))] == [3, 8]


def test_one_cell_is_said_in_the_singular() -> None:
    (cell,) = raised_cells(replace(perfect(), errors=(replace(ERROR, then=(9,)),)), Translator("es"))
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


# --- what a stop costs ---

UNSEEN = {"status": Status.FAILED, "points": 0.0, "basis": "static"}
WAITS = {"status": Status.NEEDS_REVIEW, "points": 0.0, "basis": "static"}


def with_findings(error: CellError, **changes: dict[str, object]) -> Result:
    """A result whose only losses are those of question 1's optimizer, and an error."""
    changed = {("1", "optimizer"): changes} if changes else {}
    return replace(perfect(), errors=(error,), score=score_of(change(full_findings(RUBRIC), changed)))


@pytest.mark.parametrize(
    ("changes", "error", "costs"),
    [
        pytest.param({}, ERROR, False, id="full marks"),
        pytest.param(UNSEEN | {"cells": (7,)}, ERROR, True, id="its own cell"),
        pytest.param(UNSEEN | {"cells": (12,)}, ERROR, True, id="a cell that failed for want of it"),
        pytest.param(UNSEEN | {"cells": (3,)}, ERROR, False, id="another cell"),
        pytest.param(UNSEEN | {"cells": (3,)}, replace(ERROR, questions=("1",)), True, id="a cell of its question"),
        pytest.param(
            UNSEEN | {"cells": (3,)}, replace(ERROR, questions=("2",)), False, id="a cell of another question"
        ),
        pytest.param(WAITS | {"evidence": {"cause": 7}}, ERROR, True, id="waits on account of it"),
        pytest.param(WAITS | {"evidence": {"cause": 3}}, ERROR, False, id="waits on account of another"),
        pytest.param(WAITS, replace(ERROR, questions=("1",)), False, id="waits, and for no error"),
        pytest.param(UNSEEN | {"cells": (7,), "basis": "recomputed"}, ERROR, False, id="seen, and wrong all the same"),
        pytest.param(UNSEEN | {"cells": (7,), "evidence": {"answer": "no"}}, ERROR, False, id="an answer in words"),
    ],
)
def test_only_a_stop_that_may_cost_points_is_told(changes: dict[str, object], error: CellError, costs: bool) -> None:
    result = with_findings(error, **changes)  # type: ignore[arg-type]
    most = next(c.points for q in RUBRIC.questions if q.id == "1" for c in q.criteria if c.id == "optimizer")
    assert bool(stopped_cells(result, Translator("es"))) is costs
    assert points_at_risk(result) == ((most, (8,)) if costs else (0.0, ()))
    assert len(raised_cells(result, Translator("es"))) == 1
    for cell in stopped_cells(result, Translator("es")):
        assert cell.remarks[-1].startswith("Puntos que dependen de esto: hasta 0,")
        assert cell.remarks[-1].endswith("(pregunta 1).")


@pytest.mark.parametrize(
    ("changes", "questions", "told"),
    [
        pytest.param(UNSEEN | {"cells": ()}, (), True, id="found nowhere, and the cell is no question's"),
        pytest.param(UNSEEN | {"cells": ()}, ("2",), False, id="the cell is another question's"),
        pytest.param(UNSEEN | {"cells": (), "basis": "claimed"}, (), False, id="seen"),
    ],
)
def test_what_was_found_nowhere_may_have_been_in_a_cell_that_stopped(
    changes: dict[str, object], questions: tuple[str, ...], told: bool
) -> None:
    result = with_findings(replace(ERROR, questions=questions), **changes)  # type: ignore[arg-type]
    assert bool(stopped_cells(result, Translator("en"))) is told
    assert points_at_risk(result) == (0.0, ()), "nobody knows"
