"""What the trusted trainer takes: Keras's own layers, optimizers, losses and metrics, with plain settings.

Everything outside these lists trains in the student's kernel. Class names and settings come out of the kernel, so each
is looked up here, never imported or called by name alone, and every number is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from grader.errors import NotTrainable
from grader.training.orders import Part

MAX_NUMBER = 1e9
MAX_UNITS = 20_000
"""Units or filters of one layer."""
MAX_THRESHOLDS = 2_000
"""Of a metric that holds counts for each; Keras's default is 200."""
MAX_TEXT = 40

ACTIVATIONS = frozenset(
    {
        "elu",
        "exponential",
        "gelu",
        "hard_sigmoid",
        "hard_silu",
        "leaky_relu",
        "linear",
        "log_softmax",
        "mish",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "softmax",
        "softplus",
        "softsign",
        "swish",
        "tanh",
    }
)
ACTIVATION_LAYERS = frozenset({"ReLU", "LeakyReLU", "ELU", "Softmax"})
"""Layers without weights that may stand as another layer's activation."""
INITIALIZERS = frozenset(
    {
        "Constant",
        "GlorotNormal",
        "GlorotUniform",
        "HeNormal",
        "HeUniform",
        "LecunNormal",
        "LecunUniform",
        "Ones",
        "Orthogonal",
        "RandomNormal",
        "RandomUniform",
        "TruncatedNormal",
        "VarianceScaling",
        "Zeros",
    }
)
REGULARIZERS = frozenset({"L1", "L2", "L1L2"})

_DENSE = frozenset(
    {
        "activation",
        "use_bias",
        "kernel_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "bias_regularizer",
    }
)
_CONVOLUTION = _DENSE | frozenset(
    {
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "dilation_rate",
        "groups",
        "data_format",
    }
)
_POOLING = frozenset(["pool_size", "strides", "padding", "data_format"])
_NORMALIZATION = frozenset(
    {
        "axis",
        "momentum",
        "epsilon",
        "center",
        "scale",
        "beta_initializer",
        "gamma_initializer",
        "moving_mean_initializer",
        "moving_variance_initializer",
    }
)

LAYERS: Mapping[str, frozenset[str]] = {
    "Dense": _DENSE | {"units"},
    "Flatten": frozenset({"data_format"}),
    "Reshape": frozenset({"target_shape"}),
    "Permute": frozenset({"dims"}),
    "Activation": frozenset({"activation"}),
    "ReLU": frozenset({"max_value", "negative_slope", "threshold"}),
    "LeakyReLU": frozenset({"negative_slope"}),
    "ELU": frozenset({"alpha"}),
    "PReLU": frozenset({"alpha_initializer", "alpha_regularizer", "shared_axes"}),
    "Softmax": frozenset({"axis"}),
    "Dropout": frozenset({"rate", "noise_shape"}),
    "GaussianNoise": frozenset({"stddev"}),
    "Rescaling": frozenset({"scale", "offset"}),
    "BatchNormalization": _NORMALIZATION | {"renorm_momentum"},
    "LayerNormalization": _NORMALIZATION - {"momentum"},
    "Conv1D": _CONVOLUTION,
    "Conv2D": _CONVOLUTION,
    "MaxPooling1D": _POOLING,
    "MaxPooling2D": _POOLING,
    "AveragePooling2D": _POOLING,
    "GlobalAveragePooling1D": frozenset({"data_format", "keepdims"}),
    "GlobalAveragePooling2D": frozenset({"data_format", "keepdims"}),
    "GlobalMaxPooling2D": frozenset({"data_format", "keepdims"}),
    "ZeroPadding2D": frozenset({"padding", "data_format"}),
}
"""Class name to the settings that decide what the layer computes."""

