"""Where the seconds of one replayed submission go.

    python benchmarks/profile_submission.py [NOTEBOOK] [--store DIR] [--rounds 3] [--kernel]

Grades the notebook as a worker of `grader grade` does, in this process. The first run fills the store and is not
counted; the rounds after it are replayed, and their medians are printed: each phase's own time, without that of the
phases inside it, so that the shares add up to 100 %. What one grader or one worker pays only once stands apart.

What the cells cost is split further: how long the kernel waited for answers of the trusted side, by kind of question,
and, with ``--kernel``, cProfile's view from inside the kernel, of one more run that is slower for being profiled.

Nothing in the grader knows of this: methods are wrapped from here. A phase whose method is renamed stops the profile
with an AttributeError, so that no time is lost silently.
"""

from __future__ import annotations

import argparse
import contextlib
import contextvars
import functools
import importlib
import inspect
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grader.execution.session import Session
from grader.jobs import Graded, Job, read_file
from grader.pipeline import grade_one, start_trainer
from grader.publishing import Publisher
from grader.records import Collection, Result
from grader.rubric.loading import load_rubric
from grader.settings import Settings, Store
from grader.submission import read_assignment
from grader.training.data import DEFAULT_FOLDER

ROOT = Path(__file__).parents[1]
DEFAULT_STORE = ROOT / "build" / "benchmarks" / "store"
SMALL = 0.005
"""Phases below this share are added up in one line."""
FUNCTIONS_SHOWN = 30
PLUMBING = ("asyncio", "importlib", "ipykernel", "IPython", "zmq", "~")
"""What every cell runs through: not shown among the functions that take long with what they call."""

Label = str | Callable[..., str]


def cell_label(session: Session, index: int, *_: Any) -> str:
    """A cell by its number, with the first line that says something."""
    lines = [line.strip() for line in session.submission.cells[index].source.splitlines()]
    first = next((line for line in lines if line and not line.startswith("###")), "")
    return f"cell {index + 1:3}  {first[:50]}"


def question_label(_desk: Any, line: bytes) -> str:
    """What the kernel asked for."""
    return str(json.loads(line).get("op"))


@dataclass(frozen=True)
class Phase:
    """A method whose time is looked at."""

    where: str
    """``module:attribute`` or ``module:Class.attribute``."""
    group: str
    label: Label = ""


PHASES = (
    Phase("grader.pipeline:parse_submission", "read", "read the notebook, find the questions' places"),
    Phase("grader.pipeline:run_submission", "kernel", "around the session: event loop, notebook as it was run"),
    Phase("grader.execution.sandbox:Room.make", "kernel", "make the room"),
    Phase("grader.execution.session:Session.__init__", "kernel", "make the session"),
    Phase("grader.execution.session:Session.run", "kernel", "session, between its parts"),
    Phase("grader.execution.session:Session._start", "kernel", "start the kernel until it answers"),
    Phase("grader.execution.watchdog:Watchdog.kill", "kernel", "end the kernel's processes"),
    Phase("grader.execution.client:Client._async_cleanup_kernel", "kernel", "clean up after the kernel"),
    Phase("grader.execution.session:Session._run_cell", "cells", cell_label),
    Phase("grader.execution.session:Session._answers", "kernel", "ask whether the kernel still answers"),
    Phase("grader.execution.session:Session._gather", "gather", "between its parts"),
    Phase("grader.execution.session:Session._take_in", "gather", "take in events"),
    Phase("grader.execution.session:Session._examine", "callbacks", "examine callbacks in the kernel"),
    Phase("grader.execution.session:ask_for_predictions", "probabilities", "have the kernel predict the test set"),
    Phase("grader.execution.session:Session._evidence", "gather", "put the evidence together"),
    Phase("grader.pipeline:judge", "judge", "between its parts"),
    Phase("grader.checks.judge:attribute", "judge", "find each question's training"),
    Phase("grader.checks.judge:load_data", "judge", "read the data set"),
    Phase("grader.checks.training:probabilities_on_test", "probabilities", "compute them on the trusted side"),
    Phase("grader.pipeline:add_up", "judge", "add up"),
    Phase("grader.publishing:Publisher.keep", "publish", "between its parts"),
    Phase("grader.gradebook:Gradebook.record", "publish", "record in the gradebook"),
    Phase("grader.publishing:with_human_marks", "publish", "human marks"),
    Phase("grader.publishing:write_result_json", "publish", "write result.json"),
    Phase("grader.publishing:write_student_report", "publish", "write report.html"),
)
"""One after the other, or one inside the other: each one's own time counts."""
ASIDE = (
    Phase("grader.execution.desk:TrainingDesk.answer", "answers", question_label),
    Phase("grader.execution.watchdog:Watchdog._look", "watchdog", "look at memory, processes and files"),
)
"""Beside the others, while a cell runs."""


