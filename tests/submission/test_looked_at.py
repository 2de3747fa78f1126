"""What of a notebook a person is shown to decide what waits."""

from __future__ import annotations

import pytest

from grader.records import Cell, Finding, Output, Status, Submission, say
from grader.submission.looked_at import LONGEST_SAVED, LONGEST_SOURCE, looked_at

CAUSE = "cause"
EPOCH = "Epoch {0}/30\n 1/469 [..] - loss: 9.9\r469/469 [==] - 2s - loss: 0.{0:02}\n"
LOG = "".join(EPOCH.format(epoch) for epoch in range(1, 31))


def submission(*cells: Cell) -> Submission:
    return Submission("ana", "ana.ipynb", "", cells, {}, {})


def code(index: int, source: str, *outputs: Output) -> Cell:
    return Cell(index, "code", source, outputs)


def waiting(*cells: int, **evidence: object) -> Finding:
    return Finding("1", "epochs", Status.NEEDS_REVIEW, 0.0, 1.0, say("?"), cells=cells, evidence=evidence)


NOTEBOOK = submission(
    code(0, "epocas = 30"),
    code(1, "modelo.fit(x, y, epochs=epocs)", Output("stream", LOG[:40]), Output("stream", LOG[40:])),
    Cell(2, "markdown", "Entrena bien."),
)


def test_the_line_of_fit_and_the_whole_log_are_kept() -> None:
    (kept,) = looked_at(NOTEBOOK, [waiting(1)], CAUSE).values()
    assert kept.source == "modelo.fit(x, y, epochs=epocs)"
    assert [line for line in kept.saved.splitlines() if line.startswith("Epoch")] == [
        f"Epoch {epoch}/30" for epoch in range(1, 31)
    ]
    assert "loss: 0.30" in kept.saved
    assert "9.9" not in kept.saved, "written over"


@pytest.mark.parametrize(
    ("finding", "wanted"),
    [
        pytest.param(waiting(1, cause=0), [0, 1], id="the cell to blame first"),
        pytest.param(waiting(2), [], id="no code"),
        pytest.param(waiting(1, answer="Es mejor"), [], id="an answer in words is shown itself"),
        pytest.param(waiting(7, cause=-1), [], id="no such cell"),
        pytest.param(Finding("1", "a", Status.FAILED, 0, 1, say("no"), cells=(1,)), [], id="decided"),
    ],
)
def test_what_is_kept(finding: Finding, wanted: list[int]) -> None:
    assert [*looked_at(NOTEBOOK, [finding], CAUSE)] == wanted


def test_what_has_no_end_has_its_beginning_and_its_end() -> None:
    cell = code(0, "a = 1\n" * 9_000 + "fin", Output("stream", "Epoch 1\n" * 90_000 + "fin"))
    (kept,) = looked_at(submission(cell), [waiting(0)], CAUSE).values()
    assert len(kept.source) < LONGEST_SOURCE + 10
    assert len(kept.saved) < LONGEST_SAVED + 10
    assert kept.source.endswith("fin")
    assert kept.saved.endswith("fin")


def test_an_endless_line_takes_no_time() -> None:
    cell = code(0, "x", Output("stream", "a" * 1_000_000 + "\r" + "b " * 500_000))
    assert looked_at(submission(cell), [waiting(0)], CAUSE)[0].saved.startswith("b b")


def test_a_saved_error_is_told() -> None:
    cell = code(0, "fit()", Output("error", "", "NameError", "name 'fit' is not defined"))
    assert looked_at(submission(cell), [waiting(0)], CAUSE)[0].saved == "NameError: name 'fit' is not defined"
