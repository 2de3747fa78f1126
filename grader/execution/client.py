"""nbclient, with what a stranger's notebook asks of it: a cap on outputs, and interrupts that it answers for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from queue import Empty
from typing import Any

import zmq
from nbclient import NotebookClient

ANSWER_SECONDS, OUTPUT_SECONDS = 1.0, 0.2
"""How long an answer, and a message on what is done, are waited for before the kernel is asked again."""


class Client(NotebookClient):  # type: ignore[misc]
    """nbclient with a cap on what all cells together may show."""

    output_left = 0.0
    flooded = False
    timed_out = False
    """The running cell was interrupted because its time was over."""

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Count what is shown; past the cap nothing more is kept."""
        if msg["msg_type"] in ("stream", "display_data", "execute_result", "error", "update_display_data"):
            self.output_left -= _size(msg["content"])
            if self.output_left < 0:
                self.flooded = True
                return None
        return super().process_message(msg, cell, cell_index)

    def connect(self, largest: int) -> None:
        """Open the channels to the kernel.

        Args:
            largest: bytes of the largest message that is taken; a larger one breaks the connection.
        """
        self.kc.context.maxmsgsize = largest
        self.kc.start_channels(hb=False)  # its thread may wait for ever for a kernel that wrote to its own sockets
        self.kc.allow_stdin = False  # nobody is there to answer input()
        self._monitor = self.kc.iopub_channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)

    async def wait_for_ready(self, seconds: float) -> None:
        """Return when the kernel answers on its channels.

        As jupyter_client's, without its 0.2 seconds of silence at the end: what still comes is about the question
        that is asked here, and nbclient passes over what is not about a cell.

        Raises:
            RuntimeError: the kernel died, or is silent.
        """
        late = time.monotonic() + seconds
        while time.monotonic() < late:
            asked = self.kc.kernel_info()
            with contextlib.suppress(Empty):
                await self.kc.shell_channel.get_msg(timeout=ANSWER_SECONDS)
                while not _is_idle_after(asked, await self.kc.iopub_channel.get_msg(timeout=OUTPUT_SECONDS)):
                    pass
                return
            if not await self.kc.is_alive():
                raise RuntimeError("the kernel must answer. Received: nothing, it ended")
        raise RuntimeError(f"the kernel must answer in {seconds:g} seconds. Received: nothing")

    @property
    def broken_off(self) -> bool:
        """True if the connection for outputs has ended: the kernel has, or it sent more than is taken."""
        return bool(self._monitor.events & zmq.POLLIN)

    def interrupt(self) -> None:
        """Interrupt the running cell, without waiting."""
        message = self.kc.session.msg("interrupt_request")
        self.kc.control_channel.send(message)


def _is_idle_after(asked: str, message: Mapping[str, Any]) -> bool:
    """True for the end of what a kernel does about a question: its outputs, too, have found their way by then."""
    about = bool(message["parent_header"].get("msg_id") == asked)
    return about and message["msg_type"] == "status" and message["content"].get("execution_state") == "idle"


def _size(value: Any) -> int:
    """Characters in a message's texts."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_size(item) for item in value.values())
    if isinstance(value, list):
        return sum(_size(item) for item in value)
    return 8
