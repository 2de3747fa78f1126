"""What rubric and assignment together say about the questions: their names, their words, their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from grader.rubric.rubric import Question, Rubric
from grader.submission import code
from grader.submission.assignment import Assignment
from grader.submission.wording import Likeness, Phrases, stems, words


@dataclass(frozen=True)
class Guide:
    """The questions of a rubric, ready to be recognised."""

    questions: tuple[Question, ...]
    assignment: Assignment
    likeness: Likeness
    """By the question's own words."""
    phrases: Phrases
    """Sentences of the assignment and of the rubric's prompts."""
    prompts: dict[str, Phrases] = field(default_factory=dict)
    """By question: its sentences."""
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """By question: words of each of its statements."""

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Question ids in the rubric's order."""
        return tuple(question.id for question in self.questions)

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Every name a heading can use, with the questions it stands for: "4" for 4.1, 4.2 and 4.3."""
        named: dict[str, tuple[str, ...]] = {name: (name,) for name in self.ids}
        parents = dict.fromkeys(name.rsplit(".", 1)[0] for name in self.ids if "." in name)
        for parent in parents:
            children = tuple(name for name in self.ids if name.startswith(f"{parent}."))
            named.setdefault(parent, children)
        return named

    def named(self, numbers: Iterable[str]) -> tuple[str, ...]:
        """The questions that these numbers stand for; () unless all are known."""
        found = [self.groups.get(number, ()) for number in numbers]
        return self.ordered(name for names in found for name in names) if found and all(found) else ()

    def ordered(self, names: Iterable[str]) -> tuple[str, ...]:
        """Without repeats, in the rubric's order."""
        wanted = set(names)
        return tuple(name for name in self.ids if name in wanted)

    def position(self, names: Sequence[str]) -> int:
        """Where in the rubric the first of these questions stands."""
        return self.ids.index(names[0])

    def after(self, name: str) -> str:
        """The question that follows in the rubric; empty after the last one, and after what is no question."""
        later = self.ids[self.ids.index(name) + 1 :] if name in self.ids else ()
        return later[0] if later else ""

    def question(self, name: str) -> Question:
        """The question with this id."""
        return self.questions[self.ids.index(name)]

    def points(self, names: Iterable[str]) -> float:
        """What the questions are worth together."""
        return sum(self.question(name).points for name in names)

    def fit(self, names: Iterable[str], sources: Iterable[str]) -> bool | None:
        """Whether any of these cells does what any of these questions asks; None where nothing can be told."""
        sources = list(sources)
        verdicts = {code.fits(self.question(name), source) for name in names for source in sources}
        return True if True in verdicts else (False if False in verdicts else None)

    def taught(self, more: Mapping[str, Sequence[str]]) -> Guide:
        """The same guide, knowing more texts that ask these questions."""
        texts = {each.id: " ".join([_asked(each), *more.get(each.id, ())]) for each in self.questions}
        prompts = {each.id: Phrases.of([each.prompt, *more.get(each.id, ())]) for each in self.questions}
        sizes = {
            each.id: tuple(size for text in (each.prompt, *more.get(each.id, ())) if (size := len(words(text))))
            for each in self.questions
        }
        known = {phrase for own in prompts.values() for phrase in own.known} | set(self.phrases.known)
        phrases = Phrases(tuple(sorted(known, key=lambda phrase: (-len(phrase), phrase))))
        return replace(self, likeness=Likeness.of(texts), prompts=prompts, sizes=sizes, phrases=phrases)

    def echoes(self, sentence: str, names: Iterable[str]) -> bool:
        """Whether a sentence says nothing that the question does not say."""
        mine = set(stems(sentence))
        theirs = {stem for name in names for stem in self.likeness.texts[name]}
        return len(mine) >= 3 and len(mine & theirs) >= 0.85 * len(mine)


def make_guide(rubric: Rubric, assignment: Assignment) -> Guide:
    """Prepare a rubric's questions, with nothing but its own words for them."""
    empty = Guide(tuple(rubric.questions), assignment, Likeness({}, {}), assignment.phrases)
    return empty.taught({})


def _asked(question: Question) -> str:
    return " ".join([question.prompt, *question.title.values()])
