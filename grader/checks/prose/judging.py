"""From the ways found in an answer to a mark with a confidence, and to the finding of a criterion.

Certain are an idea plainly said, plainly denied, or absent from an answer without a word about it. A person is asked
where an answer says a thing and its contrary, says half of it, or speaks of the matter without a way the rubric knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from grader.checks.prose.language import ARTICLES, CLITICS, FOREIGN, GLUE, HEDGES, NEGATORS
from grader.checks.prose.learning import Examples, learn, probability
from grader.checks.prose.matching import Match, ParsedWay, find_ways, knowing, vocabulary_of, without
from grader.checks.prose.reading import Reading, Token, read_answer
from grader.records import Finding, Message, Passage, Status, Submission, say
from grader.rubric.criteria import Concept
from grader.rubric.rubric import Question
from grader.rubric.ways import parse_way

_SURE = 0.95
_FORGIVEN = 0.9
_HEDGED = 0.75
_DOUBTFUL = 0.5
_SUREST_UNSAID = 0.85
_SHOWN_ANSWER = 600
_SHOWN_SPANS = 3
_WORDS_AROUND = 6
_LONGEST_CLAUSE = 200
_TELLING_TERMS = 2
_LONG_ANSWER = 40
_FOREIGN_WORDS = 2
"""Different words of a third language that an answer in Spanish or English does not hold."""
_COMMON = GLUE | ARTICLES | NEGATORS | CLITICS | {"da", "dan", "tiene", "tienen"}


_SAID, _SAID_WITH_TYPOS, _SAID_WITH_DOUBT, _SAID_IN_PART, _CONTRADICTED = 3.5, 2.5, 1.0, 0.5, 0.0
_SPOKEN_OF, _TERMS_ONLY, _NOT_SAID, _COPIED = -0.7, -1.5, -2.0, -3.0
_DENIED, _DENIED_WITH_TYPOS = -3.5, -1.5
"""How much each kind of finding says, in log odds: what was seen in labelled answers that no way was made for."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was made of one answer for one idea."""

    expressed: bool
    share: float
    """Of the criterion's points, 0 to 1; provisional where the confidence is low."""
    confidence: float
    """0 to 1: how likely a fair teacher would agree."""
    spans: tuple[str, ...]
    """The answer's own words that decided it."""
    reason: Message
    weight: float | None = None
    """What was found in the sentences, as log odds to be added to those of a second opinion; None where it decides
    alone.
    """
    surest: float = 0.97
    """The highest confidence that a second opinion can bring."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What of a concept was found in an answer, by whether it counts."""

    said: tuple[Match, ...]
    denied: tuple[Match, ...]
    idle: tuple[Match, ...]
    """Copied, or in a bare list of terms."""


def judge_concept(
    answer: str,
    concept: Concept,
    *,
    question_prompt: str,
    other_texts: Sequence[str] = (),
    examples: Examples = (),
) -> Judgement:
    """Decide whether an answer expresses a concept.

    Args:
        answer: The student's prose, in Spanish or English.
        concept: The idea, with the ways to say it.
        question_prompt: The question as students read it; what is copied from it counts for nothing.
        other_texts: Further texts that students were given, such as the assignment's notes.
        examples: Answers to the question that a person has marked for this concept.
    """
    judgement = judge_sentences(answer, concept, question_prompt, other_texts)
    opinion = learn(examples) if judgement.weight is not None else None
    return judgement if opinion is None else weigh(judgement, opinion.log_odds([answer])[0])


def weigh(judgement: Judgement, opinion: float) -> Judgement:
    """The judgement with a second opinion taken into account: both as log odds, added up.

    Where a person has to look, the provisional points are the more probable ones.
    """
    assert judgement.weight is not None
    chance = probability(judgement.weight + opinion)
    if judgement.weight == _DENIED:  # likeness is blind to negation: it may cast doubt on a denial, not overrule it
        chance = min(chance, 0.49)
    expressed = chance >= 0.5
    unsaid = expressed and not judgement.expressed
    confidence = min(judgement.surest, _SUREST_UNSAID if unsaid else 1.0, max(chance, 1 - chance))
    reason = say("The answer is worded like others that earned the points.") if unsaid else judgement.reason
    return replace(
        judgement, expressed=expressed, share=float(expressed), confidence=round(confidence, 3), reason=reason
    )


