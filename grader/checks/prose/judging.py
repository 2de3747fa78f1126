"""From the ways found in an answer to a mark with a confidence.

Certain are an idea plainly said, plainly denied, or absent from an answer without a word about it. A person is asked
where an answer says a thing and its contrary, says half of it, says it without standing for it, or speaks of the matter
without a way the rubric knows.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from grader.checks.prose.fragments import rows_of_fragments
from grader.checks.prose.language import ARTICLES, CLITICS, FOREIGN, GLUE, HEDGES, NEGATORS
from grader.checks.prose.learning import Examples, learn
from grader.checks.prose.matching import Match, ParsedWay, find_ways, knowing, vocabulary_of, without
from grader.checks.prose.meanings import NamedWords, named_words
from grader.checks.prose.reading import Reading, Token, read_answer
from grader.checks.prose.stance import Stance, compares, owns_to_knowing_nothing
from grader.checks.prose.weighing import DOUBTFUL, SUREST, Judgement, Seen, weigh
from grader.records import Message, say
from grader.rubric.criteria import Concept
from grader.rubric.ways import parse_way

_SURE = 0.95
_FORGIVEN = 0.9
_HEDGED = 0.75
_SHOWN_SPANS = 3
_WORDS_AROUND = 6
_LONGEST_CLAUSE = 200
_TELLING_TERMS = 2
_LONG_ANSWER = 40
_FEWEST_ALIKE = 4
"""Different words from which on an answer that says nothing of the matter may yet be worded like others: a greeting and
a number are worded like nothing."""
_TOLD_BESIDE = 5
"""Words beside a list of terms that may make a statement of it."""
_FOREIGN_WORDS = 2
"""Different words of a third language that an answer in Spanish or English does not hold."""
_COMMON = GLUE | ARTICLES | NEGATORS | CLITICS | {"da", "dan", "tiene", "tienen"}


@dataclass(frozen=True, slots=True)
class _Found:
    """What of a concept was found in an answer, by whether it counts."""

    said: tuple[Match, ...]
    denied: tuple[Match, ...]
    idle: tuple[Match, ...]
    """Copied, in a bare list of terms, or said to the grader."""
    other_case: tuple[Match, ...]
    """Of another case than the question's."""


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
    opinion = learn(examples, named_words(concept)) if judgement.seen is not None else None
    return judgement if opinion is None else weigh(judgement, opinion.log_odds([answer])[0], concept.credit)


def judge_sentences(answer: str, concept: Concept, question_prompt: str, other_texts: Sequence[str]) -> Judgement:
    """Decide by what the answer's sentences say, without a second opinion."""
    reading = read_answer(answer, question_prompt, tuple(other_texts))
    if not reading.tokens:
        return Judgement(0.0, 1.0, (), say("No answer was found."))
    reading = without(knowing(reading, _parsed(concept, _everything(concept))), _parsed(concept, concept.given))
    judgement = _judge_reading(reading, concept, question_prompt)
    if judgement.expressed and any(token.stance is Stance.ORDER for token in reading.tokens):
        reason = say("The answer tells the grader what to give.")
        return Judgement(0.0, DOUBTFUL, judgement.spans, reason)
    if judgement.expressed and _stands_in(rows_of_fragments(reading), judgement.spans):
        words = " … ".join(judgement.spans[:1])
        reason = say("The answer is a row of terms that may be meant as a sentence: “{words}”.", words=words)
        return Judgement(0.0, DOUBTFUL, judgement.spans, reason)
    return judgement


def _stands_in(rows: Sequence[str], spans: Sequence[str]) -> bool:
    return any(all(span in row for span in spans) for row in rows)


def says_wholly(reading: Reading, concept: Concept) -> bool:
    """Whether an answer, read, says an idea in one of its ways."""
    return bool(_sorted_out(reading, _parsed(concept, concept.ways)).said)


def _judge_reading(reading: Reading, concept: Concept, prompt: str) -> Judgement:
    ways = _sorted_out(reading, _parsed(concept, concept.ways))
    against = _sorted_out(reading, _parsed(concept, concept.against))
    ways, against = _outside(ways, against.said), _outside(against, ways.said)
    astray = [match for match in _sorted_out(reading, _parsed(concept, concept.astray)).said if match.exact]
    if ways.said:
        return _judge_said(reading, concept, ways, against, astray)
    partly = _sorted_out(reading, _parsed(concept, concept.partly))
    if against.said or ways.denied:
        found = against.said or ways.denied
        if partly.said and not {id(token) for match in partly.said for token in match.tokens} & {
            id(token) for match in found for token in match.tokens
        }:
            words, contrary = _quote(reading, partly.said), _quote(reading, found)
            return contradicted(_spans(reading, partly.said), words, contrary, concept.credit)
        return _judge_contrary(reading, found)
    if partly.said:
        reason = say("The answer says part of it: “{words}”.", words=_quote(reading, partly.said))
        return Judgement(concept.credit, DOUBTFUL, _spans(reading, partly.said), reason, Seen.SAID_IN_PART)
    if ways.idle:
        return _judge_idle(reading, ways.idle)
    related = _sorted_out(reading, _parsed(concept, concept.related))
    if len(reading.tokens) < _LONG_ANSWER and owns_to_knowing_nothing(*reading.columns()):
        confidence = DOUBTFUL if related.said else _SURE
        return Judgement(0.0, confidence, (), say("The answer says that it has no answer."))
    terms = _terms(reading, vocabulary_of(_parsed(concept, _everything(concept))), prompt)
    unsaid = _judge_unsaid(reading, concept, related, terms)
    if astray and unsaid.seen is not None:
        reason = say("The answer gives another explanation: “{words}”.", words=_quote(reading, astray))
        unsaid = Judgement(0.0, _HEDGED, _spans(reading, astray), reason, Seen.ASTRAY, surest=unsaid.surest)
    if ways.other_case:
        reason = say("The answer says this of another case only: “{words}”.", words=_quote(reading, ways.other_case))
        return Judgement(0.0, DOUBTFUL, _spans(reading, ways.other_case), reason)
    return unsaid if len({token.word for token in reading.tokens} & FOREIGN) < _FOREIGN_WORDS else _in_other(unsaid)


