"""nbclient, with what a stranger's notebook asks of it: a cap on outputs, and interrupts that it answers for."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping
from queue import Empty
from types import NoneType
from typing import Any

from jupyter_client.session import Session
from nbclient import NotebookClient

from grader.bounded_json import read_json
from grader.execution.relay import Relay, received_bytes

MAX_VALUES = 1_000_000
"""Numbers, texts, lists and objects in one message."""
SHOWN = ("stream", "display_data", "execute_result", "error")
"""Messages of which a notebook keeps an output each."""
OUTPUT_CHARACTERS, NUMBER_CHARACTERS = 100, 8
"""What is counted for an output beside its content, and for a number."""
ANSWER_SECONDS, OUTPUT_SECONDS = 1.0, 0.2
"""How long an answer, and a message on what is done, are waited for before the kernel is asked again."""


_ESCAPED = re.compile(r"[\x00-\x07\x0b\x0e-\x1f]+")
"""Characters for which JSON writes six."""


class CountingSession(Session):  # type: ignore[misc]
    """Jupyter's reading of messages, counted and bounded."""

    relay: Relay | None = None

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.digest_history_size = 0  # signatures would be kept, of whatever length, of messages that were refused, too
        self.unpack = lambda raw: read_json(bytes(raw), MAX_VALUES)

    def feed_identities(self, msg_list: Any, copy: bool = True) -> Any:
        """As Jupyter's; each message that was received comes here first."""
        if self.relay is not None:
            self.relay.read += received_bytes(msg_list)
        return super().feed_identities(msg_list, copy)


class Client(NotebookClient):  # type: ignore[misc]
    """nbclient with a cap on what all cells together may show, and without its imitation of widgets."""

    output_left = 0.0
    relay: Relay | None = None
    timed_out = False
    """The running cell was interrupted because its time was over."""

    @property
    def flooded(self) -> bool:
        """The kernel has shown more than it may, or sent more than may wait to be read."""
        return self.output_left < 0 or (self.relay is not None and self.relay.flooded)

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Count what the kernel says of a cell; past the cap nothing more is kept."""
        places = len(self._places(msg)) if msg["msg_type"] == "update_display_data" else 1
        self.output_left -= size_written(msg["content"]) * max(1, places)
        if type(msg["content"].get("execution_count")) not in (int, NoneType):
            raise ValueError("a count of executions must be a number")
        if msg["msg_type"] == "status":
            return super().process_message(msg, cell, cell_index)
        if self.flooded or msg["msg_type"].startswith("comm"):  # widgets: what they would catch stays with the cell
            return None
        if msg["msg_type"] in SHOWN:
            self.output_left -= OUTPUT_CHARACTERS
        return super().process_message(msg, cell, cell_index)

    def _places(self, msg: dict[str, Any]) -> list[int]:
        """The outputs that a message changes, each by its position in its cell."""
        name = (msg["content"].get("transient") or {}).get("display_id")
        return [at for positions in self._display_id_map.get(name, {}).values() for at in positions]

    def connect(self, relay: Relay | None) -> None:
        """Open the channels to the kernel.

        Args:
            relay: through which they go; it is told what was read.
        """
        self.relay = self.kc.session.relay = relay
        self.kc.start_channels(hb=False, stdin=False)  # nothing may come in that nobody reads; no thread waits for it
        self.kc.allow_stdin = False  # nobody is there to answer input()

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

    def interrupt(self) -> None:
        """Interrupt the running cell, without waiting."""
        message = self.kc.session.msg("interrupt_request")
        self.kc.control_channel.send(message)


def _is_idle_after(asked: str, message: Mapping[str, Any]) -> bool:
    """True for the end of what a kernel does about a question: its outputs, too, have found their way by then."""
    about = bool(message["parent_header"].get("msg_id") == asked)
    return about and message["msg_type"] == "status" and message["content"].get("execution_state") == "idle"


def size_written(value: Any, depth: int = 1) -> int:
    """Characters that a message's value takes where it is written, each part of it on an indented line of its own."""
    if isinstance(value, str):
        return depth + len(value) + 5 * (len(value) - len(_ESCAPED.sub("", value)))
    if isinstance(value, Mapping):
        return depth + sum(depth + len(key) + size_written(item, depth + 1) for key, item in value.items())
    if isinstance(value, list):
        return depth + sum(size_written(item, depth + 1) for item in value)
    return depth + NUMBER_CHARACTERS
