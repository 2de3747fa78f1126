"""What the answers of one submission show together: the same text under several questions, everything under one.

Neither is wrong in itself. But such a text answers no question, whichever words it holds: a person looks at it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from grader.checks.prose.judging import says_wholly
from grader.checks.prose.reading import plain, read_answer
from grader.records import Message, Passage, say
from grader.rubric.criteria import Concept
from grader.rubric.rubric import Rubric

_RUN = 8
"""Words in a row that two people, or one person twice, seldom write by chance."""
_REPEATED_WORDS = 12
_REPEATED_SHARE = 0.5
_SHORT_TEXT = 3
"""Words from which the same short text is no chance in `_SHORT_PLACES` places."""
_SHORT_PLACES = 3
_LONG_TEXT = 25
_MOST_OTHERS = 3
"""Other questions that an honest answer answers in passing; of 900 none answered more."""


def doubts_of(
    passages: Mapping[str, Sequence[Passage]], rubric: Rubric, given: Sequence[str] = ()
) -> dict[str, Message]:
    """Why a person looks at what a question's prose earns, by question.

    Args:
        passages: What the student wrote, by question.
        given: Texts that students were given; what is copied from them is no repetition.
    """
    concepts = {
        question.id: [criterion for criterion in question.criteria if isinstance(criterion, Concept)]
        for question in rubric.questions
    }
    asked = [name for name, ideas in concepts.items() if ideas and passages.get(name)]
    found: dict[str, Message] = {}
    for group in _repeated({name: passages[name] for name in asked}, given):
        for name in group:
            found[name] = say("The same text answers questions {questions}.", questions=", ".join(group))
    for name in asked:
        others = _answered(passages[name], {other: ideas for other, ideas in concepts.items() if other != name})
        if name not in found and len(others) > _MOST_OTHERS:
            found[name] = say("The text also answers questions {questions}.", questions=", ".join(others))
    return found


def _repeated(passages: Mapping[str, Sequence[Passage]], given: Sequence[str]) -> Iterator[list[str]]:
    """Groups of questions with the same text, written down again; a cell that answers two questions is one text."""
    known = {run for text in given for run in _runs(_words(text))}
    alike: dict[str, set[str]] = {name: {name} for name in passages}
    for one, other in itertools.combinations(passages, 2):
        shared = {*passages[one]} & {*passages[other]}
        mine, others = (_words(_text(each for each in passages[name] if each not in shared)) for name in (one, other))
        if _is_repeated(mine, others, known):
            joined = alike[one] | alike[other]
            alike.update(dict.fromkeys(joined, joined))
    groups = {id(group): group for group in alike.values() if len(group) > 1}
    same = {name: _words(_text(several)) for name, several in passages.items()}
    for words in {tuple(words) for words in same.values()}:
        group = {name for name, others in same.items() if tuple(others) == words}
        cells = {passage.cell for name in group for passage in passages[name]}
        if len(words) >= _SHORT_TEXT and min(len(group), len(cells)) >= _SHORT_PLACES:
            groups[id(group)] = group
    taken: set[str] = set()
    for group in sorted(groups.values(), key=len, reverse=True):
        if taken.isdisjoint(group):
            taken |= group
            yield [name for name in passages if name in group]


def _is_repeated(one: Sequence[str], other: Sequence[str], known: set[tuple[str, ...]]) -> bool:
    if not one or not other:
        return False
    common = ({*_runs(one)} & {*_runs(other)}) - known
    places = {at + step for at, run in enumerate(_runs(one)) if run in common for step in range(_RUN)}
    return len(places) >= _REPEATED_WORDS and len(places) >= _REPEATED_SHARE * min(len(one), len(other))


def _answered(passages: Sequence[Passage], concepts: Mapping[str, Sequence[Concept]]) -> list[str]:
    """The questions all of whose ideas a long text says."""
    text = _text(passages)
    if len(_words(text)) < _LONG_TEXT:
        return []
    reading = read_answer(text)
    return [name for name, ideas in concepts.items() if ideas and all(says_wholly(reading, one) for one in ideas)]


def _text(passages: Sequence[Passage] | Iterator[Passage]) -> str:
    return "\n".join(passage.text for passage in passages)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", plain(text))


def _runs(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)]
