"""A code cell read without running it: its comments, its strings, its bare code, and what it does with networks."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.rubric.criteria import Evaluated, PredictedClass, is_prose
from grader.rubric.rubric import Question
from grader.submission.text_cache import cached_up_to

LONGEST_CODE = 100_000
"""Characters. A longer cell is run, but not read."""
MOST_COMMENTS = 1_000
GAP = "\ufffc"
"""Stands in a text where its expression is filled in when the code runs."""
FEWEST_WORDS = 4
"""From so many on, a string that is given a name, or to a function of the student's own, is a sentence."""
LONGEST_RUN = 30
"""Comment lines that are looked at together for being code."""

_STRING_OR_COMMENT = re.compile(
    r"""(?P<long>[rRbBuUfF]{0,2}(?:\"{3}(?:\\.|[^\\])*?(?:\"{3}|\Z)|'{3}(?:\\.|[^\\])*?(?:'{3}|\Z)))"""
    r"""|(?P<short>[rRbBuUfF]{0,2}(?:"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))"""
    r"""|(?P<comment>\#[^\n]*)""",
    re.DOTALL,
)
_NUMBER = re.compile(r"\s*\d{1,2}(?:\.\d{1,2})?\s*")
_NUMBER_IN_NAME = re.compile(r"(?:^|[^\W\d])_?([1-9]\d?)_([1-9])$")
_NUMBER_IN_KEY = re.compile(
    r"(?:(?:[pqr]|preg|pregunta|ej|ejercicio|apartado|question|resp|respuesta)[ ._-]*)?"
    r"(\d{1,2}(?:\.\d{1,2})?)[ .):]*",
    re.IGNORECASE,
)
_SHOWING = ("print", "display", "Markdown", "HTML", "Latex")
_TEXTS = (ast.Constant, ast.JoinedStr, ast.BinOp, ast.Call)
_MAGIC = re.compile(r"^[ \t]*[!%?].*$", re.MULTILINE)
_ACTS = (
    ast.Call, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef,
    ast.For, ast.While, ast.If, ast.With, ast.Try, ast.Return, ast.Attribute, ast.Subscript, ast.Delete, ast.Dict,
)  # fmt: skip


@dataclass(frozen=True)
class Comment:
    """A comment, without its signs."""

    start: int
    """Position of its first sign in the source."""
    line: int
    text: str
    alone: bool
    """Nothing but the comment stands on its line."""


@dataclass(frozen=True)
class Text:
    """A string that is there to be read."""

    start: int
    text: str
    kind: Literal["comment", "print"]


@cached_up_to(500_000)  # a tree takes 600 bytes for each character
def parse(source: str) -> ast.Module | None:
    """The syntax tree, lines for the shell and magics aside; None where it does not parse. Nobody changes it."""
    return parse_anew(source)


