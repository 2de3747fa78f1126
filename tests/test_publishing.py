"""What is left of a class whose grading ended in the middle, and what `report` makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from report_samples import RUBRIC, perfect

from grader.jobs import Graded
from grader.publishing import Publisher, report_class
from grader.records import Collection, HandedIn, SettledTexts
from grader.settings import Settings
from grader.training.data import DEFAULT_FOLDER

CLASS = ["ana", "luz", "sol"]


def publisher(out: Path) -> Publisher:
    return Publisher(
        RUBRIC,
        Settings(out, "en", "bwrap", RUBRIC.limits, DEFAULT_FOLDER, workers=1),
        Collection(tuple(HandedIn(name, name.title(), f"{name}.ipynb", perfect().sha256) for name in CLASS)),
        SettledTexts(False, ()),
    )


@pytest.mark.parametrize("done", [1, 2, 3])
def test_after_a_kill_it_is_known_who_is_missing(done: int, tmp_path: Path) -> None:
    """Nothing is told to the publisher after the last result, as where the process is killed."""
    killed = publisher(tmp_path)
    for name in CLASS[:done]:
        killed.keep(Graded(perfect(name), {}))
        killed.show()
    written = report_class(tmp_path)
    graded = [result.submission for result in written.results]
    assert (graded, written.faults, written.missing) == (CLASS[:done], (), ("Ana", "Luz", "Sol")[done:])
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert ("without a result yet" in page) is (done < len(CLASS))


def test_report_says_how_far_it_is(tmp_path: Path) -> None:
    killed = publisher(tmp_path)
    for name in CLASS:
        killed.keep(Graded(perfect(name), {}))
    killed.finish()
    followed: list[str] = []

    def follow(submissions: Sequence[str]) -> Iterator[str]:
        for submission in submissions:
            followed.append(submission)
            yield submission

    report_class(tmp_path, follow=follow)
    assert followed == CLASS


def test_report_writes_marks_as_they_were_written_last(tmp_path: Path) -> None:
    graded = publisher(tmp_path)
    graded.keep(Graded(perfect("ana"), {}))
    graded.finish()
    separators = []
    for style in (None, "excel-es", None, "plain", None):
        report_class(tmp_path, csv_style=style)  # type: ignore[arg-type]
        separators.append((tmp_path / "grades.csv").read_text(encoding="utf-8-sig")[len("submission")])
    assert separators == [",", ";", ";", ",", ","]


@pytest.mark.parametrize(("look", "anew"), [("as it was", False), ("of the next release", True)])
def test_reports_are_written_anew_when_their_look_has_changed(
    look: str, anew: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.publishing.look_digest", lambda: "as it was")
    graded = publisher(tmp_path)
    graded.keep(Graded(perfect("ana"), {}))
    graded.finish()
    page = tmp_path / "ana" / "report.html"
    page.write_text("of an earlier release")
    monkeypatch.setattr("grader.publishing.look_digest", lambda: look)
    report_class(tmp_path)
    assert (page.read_text(encoding="utf-8") != "of an earlier release") is anew