@dataclass
class Stopwatch:
    """Own seconds and calls by (group, label)."""

    seconds: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    calls: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    _inner: contextvars.ContextVar[list[float] | None] = field(
        default_factory=lambda: contextvars.ContextVar("inner", default=None)
    )
    """Seconds of the phases inside the one that runs."""

    def clear(self) -> None:
        """Begin anew."""
        self.seconds.clear()
        self.calls.clear()

    @contextlib.contextmanager
    def phase(self, key: tuple[str, str], aside: bool = False) -> Iterator[None]:
        """Count the block's own time; what runs aside takes nothing from the phase that it runs beside."""
        outer = self._inner.get()
        inner = [0.0]
        token = self._inner.set(inner)
        began = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - began
            self._inner.reset(token)
            if outer is not None and not aside:
                outer[0] += seconds
            self.seconds[key] += seconds - inner[0]
            self.calls[key] += 1

    def watch(self, phase: Phase, aside: bool = False) -> None:
        """Put the watch around a method or function, in the module that calls it."""
        module, _, path = phase.where.partition(":")
        owner: Any = importlib.import_module(module)
        *classes, name = path.split(".")
        for part in classes:
            owner = getattr(owner, part)
        setattr(owner, name, self._around(getattr(owner, name), phase, aside))

    def _around(self, original: Callable[..., Any], phase: Phase, aside: bool) -> Callable[..., Any]:
        def key(args: tuple[Any, ...]) -> tuple[str, str]:
            return phase.group, phase.label(*args) if callable(phase.label) else phase.label

        @functools.wraps(original)
        def plain(*args: Any, **kwargs: Any) -> Any:
            with self.phase(key(args), aside):
                return original(*args, **kwargs)

        @functools.wraps(original)
        async def waiting(*args: Any, **kwargs: Any) -> Any:
            with self.phase(key(args), aside):
                return await original(*args, **kwargs)

        return waiting if inspect.iscoroutinefunction(original) else plain

    def watch_checks(self) -> None:
        """Put the watch around every check."""
        checks = importlib.import_module("grader.checks.judge").CHECKS
        for name, check in checks.items():
            checks[name] = self._around(check, Phase("", "judge", f"check {name}"), False)


# --- inside the kernel ------------------------------------------------------------------------------------------------

BEGIN_PROFILE = (
    "__import__('sys').student_profile = __import__('cProfile').Profile()\n__import__('sys').student_profile.enable()"
)
END_PROFILE = """
import json, pstats, sys
sys.student_profile.disable()
stats = pstats.Stats(sys.student_profile).stats
rows = [[*where, calls, own, total] for where, (_, calls, own, total, _) in stats.items()]
folder = sys.modules[RECORDER].command.__self__.writer.folder
(folder / "profile.json").write_text(json.dumps(rows))
"""