_ANY_OPTIMIZER = frozenset({"learning_rate", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue"})
OPTIMIZERS: Mapping[str, frozenset[str]] = {
    "SGD": _ANY_OPTIMIZER | {"momentum", "nesterov"},
    "Adam": _ANY_OPTIMIZER | {"beta_1", "beta_2", "epsilon", "amsgrad"},
    "AdamW": _ANY_OPTIMIZER | {"beta_1", "beta_2", "epsilon", "amsgrad"},
    "Adamax": _ANY_OPTIMIZER | {"beta_1", "beta_2", "epsilon"},
    "Nadam": _ANY_OPTIMIZER | {"beta_1", "beta_2", "epsilon"},
    "RMSprop": _ANY_OPTIMIZER | {"rho", "momentum", "epsilon", "centered"},
    "Adagrad": _ANY_OPTIMIZER | {"initial_accumulator_value", "epsilon"},
    "Adadelta": _ANY_OPTIMIZER | {"rho", "epsilon"},
    "Lion": _ANY_OPTIMIZER | {"beta_1", "beta_2"},
    "Ftrl": _ANY_OPTIMIZER
    | {
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    },
}

_ANY_LOSS = frozenset({"reduction"})
_LOSS_DEFAULTS = {"reduction": "sum_over_batch_size", "from_logits": False, "label_smoothing": 0, "axis": -1}
LOSSES: Mapping[str, frozenset[str]] = {
    "SparseCategoricalCrossentropy": _ANY_LOSS | {"from_logits", "ignore_class", "axis"},
    "CategoricalCrossentropy": _ANY_LOSS | {"from_logits", "label_smoothing", "axis"},
    "BinaryCrossentropy": _ANY_LOSS | {"from_logits", "label_smoothing", "axis"},
    "KLDivergence": _ANY_LOSS,
    "MeanSquaredError": _ANY_LOSS,
    "MeanAbsoluteError": _ANY_LOSS,
    "MeanSquaredLogarithmicError": _ANY_LOSS,
    "Poisson": _ANY_LOSS,
    "CategoricalHinge": _ANY_LOSS,
    "Hinge": _ANY_LOSS,
    "SquaredHinge": _ANY_LOSS,
    "Huber": _ANY_LOSS | {"delta"},
    "LogCosh": _ANY_LOSS,
}

METRIC_NAMES = frozenset(
    {
        "accuracy",
        "acc",
        "sparse_categorical_accuracy",
        "categorical_accuracy",
        "binary_accuracy",
        "mse",
        "mean_squared_error",
        "mae",
        "mean_absolute_error",
        "sparse_categorical_crossentropy",
        "categorical_crossentropy",
        "sparse_top_k_categorical_accuracy",
        "top_k_categorical_accuracy",
    }
)
"""Metrics that may be named by a word, under which Keras logs them."""
METRICS: Mapping[str, frozenset[str]] = {
    "Accuracy": frozenset(),
    "SparseCategoricalAccuracy": frozenset(),
    "CategoricalAccuracy": frozenset(),
    "BinaryAccuracy": frozenset({"threshold"}),
    "SparseTopKCategoricalAccuracy": frozenset({"k"}),
    "TopKCategoricalAccuracy": frozenset({"k"}),
    "SparseCategoricalCrossentropy": frozenset({"from_logits", "axis"}),
    "CategoricalCrossentropy": frozenset({"from_logits", "label_smoothing", "axis"}),
    "MeanSquaredError": frozenset(),
    "MeanAbsoluteError": frozenset(),
    "Precision": frozenset({"thresholds", "top_k", "class_id"}),
    "Recall": frozenset({"thresholds", "top_k", "class_id"}),
    "AUC": frozenset({"num_thresholds", "curve", "summation_method", "multi_label", "from_logits"}),
}

_NAMING = frozenset(["name", "dtype", "trainable", "seed", "quantization_config", "optional"])
"""Settings that do not change what is computed, or, like seeds, that the trainer decides."""
_UNUSED = frozenset(
    {
        "use_ema",
        "ema_momentum",
        "ema_overwrite_frequency",
        "loss_scale_factor",
        "gradient_accumulation_steps",
        "jit_compile",
    }
)
_EMPTY: tuple[Any, ...] = (None, False, 0, [], ())


def layers(name: str, config: Mapping[str, Any]) -> tuple[Part, ...]:
    """A layer as the trainer takes it, and after it the activation that it was given as an object of its own class.

    Raises:
        NotTrainable: a class or a setting is on no list.
    """
    activation = config.get("activation")
    if not isinstance(activation, Mapping) or activation.get("class_name") not in ACTIVATION_LAYERS:
        return (layer(name, config),)
    settings = activation.get("config")
    after = layer(activation["class_name"], settings if isinstance(settings, Mapping) else {})
    return layer(name, {**config, "activation": "linear"}), after


def layer(name: str, config: Mapping[str, Any]) -> Part:
    """A layer as the trainer takes it.

    Raises:
        NotTrainable: its class or one of its settings is on no list.
    """
    if config.get("trainable") is False:
        raise NotTrainable(f"every layer must be trainable. Received: a frozen {name}")
    return _part("a layer", name, config, LAYERS, _NAMING | {"batch_shape", "input_shape", "sparse", "ragged"})


def optimizer(name: str, config: Mapping[str, Any]) -> Part:
    """An optimizer as the trainer takes it. Raises NotTrainable."""
    for unsupported in ("use_ema", "loss_scale_factor", "gradient_accumulation_steps"):
        if config.get(unsupported):
            raise NotTrainable(f"an optimizer must not use '{unsupported}'. Received: {config[unsupported]!r}"[:200])
    return _part("an optimizer", name, config, OPTIMIZERS, _NAMING | _UNUSED)


def loss(name: str, config: Mapping[str, Any]) -> Part:
    """A loss as the trainer takes it, whether it was a word or an object. Raises NotTrainable."""
    part = _part("a loss", name, config, LOSSES, _NAMING)
    return Part(name, {key: value for key, value in part.config.items() if value != _LOSS_DEFAULTS.get(key)})


def metric(name: str, config: Mapping[str, Any]) -> Part:
    """A metric, by the word that the student used or as an object. Raises NotTrainable."""
    if name in METRIC_NAMES:
        return Part(name)
    part = _part("a metric", name, config, METRICS, frozenset({"dtype", "name", "fn"}))
    return Part(name, {**part.config, "name": _short(config.get("name"))})


def _part(
    kind: str, name: str, config: Mapping[str, Any], known: Mapping[str, frozenset[str]], ignored: frozenset[str]
) -> Part:
    if name not in known:
        raise NotTrainable(f"{kind} must be one that the trainer knows. Received: {name[:MAX_TEXT]}")
    dtype = config.get("dtype", "float32")
    policy = dtype.get("config", {}).get("name") if isinstance(dtype, Mapping) else dtype
    if policy not in ("float32", None):
        raise NotTrainable(f"{kind} must compute in float32. Received: {str(policy)[:MAX_TEXT]}")
    kept: dict[str, Any] = {}
    for key in sorted(config):
        value = config[key]
        if key in known[name]:
            kept[key] = _setting(name, key, value)
        elif key not in ignored and value not in _EMPTY:
            raise NotTrainable(
                f"{name} must have no setting '{str(key)[:MAX_TEXT]}' but its default. Received: another"
            )
    return Part(name, kept)


def _setting(name: str, key: str, value: Any) -> Any:
    if key == "activation":
        if not isinstance(value, str) or value not in ACTIVATIONS:
            raise NotTrainable(f"an activation must be one of Keras's own. Received: {str(value)[:MAX_TEXT]}")
        return value
    if key.endswith("_initializer") and value is not None:
        return _object(value, INITIALIZERS)
    if key.endswith("_regularizer") and value is not None:
        return _object(value, REGULARIZERS)
    if key in ("units", "filters") and not (type(value) is int and 0 < value <= MAX_UNITS):
        raise NotTrainable(f"{name}.{key} must be from 1 to {MAX_UNITS}. Received: {str(value)[:MAX_TEXT]}")
    if key == "num_thresholds" and not (type(value) is int and value <= MAX_THRESHOLDS):
        raise NotTrainable(f"{name}.{key} must be at most {MAX_THRESHOLDS}. Received: {str(value)[:MAX_TEXT]}")
    return _plain(value)


def _object(value: Any, known: frozenset[str]) -> dict[str, Any]:
    """An initializer or regularizer in Keras's serialised form."""
    if not isinstance(value, Mapping) or value.get("class_name") not in known or value.get("registered_name"):
        raise NotTrainable(f"an initializer or regularizer must be Keras's own. Received: {str(value)[:MAX_TEXT]}")
    config = value.get("config") or {}
    return {"class_name": value["class_name"], "config": {str(k): _plain(v) for k, v in sorted(config.items())}}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        if not math.isfinite(value) or abs(value) > MAX_NUMBER:
            raise NotTrainable(f"a setting must be a number within {MAX_NUMBER:g}. Received: {value}")
        return value
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, (list, tuple)) and len(value) <= 8:
        return [_plain(item) for item in value]
    raise NotTrainable(f"a setting must be a number, a word, or a short list. Received: {type(value).__name__}")


def _short(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise NotTrainable(f"a word must have at most {MAX_TEXT} letters. Received: {str(value)[:MAX_TEXT]}")
    return value
