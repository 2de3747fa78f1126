"""How sure a mark is: what was found in an answer's sentences and what marked answers suggest, weighed together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from grader.checks.prose.learning import probability
from grader.records import Message, say

DOUBTFUL = 0.5
"""The confidence of what a person always looks at."""
_SUREST = 0.97


class Seen(StrEnum):
    """What an answer's sentences say of an idea."""

    SAID = "said"
    SAID_WITH_TYPOS = "said with typos"
    SAID_WITH_DOUBT = "said with doubt"
    SAID_ASTRAY = "said beside another explanation"
    SAID_IN_PART = "said in part"
    SPOKEN_OF = "spoken of"
    TERMS_ONLY = "terms only"
    NOT_SAID = "not said"
    ASTRAY = "another explanation"
    COPIED = "copied"
    DENIED = "denied"
    DENIED_WITH_TYPOS = "denied with typos"


@dataclass(frozen=True, slots=True)
class Odds:
    """Log odds that a fair teacher gives something, and that he gives everything."""

    something: float
    everything: float


ODDS: Mapping[Seen, Odds] = {
    Seen.SAID: Odds(4.0, 2.3),
    Seen.SAID_WITH_TYPOS: Odds(3.0, 2.0),
    Seen.SAID_WITH_DOUBT: Odds(2.4, 1.4),
    Seen.SAID_ASTRAY: Odds(2.5, 0.0),
    Seen.SAID_IN_PART: Odds(1.2, -1.0),
    Seen.SPOKEN_OF: Odds(-0.9, -1.5),
    Seen.TERMS_ONLY: Odds(-2.0, -2.6),
    Seen.NOT_SAID: Odds(-3.0, -3.6),
    Seen.ASTRAY: Odds(-2.0, -3.0),
    Seen.COPIED: Odds(-3.0, -3.5),
    Seen.DENIED: Odds(-3.5, -4.0),
    Seen.DENIED_WITH_TYPOS: Odds(-1.5, -2.0),
}
"""Counted on marked answers of new writers, before a way was made with them; see ``benchmarks/prose.py``."""
TRUST = 0.5
"""What a unit of the second opinion's log odds counts, by the same answers."""
TRUST_IN_CLASS = 1.0
"""The same where answers of the class itself have been marked: they are in its own words."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was made of one answer for one idea."""

    share: float
    """Of the criterion's points, 0 to 1; provisional where the confidence is low."""
    confidence: float
    """0 to 1: how likely a fair teacher would agree."""
    spans: tuple[str, ...]
    """The answer's own words that decided it."""
    reason: Message
    seen: Seen | None = None
    """What a second opinion may be weighed with; None where the sentences decide alone."""
    surest: float = _SUREST
    """The highest confidence that a second opinion can bring."""
    comes_near: bool = False
    """The answer speaks of the matter only, and the rubric has words for what it lacks."""

    @property
    def expressed(self) -> bool:
        """Whether the answer says the idea, or part of it."""
        return self.share > 0


def weigh(judgement: Judgement, opinion: float, credit: float, trust: float = TRUST) -> Judgement:
    """The judgement with a second opinion taken into account.

    The points are those nearest to what is to be expected. Where they are others than the sentences give, they are
    provisional: likeness never marks alone.

    Args:
        opinion: Log odds that answers so worded earn the points.
        credit: The share that half of the idea earns.
        trust: What a unit of the opinion counts.
    """
    assert judgement.seen is not None
    chances = _chances(ODDS[judgement.seen], trust * opinion, credit)
    if judgement.seen is Seen.DENIED:  # likeness is blind to negation: it may cast doubt on a denial, not overrule it
        return replace(judgement, confidence=round(min(judgement.surest, max(chances[0.0], DOUBTFUL)), 3))
    expected = chances[credit] * credit + chances[1.0]
    share = min(chances, key=lambda one: abs(one - expected))
    if share == judgement.share:
        return replace(judgement, confidence=round(min(judgement.surest, chances[share]), 3))
    reason = judgement.reason
    if share > judgement.share:
        reason = say("The answer is worded like others that earned the points.")
    confidence, near = round(min(DOUBTFUL, chances[share]), 3), judgement.comes_near and reason is judgement.reason
    return replace(judgement, share=share, confidence=confidence, reason=reason, comes_near=near)


def _chances(odds: Odds, opinion: float, credit: float) -> dict[float, float]:
    """The chance of each share of the points."""
    something = probability(odds.something + opinion)
    everything = min(something, probability(odds.everything + opinion))
    return {0.0: 1 - something, credit: something - everything, 1.0: everything}
