"""What a student writes without standing for it: called false, taken back, quoted, or said to the grader."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from grader.checks.prose import phrases
from grader.checks.prose.language import CLAUSE_OPENERS


class Stance(StrEnum):
    """How a student stands to a word of the answer."""

    OWN = "own"
    DISOWNED = "disowned"
    """Called false, a myth or a lie; taken back; or somebody else's, of which the student knows nothing."""
    REPORTED = "reported"
    """Said to be somebody else's opinion, and neither shared nor denied."""
    ORDER = "order"
    """Said to the grader, about marks."""


_TURNS = frozenset(
    ("pero", "sino", "aunque", "but", "however", "although", "though", "realidad", "actually", "embargo")
)
"""Words with which a sentence turns from what others say to what its writer says."""
_JOINS = frozenset(("ni", "o", "u", "nor", "or", "que", "that"))
_LEAD_IN = 5
"""Words before "that is a lie" that only lead up to it: what is called a lie then stands in the sentences before."""
_FEWEST = 2
"""Words that a claim has at least."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    first: int
    words: tuple[str, ...]
    clauses: tuple[int, ...]

    @property
    def stop(self) -> int:
        return self.first + len(self.words)

    def find(self, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
        """Each place of the pattern: its first word, and the one after its last."""
        text = " ".join(self.words)
        for found in pattern.finditer(text):
            first = text.count(" ", 0, found.start())
            yield self.first + first, self.first + text.count(" ", 0, found.end()) + 1

    def has(self, pattern: re.Pattern[str]) -> bool:
        return pattern.search(" ".join(self.words)) is not None

    def turn_after(self, at: int) -> int:
        """Where the sentence turns after this word, or ends."""
        return next((place for place in range(at, self.stop) if self.words[place - self.first] in _TURNS), self.stop)

    def clause_after(self, at: int) -> int:
        """Where a clause begins that is not joined to this word's by a word."""
        places = range(at + 1, self.turn_after(at))
        return next((place for place in places if self._is_apart(place - self.first)), self.turn_after(at))

    def _is_apart(self, at: int) -> bool:
        return self.clauses[at] != self.clauses[at - 1] and self.words[at] not in CLAUSE_OPENERS | _JOINS

    def turn_before(self, at: int) -> int:
        """Where what leads up to this word begins."""
        turns = (place + 1 for place in range(at - 1, self.first - 1, -1) if self.words[place - self.first] in _TURNS)
        return next(turns, self.first)


def stances_of(words: Sequence[str], sentences: Sequence[int], clauses: Sequence[int]) -> list[Stance]:
    """The stance of each word.

    Args:
        words: All words of an answer.
        sentences: For each, the number of its sentence.
        clauses: For each, the number of its clause.
    """
    stances = [Stance.OWN] * len(words)
    whole = _sentences(words, sentences, clauses)
    for first, stop in _reported(whole):
        stances[first:stop] = [Stance.REPORTED] * (stop - first)
    for first, stop in itertools.chain(_disowned(whole), _unknown(whole)):
        stances[first:stop] = [Stance.DISOWNED] * (stop - first)
    for sentence in whole:
        if sentence.has(phrases.ORDERS):
            stances[sentence.first : sentence.stop] = [Stance.ORDER] * len(sentence.words)
    return stances


def owns_to_knowing_nothing(words: Sequence[str], sentences: Sequence[int], clauses: Sequence[int]) -> bool:
    """Whether an answer says that its writer cannot answer."""
    whole = _sentences(words, sentences, clauses)
    return any(sentence.has(phrases.NO_IDEA) or sentence.has(phrases.CANNOT_ANSWER) for sentence in whole)


def compares(words: Sequence[str], sentences: Sequence[int], clauses: Sequence[int]) -> bool:
    """Whether an answer explains by a comparison."""
    return any(sentence.has(phrases.COMPARES) for sentence in _sentences(words, sentences, clauses))


def _sentences(words: Sequence[str], sentences: Sequence[int], clauses: Sequence[int]) -> list[_Sentence]:
    return [
        _Sentence(places[0], tuple(words[at] for at in places), tuple(clauses[at] for at in places))
        for _, group in itertools.groupby(range(len(words)), key=lambda at: sentences[at])
        if (places := list(group))
    ]


def _disowned(whole: Sequence[_Sentence]) -> Iterator[tuple[int, int]]:
    """Stretches of words that are called false."""
    for sentence in whole:
        for _, stop in sentence.find(phrases.BEGINS_FALSEHOOD):
            yield stop, sentence.turn_after(stop)
        for _, stop in sentence.find(phrases.ONCE_THOUGHT):
            yield stop, sentence.turn_after(stop)
        for _, stop in sentence.find(phrases.BEGINS_UNTRUTH):
            yield stop, sentence.clause_after(stop)
        for first, _ in sentence.find(phrases.ENDS_FALSEHOOD):
            begin = sentence.turn_before(first)
            if first - begin >= _FEWEST:
                yield begin, first
        if sentence.has(phrases.TAKES_BACK_ALL):
            yield 0, sentence.stop
        for first, _ in sentence.find(phrases.TAKES_BACK_HERE):
            # In "people call it X, but it is not" the words before are meant; else the sentences before as well.
            begin = sentence.first if first - sentence.first > _LEAD_IN else 0
            yield begin, first


def _reported(whole: Sequence[_Sentence]) -> Iterator[tuple[int, int]]:
    """Stretches of words that are said to be somebody else's."""
    if not any(sentence.has(phrases.SHARES) for sentence in whole):
        for sentence in whole:
            for _, stop in sentence.find(phrases.QUOTES):
                yield stop, sentence.turn_after(stop)


def _unknown(whole: Sequence[_Sentence]) -> Iterator[tuple[int, int]]:
    """All that stands from where somebody else is quoted to where the student owns to knowing nothing of it."""
    if not any(sentence.has(phrases.SHARES) for sentence in whole):
        quoted = [stop for sentence in whole for _, stop in sentence.find(phrases.QUOTES)]
        doubts = (phrases.NO_IDEA, phrases.DISAGREES)
        owned = [first for sentence in whole for doubt in doubts for first, _ in sentence.find(doubt)]
        if quoted and owned:
            yield min(quoted), max(owned) if max(owned) > min(quoted) else whole[-1].stop
