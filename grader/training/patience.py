"""How long somebody waits for the trusted side."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from grader.errors import DeadlineError, TrainerError

ANSWER_SECONDS = 600.0
"""For one answer: other submissions' turns and trainings of the same order by others included."""

ALL_ANSWERS_SECONDS = 3600.0
"""For all answers to one kernel: longer than all that a submission may ask for takes on a busy machine."""


@dataclass(frozen=True, slots=True)
class Patience:
    """A wait for one answer."""

    over: threading.Event = field(default_factory=threading.Event)
    """Set once nobody waits any more."""
    seconds: float = field(default_factory=lambda: ANSWER_SECONDS)
    began: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raise DeadlineError where it has been too long, and TrainerError where nobody waits any more."""
        if self.over.is_set():
            raise TrainerError("somebody must wait for an answer. Received: nobody, the kernel has ended")
        if time.monotonic() > self.began + self.seconds:
            raise DeadlineError(f"the trusted side must answer in {self.seconds:g} seconds. Received: nothing")
