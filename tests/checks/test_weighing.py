"""What was found in an answer's sentences and what marked answers suggest, weighed together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.checks.prose.judging import contradicted
from grader.checks.prose.weighing import DOUBTFUL, Judgement, Seen, weigh
from grader.records import say

HALF = 0.5
OPINIONS = [-4.0, -2.0, 0.0, 2.0, 4.0]
CONTRADICTED = contradicted(("mejora", "empeora"), "mejora", "empeora", HALF)


def found(seen: Seen, share: float) -> Judgement:
    return Judgement(share, DOUBTFUL, (), say("The answer does not say this."), seen)


@pytest.mark.parametrize(
    ("opinion", "share"),
    [
        pytest.param(-3.0, 0.0, id="worded like wrong answers"),
        pytest.param(0.0, 0.0, id="like right and wrong ones alike"),
        pytest.param(3.0, HALF, id="worded like right answers"),
    ],
)
def test_of_an_answer_that_says_both_the_opinion_tells_whether_half_is_likely(opinion: float, share: float) -> None:
    judgement = weigh(CONTRADICTED, opinion, HALF)
    assert (judgement.share, judgement.reason) == (share, CONTRADICTED.reason)


@pytest.mark.parametrize("opinion", OPINIONS)
@pytest.mark.parametrize("trust", [1.0, 3.0])
def test_saying_both_never_earns_all_and_is_never_sure(opinion: float, trust: float) -> None:
    judgement = weigh(CONTRADICTED, opinion, HALF, trust)
    assert judgement.share <= HALF
    assert judgement.confidence <= DOUBTFUL


@pytest.mark.parametrize("opinion", OPINIONS)
@pytest.mark.parametrize("seen", Seen)
def test_points_that_only_the_opinion_gives_are_never_sure(seen: Seen, opinion: float) -> None:
    judgement = weigh(found(seen, 0.0), opinion, HALF)
    assert judgement.share == 0 or judgement.confidence <= DOUBTFUL


@pytest.mark.parametrize("seen", [Seen.DENIED, Seen.COPIED])
def test_the_opinion_casts_doubt_on_a_denial_or_a_copy_and_does_not_overrule_it(seen: Seen) -> None:
    against, inclined = (weigh(found(seen, 0.0), opinion, HALF) for opinion in (-4.0, 4.0))
    assert against.share == inclined.share == 0
    assert inclined.confidence < against.confidence


def test_no_confidence_goes_beyond_the_surest() -> None:
    limited = replace(found(Seen.SAID, 1.0), surest=0.6)
    assert weigh(limited, 4.0, HALF).confidence == 0.6
