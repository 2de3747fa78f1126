"""What was probably meant where a cell raised: the name that the notebook defines for the one that it lacks."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from grader.records import Cell, Message, Raised, say
from grader.submission import code

ALIKE = 0.7
"""Least likeness, 0 to 1, of a word to what it was probably meant to be."""
SHORTEST_PREFIX = 3
"""Characters: ``acc`` is short for ``accuracy``."""

_USUAL_IMPORTS = {
    "np": "import numpy as np",
    "tf": "import tensorflow as tf",
    "plt": "import matplotlib.pyplot as plt",
    "pd": "import pandas as pd",
    "sns": "import seaborn as sns",
    "keras": "from tensorflow import keras",
    "layers": "from tensorflow.keras import layers",
}
_ACTIVATIONS = ("sigmoid", "softmax", "relu", "tanh", "linear", "elu", "selu", "gelu", "softplus", "softsign")
_OPTIMIZERS = ("Adam", "SGD", "RMSprop", "Adagrad", "Adamax", "Nadam", "AdamW", "Adadelta")
_LOSSES = (
    "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy", "mean_squared_error",
    "SparseCategoricalCrossentropy", "CategoricalCrossentropy", "mse",
)  # fmt: skip
_LOGGED = ("loss", "accuracy", "val_loss", "val_accuracy")
_ARGUMENTS = (
    "epochs", "batch_size", "verbose", "callbacks", "validation_data", "validation_split", "shuffle", "activation",
    "units", "input_shape", "optimizer", "loss", "metrics", "name", "shape", "monitor", "patience", "logs",
)  # fmt: skip
_ATTRIBUTES = (
    "Sequential", "Model", "Input", "Dense", "Flatten", "Reshape", "Activation", "Dropout", "Conv2D", "MaxPooling2D",
    "compile", "fit", "evaluate", "predict", "summary", "add", "layers", "models", "optimizers", "losses", "metrics",
    "callbacks", "Callback", "EarlyStopping", "stop_training", "history", "datasets", "fashion_mnist", "load_data",
    "utils", "to_categorical", "argmax", "reshape", "shape", "astype", "imshow", "plot", "show", "figure", "legend",
    *_OPTIMIZERS, *_LOSSES, *_ACTIVATIONS,
)  # fmt: skip
_MODULES = ("tensorflow", "keras", "numpy", "matplotlib", "pandas", "sklearn", "seaborn", "scipy", "random", "time")


@dataclass(frozen=True)
class _Form:
    """How one kind of message names the word that is wrong, and where the right one may be found."""

    pattern: re.Pattern[str]
    known: tuple[str, ...]
    used: bool = False
    """Names that the notebook uses elsewhere are candidates, too."""


def _form(pattern: str, known: Sequence[str], *, used: bool = False) -> _Form:
    return _Form(re.compile(pattern), tuple(known), used=used)


_FORMS: Mapping[str, tuple[_Form, ...]] = {
    "AttributeError": (_form(r"has no attribute '(\w+)'", _ATTRIBUTES, used=True),),
    "ImportError": (_form(r"cannot import name '(\w+)'", _ATTRIBUTES),),
    "ModuleNotFoundError": (
        _form(r"No module named '(?:[\w.]+\.)?(\w+)'", (*_MODULES, *_ATTRIBUTES)),
    ),
    "KeyError": (_form(r"^['\"]?(\w+)['\"]?$", _LOGGED, used=True),),
    "TypeError": (_form(r"unexpected keyword argument '(\w+)'", _ARGUMENTS),),
    "ValueError": (
        _form(r"(?i)activation[^\n]*?:\s*['\"]?(\w+)", _ACTIVATIONS),
        _form(r"(?i)optimizer[^\n]*?:\s*['\"]?(\w+)", _OPTIMIZERS),
        _form(r"(?i)(?:loss|metric)[^\n]*?:\s*['\"]?(\w+)", (*_LOSSES, "accuracy")),
        _form(r"Could not interpret[^\n]*?:\s*['\"]?(\w+)", (*_LOSSES, *_ACTIVATIONS, *_OPTIMIZERS, "accuracy")),
        _form(r"(?i)unrecognized keyword arguments[^\n]*?['\"](\w+)['\"]", _ARGUMENTS),
    ),
}  # fmt: skip


def slip(cell: int, raised: Raised, cells: Sequence[Cell], failed: Iterable[int] = ()) -> Message | None:
    """What was probably meant; None where that cannot be told.

    Args:
        cell: the index of the cell that raised.
        cells: all cells of the notebook.
        failed: cells that raised themselves.
    """
    if raised.name in ("NameError", "UnboundLocalError"):
        found = re.search(r"'(\w+)'", raised.message)
        return None if found is None else _undefined(found[1], cell, cells, frozenset(failed))
    for form in _FORMS.get(raised.name, ()):
        found = form.pattern.search(raised.message)
        if found is not None:
            return _misspelt(found[1], [*form.known, *(_words(cells) if form.used else ())])
    return None


def defined(source: str) -> frozenset[str]:
    """Names that a cell's code defines at its top level: assigned, imported, or given to a function or class."""
    tree = code.parse(source)
    try:
        return frozenset() if tree is None else frozenset(_bound(tree.body))
    except RecursionError:
        return frozenset()


