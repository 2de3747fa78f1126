"""Runs one notebook, cell by cell, and gathers what it showed."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError

from grader.errors import SandboxError
from grader.execution.asking import Questions
from grader.execution.assembly import Assembler
from grader.execution.beside import came_along, lay_beside
from grader.execution.client import Client
from grader.execution.desk import TrainingDesk
from grader.execution.exchange import ExchangeReader
from grader.execution.failures import Parts
from grader.execution.observer import Observer
from grader.execution.order import decide_order, provisional
from grader.execution.outputs import ending, read_outputs
from grader.execution.platforms import folders_named, make_folders
from grader.execution.preparing import NOTHING, asks, prepare
from grader.execution.provisioning import make_manager
from grader.execution.relay import Relay
from grader.execution.sandbox import HOME, Kind, Room, own_environment
from grader.execution.warm import Nursery
from grader.execution.watchdog import Watchdog
from grader.records import (
    Cell,
    CellRun,
    CellStatus,
    Evidence,
    Message,
    Submission,
    say,
)
from grader.rubric.rubric import Limits, Rubric

STARTUP_SECONDS = 120.0
GRACE_SECONDS = 15.0
"""How long a kernel that was interrupted may take to answer again."""
CLOSE_SECONDS = 20.0
"""How long letting go of a kernel may take: all of it is ended before, and what still hangs is left behind."""
LOOK_SECONDS = 0.1
"""How often a running cell's time is looked at."""
UNREAD_MARGIN, UNREAD_BYTES = 2, 10_000_000
"""Of what a kernel sends, no more may wait to be read than all outputs together, in the form of JSON; the rest is for
the protocol's own.
"""


