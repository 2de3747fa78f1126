"""Runs a submission to its end, in more than one kernel where one did not survive a cell.

When a cell ends its kernel, what came before it has its evidence, and what comes after it still deserves a run: a fresh
kernel runs the other cells again, without that one. Trainings that the trainer knows are replayed, so that this costs
seconds; the time that a submission may take holds for all its kernels together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat

from grader.errors import DeadlineError, SandboxError
from grader.execution.desk import TrainingDesk
from grader.execution.ending import run_session
from grader.execution.sandbox import Kind, Room
from grader.execution.session import Session
from grader.execution.warm import Nursery, nurseries
from grader.processes import make_folder, remove_folder
from grader.records import Callback, CellRun, CellStatus, Evidence, Submission, Training, say
from grader.rubric.rubric import Limits, Rubric
from grader.threads import begin
from grader.training.allowance import StoreAllowance
from grader.training.service import Trainings

REMOVE_SECONDS = 60.0
"""How long removing what a kernel left behind may take; then its worker is replaced, and another removes it."""
MAX_KERNELS = 4
"""Kernels that one submission may end, and the one after them."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one kernel, or several one after the other, showed of a notebook."""

    evidence: Evidence
    notebook: Any
    """With the outputs of this run."""
    lost_in: int | None
    """The cell that the kernel did not survive."""
    used: float
    """Seconds of the submission's own."""


@dataclass(frozen=True, slots=True)
class Runner:
    """How a submission's kernels are run."""

    submission: Submission
    rubric: Rubric
    sandbox: Kind
    limits: Limits
    data: Path
    trainings: Trainings | None
    begins: Callable[[int], None] | None = None
    beside: Mapping[str, bytes] = field(default_factory=dict)
    allowance: StoreAllowance | None = None

    def attempt(self, lost: Mapping[int, CellRun], used: float) -> Attempt:
        """Run all cells but the lost ones in a fresh kernel. Raises SandboxError, DeadlineError."""
        warm = nurseries(self.data) if self.sandbox == "bwrap" else None
        nursery = None if warm is None else warm.get()
        if warm is not None and nursery is not None:
            try:
                return self._attempt(nursery.room(), nursery, lost, used)
            except SandboxError as error:
                warm.failed(error)
        return self._attempt(Room(make_folder("g-")), None, lost, used)

    def _attempt(self, room: Room, nursery: Nursery | None, lost: Mapping[int, CellRun], used: float) -> Attempt:
        try:
            room.make(self.data, self.sandbox)
            desk = self._desk(room)
            session = Session(
                self.submission, self.rubric, self.limits, room, self.data, self.sandbox, desk, nursery, lost, used
            )
            session.begins, session.beside = self.begins, self.beside
            evidence = run_session(session)
            if nursery is not None and not nursery.alive:
                raise SandboxError("a nursery must outlive its kernels. Received: it ended")
            if desk is not None and desk.failure and evidence.cut_short is not None:
                raise DeadlineError(f"no limit may hold for what the trainer did not do. Received: {desk.failure}")
            return Attempt(evidence, session.notebook, session.lost_in, session.used)
        finally:
            wait({begin(remove_folder, room.root)}, REMOVE_SECONDS)

    def _desk(self, room: Room) -> TrainingDesk | None:
        if self.trainings is None:
            return None
        return TrainingDesk(room.exchange, self.trainings, self.submission.id, self.allowance)


def run_submission(
    submission: Submission,
    rubric: Rubric,
    *,
    sandbox: Kind,
    limits: Limits,
    data: Path,
    executed: Path | None = None,
    trainings: Trainings | None = None,
    begins: Callable[[int], None] | None = None,
    beside: Mapping[str, bytes] | None = None,
) -> Evidence:
    """Run a submission's notebook in a kernel of its own, and what a kernel's end has left in another.

    Args:
        sandbox: ``bwrap`` or ``none``.
        limits: reaching one cuts the run short; what ran is kept.
        data: folder with the data set's four files.
        executed: where to write the notebook with the outputs of this run.
        trainings: what the trusted trainer has and does; None to train everything in the kernel.
        begins: is told the index of each cell that begins.
        beside: files that come into the sandbox, by their path from the notebook's folder on.

    Raises:
        SandboxError: the kernel cannot be started at all.
        DataError: the data set is missing or damaged.
        DeadlineError: the grader itself was too slow, and a mark would depend on it.
    """
    allowance = None if trainings is None else StoreAllowance(trainings.store.max_bytes)
    runner = Runner(submission, rubric, sandbox, limits, data, trainings, begins, beside or {}, allowance)
    whole = runner.attempt({}, 0.0)
    lost: dict[int, CellRun] = {}
    while whole.lost_in is not None and len(lost) < MAX_KERNELS - 1 and _worth_more(whole, limits):
        lost[whole.lost_in] = whole.evidence.runs[whole.lost_in]
        try:
            again = runner.attempt(lost, whole.used)
        except SandboxError:
            break
        if not _repeats(whole, again):
            break
        whole = _joined(whole, again, lost)
    if executed is not None:
        executed.parent.mkdir(parents=True, exist_ok=True)
        executed.write_bytes(nbformat.writes(whole.notebook).encode("utf-8", "replace"))
    return whole.evidence


