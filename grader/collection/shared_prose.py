"""What a class shares and nobody has said whose it is: in an answer, it is a flag and leaves the answer to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grader.collection.shared import lines_of
from grader.records import Finding, Message, Passage, Result, SharedText, Status, say
from grader.rubric.rubric import Rubric
from grader.scoring import add_up
from grader.submission.wording import words

_LONGEST = 80


def with_shared_prose(result: Result, shared: Sequence[SharedText], rubric: Rubric) -> Result:
    """The result, with the answers that hold shared prose left to a person; their points stay what they are."""
    keys = [text for text in shared if text.kind == "text"]
    found = {question: text for question, said in result.passages.items() if (text := _shared_in(said, keys))}
    if not found:
        return result
    findings = [
        _left_to_a_person(finding, found[finding.question]) if finding.question in found else finding
        for score in result.score.questions
        for finding in score.findings
    ]
    flags = (*result.flags, *(_flag(question, text) for question, text in found.items()))
    return replace(result, score=add_up(findings, rubric), flags=flags)


def _shared_in(passages: Sequence[Passage], shared: Sequence[SharedText]) -> SharedText | None:
    said = [f" {' '.join(words(passage.text))} " for passage in passages if not passage.perhaps_given]
    return next(
        (text for text in shared if any(f" {line} " in own for line, _ in lines_of(text.source) for own in said)), None
    )


def _left_to_a_person(finding: Finding, text: SharedText) -> Finding:
    if finding.status not in (Status.PASSED, Status.FAILED) or not finding.evidence.get("answer"):
        return finding
    message = say(
        "The answer holds what stands alike in {count} of {of} notebooks; a person decides whether it was given.",
        count=text.count,
        of=text.of,
    )
    return replace(finding, status=Status.NEEDS_REVIEW, message=message, evidence={**finding.evidence, "unread": True})


def _flag(question: str, text: SharedText) -> Message:
    return say(
        "Question {question} holds what stands alike in {count} of {of} notebooks: “{begins}”.",
        question=question,
        count=text.count,
        of=text.of,
        begins=text.source[:_LONGEST],
    )
