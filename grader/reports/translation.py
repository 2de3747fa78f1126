"""Messages and numbers in the reader's language."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, localcontext
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent, get_decimal_symbol

from grader.errors import Phrase
from grader.records import Message
from grader.reports.text import shown

LOCALE_FOLDER = Path(__file__).parent / "locale"

_PLACE = re.compile(r"\{\{|\}\}|\{([A-Za-z_]\w*)(?::([^{}]*))?\}")
_LONGEST_VALUE = 500
_MOST_ITEMS = 30


class Translator:
    """Puts messages and numbers into one language; English where a translation is missing.

    Args:
        language: for example ``es`` or ``en``. One that nobody has translated reads English.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = _catalogue(language)
        self._locale = _locale(language)

    def text(self, message: Message) -> str:
        """The sentence, translated, its values put in as plain data."""
        if message.singular:
            return self.say_number(message.singular, message.text, message.number, **message.values)
        return self.say(message.text, **message.values)

    def say(self, text: str, /, **values: Any) -> str:
        """Like `text`, for a sentence that is not a `Message`; templates know it as ``_``."""
        return self._fill(self._catalogue.gettext(text) if text else "", values)

    def phrase(self, text: str) -> str:
        """What an error or an advice says; a text that is no `Phrase`, or is not known, stays as it is."""
        if not isinstance(text, Phrase):
            return text
        if not text.values:
            return self._catalogue.gettext(text.text) if text.text else ""
        values = {n: self.phrase(value) if isinstance(value, str) else value for n, value in text.values.items()}
        return self.say(text.text, **values)

    def say_number(self, singular: str, plural: str, number: int, /, **values: Any) -> str:
        """The sentence in the form that the number asks for; templates know it as ``ngettext``."""
        return self._fill(self._catalogue.ngettext(singular, plural, number), values)

    def pick(self, texts: Mapping[Any, str]) -> str:
        """The rubric's text in this language, or in whichever it has."""
        return texts.get(self.language) or texts.get("en") or next(iter(texts.values()), "")

    def number(self, value: float, decimals: int | None = None) -> str:
        """A number in the reader's notation, with so many decimals, or with up to four as needed."""
        return _number(float(value) if isinstance(value, float) else value, decimals, self._locale)

    def percent(self, share: float, decimals: int = 0) -> str:
        """A share from 0 to 1 as a percentage."""
        if not math.isfinite(share):
            return "–"
        pattern = "0" + ("." + "0" * decimals if decimals else "")
        return format_percent(share, format=f"{pattern}\N{NO-BREAK SPACE}%", locale=self._locale)

    def _fill(self, text: str, values: Mapping[str, Any]) -> str:
        return _PLACE.sub(lambda place: self._filled(place, values), text)

    def _filled(self, place: re.Match[str], values: Mapping[str, Any]) -> str:
        name = place[1]
        if name is None:
            return place[0][0]
        return self._value(values[name], place[2] or "") if name in values else place[0]

    def _value(self, value: Any, spec: str = "") -> str:
        match value:
            case Message():
                return self.text(value)
            case None:
                return "–"
            case bool():
                return self.say("yes") if value else self.say("no")
            case int() | float():
                return self._number_as_specified(value, spec)
            case list() | tuple() | set() | frozenset():
                items = list(value)[:_MOST_ITEMS]
                sign = "; " if any(isinstance(item, float) for item in items) else ", "  # 0,5 has a comma of its own
                return sign.join(self._value(item, spec) for item in items) + ("…" if len(value) > _MOST_ITEMS else "")
            case Mapping():
                return shown(self.pick(value), _LONGEST_VALUE)
            case _:
                return shown(str(value), _LONGEST_VALUE)

    def _number_as_specified(self, value: float, spec: str) -> str:
        if percent := re.fullmatch(r"\.?(\d*)%", spec):
            return self.percent(value, int(percent[1] or 0))
        decimals = re.fullmatch(r"\.(\d)f", spec)
        return self.number(value, int(decimals[1]) if decimals else None)


@lru_cache(maxsize=10_000)
def _number(value: float, decimals: int | None, locale: Locale) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    whole = "#,##0" if abs(value) >= 10_000 else "0"
    if decimals is not None:
        with localcontext(rounding=ROUND_HALF_UP):  # 9.625 is 9.63, as people round
            return str(format_decimal(value, format=whole + ("." + "0" * decimals if decimals else ""), locale=locale))
    if isinstance(value, float) and (0 < abs(value) < 0.001 or abs(value) >= 1e15):
        return f"{value:.3g}".replace(".", get_decimal_symbol(locale))
    return str(format_decimal(value, format=f"{whole}.####", locale=locale))


@lru_cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale("en")


@lru_cache
def _catalogue(language: str) -> NullTranslations:
    """The translations of a language, read from the .po itself: nothing to compile, nothing to forget."""
    path = LOCALE_FOLDER / language / "LC_MESSAGES" / "grader.po"
    if not re.fullmatch(r"[A-Za-z_]+", language) or not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
