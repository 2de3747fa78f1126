"""The untrusted side and its guard: a sandboxed kernel, watched from inside, driven from outside."""

from grader.execution.protection import Protection, gaps, protections
from grader.execution.sandbox import check_sandbox
from grader.execution.session import run_submission

__all__ = ["Protection", "check_sandbox", "gaps", "protections", "run_submission"]
