"""Which notebooks are attempts of one student, by what is in them."""

from __future__ import annotations

import time

import pytest

from grader.collection.contents import Own, are_different_works, are_several_works

CODE = frozenset(f"code {number}" for number in range(10))


def own(name: str, prose: int = 4, shared: int = 0, code: frozenset[str] = CODE) -> Own:
    """Answers of one person, the first of which everybody gives."""
    common = [f"lo que todo el mundo contesta a la pregunta {'abcdefghij'[number] * 9}" for number in range(shared)]
    return Own(
        code, (*common, *(f"{name * 3} opina de {'klmnopqrst'[number] * 9}" for number in range(prose - shared)))
    )


NOTHING = Own()
BEGUN = Own(frozenset({"code 0"}), ("la primera respuesta",))


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        pytest.param(own("ana"), own("ana"), False, id="the same"),
        pytest.param(own("ana"), own("leo"), True, id="the same code and other words"),
        pytest.param(own("ana", shared=1), own("leo", shared=1), True, id="one answer that everybody gives"),
        pytest.param(own("ana", shared=3), own("leo", shared=3), False, id="most answers kept"),
        pytest.param(own("ana", 3), own("ana", 9), False, id="more answers later"),
        pytest.param(own("ana", 3), own("anna", 3), False, id="words corrected"),
        pytest.param(own("ana", 0), own("leo", 0, code=frozenset({"x", "y", "z", "code 1"})), True, id="code alone"),
        pytest.param(own("ana", 0), own("leo", 0), False, id="the same code and no words"),
        pytest.param(own("ana"), BEGUN, False, id="hardly begun"),
        pytest.param(own("ana"), NOTHING, False, id="not begun"),
    ],
)
def test_two_notebooks(one: Own, other: Own, different: bool) -> None:
    assert are_different_works(one, other) == are_different_works(other, one) == different


@pytest.mark.parametrize(
    ("owns", "several"),
    [
        pytest.param([], False, id="none"),
        pytest.param([NOTHING, BEGUN], False, id="nothing to tell from"),
        pytest.param([own("ana"), own("ana"), NOTHING], False, id="attempts and a blank"),
        pytest.param([own("ana"), own("leo", shared=2), own("leo"), own("ana", shared=2)], False, id="step by step"),
        pytest.param([own("ana"), NOTHING, own("leo")], True, id="a blank joins nobody"),
        pytest.param([own("ana"), own("ana"), own("leo")], True, id="one twice"),
    ],
)
def test_several_notebooks(owns: list[Own], several: bool) -> None:
    assert are_several_works(owns) == are_several_works(owns[::-1]) == several


def test_long_texts_do_not_take_long() -> None:
    began = time.monotonic()

    assert are_different_works(*(Own(prose=tuple(f"{n} {name}" * 500_000 for n in range(60))) for name in ("ab", "xy")))
    assert time.monotonic() - began < 5