def _everything(concept: Concept) -> tuple[str, ...]:
    return (*concept.given, *concept.ways, *concept.partly, *concept.against, *concept.astray, *concept.related)


def _in_other(judgement: Judgement) -> Judgement:
    """What is not found in an answer in a third language may well be there: a person looks."""
    reason = say("The answer seems to be in a language for which the rubric has no words.")
    confidence = min(judgement.confidence, DOUBTFUL)
    return replace(judgement, confidence=confidence, reason=reason, surest=DOUBTFUL)


def _judge_said(
    reading: Reading, concept: Concept, ways: _Found, against: _Found, astray: Sequence[Match]
) -> Judgement:
    spans, words = _spans(reading, ways.said), _quote(reading, ways.said)
    hedged = _is_hedged(reading, ways.said)
    if against.said:
        return contradicted(spans, words, _quote(reading, against.said), 0.0 if hedged else concept.credit)
    if all(match.reported for match in ways.said):
        reason = say("The answer quotes somebody else, and does not say what it thinks itself: “{words}”.", words=words)
        return Judgement(0.0, DOUBTFUL, spans, reason)
    if all(token.asked for match in ways.said for token in match.tokens):
        reason = say("The answer only asks whether it is so: “{words}”.", words=words)
        return Judgement(0.0, DOUBTFUL, spans, reason)
    if astray and not hedged:
        reason = say(
            "The answer says so, “{words}”, and gives another explanation as well: “{other}”.",
            words=words,
            other=_quote(reading, astray),
        )
        return Judgement(1.0, DOUBTFUL, spans, reason, Seen.SAID_ASTRAY, surest=DOUBTFUL)
    exact = any(match.exact for match in ways.said)
    confidence, seen = (_SURE, _said(concept)) if exact else (_FORGIVEN, Seen.SAID_WITH_TYPOS)
    if hedged:
        confidence, seen = _HEDGED, Seen.SAID_WITH_DOUBT
    return Judgement(1.0, confidence, spans, say("The answer says so: “{words}”.", words=words), seen)


def _said(concept: Concept) -> Seen:
    """What a way is that was found: a name, where all ways are single words, or an explanation."""
    return Seen.SAID if any(sign in way for way in concept.ways for sign in " &+") else Seen.NAMED


def contradicted(spans: tuple[str, ...], words: str, contrary: str, share: float) -> Judgement:
    """Of an answer that says a thing and its contrary: a person decides, whatever a second opinion makes of it."""
    reason = say(
        "The answer says this, “{words}”, and also the contrary, “{contrary}”.", words=words, contrary=contrary
    )
    return Judgement(share, DOUBTFUL, spans, reason, Seen.CONTRADICTED, surest=DOUBTFUL)


def _judge_contrary(reading: Reading, found: Sequence[Match]) -> Judgement:
    spans, words = _spans(reading, found), _quote(reading, found)
    if all(match.disowned for match in found):
        reason = say("The answer takes this back, or calls it false: “{words}”.", words=words)
        return Judgement(0.0, DOUBTFUL, spans, reason)
    exact = any(match.exact for match in found)
    confidence, seen = (_FORGIVEN, Seen.DENIED) if exact else (DOUBTFUL, Seen.DENIED_WITH_TYPOS)
    return Judgement(0.0, confidence, spans, say("The answer says the contrary: “{words}”.", words=words), seen)


def _judge_idle(reading: Reading, idle: Sequence[Match]) -> Judgement:
    tokens = [token for match in idle for token in match.tokens]
    words = _quote(reading, idle)
    if any(token.telegraphic for token in tokens):
        reason = say("The answer is a row of terms that may be meant as a sentence: “{words}”.", words=words)
        return Judgement(0.0, DOUBTFUL, (), reason)
    if any(token.listed for token in tokens):
        told = sum(token.usable for token in reading.tokens)
        confidence = DOUBTFUL if told >= _TOLD_BESIDE or _counts_something(tokens) else _SURE
        return Judgement(
            0.0, confidence, (), say("The answer is a list of terms, not a statement: “{words}”.", words=words)
        )
    reason = say("These words are the assignment's own: “{words}”.", words=words)
    return Judgement(0.0, _FORGIVEN, (), reason, Seen.COPIED)


