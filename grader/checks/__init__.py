"""The trusted side's judgement: evidence and rubric in, findings out."""

from grader.checks.judge import judge, prepare

__all__ = ["judge", "prepare"]
