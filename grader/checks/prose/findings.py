"""From a student's prose at a question to the finding of a criterion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from grader.checks.prose.judging import contradicted, judge_sentences
from grader.checks.prose.learning import Examples, learn
from grader.checks.prose.meanings import named_words
from grader.checks.prose.weighing import Judgement, Seen, weigh
from grader.records import LONGEST_ANSWER, Finding, Message, Passage, Place, Status, Submission, say
from grader.rubric.criteria import Concept
from grader.rubric.rubric import Question

_SHOWN_ANSWER = 600


def check_concept(
    concept: Concept,
    question: Question,
    submission: Submission,
    *,
    review_below: float = 0.7,
    other_texts: Sequence[str] = (),
    examples: Examples = (),
    doubt: Message | None = None,
) -> Finding:
    """Judge a concept in what a submission says at a question.

    Args:
        concept: The criterion.
        question: The question it belongs to.
        submission: Where the answer stands.
        review_below: With less confidence than this, a person decides and the points are provisional.
        other_texts: Texts that students were given; what is copied from them counts for nothing.
        examples: Answers to the question that a person has marked for this concept.
        doubt: Why a person looks at whatever the answer earns.
    """
    place = submission.place(question.id)

    def judge(passages: Sequence[Passage]) -> Judgement:
        judgement = judge_passages(passages, concept, question.prompt, other_texts)
        opinion = learn(examples, named_words(concept)) if judgement.seen is not None else None
        if opinion is None:
            return judgement
        return weigh(judgement, opinion.log_odds([_whole(passages)])[0], concept.credit)

    judgement = judge(place.own)
    finding = Finding(
        question=question.id,
        check=concept.id,
        status=Status.FAILED,
        points=0.0,
        max_points=concept.points,
        message=judgement.reason,
        basis="static",
        cells=tuple(sorted({passage.cell for passage in place.own})),
        evidence={"answer": _whole(place.own)[:_SHOWN_ANSWER]},
    )
    if judgement.share < 1 and place.own != place.passages and (more := judge(place.passages)).share > judgement.share:
        cells = [passage.cell for passage in place.passages]
        return _left_to_a_person(finding, judgement, _beside_statement(more), cells)
    if judgement.share < 1 and place.pictures:
        reason = say("The answer shows a picture, which only a person can read.")
        return _left_to_a_person(finding, judgement, reason, (*finding.cells, *place.pictures))
    if judgement.expressed and doubt is not None:
        return _left_to_a_person(finding, judgement, doubt, finding.cells)
    if judgement.share < 1 and place.unsure:
        for passage in _elsewhere(submission, place):
            if judge([passage]).share > judgement.share:
                reason = say("What stands in cell {cell} may be the answer: no number says so.", cell=passage.cell + 1)
                return _left_to_a_person(finding, judgement, reason, (*finding.cells, passage.cell))
    return as_judged(finding, judgement, review_below)


def _elsewhere(submission: Submission, place: Place) -> Iterator[Passage]:
    """What the student wrote at other questions, as much as is read of one question's answer."""
    left = LONGEST_ANSWER
    theirs = (passage for other in submission.places.values() for passage in other.own)
    for passage in dict.fromkeys(theirs):
        if passage not in place.passages and left > 0:
            left -= len(passage.text)
            yield passage


def _beside_statement(judgement: Judgement) -> Message:
    words = " … ".join(judgement.spans[:1])
    return say("“{words}” may be the question's own statement, or the answer; a person decides.", words=words[:200])


def _left_to_a_person(finding: Finding, judgement: Judgement, reason: Message, cells: Iterable[int]) -> Finding:
    """The finding with the points that are sure, for a person to decide; no marks of others change it."""
    return replace(
        finding,
        status=Status.NEEDS_REVIEW,
        points=round(finding.max_points * judgement.share, 6),
        message=reason,
        cells=tuple(sorted({*cells})),
        evidence={**finding.evidence, "unread": True},
    )


def judge_passages(
    passages: Sequence[Passage], concept: Concept, question_prompt: str, other_texts: Sequence[str]
) -> Judgement:
    """What the sentences of an answer say, which may stand in several places of the notebook.

    Where one place says the contrary of the others, a person decides.
    """
    judgement = judge_sentences(_whole(passages), concept, question_prompt, other_texts)
    for passage in passages if judgement.expressed and len(passages) > 1 else ():
        part = judge_sentences(passage.text, concept, question_prompt, other_texts)
        if part.seen is Seen.DENIED:
            words, contrary = (" … ".join(spans[:1]) for spans in (judgement.spans, part.spans))
            return contradicted(judgement.spans, words, contrary, concept.credit)
    return judgement


def as_judged(finding: Finding, judgement: Judgement, review_below: float) -> Finding:
    """The finding with the points, status and reason of a judgement."""
    if judgement.confidence < review_below:
        status = Status.NEEDS_REVIEW
    else:
        status = Status.PASSED if judgement.share == 1 else Status.FAILED
    return replace(
        finding,
        status=status,
        points=round(finding.max_points * judgement.share, 6),
        message=judgement.reason,
        evidence={
            **finding.evidence,
            "confidence": judgement.confidence,
            "words": list(judgement.spans),
            **({"comes_near": True} if judgement.comes_near else {}),
        },
    )


def answer_text(passages: Sequence[Passage], *, with_statement: bool = False) -> str:
    """A question's answer: all that a student wrote there, text cells first, then comments, then what was printed.

    Args:
        with_statement: also what may be the question's statement.
    """
    order = {"markdown": 0, "comment": 1, "print": 2}
    read = [passage for passage in passages if with_statement or not passage.perhaps_given]
    return "\n".join(passage.text.strip() for passage in sorted(read, key=lambda passage: order[passage.source]))


def _whole(passages: Sequence[Passage]) -> str:
    return answer_text(passages, with_statement=True)
