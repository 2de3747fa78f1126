"""What a notebook is going to train, read from its code without running it, so that a class is graded in a good order.

Nothing but order and time left depends on it: what is missed or read wrongly costs time, and no points. Networks are
words (``128 sigmoid 10 softmax``), gathered where they are built and carried along with the names they are given,
through functions, loops over what is written down, and arguments. An array has no words.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from grader.errors import GraderError
from grader.records import Cell
from grader.submission.code import parse
from grader.submission.notebook import parse_notebook, read_bytes

LARGEST_FILE = 5_000_000
"""Bytes. What a larger one trains is not looked at."""
MOST_STEPS = 20_000
"""Expressions that are looked at in one notebook, each as often as a loop or a function comes to it."""
DEEPEST = 8
"""Calls of functions inside each other."""
MOST_TURNS = 20
"""Turns of a loop."""
MOST_LAYERS = 200
"""Words of one network."""
LARGEST_NUMBER = 10**6
"""A larger one is none of units, rows or epochs, and is passed over."""
MOST_EPOCHS = 500
USUAL_EPOCHS = 10
"""Where the number is not written down."""
STOPPED_AFTER = 3
"""Epochs of a training with a callback of the student's own, which is there to stop it."""
DEFAULT_BATCH_SIZE = 32

EPOCH_SECONDS = 0.1
SECONDS_A_WEIGHT = 2e-6
"""What an epoch of 60,000 rows in batches of 64 costs the trainer on one core: so much, and so much for each weight."""
KERNEL_SECONDS, KERNEL_FACTOR = 1.5, 4.0
"""What an epoch costs where Keras itself trains in the kernel: so much, and so many times what it costs the trainer."""
INPUTS = 784
USUAL_WIDTH = 128

_LAYERS = frozenset({"Conv1D", "Conv2D", "Dropout", "BatchNormalization", "LSTM", "GRU", "Embedding", "MaxPooling2D"})
_OWN_MODELS = frozenset({"Model", "Layer", "Sequential"})
_FOLLOWED = frozenset({"__init__", "call", "get_config", "from_config"})
"""What a model of the student's own class may define, and still be one that the trainer follows."""
_NOT_FOLLOWED = frozenset({"from_generator", "image_dataset_from_directory", "flow", "flow_from_directory"})
"""What makes data that only the kernel can go through."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A training without its number of epochs: two that are equal are most probably one for the trainer."""

    network: tuple[str, ...]
    batch_size: int = DEFAULT_BATCH_SIZE
    data: str = ""
    """A word where a part of the rows is trained on."""
    in_kernel: bool = False
    """The kernel has to train it itself."""

    @property
    def epoch_seconds(self) -> float:
        """What an epoch will take, roughly."""
        widths = [INPUTS, *(int(word) for word in self.network if word.isdigit())]
        weights = sum(left * right for left, right in pairwise(widths))
        seconds = EPOCH_SECONDS + SECONDS_A_WEIGHT * weights * math.sqrt(64 / min(self.batch_size, 256))
        return KERNEL_SECONDS + KERNEL_FACTOR * seconds if self.in_kernel else seconds


Workload = Mapping[Foreseen, int]
"""Epochs by training."""


def foresee(path: Path) -> Workload:
    """What a submitted file trains; nothing where it cannot be told. Raises nothing: no order is worth a fault."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            return {}
        return workload(parse_notebook(read_bytes(path), path.name))
    except (GraderError, OSError):
        return {}


def workload(cells: Sequence[Cell]) -> Workload:
    """What the code cells of a notebook train."""
    reader = _Reader()
    for cell in cells:
        tree = parse(cell.source) if cell.kind == "code" else None
        if tree is not None:
            try:
                reader.run(tree.body, reader.names, 0)
            except (RecursionError, _Enough):
                break
    return reader.found


class _Enough(Exception):
    """The notebook would take too long to read."""


@dataclass(frozen=True, slots=True)
class _Value:
    """What is known of a value: the network in it, its one number or word, what it is made of."""

    network: tuple[str, ...] = ()
    constant: Any = None
    items: tuple[_Value, ...] = ()
    stops: bool = False
    """A callback of the student's own."""
    own: bool = False
    """A model or a pipeline that only the kernel can follow."""

    def __bool__(self) -> bool:
        return self.constant is not None or bool(self.network or self.items or self.stops or self.own)


_NOTHING = _Value()


