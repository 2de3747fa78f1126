"""Judging what students write: does an answer express an idea of the rubric, and how sure is that?"""

from grader.checks.prose.judging import Judgement, answer_text, check_concept, judge_concept
from grader.checks.prose.learning import Examples, learn
from grader.checks.prose.reading import turning_words
from grader.checks.prose.refining import Marked, Refiner, concept_of, marked_answers

__all__ = [
    "Examples",
    "Judgement",
    "Marked",
    "Refiner",
    "answer_text",
    "check_concept",
    "concept_of",
    "judge_concept",
    "learn",
    "marked_answers",
    "turning_words",
]
