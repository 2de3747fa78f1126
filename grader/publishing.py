"""Keeps each result as it arrives and writes what people read: result.json, report.html, grades.csv, index.html."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from grader.errors import UsageError
from grader.gradebook import Gradebook
from grader.jobs import EXECUTED, LOG, Graded, is_faulty
from grader.records import Result
from grader.reports import write_class_page, write_grades_csv, write_result_json, write_student_report
from grader.reports.files import write_bytes
from grader.rubric import Rubric
from grader.scoring import with_human_marks
from grader.settings import Settings, identity

OWN_FILES = ("grades.csv", "index.html", "gradebook.db", "gradebook.db-wal", "gradebook.db-shm")
"""Names in OUT that no submission's folder may take."""


def prepare_out(out: Path, folder: Path) -> None:
    """Make OUT where it is missing.

    Raises:
        UsageError: it cannot be written to, or is the folder of submissions, where its files would be graded next.
    """
    if out.resolve() == folder.resolve():
        raise UsageError(f"--out must be another folder than that of the submissions. Received: {out}")
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(
            f"--out must be a folder that can be written to. Received: {out} ({error.strerror})"
        ) from error


def free_id(submission: str) -> str:
    """The id, changed where its folder would take the place of a file of the class (``index.html.ipynb``)."""
    return f"{submission}_" if submission.casefold() in OWN_FILES else submission


class Publisher:
    """The gradebook of a class and the files made from it."""

    def __init__(self, rubric: Rubric, settings: Settings) -> None:
        self._rubric = rubric
        self._settings = settings
        self._identity = identity(rubric, settings)
        self._book = Gradebook(settings.gradebook_url)
        self.faults: list[str] = []
        """What could not be written, and why: the grader's own failures."""

    def folder(self, submission: str) -> Path:
        """Where everything about one submission stands."""
        return self._settings.out / submission

    def is_graded(self, submission: str, sha256: str) -> bool:
        """True if exactly this file was graded before, in exactly this way, without a fault of the grader's."""
        return self._book.graded(submission, sha256, self._identity)

    def keep(self, graded: Graded) -> bool:
        """Record a result, and write its files. False where it could not be kept, which `faults` then explains.

        A result with a fault of ours is kept, but graded again next time.
        """
        result = graded.result
        try:
            self._write(result.submission, graded.files)
            self._book.record(result, "" if is_faulty(result) else self._identity)
        except Exception as error:
            self.faults.append(f"{result.submission}: its result could not be kept: {_reason(error)}")
            return False
        self._publish(result.submission)
        return True

    def _write(self, submission: str, files: Mapping[str, bytes]) -> None:
        """Write what grading left, in the place of what an earlier one left."""
        folder = self.folder(submission)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (EXECUTED, LOG):
            if name in files:
                write_bytes(folder / name, files[name])
            else:
                (folder / name).unlink(missing_ok=True)

    def finish(self, in_folder: list[str], graded: set[str]) -> tuple[Result, ...]:
        """Write the class's pages from all results that hold, and whatever single files are missing or outdated."""
        results = tuple(
            result
            for submission in in_folder
            if submission in graded and (result := self._publish(submission)) is not None
        )
        try:
            self._book.set_folder(in_folder)
            write_grades_csv(results, self._rubric, self._settings.out / "grades.csv")
            write_class_page(results, self._rubric, self._settings.language, self._settings.out / "index.html")
        except Exception as error:
            self.faults.append(f"the class's pages could not be written: {_reason(error)}")
        self._book.close()
        return results

    def _publish(self, submission: str) -> Result | None:
        """The result with its human marks, its files being up to date; None where there is none, or it is not read."""
        try:
            automatic = self._book.result(submission)
            if automatic is None:
                return None
            history = self._book.history(submission)
            result = with_human_marks(automatic, self._book.marks(submission))
        except Exception as error:
            self.faults.append(f"{submission}: its result could not be read: {_reason(error)}")
            return None
        page, facts = (self.folder(submission) / name for name in ("report.html", "result.json"))
        edition = f"{self._settings.language}, {len(history)} human marks"
        try:
            if page.exists() and facts.exists() and self._book.published(submission) == edition:
                return result
            write_result_json(result, self._rubric, self._settings.language, facts)
            write_student_report(result, self._rubric, self._settings.language, page)
            self._book.note_published(submission, edition)
        except Exception as error:
            self.faults.append(f"{submission}: its report could not be written: {_reason(error)}")
        return result


def _reason(error: Exception) -> str:
    """What went wrong, in a line: SQLAlchemy would add the statement and all that was to be written."""
    return f"{type(error).__name__}: {str(getattr(error, 'orig', None) or error)[:300]}"