class Session:
    """One kernel's life."""

    def __init__(
        self,
        submission: Submission,
        rubric: Rubric,
        limits: Limits,
        room: Room,
        data: Path,
        sandbox: Kind,
        desk: TrainingDesk | None = None,
        nursery: Nursery | None = None,
        lost: Mapping[int, CellRun] | None = None,
        used: float = 0.0,
    ) -> None:
        """Args:
        nursery: forks the kernel; None to start it cold.
        lost: cells that are not to be run again, since they have ended a kernel.
        used: seconds that the submission has used in other kernels.
        """
        self.submission = submission
        self.limits = limits
        self.room = room
        self.data = data
        self.sandbox = sandbox
        self.desk = desk
        self.notebook = nbformat.from_dict(submission.notebook)
        self.reader = ExchangeReader(room.exchange)
        self.assembler = Assembler(self.reader, desk)
        self.runs: dict[int, CellRun] = {}
        self.lost = lost or {}
        self.lost_in: int | None = None
        """The cell that this kernel did not survive."""
        self.order = decide_order(submission.cells)
        self.asks_for_input = any(asks(cell) for cell in submission.cells)
        self.prepared = NOTHING
        """What the recorder was told of the running cell."""
        self.used_before = self.used = used
        """Seconds of the submission's own: in other kernels, and in all."""
        self.begins: Callable[[int], None] | None = None
        """Is told the index of each cell that begins."""
        self.beside: Mapping[str, bytes] = {}
        """Files that come into the sandbox, by their path from the notebook's folder on."""
        self.cut_short: Message | None = None
        self.stopped = False
        self.observer = Observer(self.reader, self.assembler, self._ask, room.exchange, data, rubric)
        self.began = time.monotonic()
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[Any] | None] | None = None
        self.watchdog = Watchdog(limits, (room.home, room.exchange, room.wire), self._pid)
        self.manager = make_manager(nursery, room, data, limits, sandbox)
        self.relay: Relay | None = None
        self.client = Client(self.notebook, km=self.manager, timeout=None, allow_errors=True, iopub_timeout=20)
        self.client.output_left = limits.output_mb * 1e6
        self.questions = Questions(self.client, self.manager, self._seconds_left)

    def _pid(self) -> int | None:
        provisioner = self.manager.provisioner
        process = getattr(provisioner, "process", None)
        return None if process is None else int(process.pid)

    # --- the run ----------------------------------------------------------------------------------------------------

    async def run(self, shown: Future[Evidence]) -> None:
        """All cells, in order, until the end or a limit.

        Args:
            shown: gets what they showed, before the session is closed.
        """
        self._running = asyncio.get_running_loop(), asyncio.current_task()
        self.began = time.monotonic()
        try:
            if self.desk is not None:
                await self.desk.open()
            await self._start()
            self.watchdog.hold()
            self.watchdog.start()
            self._furnish()
            await self._run_cells()
            if not self.stopped:
                await self.observer.examine_unused_callbacks()
            shown.set_result(self._evidence(time.monotonic() - self.began))
        finally:
            await self._close()

    def break_off(self) -> None:
        """Have a session that runs in another thread close, wherever it stands."""
        if self._running is not None and self._running[1] is not None:
            with contextlib.suppress(RuntimeError):  # it is closed already
                self._running[0].call_soon_threadsafe(self._running[1].cancel)

    async def _close(self) -> None:
        """End the kernel, and let go of all that was opened for it, however far its start has come."""
        await asyncio.to_thread(self.watchdog.close)
        if self.relay is not None:
            self.relay.close()
        if self.desk is not None:
            await self.desk.close()
        try:
            await asyncio.wait_for(self.client._async_cleanup_kernel(), CLOSE_SECONDS)
        except Exception:  # its sockets are closed while they are known: the collector would wait for them for ever
            for owner in (self.client.kc, self.manager):
                if owner is not None:
                    owner.context.destroy(linger=0)

    async def _start(self) -> None:
        environment = own_environment(self.room.home, self.room.modules) if self.sandbox == "none" else None
        try:
            await self.manager.start_kernel(
                cwd=str(self.room.home),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **({"env": environment} if environment else {}),
            )
            self.relay = await self._open_relay()
            self.client.kc = self.manager.client(**({} if self.relay is None else {"ip": self.relay.address}))
            self.client.connect(self.relay)
            await self.client.wait_for_ready(STARTUP_SECONDS)
        except RuntimeError as error:
            raise SandboxError("a kernel must start in the sandbox. Received: {reason}", reason=error) from error

    async def _open_relay(self) -> Relay | None:
        """What stands before the kernel's sockets; only systems with sockets in folders have one."""
        if self.manager.transport != "ipc":
            return None
        ports = (self.manager.shell_port, self.manager.iopub_port, self.manager.control_port)
        unread = int(self.limits.output_mb * 1e6 * UNREAD_MARGIN) + UNREAD_BYTES
        relay = Relay(self.manager.ip, ports, unread)
        await relay.open()
        return relay

    def _furnish(self) -> None:
        """Lay into the kernel's home what the notebook has beside it, now that the recorder runs."""
        lay_beside(self.beside, self.room.home)
        if self.sandbox == "bwrap":
            sources = [cell.source for cell in self.submission.cells if cell.kind == "code"]
            make_folders(folders_named(sources), self.room.home, HOME)

    def _seconds_left(self) -> float:
        """Of the submission's own time."""
        used = self.used_before + time.monotonic() - self.began - self.waited
        return self.limits.seconds_per_submission - used

    async def _run_cells(self) -> None:
        for cell in (self.submission.cells[index] for index in self.order.cells):
            if cell.index in self.lost:
                self.runs[cell.index] = self.lost[cell.index]
                continue
            left = self._seconds_left()
            if not self.stopped and left <= 0:
                limit = self.limits.seconds_per_submission
                self._stop(
                    say(
                        "The notebook was stopped before cell {cell}: it took longer than {limit} s.",
                        limit=limit,
                        cell=cell.index + 1,
                    )
                )
            if self.stopped:
                self.runs[cell.index] = CellRun(cell.index, CellStatus.NOT_RUN)
                continue
            if self.begins is not None:
                self.begins(cell.index)
            first = len(self.assembler.trainings)
            await self._prepare(cell)
            await self._run_cell(cell.index, min(self.limits.seconds_per_cell, left))
            self.used = self.limits.seconds_per_submission - self._seconds_left()
            if self.observer.take_in(cell.index) and not self.stopped:
                await self.observer.look(cell.index, first, blank=not cell.source.strip())

    @property
    def waited(self) -> float:
        """Seconds that the kernel has waited for the trainer, which no limit counts."""
        return 0.0 if self.desk is None else self.desk.waited

    def _stop(self, reason: Message) -> None:
        self.stopped = True
        self.cut_short = reason
        self.watchdog.kill()

    async def _run_cell(self, index: int, seconds: float) -> None:
        cell = self.notebook.cells[index]
        parts = Parts(self.submission.cells[index], [self.submission.cells[earlier].source for earlier in self.runs])
        began = time.monotonic()
        self.client.timed_out = False
        died = await self._execute(cell, parts, index, seconds)
        status, raised = ending(cell.get("outputs", []))
        if self.client.timed_out:
            status = CellStatus.TIMEOUT
        elif died or self.client.flooded:
            status = CellStatus.ERROR
        self.runs[index] = CellRun(
            index,
            CellStatus.ERROR if parts.failures and status is CellStatus.OK else status,
            read_outputs(cell.get("outputs", [])),
            parts.failures[0].raised if parts.failures else raised,
            time.monotonic() - began,
            tuple(parts.failures),
        )
        if died or self.client.flooded or not await self._answers():
            self.lost_in = index
            self._stop(self._why(index, seconds))
        elif self.client.timed_out and self.cut_short is None:
            self.cut_short = say(
                "Cell {cell} took longer than the {limit} s it may take, and was interrupted.",
                cell=index + 1,
                limit=round(seconds, 1),
            )

    async def _prepare(self, cell: Cell) -> None:
        """Tell the recorder what it needs of the cell that runs next, where that is another than of the last one."""
        prepared = prepare(cell, asks=self.asks_for_input)
        if prepared != self.prepared:
            self.prepared = prepared
            await self._ask("prepare", **prepared)

    async def _execute(self, cell: Any, parts: Parts, index: int, seconds: float) -> bool:
        """Run a cell, then what of it goes on after each failure. True if the kernel did not survive."""
        outputs: list[Any] = []
        began, waited = time.monotonic(), self.waited
        try:
            while True:
                used = time.monotonic() - began - (self.waited - waited)
                cell.source, self.assembler.failed = parts.source, None
                first = len(self.assembler.trainings)
                await self._within(self.client.async_execute_cell(cell, index), seconds - used)
                outputs.extend(cell.get("outputs", []))
                raised = ending(cell.get("outputs", []))[1]
                self.observer.take_in(index)
                if parts.failures:
                    self.assembler.set_provisional(first, parts.provisional(), index)
                elif index in self.order.decided:
                    self.assembler.set_provisional(first, provisional(self.order.moved), min(self.order.moved))
                if raised is None or self.client.timed_out:
                    break
                if not parts.go_on(raised, self.assembler.failed):
                    break
        except (DeadKernelError, TimeoutError):
            outputs.extend(cell.get("outputs", []))
            return True
        except Exception as error:  # the kernel is the student's, and may send what no client expects
            self.observer.remark(f"{type(error).__name__}: {error}")
            return True
        finally:
            cell.source, cell.outputs = self.submission.cells[index].source, outputs
        return False

    async def _within(self, execution: Coroutine[Any, Any, Any], seconds: float) -> None:
        """Wait for a cell; past its time it is interrupted.

        Raises:
            TimeoutError: the interrupt did not end it, or it shows more than it may.
        """
        task = asyncio.ensure_future(execution)
        began, waited = time.monotonic(), self.waited
        while not (await asyncio.wait({task}, timeout=LOOK_SECONDS))[0]:
            if self.client.flooded:
                await _abandon(task)
                raise TimeoutError
            used = time.monotonic() - began - (self.waited - waited)
            if used > seconds and not self.client.timed_out:
                self.client.timed_out = True
                self.client.interrupt()
            if used > seconds + GRACE_SECONDS:
                await _abandon(task)
                raise TimeoutError
        task.result()

    def _why(self, index: int, seconds: float) -> Message:
        limit = self.watchdog.verdict()
        if limit is not None:
            return limit
        if self.client.flooded:
            return say(
                "Cell {cell} showed more than the {limit} MB that a notebook may show.",
                cell=index + 1,
                limit=self.limits.output_mb,
            )
        if self.client.timed_out:
            return say(
                "Cell {cell} took longer than the {limit} s it may take, and could not be interrupted.",
                cell=index + 1,
                limit=round(seconds),
            )
        return say("The kernel ended while cell {cell} ran.", cell=index + 1)

    async def _answers(self) -> bool:
        """True if the kernel still answers."""
        if self.client.flooded or self.watchdog.exceeded is not None or not await self.manager.is_alive():
            return False
        return await self.questions.answers(GRACE_SECONDS)

    # --- what it showed ---------------------------------------------------------------------------------------------

    async def _ask(self, name: str, **arguments: Any) -> Mapping[str, Any] | None:
        """Send the recorder a command; its reply comes back through the exchange folder."""
        nonce = await self.questions.ask(name, **arguments)
        if nonce is None:
            return None
        self.observer.asked, self.observer.reply = nonce, None
        self.observer.take_in(next(reversed(self.runs), 0))
        return self.observer.reply

    def _evidence(self, seconds: float) -> Evidence:
        for problem in [*self.reader.refused, *self.assembler.faults][:20]:
            self.observer.remark(problem)
        return Evidence(
            runs=dict(self.runs),
            trainings=tuple(self.assembler.trainings),
            calls=tuple(self.assembler.calls),
            callbacks=tuple(self.assembler.callbacks.values()),
            cut_short=self.cut_short,
            seconds=seconds,
            peak_memory_mb=self.watchdog.peak_memory_mb,
            remarks=(
                *self.observer.remarks,
                *came_along(self.beside),
                *self.order.remarks(),
                *self.assembler.remarks(),
            ),
            flags=tuple(self.assembler.flags),
        )


async def _abandon(task: asyncio.Task[Any]) -> None:
    """Cancel an execution; whatever it says about that is of no interest."""
    task.cancel()
    with contextlib.suppress(Exception, asyncio.CancelledError):
        await asyncio.wait_for(task, GRACE_SECONDS)
