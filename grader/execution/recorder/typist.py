"""What `input` gets where nobody is there to type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MOST_QUESTIONS = 20
"""Of one notebook; the next raises `EOFError`, as a terminal does whose other end is closed."""
LONGEST_ANSWER = 200
LONGEST_PROMPT = 200


class Typist:
    """Answers with what the saved outputs plainly show, else with an empty line."""

    def __init__(self, emit: Callable[..., None]) -> None:
        self._emit = emit
        self._asked = 0
        self.saved: list[str] = []
        """Lines that the running cell showed when it was saved; those above an answer that was taken are gone."""

    def answer(self, prompt: Any = "") -> str:
        """One line. Raises EOFError."""
        self._asked += 1
        if self._asked > MOST_QUESTIONS:
            raise EOFError(f"a notebook must ask for input at most {MOST_QUESTIONS} times. Received: one more")
        text = str(prompt)
        found = self._shown_after(text.rpartition("\n")[2].strip())
        print(f"{text}{found}")  # as Jupyter shows it
        self._emit("input", prompt=text.strip()[:LONGEST_PROMPT], answer=found)
        return found

    def secret(self, prompt: Any = "Password: ", _stream: Any = None) -> str:
        """The same for `getpass`, whose answers nobody shows."""
        return self.answer(prompt)

    def _shown_after(self, prompt: str) -> str:
        for number, line in enumerate(self.saved):
            if prompt and line.strip().startswith(prompt):
                answer = line.strip().removeprefix(prompt).strip()
                del self.saved[: number + 1]
                return answer if len(answer) <= LONGEST_ANSWER else ""
        return ""
