"""Workers of a Dask cluster, on other machines.

Dask knows which workers there are, and carries calls to them and answers back; what is begun where, tried again or
given up is decided by the client, as for local workers. On its machine a Dask worker only hands each call to a child
process: jobs then have a main thread, can be ended, and never keep the worker from answering its scheduler.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import wait as wait_for_connections
from typing import Any

import dask
from distributed import CancelledError, Client, Future, KilledWorker
from distributed import wait as wait_for_futures

from grader.errors import GraderError, UsageError
from grader.executors.child import Answered, CallEnd, Child, Died, Late, pack_call, raised, unpack_answer
from grader.executors.executor import LOOK_EVERY, Executor

CONNECT_SECONDS = 10.0
"""How long the scheduler may take to answer, and then the first worker to be there."""
CHECK_SECONDS = 180.0
FETCH_SECONDS = 20.0
"""How long an answer may take from its worker to here, before the worker is looked at again."""
ALONE_SECONDS = 300.0
"""How long a run goes on without any worker: a cluster may be about to replace them."""
IDLE_SECONDS = 30.0
"""How long a worker keeps a child process without a call."""
LARGEST_CALL = "1 GiB"

Run = Future[CallEnd]
"""A call that Dask carries to a worker, and what it comes to."""


class DaskExecutor(Executor):
    """As many jobs at one time as the cluster's workers have threads; workers may come and go."""

    same_machine = False

    def __init__(self, scheduler: str) -> None:
        """Args: scheduler: its address, for example ``tcp://10.0.0.1:8786``.

        Raises:
            UsageError: it cannot be reached, or has no workers.
        """
        dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGEST_CALL})
        _silence()
        self._scheduler = scheduler
        self._client = _connect(scheduler)
        self._look: Callable[[], None] | None = None
        self._problems: dict[str, str] = {}
        """What is wrong with each worker that was looked at; empty where nothing is."""
        self._told: set[str] = set()
        self._checks: dict[Run, str] = {}
        """The worker of each look under way."""
        self._runs: dict[Run, str] = {}
        """The worker of each job under way."""
        self._last_worker = time.monotonic()

    def check(self, look: Callable[[], None]) -> None:
        """Have every worker look: the present ones now, and each that joins later before it gets its first job.

        Raises:
            UsageError: what `look` raised, with the worker's address.
        """
        self._look = look
        self._problems.clear()
        self._note_workers(self._present() or {})
        while self._checks:
            self._ended(LOOK_EVERY)
        for worker, problem in self._problems.items():
            if problem:
                raise UsageError("worker {worker}: {problem}", worker=worker, problem=problem)

    def prepare(self, function: Callable[[Any], object], argument: Any, jobs: int) -> None:
        """Nothing: a cluster's workers begin with their first job."""

    def close(self) -> None:
        """Leave the cluster. Its workers go on, and soon end the processes that they started for this."""
        self._client.close(timeout=CONNECT_SECONDS)

    # --- workers ----------------------------------------------------------------------------------------------------

    def _present(self) -> dict[str, int] | None:
        """Threads of each worker, by its address; None where the scheduler does not answer."""
        try:
            workers = self._client.scheduler_info().get("workers") if self._client.status == "running" else None
        except (OSError, ValueError, TimeoutError):
            workers = None
        return None if workers is None else {address: int(facts["nthreads"]) for address, facts in workers.items()}

    def _note_workers(self, present: Mapping[str, int]) -> None:
        """Forget the workers that left, and look at those that joined."""
        self._problems = {worker: problem for worker, problem in self._problems.items() if worker in present}
        for worker in present.keys() - self._problems.keys() - set(self._checks.values()):
            if self._look is None:
                self._problems[worker] = ""
            else:
                self._checks[self._submit(worker, pack_call(_problem, self._look), CHECK_SECONDS)] = worker
        if "" in self._problems.values():
            self._last_worker = time.monotonic()

    def _free(self) -> Sequence[str]:
        present = self._present() or {}
        self._note_workers(present)
        self._tell_problems()
        busy = Counter(self._runs.values())
        able = [worker for worker in present if self._problems.get(worker) == ""]
        rounds = range(max(present.values(), default=0))
        return [worker for turn in rounds for worker in able if turn < present[worker] - busy[worker]]

    def _tell_problems(self) -> None:
        """Say once of each worker that joined later why it is not used."""
        for worker, problem in self._problems.items():
            if problem and worker not in self._told:
                self._told.add(worker)
                logging.getLogger(__name__).warning("worker %s is not used: %s", worker, problem)

    def _gone(self) -> str:
        if self._client.status in ("closing", "closed"):
            return f"The scheduler at {self._scheduler} could no longer be reached."
        if time.monotonic() - self._last_worker > ALONE_SECONDS:
            return f"For {ALONE_SECONDS:g} seconds the scheduler at {self._scheduler} had no worker to grade it."
        return ""

    # --- runs -------------------------------------------------------------------------------------------------------

    def _begin(self, place: str, call: bytes, seconds: float | None) -> Run:
        future = self._submit(place, call, seconds)
        self._runs[future] = place
        return future

    def _submit(self, worker: str, call: bytes, seconds: float | None) -> Run:
        """Have this worker run a call, and no other: were Dask to move it by itself, nobody could count its deaths."""
        name = f"grader-{uuid.uuid4().hex}"
        return self._client.submit(
            run_in_child, name, call, seconds, key=name, pure=False, workers=[worker], allow_other_workers=False
        )

    def _ended(self, seconds: float) -> Sequence[tuple[Run, CallEnd]]:
        futures = [*self._runs, *self._checks]
        if futures:
            with contextlib.suppress(TimeoutError, CancelledError):
                wait_for_futures(futures, timeout=seconds, return_when="FIRST_COMPLETED")
        else:
            time.sleep(seconds)
        present = self._present()
        for future, end in _take(self._checks, present):
            self._problems[self._checks.pop(future)] = _verdict(end)
        ended = _take(self._runs, present)
        for future, _ in ended:
            del self._runs[future]
        if present is not None:
            self._note_workers(present)
        return ended

    def _stop(self) -> None:
        futures = {**self._runs, **self._checks}
        self._runs.clear()
        self._checks.clear()
        if not futures or self._client.status != "running":
            return
        self._client.cancel(list(futures), force=True)
        workers = sorted(set(futures.values()) & set(self._present() or {}))
        if workers:
            names = [str(future.key) for future in futures]
            self._client.run(kill_children, names, workers=workers, on_error="ignore")


