"""Finding a rubric's way of saying something in an answer that has been read."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rapidfuzz.distance import OSA

from grader.checks.prose.language import (
    ARTICLES,
    CLITICS,
    CONTRARIES,
    FINITE,
    MEASURES,
    SHORT_NEGATORS,
    VERBAL_NOUNS,
)
from grader.checks.prose.reading import Reading, Token, denies, fold, keys_of, may_be_misspelt
from grader.checks.prose.stance import Stance

Phrase = tuple[str, ...]
ParsedWay = tuple[tuple[tuple[Phrase, ...], ...], ...]
"""Clauses of parts of alternatives; see `grader.rubric.ways.parse_way`."""

_BELIEFS = frozenset(("que", "that", "think", "believe", "porque", "because"))
"""In "no creo que ..." and "no es porque ..." all that follows is denied, whatever its verbs."""
_OR = frozenset(("o", "or"))
_FILLERS = 3
_REACH = 6
_SHORT_REACH = 2
_LOOK_BACK = 40
_CHOICES = 8
_SHORTEST_MISTYPED = 4
_MOST_EDITS = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """A part of a way, found."""

    places: tuple[int, ...]
    """Of its words, in the answer's tokens."""
    exact: bool
    """No typo had to be forgiven."""
    deniers: frozenset[int]
    """Places of the negations that reach it, its own left out."""


@dataclass(frozen=True, slots=True)
class Match:
    """A whole way, found in one sentence."""

    tokens: tuple[Token, ...]
    """Those that the way names."""
    spans: tuple[tuple[int, int], ...]
    """Places in the answer's text, one for each clause of the way."""
    exact: bool
    """No typo had to be forgiven."""
    denied: bool
    """Some part of it is negated, or called false."""
    compact: bool
    """Its words stand side by side, articles aside."""

    @property
    def disowned(self) -> bool:
        """Some part of it is called false, taken back, or somebody else's."""
        return any(token.stance is Stance.DISOWNED for token in self.tokens)

    @property
    def reported(self) -> bool:
        """Some part of it is said to be somebody else's opinion."""
        return any(token.stance is Stance.REPORTED for token in self.tokens)

    @property
    def other_case(self) -> bool:
        """All of it speaks of another case than the question's."""
        return all(token.other_case for token in self.tokens)


def knowing(reading: Reading, ways: Iterable[ParsedWay]) -> Reading:
    """The answer with the words marked that these ways use: spelt right, they are no typos of other words."""
    keys = vocabulary_of(tuple(ways))
    tokens = (replace(token, known=True) if token.keys & keys else token for token in reading.tokens)
    return replace(reading, tokens=tuple(tokens))


@lru_cache(maxsize=100)
def vocabulary_of(ways: tuple[ParsedWay, ...]) -> frozenset[str]:
    """The forms of all words that these ways use."""
    words = {word for way in ways for group in way for part in group for phrase in part for word in phrase}
    return frozenset(key for word in words for key in keys_of(word))


def without(reading: Reading, ways: Iterable[ParsedWay]) -> Reading:
    """The answer with the words of these ways blanked out."""
    blank = {id(token) for match in find_ways(reading, ways) for token in match.tokens}
    tokens = (replace(t, word="_", keys=frozenset()) if id(t) in blank else t for t in reading.tokens)
    return replace(reading, tokens=tuple(tokens))


def find_ways(reading: Reading, ways: Iterable[ParsedWay]) -> tuple[Match, ...]:
    """Every place where one of the ways is said, negated or not: the best one in each clause."""
    possible = [left for way in ways if (left := _possible(reading, way))]
    sentences = _sentences(reading) if possible else []
    return tuple(match for way in possible for clauses in sentences for match in _in_sentence(reading, clauses, way))


def _possible(reading: Reading, way: ParsedWay) -> ParsedWay:
    """The way with those alternatives whose words all stand in the answer; empty where a part of it has none."""
    left = []
    for parts in way:
        standing = []
        for part in parts:
            phrases = tuple(phrase for phrase in part if all(_places(reading, word) for word in phrase))
            if not phrases:
                return ()
            standing.append(phrases)
        left.append(tuple(standing))
    return tuple(left)


def _places(reading: Reading, word: str) -> Mapping[int, bool]:
    """The places of a word in order, each with whether it is spelt right; looked for once, however many ways ask."""
    found = reading.places.get(word)
    if found is None:
        found = reading.places[word] = _found(reading, word)
    return found


