"""What was probably meant where a cell raised: the name that the notebook defines for the one that it lacks."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from grader.records import Cell, Message, Raised, say
from grader.submission import code

ALIKE = 0.75
"""Least likeness, 0 to 1, of a word to what it was probably meant to be."""

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
_LAYERS = ("Dense", "Flatten", "Reshape", "Activation", "Dropout", "Conv2D", "MaxPooling2D", "Rescaling")
_LOGGED = ("loss", "accuracy", "val_loss", "val_accuracy")
_OLD_KEYS = {"acc": "accuracy", "val_acc": "val_accuracy"}
"""What early versions of Keras called what a training logs."""
_ARGUMENTS = (
    "epochs", "batch_size", "verbose", "callbacks", "validation_data", "validation_split", "shuffle", "activation",
    "units", "input_shape", "optimizer", "loss", "metrics", "name", "shape", "monitor", "patience", "logs",
)  # fmt: skip
_MODULES = ("tensorflow", "keras", "numpy", "matplotlib", "pandas", "sklearn", "seaborn")
_PARTS_OF_KERAS = (
    "layers", "models", "optimizers", "losses", "metrics", "callbacks", "datasets", "utils", "activations",
    "initializers", "preprocessing", "Sequential", "Model", "Input", "keras", "constant", "fashion_mnist", "mnist",
)  # fmt: skip
_HOMES: Mapping[str, str] = {
    **dict.fromkeys(("Sequential", "Model", "Input"), "keras"),
    **dict.fromkeys(_LAYERS, "keras.layers"),
    **dict.fromkeys(_OPTIMIZERS, "keras.optimizers"),
    **dict.fromkeys(_LOSSES, "keras.losses"),
    **dict.fromkeys(_ACTIVATIONS, "keras.activations"),
    **dict.fromkeys(("Callback", "EarlyStopping", "ModelCheckpoint", "History"), "keras.callbacks"),
    "to_categorical": "keras.utils",
    "fashion_mnist": "keras.datasets",
    "load_data": "keras.datasets.fashion_mnist",
}
"""The module in which a word of Keras lives."""
_OF_MODULES: Mapping[str, tuple[str, ...]] = {
    "tensorflow": (*_PARTS_OF_KERAS, *_HOMES),
    "keras": (*_PARTS_OF_KERAS, *_HOMES),
    "numpy": ("argmax", "array", "reshape", "zeros", "ones", "random", "expand_dims", "float32", "mean", "unique"),
    "matplotlib": ("pyplot", "imshow", "plot", "show", "figure", "legend", "subplot", "xlabel", "ylabel", "title"),
}
"""What is often taken from a module, or from one within it."""
_OF_MODELS = ("compile", "fit", "evaluate", "predict", "summary", "add", "layers", "get_weights", "stop_training")
_OF_OBJECTS: Mapping[str, tuple[str, ...]] = {
    "Sequential": _OF_MODELS,
    "Functional": _OF_MODELS,
    "Model": _OF_MODELS,
    "History": ("history", "epoch", "params"),
    "ndarray": ("shape", "reshape", "astype", "argmax", "max", "min", "mean", "dtype", "flatten"),
}
"""What is often asked of an object, by its class."""
_KERAS = frozenset({"tensorflow", "keras"})
_ROLES = (
    {"train", "training", "tr"}, {"test", "testing"}, {"val", "valid", "validation"}, {"images", "imgs", "image"},
    {"labels", "label"}, {"loss", "losses"}, {"accuracy", "acc"},
)  # fmt: skip
"""Words that part one thing from its counterpart: nobody writes one of them for another by a slip of the finger."""
_CLASS = re.compile(r"[A-Z]+[a-z]")
"""The name of a class, as one writes it: no object of it is meant by the same word in small letters."""
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

_MODULE_LACKS = re.compile(r"^module '([\w.]+)' has no attribute '(\w+)'")
_OBJECT_LACKS = re.compile(r"^'(\w+)' object has no attribute '(\w+)'")
_CANNOT_IMPORT = re.compile(r"^cannot import name '(\w+)' from '([\w.]+)'")
_NO_MODULE = re.compile(r"^No module named '(?:([\w.]+)\.)?(\w+)'")
_UNKNOWN_ARGUMENT = re.compile(r"^(?:(\w+)(?:\.\w+)*\(\) got an )?unexpected keyword argument '(\w+)'")
_NOT_RECOGNIZED = re.compile(r"(?i)^unrecognized keyword arguments[^\n]*?['\"](\w+)['\"]")
_NOT_INTERPRETED: Mapping[re.Pattern[str], tuple[str, ...]] = {
    re.compile(rf"(?i)^(?:could not interpret|unknown) {kind}[\w ]*:\s*['\"]?(\w+)"): known
    for kind, known in (
        ("activation", _ACTIVATIONS), ("optimizer", _OPTIMIZERS), ("loss", _LOSSES), ("metric", ("accuracy", *_LOSSES))
    )
}  # fmt: skip


def slip(cell: int, raised: Raised, cells: Sequence[Cell], failed: Iterable[int] = ()) -> Message | None:
    """What was probably meant; None where that cannot be told: a wrong hint is worse than none.

    Args:
        cell: the index of the cell that raised.
        cells: all cells of the notebook.
        failed: cells that raised themselves.
    """
    told = raised.message
    match raised.name:
        case "NameError" | "UnboundLocalError":
            found = re.search(r"'(\w+)'", told)
            return None if found is None else _undefined(found[1], cell, cells, frozenset(failed))
        case "AttributeError":
            return _attribute(told, cells)
        case "ImportError":
            found = _CANNOT_IMPORT.search(told)
            return None if found is None else _of_module(found[2], found[1])
        case "ModuleNotFoundError":
            found = _NO_MODULE.search(told)
            if found is None:
                return None
            return _of_module(found[1], found[2]) if found[1] else _misspelt(found[2], _MODULES)
        case "KeyError":
            found = re.search(r"^['\"]?(\w+)['\"]?$", told)
            return None if found is None else _key(found[1], cells)
        case "TypeError":
            found = _UNKNOWN_ARGUMENT.search(told)
            is_own = found is not None and any(found[1] in defined(other.source) for other in cells)
            return None if found is None or is_own else _misspelt(found[2], _ARGUMENTS)
        case "ValueError":
            return _value(told)
    return None


def _attribute(told: str, cells: Sequence[Cell]) -> Message | None:
    """What an object or a module was asked for; nothing for None, a list or the like, which stand there by mistake."""
    if found := _MODULE_LACKS.search(told):
        return _of_module(found[1], found[2])
    found = _OBJECT_LACKS.search(told)
    if found is None or hasattr(builtins, found[1]) or found[1] in ("NoneType", "function", "method", "module"):
        return None
    used = _words(cells)
    own = [] if found[2] in used else used
    return _misspelt(found[2], [*_OF_OBJECTS.get(found[1], ()), *own])


def _of_module(module: str, word: str) -> Message | None:
    top = module.partition(".")[0]
    home = _HOMES.get(word)
    if home is None:
        return _misspelt(word, _OF_MODULES.get(top, ()))
    lives_there = ".".join(part for part in module.split(".") if not part.startswith("_")).endswith(home)
    return say("“{word}” is in “{home}”.", word=word, home=home) if top in _KERAS and not lives_there else None


def _key(word: str, cells: Sequence[Cell]) -> Message | None:
    if word in _OLD_KEYS:
        return _meant(word, _OLD_KEYS[word])
    used = _words(cells)
    return None if word in _LOGGED else _misspelt(word, [*_LOGGED, *([] if word in used else used)])


def _value(told: str) -> Message | None:
    for pattern, known in _NOT_INTERPRETED.items():
        if found := pattern.search(told):
            return _misspelt(found[1], known)
    found = _NOT_RECOGNIZED.search(told)
    return None if found is None else _misspelt(found[1], _ARGUMENTS)


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
    if name in _HOMES and name[0].isupper():
        usual = f"from tensorflow.{_HOMES[name]} import {name}"
        return say("No cell imports it; usual is “{code}”.", code=usual)
    if name in _HOMES:
        return None
    alike = [known for known in where if not (name[0].islower() and _CLASS.match(known))]
    above, below = ([known for known in alike if (where[known] <= cell) is wanted] for wanted in (True, False))
    if meant := _nearest(name, above):
        return say(
            "“{word}” is not defined; “{meant}” is, in cell {cell}.", word=name, meant=meant, cell=where[meant] + 1
        )
    if meant := _nearest(name, below):
        return say(
            "“{word}” is not defined; “{meant}” is, but only further down, in cell {cell}.",
            word=name,
            meant=meant,
            cell=where[meant] + 1,
        )
    known = _nearest(name, [word for word in dir(builtins) if word.islower() or word in ("True", "False", "None")])
    return None if known is None else say("“{word}” is not defined; Python has “{meant}”.", word=name, meant=known)


def _defined_elsewhere(name: str, home: int, cell: int, failed: frozenset[int]) -> Message | None:
    if home > cell:
        return say("“{word}” is defined only further down, in cell {cell}.", word=name, cell=home + 1)
    if home in failed and home != cell:
        return say("“{word}” would have been defined by cell {cell}, which failed.", word=name, cell=home + 1)
    return None


def _misspelt(word: str, known: Sequence[str]) -> Message | None:
    meant = None if word in known else _nearest(word, known)
    return None if meant is None else _meant(word, meant)


def _meant(word: str, meant: str) -> Message:
    return say("“{word}” does not exist there; perhaps “{meant}” is meant.", word=word, meant=meant)


def _nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like it; None where none is like it, or several are alike."""
    others = [other for other in dict.fromkeys(known) if other != word and not _is_counterpart(word, other)]
    found = process.extract(
        word, others, scorer=OSA.normalized_similarity, processor=str.lower, score_cutoff=ALIKE, limit=2
    )
    if not found or (len(found) > 1 and found[0][1] == found[1][1]):
        return None
    return str(found[0][0])


def _is_counterpart(word: str, other: str) -> bool:
    """Whether two names are as alike as ``x_train`` and ``y_train``: not mistyped, but another thing."""
    parts, others = _parts(word), _parts(other)
    short = [{part for part in named if len(part) == 1 or part.isdigit()} for named in (parts, others)]
    if short[0] != short[1]:
        return True
    roles = [{number for number, role in enumerate(_ROLES) if role & named} for named in (parts, others)]
    return bool(roles[0] - roles[1]) and bool(roles[1] - roles[0])


def _parts(name: str) -> set[str]:
    """The words and numbers that a name is made of, in small letters: ``xTrain2`` is ``x``, ``train`` and ``2``."""
    spaced = re.sub(r"^([xy])_?(?=train|test|val)|(?<=train|.test|..val)_?([xy])$", r"\1_\2", name)
    return {part.lower() for part in _PART.findall(spaced)}


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