def _silence() -> None:
    """Keep Dask's own messages from the terminal: what people have to know, results and errors say."""
    for name in logging.root.manager.loggerDict:
        if name.split(".")[0] in ("distributed", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


class _Client(Client):
    """A client that leaves nothing behind where it cannot connect.

    Dask leaves such a client to the garbage collector. That may close it inside the start of another client's loop,
    which holds the lock that closing waits for.
    """

    def start(self, **kwargs: Any) -> None:
        """Connect. Raises what Dask raises."""
        try:
            super().start(**kwargs)
        except BaseException:
            self.close(timeout=CONNECT_SECONDS)
            self._loop_runner.stop(CONNECT_SECONDS)  # which Dask does not for a client that it has closed itself
            raise


def _connect(scheduler: str) -> Client:
    try:
        client = _Client(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            "--scheduler must be the address of a Dask scheduler that answers. Received: {scheduler} ({reason})",
            scheduler=scheduler,
            reason=error,
        ) from error
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError as error:
        client.close(timeout=CONNECT_SECONDS)
        raise UsageError(
            "the Dask scheduler must have workers. Received: {scheduler}, with none after {seconds} seconds",
            scheduler=scheduler,
            seconds=CONNECT_SECONDS,
        ) from error
    return client


def _take(futures: Mapping[Run, str], present: Mapping[str, int] | None) -> list[tuple[Run, CallEnd]]:
    """Outcomes of the futures that are done, or whose worker is no more, and with it an answer that it still held."""
    ended: list[tuple[Run, CallEnd]] = []
    for future, worker in futures.items():
        if present is not None and worker not in present:
            future.cancel()
            ended.append((future, Died()))
        elif future.done() and (end := _call_end(future)) is not None:
            ended.append((future, end))
    return ended


def _call_end(future: Run) -> CallEnd | None:
    """What a call came to, None while its worker does not hand it over.

    What Dask itself raises for it, say for a worker without the grader, is its answer.
    """
    if future.status == "finished":
        try:
            return future.result(timeout=FETCH_SECONDS)
        except (TimeoutError, CancelledError, OSError):
            return None
    error = future.exception() if future.status == "error" else None
    return Died() if error is None or isinstance(error, KilledWorker) else raised(error)


def _verdict(end: CallEnd) -> str:
    match end:
        case Answered():
            succeeded, value = unpack_answer(end.content)
            return str(value) if succeeded else str(value).strip().splitlines()[-1]
        case Late():
            return f"it must answer within {CHECK_SECONDS:g} seconds. Received: nothing"
        case Died():
            return "its process must not die. Received: it died while it was looked at"


def _problem(look: Callable[[], None]) -> str:
    try:
        look()
    except GraderError as error:
        return str(error)
    return ""


# --- on the workers ---------------------------------------------------------------------------------------------------

_idle: dict[Child, threading.Timer] = {}
"""Child processes without a call, each with what will end it."""
_running: dict[str, Child] = {}
"""Child processes by the name of the run that they are on."""
_killed: set[str] = set()
"""Names of the runs that were to end, of which some may begin only then."""


def run_in_child(name: str, call: bytes, seconds: float | None) -> CallEnd:
    """Run a packed call in a child process of this worker.

    Args:
        name: of this run, for `kill_children`.
        seconds: wall time that it may take.
    """
    child = _idle_child() or Child()
    _running[name] = child
    try:
        if name in _killed:
            child.kill()
        child.begin(call, seconds)
        while (end := child.ended()) is None:
            wait_for_connections([child.connection], LOOK_EVERY)
    finally:
        del _running[name]
    if isinstance(end, Answered) and not end.spent:
        _keep(child)
    else:
        child.end()
    return end


def kill_children(names: Sequence[str]) -> None:
    """End the runs with these names, as far as they are on this worker, or come to it yet."""
    _killed.update(names)
    for name in names:
        if child := _running.get(name):
            child.kill()


def _idle_child() -> Child | None:
    try:
        child, timer = _idle.popitem()
    except KeyError:
        return None
    timer.cancel()
    return child


def _keep(child: Child) -> None:
    timer = threading.Timer(IDLE_SECONDS, _retire, [child])
    timer.daemon = True
    _idle[child] = timer
    timer.start()


def _retire(child: Child) -> None:
    if _idle.pop(child, None) is not None:
        child.end()
