"""What is wrong with a command, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from typer.exceptions import TyperException

from grader.cli.options import BadValue, system_language
from grader.errors import GraderError, Phrase
from grader.library import find_rubric
from grader.rubric.language import Language

_IN_RUBRIC = re.compile(rf"^language:\s*['\"]?({'|'.join(get_args(Language))})\b", re.MULTILINE)


def reader_language(given: Sequence[str]) -> str:
    """The language that a command was given, that of its rubric, or that of the system; English where none is known."""
    named = (language for language in _languages(given) if language in get_args(Language))
    return next(named, system_language())


def _languages(given: Sequence[str]) -> Iterator[str]:
    yield _option("--language", given)
    for name in (_option("--rubric", given), *(word for word in given if not word.startswith("-"))):
        yield _of_rubric(name)


def _option(name: str, given: Sequence[str]) -> str:
    """The value of an option; empty where it was not given."""
    for word, following in zip(given, [*given, ""][1:], strict=True):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _of_rubric(name: str) -> str:
    """The language of a rubric, as far as it can be seen in its file; empty for what is none."""
    try:
        file = find_rubric(name)
        if file.is_dir():  # a kit, given for the rubric in it
            file /= "rubric.yaml"
        if file.suffix not in (".yaml", ".yml"):
            return ""
        found = _IN_RUBRIC.search(file.read_text(encoding="utf-8"))
    except (GraderError, OSError, ValueError):
        return ""
    return "" if found is None else found[1]


def told(error: GraderError | TyperException, given: Sequence[str]) -> str:
    """What is wrong, in one line.

    Args:
        given: the command's words.
    """
    phrase = error.phrase if isinstance(error, GraderError) else _of_typer(error, given)
    language = reader_language(given)
    if language == "en":
        return str(phrase)
    from grader.reports.translation import Translator  # takes a moment

    known = {
        name: _OF_THE_SYSTEM.get(value, value) if isinstance(value, str) else value
        for name, value in phrase.values.items()
    }
    return Translator(language).phrase(Phrase.of(phrase.text, known))


_OF_THE_SYSTEM: Mapping[str, Phrase] = {
    phrase: phrase
    for phrase in (
        Phrase("No such file or directory"),
        Phrase("Permission denied"),
        Phrase("Not a directory"),
        Phrase("Is a directory"),
        Phrase("Read-only file system"),
        Phrase("No space left on device"),
        Phrase("Address already in use"),
    )
}
"""What the system says of files, in English wherever Python is told nothing else."""

# --- what is said of a command line that cannot be read ---------------------------------------------------------------


def _of_typer(error: TyperException, given: Sequence[str]) -> Phrase:
    """What Typer says of the command line, with what was given."""
    problem = error.format_message().rstrip(".")
    for pattern, known in _OF_TYPER.items():
        if found := pattern.fullmatch(problem):
            values = found.groupdict()
            if isinstance(error, BadValue):
                return Phrase.of(known.text, values | {"problem": error.phrase})
            what = Phrase.of(known.text, values)
            break
    else:
        what = Phrase.of("{problem}", {"problem": problem})
    return what if "Received: " in problem else Phrase("{what}. Received: {given}", what=what, given=" ".join(given))


_OF_TYPER = {
    re.compile(pattern): phrase
    for pattern, phrase in (
        (r"Invalid value for '?(?P<name>.+?)'?: (?P<problem>.+)", Phrase("Invalid value for '{name}': {problem}")),
        (r"Missing argument '(?P<name>.+)'", Phrase("Missing argument '{name}'")),
        (r"Missing option '(?P<name>.+)'", Phrase("Missing option '{name}'")),
        (
            r"No such option: (?P<name>\S+) \(Possible options: (?P<known>.+)\)",
            Phrase("No such option: {name} (Possible options: {known})"),
        ),
        (r"No such option: (?P<name>\S+)", Phrase("No such option: {name}")),
        (
            r"No such command '(?P<name>.+)'\. Did you mean (?P<known>.+)\?",
            Phrase("No such command '{name}' (did you mean {known}?)"),
        ),
        (r"No such command '(?P<name>.+)'", Phrase("No such command '{name}'")),
        (
            r"Got unexpected extra argument\(s\) \((?P<words>.+)\)",
            Phrase("Got unexpected extra argument(s) ({words})"),
        ),
        (r"Option '(?P<name>.+)' requires an argument", Phrase("Option '{name}' requires an argument")),
        (r"Option '(?P<name>.+)' does not take a value", Phrase("Option '{name}' does not take a value")),
    )
}
"""Typer's own sentences, which know no other language, and the texts under which their translations stand."""
