"""Keeps each result as it arrives and writes what people read: result.json, report.html, grades.csv, index.html."""

from __future__ import annotations

import hashlib
import os
import shlex
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from grader.checks.prose import Marked, Refiner, marked_answers
from grader.collection.shared_prose import with_shared_prose
from grader.errors import Phrase, SubmissionError, UsageError
from grader.gradebook import Gradebook, encode, identity_of, standing
from grader.jobs import LOG, Graded, is_faulty
from grader.records import Collection, HandedIn, HumanMark, Result, SettledTexts, SharedText
from grader.reports.class_page import write_class_page
from grader.reports.files import EXECUTED, write_bytes
from grader.reports.grades_csv import write_grades_csv
from grader.reports.handed_in import by_name
from grader.reports.left_out_csv import write_left_out_csv
from grader.reports.pages import look_digest
from grader.reports.result_json import write_result_json
from grader.reports.student import write_student_report
from grader.reports.text import name_order
from grader.rubric.language import Language
from grader.rubric.rubric import Rubric
from grader.scoring import add_up, with_human_marks
from grader.settings import CsvStyle, Settings, gradebook_url, identity
from grader.submission import read_assignment

PAUSE = 50.0
"""Times as long as writing the class's pages takes, until they are written again while the class is graded."""
_RUBRIC, _LANGUAGE, _CSV_STYLE = "rubric", "language", "csv style"
"""Notes in the gradebook: how the class was graded last."""


