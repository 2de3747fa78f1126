"""The flow, from a folder of notebooks to marks and pages. Start reading here.

notebook -> parse_submission -> run_submission -> judge -> add_up -> Publisher: gradebook, reports, pages
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from grader.audit import chosen_for_audit, differences
from grader.checks import judge, prepare
from grader.checks.context import CAUSE
from grader.choosing import choose
from grader.deadline import OutOfTimeError, limited
from grader.errors import DeadlineError, Phrase, SubmissionError, TrainerError
from grader.execution.attempts import run_submission
from grader.execution.sandbox import check_unseen
from grader.execution.warm import warm_up
from grader.executors import Executor, Finished, Started, open_executor
from grader.head_start import give_head_start
from grader.jobs import Graded, Job, fault, is_faulty, log_in, longest_seconds, lost, read_file, refusal, unreadable
from grader.machine import check_machine, needs, open_store
from grader.planning import Schedule
from grader.processes import folder_for_now, give_memory_back
from grader.records import CellError, Evidence, Finding, HandedIn, LeftOut, Outcome, Result, SharedText, Submission
from grader.reports.text import name_order
from grader.rubric.rubric import Rubric
from grader.scoring import add_up
from grader.settings import Settings, Store, versions
from grader.submission import Assignment, cell_errors, foresee, looked_at, parse_submission, read_assignment
from grader.training.data import load_data
from grader.training.service import TrainerProcess, Trainings, open_trainings
from grader.training.trajectories import Trajectories
from grader.training.work import budget_for

READING_SECONDS = 300.0
"""Of this process's own work; an honest notebook needs less than one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many submissions there are to grade, and how many have not changed since they were graded."""

    to_grade: int
    unchanged: int
    class_page: Path
    """It is there from the first result on."""
    seconds_left: Callable[[], float | None]
    """Until the last result, whenever it is asked; None as long as that cannot be told."""
    shared: tuple[SharedText, ...] = ()
    """What most submissions have in common, as far as nobody has said whose it is."""


@dataclass(frozen=True, slots=True)
class ClassReport:
    """What came out of grading a class."""

    results: tuple[Result, ...]
    faults: tuple[Phrase, ...]
    """What the grader itself failed at, in a line each."""
    missing: tuple[str, ...]
    """Names of submissions without a result, or with an outdated one: an interrupt came first, it could not be kept, or
    only others were asked for."""
    interrupted: bool
    left_out: tuple[LeftOut, ...] = ()
    """What was handed in and is not graded."""
    gone: tuple[str, ...] = ()
    """Ids of those that were graded before and are in the folder no longer."""


Watch = Callable[[Plan | Started[Job] | Result], None]


def grade_one(job: Job) -> Result:
    """Grade one notebook. Every notebook gets a result: what cannot be read fails, our own faults are named as ours."""
    with log_in(job.folder):
        try:
            return _read_run_judge(job)
        except SubmissionError as error:
            return unreadable(job, refusal(error))
        except Exception as error:
            logging.getLogger(__name__).exception("%s: the grader failed", job.submission)
            return fault(job, f"{type(error).__name__}: {error}")


def _read_run_judge(job: Job) -> Result:
    began = time.monotonic()
    if job.file.problem is not None:
        raise SubmissionError(job.file.problem)
    submission = _read(job)
    warm_up(job.sandbox, job.data)
    trainings = _trainings(job)
    with ThreadPoolExecutor(1) as beside:  # while a kernel runs, this process would only wait
        ready = beside.submit(prepare, job.rubric, job.data)
        evidence = run_submission(
            submission,
            job.rubric,
            sandbox=job.sandbox,
            limits=job.limits,
            data=job.data,
            executed=job.executed,
            trainings=trainings,
            begins=None if job.progress is None else partial(_note, job.progress),
            beside=job.beside,
        )
    ready.result()
    ran = time.monotonic()
    judgement = judge(submission, evidence, job.rubric, job.data, trainings)
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
        errors=_errors(submission, evidence, job.rubric),
        looked_at=looked_at(submission, judgement.findings, CAUSE),
        not_begun=judgement.not_begun,
        file_doubt=judgement.file_doubt,
        notes=judgement.notes,
        flags=judgement.flags,
        seconds={"run": round(ran - began, 3), "judge": round(ended - ran, 3), "total": round(ended - began, 3)},
        peak_memory_mb=evidence.peak_memory_mb,
        versions=versions(),
        audit=None if findings is None else differences(judgement.findings, findings),
    )


def _read(job: Job) -> Submission:
    """Raises SubmissionError; DeadlineError where it takes too long."""
    try:
        with limited(READING_SECONDS):
            return parse_submission(job.file.content, job.path, job.submission, job.rubric, job.assignment)
    except OutOfTimeError:
        raise DeadlineError(f"a notebook must be read in {READING_SECONDS:g} seconds. Received: none") from None


def _note(progress: Path, cell: int) -> None:
    progress.write_text(str(cell), encoding="ascii")


def _errors(submission: Submission, evidence: Evidence, rubric: Rubric) -> tuple[CellError, ...]:
    """What stopped the notebook's cells. No mark depends on it, so that a fault in here costs nothing else."""
    try:
        return cell_errors(submission, evidence, rubric)
    except Exception:
        logging.getLogger(__name__).exception("%s: the errors of its cells", submission.id)
        return ()


def _trainings(job: Job) -> Trainings | None:
    """What the trusted trainer has and does; without a trainer the kernel trains, and no submission is lost."""
    if job.store is None:
        return None
    try:
        trainings = open_trainings(job.store.url, job.store.max_bytes, job.store.trainer)
        return trainings.for_submission(job.submission, budget_for(job.limits))
    except OSError as error:
        logging.getLogger(__name__).warning("%s: trained in the kernel: %s", job.submission, error)
        return None