def parse_anew(source: str) -> ast.Module | None:
    """As `parse`, a tree that may be changed: a copy would take longer to make."""
    if len(source) > LONGEST_CODE:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(_MAGIC.sub(_as_pass, source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def magics(source: str) -> list[str]:
    """Lines for the shell and magics, blanks at both ends taken off."""
    return [match.group().strip() for match in _MAGIC.finditer(source)]


def _as_pass(match: re.Match[str]) -> str:
    """A statement as long as the line it stands for, so that positions keep."""
    line = match.group()
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}pass".ljust(len(line))


@cached_up_to(5_000_000)
def comments(source: str) -> tuple[Comment, ...]:
    """All comments, also of code that does not parse."""
    found: list[Comment] = []
    line = counted = 0
    for match in _STRING_OR_COMMENT.finditer(source[:LONGEST_CODE]):
        if match.lastgroup == "comment" and len(found) < MOST_COMMENTS:
            start = match.start()
            line, counted = line + source.count("\n", counted, start), start
            line_start = source.rfind("\n", 0, start) + 1
            alone = not source[line_start:start].strip()
            text = match.group().strip().strip("#").lstrip("!").strip()
            found.append(Comment(start, line, text, alone))
    return tuple(found)


@cached_up_to(5_000_000)
def bare_code(source: str) -> str:
    """The code alone: comments, blank lines and white space taken out."""
    without = _STRING_OR_COMMENT.sub(lambda match: "" if match.lastgroup == "comment" else match.group(), source)
    return "".join(without.split())


def is_code(text: str) -> bool:
    """Whether a comment is code put out of use: it parses and would do something, or is a piece of a call."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return False
    indent = min(len(line) - len(line.lstrip()) for line in lines)
    source = "\n".join(line[indent:] for line in lines)
    tree = parse(source) or parse(f"{source}\n    pass")
    if tree is not None:
        return any(isinstance(node, _ACTS) for node in walk(tree))
    return _is_piece_of_call(source.strip())


def _is_piece_of_call(source: str) -> bool:
    """Whether a text is what follows a name (``(optimizer='adam')``, ``.fit(x, epochs=1)``), or arguments by name."""
    follows = source.startswith(("(", "."))
    tree = parse(f"_{source}" if follows else f"_({source})")
    keywords = sum(isinstance(node, ast.keyword) for node in walk(tree)) if tree is not None else 0
    return keywords > (0 if follows else 1)


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes, in the order of the source."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(list(ast.iter_child_nodes(node))))


# --- strings that are there to be read --------------------------------------------------------------------------------


def texts(source: str) -> list[Text]:
    """Strings used as comments, strings that are printed, shown or given to a function for nothing else, in order."""
    tree = parse(source)
    try:
        return [] if tree is None else _texts_in(tree, source)
    except RecursionError:
        return []


def _texts_in(tree: ast.Module, source: str) -> list[Text]:
    starts = _line_starts(source)
    found = []
    alone = {id(node.value) for node in walk(tree) if isinstance(node, ast.Expr)}
    for node in walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            found.append(Text(_position(source, starts, node), node.value.value, "comment"))
        elif isinstance(node, ast.Call):
            words = [_literal(argument) for argument in node.args]
            shown = " ".join(words).strip()
            own = id(node) in alone and isinstance(node.func, ast.Name) and len(shown.split()) >= FEWEST_WORDS
            if _called(node) in _SHOWING:
                shown = " ".join(word or GAP for word in words)  # print("label:", value)
            elif not own:
                shown = ""
            found.append(Text(_position(source, starts, node), _numbered(words) or shown, "print"))
        elif isinstance(node, ast.Dict):
            pairs = ((key, value) for key, value in zip(node.keys, node.values, strict=True) if key is not None)
            told = "\n".join(filter(None, (_entry(key, value) for key, value in pairs)))
            found.append(Text(_position(source, starts, node), told, "print"))
        elif isinstance(node, ast.Assign) and isinstance(node.value, _TEXTS):
            told = _literal(node.value)
            numbered = _entry(node.targets[0], node.value)
            if numbered or len(told.split()) >= FEWEST_WORDS:
                found.append(Text(_position(source, starts, node), numbered or told, "print"))
    return [text for text in found if text.text.strip()]


def _numbered(words: Sequence[str]) -> str:
    """``3.1: text`` of what a student's own function or table is given as a number and a text; empty for all else."""
    number, *rest = words or ("",)
    text = " ".join(rest).strip()
    return f"{number.strip()}: {text}" if _NUMBER.fullmatch(number) and text else ""


def _entry(key: ast.expr, value: ast.expr) -> str:
    """``3.1: text`` of what stands under a question's number: ``R["3.1"] = text``, ``{6: text}``, ``r_3_1 = text``.

    Under a whole number it has to be a sentence: ``{1: "Trouser"}`` are the names of classes.
    """
    key = key.slice if isinstance(key, ast.Subscript) else key
    text = _literal(value)
    if isinstance(key, ast.Name):
        named = _NUMBER_IN_NAME.search(key.id)
        return _numbered([f"{named[1]}.{named[2]}", text]) if named else ""
    if not isinstance(key, ast.Constant) or type(key.value) not in (int, float, str):
        return ""
    named = _NUMBER_IN_KEY.fullmatch(str(key.value).strip())
    if named is None or (type(key.value) is int and len(text.split()) < FEWEST_WORDS):
        return ""
    return _numbered([named[1], text])


def _literal(node: ast.AST) -> str:
    """The literal parts of an expression that makes a string."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_literal(part) if isinstance(part, ast.Constant) else GAP for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _joined_sum(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _literal(node.left)
    if isinstance(node, ast.Call):
        made_of = _literal(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        given = " ".join(map(_literal, node.args))  # dedent(text), say
        return made_of or (given if len(given.split()) >= FEWEST_WORDS else "")
    return ""


def _joined_sum(node: ast.AST) -> str:
    """A chain of `+` is as deep as it is long, so it is not walked by recursion."""
    parts: list[str] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts.append("" if isinstance(node.right, ast.BinOp) else _literal(node.right))
        node = node.left
    parts.append("" if isinstance(node, ast.BinOp) else _literal(node))
    return "".join(reversed(parts))


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _line_starts(source: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", source))]


def _position(source: str, starts: list[int], node: ast.stmt | ast.expr) -> int:
    line = starts[min(node.lineno - 1, len(starts) - 1)]
    before = source[line : line + node.col_offset].encode()[: node.col_offset]
    return line + len(before.decode(errors="ignore"))


# --- what the code does -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deeds:
    """What a cell does with networks, as far as it can be read without running it."""

    widths: tuple[int, ...] = ()
    """Whole numbers given to dense layers, in order, or named beside them."""
    numbers: frozenset[int] = frozenset()
    epochs: frozenset[int] = frozenset()
    calls: frozenset[str] = frozenset()
    flattens: bool = False
    builds: bool = False
    own_callback: bool = False


@cached_up_to(5_000_000)
def deeds(source: str) -> Deeds:
    """Read what a cell does. Code that does not parse does nothing."""
    tree = parse(source)
    try:
        return Deeds() if tree is None else _deeds_of(tree)
    except RecursionError:
        return Deeds()


def _deeds_of(tree: ast.Module) -> Deeds:
    nodes = list(walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    names = frozenset(_called(call) for call in calls)
    dense = [call for call in calls if _called(call) == "Dense"]
    return Deeds(
        widths=tuple(width for call in dense for width in _given(call, "units")),
        numbers=frozenset(node.value for node in nodes if isinstance(node, ast.Constant) and type(node.value) is int),
        epochs=frozenset(number for call in calls if _called(call) == "fit" for number in _given(call, "epochs")),
        calls=names,
        flattens=bool(names & {"Flatten", "Reshape", "reshape", "flatten", "ravel"}),
        builds=bool(dense),
        own_callback=any(_is_callback(node) for node in nodes),
    )


def _given(call: ast.Call, name: str) -> list[int]:
    """Whole numbers given under a name, or as the first argument of a layer."""
    values = [keyword.value for keyword in call.keywords if keyword.arg == name]
    if not values and name == "units":
        values = call.args[:1]
    return [value.value for value in values if isinstance(value, ast.Constant) and type(value.value) is int]


def _is_callback(node: ast.AST) -> bool:
    if isinstance(node, ast.ClassDef):
        bases = " ".join(ast.unparse(base)[:200] for base in node.bases)
        hooks = [part.name for part in node.body if isinstance(part, ast.FunctionDef)]
        return "callback" in f"{bases} {node.name}".lower() or any(hook.startswith("on_ep") for hook in hooks)
    return False


def fits(question: Question, source: str) -> bool | None:
    """Whether a cell's code is what the question asks for: True or False where it can be told, else None."""
    done = deeds(source)
    verdicts = [*_selector_verdicts(question, done), *_call_verdicts(question, done)]
    told = [verdict for verdict in verdicts if verdict is not None]
    return None if not told else all(told)


def _selector_verdicts(question: Question, done: Deeds) -> Iterator[bool | None]:
    wanted = question.training
    if wanted is None:
        return
    hidden = list(done.widths[:-1] if len(done.widths) > 1 else done.widths)
    if wanted.hidden is not None:
        yield _hidden_verdict(wanted.hidden, hidden, done)
    if wanted.epochs is not None and done.epochs:
        yield wanted.epochs in done.epochs
    if wanted.vectorised is False and done.builds:
        yield not done.flattens
    if wanted.outputs_other_than is not None and len(done.widths) > 1:
        yield any(width < min(64, max(done.widths)) and width != wanted.outputs_other_than for width in done.widths)
    if wanted.own_callback and (done.own_callback or done.builds):
        yield True if done.own_callback else None


def _hidden_verdict(wanted: list[int], hidden: list[int], done: Deeds) -> bool | None:
    if not done.builds:
        return None
    if set(wanted) <= set(hidden) or set(wanted) <= done.numbers:
        return True
    return False if hidden else None


def _call_verdicts(question: Question, done: Deeds) -> Iterator[bool | None]:
    kinds = {type(criterion) for criterion in question.criteria}
    if Evaluated in kinds:
        yield True if "evaluate" in done.calls else (False if "fit" in done.calls else None)
    if PredictedClass in kinds:
        yield True if done.calls & {"predict", "argmax"} else (False if "fit" in done.calls else None)


def asks_for_prose(question: Question) -> bool:
    """Whether something has to be said in words."""
    return any(is_prose(criterion) or isinstance(criterion, PredictedClass) for criterion in question.criteria)


def asks_for_code(question: Question) -> bool:
    """Whether anything but prose is asked."""
    return any(not is_prose(criterion) for criterion in question.criteria)
