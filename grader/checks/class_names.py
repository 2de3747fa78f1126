"""Which class a student's answer names: by number, by label in any of its languages, or by its place in a row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.checks.prose.language import ARTICLES, words_of
from grader.checks.prose.matching import deniers, same_word
from grader.checks.prose.reading import Reading, Token, plain, read_answer

_COUNTING = r"(?:contando|empezando|empezar|comenzando|partiendo|counting|starting|start)\b[^.;\n]{0,20}?\b"
_NOISE = (
    r"\b(?!(?:class(?:es)?(?:_?(?:names?|labels?))?|(?:clases?|labels?|etiquetas?|nombres?|categorias?)\w*)\s*\[)\w+\s*\[\s*-?\d+\s*\]",
    r"\b(?:pregunta|ejercicio|apartado|question|modelo|model|red|network|epoch|epoca|imagen|image|fila|row|elemento)s?"
    r"\s*(?:n[oº]?\.?\s*)?\d+(?:\.\d+)?\b",
    r"(?<!\d)\d++(?:\s*+,\s*+\d++)?+\s*+(?:%|(?:por ciento|percent)\b)",
    r"(?<!\d)\d++(?:[.,]\d++(?:e[-+]?\d++)?|\.?e[-+]?\d++)",
    r"(?<!\d)\d++\s*+[x×*]\s*+\d++",
    r"\b(?:u?int|float|utf-?)(?:8|16|32|64)\b",
    r"\[[\s\d.,e+-]*\d[\s,]+[\d.-][\s\d.,e+-]*\]",
    r"\b[01]\s*(?:-|–|\.\.+|a|al|y|hasta|to|and)\s*(?:el |la |the )?(?:clase |class )?(?:1|9|10)\b",
    rf"{_COUNTING}(?:0|1|cero|uno|zero|one)\b",
    r"(?m)^\s*\d\s?[.)]-?\s+(?=\S)",
)
"""What looks like a class's number and is none: indices, question and model numbers, decimals, ranges, list marks."""

_LAST = r"\b(?:ultim[ao]|last|decim[ao]|tenth|10th|10[aª])\b(?!\s+(?:capa|layer|epoca|epoch|red|modelo|pregunta))"
_FROM_ONE = rf"{_COUNTING}(?:1|uno|one)\b"
_FROM_ZERO = rf"{_COUNTING}(?:0|cero|zero)\b"

_SPANISH = ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve")
_ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_NUMBER_WORDS = {word: number for words in (_SPANISH, _ENGLISH) for number, word in enumerate(words)}
_NAMED_BEFORE = words_of(
    "clase class indice index posicion position numero number etiqueta label categoria category es is la el al "
    "the a = en"
)
_PLACED_BEFORE = words_of(
    "clase class indice index posicion position numero number etiqueta label categoria category la el the"
)
"""Words before a figure that is a place in a row; counted from one where it is as large as the row is long."""
_UNITS = words_of(
    "clases categorias etiquetas neuronas epocas valores numeros redes modelos elementos posiciones dimensiones "
    "unidades  capas veces segundos imagenes classes categories labels neurons units epochs values networks "
    "models elements images  times seconds probabilidades decimales primeros primeras tipos prendas"
)
_SHARES = words_of(
    "valor probabilidad confianza suma sumar casi cercano cercana cerca proximo value probability sum near close "
    "suman sumando sums"
)
_ASIDE = words_of(
    "segunda segundo seguida seguido second followed despues confunde confundir parecido similar frente versus "
    "vs against"
)
_SAME = words_of(
    "misma mismo mismas mismos igual identica identico identicas identicos coincide coinciden mantiene mantienen "
    "permanece permanecen invariable invariante same identical equal unchanged remains stays keeps agree agrees siendo"
)
_CHANGE = words_of(
    "cambia cambian cambiado cambio cambios cambiar cambiaria varia varian variado variacion variar diferencia "
    "diferencias difiere distinta distinto otra otro change changes changed differ differs different"
)
_REACH = 5
_MANY = 4
_LONGEST_NUMBER = 4
"""Digits. No class's number is longer."""


@dataclass(frozen=True, slots=True)
class _Mention:
    """A class named somewhere in the answer."""

    number: int
    first: int
    last: int
    sentence: int
    denied: bool
    by_label: bool


def judge_class_answer(answer: str, classes: list[list[str]], *, printed: bool = False) -> frozenset[int]:
    """Which classes a prose answer states as its answer; more than one where it contradicts itself.

    Args:
        answer: The student's words, or what the student's code printed.
        classes: The names of each class, in every language, as in the rubric's `classes`.
        printed: The words are a program's, which counts from zero: a 10 that it prints is no tenth class.

    Returns:
        Numbers from 0; empty where the answer names none. "Class 10, the last" is 9, and so is "class 10, with 98 %".

    Example:
        >>> judge_class_answer("Es la clase 9, no un vestido (3).", rubric.classes)
        frozenset({9})
    """
    cleaned = plain(answer)
    for pattern in _NOISE:
        cleaned = re.sub(pattern, " _ ", cleaned)
    reading = read_answer(cleaned)
    labels = list(_labels(reading, classes))
    numbers = list(_numbers(reading, len(classes), labels))
    if not printed and not any(number.number == len(classes) - 1 for number in numbers):
        numbers += _last_from_one(answer, reading, len(classes), labels)
    numbers = [number for number in numbers if not _is_same_thing(number, labels, reading)]
    mentions = [mention for mention in (*labels, *numbers) if not mention.denied]
    if not mentions and _names_last(answer, len(classes)):
        return frozenset({len(classes) - 1})
    return _without_key(mentions)


