"""Starts a warm kernel where Jupyter would start a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import psutil
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from grader.execution.sandbox import Room
from grader.execution.warm import Nursery
from grader.rubric.rubric import Limits


class WarmProvisioner(LocalProvisioner):  # type: ignore[misc]
    """Lets Jupyter's kernel manager start a kernel by a nursery's fork."""

    def __init__(self, nursery: Nursery, room: Room, limits: Limits, **traits: Any) -> None:
        super().__init__(**traits)
        self._nursery, self._room, self._limits = nursery, room, limits

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:  # noqa: ARG002
        """Fork the kernel; the command's last word is its connection file. Raises SandboxError."""
        self.process = await asyncio.to_thread(self._nursery.fork, self._room, cmd[-1], self._limits)
        return self.connection_info

    async def poll(self) -> int | None:
        """None while the kernel runs; its exit code is known to nobody."""
        return None if self.process is not None and _runs(self.process) else 1

    async def wait(self) -> int | None:
        """Until the kernel has ended."""
        while await self.poll() is None:
            await asyncio.sleep(0.05)
        return 1

    async def send_signal(self, signum: int) -> None:
        """Send the kernel a signal."""
        with contextlib.suppress(psutil.Error):
            if self.process is not None:
                self.process.send_signal(signum)

    async def terminate(self, restart: bool = False) -> None:
        """As `kill`: the first process of a namespace may ignore anything less. All others in it end with it."""
        await self.kill(restart)


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
