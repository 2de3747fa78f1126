"""The flow, from a folder of notebooks to marks and pages. Start reading here.

notebook -> read_submission -> run_submission -> judge -> add_up -> Publisher: gradebook, reports, pages
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from grader.audit import chosen_for_audit, differences
from grader.checks import judge
from grader.errors import SubmissionError, TrainerError
from grader.execution import check_sandbox, run_submission
from grader.executors import Finished, Started, run_jobs
from grader.jobs import Job, fault, file_digest, is_faulty, log_in, unreadable
from grader.publishing import Publisher, free_id, prepare_out
from grader.records import Finding, Outcome, Result, Submission
from grader.rubric import Rubric
from grader.scoring import add_up
from grader.settings import Settings, versions
from grader.submission import find_notebooks, read_assignment, read_submission
from grader.training.data import load_data
from grader.training.service import TrainerProcess, Trainings, open_trainings
from grader.training.trajectories import Trajectories

SECONDS_TO_JUDGE = 1800.0
"""What a worker may take beyond its notebook's time before it is taken to hang."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many submissions there are to grade, and how many have not changed since they were graded."""

    to_grade: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class ClassReport:
    """What came out of grading a class."""

    results: tuple[Result, ...]
    faults: tuple[str, ...]
    """What the grader itself failed at, in a line each."""
    missing: int
    """Submissions without a result: an interrupt came first, or it could not be kept."""
    interrupted: bool


Watch = Callable[[Plan | Started[Job] | Result], None]


def grade_one(job: Job) -> Result:
    """Grade one notebook. Every notebook gets a result: what cannot be read fails, our own faults are named as ours."""
    with log_in(job.folder):
        try:
            return _read_run_judge(job)
        except SubmissionError as error:
            return unreadable(job, str(error))
        except Exception as error:
            logging.getLogger(__name__).exception("%s: the grader failed", job.submission)
            return fault(job, f"{type(error).__name__}: {error}")


def _read_run_judge(job: Job) -> Result:
    began = time.monotonic()
    submission = read_submission(job.path, job.submission, job.rubric, job.assignment)
    evidence = run_submission(
        submission,
        job.rubric,
        sandbox=job.sandbox,
        limits=job.limits,
        data=job.data,
        executed=job.executed,
        trainings=_trainings(job),
    )
    ran = time.monotonic()
    judgement = judge(submission, evidence, job.rubric, job.data)
    ended = time.monotonic()
    findings = _without_replay(job, submission) if job.audit else None
    return Result(
        submission=job.submission,
        path=str(job.path),
        sha256=submission.sha256,
        rubric_sha256=job.rubric.sha256,
        status=Outcome.GRADED if evidence.cut_short is None else Outcome.PARTIAL,
        reason=evidence.cut_short,
        score=add_up(judgement.findings, job.rubric),
        trainings=judgement.trainings,
        passages={question: place.passages for question, place in submission.places.items()},
        notes=judgement.notes,
        seconds={"run": round(ran - began, 3), "judge": round(ended - ran, 3), "total": round(ended - began, 3)},
        peak_memory_mb=evidence.peak_memory_mb,
        versions=versions(),
        audit=None if findings is None else differences(judgement.findings, findings),
    )


def _trainings(job: Job) -> Trainings | None:
    """What the trusted trainer has and does; without a trainer the kernel trains, and no submission is lost."""
    if job.store is None:
        return None
    try:
        return open_trainings(job.store.url, job.store.max_bytes, job.store.trainer)
    except (TrainerError, OSError) as error:
        logging.getLogger(__name__).warning("%s: trained in the kernel: %s", job.submission, error)
        return None


def _without_replay(job: Job, submission: Submission) -> tuple[Finding, ...]:
    evidence = run_submission(submission, job.rubric, sandbox=job.sandbox, limits=job.limits, data=job.data)
    return judge(submission, evidence, job.rubric, job.data).findings


def start_trainer(settings: Settings) -> TrainerProcess | None:
    """One trainer for all workers of this machine."""
    if settings.store is None:
        return None
    trainer = TrainerProcess()
    try:
        trainer.wait()
    except TrainerError as error:
        trainer.close()
        logging.getLogger(__name__).warning("everything is trained in the kernels: %s", error)
        return None
    return trainer


def grade_class(folder: Path, rubric: Rubric, settings: Settings, watch: Watch) -> ClassReport:
    """Grade what is new or changed in a folder, keep each result as it arrives, and write the pages.

    Args:
        watch: is told the plan, each start, and each result.

    Raises:
        UsageError, SandboxError, DataError: before anything is graded.
    """
    found = [(free_id(name), path) for name, path in find_notebooks(folder)]
    check_sandbox(settings.sandbox)
    load_data(settings.data)
    prepare_out(settings.out, folder)
    publisher = Publisher(rubric, settings)
    assignment = read_assignment(rubric.assignment_path)
    graded = {submission for submission, path in found if publisher.is_graded(submission, file_digest(path))}
    to_grade = [(submission, path) for submission, path in found if settings.regrade or submission not in graded]
    audited = chosen_for_audit([submission for submission, _ in to_grade], settings.audit)
    trainer = start_trainer(settings) if to_grade else None
    store = settings.store
    if store is not None and trainer is not None:
        store = replace(store, trainer=str(trainer.socket))
    jobs = [
        Job(
            submission,
            path,
            rubric,
            assignment,
            settings.sandbox,
            settings.limits,
            settings.data,
            publisher.folder(submission),
            store,
            submission in audited,
        )
        for submission, path in to_grade
    ]
    watch(Plan(len(jobs), len(found) - len(jobs)))
    faults, interrupted = [], False
    seconds = settings.limits.seconds_per_submission + SECONDS_TO_JUDGE
    try:
        with closing(run_jobs(grade_one, jobs, workers=settings.workers, seconds=seconds)) as events:
            for event in events:
                if isinstance(event, Started):
                    watch(event)
                    continue
                result = event.value if isinstance(event, Finished) else fault(event.job, event.reason)
                if publisher.keep(result):
                    graded.add(result.submission)
                if is_faulty(result):
                    faults.append(
                        f"{result.submission}: the grader failed on it; see {publisher.folder(result.submission)}"
                    )
                watch(result)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        if trainer is not None:
            trainer.close()
    if settings.store is not None and to_grade:
        Trajectories(settings.store.url, settings.store.max_bytes).trim()
    results = publisher.finish([submission for submission, _ in found], graded)
    return ClassReport(results, (*faults, *publisher.faults), len(found) - len(results), interrupted)
