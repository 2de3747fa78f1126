"""How sure a mark is: what was found in an answer's sentences and what marked answers suggest, weighed together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from grader.checks.prose.learning import probability
from grader.records import Message, say

DOUBTFUL = 0.5
"""The confidence of what a person always looks at."""
SUREST = 0.97
"""The highest confidence that there is."""


class Seen(StrEnum):
    """What an answer's sentences say of an idea."""

    NAMED = "named"
    """A name is asked for, and said."""
    SAID = "said"
    SAID_WITH_TYPOS = "said with typos"
    SAID_WITH_DOUBT = "said with doubt"
    SAID_ASTRAY = "said beside another explanation"
    SAID_IN_PART = "said in part"
    SPOKEN_OF = "spoken of"
    TERMS_ONLY = "terms only"
    NOT_SAID = "not said"
    ASTRAY = "another explanation"
    CONTRADICTED = "said, and the contrary as well"
    COPIED = "copied"
    DENIED = "denied"
    DENIED_WITH_TYPOS = "denied with typos"


@dataclass(frozen=True, slots=True)
class Odds:
    """Log odds that a fair teacher gives something, and that he gives everything."""

    something: float
    everything: float


ODDS: Mapping[Seen, Odds] = {
    Seen.NAMED: Odds(4.9, 4.6),
    Seen.SAID: Odds(2.5, 2.2),
    Seen.SAID_WITH_TYPOS: Odds(2.4, 2.0),
    Seen.SAID_WITH_DOUBT: Odds(3.0, 2.4),
    Seen.SAID_ASTRAY: Odds(-0.1, -1.0),
    Seen.SAID_IN_PART: Odds(1.3, -1.6),
    Seen.SPOKEN_OF: Odds(-1.1, -1.3),
    Seen.TERMS_ONLY: Odds(-1.3, -2.0),
    Seen.NOT_SAID: Odds(-3.2, -3.3),
    Seen.ASTRAY: Odds(-3.0, -3.4),
    Seen.CONTRADICTED: Odds(-1.9, -2.2),
    Seen.COPIED: Odds(-3.0, -3.5),
    Seen.DENIED: Odds(-4.6, -4.8),
    Seen.DENIED_WITH_TYPOS: Odds(-1.7, -2.1),
}
"""Fitted, with the trust below, to answers that no way was made with, the opinion learned without their writers."""
TRUST_WHERE_SAID, TRUST_WHERE_NOT = 0.9, 1.9
"""What a unit of the second opinion's log odds counts, by the same answers."""
TRUST_IN_CLASS = 1.5
"""How many times as much it counts where answers of the class itself have been marked: they are in its own words."""
_FOUND = frozenset(
    (
        Seen.NAMED,
        Seen.SAID,
        Seen.SAID_WITH_TYPOS,
        Seen.SAID_WITH_DOUBT,
        Seen.SAID_ASTRAY,
        Seen.SAID_IN_PART,
        Seen.CONTRADICTED,
    )
)
_STANDS = frozenset((Seen.DENIED, Seen.COPIED))
"""Likeness is blind to negation, and to whose words they are: it may cast doubt on these, not overrule them."""


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
    surest: float = SUREST
    """The highest confidence that a second opinion can bring."""
    comes_near: bool = False
    """The answer speaks of the matter only, and the rubric has words for what it lacks."""

    @property
    def expressed(self) -> bool:
        """Whether the answer says the idea, or part of it."""
        return self.share > 0


def weigh(judgement: Judgement, opinion: float, credit: float, trust: float = 1.0) -> Judgement:
    """The judgement with a second opinion taken into account.

    The points are those nearest to what is to be expected. Where they are others than the sentences give, they are
    provisional: likeness never marks alone.

    Args:
        opinion: Log odds that answers so worded earn the points.
        credit: The share that half of the idea earns.
        trust: How many times as much as usual the opinion counts.
    """
    assert judgement.seen is not None
    usual = TRUST_WHERE_SAID if judgement.seen in _FOUND else TRUST_WHERE_NOT
    chances = _chances(ODDS[judgement.seen], trust * usual * opinion, credit)
    if judgement.seen in _STANDS:
        return replace(judgement, confidence=round(min(judgement.surest, max(chances[0.0], DOUBTFUL)), 3))
    expected = chances[credit] * credit + chances[1.0]
    share = min(chances, key=lambda one: abs(one - expected))
    if not judgement.expressed and chances[0.0] >= DOUBTFUL:  # what was not found is not given on a mere suspicion
        share = 0.0
    if judgement.seen is Seen.CONTRADICTED:  # nobody earns all of it by saying both
        share = min(share, judgement.share)
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
