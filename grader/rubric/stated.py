"""What a text tells of expected values: numbers in digits and words, each with what it counts, and names of Keras."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WIDTH = "neuronas?|neurons?|unidad(?:es)?|units?|nodos?|nodes?"
UNITS: Mapping[str, str] = {
    **dict.fromkeys(("units", "hidden", "outputs_other_than"), _WIDTH),
    "epochs": "epocas?|epochs?|pasadas?|vueltas?|iteraciones",
    "batch_size": "lotes?|batch(?:es)?|batch_size|minibatch(?:es)?|tandas?",
    "above": "accuracy|exactitud|precision|aciertos?|acierta|acierte|right|correct",
    "loss": "perdidas?|loss|error",
}
"""What is counted by the number of a key, in Spanish and English without accents."""
_BEFORE = dict.fromkeys(("units", "hidden", "outputs_other_than"), "capas?|layers?|ancho|width|ocultas?|hidden")
"""Words that only say it where they stand before the number: three layers are no width of three."""
_OTHERS = (
    "clases?|class|classes|categorias?|imagen(?:es)?|images?|pixel(?:es|s)?|numeros?|numbers?"
    "|capas?|layers?|puntos?|points?"
)
_NAMES: Mapping[str, str] = {
    "linear": "linear|lineal",
    "sigmoid": "sigmoid|sigmoide|sigmoidea?|sigmoidal|logistica",
    "tanh": "tanh|tangente hiperbolica|hyperbolic tangent",
    "not_vectorised": r"not_vectorised|vector(?:es|s|i[sz]\w+)?|vectorised|flattened|aplanad[oa]s?",
}
"""How else a name is written."""
NEAR = 3
"""Words between a number and what it counts."""

_ONES = (
    "cero|zero", "un|una|uno|one", "dos|two", "tres|three", "cuatro|four", "cinco|five", "seis|six", "siete|seven",
    "ocho|eight", "nueve|nine", "diez|ten", "once|eleven", "doce|twelve", "trece|thirteen", "catorce|fourteen",
    "quince|fifteen", "dieciseis|sixteen", "diecisiete|seventeen", "dieciocho|eighteen", "diecinueve|nineteen",
    "veinte|twenty", "veintiuno|veintiun|veintiuna", "veintidos", "veintitres", "veinticuatro", "veinticinco",
    "veintiseis", "veintisiete", "veintiocho", "veintinueve",
)  # fmt: skip
_TENS = (
    "treinta|thirty",
    "cuarenta|forty",
    "cincuenta|fifty",
    "sesenta|sixty",
    "setenta|seventy",
    "ochenta|eighty",
    "noventa|ninety",
)
_HUNDREDS = ("dos", "tres", "cuatro", "quin", "seis", "sete", "ocho", "nove")
_WORDS: Mapping[str, int] = {
    **{word: number for number, words in enumerate(_ONES) for word in words.split("|")},
    **{word: number * 10 for number, words in enumerate(_TENS, start=3) for word in words.split("|")},
    **{f"{stem}{'' if stem == 'quin' else 'c'}ient{end}": number * 100
       for number, stem in enumerate(_HUNDREDS, start=2) for end in ("os", "as")},
    "cien": 100, "ciento": 100,
}  # fmt: skip
_TIMES = {"hundred": 100, "mil": 1000, "thousand": 1000}
_ARTICLES = frozenset({"un", "una", "uno", "one"})
_JOINED = frozenset({"y", "and", "o", "or", ",", "/", "-", "e"})
_WITHIN = frozenset({"y", "and", "-"})
"""Words within a number."""
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*(?!\w)|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text."""

    values: frozenset[float]
    """More than one where a point may part thousands or decimals."""
    counts: frozenset[str]
    """Keys whose unit stands nearby; other things counted are the key ``other``."""
    is_article: bool
    """``una`` may only be an article."""
    start: int
    end: int


def statement(text: str, key: str, value: Any) -> str:
    """The words by which a text states the value of a key; empty where it does not.

    A number has to stand near what it counts; a name has to be a whole word. Of a list, all values have to be stated.
    """
    if isinstance(value, list | tuple):
        found = [statement(text, key, single) for single in value]
        return ", ".join(found) if all(found) else ""
    if isinstance(value, str | bool):
        named = re.search(_name(value), folded(text))
        return "" if named is None else text[named.start() : named.end()]
    for number in numbers(text):
        if value in number.values and key in number.counts:
            return text[number.start : number.end]
    return ""


def names(text: str, key: str, value: Any) -> bool:
    """True if a text may give a single value away: a number may stand anywhere, unless it counts something else."""
    if isinstance(value, str | bool):
        return bool(re.search(_name(value), folded(text)))
    alike = {value, round(value * 100, 6)} if isinstance(value, float) else {value}
    if any(
        number.values & alike and (key in number.counts or not (number.counts or number.is_article))
        for number in numbers(text)
    ):
        return True
    return any(_read(found[0]) & alike for found in re.finditer(r"(?<=[A-Za-z_])\d+|\d+(?=[A-Za-z_])", text))


