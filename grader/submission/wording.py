"""Text compared as people read it: without accents, case, markup or inflection."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import snowballstemmer
from rapidfuzz import fuzz

from grader.submission.visible import visible

LONGEST_TEXT = 20_000
"""Characters of one cell's text that are looked at; no honest answer comes near."""

SAME_SENTENCE = 88.0
"""Likeness, of 100, from which a sentence is taken to be the assignment's, retyped or lightly edited."""

_STOP_WORDS = """
    a al algo aqui como con de del e el en entre es esa ese eso esta este esto ha hay he la las le lo los mas
    me mi mis muy no nos o para pero por que se si sin sobre su sus te tu tus u un una uno y ya cual cuales
    cuando donde puntos punto pts pregunta preguntas ejercicio ejercicios respuesta codigo solucion tu your
    code answer here the of to and in is are what why how question exercise points point for with on it this
    that do does
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_ABBREVIATED = re.compile(r"(?<=\d)\.(?=\d)")
_DATA = re.compile(r"data:[\w.+/-]{1,60};base64,[\w+/=-]*")
LINE_BREAK = re.compile(r"\n|</?(?:br|p|li|tr|td|div)\b[^<>\n]*>", re.IGNORECASE)
"""Where a new line begins on the page."""
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_PICTURE = re.compile(r"!\[([^\[\]\n]*)\]\([^()\n]*\)")
_LINK = re.compile(r"\[([^\[\]\n]+)\]\([^()\n]*\)")
_LINE_MARKUP = re.compile(
    r"^[ \t]*(?:(?:>|#{1,6}(?=[\s\d¿A-Za-z*_])|[-*+](?=\s)|```\w*|~~~\w*|\\)[ \t]*)+", re.MULTILINE
)
_RULE = re.compile(r"^[ \t]*(?:[-*_=][ \t]*){3,}$|^[ \t|:-]+$", re.MULTILINE)
_EMPHASIS = re.compile(r"\*+|`+|~~|\$+|(?<![^\W_])_{1,3}|_{1,3}(?![^\W_])")


def fold(text: str) -> str:
    """Lower case without accents, white space as single blanks."""
    return _folded(text) if len(text) <= 1_000 else _folded.__wrapped__(text[:LONGEST_TEXT])


@lru_cache(maxsize=20_000)
def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in decomposed if not unicodedata.combining(char)).split())


KEYCAP = re.compile("([0-9])\ufe0f\u20e3")
"""A number on a key, as an emoji: three characters."""


def fold_in_place(text: str) -> str:
    """Lower case without accents, character for character, so that positions in the text stay what they were."""
    text = KEYCAP.sub(r"\1. ", text)
    return "".join(_plain_character(char) for char in text)


@lru_cache(maxsize=2_000)
def _plain_character(char: str) -> str:
    folded = unicodedata.normalize("NFKD", char)[0].lower()
    return folded if len(folded) == 1 else char


def words(text: str) -> list[str]:
    """The words and numbers of a text, folded."""
    return re.findall(r"\d+(?:[.,]\d+)?|[^\W\d_]+", fold(text))


def without_markup(text: str) -> str:
    """Markdown as it reads: what is hidden, tags, emphasis, quote marks, bullets and dollar signs taken out."""
    text = visible(_without_html_comments(_DATA.sub("", text)[:LONGEST_TEXT]))
    text = _TAG.sub(" ", LINE_BREAK.sub("\n", text))
    text = _LINK.sub(r"\1", _PICTURE.sub(" ", text))
    text = _RULE.sub("", text)
    text = _EMPHASIS.sub("", _LINE_MARKUP.sub("", text))
    text = html.unescape(text.replace("|", " "))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _without_html_comments(text: str) -> str:
    kept, position = [], 0
    while (start := text.find("<!--", position)) >= 0 and (stop := text.find("-->", start)) >= 0:
        kept.append(text[position:start])
        position = stop + 3
    return " ".join([*kept, text[position:]])


def sentences(text: str) -> list[str]:
    """Sentences with their own punctuation, in order; joined they give the text, white space aside."""
    hidden = _ABBREVIATED.sub("\0", text)
    parts = re.findall(r"[^.!?…\n]+[.!?…]*[\"')\]»”*_]*|[.!?…]+", hidden)
    return [part.replace("\0", ".").strip() for part in parts if part.strip()]


def _unwrapped(text: str) -> str:
    """Paragraphs without line breaks."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


