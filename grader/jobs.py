"""One notebook to grade, and the result of one that gave no marks."""

from __future__ import annotations

import logging
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import cast

from grader.errors import SubmissionError
from grader.records import Finding, Message, Outcome, QuestionScore, Result, Score, Status, printable, say
from grader.reports.files import EXECUTED
from grader.rubric.rubric import Limits, Rubric
from grader.settings import Sandbox, Store, versions
from grader.submission import Assignment
from grader.submission.notebook import read_bytes
from grader.training.patience import ALL_ANSWERS_SECONDS

LOG = "grader.log"
"""What the grader logged, beside a submission's reports."""
SECONDS_TO_JUDGE = 1800.0
"""What a worker may take beyond its notebook's time and waits for the trainer before it is taken to hang."""


@dataclass(frozen=True, slots=True)
class SubmittedFile:
    """What a student handed in."""

    content: bytes
    problem: Message | None = None
    """Why it could not be read; there is no content then."""

    @property
    def sha256(self) -> str:
        """Digest of the content; empty for what cannot be read."""
        return "" if self.problem is not None else sha256(self.content).hexdigest()


def read_file(path: Path) -> SubmittedFile:
    """Read a submitted file, whatever it may be."""
    try:
        return SubmittedFile(read_bytes(path))
    except SubmissionError as error:
        return SubmittedFile(b"", refusal(error))


def refusal(error: SubmissionError) -> Message:
    """Why a file is no notebook, for whoever handed it in."""
    return cast(Message, error.message)


@dataclass(frozen=True, slots=True)
class Job:
    """One notebook to grade, with all that a machine needs for it which has the grader and the data set."""

    submission: str
    path: Path
    """The submitted file, where the submissions are; a worker elsewhere has `file` instead."""
    file: SubmittedFile
    rubric: Rubric
    assignment: Assignment
    sandbox: Sandbox
    limits: Limits
    data: Path
    folder: Path | None = None
    """Where `grade_one` writes the notebook as the grader ran it, and the log of what went wrong, if anything did."""
    store: Store | None = None
    """Where trainings come from; None to train in the kernel."""
    audit: bool = False
    """Grade it once more without replay, and compare."""
    progress: Path | None = None
    """Where to write, as each cell begins, its number in the file; None where nobody watches."""
    name: str = ""
    """The student's, as it was written."""
    beside: Mapping[str, bytes] = field(default_factory=dict)
    """Files that come into the notebook's sandbox, by their path from its folder on."""

    @property
    def executed(self) -> Path | None:
        """The notebook with the outputs of the grader's run."""
        return None if self.folder is None else self.folder / EXECUTED


def longest_seconds(limits: Limits) -> float:
    """Wall time after which a submission is given up."""
    return limits.seconds_per_submission + ALL_ANSWERS_SECONDS + SECONDS_TO_JUDGE


@dataclass(frozen=True, slots=True)
class Graded:
    """What grading one notebook gave."""

    result: Result
    files: Mapping[str, bytes] = field(default_factory=dict)
    """By name, what belongs beside the reports: ``executed.ipynb``, and ``grader.log`` if anything was logged."""


def lost(job: Job, reason: str) -> Graded:
    """What is left of a job that gave no result, with the whole reason in its log."""
    return Graded(fault(job, reason), {LOG: reason.encode("utf-8", "replace")})


def unreadable(job: Job, problem: Message) -> Result:
    """The result of a file that is no notebook: a person decides what becomes of it, and it is no final zero."""
    reason = say("The file could not be read as a notebook. {problem}", problem=problem)
    return _without_marks(job, Status.NEEDS_REVIEW, reason)


def fault(job: Job, problem: str) -> Result:
    """The result where the grader itself failed: no marks yet, and never a silent zero."""
    reason = say(
        "The grader itself failed on this submission, so a person has to look at it. {problem}", problem=problem[:300]
    )
    return _without_marks(job, Status.ERROR, reason)


def is_faulty(result: Result) -> bool:
    """True if the grader itself failed on some of it."""
    return any(finding.status == Status.ERROR for question in result.score.questions for finding in question.findings)


def _without_marks(job: Job, status: Status, reason: Message) -> Result:
    questions = tuple(
        QuestionScore(
            question.id,
            0.0,
            question.points,
            tuple(
                Finding(question.id, criterion.id, status, 0.0, criterion.points, reason)
                for criterion in question.criteria
            ),
        )
        for question in job.rubric.questions
    )
    return Result(
        submission=job.submission,
        path=str(job.path),
        sha256=job.file.sha256,
        rubric_sha256=job.rubric.sha256,
        status=Outcome.FAILED,
        reason=reason,
        score=Score(0.0, job.rubric.points, provisional=True, questions=questions),
        versions=versions(),
    )


class OneLine(logging.Formatter):
    """Writes an entry on a line of its own, what came with it indented below: what a student wrote begins no entry."""

    def format(self, record: logging.LogRecord) -> str:
        """The entry, without what could command a terminal."""
        first, *more = super().format(record).splitlines() or [""]
        return "\n".join([printable(first), *(f"    {printable(line)}" for line in more)])


@contextmanager
def log_in(folder: Path | None) -> Iterator[None]:
    """Send the grader's own log to ``grader.log`` in a submission's folder; without an entry there is no file."""
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(folder / LOG, encoding="utf-8", errors="replace", delay=True)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(OneLine(f"%(asctime)s {platform.node()} %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(handler)
        handler.close()
