"""Whether what a kernel describes of a training bears out its reason for doing it itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from grader.execution.exchange import FitEvent
from grader.records import Network
from grader.training import allowed
from grader.training.kernel_work import OURS, KernelWork, kind_of

Verdict = Literal["shown", "not shown", "false"]
PASSIVE_CALLBACKS = frozenset({"History", "ProgbarLogger", "CSVLogger", "TerminateOnNaN", "EarlyStopping"})
"""Keras's callbacks that change no model, and look at no batch but to count it."""
_SHORT_NAMES = frozenset({"mse", "mae", "msle", "kld", "mape", "acc", "accuracy", "loss", "compile_metrics"})


def judge_reason(event: FitEvent, network: Network, *, refused: bool) -> Verdict:
    """What is known of a training that a kernel says that it had to do.

    Args:
        refused: the trusted side has refused this kernel something, or was cut off from it.

    Returns:
        ``shown`` where the reason can be seen in the description, ``not shown`` where it may be true all the same,
        ``false`` where it is no reason that there is, or cannot be true.
    """
    kind = kind_of(event.why_in_kernel)
    if kind in OURS or kind is None or (kind is KernelWork.REFUSED and event.epochs and event.raised is None):
        return "false"
    if kind is KernelWork.TRAINER and not refused:
        return "false"
    return "shown" if any(sign(event, network) for sign in _SIGNS.get(kind, ())) else "not shown"


def _network_is_unusual(event: FitEvent, network: Network) -> bool:
    """True for layers that the trainer does not take, or that are not computed here."""
    layers = () if event.network is None else event.network.layers
    return not network.chain or any(
        not layer.names
        or any(name.endswith("*") for name in layer.names)
        or layer.names[0] not in {*allowed.LAYERS, "InputLayer"}
        or layer.config.get("trainable") is False
        for layer in layers
    )


def _is_adapted(event: FitEvent, _network: Network) -> bool:
    layers = () if event.network is None else event.network.layers
    return any(layer.names[:1] == ["Normalization"] for layer in layers)


def _activation_is_unusual(event: FitEvent, network: Network) -> bool:
    layers = () if event.network is None else event.network.layers
    named = (layer.activation.removesuffix("_v2") for layer in layers if layer.activation)
    return any(name not in allowed.ACTIVATIONS for name in named) or _network_is_unusual(event, network)


def _optimizer_is_unusual(event: FitEvent, _network: Network) -> bool:
    names = event.compiled.optimizer
    own = any(name.endswith("*") for name in names)
    return own or not names or names[0] not in allowed.OPTIMIZERS or bool(event.compiled.schedule)


def _loss_is_unusual(event: FitEvent, _network: Network) -> bool:
    return _plain(event.compiled.loss) not in {*map(_plain, allowed.LOSSES), *_SHORT_NAMES}


def _metrics_are_unusual(event: FitEvent, _network: Network) -> bool:
    known = {*map(_plain, (*allowed.METRICS, *allowed.METRIC_NAMES)), *_SHORT_NAMES}
    return any(_plain(name) not in known for name in event.compiled.metrics)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _has_callback(event: FitEvent, _network: Network) -> bool:
    return any(item.own or item.name not in PASSIVE_CALLBACKS for item in event.callbacks)


def _data_are_unusual(event: FitEvent, _network: Network) -> bool:
    """True for a pipeline, and for arrays of which no digest could be taken."""
    return any(data is None or data.batch_size is not None or not data.sha256 for data in (event.x, event.y))


def _epochs_are_unusual(event: FitEvent, network: Network) -> bool:
    if _data_are_unusual(event, network) or event.x is None or not event.x.shape:
        return True
    return event.steps != -(-event.x.shape[0] // (event.batch_size or DEFAULT_BATCH_SIZE))


DEFAULT_BATCH_SIZE = 32
"""Keras's own."""
_ANY = (
    _network_is_unusual,
    _activation_is_unusual,
    _optimizer_is_unusual,
    _loss_is_unusual,
    _metrics_are_unusual,
    _has_callback,
    _data_are_unusual,
)
_SIGNS: Mapping[KernelWork, tuple[Callable[[FitEvent, Network], bool], ...]] = {
    KernelWork.OWN_WEIGHTS: (lambda _event, _network: True,),  # told to the instructor as it is
    KernelWork.ADAPTED: (_is_adapted,),
    KernelWork.LAYER: (_network_is_unusual,),
    KernelWork.ACTIVATION: (_activation_is_unusual,),
    KernelWork.INITIALIZER: (_network_is_unusual,),
    KernelWork.OPTIMIZER: (_optimizer_is_unusual,),
    KernelWork.LOSS: (_loss_is_unusual,),
    KernelWork.METRIC: (_metrics_are_unusual,),
    KernelWork.CALLBACK: (_has_callback,),
    KernelWork.PIPELINE: (_data_are_unusual,),
    KernelWork.EPOCH: (_epochs_are_unusual,),
    KernelWork.REFUSED: (lambda event, _network: event.raised is not None or not event.epochs,),
    KernelWork.UNREADABLE: (lambda event, _network: event.raised is not None or not event.epochs,),
    KernelWork.MODEL: (_network_is_unusual,),
    KernelWork.DATA: (_data_are_unusual,),
    KernelWork.TRAINER: _ANY,
}
"""By which parts of a description a reason is borne out; those that are not here show in none."""
