"""How Jupyter's kernel manager starts a kernel here: in a sandbox, and from a nursery where there is one."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

from grader.execution.client import CountingSession
from grader.execution.sandbox import Kind, Room, kernel_command
from grader.execution.warm import Nursery
from grader.processes import is_linux
from grader.rubric.rubric import Limits


def make_manager(nursery: Nursery | None, room: Room, data: Path, limits: Limits, sandbox: Kind) -> AsyncKernelManager:
    """Jupyter's manager for one kernel.

    Args:
        nursery: forks the kernel; None to start it cold.
    """
    manager = KernelManager(
        transport="ipc" if is_linux() else "tcp",
        connection_file=str(room.wire / "k.json"),
        session=CountingSession(),
    )
    manager._kernel_spec = KernelSpec(
        argv=kernel_command(sandbox, room, data, limits),
        language="python",
        display_name="Python 3",
        interrupt_mode="message",
    )
    if nursery is not None:
        manager.provisioner = WarmProvisioner(nursery, room, limits, kernel_spec=manager._kernel_spec, parent=manager)
    return manager


class KernelManager(AsyncKernelManager):  # type: ignore[misc]
    """Jupyter's, without a connection of its own to the kernel: nobody would read what comes in by it."""

    def _connect_control_socket(self) -> None:
        """Kernels are ended without being asked."""


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