def says_same(answer: str) -> bool:
    """Whether an answer says that the class is the one of before, such as "la misma" or "no cambia".

    Example:
        >>> says_same("No ha cambiado"), says_same("Ya no es la misma")
        (True, False)
    """
    tokens = read_answer(plain(answer)).tokens
    same = any(token.word in _SAME and not deniers(tokens, at) for at, token in enumerate(tokens))
    other = [bool(deniers(tokens, at)) for at, token in enumerate(tokens) if token.word in _CHANGE]
    return (same or any(other)) and all(other)


def _without_key(mentions: Sequence[_Mention]) -> frozenset[int]:
    """The classes named, a printed key of all classes left out where a sentence beside it names one or two."""
    named = frozenset(mention.number for mention in mentions)
    if len(named) <= _MANY:
        return named
    by_sentence: dict[int, set[int]] = {}
    for mention in mentions:
        by_sentence.setdefault(mention.sentence, set()).add(mention.number)
    few = [numbers for numbers in by_sentence.values() if len(numbers) <= 2]
    concluded = frozenset(number for numbers in few for number in numbers)
    return concluded if 0 < len(concluded) <= 2 else named


def _labels(reading: Reading, classes: Sequence[Sequence[str]]) -> Iterator[_Mention]:
    """Labels, longest first, no word used twice."""
    tokens, used = reading.tokens, set[int]()
    names = [
        (tuple(plain(name).replace("/", " ").replace("-", " ").split()), at)
        for at, all_ in enumerate(classes)
        for name in all_
    ]
    for name, number in sorted(names, key=lambda pair: -len(pair[0])):
        for first in range(len(tokens)):
            last = _end_of_label(tokens, first, name)
            if last is None or used & set(range(first, last + 1)):
                continue
            used.update(range(first, last + 1))
            yield _Mention(number, first, last, tokens[first].sentence, _is_set_aside(tokens, first), by_label=True)


def _end_of_label(tokens: Sequence[Token], first: int, name: tuple[str, ...]) -> int | None:
    if len(name) > 1 and tokens[first].word == "".join(name):
        return first
    places = range(first, first + len(name))
    if places[-1] >= len(tokens):
        return None
    same = all(
        same_word(tokens[at].word, tokens[at].keys, word) is not None for at, word in zip(places, name, strict=True)
    )
    return places[-1] if same else None


def _numbers(reading: Reading, count: int, labels: Sequence[_Mention]) -> Iterator[_Mention]:
    tokens = reading.tokens
    inside = {at for label in labels for at in range(label.first, label.last + 1)}
    for at, token in enumerate(tokens):
        number = _number(reading, at)
        if number is not None and number < count and at not in inside and not _counts_something(tokens, at, number):
            yield _Mention(number, at, at, token.sentence, _is_set_aside(tokens, at), by_label=False)


def _last_from_one(answer: str, reading: Reading, count: int, labels: Sequence[_Mention]) -> Iterator[_Mention]:
    """The last class, where its place is counted from one: "class 10", of ten, can be no other."""
    if re.search(_FROM_ZERO, plain(answer)):
        return
    tokens = reading.tokens
    inside = {at for label in labels for at in range(label.first, label.last + 1)}
    for at, token in enumerate(tokens):
        placed = len(tokens) <= 2 or (at > 0 and tokens[at - 1].word in _PLACED_BEFORE)
        if _number(reading, at) == count and placed and at not in inside and not _counts_something(tokens, at, count):
            yield _Mention(count - 1, at, at, token.sentence, _is_set_aside(tokens, at), by_label=False)


def _number(reading: Reading, at: int) -> int | None:
    """The number a word states as a class: a figure, or a number's name where a class is spoken of."""
    token = reading.tokens[at]
    written = reading.text[token.start : token.end]
    if written.isdecimal():
        return int(written) if len(written) <= _LONGEST_NUMBER else None
    named = at > 0 and reading.tokens[at - 1].word in _NAMED_BEFORE
    return _NUMBER_WORDS.get(written) if named or len(reading.tokens) <= 2 else None


def _counts_something(tokens: Sequence[Token], at: int, number: int) -> bool:
    """Whether it is a count ("10 clases") or a share ("casi 1") rather than a class."""
    if at + 1 < len(tokens) and tokens[at + 1].word in _UNITS and tokens[at + 1].clause == tokens[at].clause:
        return True
    before = {token.word for token in tokens[max(0, at - 3) : at]}
    return number in (0, 1) and bool(before & _SHARES)


def _is_set_aside(tokens: Sequence[Token], at: int) -> bool:
    """Whether it is denied, or named as second best or as what the answer might be confused with."""
    if deniers(tokens, at):
        return True
    before = [token.word for token in tokens[max(0, at - _REACH) : at] if token.clause == tokens[at].clause]
    return bool(_ASIDE & set(before))


def _is_same_thing(number: _Mention, labels: Sequence[_Mention], reading: Reading) -> bool:
    """Whether a label beside the number says it better: the same class, one counted from 1, or one that is denied."""
    for label in labels:
        if not _are_neighbours(number, label, reading.tokens):
            continue
        if label.denied or number.number in (label.number, label.number + 1):
            return True
    return False


def _are_neighbours(number: _Mention, label: _Mention, tokens: Sequence[Token]) -> bool:
    start, end = sorted((number.last, label.first) if number.first < label.first else (label.last, number.first))
    return all(tokens[at].word in ARTICLES or tokens[at].word == "clase" for at in range(start + 1, end))


def _names_last(answer: str, count: int) -> bool:
    """Whether it says "the last one", or "the tenth" counted from one."""
    text = plain(answer)
    tenth = re.search(rf"\b(?:{count}|diez|ten)\b(?!\s+(?:clases|classes|neuronas|categorias|valores))", text)
    return bool(re.search(_LAST, text) or (tenth and re.search(_FROM_ONE, text)))