def has_words(text: str) -> bool:
    """Whether there is anything to read: a letter or a digit."""
    return any(char.isalnum() for char in text)


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(word))


_STEMMER = snowballstemmer.stemmer("spanish")


def stems(text: str) -> list[str]:
    """Content words without inflection; numbers stay as they are."""
    return [_stem(word) for word in words(text) if word not in STOP_WORDS]


@dataclass(frozen=True)
class Likeness:
    """Tells which of several texts another text is about, rare words weighing more than common ones."""

    weights: Mapping[str, float]
    texts: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Likeness:
        """Prepare the texts, by name."""
        bags = {name: frozenset(stems(text)) for name, text in texts.items()}
        counts = Counter(stem for bag in bags.values() for stem in bag)
        weights = {stem: math.log(1 + len(bags) / count) for stem, count in counts.items()}
        return cls(weights, bags)

    def score(self, text: str, names: Iterable[str]) -> float:
        """From 0 (nothing in common) to 1: weighted cosine between a text and the named texts taken together."""
        mine = frozenset(stems(text))
        theirs = frozenset[str]().union(*(self.texts.get(name, frozenset()) for name in names))
        shared = self._square(mine & theirs)
        norm = math.sqrt(self._square(mine) * self._square(theirs))
        return shared / norm if norm else 0.0

    def says_something(self, text: str) -> bool:
        """Whether a text has enough words that any of the texts could be recognised by."""
        return sum(1 for stem in set(stems(text)) if stem in self.weights) >= 2

    def _square(self, bag: Iterable[str]) -> float:
        return sum(self.weights.get(stem, 1.0) ** 2 for stem in bag)


@dataclass(frozen=True)
class Phrases:
    """Sentences that are not the student's own."""

    known: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Phrases:
        """Collect the sentences of several texts, and their lines, since a student may keep only one of them."""
        plain = [without_markup(text) for text in texts]
        parts = [part for text in plain for form in (text, _unwrapped(text)) for part in sentences(form)]
        found = {" ".join(words(part)) for part in parts}
        return cls(tuple(sorted(found - {""}, key=lambda phrase: (-len(phrase), phrase))))

    @cached_property
    def _long(self) -> list[tuple[str, list[str]]]:
        """Sentences long enough to be known again when edited, each with its numbers."""
        return [(phrase, _numbers(phrase)) for phrase in self.known if phrase.count(" ") >= 3]

    @cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset(self.known)

    def __contains__(self, sentence: str) -> bool:
        mine = " ".join(words(sentence))
        if mine in self._exact or mine.count(" ") < 3:
            return mine in self._exact
        numbers = _numbers(mine)
        near = (phrase for phrase, own in self._long if own == numbers and 0.75 < len(phrase) / len(mine) < 1.33)
        return any(fuzz.ratio(mine, phrase, score_cutoff=SAME_SENTENCE) for phrase in near)

    def taken_out(self, text: str) -> str:
        """The text without these sentences; a sentence that begins with one keeps its rest."""
        return "\n\n".join(kept for part in text.split("\n\n") if (kept := self._paragraph(part)))

    def _paragraph(self, text: str) -> str:
        """Sentence by sentence where a known one runs over several lines, else line by line."""
        whole = sentences(_unwrapped(text))
        if "\n" in text and any(sentence in self for sentence in whole):
            return self._own_parts(whole)
        return "\n".join(own for line in text.split("\n") if (own := self._own_parts(sentences(line))))

    def _own_parts(self, parts: Iterable[str]) -> str:
        own = (self._own_part(part) for part in parts if part not in self)
        return " ".join(part for part in own if part)

    def _own_part(self, sentence: str) -> str:
        mine = words(sentence)
        whole = " ".join(mine)
        for phrase, _ in self._long:
            theirs = phrase.split()
            if whole.startswith(f"{phrase} "):
                return _after_words(sentence, len(theirs))
        return sentence


def _numbers(text: str) -> list[str]:
    """A sentence with another number says another thing, however alike the letters are."""
    return re.findall(r"\d+", text)


def _after_words(sentence: str, count: int) -> str:
    position = 0
    for match in re.finditer(r"\d+(?:[.,]\d+)?|[^\W\d_]+", sentence):
        if count == 0:
            return sentence[position:].lstrip(" ,;:.)]-–—")
        count, position = count - 1, match.end()
    return ""
