"""nbclient, with what a stranger's notebook asks of it: a cap on outputs, and interrupts that it answers for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import zmq
from nbclient import NotebookClient


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
        self.kc.start_channels()
        self.kc.allow_stdin = False  # nobody is there to answer input()
        self._monitor = self.kc.iopub_channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)

    @property
    def broken_off(self) -> bool:
        """True if the connection for outputs has ended: the kernel has, or it sent more than is taken."""
        return bool(self._monitor.events & zmq.POLLIN)

    def interrupt(self) -> None:
        """Interrupt the running cell, without waiting."""
        message = self.kc.session.msg("interrupt_request")
        self.kc.control_channel.send(message)


def _size(value: Any) -> int:
    """Characters in a message's texts."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_size(item) for item in value.values())
    if isinstance(value, list):
        return sum(_size(item) for item in value)
    return 8