def judge_sentences(answer: str, concept: Concept, question_prompt: str, other_texts: Sequence[str]) -> Judgement:
    """Decide by what the answer's sentences say, without a second opinion."""
    reading = read_answer(answer, question_prompt, tuple(other_texts))
    if not reading.tokens:
        return Judgement(False, 0.0, 1.0, (), say("No answer was found."))
    everything = (*concept.given, *concept.ways, *concept.partly, *concept.against, *concept.related)
    reading = without(knowing(reading, _parsed(concept, everything)), _parsed(concept, concept.given))
    ways = _sorted_out(reading, _parsed(concept, concept.ways))
    against = _sorted_out(reading, _parsed(concept, concept.against))
    ways, against = _outside(ways, against.said), _outside(against, ways.said)
    if ways.said:
        return _judge_said(reading, ways, against)
    if against.said or ways.denied:
        return _judge_contrary(reading, against.said or ways.denied)
    partly = _sorted_out(reading, _parsed(concept, concept.partly))
    if partly.said:
        reason = say("The answer says part of it: “{words}”.", words=_quote(reading, partly.said))
        return Judgement(True, 0.5, _DOUBTFUL, _spans(reading, partly.said), reason, _SAID_IN_PART)
    if ways.idle:
        return _judge_idle(reading, ways.idle)
    related = _sorted_out(reading, _parsed(concept, concept.related))
    unsaid = _judge_unsaid(reading, concept, related, _terms(reading, _parsed(concept, everything), question_prompt))
    return unsaid if len({token.word for token in reading.tokens} & FOREIGN) < _FOREIGN_WORDS else _in_other(unsaid)


def _in_other(judgement: Judgement) -> Judgement:
    """What is not found in an answer in a third language may well be there: a person looks."""
    reason = say("The answer seems to be in a language for which the rubric has no words.")
    confidence = min(judgement.confidence, _DOUBTFUL)
    return replace(judgement, confidence=confidence, reason=reason, surest=_DOUBTFUL)


def _judge_said(reading: Reading, ways: _Found, against: _Found) -> Judgement:
    spans, words = _spans(reading, ways.said), _quote(reading, ways.said)
    hedged = _is_hedged(reading, ways.said)
    if against.said:
        reason = say(
            "The answer says this, “{words}”, and also the contrary, “{contrary}”.",
            words=words,
            contrary=_quote(reading, against.said),
        )
        share = 0.0 if hedged else 1.0
        return Judgement(not hedged, share, _DOUBTFUL, spans, reason, _CONTRADICTED, surest=_DOUBTFUL)
    if all(token.asked for match in ways.said for token in match.tokens):
        reason = say("The answer only asks whether it is so: “{words}”.", words=words)
        return Judgement(False, 0.0, _DOUBTFUL, spans, reason)
    confidence, weight = (_SURE, _SAID) if any(match.exact for match in ways.said) else (_FORGIVEN, _SAID_WITH_TYPOS)
    if hedged:
        confidence, weight = _HEDGED, _SAID_WITH_DOUBT
    return Judgement(True, 1.0, confidence, spans, say("The answer says so: “{words}”.", words=words), weight)


def _judge_contrary(reading: Reading, found: Sequence[Match]) -> Judgement:
    exact = any(match.exact for match in found)
    confidence, weight = (_FORGIVEN, _DENIED) if exact else (_DOUBTFUL, _DENIED_WITH_TYPOS)
    reason = say("The answer says the contrary: “{words}”.", words=_quote(reading, found))
    return Judgement(False, 0.0, confidence, _spans(reading, found), reason, weight)


