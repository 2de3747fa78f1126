"""Text of strangers, made fit to be shown."""

from __future__ import annotations

import pytest

from grader.reports.text import mark_line, mark_words, name_order, shown


@pytest.mark.parametrize(
    ("text", "words", "wanted"),
    [
        pytest.param("La Probabilidad sube", ["probabilidad"], "La [Probabilidad] sube", id="case"),
        pytest.param("la pérdida", ["perdida"], "la [pérdida]", id="accents-in-the-text"),
        pytest.param("la perdida", ["pérdida"], "la [perdida]", id="accents-in-the-word"),
        pytest.param("la pe\u0301rdida baja", ["perdida"], "la [pe\u0301rdida] baja", id="combining-accent"),
        pytest.param("uno por\n clase", ["por clase"], "uno [por\n clase]", id="phrase-over-two-lines"),
        pytest.param("clases subclases", ["clases"], "[clases] subclases", id="whole-words-only"),
        pytest.param("a b c", ["a b", "b c"], "[a b c]", id="overlapping"),
        pytest.param("x.y x*y", ["x*y", ".*"], "x.y [x*y]", id="not-a-pattern"),
        pytest.param("ﬁn Straße", ["fin", "strasse"], "[ﬁn] [Straße]", id="letters-that-fold-into-two"),
        pytest.param("nada", ["", " "], "nada", id="empty-words"),
        pytest.param("", ["a"], "", id="empty-text"),
    ],
)
def test_words_are_marked(text: str, words: list[str], wanted: str) -> None:
    pieces = mark_words(text, words)
    assert "".join(f"[{piece.text}]" if piece.marked else piece.text for piece in pieces) == wanted
    assert "".join(piece.text for piece in pieces) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("corto", "corto", id="short"),
        pytest.param("x" * 11, "x" * 10 + "…", id="cut"),
        pytest.param("a\r\nb\rc", "a\nb\nc", id="line-ends"),
        pytest.param("a\u202e\u2066b", "ab", id="reversing-characters"),
        pytest.param("a\x1b[0m\x07", "a[0m", id="control-characters"),
        pytest.param("\ud83d", "?", id="half-a-character"),
        pytest.param("👟", "👟", id="emoji"),
    ],
)
def test_shown(text: str, wanted: str) -> None:
    assert shown(text, 10) == wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        pytest.param("b = 2", "if a:\n    [b = 2]\nb = 2", id="the first, without its indentation"),
        pytest.param("if a", "[if a:]\n    b = 2\nb = 2", id="a line that is cut"),
        pytest.param("c", "if a:\n    b = 2\nb = 2", id="none"),
        pytest.param("", "if a:\n    b = 2\nb = 2", id="nothing"),
    ],
)
def test_a_line_is_marked(line: str, wanted: str) -> None:
    pieces = mark_line("if a:\n    b = 2\nb = 2", line)
    assert "".join(f"[{piece.text}]" if piece.marked else piece.text for piece in pieces) == wanted


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["alumno_2", "Alumno 10", "alumno_10b"], id="numbers"),
        pytest.param(["Álvaro", "Ana", "ángel", "Zoe"], id="accents and capitals"),
        pytest.param(["Nuria Paz", "Ñandú", "Olga"], id="ñ after n"),
        pytest.param(["Ana López", "Ana Mar", "Ana María", "ana-maría gil"], id="blanks"),
        pytest.param(["", "1", "9" * 5_000, "a"], id="no names"),
    ],
)
def test_names_are_sorted_as_a_person_sorts_them(names: list[str]) -> None:
    assert sorted(set(names), key=name_order) == names