def prepare_out(out: Path, folder: Path | None = None) -> None:
    """Make OUT where it is missing.

    Raises:
        UsageError: it cannot be written to, or is the folder of submissions, where its files would be graded next.
    """
    if folder is not None and out.resolve() == folder.resolve():
        raise UsageError("--out must be another folder than that of the submissions. Received: {out}", out=out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(
            "--out must be a folder that can be written to. Received: {out} ({reason})", out=out, reason=error.strerror
        ) from error


def known_submissions(settings: Settings) -> list[str]:
    """Ids of all submissions that were ever graded into this gradebook.

    Raises:
        UsageError: the gradebook cannot be opened.
    """
    if not settings.gradebook and not (settings.out / "gradebook.db").is_file():
        return []
    book = Gradebook(settings.gradebook_url)
    try:
        return [*book.submissions(), *book.submissions(in_folder=False)]
    finally:
        book.close()


def settle(settings: Settings, shared: Sequence[SharedText]) -> tuple[SettledTexts, tuple[SharedText, ...]]:
    """What holds of the texts that most submissions share, and those of which nobody has said whose they are.

    Who says it says it of all that was found so far; what is found later is told again.

    Raises:
        UsageError: the gradebook cannot be opened.
    """
    settled = SettledTexts(False, ())
    if settings.gradebook or (settings.out / "gradebook.db").is_file():
        book = Gradebook(settings.gradebook_url)
        settled = book.settled()
        book.close()
    known = {(text.kind, text.key) for text in settled.texts}
    pending = tuple(text for text in shared if (text.kind, text.key) not in known)
    if settings.shared is None:
        return settled, pending
    return SettledTexts(settings.shared == "given", (*settled.texts, *pending)), ()


@dataclass(frozen=True, slots=True)
class ClassBook:
    """A class that was graded before: its gradebook, and how it was graded."""

    book: Gradebook
    rubric: Rubric
    language: Language


def keep_how_graded(book: Gradebook, rubric: Rubric, language: Language) -> None:
    """Note in the gradebook what those who open it later need to know."""
    book.keep_note(_RUBRIC, rubric.model_dump_json())
    book.keep_note(_LANGUAGE, language)


def open_class(out: Path, gradebook: str = "", language: Language | None = None) -> ClassBook:
    """What an earlier `grade` left in OUT.

    Raises:
        UsageError: nothing was graded there, or by a version of the grader whose rubrics differ.
    """
    if not gradebook and not (out / "gradebook.db").is_file():
        raise UsageError(
            "OUT must be the folder of a class that was graded. Received: {out}, without a gradebook.db", out=out
        )
    book = Gradebook(gradebook_url(out, gradebook))
    document = book.note(_RUBRIC)
    if document is None:
        raise UsageError("a class must have been graded with this version of the grader. Received: {out}", out=out)
    try:
        rubric = Rubric.model_validate_json(document)
    except ValidationError as error:
        raise UsageError(
            "a class must have been graded with this version of the grader. Received: {out}", out=out
        ) from error
    return ClassBook(book, rubric, language or cast(Language, book.note(_LANGUAGE) or rubric.language))


def desk_command(out: Path, gradebook: str = "") -> str:
    """What opens the review desk, from any folder; a database's own address may hold a password, and stays away."""
    words = ["grader", "review", str(out.resolve())]
    return shlex.join(words) + (" --gradebook URL" if gradebook else "")


def make_refiner(rubric: Rubric) -> Refiner:
    """A refiner that knows the assignment's own words, as far as the assignment is still there."""
    try:
        cells = read_assignment(rubric.assignment_paths).cells
    except (SubmissionError, OSError):
        cells = ()
    return Refiner(rubric, [cell.source for cell in cells])


class Pages:
    """The files that people and other programs read, made of what the gradebook holds."""

    def __init__(
        self,
        book: Gradebook,
        rubric: Rubric,
        language: Language,
        out: Path,
        gradebook: str = "",
        csv_style: CsvStyle | None = None,
    ) -> None:
        self._book = book
        self._rubric = rubric
        self._language = language
        self._out = out
        self._csv_style = csv_style or book.note(_CSV_STYLE) or "plain"
        self._desk = desk_command(out, gradebook)
        self._collection = book.collection()
        self._handed_in = {one.submission: one for one in self._collection.submissions}
        self._refiner = make_refiner(rubric)
        self._learned = self._learn()
        self.gone = tuple(sorted(book.submissions(in_folder=False), key=name_order))
        """Ids of those that were graded before and are in the folder no longer."""
        self.faults: list[Phrase] = []
        """What could not be written, and why: the grader's own failures."""

    def _learn(self) -> Marked:
        """What people's marks teach about the rest of the class."""
        marks = standing(self._book.history_since(0))
        results = {submission: self._book.result(submission) for submission in {mark.submission for mark in marks}}
        known = {submission: result for submission, result in results.items() if result is not None}
        return marked_answers(known, marks, self._rubric)

    @property
    def class_page(self) -> Path:
        """``index.html``."""
        return self._out / "index.html"

    def write_class(self, results: Sequence[Result]) -> None:
        """Write ``grades.csv``, ``left_out.csv`` and ``index.html``."""
        try:
            self._book.keep_note(_CSV_STYLE, self._csv_style)
            write_grades_csv(results, self._rubric, self._out / "grades.csv", self._csv_style)
            write_left_out_csv(self._collection.left_out, self._language, self._out / "left_out.csv", self._csv_style)
            write_class_page(
                results,
                self._rubric,
                self._language,
                self.class_page,
                missing=self.missing(results),
                desk=self._desk,
                left_out=self._collection.left_out,
                gone=self.gone,
                shared=self._collection.shared,
            )
        except Exception as error:
            self._tell(Phrase("the class's pages could not be written: {why}", why=_reason(error)))

    def _tell(self, fault: Phrase) -> None:
        """Keep what failed, once: nothing that fails here ends the class."""
        if fault not in self.faults:
            self.faults.append(fault)

    def missing(self, results: Iterable[Result]) -> tuple[str, ...]:
        """Names of those who handed in a notebook and are not among the results."""
        there = {result.submission for result in results}
        names = [one.called for one in self._collection.submissions if one.submission not in there]
        return tuple(sorted(names, key=name_order))

    def write_submission(self, submission: str) -> Result | None:
        """The result with what people decided; ``report.html`` and ``result.json`` show it when this returns."""
        try:
            automatic = self._book.result(submission)
            if automatic is None:
                return None
            result = self.named(self._decided(automatic, self._book.marks(submission)))
        except Exception as error:
            self._tell(Phrase("{who}: the result could not be read: {why}", who=submission, why=_reason(error)))
            return None
        page, facts = (self._out / submission / name for name in ("report.html", "result.json"))
        edition = hashlib.sha256(f"{self._language} {look_digest()} {encode(result)}".encode()).hexdigest()
        try:
            if page.exists() and facts.exists() and self._book.published(submission) == edition:
                return result
            write_result_json(result, self._rubric, self._language, facts)
            write_student_report(result, self._rubric, self._language, page)
            self._book.note_published(submission, edition)
        except Exception as error:
            self._tell(Phrase("{who}: the report could not be written: {why}", who=submission, why=_reason(error)))
        return result

    def named(self, result: Result) -> Result:
        """The result with what is known of who handed it in."""
        return self._book.as_handed_in([result], self._handed_in)[0]

    def _decided(self, result: Result, marks: Sequence[HumanMark]) -> Result:
        result = with_shared_prose(result, self._collection.shared, self._rubric)
        if self._learned:
            refined = self._refiner.refine(result, self._learned)
            findings = [finding for question in refined.score.questions for finding in question.findings]
            if refined != result:
                result = replace(result, score=add_up(findings, self._rubric))
        return with_human_marks(result, marks)


@dataclass(frozen=True, slots=True)
class Reported:
    """What was written anew of a class."""

    results: tuple[Result, ...]
    faults: tuple[Phrase, ...]
    """What could not be written, and why."""
    missing: tuple[str, ...]
    """Names of those of whom nothing has been graded yet."""
    language: Language


def report_class(
    out: Path,
    gradebook: str = "",
    language: Language | None = None,
    csv_style: CsvStyle | None = None,
    follow: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> Reported:
    """Write a class's reports and pages anew, after review.

    Args:
        csv_style: as it was written last if not given.
        follow: goes through the submissions, and may show how far it is.

    Raises:
        UsageError: nothing was graded there.
    """
    graded = open_class(out, gradebook, language)
    prepare_out(out)
    pages = Pages(graded.book, graded.rubric, graded.language, out, gradebook, csv_style)
    found = [pages.write_submission(submission) for submission in follow(graded.book.submissions())]
    results = tuple(by_name(result for result in found if result is not None))
    pages.write_class(results)
    graded.book.close()
    return Reported(results, tuple(pages.faults), pages.missing(results), graded.language)


class Publisher:
    """The gradebook of a class that is being graded, and the files made from it."""

    def __init__(self, rubric: Rubric, settings: Settings, collection: Collection, settled: SettledTexts) -> None:
        self._settings = settings
        self._identity = identity(rubric, settings, settled.texts if settled.given else ())
        self._book = Gradebook(settings.gradebook_url)
        keep_how_graded(self._book, rubric, settings.language)
        self._book.keep_identity(self._identity)
        self._collected = {one.submission: one for one in collection.submissions}
        self._book.keep_collection(collection)
        self._book.set_folder([*self._collected])
        self._book.settle(settled)
        self._pages = Pages(self._book, rubric, settings.language, settings.out, settings.gradebook, settings.csv_style)
        self._shown: dict[str, Result] = {}
        self._earlier = set(self._book.submissions())
        self._show_again = 0.0

    @property
    def faults(self) -> list[Phrase]:
        """What could not be kept or written, and why: the grader's own failures."""
        return self._pages.faults

    @property
    def class_page(self) -> Path:
        """Where the class's page is, from the first result on."""
        return self._pages.class_page

    @property
    def gone(self) -> tuple[str, ...]:
        """Ids of those that were graded before and are in the folder no longer."""
        return self._pages.gone

    def named(self, result: Result) -> Result:
        """The result with what is known of who handed it in."""
        return self._pages.named(result)

    def decided(self, result: Result) -> Result:
        """A result that was kept, as the pages show it: with what people decided."""
        return self._shown.get(result.submission) or self.named(result)

    def folder(self, submission: str) -> Path:
        """Where everything about one submission stands."""
        return self._settings.out / submission

    def is_graded(self, one: HandedIn) -> bool:
        """True if exactly this was graded before, in exactly this way, without a fault of the grader's."""
        return self._book.graded(one.submission, one.sha256, identity_of(self._identity, one))

    def keep(self, graded: Graded) -> bool:
        """Record a result, and write its files. False where it could not be kept, which `faults` then explains.

        A result with a fault of ours is kept, but graded again next time.
        """
        result = graded.result
        try:
            self._write(result.submission, graded.files)
            made = identity_of(self._identity, self._collected.get(result.submission))
            self._book.record(result, "" if is_faulty(result) else made)
        except Exception as error:
            self.faults.append(
                Phrase("{who}: the result could not be kept: {why}", who=result.submission, why=_reason(error))
            )
            return False
        self._read(result.submission)
        return True

    def show(self) -> None:
        """Write the class's pages as far as it is graded: with the first result, and then as often as costs little."""
        began = time.monotonic()
        if began < self._show_again:
            return
        for submission in self._earlier - self._shown.keys():
            self._read(submission)
        self._pages.write_class(by_name(self._shown.values()))
        ended = time.monotonic()
        self._show_again = ended + PAUSE * (ended - began)

    def _read(self, submission: str) -> None:
        """Have its files written, and its result at hand for the class's pages."""
        result = self._pages.write_submission(submission)
        if result is not None:
            self._shown[submission] = result

    def _write(self, submission: str, files: Mapping[str, bytes]) -> None:
        """Write what grading left, in the place of what an earlier one left."""
        folder = self.folder(submission)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (EXECUTED, LOG):
            if name in files:
                write_bytes(folder / name, files[name])
            else:
                (folder / name).unlink(missing_ok=True)

    def finish(self) -> tuple[Result, ...]:
        """Write the class's pages from all results, and whatever single files are missing or of an earlier edition."""
        found = (self._pages.write_submission(submission) for submission in self._collected)
        results = tuple(by_name(result for result in found if result is not None))
        self._pages.write_class(results)
        self._book.close()
        return results


def _reason(error: Exception) -> str:
    """What went wrong, in a line: SQLAlchemy would add the statement and all that was to be written."""
    return f"{type(error).__name__}: {str(getattr(error, 'orig', None) or error)[:300]}"