def _judge_idle(reading: Reading, idle: Sequence[Match]) -> Judgement:
    tokens = [token for match in idle for token in match.tokens]
    words = _quote(reading, idle)
    if any(token.telegraphic for token in tokens):
        reason = say("The answer is a row of terms that may be meant as a sentence: “{words}”.", words=words)
        return Judgement(False, 0.0, _DOUBTFUL, (), reason)
    if any(token.listed for token in tokens):
        return Judgement(
            False, 0.0, _SURE, (), say("The answer is a list of terms, not a statement: “{words}”.", words=words)
        )
    reason = say("These words are the assignment's own: “{words}”.", words=words)
    return Judgement(False, 0.0, _FORGIVEN, (), reason, _COPIED)


def _judge_unsaid(reading: Reading, concept: Concept, related: _Found, terms: Sequence[Token]) -> Judgement:
    if all(_is_unused(token) for token in reading.tokens):
        return Judgement(False, 0.0, _FORGIVEN, (), say("The answer is a list of terms, or copied."))
    if related.said:
        reason = _comes_near(reading, concept, related.said)
        return Judgement(False, 0.0, _DOUBTFUL, _spans(reading, related.said), reason, _SPOKEN_OF)
    if len(terms) >= _TELLING_TERMS:
        words = ", ".join(reading.words_between(token.start, token.end) for token in terms[:_SHOWN_SPANS])
        reason = say("The answer mentions “{words}”, but does not say this.", words=words)
        return Judgement(False, 0.0, _DOUBTFUL, (), reason, _TERMS_ONLY)
    if sum(not (token.copied or token.listed) for token in reading.tokens) >= _LONG_ANSWER:
        reason = say("The answer is long, and this idea was not found in it.")
        return Judgement(False, 0.0, _DOUBTFUL, (), reason, _SPOKEN_OF, surest=_DOUBTFUL)
    return Judgement(False, 0.0, _FORGIVEN, (), say("The answer does not say this."), _NOT_SAID)


def _comes_near(reading: Reading, concept: Concept, found: Sequence[Match]) -> Message:
    """Of an answer that speaks of the matter only: what it lacks, where the rubric has words for that."""
    words = _clause(reading, found[0])
    if concept.near:
        return say("{near} Your words: “{words}”.", near=concept.near, words=words)
    return say("The answer comes near, but does not clearly say this: “{words}”.", words=words)


def check_concept(
    concept: Concept,
    question: Question,
    submission: Submission,
    *,
    review_below: float = 0.7,
    other_texts: Sequence[str] = (),
    examples: Examples = (),
) -> Finding:
    """Judge a concept in what a submission says at a question.

    Args:
        concept: The criterion.
        question: The question it belongs to.
        submission: Where the answer stands.
        review_below: With less confidence than this, a person decides and the points are provisional.
        other_texts: Texts that students were given; what is copied from them counts for nothing.
        examples: Answers to the question that a person has marked for this concept.
    """
    place = submission.place(question.id)
    answer, everything = answer_text(place.passages), answer_text(place.passages, with_statement=True)
    judge = partial(
        judge_concept, concept=concept, question_prompt=question.prompt, other_texts=other_texts, examples=examples
    )
    judgement = judge(answer)
    finding = Finding(
        question=question.id,
        check=concept.id,
        status=Status.FAILED,
        points=0.0,
        max_points=concept.points,
        message=judgement.reason,
        basis="static",
        cells=tuple(sorted({passage.cell for passage in place.own})),
        evidence={"answer": answer[:_SHOWN_ANSWER]},
    )
    if judgement.share < 1 and everything != answer and (more := judge(everything)).share > judgement.share:
        cells = [passage.cell for passage in place.passages]
        return _left_to_a_person(finding, judgement, _beside_statement(more), cells)
    if judgement.share < 1 and place.pictures:
        reason = say("The answer shows a picture, which only a person can read.")
        return _left_to_a_person(finding, judgement, reason, (*finding.cells, *place.pictures))
    return as_judged(finding, judgement, review_below)


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
        evidence={**finding.evidence, "confidence": judgement.confidence, "words": list(judgement.spans)},
    )