class KernelProfile:
    """cProfile in the kernel's main thread, from its start to its last answer."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, str, int, float, float]] = []

    def install(self) -> None:
        """Have every session from here on profile its kernel."""
        from grader.execution.sandbox import RECORDER_MODULE

        start, last = Session._start, Session._examine_unused_callbacks
        end = f"exec({END_PROFILE!r}, {{'RECORDER': {RECORDER_MODULE!r}}})"

        async def start_profiled(session: Session) -> None:
            await start(session)
            await self._execute(session, BEGIN_PROFILE)

        async def last_profiled(session: Session) -> None:
            await last(session)
            await self._execute(session, end)
            self.rows = [tuple(row) for row in json.loads((session.room.exchange / "profile.json").read_text())]

        setattr(Session, "_start", start_profiled)  # noqa: B010
        setattr(Session, "_examine_unused_callbacks", last_profiled)  # noqa: B010

    @staticmethod
    async def _execute(session: Session, code: str) -> None:
        message = session.client.kc.execute(code, silent=True, store_history=False)
        if not await session._reply_to(message, 60):
            raise RuntimeError("the kernel must answer to be profiled")

    def print(self) -> None:
        """Own time by package, and the functions that took most."""
        packages: dict[str, float] = defaultdict(float)
        for file, _, name, _, own, _ in self.rows:
            packages[package_of(file, name)] += own
        total = sum(packages.values())
        print(f"\nInside the kernel (cProfile, main thread, {total:.2f} s, of which 'waiting' is idle)\n")
        print(f"{'package':40}{'own s':>10}{'share':>9}")
        for package, own in sorted(packages.items(), key=lambda item: -item[1])[:20]:
            print(f"{package:40}{own:10.3f}{own / total:9.1%}")
        telling = [row for row in self.rows if not any(word in row[0] for word in PLUMBING)]
        for title, column, rows in (("own time", 4, self.rows), ("time with what they call", 5, telling)):
            print(f"\nFunctions by {title}\n\n{'calls':>9}{'own s':>10}{'total s':>10}  function")
            for row in sorted(rows, key=lambda row: -float(row[column]))[:FUNCTIONS_SHOWN]:
                file, line, name, calls, own, cumulated = row
                print(f"{calls:9}{own:10.3f}{cumulated:10.3f}  {short(file)}:{line} {name}")


def package_of(file: str, name: str) -> str:
    """The package that a profiled function belongs to."""
    if "poll" in name or "select" in name:
        return "waiting"
    if file == "~":
        return f"built in: {name[:28]}"
    parts = Path(file).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    return next((part for part in parts if part.startswith("_kernel")), "Python and the notebook")


def short(file: str) -> str:
    """The end of a path."""
    return "/".join(Path(file).parts[-3:])


# --- the runs ---------------------------------------------------------------------------------------------------------


def seconds_of(command: list[str]) -> float:
    """Wall time of a process."""
    began = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT)
    return time.perf_counter() - began


def table(rows: dict[tuple[str, str], float], calls: dict[tuple[str, str], int], total: float) -> None:
    """Phases by their seconds, then the groups'."""
    print(f"{'group':15}{'phase':58}{'seconds':>9}{'share':>8}{'calls':>7}")
    small, count = 0.0, 0
    for (group, label), seconds in sorted(rows.items(), key=lambda item: -item[1]):
        if seconds < SMALL * total:
            small, count = small + seconds, count + 1
            continue
        print(f"{group:15}{label:58}{seconds:9.3f}{seconds / total:8.1%}{calls[group, label]:7}")
    print(f"{'':15}{f'{count} phases below {SMALL:.1%}':58}{small:9.3f}{small / total:8.1%}")
    print(f"{'':15}{'all':58}{total:9.3f}{1:8.1%}\n")
    groups: dict[str, float] = defaultdict(float)
    for (group, _), seconds in rows.items():
        groups[group] += seconds
    for group, seconds in sorted(groups.items(), key=lambda item: -item[1]):
        print(f"{group:15}{'':58}{seconds:9.3f}{seconds / total:8.1%}")


