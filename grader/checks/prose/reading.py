"""Reading an answer: words with their stems, cut into sentences and clauses, and what must not count as an answer."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import snowballstemmer

from grader.checks.prose.cases import numbers_of, other_cases
from grader.checks.prose.language import (
    ARTICLES,
    CLAUSE_OPENERS,
    CONTRACTIONS,
    COPULAS,
    DENIALS,
    DIRECTIONS,
    FINITE,
    GLUE,
    KNOWN_WORDS,
    NEGATORS,
    NOT_NEGATIONS,
    REASONS,
    SPELLINGS,
    VERB_ENDINGS,
)
from grader.checks.prose.stance import Stance, stances_of

_STEMMERS = (snowballstemmer.stemmer("spanish"), snowballstemmer.stemmer("english"))
_THOUSANDS = r"(?<![\d.,])[1-9]\d{0,2}(?:(?:[.,]\d{3})++|(?:[ \u00a0]000)++)(?!\d|[.,]\d)"
"""``60.000``, ``60,000`` and ``60 000``."""
_OF_THOUSAND = re.compile(r"(\d{1,3})\s?(?:mil|k)")
_PIECE = re.compile(
    rf"(?:(?<!\(){_THOUSANDS}|{_THOUSANDS}(?!\)))%?|(?<![\d.,])\d{{1,3}}(?:\s?mil|[kK])\b"  # (10,128) is a shape
    r"|\d++\s?[x×*]\s?\d+|\d[dD]\b|\by_\w+|\d+(?:\.\d+|,\d+(?![\d,)]))?%?"
    r"|[^\W\d_]+(?:[-'’´][^\W\d_]+)*\d?|[+↑↓≠→⇒=](?=[\s,.;:)]|$)|(?<!\d)(?<!\d )%|[.,;:!?()\[\]\n…–—/]|(?<=\s)-(?=\s)",
)
_NUMBER = r"(?<!\d)(\d++(?:[.,]\d++)?+)\s*+(%|s\b|seg\w*|sec\w*|min\w*)?"
_CHANGE = re.compile(rf"{_NUMBER}\s*(?:a|al|hasta|to|-+>|=+>|→)\s*(?:(?:un|el|los|las)\s+)?{_NUMBER}")
_MATHS = re.compile(r"\\[a-zA-Z]+|\\[{}_,;!]|[${}^]|(?<=[a-zA-Z])_(?=\w\b|\{)")
_ARROW = re.compile(r"[-=]+>")
_SIGNS = re.compile(r"(?<=\s)[+→=/|·•>](?=\s)")
_CHAIN = 3
"""The same sign so often in a line only parts the terms of a list."""
_SENTENCE_ENDS = frozenset(".;!?\n…")
_CLAUSE_ENDS = frozenset(",:()[]–—-")
_LONGEST_ANSWER = 20_000
_DIRECTIONS = frozenset(
    ("no", "ni", "sin", "mas", "menos", "mejor", "peor", "mayor", "menor", "not", "more", "less", "better")
)
_LONG_ROW = 6
_WRAPPED_LINE = 40
_COPY_OF_PROMPT = 5
_COPY_OF_OTHERS = 8
_LONG_FORM = 7  # letters that a diminutive has at least: "clarita", but not "dígito"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an answer."""

    word: str
    """Small letters, no accents, short forms written out."""
    keys: frozenset[str]
    """Folded word and stems: two words with a common key are the same word."""
    sentence: int
    clause: int
    start: int
    end: int
    asked: bool = False
    """Its sentence is a question."""
    copied: bool = False
    """Part of a run of words taken from the question or another given text."""
    listed: bool = False
    """Part of a bare list of terms."""
    telegraphic: bool = False
    """Part of a run of terms with a verb but nothing else that makes a sentence."""
    known: bool = False
    """A word of the rubric's, spelt right."""
    stance: Stance = Stance.OWN
    other_case: bool = False
    """Its clause speaks of another case than the question's."""

    @property
    def usable(self) -> bool:
        """Part of a statement of the student's own."""
        return not (self.copied or self.listed or self.telegraphic or self.stance is Stance.ORDER)


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer, read."""

    text: str
    tokens: tuple[Token, ...]
    places: dict[str, dict[int, bool]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Where the words stand that were looked for: kept by `matching`."""
    by_key: dict[str, list[int]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Where a word with a key stands; without articles, which are compared letter by letter."""
    unknown: list[int] = field(default_factory=list, init=False, repr=False, compare=False)
    """Where a word stands that may be another one misspelt."""

    def __post_init__(self) -> None:
        for at, token in enumerate(self.tokens):
            if token.word in ARTICLES:  # the article "los" has the stem of "loses"
                continue
            for key in token.keys:
                self.by_key.setdefault(key, []).append(at)
            if not token.known and may_be_misspelt(token.word, token.keys):
                self.unknown.append(at)

    def columns(self) -> tuple[list[str], list[int], list[int]]:
        """All words, and of each the numbers of its sentence and its clause."""
        return _columns(self.tokens)

    def words_between(self, start: int, end: int) -> str:
        """The answer's own words between two places of its text, on one line."""
        return " ".join(self.text[start:end].split())


@lru_cache(maxsize=8)  # an answer is read for each of its question's concepts, one after the other
def read_answer(answer: str, prompt: str = "", others: Sequence[str] = ()) -> Reading:
    """Read an answer; words copied from `prompt` or `others`, and bare lists of terms, are marked as such."""
    text = _ARROW.sub(
        lambda found: f" →{' ' * (len(found.group()) - 2)}", unicodedata.normalize("NFC", answer[:_LONGEST_ANSWER])
    )
    parted = "\n".join(map(_part_chains, _MATHS.sub(lambda found: " " * len(found.group()), text).split("\n")))
    tokens = tuple(_with_changes(text, list(_tokens(parted))))
    copied = _copied(tokens, [prompt], _COPY_OF_PROMPT) | _copied(tokens, others, _COPY_OF_OTHERS)
    tokens = tuple(replace(token, copied=True) if at in copied else token for at, token in enumerate(tokens))
    return Reading(text, _mark_lists(text, _with_cases(_with_stances(tokens), prompt)))


def _part_chains(line: str) -> str:
    """The line with commas for the signs of a chain ("clase + softmax + vector + salida"), of the same length."""
    often = {sign for sign, count in Counter(_SIGNS.findall(line)).items() if count >= _CHAIN}
    return _SIGNS.sub(lambda found: "," if found.group() in often else found.group(), line)


def _with_stances(tokens: Sequence[Token]) -> tuple[Token, ...]:
    stances = stances_of(*_columns(tokens))
    return tuple(replace(token, stance=stance) for token, stance in zip(tokens, stances, strict=True))


def _columns(tokens: Sequence[Token]) -> tuple[list[str], list[int], list[int]]:
    """The tokens' words, sentences and clauses."""
    return [token.word for token in tokens], [token.sentence for token in tokens], [token.clause for token in tokens]


def _with_cases(tokens: tuple[Token, ...], prompt: str) -> tuple[Token, ...]:
    asked = numbers_of(prompt)
    if not asked:
        return tokens
    others = other_cases(*_columns(tokens), asked, frozenset(re.findall(r"\w+", plain(prompt))))
    return tuple(replace(token, other_case=token.clause in others) for token in tokens)


def plain(word: str) -> str:
    """Small letters without accents."""
    decomposed = unicodedata.normalize("NFD", word.lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


@lru_cache(maxsize=50_000)
def keys_of(word: str) -> frozenset[str]:
    """The forms under which a word is compared: itself and its stems, spelt as they sound in Spanish."""
    bare = plain(word)
    if bare[:1].isdecimal():
        return _number_keys(bare)
    if bare in SPELLINGS:
        bare = SPELLINGS[bare]
    if len(bare) <= 3:
        return frozenset({bare, _STEMMERS[0].stemWord(bare)} if len(bare) == 3 else {bare})
    forms = {bare, word.lower(), *_other_forms(bare)}
    stems = {plain(stemmer.stemWord(form)) for stemmer in _STEMMERS for form in forms}
    return frozenset(fold(form) for form in {bare, *stems} if len(form) >= 3)


def _number_keys(number: str) -> frozenset[str]:
    """A number as it is compared: ``0,5`` is 0.5, ``60.000`` is 60000; ``1.234`` may be either."""
    digits = re.sub(r"[.,\s]", "", number)
    decimal = number.replace(",", ".")
    if re.fullmatch(_THOUSANDS, number.removesuffix("%")):
        return frozenset({digits, decimal}) if decimal.count(".") == 1 else frozenset({digits})
    return frozenset({decimal})


def _other_forms(word: str) -> Iterator[str]:
    """A verb with the accent that many leave out; "numerito" and "facilisima" as "numero" and "facil"."""
    if len(word) >= 5:
        yield re.sub(r"ia(n|s|mos)?$", r"ía\1", word)
        yield re.sub(r"[aeo]$", lambda vowel: {"a": "á", "e": "é", "o": "ó"}[vowel.group()], word)
    if len(word) >= _LONG_FORM:
        yield re.sub(r"(?:c?it|isim)([oa]s?)$", r"\1", word)


@lru_cache(maxsize=50_000)
def fold(word: str) -> str:
    """Spelt by sound: v as b, z and soft c as s, silent h gone, n before b and p as m, doubled letters once."""
    shortest = 4  # "loss" must not sound like "los"
    for pattern, sound in (
        (r"^h|(?<![cst])h", ""),
        (r"v", "b"),
        (r"z|c(?=[ei])", "s"),
        (r"qu(?=[ei])|c(?!h)", "k"),
        (r"g(?=[ei])", "j"),
        (r"ll", "y"),
        (r"n(?=[bp])", "m"),
        (r"([^\W\d_])\1+", r"\1" if len(word) > shortest else r"\g<0>"),
    ):
        word = re.sub(pattern, sound, word)
    return word


@lru_cache(maxsize=20_000)
def may_be_misspelt(word: str, keys: frozenset[str]) -> bool:
    """Whether a word is none that is known to stand for itself."""
    return word.isalpha() and word not in FINITE and word not in GLUE and keys.isdisjoint(_known_keys())


@lru_cache(maxsize=1)
def _known_keys() -> frozenset[str]:
    return frozenset(fold(word) for word in KNOWN_WORDS) | frozenset(
        key for word in KNOWN_WORDS for key in keys_of(word)
    )


def denies(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word at this place is a negation ("no", not the one in "no solo")."""
    if tokens[at].word not in NEGATORS or (at > 0 and tokens[at - 1].word == "si"):  # "si no": else, or a split "sino"
        return False
    ahead = " ".join(token.word for token in tokens[at : at + 6])
    return not any(re.match(pattern, ahead) for pattern in NOT_NEGATIONS)


def _tokens(text: str) -> Iterator[Token]:
    sentence = clause = 0
    before: list[str] = []
    for piece in _PIECE.finditer(text):
        mark = piece.group().strip(" ") or "\n"
        if mark == "\n" and _is_wrapped(text, piece.start()):
            continue
        if mark in _SENTENCE_ENDS:
            sentence, clause, before = sentence + 1, clause + 1, []
            continue
        if mark in ":(" and re.match(r"\s*\d", text[piece.end() :]):
            continue
        if mark in _CLAUSE_ENDS or mark == "/":
            clause, before = clause + (mark != "/"), []
            continue
        words = _spelt_out(mark)
        if words[0] in CLAUSE_OPENERS and not (words[0] in REASONS and _is_denial(before)):
            clause += 1
        before = [*before, *words][-2:]
        asked = text[piece.end() :].lstrip(" ").startswith("?") if "?" in text else False
        for word in words:
            yield Token(word, keys_of(word), sentence, clause, piece.start(), piece.end(), asked)


def _with_changes(text: str, tokens: list[Token]) -> Iterator[Token]:
    """The tokens, with the direction said after each change of a measured value: "de 87 a 88,5 %" is a rise.

    Whole numbers without a unit are no measured values ("de 128 a 512 neuronas").
    """
    changes = {found.end(): found for found in _CHANGE.finditer(text) if _is_measured(found)}
    ends = {max((t.start for t in tokens if t.end <= end), default=-1): found for end, found in changes.items()}
    for token in tokens:
        yield token
        found = ends.pop(token.start, None)
        if found is not None:
            before, after = (float(found.group(group).replace(",", ".")) for group in (1, 3))
            word = "sube" if after > before else "baja"
            yield replace(token, word=word, keys=keys_of(word), start=found.start(), end=found.end())


def _is_measured(found: re.Match[str]) -> bool:
    numbers = found.group(1, 3)
    return numbers[0] != numbers[1] and any(re.search(r"[.,]|%|[a-z]", piece or "") for piece in found.groups())


def _is_denial(words: Sequence[str]) -> bool:
    """Whether these are the words of "no es porque ...", whose "no" denies the reason that follows."""
    return bool(words) and (words[-1] in DENIALS or (words[0] in DENIALS and words[-1] in COPULAS))


def _is_wrapped(text: str, end: int) -> bool:
    """Whether a line's end only wraps a sentence: a long line, and the next goes on in small letters."""
    line = text[text.rfind("\n", 0, end) + 1 : end]
    return len(line.strip()) >= _WRAPPED_LINE and text[end + 1 : end + 40].lstrip(" #>\t")[:1].islower()


def _spelt_out(mark: str) -> list[str]:
    word = plain(mark)
    if re.match(r"\d+\s?[x×*]", word):
        return [re.sub(r"\s?[x×*]\s?", "x", word)]
    if thousand := _OF_THOUSAND.fullmatch(word):
        return [f"{thousand[1]}000"]
    word = re.sub(r"['’´]", "", word)
    if word in CONTRACTIONS:
        return CONTRACTIONS[word].split()
    if word.endswith("nt") and "'" in mark.replace("’", "'"):
        return [word[:-2], "not"]
    if "-" in word and not re.match(r"(sobre|over|under|sub|de|re|pre)-", word):
        return word.split("-")
    word = word.replace("-", "")
    return [SPELLINGS.get(word, word)]


def _copied(tokens: Sequence[Token], givens: Iterable[str], length: int) -> set[int]:
    """Places of the words that stand in a run of at least `length` words of a given text."""
    known = [_runs_of_given(given, length) for given in givens]
    own = _runs([_one_key(token.word) for token in tokens], length)
    return {at + step for at, run in enumerate(own) if any(run in runs for runs in known) for step in range(length)}


@lru_cache(maxsize=1_000)  # the same texts were given to the whole class
def _runs_of_given(given: str, length: int) -> frozenset[tuple[str, ...]]:
    return frozenset(_runs([_one_key(token.word) for token in _tokens(plain(given))], length))


@lru_cache(maxsize=20_000)
def _one_key(word: str) -> str:
    return fold(_STEMMERS[0].stemWord(word))


def _runs(words: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + length]) for at in range(len(words) - length + 1)]


def _mark_lists(text: str, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Mark three or more bare terms in a row, and sentences of four or more terms and nothing else, as lists.

    Where a verb stands among the terms or follows them ("formas, datos y etiquetas no coinciden"), a sentence may be
    meant, and where a clause that is no term leads up to them ("clasifica en camiseta, bolso, botín") they may be its
    end: such terms are marked as telegraphic instead. A term with its name before it ("Efecto: overfitting.") is a
    statement.
    """
    clauses = [list(group) for _, group in itertools.groupby(tokens, key=lambda token: token.clause)]
    sizes = Counter(clause[0].sentence for clause in clauses)
    named = {
        one[0].sentence
        for one, other in itertools.pairwise(clauses)
        if sizes[one[0].sentence] == 2
        and one[0].sentence == other[0].sentence
        and ":" in text[one[-1].end : other[0].start]
    }
    marked: list[Token] = []
    done = 0
    for bare, group in itertools.groupby(clauses, key=lambda one: one[0].sentence not in named and _is_bare(one)):
        run = list(group)
        done += len(run)
        led_up_to = done > len(run) and clauses[done - len(run) - 1][0].sentence == run[0][0].sentence
        is_list = bare and sum(_names_something(clause) for clause in run) >= 3
        goes_on = done < len(clauses) and clauses[done][0].sentence == run[-1][0].sentence and _has_verb(clauses[done])
        for clause in run:
            is_row = not is_list and sizes[clause[0].sentence] == 1 and _is_wordy(clause)
            telegraphic = (is_list and (goes_on or led_up_to)) or (is_row and _has_verb(clause))
            listed = (is_list or is_row) and not telegraphic
            marked.extend(replace(token, listed=listed, telegraphic=telegraphic) for token in clause)
    return tuple(_with_directions(marked, named))


def _with_directions(tokens: Sequence[Token], named: Iterable[int]) -> Iterator[Token]:
    """The tokens, telegraphic where three or more bare terms stand among others that only deny or point somewhere.

    "Train, test, memoriza, no generaliza, época" is as good as a list; "memoriza, no generaliza" is an answer.
    """
    clauses = [list(group) for _, group in itertools.groupby(tokens, key=lambda token: token.clause)]
    for pointing, group in itertools.groupby(clauses, key=lambda one: one[0].sentence not in named and _points(one)):
        run = list(group)
        terms = sum(_is_bare(clause) and _names_something(clause) for clause in run)
        is_row = len(run) == 1 and _is_wordy(_without_directions(run[0])) and len(run[0]) >= _LONG_ROW
        telegraphic = is_row or (pointing and terms >= 3)
        for token in itertools.chain.from_iterable(run):
            yield replace(token, telegraphic=True) if telegraphic and not token.listed else token


def _points(clause: Sequence[Token]) -> bool:
    """Whether a clause is a bare term, a denial and a direction aside."""
    return _is_bare(_without_directions(clause))


def _without_directions(clause: Sequence[Token]) -> list[Token]:
    return [token for token in clause if token.word not in _DIRECTIONS]


def _is_bare(clause: Sequence[Token]) -> bool:
    content = _content(clause)
    return len(content) <= 3 and not _has_glue(clause) and not (len(content) > 1 and _has_verb(clause))


def _names_something(clause: Sequence[Token]) -> bool:
    return any(len(token.word) > 1 and token.word.isalpha() and token.word not in NEGATORS for token in clause)


def _is_wordy(clause: Sequence[Token]) -> bool:
    return len(_content(clause)) >= 4 and not _has_glue(clause) and len(_content(clause)) == len(clause)


def _content(clause: Sequence[Token]) -> list[Token]:
    return [token for token in clause if token.word not in ARTICLES]


def _has_glue(clause: Sequence[Token]) -> bool:
    return any(token.word in GLUE or token.word == "1" for token in clause)


def _has_verb(clause: Sequence[Token]) -> bool:
    return any(token.word in FINITE or re.search(VERB_ENDINGS, token.word) for token in clause)


def turning_words(text: str) -> tuple[int, frozenset[int]]:
    """What may turn a meaning round: how many words deny, at most two of them, and which directions are named."""
    words = [word for mark in _PIECE.findall(plain(text)) for word in _spelt_out(mark)]
    denials = sum(word in NEGATORS for word in words)
    keys = {key for word in words for key in keys_of(word)}
    return min(denials, 2), frozenset(
        number for number, direction in enumerate(_direction_keys()) if not direction.isdisjoint(keys)
    )


@lru_cache(maxsize=1)
def _direction_keys() -> tuple[frozenset[str], ...]:
    """The forms of the words of each direction, so that "subió" points where "sube" does."""
    return tuple(frozenset(key for word in direction for key in keys_of(word)) for direction in DIRECTIONS)
