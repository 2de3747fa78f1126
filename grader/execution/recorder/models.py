"""What a model is: its layers as configured, and as they compute on a few inputs."""

from __future__ import annotations

from typing import Any

from .facts import class_names, is_students, name_of, number, numbers, shape_of
from .fingerprints import fingerprint
from .writer import Writer

TRACE_ROWS = 4
PROBE = [-4.0, -2.5, -1.0, -0.3, 0.0, 0.2, 0.7, 1.5, 3.0, 7.0]
"""Inputs on which an activation function is sampled."""


class ModelReader:
    """Describes models; their arrays go to the writer."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.busy = False

    def describe(self, model: Any, inputs: Any = None) -> dict[str, Any]:
        """A model's layers as configured and, where it can be called, as they compute."""
        self.busy = True
        try:
            return {
                "class": type(model).__name__,
                "layers": [self._layer(layer) for layer in flat_layers(model)],
                "trace": self._trace(model, inputs) if inputs is not None and getattr(model, "built", False) else None,
                "input_shape": shape_of(getattr(model, "input_shape", None)),
                "output_shape": shape_of(getattr(model, "output_shape", None)),
                "weights": [self.writer.save(value) for value in weights_of(model)],
            }
        finally:
            self.busy = False

    def _layer(self, layer: Any) -> dict[str, Any]:
        activation = getattr(layer, "activation", None)
        return {
            "names": class_names(type(layer)),
            "config": plain_config(layer),
            "weights": [self.writer.save(value) for value in weights_of(layer)],
            "activation": function_name(activation),
            "probe": sample_activation(activation),
        }

    def _trace(self, model: Any, inputs: Any) -> dict[str, Any] | None:
        """Run a few inputs through the model and note each innermost layer's input and output."""
        import keras
        import numpy as np

        inputs = np.asarray(inputs)
        base = keras.layers.Layer
        original = base.__call__
        calls: list[dict[str, Any]] = []
        inside: list[Any] = []

        def traced(layer: Any, *args: Any, **kwargs: Any) -> Any:
            if inside or not is_innermost(layer):
                return original(layer, *args, **kwargs)
            inside.append(layer)
            try:
                output = original(layer, *args, **kwargs)
                value = next((item for item in (*args, *kwargs.values()) if hasattr(item, "shape")), None)
                calls.append({**self._layer(layer), "input": self._tensor(value), "output": self._tensor(output)})
            finally:  # an activation that is sampled may be a layer itself
                inside.pop()
            return output

        base.__call__ = traced
        try:
            output = model(inputs, training=False)
        except Exception:
            return None
        finally:
            base.__call__ = original
        return {"input": self.writer.save(inputs), "output": self._tensor(output), "calls": calls}

    def _tensor(self, value: Any) -> str | None:
        import numpy as np

        if not hasattr(value, "shape"):
            return None
        try:
            return self.writer.save(np.asarray(value))
        except Exception:
            return None


def flat_layers(model: Any) -> list[Any]:
    """A model's innermost layers in the order of its definition."""
    found: list[Any] = []
    for layer in getattr(model, "layers", []):
        found.extend([layer] if is_innermost(layer) else flat_layers(layer) or sub_layers(layer))
    return found


def sub_layers(layer: Any) -> list[Any]:
    """The layers that a layer holds."""
    return [item for item in getattr(layer, "_layers", []) if hasattr(item, "get_config")]


def is_innermost(layer: Any) -> bool:
    """True for a layer that is not made of other layers, or is Keras's own wrapper around some."""
    import keras

    if isinstance(layer, keras.Model):
        return False
    return not is_students(type(layer)) or not sub_layers(layer)


def plain_config(layer: Any) -> dict[str, Any]:
    """A layer's configuration, its plain values only."""
    try:
        config = layer.get_config()
    except Exception:
        return {}
    plain: dict[str, Any] = {}
    for name, value in dict(config).items():
        if isinstance(value, (str, int, float, bool)) or value is None:
            plain[str(name)] = value
        elif isinstance(value, (list, tuple)) and all(isinstance(v, (str, int, float)) or v is None for v in value):
            plain[str(name)] = list(value)
    return plain


def function_name(function: Any) -> str:
    """A function's name, or its class's where it is another object; empty for none."""
    return "" if function is None else str(getattr(function, "__name__", "") or type(function).__name__)


def sample_activation(activation: Any) -> list[float] | None:
    """An activation function's values at fixed inputs."""
    if not callable(activation):
        return None
    try:
        import numpy as np

        return numbers(np.asarray(activation(np.asarray([PROBE], dtype="float32"))))
    except Exception:
        return None


def weights_of(layer: Any) -> list[Any]:
    """A layer's weights as arrays; none where it is not built."""
    try:
        return list(layer.get_weights())
    except Exception:
        return []


def state_of(model: Any, weights: list[Any] | None = None) -> tuple[Any, ...]:
    """A sign of a model's weights and of whether it is compiled.

    Args:
        weights: the model's arrays, where they are at hand.
    """
    arrays = weights_of(model) if weights is None else weights
    return bool(getattr(model, "compiled", False)), *map(fingerprint, arrays)


def compile_facts(model: Any) -> dict[str, Any]:
    """Optimizer, loss and metrics of a compiled model."""
    optimizer = getattr(model, "optimizer", None)
    if name_of(type(optimizer)) == "LossScaleOptimizer" and not is_students(type(optimizer)):
        optimizer = getattr(optimizer, "inner_optimizer", None)
    loss = getattr(model, "loss", None)
    try:
        metrics = [str(metric.name) for metric in model.metrics]
        for metric in list(model.metrics):
            metrics.extend(str(inner.name) for inner in getattr(metric, "metrics", []))
    except Exception:
        metrics = []
    return {
        "optimizer": class_names(type(optimizer)) if optimizer is not None else [],
        "learning_rate": number(getattr(optimizer, "learning_rate", None)),
        "schedule": _schedule_of(optimizer),
        "loss": loss
        if isinstance(loss, str)
        else str(getattr(loss, "name", "") or getattr(loss, "__name__", "") or ""),
        "metrics": metrics[:50],
    }


def _schedule_of(optimizer: Any) -> str:
    """What changes an optimizer's learning rate with its steps; empty where nothing does."""
    rate = type(getattr(optimizer, "_learning_rate", None))
    if any(base.__name__ == "LearningRateSchedule" for base in rate.__mro__):
        return rate.__name__
    return "decay" if getattr(optimizer, "old_decay", None) else ""


def default_inputs(model: Any) -> Any:
    """A few inputs for a built model that was never called; the same ones every time."""
    import numpy as np

    shape = getattr(model, "input_shape", None)
    if (
        not getattr(model, "built", False)
        or not isinstance(shape, tuple)
        or not all(isinstance(size, int) for size in shape[1:])
    ):
        return None
    return np.random.default_rng(0).random((TRACE_ROWS, *shape[1:]), dtype="float32")