def main() -> None:
    """Fill the store, profile the rounds, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path, nargs="?", default=ROOT / "reference" / "solution.ipynb")
    parser.add_argument("--store", type=Path, default=DEFAULT_STORE)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kernel", action="store_true", help="profile inside the kernel, too")
    options = parser.parse_args()

    importing = seconds_of([sys.executable, "-c", "import grader.pipeline"])
    out = tempfile.TemporaryDirectory(prefix="profile-")
    rubric = load_rubric(ROOT / "rubrics" / "fashion_mnist.yaml")
    settings = Settings(
        Path(out.name), "es", "bwrap", rubric.limits, DEFAULT_FOLDER, 1, store=Store(str(options.store.resolve()))
    )
    began = time.perf_counter()
    trainer = start_trainer()
    starting = time.perf_counter() - began
    if trainer is None or settings.store is None:
        raise SystemExit("a trainer must start for a submission to be replayed")
    publisher = Publisher(rubric, settings, Collection())
    job = Job(
        options.notebook.stem,
        options.notebook,
        read_file(options.notebook),
        rubric,
        read_assignment(rubric.assignment_paths),
        settings.sandbox,
        settings.limits,
        settings.data,
        publisher.folder(options.notebook.stem),
        replace(settings.store, trainer=str(trainer.socket)),
    )
    watch = Stopwatch()
    for phase in PHASES:
        watch.watch(phase)
    for phase in ASIDE:
        watch.watch(phase, aside=True)
    watch.watch_checks()

    def grade() -> tuple[float, Result]:
        watch.clear()
        began = time.perf_counter()
        with watch.phase(("worker", "between its parts")):
            result = grade_one(job)
            publisher.keep(Graded(result))
        return time.perf_counter() - began, result

    try:
        first, _ = grade()
        rounds = []
        for _ in range(options.rounds):
            seconds, result = grade()
            rounds.append((seconds, dict(watch.seconds), dict(watch.calls)))
        if publisher.faults:
            raise SystemExit("\n".join(publisher.faults))
        kernel = KernelProfile()
        if options.kernel:
            kernel.install()
            grade()
    finally:
        trainer.close()
        out.cleanup()
    report(options.notebook, rounds, result)
    print(f"\nPaid once: {importing:.2f} s a worker to import the grader, {starting:.2f} s a class until the trainer")
    print(f"listens. The first run took {first:.2f} s; its trainings are in {options.store}.")
    if options.kernel:
        kernel.print()


Round = tuple[float, dict[tuple[str, str], float], dict[tuple[str, str], int]]


def report(notebook: Path, rounds: list[Round], result: Result) -> None:
    """The tables of the rounds' medians."""
    keys = {key for _, seconds, _ in rounds for key in seconds}
    medians = {key: statistics.median(seconds.get(key, 0.0) for _, seconds, _ in rounds) for key in keys}
    calls = {key: max(found.get(key, 0) for _, _, found in rounds) for key in keys}
    aside = {phase.group for phase in ASIDE}
    inside = {key: seconds for key, seconds in medians.items() if key[0] not in aside}
    sources = Counter(training.source for training in result.trainings)
    wall = statistics.median(seconds for seconds, _, _ in rounds)
    print(
        f"{notebook.name}: {result.status}, {result.score.score:g} of {result.score.max_score:g}; trainings:", end=" "
    )
    print(", ".join(f"{count} {source}" for source, count in sorted(sources.items())))
    print(f"{wall:.2f} s, median of {len(rounds)} rounds ({min(rounds)[0]:.2f} to {max(rounds)[0]:.2f})\n")
    table(inside, calls, sum(inside.values()))
    print("\nInside the cells' time, answers of the trusted side; beside it, the watchdog\n")
    for key, seconds in sorted(medians.items(), key=lambda item: -item[1]):
        if key[0] in aside:
            print(f"{key[0]:15}{key[1]:58}{seconds:9.3f}{seconds / wall:8.1%}{calls[key]:7}")


if __name__ == "__main__":
    main()
