"""Which submissions an audit grades both ways, and which differences it names."""

from __future__ import annotations

from typing import Any

import pytest

from grader.audit import chosen_for_audit, differences
from grader.records import Finding, Status, say

CLASS = [f"student-{number}" for number in range(40)]


def finding(question: str = "1", status: Status = Status.PASSED, points: float = 0.5, **more: Any) -> Finding:
    return Finding(question, "optimizer", status, points, 0.5, say("Seen."), **more)


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.01, 1), (0.05, 2), (0.06, 3), (1.0, 40)])
def test_so_many_are_chosen_and_always_the_same(share: float, count: int) -> None:
    chosen = chosen_for_audit(CLASS, share)
    assert len(chosen) == count
    assert chosen <= {*CLASS}
    assert chosen_for_audit(CLASS[::-1], share) == chosen


@pytest.mark.parametrize(
    ("other", "told"),
    [
        pytest.param(finding(), [], id="the same"),
        pytest.param(finding(basis="claimed", cells=(3,)), [], id="another basis and cell"),
        pytest.param(finding(status=Status.FAILED, points=0.0), [("failed", 0.0)], id="another status"),
        pytest.param(finding(points=0.25), [("passed", 0.25)], id="other points"),
    ],
)
def test_another_status_and_other_points_are_differences(other: Finding, told: list[tuple[str, float]]) -> None:
    trained = [other, finding("2")]  # in any order
    found = differences([finding("2"), finding()], trained)
    assert [(message.values["other"], message.values["others"]) for message in found] == told
    assert [message.values["question"] for message in found] == ["1"] * len(told)