def _counts_something(tokens: Sequence[Token]) -> bool:
    """Whether a number stands before a word ("diez clases"): in a list of terms, that may be a statement."""
    return any(
        one.word.isdigit() and other.word.isalpha() and one.clause == other.clause
        for one, other in itertools.pairwise(tokens)
    )


def _judge_unsaid(reading: Reading, concept: Concept, related: _Found, terms: Sequence[Token]) -> Judgement:
    if not any(token.usable for token in reading.tokens):
        return Judgement(0.0, _FORGIVEN, (), say("The answer is a list of terms, or copied."))
    if related.said:
        reason = _comes_near(reading, concept, related.said)
        spans, near = _spans(reading, related.said), bool(concept.near)
        return Judgement(0.0, DOUBTFUL, spans, reason, Seen.SPOKEN_OF, comes_near=near)
    if len(terms) >= _TELLING_TERMS:
        reason = say("The answer mentions “{words}”, but does not say this.", words=_passage(reading, terms))
        surest = DOUBTFUL if compares(*reading.columns()) else SUREST
        return Judgement(0.0, DOUBTFUL, (), reason, Seen.TERMS_ONLY, surest=surest)
    if sum(not (token.copied or token.listed) for token in reading.tokens) >= _LONG_ANSWER:
        reason = say("The answer is long, and this idea was not found in it.")
        return Judgement(0.0, DOUBTFUL, (), reason, Seen.SPOKEN_OF, surest=DOUBTFUL)
    if compares(*reading.columns()):
        reason = say("The answer explains by a comparison, which may say this.")
        return Judgement(0.0, DOUBTFUL, (), reason, Seen.TERMS_ONLY, surest=DOUBTFUL)
    words = {token.word for token in reading.tokens if token.word.isalpha()}
    seen = Seen.NOT_SAID if len(words) >= _FEWEST_ALIKE else None
    return Judgement(0.0, _FORGIVEN, (), say("The answer does not say this."), seen)


def _comes_near(reading: Reading, concept: Concept, found: Sequence[Match]) -> Message:
    """Of an answer that speaks of the matter only: what it lacks, where the rubric has words for that."""
    words = _clause(reading, found[0])
    if concept.near:
        return say("{near} Your words: “{words}”.", near=concept.near, words=words)
    return say("The answer comes near, but does not clearly say this: “{words}”.", words=words)


def _passage(reading: Reading, terms: Sequence[Token]) -> str:
    """What the sentence with most of the terms says from the first of them to the last.

    Terms alone, picked out of an answer, read as the rubric's words and not as the student's.
    """
    by_sentence: dict[int, list[Token]] = {}
    for term in terms:
        by_sentence.setdefault(term.sentence, []).append(term)
    found = max(by_sentence.values(), key=len)
    start, end = min(term.start for term in found), max(term.end for term in found)
    return reading.words_between(start, end)[:_LONGEST_CLAUSE]


def _parsed(concept: Concept, ways: Sequence[str]) -> tuple[ParsedWay, ...]:
    return _parse_all(tuple(ways), named_words(concept))


@lru_cache(maxsize=500)
def _parse_all(ways: tuple[str, ...], words: NamedWords) -> tuple[ParsedWay, ...]:
    named = {name: list(several) for name, several in words}
    return tuple(parse_way(way, named) for way in ways)


def _sorted_out(reading: Reading, ways: Sequence[ParsedWay]) -> _Found:
    found = find_ways(reading, ways)
    used = [match for match in found if not _is_idle(match)]
    return _Found(
        said=tuple(match for match in used if not match.denied and not match.other_case),
        denied=tuple(match for match in used if match.denied and not match.other_case),
        idle=tuple(match for match in found if _is_idle(match)),
        other_case=tuple(match for match in used if match.other_case),
    )


def _outside(found: _Found, others: Sequence[Match]) -> _Found:
    """What was found, without what only repeats a part of something longer: "menos lento" is not "lento"."""
    longer = [{id(token) for token in match.tokens} for match in others if match.compact]

    def stands(match: Match) -> bool:
        own = {id(token) for token in match.tokens}
        return not any(own < other for other in longer)

    return _Found(*(tuple(filter(stands, group)) for group in (found.said, found.denied, found.idle, found.other_case)))


def _terms(reading: Reading, vocabulary: frozenset[str], prompt: str) -> list[Token]:
    """The answer's words, each once, that the ways use and that neither the question nor every sentence has."""
    asked = frozenset(key for token in read_answer(prompt).tokens for key in token.keys)
    terms = {
        token.word: token
        for token in reading.tokens
        if token.keys & vocabulary - asked and token.word.isalpha() and token.word not in _COMMON and token.usable
    }
    return list(terms.values())


def _is_idle(match: Match) -> bool:
    copied = all(token.copied for token in match.tokens)
    return copied or any(not token.usable and not token.copied for token in match.tokens)


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