@dataclass
class _Reader:
    """Follows a notebook's code from cell to cell."""

    names: dict[str, _Value] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    found: dict[Foreseen, int] = field(default_factory=dict)
    last: _Value = _NOTHING
    """The network built last."""
    steps: int = 0

    # --- statements -------------------------------------------------------------------------------------------------

    def run(self, body: Sequence[ast.stmt], names: dict[str, _Value], depth: int) -> _Value:
        """Follow statements; gives what they return."""
        returned = _NOTHING
        for statement in body:
            match statement:
                case ast.FunctionDef():
                    self.functions[statement.name] = statement
                case ast.ClassDef():
                    self.classes[statement.name] = statement
                case ast.Return(value=ast.expr() as value):
                    returned = self.value(value, names, depth)
                case ast.Assign(targets=targets, value=value):
                    self._assign(targets[0], self.value(value, names, depth), names)
                case ast.For():
                    for item in self._turns(self.value(statement.iter, names, depth)):
                        self._assign(statement.target, item, names)
                        returned = self.run(statement.body, names, depth) or returned
                case _:
                    returned = self._inside(statement, names, depth) or returned
        return returned

    def _inside(self, statement: ast.stmt, names: dict[str, _Value], depth: int) -> _Value:
        """Expressions and blocks of any other statement."""
        returned = _NOTHING
        for part in ast.iter_child_nodes(statement):
            if isinstance(part, ast.expr):
                self.value(part, names, depth)
        for block in ("body", "orelse", "finalbody"):
            returned = self.run(getattr(statement, block, []), names, depth) or returned
        return returned

    def _assign(self, target: ast.expr, value: _Value, names: dict[str, _Value]) -> None:
        if isinstance(target, ast.Name):
            names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            items = value.items or (_NOTHING,) * len(target.elts)
            for part, item in zip(target.elts, items, strict=False):
                self._assign(part, item, names)
        elif isinstance(target, ast.Attribute | ast.Subscript):
            names[ast.unparse(target)[:200]] = value

    def _turns(self, value: _Value) -> Sequence[_Value]:
        return value.items[:MOST_TURNS] or (_NOTHING,)

    # --- expressions ------------------------------------------------------------------------------------------------

    def value(self, node: ast.expr, names: dict[str, _Value], depth: int) -> _Value:
        """What is known of an expression, after all that it calls."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise _Enough
        match node:
            case ast.Constant(value=int() as number) if abs(number) > LARGEST_NUMBER:
                return _NOTHING
            case ast.Constant():
                return _Value(constant=node.value)
            case ast.Name():
                return names.get(node.id, _NOTHING)
            case ast.Call():
                return self._call(node, names, depth)
            case ast.List() | ast.Tuple() | ast.Set():
                return _joined([self.value(item, names, depth) for item in node.elts])
            case ast.Dict():
                pairs = [
                    _joined([self.value(key, names, depth), self.value(value, names, depth)])
                    for key, value in zip(node.keys, node.values, strict=True)
                    if key is not None
                ]
                return _joined(pairs)
            case ast.Attribute():
                known = names.get(ast.unparse(node)[:200])
                return known or _Value(self.value(node.value, names, depth).network, constant=node.attr)
            case ast.Subscript():
                known = names.get(ast.unparse(node)[:200])
                return known or _Value(self.value(node.value, names, depth).network)
            case _:
                parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
                return _joined([self.value(part, names, depth) for part in parts])

    def _call(self, node: ast.Call, names: dict[str, _Value], depth: int) -> _Value:
        name = _last_word(node.func)
        owner = self.value(node.func.value, names, depth) if isinstance(node.func, ast.Attribute) else _NOTHING
        if isinstance(node.func, ast.Call):
            owner = self.value(node.func, names, depth)
        given = [self.value(part, names, depth) for part in node.args]
        named = self._named(node, names, depth)
        arguments = _joined([*given, *named.values()])
        if name == "fit":
            self._fit(owner, given, named)
            return owner
        if name == "items":
            return owner
        if name == "add" and isinstance(node.func, ast.Attribute) and arguments.network:
            grown = _Value((*owner.network, *arguments.network)[:MOST_LAYERS], own=owner.own)
            self._assign(node.func.value, grown, names)
            return grown
        if name == "range":
            return _NOTHING
        if name in self.functions or name in self.classes:
            return self._own_call(name, given, named, depth)
        layers = self._layer(name, given, named)
        own = owner.own or arguments.own or name in _NOT_FOLLOWED
        rows = arguments.constant if name == "batch" else owner.constant
        network = (*arguments.network, *owner.network, *layers)[:MOST_LAYERS]
        value = _Value(network, rows, stops=arguments.stops, own=own)
        if value.network:
            self.last = value
        return value

    def _named(self, node: ast.Call, names: dict[str, _Value], depth: int) -> dict[str, _Value]:
        """Arguments by name, those of a dictionary that is spread out too."""
        named: dict[str, _Value] = {}
        for word in node.keywords:
            value = self.value(word.value, names, depth)
            if word.arg is not None:
                named[word.arg] = value
            else:
                named |= {str(pair.items[0].constant): pair.items[1] for pair in value.items if len(pair.items) == 2}
        return named

    def _layer(self, name: str, given: Sequence[_Value], named: Mapping[str, _Value]) -> tuple[str, ...]:
        """The words of a layer."""
        if name == "Dense":
            units = (named.get("units") or (given[0] if given else _NOTHING)).constant
            activation = (named.get("activation") or (given[1] if len(given) > 1 else _NOTHING)).constant
            return (str(units if type(units) is int else USUAL_WIDTH), *([str(activation)] if activation else []))
        if name == "Activation":
            word = given[0].constant if given else None
            return (str(word),) if word else ()
        return (name,) if name in _LAYERS else ()

    def _own_call(self, name: str, given: Sequence[_Value], named: Mapping[str, _Value], depth: int) -> _Value:
        """A function or class of the student's own, with what it is given."""
        if name in self.classes:
            return self._instance(self.classes[name], given, named, depth)
        if depth >= DEEPEST:
            return _NOTHING
        function = self.functions[name]
        return self.run(function.body, {**self.names, **self._bound(function, given, named)}, depth + 1)

    def _instance(self, cls: ast.ClassDef, given: Sequence[_Value], named: Mapping[str, _Value], depth: int) -> _Value:
        bases = {_last_word(base) for base in cls.bases}
        if not bases & _OWN_MODELS:
            return _Value(stops="Callback" in bases)
        built: tuple[str, ...] = ()
        for method in cls.body:
            if isinstance(method, ast.FunctionDef) and method.name == "__init__" and depth < DEEPEST:
                inner = {**self.names, **self._bound(method, (_NOTHING, *given), named)}
                self.run(method.body, inner, depth + 1)
                built = tuple(word for key, value in inner.items() if key.startswith("self.") for word in value.network)
        methods = {part.name for part in cls.body if isinstance(part, ast.FunctionDef)}
        return _Value(built, own="Model" not in bases or not methods <= _FOLLOWED)

    def _bound(
        self, function: ast.FunctionDef, given: Sequence[_Value], named: Mapping[str, _Value]
    ) -> dict[str, _Value]:
        """Parameters with their defaults, or with what a call gives."""
        parameters = [item.arg for item in (*function.args.posonlyargs, *function.args.args)]
        defaults = [self.value(item, self.names, DEEPEST) for item in function.args.defaults]
        bound = dict(zip(parameters[len(parameters) - len(defaults) :], defaults, strict=True))
        for item, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
            if default is not None:
                bound[item.arg] = self.value(default, self.names, DEEPEST)
        if function.args.kwarg is not None:
            others = {name: value for name, value in named.items() if name not in parameters}
            bound[function.args.kwarg.arg] = _joined(
                [_joined([_Value(constant=name), value]) for name, value in others.items()]
            )
        return {**bound, **dict(zip(parameters, given, strict=False)), **named}

    def _fit(self, owner: _Value, given: Sequence[_Value], named: Mapping[str, _Value]) -> None:
        """Note a training; `fit(x, y, batch_size, epochs)` is how Keras takes them without names."""
        places = dict(zip(("x", "y", "batch_size", "epochs"), given, strict=False))
        arguments = {**places, **named}
        model = owner if owner.network else self.last
        epochs = _whole(arguments.get("epochs"), USUAL_EPOCHS if "epochs" in arguments else 1)
        callbacks, data = arguments.get("callbacks", _NOTHING), arguments.get("x", _NOTHING)
        training = Foreseen(
            model.network,
            _whole(arguments.get("batch_size", data), DEFAULT_BATCH_SIZE),
            "part" if "validation_split" in arguments else "",
            model.own or data.own,
        )
        if callbacks.stops:
            epochs = min(epochs, STOPPED_AFTER)
        before, epochs = self.found.get(training, 0), min(epochs, MOST_EPOCHS)
        self.found[training] = before + epochs if training.in_kernel else max(before, epochs)


def _last_word(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _whole(value: _Value | None, otherwise: int) -> int:
    found = None if value is None else value.constant
    return found if type(found) is int and found > 0 else otherwise


def _joined(values: Sequence[_Value]) -> _Value:
    """Several values as one: networks one after the other."""
    return _Value(
        network=tuple(islice((word for value in values for word in value.network), MOST_LAYERS)),
        constant=values[0].constant if len(values) == 1 else None,
        items=tuple(values),
        stops=any(value.stops for value in values),
        own=any(value.own for value in values),
    )
