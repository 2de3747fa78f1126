"""Every exception the grader raises on purpose.

    GraderError
    ├── UsageError            wrong path, empty folder, unwritable output: exit code 2
    ├── RubricError           a rubric that breaks a rule; names file and line: exit code 2
    ├── SubmissionError       a file that is not a readable notebook: a `failed` row
    ├── SandboxError          the isolation asked for is not to be had on this machine: exit code 2
    ├── DataError             the assignment's data set is missing or damaged: exit code 2
    ├── ExchangeError         the kernel's side sent something malformed or too large
    ├── NotTrainable          a training that the trusted trainer does not take: it runs in the kernel
    ├── TrainerError          the trusted trainer itself failed: the training runs in the kernel
    └── DeadlineError         a part of the grader took longer than it may: our error, and no lost point

Messages are *rule, received value, where*, for example
``rubrics/x.yaml:31: 'points' must be > 0. Received: -1``.
"""

from __future__ import annotations


class GraderError(Exception):
    """Anything the grader refuses or cannot do, in one clear line."""


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


class TrainerError(GraderError):
    """The trusted trainer died or broke its protocol."""


class DeadlineError(GraderError):
    """A part of the grader itself took longer than it may, and a mark would depend on it."""
