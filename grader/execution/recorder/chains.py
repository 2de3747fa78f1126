"""A model of the student's own class as the chain of Keras's layers that its `call` is, where it is nothing else.

TensorFlow runs `call` once to compile it and never again, so that one run on a symbol of the data says what is
computed: once for training and once without. Both must run through the same layers, and the model must hold their
weights in their order.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import weakref
from dataclasses import dataclass
from typing import Any

from .facts import is_students
from .orders import InKernel

OWN_NAMES = frozenset(
    {
        *("__init__", "call", "get_config", "from_config"),
        *("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__"),
        *("__firstlineno__", "__static_attributes__"),
    }
)
"""What a class may define of what Keras's own has, and still be trained as Keras trains."""


@dataclass(frozen=True)
class Chain:
    """What a model of the student's own class computes."""

    layers: tuple[Any, ...]
    inputs: tuple[int, ...]
    """Shape of a row of the data."""
    outputs: tuple[Any, ...]
    """Shape of what it gives, with the axis of rows."""


_read: weakref.WeakKeyDictionary[Any, Chain] = weakref.WeakKeyDictionary()


def is_own_class(model: Any) -> bool:
    """True for a model whose class is the student's own, right below Keras's."""
    import keras

    own = [cls for cls in type(model).__mro__ if is_students(cls)]
    return bool(own) and type(model).__mro__[len(own)] is keras.Model


def read_chain(model: Any, inputs: tuple[int, ...]) -> None:
    """Find the layers that a model's `call` runs through, for rows of this shape. Raises InKernel."""
    if model not in _read or _read[model].inputs != inputs:
        _check_class(model)
        training, plain = (_traced(model, inputs, flag) for flag in (True, False))
        if training != plain:
            raise InKernel("a call that does other things while it trains")
        _read[model] = training


def chain_of(model: Any) -> Chain:
    """The chain that was read. Raises InKernel."""
    chain = _read.get(model)
    if chain is None:
        raise InKernel("a model of the student's own class")
    held = [id(value) for value in model.weights]
    if held != [id(value) for layer in chain.layers for value in layer.weights]:
        raise InKernel("weights in another order than they are used in")
    if model._losses or model._loss_ids or model._metrics:
        raise InKernel("losses or metrics of the model's own")
    return chain


def _check_class(model: Any) -> None:
    import keras

    own = {name for cls in type(model).__mro__ if is_students(cls) for name in vars(cls)}
    if (own & set(dir(keras.Model))) - OWN_NAMES:
        raise InKernel("a model with methods of its own in the place of Keras's")


def _traced(model: Any, inputs: tuple[int, ...], training: bool) -> Chain:
    import keras

    start = keras.Input(inputs, dtype="float32")
    flags = {"training": training} if "training" in inspect.signature(model.call).parameters else {}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            output = model.call(start, **flags)
    except Exception as error:
        raise InKernel("a call that no symbol goes through") from error
    layers: list[Any] = []
    tensor = output
    while tensor is not start:
        layer, tensor = _step(tensor, training)
        layers.insert(0, layer)
    if len({id(layer) for layer in layers}) != len(layers):
        raise InKernel("a layer that is used twice")
    return Chain(tuple(layers), inputs, tuple(output.shape))


def _step(tensor: Any, training: bool) -> tuple[Any, Any]:
    """The layer that gives a tensor, and what it is given."""
    import keras

    history: Any = getattr(tensor, "_keras_history", None)
    operation = None if history is None else history.operation
    if not isinstance(operation, keras.layers.Layer) or isinstance(operation, keras.Model):
        raise InKernel("a call that is no chain of layers")
    node = operation._inbound_nodes[history.node_index]
    more = {name: value for name, value in node.arguments.kwargs.items() if value is not None}
    told = more.pop("training", training)
    if len(node.input_tensors) != 1 or len(node.output_tensors) != 1 or more or node.arguments.args[1:]:
        raise InKernel("a call that is no chain of layers")
    if bool(told) is not training:
        raise InKernel("a layer that is told otherwise whether it trains")
    return operation, node.input_tensors[0]
