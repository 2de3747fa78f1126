"""Judging what students write: does an answer express an idea of the rubric, and how sure is that?"""

from grader.checks.prose.findings import answer_text, check_concept
from grader.checks.prose.judging import judge_concept
from grader.checks.prose.learning import Examples, learn
from grader.checks.prose.meanings import named_words
from grader.checks.prose.reading import turning_words
from grader.checks.prose.refining import Marked, Refiner, concept_of, marked_answers
from grader.checks.prose.together import doubts_of
from grader.checks.prose.weighing import Judgement

__all__ = [
    "Examples",
    "Judgement",
    "Marked",
    "Refiner",
    "answer_text",
    "check_concept",
    "concept_of",
    "doubts_of",
    "judge_concept",
    "learn",
    "marked_answers",
    "named_words",
    "turning_words",
]