def folded(text: str) -> str:
    """Small letters without accents, as many as before."""
    return "".join((unicodedata.normalize("NFKD", letter)[:1].casefold() + " ")[0] for letter in text)


def numbers(text: str) -> list[Number]:
    """All numbers of a text, each with what it counts."""
    tokens = list(_TOKEN.finditer(folded(text)))
    words = [token[0] for token in tokens]
    spans = list(_spans(words))
    found: list[Number] = []
    for place in reversed(range(len(spans))):
        first, after, values = spans[place]
        following = spans[place + 1][0] if place + 1 < len(spans) else len(words)
        counts, last = _counted(words, first, after, spans[place - 1][1] if place else 0, following)
        if not counts and following < len(words) and all(word in _JOINED for word in words[after:following]):
            counts = found[-1].counts  # 64 and 32 units
        is_article = after - first == 1 and words[first] in _ARTICLES
        if is_article and not _kinds(_at(words, after), UNITS):
            counts = frozenset()
        start, end = tokens[min(first, last)].start(), tokens[max(after - 1, last)].end()
        found.append(Number(values, counts, is_article, start, end))
    return found[::-1]


def _counted(words: Sequence[str], first: int, after: int, left: int, right: int) -> tuple[frozenset[str], int]:
    """What stands near enough in the same clause to be what is counted, and where the last such word is."""
    found: set[str] = set()
    last = first
    for place in range(after, min(right, after + NEAR)):
        if words[place] in (",", ".", ";", ":"):
            break
        if kinds := _kinds(words[place], UNITS):
            if place == after:
                return frozenset(kinds), place
            found, last = kinds, place
            break
    for place in range(first - 1, max(left, first - NEAR - 1) - 1, -1):
        if words[place] in (",", ".", ";"):
            break
        if kinds := _kinds(words[place], UNITS) - {"other"} | _kinds(words[place], _BEFORE) - {"other"}:
            return frozenset(found | kinds), place
    return frozenset(found), last


def _kinds(word: str, units: Mapping[str, str]) -> set[str]:
    kinds = {key for key, unit in units.items() if re.fullmatch(unit, word)}
    return kinds or ({"other"} if re.fullmatch(_OTHERS, word) else set())


def _spans(words: Sequence[str]) -> Iterator[tuple[int, int, frozenset[float]]]:
    """Where each number begins and ends among the words, and what it may be."""
    at = 0
    while at < len(words):
        after, values = at + 1, frozenset[float]()
        if words[at][0].isdecimal() and not re.search(r"[^\d.,]", words[at]):
            values = _read(words[at])
        elif words[at] in _WORDS or words[at] in _TIMES:
            after, number = _in_words(words, at)
            values = frozenset({number})
        percent = next((mark for mark in (("%",), ("por", "ciento"), ("per", "cent"), ("percent",))
                        if tuple(words[after : after + len(mark)]) == mark), ())  # fmt: skip
        if values and percent:
            after, values = after + len(percent), frozenset(round(value / 100, 6) for value in values)
        if values:
            yield at, after, values
        at = after


def _in_words(words: Sequence[str], at: int) -> tuple[int, float]:
    """Where the number that begins there ends, and its value."""
    thousands, part, room = 0, 0, 1000
    begin = at
    while at < len(words):
        value, times = _WORDS.get(words[at]), _TIMES.get(words[at])
        if times == 1000 and not thousands:
            thousands, part, room = max(part, 1) * 1000, 0, 1000
        elif times == 100 and part < 10:
            part, room = max(part, 1) * 100, 100
        elif value is not None and value < room:
            part, room = part + value, _room(value)
        elif not (words[at] in _WITHIN and at > begin and _WORDS.get(_at(words, at + 1), room) < min(room, 100)):
            break
        at += 1
    return at, float(thousands + part)


def _room(value: int) -> int:
    """Below what a further word has to be that is part of the same number: after ``treinta``, below ten."""
    return 100 if value >= 100 else 10 if value >= 20 and value % 10 == 0 else 0


def _at(words: Sequence[str], at: int) -> str:
    return words[at] if at < len(words) else ""


def _read(digits: str) -> frozenset[float]:
    """A number in digits; ``1.024`` may be either."""
    values = {float(digits.replace(",", "."))} if len(re.findall("[.,]", digits)) < 2 else set[float]()
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits):
        values.add(float(re.sub("[.,]", "", digits)))
    return frozenset(values)


def _name(value: str | bool) -> str:
    """The pattern of a name, as a whole word in small letters."""
    name = ("vectorised" if value else "not_vectorised") if isinstance(value, bool) else folded(value)
    forms = _NAMES.get("not_vectorised" if isinstance(value, bool) else name) or "[ _-]?".join(
        map(re.escape, name.split("_"))
    )
    return rf"(?<!\w)(?:{forms})(?!\w)"