def answer_text(passages: Sequence[Passage], *, with_statement: bool = False) -> str:
    """A question's answer: all that a student wrote there, text cells first, then comments, then what was printed.

    Args:
        with_statement: also what may be the question's statement.
    """
    order = {"markdown": 0, "comment": 1, "print": 2}
    read = [passage for passage in passages if with_statement or not passage.perhaps_given]
    return "\n".join(passage.text.strip() for passage in sorted(read, key=lambda passage: order[passage.source]))


def _parsed(concept: Concept, ways: Sequence[str]) -> tuple[ParsedWay, ...]:
    return _parse_all(tuple(ways), tuple((name, tuple(words)) for name, words in concept.words.items()))


@lru_cache(maxsize=500)
def _parse_all(ways: tuple[str, ...], words: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[ParsedWay, ...]:
    named = {name: list(several) for name, several in words}
    return tuple(parse_way(way, named) for way in ways)


def _sorted_out(reading: Reading, ways: Sequence[ParsedWay]) -> _Found:
    def those(keep: Callable[[Match], bool]) -> tuple[Match, ...]:
        return tuple(match for match in found if keep(match))

    found = find_ways(reading, ways)
    return _Found(
        said=those(lambda match: not match.denied and not _is_idle(match)),
        denied=those(lambda match: match.denied and not _is_idle(match)),
        idle=those(_is_idle),
    )


def _outside(found: _Found, others: Sequence[Match]) -> _Found:
    """What was found, without what only repeats a part of something longer: "menos lento" is not "lento"."""
    longer = [{id(token) for token in match.tokens} for match in others if match.compact]

    def stands(match: Match) -> bool:
        own = {id(token) for token in match.tokens}
        return not any(own < other for other in longer)

    return _Found(
        tuple(filter(stands, found.said)), tuple(filter(stands, found.denied)), tuple(filter(stands, found.idle))
    )


def _terms(reading: Reading, ways: Sequence[ParsedWay], prompt: str) -> list[Token]:
    """The answer's words, each once, that the ways use and that neither the question nor every sentence has."""
    asked = frozenset(key for token in read_answer(prompt).tokens for key in token.keys)
    vocabulary = vocabulary_of(tuple(ways)) - asked
    terms = {
        token.word: token
        for token in reading.tokens
        if token.keys & vocabulary and token.word.isalpha() and token.word not in _COMMON and not _is_unused(token)
    }
    return list(terms.values())


def _is_unused(token: Token) -> bool:
    return token.copied or token.listed or token.telegraphic


def _is_idle(match: Match) -> bool:
    copied = all(token.copied for token in match.tokens)
    return copied or any(token.listed or token.telegraphic for token in match.tokens)


def _is_hedged(reading: Reading, found: Sequence[Match]) -> bool:
    sentences = {token.sentence for match in found for token in match.tokens}
    words = " ".join(token.word for token in reading.tokens if token.sentence in sentences)
    return any(re.search(pattern, words) for pattern in HEDGES) or "no sé" in reading.text.lower()


def _spans(reading: Reading, found: Sequence[Match]) -> tuple[str, ...]:
    places = dict.fromkeys(place for match in found for place in match.spans)
    return tuple(reading.words_between(*place) for place in places)[:_SHOWN_SPANS]


def _quote(reading: Reading, found: Sequence[Match]) -> str:
    return " … ".join(_spans(reading, found[:1]))[:200]


def _clause(reading: Reading, found: Match) -> str:
    """What was found with the words around it, for a word alone says nothing to whoever wrote it."""
    inside = {token.sentence for token in found.tokens}
    around = [place for place, token in enumerate(reading.tokens) if token.sentence in inside]
    starts = {token.start for token in found.tokens}
    places = [place for place, token in enumerate(reading.tokens) if token.start in starts]
    first = max(min(places) - _WORDS_AROUND, around[0])
    last = min(max(places) + _WORDS_AROUND, around[-1])
    return reading.words_between(reading.tokens[first].start, reading.tokens[last].end)[:_LONGEST_CLAUSE]
