"""A model, its compile settings and its data in the plain form in which a trainer can be asked to train them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from .callbacks import flat
from .facts import is_students, name_of

BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
    "on_predict_batch_begin",
    "on_predict_batch_end",
)
OWN_WORK = ("call", "train_step", "test_step", "predict_step", "compute_loss", "compute_metrics", "make_train_function")
"""Methods that make a model work in another way when one object has its own."""
ACTIVATION_LAYERS = ("ReLU", "LeakyReLU", "ELU", "Softmax")
"""Layers without weights that may stand as another layer's activation."""
RARELY = 1e-6
"""A chance that nobody meets."""


class InKernel(Exception):
    """This training, evaluation or prediction is the kernel's own work."""


def layers_of(model: Any) -> list[dict[str, Any]]:
    """Class and configuration of each layer of a plain chain. Raises InKernel for any other model."""
    import keras

    if type(model) not in (keras.Sequential, _functional_class()) or any(name in vars(model) for name in OWN_WORK):
        raise InKernel("a model of another kind than Sequential or functional")
    if model.built and any(tensor.shape[0] is not None or tensor.dtype != "float32" for tensor in model.inputs):
        raise InKernel("inputs of a type or number of rows of their own")
    layers = [layer for layer in model.layers if name_of(type(layer)) != "InputLayer" or is_students(type(layer))]
    if not isinstance(model, keras.Sequential):
        _check_chain(model, layers)
    return parts_of(layers)


def parts_of(layers: Sequence[Any]) -> list[dict[str, Any]]:
    """Class and configuration of Keras's own layers. Raises InKernel."""
    if any(is_students(type(layer)) or "call" in vars(layer) for layer in layers):
        raise InKernel("a layer of the student's own")
    if any(not variable.trainable for layer in layers for variable in layer._trainable_variables):
        raise InKernel("weights that are frozen")
    if any(layer._losses or layer._loss_ids for layer in layers):
        raise InKernel("losses added to a layer")
    return [_part(layer) for layer in layers]


@functools.cache
def _functional_class() -> type:
    """What Keras makes of a model that is given inputs and outputs."""
    import keras

    return type(keras.Model(*[keras.Input((1,))] * 2))


def _check_chain(model: Any, layers: list[Any]) -> None:
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise InKernel("a model of several inputs or outputs")
    tensor = model.inputs[0]
    for layer in layers:
        nodes = layer._inbound_nodes
        if len(nodes) != 1 or len(nodes[0].input_tensors) != 1 or nodes[0].input_tensors[0] is not tensor:
            raise InKernel("a model that is no chain of layers")
        tensor = nodes[0].output_tensors[0]
    if tensor is not model.outputs[0]:
        raise InKernel("a model that is no chain of layers")


def _part(item: Any) -> dict[str, Any]:
    config = dict(item.get_config())
    if callable(getattr(item, "activation", None)):
        config["activation"] = _activation(item.activation)
    for value in config.values():
        if isinstance(value, dict) and value.get("registered_name"):
            raise InKernel("an initializer or regularizer of the student's own")
    return {"name": name_of(type(item)), "config": config}


def _activation(function: Any) -> Any:
    """The name of an activation, or class and configuration of a layer that was given as one."""
    import keras

    kind = type(function)
    if name_of(kind) in ACTIVATION_LAYERS and not is_students(kind) and issubclass(kind, keras.layers.Layer):
        return {"class_name": name_of(kind), "config": dict(function.get_config())}
    return activation_name(function)


def activation_name(function: Any) -> str:
    """The name of an activation that is Keras's own, or TensorFlow's function of the same name."""
    import keras
    import tensorflow as tf

    name = str(getattr(function, "__name__", "")).removesuffix("_v2")
    if function is getattr(keras.activations, name, None) or function is getattr(tf.nn, name, None):
        return name
    raise InKernel("an activation of the student's own")


def optimizer_of(model: Any) -> dict[str, Any]:
    """Class and configuration of a model's optimizer, with the learning rate as it is now."""
    import keras

    optimizer = model.optimizer
    if is_students(type(optimizer)):
        raise InKernel("an optimizer of the student's own")
    if isinstance(getattr(optimizer, "_learning_rate", None), keras.optimizers.schedules.LearningRateSchedule):
        raise InKernel("a learning rate that changes by a schedule")
    if getattr(optimizer, "old_decay", None):
        raise InKernel("a learning rate that decays with each step")
    return {"name": name_of(type(optimizer)), "config": dict(optimizer.get_config())}