def _worth_more(whole: Attempt, limits: Limits) -> bool:
    """True if cells are left to run, and time to run them in."""
    return bool(_after(whole)) and whole.used < limits.seconds_per_submission


def _after(whole: Attempt) -> list[int]:
    """The cells that come after the lost one, in the order in which they run."""
    order = list(whole.evidence.runs)
    return order[order.index(whole.lost_in) + 1 :] if whole.lost_in in order else []


def _repeats(whole: Attempt, again: Attempt) -> bool:
    """True if what ran before the lost cell ran as well this time."""
    later = {whole.lost_in, *_after(whole)}
    return all(
        again.evidence.runs[index].status is CellStatus.OK
        for index, run in whole.evidence.runs.items()
        if index not in later and run.status is CellStatus.OK
    )


def _joined(whole: Attempt, again: Attempt, lost: Mapping[int, CellRun]) -> Attempt:
    """The later run's evidence, and that of the lost cells from the earlier ones."""
    first, second = _only(lost, whole.evidence), again.evidence
    for cell in lost:
        again.notebook.cells[cell].outputs = whole.notebook.cells[cell].get("outputs", [])
    remark = say(
        "Cell {cell} ended the kernel; the other cells were run in a fresh one, without it.",
        cell=(whole.lost_in or 0) + 1,
    )
    remarks = [*first.remarks, remark]
    evidence = Evidence(
        runs={**second.runs, **lost},
        trainings=_in_order(first.trainings, second.trainings),
        calls=tuple(sorted([*first.calls, *second.calls], key=lambda call: call.cell)),
        callbacks=(*second.callbacks, *first.callbacks),
        cut_short=first.cut_short,
        seconds=first.seconds + second.seconds,
        peak_memory_mb=max(first.peak_memory_mb, second.peak_memory_mb),
        flags=(*first.flags, *(flag for flag in second.flags if flag not in first.flags)),
        remarks=(*remarks, *(item for item in second.remarks if item not in remarks)),
    )
    return replace(again, evidence=evidence)


def _in_order(*runs: Sequence[Training]) -> tuple[Training, ...]:
    """The trainings of several runs by cell, numbered anew; what went on from one that is gone began with anything."""
    every = sorted(((run, item) for run, part in enumerate(runs) for item in part), key=lambda one: one[1].cell)
    places = {(run, item.id): place for place, (run, item) in enumerate(every)}

    def moved(run: int, item: Training) -> Training:
        before = None if item.goes_on_from is None else places.get((run, item.goes_on_from))
        start = "other" if before is None and item.start == "training" else item.start
        return replace(item, id=places[run, item.id], goes_on_from=before, start=start)

    return tuple(moved(run, item) for run, item in every)


def _only(lost: Mapping[int, CellRun], evidence: Evidence) -> Evidence:
    """What happened in lost cells, with names that no later kernel uses for something else."""

    def named(name: str) -> str:
        return f"{name}-{len(lost)}"

    def renamed(callback: Callback) -> Callback:
        return replace(callback, id=named(callback.id))

    return replace(
        evidence,
        trainings=tuple(
            replace(
                training,
                model=named(training.model),
                callbacks=tuple(renamed(callback) for callback in training.callbacks),
            )
            for training in evidence.trainings
            if training.cell in lost
        ),
        calls=tuple(replace(call, model=named(call.model)) for call in evidence.calls if call.cell in lost),
        callbacks=tuple(renamed(callback) for callback in evidence.callbacks if callback.cell in lost),
    )
