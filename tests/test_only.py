"""One submission of a class, graded or graded anew; where it is run does not matter here, and so nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from report_samples import RUBRIC, perfect

from grader.errors import UsageError
from grader.executors import Finished, Started
from grader.jobs import Graded, Job
from grader.pipeline import ClassReport, Plan, grade_class
from grader.settings import Settings
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

    def grade(self, *only: str, regrade: bool = False) -> tuple[ClassReport, Sequence[str], Plan]:
        self.executor.graded.clear()
        events: list[object] = []
        settings = Settings(
            self.root / "out", "en", "none", RUBRIC.limits, DEFAULT_FOLDER, workers=1, only=only, regrade=regrade
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
