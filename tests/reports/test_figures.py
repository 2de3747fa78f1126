"""Curves: every value where it belongs, whatever the numbers are."""

from __future__ import annotations

import math
import re

import pytest

from grader.reports.figures import COLOURS, Line, curves_svg
from grader.reports.translation import Translator

NAN = math.nan
VALUES = {
    "one epoch": (0.5,),
    "all the same": (0.1,) * 5,
    "all zero": (0.0, 0.0),
    "falling": (0.9, 0.5, 0.3),
    "very large": (1e9, -1e9),
    "hardly different": (0.5, 0.5 + 1e-12, 0.5),
    "tiny": (1e-300, 2e-300),
    "a gap": (0.9, NAN, 0.5, 0.4),
    "a thousand epochs": tuple(1 / epoch for epoch in range(1, 1_001)),
}


def drawn(*values: tuple[float, ...], language: str = "es") -> str:
    lines = [Line(each, colour) for each, colour in zip(values, COLOURS, strict=False)]
    return curves_svg(lines, 'a "title" & <more>', "q-1", Translator(language))


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_everything_is_inside_the_picture(values: tuple[float, ...]) -> None:
    svg = drawn(values)
    assert "nan" not in svg
    assert "inf" not in svg
    for x, y in re.findall(r"[ML](-?[\d.e+]+) (-?[\d.e+]+)", svg):
        assert 0 <= float(x) <= 266
        assert 0 <= float(y) <= 166


@pytest.mark.parametrize(
    ("epochs", "labels"),
    [(1, ["1"]), (2, ["1", "2"]), (5, ["1", "2", "3", "4", "5"]), (10, ["2", "4", "6", "8", "10"]), (30, ["10", "20", "30"])],
)  # fmt: skip
def test_epochs_are_whole_and_count_from_one(epochs: int, labels: list[str]) -> None:
    found = re.findall(r'text-anchor="middle">(\d+)<', drawn((0.5,) * epochs))
    assert found == labels


def test_numbers_are_the_readers() -> None:
    assert ">0,5<" in drawn((0.5, 0.4, 0.6))
    assert ">0.5<" in drawn((0.5, 0.4, 0.6), language="en")


def test_a_value_that_is_missing_breaks_the_line() -> None:
    curve = next(path for path in re.findall(r'<path d="([^"]+)"', drawn((0.9, 0.8, NAN, 0.5, 0.4))) if "L" in path)
    assert re.sub(r"[^ML]", "", curve) == "MLML"


def test_higher_values_stand_higher() -> None:
    curve = next(path for path in re.findall(r'<path d="([^"]+)"', drawn((0.9, 0.5, 0.7))) if "L" in path)
    first, second, third = (float(y) for y in re.findall(r"[ML]\S+ (\S+?)(?=L|$)", curve))
    assert first < third < second


def test_nothing_to_draw_is_no_picture() -> None:
    assert drawn((NAN, NAN)) == ""
    assert drawn() == ""
