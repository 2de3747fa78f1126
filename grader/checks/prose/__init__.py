"""Judging what students write: does an answer express an idea of the rubric, and how sure is that?"""

from grader.checks.prose.judging import Judgement, check_concept, judge_concept
from grader.checks.prose.learning import Examples

__all__ = ["Examples", "Judgement", "check_concept", "judge_concept"]
