"""Every exception the grader raises on purpose.

    GraderError
    ├── UsageError            wrong path, empty folder, unwritable output: exit code 2
    ├── RubricError           a rubric that breaks a rule; names file and line: exit code 2
    ├── SubmissionError       a file that is not a readable notebook: a `failed` row
    ├── SandboxError          the isolation asked for is not to be had on this machine: exit code 2
    ├── DataError             the assignment's data set is missing or damaged: exit code 2
    ├── ExchangeError         the kernel's side sent something malformed or too large
    ├── NotTrainable          a training that the trusted trainer does not take: it runs in the kernel
    │   └── TooMuch           it is more than the trainer does for one notebook
    ├── TrainerError          the trusted trainer itself failed: the training runs in the kernel
    ├── DeadlineError         a part of the grader took longer than it may: our error, and no lost point
    └── MemoryLimitError      a part of the grader took more memory than it may: likewise

Messages are *rule, received value, where*, for example
``rubrics/x.yaml:31: 'points' must be > 0. Received: -1``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self


class Phrase(str):
    """A sentence or a part of one, in English, and what it was made of: a translation is found by its text.

    Args:
        text: with ``{name}`` places for the values. Translators extract the argument of every call.
    """

    text: str
    values: dict[str, Any]

    def __new__(cls, text: str, /, **values: Any) -> Self:
        """Put the values in, where there are any."""
        phrase = super().__new__(cls, text.format_map(values) if values else text)
        phrase.text, phrase.values = text, {name: _plain(value) for name, value in values.items()}
        return phrase

    @classmethod
    def of(cls, text: str, values: Mapping[str, Any]) -> Self:
        """The same of a text that stands elsewhere as a constant."""
        return cls(text, **values)


def _plain(value: Any) -> Any:
    """What can be sent to another process, and has its own translation where it is a sentence."""
    return value if isinstance(value, str | int) or hasattr(value, "text") else str(value)


class GraderError(Exception):
    """Anything the grader refuses or cannot do, in one clear line.

    Args:
        text: what is said, as a `Phrase` takes it.
    """

    def __init__(self, text: str, /, **values: Any) -> None:
        self.phrase = Phrase.of(text, values)
        super().__init__(str(self.phrase))


class UsageError(GraderError):
    """The command was called with something that cannot be used."""


class RubricError(GraderError):
    """A rubric breaks rules. For each, the message has ``file:line: rule. Received: value``, the line, and a caret."""


class SubmissionError(GraderError):
    """A submitted file is not a notebook that can be read.

    Args:
        message: what is said to whoever handed it in: a `records.Message`, whose ``str`` is English.
    """

    def __init__(self, message: object) -> None:
        super().__init__(str(message))
        self.message = message


class SandboxError(GraderError):
    """The sandbox asked for cannot be started on this machine."""


class DataError(GraderError):
    """The data set that the assignment is about is missing or damaged."""


class ExchangeError(GraderError):
    """A message or array from the kernel breaks the protocol or a size limit."""


class NotTrainable(GraderError):
    """A training is outside what the trusted trainer takes, or Keras itself refuses it."""


class TooMuch(NotTrainable):
    """A training, evaluation or prediction is more than one notebook may ask of the trusted trainer."""


class TrainerError(GraderError):
    """The trusted trainer died or broke its protocol."""


class DeadlineError(GraderError):
    """A part of the grader itself took longer than it may, and a mark would depend on it."""


class MemoryLimitError(GraderError):
    """A part of the grader itself took more memory than it may."""
