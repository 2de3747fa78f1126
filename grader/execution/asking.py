"""The trusted side's questions to a running kernel, each with a deadline.

What answers is the student's process. So the time of the answers is the submission's own, and a little more, that a
notebook at its limit can be asked at all.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from typing import Any

from jupyter_client.manager import AsyncKernelManager

from grader.execution.client import Client
from grader.execution.sandbox import RECORDER_MODULE

ASK_SECONDS = 120.0
"""For one question."""
GRACE_SECONDS = 5.0
"""For a question that was interrupted."""
SPARE_SECONDS = 30.0
"""For all questions of a kernel once the submission's own time is over."""


class Questions:
    """Asks one kernel. A question that is not answered in time is interrupted."""

    def __init__(self, client: Client, manager: AsyncKernelManager, seconds_left: Callable[[], float]) -> None:
        """Args: seconds_left: of the submission's own time; below 0 once it is over."""
        self._client, self._manager, self._seconds_left = client, manager, seconds_left

    async def ask(self, name: str, **arguments: Any) -> str | None:
        """Send the recorder a command; its reply comes back through the exchange folder.

        Returns:
            The nonce that the reply bears; None where there is none in time.
        """
        seconds = min(ASK_SECONDS, self._seconds_left() + SPARE_SECONDS)
        if seconds <= 0:
            return None
        nonce = secrets.token_hex(8)
        words = json.dumps(json.dumps({"name": name, "nonce": nonce, **arguments}))
        code = f"__import__('sys').modules['{RECORDER_MODULE}'].command(**__import__('json').loads({words}))"
        message = self._client.kc.execute(code, silent=True, store_history=False, allow_stdin=False)
        if await self._reply_to(message, seconds):
            return nonce
        self._client.interrupt()
        await self._reply_to(message, GRACE_SECONDS)  # or the interrupt would come in the next cell
        return None

    async def answers(self, seconds: float) -> bool:
        """True if the kernel still answers, within so many seconds."""
        message = self._client.kc.execute("", silent=True, store_history=False)
        return await self._reply_to(message, seconds)

    async def _reply_to(self, message: str, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                reply = await self._client.kc.get_shell_msg(timeout=min(1.0, left))
                if reply["parent_header"].get("msg_id") == message:
                    return True
            except Exception:  # nothing came within a second, or what no client expects
                if self._client.flooded or not await self._manager.is_alive():
                    return False
        return False
