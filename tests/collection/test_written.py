"""Names as people read them."""

from __future__ import annotations

import pytest

from grader.collection.written import looks, readable


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Alumna Ñúñez — a medias", "Alumna Ñúñez — a medias"),
        ("G\udcfcnter/Ñ", "Günter/Ñ"),
        ("a\udc81b", "a b"),
        ("a\ud800b", "a?b"),
        ("ana\u202egnp.ipynb", "anagnp.ipynb"),
        ("\u2067ana\u2069", "ana"),
        ("ana\nluz", "ana luz"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_what_is_read(written: str, read: str) -> None:
    assert readable(written) == read


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Peña", "Pen\u0303a", True),
        ("Peña", "PEÑA ", True),
        ("a  b", "a b", True),
        ("ana", "a\u200bna", True),
        ("ana", "a\u200dna", True),
        ("Peña", "Pena", False),
    ],
)
def test_names_that_look_the_same(one: str, other: str, same: bool) -> None:
    assert (looks(one) == looks(other)) == same
