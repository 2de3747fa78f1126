"""What a person's marks on some answers of a class change in the marks of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from grader.checks.prose.findings import answer_text, as_judged, judge_passages
from grader.checks.prose.learning import Examples, learn
from grader.checks.prose.meanings import named_words
from grader.checks.prose.weighing import TRUST_IN_CLASS, Judgement, weigh
from grader.records import Finding, HumanMark, Passage, Result, Status, say
from grader.rubric.criteria import Concept
from grader.rubric.rubric import Rubric

Marked = Mapping[tuple[str, str], Examples]
"""Answers that a person has marked, by question and concept."""


def marked_answers(results: Mapping[str, Result], marks: Iterable[HumanMark], rubric: Rubric) -> Marked:
    """What there is to learn from marks: answers with the share of the points that they were given.

    A mark teaches only about the file that the person looked at, and while the concept is worth the same.
    """
    found: dict[tuple[str, str], dict[str, float]] = {}
    for mark in sorted(marks, key=lambda mark: mark.number):
        result, concept = results.get(mark.submission), concept_of(rubric, mark.question, mark.check)
        if result is None or concept is None or mark.points is None or mark.sha256 != result.sha256:
            continue
        answer = answer_text(result.passages.get(mark.question, ()))
        if answer:
            share = max(0.0, min(1.0, mark.points / concept.points))
            found.setdefault((mark.question, mark.check), {})[answer] = share
    return {key: tuple(answers.items()) for key, answers in found.items()}


def concept_of(rubric: Rubric, question_id: str, check: str) -> Concept | None:
    """The concept behind a finding; None where it is another kind of criterion, or not in this rubric."""
    criteria = (one for question in rubric.questions if question.id == question_id for one in question.criteria)
    return next((one for one in criteria if isinstance(one, Concept) and one.id == check), None)


class Refiner:
    """Judges a class's prose anew with what a person has marked; what sentences say is read only once.

    Args:
        given_texts: The assignment's own cells; what is copied from them counts for nothing.
    """

    def __init__(self, rubric: Rubric, given_texts: Sequence[str] = ()) -> None:
        self._rubric = rubric
        self._given = tuple(given_texts) + tuple(question.prompt for question in rubric.questions)
        self._read: dict[tuple[str, str, tuple[Passage, ...]], Judgement] = {}

    def refine(self, result: Result, marked: Marked) -> Result:
        """The result with refined findings; its score is still the old one."""
        questions = []
        for score in result.score.questions:
            findings = list(score.findings)
            for place, finding in enumerate(findings):
                if (finding.question, finding.check) in marked:
                    findings[place] = self.refined([(result, finding)], marked)[0]
            questions.append(replace(score, findings=tuple(findings)))
        return replace(result, score=replace(result.score, questions=tuple(questions)))

    def refined(self, cases: Sequence[tuple[Result, Finding]], marked: Marked) -> list[Finding]:
        """Findings of one concept, each of one result, judged with the marked answers; others stay as they are."""
        judged = [(place, case) for place, case in enumerate(cases) if self._is_judged(*case)]
        refined = [finding for _, finding in cases]
        if not judged:
            return refined
        question, check = refined[judged[0][0]].question, refined[judged[0][0]].check
        concept, learned = concept_of(self._rubric, question, check), dict(marked.get((question, check), ()))
        if concept is None or not learned:
            return refined
        passages = [_own(result.passages.get(question, ())) for _, (result, _) in judged]
        answers = [answer_text(several) for several in passages]
        opinion = learn(self._rubric.examples(question, check) + tuple(learned.items()), named_words(concept))
        odds = opinion.log_odds(answers) if opinion is not None else [None] * len(answers)
        for at, (place, (_, finding)) in enumerate(judged):
            judgement, suggested = self._judgement(passages[at], concept, question), odds[at]
            if answers[at] in learned:
                judgement = _as_marked(judgement, learned[answers[at]])
            elif judgement.seen is not None and suggested is not None:
                judgement = weigh(judgement, suggested, concept.credit, TRUST_IN_CLASS)
            else:
                continue
            refined[place] = as_judged(finding, judgement, self._rubric.review_below)
        return refined

    def _is_judged(self, result: Result, finding: Finding) -> bool:
        if finding.status in (Status.ERROR, Status.SKIPPED) or "confidence" not in finding.evidence:
            return False
        answer = answer_text(result.passages.get(finding.question, ()))
        return bool(answer) and result.rubric_sha256 == self._rubric.sha256

    def _judgement(self, passages: Sequence[Passage], concept: Concept, question: str) -> Judgement:
        key = (question, concept.id, tuple(passages))
        if key not in self._read:
            prompt = self._rubric.question(question).prompt
            self._read[key] = judge_passages(passages, concept, prompt, self._given)
        return self._read[key]


def _own(passages: Sequence[Passage]) -> list[Passage]:
    return [passage for passage in passages if not passage.perhaps_given]


def _as_marked(judgement: Judgement, share: float) -> Judgement:
    reason = say("A person marked an answer with exactly these words.")
    return replace(judgement, share=share, confidence=1.0, reason=reason)
