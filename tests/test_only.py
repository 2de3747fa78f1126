"""One submission of a class, graded or graded anew; where it is run does not matter here, and so nothing is run."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from report_samples import RUBRIC, perfect, score_of

from grader.errors import UsageError
from grader.executors import Finished, Started
from grader.jobs import Graded, Job
from grader.pipeline import ClassReport, Plan, grade_class
from grader.publishing import open_class, report_class
from grader.records import HumanMark, Result
from grader.reports.class_page import write_class_page
from grader.reports.translation import Translator
from grader.review.classroom import Classroom
from grader.rubric.criteria import Withheld
from grader.rubric.rubric import Limits
from grader.settings import Settings
from grader.terminal import ending_lines, withheld_lines
from grader.training.data import DEFAULT_FOLDER


@dataclass
class StandIn:
    """An executor whose every job ends well at once."""

    same_machine: bool = True
    graded: list[str] = field(default_factory=list)

    def check(self, look: Callable[[], None]) -> None: ...

    def prepare(self, function: Callable[[object], object], argument: object, jobs: int) -> None: ...

    def run(self, function: object, jobs: Iterable[Job], *, seconds: float) -> Iterator[object]:
        for job in jobs:
            self.graded.append(job.submission)
            yield Started(job)
            yield Finished(job, Graded(replace(perfect(job.submission), sha256=job.file.sha256), {}))


@dataclass
class Course:
    """Three submissions, and what became of them."""

    root: Path
    executor: StandIn
    limits: Limits = RUBRIC.limits

    def events(self, *, only: tuple[str, ...]) -> list[object]:
        events: list[object] = []
        settings = Settings(self.root / "out", "en", "none", self.limits, DEFAULT_FOLDER, workers=1, only=only)
        grade_class(self.root / "class", RUBRIC, settings, events.append)
        return events

    def grade(self, *only: str, regrade: bool = False) -> tuple[ClassReport, Sequence[str], Plan]:
        self.executor.graded.clear()
        events: list[object] = []
        settings = Settings(
            self.root / "out", "en", "none", self.limits, DEFAULT_FOLDER, workers=1, only=only, regrade=regrade
        )
        report = grade_class(self.root / "class", RUBRIC, settings, events.append)
        return report, sorted(self.executor.graded), next(event for event in events if isinstance(event, Plan))


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    executor = StandIn()

    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[StandIn]:
        yield executor

    monkeypatch.setattr("grader.pipeline.open_executor", opened)
    (tmp_path / "class").mkdir()
    for name in ("ana", "luz", "sol"):
        nbformat.write(new_notebook(cells=[new_code_cell(f"'{name}'")]), tmp_path / "class" / f"{name}.ipynb")
    return Course(tmp_path, executor)


def test_the_others_wait_for_their_turn(course: Course) -> None:
    report, graded, plan = course.grade("Luz")
    assert (graded, report.missing, report.faults) == (["luz"], ("ana", "sol"), ())
    assert (plan.to_grade, plan.unchanged) == (1, 0)
    assert course.grade()[1] == ["ana", "sol"]


def test_what_has_not_changed_is_graded_anew_and_the_others_stay(course: Course) -> None:
    course.grade()
    report, graded, plan = course.grade("sol", "ana")
    assert (graded, report.missing) == (["ana", "sol"], ())
    assert (plan.to_grade, plan.unchanged) == (2, 1)
    assert [result.submission for result in report.results] == ["ana", "luz", "sol"]


def test_it_goes_before_regrade(course: Course) -> None:
    course.grade()
    assert course.grade("sol", regrade=True)[1] == ["sol"]


def test_who_is_not_there_is_refused_before_anything_is_written(course: Course) -> None:
    with pytest.raises(UsageError, match="did you mean 'luz'"):
        course.grade("lus")
    assert not (course.root / "out").exists()


# --- results that hold no longer ---


def hand_in(course: Course, name: str) -> None:
    nbformat.write(new_notebook(cells=[new_code_cell("'mended'")]), course.root / "class" / f"{name}.ipynb")


def marks_of(course: Course) -> dict[str, tuple[str, str]]:
    """Status and whether it is provisional, by submission, as a spreadsheet reads them."""
    with (course.root / "out" / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["submission"]: (row["status"], row["provisional"]) for row in csv.DictReader(file)}


HOLDS, OUTDATED = ("graded", "false"), ("outdated", "true")


def test_a_newer_file_that_nobody_asked_for_leaves_its_mark_outdated_everywhere(course: Course) -> None:
    course.grade()
    hand_in(course, "luz")
    report, graded, _ = course.grade("ana")
    assert (graded, report.missing) == (["ana"], ("luz",))
    for write in (lambda: None, lambda: report_class(course.root / "out")):
        write()
        assert marks_of(course) == {"ana": HOLDS, "luz": OUTDATED, "sol": HOLDS}
        page = (course.root / "out" / "index.html").read_text(encoding="utf-8")
        assert "1 mark is outdated: the same grader grade" in page
        assert "every mark is final" not in page
        own = (course.root / "out" / "luz" / "report.html").read_text(encoding="utf-8")
        assert "The mark is of an earlier file" in own
        assert "Provisional mark" in own
        assert "A person still has to look" not in own, "nobody has to"
        facts = json.loads((course.root / "out" / "luz" / "result.json").read_text(encoding="utf-8"))
        assert (facts["status"], facts["provisional"]) == ("outdated", True)
        assert facts["reason"].startswith("The mark is of an earlier file")


@pytest.mark.parametrize("undo", ["graded", "put back"])
def test_an_outdated_mark_holds_again(undo: str, course: Course) -> None:
    course.grade()
    before = (course.root / "class" / "luz.ipynb").read_bytes()
    hand_in(course, "luz")
    course.grade("ana")
    if undo == "put back":
        (course.root / "class" / "luz.ipynb").write_bytes(before)
    else:
        course.grade()
    course.grade("sol")
    report_class(course.root / "out")
    assert marks_of(course) == dict.fromkeys(("ana", "luz", "sol"), HOLDS)


def test_another_way_of_grading_leaves_the_marks_of_the_others_outdated(course: Course) -> None:
    course.grade()
    course.limits = RUBRIC.limits.model_copy(update={"seconds_per_cell": 7})
    course.grade("ana")
    report_class(course.root / "out")
    assert marks_of(course) == {"ana": HOLDS, "luz": OUTDATED, "sol": OUTDATED}
    assert "before the rubric" in (course.root / "out" / "sol" / "report.html").read_text(encoding="utf-8")


def test_who_was_never_graded_is_named_on_the_class_page(course: Course) -> None:
    course.grade("ana")
    for write in (lambda: None, lambda: report_class(course.root / "out")):
        write()
        page = (course.root / "out" / "index.html").read_text(encoding="utf-8")
        assert "still goes on: 2 without a result." in page
        assert "<bdi>luz</bdi>, <bdi>sol</bdi>" in page


def test_who_has_left_the_folder_is_neither_missing_nor_outdated_but_told_of(course: Course) -> None:
    assert course.grade()[0].gone == ()
    (course.root / "class" / "luz.ipynb").unlink()
    report = course.grade("ana")[0]
    written = report_class(course.root / "out")
    assert report.gone == ("luz",)
    assert "1 that was graded before is no longer in the folder, and not on the pages: luz." in "\n".join(
        ending_lines(report, True, Path("o"), Translator("en"))
    )
    page = (course.root / "out" / "index.html").read_text(encoding="utf-8")
    assert "1 that was graded before is no longer in the folder, and not on the pages: luz." in page
    assert (report.missing, written.missing) == ((), ())
    assert marks_of(course) == {"ana": HOLDS, "sol": HOLDS}


def test_a_mark_that_a_person_gave_stands_as_soon_as_it_is_graded_anew(course: Course) -> None:
    course.grade()
    book = open_class(course.root / "out").book
    finding = perfect("luz").score.questions[0].findings[0]
    book.add_marks([HumanMark("luz", finding.question, finding.check, 0.0, "me")])
    book.close()
    live = course.events(only=("luz",))
    (told,) = [event for event in live if isinstance(event, Result)]
    assert told.score.score == pytest.approx(perfect("luz").score.score - finding.points)


def test_who_handed_in_nothing_that_can_be_graded_is_told_why(course: Course) -> None:
    for name in ("ana", "luz", "sol"):
        (course.root / "class" / name).mkdir()
        (course.root / "class" / f"{name}.ipynb").rename(course.root / "class" / name / "nb.ipynb")
    (course.root / "class" / "Íñigo Ibáñez").mkdir()
    (course.root / "class" / "Íñigo Ibáñez" / "work.zip").touch()
    with pytest.raises(UsageError, match=r"nothing can be graded: Íñigo Ibáñez/work\.zip\. An archive"):
        course.grade("inigo ibañez")


def test_who_is_like_nobody_is_told_whom_there_is(course: Course) -> None:
    with pytest.raises(UsageError, match=r"Received: 'Xyz' \(there are: 'ana', 'luz', 'sol'\)"):
        course.grade("Xyz")


def test_a_class_graded_by_the_students_rubric_is_told_so(course: Course) -> None:
    first, *others = RUBRIC.questions
    held = Withheld(check="withheld", id="w", points=first.points)
    rubric = RUBRIC.model_copy(update={"questions": [first.model_copy(update={"criteria": [held]}), *others]})
    assert withheld_lines(RUBRIC, Translator("es")) == []
    (line,) = withheld_lines(rubric, Translator("es"))
    assert line.startswith("aviso: Esta rúbrica es la de los estudiantes, sin respuestas: ")
    write_class_page([perfect("a")], rubric, "es", course.root / "index.html")
    assert line.removeprefix("aviso: ") in (course.root / "index.html").read_text(encoding="utf-8")


def test_the_desk_shows_what_is_outdated_and_leaves_out_what_is_asked_no_more(course: Course) -> None:
    course.grade()
    hand_in(course, "luz")
    course.grade("ana")
    graded = open_class(course.root / "out")
    room = Classroom(graded)
    assert [name for name, result in room.results.items() if result.outdated] == ["luz"]
    other = perfect("sol")
    findings = [replace(finding, check="gone") for score in other.score.questions for finding in score.findings]
    graded.book.record(replace(other, score=score_of(findings)), "")
    room.refresh()
    assert sorted(room.results) == ["ana", "luz"]
    room.close()