def _found(reading: Reading, word: str) -> dict[int, bool]:
    tokens = reading.tokens
    if word == "no":
        return {at: True for at in range(len(tokens)) if denies(tokens, at)}
    exact = {at for key in keys_of(word) for at in reading.by_key.get(key, ())}
    if word in ARTICLES:
        exact.update(at for at, token in enumerate(tokens) if token.word == word)
    typos = (at for at in reading.unknown if at not in exact and _is_misspelt(tokens[at].word, tokens[at].keys, word))
    return {at: at in exact for at in sorted((*exact, *typos))}


def _sentences(reading: Reading) -> list[list[list[int]]]:
    """Places of all tokens, by sentence and clause."""
    tokens = reading.tokens
    clauses = [list(group) for _, group in itertools.groupby(range(len(tokens)), key=lambda at: tokens[at].clause)]
    return [list(group) for _, group in itertools.groupby(clauses, key=lambda clause: tokens[clause[0]].sentence)]


def _in_sentence(reading: Reading, clauses: list[list[int]], way: ParsedWay) -> Iterator[Match]:
    found = [[hits for clause in clauses if (hits := _in_clause(reading, clause, parts))] for parts in way]
    for groups in itertools.islice(itertools.product(*found), _CHOICES**2):
        chosen = [hit for group in groups for hit in group]
        taken = [at for hit in chosen for at in hit.places]
        if not _overlap(chosen):
            yield Match(
                tokens=tuple(reading.tokens[at] for at in taken),
                spans=tuple(_span(reading, group) for group in groups),
                exact=all(hit.exact for hit in chosen),
                denied=_is_denied(chosen) or any(reading.tokens[at].stance is Stance.DISOWNED for at in taken),
                compact=_is_compact(reading.tokens, set(taken)),
            )


def _is_compact(tokens: Sequence[Token], places: set[int]) -> bool:
    return all(at in places or tokens[at].word in ARTICLES for at in range(min(places), max(places)))


def _is_denied(hits: Sequence[Hit]) -> bool:
    """Whether a negation that is not the way's own reaches any part of it."""
    own = {at for hit in hits for at in hit.places}
    return any(hit.deniers - own for hit in hits)


def _span(reading: Reading, hits: Sequence[Hit]) -> tuple[int, int]:
    places = [at for hit in hits for at in hit.places]
    return reading.tokens[min(places)].start, reading.tokens[max(places)].end


def _overlap(hits: Sequence[Hit]) -> bool:
    places = [at for hit in hits for at in hit.places]
    return len(places) != len(set(places))


def _in_clause(reading: Reading, clause: list[int], parts: tuple[tuple[Phrase, ...], ...]) -> tuple[Hit, ...]:
    """One hit for each part, all in this clause: the least doubtful choice, or nothing."""
    candidates: list[list[Hit]] = []
    for part in parts:
        hits = [hit for phrase in part for hit in _phrase_hits(reading, clause, phrase)]
        if not hits:
            return ()
        candidates.append(sorted(hits, key=lambda hit: _doubt(reading, (hit,)))[:_CHOICES])
    choices = [choice for choice in itertools.product(*candidates) if not _overlap(choice)]
    return min(choices, key=lambda choice: _doubt(reading, choice), default=())


def _doubt(reading: Reading, hits: Sequence[Hit]) -> tuple[int, int, int, int]:
    tokens = [reading.tokens[at] for hit in hits for at in hit.places]
    unusable = sum(not token.usable for token in tokens)
    places = [at for hit in hits for at in hit.places]
    return (
        _is_denied(hits) or any(token.stance is not Stance.OWN for token in tokens),
        unusable,
        sum(not hit.exact for hit in hits),
        max(places) - min(places),
    )


def _phrase_hits(reading: Reading, clause: list[int], phrase: Phrase) -> Iterator[Hit]:
    """Every place in the clause where the phrase's words stand in order, few others between."""
    tokens = reading.tokens
    for start, same in _places(reading, phrase[0]).items():
        if not clause[0] <= start <= clause[-1]:
            continue
        rest = _rest_of_phrase(reading, start, clause[-1], phrase[1:])
        if rest is None:
            continue
        taken, exact = (start, *(at for at, _ in rest)), same and all(exact for _, exact in rest)
        if phrase[0] != "no":
            yield Hit(taken, exact, frozenset().union(*(deniers(tokens, at) for at in taken)))
        elif len(taken) == 1 or _reaches(tokens, taken[0], taken[1]):
            yield Hit(taken, exact, frozenset())