def _without_replay(job: Job, submission: Submission) -> tuple[Finding, ...]:
    evidence = run_submission(
        submission, job.rubric, sandbox=job.sandbox, limits=job.limits, data=job.data, beside=job.beside
    )
    return judge(submission, evidence, job.rubric, job.data).findings


def start_trainer() -> TrainerProcess | None:
    """One trainer for all workers of this machine; None where it does not start."""
    trainer = TrainerProcess()
    try:
        trainer.wait()
    except TrainerError as error:
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
    # workers collect and publish nothing, and begin sooner without
    from grader.collection import collect
    from grader.publishing import Publisher, known_submissions, prepare_out, settle

    assignment = read_assignment(rubric.assignment_paths)
    collection = collect(folder, rubric, assignment, known=known_submissions(settings), skip=(settings.out,))
    settled, pending = settle(settings, collection.shared)
    collection = replace(collection, shared=pending)
    if settled.given:
        assignment = assignment.with_shared(settled.texts)
    chosen = choose(settings.only, collection.submissions, collection.left_out)
    load_data(settings.data)
    check_unseen(settings.sandbox, (folder, settings.out, *rubric.files))
    with (
        open_executor(settings.executor, workers=settings.workers, scheduler=settings.scheduler) as executor,
        _checked(executor, settings),
    ):
        prepare_out(settings.out, folder)
        publisher = Publisher(rubric, settings, collection, settled)
        graded = {one.submission for one in collection.submissions if publisher.is_graded(one)}
        to_grade = {
            one.submission: one
            for one in collection.submissions
            if (one.submission in chosen if settings.only else settings.regrade or one.submission not in graded)
        }
        paths = [(submission, folder / one.file) for submission, one in to_grade.items()]
        schedule = Schedule(paths, foresee, settings.workers, time.monotonic)
        watch(Plan(len(to_grade), len(graded - to_grade.keys()), publisher.class_page, schedule.seconds_left, pending))
        faults, interrupted = [], False
        try:
            if to_grade:
                give_head_start(executor, settings.sandbox, settings.data, len(to_grade))
            with ExitStack() as ends:
                store = _store(settings, executor, ends) if to_grade else None
                jobs = _jobs(folder, schedule, to_grade, rubric, assignment, settings, store)
                events = ends.enter_context(
                    closing(executor.run(grade_apart, jobs, seconds=longest_seconds(settings.limits)))
                )
                for event in events:
                    if isinstance(event, Started):
                        schedule.begin(event.job.submission)
                        watch(event)
                        continue
                    outcome = event.value if isinstance(event, Finished) else lost(event.job, event.reason)
                    result = outcome.result
                    schedule.end(result.submission)
                    kept = publisher.keep(outcome)
                    if kept:
                        graded.add(result.submission)
                        publisher.show()
                    if is_faulty(result):
                        where = publisher.folder(result.submission)
                        faults.append(
                            Phrase("{who}: the grader failed on it; see {where}", who=result.submission, where=where)
                        )
                    watch(publisher.decided(result) if kept else publisher.named(result))
        except KeyboardInterrupt:
            interrupted = True
    if settings.store is not None and to_grade:
        Trajectories(settings.store.url, settings.store.max_bytes).trim()
    results = publisher.finish()
    graded &= {result.submission for result in results}
    not_graded = [one.called for one in collection.submissions if one.submission not in graded]
    missing = tuple(sorted(not_graded, key=name_order))
    return ClassReport(results, (*faults, *publisher.faults), missing, interrupted, collection.left_out, publisher.gone)


def grade_apart(job: Job) -> Graded:
    """`grade_one` for whoever asks from another process, or another machine: what it writes is handed back."""
    with folder_for_now("o-") as folder:
        result = grade_one(replace(job, folder=folder))
        give_memory_back()
        return Graded(result, {file.name: file.read_bytes() for file in folder.iterdir()})


def _jobs(
    folder: Path,
    schedule: Schedule,
    to_grade: Mapping[str, HandedIn],
    rubric: Rubric,
    assignment: Assignment,
    settings: Settings,
    store: Store | None,
) -> Iterator[Job]:
    """The jobs of a class, each read when it is its turn."""
    from grader.collection import read_beside

    audited = chosen_for_audit([*to_grade], settings.audit)
    for_all = {path.name: path.read_bytes() for path in settings.beside}
    for submission, path in schedule:
        yield Job(
            submission,
            path,
            read_file(path),
            rubric,
            assignment,
            settings.sandbox,
            settings.limits,
            settings.data,
            store=store,
            audit=submission in audited,
            name=to_grade[submission].called,
            beside={**read_beside(folder, to_grade[submission].file, to_grade[submission].beside), **for_all},
        )


def _store(settings: Settings, executor: Executor, ends: ExitStack) -> Store | None:
    """The store, with one trainer for all workers of this machine; workers elsewhere start their own."""
    if settings.store is None or not executor.same_machine:
        return settings.store
    trainer = start_trainer()
    if trainer is None:
        return settings.store
    ends.callback(trainer.close)
    return replace(settings.store, trainer=str(trainer.socket))


@contextmanager
def _checked(executor: Executor, settings: Settings) -> Iterator[None]:
    """See that every machine can grade in this way; while the context lasts, also those that join later.

    Raises:
        UsageError, SandboxError, DataError: one cannot.
    """
    with ExitStack() as signs:
        store = sign = ""
        if settings.store is not None and not executor.same_machine:
            store = settings.store.url
            sign = signs.enter_context(open_store(store).signed())
        executor.check(partial(check_machine, needs(settings, store, sign)))
        yield