def _bound(statements: Iterable[ast.AST]) -> Iterator[str]:
    """What is bound outside functions and classes."""
    for node in statements:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                pass
            case _:
                yield from _bound(ast.iter_child_nodes(node))


def _undefined(name: str, cell: int, cells: Sequence[Cell], failed: frozenset[int]) -> Message | None:
    where: dict[str, int] = {}
    for other in cells:
        if other.kind == "code":
            for found in defined(other.source):
                where[found] = min(where.get(found, other.index), other.index)
    if name in where:
        return _defined_elsewhere(name, where[name], cell, failed)
    if name in _USUAL_IMPORTS:
        return say("No cell imports it; usual is “{code}”.", code=_USUAL_IMPORTS[name])
    meant = _nearest(name, [found for found in where if found != name])
    if meant is not None:
        return say(
            "“{word}” is not defined; “{meant}” is, in cell {cell}.", word=name, meant=meant, cell=where[meant] + 1
        )
    known = _nearest(name, [word for word in dir(builtins) if word.islower()])
    return None if known is None else say("“{word}” is not defined; Python has “{meant}”.", word=name, meant=known)


def _defined_elsewhere(name: str, home: int, cell: int, failed: frozenset[int]) -> Message | None:
    if home > cell:
        return say("“{word}” is defined only further down, in cell {cell}.", word=name, cell=home + 1)
    if home in failed and home != cell:
        return say("“{word}” would have been defined by cell {cell}, which failed.", word=name, cell=home + 1)
    return None


def _misspelt(word: str, known: Sequence[str]) -> Message | None:
    meant = _nearest(word, known)
    if meant is None:
        return None
    return say("“{word}” does not exist there; perhaps “{meant}” is meant.", word=word, meant=meant)


def _nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that is most like it, or that it begins; None where none is like it, or it is known itself."""
    others = [other for other in dict.fromkeys(known) if other != word]
    if len(word) >= SHORTEST_PREFIX:
        longer = [other for other in others if other.lower().startswith(word.lower())]
        if longer:
            return longer[0]
    found = process.extractOne(word, others, scorer=OSA.normalized_similarity, processor=str.lower, score_cutoff=ALIKE)
    return None if found is None else str(found[0])


def _words(cells: Sequence[Cell]) -> list[str]:
    """Keys and attributes that the notebook writes more than once, as none that is misspelt is."""
    counted: dict[str, int] = {}
    for cell in cells:
        tree = code.parse(cell.source) if cell.kind == "code" else None
        for node in () if tree is None else code.walk(tree):
            word = _word(node)
            if word:
                counted[word] = counted.get(word, 0) + 1
    return [word for word, times in counted.items() if times > 1]


def _word(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return node.slice.value if isinstance(node.slice.value, str) else ""
    return ""
