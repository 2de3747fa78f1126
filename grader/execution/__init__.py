"""The untrusted side and its guard: a sandboxed kernel, watched from inside, driven from outside."""

from grader.execution.attempts import run_submission
from grader.execution.protection import Protection, gaps, protections
from grader.execution.sandbox import check_sandbox, check_unseen
from grader.execution.warm import warm_up

__all__ = ["Protection", "check_sandbox", "check_unseen", "gaps", "protections", "run_submission", "warm_up"]