def loss_of(model: Any) -> dict[str, Any]:
    """Class and configuration of a model's loss."""
    import keras

    loss = model.loss
    found = keras.losses.get(loss) if isinstance(loss, str) else loss
    if isinstance(found, keras.losses.Loss):
        if is_students(type(found)):
            raise InKernel("a loss of the student's own")
        return {"name": name_of(type(found)), "config": dict(found.get_config())}
    for name, cls in vars(keras.losses).items():
        if isinstance(cls, type) and issubclass(cls, keras.losses.Loss) and cls is not keras.losses.Loss:
            wrapped = _function_of(cls)
            if wrapped is not None and wrapped is found:
                return {"name": name, "config": {}}
    raise InKernel("a loss of the student's own")


@functools.cache
def _function_of(cls: Any) -> Any:
    try:
        return getattr(cls(), "fn", None)
    except Exception:
        return None


def metrics_of(model: Any) -> list[dict[str, Any]]:
    """The metrics that a model was compiled with, each by its word or by class and configuration."""
    import keras

    compiled = getattr(model, "_compile_metrics", None)
    if compiled is None:
        return []
    if compiled._user_weighted_metrics:
        raise InKernel("weighted metrics")
    found = []
    for item in flat(compiled._user_metrics or []):
        if isinstance(item, str):
            found.append({"name": item, "config": {}})
        elif isinstance(item, keras.metrics.Metric) and not is_students(type(item)):
            found.append({"name": name_of(type(item)), "config": {**item.get_config(), "name": item.name}})
        else:
            raise InKernel("a metric of the student's own")
    return found


def check_settings(model: Any) -> None:
    """Raise InKernel for ways of running that a trainer does not follow."""
    weights = getattr(getattr(model, "_compile_loss", None), "_user_loss_weights", None)
    if model._distribute_strategy is not None:
        raise InKernel("a training spread over devices")
    if model.run_eagerly or getattr(model, "steps_per_execution", 1) != 1 or weights is not None:
        raise InKernel("a model that is compiled in a way of its own")


def check_input(model: Any, x: Any) -> None:
    """Raise InKernel for inputs of another shape than a model was built for."""
    if model.built and tuple(model.inputs[0].shape[1:]) != tuple(x.shape[1:]):
        raise InKernel("inputs of another shape than the model's")


def refuses_labels(loss: dict[str, Any], classes: int, labels: Any, batch_size: int, rows: int) -> bool:
    """True if Keras will refuse the first batch for labels that no output stands for.

    Args:
        loss: of `loss_of`.
        classes: outputs of the model.
        labels: integers, shape (n,) or (n, 1).
        rows: of so many first ones any batch must have such a label, as nearly any batch of all labels has.
    """
    if loss["name"] != "SparseCategoricalCrossentropy" or loss["config"].get("ignore_class") is not None:
        return False
    if labels.dtype.kind not in "iu" or labels.shape not in ((len(labels),), (len(labels), 1)):
        return False
    known = ((labels >= 0) & (labels < classes)).reshape(-1)
    return bool(known[:rows].sum() < batch_size and known.mean() ** batch_size < RARELY)


def check_callbacks(passed: Any, built: bool = True) -> None:
    """Raise InKernel for callbacks that look at batches, or that are none.

    Args:
        built: False for a model that has no weights yet.
    """
    import keras

    for item in [] if passed is None else flat(passed):
        if not isinstance(item, keras.callbacks.Callback):
            raise InKernel("a callback that Keras will refuse")
        if isinstance(item, keras.callbacks.BackupAndRestore) and not built:
            raise InKernel("a callback that Keras refuses before a model is built")
        known = name_of(type(item)) in ("ModelCheckpoint", "TensorBoard", "BackupAndRestore")
        if known and not is_students(type(item)):
            every = getattr(item, "save_freq", None) or getattr(item, "update_freq", None)
            if every == "epoch" and not getattr(item, "_should_trace", False):
                continue
        for hook in BATCH_HOOKS:
            own = getattr(type(item), hook) is not getattr(keras.callbacks.Callback, hook) or hook in vars(item)
            if own and type(item) not in (keras.callbacks.ProgbarLogger, keras.callbacks.History):
                raise InKernel("a callback that looks at batches")


def whole_array(value: Any) -> Any:
    """Inputs or labels as an array. Raises InKernel for pipelines and other forms."""
    import numpy as np

    if type(value) in (np.ndarray, np.memmap):
        return value
    if hasattr(value, "numpy") and hasattr(value, "shape"):
        return value.numpy()
    raise InKernel("data in another form than an array")