def _rest_of_phrase(reading: Reading, start: int, last: int, words: Sequence[str]) -> list[tuple[int, bool]] | None:
    """Place of each further word, and whether it is spelt right; None where one is missing."""
    found: list[tuple[int, bool]] = []
    for word in words:
        ahead = _within_fillers(reading.tokens, found[-1][0] if found else start, last)
        standing = _places(reading, word)
        step = next(((at, standing[at]) for at in ahead if at in standing), None)
        if step is None:
            return None
        found.append(step)
    return found


def _within_fillers(tokens: Sequence[Token], at: int, last: int) -> Iterator[int]:
    """The places after this one, up to the clause's last, with few words between and no "or"; articles do not count."""
    fillers = 0
    for place in range(at + 1, last + 1):
        if tokens[place].word in _OR:
            return
        yield place
        fillers += tokens[place].word not in ARTICLES
        if fillers > _FILLERS:
            return


def same_word(word: str, keys: frozenset[str], wanted: str) -> bool | None:
    """True for the same word in any inflection, False for one with a typo in it, None for another word."""
    if keys & keys_of(wanted):
        return True
    return False if may_be_misspelt(word, keys) and _is_misspelt(word, keys, wanted) else None


@lru_cache(maxsize=20_000)
def _is_misspelt(word: str, keys: frozenset[str], wanted: str) -> bool:
    others = [other for other in keys_of(wanted) if len(other) >= _SHORTEST_MISTYPED]
    if not others:
        return False
    forms = [form for form in {*keys, fold(word.removesuffix("s"))} if len(form) >= _SHORTEST_MISTYPED]
    near = ((own, other) for own in forms for other in others if -_MOST_EDITS <= len(own) - len(other) <= _MOST_EDITS)
    return any(_is_typo(own, other) for own, other in near)


def _is_typo(own: str, other: str) -> bool:
    """Within one edit of a word of six letters, two of nine; of five letters only a letter lost, added or swapped.

    Nobody mistypes the first letter of a short word: "relev-" is no "elev-".
    """
    size = min(len(own), len(other))
    if size < 6 and own[0] != other[0]:
        return False
    if max(len(own), len(other)) < 5:
        return False
    allowed = _MOST_EDITS if size >= 9 else 1
    if OSA.distance(own, other, score_cutoff=allowed) > allowed:
        return False
    return size >= 6 or len(own) != len(other) or sorted(own) == sorted(other)


_CONTRARIES_BY_FIRST_WORD = {
    first: [phrase for phrase in CONTRARIES if phrase[0] == first] for first in {phrase[0] for phrase in CONTRARIES}
}


def deniers(tokens: Sequence[Token], at: int) -> frozenset[int]:
    """Places of the negations, and of phrases such as "en vez de", that reach this word from before in its clause."""
    first = at
    while at - first < _LOOK_BACK and first > 0 and tokens[first - 1].clause == tokens[at].clause:
        first -= 1
    negations = {place for place in range(first, at) if denies(tokens, place) and _reaches(tokens, place, at)}
    words = {place: tokens[place].word for place in range(first, at)}
    contraries = {
        place
        for place in range(max(first, at - _REACH), at)
        for phrase in _CONTRARIES_BY_FIRST_WORD.get(words[place], ())
        if all(words.get(place + step) == word for step, word in enumerate(phrase))
        and not any(words[between] in FINITE for between in range(place + len(phrase), at))
    }
    return frozenset(negations | contraries)


def _reaches(tokens: Sequence[Token], negation: int, at: int) -> bool:
    """Whether a negation's reach goes as far as this word: some words on, and not past another verb of its own."""
    ahead = [token.word for token in tokens[negation + 1 : negation + 4]]
    if not _BELIEFS.isdisjoint(ahead):
        return True
    reach = _SHORT_REACH if tokens[negation].word in SHORT_NEGATORS else _REACH
    counted = sum(token.word not in ARTICLES for token in tokens[negation + 1 : at])
    if counted >= reach:
        return False
    verb = negation + 1
    while verb < at and tokens[verb].word in CLITICS:
        verb += 1
    return not any(
        tokens[place].word in FINITE and not _is_noun(tokens, verb, place) for place in range(verb + 1, at + 1)
    )


def _is_noun(tokens: Sequence[Token], verb: int, at: int) -> bool:
    """Whether a word such as "mejora" is what the verb is about ("no hay una mejora"), not a verb itself."""
    between = (tokens[place].word for place in range(verb + 1, at))
    return tokens[at].word in VERBAL_NOUNS and all(word in ARTICLES or word in MEASURES for word in between)
